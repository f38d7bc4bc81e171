"""``forecast count``, ``verify`` and ``methods`` as people type them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forecast.cli.main import main
from forecast.election.methods import METHODS
from tests.counts import ROOT

KAZAKHSTAN = ROOT / "configs" / "kazakhstan-2023.toml"
PUBLIC = ROOT / "tests" / "conformance" / "public-counts.json"
Capsys = pytest.CaptureFixture[str]
OFFICIAL = {
    "amanat": 40,
    "auyl": 8,
    "respublica": 6,
    "aqjol": 6,
    "qhp": 5,
    "osdp": 4,
    "baytaq": 0,
    "against-all": 0,
}


def run(capsys: Capsys, *arguments: str) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def counted(capsys: Capsys, *arguments: str) -> dict[str, Any]:
    code, out, _ = run(capsys, "count", *arguments, "--json")
    assert code == 0
    return json.loads(out)


def test_the_official_votes_of_kazakhstan_give_the_official_seats(capsys: Capsys):
    data = counted(capsys, str(KAZAKHSTAN))
    assert {party["id"]: party["seats"] for party in data["parties"]} == OFFICIAL
    assert (data["election"], data["seats"], data["ties"]) == ("kazakhstan-2023", 69, [])
    assert (data["valid_votes"], data["threshold_base"], data["warnings"]) == (6366441, 6366441, [])
    assert all(set(party) == {"id", "votes", "admitted", "seats"} for party in data["parties"])


def test_a_rule_may_be_changed_for_one_count(capsys: Capsys):
    data = counted(capsys, str(KAZAKHSTAN), "--set", "rule.threshold.level=5.2%")
    assert {party["id"]: party["seats"] for party in data["parties"]}["osdp"] == 4
    data = counted(capsys, str(KAZAKHSTAN), "--set", "rule.threshold.level=5.21%")
    assert {party["id"]: party["seats"] for party in data["parties"]}["osdp"] == 0


def test_the_table_shows_the_working_and_how_close_the_last_seat_was(capsys: Capsys):
    code, out, err = run(capsys, "count", str(KAZAKHSTAN))
    assert (code, err) == (0, "")
    assert "71,418.04" in out
    assert "no, below 5%" in out
    assert "no, none-of-the-above" in out
    assert "threshold: 5% of 6,366,441 valid votes = 318,322.05 votes" in out
    assert "last seat: 19,156 more votes for Respublica would take a seat from Amanat" in out


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*-result.csv")), ids=lambda path: path.stem)
def test_every_count_of_the_project_is_shown_and_has_the_seats_of_its_table(capsys: Capsys, path: Path):
    """Where they differ, a warning says so."""
    code, out, err = run(capsys, "count", str(path.with_name(path.name.replace("-result.csv", ".toml"))))
    assert code == 0
    assert "total" in out
    assert [text for text in err.splitlines() if "count for their lists" not in text] == []  # Hungary's


def test_the_alliances_of_denmark_and_the_overhang_of_new_zealand_are_shown(capsys: Capsys):
    assert "alliance AFÅ: 6 seats" in run(capsys, "count", str(ROOT / "configs" / "denmark-ep-2024.toml"))[1]
    assert "yes, 6 direct seats" in run(capsys, "count", str(ROOT / "configs" / "new-zealand-2023.toml"))[1]


def write_votes(tmp_path: Path, **votes: int) -> str:
    path = tmp_path / "votes.csv"
    everyone = dict.fromkeys(OFFICIAL, 0) | {name.replace("_", "-"): count for name, count in votes.items()}
    path.write_text(
        "party,votes\n" + "\n".join(f"{name},{count}" for name, count in everyone.items()), "utf-8"
    )
    return str(path)


def test_a_tie_is_named_with_what_decides_it(capsys: Capsys, tmp_path: Path):
    votes = write_votes(tmp_path, amanat=500, auyl=500)
    code, out, _ = run(capsys, "count", str(KAZAKHSTAN), "--votes", votes)
    assert code == 0
    assert (
        "tie: Amanat, Auyl have an equal remainder for 1 seat; to Amanat by the order of registration" in out
    )
    (tie,) = counted(capsys, str(KAZAKHSTAN), "--votes", votes)["ties"]
    assert (tie["lists"], tie["seats"], tie["decided_by"]) == (["amanat", "auyl"], 1, "registration")
    (tie,) = counted(capsys, str(KAZAKHSTAN), "--votes", votes, "--set", "rule.ties=lot")["ties"]
    assert tie["provisional"]


def test_a_party_that_nobody_knows_is_one_line_and_exit_code_3(capsys: Capsys, tmp_path: Path):
    path = tmp_path / "votes.csv"
    path.write_text("party,votes\namanatt,1\n", encoding="utf-8")
    code, out, err = run(capsys, "count", str(KAZAKHSTAN), "--votes", str(path))
    assert (code, out) == (3, "")
    assert "did you mean 'amanat'?" in err
    assert len(err.strip().splitlines()) == 1


def test_a_party_without_a_row_is_warned_of_on_stderr(capsys: Capsys, tmp_path: Path):
    path = tmp_path / "votes.csv"
    path.write_text("party,votes\namanat,90\nauyl,10\n", encoding="utf-8")
    code, _, err = run(capsys, "count", str(KAZAKHSTAN), "--votes", str(path))
    assert code == 0
    assert "no row for Social Democrats: counted with 0 votes" in err


def test_an_election_that_nobody_wins_ends_with_exit_code_4(capsys: Capsys, tmp_path: Path):
    votes = write_votes(tmp_path, against_all=100, amanat=4)
    code, out, err = run(capsys, "count", str(KAZAKHSTAN), "--votes", votes, "--json")
    assert (code, out) == (4, "")
    assert "no list is admitted" in err
    assert "rule.threshold.nobody" in err


def test_a_wrong_rule_ends_with_exit_code_2(capsys: Capsys):
    code, _, err = run(capsys, "count", str(KAZAKHSTAN), "--set", "rule.allocation.method=dhont")
    assert code == 2
    assert "did you mean 'dhondt'?" in err


def test_verify_reproduces_every_count_of_the_project(capsys: Capsys):
    code, out, _ = run(capsys, "verify", str(PUBLIC))
    assert (code, out) == (0, "53 of 53 cases reproduced\n")


def test_verify_reproduces_every_case_outside_the_project(capsys: Capsys, shared: Path):
    code, out, _ = run(capsys, "verify", str(shared / "conformance" / "cases.json"), "--json")
    data = json.loads(out)
    assert code == 0
    assert data["cases"] == data["reproduced"] > 200
    assert data["mismatches"] == data["unsupported"] == []


def test_verify_shows_what_does_not_come_out_and_ends_with_exit_code_1(capsys: Capsys, tmp_path: Path):
    records = json.loads(PUBLIC.read_text(encoding="utf-8"))[:3]
    records[0]["parties"][0]["official_seats"] += 1
    records[1]["rule"]["allocation"]["method"] = "unheard-of"
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    code, out, _ = run(capsys, "verify", str(path))
    assert code == 1
    assert "1 of 3 cases reproduced" in out
    assert "no such method" in out
    code, out, _ = run(capsys, "verify", str(path), "--json")
    data = json.loads(out)
    assert code == 1
    (wrong,) = data["mismatches"]
    assert wrong["official"] == wrong["ours"] + 1
    assert set(wrong) == {"case", "district", "party", "kind", "official", "ours"}
    (unsupported,) = data["unsupported"]
    assert set(unsupported) == {"case", "reason"}


def test_verify_of_a_file_that_is_no_case_file_ends_with_exit_code_2(capsys: Capsys, tmp_path: Path):
    path = tmp_path / "cases.json"
    path.write_text("{", encoding="utf-8")
    code, _, err = run(capsys, "verify", str(path))
    assert code == 2
    assert "not JSON" in err


def test_methods_lists_every_method_base_and_waiver_with_its_source(capsys: Capsys):
    code, out, _ = run(capsys, "methods")
    assert code == 0
    for word in [
        *METHODS,
        "valid",
        "cast",
        "registered",
        "or_direct_seats",
        "min_joint_share",
        "redistribute",
    ]:
        assert f" {word} " in out
    data = json.loads(run(capsys, "methods", "--json")[1])
    assert {entry["name"] for entry in data["methods"]} == set(METHODS)
    assert all(entry["source"] for words in data.values() for entry in words)
