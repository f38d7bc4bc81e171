"""Twelve slips, each planted into a hundred clean polls, are each found; of the clean polls nothing is
said.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from forecast.election import Election, parse_election
from forecast.polls import PollTable, read_polls

DAY = datetime.date(2026, 9, 13)
LEVELS = {
    "Reds": 31.0,
    "Blues": 24.0,
    "Greens": 15.0,
    "Farmers": 11.0,
    "Centre": 8.0,
    "other": 5.0,
    "undecided": 6.0,
}
PARTIES = [name for name in LEVELS if name not in ("other", "undecided")]
SIZES = {"Novus": 3000, "Sifo": 1500, "Ipsos": 1100, "Verian": 2000, "Median": 1000}
FACTS = ("pollster", "fieldwork_start", "fieldwork_end", "published", "sample_size")
SEEDS = range(12)

Row = dict[str, str]
Rows = list[Row]


def election() -> Election:
    return parse_election(
        {
            "election": {"id": "x", "name": "X", "date": DAY},
            "parties": [{"id": name.lower(), "name": name} for name in PARTIES],
            "rule": {"seats": 100, "threshold": {"level": "4%"}, "allocation": {"method": "sainte-lague"}},
        }
    )


def clean(rng: np.random.Generator) -> Rows:
    """A hundred polls of five pollsters in half a year, the newest first: sampling, leans, a slow trend."""
    leans = {firm: rng.normal(0, 0.04, len(LEVELS)) for firm in SIZES}
    level = np.log(np.array(list(LEVELS.values())))
    end = DAY - datetime.timedelta(12)
    rows: Rows = []
    for number in range(100):
        firm = list(SIZES)[number % len(SIZES)]
        level = level + rng.normal(0, 0.006, len(level))
        shares = np.exp(level + leans[firm])
        size = SIZES[firm] + int(rng.integers(-60, 60))
        drawn = rng.multinomial(size, shares / shares.sum()) / size
        tenths = np.floor(1000 * drawn).astype(int)
        tenths[0] += 1000 - tenths.sum()
        start, published = end - datetime.timedelta(int(rng.integers(2, 6))), end + datetime.timedelta(2)
        facts = (firm, str(start), str(end), str(published), str(size))
        cells = [f"{share / 10:.1f}" for share in tenths]
        rows.append(dict(zip((*FACTS, *LEVELS), (*facts, *cells), strict=True)))
        end -= datetime.timedelta(int(rng.integers(1, 3)))
    return rows


def read(folder: Path, rows: Rows) -> PollTable:
    out = io.StringIO()
    writer = csv.DictWriter(out, [*FACTS, *LEVELS], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    file = folder / "polls.csv"
    file.write_text(out.getvalue(), encoding="utf-8")
    return read_polls(file, election())


@dataclass(frozen=True)
class Slip:
    """A slip: how it comes into the rows at one of them, and the words by which it is said."""

    name: str
    plant: Callable[[Rows, int], None]
    said: tuple[str, ...]


def a_point_moved(rows: Rows, at: int) -> None:
    rows[at]["Blues"] = f"{float(rows[at]['Blues']) / 10:.1f}"


def a_digit_lost(rows: Rows, at: int) -> None:
    rows[at]["Greens"] = rows[at]["Greens"][1:]


def two_parties_exchanged(rows: Rows, at: int) -> None:
    rows[at]["Blues"], rows[at]["Farmers"] = rows[at]["Farmers"], rows[at]["Blues"]


def undecided_left_out(rows: Rows, at: int) -> None:
    """In a series without others and with undecided; in one poll these are missing."""
    for row in rows:
        row["undecided"] = f"{float(row['undecided']) + float(row['other']):.1f}"
        row["other"] = ""
    rows[at]["undecided"] = ""


def a_sum_far_from_its_neighbours(rows: Rows, at: int) -> None:
    for name in LEVELS:
        rows[at][name] = f"{0.8 * float(rows[at][name]):.1f}"


def twice_without_its_day_of_publication(rows: Rows, at: int) -> None:
    rows.insert(at + 1, {**rows[at], "published": ""})


def twice_in_capitals(rows: Rows, at: int) -> None:
    rows.insert(at + 1, {**rows[at], "pollster": rows[at]["pollster"].upper()})


def a_pollster_for_every_poll(rows: Rows, at: int) -> None:
    for number, row in enumerate(rows):
        row["pollster"] = f"{row['pollster']} for paper {number * 7 + at}"


def a_garbled_pollster(rows: Rows, at: int) -> None:
    rows[at]["pollster"] = "Rambшll"


def another_year(rows: Rows, at: int) -> None:
    for name in ("fieldwork_start", "fieldwork_end", "published"):
        rows[at][name] = rows[at][name].replace("2026", "2025")


def a_digit_too_many_respondents(rows: Rows, at: int) -> None:
    rows[at]["sample_size"] += "0"


def a_month_of_fieldwork_wrong(rows: Rows, at: int) -> None:
    start = datetime.date.fromisoformat(rows[at]["fieldwork_start"])
    rows[at]["fieldwork_start"] = str(start - datetime.timedelta(61))


def a_party_left_out(rows: Rows, at: int) -> None:
    rows[at]["Greens"] = ""


SLIPS = (
    Slip("a point moved", a_point_moved, ("Blues", "slip")),
    Slip("a digit lost", a_digit_lost, ("Greens", "slip")),
    Slip("two parties exchanged", two_parties_exchanged, ("Blues", "slip")),
    Slip("undecided left out", undecided_left_out, ("undecided respondents left out",)),
    Slip("a sum far from its neighbours", a_sum_far_from_its_neighbours, ("add up to",)),
    Slip("twice, once without its publication", twice_without_its_day_of_publication, ("same poll twice",)),
    Slip("twice, once in capitals", twice_in_capitals, ("same poll twice",)),
    Slip("a pollster for every poll", a_pollster_for_every_poll, ("100 pollsters for 100 polls",)),
    Slip("a garbled pollster", a_garbled_pollster, ("Rambшll", "two scripts")),
    Slip("another year", another_year, ("is the day right",)),
    Slip("a digit too many respondents", a_digit_too_many_respondents, ("respondents, in the other polls",)),
    Slip("fieldwork of two months", a_month_of_fieldwork_wrong, ("days of fieldwork",)),
    Slip("a party left out", a_party_left_out, ("Greens", "not reported")),
)
NO_ROW = ("a pollster for every poll", "a garbled pollster")
"""Said of a column, or by name."""


@pytest.mark.parametrize("seed", SEEDS)
def test_of_a_hundred_clean_polls_nothing_is_said(tmp_path: Path, seed: int) -> None:
    table = read(tmp_path, clean(np.random.default_rng(seed)))
    assert len(table) == 100
    assert table.doubted == []


@pytest.mark.parametrize("slip", SLIPS, ids=[slip.name for slip in SLIPS])
def test_a_slip_in_a_hundred_polls_is_said_with_its_row(tmp_path: Path, slip: Slip) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        rows = clean(rng)
        at = int(rng.integers(5, 60))
        slip.plant(rows, at)
        said = read(tmp_path, rows).doubted
        rows_meant = ("",) if slip.name in NO_ROW else (f"row {at + 2} ", f"row {at + 3} ")
        assert any(
            all(word in text for word in slip.said) and any(row in text for row in rows_meant)
            for text in said
        ), (seed, said)
