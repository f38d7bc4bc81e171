"""Running draws: replicates, spans, calls and parts of a run, and the order in which counts are added."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import iadd
from threading import Condition, Lock
from typing import Any, NamedTuple, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import prepare
from forecast.errors import Fault, NoValidOutcome
from forecast.kernels.arrays import STREAM
from forecast.kernels.contests import CoverCounts
from forecast.kernels.count import Questions
from forecast.rules.compiled import Course, Rules, course_of, one_by_one
from forecast.simulation.inputs import SAMPLER_GIVEN, SAMPLER_SOBOL, Draws, multiples_of
from forecast.simulation.local import KeptDistricts, number_of_districts
from forecast.simulation.pieces import Bench, KeptDraws, Span
from forecast.simulation.run_counts import (
    GROUP_DRAWS,
    RunCounts,
    Tallies,
    add_replicates,
    empty_tallies,
    new_counts,
)
from forecast.simulation.stages import Forms

REPLICATES = 16
"""Independent scrambles of the Sobol sequence in a run; their spread gives the standard errors (to about a
sixth).
"""

KEPT_DRAWS = 4_096
"""Draws whose shares and seats are kept, for the representative draw and the pictures of single outcomes."""

KEPT_OF_DISTRICTS = 1_024
"""Of these, so many by district."""

_SHORT, _LONG = GROUP_DRAWS, 16 * STREAM
"""Draws of a span: of plain draws a sixteenth of a run, between these two; replicates of quasi-random ones
are sixteenths already.
"""

_MANY_RULES = 16
"""From so many rules on a draw takes long enough for long spans: tallies of thousands of numbers are added
less often.
"""

_CALL_BYTES = 2**25
"""Memory that the tallies of one call of the core may take."""

_AHEAD = 4
"""Calls by thread that are under way, or wait for one before them, at most."""

_SHARE_DRAWS = 65_536
"""Draws whose shares are tallied, about: of more, every second block, every third and so on."""

Progress = Callable[[int], None]
"""Called with the number of draws done since the last call."""


Call = list[Span]
"""What one call of the core runs, which by itself costs as much as a thousand draws: one span of a long
replicate, or several short replicates.
"""


Tallied = tuple[Tallies, ...]
"""What a call counts: of the rules and, where the chamber has other tiers, of the chamber."""


class Plan(NamedTuple):
    """How a number of draws is cut: the same for any number of threads, processes and machines."""

    draws: int
    sizes: NDArray[np.int64]
    share_every: int

    @classmethod
    def of(cls, draws: int, sampler: int) -> Plan:
        """Replicates of equal size, the first ones larger by one where the number does not divide."""
        replicates = min(REPLICATES, draws) if sampler == SAMPLER_SOBOL else 1
        sizes = np.full(replicates, draws // replicates, np.int64)
        sizes[: draws % replicates] += 1
        return cls(draws, sizes, max(1, int(sizes[0]) * replicates // _SHARE_DRAWS))

    def calls(self, rules: int, bytes_of_span: int) -> Calls:
        """The calls for so many rules, whose tallies of one span take so many bytes."""
        sixteenth = self.draws // (16 * STREAM) * STREAM
        whole = rules >= _MANY_RULES or len(self.sizes) > 1
        longest = _LONG if whole else min(max(sixteenth, _SHORT), _LONG)
        together = max(1, min(GROUP_DRAWS // int(self.sizes[0]), _CALL_BYTES // bytes_of_span))
        return Calls(self.sizes, longest, together)


class Calls(Sequence[Call]):
    """Spans in order, replicate by replicate, ``together`` in a call; each is found without those before it,
    since a run may have millions.
    """

    def __init__(self, sizes: NDArray[np.int64], longest: int, together: int) -> None:
        self._sizes, self._longest, self._together = sizes, longest, together
        self._spans = np.concatenate([[0], np.cumsum(-(-sizes // longest))])
        self._draws = np.concatenate([[0], np.cumsum(sizes)])

    def __len__(self) -> int:
        return -(-int(self._spans[-1]) // self._together)

    @overload
    def __getitem__(self, at: int) -> Call: ...
    @overload
    def __getitem__(self, at: slice) -> list[Call]: ...
    def __getitem__(self, at: int | slice) -> Call | list[Call]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(at)
        first = at * self._together
        return [self._span(n) for n in range(first, min(first + self._together, int(self._spans[-1])))]

    def _span(self, number: int) -> Span:
        replicate = int(np.searchsorted(self._spans, number, side="right")) - 1
        first = (number - int(self._spans[replicate])) * self._longest
        draws = min(self._longest, int(self._sizes[replicate]) - first)
        return Span(replicate, first, draws, int(self._draws[replicate]) + first)

    def draws_before(self, call: int) -> int:
        """Draws of all calls before the one of this number, which may be that after the last."""
        return self[call][0].number if call < len(self) else int(self._draws[-1])

    def ends_replicate(self, call: Call) -> bool:
        """Whether the last span of a call is the last of its replicate."""
        last = call[-1]
        return last.first + last.draws == int(self._sizes[last.replicate])


@dataclass(frozen=True)
class Work:
    """All that a run counts: what is drawn, under which rules, how many, and how many of them are kept.

    It can be pickled, and any part of it counted anywhere.
    """

    draws: Draws
    rules: Rules
    questions: Questions
    number: int
    keep: int

    @cached_property
    def plan(self) -> Plan:
        """How the draws are cut."""
        return Plan.of(self.number, int(self.draws.sampler))

    @cached_property
    def calls(self) -> Calls:
        """The calls of the core in their order."""
        return self.plan.calls(len(self.rules.records), self.bytes_of_span)

    @cached_property
    def course(self) -> Course:
        """How draws go through the rules."""
        return course_of(self.rules, multiples_of(self.draws))

    @property
    def shape(self) -> tuple[int, int, int, int, int, int]:
        """Axes of the tallies, as ``empty_tallies`` takes them."""
        return (
            len(self.draws.location),
            self.rules.lists,
            len(self.rules.records),
            self.rules.most_seats,
            len(self.questions.coalition_starts) - 1,
            len(self.questions.event_starts) - 1,
        )

    @property
    def bytes_of_span(self) -> int:
        """What the seats of one span take."""
        _, lists, rules, seats, coalitions, _ = self.shape
        of_rules = 8 * rules * (lists + coalitions) * (seats + 1)
        chamber = self.draws.chamber
        return of_rules + (chamber.empty(1, seats, rules).seats.nbytes if chamber is not None else 0)

    def kept(self, places: int) -> KeptDraws:
        """Room for so many draws."""
        draws, rules = self.draws, self.rules
        units, lists, number = len(draws.location), rules.lists, len(rules.records)
        outcomes = self.course.outcomes
        districts = None
        if draws.pattern is not None:
            here, places_of = min(places, KEPT_OF_DISTRICTS), number_of_districts(draws.pattern)
            districts = KeptDistricts(
                np.zeros((here, places_of, units), np.float32),
                np.zeros((number, here, places_of, lists), np.uint16),
            )
        which = np.zeros((number, places), np.uint16)
        which[list(rules.singles)] = np.arange(len(rules.singles))[:, None]
        return KeptDraws(
            np.zeros((places, units)),
            np.zeros((outcomes, places, lists), np.int64),
            which,
            districts,
            np.zeros((outcomes, places, len(draws.chamber.holders)), np.int64)
            if draws.chamber is not None
            else None,
        )


class Group(NamedTuple):
    """Tallies of one replicate, or of several short ones, as far as some calls have counted them."""

    replicate: int
    """The first."""
    whole: bool
    """Whether the last call was the last of the replicate."""
    tallies: Tallied


class Aside(NamedTuple):
    """What calls count beside the tallies, of the whole run and not by replicate."""

    shares: NDArray[np.int64]
    share_sums: NDArray[np.int64]
    share_draws: NDArray[np.int64]
    district_seats: dict[int, NDArray[np.int64]]
    """Histograms of seats (D, K, S + 1) by the number of a rule."""
    districts_won: list[NDArray[np.int64]]
    """(D, H) draws in which a holder wins a district, by tier of the chamber."""
    uncovered: CoverCounts | None
    """Winners without a seat; ``None`` where no law leaves any without."""
    first_kept: int
    kept: KeptDraws
    """Those of the kept draws that fall in these calls, from number ``first_kept`` on."""


class Part(NamedTuple):
    """What some calls of a run count: whole numbers, and draws as they are."""

    groups: tuple[Group, ...]
    aside: Aside | None


class Runner(Protocol):
    """Who counts the calls of a run: threads of this process, workers elsewhere, files of an earlier run."""

    def parts(self, work: Work, progress: Progress | None) -> Generator[Part]:
        """All calls of ``work``, each in one part, in their order."""
        ...


class Threads(NamedTuple):
    """Counts in this process."""

    threads: int = 1

    def parts(self, work: Work, progress: Progress | None) -> Generator[Part]:
        """As of ``Runner``, a part for every replicate."""
        return count_calls(work, 0, len(work.calls), threads=self.threads, progress=progress)


def run_draws(
    draws: Draws,
    rules: Rules,
    questions: Questions,
    number: int,
    *,
    threads: int = 1,
    keep: int = KEPT_DRAWS,
    progress: Progress | None = None,
    runner: Runner | None = None,
) -> tuple[RunCounts, KeptDraws]:
    """Draw ``number`` elections and count them under every rule.

    The result depends on ``draws`` (which hold the seed), ``rules``, ``questions`` and ``number``, not on
    ``threads`` or ``runner``. Memory does not grow with ``number``. ``KeyboardInterrupt`` stops after the
    spans under way.
    """
    if draws.sampler == SAMPLER_GIVEN:
        # Grids suppose that every list has votes, which draws from outside need not.
        rules = one_by_one(rules)
    work = Work(draws, rules, questions, number, min(keep, number))
    total = Total(work)
    with closing((runner or Threads(threads)).parts(work, progress)) as parts:
        for part in parts:
            total.add(part)
    return total.counts, total.kept


def run_part(work: Work, begin: int, end: int, *, threads: int = 1, progress: Progress | None = None) -> Part:
    """Count the calls ``begin`` to ``end`` (not included) of a run."""
    found = list(count_calls(work, begin, end, threads=threads, progress=progress))
    return Part(tuple(group for part in found for group in part.groups), found[-1].aside)


def count_calls(
    work: Work, begin: int, end: int, *, threads: int = 1, progress: Progress | None = None
) -> Generator[Part]:
    """Count the calls ``begin`` to ``end`` of a run: a part for every replicate that they reach, then one
    with what they count aside.
    """
    prepare(Forms(work.draws, work.rules).needed())
    calls = work.calls
    worker = _Worker(work, calls.draws_before(begin), calls.draws_before(end))
    crew = _Crew(worker.run, (calls[number] for number in range(begin, end)), threads)
    so_far: Tallied | None = None
    first = 0
    with closing(crew.results()) as results:
        for call, tallies in results:
            first = call[0].replicate if so_far is None else first
            so_far = tallies if so_far is None else tuple(map(_added, so_far, tallies))
            if progress is not None:
                progress(sum(span.draws for span in call))
            if calls.ends_replicate(call):
                yield Part((Group(first, True, so_far),), None)
                so_far = None
    yield Part((Group(first, False, so_far),) if so_far is not None else (), worker.aside())


class Total:
    """Puts the parts of a run together, in their order: sums of floating-point numbers are taken over the
    same whole replicates whatever the parts were, all others are of integers.
    """

    def __init__(self, work: Work) -> None:
        plan, chamber = work.plan, work.draws.chamber
        self.counts = new_counts(plan.sizes, empty_tallies(0, *work.shape))
        if chamber is not None:
            empty = chamber.empty(0, work.rules.most_seats, len(work.rules.records))
            self.counts.chamber = new_counts(plan.sizes, empty)
        self._work = work
        self._kept: KeptDraws | None = None
        self._so_far: Tallied | None = None

    @property
    def kept(self) -> KeptDraws:
        """The first draws of the run, as far as they were added."""
        if self._kept is None:
            self._kept = self._work.kept(self._work.keep)
        return self._kept

    def add(self, part: Part) -> None:
        """The part that follows those that were added."""
        for group in part.groups:
            found = group.tallies
            self._so_far = found if self._so_far is None else tuple(map(_added, self._so_far, found))
            if group.whole:
                for counts, tallied in zip((self.counts, self.counts.chamber), self._so_far, strict=False):
                    if counts is not None:
                        add_replicates(counts, group.replicate, tallied)
                self._so_far = None
        if part.aside is not None:
            self._add_aside(part.aside)

    def _add_aside(self, aside: Aside) -> None:
        counts = self.counts
        shares = {name: getattr(aside, name) for name in ("shares", "share_sums", "share_draws")}
        if counts.totals.share_draws[0] > 0:
            shares = {name: getattr(counts.totals, name) + more for name, more in shares.items()}
        counts.totals = counts.totals._replace(**shares)
        for r, seats in aside.district_seats.items():
            known = counts.district_seats.get(r)
            counts.district_seats[r] = seats if known is None else known + seats
        before = counts.districts_won or [np.zeros_like(won) for won in aside.districts_won]
        counts.districts_won = [won + more for won, more in zip(before, aside.districts_won, strict=True)]
        if aside.uncovered is not None:
            added = zip(counts.uncovered or aside.uncovered, aside.uncovered, strict=True)
            first = counts.uncovered is None
            counts.uncovered = CoverCounts(*(more if first else so_far + more for so_far, more in added))
        if self._kept is None and aside.first_kept == 0 and len(aside.kept.shares) == self._work.keep:
            self._kept = aside.kept
            return
        for room, drawn in zip(_rooms(self.kept), _rooms(aside.kept), strict=True):
            room[aside.first_kept : aside.first_kept + len(drawn)] = drawn


def _rooms(kept: KeptDraws) -> list[NDArray[Any]]:
    """Arrays of draws that are kept, each with its draws first."""
    rooms: list[NDArray[Any]] = [kept.shares, np.moveaxis(kept.outcomes, 1, 0), kept.which.T]
    if kept.districts is not None:
        rooms += [kept.districts.votes, np.moveaxis(kept.districts.seats, 1, 0)]
    return rooms if kept.chamber is None else [*rooms, np.moveaxis(kept.chamber, 1, 0)]


def _kept_from(kept: KeptDraws, first: int) -> KeptDraws:
    """The kept draws from one on."""
    districts, chamber = kept.districts, kept.chamber
    return KeptDraws(
        kept.shares[first:],
        kept.outcomes[:, first:],
        kept.which[:, first:],
        None if districts is None else KeptDistricts(districts.votes[first:], districts.seats[:, first:]),
        None if chamber is None else chamber[:, first:],
    )


class _Crew:
    """Threads that each take the next call as soon as they are free, the one that asks for results among
    them: it would else wait, and to wake it for every result costs as much as a thousand draws.

    None takes a call while ``_AHEAD`` for each wait for one before them: tallies of many rules are large.
    """

    def __init__(self, run: Callable[[Call], Tallied], calls: Iterator[Call], threads: int) -> None:
        self._run, self._calls, self._threads = run, calls, threads
        self._turn = Condition()
        self._pending: deque[tuple[Call, Future[Tallied]]] = deque()
        self._stopped = False

    def results(self) -> Generator[tuple[Call, Tallied]]:
        """Every call with its tallies, in order; what a call raises is raised at its place."""
        if self._threads < 2:
            yield from ((call, self._run(call)) for call in self._calls)
            return
        with ThreadPoolExecutor(self._threads - 1) as pool:
            try:
                for _ in range(self._threads - 1):
                    pool.submit(self._help)
                yield from self._with_help()
            finally:
                with self._turn:
                    self._stopped = True
                    self._turn.notify_all()

    def _with_help(self) -> Generator[tuple[Call, Tallied]]:
        while True:
            taken = self._take(wait=False)
            if taken is not None:
                self._do(*taken)
            elif not self._pending:  # there was room for a call, and there is none
                return
            must_wait = taken is None
            while self._pending and (must_wait or self._pending[0][1].done()):
                call, done = self._pending[0]
                yield call, done.result()
                with self._turn:
                    self._pending.popleft()
                    self._turn.notify_all()
                must_wait = False

    def _help(self) -> None:
        while (taken := self._take(wait=True)) is not None:
            self._do(*taken)

    @property
    def _full(self) -> bool:
        return len(self._pending) >= _AHEAD * self._threads

    def _take(self, *, wait: bool) -> tuple[Call, Future[Tallied]] | None:
        """The next call, put to those whose results are asked for; none where there is none, or room for
        none and nobody is to ``wait`` for it.
        """
        with self._turn:
            while wait and self._full and not self._stopped:
                self._turn.wait()
            call = None if self._stopped or self._full else next(self._calls, None)
            if call is None:
                return None
            self._pending.append((call, Future()))
            return self._pending[-1]

    def _do(self, call: Call, done: Future[Tallied]) -> None:
        try:
            done.set_result(self._run(call))
        except Exception as error:  # whatever it is, it is raised where the result is asked for
            done.set_exception(error)


class _Worker:
    """Runs the calls that have the draws ``begin`` to ``end``, each on a bench that no other thread is at;
    histograms of shares are kept by bench and added at the end, since they are sums of integers.
    """

    def __init__(self, work: Work, begin: int, end: int) -> None:
        self._work, self._begin, self._end = work, begin, end
        # Draws are kept at the places of their numbers: behind the last of them there is no room needed.
        self._kept = work.kept(min(end, work.keep) if begin < work.keep else 0)
        self._idle: list[Bench] = []
        # Two that are made at once wait for each other all the time, and both are late.
        self._making = Lock()
        self._every: list[Bench] = []

    def run(self, call: Call) -> Tallied:
        """Count the spans of a call, a row of the tallies each."""
        work, chamber = self._work, self._work.draws.chamber
        try:
            bench = self._idle.pop()
        except IndexError:
            every = work.plan.share_every
            with self._making:
                bench = Bench(work.draws, work.rules, work.course, work.questions, every, self._kept)
            self._every.append(bench)
        _, *shape = work.shape
        tallies = empty_tallies(len(call), 0, *shape)
        of_chamber = None
        if chamber is not None:
            of_chamber = chamber.empty(len(call), work.rules.most_seats, len(work.rules.records))
        for row, span in enumerate(call):
            bench.run(span, tallies, row, of_chamber)
        if tallies.beyond.any():
            raise _too_large(tallies)
        self._idle.append(bench)
        return (tallies,) if of_chamber is None else (tallies, of_chamber)

    def aside(self) -> Aside:
        """What all benches have counted beside the tallies, and the draws that were kept."""
        parts = [bench.shares for bench in self._every]
        first = min(self._begin, len(self._kept.shares))
        return Aside(
            _sum(part.histogram for part in parts),
            _sum(part.sums for part in parts),
            _sum(part.draws for part in parts),
            self._district_seats(),
            self._districts_won(),
            self._uncovered(),
            first,
            _kept_from(self._kept, first),
        )

    def _district_seats(self) -> dict[int, NDArray[np.int64]]:
        found: dict[int, NDArray[np.int64]] = {}
        for bench in self._every:
            for r, single in bench.singles.items():
                part = single.district_seats
                if part is not None:
                    found[r] = found[r] + part if r in found else part
        return found

    def _districts_won(self) -> list[NDArray[np.int64]]:
        parts = [bench.assembly.won for bench in self._every if bench.assembly is not None]
        return [_sum(tier) for tier in zip(*parts, strict=True)]

    def _uncovered(self) -> CoverCounts | None:
        parts = [
            districts.counts
            for bench in self._every
            if bench.assembly is not None
            for districts in bench.assembly.districts
            if districts is not None and districts.covers
        ]
        return CoverCounts(*(_sum(part) for part in zip(*parts, strict=True))) if parts else None


def _sum(parts: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The sum of what benches counted, in the first of them: fresh memory costs more than the sum."""
    return reduce(iadd, parts)


def _too_large(tallies: Tallies) -> NoValidOutcome:
    """Some house would have to grow beyond what is counted."""
    remedy = (
        "the house would have to grow beyond reason to cover the seats held; check shares and direct seats, "
        'or let the house keep them (mode = "keep")'
    )
    return NoValidOutcome(Fault("rule", "levelling.mode", f"{int(tallies.beyond.sum())} draws", remedy))


def _added(so_far: Tallies, more: Tallies) -> Tallies:
    """The tallies of a replicate with those of its next span."""
    for name in ("passes", "void", "seats", "majorities", "events"):
        np.add(getattr(so_far, name), getattr(more, name), out=getattr(so_far, name))
    return so_far
