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
def scramble(directions, seed, replicate, scrambled, shifts, product):
    """Scrambled direction numbers and shifts of one replicate.

    directions (D, 32) uint64, each a 32-bit fraction; ``scrambled`` (32, D) and ``shifts`` (D,) are filled;
    ``product`` (32,) is scratch.
    Each dimension is multiplied by a random lower unit triangular binary matrix (digit r of the product is
    digit r plus random digits above it), then shifted.
    """
    for d in range(directions.shape[0]):
        shifts[d] = mix(seed, replicate, np.uint64(d) | _SHIFT_KEYS) & _LOW
        key = mix(seed, replicate, np.uint64(d) | _MATRIX_KEYS)
        numbers = directions[d]
        for n in range(BITS):
            product[n] = np.uint64(0)
        for digit in range(BITS):
            key = splitmix64(key)
            place = np.uint64(BITS - 1 - digit)
            unit = np.uint64(1) << place
            column = (key & (unit - np.uint64(1))) | unit
            for n in range(BITS):
                product[n] ^= column & (np.uint64(0) - ((numbers[n] >> place) & np.uint64(1)))
        for n in range(BITS):
            scrambled[n, d] = product[n]


@stage
def block_table(scrambled, table):
    """table (D, BLOCK): the exclusive-or of the direction numbers for the low eight bits of the index."""
    for d in range(table.shape[0]):
        table[d, 0] = np.uint64(0)
        for bit in range(8):
            for i in range(1 << bit):
                table[d, i + (1 << bit)] = table[d, i] ^ scrambled[bit, d]


@stage
def block_bases(scrambled, shifts, block, bases):
    """bases (D,) = the point of index 256 * block; shifts (D,) are the digital shifts."""
    for d in range(bases.shape[0]):
        bases[d] = shifts[d]
    bit = 8
    while block > 0 and bit < BITS:
        if block & 1:
            numbers = scrambled[bit]
            for d in range(bases.shape[0]):
                bases[d] ^= numbers[d]
        block >>= 1
        bit += 1


@stage
def sobol_bits(bases, table, row, out):
    """Words of one row for a block of points: dimension 2 row in the upper half, 2 row + 1 in the lower."""
    high, low = table[2 * row], table[2 * row + 1]
    base = bases[2 * row] << np.uint64(32) | bases[2 * row + 1]
    for i in range(BLOCK):
        out[i] = (high[i] << np.uint64(32) | low[i]) ^ base
