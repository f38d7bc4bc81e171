"""Dividing seats among lists: one method, then caps, then alliances first and inside them afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from forecast.election.rule import Allocation, divisors_of
from forecast.rules.divisor import divide_by_divisors
from forecast.rules.outcome import DecidedBy, Division
from forecast.rules.quota import divide_by_quota
from forecast.rules.ties import Unit


@dataclass(frozen=True)
class Plan:
    """How one division works.

    ``outside`` are votes of lists that take no part but stand behind the quota (``quota_of = "valid"``).
    """

    allocation: Allocation
    decide: DecidedBy
    alliances: Allocation | None = None
    outside: Fraction = Fraction(0)


def divide(plan: Plan, units: Sequence[Unit], seats: int, place: str = "") -> Division:
    """Divide ``seats``: between alliances and single lists first, then inside each alliance."""
    if plan.alliances is None:
        return divide_with_caps(plan, units, seats, place)
    groups = _grouped(units)
    between = divide_with_caps(plan, [competitor for competitor, _ in groups], seats, place)
    given: dict[str, int] = {}
    steps, ties = list(between.steps), list(between.ties)
    for competitor, members in groups:
        given.update({unit.id: 0 for unit in members if not unit.wins})
        members = [unit for unit in members if unit.wins]
        if members == [competitor]:
            given[competitor.id] = between.seats[competitor.id]
            continue
        own = Plan(plan.alliances, plan.decide)
        division = _divide_with_floors(
            own, members, between.seats[competitor.id], f"{place} {competitor.id}".strip()
        )
        given.update(division.seats)
        steps += division.steps
        ties += division.ties
    return Division({unit.id: given.get(unit.id, 0) for unit in units}, tuple(steps), tuple(ties))


def _grouped(units: Sequence[Unit]) -> list[tuple[Unit, list[Unit]]]:
    """Each competitor with its members: an alliance of several lists as one, every other list by itself.

    An alliance of which no list may win a seat does not compete.
    """
    alliances: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.alliance is not None:
            alliances.setdefault(unit.alliance, []).append(unit)
    groups: list[tuple[Unit, list[Unit]]] = []
    for unit in units:
        members = alliances.get(unit.alliance or "", [unit])
        if not any(member.wins for member in members):
            continue
        if len(members) == 1:
            groups.append((unit, [unit]))
        elif members[0] is unit:
            groups.append((_as_one(f"alliance {unit.alliance}", members), members))
    return groups


def _as_one(name: str, members: Sequence[Unit]) -> Unit:
    winning = [unit for unit in members if unit.wins]
    limits = [unit.limit for unit in winning if unit.limit is not None]
    return Unit(
        name,
        sum((unit.votes for unit in members), Fraction(0)),
        min(unit.order for unit in members),
        limit=sum(limits) if len(limits) == len(winning) else None,
        behind_quota=sum((unit.electorate for unit in members), Fraction(0)),
    )


def divide_with_caps(plan: Plan, units: Sequence[Unit], seats: int, place: str = "") -> Division:
    """Divide by the method; what exceeds a unit's limit goes to the others by the same method among them."""
    fixed: dict[str, int] = {}
    while True:
        free = [unit for unit in units if unit.id not in fixed]
        division = divide_by_method(plan, free, seats - sum(fixed.values()), place)
        over = {
            unit.id: max(unit.limit - unit.held, 0)
            for unit in free
            if unit.limit is not None and unit.held + division.seats[unit.id] > unit.limit
        }
        if not over or all(division.seats[name] == limit for name, limit in over.items()):
            return replace(
                division, seats={u.id: fixed.get(u.id, division.seats.get(u.id, 0)) for u in units}
            )
        fixed.update(over)


def divide_by_method(plan: Plan, units: Sequence[Unit], seats: int, place: str = "") -> Division:
    """One division by the bare method."""
    if plan.allocation.by_quota:
        return divide_by_quota(
            plan.allocation,
            units,
            seats,
            electorate=sum((unit.electorate for unit in units), Fraction(0)) + plan.outside,
            decide=plan.decide,
            place=place,
        )
    return divide_by_divisors(divisors_of(plan.allocation), units, seats, decide=plan.decide, place=place)


def _divide_with_floors(plan: Plan, units: Sequence[Unit], seats: int, place: str) -> Division:
    """Inside an alliance a list keeps at least its floor; the rest is divided among the others."""
    fixed: dict[str, int] = {}
    while True:
        free = [unit for unit in units if unit.id not in fixed]
        division = divide_with_caps(plan, free, seats - sum(fixed.values()), place)
        short = [unit for unit in free if division.seats[unit.id] < unit.floor]
        if not short or len(short) == len(free):
            return replace(
                division, seats={u.id: fixed.get(u.id, division.seats.get(u.id, 0)) for u in units}
            )
        for unit in short:
            fixed[unit.id] = min(unit.floor, seats - sum(fixed.values()))
