"""Named scenarios: a TOML file of rules that differ from the base rule in some keys.

[[scenarios]]
id = "rule-of-2021"
name = "the rule of 2021"
rule.threshold.level = "7%"
rule.seats = 98
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from forecast.election.loading import read_tables
from forecast.election.words import ID
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.sensitivity.axes import Axis
from forecast.sensitivity.keys import leaves, schema_location

DIMENSION = "scenario"
AS_CONFIGURED = "as-configured"
"""The scenario that changes nothing: the rule of the election file."""

_KEYS = ("id", "name", "note", "source", "rule")


def read_scenarios(path: str | Path) -> Axis:
    """The scenarios of a file as one axis; its first value is the rule of the election file as it stands.

    ``ConfigurationError`` with every fault of the file.
    """
    place = str(path)
    if not Path(path).exists():
        raise ConfigurationError(Fault(place, "", ABSENT, "no such file; docs/sensitivity.md shows one"))
    tables = read_tables(Path(path))
    faults = [
        Fault(place, str(name), ABSENT, f"no such key; {suggest(str(name), ['scenarios'])}")
        for name in tables
        if name != "scenarios"
    ]
    entries = tables.get("scenarios")
    if not isinstance(entries, list) or not entries:
        remedy = (
            "at least one table [[scenarios]] is expected, with an id and keys such as "
            'rule.threshold.level = "7%"'
        )
        raise ConfigurationError(*faults, Fault(place, "scenarios", ABSENT, remedy))
    ids, names, changes = [AS_CONFIGURED], ["as configured"], [{}]
    for number, entry in enumerate(entries, start=1):
        found = list(_faults(place, number, entry, ids))
        faults += found
        if not found:
            ids.append(entry["id"])
            names.append(str(entry.get("name") or entry["id"]))
            changes.append(leaves(entry.get("rule", {})))
    if faults:
        raise ConfigurationError(*faults)
    return Axis(DIMENSION, f"--scenarios {place}", tuple(ids), tuple(changes), tuple(names))


def _faults(place: str, number: int, entry: object, ids: list[str]) -> Iterator[Fault]:
    if not isinstance(entry, Mapping):
        yield Fault(place, f"scenarios[{number - 1}]", entry, "a table [[scenarios]] is expected")
        return
    name: Any = entry.get("id", ABSENT)
    where = f"scenarios.{name}" if isinstance(name, str) else f"scenarios[{number - 1}]"
    if not isinstance(name, str) or not ID.fullmatch(name):
        remedy = f"every scenario needs an id of a-z, 0-9 and hyphens (entry {number} of [[scenarios]])"
        yield Fault(place, f"{where}.id", name, remedy)
    elif name in ids:
        yield Fault(
            place, f"{where}.id", name, "this id is taken; ids are unique, and as-configured is the base rule"
        )
    for key in entry:
        if key not in _KEYS:
            yield Fault(place, f"{where}.{key}", ABSENT, _unknown(str(key)))
    rule = entry.get("rule", {})
    if not isinstance(rule, Mapping):
        yield Fault(place, f"{where}.rule", rule, "keys of the rule are expected, such as rule.seats = 98")
        return
    for path in leaves(rule):
        found = schema_location(path)
        if isinstance(found, str):
            yield Fault(place, f"{where}.{path}", ABSENT, found)


def _unknown(key: str) -> str:
    if not isinstance(schema_location(f"rule.{key}"), str):
        return f"no such key here; did you mean 'rule.{key}'?"
    return f"no such key; {suggest(key, _KEYS)}"
