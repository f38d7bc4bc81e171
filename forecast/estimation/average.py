"""The weighted average of prepared polls, how much stands behind it, and two signals of the coming error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.estimation.preparation import Floats, Prepared

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


WINDOW_DAYS, BEHIND_NEWEST_DAYS = 60.0, 30.0
LEAST_REPORTS, LEAST_SHARE, ROUNDING = 3, 0.004, 0.0025
PRIOR_DF, USUAL_RATIO = 20.0, 2.0

LAGS, LAG_STEP, LAG_DAYS = (0.0, 60.0, 120.0, 180.0), 60.0, 20.0
LEAST_WEIGHT, USUAL_MOVEMENT, SHARE_POWER = 0.8, 0.0045, 0.17


def disagreement(prepared: Prepared) -> float:
    """How far polls of the same weeks lie apart beyond sampling: phi = half the log of a shrunken chi2 ratio.

    chi2 over named units with at least three reports, counting only polls that report them, against twice the
    degrees of freedom (what is usual), with a prior weight of 20.
    """
    reach = max(WINDOW_DAYS, float(prepared.ages.min()) + BEHIND_NEWEST_DAYS)
    window = prepared.ages <= reach
    named = prepared.named
    reported = prepared.reported[window][:, :named]
    shares = prepared.shares[window][:, :named]
    sizes = prepared.sizes[window][:, None]
    counts = reported.sum(0)
    counted = counts >= LEAST_REPORTS
    if not counted.any():
        return 0.0
    weight = sizes * reported
    mean = (weight * shares).sum(0) / np.maximum(weight.sum(0), 1e-300)
    mean = np.maximum(mean, LEAST_SHARE)
    noise = mean * (1.0 - mean) + sizes * ROUNDING**2 / 3.0
    parts = reported * sizes * (shares - mean) ** 2 / noise
    chi2 = float(parts.sum(0)[counted].sum())
    df = float((counts[counted] - 1).sum())
    return 0.5 * float(np.log((chi2 + PRIOR_DF * USUAL_RATIO) / ((df + PRIOR_DF) * USUAL_RATIO)))


def movement(prepared: Prepared) -> float:
    """How much shares moved in the last months: M = half the log of a shrunken mean square of log changes.

    Changes over 60 days at lags 0, 60, 120, 180, between averages with weights sqrt(n) exp(-|age - lag| /
    20 days), where both sides have enough weight.
    """
    named = prepared.named
    points = sorted({*LAGS, *(lag + LAG_STEP for lag in LAGS)})
    root = np.sqrt(prepared.sizes)
    weights = root * np.exp(-np.abs(prepared.ages - np.array(points)[:, None]) / LAG_DAYS)
    total = weights.sum(1)
    enough = total >= LEAST_WEIGHT * root.max()
    around = (weights @ prepared.shares[:, :named]) / np.maximum(total, 1e-300)[:, None]
    squares, count = 0.0, 0
    for lag in LAGS:
        near, far = points.index(lag), points.index(lag + LAG_STEP)
        if enough[near] and enough[far]:
            squares += _squared_change(around[near], around[far])
            count += 1
    return 0.5 * float(np.log((squares + USUAL_MOVEMENT) / ((count + 1) * USUAL_MOVEMENT)))


def _squared_change(near: Floats, far: Floats) -> float:
    """Mean over units of the squared log change, small parties counted for less."""
    return float(np.mean((np.log(near / far) * (near * far) ** SHARE_POWER) ** 2))
