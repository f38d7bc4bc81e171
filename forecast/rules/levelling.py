"""Seats held in constituencies against the national share: keep, redistribute, start after them, or level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from forecast.election.rule import Levelling, divisors_of
from forecast.election.vocabulary import MOST_SEATS
from forecast.errors import Fault, NoValidOutcome
from forecast.rules.allocation import Plan, divide, divide_with_caps
from forecast.rules.divisor import house_that_covers
from forecast.rules.outcome import Division
from forecast.rules.ties import Unit


def level_out(
    levelling: Levelling,
    plan: Plan,
    units: Sequence[Unit],
    held: Mapping[str, int],
    pool: int,
    beyond: Mapping[str, int],
) -> Division:
    """Final seats of the admitted ``units``, of which ``held`` names the seats they have already.

    ``pool`` are the seats that they share, those held included; ``beyond`` those of ``held`` that are
    constituencies beyond their shares of districts.
    """
    if levelling.mode == "start":
        return _start_after(plan, units, held, pool)
    if levelling.mode == "apart":
        division = divide(plan, units, max(pool - sum(held[unit.id] for unit in units), 0))
        return replace(division, seats={name: held[name] + seats for name, seats in division.seats.items()})
    if levelling.mode == "keep":
        division = _keep(plan, units, held, pool)
    elif levelling.mode == "redistribute":
        division = _redistribute(plan, units, held, pool)
    elif levelling.mode == "level":
        division = _grow(levelling, plan, units, held, pool, beyond)
    else:
        division = divide(plan, units, pool)
    return replace(division, order=_beyond(division.order, held))


def _beyond(order: Sequence[str], held: Mapping[str, int]) -> tuple[str, ...]:
    """The order of the seats that come to those held: the first seats of a list are those."""
    passed, beyond = Counter[str](), list[str]()
    for name in order:
        passed[name] += 1
        if passed[name] > held.get(name, 0):
            beyond.append(name)
    return tuple(beyond)


def _keep(plan: Plan, units: Sequence[Unit], held: Mapping[str, int], pool: int) -> Division:
    """The larger of share and seats held; the house grows (New Zealand, Electoral Act 1993 s 192)."""
    division = divide(plan, units, pool)
    return replace(division, seats={name: max(seats, held[name]) for name, seats in division.seats.items()})


def _redistribute(plan: Plan, units: Sequence[Unit], held: Mapping[str, int], pool: int) -> Division:
    """Lists above their share are set aside with their seats; the rest is divided anew (Sweden, Norway)."""
    aside: dict[str, int] = {}
    while True:
        free = [unit for unit in units if unit.id not in aside]
        division = divide(plan, free, max(pool - sum(aside.values()), 0))
        over = {name: held[name] for name, seats in division.seats.items() if held[name] > seats}
        if not over:
            return replace(
                division,
                seats={unit.id: aside.get(unit.id, division.seats.get(unit.id, 0)) for unit in units},
            )
        aside.update(over)


def _start_after(plan: Plan, units: Sequence[Unit], held: Mapping[str, int], pool: int) -> Division:
    """Divisors begin after the seats held (Scotland Act 1998 s 8, Iceland)."""
    holding = [replace(unit, held=held[unit.id]) for unit in units]
    division = divide_with_caps(plan, holding, max(pool - sum(held[unit.id] for unit in units), 0))
    return replace(division, seats={name: held[name] + seats for name, seats in division.seats.items()})


def _grow(
    levelling: Levelling,
    plan: Plan,
    units: Sequence[Unit],
    held: Mapping[str, int],
    pool: int,
    beyond: Mapping[str, int],
) -> Division:
    """The house grows until every share covers the seats held (Germany, BWahlG § 6 of 2013 to 2023), but for
    as many constituencies in all as may stay unbalanced (three since 14 November 2020, § 6 (5)).

    A list without votes has no share to grow; it keeps what it holds on top. Raises ``NoValidOutcome`` where
    a list holds seats with next to no votes, so that no house would do.
    """
    voted = [unit for unit in units if unit.votes > 0]
    house = house_that_covers(divisors_of(plan.allocation), voted, [held[unit.id] for unit in voted], pool)
    if house > MOST_SEATS:
        remedy = "the house would grow beyond reason to cover the seats held; check votes and direct seats"
        raise NoValidOutcome(Fault("count", "rule.levelling.mode", f"{house} seats", remedy))
    division = divide(plan, units, house)
    if levelling.unbalanced:
        floors = {unit.id: held[unit.id] for unit in voted}
        division = _least_house(plan, units, floors, beyond, levelling.unbalanced, (pool, house))
    return replace(division, seats={name: max(seats, held[name]) for name, seats in division.seats.items()})


def _least_house(
    plan: Plan,
    units: Sequence[Unit],
    floors: Mapping[str, int],
    beyond: Mapping[str, int],
    unbalanced: int,
    between: tuple[int, int],
) -> Division:
    """The smallest house of ``between`` in which shares lack at most ``unbalanced`` seats of their floors,
    each of a list no more than its constituencies ``beyond``; by halving, since no share shrinks as a house
    grows.
    """

    def enough(division: Division) -> bool:
        lacking = {name: max(floor - division.seats.get(name, 0), 0) for name, floor in floors.items()}
        own = all(seats <= beyond.get(name, 0) for name, seats in lacking.items())
        return own and sum(lacking.values()) <= unbalanced

    low, high = between
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(divide(plan, units, middle)) else (middle + 1, high)
    return divide(plan, units, low)
