"""Admission: which lists take part in the allocation, and with what votes.

A block is admitted in single precision. Draws in which a list is at its threshold but for rounding, or in
which fewer lists pass than the law wants, are admitted again one by one: exactly, in float64, from the same
votes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import (
    AIDS,
    ALONE,
    BLOCK,
    RUNNER_UP,
    TAKES_PART,
    Claims,
    F32x1,
    F64x1,
    GivenVotes,
    I64x1,
    Piece,
    U16x1,
    Votes,
)
from forecast.kernels.elementary import larger, smaller
from forecast.kernels.laws import BASE_CAST, BASE_LISTS, BASE_REGISTERED, Law, Rule
from forecast.kernels.one_draw import leads, lot_of, valid_votes, votes_for_lists

_ROUNDING = np.float32(2.0**-24)
"""Of a float32, relative: half a unit in the last place."""

_NONE, _UNIT = np.float32(0.0), np.float32(1.0)
_FAR = np.float32(2.0**120)
_TINY = np.float32(2.0**-126)
"""The claim of a list without votes that is admitted all the same: it takes part, and wins nothing."""

_SURE, _AMBIGUOUS = np.uint16(0), np.uint16(1)


_JOINED, _SINGLY, _AIDING = 2.0, 3.0, -1.0
"""A list as a corrected runner-up, without its alliance, and one whose votes count for its alliance alone."""


class AdmitWorkspace(NamedTuple):
    """What a block is admitted with."""

    base: F32x1
    """(BLOCK,) what the threshold is a share of."""
    near: F32x1
    """(BLOCK,) how near to its own the nearest list is."""
    ambiguous: U16x1
    """(BLOCK,) 1 where single precision cannot tell who passes, or too few do."""
    inside: F64x1
    """(K,) of a single draw: above 0 where a list is admitted; ``_JOINED``, ``_SINGLY`` or ``_AIDING``."""
    row: I64x1
    """(K,) where its claim stands, from 1."""


def _admit(
    rules: Rule,
    law: Law,
    piece: Piece,
    votes: Votes,
    claims: Claims,
    passes: I64x1,
    workspace: AdmitWorkspace,
) -> None:
    """Fill ``claims``; passes (K,) += draws in which each list takes part, of those that are valid."""
    rule, here, lists = rules[0], piece[0], law.levels.shape[0]
    base, near, ambiguous = workspace.base, workspace.near, workspace.ambiguous
    highest, heaviest = _NONE, _UNIT
    for k in range(lists):
        highest, heaviest = larger(highest, law.levels[k]), larger(heaviest, law.single_weights[k])
    width = highest * np.float32(votes.single.shape[1] + 8) * _ROUNDING
    least = np.float32(larger(rule.minimum_lists, 1.0))
    joint = np.float32(rule.joint_numerator / rule.joint_denominator)
    for n in range(here.blocks):
        _fill_base(rule.base, law.no_lists, votes, n, base)
        claims.number[n] = _admit_block(votes.single[n], law, base, claims, n, near, passes)
        total, many = claims.total[n], claims.many[n]
        number = np.int32(0)
        for i in range(BLOCK):
            unclear = (near[i] <= width * base[i]) | (many[i] < least)
            unclear |= rule.pacts > 0
            unclear |= (joint > _NONE) & (total[i] <= heaviest * (joint + width) * base[i])
            ambiguous[i] = _AMBIGUOUS if unclear else _SURE
            number = np.int32(number + np.int32(unclear))
        _clear(claims.joined, n, lists)
        if number > 0:
            for i in range(BLOCK):
                if ambiguous[i] == _AMBIGUOUS:
                    _admit_exactly(rule, law, votes, n, i, lot_of(rule, here, n, i), workspace.inside)
                    take_in(law, votes, claims, n, i, passes, workspace)
        _leave_out(claims, n, min(here.valid - n * here.apart, BLOCK), passes)


admit_drawn = kernel(_admit, votes=Votes)
admit_given = kernel(_admit, votes=GivenVotes)


@stage
def _fill_base(code, no_lists, votes, n, base):
    """base (BLOCK) = what the threshold is a share of."""
    total = votes.total[n]
    for i in range(BLOCK):
        base[i] = total[i]
    if code == BASE_LISTS:
        for i in range(BLOCK):
            base[i] = _NONE
        for k in range(no_lists.shape[0]):
            if no_lists[k] == 0:
                row = votes.single[n, k]
                for i in range(BLOCK):
                    base[i] += row[i]
    elif code == BASE_CAST:
        per_cast = votes.per_cast[n]
        for i in range(BLOCK):
            base[i] *= np.float32(per_cast[i])
    elif code == BASE_REGISTERED:
        per_registered = votes.per_registered[n]
        for i in range(BLOCK):
            base[i] *= np.float32(per_registered[i])


@stage
def _admit_block(votes, law, base, claims, n, near, passes):
    """Claims of the lists that pass in some draw of block ``n``, and how many these are.

    Two lists at a time, which halves the traffic of the sums.
    """
    rows, total, many, present = claims.votes[n], claims.total[n], claims.many[n], claims.present[n]
    levels, weights = law.levels, law.single_weights
    for i in range(BLOCK):
        total[i] = _NONE
        many[i] = _NONE
        near[i] = _FAR
    lists, number = levels.shape[0], 0
    for k in range(0, lists - 1, 2):
        row, other, out, out_other = votes[k], votes[k + 1], rows[number], rows[number + 1]
        level, level_other, weight, weight_other = levels[k], levels[k + 1], weights[k], weights[k + 1]
        often, often_other = np.int32(0), np.int32(0)
        for i in range(BLOCK):
            one, two = row[i], other[i]
            above, above_other = one - level * base[i], two - level_other * base[i]
            one = one * weight if above >= _NONE else _NONE
            two = two * weight_other if above_other >= _NONE else _NONE
            out[i], out_other[i] = one, two
            total[i] += one + two
            many[i] += (_UNIT if one > _NONE else _NONE) + (_UNIT if two > _NONE else _NONE)
            near[i] = smaller(near[i], smaller(abs(above), abs(above_other)))
            often = np.int32(often + np.int32(one > _NONE))
            often_other = np.int32(often_other + np.int32(two > _NONE))
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
        row, out, level, weight = votes[lists - 1], rows[number], levels[lists - 1], weights[lists - 1]
        often = np.int32(0)
        for i in range(BLOCK):
            one = row[i]
            above = one - level * base[i]
            one = one * weight if above >= _NONE else _NONE
            out[i] = one
            total[i] += one
            many[i] += _UNIT if one > _NONE else _NONE
            near[i] = smaller(near[i], abs(above))
            often = np.int32(often + np.int32(one > _NONE))
        passes[lists - 1] += often
        present[number] = lists - 1
        number += 1 if often > 0 else 0
    return number


@stage
def _clear(joined, n, lists):
    """No runner-ups in block ``n``, where the law knows any."""
    if joined.shape[0] > 0:
        for k in range(n * lists, (n + 1) * lists):
            row = joined[k]
            for i in range(BLOCK):
                row[i] = 0


@stage
def _leave_out(claims, n, valid, passes):
    """Take the draws of block ``n`` from ``valid`` on out of the passes again."""
    for p in range(claims.number[n]):
        row, k = claims.votes[n, p], claims.present[n, p]
        for i in range(valid, BLOCK):
            passes[k] -= 1 if row[i] > _NONE else 0


@stage
def exact_base(code, no_lists, votes, n, i):
    """What the threshold is a share of, in draw i of block n."""
    if code == BASE_LISTS:
        return votes_for_lists(no_lists, votes, n, i)
    total = valid_votes(votes, n, i)
    if code == BASE_CAST:
        total *= votes.per_cast[n, i]
    elif code == BASE_REGISTERED:
        total *= votes.per_registered[n, i]
    return total


@stage
def _admit_exactly(rule, law, votes, n, i, lot, inside):
    """Admit the lists of one draw, into ``inside`` (K,)."""
    base = exact_base(rule.base, law.no_lists, votes, n, i)
    admit_by_level(rule, law, votes.exact[n, :, i], base, inside)
    if rule.corrected:
        let_others_in(rule, law, votes.exact[n, :, i], base, lot, inside)


@stage
def admit_by_level(rule, law, votes, base, inside):
    """Who has numerator / denominator of the base (more if ``strict``); products are exact below 2**53."""
    for k in range(inside.shape[0]):
        claim, needed = votes[k] * law.denominators[k], law.numerators[k] * base
        passed = claim > needed or (claim == needed and not (rule.strict and law.numerators[k] > 0.0))
        inside[k] = 1.0 if passed else 0.0


@stage
def let_others_in(rule, law, column, base, lot, inside):
    """Admit those whom alliances let in, or the law where nobody is admitted, or too few."""
    many = 0
    if rule.pacts > 0:
        _admit_with_alliances(rule, law, column, base, inside)
    for k in range(inside.shape[0]):
        many += 1 if inside[k] > 0.0 else 0
    if many == 0:
        many = _admit_when_nobody_passed(rule, column, base, lot, inside)
    if (rule.minimum_lists > 1.0 or rule.joint_numerator > 0.0) and not (rule.nobody_decided and many == 0):
        _admit_minimum(rule, column, base, lot, inside)


@stage
def _admit_with_alliances(rule, law, votes, base, inside):
    """Lists that have an alliance: with it where it takes part, else each for itself. It does where the votes
    that count for it reach its level and a list of it may win seats.
    """
    for a in range(rule.pacts):
        together, wins = 0.0, 0
        for k in range(inside.shape[0]):
            if law.pacts[k] == a:
                together += votes[k] if votes[k] * rule.aid_denominator >= rule.aid_numerator * base else 0.0
                own = votes[k] * rule.own_denominator >= rule.own_numerator * base
                wins += 1 if own or inside[k] > 0.0 else 0
        claim, needed = together * rule.pact_denominator, rule.pact_numerator * base
        allied = wins > 0 and (claim > needed or (claim == needed and not rule.strict))
        for k in range(inside.shape[0]):
            if law.pacts[k] == a:
                inside[k] = _allied(rule, votes[k], base, inside[k]) if allied else _SINGLY * inside[k]


@stage
def _allied(rule, votes, base, passed):
    """How a list takes part in an alliance that does."""
    if passed > 0.0 or votes * rule.own_denominator >= rule.own_numerator * base:
        return 1.0
    return _AIDING if votes * rule.aid_denominator >= rule.aid_numerator * base else 0.0


@stage
def _admit_when_nobody_passed(rule, votes, base, lot, inside):
    """Admit the largest few, or all at a lower level (numerator 0: none); how many these are."""
    many = 0
    for _ in range(rule.nobody_admits):
        many += 1 if _admit_next_largest(votes, lot, inside) >= 0 else 0
    if rule.nobody_numerator > 0.0:
        for k in range(inside.shape[0]):
            claim, needed = votes[k] * rule.nobody_denominator, rule.nobody_numerator * base
            if votes[k] > 0.0 and (claim > needed or (claim == needed and not rule.strict)):
                many += 0 if inside[k] > 0.0 else 1
                inside[k] = 1.0
    return many


@stage
def _admit_minimum(rule, votes, base, lot, inside):
    """Admit next-largest lists until there are as many as must be, with so much of the votes together.

    Lists that join one that passed are marked 2: the law may correct their quotient.
    """
    while True:
        held, many = 0.0, 0.0
        for k in range(inside.shape[0]):
            held += votes[k] if inside[k] > 0.0 else 0.0
            many += 1.0 if inside[k] > 0.0 else 0.0
        enough = held * rule.joint_denominator >= rule.joint_numerator * base
        if many >= rule.minimum_lists and enough:
            return
        added = _admit_next_largest(votes, lot, inside)
        if added < 0:
            return
        inside[added] = 1.0 if many == 0.0 else _JOINED


@stage
def _admit_next_largest(votes, lot, inside):
    """Admit the largest list that is still out, of equals the first by order or lot; -1 if none is left."""
    best = np.int64(-1)
    for k in range(inside.shape[0]):
        if inside[k] <= 0.0 and votes[k] > 0.0 and leads(votes, k, best, lot):
            best = k
    if best >= 0:
        inside[best] = 1.0
    return best


@stage
def mark_admitted(claims, i, inside):
    """Mark which lists take part in a draw of block 0, so that more can be let in with ``take_in``."""
    for k in range(inside.shape[0]):
        inside[k] = 0.0
    for p in range(claims.number[0]):
        inside[claims.present[0, p]] = 1.0 if claims.votes[0, p, i] > _NONE else 0.0


@stage
def take_in(law, votes, claims, n, i, passes, workspace):
    """Write the claims of one draw, whose lists are admitted exactly now, over those of single precision."""
    rows, present, number = claims.votes[n], claims.present[n], claims.number[n]
    inside, row, lists = workspace.inside, workspace.row, law.levels.shape[0]
    for k in range(lists):
        row[k] = 0
    for p in range(number):
        row[present[p]] = p + 1
    total, many = _NONE, _NONE
    for k in range(lists):
        p = row[k] - 1
        before = p >= 0 and rows[p, i] > _NONE
        now = inside[k] > 0.0
        passes[k] += np.int64(now) - np.int64(before)
        if now and p < 0:
            p = number
            new = rows[p]
            for j in range(BLOCK):
                new[j] = _NONE
            present[p] = k
            number += 1
        if p >= 0:
            claim = larger(votes.single[n, k, i] * law.single_weights[k], _TINY) if now else _NONE
            rows[p, i] = claim
            total += claim
            many += _UNIT if now else _NONE
        if claims.joined.shape[0] > 0:
            how = RUNNER_UP if inside[k] == _JOINED else ALONE if inside[k] == _SINGLY else TAKES_PART
            claims.joined[n * lists + k, i] = AIDS if inside[k] == _AIDING else how
    claims.total[n, i], claims.many[n, i] = total, many
    claims.number[n] = number
