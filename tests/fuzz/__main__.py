"""``python -m tests.fuzz``: many mutants in a worker process that is watched, and what came of them."""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz import judging
from tests.fuzz.subjects import APART, SUBJECTS, Seeds, healthy, lay_out, mutant, subject_of

MEMORY = 2**30
"""Bytes that a mutant may take at most, the program itself included."""
_TURN = 5_000
"""Mutants of one worker: the library that draws charts keeps a little of each."""
_MOST_MORE = 4 * 2**30
_PATIENCE, _SILENCES = 5 * judging.MOST_SECONDS, 3
"""Seconds without a word from the worker after which it is ended: compiled code hears no alarm."""


def scratch_folder() -> Path:
    """A folder in memory, where there is such: the fuzzer writes a great many files."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="forecast-fuzz-", dir=memory if memory.is_dir() else None))


def work(first: int, last: int, step: int, only: str) -> None:
    """In the worker: a line of JSON on stdout for each mutant."""
    said = sys.stdout
    folder = scratch_folder()
    try:
        seeds = Seeds(folder / "seeds")
        _warm(seeds, folder)
        _limit_memory()
        for number in range(first, last, step):
            print(json.dumps({"begun": number}), file=said, flush=True)
            one = mutant(seeds, number, only)
            _forget_peak()
            ended = judging.run(one, folder / "work")
            found = list(judging.complaints(one, ended, folder / "work"))
            peak = _status("VmHWM")
            if peak > MEMORY:
                found.append(f"{peak / 2**20:.0f} MiB of memory")
            record = {
                "number": number,
                "subject": one.subject,
                "codes": [each.code for each in ended],
                "seconds": max(each.seconds for each in ended),
                "peak": peak,
                "found": found,
            }
            print(json.dumps(record), file=said, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _warm(seeds: Seeds, folder: Path) -> None:
    """Import and load what commands need, before memory is looked at."""
    for one in healthy(seeds):
        ended = judging.run(one, folder / "work")
        if any(each.code for each in ended):
            msg = f"{one.subject}: inputs that are well formed are refused: {ended[-1].err}"
            raise RuntimeError(msg)


def _limit_memory() -> None:
    """Protect the machine: let this process map so much more, and no further.

    Of data, not of addresses: the library that draws charts reserves many gigabytes of those.
    """
    most = _status("VmData") + _MOST_MORE
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _status(name: str) -> int:
    """A number of bytes that the system knows of this process."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    [found] = [line for line in lines if line.startswith(f"{name}:")]
    return int(found.split()[1]) * 1024


def _forget_peak() -> None:
    """Let the system count the peak of memory anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


@dataclass
class Tally:
    """What became of the mutants."""

    codes: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    largest: tuple[int, int] = (0, -1)
    """Peak of memory in bytes, and the number of the mutant."""

    def take(self, record: dict[str, object]) -> None:
        """Count a record of a worker."""
        self.codes[f"{record['subject']}: {record['codes']}"] += 1
        number, seconds = int(str(record["number"])), float(str(record["seconds"]))
        self.slowest = max(self.slowest, (seconds, number))
        self.largest = max(self.largest, (int(str(record["peak"])), number))
        found = record["found"]
        assert isinstance(found, list)
        for fault in found:
            self.fault(number, str(record["subject"]), str(fault))

    def fault(self, number: int, subject: str, what: str) -> None:
        """Note what is wrong, and say it at once."""
        self.faults.append((number, subject, what))
        print(f"{number} ({subject}): {what}", flush=True)


def fuzz(first: int, last: int, step: int = 1, only: str = "") -> Tally:
    """All mutants from ``first`` to before ``last``; a worker that hangs or dies is replaced by another."""
    tally = Tally()
    started, told = time.monotonic(), time.monotonic()
    while first < last:
        at = first
        for record in _worker(first, min(last, first + _TURN * step), step, only):
            if "begun" in record:
                at = int(str(record["begun"]))
                continue
            if "ended" in record:
                tally.fault(at, subject_of(at, only)[0], str(record["ended"]))
                break
            tally.take(record)
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print(f"... {at} after {told - started:.0f} s, {len(tally.faults)} faults", flush=True)
        first = at + step
    return tally


def _worker(first: int, last: int, step: int, only: str) -> Iterator[dict[str, object]]:
    command = [sys.executable, "-m", "tests.fuzz", "--worker", str(first), str(last), str(step)]
    command += ["--only", only]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            silent = 0
            while True:
                if not ready.select(_PATIENCE):
                    silent += 1
                    if silent < _SILENCES:  # a machine that was put to sleep wakes up late
                        continue
                    yield {"ended": f"hangs: no word for {_SILENCES * _PATIENCE:g} s"}
                    return
                silent = 0
                line = process.stdout.readline()
                if not line:
                    break
                yield json.loads(line)
        if process.wait() != 0:
            yield {"ended": f"the worker ended with {process.returncode}"}
    finally:
        process.kill()
        process.wait()


def replay(number: int, only: str = "") -> None:
    """Make a mutant again, show what it does, and leave its files."""
    folder = scratch_folder()
    one = mutant(Seeds(folder / "seeds"), number, only)
    place = folder / "work"
    lay_out(one, place)
    print(f"mutant {number} ({one.subject}) in {place}")
    for each in judging.run(one, place):
        print(f"$ forecast {' '.join(each.command)!r}\n{each.out}{each.err}")
        print(f"-> {each.code} in {each.seconds:.2f} s")


def main() -> int:
    """The command line of the fuzzer."""
    names = [*dict.fromkeys(name for name, _ in SUBJECTS), *APART]
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--mutants", type=int, default=100_000, help="how many (default 100,000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--step", type=int, default=1, help="only every so many")
    parser.add_argument(
        "--only", default="", choices=("", *names), metavar="SUBJECT", help=f"of {', '.join(names)}"
    )
    parser.add_argument("--replay", type=int, metavar="NUMBER", help="make one again and show it")
    parser.add_argument("--worker", type=int, nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    judging.quiet_environment()
    if asked.worker:
        first, last, step = asked.worker
        work(first, last, step, asked.only)
        return 0
    if asked.replay is not None:
        replay(asked.replay, asked.only)
        return 0
    with contextlib.suppress(BrokenPipeError):
        tally = fuzz(asked.first, asked.first + asked.mutants, asked.step, asked.only)
        for what, often in sorted(tally.codes.items()):
            print(f"{often:7} {what}")
        seconds, number = tally.slowest
        print(f"slowest: mutant {number}, {seconds:.1f} s")
        peak, number = tally.largest
        print(f"largest: mutant {number}, {peak / 2**20:.0f} MiB")
        print(f"{sum(tally.codes.values())} mutants, {len(tally.faults)} faults")
        return 1 if tally.faults else 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
