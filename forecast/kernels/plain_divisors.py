"""Divisor methods in float32, for plain rules: see ``plain``."""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import element, glue, stage
from forecast.kernels.elementary import larger, smaller
from forecast.kernels.random import BLOCK

_ROUNDING = np.float32(2.0**-24)
_NONE, _UNIT, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_FAR = np.float32(2.0**120)
_LEAST = np.float32(2.0**-120)
_SURE, _UNSURE = np.uint16(0), np.uint16(1)
_PASSES, _FEW = 6, 4
"""How often the multiplier is moved at most; few enough unsettled draws may as well wait."""

_CLEAR = np.float32(1.0 + 2.0**-20)  # quotients that differ by less may be equal: sixteen roundings


@glue
def divide_by_divisors(rule, claims, present, house, plain):
    """Seats by a divisor method: votes times a multiplier, rounded as the method rounds, with the multiplier
    moved to where the next seat is given, or behind the last one, until as many are given as there are.

    Seats are right if their sum is, and every last seat comes before every next one, whatever led to them.
    """
    shift, first = np.float32(rule.shift), larger(np.float32(rule.first), _LEAST)
    scale, left = plain.scale, plain.left
    for i in range(BLOCK):
        scale[i] = larger(house + plain.many[i] * (shift - _HALF), _HALF) / plain.claimed[i]
    for p in range(present.shape[0]):
        row, part = claims[p], plain.part[p]
        for i in range(BLOCK):
            part[i] = _UNIT / row[i] if row[i] > _NONE else _FAR
    for _ in range(_PASSES):
        _round(claims, present, shift, first, house, plain)
        if _unsettled(left) <= _FEW:
            break
        _move(left, plain.next_seat, plain.last_seat, scale)
    for i in range(BLOCK):
        clear = (left[i] == _NONE) & (plain.next_seat[i] > plain.last_seat[i] * _CLEAR)
        plain.unsure[i] = plain.unsure[i] if clear else _UNSURE
    for k in present:
        row = plain.counting.whole[k]
        for i in range(BLOCK):
            row[i] = row[i] if plain.unsure[i] == _SURE else _SURE


@glue
def _round(claims, present, shift, first, house, plain):
    """Seats at the multiplier ``plain.scale``, rounded as the method rounds: its n-th divisor is n - 1 +
    shift, but the first is ``first``. ``left`` are those that this leaves of the house; next_seat and
    last_seat are the multipliers at which one more is given and the last one was.
    """
    scale, left, next_seat, last_seat = plain.scale, plain.left, plain.next_seat, plain.last_seat
    for i in range(BLOCK):
        left[i] = house
        next_seat[i] = _FAR
        last_seat[i] = _NONE
    number = present.shape[0]
    for p in range(0, number - 1, 2):
        row, inverse, out = claims[p], plain.part[p], plain.counting.whole[present[p]]
        row_2, inverse_2, out_2 = claims[p + 1], plain.part[p + 1], plain.counting.whole[present[p + 1]]
        for i in range(BLOCK):
            seats = _rounded(row[i] * scale[i], shift, first)
            seats_2 = _rounded(row_2[i] * scale[i], shift, first)
            out[i], out_2[i] = np.uint16(np.int32(seats)), np.uint16(np.int32(seats_2))
            left[i] -= seats + seats_2
            following = _following(seats, shift, first) * inverse[i]
            following_2 = _following(seats_2, shift, first) * inverse_2[i]
            next_seat[i] = smaller(next_seat[i], smaller(following, following_2))
            latest, latest_2 = _latest(seats, shift, first), _latest(seats_2, shift, first)
            last_seat[i] = larger(last_seat[i], larger(latest * inverse[i], latest_2 * inverse_2[i]))
    if number % 2 == 1:
        row, inverse, out = claims[number - 1], plain.part[number - 1], plain.counting.whole[present[-1]]
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
    up, down = _UNIT + np.float32(8.0) * _ROUNDING, _UNIT - np.float32(8.0) * _ROUNDING
    for i in range(BLOCK):
        moved = next_seat[i] * up if left[i] > _NONE else last_seat[i] * down
        scale[i] = scale[i] if left[i] == _NONE else moved
