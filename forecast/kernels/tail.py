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
_HALF_INDEX = np.int64(1022 * PIECES_PER_BINADE)
_PIECES = BINADES * PIECES_PER_BINADE


@stage
def tail_scales(bits, table, out):
    """Scales ``out`` (BLOCK) from random words ``bits`` (BLOCK).

    ``table`` (2, 641, 4): cubic coefficients for u below one half by piece, then for 1 - u; see
    ``forecast.simulation`` for how it is filled.
    """
    for i in range(BLOCK):
        u = unit_interval(bits[i])
        side = 0
        if u > 0.5:
            u = 1.0 - u
            side = 1
        piece = _HALF_INDEX - np.int64(float_bits(u) >> _SHIFT)
        piece = min(piece, np.int64(_PIECES))
        c = table[side, piece]
        out[i] = c[0] + u * (c[1] + u * (c[2] + u * c[3]))
