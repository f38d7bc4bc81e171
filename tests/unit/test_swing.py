"""How districts follow the nation, and the pattern that draws are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.geography.pattern import (
    LAWS,
    Base,
    History,
    drawn,
    pattern_of,
    rake,
    shipped,
    shipped_histories,
    slopes,
    with_history,
)

LAST = np.array([[0.5, 0.3, 0.2], [0.3, 0.5, 0.2], [0.4, 0.3, 0.3], [0.2, 0.4, 0.4]])
WEIGHTS = np.array([0.4, 0.3, 0.2, 0.1])


def base_of(last: np.ndarray = LAST, *, stands: np.ndarray | None = None, new: tuple[int, ...] = ()) -> Base:
    last = last.copy()
    last[:, list(new)] = 0.0
    return Base(
        tuple("ABCD"),
        ("red", "blue", "green"),
        WEIGHTS,
        last,
        WEIGHTS @ last,
        np.ones(last.shape, bool) if stands is None else stands,
    )


NATIONAL = WEIGHTS @ LAST


@pytest.mark.parametrize("swing", LAWS)
def test_where_nothing_changes_every_way_but_the_model_gives_the_last_result(swing: str):
    shares = pattern_of(base_of(), NATIONAL, swing=swing).shares
    np.testing.assert_allclose(shares.sum(1), 1.0)
    np.testing.assert_allclose(WEIGHTS @ shares, NATIONAL, atol=1e-9)
    if swing != "model":
        np.testing.assert_allclose(shares, LAST, atol=1e-12)
    else:
        flatter = np.abs(np.log(shares / NATIONAL)) < np.abs(np.log(LAST / NATIONAL))
        assert flatter.mean() > 0.7, "a slope of 0.92 draws districts towards the nation"


@pytest.mark.parametrize("swing", LAWS)
def test_central_shares_have_rows_of_one_and_national_columns(swing: str):
    central = np.array([0.30, 0.45, 0.25])
    shares = pattern_of(base_of(), central, swing=swing).shares
    np.testing.assert_allclose(shares.sum(1), 1.0)
    np.testing.assert_allclose(WEIGHTS @ shares, central, atol=1e-9)
    assert (shares > 0.0).all()


def cross_ratio(table: np.ndarray) -> float:
    return float(table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]))


def test_a_proportional_swing_keeps_odds_ratios_between_districts():
    """Raking keeps cross ratios, and a proportional swing is one factor a list."""
    shares = pattern_of(base_of(), np.array([0.2, 0.5, 0.3]), swing="proportional").shares
    assert cross_ratio(shares) == pytest.approx(cross_ratio(LAST))


def test_an_additive_swing_adds_the_nations_points_everywhere():
    central = NATIONAL + np.array([0.05, -0.03, -0.02])
    shares = pattern_of(base_of(), central, swing="additive").shares
    np.testing.assert_allclose(shares, LAST + central - NATIONAL, atol=1e-9)


def test_an_additive_swing_leaves_no_list_below_nothing():
    central = np.array([0.03, NATIONAL[1], 0.0])
    central[2] = 1.0 - central.sum()
    shares = pattern_of(base_of(), central, swing="additive").shares
    assert (shares > 0.0).all()
    np.testing.assert_allclose(shares.sum(1), 1.0)


def test_a_logit_swing_of_two_lists_multiplies_the_odds_by_one_factor():
    last = np.array([[0.6, 0.4], [0.3, 0.7], [0.5, 0.5], [0.2, 0.8]])
    base = Base(tuple("ABCD"), ("red", "blue"), WEIGHTS, last, WEIGHTS @ last, np.ones((4, 2), bool))
    shares = pattern_of(base, np.array([0.55, 0.45]), swing="logit").shares
    odds = (shares[:, 0] / shares[:, 1]) / (last[:, 0] / last[:, 1])
    np.testing.assert_allclose(odds, odds[0])


def test_rising_lists_even_out_and_falling_ones_keep_their_pattern():
    law = shipped()
    found = slopes(np.array([0.1, 0.1, 0.1, 0.1]), np.array([0.1, 0.2, 0.05, 0.9]), law)
    assert found[0] == law.beta
    assert found[1] == pytest.approx(law.beta * 0.5**law.beta_power)
    assert found[1] < found[0] < found[2] <= law.beta_most
    assert found[3] == law.beta_least


def test_a_list_that_does_not_stand_has_no_vote_there_and_its_national_share_elsewhere():
    stands = np.ones((4, 3), bool)
    stands[[0, 2], 2] = False
    base = base_of(stands=stands)
    pattern = pattern_of(base, np.array([0.45, 0.45, 0.10]))
    assert (pattern.shares[[0, 2], 2] == 0.0).all()
    np.testing.assert_allclose(WEIGHTS @ pattern.shares, [0.45, 0.45, 0.10], atol=1e-9)
    found = drawn(pattern, np.tile(pattern.central, (50, 1)), np.random.default_rng(1))
    assert (found[:, [0, 2], 2] == 0.0).all()


def test_a_continuing_list_that_newly_stands_somewhere_begins_at_its_national_share():
    last = LAST.copy()
    last[3] = [0.4, 0.6, 0.0]
    base = replace(base_of(last), national=WEIGHTS @ last)
    pattern = pattern_of(base, WEIGHTS @ last)
    assert pattern.anew.tolist() == [[False] * 3, [False] * 3, [False] * 3, [False, False, True]]
    begun = LAWS["model"].centre(base, WEIGHTS @ last, shipped())
    assert begun[3, 2] == pytest.approx((WEIGHTS @ last)[2])
    assert pattern.cell_sd[3, 2] == shipped().anew_cell_sd
    assert pattern.cell_sd[3, 2] > 2 * pattern.cell_sd[2, 2]


def test_a_new_list_is_the_same_everywhere_and_less_certain():
    pattern = pattern_of(base_of(new=(2,)), np.array([0.5, 0.4, 0.1]))
    begun = LAWS["model"].centre(pattern.base, pattern.central, shipped())
    np.testing.assert_allclose(begun[:, 2], 0.1)
    assert (pattern.cell_sd[:, 2] == shipped().new_cell_sd).all()
    assert pattern.slope_sd.tolist() == [shipped().slope_sd, shipped().slope_sd, 0.0]
    assert pattern.factor_sd[0, 2] == shipped().new_factor_1_sd


def test_without_any_last_result_lists_differ_by_errors_alone():
    base = replace(base_of(), last=np.zeros_like(LAST), national=np.zeros(3))
    pattern = pattern_of(base, NATIONAL, scale=2.0)
    np.testing.assert_allclose(pattern.shares, np.tile(NATIONAL, (4, 1)))
    assert pattern.scale == 2.0
    assert pattern.swing == "proportional"
    found = drawn(pattern, np.tile(NATIONAL, (4000, 1)), np.random.default_rng(2))
    np.testing.assert_allclose(np.einsum("d,ndu->nu", WEIGHTS, found), np.tile(NATIONAL, (4000, 1)))
    assert found.std(0).min() > 0.05


def test_factors_have_weighted_mean_zero_and_variance_one():
    pattern = pattern_of(base_of(), NATIONAL)
    np.testing.assert_allclose(pattern.factors @ WEIGHTS, 0.0, atol=1e-12)
    np.testing.assert_allclose(pattern.factors**2 @ WEIGHTS, 1.0)


@pytest.mark.parametrize("swing", LAWS)
def test_draws_add_up_to_the_national_shares_of_each_draw(swing: str):
    national = np.random.default_rng(3).dirichlet([40, 40, 20], 200)
    pattern = pattern_of(base_of(), NATIONAL, swing=swing)
    found = drawn(pattern, national, np.random.default_rng(4))
    assert found.shape == (200, 4, 3)
    np.testing.assert_allclose(np.einsum("d,ndu->nu", WEIGHTS, found), national)
    assert np.quantile(np.abs(found.sum(2) - 1.0), 0.95) < 0.02, "the last raking is to the nation"
    assert (found > 0.0).all()


def test_the_median_of_draws_lies_at_the_central_shares():
    """A median of 4,000 draws misses by 0.02 sd with a probability far below 1 in 1,000 a cell."""
    pattern = pattern_of(base_of(), NATIONAL)
    found = drawn(pattern, np.tile(NATIONAL, (4000, 1)), np.random.default_rng(5))
    off = np.abs(np.median(found, axis=0) - pattern.shares) / found.std(0)
    assert off.max() < 0.12


def test_errors_are_multiplied_by_the_scale():
    """Log shares of a two-list district: small errors scale in proportion."""
    narrow, wide = (
        drawn(
            pattern_of(base_of(), NATIONAL, scale=scale),
            np.tile(NATIONAL, (4000, 1)),
            np.random.default_rng(6),
        )
        for scale in (0.1, 0.3)
    )
    ratio = np.log(wide).std(0) / np.log(narrow).std(0)
    np.testing.assert_allclose(ratio, 3.0, rtol=0.05)


def test_raking_meets_both_margins():
    shares = np.random.default_rng(7).random((4, 3))
    raked = rake(shares, NATIONAL, WEIGHTS)
    np.testing.assert_allclose(raked.sum(1), 1.0)
    np.testing.assert_allclose(WEIGHTS @ raked, NATIONAL, atol=1e-10)


def test_the_rest_of_the_constants_stay_with_a_history():
    law = shipped()
    same, scale = with_history(law, None)
    assert (same, scale) == (law, 1.0)
    one, few = with_history(law, History(1, 2.0)), with_history(law, History(100, 2.0))
    assert 1.0 < one[1] < few[1] < 2.0
    assert few[0].scale_sd == pytest.approx(law.scale_within, rel=0.02)
    assert law.scale_within < one[0].scale_sd < np.hypot(law.scale_within, law.scale_between)
    assert replace(one[0], scale_sd=law.scale_sd) == law


def test_histories_are_shipped_by_the_normalised_name_of_their_country():
    histories = shipped_histories()
    assert len(histories) >= 15
    assert all(history.pairs >= 1 and 0.3 < history.scale < 4.0 for history in histories.values())
    assert histories["turkey"].scale > 1.5 > histories["spain"].scale


def test_spread_of_scales_is_the_root_of_both_its_parts():
    law = shipped()
    assert law.scale_sd == pytest.approx(np.hypot(law.scale_between, law.scale_within), rel=0.05)
