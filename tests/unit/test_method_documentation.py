"""docs/method.md: its tables are those of the figures kept, and the figures hold what is promised."""

from __future__ import annotations

import pytest

from forecast.estimation.calibration import shipped_calibration
from tests.method_page import LEFT_OUT, PAGE, PLAIN, REFERENCE, Figures, figures, page_with_figures


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
    for record in shipped_calibration().horizons:
        horizon = "" if record.horizon is None else str(record.horizon)
        for metric in ("coverage_50", "coverage_80", "coverage_95", "crps", "crossing_brier"):
            value, _ = known[LEFT_OUT, "default", "", horizon, metric]
            assert value == pytest.approx(getattr(record, metric), abs=1e-3)


def test_the_figures_keep_what_a_forecast_promises(known: Figures) -> None:
    def value(metric: str, horizon: str = "", against: str = "") -> float:
        return known[LEFT_OUT, "default", against, horizon, metric][0]

    assert 0.47 <= value("coverage_50") <= 0.58
    assert 0.76 <= value("coverage_80") <= 0.86
    assert 0.92 <= value("coverage_95") <= 0.98
    assert value("crossing_brier") <= 0.150
    assert value("crossing_calibration_error") <= 0.060
    assert value("majority_brier") <= 0.125
    assert value("crps_reduction", against=REFERENCE) >= 0.16
    assert value("crps_reduction", "1", REFERENCE) >= 0.11
    assert value("majority_brier_reduction", against=REFERENCE) >= 0.12


def test_where_the_page_calls_the_plain_average_as_good_it_is(known: Figures) -> None:
    def surely_better(metric: str, horizon: str) -> bool:
        value, error = known[LEFT_OUT, "default", PLAIN, horizon, metric]
        assert error is not None
        return value > 2 * error

    horizons = ("1", "7", "30", "90", "180")
    assert [h for h in horizons if surely_better("crossing_brier_reduction", h)] == []
    assert [h for h in horizons if not surely_better("crps_reduction", h)] == ["7", "30"]
    assert [h for h in horizons if surely_better("majority_brier_reduction", h)] == ["180"]
    assert surely_better("crps_reduction", "")
    assert surely_better("majority_brier_reduction", "")
