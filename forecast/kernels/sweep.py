"""Many thresholds, bases and methods on the same draws at once.

Lists drop out in the order of their votes as the threshold rises, whatever it is a share of: the lists that
take part are always the m largest. So a piece is divided once for every m and every method, at most (K + 1)
times the number of methods, and a threshold only decides which m it stands for. Along a row of rising
thresholds m changes K times at most; counts are kept as differences (+1 where a number of seats begins, -1
where it ends) and added up along the row when a span is done.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import (
    BLOCK,
    B1x1,
    Claims,
    F64x1,
    F64x2,
    I32x1,
    I32x2,
    I32x3,
    I64x1,
    I64x2,
    I64x3,
    Piece,
    Seats,
    Votes,
)
from forecast.kernels.count import MET, CountWorkspace, Questions, add_coalitions, mark_inside, meet, wins
from forecast.kernels.laws import BASE_CAST, BASE_LISTS, BASE_REGISTERED, Law, Rule

_NONE, _UNIT = np.float32(0.0), np.float32(1.0)

_SHIFT, _WITHIN = np.uint32(BLOCK.bit_length() - 1), np.uint32(BLOCK - 1)
"""From the number of a draw to that of its block, and of its place in there."""

ROW = BLOCK + 16
"""Length of rows that are read draw by draw: powers of two would want the same places of the cache."""


class Ranks(NamedTuple):
    """The lists of every draw of a piece in the order of their votes; of equals the earlier one first."""

    rank: I32x3
    """(N, K, BLOCK) the rank of every list, from 0."""
    order: I32x3
    """(N, K, BLOCK) the list of every rank."""


class Levels(NamedTuple):
    """The rising thresholds of a row."""

    numerators: F64x1
    """(T,)"""
    denominators: F64x1
    """(T,)"""


class Stretches(NamedTuple):
    """Where the m largest lists take part: draws of a piece, and the first threshold and the one behind the
    last of a row between which they do.
    """

    draw: I32x1
    """Number in the piece."""
    begin: I32x1
    end: I32x1
    number: I64x1
    """(1,) how many there are."""


class RowCounts(NamedTuple):
    """Differences along the T thresholds of a row."""

    seats: I32x1
    """((K + C) (S + 1) (T + 1),); those of no seats are not read, they are what is left."""
    majorities: I32x2
    """(C, T + 1)"""
    events: I32x2
    """(E, T + 1)"""
    active: I64x1
    """(K + C + 1,) workspace: lists and coalitions that may hold seats."""


@kernel
def rank_lists(piece: Piece, votes: Votes, ranks: Ranks) -> None:
    """Fill ``ranks``."""
    lists = ranks.rank.shape[1]
    for n in range(piece[0].blocks):
        rows = votes.single[n]
        for k in range(lists):
            rank = ranks.rank[n, k]
            for i in range(BLOCK):
                rank[i] = 0
            for j in range(k):
                before, ahead, behind = ranks.rank[n, j], rows[j], rows[k]
                for i in range(BLOCK):
                    first = np.int32(ahead[i] >= behind[i])
                    rank[i] = np.int32(rank[i] + first)
                    before[i] = np.int32(before[i] + np.int32(np.int32(1) - first))
        for k in range(lists):
            rank = ranks.rank[n, k]
            for i in range(BLOCK):
                ranks.order[n, np.int64(rank[i]), i] = k


@kernel
def find_failures(
    rules: Rule,
    law: Law,
    levels: Levels,
    piece: Piece,
    votes: Votes,
    ranks: Ranks,
    first_out: I32x3,
    block: F64x2,
) -> None:
    """first_out (N, K + 1, ROW): for the list of each rank the first threshold of a row, counted from 0, that
    it fails; it falls with the rank, and first_out[:, K] is 0. ``block`` (2, BLOCK) is workspace.

    Compared as products in float64, exactly as ``admit`` does where single precision cannot tell.
    """
    rule, lists = rules[0], ranks.order.shape[1]
    base, claims = block[0], block[1]
    for n in range(piece[0].blocks):
        _fill_base(rule.base, law.no_lists, votes, n, base)
        for m in range(lists):
            ranked, out = ranks.order[n, m], first_out[n, m]
            for i in range(BLOCK):
                claims[i] = votes.exact[n, ranked[i], i]
            _count_passed(rule.strict, levels, claims, base, out)
        for i in range(BLOCK):
            first_out[n, lists, i] = 0


@stage
def _fill_base(code, no_lists, votes, n, base):
    """base (BLOCK) = what the threshold is a share of."""
    for i in range(BLOCK):
        base[i] = 0.0
    for k in range(no_lists.shape[0]):
        if code != BASE_LISTS or no_lists[k] == 0:
            row = votes.exact[n, k]
            for i in range(BLOCK):
                base[i] += row[i]
    if code == BASE_CAST:
        per_cast = votes.per_cast[n]
        for i in range(BLOCK):
            base[i] *= per_cast[i]
    elif code == BASE_REGISTERED:
        per_registered = votes.per_registered[n]
        for i in range(BLOCK):
            base[i] *= per_registered[i]


@stage
def _count_passed(strict, levels, claims, base, out):
    """out (BLOCK) = how many thresholds of a row each claim (BLOCK) reaches."""
    for i in range(BLOCK):
        out[i] = 0
    for t in range(levels.numerators.shape[0]):
        top, bottom = levels.numerators[t], levels.denominators[t]
        if strict and top > 0.0:
            for i in range(BLOCK):
                out[i] += np.int32(claims[i] * bottom > top * base[i])
        else:
            for i in range(BLOCK):
                out[i] += np.int32(claims[i] * bottom >= top * base[i])


@kernel
def find_stretches(
    piece: Piece, first_out: I32x3, most: int, least: int, length: int, stretches: Stretches
) -> None:
    """Draws in which between ``least`` and ``most`` lists pass at some threshold of a row of ``length``, and
    at which.
    """
    number, here = 0, piece[0]
    for n in range(here.blocks):
        begins = first_out[n, most]
        for i in range(min(here.valid - n * BLOCK, BLOCK)):
            begin = begins[i]
            end = first_out[n, least - 1, i] if least > 0 else length
            stretches.draw[number] = n * BLOCK + i
            stretches.begin[number] = begin
            stretches.end[number] = end
            number += 1 if begin < end else 0
    stretches.number[0] = number


@kernel
def count_passes(
    piece: Piece, ranks: Ranks, first_out: I32x3, least: I64x1, returns: B1x1, length: int, passes: I32x2
) -> None:
    """passes (K, T + 1) += differences of the list of every rank being admitted: up to the threshold at which
    fewer than ``least`` (K,) lists pass; and where it ``returns`` (K,), again from that on which nobody
    passes.
    """
    here = piece[0]
    for n in range(here.blocks):
        for rank in range(least.shape[0]):
            order, fewest = ranks.order[n, rank], least[rank]
            for i in range(min(here.valid - n * BLOCK, BLOCK)):
                row = passes[order[i]]
                row[0] += 1
                row[first_out[n, fewest - 1, i] if fewest > 0 else length] -= 1
                if returns[rank]:
                    row[first_out[n, 0, i]] += 1
                    row[length] -= 1


@kernel
def claim_largest(piece: Piece, votes: Votes, ranks: Ranks, m: int, law: Law, claims: Claims) -> None:
    """Claims of the ``m`` largest lists of every draw."""
    most = np.int32(m)
    for n in range(piece[0].blocks):
        total, many = claims.total[n], claims.many[n]
        for i in range(BLOCK):
            total[i] = _NONE
            many[i] = np.float32(m)
        number = 0
        for k in range(ranks.rank.shape[1]):
            row, rank, out = votes.single[n, k], ranks.rank[n, k], claims.votes[n, number]
            often, weight = np.int32(0), law.single_weights[k]
            for i in range(BLOCK):
                inside = rank[i] < most
                one = row[i] * weight if inside else _NONE
                out[i] = one
                total[i] += one
                often = np.int32(often + np.int32(inside))
            claims.present[n, number] = k
            number += 1 if often > 0 else 0
        claims.number[n] = number


@kernel
def answer(
    piece: Piece, claims: Claims, seats: Seats, questions: Questions, won: I32x3, workspace: CountWorkspace
) -> None:
    """Fill the rows of coalitions in ``seats``, and won (N, C + E, BLOCK): majorities, and events that
    happen.
    """
    lists, coalitions = workspace.inside.shape[0], questions.coalition_starts.shape[0] - 1
    for n in range(piece[0].blocks):
        add_coalitions(seats, n, questions)
        for c in range(coalitions):
            wins(seats.whole[n, lists + c], seats.house[n], won[n, c])
        if won.shape[1] > coalitions:
            mark_inside(claims, n, workspace.inside)
        for e in range(won.shape[1] - coalitions):
            meet(seats, n, questions, e, BLOCK, workspace)
            met, out = workspace.numbers[MET], won[n, coalitions + e]
            for i in range(BLOCK):
                out[i] = met[i]


@kernel
def count_along(stretches: Stretches, seats: Seats, won: I32x3, counts: RowCounts) -> None:
    """Add the differences of stretches along a row: the seats that are held there, majorities and events.

    Draw by draw, and of a draw all lists: neighbouring draws often want the same cell, and an add that waits
    for the one before it to be stored is the slowest thing here.
    """
    lists, blocs = seats.filled.shape[1], seats.whole.shape[1]
    cells, active = counts.seats, counts.active
    length = np.uint32(counts.majorities.shape[1])
    bins = np.uint32(cells.shape[0] // (blocs * counts.majorities.shape[1]))
    number = 0
    for b in range(blocs):
        active[number] = b
        number += 1 if b >= lists or _some(seats.filled, b) else 0
    for s in range(stretches.number[0]):
        draw, begin, end = (
            np.uint32(stretches.draw[s]),
            np.uint32(stretches.begin[s]),
            np.uint32(stretches.end[s]),
        )
        n, i = draw >> _SHIFT, draw & _WITHIN
        for r in range(number):
            b = np.uint32(active[r])
            cell = np.uint32((b * bins + np.uint32(seats.whole[n, b, i])) * length)
            cells[np.uint32(cell + begin)] += 1
            cells[np.uint32(cell + end)] -= 1
    _count_won(stretches, won, 0, counts.majorities)
    _count_won(stretches, won, counts.majorities.shape[0], counts.events)


@stage
def _count_won(stretches, won, first, counts):
    """counts (n, T + 1) += differences of ``won`` from its row ``first`` on."""
    for s in range(stretches.number[0]):
        draw, begin, end = (
            np.uint32(stretches.draw[s]),
            np.uint32(stretches.begin[s]),
            np.uint32(stretches.end[s]),
        )
        n, i = draw >> _SHIFT, draw & _WITHIN
        for c in range(counts.shape[0]):
            happened = won[n, first + c, i]
            counts[c, begin] += happened
            counts[c, end] -= happened


@stage
def _some(filled, k):
    """Whether list k has seats in some block."""
    found = False
    for n in range(filled.shape[0]):
        found |= filled[n, k]
    return found


@kernel
def count_void(stretches: Stretches, void: I64x1) -> None:
    """void (T + 1,) += differences of stretches in which nobody takes part."""
    for s in range(stretches.number[0]):
        void[stretches.begin[s]] += 1
        void[stretches.end[s]] -= 1


@kernel
def any_stretch(numbers: I64x1, steps: int) -> int:
    """0 where some row has stretches, else ``steps``: what follows is left out."""
    for number in numbers:
        if number > 0:
            return 0
    return steps


@kernel
def keep_along(piece: Piece, stretches: Stretches, seats: Seats, rules: I64x1, kept: I64x3) -> None:
    """Write the seats of draws along a row to kept (R, places, K). ``rules`` (T,) are those of the row."""
    place = piece[0].place
    for s in range(stretches.number[0]):
        at = place + stretches.draw[s]
        if at < kept.shape[1]:
            n, i = stretches.draw[s] // BLOCK, stretches.draw[s] % BLOCK
            for t in range(stretches.begin[s], stretches.end[s]):
                for k in range(kept.shape[2]):
                    kept[rules[t], at, k] = seats.whole[n, k, i]


class RuleTallies(NamedTuple):
    """Counts over draws of all R rules of a run."""

    passes: I64x2
    """(R, K)"""
    void: I64x1
    """(R,)"""
    seats: I64x3
    """(R, K + C, S + 1)"""
    majorities: I64x2
    """(R, C)"""
    events: I64x2
    """(R, E)"""


@kernel
def add_up(
    counts: RowCounts, passes: I32x2, void: I64x1, rules: I64x1, draws: int, tallies: RuleTallies
) -> None:
    """Add what a row counted in so many draws, its differences added up, to the tallies of its ``rules``
    (T,), and begin anew with counts of zero but for ``passes`` (K, T + 1) and ``void`` (T + 1,), which other
    rows may need.
    """
    length, bins = rules.shape[0], tallies.seats.shape[2]
    _add_rows(passes, rules, tallies.passes, False)
    _add_rows(counts.majorities, rules, tallies.majorities, True)
    _add_rows(counts.events, rules, tallies.events, True)
    running = np.int64(0)
    for t in range(length):
        running += void[t]
        tallies.void[rules[t]] += running
        for b in range(tallies.seats.shape[1]):
            tallies.seats[rules[t], b, 0] += draws
    for b in range(tallies.seats.shape[1]):
        for seats in range(bins):
            first, held = (b * bins + seats) * (length + 1), np.int64(0)
            for t in range(length + 1):
                held += counts.seats[first + t]
                counts.seats[first + t] = 0
                if t < length and seats > 0 and held > 0:
                    tallies.seats[rules[t], b, seats] += held
                    tallies.seats[rules[t], b, 0] -= held


@stage
def _add_rows(counts, rules, tallies, anew):
    """tallies (R, n) += running sums of counts (n, T + 1), which begin anew where that is wanted."""
    for n in range(counts.shape[0]):
        running = np.int64(0)
        for t in range(rules.shape[0]):
            running += counts[n, t]
            tallies[rules[t], n] += running
        if anew:
            for t in range(counts.shape[1]):
                counts[n, t] = 0


KERNELS = (
    answer,
    find_failures,
    count_along,
    claim_largest,
    rank_lists,
    count_passes,
    find_stretches,
    keep_along,
    any_stretch,
    count_void,
    add_up,
)
"""All that a sweep needs beside its methods."""
