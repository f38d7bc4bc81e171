"""The statements of a case that are scored: who crosses the threshold, which coalitions hold a majority."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from forecast.estimation.reports import Flags, Floats
from forecast.verification.past_elections import Case
from forecast.verification.share_distributions import Law

USUAL_LEVEL, LEAST_LEVEL = 0.04, 0.03
"""Level of crossings where an election has no threshold, or one too low to be in doubt."""
NEAR = (0.02, 0.08)
"""Parties in doubt: by the mean of the reference method."""
PARTNER_LEAST = 0.02
COALITION_SIZES = (2, 3)
OPEN_RACE = (0.38, 0.62)
"""Coalitions in doubt: by their expected share of the seats under the reference method."""


@dataclass(frozen=True)
class Questions:
    """``crossing`` (C,) units whose crossing of ``level`` is asked; ``coalitions`` (Q, U) who is in which."""

    level: float
    crossing: np.ndarray
    crossed: Flags
    coalitions: Flags
    won: Flags


def questions_of(case: Case, reference: Law, draws: Floats) -> Questions:
    """What is asked of every method, chosen by the ``reference`` law and its ``draws`` (N, U)."""
    named = case.named
    level = case.election.threshold
    asked = USUAL_LEVEL if level < LEAST_LEVEL else level
    centre = reference.centre[:named]
    crossing = np.flatnonzero((centre >= NEAR[0]) & (centre <= NEAR[1]))
    partners = np.flatnonzero(centre > PARTNER_LEAST)
    groups = [group for size in COALITION_SIZES for group in combinations(partners.tolist(), size)]
    members = np.zeros((len(groups), named), bool)
    for row, group in enumerate(groups):
        members[row, list(group)] = True
    expected = seat_shares(draws[:, :named], level) @ members.T.astype(float)
    open_race = (expected.mean(0) >= OPEN_RACE[0]) & (expected.mean(0) <= OPEN_RACE[1])
    coalitions = members[open_race]
    official = seat_shares(case.result[None, :named], level)[0]
    return Questions(
        level=asked,
        crossing=crossing,
        crossed=case.result[crossing] >= asked,
        coalitions=coalitions,
        won=coalitions @ official > 0.5,
    )


def seat_shares(shares: Floats, level: float) -> Floats:
    """(N, K) shares of the sum of those at or over the level; 0 where nobody is."""
    kept = np.where(shares >= level, shares, 0.0)
    total = kept.sum(1, keepdims=True)
    return np.divide(kept, total, out=np.zeros_like(kept), where=total > 0)


def crossing_chances(questions: Questions, draws: Floats) -> Floats:
    """(C,) share of draws in which each asked party crosses."""
    return (draws[:, questions.crossing] >= questions.level).mean(0)


def majority_chances(questions: Questions, draws: Floats, case: Case) -> Floats:
    """(Q,) share of draws in which each coalition has over half of those over the threshold."""
    held = seat_shares(draws[:, : case.named], case.election.threshold)
    return (held @ questions.coalitions.T.astype(float) > 0.5).mean(0)
