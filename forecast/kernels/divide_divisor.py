"""Divisor methods: votes times a multiplier, rounded as the method rounds, until the house is full.

A block is divided in single precision. Draws in which two quotients could stand in either order, and the few
that a handful of passes leave unsettled, are divided again one by one, exactly; so are all draws of methods
whose divisors do not rise evenly (see ``divide_exactly``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import element, kernel, stage
from forecast.kernels.arrays import (
    BLOCK,
    Claims,
    F32x1,
    F32x2,
    F64x2,
    GivenVotes,
    I64x1,
    Piece,
    Seats,
    Votes,
)
from forecast.kernels.elementary import bits_float, float_bits, larger, smaller
from forecast.kernels.laws import Law, Rule
from forecast.kernels.one_draw import (
    ENTITLED,
    FLOORS,
    LIMITS,
    SEATS,
    Way,
    begin_block,
    entitle,
    lot_of,
    put_seats,
    tied_before,
)

_NONE, _UNIT, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_FAR = np.float32(2.0**120)
_LEAST = np.float32(2.0**-120)
_SMALL, _ENOUGH = np.float32(2.0**-100), np.float32(2.0**-80)
"""Claims below the one are not told from each other: they win nothing where the sum is above the other."""

_SURE = np.uint16(0)
_PASSES, _FEW = 6, BLOCK // 64
"""How often the multiplier is moved at most; few enough unsettled draws may as well be divided exactly."""

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


class DivisorWorkspace(NamedTuple):
    """What a block is divided with; one array each, see ``QuotaWorkspace``."""

    multiplier: F32x1
    """(BLOCK,) seats for one vote."""
    left: F32x1
    """(BLOCK,) seats that it leaves of the house."""
    next_seat: F32x1
    """(BLOCK,) the multiplier at which one more seat is given."""
    last_seat: F32x1
    """(BLOCK,) and that at which the last one was."""
    inverses: F32x2
    """(K, BLOCK) of the votes."""
    draw: F64x2
    """(DRAW_ROWS, K) of a single draw."""


_LEAST_EXACT = 1e-300


def _divide_divisor(
    rules: Rule,
    law: Law,
    houses: I64x1,
    piece: Piece,
    votes: Votes,
    claims: Claims,
    seats: Seats,
    workspace: DivisorWorkspace,
) -> None:
    """Fill the rows of lists of ``seats``: block n hands out houses[n] seats.

    The multiplier moves to where the next seat is given, or behind the last one, until as many are given as
    there are. Seats are right if their sum is, and every last seat comes before every next one, whatever led
    to them.
    """
    rule, here, lists = rules[0], piece[0], law.levels.shape[0]
    draw, divisors = workspace.draw, law.divisors[rule.divisor_row]
    shift, first = np.float32(rule.shift), larger(np.float32(rule.first), _LEAST)
    even = first == shift and _LEAST_SHIFT < shift <= _UNIT
    left, ahead, behind = workspace.left, workspace.next_seat, workspace.last_seat
    for n in range(here.blocks):
        begin_block(claims, seats, n, lists, draw)
        _guess(claims, n, houses[n], shift, workspace)
        for _ in range(_PASSES):
            if even:
                _round_evenly(claims, n, shift, houses[n], seats.whole[n], workspace)
            else:
                _round(claims, n, shift, first, houses[n], seats.whole[n], workspace)
            if _unsettled(left) <= _FEW:
                break
            _move(workspace)
        house, every, claimed = seats.house[n], np.uint16(houses[n]), claims.total[n]
        for i in range(BLOCK):
            clear = (left[i] == _NONE) & (ahead[i] > behind[i] * _CLEAR) & (claimed[i] > _ENOUGH)
            house[i] = every if clear else _SURE
        for i in range(BLOCK):
            if house[i] == _SURE:
                entitle(rule, law, votes, claims, n, i, draw[ENTITLED])
                present, lot = claims.present[n, : claims.number[n]], lot_of(rule, here, n, i)
                for p in range(present.shape[0]):
                    draw[SEATS, p] = min(np.int64(seats.whole[n, present[p], i]), houses[n])
                _settle(Way(rule, divisors, 0.0, 1.0, lot, present, draw), houses[n])
                put_seats(claims, n, i, draw[SEATS], seats)


divide_divisor_drawn = kernel(_divide_divisor, votes=Votes)
divide_divisor_given = kernel(_divide_divisor, votes=GivenVotes)


@stage
def _guess(claims, n, seats, shift, workspace):
    """The multiplier that fills the house if every list's rounding is what it is on average."""
    multiplier, many, claimed = workspace.multiplier, claims.many[n], claims.total[n]
    house = np.float32(seats)
    for i in range(BLOCK):
        multiplier[i] = larger(house + many[i] * (shift - _HALF), _HALF) / larger(claimed[i], _LEAST)
    number = claims.number[n]
    invert(claims.votes[n, :number], workspace.inverses[:number])


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
def _begin_pass(seats, left, next_seat, last_seat):
    house = np.float32(seats)
    for i in range(BLOCK):
        left[i] = house
        next_seat[i] = _FAR
        last_seat[i] = _NONE


@stage
def _round_evenly(claims, n, shift, seats, whole, workspace):
    """Seats at the multiplier, of a method whose n-th divisor is n - 1 + shift, shift in [1/3, 1]."""
    scale, left, next_seat = workspace.multiplier, workspace.left, workspace.next_seat
    last_seat = workspace.last_seat
    _begin_pass(seats, left, next_seat, last_seat)
    rows, present, inverses = claims.votes[n], claims.present[n], workspace.inverses
    number, up = claims.number[n], _UNIT - shift
    for p in range(0, number - 1, 2):
        row, inverse, out = rows[p], inverses[p], whole[present[p]]
        row_2, inverse_2, out_2 = rows[p + 1], inverses[p + 1], whole[present[p + 1]]
        for i in range(BLOCK):
            given, given_2 = np.int32(row[i] * scale[i] + up), np.int32(row_2[i] * scale[i] + up)
            out[i], out_2[i] = np.uint16(given), np.uint16(given_2)
            held, held_2 = np.float32(given), np.float32(given_2)
            left[i] -= held + held_2
            following, following_2 = (held + shift) * inverse[i], (held_2 + shift) * inverse_2[i]
            next_seat[i] = smaller(next_seat[i], smaller(following, following_2))
            last_seat[i] = larger(last_seat[i], larger(following - inverse[i], following_2 - inverse_2[i]))
    if number % 2 == 1:
        row, inverse, out = rows[number - 1], inverses[number - 1], whole[present[number - 1]]
        for i in range(BLOCK):
            given = np.int32(row[i] * scale[i] + up)
            out[i] = np.uint16(given)
            held = np.float32(given)
            left[i] -= held
            following = (held + shift) * inverse[i]
            next_seat[i] = smaller(next_seat[i], following)
            last_seat[i] = larger(last_seat[i], following - inverse[i])


@stage
def _round(claims, n, shift, first, seats, whole, workspace):
    """As ``_round_evenly``, of a method whose first divisor is ``first``, whatever the others are."""
    scale, left, next_seat = workspace.multiplier, workspace.left, workspace.next_seat
    last_seat = workspace.last_seat
    _begin_pass(seats, left, next_seat, last_seat)
    for p in range(claims.number[n]):
        row, inverse, out = claims.votes[n, p], workspace.inverses[p], whole[claims.present[n, p]]
        for i in range(BLOCK):
            held = _rounded(row[i] * scale[i], shift, first)
            out[i] = np.uint16(np.int32(held))
            left[i] -= held
            next_seat[i] = smaller(next_seat[i], _following(held, shift, first) * inverse[i])
            last_seat[i] = larger(last_seat[i], _latest(held, shift, first) * inverse[i])


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
def _move(workspace):
    """Move the multiplier a little beyond the next seat where seats are left, below the last where too many
    are given.
    """
    scale, left, next_seat = workspace.multiplier, workspace.left, workspace.next_seat
    last_seat = workspace.last_seat
    up, down = _UNIT + _BEYOND, _UNIT - _BEYOND
    for i in range(BLOCK):
        moved = next_seat[i] * up if left[i] > _NONE else last_seat[i] * down
        scale[i] = scale[i] if left[i] == _NONE else moved


@stage
def divisor_seats(way, seats):
    """Seats of one draw by any divisor method, into ``draw[SEATS]``: the lists have ``draw[ENTITLED]`` votes,
    keep ``draw[FLOORS]`` and hold ``draw[LIMITS]`` at most.
    """
    rule, draw = way.rule, way.draw
    entitled, own = draw[ENTITLED], draw[SEATS]
    total, many, house = 0.0, 0.0, np.float64(seats)
    for p in range(way.present.shape[0]):
        total += entitled[p]
        many += 1.0 if entitled[p] > 0.0 else 0.0
    multiplier = max(house + many * (rule.shift - 0.5), 0.5) / total if total > 0.0 else 0.0
    # A list without votes has no seat, even where all with votes have one.
    least = max(rule.first, _LEAST_EXACT)
    for p in range(way.present.shape[0]):
        quotient = entitled[p] * multiplier
        guess = min(np.floor(quotient + (1.0 - rule.shift)), house) if quotient >= least else 0.0
        own[p] = min(max(guess, draw[FLOORS, p]), draw[LIMITS, p])
    _settle(way, seats)


@element
def larger_quotient(way, p, held, q, other):
    """1 where the quotient of list ``p`` for one more seat than it has ``held`` is larger than that of ``q``
    for one more than the ``other``, -1 where it is smaller, 0 where they are equal. A divisor of 0 is an
    infinite quotient, of which that of more votes is larger. Compared as products, exact for whole votes and
    divisors; irrational ones count as equal below a relative difference of the rule's ``slack``.
    """
    votes, above = way.draw[ENTITLED], 1.0 + way.rule.slack
    divisor, other_divisor = way.divisors[np.int64(held)], way.divisors[np.int64(other)]
    left, right = votes[p] * other_divisor, votes[q] * divisor
    if divisor == 0.0 and other_divisor == 0.0:
        left, right = votes[p], votes[q]
    return int(left > right * above) - int(right > left * above)


@element
def ahead(way, p, held, q, other):
    """Whether the quotient of list ``p`` is ahead of that of ``q``: the larger, of equal ones the first."""
    which = larger_quotient(way, p, held, q, other)
    return which > 0 if which != 0 else tied_before(way, p, held, q, other)


@stage
def next_quotient(way):
    """The list with the highest quotient for its next seat; -1 if none."""
    draw, own, best = way.draw, way.draw[SEATS], -1
    for p in range(way.present.shape[0]):
        if draw[ENTITLED, p] == 0.0 or own[p] >= draw[LIMITS, p]:
            continue
        if best < 0 or ahead(way, p, own[p], best, own[best]):
            best = p
    return best


@stage
def last_quotient(way):
    """The list whose last seat has the lowest quotient, by the same order reversed; -1 if none."""
    own, worst = way.draw[SEATS], -1
    for p in range(way.present.shape[0]):
        if own[p] <= way.draw[FLOORS, p]:
            continue
        if worst < 0 or ahead(way, worst, own[worst] - 1.0, p, own[p] - 1.0):
            worst = p
    return worst


@stage
def _settle(way, house):
    """Move a guess ``draw[SEATS]`` to the seats of a divisor method.

    Seats that are left go one by one to the highest quotients, or the lowest are taken back; then seats move
    from the lowest last quotient to a higher next one until none is higher. So the seats are the method's,
    whatever the guess was, with ties decided by votes and then by the lot.
    """
    draw, own = way.draw, way.draw[SEATS]
    left, total = np.float64(house), 0.0
    for p in range(way.present.shape[0]):
        total += draw[ENTITLED, p]
        own[p] = own[p] if draw[ENTITLED, p] > 0.0 else draw[FLOORS, p]
        left -= own[p]
    left = left if total > 0.0 else 0.0
    while left != 0.0:
        one = 1.0 if left > 0.0 else -1.0
        p = next_quotient(way) if left > 0.0 else last_quotient(way)
        if p < 0:
            break
        own[p] += one
        left -= one
    while True:
        up, down = next_quotient(way), last_quotient(way)
        if up < 0 or down < 0 or up == down or not ahead(way, up, own[up], down, own[down] - 1.0):
            break
        own[up] += 1.0
        own[down] -= 1.0
