"""One election as a person writes it down: parties, seats, rule, coalitions, events."""

from __future__ import annotations

from forecast.election.loading import load_election, parse_election
from forecast.election.rule import Rule
from forecast.election.schema import (
    Coalition,
    Condition,
    Election,
    ElectionFacts,
    EstimateSettings,
    Event,
    Party,
    SimulationSettings,
)

__all__ = [
    "Coalition",
    "Condition",
    "Election",
    "ElectionFacts",
    "EstimateSettings",
    "Event",
    "Party",
    "Rule",
    "SimulationSettings",
    "load_election",
    "parse_election",
]
