"""Quota methods on a block of draws: whole quotas first, then the largest remainders."""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import stage
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import (
    QUOTA_DROOP,
    QUOTA_HAGENBACH_BISCHOFF,
    QUOTA_HAGENBACH_BISCHOFF_ROUNDED,
    QUOTA_HARE,
    QUOTA_IMPERIALI,
)

PADDING = 8
"""Rows of keys come in multiples of this."""

_OUT = np.float32(-np.inf)


@stage
def quota_of_votes(code, votes, seats, vote):
    """The quota times ``quota_parts``, for an electorate of ``votes``; ``vote`` is the size of a single vote.

    Hare V/S; Droop floor(V/(S+1)) + 1; Hagenbach-Bischoff V/(S+1), also rounded half up (at least a vote);
    Imperiali V/(S+2). 0 where there are no votes.
    """
    if votes <= 0.0:
        return 0.0
    if code == QUOTA_DROOP:
        return (np.floor(votes / vote / (seats + 1.0)) + 1.0) * vote
    if code == QUOTA_HAGENBACH_BISCHOFF_ROUNDED:
        return max(np.floor((2.0 * votes / vote + seats + 1.0) / (2.0 * (seats + 1.0))), 1.0) * vote
    return votes


@stage
def quota_parts(code, seats):
    """How many quotas make up ``quota_of_votes``: votes times this number are compared with it, exactly."""
    if code == QUOTA_HARE:
        return seats
    if code == QUOTA_IMPERIALI:
        return seats + 2.0
    if code == QUOTA_HAGENBACH_BISCHOFF:
        return seats + 1.0
    return 1.0


@stage
def fill_parts(code, house, per):
    """per (BLOCK) = ``quota_parts`` of every house (BLOCK)."""
    more = quota_parts(code, 0.0)
    slope = quota_parts(code, 1.0) - more
    for i in range(BLOCK):
        per[i] = slope * house[i] + more


@stage
def whole_quotas(entitled, quota, per, house, inverse, present, seats, keys, left):
    """Integer parts, and the remainders by which the rest is given.

    entitled (K, BLOCK): votes of the admitted, 0 for the others; ``quota`` (BLOCK) in votes times ``per``
    (BLOCK); ``house`` (BLOCK). Fills ``seats`` (K, BLOCK) of the P lists ``present`` and ``keys`` (P or more,
    BLOCK; float32) with their remainders, -inf for lists that are out, and ``left`` (BLOCK), what remains of
    the house; ``inverse`` (BLOCK) is scratch.

    Rounding keeps the order of the remainders, or makes two of them equal, which ``largest_remainders``
    notices. A product that lands on the wrong side of a whole number by one rounding does no harm: the
    remainder is then the lowest where a seat too many was given, the highest where one is missing.
    """
    for i in range(BLOCK):
        left[i] = house[i] if quota[i] > 0.0 else 0.0
        inverse[i] = 1.0 / quota[i] if quota[i] > 0.0 else 0.0
    for p in range(present.shape[0]):
        row, out, key = entitled[present[p]], seats[present[p]], keys[p]
        for i in range(BLOCK):
            scaled = row[i] * per[i]
            whole = np.floor(scaled * inverse[i])
            out[i] = whole
            left[i] -= whole
            key[i] = np.float32(scaled - whole * quota[i]) if row[i] > 0.0 else _OUT


@stage
def _count_ahead(keys, k, second, j, ranks):
    """ranks of lists k and second += how many of the keys j .. j + 7 are larger.

    Two lists against eight in one pass over memory, written out since only straight loops become vector code.
    """
    first_row, second_row = ranks[k], ranks[second]
    mine, other = keys[k], keys[second]
    a, b, c, d, e, f, g, h = (
        keys[j],
        keys[j + 1],
        keys[j + 2],
        keys[j + 3],
        keys[j + 4],
        keys[j + 5],
        keys[j + 6],
        keys[j + 7],
    )
    for i in range(BLOCK):
        x, y = mine[i], other[i]
        at_x = (_over(a[i], x) + _over(b[i], x)) + (_over(c[i], x) + _over(d[i], x))
        at_x += (_over(e[i], x) + _over(f[i], x)) + (_over(g[i], x) + _over(h[i], x))
        at_y = (_over(a[i], y) + _over(b[i], y)) + (_over(c[i], y) + _over(d[i], y))
        at_y += (_over(e[i], y) + _over(f[i], y)) + (_over(g[i], y) + _over(h[i], y))
        first_row[i] += at_x
        second_row[i] += at_y


@stage
def _over(a, b):
    return np.int32(1) if a > b else np.int32(0)


@stage
def rank_keys(keys, lists, ranks):
    """ranks (int32) = how many keys are larger; rows of both come in multiples of PADDING, and idle keys are
    filled with less than any key.
    """
    for k in range(lists + lists % 2):
        row = ranks[k]
        for i in range(BLOCK):
            row[i] = np.int32(0)
    for k in range(0, lists, 2):
        second = k + 1  # an idle row where the number of lists is odd
        for j in range(0, lists, PADDING):
            _count_ahead(keys, k, second, j, ranks)


@stage
def largest_remainders(keys, left, present, ranks, seats, amiss):
    """Give one seat each to the ``left`` (BLOCK) largest remainders; return in how many draws that failed.

    keys and ranks have rows in multiples of PADDING, the first P for the lists ``present``; ranks is filled.
    ``amiss`` (BLOCK) says how many seats more were given than are ``left``: equal remainders share a rank, so
    that a tie at the cut gives too many.
    """
    lists = present.shape[0]
    for p in range(lists, (lists + PADDING - 1) // PADDING * PADDING):
        idle = keys[p]
        for i in range(BLOCK):
            idle[i] = _OUT
    rank_keys(keys, lists, ranks)
    for i in range(BLOCK):
        amiss[i] = -left[i]
    for p in range(lists):
        rank, out = ranks[p], seats[present[p]]
        for i in range(BLOCK):
            given = 1.0 if rank[i] < left[i] else 0.0
            out[i] += given
            amiss[i] += given
    failed = 0
    for i in range(BLOCK):
        failed += 1 if amiss[i] != 0.0 else 0
    return failed
