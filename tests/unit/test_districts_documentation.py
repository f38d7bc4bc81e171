"""docs/districts.md: its laws are those of election files that give official seats, and its figures hold."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from forecast.election import load_election
from forecast.election.rule import Rule
from forecast.election.schema import Party
from tests.districts import LAWS
from tests.walked_pages import DOCS

TEXT = (DOCS / "districts.md").read_text(encoding="utf-8")
SNIPPETS = [
    tomllib.loads(re.sub(r"^  ", "", block, flags=re.MULTILINE), parse_float=Decimal)
    for block in re.findall(r"^ *```toml\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
]
RULES = [snippet["rule"] for snippet in SNIPPETS if "rule" in snippet]


def test_every_piece_of_an_election_file_is_tested_here() -> None:
    assert len(RULES) == 6
    assert len(SNIPPETS) == 8


@pytest.mark.parametrize("told", RULES, ids=lambda told: told["districts"]["table"])
def test_a_law_of_the_page_is_that_of_its_election_file(told: dict[str, Any], root: Path) -> None:
    file = told["districts"]["table"].replace("-districts.csv", ".toml")
    kept = load_election(root / "configs" / file).rule
    rule = Rule.model_validate(told, context={"place": file, "folder": root / "configs"})
    assert rule.districts is not None
    assert kept.districts is not None
    districts = rule.districts.model_copy(update={"table": kept.districts.table})
    same = {"source": kept.source, "ties": kept.ties, "districts": districts}
    assert rule.model_copy(update=same) == kept


def test_the_party_of_the_page_is_in_the_election_file(root: Path) -> None:
    (table,) = (snippet["parties"] for snippet in SNIPPETS if "parties" in snippet)
    told = Party.model_validate(table[0])
    kept = load_election(root / "configs" / "czechia-2021.toml").by_id[told.id]
    assert (told.name, told.continues) == (kept.name, kept.continues)


def test_the_last_result_of_the_page_is_that_of_norway(root: Path) -> None:
    (told,) = (snippet["geography"] for snippet in SNIPPETS if "geography" in snippet)
    kept = load_election(root / "configs" / "norway-2021.toml").geography
    assert kept is not None
    assert Path(kept.last_result or "") == root / "configs" / told["last_result"]


def test_the_elections_that_the_page_counts_are_those_of_the_tests() -> None:
    (told,) = re.findall(r"applied to (\d+) real elections", TEXT)
    parts = re.search(r"by district: (.*?)\. All but", TEXT, re.DOTALL)
    assert parts is not None
    single = [int(number) for number in re.findall(r"(\d+) of", parts[1])]
    assert int(told) == sum(single) + 2 * 3 == len(LAWS)


def test_the_files_of_the_page_are_those_with_a_table_by_district(root: Path) -> None:
    told = set(re.findall(r"^\| `([\w-]+)\.toml`", TEXT, re.MULTILINE))
    assert told == {
        path.stem
        for path in (root / "configs").glob("*.toml")
        if path.with_name(f"{path.stem}-districts.csv").exists()
    }
