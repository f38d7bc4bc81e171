"""Running draws: replicates, spans, threads, and the order in which counts are added."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.errors import Fault, NoValidOutcome
from forecast.kernels.drawing import STREAM
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import (
    SAMPLER_GIVEN,
    SAMPLER_SOBOL,
    Draws,
    Questions,
    Rules,
    Tallies,
    empty_tallies,
)
from forecast.kernels.simulate import simulate
from forecast.rules.grids import one_by_one
from forecast.simulation.counts import RunCounts, add_replicate, new_counts

REPLICATES = 16
"""Independent scrambles of the Sobol sequence in a run; their spread gives the standard errors (to about a
sixth).
"""

KEPT_DRAWS = 4_096
"""Draws whose shares and seats are kept, for the representative draw and the pictures of single outcomes."""

_SPAN = 4 * STREAM
_SHARE_BLOCKS = 512
Progress = Callable[[int], None]
"""Called with the number of draws done since the last call."""


class Task(NamedTuple):
    """A span of draws of one replicate; ``number`` counts from the first draw of the run."""

    replicate: int
    first: int
    draws: int
    number: int


class KeptDraws(NamedTuple):
    """The first draws of a run: shares (N, U) and seats (R, N, K)."""

    shares: NDArray[np.float64]
    seats: NDArray[np.int64]


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
        blocks = int(sizes[0]) * replicates // BLOCK
        return cls(draws, sizes, max(1, blocks // _SHARE_BLOCKS))

    def tasks(self) -> Iterator[Task]:
        """Spans in order, replicate by replicate."""
        number = 0
        for replicate, size in enumerate(self.sizes.tolist()):
            for first in range(0, size, _SPAN):
                count = min(_SPAN, size - first)
                yield Task(replicate, first, count, number)
                number += count


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
        rules = one_by_one(
            rules
        )  # grids suppose that every list has votes, which draws from outside need not
    worker = _Worker(draws, rules, questions, plan.share_every, min(keep, number))
    counts = new_counts(plan.sizes, worker.empty())
    pending: dict[Future[Tallies], Task] = {}
    done: dict[int, tuple[Tallies, int]] = {}
    following = 0
    pool = ThreadPoolExecutor(threads) if threads > 1 else _Here()
    tasks = plan.tasks()
    try:
        exhausted = False
        while pending or not exhausted:
            while not exhausted and len(pending) < 2 * threads:
                task = next(tasks, None)
                if task is None:
                    exhausted = True
                else:
                    pending[pool.submit(worker.run, task)] = task
            if not pending:
                break
            finished, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in finished:
                task = pending.pop(future)
                tallies, drawn = done.pop(task.replicate, (None, 0))
                done[task.replicate] = (_merged(tallies, future.result()), drawn + task.draws)
                if progress is not None:
                    progress(task.draws)
            while following in done and done[following][1] == plan.sizes[following]:
                add_replicate(counts, following, done.pop(following)[0])
                following += 1
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    for name, total in worker.share_totals().items():
        getattr(counts.totals, name)[...] = total
    return counts, worker.kept


class _Here(Executor):
    """Runs what is submitted at once, in the thread that submits it: threads that take turns cost more."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class _Worker:
    """Runs tasks; histograms of shares are kept by thread and added at the end, since they are sums of
    integers."""

    def __init__(self, draws: Draws, rules: Rules, questions: Questions, share_every: int, keep: int) -> None:
        self._inputs = (draws, rules, questions)
        self._share_every = share_every
        units, lists = len(draws.location), rules.numerators.shape[1]
        self._shape = (
            units,
            lists,
            len(rules.records),
            rules.divisors.shape[1] - 2,
            len(questions.coalition_starts) - 1,
            len(questions.event_starts) - 1,
        )
        self.kept = KeptDraws(np.zeros((keep, units)), np.zeros((len(rules.records), keep, lists), np.int64))
        self._idle: list[dict[str, NDArray[np.int64]]] = []
        self._every: list[dict[str, NDArray[np.int64]]] = []

    def empty(self) -> Tallies:
        return empty_tallies(*self._shape)

    def run(self, task: Task) -> Tallies:
        """Count one span of draws."""
        try:
            shares = self._idle.pop()
        except IndexError:
            fresh = self.empty()
            shares = {
                "shares": fresh.shares,
                "share_sums": fresh.share_sums,
                "share_draws": fresh.share_draws,
            }
            self._every.append(shares)
        tallies = empty_tallies(0, *self._shape[1:])._replace(**shares)
        kept = max(0, min(task.draws, len(self.kept.shares) - task.number))
        span = slice(task.number, task.number + kept)
        votes = self.kept.shares[span]
        seats = np.ascontiguousarray(self.kept.seats[:, span])
        simulate(
            *self._inputs, task.replicate, task.first, task.draws, self._share_every, tallies, votes, seats
        )
        if tallies.beyond.any():
            raise _too_large(tallies)
        if kept:
            self.kept.seats[:, span] = seats
        self._idle.append(shares)
        return tallies

    def share_totals(self) -> dict[str, NDArray[np.int64]]:
        return {name: np.sum([part[name] for part in self._every], axis=0) for name in self._every[0]}


def _too_large(tallies: Tallies) -> NoValidOutcome:
    """Some house would have to grow beyond what is counted."""
    remedy = (
        "the house would have to grow beyond reason to cover the seats held; check shares and direct seats, "
        'or let the house keep them (mode = "keep")'
    )
    return NoValidOutcome(Fault("rule", "levelling.mode", f"{int(tallies.beyond.sum())} draws", remedy))


def _merged(first: Tallies | None, second: Tallies) -> Tallies:
    if first is None:
        return second
    for name in ("passes", "void", "seats", "majorities", "events"):
        np.add(getattr(first, name), getattr(second, name), out=getattr(first, name))
    return first
