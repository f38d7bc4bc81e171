"""The last result by district, and moved borders: what is read, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from forecast.errors import PollDataError
from forecast.last_election import read_borders, read_last_result
from tests.geographies import LAST, write_last, write_rows


def refused(path: Path) -> str:
    with pytest.raises(PollDataError) as caught:
        read_last_result(path)
    return str(caught.value)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_votes_are_read_by_district_and_list(tmp_path: Path):
    write_last(tmp_path / "last.csv")
    found = read_last_result(tmp_path / "last.csv")
    assert found.districts == tuple(LAST)
    assert found.lists == ("Red", "Blue", "Green", "Coast")
    assert found.votes.tolist() == [
        [float(votes.get(name, 0)) for name in found.lists] for votes in LAST.values()
    ]
    assert found.valid.tolist() == found.votes.sum(1).tolist()
    assert np.isnan(found.electorate).all()
    assert np.isnan(found.seats).all()
    assert found.regions == ()


def test_what_is_said_of_a_district_may_stand_once_and_lists_be_called_party(tmp_path: Path):
    text = (
        "district,party,votes,seats,electorate,valid_votes,region,party_name,source\n"
        "A,Red,60,3,200,110,North,The Reds,Gazette\n"
        "A,Blue,40,,,,,,\n"
        "B,Red,1 000,2,3000,1 000,South,,\n"
    )
    found = read_last_result(written(tmp_path / "last.csv", text))
    assert found.lists == ("Red", "Blue")
    assert found.valid.tolist() == [110.0, 1000.0]
    assert found.electorate.tolist() == [200.0, 3000.0]
    assert found.seats.tolist() == [3.0, 2.0]
    assert found.regions == ("North", "South")


def test_names_that_differ_in_case_or_marks_are_one_district_and_one_list(tmp_path: Path):
    text = "district,list,votes\nLodz,Red,1\nLODZ,Blue,2\nB,red,3\n"
    found = read_last_result(written(tmp_path / "last.csv", text))
    assert found.districts == ("Lodz", "B")
    assert found.votes.tolist() == [[1.0, 2.0], [3.0, 0.0]]


def test_every_fault_of_a_last_result_is_said_at_once(tmp_path: Path):
    text = (
        "district,list,votes,seats,electorate,valid_votes,region\n"
        "A,Red,60,3,50,,North\n"
        "A,Red,10,,,,\n"
        "A,Blue,x,4,,,South\n"
        ",Blue,5,,,,\n"
        "B,,5,,,,\n"
        "B,Red,,,,,\n"
        "C,Red,0,,,,\n"
        "C,Blue,0,,,,\n"
        "D,Red,10,,,7,\n"
    )
    said = refused(written(tmp_path / "last.csv", text))
    for fault in (
        'row 3, column list = "Red": this list has a row in A already; keep one',
        'row 4, column votes = "x": a whole number of votes is expected',
        "row 4, column seats = 4: another row of the district says 3; keep one",
        "row 4, column region = \"South\": another row of the district says 'North'; keep one",
        "row 5, column district: the name of a district is expected",
        "row 6, column list: the name of a list is expected",
        "row 7, column votes: the number of votes is missing; leave the row out where it did not stand",
        "row 8, column votes = 0: nobody has a vote in C",
        "row 10, column valid_votes = 7: the votes listed for D add up to 10",
    ):
        assert fault in said


def test_more_votes_than_voters_are_refused(tmp_path: Path):
    text = "district,list,votes,electorate\nA,Red,60,50\nB,Red,60,90\n"
    said = refused(written(tmp_path / "last.csv", text))
    assert "row 2, column electorate = 50: 60 valid votes were cast in A; correct one of the two" in said


def test_one_district_is_no_pattern(tmp_path: Path):
    said = refused(written(tmp_path / "last.csv", "district,list,votes\nA,Red,60\nA,Blue,3\n"))
    assert "column district: fewer than two districts: there is no pattern to carry over" in said


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("district,votes", "column list: missing; the table needs columns district, list, votes"),
        ("district,list,party,votes", "column list: lists stand in both columns, list and party; keep one"),
        ("district,list,vote", "row 1 = \"vote\": no such column; did you mean 'votes'?"),
        ("list,votes", "column district: missing"),
    ],
)
def test_a_heading_that_cannot_be_meant_is_refused(tmp_path: Path, heading: str, said: str):
    row = ",".join("1" for _ in heading.split(","))
    assert said in refused(written(tmp_path / "last.csv", f"{heading}\n{row}\n"))


def test_a_missing_table_is_said(tmp_path: Path):
    assert "no such file" in refused(tmp_path / "last.csv")


def test_borders_are_shares_of_old_districts(tmp_path: Path):
    write_rows(tmp_path / "borders.csv", ["from", "to", "share"], [["A", "B", "0.25"], ["A", "C", "75%"]])
    moves = read_borders(tmp_path / "borders.csv")
    assert [(move.old, move.new, move.share) for move in moves] == [
        ("A", "B", Fraction(1, 4)),
        ("A", "C", Fraction(3, 4)),
    ]


def test_every_fault_of_borders_is_said_at_once(tmp_path: Path):
    rows = [["A", "B", "0.5"], ["A", "B", "0.5"], ["", "C", "1"], ["D", "E", "half"]]
    write_rows(tmp_path / "borders.csv", ["from", "to", "share"], rows)
    with pytest.raises(PollDataError) as caught:
        read_borders(tmp_path / "borders.csv")
    said = str(caught.value)
    assert 'row 3, column to = "B": row 2 says so of these two already; keep one' in said
    assert "row 4, column from: missing; a row says from, to and share" in said
    assert 'row 5, column share = "half"' in said


def test_shares_of_a_district_that_are_not_all_of_it_are_refused(tmp_path: Path):
    write_rows(tmp_path / "borders.csv", ["from", "to", "share"], [["A", "B", "0.5"], ["A", "C", "0.4"]])
    with pytest.raises(PollDataError, match=r"the shares of A add up to 0\.9; they are parts of 1"):
        read_borders(tmp_path / "borders.csv")


def test_rows_of_totals_are_refused(tmp_path: Path):
    last = {**LAST, "Woods": {}}
    for votes in LAST.values():
        for name, number in votes.items():
            last["Woods"][name] = last["Woods"].get(name, 0) + number
    write_last(tmp_path / "country.csv", last)
    said = refused(tmp_path / "country.csv").replace('"', "")
    assert "Woods: it has the votes of all other districts" in said
    lists = {name: {**votes, "Sum": sum(votes.values())} for name, votes in LAST.items()}
    write_last(tmp_path / "lists.csv", lists)
    said = refused(tmp_path / "lists.csv").replace('"', "")
    assert "list = Sum: it has the votes of all other lists" in said
