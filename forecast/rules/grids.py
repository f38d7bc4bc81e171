"""Which rules of a set the core can sweep together: those that differ in level, base and method alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.count_places import NATIONAL
from forecast.kernels.laws import Constraints
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
class Row:
    """Rules of a grid that differ in their level alone, in rising order."""

    rules: Numbers
    """(T,)"""
    method: int
    """Which of its grid's methods they have."""
    lead: int
    """The first row of the grid with the same base and levels: its own number where it is that."""


@dataclass(frozen=True)
class Grid:
    """Rules that differ in level, base and method alone."""

    methods: tuple[int, ...]
    """A rule of every method."""
    rows: tuple[Row, ...]


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
    """Rows of rising levels, those with the same base and levels next to each other."""
    records = rules.records
    levels = {r: Fraction(int(rules.numerators[r, 0]), int(rules.denominators[r, 0])) for r in group}
    methods: dict[tuple[object, ...], int] = {}
    rows: dict[tuple[tuple[object, ...], int], list[int]] = defaultdict(list)
    for r in group:
        method = methods.setdefault(_method(rules, r), len(methods))
        rows[_key(records[r], _OF_ROW), method].append(r)
    first = {
        method: min(row[0] for (_, m), row in rows.items() if m == method) for method in methods.values()
    }
    ordered = [(key, sorted(row, key=lambda r: levels[r])) for key, row in rows.items()]
    ordered.sort(key=lambda pair: (pair[0][0], [levels[r] for r in pair[1]], pair[0][1]))
    laid_out: list[Row] = []
    leads: dict[object, int] = {}
    for (base, method), row in ordered:
        lead = leads.setdefault((base, tuple(levels[r] for r in row)), len(laid_out))
        laid_out.append(Row(np.asarray(row, np.int64), method, lead))
    return Grid(tuple(first[method] for method in range(len(methods))), tuple(laid_out))


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
