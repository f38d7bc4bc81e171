"""Elementary functions as short polynomials that the compiler turns into vector code.

The pip build of llvmlite has no vector mathematics library, so ``math.log`` and friends run one number at a
time. The coefficients are minimax fits, as short as their use allows: errors, checked by the tests against
numpy, are under 8e-8 relative for the exponential, 2e-9 relative for the logarithm and 3e-8 absolute for sine
and cosine. A share of 5 % is then off by 4e-9 at most, and a chance that hangs on it by a thirtieth of the
Monte Carlo error of a billion draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from forecast.kernels.compiling import stage

_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_ONE = np.uint64(0x3FF0000000000000)
_MAGIC = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer held in the low bits
_TWO_52 = np.uint64(0x4330000000000000)
_TWO_52_BIASED = 2.0**52 + 1023.0
_LN2 = 0.6931471805599453
_SQRT_HALF_BITS = np.uint64(0x3FE6A09E667F3BCD)


def _float_bits(typingctx, value):
    """The 64 bits of a float64, as uint64."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.IntType(64))

    return types.uint64(types.float64), codegen


def _bits_float(typingctx, value):
    """The float64 with these 64 bits."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), codegen


float_bits: Any = intrinsic(_float_bits)
bits_float: Any = intrinsic(_bits_float)


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
