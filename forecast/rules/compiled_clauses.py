"""Clauses beside admission and one division as the compiled core reads them: what stands around the division
(bonus, caps, alliances, seats held), and the district tier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import ceil, lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.election.constituencies import LocalThreshold
from forecast.election.methods import METHODS, QuotaMethod
from forecast.election.rule import LEVELLED, Allocation, Bonus, Cap, Districts, Levelling, level_of
from forecast.election.values import MOST_SEATS, Base
from forecast.errors import ConfigurationError, Fault
from forecast.kernels import count_places as compiled
from forecast.kernels import double_proportion, laws, place_levelling
from forecast.kernels.laws import Constraints
from forecast.rules.allocation import IN_PROPORTION
from forecast.rules.ballot import by_region, levelling_of_table
from forecast.rules.thresholds import most_alone

if TYPE_CHECKING:
    from forecast.election import Party, Rule


GROWTH = 8
"""A house that grows until it covers the seats held may grow to so many times its size; seats are
counted in a histogram, which must end somewhere. A draw beyond it stops the run with a message."""

_MODES = {
    None: laws.LEVELLING_NONE,
    "keep": laws.LEVELLING_KEEP,
    "redistribute": laws.LEVELLING_REDISTRIBUTE,
    "start": laws.LEVELLING_START,
    "level": laws.LEVELLING_GROW,
    "return": laws.LEVELLING_NONE,
    "apart": laws.LEVELLING_APART,
    "part": laws.LEVELLING_PART,
}


_MAJORITIES = {
    "valid": laws.MAJORITY_OF_VALID,
    "admitted": laws.MAJORITY_OF_ADMITTED,
    "seats": laws.MAJORITY_OF_SEATS,
}


def seats_to_share(rule: Rule) -> int:
    """The size of the house before anything stands around it."""
    return (rule.levelling and rule.levelling.start_seats) or rule.seats


def largest_house(rule: Rule, lists: Sequence[Party], table: SeatTable | None = None) -> int:
    """No more seats than this are handed out: the house grown as far as it may, seats held and those won in
    the districts of ``table`` beyond the house, extra seats.
    """
    held = sum(_held(party) for party in lists) if rule.levelling is not None else 0
    in_districts = int(table.seats.sum()) if table is not None and rule.districts is not None else 0
    if rule.levelling_mode in ("keep", "level"):
        held += in_districts
    extra = sum(party.extra_seats for party in lists)
    return max(_grown(rule), rule.seats + _added(rule, rule.seats + extra), in_districts) + held + extra


def _added(rule: Rule, seats: int) -> int:
    """No more seats than this are added to so many for a majority, or for the others beside it."""
    majority = rule.majority
    if majority is None or majority.seat != "added":
        return 0
    share = majority.to or Fraction(1, 2)
    house = seats + ceil(seats * share / (1 - share))
    return 2 * house - seats if majority.at_most is not None else house - seats


def stands_around(rule: Rule, lists: Sequence[Party]) -> bool:
    """Whether there is more to a rule than admission and one division."""
    parts = (rule.bonus, rule.cap, rule.levelling, rule.majority, rule.guaranteed)
    limited = any(party.max_seats is not None and party.max_seats < rule.seats for party in lists)
    extra = any(party.extra_seats for party in lists)
    allied = _alliances(rule, lists)[0].number > 0
    return any(part is not None for part in parts) or limited or extra or allied


def constraints_of(
    rule: Rule, lists: Sequence[Party], record: np.void, inside: NDArray[np.void]
) -> laws.Constraints:
    """The core's arrays; fills ``record`` (see ``laws.RULE``). ``inside`` (1,) is how alliances divide."""
    record["constrained"] = True
    record["seats"] = seats_to_share(rule)
    record["largest_house"] = _grown(rule)
    alliances, subs = _alliances(rule, lists)
    record["alliances"], record["subs"] = alliances.number, subs.number
    limits = np.full(len(lists), laws.NO_LIMIT)
    for k, party in enumerate(lists):
        most = [party.max_seats] if party.max_seats is not None else []
        most += [rule.cap.seats] if rule.cap is not None and rule.cap.seats is not None else []
        limits[k] = min(most, default=laws.NO_LIMIT)
    record["limited"] = rule.cap is not None or bool(np.any(limits < laws.NO_LIMIT))
    _fill_cap(record, rule.cap)
    if rule.majority is not None:
        record["majority"] = laws.MAJORITY_MOVES if rule.majority.seat == "moved" else laws.MAJORITY_ADDS
        record["majority_of"] = _MAJORITIES[rule.majority.of]
        fill_share(record, "majority", rule.majority.to)
        fill_share(record, "most", rule.majority.at_most)
    if rule.guaranteed is not None:
        record["guaranteed"] = rule.guaranteed.seats
        fill_share(record, "guaranteed", rule.guaranteed.from_)
    if rule.levelling is not None:
        _fill_levelling(record, rule.levelling)
    _fill_bonus(record, rule.bonus)
    winner = rule.bonus.winner if rule.bonus is not None else None
    named = [(party.alliance if rule.alliances and party.alliance else party.id) for party in lists]
    record["premium_winner"] = named.index(winner) if winner in named else -1
    record["premium_apart"] = alliances.number > 0 and rule.bonus is not None and rule.bonus.others == "lists"
    return laws.Constraints(
        limits=limits,
        houses=np.array([record["seats"]], np.int64),
        held=np.array([[float(_held(party)) for party in lists]]),
        direct=np.array([float(party.direct_seats) for party in lists]),
        floors=np.array([float(_floor(party, lists)) for party in lists]),
        extra=np.array([float(party.extra_seats) for party in lists]),
        alliances=alliances.of,
        subs=subs.of,
        inside=inside,
    )


def fill_share(record: np.void, name: str, share: Fraction | None) -> None:
    """A share as numerator and denominator of the record; none is 0."""
    share = share or Fraction(0)
    record[f"{name}_numerator"], record[f"{name}_denominator"] = share.numerator, share.denominator


def _fill_cap(record: np.void, cap: Cap | None) -> None:
    record["cap_denominator"] = 1.0
    record["excess_left"] = cap is not None and cap.excess == "left-over"
    if cap is not None and cap.by_share and cap.house is not None:
        factor, plus = cap.factor, cap.share_plus or Fraction(0)
        record["cap_numerator"] = factor.numerator * plus.denominator * cap.house
        record["cap_denominator"] = factor.denominator * plus.denominator
        record["cap_plus"] = plus.numerator * factor.denominator * cap.house
        record["cap_of_admitted"] = cap.share_of == "admitted"


def _fill_levelling(record: np.void, levelling: Levelling) -> None:
    if levelling.parity is not None:
        record["parity"] = laws.PARITY_ODD if levelling.parity == "odd" else laws.PARITY_EVEN
    record["levelling"] = _MODES[levelling.mode]
    record["keeps"] = levelling.mode != "part"
    fill_share(record, "part", levelling.part)
    record["whole_house"] = levelling.house or 0
    inside_the_house = ("redistribute", "return", "start")
    record["deducts"] = levelling.deduct_unadmitted or levelling.mode in inside_the_house


def constraints_in_districts(
    rule: Rule,
    districts: Districts,
    lists: Sequence[Party],
    houses: Numbers,
    record: np.void,
    inside: NDArray[np.void],
) -> laws.Constraints | None:
    """What stands around the division in each district: a bonus, and alliances; fills ``record``."""
    alliances, subs = _alliances(rule, lists)
    if districts.bonus is None and not alliances.number:
        return None
    record["constrained"] = True
    record["alliances"], record["subs"] = alliances.number, subs.number
    record["cap_denominator"] = 1.0
    _fill_bonus(record, districts.bonus)
    return _nothing_around(lists, houses, inside)._replace(alliances=alliances.of, subs=subs.of)


def constraints_after_winners(
    lists: Sequence[Party], houses: Numbers, record: np.void, inside: NDArray[np.void]
) -> laws.Constraints:
    """What stands around the division in each district where the divisors of a list begin after the winners
    that it has there, who are drawn; fills ``record``.
    """
    record["constrained"] = True
    record["single_precision"] = False
    record["cap_denominator"] = record["bonus_unit"] = 1.0
    record["levelling"] = laws.LEVELLING_START
    record["held_drawn"] = record["held_beside"] = record["keeps"] = True
    return _nothing_around(lists, houses, inside)


def _nothing_around(lists: Sequence[Party], houses: Numbers, inside: NDArray[np.void]) -> laws.Constraints:
    """Districts in which nothing is held, limited or allied."""
    nothing = np.zeros(len(lists))
    return laws.Constraints(
        limits=np.full(len(lists), laws.NO_LIMIT),
        houses=houses,
        held=np.zeros((len(houses), len(lists))),
        direct=nothing,
        floors=nothing,
        extra=nothing,
        alliances=np.full(len(lists), -1, np.int64),
        subs=np.full(len(lists), -1, np.int64),
        inside=inside,
    )


def _fill_bonus(record: np.void, bonus: Bonus | None) -> None:
    record["bonus_unit"] = 1.0
    record["premium_denominator"] = 1.0
    if bonus is None:
        return
    if bonus.type == "at-least":
        record["premium"] = bonus.seats or 0
        fill_share(record, "premium", bonus.from_)
        return
    if bonus.type == "fixed":
        record["bonus"] = record["bonus_most"] = bonus.seats or 0
        return
    start, step = bonus.from_ or Fraction(0), bonus.step or Fraction(0)
    unit = lcm(start.denominator, step.denominator)
    record["bonus"], record["bonus_most"] = bonus.base or 0, bonus.max or 0
    record["bonus_unit"] = unit
    record["bonus_from"], record["bonus_steps"] = float(start * unit), float(step * unit)


def _grown(rule: Rule) -> int:
    size = seats_to_share(rule)
    return max(min(GROWTH * size, MOST_SEATS), size) if rule.levelling_mode == "level" else size


def _floor(party: Party, lists: Sequence[Party]) -> int:
    """Seats that a list keeps inside its alliance: none in one with sub-alliances."""
    nested = any(other.sub_alliance for other in lists if other.alliance == party.alliance)
    return 0 if party.alliance and nested else party.min_seats


def _held(party: Party) -> int:
    return max(party.direct_seats, party.min_seats)


class _Alliances(NamedTuple):
    """(K,) number of the alliance of several lists that each is in, -1 where there is none; and how many."""

    of: Numbers
    number: int


def _alliances(rule: Rule, lists: Sequence[Party]) -> tuple[_Alliances, _Alliances]:
    """The alliances of a rule that has any, and those inside them."""
    inner = [(p.alliance, p.sub_alliance) if p.alliance and p.sub_alliance else None for p in lists]
    outer = [p.alliance or None for p in lists]
    return _of_several(rule, outer), _of_several(rule, inner)


def _of_several(rule: Rule, names: Sequence[object]) -> _Alliances:
    several = [name for name in dict.fromkeys(names) if name is not None and names.count(name) > 1]
    several = several if rule.alliances is not None else []
    numbers = [several.index(name) if name in several else -1 for name in names]
    return _Alliances(np.array(numbers, np.int64), len(several))


Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


class SeatTable(NamedTuple):
    """What a rule has to know of D districts besides their votes."""

    names: tuple[str, ...]
    seats: Numbers
    """(D,) 0 where a district has none of its own (votes from abroad)."""
    regions: tuple[str, ...]
    """(D,) name of the region, "" where there is none."""
    levelling: Numbers
    """(D,) levelling seats that it takes, -1 where the table does not say."""


class LocalLevels(NamedTuple):
    """Levels that lists must reach in a place: a district, or a region of several."""

    record: NDArray[np.void]
    """(1,) ``forecast.kernels.laws.RULE``, of which the threshold counts."""
    numerators: Floats
    """(K,)"""
    denominators: Floats
    place_of: Numbers
    """(D,) number of the place that a district is in."""

    @property
    def places(self) -> int:
        """How many these are."""
        return int(self.place_of.max()) + 1


class PlacingStep(NamedTuple):
    """One step of bringing levelling seats to places: P of them inside Q larger ones."""

    record: NDArray[np.void]
    """(1,) ``forecast.kernels.place_levelling.PLACING``."""
    place_of: Numbers
    """(D,) number of the place that a district is or is in."""
    parent_of: Numbers
    """(P,) number of the place of the step before; 0 where the nation is that."""
    room: Numbers
    """(P,) seats that it takes."""
    houses: Numbers
    """(P,) its fixed seats."""


class Tier(NamedTuple):
    """How seats are divided in D districts."""

    houses: Numbers
    """(D,) seats of each."""
    record: NDArray[np.void]
    """(1,) ``forecast.kernels.laws.RULE``, of which the allocation counts."""
    who: int
    """Who takes part in a district: ``forecast.kernels.count_places.EVERYONE`` and its kin."""
    constraints: Constraints | None = None
    """What stands around the division in every district."""
    local: LocalLevels | None = None
    levelled: bool = False
    """Whether the other seats are divided nationally, by the rule itself, around those of the districts."""
    returns: bool = False
    """Whether lists give seats back that they hold beyond their share."""
    placing: tuple[PlacingStep, ...] = ()
    by_votes: NDArray[np.void] | None = None
    """(1,) How the seats of districts are divided among these by the votes of the day, where they are."""
    total: int = 0
    """Seats of all districts."""
    leftover: NDArray[np.void] | None = None
    """(1,) How the seats that whole quotas leave are divided by the remainders of all districts, if whole
    quotas are all that districts give; of ``FAMILY_NONE`` if the levelling divides them.
    """
    alone: tuple[Floats, Floats] = (np.zeros(0), np.zeros(0))
    """(K,) Whole quotas of a district that count for each at most, if these are all that districts give, and
    1 where its remainders count: one and 0 of an independent.
    """
    guards_leftover: bool = False
    """Whether only lists that are admitted nationally have a part in the seats left over."""
    last_seats: LocalLevels | None = None
    """The level for the last of these seats, which go by remainder, in one place."""
    national_ties: bool = False
    """Whether equal claims in a district go by votes in all of them first."""
    shares_abroad: bool = False
    """Whether votes of districts without seats count in the others."""
    totals_first: bool = False
    """Whether the rule divides all seats nationally, and districts only place them."""
    doubly: bool = False
    """Whether divisors of lists and of districts place them (double proportion)."""
    voters: bool = False
    """Whether nationally a list counts with its votes in each district by the seats there."""
    voters_rounded: bool = True
    """Whether these are whole numbers in each district."""
    strongest: int = 0
    """Where the strongest list has a seat at least: ``forecast.kernels.double_proportion.ANY_DISTRICT`` or
    its kin, 0 for nowhere.
    """
    waivers: tuple[int, int] = (0, 0)
    """Seats in districts, and regions at a quota, that let a list in below its level."""
    waived_share: Floats | None = None
    """(4,) Share of the valid votes of a district that does: above the line, below it, 1 where more is
    needed; in how many districts.
    """
    region_of: Numbers | None = None
    """(D,) number of the region, where the rule knows any."""
    held: int = 0
    """Winners of single-member districts whose lists hold these seats in the districts; divisors begin after
    them.
    """

    @property
    def divides_nationally(self) -> bool:
        """Whether the rule itself divides seats, beside the districts or before them."""
        return self.levelled or self.totals_first

    @property
    def most_seats(self) -> int:
        """No list has more in a district."""
        if self.by_votes is not None or (self.totals_first and not self.doubly):
            return self.total
        return (
            int(self.houses.max(initial=0))
            + self.held
            + max((int(step.room[step.place_of].max(initial=0)) for step in self.placing), default=0)
        )


FillAllocation = Callable[[np.void, Allocation], None]
"""Writes how an allocation divides into a record."""

_COMPARE = {
    "votes": place_levelling.COMPARE_VOTES,
    "share": place_levelling.COMPARE_SHARE,
    "quotas": place_levelling.COMPARE_QUOTAS,
}
BASES = {
    "valid": laws.BASE_VALID,
    "lists": laws.BASE_LISTS,
    "cast": laws.BASE_CAST,
    "registered": laws.BASE_REGISTERED,
}
_STRONGEST = {
    None: 0,
    "all": double_proportion.ANY_DISTRICT,
    "single-member": double_proportion.SINGLE_MEMBER,
}
_ANY = 2**31
UNDRAWN = (
    "`forecast count` knows this clause, draws do not: leave it out of the file of a forecast, where the "
    "seats are then divided without it, or take its polls out and count"
)


def tier_of(
    rule: Rule, lists: Sequence[Party], table: SeatTable, fill: FillAllocation, place: str, held: int = 0
) -> Tier:
    """The tier of a rule with districts.

    ``ConfigurationError`` where the table lacks what the rule asks for, and for clauses that are counted but
    not drawn.
    """
    districts = rule.constituencies
    faults = [*not_drawn(rule, place, held), *_missing(rule, table, place)]
    if faults:
        raise ConfigurationError(*faults)
    record = _record_of(districts, fill)
    if districts.seats == "by-votes" or districts.leftover is not None:
        record["single_precision"] = False  # houses differ from draw to draw
    inside = record.copy()
    if rule.alliances is not None:
        fill(inside[0], rule.alliances)
    around = constraints_in_districts(rule, districts, lists, table.seats, record[0], inside)
    starts = districts.direct == "start"
    if starts:
        around = constraints_after_winners(lists, table.seats, record[0], inside)
    levelled = rule.levelling_mode is not None
    local = districts.local_threshold
    return Tier(
        houses=np.maximum(table.seats, 0) if districts.seats == "given" else table.seats.copy(),
        record=record,
        who=_who(rule, districts),
        constraints=around,
        local=_levels(local, lists, table, rule.seats) if local is not None else None,
        levelled=levelled,
        returns=rule.levelling_mode == "return",
        placing=_placing(rule, table, fill, place) if levelled else (),
        by_votes=_record_of(IN_PROPORTION, fill) if districts.seats == "by-votes" else None,
        held=held if starts else 0,
        total=districts.start_seats
        or (rule.seats if districts.seats == "by-votes" else int(table.seats.sum())),
        leftover=_leftover(districts.leftover, fill) if districts.leftover is not None else None,
        alone=_alone(lists),
        guards_leftover=rule.threshold is not None and not districts.threshold,
        last_seats=_last_seats(rule, districts.last_seats_from, lists),
        national_ties="national-votes" in rule.ties,
        shares_abroad=districts.seatless == "shared",
        totals_first=districts.national_totals is not None,
        doubly=districts.national_totals == "biproportional",
        voters=bool(districts.voters),
        voters_rounded=districts.voters != "fractions",
        strongest=_STRONGEST[districts.strongest_list],
        waivers=_waivers(rule),
        waived_share=_waived_share(rule),
        region_of=_numbers(table.regions)[0] if all(table.regions) else None,
    )


def _leftover(method: str, fill: FillAllocation) -> NDArray[np.void]:
    """How seats left over are divided on the remainders; those that are levelled are not."""
    if method != LEVELLED:
        return _record_of(Allocation.model_validate({"method": method}), fill)
    record = np.zeros(1, laws.RULE)
    record["family"] = laws.FAMILY_NONE
    return record


def _last_seats(rule: Rule, share: Fraction | None, lists: Sequence[Party]) -> LocalLevels | None:
    """The level for the last of the seats left over, as of one place that is the country."""
    if share is None:
        return None
    base = rule.threshold.base if rule.threshold is not None else "valid"
    level = np.ones(len(lists))
    return LocalLevels(
        _level_record(base), level * share.numerator, level * share.denominator, np.zeros(1, np.int64)
    )


def _level_record(base: Base, *, strict: bool = False) -> NDArray[np.void]:
    """A level without anything that lets others in."""
    record = _one_vote_each()
    record["nobody_denominator"] = record["joint_denominator"] = 1.0
    record["nobody_decided"] = True
    record["base"], record["strict"] = BASES[base], strict
    return record


def _alone(lists: Sequence[Party]) -> tuple[Floats, Floats]:
    limits = [most_alone(party.kind, party.max_seats) for party in lists]
    most = [laws.NO_LIMIT if limit is None else float(limit) for limit in limits]
    return np.array(most), np.array([float(limit is None) for limit in limits])


def _record_of(method: Allocation, fill: FillAllocation) -> NDArray[np.void]:
    record = _one_vote_each()
    fill(record[0], method)
    return record


def _one_vote_each() -> NDArray[np.void]:
    record = np.zeros(1, laws.RULE)
    record["correction"] = record["uncorrected"] = record["vote"] = 1.0
    return record


def _waivers(rule: Rule) -> tuple[int, int]:
    threshold = rule.threshold
    if threshold is None:
        return 0, 0
    return threshold.or_district_seats or 0, threshold.or_regions_at_quota or 0


def _waived_share(rule: Rule) -> Floats | None:
    threshold = rule.threshold
    if threshold is None or threshold.or_district_share is None:
        return None
    share = threshold.or_district_share
    asked = (share.numerator, share.denominator, threshold.strict, threshold.share_in_districts)
    return np.array(asked, np.float64)


def _who(rule: Rule, districts: Districts) -> int:
    national = districts.threshold and rule.threshold is not None
    if districts.local_threshold is None:
        return compiled.NATIONAL if national else compiled.EVERYONE
    if not national:
        return compiled.LOCAL
    return compiled.EITHER if districts.local_threshold.waives_national else compiled.BOTH


def not_drawn(rule: Rule, place: str, held: int = 0) -> Iterator[Fault]:
    """Clauses that an exact count knows and a draw does not yet."""
    districts = rule.constituencies
    local = districts.local_threshold
    asked = {
        "seats": districts.seats if districts.seats == "by-population" else None,
        "quota_in": districts.quota_in if districts.quota_in == "region" else None,
        "direct": districts.direct if districts.direct != "start" or not held else None,
        "local_threshold.base": local.base if local is not None and local.base == "registered" else None,
    }
    for key, value in asked.items():
        if value:
            yield Fault(place, f"rule.districts.{key}", value, UNDRAWN)
    if districts.voters == "fractions" and rule.allocation is not None and rule.allocation.by_quota:
        # Draws count voters in parts of one, in which a rounded quota is another.
        yield Fault(place, "rule.districts.voters", districts.voters, f"{UNDRAWN}; divisor methods are drawn")
    if _rounds(districts.leftover) and not _rounds(districts.method):
        # Fractions may sum up to a hair below a whole number, and the quota be a vote off.
        drawn = "drawn where the quota of the districts is rounded too, or this one is not"
        yield Fault(place, "rule.districts.leftover", districts.leftover, f"{drawn}; {UNDRAWN}")
    if "national-votes" in rule.ties and not _settled_by_all_votes(rule, districts):
        drawn = "drawn as the first step of divisor methods, without alliances, bonus and votes shared"
        yield Fault(place, "rule.ties", "national-votes", f"{drawn}; write another step for a forecast")
    if rule.placing and (rule.bonus or rule.levelling_mode == "level"):
        yield Fault(place, "rule.levelling.placing", "", "not drawn beside a bonus or a house that grows")


def _rounds(method: str | None) -> bool:
    """Whether a method has a quota, and this is a whole number of votes."""
    known = METHODS.get(method or "")
    return isinstance(known, QuotaMethod) and known.quota(Fraction(1), 9).denominator == 1


def _settled_by_all_votes(rule: Rule, districts: Districts) -> bool:
    """Whether draws know ties by votes in all districts: between the last quotients of each."""
    around = rule.alliances or districts.bonus or districts.direct or districts.seatless == "shared"
    return rule.ties[0] == "national-votes" and not districts.by_quota and not around


def _missing(rule: Rule, table: SeatTable, place: str) -> Iterator[Fault]:
    """What the rule asks of the table."""
    if levelling_of_table(rule) and (table.levelling < 0).any():
        yield Fault(place, "rule.levelling.placing", "table", "the table has no column levelling")
    if by_region(rule) and not all(table.regions):
        yield Fault(place, "rule.districts", "region", "the table has no column region, which the rule needs")


def _numbers(names: Sequence[str]) -> tuple[Numbers, list[str]]:
    """The number of each name among those that differ, and these."""
    known = list(dict.fromkeys(names))
    return np.array([known.index(name) for name in names], np.int64), known


def _levels(threshold: LocalThreshold, lists: Sequence[Party], table: SeatTable, seats: int) -> LocalLevels:
    levels = [level_of(threshold, kind=party.kind, members=party.members, seats=seats) for party in lists]
    own = np.arange(len(table.names), dtype=np.int64)
    return LocalLevels(
        _level_record(threshold.base, strict=threshold.strict),
        np.array([float(level.numerator) for level in levels]),
        np.array([float(level.denominator) for level in levels]),
        _numbers(table.regions)[0] if threshold.of == "region" else own,
    )


def _placing(rule: Rule, table: SeatTable, fill: FillAllocation, place: str) -> tuple[PlacingStep, ...]:
    steps: list[PlacingStep] = []
    parents = np.zeros(len(table.names), np.int64)
    national = np.zeros(1, laws.RULE)
    if rule.national_method is not None and not rule.national_method.by_quota:
        fill(national[0], rule.national_method)
    for step in rule.placing:
        names = table.regions if step.where == "region" else table.names
        place_of, places = _numbers(names)
        record = np.zeros(1, place_levelling.PLACING)
        division = np.zeros(1, laws.RULE)
        fill(division[0], Allocation.model_validate({"method": step.method}))
        record["divisor_row"], record["compare"] = division["divisor_row"], _COMPARE[step.compare]
        record["national_order"] = step.order == "national"
        record["national_row"] = national["divisor_row"]
        first = np.array([int(np.flatnonzero(place_of == p)[0]) for p in range(len(places))])
        houses = np.bincount(place_of, table.seats, len(places)).astype(np.int64)
        own = np.bincount(place_of, table.levelling, len(places)).astype(np.int64).tolist()
        found = step.rooms(dict(zip(places, own, strict=True)), place)
        rooms = [found[name] for name in places]
        steps.append(
            PlacingStep(
                record,
                place_of,
                parents[first],
                np.minimum([_ANY if room is None else room for room in rooms], rule.seats),
                houses,
            )
        )
        parents = place_of
    return tuple(steps)
