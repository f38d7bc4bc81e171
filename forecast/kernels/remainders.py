"""Quota methods of one draw, exactly, with whatever a law does with the seats that are left over.

Only the largest remainders have a form in single precision; rules with others divide every draw by these.
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import called, stage
from forecast.kernels.divide_quota import one_each, one_round, whole_quotas
from forecast.kernels.laws import (
    REMAINDER_HIGHEST_AVERAGE,
    REMAINDER_LARGEST,
    REMAINDER_LARGEST_LISTS,
    REMAINDER_THEN_HIGHEST,
    REMAINDER_WITHOUT_QUOTA,
)
from forecast.kernels.one_draw import CLOSED, ENTITLED, LATEST, REMAINDERS, SEATS, SERVED, before


@called
def quota_seats(rule, seats, behind, vote, present, lot, draw):
    """Seats of one draw by any quota method; arguments as of ``whole_quotas``."""
    entitled, remainders = draw[ENTITLED], draw[REMAINDERS]
    quota, parts, left = whole_quotas(rule, seats, behind, vote, present, lot, draw)
    if rule.remainder_numerator > 0.0:
        _close(rule, quota, parts, present, draw)
    if rule.remainder == REMAINDER_HIGHEST_AVERAGE:
        _by_highest_average(lot, present, draw, left)
    elif rule.remainder == REMAINDER_THEN_HIGHEST:
        left -= one_round(remainders, lot, present, draw, left)
        for p in range(present.shape[0]):
            draw[CLOSED, p] = 0.0
        while left > 0.0:
            given = _round_of_averages(lot, present, draw, left)
            left = left - given if given > 0.0 else 0.0
    elif rule.remainder == REMAINDER_LARGEST:
        one_each(remainders, lot, present, draw, left)
    elif rule.remainder == REMAINDER_LARGEST_LISTS:
        one_each(entitled, lot, present, draw, left)
    elif rule.remainder == REMAINDER_WITHOUT_QUOTA:
        _one_each_without_quota(quota, parts, lot, present, draw, left)
    else:
        first = min(left, np.float64(rule.remainder_seats))
        one_each(remainders, lot, present, draw, first)
        _by_average(lot, present, draw, left - first)


@stage
def _close(rule, quota, parts, present, draw):
    """Close the seats left over to lists with too small a part of a quota, but where all have."""
    entitled, open_to = draw[ENTITLED], 0
    needed = quota * rule.remainder_numerator
    for p in range(present.shape[0]):
        enough = entitled[p] > 0.0 and entitled[p] * parts * rule.remainder_denominator >= needed
        draw[CLOSED, p] = 0.0 if enough else 1.0
        open_to += 1 if enough else 0
    for p in range(present.shape[0]):
        draw[CLOSED, p] = draw[CLOSED, p] if open_to > 0 else 0.0


@stage
def _next_average(lot, present, draw):
    """The list that is open and not served with the highest votes / (seats + 1); -1 if none."""
    entitled, own, best = draw[ENTITLED], draw[SEATS], -1
    for p in range(present.shape[0]):
        if entitled[p] == 0.0 or draw[CLOSED, p] > 0.0 or draw[SERVED, p] > 0.0:
            continue
        if best < 0:
            best = p
            continue
        claim, other = entitled[p] * (own[best] + 1.0), entitled[best] * (own[p] + 1.0)
        tied = claim == other
        if claim > other or (
            tied and before(entitled[p], own[p], present[p], entitled[best], own[best], present[best], lot)
        ):
            best = p
    return best


@stage
def _by_highest_average(lot, present, draw, left):
    """One seat after the other to the highest votes / (seats + 1)."""
    number = 0.0
    for p in range(present.shape[0]):
        draw[SERVED, p] = 0.0
    while left > 0.0:
        best = _next_average(lot, present, draw)
        left = left - 1.0 if best >= 0 else 0.0
        if best >= 0:
            number += 1.0
            draw[SEATS, best] += 1.0
            draw[LATEST, best] = number


@stage
def _round_of_averages(lot, present, draw, left):
    """One each by votes / (seats + 1) at the start of the round; how many were given."""
    number, given = 0.0, 0.0
    for p in range(present.shape[0]):
        draw[SERVED, p] = 0.0
        number = max(number, draw[LATEST, p])
    while given < left:
        best = _next_average(lot, present, draw)
        if best < 0:
            break
        draw[SERVED, best] = 1.0
        given += 1.0
        draw[LATEST, best] = number + given
    for p in range(present.shape[0]):
        draw[SEATS, p] += draw[SERVED, p]
    return given


@stage
def _one_each_without_quota(quota, parts, lot, present, draw, left):
    """One seat each to the lists with most votes among those without a whole quota, then among the others,
    round after round until none is left.
    """
    entitled, given = draw[ENTITLED], 1.0
    while left > 0.0 and given > 0.0:
        given = 0.0
        for whole in range(2):
            for p in range(present.shape[0]):
                draw[CLOSED, p] = 1.0 if (entitled[p] * parts >= quota) != (whole == 1) else 0.0
            served = one_round(entitled, lot, present, draw, left)
            given += served
            left -= served


@stage
def _by_average(lot, present, draw, left):
    """One each by votes per seat held, highest first, no list twice in a round; those without a seat come
    last."""
    entitled, own, averages = draw[ENTITLED], draw[SEATS], draw[REMAINDERS]
    while left > 0.0:
        for p in range(present.shape[0]):
            averages[p] = entitled[p] / own[p] if own[p] > 0.0 else 0.0
        given = one_round(averages, lot, present, draw, left)
        if given == 0.0:
            break
        left -= given
