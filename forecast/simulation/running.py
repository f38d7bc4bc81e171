"""Running draws: replicates, spans, threads, and the order in which counts are added."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import prepare
from forecast.errors import Fault, NoValidOutcome
from forecast.kernels.arrays import STREAM
from forecast.kernels.contests import CoverCounts
from forecast.kernels.count import Questions
from forecast.rules.grids import Rules, one_by_one
from forecast.simulation.inputs import SAMPLER_GIVEN, SAMPLER_SOBOL, Draws
from forecast.simulation.local import KeptDistricts
from forecast.simulation.pieces import Bench, KeptDraws, Span
from forecast.simulation.run_counts import RunCounts, Tallies, add_replicates, empty_tallies, new_counts
from forecast.simulation.stages import Forms

REPLICATES = 16
"""Independent scrambles of the Sobol sequence in a run; their spread gives the standard errors (to about a
sixth).
"""

KEPT_DRAWS = 4_096
"""Draws whose shares and seats are kept, for the representative draw and the pictures of single outcomes."""

KEPT_OF_DISTRICTS = 1_024
"""Of these, so many by district."""

_SHORT, _LONG = 8 * STREAM, 16 * STREAM
"""Draws of a span: of plain draws a sixteenth of a run, between these two; replicates of quasi-random ones
are sixteenths already.
"""

_MANY_RULES = 16
"""From so many rules on a draw takes long enough for long spans: tallies of thousands of numbers are added
less often.
"""

_CALL_BYTES = 2**25
"""Memory that the tallies of one call of the core may take."""

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


@dataclass(frozen=True)
class Plan:
    """How a number of draws is cut: the same for any number of threads."""

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

    def spans(self, longest: int) -> Iterator[Span]:
        """Spans in order, replicate by replicate."""
        number = 0
        for replicate, size in enumerate(self.sizes.tolist()):
            for first in range(0, size, longest):
                count = min(longest, size - first)
                yield Span(replicate, first, count, number)
                number += count

    def calls(self, rules: int, bytes_of_span: int) -> Iterator[Call]:
        """Spans in order, grouped; for so many rules, whose tallies of one span take so many bytes."""
        sixteenth = self.draws // (16 * STREAM) * STREAM
        whole = rules >= _MANY_RULES or len(self.sizes) > 1
        longest = _LONG if whole else min(max(sixteenth, _SHORT), _LONG)
        together = max(1, min(_SHORT // int(self.sizes[0]), _CALL_BYTES // bytes_of_span))
        spans = self.spans(longest)
        while call := list(islice(spans, together)):
            yield call


def run_draws(
    draws: Draws,
    rules: Rules,
    questions: Questions,
    number: int,
    *,
    threads: int = 1,
    keep: int = KEPT_DRAWS,
    progress: Progress | None = None,
) -> tuple[RunCounts, KeptDraws]:
    """Draw ``number`` elections and count them under every rule.

    The result depends on ``draws`` (which hold the seed), ``rules``, ``questions`` and ``number``, not on
    ``threads``. Memory does not grow with ``number``. ``KeyboardInterrupt`` stops after the spans under way.
    """
    plan = Plan.of(number, int(draws.sampler))
    if draws.sampler == SAMPLER_GIVEN:
        # Grids suppose that every list has votes, which draws from outside need not.
        rules = one_by_one(rules)
    prepare(Forms(draws, rules).needed())
    worker = _Worker(draws, rules, questions, plan.share_every, min(keep, number))
    counts = new_counts(plan.sizes, worker.empty(0))
    if draws.chamber is not None:
        empty = draws.chamber.empty(0, rules.most_seats, len(rules.records))
        counts.chamber = new_counts(plan.sizes, empty)
    pool = ThreadPoolExecutor(threads) if threads > 1 else _Here()
    calls = plan.calls(len(rules.records), worker.bytes_of_span)
    so_far: Tallied | None = None
    drawn = 0
    try:
        for call, tallies in _in_order(pool, worker.run, calls, 2 * threads if threads > 1 else 0):
            so_far = tallies if so_far is None else tuple(map(_added, so_far, tallies))
            counted = sum(span.draws for span in call)
            drawn += counted
            if drawn == plan.sizes[: call[-1].replicate + 1].sum():
                for part, tallied in zip((counts, counts.chamber), so_far, strict=False):
                    if part is not None:
                        add_replicates(part, call[0].replicate, tallied)
                so_far = None
            if progress is not None:
                progress(counted)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    for name, total in worker.share_totals().items():
        getattr(counts.totals, name)[...] = total
    counts.district_seats = worker.district_seats()
    counts.districts_won = worker.districts_won()
    counts.uncovered = worker.uncovered()
    return counts, worker.kept


def _in_order(
    pool: Executor, run: Callable[[Call], Tallied], calls: Iterable[Call], ahead: int
) -> Iterator[tuple[Call, Tallied]]:
    """Every call with its tallies, in order, while up to ``ahead`` others are under way."""
    pending: deque[tuple[Call, Future[Tallied]]] = deque()
    for call in calls:
        pending.append((call, pool.submit(run, call)))
        if len(pending) > ahead:
            first, future = pending.popleft()
            yield first, future.result()
    for call, future in pending:
        yield call, future.result()


class _Here(Executor):
    """Runs what is submitted at once, in the thread that submits it: threads that take turns cost more."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class _Worker:
    """Runs calls, each on a bench that no other thread is at; histograms of shares are kept by bench and
    added at the end, since they are sums of integers.
    """

    def __init__(self, draws: Draws, rules: Rules, questions: Questions, share_every: int, keep: int) -> None:
        units, lists = len(draws.location), rules.lists
        self._shape = (
            units,
            lists,
            len(rules.records),
            rules.most_seats,
            len(questions.coalition_starts) - 1,
            len(questions.event_starts) - 1,
        )
        self.kept = KeptDraws(
            np.zeros((keep, units)),
            np.zeros((len(rules.records), keep, lists), np.int64),
            _kept_districts(draws, rules, keep),
            np.zeros((len(rules.records), keep, len(draws.chamber.holders)), np.int64)
            if draws.chamber is not None
            else None,
        )
        self._chamber = draws.chamber
        self._inputs = (draws, rules, questions, share_every, self.kept)
        self._idle: list[Bench] = []
        self._every: list[Bench] = []

    @property
    def bytes_of_span(self) -> int:
        """What the seats of one span take."""
        _, lists, rules, seats, coalitions, _ = self._shape
        of_rules = 8 * rules * (lists + coalitions) * (seats + 1)
        if self._chamber is None:
            return of_rules
        return of_rules + self._chamber.empty(1, seats, rules).seats.nbytes

    def empty(self, spans: int) -> Tallies:
        """Tallies of zero."""
        return empty_tallies(spans, *self._shape)

    def run(self, call: Call) -> Tallied:
        """Count the spans of a call, a row of the tallies each."""
        try:
            bench = self._idle.pop()
        except IndexError:
            bench = Bench(*self._inputs)
            self._every.append(bench)
        tallies = empty_tallies(len(call), 0, *self._shape[1:])
        _, _, rules, most, *_ = self._shape
        chamber = self._chamber.empty(len(call), most, rules) if self._chamber is not None else None
        for row, span in enumerate(call):
            bench.run(span, tallies, row, chamber)
        if tallies.beyond.any():
            raise _too_large(tallies)
        self._idle.append(bench)
        return (tallies,) if chamber is None else (tallies, chamber)

    def share_totals(self) -> dict[str, NDArray[np.int64]]:
        """Histograms of shares, their sums and the number of draws, of all benches."""
        parts = [bench.shares for bench in self._every]
        if len(parts) == 1:
            (part,) = parts
            return {"shares": part.histogram, "share_sums": part.sums, "share_draws": part.draws}
        return {
            "shares": np.sum([part.histogram for part in parts], axis=0),
            "share_sums": np.sum([part.sums for part in parts], axis=0),
            "share_draws": np.sum([part.draws for part in parts], axis=0),
        }

    def district_seats(self) -> dict[int, NDArray[np.int64]]:
        """Histograms of seats (D, K, S + 1) by the number of a rule, of all benches."""
        found: dict[int, NDArray[np.int64]] = {}
        for bench in self._every:
            for r, single in bench.singles.items():
                part = single.district_seats
                if part is not None:
                    found[r] = found[r] + part if r in found else part
        return found

    def districts_won(self) -> list[NDArray[np.int64]]:
        """(D, H) draws in which a holder wins a district, by tier of the chamber, of all benches."""
        parts = [bench.assembly.won for bench in self._every if bench.assembly is not None]
        return [np.sum(tier, axis=0) for tier in zip(*parts, strict=True)]

    def uncovered(self) -> CoverCounts | None:
        """Winners without a seat, of all benches; ``None`` where no law leaves any without."""
        parts = [
            districts.counts
            for bench in self._every
            if bench.assembly is not None
            for districts in bench.assembly.districts
            if districts is not None and districts.covers
        ]
        if not parts:
            return None
        return CoverCounts(*(np.sum(part, axis=0) for part in zip(*parts, strict=True)))


def _kept_districts(draws: Draws, rules: Rules, keep: int) -> KeptDistricts | None:
    if draws.pattern is None:
        return None
    number, units, keep = len(draws.pattern.weights), len(draws.location), min(keep, KEPT_OF_DISTRICTS)
    return KeptDistricts(
        np.zeros((keep, number, units), np.float32),
        np.zeros((len(rules.records), keep, number, rules.lists), np.uint16),
    )


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
