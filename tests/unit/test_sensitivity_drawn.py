"""Many rules on the same draws: the tallies of separate runs, paired errors, last seats, flips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecast.election import Election, load_election
from forecast.errors import ConfigurationError
from forecast.estimation import Estimate
from forecast.simulation.forecasting import simulate
from forecast.simulation.pieces import KeptDraws
from forecast.sweeps import sweeping
from forecast.sweeps.comparison import (
    Looked,
    difference_over_draws,
    flips_along,
    indices_by_variant,
    mean_over_draws,
)
from tests.swept import estimate_of, flat, swept

DRAWS = 20_000


@pytest.fixture(scope="module")
def election(root: Path) -> Election:
    return load_election(root / "configs" / "kazakhstan-2023.toml")


@pytest.fixture(scope="module")
def estimate(election: Election) -> Estimate:
    return estimate_of(election)


def test_batches_of_rules_count_what_one_pass_counts(
    election: Election, estimate: Estimate, monkeypatch: pytest.MonkeyPatch
) -> None:
    axes = {"threshold": "4%:6%:0.5%", "method": "hare,dhondt"}
    whole = swept(election, estimate, axes)
    monkeypatch.setattr(sweeping, "MOST_BYTES", 2**21)
    parts = swept(election, estimate, axes)
    assert flat(whole).identical(flat(parts))


def test_threads_do_not_change_a_number(election: Election, estimate: Estimate) -> None:
    axes = {"threshold": "4%,5%,6%"}
    assert flat(swept(election, estimate, axes)).identical(flat(swept(election, estimate, axes, threads=2)))


def test_a_paired_difference_of_plain_draws_is_far_more_precise_than_one_of_separate_draws(
    election: Election, estimate: Estimate
) -> None:
    data = flat(swept(election, estimate, {"threshold": "4.9%,5%,7%"}, sampler="random", explained=False))
    amanat = data.sel(party="amanat")
    alone = amanat["seat_mean_mc_error"].values
    separate = np.sqrt(alone**2 + alone[1] ** 2)
    paired = amanat["rules/seat_mean_difference_mc_error"].values
    assert separate[0] > 2.5 * paired[0]
    assert separate[2] > 1.2 * paired[2]


def test_the_base_rule_does_not_differ_from_itself(election: Election, estimate: Estimate) -> None:
    data = flat(swept(election, estimate, {"threshold": "4%,5%"}))
    assert data["rules/is_base_rule"].values.tolist() == [0, 1]
    here = data.isel(threshold=1)
    for name in ("pass", "seat_mean", "majority", "coalition_seat_mean"):
        assert not here[f"rules/{name}_difference"].values.any()
        assert not here[f"rules/{name}_difference_mc_error"].values.any()
    assert here["rules/changed_probability"] == 0
    assert here["rules/moved_seats_probability"].values[0] == 1.0
    np.testing.assert_array_equal(here["seat_probability"], data["base_rule/seat_probability"])


def test_the_base_rule_is_counted_though_it_is_not_on_the_grid(
    election: Election, estimate: Estimate
) -> None:
    data = flat(swept(election, estimate, {"threshold": "3%,7%"}, explained=False))
    alone = simulate(election, estimate, draws=DRAWS, seed=7)
    assert not data["rules/is_base_rule"].values.any()
    np.testing.assert_array_equal(data["base_rule/pass_probability"], flat(alone)["pass_probability"])
    expected = data["seat_mean"] - data["base_rule/seat_mean"]
    np.testing.assert_allclose(data["rules/seat_mean_difference"], expected, atol=1e-12)


def test_seats_that_move_are_as_many_as_others_lose(election: Election, estimate: Estimate) -> None:
    data = flat(swept(election, estimate, {"threshold": "3%,7%"}, explained=False))
    distribution = data["rules/moved_seats_probability"].values
    np.testing.assert_allclose(distribution.sum(-1), 1.0)
    np.testing.assert_allclose(
        distribution @ np.arange(distribution.shape[-1]), data["rules/moved_seats_mean"]
    )
    np.testing.assert_allclose(1.0 - distribution[:, 0], data["rules/changed_probability"])
    # Under 7 % more lists stay out in every draw, so that more votes are wasted.
    assert float(data["rules/wasted"][1]) > float(data["rules/wasted"][0])


def test_a_base_that_the_draws_do_not_know_is_refused(election: Election, estimate: Estimate) -> None:
    blind = election.model_copy(update={"election": election.election.model_copy(update={"turnout": None})})
    with pytest.raises(ConfigurationError, match=r"election\.turnout"):
        swept(blind, estimate, {"base": "valid,registered"})


def test_a_table_of_answers_that_would_not_fit_is_refused(election: Election, estimate: Estimate) -> None:
    with pytest.raises(ConfigurationError, match="variants of up to 100,000 seats; at most 7 of this size"):
        swept(election, estimate, {"threshold": "0%:5%:0.1%", "vary": ["rule.seats=100000"]})


def test_a_chance_flips_where_its_log_odds_cross_zero_between_two_levels() -> None:
    levels = np.array([0.03, 0.04, 0.05, 0.06])
    chance = 1.0 / (1.0 + np.exp(400.0 * (levels - 0.047)))
    (flip,) = flips_along("passes", "osdp", levels, chance, np.full(4, 0.001), {"method": "hare"})
    assert (flip.change, flip.level) == ("lost", pytest.approx(0.047))
    # The slope of the chance at one half is 400 / 4 a unit of level.
    assert flip.low == pytest.approx(0.047 - 0.00196 / 100, rel=1e-3)
    assert flip.high == pytest.approx(0.047 + 0.00196 / 100, rel=1e-3)
    assert flip.gone_from == pytest.approx(0.047 - np.log(9.0) / 400.0)
    assert flip.gone_to == pytest.approx(0.047 + np.log(9.0) / 400.0)


def test_a_majority_that_comes_and_goes_flips_twice() -> None:
    levels = np.array([0.0, 0.05, 0.1])
    flips = list(flips_along("majority", "x", levels, np.array([0.2, 0.8, 0.2]), np.full(3, 0.01), {}))
    assert [flip.change for flip in flips] == ["won", "lost"]
    assert all(np.isnan(flip.gone_from) for flip in flips)


def test_an_interval_that_leaves_the_levels_is_open() -> None:
    levels = np.array([0.0, 0.05])
    (flip,) = flips_along("passes", "x", levels, np.array([0.51, 0.49]), np.full(2, 0.05), {})
    assert np.isnan(flip.low)
    assert np.isnan(flip.high)


def test_a_mean_over_plain_draws_has_the_error_of_a_mean() -> None:
    values = np.random.default_rng(1).normal(size=(2, 5000))
    mean, error = mean_over_draws(values, np.array([5000]))
    np.testing.assert_allclose(mean, values.mean(1))
    np.testing.assert_allclose(error, values.std(1) / np.sqrt(5000))


def test_draws_without_weight_do_not_count() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan])
    mean, _ = mean_over_draws(values, np.array([2, 2]), np.array([1.0, 0.0, 1.0, 0.0]))
    assert mean == 2.0


@pytest.mark.parametrize("sizes", [[300], [75, 75, 75, 75]])
def test_indices_of_a_rule_are_the_same_bits_whatever_rules_stand_before_it(sizes: list[int]) -> None:
    """Among them rules that differ in one draw, or in none, and a draw without seats; of ten lists, which are
    added up in another order where a draw stands alone.
    """
    random = np.random.default_rng(5)
    shares = random.dirichlet(np.ones(12), 300)
    outcomes = random.multinomial(60, shares[0, :10] / shares[0, :10].sum(), (4, 300))
    outcomes[3, 7] = 0
    which = np.zeros((8, 300), np.uint16)
    which[1:] = random.integers(0, 3, 300)
    which[2, 17], which[4:, :150], which[5, 7] = which[2, 17] + 1, 2, 3
    which[6] = random.integers(0, 4, 300)
    kept = KeptDraws(shares, outcomes, which)
    against_all = np.arange(12) == 11

    def indices(rules: list[int]) -> dict[str, np.ndarray]:
        some = kept._replace(which=which[rules])
        return indices_by_variant(Looked(np.array(sizes), some), against_all, 60)

    together = indices(list(range(8)))
    for rule in range(1, 8):
        for name, values in indices([0, rule]).items():
            np.testing.assert_array_equal(values[0], together[name][rule - 1], err_msg=name)


def test_a_difference_seen_in_no_draw_looked_at_is_no_more_certain_than_its_count() -> None:
    pair = difference_over_draws(np.array([[120]]), np.array([100]), np.zeros((1, 1)), 1_000_000)
    assert pair.value[0, 0] == pytest.approx(2e-5)
    assert pair.mc_error[0, 0] == pytest.approx(np.sqrt(2e-5 / 1e6), rel=1e-3)
