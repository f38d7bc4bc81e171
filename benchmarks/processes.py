"""Whole processes: peak memory, the time of commands, and where the time of a run goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.measuring import Spread, Timed, interleave
from benchmarks.records import Results, Row

ROOT = Path(__file__).resolve().parent.parent
MEMORY, COMMANDS, IMPORTS = "memory", "commands", "imports"
HELP, TYPER = "forecast --help", "python -c 'import typer'"
RUN, LIBRARIES = "forecast run, 1e6 draws of Kazakhstan 2023", "python -c 'import numba, xarray'"

_CONFIG = Path("configs", "kazakhstan-2023.toml")
_PACKAGES = (
    ("numba", ("numba", "llvmlite")),
    ("xarray", ("xarray",)),
    ("pandas", ("pandas", "pytz", "dateutil")),
    ("numpy", ("numpy",)),
    ("scipy", ("scipy",)),
    ("pydantic", ("pydantic", "pydantic_core", "annotated_types", "typing_inspection")),
    ("typer, click and rich", ("typer", "click", "rich", "pygments", "markdown_it", "shellingham")),
    ("netCDF", ("h5netcdf", "h5py")),
    ("forecast itself", ("forecast",)),
)
_OTHERS = "the standard library and others"
Say = Callable[[str], None]


class CommandFailedError(Exception):
    """A command that is measured did not do its work."""


def memory(results: Results, numbers: Sequence[int], *, threads: int, say: Say) -> None:
    """Peak memory of a run of each size, each in a process of its own."""
    for number in numbers:
        say(f"memory of {number:,} draws")
        command = [sys.executable, "-m", "benchmarks.peak", str(number), str(threads)]
        measured = json.loads(_output(command))
        what = f"{number:,} draws, {threads} thread{'s' * (threads > 1)}"
        for unit, value in (
            ("MiB at the most", measured["after"]),
            ("MiB above a run of 1000 draws", measured["after"] - measured["before"]),
            ("seconds", measured["seconds"]),
        ):
            results.rows.append(Row(MEMORY, "A", what, unit, Spread(value, value, value)))


def commands(results: Results, *, rounds: int, say: Say, draws: str = "1e6") -> None:
    """``forecast --help`` and ``forecast run``, each against the imports that it cannot do without."""
    with tempfile.TemporaryDirectory() as folder:
        python = sys.executable
        _compare(results, HELP, _forecast("--help"), TYPER, [python, "-c", "import typer"], rounds, say)
        run = _forecast("run", str(_CONFIG), "--draws", draws, "--output", folder)
        measured = _compare(results, RUN, run, LIBRARIES, [python, "-c", "import numba, xarray"], rounds, say)
        if measured is not None:
            say("where the time of a run goes")
            _imports(results, run, measured)


def times(against: str) -> str:
    """The unit of a ratio to another command."""
    return f"times {against}"


def _forecast(*arguments: str) -> list[str]:
    """The command as it is installed beside this interpreter, else the module."""
    script = Path(sys.executable).with_name("forecast")
    command = [str(script)] if script.is_file() else [sys.executable, "-m", "forecast"]
    return [*command, *arguments]


def _compare(
    results: Results, what: str, ours: list[str], against: str, theirs: list[str], rounds: int, say: Say
) -> Spread | None:
    """Time two commands in turn; None, and a note, where ours does not work."""
    say(what)
    try:
        _output(ours)
    except CommandFailedError as error:
        results.notes.append(f"{what} not measured: {error}")
        return None
    timed = {
        what: Timed(partial(_repeat, ours), 1, 1),
        against: Timed(partial(_repeat, theirs), 1, 1),
    }
    timings = interleave(timed, rounds=rounds)
    for name, timing in timings.items():
        milliseconds = Spread(*(value / 1e6 for value in timing.nanoseconds))
        results.rows.append(Row(COMMANDS, "", name, "ms", milliseconds))
    results.rows.append(Row(COMMANDS, "", what, times(against), timings[what].over(timings[against])))
    return timings[what].nanoseconds


def _repeat(command: list[str], times: int) -> None:
    for _ in range(times):
        _output(command)


def _imports(results: Results, command: list[str], whole: Spread) -> None:
    """Milliseconds of imports by package (their own, not of what they import), and of all the rest."""
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    owners = {package: label for label, packages in _PACKAGES for package in packages}
    spent: Counter[str] = Counter()
    for line in done.stderr.splitlines():
        if not line.startswith("import time:") or "imported package" in line:
            continue
        own, _, name = line.removeprefix("import time:").split("|")
        spent[owners.get(name.strip().split(".")[0], _OTHERS)] += int(own)
    for label, microseconds in spent.most_common():
        _milliseconds(results, f"importing {label}", microseconds / 1e3)
    rest = whole.median / 1e6 - sum(spent.values()) / 1e3
    _milliseconds(results, "all the rest: starting Python, reading, estimating, drawing, writing", rest)


def _milliseconds(results: Results, what: str, value: float) -> None:
    results.rows.append(Row(IMPORTS, "A", what, "ms", Spread(value, value, value)))


def _output(command: list[str]) -> str:
    """What a command prints; ``CommandFailedError`` with the last line of its complaint where it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        complaint = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        msg = f"exit code {done.returncode}: {complaint}"
        raise CommandFailedError(msg)
    return done.stdout
