"""Quotas and largest remainders in float32, for plain rules: see ``plain``.

Remainders are compared as 16-bit numbers, twice as many at a time as the votes that they come from.
"""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import glue, stage
from forecast.kernels.elementary import larger, smaller
from forecast.kernels.quota import quota_parts
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import QUOTA_DROOP, QUOTA_HAGENBACH_BISCHOFF_ROUNDED

_ROUNDING = np.float32(2.0**-24)
_NONE, _UNIT, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_SURE, _UNSURE = np.uint16(0), np.uint16(1)
_STEPS = np.float32(65535.0)
_TOP = np.uint16(65535)
_TWO_REMAINDERS = np.float32(2.0 * 65536.0)  # in steps
_MOST_NEEDED = np.float32(60000.0)


@stage
def all_to_one(claims, present, seats, whole):
    """Every seat to whoever has a claim."""
    for p in range(present.shape[0]):
        row, out = claims[p], whole[present[p]]
        for i in range(BLOCK):
            out[i] = seats if row[i] > _NONE else _SURE


@glue
def divide_by_quotas(rule, valid_votes, total, claims, present, house, plain):
    """Seats by a quota and largest remainders."""
    number = present.shape[0]
    scale, needed = plain.scale, plain.needed
    lists = plain.part.shape[0]
    _quotas_of_a_vote(rule.quota, valid_votes, total, plain.claimed, house, number, lists, scale, needed)
    _whole_quotas(claims, scale, house, present, plain.counting.whole, plain.keys, plain.left)
    for p in range(number):
        key, out = plain.keys[p], plain.ordered[p]
        for i in range(BLOCK):
            out[i] = key[i]
    sort_rows(plain.ordered, number)
    _find_cut(plain.ordered[:number], plain.left, plain.rank, plain.cut, plain.gap)
    for i in range(BLOCK):
        plain.unsure[i] = plain.unsure[i] if plain.gap[i] >= needed[i] else _UNSURE
    for p in range(number):
        key, out = plain.keys[p], plain.counting.whole[present[p]]
        for i in range(BLOCK):
            seats = np.uint16(out[i] + np.uint16(key[i] > plain.cut[i]))
            out[i] = seats if plain.unsure[i] == _SURE else _SURE


@stage
def _quotas_of_a_vote(code, valid_votes, total, claimed, house, number, lists, scale, needed):
    """scale (BLOCK): how many quotas a vote is; needed (BLOCK): how far apart two of ``number`` remainders,
    in steps of 1 / 65535, must be for single precision to tell which is larger.

    A quotient of ``house`` seats at most carries the rounding of the sum, of the quota and its own, and both
    remainders do; a quota in whole votes may also be off by one, where what it is rounded from is near the
    next.
    """
    rounding = np.float32(number + 8) * _ROUNDING
    steps = smaller(np.float32(2.0) + _TWO_REMAINDERS * house * rounding, _MOST_NEEDED)
    per = np.float32(quota_parts(code, np.float64(house)))
    if code != QUOTA_DROOP and code != QUOTA_HAGENBACH_BISCHOFF_ROUNDED:
        for i in range(BLOCK):
            scale[i] = per / claimed[i]
            needed[i] = np.uint16(np.int32(steps))
        return
    votes, wide = np.float32(valid_votes), np.float32(number + lists + 16) * _ROUNDING
    more = _UNIT if code == QUOTA_DROOP else _NONE
    round_up = _NONE if code == QUOTA_DROOP else _HALF
    for i in range(BLOCK):
        vote = total[i] / votes
        unrounded = claimed[i] / (vote * (house + _UNIT)) + round_up
        floor = np.floor(unrounded)
        quota = larger(floor + more, _UNIT)
        scale[i] = _UNIT / (quota * vote)
        off, part = _TWO_REMAINDERS * house / quota, unrounded - floor
        near = smaller(part, _UNIT - part) <= wide * unrounded
        needed[i] = np.uint16(np.int32(smaller(steps + (off if near else _NONE), _MOST_NEEDED)))


@stage
def _whole_quotas(claims, scale, house, present, whole, keys, left):
    """Integer parts into the rows of ``whole`` of the lists present, remainders into ``keys``, in order; left
    (BLOCK) is what remains of the house.
    """
    for i in range(BLOCK):
        left[i] = house
    number = present.shape[0]
    for p in range(0, number - 1, 2):
        row, out, key = claims[p], whole[present[p]], keys[p]
        other, out_other, key_other = claims[p + 1], whole[present[p + 1]], keys[p + 1]
        for i in range(BLOCK):
            one, two = row[i] * scale[i], other[i] * scale[i]
            floor, floor_other = np.floor(one), np.floor(two)
            out[i], out_other[i] = np.uint16(np.int32(floor)), np.uint16(np.int32(floor_other))
            key[i] = np.uint16(np.int32((one - floor) * _STEPS))
            key_other[i] = np.uint16(np.int32((two - floor_other) * _STEPS))
            left[i] -= floor + floor_other
    if number % 2 == 1:
        row, out, key = claims[number - 1], whole[present[number - 1]], keys[number - 1]
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


@stage
def _exchange(first, second):
    """The larger of each two into the first row."""
    for i in range(BLOCK):
        one, two = first[i], second[i]
        first[i] = one if one > two else two
        second[i] = two if one > two else one


@stage
def _find_cut(ordered, left, rank, cut, gap):
    """cut (BLOCK) = the largest remainder that wins none of the seats ``left``, gap how far it is behind the
    one before it; no gap where there are not so many seats or lists.
    """
    for i in range(BLOCK):
        rank[i] = np.uint16(np.int32(left[i]))
        cut[i] = _SURE
        gap[i] = _SURE
    before = rank
    for p in range(ordered.shape[0]):
        row, here = ordered[p], np.uint16(p)
        top = _TOP if p == 0 else _SURE
        for i in range(BLOCK):
            value = row[i]
            width = np.uint16(np.uint16(before[i] | top) - value)
            cut[i] = value if rank[i] == here else cut[i]
            gap[i] = width if rank[i] == here else gap[i]
        before = row
