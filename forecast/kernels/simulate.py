"""The fused loop: a chunk of draws through every stage, block by block."""

from __future__ import annotations

import numpy as np

from forecast.kernels.admission import (
    add_up,
    admit,
    admit_minimum,
    admit_when_nobody_passed,
    fill,
)
from forecast.kernels.allocation import all_votes, allocate, weigh
from forecast.kernels.compiling import kernel, stage
from forecast.kernels.normals import normal_pair_rows
from forecast.kernels.quota import PADDING
from forecast.kernels.random import BLOCK, fill_bits, mix, seed_lanes
from forecast.kernels.sampling import add_undecided, correlate, votes_of_normals
from forecast.kernels.shapes import (
    BASE_CAST,
    BASE_LISTS,
    BASE_REGISTERED,
    SAMPLER_GIVEN,
    SAMPLER_RANDOM,
    SHARE_BINS,
)
from forecast.kernels.sobol import block_table, scramble, sobol_bits
from forecast.kernels.tail import tail_scales
from forecast.kernels.tally import (
    coalition_seats,
    count_admitted,
    count_events,
    count_majorities,
    count_seats,
    count_shares,
    house_of,
    to_whole,
)

STREAM = 16_384
"""Draws of one random stream; a chunk begins at a multiple of it."""

_LOTS = np.uint64(0x107)


@stage
def _rows(draws):
    """Rows of random words a block needs: tail, bases, pairs of units, pairs of the undecided split."""
    pairs = (draws.location.shape[0] + 1) // 2
    tail = 1 if draws.tail.shape[0] > 0 else 0
    bases = 1 if _bases_vary(draws) else 0
    split = pairs if draws.undecided > 0.0 and draws.undecided_spread > 0.0 else 0
    return tail, bases, pairs, split


@stage
def _bases_vary(draws):
    return draws.invalid[0] < draws.invalid[1] or draws.turnout[0] < draws.turnout[1]


@stage
def _draw_bases(draws, bits, per_cast, per_registered):
    """Ballots cast and voters registered for one valid vote, each (BLOCK), from one row of words."""
    invalid, turnout = draws.invalid, draws.turnout
    for i in range(BLOCK):
        high, low = bits[i] >> np.uint64(32), bits[i] & np.uint64(0xFFFFFFFF)
        spoiled = invalid[0] + (invalid[1] - invalid[0]) * (np.float64(high) + 0.5) * 2.0**-32
        voted = turnout[0] + (turnout[1] - turnout[0]) * (np.float64(low) + 0.5) * 2.0**-32
        per_cast[i] = 1.0 / (1.0 - spoiled)
        per_registered[i] = per_cast[i] / voted


@stage
def _draw_block(draws, bits, z, tail, per_cast, per_registered, total, split_totals, votes):
    """Votes (U, BLOCK) of one block from its random words, and their total (BLOCK)."""
    with_tail, with_bases, pairs, split = _rows(draws)
    row = 0
    if with_tail:
        tail_scales(bits[0], draws.tail, tail)
        row = 1
    if with_bases:
        _draw_bases(draws, bits[row], per_cast, per_registered)
    row += with_bases
    for p in range(pairs):
        normal_pair_rows(bits[row + p], z[p], z[pairs + p])
    if draws.factor.shape[0] > 0:
        correlate(draws.factor, z)
    votes_of_normals(draws.location, draws.spread, tail, z, votes, total)
    if split:
        row += pairs
        for p in range(split):
            normal_pair_rows(bits[row + p], z[p], z[pairs + p])
        add_undecided(draws.undecided, draws.undecided_spread, z, votes, total, z[2 * pairs :], split_totals)


@stage
def _given_block(draws, first, valid, votes):
    """Votes of one block from outside; the draws behind the last are copies of it."""
    for k in range(votes.shape[0]):
        row = votes[k]
        for i in range(BLOCK):
            row[i] = draws.given[first + min(i, valid - 1), k]


@kernel
def simulate(draws, rules, questions, replicate, first, count, share_every, tallies, kept_votes, kept_seats):
    """Run ``count`` draws of ``replicate`` from number ``first`` on and add them to ``tallies``.

    ``first`` is a multiple of STREAM. Every ``share_every``-th block enters the histogram of shares. The first
    draws are also written to kept_votes (N, U) shares and kept_seats (R, N, K) until these are full.
    """
    units = draws.location.shape[0]
    lists = rules.numerators.shape[1]
    with_tail, with_bases, pairs, split = _rows(draws)
    rows = with_tail + with_bases + pairs + split
    state = np.empty((4, BLOCK), np.uint64)
    bits = np.empty((rows, BLOCK), np.uint64)
    z = np.empty((2 * pairs + (units if split else 0), BLOCK))
    votes = np.empty((units, BLOCK))
    tail = np.ones(BLOCK)
    per_cast = np.full(BLOCK, 1.0 / (1.0 - draws.invalid[0]))
    per_registered = per_cast / draws.turnout[0]
    total, listed, base, scratch = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    admitted, factors = np.empty((lists, BLOCK)), np.empty((lists, BLOCK))
    entitled, seats = np.empty((lists, BLOCK)), np.empty((lists, BLOCK))
    padded = (lists + PADDING - 1) // PADDING * PADDING
    keys, ranks = np.full((padded, BLOCK), -2.0), np.empty((padded, BLOCK))
    entitled_total, vote, floors = np.empty(BLOCK), np.ones(BLOCK), np.zeros(lists)
    how_many, left = np.empty(BLOCK), np.empty(BLOCK)
    whole = np.empty((tallies.seats.shape[1], BLOCK), np.int32)
    house, met, sum_of_terms = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    lots = np.zeros(BLOCK, np.uint64)
    dimensions = draws.directions.shape[0]
    scrambled, shifts = np.empty((dimensions, 32), np.uint64), np.empty(dimensions, np.uint64)
    table = np.empty((dimensions, BLOCK), np.uint64)
    if dimensions > 0:
        scramble(draws.directions, draws.seed, replicate, scrambled, shifts)
        block_table(scrambled, table)

    nobody = np.zeros(units, np.bool_)
    lists_count = False
    for r in range(rules.records.shape[0]):
        lists_count |= rules.records[r].base == BASE_LISTS or rules.records[r].quota_of_valid

    for start in range(0, count, BLOCK):
        valid = min(BLOCK, count - start)
        number = first + start
        if draws.sampler == SAMPLER_GIVEN:
            _given_block(draws, number, valid, votes)
            add_up(votes, nobody, total)
        else:
            if draws.sampler == SAMPLER_RANDOM:
                if number % STREAM == 0:
                    seed_lanes(mix(draws.seed, replicate, 0), number // STREAM, state, bits[0])
                fill_bits(state, bits)
            else:
                for r in range(rows):
                    sobol_bits(scrambled, shifts, table, number // BLOCK, r, bits[r])
            _draw_block(draws, bits, z, tail, per_cast, per_registered, total, scratch, votes)
        if lists_count:
            add_up(votes, draws.not_lists, listed)
        if draws.sampler != SAMPLER_GIVEN:
            for i in range(BLOCK):
                vote[i] = total[i] / draws.valid_votes
        if (number // BLOCK) % share_every == 0:
            count_shares(votes, total, valid, SHARE_BINS, tallies.shares, tallies.share_sums)
            tallies.share_draws[0] += valid
        keep = min(valid, kept_votes.shape[0] - start)
        for i in range(keep):
            for k in range(units):
                kept_votes[start + i, k] = votes[k, i] / total[i] if total[i] > 0.0 else 0.0

        for r in range(rules.records.shape[0]):
            rule = rules.records[r]
            for i in range(BLOCK):
                base[i] = total[i]
            if rule.base == BASE_LISTS:
                for i in range(BLOCK):
                    base[i] = listed[i]
            elif rule.base == BASE_CAST:
                for i in range(BLOCK):
                    base[i] *= per_cast[i]
            elif rule.base == BASE_REGISTERED:
                for i in range(BLOCK):
                    base[i] *= per_registered[i]
            admit(
                votes,
                rules.numerators[r],
                rules.denominators[r],
                base,
                rule.strict,
                admitted,
                how_many,
                entitled,
                entitled_total,
            )
            if rule.lot:
                for i in range(BLOCK):
                    lots[i] = mix(draws.seed ^ _LOTS, replicate, number + i) | np.uint64(1)
            else:
                for i in range(BLOCK):
                    lots[i] = np.uint64(0)
            electorate = entitled_total
            if rule.corrected:
                fill(factors, rule.uncorrected)
                if rule.nobody_admits > 0 or rule.nobody_numerator > 0.0:
                    admit_when_nobody_passed(
                        votes,
                        rule.nobody_admits,
                        rule.nobody_numerator,
                        rule.nobody_denominator,
                        rule.strict,
                        base,
                        lots,
                        admitted,
                        how_many,
                    )
                if rule.minimum_lists > 1.0 or rule.joint_numerator > 0.0:
                    admit_minimum(
                        votes,
                        rule.minimum_lists,
                        rule.joint_numerator,
                        rule.joint_denominator,
                        base,
                        rule.nobody_decided,
                        lots,
                        admitted,
                        how_many,
                        rule.correction,
                        rule.uncorrected,
                        factors,
                    )
                electorate = scratch
                weigh(
                    votes,
                    admitted,
                    factors,
                    rules.weights[r],
                    rule.uncorrected,
                    entitled,
                    entitled_total,
                    electorate,
                )
            if rule.quota_of_valid:
                electorate = scratch
                all_votes(votes, listed, rules.weights[r], rule.vote, rule.uncorrected, electorate)
            allocate(
                rule,
                rules.limits[r],
                floors,
                rules.divisors[rule.divisor_row],
                entitled,
                how_many,
                entitled_total,
                electorate,
                vote,
                draws.sampler == SAMPLER_GIVEN,
                lots,
                (keys, ranks, left),
                seats,
            )
            to_whole(seats, whole)
            house_of(whole, lists, house)
            coalition_seats(whole, questions.coalition_starts, questions.coalition_members, whole[lists:])
            count_seats(whole, valid, tallies.seats[r])
            count_admitted(admitted, entitled_total, valid, tallies.passes[r], tallies.void[r : r + 1])
            count_majorities(whole[lists:], house, valid, tallies.majorities[r])
            count_events(whole, admitted, house, valid, questions, sum_of_terms, met, tallies.events[r])
            for i in range(keep):
                for k in range(lists):
                    kept_seats[r, start + i, k] = whole[k, i]
