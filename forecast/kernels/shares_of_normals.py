"""Vote shares from normals: location, scale, tail and the split of the undecided. All in float32.

Rounding moves a share of 5 % by 1e-8 or so, to either side: the test of bias compares the mean shares of
millions of draws, and who passes, with the same draws in float64.

The scale of a multivariate t draw comes from one uniform number, w = sqrt(nu / chi2_nu(u)): tabulated, since
a rejection sampler cannot be driven by a quasi-random point, in cubic pieces, sixteen to a binade of u and
of 1 - u, so that both tails are as exact as the middle (a few units in the last place of a float32).
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import stage
from forecast.kernels.arrays import BLOCK
from forecast.kernels.elementary import bits_float, exp2, float_bits, float_of

PIECES_PER_BINADE = 16
BINADES = 32
"""Of the words: from a half, for the word 0, up to 2**31."""

_SHIFT = np.uint32(19)  # leaves the exponent and four bits of mantissa
_WITHIN = np.uint32(0x0007FFFF)
_FIRST = np.uint32(126 * PIECES_PER_BINADE)  # the piece that begins at one half
PIECES = BINADES * PIECES_PER_BINADE + 1
"""On either side; the last begins at the middle, to which the words next to it are rounded."""

_PIECES = np.uint32(PIECES)
_ONE = np.uint32(0x3F800000)
_HALF = np.float32(0.5)


@stage
def tail_scales(words, flip, table, pieces, out):
    """Scales ``out`` (BLOCK) from words (BLOCK) uint32, exclusive-or ``flip``; ``pieces`` (BLOCK, uint32) is
    scratch.

    ``table`` (2 PIECES, 4), flat: cubic coefficients for words in the lower half by piece, then for the upper
    half counted from its end, as ``forecast.simulation.inputs`` fills it. Which piece is found in vector
    code, and only looking it up is not.
    """
    for i in range(BLOCK):
        word = np.uint32(words[i] ^ flip)
        opposite = np.uint32(~word)
        lower = word < opposite
        bits = float_bits(float_of(word if lower else opposite) + _HALF)
        piece = np.uint32((bits >> _SHIFT) - _FIRST)
        pieces[i] = (
            np.uint32(piece << np.uint32(2)) if lower else np.uint32((piece + _PIECES) << np.uint32(2))
        )
        # How far into the piece, from 1 to 2.
        out[i] = bits_float(np.uint32(((bits & _WITHIN) << np.uint32(4)) | _ONE))
    for i in range(BLOCK):
        at, t = pieces[i], out[i]
        out[i] = ((table[at + 3] * t + table[at + 2]) * t + table[at + 1]) * t + table[at]


_NONE = np.float32(0.0)
_UNIT = np.float32(1.0)


@stage
def correlate(factor, z):
    """Replace rows z (U, BLOCK) by ``factor`` (U, U, lower triangular) times z, in place."""
    for k in range(factor.shape[0] - 1, -1, -1):
        row = z[k]
        for i in range(BLOCK):
            row[i] *= factor[k, k]
        for j in range(k):
            weight = factor[k, j]
            other = z[j]
            for i in range(BLOCK):
                row[i] += weight * other[i]


@stage
def votes_of_normals(centre, spread, tail, normals, votes, total):
    """votes (U, BLOCK) = centre * 2 ** (spread * tail * z) of ``normals`` z (U, BLOCK): shares up to a common
    factor. total (BLOCK) += their sum.

    ``centre`` and ``spread`` (U,), the latter in bits (base-2 logarithms); ``tail`` (BLOCK) is the draw's t
    scale. Two units at a time, which halves the traffic of the sum.
    """
    units = centre.shape[0]
    for k in range(0, units - 1, 2):
        row, other, out, out_other = normals[k], normals[k + 1], votes[k], votes[k + 1]
        size, width, size_other, width_other = centre[k], spread[k], centre[k + 1], spread[k + 1]
        for i in range(BLOCK):
            one = exp2(width * tail[i] * row[i]) * size
            two = exp2(width_other * tail[i] * other[i]) * size_other
            out[i] = one
            out_other[i] = two
            total[i] += one + two
    if units % 2 == 1:
        row, out, size, width = normals[units - 1], votes[units - 1], centre[units - 1], spread[units - 1]
        for i in range(BLOCK):
            one = exp2(width * tail[i] * row[i]) * size
            out[i] = one
            total[i] += one


@stage
def add_undecided(undecided, spread, split, votes, total, sums):
    """Let the undecided vote: a share ``undecided`` of the draw splits like the decided, times 2**(spread z).

    votes (U, BLOCK) and their ``total`` (BLOCK) in and out; split (U, BLOCK) are normals z, and overwritten;
    ``sums`` (BLOCK) is scratch.
    """
    units = votes.shape[0]
    for i in range(BLOCK):
        sums[i] = _NONE
    for k in range(units):
        row, out = votes[k], split[k]
        for i in range(BLOCK):
            out[i] = row[i] * exp2(spread * out[i])
            sums[i] += out[i]
    for i in range(BLOCK):
        total[i] = (_UNIT - undecided) / total[i]
        sums[i] = undecided / sums[i]
    for k in range(units):
        row, out = votes[k], split[k]
        for i in range(BLOCK):
            row[i] = row[i] * total[i] + out[i] * sums[i]
    for i in range(BLOCK):
        total[i] = _NONE
    for k in range(units):
        row = votes[k]
        for i in range(BLOCK):
            total[i] += row[i]
