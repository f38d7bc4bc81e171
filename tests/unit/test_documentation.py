"""The documentation of election files: complete, and its examples work."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from forecast.election import parse_election
from forecast.election.constituencies import Districts, Levelling, LocalThreshold, Placing
from forecast.election.methods import Allocation, Bonus, Cap
from forecast.election.rule import AllianceLevels, Rule, Threshold
from forecast.election.schema import (
    Coalition,
    Condition,
    ElectionFacts,
    EstimateSettings,
    Event,
    Party,
    SimulationSettings,
)
from forecast.election.settings import Geography, OwnHistory, PollSettings, RegionalSwing
from forecast.election.values import keys_of

TABLES = (
    *(ElectionFacts, Party, Coalition, Event, Condition, EstimateSettings, SimulationSettings),
    PollSettings,
    *(Rule, Threshold, Allocation, Bonus, Cap, Levelling, Districts),
    *(AllianceLevels, LocalThreshold, Placing, Geography, OwnHistory, RegionalSwing),
)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_of_an_election_file_is_documented(table: type[BaseModel], root: Path) -> None:
    page = (root / "docs" / "election-file.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`\n]+`", page))))
    assert not [key for key in keys_of(table) if key not in words]


def test_whole_examples_of_the_documentation_are_elections(root: Path) -> None:
    examples = [
        block
        for page in (root / "docs").glob("*.md")
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        if "[election]" in block
    ]
    assert examples
    for example in examples:
        assert parse_election(tomllib.loads(example, parse_float=Decimal)).parties


def test_every_relative_link_of_the_documentation_leads_somewhere(root: Path) -> None:
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    links = [
        (page, link.partition("#")[0])
        for page in pages
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:|#", link)
    ]
    assert links
    assert not [(page.name, link) for page, link in links if not (page.parent / link).exists()]
