"""Scrambled Sobol points as random bits: one exclusive-or a point against a table of 256 entries.

Sobol (1967) with the direction numbers of Joe and Kuo (2008); each replicate has its own random linear
scramble and digital shift (Matousek 1998), so that replicates are independent and their spread is the
standard error.
"""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import stage
from forecast.kernels.random import BLOCK, mix, splitmix64

BITS = 32
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT_KEYS = np.uint64(0x5_0000_0000)
_MATRIX_KEYS = np.uint64(0x6_0000_0000)


@stage
def scramble(directions, seed, replicate, scrambled, shifts):
    """Scrambled direction numbers and shifts of one replicate.

    directions (D, 32) uint64, each a 32-bit fraction; ``scrambled`` (D, 32) and ``shifts`` (D,) are filled.
    Each dimension is multiplied by a random lower unit triangular binary matrix (digit r of the product is
    digit r plus random digits above it), then shifted.
    """
    matrix = np.empty(BITS, np.uint64)
    for d in range(directions.shape[0]):
        shifts[d] = mix(seed, replicate, np.uint64(d) | _SHIFT_KEYS) & _LOW
        key = mix(seed, replicate, np.uint64(d) | _MATRIX_KEYS)
        for digit in range(BITS):
            key = splitmix64(key)
            unit = np.uint64(1) << np.uint64(BITS - 1 - digit)
            matrix[digit] = (key & (unit - np.uint64(1))) | unit
        for column in range(BITS):
            product = np.uint64(0)
            for digit in range(BITS):
                if (directions[d, column] >> np.uint64(BITS - 1 - digit)) & np.uint64(1):
                    product ^= matrix[digit]
            scrambled[d, column] = product


@stage
def block_table(scrambled, table):
    """table (D, BLOCK): the exclusive-or of the direction numbers for the low eight bits of the index."""
    for d in range(scrambled.shape[0]):
        table[d, 0] = np.uint64(0)
        for bit in range(8):
            for i in range(1 << bit):
                table[d, i + (1 << bit)] = table[d, i] ^ scrambled[d, bit]


@stage
def block_base(scrambled, shift, block):
    """The point of index 256 * block in one dimension: scrambled (32,), ``shift`` the digital shift."""
    point = shift
    bit = 8
    while block > 0 and bit < BITS:
        if block & 1:
            point ^= scrambled[bit]
        block >>= 1
        bit += 1
    return point


@stage
def sobol_bits(scrambled, shifts, table, block, row, out):
    """Words of one row for a block of points: dimension 2 row in the upper half, 2 row + 1 in the lower."""
    high, low = table[2 * row], table[2 * row + 1]
    high_base = block_base(scrambled[2 * row], shifts[2 * row], block)
    low_base = block_base(scrambled[2 * row + 1], shifts[2 * row + 1], block)
    base = high_base << np.uint64(32) | low_base
    for i in range(BLOCK):
        out[i] = (high[i] << np.uint64(32) | low[i]) ^ base
