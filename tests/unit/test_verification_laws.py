"""Predictive laws against scipy and worked examples; the fit against a law that is known."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from scipy.stats import dirichlet, multivariate_t

from forecast.estimation.constants import PlainConstants
from forecast.estimation.law import LawConstants, Situation, squared_error, squared_scales
from forecast.estimation.preparation import prepare
from forecast.verification.fitting import fit_law, fit_plain
from forecast.verification.past_elections import PastElection, case_of
from forecast.verification.predictive_laws import (
    Dirichlet,
    LogisticT,
    Observations,
    last_poll_dirichlet,
    log_densities,
    observations_of,
    plain_mean,
    polled_error,
    pooled_dirichlet,
)
from tests.unit.test_estimation_preparation import NAN, reports

LAW = LawConstants(0.12, 0.3, 0.3, 0.05, 1.5, 8.0, 0.4, 0.3)


def test_the_density_of_the_law_is_that_of_a_multivariate_t_of_log_ratios() -> None:
    centre, scales = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.01, 0.02, 0.03, 0.06])
    result = np.array([0.45, 0.32, 0.15, 0.08])
    exact = multivariate_t(
        loc=np.log(centre[:3] / centre[3]), shape=np.diag(scales[:3]) + scales[3], df=7
    ).logpdf(np.log(result[:3] / result[3]))
    assert LogisticT(centre, scales, 7.0).log_density(result) == pytest.approx(exact)


def test_the_density_of_a_dirichlet_is_in_log_ratios_too() -> None:
    alpha, result = np.array([50.0, 30.0, 20.0]), np.array([0.45, 0.35, 0.2])
    exact = dirichlet(alpha).logpdf(result) + np.log(result).sum()
    assert Dirichlet(alpha).log_density(result) == pytest.approx(exact)


def test_draws_have_the_spread_of_their_law() -> None:
    """200,000 draws: the relative standard error of a variance is under 0.6 %, five of them allowed."""
    rng = np.random.default_rng(4)
    law = LogisticT(np.array([0.6, 0.4]), np.array([0.01, 0.03]), 12.0)
    draws = law.draws(rng.standard_normal((200_000, 2)), rng)
    assert draws.sum(1) == pytest.approx(1.0)
    assert np.log(draws[:, 0] / draws[:, 1]).var() == pytest.approx(0.04 * 12 / 10, rel=0.03)
    drawn = Dirichlet(np.array([60.0, 40.0])).draws(np.zeros((200_000, 2)), rng)
    assert drawn[:, 0].var() == pytest.approx(0.24 / 101, rel=0.03)


def test_the_likelihood_over_many_cases_is_the_density_of_each() -> None:
    election = an_election()
    cases = [case for case in (case_of(election, horizon) for horizon in (1, 30)) if case is not None]
    seen = observations_of(cases, [case.centre.mean for case in cases])
    densities = log_densities(seen, polled_error(LAW, seen), 0.3, 1.5, 8.0)
    for case, density in zip(cases, densities, strict=True):
        law = LogisticT(case.centre.mean, squared_scales(case.centre.mean, LAW, case.situation), 8.0)
        assert density == pytest.approx(law.log_density(case.result))
        assert squared_error(LAW, case.situation) == pytest.approx(polled_error(LAW, seen)[cases.index(case)])


def an_election() -> PastElection:
    polls = reports(
        (0.5, 0.3, 0.1), (0.48, 0.3, 0.12), (0.52, 0.3, NAN), (0.5, 0.3, 0.1), ages=(5.0, 20.0, 35.0, 60.0)
    )
    return PastElection(
        id="A-2001",
        country="A",
        date=datetime.date(2001, 6, 10),
        quality="A",
        threshold=0.05,
        polls=polls,
        known=polls.ages,
        result=np.array([0.46, 0.31, 0.13]),
        seats=np.full(3, NAN),
    )


def test_the_fit_finds_the_law_that_made_the_results() -> None:
    """400 simulated forecasts of 8 units: the tolerances are over four standard errors of the estimates."""
    rng = np.random.default_rng(6)
    number, units = 400, 8
    mean = rng.dirichlet(np.full(units, 3.0), number)
    days = rng.choice([0.3, 0.5, 1.3, 3.2, 6.2], number)
    blank = np.zeros((number, units))
    other = blank.copy()
    other[:, -1] = 1.0
    seen = Observations(
        residual=blank,
        log_mean=np.log(mean),
        present=blank + 1,
        other=other,
        months=days,
        n_eff=np.full(number, 8000.0),
        firms_eff=rng.uniform(2, 9, number),
        movement=rng.normal(0, 0.4, number),
        disagreement=rng.normal(0, 0.3, number),
        horizon=days * 30,
        back=blank,
        size=blank,
        record=np.zeros(number),
        newcomers=np.zeros(number),
        european=np.zeros(number),
        country=("A",) * number,
    )
    scale = polled_error(LAW, seen)[:, None] * mean**-0.6 * (1 + 1.25 * other) + 1 / (8000 * mean)
    tail = np.sqrt(8 / rng.chisquare(8, number))
    drawn = np.log(mean) + rng.standard_normal((number, units)) * np.sqrt(scale) * tail[:, None]
    result = np.exp(drawn) / np.exp(drawn).sum(1, keepdims=True)
    found = fit_law(Observations(**{**seen.__dict__, "residual": np.log(result) - np.log(mean)}))
    assert found.drift == pytest.approx(0.12, rel=0.15)
    assert found.drift_exponent == pytest.approx(0.3, abs=0.08)
    assert found.share_exponent == pytest.approx(0.3, abs=0.05)
    assert found.other_factor == pytest.approx(1.5, rel=0.2)
    assert found.movement_weight == pytest.approx(0.4, abs=0.15)
    assert found.disagreement_weight == pytest.approx(0.3, abs=0.2)
    assert 5 < found.degrees_of_freedom < 14
    plain = fit_plain(Observations(**{**seen.__dict__, "residual": np.log(result) - np.log(mean)}))
    assert list(plain.errors.values()) == sorted(plain.errors.values())


def test_the_error_of_the_plain_average_is_interpolated_between_horizons() -> None:
    plain = PlainConstants({1: 0.08, 100: 0.16}, 0.3, 1.5, 8.0)
    assert [plain.error_at(days) for days in (0, 1, 10, 100, 500)] == pytest.approx(
        [0.08, 0.08, 0.12, 0.16, 0.16]
    )


def test_the_last_poll_is_the_newest_one() -> None:
    prepared = prepare(reports((0.5, 0.3), (0.4, 0.4), ages=(9.0, 2.0), sizes=(500.0, 800.0)))
    assert last_poll_dirichlet(prepared).alpha == pytest.approx([320.5, 320.5, 160.5])


def test_the_pooled_dirichlet_of_a_worked_example() -> None:
    prepared = prepare(
        reports(
            (0.5, 0.3),
            (0.4, 0.4),
            (0.9, 0.05),
            (0.1, 0.8),
            ages=(2.0, 5.0, 9.0, 15.0),
            sizes=(1000.0, 500.0, 1000.0, 1000.0),
            firms=("x", "y", "x", "z"),
        )
    )
    pooled = (1000 * np.array([0.5, 0.3, 0.2]) + 500 * np.array([0.4, 0.4, 0.2])) / 1500
    first, second = 1000 * np.sqrt(0.25 / 1000), 500 * np.sqrt(0.24 / 500)
    variance = (first**2 + second**2 + first * second) / 1500**2
    effective = pooled[0] * (1 - pooled[0]) / variance
    assert pooled_dirichlet(prepared).alpha == pytest.approx(effective * pooled + 0.5)


def test_one_poll_pools_to_itself_and_old_polls_fall_back_to_the_newest() -> None:
    prepared = prepare(reports((0.5, 0.3), (0.4, 0.4), ages=(40.0, 50.0), sizes=(900.0, 500.0)))
    assert pooled_dirichlet(prepared).alpha == pytest.approx([450.5, 270.5, 180.5])
    assert plain_mean(prepared) == pytest.approx([0.5, 0.3, 0.2])


def test_the_plain_mean_takes_the_newest_poll_of_each_firm_within_21_days() -> None:
    prepared = prepare(
        reports((0.5, 0.3), (0.4, 0.4), (0.1, 0.8), ages=(2.0, 21.0, 22.0), firms=("x", "y", "z"))
    )
    assert plain_mean(prepared) == pytest.approx([0.45, 0.35, 0.2])


def test_the_law_of_a_single_case_reads_the_situation() -> None:
    situation = Situation(horizon=25, age=5, n_eff=1e9, firms_eff=1e9, movement=0, disagreement=0)
    assert squared_error(LAW, situation) == pytest.approx(0.12**2, rel=1e-3)
