"""The exact count: what every kernel is checked against. Whole numbers and fractions, nothing random.

The order of steps is the law's: admit, weigh, take the bonus off the pool, divide between alliances and then
inside them, and let seats held in constituencies meet the share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from forecast.election.rule import Allocation, Rule
from forecast.rules.allocation import Plan, divide
from forecast.rules.ballot import Ballot
from forecast.rules.bonus import award_bonus
from forecast.rules.caps import limit_of
from forecast.rules.districts import divide_districts
from forecast.rules.levelling import level_out
from forecast.rules.outcome import Admission, Division, Outcome, Step, Tie
from forecast.rules.thresholds import NO_THRESHOLD, admit, base_votes
from forecast.rules.ties import Unit


def apply_rule(rule: Rule, ballot: Ballot) -> Outcome:
    """Seats of every entry of the ballot, with the working and the ties.

    Nobody admitted, or nobody with a vote: the outcome is ``void``. Raises ``ConfigurationError`` where the
    rule needs a total or a table that the ballot lacks.
    """
    ballot = _with_direct_seats(rule, ballot)
    admissions, ties = admit(rule, ballot)
    base = base_votes(rule.threshold or NO_THRESHOLD, ballot) if rule.threshold else None
    units = entitled(rule, ballot, admissions)
    if not any(unit.votes > 0 for unit in units):
        seats = {entry.id: 0 for entry in ballot.entries}
        return Outcome(seats, admissions, (), tuple(ties), base=base, void=True)
    steps: list[Step] = []
    if rule.districts is None:
        held = {entry.id: entry.held for entry in ballot.entries if entry.eligible}
    else:
        taking_part = units if rule.districts.threshold else _all_lists(rule, ballot)
        tier = divide_districts(rule, rule.districts, ballot, taking_part)
        steps += tier.steps
        ties += tier.ties
        held = _held_with_districts(rule, ballot, tier.seats)
    return _finish(rule, ballot, admissions, units, held, steps, ties, base)


def entitled(rule: Rule, ballot: Ballot, admissions: Mapping[str, Admission]) -> list[Unit]:
    """The admitted lists with their votes as the allocation counts them.

    The correction of a list let in as the next-largest is on its quotient, so that the quota is that of its
    full votes (Kazakhstan, Constitutional Law on Elections art. 97-1 as of 2009).
    """
    return [
        Unit(
            entry.id,
            entry.votes * rule.weights.get(entry.kind, Fraction(1)) * admissions[entry.id].factor,
            order,
            limit=limit_of(rule, ballot, entry),
            floor=entry.min_seats,
            alliance=entry.alliance,
            behind_quota=entry.votes * rule.weights.get(entry.kind, Fraction(1)),
        )
        for order, entry in enumerate(ballot.entries)
        if admissions[entry.id].admitted
    ]


def _all_lists(rule: Rule, ballot: Ballot) -> list[Unit]:
    everyone = {entry.id: Admission(entry.eligible, "no threshold") for entry in ballot.entries}
    return entitled(rule, ballot, everyone)


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


def _held_with_districts(rule: Rule, ballot: Ballot, won: Mapping[str, int]) -> dict[str, int]:
    """Seats of the district tier and direct seats of lists outside it; with levelling all seats held."""
    levelled = rule.levelling is not None and rule.levelling.mode is not None
    direct = rule.districts is not None and rule.districts.direct is not None
    held: dict[str, int] = {}
    for entry in ballot.entries:
        if entry.eligible:
            before = entry.held if levelled else entry.direct_seats if direct else 0
            held[entry.id] = max(before, won.get(entry.id, 0))
    return held


def _finish(
    rule: Rule,
    ballot: Ballot,
    admissions: Mapping[str, Admission],
    units: list[Unit],
    held: dict[str, int],
    steps: list[Step],
    ties: list[Tie],
    base: int | None,
) -> Outcome:
    """The national division and what stands around it."""
    method, levelling = rule.national_method, rule.levelling
    mode = levelling.mode if levelling is not None else None
    outsiders = {name: seats for name, seats in held.items() if seats and not admissions[name].admitted}
    bonus: dict[str, int] = {}
    unfilled = 0
    kept: dict[str, int] = {}
    if method is None or (rule.districts is not None and mode is None):
        division = Division({name: seats for name, seats in held.items() if seats})
    else:
        pool = _pool(rule, outsiders)
        kept = (
            outsiders if mode is not None or (levelling is not None and levelling.deduct_unadmitted) else {}
        )
        if rule.bonus is not None:
            cast = {entry.id: entry.votes for entry in ballot.entries}
            by_votes = [Unit(unit.id, Fraction(cast[unit.id]), unit.order) for unit in units]
            bonus, bonus_ties = award_bonus(rule.bonus, by_votes, ballot.valid, pool, rule.ties)
            pool -= sum(bonus.values())
            ties += bonus_ties
        plan = Plan(method, rule.ties, rule.alliances, _outside(method, rule, ballot, units))
        division = level_out(levelling, plan, units, held, pool) if levelling else divide(plan, units, pool)
        unfilled = max(pool - sum(division.seats.values()), 0)
    seats = {
        entry.id: division.seats.get(entry.id, 0)
        + kept.get(entry.id, 0)
        + bonus.get(entry.id, 0)
        + entry.extra_seats
        for entry in ballot.entries
    }
    return Outcome(
        seats,
        admissions,
        (*steps, *division.steps),
        (*ties, *division.ties),
        bonus=bonus,
        held={name: number for name, number in held.items() if number},
        base=base,
        unfilled=unfilled,
    )


def _pool(rule: Rule, outsiders: Mapping[str, int]) -> int:
    """Seats that the admitted share: all, less those of lists outside where these count in the house."""
    levelling = rule.levelling
    if levelling is None:
        return rule.seats
    pool = levelling.start_seats or rule.seats
    inside_the_house = levelling.deduct_unadmitted or levelling.mode in ("redistribute", "start")
    return max(pool - sum(outsiders.values()), 0) if inside_the_house else pool


def _outside(method: Allocation, rule: Rule, ballot: Ballot, units: list[Unit]) -> Fraction:
    """Votes of lists that take no part but stand behind the quota, weighed like the others."""
    if method.quota_of != "valid":
        return Fraction(0)
    inside = {unit.id for unit in units}
    return sum(
        (
            entry.votes * rule.weights.get(entry.kind, Fraction(1))
            for entry in ballot.entries
            if entry.id not in inside and entry.kind != "none-of-the-above"
        ),
        Fraction(0),
    )
