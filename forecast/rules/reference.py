"""The exact count: what every kernel is checked against. Whole numbers and fractions, nothing random.

The order of steps is the law's: admit, weigh, take the bonus off the pool, divide between alliances and then
inside them, and let seats held in constituencies meet the share. Districts come before the threshold where it
guards levelling seats only, else after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

from forecast.election.methods import Majority
from forecast.election.rule import Rule
from forecast.rules.allocation import (
    IN_PROPORTION,
    Plan,
    Premium,
    award_bonus,
    divide,
    divide_by_method,
)
from forecast.rules.ballot import Ballot
from forecast.rules.districts import Tier, divide_districts, with_regional_quotas
from forecast.rules.levelling import give_back, level_out, place_levelling
from forecast.rules.outcome import Admission, Division, Line, Outcome, Step, Tie, Unit, decided_by
from forecast.rules.thresholds import NO_THRESHOLD, admit, base_votes, entitled, outside_quota, votes_outside
from forecast.rules.totals_first import place_by_own_votes, place_doubly, place_totals, voters


@dataclass
class _Count:
    """A count on its way: what is known so far, and the working."""

    rule: Rule
    ballot: Ballot
    admissions: Mapping[str, Admission]
    units: list[Unit]
    tier: Tier | None
    held: Mapping[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    base: int | None = None

    @property
    def outsiders(self) -> dict[str, int]:
        """Seats held by lists that are not admitted."""
        return {
            name: seats for name, seats in self.held.items() if seats and not self.admissions[name].admitted
        }


def apply_rule(rule: Rule, ballot: Ballot) -> Outcome:
    """Seats of every entry of the ballot, by district too where the rule has them, with the working and ties.

    Nobody admitted, or nobody with a vote: the outcome is ``void``. Raises ``ConfigurationError`` where the
    rule needs a total or a table that the ballot lacks.
    """
    ballot = _with_direct_seats(rule, ballot)
    districts = rule.districts
    tier = None
    if districts is not None and not districts.threshold and not rule.only_places:
        tier = divide_districts(rule, ballot, admit(rule, ballot)[0])
        admissions, ties = admit(rule, ballot, tier.won, tier.sizes)
        if districts.quota_in == "region":
            tier = with_regional_quotas(rule, ballot, tier, admissions)
    else:
        admissions, ties = admit(rule, ballot)
    units = entitled(rule, ballot, admissions)
    if districts is not None and tier is None and not rule.only_places:
        tier = divide_districts(rule, ballot, admissions)
    count = _Count(rule, ballot, admissions, units, tier, ties=ties)
    count.base = base_votes(rule.threshold or NO_THRESHOLD, ballot) if rule.threshold else None
    outside = votes_outside(rule, ballot, admissions, tier.units if tier is not None else None)
    nobody = not any(unit.votes > 0 and unit.wins for unit in units)
    if nobody and (tier is None or not any(tier.won.values())):
        seats = {entry.id: 0 for entry in ballot.entries}
        return Outcome(seats, admissions, (), tuple(ties), base=count.base, void=True, outside=outside)
    if tier is None:
        count.held = {entry.id: entry.held for entry in ballot.entries if entry.eligible}
    else:
        count.steps += tier.steps
        count.ties += tier.ties
        count.held = _held_with_districts(rule, ballot, tier)
    return replace(_finish(count), outside=outside)


def _with_direct_seats(rule: Rule, ballot: Ballot) -> Ballot:
    """The ballot with the direct seats of the district table, where the rule reads them there."""
    if rule.districts is None or rule.districts.direct is None:
        return ballot
    entries = tuple(
        replace(
            entry,
            direct_seats=max(entry.direct_seats, sum(d.direct.get(entry.id, 0) for d in ballot.districts)),
        )
        for entry in ballot.entries
    )
    return replace(ballot, entries=entries)


def _held_with_districts(rule: Rule, ballot: Ballot, tier: Tier) -> dict[str, int]:
    """Seats of the district tier and direct seats of lists outside it; with levelling all seats held."""
    levelled = rule.levelling_mode is not None
    direct = rule.districts is not None and rule.districts.direct is not None
    least = tier.shares if rule.districts is not None and rule.districts.direct == "mean" else {}
    won = tier.won
    held: dict[str, int] = {}
    for entry in ballot.entries:
        if entry.eligible:
            before = entry.held if levelled else entry.direct_seats if direct else 0
            held[entry.id] = max(before, won.get(entry.id, 0), least.get(entry.id, 0))
    return held


def _finish(count: _Count) -> Outcome:
    """The national division and what stands around it."""
    rule, levelling, mode = count.rule, count.rule.levelling, count.rule.levelling_mode
    if rule.districts is not None and rule.districts.national_totals is not None:
        return _totals_first(count)
    if rule.national_method is None or (rule.districts is not None and mode is None):
        return _as_held(count)
    outsiders = count.outsiders
    pool = _pool(count)
    keeps = mode not in (None, "part") or (levelling is not None and levelling.deduct_unadmitted)
    kept = outsiders if keeps else {}
    bonus: dict[str, int] = {}
    if rule.bonus is not None:
        cast = {entry.id: entry.votes for entry in count.ballot.entries}
        by_votes = [replace(unit, votes=Fraction(cast[unit.id])) for unit in count.units]
        bonus, bonus_ties = award_bonus(rule.bonus, by_votes, count.ballot.valid, pool, rule.ties)
        pool -= sum(bonus.values())
        count.ties += bonus_ties
    method = rule.national_method
    outside = outside_quota(method, rule, count.ballot, count.units)
    excess_left = rule.cap is not None and rule.cap.excess == "left-over"
    plan = Plan(method, rule.ties, rule.alliances, outside, _premium(rule, count.ballot), excess_left)
    if levelling is None:
        division = _divide_after_guaranteed(count, plan, pool)
        if rule.majority is not None:
            extra = {entry.id: entry.extra_seats for entry in count.ballot.entries}
            division = _with_majority(rule.majority, plan, count.units, division, count.ballot.valid, extra)
    else:
        held = {unit.id: count.held[unit.id] if unit.wins else 0 for unit in count.units}
        beyond = count.tier.beyond if count.tier is not None else count.held
        aside = sum(outsiders.values())
        division = level_out(levelling, plan, count.units, held, pool, beyond, outsiders=aside)
    return _with_places(count, division, kept, bonus, pool)


def _premium(rule: Rule, ballot: Ballot) -> Premium | None:
    bonus = rule.bonus
    if bonus is None or bonus.type != "at-least":
        return None
    needed = (bonus.from_ or 0) * Fraction(ballot.valid)
    return Premium(bonus.seats or 0, needed, bonus.winner, bonus.others == "lists")


def _divide_after_guaranteed(count: _Count, plan: Plan, pool: int) -> Division:
    """The division of what is left when every list with a share of the vote has its seats (Philippines, law
    7941 § 11 b: one seat for 2 %).
    """
    given = count.rule.guaranteed
    if given is None:
        return divide(plan, count.units, pool)
    needed = given.from_ * base_votes(count.rule.threshold or NO_THRESHOLD, count.ballot)
    first = {u.id: given.seats if u.electorate >= needed > 0 else 0 for u in count.units}
    rest = [replace(u, limit=None if u.limit is None else max(u.limit - first[u.id], 0)) for u in count.units]
    division = divide(plan, rest, pool - sum(first.values()))
    lines = tuple(Line(unit.id, unit.votes, first[unit.id]) for unit in count.units)
    step = Step("guaranteed seats", plan.allocation.method, sum(first.values()), lines)
    seats = {name: number + first[name] for name, number in division.seats.items()}
    return replace(division, seats=seats, steps=(step, *division.steps))


def _as_held(count: _Count) -> Outcome:
    """The districts have divided all seats."""
    division = Division({name: seats for name, seats in count.held.items() if seats})
    return _with_places(count, division, {}, {}, 0)


def _totals_first(count: _Count) -> Outcome:
    """National totals, which the districts place (Bulgaria, Election Code art. 297; Germany, BWahlG § 4)."""
    rule, method, tier = count.rule, count.rule.allocation, count.tier
    assert method is not None
    plan = Plan(method, rule.ties, rule.alliances, outside_quota(method, rule, count.ballot, count.units))
    assert rule.districts is not None
    if rule.districts.national_totals == "biproportional":
        assert tier is not None
        units = voters(rule, count.units, count.ballot, tier) if rule.districts.voters else count.units
        division = divide(plan, units, sum(tier.sizes.values()))
        count.tier = place_doubly(rule, tier, division.seats)
        count.ties = [tie for tie in count.ties if tie not in tier.ties]  # of districts by themselves
        count.ties += count.tier.ties
        return _with_places(count, division, {}, {}, rule.seats)
    division = divide(plan, count.units, rule.seats)
    if tier is None:
        count.tier = place_by_own_votes(rule, count.ballot, division.seats)
        count.ties += count.tier.ties
    else:
        count.tier = place_totals(rule, tier, division.seats)
        count.ties += count.tier.ties[len(tier.ties) :]
    return _with_places(count, division, {}, {}, rule.seats)


def _with_places(
    count: _Count,
    division: Division,
    kept: Mapping[str, int],
    bonus: Mapping[str, int],
    pool: int,
) -> Outcome:
    """The outcome: seats by list, and by district where the rule has them."""
    rule, ballot, tier = count.rule, count.ballot, count.tier
    levelled = {entry.id: division.seats.get(entry.id, 0) + kept.get(entry.id, 0) for entry in ballot.entries}
    seats = {
        entry.id: levelled[entry.id] + bonus.get(entry.id, 0) + entry.extra_seats for entry in ballot.entries
    }
    districts, unplaced = (), {}
    ties = [*count.ties, *division.ties]
    if tier is not None and rule.districts is not None:
        if rule.levelling_mode == "return":
            known = len(tier.ties)
            tier = give_back(rule, tier, division.seats)
            ties += tier.ties[known:]
        fixed = {name: seats - tier.pooled.get(name, 0) for name, seats in tier.won.items()}
        due = {name: max(total - fixed.get(name, 0), 0) for name, total in levelled.items()}
        placed = place_levelling(rule, ballot, tier, due, division.order)
        districts, unplaced = tier.districts(placed.seats), placed.unplaced
        ties += placed.ties
    return Outcome(
        seats,
        count.admissions,
        (*count.steps, *division.steps),
        tuple(ties),
        bonus=bonus,
        held={name: number for name, number in count.held.items() if number},
        base=count.base,
        unfilled=max(pool - sum(division.seats.values()), 0),
        districts=districts,
        unplaced=unplaced,
    )


def _pool(count: _Count) -> int:
    """Seats that the admitted share: all, less those of lists outside where these count in the house."""
    rule, levelling = count.rule, count.rule.levelling
    if levelling is None:
        return rule.seats
    outsiders = sum(count.outsiders.values())
    if levelling.mode == "apart":
        inside = sum(count.held.values()) - outsiders
        in_districts = sum(count.tier.sizes.values()) if count.tier is not None else inside + outsiders
        return max(rule.seats - in_districts, 0) + inside
    pool = levelling.start_seats or rule.seats
    inside_the_house = levelling.deduct_unadmitted or levelling.mode in ("redistribute", "return", "start")
    return max(pool - outsiders, 0) if inside_the_house else pool


def _with_majority(
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
                by = decided_by(
                    plan.decide, *(by_id[name].keys(plan.decide, 1) for name in (equal[-1], loser))
                )
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
