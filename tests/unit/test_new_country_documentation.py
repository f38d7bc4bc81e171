"""docs/new-country.md: its pieces of election files are those of files that give the official seats."""

from __future__ import annotations

import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from forecast.election import load_election
from forecast.election.rule import Rule
from forecast.election.schema import Party
from tests.walked_pages import DOCS

TEXT = (DOCS / "new-country.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```toml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
LAWS = re.findall(
    r"^```toml\n(\[rule\]\n(?:(?!^```).)*)^```(?:(?!^```).)*^```console\n\$ forecast count (configs/\S+)\n",
    TEXT,
    re.DOTALL | re.MULTILINE,
)


def test_every_piece_of_an_election_file_is_tested_here() -> None:
    assert len(LAWS) == 3
    assert len(SNIPPETS) == 4


@pytest.mark.parametrize(("snippet", "file"), LAWS, ids=[file for _, file in LAWS])
def test_a_law_of_the_page_is_that_of_the_election_file_counted_below_it(
    snippet: str, file: str, root: Path
) -> None:
    told = Rule.model_validate(tomllib.loads(snippet, parse_float=Decimal)["rule"])
    kept = load_election(root / file).rule
    assert told.model_copy(update={"law": kept.law, "source": kept.source, "ties": kept.ties}) == kept
    assert told.law in ("", kept.law)


def test_the_coalition_of_the_page_is_that_of_the_election_file(root: Path) -> None:
    (table,) = (tomllib.loads(snippet)["parties"] for snippet in SNIPPETS if "[[parties]]" in snippet)
    party = Party.model_validate(table[0])
    assert party == load_election(root / "configs" / "slovakia-2020.toml").by_id[party.id]


def test_the_case_of_the_page_is_that_of_the_real_count(root: Path) -> None:
    (told,) = json.loads(TEXT.partition('```json title="counts.json"\n')[2].partition("```")[0])
    cases = json.loads((root / "tests" / "conformance" / "public-counts.json").read_text(encoding="utf-8"))
    (kept,) = (case for case in cases if case["id"] == "rs-2020")
    votes = [
        (party["votes"], party.get("kind", "party"), party["official_seats"]) for party in told["parties"]
    ]
    assert votes == [(party["votes"], party["kind"], party["official_seats"]) for party in kept["parties"]]
    assert told["rule"] == kept["rule"]


@pytest.mark.parametrize("method", ["droop", "sainte-lague"])
def test_kazakhstan_2023_is_told_apart_by_no_method_that_the_page_names(method: str, root: Path) -> None:
    from forecast.rules.counts import read_count
    from forecast.rules.reference import apply_rule

    assert "Kazakhstan 2023 comes out the same by Hare, Droop and Sainte-Laguë" in TEXT
    file = root / "configs" / "kazakhstan-2023.toml"
    seats = [
        apply_rule(election.rule, read_count(election).ballot).seats
        for election in (load_election(file), load_election(file, [f"rule.allocation.method={method}"]))
    ]
    assert seats[0] == seats[1]
