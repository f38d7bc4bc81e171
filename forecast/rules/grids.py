"""Which rules of a set the core can sweep together: those that differ in level, base and method alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.count_places import NATIONAL
from forecast.kernels.laws import BASE_VALID, Constraints
from forecast.rules.compiled_districts import PlacingStep, Tier

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


@dataclass(frozen=True)
class Grid:
    """Rules that differ in level, base and method alone."""

    methods: tuple[int, ...]
    """A rule of every method."""
    rules: Numbers
    """(n,)"""
    method_of: Numbers
    """(n,) which of the methods each has."""


@dataclass(frozen=True)
class Rules:
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
    return replace(rules, singles=tuple(sorted(singles)), grids=tuple(grids))


def one_by_one(rules: Rules) -> Rules:
    """The same rules without grids."""
    return replace(rules, singles=tuple(range(len(rules.records))), grids=())


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
        or (tier is not None and tier.waived_share is not None)
    ):
        return False
    one_level = bool(np.all(tops == tops[0]) and np.all(bottoms == bottoms[0]))
    plain = record["correction"] == record["uncorrected"] and record["joint_numerator"] == 0
    return one_level and bool(plain) and record["nobody_numerator"] == 0


def _told(part: object) -> object:
    """What tells methods apart in districts: all that a tier is made of, as what can be compared."""
    if isinstance(part, np.ndarray):
        return part.tobytes()
    if isinstance(part, Tier | PlacingStep):
        return tuple(_told(getattr(part, one.name)) for one in fields(part))
    return tuple(map(_told, part)) if isinstance(part, tuple) else part


def _bytes_of(records: NDArray[np.void], names: Sequence[str]) -> NDArray[np.uint8]:
    """(R, bytes) of some fields of records."""
    parts = [np.ascontiguousarray(records[name])[:, None].view(np.uint8) for name in names]
    return np.concatenate(parts, axis=1)


@dataclass(frozen=True)
class Lead:
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


@dataclass(frozen=True)
class Row:
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


@dataclass(frozen=True)
class Course:
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
