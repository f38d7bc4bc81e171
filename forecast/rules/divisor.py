"""Divisor methods, exact: the seats go one by one to the highest votes / divisor."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush

from forecast.election.methods import DivisorMethod
from forecast.rules.outcome import DecidedBy, Division, Line, Step
from forecast.rules.ties import Unit, tie_at_the_cut

Claim = tuple[bool, Fraction]
"""Whether the quotient is infinite; then votes, else votes ** degree / divisor."""


def claim_of(method: DivisorMethod, votes: Fraction, seat: int) -> Claim:
    """The claim of ``votes`` to the list's ``seat``-th seat (from 1)."""
    divisor = method.divisor(seat)
    return (True, votes) if divisor == 0 else (False, votes**method.degree / divisor)


def divide_by_divisors(
    method: DivisorMethod, units: Sequence[Unit], seats: int, *, decide: DecidedBy, place: str = ""
) -> Division:
    """Give ``seats`` to the highest quotients; a unit's sequence begins after the seats it holds.

    Units without votes get nothing. Equal quotients: more votes first, then the order of registration.
    """
    gained = {unit.id: 0 for unit in units}

    def entry(unit: Unit) -> tuple[bool, Fraction, Fraction, int, Unit]:
        infinite, value = claim_of(method, unit.votes, unit.held + gained[unit.id] + 1)
        return (not infinite, -value, -unit.votes, unit.order, unit)

    queue = [entry(unit) for unit in units if unit.votes > 0]
    heapify(queue)
    served: list[tuple[Unit, Claim]] = []
    for _ in range(seats if queue else 0):
        finite, value, _, _, unit = heappop(queue)
        served.append((unit, (not finite, -value)))
        gained[unit.id] += 1
        heappush(queue, entry(unit))
    waiting = [
        (unit, (not finite, -value)) for finite, value, _, _, unit in sorted(queue, key=lambda e: e[:4])
    ]
    tie = (
        tie_at_the_cut(served, waiting, what="quotient", place=place, decide=decide)
        if served and waiting
        else None
    )
    lines = tuple(_line(method, unit, gained[unit.id]) for unit in units)
    order = tuple(unit.id for unit, _ in served)
    return Division(gained, (Step(place, method.name, seats, lines),), (tie,) if tie else (), order)


def _line(method: DivisorMethod, unit: Unit, gained: int) -> Line:
    holds = unit.held + gained
    return Line(
        unit.id,
        unit.votes,
        gained,
        last_quotient=_quotient(method, unit.votes, holds) if gained else None,
        next_quotient=_quotient(method, unit.votes, holds + 1) if unit.votes else None,
    )


def _quotient(method: DivisorMethod, votes: Fraction, seat: int) -> Fraction | float:
    infinite, value = claim_of(method, votes, seat)
    if infinite:
        return float("inf")
    return value if method.degree == 1 else float(votes) / float(method.divisor(seat)) ** (1 / method.degree)


def house_that_covers(method: DivisorMethod, units: Sequence[Unit], floors: Sequence[int], start: int) -> int:
    """The smallest house of at least ``start`` seats in which every unit's share covers its floor.

    The house must reach down to the weakest claim among the floors; every claim ahead of it is served before.
    Units without votes can never be covered and must not have a floor.
    """
    needs = [
        (*claim_of(method, unit.votes, floor), unit.votes, -unit.order)
        for unit, floor in zip(units, floors, strict=True)
        if floor > 0
    ]
    if not needs:
        return start
    weakest = min(needs)
    return max(start, sum(_seats_down_to(method, unit, weakest) for unit in units if unit.votes > 0))


def _seats_down_to(method: DivisorMethod, unit: Unit, weakest: tuple[bool, Fraction, Fraction, int]) -> int:
    """How many claims of the unit are not behind ``weakest``, by doubling and halving."""

    def ahead(seat: int) -> bool:
        return (*claim_of(method, unit.votes, seat), unit.votes, -unit.order) >= weakest

    low, high = 0, 1
    while ahead(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if ahead(middle) else (low, middle)
    return low
