"""Dividing seats among lists, exactly: the bonus off the pool, one method, then caps, then alliances first
and inside them afterwards.

Divisor methods give the seats one by one to the highest votes / divisor. Quota methods give one seat for
every whole quota, and the seats left over by a remainder rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from heapq import heapify, heapreplace
from math import floor, inf
from typing import Any, NamedTuple

from forecast.election.methods import METHODS, DivisorMethod, QuotaMethod, divisors_of
from forecast.election.rule import Allocation, Bonus
from forecast.election.values import TieRule
from forecast.rules.outcome import (
    Division,
    Keys,
    Line,
    Step,
    Tie,
    Unit,
    first_among,
    tie_at_the_cut,
)

IN_PROPORTION = Allocation.model_validate({"method": "hare"})


def bonus_seats(bonus: Bonus, share: Fraction) -> int:
    """Seats of the bonus for a list with this share of the valid votes.

    Greece, law 4804/2021: 20 seats from 25 % of the votes on, one more for each half point, 50 at most.
    """
    if bonus.type == "fixed":
        return bonus.seats or 0
    if bonus.type == "at-least":
        return 0
    start, step = bonus.from_, bonus.step
    if start is None or not step or share < start:
        return 0
    return min((bonus.base or 0) + floor((share - start) / step), bonus.max or 0)


def award_bonus(
    bonus: Bonus, admitted: Sequence[Unit], valid: int, pool: int, decide: TieRule, place: str = ""
) -> tuple[dict[str, int], list[Tie]]:
    """The bonus of the largest admitted list, never more than the pool. ``admitted`` with votes as cast."""
    largest, ties = _with_most_votes([unit for unit in admitted if unit.wins], decide, place)
    seats = min(bonus_seats(bonus, largest[0].votes / valid), pool) if largest and valid else 0
    return ({largest[0].id: seats}, ties) if seats else ({}, [])


def _with_most_votes(units: Sequence[Unit], decide: TieRule, place: str) -> tuple[list[Unit], list[Tie]]:
    voted, what = [unit for unit in units if unit.votes > 0], "largest list (bonus)"
    return first_among(voted, 1, lambda unit: unit.votes, what=what, place=place, decide=decide)


Claim = tuple[bool, Fraction]
"""Whether the quotient is infinite; then votes, else votes ** degree / divisor."""


def claim_of(method: DivisorMethod, votes: Fraction, seat: int) -> Claim:
    """The claim of ``votes`` to the list's ``seat``-th seat (from 1)."""
    divisor = method.divisor(seat)
    if divisor == 0:
        return True, votes
    return False, (votes if method.degree == 1 else votes**method.degree) / divisor


class Turn:
    """A unit with its claim to one more seat, as a division compares them: those of higher claims stand
    before those of lower ones, and their keys decide between equal ones.

    The claim is left a quotient of two integers: reduced to a ``Fraction`` few are ever needed.
    """

    __slots__ = ("_bottom", "_infinite", "_top", "keys", "near", "unit")

    def __init__(self, unit: Unit, power: Fraction, divisor: Fraction, keys: Keys) -> None:
        self.unit, self.keys, self._infinite = unit, keys, divisor == 0
        if self._infinite:
            self._top, self._bottom = unit.votes.numerator, unit.votes.denominator
        else:
            self._top = power.numerator * divisor.denominator
            self._bottom = power.denominator * divisor.numerator
        self.near = _nearest(self._top, self._bottom)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Turn)
            and self._infinite == other._infinite
            and self._top * other._bottom == other._top * self._bottom
        )

    def __lt__(self, other: Turn) -> bool:
        if self._infinite != other._infinite:
            return self._infinite
        if self.near != other.near:
            return self.near > other.near
        mine, theirs = self._top * other._bottom, other._top * self._bottom
        return mine > theirs if mine != theirs else self.keys > other.keys


def _nearest(top: int, bottom: int) -> float:
    """The nearest number of the machine: never in another order than the exact ones, and told apart in a
    tenth of their time; where two have the same, the exact ones decide.
    """
    try:
        return top / bottom
    except OverflowError:
        return inf


def divide_by_divisors(
    method: DivisorMethod, units: Sequence[Unit], seats: int, *, decide: TieRule, place: str = ""
) -> Division:
    """Give ``seats`` to the highest quotients; a unit's sequence begins after the seats it holds.

    Units without votes get nothing. Equal quotients go by ``decide``.
    """
    gained = {unit.id: 0 for unit in units}
    powers = {unit.id: unit.votes**method.degree for unit in units}
    divisor = cache(method.divisor)

    def turn_of(unit: Unit) -> Turn:
        seats = unit.held + gained[unit.id]
        return Turn(unit, powers[unit.id], divisor(seats + 1), unit.keys(decide, seats))

    queue = [turn_of(unit) for unit in units if unit.votes > 0]
    heapify(queue)
    chosen: list[Turn] = []
    for _ in range(seats if queue else 0):
        chosen.append(queue[0])
        unit = queue[0].unit
        gained[unit.id] += 1
        heapreplace(queue, turn_of(unit))
    waiting = [(turn.unit, turn, turn.keys) for turn in sorted(queue)]
    served = [(turn.unit, turn, turn.keys) for turn in chosen]
    tie = tie_at_the_cut(served, waiting, what="quotient", place=place, decide=decide) if chosen else None
    lines = tuple(_line(method, unit, gained[unit.id]) for unit in units)
    step = Step(place, method.name, seats, lines)
    order = tuple(turn.unit.id for turn in chosen)
    return Division(gained, (step,), (tie,) if tie else (), order, tuple(chosen))


def _line(method: DivisorMethod, unit: Unit, gained: int) -> Line:
    """What a unit got, the quotient of its last seat and that of the next."""
    if unit.votes <= 0:
        return Line(unit.id, unit.votes, gained)
    seat = unit.held + gained
    last = _quotient(method, unit.votes, seat) if gained else None
    return Line(
        unit.id, unit.votes, gained, last_quotient=last, next_quotient=_quotient(method, unit.votes, seat + 1)
    )


def _quotient(method: DivisorMethod, votes: Fraction, seat: int) -> Fraction | float:
    infinite, value = claim_of(method, votes, seat)
    if infinite:
        return float("inf")
    return value if method.degree == 1 else float(votes) / float(method.divisor(seat)) ** (1 / method.degree)


def house_that_covers(
    method: DivisorMethod, units: Sequence[Unit], floors: Sequence[int], start: int, decide: TieRule
) -> int:
    """The smallest house of at least ``start`` seats in which every unit's share covers its floor.

    The house must reach down to the weakest claim among the floors; every claim ahead of it is served before.
    Units without votes can never be covered and must not have a floor.
    """
    needs = [
        (claim_of(method, unit.votes, floor), unit.keys(decide, floor - 1))
        for unit, floor in zip(units, floors, strict=True)
        if floor > 0
    ]
    if not needs:
        return start
    weakest = min(needs)
    return max(start, sum(_seats_down_to(method, unit, weakest, decide) for unit in units if unit.votes > 0))


def _seats_down_to(method: DivisorMethod, unit: Unit, weakest: tuple[Claim, Keys], decide: TieRule) -> int:
    """How many claims of the unit are not behind ``weakest``, by doubling and halving."""

    def ahead(seat: int) -> bool:
        claim = claim_of(method, unit.votes, seat)
        return (claim, unit.keys(decide, seat - 1)) >= weakest

    high = 1
    while ahead(high):
        high *= 2
    return smallest(lambda seat: not ahead(seat), high // 2 + 1, high) - 1


def smallest(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The smallest number from ``low`` on for which it ``holds``, by halving; it does for ``high``."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return high


def divide_by_quota(
    allocation: Allocation,
    units: Sequence[Unit],
    seats: int,
    *,
    electorate: Fraction,
    decide: TieRule,
    place: str = "",
    limited: bool = False,
    small: frozenset[str] = frozenset(),
) -> Division:
    """Whole quotas first, then the seats left over; too many awarded are taken from the smallest remainders.

    ``electorate`` are the votes behind the quota. Units without votes get nothing; where they are ``limited``
    they get no more than their limit. Those too ``small`` get no seat left over, but where all are.
    """
    price = quota_of(allocation, electorate, seats)
    taking_part = [unit for unit in units if unit.votes > 0] if price else []
    if not taking_part or price is None:
        return Division({unit.id: 0 for unit in units}, (Step(place, allocation.method, seats, ()),))
    count = QuotaCount(taking_part, price, decide, place, limited=limited)
    count.take_back(sum(count.seats.values()) - seats)
    left = seats - sum(count.seats.values())
    needed = price * (allocation.remainder_from or 0)
    closed = frozenset(unit.id for unit in taking_part if unit.id in small or unit.votes < needed)
    count.closed = closed if len(closed) < len(taking_part) else frozenset()
    if allocation.remainder == "highest-average":
        count.serve_by_average(left)
    elif allocation.remainder == "largest-then-highest-average":
        left -= count.serve(left, lambda unit: count.remainders[unit.id], "remainder", rounds=1)
        count.closed = frozenset()
        while left > 0:
            left -= count.serve(left, count.next_average, "votes / (seats + 1)", rounds=1)
    elif allocation.remainder == "largest-lists":
        count.serve(left, lambda unit: unit.votes, "votes")
    elif allocation.remainder == "without-quota":
        whole = {unit.id: unit.votes >= price for unit in taking_part}
        count.serve(left, lambda unit: (not whole[unit.id], unit.votes), "votes")
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
    order, claims = tuple(name for name, _ in count.served), tuple(claim for _, claim in count.served)
    return Division(gained, (step,), tuple(count.ties), order, claims)


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

    def __init__(
        self, units: Sequence[Unit], price: Fraction, decide: TieRule, place: str, *, limited: bool = False
    ) -> None:
        self.units, self.price, self.place, self.limited = units, price, place, limited
        self.decide: TieRule = decide
        self.seats: dict[str, int] = {}
        self.remainders: dict[str, Fraction] = {}
        self.ties: list[Tie] = []
        self.closed: frozenset[str] = frozenset()
        self.served: list[tuple[str, object]] = []
        for unit in units:
            whole, self.remainders[unit.id] = whole_and_remainder(unit.votes, price)
            limit = unit.limit if limited and unit.limit is not None else whole
            self.seats[unit.id] = min(whole, limit)

    def round_up(self, needed: Fraction) -> None:
        """A remainder of at least ``needed`` of a quota counts as a whole one (Estonia, § 62 (3): 75 %), of
        lists that get more than whole quotas.
        """
        for unit in self.units:
            if self.remainders[unit.id] >= needed * self.price and self.may_get_more(unit):
                self.seats[unit.id] += 1
                self.remainders[unit.id] -= self.price

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

    def serve(self, left: int, claim: Callable[[Unit], Any], what: str, rounds: int | None = None) -> int:
        """One seat each in the order of the claims, round after round until none is left, or so many rounds
        are over; how many were given. Lists that are ``closed`` to it get none, nor those at their limit.
        """
        before = len(self.served)
        while (
            left > 0 and rounds != 0 and (units := [unit for unit in self.units if self.may_get_more(unit)])
        ):
            claims = {unit.id: claim(unit) for unit in units}
            winners, ties = first_among(
                units,
                min(left, len(units)),
                lambda unit, claims=claims: claims[unit.id],
                what=what,
                place=self.place,
                decide=self.decide,
                seats=self.seats,
            )
            self.ties += ties
            for unit in winners:
                self.seats[unit.id] += 1
                self.served.append((unit.id, claims[unit.id]))
            left -= len(winners)
            rounds = None if rounds is None else rounds - 1
        return len(self.served) - before

    def may_get_more(self, unit: Unit) -> bool:
        """Whether seats left over are open to the list."""
        full = self.limited and unit.limit is not None and self.seats[unit.id] >= unit.limit
        return unit.id not in self.closed and not full

    def serve_by_average(self, left: int) -> None:
        """One seat after the other to the highest votes / (seats + 1)."""
        units = [unit._replace(held=self.seats[unit.id]) for unit in self.units if unit.id not in self.closed]
        method = METHODS["dhondt"]
        assert isinstance(method, DivisorMethod)
        division = divide_by_divisors(method, units, left, decide=self.decide, place=self.place)
        for name, seats in division.seats.items():
            self.seats[name] += seats
        self.served += zip(division.order, division.claims, strict=True)
        self.ties += division.ties

    def next_average(self, unit: Unit) -> Fraction:
        """Votes / (seats + 1)."""
        return unit.votes / (self.seats[unit.id] + 1)

    def average(self, unit: Unit) -> tuple[bool, Fraction]:
        """Votes per seat held; lists that hold none come after those that do."""
        holds = self.seats[unit.id]
        return holds > 0, unit.votes / holds if holds else Fraction(0)


class Premium(NamedTuple):
    """At least so many ``seats`` for the list or alliance with most votes, if these are ``needed`` votes, or
    for the ``winner`` of a second round, an alliance or a list. With ``lists_apart`` all other alliances are
    none (San Marino).
    """

    seats: int
    needed: Fraction
    winner: str | None = None
    lists_apart: bool = False


class Plan(NamedTuple):
    """How one division works.

    ``outside`` are votes of lists that take no part but stand behind the quota (``quota_of = "valid"``).
    """

    allocation: Allocation
    decide: TieRule
    alliances: Allocation | None = None
    outside: Fraction = Fraction(0)
    premium: Premium | None = None
    excess_left: bool = False
    """Whether what exceeds a limit is left over, as other seats beyond whole quotas are."""
    small: frozenset[str] = frozenset()
    """Lists too small for a seat by remainder, if there are others."""


def divide(plan: Plan, units: Sequence[Unit], seats: int, place: str = "") -> Division:
    """Divide ``seats``: between alliances and single lists first, then inside each alliance; there between
    sub-alliances and the other lists first (Switzerland, BPR art. 42).
    """
    if plan.alliances is None:
        return _divide_with_premium(plan, units, seats, place)
    if plan.premium is not None and plan.premium.lists_apart:
        first, _ = _largest(plan, [competitor for competitor, _ in _grouped(units)], place)
        units = [_alone(unit) if not any(_stands_for(one, unit) for one in first) else unit for unit in units]
    groups = _grouped(units)
    between = _divide_with_premium(plan, [competitor for competitor, _ in groups], seats, place)
    given: dict[str, int] = {}
    steps, ties = list(between.steps), list(between.ties)
    for competitor, members in groups:
        given.update({unit.id: 0 for unit in members if not unit.wins})
        members = [unit for unit in members if unit.wins]
        if members == [competitor]:
            given[competitor.id] = between.seats[competitor.id]
            continue
        own, where = Plan(plan.alliances, plan.decide), f"{place} {competitor.id}".strip()
        if any(unit.sub_alliance for unit in members):
            inside = [unit._replace(alliance=unit.sub_alliance, sub_alliance=None) for unit in members]
            own = own._replace(alliances=plan.alliances)
            division = divide(own, inside, between.seats[competitor.id], where)
        else:
            division = _divide_with_floors(own, members, between.seats[competitor.id], where)
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
            groups.append((_as_one(_alliance_name(unit.alliance or ""), members), members))
    return groups


def _as_one(name: str, members: Sequence[Unit]) -> Unit:
    winning = [unit for unit in members if unit.wins]
    limits = [unit.limit for unit in winning if unit.limit is not None]
    national = [unit.national for unit in members if unit.national is not None]
    return Unit(
        name,
        sum((unit.votes for unit in members), Fraction(0)),
        min(unit.order for unit in members),
        limit=sum(limits) if len(limits) == len(winning) else None,
        behind_quota=sum((unit.electorate for unit in members), Fraction(0)),
        national=sum(national) if national else None,
    )


def _alliance_name(alliance: str) -> str:
    """The id of an alliance that competes as one."""
    return f"alliance {alliance}"


def _stands_for(competitor: Unit, unit: Unit) -> bool:
    """Whether a competitor is this list or its alliance."""
    return competitor.id == unit.id or (
        unit.alliance is not None and competitor.id == _alliance_name(unit.alliance)
    )


def _alone(unit: Unit) -> Unit:
    return unit._replace(alliance=None, sub_alliance=None)


def _largest(plan: Plan, competitors: Sequence[Unit], place: str) -> tuple[list[Unit], list[Tie]]:
    """The competitor with most votes, or the winner of the second round; and the tie."""
    winner = plan.premium.winner if plan.premium is not None else None
    if winner is not None:
        names = (winner, _alliance_name(winner))
        return [unit for unit in competitors if unit.alliance == winner or unit.id in names], []
    return _with_most_votes(competitors, plan.decide, place)


def _divide_with_premium(plan: Plan, units: Sequence[Unit], seats: int, place: str) -> Division:
    """A division in which the largest has at least its premium (Italy, law 270/2005 art. 1: 340 seats)."""
    division = divide_with_caps(plan, units, seats, place)
    if plan.premium is None:
        return division
    largest, ties = _largest(plan, units, place)
    premium = min(plan.premium.seats, seats)
    needed = plan.premium.needed if plan.premium.winner is None else 0
    if not largest or largest[0].votes < needed or division.seats[largest[0].id] >= premium:
        return division
    others = [unit for unit in units if unit.id != largest[0].id]
    rest = divide_with_caps(plan, others, seats - premium, place)
    given = {unit.id: premium if unit is largest[0] else rest.seats[unit.id] for unit in units}
    return rest._replace(seats=given, ties=(*ties, *rest.ties))


def with_some_aside(
    units: Sequence[Unit],
    seats: int,
    divide_among: Callable[[list[Unit], int], Division],
    to_set_aside: Callable[[list[Unit], int, Division], Mapping[str, int]],
) -> Division:
    """Divide ``seats``, set units aside with seats of their own as long as there are any to, and divide the
    rest anew among the others.
    """
    aside: dict[str, int] = {}
    while True:
        free = [unit for unit in units if unit.id not in aside]
        left = max(seats - sum(aside.values()), 0)
        division = divide_among(free, left)
        more = to_set_aside(free, left, division)
        if not more:
            return division._replace(
                seats={u.id: aside.get(u.id, division.seats.get(u.id, 0)) for u in units}
            )
        aside.update(more)


def divide_with_caps(plan: Plan, units: Sequence[Unit], seats: int, place: str = "") -> Division:
    """Divide by the method; what exceeds a unit's limit goes to the others by the same method among them."""

    def beyond_the_limit(free: list[Unit], _left: int, division: Division) -> dict[str, int]:
        over = {
            unit.id: max(unit.limit - unit.held, 0)
            for unit in free
            if unit.limit is not None and unit.held + division.seats[unit.id] > unit.limit
        }
        return over if any(division.seats[name] != limit for name, limit in over.items()) else {}

    return with_some_aside(
        units, seats, lambda free, left: divide_by_method(plan, free, left, place), beyond_the_limit
    )


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
            limited=plan.excess_left,
            small=plan.small,
        )
    return divide_by_divisors(divisors_of(plan.allocation), units, seats, decide=plan.decide, place=place)


def _divide_with_floors(plan: Plan, units: Sequence[Unit], seats: int, place: str) -> Division:
    """Inside an alliance a list keeps at least its floor; the rest is divided among the others."""

    def below_the_floor(free: list[Unit], left: int, division: Division) -> dict[str, int]:
        short = [unit for unit in free if division.seats[unit.id] < unit.floor]
        kept: dict[str, int] = {}
        for unit in short if len(short) < len(free) else ():
            kept[unit.id] = min(unit.floor, left - sum(kept.values()))
        return kept

    return with_some_aside(
        units, seats, lambda free, left: divide_with_caps(plan, free, left, place), below_the_floor
    )
