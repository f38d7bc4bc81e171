"""Votes in = votes that count + votes named as outside, for every rule of ``configs/``."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.election import load_election
from forecast.errors import ConfigurationError
from forecast.rules.counts import read_count
from forecast.rules.reference import apply_rule

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted(ROOT.glob("configs/*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_no_vote_of_a_shipped_result_is_lost_silently(path: Path) -> None:
    election = load_election(path)
    try:
        ready = read_count(election)
    except ConfigurationError as error:
        pytest.skip(f"no votes to count: {error}")
    ballot, outcome = ready.ballot, apply_rule(election.rule, ready.ballot)
    named = [*outcome.outside]
    counted = sum(entry.votes for entry in ballot.entries if entry.id not in named)
    in_part = {
        entry.id: entry.votes - outcome.outside[entry.id] for entry in ballot.entries if entry.id in named
    }
    for name, votes in in_part.items():
        if votes and ballot.districts:
            there = sum(district.votes.get(name, 0) for district in ballot.districts)
            assert 0 < votes <= there, name
        else:
            assert votes == 0, f"{name} counts in part without a district"
    alliances = sum(ballot.alliance_votes.values())
    assert counted + alliances + sum(in_part.values()) + sum(outcome.outside.values()) == ballot.valid
    winners = [name for name, seats in outcome.seats.items() if seats]
    assert not [
        name for name in winners if name in named and not in_part.get(name) and not outcome.held.get(name)
    ]
    for entry in ballot.entries:
        if entry.votes and entry.id not in named:
            below = outcome.admissions[entry.id].ground == "below the level"
            in_districts = election.rule.districts is not None and not election.rule.districts.threshold
            assert entry.eligible
            assert in_districts or not below, f"the votes for {entry.id} win nothing and are not named"
