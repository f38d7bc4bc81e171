"""Processes against threads: what a task costs, what workers need to start, and how much memory they take.

``python -m benchmarks.workers --draws 1e9 --workers 2`` (docs/scale.md); for a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import pickle
import time
from pathlib import Path

import psutil

from forecast.election import load_election
from forecast.estimation import estimate
from forecast.jobs.hands import ByHands, count_parts, cuts_of, image_of, local_workers, measured_call
from forecast.polls import polls_of
from forecast.result import Forecast
from forecast.simulation.forecasting import How, simulate_and_keep
from forecast.simulation.running import Calls, Part, Plan, Progress, Work, run_part

CONFIG = Path(__file__).parents[1] / "configs" / "kazakhstan-2023.toml"


class Watched(ByHands):
    """Counts by workers, and remembers the work."""

    seen: Work | None = None

    def parts(self, work: Work, progress: Progress | None):  # noqa: ANN201
        """As of ``Runner``."""
        object.__setattr__(self, "seen", work)
        yield from super().parts(work, progress)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=float, default=1e8)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    number = int(asked.draws)
    election = load_election(CONFIG)
    centre = estimate(election, polls_of(election))

    def drawn(how: How) -> tuple[Forecast, float, float]:
        began, used = time.perf_counter(), time.process_time()
        found, _ = simulate_and_keep(election, centre, how, 0)
        return found, time.perf_counter() - began, time.process_time() - used

    how = How(number, 1, "sobol", asked.workers)
    drawn(how._replace(draws=1_000))
    threads, wall, used = drawn(how)
    print(f"load of the machine {os.getloadavg()[0]:.1f}")
    print(f"{number:,} draws on {asked.workers} threads: {wall:.1f} s, {used:.1f} s of processors")
    print(f"memory of the process at most: {_megabytes(psutil.Process())} MB")
    began = time.perf_counter()
    with local_workers(asked.workers) as hands:
        print(f"start of {asked.workers} workers: {time.perf_counter() - began:.1f} s")
        print(f"a task beside what it does: {1000 * hands.task_seconds:.1f} ms")
        runner = Watched(hands)
        before = _used_by_workers()
        workers, apart, _ = drawn(how._replace(runner=runner))
        print(f"on {asked.workers} workers: {apart:.1f} s, {_used_by_workers() - before:.1f} s of processors")
        print(f"efficiency {wall / apart:.2f}; same bits: {_same(threads, workers)}")
        children = psutil.Process().children(recursive=True)
        print(f"memory of workers: {', '.join(str(_megabytes(child)) for child in children)} MB")
        assert runner.seen is not None
        _about_parts(runner.seen, hands)
        print(f"memory of the driver at most: {_megabytes(psutil.Process())} MB")


def _about_parts(work: Work, hands) -> None:  # noqa: ANN001
    one = measured_call(work)
    cuts = cuts_of(work, one, hands)
    part: Part = run_part(work, 0, 1)
    print(f"a call: {1000 * one:.1f} ms, {work.calls.draws_before(1):,} draws; {len(work.calls):,} calls")
    print(f"{len(cuts):,} parts of {cuts[0][1]} calls, {cuts[0][1] * one:.2f} s each")
    print(f"inputs {len(pickle.dumps(work)):,} bytes; a part {len(pickle.dumps(part)):,} bytes")
    print(f"a part in its file {len(image_of(part)):,} bytes, its first with the kept draws")
    last = run_part(work, len(work.calls) - 1, len(work.calls))
    print(f"the last part {len(pickle.dumps(last)):,} bytes, in its file {len(image_of(last)):,}")
    began = time.perf_counter()
    sent = [cut for cut, _, _ in count_parts(hands, work, cuts[:20], None)]
    took = time.perf_counter() - began
    each = cuts[0][1] * one
    print(f"{len(sent)} parts by {hands.workers} workers: {took / len(sent):.3f} s each, of {each:.3f}")
    planned = Calls(Plan.of(10**10, int(work.draws.sampler)).sizes, 2**18, 1)
    print(f"10**10 draws: {len(planned):,} calls, {len(planned) * one:,.0f} s of one thread")


def _same(one: Forecast, other: Forecast) -> bool:
    return all(data.identical(other.groups[name]) for name, data in one.groups.items())


def _megabytes(process: psutil.Process) -> int:
    return round(process.memory_info().rss / 2**20)


def _used_by_workers() -> float:
    children = psutil.Process().children(recursive=True)
    return sum(sum(child.cpu_times()[:2]) for child in children)


if __name__ == "__main__":
    main()
