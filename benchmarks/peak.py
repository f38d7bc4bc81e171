"""One run in its own process and the most memory it held: ``python -m benchmarks.peak DRAWS THREADS``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.cases import KAZAKHSTAN, T_TAILS
from benchmarks.core import core
from benchmarks.measuring import seconds_of


def peak_mebibytes() -> float:
    """The most memory this process has held.

    ``ru_maxrss`` is no use here: it begins with what the parent held when it started this process.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024.0


def main() -> None:
    """Run case A (t tails, coalitions, Sobol); print memory before and after, and seconds, as JSON.

    The first 1000 draws load the compiled core from its cache.
    """
    draws, threads = int(sys.argv[1]), int(sys.argv[2])
    work = core(KAZAKHSTAN, "sobol", T_TAILS, coalitions=True)
    loading = seconds_of(lambda: work.run(1000, threads))
    before = peak_mebibytes()
    seconds = seconds_of(lambda: work.run(draws, threads))
    after = peak_mebibytes()
    print(json.dumps({"before": before, "after": after, "loading": loading, "seconds": seconds}))


if __name__ == "__main__":
    main()
