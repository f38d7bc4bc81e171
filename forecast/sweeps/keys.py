"""Keys of the rule by their dotted path: whether there is one, setting it, reading it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from typing import Any, get_origin

from forecast.election import Rule
from forecast.election.exact_numbers import parse_share
from forecast.election.faults import field_of, model_at, model_in, schema_paths, unknown_key
from forecast.election.methods import METHODS, is_quota_method
from forecast.election.rule import AdmitLargest, LowerTo
from forecast.election.vocabulary import Part, parse_level
from forecast.errors import suggest

_OF_QUOTAS = ("remainder", "remainder_seats", "quota_of")
_OF_DIVISORS = ("divisors", "power")

Tables = dict[str, Any]
_NOTHING = (None, "", ())


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
    method = changes.get("rule.allocation.method")
    allocation = tables.get("allocation")
    if not isinstance(method, str) or not isinstance(allocation, dict) or method == allocation.get("method"):
        return
    quota = method in METHODS and is_quota_method(method)
    for name in _OF_DIVISORS if quota else _OF_QUOTAS + _OF_DIVISORS:
        allocation.pop(name, None)


def _adapt_to_level(tables: Tables, changes: Mapping[str, object]) -> None:
    """A level that nobody could be lowered to; values that cannot be read are left for the rule to refuse."""
    threshold = tables.get("threshold")
    if (
        "rule.threshold.level" not in changes
        or "rule.threshold.nobody" in changes
        or not isinstance(threshold, dict)
    ):
        return
    nobody = threshold.get("nobody")
    if isinstance(nobody, dict) and "lower_to" in nobody:
        with suppress(ValueError):
            level = parse_level(changes["rule.threshold.level"])
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
    if isinstance(value, list | tuple):
        return [as_plain(inner) for inner in value]
    return value
