"""A mixture of forecasts: with probability w_i the i-th of them is the one that comes true.

Probabilities, means and distributions of a mixture are the weighted ones; its quantiles are those of its
distributions, not averages of quantiles. All forecasts are drawn with the same random numbers, so their
Monte Carlo errors go together: the error of a weighted sum is at most the weighted sum of the errors, and
that bound is what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.result import LEAST_CONDITION_DRAWS
from forecast.simulation.labelling import seat_quantiles, share_quantiles

Floats = NDArray[np.float64]
Values = Mapping[str, Floats]

WEIGHTED = (
    *("share_mean", "poll_average", "pass_probability", "seat_probability", "seat_mean"),
    *("majority_probability", "coalition_seat_probability", "coalition_seat_mean", "void_probability"),
    *("pass_mc_error", "seat_mc_error", "seat_mean_mc_error"),
    *("majority_mc_error", "coalition_seat_mean_mc_error", "void_mc_error"),
)
"""What is averaged with the weights; of errors that gives the bound."""

_SHARED = ("last_share", "last_seats")
_ABSENT_FROM = ("share_mean", "poll_average", "pass_probability", "seat_mean")
_CERTAIN_NONE = ("seat_probability", "share_histogram")


def with_the_absent(
    values: Values, parties: Sequence[str], absent: Sequence[frozenset[str]]
) -> dict[str, Floats]:
    """Variables (N, party, ...) in which a party that does not stand has no votes, no chance and no seats."""
    filled = {name: np.array(array, np.float64) for name, array in values.items()}
    for i, gone in enumerate(absent):
        for k in (parties.index(party) for party in gone if party in parties):
            for name in (*_ABSENT_FROM, "pass_mc_error", "seat_mc_error", "seat_mean_mc_error"):
                filled[name][i, k] = 0.0
            for name in _CERTAIN_NONE:
                draws = np.nansum(filled[name][i], axis=1).max()
                filled[name][i, k] = 0.0
                filled[name][i, k, 0] = draws
    return filled


def mixed(values: Values, weights: Floats, quantiles: Floats, draws: int) -> dict[str, Floats]:
    """Variables of the mixture from those of its N parts, each (N, ...); ``weights`` (N,) add up to 1.

    What has no meaning for a mixture (one draw, an account of the estimate) is left out.
    """
    found = {name: _weighted(values[name], weights) for name in WEIGHTED}
    for name in _SHARED:
        known = values[name]
        found[name] = known[np.isnan(known).argmin(axis=0), np.arange(known.shape[1])]
    shares = _weighted(values["share_histogram"], weights)
    found["share_quantile"] = np.where(
        np.isnan(shares[:, :1]), np.nan, share_quantiles(np.nan_to_num(shares), quantiles)
    )
    for prefix in ("", "coalition_"):
        seats = found[f"{prefix}seat_probability"]
        known = seat_quantiles(np.nan_to_num(seats), quantiles)
        found[f"{prefix}seat_quantile"] = np.where(np.isnan(seats[..., :1]), np.nan, known)
    return found | _events(values, weights, draws)


def _weighted(values: Floats, weights: Floats) -> Floats:
    return np.tensordot(weights, values, axes=1)


def _events(values: Values, weights: Floats, draws: int) -> dict[str, Floats]:
    """Events given their conditions: P(both) and P(condition) are mixed, not their quotient.

    Blank where a part that has draws of the condition is itself blank, having too few of them.
    """
    chance, error = values["event_probability"], values["event_mc_error"]
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
