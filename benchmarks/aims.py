"""What the core is meant to reach, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import (
    cold,
    core,
    districts,
    libraries,
    processes,
    scaling,
    speed,
    variance,
    vectorised,
    yardsticks,
)
from benchmarks.cases import CASES
from benchmarks.measuring import Spread
from benchmarks.records import Results
from benchmarks.subjects import SUBJECTS


@dataclass(frozen=True)
class Aim:
    """A bound on a median, and the median."""

    about: str
    bound: float
    at_most: bool
    measured: Spread

    @property
    def met(self) -> bool:
        return self.measured.median <= self.bound if self.at_most else self.measured.median >= self.bound

    @property
    def wanted(self) -> str:
        """The bound in words."""
        return f"at {'most' if self.at_most else 'least'} {self.bound:,g}"


def aims(results: Results) -> list[Aim]:
    """Every aim that this run can judge."""
    stated = [*_of_the_core(results), *_against_rivals(results), *_of_the_whole(results)]
    return [
        Aim(about, bound, at_most, measured)
        for about, bound, at_most, measured in stated
        if measured is not None
    ]


Stated = tuple[str, float, bool, Spread | None]


def _of_the_core(results: Results) -> Iterator[Stated]:
    for case in CASES:
        for subject, yardstick, bound in (
            (core.BARE, yardsticks.NUMPY, 0.40),
            (core.DEFAULT, yardsticks.NUMPY, 0.50),
            (core.DEFAULT_SOBOL, yardsticks.NUMPY, 0.50),
            (core.BARE, yardsticks.SIMD, 1.8),
        ):
            about = f"{case}: {subject}, against {yardstick}"
            yield about, bound, True, results.ratio(case, subject, yardstick)
        yield f"{case}: the fastest mode, against {yardsticks.NUMPY}", 0.25, True, _best(results, case)
        two = results.value(speed.THREADS, case, core.DEFAULT_SOBOL, speed.FASTER)
        yield f"{case}: two threads against one", 1.8, False, two


def _against_rivals(results: Results) -> Iterator[Stated]:
    for rival, bound in (
        (vectorised.VECTORISED, 15),
        (vectorised.IN_CACHE, 15),
        (libraries.APPORTIONMENT, 1100),
        (libraries.VOTELIB, 1600),
    ):
        measured = results.value(speed.COMPARISON, "A", f"{rival}, 1 thread", speed.SLOWER)
        yield f"A: {rival}, against {core.BARE}", bound, False, measured


def _of_the_whole(results: Results) -> Iterator[Stated]:
    for tails in variance.TAILS:
        for answer in (variance.P_OSDP, variance.SEATS_OSDP, variance.SEATS_AMANAT):
            what = f"{answer}, {tails}"
            measured = results.value(variance.TABLE, "A", what, variance.SMALLER)
            yield f"A: variance at equal time, plain against quasi-random: {what}", 10, False, measured
    for case, bound in (("A", 6), ("B", 8)):
        measured = results.value(scaling.RULES, case, "200 rules", scaling.ONE_PASS)
        yield f"{case}: 50 thresholds x 4 methods in one pass, against 200 runs", bound, False, measured
    measured = results.value(scaling.RULES, "A", scaling.THREE_BASES, scaling.ONE_PASS)
    yield "A: 101 thresholds x 4 methods x 3 bases in one pass, against 1,212 runs", 8, False, measured
    for what, against, bound in (
        (processes.HELP, processes.TYPER, 3),
        (processes.RUN, processes.LIBRARIES, 1.35),
    ):
        measured = results.value(processes.COMMANDS, "", what, processes.times(against))
        yield f"{what}, against {against}", bound, True, measured
    for country, most in zip(districts.COUNTRIES, (5, 8), strict=True):
        whole = results.value(districts.DISTRICTS, country, districts.RUN, districts.SECONDS)
        yield f"{country}: {districts.RUN}, seconds", most, True, whole
        times = results.value(districts.DISTRICTS, country, districts.FASTER, districts.TIMES)
        yield f"{country}: {districts.FASTER}, times", 15, False, times
    for what, bound in ((cold.FIRST_RUN, 30), (cold.FIRST_SWEEP, 15), (cold.FIRST_CAP, 15)):
        yield f"{what}, seconds", bound, True, results.value(cold.COLD, "", what, cold.SECONDS)


def _best(results: Results, case: str) -> Spread | None:
    """The smallest ratio to NumPy's normals of any core subject that registered for the case."""
    ratios = [
        record.ratios[yardsticks.NUMPY]
        for record in results.records
        if record.case == case and record.threads == 1 and SUBJECTS[record.subject].group == "core"
    ]
    return min(ratios, key=lambda ratio: ratio.median, default=None)
