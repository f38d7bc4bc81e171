"""Quota methods of one draw, exactly, with whatever a law does with the seats that are left over.

Only the largest remainders have a form in single precision; rules with others divide every draw by these.
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import called, stage
from forecast.kernels.divide_divisor import divisor_seats
from forecast.kernels.divide_quota import give_up, one_each, one_round, whole_quotas
from forecast.kernels.laws import (
    FAMILY_DIVISOR,
    REMAINDER_HIGHEST_AVERAGE,
    REMAINDER_LARGEST,
    REMAINDER_LARGEST_LISTS,
    REMAINDER_THEN_HIGHEST,
    REMAINDER_WITHOUT_QUOTA,
)
from forecast.kernels.one_draw import CLOSED, ENTITLED, LATEST, REMAINDERS, SEATS, SERVED, tied_before


@stage
def method_seats(way, seats, behind):
    """Seats of one draw by the method of its rule, whatever that is, into ``draw[SEATS]``."""
    if way.rule.family == FAMILY_DIVISOR:
        divisor_seats(way, seats)
    else:
        quota_seats(way, seats, behind)


@called
def quota_seats(way, seats, behind):
    """Seats of one draw by any quota method; arguments as of ``whole_quotas``."""
    rule, entitled, remainders = way.rule, way.draw[ENTITLED], way.draw[REMAINDERS]
    quota, parts, left = whole_quotas(way, seats, behind)
    left = give_up(way, quota, left) if quota > 0.0 else 0.0
    if rule.remainder_numerator > 0.0:
        _close(way, quota, parts)
    if rule.remainder == REMAINDER_HIGHEST_AVERAGE:
        _by_highest_average(way, left)
    elif rule.remainder == REMAINDER_THEN_HIGHEST:
        left -= one_round(way, remainders, left)
        for p in range(way.present.shape[0]):
            way.draw[CLOSED, p] = 0.0
        while left > 0.0:
            given = _round_of_averages(way, left)
            left = left - given if given > 0.0 else 0.0
    elif rule.remainder == REMAINDER_LARGEST:
        one_each(way, remainders, left)
    elif rule.remainder == REMAINDER_LARGEST_LISTS:
        one_each(way, entitled, left)
    elif rule.remainder == REMAINDER_WITHOUT_QUOTA:
        _one_each_without_quota(way, quota, parts, left)
    else:
        first = min(left, np.float64(rule.remainder_seats))
        one_each(way, remainders, first)
        _by_average(way, left - first)


@stage
def _close(way, quota, parts):
    """Close the seats left over to lists with too small a part of a quota, but where all have."""
    rule, entitled, closed, open_to = way.rule, way.draw[ENTITLED], way.draw[CLOSED], 0
    needed = quota * rule.remainder_numerator
    for p in range(way.present.shape[0]):
        enough = entitled[p] > 0.0 and entitled[p] * parts * rule.remainder_denominator >= needed
        closed[p] = 0.0 if enough else 1.0
        open_to += 1 if enough else 0
    for p in range(way.present.shape[0]):
        closed[p] = closed[p] if open_to > 0 else 0.0


@stage
def _next_average(way):
    """The list that is open and not served with the highest votes / (seats + 1); -1 if none."""
    draw, entitled, own, best = way.draw, way.draw[ENTITLED], way.draw[SEATS], -1
    for p in range(way.present.shape[0]):
        if entitled[p] == 0.0 or draw[CLOSED, p] > 0.0 or draw[SERVED, p] > 0.0:
            continue
        if best < 0:
            best = p
            continue
        claim, other = entitled[p] * (own[best] + 1.0), entitled[best] * (own[p] + 1.0)
        if claim > other or (claim == other and tied_before(way, p, own[p], best, own[best])):
            best = p
    return best


@stage
def _by_highest_average(way, left):
    """One seat after the other to the highest votes / (seats + 1)."""
    draw, number = way.draw, 0.0
    for p in range(way.present.shape[0]):
        draw[SERVED, p] = 0.0
    while left > 0.0:
        best = _next_average(way)
        left = left - 1.0 if best >= 0 else 0.0
        if best >= 0:
            number += 1.0
            draw[SEATS, best] += 1.0
            draw[LATEST, best] = number


@stage
def _round_of_averages(way, left):
    """One each by votes / (seats + 1) at the start of the round; how many were given."""
    draw, number, given = way.draw, 0.0, 0.0
    for p in range(way.present.shape[0]):
        draw[SERVED, p] = 0.0
        number = max(number, draw[LATEST, p])
    while given < left:
        best = _next_average(way)
        if best < 0:
            break
        draw[SERVED, best] = 1.0
        given += 1.0
        draw[LATEST, best] = number + given
    for p in range(way.present.shape[0]):
        draw[SEATS, p] += draw[SERVED, p]
    return given


@stage
def _one_each_without_quota(way, quota, parts, left):
    """One seat each to the lists with most votes among those without a whole quota, then among the others,
    round after round until none is left.
    """
    entitled, given = way.draw[ENTITLED], 1.0
    while left > 0.0 and given > 0.0:
        given = 0.0
        for whole in range(2):
            for p in range(way.present.shape[0]):
                way.draw[CLOSED, p] = 1.0 if (entitled[p] * parts >= quota) != (whole == 1) else 0.0
            served = one_round(way, entitled, left)
            given += served
            left -= served


@stage
def _by_average(way, left):
    """One each by votes per seat held, highest first, no list twice in a round; those without a seat come
    last.
    """
    entitled, own, averages = way.draw[ENTITLED], way.draw[SEATS], way.draw[REMAINDERS]
    while left > 0.0:
        for p in range(way.present.shape[0]):
            averages[p] = entitled[p] / own[p] if own[p] > 0.0 else 0.0
        given = one_round(way, averages, left)
        if given == 0.0:
            break
        left -= given
