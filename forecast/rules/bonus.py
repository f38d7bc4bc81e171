"""Seats for the largest list, taken off the pool before the allocation."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from forecast.election.rule import Bonus
from forecast.rules.outcome import DecidedBy, Tie
from forecast.rules.ties import Unit, first_among


def bonus_seats(bonus: Bonus, share: Fraction) -> int:
    """Seats of the bonus for a list with this share of the valid votes.

    Greece, law 4804/2021: 20 seats from 25 % of the votes on, one more for each half point, 50 at most.
    """
    if bonus.type == "fixed":
        return bonus.seats or 0
    start, step = bonus.from_, bonus.step
    if start is None or not step or share < start:
        return 0
    return min((bonus.base or 0) + floor((share - start) / step), bonus.max or 0)


def award_bonus(
    bonus: Bonus, admitted: Sequence[Unit], valid: int, pool: int, decide: DecidedBy, place: str = ""
) -> tuple[dict[str, int], list[Tie]]:
    """The bonus of the largest admitted list, never more than the pool. ``admitted`` with votes as cast."""
    largest, ties = first_among(
        [unit for unit in admitted if unit.wins and unit.votes > 0],
        1,
        lambda unit: unit.votes,
        what="largest list (bonus)",
        place=place,
        decide=decide,
    )
    seats = min(bonus_seats(bonus, largest[0].votes / valid), pool) if largest and valid else 0
    return ({largest[0].id: seats}, ties) if seats else ({}, [])
