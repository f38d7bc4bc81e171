"""Normals and exponentials in float64, a block at a time: what the core drew from until it drew in float32.

Kept as it was, since it is the yardstick that the core is meant to stay close to: random bits, Box and Muller
(1958) and 2**x by short polynomials, in vector code and nothing else.
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import element, stage

BLOCK = 256
"""Draws at a time, as it was then."""

_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_ONE = np.uint64(0x3FF0000000000000)
_MAGIC = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer held in the low bits
_TWO_52 = np.uint64(0x4330000000000000)
_TWO_52_BIASED = 2.0**52 + 1023.0
_LN2 = 0.6931471805599453
_SQRT_HALF_BITS = np.uint64(0x3FE6A09E667F3BCD)
_SIGN = np.uint64(0x8000000000000000)
_ANGLE = np.uint64(0x3FFFFFFF)
_SQRT2 = 1.4142135623730951


@element
def float_bits(x):
    """The bits of a float64, as uint64."""
    return np.float64(x).view(np.uint64)


@element
def bits_float(word):
    """The float64 of these bits."""
    return np.uint64(word).view(np.float64)


@stage
def unit_interval(bits):
    """A float64 in (0, 1) from the upper 52 of 64 random bits; never 0 or 1."""
    return bits_float((bits >> np.uint64(12)) | _ONE) - (1.0 - 2.0**-53)


@stage
def exp2(x):
    """2**x for |x| < 1000."""
    shifted = x + _MAGIC
    f = x - (shifted - _MAGIC)
    p = 0.0013276471866679846
    p = p * f + 0.009675541333453974
    p = p * f + 0.055507132738875205
    p = p * f + 0.24022119723864907
    p = p * f + 0.6931469670645221
    p = p * f + 1.0000000716546793
    return p * bits_float((float_bits(shifted) << np.uint64(52)) + _ONE)


@stage
def minus_log(u):
    """-ln(u) for a normal float64 u in (0, 1)."""
    biased = float_bits(u) - _SQRT_HALF_BITS + _ONE
    exponent = bits_float((biased >> np.uint64(52)) | _TWO_52) - _TWO_52_BIASED
    m = bits_float((biased & _MANTISSA) + _SQRT_HALF_BITS)
    s = (m - 1.0) / (m + 1.0)
    t = s * s
    p = 0.29925595387589626
    p = p * t + 0.39974797772677223
    p = p * t + 0.6666681590897909
    p = p * t + 1.9999999986228687
    return -(p * s) - exponent * _LN2


@stage
def quarter_cosine(t):
    """cos(pi/2 t) for |t| <= 1/2."""
    q = t * t
    p = -0.02040835253984602
    p = p * q + 0.2535986441113996
    p = p * q - 1.233697014247914
    return p * q + 0.999999972423323


@stage
def quarter_sine(t):
    """sin(pi/2 t) for |t| <= 1/2."""
    q = t * t
    p = -0.004592289074972453
    p = p * q + 0.07967590296969813
    p = p * q - 0.645962938167297
    return (p * q + 1.57079630508546) * t


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
