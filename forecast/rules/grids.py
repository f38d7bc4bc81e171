"""Which rules of a set the core can sweep together: those that differ in level, base and method alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.count_places import NATIONAL
from forecast.kernels.laws import BASE_VALID, Constraints
from forecast.rules.compiled_districts import Tier

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
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    singles: list[int] = []
    for r in range(len(rules.records)):
        if _may_stand_in_a_grid(rules, r):
            key = _key(rules.records[r], _others(rules.records), rules.weights[r])
            groups[(*key, rules.tiers[r] is None)].append(r)
        else:
            singles.append(r)
    grids: list[Grid] = []
    for group in groups.values():
        methods = {_method(rules, r) for r in group}
        if len(group) < WORTH_A_GRID * len(methods):
            singles += group
        else:
            grids.append(_grid_of(group, rules))
    return replace(rules, singles=tuple(sorted(singles)), grids=tuple(grids))


def one_by_one(rules: Rules) -> Rules:
    """The same rules without grids."""
    return replace(rules, singles=tuple(range(len(rules.records))), grids=())


def _grid_of(group: Sequence[int], rules: Rules) -> Grid:
    methods: dict[tuple[object, ...], int] = {}
    method_of = [methods.setdefault(_method(rules, r), len(methods)) for r in group]
    first = {a: r for a, r in reversed(list(zip(method_of, group, strict=True)))}
    return Grid(
        tuple(first[a] for a in range(len(methods))),
        np.asarray(group, np.int64),
        np.asarray(method_of, np.int64),
    )


def _may_stand_in_a_grid(rules: Rules, r: int) -> bool:
    """Lists must drop out in the order of their votes, and their number alone decide on the seats.

    That takes one level for all, no list that counts less than others, and nothing around the division.
    """
    record, tops, bottoms = rules.records[r], rules.numerators[r], rules.denominators[r]
    tier = rules.tiers[r]
    if (
        record["constrained"]
        or record["pacts"]
        or (tier is not None and (tier.who != NATIONAL or any(tier.waivers)))
    ):
        return False
    one_level = bool(np.all(tops == tops[0]) and np.all(bottoms == bottoms[0]))
    plain = record["correction"] == record["uncorrected"] and record["joint_numerator"] == 0
    return one_level and bool(plain) and record["nobody_numerator"] == 0


def _others(records: NDArray[np.void]) -> tuple[str, ...]:
    names = records.dtype.names or ()
    return tuple(name for name in names if name not in _OF_METHOD + _OF_ROW)


def _method(rules: Rules, r: int) -> tuple[object, ...]:
    """What tells methods apart: nationally, and in the districts."""
    tier, key = rules.tiers[r], _key(rules.records[r], _OF_METHOD)
    if tier is None:
        return key
    return (*key, *_key(tier.record[0], _OF_METHOD), tier.houses.tobytes())


def _key(record: np.void, names: Sequence[str], *arrays: Floats) -> tuple[object, ...]:
    return (*(record[name].item() for name in names), *(array.tobytes() for array in arrays))


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
    levels = [Fraction(int(rules.numerators[r, 0]), int(rules.denominators[r, 0])) for r in grid.rules]
    bases = rules.records["base"][grid.rules].tolist()
    times = {base: multiples.get(base, 1.0) for base in bases}
    known = sorted(
        {(Fraction(times[base]) * level, base, level) for base, level in zip(bases, levels, strict=True)}
    )
    by_lead: dict[int, list[tuple[int, Fraction]]] = {}
    before = (Fraction(0), BASE_VALID)
    for height, base, level in known:
        near = base != before[1] and 0 < height <= before[0] * (1 + _NEAR)
        together = base in multiples and not near
        # Apart, the levels of a base stand in a lead of their own.
        by_lead.setdefault(-1 if together else base, []).append((base, level))
        if together:
            before = (height, base)
    found: list[Lead] = []
    at: dict[tuple[int, Fraction], tuple[int, int]] = {}
    for number, row in enumerate(by_lead.values()):
        at |= {threshold: (number, t) for t, threshold in enumerate(row)}
        found.append(
            Lead(
                np.array([level.numerator for _, level in row], np.float64),
                np.array([level.denominator for _, level in row], np.float64),
                np.array([base for base, _ in row], np.int64),
                np.array([times[base] * float(level) for base, level in row]) / times[row[0][0]],
            )
        )
    return found, np.array([at[pair] for pair in zip(bases, levels, strict=True)], np.int64)


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
