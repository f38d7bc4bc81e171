"""Forecasts of one election side by side along a leading dimension: as of several days; under several
scenarios, each with a weight, and their mixture, in which each comes true with its probability.

Probabilities, means and distributions of a mixture are the weighted ones; its quantiles are those of its
distributions, not averages of quantiles. All scenarios are drawn with the same random numbers, so their Monte
Carlo errors go together: the error of a weighted sum is at most the weighted sum of the errors, and that
bound is what stands here.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.election.loading import day_of_forecast, days_of_forecasts
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError
from forecast.estimation import estimate
from forecast.polls import polls_of
from forecast.result import Forecast, forecast_of
from forecast.simulation.forecasting import How, identity_of, simulate_and_keep, supposed_vote
from forecast.simulation.numbers import seat_quantiles, share_quantiles
from forecast.simulation.running import Progress
from forecast.variables import LEAST_CONDITION_DRAWS, QUANTILES, VARIABLES, described, error_of

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


Floats = NDArray[np.float64]
Values = Mapping[str, Floats]

MIXTURE = "mixture"
"""The last label along ``scenario``: all of them, each with its weight."""
HISTOGRAM = "unsaved/share_histogram"

_ERRORS = ("pass_probability", "seat_probability", "seat_mean", "majority_probability", "coalition_seat_mean")
WEIGHTED = (
    *(*_ERRORS, "void_probability", "share_mean", "estimate/average", "coalition_seat_probability"),
    *map(error_of, (*_ERRORS, "void_probability")),
)
"""What is averaged with the weights; of errors that gives the bound."""

_BY_SEATS = "seat_probability"
_CHAMBER_NUMBERS = (
    *("chamber/seat_probability", "chamber/seat_mean", "chamber/majority_probability"),
    *("chamber/two_thirds_probability", "chamber/coalition_seat_mean", "chamber/tier_seat_mean"),
    *("chamber/tier_coalition_seat_mean", "chamber/tier_majority_probability", "chamber/win_probability"),
)
_OF_CHAMBER = (
    *_CHAMBER_NUMBERS,
    *map(error_of, _CHAMBER_NUMBERS),
    "chamber/coalition_seat_probability",
)
"""Of the whole chamber what is averaged with the weights."""

_SHARED = ("last_election/share", "last_election/seats_won")
_ABSENT_FROM = (
    "share_mean",
    "estimate/average",
    "pass_probability",
    "seat_mean",
    *map(error_of, _ERRORS[:3]),
)
_CERTAIN_NONE = ("seat_probability", HISTOGRAM)


@dataclass(frozen=True)
class Scenario:
    """What may be the case, with its probability, and the election as it then is."""

    id: str
    name: str
    weight: Fraction
    election: Election
    settings: tuple[str, ...]
    """What differs from the election file, as after ``--set``."""
    place: str
    """Where it is written, for messages."""


@contextmanager
def blaming(place: str, scenario: str) -> Generator[None]:
    """What is wrong with the settings of a scenario is said where the scenario is written."""
    try:
        yield
    except ConfigurationError as error:
        path = f"scenarios.{scenario}"
        raise ConfigurationError(
            *(
                replace(
                    fault,
                    place=place,
                    path=f"{path}.{fault.path}" if fault.path else path,
                    remedy=fault.remedy.replace(" (with --set ", " (with "),
                )
                for fault in error.faults
            )
        ) from None


def simulate_scenarios(
    election: Election,
    scenarios: Sequence[Scenario],
    how: How,
    as_of: datetime.date | None = None,
    *,
    progress: Progress | None = None,
) -> Forecast:
    """The forecast under each of ``scenarios``, then that of their mixture, along ``scenario``.

    Every scenario is drawn with the same random numbers, so that differences between them are those of the
    scenarios; each is what a run with its settings gives. ``election`` is the one without them. The weights
    add up to 1. Errors as those of ``estimate`` and ``simulate``.
    """
    as_of = None if as_of is None else day_of_forecast(election, as_of)
    forecasts: list[Forecast] = []
    for scenario in scenarios:
        with blaming(scenario.place, scenario.id):
            estimated = estimate(scenario.election, polls_of(scenario.election), as_of)
            found, _ = simulate_and_keep(
                scenario.election, estimated, how, 0, progress=progress, histograms=True
            )
        forecasts.append(found)
    weights = np.array([float(scenario.weight) for scenario in scenarios])
    labels = {
        "scenario": np.array([scenario.id for scenario in scenarios]),
        "scenario_name": np.array([scenario.name for scenario in scenarios]),
        "scenario_settings": np.array(["\n".join(scenario.settings) for scenario in scenarios]),
        "weight": weights,
    }
    series = stacked(forecasts, "scenario", labels, [party.id for party in election.parties])
    absent = [frozenset(scenario.election.estimate.withdrawal) for scenario in scenarios]
    whole = _with_mixture(series, weights, absent)
    said = said_of_each(
        [scenario.name for scenario in scenarios], [list(one.attrs["warnings"]) for one in forecasts]
    )
    about = identity_of(election)
    return whole.with_attrs(definition=about["definition"], house_size=election.rule.seats, warnings=said)


def _with_mixture(series: Forecast, weights: Floats, absent: Sequence[frozenset[str]]) -> Forecast:
    """The scenarios and, as the last label, their mixture; NaN or blank where it has no such number."""
    held = {
        f"{g}/{n}".lstrip("/"): v.values
        for g, data in series.groups.items()
        for n, v in data.data_vars.items()
    }
    numbers = {path: array for path, array in held.items() if array.dtype.kind in "if"}
    filled = with_the_absent(numbers, series.parties, absent)
    found = mixed(filled, weights, np.array(QUANTILES), series.draws)
    values: dict[str, Any] = {}
    for path, array in held.items():
        if path == HISTOGRAM:
            continue
        if array.dtype.kind not in "if":
            last = np.full((1, *array.shape[1:]), "")
        else:
            last = np.asarray(found.get(path, np.full(array.shape[1:], np.nan)))[None]
            last = last.astype(array.dtype) if array.dtype.kind == "i" and path in found else last
        values[path] = np.concatenate([array, last])
    labels: dict[str, Any] = {str(name): one.values for name, one in series.dataset.coords.items()}
    labels |= labels_of(series, "chamber") | labels_of(series, "districts")
    of_mixture = {"scenario": MIXTURE, "scenario_name": "Mixture", "scenario_settings": "", "weight": np.nan}
    labels |= {name: np.array([*labels[name].tolist(), last]) for name, last in of_mixture.items()}
    rests_on = {path: int(series[path].attrs["draws"]) for path in values if "draws" in series[path].attrs}
    return forecast_of(values, labels, series.attrs, leading=series.leading, rests_on=rests_on)


def with_the_absent(
    values: Values, parties: Sequence[str], absent: Sequence[frozenset[str]]
) -> dict[str, Floats]:
    """Variables (N, party, ...) in which a party that does not stand has no votes, no chance and no seats."""
    filled = {path: np.array(array, np.float64) for path, array in values.items()}
    for i, gone in enumerate(absent):
        for k in (parties.index(party) for party in gone if party in parties):
            for path in _ABSENT_FROM:
                filled[path][i, k] = 0.0
            for path in _CERTAIN_NONE:
                draws = np.nansum(filled[path][i], axis=1).max()
                filled[path][i, k] = 0.0
                filled[path][i, k, 0] = draws
    return filled


def mixed(values: Values, weights: Floats, quantiles: Floats, draws: int) -> dict[str, Floats]:
    """Variables of the mixture from those of its N parts, each (N, ...); ``weights`` (N,) add up to 1.

    What has no meaning for a mixture (one draw, an account of the estimate) is left out.
    """
    found = {path: _weighted(values[path], weights) for path in WEIGHTED}
    for path in _SHARED:
        known = values[path]
        found[path] = known[np.isnan(known).argmin(axis=0), np.arange(known.shape[1])]
    shares = _weighted(values[HISTOGRAM], weights)
    found["share_quantile"] = np.where(
        np.isnan(shares[:, :1]), np.nan, share_quantiles(np.nan_to_num(shares), quantiles)
    )
    for prefix in ("", "coalition_"):
        seats = found[f"{prefix}seat_probability"]
        known = seat_quantiles(np.nan_to_num(seats), quantiles)
        found[f"{prefix}seat_quantile"] = np.where(np.isnan(seats[..., :1]), np.nan, known)
    return found | _events(values, weights, draws) | _chamber(values, weights, quantiles)


def _chamber(values: Values, weights: Floats, quantiles: Floats) -> dict[str, Floats]:
    """The whole chamber of the mixture, where the parts have one; who does not stand in a part holds no seat
    there.
    """
    if f"chamber/{_BY_SEATS}" not in values:
        return {}
    parts = {path: np.nan_to_num(values[path]) for path in _OF_CHAMBER if path in values}
    parts[f"chamber/{_BY_SEATS}"][..., 0] += np.isnan(values[f"chamber/{_BY_SEATS}"][..., 0])
    found = {path: _weighted(array, weights) for path, array in parts.items()}
    for prefix in ("", "coalition_"):
        seats = found[f"chamber/{prefix}{_BY_SEATS}"]
        found[f"chamber/{prefix}seat_quantile"] = seat_quantiles(seats, quantiles)
    return found


def _weighted(values: Floats, weights: Floats) -> Floats:
    return np.tensordot(weights, values, axes=1)


def _events(values: Values, weights: Floats, draws: int) -> dict[str, Floats]:
    """Events given their conditions: P(both) and P(condition) are mixed, not their quotient.

    Blank where a part that has draws of the condition is itself blank, having too few of them.
    """
    chance, error = values["event_probability"], values[error_of("event_probability")]
    given = values["event_condition_draws"] / draws
    behind = weights[:, None] * given
    condition = behind.sum(axis=0)
    part = np.divide(behind, condition, out=np.zeros_like(behind), where=condition > 0.0)
    known, known_error = (np.where(behind > 0.0, each, 0.0) for each in (chance, error))
    value = (part * known).sum(axis=0)
    # How often the condition holds is drawn too, and shifts weight between the parts.
    drawn = np.sqrt(given * (1.0 - given) / draws)
    away = np.where(behind > 0.0, np.abs(chance - value), 0.0)
    shifted = np.divide(
        (weights[:, None] * away * drawn).sum(axis=0),
        condition,
        out=np.zeros_like(condition),
        where=condition > 0,
    )
    number = np.rint(condition * draws)
    blank = number < min(LEAST_CONDITION_DRAWS, draws)
    return {
        "event_probability": np.where(blank, np.nan, value),
        "event_mc_error": np.where(blank, np.nan, (part * known_error).sum(axis=0) + shifted),
        "event_condition_draws": number,
    }
