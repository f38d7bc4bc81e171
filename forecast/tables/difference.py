"""What changed from one saved forecast to another, with the Monte Carlo error of the change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.simulation.side_by_side import said_of_each
from forecast.tables.definitions import (
    Column,
    Row,
    Shown,
    Table,
    as_is,
    chosen_names,
    number,
    provenance_of,
    text_of,
    typed,
    unless_seatless,
)
from forecast.variables import VARIABLES, Variable, error_of
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast

_SAYS = (
    "Change: after less before, ± one Monte Carlo standard error (the root of the sum of both squares; with "
    "the same seed it is mostly smaller)."
)
_TOLD = (
    ("as_of", "day of the forecast"),
    ("polls_sha256", "digest of the polls"),
    ("configuration_sha256", "digest of the election file"),
    ("constants_sha256", "digest of the constants"),
    ("share_draws_sha256", "digest of the draws given"),
    ("settings", "keys changed with --set"),
    ("draws", "draws"),
    ("seed", "seed"),
    ("sampler", "sampler"),
    ("estimate_method", "method of estimation"),
    ("estimate_kind", "kind of polls"),
)


_MEASURES: dict[str, tuple[str, dict[str, str]]] = {
    "parties": ("party", {"share": "share_mean", "passes": "pass_probability", "seats": "seat_mean"}),
    "coalitions": ("coalition", {"majority": "majority_probability", "seats": "coalition_seat_mean"}),
    "events": ("event", {"probability": "event_probability"}),
}
"""By table: what it is about, and what is compared, by the name that it has there."""

TABLES = ("parties", "coalitions", "events", "origin")
"""Every table of a comparison by name, in the order in which they are printed."""


def difference_tables(before: Forecast, after: Forecast, names: Iterable[str] | None = None) -> list[Table]:
    """Tables of what changed; ``ConfigurationError`` for an unknown name or forecasts of two elections."""
    refuse_two_elections(before, after)
    return [
        _origin(before, after) if name == "origin" else _changes(before, after, name)
        for name in chosen_names(names, TABLES)
    ]


def difference_record(before: Forecast, after: Forecast) -> dict[str, Any]:
    """What changed as plain numbers: what ``forecast diff --json`` prints (docs/json.md)."""
    refuse_two_elections(before, after)
    record: dict[str, Any] = {"election": after.election}
    keys = ("before", "after", "change", "before_mc_error", "after_mc_error", "mc_error")
    for name, (over, measures) in _MEASURES.items():
        record[name] = [
            {"id": row[over]}
            | {
                measure: {key: row[f"{measure}_{key}"] for key in keys if f"{measure}_{key}" in row}
                for measure in measures
            }
            for row in _changes(before, after, name).rows
        ]
    origin = _origin(before, after).rows
    differs = [dict(row) for row in origin]
    return record | {"differs": differs, "warnings": list(warnings_of_both(before, after))}


def refuse_two_elections(before: Forecast, after: Forecast) -> None:
    """``ConfigurationError`` where two forecasts are not of one election, share no party, or are several
    each.
    """
    if before.leading or after.leading:
        remedy = "two forecasts of one rule and day are compared; these stand side by side with others"
        raise ConfigurationError(Fault("forecast diff", "", ABSENT, remedy))
    if before.election != after.election:
        remedy = (
            f"these are two elections, {before.election} and {after.election}: what differs is no change of "
            "a forecast; give both election files one election.id if they are one"
        )
        raise ConfigurationError(Fault("forecast diff", "", ABSENT, remedy))
    if not set(before.parties) & set(after.parties):
        raise ConfigurationError(Fault("forecast diff", "", ABSENT, "the two have no party in common"))


def _changes(before: Forecast, after: Forecast, name: str) -> Table:
    """Parties, coalitions or events: before, after and the change; blank where one does not know them."""
    over, measures = _MEASURES[name]
    ids = list(dict.fromkeys([*after.names(over), *before.names(over)]))
    names = _named(before, over, f"{over}_name") | _named(after, over, f"{over}_name")
    kinds = _named(before, over, "party_kind") | _named(after, over, "party_kind") if over == "party" else {}
    columns: dict[Column, Any] = {
        Column(over, "", "text", "id"): ids,
        Column("name", "", "text", "name"): [names[one] for one in ids],
        Column("kind", "", "text", "kind of a party; none-of-the-above and residual hold no seats"): [
            kinds.get(one, "") for one in ids
        ],
    }
    shown = [Shown(over.capitalize(), as_is("name"), numeric=False)]
    for measure, path in measures.items():
        columns |= _numbers(measure, VARIABLES[path], before, after, ids)
        shown += _shown(measure, VARIABLES[path])
    only = [
        f"Only {when}: {', '.join(names[one] for one in missing)}."
        for when, one, other in (("before", before, after), ("after", after, before))
        if (missing := [k for k in one.names(over) if k not in other.names(over)])
    ]
    return _table(before, after, name, f"{name.capitalize()}: what changed", columns, shown, (_SAYS, *only))


def _table(
    before: Forecast,
    after: Forecast,
    name: str,
    title: str,
    columns: Mapping[Column, Any],
    shown: Sequence[Shown],
    notes: Sequence[str],
) -> Table:
    held = {column.name: typed(values, column.type) for column, values in columns.items()}
    return Table(
        name,
        title,
        tuple(columns),
        held,
        tuple(shown),
        f"before: {provenance_of(before)} | after: {provenance_of(after)}",
        tuple(notes),
        warnings=warnings_of_both(before, after),
    )


def _numbers(
    name: str, variable: Variable, before: Forecast, after: Forecast, ids: list[str]
) -> dict[Column, list[float]]:
    """Columns of a number with their values: before, after and the change, then their errors."""

    def sides(path: str) -> tuple[list[float], list[float]]:
        known = (_named(one, variable.subject, path) for one in (before, after))
        first, second = ([float(side.get(one, np.nan)) for one in ids] for side in known)
        return first, second

    first, second = sides(variable.path)
    found = [
        (f"{name}_before", f"{variable.meaning}, before", first),
        (f"{name}_after", f"{variable.meaning}, after", second),
        (f"{name}_change", f"change of {name}", [b - a for a, b in zip(first, second, strict=True)]),
    ]
    if variable.estimated:
        said = f"Monte Carlo standard error of {name}_"
        first, second = sides(error_of(variable.path))
        found += [
            (f"{name}_before_mc_error", f"{said}before", first),
            (f"{name}_after_mc_error", f"{said}after", second),
            (f"{name}_mc_error", f"{said}change", np.hypot(first, second).tolist()),
        ]
    return {Column(column, variable.unit, "number", meaning): numbers for column, meaning, numbers in found}


def _shown(name: str, variable: Variable) -> list[Shown]:
    """After, and the change with its error: shares and probabilities in points."""
    seats = variable.unit == "seats"
    scale = 1.0 if seats else 100.0

    def unless_exact(text: Callable[[Row], str]) -> Callable[[Row], str]:
        """A dash for seats and chances of an option that holds no seats by its kind."""
        return text if variable.of_votes else unless_seatless(text)

    def side(when: str) -> Callable[[Row], str]:
        def text(row: Row) -> str:
            value = number(row[f"{name}_{when}"])
            error = number(row.get(f"{name}_{when}_mc_error"))
            if seats:
                return rounding.mean_seats(value, error)
            return rounding.probability(value, error) if variable.estimated else rounding.percent(value)

        return unless_exact(text)

    def change(row: Row) -> str:
        value, error = number(row[f"{name}_change"]), number(row.get(f"{name}_mc_error"))
        if value is None:
            return rounding.BLANK
        return rounding.signed_by_error(scale * value, max(0.1, scale * (error or 0.0)))

    error_text = text_of(f"{name}_mc_error", rounding.seats_error if seats else rounding.points)
    return [
        Shown(f"{name.capitalize()} before", side("before"), rank=2),
        Shown(f"{name.capitalize()} after", side("after"), rank=1),
        Shown(f"Change, {'seats' if seats else 'points'}", unless_exact(change)),
        *([Shown("±", unless_exact(error_text), rank=3)] if variable.estimated else []),
    ]


def _origin(before: Forecast, after: Forecast) -> Table:
    """What the two rest on, where that differs."""
    first, second = _facts(before), _facts(after)
    wrong = [key for key in dict.fromkeys([*first, *second]) if first.get(key, "") != second.get(key, "")]
    columns = {
        Column("what", "", "text", "what differs"): wrong,
        Column("before", "", "text", "in the first"): [first.get(key, "") for key in wrong],
        Column("after", "", "text", "in the second"): [second.get(key, "") for key in wrong],
    }
    titles = (("What differs", "what"), ("Before", "before"), ("After", "after"))
    shown = [Shown(title, _cell(name), numeric=False) for title, name in titles]
    notes = () if wrong else ("Configuration, polls, rule and draws are the same.",)
    return _table(before, after, "origin", "What the two rest on", columns, shown, notes)


def warnings_of_both(before: Forecast, after: Forecast) -> tuple[str, ...]:
    """What is said of both forecasts, and what of one of them."""
    return tuple(said_of_each(("before", "after"), [list(one.attrs["warnings"]) for one in (before, after)]))


def _facts(forecast: Forecast) -> dict[str, str]:
    attrs = forecast.attrs
    facts = {meaning: str(attrs.get(key, "")).replace("\n", ", ") for key, meaning in _TOLD}
    rule = _leaves(forecast.rule, "rule")
    versions = json.loads(attrs.get("versions", "{}"))
    facts |= {
        f"version of {name}": str(versions[name])
        for name in ("forecast", "numba", "numpy")
        if name in versions
    }
    return facts | rule


def _leaves(value: Any, path: str) -> dict[str, str]:
    """Every value of nested tables by its path, as text."""
    if isinstance(value, Mapping):
        return {k: v for key, inner in value.items() for k, v in _leaves(inner, f"{path}.{key}").items()}
    return {path: str(value)}


def _named(forecast: Forecast, over: str, path: str) -> dict[str, Any]:
    return dict(zip(forecast.names(over), forecast.array(path).tolist(), strict=True))


def _cell(name: str) -> Callable[[Row], str]:
    return lambda row: str(row[name])[:40]
