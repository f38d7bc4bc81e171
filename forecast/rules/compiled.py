"""Rules as the compiled core reads them: one record a rule, thresholds and weights by list, tables of
divisors; and which of a set it can sweep together, those that differ in level, base and method alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.election.methods import Allocation, DivisorMethod, divisors_of
from forecast.election.rule import AdmitLargest, LowerTo, level_of
from forecast.election.values import TieRule
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.kernels import laws
from forecast.kernels.arrays import LARGEST_HOUSE
from forecast.kernels.count_places import NATIONAL
from forecast.kernels.laws import BASE_VALID, Constraints
from forecast.rules.allocation import IN_PROPORTION
from forecast.rules.compiled_clauses import (
    BASES,
    UNDRAWN,
    SeatTable,
    Tier,
    constraints_of,
    fill_share,
    largest_house,
    not_drawn,
    stands_around,
    tier_of,
)

if TYPE_CHECKING:
    from forecast.election import Party, Rule


Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

WORTH_A_GRID = 3
"""Fewer rules a method than this are quicker one by one: a grid allocates for each number of lists."""

_OF_METHOD = (
    "seats",
    "family",
    "quota",
    "remainder",
    "remainder_seats",
    "remainder_numerator",
    "remainder_denominator",
    "quota_of_valid",
    "divisor_row",
    "shift",
    "first",
    "slack",
    "single_precision",
)
_OF_ROW = ("base",)


class Grid(NamedTuple):
    """Rules that differ in level, base and method alone."""

    methods: tuple[int, ...]
    """A rule of every method."""
    rules: Numbers
    """(n,)"""
    method_of: Numbers
    """(n,) which of the methods each has."""


class Rules(NamedTuple):
    """R rules as the core reads them, for K lists."""

    records: NDArray[np.void]
    """(R,) ``forecast.kernels.laws.RULE``."""
    numerators: Floats
    """(R, K) thresholds as fractions."""
    denominators: Floats
    weights: Floats
    """(R, K) what a list's vote counts in the allocation."""
    divisors: Floats
    """(tables, S + 2) divisor of the n-th seat at n - 1."""
    pacts: Numbers
    """(R, K) number of a list's alliance where these have levels of their own, -1 for none."""
    constraints: tuple[Constraints | None, ...]
    """(R,) what stands around the division of a rule."""
    tiers: tuple[Tier | None, ...] = ()
    """(R,) the districts of a rule."""
    singles: tuple[int, ...] = ()
    """Rules that are applied one by one."""
    grids: tuple[Grid, ...] = ()
    """The others."""

    @property
    def lists(self) -> int:
        """K."""
        return self.numerators.shape[1]

    @property
    def most_seats(self) -> int:
        """S: no list holds more."""
        return self.divisors.shape[1] - 2


def with_grids(rules: Rules) -> Rules:
    """The same rules with those that can be swept together in grids."""
    names = rules.records.dtype.names or ()
    alike = _bytes_of(rules.records, [name for name in names if name not in _OF_METHOD + _OF_ROW])
    methods = _bytes_of(rules.records, _OF_METHOD)
    groups: dict[tuple[bytes, bytes, bool], dict[tuple[bytes, object], list[int]]] = {}
    singles: list[int] = []
    for r in range(len(rules.records)):
        if _may_stand_in_a_grid(rules, r):
            key = (alike[r].tobytes(), rules.weights[r].tobytes(), rules.tiers[r] is None)
            method = (methods[r].tobytes(), _told(rules.tiers[r]))
            groups.setdefault(key, {}).setdefault(method, []).append(r)
        else:
            singles.append(r)
    grids: list[Grid] = []
    for by_method in groups.values():
        worth = [some for some in by_method.values() if len(some) >= WORTH_A_GRID]
        singles += [r for some in by_method.values() if len(some) < WORTH_A_GRID for r in some]
        if worth:
            method_of = np.repeat(np.arange(len(worth)), [len(some) for some in worth])
            members = np.array([r for some in worth for r in some], np.int64)
            grids.append(Grid(tuple(some[0] for some in worth), members, method_of))
    return rules._replace(singles=tuple(sorted(singles)), grids=tuple(grids))


def one_by_one(rules: Rules) -> Rules:
    """The same rules without grids."""
    return rules._replace(singles=tuple(range(len(rules.records))), grids=())


def _may_stand_in_a_grid(rules: Rules, r: int) -> bool:
    """Lists must drop out in the order of their votes, and their number alone decide on the seats.

    That takes one level for all, no list that counts less than others, and nothing around the division.
    """
    record, tops, bottoms = rules.records[r], rules.numerators[r], rules.denominators[r]
    tier = rules.tiers[r]
    if (
        record["constrained"]
        or record["pacts"]
        or (tier is not None and (tier.who != NATIONAL or any(tier.waivers) or tier.doubly))
        or (tier is not None and (tier.waived_share is not None or tier.last_seats is not None))
    ):
        return False
    one_level = bool(np.all(tops == tops[0]) and np.all(bottoms == bottoms[0]))
    plain = record["correction"] == record["uncorrected"] and record["joint_numerator"] == 0
    return one_level and bool(plain) and record["nobody_numerator"] == 0


def _told(part: object) -> object:
    """What tells methods apart in districts: all that a tier is made of, as what can be compared."""
    if isinstance(part, np.ndarray):
        return part.tobytes()
    return tuple(map(_told, part)) if isinstance(part, tuple) else part


def _bytes_of(records: NDArray[np.void], names: Sequence[str]) -> NDArray[np.uint8]:
    """(R, bytes) of some fields of records."""
    parts = [np.ascontiguousarray(records[name])[:, None].view(np.uint8) for name in names]
    return np.concatenate(parts, axis=1)


class Lead(NamedTuple):
    """Thresholds in the order in which lists fail them, whatever the votes: who passes is found once for all
    rules that have one of them.
    """

    numerators: Floats
    """(T,)"""
    denominators: Floats
    """(T,)"""
    bases: Numbers
    """(T,) ``BASE_*``."""
    heights: Floats
    """(T,) as shares of the base of the first."""


class Row(NamedTuple):
    """Rules of one method that have thresholds of one lead."""

    lead: int
    """Which of its grid's leads."""
    method: int
    """Which of its grid's methods."""
    rules: Numbers
    """(n,) in the order of their thresholds."""
    levels: Numbers
    """(n,) which thresholds of the lead they have."""
    outcomes: range
    """Numbers of the outcomes that a draw may have under them."""


class Course(NamedTuple):
    """How a run goes through its rules."""

    grids: tuple[tuple[tuple[Lead, ...], tuple[Row, ...]], ...]
    """For each grid its leads and rows."""
    outcomes: int
    """How many outcomes of a draw are told apart at most: one for each of the single rules, which come first,
    and for each number of lists that may take part in a row.
    """


def course_of(rules: Rules, multiples: Mapping[int, float]) -> Course:
    """``multiples``: how many times the valid votes a base is, of bases for which that is the same in every
    draw.
    """
    grids: list[tuple[tuple[Lead, ...], tuple[Row, ...]]] = []
    outcomes = len(rules.singles)
    for grid in rules.grids:
        leads, placed = _leads_of(grid, rules, multiples)
        parts = len(ranges_of(rules.records[grid.methods[0]], rules.lists))
        rows: list[Row] = []
        for lead in range(len(leads)):
            for method in range(len(grid.methods)):
                among = np.flatnonzero((grid.method_of == method) & (placed[:, 0] == lead))
                if len(among) == 0:
                    continue
                among = among[np.argsort(placed[among, 1], kind="stable")]
                numbers = range(outcomes, outcomes + min(parts, len(among)))
                rows.append(Row(lead, method, grid.rules[among], placed[among, 1], numbers))
                outcomes = numbers.stop
        grids.append((tuple(leads), tuple(rows)))
    return Course(tuple(grids), outcomes)


_NEAR = Fraction(1, 10**9)
"""Levels of different bases that are nearer to each other than this, relatively, stand apart: rounding may
turn their order.
"""


def _leads_of(grid: Grid, rules: Rules, multiples: Mapping[int, float]) -> tuple[list[Lead], Numbers]:
    """The leads of a grid, and for each of its rules which one and which threshold there, (n, 2)."""
    thresholds = list(
        zip(
            rules.records["base"][grid.rules].tolist(),
            rules.numerators[grid.rules, 0].tolist(),
            rules.denominators[grid.rules, 0].tolist(),
            strict=True,
        )
    )
    times = {base: multiples.get(base, 1.0) for base, _, _ in thresholds}
    known = sorted(
        (Fraction(times[base]) * Fraction(int(top), int(bottom)), base, top, bottom)
        for base, top, bottom in set(thresholds)
    )
    by_lead: dict[int, list[tuple[int, float, float]]] = {}
    before = (Fraction(0), BASE_VALID)
    for height, base, top, bottom in known:
        near = base != before[1] and 0 < height <= before[0] * (1 + _NEAR)
        together = base in multiples and not near
        # Apart, the levels of a base stand in a lead of their own.
        by_lead.setdefault(-1 if together else base, []).append((base, top, bottom))
        if together:
            before = (height, base)
    found: list[Lead] = []
    at: dict[tuple[int, float, float], tuple[int, int]] = {}
    for number, row in enumerate(by_lead.values()):
        at |= {threshold: (number, t) for t, threshold in enumerate(row)}
        bases, tops, bottoms = (np.array(part) for part in zip(*row, strict=True))
        heights = np.array([times[base] for base in bases.tolist()]) / times[row[0][0]] * tops / bottoms
        found.append(Lead(tops, bottoms, bases.astype(np.int64), heights))
    return found, np.array([at[threshold] for threshold in thresholds], np.int64)


def how_many_take_part(record: np.void, lists: int, passed: int) -> int:
    """How many lists take part when ``passed`` reach the threshold: minimum numbers, and nobody at all."""
    least = int(record["minimum_lists"])
    if passed == 0 and record["nobody_decided"]:
        return min(max(int(record["nobody_admits"]), least), lists) if record["nobody_admits"] > 0 else 0
    return min(max(passed, least), lists)


def ranges_of(record: np.void, lists: int) -> list[tuple[int, int, int]]:
    """(m, most, least): m lists take part where between ``least`` and ``most`` reach the threshold."""
    ranges: list[tuple[int, int, int]] = []
    for passed in range(lists, -1, -1):
        m = how_many_take_part(record, lists, passed)
        if ranges and ranges[-1][0] == m:
            ranges[-1] = (m, ranges[-1][1], passed)
        else:
            ranges.append((m, passed, passed))
    return ranges


def ends_of(record: np.void, lists: int) -> tuple[Numbers, NDArray[np.bool_]]:
    """For the list of every rank, how many must pass for it to take part, and whether it also does where
    nobody passes but not everywhere.
    """
    least, returns = np.zeros(lists, np.int64), np.zeros(lists, np.bool_)
    for rank in range(lists):
        inside = [how_many_take_part(record, lists, passed) > rank for passed in range(lists + 1)]
        fewest = lists
        while fewest > 0 and inside[fewest - 1]:
            fewest -= 1
        least[rank], returns[rank] = fewest, inside[0] and fewest > 0
    return least, returns


_QUOTAS = {
    "hare": laws.QUOTA_HARE,
    "hare-rounded-up": laws.QUOTA_HARE_ROUNDED_UP,
    "droop": laws.QUOTA_DROOP,
    "hagenbach-bischoff-rounded": laws.QUOTA_HAGENBACH_BISCHOFF_ROUNDED,
    "hagenbach-bischoff": laws.QUOTA_HAGENBACH_BISCHOFF,
    "imperiali": laws.QUOTA_IMPERIALI,
    "imperiali-rounded": laws.QUOTA_IMPERIALI_ROUNDED,
    "hare-rounded-down": laws.QUOTA_HARE_ROUNDED_DOWN,
}
_REMAINDERS = {
    "largest": laws.REMAINDER_LARGEST,
    "largest-lists": laws.REMAINDER_LARGEST_LISTS,
    "largest-then-average": laws.REMAINDER_THEN_AVERAGE,
    "highest-average": laws.REMAINDER_HIGHEST_AVERAGE,
    "largest-then-highest-average": laws.REMAINDER_THEN_HIGHEST,
    "without-quota": laws.REMAINDER_WITHOUT_QUOTA,
    "rounded": laws.REMAINDER_ROUNDED,
}
_ROOT_SLACK = 1e-12  # products of rounded roots that differ by less stand for equal quotients


def compile_rules(
    rules: Sequence[Rule],
    lists: Sequence[Party],
    place: str = "rule",
    table: SeatTable | None = None,
    held: int = 0,
) -> Rules:
    """The core's form of ``rules`` for the eligible ``lists`` (K, in the order of the core), and the
    districts of ``table`` where the rules have any; ``held``: seats that lists have in a draw before theirs
    are divided, of a levelled tier of the chamber.

    ``ConfigurationError`` for what a draw cannot answer, and for houses of more than ``LARGEST_HOUSE`` seats.
    """
    faults = dict.fromkeys(clause for rule in rules for clause in undrawn(rule, held))
    if faults:
        raise ConfigurationError(*(Fault(place, key, value, UNDRAWN) for key, value in faults))
    records = np.zeros(len(rules), laws.RULE)
    shape = (len(rules), len(lists))
    numerators, denominators, weights = np.zeros(shape), np.ones(shape), np.ones(shape)
    most = [largest_house(rule, lists, table) + held for rule in rules]
    _refuse_giants(most, place)
    tables = _DivisorTables(max(most) + 2)
    pacts = np.full(shape, -1, np.int64)
    constraints: list[laws.Constraints | None] = []
    tiers: list[Tier | None] = []
    for r, rule in enumerate(rules):
        _fill_threshold(records[r], rule)
        whole = lcm(*(weight.denominator for weight in rule.weights.values()))
        records[r]["vote"] = whole * records[r]["uncorrected"]
        for k, party in enumerate(lists):
            level = _level_of(rule, party)
            numerators[r, k], denominators[r, k] = level.numerator, level.denominator
            weights[r, k] = rule.weights.get(party.kind, Fraction(1)) * whole
        tier = _tier_of(rule, lists, table, tables, place, held)
        if tier is not None:
            tier.record["ties"] = _ties_of([step for step in rule.ties if step != "national-votes"])
        if tier is None or tier.divides_nationally:
            _fill_allocation(records[r], _national_method(rule, place), tables)
        if records[r]["correction"] != records[r]["uncorrected"]:
            records[r]["single_precision"] = False  # the quotients of some are not what their votes say
        records[r]["seats"] = rule.seats
        records[r]["ties"] = _ties_of(_national(rule.ties))
        records[r]["corrected"] = _lets_others_in(rule)
        _fill_pacts(records[r], rule, lists, pacts[r])
        constraints.append(_constraints_of(rule, lists, records[r], tables))
        _join_tier(records[r], rule, tier)
        records[r]["held_drawn"] |= held > 0
        tiers.append(tier)
    return with_grids(
        Rules(
            records,
            numerators,
            denominators,
            weights,
            tables.stacked(),
            pacts,
            tuple(constraints),
            tuple(tiers),
        )
    )


def _national(ties: TieRule) -> list[str]:
    """The steps where all votes are those of the country: of two that are about them the first decides."""
    steps = ["votes" if step == "national-votes" else step for step in ties]
    about = [step for step in steps if step in ("votes", "fewest-votes")]
    return [step for step in dict.fromkeys(steps) if step not in about[1:] or step == about[0]]


def _ties_of(steps: Sequence[str]) -> int:
    """The steps of the ties in one number; what precincts would decide is drawn by what follows them, what
    the numbers of lists would by lot.
    """
    code = 0 if steps[-1] == "registration" else laws.TIES_LOT
    if "fewest-votes" in steps:
        code |= laws.TIES_FEWEST_VOTES
    elif "votes" not in steps:
        code |= laws.TIES_NOT_BY_VOTES
    return code | (laws.TIES_NO_SEAT if "no-seat" in steps else 0)


def _tier_of(
    rule: Rule,
    lists: Sequence[Party],
    table: SeatTable | None,
    tables: _DivisorTables,
    place: str,
    held: int,
) -> Tier | None:
    if rule.districts is None or rule.only_places:
        return None
    if table is None:
        remedy = "these votes are national; the rule divides seats by district"
        raise ConfigurationError(Fault(place, "rule.districts", rule.districts.method, remedy))

    def fill(record: np.void, method: Allocation) -> None:
        _fill_allocation(record, method, tables)

    return tier_of(rule, lists, table, fill, place, held)


def _join_tier(record: np.void, rule: Rule, tier: Tier | None) -> None:
    """How the national seats stand to those of the districts."""
    if tier is None:
        return
    record["held_drawn"] = record["of_districts"] = tier.levelled
    if rule.levelling_mode == "apart":
        record["seats"] = max(rule.seats - int(tier.houses.sum()), 0)


def _constraints_of(
    rule: Rule, lists: Sequence[Party], record: np.void, tables: _DivisorTables
) -> laws.Constraints | None:
    """What stands around the division; fills the rest of ``record``."""
    if not stands_around(rule, lists):
        return None
    inside = np.zeros(1, laws.RULE)
    constraints = constraints_of(rule, lists, record, inside)
    inside[0] = record
    if rule.alliances is not None:
        _fill_allocation(inside[0], rule.alliances, tables)
    elif rule.majority is not None:
        _fill_allocation(inside[0], IN_PROPORTION, tables)
    return constraints


def _refuse_giants(houses: Sequence[int], place: str) -> None:
    """Seats are counted as 16-bit numbers; the largest parliament there is has some 3,000."""
    if max(houses) > LARGEST_HOUSE:
        remedy = (
            f"a forecast counts houses of up to {LARGEST_HOUSE:,} seats, those that they may grow by included"
        )
        raise ConfigurationError(Fault(place, "rule.seats", max(houses), remedy))


def cannot_draw(rule: Rule, place: str = "rule", held: int = 0) -> list[Fault]:
    """What a forecast would refuse of a rule, whatever its polls and districts; ``held`` as of
    ``compile_rules``.
    """
    of_districts = not_drawn(rule, place, held) if rule.districts is not None else ()
    return [*(Fault(place, key, value, UNDRAWN) for key, value in undrawn(rule, held)), *of_districts]


def undrawn(rule: Rule, held: int = 0) -> Iterator[tuple[str, object]]:
    """Clauses of a rule that the exact count knows and the core does not: (key, value); ``held`` as of
    ``compile_rules``.
    """
    if rule.levelling is not None and rule.levelling.unbalanced:
        yield "rule.levelling.unbalanced", rule.levelling.unbalanced
    threshold, divides = rule.threshold, rule.districts is not None and not rule.only_places
    if threshold is None:
        return
    asked: dict[str, bool] = {
        "or_district_share": not divides,
        "runner_up_factor": divides,
        # Seats are won after the law has let others in; it would let in fewer.
        "or_district_seats": _lets_others_in(rule),
        "or_regions_at_quota": _lets_others_in(rule),
        "or_direct_seats": held > 0 and (_lets_others_in(rule) or threshold.alliances is not None),
    }
    for key, not_known in asked.items():
        if not_known and getattr(threshold, key) is not None:
            yield f"rule.threshold.{key}", getattr(threshold, key)
    levels = threshold.alliances
    if levels is None or rule.districts is None or rule.alliances is None:
        return
    apart = threshold.by_kind or threshold.by_members or threshold.or_district_share
    together = not (levels.votes_from or levels.seats_from or apart)
    if not together or threshold.level == "quota" or levels.level > threshold.level:
        yield "rule.threshold.alliances", "with alliances that divide their seats in districts"


def _national_method(rule: Rule, place: str) -> Allocation:
    """How the national votes are divided."""
    method = rule.national_method
    if method is None:
        raise ConfigurationError(Fault(place, "rule.allocation", ABSENT, "a method is needed"))
    return method


def _lets_others_in(rule: Rule) -> bool:
    """Whether lists may be let in that the threshold keeps out."""
    threshold = rule.threshold
    if threshold is None:
        return False
    lets_in = threshold.min_lists is not None or threshold.min_joint_share is not None
    return lets_in or isinstance(threshold.nobody, AdmitLargest | LowerTo)


def _level_of(rule: Rule, party: Party) -> Fraction:
    """The share of the base that a list needs; 0 where it is exempt or waived."""
    threshold = rule.threshold
    if threshold is None:
        return Fraction(0)
    if threshold.or_direct_seats is not None and party.direct_seats >= threshold.or_direct_seats:
        return Fraction(0)
    regional = threshold.or_regional_share
    if regional is not None and party.best_region_share is not None and party.best_region_share >= regional:
        return Fraction(0)
    return level_of(threshold, kind=party.kind, members=party.members, seats=rule.seats)


def _fill_pacts(record: np.void, rule: Rule, lists: Sequence[Party], pacts: np.ndarray) -> None:
    """Levels of alliances, and ``pacts`` (K,) which list has which."""
    levels = rule.threshold.alliances if rule.threshold is not None else None
    shares = (levels.level, levels.votes_from, levels.seats_from) if levels else (Fraction(0),) * 3
    for name, share in zip(("pact", "aid", "own"), shares, strict=True):
        fill_share(record, name, share)
    if levels is None:
        return
    names = list(dict.fromkeys(party.alliance for party in lists if party.alliance))
    record["pacts"], record["corrected"] = len(names), True
    pacts[:] = [names.index(party.alliance) if party.alliance else -1 for party in lists]


def _fill_threshold(record: np.void, rule: Rule) -> None:
    threshold = rule.threshold
    record["correction"] = record["uncorrected"] = 1.0
    record["nobody_denominator"] = record["joint_denominator"] = 1.0
    if threshold is None:
        return
    record["base"] = BASES[threshold.base]
    record["strict"] = threshold.strict
    record["minimum_lists"] = threshold.min_lists or 0
    fill_share(record, "joint", threshold.min_joint_share)
    factor = threshold.runner_up_factor or Fraction(1)
    record["correction"], record["uncorrected"] = factor.numerator, factor.denominator
    record["nobody_decided"] = threshold.nobody is not None
    if isinstance(threshold.nobody, AdmitLargest):
        record["nobody_admits"] = threshold.nobody.admit
    if isinstance(threshold.nobody, LowerTo):
        fill_share(record, "nobody", threshold.nobody.lower_to)


def _fill_allocation(record: np.void, allocation: Allocation, tables: _DivisorTables) -> None:
    if allocation.by_quota:
        record["family"] = laws.FAMILY_QUOTA
        record["quota"] = _QUOTAS[allocation.method]
        record["remainder"] = _REMAINDERS[allocation.remainder or "largest"]
        record["remainder_seats"] = allocation.remainder_seats or 0
        fill_share(record, "remainder", allocation.remainder_from)
        record["quota_of_valid"] = allocation.quota_of == "valid"
        plain = (
            allocation.remainder == "largest"
            and allocation.quota_of != "valid"
            and not allocation.remainder_from
        )
        exact = ("hare-rounded-up", "hare-rounded-down", "imperiali-rounded")
        record["single_precision"] = plain and allocation.method not in exact
        return
    table = tables.add(divisors_of(allocation))
    record["family"] = laws.FAMILY_DIVISOR
    record["divisor_row"] = table.row
    record["shift"], record["first"], record["slack"] = table.shift, table.first, table.slack
    record["single_precision"] = table.linear


class _DivisorTable(NamedTuple):
    """Divisors of one method in the core's form.

    ``linear``: the n-th divisor is a multiple of n - 1 + ``shift`` (the first of ``first``, not less than
    that formula gives and not more than the second), so that a multiplier can be rounded to seats; other
    methods start from the same guess and exchange seats until it is right.
    """

    row: int
    values: tuple[float, ...]
    shift: float
    first: float
    linear: bool
    slack: float


class _DivisorTables:
    """The tables of a set of rules, each method once."""

    def __init__(self, length: int) -> None:
        self._length = max(length, 4)
        self._known: dict[tuple[float, ...], _DivisorTable] = {}
        self._of_method: dict[DivisorMethod, _DivisorTable] = {}

    def add(self, method: DivisorMethod) -> _DivisorTable:
        """The table of a method; exact divisors are worked out once, not for every rule."""
        if method not in self._of_method:
            self._of_method[method] = self._table_of(method)
        return self._of_method[method]

    def _table_of(self, method: DivisorMethod) -> _DivisorTable:
        exact = [method.divisor(n) for n in range(1, self._length + 1)]
        if method.degree == 1:
            scale = lcm(*(number.denominator for number in exact))
            values = tuple(float(number * scale) for number in exact)
        else:
            values = tuple(float(number) ** (1.0 / method.degree) for number in exact)
        if values not in self._known:
            step = exact[2] - exact[1]
            linear = method.degree == 1 and all(b - a == step for a, b in pairwise(exact[1:]))
            shift = float(exact[1] / step) - 1.0 if linear else 0.5
            first = float(exact[0] / step) if linear else 0.5
            linear = linear and shift <= first <= shift + 1.0
            slack = 0.0 if method.degree == 1 else _ROOT_SLACK
            self._known[values] = _DivisorTable(len(self._known), values, shift, first, linear, slack)
        return self._known[values]

    def stacked(self) -> np.ndarray:
        rows = [table.values for table in self._known.values()] or [(1.0,) * self._length]
        return np.array(rows)
