"""Backtest: every election of an archive forecast from what was known before it, and scored."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from forecast.estimation.constants import Constants
from forecast.estimation.reports import Flags, Floats
from forecast.verification import scores
from forecast.verification.archive import PastElection
from forecast.verification.compared_methods import METHODS, law_of, pooled_dirichlet
from forecast.verification.past_elections import HORIZONS, Case, cases_of
from forecast.verification.scored_statements import (
    Questions,
    crossing_chances,
    majority_chances,
    questions_of,
)
from forecast.verification.seats import OfficialSeats, drawn_seats, official_seats, why_no_seats
from forecast.verification.share_distributions import Law

DRAWS = 4000
"""Draws of shares by case and method."""

_SEED = 20_030_319
Step = Callable[[int, int], None]
"""Called with the number of elections done and the number in all."""
ConstantsOf = Callable[[str], Constants]
"""The constants with which elections of a country are forecast."""


@dataclass(frozen=True)
class Scored:
    """One case by one method: scores by name, and the statements that were made."""

    election: str
    horizon: int
    method: str
    values: Mapping[str, float]
    crossing_said: Floats
    crossed: Flags
    majority_said: Floats
    won: Flags


@dataclass(frozen=True)
class Backtest:
    """All cases by all methods; ``apart`` are those of sparse elections, which count in no total."""

    scored: tuple[Scored, ...]
    apart: tuple[Scored, ...]
    notes: tuple[str, ...] = field(default=())


class Task(NamedTuple):
    """An election to be forecast and scored, with all that this takes."""

    election: PastElection
    constants: Constants
    horizons: tuple[int, ...]
    methods: tuple[str, ...]
    draws: int


class Found(NamedTuple):
    """What was found of an election: nothing and no reason where no poll was known in time."""

    scored: list[Scored]
    why_no_seats: str | None


Do = Callable[[Callable[[Task], Found], Sequence[Task]], Iterator[tuple[int, Found]]]
"""Applies a function to tasks and gives each result with the place of its task, in any order."""


def one_by_one(function: Callable[[Task], Found], tasks: Sequence[Task]) -> Iterator[tuple[int, Found]]:
    """In this process."""
    yield from enumerate(map(function, tasks))


def run_backtest(
    elections: Sequence[PastElection],
    constants_of: ConstantsOf,
    *,
    horizons: Sequence[int] = HORIZONS,
    methods: Sequence[str] = METHODS,
    draws: int = DRAWS,
    step: Step | None = None,
    do: Do = one_by_one,
) -> Backtest:
    """Forecast and score ``elections`` at ``horizons`` days before the vote.

    The draws of a case are the same in every run: their seed is made of its election and horizon. ``do`` says
    who scores the elections.
    """
    asked = (tuple(horizons), tuple(methods), draws)
    tasks = [Task(election, constants_of(election.country), *asked) for election in elections]
    found: dict[int, Found] = {}
    for at, one in do(score_election, tasks):
        found[at] = one
        if step is not None:
            step(len(found), len(tasks))
    scored: list[Scored] = []
    apart: list[Scored] = []
    reasons: dict[str, str] = {}
    without: list[str] = []
    for at, election in enumerate(elections):
        reason = found[at].why_no_seats
        if reason is None:
            without.append(election.id)
            continue
        reasons[election.id] = reason
        (apart if election.sparse else scored).extend(found[at].scored)
    return Backtest(tuple(scored), tuple(apart), _notes(without, reasons))


def score_election(task: Task) -> Found:
    """Forecast and score one election at all horizons."""
    cases = cases_of([task.election], task.horizons)
    if not cases:
        return Found([], None)
    reason = why_no_seats(task.election)
    scored = (_score_case(case, task.constants, task.methods, task.draws, not reason) for case in cases)
    return Found([one for found in scored for one in found], reason)


def _notes(without: Sequence[str], reasons: Mapping[str, str]) -> tuple[str, ...]:
    undrawn = [f"{name}: {reason}" for name, reason in reasons.items() if "cannot" in reason]
    said = [f"no national poll was known in time: {', '.join(without)}"] if without else []
    return (*said, *undrawn)


def _score_case(
    case: Case, constants: Constants, methods: Sequence[str], number: int, with_seats: bool
) -> list[Scored]:
    reference = pooled_dirichlet(case.prepared)
    questions = questions_of(case, reference, _draws(case, reference, number))
    seats = official_seats(case) if with_seats else None
    return [
        _score(case, method, law_of(case, constants, method), questions, seats, number) for method in methods
    ]


def _draws(case: Case, law: Law, number: int) -> Floats:
    """Draws that depend on the case and the law only; normals are common to all laws."""
    name = zlib.crc32(case.election.id.encode())
    stream = np.random.default_rng([_SEED, name, case.horizon])
    normals = stream.standard_normal((number, len(case.units)))
    return law.draws(normals, stream)


def _score(
    case: Case, method: str, law: Law, questions: Questions, seats: OfficialSeats | None, number: int
) -> Scored:
    draws = _draws(case, law, number)
    return Scored(
        election=case.election.id,
        horizon=case.horizon,
        method=method,
        values={**_share_scores(case, law, draws), **(_seat_scores(case, draws, seats) if seats else {})},
        crossing_said=crossing_chances(questions, draws),
        crossed=questions.crossed,
        majority_said=majority_chances(questions, draws, case),
        won=questions.won,
    )


def _share_scores(case: Case, law: Law, draws: Floats) -> dict[str, float]:
    """Scores of vote shares in percentage points, averaged over the named parties."""
    named = case.named
    points, result = 100.0 * draws, 100.0 * case.result
    held = scores.covered(points[:, :named], result[:named]).mean(1)
    miss = points[:, :named].mean(0) - result[:named]
    return {
        "crps": float(scores.crps(points[:, :named], result[:named]).mean()),
        "energy": scores.energy_score(points, result),
        "log_score": -law.log_density(case.result),
        "rmse": float(np.sqrt((miss**2).mean())),
        **{
            f"coverage_{level * 100:.0f}": float(share)
            for level, share in zip(scores.LEVELS, held, strict=True)
        },
    }


def _seat_scores(case: Case, draws: Floats, seats: OfficialSeats) -> dict[str, float]:
    """Scores of seats, averaged over the named parties: against the official seats, and against the rule."""
    drawn = drawn_seats(case, draws)
    held = scores.covered(drawn.astype(float), seats.by_rule.astype(float)).mean(1)
    by_rule = scores.ranked_probability_score(drawn, seats.by_rule)
    found = {
        "seats_rps_by_rule": float(by_rule.mean()),
        **{
            f"seats_coverage_{level * 100:.0f}": float(share)
            for level, share in zip(scores.LEVELS, held, strict=True)
        },
    }
    known = ~np.isnan(seats.official)
    if known.any():
        official = seats.official[known].astype(np.int64)
        found["seats_rps"] = float(scores.ranked_probability_score(drawn[:, known], official).mean())
    return found
