"""docs/method.md: its tables are those of the figures kept, and the figures hold what is promised."""

from __future__ import annotations

import csv

import pytest

from forecast.estimation.records import shipped_calibration
from tests.method_measure import LEFT_OUT, TERMS_TABLE
from tests.method_page import ARCHIVES, PAGE, PLAIN, Figures, figures, page_with_figures


@pytest.fixture(scope="module")
def known() -> Figures:
    return figures()


def test_the_tables_of_the_page_are_those_of_the_figures() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_figures(text, drawn=False) == text, "run `python -m tests.method_page`"


def test_a_page_without_the_place_of_a_table_is_noticed() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("<!-- crossings -->", "")
    with pytest.raises(ValueError, match="0 places for 'crossings'"):
        page_with_figures(text, drawn=False)


def test_the_figures_are_those_of_the_calibration_that_ships(known: Figures) -> None:
    shipped = shipped_calibration()
    for record in (*shipped.horizons, *shipped.kinds):
        horizon = "" if record.horizon is None else str(record.horizon)
        subset = f"kind={record.kind}" if record.kind else "all"
        for metric in ("coverage_50", "coverage_80", "coverage_95", "crps", "mae", "crossing_brier"):
            value, _ = known[LEFT_OUT, "default", "", horizon, metric, subset]
            assert value == pytest.approx(getattr(record, metric), abs=1e-3)


FIRST, SECOND = (f"archive={name}" for name in ARCHIVES)


def test_the_figures_keep_what_a_forecast_promises(known: Figures) -> None:
    def below(metric: str, subset: str) -> float:
        return known[LEFT_OUT, "default", PLAIN, "", f"{metric}_reduction", subset][0]

    def held(subset: str) -> float:
        return known[LEFT_OUT, "default", "", "", "coverage_80", subset][0]

    assert below("crps", FIRST) >= 0.05
    assert below("crps", SECOND) >= 0.03
    assert below("majority_brier", FIRST) >= 0.07
    assert below("majority_brier", SECOND) >= 0.03
    assert 0.77 <= held(FIRST) <= 0.83
    assert 0.79 <= held(SECOND) <= 0.84
    assert 0.77 <= held("kind=european") <= 0.84
    assert 0.79 <= held("kind=regional") <= 0.84
    assert 0.80 <= held(f"{SECOND} kind=national") <= 0.86
    assert 0.76 <= held("record=none") <= 0.83
    assert known[LEFT_OUT, "default", "", "", "seats_rps", FIRST][0] <= 4.13
    assert 0.80 <= known[LEFT_OUT, "default", "", "", "seats_coverage_80", FIRST][0] <= 0.86
    for horizon, most in {"1": 1.40, "7": 1.53, "30": 1.91, "90": 2.62, "180": 2.76}.items():
        assert known[LEFT_OUT, "default", "", horizon, "mae", FIRST][0] <= most


def test_crossings_are_no_worse_than_by_a_plain_average_and_have_their_floor_beside_them(
    known: Figures,
) -> None:
    for subset in ("all", FIRST, SECOND):
        value, error = known[LEFT_OUT, "default", PLAIN, "", "crossing_brier_reduction", subset]
        assert error is not None
        assert value > -error
        calibration, floor = (
            known[LEFT_OUT, "default", "", "", f"crossing_calibration_{name}", subset][0]
            for name in ("error", "floor")
        )
        assert 0 < floor < calibration + 0.01


def test_where_the_page_calls_the_plain_average_as_good_it_is(known: Figures) -> None:
    def surely_better(metric: str, horizon: str) -> bool:
        value, error = known[LEFT_OUT, "default", PLAIN, horizon, metric, "all"]
        assert error is not None
        return value > 2 * error

    horizons = ("1", "7", "30", "90", "180")
    assert [h for h in horizons if surely_better("crossing_brier_reduction", h)] == ["90", "180"]
    assert all(surely_better("crps_reduction", h) for h in horizons)
    assert all(
        surely_better(metric, "")
        for metric in ("crps_reduction", "majority_brier_reduction", "crossing_brier_reduction")
    )


def test_every_term_of_the_law_earns_its_place(known: Figures) -> None:
    """Without it shares, majorities or crossings are worse by over two standard errors, or by 1 %."""
    with TERMS_TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["subset"] == "all"]
    earns = {
        row["term"]
        for row in rows
        if row["standard_error"] and float(row["value"]) > 2 * float(row["standard_error"])
    }
    gains = {row["term"] for row in rows if row["metric"] == "log_score_gain" and float(row["value"]) > 0.01}
    assert earns | gains == {row["term"] for row in rows}
