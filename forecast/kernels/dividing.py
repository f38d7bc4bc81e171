"""Divisions inside a division: limits that lists may not exceed, alliances, and floors inside them.

Each stage divides a house (a number of seats for every draw) among those who take part, and repeats the
division for a block until nothing changes in any of its draws; what is settled in the others stays as it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.allocation import allocate
from forecast.kernels.compiling import maker, stage
from forecast.kernels.random import BLOCK


class Division(NamedTuple):
    """Who divides how many seats."""

    claims: Any  # (K, BLOCK) votes as they count, 0 for those who take no part
    behind: Any  # (K, BLOCK) votes that each adds to the quota
    limits: Any  # (K, BLOCK) seats that each may get at most
    house: Any  # (BLOCK,)


class Way(NamedTuple):
    """How the seats are divided."""

    rule: Any  # RULE
    bounds: Any
    divisors: Any  # (N,)
    outside: Any  # (BLOCK,) votes behind the quota of those who take no part
    vote: Any  # (BLOCK,) the size of a single vote
    whole_votes: Any
    lots: Any  # (BLOCK,) uint64
    everyone: Any  # (K,) int64
    work: Any


class Room(NamedTuple):
    """Scratch for what stands around the division."""

    present: Any  # (K, BLOCK) 1 where a list takes part in the national division, else 0
    main: Division
    part: Division  # between alliances, or inside one
    free: Division  # those that have not met their limit
    capped: Any  # (K, BLOCK) seats of those that have
    unfixed: Any  # (K, BLOCK) 1 where a member of an alliance is above its floor
    floored: Any  # (K, BLOCK) seats of those that are not
    aside: Any  # (K, BLOCK) seats of lists that hold more than their share
    entitled: Any  # (K, BLOCK)
    seats: Any  # (K, BLOCK)
    total: Any  # (BLOCK,)
    how_many: Any
    electorate: Any
    outside: Any
    nothing: Any
    pool: Any
    sums: Any  # (4, BLOCK)
    winner: Any  # (BLOCK,) int64
    bonus: Any


@maker
def new_division(lists):
    """Empty arrays for K = ``lists``."""
    return Division(
        np.empty((lists, BLOCK)), np.empty((lists, BLOCK)), np.empty((lists, BLOCK)), np.empty(BLOCK)
    )


@maker
def new_room(lists):
    """Empty arrays for K = ``lists``."""
    return Room(
        np.empty((lists, BLOCK)),
        new_division(lists),
        new_division(lists),
        new_division(lists),
        np.empty((lists, BLOCK)),
        np.empty((lists, BLOCK)),
        np.empty((lists, BLOCK)),
        np.empty((lists, BLOCK)),
        np.empty((lists, BLOCK)),
        np.empty((lists, BLOCK)),
        np.empty(BLOCK),
        np.empty(BLOCK),
        np.empty(BLOCK),
        np.empty(BLOCK),
        np.zeros(BLOCK),
        np.empty(BLOCK),
        np.empty((4, BLOCK)),
        np.empty(BLOCK, np.int64),
        np.empty(BLOCK),
    )


@stage
def copy_rows(rows, out):
    """out (K, BLOCK) = rows."""
    for k in range(rows.shape[0]):
        row, into = rows[k], out[k]
        for i in range(BLOCK):
            into[i] = row[i]


@stage
def divide_bare(way, division, room, seats):
    """seats (K, BLOCK) by the method alone; nothing where the house is empty."""
    total, how_many, electorate, house = room.total, room.how_many, room.electorate, division.house
    for i in range(BLOCK):
        total[i] = 0.0
        how_many[i] = 0.0
        electorate[i] = way.outside[i] if house[i] >= 1.0 else 0.0
    for k in range(seats.shape[0]):
        claim, own, mine = division.claims[k], division.behind[k], room.entitled[k]
        for i in range(BLOCK):
            votes = claim[i] if house[i] >= 1.0 else 0.0
            mine[i] = votes
            total[i] += votes
            how_many[i] += 1.0 if votes > 0.0 else 0.0
            electorate[i] += own[i] if house[i] >= 1.0 else 0.0
    allocate(
        way.rule,
        way.bounds,
        way.divisors,
        room.entitled,
        how_many,
        total,
        electorate,
        house,
        way.vote,
        way.whole_votes,
        way.lots,
        way.everyone,
        way.work,
        seats,
    )


@stage
def divide_capped(way, division, room, seats):
    """seats (K, BLOCK); lists over their limit get what it allows, the others divide the rest anew."""
    if not way.rule.limited:
        divide_bare(way, division, room, seats)
        return
    free, house = room.free, room.free.house
    copy_rows(division.claims, free.claims)
    copy_rows(division.behind, free.behind)
    for i in range(BLOCK):
        house[i] = division.house[i]
    for k in range(seats.shape[0]):
        room.capped[k] = 0.0
    while True:
        divide_bare(way, free, room, seats)
        changes = np.int64(0)
        for k in range(seats.shape[0]):
            held, limit, fixed = seats[k], division.limits[k], room.capped[k]
            claim, own = free.claims[k], free.behind[k]
            for i in range(BLOCK):
                over = held[i] > limit[i]
                changes += np.int64(over)
                fixed[i] += limit[i] if over else 0.0
                house[i] -= limit[i] if over else 0.0
                claim[i] = 0.0 if over else claim[i]
                own[i] = 0.0 if over else own[i]
        if changes == 0:
            break
    for k in range(seats.shape[0]):
        held, fixed = seats[k], room.capped[k]
        for i in range(BLOCK):
            held[i] += fixed[i]


@stage
def join(present, main, alliances, a, sums, part):
    """Let the first present member of alliance ``a`` stand in ``part`` for all, and the others for none."""
    claims, behind, limits, taken = sums[0], sums[1], sums[2], sums[3]
    for i in range(BLOCK):
        claims[i] = 0.0
        behind[i] = 0.0
        limits[i] = 0.0
        taken[i] = 0.0
    for k in range(alliances.shape[0]):
        if alliances[k] == a:
            here, claim, own, limit = present[k], main.claims[k], main.behind[k], main.limits[k]
            for i in range(BLOCK):
                claims[i] += claim[i]
                behind[i] += own[i]
                limits[i] += limit[i] * here[i]
    for k in range(alliances.shape[0]):
        if alliances[k] == a:
            here, claim, own, limit = present[k], part.claims[k], part.behind[k], part.limits[k]
            for i in range(BLOCK):
                leads = here[i] * (1.0 - taken[i])
                claim[i] = claims[i] * leads
                own[i] = behind[i] * leads
                limit[i] = limits[i]
                taken[i] = max(taken[i], here[i])


@stage
def enter(present, main, alliances, a, seats, part, unfixed, floored):
    """Lay out the division inside alliance ``a``, whose seats are in ``seats`` (K, BLOCK)."""
    for i in range(BLOCK):
        part.house[i] = 0.0
    for k in range(alliances.shape[0]):
        mine = 1.0 if alliances[k] == a else 0.0
        claim, own, limit = main.claims[k], main.behind[k], main.limits[k]
        into_claim, into_own, into_limit = part.claims[k], part.behind[k], part.limits[k]
        won, here, open_, fixed = seats[k], present[k], unfixed[k], floored[k]
        for i in range(BLOCK):
            into_claim[i] = claim[i] * mine
            into_own[i] = own[i] * mine
            into_limit[i] = limit[i]
            open_[i] = here[i] * mine
            fixed[i] = 0.0
            part.house[i] += won[i] * mine


@stage
def keep_floors(floors, seats, part, unfixed, floored):
    """Fix members below their floor at it, as far as seats go; how many draws it touched.

    A draw in which every member left is below its floor is left as it is.
    """
    touched = 0
    for i in range(BLOCK):
        short, open_ = 0, 0
        for k in range(floors.shape[0]):
            if unfixed[k, i] > 0.0:
                open_ += 1
                short += 1 if seats[k, i] < floors[k] else 0
        if short == 0 or short == open_:
            continue
        for k in range(floors.shape[0]):
            if unfixed[k, i] > 0.0 and seats[k, i] < floors[k]:
                given = min(floors[k], part.house[i])
                floored[k, i] = given
                part.house[i] -= given
                unfixed[k, i] = 0.0
                part.claims[k, i] = 0.0
                part.behind[k, i] = 0.0
        touched += 1
    return touched


@stage
def divide_with_alliances(way, inside, alliances, floors, room, seats):
    """Divide the house of ``room.main``: between alliances and single lists, then inside; seats (K, BLOCK).

    ``inside`` is the way an alliance divides its own; alliances (K,) are numbers of alliances, -1 for none.
    """
    main, part = room.main, room.part
    number = way.rule.alliances
    if number == 0:
        divide_capped(way, main, room, seats)
        return
    copy_rows(main.claims, part.claims)
    copy_rows(main.behind, part.behind)
    copy_rows(main.limits, part.limits)
    for i in range(BLOCK):
        part.house[i] = main.house[i]
    for a in range(number):
        join(room.present, main, alliances, a, room.sums, part)
    divide_capped(way, part, room, seats)
    for a in range(number):
        enter(room.present, main, alliances, a, seats, part, room.unfixed, room.floored)
        divide_capped(inside, part, room, room.seats)
        while keep_floors(floors, room.seats, part, room.unfixed, room.floored) > 0:
            divide_capped(inside, part, room, room.seats)
        for k in range(alliances.shape[0]):
            if alliances[k] == a:
                won, divided, fixed = seats[k], room.seats[k], room.floored[k]
                for i in range(BLOCK):
                    won[i] = divided[i] + fixed[i]
