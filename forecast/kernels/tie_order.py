"""Who comes first when claims are equal."""

from __future__ import annotations

import numpy as np

from forecast.compiling import element, stage
from forecast.kernels.arrays import BLOCK
from forecast.kernels.random_bits import mix

BY_ORDER = np.uint64(0)


@element
def lot_of(rule, piece, n, i):
    """The key of a draw's lot, ``BY_ORDER`` where ties go by the order of the lists.

    Only votes from outside can tie: of drawn ones two quotients agree to the last bit once in 10**15 times.
    """
    if not rule.lot or piece.lots == BY_ORDER:
        return BY_ORDER
    return mix(piece.lots, piece.replicate, piece.first + n * BLOCK + i) | np.uint64(1)


@stage
def earlier(lot, a, b):
    """Whether list ``a`` comes before ``b`` when all else is equal: by order, or by the draw's lot."""
    if lot == BY_ORDER:
        return a < b
    return _lot_number(lot, a) < _lot_number(lot, b)


@stage
def _lot_number(lot, k):
    """The lot of list k: a 64-bit hash of the draw's key."""
    z = lot ^ (np.uint64(k + 1) * np.uint64(0x9E3779B97F4A7C15))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@stage
def before(votes_a, a, votes_b, b, lot):
    """Of two lists with equal claims: the one with more votes first, then the order or the lot."""
    return votes_a > votes_b or (votes_a == votes_b and earlier(lot, a, b))
