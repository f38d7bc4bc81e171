"""Whoever has a majority of the votes gets a majority of the seats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from forecast.election.rule import Majority
from forecast.rules.allocation import Plan
from forecast.rules.outcome import Division, Tie
from forecast.rules.ties import Unit, decided_by, precedence


def with_majority(
    majority: Majority, plan: Plan, units: Sequence[Unit], division: Division, valid: int
) -> Division:
    """The division after a list with more than half of the votes has more than half of the seats.

    ``moved``: a seat passes from the list that won the last one, by the smallest remainder or quotient
    (Netherlands, Kieswet art. P 9); ``added``: seats are added until it has (Germany, BWahlG § 4 (4) of
    2023).
    """
    whole = sum((unit.votes for unit in units), Fraction(0)) if majority.of == "admitted" else valid
    first = next((unit for unit in units if 2 * unit.votes > whole), None)
    if first is None:
        return division
    seats, ties = dict(division.seats), list(division.ties)
    by_id = {unit.id: unit for unit in units}
    served = [won for won in zip(division.order, division.claims, strict=True) if won[0] != first.id]
    while 2 * seats[first.id] <= sum(seats.values()):
        if majority.seat == "moved":
            if not served:
                break
            loser, claim = served.pop()
            equal = tuple(name for name, other in served if other == claim)
            if equal:
                by = decided_by(plan.decide, *(_keys(plan, by_id[name]) for name in (equal[-1], loser)))
                ties.append(Tie((*equal, loser), len(equal), equal, by, "claim to keep a seat"))
            seats[loser] -= 1
        seats[first.id] += 1
    return replace(division, seats=seats, ties=tuple(ties))


def _keys(plan: Plan, unit: Unit) -> tuple[object, ...]:
    return precedence(plan.decide, unit.votes, 1, unit.order)
