"""Who does the work: this process, or workers elsewhere; runs that are cut into parts for them, and a part as
a file: arrays of whole numbers and the draws that are kept, nothing that runs.
"""

from __future__ import annotations

import io
import secrets
import time
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.contests import CoverCounts
from forecast.simulation.local import KeptDistricts
from forecast.simulation.pieces import KeptDraws
from forecast.simulation.run_counts import Tallies
from forecast.simulation.running import Aside, Group, Part, Progress, Work, run_part

In = TypeVar("In")
Out = TypeVar("Out")
Cut = tuple[int, int]
"""Calls of a run, from the first to the last, which is not included."""

PART_SECONDS = 5.0
"""What a part of a run takes on one thread, about: a kill costs so much of each worker's time."""
OVERHEAD = 0.05
"""Of a task: at most this share of its time goes into sending it and fetching its result."""

_held: dict[str, Any] = {}
"""What this process was sent once, for many tasks."""


class Hands(Protocol):
    """Who does the work."""

    @property
    def workers(self) -> int:
        """How many tasks are done at a time."""
        ...

    @property
    def task_seconds(self) -> float:
        """What a task costs beside what it does, as measured."""
        ...

    def hold(self, value: Any) -> Any:
        """Context in which every worker has ``value``, sent to each once; gives the name it has there."""
        ...

    def do(
        self,
        function: Callable[[In], Out],
        items: Sequence[In],
        lost: Callable[[Exception, In], Out] | None = None,
    ) -> Iterator[tuple[int, Out]]:
        """What a function of a module makes of each of ``items``, with its place, as they come.

        ``lost`` says what stands for an item whose workers die whenever they are at it; without it that is an
        error. ``ConnectionError`` where the workers are gone for good.
        """
        ...


@dataclass(frozen=True)
class Here:
    """This process, task by task; a part of a run takes all threads."""

    threads: int = 1
    workers: int = 1
    task_seconds: float = 0.0

    @contextmanager
    def hold(self, value: Any) -> Generator[str]:
        """As of ``Hands``."""
        name = secrets.token_hex(8)
        keep_here(name, (value, self.threads))
        try:
            yield name
        finally:
            forget_here(name)

    def do(
        self,
        function: Callable[[In], Out],
        items: Sequence[In],
        lost: Callable[[Exception, In], Out] | None = None,
    ) -> Iterator[tuple[int, Out]]:
        """As of ``Hands``."""
        yield from enumerate(map(function, items))


def keep_here(name: str, value: Any) -> None:
    """Keep something in this process."""
    _held[name] = value


def forget_here(name: str) -> None:
    """Let go of it."""
    _held.pop(name, None)


def held(name: str) -> Any:
    """What was sent to this process under a name, and the threads that it may use."""
    return _held[name]


def count_held(name: str, cut: Cut) -> tuple[bytes, float]:
    """Count some calls of a run that this process was sent: the part as its file holds it, a fiftieth of its
    size in memory, and the seconds that it took.
    """
    work, threads = held(name)
    began = time.perf_counter()
    image = image_of(run_part(work, *cut, threads=threads))
    return image, time.perf_counter() - began


def count_parts(
    hands: Hands, work: Work, cuts: Sequence[Cut], progress: Progress | None
) -> Iterator[tuple[Cut, bytes, float]]:
    """Count parts of a run, each as its file holds it, with the seconds that it took, as they come."""
    with hands.hold(work) as name:
        for at, (image, seconds) in hands.do(partial(count_held, name), cuts):
            if progress is not None:
                progress(draws_of(work, cuts[at]))
            yield cuts[at], image, seconds


def draws_of(work: Work, cut: Cut) -> int:
    """Draws of some calls."""
    return work.calls.draws_before(cut[1]) - work.calls.draws_before(cut[0])


def cuts_of(work: Work, seconds: float, hands: Hands) -> list[Cut]:
    """All calls of a run in cuts of equal length, after a call took so many seconds on one thread.

    A part takes ``PART_SECONDS`` or less, so that every worker gets several, but so long that what its task
    costs beside is a twentieth.
    """
    number = len(work.calls)
    several = number * seconds / (16 * hands.workers)
    wanted = max(min(PART_SECONDS, several), hands.task_seconds / OVERHEAD)
    length = min(max(round(wanted / max(seconds, 1e-6)), 1), number)
    return list(pairwise([*range(0, number, length), number]))


def measured_call(work: Work) -> float:
    """Seconds that a call takes here on one thread, when everything is compiled."""
    run_part(work, 0, 1)
    middle = len(work.calls) // 2
    began = time.perf_counter()
    run_part(work, middle, middle + 1)
    return time.perf_counter() - began


@dataclass(frozen=True)
class ByHands:
    """Counts runs with the help of workers: a ``Runner``."""

    hands: Hands

    def parts(self, work: Work, progress: Progress | None) -> Generator[Part]:
        """As of ``Runner``; what comes early waits for what goes before it."""
        cuts = cuts_of(work, measured_call(work), self.hands)
        if len(cuts) == 1:  # too short to be sent anywhere
            yield run_part(work, *cuts[0], progress=progress)
            return
        found = count_parts(self.hands, work, cuts, progress)
        for image in in_order(cuts, ((cut, image) for cut, image, _ in found)):
            part = part_of(image)
            assert part is not None, "it came as it was sent"
            yield part


def in_order(keys: Iterable[Cut], found: Iterable[tuple[Cut, Out]]) -> Iterator[Out]:
    """What is found, in the order of ``keys``."""
    early: dict[Cut, Out] = {}
    arriving = iter(found)
    for key in keys:
        while key not in early:
            came, value = next(arriving)
            early[came] = value
        yield early.pop(key)


Arrays = Mapping[str, NDArray[Any]]
_KEPT = ("shares", "outcomes", "which", "chamber")
_PLACES = ("votes", "seats")


def image_of(part: Part) -> bytes:
    """The bytes of an ``.npz`` file, whose parts carry checksums (CRC-32)."""
    stream = io.BytesIO()
    arrays: Any = _arrays(part)
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def part_of(image: bytes) -> Part | None:
    """The part in such a file; None where it is not as it was written."""
    try:
        with np.load(io.BytesIO(image), allow_pickle=False) as file:
            return _part({name: file[name] for name in file.files})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _arrays(part: Part) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {
        "groups": np.array([[group.replicate, group.whole, len(group.tallies)] for group in part.groups])
    }
    for g, group in enumerate(part.groups):
        for t, tallies in enumerate(group.tallies):
            found |= {f"{g}/{t}/{name}": array for name, array in tallies._asdict().items()}
    aside = part.aside
    assert aside is not None, "a whole part counts aside too"
    found |= {name: getattr(aside, name) for name in ("shares", "share_sums", "share_draws")}
    found |= {f"district_seats/{r}": seats for r, seats in aside.district_seats.items()}
    found |= {f"districts_won/{tier}": won for tier, won in enumerate(aside.districts_won)}
    if aside.uncovered is not None:
        found |= {f"uncovered/{name}": array for name, array in aside.uncovered._asdict().items()}
    found["first_kept"] = np.array(aside.first_kept)
    kept = aside.kept
    found |= {f"kept/{name}": getattr(kept, name) for name in _KEPT if getattr(kept, name) is not None}
    if kept.districts is not None:
        found |= {f"kept/districts/{name}": getattr(kept.districts, name) for name in _PLACES}
    return found


def _part(arrays: Arrays) -> Part:
    groups = tuple(
        Group(
            int(replicate),
            bool(whole),
            tuple(
                Tallies(**{name: arrays[f"{g}/{t}/{name}"] for name in Tallies._fields})
                for t in range(int(number))
            ),
        )
        for g, (replicate, whole, number) in enumerate(arrays["groups"].reshape(-1, 3))
    )
    places = None
    if "kept/districts/votes" in arrays:
        places = KeptDistricts(*(arrays[f"kept/districts/{name}"] for name in _PLACES))
    kept = KeptDraws(
        arrays["kept/shares"],
        arrays["kept/outcomes"],
        arrays["kept/which"],
        places,
        arrays.get("kept/chamber"),
    )
    uncovered = _below(arrays, "uncovered/")
    aside = Aside(
        arrays["shares"],
        arrays["share_sums"],
        arrays["share_draws"],
        {int(r): seats for r, seats in _below(arrays, "district_seats/").items()},
        list(_below(arrays, "districts_won/").values()),
        CoverCounts(**uncovered) if uncovered else None,
        int(arrays["first_kept"]),
        kept,
    )
    return Part(groups, aside)


def _below(arrays: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
