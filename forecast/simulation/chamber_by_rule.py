"""The whole chamber under many rules of its lists: the other tiers are drawn once, and are the same under
every rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Step
from forecast.kernels import count, sweep, whole_chamber
from forecast.kernels.arrays import BLOCK, new_rows
from forecast.simulation.chamber import new_contest_workspace
from forecast.simulation.drawn_districts import NOWHERE, DistrictBallots, no_votes
from forecast.simulation.stages import Ballots, new_seats

if TYPE_CHECKING:
    from forecast.kernels.arrays import Seats
    from forecast.rules.grids import Grid, Row
    from forecast.simulation.chamber import Chamber
    from forecast.simulation.run_counts import Tallies


class Chambers:
    """What seats the tiers beside the lists of a bench, and adds them to the lists under one rule after the
    other. None of the tiers is set against the share of its lists.
    """

    def __init__(self, of: Chamber, ballots: Ballots, kept: NDArray[np.int64], lists_most: int) -> None:
        self._of, self._ballots, self._kept = of, ballots, kept
        self._most = lists_most + of.seats
        self._holders = len(of.holders)
        self._coalitions = len(of.questions.coalition_starts) - 1
        self._events = len(of.questions.event_starts) - 1
        fill = whole_chamber.fill_tier_given if ballots.given else whole_chamber.fill_tier_drawn
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
            self.first += [
                *(drawn.steps if drawn is not None else ()),
                fill.step(
                    whatever,
                    ballots.piece,
                    ballots.votes,
                    drawn.votes if drawn is not None else no_votes(self._holders),
                    ballots.seats,
                    new_contest_workspace(self._holders),
                    tier,
                    np.zeros((len(contests.starts) - 1, self._holders), np.int64),
                    drawn.winners if drawn is not None else NOWHERE,
                ),
            ]

    def _new_seats(self) -> Seats:
        return new_seats(self._ballots.seats.house.shape[0], self._holders, self._coalitions)

    def _seated(self) -> Iterator[Step]:
        """The lists, as they are seated at this point, and the tiers beside them."""
        piece = self._ballots.piece
        yield whole_chamber.seat_lists.step(piece, self._ballots.seats, self._whole)
        for tier in self._tiers:
            yield whole_chamber.seat_tier.step(piece, tier, self._whole)

    def under(self, r: int) -> OneRule:
        """What counts the chamber under rule ``r``, whose lists are seated."""
        counts = count.Counts(
            np.zeros((self._holders + self._coalitions, count.WAYS, self._most + 1), np.uint32),
            np.zeros(self._coalitions, np.int64),
            np.zeros(self._events, np.int64),
            np.zeros(1, np.int64),
        )
        here = self._ballots
        steps = [
            *self._seated(),
            count.count_seats.step(
                here.piece, here.claims, self._whole, self._of.questions, counts, self._workspace
            ),
            count.keep_seats.step(here.piece, self._whole, self._kept[r]),
        ]
        return OneRule(r, steps, counts)

    def along(self, grid: Grid) -> ManyRules:
        """What counts the chamber under the rules of a grid."""
        return ManyRules(self, grid)

    def new_row_counts(self, row: Row) -> sweep.RowCounts:
        """Counts of zero along a row of rules."""
        blocs, length = self._holders + self._coalitions, len(row.rules) + 1
        return sweep.RowCounts(
            np.zeros(blocs * (self._most + 1) * length, np.int32),
            np.zeros((self._coalitions, length), np.int32),
            np.zeros((self._events, length), np.int32),
            np.zeros(blocs + 1, np.int64),
        )

    def answers(self) -> tuple[list[Step], NDArray[np.int32]]:
        """What seats the chamber and answers the questions about it, and the answers."""
        here = self._ballots
        won = np.zeros((here.seats.house.shape[0], self._coalitions + self._events, BLOCK), np.int32)
        step = sweep.answer.step(
            here.piece, here.claims, self._whole, self._of.questions, won, self._workspace
        )
        return [*self._seated(), step], won

    def counted_along(
        self, stretches: sweep.Stretches, row: Row, won: NDArray[np.int32], counts: sweep.RowCounts
    ) -> Iterator[Step]:
        """What counts the chamber that is seated along a row of rules."""
        yield sweep.count_along.step(stretches, self._whole, won, counts)
        if self._kept.shape[1]:
            yield sweep.keep_along.step(self._ballots.piece, stretches, self._whole, row.rules, self._kept)


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

    def __init__(self, chambers: Chambers, grid: Grid) -> None:
        self._chambers, self._grid = chambers, grid
        self._counts = [chambers.new_row_counts(row) for row in grid.rows]
        self._answers, self._won = chambers.answers()

    def steps(self, a: int, stretches: list[sweep.Stretches]) -> Iterator[Step]:
        """What counts the chamber after the seats of method ``a`` where each row of the grid has
        ``stretches``.
        """
        yield from self._answers
        for number, row in enumerate(self._grid.rows):
            if row.method == a:
                yield from self._chambers.counted_along(
                    stretches[number], row, self._won, self._counts[number]
                )

    def finish(
        self,
        passes: list[NDArray[np.int32]],
        void: list[NDArray[np.int64]],
        draws: int,
        of: Tallies,
        row: int,
    ) -> None:
        """Add the counts of a span of so many draws to a row of the tallies of the chamber; ``passes`` and
        ``void`` are those of each row of the grid.
        """
        mine = sweep.RuleTallies(
            of.passes[row], of.void[row], of.seats[row], of.majorities[row], of.events[row]
        )
        for number, which in enumerate(self._grid.rows):
            sweep.add_up(self._counts[number], passes[number], void[number], which.rules, draws, mine)
