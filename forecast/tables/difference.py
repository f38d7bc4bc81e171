"""What changed from one saved forecast to another, with the Monte Carlo error of the change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.simulation.series import said_of_each
from forecast.tables import rounding
from forecast.tables.building import chosen_names, number, provenance_of, rows_of, unless_seatless
from forecast.tables.model import Column, Row, Shown, Table

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


class _Measure(NamedTuple):
    name: str
    variable: str
    error: str
    unit: str
    meaning: str


_SHARE = _Measure("share", "share_mean", "", "1", "mean share of valid votes")
_PASSES = _Measure(
    "passes", "pass_probability", "pass_mc_error", "1", "probability of crossing the threshold"
)
_SEATS = _Measure("seats", "seat_mean", "seat_mean_mc_error", "seats", "mean seats")
_MAJORITY = _Measure(
    "majority", "majority_probability", "majority_mc_error", "1", "probability of more than half of the seats"
)
_HELD = _Measure("seats", "coalition_seat_mean", "coalition_seat_mean_mc_error", "seats", "mean seats")
_EVENT = _Measure(
    "probability", "event_probability", "event_mc_error", "1", "probability, given its condition"
)
_OF: dict[str, tuple[str, tuple[_Measure, ...]]] = {
    "parties": ("party", (_SHARE, _PASSES, _SEATS)),
    "coalitions": ("coalition", (_MAJORITY, _HELD)),
    "events": ("event", (_EVENT,)),
}

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
    for name, (over, measures) in _OF.items():
        record[name] = [
            {
                "id": row[over],
                **{
                    measure.name: {
                        key: row[f"{measure.name}_{key}"]
                        for key in (
                            "before",
                            "after",
                            "change",
                            "before_mc_error",
                            "after_mc_error",
                            "mc_error",
                        )
                        if f"{measure.name}_{key}" in row
                    }
                    for measure in measures
                },
            }
            for row in _changes(before, after, name).rows
        ]
    origin = _origin(before, after).rows
    differs = [dict(row) for row in origin]
    return record | {"differs": differs, "warnings": list(warnings_of_both(before, after))}


def refuse_two_elections(before: Forecast, after: Forecast) -> None:
    """``ConfigurationError`` where two forecasts are not of one election, or share no party."""
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
    over, measures = _OF[name]
    ids = list(dict.fromkeys([*_ids(after, over), *_ids(before, over)]))
    columns = [
        Column(over, "", "text", "id"),
        Column("name", "", "text", "name"),
        Column("kind", "", "text", "kind of a party; none-of-the-above and residual hold no seats"),
    ]
    names = _named(before, over, f"{over}_name") | _named(after, over, f"{over}_name")
    kinds = _named(before, over, "party_kind") | _named(after, over, "party_kind") if over == "party" else {}
    values: dict[str, list[Any]] = {
        over: ids,
        "name": [names[one] for one in ids],
        "kind": [kinds.get(one, "") for one in ids],
    }
    shown = [Shown(over.capitalize(), lambda row: str(row["name"]), numeric=False)]
    for measure in measures:
        for column, numbers in _numbers(measure, before, after, over, ids):
            columns.append(column)
            values[column.name] = numbers
        shown += _shown(measure)
    rows = rows_of(columns, values)
    only = [
        f"Only {when}: {', '.join(names[one] for one in missing)}."
        for when, one, other in (("before", before, after), ("after", after, before))
        if (missing := [k for k in _ids(one, over) if k not in _ids(other, over)])
    ]
    return Table(
        name,
        f"{name.capitalize()}: what changed",
        tuple(columns),
        rows,
        tuple(shown),
        _provenance(before, after),
        (_SAYS, *only),
        warnings=warnings_of_both(before, after),
    )


def _numbers(
    measure: _Measure, before: Forecast, after: Forecast, over: str, ids: list[str]
) -> list[tuple[Column, list[float]]]:
    """Columns of a measure with their values: before, after and the change, then their errors."""

    def sides(variable: str) -> tuple[list[float], list[float]]:
        known = (_named(one, over, variable) for one in (before, after))
        first, second = ([float(side.get(one, np.nan)) for one in ids] for side in known)
        return first, second

    name = measure.name
    first, second = sides(measure.variable)
    found = [
        (f"{name}_before", f"{measure.meaning}, before", first),
        (f"{name}_after", f"{measure.meaning}, after", second),
        (f"{name}_change", f"change of {name}", [b - a for a, b in zip(first, second, strict=True)]),
    ]
    if measure.error:
        said = f"Monte Carlo standard error of {name}_"
        first, second = sides(measure.error)
        found += [
            (f"{name}_before_mc_error", f"{said}before", first),
            (f"{name}_after_mc_error", f"{said}after", second),
            (f"{name}_mc_error", f"{said}change", np.hypot(first, second).tolist()),
        ]
    return [(Column(column, measure.unit, "number", meaning), numbers) for column, meaning, numbers in found]


def _shown(measure: _Measure) -> list[Shown]:
    """After, and the change with its error: shares and probabilities in points."""
    scale = 1.0 if measure.unit == "seats" else 100.0
    title = measure.name.capitalize()

    def side(when: str) -> Callable[[Row], str]:
        def text(row: Row) -> str:
            value = number(row[f"{measure.name}_{when}"])
            error = number(row.get(f"{measure.name}_{when}_mc_error"))
            if measure.unit == "seats":
                return rounding.mean_seats(value, error)
            return rounding.probability(value, error) if measure.error else rounding.percent(value)

        return text

    def change(row: Row) -> str:
        value, error = number(row[f"{measure.name}_change"]), number(row.get(f"{measure.name}_mc_error"))
        if value is None:
            return rounding.BLANK
        return rounding.signed_by_error(scale * value, max(0.1, scale * (error or 0.0)))

    def error_of(row: Row) -> str:
        error = number(row[f"{measure.name}_mc_error"])
        return rounding.seats_error(error) if measure.unit == "seats" else rounding.points(error)

    unit = "seats" if measure.unit == "seats" else "points"
    return [
        Shown(f"{title} before", _unless_exact(measure, side("before")), rank=2),
        Shown(f"{title} after", _unless_exact(measure, side("after")), rank=1),
        Shown(f"Change, {unit}", _unless_exact(measure, change)),
        *([Shown("±", _unless_exact(measure, error_of), rank=3)] if measure.error else []),
    ]


def _unless_exact(measure: _Measure, text: Callable[[Row], str]) -> Callable[[Row], str]:
    """A dash for seats and chances of an option that holds no seats by its kind."""
    return unless_seatless(text) if measure.error else text


def _origin(before: Forecast, after: Forecast) -> Table:
    """What the two rest on, where that differs."""
    first, second = _facts(before), _facts(after)
    wrong = [key for key in dict.fromkeys([*first, *second]) if first.get(key, "") != second.get(key, "")]
    rows = tuple({"what": key, "before": first.get(key, ""), "after": second.get(key, "")} for key in wrong)
    columns = (
        Column("what", "", "text", "what differs"),
        Column("before", "", "text", "in the first"),
        Column("after", "", "text", "in the second"),
    )
    shown = tuple(
        Shown(title, _cell(name), numeric=False)
        for title, name in (("What differs", "what"), ("Before", "before"), ("After", "after"))
    )
    notes = () if rows else ("Configuration, polls, rule and draws are the same.",)
    provenance, warnings = _provenance(before, after), warnings_of_both(before, after)
    return Table("origin", "What the two rest on", columns, rows, shown, provenance, notes, warnings=warnings)


def warnings_of_both(before: Forecast, after: Forecast) -> tuple[str, ...]:
    """What is said of both forecasts, and what of one of them."""
    return tuple(
        said_of_each(("before", "after"), [list(one.dataset.attrs["warnings"]) for one in (before, after)])
    )


def _facts(forecast: Forecast) -> dict[str, str]:
    attrs = forecast.dataset.attrs
    facts = {meaning: str(attrs.get(key, "")).replace("\n", ", ") for key, meaning in _TOLD}
    rule = _leaves(json.loads(attrs["rule"]), "rule") if "rule" in attrs else {}
    versions = json.loads(attrs.get("versions", "{}"))
    facts |= {
        f"version of {name}": str(versions[name])
        for name in ("forecast", "numba", "numpy")
        if name in versions
    }
    return facts | rule


def _leaves(value: Any, path: str) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {k: v for key, inner in value.items() for k, v in _leaves(inner, f"{path}.{key}").items()}
    return {path: str(value)}


def _ids(forecast: Forecast, over: str) -> list[str]:
    return [str(one) for one in forecast.dataset[over].values]


def _named(forecast: Forecast, over: str, variable: str) -> dict[str, Any]:
    return dict(zip(_ids(forecast, over), forecast.dataset[variable].values.tolist(), strict=True))


def _cell(name: str) -> Callable[[Row], str]:
    return lambda row: str(row[name])[:40]


def _provenance(before: Forecast, after: Forecast) -> str:
    return f"before: {provenance_of(before)} | after: {provenance_of(after)}"
