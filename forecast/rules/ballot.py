"""What goes into a count: the votes of every option on the ballot, totals, and districts where needed; and
whether the districts have what the rule asks for, and fit the house.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from forecast.election.rule import Rule
from forecast.election.values import ELIGIBLE_KINDS, Kind, TieRule
from forecast.errors import ABSENT, Fault


class Entry(NamedTuple):
    """One option on the ballot: a list, or one of the two kinds that can win nothing.

    ``direct_seats`` are constituencies won, ``min_seats`` seats kept in any case, ``max_seats`` the length of
    the list, ``extra_seats`` what is added at the end, ``best_region_share`` the best share in one region.
    ``candidate_votes`` are for candidates of districts, and count for the list where seats are divided, not
    in the threshold.
    """

    id: str
    votes: int
    kind: Kind = "party"
    members: int = 1
    alliance: str | None = None
    sub_alliance: str | None = None
    direct_seats: int = 0
    min_seats: int = 0
    max_seats: int | None = None
    extra_seats: int = 0
    best_region_share: Fraction | None = None
    candidate_votes: int = 0
    list_number: int = 0

    @property
    def eligible(self) -> bool:
        """Whether this option can win seats at all."""
        return self.kind in ELIGIBLE_KINDS

    @property
    def held(self) -> int:
        """Seats that the list has before the national seats are divided."""
        return max(self.direct_seats, self.min_seats)


@dataclass(frozen=True)
class District:
    """One constituency: its seats or its population, votes by list, and the seats won there directly.

    ``levelling`` seats are those that it takes besides its own; ``alliance_votes`` are for an alliance as
    such. ``valid_votes`` may be more than those listed: the rest are votes for others.
    """

    name: str
    votes: Mapping[str, int]
    seats: int | None = None
    population: int | None = None
    direct: Mapping[str, int] = field(default_factory=dict)
    region: str = ""
    levelling: int | None = None
    valid_votes: int | None = None
    invalid_votes: int | None = None
    registered: int | None = None
    alliance_votes: Mapping[str, int] = field(default_factory=dict)
    title: str = ""

    @property
    def valid(self) -> int:
        """Votes for lists, alliances and against all: as stated, else the sum of those listed."""
        listed = sum(self.votes.values()) + sum(self.alliance_votes.values())
        return listed if self.valid_votes is None else self.valid_votes

    @property
    def label(self) -> str:
        """The name that readers know."""
        return self.title or self.name


@dataclass(frozen=True)
class Ballot:
    """A whole count. Totals not stated are ``None``; the order of ``entries`` is that of registration.

    ``alliance_votes`` are for an alliance as such and for none of its lists.
    """

    entries: tuple[Entry, ...]
    valid_votes: int | None = None
    invalid_votes: int | None = None
    registered: int | None = None
    districts: tuple[District, ...] = ()
    alliance_votes: Mapping[str, int] = field(default_factory=dict)

    @property
    def valid(self) -> int:
        """Votes for lists, alliances and against all: as stated, else the sum of the entries."""
        if self.valid_votes is not None:
            return self.valid_votes
        return sum(entry.votes for entry in self.entries) + sum(self.alliance_votes.values())

    def in_order(self, ties: TieRule) -> list[tuple[int, Entry]]:
        """The entries with the place of each where the last of ``ties`` decides: as registered, or the number
        of the list.
        """
        numbered = ties[-1] == "list-number"
        return [(e.list_number if numbered else place, e) for place, e in enumerate(self.entries)]

    @property
    def for_lists(self) -> int:
        """Votes for lists and alliances alone, of those that are not listed one by one too."""
        listed = sum(entry.votes for entry in self.entries if entry.kind != "none-of-the-above")
        return listed + sum(self.alliance_votes.values())


def as_one(name: str, districts: Sequence[District]) -> District:
    """Several districts as one place: votes, seats and totals added up; a total that one lacks is unknown."""
    votes, alliances, direct = Counter[str](), Counter[str](), Counter[str]()
    for district in districts:
        votes.update(district.votes)
        alliances.update(district.alliance_votes)
        direct.update(district.direct)
    return District(
        name,
        votes,
        seats=_sum([district.seats for district in districts]),
        population=_sum([district.population for district in districts]),
        direct=direct,
        region=name,
        valid_votes=sum(district.valid for district in districts),
        invalid_votes=_sum([district.invalid_votes for district in districts]),
        registered=_sum([district.registered for district in districts]),
        alliance_votes=alliances,
    )


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def regions_of(ballot: Ballot) -> dict[str, District]:
    """The regions of a ballot, each as one place, in the order of their first districts."""
    members: dict[str, list[District]] = {}
    for district in ballot.districts:
        members.setdefault(district.region, []).append(district)
    return {name: as_one(name, districts) for name, districts in members.items()}


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
        "region": by_region(rule),
        "levelling": levelling_of_table(rule) and 'rule.levelling.placing.capacity = "table"',
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


def levelling_of_table(rule: Rule) -> bool:
    """Whether the table gives districts their levelling seats."""
    return any(step.capacity == "table" for step in rule.placing)


def by_region(rule: Rule) -> str | bool:
    """What in the rule goes by region, in words; false where nothing does."""
    local = rule.districts.local_threshold if rule.districts is not None else None
    if rule.threshold is not None and rule.threshold.or_regions_at_quota is not None:
        return "threshold.or_regions_at_quota"
    if any(step.where == "region" for step in rule.placing):
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
    whole = levelling is not None or rule.levelling_mode is None
    whole = whole and (counted or not direct)
    grows = rule.levelling_mode in ("keep", "level")
    if total == rule.seats or grows or (not whole and total < rule.seats):
        return
    column = "levelling" if levelling is not None and own <= rule.seats else "seats"
    shown = " and ".join(f"{name} ({seats})" for name, seats in parts.items()) if len(parts) > 1 else "they"
    remedy = f"{shown} add up to {total}, and rule.seats = {rule.seats}; correct one of the two"
    yield Problem("", column, parts["the levelling seats"] if column == "levelling" else own, remedy)


def levelling_seats(rule: Rule, districts: Sequence[District]) -> int | None:
    """Levelling seats that the places of the first step of placing take; ``None``: nothing limits them."""
    step = rule.placing[0] if rule.placing else None
    if step is None or step.capacity is None:
        return None
    if isinstance(step.capacity, Mapping):
        return sum(step.capacity.values())
    named = {d.region if step.where == "region" else d.name: d.levelling for d in districts}
    return sum(room or 0 for room in step.rooms(named, "rule").values())
