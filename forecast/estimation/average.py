"""The weighted average of prepared polls, and how much stands behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.estimation.preparation import Prepared
from forecast.estimation.reports import Floats

AGE_DAYS = 30.0
"""Weights fall by e in so many days."""
RANK_FACTOR = 0.2
"""What an older poll of the same firm still counts, for each newer one."""
MOST_AGE = 180
OTHER_LIFT, OTHER_LIFT_ENDS = 0.002, 0.1


@dataclass(frozen=True)
class Average:
    """``mean`` (U,) and ``weights`` (P,) each sum to 1; effective respondents and pollsters; age in days."""

    mean: Floats
    weights: Floats
    n_eff: float
    firms_eff: float
    age: float


def average(prepared: Prepared) -> Average:
    """Weighted mean of the polls up to 180 days old (or of the newest, where all are older)."""
    weights = poll_weights(prepared)
    mean = weights @ prepared.shares
    if prepared.open_ballot:
        mean = lift_other(mean)
    by_firm: dict[str, float] = {}
    for firm, weight in zip(prepared.firms, weights, strict=True):
        by_firm[firm] = by_firm.get(firm, 0.0) + float(weight)
    return Average(
        mean=mean / mean.sum(),
        weights=weights,
        n_eff=float(1.0 / np.sum(weights**2 / prepared.sizes)),
        firms_eff=float(1.0 / sum(weight**2 for weight in by_firm.values())),
        age=float(weights @ prepared.ages),
    )


def poll_weights(prepared: Prepared) -> Floats:
    """(P,) weights that sum to 1: sqrt(n) exp(-age / 30 days) 0.2**rank."""
    ages = prepared.ages
    counted = ages <= MOST_AGE if (ages <= MOST_AGE).any() else ages == ages.min()
    # Ages from the newest on, so that very old polls do not underflow; the common factor cancels.
    weights = np.sqrt(prepared.sizes) * np.exp(-(ages - ages.min()) / AGE_DAYS) * RANK_FACTOR**prepared.ranks
    weights = np.where(counted, weights, 0.0)
    return weights / weights.sum()


def lift_other(mean: Floats) -> Floats:
    """Polls name fewer lists than the ballot does: a small Other (the last unit) is lifted a little."""
    other = mean[-1] + OTHER_LIFT * max(0.0, 1.0 - mean[-1] / OTHER_LIFT_ENDS)
    return np.append(mean[:-1] * (1.0 - other) / (1.0 - mean[-1]), other)
