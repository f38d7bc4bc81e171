"""Scores against closed forms, worked examples and slow definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from forecast.verification import scores


def test_the_crps_of_normal_draws_is_that_of_the_normal() -> None:
    """Standard error of the mean of 50,000 draws is 0.003; five of them are exceeded once in 1.7 million."""
    draws = np.random.default_rng(1).standard_normal((50_000, 3)) * 2 + 1
    outcome = np.array([1.0, 3.0, -4.0])
    z = (outcome - 1) / 2
    exact = 2 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / math.sqrt(math.pi))
    assert scores.crps(draws, outcome) == pytest.approx(exact, abs=0.02)


@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_the_crps_is_its_definition_over_all_pairs(number: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    draws, outcome = rng.standard_normal((number, 2)), rng.standard_normal(2)
    for k in range(2):
        far = sum(abs(x - outcome[k]) for x in draws[:, k]) / number
        pairs = [abs(x - y) for i, x in enumerate(draws[:, k]) for j, y in enumerate(draws[:, k]) if i != j]
        assert scores.crps(draws, outcome)[k] == pytest.approx(far - sum(pairs) / len(pairs) / 2)


def test_the_energy_score_of_a_certain_forecast_is_its_distance() -> None:
    draws = np.tile([3.0, 4.0], (10, 1))
    assert scores.energy_score(draws, np.zeros(2)) == pytest.approx(5.0)


def test_the_energy_score_in_one_dimension_is_the_crps() -> None:
    """Half the pairs leave a standard error of 0.004 with 50,000 draws."""
    draws = np.random.default_rng(2).standard_normal((50_000, 1))
    assert scores.energy_score(draws, np.array([0.7])) == pytest.approx(
        float(scores.crps(draws, np.array([0.7]))[0]), abs=0.02
    )


def test_intervals_hold_what_lies_between_their_quantiles() -> None:
    draws = np.arange(101.0)[:, None]
    held = [scores.covered(draws, np.array([outcome]))[:, 0].tolist() for outcome in (50.0, 20.0, 5.0, 2.0)]
    assert held == [[True, True, True], [False, True, True], [False, False, True], [False, False, False]]


def test_the_ranked_probability_score_of_a_worked_example() -> None:
    draws = np.array([[0], [1], [1], [3]])
    # P(X <= 0, 1, 2, 3) = 1/4, 3/4, 3/4, 1; y = 2 is at most 2 and 3.
    expected = (1 / 4) ** 2 + (3 / 4) ** 2 + (1 / 4) ** 2
    assert scores.ranked_probability_score(draws, np.array([2]))[0] == pytest.approx(expected)
    assert scores.ranked_probability_score(np.array([[5], [5]]), np.array([5]))[0] == 0.0


def test_the_ranked_probability_score_counts_seats_beyond_all_draws() -> None:
    assert scores.ranked_probability_score(np.array([[1], [1]]), np.array([4]))[0] == pytest.approx(3.0)


def test_calibration_of_a_worked_example() -> None:
    said = np.array([0.05, 0.05, 0.62, 0.68, 1.0])
    happened = np.array([False, True, True, True, True])
    curve = scores.calibration_curve(said, happened)
    assert [(bin.low, bin.statements) for bin in curve] == [(0.0, 2), (0.6, 2), (0.9, 1)]
    assert (curve[1].said, curve[1].happened) == pytest.approx((0.65, 1.0))
    assert scores.calibration_error(said, happened) == pytest.approx((2 * 0.45 + 2 * 0.35 + 0) / 5)


def test_the_brier_score_is_0_for_certainty_that_was_right_and_1_for_one_that_was_wrong() -> None:
    assert scores.brier(np.array([1.0, 1.0, 0.5]), np.array([True, False, True])).tolist() == [0.0, 1.0, 0.25]


def test_terms_of_one_cluster_count_as_one_observation() -> None:
    values = np.array([1.0, 1.0, 3.0, 3.0, 2.0, 2.0])
    clusters = np.array([0, 0, 1, 1, 2, 2])
    single = np.std([1.0, 3.0, 2.0], ddof=1) / math.sqrt(3)
    assert scores.clustered_error(values, clusters) == pytest.approx(single)
    assert math.isnan(scores.clustered_error(values[:2], clusters[:2]))


def test_a_weight_of_two_is_the_term_twice() -> None:
    values, clusters = np.array([1.0, 4.0, 2.0]), np.array([0, 1, 2])
    twice = scores.clustered_error(np.array([1.0, 4.0, 4.0, 2.0]), np.array([0, 1, 1, 2]))
    assert scores.clustered_error(values, clusters, np.array([1.0, 2.0, 1.0])) == pytest.approx(twice)


def test_a_resample_of_elections_is_calibrated_as_its_statements_are() -> None:
    stream = np.random.default_rng(5)
    said, clusters = stream.random(60), np.sort(np.append(np.arange(9), stream.integers(0, 9, 51)))
    happened = stream.random(60) < said**2
    drawn = stream.integers(0, 9, (20, 9))
    found = scores.calibration_resamples(said, happened, clusters, drawn)
    for error, numbers in zip(found, drawn, strict=True):
        chosen = np.concatenate([np.flatnonzero(clusters == number) for number in numbers])
        assert error == pytest.approx(scores.calibration_error(said[chosen], happened[chosen]))
