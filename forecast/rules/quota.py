"""Quota methods, exact: one seat for every whole quota, the seats left over by a remainder rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor
from typing import Any

from forecast.election.methods import METHODS, QuotaMethod
from forecast.election.rule import Allocation
from forecast.rules.outcome import DecidedBy, Division, Line, Step, Tie
from forecast.rules.ties import Unit, first_among


def divide_by_quota(
    allocation: Allocation,
    units: Sequence[Unit],
    seats: int,
    *,
    electorate: Fraction,
    decide: DecidedBy,
    place: str = "",
) -> Division:
    """Whole quotas first, then the seats left over; too many awarded are taken from the smallest remainders.

    ``electorate`` are the votes behind the quota. Units without votes get nothing.
    """
    price = quota_of(allocation, electorate, seats)
    taking_part = [unit for unit in units if unit.votes > 0] if price else []
    if not taking_part or price is None:
        return Division({unit.id: 0 for unit in units}, (Step(place, allocation.method, seats, ()),))
    count = QuotaCount(taking_part, price, decide, place)
    count.take_back(sum(count.seats.values()) - seats)
    left = seats - sum(count.seats.values())
    if allocation.remainder == "largest-lists":
        count.serve(left, lambda unit: unit.votes, "votes")
    elif allocation.remainder == "largest-then-average":
        by_remainder = min(left, allocation.remainder_seats or 0)
        count.serve(by_remainder, lambda unit: count.remainders[unit.id], "remainder")
        count.serve(left - by_remainder, count.average, "votes per seat")
    else:
        count.serve(left, lambda unit: count.remainders[unit.id], "remainder")
    gained = {unit.id: count.seats.get(unit.id, 0) for unit in units}
    lines = tuple(
        Line(unit.id, unit.votes, gained[unit.id], *whole_and_remainder(unit.votes, price)) for unit in units
    )
    step = Step(place, allocation.method, seats, lines, quota=price)
    return Division(gained, (step,), tuple(count.ties))


def quota_of(allocation: Allocation, electorate: Fraction, seats: int) -> Fraction | None:
    """The price of a seat; ``None`` where there is nothing to buy or nobody to pay."""
    method = METHODS[allocation.method]
    if seats < 1 or electorate <= 0 or not isinstance(method, QuotaMethod):
        return None
    return method.quota(electorate, seats)


def whole_and_remainder(votes: Fraction, price: Fraction) -> tuple[int, Fraction]:
    """Whole quotas in the votes, and the votes that are left."""
    whole = floor(votes / price)
    return whole, votes - whole * price


class QuotaCount:
    """Seats while they are handed out by one quota: whole quotas at first, then back and forth."""

    def __init__(self, units: Sequence[Unit], price: Fraction, decide: DecidedBy, place: str) -> None:
        self.units, self.price, self.place = units, price, place
        self.decide: DecidedBy = decide
        self.seats: dict[str, int] = {}
        self.remainders: dict[str, Fraction] = {}
        self.ties: list[Tie] = []
        for unit in units:
            self.seats[unit.id], self.remainders[unit.id] = whole_and_remainder(unit.votes, price)

    def take_back(self, surplus: int) -> None:
        """Take seats from the smallest remainders; a seat given up adds a whole quota to the remainder."""
        remainders = dict(self.remainders)
        while surplus > 0:
            holders = [unit for unit in self.units if self.seats[unit.id] > 0]
            losers, ties = first_among(
                holders,
                min(surplus, len(holders)),
                lambda unit: remainders[unit.id],
                what="smallest remainder",
                place=self.place,
                decide=self.decide,
                smallest=True,
            )
            self.ties += ties
            for unit in losers:
                self.seats[unit.id] -= 1
                remainders[unit.id] += self.price
            surplus -= len(losers)

    def serve(self, left: int, claim: Callable[[Unit], Any], what: str) -> None:
        """One seat each in the order of the claims, round after round until none is left."""
        while left > 0:
            claims = {unit.id: claim(unit) for unit in self.units}
            winners, ties = first_among(
                self.units,
                min(left, len(self.units)),
                lambda unit, claims=claims: claims[unit.id],
                what=what,
                place=self.place,
                decide=self.decide,
            )
            self.ties += ties
            for unit in winners:
                self.seats[unit.id] += 1
            left -= len(winners)

    def average(self, unit: Unit) -> tuple[bool, Fraction]:
        """Votes per seat held; lists that hold none come after those that do."""
        holds = self.seats[unit.id]
        return holds > 0, unit.votes / holds if holds else Fraction(0)
