"""The default method from an election file: last results, records, what-ifs, a vote on another day."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.election import Election, load_election, parse_election
from forecast.errors import ConfigurationError
from forecast.estimation import Estimate, estimate
from forecast.estimation.records import Record, records_text
from forecast.last_election import last_shares
from forecast.polls import polls_of, read_polls
from forecast.simulation.forecasting import How, simulate
from forecast.simulation.side_by_side import simulate_over_time

ROOT = Path(__file__).resolve().parents[2]
DAY = datetime.date(2030, 9, 9)
ROWS = (
    "A,2030-06-01,1000,45,30,20",
    "B,2030-06-02,1000,44,31,20",
    "C,2030-06-03,1100,43,32,19",
    "D,2030-05-20,900,45,31,18",
)


def an_election(
    parties: dict[str, dict[str, Any]] | None = None, facts: dict[str, Any] | None = None, **settings: Any
) -> Election:
    known = parties or {}
    return parse_election(
        {
            "election": {"id": "x-2030", "name": "X", "date": DAY, "country": "Atlantis", **(facts or {})},
            "parties": [
                {"id": name, "name": name, **known.get(name, {})} for name in ("red", "blue", "green")
            ],
            "rule": {"seats": 100, "threshold": {"level": "5%"}, "allocation": {"method": "dhondt"}},
            "estimate": settings,
        }
    )


def estimated(folder: Path, election: Election, as_of: datetime.date | None = None) -> Estimate:
    file = folder / "polls.csv"
    file.write_text("\n".join(["pollster,fieldwork_end,sample_size,red,blue,green", *ROWS]))
    return estimate(election, read_polls(file, election), as_of)


LAST = {"red": {"last_result": "35%"}, "blue": {"last_result": "40%"}, "green": {"last_result": "20%"}}


def test_a_last_result_draws_the_centre_back_and_its_absence_does_not(tmp_path: Path) -> None:
    without, known = estimated(tmp_path, an_election()), estimated(tmp_path, an_election(LAST))
    assert known.mean[0] < without.mean[0]
    assert known.mean[1] > without.mean[1]
    assert known.average is not None
    assert known.average == pytest.approx(without.average)
    assert (without.newcomers, known.newcomers) == (0.0, 0.0)
    assert "No last result is known (parties.ID.last_result): the centre is of the polls alone." in (
        without.track_record
    )
    assert any(
        said.startswith("Last results of 3 parties move the centre by up to") for said in known.track_record
    )


def test_a_party_without_a_last_result_is_named_and_widens_the_error(tmp_path: Path) -> None:
    some = {name: LAST[name] for name in ("red", "blue")}
    known, partly = estimated(tmp_path, an_election(LAST)), estimated(tmp_path, an_election(some))
    assert partly.newcomers == pytest.approx(0.19, abs=0.01)
    assert partly.scale[0, 0] > known.scale[0, 0]
    assert any("none is known of green." in said for said in partly.track_record)


@pytest.mark.parametrize("method", ["average", "trend"])
def test_the_laws_of_0_3_0_know_neither_last_results_nor_records(tmp_path: Path, method: str) -> None:
    first, second = (estimated(tmp_path, an_election(known, method=method)) for known in (None, LAST))
    assert first.mean.tolist() == second.mean.tolist()
    assert first.scale.tolist() == second.scale.tolist()
    assert "60 elections" in first.constants_from


def test_what_parties_continue_makes_their_last_result() -> None:
    merged = an_election(
        {
            "red": {"continues": {"red": 1.0, "blue": 0.25}, "last_result": "30%"},
            "blue": {"continues": {"blue": 0.75}, "last_result": "20%"},
            "green": {"continues": {}},
        }
    )
    found = last_shares(merged)
    assert found.shares == {"red": pytest.approx(0.35), "blue": pytest.approx(0.15)}
    assert (found.new, found.unknown) == (("green",), ())
    elsewhere = last_shares(an_election({"red": {"continues": {"Reds 2026": 1.0}, "last_result": "30%"}}))
    assert elsewhere.shares == {"red": 0.3}
    assert elsewhere.unknown == ("blue", "green")


def test_the_last_result_by_district_is_summed_and_a_slip_is_said() -> None:
    election = load_election(ROOT / "configs" / "norway-2021.toml")
    found = last_shares(election)
    told = {party.id: float(party.last_result) for party in election.parties if party.last_result is not None}
    assert len(told) >= 9
    assert {name: found.shares[name] for name in told} == {
        name: pytest.approx(share, abs=0.005) for name, share in told.items()
    }
    wrong = load_election(ROOT / "configs" / "norway-2021.toml", ["parties.ap.last_result=10%"])
    [said] = last_shares(wrong).warnings
    assert "is 10.0%, its last votes by district are 27.4% of all: the districts are taken" in said


def test_a_record_of_ones_own_widens_or_narrows_and_none_is_as_anywhere(tmp_path: Path) -> None:
    day = datetime.date(2026, 1, 1)
    file = tmp_path / "records.csv"
    file.write_text(records_text([Record("Atlantis", "x-2026", day, 30.0, 5.0)], "ours"), encoding="utf-8")
    plain, worse = estimated(tmp_path, an_election()), estimated(tmp_path, an_election(record=str(file)))
    none = estimated(tmp_path, an_election(record="none"))
    assert worse.record == pytest.approx(0.5 * np.log(38 / 13))
    assert worse.scale[0, 0] > 1.5 * plain.scale[0, 0]
    assert none.record == plain.record == 0.0
    assert any("Polls in Atlantis have missed by 71% more" in said for said in worse.track_record)


def test_a_country_with_a_record_that_ships_has_it(tmp_path: Path) -> None:
    swiss = estimated(tmp_path, an_election(facts={"country": "Switzerland"}))
    assert swiss.record < -0.2
    assert estimated(tmp_path, an_election(facts={"country": "Switzerland"}, record="none")).record == 0.0


def test_what_ifs_put_a_share_where_it_is_wanted(tmp_path: Path) -> None:
    fixed = estimated(tmp_path, an_election(LAST, share={"green": "6%"}))
    moved = estimated(tmp_path, an_election(LAST, shift={"green": "+2%"}))
    plain = estimated(tmp_path, an_election(LAST))
    assert fixed.mean[2] == pytest.approx(0.06)
    assert moved.mean[2] == pytest.approx(plain.mean[2] + 0.02)
    assert fixed.scale[2, 2] > plain.scale[2, 2]


def test_exit_polls_stand_by_themselves_whatever_the_method() -> None:
    config = ROOT / "configs" / "kazakhstan-2023.toml"
    known, plain = (
        estimate(election, polls_of(election))
        for election in (load_election(config), load_election(config, ["estimate.method=average"]))
    )
    assert known.kind == "exit"
    assert known.mean.tolist() == plain.mean.tolist()


def test_a_vote_on_another_day_has_no_drift_and_is_named_so(tmp_path: Path) -> None:
    held = datetime.date(2030, 6, 10)
    usual = estimated(tmp_path, an_election(), held)
    now = estimated(tmp_path, an_election(facts={"on": held}))
    assert (now.as_of, now.election_date, usual.election_date) == (held, held, DAY)
    assert now.scale[0, 0] < usual.scale[0, 0]
    assert now.warnings[0] == f"a vote held on {held} is forecast (election.on), not that of {DAY}"
    told = simulate(an_election(facts={"on": held}), now, draws=4096)
    assert told.attrs["election_name"] == f"X, if it were held on {held}"
    assert told.attrs["election_date"] == str(held)
    assert told.record()["supposed_vote"] == str(held)
    assert "supposed_vote" not in simulate(an_election(), usual, draws=4096).record()


def test_a_vote_supposed_after_the_election_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="on = 2031-01-01 is after the election of 2030-09-09"):
        an_election(facts={"on": "2031-01-01"})


def test_an_election_without_a_date_is_forecast_as_if_held_on_the_day_of_the_forecast(tmp_path: Path) -> None:
    undated = an_election(facts={"date": None})
    newest = estimated(tmp_path, undated)
    assert (newest.as_of, newest.election_date) == (datetime.date(2030, 6, 3),) * 2
    assert newest.warnings[0] == (
        "the day of the election is not known (election.date): a vote held on 2030-06-03 is forecast"
    )
    later = estimated(tmp_path, undated, datetime.date(2030, 6, 20))
    assert later.election_date == datetime.date(2030, 6, 20)
    days = [datetime.date(2030, 6, 2), datetime.date(2030, 6, 3)]
    series = simulate_over_time(
        undated, read_polls(tmp_path / "polls.csv", undated), days, How.of(undated, 2048, 1, None)
    )
    assert series.attrs["election_name"] == "X, if it were held on each day"


def drawn_file(folder: Path, logs: np.ndarray) -> str:
    shares = np.exp(logs)
    shares /= shares.sum(1, keepdims=True)
    file = folder / "theirs.csv"
    lines = ["red,blue,green,other", *(",".join(f"{value:.8f}" for value in row) for row in shares)]
    file.write_text("\n".join(lines), encoding="utf-8")
    return str(file)


def test_an_outside_forecast_that_is_ours_changes_nothing(tmp_path: Path) -> None:
    """The pool of two equal distributions is the same again; the tolerance is that of 40,000 draws."""
    ours = estimated(tmp_path, an_election(LAST))
    nu = ours.degrees_of_freedom
    rng = np.random.default_rng(3)
    errors = rng.standard_normal((40_000, 4)) @ np.linalg.cholesky(ours.scale * nu / (nu - 2)).T
    file = drawn_file(tmp_path, np.log(ours.mean) + errors)
    pooled = estimated(
        tmp_path, an_election(LAST, outside=[{"draws": file, "weight": "0.5", "name": "Twin"}])
    )
    assert pooled.mean == pytest.approx(ours.mean, rel=0.02)
    contrast = np.array([1.0, -1.0, 0.0, 0.0])
    assert contrast @ pooled.scale @ contrast == pytest.approx(contrast @ ours.scale @ contrast, rel=0.05)
    assert (
        "Twin enters with a weight of 50% (estimate.outside); no backtest speaks for that" in pooled.warnings
    )
    assert np.linalg.eigvalsh(pooled.scale).min() > 0


def test_a_sure_outside_forecast_draws_the_centre_to_itself(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    theirs = np.log([0.35, 0.35, 0.2, 0.1]) + 0.02 * rng.standard_normal((2000, 4))
    file = drawn_file(tmp_path, theirs)
    ours = estimated(tmp_path, an_election(LAST))
    pooled = estimated(tmp_path, an_election(LAST, outside=[{"draws": file, "weight": "0.3"}]))
    assert abs(pooled.mean[0] - 0.35) < 0.2 * abs(ours.mean[0] - 0.35)
    told = simulate(an_election(LAST), pooled, draws=4096)
    assert told.array("share_quantile")[0, 3] == pytest.approx(0.35, abs=0.02)


@pytest.mark.parametrize(
    ("outside", "said"),
    [
        ([{"draws": "x.csv", "weight": 1}], "a weight lies above 0 and under 1"),
        ([{"draws": "x.csv", "weight": "0.6"}] * 2, "add up to 1 or more: nothing is left for the polls"),
    ],
)
def test_weights_that_leave_nothing_to_the_polls_are_refused(
    outside: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        an_election(outside=outside)
