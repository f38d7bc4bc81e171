"""A single draw, exactly: what the exact forms of all divisions begin and end with, and who comes first when
claims are equal.

Their workspace is a few rows of float64, one number a list: of the P lists present in a block, in their order
there, or of all K. Compared are products of whole numbers below 2**53, which float64 holds exactly.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.compiling import element, stage
from forecast.kernels.arrays import BLOCK, RUNNER_UP
from forecast.kernels.laws import NO_LIMIT, TIES_FEWEST_VOTES, TIES_LOT, TIES_NO_SEAT, TIES_NOT_BY_VOTES
from forecast.kernels.random_bits import mix

BY_ORDER = np.uint64(0)
_LOT, _NOT_BY_VOTES = np.uint64(TIES_LOT), np.uint64(TIES_NOT_BY_VOTES)
_FEWEST_VOTES, _NO_SEAT = np.uint64(TIES_FEWEST_VOTES), np.uint64(TIES_NO_SEAT)
_STEPS = np.uint64(15)


@element
def lot_of(rule, piece, n, i):
    """The key of a draw's lot, with the steps of the rule's ties in its last bits; without a lot these alone,
    ``BY_ORDER`` where ties go by votes and the order of the lists.

    Only votes from outside can tie: of drawn ones two quotients agree to the last bit once in 10**15 times.
    """
    if (rule.ties & _LOT) == BY_ORDER or piece.lots == BY_ORDER:
        return rule.ties & ~_LOT
    return (mix(piece.lots, piece.replicate, piece.first + n * BLOCK + i) & ~_STEPS) | rule.ties


@stage
def earlier(lot, a, b):
    """Whether list ``a`` comes before ``b`` when all else is equal: by order, or by the draw's lot."""
    if (lot & _LOT) == BY_ORDER:
        return a < b
    return _lot_number(lot, a) < _lot_number(lot, b)


@stage
def _lot_number(lot, k):
    """The lot of list k: a 64-bit hash of the draw's key."""
    z = lot ^ (np.uint64(k + 1) * np.uint64(0x9E3779B97F4A7C15))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@stage
def before(votes_a, seats_a, a, votes_b, seats_b, b, lot):
    """Which of two lists with equal claims goes first, by the steps in the key of the lot: a list without a
    seat so far, more votes or fewer, then the order or the lot.
    """
    if (lot & _NO_SEAT) != BY_ORDER and (seats_a > 0.0) != (seats_b > 0.0):
        return seats_b > 0.0
    if (lot & _NOT_BY_VOTES) == BY_ORDER and votes_a != votes_b:
        return (votes_a > votes_b) == ((lot & _FEWEST_VOTES) == BY_ORDER)
    return earlier(lot, a, b)


@stage
def leads(votes, k, best, lot):
    """Whether list k has more votes than the ``best`` so far (-1: none), or as many and comes before it."""
    if best < 0 or votes[k] != votes[best]:
        return best < 0 or votes[k] > votes[best]
    return earlier(lot, k, best)


ENTITLED, SEATS, REMAINDERS, SERVED, FLOORS, LIMITS, CLOSED, LATEST = 0, 1, 2, 3, 4, 5, 6, 7
"""Rows of the workspace: votes as they count; seats; and what the methods need on the way."""

DRAW_ROWS = 8


class Way(NamedTuple):
    """How seats are divided in a draw, and among whom. Made where it is used: compiled code returns no record
    in a tuple.
    """

    rule: Any
    divisors: Any
    outside: Any  # votes behind the quota of lists that take no part
    vote: Any  # the size of a single vote
    lot: Any
    present: Any  # (P,) numbers of the lists that may win seats, in the order of ``draw``
    draw: Any  # (DRAW_ROWS, P or more) workspace


@stage
def tied_before(way, p, held, q, other):
    """Whether of equal claims that of list ``p`` goes before that of ``q``, with ``held`` seats so far and
    with ``other``.
    """
    votes, present = way.draw[ENTITLED], way.present
    return before(votes[p], held, present[p], votes[q], other, present[q], way.lot)


@stage
def begin_block(claims, seats, n, lists, draw):
    """No seats for lists that are not present in block ``n``; how many are."""
    here, number = draw[SERVED], claims.number[n]
    for k in range(lists):
        here[k] = 0.0
    for p in range(number):
        here[claims.present[n, p]] = 1.0
    for k in range(lists):
        if here[k] == 0.0 and seats.filled[n, k]:
            row = seats.whole[n, k]
            for i in range(BLOCK):
                row[i] = 0
        seats.filled[n, k] = here[k] > 0.0
    for p in range(number):
        draw[FLOORS, p] = 0.0
        draw[LIMITS, p] = NO_LIMIT
    return number


@stage
def vote_size(votes, n, i):
    """The size of a single vote in draw i of block n."""
    if votes.stands_for[n] == 0.0:
        return 1.0
    return valid_votes(votes, n, i) * (1.0 / votes.stands_for[n])


@stage
def valid_votes(votes, n, i):
    """The valid votes of draw i of block n."""
    total = 0.0
    for k in range(votes.exact.shape[1]):
        total += votes.exact[n, k, i]
    return total


@stage
def votes_for_lists(no_lists, votes, n, i):
    """Those of them that are for lists."""
    total = 0.0
    for k in range(no_lists.shape[0]):
        total += votes.exact[n, k, i] if no_lists[k] == 0 else 0.0
    return total


@stage
def entitle(rule, law, votes, claims, n, i, entitled):
    """Votes with which the lists present take part in the allocation of a draw, into ``entitled`` (P,), and
    those behind a quota: a law that corrects a runner-up's quotient leaves the quota alone.
    """
    behind, lists = 0.0, law.levels.shape[0]
    for p in range(claims.number[n]):
        k, own = claims.present[n, p], 0.0
        if claims.votes[n, p, i] > 0.0:
            weighed = votes.exact[n, k, i] * law.weights[k]
            joined = claims.joined.shape[0] > 0 and claims.joined[n * lists + k, i] == RUNNER_UP
            own = weighed * (rule.correction if joined else rule.uncorrected)
            behind += weighed * rule.uncorrected
        entitled[p] = own
    return behind


@stage
def votes_of_all_lists(rule, law, votes, vote, n, i):
    """Votes behind a quota of all lists, admitted or not, weighed as ``entitle`` does."""
    behind = votes_for_lists(law.no_lists, votes, n, i) * vote
    for k in range(law.levels.shape[0]):
        more = law.weights[k] * rule.uncorrected - vote
        if more != 0.0:
            behind += votes.exact[n, k, i] * more
    return behind


@stage
def electorate(rule, law, votes, claims, n, i, draw):
    """Entitle the lists present, and the votes behind their quota."""
    behind = entitle(rule, law, votes, claims, n, i, draw[ENTITLED])
    if rule.quota_of_valid:
        behind = votes_of_all_lists(rule, law, votes, rule.vote, n, i)
    return behind


@stage
def put_seats(claims, n, i, own, seats):
    """Write the seats ``own`` (P,) of a draw; nobody with votes makes it void."""
    given = 0.0
    for p in range(claims.number[n]):
        seats.whole[n, claims.present[n, p], i] = np.uint16(np.int64(own[p]))
        given += own[p]
    seats.house[n, i] = np.uint16(np.int64(given))
