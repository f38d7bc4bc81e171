"""What stands around the division of seats: bonus, caps, alliances, and seats held in constituencies.

Only rules marked ``around`` come here; the others never look at it. The order of steps is the exact count's.
"""

from __future__ import annotations

import numpy as np

from forecast.kernels.allocation import all_votes
from forecast.kernels.compiling import stage
from forecast.kernels.dividing import Way, copy_rows, divide_with_alliances
from forecast.kernels.divisor import before, earlier, exchange, proportional_seats, quotient_ahead, settle
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import (
    LEVELLING_GROW,
    LEVELLING_KEEP,
    LEVELLING_REDISTRIBUTE,
    LEVELLING_START,
    SAMPLER_GIVEN,
)


@stage
def around_seats(rules, r, sampler, block, out, room, valid):
    """Seats of a block by rule ``r`` into ``out``, whose admissions and entitled votes are filled.

    Returns in how many of the first ``valid`` draws a house would have grown beyond its bound.
    """
    rule, around = rules.records[r], rules.around
    held, alliances, floors = around.held[r], around.alliances[r], around.floors[r]
    lay_out(rule, rules.weights[r], block, out, room)
    limit_lists(rule, rules.limits[r], around.direct[r], block, room.main.limits)
    fill_pool(rule, held, out.admitted, room.pool)
    award_bonus(rule, block, out, room)
    for i in range(BLOCK):
        room.main.house[i] = room.pool[i]
    whole = sampler == SAMPLER_GIVEN
    inner = around.inside[r]
    way = Way(
        rule,
        out.bounds,
        rules.divisors[rule.divisor_row],
        room.outside,
        block.vote,
        whole,
        out.lots,
        out.everyone,
        out.work,
    )
    inside = Way(
        inner,
        out.bounds,
        rules.divisors[inner.divisor_row],
        room.nothing,
        block.vote,
        whole,
        out.lots,
        out.everyone,
        out.work,
    )
    beyond = 0
    if rule.levelling == LEVELLING_START:
        start_after(way, held, rules.limits[r], room, out)
    else:
        if rule.levelling == LEVELLING_GROW:
            beyond = grow(way, held, room, valid)
        divide_with_alliances(way, inside, alliances, floors, room, out.seats)
        if rule.levelling == LEVELLING_REDISTRIBUTE:
            for k in range(held.shape[0]):
                room.aside[k] = 0.0
            while set_aside(held, out.seats, room) > 0:
                divide_with_alliances(way, inside, alliances, floors, room, out.seats)
            add_rows(room.aside, out.seats)
        if rule.levelling == LEVELLING_GROW or rule.levelling == LEVELLING_KEEP:
            keep_held(held, out.admitted, out.seats)
    finish(rule, held, around.extra[r], room, out)
    return beyond


@stage
def lay_out(rule, weights, block, out, room):
    """The national division: every admitted list with its votes, and those behind the quota."""
    main, outside = room.main, room.outside
    copy_rows(out.admitted, room.present)
    copy_rows(out.entitled, main.claims)
    for k in range(weights.shape[0]):
        row, inside, own = block.votes[k], out.admitted[k], main.behind[k]
        weight = weights[k] * rule.uncorrected
        for i in range(BLOCK):
            own[i] = row[i] * inside[i] * weight
    if not rule.quota_of_valid:
        for i in range(BLOCK):
            outside[i] = 0.0
        return
    all_votes(block.votes, block.listed, weights, rule.vote, rule.uncorrected, outside)
    for k in range(weights.shape[0]):
        own = main.behind[k]
        for i in range(BLOCK):
            outside[i] -= own[i]
    for i in range(BLOCK):
        outside[i] = max(outside[i], 0.0)


@stage
def limit_lists(rule, most, direct, block, limits):
    """limits (K, BLOCK): the smaller of ``most`` (K,) and what the cap by share allows."""
    top, bottom, listed = rule.cap_numerator, rule.cap_denominator, block.listed
    for k in range(most.shape[0]):
        row, limit, least, own = block.votes[k], limits[k], most[k], direct[k]
        if top == 0.0:
            for i in range(BLOCK):
                limit[i] = least
        else:
            for i in range(BLOCK):
                claim, unit = row[i] * top, listed[i] * bottom
                allowed = np.floor(claim / unit)
                # A quotient can land on the wrong side of a whole number by one rounding; the product tells.
                allowed += 1.0 if claim >= (allowed + 1.0) * unit else 0.0
                allowed -= 1.0 if claim < allowed * unit else 0.0
                limit[i] = min(least, max(allowed - own, 0.0)) if unit > 0.0 else least


@stage
def fill_pool(rule, held, admitted, pool):
    """pool (BLOCK) = the seats that the admitted share."""
    for i in range(BLOCK):
        pool[i] = rule.seats
    if rule.deducts:
        for k in range(held.shape[0]):
            inside, seats = admitted[k], held[k]
            for i in range(BLOCK):
                pool[i] -= seats * (1.0 - inside[i])
        for i in range(BLOCK):
            pool[i] = max(pool[i], 0.0)


@stage
def award_bonus(rule, block, out, room):
    """Take the bonus of the largest admitted list off the pool, into ``room.winner`` and ``room.bonus``."""
    votes, admitted, winner, bonus, pool = block.votes, out.admitted, room.winner, room.bonus, room.pool
    for i in range(BLOCK):
        winner[i] = 0
        bonus[i] = 0.0
    if rule.bonus_most == 0.0:
        return
    for i in range(BLOCK):
        best = -1
        for k in range(admitted.shape[0]):
            if admitted[k, i] == 0.0:
                continue
            tied = best >= 0 and votes[k, i] == votes[best, i]
            if best < 0 or votes[k, i] > votes[best, i] or (tied and earlier(out.lots[i], k, best)):
                best = k
        if best >= 0:
            winner[i] = best
            bonus[i] = min(bonus_seats(rule, votes[best, i], block.total[i]), pool[i])
            pool[i] -= bonus[i]


@stage
def bonus_seats(rule, votes, valid):
    """Seats of the bonus for a list with so many of the ``valid`` votes."""
    above = votes * rule.bonus_unit - rule.bonus_from * valid
    if above < 0.0 or votes == 0.0:
        return 0.0
    steps = 0.0
    if rule.bonus_steps > 0.0:
        size = valid * rule.bonus_steps
        steps = np.floor(above / size)
        steps += 1.0 if above >= (steps + 1.0) * size else 0.0
        steps -= 1.0 if above < steps * size else 0.0
    return min(rule.bonus + steps, rule.bonus_most)


@stage
def set_aside(held, seats, room):
    """Set lists aside that hold more than their share, with their seats; how many there were in the block."""
    main, raw = room.main, room.pool
    changes = np.int64(0)
    for k in range(held.shape[0]):
        if held[k] == 0.0:
            continue
        here, claim, own, kept = room.present[k], main.claims[k], main.behind[k], room.aside[k]
        share, mine = seats[k], held[k]
        for i in range(BLOCK):
            over = (here[i] > 0.0) & (share[i] < mine)
            changes += np.int64(over)
            kept[i] = mine if over else kept[i]
            raw[i] -= mine if over else 0.0
            here[i] = 0.0 if over else here[i]
            claim[i] = 0.0 if over else claim[i]
            own[i] = 0.0 if over else own[i]
    for i in range(BLOCK):
        main.house[i] = max(raw[i], 0.0)
    return changes


@stage
def start_after(way, held, most, room, out):
    """Divisors that begin after the seats held (K,); ``most`` (K,) limits."""
    rule, main, seats, left = way.rule, room.main, out.seats, out.work.left
    house, taken = main.house, room.sums[0]
    for i in range(BLOCK):
        taken[i] = 0.0
    for k in range(held.shape[0]):
        inside, mine = out.admitted[k], held[k]
        for i in range(BLOCK):
            taken[i] += inside[i] * mine
    for i in range(BLOCK):
        house[i] = max(room.pool[i], taken[i])
    proportional_seats(
        main.claims,
        out.entitled_total,
        out.how_many,
        house,
        rule.shift,
        rule.first,
        way.everyone,
        room.sums[1],
        seats,
        left,
    )
    for i in range(BLOCK):
        left[i] = house[i]
    for k in range(held.shape[0]):
        inside, mine, limit, row = out.admitted[k], held[k], most[k], seats[k]
        for i in range(BLOCK):
            row[i] = min(max(row[i], inside[i] * mine), limit)
            left[i] -= row[i]
    unsettled = out.work.ranks[0]
    settle(main.claims, way.divisors, most, held, rule.slack, way.lots, way.everyone, unsettled, seats, left)
    if way.whole_votes or not rule.blockwise:
        exchange(main.claims, way.divisors, most, held, rule.slack, way.lots, way.everyone, seats)


@stage
def grow(way, held, room, valid):
    """Let the house of ``room.main`` grow until every share covers the seats held.

    Returns in how many of the first ``valid`` draws that is beyond the rule's largest house.
    """
    rule, claims, house = way.rule, room.main.claims, room.main.house
    largest = np.float64(rule.largest_house)
    beyond = 0
    for i in range(BLOCK):
        weakest = weakest_claim(claims, held, way.divisors, rule.slack, way.lots[i], i)
        if weakest < 0:
            continue
        needed = 0.0
        for k in range(held.shape[0]):
            if claims[k, i] > 0.0:
                needed += seats_down_to(
                    claims, k, weakest, held[weakest], way.divisors, rule.slack, way.lots[i], i
                )
        if needed > largest:
            beyond += 1 if i < valid else 0
            needed = largest
        house[i] = max(house[i], needed)
    return beyond


@stage
def weakest_claim(claims, held, divisors, slack, lot, i):
    """Of lists that hold seats the one whose last has the lowest quotient in draw i; -1 if none has votes."""
    weakest = -1
    for k in range(held.shape[0]):
        if held[k] == 0.0 or claims[k, i] == 0.0:
            continue
        if weakest < 0:
            weakest = k
            continue
        order = quotient_ahead(
            claims[k, i],
            divisors[np.int64(held[k]) - 1],
            claims[weakest, i],
            divisors[np.int64(held[weakest]) - 1],
            slack,
        )
        if order < 0 or (order == 0 and before(claims[weakest, i], weakest, claims[k, i], k, lot)):
            weakest = k
    return weakest


@stage
def seats_down_to(claims, k, weakest, held, divisors, slack, lot, i):
    """How many quotients of list k are not behind that of the ``weakest`` list's last seat, by halving."""
    wins_ties = k == weakest or before(claims[k, i], k, claims[weakest, i], weakest, lot)
    price = divisors[np.int64(held) - 1]
    low, high = 0, divisors.shape[0]
    while low < high:
        middle = (low + high) // 2
        order = quotient_ahead(claims[k, i], divisors[middle], claims[weakest, i], price, slack)
        if order > 0 or (order == 0 and wins_ties):
            low = middle + 1
        else:
            high = middle
    return np.float64(low)


@stage
def keep_held(held, admitted, seats):
    """Let admitted lists hold what they have, where that is more than their share."""
    for k in range(held.shape[0]):
        inside, mine, row = admitted[k], held[k], seats[k]
        for i in range(BLOCK):
            row[i] = max(row[i], inside[i] * mine)


@stage
def add_rows(more, rows):
    """rows (K, BLOCK) += more."""
    for k in range(rows.shape[0]):
        row, extra = rows[k], more[k]
        for i in range(BLOCK):
            row[i] += extra[i]


@stage
def finish(rule, held, extra, room, out):
    """Add seats kept by lists that are not admitted, the bonus and extra seats; void draws have none."""
    for i in range(BLOCK):
        out.seats[room.winner[i], i] += room.bonus[i]
    for k in range(held.shape[0]):
        kept = held[k] if rule.keeps else 0.0
        inside, row, more = out.admitted[k], out.seats[k], extra[k]
        for i in range(BLOCK):
            seats = row[i] + kept * (1.0 - inside[i]) + more
            row[i] = seats if out.entitled_total[i] > 0.0 else 0.0
