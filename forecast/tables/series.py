"""The tables of a series of forecasts, each defined once: a row a day or scenario, a column a party or
coalition.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast.simulation.series import SCENARIOS
from forecast.tables import rounding
from forecast.tables.building import SEATLESS_KINDS, WIDE_ENDS, chosen_names, number, rows_of
from forecast.tables.model import Column, Row, Shown, Table

if TYPE_CHECKING:
    from forecast.simulation.series import Series

_ALWAYS_SHOWN = 3
_ERROR = "Monte Carlo standard error of"
_MIXED = (
    "Mixture: one of the scenarios comes true, each with its weight; medians and intervals are those of the "
    "mixed distribution."
)


class _Cell(NamedTuple):
    """What a machine reads of one subject: its column is ``<name>_<id>``."""

    name: str
    values: Any
    unit: str
    meaning: str


def passes(series: Series) -> Table:
    """The chance of every party to cross the threshold."""
    cells = [
        _Cell(
            "pass_probability", _of(series, "pass_probability"), "1", "probability of crossing the threshold"
        ),
        _Cell("pass_mc_error", _of(series, "pass_mc_error"), "1", f"{_ERROR} pass_probability"),
    ]
    return _wide(series, "passes", "Chance to cross the threshold", "party", cells, _chance("pass"))


def seats(series: Series) -> Table:
    """Median and mean seats of every party, with intervals."""
    cells = [
        *_quantiles(series, "seat", "seat_quantile", "seats"),
        _Cell("seat_mean", _of(series, "seat_mean"), "seats", "mean seats"),
        _Cell("seat_mean_mc_error", _of(series, "seat_mean_mc_error"), "seats", f"{_ERROR} seat_mean"),
    ]
    return _wide(series, "seats", "Median seats", "party", cells, _whole("seat_median"))


def shares(series: Series) -> Table:
    """Median and mean shares of the vote, with intervals."""
    cells = [
        *_quantiles(series, "share", "share_quantile", "1"),
        _Cell("share_mean", _of(series, "share_mean"), "1", "mean share of valid votes"),
    ]
    return _wide(series, "shares", "Median share of the vote", "party", cells, _percent, seatless=True)


def majorities(series: Series) -> Table:
    """The chance of every coalition to hold a majority, and its seats."""
    error = _of(series, "majority_mc_error")
    cells = [
        _Cell(
            "majority_probability", _of(series, "majority_probability"), "1", "more than half of the seats"
        ),
        _Cell("majority_mc_error", error, "1", f"{_ERROR} majority_probability"),
        *_quantiles(series, "seat", "coalition_seat_quantile", "seats"),
    ]
    return _wide(series, "majorities", "Chance of a majority", "coalition", cells, _chance("majority"))


def events(series: Series) -> Table:
    """The probability of every event, given its condition."""
    cells = [
        _Cell("event_probability", _of(series, "event_probability"), "1", "probability, given its condition"),
        _Cell("event_mc_error", _of(series, "event_mc_error"), "1", f"{_ERROR} event_probability"),
    ]
    return _wide(series, "events", "Events", "event", cells, _chance("event"))


TABLES: dict[str, Callable[[Series], Table]] = {
    "passes": passes,
    "majorities": majorities,
    "seats": seats,
    "shares": shares,
    "events": events,
}
"""Every table of a series by name, in the order in which they are printed."""


def series_tables(series: Series, names: Iterable[str] | None = None) -> list[Table]:
    """Tables of a series by name (default: all); ``ConfigurationError`` for a name that there is not."""
    return [TABLES[name](series) for name in chosen_names(names, TABLES)]


def provenance_of_series(series: Series) -> str:
    """One line: election, along what, draws, seed, version."""
    attrs = series.dataset.attrs
    labels = series.labels
    if series.dimension == SCENARIOS:
        along = f"polls known by {attrs['as_of']}; scenarios of {attrs['scenarios']}"
    else:
        along = f"as of {len(labels)} days from {labels[0]} to {labels[-1]}"
    settings = ", ".join(str(attrs.get("settings", "")).split("\n"))
    return (
        f"{attrs['election_name']}; {along}; {int(attrs['draws']):,} draws each ({attrs['sampler']}, seed "
        f"{attrs['seed']}){f'; changed: {settings}' if settings else ''}; forecast "
        f"{json.loads(attrs['versions'])['forecast']}"
    )


def _wide(
    series: Series,
    name: str,
    title: str,
    over: str,
    cells: list[_Cell],
    text: Callable[[Row, str], str],
    *,
    seatless: bool = False,
) -> Table:
    """A table of some numbers of every subject (party, coalition, event), a row a day or scenario."""
    data = series.dataset
    columns, values, shown, notes = _first_columns(series)
    kinds = data["party_kind"].values if over == "party" else np.full(data.sizes[over], "")
    drawn = 0
    for k, (subject, called) in enumerate(zip(data[over].values, data[f"{over}_name"].values, strict=True)):
        for cell in cells:
            column = f"{cell.name}_{subject}"
            columns.append(Column(column, cell.unit, "number", f"{cell.meaning}: {called}"))
            values[column] = cell.values[:, k].tolist()
        if seatless or kinds[k] not in SEATLESS_KINDS:
            rank = max(0, drawn - _ALWAYS_SHOWN + 1)
            shown.append(Shown(str(called), _bound(text, str(subject)), rank=rank))
            drawn += 1
    rows = rows_of(columns, values)
    warnings = tuple(data.attrs["warnings"])
    provenance = provenance_of_series(series)
    return Table(name, title, tuple(columns), rows, tuple(shown), provenance, notes, warnings=warnings)


def _first_columns(series: Series) -> tuple[list[Column], dict[str, Any], list[Shown], tuple[str, ...]]:
    """What the rows are: columns, their values, what people see of them, and notes."""
    data = series.dataset
    if series.dimension == SCENARIOS:
        columns = [
            Column("scenario", "", "text", "id of the scenario; mixture is all of them with their weights"),
            Column("scenario_name", "", "text", "its name"),
            Column("weight", "1", "number", "probability of the scenario"),
            Column("settings", "", "text", "keys of the election file that differ"),
        ]
        settings = [str(lines).replace("\n", "; ") for lines in data["scenario_settings"].values]
        values: dict[str, Any] = {
            "scenario": series.labels,
            "scenario_name": data["scenario_name"].values.tolist(),
            "weight": data["weight"].values.tolist(),
            "settings": settings,
        }
        shown = [
            Shown("Scenario", lambda row: str(row["scenario_name"]), numeric=False),
            Shown("Weight", lambda row: rounding.percent(number(row["weight"]))),
        ]
        return columns, values, shown, (_MIXED,)
    columns = [
        Column("as_of", "", "day", "day at whose end the forecast is made"),
        Column("polls", "1", "integer", "polls with weight in the mean"),
    ]
    values = {"as_of": series.labels, "polls": data["polls"].values.tolist()}
    shown = [
        Shown("As of", lambda row: str(row["as_of"]), numeric=False),
        Shown("Polls", lambda row: rounding.whole(number(row["polls"])), rank=9),
    ]
    return columns, values, shown, ()


def _of(series: Series, variable: str) -> Any:
    return series.dataset[variable].values


def _quantiles(series: Series, prefix: str, variable: str, unit: str) -> list[_Cell]:
    known = series.dataset["quantile"].values
    values = _of(series, variable)
    return [
        _Cell(
            f"{prefix}_{end}",
            values[..., int(np.argmin(np.abs(known - wanted)))],
            unit,
            f"{end} of {prefix}s",
        )
        for end, wanted in WIDE_ENDS
    ]


def _bound(text: Callable[[Row, str], str], subject: str) -> Callable[[Row], str]:
    return lambda row: text(row, subject)


def _chance(prefix: str) -> Callable[[Row, str], str]:
    def text(row: Row, subject: str) -> str:
        chance, error = row[f"{prefix}_probability_{subject}"], row[f"{prefix}_mc_error_{subject}"]
        return rounding.probability(number(chance), number(error))

    return text


def _whole(name: str) -> Callable[[Row, str], str]:
    return lambda row, subject: rounding.whole(number(row[f"{name}_{subject}"]))


def _percent(row: Row, subject: str) -> str:
    return rounding.percent(number(row[f"share_median_{subject}"]))
