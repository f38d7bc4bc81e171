"""Axes of a sweep as people write them: ``0%:10%:0.1%``, ``hare,dhondt``, ``rule.seats=69,98,145``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import prod
from typing import Any

from forecast.door.trees import toml_value
from forecast.election.exact_numbers import parse_exact, percent, plain
from forecast.election.methods import METHODS
from forecast.election.vocabulary import BASES, parse_level
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.sweeps.keys import schema_location

MOST_VARIANTS = 10_000
"""Rules in one sweep at most."""

LEVEL, METHOD, BASE, SEATS = (
    "rule.threshold.level",
    "rule.allocation.method",
    "rule.threshold.base",
    "rule.seats",
)
_DIMENSIONS = {LEVEL: "threshold", METHOD: "method", BASE: "base", SEATS: "house_size"}
_OPTIONS = {LEVEL: "--threshold", METHOD: "--method", BASE: "--base"}
_RANGE = "a range is written first:last:step, such as 0%:10%:0.1%"
_MOST_DIGITS = 12
"""Before and behind the point, of a number that a rule can mean."""

Label = str | float | int


@dataclass(frozen=True)
class Axis:
    """One thing that varies: its dimension, the label of every value, the rule keys that each sets."""

    dim: str
    option: str
    """How it was asked for, for messages."""
    labels: tuple[Label, ...]
    changes: tuple[Mapping[str, object], ...]
    names: tuple[str, ...] = ()
    """What readers see instead of the labels, where that is something else."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Rule keys that some value of the axis sets, in order of their first use."""
        return tuple(dict.fromkeys(key for change in self.changes for key in change))

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class _Piece:
    """A single value, or a range that is counted before it is written out."""

    first: object
    step: Fraction = Fraction(0)
    count: int = 1

    def values(self) -> Iterator[object]:
        if self.count == 1:
            yield self.first
            return
        assert isinstance(self.first, Fraction)
        for number in range(self.count):
            yield self.first + number * self.step


def parse_axes(
    *,
    threshold: str | None = None,
    method: str | None = None,
    base: str | None = None,
    vary: Sequence[str] = (),
    scenarios: Axis | None = None,
) -> tuple[Axis, ...]:
    """The axes that a command line asks for, in the order threshold, method, base, others, scenario.

    ``ConfigurationError`` with every fault: a range that runs backwards or never ends, an unknown key, a key
    that varies twice, more than ``MOST_VARIANTS`` variants, nothing at all.
    """
    wanted = [
        (key, text) for key, text in ((LEVEL, threshold), (METHOD, method), (BASE, base)) if text is not None
    ]
    faults: list[Fault] = []
    pieces: dict[str, tuple[str, list[_Piece]]] = {}
    asked = [(_OPTIONS[key], key, text) for key, text in wanted]
    for text in vary:
        key, sign, values = text.partition("=")
        if not sign or not key.strip():
            faults.append(Fault("--vary", "", text, "write KEY=VALUES, such as rule.seats=69,98,145"))
            continue
        asked.append(("--vary", key.strip(), values))
    for option, key, values in asked:
        if key in pieces:
            faults.append(
                Fault(option, key, ABSENT, "this key varies twice; give all of its values in one place")
            )
            continue
        found = _known_key(option, key) or _pieces(option, key, values)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            pieces[key] = (option, found)
    faults += _overlaps(pieces, scenarios)
    if faults:
        raise ConfigurationError(*faults)
    sizes = {
        f"of {key}" if option == "--vary" else f"by {option}": sum(piece.count for piece in found)
        for key, (option, found) in pieces.items()
    }
    if scenarios is not None:
        sizes[f"by {scenarios.option}"] = len(scenarios)
    _refuse_size(sizes)
    axes = [_axis(option, key, found) for key, (option, found) in pieces.items()]
    return (*axes, scenarios) if scenarios is not None else tuple(axes)


def axes_of(
    *,
    threshold: Sequence[Any] | None = None,
    method: Sequence[str] | None = None,
    base: Sequence[str] | None = None,
    vary: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Axis, ...]:
    """The axes that a Python program asks for, as values; order and errors as ``parse_axes``."""
    named = {LEVEL: ("threshold", threshold), METHOD: ("method", method), BASE: ("base", base)}
    asked = [(name, key, values) for key, (name, values) in named.items() if values is not None]
    asked += [("vary", key, values) for key, values in (vary or {}).items()]
    faults: list[Fault] = []
    axes: list[Axis] = []
    for option, key, values in asked:
        wrong = _known_key(option, key)
        if wrong is None and any(key == keys[0] for keys in (axis.keys for axis in axes)):
            wrong = Fault(option, key, ABSENT, "this key varies twice; give all of its values in one place")
        if wrong is None and (isinstance(values, str | bytes) or not isinstance(values, Iterable)):
            wrong = Fault(option, key, values, "a list of values is expected, such as [0.03, 0.05]")
        try:
            found = [] if wrong is not None else [_Piece(_value_of(key, value)) for value in values]
        except ValueError as error:
            wrong, found = Fault(option, key, list(values), str(error)), []
        if wrong is None and not found:
            wrong = Fault(option, key, ABSENT, "no values")
        if wrong is not None:
            faults.append(wrong)
        else:
            axes.append(_axis(option, key, found))
    if faults:
        raise ConfigurationError(*faults)
    _refuse_size({f"of {axis.keys[0]}": len(axis) for axis in axes}, _AS_VALUES)
    return tuple(axes)


def _value_of(key: str, value: Any) -> object:
    """A value of a key: a level as an exact share, a known name, or what a file would hold."""
    if key in (METHOD, BASE) and not isinstance(value, str):
        msg = "a name is expected"
        raise ValueError(msg)
    if isinstance(value, str) and key in _PARSERS:
        return _PARSERS[key](value)
    if isinstance(value, bool | str | list | dict) and key != LEVEL:
        return value
    if key == LEVEL:
        return parse_level(value)
    known = isinstance(value, int | float | Fraction | Decimal)
    number = parse_exact(value if known else getattr(value, "item", lambda: value)())
    return _plain_value(_moderate(Decimal(str(value)) if isinstance(value, float) else number))


_AS_OPTIONS = "--threshold 0%:10%:0.5%, --method, --base, --vary KEY=VALUES or --scenarios FILE"
_AS_VALUES = 'threshold=[0.03, 0.05], method, base or vary={"rule.seats": [69, 98]}'


def _refuse_size(sizes: Mapping[str, int], way_out: str = _AS_OPTIONS) -> None:
    """Refuse nothing, and too much; ``sizes``: how many values by what the user asked for."""
    if not sizes:
        remedy = f"nothing varies; give {way_out}"
        raise ConfigurationError(Fault("sweep", "", ABSENT, remedy))
    number = prod(sizes.values())
    if number > MOST_VARIANTS:
        counted = " x ".join(f"{size:,} {asked}" for asked, size in sizes.items())
        remedy = (
            f"{number:,} variants are asked for ({counted}); at most {MOST_VARIANTS:,} are allowed: "
            "take larger steps or fewer values"
        )
        raise ConfigurationError(Fault("sweep", "", ABSENT, remedy))


def _known_key(option: str, key: str) -> Fault | None:
    where = schema_location(key if key.startswith("rule.") else f"rule.{key}")
    if key.startswith("rule."):
        return Fault(option, key, ABSENT, where) if isinstance(where, str) else None
    if not isinstance(where, str):
        hint = f"; did you mean 'rule.{key}'?"
    else:
        near = where.removeprefix("no such key")
        hint = near if near.startswith("; did you mean") else ", such as rule.seats"
    return Fault(option, key, ABSENT, f"only keys of the rule can vary over the same draws{hint}")


def _overlaps(pieces: Mapping[str, object], scenarios: Axis | None) -> Iterator[Fault]:
    for key in scenarios.keys if scenarios is not None else ():
        if key in pieces:
            option = _OPTIONS.get(key, "--vary")
            yield Fault(
                option, key, ABSENT, "some scenario sets this key too; vary it here or there, not in both"
            )


def _pieces(option: str, key: str, text: str) -> list[_Piece] | Fault:
    """The values of one axis, ranges still folded; a fault where they cannot be read."""
    parts = split_values(text)
    if not any(part.strip() for part in parts) and len(parts) == 1:
        return Fault(option, "" if key in _OPTIONS else key, ABSENT, "no values; separate several by commas")
    if key in _PARSERS and not all(part.strip() for part in parts):
        return Fault(option, "", text, "a value is missing beside a comma")
    found: list[_Piece] = []
    for part in parts:
        try:
            found.append(_piece(key, part.strip()))
        except ValueError as error:
            return Fault(option, "" if key in _OPTIONS else key, part.strip(), str(error))
    return found


def _piece(key: str, text: str) -> _Piece:
    parse = _PARSERS.get(key, toml_value)
    if ":" not in text or text.startswith(("{", "[", '"', "'")):
        return _Piece(_moderate(parse(text)))
    ends = [end.strip() for end in text.split(":")]
    if len(ends) != 3:
        raise ValueError(_RANGE)
    first, last = (_level(end) if key == LEVEL else parse_exact(end) for end in ends[:2])
    step = parse_exact(ends[2])
    if step == 0:
        msg = f"a step of 0 never arrives; {_RANGE}"
        raise ValueError(msg)
    if step < 0 or last < first:
        shown = percent if key == LEVEL else plain
        low, high = sorted((first, last))
        msg = f"the range runs backwards; write {shown(low)}:{shown(high)}:{shown(abs(step))}"
        raise ValueError(msg)
    return _Piece(first, step, int((last - first) / step) + 1)


def _moderate(value: object) -> object:
    """A value as it is; ``ValueError`` for numbers of sizes that no rule has, which would take an age."""
    if isinstance(value, Decimal):
        far = not value.is_finite() or (value and abs(value.adjusted()) > _MOST_DIGITS)
    else:
        far = isinstance(value, int) and abs(value) > 10**_MOST_DIGITS
    if far:
        msg = "a number of moderate size is expected"
        raise ValueError(msg)
    return value


def _level(text: str) -> Fraction:
    level = parse_level(text)
    if isinstance(level, str):
        msg = f'"quota" cannot be the end of a range; {_RANGE}'
        raise ValueError(msg)
    return level


def _name_of(known: Sequence[str], what: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text in known:
            return text
        msg = f"no such {what}; {suggest(text, known)}"
        raise ValueError(msg)

    return parse


def _method(text: str) -> str:
    power = text.removeprefix("power-")
    if power == text:
        return _name_of(tuple(METHODS), "method")(text)
    with suppress(ValueError):
        parse_exact(power)
        return text
    msg = "the power of a method is a number, such as power-0.9"
    raise ValueError(msg)


_PARSERS: dict[str, Callable[[str], object]] = {
    LEVEL: parse_level,
    METHOD: _method,
    BASE: _name_of(BASES, "base"),
}


def split_values(text: str) -> list[str]:
    """Values between commas; commas inside brackets, braces or quotes do not separate."""
    parts, depth, quote, start = [], 0, "", 0
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "[{(":
            depth += 1
        elif letter in "]})":
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _axis(option: str, key: str, pieces: Sequence[_Piece]) -> Axis:
    """The axis of a key: values written out, each once, levels in rising order."""
    values = [value for piece in pieces for value in piece.values()]
    values = list({_label(value): value for value in values}.values())
    numbers = [
        value
        for value in values
        if isinstance(value, Fraction | Decimal | int) and not isinstance(value, bool)
    ]
    if len(numbers) == len(values):
        values.sort(key=lambda value: Fraction(str(value)))
        whole = all(Fraction(str(value)).denominator == 1 for value in values) and key != LEVEL
        labels: tuple[Label, ...] = tuple(
            int(Fraction(str(value))) if whole else float(Fraction(str(value))) for value in values
        )
    else:
        labels = tuple(_label(value) for value in values)
    return Axis(_dimension(key), option, labels, tuple({key: _plain_value(value)} for value in values))


def _dimension(key: str) -> str:
    return _DIMENSIONS.get(key, key.removeprefix("rule.").replace(".", "_"))


def _label(value: object) -> str:
    if isinstance(value, Fraction):
        return plain(value)
    if value == "":
        return "none"
    return value if isinstance(value, str) else _written(value)


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(inner) for inner in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain_value(value: object) -> object:
    """Whole numbers as integers, of ranges and of ``1e3``: counts are not fractions."""
    if isinstance(value, Fraction | Decimal) and Fraction(value).denominator == 1:
        return int(value)
    return value
