"""What may be wrong with a poll table is said with row and figure, and nothing is said of honest tables."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from forecast.election import Election, load_election, parse_election
from forecast.errors import PollDataError
from forecast.estimation import estimate
from forecast.polls import PollTable, polls_of, read_polls
from forecast.polls.doubts import garbled

DAY = datetime.date(2026, 9, 13)
PARTIES = ("M", "L", "C", "KD", "S", "V", "MP", "SD")
HEADING = f"pollster,fieldwork_end,published,sample_size,{','.join(PARTIES)}"
NOVUS = "Novus,2026-06-14,2026-06-17,5962,16.6,2.2,6.1,5.6,32.6,8.9,6.4,20.0"
SENTIO = "Sentio,2026-06-12,2026-06-15,900,16.6,2.2,6.1,5.6,32.6,8.9,6.4,{SD}"
DEMOSKOP = "Demoskop,2026-06-12,2026-06-14,2000,17,2,6,5.9,32,8,6.9,19.5"


def an_election(*, closed: bool = False, parties: tuple[str, ...] = PARTIES) -> Election:
    return parse_election(
        {
            "election": {"id": "x", "name": "X", "date": DAY, "closed_ballot": closed},
            "parties": [{"id": name.lower(), "name": name} for name in parties],
            "rule": {"seats": 349, "threshold": {"level": "4%"}, "allocation": {"method": "sainte-lague"}},
        }
    )


def table(tmp_path: Path, *rows: str, heading: str = HEADING, election: Election | None = None) -> PollTable:
    file = tmp_path / "polls.csv"
    file.write_text("\n".join([heading, *rows]), encoding="utf-8")
    return read_polls(file, election or an_election())


def doubted(
    tmp_path: Path, *rows: str, heading: str = HEADING, election: Election | None = None
) -> list[str]:
    return table(tmp_path, *rows, heading=heading, election=election).doubted


def test_a_share_far_from_those_of_the_polls_around_it_is_named_with_row_and_figures(tmp_path: Path) -> None:
    """18.5 typed as 1.5; the sum is off by as much, which is not said again."""
    assert doubted(tmp_path, NOVUS, SENTIO.format(SD="1.5"), DEMOSKOP) == [
        "row 3 (Sentio, 2026-06-12): SD at 1.5 %, in the 2 polls around it at 19.5 to 20 %; is it a slip?"
    ]
    assert doubted(tmp_path, NOVUS, SENTIO.format(SD="18.5"), DEMOSKOP) == []


def test_a_point_moved_and_two_columns_exchanged_are_slips_too(tmp_path: Path) -> None:
    assert "SD at 1.85 %" in doubted(tmp_path, NOVUS, SENTIO.format(SD="1.85"), DEMOSKOP)[0]
    exchanged = SENTIO.format(SD="32.6").replace("32.6,8.9", "19.0,8.9")
    said = doubted(tmp_path, NOVUS, exchanged, DEMOSKOP)
    assert len(said) == 2
    assert "S at 19 %" in said[0]
    assert "SD at 32.6 %" in said[1]


def test_one_other_poll_is_too_little_to_call_a_share_a_slip(tmp_path: Path) -> None:
    assert doubted(tmp_path, NOVUS, SENTIO.format(SD="1.5")) == []


def test_shares_that_add_up_to_less_than_in_the_polls_around_are_said(tmp_path: Path) -> None:
    heading = "pollster,published,n,M,S,SD"
    rows = (
        "Novus,2026-08-17,5962,36,43,20",
        "Sentio,2026-08-15,900,29,35,16",
        "Demoskop,2026-08-14,2000,37,42,19.5",
    )
    election = an_election(parties=("M", "S", "SD"))
    (said,) = doubted(tmp_path, *rows, heading=heading, election=election)
    assert said.startswith(
        "row 3 (Sentio, 2026-08-15): its shares add up to 80 %, in the 2 polls around it to 98.5"
    )
    assert "20 % is then read as votes for others; were undecided respondents left out?" in said
    # On a closed ballot what is not reported is nobody's votes: the shares are right whatever they add up to.
    closed = an_election(closed=True, parties=("M", "S", "SD"))
    assert doubted(tmp_path, *rows, heading=heading, election=closed) == []


UNDECIDED = "pollster,published,n,M,C,S,V,SD,undecided"


def test_undecided_that_may_stand_beside_the_shares_are_said_with_both_readings(tmp_path: Path) -> None:
    (said,) = doubted(tmp_path, "Sifo,2026-08-17,3043,17.3,8.0,30.5,7.7,18.5,14", heading=UNDECIDED)
    assert said.startswith("row 2 (Sifo, 2026-08-17): undecided 14 % are read as a part of the 100 %")
    assert "S is then at 35.47 % of the decided, else at 30.5 %" in said


def test_undecided_beside_shares_that_come_to_a_hundred_are_told_by_the_poll_itself(tmp_path: Path) -> None:
    row = "Novus,2026-07-22,5726,17.3,1.8,6.6,6.1,31.8,7.8,7.2,20.4,1.3"
    polls = table(tmp_path, row, heading=f"pollster,published,n,{','.join(PARTIES)},undecided")
    assert polls.polls["undecided_beside"].tolist() == [True]
    assert polls.doubted == []


def test_a_poll_that_tells_another_place_of_its_undecided_than_its_table_is_named(tmp_path: Path) -> None:
    beside = ["Novus,2026-08-1{},3000,36,43,21,9", "Sifo,2026-08-1{},3000,35,44,21,10"]
    rows = [row.format(day) for day, row in enumerate(2 * beside)]
    election = an_election(parties=("M", "S", "SD"))
    inside = "Ipsos,2026-08-16,2000,32,39,19,10"
    (said,) = doubted(
        tmp_path, *rows, inside, heading="pollster,published,n,M,S,SD,undecided", election=election
    )
    assert said.startswith(
        "row 6 (Ipsos, 2026-08-16): undecided 10 % are read beside the 100 % as in the rest"
    )


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        pytest.param(
            "pollster,published,n,M,S,SD,undecided", ("A,2026-08-17,3043,28,34,24,14",), id="all comes to 100"
        ),
        pytest.param(
            f"{UNDECIDED},other", ("A,2026-08-17,3043,17.3,8.0,30.5,7.7,18.5,14,4",), id="others are reported"
        ),
        pytest.param(UNDECIDED, ("A,2026-08-17,3043,17.3,8.0,30.5,7.7,18.5,0.5",), id="it hardly matters"),
        pytest.param(
            UNDECIDED,
            (
                "A,2026-08-17,3043,17.3,8.0,30.5,7.7,18.5,14",
                "B,2026-08-17,3043,19.1,8.9,33.7,8.5,20.4,5",
                "C,2026-08-17,3043,20.1,9.3,35.5,9.0,21.5,",
            ),
            id="the decided are alike in polls with and without",
        ),
    ],
)
def test_undecided_that_are_clearly_inside_are_no_matter(
    tmp_path: Path, heading: str, rows: tuple[str, ...]
) -> None:
    assert doubted(tmp_path, *rows, heading=heading) == []


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(NOVUS.replace("2026-06-17", ""), id="without the day of publication"),
        pytest.param(NOVUS.replace("2026-06-17", "2026-06-18").replace("5962", ""), id="without its size"),
        pytest.param(NOVUS.replace("Novus", "NOVUS/SVT"), id="with the medium that ordered it"),
        pytest.param(NOVUS.replace("Novus", "Verian").replace("5962", "1000"), id="under another name"),
    ],
)
def test_the_same_poll_twice_is_said(tmp_path: Path, again: str) -> None:
    (said,) = doubted(tmp_path, NOVUS, again)
    assert said.startswith("row 3 (")
    assert "the figures are those of row 2 (Novus, 2026-06-14); " in said
    assert said.endswith(("is it the same poll twice?", "it is the same poll twice, and counted once"))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(NOVUS.replace("06-14", "06-07"), id="a tracker that did not move"),
        pytest.param(NOVUS.replace("06-14", "05-14").replace("Novus", "Sifo"), id="a month apart"),
        pytest.param(NOVUS.replace("20.0", "20.1"), id="another figure"),
    ],
)
def test_polls_that_happen_to_be_alike_are_not_called_one(tmp_path: Path, other: str) -> None:
    assert doubted(tmp_path, NOVUS, other) == []


def test_whole_percent_of_few_parties_may_well_be_the_same_twice(tmp_path: Path) -> None:
    rows = ("Novus,2026-08-17,5962,36,43,20", "Ipsos,2026-08-10,1962,36,43,20")
    election = an_election(parties=("M", "S", "SD"))
    assert doubted(tmp_path, *rows, heading="pollster,published,n,M,S,SD", election=election) == []


def test_a_pollster_for_every_poll_is_said(tmp_path: Path) -> None:
    named = [
        NOVUS.replace("Novus", f"Novus (wave {day})").replace("06-14", f"06-{day}").replace("5.6", f"5.{day}")
        for day in (11, 12, 14)
    ]
    (said,) = doubted(tmp_path, *named)
    assert said.startswith("column pollster: 3 pollsters for 3 polls, and names such as")
    assert "differ by numbers only" in said
    several = [NOVUS.replace("Novus", f"House {letter}") for letter in "ABC"]
    assert not [text for text in doubted(tmp_path, *several) if "column pollster" in text]
    many = [
        NOVUS.replace("Novus", f"Institute of {letter * 3}")
        .replace("06-14", f"06-{number + 1:02}")
        .replace("8.9", f"8.{number}")
        for number, letter in enumerate("ABCDEFGHIJ")
    ]
    assert (
        "10 pollsters for 10 polls, and every poll has a pollster of its own" in doubted(tmp_path, *many)[0]
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Rambшll", "mixes letters of two scripts in one word"),
        ("Fшrstehеnd", "mixes letters of two scripts in one word"),
        ("RambÃ¸ll", "looks like UTF-8 read as another encoding"),
        ("AMRDÃ¼sseldorf", "looks like UTF-8 read as another encoding"),
        ("Ромир".encode().decode("cp1251"), "looks like UTF-8 read as another encoding"),
        ("Ramb\ufffdll", "has lost a letter"),
        ("Ramb?ll", "has lost a letter"),
        ("Novus\x1b[31m", "holds a control character"),
        ("Ramb\x9bll", "holds a control character"),
    ],
)
def test_a_garbled_pollster_is_said(name: str, why: str) -> None:
    assert garbled(name) == why


@pytest.mark.parametrize(
    "name",
    ["Rambøll", "Ромир", "ВЦИОМ-Online", "Маркет ЛИНКС", "Κάπα Research", "Ipsos/Le Monde", "Сыбыр 24",
     "Opinion?", "Metroscopia, S.A.", "世論調査", "Institut für Demoskopie Allensbach", "Ačiū"],
)  # fmt: skip
def test_an_honest_name_is_not_called_garbled(name: str) -> None:
    assert garbled(name) == ""


def test_a_pollster_with_a_control_character_is_refused_with_its_rows_and_nothing_else(
    tmp_path: Path,
) -> None:
    strange = NOVUS.replace("Novus", "Nov\x1bus")
    with pytest.raises(PollDataError) as caught:
        table(tmp_path, strange, strange.replace("06-14", "06-07").replace("20.0", "20.1"))
    said = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in said] == [
        'row 2, column pollster = "Nov<U+001B>us"',
        'row 3, column pollster = "Nov<U+001B>us"',
    ]


def test_an_estimate_says_what_is_doubted_of_the_polls_that_it_knows(tmp_path: Path) -> None:
    polls = table(tmp_path, NOVUS, SENTIO.format(SD="1.5"), DEMOSKOP)
    late, early = (estimate(an_election(), polls, datetime.date(2026, 6, day)) for day in (15, 14))
    assert any("row 3 (Sentio" in warning for warning in late.warnings)
    assert not any("row 3 (Sentio" in warning for warning in early.warnings)


def test_of_many_doubts_of_one_kind_the_first_are_said_and_the_others_counted(tmp_path: Path) -> None:
    days = [datetime.date(2026, 8, 1) - datetime.timedelta(90 * number) for number in range(3)]
    rows = [
        f"Sifo,{day},3043,17.3,8.0,30.{number},7.7,18.5,14"
        for number, day in enumerate(day - datetime.timedelta(week) for day in days for week in (0, 7, 14))
    ]
    said = doubted(tmp_path, *rows, heading=UNDECIDED)
    assert len(said) == 6
    assert said[-1] == "4 more like this: rows 7, 8, 9, 10"


def test_the_poll_tables_of_the_project_raise_no_doubt(root: Path) -> None:
    elections = [load_election(config) for config in sorted((root / "configs").glob("*.toml"))]
    polled = [election for election in elections if election.election.polls is not None]
    assert len(polled) >= 6
    for election in polled:
        assert polls_of(election).doubts == ()


def honest_table(stream: np.random.Generator) -> tuple[Election, list[str], str]:
    """An election and polls drawn around one truth, with leaning pollsters, rounding and undecided."""
    size, polls = int(stream.integers(3, 9)), int(stream.integers(3, 25))
    truth = stream.dirichlet(np.full(size, 2.0))
    decimals, has_undecided = int(stream.integers(0, 2)), bool(stream.integers(0, 2))
    election = an_election(closed=True, parties=PARTIES[:size])
    rows = []
    for number in range(polls):
        respondents = int(stream.integers(500, 3000))
        leaning = np.clip(truth + stream.normal(0.0, 0.02, size) * np.sqrt(truth), 0.002, None)
        shares = stream.multinomial(respondents, leaning / leaning.sum()) / respondents
        undecided = stream.uniform(0.02, 0.2) if has_undecided and number % 3 else 0.0
        shown = [f"{100 * share * (1 - undecided):.{decimals}f}" for share in shares]
        day = DAY - datetime.timedelta(int(stream.integers(10, 230)))
        told = f"{100 * undecided:.{decimals}f}" if undecided else ""
        rows.append(f"House {'ABCDE'[number % 5]},{day},{respondents},{','.join(shown)},{told}")
    return election, rows, f"pollster,published,n,{','.join(PARTIES[:size])},undecided"


def test_honest_tables_at_random_raise_no_doubt(tmp_path: Path) -> None:
    """A slip needs five standard deviations and more: over these 200 tables a false one has p < 0.01."""
    stream = np.random.default_rng(26)
    for _ in range(200):
        election, rows, heading = honest_table(stream)
        try:
            found = doubted(tmp_path, *rows, heading=heading, election=election)
        except PollDataError:  # rounded to whole percent, a poll may come to 102
            continue
        assert found == []


def test_the_tables_of_doublets_and_slips_outside_the_project_are_doubted(shared: Path) -> None:
    cases = shared / "cases" / "polls"
    known = {
        "doubles-and-slips/dup.csv": ["the figures are those of row 2", "the figures are those of row 2"],
        "doubles-and-slips/typo.csv": ["SD at 1.5 %"],
        "undecided-beside/a.csv": [],
        "undecided-beside/b.csv": [],
        "undecided-beside/c.csv": ["else at 30.5 %"],
        "undecided-beside/d.csv": [],
        "min/f02-undecided-outside-silent.csv": [],
        "min/f12-cp1252-pollster.csv": [],
        "min/f12b.csv": [],
        "min/f14-typo.csv": ["SD at 2 %"],
        "min/f15-undecided-left-out.csv": ["add up to 80 %"],
        "min/f16-duplicate.csv": ["the figures are those of row 2"],
        "min/f17-pollster-per-poll.csv": [],
    }
    for name, expected in known.items():
        (config,) = (cases / name).parent.glob("*.toml")
        found = read_polls(cases / name, load_election(config)).doubted
        assert len(found) == len(expected), name
        assert all(text in said for text, said in zip(expected, found, strict=True)), name
