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


@stage
def quota_of_votes(code, votes, seats, vote):
    """The quota times ``quota_parts``, for an electorate of ``votes``; ``vote`` is the size of a single vote.

    Hare V/S; Droop floor(V/(S+1)) + 1; Hagenbach-Bischoff V/(S+1), also rounded half up; Imperiali V/(S+2).
    """
    if code == QUOTA_DROOP:
        return (np.floor(votes / vote / (seats + 1.0)) + 1.0) * vote
    if code == QUOTA_HAGENBACH_BISCHOFF_ROUNDED:
        return np.floor((2.0 * votes / vote + seats + 1.0) / (2.0 * (seats + 1.0))) * vote
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
def whole_quotas(entitled, admitted, quota, per, house, seats, remainders, left):
    """Integer parts and remainders.

    entitled (K, BLOCK): votes of the admitted, 0 for the others; ``quota`` (BLOCK) in votes times ``per``. Fills
    ``seats`` and ``remainders`` (K, BLOCK; -1 for lists that are out) and ``left`` (BLOCK), what remains of the
    house.
    """
    for i in range(BLOCK):
        left[i] = house if quota[i] > 0.0 else 0.0
    for k in range(seats.shape[0]):
        row, inside, out, rest = entitled[k], admitted[k], seats[k], remainders[k]
        for i in range(BLOCK):
            scaled = row[i] * per
            whole = np.floor(scaled / quota[i]) if row[i] > 0.0 else 0.0
            out[i] = whole
            rest[i] = scaled - whole * quota[i] if inside[i] > 0.0 else -1.0
            left[i] -= whole


@stage
def _count_ahead(mine, other, rank, earlier):
    """rank (BLOCK) += 1 where the remainder ``other`` comes before ``mine``: larger, or equal and earlier."""
    if earlier:
        for i in range(BLOCK):
            rank[i] += 1.0 if other[i] >= mine[i] else 0.0
    else:
        for i in range(BLOCK):
            rank[i] += 1.0 if other[i] > mine[i] else 0.0


@stage
def _count_four_ahead(mine, a, b, c, d, rank, earlier):
    """The same for four other lists in one pass over memory."""
    if earlier:
        for i in range(BLOCK):
            x = mine[i]
            ab = (1.0 if a[i] >= x else 0.0) + (1.0 if b[i] >= x else 0.0)
            cd = (1.0 if c[i] >= x else 0.0) + (1.0 if d[i] >= x else 0.0)
            rank[i] += ab + cd
    else:
        for i in range(BLOCK):
            x = mine[i]
            ab = (1.0 if a[i] > x else 0.0) + (1.0 if b[i] > x else 0.0)
            cd = (1.0 if c[i] > x else 0.0) + (1.0 if d[i] > x else 0.0)
            rank[i] += ab + cd


@stage
def _rank(remainders, k, rank):
    """rank (BLOCK) = how many remainders come before that of list k."""
    lists = remainders.shape[0]
    for i in range(BLOCK):
        rank[i] = 0.0
    for earlier in (True, False):
        j, end = (0, k) if earlier else (k + 1, lists)
        while j + 4 <= end:
            _count_four_ahead(
                remainders[k],
                remainders[j],
                remainders[j + 1],
                remainders[j + 2],
                remainders[j + 3],
                rank,
                earlier,
            )
            j += 4
        while j < end:
            _count_ahead(remainders[k], remainders[j], rank, earlier)
            j += 1


@stage
def largest_remainders(remainders, left, ranks, seats):
    """Give one seat each to the ``left`` (BLOCK) largest remainders; the earlier list of two equal ones.

    ranks (K, BLOCK) is filled. Needs left < number of lists admitted, which Hare's quota ensures.
    """
    for k in range(remainders.shape[0]):
        rank, out = ranks[k], seats[k]
        _rank(remainders, k, rank)
        for i in range(BLOCK):
            out[i] += 1.0 if rank[i] < left[i] else 0.0


@stage
def tie_at_the_cut(remainders, ranks, left, i):
    """Whether the smallest remainder that won a seat in draw i equals the largest that did not."""
    won, lost = np.inf, -1.0
    for k in range(remainders.shape[0]):
        if ranks[k, i] < left[i]:
            won = min(won, remainders[k, i])
        else:
            lost = max(lost, remainders[k, i])
    return won == lost
