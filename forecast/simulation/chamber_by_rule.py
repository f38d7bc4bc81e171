"""The whole chamber under many rules of its lists: the other tiers are drawn once, and are the same under
every rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Step
from forecast.kernels import count, sweep, whole_chamber
from forecast.kernels.arrays import BLOCK, new_rows
from forecast.simulation.chamber import counts_of, drawing_of, elected_in
from forecast.simulation.drawn_districts import DistrictBallots
from forecast.simulation.stages import Ballots, new_seats

if TYPE_CHECKING:
    from forecast.kernels.arrays import Seats
    from forecast.simulation.chamber import Chamber
    from forecast.simulation.pieces import Counted, KeptDraws
    from forecast.simulation.run_counts import Tallies


class Chambers:
    """What seats the tiers beside the lists of a bench, and adds them to the lists under one rule after the
    other. None of the tiers is set against the share of its lists.
    """

    def __init__(self, of: Chamber, ballots: Ballots, kept: KeptDraws, lists_most: int) -> None:
        assert kept.chamber is not None
        self._of, self._ballots, self._kept, self._seats_kept = of, ballots, kept, kept.chamber
        self._most = lists_most + of.seats
        self._holders = len(of.holders)
        self._coalitions = len(of.questions.coalition_starts) - 1
        self._events = len(of.questions.event_starts) - 1
        self._tiers = [self._new_seats() for _ in of.contests]
        self._whole = self._new_seats()
        self._workspace = count.CountWorkspace(
            new_rows((self._holders, BLOCK), np.uint16), np.zeros((2, BLOCK), np.int32)
        )
        self.first: list[Step] = []
        """What draws the tiers of a piece, before any rule."""
        for contests, tier, districts in zip(of.contests, self._tiers, of.districts, strict=True):
            whatever = contests._replace(about=contests.about.copy())
            whatever.about["ahead"] = True
            drawn = DistrictBallots(districts, ballots) if districts is not None else None
            won = np.zeros((len(contests.starts) - 1, self._holders), np.int64)
            self.first += drawing_of(whatever, ballots, drawn, elected_in(drawn, tier, won))

    def _new_seats(self) -> Seats:
        return new_seats(self._ballots.seats.house.shape[0], self._holders, self._coalitions)

    def _seated(self) -> Iterator[Step]:
        """The lists, as they are seated at this point, and the tiers beside them."""
        piece = self._ballots.piece
        yield whole_chamber.seat_lists.step(piece, self._ballots.seats, self._whole)
        for tier in self._tiers:
            yield whole_chamber.seat_tier.step(piece, tier, self._whole)

    def under(self, r: int, outcome: int) -> OneRule:
        """What counts the chamber under rule ``r``, whose lists are seated, and keeps it as ``outcome``."""
        shape = (self._holders + self._coalitions, count.WAYS, self._most + 1)
        counts = counts_of(shape, self._coalitions, self._events)
        here = self._ballots
        steps = [
            *self._seated(),
            count.count_seats.step(
                here.piece, here.claims, self._whole, self._of.questions, counts, self._workspace
            ),
            count.keep_seats.step(here.piece, self._whole, self._seats_kept[outcome]),
        ]
        return OneRule(r, steps, counts)

    def along(self, rows: Sequence[Counted]) -> ManyRules:
        """What counts the chamber along the rows of a grid."""
        return ManyRules(self, rows)

    def new_row_counts(self, length: int) -> sweep.RowCounts:
        """Counts of zero along a row of ``length`` thresholds."""
        return sweep.new_row_counts(length, self._holders, self._coalitions, self._events, self._most)

    def answers(self) -> tuple[list[Step], NDArray[np.int32]]:
        """What seats the chamber and answers the questions about it, and the answers."""
        here = self._ballots
        won = np.zeros((here.seats.house.shape[0], self._coalitions + self._events, BLOCK), np.int32)
        step = sweep.answer.step(
            here.piece, here.claims, self._whole, self._of.questions, won, self._workspace
        )
        return [*self._seated(), step], won

    def counted_along(self, row: Counted, won: NDArray[np.int32], counts: sweep.RowCounts) -> Iterator[Step]:
        """What counts the chamber that is seated along a row of rules, whose outcomes are told apart."""
        stretches = row.passing.stretches
        yield sweep.count_along.step(stretches, self._whole, won, counts)
        if self._kept.draws:
            yield sweep.keep_along.step(
                self._ballots.piece,
                stretches,
                row.standing,
                self._kept.which,
                self._whole,
                self._seats_kept,
            )


class OneRule:
    """Counts of the chamber under one rule."""

    def __init__(self, r: int, steps: list[Step], counts: count.Counts) -> None:
        self.steps, self._r, self._counts = steps, r, counts

    def begin(self) -> None:
        """Start a span with counts of zero."""
        for part in self._counts:
            part[...] = 0

    def finish(self, tallies: Tallies, row: int) -> None:
        """Add the counts of a span to a row of the tallies of the chamber."""
        r = self._r
        tallies.seats[row, r] += self._counts.seats.sum(1, dtype=np.uint32)
        tallies.majorities[row, r] += self._counts.majorities
        tallies.events[row, r] += self._counts.events
        tallies.void[row, r] += self._counts.void[0]


class ManyRules:
    """Counts of the chamber under the rules of a grid."""

    def __init__(self, chambers: Chambers, rows: Sequence[Counted]) -> None:
        self._chambers, self._rows = chambers, rows
        self._counts = [chambers.new_row_counts(row.passing.length) for row in rows]
        self._answers, self._won = chambers.answers()

    def steps(self, a: int) -> Iterator[Step]:
        """What counts the chamber after the seats of method ``a``."""
        yield from self._answers
        for row, counts in zip(self._rows, self._counts, strict=True):
            if row.row.method == a:
                yield from self._chambers.counted_along(row, self._won, counts)

    def finish(self, draws: int, of: Tallies, row: int) -> None:
        """Add the counts of a span of so many draws to a row of the tallies of the chamber."""
        mine = sweep.RuleTallies(
            of.passes[row], of.void[row], of.seats[row], of.majorities[row], of.events[row]
        )
        for one, counts in zip(self._rows, self._counts, strict=True):
            sweep.add_up(counts, one.passing.passes, one.passing.void, one.standing, draws, mine)
