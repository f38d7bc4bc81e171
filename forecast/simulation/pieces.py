"""The way of a piece of draws through the compiled stages: draw, admit, divide, count.

Every stage is a kernel of its own; here stands their order for a run, as a program that compiled code
(``drive``) goes through for every piece. A bench belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Kernel, Step
from forecast.kernels import (
    admit,
    constrain,
    count,
    divide_divisor,
    divide_exactly,
    divide_quota,
    draw,
    sweep,
)
from forecast.kernels.arrays import BLOCK, LANES, PIECE, STREAM, Claims, GivenVotes, Seats, Votes, new_rows
from forecast.kernels.count import SHARE_BINS, Questions
from forecast.kernels.drive import drive
from forecast.kernels.laws import FAMILY_DIVISOR, Law
from forecast.kernels.one_draw import DRAW_ROWS
from forecast.kernels.sobol import BITS
from forecast.rules.grids import Grid, Row, Rules
from forecast.simulation.counts import Tallies
from forecast.simulation.inputs import SAMPLER_GIVEN, SAMPLER_SOBOL, Draws, source_of

PIECE_BYTES = 2**17
"""Of the votes of a piece: it and what follows from it stay in the second-level cache."""

MOST_BLOCKS = STREAM // BLOCK


def blocks_of_piece(units: int, districts: int = 1) -> int:
    """Blocks of a piece for so many units on the ballot, in so many districts."""
    return min(max(round(PIECE_BYTES / (4 * BLOCK * units * districts)), 1), MOST_BLOCKS)


class Forms:
    """Which form of every stage a run needs, and all of them for its compilation."""

    def __init__(self, draws: Draws, rules: Rules) -> None:
        given = draws.sampler == SAMPLER_GIVEN
        self.draw = draw.draw_sobol if draws.sampler == SAMPLER_SOBOL else draw.draw_plain
        self.admit = admit.admit_given if given else admit.admit_drawn
        self.keep_shares = count.keep_shares_given if given else count.keep_shares_drawn
        self.shares = count.count_shares_given if given else count.count_shares_drawn
        self.divisor = divide_divisor.divide_divisor_given if given else divide_divisor.divide_divisor_drawn
        self.quota = divide_quota.divide_quota_given if given else divide_quota.divide_quota_drawn
        self.exactly = divide_exactly.divide_exactly_given if given else divide_exactly.divide_exactly_drawn
        self.constrain = constrain.constrain_given if given else constrain.constrain_drawn
        self._given = given
        self._sobol = draws.sampler == SAMPLER_SOBOL
        self._rules = rules

    def divide(self, record: np.void) -> Kernel:
        """How a rule divides."""
        if record["constrained"]:
            return self.constrain
        if not record["single_precision"]:
            return self.exactly
        return self.divisor if record["family"] == FAMILY_DIVISOR else self.quota

    def needed(self) -> list[Kernel]:
        """All that the run will call, what takes longest to compile first."""
        records, grids = self._rules.records, self._rules.grids
        methods = [a for grid in grids for a in grid.methods]
        needed = [self.divide(records[r]) for r in (*self._rules.singles, *methods)]
        needed.append(draw.take_given if self._given else self.draw)
        if self._sobol:
            needed.append(draw.begin_replicate)
        if self._rules.singles:
            needed += [self.admit, count.count_seats, count.keep_seats]
        if grids:
            needed += sweep.KERNELS
        return list(dict.fromkeys([*needed, self.shares, self.keep_shares, drive]))


class Span(NamedTuple):
    """Draws of one replicate from its ``first`` on; ``number`` counts from the first draw of the run."""

    replicate: int
    first: int
    draws: int
    number: int


class KeptDraws(NamedTuple):
    """The first draws of a run: shares (places, U) and seats (R, places, K)."""

    shares: NDArray[np.float64]
    seats: NDArray[np.int64]


class Counter(Protocol):
    """What counts the votes of pieces under some rules."""

    steps: list[Step]
    """What it does to a piece."""

    def begin(self) -> None:
        """Start a span with counts of zero."""
        ...

    def finish(self, tallies: Tallies, row: int, draws: int) -> None:
        """Add the counts of a span of so many draws to a row of the tallies."""
        ...


class Bench:
    """The arrays that pieces of draws pass through, and the stages in their order."""

    def __init__(
        self, draws: Draws, rules: Rules, questions: Questions, share_every: int, kept: KeptDraws
    ) -> None:
        self._draws, self.rules, self.questions, self.kept = draws, rules, questions, kept
        self.units, self.lists = len(draws.location), rules.lists
        self.blocks = blocks_of_piece(self.units)
        self.forms = Forms(draws, rules)
        self.piece = self._new_piece()
        self.votes = self._new_votes()
        self.claims = self._new_claims()
        blocs = self.lists + len(questions.coalition_starts) - 1
        self.seats = Seats(
            new_rows((self.blocks, blocs, BLOCK), np.uint16),
            new_rows((self.blocks, BLOCK), np.uint16),
            np.zeros((self.blocks, self.lists), np.bool_),
        )
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
        self._counters: list[Counter] = [Single(self, r) for r in rules.singles]
        self._counters += [Sweep(self, grid) for grid in rules.grids]
        self._steps = [
            self._source(),
            self.forms.shares.step(self.piece, self.votes, share_every, self.shares),
            self.forms.keep_shares.step(self.piece, self.votes, kept.shares),
            *(step for counter in self._counters for step in counter.steps),
        ]
        self._program = np.array([(step.address, step.table.ctypes.data) for step in self._steps])

    def _new_piece(self) -> NDArray[np.void]:
        piece = np.zeros(1, PIECE)
        given = self._draws.sampler == SAMPLER_GIVEN
        piece["lots"] = (int(self._draws.seed) ^ _LOTS or 1) if given else 0
        piece["valid_votes"] = 0.0 if given else self._draws.valid_votes
        return piece

    def _new_votes(self) -> Votes | GivenVotes:
        draws, shape = self._draws, (self.blocks, self.units, BLOCK)
        single = new_rows(shape, np.float32)
        per_cast = np.full((self.blocks, BLOCK), 1.0 / (1.0 - draws.invalid[0]))
        per_registered = per_cast / draws.turnout[0]
        if draws.sampler == SAMPLER_GIVEN:
            total, exact = np.zeros((self.blocks, BLOCK)), np.zeros(shape)
            return GivenVotes(single, total, exact, per_cast, per_registered)
        total = new_rows((self.blocks, BLOCK), np.float32)
        return Votes(single, total, single, per_cast, per_registered)

    def _new_claims(self) -> Claims:
        records = self.rules.records
        corrects = bool(np.any(records["correction"] != records["uncorrected"]))
        joined = self.blocks * self.lists if corrects else 0
        return Claims(
            new_rows((self.blocks, self.lists + 1, BLOCK), np.float32),
            new_rows((self.blocks, BLOCK), np.float32),
            new_rows((self.blocks, BLOCK), np.float32),
            np.zeros((self.blocks, self.lists + 1), np.int64),
            np.zeros(self.blocks, np.int64),
            np.zeros((joined, BLOCK), np.uint8),
        )

    def _source(self) -> Step:
        """What fills the votes of a piece."""
        draws = self._draws
        if draws.sampler == SAMPLER_GIVEN:
            return draw.take_given.step(draws.given, self.piece, self.votes)
        source = source_of(draws)
        self._words = new_words(source, len(draws.directions))
        return self.forms.draw.step(source, self.piece, self._words, self.votes)

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
        )

    def run(self, span: Span, tallies: Tallies, row: int) -> None:
        """Draw and count a span, into a row of the tallies."""
        draws = self._draws
        if draws.sampler == SAMPLER_SOBOL:
            draw.begin_replicate(draws.seed, span.replicate, draws.directions, self._words)
        for counter in self._counters:
            counter.begin()
        here = self.piece[0]
        here["replicate"], here["first"], here["place"] = span.replicate, span.first, span.number
        drive(self._program, self.piece, span.draws, self.blocks * BLOCK)
        for counter in self._counters:
            counter.finish(tallies, row, span.draws)


_LOTS = 0x107


class Single:
    """A rule that is applied by itself."""

    def __init__(self, bench: Bench, r: int) -> None:
        self._r = r
        lists, blocs = bench.lists, bench.seats.whole.shape[1]
        self._passes, self._beyond = np.zeros(lists, np.int64), np.zeros(1, np.int64)
        self._counts = count.Counts(
            np.zeros((blocs, count.WAYS, bench.rules.most_seats + 1), np.uint32),
            np.zeros(blocs - lists, np.int64),
            np.zeros(len(bench.questions.event_starts) - 1, np.int64),
            np.zeros(1, np.int64),
        )
        rule = bench.rules.records[r : r + 1].copy()
        base, near = new_rows((2, BLOCK), np.float32)
        (ambiguous,) = new_rows((1, BLOCK), np.uint16)
        admitting = admit.AdmitWorkspace(base, near, ambiguous, np.zeros(lists), np.zeros(lists, np.int64))
        self.steps = [
            bench.forms.admit.step(
                rule, bench.law(r), bench.piece, bench.votes, bench.claims, self._passes, admitting
            ),
            division(bench, r, self._beyond),
            count.count_seats.step(
                bench.piece, bench.claims, bench.seats, bench.questions, self._counts, bench.counting
            ),
            count.keep_seats.step(bench.piece, bench.seats, bench.kept.seats[r]),
        ]

    def begin(self) -> None:
        for counts in (self._passes, self._beyond, *self._counts):
            counts[...] = 0

    def finish(self, tallies: Tallies, row: int, draws: int) -> None:
        r = self._r
        tallies.passes[row, r] += self._passes
        tallies.void[row, r] += self._counts.void[0]
        tallies.beyond[row, r] += self._beyond[0]
        tallies.seats[row, r] += self._counts.seats.sum(1, dtype=np.uint32)
        tallies.majorities[row, r] += self._counts.majorities
        tallies.events[row, r] += self._counts.events


def division(bench: Bench, r: int, beyond: NDArray[np.int64]) -> Step:
    """What divides the seats of the bench's claims by rule ``r``; ``beyond`` (1,) counts houses that grow too
    large.
    """
    record, lists = bench.rules.records[r : r + 1].copy(), bench.lists
    constraints, draw_rows = bench.rules.constraints[r], np.zeros((DRAW_ROWS, lists))
    about: Any = np.full(bench.blocks, record["seats"][0])
    if constraints is not None:
        about, others = constraints, np.zeros((constrain.CONSTRAIN_ROWS, lists))
        workspace: Any = constrain.ConstrainWorkspace(others, draw_rows, np.arange(lists), beyond)
    elif not record["single_precision"][0]:
        workspace = draw_rows
    elif record["family"][0] == FAMILY_DIVISOR:
        multiplier, left, ahead, behind = new_rows((4, BLOCK), np.float32)
        inverses = new_rows((lists, BLOCK), np.float32)
        workspace = divide_divisor.DivisorWorkspace(multiplier, left, ahead, behind, inverses, draw_rows)
    else:
        quotas, left = new_rows((2, BLOCK), np.float32)
        needed, rank, cut, gap, ambiguous = new_rows((5, BLOCK), np.uint16)
        keys, ordered = new_rows((lists, BLOCK), np.uint16), new_rows((lists, BLOCK), np.uint16)
        workspace = divide_quota.QuotaWorkspace(
            quotas, left, needed, rank, cut, gap, ambiguous, keys, ordered, draw_rows
        )
    return bench.forms.divide(record[0]).step(
        record, bench.law(r), about, bench.piece, bench.votes, bench.claims, bench.seats, workspace
    )


class _Lead:
    """The first of several rows of a grid that differ in their method alone: who passes is found once for
    all.
    """

    def __init__(self, bench: Bench, row: Row, number: NDArray[np.int64]) -> None:
        rules = bench.rules
        self.record = rules.records[row.rules[:1]].copy()
        self.levels = sweep.Levels(
            np.ascontiguousarray(rules.numerators[row.rules, 0]),
            np.ascontiguousarray(rules.denominators[row.rules, 0]),
        )
        self.length = len(row.rules)
        self.first_out = np.zeros((bench.blocks, bench.lists + 1, sweep.ROW), np.int32)
        draw, begin, end = np.zeros((3, bench.blocks * BLOCK + 1), np.int32)
        self.stretches = sweep.Stretches(draw, begin, end, number)
        self.passes = np.zeros((bench.lists, self.length + 1), np.int32)
        self.void = np.zeros(self.length + 1, np.int64)


class Sweep:
    """The rules of a grid."""

    def __init__(self, bench: Bench, grid: Grid) -> None:
        self._bench, self._grid = bench, grid
        lists, blocs = bench.lists, bench.seats.whole.shape[1]
        leads = [number for number, row in enumerate(grid.rows) if row.lead == number]
        self._numbers = np.zeros(len(leads), np.int64)
        self._leads = {
            number: _Lead(bench, grid.rows[number], self._numbers[j : j + 1])
            for j, number in enumerate(leads)
        }
        events = len(bench.questions.event_starts) - 1
        self._won = np.zeros((bench.blocks, blocs - lists + events, BLOCK), np.int32)
        self._counts = [
            sweep.RowCounts(
                np.zeros(blocs * (bench.rules.most_seats + 1) * (len(row.rules) + 1), np.int32),
                np.zeros((blocs - lists, len(row.rules) + 1), np.int32),
                np.zeros((events, len(row.rules) + 1), np.int32),
                np.zeros(blocs + 1, np.int64),
            )
            for row in grid.rows
        ]
        shape = (bench.blocks, lists, BLOCK)
        self._ranks = sweep.Ranks(np.zeros(shape, np.int32), np.zeros(shape, np.int32))
        self.steps = [
            sweep.rank_lists.step(bench.piece, bench.votes, self._ranks),
            *self._who_passes(),
            *self._who_wins(),
        ]

    def _who_passes(self) -> Iterator[Step]:
        bench, record = self._bench, self._bench.rules.records[self._grid.methods[0]]
        law, block = bench.law(self._grid.methods[0]), np.zeros((2, BLOCK))
        least, returns = ends_of(record, bench.lists)
        for lead in self._leads.values():
            yield sweep.find_failures.step(
                lead.record, law, lead.levels, bench.piece, bench.votes, self._ranks, lead.first_out, block
            )
            yield sweep.count_passes.step(
                bench.piece, self._ranks, lead.first_out, least, returns, lead.length, lead.passes
            )

    def _who_wins(self) -> Iterator[Step]:
        """For every number m of lists: where the m largest take part, and what they win there by every
        method.
        """
        bench, methods, leads = self._bench, self._grid.methods, self._leads.values()
        divisions = [division(bench, r, np.zeros(1, np.int64)) for r in methods]
        law = bench.law(methods[0])
        for m, most, least in ranges_of(bench.rules.records[methods[0]], bench.lists):
            for lead in leads:
                yield sweep.find_stretches.step(
                    bench.piece, lead.first_out, most, least, lead.length, lead.stretches
                )
            if m == 0:
                yield from (sweep.count_void.step(lead.stretches, lead.void) for lead in leads)
            claiming = sweep.claim_largest.step(bench.piece, bench.votes, self._ranks, m, law, bench.claims)
            steps = [claiming]
            for a, divide in enumerate(divisions):
                steps += [divide, *self._what_is_won(a)]
            yield sweep.any_stretch.step(self._numbers, len(steps))
            yield from steps

    def _what_is_won(self, a: int) -> Iterator[Step]:
        """Count the seats of a method of the grid where its rows have stretches."""
        bench = self._bench
        yield sweep.answer.step(
            bench.piece, bench.claims, bench.seats, bench.questions, self._won, bench.counting
        )
        for number, row in enumerate(self._grid.rows):
            if row.method == a:
                stretches = self._leads[row.lead].stretches
                yield sweep.count_along.step(stretches, bench.seats, self._won, self._counts[number])
                if bench.kept.seats.shape[1]:
                    yield sweep.keep_along.step(
                        bench.piece, stretches, bench.seats, row.rules, bench.kept.seats
                    )

    def begin(self) -> None:
        for lead in self._leads.values():
            lead.passes[...] = 0
            lead.void[...] = 0

    def finish(self, tallies: Tallies, row: int, draws: int) -> None:
        mine = sweep.RuleTallies(
            tallies.passes[row],
            tallies.void[row],
            tallies.seats[row],
            tallies.majorities[row],
            tallies.events[row],
        )
        for counts, which in zip(self._counts, self._grid.rows, strict=True):
            lead = self._leads[which.lead]
            sweep.add_up(counts, lead.passes, lead.void, which.rules, draws, mine)


def how_many_take_part(record: np.void, lists: int, passed: int) -> int:
    """How many lists take part when ``passed`` reach the threshold: minimum numbers, and nobody at all."""
    least = int(record["minimum_lists"])
    if passed == 0 and record["nobody_decided"]:
        return min(max(int(record["nobody_admits"]), least), lists) if record["nobody_admits"] > 0 else 0
    return min(max(passed, least), lists)


def ranges_of(record: np.void, lists: int) -> list[tuple[int, int, int]]:
    """(m, most, least): m lists take part where between ``least`` and ``most`` reach the threshold."""
    ranges: list[tuple[int, int, int]] = []
    for passed in range(lists, -1, -1):
        m = how_many_take_part(record, lists, passed)
        if ranges and ranges[-1][0] == m:
            ranges[-1] = (m, ranges[-1][1], passed)
        else:
            ranges.append((m, passed, passed))
    return ranges


def ends_of(record: np.void, lists: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For the list of every rank, how many must pass for it to take part, and whether it also does where
    nobody passes but not everywhere.
    """
    least, returns = np.zeros(lists, np.int64), np.zeros(lists, np.bool_)
    for rank in range(lists):
        inside = [how_many_take_part(record, lists, passed) > rank for passed in range(lists + 1)]
        fewest = lists
        while fewest > 0 and inside[fewest - 1]:
            fewest -= 1
        least[rank], returns[rank] = fewest, inside[0] and fewest > 0
    return least, returns


def new_words(source: draw.Source, dimensions: int) -> draw.Words:
    """Workspace; ``dimensions``: those of Sobol points, 0 for plain draws."""
    about = source.about[0]
    rows = int(about["tails"] + about["bases"] + about["numbers"] + about["splits"])
    normals = new_rows((rows, BLOCK), np.float32)
    words = new_rows((dimensions, BLOCK), np.uint32) if dimensions else normals.view(np.uint32)
    bits = words.view(np.uint64)
    scale = new_rows((2, BLOCK), np.float32)
    scale[0] = 1.0
    return draw.Words(
        new_rows((4, LANES), np.uint64),
        bits,
        words,
        np.zeros(len(words), np.uint32),
        normals,
        scale,
        np.zeros(BLOCK, np.uint32),
        np.zeros((dimensions, BITS), np.uint32),
        np.zeros(dimensions, np.uint32),
    )
