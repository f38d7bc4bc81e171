"""Days as they are written, in a column that settles what a cell leaves open."""

from __future__ import annotations

import datetime

import pytest

from forecast.polls.written_days import month_names, read_days
from tests.month_names import FILE, text

DAY = datetime.date(2026, 9, 13)
MARCH = datetime.date(2024, 3, 15)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    "cell",
    [
        *("15 Mar 2024", "15 March 2024", "Mar 15, 2024", "2024-03-15", "2024-03-15T10:30:00Z", "20240315"),
        *(
            "15.3.24",
            "15. März 2024",
            "15 marca 2024",
            "15 mars 2024",
            "15 de marzo de 2024",
            "15 марта 2024",
        ),
        *("15 наурыз 2024", "15. března 2024", "15 Μαρτίου 2024", "15 maart 2024", "15/03/2024", "3/15/2024"),
        *("45366", "15-Mar-2024", "15 Mar 2024[a]", "Friday, 15 March 2024"),
    ],
)
def test_one_day_in_many_ways(cell: str) -> None:
    assert read_days([cell]).days == [(MARCH, MARCH)]


@pytest.mark.parametrize(
    ("cell", "first", "last"),
    [
        ("12-15 Mar 2024", "2024-03-12", "2024-03-15"),
        ("12–15 Mar 2024", "2024-03-12", "2024-03-15"),
        ("12 — 15 March 2024", "2024-03-12", "2024-03-15"),
        ("28 Feb – 3 Mar 2024", "2024-02-28", "2024-03-03"),
        ("28 Dec 2023 – 3 Jan 2024", "2023-12-28", "2024-01-03"),
        ("28 Dec – 3 Jan 2024", "2023-12-28", "2024-01-03"),
        ("Mar 12–15, 2024", "2024-03-12", "2024-03-15"),
        ("12.–15.3.2024", "2024-03-12", "2024-03-15"),
        ("28.02.-03.03.2024", "2024-02-28", "2024-03-03"),
        ("2024-03-12/2024-03-15", "2024-03-12", "2024-03-15"),
        ("1–30 Jan 2024", "2024-01-01", "2024-01-30"),
    ],
)
def test_a_range_in_one_cell_gives_both_ends(cell: str, first: str, last: str) -> None:
    assert read_days([cell]).days == [(day(first), day(last))]


def test_the_column_settles_whether_the_day_or_the_month_comes_first() -> None:
    assert read_days(["3/4/2024", "15/4/2024"]).days[0] == (day("2024-04-03"),) * 2
    assert read_days(["3/4/2024", "4/15/2024"]).days[0] == (day("2024-03-04"),) * 2


def test_what_the_column_leaves_open_is_refused_and_settled_by_what_is_said() -> None:
    open_column = read_days(["3/4/2024", "5/6/2024"])
    assert open_column.days == [None, None]
    assert all("day-first" in said for said in open_column.faults.values())
    assert len(open_column.faults) == 2
    assert read_days(["3/4/2024", "5/6/2024"], order="month-first").days[0] == (day("2024-03-04"),) * 2


def test_a_month_alone_is_its_last_day_and_said() -> None:
    found = read_days(["Mar 2024", "15 Mar 2024"])
    assert found.days[0] is not None
    assert found.days[0][1] == day("2024-03-31")
    assert found.months_only == (0,)


def test_days_without_a_year_take_that_of_the_table_or_come_before_a_day() -> None:
    assert read_days(["14.01.–20.01."], years=[2025]).days == [(day("2025-01-14"), day("2025-01-20"))]
    before = read_days(["28.12.–2.1."], years=[day("2025-01-07")]).days
    assert before == [(day("2024-12-28"), day("2025-01-02"))]


@pytest.mark.parametrize("cell", ["", "-", "?", "n/a", "None", "Not Available", "—"])
def test_a_cell_that_says_nothing_is_no_day(cell: str) -> None:
    found = read_days([cell])
    assert (found.days, found.faults) == ([None], {})


@pytest.mark.parametrize("cell", ["31 Feb 2024", "2024-13-01", "yesterday", "15", "12–15", "1/2"])
def test_what_is_no_day_is_a_fault(cell: str) -> None:
    assert list(read_days([cell]).faults) == [0]


def test_a_word_that_two_languages_have_is_settled_by_the_column() -> None:
    """Srpen is August in Czech; srpanj is July in Croatian: srp alone is both."""
    assert read_days(["3. srpna 2024", "1. července 2024"]).days[0] == (day("2024-08-03"),) * 2
    assert read_days(["3. srp 2024"], languages=["hr"]).days[0] == (day("2024-07-03"),) * 2
    assert read_days(["3. srp 2024"], languages=["cs"]).days[0] == (day("2024-08-03"),) * 2


def test_the_names_of_months_are_those_of_unicode() -> None:
    pytest.importorskip("babel")
    assert FILE.read_text(encoding="utf-8") == text()
    assert len(month_names()) >= 50
