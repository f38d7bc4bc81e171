"""What stands around the division of seats: bonus, caps, alliances, and seats held in constituencies.

Every draw is counted by itself, exactly: such rules take ten times as long as a bare division, and compile in
a second. The order of steps is that of the exact count (``forecast.rules.reference``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
from forecast.kernels.divide_divisor import divisor_seats, last_quotient, quotient_ahead
from forecast.kernels.divide_quota import quota_seats
from forecast.kernels.laws import (
    BASE_VALID,
    FAMILY_DIVISOR,
    LEVELLING_APART,
    LEVELLING_GROW,
    LEVELLING_KEEP,
    LEVELLING_PART,
    LEVELLING_REDISTRIBUTE,
    LEVELLING_START,
    MAJORITY_ADDS,
    MAJORITY_OF_SEATS,
    MAJORITY_OF_VALID,
    NO_LIMIT,
    PARITY_ODD,
    Constraints,
    Law,
    Rule,
)
from forecast.kernels.one_draw import (
    ENTITLED,
    FLOORS,
    LATEST,
    LIMITS,
    SEATS,
    before,
    earlier,
    lot_of,
    vote_size,
    votes_of_all_lists,
)

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


class _Way(NamedTuple):
    """How seats are divided in a draw."""

    rule: Any
    divisors: Any
    outside: Any  # votes behind the quota of lists that take no part
    vote: Any  # the size of a single vote
    lot: Any


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
    rule, here, beyond = rules[0], piece[0], workspace.beyond
    won = workspace.rows[WON]
    for n in range(here.blocks):
        for k in range(won.shape[0]):
            seats.filled[n, k] = True
        for i in range(BLOCK):
            grown = _seats_of_draw(rule, law, constraints, here, votes, claims, seats, n, i, workspace)
            beyond[0] += 1 if grown and n * here.apart + i < here.valid else 0
            house = 0.0
            for k in range(won.shape[0]):
                seats.whole[n, k, i] = np.uint16(np.int64(won[k]))
                house += won[k]
            seats.house[n, i] = np.uint16(np.int64(house))


constrain_drawn = kernel(_constrain, votes=Votes)
constrain_given = kernel(_constrain, votes=GivenVotes)


@stage
def _seats_of_draw(rule, law, constraints, piece, votes, claims, seats, n, i, workspace):
    """Seats of one draw into ``WON``; whether its house would have grown beyond its bound."""
    rows, lot = workspace.rows, lot_of(rule, piece, n, i)
    vote = vote_size(votes, n, i)
    if _lay_out(rule, law, constraints, votes, claims, n, i, rows) == 0.0:
        rows[WON, :] = 0.0
        return False
    outside = _outside(rule, law, votes, n, i, rows)
    _limit_lists(rule, law, constraints, votes, n, i, rows)
    _take_held(rule, constraints, seats, n, i, rows)
    pool = _pool(rule, np.float64(constraints.houses[n]), rows)
    winner, bonus = _bonus(rule, votes, n, i, pool, lot, rows)
    pool -= bonus
    way = _Way(rule, law.divisors[rule.divisor_row], outside, vote, lot)
    inner = constraints.inside[0]
    inside = _Way(inner, law.divisors[inner.divisor_row], 0.0, vote, lot)
    grown, valid = False, 0.0
    for k in range(votes.exact.shape[1]):
        valid += votes.exact[n, k, i] * rule.vote
    if rule.premium_apart:
        _set_others_apart(_largest(rule, _winner(rule, constraints), lot, rows), rows)
    rows[FIRST, :] = 0.0
    if rule.guaranteed > 0.0:
        pool -= _guarantee(rule, law, votes, n, i, rows)
    if rule.levelling == LEVELLING_START:
        _start_after(way, constraints, pool, workspace)
    elif rule.levelling == LEVELLING_PART:
        _give_part(rule, way, pool, workspace)
    else:
        house = pool
        if rule.levelling == LEVELLING_GROW:
            needed = max(house, _house_that_covers(way, rows[HELD], rows))
            needed += 1.0 if rule.parity > 0 and (needed % 2.0 == 1.0) != (rule.parity == PARITY_ODD) else 0.0
            grown = needed > rule.largest_house
            house = max(house, min(needed, np.float64(rule.largest_house)))
        rows[ASIDE, :] = 0.0
        taken = 0.0
        while taken >= 0.0:
            house -= taken
            _divide(way, inside, constraints, valid, max(house, 0.0), workspace)
            taken = _set_aside(rows[HELD], rows) if rule.levelling == LEVELLING_REDISTRIBUTE else -1.0
        if rule.majority > 0:
            _give_majority(rule, way, inside, constraints.extra, valid, workspace)
        for k in range(rows.shape[1]):
            rows[WON, k] += rows[ASIDE, k] + rows[FIRST, k]
        if rule.levelling == LEVELLING_GROW or rule.levelling == LEVELLING_KEEP:
            for k in range(rows.shape[1]):
                rows[WON, k] = max(rows[WON, k], rows[PRESENT, k] * rows[HELD, k])
        if rule.levelling == LEVELLING_APART:
            for k in range(rows.shape[1]):
                rows[WON, k] += rows[PRESENT, k] * rows[HELD, k]
    _finish(rule, constraints, winner, bonus, claims, n, i, rows)
    return grown


@stage
def _guarantee(rule, law, votes, n, i, rows):
    """Seats that every list with its share of the votes gets first, into ``FIRST``; how many these are."""
    base, given = 0.0, 0.0
    for k in range(law.no_lists.shape[0]):
        base += votes.exact[n, k, i] if rule.base == BASE_VALID or law.no_lists[k] == 0 else 0.0
    for k in range(rows.shape[1]):
        own = votes.exact[n, k, i] * rule.guaranteed_denominator
        if rows[PRESENT, k] > 0.0 and own > 0.0 and own >= rule.guaranteed_numerator * base:
            rows[FIRST, k] = rule.guaranteed
            rows[LIMIT, k] = max(rows[LIMIT, k] - rule.guaranteed, 0.0)
            given += rule.guaranteed
    return given


@stage
def _give_majority(rule, way, inside, extra, valid, workspace):
    """A share of the seats, or more than half, for the list with a majority of votes or seats: one by one
    those that others won last, or more seats; then more for the others, where it has too large a share.
    """
    rows, draw, first, whole, total = workspace.rows, workspace.draw, -1, 0.0, 0.0
    of_seats, share = rule.majority_of == MAJORITY_OF_SEATS, rule.majority_denominator
    for k in range(rows.shape[1]):
        rows[OF_WHOLE, k] = rows[WON, k] + extra[k] if of_seats else rows[CLAIM, k]
        whole += rows[OF_WHOLE, k]
        total += rows[WON, k] + extra[k]
    whole = valid if rule.majority_of == MAJORITY_OF_VALID else whole
    for k in range(rows.shape[1]):
        first = k if rows[PRESENT, k] > 0.0 and 2.0 * rows[OF_WHOLE, k] > whole else first
    first = -1 if of_seats and rule.majority_numerator == 0.0 else first
    while first >= 0:
        own = rows[WON, first] + extra[first]
        enough = own * share >= rule.majority_numerator * total
        if 2.0 * own > total if rule.majority_numerator == 0.0 else enough:
            break
        if rule.majority == MAJORITY_ADDS:
            total += 1.0
        else:
            for k in range(rows.shape[1]):
                draw[SEATS, k], draw[FLOORS, k] = rows[WON, k], rows[WON, k] if k == first else 0.0
            loser = _last_served(way, workspace.everyone, draw, first)
            if loser < 0:
                break
            rows[WON, loser] -= 1.0
        rows[WON, first] += 1.0
    if rule.most_numerator > 0.0:
        _add_for_others(rule, inside, extra, total, workspace)


@stage
def _add_for_others(rule, inside, extra, total, workspace):
    """Seats for the others ``inside`` in proportion to theirs, until no list has more than its share."""
    rows, draw, first, others = workspace.rows, workspace.draw, 0, 0.0
    for k in range(rows.shape[1]):
        rows[OF_WHOLE, k] = rows[WON, k] + extra[k] if rows[PRESENT, k] > 0.0 else 0.0
        first = k if rows[OF_WHOLE, k] > rows[OF_WHOLE, first] else first
    claim = rows[OF_WHOLE, first] * rule.most_denominator
    house = _whole_times(claim, rule.most_numerator)
    house += 1.0 if house * rule.most_numerator < claim else 0.0
    for k in range(rows.shape[1]):
        draw[ENTITLED, k] = rows[OF_WHOLE, k] if k != first else 0.0
        draw[LIMITS, k] = NO_LIMIT
        others += draw[ENTITLED, k]
    if house <= total or others == 0.0:
        return
    quota_seats(inside.rule, house - total, others, inside.vote, workspace.everyone, inside.lot, draw)
    for k in range(rows.shape[1]):
        rows[WON, k] += draw[SEATS, k]


@stage
def _last_served(way, everyone, draw, first):
    """The list but ``first`` that won the last seat; -1 if none."""
    if way.rule.family == FAMILY_DIVISOR:
        return last_quotient(way.rule.slack, way.divisors, everyone, way.lot, draw)
    loser = -1
    for k in range(everyone.shape[0]):
        latest = draw[LATEST, k] if k != first else 0.0
        if latest > 0.0 and (loser < 0 or latest > draw[LATEST, loser]):
            loser = k
    if loser >= 0:
        draw[LATEST, loser] = 0.0
    return loser


@stage
def _lay_out(rule, law, constraints, votes, claims, n, i, rows):
    """The national division: every admitted list with its votes, and those behind the quota; the sum of
    votes.
    """
    total, lists = 0.0, rows.shape[1]
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
    return total


@stage
def _outside(rule, law, votes, n, i, rows):
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
        for k in range(law.no_lists.shape[0]):
            listed += votes.exact[n, k, i] if law.no_lists[k] == 0 else 0.0
    unit = listed * bottom
    for k in range(rows.shape[1]):
        limit = constraints.limits[k]
        if top > 0.0 and unit > 0.0:
            allowed = _whole_times(votes.exact[n, k, i] * top + listed * rule.cap_plus, unit)
            limit = min(limit, max(allowed - constraints.direct[k], 0.0))
        rows[LIMIT, k] = limit


@stage
def _whole_times(claim, unit):
    """How many whole units a claim is: a quotient can land on the wrong side of a whole number by one
    rounding; the product tells.
    """
    whole = np.floor(claim / unit)
    whole += 1.0 if claim >= (whole + 1.0) * unit else 0.0
    return whole - 1.0 if claim < whole * unit else whole


@stage
def _take_held(rule, constraints, seats, n, i, rows):
    """Seats that lists have already: of the election file, or those that they won in the districts."""
    for k in range(rows.shape[1]):
        held = constraints.held[n, k]
        rows[HELD, k] = max(held, np.float64(seats.whole[n, k, i])) if rule.held_drawn else held


@stage
def _pool(rule, house, rows):
    """The seats that the admitted share."""
    pool = house
    if rule.deducts:
        for k in range(rows.shape[1]):
            pool -= rows[HELD, k] * (1.0 - rows[PRESENT, k])
    return max(pool, 0.0)


@stage
def _bonus(rule, votes, n, i, pool, lot, rows):
    """The largest admitted list and its bonus, as far as the pool goes."""
    if rule.bonus_most == 0.0:
        return 0, 0.0
    column, best, valid = votes.exact[n, :, i], np.int64(-1), 0.0
    for k in range(column.shape[0]):
        valid += column[k]
    for k in range(rows.shape[1]):
        if rows[PRESENT, k] == 0.0:
            continue
        tied = best >= 0 and column[k] == column[best]
        if best < 0 or column[k] > column[best] or (tied and earlier(lot, k, best)):
            best = k
    return best, min(_bonus_seats(rule, np.float64(column[best]), valid), pool)


@stage
def _bonus_seats(rule, votes, valid):
    """Seats of the bonus for a list with so many of the ``valid`` votes."""
    above = votes * rule.bonus_unit - rule.bonus_from * valid
    if above < 0.0 or votes == 0.0:
        return 0.0
    steps = 0.0
    if rule.bonus_steps > 0.0:
        steps = _whole_times(above, valid * rule.bonus_steps)
    return min(rule.bonus + steps, rule.bonus_most)


@stage
def _divide_bare(way, claims, behind, limits, house, workspace, won):
    """won (K,) = seats by the method alone; none where the house is empty."""
    draw, everyone, sum_behind = workspace.draw, workspace.everyone, way.outside
    for k in range(won.shape[0]):
        draw[ENTITLED, k] = claims[k] if house >= 1.0 else 0.0
        draw[FLOORS, k] = 0.0
        draw[LIMITS, k] = limits[k] if way.rule.excess_left else NO_LIMIT
        sum_behind += behind[k]
    if way.rule.family == FAMILY_DIVISOR:
        divisor_seats(way.rule, way.divisors, house, everyone, way.lot, draw)
    else:
        sum_behind = sum_behind if house >= 1.0 else 0.0
        quota_seats(way.rule, house, sum_behind, way.vote, everyone, way.lot, draw)
    for k in range(won.shape[0]):
        won[k] = draw[SEATS, k]


@stage
def _divide_capped(way, house, workspace):
    """Seats of a division, ``PART_WON``: lists over their limit get what it allows, and the others divide the
    rest anew.
    """
    rows, won = workspace.rows, workspace.rows[PART_WON]
    for k in range(won.shape[0]):
        rows[FREE_CLAIM, k], rows[FREE_BEHIND, k], rows[CAPPED, k] = (
            rows[PART_CLAIM, k],
            rows[PART_BEHIND, k],
            0.0,
        )
    changes = 1
    while changes > 0:
        _divide_bare(way, rows[FREE_CLAIM], rows[FREE_BEHIND], rows[PART_LIMIT], house, workspace, won)
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
def _divide(way, inside, constraints, valid, house, workspace):
    """Divide the house between alliances and single lists, then inside every alliance; ``valid`` votes as
    they count.
    """
    rows, alliances = workspace.rows, workspace.rows[ALLY]
    for k in range(alliances.shape[0]):
        rows[PART_CLAIM, k], rows[PART_BEHIND, k] = rows[CLAIM, k], rows[BEHIND, k]
        rows[PART_LIMIT, k] = rows[LIMIT, k]
    for a in range(way.rule.alliances):
        _join(alliances, a, rows)
    _divide_capped(way, house, workspace)
    if way.rule.premium > 0.0:
        _give_premium(way, _winner(way.rule, constraints), valid, house, workspace)
    for k in range(alliances.shape[0]):
        rows[WON, k] = rows[PART_WON, k]
    for a in range(way.rule.alliances):
        house, kept = _enter(alliances, a, rows), 0.0
        for s in range(way.rule.subs):
            _join_inside(a, s, rows)
        while kept >= 0.0:
            house -= kept
            _divide_capped(inside, house, workspace)
            kept = _keep_floors(constraints.floors, house, rows)
        for k in range(alliances.shape[0]):
            if alliances[k] == a:
                rows[WON, k] = rows[PART_WON, k] + rows[FLOORED, k]
    for s in range(way.rule.subs):
        _divide_capped(inside, _enter(rows[SUB], s, rows), workspace)
        for k in range(alliances.shape[0]):
            if rows[SUB, k] == s:
                rows[WON, k] = rows[PART_WON, k]


@stage
def _largest(rule, winner, lot, rows):
    """The list that stands for the alliance, or the list, with most votes, or for the winner of a second
    round (an alliance where ``winner`` is its number); -1 for none.
    """
    best, most = -1, 0.0
    for k in range(rows.shape[1]):
        a, votes, leads, wins = rows[ALLY, k], rows[CLAIM, k], True, rows[PRESENT, k]
        if a >= 0.0:
            votes = 0.0
            for j in range(rows.shape[1]):
                if rows[ALLY, j] == a and (rows[PRESENT, j] > 0.0 or rows[AID, j] > 0.0):
                    leads = leads and j >= k
                    votes += rows[CLAIM, j] + rows[AID, j]
                    wins = max(wins, rows[PRESENT, j])
        counts = rows[PRESENT, k] > 0.0 or rows[AID, k] > 0.0
        if not counts or not leads or wins == 0.0:
            continue
        if rule.premium_winner >= 0:
            best = k if (k == rule.premium_winner if winner < 0 else a == winner) else best
        elif votes > most or (votes == most and best >= 0 and earlier(lot, k, best)):
            best, most = k, votes
    return best


@stage
def _winner(rule, constraints):
    """Number of the alliance that won a second round; -1 for none."""
    return constraints.alliances[rule.premium_winner] if rule.premium_winner >= 0 else -1


@stage
def _set_others_apart(first, rows):
    """Alliances but that of list ``first`` are none."""
    for k in range(rows.shape[1]):
        if first < 0 or rows[ALLY, k] != rows[ALLY, first]:
            rows[ALLY, k], rows[SUB, k], rows[AID, k] = -1.0, -1.0, 0.0
            rows[BEHIND, k] *= rows[PRESENT, k]


@stage
def _give_premium(way, winner, valid, house, workspace):
    """At least so many seats for the list or alliance with most votes; the others divide the rest anew."""
    rows, rule = workspace.rows, way.rule
    best, claims = _largest(rule, winner, way.lot, rows), rows[PART_CLAIM]
    if best < 0 or (
        rule.premium_winner < 0 and claims[best] * rule.premium_denominator < rule.premium_numerator * valid
    ):
        return
    premium = min(rule.premium, house)
    if rows[PART_WON, best] >= premium:
        return
    rows[PART_CLAIM, best], rows[PART_BEHIND, best] = 0.0, 0.0
    _divide_capped(way, house - premium, workspace)
    rows[PART_WON, best] = premium


@stage
def _join(alliances, a, rows):
    """Let the first member of alliance ``a`` that counts stand for all, and the others for none.

    An alliance of which no list may win a seat does not compete.
    """
    leader, claim, behind, limit, competes = -1, 0.0, 0.0, 0.0, 0.0
    for k in range(alliances.shape[0]):
        if alliances[k] == a and (rows[PRESENT, k] > 0.0 or rows[AID, k] > 0.0):
            leader = k if leader < 0 else leader
            claim += rows[CLAIM, k] + rows[AID, k]
            behind += rows[BEHIND, k]
            limit += rows[LIMIT, k] * rows[PRESENT, k]
            competes = max(competes, rows[PRESENT, k])
    for k in range(alliances.shape[0]):
        if alliances[k] == a:
            rows[PART_CLAIM, k] = claim * competes if k == leader else 0.0
            rows[PART_BEHIND, k] = behind * competes if k == leader else 0.0
            rows[PART_LIMIT, k] = limit


@stage
def _join_inside(a, s, rows):
    """Let the first present member of sub-alliance ``s`` stand for all in the division inside alliance a."""
    leader, claim, behind, limit = -1, 0.0, 0.0, 0.0
    for k in range(rows.shape[1]):
        if rows[SUB, k] == s and rows[ALLY, k] == a and rows[PRESENT, k] > 0.0:
            leader = k if leader < 0 else leader
            claim += rows[PART_CLAIM, k]
            behind += rows[PART_BEHIND, k]
            limit += rows[LIMIT, k]
    for k in range(rows.shape[1]):
        if rows[SUB, k] == s and rows[ALLY, k] == a:
            rows[PART_CLAIM, k] = claim if k == leader else 0.0
            rows[PART_BEHIND, k] = behind if k == leader else 0.0
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
def _set_aside(held, rows):
    """Set lists aside that hold more than their share, with their seats; how many these are, or -1."""
    taken, changes = 0.0, 0
    for k in range(held.shape[0]):
        if held[k] > 0.0 and rows[PRESENT, k] > 0.0 and rows[WON, k] < held[k]:
            changes += 1
            rows[ASIDE, k] = held[k]
            taken += held[k]
            rows[PRESENT, k], rows[CLAIM, k], rows[BEHIND, k] = 0.0, 0.0, 0.0
    return taken if changes > 0 else -1.0


@stage
def _start_after(way, constraints, pool, workspace):
    """Divisors that begin after the seats held."""
    rows, draw, house, taken = workspace.rows, workspace.draw, pool, 0.0
    for k in range(rows.shape[1]):
        own = rows[PRESENT, k] * rows[HELD, k]
        taken += own
        draw[ENTITLED, k], draw[FLOORS, k] = rows[CLAIM, k], own
        draw[LIMITS, k] = max(constraints.limits[k], own)
    house = pool + taken if way.rule.held_beside else max(pool, taken)
    divisor_seats(way.rule, way.divisors, house, workspace.everyone, way.lot, draw)
    for k in range(rows.shape[1]):
        rows[WON, k] = draw[SEATS, k]


@stage
def _give_part(rule, way, pool, workspace):
    """A part of what each list's share of the whole house is above its seats held: rounded, none below 1; in
    proportion to these numbers where they are too many, and what they leave by the votes.
    """
    rows, total, house, given = workspace.rows, 0.0, rule.whole_house, 0.0
    for k in range(rows.shape[1]):
        total += rows[CLAIM, k]
        house -= rows[HELD, k] * (1.0 - rows[PRESENT, k])
    unit = rule.part_denominator * total
    for k in range(rows.shape[1]):
        lacks = rule.part_numerator * (house * rows[CLAIM, k] - rows[HELD, k] * total) * rows[PRESENT, k]
        rows[ASIDE, k] = _whole_times(2.0 * lacks + unit, 2.0 * unit) if lacks >= unit else 0.0
        given += rows[ASIDE, k]
    enough = given > pool
    for k in range(rows.shape[1]):
        rows[PART_CLAIM, k] = rows[ASIDE, k] if enough else rows[CLAIM, k]
        rows[PART_BEHIND, k] = rows[ASIDE, k] if enough else rows[BEHIND, k]
        rows[PART_LIMIT, k] = NO_LIMIT
        rows[ASIDE, k] = 0.0 if enough else rows[ASIDE, k]
    vote = 1.0 / rule.vote if enough else way.vote
    apart = _Way(way.rule, way.divisors, 0.0 if enough else way.outside, vote, way.lot)
    _divide_capped(apart, pool if enough else pool - given, workspace)
    for k in range(rows.shape[1]):
        rows[WON, k] = rows[PART_WON, k] + rows[ASIDE, k]


@stage
def _house_that_covers(way, held, rows):
    """The smallest house in which every share covers the seats held; 0 where nobody holds any."""
    claims, weakest = rows[CLAIM], np.int64(-1)
    for k in range(held.shape[0]):
        if held[k] == 0.0 or claims[k] == 0.0:
            continue
        if weakest < 0:
            weakest = k
            continue
        price, lowest = way.divisors[np.int64(held[k]) - 1], way.divisors[np.int64(held[weakest]) - 1]
        order = quotient_ahead(claims[k], price, claims[weakest], lowest, way.rule.slack)
        if order < 0 or (
            order == 0
            and before(claims[weakest], held[weakest] - 1.0, weakest, claims[k], held[k] - 1.0, k, way.lot)
        ):
            weakest = k
    needed = 0.0
    if weakest >= 0:
        for k in range(held.shape[0]):
            if claims[k] > 0.0:
                needed += _seats_down_to(way, claims, k, weakest, held[weakest])
    return needed


@stage
def _seats_down_to(way, claims, k, weakest, held):
    """How many quotients of list k are not behind that of the ``weakest`` list's last seat, by halving."""
    price = way.divisors[np.int64(held) - 1]
    low, high = 0, way.divisors.shape[0]
    while low < high:
        middle = (low + high) // 2
        order = quotient_ahead(claims[k], way.divisors[middle], claims[weakest], price, way.rule.slack)
        wins = k == weakest or before(
            claims[k], np.float64(middle), k, claims[weakest], held - 1.0, weakest, way.lot
        )
        if order > 0 or (order == 0 and wins):
            low = middle + 1
        else:
            high = middle
    return np.float64(low)


@stage
def _finish(rule, constraints, winner, bonus, claims, n, i, rows):
    """Add seats kept by lists that are not admitted, the bonus and extra seats."""
    for k in range(rows.shape[1]):
        rows[PRESENT, k] = 0.0
    for p in range(claims.number[n]):
        rows[PRESENT, claims.present[n, p]] = 1.0 if claims.votes[n, p, i] > 0.0 else 0.0
    rows[WON, winner] += bonus
    for k in range(rows.shape[1]):
        kept = rows[HELD, k] * (1.0 - rows[PRESENT, k]) if rule.keeps else 0.0
        rows[WON, k] += kept + constraints.extra[k]
