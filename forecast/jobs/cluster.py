"""Workers of dask.distributed: processes of this machine, or those of a scheduler that runs already.

Dask keeps the tasks of a worker that dies and gives them to another. What was scattered it cannot bring back
when its last holder dies, so inputs go out as a plugin of the workers: once to each, those that join later
among them.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import multiprocessing
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager, suppress
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.jobs.hands import forget_here, keep_here

if TYPE_CHECKING:
    from distributed import Client, Future

In = TypeVar("In")
Out = TypeVar("Out")

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
_PROGRAM = "__import__('forecast.jobs.cluster', fromlist=['program']).program()"
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
