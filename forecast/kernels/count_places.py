"""Districts: who takes part in each, what the country wins in all, and counting place by place.

A district is a block to the stages that admit and divide: the blocks of a piece are then the D districts of
the same draws, and there are D claims, D houses, D seats.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import kernel, stage
from forecast.kernels.admit import AdmitWorkspace, mark_admitted, take_in
from forecast.kernels.arrays import (
    BLOCK,
    B1x2,
    Claims,
    F32x2,
    F32x3,
    F64x1,
    F64x2,
    GivenVotes,
    I64x1,
    Piece,
    Seats,
    U16x3,
    U32x3,
    Votes,
)
from forecast.kernels.count import count_row, mark_inside
from forecast.kernels.divide_divisor import larger_quotient
from forecast.kernels.laws import Law, Rule
from forecast.kernels.one_draw import ENTITLED, SEATS, Way, entitle, lot_of, put_seats, tied_before

EVERYONE, NATIONAL, LOCAL, BOTH, EITHER = 0, 1, 2, 3, 4
"""Who takes part in a district: every list; those admitted nationally; those admitted in the place; those
admitted in both; those admitted in one of them.
"""

_NONE, _UNIT = np.float32(0.0), np.float32(1.0)


class Admitted(NamedTuple):
    """Who is admitted in the country and in places, of which each of D districts has one."""

    national: Claims
    places: Claims
    place_of: I64x1
    """(D,) the place whose level counts for a district: itself, or its region."""


class Districts(NamedTuple):
    """The ballots of D districts in a block of draws."""

    piece: Piece
    votes: Votes
    claims: Claims
    seats: Seats


class InsideWorkspace(NamedTuple):
    """Who is admitted, 1 or 0: (K, BLOCK) each."""

    national: F32x2
    local: F32x2
    joined: F32x2


class Waivers(NamedTuple):
    """What lets a list in that is below its level, of districts that the level does not guard."""

    seats: I64x1
    """(1,) seats won there; 0 for no such waiver."""
    regions: I64x1
    """(1,) in so many regions at least the valid votes per fixed seat; 0 for no such waiver."""
    houses: I64x1
    """(P,) fixed seats of the regions."""
    votes: Votes
    """Of the regions."""


def _admit_by_districts(
    law: Law,
    waivers: Waivers,
    piece: Piece,
    votes: Votes,
    won: Seats,
    claims: Claims,
    passes: I64x1,
    workspace: AdmitWorkspace,
) -> None:
    """Add the lists to the claims of block 0 that the districts let in: ``won`` has their seats there."""
    inside, lists = workspace.inside, law.levels.shape[0]
    for i in range(min(piece[0].valid, BLOCK)):
        added = 0
        mark_admitted(claims, i, inside)
        for k in range(lists):
            if inside[k] == 0.0 and votes.single[0, k, i] > _NONE:
                let_in = waivers.seats[0] > 0 and won.whole[0, k, i] >= waivers.seats[0]
                if let_in or _meets_quotas(waivers, waivers.votes, k, i):
                    inside[k] = 1.0
                    added += 1
        if added > 0:
            take_in(law, votes, claims, 0, i, passes, workspace)


admit_by_districts_drawn = kernel(_admit_by_districts, votes=Votes)
admit_by_districts_given = kernel(_admit_by_districts, votes=GivenVotes)


def _claim_again(law: Law, votes: Votes, claims: Claims) -> None:
    """Claims of block 0 by other votes than those by which lists take part: with more added, or of voters."""
    total = claims.total[0]
    for i in range(BLOCK):
        total[i] = _NONE
    for p in range(claims.number[0]):
        k, row = claims.present[0, p], claims.votes[0, p]
        cast, weight = votes.exact[0, k], law.single_weights[k]
        for i in range(BLOCK):
            row[i] = np.float32(cast[i]) * weight if row[i] > _NONE else _NONE
            total[i] += row[i]


claim_again_drawn = kernel(_claim_again, votes=Votes)
claim_again_given = kernel(_claim_again, votes=GivenVotes)


@stage
def _meets_quotas(waivers, regions, k, i):
    met = 0
    for p in range(waivers.houses.shape[0]):
        house = np.float64(waivers.houses[p])
        enough = np.float64(regions.single[p, k, i]) * house >= np.float64(regions.total[p, i])
        met += 1 if house > 0.0 and enough else 0
    return waivers.regions[0] > 0 and met >= waivers.regions[0]


@stage
def fill_all(seats):
    """No seats in the rows that nobody has filled, so that any list may be given some."""
    for n in range(seats.filled.shape[0]):
        for k in range(seats.filled.shape[1]):
            if not seats.filled[n, k]:
                seats.filled[n, k] = True
                for i in range(BLOCK):
                    seats.whole[n, k, i] = 0


@stage
def empty_all(seats):
    """No seats for any list."""
    for n in range(seats.filled.shape[0]):
        for k in range(seats.filled.shape[1]):
            seats.filled[n, k] = False
    fill_all(seats)


@kernel
def claim_in_districts(
    who: int,
    law: Law,
    admitted: Admitted,
    stands: B1x2,
    votes: Votes,
    claims: Claims,
    workspace: InsideWorkspace,
) -> None:
    """Fill the claims of districts from their votes, by ``who`` takes part of those ``admitted``. ``stands``
    (D, K) leaves out lists that have no votes in a district.
    """
    inside, before = workspace.national, np.int64(-1)
    if who in (EVERYONE, LOCAL):
        for k in range(inside.shape[0]):
            row = inside[k]
            for i in range(BLOCK):
                row[i] = _UNIT
    else:
        mark_inside(admitted.national, 0, inside)
    for d in range(stands.shape[0]):
        if who >= LOCAL and admitted.place_of[d] != before:
            before = admitted.place_of[d]
            mark_inside(admitted.places, before, workspace.local)
            _join(who, workspace)
        _claim_block(law, stands[d], workspace.joined if who >= LOCAL else inside, votes, d, claims)


@stage
def _join(who, workspace):
    for k in range(workspace.joined.shape[0]):
        one, other, out = workspace.national[k], workspace.local[k], workspace.joined[k]
        if who == EITHER:
            for i in range(BLOCK):
                out[i] = one[i] if one[i] > other[i] else other[i]
        else:
            for i in range(BLOCK):
                out[i] = one[i] * other[i]


@stage
def _claim_block(law, stands, inside, votes, d, claims):
    """Claims in district d."""
    rows, total, many, present = claims.votes[d], claims.total[d], claims.many[d], claims.present[d]
    number = np.int64(0)
    for i in range(BLOCK):
        total[i] = _NONE
        many[i] = _NONE
    for k in range(stands.shape[0]):
        if not stands[k]:
            continue
        row, weight, mark, out = votes.single[d, k], law.single_weights[k], inside[k], rows[number]
        often = np.int32(0)
        for i in range(BLOCK):
            claim = row[i] * (weight * mark[i])
            out[i] = claim
            total[i] += claim
            many[i] += _UNIT if claim > _NONE else _NONE
            often = np.int32(often + np.int32(claim > _NONE))
        present[number] = k
        number += 1 if often > 0 else 0
    claims.number[d] = number


@kernel
def settle_by_all_votes(rules: Rule, law: Law, local: Districts, draw: F64x2, everywhere: F64x1) -> None:
    """Equal quotients for the last seats of a district go to the lists with more votes in all districts.

    Divisor methods only, whose seats are divided already, equal quotients by whatever decides after these
    votes; only votes from outside can tie. ``draw`` (DRAW_ROWS, K) and ``everywhere`` (K,) are workspace.
    """
    rule, here, votes, claims = rules[0], local.piece[0], local.votes, local.claims
    for i in range(min(here.valid, BLOCK)):
        for k in range(everywhere.shape[0]):
            everywhere[k] = 0.0
            for d in range(here.blocks):
                everywhere[k] += np.float64(votes.single[d, k, i])
        for d in range(here.blocks):
            entitle(rule, law, votes, claims, d, i, draw[ENTITLED])
            present, own = claims.present[d, : claims.number[d]], draw[SEATS]
            for p in range(present.shape[0]):
                own[p] = np.float64(local.seats.whole[d, present[p], i])
            lot, divisors = lot_of(rule, here, d, i), law.divisors[rule.divisor_row]
            _settle(Way(rule, divisors, 0.0, 1.0, lot, present, draw), everywhere)
            put_seats(claims, d, i, own, local.seats)


@stage
def _settle(way, everywhere):
    """Pass seats on while a list without one has a quotient equal to the last and more votes everywhere."""
    own, present, moves = way.draw[SEATS], way.present, True
    while moves:
        last, after = -1, -1
        for p in range(present.shape[0]):
            if way.draw[ENTITLED, p] > 0.0:
                if own[p] > 0.0 and (last < 0 or _goes_first(way, everywhere, last, p, 1.0)):
                    last = p
                if after < 0 or _goes_first(way, everywhere, p, after, 0.0):
                    after = p
        moves = (
            last >= 0
            and last != after
            and larger_quotient(way, last, own[last] - 1.0, after, own[after]) == 0
        )
        moves = moves and everywhere[present[after]] > everywhere[present[last]]
        if moves:
            own[last] -= 1.0
            own[after] += 1.0


@stage
def _goes_first(way, everywhere, p, q, back):
    """Whether the claim of list p to its last seat (``back`` 1) or its next (0) is ahead of list q's."""
    held, other = way.draw[SEATS, p] - back, way.draw[SEATS, q] - back
    which = larger_quotient(way, p, held, q, other)
    one, two = everywhere[way.present[p]], everywhere[way.present[q]]
    if which != 0 or one != two:
        return which > 0 if which != 0 else one > two
    return tied_before(way, p, held, q, other)


@kernel
def sum_seats(place_of: I64x1, local: Seats, places: Seats) -> None:
    """Seats of places from those of their districts (D,), and how many are handed out there."""
    empty_all(places)
    for p in range(places.filled.shape[0]):
        for i in range(BLOCK):
            places.house[p, i] = 0
    for d in range(place_of.shape[0]):
        more, house = local.house[d], places.house[place_of[d]]
        for i in range(BLOCK):
            house[i] += more[i]
        for k in range(local.filled.shape[1]):
            if local.filled[d, k]:
                row, out = local.whole[d, k], places.whole[place_of[d], k]
                for i in range(BLOCK):
                    out[i] += row[i]


@kernel
def sum_votes(districts: Piece, place_of: I64x1, votes: Votes, piece: Piece, places: Votes) -> None:
    """Votes of places from those of their districts (D,); ``piece`` becomes that of the places."""
    here, there = districts[0], piece[0]
    there.replicate, there.first, there.place = here.replicate, here.first, here.place
    there.valid, there.blocks = here.valid, places.single.shape[0]
    for p in range(places.single.shape[0]):
        total = places.total[p]
        for i in range(BLOCK):
            total[i] = _NONE
        for k in range(places.single.shape[1]):
            row = places.single[p, k]
            for i in range(BLOCK):
                row[i] = _NONE
            for d in range(place_of.shape[0]):
                if place_of[d] == p:
                    more = votes.single[d, k]
                    for i in range(BLOCK):
                        row[i] += more[i]
            for i in range(BLOCK):
                total[i] += row[i]


@kernel
def count_districts(piece: Piece, seats: Seats, counts: U32x3) -> None:
    """Add the seats of districts to counts (D K, WAYS, S + 1), S the most seats of a district."""
    valid, lists = min(piece[0].valid, BLOCK), seats.filled.shape[1]
    for d in range(seats.filled.shape[0]):
        for k in range(lists):
            bins = counts[d * lists + k]
            if seats.filled[d, k]:
                row = seats.whole[d, k]
                for i in range(valid, BLOCK):
                    row[i] = 0
                count_row(row, bins)
                bins[0, 0] -= np.uint32(BLOCK - valid)
            else:
                bins[0, 0] += np.uint32(valid)


@kernel
def keep_districts(piece: Piece, votes: Votes, seats: Seats, kept_votes: F32x3, kept_seats: U16x3) -> None:
    """Write votes (places, D, U) and seats (places, D, K) of draws that have a place among those kept."""
    here = piece[0]
    for i in range(min(here.valid, BLOCK)):
        at = here.place + i
        if at >= kept_votes.shape[0]:
            return
        for d in range(kept_votes.shape[1]):
            for k in range(kept_votes.shape[2]):
                kept_votes[at, d, k] = votes.single[d, k, i]
            for k in range(kept_seats.shape[2]):
                kept_seats[at, d, k] = seats.whole[d, k, i]
