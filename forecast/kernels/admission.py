"""Which lists take part in the allocation: thresholds and their bases."""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import stage
from forecast.kernels.divisor import earlier
from forecast.kernels.random import BLOCK


@stage
def add_up(votes, left_out, total):
    """total (BLOCK) = votes of every unit but those marked in left_out (U,)."""
    for i in range(BLOCK):
        total[i] = 0.0
    for k in range(votes.shape[0]):
        if not left_out[k]:
            row = votes[k]
            for i in range(BLOCK):
                total[i] += row[i]


@stage
def admit(votes, numerators, denominators, base, strict, valid, admitted, often):
    """Admit lists with votes >= numerator / denominator of the base (> when ``strict``, of a level above 0).

    votes (K or more, BLOCK), numerators and denominators (K,), base (BLOCK); ``admitted`` (K, BLOCK; 1 or 0)
    is filled, and ``often`` (K,) with the number of the first ``valid`` draws in which each list is. Compared
    as products, which are exact for whole votes below 2**53.
    """
    for k in range(numerators.shape[0]):
        row, inside = votes[k], admitted[k]
        top, bottom = numerators[k], denominators[k]
        count = np.int32(0)
        if strict and top > 0.0:
            for i in range(BLOCK):
                passed = row[i] * bottom > top * base[i]
                inside[i] = 1.0 if passed else 0.0
                count += np.int32(passed)
        else:
            for i in range(BLOCK):
                passed = row[i] * bottom >= top * base[i]
                inside[i] = 1.0 if passed else 0.0
                count += np.int32(passed)
        for i in range(valid, BLOCK):
            count -= np.int32(inside[i])
        often[k] = count


@stage
def count_admitted(admitted, valid, often):
    """often (K,) = in how many of the first ``valid`` draws each list is admitted."""
    for k in range(admitted.shape[0]):
        inside = admitted[k]
        count = np.int32(0)
        for i in range(valid):
            count += np.int32(inside[i])
        often[k] = count


@stage
def find_present(often, present):
    """Write the lists that are admitted in some draw, ``often`` (K,) > 0, to ``present`` (K or more), in
    order, and return how many these are.

    What follows looks at these lists only: of forty on a ballot, ten may have a chance.
    """
    number = 0
    for k in range(often.shape[0]):
        present[number] = k
        number += 1 if often[k] > 0 else 0
    return number


@stage
def sum_rows(rows, which, total):
    """total (BLOCK) = the sum of the rows ``which`` of ``rows``, of the same type."""
    for i in range(BLOCK):
        total[i] = 0
    for k in which:
        row = rows[k]
        for i in range(BLOCK):
            total[i] += row[i]


@stage
def entitle(votes, admitted, present, entitled, total):
    """entitled (K, BLOCK), of the lists ``present``, = votes of the admitted; total (BLOCK) their sum."""
    for i in range(BLOCK):
        total[i] = 0.0
    for k in present:
        row, inside, mine = votes[k], admitted[k], entitled[k]
        for i in range(BLOCK):
            mine[i] = row[i] * inside[i]
            total[i] += row[i] * inside[i]


@stage
def entitle_and_count(votes, admitted, present, entitled, total, how_many):
    """As ``entitle``; how_many (BLOCK) = how many are admitted in each draw."""
    for i in range(BLOCK):
        total[i] = 0.0
        how_many[i] = 0.0
    for k in present:
        row, inside, mine = votes[k], admitted[k], entitled[k]
        for i in range(BLOCK):
            mine[i] = row[i] * inside[i]
            total[i] += row[i] * inside[i]
            how_many[i] += inside[i]


@stage
def admit_next_largest(votes, admitted, how_many, lot, i):
    """Admit the largest list that is still out in draw i, of equals the first by order or lot; -1 if none is
    left.
    """
    best = -1
    for k in range(admitted.shape[0]):
        if admitted[k, i] > 0.0 or votes[k, i] == 0.0:
            continue
        tied = best >= 0 and votes[k, i] == votes[best, i]
        if best < 0 or votes[k, i] > votes[best, i] or (tied and earlier(lot, k, best)):
            best = k
    if best >= 0:
        admitted[best, i] = 1.0
        how_many[i] += 1.0
    return best


@stage
def admit_minimum(
    votes,
    minimum,
    joint,
    per_joint,
    base,
    skip_empty,
    lots,
    admitted,
    how_many,
    correction,
    uncorrected,
    factors,
):
    """Admit next-largest lists where fewer than ``minimum`` passed or they hold under joint / per_joint of
    the base.

    Lists that join one that passed get ``correction`` in ``factors`` (K, BLOCK), which holds ``uncorrected``
    otherwise. With ``skip_empty`` a draw in which nobody passes is left alone: the rule has spoken on it.
    """
    lists = admitted.shape[0]
    for i in range(BLOCK):
        if (how_many[i] >= minimum and joint == 0.0) or (skip_empty and how_many[i] == 0.0):
            continue
        while True:
            held = 0.0
            for k in range(lists):
                held += admitted[k, i] * votes[k, i]
            if how_many[i] >= minimum and held * per_joint >= joint * base[i]:
                break
            alone = how_many[i] == 0.0
            added = admit_next_largest(votes, admitted, how_many, lots[i], i)
            if added < 0:
                break
            factors[added, i] = uncorrected if alone else correction


@stage
def admit_when_nobody_passed(
    votes, lists_to_admit, numerator, denominator, strict, base, lots, admitted, how_many
):
    """Where nobody passed: admit the largest ``lists_to_admit``, or all at the lower level (numerator 0:
    none)."""
    for i in range(BLOCK):
        if how_many[i] > 0.0:
            continue
        for _ in range(lists_to_admit):
            admit_next_largest(votes, admitted, how_many, lots[i], i)
        if numerator > 0.0:
            for k in range(admitted.shape[0]):
                claim, needed = votes[k, i] * denominator, numerator * base[i]
                if votes[k, i] > 0.0 and (claim > needed or (claim == needed and not strict)):
                    admitted[k, i] = 1.0
                    how_many[i] += 1.0


@stage
def fill(rows, value):
    """Set rows (K, BLOCK) to a value."""
    for k in range(rows.shape[0]):
        row = rows[k]
        for i in range(BLOCK):
            row[i] = value
