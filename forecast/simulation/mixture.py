"""One election under several scenarios, each with a weight, and their mixture: with its probability each of
them is the one that comes true.

Probabilities, means and distributions of a mixture are the weighted ones; its quantiles are those of its
distributions, not averages of quantiles. All scenarios are drawn with the same random numbers, so their Monte
Carlo errors go together: the error of a weighted sum is at most the weighted sum of the errors, and that
bound is what stands here.
"""

from __future__ import annotations

import datetime
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.election.forecast_day import day_of_forecast
from forecast.errors import ConfigurationError
from forecast.estimation import estimate
from forecast.polls import polls_of
from forecast.result import Forecast, forecast_of
from forecast.simulation.forecasting import How, identity_of, simulate_and_keep
from forecast.simulation.numbers import seat_quantiles, share_quantiles
from forecast.simulation.running import Progress
from forecast.simulation.stacking import labels_of, said_of_each, stacked
from forecast.variables import LEAST_CONDITION_DRAWS, QUANTILES, error_of

if TYPE_CHECKING:
    from forecast.election import Election

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
