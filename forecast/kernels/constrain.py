"""What stands around the division of seats: caps, alliances and a bonus; seats that some hold already.

Every draw is counted by itself, exactly: such rules take ten times as long as a bare division, and compile in
seconds. The order of steps is that of the exact count (``forecast.rules.reference``). Rules with more around
their division than this have ``clauses``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import (
    AIDS,
    ALONE,
    BLOCK,
    RUNNER_UP,
    TAKES_PART,
    Claims,
    F64x2,
    GivenVotes,
    I64x1,
    Piece,
    Seats,
    Votes,
)
from forecast.kernels.laws import NO_LIMIT, Constraints, Law, Rule
from forecast.kernels.one_draw import (
    ENTITLED,
    FLOORS,
    LIMITS,
    SEATS,
    Way,
    leads,
    lot_of,
    valid_votes,
    vote_size,
    votes_for_lists,
    votes_of_all_lists,
)
from forecast.kernels.remainders import method_seats

PRESENT, CLAIM, BEHIND, LIMIT, WON = 0, 1, 2, 3, 4
"""Rows of the workspace by list, for the national division: 1 where a list takes part; its votes as they
count; those it adds to the quota; seats that it may get at most; seats that it gets.
"""
PART_CLAIM, PART_BEHIND, PART_LIMIT, PART_WON = 5, 6, 7, 8
"""The same between alliances, or inside one."""
FREE_CLAIM, FREE_BEHIND, CAPPED = 9, 10, 11
"""Of those that have not met their limit; seats of those that have."""
UNFIXED, FLOORED, ASIDE, HELD = 12, 13, 14, 15
"""1 where a member of an alliance is above its floor; seats of those that are not; seats of lists that hold
more than their share; seats that a list has before the division.
"""
AID, ALLY, SUB = 16, 17, 18
"""Votes of lists that count for their alliance alone; number of the alliance with which a list takes part,
and of that inside it.
"""
FIRST, OF_WHOLE = 19, 20
"""Seats that a list gets before the division; what a majority is counted in."""
CONSTRAIN_ROWS = 21


class ConstrainWorkspace(NamedTuple):
    """What a draw is counted with."""

    rows: F64x2
    """(CONSTRAIN_ROWS, K)"""
    draw: F64x2
    """(DRAW_ROWS, K) of ``one_draw``."""
    everyone: I64x1
    """(K,) all lists."""
    beyond: I64x1
    """(1,) in how many of the valid draws a house would have grown beyond its bound."""


def _constrain(
    rules: Rule,
    law: Law,
    constraints: Constraints,
    piece: Piece,
    votes: Votes,
    claims: Claims,
    seats: Seats,
    workspace: ConstrainWorkspace,
) -> None:
    """Fill the rows of lists of ``seats``."""
    rule, here, rows, draw = rules[0], piece[0], workspace.rows, workspace.draw
    everyone, inner = workspace.everyone, constraints.inside[0]
    for n in range(here.blocks):
        for i in range(BLOCK):
            if lay_out(rule, law, constraints, votes, claims, n, i, rows):
                lot, vote = lot_of(rule, here, n, i), vote_size(votes, n, i)
                outside = votes_outside(rule, law, votes, n, i, rows)
                way = Way(rule, law.divisors[rule.divisor_row], outside, vote, lot, everyone, draw)
                inside = Way(inner, law.divisors[inner.divisor_row], 0.0, vote, lot, everyone, draw)
                take_held(rule, constraints, seats, n, i, rows)
                pool = pool_of(rule, np.float64(constraints.houses[n]), rows)
                winner, bonus = bonus_of(way, votes, n, i, pool, rows)
                divide_between(way, pool - bonus, rows)
                divide_inside(rule, inside, constraints.floors, rows)
                finish(rule, constraints, winner, bonus, claims, n, i, rows)
            elif rule.of_districts:
                keep_won(rule, constraints, claims, seats, n, i, rows)
            put_all(seats, n, i, rows[WON])


constrain_drawn = kernel(_constrain, votes=Votes)
constrain_given = kernel(_constrain, votes=GivenVotes)


@stage
def lay_out(rule, law, constraints, votes, claims, n, i, rows):
    """The national division: every admitted list with its votes, those behind the quota, and the limits of
    all; whether there are votes.
    """
    total, lists = 0.0, rows.shape[1]
    rows[WON, :] = 0.0
    for k in range(lists):
        rows[PRESENT, k] = 0.0
        rows[CLAIM, k] = 0.0
        rows[BEHIND, k] = 0.0
        rows[AID, k] = 0.0
        rows[ALLY, k], rows[SUB, k] = constraints.alliances[k], constraints.subs[k]
        how = claims.joined[n * lists + k, i] if claims.joined.shape[0] > 0 else np.uint8(TAKES_PART)
        if how == AIDS and rows[ALLY, k] >= 0.0:
            rows[AID, k] = votes.exact[n, k, i] * law.weights[k] * rule.uncorrected
            rows[BEHIND, k] = rows[AID, k]
        elif how == ALONE:
            rows[ALLY, k], rows[SUB, k] = -1.0, -1.0
    for p in range(claims.number[n]):
        k = claims.present[n, p]
        if claims.votes[n, p, i] > 0.0:
            weighed = votes.exact[n, k, i] * law.weights[k]
            joined = claims.joined.shape[0] > 0 and claims.joined[n * lists + k, i] == RUNNER_UP
            rows[PRESENT, k] = 1.0
            rows[CLAIM, k] = weighed * (rule.correction if joined else rule.uncorrected)
            rows[BEHIND, k] = weighed * rule.uncorrected
            total += rows[CLAIM, k]
    _limit_lists(rule, law, constraints, votes, n, i, rows)
    return total > 0.0


@stage
def votes_outside(rule, law, votes, n, i, rows):
    """Votes behind the quota of lists that take no part."""
    if not rule.quota_of_valid:
        return 0.0
    outside = votes_of_all_lists(rule, law, votes, rule.vote, n, i)
    for k in range(rows.shape[1]):
        outside -= rows[BEHIND, k]
    return max(outside, 0.0)


@stage
def _limit_lists(rule, law, constraints, votes, n, i, rows):
    """The smaller of a list's own limit and of what the cap by share allows."""
    top, bottom, listed = rule.cap_numerator, rule.cap_denominator, 0.0
    if rule.cap_of_admitted:
        for k in range(rows.shape[1]):
            listed += votes.exact[n, k, i] * rows[PRESENT, k]
    else:
        listed = votes_for_lists(law.no_lists, votes, n, i)
    unit = listed * bottom
    for k in range(rows.shape[1]):
        limit = constraints.limits[k]
        if top > 0.0 and unit > 0.0:
            allowed = whole_times(votes.exact[n, k, i] * top + listed * rule.cap_plus, unit)
            limit = min(limit, max(allowed - constraints.direct[k], 0.0))
        rows[LIMIT, k] = limit


@stage
def whole_times(claim, unit):
    """How many whole units a claim is: a quotient can land on the wrong side of a whole number by one
    rounding; the product tells.
    """
    whole = np.floor(claim / unit)
    whole += 1.0 if claim >= (whole + 1.0) * unit else 0.0
    return whole - 1.0 if claim < whole * unit else whole


@stage
def take_held(rule, constraints, seats, n, i, rows):
    """Seats that lists have already: of the election file, or those that they won in the districts."""
    for k in range(rows.shape[1]):
        held = constraints.held[n, k]
        rows[HELD, k] = max(held, np.float64(seats.whole[n, k, i])) if rule.held_drawn else held


@stage
def pool_of(rule, house, rows):
    """The seats that the admitted share."""
    pool = house
    if rule.deducts:
        for k in range(rows.shape[1]):
            pool -= rows[HELD, k] * (1.0 - rows[PRESENT, k])
    return max(pool, 0.0)


@stage
def bonus_of(way, votes, n, i, pool, rows):
    """The largest admitted list and its bonus, as far as the pool goes."""
    if way.rule.bonus_most == 0.0:
        return 0, 0.0
    column, best = votes.exact[n, :, i], np.int64(-1)
    for k in range(rows.shape[1]):
        if rows[PRESENT, k] > 0.0 and leads(column, k, best, way.lot):
            best = k
    return best, min(_bonus_seats(way.rule, np.float64(column[best]), valid_votes(votes, n, i)), pool)


@stage
def _bonus_seats(rule, votes, valid):
    """Seats of the bonus for a list with so many of the ``valid`` votes."""
    above = votes * rule.bonus_unit - rule.bonus_from * valid
    if above < 0.0 or votes == 0.0:
        return 0.0
    steps = 0.0
    if rule.bonus_steps > 0.0:
        steps = whole_times(above, valid * rule.bonus_steps)
    return min(rule.bonus + steps, rule.bonus_most)


@stage
def _divide_bare(way, claims, behind, limits, house, won):
    """won (K,) = seats by the method alone; none where the house is empty."""
    draw, sum_behind = way.draw, way.outside
    for k in range(won.shape[0]):
        draw[ENTITLED, k] = claims[k] if house >= 1.0 else 0.0
        draw[FLOORS, k] = 0.0
        draw[LIMITS, k] = limits[k] if way.rule.excess_left else NO_LIMIT
        sum_behind += behind[k]
    method_seats(way, house, sum_behind if house >= 1.0 else 0.0)
    for k in range(won.shape[0]):
        won[k] = draw[SEATS, k]


@stage
def divide_capped(way, house, rows):
    """Seats of a division, ``PART_WON``: lists over their limit get what it allows, and the others divide the
    rest anew.
    """
    won = rows[PART_WON]
    for k in range(won.shape[0]):
        rows[FREE_CLAIM, k], rows[FREE_BEHIND, k] = rows[PART_CLAIM, k], rows[PART_BEHIND, k]
        rows[CAPPED, k] = 0.0
    changes = 1
    while changes > 0:
        _divide_bare(way, rows[FREE_CLAIM], rows[FREE_BEHIND], rows[PART_LIMIT], house, won)
        changes = 0
        for k in range(won.shape[0]):
            if way.rule.limited and won[k] > rows[PART_LIMIT, k]:
                changes += 1
                rows[CAPPED, k] += rows[PART_LIMIT, k]
                house -= rows[PART_LIMIT, k]
                rows[FREE_CLAIM, k] = 0.0
                rows[FREE_BEHIND, k] = 0.0
    for k in range(won.shape[0]):
        won[k] += rows[CAPPED, k]


@stage
def divide_between(way, house, rows):
    """Divide the house between alliances and single lists, into ``PART_WON``."""
    alliances = rows[ALLY]
    for k in range(alliances.shape[0]):
        rows[PART_CLAIM, k], rows[PART_BEHIND, k] = rows[CLAIM, k], rows[BEHIND, k]
        rows[PART_LIMIT, k] = rows[LIMIT, k]
    for a in range(way.rule.alliances):
        _join(alliances, a, 1.0, rows)
    divide_capped(way, house, rows)


@stage
def divide_inside(rule, inside, floors, rows):
    """Divide what alliances have in ``PART_WON`` inside every one, into ``WON``."""
    alliances = rows[ALLY]
    for k in range(alliances.shape[0]):
        rows[WON, k] = rows[PART_WON, k]
    for a in range(rule.alliances):
        house, kept = _enter(alliances, a, rows), 0.0
        for s in range(rule.subs):
            _join(rows[SUB], s, 0.0, rows)
        while kept >= 0.0:
            house -= kept
            divide_capped(inside, house, rows)
            kept = _keep_floors(floors, house, rows)
        for k in range(alliances.shape[0]):
            if alliances[k] == a:
                rows[WON, k] = rows[PART_WON, k] + rows[FLOORED, k]
    for s in range(rule.subs):
        divide_capped(inside, _enter(rows[SUB], s, rows), rows)
        for k in range(alliances.shape[0]):
            if rows[SUB, k] == s:
                rows[WON, k] = rows[PART_WON, k]


@stage
def _join(alliances, a, aids, rows):
    """Let the first member of alliance ``a`` that counts stand for all, and the others for none; where it
    ``aids`` (1, or 0 inside an alliance) a list counts that may not win a seat.

    An alliance of which no list may win a seat does not compete.
    """
    leader, claim, behind, limit, competes = -1, 0.0, 0.0, 0.0, 0.0
    for k in range(alliances.shape[0]):
        aid = aids * rows[AID, k]
        if alliances[k] == a and (rows[PRESENT, k] > 0.0 or aid > 0.0):
            leader = k if leader < 0 else leader
            claim += rows[PART_CLAIM, k] + aid
            behind += rows[PART_BEHIND, k]
            limit += rows[LIMIT, k] * rows[PRESENT, k]
            competes = max(competes, rows[PRESENT, k])
    for k in range(alliances.shape[0]):
        if alliances[k] == a:
            rows[PART_CLAIM, k] = claim * competes if k == leader else 0.0
            rows[PART_BEHIND, k] = behind * competes if k == leader else 0.0
            rows[PART_LIMIT, k] = limit


@stage
def _enter(alliances, a, rows):
    """Lay out the division inside alliance ``a``; its seats."""
    house = 0.0
    for k in range(alliances.shape[0]):
        mine = 1.0 if alliances[k] == a else 0.0
        wins = mine * rows[PRESENT, k]
        rows[PART_CLAIM, k], rows[PART_BEHIND, k] = rows[CLAIM, k] * wins, rows[BEHIND, k] * wins
        rows[PART_LIMIT, k] = rows[LIMIT, k]
        rows[UNFIXED, k], rows[FLOORED, k] = rows[PRESENT, k] * mine, 0.0
        house += rows[WON, k] * mine
    return house


@stage
def _keep_floors(floors, house, rows):
    """Fix members below their floor at it, as far as seats go; the seats that takes, -1 if there are none.

    Where every member left is below its floor all stay as they are.
    """
    short, free, taken = 0, 0, 0.0
    for k in range(floors.shape[0]):
        if rows[UNFIXED, k] > 0.0:
            free += 1
            short += 1 if rows[PART_WON, k] < floors[k] else 0
    if short == 0 or short == free:
        return -1.0
    for k in range(floors.shape[0]):
        if rows[UNFIXED, k] > 0.0 and rows[PART_WON, k] < floors[k]:
            given = min(floors[k], house - taken)
            taken += given
            rows[FLOORED, k] = given
            rows[UNFIXED, k] = 0.0
            rows[PART_CLAIM, k] = 0.0
            rows[PART_BEHIND, k] = 0.0
    return taken


@stage
def finish(rule, constraints, winner, bonus, claims, n, i, rows):
    """Add seats kept by lists that are not admitted, the bonus and extra seats."""
    for k in range(rows.shape[1]):
        rows[PRESENT, k] = 0.0
    for p in range(claims.number[n]):
        rows[PRESENT, claims.present[n, p]] = 1.0 if claims.votes[n, p, i] > 0.0 else 0.0
    rows[WON, winner] += bonus
    for k in range(rows.shape[1]):
        kept = rows[HELD, k] * (1.0 - rows[PRESENT, k]) if rule.keeps else 0.0
        rows[WON, k] += kept + constraints.extra[k]


@stage
def keep_won(rule, constraints, claims, seats, n, i, rows):
    """Where no list is admitted, all keep what they have won in the districts, if some did."""
    if np.any(seats.whole[n, : rows.shape[1], i]):
        take_held(rule, constraints, seats, n, i, rows)
        finish(rule, constraints, 0, 0.0, claims, n, i, rows)


@stage
def put_all(seats, n, i, won):
    """Write the seats ``won`` (K,) of a draw, all lists filled."""
    house = 0.0
    for k in range(won.shape[0]):
        seats.filled[n, k] = True
        seats.whole[n, k, i] = np.uint16(np.int64(won[k]))
        house += won[k]
    seats.house[n, i] = np.uint16(np.int64(house))
