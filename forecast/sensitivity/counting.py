"""Counts of a batch of rules -> numbers by variant: chances, seats, differences from the base rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.result import LEAST_CONDITION_DRAWS, QUANTILES
from forecast.sensitivity.paired import Estimated, difference_over_draws, difference_over_replicates
from forecast.simulation.labelling import representative_draw, seat_quantiles

if TYPE_CHECKING:
    from forecast.simulation.counts import RunCounts
    from forecast.simulation.running import KeptDraws

Floats = NDArray[np.float64]
Arrays = dict[str, Floats]


class Answers:
    """Arrays by name, (V, ...), filled batch by batch; missing numbers of seats stay 0."""

    def __init__(self, variants: int, seats: int) -> None:
        self._variants, self._seats = variants, seats
        self.arrays: Arrays = {}

    def put(self, at: NDArray[np.int64], found: Arrays) -> None:
        """Write what was found about the variants ``at``."""
        for name, values in found.items():
            by_seats = name in BY_SEATS
            shape = (*values.shape[1:-1], self._seats + 1) if by_seats else values.shape[1:]
            if name not in self.arrays:
                self.arrays[name] = np.zeros((self._variants, *shape))
            if by_seats:
                self.arrays[name][at, ..., : values.shape[-1]] = values
            else:
                self.arrays[name][at] = values


BY_SEATS = frozenset({"seat_probability", "seat_mc_error", "moved_probability"})
"""Arrays whose last dimension is a number of seats."""


def chances_and_seats(counts: RunCounts, kept: KeptDraws, houses: Sequence[int]) -> Arrays:
    """Everything that one rule's counts say, for the rules 1, 2, ... of a run (rule 0 is the base rule).

    ``houses`` (V,): the most seats that each rule hands out. Lists and coalitions stand behind each other in
    seats, (V, K + C, ...).
    """
    found: Arrays = {}
    for name, tally in (("pass", "passes"), ("majority", "majorities"), ("void", "void"), ("seat", "seats")):
        share = counts.proportion(tally)
        found[f"{name}_probability"], found[f"{name}_mc_error"] = share.value[1:], share.mc_error[1:]
    # More seats than a rule hands out are impossible, not merely unseen.
    possible = np.arange(found["seat_mc_error"].shape[-1]) <= np.asarray(houses)[:, None]
    found["seat_mc_error"] = np.where(possible[:, None, :], found["seat_mc_error"], 0.0)
    means = counts.seat_means()
    found["seat_mean"], found["seat_mean_mc_error"] = means.value[1:], means.mc_error[1:]
    found["seat_quantile"] = seat_quantiles(counts.totals.seats[1:], np.array(QUANTILES))
    found |= _events(counts)
    found["representative_seats"] = np.array(
        [seats[representative_draw(seats)] for seats in kept.seats[1:]], np.float64
    ).reshape(len(kept.seats) - 1, -1)
    return found


def _events(counts: RunCounts) -> Arrays:
    rules, number = counts.totals.events.shape[0], counts.totals.events.shape[1] // 2
    found = np.empty((3, rules - 1, number))
    for rule in range(1, rules):
        for e in range(number):
            value, error, drawn = counts.ratio("events", above=2 * e + 1, below=2 * e, rule=rule)
            if drawn < LEAST_CONDITION_DRAWS and drawn < counts.draws:
                value = error = float("nan")
            found[:, rule - 1, e] = value, error, drawn
    return dict(zip(("event_probability", "event_mc_error", "event_condition_draws"), found, strict=True))


def differences(counts: RunCounts, same: NDArray[np.bool_], squares: Arrays | None) -> Arrays:
    """Differences of rules 1, 2, ... from rule 0, with paired errors.

    ``same`` (V,) marks copies of the base rule.

    ``squares``: of plain random draws, the mean squared difference of a draw (see ``detail``).
    """
    seats = counts.by_replicate["seat_sums"]
    tallies = {
        "pass": counts.by_replicate["passes"],
        "majority": counts.by_replicate["majorities"],
        "seat_mean": seats,
    }
    found: Arrays = {}
    for name, tally in tallies.items():
        if squares is None:
            apart = difference_over_replicates(tally[:, 1:], tally[:, 0], counts.sizes)
        else:
            apart = difference_over_draws(
                tally[:, 1:].sum(0), tally[:, 0].sum(0), squares[name], counts.draws
            )
        _put_pair(found, f"{name}_difference", apart, same)
    return found


def _put_pair(found: Arrays, name: str, pair: Estimated, same: NDArray[np.bool_]) -> None:
    """A rule does not differ from itself, without error."""
    found[name] = pair.value
    found[f"{name}_mc_error"] = np.where(same[:, None], 0.0, pair.mc_error)


def batches(order: Sequence[int] | NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Variants in batches of at most ``size``."""
    numbers = np.asarray(order, np.int64)
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]
