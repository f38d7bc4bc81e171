"""Divisor methods in float32, for plain rules: see ``plain``."""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import element, glue, stage
from forecast.kernels.elementary import bits_float, float_bits, larger, smaller
from forecast.kernels.random import BLOCK

_NONE, _UNIT, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_FAR = np.float32(2.0**120)
_LEAST = np.float32(2.0**-120)
_SMALL, _ENOUGH = np.float32(2.0**-100), np.float32(2.0**-80)
"""Claims below the one are not told from each other: they win nothing where the sum is above the other."""

_SURE, _UNSURE = np.uint16(0), np.uint16(1)
_PASSES, _FEW = 6, BLOCK // 64
"""How often the multiplier is moved at most; few enough unsettled draws may as well wait."""

_BEYOND = np.float32(2.0**-20)
"""A multiplier moves that far beyond a seat, relatively: more than it may be off."""

_LEAST_SHIFT = np.float32(0.33)
_CLEAR = np.float32(1.0 + 2.0**-19)
"""Multipliers that differ by less may be equal. The inverse is off by 2**-20.6, and two roundings make it
2**-20.4 for the next seat; the last seat's is a difference, in which they count up to four times: 2**-19.8.
"""

# 1 / x to 2**-20.6, relatively: a straight line through the bits of x, then two steps of Newton's, the first
# with constants that spread its error to both sides. Half of what a division takes.
_INVERSE_BITS = np.uint32(0x7EE00000)
_INVERSE_1, _INVERSE_2 = np.float32(2.19895558), np.float32(1.20794628)


@glue
def divide_by_divisors(rule, claims, present, house, plain):
    """Seats by a divisor method: votes times a multiplier, rounded as the method rounds, with the multiplier
    moved to where the next seat is given, or behind the last one, until as many are given as there are.

    Seats are right if their sum is, and every last seat comes before every next one, whatever led to them.
    """
    shift, first = np.float32(rule.shift), larger(np.float32(rule.first), _LEAST)
    scale, left, whole = plain.scale, plain.left, plain.counting.whole
    part, ahead, behind = plain.part, plain.next_seat, plain.last_seat
    for i in range(BLOCK):
        scale[i] = larger(house + plain.many[i] * (shift - _HALF), _HALF) / plain.claimed[i]
    invert(claims, part)
    even = first == shift and _LEAST_SHIFT < shift <= _UNIT
    for _ in range(_PASSES):
        if even:
            _round_evenly(claims, part, present, shift, house, whole, scale, left, ahead, behind)
        else:
            _round(claims, part, present, shift, first, house, whole, scale, left, ahead, behind)
        if _unsettled(left) <= _FEW:
            break
        _move(left, ahead, behind, scale)
    for i in range(BLOCK):
        clear = (left[i] == _NONE) & (ahead[i] > behind[i] * _CLEAR)
        plain.unsure[i] = plain.unsure[i] if clear & (plain.claimed[i] > _ENOUGH) else _UNSURE
    for k in present:
        row = whole[k]
        for i in range(BLOCK):
            row[i] = row[i] if plain.unsure[i] == _SURE else _SURE


@stage
def invert(claims, part):
    """part (P, BLOCK) = 1 / claims, or far beyond all others where there is no claim."""
    for p in range(claims.shape[0]):
        row, out = claims[p], part[p]
        for i in range(BLOCK):
            x = larger(row[i], _SMALL)
            y = bits_float(np.uint32(_INVERSE_BITS - float_bits(x)))
            y = y * (_INVERSE_1 - _INVERSE_2 * (x * y))
            out[i] = y + y * (_UNIT - x * y)


@stage
def _round_evenly(claims, part, present, shift, house, whole, scale, left, next_seat, last_seat):
    """Seats ``whole`` at the multiplier ``scale``, of a method whose n-th divisor is n - 1 + shift, shift in
    [1/3, 1]. ``left`` are those that this leaves of the house; next_seat and last_seat are the multipliers at
    which one more is given and the last one was.
    """
    for i in range(BLOCK):
        left[i] = house
        next_seat[i] = _FAR
        last_seat[i] = _NONE
    number, up = present.shape[0], _UNIT - shift
    for p in range(0, number - 1, 2):
        row, inverse, out = claims[p], part[p], whole[present[p]]
        row_2, inverse_2, out_2 = claims[p + 1], part[p + 1], whole[present[p + 1]]
        for i in range(BLOCK):
            seats, seats_2 = np.int32(row[i] * scale[i] + up), np.int32(row_2[i] * scale[i] + up)
            out[i], out_2[i] = np.uint16(seats), np.uint16(seats_2)
            given, given_2 = np.float32(seats), np.float32(seats_2)
            left[i] -= given + given_2
            following, following_2 = (given + shift) * inverse[i], (given_2 + shift) * inverse_2[i]
            next_seat[i] = smaller(next_seat[i], smaller(following, following_2))
            last_seat[i] = larger(last_seat[i], larger(following - inverse[i], following_2 - inverse_2[i]))
    if number % 2 == 1:
        row, inverse, out = claims[number - 1], part[number - 1], whole[present[number - 1]]
        for i in range(BLOCK):
            seats = np.int32(row[i] * scale[i] + up)
            out[i] = np.uint16(seats)
            given = np.float32(seats)
            left[i] -= given
            following = (given + shift) * inverse[i]
            next_seat[i] = smaller(next_seat[i], following)
            last_seat[i] = larger(last_seat[i], following - inverse[i])


@stage
def _round(claims, part, present, shift, first, house, whole, scale, left, next_seat, last_seat):
    """As ``_round_evenly``, of a method whose first divisor is ``first``, whatever the others are."""
    for i in range(BLOCK):
        left[i] = house
        next_seat[i] = _FAR
        last_seat[i] = _NONE
    for p in range(present.shape[0]):
        row, inverse, out = claims[p], part[p], whole[present[p]]
        for i in range(BLOCK):
            seats = _rounded(row[i] * scale[i], shift, first)
            out[i] = np.uint16(np.int32(seats))
            left[i] -= seats
            next_seat[i] = smaller(next_seat[i], _following(seats, shift, first) * inverse[i])
            last_seat[i] = larger(last_seat[i], _latest(seats, shift, first) * inverse[i])


@element
def _rounded(quotient, shift, first):
    """Seats of a quotient."""
    return np.floor(quotient + (_UNIT - shift)) if quotient >= first else _NONE


@element
def _following(seats, shift, first):
    """The divisor of the next seat."""
    return larger(seats + shift, first)


@element
def _latest(seats, shift, first):
    """The divisor of the last seat; 0 where there is none."""
    return larger(seats + (shift - _UNIT), first) if seats > _NONE else _NONE


@stage
def _unsettled(left):
    """In how many draws a seat is left, or one too many given."""
    number = np.int32(0)
    for i in range(BLOCK):
        number = np.int32(number + np.int32(left[i] != _NONE))
    return number


@stage
def _move(left, next_seat, last_seat, scale):
    """Move the multiplier a little beyond the next seat where seats are left, below the last where too many
    are given.
    """
    up, down = _UNIT + _BEYOND, _UNIT - _BEYOND
    for i in range(BLOCK):
        moved = next_seat[i] * up if left[i] > _NONE else last_seat[i] * down
        scale[i] = scale[i] if left[i] == _NONE else moved
