"""``forecast count`` and ``verify`` of laws by district, as people type them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from forecast.cli.main import main
from tests.counts import ROOT

CONFIGS = ROOT / "configs"
Capsys = pytest.CaptureFixture[str]


def run(capsys: Capsys, *arguments: str | Path) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def norway(tmp_path: Path) -> Path:
    """Norway's election file and tables in a folder of their own."""
    for file in CONFIGS.glob("norway-20*"):
        shutil.copy(file, tmp_path)
    return tmp_path / "norway-2021.toml"


def change(norway: Path, old: str, new: str) -> None:
    """Change its table by district."""
    table = norway.with_name("norway-2021-districts.csv")
    text = table.read_text(encoding="utf-8")
    assert text.count(old) == 1
    table.write_text(text.replace(old, new), encoding="utf-8")


def test_a_count_shows_every_district_with_its_levelling_seats_and_what_decides_its_last_one(capsys: Capsys):
    code, out, err = run(capsys, "count", CONFIGS / "norway-2021.toml")
    assert (code, err) == (0, "")
    (line,) = (line for line in out.splitlines() if "Nordland" in line)
    assert "Rødt 0+1" in line
    assert "83 more for Høyre takes it from SV" in line
    assert "not standing in all of 19 districts (no row in the table there): Pasientfokus in 1" in out


def test_a_count_by_district_as_json_adds_up(capsys: Capsys):
    code, out, _ = run(capsys, "count", CONFIGS / "norway-2021.toml", "--json")
    data = json.loads(out)
    assert code == 0
    assert (len(data["districts"]), data["seats"], data["in_no_district"]) == (19, 169, {})
    for party in data["parties"]:
        there = [
            own for district in data["districts"] for own in district["parties"] if own["id"] == party["id"]
        ]
        assert sum(own["seats"] for own in there) == party["seats"]
        assert all(own["seats"] == own["fixed"] + own["levelling"] + own["direct"] for own in there)
        assert all(own["official"] == own["seats"] for own in there)
    first = data["districts"][0]
    assert set(first) == {"id", "name", "region", "seats", "valid_votes", "parties", "last_seat"}
    assert set(first["last_seat"]) == {"party", "votes", "gains", "from"}


def test_the_election_files_of_the_project_come_out_and_those_without_a_count_are_named(capsys: Capsys):
    code, out, _ = run(capsys, "verify", CONFIGS, "--json")
    data = json.loads(out)
    assert code == 0
    assert data["cases"] == data["reproduced"] == 55
    assert {note["case"] for note in data["notes"]} == {"germany-2025-constituencies", "hungary-2014"}
    assert "kazakhstan-2026-kurultai" in data["unchecked"]


def test_a_wrong_seat_of_a_district_is_named_with_the_list_and_its_kind(capsys: Capsys, norway: Path):
    change(norway, "01,Østfold,8,224004,161896,ap,49345,3,3,0", "01,Østfold,8,224004,161896,ap,49345,3,2,1")
    code, out, _ = run(capsys, "verify", norway)
    assert code == 1
    assert out.startswith("0 of 1 cases reproduced")
    code, out, _ = run(capsys, "verify", norway, "--json")
    wrong = {
        (w["district"], w["party"], w["kind"]): (w["official"], w["ours"])
        for w in json.loads(out)["mismatches"]
    }
    assert wrong == {("01", "ap", "fixed"): (2, 3), ("01", "ap", "levelling"): (1, 0)}


def test_a_count_says_where_official_seats_by_district_are_others(capsys: Capsys, norway: Path):
    change(norway, "01,,,,,sp,22849,2,2,0", "01,,,,,sp,22849,3,3,0")
    code, _, err = run(capsys, "count", norway)
    assert code == 0
    assert "official seats by district say otherwise in 1 of 19" in err
    assert "Senterpartiet in Østfold 3 there, 2 here" in err


def test_votes_by_district_that_are_not_those_in_all_are_said(capsys: Capsys, norway: Path):
    change(norway, "01,,,,,hoyre,30211,2,2,0", "01,,,,,hoyre,30210,2,2,0")
    code, _, err = run(capsys, "count", norway)
    assert code == 0
    assert "607,316" in err
    assert "607,315" in err


def test_seats_of_a_table_that_do_not_fit_the_house_are_refused(capsys: Capsys, norway: Path):
    change(norway, "01,Østfold,8,", "01,Østfold,9,")
    code, out, err = run(capsys, "count", norway)
    assert (code, out) == (3, "")
    assert "add up to 170, and rule.seats = 169; correct one of the two" in err


def test_nothing_to_verify_is_an_error(capsys: Capsys, tmp_path: Path):
    shutil.copy(CONFIGS / "kazakhstan-2026-kurultai.toml", tmp_path)
    code, _, err = run(capsys, "verify", tmp_path)
    assert code == 2
    assert "nothing to check" in err


def test_what_keeps_an_election_file_from_being_counted_is_its_reason(capsys: Capsys, norway: Path):
    norway.with_name("norway-2021-districts.csv").unlink()
    code, out, _ = run(capsys, "verify", norway.parent, "--json")
    data = json.loads(out)
    assert (code, data["cases"], data["reproduced"]) == (1, 1, 0)
    ((reason,),) = ([found["reason"]] for found in data["unsupported"])
    assert "norway-2021-districts.csv" in reason
