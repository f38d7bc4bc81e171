"""Cold starts: what a user waits for before the first number, on an empty cache of compiled code."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import Spread
from benchmarks.processes import CommandFailedError, Say, forecast_command
from benchmarks.records import Results, Row

ROOT = Path(__file__).resolve().parent.parent
COLD, SECONDS = "cold", "seconds"
FIRST_RUN = "forecast run of Kazakhstan 2023 on an empty cache"
FIRST_SWEEP = "the first sweep after that (50 thresholds x 4 methods)"
FIRST_CAP = "the first rule with a cap after that"
STEPS = (FIRST_RUN, FIRST_SWEEP, FIRST_CAP)

_CONFIG = str(Path("configs", "kazakhstan-2023.toml"))


def cold(results: Results, *, rounds: int, say: Say) -> None:
    """Seconds of each step, each round with a cache of its own that starts empty."""
    measured: dict[str, list[float]] = {step: [] for step in STEPS}
    for number in range(1, rounds + 1):
        say(f"cold start {number} of {rounds}")
        with tempfile.TemporaryDirectory() as folder:
            for step, command in zip(STEPS, _commands(folder), strict=True):
                measured[step].append(_seconds(command, folder))
    for step, seconds in measured.items():
        results.rows.append(Row(COLD, "", step, SECONDS, Spread.of(seconds)))


def _commands(folder: str) -> list[Sequence[str]]:
    def output(name: str) -> list[str]:
        return ["--output", str(Path(folder, name))]

    return [
        forecast_command("run", _CONFIG, *output("run")),
        forecast_command(
            "sweep",
            _CONFIG,
            *("--threshold", "0.2%:10%:0.2%", "--method", "hare,dhondt,sainte-lague,droop", "--draws", "1e5"),
            *output("sweep"),
        ),
        forecast_command("run", _CONFIG, "--set", "rule.cap.seats=35", "--draws", "1e5", *output("cap")),
    ]


def _seconds(command: Sequence[str], folder: str) -> float:
    """Seconds that a command takes with the cache of a folder."""
    environment = {**os.environ, "FORECAST_CACHE": str(Path(folder, "cache"))}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"{' '.join(command)}: {done.stderr.strip().splitlines()[-1]}"
        raise CommandFailedError(msg)
    return time.perf_counter() - start


if __name__ == "__main__":
    found = Results(sizes="ordinary")
    cold(found, rounds=3, say=lambda what: print(what, file=sys.stderr))
    for row in found.rows:
        print(row)
