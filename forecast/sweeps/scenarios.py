"""Named scenarios: a TOML file of what differs from the election file.

[[scenarios]]
id = "rule-of-2021"
name = "the rule of 2021"
weight = "25%"                         # forecast run --scenarios: weights add up to 1
rule.threshold.level = "7%"
rule.seats = 98
estimate.shift.osdp = "+1%"            # forecast run --scenarios
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.election.exact_numbers import parse_share, percent
from forecast.election.loading import load_election, read_tables
from forecast.election.texts import ID
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.simulation.side_by_side import MIXTURE, Scenario, blaming
from forecast.sweeps.axes import Axis
from forecast.sweeps.keys import leaves, schema_location, tables_of, with_keys

if TYPE_CHECKING:
    from forecast.election import Election

_SCENARIOS = "scenarios"
DIMENSION = "scenario"
AS_CONFIGURED = "as-configured"
"""The scenario of a sweep that changes nothing: the rule of the election file."""

_ABOUT = ("id", "name", "note", "source", "weight")
_OF_A_SWEEP = ("rule",)
_OF_A_RUN = ("rule", "tiers", "estimate", "parties", "election", "simulation")
_ELSEWHERE = {
    "estimate": "a sweep varies the rule alone; `forecast run --scenarios` takes this",
    "parties": "a sweep varies the rule alone; `forecast run --scenarios` takes this",
    "tiers": "a sweep is of the lists alone; `forecast run --scenarios` compares whole chambers",
    "groups": "every scenario has the same groups; name them in the election file",
    "coalitions": "every scenario is asked the same; name coalitions in the election file",
    "events": "every scenario is asked the same; name events in the election file",
}
_FREE = {"election": ("invalid_share", "turnout"), "simulation": ("tails",)}
"""Keys of these tables that may differ between scenarios; the others are the same for all."""


@dataclass(frozen=True)
class Written:
    """A scenario as its file has it: ``changes`` by dotted path, values as TOML gives them."""

    id: str
    name: str
    weight: Fraction | None
    changes: Mapping[str, object]


def read_scenarios(path: str | Path) -> Axis:
    """The scenarios of a file as one axis of a sweep; its first value is the rule as it stands.

    ``ConfigurationError`` with every fault of the file.
    """
    written = _read(path, _OF_A_SWEEP)
    return Axis(
        DIMENSION,
        f"--scenarios {path}",
        (AS_CONFIGURED, *(one.id for one in written)),
        ({}, *(one.changes for one in written)),
        ("as configured", *(one.name for one in written)),
    )


def load_scenarios(path: str | Path, base: Election, config: Path, settings: Sequence[str]) -> list[Scenario]:
    """The scenarios of a file, each with its election: that of ``config`` and ``settings`` as it then is.

    ``ConfigurationError`` with every fault of the file, and where the weights do not add up to 1.
    """
    place = str(path)
    written = _read(path, _OF_A_RUN)
    found: list[Scenario] = []
    faults: list[Fault] = list(_weights(place, written))
    for one in written:
        own = as_settings(one, base)
        try:
            with blaming(place, one.id):
                election = load_election(config, [*settings, *own])
        except ConfigurationError as error:
            faults += error.faults
        else:
            found.append(Scenario(one.id, one.name, one.weight or Fraction(0), election, own, place))
    if faults:
        raise ConfigurationError(*faults)
    return found


def _weights(place: str, written: Sequence[Written]) -> Iterator[Fault]:
    missing = [one for one in written if one.weight is None]
    for one in missing:
        remedy = 'missing; the probability of this scenario is expected, such as "25%"'
        yield Fault(place, f"scenarios.{one.id}.weight", ABSENT, remedy)
    total = sum((one.weight for one in written if one.weight is not None), Fraction(0))
    if not missing and total != 1:
        each = " + ".join(percent(one.weight) for one in written if one.weight is not None)
        remedy = f"the weights add up to {percent(total)} ({each}), not to 100%; thirds are written 1/3"
        yield Fault(place, "scenarios", ABSENT, remedy)


def as_settings(one: Written, base: Election) -> tuple[str, ...]:
    """The changes of a scenario as ``--set`` takes them.

    Keys of the rule that a new method or level makes idle go with it, as in a sweep.
    """
    rule = {path: value for path, value in one.changes.items() if path.startswith("rule.")}
    before = tables_of(base.rule)
    after = with_keys(before, rule)
    idle = [
        f"rule.{table}.{key}="
        for table in ("allocation", "threshold")
        for key in before.get(table) or {}
        if isinstance(after.get(table), dict)
        and key not in after[table]
        and f"rule.{table}.{key}" not in rule
    ]
    return (*idle, *(f"{path}={_typed(value)}" for path, value in one.changes.items()))


def _typed(value: object, *, within: bool = False) -> str:
    """A TOML value as a person types it after the equals sign of ``--set``."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if within else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {_typed(each, within=True)}" for key, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(_typed(each, within=True) for each in value)}]"
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _read(path: str | Path, known: Collection[str]) -> list[Written]:
    """The scenarios of a file that change keys of the ``known`` tables; at least one."""
    place = str(path)
    tables = read_tables(Path(path))
    faults = [
        Fault(place, str(name), ABSENT, f"no such key; {suggest(str(name), [_SCENARIOS])}")
        for name in tables
        if name != _SCENARIOS
    ]
    found, wrong = _written(place, tables.get(_SCENARIOS), known, _SCENARIOS)
    if faults or wrong:
        raise ConfigurationError(*faults, *wrong)
    return found


def written_variants(place: str, entries: object) -> tuple[list[Written], list[Fault]]:
    """The variants of a table of jobs, which are written as the scenarios of a run, and what is wrong."""
    return _written(place, entries, _OF_A_RUN, "variants")


def _written(
    place: str, entries: object, known: Collection[str], table: str
) -> tuple[list[Written], list[Fault]]:
    """Entries of a list of tables, and what is wrong with them."""
    if not isinstance(entries, list) or not entries:
        remedy = (
            f"at least one table [[{table}]] is expected, with an id and keys such as "
            'rule.threshold.level = "7%"'
        )
        return [], [Fault(place, table, ABSENT, remedy)]
    found: list[Written] = []
    faults: list[Fault] = []
    for number, entry in enumerate(entries, start=1):
        wrong = list(_faults(place, f"{table}[{number - 1}]", entry, [one.id for one in found], known))
        faults += wrong
        if not wrong:
            weight = parse_share(entry["weight"]) if "weight" in entry else None
            name = str(entry.get("name") or entry["id"])
            found.append(Written(entry["id"], name, weight, dict(_changes(entry))))
    return found, faults


def _changes(entry: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in entry.items():
        if name == "rule":
            yield from leaves(value).items()
        elif name not in _ABOUT:
            yield from _every_key(name, value)


def _every_key(path: str, value: object) -> Iterator[tuple[str, object]]:
    """Keys by dotted path; a table without keys stands for itself."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _every_key(f"{path}.{name}", inner)
    else:
        yield path, value


def _faults(
    place: str, at: str, entry: object, taken: Collection[str], known: Collection[str]
) -> Iterator[Fault]:
    """What is wrong with an entry; ``at`` is its place in its list, such as ``scenarios[0]``."""
    table = at.partition("[")[0]
    if not isinstance(entry, Mapping):
        yield Fault(place, at, entry, f"a table [[{table}]] is expected")
        return
    name: Any = entry.get("id", ABSENT)
    where = f"{table}.{name}" if isinstance(name, str) else at
    if not isinstance(name, str) or not ID.fullmatch(name):
        remedy = f"every {table.removesuffix('s')} needs an id of a-z, 0-9 and hyphens ({at})"
        yield Fault(place, f"{where}.id", name, remedy)
    elif name in taken or name in (AS_CONFIGURED, MIXTURE):
        remedy = "this id is taken; ids are unique, as-configured is the base rule, mixture all scenarios"
        yield Fault(place, f"{where}.id", name, remedy)
    if "weight" in entry:
        yield from _faults_of_weight(place, where, entry["weight"])
    for key in entry:
        if key not in known and key not in _ABOUT:
            yield Fault(
                place, f"{where}.{key}", ABSENT, _ELSEWHERE.get(str(key)) or _unknown(str(key), known)
            )
    for table in (key for key in entry if key in known):
        yield from _faults_of_table(place, where, str(table), entry[table])


def _faults_of_weight(place: str, where: str, value: object) -> Iterator[Fault]:
    try:
        weight = parse_share(value)
    except ValueError as error:
        yield Fault(place, f"{where}.weight", value, str(error))
        return
    if weight == 0:
        yield Fault(place, f"{where}.weight", value, "a weight is above 0; leave out what cannot be")


def _faults_of_table(place: str, where: str, table: str, value: object) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        kind = "of the rule are expected, such as rule.seats = 98" if table == "rule" else "are expected"
        yield Fault(place, f"{where}.{table}", value, f"keys {kind}")
        return
    if table == "rule":
        for path in leaves(value):
            found = schema_location(path)
            if isinstance(found, str):
                yield Fault(place, f"{where}.{path}", ABSENT, found)
    for key in value if table in _FREE else ():
        if key not in _FREE[table]:
            remedy = f"the same for every scenario; of {table} {' and '.join(_FREE[table])} may differ"
            yield Fault(place, f"{where}.{table}.{key}", ABSENT, remedy)


def _unknown(key: str, known: Collection[str]) -> str:
    if not isinstance(schema_location(f"rule.{key}"), str):
        return f"no such key here; did you mean 'rule.{key}'?"
    return f"no such key; {suggest(key, [*_ABOUT, *known])}"
