"""A run cut into parts, counted anywhere and put together: the bits of a run that was not cut."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from forecast.election import Election, load_election
from forecast.estimation import Estimate, estimate
from forecast.jobs.hands import Here, cuts_of, image_of, part_of
from forecast.polls import polls_of
from forecast.result import Forecast
from forecast.simulation.forecasting import How, simulate_and_keep
from forecast.simulation.running import Calls, Part, Progress, Total, Work, run_part
from forecast.sweeps.axes import axes_of
from forecast.sweeps.grid import Grid
from forecast.sweeps.sweeping import sweep_grid
from tests.geographies import woods
from tests.made import write_made_election

CONFIGS = Path(__file__).parents[2] / "configs"


@dataclass(frozen=True)
class Cut:
    """Counts every part as a worker elsewhere would, from pickled inputs, and hands it back pickled."""

    at: Sequence[float]
    threads: int = 1

    def parts(self, work: Work, progress: Progress | None) -> Generator[Part]:
        sent = pickle.dumps(work)
        number = len(work.calls)
        edges = sorted({0, number, *(int(at * number) for at in self.at)})
        for begin, end in pairwise(edges):
            found = run_part(pickle.loads(sent), begin, end, threads=self.threads, progress=progress)
            yield pickle.loads(pickle.dumps(found))


def made(folder: Path) -> Election:
    return load_election(write_made_election(folder, 4, odd=False, coalitions=2, polls=4))


def kazakhstan(_: Path) -> Election:
    return load_election(CONFIGS / "kazakhstan-2023.toml")


def new_zealand(_: Path) -> Election:
    return load_election(CONFIGS / "new-zealand-2023.toml")


def estimated(election: Election) -> Estimate:
    return estimate(election, polls_of(election))


def identical(one: Forecast, other: Forecast) -> None:
    assert set(one.groups) == set(other.groups)
    for name, data in one.groups.items():
        assert data.identical(other.groups[name]), name


@pytest.mark.parametrize("sampler", ["sobol", "random"])
@pytest.mark.parametrize("number", [3, 100, 300_000, 5_000_000], ids=lambda number: f"{number:,}")
def test_parts_put_together_are_the_run_to_the_last_bit(sampler: str, number: int, tmp_path: Path) -> None:
    """5,000,000: replicates of several calls, cut in the middle."""
    election = made(tmp_path)
    centre = estimated(election)
    how = How(number, 7, sampler, 2)
    whole, kept = simulate_and_keep(election, centre, how, 5_000, histograms=True)
    for at in ((), (0.5,), (0.04, 0.3, 0.33, 0.8)):
        cut = how._replace(threads=1, runner=Cut(at))
        again, kept_again = simulate_and_keep(election, centre, cut, 5_000, histograms=True)
        identical(whole, again)
        assert kept.identical(kept_again)


@pytest.mark.parametrize("make", [woods, kazakhstan, new_zealand], ids=["districts", "chamber", "both"])
def test_districts_and_chambers_are_counted_in_parts_too(make, tmp_path: Path) -> None:
    election = make(tmp_path)
    if make is woods:
        election = load_election(_written(tmp_path))
    centre = estimated(election)
    for number in (2_000, 300_000) if make is woods else (2_000,):
        how = How(number, 1, "random", 1)
        whole, kept = simulate_and_keep(election, centre, how, 3_000)
        again, kept_again = simulate_and_keep(
            election, centre, how._replace(runner=Cut((0.2, 0.6), threads=2)), 3_000
        )
        identical(whole, again)
        assert kept.identical(kept_again)


def _written(folder: Path) -> Path:
    from tests.geographies import GEOGRAPHY, HEAD, PARTIES, RULE, write_polls

    write_polls(folder / "polls.csv")
    file = folder / "woods.toml"
    file.write_text(HEAD + 'polls = "polls.csv"\n' + PARTIES + RULE + GEOGRAPHY, encoding="utf-8")
    return file


def test_rules_of_a_sweep_are_counted_in_parts_too(tmp_path: Path) -> None:
    election = made(tmp_path)
    centre = estimated(election)
    grid = Grid.of(election.rule, axes_of(threshold=[0.0, 0.03, 0.05, 0.07], method=["hare", "dhondt"]))
    how = How(300_000, 1, "sobol", 2)
    whole = sweep_grid(election, centre, grid, how, explained=False)
    again = sweep_grid(election, centre, grid, how._replace(runner=Cut((0.4, 0.9))), explained=False)
    identical(whole, again)


def test_progress_counts_every_draw_once(tmp_path: Path) -> None:
    election = made(tmp_path)
    told: list[int] = []
    how = How(300_000, 1, "sobol", 1, Cut((0.3,)))
    simulate_and_keep(election, estimated(election), how, 0, progress=told.append)
    assert sum(told) == 300_000


@pytest.mark.parametrize(
    ("sizes", "longest", "together"), [((10, 10, 9), 4, 1), ((3, 3, 2, 2), 8, 3), ((7,), 7, 1), ((1,), 5, 1)]
)
def test_a_call_is_found_without_those_before_it(sizes: tuple[int, ...], longest: int, together: int) -> None:
    calls = Calls(np.array(sizes), longest, together)
    spans = [span for call in calls for span in call]
    assert [span.number for span in spans] == np.cumsum([0, *(span.draws for span in spans[:-1])]).tolist()
    assert sum(span.draws for span in spans) == sum(sizes) == calls.draws_before(len(calls))
    by_replicate = [sum(span.draws for span in spans if span.replicate == r) for r in range(len(sizes))]
    assert by_replicate == list(sizes)
    assert all(span.draws <= longest for span in spans)
    assert [len(call) for call in calls[:-1]] == [together] * (len(calls) - 1)
    assert [calls.draws_before(n) for n in range(len(calls))] == [call[0].number for call in calls]
    with pytest.raises(IndexError):
        calls[len(calls)]


def test_a_run_of_a_hundred_billion_draws_is_planned_in_no_time_and_no_memory() -> None:
    calls = Calls(np.full(16, 10**11 // 16), 2**18, 1)
    assert calls.draws_before(len(calls)) == 10**11
    assert calls[len(calls) - 1][-1].replicate == 15


def test_memory_of_driver_and_worker_does_not_grow_with_the_draws(tmp_path: Path) -> None:
    """Of 1e8 and 1e10 draws that are planned: calls from all over the run, counted and put together."""

    class Planned(Exception):
        pass

    class Look:
        def parts(self, work: Work, progress: Progress | None) -> Generator[Part]:
            raise Planned(work)

    election = made(tmp_path)
    with pytest.raises(Planned) as looked:
        simulate_and_keep(election, estimated(election), How(10**6, 1, "sobol", 1, Look()), 0)
    planned = looked.value.args[0]

    def peak(draws: int) -> tuple[int, int]:
        """Bytes of the worker and of the driver at most."""
        work = replace(planned, number=draws)
        tracemalloc.start()
        cuts = cuts_of(work, 0.013, Here())
        at = [cut[0] for cut in cuts[:: max(1, len(cuts) // 6)]]
        images = [image_of(run_part(work, first, first + 1)) for first in at]
        worker = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        total = Total(work)
        for image in images:
            total.add(part_of(image) or pytest.fail("a part is as it was sent"))
        driver = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(at) >= 6
        return worker, driver

    peak(10**8)  # what is loaded once
    small, large = peak(10**8), peak(10**10)
    assert large[0] < 1.1 * small[0] < 100e6
    assert large[1] < 1.1 * small[1] < 100e6
