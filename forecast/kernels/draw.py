"""Drawing: from random words to the votes of a piece.

Words become normals, normals become votes: ``centre * 2 ** (spread * scale * z)``, and the undecided split.
Plain draws take their words from SFC64, quasi-random ones from scrambled Sobol points; what the words become
is the same, but plain normals come in pairs (see ``normals``).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import (
    BLOCK,
    F32x1,
    F32x2,
    F64x1,
    F64x2,
    GivenVotes,
    Piece,
    U32x1,
    U32x2,
    U64x2,
    Votes,
)
from forecast.kernels.normals import normal_row, plain_normals
from forecast.kernels.random_bits import begin_stream, block_bases, block_table, fill_bits, scramble
from forecast.kernels.shares_of_normals import add_undecided, correlate, tail_scales, votes_of_normals

AT_A_TIME = 8
"""Units whose words become votes before those of the next are drawn: few enough to stay in the first-level
cache meanwhile.
"""

_NONE = np.float32(0.0)

SOURCE = np.dtype(
    [
        ("seed", np.uint64),
        ("units", np.int64),
        ("tails", np.int64),
        ("bases", np.int64),
        ("numbers", np.int64),
        ("splits", np.int64),
        ("undecided", np.float32),
        ("undecided_spread", np.float32),
    ],
    align=True,
)
"""What the rows of words of a draw are, in this order: ``tails`` (0 or 1) for the t scale, ``bases`` (0 or 2)
for the shares of invalid ballots and of turnout, ``numbers`` for the units (an even number of plain draws),
``splits`` (as many, or 0) for how the undecided divide.
"""


class Source(NamedTuple):
    """What votes are drawn from: the same for all draws of a run, as the compiled stages read it."""

    about: Annotated[NDArray[np.void], SOURCE, 1]
    centre: F32x1
    """(U,) expected shares."""
    spread: F32x1
    """(U,) scale of the log share, in bits; 1 where ``factor`` carries it."""
    factor: F32x2
    """(U, U) lower triangular, or (0, 0) for independent units."""
    t_scales: F32x1
    """Table of the t scale (see ``shares_of_normals``), or (0,) for Gaussian tails."""
    invalid: F64x1
    """(2,) range of the share of invalid ballots among those cast."""
    turnout: F64x1
    """(2,) range of ballots cast among the registered."""


class Words(NamedTuple):
    """Workspace of drawing: random words of a block, and the generator's state."""

    state: U64x2
    """(4, LANES) SFC64."""
    bits: U64x2
    """(rows, LANES) its output."""
    words: U32x2
    """(rows, BLOCK) the same memory, of plain draws; (D, BLOCK) low bits of the points of a block otherwise.
    """
    flips: U32x1
    """(rows,) exclusive-or with this: 0, or the high bits of a point."""
    normals: F32x2
    """(rows, BLOCK) of plain draws the same memory as their words."""
    scale: F32x2
    """(2, BLOCK) t scale, 1 for Gaussian tails; scratch."""
    pieces: U32x1
    """(BLOCK,) scratch."""
    scrambled: U32x2
    """(D, 32) direction numbers of a replicate."""
    shifts: U32x1
    """(D,) its digital shift."""


@kernel
def begin_replicate(seed: np.uint64, piece: Piece, directions: U32x2, workspace: Words) -> None:
    """Scramble the Sobol points of the replicate of a piece: ``directions`` (D, 32)."""
    columns = workspace.pieces[:32]
    scramble(directions, seed, piece[0].replicate, workspace.scrambled, workspace.shifts, columns)
    block_table(workspace.scrambled, workspace.words)


@kernel
def draw_plain(source: Source, piece: Piece, workspace: Words, votes: Votes) -> None:
    """Votes of the draws of a piece from random words; pieces of a replicate come in order."""
    about, here, first = source.about[0], piece[0], piece[0].first
    before = about.tails + about.bases
    for n in range(here.blocks):
        number = first + n * BLOCK
        begin_stream(workspace, about.seed, here, number, 0)
        fill_bits(workspace.state, workspace.bits[:before])
        _begin_block(source, workspace, votes, n)
        for start in range(0, about.numbers, AT_A_TIME):
            end = min(start + AT_A_TIME, about.numbers)
            plain_normals(workspace, before + start, before + end)
            _vote(source, workspace, votes, n, start, end)
        _finish_block(source, workspace, votes, n)
        if about.splits > 0:
            plain_normals(workspace, before + about.numbers, before + about.numbers + about.splits)
            _split(source, workspace, votes, n)


@kernel
def draw_sobol(source: Source, piece: Piece, workspace: Words, votes: Votes) -> None:
    """Votes of the draws of a piece from the points of its replicate, which ``begin_replicate`` readied."""
    about, here, first = source.about[0], piece[0], piece[0].first
    before = about.tails + about.bases
    for n in range(here.blocks):
        number = (first + n * BLOCK) // BLOCK
        block_bases(workspace.scrambled, workspace.shifts, number, workspace.flips)
        _begin_block(source, workspace, votes, n)
        for start in range(0, about.numbers, AT_A_TIME):
            end = min(start + AT_A_TIME, about.numbers)
            _sobol_normals(workspace, before + start, before + end)
            _vote(source, workspace, votes, n, start, end)
        _finish_block(source, workspace, votes, n)
        if about.splits > 0:
            _sobol_normals(workspace, before + about.numbers, before + about.numbers + about.splits)
            _split(source, workspace, votes, n)


@stage
def _begin_block(source, workspace, votes, n):
    """The t scale and the bases of a block; a total of nothing."""
    about, words, flips = source.about[0], workspace.words, workspace.flips
    if about.tails > 0:
        tail_scales(words[0], flips[0], source.t_scales, workspace.pieces, workspace.scale[0])
    if about.bases > 0:
        _draw_bases(source, words, flips, about.tails, votes.per_cast[n], votes.per_registered[n])
    total = votes.total[n]
    for i in range(BLOCK):
        total[i] = _NONE


@stage
def _sobol_normals(workspace, start, end):
    for row in range(start, end):
        normal_row(workspace.words[row], workspace.flips[row], workspace.normals[row])


@stage
def _vote(source, workspace, votes, n, start, end):
    """Votes of the units ``start`` to ``end``, where these hang on no others."""
    if source.factor.shape[0] == 0:
        about = source.about[0]
        end = min(end, about.units)
        first = about.tails + about.bases
        normals = workspace.normals[first + start : first + end]
        centre, spread = source.centre[start:end], source.spread[start:end]
        votes_of_normals(
            centre, spread, workspace.scale[0], normals, votes.single[n, start:end], votes.total[n]
        )


@stage
def _finish_block(source, workspace, votes, n):
    """Votes of units that hang on each other."""
    if source.factor.shape[0] > 0:
        about = source.about[0]
        first = about.tails + about.bases
        normals = workspace.normals[first : first + about.units]
        correlate(source.factor, normals)
        votes_of_normals(
            source.centre, source.spread, workspace.scale[0], normals, votes.single[n], votes.total[n]
        )


@stage
def _split(source, workspace, votes, n):
    """Let the undecided vote."""
    about = source.about[0]
    first = about.tails + about.bases + about.numbers
    noise = workspace.normals[first : first + about.units]
    add_undecided(
        about.undecided, about.undecided_spread, noise, votes.single[n], votes.total[n], workspace.scale[1]
    )


@stage
def _draw_bases(source, words, flips, row, per_cast, per_registered):
    """Ballots cast and voters registered for one valid vote, each (BLOCK), from two rows of words."""
    invalid, turnout = source.invalid, source.turnout
    first, second, flip, other = words[row], words[row + 1], flips[row], flips[row + 1]
    for i in range(BLOCK):
        spoiled = (np.float64(np.uint32(first[i] ^ flip)) + 0.5) * 2.0**-32
        voted = (np.float64(np.uint32(second[i] ^ other)) + 0.5) * 2.0**-32
        per_cast[i] = 1.0 / (1.0 - (invalid[0] + (invalid[1] - invalid[0]) * spoiled))
        per_registered[i] = per_cast[i] / (turnout[0] + (turnout[1] - turnout[0]) * voted)


def _take(given: F64x2, piece: Piece, votes: Votes) -> None:
    """Votes of a piece from outside (draws, U), or shares that were drawn before; the draws behind the last
    are copies of it.
    """
    here = piece[0]
    for n in range(here.blocks):
        first, valid = here.first + n * BLOCK, min(here.valid - n * BLOCK, BLOCK)
        total = votes.total[n]
        for i in range(BLOCK):
            total[i] = 0.0
        for k in range(given.shape[1]):
            single, exact = votes.single[n, k], votes.exact[n, k]
            for i in range(BLOCK):
                exact[i] = given[first + min(i, valid - 1), k]
                single[i] = exact[i]
                total[i] += exact[i]


take_drawn = kernel(_take, votes=Votes)
take_given = kernel(_take, votes=GivenVotes)
