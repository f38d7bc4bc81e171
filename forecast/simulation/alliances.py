"""Votes that an alliance loses with a list below its own level, in the draws of a forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.result import Forecast

_SELDOM = 0.001
"""What happens less often than this is not worth a line."""


def lost_to_alliances(election: Election, forecast: Forecast) -> list[str]:
    """Members of alliances that may fall below their own level: how often, and with how many votes."""
    if election.rule.alliances is None or election.rule.threshold is None:
        return []
    data = forecast.dataset
    passes = dict(zip(forecast.parties, data["pass_probability"].values.tolist(), strict=True))
    shares = dict(zip(forecast.parties, data["share_mean"].values.tolist(), strict=True))
    told = [
        party for party in election.standing if passes.get(party.id) == passes.get(party.id, float("nan"))
    ]
    said: list[str] = []
    for party in told:
        allies = [ally for ally in told if ally.alliance == party.alliance and ally is not party]
        fails = 1.0 - passes[party.id]
        if party.alliance and fails >= _SELDOM and any(passes[ally.id] >= _SELDOM for ally in allies):
            said.append(
                f"{party.name} is below its own level in {_often(fails)} of the draws: there its votes "
                f"({shares[party.id]:.1%} on average) do not count for its alliance '{party.alliance}' "
                "either; where the law counts them for the alliance, the seats are others"
            )
    return said


def _often(share: float) -> str:
    """A share of draws in whole percent, never none and never all."""
    return "over 99%" if share > 0.99 else "under 1%" if share < 0.01 else f"{share:.0%}"
