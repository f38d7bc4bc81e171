"""Rules as the compiled core reads them: one record a rule, thresholds and weights by list, tables of
divisors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from forecast.election.methods import DivisorMethod
from forecast.election.rule import AdmitLargest, Allocation, LowerTo, divisors_of
from forecast.election.threshold import level_of
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.kernels import shapes
from forecast.rules.compiled_around import fill_around, largest_house, stands_around
from forecast.rules.grids import with_grids

if TYPE_CHECKING:
    from forecast.election import Party, Rule

_BASES = {
    "valid": shapes.BASE_VALID,
    "lists": shapes.BASE_LISTS,
    "cast": shapes.BASE_CAST,
    "registered": shapes.BASE_REGISTERED,
}
_QUOTAS = {
    "hare": shapes.QUOTA_HARE,
    "droop": shapes.QUOTA_DROOP,
    "hagenbach-bischoff-rounded": shapes.QUOTA_HAGENBACH_BISCHOFF_ROUNDED,
    "hagenbach-bischoff": shapes.QUOTA_HAGENBACH_BISCHOFF,
    "imperiali": shapes.QUOTA_IMPERIALI,
}
_REMAINDERS = {
    "largest": shapes.REMAINDER_LARGEST,
    "largest-lists": shapes.REMAINDER_LARGEST_LISTS,
    "largest-then-average": shapes.REMAINDER_THEN_AVERAGE,
}
_ROOT_SLACK = 1e-12  # products of rounded roots that differ by less stand for equal quotients


def compile_rules(rules: Sequence[Rule], lists: Sequence[Party], place: str = "rule") -> shapes.Rules:
    """The core's form of ``rules`` for the eligible ``lists`` (K, in the order of the core).

    ``ConfigurationError`` for what a draw of national shares cannot answer: constituency tables.
    """
    records = np.zeros(len(rules), shapes.RULE)
    shape = (len(rules), len(lists))
    numerators, denominators = np.zeros(shape), np.ones(shape)
    weights, limits = np.ones(shape), np.full(shape, shapes.NO_LIMIT)
    around = shapes.nothing_around(*shape)
    tables = _DivisorTables(max(largest_house(rule, lists) for rule in rules) + 2)
    for r, rule in enumerate(rules):
        _fill_threshold(records[r], rule)
        whole = lcm(*(weight.denominator for weight in rule.weights.values()))
        records[r]["vote"] = whole * records[r]["uncorrected"]
        for k, party in enumerate(lists):
            level = _level_of(rule, party)
            numerators[r, k], denominators[r, k] = level.numerator, level.denominator
            weights[r, k] = rule.weights.get(party.kind, Fraction(1)) * whole
        _fill_allocation(records[r], _national_method(rule, place), tables)
        records[r]["seats"] = rule.seats
        records[r]["lot"] = rule.ties == "lot"
        records[r]["corrected"] = _is_corrected(rule)
        around_it = stands_around(rule, lists)
        records[r]["plain"] = _is_plain(records[r], rule) and not around_it
        if around_it:
            records[r]["corrected"] = True  # the votes behind a quota are needed, list by list
            fill_around(r, rule, lists, records, limits, around)
            around.inside[r] = records[r]
            if rule.alliances is not None:
                _fill_allocation(around.inside[r], rule.alliances, tables)
    needed = around if records["around"].any() else None
    return with_grids(records, numerators, denominators, limits, weights, tables.stacked(), needed)


def _national_method(rule: Rule, place: str) -> Allocation:
    """How the national votes are divided; ``ConfigurationError`` where constituencies come into it."""
    method = rule.national_method
    if rule.districts is None and method is not None:
        return method
    remedy = (
        "a forecast draws national shares only; constituencies cannot be drawn (`forecast count` knows them)"
    )
    raise ConfigurationError(
        Fault(place, "rule.districts", rule.districts.method if rule.districts else ABSENT, remedy)
    )


def _is_corrected(rule: Rule) -> bool:
    """Whether votes are weighed, or lists let in that the threshold keeps out."""
    threshold = rule.threshold
    if threshold is None:
        return bool(rule.weights)
    lets_in = threshold.min_lists is not None or threshold.min_joint_share is not None
    return bool(rule.weights) or lets_in or isinstance(threshold.nobody, AdmitLargest | LowerTo)


def _is_plain(record: np.void, rule: Rule) -> bool:
    """Whether single precision can count most draws; see ``shapes.RULE``."""
    return bool(record["blockwise"]) and rule.seats <= shapes.NARROW_HOUSE and not rule.weights


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


def _fill_threshold(record: np.void, rule: Rule) -> None:
    threshold = rule.threshold
    record["correction"] = record["uncorrected"] = 1.0
    record["nobody_denominator"] = record["joint_denominator"] = 1.0
    if threshold is None:
        return
    record["base"] = _BASES[threshold.base]
    record["strict"] = threshold.strict
    record["minimum_lists"] = threshold.min_lists or 0
    joint = threshold.min_joint_share or Fraction(0)
    record["joint_numerator"], record["joint_denominator"] = joint.numerator, joint.denominator
    factor = threshold.runner_up_factor or Fraction(1)
    record["correction"], record["uncorrected"] = factor.numerator, factor.denominator
    record["nobody_decided"] = threshold.nobody is not None
    if isinstance(threshold.nobody, AdmitLargest):
        record["nobody_admits"] = threshold.nobody.admit
    if isinstance(threshold.nobody, LowerTo):
        record["nobody_numerator"] = threshold.nobody.lower_to.numerator
        record["nobody_denominator"] = threshold.nobody.lower_to.denominator


def _fill_allocation(record: np.void, allocation: Allocation, tables: _DivisorTables) -> None:
    if allocation.by_quota:
        record["family"] = shapes.FAMILY_QUOTA
        record["quota"] = _QUOTAS[allocation.method]
        record["remainder"] = _REMAINDERS[allocation.remainder or "largest"]
        record["remainder_seats"] = allocation.remainder_seats or 0
        record["quota_of_valid"] = allocation.quota_of == "valid"
        record["blockwise"] = allocation.remainder == "largest" and allocation.quota_of != "valid"
        return
    table = tables.add(divisors_of(allocation))
    record["family"] = shapes.FAMILY_DIVISOR
    record["divisor_row"] = table.row
    record["shift"], record["first"], record["slack"] = table.shift, table.first, table.slack
    record["blockwise"] = table.linear


@dataclass(frozen=True)
class _DivisorTable:
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
