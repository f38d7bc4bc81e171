"""The default law: where its centre stands, how wide it is, and what it knows of earlier elections."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecast.errors import ConfigurationError, PollDataError
from forecast.estimation import shipped_constants
from forecast.estimation.centre import correction_of
from forecast.estimation.law import LawConstants, Situation, squared_error
from forecast.estimation.records import (
    CountryRecord,
    Record,
    country_record,
    read_records,
    records_text,
    shipped_records,
    together,
)
from forecast.verification.backtest import Records, run_backtest
from forecast.verification.past_elections import PastElection, cases_of, read_archive, read_archives
from forecast.verification.predictive_laws import (
    corrected_observations,
    log_likelihoods,
    observations_of,
    records_of,
    squared_misses,
)
from forecast.verification.summary import rows_of, subsets_of
from tests.archives import write_archive

NAN = float("nan")
LAW = LawConstants(0.1, 0.25, 0.3, 0.05, 1.7, 13.0, 0.25, 0.35, 0.04, 0.08, -0.02, 0.75, 0.47, 0.23)
SITUATION = Situation(horizon=85, age=5, n_eff=2000, firms_eff=4, movement=0.0, disagreement=0.0)
NAMED = np.array([True, True, True, False])
AVERAGE = np.array([0.5, 0.25, 0.15, 0.1])
TREND = np.array([0.45, 0.30, 0.15, 0.1])


def test_the_centre_is_half_way_between_average_and_trend() -> None:
    seen = correction_of(AVERAGE, TREND, np.full(4, NAN), NAMED)
    raw = np.sqrt(AVERAGE * TREND)
    assert seen.centre == pytest.approx(raw / raw.sum())


def test_last_results_pull_by_their_log_ratio_and_unknown_and_tiny_ones_do_not() -> None:
    seen = correction_of(AVERAGE, TREND, np.array([0.4, NAN, 0.003, NAN]), NAMED)
    assert seen.back == pytest.approx([math.log(0.4 / 0.5), 0.0, 0.0, 0.0])
    far = correction_of(AVERAGE, TREND, np.array([0.02, 0.9, 0.1, 0.3]), NAMED)
    assert far.back == pytest.approx([-1.2, 1.2, math.log(0.1 / 0.15), 0.0])


def test_newcomers_are_told_only_where_most_of_the_last_result_is_known() -> None:
    assert correction_of(AVERAGE, TREND, np.array([0.5, NAN, 0.1, NAN]), NAMED).newcomers == pytest.approx(
        0.25
    )
    assert correction_of(AVERAGE, TREND, np.array([0.4, NAN, 0.1, NAN]), NAMED).newcomers == 0.0


def test_the_centre_is_moved_as_the_formula_says() -> None:
    seen = correction_of(AVERAGE, TREND, np.array([0.4, 0.3, 0.2, NAN]), NAMED)
    days = math.log(3.0)
    raw = [
        c * math.exp((0.04 + 0.08 * days) * math.log(last / m) - 0.02 * days * math.log(m / 0.08))
        for c, m, last in zip(seen.centre, AVERAGE, (0.4, 0.3, 0.2), strict=False)
    ]
    raw.append(seen.centre[3])
    assert seen.moved(LAW, SITUATION) == pytest.approx(np.array(raw) / sum(raw))


def test_near_the_vote_the_last_result_never_pushes_away() -> None:
    near = SITUATION._replace(horizon=1, age=2)
    known = correction_of(AVERAGE, TREND, np.array([0.4, 0.3, 0.2, NAN]), NAMED)
    unknown = correction_of(AVERAGE, TREND, np.full(4, NAN), NAMED)
    assert known.moved(LAW, near).tolist() == unknown.moved(LAW, near).tolist()
    assert LAW.last_result(math.log(0.1)) == 0.0


def test_record_newcomers_and_european_elections_widen_as_the_formula_says() -> None:
    told = SITUATION._replace(record=0.2, newcomers=0.3, european=1.0)
    wider = math.exp(2 * (0.75 * 0.2 + 0.47 * 0.3 + 0.23))
    assert squared_error(LAW, told) == pytest.approx(squared_error(LAW, SITUATION) * wider)


def test_a_vote_held_on_the_day_of_the_newest_poll_has_a_finite_centre() -> None:
    now = SITUATION._replace(horizon=0, age=0)
    moved = correction_of(AVERAGE, TREND, np.full(4, NAN), NAMED).moved(LAW, now)
    assert np.isfinite(moved).all()
    assert moved.sum() == pytest.approx(1.0)


DAY = datetime.date(2020, 1, 1)


def a_record(
    election: str, year: int, misses: float, units: float = 5.0, country: str = "Atlantis"
) -> Record:
    return Record(country, election, datetime.date(year, 6, 1), misses, units)


def test_a_record_is_half_the_log_of_misses_over_dimensions_shrunk_by_eight() -> None:
    known = [a_record("a", 2010, 3.0), a_record("b", 2015, 2.0, 7.0), a_record("c", 2012, 50.0, 5.0, "Mu")]
    found = country_record(known, "Atlantis", DAY)
    assert (found.value, found.elections) == (pytest.approx(0.5 * math.log(13 / 20)), 2)
    assert country_record(known, "ATLANTIS ", DAY) == found
    assert country_record(known, "Lemuria", DAY) == CountryRecord()
    assert country_record(known, "", DAY) == CountryRecord()


def test_a_record_knows_earlier_elections_only_and_never_the_one_it_is_for() -> None:
    known = [a_record("a", 2010, 3.0), a_record("b", 2020, 90.0), a_record("c", 2019, 90.0)]
    assert country_record(known, "Atlantis", DAY, "c").elections == 1
    assert country_record(known, "Atlantis", datetime.date(2010, 6, 1)) == CountryRecord()


def test_a_record_is_said_in_plain_words() -> None:
    better = country_record([a_record(f"e{i}", 2000 + i, 3.0) for i in range(14)], "Atlantis", DAY)
    said = better.sentence("Atlantis", 0.84)
    assert said == (
        "Polls in Atlantis have missed by 20% less than elsewhere in 14 earlier elections: "
        "errors are taken as 16% narrower for it."
    )
    assert "about as much as elsewhere in one earlier election" in CountryRecord(0.01, 1).sentence("X", 1.0)
    assert CountryRecord().sentence("X", 1.0) == ""


def test_own_records_add_to_those_that_ship_and_stand_for_them() -> None:
    ours, theirs = [a_record("a", 2010, 1.0), a_record("n", 2011, 2.0)], [a_record("a", 2010, 9.0)]
    assert {one.election: one.misses for one in together(theirs, ours)} == {"a": 1.0, "n": 2.0}


def test_records_are_read_as_they_are_written_and_faults_are_named(tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    file.write_text(records_text([a_record("a", 2010, 3.25)], "what they rest on"), encoding="utf-8")
    assert read_records(file) == (a_record("a", 2010, 3.25),)
    file.write_text("country,election,date,q,u\nX,a,2010,x,-1\nX,a,2011-01-01,1,1\n", encoding="utf-8")
    with pytest.raises(PollDataError) as caught:
        read_records(file)
    said = str(caught.value)
    assert 'row 2, column date = "2010": a day such as 2021-09-26 is expected' in said
    assert 'row 2, column q = "x": a number from 0 up is expected' in said
    assert 'row 2, column u = "-1"' in said
    assert 'row 3, column election = "a": row 2 is of this election already; keep one' in said


def test_the_records_that_ship_are_of_the_elections_that_the_constants_rest_on() -> None:
    names = {one.election for one in shipped_records()}
    assert names == set(shipped_constants().rests_on.names)
    assert all(one.misses > 0 and one.units > 0 for one in shipped_records())


@pytest.fixture(scope="module")
def elections(tmp_path_factory: pytest.TempPathFactory) -> list[PastElection]:
    return read_archive(write_archive(tmp_path_factory.mktemp("archive"), last=True))


def test_last_results_of_an_archive_are_read_by_party(elections: list[PastElection]) -> None:
    for election in elections:
        known = dict(zip(election.polls.ids, election.last.tolist(), strict=True))
        assert (known["RED"], known["BLUE"], known["NA"]) == (0.4, 0.3, 0.17)
        assert math.isnan(known["GREEN"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("A-2001,RED,40\n", 'row 2, column share = "40": a share of 1, not percent, from 0 to 1 is expected'),
        ("A-2001,RED,0.4\nA-2001,RED,0.3\n", 'row 3, column party = "RED": row 2 has this already; keep one'),
        ("Z-1,RED,0.4\n", 'row 2, column election_id = "Z-1": no such election in elections.csv'),
        ("A-2001,PINK,0.4\n", 'row 2, column party = "PINK": no such party in the results of A-2001'),
        ("A-2001,RED,0.6\nA-2001,BLUE,0.6\n", "the last results of 'A-2001' add up to 1.2; all votes are 1"),
    ],
)
def test_last_results_that_cannot_be_are_refused(tmp_path: Path, rows: str, said: str) -> None:
    folder = write_archive(tmp_path / "archive")
    (folder / "last_results.csv").write_text(f"election_id,party,share\n{rows}", encoding="utf-8")
    with pytest.raises(PollDataError) as caught:
        read_archive(folder)
    assert said in str(caught.value)


def test_kinds_of_elections_are_told_by_the_parliament(tmp_path: Path) -> None:
    folder = write_archive(tmp_path / "archive", countries=2)
    lines = (folder / "elections.csv").read_text(encoding="utf-8").splitlines()
    kinds = ("European Parliament", "Landtag (Hessen)", "Riksdag", "")
    told = [f"{lines[0]},legislature"] + [f"{a},{b}" for a, b in zip(lines[1:], kinds, strict=True)]
    (folder / "elections.csv").write_text("\n".join(told) + "\n", encoding="utf-8")
    found = [election.kind for election in read_archive(folder)]
    assert found == ["european", "regional", "national", "national"]


def test_several_archives_are_one_and_an_election_in_two_of_them_is_refused(tmp_path: Path) -> None:
    first = write_archive(tmp_path / "first", countries=2)
    second = write_archive(tmp_path / "second", countries=3)
    assert len(read_archives([first, first])) == 4
    with pytest.raises(PollDataError) as caught:
        read_archives([first, second])
    assert 'election_id = "A-2001": this election is in first too; keep one' in str(caught.value)


def test_misses_are_the_quadratic_form_of_the_law(elections: list[PastElection]) -> None:
    """A t with one case: its log density falls by (nu + d) / 2 ln(1 + q / nu) from that of a perfect hit."""
    cases = cases_of(elections[:1], (30,))
    seen = observations_of(cases, [case.centre.mean for case in cases])
    law = shipped_constants().measure
    misses, units = squared_misses(law, seen)
    hit = replace(seen, residual=np.zeros_like(seen.residual))
    fall = log_likelihoods(law, hit) - log_likelihoods(law, seen)
    nu = law.degrees_of_freedom
    assert fall == pytest.approx(0.5 * (nu + units) * np.log1p(misses / nu))


def test_no_election_knows_its_own_errors_or_later_ones(elections: list[PastElection]) -> None:
    constants = shipped_constants()
    turned = [replace(one, result=one.result[::-1]) if one.id == "A-2005" else one for one in elections]
    before, after = (Records(held, lambda _: constants) for held in (elections, turned))
    named = {one.id: one for one in elections}
    assert before.of(named["A-2001"]) == CountryRecord()
    assert before.of(named["A-2005"]) == after.of(named["A-2005"])
    assert before.of(named["A-2005"]).elections == 1
    cases = cases_of([named["A-2001"]])
    [own] = records_of(cases, observations_of(cases, [one.centre.mean for one in cases]), constants.measure)
    assert before.of(named["A-2005"]).value == pytest.approx(
        0.5 * math.log((own.misses + 8) / (own.units + 8))
    )


def test_the_default_law_sees_last_results_in_a_backtest(elections: list[PastElection]) -> None:
    constants = shipped_constants()
    without = [replace(one, last=np.full(len(one.last), NAN)) for one in elections]
    runs = [
        run_backtest(held, lambda _: constants, horizons=(90,), methods=("default", "average"), draws=300)
        for held in (elections, without)
    ]
    scores = [{(one.election, one.method): one.values["crps"] for one in run.scored} for run in runs]
    assert all(scores[0][one.id, "default"] != scores[1][one.id, "default"] for one in elections)
    assert all(scores[0][one.id, "average"] == scores[1][one.id, "average"] for one in elections)
    assert runs[0].notes == ()
    assert "no last results are known" in runs[1].notes[0]
    cases = cases_of(elections, (90,))
    seen = corrected_observations(cases, [case.centre.mean for case in cases])
    assert (seen.back != 0).sum() == 3 * len(cases)
    assert (seen.newcomers > 0).all()


def test_subsets_are_told_where_there_are_several(elections: list[PastElection]) -> None:
    constants = shipped_constants()
    told = [replace(one, kind="european" if one.country == "B" else "national") for one in elections]
    found = run_backtest(told, lambda _: constants, horizons=(7,), methods=("default",), draws=300)
    names = list(subsets_of(found.scored))
    assert [name for name in names if name.startswith("kind=")] == ["kind=european", "kind=national"]
    assert {"record=none", "record=some", "country=A", "country=D"} <= set(names)
    assert not any(name.startswith("archive") for name in names)
    rows = {(row.subset, row.horizon, row.metric): row for row in rows_of(found)}
    assert rows["kind=european", 7, "coverage_80"].elections == 2
    assert rows["country=A", None, "crps"].elections == 2


def test_a_perfect_forecaster_has_a_calibration_error_too(elections: list[PastElection]) -> None:
    constants = shipped_constants()
    found = run_backtest(elections, lambda _: constants, horizons=(7, 30), methods=("default",), draws=300)
    floor = {row.metric: row.value for row in rows_of(found) if row.horizon is None}[
        "crossing_calibration_floor"
    ]
    assert 0.02 < floor < 0.5  # 8 elections, one party each: outcomes are few


def test_a_file_of_0_3_0_has_no_default_law(tmp_path: Path) -> None:
    from forecast.estimation.law import parse_constants

    record = shipped_constants().record() | {"schema": 1}
    for name in ("default", "yardstick", "named_rest_on"):
        del record[name]
    old = parse_constants(record, "old.json")
    assert old.law("average") == shipped_constants().average
    with pytest.raises(ConfigurationError, match=r"old\.json: default: missing: this file is of 0\.3\.0"):
        old.law("default")
