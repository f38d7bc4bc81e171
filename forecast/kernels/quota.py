"""Quota methods on a block of draws: whole quotas first, then the largest remainders."""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import stage
from forecast.kernels.elementary import bits_float, float_bits
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

_REMAINDER = np.uint64(0xFFFFFFFFFFFFFF00)


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
def whole_quotas(entitled, quota, per, house, inverse, seats, keys, left):
    """Integer parts, and keys that put the remainders in order.

    entitled (K, BLOCK): votes of the admitted, 0 for the others; ``quota`` (BLOCK) in votes times ``per``
    (BLOCK); ``house`` (BLOCK). Fills ``seats`` and ``keys`` (K, BLOCK) with ``inverse`` (BLOCK) as scratch,
    and ``left`` (BLOCK), what remains of the house. A key is the remainder with its last eight bits replaced
    by the list's place, so that no two are equal and the earlier of two equal remainders comes first; lists
    that are out have -1. Exact for whole remainders below 2**44.
    """
    for i in range(BLOCK):
        left[i] = house[i] if quota[i] > 0.0 else 0.0
        inverse[i] = 1.0 / quota[i] if quota[i] > 0.0 else 0.0
    for k in range(seats.shape[0]):
        row, out, key = entitled[k], seats[k], keys[k]
        place = np.uint64(255 - k)
        for i in range(BLOCK):
            scaled = row[i] * per[i]
            # A product can land on the wrong side of a whole number by one rounding; the remainder tells.
            whole = np.floor(scaled * inverse[i])
            rest = scaled - whole * quota[i]
            under = 1.0 if rest < 0.0 else 0.0
            over = (1.0 if rest >= quota[i] else 0.0) * (1.0 if row[i] > 0.0 else 0.0)
            whole += over - under
            rest += (under - over) * quota[i]
            out[i] = whole
            key[i] = bits_float((float_bits(rest) & _REMAINDER) | place) if row[i] > 0.0 else -1.0
            left[i] -= whole


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
    return 1.0 if a > b else 0.0


@stage
def rank_keys(keys, lists, ranks):
    """ranks = how many keys are larger; rows of both come in multiples of PADDING, idle keys are filled with
    -2.
    """
    for k in range(lists + lists % 2):
        row = ranks[k]
        for i in range(BLOCK):
            row[i] = 0.0
    for k in range(0, lists, 2):
        second = k + 1  # an idle row where the number of lists is odd
        for j in range(0, lists, 8):
            _count_ahead(keys, k, second, j, ranks)


@stage
def largest_remainders(keys, left, ranks, seats):
    """Give one seat each to the ``left`` (BLOCK) largest remainders; the earlier list of two equal ones.

    keys and ranks have rows in multiples of PADDING; ranks is filled. Needs left < number of lists admitted,
    which Hare's quota ensures.
    """
    lists = seats.shape[0]
    rank_keys(keys, lists, ranks)
    for k in range(lists):
        rank, out = ranks[k], seats[k]
        for i in range(BLOCK):
            out[i] += 1.0 if rank[i] < left[i] else 0.0


@stage
def tie_at_the_cut(keys, ranks, lists, left, i):
    """Whether the smallest remainder that won a seat in draw i equals the largest that did not."""
    won, lost = np.inf, -1.0
    for k in range(lists):
        if ranks[k, i] < left[i]:
            won = min(won, keys[k, i])
        else:
            lost = max(lost, keys[k, i])
    return lost >= 0.0 and (float_bits(won) & _REMAINDER) == (float_bits(lost) & _REMAINDER)
