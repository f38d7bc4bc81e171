"""Seats of a block of draws: the entitled votes, then the rule's method."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.compiling import maker, stage
from forecast.kernels.divisor import (
    exchange,
    find_unsettled,
    gather,
    proportional_seats,
    scatter,
    settle,
    step,
)
from forecast.kernels.quota import PADDING, fill_parts, largest_remainders, quota_of_votes, whole_quotas
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import FAMILY_DIVISOR, QUOTA_HARE, REMAINDER_LARGEST
from forecast.kernels.single import quota_seats

_LANES = 16
_FEW = 12
"""From so many draws of a block on it pays to move them together."""


class Together(NamedTuple):
    """Draws of a block moved together."""

    votes: Any  # (K, BLOCK)
    seats: Any  # (K, BLOCK)
    left: Any  # (BLOCK,)


class Work(NamedTuple):
    """Scratch of an allocation."""

    keys: Any  # (padded K, BLOCK) float32: remainders, -inf for those who take no part
    narrow: Any  # (3, BLOCK) float32
    ranks: Any  # (padded K, BLOCK) int32
    remainders: Any  # (K, BLOCK)
    served: Any  # (K, at least 3, BLOCK)
    left: Any  # (BLOCK,) seats that are still to be given
    together: Any  # draws that are looked at again


@maker
def new_work(lists):
    """Scratch for K = ``lists``."""
    padded = (lists + PADDING - 1) // PADDING * PADDING
    return Work(
        np.full((padded, BLOCK), np.float32(-np.inf)),
        np.empty((3, BLOCK), np.float32),
        np.zeros((padded, BLOCK), np.int32),
        np.empty((lists, BLOCK)),
        np.empty((max(lists, 3), BLOCK)),
        np.empty(BLOCK),
        Together(np.empty((lists, BLOCK)), np.empty((lists, BLOCK)), np.empty(BLOCK)),
    )


@stage
def weigh(votes, admitted, factors, weights, uncorrected, present, entitled, total, electorate):
    """entitled (K, BLOCK), of the lists ``present``, = votes of the admitted times their weight (K,) and
    factor (K, BLOCK); total their sum.

    ``electorate`` (BLOCK), behind a quota, is the sum with ``uncorrected`` as everybody's factor: a law that
    corrects a runner-up's quotient leaves the quota alone.
    """
    for i in range(BLOCK):
        total[i] = 0.0
        electorate[i] = 0.0
    for k in present:
        row, inside, factor, out = votes[k], admitted[k], factors[k], entitled[k]
        weight = weights[k]
        for i in range(BLOCK):
            weighed = row[i] * inside[i] * weight
            out[i] = weighed * factor[i]
            total[i] += out[i]
            electorate[i] += weighed * uncorrected


@stage
def all_votes(votes, listed, weights, vote, uncorrected, electorate):
    """electorate (BLOCK) = votes of all lists, admitted or not, weighed as ``weigh`` does; ``listed``
    unweighed.
    """
    for i in range(BLOCK):
        electorate[i] = listed[i] * vote
    for k in range(weights.shape[0]):
        row, more = votes[k], weights[k] * uncorrected - vote
        if more != 0.0:
            for i in range(BLOCK):
                electorate[i] += row[i] * more


@stage
def with_votes(entitled, present, i):
    """How many lists have a claim in draw i."""
    number = 0.0
    for k in present:
        number += 1.0 if entitled[k, i] > 0.0 else 0.0
    return number


@stage
def allocate_quota(rule, entitled, electorate, house, vote, lots, present, work, seats):
    """Seats by a quota method; ``electorate`` (BLOCK) are the votes behind the quota.

    The ordinary case runs in vector code. Draw by draw go rules with other remainder steps, draws in which
    the whole quotas already exceed the house or leave more seats than there are lists, and ties.
    """
    if not (rule.remainder == REMAINDER_LARGEST and rule.blockwise):
        for i in range(BLOCK):
            _quota_seats(rule, entitled, electorate, house, vote, lots, i, present, work, seats)
        return
    quota, per, spare = electorate, work.served[0], work.served[1]
    if rule.quota != QUOTA_HARE:
        quota = work.served[2]
        for i in range(BLOCK):
            quota[i] = quota_of_votes(rule.quota, electorate[i], house[i], vote[i] * rule.vote)
    fill_parts(rule.quota, house, per)
    whole_quotas(entitled, quota, per, house, spare, present, seats, work.keys, work.left)
    failed = largest_remainders(work.keys, work.left, present, work.ranks, seats, spare)
    every = rule.quota == QUOTA_HARE and rule.correction == rule.uncorrected  # fewer are left than lists
    if every and failed == 0:
        return
    for i in range(BLOCK):
        odd = spare[i] != 0.0 or (not every and work.left[i] >= with_votes(entitled, present, i))
        work.left[i] = 1.0 if odd else 0.0
    for i in range(BLOCK):
        if work.left[i] > 0.0:
            _quota_seats(rule, entitled, electorate, house, vote, lots, i, present, work, seats)


@stage
def _quota_seats(rule, entitled, electorate, house, vote, lots, i, present, work, seats):
    """``quota_seats`` of draw i."""
    quota_seats(
        rule,
        entitled,
        electorate[i],
        vote[i] * rule.vote,
        house[i],
        lots[i],
        i,
        present,
        work.remainders,
        work.served,
        seats,
    )


@stage
def step_by_rule(rule, votes, present, width, work, seats, left):
    """``step`` with the rule's divisors."""
    step(
        votes,
        rule.shift,
        rule.first,
        present,
        width,
        work.keys,
        work.narrow[0],
        work.served[1],
        work.narrow[1],
        work.narrow[2],
        work.served[0],
        seats,
        left,
    )


@stage
def step_side_by_side(rule, votes, present, number, work, seats):
    """Two more steps for the draws in which something is left, moved together: a list of many rounds up or
    down more often than a few do.
    """
    unsettled, together = work.ranks[0], work.together
    width = (number + _LANES - 1) // _LANES * _LANES
    left = together.left
    gather(votes, present, unsettled, number, width, together.votes)
    gather(seats, present, unsettled, number, width, together.seats)
    for n in range(width):
        left[n] = work.left[unsettled[n]] if n < number else 0.0
    step_by_rule(rule, together.votes, present, width, work, together.seats, left)
    step_by_rule(rule, together.votes, present, width, work, together.seats, left)
    scatter(together.seats, present, unsettled, number, seats)
    for n in range(number):
        work.left[unsettled[n]] = left[n]


@stage
def allocate_divisor(
    rule, bounds, divisors, entitled, how_many, total, house, whole_votes, lots, present, work, seats
):
    """Seats by a divisor method."""
    floors, limits = bounds
    left, spare, unsettled = work.left, work.served[0], work.ranks[0]
    proportional_seats(entitled, total, how_many, house, rule.shift, rule.first, present, spare, seats, left)
    if rule.blockwise:
        step_by_rule(rule, entitled, present, BLOCK, work, seats, left)
        number = find_unsettled(left, unsettled)
        if number >= _FEW:
            step_side_by_side(rule, entitled, present, number, work, seats)
    settle(entitled, divisors, limits, floors, rule.slack, lots, present, unsettled, seats, left)
    if whole_votes or not rule.blockwise:
        exchange(entitled, divisors, limits, floors, rule.slack, lots, present, seats)


@stage
def allocate(
    rule,
    bounds,
    divisors,
    entitled,
    how_many,
    entitled_total,
    electorate,
    house,
    vote,
    whole_votes,
    lots,
    present,
    work,
    seats,
):
    """Seats (K, BLOCK) of a block whose draws hand out ``house`` (BLOCK) seats each, by the method of
    ``rule``.

    Rows of lists that are not in ``present`` are neither read nor written. entitled (K, BLOCK) are the votes
    of those who take part, with their number and their sum (BLOCK); ``bounds`` are floors of nothing and
    limits of no list (K,).
    """
    if rule.family == FAMILY_DIVISOR:
        allocate_divisor(
            rule,
            bounds,
            divisors,
            entitled,
            how_many,
            entitled_total,
            house,
            whole_votes,
            lots,
            present,
            work,
            seats,
        )
    else:
        allocate_quota(rule, entitled, electorate, house, vote, lots, present, work, seats)
