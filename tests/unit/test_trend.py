"""The trend against dense Gaussian conditioning, which is the same thing said slowly."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pytest

from forecast.estimation.average import prepare
from forecast.estimation.trend import (
    Series,
    TrendConstants,
    contrasts,
    filtered,
    smoothed,
    trend_mean,
    trend_of,
)
from tests.unit.test_estimation_preparation import NAN, reports

MODEL = TrendConstants(walk=0.01, house=0.05, noise=0.02, share_exponent=0.3)
_DIFFUSE = 4.0


def a_series(polls: int = 9, firms: int = 3, seed: int = 2) -> Series:
    rng = np.random.default_rng(seed)
    reported = np.ones((polls, 2), bool)
    reported[1, 1] = reported[4, 1] = False
    firm = np.arange(polls) % firms
    return Series(
        values=np.log(np.array([0.3, 0.1])) + 0.1 * rng.standard_normal((polls, 2)),
        reported=reported,
        noise=0.001 + 0.002 * rng.random((polls, 2)),
        days=np.sort(rng.integers(-40, 0, polls)).astype(float),
        firm=firm,
        walk=np.array([1e-4, 3e-4]),
        house=np.array([0.002, 0.004]),
        start=np.log(np.array([0.3, 0.1])),
    )


def dense(series: Series, unit: int, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Mean and variance of the level on days ``at``, log likelihood, and leans, by one big matrix."""
    rows = np.flatnonzero(series.reported[:, unit])
    first = series.days[0]

    def level_covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return _DIFFUSE + series.walk[unit] * (np.minimum(a[:, None], b[None, :]) - first)

    basis = contrasts(int(series.firm.max()) + 1)[series.firm[rows]]
    days = series.days[rows]
    lean = series.house[unit] * basis @ basis.T
    total = level_covariance(days, days) + lean + np.diag(series.noise[rows, unit])
    gap = series.values[rows, unit] - series.start[unit]
    solved = np.linalg.solve(total, gap)
    cross = level_covariance(at, days)
    mean = series.start[unit] + cross @ solved
    variance = np.diag(level_covariance(at, at) - cross @ np.linalg.solve(total, cross.T))
    likelihood = -0.5 * (np.linalg.slogdet(2 * np.pi * total)[1] + gap @ solved)
    leans = series.house[unit] * contrasts(int(series.firm.max()) + 1) @ basis.T @ solved
    return mean, variance, float(likelihood), leans


def test_the_filter_gives_the_likelihood_and_the_last_level_of_the_dense_solution() -> None:
    series = a_series()
    found = filtered(series)
    last = series.days[-1:]
    parts = [dense(series, unit, last) for unit in range(2)]
    assert found.log_likelihood == pytest.approx(sum(part[2] for part in parts))
    assert found.mean[:, 0] == pytest.approx([part[0][0] for part in parts])
    assert found.covariance[:, 0, 0] == pytest.approx([part[1][0] for part in parts], rel=1e-6)


def test_the_smoother_gives_every_day_of_the_dense_solution() -> None:
    series = a_series()
    path = smoothed(series, 0.0)
    for unit in range(2):
        mean, variance, _, leans = dense(series, unit, path.days)
        assert path.level[:, unit] == pytest.approx(mean)
        assert path.variance[:, unit] == pytest.approx(variance, rel=1e-5)
        assert path.leans[:, unit] == pytest.approx(leans)


def test_leans_sum_to_zero_over_pollsters() -> None:
    assert smoothed(a_series(), 0.0).leans.sum(0) == pytest.approx([0.0, 0.0], abs=1e-12)
    assert contrasts(5).sum(0) == pytest.approx(np.zeros(4))
    assert contrasts(5).T @ contrasts(5) == pytest.approx(np.eye(4))


def test_polls_that_all_say_the_same_are_the_trend() -> None:
    prepared = prepare(reports(*[(0.5, 0.3)] * 6, ages=(1.0, 9.0, 20.0, 33.0, 50.0, 80.0)))
    assert trend_mean(prepared, MODEL) == pytest.approx([0.5, 0.3, 0.2])
    path = trend_of(prepared, MODEL, datetime.date(2030, 1, 1))
    assert path.mean == pytest.approx(np.tile([0.5, 0.3, 0.2], (81, 1)))
    assert [str(day)[:10] for day in path.days[[0, -1]]] == ["2029-10-13", "2030-01-01"]
    assert (path.low < path.mean).all()
    assert (path.mean < path.high).all()


def test_a_pollster_that_leans_is_told_from_the_trend() -> None:
    rows = [(0.50, 0.3) if i % 2 else (0.54, 0.26) for i in range(20)]
    prepared = prepare(
        reports(
            *rows,
            ages=tuple(range(0, 100, 5)),
            firms=tuple("ab"[i % 2] for i in range(20)),
            sizes=(3000.0,) * 20,
        )
    )
    path = trend_of(prepared, MODEL, datetime.date(2030, 1, 1), {"a": "Alpha"})
    effects = zip(path.houses["pollster"], path.houses["unit"], path.houses["effect"], strict=True)
    houses = {(str(pollster), str(unit)): float(effect) for pollster, unit, effect in effects}
    assert houses["Alpha", "a"] == pytest.approx(0.02, abs=0.004)
    assert houses["b", "a"] == pytest.approx(-houses["Alpha", "a"])
    assert path.mean[-1, 0] == pytest.approx(0.52, abs=0.005)


def test_one_pollster_has_no_house_effect_and_a_unit_of_one_poll_has_a_level() -> None:
    prepared = prepare(reports((0.5, 0.3, NAN), (0.5, 0.3, 0.1), ages=(3.0, 8.0), firms=("x", "x")))
    path = trend_of(prepared, MODEL, datetime.date(2030, 1, 1))
    assert path.houses["effect"].tolist() == [0.0] * 4
    assert path.mean[-1, 2] == pytest.approx(0.1, abs=0.01)


def test_the_order_of_the_table_does_not_matter_to_the_trend() -> None:
    rows = [(0.5, 0.3), (0.45, 0.33), (0.52, 0.28)]
    first = reports(*rows, ages=(3.0, 14.0, 30.0))
    turned = replace(
        first,
        shares=first.shares[::-1],
        ages=first.ages[::-1],
        sizes=first.sizes[::-1],
        firms=first.firms[::-1],
        labels=first.labels[::-1],
    )
    assert trend_mean(prepare(first), MODEL) == pytest.approx(trend_mean(prepare(turned), MODEL))
