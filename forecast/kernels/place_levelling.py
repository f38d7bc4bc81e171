"""Levelling seats by place: in which region and district each list takes them, or gives seats back.

Draw by draw, seat by seat, as the laws say it; quotients are compared as products in float64. Equal ones go
by the ties of the rule, then by lot or the order of the lists, and of places; drawn votes do not tie.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import BLOCK, F32x2, F64x2, I64x1, Piece, Seats, Votes
from forecast.kernels.laws import Law, Rule
from forecast.kernels.one_draw import before, earlier, fill_all, lot_of

COMPARE_VOTES, COMPARE_SHARE, COMPARE_QUOTAS = 0, 1, 2

PLACING = np.dtype(
    [
        ("divisor_row", np.int64),
        ("compare", np.int64),
        ("national_order", np.bool_),
        ("national_row", np.int64),
    ],
    align=True,
)
"""One step: the divisors of its quotients, what is divided by them, and whether lists take their turns in the
order in which they won their seats nationally, by the divisors of ``national_row``.
"""

Step = Annotated[NDArray[np.void], PLACING, 1]

LEFT, HELD, WEIGHT = 0, 1, 2
"""Rows of the workspace: seats of a list still to be placed; seats it held nationally before these, and those
placed since; of places what votes there are multiplied by.
"""


class Lots(NamedTuple):
    """What settles equal claims: the rule, and the piece with the seed of its lots."""

    rule: Rule
    piece: Piece


class Places(NamedTuple):
    """P places in which the seats of one step are put, inside Q larger ones."""

    step: Step
    """(1,)"""
    parent_of: I64x1
    """(P,)"""
    room: I64x1
    """(P,) levelling seats that it takes at most."""
    houses: I64x1
    """(P,) its fixed seats."""


class PlacingWorkspace(NamedTuple):
    """What seats are placed with."""

    lists: F64x2
    """(2, K)"""
    weights: F64x2
    """(1, P)"""
    room: I64x1
    """(P,)"""


@kernel
def seats_due(local: Seats, seats: Seats, due: Seats) -> None:
    """due (1, K) = seats beyond those of the districts."""
    for k in range(due.filled.shape[1]):
        row, out = seats.whole[0, k], due.whole[0, k]
        due.filled[0, k] = True
        for i in range(BLOCK):
            out[i] = row[i]
        for d in range(local.filled.shape[0]):
            if local.filled[d, k]:
                fixed = local.whole[d, k]
                for i in range(BLOCK):
                    out[i] = out[i] - fixed[i] if out[i] > fixed[i] else 0


@kernel
def sum_seats(place_of: I64x1, local: Seats, places: Seats) -> None:
    """Seats of places from those of their districts."""
    for p in range(places.filled.shape[0]):
        for k in range(places.filled.shape[1]):
            out = places.whole[p, k]
            places.filled[p, k] = True
            for i in range(BLOCK):
                out[i] = 0
            for d in range(place_of.shape[0]):
                if place_of[d] == p and local.filled[d, k]:
                    row = local.whole[d, k]
                    for i in range(BLOCK):
                        out[i] += row[i]


@kernel
def place_seats(
    lots: Lots,
    law: Law,
    places: Places,
    votes: Votes,
    national: F32x2,
    fixed: Seats,
    due: Seats,
    placed: Seats,
    workspace: PlacingWorkspace,
) -> None:
    """Bring the seats ``due`` (Q, K) of each list to places, ``placed`` (P, K), by its ``votes`` (P, U) there
    and the seats that it has there, ``fixed`` (P, K), which the new ones come to.
    """
    about = places.step[0]
    for k in range(placed.filled.shape[1]):
        for p in range(placed.filled.shape[0]):
            placed.filled[p, k] = True
            for i in range(BLOCK):
                placed.whole[p, k, i] = 0
    fill_all(fixed)
    for i in range(BLOCK):
        lot = lot_of(lots.rule[0], lots.piece[0], 0, i)
        _begin(about, places, votes, fixed, i, workspace)
        for q in range(due.filled.shape[0]):
            for k in range(workspace.lists.shape[1]):
                workspace.lists[LEFT, k] = np.float64(due.whole[q, k, i])
            if about.national_order:
                _place_in_order(about, law, lot, places, votes, national, fixed, placed, i, workspace)
            else:
                while _give(about, law, lot, places, votes, fixed, placed, q, -1, i, workspace):
                    pass


@stage
def _begin(about, places, votes, fixed, i, workspace):
    """What a vote in a place is multiplied by, and how many seats it takes."""
    for k in range(workspace.lists.shape[1]):
        workspace.lists[HELD, k] = 0.0
    for p in range(places.room.shape[0]):
        weight, total = 1.0, np.float64(votes.total[p, i])
        if about.compare != COMPARE_VOTES:
            weight = 1.0 / total if total > 0.0 else 0.0
        if about.compare == COMPARE_QUOTAS:
            weight *= np.float64(places.houses[p])
        workspace.weights[0, p] = weight
        workspace.room[p] = places.room[p]
        for k in range(workspace.lists.shape[1]):
            workspace.lists[HELD, k] += np.float64(fixed.whole[p, k, i])


@stage
def _place_in_order(about, law, lot, places, votes, national, fixed, placed, i, workspace):
    """Each seat in the order in which it was won nationally; one that finds no place has none."""
    lists, divisors = workspace.lists, law.divisors[about.national_row]
    while True:
        best = -1
        for k in range(lists.shape[1]):
            if lists[LEFT, k] <= 0.0:
                continue
            if best < 0:
                best = k
                continue
            mine = np.float64(national[k, i]) * divisors[np.int64(lists[HELD, best])]
            other = np.float64(national[best, i]) * divisors[np.int64(lists[HELD, k])]
            if mine > other or (
                mine == other
                and before(national[k, i], lists[HELD, k], k, national[best, i], lists[HELD, best], best, lot)
            ):
                best = k
        if best < 0:
            return
        if not _give(about, law, lot, places, votes, fixed, placed, 0, best, i, workspace):
            lists[LEFT, best] -= 1.0
        lists[HELD, best] += 1.0


@stage
def _give(about, law, lot, places, votes, fixed, placed, parent, only, i, workspace):
    """One seat to the highest quotient inside a parent, of every list or of one; whether any was open."""
    lists, divisors = workspace.lists, law.divisors[about.divisor_row]
    best, where, top, bottom = -1, -1, 0.0, 1.0
    for p in range(places.room.shape[0]):
        if places.parent_of[p] != parent or workspace.room[p] == 0:
            continue
        weight = workspace.weights[0, p]
        for k in range(lists.shape[1]):
            if lists[LEFT, k] <= 0.0 or (only >= 0 and k != only):
                continue
            claim = np.float64(votes.single[p, k, i]) * weight
            price = divisors[np.int64(fixed.whole[p, k, i])]
            if claim > 0.0 and (
                best < 0
                or claim * bottom > top * price
                or (claim * bottom == top * price and _pair_before(votes, fixed, k, p, best, where, i, lot))
            ):
                best, where, top, bottom = k, p, claim, price
    if best < 0:
        return False
    fixed.whole[where, best, i] += np.uint16(1)
    placed.whole[where, best, i] += np.uint16(1)
    workspace.room[where] -= 1
    lists[LEFT, best] -= 1.0
    return True


@stage
def _pair_before(votes, fixed, k, p, other, where, i, lot):
    """Whether list k in place p comes before another list and place whose claim is equal."""
    places = fixed.filled.shape[0]
    return before(
        votes.single[p, k, i],
        np.float64(fixed.whole[p, k, i]),
        k * places + p,
        votes.single[where, other, i],
        np.float64(fixed.whole[where, other, i]),
        other * places + where,
        lot,
    )


class ReturnWorkspace(NamedTuple):
    """What seats are given back with."""

    lists: F64x2
    """(2, K) seats of the list: in the districts, and in all."""
    returned: I64x1
    """(S,) district of every seat given back."""


@kernel
def give_back(
    row: int,
    law: Law,
    lots: Lots,
    local_votes: Votes,
    local: Seats,
    seats: Seats,
    workspace: ReturnWorkspace,
) -> None:
    """Lists that hold more seats in the districts than in all give them back, those with their lowest
    quotients first, each to the list next in turn in its district that is below its number (Sweden, vallagen
    14 kap.).

    ``row`` is that of the divisors with which districts divide.
    """
    fill_all(local)
    piece = lots.piece[0]
    for i in range(min(piece.valid, BLOCK)):
        lot = lot_of(lots.rule[0], piece, 0, i)
        _give_back(law.divisors[row], lot, local_votes, local, seats, i, workspace)


@stage
def _give_back(divisors, lot, votes, local, seats, i, workspace):
    lists, number = workspace.lists, 0
    for k in range(lists.shape[1]):
        lists[HELD, k] = 0.0
        for d in range(local.filled.shape[0]):
            lists[HELD, k] += np.float64(local.whole[d, k, i])
        lists[LEFT, k] = np.float64(seats.whole[0, k, i])
    for k in range(lists.shape[1]):
        while lists[HELD, k] > lists[LEFT, k]:
            where, top, bottom = -1, 0.0, 1.0
            for d in range(local.filled.shape[0]):
                if local.whole[d, k, i] > 0:
                    claim = np.float64(votes.single[d, k, i])
                    price = divisors[np.int64(local.whole[d, k, i]) - 1]
                    if (
                        where < 0
                        or claim * bottom < top * price
                        or (claim * bottom == top * price and earlier(lot, d, where))
                    ):
                        where, top, bottom = d, claim, price
            local.whole[where, k, i] -= np.uint16(1)
            lists[HELD, k] -= 1.0
            workspace.returned[number] = where
            number += 1
    for r in range(number):
        _next_in_turn(divisors, lot, votes, local, workspace.returned[r], i, lists)


@stage
def _next_in_turn(divisors, lot, votes, local, d, i, lists):
    best, top, bottom = -1, 0.0, 1.0
    for k in range(lists.shape[1]):
        claim = np.float64(votes.single[d, k, i])
        if claim > 0.0 and lists[HELD, k] < lists[LEFT, k]:
            price = divisors[np.int64(local.whole[d, k, i])]
            if (
                best < 0
                or claim * bottom > top * price
                or (claim * bottom == top * price and _pair_before(votes, local, k, d, best, d, i, lot))
            ):
                best, top, bottom = k, claim, price
    if best >= 0:
        local.whole[d, best, i] += np.uint16(1)
        lists[HELD, best] += 1.0
