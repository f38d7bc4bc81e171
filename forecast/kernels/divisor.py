"""Divisor methods on a block of draws: a multiplier that nearly fits, then single seats where it is off."""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import stage
from forecast.kernels.random import BLOCK

_LEAST = 1e-300
_NEVER = np.float32(np.inf)
_ROUNDING = np.float32(2.0**-20)  # more than three roundings of a float32


@stage
def proportional_seats(entitled, total, how_many, house, shift, first, present, multiplier, seats, left):
    """Seats at the multiplier (house + how_many (shift - 1/2)) / total, rounded as the method rounds.

    entitled, seats (K, BLOCK): votes of the admitted, 0 for the others; total, how_many, house, left (BLOCK).
    The method's n-th divisor is n - 1 + shift, but the first is ``first``, no less than shift. ``left`` is
    what the house still has to give, or below zero what it has to take back; ``multiplier`` (BLOCK) is
    scratch.
    """
    least = max(first, _LEAST)  # a list without votes has no seat, even where every list with votes has one
    for i in range(BLOCK):
        left[i] = house[i] if total[i] > 0.0 else 0.0
        multiplier[i] = max(house[i] + how_many[i] * (shift - 0.5), 0.5) / total[i]
    for k in present:
        row, out = entitled[k], seats[k]
        for i in range(BLOCK):
            quotient = row[i] * multiplier[i]
            whole = min(np.floor(quotient + (1.0 - shift)), house[i])
            whole = whole if quotient >= least else 0.0
            out[i] = whole
            left[i] -= whole


@stage
def earlier(lot, a, b):
    """Whether list ``a`` comes before ``b`` when all else is equal: by order, or by the draw's lot."""
    if lot == np.uint64(0):
        return a < b
    return lot_number(lot, a) < lot_number(lot, b)


@stage
def lot_number(lot, k):
    """The lot of list k: a 64-bit hash of the draw's key."""
    z = lot ^ (np.uint64(k + 1) * np.uint64(0x9E3779B97F4A7C15))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@stage
def quotient_ahead(votes_a, divisor_a, votes_b, divisor_b, slack):
    """1 if votes_a / divisor_a is larger, -1 if smaller, 0 if equal; a divisor of 0 is an infinite quotient.

    Compared as products, exact for whole votes and whole divisors; ``slack`` is the relative difference below
    which the products of irrational divisors count as equal.
    """
    left, right = votes_a * divisor_b, votes_b * divisor_a
    if left > right * (1.0 + slack):
        return 1
    if right > left * (1.0 + slack):
        return -1
    return 0


@stage
def next_quotient(votes, seats, divisors, limits, slack, lot, present, i):
    """The list with the highest quotient for its next seat in draw i: more votes first, then the lot; -1 if
    none.

    divisors (N,): the n-th divisor at n - 1; limits (K,): seats that a list may hold at most.
    """
    best = -1
    for k in present:
        if votes[k, i] == 0.0 or seats[k, i] >= limits[k]:
            continue
        if best < 0:
            best = k
            continue
        order = quotient_ahead(
            votes[k, i],
            divisors[np.int64(seats[k, i])],
            votes[best, i],
            divisors[np.int64(seats[best, i])],
            slack,
        )
        if order > 0 or (order == 0 and before(votes[k, i], k, votes[best, i], best, lot)):
            best = k
    return best


@stage
def last_quotient(votes, seats, floors, divisors, slack, lot, present, i):
    """The list whose last seat has the lowest quotient in draw i, by the same order reversed; -1 if none.

    floors (K,): seats that a list keeps in any case.
    """
    worst = -1
    for k in present:
        if seats[k, i] <= floors[k]:
            continue
        if worst < 0:
            worst = k
            continue
        order = quotient_ahead(
            votes[k, i],
            divisors[np.int64(seats[k, i]) - 1],
            votes[worst, i],
            divisors[np.int64(seats[worst, i]) - 1],
            slack,
        )
        if order < 0 or (order == 0 and before(votes[worst, i], worst, votes[k, i], k, lot)):
            worst = k
    return worst


@stage
def before(votes_a, a, votes_b, b, lot):
    """Of two lists with equal claims: the one with more votes first, then the order or the lot."""
    return votes_a > votes_b or (votes_a == votes_b and earlier(lot, a, b))


@stage
def step(votes, shift, first, present, width, ratios, sign, bar, best, second, move, seats, left):
    """Where the guess is off by a seat or more, give one to the highest next quotient or take the lowest last
    one; of the first ``width`` draws.

    For methods whose n-th divisor is n - 1 + shift, the first ``first``. Divisors by votes are compared as
    float32 with their sign turned where a seat is taken, so that the least of them is wanted in either case;
    where the second is as good but for rounding, nothing moves and ``settle`` decides. ratios (K or more,
    BLOCK), sign, best, second (BLOCK) are float32 scratch, bar and move (BLOCK) are scratch.
    """
    for i in range(width):
        sign[i] = np.float32(1.0) if left[i] >= 0.0 else np.float32(-1.0)
        bar[i] = -1.0 if left[i] >= 0.0 else 0.0
        best[i] = _NEVER
        second[i] = _NEVER
        move[i] = shift if left[i] >= 0.0 else shift - 1.0
    for p in range(present.shape[0]):
        row, held, ratio = votes[present[p]], seats[present[p]], ratios[p]
        for i in range(width):
            # The first divisor lies between that formula's and the second, so the larger of the two is right.
            divisor = max(held[i] + move[i], first)
            # Infinite without votes; and nothing is taken from those who hold nothing.
            mine = np.float32(divisor) / np.float32(row[i]) * sign[i] if held[i] > bar[i] else _NEVER
            ratio[i] = mine
            second[i] = min(second[i], max(best[i], mine))
            best[i] = min(best[i], mine)
    for i in range(width):
        clear = second[i] - best[i] > abs(best[i]) * _ROUNDING
        move[i] = min(max(left[i], -1.0), 1.0) if clear else 0.0
        left[i] -= move[i]
    for p in range(present.shape[0]):
        held, ratio = seats[present[p]], ratios[p]
        for i in range(width):
            held[i] += move[i] if ratio[i] == best[i] else 0.0


@stage
def find_unsettled(left, unsettled):
    """Write the draws with something ``left`` (BLOCK) to ``unsettled`` (BLOCK) and return how many these
    are.
    """
    number = 0
    for i in range(BLOCK):
        unsettled[number] = i
        number += 1 if left[i] != 0.0 else 0
    return number


@stage
def gather(rows, which, places, number, width, out):
    """out[:, n] = rows[:, places[n]] for the rows ``which`` and n < number, zero from there to ``width``."""
    for k in which:
        row, mine = rows[k], out[k]
        for n in range(number):
            mine[n] = row[places[n]]
        for n in range(number, width):
            mine[n] = 0.0


@stage
def scatter(rows, which, places, number, out):
    """out[:, places[n]] = rows[:, n] for the rows ``which`` and n < number."""
    for k in which:
        row, mine = rows[k], out[k]
        for n in range(number):
            mine[places[n]] = row[n]


@stage
def settle(votes, divisors, limits, floors, slack, lots, present, unsettled, seats, left):
    """Give the seats that are ``left`` (BLOCK) one by one to the highest quotients, or take the lowest
    back; ``unsettled`` (BLOCK) is scratch for integers.
    """
    for n in range(find_unsettled(left, unsettled)):
        i = unsettled[n]
        while left[i] > 0.0:
            k = next_quotient(votes, seats, divisors, limits, slack, lots[i], present, i)
            if k < 0:
                break
            seats[k, i] += 1.0
            left[i] -= 1.0
        while left[i] < 0.0:
            k = last_quotient(votes, seats, floors, divisors, slack, lots[i], present, i)
            if k < 0:
                break
            seats[k, i] -= 1.0
            left[i] += 1.0


@stage
def exchange(votes, divisors, limits, floors, slack, lots, present, seats):
    """Move seats from the lowest last quotient to a higher next one until none is higher.

    Needed where the first guess was not a rounding of the method itself, and for whole votes, where a guess
    may
    fall on a tie: afterwards the seats are the method's, ties decided by votes and then by the lot.
    """
    for i in range(BLOCK):
        while True:
            up = next_quotient(votes, seats, divisors, limits, slack, lots[i], present, i)
            down = last_quotient(votes, seats, floors, divisors, slack, lots[i], present, i)
            if up < 0 or down < 0 or up == down:
                break
            order = quotient_ahead(
                votes[up, i],
                divisors[np.int64(seats[up, i])],
                votes[down, i],
                divisors[np.int64(seats[down, i]) - 1],
                slack,
            )
            if order < 0 or (order == 0 and not before(votes[up, i], up, votes[down, i], down, lots[i])):
                break
            seats[up, i] += 1.0
            seats[down, i] -= 1.0
