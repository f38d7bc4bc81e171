"""Seats of a block of draws: the entitled votes, then the rule's method."""

from __future__ import annotations

from forecast.kernels.compiling import stage
from forecast.kernels.divisor import exchange, proportional_seats, settle, step
from forecast.kernels.quota import (
    fill_parts,
    largest_remainders,
    quota_of_votes,
    tie_at_the_cut,
    whole_quotas,
)
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import FAMILY_DIVISOR, QUOTA_HARE, REMAINDER_LARGEST
from forecast.kernels.single import quota_seats


@stage
def weigh(votes, admitted, factors, weights, uncorrected, entitled, total, electorate):
    """entitled (K, BLOCK) = votes of the admitted times their weight (K,) and factor (K, BLOCK); total their
    sum.

    ``electorate`` (BLOCK), behind a quota, is the sum with ``uncorrected`` as everybody's factor: a law that
    corrects a runner-up's quotient leaves the quota alone.
    """
    for i in range(BLOCK):
        total[i] = 0.0
        electorate[i] = 0.0
    for k in range(entitled.shape[0]):
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
def with_votes(entitled, i):
    """How many lists have a claim in draw i."""
    number = 0.0
    for k in range(entitled.shape[0]):
        number += 1.0 if entitled[k, i] > 0.0 else 0.0
    return number


@stage
def allocate_quota(
    rule, entitled, electorate, house, vote, whole_votes, lots, left, remainders, ranks, seats
):
    """Seats by a quota method; ``electorate`` (BLOCK) are the votes behind the quota.

    The ordinary case runs in vector code. Draw by draw go rules with other remainder steps, draws in which
    the
    whole quotas already exceed the house or leave more seats than there are lists, and exact ties, which only
    whole
    votes can bring.
    """
    if not (rule.remainder == REMAINDER_LARGEST and rule.blockwise):
        for i in range(BLOCK):
            quota_seats(
                rule,
                entitled,
                electorate[i],
                vote[i] * rule.vote,
                house[i],
                lots[i],
                i,
                remainders,
                ranks,
                seats,
            )
        return
    quota = electorate
    if rule.quota != QUOTA_HARE:
        for i in range(BLOCK):
            ranks[0, i] = quota_of_votes(rule.quota, electorate[i], house[i], vote[i] * rule.vote)
        quota = ranks[0]
    fill_parts(rule.quota, house, ranks[2])
    whole_quotas(entitled, quota, ranks[2], house, ranks[1], seats, remainders, left)
    largest_remainders(remainders, left, ranks, seats)
    if rule.quota == QUOTA_HARE and rule.correction == rule.uncorrected and not whole_votes:
        return
    for i in range(BLOCK):
        odd = left[i] < 0.0 or left[i] >= with_votes(entitled, i)
        if odd or tie_at_the_cut(remainders, ranks, seats.shape[0], left, i):
            quota_seats(
                rule,
                entitled,
                electorate[i],
                vote[i] * rule.vote,
                house[i],
                lots[i],
                i,
                remainders,
                ranks,
                seats,
            )


@stage
def allocate_divisor(
    rule,
    bounds,
    divisors,
    entitled,
    how_many,
    total,
    house,
    whole_votes,
    lots,
    left,
    best,
    price,
    chosen,
    seats,
):
    """Seats by a divisor method."""
    floors, limits = bounds
    proportional_seats(entitled, total, how_many, house, rule.shift, rule.first, best, seats, left)
    if rule.blockwise:
        step(entitled, rule.shift, rule.first, best, price, chosen, seats, left)
    settle(entitled, divisors, limits, floors, rule.slack, lots, seats, left)
    if whole_votes or not rule.blockwise:
        exchange(entitled, divisors, limits, floors, rule.slack, lots, seats)


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
    work,
    seats,
):
    """Seats (K, BLOCK) of a block whose draws hand out ``house`` (BLOCK) seats each, by the method of
    ``rule``.

    entitled (K, BLOCK) are the votes of those who take part, with their number and their sum (BLOCK);
    ``bounds`` are
    floors of nothing and limits of no list (K,); ``work`` is scratch of two (padded K, BLOCK) and one
    (BLOCK).
    """
    remainders, ranks, left = work
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
            left,
            remainders[0],
            ranks[0],
            ranks[1],
            seats,
        )
    else:
        allocate_quota(
            rule, entitled, electorate, house, vote, whole_votes, lots, left, remainders, ranks, seats
        )
