"""Counts of draws -> the numbers of a forecast: one function each, under the name that the registry knows.

A function takes a ``Run`` and gives an array, or a ``Proportion`` with its Monte Carlo error, over the rules
of the run and the dimensions of ``forecast.variables``; of parties those that hold seats come first and
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.count import SHARE_BINS
from forecast.simulation.inputs import Units
from forecast.simulation.pieces import KeptDraws
from forecast.simulation.run_counts import Proportion, RunCounts
from forecast.variables import LEAST_CONDITION_DRAWS, MOST_PLACES, QUANTILES, described, error_of

if TYPE_CHECKING:
    from forecast.election import Rule

Floats = NDArray[np.float64]
Values = dict[str, Any]
"""Arrays by path."""

_QUANTILES = np.array(QUANTILES)


@dataclass(frozen=True)
class Run:
    """What was counted of R rules, for K lists that may hold seats and C coalitions."""

    counts: RunCounts
    kept: KeptDraws
    """Some draws one by one, of every rule."""
    lists: int
    houses: Sequence[int] | None = None
    """(R,) the most seats that each rule hands out, where rules differ in that."""
    rules: Sequence[Rule] = ()
    """(R,) the rules themselves, where what a number means hangs on them."""

    @cached_property
    def seats(self) -> Proportion:
        """(R, K + C, S + 1) share of draws with each number of seats."""
        found = self.counts.proportion("seats")
        if self.houses is None:
            return found
        # More seats than a rule hands out are impossible, not merely unseen.
        possible = np.arange(found.value.shape[-1]) <= np.asarray(self.houses)[:, None]
        return Proportion(found.value, np.where(possible[:, None], found.mc_error, 0.0))

    @cached_property
    def means(self) -> Proportion:
        """(R, K + C) mean seats."""
        return self.counts.seat_means()

    @cached_property
    def quantiles(self) -> Floats:
        """(R, K + C, Q) quantiles of seats."""
        return seat_quantiles(self.counts.totals.seats, _QUANTILES)

    @cached_property
    def events(self) -> tuple[Proportion, NDArray[np.int64]]:
        """(R, E) chances given their conditions, and draws in which the condition holds."""
        below, above = (np.arange(start, self.counts.totals.events.shape[1], 2) for start in (0, 1))
        found, drawn = self.counts.ratio("events", above, below)
        few = (drawn < LEAST_CONDITION_DRAWS) & (drawn < self.counts.draws)
        return Proportion(*(np.where(few, np.nan, part) for part in found)), drawn


class _Number(NamedTuple):
    """How a number is found; for options that hold no seats by their kind it is 0."""

    function: Callable[[Run], Any]
    certain: bool = False
    """Whether it is a distribution of seats, of which such options are certain to have none."""
    rests_on: Callable[[Run], int] | None = None
    """On how many draws it rests, where these are not all."""


NUMBERS: dict[str, _Number] = {}


def _number(path: str = "", **about: Any) -> Callable[[Callable[[Run], Any]], Callable[[Run], Any]]:
    """Makes a function known by its name, or under a path."""

    def known(function: Callable[[Run], Any]) -> Callable[[Run], Any]:
        NUMBERS[path or function.__name__] = _Number(function, **about)
        return function

    return known


def _kept(run: Run) -> int:
    return run.kept.draws


def _tallied(run: Run) -> int:
    return int(run.counts.totals.share_draws[0])


@_number(rests_on=_tallied)
def share_mean(run: Run) -> Floats:
    return run.counts.totals.share_sums / 2.0**32 / _tallied(run)


@_number(rests_on=_tallied)
def share_quantile(run: Run) -> Floats:
    return share_quantiles(run.counts.totals.shares, _QUANTILES)


@_number()
def pass_probability(run: Run) -> Proportion:
    found = run.counts.proportion("passes")
    which = np.zeros(len(found.value), np.bool_)
    which[: len(run.rules)] = [passes_by_seats(rule) for rule in run.rules]
    if not which.any():
        return found
    value, error = found.value.copy(), found.mc_error.copy()
    value[which] = 1.0 - run.seats.value[which, : run.lists, 0]
    error[which] = run.seats.mc_error[which, : run.lists, 0]
    return Proportion(value, error)


def passes_by_seats(rule: Rule) -> bool:
    """Whether there is no national level, so that a party passes that wins a seat."""
    return rule.threshold is None


@_number()
def seat_mean(run: Run) -> Proportion:
    return Proportion(*(part[:, : run.lists] for part in run.means))


@_number()
def seat_quantile(run: Run) -> Floats:
    return run.quantiles[:, : run.lists]


@_number()
def entering_seat_quantile(run: Run) -> Floats:
    seats = run.counts.totals.seats[:, : run.lists].astype(np.float64)
    with_seats = seats[..., 1:].sum(-1)
    by_seats = np.array([passes_by_seats(rule) for rule in run.rules], np.bool_)
    passes = np.where(by_seats[:, None], with_seats, run.counts.totals.passes[:, : run.lists])
    # Who holds seats passed: of the draws without one those count in which the party passes.
    seats[..., 0] = np.maximum(passes - with_seats, 0.0)
    only_they = np.array([not _lets_others_hold_seats(rule) for rule in run.rules], np.bool_)
    known = only_they[:, None] & (passes >= np.maximum(with_seats, LEAST_CONDITION_DRAWS))
    return np.where(known[..., None], seat_quantiles(seats, _QUANTILES), np.nan)


def _lets_others_hold_seats(rule: Rule) -> bool:
    """Whether a party may hold seats that does not pass."""
    unguarded = rule.districts is not None and rule.threshold is not None and not rule.districts.threshold
    return unguarded or rule.levelling is not None


@_number(certain=True)
def seat_probability(run: Run) -> Proportion:
    return Proportion(*(part[:, : run.lists] for part in run.seats))


@_number(rests_on=_kept)
def representative_seats(run: Run) -> Floats:
    """Of the draws kept the one with the least summed distance to the others."""
    return representative_draws(run.kept).astype(np.float64)


@_number(rests_on=_kept)
def largest_probability(run: Run) -> Proportion:
    return largest(run.kept)


@_number("places/probability", rests_on=_kept)
def place_probability(run: Run) -> Proportion:
    return places(run.kept)


@_number()
def majority_probability(run: Run) -> Proportion:
    return run.counts.proportion("majorities")


@_number()
def coalition_seat_mean(run: Run) -> Proportion:
    return Proportion(*(part[:, run.lists :] for part in run.means))


@_number()
def coalition_seat_quantile(run: Run) -> Floats:
    return run.quantiles[:, run.lists :]


@_number()
def coalition_seat_probability(run: Run) -> Floats:
    return run.seats.value[:, run.lists :]


@_number()
def event_probability(run: Run) -> Proportion:
    return run.events[0]


@_number()
def event_condition_draws(run: Run) -> NDArray[np.int64]:
    return run.events[1]


@_number()
def void_probability(run: Run) -> Proportion:
    return run.counts.proportion("void")


def numbers_of(run: Run, ballot: Ballot) -> tuple[Values, dict[str, int]]:
    """Every number over (rules, ...) and the options of the ballot, with its error; and how many draws those
    rest on that rest on fewer than all. What does not depend on the rule has no axis of rules.
    """
    values: Values = {}
    rests_on: dict[str, int] = {}
    for path, number in NUMBERS.items():
        found = number.function(run)
        parts = (
            zip((path, error_of(path)), found, strict=True)
            if isinstance(found, Proportion)
            else [(path, found)]
        )
        for name, array in parts:
            known = described(path)
            if known.of_votes:  # known of all that the estimate tells apart, and the same under every rule
                array = ballot.spread(array, 0, None)
            elif known.subject == "party":
                array = ballot.spread(array, 1, 0.0, certain=number.certain and name == path)
            values[name] = array
            if number.rests_on is not None:
                rests_on[name] = number.rests_on(run)
    return values, rests_on


def of_rule(values: Mapping[str, Any], rule: int) -> Values:
    """The numbers of one rule among several."""
    return {path: array if described(path).of_votes else array[rule] for path, array in values.items()}


class Ballot(NamedTuple):
    """The options of the ballot in the order of the file, and where the core has them."""

    ids: tuple[str, ...]
    units: Units

    def spread(self, values: Floats, axis: int, seatless: float | None, *, certain: bool = False) -> Floats:
        """Values over the core's lists (or, without ``seatless``, all units) along an axis -> over the
        ballot.

        NaN for options that the polls do not tell apart; ``seatless`` for those without seats by their kind,
        which are ``certain`` to have none where the last axis is a number of seats.
        """
        before = values.shape[:axis]
        spread = np.full((*before, len(self.ids), *values.shape[axis + 1 :]), np.nan)
        ahead = (slice(None),) * axis
        for k, unit in enumerate(self.units.ids):
            if unit not in self.ids:
                continue
            at = (*ahead, self.ids.index(unit))
            if seatless is None or k < self.units.lists:
                spread[at] = values[(*ahead, k)]
            else:
                spread[at] = seatless
                if certain:
                    spread[(*at, ..., 0)] = 1.0
        return spread


def representative_draws(kept: KeptDraws) -> NDArray[np.int64]:
    """(R, K) under every rule the seats with the least summed absolute distance to those of the other draws;
    of the first such draw.
    """
    most = int(kept.outcomes.max(initial=0)) + 1
    lists = kept.outcomes.shape[-1]
    values = np.arange(most)

    def often(seats: NDArray[np.int64]) -> NDArray[np.int64]:
        """(K, S + 1) how many draws have each number of seats."""
        cells = seats + most * np.arange(lists)[:, None]
        return np.bincount(cells.ravel(), minlength=lists * most).reshape(lists, most)

    def the_one(counted: NDArray[np.int64], held: NDArray[np.int64]) -> NDArray[np.int64]:
        # Draws with at most so many seats, and their seats: distances to those below and those above.
        draws, sums = np.cumsum(counted, axis=1), np.cumsum(counted * values, axis=1)
        below, above = values * draws - sums, (sums[:, -1:] - sums) - values * (draws[:, -1:] - draws)
        distance = np.zeros(held.shape[1], np.int64)
        for row, apart in zip(held, below + above, strict=True):
            distance += apart.take(row)
        return held[:, np.argmin(distance)].copy()

    return np.array([the_one(counted, held) for counted, held in _under_each(kept, often)])


def places(kept: KeptDraws) -> Proportion:
    """(R, K, P) shares of draws in which a list has each of the first ``MOST_PLACES`` places by seats under
    every rule, with errors; of lists with equal seats each has the better place.

    Errors as of independent draws, 1 / N where none or all have it.
    """

    def had(seats: NDArray[np.int64]) -> NDArray[np.int64]:
        # As many lists with more seats, so many places behind the first; a place without seats is none.
        place = np.add.reduce(seats[:, None] < seats, axis=1, dtype=np.int16)
        place[seats == 0] = MOST_PLACES
        return (place[:, None] == np.arange(MOST_PLACES, dtype=np.int16)[:, None]).sum(-1)

    return _shares_of_draws(kept, had)


def largest(kept: KeptDraws) -> Proportion:
    """(R, K) shares of draws in which a list has more seats than any other under every rule, with errors.

    Errors as of independent draws, 1 / N where none or all have it.
    """

    def had(seats: NDArray[np.int64]) -> NDArray[np.int64]:
        first = seats == seats.max(axis=0, initial=0)
        return (first & (first.sum(axis=0) == 1)).sum(axis=1)

    return _shares_of_draws(kept, had)


def median_houses(kept: KeptDraws) -> NDArray[np.int64]:
    """(R,) the median number of seats that are handed out under every rule; of two the whole number below
    their mean.
    """
    most = int(kept.outcomes.sum(axis=2).max(initial=0)) + 1
    ranks = np.array([(kept.draws - 1) // 2, kept.draws // 2]) + 1

    def often(seats: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(seats.sum(axis=0), minlength=most)

    middle = [np.searchsorted(np.cumsum(counted), ranks) for counted, _ in _under_each(kept, often)]
    return np.array(middle).sum(axis=1) // 2


def _shares_of_draws(kept: KeptDraws, had: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> Proportion:
    """Shares of draws, of what was ``had`` in some of them, seats (K, n)."""
    share = np.array([counted / kept.draws for counted, _ in _under_each(kept, had)])
    return Proportion(share, np.maximum(np.sqrt(share * (1.0 - share) / kept.draws), 1.0 / kept.draws))


def _under_each(
    kept: KeptDraws, count: Callable[[NDArray[np.int64]], NDArray[np.int64]]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Under one rule after the other what is counted over all draws, and the seats of these (K, N). ``count``
    adds up over draws, so that only those are looked at that differ from the rule before.
    """
    held = np.zeros((kept.outcomes.shape[-1], kept.draws), np.int64)
    counted: NDArray[np.int64] | None = None
    for at, seats in kept.changes(range(len(kept.which))):
        counted = count(seats) if counted is None else counted + (count(seats) - count(held[:, at]))
        held[:, at] = seats
        yield counted, held


def share_quantiles(histogram: NDArray[np.int64] | Floats, probabilities: Floats) -> Floats:
    """(U, Q) quantiles from histograms (U, SHARE_BINS + 1) of shares, linear within a bin."""
    result = np.empty((len(histogram), len(probabilities)))
    for k, counts in enumerate(histogram):
        cumulated = np.concatenate([[0], np.cumsum(counts)])
        wanted = probabilities * cumulated[-1]
        at = np.clip(np.searchsorted(cumulated, wanted, side="left") - 1, 0, len(counts) - 1)
        result[k] = (at + (wanted - cumulated[at]) / np.where(counts[at] > 0, counts[at], 1)) / SHARE_BINS
    return result


def seat_quantiles(distribution: NDArray[np.int64] | Floats, probabilities: Floats) -> Floats:
    """(..., Q) least number of seats with at least the wanted share of draws at or below it."""
    cumulated = np.cumsum(distribution, axis=-1)
    wanted = probabilities * cumulated[..., -1:]
    return (cumulated[..., None, :] < wanted[..., :, None] - 1e-9).sum(-1).astype(np.float64)
