"""Which rules of a set the core can run as a grid: those that differ in level, base and method alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from forecast.kernels import shapes

Floats = NDArray[np.float64]

WORTH_A_GRID = 3
"""Fewer rules a method than this are quicker one by one: a grid allocates for each number of lists."""

_OF_METHOD = (
    "seats",
    "family",
    "quota",
    "remainder",
    "remainder_seats",
    "quota_of_valid",
    "divisor_row",
    "shift",
    "first",
    "slack",
    "blockwise",
    "plain",
)
_OF_ROW = ("base",)


def with_grids(
    records: NDArray[np.void],
    numerators: Floats,
    denominators: Floats,
    limits: Floats,
    weights: Floats,
    divisors: Floats,
    around: shapes.Around | None = None,
) -> shapes.Rules:
    """The core's rules (see ``shapes.Rules`` for the arrays) with its grids laid out."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    singles: list[int] = []
    for r in range(len(records)):
        if _may_stand_in_a_grid(records[r], numerators[r], denominators[r]):
            groups[_key(records[r], _others(records), limits[r], weights[r])].append(r)
        else:
            singles.append(r)
    layout = _Layout()
    for group in groups.values():
        methods = {_key(records[r], _OF_METHOD) for r in group}
        if len(group) < WORTH_A_GRID * len(methods):
            singles += group
        else:
            levels = {r: Fraction(int(numerators[r, 0]), int(denominators[r, 0])) for r in group}
            layout.add(group, records, levels)
    return shapes.Rules(
        records,
        numerators,
        denominators,
        limits,
        weights,
        divisors,
        around,
        _numbers(sorted(singles)),
        *layout.arrays(),
    )


def one_by_one(rules: shapes.Rules) -> shapes.Rules:
    """The same rules without grids."""
    return rules._replace(singles=np.arange(len(rules.records)), **_Layout().named())


class _Layout:
    """Rows and methods of the grids so far."""

    def __init__(self) -> None:
        self._rows: list[list[int]] = []
        self._row_methods: list[int] = []
        self._row_leads: list[bool] = []
        self._grid_starts = [0]
        self._methods: list[int] = []
        self._method_starts = [0]

    def add(self, group: Sequence[int], records: NDArray[np.void], levels: dict[int, Fraction]) -> None:
        """One grid: rows of rising levels, those with the same base and levels next to each other."""
        methods: dict[tuple[object, ...], int] = {}
        rows: dict[tuple[tuple[object, ...], int], list[int]] = defaultdict(list)
        for r in group:
            method = methods.setdefault(_key(records[r], _OF_METHOD), len(methods))
            if method == len(methods) - 1 and len(self._methods) - self._method_starts[-1] == method:
                self._methods.append(r)
            rows[(_key(records[r], _OF_ROW), method)].append(r)
        ordered = [(key, sorted(row, key=lambda r: levels[r])) for key, row in rows.items()]
        ordered.sort(key=lambda pair: (pair[0][0], [levels[r] for r in pair[1]], pair[0][1]))
        before: tuple[object, ...] | None = None
        for (base, method), row in ordered:
            alike = (base, tuple(levels[r] for r in row))
            self._rows.append(row)
            self._row_methods.append(method)
            self._row_leads.append(alike != before)
            before = alike
        self._grid_starts.append(len(self._rows))
        self._method_starts.append(len(self._methods))

    def named(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by the name of their field."""
        starts = np.concatenate([[0], np.cumsum([len(row) for row in self._rows])])
        return {
            "rows": _numbers([r for row in self._rows for r in row]),
            "row_starts": _numbers(starts),
            "row_methods": _numbers(self._row_methods),
            "row_leads": np.array(self._row_leads, np.bool_),
            "grid_starts": _numbers(self._grid_starts),
            "methods": _numbers(self._methods),
            "method_starts": _numbers(self._method_starts),
        }

    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """The same in the order of ``shapes.Rules``."""
        return tuple(self.named().values())


def _may_stand_in_a_grid(record: np.void, numerators: Floats, denominators: Floats) -> bool:
    """Lists must drop out in the order of their votes, and their number alone decide on the seats.

    That takes one level for all, no list that counts less than others, and nothing around the division.
    """
    if record["around"]:
        return False
    one_level = bool(np.all(numerators == numerators[0]) and np.all(denominators == denominators[0]))
    plain = record["correction"] == record["uncorrected"] and record["joint_numerator"] == 0
    return one_level and bool(plain) and record["nobody_numerator"] == 0


def _others(records: NDArray[np.void]) -> tuple[str, ...]:
    names = records.dtype.names or ()
    return tuple(name for name in names if name not in _OF_METHOD + _OF_ROW)


def _key(record: np.void, names: Sequence[str], *arrays: Floats) -> tuple[object, ...]:
    return (*(record[name].item() for name in names), *(array.tobytes() for array in arrays))


def _numbers(values: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(values, np.int64)
