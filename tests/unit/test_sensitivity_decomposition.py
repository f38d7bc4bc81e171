"""Shares of the variance on cases with a known answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecast.election import Election, load_election, parse_election
from forecast.estimation import Estimate
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.reference import apply_rule
from forecast.simulation.inputs import Units, draws_of
from forecast.sweeps import decomposition
from forecast.sweeps.decomposition import SobolIndices, _drawn, _seats, sobol_indices, with_undecided
from forecast.sweeps.grid import Grid, axes_of
from tests.swept import EXIT_POLLS, estimate_of, flat, swept

N = 8192


def known_case(seed: int) -> tuple[SobolIndices, dict[str, float]]:
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


def test_the_draws_that_are_summed_at_once_change_no_bit_of_seats(monkeypatch: pytest.MonkeyPatch) -> None:
    seats = np.random.default_rng(6).integers(0, 99, (3, 5, 3, 2, 333)).astype(np.float64)
    whole = sobol_indices(*seats)
    monkeypatch.setattr(decomposition, "_PART", 1_000)
    for one, other in zip(whole, sobol_indices(*seats), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_the_undecided_who_split_like_the_decided_change_nothing() -> None:
    decided = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    z = np.random.default_rng(4).normal(size=decided.shape)
    np.testing.assert_allclose(with_undecided(decided, z, 0.2, 0.0), decided)
    np.testing.assert_allclose(with_undecided(decided, z, 0.2, 1.5).sum(1), 1.0)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(with_undecided(decided, z, 0.2, 1.5), decided)


def two_lists() -> tuple[Election, Estimate]:
    """Two lists, no threshold: seats of the first are size of the house x its share, but for rounding."""
    election = parse_election(
        {
            "election": {"id": "two", "name": "Two", "date": "2030-01-06", "closed_ballot": True},
            "parties": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}],
            "rule": {"seats": 300, "ties": "registration", "allocation": {"method": "sainte-lague"}},
        }
    )
    estimate = replace(
        estimate_of(election, (0.6, 0.4)),
        scale=np.diag([0.02, 0.02]),
        degrees_of_freedom=float("inf"),
        undecided=0.0,
    )
    return election, estimate


def expected_of_two_lists() -> dict[str, float]:
    """Shares of the variance of S p, with S of 280 or 320 and p the share of the first list.

    S and p are independent: E(p)**2 V(S) for the house, E(S)**2 V(p) for the polls, V(S) V(p) together. The
    log odds of p are normal with variance 2 x 0.02 (two log shares); its moments by Gauss-Hermite quadrature.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    p = 1.0 / (1.0 + np.exp(-(np.log(0.6 / 0.4) + np.sqrt(0.04) * nodes)))
    weights /= weights.sum()
    mean = float(weights @ p)
    variance = float(weights @ (p - mean) ** 2)
    parts = {
        "house": mean**2 * 20.0**2,
        "polls": 300.0**2 * variance,
        "together": 20.0**2 * variance,
    }
    return {name: part / sum(parts.values()) for name, part in parts.items()}


def test_a_sweep_of_a_known_case_has_its_shares_and_is_stable_over_seeds() -> None:
    """24 seeds, through drawing, allocation and decomposition.

    The mean over seeds lies within five of its standard errors (and 0.001 for whole seats) of the answer, and
    printed errors within a factor of 2 of the spread: error probability below 1e-4 for the five numbers.
    """
    election, estimate = two_lists()
    expected = expected_of_two_lists()
    found = []
    for seed in range(24):
        data = flat(swept(election, estimate, {"vary": ["rule.seats=280,320"]}, draws=64, seed=seed))
        assert data["factor"].values.tolist() == ["house_size", "polls"]
        of_a = data.sel(party="a")
        found.append(
            [
                *of_a["decomposition/seat_first_order"].values,
                float(of_a["decomposition/seat_interactions"]),
                *of_a["decomposition/seat_first_order_mc_error"].values,
            ]
        )
    values, errors = np.array(found)[:, :3], np.array(found)[:, 3:]
    np.testing.assert_allclose(values.sum(1), 1.0)
    spread = values.std(0, ddof=1)
    answer = np.array([expected["house"], expected["polls"], expected["together"]])
    assert np.all(np.abs(values.mean(0) - answer) < 0.001 + 5.0 * spread / np.sqrt(24)), values.mean(0)
    assert np.all(spread < 0.02), spread
    ratio = np.sqrt((errors**2).mean(0)) / spread[:2]
    assert np.all((ratio > 0.5) & (ratio < 2.0)), ratio


def test_shares_that_were_drawn_before_have_the_seats_of_the_exact_count(kazakhstan: Path) -> None:
    """2,000 draws that are no exact ties: no whole number of blocks, so that copies stand behind the last."""
    election = load_election(kazakhstan)
    units = Units.of(election, [party.id for party in election.parties])
    parties = [election.by_id[name] for name in units.ids[: units.lists]]
    votes = np.random.default_rng(4).dirichlet(40.0 * np.array(EXIT_POLLS), 2_000)
    inputs = draws_of(election, estimate_of(election), units, 7, "random")
    axes = axes_of(threshold=[0.0, 0.05], method=["hare", "dhondt", "droop"])
    grid = Grid.of(election.rule, axes)
    (held,) = _seats([_drawn(inputs, votes)], grid, parties, 2)
    found = np.array([held.under_rules(of_list, 0, len(votes)) for of_list in held.outcomes])
    for rule, seats in zip(grid.rules, found.transpose(1, 2, 0), strict=True):
        for row, drawn in zip(votes[::40], seats[::40], strict=True):
            entries = tuple(
                Entry(name, round(float(share) * 1e9), kind=election.by_id[name].kind)
                for name, share in zip(units.ids, row, strict=True)
            )
            won = apply_rule(rule, Ballot(entries)).seats
            assert [won[party.id] for party in parties] == drawn.tolist()
