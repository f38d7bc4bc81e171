"""The trend: a random walk on log shares with house effects that sum to zero over pollsters."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.estimation.average import lift_other
from forecast.estimation.kalman import Series, Smoothed, filtered, smoothed
from forecast.estimation.preparation import FLOOR, Prepared
from forecast.estimation.reports import Floats

_Z80 = 1.2816


@dataclass(frozen=True)
class TrendConstants:
    """Standard deviations on the log share of a unit with share p, each times p**-share_exponent."""

    walk: float
    """of a day's step"""
    house: float
    """of a pollster's lean"""
    noise: float
    """of one poll beyond sampling"""
    share_exponent: float


def series_of(prepared: Prepared, constants: TrendConstants) -> Series:
    """Prepared polls as the filter reads them: oldest first, without imputed shares."""
    order = np.argsort(-prepared.ages, kind="stable")
    shares = np.maximum(prepared.shares[order], FLOOR)
    reported = prepared.reported[order].copy()
    if prepared.open_ballot:
        reported[:, -1] = True
    # A unit that no poll reports still needs a level: its imputed share.
    reported[:, ~reported.any(0)] = True
    usual = np.maximum((shares * reported).sum(0) / reported.sum(0), FLOOR)
    size_factor = usual ** (-2.0 * constants.share_exponent)
    sampling = (1.0 - usual) / (usual * prepared.sizes[order][:, None])
    names = {firm: j for j, firm in enumerate(dict.fromkeys(prepared.firms[i] for i in order))}
    return Series(
        values=np.log(shares),
        reported=reported,
        noise=sampling + constants.noise**2 * size_factor,
        days=-prepared.ages[order],
        firm=np.array([names[prepared.firms[i]] for i in order]),
        walk=constants.walk**2 * size_factor,
        house=constants.house**2 * size_factor,
        start=np.log(usual),
    )


def trend_mean(prepared: Prepared, constants: TrendConstants) -> Floats:
    """(U,) shares at the forecast date by the trend, sum 1."""
    level = filtered(series_of(prepared, constants)).mean[:, 0]
    mean = np.exp(level)
    mean /= mean.sum()
    return lift_other(mean) if prepared.open_ballot else mean


@dataclass(frozen=True)
class Trend:
    """Shares by day and unit, and what pollsters add to them.

    ``days`` (T,) up to the forecast date; ``mean``, ``low``, ``high`` (T, U) shares and the ends of a
    central 80 % band of the trend itself (not of the election result). ``houses`` has one row a pollster and
    unit: pollster, unit, polls (of the pollster that report the unit), effect and standard_error (shares of
    1); effects of a unit sum to zero over pollsters on the log scale.
    """

    units: tuple[str, ...]
    days: pd.DatetimeIndex
    mean: Floats
    low: Floats
    high: Floats
    houses: pd.DataFrame


def trend_of(
    prepared: Prepared, constants: TrendConstants, as_of: datetime.date, names: dict[str, str] | None = None
) -> Trend:
    """The smoothed trend of prepared polls; ``names`` gives pollsters as readers know them."""
    series = series_of(prepared, constants)
    path = smoothed(series, 0.0)
    total = np.exp(path.level).sum(1, keepdims=True)
    spread = _Z80 * np.sqrt(path.variance)
    return Trend(
        units=prepared.units,
        days=pd.DatetimeIndex(pd.Timestamp(as_of) + pd.to_timedelta(path.days, unit="D")),
        mean=np.exp(path.level) / total,
        low=np.exp(path.level - spread) / total,
        high=np.exp(path.level + spread) / total,
        houses=_houses(prepared, series, path, np.exp(path.level[-1]) / total[-1], names or {}),
    )


def _houses(
    prepared: Prepared, series: Series, path: Smoothed, now: Floats, names: dict[str, str]
) -> pd.DataFrame:
    """Leans as shares at today's level: share times the lean of its logarithm."""
    order = np.argsort(-prepared.ages, kind="stable")
    firms = list(dict.fromkeys(prepared.firms[i] for i in order))
    rows = [
        {
            "pollster": names.get(firm, firm),
            "unit": unit,
            "polls": int(series.reported[series.firm == j, k].sum()),
            "effect": float(now[k] * path.leans[j, k]),
            "standard_error": float(now[k] * np.sqrt(max(0.0, path.lean_variance[j, k]))),
        }
        for j, firm in enumerate(firms)
        for k, unit in enumerate(prepared.units)
    ]
    return pd.DataFrame(rows)
