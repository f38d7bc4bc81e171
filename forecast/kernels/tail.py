"""The scale of a multivariate t draw, from one uniform number: w = sqrt(nu / chi2_nu(u)).

Tabulated, since a rejection sampler cannot be driven by a quasi-random point: cubic pieces, sixteen to a
binade of u and of 1 - u, so that both tails are as exact as the middle (relative error under 3e-8 above
u = 2**-40; the pieces below that hold one draw in 10**12).
"""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import stage
from forecast.kernels.elementary import float_bits, unit_interval
from forecast.kernels.random import BLOCK

PIECES_PER_BINADE = 16
BINADES = 40
_SHIFT = np.uint64(48)  # leaves the exponent and four bits of mantissa
_HALF_INDEX = np.uint64(1022 * PIECES_PER_BINADE)
_LAST = np.uint64(BINADES * PIECES_PER_BINADE)
_PIECES = _LAST + np.uint64(1)


@stage
def tail_scales(bits, table, pieces, out):
    """Scales ``out`` (BLOCK) from random words ``bits`` (BLOCK); ``pieces`` (BLOCK, uint32) is scratch.

    ``table`` (2 PIECES, 4): cubic coefficients for u below one half by piece, then for 1 - u; see
    ``forecast.simulation`` for how it is filled. Which piece is found in vector code, and only looking it up
    is not.
    """
    for i in range(BLOCK):
        u = unit_interval(bits[i])
        upper = u > 0.5
        v = 1.0 - u if upper else u
        piece = min(_HALF_INDEX - (float_bits(v) >> _SHIFT), _LAST)
        pieces[i] = np.uint32(piece + _PIECES if upper else piece)
        out[i] = v
    for i in range(BLOCK):
        c = table[pieces[i]]
        v = out[i]
        out[i] = c[0] + v * (c[1] + v * (c[2] + v * c[3]))
