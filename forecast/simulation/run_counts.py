"""Counts of a run over its replicates: totals, and what their standard errors need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.arrays import STREAM
from forecast.kernels.contests import CoverCounts
from forecast.kernels.count import SHARE_BINS

Counts = NDArray[np.int64]


class Tallies(NamedTuple):
    """Counts over draws, of M spans or replicates where an axis M leads."""

    passes: Counts
    """(M, R, K)"""
    void: Counts
    """(M, R)"""
    beyond: Counts
    """(M, R) draws in which a house would have grown beyond its bound."""
    seats: Counts
    """(M, R, K + C, S + 1): lists, then coalitions."""
    majorities: Counts
    """(M, R, C)"""
    events: Counts
    """(M, R, E)"""
    shares: Counts
    """(U, SHARE_BINS + 1), of all of them."""
    share_sums: Counts
    """(U,) in units of 2**-32."""
    share_draws: Counts
    """(1,) draws in the two above."""


def empty_tallies(
    spans: int, units: int, lists: int, rules: int, seats: int, coalitions: int, events: int
) -> Tallies:
    """Tallies of zero for M = ``spans``."""

    def zeros(*shape: int) -> Counts:
        return np.zeros(shape, np.int64)

    return Tallies(
        zeros(spans, rules, lists),
        zeros(spans, rules),
        zeros(spans, rules),
        zeros(spans, rules, lists + coalitions, seats + 1),
        zeros(spans, rules, coalitions),
        zeros(spans, rules, events),
        zeros(units, SHARE_BINS + 1),
        zeros(units),
        zeros(1),
    )


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
    district_seats: dict[int, Counts] = field(default_factory=dict)
    """(D, K, S + 1) histograms of seats by the number of a rule with districts."""
    chamber: RunCounts | None = None
    """Of the chamber with tiers beside the lists: the whole of it, then each tier, in place of rules; its H
    holders in place of lists.
    """
    districts_won: list[Counts] = field(default_factory=list)
    """Of the chamber: (D, H) draws in which a holder wins a district, by tier."""
    uncovered: CoverCounts | None = None
    """Winners without a seat, where seats of lists must cover them."""

    @property
    def draws(self) -> int:
        return int(self.sizes.sum())

    @property
    def replicates(self) -> int:
        return len(self.sizes)

    def of_lists_under(self, rule: int) -> RunCounts:
        """Those of one rule, without districts and chamber."""
        one = slice(rule, rule + 1)
        of_rule = {name: getattr(self.totals, name)[one] for name in (*KEPT, *SQUARED)}
        return RunCounts(
            self.sizes,
            self.totals._replace(**of_rule),
            {name: squares[one] for name, squares in self.squares.items()},
            {name: counts[:, one] for name, counts in self.by_replicate.items()},
        )

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

    def ratio(
        self, name: str, above: NDArray[np.int64], below: NDArray[np.int64]
    ) -> tuple[Proportion, NDArray[np.int64]]:
        """n(A and B) / n(B) for pairs of columns of a tally, (R, columns), with its error, and n(B)."""
        both = self.by_replicate[name][..., above].astype(np.float64)
        given = self.by_replicate[name][..., below].astype(np.float64)
        drawn, total = self.by_replicate[name][..., below].sum(0), _over_replicates(given)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = _over_replicates(both) / total
            if self.replicates == 1:
                error = np.sqrt(value * (1.0 - value) / total)
            else:
                m = self.replicates
                squares = _over_replicates((both - value * given) ** 2)
                error = np.sqrt(squares * m / (m - 1)) / total
            return Proportion(value, np.maximum(error, 1.0 / total)), drawn

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


def _over_replicates(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum over the first axis; each is a row of its own, so that its bits do not hang on the others."""
    return np.ascontiguousarray(np.moveaxis(values, 0, -1)).sum(-1)


KEPT = ("passes", "void", "majorities", "events")
SQUARED = ("seats",)


def new_counts(sizes: Counts, like: Tallies) -> RunCounts:
    """Counts of zero for replicates of these sizes, with the axes of ``like`` but the first."""
    m = len(sizes)
    shapes = {name: getattr(like, name).shape[1:] for name in (*KEPT, *SQUARED)}
    parts = ("", "_anchor", "_under_way") if m > 1 else ()
    squares = {f"{name}{part}": np.zeros(shapes[name]) for name in SQUARED for part in parts}
    kept = {name: np.zeros((m, *shapes[name]), np.int64) for name in KEPT}
    kept["seat_sums"] = np.zeros((m, *shapes["seats"][:-1]), np.int64)
    totals = like._replace(**{name: np.zeros(shape, np.int64) for name, shape in shapes.items()})
    return RunCounts(sizes, totals, squares, kept)


def add_replicates(counts: RunCounts, first: int, tallies: Tallies) -> None:
    """Add the complete tallies of some replicates, ``first`` and those that follow it.

    They come in order. Squares are added up in groups of replicates that hang on their sizes alone, so that
    sums are the same every time, whatever rules are counted beside.
    """
    for name in (*KEPT, *SQUARED):
        getattr(counts.totals, name)[...] += getattr(tallies, name).sum(0)
    number = len(tallies.seats)
    for name in KEPT:
        counts.by_replicate[name][first : first + number] = getattr(tallies, name)
    counts.by_replicate["seat_sums"][first : first + number] = tallies.seats @ np.arange(
        tallies.seats.shape[-1]
    )
    if counts.replicates > 1:
        for name in SQUARED:
            tally = getattr(tallies, name)
            if first == 0:
                counts.squares[f"{name}_anchor"] = tally[0] / float(counts.sizes[0])
            # Some rules after the others: what is made of their numbers stays in the cache.
            step = max(1, _AT_ONCE // max(1, tally[:, :1].size))
            for r in range(0, tally.shape[1], step):
                _add_squares(counts, name, first, tally, slice(r, r + step))


def _add_squares(counts: RunCounts, name: str, first: int, tally: Counts, some: slice) -> None:
    """Add the squares of replicates of a tally, ``first`` and those that follow it, under some rules."""
    whole, anchor, under_way = (
        counts.squares[f"{name}{part}"][some] for part in ("", "_anchor", "_under_way")
    )
    together = max(1, GROUP_DRAWS // int(counts.sizes[0]))
    for replicate, of_rules in enumerate(tally[:, some], first):
        apart = of_rules - anchor * float(counts.sizes[replicate])
        apart *= apart
        if together == 1:
            whole += apart
            continue
        under_way += apart
        if (replicate + 1) % together == 0 or replicate + 1 == counts.replicates:
            whole += under_way
            under_way[...] = 0.0


GROUP_DRAWS = 8 * STREAM
"""Replicates of so many draws are added up before they are added to the others."""

_AT_ONCE = 2**15
"""Numbers of a tally that are squared at once."""
