"""Interleaved rounds: subject 1, subject 2, ..., and again; what is compared is compared within a round.

The speed of a shared machine drifts by tens of percent over minutes, and the subjects of one round drift
together: the median of the ratios within rounds is steady where a ratio of medians is not.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

ROUNDS = 9
Key = TypeVar("Key", bound=Hashable)


class Spread(NamedTuple):
    """A median over rounds, with the first and the third quartile."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Quartiles by linear interpolation; not a number where there is nothing."""
        if not len(values):
            return cls(np.nan, np.nan, np.nan)
        low, median, high = np.quantile(np.asarray(values, np.float64), (0.25, 0.5, 0.75))
        return cls(float(median), float(low), float(high))


@dataclass(frozen=True)
class Timed:
    """Something to time: ``run(size)`` does ``size`` units of work."""

    run: Callable[[int], object]
    least: int = 64
    most: int = 1 << 24


@dataclass(frozen=True)
class Timing:
    """Seconds a unit of work in every round, and how many units were timed together."""

    size: int
    seconds: tuple[float, ...]

    @property
    def nanoseconds(self) -> Spread:
        return Spread.of([value * 1e9 for value in self.seconds])

    def over(self, other: Timing) -> Spread:
        """This time in units of the other's, round by round."""
        return Spread.of([a / b for a, b in zip(self.seconds, other.seconds, strict=True)])


def seconds_of(run: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def size_for(timed: Timed, target: float) -> int:
    """Units of work that take about ``target`` seconds, found by growing; this warms up what is timed too."""
    size = timed.least
    timed.run(size)
    if size >= timed.most:
        return size
    taken = seconds_of(partial(timed.run, size))
    while size < timed.most and taken < target / 2:
        size = min(timed.most, size * int(np.clip(target / max(taken, 1e-9), 2, 16)))
        taken = seconds_of(partial(timed.run, size))
    return size


def interleave(
    subjects: Mapping[Key, Timed], *, rounds: int = ROUNDS, target: float = 0.15
) -> dict[Key, Timing]:
    """Time all subjects in turn, ``rounds`` times over, about ``target`` seconds each."""
    sizes = {key: size_for(timed, target) for key, timed in subjects.items()}
    seconds: dict[Key, list[float]] = {key: [] for key in subjects}
    gc.collect()
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for key, timed in subjects.items():
                size = sizes[key]
                seconds[key].append(seconds_of(partial(timed.run, size)) / size)
    finally:
        if collecting:
            gc.enable()
    return {key: Timing(sizes[key], tuple(seconds[key])) for key in subjects}
