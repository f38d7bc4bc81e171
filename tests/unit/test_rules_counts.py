"""Tables of votes as people keep them, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forecast.election import Election, parse_election
from forecast.errors import ConfigurationError, PollDataError
from forecast.rules.counts import read_count

PLACE = "test.toml"


def election_of(facts: dict[str, Any] | None = None, **rule: Any) -> Election:
    return parse_election(
        {
            "election": {"id": "test", "name": "Test", "date": "2024-01-07"} | (facts or {}),
            "parties": [
                {"id": "amanat", "name": "Amanat", "aliases": ["Nur Otan"]},
                {"id": "osdp", "name": "Social Democrats", "short": "OSDP", "direct_seats": 1},
                {"id": "against-all", "name": "Against all", "kind": "none-of-the-above"},
            ],
            "rule": {"seats": 10, "allocation": {"method": "hare"}} | rule,
        },
        PLACE,
    )


def read(tmp_path: Path, text: str | bytes, election: Election | None = None):
    path = tmp_path / "votes.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_count(election or election_of(), path)


def votes(tmp_path: Path, text: str | bytes) -> dict[str, int]:
    return {entry.id: entry.votes for entry in read(tmp_path, text).ballot.entries}


def said(tmp_path: Path, text: str | bytes, election: Election | None = None) -> str:
    with pytest.raises(PollDataError) as caught:
        read(tmp_path, text, election)
    return str(caught.value)


EXPECTED = {"amanat": 3431510, "osdp": 331058, "against-all": 248291}


@pytest.mark.parametrize(
    "text",
    [
        "party,votes\namanat,3431510\nosdp,331058\nagainst-all,248291\n",
        "party;votes\r\namanat;3 431 510\r\nosdp;331 058\r\nagainst-all;248 291\r\n",
        'party,votes\namanat,"3,431,510"\nosdp,"331,058"\nagainst-all,"248,291"\n',
        "party\tvotes\nAmanat\t3.431.510\nOSDP\t331.058\nAgainst all\t248.291\n",
        "\ufeffParty , Votes\nNur Otan,3431510\nSocial democrats,331058\n\n# a remark\nagainst-all,248291\n",
        "party;votes\namanat;3\u00a0431\u00a0510\nosdp;331\u202f058\nagainst-all;248'291\n",
        "votes,party,share,seats\n3431510,amanat,85.6,9\n331058,osdp,8.3,1\n248291,against-all,6.2,\n",
        "party,votes\namanat,3431510\nosdp,331058\nagainst-all,248291\n".encode("utf-16"),
        "party,votes,note\namanat,3431510,итог\nosdp,331058,\nagainst-all,248291,\n".encode("cp1251"),
    ],
)
def test_a_table_is_read_whatever_its_separators_marks_and_names(tmp_path: Path, text: str | bytes):
    assert votes(tmp_path, text) == EXPECTED


def test_the_order_is_that_of_the_election_file_since_it_decides_ties(tmp_path: Path):
    assert list(votes(tmp_path, "party,votes\nosdp,1\nagainst-all,1\namanat,1\n")) == list(EXPECTED)


def test_a_party_without_a_row_counts_with_no_votes_and_it_is_said(tmp_path: Path):
    ready = read(tmp_path, "party,votes\namanat,10\nagainst-all,1\n")
    assert [entry.votes for entry in ready.ballot.entries] == [10, 0, 1]
    assert ready.warnings == (f"{tmp_path / 'votes.csv'}: no row for 'osdp': counted with 0 votes",)


def test_seats_of_the_table_go_before_those_of_the_election_file(tmp_path: Path):
    heading = "party,votes,direct_seats,max_seats,best_region_share\n"
    text = heading + "amanat,10,2,8,\nosdp,5,,,12%\nagainst-all,1,,,\n"
    amanat, osdp, _ = read(tmp_path, text).ballot.entries
    assert (amanat.direct_seats, amanat.max_seats) == (2, 8)
    assert osdp.direct_seats == 1
    assert float(osdp.best_region_share or 0) == 0.12


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "the table is empty; it needs columns party, votes"),
        ("party,vote\namanat,1\n", "no such column; did you mean 'votes'?"),
        ("party\namanat\n", "the table needs columns party, votes"),
        ("party,votes,votes\namanat,1,2\n", "this column comes twice"),
        ("party,votes\namanat,3,431,510\n", "put cells that hold a separator in quotes"),
        ("party,votes\namanats,1\n", "no such party in test.toml; did you mean 'amanat'?"),
        ("party,votes\n,1\n", "the id of a party is expected"),
        ("party,votes\namanat,1\nNur Otan,2\n", "'amanat' has a row already"),
        ("party,votes\namanat,\n", "the number of votes is missing"),
        ("party,votes\namanat,12.5\n", "a whole number of votes is expected"),
        ("party,votes\namanat,-1\n", "a whole number of votes is expected"),
        ("party,votes,direct_seats\namanat,1,two\n", "a whole number is expected"),
        ("party,votes,best_region_share\namanat,1,12\n", 'did you mean "12%"?'),
        (b"\x00\x98\xff\xfe\x81", "save it as CSV in UTF-8"),
    ],
)
def test_a_wrong_table_is_answered_with_the_place_and_the_way_out(
    tmp_path: Path, text: str | bytes, remedy: str
):
    message = said(tmp_path, text)
    assert remedy in message
    assert "votes.csv" in message


def test_every_fault_of_a_table_is_reported_at_once(tmp_path: Path):
    message = said(tmp_path, "party,votes\namanats,1\nosdp,x\n")
    assert "row 2, column party" in message
    assert "row 3, column votes" in message


def test_a_missing_table_is_a_fault_of_the_table(tmp_path: Path):
    with pytest.raises(PollDataError, match="no such file"):
        read_count(election_of(), tmp_path / "nowhere.csv")


def test_an_election_file_without_a_result_says_how_to_name_one():
    with pytest.raises(ConfigurationError, match="--votes"):
        read_count(election_of())


def own_result(tmp_path: Path, facts: dict[str, Any], **rule: Any) -> Election:
    path = tmp_path / "result.csv"
    path.write_text("party,votes\namanat,900\nosdp,60\nagainst-all,40\n", encoding="utf-8")
    return election_of({"result": str(path)} | facts, **rule)


def test_valid_votes_above_those_listed_are_votes_for_other_lists(tmp_path: Path):
    ballot = read_count(own_result(tmp_path, {"valid_votes": 1100})).ballot
    assert ballot.valid == 1100
    assert ballot.for_lists == 1060
    assert (ballot.entries[-1].id, ballot.entries[-1].votes, ballot.entries[-1].kind) == (
        "other",
        100,
        "residual",
    )


@pytest.mark.parametrize("facts", [{"valid_votes": 999}, {"valid_votes": 1100, "closed_ballot": True}])
def test_valid_votes_that_cannot_be_are_refused(tmp_path: Path, facts: dict[str, Any]):
    with pytest.raises(PollDataError, match="add up to 1000"):
        read_count(own_result(tmp_path, facts))


def test_another_table_of_votes_brings_its_own_total(tmp_path: Path):
    election = own_result(tmp_path, {"valid_votes": 1000})
    assert read(tmp_path, "party,votes\namanat,5\nosdp,4\nagainst-all,1\n", election).ballot.valid == 10


def test_a_base_of_ballots_cast_asks_for_invalid_votes_in_the_election_file(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"test.toml: election.invalid_votes"):
        read_count(own_result(tmp_path, {}, threshold={"level": "5%", "base": "cast"}))


def test_a_rule_by_district_asks_for_its_table(tmp_path: Path):
    election = own_result(tmp_path, {}, allocation=None, districts={"method": "dhondt"})
    with pytest.raises(ConfigurationError, match=r"rule.districts.table"):
        read_count(election)


def by_district(tmp_path: Path, text: str) -> Election:
    path = tmp_path / "districts.csv"
    path.write_text(text, encoding="utf-8")
    return own_result(tmp_path, {}, allocation=None, districts={"method": "dhondt", "table": str(path)})


def test_a_table_by_district_is_read(tmp_path: Path):
    text = (
        "district;party;votes;seats;direct\n"
        "north;amanat;500;6;2\nnorth;osdp;20;;\nsouth;amanat;400;4;\nsouth;osdp;40;4;\n"
    )
    north, south = read_count(by_district(tmp_path, text)).ballot.districts
    assert (north.name, north.seats, north.votes, north.direct) == (
        "north",
        6,
        {"amanat": 500, "osdp": 20},
        {"amanat": 2, "osdp": 0},
    )
    assert (south.seats, south.population) == (4, None)


@pytest.mark.parametrize(
    ("row", "remedy"),
    [
        ("north,amanat,1,7", "another row of the district says 6"),
        ("north,osdp,1,6", "'osdp' has a row in north already"),
        (",amanat,1,6", "the name of a district is expected"),
        ("north,none,1,6", "no such party in test.toml"),
    ],
)
def test_a_wrong_table_by_district_is_refused(tmp_path: Path, row: str, remedy: str):
    with pytest.raises(PollDataError, match=remedy):
        read_count(by_district(tmp_path, f"district,party,votes,seats\nnorth,osdp,20,6\n{row}\n"))
