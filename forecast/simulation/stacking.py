"""Forecasts of one election side by side, along a leading dimension: the days on which they were made, or
others.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.election.forecast_day import days_of_forecasts
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.estimation import estimate
from forecast.result import Forecast, forecast_of
from forecast.simulation.forecasting import How, simulate_and_keep, supposed_vote
from forecast.simulation.running import Progress
from forecast.variables import VARIABLES, described

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.polls import PollTable

_STACKED = frozenset({"", "last_election", "places", "last_seat", "chamber", "districts", "unsaved"})
_AVERAGE = "estimate/average"
"""Groups that forecasts side by side keep, and of the estimate its centre; the rest is of other polls and
days.
"""


def simulate_over_time(
    election: Election,
    polls: PollTable,
    days: Sequence[datetime.date],
    how: How,
    *,
    progress: Progress | None = None,
) -> Forecast:
    """The forecast at the end of each of ``days``, each from what was known then, along ``as_of``.

    Every day is drawn with the same random numbers, so that the differences between days are those of the
    polls; each is what a run as of that day gives. Days before the first national poll are left out, which
    ``warnings`` among the attributes say. ``PollDataError`` where none remains, ``ConfigurationError`` for
    days after the election, and as ``estimate`` raises.
    """
    wanted = sorted(set(days_of_forecasts(election, days)))
    usable, warnings = _with_polls(polls, wanted)
    forecasts, used = [], []
    for day in usable:
        estimated = estimate(election, polls, day)
        used.append(int(np.count_nonzero(estimated.polls["weight"].to_numpy(np.float64) > 0.0)))
        forecasts.append(simulate_and_keep(election, estimated, how, 0, progress=progress)[0])
    labels = {"as_of": np.array(usable, "datetime64[ns]"), "polls_used": np.array(used)}
    each = [list(forecast.attrs["warnings"]) for forecast in forecasts]
    said = said_of_each([str(day) for day in usable], each, _these_days)
    found = stacked(forecasts, "as_of", labels, [party.id for party in election.parties])
    named = supposed_vote(election, "each day") if election.election.vote is None else {}
    return found.with_attrs(**named, warnings=[*warnings, *said])


def stacked(
    forecasts: Sequence[Forecast], dimension: str, labels: Mapping[str, Any], ballot: Sequence[str]
) -> Forecast:
    """Forecasts of one election along ``dimension``; ``ballot``: ids of its parties in their order.

    Parties that only some of them know are NaN in the others; a house that is smaller than the largest has
    probability 0 of the seats beyond it. Attributes are those of the last.
    """
    known = list(dict.fromkeys(party for forecast in forecasts for party in forecast.parties))
    parties = sorted(known, key=lambda party: ballot.index(party) if party in ballot else len(ballot))
    last = forecasts[-1]
    every = {"party": parties, "rival": parties, **_every_label(forecasts)}
    values: dict[str, Any] = {
        path: np.stack([_on(one, path, every) for one in forecasts])
        for path in _paths(last)
        if all(path in one for one in forecasts) and _of_the_same(forecasts, path)
    }
    values["warnings"] = np.array(["\n".join(one.attrs["warnings"]) for one in forecasts], dtype=str)
    told = {
        **labels,
        "party": parties,
        **labels_of(last, "places"),
        **labels_of(last, "chamber"),
        **labels_of(last, "districts"),
        **_of_holders(forecasts, every),
    }
    others = {_PATHS.get(dim, dim): np.array(every[dim]) for dim in every if dim != "party"}
    told |= {path: labels for path, labels in others.items() if path in last}
    for name, coordinate in last.dataset.coords.items():
        if coordinate.dims == ("party",) and name != "party":
            by_party = {
                p: t for one in forecasts for p, t in zip(one.parties, one.names(str(name)), strict=True)
            }
            told[str(name)] = [by_party[party] for party in parties]
        elif str(name) not in told:
            told[str(name)] = coordinate.values
    left_out = ("schema_version", dimension, "leading")
    attrs: dict[str, Any] = {
        name: value
        for name, value in last.attrs.items()
        if isinstance(value, str | int | float) and name not in left_out
    }
    rests_on = {
        path: int(last[path].attrs["draws"])
        for path in values
        if path in last and "draws" in last[path].attrs
    }
    attrs["warnings"] = []
    return forecast_of(values, told, attrs, leading={dimension: ""}, rests_on=rests_on)


def said_of_each(
    labels: Sequence[str],
    each: Sequence[Sequence[str]],
    together: Callable[[Sequence[str]], str] = ", ".join,
) -> list[str]:
    """What is said of all forecasts, once; then what is said of some of them, after their names.

    ``together`` names several.
    """
    lines = list(dict.fromkeys(line for said in each for line in said))
    of = {line: [label for label, said in zip(labels, each, strict=True) if line in said] for line in lines}
    common = [line for line in lines if len(of[line]) == len(labels)]
    return [*common, *(f"{together(of[line])}: {line}" for line in lines if len(of[line]) < len(labels))]


def _paths(forecast: Forecast) -> list[str]:
    paths = [
        f"{group}/{name}".lstrip("/") for group, data in forecast.groups.items() for name in data.data_vars
    ]
    return [path for path in paths if path == _AVERAGE or described(path).group in _STACKED]


_PATHS = {
    "rival": "last_seat/rival",
    "holder": "chamber/holder",
    "chamber_seats": "chamber/chamber_seats",
    "uncovered_winners": "chamber/uncovered_winners",
    "district_seats": "districts/district_seats",
}
_NUMBERS = ("seats", "chamber_seats", "uncovered_winners", "district_seats")
"""Dimensions of numbers, of which there may be more in some forecasts than in others."""
"""Of dimensions of groups, along which forecasts side by side may have other labels."""


def _every_label(forecasts: Sequence[Forecast]) -> dict[str, list[Any]]:
    """Labels that only some of the forecasts may have: numbers of seats, up to the most, and holders."""
    found: dict[str, list[Any]] = {}
    for dim in ("seats", *(one for one in _PATHS if one != "rival")):
        path = _PATHS.get(dim, dim)
        held = [one.array(path).tolist() for one in forecasts if path in one]
        if held:
            found[dim] = list(dict.fromkeys(label for labels in held for label in labels))
    return {dim: sorted(labels) if dim != "holder" else labels for dim, labels in found.items()}


def labels_of(forecast: Forecast, group: str) -> dict[str, Any]:
    """Labels of a group by path, where there is one."""
    coords = forecast.groups[group].coords if group in forecast.groups else {}
    paths = {f"{group}/{name}": one.values for name, one in coords.items()}
    return {path: label for path, label in paths.items() if path in VARIABLES}


def _of_the_same(forecasts: Sequence[Forecast], path: str) -> bool:
    """Whether all forecasts have a variable of the same districts, where it is of districts."""
    group = path.rpartition("/")[0]
    labels = [f"{group}/{dim}" for dim in described(path).dims if dim in ("district", "contest")]
    return all(one.names(label) == forecasts[-1].names(label) for label in labels for one in forecasts)


def _of_holders(forecasts: Sequence[Forecast], every: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """What the holders of seats of all forecasts are called and are, wherever one is known."""
    found: dict[str, Any] = {}
    for name in ("holder_name", "holder_short", "holder_colour", "holder_kind") if "holder" in every else ():
        by_holder = {
            holder: text
            for one in forecasts
            for holder, text in zip(one.names("chamber/holder"), one.names(f"chamber/{name}"), strict=True)
        }
        found[f"chamber/{name}"] = np.array([by_holder[holder] for holder in every["holder"]])
    return found


def _on(forecast: Forecast, path: str, every: Mapping[str, Sequence[Any]]) -> np.ndarray:
    """Values of a variable on the parties, holders and seats of all: an option that is not on a ballot is
    not known there, more seats than a house has are impossible.
    """
    values = forecast.array(path)
    for axis, dim in enumerate(described(path).dims):
        if dim not in every:
            continue
        known = forecast.array(_PATHS.get(dim, dim)).tolist()
        if known == list(every[dim]):
            continue
        missing = 0.0 if dim in _NUMBERS else np.nan
        spread = np.full((*values.shape[:axis], len(every[dim]), *values.shape[axis + 1 :]), missing)
        spread[(slice(None),) * axis + ([list(every[dim]).index(one) for one in known],)] = values
        values = spread
    return values


def _these_days(days: Sequence[str]) -> str:
    return days[0] if len(days) == 1 else f"on {len(days)} days from {days[0]} to {days[-1]}"


def _with_polls(polls: PollTable, days: Sequence[datetime.date]) -> tuple[list[datetime.date], list[str]]:
    """The days on which some national poll is known, and what is said of the others."""
    if not len(polls.national):
        remedy = (
            "the table holds no national poll; those of one city or of some parties only make no estimate"
        )
        raise PollDataError(Fault(polls.place, "", ABSENT, remedy))
    first: datetime.date = polls.national.polls["known"].min().date()
    early = [day for day in days if day < first]
    usable = [day for day in days if day >= first]
    if not usable:
        remedy = f"no poll is known on any of the days asked for; the earliest is known from {first}"
        raise PollDataError(Fault(polls.place, "", ABSENT, remedy))
    if not early:
        return usable, []
    those = str(early[0]) if len(early) == 1 else f"{len(early)} days from {early[0]} to {early[-1]}"
    return usable, [f"left out, before the first poll was known ({first}): {those}"]
