"""Monte Carlo errors of differences between two rules on the same draws, and of means over some of the draws.

What two rules count in the same draws is strongly correlated, so that the error of their difference is far
smaller than their own errors suggest. Quasi-random draws: from how much the difference itself varies between
replicates. Plain draws: from how much it varies from draw to draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.variables import error_of

if TYPE_CHECKING:
    from forecast.simulation.run_counts import RunCounts

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class Estimated(NamedTuple):
    """Values and one standard error of each, of the same shape."""

    value: Floats
    mc_error: Floats


def differences(
    counts: RunCounts, same: NDArray[np.bool_], squares: dict[str, Floats] | None
) -> dict[str, Floats]:
    """Differences of rules 1, 2, ... from rule 0 by path, with paired errors.

    ``same`` (V,) marks copies of the base rule, which does not differ from itself, without error.
    ``squares``: of plain random draws, the mean squared difference of a draw (``squared_differences``).
    """
    tallies = {"pass": "passes", "majority": "majorities", "seat_mean": "seat_sums"}
    found: dict[str, Floats] = {}
    for name, tally in tallies.items():
        by_replicate = counts.by_replicate[tally]
        if squares is None:
            apart = difference_over_replicates(by_replicate[:, 1:], by_replicate[:, 0], counts.sizes)
        else:
            whole = by_replicate.sum(0)
            apart = difference_over_draws(whole[1:], whole[0], squares[name], counts.draws)
        path = f"rules/{name}_difference"
        found[path], found[error_of(path)] = apart.value, np.where(same[:, None], 0.0, apart.mc_error)
    return found


def difference_over_replicates(variants: Counts, base: Counts, sizes: Counts) -> Estimated:
    """Difference of shares (or means): counts by replicate (M, V, ...) less those of the base (M, ...).

    The error is never below 1 / draws, as that of a single share.
    """
    draws, m = int(sizes.sum()), len(sizes)
    apart = (variants - base[:, None]).astype(np.float64)
    value = apart.sum(0) / draws
    expected = value * sizes.reshape((-1,) + (1,) * value.ndim)
    error = np.sqrt(((apart - expected) ** 2).sum(0) * m / (m - 1)) / draws
    return Estimated(value, np.maximum(error, 1.0 / draws))


def difference_over_draws(variants: Counts, base: Counts, squares: Floats, draws: int) -> Estimated:
    """The same for plain random draws: counts (V, ...) over all ``draws``, those of the base (...).

    ``squares`` (V, ...) is the mean squared difference in a draw, read off some of the draws. Differences are
    whole numbers, so that it is never below the size of their mean: where no draw that was looked at differs,
    that holds.
    """
    value = (variants - base[None]).astype(np.float64) / draws
    variance = np.maximum(np.maximum(squares, np.abs(value)) - value**2, 0.0)
    return Estimated(value, np.maximum(np.sqrt(variance / draws), 1.0 / draws))


def mean_over_draws(values: Floats, sizes: Counts, weights: Floats | None = None) -> Estimated:
    """Mean over the last axis, (..., N) -> (...), of draws that stand replicate by replicate (``sizes``).

    ``weights`` (N,) or (..., N) leave draws out (0) or make it a ratio of means: sum(values * weights) /
    sum(weights). Values whose weight is 0 may be NaN. One replicate means plain draws, independent of each
    other.
    """
    if weights is None:
        return weighted_mean(values, Weights.of(np.ones(values.shape[-1]), sizes), sizes)
    counted = np.where(weights != 0.0, values, 0.0) * weights
    return weighted_mean(counted, Weights.of(weights, sizes), sizes)


class Weights(NamedTuple):
    """Weights of draws, (N,) or (..., N)."""

    each: Floats
    total: Floats
    by_replicate: Floats
    """(..., M)"""

    @classmethod
    def of(cls, each: Floats, sizes: Counts) -> Weights:
        """Of draws that stand replicate by replicate."""
        return cls(each, each.sum(-1), _by_replicate(each, sizes))


def weighted_mean(counted: Floats, weights: Weights, sizes: Counts) -> Estimated:
    """As ``mean_over_draws``, of values that are multiplied by their weights."""
    m = len(sizes)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = counted.sum(-1) / weights.total
        if m == 1:
            off = counted - value[..., None] * weights.each
            return Estimated(value, np.sqrt((off**2).sum(-1)) / weights.total)
        off = _by_replicate(counted, sizes) - value[..., None] * weights.by_replicate
        return Estimated(value, np.sqrt((off**2).sum(-1) * m / (m - 1)) / weights.total)


def _by_replicate(values: Floats, sizes: Counts) -> Floats:
    return np.add.reduceat(values, np.concatenate([[0], np.cumsum(sizes)[:-1]]), axis=-1)
