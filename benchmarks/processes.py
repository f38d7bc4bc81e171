"""Whole processes: peak memory, the time of commands, and where the time of a run goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.measuring import Spread, Timed, interleave, seconds_of
from benchmarks.records import Results, Row
from forecast.compiling import processors

ROOT = Path(__file__).resolve().parent.parent
MEMORY, COMMANDS, IMPORTS, COLD = "memory", "commands", "imports", "cold"
SECONDS = "seconds"
HELP, TYPER = "forecast --help", "python -c 'import typer'"
RUN, LIBRARIES = "forecast run, 1e6 draws of Kazakhstan 2023", "python -c 'import numba, xarray'"
FIRST_RUN = "forecast run of Kazakhstan 2023 on an empty cache"
FIRST_SWEEP = "the first sweep after that (50 thresholds x 4 methods)"
FIRST_CAP = "the first rule with a cap after that"

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
_REST = "all the rest: starting Python, reading, estimating, drawing, writing"
Say = Callable[[str], None]


class CommandFailedError(Exception):
    """A command that is measured did not do its work."""


def memory(results: Results, numbers: Sequence[int], *, threads: int, say: Say) -> None:
    """Peak memory of a run of each size, each in a process of its own."""
    for number in numbers:
        say(f"memory of {number:,} draws")
        measured = _peak(number, threads)
        what = f"{number:,} draws, {threads} thread{'s' * (threads > 1)}"
        for unit, value in (
            ("MiB at the most", measured["after"]),
            ("MiB above a run of 1000 draws", measured["after"] - measured["before"]),
            ("seconds", measured["seconds"]),
        ):
            results.rows.append(Row(MEMORY, "A", what, unit, Spread(value, value, value)))


def _peak(draws: int, threads: int) -> dict[str, float]:
    """What ``benchmarks.peak`` prints."""
    return json.loads(run_command([sys.executable, "-m", "benchmarks.peak", str(draws), str(threads)]))


def commands(results: Results, *, rounds: int, say: Say, draws: str = "1e6") -> None:
    """``forecast --help`` and ``forecast run``, each against the imports that it cannot do without."""
    with tempfile.TemporaryDirectory() as folder:
        python = sys.executable
        helping, typer = forecast_command("--help"), [python, "-c", "import typer"]
        _compare(results, HELP, helping, TYPER, typer, rounds, say)
        run = forecast_command("run", str(_CONFIG), "--draws", draws, "--output", folder)
        libraries = [python, "-c", "import numba, xarray"]
        if _compare(results, RUN, run, LIBRARIES, libraries, rounds, say):
            say("where the time of a run goes")
            _where_time_goes(results, run, draws, min(rounds, 3))


def times(against: str) -> str:
    """The unit of a ratio to another command."""
    return f"times {against}"


def forecast_command(*arguments: str) -> list[str]:
    """The command as it is installed beside this interpreter, else the module."""
    script = Path(sys.executable).with_name("forecast")
    command = [str(script)] if script.is_file() else [sys.executable, "-m", "forecast"]
    return [*command, *arguments]


def _compare(
    results: Results, what: str, ours: list[str], against: str, theirs: list[str], rounds: int, say: Say
) -> bool:
    """Time two commands in turn; False, and a note, where ours does not work."""
    say(what)
    try:
        run_command(ours)
    except CommandFailedError as error:
        results.notes.append(f"{what} not measured: {error}")
        return False
    timed = {
        what: Timed(partial(_repeat, ours), 1, 1),
        against: Timed(partial(_repeat, theirs), 1, 1),
    }
    timings = interleave(timed, rounds=rounds)
    for name, timing in timings.items():
        milliseconds = Spread(*(value / 1e6 for value in timing.nanoseconds))
        results.rows.append(Row(COMMANDS, "", name, "ms", milliseconds))
    results.rows.append(Row(COMMANDS, "", what, times(against), timings[what].over(timings[against])))
    return True


def _repeat(command: list[str], times: int) -> None:
    for _ in range(times):
        run_command(command)


def _where_time_goes(results: Results, command: list[str], draws: str, rounds: int) -> None:
    """Milliseconds by package imported (without what it imports in turn), of the rest, and of its parts."""
    measured: list[dict[str, float]] = []
    for _ in range(rounds):
        spent = _profiled(command)
        nothing = seconds_of(partial(run_command, [sys.executable, "-c", "pass"]))
        spent["of the rest: starting Python"] = nothing * 1e3
        drawing = _peak(int(float(draws)), threads=processors())
        spent["of the rest: loading the compiled core"] = drawing["loading"] * 1e3
        spent["of the rest: drawing"] = drawing["seconds"] * 1e3
        measured.append(spent)
    for label in dict.fromkeys(label for spent in measured for label in spent):
        value = Spread.of([spent.get(label, 0.0) for spent in measured])
        results.rows.append(Row(IMPORTS, "A", label, "ms", value))


def _profiled(command: list[str]) -> dict[str, float]:
    """Milliseconds of one run by what they went to; Python's own account of imports slows them a little."""
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    whole = (time.perf_counter() - start) * 1e3
    owners = {package: label for label, packages in _PACKAGES for package in packages}
    spent: Counter[str] = Counter()
    for line in done.stderr.splitlines():
        if line.startswith("import time:") and "imported package" not in line:
            own, _, name = line.removeprefix("import time:").split("|")
            spent[f"importing {owners.get(name.strip().split('.')[0], _OTHERS)}"] += int(own)
    imports = {label: microseconds / 1e3 for label, microseconds in spent.most_common()}
    return {**imports, _REST: whole - sum(imports.values())}


def run_command(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a command prints; ``CommandFailedError`` with the last line of its complaint where it fails."""
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        complaint = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        msg = f"exit code {done.returncode}: {complaint}"
        raise CommandFailedError(msg)
    return done.stdout


def cold(results: Results, *, rounds: int, say: Say) -> None:
    """Cold starts, what a user waits for before the first number: seconds of each step, each round with a
    cache of compiled code of its own that starts empty.
    """
    steps = (FIRST_RUN, FIRST_SWEEP, FIRST_CAP)
    measured: dict[str, list[float]] = {step: [] for step in steps}
    for number in range(1, rounds + 1):
        say(f"cold start {number} of {rounds}")
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "FORECAST_CACHE": str(Path(folder, "cache"))}
            for step, command in zip(steps, _first_commands(folder), strict=True):
                measured[step].append(seconds_of(partial(run_command, command, environment)))
    for step, seconds in measured.items():
        results.rows.append(Row(COLD, "", step, SECONDS, Spread.of(seconds)))


def _first_commands(folder: str) -> list[list[str]]:
    config = str(_CONFIG)
    run, sweep, cap = (["--output", str(Path(folder, name))] for name in ("run", "sweep", "cap"))
    varied = ("--threshold", "0.2%:10%:0.2%", "--method", "hare,dhondt,sainte-lague,droop")
    return [
        forecast_command("run", config, *run),
        forecast_command("sweep", config, *varied, "--draws", "1e5", *sweep),
        forecast_command("run", config, "--set", "rule.cap.seats=35", "--draws", "1e5", *cap),
    ]
