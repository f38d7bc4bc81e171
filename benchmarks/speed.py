"""The main table: every subject on every case, against the yardsticks and against each other."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import core, libraries, vectorised, yardsticks
from benchmarks.cases import Case
from benchmarks.checking import check, normals_agree, same_counts
from benchmarks.measuring import Timed, Timing, interleave
from benchmarks.records import Record, Results, Row
from benchmarks.subjects import GROUPS, SUBJECTS, Subject, Work

Key = tuple[str, int]
COMPARISON, SLOWER = "comparison", "times the core's time"
THREADS, FASTER = "threads", "times faster on two threads"
YARDSTICKS = (yardsticks.NUMPY, yardsticks.SIMD, yardsticks.OWN)
RIVALS = (
    vectorised.VECTORISED,
    vectorised.IN_CACHE,
    libraries.POLI_SCI_KIT,
    libraries.APPORTIONMENT,
    libraries.VOTELIB,
)
REFERENCE = core.BARE
"""Rivals draw from Gaussian tails and ask for no coalitions: so does the subject they are compared with."""


def compare(
    case: Case,
    results: Results,
    *,
    rounds: int,
    target: float,
    say: Callable[[str], None],
    quick: bool = False,
) -> None:
    """Check every subject of a case, time those that can run, and add what comes out to ``results``."""
    say(f"case {case.key}: counts against the exact count")
    same_counts(case, 4096 if quick else 1 << 17)
    normals_agree(case, 4096 if quick else 1 << 17)
    works = {subject.name: (subject, subject.prepare(case)) for subject in usable(case, results, quick=quick)}
    for subject, work in works.values():
        checked = check(case, subject, work, *((20, 4) if quick else ()))
        if checked is not None:
            results.checks.append(checked)
    timed: dict[Key, Timed] = {
        (name, threads): _timed(subject, work, threads, quick)
        for name, (subject, work) in works.items()
        for threads in subject.threads
    }
    say(f"case {case.key}: {rounds} rounds of {len(timed)} subjects")
    timings = interleave(timed, rounds=rounds, target=target)
    for (name, threads), timing in timings.items():
        ratios = {
            yardstick: timing.over(timings[yardstick, threads])
            for yardstick in YARDSTICKS
            if (yardstick, threads) in timings
        }
        results.records.append(
            Record(case.key, name, threads, timing.size, len(timing.seconds), timing.nanoseconds, ratios)
        )
    results.rows += _comparisons(case, timings)


def usable(case: Case, results: Results, *, quick: bool) -> list[Subject]:
    """Subjects of the case that are installed; says which are not. A quick run leaves the libraries out."""
    usable: list[Subject] = []
    for subject in sorted(SUBJECTS.values(), key=lambda each: GROUPS.index(each.group)):
        if case.key not in subject.cases or (quick and subject.needs):
            continue
        missing = subject.missing()
        if missing:
            note = f"{subject.name} left out: {missing} is not installed (it is in requirements/bench.txt)"
            if note not in results.notes:
                results.notes.append(note)
            continue
        usable.append(subject)
    return usable


def _timed(subject: Subject, work: Work, threads: int, quick: bool) -> Timed:
    least = 64 if subject.needs else 1 << 14
    return Timed(lambda draws: work.run(draws, threads), least, least if quick else subject.most_draws)


def _comparisons(case: Case, timings: dict[Key, Timing]) -> list[Row]:
    """How many times longer each rival takes than the core, and one thread than two."""
    rows: list[Row] = []
    for rival in RIVALS:
        for threads in (1, 2):
            if (rival, threads) in timings:
                value = timings[rival, threads].over(timings[REFERENCE, threads])
                what = f"{rival}, {threads} thread{'s' * (threads > 1)}"
                rows.append(Row(COMPARISON, case.key, what, SLOWER, value))
    for name, threads in timings:
        if threads == 2:
            value = timings[name, 1].over(timings[name, 2])
            rows.append(Row(THREADS, case.key, name, FASTER, value))
    return rows
