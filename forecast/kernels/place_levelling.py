"""Levelling seats by place: in which region and district each list takes them, or gives seats back.

Draw by draw, seat by seat, as the laws say it; quotients are compared as products in float64. Equal ones go
by the ties of the rule, then by lot or the order of the lists, and of places; drawn votes do not tie.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import BLOCK, F32x2, F64x2, I64x1, Piece, Seats, U16x2, Votes
from forecast.kernels.count_places import empty_all, fill_all
from forecast.kernels.divide_divisor import next_quotient
from forecast.kernels.laws import Law, Rule
from forecast.kernels.one_draw import ENTITLED, LIMITS, SEATS, Way, before, earlier, lot_of

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
    """(P,) seats that it takes at most."""
    houses: I64x1
    """(P,) its fixed seats."""
    votes: Votes
    """(P, U, BLOCK)"""
    seats: Seats
    """(P, K, BLOCK) that lists have there, to which those of the step come."""


class PlacingWorkspace(NamedTuple):
    """What seats are placed with."""

    draw: F64x2
    """(DRAW_ROWS, K) of lists in all places: seats that they have, and shall have at most (``LIMITS``); the
    votes by which they take their turns.
    """
    everyone: I64x1
    """(K,) all lists."""
    held: U16x2
    """(K, BLOCK) seats in all places, at the beginning."""
    open: I64x1
    """(K,) those with seats still to be placed."""
    room: I64x1
    """(P,)"""
    claims: F64x2
    """(P, K) votes as they count: side by side, as they are looked at for every seat."""
    prices: F64x2
    """(P, K) divisors of the next seats."""


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
def place_seats(
    lots: Lots,
    law: Law,
    places: Places,
    national: F32x2,
    due: Seats,
    placed: Seats,
    workspace: PlacingWorkspace,
) -> None:
    """Bring the seats ``due`` (Q, K) of each list to places, ``placed`` (P, K), by its votes and seats there;
    ``national`` (U, BLOCK) votes give the turns of lists, where they take turns.
    """
    seats, draw, divisors = places.seats, workspace.draw, law.divisors[places.step[0].divisor_row]
    fill_all(seats)
    empty_all(placed)
    _subtract_from(seats, placed)
    _sum_places(seats.whole, workspace.held)
    for i in range(BLOCK):
        lot = lot_of(lots.rule[0], lots.piece[0], 0, i)
        for k in range(draw.shape[1]):
            draw[SEATS, k] = np.float64(workspace.held[k, i])
        _begin(divisors, places, i, workspace)
        for q in range(due.filled.shape[0]):
            for k in range(draw.shape[1]):
                draw[LIMITS, k] = draw[SEATS, k] + np.float64(due.whole[q, k, i])
            if places.step[0].national_order:
                for k in range(draw.shape[1]):
                    draw[ENTITLED, k] = np.float64(national[k, i])
                turns = law.divisors[places.step[0].national_row]
                way = Way(lots.rule[0], turns, 0.0, 1.0, lot, workspace.everyone, draw)
                _place_in_order(way, divisors, places, i, workspace)
            else:
                while _give(divisors, lot, places, q, -1, i, workspace):
                    pass
    _subtract_from(seats, placed)


@stage
def _subtract_from(seats, placed):
    """placed = seats - placed: all that are there before, then those that came."""
    for p in range(placed.filled.shape[0]):
        for k in range(placed.filled.shape[1]):
            row, out = seats.whole[p, k], placed.whole[p, k]
            for i in range(BLOCK):
                out[i] = row[i] - out[i]


@stage
def _sum_places(seats, held):
    """held (K, BLOCK) = seats that lists have in all places."""
    for k in range(held.shape[0]):
        out = held[k]
        for i in range(BLOCK):
            out[i] = 0
        for p in range(seats.shape[0]):
            row = seats[p, k]
            for i in range(BLOCK):
                out[i] += row[i]


@stage
def _begin(divisors, places, i, workspace):
    """What lists claim in places, and how many seats these take."""
    compare = places.step[0].compare
    for p in range(places.room.shape[0]):
        weight = 1.0
        if compare != COMPARE_VOTES:
            total = np.float64(places.votes.total[p, i])
            weight = 1.0 / total if total > 0.0 else 0.0
        if compare == COMPARE_QUOTAS:
            weight *= np.float64(places.houses[p])
        workspace.room[p] = places.room[p]
        for k in range(workspace.claims.shape[1]):
            workspace.claims[p, k] = np.float64(places.votes.single[p, k, i]) * weight
            workspace.prices[p, k] = divisors[np.int64(places.seats.whole[p, k, i])]


@stage
def _place_in_order(way, divisors, places, i, workspace):
    """Each seat in the order in which it was won nationally; one that finds no place has none."""
    best = next_quotient(way)
    while best >= 0:
        if not _give(divisors, way.lot, places, 0, best, i, workspace):
            way.draw[SEATS, best] += 1.0
        best = next_quotient(way)


@stage
def _give(divisors, lot, places, parent, only, i, workspace):
    """One seat to the highest quotient inside a parent, of every list or of one; whether any was open."""
    draw, seats, number = workspace.draw, places.seats.whole, 0
    for k in range(draw.shape[1]):
        if draw[SEATS, k] < draw[LIMITS, k] and (only < 0 or k == only):
            workspace.open[number] = k
            number += 1
    best, where, top, bottom = np.int64(-1), -1, 0.0, 1.0
    for p in range(places.room.shape[0]):
        if places.parent_of[p] != parent or workspace.room[p] == 0:
            continue
        for o in range(number):
            k = workspace.open[o]
            claim, price = workspace.claims[p, k], workspace.prices[p, k]
            if claim > 0.0 and (
                best < 0
                or claim * bottom > top * price
                or (claim * bottom == top * price and _pair_before(places, k, p, best, where, i, lot))
            ):
                best, where, top, bottom = k, p, claim, price
    if best < 0:
        return False
    seats[where, best, i] += np.uint16(1)
    workspace.prices[where, best] = divisors[np.int64(seats[where, best, i])]
    workspace.room[where] -= 1
    draw[SEATS, best] += 1.0
    return True


@stage
def _pair_before(places, k, p, other, where, i, lot):
    """Whether list k in place p comes before another list and place whose claim is equal."""
    votes, seats, number = places.votes.single, places.seats.whole, places.room.shape[0]
    return before(
        votes[p, k, i],
        np.float64(seats[p, k, i]),
        k * number + p,
        votes[where, other, i],
        np.float64(seats[where, other, i]),
        other * number + where,
        lot,
    )


@kernel
def give_back(
    lots: Lots, law: Law, places: Places, seats: Seats, returned: I64x1, workspace: PlacingWorkspace
) -> None:
    """Lists that hold more seats in the districts than in all give them back, those with their lowest
    quotients first, each to the list next in turn in its district that is below its number (Sweden, vallagen
    14 kap.).

    The ``places`` are the districts, each in one of its own, with the divisors by which they divide;
    ``returned`` is workspace, the district of every seat given back.
    """
    fill_all(places.seats)
    divisors, draw = law.divisors[places.step[0].divisor_row], workspace.draw
    _sum_places(places.seats.whole, workspace.held)
    for i in range(min(lots.piece[0].valid, BLOCK)):
        beyond, number = 0.0, 0
        for k in range(draw.shape[1]):
            draw[SEATS, k] = np.float64(workspace.held[k, i])
            draw[LIMITS, k] = np.float64(seats.whole[0, k, i])
            beyond += max(draw[SEATS, k] - draw[LIMITS, k], 0.0)
        if beyond == 0.0:
            continue
        lot = lot_of(lots.rule[0], lots.piece[0], 0, i)
        for k in range(draw.shape[1]):
            while draw[SEATS, k] > draw[LIMITS, k]:
                where = _lowest_quotient(divisors, places, k, i, lot)
                places.seats.whole[where, k, i] -= np.uint16(1)
                draw[SEATS, k] -= 1.0
                returned[number] = where
                number += 1
        _begin(divisors, places, i, workspace)
        for r in range(number):
            _give(divisors, lot, places, returned[r], -1, i, workspace)


@stage
def _lowest_quotient(divisors, places, k, i, lot):
    """In which place the last seat of list k has the lowest quotient."""
    where, top, bottom = -1, 0.0, 1.0
    for d in range(places.room.shape[0]):
        own = np.int64(places.seats.whole[d, k, i])
        if own > 0:
            claim, price = np.float64(places.votes.single[d, k, i]), divisors[own - 1]
            if (
                where < 0
                or claim * bottom < top * price
                or (claim * bottom == top * price and earlier(lot, d, where))
            ):
                where, top, bottom = d, claim, price
    return where
