"""The chamber: seats of the tiers beside the lists, and all of them together.

A tier beside the lists has members of its own: seats that are held whoever votes, and winners of
single-member districts. These are drawn by chances, which move with the national shares of a draw and by a
common error of each party; or they are found among the votes that were drawn for the district, in one round
or two. The holders of its seats are the K lists, then groups that stand on no list: H of them.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import (
    BLOCK,
    F32x1,
    F32x2,
    GivenVotes,
    I32x2,
    I64x1,
    I64x2,
    Piece,
    Seats,
    U16x2,
    U32x2,
    Votes,
)
from forecast.kernels.elementary import exp2, float_of, larger, minus_log2, smaller
from forecast.kernels.normals import Noise, plain_normals, rough_normal
from forecast.kernels.random_bits import begin_stream, next_bits

_CHAMBER = np.uint64(0xC4A3B)
_HALF = np.float32(0.5)
_UNIT = np.float32(1.0)
_NONE = np.float32(0.0)
_PER_WORD = np.float32(2.0**-31)
_LEAST = np.float32(1e-9)
_MOST = np.float32(1.0 - 2.0**-23)
_NOBODY = np.int32(-1)
_SALT, _SPREAD = np.uint32(0x9E3779B9), np.uint32(0x85EBCA6B)
_ROOT_HALF = np.float32(0.5**0.5)

BY_CHANCE, BY_VOTES = 0, 1
"""How the winners of a tier are found."""
UNNAMED = np.float32(-1.0)
"""Of transfers: nothing is said of how voters of the one choose the other."""

TIER = np.dtype(
    [
        ("seed", np.uint64),
        ("number", np.int64),
        ("way", np.int64),
        ("rounds", np.int64),
        ("slope", np.float32),
        ("spread", np.float32),
        ("majority", np.float32),
        ("transfer_sd", np.float32),
        ("per_list", np.float32),
        ("ahead", np.bool_),
    ],
    align=True,
)
"""The seed and the number of a tier; BY_CHANCE or BY_VOTES. Of chances, by how much the log odds of a party
in a district move with those of its national share, and the standard deviation of the common error of a
party, in bits. Of votes, how many rounds there are, the share of the votes that must be exceeded in the first
of two, and the standard deviation, in bits, of the log odds by which voters of others choose in the second;
votes for candidates cast for each vote for a list, where those that elect nobody count for lists.
Whether the winners are known before the seats of the lists are divided.
"""


class Contests(NamedTuple):
    """The districts of a tier, D of them, in each of which some holders have a chance."""

    about: Annotated[NDArray[np.void], TIER, 1]
    starts: I64x1
    """(D + 1,) into the chances."""
    holder: I64x1
    """Number of the holder of each chance."""
    chance: F32x1
    """Chances at the centre, which add up to 1 in a district; of votes, no number."""
    tied: I64x1
    """(H,) 1 for lists, which follow their national share and err by themselves; 0 for others."""
    centre: F32x1
    """(H,) log2 of the odds of the national share at which the chances hold."""
    fixed: I64x1
    """(H,) seats held whoever votes."""
    transfers: F32x2
    """(V, H) share of the voters of each unit on the ballots of the districts that chooses a holder in a
    second round, where it is said; else UNNAMED.
    """


class ContestWorkspace(NamedTuple):
    """What the districts of a block are drawn with."""

    noise: Noise
    """Of H rows, or one more."""
    weight: F32x2
    """(H, BLOCK) by which the chances of a holder are multiplied in a draw."""
    sums: F32x2
    """(3, BLOCK) workspace: what a winner needs, what is added up so far, whether the draw counts; of votes,
    those of the first and of the second.
    """
    places: I32x2
    """(2, BLOCK) who is first, and second."""
    lots: U32x2
    """(2, BLOCK) their lots, by which ties are settled."""


class Winners(NamedTuple):
    """Who won each of D districts in a block of draws, where a law asks; else (0, BLOCK)."""

    who: U16x2
    """(D, BLOCK)"""
    share: F32x2
    """(D, BLOCK) of the votes, in the round that decided."""


class Elected(NamedTuple):
    """Who is elected in a tier of D districts and H holders."""

    seats: Seats
    """(N, H, BLOCK)"""
    won: I64x2
    """(D, H) draws in which each holder wins each district."""
    winners: Winners


def _fill_tier(
    contests: Contests,
    piece: Piece,
    votes: Votes,
    local: Votes,
    lists: Seats,
    workspace: ContestWorkspace,
    elected: Elected,
) -> None:
    """Fill the seats of a tier in every draw of a piece; ``won`` grows by who wins its districts. Where no
    list is admitted the election is void, and nobody holds a seat.

    Of votes, ``local`` (D, V, BLOCK) are those of the districts in the one block of the piece, of holders and
    of all others behind them.
    """
    here, about, tier = piece[0], contests.about[0], elected.seats
    for n in range(here.blocks):
        first = here.first + n * BLOCK
        begin_stream(workspace.noise, about.seed ^ _CHAMBER, here, first, about.number)
        valid, counts = min(here.valid - n * BLOCK, BLOCK), workspace.sums[2]
        house, handed_out = tier.house[n], lists.house[n]
        for i in range(BLOCK):
            counts[i] = _UNIT if (about.ahead or handed_out[i] > 0) and i < valid else _NONE
        seats = np.int64(contests.starts.shape[0] - 1)
        for h in range(contests.fixed.shape[0]):
            seats += contests.fixed[h]
        for i in range(BLOCK):
            house[i] = np.uint16(seats) if counts[i] > _NONE else np.uint16(0)
        for h in range(contests.fixed.shape[0]):
            row, held = tier.whole[n, h], np.uint16(contests.fixed[h])
            tier.filled[n, h] = True
            for i in range(BLOCK):
                row[i] = held if counts[i] > _NONE else np.uint16(0)
        if contests.starts.shape[0] > 1 and about.way == BY_CHANCE:
            _weigh(contests, votes, n, workspace)
            for d in range(contests.starts.shape[0] - 1):
                _draw_winner(contests, d, n, workspace, elected)
        elif contests.starts.shape[0] > 1:
            if about.rounds > 1:
                plain_normals(workspace.noise, 0, workspace.noise.words.shape[0])
            for d in range(contests.starts.shape[0] - 1):
                _find_winner(contests, d, local, workspace)
                if about.rounds > 1:
                    _meet_again(contests, d, local, workspace)
                _seat_winner(contests, d, n, local, workspace, elected)


fill_tier_drawn = kernel(_fill_tier, votes=Votes)
fill_tier_given = kernel(_fill_tier, votes=GivenVotes)


@stage
def _weigh(contests, votes, n, workspace):
    """By what the chances of every holder are multiplied: the odds of its share over those at the centre, to
    the power of the slope, times its common error.
    """
    about, total = contests.about[0], votes.total[n]
    plain_normals(workspace.noise, 0, workspace.noise.words.shape[0])
    for h in range(contests.tied.shape[0]):
        out = workspace.weight[h]
        if contests.tied[h] == 0:
            for i in range(BLOCK):
                out[i] = _UNIT
            continue
        row, normal, centre = votes.single[n, h], workspace.noise.normals[h], contests.centre[h]
        for i in range(BLOCK):
            share = smaller(larger(row[i] / np.float32(total[i]), _LEAST), _MOST)
            odds = minus_log2(_UNIT - share) - minus_log2(share)
            out[i] = exp2(about.slope * (odds - centre) + about.spread * normal[i])


@stage
def _draw_winner(contests, d, n, workspace, elected):
    """Who wins district d: holders in turn take the part of a number from 0 to 1 that is theirs."""
    begin, end = contests.starts[d], contests.starts[d + 1]
    target, so_far, counts = workspace.sums[0], workspace.sums[1], workspace.sums[2]
    next_bits(workspace.noise.state, workspace.noise.cell[0])
    words = workspace.noise.cell_words[0]
    for i in range(BLOCK):
        target[i] = _NONE
        so_far[i] = _NONE
    for c in range(begin, end):
        weight, chance = workspace.weight[contests.holder[c]], contests.chance[c]
        for i in range(BLOCK):
            target[i] += chance * weight[i]
    for i in range(BLOCK):
        target[i] *= (float_of(np.uint32(words[i] >> np.uint32(1))) + _HALF) * _PER_WORD
    for c in range(begin, end):
        weight, chance = workspace.weight[contests.holder[c]], contests.chance[c]
        row, often, last = elected.seats.whole[n, contests.holder[c]], np.int32(0), c == end - 1
        for i in range(BLOCK):
            before = so_far[i]
            so_far[i] = before + chance * weight[i]
            # A number that rounding lifts to the very end is the last holder's.
            not_yet = before <= target[i] if c > begin else True
            wins = not_yet and (last or target[i] < so_far[i]) and counts[i] > _NONE
            row[i] += np.uint16(wins)
            often = np.int32(often + np.int32(wins))
        elected.won[d, contests.holder[c]] += often


@stage
def _find_winner(contests, d, local, workspace):
    """Who is first in district d, and of two rounds who second: by votes, then by lot."""
    about = contests.about[0]
    first, second = workspace.places[0], workspace.places[1]
    most, next_most = workspace.sums[0], workspace.sums[1]
    lot, next_lot = workspace.lots[0], workspace.lots[1]
    next_bits(workspace.noise.state, workspace.noise.cell[0])
    words = workspace.noise.cell_words[0]
    for i in range(BLOCK):
        first[i], second[i], most[i], next_most[i] = _NOBODY, _NOBODY, -_UNIT, -_UNIT
    for c in range(contests.starts[d], contests.starts[d + 1]):
        h = np.int32(contests.holder[c])
        row, salt = local.single[d, h], np.uint32(np.uint32(h) * _SALT)
        if about.rounds == 1:
            for i in range(BLOCK):
                cast, own = row[i], np.uint32((words[i] ^ salt) * _SPREAD)
                ahead = cast > most[i] or (cast == most[i] and own > lot[i])
                first[i] = h if ahead else first[i]
                most[i] = cast if ahead else most[i]
                lot[i] = own if ahead else lot[i]
            continue
        for i in range(BLOCK):
            cast, own = row[i], np.uint32((words[i] ^ salt) * _SPREAD)
            if cast > most[i] or (cast == most[i] and own > lot[i]):
                second[i], next_most[i], next_lot[i] = first[i], most[i], lot[i]
                first[i], most[i], lot[i] = h, cast, own
            elif cast > next_most[i] or (cast == next_most[i] and own > next_lot[i]):
                second[i], next_most[i], next_lot[i] = h, cast, own


@stage
def _meet_again(contests, d, local, workspace):
    """Where nobody has the majority, the first two of district d meet again: the votes for others go to them
    by the transfers, with odds that err in all districts alike, by who the two are, and in each by itself.
    """
    about, majority = contests.about[0], contests.about[0].majority
    first, second = workspace.places[0], workspace.places[1]
    most, next_most = workspace.sums[0], workspace.sums[1]
    lot, next_lot = workspace.lots[0], workspace.lots[1]
    next_bits(workspace.noise.state, workspace.noise.cell[0])
    words, total = workspace.noise.cell_words[0], local.total[d]
    for i in range(BLOCK):
        if second[i] < 0 or most[i] > majority * total[i]:
            continue
        a, b = first[i], second[i]
        common = _HALF * (workspace.noise.normals[a, i] - workspace.noise.normals[b, i])
        odds = exp2(about.transfer_sd * (common + _ROOT_HALF * rough_normal(words[i])))
        for j in range(local.single.shape[1]):
            cast = local.single[d, j, i]
            if j not in (a, b) and cast > _NONE:
                to_first, to_second = contests.transfers[j, a], contests.transfers[j, b]
                if to_first < _NONE:
                    to_first = _HALF * (_UNIT - larger(to_second, _NONE))
                if to_second < _NONE:
                    to_second = _HALF * (_UNIT - larger(contests.transfers[j, a], _NONE))
                voting = smaller(to_first + to_second, _UNIT)
                weighed = to_first * odds
                part = weighed / larger(weighed + to_second, _LEAST)
                most[i] += cast * voting * part
                next_most[i] += cast * voting * (_UNIT - part)
        if next_most[i] > most[i] or (next_most[i] == most[i] and next_lot[i] > lot[i]):
            first[i], second[i] = b, a
            most[i], next_most[i] = next_most[i], most[i]


@stage
def _seat_winner(contests, d, n, local, workspace, elected):
    """Who is first in district d holds its seat in the draws that count."""
    first, most, counts = workspace.places[0], workspace.sums[0], workspace.sums[2]
    for c in range(contests.starts[d], contests.starts[d + 1]):
        h = contests.holder[c]
        row, often, own = elected.seats.whole[n, h], np.int32(0), np.int32(h)
        for i in range(BLOCK):
            wins = first[i] == own and counts[i] > _NONE
            row[i] += np.uint16(wins)
            often = np.int32(often + np.int32(wins))
        elected.won[d, h] += often
    if elected.winners.who.shape[0] > 0:
        who, share, total = elected.winners.who[d], elected.winners.share[d], local.total[d]
        for i in range(BLOCK):
            who[i] = np.uint16(first[i])
            share[i] = most[i] / larger(total[i], _LEAST)


@kernel
def hold_tier(piece: Piece, tier: Seats, lists: Seats, beside: int) -> None:
    """The seats of a tier stand among those of the K lists, which hold them before theirs are divided;
    ``beside`` 1: besides those of earlier tiers, 0: it is the first.
    """
    for n in range(piece[0].blocks):
        for k in range(lists.filled.shape[1]):
            row, held = lists.whole[n, k], tier.whole[n, k]
            lists.filled[n, k] = True
            for i in range(BLOCK):
                row[i] = held[i] + (row[i] if beside > 0 else np.uint16(0))


@kernel
def seat_lists(piece: Piece, lists: Seats, chamber: Seats) -> None:
    """The seats of the K lists of a piece, as the first of the H holders of the chamber; others hold none."""
    for n in range(piece[0].blocks):
        for i in range(BLOCK):
            chamber.house[n, i] = lists.house[n, i]
        for h in range(chamber.filled.shape[1]):
            row = chamber.whole[n, h]
            chamber.filled[n, h] = True
            known = h < lists.filled.shape[1] and lists.filled[n, h]
            for i in range(BLOCK):
                row[i] = lists.whole[n, h, i] if known else np.uint16(0)


@kernel
def seat_tier(piece: Piece, tier: Seats, chamber: Seats) -> None:
    """The seats of a tier of a piece are added to those of the chamber, but where nobody holds any: the
    election is void there.
    """
    for n in range(piece[0].blocks):
        house = chamber.house[n]
        for h in range(tier.filled.shape[1]):
            row, more = chamber.whole[n, h], tier.whole[n, h]
            for i in range(BLOCK):
                row[i] += more[i] if house[i] > 0 else np.uint16(0)
        for i in range(BLOCK):
            house[i] += tier.house[n, i] if house[i] > 0 else np.uint16(0)


DRAWN = (fill_tier_drawn, hold_tier, seat_lists, seat_tier)
GIVEN = (fill_tier_given, hold_tier, seat_lists, seat_tier)
"""What a chamber takes, of drawn votes and of given ones."""
