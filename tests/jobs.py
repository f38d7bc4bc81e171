"""Tables of jobs of small made-up elections."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.made import write_made_election

ROOT = Path(__file__).parents[1]
TABLE = """
elections = ["*/made.toml"]
days_before = [1, 20]
seeds = [1]
draws = 2_000
[[variants]]
id = "as-it-is"
[[variants]]
id = "seven-percent"
rule.threshold.level = "7%"
"""


def write_table(folder: Path, text: str = TABLE, elections: int = 2) -> Path:
    """A table of so many elections, in folders of their own."""
    for number in range(elections):
        write_made_election(folder / f"e{number}", 3 + number % 3, odd=False, coalitions=1, polls=3)
    table = folder / "jobs.toml"
    table.write_text(text, encoding="utf-8")
    return table


def command(*arguments: object) -> list[str]:
    """A command line of this program."""
    return [sys.executable, "-m", "forecast", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command line of this program."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, env=environment(), check=False)


MARK = "FORECAST_TEST"
"""Variable of the environment by which the processes of a command are known."""


def environment(mark: str = "") -> dict[str, str]:
    """In which a command finds these sources; it and all below it carry a mark."""
    return {**os.environ, "PYTHONPATH": str(ROOT), MARK: mark}


def files_of(store: Path) -> set[str]:
    """Every file of a store."""
    return {file.relative_to(store).as_posix() for file in store.rglob("*") if file.is_file()}


def digests_of(store: Path, only: Sequence[str] = (".nc",)) -> dict[str, str]:
    """SHA-256 of the forecasts of a store; what a killed writer left in a draft is none."""
    return {
        name: hashlib.sha256((store / name).read_bytes()).hexdigest()
        for name in sorted(files_of(store))
        if name.endswith(tuple(only)) and ".draft/" not in name
    }


def nobody_left(mark: str, seconds: float = 30.0) -> bool:
    """Whether every process that was started with this mark, or below one that was, ends soon."""
    import psutil

    def alive(process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
        return False

    until = time.monotonic() + seconds
    while any(alive(process) for process in psutil.process_iter()):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def elsewhere(function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """As workers do: with copies of what they are sent, sending copies back, and the last item first."""
    for at in reversed(range(len(items))):
        there, item = pickle.loads(pickle.dumps((function, items[at])))
        yield at, pickle.loads(pickle.dumps(there(item)))
