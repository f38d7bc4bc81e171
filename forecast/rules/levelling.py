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
    levelling: Levelling, plan: Plan, units: Sequence[Unit], held: Mapping[str, int], pool: int
) -> Division:
    """Final seats of the admitted ``units``, of which ``held`` names the seats they have already.

    ``pool`` are the seats that they share, those held included.
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
        division = _grow(plan, units, held, pool)
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


def _grow(plan: Plan, units: Sequence[Unit], held: Mapping[str, int], pool: int) -> Division:
    """The house grows until every share covers the seats held (Germany, BWahlG § 6 of 2013 to 2020).

    A list without votes has no share to grow; it keeps what it holds on top. Raises ``NoValidOutcome`` where
    a list holds seats with next to no votes, so that no house would do.
    """
    voted = [unit for unit in units if unit.votes > 0]
    house = house_that_covers(divisors_of(plan.allocation), voted, [held[unit.id] for unit in voted], pool)
    if house > MOST_SEATS:
        remedy = "the house would grow beyond reason to cover the seats held; check votes and direct seats"
        raise NoValidOutcome(Fault("count", "rule.levelling.mode", f"{house} seats", remedy))
    division = divide(plan, units, house)
    return replace(division, seats={name: max(seats, held[name]) for name, seats in division.seats.items()})
