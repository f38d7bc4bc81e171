"""The trend: a random walk on log shares, seen through pollsters that each lean (Kalman filter and smoother).

State of a unit: the level today, and P - 1 contrasts of the leans of P pollsters, so that leans sum to zero
exactly. All units are filtered at once; a poll that leaves a unit out does not touch it.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.estimation.average import FLOOR, Flags, Floats, Prepared, lift_other

_DIFFUSE = 4.0
"""Variance of the level before the first poll: a log share known within a factor of 50."""


class Series(NamedTuple):
    """P polls of U units, oldest first: log shares (P, U), whether reported, noise variances (P, U).

    ``days`` (P,) run upwards, ``firm`` (P,) numbers the pollster; ``walk`` and ``house`` (U,) are variances:
    of a day's step, and of a pollster's lean. ``start`` (U,) is where the level may be before the first
    poll.
    """

    values: Floats
    reported: Flags
    noise: Floats
    days: Floats
    firm: NDArray[np.int64]
    walk: Floats
    house: Floats
    start: Floats


class Filtered(NamedTuple):
    """States after the last poll, and the log likelihood of the polls.

    ``mean`` (U, D), ``covariance`` (U, D, D).
    """

    mean: Floats
    covariance: Floats
    log_likelihood: float
    basis: Floats
    """(P firms, D - 1) contrasts: the lean of firm j is basis[j] @ state[1:]."""


class Smoothed(NamedTuple):
    """Level and its variance for every unit and day (T, U), and the leans (firms, U) with variances."""

    days: Floats
    level: Floats
    variance: Floats
    leans: Floats
    lean_variance: Floats


def contrasts(firms: int) -> Floats:
    """(firms, firms - 1) orthonormal columns that each sum to zero."""
    basis = np.zeros((firms, max(0, firms - 1)))
    for j in range(firms - 1):
        basis[: j + 1, j] = 1.0
        basis[j + 1, j] = -(j + 1.0)
        basis[:, j] /= np.linalg.norm(basis[:, j])
    return basis


def filtered(series: Series) -> Filtered:
    """Run the filter over all polls, oldest first."""
    basis = contrasts(int(series.firm.max()) + 1)
    mean, covariance = _prior(series, basis.shape[1])
    total = 0.0
    day = series.days[0]
    for i in range(len(series.days)):
        covariance[:, 0, 0] += series.walk * (series.days[i] - day)
        day = series.days[i]
        total += _update(mean, covariance, series, i, basis[series.firm[i]])
    return Filtered(mean, covariance, total, basis)


def smoothed(series: Series, last_day: float) -> Smoothed:
    """Level by day from the first poll to ``last_day``, given all polls (Rauch, Tung and Striebel 1965)."""
    basis = contrasts(int(series.firm.max()) + 1)
    mean, covariance = _prior(series, basis.shape[1])
    days = np.arange(series.days[0], last_day + 1.0)
    means, covariances, i = [], [], 0
    for t, day in enumerate(days):
        if t:
            covariance[:, 0, 0] += series.walk
        while i < len(series.days) and series.days[i] <= day:
            _update(mean, covariance, series, i, basis[series.firm[i]])
            i += 1
        means.append(mean.copy())
        covariances.append(covariance.copy())
    after_mean, after_covariance = means[-1], covariances[-1]
    level, variance = np.empty((len(days), len(series.walk))), np.empty((len(days), len(series.walk)))
    level[-1], variance[-1] = after_mean[:, 0], after_covariance[:, 0, 0]
    for t in range(len(days) - 2, -1, -1):
        predicted = covariances[t].copy()
        predicted[:, 0, 0] += series.walk
        gain = np.linalg.solve(predicted, covariances[t]).transpose(0, 2, 1)
        after_mean = means[t] + np.einsum("uij,uj->ui", gain, after_mean - means[t])
        after_covariance = covariances[t] + gain @ (after_covariance - predicted) @ gain.transpose(0, 2, 1)
        level[t], variance[t] = after_mean[:, 0], after_covariance[:, 0, 0]
    leans = basis @ means[-1][:, 1:].T
    lean_variance = np.einsum("fi,uij,fj->fu", basis, covariances[-1][:, 1:, 1:], basis)
    return Smoothed(days, level, variance, leans, lean_variance)


def _prior(series: Series, contrasts_number: int) -> tuple[Floats, Floats]:
    units, size = len(series.walk), contrasts_number + 1
    mean, covariance = np.zeros((units, size)), np.zeros((units, size, size))
    mean[:, 0] = series.start
    covariance[:, 0, 0] = _DIFFUSE
    rest = np.arange(1, size)
    covariance[:, rest, rest] = series.house[:, None]
    return mean, covariance


def _update(mean: Floats, covariance: Floats, series: Series, i: int, lean: Floats) -> float:
    """Take in poll i; its log density given those before it, summed over the units that it reports."""
    seen = series.reported[i]
    response = covariance[:, :, 0] + covariance[:, :, 1:] @ lean
    spread = response[:, 0] + response[:, 1:] @ lean + series.noise[i]
    surprise = np.where(seen, series.values[i] - mean[:, 0] - mean[:, 1:] @ lean, 0.0)
    gain = response / spread[:, None] * seen[:, None]
    mean += gain * surprise[:, None]
    covariance -= gain[:, :, None] * response[:, None, :]
    return -0.5 * float((np.log(2.0 * np.pi * spread[seen]) + surprise[seen] ** 2 / spread[seen]).sum())


_Z80 = 1.2816


class TrendConstants(NamedTuple):
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


class Trend(NamedTuple):
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
