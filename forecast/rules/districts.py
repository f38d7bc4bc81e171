"""The constituency tier: the seats of each district, their division by its own votes, and seats left over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from forecast.election.constituencies import LEVELLED, Districts
from forecast.election.methods import Allocation
from forecast.election.rule import Rule
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.rules.allocation import (
    IN_PROPORTION,
    Plan,
    QuotaCount,
    award_bonus,
    divide,
    divide_by_method,
    quota_of,
)
from forecast.rules.ballot import Ballot, District, problems_of, regions_of
from forecast.rules.outcome import Admission, DistrictSeats, Division, Line, Step, Tie, Unit
from forecast.rules.thresholds import entitled_in, most_alone, outside_quota_in, weight_of

_SAINTE_LAGUE = Allocation.model_validate({"method": "sainte-lague"})
_SIZES = "seats of the districts"


@dataclass(frozen=True)
class Tier:
    """What the districts gave: seats by district and list, who competed in each, the working and the ties.

    ``pooled`` are seats won nationally from what the districts left over, ``direct`` constituencies that
    lists hold besides.
    """

    seats: Mapping[str, Mapping[str, int]]
    sizes: Mapping[str, int]
    units: Mapping[str, Sequence[Unit]]
    steps: tuple[Step, ...] = ()
    ties: tuple[Tie, ...] = ()
    pooled: Mapping[str, int] = field(default_factory=dict)
    direct: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)
    """Seats of each list by its votes in the districts, whatever it holds directly."""
    beyond: Mapping[str, int] = field(default_factory=dict)
    """Direct seats of each list beyond its share of the district."""

    @property
    def won(self) -> dict[str, int]:
        """Seats of each list over all districts, those pooled and the constituencies included."""
        total = Counter(self.pooled)
        for seats in (*self.seats.values(), *self.direct.values()):
            total.update(seats)
        return dict(total)

    def districts(self, levelling: Mapping[str, Mapping[str, int]]) -> tuple[DistrictSeats, ...]:
        """Seats by district, with the levelling seats placed there."""
        return tuple(
            DistrictSeats(name, size, self.seats[name], levelling.get(name, {}), self.direct.get(name, {}))
            for name, size in self.sizes.items()
        )


def divide_districts(rule: Rule, ballot: Ballot, admissions: Mapping[str, Admission]) -> Tier:
    """Seats won in the districts by each list.

    ``admissions`` are national; empty where the threshold does not guard the districts. Raises
    ``ConfigurationError`` where the table lacks what the rule asks for.
    """
    needs_table(rule, ballot)
    districts, sizes = rule.constituencies, district_seats(rule, ballot)
    regional = districts.local_threshold is not None and districts.local_threshold.of == "region"
    regions = regions_of(ballot) if regional else {}
    units = {
        district.name: entitled_in(rule, ballot, admissions, district, regions.get(district.region))
        for district in ballot.districts
    }
    if districts.leftover is not None:
        return _with_national_leftover(rule, ballot, units, sizes)
    won: dict[str, Mapping[str, int]] = {}
    shares, beyond = Counter[str](), Counter[str]()
    steps, ties = list(sizes.steps), list(sizes.ties)
    for district in ballot.districts:
        local = units[district.name]
        division = divide_district(rule, ballot, district, local, sizes.seats[district.name])
        won[district.name] = with_direct_seats(districts, district, division.seats)
        shares.update(division.seats)
        beyond.update({k: max(n - division.seats.get(k, 0), 0) for k, n in district.direct.items()})
        steps += division.steps
        ties += division.ties
    besides = ballot.districts if districts.direct == "start" else ()
    direct = {district.name: district.direct for district in besides}
    return Tier(
        won, sizes.seats, units, tuple(steps), tuple(ties), direct=direct, shares=shares, beyond=beyond
    )


def needs_table(rule: Rule, ballot: Ballot) -> None:
    """``ConfigurationError`` where the ballot has no table of districts, or one that the rule cannot use."""
    if not ballot.districts:
        remedy = "the rule divides seats by district: a table is needed"
        raise ConfigurationError(Fault("count", "districts", ABSENT, remedy))
    faults = [
        Fault("count", f"districts.{p.district}.{p.column}".replace("..", "."), p.found, p.remedy)
        for p in problems_of(rule, ballot.districts)
    ]
    if faults:
        raise ConfigurationError(*faults)


def with_direct_seats(
    districts: Districts, district: District, seats: Mapping[str, int]
) -> Mapping[str, int]:
    """What each list holds at least in a district, by its share there and its direct seats.

    Germany, BWahlG § 6: the larger of the two (as amended on 3 May 2013); the larger of the direct seats and
    the mean of both, rounded up (as amended on 14 November 2020).
    """
    if districts.direct not in ("plurality", "mean"):
        return seats
    held = dict(seats)
    for name, direct in district.direct.items():
        held.setdefault(name, 0)
        held[name] = max(held[name], direct) if districts.direct == "plurality" else held[name]
    if districts.direct == "mean":
        held = {
            k: max(district.direct.get(k, 0), -(-(district.direct.get(k, 0) + n) // 2))
            for k, n in held.items()
        }
    return held


def divide_district(
    rule: Rule, ballot: Ballot, district: District, units: Sequence[Unit], seats: int
) -> Division:
    """The seats of one district among the lists that take part there.

    With ``direct = "start"`` the divisors of a list begin after its direct seats, which are not among the
    seats returned.
    """
    districts, bonus, ties = rule.constituencies, dict[str, int](), list[Tie]()
    if districts.bonus is not None:
        bonus, ties = award_bonus(districts.bonus, units, district.valid, seats, rule.ties, district.name)
    if districts.direct == "start":
        units = [unit._replace(held=district.direct.get(unit.id, 0)) for unit in units]
    outside = outside_quota_in(rule, ballot, units, district)
    plan = Plan(districts, rule.ties, rule.alliances, outside)
    division = divide(plan, units, seats - sum(bonus.values()), district.name)
    total = {name: given + bonus.get(name, 0) for name, given in division.seats.items()}
    return division._replace(seats=total, ties=(*ties, *division.ties))


def district_seats(rule: Rule, ballot: Ballot) -> Division:
    """How many seats each district has: as the table says, by the votes cast in it, or by its population.

    Districts that the table gives 0 seats have none.
    """
    districts = rule.constituencies
    if districts.seats == "given":
        return Division({district.name: district.seats or 0 for district in ballot.districts})
    by_votes = districts.seats == "by-votes"
    competitors = [
        Unit(district.name, Fraction(district.valid if by_votes else district.population or 0), order)
        for order, district in enumerate(ballot.districts)
        if district.seats != 0
    ]
    total = districts.start_seats or rule.seats
    division = divide_by_method(
        Plan(IN_PROPORTION if by_votes else _SAINTE_LAGUE, rule.ties), competitors, total, _SIZES
    )
    return division._replace(
        seats={district.name: division.seats.get(district.name, 0) for district in ballot.districts}
    )


def _with_national_leftover(
    rule: Rule, ballot: Ballot, units: Mapping[str, Sequence[Unit]], sizes: Division
) -> Tier:
    """Whole quotas in districts, the rest nationally: by the summed remainders (Czechia, law 247/1995 §§ 50,
    51; Romania, law 208/2015 art. 94), where independents take no part, or by the levelling (Estonia, § 62).
    """
    won: dict[str, Mapping[str, int]] = {}
    remainders = {entry.id: Fraction(0) for entry in ballot.entries}
    steps, ties = list(sizes.steps), list(sizes.ties)
    districts, left = rule.constituencies, 0
    prices = _quotas(rule, ballot, units, sizes.seats)
    most = {entry.id: most_alone(entry.kind, entry.max_seats) for entry in ballot.entries}
    alone = frozenset(name for name, limit in most.items() if limit is not None)
    for district in ballot.districts:
        local = [unit._replace(limit=most[unit.id]) for unit in units[district.name]]
        seats, price = sizes.seats[district.name], prices[district.name]
        won[district.name] = {unit.id: 0 for unit in local}
        if price is None or not any(unit.votes for unit in local):
            left += seats
            continue
        local_units = [unit for unit in local if unit.votes > 0]
        count = QuotaCount(local_units, price, rule.ties, district.name, limited=True)
        count.closed = alone
        if districts.remainder == "rounded":
            count.round_up(districts.remainder_from or Fraction(1))
        if districts.quota_in == "district":
            count.take_back(sum(count.seats.values()) - seats)
        left += seats - sum(count.seats.values())
        ties += count.ties
        steps.append(_district_step(district.name, districts.method, seats, count))
        won[district.name] = {unit.id: count.seats.get(unit.id, 0) for unit in local}
        for name, remainder in count.remainders.items():
            remainders[name] += remainder
    if districts.leftover == LEVELLED:
        return Tier(won, sizes.seats, units, tuple(steps), tuple(ties))
    pooled = [
        Unit(entry.id, remainders[entry.id], order)
        for order, entry in ballot.in_order(rule.ties)
        if entry.id not in alone
    ]
    method = Allocation.model_validate({"method": districts.leftover})
    division = divide_by_method(Plan(method, rule.ties), pooled, left, "seats left over")
    return Tier(
        won, sizes.seats, units, (*steps, *division.steps), (*ties, *division.ties), pooled=division.seats
    )


def _quotas(
    rule: Rule, ballot: Ballot, units: Mapping[str, Sequence[Unit]], sizes: Mapping[str, int]
) -> dict[str, Fraction | None]:
    """The price of a seat in each district, by the votes and seats there or in its region."""
    districts, behind, seats = rule.constituencies, defaultdict[str, Fraction](Fraction), Counter[str]()
    place_of = {d.name: d.region if districts.quota_in == "region" else d.name for d in ballot.districts}
    for district in ballot.districts:
        local, place = units[district.name], place_of[district.name]
        behind[place] += sum((unit.electorate for unit in local), Fraction(0))
        behind[place] += outside_quota_in(rule, ballot, local, district)
        seats[place] += sizes[district.name]
    return {name: quota_of(districts, behind[place], seats[place]) for name, place in place_of.items()}


def with_regional_quotas(rule: Rule, ballot: Ballot, tier: Tier, admissions: Mapping[str, Admission]) -> Tier:
    """Whole quotas of admitted lists in a region that its districts did not give (Austria, NRWO § 101): seats
    of the region, which are in no district.
    """
    prices = _quotas(rule, ballot, tier.units, tier.sizes)
    pooled = Counter(tier.pooled)
    for region, place in regions_of(ballot).items():
        inside = [d.name for d in ballot.districts if d.region == region]
        price = prices[inside[0]]
        for entry in ballot.entries if price else ():
            if admissions[entry.id].admitted:
                given = sum(tier.seats[name].get(entry.id, 0) for name in inside)
                whole = place.votes.get(entry.id, 0) * weight_of(rule, entry) // (price or 1)
                pooled[entry.id] += max(int(whole) - given, 0)
    return replace(tier, pooled=pooled)


def _district_step(place: str, method: str, seats: int, count: QuotaCount) -> Step:
    lines: list[Line] = []
    for unit in count.units:
        remainder: Fraction = count.remainders[unit.id]
        whole = int((unit.votes - remainder) / count.price)
        lines.append(Line(unit.id, unit.votes, count.seats[unit.id], whole, remainder))
    return Step(place, method, seats, tuple(lines), quota=count.price)
