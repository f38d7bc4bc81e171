"""From random words, or from outside, to the votes of a block of draws."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.admission import add_up
from forecast.kernels.compiling import glue, maker, stage
from forecast.kernels.normals import normal_pair_rows, normal_row
from forecast.kernels.random import BLOCK, fill_bits, mix, seed_lanes
from forecast.kernels.rows import new_rows
from forecast.kernels.sampling import add_undecided, correlate, votes_of_normals
from forecast.kernels.shapes import SAMPLER_RANDOM, SAMPLER_SOBOL
from forecast.kernels.sobol import BITS, block_bases, block_table, scramble
from forecast.kernels.tail import tail_scales

STREAM = 16_384
"""Draws of one random stream; a chunk begins at a multiple of it."""

AT_A_TIME = 8
"""Units whose words become votes before those of the next are drawn: few enough to stay in the first-level
cache meanwhile.
"""

_NONE, _UNIT = np.float32(0.0), np.float32(1.0)


class Source(NamedTuple):
    """Where the random words of a chunk come from, and what they become. Words are uint32, one row for each
    number that a draw takes: tail, bases (two), units, the undecided split.
    """

    state: Any  # (4, LANES) uint64: SFC64 lanes
    bits: Any  # (rows, LANES) uint64: their output
    words: Any  # (rows, BLOCK) the same memory, of plain draws; (D, BLOCK) the low bits of Sobol points
    flips: Any  # (rows,) exclusive-or with this: 0, or the high bits of a Sobol point
    numbers: Any  # (rows, BLOCK) float32: normals, then votes; of plain draws in the place of their words
    scrambled: Any  # (D, 32): scrambled direction numbers
    shifts: Any  # (D,)
    columns: Any  # (32,) scratch
    centre: Any  # (U,) float32 expected shares
    spread: Any  # (U,) float32
    factor: Any  # (U, U) or (0, 0) float32
    tail: Any  # (BLOCK,) float32
    pieces: Any  # (BLOCK,) uint32
    sums: Any  # (BLOCK,) float32


class Drawn(NamedTuple):
    """A block of draws in float32."""

    votes: Any  # (U, BLOCK) rows of ``Source.numbers``
    total: Any  # (BLOCK,) valid votes
    per_cast: Any  # (BLOCK,) float64 ballots cast for one valid vote
    per_registered: Any  # (BLOCK,) float64 registered voters for one valid vote


class Electorate(NamedTuple):
    """A block of draws in float64: votes and what thresholds may be shares of."""

    votes: Any  # (U, BLOCK)
    total: Any  # (BLOCK,) valid votes
    listed: Any  # (BLOCK,) votes for lists alone; filled where a rule asks for them
    per_cast: Any  # (BLOCK,) ballots cast for one valid vote
    per_registered: Any  # (BLOCK,) registered voters for one valid vote
    vote: Any  # (BLOCK,) the size of a single vote
    nobody: Any  # (U,) False: units to leave out of a sum of all


@glue
def rows_of_words(draws):
    """Rows of random words that a block needs: tail, bases, units (a pair each by Box and Muller),
    undecided.
    """
    units = draws.location.shape[0]
    numbers = (units + 1) // 2 * 2 if draws.sampler == SAMPLER_RANDOM else units
    varying = draws.invalid[0] < draws.invalid[1] or draws.turnout[0] < draws.turnout[1]
    splits = draws.undecided > 0.0 and draws.undecided_spread > 0.0
    tail = 1 if draws.tail.shape[0] > 0 else 0
    return tail, 2 if varying else 0, numbers, numbers if splits else 0


@maker
def new_source(draws):
    """An empty source; ``begin_replicate`` readies it."""
    tail, bases, numbers, split = rows_of_words(draws)
    rows, dimensions = tail + bases + numbers + split, draws.directions.shape[0]
    values = new_rows(rows, np.float32)
    words = values.view(np.uint32)
    bits = words.view(np.uint64)
    if dimensions > 0:
        words = new_rows(dimensions, np.uint32)
    others = new_rows(3, np.float32)
    others[0, :] = _UNIT
    return Source(
        new_rows(4, np.uint32).view(np.uint64),
        bits,
        words,
        np.zeros(words.shape[0], np.uint32),
        values,
        np.empty((dimensions, BITS), np.uint32),
        np.empty(dimensions, np.uint32),
        np.empty(BITS, np.uint32),
        (2.0**draws.location).astype(np.float32),
        draws.spread.astype(np.float32),
        draws.factor.astype(np.float32),
        others[0],
        others[1].view(np.uint32),
        others[2],
    )


@stage
def begin_replicate(draws, replicate, source):
    """Ready a source for the draws of one replicate."""
    if draws.sampler == SAMPLER_SOBOL:
        scramble(draws.directions, draws.seed, replicate, source.scrambled, source.shifts, source.columns)
        block_table(source.scrambled, source.words)


@maker
def new_drawn(draws, source):
    """An empty block; bases that do not vary are filled once."""
    tail, bases, _, _ = rows_of_words(draws)
    per_cast = np.full(BLOCK, 1.0 / (1.0 - draws.invalid[0]))
    return Drawn(
        source.numbers[tail + bases : tail + bases + draws.location.shape[0]],
        new_rows(1, np.float32)[0],
        per_cast,
        per_cast / draws.turnout[0],
    )


@maker
def new_electorate(draws):
    """An empty block."""
    units = draws.location.shape[0]
    per_cast = np.full(BLOCK, 1.0 / (1.0 - draws.invalid[0]))
    return Electorate(
        new_rows(units, np.float64),
        new_rows(1, np.float64)[0],
        new_rows(1, np.float64)[0],
        per_cast,
        per_cast / draws.turnout[0],
        np.ones(BLOCK),
        np.zeros(units, np.bool_),
    )


@glue
def draw_block(draws, source, replicate, number, drawn):
    """Fill ``drawn`` with draws ``number`` to ``number`` + BLOCK - 1 of a replicate: words -> tail, bases and
    normals -> votes.
    """
    if draws.sampler == SAMPLER_RANDOM:
        if number % STREAM == 0:
            key = mix(draws.seed, replicate, 0)
            seed_lanes(key, number // STREAM, source.state, source.bits[0])
    else:
        block_bases(source.scrambled, source.shifts, number // BLOCK, source.flips)
    tail_rows, base_rows, numbers, split = rows_of_words(draws)
    first, units, words, flips = tail_rows + base_rows, drawn.votes.shape[0], source.words, source.flips
    if draws.sampler == SAMPLER_RANDOM:
        fill_bits(source.state, source.bits[:first])
    if tail_rows > 0:
        tail_scales(words[0], flips[0], draws.tail, source.pieces, source.tail)
    if base_rows > 0:
        _draw_bases(draws, words, flips, tail_rows, drawn.per_cast, drawn.per_registered)
    correlated, total = source.factor.shape[0] > 0, drawn.total
    for i in range(BLOCK):
        total[i] = _NONE
    for start in range(0, numbers, AT_A_TIME):
        end = min(start + AT_A_TIME, numbers)
        _normals(draws.sampler, source, first + start, first + end)
        if not correlated:
            end = min(end, units)
            centre, spread = source.centre[start:end], source.spread[start:end]
            votes_of_normals(centre, spread, source.tail, drawn.votes[start:end], total)
    if correlated:
        correlate(source.factor, drawn.votes)
        votes_of_normals(source.centre, source.spread, source.tail, drawn.votes, total)
    if split > 0:
        _normals(draws.sampler, source, first + numbers, first + numbers + split)
        undecided, spread = np.float32(draws.undecided), np.float32(draws.undecided_spread)
        noise = source.numbers[first + numbers : first + numbers + units]
        add_undecided(undecided, spread, noise, drawn.votes, drawn.total, source.sums)


@glue
def _normals(sampler, source, start, end):
    """Rows ``start`` to ``end`` of normals, an even number where the sampler makes them in pairs."""
    if sampler == SAMPLER_RANDOM:
        fill_bits(source.state, source.bits[start:end])
        for row in range(start, end, 2):
            normal_pair_rows(source.words[row], source.words[row + 1])
    else:
        for row in range(start, end):
            normal_row(source.words[row], source.flips[row], source.numbers[row])


@stage
def _draw_bases(draws, words, flips, row, per_cast, per_registered):
    """Ballots cast and voters registered for one valid vote, each (BLOCK), from two rows of words."""
    invalid, turnout = draws.invalid, draws.turnout
    first, second, flip, other = words[row], words[row + 1], flips[row], flips[row + 1]
    for i in range(BLOCK):
        spoiled = (np.float64(np.uint32(first[i] ^ flip)) + 0.5) * 2.0**-32
        voted = (np.float64(np.uint32(second[i] ^ other)) + 0.5) * 2.0**-32
        per_cast[i] = 1.0 / (1.0 - (invalid[0] + (invalid[1] - invalid[0]) * spoiled))
        per_registered[i] = per_cast[i] / (turnout[0] + (turnout[1] - turnout[0]) * voted)


@stage
def widen(draws, drawn, block):
    """A block of draws in float64: the same numbers, so that what is counted from here on is exact."""
    for k in range(block.votes.shape[0]):
        row, out = drawn.votes[k], block.votes[k]
        for i in range(BLOCK):
            out[i] = row[i]
    for i in range(BLOCK):
        block.per_cast[i] = drawn.per_cast[i]
        block.per_registered[i] = drawn.per_registered[i]
    sum_up(draws, True, block)


@stage
def sum_up(draws, lists_count, block):
    """What follows from the votes of a block: their sum, that of lists alone, the size of a vote."""
    add_up(block.votes, block.nobody, block.total)
    for i in range(BLOCK):
        block.vote[i] = block.total[i] * (1.0 / draws.valid_votes)
    if lists_count:
        add_up(block.votes, draws.not_lists, block.listed)


@stage
def given_block(draws, number, valid, lists_count, block):
    """Votes of one block from outside; the draws behind the last are copies of it."""
    for k in range(block.votes.shape[0]):
        row = block.votes[k]
        for i in range(BLOCK):
            row[i] = draws.given[number + min(i, valid - 1), k]
    add_up(block.votes, block.nobody, block.total)
    if lists_count:
        add_up(block.votes, draws.not_lists, block.listed)
