"""What every sweep says of itself, on draws or on real votes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from forecast.simulation.forecasting import rule_as_data, versions

if TYPE_CHECKING:
    from forecast.election import Election


def identity_of(election: Election) -> dict[str, Any]:
    """Attributes: the election, its base rule and the versions behind the result."""
    facts = election.election
    return {
        "election": facts.id,
        "election_name": facts.name,
        "election_date": facts.date.isoformat(),
        "country": facts.country,
        "rule": rule_as_data(election.rule),
        "versions": json.dumps(versions()),
    }
