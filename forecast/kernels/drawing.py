"""From random words, or from outside, to the votes of a block of draws."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.admission import add_up
from forecast.kernels.compiling import maker, stage
from forecast.kernels.normals import normal_pair_rows
from forecast.kernels.random import BLOCK, fill_bits, mix, seed_lanes
from forecast.kernels.sampling import add_undecided, correlate, votes_of_normals
from forecast.kernels.shapes import SAMPLER_GIVEN, SAMPLER_RANDOM
from forecast.kernels.sobol import BITS, block_bases, block_table, scramble, sobol_bits
from forecast.kernels.tail import tail_scales

STREAM = 16_384
"""Draws of one random stream; a chunk begins at a multiple of it."""


class Source(NamedTuple):
    """Where the random words of a chunk come from, and what they become."""

    state: Any  # (4, BLOCK) uint64: SFC64 lanes
    scrambled: Any  # (32, D) uint64: scrambled direction numbers
    column: Any  # (32,) uint64 scratch
    shifts: Any  # (D,) uint64
    table: Any  # (D, BLOCK) uint64
    bases: Any  # (D,) uint64: the first point of a block
    bits: Any  # (rows, BLOCK) uint64
    z: Any  # (2 pairs [+ U], BLOCK) normals, and scratch of the undecided split
    tail: Any  # (BLOCK,)
    pieces: Any  # (BLOCK,) uint32
    scratch: Any  # (BLOCK,)
    nobody: Any  # (U,) False: units to leave out of a sum of all


class Electorate(NamedTuple):
    """A block of draws: votes and what thresholds may be shares of."""

    votes: Any  # (U, BLOCK)
    total: Any  # (BLOCK,) valid votes
    listed: Any  # (BLOCK,) votes for lists alone; filled where a rule asks for them
    per_cast: Any  # (BLOCK,) ballots cast for one valid vote
    per_registered: Any  # (BLOCK,) registered voters for one valid vote
    vote: Any  # (BLOCK,) the size of a single vote


@stage
def rows_of_words(draws):
    """Rows of random words a block needs: tail, bases, pairs of units, pairs of the undecided split."""
    pairs = (draws.location.shape[0] + 1) // 2
    tail = 1 if draws.tail.shape[0] > 0 else 0
    varying = draws.invalid[0] < draws.invalid[1] or draws.turnout[0] < draws.turnout[1]
    split = pairs if draws.undecided > 0.0 and draws.undecided_spread > 0.0 else 0
    return tail, 1 if varying else 0, pairs, split


@maker
def new_source(draws):
    """An empty source; ``begin_replicate`` readies it."""
    units = draws.location.shape[0]
    tail, bases, pairs, split = rows_of_words(draws)
    dimensions = draws.directions.shape[0]
    return Source(
        np.empty((4, BLOCK), np.uint64),
        np.empty((BITS, dimensions), np.uint64),
        np.empty(BITS, np.uint64),
        np.empty(dimensions, np.uint64),
        np.empty((dimensions, BLOCK), np.uint64),
        np.empty(dimensions, np.uint64),
        np.empty((tail + bases + pairs + split, BLOCK), np.uint64),
        np.empty((2 * pairs + (units if split > 0 else 0), BLOCK)),
        np.ones(BLOCK),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK),
        np.zeros(units, np.bool_),
    )


@stage
def begin_replicate(draws, replicate, source):
    """Ready a source for the draws of one replicate."""
    if draws.directions.shape[0] > 0:
        scramble(draws.directions, draws.seed, replicate, source.scrambled, source.shifts, source.column)
        block_table(source.scrambled, source.table)


@maker
def new_electorate(draws):
    """An empty block; bases that do not vary are filled once."""
    per_cast = np.full(BLOCK, 1.0 / (1.0 - draws.invalid[0]))
    return Electorate(
        np.empty((draws.location.shape[0], BLOCK)),
        np.empty(BLOCK),
        np.empty(BLOCK),
        per_cast,
        per_cast / draws.turnout[0],
        np.ones(BLOCK),
    )


@stage
def draw_block(draws, source, replicate, number, valid, lists_count, block):
    """Fill ``block`` with draws ``number`` to ``number`` + BLOCK - 1 of a replicate."""
    if draws.sampler == SAMPLER_GIVEN:
        _given_votes(draws.given, number, valid, block.votes)
        add_up(block.votes, source.nobody, block.total)
    else:
        if draws.sampler == SAMPLER_RANDOM:
            if number % STREAM == 0:
                key = mix(draws.seed, replicate, 0)
                seed_lanes(key, number // STREAM, source.state, source.bits[0])
            fill_bits(source.state, source.bits)
        else:
            block_bases(source.scrambled, source.shifts, number // BLOCK, source.bases)
            for r in range(source.bits.shape[0]):
                sobol_bits(source.bases, source.table, r, source.bits[r])
        _votes_of_words(draws, source, block)
        for i in range(BLOCK):
            block.vote[i] = block.total[i] * (1.0 / draws.valid_votes)
    if lists_count:
        add_up(block.votes, draws.not_lists, block.listed)


@stage
def _votes_of_words(draws, source, block):
    """Words -> tail, bases and normals -> votes."""
    tail_rows, base_rows, pairs, split = rows_of_words(draws)
    row = 0
    if tail_rows > 0:
        tail_scales(source.bits[0], draws.tail, source.pieces, source.tail)
        row = 1
    if base_rows > 0:
        _draw_bases(draws, source.bits[row], block.per_cast, block.per_registered)
        row += 1
    z = source.z
    for p in range(pairs):
        normal_pair_rows(source.bits[row + p], z[p], z[pairs + p])
    if draws.factor.shape[0] > 0:
        correlate(draws.factor, z)
    votes_of_normals(draws.location, draws.spread, source.tail, z, block.votes, block.total)
    if split > 0:
        row += pairs
        for p in range(split):
            normal_pair_rows(source.bits[row + p], z[p], z[pairs + p])
        add_undecided(
            draws.undecided,
            draws.undecided_spread,
            z,
            block.votes,
            block.total,
            z[2 * pairs :],
            source.scratch,
        )


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
def _given_votes(given, first, valid, votes):
    """Votes of one block from outside; the draws behind the last are copies of it."""
    for k in range(votes.shape[0]):
        row = votes[k]
        for i in range(BLOCK):
            row[i] = given[first + min(i, valid - 1), k]
