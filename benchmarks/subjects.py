"""What is measured: subjects register themselves, the driver times whatever is here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Case

Group = Literal["yardstick", "core", "rival"]
GROUPS: tuple[Group, ...] = ("yardstick", "core", "rival")
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Work:
    """A subject made ready for one case."""

    run: Callable[[int, int], object]
    """Do so many draws on so many threads."""
    seats: Callable[[Whole], Whole] | None = None
    """Seats (N, K) of whole votes (N, U), for the check against the exact count; None for yardsticks."""


@dataclass(frozen=True)
class Subject:
    """One way to do the work, or a part of it that serves as a yardstick."""

    name: str
    about: str
    group: Group
    prepare: Callable[[Case], Work]
    threads: tuple[int, ...]
    cases: tuple[str, ...]
    needs: str
    most_draws: int

    def missing(self) -> str:
        """The distribution that it needs and that is not installed; empty where nothing is missing."""
        if not self.needs:
            return ""
        try:
            version(self.needs)
        except PackageNotFoundError:
            return self.needs
        return ""


SUBJECTS: dict[str, Subject] = {}


def subject(
    name: str,
    about: str,
    group: Group,
    *,
    threads: tuple[int, ...] = (1, 2),
    cases: tuple[str, ...] = ("A", "B", "C"),
    needs: str = "",
    most_draws: int = 1 << 24,
) -> Callable[[Callable[[Case], Work]], Callable[[Case], Work]]:
    """Register what the decorated function prepares.

    ``threads`` are the numbers it is measured with, ``needs`` a distribution of the extra "bench",
    ``most_draws`` the most that one timing may ask for.
    """

    def register(prepare: Callable[[Case], Work]) -> Callable[[Case], Work]:
        SUBJECTS[name] = Subject(name, about, group, prepare, threads, cases, needs, most_draws)
        return prepare

    return register


def side_by_side(part: Callable[[int, int], object], draws: int, threads: int) -> None:
    """Call ``part(number, draws)`` for equal parts, one to a thread."""
    if threads == 1:
        part(0, draws)
        return
    sizes = [draws // threads + (number < draws % threads) for number in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, range(threads), sizes))
