"""Short ways to write a count in a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forecast.election.rule import Rule
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule

ROOT = Path(__file__).resolve().parents[1]


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
