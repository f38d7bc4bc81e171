"""docs/poll-table.md: its examples are read as it says, and its columns are those that are known."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from forecast.election import Election, parse_election
from forecast.election.values import normalised
from forecast.polls import PollTable, read_polls
from forecast.polls.columns import FACTS, RESERVED, heading_key


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "poll-table.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def election() -> Election:
    return parse_election(
        {
            "election": {"id": "ruritania-2030", "name": "Ruritania", "date": datetime.date(2030, 6, 9)},
            "parties": [{"id": name.lower(), "name": name} for name in ("Red", "Blue", "Green")],
            "rule": {"seats": 100, "threshold": {"level": "5%"}, "allocation": {"method": "dhondt"}},
        }
    )


@pytest.fixture
def tables(page: str, election: Election, tmp_path: Path) -> list[PollTable]:
    found = []
    for number, text in enumerate(re.findall(r"```csv\n(.*?)```", page, re.DOTALL)):
        file = tmp_path / f"{number}.csv"
        file.write_text(text, encoding="utf-8")
        found.append(read_polls(file, election))
    return found


def test_the_wide_example_is_read_as_the_page_says(tables: list[PollTable]) -> None:
    wide = tables[0]
    assert len(wide) == 4
    assert wide.shares.loc[0, ["red", "blue", "green", "other", "undecided"]].tolist() == pytest.approx(
        [0.385, 0.27, 0.095, 0.05, 0.2]
    )
    assert wide.polls["sample_size"].fillna(0).tolist() == [1200, 0, 1000, 9000]
    assert [day.date().isoformat() for day in wide.polls["known"]] == [
        *("2030-05-26", "2030-05-28", "2030-06-06", "2030-06-09")
    ]
    assert wide.polls["x_error"].tolist()[0] == "2,8"
    assert wide.polls["kind"].tolist() == ["pre-election"] * 3 + ["exit"]


def test_the_long_example_is_the_first_poll_of_the_wide_one(tables: list[PollTable]) -> None:
    wide, long = tables
    assert len(long) == 1
    assert long.shares.iloc[0].tolist() == pytest.approx(wide.shares.iloc[0].tolist())


def test_every_column_with_a_meaning_is_documented_by_names_that_it_has(page: str) -> None:
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    known = {
        row[1].strip(" `"): {normalised(name) for name in row[2].split(",") if name.strip()} for row in rows
    }
    for fact, names in FACTS.items():
        assert known[fact] <= {normalised(name) for name in names}, fact
        assert known[fact] or len(names) == 1, fact


def test_words_that_the_page_says_need_no_setting_are_known(page: str) -> None:
    said = page.partition("and some more:")[2].partition("need no setting")[0]
    words = re.findall(r"`([^`]+)`", said)
    assert len(words) == 8
    known = [set(names) for names in (*FACTS.values(), *RESERVED.values())]
    for word in words:
        assert any(heading_key(word) in names for names in known), word
