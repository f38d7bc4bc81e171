"""The scale of a multivariate t draw, from one uniform number: w = sqrt(nu / chi2_nu(u)).

Tabulated, since a rejection sampler cannot be driven by a quasi-random point: cubic pieces, sixteen to a
binade of u and of 1 - u, so that both tails are as exact as the middle (a few units in the last place of a
float32).
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import stage
from forecast.kernels.arrays import BLOCK
from forecast.kernels.elementary import bits_float, float_bits, float_of

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
    half counted from its end; see ``forecast.simulation.tails`` for how it is filled. Which piece is found in
    vector code, and only looking it up is not.
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
