"""Quota methods: whole quotas first, then the largest remainders.

A block is divided in single precision; remainders are compared as 16-bit numbers, twice as many at a time as
the votes that they come from. Draws in which two remainders could stand in either order are divided again one
by one, exactly; so are all draws of methods that treat remainders otherwise (see ``divide_exactly``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import called, element, kernel, stage
from forecast.kernels.arrays import (
    BLOCK,
    Claims,
    F32x1,
    F64x2,
    GivenVotes,
    I64x1,
    Piece,
    Seats,
    U16x1,
    U16x2,
    Votes,
)
from forecast.kernels.elementary import larger, smaller
from forecast.kernels.laws import (
    QUOTA_DROOP,
    QUOTA_HAGENBACH_BISCHOFF,
    QUOTA_HAGENBACH_BISCHOFF_ROUNDED,
    QUOTA_HARE,
    QUOTA_HARE_ROUNDED_DOWN,
    QUOTA_HARE_ROUNDED_UP,
    QUOTA_IMPERIALI,
    QUOTA_IMPERIALI_ROUNDED,
    Law,
    Rule,
)
from forecast.kernels.one_draw import (
    CLOSED,
    ENTITLED,
    LATEST,
    LIMITS,
    REMAINDERS,
    SEATS,
    SERVED,
    Way,
    begin_block,
    entitle,
    lot_of,
    put_seats,
    tied_before,
    vote_size,
)

_ROUNDING = np.float32(2.0**-24)
_NONE, _UNIT, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_LEAST = np.float32(2.0**-120)
_SURE, _AMBIGUOUS = np.uint16(0), np.uint16(1)
_STEPS = np.float32(65535.0)
_TOP = np.uint16(65535)
_TWO_REMAINDERS = np.float32(2.0 * 65536.0)  # in steps
_MOST_NEEDED = np.float32(60000.0)


class QuotaWorkspace(NamedTuple):
    """What a block is divided with. One array each: of rows of one array the compiler does not know that they
    lie apart, and where it would have to find out it makes no vector code.
    """

    quotas: F32x1
    """(BLOCK,) how many quotas a vote is."""
    left: F32x1
    """(BLOCK,) seats that are still to be given."""
    needed: U16x1
    """(BLOCK,) by how much two remainders must differ for single precision to tell them apart."""
    rank: U16x1
    """(BLOCK,) ``left`` as a whole number."""
    cut: U16x1
    """(BLOCK,) the largest remainder that wins nothing."""
    gap: U16x1
    """(BLOCK,) how far it is behind the one before it."""
    ambiguous: U16x1
    """(BLOCK,) 1 where that cannot be told."""
    keys: U16x2
    """(K, BLOCK) remainders."""
    ordered: U16x2
    """(K, BLOCK) the same, in falling order."""
    draw: F64x2
    """(DRAW_ROWS, K) of a single draw."""


def _divide_quota(
    rules: Rule,
    law: Law,
    houses: I64x1,
    piece: Piece,
    votes: Votes,
    claims: Claims,
    seats: Seats,
    workspace: QuotaWorkspace,
) -> None:
    """Fill the rows of lists of ``seats``: block n hands out houses[n] seats."""
    rule, here, lists, draw = rules[0], piece[0], law.levels.shape[0], workspace.draw
    divisors = law.divisors[rule.divisor_row]
    for n in range(here.blocks):
        number = begin_block(claims, seats, n, lists, draw)
        _quotas_of_a_vote(rule, votes, claims, n, houses[n], workspace)
        _whole_quotas(claims, n, houses[n], seats.whole[n], workspace)
        for p in range(number):
            key, out = workspace.keys[p], workspace.ordered[p]
            for i in range(BLOCK):
                out[i] = key[i]
        sort_rows(workspace.ordered, number)
        _find_cut(number, workspace)
        _give_the_rest(claims, n, houses[n], seats, workspace)
        for i in range(BLOCK):
            if workspace.ambiguous[i] == _AMBIGUOUS:
                behind = entitle(rule, law, votes, claims, n, i, draw[ENTITLED])
                vote, lot, present = (
                    vote_size(votes, n, i),
                    lot_of(rule, here, n, i),
                    claims.present[n, :number],
                )
                largest_remainders(Way(rule, divisors, 0.0, vote, lot, present, draw), houses[n], behind)
                put_seats(claims, n, i, draw[SEATS], seats)


divide_quota_drawn = kernel(_divide_quota, votes=Votes)
divide_quota_given = kernel(_divide_quota, votes=GivenVotes)


@stage
def _quotas_of_a_vote(rule, votes, claims, n, seats, workspace):
    """How many quotas a vote is in each draw of block ``n``; and how far apart, in steps of 1 / 65535, two
    remainders must be for single precision to tell which is larger.

    A quotient of ``seats`` at most carries the rounding of the sum, of the quota and its own, and both
    remainders do; a quota in whole votes may also be off by one, where what it is rounded from is near the
    next.
    """
    scale, needed, claimed, total = workspace.quotas, workspace.needed, claims.total[n], votes.total[n]
    number, units, house = claims.number[n], votes.single.shape[1], np.float32(seats)
    steps = np.float32(2.0) + _TWO_REMAINDERS * house * np.float32(number + 9) * _ROUNDING
    steps = smaller(steps, _MOST_NEEDED)
    if rule.quota != QUOTA_DROOP and rule.quota != QUOTA_HAGENBACH_BISCHOFF_ROUNDED:
        parts = np.float32(quota_parts(rule.quota, np.float64(seats)))
        for i in range(BLOCK):
            scale[i] = parts / larger(claimed[i], _LEAST)
            needed[i] = np.uint16(np.int32(steps))
        return
    unit = np.float32(rule.vote / rule.uncorrected)
    drawn = votes.stands_for[n] > 0.0
    each = np.float32(votes.stands_for[n]) if drawn else _UNIT
    wide = np.float32(number + units + 16) * _ROUNDING
    more = _UNIT if rule.quota == QUOTA_DROOP else _NONE
    round_up = _NONE if rule.quota == QUOTA_DROOP else _HALF
    for i in range(BLOCK):
        vote = (total[i] / each if drawn else _UNIT) * unit
        unrounded = claimed[i] / (vote * (house + _UNIT)) + round_up
        floor = np.floor(unrounded)
        quota = larger(floor + more, _UNIT)
        scale[i] = _UNIT / (quota * vote)
        off, part = _TWO_REMAINDERS * house / quota, unrounded - floor
        near = smaller(part, _UNIT - part) <= wide * unrounded
        needed[i] = np.uint16(np.int32(smaller(steps + (off if near else _NONE), _MOST_NEEDED)))


@stage
def _whole_quotas(claims, n, seats, whole, workspace):
    """Integer parts into the rows of ``whole`` of the lists present, remainders into the keys, in order, and
    what is left of the house.
    """
    scale, left, keys, house = workspace.quotas, workspace.left, workspace.keys, np.float32(seats)
    rows, present = claims.votes[n], claims.present[n]
    for i in range(BLOCK):
        left[i] = house
    number = claims.number[n]
    for p in range(0, number - 1, 2):
        row, out, key = rows[p], whole[present[p]], keys[p]
        other, out_other, key_other = rows[p + 1], whole[present[p + 1]], keys[p + 1]
        for i in range(BLOCK):
            one, two = row[i] * scale[i], other[i] * scale[i]
            floor, floor_other = np.floor(one), np.floor(two)
            out[i], out_other[i] = np.uint16(np.int32(floor)), np.uint16(np.int32(floor_other))
            key[i] = np.uint16(np.int32((one - floor) * _STEPS))
            key_other[i] = np.uint16(np.int32((two - floor_other) * _STEPS))
            left[i] -= floor + floor_other
    if number % 2 == 1:
        row, out, key = rows[number - 1], whole[present[number - 1]], keys[number - 1]
        for i in range(BLOCK):
            one = row[i] * scale[i]
            floor = np.floor(one)
            out[i] = np.uint16(np.int32(floor))
            key[i] = np.uint16(np.int32((one - floor) * _STEPS))
            left[i] -= floor


@stage
def sort_rows(rows, number):
    """Put the first ``number`` rows (BLOCK) uint16 in falling order, draw by draw.

    Merge exchange (Batcher 1968; Knuth, The Art of Computer Programming, vol. 3, 5.2.2, algorithm M): which
    rows are compared does not depend on what is in them.
    """
    power = 1
    while 2 * power < number:
        power *= 2
    p = power if number > 1 else 0
    while p > 0:
        q, r, d = power, 0, p
        while d > 0:
            for k in range(number - d):
                if k & p == r:
                    _exchange(rows[k], rows[k + d])
            d = q - p
            q //= 2
            r = p
        p //= 2


@called
def _exchange(first, second):
    """The larger of each two into the first row."""
    for i in range(BLOCK):
        one, two = first[i], second[i]
        first[i] = one if one > two else two
        second[i] = two if one > two else one


@stage
def _find_cut(number, workspace):
    """The largest remainder that wins none of the seats ``left``, and how far it is behind the one before it;
    no gap where there are not so many seats or lists.
    """
    left, rank, cut, gap = workspace.left, workspace.rank, workspace.cut, workspace.gap
    ordered = workspace.ordered
    for i in range(BLOCK):
        rank[i] = np.uint16(np.int32(left[i]))
        cut[i] = _SURE
        gap[i] = _SURE
    before_it = rank
    for p in range(number):
        row, here = ordered[p], np.uint16(p)
        top = _TOP if p == 0 else _SURE
        for i in range(BLOCK):
            value = row[i]
            width = np.uint16(np.uint16(before_it[i] | top) - value)
            cut[i] = value if rank[i] == here else cut[i]
            gap[i] = width if rank[i] == here else gap[i]
        before_it = row


@stage
def _give_the_rest(claims, n, seats, given, workspace):
    """One seat each to the remainders above the cut; ambiguous are the draws in which that cannot be told,
    but for those in which one list takes all.
    """
    needed, cut, gap, ambiguous = workspace.needed, workspace.cut, workspace.gap, workspace.ambiguous
    keys = workspace.keys
    many, total, house = claims.many[n], claims.total[n], given.house[n]
    every, alone = np.uint16(seats), np.int32(0)
    for i in range(BLOCK):
        single = (many[i] == _UNIT) & (total[i] > _LEAST)
        ambiguous[i] = _SURE if (gap[i] >= needed[i]) | single else _AMBIGUOUS
        house[i] = every
        alone = np.int32(alone + np.int32(single))
    for p in range(claims.number[n]):
        key, out = keys[p], given.whole[n, claims.present[n, p]]
        for i in range(BLOCK):
            out[i] = np.uint16(out[i] + np.uint16(key[i] > cut[i]))
    if alone > 0:
        for p in range(claims.number[n]):
            row, out = claims.votes[n, p], given.whole[n, claims.present[n, p]]
            for i in range(BLOCK):
                whole = every if row[i] > _NONE else _SURE
                out[i] = whole if (many[i] == _UNIT) & (ambiguous[i] == _SURE) else out[i]


@stage
def quota_of_votes(code, votes, seats, vote):
    """The quota times ``quota_parts``, for an electorate of ``votes``; ``vote`` is the size of a single vote.

    Hare V/S, also rounded up or down; Droop floor(V/(S+1)) + 1; Hagenbach-Bischoff V/(S+1) and Imperiali
    V/(S+2), also rounded half up. Rounded ones are at least a vote. 0 where there are no votes.
    """
    if votes <= 0.0:
        return 0.0
    if code == QUOTA_DROOP:
        return (np.floor(votes / vote / (seats + 1.0)) + 1.0) * vote
    if code in (QUOTA_HAGENBACH_BISCHOFF_ROUNDED, QUOTA_IMPERIALI_ROUNDED):
        parts = seats + (2.0 if code == QUOTA_IMPERIALI_ROUNDED else 1.0)
        return max(np.floor((2.0 * votes / vote + parts) / (2.0 * parts)), 1.0) * vote
    if code == QUOTA_HARE_ROUNDED_DOWN:
        return max(np.floor(votes / vote / seats), 1.0) * vote
    if code == QUOTA_HARE_ROUNDED_UP:
        return np.ceil(votes / vote / seats) * vote
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
def whole_quotas(way, seats, behind):
    """Whole quotas of one draw into ``draw[SEATS]``, and what these leave of the votes into
    ``draw[REMAINDERS]``: the quota times its parts, its parts, and the seats left over, which are below 0
    where there are more quotas than seats.

    The lists have ``draw[ENTITLED]`` votes; ``behind`` are the votes behind the quota.
    """
    rule, draw, house = way.rule, way.draw, np.float64(seats)
    entitled, own, remainders = draw[ENTITLED], draw[SEATS], draw[REMAINDERS]
    quota = quota_of_votes(rule.quota, behind, house, way.vote * rule.vote)
    parts, left = quota_parts(rule.quota, house), house
    for p in range(way.present.shape[0]):
        own[p] = 0.0
        remainders[p] = -1.0
        draw[CLOSED, p], draw[LATEST, p] = 0.0, 0.0
        if entitled[p] > 0.0 and quota > 0.0:
            scaled = entitled[p] * parts
            own[p] = np.floor(scaled / quota)
            remainders[p] = scaled - own[p] * quota
            own[p] = min(own[p], draw[LIMITS, p])
            left -= own[p]
    return quota, parts, left


@stage
def give_up(way, quota, left):
    """Where more seats are given than there are the smallest remainders give theirs up, one by one; the seats
    that are left then.
    """
    while left < 0.0 and _take_smallest_remainder(way, quota):
        left += 1.0
    return left


@called
def largest_remainders(way, seats, behind):
    """Seats of one draw, what is left over to the largest remainders; arguments as of ``whole_quotas``."""
    quota, _, left = whole_quotas(way, seats, behind)
    if quota > 0.0:
        one_each(way, way.draw[REMAINDERS], give_up(way, quota, left))


@called
def _take_smallest_remainder(way, quota):
    """Take one seat from the smallest remainder among lists that hold one; fewer votes, then the later list.

    The seat given up adds a whole quota to the remainder. Whether there was one to take.
    """
    own, remainders, worst = way.draw[SEATS], way.draw[REMAINDERS], -1
    for p in range(way.present.shape[0]):
        if own[p] > 0.0 and (worst < 0 or _ahead(way, remainders, worst, p)):
            worst = p
    if worst < 0:
        return False
    own[worst] -= 1.0
    remainders[worst] += quota
    return True


@stage
def one_each(way, claims, left):
    """One seat each in order of ``claims`` (P,), round after round until none is left."""
    while left > 0.0:
        given = one_round(way, claims, left)
        if given == 0.0:
            break
        left -= given


@element
def _ahead(way, claims, p, q):
    """Whether the list at ``p`` has the larger of two claims, or comes before that at ``q`` where these are
    equal.
    """
    if claims[p] != claims[q]:
        return claims[p] > claims[q]
    return tied_before(way, p, way.draw[SEATS, p], q, way.draw[SEATS, q])


@stage
def one_round(way, claims, left):
    """One seat each in order of the claims, to no list twice; how many were given."""
    draw, number = way.draw, way.present.shape[0]
    entitled, own, served = draw[ENTITLED], draw[SEATS], draw[SERVED]
    given, rounds = 0.0, 0.0
    for p in range(number):
        served[p] = 0.0
        rounds = max(rounds, draw[LATEST, p])
    while given < left:
        best = -1
        for p in range(number):
            if served[p] > 0.0 or entitled[p] == 0.0 or draw[CLOSED, p] > 0.0:
                continue
            if own[p] < draw[LIMITS, p] and (best < 0 or _ahead(way, claims, p, best)):
                best = p
        if best < 0:
            break
        own[best] += 1.0
        served[best] = 1.0
        given += 1.0
        draw[LATEST, best] = rounds + given
    return given
