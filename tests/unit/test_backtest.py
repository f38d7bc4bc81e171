"""Backtests on invented elections: which statements are scored, and what the rows say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecast.errors import PollDataError
from forecast.estimation import shipped_constants
from forecast.estimation.calibration import parse_calibration, shipped_calibration
from forecast.verification.backtest import (
    Backtest,
    crossing_chances,
    drawn_seats,
    majority_chances,
    official_seats,
    questions_of,
    run_backtest,
    seat_shares,
    why_no_seats,
)
from forecast.verification.fitting import TERMS, bootstrap, fit_constants, fit_without, material_of
from forecast.verification.past_elections import Case, PastElection, case_of, read_archive, read_archives
from forecast.verification.predictive_laws import METHODS, Dirichlet
from forecast.verification.summary import Row, calibration_of, rows_of
from tests.archives import RULE, write_archive
from tests.unit.test_estimation_preparation import NAN, reports

HORIZONS = (1, 30)


@pytest.fixture(scope="module")
def elections(tmp_path_factory: pytest.TempPathFactory) -> list[PastElection]:
    return read_archive(write_archive(tmp_path_factory.mktemp("archive")))


@pytest.fixture(scope="module")
def backtest(elections: list[PastElection]) -> Backtest:
    constants = shipped_constants()
    return run_backtest(elections, lambda _: constants, horizons=HORIZONS, draws=500)


@pytest.fixture(scope="module")
def rows(backtest: Backtest) -> list[Row]:
    return rows_of(backtest)


def a_case(result: tuple[float, ...] = (0.46, 0.31, 0.13, 0.06), threshold: float = 0.05) -> Case:
    polls = reports(*[(0.45, 0.31, 0.12, 0.06)] * 4, ages=(3.0, 4.0, 5.0, 6.0))
    import datetime

    case = case_of(
        PastElection(
            id="A-2001",
            country="A",
            date=datetime.date(2001, 6, 10),
            quality="A",
            threshold=threshold,
            polls=polls,
            known=polls.ages,
            result=np.array(result),
            seats=np.array([48.0, 33.0, 13.0, NAN]),
            rule=RULE,
        ),
        1,
    )
    assert case is not None
    return case


def test_shares_of_the_seats_are_shares_of_those_at_or_over_the_threshold() -> None:
    held = seat_shares(np.array([[0.5, 0.25, 0.05, 0.04], [0.03, 0.02, 0.01, 0.0]]), 0.05)
    assert held[0] == pytest.approx([0.625, 0.3125, 0.0625, 0.0])
    assert held[1].tolist() == [0.0] * 4


def test_statements_are_about_parties_and_coalitions_in_doubt() -> None:
    case = a_case()
    reference = Dirichlet(1000 * np.array([0.45, 0.31, 0.12, 0.06, 0.06]))
    asked = questions_of(case, reference, np.tile(reference.centre, (10, 1)))
    assert (asked.level, asked.crossing.tolist(), asked.crossed.tolist()) == (0.05, [3], [True])
    # Shares of 0.94: a+d = .54, a+c = .61, b+c = .46, b+c+d = .52, a+b = .81, b+d = .39
    members = {tuple(np.flatnonzero(row).tolist()) for row in asked.coalitions}
    assert members == {(0, 3), (0, 2), (1, 2), (1, 2, 3), (1, 3)}
    won = dict(
        zip(
            [tuple(np.flatnonzero(row).tolist()) for row in asked.coalitions], asked.won.tolist(), strict=True
        )
    )
    assert won == {(0, 3): True, (0, 2): True, (1, 2): False, (1, 2, 3): True, (1, 3): False}


@pytest.mark.parametrize(("threshold", "asked"), [(0.0, 0.04), (0.01, 0.04), (0.03, 0.03), (0.07, 0.07)])
def test_crossings_are_asked_at_the_threshold_or_at_4_percent_where_it_is_too_low(
    threshold: float, asked: float
) -> None:
    case = a_case(threshold=threshold)
    reference = Dirichlet(1000 * np.array([0.45, 0.31, 0.12, 0.06, 0.06]))
    assert questions_of(case, reference, np.tile(reference.centre, (10, 1))).level == asked


def test_chances_are_shares_of_draws() -> None:
    case = a_case()
    reference = Dirichlet(1000 * np.array([0.45, 0.31, 0.12, 0.06, 0.06]))
    asked = questions_of(case, reference, np.tile(reference.centre, (10, 1)))
    draws = np.array([[0.45, 0.31, 0.12, 0.06, 0.06], [0.45, 0.32, 0.14, 0.04, 0.05]])
    assert crossing_chances(asked, draws).tolist() == [0.5]
    chances = majority_chances(asked, draws, case)
    b_c_d = [tuple(np.flatnonzero(row).tolist()) for row in asked.coalitions].index((1, 2, 3))
    assert chances[b_c_d] == 1.0  # without d, .46 of .91 is a majority too


def test_seats_of_draws_are_those_of_the_rule() -> None:
    case = a_case()
    seats = drawn_seats(case, np.array([[0.45, 0.31, 0.12, 0.06, 0.06], [0.46, 0.32, 0.14, 0.04, 0.04]]))
    assert seats.sum(1).tolist() == [100, 100]
    assert seats[1, 3] == 0
    yardstick = official_seats(case)
    assert yardstick.by_rule.tolist() == drawn_seats(case, case.result[None])[0].tolist()
    assert np.isnan(yardstick.official[3])


def test_against_all_wins_no_seats() -> None:
    case = a_case()
    election = case.election
    polls = replace(election.polls, ids=("against_all", *election.polls.ids[1:]))
    named = case_of(replace(election, polls=polls), 1)
    assert named is not None
    seats = drawn_seats(named, np.array([[0.45, 0.31, 0.12, 0.06, 0.06]]))
    assert (seats[0, 0], seats.sum()) == (0, 100)
    assert official_seats(named).by_rule[0] == 0


def test_a_rule_that_cannot_be_drawn_is_said_and_its_seats_are_left_out() -> None:
    election = replace(a_case().election, rule={"seats": 10, "allocation": {"method": "magic"}})
    assert "cannot be drawn" in why_no_seats(election)
    found = run_backtest([election], lambda _: shipped_constants(), horizons=(1,), draws=50)
    assert any("A-2001: its rule cannot be drawn" in note for note in found.notes)
    assert "seats_rps" not in found.scored[0].values


def test_a_backtest_has_a_row_for_every_method_horizon_and_metric(rows: list[Row]) -> None:
    assert list(dict.fromkeys(row.method for row in rows)) == list(METHODS)
    assert list(dict.fromkeys(row.horizon for row in rows)) == [None, *HORIZONS]
    metrics = {row.metric for row in rows if row.method == "default" and row.horizon is None}
    assert metrics >= {
        "crps",
        "energy",
        "log_score",
        "rmse",
        "mae",
        "coverage_50",
        "coverage_80",
        "coverage_95",
        "crossing_brier",
        "crossing_calibration_error",
        "crossing_calibration_floor",
        "majority_brier",
        "seats_mae",
        "seats_rps",
        "seats_rps_by_rule",
        "crps_reduction",
    }
    assert all(row.elections == 8 for row in rows if row.metric == "crps" and row.subset == "all")


def test_pooled_values_are_the_mean_over_all_forecasts(backtest: Backtest, rows: list[Row]) -> None:
    values = [one.values["crps"] for one in backtest.scored if one.method == "default"]
    wanted = ("default", None, "crps", "all")
    [pooled] = [row for row in rows if (row.method, row.horizon, row.metric, row.subset) == wanted]
    assert pooled.value == pytest.approx(np.mean(values))
    assert pooled.standard_error is not None
    assert pooled.standard_error > 0


@pytest.mark.parametrize("reference", ["pooled-dirichlet", "plain-average"])
def test_a_reduction_is_told_against_the_methods_that_all_are_compared_with(
    rows: list[Row], reference: str
) -> None:
    chosen = [row for row in rows if row.horizon == 30 and row.subset == "all"]
    of = {(row.method, row.metric): row.value for row in chosen if not row.against}
    below = {(row.method, row.metric): row for row in chosen if row.against == reference}
    expected = 1 - of["default", "crps"] / of[reference, "crps"]
    found = below["default", "crps_reduction"]
    assert found.value == pytest.approx(expected)
    assert found.standard_error is not None
    assert found.is_sure == (abs(expected) > 2 * found.standard_error)
    assert found.could_be_seen == pytest.approx(2.8 * found.standard_error)
    assert (reference, "crps_reduction") not in below


def test_where_polls_miss_by_more_than_sampling_our_intervals_are_the_honest_ones(rows: list[Row]) -> None:
    of = {(row.method, row.metric): row.value for row in rows if row.horizon is None and row.subset == "all"}
    assert of["pooled-dirichlet", "coverage_80"] < 0.5
    assert 0.6 < of["default", "coverage_80"] < 0.97
    assert of["default", "crps"] < of["pooled-dirichlet", "crps"]


def test_a_backtest_repeats_itself(elections: list[PastElection], backtest: Backtest) -> None:
    constants = shipped_constants()
    again = run_backtest(elections[:2], lambda _: constants, horizons=HORIZONS, draws=500)
    first = {(one.election, one.horizon, one.method): one.values for one in backtest.scored}
    assert all(one.values == first[one.election, one.horizon, one.method] for one in again.scored)


def test_sparse_elections_are_scored_apart(elections: list[PastElection]) -> None:
    mixed = [replace(elections[0], quality="X (sparse)"), *elections[1:3]]
    found = run_backtest(mixed, lambda _: shipped_constants(), horizons=(1,), draws=50, methods=("default",))
    assert {one.election for one in found.apart} == {elections[0].id}
    assert elections[0].id not in {one.election for one in found.scored}


def test_a_fit_needs_some_countries(elections: list[PastElection]) -> None:
    with pytest.raises(PollDataError, match="at least 3 countries"):
        material_of(elections[:2])


def test_constants_fitted_without_a_country_do_not_know_its_results(elections: list[PastElection]) -> None:
    model = shipped_constants().trend_model
    material = material_of(elections, model, HORIZONS)
    start = fit_constants(material)
    without = fit_without(material, start)
    assert sorted(without) == ["A", "B", "C", "D"]
    changed = [
        replace(election, result=election.result[::-1]) if election.country == "A" else election
        for election in elections
    ]
    again = fit_constants(material_of(changed, model, HORIZONS), dict.fromkeys("BCD", 1), start)
    assert again.average == without["A"].average
    assert (again.default, again.yardstick) == (without["A"].default, without["A"].yardstick)
    assert without["A"].rests_on.names == tuple(e.id for e in elections if e.country != "A")


def test_a_country_weighs_the_root_of_its_number_of_elections_in_a_fit(
    elections: list[PastElection],
) -> None:
    # Of A one election is left, of the others there are two.
    material = material_of(elections[1:], shipped_constants().trend_model, HORIZONS)
    weights = material.weights({"A": 1, "B": 1, "C": 2})
    by_country = {
        name: sum(w for w, c in zip(weights, material.average.country, strict=True) if c == name)
        for name in "ABCD"
    }
    assert by_country["B"] == pytest.approx(2**0.5 * by_country["A"])
    assert by_country["C"] == pytest.approx(2 * by_country["B"])
    assert by_country["D"] == 0
    assert weights.sum() == pytest.approx((weights > 0).sum())


def test_the_bootstrap_gives_an_interval_around_every_constant(elections: list[PastElection]) -> None:
    material = material_of(elections, shipped_constants().trend_model, HORIZONS)
    fitted = fit_constants(material)
    intervals = bootstrap(material, fitted, 6)
    assert set(intervals) == {"default", "average", "trend"}
    assert set(intervals["default"]) == set(TERMS)
    low, high = intervals["average"]["drift"]
    assert 0 < low < high
    kept = fit_constants(material, kept=shipped_constants())
    assert (kept.average, kept.trend) == (shipped_constants().average, shipped_constants().trend)
    assert kept.basis("average") == shipped_constants().basis("average")
    assert kept.default == fitted.default


def test_the_calibration_of_a_backtest_can_be_written_and_read(
    backtest: Backtest, rows: list[Row], elections: list[PastElection]
) -> None:
    found = calibration_of(backtest, rows, elections, "country")
    assert parse_calibration(found.record()) == found
    assert (found.elections, found.countries, found.years) == (8, 4, (2001, 2005))
    assert sum(bin.statements for bin in found.crossings) == sum(
        len(one.crossing_said) for one in backtest.scored if one.method == "default"
    )


def test_the_shipped_calibration_says_how_often_such_forecasts_were_right() -> None:
    found = shipped_calibration()
    assert found.near(3).horizon in (1, 7)
    assert found.near(400).horizon == 180
    assert found.left_out == "country"
    near = found.crossings_near(0.65)
    assert near is not None
    assert near.low <= 0.65 < near.high
    first, second = found.sentences(7)
    assert "elections in" in first
    assert "80" in first
    assert "entered" in second


def test_the_shipped_constants_say_what_they_rest_on() -> None:
    constants = shipped_constants()
    assert constants.rests_on.elections == shipped_calibration().elections
    assert constants.rests_on.countries == shipped_calibration().countries
    assert str(constants.rests_on).startswith(f"{constants.rests_on.elections} elections in")
    for name, (low, high) in constants.intervals["average"].items():
        assert low <= getattr(constants.average, name) <= high


PUBLISHED = {
    "crps": "1.4822",
    "energy": "5.9508",
    "log_score": "3.2017",
    "rmse": "2.7452",
    "coverage_50": "0.53311",
    "coverage_80": "0.82528",
    "coverage_95": "0.95344",
    "crossing_brier": "0.14308",
    "crossing_calibration_error": "0.044697",
    "majority_brier": "0.12224",
    "seats_rps": "4.1991",
    "seats_coverage_80": "0.89666",
}
"""Figures of the law of 0.3.0 with the constants that shipped then, as they were published."""


@pytest.mark.slow
def test_the_scorer_gives_the_published_figures_of_0_3_0(shared: Path) -> None:
    """The law of the average and its constants are those of 0.3.0, and so are its forecasts."""
    archive = shared / "data" / "polling-archive"
    if not archive.is_dir():
        pytest.skip(f"no archive at {archive}")
    constants = shipped_constants()
    found = run_backtest(read_archive(archive), lambda _: constants, methods=("average",))
    of = {row.metric: row.value for row in rows_of(found) if row.horizon is None and row.subset == "all"}
    assert {metric: f"{of[metric]:.5g}" for metric in PUBLISHED} == PUBLISHED


@pytest.mark.slow
def test_on_the_archives_the_default_method_keeps_what_it_promises(shared: Path) -> None:
    """All of it, with constants fitted without the country that is scored."""
    archives = [shared / "data" / name for name in ("polling-archive", "polling-archive-more")]
    missing = [str(archive) for archive in archives if not archive.is_dir()]
    if missing:
        pytest.skip(f"no archive at {', '.join(missing)}")
    elections = read_archives(archives)
    material = material_of(elections, shipped_constants().trend_model)
    whole = fit_constants(material)
    without = fit_without(material, whole)
    methods = ("default", "plain-average", "pooled-dirichlet")
    found = run_backtest(elections, lambda country: without.get(country, whole), methods=methods)
    ours = [row for row in rows_of(found) if row.method == "default"]
    of = {(row.subset, row.horizon, row.metric): row.value for row in ours if not row.against}
    below = {(row.subset, row.metric): row.value for row in ours if row.against == "plain-average"}
    first, second = (f"archive={archive.name}" for archive in archives)
    assert below[first, "crps_reduction"] >= 0.05
    assert below[second, "crps_reduction"] >= 0.03
    assert below[first, "majority_brier_reduction"] >= 0.07
    assert below[second, "majority_brier_reduction"] >= 0.03
    held = {
        first: (0.77, 0.83),
        second: (0.79, 0.84),
        "kind=european": (0.77, 0.84),
        "kind=regional": (0.79, 0.84),
        f"{second} kind=national": (0.80, 0.86),
        "record=none": (0.76, 0.83),
    }
    for subset, (least, most) in held.items():
        assert least <= of[subset, None, "coverage_80"] <= most, subset
