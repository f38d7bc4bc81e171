"""Scores of forecasts: arrays in, numbers out. Lower is better, apart from coverage.

Draws are (N, U): N draws of U quantities; outcomes (U,).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.estimation.records import Bin

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.95)
"""Central intervals whose coverage is counted."""

BINS = 10
"""Equal bins of the calibration curve."""


def crps(draws: Floats, outcome: Floats) -> Floats:
    """(U,) continuous ranked probability score, in the unit of the draws.

    E|X - y| - E|X - X'|/2 over all pairs of different draws: unbiased in the number of draws (Gneiting and
    Raftery 2007, eq. 21; Ferro 2014 for the fair version).
    """
    number = len(draws)
    ordered = np.sort(draws, axis=0)
    rank = 2.0 * np.arange(1, number + 1) - number - 1.0
    spread = (rank @ ordered) / (number * (number - 1.0))
    return np.abs(draws - outcome).mean(0) - spread


def energy_score(draws: Floats, outcome: Floats) -> float:
    """E||X - y|| - E||X - X'||/2, pairs of draws taken half the number apart (Gneiting and Raftery 2007)."""
    far = np.linalg.norm(draws - outcome, axis=1).mean()
    apart = np.linalg.norm(draws - np.roll(draws, len(draws) // 2, axis=0), axis=1).mean()
    return float(far - 0.5 * apart)


def covered(draws: Floats, outcome: Floats, levels: tuple[float, ...] = LEVELS) -> NDArray[np.bool_]:
    """(levels, U) whether the central interval of each level holds the outcome."""
    tails = [(1.0 - level) / 2.0 for level in levels]
    low = np.quantile(draws, tails, axis=0)
    high = np.quantile(draws, [1.0 - tail for tail in tails], axis=0)
    return (low <= outcome) & (outcome <= high)


def brier(probability: Floats, happened: NDArray[np.bool_]) -> Floats:
    """Squared difference between what was said and what happened (1 or 0), for each statement."""
    return (probability - happened) ** 2


def ranked_probability_score(draws: NDArray[np.int64], outcome: NDArray[np.int64]) -> Floats:
    """(U,) sum over whole k of (P(X <= k) - [y <= k])**2: for counts, such as seats (Epstein 1969)."""
    most = int(max(draws.max(initial=0), outcome.max(initial=0)))
    scores = np.empty(draws.shape[1])
    values = np.arange(most + 1)
    for unit in range(draws.shape[1]):
        at_most = np.cumsum(np.bincount(draws[:, unit], minlength=most + 1)) / len(draws)
        scores[unit] = ((at_most - (outcome[unit] <= values)) ** 2).sum()
    return scores


def bin_of(probability: Floats, bins: int = BINS) -> NDArray[np.int64]:
    """Which of so many bins of equal width each probability is in, from 0."""
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


def calibration_curve(probability: Floats, happened: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """What was said and what happened, by bin of equal width; empty bins are left out."""
    number = bin_of(probability, bins)
    return [
        Bin(
            low=b / bins,
            high=(b + 1) / bins,
            said=float(probability[number == b].mean()),
            happened=float(happened[number == b].mean()),
            statements=int((number == b).sum()),
        )
        for b in range(bins)
        if (number == b).any()
    ]


def calibration_error(probability: Floats, happened: NDArray[np.bool_], bins: int = BINS) -> float:
    """Mean distance of the calibration curve from the diagonal, weighted by statements."""
    curve = calibration_curve(probability, happened, bins)
    total = sum(bin.statements for bin in curve)
    return sum(abs(bin.said - bin.happened) * bin.statements for bin in curve) / total


def calibration_resamples(
    probability: Floats, happened: NDArray[np.bool_], clusters: NDArray[np.int64], drawn: NDArray[np.int64]
) -> Floats:
    """(R,) calibration errors of R resamples of clusters; ``drawn`` (R, G) are their numbers from 0 to G - 1.

    A bin misses by what was said in it less what happened: sums over its statements, so also over clusters.
    """
    number = drawn.shape[1]
    place = clusters * BINS + bin_of(probability)
    apart = np.bincount(place, probability - happened, number * BINS).reshape(number, BINS)
    rows = np.arange(len(drawn))[:, None] * number
    times = np.bincount((rows + drawn).ravel(), minlength=drawn.size).reshape(drawn.shape)
    return np.abs(times @ apart).sum(1) / (times @ np.bincount(clusters, minlength=number))


def clustered_error(values: Floats, clusters: NDArray[np.int64], weights: Floats | None = None) -> float:
    """Standard error of a weighted mean whose terms are independent between clusters only.

    As in Liang and Zeger (1986); NaN for a single cluster.
    """
    weight = np.ones(len(values)) if weights is None else weights
    mean = float(weight @ values / weight.sum())
    sums = np.bincount(clusters, weights=weight * (values - mean))
    sums = sums[np.unique(clusters)]
    if len(sums) < 2:
        return float("nan")
    return float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / weight.sum())
