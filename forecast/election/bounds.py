"""How large an election may be that is forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from forecast.election.schema import Election

MOST_NUMBERS = 100_000
"""Parties and coalitions times seats: a forecast of so many takes 0.8 GB, most of it for the page's rules."""


def refuse_size(election: Election) -> None:
    """``ConfigurationError`` for more numbers of seats by party and coalition than a forecast holds."""
    subjects = len(election.parties) + len(election.coalitions)
    if subjects * election.rule.seats > MOST_NUMBERS:
        remedy = (
            f"times {subjects:,} parties and coalitions this is more than a forecast holds "
            f"({MOST_NUMBERS:,}); count small parties as other, or ask for fewer coalitions"
        )
        raise ConfigurationError(Fault(election.place, "rule.seats", election.rule.seats, remedy))
