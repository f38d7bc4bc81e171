"""Reading an archive of past elections, and what of it may be used when."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from forecast.errors import PollDataError
from forecast.verification.past_elections import PastElection, case_of, read_archive

ELECTIONS = "election_id,country,date,threshold_pct,quality\nA-1,A,2001-06-10,5,A\n"
POLLS = "poll_id,election_id,pollster,fieldwork_end,publish_date,sample_size,party,share,scope\n"
RESULTS = "election_id,party,share,seats,seats_list\n"


def archive(folder: Path, polls: str, results: str, elections: str = ELECTIONS) -> list[PastElection]:
    (folder / "elections.csv").write_text(elections)
    (folder / "polls.csv").write_text(POLLS + polls)
    (folder / "results.csv").write_text(RESULTS + results)
    return read_archive(folder)


def test_polls_and_results_meet_in_the_same_order(tmp_path: Path) -> None:
    [election] = archive(
        tmp_path,
        "1,A-1,F,2001-06-01,2001-06-03,900,RED,40,national\n1,A-1,F,2001-06-01,2001-06-03,900,NA,30,\n"
        "1,A-1,F,2001-06-01,2001-06-03,900,other,20,\n1,A-1,F,2001-06-01,2001-06-03,900,undecided,10,\n",
        "A-1,NA,35,40,\nA-1,RED,45,70,60\nA-1,TINY,12,0,\nA-1,other,8,,\n",
    )
    assert election.polls.ids == ("NA", "RED")
    assert election.polls.shares.tolist() == [[0.30, 0.40]]
    assert (election.polls.other.tolist(), election.polls.undecided.tolist()) == ([0.20], [0.10])
    assert election.result.tolist() == [0.35, 0.45]
    assert election.seats.tolist() == [40.0, 60.0]
    assert election.unpolled == {"TINY": 0.12}
    assert (election.threshold, election.sparse) == (0.05, False)


def test_a_party_without_a_result_counts_as_other(tmp_path: Path) -> None:
    rows = "".join(
        f"1,A-1,F,2001-06-01,,,{party},{share},\n"
        for party, share in (("RED", 60), ("OLD", 15), ("other", 25))
    )
    [election] = archive(tmp_path, rows, "A-1,RED,70,,\n")
    assert election.polls.other.tolist() == [0.40]


def test_only_national_polls_are_read(tmp_path: Path) -> None:
    scopes = ("national", "", "exit", "city:X", "national-partial")
    rows = "".join(f"{i},A-1,F{i},2001-06-01,,,RED,60,{scope}\n" for i, scope in enumerate(scopes))
    [election] = archive(tmp_path, rows, "A-1,RED,70,,\n")
    assert len(election.polls) == 2


def test_a_poll_is_usable_from_its_publication_else_the_end_of_its_fieldwork(tmp_path: Path) -> None:
    rows = (
        "1,A-1,F,2001-06-01,2001-06-08,,RED,60,\n"  # known 2 days before
        "2,A-1,F,2001-06-02,,,RED,61,\n"  # known 8 days before
        "3,A-1,F,,2001-05-31,,RED,62,\n"  # no fieldwork day: 10 days before
        "4,A-1,F,2001-06-07,2001-06-01,,RED,63,\n"  # published before it was over: 3 days before
    )
    [election] = archive(tmp_path, rows, "A-1,RED,70,,\n")
    assert election.known.tolist() == [2, 8, 10, 3]

    def usable(horizon: int) -> list[float]:
        reports = election.reports_at(horizon)
        return [] if reports is None else reports.shares[:, 0].tolist()

    assert [len(usable(days)) for days in (1, 2, 3, 8, 9, 10, 11)] == [4, 4, 3, 2, 1, 1, 0]
    reports = election.reports_at(3)
    assert reports is not None
    assert reports.ages.tolist() == [5, 7, 0]


def test_nothing_that_was_known_later_reaches_a_case(tmp_path: Path) -> None:
    early = "1,A-1,F,2001-05-01,2001-05-03,900,RED,60,\n1,A-1,F,2001-05-01,2001-05-03,900,BLUE,30,\n"
    late = "2,A-1,G,2001-05-20,2001-05-22,90000,RED,10,\n2,A-1,G,2001-05-20,2001-05-22,90000,BLUE,80,\n"
    results = "A-1,RED,50,,\nA-1,BLUE,40,,\n"
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    [alone] = archive(tmp_path / "one", early, results)
    [both] = archive(tmp_path / "two", early + late, results)
    first, second = case_of(alone, 30), case_of(both, 30)
    assert first is not None
    assert second is not None
    assert first.centre.mean.tolist() == second.centre.mean.tolist()
    assert first.situation == second.situation
    assert case_of(both, 60) is None


def test_results_are_told_in_the_units_of_the_polls(tmp_path: Path) -> None:
    rows = "".join(f"{i},A-1,F{i},2001-06-01,,,{party},30,\n" for i in range(4) for party in ("RED", "BLUE"))
    rare = "3,A-1,F3,2001-06-01,,,GREEN,9,\n"
    [election] = archive(tmp_path, rows + rare, "A-1,RED,50,,\nA-1,BLUE,30,,\nA-1,GREEN,8,,\n")
    case = case_of(election, 1)
    assert case is not None
    assert case.units == ("RED", "BLUE", "other")
    assert case.result == pytest.approx([0.5, 0.3, 0.2])


def test_elections_without_a_result_are_left_out_and_those_without_polls_have_none(tmp_path: Path) -> None:
    elections = ELECTIONS + "B-1,B,2001-06-10,,X (sparse)\nC-1,C,2001-06-10,,\n"
    found = archive(tmp_path, "1,A-1,F,2001-06-01,,,RED,60,\n", "A-1,RED,70,,\nB-1,RED,70,,\n", elections)
    assert [election.id for election in found] == ["A-1", "B-1"]
    assert (found[1].sparse, found[1].threshold, len(found[1].polls)) == (True, 0.0, 0)
    assert case_of(found[1], 1) is None


def test_a_packed_table_of_polls_is_read(tmp_path: Path) -> None:
    archive(tmp_path, "1,A-1,F,2001-06-01,,,RED,60,\n", "A-1,RED,70,,\n")
    packed = gzip.compress((tmp_path / "polls.csv").read_bytes())
    (tmp_path / "polls.csv").unlink()
    (tmp_path / "polls.csv.gz").write_bytes(packed)
    assert len(read_archive(tmp_path)[0].polls) == 1


def test_what_is_wrong_with_an_archive_is_said_with_file_row_and_column(tmp_path: Path) -> None:
    with pytest.raises(PollDataError) as caught:
        archive(
            tmp_path,
            "1,A-1,F,June,,many,RED,x,\n",
            "A-1,RED,70,,\n",
            ELECTIONS.replace("06-10,5", "06-10,five"),
        )
    said = sorted(str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults)
    assert said == [
        'elections.csv: row 2, column threshold_pct = "five": a number is expected',
        'polls.csv: row 2, column fieldwork_end = "June": a day such as 2021-09-26 is expected',
        'polls.csv: row 2, column sample_size = "many": a number is expected',
        'polls.csv: row 2, column share = "x": a number is expected',
    ]


def test_missing_files_and_columns_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(PollDataError, match="no such folder"):
        read_archive(tmp_path / "nowhere")
    (tmp_path / "elections.csv").write_text("election_id,country,day\n")
    (tmp_path / "results.csv").write_text("election_id,party,share\n")
    with pytest.raises(PollDataError) as caught:
        read_archive(tmp_path)
    said = [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults]
    assert said[0].startswith("elections.csv: column date: missing")
    assert said[1] == "polls.csv: no such file; an archive needs it"


WRONG = {
    "results": [
        ("A-1,RED,-1,,\n", 'row 2, column share = "-1": a share in percent from 0 to 100 is expected'),
        ("A-1,RED,nan,,\n", 'row 2, column share = "nan": a number is expected'),
        ("A-1,RED,60,,\nA-1,BLUE,45,,\n", "row 2: the shares of 'A-1' add up to 105 percent"),
        ("A-1,RED,0.6,,\nA-1,BLUE,0.4,,\n", "row 2: the shares of 'A-1' add up to 1: these look"),
        ("A-1,RED,60,,\nA-1,other,20,,\n", "row 2: the shares of 'A-1' add up to 80 percent; other is"),
        ("A-1,RED,60,,\nA-1,RED,20,,\n", 'row 3, column party = "RED": row 2 has this already; keep one'),
        ("B-9,RED,60,,\n", 'row 2, column election_id = "B-9": no such election in elections.csv'),
        ("A-1,,60,,\n", "row 2, column party: missing; the id of a party is expected"),
        ("A-1,RED,60,-3,\n", 'row 2, column seats = "-3": a number of seats from 0 to'),
        ("A-1,RED,60\n", "row 2: 3 cells under 5 headings; write every separator, of empty cells too"),
    ],
    "polls": [
        ("1,A-1,F,2001-06-01,,,RED,610,\n", 'row 2, column share = "610": a share in percent from 0 to 100'),
        ("1,A-1,F,2001-06-01,,,RED,x,\n", 'row 2, column share = "x": a number is expected'),
        ("1,A-1,F,2001-06-01,,3,RED,60,\n", 'row 2, column sample_size = "3": a number of respondents'),
        ("1,A-1,F,2001-06-11,,,RED,60,\n", "row 2, column fieldwork_end = 2001-06-11: this is after"),
        ("1,A-1,F,1991-06-01,,,RED,60,\n", "row 2, column fieldwork_end = 1991-06-01: over 6 years before"),
        ("1,A-1,F,2001-06-01,,,RED,60,\n1,A-1,F,2001-06-01,,,RED,60,\n", "row 3, column party"),
        ("1,A-1,F,2001-06-01,,,RED,60,\n2,A-1,F,2001-06-01,,,RED,60,\n", "row 3, column poll_id"),
        ("1,A-1,F,2001-06-01,,,RED,60,\n1,A-1,G,2001-06-01,,,BLUE,30,\n", "row 3, column pollster"),
        ("1,A-1,F,2001-06-01,,,RED,60,\n1,A-1,F,2001-06-01,,,BLUE,50,\n", "row 2: the shares of '1' add"),
    ],
    "elections": [
        (ELECTIONS + "A-1,A,2005-06-10,5,A\n", 'row 3, column election_id = "A-1": row 2 has this already'),
        (ELECTIONS.replace(",5,A", ",500,A"), 'row 2, column threshold_pct = "500": a threshold in percent'),
        (ELECTIONS.replace("2001-06-10", ""), "row 2, column date: missing"),
        (ELECTIONS.replace(",A,2001", ",,2001"), "row 2, column country: missing"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "text", "said"), [(t, *each) for t, every in WRONG.items() for each in every]
)
def test_what_no_archive_may_hold_is_refused_by_name(
    tmp_path: Path, table: str, text: str, said: str
) -> None:
    tables = {"polls": "1,A-1,F,2001-06-01,,,RED,60,\n", "results": "A-1,RED,70,,\n", "elections": ELECTIONS}
    with pytest.raises(PollDataError) as caught:
        archive(tmp_path, **(tables | {table: text}))
    [first, *_] = caught.value.faults
    assert str(first).startswith(f"{tmp_path / table}.csv: {said}")


def test_a_poll_may_add_up_to_what_was_published(tmp_path: Path) -> None:
    rows = "1,A-1,F,2001-06-01,,,RED,60,\n1,A-1,F,2001-06-01,,,BLUE,45,\n"
    assert len(archive(tmp_path, rows, "A-1,RED,70,,\nA-1,BLUE,30,,\n")) == 1


def test_a_rule_that_is_no_json_is_said(tmp_path: Path) -> None:
    elections = "election_id,country,date,rule\nA-1,A,2001-06-10,dhondt\n"
    with pytest.raises(PollDataError, match="column rule"):
        archive(tmp_path, "1,A-1,F,2001-06-01,,,RED,60,\n", "A-1,RED,70,,\n", elections)


def test_an_undated_poll_goes_by_its_days_before_or_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "elections.csv").write_text(ELECTIONS)
    (tmp_path / "results.csv").write_text(RESULTS + "A-1,RED,70,,\n")
    heading = "poll_id,election_id,pollster,fieldwork_end,party,share,days_before\n"
    (tmp_path / "polls.csv").write_text(heading + "1,A-1,F,,RED,60,12\n2,A-1,F,,RED,60,\n")
    [election] = read_archive(tmp_path)
    assert election.known.tolist() == [12]
    assert not np.isnan(election.polls.ages).any()
