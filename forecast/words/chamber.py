"""What the seats of a tier beside the lists rest on, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.election.chamber import ChamberTier
    from forecast.election.district_votes import DistrictVotes

LISTS = "lists"
"""Id of the tier of the rule."""


def basis_of(tier: ChamberTier, names: Mapping[str, str]) -> str:
    """One sentence: seats held whoever votes, and a belief, named as what it is."""
    if not tier.seats:
        return "left out: no seats"
    parts = []
    if tier.held:
        parts.append(f"held whoever votes: {_seats(tier.held, names)}")
    if tier.votes is not None:
        parts.append(_of_votes(tier.votes))
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


def _of_votes(votes: DistrictVotes) -> str:
    """What draws of districts by votes rest on."""
    what = "candidates" if votes.cast == "candidates" else "lists"
    split = (
        "the national votes that the polls ask for"
        if votes.split == "same"
        else f"the national votes for lists by the last split (error {float(votes.split_error):g} on the log)"
    )
    said = (
        f"the last votes for {what} in each district, which follow {split}; candidates err by "
        f"{float(votes.error_of_candidates):g} on the log besides"
    )
    if votes.rounds == 1:
        return f"{said}; most votes win"
    return (
        f"{said}; without more than {float(100 * votes.majority):g} % of the votes the first two meet again, "
        f"and the voters of the others choose between them with an error of {float(votes.transfer_error):g} "
        "on log odds"
    )


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
