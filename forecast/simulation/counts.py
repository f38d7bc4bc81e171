"""Counts of a run over its replicates: totals, and what their standard errors need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.shapes import Tallies

Counts = NDArray[np.int64]


class Proportion(NamedTuple):
    """A share of draws and one standard error of it, both of the same shape."""

    value: NDArray[np.float64]
    mc_error: NDArray[np.float64]


@dataclass
class RunCounts:
    """Totals over replicates (tallies), the sums of squares of replicate counts, and small counts by
    replicate.

    The quasi-random draws of one replicate are not independent of each other, replicates are: a standard
    error is taken from how much they differ. Plain random draws form one replicate, with binomial errors.
    """

    sizes: Counts
    """(M,) draws of each replicate."""
    totals: Tallies
    squares: dict[str, NDArray[np.float64]]
    """By tally: sum over replicates of (count - expected)**2, expected from the first replicate's share."""
    by_replicate: dict[str, Counts]
    """Tallies kept for each replicate: passes, majorities, events, void, and the sums of seats."""

    @property
    def draws(self) -> int:
        return int(self.sizes.sum())

    @property
    def replicates(self) -> int:
        return len(self.sizes)

    def proportion(self, name: str) -> Proportion:
        """Share of draws for every cell of a tally; the error is never below 1 / draws."""
        count = np.asarray(getattr(self.totals, name), np.float64)
        value = count / self.draws
        if self.replicates == 1:
            error = np.sqrt(value * (1.0 - value) / self.draws)
        else:
            m = self.replicates
            spread = self._squared_deviations(name, value)
            error = np.sqrt(np.maximum(spread, 0.0) * m / (m - 1)) / self.draws
        return Proportion(value, np.maximum(error, 1.0 / self.draws))

    def _squared_deviations(self, name: str, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over replicates of (count - value * size)**2."""
        if name in self.by_replicate:
            counts = self.by_replicate[name].astype(np.float64)
            sizes = self.sizes.reshape((-1,) + (1,) * value.ndim)
            return ((counts - value * sizes) ** 2).sum(0)
        # squares hold (count - a * size)**2 summed, a the share in replicate 0; moving the centre from a to
        # the mean share takes (value - a)**2 * sum(size**2) off, since sizes are equal up to one draw.
        anchor = self.squares[f"{name}_anchor"]
        return self.squares[name] - (value - anchor) ** 2 * float((self.sizes.astype(np.float64) ** 2).sum())

    def ratio(self, name: str, above: int, below: int, rule: int = 0) -> tuple[float, float, int]:
        """n(A and B) / n(B) of two columns of a tally by replicate, its standard error and n(B)."""
        both = self.by_replicate[name][:, rule, above].astype(np.float64)
        given = self.by_replicate[name][:, rule, below].astype(np.float64)
        n = int(given.sum())
        if n == 0:
            return float("nan"), float("nan"), 0
        value = float(both.sum() / given.sum())
        if self.replicates == 1:
            error = np.sqrt(value * (1.0 - value) / n)
        else:
            m = self.replicates
            error = np.sqrt(((both - value * given) ** 2).sum() * m / (m - 1)) / given.sum()
        return value, max(float(error), 1.0 / n), n

    def seat_means(self) -> Proportion:
        """(R, K + C) mean seats of every list and coalition, and one standard error of it."""
        counts = self.totals.seats
        bins = np.arange(counts.shape[-1])
        mean = (counts @ bins) / self.draws
        if self.replicates == 1:
            variance = (counts @ bins**2) / self.draws - mean**2
            return Proportion(mean, np.sqrt(np.maximum(variance, 0.0) / self.draws))
        sums = self.by_replicate["seat_sums"].astype(np.float64)
        sizes = self.sizes.reshape((-1, 1, 1))
        m = self.replicates
        return Proportion(mean, np.sqrt(((sums - mean * sizes) ** 2).sum(0) * m / (m - 1)) / self.draws)


KEPT = ("passes", "void", "majorities", "events")
SQUARED = ("seats",)


def new_counts(sizes: Counts, like: Tallies) -> RunCounts:
    """Counts of zero for replicates of these sizes, shaped like the tallies of one."""
    m = len(sizes)
    squares = {
        key: np.zeros(getattr(like, name).shape)
        for name in SQUARED
        for key in (name, f"{name}_anchor")
        if m > 1
    }
    kept = {name: np.zeros((m, *getattr(like, name).shape), np.int64) for name in KEPT}
    kept["seat_sums"] = np.zeros((m, *like.seats.shape[:2]), np.int64)
    return RunCounts(sizes, Tallies(*(np.zeros_like(field) for field in like)), squares, kept)


def add_replicate(counts: RunCounts, replicate: int, tallies: Tallies) -> None:
    """Add the complete tallies of one replicate; replicates come in order, so that sums are the same every
    time.
    """
    size = float(counts.sizes[replicate])
    for name in (*KEPT, *SQUARED):
        np.add(getattr(counts.totals, name), getattr(tallies, name), out=getattr(counts.totals, name))
    for name in KEPT:
        counts.by_replicate[name][replicate] = getattr(tallies, name)
    counts.by_replicate["seat_sums"][replicate] = tallies.seats @ np.arange(tallies.seats.shape[-1])
    if counts.replicates > 1:
        for name in SQUARED:
            tally = getattr(tallies, name)
            if replicate == 0:
                counts.squares[f"{name}_anchor"] = tally / size
            counts.squares[name] += (tally - counts.squares[f"{name}_anchor"] * size) ** 2
