"""Poll tables as their owners keep them (development data), read with at most a few lines of ``[polls]``."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from forecast.election import load_election
from forecast.errors import PollDataError
from forecast.polls import PollTable, read_polls

Reader = Callable[..., PollTable]


@pytest.fixture
def read(shared: Path) -> Reader:
    """Read ``folder/table`` with an election file beside it and, as ``--set``, what ``[polls]`` would say."""

    def reader(folder: str, election: str, table: str, *polls: str) -> PollTable:
        cases = shared / "cases" / "polls" / folder
        if not cases.is_dir():
            pytest.skip(f"no development data at {cases}")
        found = load_election(cases / election, [f"polls.{setting}" for setting in polls])
        return read_polls(cases / table, found)

    return reader


def percent(table: PollTable, row: int, names: Sequence[str]) -> list[float]:
    return [round(100 * float(table.shares[name].iloc[row]), 4) for name in names]


def days(table: PollTable, column: str) -> list[datetime.date | None]:
    return [None if day != day else day.date() for day in table.polls[column]]


def has(said: Sequence[str], *words: str) -> bool:
    """Whether one sentence has all of these words."""
    return any(all(word in sentence for word in words) for sentence in said)


MINIMAL = ("m", "s", "sd")
AUGUST = datetime.date(2026, 8, 17)


def test_a_national_collection_keeps_its_undecided_beside_the_shares(read: Reader) -> None:
    table = read("national-collection", "election.toml", "polls.csv")
    frame = table.polls
    (sifo,) = np.flatnonzero(
        (frame["pollster"] == "Sifo") & (frame["fieldwork_end"] == "2026-08-16")
    ).tolist()
    assert percent(table, sifo, ["s", "undecided"]) == [30.5, 14.0]
    assert bool(frame["undecided_beside"].iloc[sifo])
    asked = table.of_all_asked.iloc[sifo]
    assert asked["s"] / (1 - asked["undecided"]) == pytest.approx(0.305)
    assert has(table.understood, "passed over: over 6 years before the election")
    assert has(table.understood, "undecided stand beside")


def test_a_file_of_one_pollster_is_read_with_a_constant(read: Reader) -> None:
    table = read("german-days-tsv", "election.toml", "Insa.txt", 'constant={ pollster = "Insa" }')
    assert set(table.polls["pollster"]) == {"Insa"}
    assert table.polls["sample_size"].iloc[:2].tolist() == [2003, 1201]
    assert days(table, "published")[0] == datetime.date(2023, 11, 21)
    assert days(table, "fieldwork_start")[0] == datetime.date(2023, 11, 17)
    with pytest.raises(PollDataError, match=r'constant = \{ pollster = "Insa" \}'):
        read("german-days-tsv", "election.toml", "Insa.txt")


def test_polls_of_dawum_that_come_to_101_by_rounding_are_read(read: Reader) -> None:
    table = read("dawum", "bundestag.toml", "bundestag.csv")
    sums = table.shares.sum(axis=1)
    assert ((sums > 1.005) & (sums < 1.025)).sum() == 9
    assert not has(table.understood, "faults")


def test_dawum_as_its_converter_and_as_its_api_have_it_are_the_same_polls(read: Reader) -> None:
    converted = read("dawum", "bayern.toml", "bayern.csv", 'unlisted="other"')
    api = read("dawum", "bayern.toml", "dawum.json", 'rows={ parliament = "Bayern" }')
    assert len(api) == 40
    newest = np.argmax(api.polls["published"].to_numpy())
    assert percent(api, int(newest), ["csu", "gruene", "fw", "afd"]) == [36, 16, 15, 14]
    both = api.polls.merge(converted.polls, on=["pollster", "fieldwork_end"])
    assert len(both) >= 40
    assert both["sample_size_x"].fillna(0).tolist() == both["sample_size_y"].fillna(0).tolist()


def test_json_of_several_parliaments_asks_which(read: Reader) -> None:
    with pytest.raises(PollDataError, match=r"polls of several parliaments.*Bayern.*Hessen"):
        read("dawum", "bayern.toml", "dawum.json")


@pytest.mark.parametrize("table", ["ee.psv", "ee.csv"])
def test_eopaod_names_the_row_with_days_exchanged_and_reads_the_rest(read: Reader, table: str) -> None:
    polls = read("eopaod", "election.toml", table)
    assert len(polls) >= 4
    assert "Norstat" in set(polls.polls["pollster"])
    if table == "ee.csv":
        assert has(polls.doubted, "left out", "2020-07-06", "fieldwork ends before it starts")
        assert percent(polls, 0, ["ref", "kesk", "other"]) == [32.1, 19.4, 3.2]
    else:
        assert polls.polls["sample_size"].iloc[3] == 874


def test_a_pollster_with_medium_and_day_in_its_cell_is_the_part_before_them(read: Reader) -> None:
    table = read("long-with-medium", "election.toml", "polls.csv")
    assert len(table) == 275
    assert len(set(table.polls["pollster"])) == 8
    assert table.polls["pollster"].iloc[0] == "Norfakta"
    set_by_hand = read("long-with-medium", "election.toml", "polls.csv", "pollster_until=/")
    assert set_by_hand.polls["pollster"].tolist() == table.polls["pollster"].tolist()


def test_a_table_copied_from_the_web_has_its_sizes_and_days(read: Reader) -> None:
    table = read("copied-from-web", "germany.toml", "forsa.csv", 'constant={ pollster = "Forsa" }')
    assert table.polls["sample_size"].fillna(0).tolist() == [2501, 2501, 2002, 0]
    assert days(table, "fieldwork_start")[0] == datetime.date(2025, 1, 14)
    assert days(table, "fieldwork_end")[0] == datetime.date(2025, 1, 20)
    assert days(table, "published")[3] == datetime.date(2024, 12, 17)
    assert percent(table, 0, ["union", "other"]) == [30, 9]
    assert has(table.understood, "1 row passed over: an election")


def test_a_cell_of_two_parties_is_split(read: Reader) -> None:
    table = read("copied-from-web", "saxony.toml", "saxony.csv", 'unlisted="other"')
    assert table.polls["sample_size"].tolist() == [1000, 1004]
    assert percent(table, 1, ["cdu", "fdp", "other"]) == [24, 6, 6]


def test_polls_in_seats_are_shares_of_the_house(read: Reader) -> None:
    table = read("polls-in-seats", "israel.toml", "polls.csv", 'unit="seats"')
    assert table.shares["labor"].iloc[0] == pytest.approx(16 / 120)
    assert table.rounding["labor"].iloc[0] == pytest.approx(0.5 / 120)
    assert has(table.doubted, "row 3", "119")


def test_seats_of_another_house_are_read_with_its_number(read: Reader) -> None:
    table = read("min", "e.toml", "f08-seats.csv", 'unit="seats"', "house=150")
    assert table.shares[list(MINIMAL)].iloc[0].tolist() == pytest.approx([50 / 150, 60 / 150, 40 / 150])


def test_of_two_samples_of_one_poll_that_of_likely_voters_is_used(read: Reader) -> None:
    table = read("two-samples", "dem.toml", "polls.csv")
    assert table.polls["sample_size"].tolist() == [868, 629]
    assert days(table, "fieldwork_end") == [datetime.date(2019, 7, 30)] * 2
    assert percent(table, 1, ["a", "b", "c"]) == [26, 13, 18]
    assert has(table.doubted, "likely voters")


def test_a_copy_of_a_wikipedia_table_is_read(read: Reader) -> None:
    table = read("wikipedia-copy", "portugal.toml", "polls.csv")
    assert len(table) == 4
    assert table.polls["sample_size"].fillna(0).tolist() == [1000, 803, 1192, 0]
    assert days(table, "fieldwork_start")[:2] == [datetime.date(2024, 3, 12), datetime.date(2024, 2, 28)]
    assert days(table, "fieldwork_end")[:3] == [
        datetime.date(2024, 3, 15),
        datetime.date(2024, 3, 3),
        datetime.date(2024, 1, 30),
    ]
    pan = table.shares["pan"].iloc[0], table.rounding["pan"].iloc[0]
    assert pan == pytest.approx((0.005, 0.005))
    assert table.polls["pollster"].iloc[0] == "Pitagórica"


def test_days_in_eleven_ways_of_writing_are_the_same_day(read: Reader) -> None:
    table = read("wikipedia-copy", "portugal.toml", "dates.csv")
    assert len(table) == 11
    ends = dict(zip(table.polls["pollster"], days(table, "fieldwork_end"), strict=True))
    march = datetime.date(2024, 3, 15)
    assert {name for name, day in ends.items() if day != march} == {"H"}
    assert has(table.understood, "a month and no day")


def test_shares_as_they_are_written(read: Reader) -> None:
    with pytest.raises(PollDataError) as caught:
        read("wikipedia-copy", "portugal.toml", "shares.csv")
    assert {fault.path for fault in caught.value.faults} == {f"row {row}, column CH" for row in (4, 9, 14)}


def test_parts_of_a_party_are_summed_where_the_party_itself_is_not_reported(read: Reader) -> None:
    table = read("merged-parties", "bulgaria.toml", "bg.psv")
    assert percent(table, 0, ["bp"]) == [3.8]
    assert percent(table, 2, ["bp"]) == [4.6]
    assert percent(table, 3, ["bp"]) == [4.5]


@pytest.mark.parametrize(
    ("election", "table", "pollster"),
    [
        ("no.toml", "polls.csv", "Opinion Østlandet"),
        ("no.toml", "names.csv", "Rambøll"),
        ("sk.toml", "sk.csv", "AKO"),
        ("sk.toml", "p_cp1250.csv", "Focus"),
        ("sk.toml", "p_latin1.csv", "Focus"),
    ],
)
def test_letters_of_names_come_out(read: Reader, election: str, table: str, pollster: str) -> None:
    polls = read("code-pages", election, table)
    assert pollster in set(polls.polls["pollster"])
    if election == "sk.toml":
        assert bool(polls.shares["lsns"].notna().all())


def test_shares_with_a_decimal_zero_are_read_as_whole_numbers_are(read: Reader) -> None:
    one = read("sums-101", "sweden-2026.toml", "float.csv")
    other = read("sums-101", "sweden-2026.toml", "int.csv")
    assert one.shares.equals(other.shares)
    assert one.rounding.equals(other.rounding)
    assert one.shares.sum(axis=1).iloc[0] == pytest.approx(1.01)


@pytest.mark.parametrize("table", ["dup.csv", "dup2.csv"])
def test_the_same_poll_twice_is_said_and_counted_once(read: Reader, table: str) -> None:
    polls = read("doubles-and-slips", "sweden-2026.toml", table)
    assert has(polls.doubted, "row 3", "twice")
    assert len(polls) == (1 if table == "dup2.csv" else 2)
    if table == "dup.csv":
        assert has(polls.doubted, "NOVUS/SVT", "twice")


def test_a_slip_of_a_share_is_said_with_row_and_figure(read: Reader) -> None:
    polls = read("doubles-and-slips", "sweden-2026.toml", "typo.csv")
    assert has(polls.doubted, "row 3", "Sentio", "SD at 1.5 %", "19.5 to 20 %")


def test_undecided_beside_and_inside(read: Reader) -> None:
    def folder(table: str, *polls: str) -> PollTable:
        return read("undecided-beside", "sweden-2026.toml", table, *polls)

    a, b, d = folder("a.csv"), folder("b.csv"), folder("d.csv")
    assert percent(a, 0, ["s", "undecided"]) == [*percent(b, 0, ["s"]), 1.3]
    assert a.polls["undecided_beside"].tolist() == [True]
    assert percent(d, 0, ["s"]) == [30.5]
    c = folder("c.csv")
    assert has(c.doubted, "row 2", "35.4", "30.5", 'undecided = "beside"')
    beside = folder("c.csv", "undecided=beside")
    asked = beside.of_all_asked.iloc[0]
    assert asked["s"] / (1 - asked["undecided"]) == pytest.approx(0.305)
    assert not beside.doubted


def test_a_column_of_two_parties_together(read: Reader) -> None:
    table = read("joint-column", "x.toml", "p4.csv")
    assert percent(table, 0, ["a", "other"]) == [55, 5]
    assert table.together["b+c"].iloc[0] == pytest.approx(0.40)
    assert table.of_all_asked[["b", "c"]].sum(axis=1).iloc[0] == pytest.approx(0.40)
    assert has(table.doubted, "B and C", "together")


@pytest.mark.parametrize("table", ["polls.csv", "p2.csv", "p3.csv", "p5.csv", "p6.csv", "p7.csv"])
def test_parties_that_a_poll_leaves_out_are_read_as_not_reported(read: Reader, table: str) -> None:
    polls = read("joint-column", "x.toml", table)
    assert len(polls) >= 2
    if table == "polls.csv":
        assert polls.shares[["b", "c"]].iloc[1].isna().all()
        assert percent(polls, 1, ["a", "other"]) == [55, 45]


def test_undecided_beside_one_hundred_are_remembered(read: Reader) -> None:
    table = read("min", "e.toml", "f01-undecided-outside.csv")
    assert percent(table, 0, [*MINIMAL, "undecided"]) == [33, 40, 26, 14]
    assert table.polls["undecided_beside"].tolist() == [True]


def test_undecided_are_inside_where_nothing_tells_unless_polls_says_beside(read: Reader) -> None:
    table = read("min", "e.toml", "f02-undecided-outside-silent.csv")
    assert table.polls["undecided_beside"].tolist() == [False]
    said = read("min", "e.toml", "f02-undecided-outside-silent.csv", "undecided=beside")
    assert said.polls["undecided_beside"].tolist() == [True]


def test_old_rows_are_passed_over_and_counted(read: Reader) -> None:
    table = read("min", "e.toml", "f03-old-rows.csv")
    assert len(table) == 1
    assert has(table.understood, "2 rows passed over", "rows 3, 4")


def test_a_sum_of_101_by_rounding_is_read_with_and_without_decimals(read: Reader) -> None:
    one, other = (read("min", "e.toml", name) for name in ("f04-sum-101-floats.csv", "f04b-sum-101-ints.csv"))
    assert one.shares.equals(other.shares)
    assert percent(one, 0, MINIMAL) == [34, 41, 26]


@pytest.mark.parametrize("table", ["f05-end-date.csv", "f06-date.csv"])
def test_usual_names_of_days_and_sizes_are_known(read: Reader, table: str) -> None:
    polls = read("min", "e.toml", table)
    assert days(polls, "fieldwork_end") == [AUGUST]
    assert polls.polls["sample_size"].tolist() == [1600]


def test_a_range_of_days_gives_both_ends_and_a_lead_is_passed_over(read: Reader) -> None:
    table = read("min", "e.toml", "f07-wikipedia-dates.csv")
    assert days(table, "fieldwork_start") == [datetime.date(2026, 8, 12), None]
    assert days(table, "fieldwork_end") == [AUGUST, AUGUST]
    assert table.polls["sample_size"].tolist() == [1600, 1600]
    assert percent(table, 0, [*MINIMAL, "other"]) == [33, 40, 26, 1]


def test_an_empty_column_is_passed_over(read: Reader) -> None:
    assert percent(read("min", "e.toml", "f09-empty-column.csv"), 0, MINIMAL) == [34, 40, 26]


def test_others_and_undecided_are_known_in_other_languages(read: Reader) -> None:
    table = read("min", "e.toml", "f10-other-language.csv")
    assert percent(table, 0, ["other", "undecided"]) == [2, 5]


def test_under_one_percent_is_between_nothing_and_one(read: Reader) -> None:
    table = read("min", "e.toml", "f11-less-than.csv")
    assert (table.shares["sd"].iloc[0], table.rounding["sd"].iloc[0]) == pytest.approx((0.005, 0.005))


@pytest.mark.parametrize("table", ["f12-cp1252-pollster.csv", "f12b.csv"])
def test_a_pollster_keeps_its_letters(read: Reader, table: str) -> None:
    assert read("min", "e.toml", table).polls["pollster"].tolist() == ["Rambøll"]


def test_bars_between_cells_are_found_out(read: Reader) -> None:
    assert percent(read("min", "e.toml", "f13-pipe.csv"), 0, MINIMAL) == [34, 40, 26]


def test_a_point_moved_is_said(read: Reader) -> None:
    table = read("min", "e.toml", "f14-typo.csv")
    assert has(table.doubted, "row 3", "Sentio", "SD at 2 %")


def test_undecided_left_out_in_one_poll_are_said(read: Reader) -> None:
    table = read("min", "e.toml", "f15-undecided-left-out.csv")
    assert has(table.doubted, "row 3", "Sentio", "80 %")


def test_a_poll_with_and_without_its_day_of_publication_is_one(read: Reader) -> None:
    table = read("min", "e.toml", "f16-duplicate.csv")
    assert len(table) == 1
    assert days(table, "published") == [AUGUST]


def test_a_pollster_with_the_day_of_its_poll_is_the_pollster(read: Reader) -> None:
    assert set(read("min", "e.toml", "f17-pollster-per-poll.csv").polls["pollster"]) == {"Novus"}


@pytest.mark.parametrize("table", ["f18-unnamed.csv", "f19-event-row.csv"])
def test_rows_and_columns_that_are_no_polls_are_passed_over(read: Reader, table: str) -> None:
    polls = read("min", "e.toml", table)
    assert polls.polls["pollster"].tolist() == ["Novus", "Ipsos"]
    assert percent(polls, 1, MINIMAL) == [36, 43, 20]


def test_json_of_dawum_is_read_by_its_form(read: Reader) -> None:
    settings = (
        'rows={ parliament = "Bundestag" }',
        'unlisted="other"',
        'parties={ "SPD" = "s", "AfD" = "sd" }',
    )
    table = read("min", "e.toml", "f20.json", *settings, 'faults="pass-over"', 'parties.CDU/CSU="m"')
    assert len(table) > 0
    assert not np.isnan(table.shares[list(MINIMAL)].to_numpy(np.float64)).any()


def test_a_party_that_is_not_listed_is_summed_with_others(read: Reader) -> None:
    table = read("min", "e.toml", "f21-two-others.csv", 'unlisted="other"')
    assert percent(table, 0, ["other"]) == [2]
