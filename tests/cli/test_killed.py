"""Commands killed (SIGKILL) while they write: the earlier result is whole, the new one is, or it is said that
none is.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forecast.errors import ConfigurationError
from forecast.storage import FILE_NAME, load
from forecast.tables import tables_of
from forecast.tables.exporting import as_csv
from forecast.writing import UNFINISHED
from tests.archives import write_archive
from tests.forecasts import CONFIG
from tests.nights import counted_rows, made_night, write_counted, write_election, write_units

SERVER = """
import contextlib, io, json, os, signal, sys
from forecast.cli.main import main

def child(place, command, step):
    passed = 0
    def heard(event, args):
        # Everything that touches the place.
        nonlocal passed
        if not any(isinstance(arg, (str, bytes, os.PathLike)) and place in os.fsdecode(arg) for arg in args):
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


@functools.cache
def _woods() -> Path:
    """The files of an election night."""
    folder, night = Path(tempfile.mkdtemp()), made_night(6)
    write_election(folder)
    write_units(folder / "units.csv", night)
    write_counted(folder / "counted.csv", counted_rows(night, night.first(1.0)))
    return folder


def _night(folder: Path, seed: int, *more: str) -> list[str]:
    files = ["--units", str(_woods() / "units.csv"), "--counted", str(_woods() / "counted.csv")]
    how = ["--draws", "400", "--threads", "1", "--seed", str(seed), "-q", *(more or ("--as-of", "21:30"))]
    return ["night", str(_woods() / "woods.toml"), *files, *how, "-o", str(folder)]


def _evening(folder: Path) -> list[str]:
    """A whole evening of several estimates."""
    return _night(folder, 1, "--replay", "1e9", "--every", "5400")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    options = [sys.executable, "-W", "ignore", "-c", SERVER]
    pipe = subprocess.PIPE
    with subprocess.Popen(options, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        server, folder = Server(process), tmp_path_factory.mktemp("first")
        # Not the page: what draws its charts runs threads, which no fork takes along.
        for command in (_run(folder, 1), _sweep(folder / "sweep", 1), _night(folder / "night", 1)):
            server.run(command)
        yield server
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def _seed_of(folder: Path) -> int | None:
    """The seed of the results in a folder; None where a command says that they are of two.

    ``AssertionError`` where its files are not of one command and nobody says so.
    """
    assert (folder / "mine.txt").read_text() == (folder / "tables" / "mine.csv").read_text() == "mine"
    try:
        found = load(folder)
    except ConfigurationError as error:
        if "a command was stopped while it put files here" in str(error):
            return None
        raise
    seed = int(found.attrs["seed"])
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["seed"] == seed
    written = {file.stem: file.read_text(encoding="utf-8") for file in (folder / "tables").iterdir()}
    assert written == {"mine": "mine"} | {table.name: as_csv(table) for table in tables_of(found)}
    return seed


def _add_mine(folder: Path) -> None:
    for name in ("mine.txt", "tables/mine.csv"):
        (folder / name).write_text("mine")


def _strays(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.name.startswith((".forecast", UNFINISHED))]


def _some(steps: int, number: int) -> list[int]:
    """Steps spread over all, the first and the last among them."""
    return sorted({1 + round(k * (steps - 1) / (number - 1)) for k in range(number)})


@pytest.mark.parametrize(
    ("command", "seed_of", "number"), [(_run, _seed_of, 6), (_sweep, _seed_of, 4), (_night, _seed_of, 3)]
)
def test_a_folder_of_results_is_whole_whichever_step_its_writer_was_killed_at(
    command: Callable[[Path, int], list[str]],
    seed_of: Callable[[Path], int | None],
    number: int,
    server: Server,
    tmp_path: Path,
) -> None:
    out = tmp_path / "place" / "out"
    server.steps(out.parent, command(out, 1))
    _add_mine(out)
    steps = server.steps(out.parent, command(out, 2))
    assert steps > 15
    assert seed_of(out) == 2
    before, kept = 2, []
    for seed, step in enumerate(_some(steps, number), start=3):
        assert server.steps(out.parent, command(out, seed), step) == 0, "it was to be killed"
        after = seed_of(out)
        assert after in (before, seed, None)
        kept.append(after == before)
        server.steps(out.parent, command(out, seed))
        assert seed_of(out) == seed
        assert _strays(out) == [], "what killed writers left is swept"
        before = seed
    assert kept[0]
    assert not kept[-1], "the last steps come when the set is there"
    assert [entry.name for entry in out.parent.iterdir()] == ["out"]


def test_a_run_killed_at_any_time_of_its_writing_leaves_whole_results(server: Server, tmp_path: Path) -> None:
    out = tmp_path / "place" / "out"
    server.steps(out.parent, _run(out, 1))
    _add_mine(out)
    before, chance = 1, random.Random(1)
    for seed in range(2, 5):
        strays = set(_strays(out))
        server.kill_after(
            out.parent,
            _run(out, seed),
            lambda known=strays: bool(set(_strays(out)) - known),
            chance.uniform(0, 0.06),
        )
        after = _seed_of(out)
        assert after in (before, seed, None)
        before = after


def test_an_evening_killed_at_any_step_leaves_its_last_estimate(server: Server, tmp_path: Path) -> None:
    """Whatever stands in the folder is one estimate of the night, with all those before it."""
    out = tmp_path / "place" / "out"
    steps = server.steps(out.parent, _evening(out))
    whole = load(out)
    reported = whole.names("evening/source_time")
    assert len(reported) > 2
    seen = set()
    for step in _some(steps - 5, 5):  # the folder around it is there by now
        shutil.rmtree(out, ignore_errors=True)
        assert server.steps(out.parent, _evening(out), step) == 0, "it was to be killed"
        if not (out / FILE_NAME).exists():
            seen.add(0)
            continue
        kept = load(out / FILE_NAME)
        number = len(kept.array("evening/moment"))
        assert kept.names("evening/source_time") == reported[:number]
        assert kept.array("night/units_final").sum() == round(
            kept.array("evening/units_share")[-1] * kept.array("night/units").sum()
        )
        seen.add(number)
    assert len(seen) > 2
    assert server.steps(out.parent, _evening(out)) > 0, "and is played again"
    assert load(out).names("evening/source_time") == reported
    assert _strays(out) == []


def test_a_page_is_whole_whichever_step_its_writer_was_killed_at(server: Server, tmp_path: Path) -> None:
    out = tmp_path / "place" / "out"
    # A page of one part: written as every page is, and drawn in half the time.
    command = ["report", str(out), "--panel", "polls", "-q"]
    server.steps(out.parent, _run(out, 1))
    steps = server.steps(out, command)
    earlier = (out / "polls.html").read_bytes()
    server.steps(out.parent, _run(out, 2))
    pages = []
    for step in _some(steps, 4):
        assert server.steps(out, command, step) == 0
        pages.append((out / "polls.html").read_bytes())
    server.steps(out, command)
    later = (out / "polls.html").read_bytes()
    assert b"seed 2" in later != earlier
    assert set(pages) <= {earlier, later}
    assert pages[0] == earlier
    assert _strays(out) == []


def _commands(folder: Path, archive: Path, seed: int) -> dict[str, tuple[Path, list[str]]]:
    """One of each kind that writes, with the folder that it writes to; later ones read what ``run`` left."""
    fitted = ["fit", str(archive), "--bootstrap", str(seed % 3), "-q", "-o", str(folder / "fitted.json")]
    exported = ["tables", str(folder), "--format", "csv", "-q", "-o", str(folder / "exported")]
    return {
        "run": (folder, _run(folder, seed)),
        "sweep": (folder / "swept", _sweep(folder / "swept", seed)),
        "report": (folder, ["report", str(folder), "-q"]),
        "tables": (folder / "exported", exported),
        "fit": (folder, fitted),
    }


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-m", "forecast", *command], stdout=quiet, stderr=quiet)


@dataclass
class Looked:
    """What a user finds after a command was killed; ``AssertionError`` where it is no whole result."""

    folder: Path
    exports: list[dict[str, str]] = field(default_factory=list)
    told: int = 0

    def after(self) -> None:
        folder = self.folder
        seeds = _seed_of(folder), _seed_of(folder / "swept")
        self.told += sum(seed is None for seed in seeds)
        if seeds[0] is not None:
            self.exports.append({table.name: as_csv(table) for table in tables_of(load(folder))})
        found = {file.stem: file.read_text(encoding="utf-8") for file in (folder / "exported").glob("*.csv")}
        if (folder / "exported" / UNFINISHED).exists():
            self.told += 1
        else:
            assert found in self.exports
        json.loads((folder / "fitted.json").read_text(encoding="utf-8"))
        assert (folder / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
        assert (folder / "exported" / "mine.txt").read_text() == "mine"


@pytest.mark.slow
def test_whole_commands_killed_at_any_time_leave_what_was_there_or_what_they_made(tmp_path: Path) -> None:
    """A hundred processes as a user starts them, a fifth of each kind, half of them killed as they write."""
    folder, archive = tmp_path / "out", write_archive(tmp_path / "archive")
    took = dict.fromkeys(_commands(folder, archive, 1), 0.0)
    for seed in (1, 2):
        for name, (_, command) in _commands(folder, archive, seed).items():
            start = time.monotonic()
            assert _started(command).wait() == 0
            took[name] = time.monotonic() - start
    _add_mine(folder)
    _add_mine(folder / "swept")
    (folder / "exported" / "mine.txt").write_text("mine")
    chance, killed, looked, seed = random.Random(1), dict.fromkeys(took, 0), Looked(folder), 2
    looked.after()
    while min(killed.values()) < 20:
        seed += 1
        for name, (place, command) in _commands(folder, archive, seed).items():
            if killed[name] == 20:
                continue
            strays = set(_strays(place))
            process, start = _started(command), time.monotonic()
            if killed[name] % 2:
                time.sleep(took[name] * chance.uniform(0, 0.95))
            else:
                while process.poll() is None and not set(_strays(place)) - strays:
                    time.sleep(0.0005)
                time.sleep(chance.uniform(0, 0.04))
            killed[name] += process.poll() is None
            process.kill()
            process.wait()
            looked.after()
        assert seed < 100, "half of them end before they are killed"
    print(f"killed {killed}, in {looked.told} looks a set was said to be unfinished")
    for _, command in _commands(folder, archive, 2).values():
        assert _started(command).wait() == 0
    looked.after()
    assert _seed_of(folder) == 2
    assert not [file for file in tmp_path.rglob("*") if file.name.startswith((".forecast", UNFINISHED))]
