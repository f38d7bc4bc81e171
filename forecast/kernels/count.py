"""Counting: from the seats of a piece to histograms, majorities and events.

Only integers are added up, so that the order in which pieces are counted cannot matter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import (
    BLOCK,
    Claims,
    F64x1,
    F64x2,
    GivenVotes,
    I32x1,
    I32x2,
    I64x1,
    I64x2,
    Piece,
    Seats,
    U16x2,
    U32x3,
    Votes,
)
from forecast.kernels.one_draw import valid_votes

_UNIT = np.uint32(1)

WAYS = 2
"""Histograms that are filled by turns, and are one together."""

SHARE_BINS = 8192
"""Bins of the histogram of vote shares: 0.012 points each."""


class Questions(NamedTuple):
    """Coalitions and events that are counted in every draw.

    A constraint of an event is sum(weight * term) >= bound over its terms. Term k < K is the seats of list k,
    K + k whether it is admitted (0 or 1), 2 K the seats handed out.
    """

    coalition_starts: I64x1
    """(C + 1,) into the members."""
    coalition_members: I64x1
    """List numbers."""
    event_starts: I64x1
    """(E + 1,) into the constraints."""
    term_starts: I64x1
    """(constraints + 1,) into the terms."""
    terms: I64x1
    weights: I32x1
    bounds: I32x1
    """(constraints,)"""


class Counts(NamedTuple):
    """Counts over the draws of a span."""

    seats: U32x3
    """(K + C, WAYS, S + 1) histograms."""
    majorities: I64x1
    """(C,)"""
    events: I64x1
    """(E,)"""
    void: I64x1
    """(1,)"""


class CountWorkspace(NamedTuple):
    """What counting works with."""

    inside: U16x2
    """(K, BLOCK) 1 where a list is admitted; filled where there are events."""
    numbers: I32x2
    """(2, BLOCK)"""


MET, TERMS = 0, 1
"""Rows of ``CountWorkspace.numbers``."""


@kernel
def count_seats(
    piece: Piece,
    claims: Claims,
    seats: Seats,
    questions: Questions,
    counts: Counts,
    workspace: CountWorkspace,
) -> None:
    """Add the valid draws of a piece to ``counts``; fills the rows of coalitions in ``seats``."""
    lists, here = workspace.inside.shape[0], piece[0]
    met = workspace.numbers[MET]
    for n in range(here.blocks):
        valid = min(here.valid - n * BLOCK, BLOCK)
        if valid < BLOCK:
            clear_idle(seats, n, valid)
        add_coalitions(seats, n, questions)
        _count_block(seats, n, lists, counts.seats)
        _leave_out(counts.seats, BLOCK - valid)
        void = np.int32(0)
        house = seats.house[n]
        for i in range(BLOCK):
            void = np.int32(void + np.int32(house[i] == 0))
        counts.void[0] += void - (BLOCK - valid)
        for c in range(counts.majorities.shape[0]):
            wins(seats.whole[n, lists + c], house, met)
            counts.majorities[c] += _sum(met)
        if counts.events.shape[0] > 0:
            mark_inside(claims, n, workspace.inside)
            for e in range(counts.events.shape[0]):
                meet(seats, n, questions, e, valid, workspace)
                counts.events[e] += _sum(met)


@stage
def clear_idle(seats, n, valid):
    """No seats in the draws of block ``n`` behind the last that counts."""
    for k in range(seats.filled.shape[1]):
        for i in range(valid, BLOCK):
            seats.whole[n, k, i] = 0
    for i in range(valid, BLOCK):
        seats.house[n, i] = 0


@stage
def add_coalitions(seats, n, questions):
    """Rows behind the lists' = seats of each coalition."""
    whole, filled, starts = seats.whole[n], seats.filled[n], questions.coalition_starts
    lists = filled.shape[0]
    for c in range(starts.shape[0] - 1):
        out = whole[lists + c]
        for i in range(BLOCK):
            out[i] = 0
        for m in range(starts[c], starts[c + 1]):
            if filled[questions.coalition_members[m]]:
                row = whole[questions.coalition_members[m]]
                for i in range(BLOCK):
                    out[i] += row[i]


@stage
def wins(row, house, met):
    """met (BLOCK) = whether a coalition holds more than half of the seats handed out."""
    for i in range(BLOCK):
        seats = np.int32(row[i])
        met[i] = np.int32(np.int32(seats + seats) > np.int32(house[i]))


@stage
def _sum(met):
    often = np.int32(0)
    for i in range(BLOCK):
        often = np.int32(often + met[i])
    return np.int64(often)


@stage
def mark_inside(claims, n, inside):
    """inside (K, BLOCK) = who is admitted."""
    for k in range(inside.shape[0]):
        row = inside[k]
        for i in range(BLOCK):
            row[i] = 0
    for p in range(claims.number[n]):
        row, out = claims.votes[n, p], inside[claims.present[n, p]]
        for i in range(BLOCK):
            out[i] = 1 if row[i] > 0.0 else 0


@stage
def meet(seats, n, questions, e, valid, workspace):
    """met (BLOCK) = 1 where every constraint of event ``e`` holds, of the first ``valid`` draws."""
    met, total = workspace.numbers[MET], workspace.numbers[TERMS]
    lists = workspace.inside.shape[0]
    for i in range(BLOCK):
        met[i] = np.int32(i < valid)
    for c in range(questions.event_starts[e], questions.event_starts[e + 1]):
        for i in range(BLOCK):
            total[i] = 0
        for t in range(questions.term_starts[c], questions.term_starts[c + 1]):
            term, weight = questions.terms[t], questions.weights[t]
            if term < lists:
                row = seats.whole[n, term]
            elif term < 2 * lists:
                row = workspace.inside[term - lists]
            else:
                row = seats.house[n]
            for i in range(BLOCK):
                total[i] = np.int32(total[i] + np.int32(weight * np.int32(row[i])))
        bound = questions.bounds[c]
        for i in range(BLOCK):
            met[i] &= np.int32(total[i] >= bound)


_FEW_VALUES = 14
"""Up to so many different numbers of seats in a block are quicker counted one by one, in vector code."""

_FEW_DRAWS = BLOCK // 8
"""Up to so many draws with a seat at all are quicker looked for."""


@stage
def _count_block(seats, n, lists, counts):
    """counts (K + C, WAYS, S + 1) += the histograms of a block; lists without a seat in it hold none in each
    draw.
    """
    for b in range(counts.shape[0]):
        if b < lists and not seats.filled[n, b]:
            counts[b, 0, 0] += np.uint32(BLOCK)
        else:
            count_row(seats.whole[n, b], counts[b])


@stage
def count_row(row, bins):
    """Lists that hold nearly the same in all draws, or nothing, are counted value by value; of lists with
    seats in few draws only these draws are counted.
    """
    first = bins[0]
    before_least, most, some = np.uint16(65535), np.uint16(0), np.uint16(0)
    for i in range(BLOCK):
        before = np.uint16(row[i] - np.uint16(1))  # of none 65535
        before_least = before if before < before_least else before_least
        most = row[i] if row[i] > most else most
        some = np.uint16(some + np.uint16(row[i] != 0))
    none = np.uint32(BLOCK - np.int64(some))
    if np.int64(most) - np.int64(before_least) <= _FEW_VALUES:
        for value in range(np.int64(before_least) + 1, np.int64(most) + 1):
            first[value] += np.uint32(_how_often(row, np.uint16(value)))
        first[0] += none
    elif some <= _FEW_DRAWS:
        _count_few(row, first)
        first[0] += none
    else:
        _scatter(row, bins)


@stage
def _scatter(row, bins):
    """By turns into one and the other: neighbouring draws often fall into the same bin, and an add that waits
    for the one before it to be stored is the slowest thing in this loop.
    """
    first, second = bins[0], bins[1]
    half = BLOCK // 2
    later = row[half:]
    for i in range(half):
        first[np.uint32(row[i])] += _UNIT
        second[np.uint32(later[i])] += _UNIT


@stage
def _count_few(row, bins):
    """Count the draws of a row that are not zero."""
    fours = row.view(np.uint64)  # of four draws each
    for w in range(0, fours.shape[0], 4):
        if (fours[w] | fours[w + 1]) | (fours[w + 2] | fours[w + 3]) != 0:
            for i in range(4 * w, 4 * w + 16):
                if row[i] > 0:
                    bins[np.uint32(row[i])] += _UNIT


@stage
def _how_often(row, value):
    """How often ``value`` stands in a row (BLOCK) uint16."""
    often = np.uint16(0)
    for i in range(BLOCK):
        often = np.uint16(often + np.uint16(row[i] == value))
    return often


@stage
def _leave_out(counts, idle):
    """Take draws without seats out of all histograms again."""
    for b in range(counts.shape[0]):
        counts[b, 0, 0] -= np.uint32(idle)


class Shares(NamedTuple):
    """Histograms of vote shares of some draws."""

    histogram: I64x2
    """(U, SHARE_BINS + 1)"""
    sums: I64x1
    """(U,) in units of 2**-32."""
    draws: I64x1
    """(1,) how many these are."""
    inverse: F64x1
    """(BLOCK,) workspace."""
    bins: I32x1
    """(BLOCK,) workspace: bins are found in vector code, and only counting in them is not."""


def _count_shares(piece: Piece, votes: Votes, every: int, shares: Shares) -> None:
    """Add the vote shares of every ``every``-th block to ``shares``."""
    here, inverse, bins = piece[0], shares.inverse, shares.bins
    for n in range(here.blocks):
        if (here.first // BLOCK + n) % every != 0:
            continue
        valid, total = min(here.valid - n * BLOCK, BLOCK), votes.total[n]
        shares.draws[0] += valid
        for i in range(BLOCK):
            inverse[i] = 1.0 / np.float64(total[i]) if total[i] > 0.0 else 0.0
        for k in range(votes.single.shape[1]):
            row, out, added = votes.exact[n, k], shares.histogram[k], np.int64(0)
            for i in range(valid):
                share = np.float64(row[i]) * inverse[i]
                bins[i] = np.int32(share * SHARE_BINS)
                added += np.int64(share * 4294967296.0)
            shares.sums[k] += added
            for i in range(valid):
                out[np.uint32(bins[i])] += np.int64(1)


count_shares_drawn = kernel(_count_shares, votes=Votes)
count_shares_given = kernel(_count_shares, votes=GivenVotes)


def _keep_shares(piece: Piece, votes: Votes, kept: F64x2) -> None:
    """Write the shares of draws that have a place among those kept (places, U)."""
    here = piece[0]
    for n in range(here.blocks):
        for i in range(min(here.valid - n * BLOCK, BLOCK)):
            at = here.place + n * BLOCK + i
            if at >= kept.shape[0]:
                return
            total = valid_votes(votes, n, i)
            for k in range(kept.shape[1]):
                kept[at, k] = np.float64(votes.exact[n, k, i]) / total if total > 0.0 else 0.0


keep_shares_drawn = kernel(_keep_shares, votes=Votes)
keep_shares_given = kernel(_keep_shares, votes=GivenVotes)


@kernel
def keep_seats(piece: Piece, seats: Seats, kept: I64x2) -> None:
    """Write the seats of draws that have a place among those kept (places, K)."""
    here = piece[0]
    for n in range(here.blocks):
        for i in range(min(here.valid - n * BLOCK, BLOCK)):
            at = here.place + n * BLOCK + i
            if at >= kept.shape[0]:
                return
            for k in range(kept.shape[1]):
                kept[at, k] = seats.whole[n, k, i]
