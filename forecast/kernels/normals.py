"""Standard normals from random words, a block at a time: in pairs by Box and Muller (1958) from plain words,
one by one through the inverse of the distribution from quasi-random points.

A pair of normals by Box and Muller costs hardly more than one by inversion. But each of the two hangs on
both words; by inversion a normal is a monotone function of its word alone, and the evenness of quasi-random
points is not lost: variances are smaller by a third and more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import stage
from forecast.kernels.arrays import BLOCK, F32x2, U32x2, U64x2
from forecast.kernels.elementary import (
    float_bits,
    float_of,
    minus_log2,
    quarter_cosine,
    quarter_sine,
    with_sign_of,
)
from forecast.kernels.random_bits import fill_bits

_HALF = np.float32(0.5)
_UNIT = np.float32(1.0)
_PER_WORD = np.float32(2.0**-31)
_LN2 = np.float32(np.log(2.0))
_QUARTER = np.uint32(0x3FFFFFFF)
_EIGHTH = np.float32(2.0**29)
_PER_QUARTER = np.float32(2.0**-30)

# A normal from one word: the sum of two of its halves, bent so that mean, variance and the range within 2.8
# standard deviations are those of a normal.
_HALF_WORD, _CENTRE, _PER_SUM = np.uint32(0xFFFF), np.float32(65535.0), np.float32(1.0 / 65536.0)
_STRAIGHT, _BENT = np.float32(2.2 / 0.985), np.float32(0.52 / 0.985)

# z / (1 - 2 u), u < 1/2, as a function of -log2(4 u (1 - u)) from 0 to 32: relative error 2.4e-7.
_UP0, _UP1, _UP2, _UP3, _UP4, _UP5 = (
    np.float32(c)
    for c in (
        1.2533144293484002,
        0.31576803005113535,
        0.04363840975715028,
        0.004012472797457538,
        0.00023528851122786045,
        4.614699368871627e-06,
    )
)
_DOWN1, _DOWN2, _DOWN3, _DOWN4, _DOWN5 = (
    np.float32(c)
    for c in (
        0.07048320729678326,
        0.015760745386690152,
        0.0007836582019323005,
        3.9174002034520354e-05,
        1.569634953770302e-07,
    )
)


class Noise(NamedTuple):
    """Workspace of a stream of its own, with an even number L of rows of normals."""

    state: U64x2
    """(4, LANES) SFC64."""
    bits: U64x2
    """(L, LANES)"""
    words: U32x2
    """(L, BLOCK) the same memory."""
    normals: F32x2
    """(L, BLOCK) likewise."""
    cell: U64x2
    """(1, LANES)"""
    cell_words: U32x2
    """(1, BLOCK) the same memory."""


@stage
def plain_normals(workspace, start, end):
    """Rows ``start`` to ``end`` of normals, an even number, from the stream of a workspace."""
    fill_bits(workspace.state, workspace.bits[start:end])
    for row in range(start, end, 2):
        normal_pair_rows(workspace.words[row], workspace.words[row + 1])


@stage
def normal_pair_rows(first, second):
    """Two rows (BLOCK,) of random words, uint32, become two rows of normals, as the bits of float32.

    31 bits of the first word give the radius, 30 of the second the angle within a quarter turn, two the
    signs. In place: half of what the nearest cache would have to hold.
    """
    for i in range(BLOCK):
        u = (float_of(np.uint32(first[i] >> np.uint32(1))) + _HALF) * _PER_WORD
        angle = second[i]
        t = (float_of(np.uint32(angle & _QUARTER)) - _EIGHTH) * _PER_QUARTER
        cosine, sine = quarter_cosine(t), quarter_sine(t)
        # cos and sin of (a + 45 degrees), a the angle of t, times sqrt(-2 ln u), then the signs.
        radius = np.sqrt(minus_log2(u) * _LN2)
        first[i] = float_bits(with_sign_of(angle, radius * (cosine - sine)))
        second[i] = float_bits(with_sign_of(np.uint32(angle << np.uint32(1)), radius * (cosine + sine)))


@stage
def normal_row(words, flip, out):
    """Normals ``out`` (BLOCK,): the inverse of the distribution at (word + 1/2) / 2**32, for the words
    (BLOCK,) exclusive-or ``flip`` (uint32).
    """
    for i in range(BLOCK):
        word = np.uint32(words[i] ^ flip)
        opposite = np.uint32(~word)
        near = word if word < opposite else opposite  # how far from the nearer end, below 2**31
        end = (float_of(near) + _HALF) * _PER_WORD  # 2 u
        centre = _UNIT - end
        x = minus_log2(end * centre + end)
        up = ((((_UP5 * x + _UP4) * x + _UP3) * x + _UP2) * x + _UP1) * x + _UP0
        down = ((((_DOWN5 * x + _DOWN4) * x + _DOWN3) * x + _DOWN2) * x + _DOWN1) * x + _UNIT
        out[i] = with_sign_of(opposite, centre * up / down)


@stage
def rough_normal(word):
    """A nearly normal number from one word: kurtosis 2.7, within 2.8 standard deviations."""
    total = float_of(np.uint32((word & _HALF_WORD) + (word >> np.uint32(16))))
    u = (total - _CENTRE) * _PER_SUM
    return u * (_STRAIGHT + _BENT * (u * u))
