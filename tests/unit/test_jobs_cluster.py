"""Workers of dask.distributed: the same bits from any number of them, dying ones among them; those of another
program are refused; nothing is left behind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="the extra cluster is not installed")

from forecast.election import load_election
from forecast.errors import ConfigurationError
from forecast.estimation import estimate
from forecast.estimation.constants import shipped_constants
from forecast.jobs import Store, do_table, read_table
from forecast.jobs import hands as hands_module
from forecast.jobs.hands import ByHands, Cluster, local_workers, workers_of
from forecast.polls import polls_of
from forecast.simulation.forecasting import How, simulate_and_keep
from forecast.verification import one_by_one
from forecast.verification.backtest import run_backtest
from forecast.verification.past_elections import read_archive
from tests.archives import write_archive
from tests.jobs import command, digests_of, environment, files_of, run, write_table
from tests.made import write_made_election

DRAWS = 20_000_000
"""Some seconds on one thread."""


@pytest.fixture(scope="module")
def workers() -> Iterator[Cluster]:
    with local_workers(2) as found:
        yield found


FEW = 'elections = ["*/made.toml"]\nseeds = "1:4"\ndraws = 1_000\n'
"""Eight jobs."""


def pids(workers: Cluster) -> list[int]:
    """Processes of the workers there are."""
    return list(workers._client.run(os.getpid).values())


def slowly(item: int) -> int:
    time.sleep(0.3)
    return item * item


def deadly(item: int) -> int:
    if item == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def test_every_item_is_done_once_and_comes_with_its_place(workers: Cluster) -> None:
    assert workers.workers == 2
    assert 0 < workers.task_seconds < 1
    assert sorted(workers.do(slowly, [1, 2, 3])) == [(0, 1), (1, 4), (2, 9)]
    assert list(workers.do(slowly, [])) == []


def test_a_run_on_workers_is_the_run_to_the_last_bit(
    workers: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a worker that is killed at its first part."""
    as_alone_with_one_killed(workers, tmp_path, monkeypatch)


@pytest.mark.slow
def test_three_workers_of_which_one_is_killed_count_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_workers(3) as three:
        as_alone_with_one_killed(three, tmp_path, monkeypatch)


def as_alone_with_one_killed(workers: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run on workers, one of which dies, is that of two threads."""
    number = workers.workers
    monkeypatch.setattr(hands_module, "PART_SECONDS", 0.05)
    monkeypatch.setattr(hands_module, "OVERHEAD", 1.0)
    election = load_election(write_made_election(tmp_path, 4, odd=False, coalitions=1, polls=3))
    centre = estimate(election, polls_of(election))
    how = How(DRAWS, 5, "sobol", 2)
    whole, kept = simulate_and_keep(election, centre, how, 5_000)
    told: list[int] = []
    victims = pids(workers)

    def progress(done: int) -> None:
        if not told:
            os.kill(victims[0], signal.SIGKILL)
        told.append(done)

    by_workers = how._replace(runner=ByHands(workers))
    again, kept_again = simulate_and_keep(election, centre, by_workers, 5_000, progress=progress)
    assert len(told) > 8, "it was cut into parts"
    assert sum(told) == DRAWS
    for name, data in whole.groups.items():
        assert data.identical(again.groups[name]), name
    assert kept.identical(kept_again)
    assert workers.wait_for(number)
    assert victims[0] not in pids(workers)


def test_what_kills_its_workers_is_lost_and_the_rest_is_done(
    workers: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = workers._client.cluster.scheduler
    monkeypatch.setattr(scheduler, "allowed_failures", 0)
    found = dict(workers.do(deadly, [1, 2, 3], lambda error, item: f"{type(error).__name__} {item}"))
    assert found[1] == "KilledWorker 2"
    assert workers.wait_for(2)


def test_a_short_run_is_sent_nowhere(
    workers: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Cluster, "hold", refused)
    election = load_election(write_made_election(tmp_path, 4, odd=False, coalitions=1, polls=3))
    how = How(10_000, 5, "sobol", 1, ByHands(workers))
    found, _ = simulate_and_keep(election, estimate(election, polls_of(election)), how, 0)
    assert found.draws == 10_000


def test_workers_of_another_program_are_refused_by_name(
    workers: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = hands_module.program()
    monkeypatch.setattr(hands_module, "program", lambda: own | {"numba": "0.1.2"})
    with pytest.raises(ConfigurationError, match=r"worker tcp://127.*numba.*numba 0\.1\.2"):
        Cluster(workers._client)
    with pytest.raises(ConfigurationError, match="numba"):  # one that joins later
        next(workers.do(slowly, [1]))


def test_jobs_on_workers_are_those_of_one_process(workers: Cluster, tmp_path: Path) -> None:
    table = write_table(tmp_path, FEW)
    alone = do_table(read_table(table), Store(tmp_path / "alone"))
    found = do_table(read_table(table), Store(tmp_path / "store"), client=workers._client)
    assert (found.done, found.exit_code) == (alone.done, 0)
    assert digests_of(tmp_path / "store") == digests_of(tmp_path / "alone")
    assert files_of(tmp_path / "store") == files_of(tmp_path / "alone")


def test_failures_come_back_from_workers(workers: Cluster, tmp_path: Path) -> None:
    table = write_table(tmp_path, 'elections = ["*/made.toml"]\ndraws = 1_000\n', elections=3)
    (tmp_path / "e1" / "polls.csv").write_text("pollster,end\n")
    found = do_table(read_table(table), Store(tmp_path / "store"), client=workers._client)
    assert (found.done, found.exit_code) == (2, 3)


def test_a_backtest_on_workers_is_that_of_one_process(workers: Cluster, tmp_path: Path) -> None:
    elections = read_archive(write_archive(tmp_path, countries=2, elections=2))
    constants = shipped_constants()
    alone, shared = (
        run_backtest(elections, lambda _: constants, horizons=(1, 30), draws=200, do=do)
        for do in (one_by_one, workers.do)
    )
    assert len(alone.scored) == len(shared.scored) > 0
    for one, other in zip(alone.scored, shared.scored, strict=True):
        assert (one.election, one.horizon, one.method) == (other.election, other.horizon, other.method)
        assert one.values == other.values
    assert alone.notes == shared.notes


def test_a_command_with_workers_writes_the_same_file(tmp_path: Path) -> None:
    config = write_made_election(tmp_path, 4, odd=False, coalitions=1, polls=3)
    for name, options in (("alone", ()), ("shared", ("--workers", 2))):
        ended = run("run", config, "-n", "2e7", "-q", "-o", tmp_path / name, *options)
        assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "alone" / "forecast.nc").read_bytes() == (
        tmp_path / "shared" / "forecast.nc"
    ).read_bytes()


@contextmanager
def scheduler_with_workers(folder: Path, number: int) -> Generator[tuple[Path, str]]:
    """A scheduler and workers as an institute has them: the file that tells of it, and its address."""
    file, quiet = folder / "scheduler.json", subprocess.DEVNULL
    options = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    worker = ["worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for one in (["scheduler", "--port", "0", "--no-show"], *[worker] * number):
            called = [sys.executable, "-m", "dask", *one, *options]
            started.append(subprocess.Popen(called, stdout=quiet, stderr=quiet, env=environment()))
            until = time.monotonic() + 60
            while not (file.is_file() and file.stat().st_size):
                assert time.monotonic() < until
                time.sleep(0.05)
        yield file, json.loads(file.read_text())["address"]
        assert [process.poll() for process in started] == [None] * (number + 1), "they go on afterwards"
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_workers_of_another_scheduler_do_the_same(tmp_path: Path) -> None:
    """By its address, and by the file that it wrote."""
    table = write_table(tmp_path, FEW)
    do_table(read_table(table), Store(tmp_path / "alone"))
    with scheduler_with_workers(tmp_path, 2) as (file, address):
        for name, scheduler in (("shared", address), ("again", file)):
            ended = run("jobs", table, "-o", tmp_path / name, "--scheduler", scheduler, "-q")
            assert ended.returncode == 0, ended.stderr
            assert ended.stdout == "8 jobs: 8 done, 0 failed, 0 left\n"
            assert digests_of(tmp_path / name) == digests_of(tmp_path / "alone")


def test_workers_are_found_by_the_address_of_their_scheduler(workers: Cluster) -> None:
    with workers_of(workers._client.scheduler.address) as hands:
        assert hands.workers == 2
        assert sorted(hands.do(abs, [-1, -2])) == [(0, 1), (1, 2)]
    assert len(pids(workers)) == 2, "they go on afterwards"


def test_a_scheduler_that_does_not_answer_is_named() -> None:
    said = r"nonsense://x.*an address such as tcp://host:8786"
    with pytest.raises(ConfigurationError, match=said), workers_of("nonsense://x"):
        pass


COUNTS = """
import os
from forecast.compiling import on_compilation

def note(done, total):
    with open(os.environ["COMPILED"], "a") as file:
        print(os.getpid(), file=file)

on_compilation(note)
"""
"""Read by every Python before anything else: processes that help to compile among them."""


@pytest.mark.slow
def test_four_workers_with_a_cold_cache_compile_each_kernel_once(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(COUNTS)
    table, cache = write_table(tmp_path, FEW), tmp_path / "cache"
    env = environment()
    env |= {"PYTHONPATH": os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])}
    env |= {"FORECAST_CACHE": str(cache), "COMPILED": str(tmp_path / "compiled")}
    called = command("jobs", table, "-o", tmp_path / "store", "--workers", 4, "-q")
    ended = subprocess.run(called, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    noted = (tmp_path / "compiled").read_text().split()
    assert len(noted) == len(list(cache.glob("*.bin"))) > 5
    assert len(set(noted)) > 1, "several processes shared the kernels among them"


def children_of(pid: int) -> set[int]:
    """Processes below one, as the system knows them."""
    import psutil

    return {child.pid for child in psutil.Process(pid).children(recursive=True)}


def gone(processes: set[int], seconds: float = 20.0) -> bool:
    import psutil

    until = time.monotonic() + seconds
    while any(psutil.pid_exists(pid) and _alive(pid) for pid in processes):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _alive(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_no_worker_outlives_its_command(number: signal.Signals, tmp_path: Path) -> None:
    """A Ctrl-C reaches the whole group of processes, a kill the command alone."""
    text = 'elections = ["*/made.toml"]\ndays_before = [1, 20]\nseeds = "1:40"\ndraws = 2_000\n'
    table, store = write_table(tmp_path, text), tmp_path / "store"
    quiet = subprocess.PIPE
    process = subprocess.Popen(
        command("jobs", table, "-o", store, "--workers", 2),
        stdout=quiet,
        stderr=quiet,
        env=environment(),
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 120
    while not Store(store).done():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    below = children_of(process.pid)
    assert len(below) >= 2
    if number is signal.SIGINT:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.kill()
    _, told = process.communicate(timeout=60)
    if number is signal.SIGINT:
        assert process.returncode == 130, told
        assert told == "interrupted; nothing was written by halves\n"
    assert gone(below)
    assert 0 < len(Store(store).done()) < 160
