"""A forecast in districts from the command line: tables, JSON, page, sweeps, draws, the same bits always."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast
from forecast.cli.main import main
from forecast.election import load_election
from tests.geographies import DOUBLY, GEOGRAPHY, HEAD, PARTIES, RULE, woods, write_polls

Captured = pytest.CaptureFixture[str]
DRAWS = ("--draws", "4096")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The election of the Woods with its polls, in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    woods(tmp_path, head=f'{HEAD}polls = "polls.csv"\n')
    write_polls(tmp_path / "polls.csv")
    return tmp_path / "woods.toml"


def test_a_run_has_seats_by_district_that_add_up_to_the_national_ones(config: Path) -> None:
    assert main(["run", str(config), *DRAWS]) == 0
    found = forecast.load("outputs/woods")
    assert found["districts/house"].values.tolist() == [4, 3, 3, 5, 4, 1]
    by_district = found["districts/seat_mean"].values.sum(0)
    np.testing.assert_allclose(by_district, found["seat_mean"].values, atol=1e-9)
    chances = found["districts/seat_probability"].values
    np.testing.assert_allclose(chances.sum(2), 1.0, atol=1e-9)
    assert len(found.groups[""].data_vars) <= 25
    last = found["districts/last_probability"].values.sum(1)
    np.testing.assert_allclose(last, 1.0, atol=1e-9)


def test_tables_by_district_say_who_gets_the_last_seat(config: Path, capsys: Captured) -> None:
    assert main(["run", str(config), *DRAWS]) == 0
    printed = capsys.readouterr().out
    assert "Districts" in printed
    assert "Last seat" in printed
    table = pd.read_csv("outputs/woods/tables/districts.csv")
    assert table["district"].tolist() == ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir"]
    assert not any(a == b for a, b in zip(table["last"], table["next"], strict=True))
    long = pd.read_csv("outputs/woods/tables/district-seats.csv")
    assert len(long) == 6 * 4
    every = pd.read_csv("outputs/woods/tables/district-distribution.csv")
    assert float(np.sum(every["probability"].to_numpy())) == pytest.approx(6 * 5)


def test_json_holds_a_record_of_every_district(config: Path, capsys: Captured) -> None:
    assert main(["run", str(config), *DRAWS, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["districts"]
    assert [district["id"] for district in found] == ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir"]
    red = found[3]["parties"][0]
    assert red["id"] == "red"
    assert sum(red["seats"]["distribution"].values()) == pytest.approx(1.0)
    assert red["last_seat"]["mc_error"] > 0.0


def test_the_page_shows_every_district(config: Path) -> None:
    assert main(["run", str(config), *DRAWS]) == 0
    assert main(["report", "outputs/woods"]) == 0
    page = Path("outputs/woods/report.html").read_text(encoding="utf-8")
    assert 'id="districts"' in page
    assert "Dogwood" in page


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_districts_have_the_same_bits_on_any_number_of_threads(config: Path, threads: int) -> None:
    election = load_election(config)
    estimated = forecast.estimate(election, forecast.read_polls(config.with_name("polls.csv"), election))
    one, other = (forecast.simulate(election, estimated, draws=9_000, threads=n) for n in (1, threads))
    for path in ("seat_mean", "districts/seat_probability", "districts/share_quantile"):
        assert one[path].values.tobytes() == other[path].values.tobytes()


def test_a_sweep_over_thresholds_divides_in_districts(config: Path) -> None:
    assert main(["sweep", str(config), *DRAWS, "--threshold", "0%,3%,8%", "--output", "swept"]) == 0
    found = forecast.load("swept")
    coast = found["pass_probability"].sel(party="coast").values
    assert coast[0] > coast[1] > coast[2]
    base = found.sel(threshold=0.03)["seat_mean"].values
    assert main(["run", str(config), *DRAWS]) == 0
    np.testing.assert_array_equal(base, forecast.load("outputs/woods")["seat_mean"].values)


def test_methods_of_a_sweep_are_those_of_the_districts(config: Path) -> None:
    assert main(["sweep", str(config), *DRAWS, "--method", "hare,dhondt", "--output", "swept"]) == 0
    green = forecast.load("swept")["seat_mean"].sel(party="green").values
    assert green[0] > green[1] + 0.5  # Hare's quota is kinder to the small


@pytest.fixture
def doubly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same by double proportion."""
    monkeypatch.chdir(tmp_path)
    woods(tmp_path, head=f'{HEAD}polls = "polls.csv"\n', rule=DOUBLY)
    write_polls(tmp_path / "polls.csv")
    return tmp_path / "woods.toml"


def test_a_double_proportion_fills_districts_and_gives_lists_their_totals(
    doubly: Path, capsys: Captured
) -> None:
    assert main(["check", str(doubly)]) == 0
    assert "divisors of districts and of lists with which both have theirs" in capsys.readouterr().out
    assert main(["run", str(doubly), *DRAWS]) == 0
    assert "no seat of a district" not in capsys.readouterr().err
    found = forecast.load("outputs/woods")
    assert found["districts/house"].values.tolist() == [4, 3, 3, 5, 4, 1]
    np.testing.assert_allclose(
        found["districts/seat_mean"].values.sum(0), found["seat_mean"].values, atol=1e-9
    )
    assert "districts/last_probability" not in found
    passes = float(found["pass_probability"].sel(party="coast"))
    assert 0.5 < passes < 0.999  # with 3 % in the country, by its share of Elm or Dogwood
    assert main(["tables", "outputs/woods"]) == 0
    assert "Which seat of a district is the last is not said" in capsys.readouterr().out


def test_levels_of_one_district_are_swept_as_they_are_run(doubly: Path) -> None:
    key = "rule.threshold.or_district_share"
    assert main(["sweep", str(doubly), *DRAWS, "--vary", f"{key}=2%,5%,12%", "--output", "swept"]) == 0
    swept = forecast.load("swept")["pass_probability"].sel(party="coast").values
    assert swept[0] > swept[1] > swept[2]
    assert main(["run", str(doubly), *DRAWS, "--set", f"{key}=12%"]) == 0
    assert float(forecast.load("outputs/woods")["pass_probability"].sel(party="coast")) == swept[2]


def test_the_number_of_districts_in_which_a_share_is_asked_for_is_swept_as_it_is_run(doubly: Path) -> None:
    key = "rule.threshold.share_in_districts"
    assert main(["sweep", str(doubly), *DRAWS, "--vary", f"{key}=1,2,3", "--output", "swept"]) == 0
    swept = forecast.load("swept")["pass_probability"].sel(party="coast").values
    assert swept[0] > swept[1] > swept[2]
    assert main(["run", str(doubly), *DRAWS, "--set", f"{key}=2"]) == 0
    assert float(forecast.load("outputs/woods")["pass_probability"].sel(party="coast")) == swept[1]


def test_a_double_proportion_has_the_same_bits_on_any_number_of_threads(doubly: Path) -> None:
    election = load_election(doubly)
    estimated = forecast.estimate(election, forecast.read_polls(doubly.with_name("polls.csv"), election))
    one, other = (forecast.simulate(election, estimated, draws=9_000, threads=n) for n in (1, 3))
    for path in ("seat_mean", "pass_probability", "districts/seat_probability", "districts/share_quantile"):
        assert one[path].values.tobytes() == other[path].values.tobytes()


@pytest.mark.parametrize(("share", "code"), [("6", 0), ("25", 4)])
def test_draws_without_a_table_of_seats_are_void_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, share: str, code: int
) -> None:
    """Coast stands in Fir alone, which has one seat, and is due two from some 7.5 % on."""
    monkeypatch.chdir(tmp_path)
    parties = PARTIES.replace('name = "Coast"\n', 'name = "Coast"\ncontinues = {}\nstands_in = ["Fir"]\n')
    woods(tmp_path, head=f'{HEAD}polls = "polls.csv"\n', rule=DOUBLY, parties=parties)
    rows = [f"{house},2024-06-0{day},1000,30,30,14,{share}" for house, day in (("A", 2), ("B", 4))]
    heading = "pollster,fieldwork_end,sample_size,red,blue,green,coast"
    (tmp_path / "polls.csv").write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    assert main(["run", "woods.toml", *DRAWS]) == code
    printed = capsys.readouterr()
    if code == 4:
        assert "in every draw nobody is admitted, or no table of seats" in printed.err
        return
    found = forecast.load("outputs/woods")
    void = float(found["void_probability"])
    assert 0.02 < void < 0.9
    told = "of the draws nobody takes part, or no table of seats has the totals of lists"
    (said,) = (said for said in found.attrs["warnings"] if told in said)
    assert said == f"in {void:.2%} {told} and the seats of districts; these draws are void"
    assert float(found["districts/seat_mean"].values.sum()) == pytest.approx(20.0 * (1.0 - void))


def test_given_draws_are_projected_to_districts(config: Path) -> None:
    rows = ["red,blue,green,coast", *["0.42,0.36,0.15,0.02"] * 50, *["0.36,0.42,0.15,0.02"] * 50]
    Path("draws.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert main(["run", str(config), "--share-draws", "draws.csv"]) == 0
    found = forecast.load("outputs/woods")
    assert found["districts/seat_mean"].values.sum() == pytest.approx(20.0)
    assert found["districts/share_quantile"].sel(district="Alder", party="coast").values.max() == 0.0


def test_a_file_without_a_last_result_says_that_districts_are_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    woods(tmp_path, head=f'{HEAD}polls = "polls.csv"\n', geography="")
    write_polls(tmp_path / "polls.csv")
    assert main(["run", "woods.toml", *DRAWS]) == 0
    warnings = forecast.load("outputs/woods").attrs["warnings"]
    assert any("last result" in said for said in warnings)


def test_districts_without_seats_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    woods(tmp_path, head=f'{HEAD}polls = "polls.csv"\n', rule=RULE.replace("seats = 20", "seats = 21"))
    write_polls(tmp_path / "polls.csv")
    assert main(["run", "woods.toml", *DRAWS]) in (2, 3)
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "21" in said[0]


@pytest.mark.parametrize("swing", ["proportional", "additive", "logit"])
def test_every_way_to_swing_gives_a_forecast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swing: str
) -> None:
    monkeypatch.chdir(tmp_path)
    woods(tmp_path, head=f'{HEAD}polls = "polls.csv"\n', geography=f'{GEOGRAPHY}swing = "{swing}"\n')
    write_polls(tmp_path / "polls.csv")
    assert main(["run", "woods.toml", *DRAWS]) == 0
    assert forecast.load("outputs/woods")["districts/seat_mean"].values.sum() == pytest.approx(20.0)


def test_days_and_scenarios_side_by_side_keep_the_districts(config: Path) -> None:
    """Each is what a run of its own gives; a mixture of districts is not said."""
    head = "\n".join(
        f'[[scenarios]]\nid = "{name}"\nname = "{name}"\nweight = "50%"\nrule.districts.method = "{name}"\n'
        for name in ("dhondt", "sainte-lague")
    )
    (config.parent / "two.toml").write_text(head, encoding="utf-8")
    assert main(["run", str(config), *DRAWS, "--scenarios", "two.toml", "--output", "both"]) == 0
    assert main(["run", str(config), *DRAWS, "--set", "rule.districts.method=sainte-lague"]) == 0
    alone = forecast.load("outputs/woods")
    here = forecast.load("both").sel(scenario="sainte-lague")
    for path in ("districts/seat_mean", "districts/seat_quantile", "districts/last_probability"):
        np.testing.assert_array_equal(here.array(path), alone.array(path))
    seats = here.array("districts/seat_probability")[
        ..., : alone.array("districts/seat_probability").shape[-1]
    ]
    np.testing.assert_array_equal(seats, alone.array("districts/seat_probability"))
    assert here.names("districts/district") == alone.names("districts/district")
