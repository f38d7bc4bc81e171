"""Whether subjects count right, before their speed is worth a word: every one against the exact count."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks import vectorised
from benchmarks.cases import CASES, GAUSSIAN, SEED, Case
from benchmarks.core import questions_of
from benchmarks.subjects import Subject, Whole, Work
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.reference import apply_rule
from forecast.simulation.running import run_draws

DRAWN = 200
EDGES = 20


@dataclass(frozen=True)
class Check:
    """How many ballots a subject counts otherwise than the law."""

    case: str
    subject: str
    drawn: int
    drawn_wrong: int
    at_threshold: int
    at_threshold_wrong: int

    @property
    def verdict(self) -> str:
        """In words."""
        if not self.drawn_wrong and not self.at_threshold_wrong:
            return "as the exact count"
        said: list[str] = []
        if self.drawn_wrong:
            said.append(f"wrong on {self.drawn_wrong} of {self.drawn} drawn ballots")
        if self.at_threshold_wrong:
            said.append(
                f"wrong on {self.at_threshold_wrong} of {self.at_threshold} with a list at the threshold"
            )
        return ", ".join(said)


def drawn_ballots(case: Case, number: int) -> Whole:
    """Whole votes (N, U) drawn around the case's expected shares."""
    votes = vectorised.draw(case, np.random.default_rng(SEED), number)
    return np.rint(votes * (case.valid_votes / votes.sum(1, keepdims=True))).astype(np.int64)


def ballots_at_threshold(case: Case, number: int) -> Whole:
    """Ballots (N, U) on which one list has exactly the threshold's share; the largest unit makes room."""
    votes = drawn_ballots(case, 8 * number)
    top, bottom = case.threshold.numerator, case.threshold.denominator
    total = (case.valid_votes // bottom - np.arange(len(votes))) * bottom
    middle = int(np.argmin(np.abs(case.mean[: case.lists] - float(case.threshold))))
    votes[:, middle] = total // bottom * top
    votes[:, 0] += total - votes.sum(1)
    return votes[votes[:, 0] > votes[:, middle]][:number]


def exact_seats(case: Case, votes: Whole) -> Whole:
    """Seats (N, K) by the exact count."""
    rule = case.rule()
    rows: list[list[int]] = []
    for row in votes.tolist():
        entries = tuple(
            Entry(unit, mine, case.kind(unit)) for unit, mine in zip(case.units, row, strict=True)
        )
        seats = apply_rule(rule, Ballot(entries)).seats
        rows.append([seats[unit] for unit in case.units[: case.lists]])
    return np.array(rows, np.int64)


def check(case: Case, subject: Subject, work: Work, drawn: int = DRAWN, edges: int = EDGES) -> Check | None:
    """Count drawn ballots, and ballots at the threshold, by the subject and exactly; None for yardsticks."""
    if work.seats is None:
        return None
    wrong = [
        int((work.seats(votes) != exact).any(1).sum()) for votes, exact in _counted(case.key, drawn, edges)
    ]
    return Check(case.key, subject.name, drawn, wrong[0], edges, wrong[1])


@cache
def _counted(key: str, drawn: int, edges: int) -> tuple[tuple[Whole, Whole], ...]:
    """Drawn ballots and ballots at the threshold, with the seats of the exact count: one for all subjects."""
    case = CASES[key]
    found = drawn_ballots(case, drawn), ballots_at_threshold(case, edges)
    return tuple((votes, exact_seats(case, votes)) for votes in found)


def same_counts(case: Case, draws: int) -> None:
    """The core and vectorised NumPy count the same on the same drawn shares, or it is an error."""
    votes = vectorised.draw(case, np.random.default_rng(SEED), draws)
    counts, _ = run_draws(case.given(votes), case.compiled(), questions_of(case, coalitions=False), draws)
    passes, histograms = vectorised.count(case, votes)
    ours = counts.totals.passes[0], counts.totals.seats[0, : case.lists]
    if not (np.array_equal(ours[0], passes) and np.array_equal(ours[1], histograms)):
        differ = int(np.abs(ours[1] - histograms).sum()) // 2
        msg = f"case {case.key}: the core and vectorised NumPy differ in {differ} seats of {draws} draws"
        raise AssertionError(msg)


def normals_agree(case: Case, draws: int) -> None:
    """The core's Gaussian draws have the passes of NumPy's within five standard errors, or an error."""
    counts, _ = run_draws(
        case.draws("random", GAUSSIAN), case.compiled(), questions_of(case, coalitions=False), draws
    )
    passes, _ = vectorised.count(case, vectorised.draw(case, np.random.default_rng(SEED), draws))
    p, q = counts.totals.passes[0] / draws, passes / draws
    error = np.sqrt(np.maximum(p * (1 - p), 1.0 / draws) * 2 / draws)
    if np.any(np.abs(p - q) > 5 * error):
        msg = f"case {case.key}: the core passes lists at rates {p}, NumPy at {q}"
        raise AssertionError(msg)
