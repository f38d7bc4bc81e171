"""Quota methods on one draw, in every variant: the readable path for rules and draws that are out of the
ordinary.
"""

from __future__ import annotations

import numpy as np

from forecast.kernels.compiling import stage
from forecast.kernels.divisor import before
from forecast.kernels.quota import quota_of_votes, quota_parts
from forecast.kernels.shapes import REMAINDER_LARGEST, REMAINDER_LARGEST_LISTS


@stage
def quota_seats(rule, entitled, electorate, vote, house, lot, i, present, remainders, served, seats):
    """Seats of draw i by a quota method.

    entitled, seats (K, BLOCK), of which the lists ``present`` matter; ``electorate`` the votes behind the
    quota, ``vote`` the size of a single vote in their unit; ``remainders`` and ``served`` (K, BLOCK) are
    scratch, used in column i only.
    """
    quota = quota_of_votes(rule.quota, electorate, house, vote)
    per = quota_parts(rule.quota, house)
    left = house if quota > 0.0 else 0.0
    for k in present:
        seats[k, i] = 0.0
        remainders[k, i] = -1.0
        if entitled[k, i] > 0.0 and quota > 0.0:
            scaled = entitled[k, i] * per
            seats[k, i] = np.floor(scaled / quota)
            remainders[k, i] = scaled - seats[k, i] * quota
            left -= seats[k, i]
    while left < 0.0:
        if not _take_smallest_remainder(entitled, remainders, quota, lot, i, present, seats):
            break
        left += 1.0
    if rule.remainder == REMAINDER_LARGEST:
        _one_each(remainders, entitled, lot, i, present, served, seats, left)
    elif rule.remainder == REMAINDER_LARGEST_LISTS:
        _one_each(entitled, entitled, lot, i, present, served, seats, left)
    else:
        first = min(left, np.float64(rule.remainder_seats))
        _one_each(remainders, entitled, lot, i, present, served, seats, first)
        _by_average(entitled, lot, i, present, served, remainders, seats, left - first)


@stage
def _take_smallest_remainder(entitled, remainders, quota, lot, i, present, seats):
    """Take one seat from the smallest remainder among lists that hold one; fewer votes, then the later list.

    The seat given up adds a whole quota to the remainder. Whether there was one to take.
    """
    worst = -1
    for k in present:
        if seats[k, i] <= 0.0:
            continue
        tied = worst >= 0 and remainders[k, i] == remainders[worst, i]
        if (
            worst < 0
            or remainders[k, i] < remainders[worst, i]
            or (tied and before(entitled[worst, i], worst, entitled[k, i], k, lot))
        ):
            worst = k
    if worst < 0:
        return False
    seats[worst, i] -= 1.0
    remainders[worst, i] += quota
    return True


@stage
def _one_each(claims, entitled, lot, i, present, served, seats, left):
    """One seat each in order of ``claims`` (K, BLOCK), round after round until none is left."""
    while left > 0.0:
        given = _one_round(claims, entitled, lot, i, present, served, seats, left)
        if given == 0.0:
            break
        left -= given


@stage
def _one_round(claims, entitled, lot, i, present, served, seats, left):
    """One seat each in order of the claims, to no list twice; how many were given."""
    for k in present:
        served[k, i] = 0.0
    given = 0.0
    while given < left:
        best = -1
        for k in present:
            if served[k, i] > 0.0 or entitled[k, i] == 0.0:
                continue
            tied = best >= 0 and claims[k, i] == claims[best, i]
            if (
                best < 0
                or claims[k, i] > claims[best, i]
                or (tied and before(entitled[k, i], k, entitled[best, i], best, lot))
            ):
                best = k
        if best < 0:
            break
        seats[best, i] += 1.0
        served[best, i] = 1.0
        given += 1.0
    return given


@stage
def _by_average(entitled, lot, i, present, served, averages, seats, left):
    """One each by votes per seat held, highest first, no list twice in a round; those without a seat come
    last."""
    while left > 0.0:
        for k in present:
            averages[k, i] = entitled[k, i] / seats[k, i] if seats[k, i] > 0.0 else 0.0
        given = _one_round(averages, entitled, lot, i, present, served, seats, left)
        if given == 0.0:
            break
        left -= given
