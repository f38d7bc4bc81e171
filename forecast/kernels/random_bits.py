"""Random words: SFC64 in lanes, one independent state per draw slot of a block; and scrambled Sobol points,
one exclusive-or a point against a table of the points of a block.

SFC64 is Chris Doty-Humphrey's small fast counting generator (PractRand), as in ``numpy.random.SFC64``; the
states are seeded with splitmix64 (Steele, Lea and Flood, OOPSLA 2014) from (seed, stream, lane), so the bits
of a stream depend on nothing else.

Sobol (1967) with the direction numbers of Joe and Kuo (2008); each replicate has its own random linear
scramble and digital shift (Matousek 1998), so that replicates are independent and their spread is the
standard error.
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import stage
from forecast.kernels.arrays import BLOCK, LANES, STREAM

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
def begin_stream(noise, seed, piece, first, number):
    """Ready the stream ``number`` of a seed where the draws from ``first`` on begin one."""
    if first % STREAM == 0:
        key = mix(seed, piece.replicate, number)
        seed_lanes(key, first // STREAM, noise.state, noise.bits[0])


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


BITS = 32
_SHIFT_KEYS = np.uint64(0x5_0000_0000)
_MATRIX_KEYS = np.uint64(0x6_0000_0000)
_UNIT = np.uint32(1)
_NONE = np.uint32(0)
_LOW_BITS = BLOCK.bit_length() - 1  # of a point's number within its block


@stage
def scramble(directions, seed, replicate, scrambled, shifts, columns):
    """Scrambled direction numbers and shifts of one replicate.

    directions (D, 32) uint32, each a 32-bit fraction; ``scrambled`` (D, 32) and ``shifts`` (D,) are filled,
    ``columns`` (32,) is scratch. Each dimension is multiplied by a random lower unit triangular binary
    matrix (digit r of the product is digit r plus random digits above it), then shifted.
    """
    for d in range(directions.shape[0]):
        shifts[d] = np.uint32(mix(seed, replicate, np.uint64(d) | _SHIFT_KEYS))
        key = mix(seed, replicate, np.uint64(d) | _MATRIX_KEYS)
        for place in range(BITS):
            key = splitmix64(key)
            unit = np.uint32(_UNIT << np.uint32(place))
            columns[place] = np.uint32((np.uint32(key) & np.uint32(unit - _UNIT)) | unit)
        for n in range(BITS):
            number, product = directions[d, n], _NONE
            for place in range(BITS):
                chosen = np.uint32(_NONE - np.uint32(np.uint32(number >> np.uint32(place)) & _UNIT))
                product = np.uint32(product ^ np.uint32(columns[place] & chosen))
            scrambled[d, n] = product


@stage
def block_table(scrambled, table):
    """table (D, BLOCK): the exclusive-or of the direction numbers for the low bits of the number."""
    for d in range(table.shape[0]):
        row, numbers = table[d], scrambled[d]
        row[0] = _NONE
        for bit in range(_LOW_BITS):
            number, size = numbers[bit], 1 << bit
            for i in range(size):
                row[size + i] = np.uint32(row[i] ^ number)


@stage
def block_bases(scrambled, shifts, block, bases):
    """bases (D,) = the point of number BLOCK * block; shifts (D,) are the digital shifts."""
    for d in range(bases.shape[0]):
        base, numbers = shifts[d], scrambled[d]
        rest, bit = block, _LOW_BITS
        while rest > 0 and bit < BITS:
            if rest & 1:
                base = np.uint32(base ^ numbers[bit])
            rest >>= 1
            bit += 1
        bases[d] = base
