"""Vote shares from normals: location, scale, tail and the split of the undecided. All in float32.

Rounding moves a share of 5 % by 1e-8 or so, to either side: the test of bias compares the mean shares of
millions of draws, and who passes, with the same draws in float64.
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import stage
from forecast.kernels.arrays import BLOCK
from forecast.kernels.elementary import exp2

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
