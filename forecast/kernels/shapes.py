"""What goes into the core and what comes out: named tuples and records of arrays.

U units on the ballot, of which the first K are eligible for seats (lists) and the rest are not (against all,
other); R rules; C coalitions; E events; S seats at most; D Sobol dimensions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

SAMPLER_RANDOM, SAMPLER_SOBOL, SAMPLER_GIVEN = 0, 1, 2
BASE_VALID, BASE_LISTS, BASE_CAST, BASE_REGISTERED = 0, 1, 2, 3
FAMILY_QUOTA, FAMILY_DIVISOR = 0, 1
QUOTA_HARE, QUOTA_DROOP, QUOTA_HAGENBACH_BISCHOFF_ROUNDED, QUOTA_IMPERIALI, QUOTA_HAGENBACH_BISCHOFF = (
    0,
    1,
    2,
    3,
    4,
)
LEVELLING_NONE, LEVELLING_KEEP, LEVELLING_REDISTRIBUTE, LEVELLING_START, LEVELLING_GROW = 0, 1, 2, 3, 4
REMAINDER_LARGEST, REMAINDER_LARGEST_LISTS, REMAINDER_THEN_AVERAGE = 0, 1, 2

NO_LIMIT = 2.0**31
"""More seats than any list can hold."""

NARROW_HOUSE = 32_767
"""Twice as many seats are still a 16-bit number."""

SHARE_BINS = 8192
"""Bins of the histogram of vote shares: 0.012 points each."""

RULE = np.dtype(
    [
        ("seats", np.int64),
        ("base", np.int64),
        ("strict", np.bool_),
        ("minimum_lists", np.float64),
        ("joint_numerator", np.float64),
        ("joint_denominator", np.float64),
        ("correction", np.float64),
        ("uncorrected", np.float64),
        ("vote", np.float64),
        ("nobody_decided", np.bool_),
        ("nobody_admits", np.int64),
        ("nobody_numerator", np.float64),
        ("nobody_denominator", np.float64),
        ("family", np.int64),
        ("quota", np.int64),
        ("remainder", np.int64),
        ("remainder_seats", np.int64),
        ("quota_of_valid", np.bool_),
        ("divisor_row", np.int64),
        ("shift", np.float64),
        ("first", np.float64),
        ("slack", np.float64),
        ("lot", np.bool_),
        ("corrected", np.bool_),
        ("blockwise", np.bool_),
        ("plain", np.bool_),
        ("around", np.bool_),
        ("limited", np.bool_),
        ("cap_numerator", np.float64),
        ("cap_denominator", np.float64),
        ("alliances", np.int64),
        ("levelling", np.int64),
        ("deducts", np.bool_),
        ("keeps", np.bool_),
        ("largest_house", np.int64),
        ("bonus", np.float64),
        ("bonus_from", np.float64),
        ("bonus_steps", np.float64),
        ("bonus_unit", np.float64),
        ("bonus_most", np.float64),
    ],
    align=True,
)
"""One rule as the core reads it.

``corrected`` rules have weights (whole numbers: a vote counts ``vote`` of them, and ``correction`` of every
``uncorrected`` where its list was let in as runner-up), or let lists in that their threshold keeps out;
``blockwise`` rules are allocated in vector code, the others draw by draw. ``plain`` rules are counted in
float32 wherever that can tell: blockwise ones of at most ``NARROW_HOUSE`` seats with nothing around the
division and no weights, that treat but some draws (in which too few lists pass) in a way of their own.

What stands ``around`` the division: ``limited`` rules have a limit for some list, a number (see ``Rules``) or
cap_numerator / cap_denominator (0: none) of the list's share of the votes for lists, less its direct seats.
``alliances`` is their number. Seats of lists that are not admitted are ``deducts``, taken off the seats that
the others share, and ``keeps``, kept. ``largest_house`` bounds a house that grows. The bonus is ``bonus``
seats for a list with a share of bonus_from / bonus_unit, one more for every bonus_steps / bonus_unit (0:
none), ``bonus_most`` at most (0: no bonus at all).
"""


class Draws(NamedTuple):
    """How vote shares are drawn."""

    seed: Any  # uint64
    sampler: Any  # int64, SAMPLER_*
    location: Any  # (U,) base-2 logarithm of the expected share
    spread: Any  # (U,) scale of the log share, in bits; 1 where ``factor`` carries it
    factor: Any  # (U, U) lower triangular, or (0, 0) for independent units
    tail: Any  # (8 pieces,) float32 table of the t scale, or (0,) for Gaussian tails
    undecided: Any  # float64, share of the vote that is still undecided
    undecided_spread: Any  # float64, in bits; 0 = they split like the decided
    not_lists: Any  # (U,) bool: units outside the base "lists"
    invalid: Any  # (2,) range of the share of invalid ballots among those cast
    turnout: Any  # (2,) range of ballots cast among the registered
    directions: Any  # (D, 32) uint32 Sobol direction numbers, or (0, 32)
    given: Any  # (N, U) votes given from outside, or (0, 0)
    valid_votes: Any  # float64: valid votes a draw stands for (rounded quotas need votes, not shares)


class Around(NamedTuple):
    """What stands around the division, by rule and list; read for rules with ``around`` alone."""

    held: Any  # (R, K) seats that a list has before the national seats are divided
    direct: Any  # (R, K) constituencies won, which a cap by share counts
    floors: Any  # (R, K) seats that a list keeps inside its alliance
    extra: Any  # (R, K) seats added at the very end
    alliances: Any  # (R, K) int64 number of the list's alliance, -1 for none
    inside: Any  # (R,) RULE: how an alliance divides its seats


class Rules(NamedTuple):
    """The rules that are applied to every draw."""

    records: Any  # (R,) RULE
    numerators: Any  # (R, K) thresholds as fractions
    denominators: Any  # (R, K)
    limits: Any  # (R, K) seats that a list may hold at most; NO_LIMIT for any number
    weights: Any  # (R, K) what a list's vote counts in the allocation
    divisors: Any  # (rows, S + 2) divisor of the n-th seat at n - 1
    around: Around | None  # None where no rule has more than a division
    singles: Any  # rules that are applied one by one; the others stand in grids, see ``grid``
    rows: Any  # rules of all rows, in rising order of their level
    row_starts: Any  # (rows + 1,) into ``rows``
    row_methods: Any  # (rows,) which of its grid's methods a row has
    row_leads: Any  # (rows,) bool: the first row of several that differ in their method alone
    grid_starts: Any  # (grids + 1,) rows of each grid
    methods: Any  # a rule of every method of every grid
    method_starts: Any  # (grids + 1,) into ``methods``


def nothing_around(rules: int, lists: int) -> Around:
    """Arrays for rules that need none of this."""

    def zeros() -> Any:
        return np.zeros((rules, lists))

    none = np.full((rules, lists), -1, np.int64)
    return Around(zeros(), zeros(), zeros(), zeros(), none, np.zeros(rules, RULE))


class Questions(NamedTuple):
    """Coalitions and events that are counted in every draw."""

    coalition_starts: Any  # (C + 1,)
    coalition_members: Any  # list numbers
    event_starts: Any  # (E + 1,) into the constraints
    term_starts: Any  # (constraints + 1,) into the terms
    terms: Any
    weights: Any
    bounds: Any  # (constraints,)


class Tallies(NamedTuple):
    """Counts over draws, all int64; those of M spans or replicates lead with an axis M where it says so."""

    passes: Any  # (M, R, K)
    void: Any  # (M, R)
    beyond: Any  # (M, R) draws in which a house would have grown beyond its bound
    seats: Any  # (M, R, K + C, S + 1): lists, then coalitions
    majorities: Any  # (M, R, C)
    events: Any  # (M, R, E)
    shares: Any  # (U, SHARE_BINS + 1), of all of them
    share_sums: Any  # (U,) in units of 2**-32
    share_draws: Any  # (1,) draws in the two above


def empty_tallies(
    spans: int, units: int, lists: int, rules: int, seats: int, coalitions: int, events: int
) -> Tallies:
    """Tallies of zero for M = ``spans``."""

    def zeros(*shape: int) -> Any:
        return np.zeros(shape, np.int64)

    return Tallies(
        zeros(spans, rules, lists),
        zeros(spans, rules),
        zeros(spans, rules),
        zeros(spans, rules, lists + coalitions, seats + 1),
        zeros(spans, rules, coalitions),
        zeros(spans, rules, events),
        zeros(units, SHARE_BINS + 1),
        zeros(units),
        zeros(1),
    )
