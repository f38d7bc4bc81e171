"""Who does the work: this process, or workers elsewhere; runs that are cut into parts for them, and a part as
a file: arrays of whole numbers and the draws that are kept, nothing that runs.

Workers are those of dask.distributed: processes of this machine, or those of a scheduler that runs already.
Dask keeps the tasks of a worker that dies and gives them to another. What was scattered it cannot bring back
when its last holder dies, so inputs go out as a plugin of the workers: once to each, those that join later
among them.
"""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import multiprocessing
import os
import secrets
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.kernels.contests import CoverCounts
from forecast.simulation.local import KeptDistricts
from forecast.simulation.pieces import KeptDraws
from forecast.simulation.run_counts import Tallies
from forecast.simulation.running import Aside, Group, Part, Progress, Work, run_part

if TYPE_CHECKING:
    from distributed import Client, Future


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


# Runs in parts.


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


# A part as a file.

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


# Workers of dask.

_AHEAD = 2
"""Tasks of each worker that are sent out at a time: one under way, one that waits."""
_DEATHS = 10
"""Workers that may die with a task before it counts as what kills them."""
_STARTING = "forecast.jobs.starting"
_LOCAL: dict[str, Any] = {
    "threads_per_worker": 1,
    "processes": True,
    "host": "127.0.0.1",
    "dashboard_address": "127.0.0.1:0",
    "preload": [_STARTING],
    "silence_logs": logging.CRITICAL,
}
"""Of workers on this machine: nobody elsewhere can reach them, and their ports are any that are free."""
_FORKED = sys.platform == "linux"
"""Whether processes are forked: macOS may not fork after its own BLAS was loaded, Windows knows no forks."""
_PROGRAM = "__import__('forecast.jobs.hands', fromlist=['program']).program()"
"""Evaluated by workers before anything of ours is sent to them."""
_MATTER = ("numpy", "numba", "llvmlite", "scipy", "xarray", "pandas")
"""Libraries that numbers rest on."""
_TRIALS = 20
_MOMENT = 1.0
"""Seconds for which the number of workers is taken to be what it was."""
_WAIT, _PAUSE = 60.0, 0.05
"""Seconds to wait for the first worker, and between two looks."""


@cache
def program() -> dict[str, str]:
    """Versions of the program (with a digest of its sources) and of the libraries that numbers rest on."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for source in sorted(root.rglob("*.py")):
        digest.update(source.relative_to(root).as_posix().encode())
        digest.update(source.read_bytes())
    own = f"{version('forecast')} (sources {digest.hexdigest()[:12]})"
    return {"forecast": own, **{name: version(name) for name in _MATTER}}


class Sent:
    """What every worker keeps under a name, and the folder that names of files are relative to.

    A plugin of workers (it has the methods of ``distributed.WorkerPlugin``, which is not imported here).
    """

    def __init__(self, name: str, value: Any, folder: str) -> None:
        self.name, self._value, self._folder = name, value, folder

    def setup(self, worker: Any) -> None:
        """Called by a worker when it has the plugin."""
        with suppress(OSError):  # who needs files says which are not there
            os.chdir(self._folder)
        keep_here(self.name, (self._value, 1))

    def teardown(self, worker: Any) -> None:
        """Called when the plugin is taken back."""
        forget_here(self.name)


def call_there(function: Callable[[In], Out], item: In, expected: Mapping[str, str]) -> Out:
    """Call a function on a worker, unless it is of another program."""
    if program() != expected:
        from distributed import get_worker

        raise _other_program(str(get_worker().address), program(), expected)
    return function(item)


class Cluster:
    """Hands of a dask client.

    Parameters
    ----------
    client
        A ``distributed.Client`` with at least one worker; it stays open.

    Raises
    ------
    ConfigurationError
        Where no worker comes within a minute, or one has another version of the program or of a library that
        numbers rest on, by its address.
    """

    def __init__(self, client: Client) -> None:
        self._asked, self._workers = -_MOMENT, 1
        self._client: Any = client  # its methods are typed as those of an asynchronous one
        if not self.wait_for(1):
            place = str(client.scheduler.address if client.scheduler else "scheduler")
            remedy = f"no worker within {_WAIT:.0f} seconds; start some: dask worker {place}"
            raise ConfigurationError(Fault(place, "", ABSENT, remedy))
        self._refuse_others()
        self.task_seconds = self._measured()

    @property
    def workers(self) -> int:
        """Threads of all workers there were a moment ago: to ask for each task would cost as much as it."""
        now = time.monotonic()
        if now - self._asked > _MOMENT:
            self._asked, self._workers = now, max(1, sum(self._client.nthreads().values()))
        return self._workers

    def wait_for(self, number: int) -> bool:
        """Wait until so many workers are there; whether they came within a minute.

        The scheduler is asked: what a cluster believes of its workers (``wait_for_workers``) may be how they
        were when they registered, for ever.
        """
        until = time.monotonic() + _WAIT
        while len(self._client.nthreads()) < number:
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE)
        return True

    @contextmanager
    def hold(self, value: Any) -> Generator[str]:
        """As of ``Hands``."""
        from distributed import WorkerPlugin

        name = f"forecast-{secrets.token_hex(8)}"
        plugin = type("Plugin", (Sent, WorkerPlugin), {})(name, value, str(Path.cwd()))
        self._client.register_plugin(plugin, name=name)
        try:
            yield name
        finally:
            with suppress(Exception):  # a cluster that is gone holds nothing
                self._client.unregister_worker_plugin(name)

    def do(
        self,
        function: Callable[[In], Out],
        items: Sequence[In],
        lost: Callable[[Exception, In], Out] | None = None,
    ) -> Iterator[tuple[int, Out]]:
        """As of ``Hands``; what is not needed any more is cancelled."""
        from distributed import KilledWorker, as_completed

        waiting = iter(range(len(items)))
        under_way: dict[Any, int] = {}
        arriving = as_completed(loop=self._client.loop)

        def send() -> None:
            while len(under_way) < _AHEAD * self.workers and (at := next(waiting, None)) is not None:
                future = self._send(function, items[at])
                under_way[future] = at
                arriving.add(future)

        try:
            send()
            for future in arriving:
                at = under_way.pop(future)
                try:
                    result = future.result()
                except KilledWorker as error:
                    if lost is None:
                        raise
                    result = lost(error, items[at])
                except CancelledError:
                    said = (
                        "the scheduler has gone, and the workers with it; the same command goes on from here"
                    )
                    raise ConnectionError(errno.ECONNABORTED, said) from None
                future.release()
                send()
                yield at, result
        finally:
            if under_way:
                with suppress(Exception):  # a cluster that is gone runs nothing
                    self._client.cancel(list(under_way), force=True)

    def _send(self, function: Callable[[In], Any], item: In) -> Future[Any]:
        key = f"forecast-{secrets.token_hex(8)}"
        return self._client.submit(call_there, function, item, program(), key=key, pure=False)

    def _refuse_others(self) -> None:
        found = self._client.run(eval, _PROGRAM, on_error="return")
        for address, theirs in found.items():
            if isinstance(theirs, Exception):
                remedy = (
                    f"this worker has no such program ({type(theirs).__name__}: {theirs}); install it there"
                )
                raise ConfigurationError(Fault(f"worker {address}", "forecast", ABSENT, remedy))
            if theirs != program():
                raise _other_program(address, theirs, program())

    def _measured(self) -> float:
        """Seconds that a task costs beside what it does: of tasks that do nothing, one after the other."""
        for future in [self._send(_nothing, 0) for _ in range(2 * self.workers)]:
            future.result()
        began = time.perf_counter()
        for _ in range(_TRIALS):
            self._send(_nothing, 0).result()
        return (time.perf_counter() - began) / _TRIALS


def _nothing(item: int) -> int:
    return item


def _other_program(address: str, theirs: Mapping[str, str], ours: Mapping[str, str]) -> ConfigurationError:
    differ = [name for name in ours if theirs.get(name) != ours[name]]
    remedy = "another program than this one's " + ", ".join(f"{name} {ours[name]}" for name in differ)
    said = ", ".join(f"{name} {theirs.get(name, 'none')}" for name in differ)
    return ConfigurationError(
        Fault(f"worker {address}", "", said, f"{remedy}: its numbers may differ; update it")
    )


@contextmanager
def local_workers(number: int) -> Generator[Cluster]:
    """So many processes of this machine, which end with the block, or with this process however it ends.

    ``ConfigurationError`` where dask.distributed is not installed.
    """
    _require()
    from dask.config import set as configured
    from distributed import Client, LocalCluster

    settings = {
        "distributed.scheduler.allowed-failures": _DEATHS,
        "distributed.comm.timeouts.connect": "60s",
        "distributed.worker.profile.enabled": False,  # what nobody looks at takes a fortieth of a processor
        "distributed.admin.tick.interval": "1s",
        "distributed.worker.multiprocessing-method": "forkserver" if _FORKED else "spawn",
    }
    with _quiet(), configured(settings):
        if _FORKED:
            _fork_from_what_is_imported()
        with (
            tempfile.TemporaryDirectory(prefix="forecast-", ignore_cleanup_errors=True) as scratch,
            LocalCluster(**{**_LOCAL, "n_workers": number, "local_directory": scratch}) as cluster,
            closing(Client(cluster, set_as_default=False)) as client,
        ):
            yield Cluster(client)


def _fork_from_what_is_imported() -> None:
    """Have workers forked from one process that has imported everything, in place of importing it each.

    That process is without threads, which do not survive a fork.
    """
    from distributed.utils import get_mp_context

    get_mp_context()  # says once what dask would import there
    multiprocessing.get_context("forkserver").set_forkserver_preload([_STARTING])


@contextmanager
def workers_of(scheduler: str) -> Generator[Cluster]:
    """The workers of a scheduler at an address, or in a file that dask wrote; they go on afterwards.

    ``ConfigurationError`` where none answers.
    """
    _require()
    from distributed import Client

    with _quiet():
        try:
            where: dict[str, Any] = (
                {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}
            )
            client = Client(**where, timeout="30s", set_as_default=False)
        except (OSError, ValueError) as error:
            remedy = f"no dask scheduler answers ({error}); an address such as tcp://host:8786 is expected"
            raise ConfigurationError(Fault("--scheduler", "", scheduler, remedy)) from None
        with closing(client):
            yield Cluster(client)


def _require() -> None:
    if find_spec("distributed") is None:
        remedy = "dask.distributed is not installed; pip install 'forecast[cluster]'"
        raise ConfigurationError(Fault("--workers", "", ABSENT, remedy))


@contextmanager
def _quiet() -> Generator[None]:
    """Dask says on stderr what it is about; what matters of it is said by us."""
    names = ("distributed", "distributed.nanny", "distributed.scheduler", "distributed.worker", "tornado")
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
