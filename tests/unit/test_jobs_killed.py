"""Commands that do jobs, killed (SIGKILL) or interrupted at any moment: the same command goes on, to the same
bits, and nothing is left behind.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from forecast.jobs import Store, do_table, read_table
from forecast.jobs.store import listed_of
from tests.jobs import command, digests_of, environment, files_of, nobody_left, run, write_table

needs_workers = pytest.mark.skipif(
    find_spec("distributed") is None, reason="the extra cluster is not installed"
)
pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a matter of Unix")


def expected_files(table: Path) -> set[str]:
    digests = {job.digest for job in listed_of(read_table(table)).jobs}
    return {"jobs.json", *(f"done/{digest}{end}" for digest in digests for end in (".nc", ".json"))}


def start(table: Path, store: Path, *options: object) -> subprocess.Popen[str]:
    """Do the jobs of a table; the processes carry its name as their mark."""
    quiet, called = subprocess.DEVNULL, command("jobs", table, "-o", store, *options)
    return subprocess.Popen(called, stdout=quiet, stderr=quiet, env=environment(str(table)), text=True)


def moment(process: subprocess.Popen[str], store: Path, chance: random.Random, seconds: float) -> None:
    """Wait: in half of the cases for so long at most, else for some moments after another job is done."""
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, seconds))
        return
    before, until = len(Store(store).done()), time.monotonic() + 120
    while len(Store(store).done()) == before and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(chance.uniform(0, 0.1))


def whole(store: Path) -> None:
    """Every forecast that is there is whole, and has a record."""
    from forecast.netcdf import Seal, seal_of

    for digest in Store(store).done():
        assert seal_of(Store(store).file_of(digest)) is Seal.WHOLE
        assert Store(store).file_of(digest).with_suffix(".json").is_file()


def killed_again_and_again(
    folder: Path, text: str, elections: int, kills: int, *options: object, seed: int = 1
) -> int:
    """Kill the command so often, or until it is done; then let it end. How often it was killed at work."""
    table, store, alone = write_table(folder, text, elections), folder / "store", folder / "alone"
    do_table(read_table(table), Store(alone))
    chance, at_work = random.Random(seed), 0
    for _ in range(kills):
        process = start(table, store, *options)
        moment(process, store, chance, 1.5)
        at_work += process.poll() is None
        process.kill()
        process.wait()
        assert nobody_left(str(table)), "a worker outlived its command"
        whole(store)
    before = digests_of(store)
    ended = run("jobs", table, "-o", store)
    assert ended.returncode == 0, ended.stderr
    assert files_of(store) == expected_files(table)
    assert digests_of(store) == digests_of(alone)
    assert before.items() <= digests_of(store).items(), "what was done is not done again"
    return at_work


SHORT = """
elections = ["*/made.toml"]
days_before = [1, 20]
seeds = "1:2"
draws = 2_000
"""


WORKERS = pytest.param(("--workers", 2), id="two workers", marks=needs_workers)


@pytest.mark.parametrize("options", [pytest.param((), id="alone"), WORKERS])
def test_a_killed_command_goes_on_where_it_was(options: tuple[object, ...], tmp_path: Path) -> None:
    soon_after_the_first_job = 15
    assert killed_again_and_again(tmp_path, SHORT, 2, 1, *options, seed=soon_after_the_first_job) == 1


@pytest.mark.slow
@pytest.mark.parametrize("options", [pytest.param((), id="alone"), WORKERS])
def test_fifty_kills_of_a_table_of_two_hundred_jobs(options: tuple[object, ...], tmp_path: Path) -> None:
    text = 'elections = ["*/made.toml"]\ndays_before = [1, 20]\nseeds = "1:20"\ndraws = 2_000\n'
    assert killed_again_and_again(tmp_path, text, 5, 50, *options) >= 30


def test_an_interrupted_command_says_so_and_keeps_what_is_done(tmp_path: Path) -> None:
    table, store = write_table(tmp_path, SHORT), tmp_path / "store"
    process = start(table, store)
    until = time.monotonic() + 60
    while not Store(store).done():
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    whole(store)
    left = {name for name in files_of(store) if not name.startswith(("done/", "jobs.json"))}
    assert left == set()


def test_the_command_says_what_failed_and_how_it_ended(tmp_path: Path) -> None:
    table = write_table(tmp_path, 'elections = ["*/made.toml"]\ndraws = 1_000\n', elections=3)
    polls = tmp_path / "e1" / "polls.csv"
    polls.write_text("pollster,end\n")
    store = tmp_path / "store"
    ended = run("jobs", table, "-o", store)
    assert ended.returncode == 3, ended.stderr
    assert ended.stdout.strip() == "3 jobs: 2 done, 1 failed, 0 left"
    assert "failed: " in ended.stderr
    assert "polls.csv" in ended.stderr
    said = run("jobs", "status", store)
    assert said.returncode == 0
    assert said.stdout.startswith("3 jobs: 2 done, 0 running, 1 failed, 0 left")
    assert "polls.csv" in said.stdout
    together = run("jobs", "collect", store)
    assert together.returncode == 0, together.stderr
    assert "1 of 3 jobs are not done" in together.stderr
    assert (store / "collected.nc").is_file()
