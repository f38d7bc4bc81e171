"""Plain rules in float32: thresholds for all alike or by list, and one division by quotas or by divisors.

Some draws (one in two thousand of the Kazakh case, six in a thousand of forty lists) are too close for
single precision to tell: a list at the threshold but for rounding, two remainders or two quotients that
could stand in either order. Every stage knows its own rounding and marks such draws ``unsure``; they are
left out here, wait until a block of them is full, and are counted by the way of all other rules, in float64
from the same votes. So nothing hangs on the precision of these files but their speed. Draws that a rule
treats in a way of its own, such as those in which too few lists pass, are marked as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.compiling import glue, maker, stage
from forecast.kernels.elementary import larger, smaller
from forecast.kernels.plain_divisors import divide_by_divisors
from forecast.kernels.plain_quotas import all_to_one, divide_by_quotas
from forecast.kernels.random import BLOCK
from forecast.kernels.rows import new_rows
from forecast.kernels.shapes import BASE_CAST, BASE_LISTS, BASE_REGISTERED, FAMILY_DIVISOR
from forecast.kernels.tally import Counting, clear_absent, new_narrow_counting

_ROUNDING = np.float32(2.0**-24)
"""Of a float32, relative: half a unit in the last place."""

_NONE, _UNIT = np.float32(0.0), np.float32(1.0)
_FAR = np.float32(2.0**120)
_SURE, _UNSURE = np.uint16(0), np.uint16(1)


class Plain(NamedTuple):
    """Scratch of a block. Lists that pass in no draw of it are skipped: P are present."""

    levels: Any  # (R, K) thresholds
    highest: Any  # (R,) of them
    claims: Any  # (K + 1, BLOCK) votes of the P present, 0 where they do not pass
    claimed: Any  # (BLOCK,) their sum
    many: Any  # (BLOCK,) how many pass
    near: Any  # (BLOCK,) how near to its threshold the nearest list is
    base: Any  # (BLOCK,)
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
    # By hand: numba's maximum of an array brings scipy.linalg with it, at every start.
    for r in range(number):
        for k in range(lists):
            highest[r] = larger(highest[r], levels[r, k])

    claims, part, others = (
        new_rows(lists + 1, np.float32),
        new_rows(lists, np.float32),
        new_rows(8, np.float32),
    )
    keys, ordered, short = new_rows(lists, np.uint16), new_rows(lists, np.uint16), new_rows(5, np.uint16)
    return Plain(
        levels,
        highest,
        claims,
        others[0],
        others[1],
        others[2],
        others[3],
        short[0],
        np.zeros(lists + 1, np.int64),
        np.zeros(1, np.int64),
        others[4],
        others[5],
        part,
        others[6],
        others[7],
        keys,
        ordered,
        short[1],
        short[2],
        short[3],
        short[4],
        new_narrow_counting(lists, blocs),
    )


@glue
def plain_seats(draws, rules, r, drawn, valid, passes, plain):
    """Seats of a block by the plain rule ``r`` into ``plain.counting``; how many lists are present.

    passes (K,) += draws of the whole block in which a list reaches its threshold. Draws from ``valid`` on
    count as unsure.
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
    """Mark the draws in which a list is at its threshold but for ``rounding`` (of the base and of levels up
    to ``highest``), in which fewer lists pass than must, or hold less together; and those from ``valid`` on.
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
