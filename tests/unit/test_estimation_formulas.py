"""Every formula of the method against numbers worked out by hand or said slowly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecast.estimation.average import (
    Prepared,
    average,
    disagreement,
    lift_other,
    movement,
    poll_weights,
    prepare,
)
from forecast.estimation.law import LawConstants, Situation, squared_error, squared_scales
from tests.unit.test_estimation_preparation import NAN, reports

LAW = LawConstants(0.10, 0.25, 1 / 3, 0.03, 1.5, 8.0, 0.25, 0.5)


def test_weights_fall_with_age_and_rank_and_rise_with_the_root_of_the_sample() -> None:
    prepared = prepare(
        reports(
            (0.5, 0.4),
            (0.5, 0.4),
            (0.5, 0.4),
            ages=(0.0, 30.0, 15.0),
            sizes=(400.0, 1600.0, 900.0),
            firms=("x", "x", "y"),
        )
    )
    raw = np.array([20.0, 40.0 * math.exp(-1) * 0.2, 30.0 * math.exp(-0.5)])
    assert poll_weights(prepared) == pytest.approx(raw / raw.sum())


def test_polls_over_180_days_enter_the_mean_only_where_all_are_older() -> None:
    prepared = prepare(reports((0.5, 0.4), (0.6, 0.3), ages=(10.0, 181.0)))
    assert poll_weights(prepared).tolist() == [1.0, 0.0]
    prepared = prepare(reports((0.5, 0.4), (0.6, 0.3), ages=(190.0, 200.0)))
    assert poll_weights(prepared).tolist() == [1.0, 0.0]


def test_a_small_other_is_lifted_and_the_named_make_room() -> None:
    assert lift_other(np.array([0.57, 0.38, 0.05])) == pytest.approx(
        [0.57 * 0.949 / 0.95, 0.38 * 0.949 / 0.95, 0.051]
    )
    assert lift_other(np.array([0.5, 0.3, 0.2])) == pytest.approx([0.5, 0.3, 0.2])


def test_the_average_says_how_much_stands_behind_it() -> None:
    prepared = prepare(
        reports((0.5, 0.3), (0.4, 0.4), ages=(0.0, 0.0), sizes=(900.0, 900.0), firms=("x", "y"))
    )
    centre = average(prepared)
    assert centre.mean == pytest.approx([0.45, 0.35, 0.2])
    assert (centre.n_eff, centre.firms_eff, centre.age) == pytest.approx((1800.0, 2.0, 0.0))


def disagreement_said_slowly(prepared: Prepared) -> float:
    chi2, df = 0.0, 0
    reach = max(60.0, min(prepared.ages) + 30)
    for k in range(prepared.named):
        polls = [
            i for i in range(len(prepared.ages)) if prepared.ages[i] <= reach and prepared.reported[i, k]
        ]
        if len(polls) < 3:
            continue
        n = [prepared.sizes[i] for i in polls]
        s = [prepared.shares[i, k] for i in polls]
        mean = max(0.004, sum(a * b for a, b in zip(n, s, strict=True)) / sum(n))
        chi2 += sum(
            a * (b - mean) ** 2 / (mean * (1 - mean) + a * 0.0025**2 / 3) for a, b in zip(n, s, strict=True)
        )
        df += len(polls) - 1
    return 0.5 * math.log((chi2 + 20 * 2) / ((df + 20) * 2))


def movement_said_slowly(prepared: Prepared) -> float:
    def around(lag: float) -> tuple[float, list[float]]:
        w = [
            math.sqrt(n) * math.exp(-abs(a - lag) / 20)
            for n, a in zip(prepared.sizes, prepared.ages, strict=True)
        ]
        rows = [
            sum(w[i] * prepared.shares[i, k] for i in range(len(w))) / sum(w) for k in range(prepared.named)
        ]
        return sum(w), rows

    total, count = 0.0, 0
    for lag in (0, 60, 120, 180):
        (near_weight, near), (far_weight, far) = around(lag), around(lag + 60)
        if min(near_weight, far_weight) < 0.8 * math.sqrt(max(prepared.sizes)):
            continue
        total += sum((math.log(x / y) * (x * y) ** 0.17) ** 2 for x, y in zip(near, far, strict=True)) / len(
            near
        )
        count += 1
    return 0.5 * math.log((total + 0.0045) / ((count + 1) * 0.0045))


def many_polls(seed: int = 5) -> Prepared:
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet([60, 40, 20, 5], size=60)[:, :3]
    rows[rng.random(60) < 0.5, 2] = NAN
    return prepare(
        reports(
            *[tuple(row) for row in rows],
            ages=tuple(rng.integers(0, 238, 60).astype(float)),
            sizes=tuple(rng.integers(300, 3000, 60).astype(float)),
            firms=tuple(f"f{i % 7}" for i in range(60)),
        )
    )


def test_disagreement_is_what_its_formula_says() -> None:
    prepared = many_polls()
    assert disagreement(prepared) == pytest.approx(disagreement_said_slowly(prepared))
    assert disagreement(prepared) != 0.0


def test_movement_is_what_its_formula_says() -> None:
    prepared = many_polls()
    assert movement(prepared) == pytest.approx(movement_said_slowly(prepared))
    assert movement(prepared) != 0.0


def test_the_signals_are_0_where_there_is_no_information() -> None:
    prepared = prepare(reports((0.5, 0.4), (0.45, 0.45)))
    assert (disagreement(prepared), movement(prepared)) == (0.0, 0.0)


def test_polls_that_agree_better_than_usual_give_a_negative_disagreement() -> None:
    prepared = prepare(reports(*[(0.5, 0.4)] * 10))
    assert disagreement(prepared) == pytest.approx(0.5 * math.log(40 / 76))


def test_the_error_law_is_what_its_formula_says() -> None:
    situation = Situation(horizon=20, age=10, n_eff=2000, firms_eff=4, movement=0.4, disagreement=-0.2)
    common = (0.01 + 0.0009 / 4) * math.exp(2 * (0.1 - 0.1)) * 4
    assert squared_error(LAW, situation, context=2.0) == pytest.approx(common)
    scales = squared_scales(np.array([0.64, 0.27, 0.09]), LAW, situation, context=2.0)
    assert scales == pytest.approx(
        [
            0.64 ** (-2 / 3) * common + 1 / (2000 * 0.64),
            0.27 ** (-2 / 3) * common + 1 / (2000 * 0.27),
            0.09 ** (-2 / 3) * common * 2.25 + 1 / (2000 * 0.09),
        ]
    )


def test_error_grows_with_the_days_to_the_election_and_shrinks_with_pollsters() -> None:
    near = Situation(horizon=1, age=5, n_eff=2000, firms_eff=4, movement=0, disagreement=0)
    far = Situation(horizon=90, age=5, n_eff=2000, firms_eff=4, movement=0, disagreement=0)
    alone = Situation(horizon=1, age=5, n_eff=2000, firms_eff=1, movement=0, disagreement=0)
    assert squared_error(LAW, far) > squared_error(LAW, alone) > squared_error(LAW, near)


def test_exit_polls_have_an_error_of_their_own_that_no_context_widens() -> None:
    situation = Situation(
        horizon=0, age=0, n_eff=1e4, firms_eff=3, movement=2, disagreement=2, exit_polls=True
    )
    assert squared_error(LAW, situation, context=2.5) == pytest.approx(0.02**2)


def test_the_scale_of_a_vanishing_share_is_that_of_the_floor() -> None:
    situation = Situation(horizon=1, age=5, n_eff=2000, firms_eff=4, movement=0, disagreement=0)
    scales = squared_scales(np.array([0.998 - 1e-9, 0.002, 1e-9]), LAW, situation, other=False)
    assert scales[1] == scales[2]
