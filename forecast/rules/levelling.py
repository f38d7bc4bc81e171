"""Seats held in constituencies against the national share: keep, redistribute, start after them, or level; in
which districts levelling seats are then taken, and from which surplus seats are given back.

Steps of ``[[rule.levelling.placing]]``: every one gives the seats of each list to places, one by one, by
exact quotients of votes there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from forecast.election.methods import METHODS, DivisorMethod, divisors_of
from forecast.election.rule import Levelling, Placing, Rule
from forecast.election.values import MOST_SEATS, DecidedBy, TieRule
from forecast.errors import Fault, NoValidOutcome
from forecast.rules.allocation import (
    Claim,
    Plan,
    claim_of,
    divide,
    divide_with_caps,
    house_that_covers,
    smallest,
    with_some_aside,
)
from forecast.rules.ballot import Ballot, District, regions_of
from forecast.rules.districts import Tier
from forecast.rules.outcome import Division, Keys, Tie, Unit, decided_by, first_among, precedence


def level_out(
    levelling: Levelling,
    plan: Plan,
    units: Sequence[Unit],
    held: Mapping[str, int],
    pool: int,
    beyond: Mapping[str, int],
    *,
    outsiders: int = 0,
) -> Division:
    """Final seats of the admitted ``units``, of which ``held`` names the seats they have already.

    ``pool`` are the seats that they share, those held included; ``beyond`` those of ``held`` that are
    constituencies beyond their shares of districts; ``outsiders`` the seats held by others.
    """
    if levelling.mode == "part":
        return _give_part(
            plan, units, held, pool, (levelling.house or 0) - outsiders, levelling.part or Fraction(0)
        )
    if levelling.mode == "start":
        return _start_after(plan, units, held, pool)
    if levelling.mode == "apart":
        division = divide(plan, units, max(pool - sum(held[unit.id] for unit in units), 0))
        return division._replace(seats={name: held[name] + seats for name, seats in division.seats.items()})
    if levelling.mode == "keep":
        division = _keep(plan, units, held, pool)
    elif levelling.mode == "redistribute":
        division = _redistribute(plan, units, held, pool)
    elif levelling.mode == "level":
        division = _grow(levelling, plan, units, held, pool, beyond)
    else:
        division = divide(plan, units, pool)
    return division._replace(order=_beyond(division.order, held))


def _beyond(order: Sequence[str], held: Mapping[str, int]) -> tuple[str, ...]:
    """The order of the seats that come to those held: the first seats of a list are those."""
    passed, beyond = Counter[str](), list[str]()
    for name in order:
        passed[name] += 1
        if passed[name] > held.get(name, 0):
            beyond.append(name)
    return tuple(beyond)


def _give_part(
    plan: Plan, units: Sequence[Unit], held: Mapping[str, int], pool: int, house: int, part: Fraction
) -> Division:
    """A part of what each list's share of the ``house`` is above its seats held: rounded, none below 1; in
    proportion to these numbers where they are too many, and what they leave by the votes.

    Korea, Public Official Election Act art. 189 (2): half, of the house less seats of those outside.
    """
    total = sum((unit.votes for unit in units), Fraction(0))
    linked: dict[str, int] = {}
    for unit in units:
        lacks = part * (house * unit.votes / total - held[unit.id]) if total else Fraction(0)
        linked[unit.id] = floor(lacks + Fraction(1, 2)) if lacks >= 1 else 0
    given = sum(linked.values())
    if given > pool:
        claims = [u._replace(votes=Fraction(linked[u.id]), behind_quota=None, limit=None) for u in units]
        return divide(plan._replace(outside=Fraction(0)), claims, pool)
    division = divide(plan, [unit._replace(limit=None) for unit in units], pool - given)
    return division._replace(seats={name: linked[name] + seats for name, seats in division.seats.items()})


def _keep(plan: Plan, units: Sequence[Unit], held: Mapping[str, int], pool: int) -> Division:
    """The larger of share and seats held; the house grows (New Zealand, Electoral Act 1993 s 192)."""
    division = divide(plan, units, pool)
    return division._replace(seats={name: max(seats, held[name]) for name, seats in division.seats.items()})


def _redistribute(plan: Plan, units: Sequence[Unit], held: Mapping[str, int], pool: int) -> Division:
    """Lists above their share are set aside with their seats; the rest is divided anew (Sweden, Norway)."""
    return with_some_aside(
        units,
        pool,
        lambda free, left: divide(plan, free, left),
        lambda _, __, division: {n: held[n] for n, seats in division.seats.items() if held[n] > seats},
    )


def _start_after(plan: Plan, units: Sequence[Unit], held: Mapping[str, int], pool: int) -> Division:
    """Divisors begin after the seats held (Scotland Act 1998 s 8, Iceland)."""
    holding = [unit._replace(held=held[unit.id]) for unit in units]
    division = divide_with_caps(plan, holding, max(pool - sum(held[unit.id] for unit in units), 0))
    return division._replace(seats={name: held[name] + seats for name, seats in division.seats.items()})


def _grow(
    levelling: Levelling,
    plan: Plan,
    units: Sequence[Unit],
    held: Mapping[str, int],
    pool: int,
    beyond: Mapping[str, int],
) -> Division:
    """The house grows until every share covers the seats held (Germany, BWahlG § 6 of 2013 to 2023), but for
    as many constituencies in all as may stay unbalanced (three since 14 November 2020, § 6 (5)), and by one
    more where its parity asks for that (North Rhine-Westphalia, LWahlG § 33 (4): an odd number).

    A list without votes has no share to grow; it keeps what it holds on top. Raises ``NoValidOutcome`` where
    a list holds seats with next to no votes, so that no house would do.
    """
    voted = [unit for unit in units if unit.votes > 0]
    least = [held[unit.id] for unit in voted]
    house = house_that_covers(divisors_of(plan.allocation), voted, least, pool, plan.decide)
    if levelling.parity is not None and (house % 2 == 1) != (levelling.parity == "odd"):
        house += 1
    if house > MOST_SEATS:
        remedy = "the house would grow beyond reason to cover the seats held; check votes and direct seats"
        raise NoValidOutcome(Fault("count", "rule.levelling.mode", f"{house} seats", remedy))
    division = divide(plan, units, house)
    if levelling.unbalanced:
        floors = {unit.id: held[unit.id] for unit in voted}
        division = _least_house(plan, units, floors, beyond, levelling.unbalanced, (pool, house))
    return division._replace(seats={name: max(seats, held[name]) for name, seats in division.seats.items()})


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

    def enough(house: int) -> bool:
        seats = divide(plan, units, house).seats
        lacking = {name: max(floor - seats.get(name, 0), 0) for name, floor in floors.items()}
        own = all(number <= beyond.get(name, 0) for name, number in lacking.items())
        return own and sum(lacking.values()) <= unbalanced

    return divide(plan, units, smallest(enough, *between))


NATION = ""
_Pair = tuple[str, str]
"""A list and a place."""


@dataclass(frozen=True)
class Placed:
    """Levelling seats by place and list, those of each list that found no place, and the ties."""

    seats: Mapping[str, Mapping[str, int]]
    unplaced: Mapping[str, int]
    ties: tuple[Tie, ...] = ()


@dataclass(frozen=True)
class _Site:
    """A place while seats are put there: what it holds, and how many more it takes (``None``: any)."""

    district: District
    fixed: Mapping[str, int]
    size: int
    room: int | None


def place_levelling(
    rule: Rule, ballot: Ballot, tier: Tier, due: Mapping[str, int], order: Sequence[str]
) -> Placed:
    """The levelling seats ``due`` to each list, by district.

    ``order`` names the list of each, as they were won nationally. Raises ``ConfigurationError`` where a
    capacity is not one of the places of the table.
    """
    here: dict[str, Mapping[str, int]] = {NATION: due}
    unplaced, ties = Counter[str](), list[Tie]()
    for step in rule.placing:
        sites = _sites(step, ballot, tier)
        below: dict[str, Mapping[str, int]] = {}
        for parent, seats in here.items():
            inside = {name: site for name, site in sites.items() if parent in (NATION, site.district.region)}
            placed = _place(step, inside, seats, order, rule.ties)
            below |= placed.seats
            unplaced.update(placed.unplaced)
            ties += placed.ties
        here = below
    if not rule.placing:
        unplaced.update(due)
        here = {}
    return Placed(here, {name: seats for name, seats in unplaced.items() if seats}, tuple(ties))


def _sites(step: Placing, ballot: Ballot, tier: Tier) -> dict[str, _Site]:
    """The places of a step with the fixed seats that lists hold there."""
    places = regions_of(ballot) if step.where == "region" else {d.name: d for d in ballot.districts}
    rooms = step.rooms({name: place.levelling for name, place in places.items()}, "count")
    sites: dict[str, _Site] = {}
    for name, place in places.items():
        members = [
            d.name for d in ballot.districts if name in (d.region if step.where == "region" else d.name,)
        ]
        fixed = Counter[str]()
        for member in members:
            fixed.update(tier.seats[member])
        size = sum(tier.sizes[member] for member in members)
        sites[name] = _Site(place, fixed, size, rooms[name])
    return sites


class _Placement:
    """One parent's seats while they go to its places."""

    def __init__(
        self, step: Placing, sites: Mapping[str, _Site], due: Mapping[str, int], decide: TieRule
    ) -> None:
        method = METHODS[step.method]
        assert isinstance(method, DivisorMethod)
        self.step, self.sites, self.method, self.decide = step, sites, method, decide
        self.left = {name: seats for name, seats in due.items() if seats > 0}
        self.placed: dict[str, Counter[str]] = {name: Counter() for name in sites}
        self.equal: list[tuple[_Pair, _Pair, int, DecidedBy]] = []

    def pairs(self, lists: Sequence[str]) -> Iterator[_Pair]:
        """Lists and places that are open to each other: a list takes seats only where it has votes."""
        open_to = [
            place
            for place, site in self.sites.items()
            if site.room is None or self.placed[place].total() < site.room
        ]
        for name in lists:
            for place in open_to:
                if self.sites[place].district.votes.get(name, 0) > 0:
                    yield name, place

    def votes(self, pair: _Pair) -> int:
        """Votes of the list in the place."""
        return self.sites[pair[1]].district.votes[pair[0]]

    def claim(self, pair: _Pair) -> Claim:
        """The quotient with which the list claims its next seat in the place."""
        name, place = pair
        site, votes = self.sites[place], Fraction(self.votes(pair))
        if self.step.compare != "votes":
            votes /= site.district.valid
        if self.step.compare == "quotas":
            votes *= site.size
        return claim_of(self.method, votes, site.fixed.get(name, 0) + self.placed[place][name] + 1)

    def give(self, lists: Sequence[str]) -> bool:
        """One seat to the highest claim among these lists; false where nothing is open to them.

        Equal claims go by the ties of the rule, then by the order of registration and that of the places.
        """
        claims = [(self.claim(pair), pair) for pair in self.pairs(lists)]
        if not claims:
            return False
        best, chosen = max(claims, key=lambda of: (of[0], self.keys(of[1])))
        kept = self.keys(chosen)
        name, place = chosen
        self.placed[place][name] += 1
        self.left[name] -= 1
        for claim, (other, where) in claims:
            if claim == best and (other, where) != chosen:
                by = decided_by(self.decide, (*kept, 1), (*self.keys((other, where)), 0))
                self.equal.append((chosen, (other, where), self.placed[where][other] + 1, by))
        return True

    def keys(self, pair: _Pair) -> Keys:
        """What decides for the list in the place among equal claims."""
        name, place = pair
        seats = self.sites[place].fixed.get(name, 0) + self.placed[place][name]
        return precedence(self.decide, self.votes(pair), seats, 0)[:-1]

    def ties(self) -> Iterator[Tie]:
        """Equal claims of which one went without a seat in the end."""
        for chosen, other, seat, decided in self.equal:
            name, where = other
            if self.placed[where][name] < seat:
                lists = tuple(dict.fromkeys((chosen[0], name)))
                places = ", ".join(dict.fromkeys((chosen[1], where)))
                yield Tie(lists, 1, chosen[:1], decided, "quotient for a levelling seat", places)


def _place(
    step: Placing,
    sites: Mapping[str, _Site],
    due: Mapping[str, int],
    order: Sequence[str],
    decide: TieRule,
) -> Placed:
    placement = _Placement(step, sites, due, decide)
    if step.order == "national":
        for name in order:
            placement.give([name])
    else:
        while placement.give([name for name, seats in placement.left.items() if seats > 0]):
            pass
    seats = {place: dict(given) for place, given in placement.placed.items()}
    return Placed(seats, placement.left, tuple(placement.ties()))


def give_back(rule: Rule, tier: Tier, totals: Mapping[str, int]) -> Tier:
    """The districts after lists have given back the seats that they hold beyond their national ``totals``.

    The seats with the lowest quotients of the list go first, each to the list next in turn in its district
    that is still below its total; where there is none the district is a seat short. Ties are added to those
    of the tier.
    """
    giving = _GivingBack(rule, divisors_of(rule.constituencies), tier, totals)
    for name in totals:
        giving.take_from(name)
    for place in giving.returned:
        giving.hand_on(place)
    return replace(tier, seats=giving.seats, ties=(*tier.ties, *giving.ties))


class _GivingBack:
    """Seats by district while surplus ones are taken back and handed on."""

    def __init__(self, rule: Rule, method: DivisorMethod, tier: Tier, totals: Mapping[str, int]) -> None:
        self.decide: TieRule = rule.ties
        self.method, self.tier, self.totals = method, tier, totals
        self.seats = {name: Counter(given) for name, given in tier.seats.items()}
        self.won = Counter(tier.won)
        self.votes = {place: {unit.id: unit.votes for unit in units} for place, units in tier.units.items()}
        self.returned: list[str] = []
        self.ties: list[Tie] = []

    def take_from(self, name: str) -> None:
        """The seats of a list beyond its total, where its quotients are lowest."""
        surplus = max(self.won[name] - self.totals[name], 0)
        claims = sorted(
            (
                (claim_of(self.method, self.votes[place][name], seat), place)
                for place, given in self.seats.items()
                for seat in range(1, given[name] + 1)
            ),
            key=lambda of: of[0],
        )
        for _, place in claims[:surplus]:
            self.seats[place][name] -= 1
            self.won[name] -= 1
            self.returned.append(place)
        if 0 < surplus < len(claims) and claims[surplus - 1][0] == claims[surplus][0]:
            equal = ", ".join(dict.fromkeys(place for claim, place in claims if claim == claims[surplus][0]))
            self.ties.append(
                Tie((name,), 1, (name,), self.decide[-1], "quotient for the seats that it keeps", equal)
            )

    def hand_on(self, place: str) -> None:
        """A seat given back in a district to the list next in turn there."""
        candidates = [
            unit
            for unit in self.tier.units[place]
            if unit.votes > 0 and self.won[unit.id] < self.totals.get(unit.id, 0)
        ]
        here = self.seats[place]
        winners, ties = first_among(
            candidates,
            1,
            lambda unit: claim_of(self.method, unit.votes, here[unit.id] + 1),
            what="quotient for a seat given back",
            place=place,
            decide=self.decide,
            seats=here,
        )
        self.ties += ties
        for unit in winners:
            here[unit.id] += 1
            self.won[unit.id] += 1
