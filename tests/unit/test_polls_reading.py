"""Reading poll tables: two layouts, the numbers people type, and every fault at once."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd
import pytest

from forecast.election import Election, parse_election
from forecast.errors import ConfigurationError, PollDataError
from forecast.polls import PollTable, polls_of, read_polls

DAY = datetime.date(2030, 6, 9)


def an_election(**facts: object) -> Election:
    return parse_election(
        {
            "election": {"id": "x-2030", "name": "X", "date": DAY, **facts},
            "parties": [
                {"id": "red", "name": "Red Party", "aliases": ["RP"]},
                {"id": "blue", "name": "Blue Party", "merged_from": ["Navy", "Sky"]},
                {"id": "dk", "name": "Double-Tailed", "names": {"ru": "Двухвостая"}},
                {"id": "against-all", "name": "Against all", "kind": "none-of-the-above"},
            ],
            "rule": {"seats": 100, "threshold": {"level": "5%"}, "allocation": {"method": "dhondt"}},
        }
    )


HEADING = "pollster,fieldwork_start,fieldwork_end,published,sample_size,kind,scope,red,blue,source"
GOOD = "A,2030-05-01,2030-05-04,2030-05-06,1000,,,40,30.5,page 1"


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> PollTable:
    file = tmp_path / "polls.csv"
    file.write_bytes(text.encode(encoding))
    return read_polls(file, an_election())


def faults(tmp_path: Path, *rows: str, heading: str = HEADING) -> list[str]:
    with pytest.raises(PollDataError) as caught:
        read(tmp_path, "\n".join([heading, *rows]))
    assert caught.value.exit_code == 3
    return [str(fault).removeprefix(str(tmp_path / "polls.csv") + ": ") for fault in caught.value.faults]


def test_a_wide_table_has_one_row_a_poll(tmp_path: Path) -> None:
    table = read(tmp_path, f"{HEADING}\n{GOOD}\n")
    poll = table.polls.iloc[0]
    assert (poll.pollster, poll.sample_size, poll.kind, poll.scope, poll.source) == (
        "A",
        1000,
        "pre-election",
        "national",
        "page 1",
    )
    assert table.shares.loc[0, ["red", "blue"]].tolist() == [0.40, 0.305]
    assert pd.isna(table.shares.loc[0, "undecided"])
    assert list(table.shares.columns) == ["red", "blue", "dk", "against-all", "other", "undecided"]


def test_a_long_table_has_one_row_a_poll_and_party(tmp_path: Path) -> None:
    text = (
        "poll_id,pollster,fieldwork_end,sample_size,party,share\n"
        "1,A,2030-05-04,1000,red,40\n1,A,2030-05-04,1000,Against all,3\n"
        "2,A,2030-05-11,,RP,41\n2,A,2030-05-11,,dk,2\n"
    )
    table = read(tmp_path, text)
    assert table.shares["red"].tolist() == [0.40, 0.41]
    assert table.shares.loc[0, "against-all"] == 0.03
    assert table.polls["row"].tolist() == [2, 4]


def test_a_long_table_without_poll_ids_groups_rows_with_equal_facts(tmp_path: Path) -> None:
    text = (
        "pollster;published;party;share\n"
        "A;2030-05-04;red;40,5\nA;2030-05-04;blue;30\nB;2030-05-04;red;39\nB;2030-05-04;blue;28\n"
    )
    assert read(tmp_path, text).shares["red"].tolist() == [0.405, 0.39]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_decimal_commas_percent_signs_and_byte_order_marks_are_read(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    rows = [["Pollster", "Published", "RED", "Двухвостая"], ["A", "4.5.2030", '"40,25 %"', "2.5%"]]
    table = read(tmp_path, "\r\n".join(separator.join(row) for row in rows), encoding)
    assert table.shares.loc[0, ["red", "dk"]].tolist() == [0.4025, 0.025]
    assert table.polls["published"].dt.date.tolist() == [datetime.date(2030, 5, 4)]


def test_a_unit_column_says_that_shares_are_fractions(tmp_path: Path) -> None:
    table = read(tmp_path, "pollster,published,unit,red,blue\nA,2030-05-04,fraction,0.402,30%\n")
    assert table.shares.loc[0, ["red", "blue"]].tolist() == pytest.approx([0.402, 0.30])


def test_columns_that_are_no_shares_are_kept(tmp_path: Path) -> None:
    heading = "pollster,published,red,blue,client,margin_of_error,x_wave,"
    table = read(tmp_path, f"{heading}\nA,2030-05-04,40,30,Daily News,3.1,7,\n")
    assert table.polls.loc[0, ["client", "margin_of_error", "x_wave"]].tolist() == ["Daily News", "3.1", "7"]


def test_parts_of_a_merged_party_are_summed(tmp_path: Path) -> None:
    table = read(
        tmp_path, "pollster,published,red,navy,sky,blue\nA,2030-03-01,40,20,5,\nB,2030-05-01,40,,,27\n"
    )
    assert table.shares["blue"].tolist() == [0.25, 0.27]


def test_a_merged_party_and_its_part_in_one_poll_are_refused(tmp_path: Path) -> None:
    said = faults(tmp_path, "A,2030-03-01,40,20,25", heading="pollster,published,red,navy,blue")
    assert said == ["row 2 = \"Navy\": the poll reports both 'blue' and this part of it; keep one of the two"]


def test_ways_of_not_deciding_are_added_up(tmp_path: Path) -> None:
    table = read(tmp_path, "pollster,published,red,Don't know,refused\nA,2030-03-01,40,10,5\n")
    assert table.shares.loc[0, "undecided"] == 0.15


def test_a_party_called_dk_is_not_taken_for_the_undecided(tmp_path: Path) -> None:
    table = read(tmp_path, "pollster,published,red,DK\nA,2030-03-01,40,10\n")
    assert table.shares.loc[0, "dk"] == 0.10
    assert pd.isna(table.shares.loc[0, "undecided"])


def test_every_fault_of_a_table_is_said_at_once(tmp_path: Path) -> None:
    said = faults(
        tmp_path,
        "A,2030-05-01,2030-05-04,2030-05-06,1000,,,40,abc,",
        ",2030-05-01,2030-05-04,,5,,,40,30,",
        "B,2030-05-08,2030-05-04,,1000,,,-4,30,",
        "B,,2032-05-04,,1000,,,40,30,",
        "B,,,,1000,,,40,30,",
        "B,,2030-05-04,,1.2k,telepathy,nowhere,80,60,",
        "C,,2020-05-04,2020-05-05,,,,40,30,",
        "C,,4 May,,,,,40,30,",
        "C,,2030-02-30,,,,,4025,30,",
    )
    expected = [
        'row 2, column blue = "abc": a share in percent is expected',
        "row 3, column pollster: missing",
        'row 3, column sample_size = "5": 10 to 10,000,000 respondents are expected',
        'row 4, column red = "-4": a share cannot be below 0',
        "row 4, column fieldwork_end = 2030-05-04: fieldwork ends before it starts (2030-05-08)",
        "row 5, column fieldwork_end = 2032-05-04: this is after the election of 2030-06-09",
        "row 6, column fieldwork_end: missing; fieldwork_end or published is needed",
        'row 7, column scope = "nowhere": national, national-partial, or a part such as city:Almaty',
        'row 7, column kind = "telepathy": a kind of poll is expected',
        'row 7, column sample_size = "1.2k": a number of respondents is expected',
        'row 7 = "shares of 140": shares add up to 100 percent at most',
        'row 9, column fieldwork_end = "4 May": ',
        'row 10, column fieldwork_end = "2030-02-30": the calendar has no such day',
        'row 10, column red = "4025": a share lies between 0 and 100 percent; is a decimal point missing',
    ]
    assert len(said) == len(expected), said
    for start in expected:
        assert any(fault.startswith(start) for fault in said), (start, said)


def test_a_poll_dated_2032_is_refused_even_without_fieldwork_days(tmp_path: Path) -> None:
    said = faults(tmp_path, "A,2032-05-04,40,30", heading="pollster,published,red,blue")
    assert said == [
        "row 2, column published = 2032-05-04: this is after the election of 2030-06-09; is the date right?"
    ]


def test_an_unknown_party_is_refused_by_name(tmp_path: Path) -> None:
    said = faults(tmp_path, "A,2030-05-04,40,30", heading="pollster,published,red,blu")
    remedy = "no option of this election has this name; did you mean 'blue'?"
    assert len(said) == 1
    assert said[0].startswith(f"column blu: {remedy} (a column that is no share: begin its name with x_")
    said = faults(
        tmp_path, "A,2030-05-04,gren,30", "A,2030-05-04,red,40", heading="pollster,published,party,share"
    )
    assert said[0].startswith('row 2, column party = "gren": no option of this election has this name')


def test_a_poll_that_reports_a_party_twice_is_refused(tmp_path: Path) -> None:
    rows = ("A,2030-05-04,red,30", "A,2030-05-04,RP,31")
    said = faults(tmp_path, *rows, heading="pollster,published,party,share")
    assert said == ['row 3, column party = "RP": this poll reports it in row 2 already; keep one']
    said = faults(tmp_path, "A,2030-05-04,30,30", heading="pollster,published,red,Red Party")
    assert said == ["column Red Party: this column comes twice"]


def test_the_same_poll_twice_is_counted_once_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, "\n".join([HEADING, GOOD, GOOD.replace("page 1", "page 2")]))
    assert table.polls["source"].tolist() == ["page 1"]
    assert table.doubted == [
        (
            "row 3 (A, 2030-05-04): the figures are those of row 2 (A, 2030-05-04); it is the same poll "
            "twice, and counted once"
        )
    ]


def test_shares_that_look_like_fractions_are_refused(tmp_path: Path) -> None:
    said = faults(tmp_path, "A,2030-05-04,0.4,0.3", heading="pollster,published,red,blue")
    assert said[0].startswith('row 2 = "shares of 0.7": these look like fractions')


def test_rounded_shares_may_add_up_to_a_little_over_100(tmp_path: Path) -> None:
    assert len(read(tmp_path, "pollster,published,red,blue\nA,2030-05-04,60.6,40\n")) == 1
    said = faults(tmp_path, "A,2030-05-04,61.3,40.0", heading="pollster,published,red,blue")
    assert said[0].startswith('row 2 = "shares of 101.3"')


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "the table is empty"),
        ("# only a comment\n\n", "the table is empty"),
        (f"{HEADING}\n", "the table has a heading only"),
        ("pollster,published,note\nA,2030-05-04,x\n", "either one column a party"),
        ("published,red\n2030-05-04,30\n", "who held the poll?"),
        ("pollster,red\nA,30\n", "fieldwork_end or published is needed"),
        (f"{HEADING}\n{GOOD},3,4\n", "12 cells under 10 headings"),
        (f"{HEADING}\nA,,2030-05-04,,,,,,,\n", "no share is given"),
    ],
)
def test_a_table_of_the_wrong_shape_is_refused(tmp_path: Path, text: str, remedy: str) -> None:
    with pytest.raises(PollDataError, match=remedy.replace("?", r"\?")):
        read(tmp_path, text)


def test_a_missing_file_a_folder_and_a_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PollDataError, match="no such file"):
        read_polls(tmp_path / "nowhere.csv", an_election())
    with pytest.raises(PollDataError, match="this is a folder"):
        read_polls(tmp_path, an_election())
    (tmp_path / "polls.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    with pytest.raises(PollDataError, match="no text table"):
        read_polls(tmp_path / "polls.csv", an_election())


def test_an_election_file_without_polls_is_said_to_have_none() -> None:
    with pytest.raises(ConfigurationError, match="a forecast needs polls"):
        polls_of(an_election())


def test_a_poll_is_known_from_its_publish_date_else_the_last_day_of_fieldwork(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        f"{HEADING}\nA,2030-05-01,2030-05-04,2030-05-06,,,,40,30,\nB,2030-05-01,2030-05-05,,,,,40,30,\n"
        "C,,,2030-05-09,,,,40,30,\n",
    )
    day = datetime.date(2030, 5, 5)
    assert table.known_at(day).polls["pollster"].tolist() == ["B"]
    assert table.known_at(day + datetime.timedelta(1)).polls["pollster"].tolist() == ["A", "B"]
    assert len(table.known_at(datetime.date(2030, 5, 4))) == 0


def test_an_exit_poll_is_known_on_election_day_however_late_it_is_published(tmp_path: Path) -> None:
    rows = (
        "A,,,2030-06-10,9000,exit,,40,30,\nB,,2030-05-05,,,,,40,30,\nC,2030-06-09,2030-06-09,,,,exit,41,30,\n"
    )
    table = read(tmp_path, f"{HEADING}\n{rows}")
    assert len(table.known_at(DAY)) == 3
    assert len(table.known_at(DAY - datetime.timedelta(1))) == 1
    assert table.default_as_of() == DAY


def test_an_exit_poll_on_another_day_is_refused(tmp_path: Path) -> None:
    said = faults(tmp_path, "A,,2030-05-05,,9000,exit,,40,30,")
    remedy = "an exit poll is held on election day, 2030-06-09; is the date right?"
    assert said == [f"row 2, column fieldwork_end = 2030-05-05: {remedy}"]


def test_the_default_date_is_the_newest_on_which_a_national_poll_became_known(tmp_path: Path) -> None:
    rows = "A,,2030-05-05,2030-05-08,,,,40,30,\nB,,2030-05-06,,,,,40,30,\nC,,2030-05-30,,,,city:X,40,30,\n"
    assert read(tmp_path, f"{HEADING}\n{rows}").default_as_of() == datetime.date(2030, 5, 8)


def test_only_polls_of_the_whole_country_are_national(tmp_path: Path) -> None:
    rows = (
        "A,,2030-05-05,,,,national,40,30,\nB,,2030-05-06,,,,national-partial,40,30,\n"
        "C,,2030-06-09,,,,exit-city:X,40,30,\n"
    )
    table = read(tmp_path, f"{HEADING}\n{rows}")
    assert table.national.polls["pollster"].tolist() == ["A"]
    assert table.exit_polls.polls["scope"].tolist() == ["city:X"]
