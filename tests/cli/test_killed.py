"""Commands killed (SIGKILL) while they write: the earlier result is whole, or the new one is."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from forecast.storage import load, load_sweep
from forecast.tables import Table, tables_of
from forecast.tables.formats import as_csv
from forecast.tables.sweeps import sweep_tables
from tests.forecasts import CONFIG

if TYPE_CHECKING:
    import xarray as xr

SERVER = """
import contextlib, io, json, os, signal, sys
from forecast.cli.main import main

def child(place, command, step):
    passed = 0
    def heard(event, args):
        # Everything that touches the place, and the exchange of two folders, which goes past Python.
        nonlocal passed
        named = any(isinstance(arg, (str, bytes, os.PathLike)) and place in os.fsdecode(arg) for arg in args)
        if not (named or (event == "ctypes.dlsym" and "renameat2" in args)):
            return
        if event == "open" and not args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        passed += 1
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(heard)
    with contextlib.redirect_stdout(io.StringIO()):
        code = main(command)
    os.write(answer, f"{passed if code == 0 else -1}\\n".encode())
    os._exit(0)

answer = os.dup(1)
for line in sys.stdin:
    place, command, step, wait = json.loads(line)
    if place is None:  # to import what the command needs, once for all
        with contextlib.redirect_stdout(io.StringIO()):
            code = main(command)
        os.write(answer, b"1\\n" if code == 0 else b"-1\\n")
        continue
    process = os.fork()
    if process == 0:
        child(place, command, step)
    if not wait:
        os.write(answer, f"{process}\\n".encode())
    status = os.waitpid(process, 0)[1]
    if not wait or os.WIFSIGNALED(status):
        os.write(answer, b"0\\n")
"""
NEVER = 0


@dataclass
class Server:
    """A process that has imported everything, and runs each command in a child of its own."""

    process: subprocess.Popen[str]

    def run(self, command: list[str]) -> None:
        """Run a command in the process itself: what it imports is there for the children."""
        self._ask(None, command, NEVER, wait=True)
        self._answer()

    def steps(self, place: Path, command: list[str], step: int = NEVER) -> int:
        """Steps that a command takes; 0 where it was killed at ``step``."""
        self._ask(place, command, step, wait=True)
        return self._answer()

    def kill_after(self, place: Path, command: list[str], ready: Callable[[], bool], seconds: float) -> None:
        """Start a command, and kill it so many seconds after it is ``ready``."""
        self._ask(place, command, NEVER, wait=False)
        child = self._answer()
        until = time.monotonic() + 30
        while not ready() and time.monotonic() < until:
            time.sleep(0.0002)
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        while self._answer() != 0:
            pass

    def _ask(self, place: Path | None, command: list[str], step: int, *, wait: bool) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([place and str(place), command, step, wait]) + "\n")
        self.process.stdin.flush()

    def _answer(self) -> int:
        assert self.process.stdout is not None
        number = int(self.process.stdout.readline())
        assert number >= 0, "the command failed"
        return number


def _run(folder: Path, seed: int) -> list[str]:
    how = ["--draws", "1024", "--threads", "1", "--seed", str(seed), "-q"]
    return ["run", str(CONFIG), *how, "-o", str(folder)]


def _sweep(folder: Path, seed: int) -> list[str]:
    how = ["--draws", "1024", "--threads", "1", "--seed", str(seed), "-q"]
    return ["sweep", str(CONFIG), "--threshold", "4%,5%", "--method", "hare", *how, "-o", str(folder)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    options = [sys.executable, "-W", "ignore", "-c", SERVER]
    pipe = subprocess.PIPE
    with subprocess.Popen(options, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        server, folder = Server(process), tmp_path_factory.mktemp("first")
        for command in (_run(folder, 1), ["report", str(folder)], _sweep(folder / "sweep", 1)):
            server.run(command)
        yield server
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def _seed_of_run(folder: Path) -> int:
    forecast = load(folder)
    return _seed_of(folder, forecast.dataset, tables_of(forecast))


def _seed_of_sweep(folder: Path) -> int:
    sweep = load_sweep(folder)
    return _seed_of(folder, sweep.dataset, sweep_tables(sweep))


def _seed_of(folder: Path, dataset: xr.Dataset, tables: list[Table]) -> int:
    """The seed of the results in a folder; ``AssertionError`` where its files are not of one command."""
    seed = int(dataset.attrs["seed"])
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["seed"] == seed
    written = {file.stem: file.read_text(encoding="utf-8") for file in (folder / "tables").iterdir()}
    assert written == {table.name: as_csv(table) for table in tables}
    assert (folder / "mine.txt").read_text() == "mine"
    return seed


def _remove_drafts(out: Path) -> None:
    for entry in out.parent.glob(".*"):
        shutil.rmtree(entry)


def _some(steps: int, number: int) -> list[int]:
    """Steps spread over all, the first and the last among them."""
    return sorted({1 + round(k * (steps - 1) / (number - 1)) for k in range(number)})


@pytest.mark.parametrize(
    ("command", "seed_of", "number"), [(_run, _seed_of_run, 6), (_sweep, _seed_of_sweep, 4)]
)
def test_a_folder_of_results_is_whole_whichever_step_its_writer_was_killed_at(
    command: Callable[[Path, int], list[str]],
    seed_of: Callable[[Path], int],
    number: int,
    server: Server,
    tmp_path: Path,
) -> None:
    out = tmp_path / "place" / "out"
    server.steps(out.parent, command(out, 1))
    (out / "mine.txt").write_text("mine")
    steps = server.steps(out.parent, command(out, 2))
    assert steps > 15
    assert seed_of(out) == 2
    before, kept = 2, []
    for seed, step in enumerate(_some(steps, number), start=3):
        assert server.steps(out.parent, command(out, seed), step) == 0, "it was to be killed"
        after = seed_of(out)
        assert after in (before, seed)
        if step < steps:
            _remove_drafts(out)  # else the next has more steps
        kept.append(after == before)
        before = after
    assert kept[0]
    assert not kept[-1], "the last steps come after the exchange"
    server.steps(out.parent, command(out, 99))
    assert seed_of(out) == 99
    assert [entry.name for entry in out.parent.iterdir()] == ["out"], "drafts of killed writers are swept"


def test_a_run_killed_at_any_time_of_its_writing_leaves_whole_results(server: Server, tmp_path: Path) -> None:
    out = tmp_path / "place" / "out"
    server.steps(out.parent, _run(out, 1))
    (out / "mine.txt").write_text("mine")
    before, chance = 1, random.Random(1)
    for seed in range(2, 5):
        drafts = set(out.parent.iterdir())
        server.kill_after(
            out.parent,
            _run(out, seed),
            lambda known=drafts: bool(set(out.parent.iterdir()) - known),
            chance.uniform(0, 0.06),
        )
        after = _seed_of_run(out)
        assert after in (before, seed)
        before = after


def test_a_page_is_whole_whichever_step_its_writer_was_killed_at(server: Server, tmp_path: Path) -> None:
    out = tmp_path / "place" / "out"
    command = ["report", str(out), "-q"]
    server.steps(out.parent, _run(out, 1))
    steps = server.steps(out, command)
    earlier = (out / "report.html").read_bytes()
    server.steps(out.parent, _run(out, 2))
    kept = []
    for step in _some(steps, 3):
        assert server.steps(out, command, step) == 0
        kept.append((out / "report.html").read_bytes() == earlier)
    assert all(kept), "the place is taken in the last step"
    server.steps(out, command)
    assert b"seed 2" in (out / "report.html").read_bytes() != earlier
    assert not [entry for entry in out.iterdir() if entry.name.startswith(".")]
