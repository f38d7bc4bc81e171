"""The constituency tier: the seats of each district, their division by its own votes, and seats left over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from forecast.election.methods import METHODS, QuotaMethod, half_up
from forecast.election.rule import Allocation, Districts, Rule
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.rules.allocation import Plan, divide, divide_by_method
from forecast.rules.ballot import Ballot, District
from forecast.rules.outcome import Division, Line, Step
from forecast.rules.quota import QuotaCount, divide_by_quota
from forecast.rules.ties import Unit

_HARE = Allocation.model_validate({"method": "hare"})
_SAINTE_LAGUE = Allocation.model_validate({"method": "sainte-lague"})
_LEFTOVER = Allocation.model_validate({"method": "hagenbach-bischoff-rounded"})


def divide_districts(rule: Rule, districts: Districts, ballot: Ballot, units: Sequence[Unit]) -> Division:
    """Seats won in the districts by each unit, over all districts.

    ``units`` carry national votes; of these only the weight (votes of the unit / of its entry) is used here.
    Raises ``ConfigurationError`` where the table lacks what the rule asks for.
    """
    if not ballot.districts:
        raise ConfigurationError(
            Fault("count", "districts", ABSENT, "the rule divides seats by district: a table is needed")
        )
    sizes = district_seats(rule, districts, ballot)
    if districts.leftover is not None:
        return _with_national_leftover(rule, districts, ballot, units, sizes)
    won = dict.fromkeys((unit.id for unit in units), 0)
    steps, ties = list(sizes.steps), list(sizes.ties)
    for district in ballot.districts:
        local = _local(units, ballot, district)
        plan = Plan(districts, rule.ties, rule.alliances, _outside(districts, rule, ballot, district, local))
        division = divide(plan, local, sizes.seats[district.name], district.name)
        steps += division.steps
        ties += division.ties
        for name, seats in division.seats.items():
            held = district.direct.get(name, 0) if districts.direct == "plurality" else 0
            won[name] += max(seats, held)
    return Division(won, tuple(steps), tuple(ties))


def district_seats(rule: Rule, districts: Districts, ballot: Ballot) -> Division:
    """How many seats each district has: as the table says, by the votes cast in it, or by its population."""
    total = districts.start_seats or rule.seats
    if districts.seats == "given":
        _require("seats", [district.seats for district in ballot.districts], ballot.districts)
        return Division({district.name: district.seats or 0 for district in ballot.districts})
    if districts.seats == "by-votes":
        sizes = [sum(district.votes.values()) for district in ballot.districts]
        plan = Plan(_HARE, rule.ties)
    else:
        _require("population", [district.population for district in ballot.districts], ballot.districts)
        sizes = [district.population or 0 for district in ballot.districts]
        plan = Plan(_SAINTE_LAGUE, rule.ties)
    competitors = [
        Unit(district.name, Fraction(size), order)
        for order, (district, size) in enumerate(zip(ballot.districts, sizes, strict=True))
    ]
    return divide_by_method(plan, competitors, total, "seats of the districts")


def _require(column: str, values: Sequence[int | None], districts: Sequence[District]) -> None:
    faults = [
        Fault(
            "count",
            f"districts.{district.name}.{column}",
            ABSENT,
            f"the rule needs the {column} of every district",
        )
        for district, value in zip(districts, values, strict=True)
        if value is None
    ]
    if faults:
        raise ConfigurationError(*faults)


def _local(units: Sequence[Unit], ballot: Ballot, district: District) -> list[Unit]:
    """The units with their votes in one district, weighed as nationally."""
    cast = {entry.id: entry.votes for entry in ballot.entries}
    return [
        Unit(
            unit.id,
            district.votes.get(unit.id, 0) * _per_vote(unit.votes, cast[unit.id]),
            unit.order,
            alliance=unit.alliance,
            behind_quota=district.votes.get(unit.id, 0) * _per_vote(unit.electorate, cast[unit.id]),
        )
        for unit in units
    ]


def _per_vote(counted: Fraction, cast: int) -> Fraction:
    """What a vote for a list counts."""
    return counted / cast if cast else Fraction(1)


def _outside(
    allocation: Allocation, rule: Rule, ballot: Ballot, district: District, local: Sequence[Unit]
) -> Fraction:
    """Votes for lists in the district that take no part but stand behind its quota."""
    if allocation.quota_of != "valid":
        return Fraction(0)
    seatless = {entry.id for entry in ballot.entries if entry.kind == "none-of-the-above"}
    inside = {unit.id for unit in local}
    weights: Mapping[str, Fraction] = {
        entry.id: rule.weights.get(entry.kind, Fraction(1)) for entry in ballot.entries
    }
    others = [name for name in district.votes if name not in inside and name not in seatless]
    return sum((district.votes[name] * weights.get(name, Fraction(1)) for name in others), Fraction(0))


def _with_national_leftover(
    rule: Rule, districts: Districts, ballot: Ballot, units: Sequence[Unit], sizes: Division
) -> Division:
    """Rounded quotas in districts, the rest by summed remainders (Czechia, law 247/1995 §§ 50, 51)."""
    method = METHODS[districts.method]
    won = dict.fromkeys((unit.id for unit in units), 0)
    remainders = dict.fromkeys((unit.id for unit in units), Fraction(0))
    steps, ties = list(sizes.steps), list(sizes.ties)
    left = 0
    for district in ballot.districts:
        local = _local(units, ballot, district)
        seats, votes = sizes.seats[district.name], sum((unit.votes for unit in local), Fraction(0))
        if not isinstance(method, QuotaMethod) or seats < 1 or votes <= 0:
            left += seats
            continue
        price = half_up(method.quota(votes, seats))
        count = QuotaCount([unit for unit in local if unit.votes > 0], price, rule.ties, district.name)
        count.take_back(sum(count.seats.values()) - seats)
        left += seats - sum(count.seats.values())
        ties += count.ties
        steps.append(_district_step(district.name, districts.method, seats, count))
        for name, given in count.seats.items():
            won[name] += given
            remainders[name] += count.remainders[name]
    pooled = [Unit(unit.id, remainders[unit.id], unit.order) for unit in units]
    division = divide_by_quota(
        _LEFTOVER,
        pooled,
        left,
        electorate=sum(remainders.values(), Fraction(0)),
        decide=rule.ties,
        place="seats left over",
    )
    total = {name: seats + division.seats[name] for name, seats in won.items()}
    return Division(total, (*steps, *division.steps), (*ties, *division.ties))


def _district_step(place: str, method: str, seats: int, count: QuotaCount) -> Step:
    lines: list[Line] = []
    for unit in count.units:
        remainder: Fraction = count.remainders[unit.id]
        whole = int((unit.votes - remainder) / count.price)
        lines.append(Line(unit.id, unit.votes, count.seats[unit.id], whole, remainder))
    return Step(place, method, seats, tuple(lines), quota=count.price)
