"""The way of a piece of draws through the compiled stages: draw, admit, divide, count.

Every stage is a kernel of its own; here stands their order for a run, as a program that compiled code
(``drive``) goes through for every piece. A bench belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Step
from forecast.kernels import count, draw, sweep
from forecast.kernels.arrays import BLOCK, STREAM, new_rows
from forecast.kernels.count import SHARE_BINS, Questions
from forecast.kernels.drive import drive
from forecast.kernels.laws import Constraints, Law
from forecast.rules.compiled import Course, Grid, Lead, Row, Rules, ends_of, ranges_of
from forecast.simulation.chamber import Assembly, Chambers, OneRule
from forecast.simulation.inputs import SAMPLER_DRAWN, SAMPLER_GIVEN, SAMPLER_SOBOL, Draws, source_of
from forecast.simulation.local import KeptDistricts, LocalBench
from forecast.simulation.run_counts import Tallies
from forecast.simulation.stages import (
    Ballots,
    Forms,
    division,
    new_admission,
    new_claims,
    new_piece,
    new_seats,
    new_votes,
    new_words,
)

PIECE_BYTES = 2**17
"""Of the votes of a piece: it and what follows from it stay in the second-level cache."""

MOST_BLOCKS = STREAM // BLOCK


def blocks_of_piece(units: int) -> int:
    """Blocks of a piece for so many units on the ballot."""
    return min(max(round(PIECE_BYTES / (4 * BLOCK * units)), 1), MOST_BLOCKS)


class Span(NamedTuple):
    """Draws of one replicate from its ``first`` on; ``number`` counts from the first draw of the run."""

    replicate: int
    first: int
    draws: int
    number: int


class KeptDraws(NamedTuple):
    """The first draws of a run. Under most rules of a sweep a draw has the seats that it has under many
    others: these are its outcomes, and stand once.
    """

    shares: NDArray[np.float64]
    """(places, U)"""
    outcomes: NDArray[np.int64]
    """(outcomes, places, K) seats."""
    which: NDArray[np.uint16]
    """(R, places) which outcome of a draw is that under a rule."""
    districts: KeptDistricts | None = None
    chamber: NDArray[np.int64] | None = None
    """(outcomes, places, H) seats of the whole chamber, where it has tiers beside the lists."""

    @property
    def draws(self) -> int:
        """How many they are."""
        return len(self.shares)

    @property
    def seats(self) -> NDArray[np.int64]:
        """(R, places, K)"""
        return self.outcomes[self.which, np.arange(self.draws)]

    def seats_of(self, rule: int) -> NDArray[np.int64]:
        """(places, K) under one of the rules."""
        return self.outcomes[self.which[rule], np.arange(self.draws)]

    def changes(self, rules: Iterable[int]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """For one rule after the other the draws (n,) that have another outcome than under the rule before
        it, at first all, and their seats (K, n): neighbours in a sweep differ in few.
        """
        before: NDArray[np.uint16] | None = None
        for rule in rules:
            which = self.which[rule]
            at = np.arange(self.draws) if before is None else np.flatnonzero(which != before)
            yield at, np.ascontiguousarray(self.outcomes[which[at], at].T)
            before = which

    def first(self, number: int) -> KeptDraws:
        """So many of the draws, their districts aside."""
        return self._replace(
            shares=self.shares[:number],
            outcomes=self.outcomes[:, :number],
            which=self.which[:, :number],
            chamber=None if self.chamber is None else self.chamber[:, :number],
        )

    @property
    def of_chamber(self) -> KeptDraws:
        """The same, with the seats of the whole chamber as ``outcomes``."""
        assert self.chamber is not None
        return self._replace(outcomes=self.chamber)


class Counter(Protocol):
    """What counts the votes of pieces under some rules."""

    steps: list[Step]
    """What it does to a piece."""

    def begin(self) -> None:
        """Start a span with counts of zero."""
        ...

    def finish(self, tallies: Tallies, row: int, draws: int, of_chamber: Tallies | None) -> None:
        """Add the counts of a span of so many draws to a row of the tallies, and of those of the chamber."""
        ...


class Bench:
    """The arrays that pieces of draws pass through, and the stages in their order."""

    def __init__(
        self,
        draws: Draws,
        rules: Rules,
        course: Course,
        questions: Questions,
        share_every: int,
        kept: KeptDraws,
    ) -> None:
        self._draws, self.rules, self.questions, self.kept = draws, rules, questions, kept
        self.units, self.lists = len(draws.location), rules.lists
        given = draws.sampler == SAMPLER_GIVEN
        by_winners = draws.chamber is not None and draws.chamber.by_block
        self.blocks = 1 if draws.pattern is not None or by_winners else blocks_of_piece(self.units)
        self.forms = Forms(draws, rules)
        self.ballots = Ballots(
            new_piece(lots=(int(draws.seed) ^ _LOTS or 1) if given else 0),
            new_votes(self.blocks, draws, given=given),
            new_claims(self.blocks, self.lists, corrects=_any_corrects(rules)),
            new_seats(self.blocks, self.lists, len(questions.coalition_starts) - 1),
        )
        self.local: LocalBench | None = None
        if draws.pattern is not None and kept.districts is not None:
            self.local = LocalBench(draws, rules, draws.pattern, kept.districts)
        self.counting = count.CountWorkspace(
            new_rows((self.lists, BLOCK), np.uint16), np.zeros((2, BLOCK), np.int32)
        )
        self.shares = count.Shares(
            np.zeros((self.units, SHARE_BINS + 1), np.int64),
            np.zeros(self.units, np.int64),
            np.zeros(1, np.int64),
            np.zeros(BLOCK),
            np.zeros(BLOCK, np.int32),
        )
        self.assembly, self.chambers = self._whole_chamber(draws)
        self._begin_replicate: Step | None = None
        self.singles = {r: Single(self, r, outcome) for outcome, r in enumerate(rules.singles)}
        self._counters: list[Counter] = list(self.singles.values())
        self._counters += [
            Sweep(self, grid, *parts) for grid, parts in zip(rules.grids, course.grids, strict=True)
        ]
        self._steps = [
            self._source(),
            *([self.local.project(self.forms, self.ballots)] if self.local is not None else []),
            self.forms.shares.step(self.ballots.piece, self.ballots.votes, share_every, self.shares),
            self.forms.keep_shares.step(self.ballots.piece, self.ballots.votes, kept.shares),
            *(self.chambers.first if self.chambers is not None else ()),
            *(step for counter in self._counters for step in counter.steps),
            *(self.assembly.steps if self.assembly is not None else ()),
        ]
        program = np.array([(step.address, step.table.ctypes.data) for step in self._steps])
        self._drive = drive.step(program, self.ballots.piece, self.blocks * BLOCK)

    def _whole_chamber(self, draws: Draws) -> tuple[Assembly | None, Chambers | None]:
        """The tiers beside the lists: under one rule, or under many."""
        if draws.chamber is None or self.kept.chamber is None:
            return None, None
        most = self.rules.most_seats
        if len(self.rules.records) == 1:
            return Assembly(draws.chamber, self.ballots, self.kept.chamber[0], most, self.local), None
        ahead = any(one.about["ahead"][0] for one in draws.chamber.contests)
        assert not ahead, "winners that count for their lists are those of one rule"
        return None, Chambers(draws.chamber, self.ballots, self.kept, most)

    def _source(self) -> Step:
        """What fills the votes of a piece."""
        draws = self._draws
        if draws.sampler in (SAMPLER_GIVEN, SAMPLER_DRAWN):
            return self.forms.draw.step(draws.given, self.ballots.piece, self.ballots.votes)
        source = source_of(draws)
        words = new_words(source, len(draws.directions))
        if draws.sampler == SAMPLER_SOBOL:
            self._begin_replicate = draw.begin_replicate.step(
                draws.seed, self.ballots.piece, draws.directions, words
            )
        return self.forms.draw.step(source, self.ballots.piece, words, self.ballots.votes)

    @property
    def divided(self) -> Ballots:
        """The ballots with the votes by which national seats are divided."""
        return self.assembly.divided if self.assembly is not None else self.ballots

    def law(self, r: int) -> Law:
        """The numbers of rule ``r`` by list."""
        rules = self.rules
        top, bottom, weights = rules.numerators[r], rules.denominators[r], rules.weights[r]
        return Law(
            top,
            bottom,
            (top / bottom).astype(np.float32),
            weights,
            weights.astype(np.float32),
            self._draws.not_lists.astype(np.int64),
            rules.divisors,
            rules.pacts[r],
        )

    def run(self, span: Span, tallies: Tallies, row: int, of_chamber: Tallies | None = None) -> None:
        """Draw and count a span, into a row of the tallies, and of those of the chamber."""
        here = self.ballots.piece[0]
        here["replicate"], here["first"], here["place"] = span.replicate, span.first, span.number
        here["end"] = span.first + span.draws
        if self._begin_replicate is not None:
            self._begin_replicate.run()
        for counter in (*self._counters, *((self.assembly,) if self.assembly is not None else ())):
            counter.begin()
        self._drive.run()
        for counter in self._counters:
            counter.finish(tallies, row, span.draws, of_chamber)
        if self.assembly is not None and of_chamber is not None:
            self.assembly.finish(of_chamber, row)


_LOTS = 0x107


def _any_corrects(rules: Rules) -> bool:
    """Whether some law corrects the quotients of runners-up, or has levels of alliances."""
    corrects = rules.records["correction"] != rules.records["uncorrected"]
    return bool(np.any(corrects | (rules.records["pacts"] > 0)))


class Odd(NamedTuple):
    """What a division counts besides seats."""

    beyond: NDArray[np.int64]
    """(1,) houses that grow too large."""
    passes: NDArray[np.int64]
    """(K,) draws in which a list takes part that the districts let in."""


def divisions(bench: Bench, r: int, odd: Odd, *, places: bool = False) -> list[Step]:
    """What divides the seats of the bench's claims by rule ``r``, and with ``places`` finds out in which
    districts they are.
    """
    record, law, steps = bench.rules.records[r : r + 1].copy(), bench.law(r), []
    tier, constraints = bench.rules.tiers[r], bench.rules.constraints[r]
    if tier is not None and bench.local is not None:
        steps += bench.local.divide(record, tier, law, bench.ballots, odd.passes)
    if tier is None or tier.divides_nationally:
        houses = np.full(bench.blocks, record["seats"][0])
        about: NDArray[np.int64] | Constraints = houses
        if constraints is not None:
            about = constraints._replace(houses=houses, held=np.repeat(constraints.held, bench.blocks, 0))
        ballots = bench.divided
        if tier is not None and tier.voters and bench.local is not None:
            ballots, counting = bench.local.voters(tier, law, bench.ballots)
            steps += counting
        steps.append(division(record, law, about, ballots, odd.beyond))
    if places and tier is not None and bench.local is not None:
        steps += bench.local.place(record, tier, law, bench.ballots)
    return steps


class Single:
    """A rule that is applied by itself."""

    def __init__(self, bench: Bench, r: int, outcome: int) -> None:
        self._r = r
        lists, blocs = bench.lists, bench.ballots.seats.whole.shape[1]
        self._passes, self._beyond = np.zeros(lists, np.int64), np.zeros(1, np.int64)
        self._counts = count.Counts(
            np.zeros((blocs, count.WAYS, bench.rules.most_seats + 1), np.uint32),
            np.zeros(blocs - lists, np.int64),
            np.zeros(len(bench.questions.event_starts) - 1, np.int64),
            np.zeros(1, np.int64),
        )
        rule, here = bench.rules.records[r : r + 1].copy(), bench.ballots
        admission = new_admission(lists)
        self._local = bench.local.count(r) if bench.local is not None and bench.rules.tiers[r] else None
        self._chamber: OneRule | None = None
        if bench.chambers is not None:
            self._chamber = bench.chambers.under(r, outcome)
        self.steps = [
            bench.forms.admit.step(
                rule, bench.law(r), here.piece, here.votes, here.claims, self._passes, admission
            ),
            *(bench.assembly.ahead(bench.law(r), self._passes) if bench.assembly is not None else ()),
            *divisions(bench, r, Odd(self._beyond, self._passes), places=True),
            count.count_seats.step(
                here.piece, here.claims, here.seats, bench.questions, self._counts, bench.counting
            ),
            count.keep_seats.step(here.piece, here.seats, bench.kept.outcomes[outcome]),
            *(self._local.steps if self._local is not None else ()),
            *(self._chamber.steps if self._chamber is not None else ()),
        ]

    def begin(self) -> None:
        for counts in (self._passes, self._beyond, *self._counts):
            counts[...] = 0
        if self._chamber is not None:
            self._chamber.begin()

    def finish(self, tallies: Tallies, row: int, draws: int, of_chamber: Tallies | None) -> None:
        r = self._r
        tallies.passes[row, r] += self._passes
        tallies.void[row, r] += self._counts.void[0]
        tallies.beyond[row, r] += self._beyond[0]
        tallies.seats[row, r] += self._counts.seats.sum(1, dtype=np.uint32)
        tallies.majorities[row, r] += self._counts.majorities
        tallies.events[row, r] += self._counts.events
        if self._local is not None:
            self._local.finish()
        if self._chamber is not None and of_chamber is not None:
            self._chamber.finish(of_chamber, row)

    @property
    def district_seats(self) -> NDArray[np.int64] | None:
        """(D, K, S + 1) histograms by district since the run began, where there are districts."""
        return self._local.seats if self._local is not None else None


class _Passing:
    """Who passes the thresholds of a lead."""

    def __init__(self, bench: Bench, lead: Lead, number: NDArray[np.int64]) -> None:
        self.levels = sweep.levels_of(lead.numerators, lead.denominators, lead.bases, lead.heights)
        self.length = len(lead.bases)
        self.first_out = np.zeros((bench.blocks, bench.lists + 1, sweep.ROW), np.int32)
        draw, begin, end = np.zeros((3, bench.blocks * BLOCK + 1), np.int32)
        self.stretches = sweep.Stretches(draw, begin, end, number)
        self.passes = np.zeros((bench.lists, self.length + 1), np.int32)
        self.void = np.zeros(self.length + 1, np.int64)


class Counted(NamedTuple):
    """What is counted along a row, and which draws are kept."""

    row: Row
    passing: _Passing
    standing: sweep.Standing
    counts: sweep.RowCounts
    told: NDArray[np.uint16]
    """(places,) how many outcomes of the draws that are kept are told apart."""


class Sweep:
    """The rules of a grid."""

    def __init__(self, bench: Bench, grid: Grid, leads: Sequence[Lead], rows: Sequence[Row]) -> None:
        self._bench, self._grid = bench, grid
        lists, blocs = bench.lists, bench.ballots.seats.whole.shape[1]
        self._numbers = np.zeros(len(leads), np.int64)
        self._passing = [_Passing(bench, lead, self._numbers[j : j + 1]) for j, lead in enumerate(leads)]
        events = len(bench.questions.event_starts) - 1
        self._won = np.zeros((bench.blocks, blocs - lists + events, BLOCK), np.int32)
        self._rows: list[Counted] = []
        for row in rows:
            passing = self._passing[row.lead]
            starts = np.searchsorted(row.levels, np.arange(passing.length + 1))
            standing = sweep.Standing(row.rules, row.levels, starts.astype(np.int64))
            counts = sweep.new_row_counts(
                passing.length, lists, blocs - lists, events, bench.rules.most_seats
            )
            told = np.zeros(bench.kept.draws, np.uint16)
            self._rows.append(Counted(row, passing, standing, counts, told))
        shape = (bench.blocks, lists, BLOCK)
        self._ranks = sweep.Ranks(np.zeros(shape, np.int32), np.zeros(shape, np.int32))
        self._chamber = bench.chambers.along(self._rows) if bench.chambers is not None else None
        self.steps = [
            sweep.rank_lists.step(bench.ballots.piece, bench.ballots.votes, self._ranks),
            *self._who_passes(),
            *self._who_wins(),
        ]

    def _who_passes(self) -> Iterator[Step]:
        bench, r = self._bench, self._grid.methods[0]
        record, law, bases = bench.rules.records[r : r + 1].copy(), bench.law(r), np.zeros((5, BLOCK))
        least, returns = ends_of(record[0], bench.lists)
        for lead in self._passing:
            yield sweep.find_failures.step(
                record,
                law,
                lead.levels,
                bench.ballots.piece,
                bench.ballots.votes,
                self._ranks,
                lead.first_out,
                bases,
            )
            yield sweep.count_passes.step(
                bench.ballots.piece, self._ranks, lead.first_out, least, returns, lead.length, lead.passes
            )

    def _who_wins(self) -> Iterator[Step]:
        """For every number m of lists: where the m largest take part, and what they win there by every
        method.
        """
        bench, methods, leads = self._bench, self._grid.methods, self._passing
        odd = Odd(np.zeros(1, np.int64), np.zeros(bench.lists, np.int64))
        by_method = [divisions(bench, r, odd) for r in methods]
        law = bench.law(methods[0])
        for m, most, least in ranges_of(bench.rules.records[methods[0]], bench.lists):
            for lead in leads:
                yield sweep.find_stretches.step(
                    bench.ballots.piece, lead.first_out, most, least, lead.length, lead.stretches
                )
            if m == 0:
                yield from (sweep.count_void.step(lead.stretches, lead.void) for lead in leads)
            claiming = sweep.claim_largest.step(
                bench.ballots.piece, bench.ballots.votes, self._ranks, m, law, bench.ballots.claims
            )
            steps = [claiming]
            for a, steps_of_method in enumerate(by_method):
                steps += [*steps_of_method, *self._what_is_won(a)]
            yield sweep.any_stretch.step(self._numbers, len(steps))
            yield from steps

    def _what_is_won(self, a: int) -> Iterator[Step]:
        """Count the seats of a method of the grid where its rows have stretches."""
        bench, kept = self._bench, self._bench.kept
        piece, seats = bench.ballots.piece, bench.ballots.seats
        yield sweep.answer.step(
            piece, bench.ballots.claims, seats, bench.questions, self._won, bench.counting
        )
        for one in self._rows:
            if one.row.method == a:
                stretches = one.passing.stretches
                yield sweep.count_along.step(stretches, seats, self._won, one.counts)
                if kept.draws:
                    first = one.row.outcomes.start
                    yield sweep.tell_apart.step(piece, stretches, one.standing, first, one.told, kept.which)
                    yield sweep.keep_along.step(
                        piece, stretches, one.standing, kept.which, seats, kept.outcomes
                    )
        if self._chamber is not None:
            yield from self._chamber.steps(a)

    def begin(self) -> None:
        for lead in self._passing:
            lead.passes[...] = 0
            lead.void[...] = 0

    def finish(self, tallies: Tallies, row: int, draws: int, of_chamber: Tallies | None) -> None:
        mine = sweep.RuleTallies(
            tallies.passes[row],
            tallies.void[row],
            tallies.seats[row],
            tallies.majorities[row],
            tallies.events[row],
        )
        for one in self._rows:
            sweep.add_up(one.counts, one.passing.passes, one.passing.void, one.standing, draws, mine)
        if self._chamber is not None and of_chamber is not None:
            self._chamber.finish(draws, of_chamber, row)
