"""What a result says of the estimate behind it, of its pollsters, and of the record of such forecasts."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pytest

from forecast.election import load_election
from forecast.estimation import Estimate, estimate, shipped_constants
from forecast.estimation.records import shipped_calibration
from forecast.polls import polls_of
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate

MARCH_15 = datetime.date(2023, 3, 15)
Result = tuple[Estimate, Forecast]


def result_of(root: Path, as_of: datetime.date | None, *settings: str) -> Result:
    election = load_election(root / "configs" / "kazakhstan-2023.toml", settings)
    made = estimate(election, polls_of(election), as_of)
    return made, simulate(election, made, draws=2**12)


@pytest.fixture(scope="module")
def before(root: Path) -> Result:
    return result_of(root, MARCH_15)


@pytest.fixture(scope="module")
def after(root: Path) -> Result:
    return result_of(root, None)


def test_the_result_says_what_the_estimate_did(before: Result) -> None:
    made, data = before
    assert float(data["estimate/respondents"]) == made.n_eff
    assert float(data["estimate/pollsters"]) == made.pollsters_eff
    assert float(data["estimate/undecided"]) == made.undecided > 0.1
    assert float(data["estimate/context"]) == 2
    assert data["estimate/squared_scale"].values == pytest.approx(made.scale)
    assert data["polls/weight"].values == pytest.approx(made.polls["weight"].to_numpy())
    assert (data.attrs["estimate_method"], data.attrs["estimate_kind"]) == ("default", "pre-election")
    *of_estimate, of_chamber = data.attrs["warnings"]
    assert of_estimate == list(made.warnings) != []
    assert "rest on a stated belief" in of_chamber
    assert data.attrs["estimate_constants"] == str(shipped_constants().rests_on)


def test_house_effects_sum_to_zero_and_have_an_interval_around_them(before: Result) -> None:
    made, data = before
    effect = data["trend/effect"].sel(party="amanat")
    assert list(data["trend/pollster"].values) == ["Public Opinion", "Institute of Democracy"]
    assert float(effect.sum()) == pytest.approx(0.0, abs=1e-12)
    assert (data["trend/effect_low80"] < data["trend/effect"]).sel(party="amanat").all()
    assert (data["trend/effect"] < data["trend/effect_high80"]).sel(party="amanat").all()
    # The second pollster does not report "against all": nothing can be said of its lean.
    assert np.isfinite(data["trend/effect"].sel(party="against-all", pollster="Public Opinion"))
    assert np.isnan(data["trend/effect"].sel(party="against-all", pollster="Institute of Democracy"))
    assert data["trend/polls"].values.tolist() == [1, 1]
    assert made.trend is not None


def test_the_trend_ends_on_the_forecast_date_and_its_shares_sum_to_1(before: Result) -> None:
    _, data = before
    assert data["trend/day"].values[-1] == np.datetime64(MARCH_15)
    assert data["trend/share"].sum("party").values == pytest.approx(1.0)
    assert (data["trend/share_low80"] < data["trend/share"]).all()
    assert (data["trend/share"] < data["trend/share_high80"]).all()


def test_a_result_of_exit_polls_shows_the_trend_of_the_polls_before_them(
    after: Result, before: Result
) -> None:
    assert after[1].attrs["estimate_kind"] == "exit"
    assert set(before[1]["trend/pollster"].values) <= set(after[1]["trend/pollster"].values)
    assert after[1]["trend/day"].values[0] == before[1]["trend/day"].values[0]


def test_the_record_of_such_forecasts_travels_with_the_result(before: Result) -> None:
    _, data = before
    known = shipped_calibration()
    near = known.near(4)
    assert int(data["record/horizon"]) == near.horizon
    assert int(data["record/elections"]) == near.elections
    assert data["record/coverage"].values.tolist() == [near.coverage_50, near.coverage_80, near.coverage_95]
    for bin in known.crossings:
        there = {"probability_bin": (bin.low + bin.high) / 2}
        happened = data["record/pass_observed_frequency"].sel(there, method="nearest")
        assert float(happened) == bin.happened
        assert int(data["record/pass_statements"].sel(there, method="nearest")) == bin.statements
    sentences = data.attrs["track_record"].split("\n")
    *tested, managed, last = sentences
    assert tested == list(known.sentences(4))
    assert "None of these elections was managed" in managed
    assert "none is known of Respublica, Social Democrats, Baytaq." in last


def test_the_record_of_such_forecasts_travels_with_the_json(before: Result, after: Result) -> None:
    told = before[1].record()["track_record"]
    near = shipped_calibration().near((before[0].election_date - MARCH_15).days)
    assert told == {
        "said": list(before[0].track_record),
        "horizon": near.horizon,
        "elections": near.elections,
        "coverage": {"0.5": near.coverage_50, "0.8": near.coverage_80, "0.95": near.coverage_95},
        "coverage80_by_kind": {
            kind: {
                str(one.horizon): one.coverage_80
                for one in shipped_calibration().kinds
                if one.kind == kind and one.horizon is not None
            }
            for kind in ("national", "regional", "european")
        },
    }
    untold = after[1].record()["track_record"]
    assert untold.pop("said") == list(after[0].track_record)
    assert untold == {"horizon": None, "elections": None, "coverage": None, "coverage80_by_kind": None}


def test_forecasts_of_exit_polls_claim_no_record(after: Result) -> None:
    _, data = after
    assert "No backtest holds exit polls" in data.attrs["track_record"]
    record = data.groups["record"].data_vars
    assert record
    assert all(number.isnull().all() for number in record.values())


def test_constants_that_were_not_tested_claim_no_record(root: Path, tmp_path: Path) -> None:
    record = shipped_constants().record()
    record["default"]["drift"] *= 1.01
    file = tmp_path / "constants.json"
    file.write_text(json.dumps(record))
    election = load_election(root / "configs" / "kazakhstan-2023.toml", [f"estimate.constants={file}"])
    made = estimate(election, polls_of(election), MARCH_15)
    assert made.calibration is None
    assert "not those that were tested" in made.track_record[0]


def test_the_trend_as_mean_says_whose_record_is_shown(root: Path) -> None:
    election = load_election(root / "configs" / "kazakhstan-2023.toml", ["estimate.method=trend"])
    made = estimate(election, polls_of(election), MARCH_15)
    assert any("of the default method, not of the trend" in said for said in made.track_record)
