"""Whether a table of districts has what its rule asks for, and fits the house: everything wrong at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from forecast.election.rule import Rule
from forecast.errors import ABSENT, Fault
from forecast.rules.ballot import District


class Problem(NamedTuple):
    """What is wrong: the district (empty: all together), the column, what was found, and what to do."""

    district: str
    column: str
    found: object
    remedy: str

    def fault(self, place: str) -> Fault:
        """As a fault of the table ``place``."""
        where = (self.district and f"district {self.district}", f"column {self.column}")
        return Fault(place, ", ".join(filter(None, where)), self.found, self.remedy)


def problems_of(
    rule: Rule, districts: Sequence[District], *, counted: bool = True, winners: bool = True
) -> Iterator[Problem]:
    """Everything that keeps these districts from being counted under the rule.

    Without ``counted`` their votes are still to come; without ``winners`` their direct seats.
    """
    if rule.districts is None:
        return
    missing = list(_missing(rule, districts, counted=counted))
    yield from missing
    if counted:
        yield from _impossible(rule, districts)
    if not any(problem.column in ("seats", "levelling") for problem in missing):
        yield from _against_the_house(rule, districts, counted=counted and winners)


def _missing(rule: Rule, districts: Sequence[District], *, counted: bool) -> Iterator[Problem]:
    """Columns that the rule needs of every district."""
    assert rule.districts is not None
    local = rule.districts.local_threshold
    why = {
        "seats": seats_in_table(rule) and 'rule.districts.seats = "given"',
        "population": rule.districts.seats == "by-population" and 'rule.districts.seats = "by-population"',
        "invalid_votes": counted
        and local is not None
        and local.base == "cast"
        and 'local_threshold.base = "cast", the ballots cast there',
        "registered": local is not None
        and local.base == "registered"
        and 'local_threshold.base = "registered", the voters registered there',
        "region": _by_region(rule),
        "levelling": _of_the_table(rule) and 'rule.levelling.placing.capacity = "table"',
    }
    for column, reason in why.items():
        lacking = [d for d in districts if getattr(d, column) in (None, "")] if reason else []
        if len(lacking) == len(districts) > 1:
            yield Problem("", column, ABSENT, f"no district has it, and {reason} needs it of every one")
            continue
        for district in lacking:
            remedy = f"missing for {district.label}, and {reason} needs it of every district"
            yield Problem(district.name, column, ABSENT, remedy)


def seats_in_table(rule: Rule) -> bool:
    """Whether the table gives districts their seats."""
    districts = rule.districts
    return districts is not None and districts.seats == "given" and districts.national_totals != "own-votes"


def _of_the_table(rule: Rule) -> bool:
    return rule.levelling is not None and any(step.capacity == "table" for step in rule.levelling.placing)


def _by_region(rule: Rule) -> str | bool:
    """What in the rule goes by region, in words; false where nothing does."""
    local = rule.districts.local_threshold if rule.districts is not None else None
    if rule.threshold is not None and rule.threshold.or_regions_at_quota is not None:
        return "threshold.or_regions_at_quota"
    if rule.levelling is not None and any(step.where == "region" for step in rule.levelling.placing):
        return 'rule.levelling.placing.where = "region"'
    if rule.districts is not None and rule.districts.quota_in == "region":
        return 'rule.districts.quota_in = "region"'
    return local is not None and local.of == "region" and 'local_threshold.of = "region"'


def _impossible(rule: Rule, districts: Sequence[District]) -> Iterator[Problem]:
    """Votes that cannot be: more listed than valid, or seats and nobody who voted."""
    for district in districts:
        listed = sum(district.votes.values()) + sum(district.alliance_votes.values())
        if district.valid < listed:
            remedy = f"the votes listed for {district.label} add up to {listed:,}; correct one of the two"
            yield Problem(district.name, "valid_votes", district.valid, remedy)
        if district.seats and not any(district.votes.values()):
            remedy = f"{district.label} has {district.seats} seats and nobody has a vote there"
            yield Problem(district.name, "votes", 0, remedy)


def _against_the_house(rule: Rule, districts: Sequence[District], *, counted: bool) -> Iterator[Problem]:
    """Seats of the table, with levelling seats and direct seats, against the seats of the rule.

    Direct seats of an election still to come are not known, and may be any number up to those of the rule.
    """
    assert rule.districts is not None
    if not seats_in_table(rule):
        return
    own = sum(district.seats or 0 for district in districts)
    parts = {"the seats of the districts": own}
    direct = rule.districts.direct == "start"
    if direct and counted:
        parts["the direct seats"] = sum(sum(district.direct.values()) for district in districts)
    levelling = levelling_seats(rule, districts)
    if levelling is not None:
        parts["the levelling seats"] = levelling
    total = sum(parts.values())
    whole = levelling is not None or rule.levelling is None or rule.levelling.mode is None
    whole = whole and (counted or not direct)
    grows = rule.levelling is not None and rule.levelling.mode in ("keep", "level")
    if total == rule.seats or grows or (not whole and total < rule.seats):
        return
    column = "levelling" if levelling is not None and own <= rule.seats else "seats"
    shown = " and ".join(f"{name} ({seats})" for name, seats in parts.items()) if len(parts) > 1 else "they"
    remedy = f"{shown} add up to {total}, and rule.seats = {rule.seats}; correct one of the two"
    yield Problem("", column, parts["the levelling seats"] if column == "levelling" else own, remedy)


def levelling_seats(rule: Rule, districts: Sequence[District]) -> int | None:
    """Levelling seats that the places of the first step of placing take; ``None``: nothing limits them."""
    steps = rule.levelling.placing if rule.levelling is not None else ()
    if not steps or steps[0].capacity is None:
        return None
    capacity = steps[0].capacity
    if isinstance(capacity, Mapping):
        return sum(capacity.values())
    if capacity == "table":
        return sum(district.levelling or 0 for district in districts)
    by_region = steps[0].where == "region"
    places = {district.region if by_region else district.name for district in districts}
    return capacity * len(places)
