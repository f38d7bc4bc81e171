"""One rule on a block of draws: base, admission, entitled votes, seats."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.admission import (
    admit,
    admit_minimum,
    admit_when_nobody_passed,
    count_admitted,
    entitle,
    entitle_and_count,
    fill,
    sum_rows,
)
from forecast.kernels.allocation import all_votes, allocate, new_work, weigh
from forecast.kernels.compiling import maker, stage
from forecast.kernels.random import BLOCK, mix
from forecast.kernels.shapes import (
    BASE_CAST,
    BASE_LISTS,
    BASE_REGISTERED,
    FAMILY_DIVISOR,
    NO_LIMIT,
    SAMPLER_GIVEN,
)

_LOTS = np.uint64(0x107)


class Outcome(NamedTuple):
    """What a rule makes of a block, and the scratch on the way there."""

    base: Any  # (BLOCK,)
    admitted: Any  # (K, BLOCK) 1 or 0
    how_many: Any  # (BLOCK,)
    factors: Any  # (K, BLOCK)
    entitled: Any  # (K, BLOCK) votes of the admitted, weighed
    entitled_total: Any  # (BLOCK,)
    electorate: Any  # (BLOCK,) votes behind a quota
    lots: Any  # (BLOCK,) uint64, 0 where ties go by the order of the lists
    seats: Any  # (K, BLOCK)
    work: Any  # scratch of the allocation
    house: Any  # (BLOCK,) seats that the rule hands out
    often: Any  # (K,) int64 draws of the block in which a list is admitted
    present: Any  # (K + 1,) int64 lists admitted in some draw of the block
    everyone: Any  # (K,) int64
    beyond: Any  # (1,) int64 draws of the block in which a house would have grown beyond its bound
    bounds: Any  # two (K,): floors of nothing, and limits that no list reaches


@maker
def new_outcome(lists):
    """Arrays for K = ``lists``: not numbers, so that what is read before it is written shows."""
    return Outcome(
        np.full(BLOCK, np.nan),
        np.full((lists, BLOCK), np.nan),
        np.full(BLOCK, np.nan),
        np.full((lists, BLOCK), np.nan),
        np.full((lists, BLOCK), np.nan),
        np.full(BLOCK, np.nan),
        np.full(BLOCK, np.nan),
        np.zeros(BLOCK, np.uint64),
        np.full((lists, BLOCK), np.nan),
        new_work(lists),
        np.full(BLOCK, np.nan),
        np.empty(lists, np.int64),
        np.empty(lists + 1, np.int64),
        np.arange(lists),
        np.zeros(1, np.int64),
        (np.zeros(lists), np.full(lists, NO_LIMIT)),
    )


@stage
def fill_base(code, block, base):
    """base (BLOCK) = what the threshold is a share of."""
    for i in range(BLOCK):
        base[i] = block.total[i]
    if code == BASE_LISTS:
        for i in range(BLOCK):
            base[i] = block.listed[i]
    elif code == BASE_CAST:
        for i in range(BLOCK):
            base[i] *= block.per_cast[i]
    elif code == BASE_REGISTERED:
        for i in range(BLOCK):
            base[i] *= block.per_registered[i]


@stage
def draw_lots(rule, draws, replicate, number, lots):
    """lots (BLOCK): a key for each draw where ties go by lot, else 0.

    Only votes from outside can tie: of drawn ones two quotients agree to the last bit once in 10**15 times,
    and the hash would cost a tenth of the draw.
    """
    if rule.lot and draws.sampler == SAMPLER_GIVEN:
        for i in range(BLOCK):
            lots[i] = mix(draws.seed ^ _LOTS, replicate, number + i) | np.uint64(1)
    else:
        for i in range(BLOCK):
            lots[i] = np.uint64(0)


@stage
def admit_by_rule(rule, numerators, denominators, block, valid, out):
    """Who is admitted, and in how many of the first ``valid`` draws."""
    votes = block.votes
    admit(votes, numerators, denominators, out.base, rule.strict, valid, out.admitted, out.often)
    if not rule.corrected:
        return
    sum_rows(out.admitted, out.everyone, out.how_many)
    fill(out.factors, rule.uncorrected)
    if rule.nobody_admits > 0 or rule.nobody_numerator > 0.0:
        admit_when_nobody_passed(
            votes,
            rule.nobody_admits,
            rule.nobody_numerator,
            rule.nobody_denominator,
            rule.strict,
            out.base,
            out.lots,
            out.admitted,
            out.how_many,
        )
    if rule.minimum_lists > 1.0 or rule.joint_numerator > 0.0:
        admit_minimum(
            votes,
            rule.minimum_lists,
            rule.joint_numerator,
            rule.joint_denominator,
            out.base,
            rule.nobody_decided,
            out.lots,
            out.admitted,
            out.how_many,
            rule.correction,
            rule.uncorrected,
            out.factors,
        )
    count_admitted(out.admitted, valid, out.often)


@stage
def entitle_by_rule(rule, weights, present, block, out):
    """Votes with which the lists ``present`` take part in the allocation."""
    if rule.corrected:
        weigh(
            block.votes,
            out.admitted,
            out.factors,
            weights,
            rule.uncorrected,
            present,
            out.entitled,
            out.entitled_total,
            out.electorate,
        )
        if rule.family == FAMILY_DIVISOR:
            sum_rows(out.admitted, present, out.how_many)
    elif rule.family == FAMILY_DIVISOR:
        entitle_and_count(block.votes, out.admitted, present, out.entitled, out.entitled_total, out.how_many)
    else:
        entitle(block.votes, out.admitted, present, out.entitled, out.entitled_total)


@stage
def allocate_by_rule(rule, weights, divisors, sampler, present, block, out):
    """Seats of the entitled."""
    for i in range(BLOCK):
        out.house[i] = rule.seats
    electorate = out.entitled_total
    if rule.quota_of_valid:
        electorate = out.electorate
        all_votes(block.votes, block.listed, weights, rule.vote, rule.uncorrected, electorate)
    elif rule.corrected:
        electorate = out.electorate
    allocate(
        rule,
        out.bounds,
        divisors,
        out.entitled,
        out.how_many,
        out.entitled_total,
        electorate,
        out.house,
        block.vote,
        sampler == SAMPLER_GIVEN,
        out.lots,
        present,
        out.work,
        out.seats,
    )
