"""Houses of districts that depend on the votes of the day, seats that districts leave over, and votes from
abroad that are shared among them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import (
    BLOCK,
    B1x1,
    Claims,
    F32x2,
    F64x1,
    F64x2,
    I64x1,
    I64x2,
    Seats,
    U16x2,
    Votes,
)
from forecast.kernels.count import mark_inside
from forecast.kernels.count_places import Districts, empty_all, fill_all
from forecast.kernels.divide_quota import give_up, one_each, quota_of_votes, quota_parts, whole_quotas
from forecast.kernels.laws import FAMILY_NONE, NO_LIMIT, REMAINDER_ROUNDED, Law, Rule
from forecast.kernels.one_draw import (
    BY_ORDER,
    CLOSED,
    ENTITLED,
    FLOORS,
    LIMITS,
    REMAINDERS,
    SEATS,
    Way,
    electorate,
    lot_of,
    put_seats,
    vote_size,
)
from forecast.kernels.remainders import method_seats, quota_seats


@kernel
def size_districts(
    rules: Rule,
    law: Law,
    total: int,
    has_seats: I64x1,
    votes: Votes,
    houses: U16x2,
    everyone: I64x1,
    draw: F64x2,
) -> None:
    """houses (D, BLOCK) = the seats of each district by the votes cast in it: whole Hare quotas, then the
    largest remainders. ``draw`` (DRAW_ROWS, D) and ``everyone`` (D,) are workspace.
    """
    draw[LIMITS, :] = NO_LIMIT
    way = Way(rules[0], law.divisors[rules[0].divisor_row], 0.0, 1.0, BY_ORDER, everyone, draw)
    for i in range(BLOCK):
        sum_votes = 0.0
        for d in range(has_seats.shape[0]):
            draw[ENTITLED, d] = np.float64(votes.total[d, i]) if has_seats[d] != 0 else 0.0
            sum_votes += draw[ENTITLED, d]
        quota_seats(way, total, sum_votes)
        for d in range(has_seats.shape[0]):
            houses[d, i] = np.uint16(np.int64(draw[SEATS, d]))


@kernel
def share_votes(has_seats: I64x1, votes: Votes, shared: Votes) -> None:
    """``shared`` = the votes of districts with seats and, in proportion to their valid votes, those of the
    others.
    """
    valid = shared.total[0]
    for i in range(BLOCK):
        valid[i] = np.float32(0.0)
    for d in range(has_seats.shape[0]):
        if has_seats[d] != 0:
            for i in range(BLOCK):
                valid[i] += votes.total[d, i]
    # The row of the total of a district comes last: the first is in use until then.
    for k in range(votes.single.shape[1]):
        for i in range(BLOCK):
            abroad = np.float32(0.0)
            for d in range(has_seats.shape[0]):
                abroad += votes.single[d, k, i] if has_seats[d] == 0 else np.float32(0.0)
            for d in range(has_seats.shape[0]):
                own = votes.single[d, k, i] + abroad * (votes.total[d, i] / valid[i])
                shared.single[d, k, i] = own if has_seats[d] != 0 else np.float32(0.0)
    for d in range(has_seats.shape[0]):
        for i in range(BLOCK):
            shared.total[d, i] = np.float32(0.0)
        for k in range(votes.single.shape[1]):
            for i in range(BLOCK):
                shared.total[d, i] += shared.single[d, k, i]


class LeftoverWorkspace(NamedTuple):
    """What seats left over are divided with: rows of a single draw, for a district and for the pool."""

    here: F64x2
    """(DRAW_ROWS, K)"""
    pool: F64x2
    """(DRAW_ROWS, K)"""
    everyone: I64x1
    """(K,) all lists."""
    most: F64x1
    """(K,) whole quotas of a district that count for each at most."""
    pools: F64x1
    """(K,) 1 where the remainders of a list count in the pool, 0 of independents."""
    asked: B1x1
    """(2,) whether a list must be admitted nationally for the pool; and have a level for its last seats."""
    national: Claims
    last: Claims
    """Of lists that have that level."""
    open_to: F32x2
    """(K, BLOCK) 1 where the pool is open to a list."""
    last_open_to: F32x2
    """(K, BLOCK) 1 where its last seats are."""


@kernel
def divide_with_leftover(
    rules: Rule, law: Law, local: Districts, houses: U16x2, pooled: Seats, workspace: LeftoverWorkspace
) -> None:
    """Whole quotas in districts; the seats they leave go by the second of the two ``rules`` on the
    remainders added up, into ``pooled`` (1, K), or are left to the levelling.
    """
    second, lists, pool = rules[1], law.levels.shape[0], workspace.pool
    pool[LIMITS, :], pool[FLOORS, :] = NO_LIMIT, 0.0
    empty_all(local.seats)
    empty_all(pooled)
    if workspace.asked[0]:
        mark_inside(workspace.national, 0, workspace.open_to)
    if workspace.asked[1]:
        mark_inside(workspace.last, 0, workspace.last_open_to)
    for i in range(BLOCK):
        left, behind, vote = 0.0, 0.0, 1.0
        lot = lot_of(rules[0], local.piece[0], houses.shape[0], i)
        for k in range(lists):
            pool[ENTITLED, k] = 0.0
        for d in range(houses.shape[0]):
            vote = vote_size(local.votes, d, i)
            left += _whole_quotas(rules[0], law, local, houses, d, i, vote, workspace)
            put_seats(local.claims, d, i, workspace.here[SEATS], local.seats)
        for k in range(lists):
            pool[ENTITLED, k] *= workspace.pools[k] * np.float64(workspace.open_to[k, i])
            behind += pool[ENTITLED, k]
        way = Way(second, law.divisors[second.divisor_row], 0.0, vote, lot, workspace.everyone, pool)
        if second.family != FAMILY_NONE:
            if workspace.asked[1]:
                _with_level_for_the_last(way, left, behind, workspace.last_open_to, i)
            else:
                method_seats(way, left, behind)
            for k in range(lists):
                pooled.whole[0, k, i] = np.uint16(np.int64(pool[SEATS, k]))


@stage
def _with_level_for_the_last(way, seats, behind, open_to, i):
    """Whole quotas of the pool, and what these leave by remainder, round after round, among the lists that
    have the level, ``open_to`` (K, BLOCK); among all where none of them has.
    """
    entitled, closed, number = way.draw[ENTITLED], way.draw[CLOSED], 0
    quota, _, left = whole_quotas(way, seats, behind)
    left = give_up(way, quota, left) if quota > 0.0 else 0.0
    for k in range(closed.shape[0]):
        number += 1 if entitled[k] > 0.0 and open_to[k, i] > 0.0 else 0
    for k in range(closed.shape[0]):
        closed[k] = 1.0 if number > 0 and open_to[k, i] == 0.0 else 0.0
    one_each(way, way.draw[REMAINDERS], left)


@stage
def _whole_quotas(rule, law, local, houses, d, i, vote, workspace):
    """Whole quotas of a district, ``here[SEATS]``, and its remainders into the pool; seats that are left."""
    claims, here, house = local.claims, workspace.here, np.float64(houses[d, i])
    behind, left = electorate(rule, law, local.votes, claims, d, i, here), house
    present, divisors = claims.present[d, : claims.number[d]], law.divisors[rule.divisor_row]
    quota = quota_of_votes(rule.quota, behind, house, vote * rule.vote) if house >= 1.0 else 0.0
    parts = quota_parts(rule.quota, house)
    for p in range(present.shape[0]):
        scaled = here[ENTITLED, p] * parts
        whole = np.floor(scaled / quota) if quota > 0.0 else 0.0
        rest = scaled - whole * quota
        if rule.remainder == REMAINDER_ROUNDED and quota > 0.0:
            more = rest * rule.remainder_denominator >= rule.remainder_numerator * quota
            more = more and workspace.pools[present[p]] > 0.0
            whole, rest = (whole + 1.0, rest - quota) if more else (whole, rest)
        whole = min(whole, workspace.most[present[p]])
        here[SEATS, p] = whole
        here[REMAINDERS, p] = rest
        if quota > 0.0:
            workspace.pool[ENTITLED, present[p]] += rest / parts
        left -= whole
    lot = lot_of(rule, local.piece[0], d, i)
    return give_up(Way(rule, divisors, 0.0, vote, lot, present, here), quota, left)


@kernel
def add_seats(pooled: Seats, seats: Seats) -> None:
    """Seats of the nation (1, K) and those pooled."""
    house = seats.house[0]
    for k in range(pooled.filled.shape[1]):
        more, row = pooled.whole[0, k], seats.whole[0, k]
        for i in range(BLOCK):
            row[i] += more[i]
            house[i] += more[i]


SHARE, STATE = 0, 1
_SERVED, _WAITING, _NEITHER = 1.0, 0.0, -1.0
_UNSEEN, _START = -2, -1


class TotalsWorkspace(NamedTuple):
    """What totals are placed with."""

    remainders: F64x2
    """(2, D K) as shares of the quota; whether they won a seat."""
    order: I64x1
    """(D K,)"""
    above: F64x1
    """(K,) seats beyond the total."""
    came: I64x2
    """(3, K) the remainder that gives a seat up on the way to a list, that which gets it; lists in turn."""
    draw: F64x2
    """(DRAW_ROWS, K) of a single draw."""


@kernel
def place_totals(
    rules: Rule, law: Law, houses: I64x1, local: Districts, totals: Seats, workspace: TotalsWorkspace
) -> None:
    """Seats that districts gave by remainder pass from lists above their national ``totals`` (1, K) to lists
    below (``forecast.rules.totals_first``).
    """
    lists, number, seats = law.levels.shape[0], houses.shape[0], local.seats
    remainders, above = workspace.remainders, workspace.above
    fill_all(seats)
    for i in range(BLOCK):
        for k in range(lists):
            above[k] = -np.float64(totals.whole[0, k, i])
            for d in range(number):
                above[k] += np.float64(seats.whole[d, k, i])
        served = _lay_out(rules[0], law, houses, local, i, workspace)
        for s in range(served):
            cell = workspace.order[s]
            d, k = cell // lists, cell % lists
            if above[k] > 0.0:
                winner = _largest_waiting(remainders, d, lists, above)
                if winner >= 0:
                    _move(cell, d * lists + winner, lists, i, seats, remainders, above)
        while _pass_along_a_chain(lists, number, i, seats, remainders, above, workspace.came):
            pass
        _give_back(local.votes, lists, number, i, seats, above)


@stage
def _move(loser, winner, lists, i, local, remainders, above):
    """A seat passes from a list to another in the same district."""
    d, one, other = loser // lists, loser % lists, winner % lists
    remainders[STATE, loser], remainders[STATE, winner] = _WAITING, _SERVED
    local.whole[d, one, i] -= np.uint16(1)
    local.whole[d, other, i] += np.uint16(1)
    above[one] -= 1.0
    above[other] += 1.0


@stage
def _pass_along_a_chain(lists, number, i, local, remainders, above, came):
    """One seat from a list above its total to one below it, through lists that have theirs; whether there was
    such a chain. The shortest is taken.
    """
    gives, gets, queue = came[0], came[1], came[2]
    head, tail = 0, 0
    for k in range(lists):
        gives[k] = _START if above[k] > 0.0 else _UNSEEN
        if above[k] > 0.0:
            queue[tail] = k
            tail += 1
    while head < tail:
        k = queue[head]
        head += 1
        if above[k] < 0.0:
            while gives[k] >= 0:
                loser = gives[k]
                _move(loser, gets[k], lists, i, local, remainders, above)
                k = loser % lists
            return True
        loser = _next_cell(remainders, _SERVED, k, lists, number * lists, -1.0, -1, 1.0)
        while loser >= 0:
            d = loser // lists
            end = (d + 1) * lists
            winner = _next_cell(remainders, _WAITING, d * lists, 1, end, -np.inf, -1, -1.0)
            while winner >= 0:
                other = winner % lists
                if gives[other] == _UNSEEN:
                    gives[other], gets[other] = loser, winner
                    queue[tail] = other
                    tail += 1
                share = -remainders[SHARE, winner]
                winner = _next_cell(remainders, _WAITING, d * lists, 1, end, share, winner, -1.0)
            share = remainders[SHARE, loser]
            loser = _next_cell(remainders, _SERVED, k, lists, number * lists, share, loser, 1.0)
    return False


@stage
def _next_cell(remainders, state, first, step, end, share, cell, sign):
    """The cell in ``state`` that comes after another one, by its share times ``sign``, then by its number."""
    best = -1
    for other in range(first, end, step):
        mine = sign * remainders[SHARE, other]
        behind = mine > share or (mine == share and other > cell)
        behind = behind and remainders[STATE, other] == state
        if behind and (best < 0 or mine < sign * remainders[SHARE, best]):
            best = other
    return best


@stage
def _give_back(votes, lists, number, i, local, above):
    """Seats beyond a total that nothing could mend: where the list has the fewest votes for a seat."""
    for k in range(lists):
        while above[k] > 0.0:
            place, least = -1, np.inf
            for d in range(number):
                seats = np.float64(local.whole[d, k, i])
                if seats > 0.0 and np.float64(votes.single[d, k, i]) / seats < least:
                    place, least = d, np.float64(votes.single[d, k, i]) / seats
            if place < 0:
                break
            local.whole[place, k, i] -= np.uint16(1)
            above[k] -= 1.0


@stage
def _lay_out(rule, law, houses, local, i, workspace):
    """Remainders of every list in every district, as shares of the quota there; those that won a seat, in
    rising order, and how many these are.
    """
    lists, served, claims, votes = law.levels.shape[0], 0, local.claims, local.votes
    remainders, order, draw = workspace.remainders, workspace.order, workspace.draw
    for cell in range(order.shape[0]):
        remainders[STATE, cell] = _NEITHER
    for d in range(houses.shape[0]):
        behind, house = electorate(rule, law, votes, claims, d, i, draw), np.float64(houses[d])
        quota = quota_of_votes(rule.quota, behind, house, vote_size(votes, d, i) * rule.vote)
        quota /= quota_parts(rule.quota, house)
        for p in range(claims.number[d]):
            if draw[ENTITLED, p] <= 0.0 or quota <= 0.0:
                continue
            k = claims.present[d, p]
            cell, whole = d * lists + k, np.floor(draw[ENTITLED, p] / quota)
            remainders[SHARE, cell] = draw[ENTITLED, p] / quota - whole
            own = np.float64(local.seats.whole[d, k, i])
            remainders[STATE, cell] = _SERVED if own > whole else _WAITING if own == whole else _NEITHER
            if own > whole:
                at = served
                while at > 0 and remainders[SHARE, order[at - 1]] > remainders[SHARE, cell]:
                    order[at] = order[at - 1]
                    at -= 1
                order[at] = cell
                served += 1
    return served


@stage
def _largest_waiting(remainders, d, lists, above):
    """The list below its total with the largest remainder without a seat in district d; -1 for none."""
    best = -1
    for k in range(lists):
        cell = d * lists + k
        waits = above[k] < 0.0 and remainders[STATE, cell] == _WAITING
        if waits and (best < 0 or remainders[SHARE, cell] > remainders[SHARE, d * lists + best]):
            best = k
    return best
