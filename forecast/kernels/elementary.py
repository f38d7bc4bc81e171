"""Elementary functions in float32, as short polynomials that the compiler turns into vector code.

The pip build of llvmlite has no vector mathematics library, so ``math.log`` and friends run one number at a
time. The coefficients are minimax fits, no longer than single precision can tell: errors, checked by the
tests against numpy, are a few units in the last place (2**-24). A share of 5 % is then off by 2e-8 at most,
to either side, and a chance that hangs on it by less than the Monte Carlo error of a billion draws.
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import element

_MANTISSA = np.uint32(0x007FFFFF)
_ONE = np.uint32(0x3F800000)
_SQRT_HALF = np.uint32(0x3F3504F3)
_SIGN = np.uint32(0x80000000)
_BIAS = np.float32(127.0)
_UNIT = np.float32(1.0)
_MAGIC = np.float32(1.5 * 2**23)  # adding it rounds to an integer held in the low bits
_FAR = np.float32(100.0)

_EXP0, _EXP1, _EXP2, _EXP3, _EXP4, _EXP5 = (
    np.float32(c)
    for c in (
        1.0000000716546793,
        0.6931469670645221,
        0.24022119723864907,
        0.055507132738875205,
        0.009675541333453974,
        0.0013276471866679846,
    )
)
_LOG0, _LOG1, _LOG2, _LOG3, _LOG4, _LOG5, _LOG6, _LOG7 = (
    np.float32(c)
    for c in (
        1.4426949619868992,
        -0.7213527880609585,
        0.4809232423658193,
        -0.36023963989173785,
        0.2870986977937569,
        -0.24887686063815717,
        0.23404238313236198,
        -0.1458117178538734,
    )
)
_COS0, _COS1, _COS2, _COS3 = (
    np.float32(c) for c in (0.999999972423323, -1.233697014247914, 0.2535986441113996, -0.02040835253984602)
)
_SIN0, _SIN1, _SIN2, _SIN3 = (
    np.float32(c) for c in (1.57079630508546, -0.645962938167297, 0.07967590296969813, -0.004592289074972453)
)


@element
def float_bits(x):
    """The bits of a float32, as uint32."""
    return np.float32(x).view(np.uint32)


@element
def bits_float(word):
    """The float32 of these bits."""
    return np.uint32(word).view(np.float32)


@element
def float_of(word):
    """A uint32 below 2**31 as float32: as a signed number, which every processor converts in vectors."""
    return np.float32(np.int32(word))


@element
def smaller(a, b):
    """The smaller of two numbers of one type."""
    return a if a < b else b


@element
def larger(a, b):
    """The larger of two numbers of one type."""
    return a if a > b else b


@element
def with_sign_of(word, x):
    """x >= 0, negative where the highest bit of ``word`` (uint32) is set."""
    return bits_float(np.uint32(float_bits(x) | (word & _SIGN)))


@element
def exp2(x):
    """2**x, of x between -100 and 100; beyond as at these ends."""
    x = smaller(larger(x, -_FAR), _FAR)
    shifted = x + _MAGIC
    f = x - (shifted - _MAGIC)
    p = ((((_EXP5 * f + _EXP4) * f + _EXP3) * f + _EXP2) * f + _EXP1) * f + _EXP0
    return p * bits_float(np.uint32((float_bits(shifted) << np.uint32(23)) + _ONE))


@element
def minus_log2(u):
    """-log2(u) for a normal float32 u in (0, 1]."""
    biased = np.uint32(float_bits(u) + np.uint32(_ONE - _SQRT_HALF))
    exponent = float_of(np.uint32(biased >> np.uint32(23))) - _BIAS
    m = bits_float(np.uint32((biased & _MANTISSA) + _SQRT_HALF)) - _UNIT
    p = (((_LOG7 * m + _LOG6) * m + _LOG5) * m + _LOG4) * m + _LOG3
    p = ((p * m + _LOG2) * m + _LOG1) * m + _LOG0
    return -(p * m) - exponent


@element
def quarter_cosine(t):
    """cos(pi/2 t) for |t| <= 1/2."""
    q = t * t
    return ((_COS3 * q + _COS2) * q + _COS1) * q + _COS0


@element
def quarter_sine(t):
    """sin(pi/2 t) for |t| <= 1/2."""
    q = t * t
    return (((_SIN3 * q + _SIN2) * q + _SIN1) * q + _SIN0) * t
