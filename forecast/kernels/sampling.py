"""Vote shares from normals: location, scale, tail and the split of the undecided."""

from __future__ import annotations

from forecast.kernels.compiling import stage
from forecast.kernels.elementary import exp2
from forecast.kernels.random import BLOCK


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
def votes_of_normals(location, spread, tail, z, votes, total):
    """votes (U, BLOCK) = 2 ** (location + spread * tail * z), shares up to a common factor; total (BLOCK)
    their sum.

    ``location`` and ``spread`` (U,) are in bits (base-2 logarithms); ``tail`` (BLOCK) is the draw's t scale.
    """
    for i in range(BLOCK):
        total[i] = 0.0
    for k in range(location.shape[0]):
        centre, width = location[k], spread[k]
        row, out = z[k], votes[k]
        for i in range(BLOCK):
            out[i] = exp2(centre + width * tail[i] * row[i])
            total[i] += out[i]


@stage
def add_undecided(undecided, spread, z, votes, total, split, split_totals):
    """Let the undecided vote: a share ``undecided`` of the draw splits like the decided, times 2**(spread z).

    votes (U, BLOCK) and their ``total`` (BLOCK) in and out; z (U, BLOCK) normals of the split; ``split`` (U,
    BLOCK) and ``split_totals`` (BLOCK) are scratch.
    """
    units = votes.shape[0]
    for i in range(BLOCK):
        split_totals[i] = 0.0
    for k in range(units):
        row, noise, out = votes[k], z[k], split[k]
        for i in range(BLOCK):
            out[i] = row[i] * exp2(spread * noise[i])
            split_totals[i] += out[i]
    for i in range(BLOCK):
        total[i] = (1.0 - undecided) / total[i]
        split_totals[i] = undecided / split_totals[i]
    for k in range(units):
        row, out = votes[k], split[k]
        for i in range(BLOCK):
            row[i] = row[i] * total[i] + out[i] * split_totals[i]
    for i in range(BLOCK):
        total[i] = 1.0
