"""Plain rules in float32: thresholds for all alike or by list, and one division by quotas or by divisors.

Nine draws in ten thousand are too close for single precision to tell: a list at the threshold but for rounding,
two remainders or two quotients that could stand in either order. Every stage knows its own rounding and marks
such draws ``unsure``; they are left out here, wait until a block of them is full, and are counted by the way of
all other rules, in float64 from the same votes. So nothing hangs on the precision of this file but its speed.
Draws that a rule treats in a way of its own, such as those in which too few lists pass, are marked as well.

Remainders are compared as 16-bit numbers, which is twice as fast again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.compiling import element, glue, maker, stage
from forecast.kernels.elementary import larger, smaller
from forecast.kernels.quota import quota_parts
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import (
    BASE_CAST,
    BASE_LISTS,
    BASE_REGISTERED,
    FAMILY_DIVISOR,
    QUOTA_DROOP,
    QUOTA_HAGENBACH_BISCHOFF_ROUNDED,
)
from forecast.kernels.tally import Counting, clear_absent, new_narrow_counting

_ROUNDING = np.float32(2.0**-24)
"""Of a float32, relative: half a unit in the last place."""

_NONE, _UNIT, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_FAR = np.float32(2.0**120)
_LEAST = np.float32(2.0**-120)
_SURE, _UNSURE = np.uint16(0), np.uint16(1)
_STEPS = np.float32(65535.0)
_TOP = np.uint16(65535)
_TWO_REMAINDERS = np.float32(2.0 * 65536.0)  # in steps
_MOST_NEEDED = np.float32(60000.0)
_PASSES, _FEW = 6, 4
"""How often the multiplier is moved at most; few enough unsettled draws may as well wait."""

_CLEAR = np.float32(1.0 + 2.0**-20)  # quotients that differ by less may be equal: sixteen roundings


class Plain(NamedTuple):
    """Scratch of a block. Lists that pass in no draw of it are skipped: P are present."""

    levels: Any  # (R, K) thresholds
    highest: Any  # (R,) of them
    claims: Any  # (K + 1, BLOCK) votes of the P present, 0 where they do not pass
    claimed: Any  # (BLOCK,) their sum
    many: Any  # (BLOCK,) how many pass
    near: Any  # (BLOCK,) how near to its threshold the nearest list is
    base: Any  # (BLOCK,)
    sums: Any  # (BLOCK,)
    unsure: Any  # (BLOCK,) uint16
    present: Any  # (K + 1,) int64
    number: Any  # (1,) int64 P
    scale: Any  # (BLOCK,) quotas, or seats, for one vote
    left: Any  # (BLOCK,) seats that are still to be given
    part: Any  # (K, BLOCK) votes for one: their inverse
    next_seat: Any  # (BLOCK,) the multiplier at which the next seat is given
    last_seat: Any  # (BLOCK,) and that at which the last one was
    keys: Any  # (K, BLOCK) uint16 remainders
    ordered: Any  # (K, BLOCK) uint16 the same, in falling order
    needed: Any  # (BLOCK,) uint16 by how much two remainders must differ
    rank: Any  # (BLOCK,) uint16 ``left`` as a whole number
    cut: Any  # (BLOCK,) uint16 the largest remainder that wins nothing
    gap: Any  # (BLOCK,) uint16 how far it is behind the one before it
    counting: Counting


@maker
def new_plain(rules, blocs):
    """Empty arrays for ``rules`` and K + C = ``blocs``."""
    number, lists = rules.numerators.shape
    levels = (rules.numerators / rules.denominators).astype(np.float32)
    highest = np.zeros(number, np.float32)
    for r in range(number):
        highest[r] = levels[r].max() if lists > 0 else _NONE

    return Plain(
        levels,
        highest,
        np.zeros((lists + 1, BLOCK), np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.uint16),
        np.zeros(lists + 1, np.int64),
        np.zeros(1, np.int64),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros((lists, BLOCK), np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros((lists, BLOCK), np.uint16),
        np.zeros((lists, BLOCK), np.uint16),
        np.zeros(BLOCK, np.uint16),
        np.zeros(BLOCK, np.uint16),
        np.zeros(BLOCK, np.uint16),
        np.zeros(BLOCK, np.uint16),
        new_narrow_counting(lists, blocs),
    )


@glue
def plain_seats(draws, rules, r, drawn, valid, passes, plain):
    """Seats of a block by the plain rule ``r`` into ``plain.counting``; how many lists are present.

    passes (K,) += draws of the whole block in which a list reaches its threshold. Draws from ``valid`` on count
    as unsure.
    """
    rule = rules.records[r]
    _fill_base(rule.base, draws.not_lists, drawn, plain.base)
    number = admit_present(
        drawn.votes,
        plain.levels[r],
        plain.base,
        plain.claims,
        plain.claimed,
        plain.many,
        plain.near,
        plain.present,
        passes,
    )
    plain.number[0] = number
    rounding = np.float32(drawn.votes.shape[0] + 8) * _ROUNDING
    doubt_admission(rule, plain.highest[r], rounding, valid, plain)
    clear_absent(plain.present[:number], plain.counting)
    divide_plainly(rule, draws.valid_votes, drawn.total, False, plain)
    return number


@stage
def claim_largest(votes, ranks, m, plain):
    """Claims of the ``m`` largest lists of every draw, by their ranks (K, BLOCK); how many are present."""
    claimed, many = plain.claimed, plain.many
    for i in range(BLOCK):
        claimed[i] = _NONE
        many[i] = np.float32(m)
    number, most = 0, np.int32(m)
    for k in range(ranks.shape[0]):
        row, rank, out = votes[k], ranks[k], plain.claims[number]
        often = np.int32(0)
        for i in range(BLOCK):
            inside = rank[i] < most
            one = row[i] if inside else _NONE
            out[i] = one
            claimed[i] += one
            often = np.int32(often + np.int32(inside))
        plain.present[number] = k
        number += 1 if often > 0 else 0
    plain.number[0] = number
    return number


@stage
def divide_plainly(rule, valid_votes, total, alone, plain):
    """Seats of those present, by the method of a plain rule; ``alone``: one list takes part in every draw."""
    number, house = plain.number[0], np.float32(rule.seats)
    claims, present = plain.claims[:number], plain.present[:number]
    if alone:
        all_to_one(claims, present, np.uint16(rule.seats), plain.counting.whole)
    elif rule.family == FAMILY_DIVISOR:
        divide_by_divisors(rule, claims, present, house, plain)
    elif number > 0:
        divide_by_quotas(rule, valid_votes, total, claims, present, house, plain)
    seats, whole, unsure = np.uint16(rule.seats), plain.counting.house, plain.unsure
    for i in range(BLOCK):
        whole[i] = seats if unsure[i] == _SURE else _SURE


@glue
def _fill_base(code, not_lists, drawn, base):
    """base (BLOCK) = what the threshold is a share of."""
    for i in range(BLOCK):
        base[i] = drawn.total[i]
    if code == BASE_LISTS:
        for i in range(BLOCK):
            base[i] = _NONE
        for k in range(not_lists.shape[0]):
            if not not_lists[k]:
                row = drawn.votes[k]
                for i in range(BLOCK):
                    base[i] += row[i]
    elif code == BASE_CAST:
        for i in range(BLOCK):
            base[i] *= np.float32(drawn.per_cast[i])
    elif code == BASE_REGISTERED:
        for i in range(BLOCK):
            base[i] *= np.float32(drawn.per_registered[i])


@stage
def admit_present(votes, levels, base, claims, claimed, many, near, present, passes):
    """Claims of the lists that pass in some draw of the block, and how many these are; see ``Plain``.

    Two lists at a time, which halves the traffic of the sums.
    """
    for i in range(BLOCK):
        claimed[i] = _NONE
        many[i] = _NONE
        near[i] = _FAR
    lists, number = levels.shape[0], 0
    for k in range(0, lists - 1, 2):
        row, other, out, out_other = votes[k], votes[k + 1], claims[number], claims[number + 1]
        level, level_other = levels[k], levels[k + 1]
        often, often_other = np.int32(0), np.int32(0)
        for i in range(BLOCK):
            one, two = row[i], other[i]
            above, above_other = one - level * base[i], two - level_other * base[i]
            passed, passed_other = above >= _NONE, above_other >= _NONE
            one, two = one if passed else _NONE, two if passed_other else _NONE
            out[i], out_other[i] = one, two
            claimed[i] += one + two
            many[i] += (_UNIT if passed else _NONE) + (_UNIT if passed_other else _NONE)
            near[i] = smaller(near[i], smaller(abs(above), abs(above_other)))
            often = np.int32(often + np.int32(passed))
            often_other = np.int32(often_other + np.int32(passed_other))
        passes[k] += often
        passes[k + 1] += often_other
        if often == 0:
            for i in range(BLOCK):
                out[i] = out_other[i]
        present[number] = k
        number += 1 if often > 0 else 0
        present[number] = k + 1
        number += 1 if often_other > 0 else 0
    if lists % 2 == 1:
        row, out, level = votes[lists - 1], claims[number], levels[lists - 1]
        often = np.int32(0)
        for i in range(BLOCK):
            above = row[i] - level * base[i]
            passed = above >= _NONE
            one = row[i] if passed else _NONE
            out[i] = one
            claimed[i] += one
            many[i] += _UNIT if passed else _NONE
            near[i] = smaller(near[i], abs(above))
            often = np.int32(often + np.int32(passed))
        passes[lists - 1] += often
        present[number] = lists - 1
        number += 1 if often > 0 else 0
    return number


@glue
def doubt_admission(rule, highest, rounding, valid, plain):
    """Mark the draws in which a list is at its threshold but for ``rounding`` (of the base and of levels up to
    ``highest``), in which fewer lists pass than must, or hold less together; and those from ``valid`` on.
    """
    base, near, many, unsure = plain.base, plain.near, plain.many, plain.unsure
    least, width = np.float32(larger(rule.minimum_lists, 1.0)), highest * rounding
    for i in range(BLOCK):
        doubtful = (near[i] <= width * base[i]) | (many[i] < least)
        unsure[i] = _UNSURE if doubtful else _SURE
    if rule.joint_numerator > 0.0:
        joint = np.float32(rule.joint_numerator / rule.joint_denominator)
        for i in range(BLOCK):
            enough = plain.claimed[i] > (joint + rounding) * base[i]
            unsure[i] = unsure[i] if enough else _UNSURE
    for i in range(valid, BLOCK):
        unsure[i] = _UNSURE


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
    """scale (BLOCK): how many quotas a vote is; needed (BLOCK): how far apart two of ``number`` remainders, in
    steps of 1 / 65535, must be for single precision to tell which is larger.

    A quotient of ``house`` seats at most carries the rounding of the sum, of the quota and its own, and both
    remainders do; a quota in whole votes may also be off by one, where what it is rounded from is near the next.
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

    Merge exchange (Batcher 1968; Knuth, The Art of Computer Programming, vol. 3, 5.2.2, algorithm M): which rows
    are compared does not depend on what is in them.
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
    """cut (BLOCK) = the largest remainder that wins none of the seats ``left``, gap how far it is behind the one
    before it; no gap where there are not so many seats or lists.
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


@glue
def divide_by_divisors(rule, claims, present, house, plain):
    """Seats by a divisor method: votes times a multiplier, rounded as the method rounds, with the multiplier moved
    to where the next seat is given, or behind the last one, until as many are given as there are.

    Seats are right if their sum is, and every last seat comes before every next one, whatever led to them.
    """
    shift, first = np.float32(rule.shift), larger(np.float32(rule.first), _LEAST)
    scale, left = plain.scale, plain.left
    for i in range(BLOCK):
        scale[i] = larger(house + plain.many[i] * (shift - _HALF), _HALF) / plain.claimed[i]
    for p in range(present.shape[0]):
        row, part = claims[p], plain.part[p]
        for i in range(BLOCK):
            part[i] = _UNIT / row[i] if row[i] > _NONE else _FAR
    for _ in range(_PASSES):
        _round(claims, present, shift, first, house, plain)
        if _unsettled(left) <= _FEW:
            break
        _move(left, plain.next_seat, plain.last_seat, scale)
    for i in range(BLOCK):
        clear = (left[i] == _NONE) & (plain.next_seat[i] > plain.last_seat[i] * _CLEAR)
        plain.unsure[i] = plain.unsure[i] if clear else _UNSURE
    for k in present:
        row = plain.counting.whole[k]
        for i in range(BLOCK):
            row[i] = row[i] if plain.unsure[i] == _SURE else _SURE


@glue
def _round(claims, present, shift, first, house, plain):
    """Seats at the multiplier ``plain.scale``, rounded as the method rounds: its n-th divisor is n - 1 + shift, but
    the first is ``first``. ``left`` are those that this leaves of the house; next_seat and last_seat are the
    multipliers at which one more is given and the last one was.
    """
    scale, left, next_seat, last_seat = plain.scale, plain.left, plain.next_seat, plain.last_seat
    for i in range(BLOCK):
        left[i] = house
        next_seat[i] = _FAR
        last_seat[i] = _NONE
    number = present.shape[0]
    for p in range(0, number - 1, 2):
        row, inverse, out = claims[p], plain.part[p], plain.counting.whole[present[p]]
        row_2, inverse_2, out_2 = claims[p + 1], plain.part[p + 1], plain.counting.whole[present[p + 1]]
        for i in range(BLOCK):
            seats = _rounded(row[i] * scale[i], shift, first)
            seats_2 = _rounded(row_2[i] * scale[i], shift, first)
            out[i], out_2[i] = np.uint16(np.int32(seats)), np.uint16(np.int32(seats_2))
            left[i] -= seats + seats_2
            following = _following(seats, shift, first) * inverse[i]
            following_2 = _following(seats_2, shift, first) * inverse_2[i]
            next_seat[i] = smaller(next_seat[i], smaller(following, following_2))
            latest, latest_2 = _latest(seats, shift, first), _latest(seats_2, shift, first)
            last_seat[i] = larger(last_seat[i], larger(latest * inverse[i], latest_2 * inverse_2[i]))
    if number % 2 == 1:
        row, inverse, out = claims[number - 1], plain.part[number - 1], plain.counting.whole[present[-1]]
        for i in range(BLOCK):
            seats = _rounded(row[i] * scale[i], shift, first)
            out[i] = np.uint16(np.int32(seats))
            left[i] -= seats
            next_seat[i] = smaller(next_seat[i], _following(seats, shift, first) * inverse[i])
            last_seat[i] = larger(last_seat[i], _latest(seats, shift, first) * inverse[i])


@element
def _rounded(quotient, shift, first):
    """Seats of a quotient."""
    return np.floor(quotient + (_UNIT - shift)) if quotient >= first else _NONE


@element
def _following(seats, shift, first):
    """The divisor of the next seat."""
    return larger(seats + shift, first)


@element
def _latest(seats, shift, first):
    """The divisor of the last seat; 0 where there is none."""
    return larger(seats + (shift - _UNIT), first) if seats > _NONE else _NONE


@stage
def _unsettled(left):
    """In how many draws a seat is left, or one too many given."""
    number = np.int32(0)
    for i in range(BLOCK):
        number = np.int32(number + np.int32(left[i] != _NONE))
    return number


@stage
def _move(left, next_seat, last_seat, scale):
    """Move the multiplier a little beyond the next seat where seats are left, below the last where too many are
    given.
    """
    up, down = _UNIT + np.float32(8.0) * _ROUNDING, _UNIT - np.float32(8.0) * _ROUNDING
    for i in range(BLOCK):
        moved = next_seat[i] * up if left[i] > _NONE else last_seat[i] * down
        scale[i] = scale[i] if left[i] == _NONE else moved
