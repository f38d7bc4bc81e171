"""The whole chamber of a real count: the lists as counted, the other tiers as the file gives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.rules.outcome import Outcome


def with_tiers(election: Election, outcome: Outcome) -> Outcome:
    """The outcome with the official seats of the tiers beside the lists, as far as they are known."""
    known = {tier.id: dict(tier.official) for tier in election.apart if tier.seats and tier.official}
    return replace(outcome, tiers=known)


def tiers_not_counted(election: Election, *, own: bool) -> Iterator[str]:
    """Tiers of which nothing is known, and such as are given with votes that are not those of that day."""
    for tier in election.apart:
        if not tier.seats:
            continue
        if not tier.official:
            yield (
                f"{tier.name}: {tier.seats} of the {election.chamber_seats} seats of the chamber are not "
                f"counted here; tiers.{tier.id}.official gives who won them"
            )
        elif not own:
            yield (
                f"{tier.name}: the {tier.seats} seats are those of the official result (tiers.{tier.id}."
                "official), whatever these votes are"
            )
