"""Random bits: SFC64 in lanes, one independent state per draw slot of a block.

SFC64 is Chris Doty-Humphrey's small fast counting generator (PractRand), as in ``numpy.random.SFC64``; the
states are seeded with splitmix64 (Steele, Lea and Flood, OOPSLA 2014) from (seed, stream, lane), so the bits
of a stream depend on nothing else.
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import stage
from forecast.kernels.arrays import LANES

_WARM_UP = 12


@stage
def splitmix64(x):
    """The splitmix64 finalizer of ``x`` (uint64 to uint64)."""
    z = x + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@stage
def mix(seed, stream, lane):
    """A 64-bit key of three integers."""
    key = splitmix64(np.uint64(seed))
    key = splitmix64(key ^ np.uint64(stream))
    return splitmix64(key ^ np.uint64(lane))


@stage
def _round(a, b, c, count):
    """One step of SFC64: the new state and the 64 bits it gives."""
    total = a + b + count
    return (
        b ^ (b >> np.uint64(11)),
        c + (c << np.uint64(3)),
        ((c << np.uint64(24)) | (c >> np.uint64(40))) + total,
        count + np.uint64(1),
        total,
    )


@stage
def seed_lanes(seed, stream, state, scratch):
    """Fill ``state`` (4, LANES) uint64 for one stream and run it warm; ``scratch`` (LANES) is overwritten."""
    for lane in range(LANES):
        key = mix(seed, stream, lane)
        for word in range(3):
            key = splitmix64(key)
            state[word, lane] = key
        state[3, lane] = np.uint64(1)
    for _ in range(_WARM_UP):
        next_bits(state, scratch)


@stage
def next_bits(state, out):
    """One round of every lane; the 64 new bits of each go to ``out`` (LANES)."""
    a_row, b_row, c_row, count_row = state[0], state[1], state[2], state[3]
    for lane in range(LANES):
        a, b, c, count = a_row[lane], b_row[lane], c_row[lane], count_row[lane]
        a, b, c, count, out[lane] = _round(a, b, c, count)
        a_row[lane], b_row[lane], c_row[lane], count_row[lane] = a, b, c, count


@stage
def next_four_bits(state, first, second, third, fourth):
    """Four rounds at once: the states stay in registers."""
    a_row, b_row, c_row, count_row = state[0], state[1], state[2], state[3]
    for lane in range(LANES):
        a, b, c, count = a_row[lane], b_row[lane], c_row[lane], count_row[lane]
        a, b, c, count, first[lane] = _round(a, b, c, count)
        a, b, c, count, second[lane] = _round(a, b, c, count)
        a, b, c, count, third[lane] = _round(a, b, c, count)
        a, b, c, count, fourth[lane] = _round(a, b, c, count)
        a_row[lane], b_row[lane], c_row[lane], count_row[lane] = a, b, c, count


@stage
def fill_bits(state, rows):
    """rows (N, LANES): N rounds of every lane."""
    r = 0
    while r + 4 <= rows.shape[0]:
        next_four_bits(state, rows[r], rows[r + 1], rows[r + 2], rows[r + 3])
        r += 4
    while r < rows.shape[0]:
        next_bits(state, rows[r])
        r += 1
