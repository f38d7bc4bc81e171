"""What varies in a sweep: axes as people write them (``0%:10%:0.1%``, ``hare,dhondt``,
``rule.seats=69,98,145``), and every combination of them as a rule, beside the base rule.

A rule is changed by the dotted paths of its keys, in the tables that a file would hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import prod
from typing import Any, get_origin

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from forecast.door.trees import toml_value
from forecast.election import Rule
from forecast.election.loading import field_of, model_at, model_in, schema_paths, unknown_key
from forecast.election.methods import METHODS, is_quota_method
from forecast.election.references import excess_under
from forecast.election.rule import AdmitLargest, LowerTo
from forecast.election.values import BASES, Part, parse_exact, parse_level, parse_share, percent, plain
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest

Tables = dict[str, Any]
Label = str | float | int
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
_AS_OPTIONS = "--threshold 0%:10%:0.5%, --method, --base, --vary KEY=VALUES or --scenarios FILE"
_AS_VALUES = 'threshold=[0.03, 0.05], method, base or vary={"rule.seats": [69, 98]}'
_OF_QUOTAS = ("remainder", "remainder_seats", "quota_of")
_OF_DIVISORS = ("divisors", "power")
_NOTHING = (None, "", ())
_FAULTS_SHOWN = 8
_TEXTS = ("law", "source")


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
    if isinstance(value, (bool, str, list, dict)) and key != LEVEL:
        return value
    if key == LEVEL:
        return parse_level(value)
    known = isinstance(value, int | float | Fraction | Decimal)
    number = parse_exact(value if known else getattr(value, "item", lambda: value)())
    return _plain_value(_moderate(Decimal(str(value)) if isinstance(value, float) else number))


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


@dataclass(frozen=True)
class Grid:
    """Rules over the product of axes: ``rules[v]`` is variant v, the last axis running fastest."""

    base: Rule
    axes: tuple[Axis, ...]
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, base: Rule, axes: Sequence[Axis]) -> Grid:
        """Combine the axes; ``ConfigurationError`` where a combination contradicts itself."""
        axes = tuple(_where_seats_are_divided(axis, base) for axis in axes)
        tables = tables_of(base)
        rules: list[Rule] = []
        faults: dict[str, Fault] = {}
        for changes in _combinations(axes):
            try:
                rules.append(Rule.model_validate(with_keys(tables, changes)))
            except ValidationError as error:
                faults |= {str(fault): fault for fault in _faults(error, axes, changes)}
        if faults:
            shown = list(faults.values())[:_FAULTS_SHOWN]
            if len(faults) > len(shown):
                shown.append(Fault("sweep", "", ABSENT, f"and {len(faults) - len(shown)} more of this kind"))
            raise ConfigurationError(*shown)
        return cls(base, tuple(axes), tuple(rules))

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions."""
        return tuple(axis.dim for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values every axis has."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def keys(self) -> tuple[str, ...]:
        """Rule keys that vary."""
        return tuple(dict.fromkeys(key for axis in self.axes for key in axis.keys))

    def __len__(self) -> int:
        return prod(self.shape)

    @cached_property
    def is_base(self) -> NDArray[np.bool_]:
        """(V,) which variants are the base rule; what laws are called is no difference."""
        base = _bare(self.base)
        return np.array([_bare(rule) == base for rule in self.rules])

    def values(self, rule: Rule) -> dict[str, Any]:
        """What a rule says under the keys that vary, as plain values."""
        return {key: as_plain(value_at(rule, key)) for key in self.keys}

    def labels(self, variant: int) -> dict[str, Any]:
        """Where a variant stands: its label on every axis."""
        at = np.unravel_index(variant, self.shape)
        return {axis.dim: axis.labels[int(i)] for axis, i in zip(self.axes, at, strict=True)}

    def placed(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Arrays over the variants, (V, ...), over the axes."""
        return {path: values.reshape(*self.shape, *values.shape[1:]) for path, values in arrays.items()}

    def in_rows(self) -> NDArray[np.int64]:
        """(V,) variants in an order in which the level runs fastest: neighbours share most of their work."""
        numbers = np.arange(len(self)).reshape(self.shape)
        if "threshold" in self.dims:
            numbers = np.moveaxis(numbers, self.dims.index("threshold"), -1)
        return numbers.ravel()

    @property
    def length_of_rows(self) -> int:
        """How many neighbours in that order differ in their level alone."""
        return self.shape[self.dims.index("threshold")] if "threshold" in self.dims else 1


def _where_seats_are_divided(axis: Axis, base: Rule) -> Axis:
    """The methods of an axis are those of the districts where nothing is divided nationally."""
    if base.districts is None or base.allocation is not None or METHOD not in axis.keys:
        return axis
    key = "rule.districts.method"
    changes = tuple(
        {key if name == METHOD else name: value for name, value in change.items()} for change in axis.changes
    )
    return replace(axis, changes=changes)


def _combinations(axes: Sequence[Axis]) -> Iterator[dict[str, object]]:
    for changes in product(*(axis.changes for axis in axes)):
        yield {key: value for change in changes for key, value in change.items()}


def _bare(rule: Rule) -> Rule:
    return rule.model_copy(update=dict.fromkeys(_TEXTS, ""))


def _faults(error: ValidationError, axes: Sequence[Axis], changes: Mapping[str, object]) -> Iterator[Fault]:
    """What is wrong with one combination, said where its key was given."""
    varied = ", ".join(f"{key} = {_shown(value)}" for key, value in changes.items())
    for detail in error.errors():
        path = ".".join(("rule", *(str(part) for part in detail["loc"] if part != "[key]")))
        cause = detail.get("ctx", {}).get("error")
        remedy = str(cause) if cause is not None else detail["msg"][:1].lower() + detail["msg"][1:]
        given = next((key for key in changes if path == key or path.startswith(f"{key}.")), None)
        if given is not None:
            option = next(axis.option for axis in axes if given in axis.keys)
            yield Fault(option, path, as_plain(changes[given]), remedy)
        else:
            yield Fault("sweep", path, ABSENT, f"{remedy} (with {varied})")


def _shown(value: object) -> str:
    plain = as_plain(value)
    return f'"{plain}"' if isinstance(plain, str) else str(plain)


def refuse_small_houses(grid: Grid, holders: Sequence[object]) -> None:
    """``ConfigurationError`` where a rule hands out fewer seats than parties, or entries of a ballot,
    hold.
    """
    for rule in (grid.base, *grid.rules):
        for excess in excess_under(rule, holders):
            remedy = f"{excess.remedy.partition('; ')[0]}: take this house out of the sweep"
            where = f"rule.seats = {rule.seats}: {excess.key}"
            raise ConfigurationError(Fault("sweep", where, excess.seats, remedy))


def schema_location(path: str) -> tuple[str, ...] | str:
    """The parts of a path below ``rule``, or what is wrong with it where the rule knows no such key.

    Keys that are a file's own (``rule.weights.minority``) are left for the rule to judge.
    """
    first, *parts = path.split(".")
    model: type[Any] | None = Rule
    free = False  # whether the next key is a file's own: a kind of list, a number of members
    done: list[str] = [first]
    if first != "rule" or not parts:
        return "a key of the rule is expected, such as rule.threshold.level"
    for depth, part in enumerate(parts):
        if free:
            done.append(part)
            free, model = False, None
            continue
        if model is None:
            return f"{'.'.join(done)} is a single value and has no keys"
        field = field_of(model, part)
        if field is None:
            near = suggest(path, [known for known in schema_paths() if known.startswith("rule.")])
            return (
                f"no such key; {near}"
                if near.startswith("did")
                else unknown_key(("rule", *parts[: depth + 1]))
            )
        inner = model_in(field.annotation)
        # A key such as ``nobody`` holds one value, which may be written as a small table of its own.
        model = inner if inner is not None and _is_table(inner) else None
        free = get_origin(field.annotation) is dict
        done.append(part)
    return tuple(parts)


def _is_table(model: type[Any]) -> bool:
    return issubclass(model, Part) and model not in (AdmitLargest, LowerTo)


def leaves(table: Mapping[str, Any], prefix: str = "rule") -> dict[str, object]:
    """The keys of a (partial) rule as written in a file, by dotted path; tables of the rule are followed."""
    found: dict[str, object] = {}
    for name, value in table.items():
        path = f"{prefix}.{name}"
        where = schema_location(path)
        holder = None if isinstance(where, str) else model_at(("rule", *where))
        if isinstance(value, Mapping) and holder is not None and _is_table(holder):
            found |= leaves(value, path)
        else:
            found[path] = value
    return found


def tables_of(rule: Rule) -> Tables:
    """A rule as the tables that a file would hold."""
    return _said(rule.model_dump(exclude_none=True, by_alias=True))


def _said(table: Tables) -> Tables:
    """Without texts and lists that say nothing, which no file holds."""
    return {
        key: _said(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value not in _NOTHING
    }


def with_keys(tables: Tables, changes: Mapping[str, object]) -> Tables:
    """A copy of a rule's tables with keys set; an empty text takes a key away.

    A method that needs nothing of what the old one was told (remainders of quotas, divisors) loses it, unless
    it is set again; a level at or below ``nobody.lower_to`` loses ``nobody``, which could never come into
    play.
    """
    changed = {name: dict(value) if isinstance(value, dict) else value for name, value in tables.items()}
    _adapt_to_method(changed, changes)
    for path, value in changes.items():
        *way, last = path.split(".")[1:]
        table = changed
        for part in way:
            inner = table.get(part)
            table[part] = dict(inner) if isinstance(inner, dict) else {}
            table = table[part]
        last = next((key for key in table if str(key) == last), last)  # numbers of members are no texts
        if value == "":
            table.pop(last, None)
        else:
            table[last] = value
    _adapt_to_level(changed, changes)
    return changed


def _adapt_to_method(tables: Tables, changes: Mapping[str, object]) -> None:
    method = changes.get(METHOD)
    allocation = tables.get("allocation")
    if not isinstance(method, str) or not isinstance(allocation, dict) or method == allocation.get("method"):
        return
    quota = method in METHODS and is_quota_method(method)
    for name in _OF_DIVISORS if quota else _OF_QUOTAS + _OF_DIVISORS:
        allocation.pop(name, None)


def _adapt_to_level(tables: Tables, changes: Mapping[str, object]) -> None:
    """A level that nobody could be lowered to; values that cannot be read are left for the rule to refuse."""
    threshold = tables.get("threshold")
    if LEVEL not in changes or "rule.threshold.nobody" in changes or not isinstance(threshold, dict):
        return
    nobody = threshold.get("nobody")
    if isinstance(nobody, dict) and "lower_to" in nobody:
        with suppress(ValueError):
            level = parse_level(changes[LEVEL])
            if not isinstance(level, str) and parse_share(nobody["lower_to"]) >= level:
                threshold.pop("nobody")


def value_at(rule: Rule, path: str) -> object:
    """What a rule says under a key; ``None`` where it says nothing."""
    value: Any = rule
    for part in path.split(".")[1:]:
        if isinstance(value, Mapping):
            value = next((inner for key, inner in value.items() if str(key) == part), None)
        elif isinstance(value, Part):
            value = next((inner for name, inner in value if _key_of(value, name) == part), None)
        else:
            return None
    return value


def _key_of(part: Part, name: str) -> str:
    """A field's key in files: ``from`` of the field ``from_``."""
    return type(part).model_fields[name].alias or name


def as_plain(value: object) -> Any:
    """A value of a rule for JSON: shares and factors as numbers, tables as they would be written."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if isinstance(value, Part):
        return {_key_of(value, name): as_plain(inner) for name, inner in value if inner not in _NOTHING}
    if isinstance(value, Mapping):
        return {str(name): as_plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(inner) for inner in value]
    return value
