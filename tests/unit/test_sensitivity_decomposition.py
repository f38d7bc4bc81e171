"""Shares of the variance on cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.sensitivity.decomposition import Indices, sobol_indices, with_undecided

N = 8192


def known_case(seed: int) -> tuple[Indices, dict[str, float]]:
    """y = a(r) + b(q) + 2 P + U + r P over r in {-1, 0, 1}, q in {0, 1}, P and U standard normal.

    Variances: a = 3 r: 6; b = 2 q: 1; P: 4; U: 1; r P: E(r**2) = 2/3; 12 + 2/3 in all.
    """
    generator = np.random.default_rng(seed)
    p, p_anew, u, u_anew = generator.normal(size=(4, N))
    r, q = np.array([-1.0, 0.0, 1.0])[:, None, None], np.array([0.0, 1.0])[None, :, None]

    def y(polls: np.ndarray, undecided: np.ndarray) -> np.ndarray:
        return 100.0 + 3.0 * r + 2.0 * q + 2.0 * polls + undecided + r * polls

    total = 6.0 + 1.0 + 4.0 + 1.0 + 2.0 / 3.0
    expected = {"r": 6.0, "q": 1.0, "polls": 4.0, "undecided": 1.0, "interactions": 2.0 / 3.0}
    found = sobol_indices(y(p, u), y(p_anew, u), y(p, u_anew))
    return found, {name: part / total for name, part in expected.items()}


def test_indices_of_a_known_case_are_its_shares_of_the_variance() -> None:
    """Five errors and a floor of 0.002: error probability below 1e-5 for the nine numbers."""
    found, expected = known_case(1)
    first = np.array([expected[name] for name in ("r", "q", "polls", "undecided")])
    total = first + expected["interactions"] * np.array([1.0, 0.0, 1.0, 0.0])
    assert np.all(np.abs(found.first.value - first) < 0.002 + 5 * found.first.mc_error)
    assert np.all(np.abs(found.total.value - total) < 0.002 + 5 * found.total.mc_error)
    assert abs(found.interactions.value - expected["interactions"]) < 0.002 + 5 * found.interactions.mc_error
    assert found.variance == pytest.approx(12 + 2 / 3, rel=0.05)
    assert np.all(found.first.mc_error < 0.02)


def test_first_orders_and_interactions_sum_to_one() -> None:
    found, _ = known_case(2)
    assert found.first.value.sum() + found.interactions.value == pytest.approx(1.0)


def test_indices_are_stable_over_seeds_and_as_far_apart_as_their_errors_say() -> None:
    """24 seeds: the spread is known to 15 %; within a factor of 2, error probability below 1e-4."""
    found = [known_case(seed)[0] for seed in range(24)]
    values = np.array([indices.first.value for indices in found])
    errors = np.array([indices.first.mc_error for indices in found])
    spread = values.std(0, ddof=1)
    assert np.all(spread < 0.02)
    ratio = np.sqrt((errors**2).mean(0)) / spread
    assert np.all((ratio > 0.5) & (ratio < 2.0)), ratio


def test_without_undecided_the_polls_are_all_that_varies_from_draw_to_draw() -> None:
    generator = np.random.default_rng(3)
    p, p_anew = generator.normal(size=(2, N))
    r = np.array([-1.0, 1.0])[:, None]
    found = sobol_indices(2.0 * p + r, 2.0 * p_anew + r)
    np.testing.assert_allclose(found.first.value, [0.2, 0.8], atol=0.01)
    np.testing.assert_allclose(found.total.value, [0.2, 0.8], atol=0.02)
    assert abs(found.interactions.value) < 0.01


def test_an_outcome_that_never_varies_has_no_shares() -> None:
    found = sobol_indices(np.ones((3, 64)), np.ones((3, 64)))
    assert np.isnan(found.first.value).all()
    assert found.variance == 0.0


def test_the_undecided_who_split_like_the_decided_change_nothing() -> None:
    decided = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    z = np.random.default_rng(4).normal(size=decided.shape)
    np.testing.assert_allclose(with_undecided(decided, z, 0.2, 0.0), decided)
    np.testing.assert_allclose(with_undecided(decided, z, 0.2, 1.5).sum(1), 1.0)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(with_undecided(decided, z, 0.2, 1.5), decided)
