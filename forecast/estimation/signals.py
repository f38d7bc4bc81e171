"""Two statistics that read the scale of the coming error off the polls; 0 where there is no information."""

from __future__ import annotations

import numpy as np

from forecast.estimation.preparation import Prepared
from forecast.estimation.reports import Floats

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
