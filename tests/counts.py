"""Short ways to write a count in a test, and to find the cases that stay outside the project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from forecast.election.rule import Rule
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule

ROOT = Path(__file__).resolve().parents[1]


def shared_cases() -> Path:
    """The file of real counts outside the project; the test is skipped where it is absent."""
    folder = Path(os.environ.get("FORECAST_SHARED", ROOT.parent / "shared"))
    path = folder / "conformance" / "cases.json"
    if not path.is_file():
        pytest.skip(f"needs {path} (set FORECAST_SHARED to the folder that holds conformance/cases.json)")
    return path


def rule_of(seats: int, method: str = "hare", **parts: Any) -> Rule:
    """A rule with a method; ``parts`` are its other tables, or ``allocation`` for more than the method."""
    return Rule.model_validate({"seats": seats, "allocation": {"method": method}, **parts})


def ballot_of(
    votes: Mapping[str, int], more: Mapping[str, Mapping[str, Any]] | None = None, **totals: Any
) -> Ballot:
    """A ballot of lists with their votes; ``more`` holds what else is known of some of them."""
    known = more or {}
    return Ballot(tuple(Entry(name, count, **known.get(name, {})) for name, count in votes.items()), **totals)


def seats_of(
    rule: Rule, votes: Mapping[str, int], more: Mapping[str, Mapping[str, Any]] | None = None, **totals: Any
):
    """The seats of a count, by list."""
    return dict(count(rule, votes, more, **totals).seats)


def count(
    rule: Rule, votes: Mapping[str, int], more: Mapping[str, Mapping[str, Any]] | None = None, **totals: Any
) -> Outcome:
    """The outcome of a count."""
    return apply_rule(rule, ballot_of(votes, more, **totals))
