"""Scrambled Sobol points as random words: one exclusive-or a point against a table of the points of a block.

Sobol (1967) with the direction numbers of Joe and Kuo (2008); each replicate has its own random linear
scramble and digital shift (Matousek 1998), so that replicates are independent and their spread is the
standard error.
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import stage
from forecast.kernels.arrays import BLOCK
from forecast.kernels.random_bits import mix, splitmix64

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
