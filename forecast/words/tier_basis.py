"""What the seats of a tier beside the lists rest on, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.election.tiers_and_groups import ChamberTier

LISTS = "lists"
"""Id of the tier of the rule."""


def basis_of(tier: ChamberTier, names: Mapping[str, str]) -> str:
    """One sentence: seats held whoever votes, and a belief, named as what it is."""
    if not tier.seats:
        return "left out: no seats"
    parts = []
    if tier.held:
        parts.append(f"held whoever votes: {_seats(tier.held, names)}")
    if tier.belief is not None:
        followed = " and ".join(names.get(name, name) for name in tier.belief.follows)
        followed = followed or ("each party" if tier.belief.chances else _leader(tier, names))
        believed = _seats(tier.belief.likeliest, names)
        if tier.belief.chances:
            believed = (
                f"chances in each of {len(tier.belief.chances)} districts, which make {believed} most likely,"
            )
        said = f"a belief, not polls or results: {believed} "
        at = f"at {_shares(tier, names)} of the votes" if tier.belief.at else "at the centre of the draws"
        moved = (
            f"moved with the national share of {followed} (slope "
            f"{float(tier.belief.slope):g}) and by an error that all districts share (spread "
            f"{float(tier.belief.spread):g}, on log odds)"
        )
        rests = f"; {tier.belief.source}" if tier.belief.source else ""
        parts.append(f"{said}{at}; {moved}{rests}")
    return "; ".join(parts) or "nothing says who may win them"


def _leader(tier: ChamberTier, names: Mapping[str, str]) -> str:
    """The name of the holder that the belief gives most seats."""
    assert tier.belief is not None
    seats = tier.belief.seats
    first = max(seats, key=lambda name: seats[name])
    return names.get(first, first)


def _shares(tier: ChamberTier, names: Mapping[str, str]) -> str:
    assert tier.belief is not None
    return " and ".join(f"{names.get(n, n)} {float(100 * s):.3g} %" for n, s in tier.belief.at.items())


def _seats(seats: Mapping[str, int], names: Mapping[str, str]) -> str:
    return ", ".join(f"{names.get(name, name)} {number}" for name, number in seats.items() if number)
