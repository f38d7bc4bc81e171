"""Double proportion: who is let in by a district, voters instead of votes, and the seats of districts when
lists have their national totals in them.

Draw by draw in float64, as ``forecast.rules.totals_first`` does it in fractions: seats move inside
districts from lists above their total to lists below it, each time along the chain of lists whose quotients
lose least. Multipliers of lists, which make every loss 1 or more, are kept from one move to the next
(Dijkstra), so that a chain is found in the time of a few hundred quotients.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import kernel, stage
from forecast.kernels.admit import (
    AdmitWorkspace,
    admit_by_level,
    exact_base,
    let_others_in,
    mark_admitted,
    take_in,
)
from forecast.kernels.arrays import (
    BLOCK,
    Claims,
    F32x2,
    F64x1,
    F64x2,
    GivenVotes,
    I64x1,
    I64x2,
    Piece,
    Seats,
    Votes,
)
from forecast.kernels.count_places import Districts, fill_all
from forecast.kernels.laws import TIES_LOT, Law, Rule
from forecast.kernels.one_draw import BY_ORDER, lot_of
from forecast.kernels.random_bits import mix

_NONE, _UNIT = np.float32(0.0), np.float32(1.0)


class DistrictShare(NamedTuple):
    """A share of the votes of a district, or of several, that lets a list in below its level."""

    share: F64x1
    """(4,) Above the line; below it; 1 where more is needed; in how many districts."""
    votes: Votes
    """Of the districts."""


class SharesWorkspace(NamedTuple):
    """What lists are let in by districts with."""

    met: F32x2
    """(K, BLOCK) in how many districts a list has the share."""
    totals: F64x1
    """(BLOCK,) valid votes of a district."""
    admitting: AdmitWorkspace


def _admit_by_shares(
    rules: Rule,
    law: Law,
    waiver: DistrictShare,
    piece: Piece,
    votes: Votes,
    claims: Claims,
    passes: I64x1,
    workspace: SharesWorkspace,
) -> None:
    """Add the lists to the claims of block 0 that have the share of the valid votes in as many districts as
    are asked for. They are admitted before the law lets others in: where it does, the draw is admitted anew.
    """
    rule, met, inside, lists = rules[0], workspace.met, workspace.admitting.inside, law.levels.shape[0]
    least = np.float32(waiver.share[3])
    _count_districts_met(waiver, met, workspace.totals)
    for i in range(min(piece[0].valid, BLOCK)):
        added, let_in = 0, 0
        mark_admitted(claims, i, inside)
        for k in range(lists):
            if met[k, i] >= least:
                let_in += 1
                added += 1 if inside[k] == 0.0 else 0
                inside[k] = 1.0
        if rule.corrected and let_in > 0:
            base, column = exact_base(rule.base, law.no_lists, votes, 0, i), votes.exact[0, :, i]
            admit_by_level(rule, law, column, base, inside)
            for k in range(lists):
                inside[k] = 1.0 if met[k, i] >= least else inside[k]
            let_others_in(rule, law, column, base, lot_of(rule, piece[0], 0, i), inside)
            added += 1
        if added > 0:
            take_in(law, votes, claims, 0, i, passes, workspace.admitting)


admit_by_shares_drawn = kernel(_admit_by_shares, votes=Votes)
admit_by_shares_given = kernel(_admit_by_shares, votes=GivenVotes)


@stage
def _count_districts_met(waiver, met, totals):
    """In how many districts a list has the share, or more of the votes where that is needed; without votes it
    has none. Compared as products, which are exact for whole votes.
    """
    top, bottom, strict = waiver.share[0], waiver.share[1], waiver.share[2] > 0.0
    local = waiver.votes.single
    for k in range(met.shape[0]):
        for i in range(BLOCK):
            met[k, i] = _NONE
    for d in range(local.shape[0]):
        for i in range(BLOCK):
            totals[i] = 0.0
        for u in range(local.shape[1]):
            row = local[d, u]
            for i in range(BLOCK):
                totals[i] += np.float64(row[i])
        for k in range(met.shape[0]):
            row, out = local[d, k], met[k]
            for i in range(BLOCK):
                claim, needed = np.float64(row[i]) * bottom, top * totals[i]
                enough = claim > needed or (claim == needed and not strict)
                out[i] += _UNIT if enough and row[i] > _NONE else _NONE


@kernel
def count_voters(per_voter: F64x1, parts: int, local: Votes, voters: GivenVotes) -> None:
    """Fill ``voters`` (1, U) with the votes of lists in each district by those that a voter there has,
    ``per_voter`` (D,) (0 where a district has no seats): rounded to whole voters where ``parts`` is 0
    (Zurich, Gesetz über die politischen Rechte § 103 until 2021), else in so many parts of a voter.
    """
    total = voters.total[0]
    for i in range(BLOCK):
        total[i] = 0.0
    for k in range(voters.single.shape[1]):
        own, single = voters.exact[0, k], voters.single[0, k]
        for i in range(BLOCK):
            own[i] = 0.0
        for d in range(per_voter.shape[0]):
            if per_voter[d] > 0.0:
                row, each = local.single[d, k], np.float64(parts) / per_voter[d]
                if parts == 0:
                    for i in range(BLOCK):
                        own[i] += np.floor(np.float64(row[i]) / per_voter[d] + 0.5)
                else:
                    for i in range(BLOCK):
                        own[i] += np.float64(row[i]) * each
        for i in range(BLOCK):
            single[i] = np.float32(own[i])
            total[i] += own[i]


ANY_DISTRICT, SINGLE_MEMBER = 1, 2
"""Where the strongest list has a seat at least; 0 for nowhere."""

_JITTER = 2.0**-40 * 2.0**-53
"""Of equal quotients the lot decides, by as much more as votes may count: more than rounding, and less than
unequal ones differ by.
"""

MULTIPLIERS, ABOVE, LOSSES, SETTLED, BEST = 0, 1, 2, 3, 4
LIST_ROWS = 5


class DoubleWorkspace(NamedTuple):
    """What totals are placed with."""

    votes: F64x2
    """(D, K) of the lists that take part, 0 of others."""
    seats: I64x2
    """(D, K)"""
    kept: I64x2
    """(D, K) seats that a list has at least."""
    following: F64x2
    """(D, K) the inverse of the quotient for the next seat; infinite where a list takes no part."""
    lists: F64x2
    """(LIST_ROWS, K) what quotients are multiplied by; seats above the total; what the cheapest chain to a
    list loses; whether it is known; what a seat from one list to each loses in the best district.
    """
    before: I64x1
    """(K,) the list before each in its chain, -1 where it begins."""


@kernel
def place_doubly(
    rules: Rule,
    strongest: int,
    law: Law,
    houses: I64x1,
    local: Districts,
    totals: Seats,
    workspace: DoubleWorkspace,
) -> None:
    """Seats of districts with both sums: those that districts divide by themselves become those in which
    lists have their ``totals`` (1, K). A draw in which no table has both sums is void: nobody has seats.
    """
    rule, number, lists = rules[0], houses.shape[0], workspace.lists.shape[1]
    divisors = law.divisors[rule.divisor_row]
    fill_all(local.seats)
    for i in range(BLOCK):
        _lay_out(rule, divisors, houses, local, totals, i, workspace)
        if strongest > 0:
            _keep_seats_of_the_strongest(strongest, houses, workspace)
            _keep_no_more_than_won(totals, i, workspace)
        found = totals.house[0, i] > 0
        while found and _any_off(workspace.lists[ABOVE]):
            found = _move_along_a_chain(divisors, workspace)
        for d in range(number):
            given = 0
            for k in range(lists):
                own = workspace.seats[d, k] if found else 0
                local.seats.whole[d, k, i] = np.uint16(own)
                given += own
            local.seats.house[d, i] = np.uint16(given)
        if not found:
            totals.house[0, i] = 0
            for k in range(lists):
                totals.whole[0, k, i] = 0


@stage
def _lay_out(rule, divisors, houses, local, totals, i, workspace):
    """Votes, seats and next quotients of one draw, and how far lists are above their totals."""
    cast, seats, lists, claims = workspace.votes, workspace.seats, workspace.lists, local.claims
    lot = lot_of(rule, local.piece[0], 0, i)
    drawn = (lot & np.uint64(TIES_LOT)) != BY_ORDER
    for k in range(lists.shape[1]):
        lists[MULTIPLIERS, k] = 1.0
        lists[ABOVE, k] = -np.float64(totals.whole[0, k, i])
    for d in range(houses.shape[0]):
        for k in range(lists.shape[1]):
            cast[d, k] = 0.0
            workspace.kept[d, k] = 0
        for p in range(claims.number[d] if houses[d] > 0 else 0):
            if claims.votes[d, p, i] > _NONE:
                k = claims.present[d, p]
                cast[d, k] = np.float64(local.votes.single[d, k, i])
        for k in range(lists.shape[1]):
            own = np.int64(local.seats.whole[d, k, i])
            seats[d, k] = own
            lists[ABOVE, k] += np.float64(own)
            weighed = cast[d, k]
            if drawn and weighed > 0.0:
                weighed *= 1.0 + np.float64(mix(lot, d, k) >> np.uint64(11)) * _JITTER
                cast[d, k] = weighed
            workspace.following[d, k] = divisors[own] / weighed if weighed > 0.0 else np.inf


@stage
def _keep_seats_of_the_strongest(strongest, houses, workspace):
    """The list with most votes in a district keeps a seat, or all that have as many, if there are enough."""
    cast, kept = workspace.votes, workspace.kept
    for d in range(houses.shape[0]):
        most, many = 0.0, 0
        for k in range(cast.shape[1]):
            # The votes themselves are equal, what a lot adds to them is not.
            own = np.float64(np.float32(cast[d, k]))
            many = 1 if own > most else many + 1 if own == most else many
            most = own if own > most else most
        wanted = houses[d] == 1 if strongest == SINGLE_MEMBER else houses[d] >= 1
        if not wanted or many > houses[d] or most <= 0.0:
            continue
        for k in range(cast.shape[1]):
            kept[d, k] = 1 if np.float64(np.float32(cast[d, k])) == most else 0


@stage
def _keep_no_more_than_won(totals, i, workspace):
    """A list that is the strongest in more districts than it has seats keeps one where its share of the votes
    is largest, of equal shares in the first.
    """
    cast, kept = workspace.votes, workspace.kept
    for k in range(cast.shape[1]):
        beyond = -np.int64(totals.whole[0, k, i])
        for d in range(cast.shape[0]):
            beyond += kept[d, k]
        while beyond > 0:
            where, least = -1, np.inf
            for d in range(cast.shape[0]):
                total = 0.0
                for other in range(cast.shape[1]):
                    total += np.float64(np.float32(cast[d, other]))
                share = np.float64(np.float32(cast[d, k])) / total if kept[d, k] > 0 else np.inf
                if kept[d, k] > 0 and share <= least:
                    where, least = d, share
            kept[where, k] = 0
            beyond -= 1


@stage
def _any_off(above):
    off = 0.0
    for k in range(above.shape[0]):
        off += abs(above[k])
    return off > 0.0


@stage
def _move_along_a_chain(divisors, workspace):
    """One seat from a list above its total to one below it, where quotients lose least on the way; whether
    there is a way.
    """
    lists, before, seats = workspace.lists, workspace.before, workspace.seats
    multipliers, above, losses, settled = lists[MULTIPLIERS], lists[ABOVE], lists[LOSSES], lists[SETTLED]
    end = _cheapest_end(divisors, workspace)
    if end < 0:
        return False
    whole = losses[end]
    for k in range(multipliers.shape[0]):
        multipliers[k] *= losses[k] if settled[k] > 0.0 and losses[k] < whole else whole
    above[end] += 1.0
    while before[end] >= 0:
        start = before[end]
        d = _cheapest_place(divisors, start, end, workspace)
        seats[d, end] += 1
        seats[d, start] -= 1
        for k in (start, end):
            workspace.following[d, k] = divisors[seats[d, k]] / workspace.votes[d, k]
        end = start
    above[end] -= 1.0
    return True


@stage
def _cheapest_end(divisors, workspace):
    """The list below its total to which the cheapest chain leads (Dijkstra), -1 for none. Losses are factors
    of quotients, 1 or more with the multipliers.
    """
    lists, before, best = workspace.lists, workspace.before, workspace.lists[BEST]
    multipliers, above, losses, settled = lists[MULTIPLIERS], lists[ABOVE], lists[LOSSES], lists[SETTLED]
    for k in range(multipliers.shape[0]):
        settled[k] = 0.0
        before[k] = -1
        losses[k] = 1.0 if above[k] > 0.0 else np.inf
    while True:
        nearest, least = -1, np.inf
        for k in range(multipliers.shape[0]):
            if settled[k] == 0.0 and losses[k] < least:
                nearest, least = k, losses[k]
        if nearest < 0 or above[nearest] < 0.0:
            return nearest
        settled[nearest] = 1.0
        for k in range(multipliers.shape[0]):
            best[k] = np.inf
        for d in range(workspace.seats.shape[0]):
            last, following = _last_quotient(divisors, d, nearest, workspace), workspace.following[d]
            for k in range(multipliers.shape[0]):
                loss = last * following[k]
                best[k] = loss if loss < best[k] else best[k]
        for k in range(multipliers.shape[0]):
            loss = least * multipliers[nearest] * best[k] / multipliers[k]
            if settled[k] == 0.0 and loss < losses[k]:
                losses[k], before[k] = loss, nearest


@stage
def _last_quotient(divisors, d, k, workspace):
    """The quotient of the last seat that a list may give away in a district; infinite without one."""
    own = workspace.seats[d, k]
    return workspace.votes[d, k] / divisors[own - 1] if own > workspace.kept[d, k] else np.inf


@stage
def _cheapest_place(divisors, start, end, workspace):
    """The district in which a seat of one list for another loses least."""
    where, least = 0, np.inf
    for d in range(workspace.seats.shape[0]):
        loss = _last_quotient(divisors, d, start, workspace) * workspace.following[d, end]
        if loss < least:
            where, least = d, loss
    return where
