"""Tables of votes as people keep them, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forecast.election import Election, parse_election
from forecast.errors import ConfigurationError, PollDataError
from forecast.rules.counts import read_count

PLACE = "test.toml"


def election_of(
    facts: dict[str, Any] | None = None, parties_more: dict[str, Any] | None = None, **rule: Any
) -> Election:
    return parse_election(
        {
            "election": {"id": "test", "name": "Test", "date": "2024-01-07"} | (facts or {}),
            "parties": [
                {"id": "amanat", "name": "Amanat", "aliases": ["Nur Otan"]},
                {"id": "osdp", "name": "Social Democrats", "short": "OSDP", "direct_seats": 1}
                | (parties_more or {}),
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
    assert ready.warnings == (f"{tmp_path / 'votes.csv'}: no row for Social Democrats: counted with 0 votes",)


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


OTHER_VOTES = "party,votes\namanat,800\nosdp,90\nagainst-all,10\n"


def test_the_valid_votes_of_the_file_count_with_another_table_too_and_it_is_said(tmp_path: Path):
    ready = read(tmp_path, OTHER_VOTES, own_result(tmp_path, {"valid_votes": 1000}))
    assert ready.ballot.valid == 1000
    assert (ready.ballot.entries[-1].id, ready.ballot.entries[-1].votes) == ("other", 100)
    (said,) = ready.warnings
    assert "the total is election.valid_votes = 1,000 of test.toml: 100 valid votes are for options" in said


def test_a_total_that_another_table_cannot_have_is_refused_with_what_to_type(tmp_path: Path):
    few = "party,votes\namanat,5\nosdp,4\nagainst-all,1\n"
    for text, valid, summed in ((few, 1000, 10), (OTHER_VOTES, 899, 900)):
        with pytest.raises(PollDataError, match=f"add up to {summed}") as refused:
            read(tmp_path, text, own_result(tmp_path, {"valid_votes": valid}))
        assert "--set election.valid_votes=N" in str(refused.value)


def test_on_a_closed_ballot_the_votes_of_another_table_are_all_there_are(tmp_path: Path):
    """Whoever types the total nevertheless contradicts the ballot."""
    election = own_result(tmp_path, {"valid_votes": 1000, "closed_ballot": True})
    ready = read(tmp_path, OTHER_VOTES, election)
    assert ready.ballot.valid == 900
    assert (
        "election.valid_votes = 1,000 of test.toml does not count: every option is listed"
        in ready.warnings[0]
    )
    path = tmp_path / "votes.csv"
    with pytest.raises(PollDataError, match="add up to 900"):
        read_count(election, path, ["election.valid_votes=1000"])
    election = own_result(tmp_path, {"valid_votes": 900, "closed_ballot": True})
    assert read_count(election, path, ["election.valid_votes=900"]).warnings == ()


def test_the_result_that_the_file_names_is_the_same_table_when_it_is_typed(tmp_path: Path):
    election = own_result(tmp_path, {"valid_votes": 1100})
    typed = read_count(election, tmp_path / ".." / tmp_path.name / "result.csv")
    assert (typed.ballot, typed.warnings) == (read_count(election).ballot, ())


def test_without_a_total_it_is_said_whose_admission_that_may_have_decided(tmp_path: Path):
    election = own_result(tmp_path, {}, threshold={"level": "5.8%"})
    (said,) = read_count(election).warnings
    assert "the votes listed, 1,000, are taken for all: with more than 34 votes for others" in said
    assert "Social Democrats would not reach 5.8%" in said
    for facts in ({"valid_votes": 1034}, {"closed_ballot": True}):
        assert read_count(own_result(tmp_path, facts, threshold={"level": "5.8%"})).warnings == ()
    assert read_count(own_result(tmp_path, {}, threshold={"level": "2%"})).warnings == ()


def test_totals_that_the_base_does_not_ask_for_are_named_as_not_counting(tmp_path: Path):
    facts = {"valid_votes": 1000, "invalid_votes": 10, "registered": 2000}
    every = {"election.invalid_votes", "election.registered"}
    for base, counted in (("valid", set()), ("cast", {"invalid_votes"}), ("registered", {"registered"})):
        election = own_result(tmp_path, facts, threshold={"level": "5%", "base": base})
        expected = every - {f"election.{name}" for name in counted}
        assert expected == {key for key in read_count(election).not_counted if key.startswith("election.")}


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("election.registered=3000", "the threshold is a share of the valid votes"),
        ("election.turnout=50%", "it belongs to forecasts"),
        ("estimate.context=2", "it belongs to forecasts"),
        ("simulation.draws=10", "it belongs to forecasts"),
        ("parties.osdp.min_seats=1", "no seats are kept for a list"),
        ("election.result=other.csv", "the votes are those of --votes"),
    ],
)
def test_a_setting_that_changes_nothing_in_a_count_is_named(tmp_path: Path, setting: str, why: str):
    party = {"min_seats": 1} if "min_seats" in setting else {}
    election = own_result(tmp_path, {"valid_votes": 900, "registered": 3000}, parties_more=party)
    (tmp_path / "votes.csv").write_text(OTHER_VOTES, encoding="utf-8")
    (said,) = read_count(election, tmp_path / "votes.csv", [setting, "election.valid_votes=900"]).warnings
    assert said.startswith(f"--set {setting}: this does not count here")
    assert why in said


def test_settings_that_count_are_not_named(tmp_path: Path):
    settings = ["rule.seats=11", "election.valid_votes=1000", "parties.osdp.max_seats=3", "election.turnout="]
    assert read_count(own_result(tmp_path, {"valid_votes": 1000}), None, settings).warnings == ()


def test_more_ballots_than_registered_voters_are_said(tmp_path: Path):
    (said,) = read_count(own_result(tmp_path, {"valid_votes": 1000, "registered": 999})).warnings
    assert "1,000 valid and invalid votes are more than the 999 registered voters" in said
    assert read_count(own_result(tmp_path, {"valid_votes": 1000, "registered": 1000})).warnings == ()


def test_seats_of_its_own_beyond_the_house_are_refused_in_a_table_of_votes_too(tmp_path: Path):
    heading = "party,votes,min_seats\n"
    message = said(tmp_path, heading + "amanat,900,11\nosdp,60,\nagainst-all,40,\n")
    assert "parties.amanat.min_seats = 11: more seats than the 10 that the rule hands out" in message


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


DISTRICTS = (
    "district,party,votes,seats\nnorth,amanat,500,6\nnorth,osdp,20,6\nsouth,amanat,400,4\nsouth,osdp,39,4\n"
)


def test_votes_by_district_that_are_others_than_those_in_all_are_said(tmp_path: Path):
    (said,) = read_count(by_district(tmp_path, DISTRICTS)).warnings
    assert "add up to others than those in all: Social Democrats 59 there, 60 in all" in said


def test_other_votes_are_not_counted_with_the_districts_of_the_result(tmp_path: Path):
    """--votes replaces the votes of the country; seats would still follow those of the districts."""
    election = by_district(tmp_path, DISTRICTS.replace("39", "40"))
    assert read_count(election).warnings == ()
    with pytest.raises(PollDataError, match=r"--set rule\.districts\.table=FILE"):
        read(tmp_path, OTHER_VOTES, election)


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


@pytest.mark.parametrize(
    "text",
    [
        "party,votes\namanat,3431510.0\nosdp,331058.0\nagainst-all,248291.0\n",
        "party,votes\namanat,3431510\nosdp,331058\nagainst-all,248291\nTotal,4010859\n",
        "Partei;Stimmen;Prozent\namanat;3.431.510;85,6\nosdp;331.058;8,3\nagainst-all;248.291;6,2\nInsgesamt;4.010.859;100\n",
        'party,votes\namanat,"3,431,510[a]"\nosdp,"331,058"\nagainst-all,"248,291"\nTotal,\n',
    ],
)
def test_results_as_they_are_published_are_the_same_votes(tmp_path: Path, text: str):
    ready = read(tmp_path, text)
    assert {entry.id: entry.votes for entry in ready.ballot.entries} == EXPECTED
    assert ready.warnings == ()


def test_a_total_that_is_not_the_sum_of_the_lists_is_said(tmp_path: Path):
    ready = read(tmp_path, "party,votes\namanat,3431510\nosdp,331058\nagainst-all,248291\nTotal,4100859\n")
    assert [warning.removeprefix(f"{tmp_path / 'votes.csv'}: ") for warning in ready.warnings] == [
        "row 5, Total: 4,100,859, the rows of lists add up to 4,010,859"
    ]


def test_a_party_that_is_called_as_totals_are_keeps_its_votes(tmp_path: Path):
    election = parse_election(
        {
            "election": {"id": "t", "name": "T", "date": "2021-10-09", "valid_votes": 1000},
            "parties": [{"id": "spolu", "name": "SPOLU"}, {"id": "ano", "name": "ANO"}],
            "rule": {"seats": 10, "allocation": {"method": "dhondt"}},
        }
    )
    ready = read(tmp_path, "party,votes\nSPOLU,510\nANO,490\nCelkem,1000\n", election)
    assert {entry.id: entry.votes for entry in ready.ballot.entries} == {"spolu": 510, "ano": 490}
    assert ready.warnings == ()


@pytest.mark.parametrize("heading", ["party,share", "party,votes"])
def test_where_only_shares_are_published_votes_are_made_of_them_and_that_is_said(
    tmp_path: Path, heading: str
):
    ready = read(tmp_path, f"{heading}\namanat,85.55 %\nosdp,8.25 %\nagainst-all,6.2 %\n")
    (said,) = ready.warnings
    assert "only shares are published: votes are made of them" in said
    assert "may be others" in said
    made = {entry.id: entry.votes for entry in ready.ballot.entries}
    assert made["amanat"] / sum(made.values()) == pytest.approx(0.8555, abs=1e-9)
    known = election_of({"valid_votes": 4_010_859})
    ready = read(tmp_path, f"{heading}\namanat,85.55 %\nosdp,8.25 %\nagainst-all,6.2 %\n", known)
    assert {entry.id: entry.votes for entry in ready.ballot.entries}["osdp"] == round(0.0825 * 4_010_859)
    assert "4,010,859 valid votes" in " ".join(ready.warnings)


def test_a_share_that_is_none_is_a_fault_of_its_row(tmp_path: Path):
    assert "a share of the votes in percent is expected" in said(
        tmp_path, "party,share\namanat,185\nosdp,8\n"
    )
    assert "a whole number of votes is expected" in said(tmp_path, "party,votes\namanat,3431510.5\nosdp,8\n")
