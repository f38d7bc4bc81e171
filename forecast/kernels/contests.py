"""Single-member districts by votes: what candidates get of the national votes for lists, and which of the
winners have seats where the seats of their lists in the region must cover them.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import (
    BLOCK,
    Claims,
    F32x1,
    F32x2,
    F32x3,
    F64x2,
    GivenVotes,
    I64x1,
    I64x2,
    Piece,
    Seats,
    U16x3,
    Votes,
)
from forecast.kernels.count_places import claim_again_drawn, claim_again_given
from forecast.kernels.elementary import exp2, larger
from forecast.kernels.laws import Law
from forecast.kernels.normals import Noise, plain_normals
from forecast.kernels.random_bits import begin_stream
from forecast.kernels.whole_chamber import Contests, Elected, Winners

_SPLIT = np.uint64(0x5B117)
_LEAST = np.float32(2.0**-60)
_NONE = np.float32(0.0)
SEATLESS = np.uint16(65_535)
"""Who has the seat of a district whose winner none of the seats of the list covers."""

SPLIT = np.dtype([("seed", np.uint64), ("number", np.int64)], align=True)
"""The seed, and the number of the tier."""


class Split(NamedTuple):
    """What candidates get of the votes for lists, of U units on the national ballot and V on those of
    districts.
    """

    about: Annotated[NDArray[np.void], SPLIT, 1]
    unit: I64x1
    """(U,) whose candidates each national unit votes for."""
    ratio: F32x1
    """(V,) votes for candidates over votes for the list."""
    own: F32x1
    """(V,) share of the votes of those who stand on no list."""
    sd: F32x1
    """(V,) of the log of both, in bits."""


class SplitWorkspace(NamedTuple):
    """What a block is split with."""

    noise: Noise
    """Of V rows, or one more."""
    sums: F32x2
    """(1, BLOCK)"""


def _split_votes(
    split: Split, piece: Piece, national: Votes, workspace: SplitWorkspace, candidates: Votes
) -> None:
    """National votes for candidates (1, V, BLOCK) of the block of draws in ``national``, in the same unit and
    as many in all. Pieces are one block, and come in order.
    """
    about, here = split.about[0], piece[0]
    begin_stream(workspace.noise, about.seed ^ _SPLIT, here, here.first, about.number)
    plain_normals(workspace.noise, 0, workspace.noise.words.shape[0])
    units, total, summed = split.ratio.shape[0], national.total[0], workspace.sums[0]
    for v in range(units):
        row = candidates.single[0, v]
        for i in range(BLOCK):
            row[i] = _NONE
    for u in range(split.unit.shape[0]):
        row, votes = candidates.single[0, split.unit[u]], national.single[0, u]
        for i in range(BLOCK):
            row[i] += votes[i] / np.float32(total[i])
    for i in range(BLOCK):
        summed[i] = _NONE
    for v in range(units):
        row, normal, ratio, own = (
            candidates.single[0, v],
            workspace.noise.normals[v],
            split.ratio[v],
            split.own[v],
        )
        sd = split.sd[v]
        for i in range(BLOCK):
            row[i] = (row[i] * ratio + own) * exp2(sd * normal[i])
            summed[i] += row[i]
    whole = candidates.total[0]
    for i in range(BLOCK):
        whole[i] = np.float32(total[i])
        summed[i] = whole[i] / larger(summed[i], _LEAST)
    for v in range(units):
        row = candidates.single[0, v]
        for i in range(BLOCK):
            row[i] *= summed[i]


split_drawn = kernel(_split_votes, national=Votes)
split_given = kernel(_split_votes, national=GivenVotes)


class Cover(NamedTuple):
    """The regions in which seats of K lists cover their winners: R of them, with D districts in all."""

    order: I64x1
    """(D,) numbers of districts, region by region."""
    starts: I64x1
    """(R + 1,) into the order."""
    ratio: F32x2
    """(R, K) votes for a list over those for its candidates, up to a factor of each list."""


class CoverWorkspace(NamedTuple):
    """What a block is covered with."""

    votes: F32x3
    """(R, K, BLOCK) for lists."""
    winners: U16x3
    """(R, K, BLOCK) how many."""
    rows: F64x2
    """(2, R) votes and seats of a list in a draw."""


class CoverCounts(NamedTuple):
    """Winners without a seat, of D districts and H holders."""

    number: I64x2
    """(H + 1, D + 1) draws by how many there are: of each holder, then of all."""
    seatless: I64x2
    """(D, H) draws in which a holder wins a district and has no seat for it."""


@kernel
def cover_winners(
    cover: Cover,
    piece: Piece,
    local: Votes,
    lists: Seats,
    elected: Elected,
    workspace: CoverWorkspace,
    counts: CoverCounts,
) -> None:
    """Which winners have seats: of each list, in each region, those with the largest shares, as many as the
    seats of the list in it (Bundeswahlgesetz § 6 (1), of 8 June 2023). A list's seats are divided among its
    regions by Sainte-Lague on its votes there (§ 5), which follow those for its candidates.

    Others lose their seat and become SEATLESS. Equal shares, which drawn votes hardly have, go
    by the order of the districts. In void draws nobody has a seat.
    """
    regions, holders, tier = cover.starts.shape[0] - 1, counts.seatless.shape[1], elected.seats
    _sum_regions(cover, local, elected.winners, workspace)
    for i in range(min(piece[0].valid, BLOCK)):
        without = 0
        for h in range(holders):
            won, off = np.int64(tier.whole[0, h, i]), 0
            if lists.house[0, i] == 0:
                tier.whole[0, h, i] = np.uint16(0)
            elif won > 0 and h < cover.ratio.shape[1]:
                seats = np.int64(lists.whole[0, h, i]) if lists.filled[0, h] else 0
                _seats_by_region(seats, h, i, workspace)
                for r in range(regions):
                    excess = np.int64(workspace.winners[r, h, i]) - np.int64(workspace.rows[1, r])
                    for _ in range(excess):
                        _strike_lowest(cover, r, h, i, elected.winners, counts)
                    off += excess if excess > 0 else 0
                tier.whole[0, h, i] -= np.uint16(off)
            counts.number[h, off] += 1
            without += off
        counts.number[holders, without] += 1
        if lists.house[0, i] == 0:
            tier.house[0, i] = np.uint16(0)
        else:
            tier.house[0, i] -= np.uint16(without)


@stage
def _sum_regions(cover, local, winners, workspace):
    """Votes for lists and numbers of winners by region."""
    for r in range(cover.starts.shape[0] - 1):
        for k in range(cover.ratio.shape[1]):
            votes, many = workspace.votes[r, k], workspace.winners[r, k]
            for i in range(BLOCK):
                votes[i] = _NONE
                many[i] = np.uint16(0)
            own = np.uint16(k)
            for c in range(cover.starts[r], cover.starts[r + 1]):
                d = cover.order[c]
                cast, who, ratio = local.single[d, k], winners.who[d], cover.ratio[r, k]
                for i in range(BLOCK):
                    votes[i] += cast[i] * ratio
                    many[i] += np.uint16(who[i] == own)


@stage
def _seats_by_region(seats, k, i, workspace):
    """The seats of list k divided among its regions by Sainte-Lague: from rounded quotas on, which are such
    seats of a house that may be a few too large or too small.
    """
    votes, own = workspace.rows[0], workspace.rows[1]
    regions, total, left = votes.shape[0], 0.0, np.float64(seats)
    for r in range(regions):
        votes[r] = np.float64(workspace.votes[r, k, i])
        total += votes[r]
    for r in range(regions):
        own[r] = np.floor(votes[r] * np.float64(seats) / total + 0.5) if total > 0.0 else 0.0
        left -= own[r]
    while left > 0.0 and total > 0.0:
        best = 0
        for r in range(1, regions):
            if votes[r] * (2.0 * own[best] + 1.0) > votes[best] * (2.0 * own[r] + 1.0):
                best = r
        own[best] += 1.0
        left -= 1.0
    while left < 0.0:
        worst = -1
        for r in range(regions):
            if own[r] > 0.0 and (
                worst < 0 or votes[r] * (2.0 * own[worst] - 1.0) <= votes[worst] * (2.0 * own[r] - 1.0)
            ):
                worst = r
        own[worst] -= 1.0
        left += 1.0


@stage
def _strike_lowest(cover, r, k, i, winners, counts):
    """The winner of list k in region r with the lowest share has no seat."""
    lowest, own = np.int64(-1), np.uint16(k)
    for c in range(cover.starts[r], cover.starts[r + 1]):
        d = cover.order[c]
        if winners.who[d, i] == own and (lowest < 0 or winners.share[d, i] <= winners.share[lowest, i]):
            lowest = d
    winners.who[lowest, i] = SEATLESS
    counts.seatless[lowest, k] += 1


def _add_unused(
    contests: Contests,
    law: Law,
    national: Votes,
    local: Votes,
    winners: Winners,
    sums: F32x2,
    divided: Votes,
) -> None:
    """The national votes of a block with those for candidates that elected nobody added to their lists, into
    ``divided``: all votes of losers, and of winners those beyond one more than the second has (Hungary, Act
    CCIII of 2011, s. 15).

    ``local`` (D, V, BLOCK) add up to the national votes. sums (2, BLOCK) is workspace.
    """
    lists, per_list = law.levels.shape[0], contests.about[0].per_list
    for u in range(divided.single.shape[1]):
        row, out = national.single[0, u], divided.single[0, u]
        for i in range(BLOCK):
            out[i] = row[i]
    one, second, whole = sums[0], sums[1], national.total[0]
    for i in range(BLOCK):
        valid = np.float32(national.stands_for[0])
        one[i] = np.float32(whole[i]) / valid if valid > _NONE else np.float32(1.0)
    for d in range(contests.starts.shape[0] - 1):
        who = winners.who[d]
        for i in range(BLOCK):
            second[i] = _NONE
        for c in range(contests.starts[d], contests.starts[d + 1]):
            row, own = local.single[d, contests.holder[c]], np.uint16(contests.holder[c])
            for i in range(BLOCK):
                second[i] = larger(second[i], _NONE if who[i] == own else row[i])
        for c in range(contests.starts[d], contests.starts[d + 1]):
            h = contests.holder[c]
            if h < lists:
                row, out, own = local.single[d, h], divided.single[0, h], np.uint16(h)
                for i in range(BLOCK):
                    # A vote for a candidate is as much as one for a list, of which there are others in all.
                    cast = row[i] * per_list
                    beyond = larger(cast - second[i] * per_list - one[i], _NONE)
                    out[i] += beyond if who[i] == own else cast
    for u in range(divided.single.shape[1]):
        cast, before, row = divided.single[0, u], national.single[0, u], national.exact[0, u]
        known = divided.exact[0, u]
        for i in range(BLOCK):
            known[i] = row[i] + (cast[i] - before[i])


add_unused_drawn = kernel(_add_unused, national=Votes, divided=Votes)
add_unused_given = kernel(_add_unused, national=GivenVotes, divided=GivenVotes)


@kernel
def void_tier(piece: Piece, claims: Claims, elected: Elected) -> None:
    """Where no list takes part nobody has a seat of a tier whose winners were found before."""
    tier, who = elected.seats, elected.winners.who
    for i in range(min(piece[0].valid, BLOCK)):
        if claims.many[0, i] == _NONE:
            tier.house[0, i] = np.uint16(0)
            for h in range(tier.filled.shape[1]):
                tier.whole[0, h, i] = np.uint16(0)
            for d in range(who.shape[0]):
                elected.won[d, np.int64(who[d, i])] -= 1


COMPENSATING_DRAWN = (add_unused_drawn, claim_again_drawn, void_tier)
COMPENSATING_GIVEN = (add_unused_given, claim_again_given, void_tier)
"""What counts votes that elect nobody for lists: of drawn votes, and of given ones."""


@kernel
def hold_in_districts(where: I64x1, piece: Piece, winners: Winners, local: Seats, beside: int) -> None:
    """Winners of single-member districts hold seats of their lists in the districts of the rule, ``where``
    (D,) each of theirs lies, in the block of draws of the piece; ``local`` (N, K, BLOCK) before division.
    ``beside`` as in ``hold_tier``.
    """
    lists = local.filled.shape[1]
    for n in range(local.filled.shape[0] if beside == 0 else 0):
        for k in range(lists):
            row = local.whole[n, k]
            local.filled[n, k] = True
            for i in range(BLOCK):
                row[i] = np.uint16(0)
    for d in range(where.shape[0]):
        who, rows = winners.who[d], local.whole[where[d]]
        for i in range(min(piece[0].valid, BLOCK)):
            if np.int64(who[i]) < lists:
                rows[np.int64(who[i]), i] += np.uint16(1)
