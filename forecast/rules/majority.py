"""Whoever has a majority gets so many of the seats, and at most so many of the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from forecast.election.rule import Allocation, Majority
from forecast.rules.allocation import Plan, divide_by_method
from forecast.rules.outcome import Division, Tie
from forecast.rules.ties import Unit, decided_by, precedence

IN_PROPORTION = Allocation.model_validate({"method": "hare"})


def with_majority(
    majority: Majority,
    plan: Plan,
    units: Sequence[Unit],
    division: Division,
    valid: int,
    extra: Mapping[str, int],
) -> Division:
    """The division after a list with a majority has its share of the seats, ``extra`` ones included.

    ``moved``: a seat passes from the list that won the last one, by the smallest remainder or quotient
    (Netherlands, Kieswet art. P 9); ``added``: seats are added until it has (Germany, BWahlG § 4 (4) of
    2023; Armenia, Electoral Code art. 96: 54 % of the seats).
    """
    division = _to_a_share(majority, plan, units, division, valid, extra)
    return (
        division if majority.at_most is None else _none_beyond(majority.at_most, plan, units, division, extra)
    )


def _to_a_share(
    majority: Majority,
    plan: Plan,
    units: Sequence[Unit],
    division: Division,
    valid: int,
    extra: Mapping[str, int],
) -> Division:
    seats, ties = dict(division.seats), list(division.ties)
    beside = sum(extra.values())
    claims: dict[str, Fraction | int]
    whole: Fraction | int
    if majority.of == "seats":
        claims = {name: number + extra[name] for name, number in seats.items()}
        whole = sum(seats.values()) + beside
    else:
        claims = {unit.id: unit.votes for unit in units}
        whole = valid if majority.of == "valid" else sum(claims.values())
    first = next((unit for unit in units if 2 * claims[unit.id] > whole), None)
    if first is None or (majority.of == "seats" and majority.to is None):
        return division
    by_id = {unit.id: unit for unit in units}
    served = [won for won in zip(division.order, division.claims, strict=True) if won[0] != first.id]

    def enough() -> bool:
        own, house = seats[first.id] + extra[first.id], sum(seats.values()) + beside
        return 2 * own > house if majority.to is None else own >= majority.to * house

    while not enough():
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


def _none_beyond(
    share: Fraction, plan: Plan, units: Sequence[Unit], division: Division, extra: Mapping[str, int]
) -> Division:
    """The house grown until no list has more than this share of it; the others divide the seats added in
    proportion to theirs, by whole quotas and largest remainders.

    Armenia's houses of 2018 and 2021, where the opposition has a third: 88 of 132, and 71 of 107.
    """
    held = {unit.id: division.seats[unit.id] + extra[unit.id] for unit in units}
    first = max(units, key=lambda unit: held[unit.id])
    house = sum(division.seats.values()) + sum(extra.values())
    more = ceil(held[first.id] / share) - house
    others = [Unit(u.id, Fraction(held[u.id]), u.order) for u in units if u is not first and held[u.id]]
    if more <= 0 or not others:
        return division
    added = divide_by_method(Plan(IN_PROPORTION, plan.decide), others, more, "seats added")
    seats = {name: number + added.seats.get(name, 0) for name, number in division.seats.items()}
    return replace(
        division, seats=seats, steps=(*division.steps, *added.steps), ties=(*division.ties, *added.ties)
    )


def _keys(plan: Plan, unit: Unit) -> tuple[object, ...]:
    return precedence(plan.decide, unit.votes, 1, unit.order)
