"""Standard normals from random bits: Box and Muller (1958), a block at a time."""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import stage
from forecast.kernels.elementary import (
    bits_float,
    float_bits,
    minus_log,
    quarter_cosine,
    quarter_sine,
    unit_interval,
)
from forecast.kernels.random import BLOCK

_SIGN = np.uint64(0x8000000000000000)
_ANGLE = np.uint64(0x3FFFFFFF)
_ONE = np.uint64(0x3FF0000000000000)
_SQRT2 = 1.4142135623730951


@stage
def normal_pair_rows(bits, first, second):
    """Two rows of normals (BLOCK,) from one row of 64-bit words.

    The upper 52 bits give the radius, the lower 32 the angle: 30 bits within a quarter turn, two bits for the
    signs. The radius shares its last 20 bits with the angle, below 2**-32: they only fill in its tail.
    """
    for i in range(BLOCK):
        word = bits[i]
        radius = np.sqrt(minus_log(unit_interval(word)) * 2.0)
        t = bits_float(((word & _ANGLE) << np.uint64(22)) | _ONE) - (1.5 - 2.0**-31)
        cosine, sine = quarter_cosine(t), quarter_sine(t)
        # cos and sin of (a + 45 degrees), a the angle of t, then the signs.
        radius *= _SQRT2 / 2.0
        x, y = radius * (cosine - sine), radius * (cosine + sine)
        first[i] = bits_float(float_bits(x) ^ ((word << np.uint64(32)) & _SIGN))
        second[i] = bits_float(float_bits(y) ^ ((word << np.uint64(33)) & _SIGN))
