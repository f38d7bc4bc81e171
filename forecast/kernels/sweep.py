"""Many thresholds, bases and methods on the same draws at once.

Lists drop out in the order of their votes as the threshold rises, whatever it is a share of: the lists that
take part are always the m largest. So a piece is divided once for every m and every method, at most (K + 1)
times the number of methods, and a threshold only decides which m it stands for. Along a row of thresholds, of
which each is higher than the one before it, m changes K times at most; counts are kept as differences (+1
where a number of seats begins, -1 where it ends) and added up along the row when a span is done. Thresholds
of several bases stand in one row where these are fixed multiples of each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.compiling import element, kernel, stage
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
    U16x1,
    U16x2,
    Votes,
)
from forecast.kernels.count import MET, CountWorkspace, Questions, add_coalitions, mark_inside, meet, wins
from forecast.kernels.laws import BASE_CAST, BASE_LISTS, BASE_REGISTERED, BASE_VALID, Law, Rule

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
    """The thresholds of a row: who reaches one reaches all before it."""

    numerators: F64x1
    """(T,)"""
    denominators: F64x1
    """(T,)"""
    bases: I64x1
    """(T,) what they are shares of, ``BASE_*``."""
    guesses: I32x1
    """(G + 1,) how many of them a claim reaches that is g of G parts of the highest: about, and where to
    look.
    """
    parts: F64x1
    """(1,) how many such parts the first base is."""


def levels_of(numerators: F64x1, denominators: F64x1, bases: I64x1, heights: F64x1) -> Levels:
    """Thresholds with guesses from their rising ``heights``, as shares of the base of the first."""
    number, highest = _PARTS * len(heights), heights[-1]
    edges = np.arange(number + 1) * (highest / number)
    guesses = np.searchsorted(heights, edges, side="right").astype(np.int32)
    return Levels(
        numerators, denominators, bases, guesses, np.array([number / highest if highest > 0.0 else 0.0])
    )


_PARTS = 8
"""For each threshold, that a guess is seldom wrong."""


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


def new_row_counts(length: int, lists: int, coalitions: int, events: int, most: int) -> RowCounts:
    """Counts of zero along a row of ``length`` thresholds; no list or coalition has more than ``most``
    seats.
    """
    return RowCounts(
        np.zeros((lists + coalitions) * (most + 1) * (length + 1), np.int32),
        np.zeros((coalitions, length + 1), np.int32),
        np.zeros((events, length + 1), np.int32),
        np.zeros(lists + coalitions + 1, np.int64),
    )


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
    bases: F64x2,
) -> None:
    """first_out (N, K + 1, ROW): for the list of each rank the first threshold of a row, counted from 0, that
    it fails; it falls with the rank, and first_out[:, K] is 0. ``bases`` (5, BLOCK) is workspace.

    Compared as products in float64, exactly as ``admit`` does where single precision cannot tell.
    """
    strict, lists, claims = rules[0].strict, ranks.order.shape[1], bases[_CLAIMS]
    for n in range(piece[0].blocks):
        _fill_bases(law.no_lists, votes, n, bases)
        for m in range(lists):
            ranked, out = ranks.order[n, m], first_out[n, m]
            for i in range(BLOCK):
                claims[i] = votes.exact[n, ranked[i], i]
            if levels.bases.shape[0] <= _FEW_LEVELS:
                _count_passed(strict, levels, claims, bases, out)
            else:
                _guess_passed(strict, levels, claims, bases, out)
        for i in range(BLOCK):
            first_out[n, lists, i] = 0


_CLAIMS = 4
"""The row of workspace behind the bases."""

_FEW_LEVELS = 64
"""Up to so many are quicker gone through one by one, in vector code."""


@stage
def _fill_bases(no_lists, votes, n, bases):
    """bases (5, BLOCK): what a threshold of each base is a share of."""
    valid, of_lists, cast = bases[BASE_VALID], bases[BASE_LISTS], bases[BASE_CAST]
    registered = bases[BASE_REGISTERED]
    for i in range(BLOCK):
        valid[i] = 0.0
        of_lists[i] = 0.0
    for k in range(no_lists.shape[0]):
        row = votes.exact[n, k]
        for i in range(BLOCK):
            valid[i] += row[i]
        if no_lists[k] == 0:
            for i in range(BLOCK):
                of_lists[i] += row[i]
    per_cast, per_registered = votes.per_cast[n], votes.per_registered[n]
    for i in range(BLOCK):
        cast[i] = valid[i] * per_cast[i]
        registered[i] = valid[i] * per_registered[i]


@stage
def _count_passed(strict, levels, claims, bases, out):
    """out (BLOCK) = how many thresholds of a row each claim (BLOCK) reaches."""
    for i in range(BLOCK):
        out[i] = 0
    for t in range(levels.bases.shape[0]):
        top, bottom, base = levels.numerators[t], levels.denominators[t], bases[levels.bases[t]]
        if strict and top > 0.0:
            for i in range(BLOCK):
                out[i] += np.int32(claims[i] * bottom > top * base[i])
        else:
            for i in range(BLOCK):
                out[i] += np.int32(claims[i] * bottom >= top * base[i])


@stage
def _guess_passed(strict, levels, claims, bases, out):
    """The same, looked for from where it is about."""
    length, most = levels.bases.shape[0], levels.guesses.shape[0] - 1
    first, parts = bases[levels.bases[0]], levels.parts[0]
    for i in range(BLOCK):
        part = claims[i] * parts / first[i] if first[i] > 0.0 else 0.0
        passed = levels.guesses[np.int64(part) if part < most else most]
        while passed < length and _reaches(strict, levels, claims, bases, i, passed):
            passed += np.int32(1)
        while passed > 0 and not _reaches(strict, levels, claims, bases, i, passed - 1):
            passed -= np.int32(1)
        out[i] = passed


@element
def _reaches(strict, levels, claims, bases, i, t):
    """Whether the claim of draw i reaches threshold t of a row."""
    top = levels.numerators[t]
    held, needed = claims[i] * levels.denominators[t], top * bases[levels.bases[t], i]
    return held > needed or (held == needed and not (strict and top > 0.0))


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
        draw, begin = np.uint32(stretches.draw[s]), np.uint32(stretches.begin[s])
        end = np.uint32(stretches.end[s])
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
        draw, begin = np.uint32(stretches.draw[s]), np.uint32(stretches.begin[s])
        end = np.uint32(stretches.end[s])
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


class Standing(NamedTuple):
    """Where the rules of a row stand along its thresholds."""

    rules: I64x1
    """(n,) in the order of their thresholds."""
    levels: I64x1
    """(n,) which thresholds they have."""
    starts: I64x1
    """(T + 1,) the first of them that has a threshold or one behind it; n where none has."""


@kernel
def tell_apart(
    piece: Piece, stretches: Stretches, standing: Standing, first: int, told: U16x1, which: U16x2
) -> None:
    """which (R, places): under every rule of a row the outcome of draws that are kept. A draw has an outcome
    for each stretch in which rules stand, numbered from ``first`` on; told (places,) counts them.
    """
    place = piece[0].place
    if place >= which.shape[1]:
        return
    for s in range(stretches.number[0]):
        at = place + stretches.draw[s]
        begin, end = standing.starts[stretches.begin[s]], standing.starts[stretches.end[s]]
        if at < which.shape[1] and begin < end:
            for r in range(begin, end):
                which[standing.rules[r], at] = np.uint16(first + told[at])
            told[at] += np.uint16(1)


@kernel
def keep_along(
    piece: Piece, stretches: Stretches, standing: Standing, which: U16x2, seats: Seats, kept: I64x3
) -> None:
    """Write the seats of draws along a row to kept (outcomes, places, K)."""
    place = piece[0].place
    if place >= which.shape[1]:
        return
    for s in range(stretches.number[0]):
        draw = stretches.draw[s]
        at = place + draw
        begin, end = standing.starts[stretches.begin[s]], standing.starts[stretches.end[s]]
        if at < which.shape[1] and begin < end:
            outcome, n, i = which[standing.rules[begin], at], draw // BLOCK, draw % BLOCK
            for k in range(kept.shape[2]):
                kept[outcome, at, k] = seats.whole[n, k, i]


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
    counts: RowCounts, passes: I32x2, void: I64x1, standing: Standing, draws: int, tallies: RuleTallies
) -> None:
    """Add what a row counted in so many draws, its differences added up, to the tallies of its rules, and
    begin anew with counts of zero but for ``passes`` (K, T + 1) and ``void`` (T + 1,), which other rows may
    need.
    """
    rules, levels, bins = standing.rules, standing.levels, tallies.seats.shape[2]
    length = void.shape[0]
    _add_rows(passes, standing, tallies.passes, False)
    _add_rows(counts.majorities, standing, tallies.majorities, True)
    _add_rows(counts.events, standing, tallies.events, True)
    running, t = np.int64(0), 0
    for r in range(rules.shape[0]):
        while t <= levels[r]:
            running += void[t]
            t += 1
        tallies.void[rules[r]] += running
        for b in range(tallies.seats.shape[1]):
            tallies.seats[rules[r], b, 0] += draws
    for b in range(tallies.seats.shape[1]):
        for seats in range(1, bins):
            cells = counts.seats[(b * bins + seats) * length : (b * bins + seats + 1) * length]
            if _any(cells):
                held, t = np.int64(0), 0
                for r in range(rules.shape[0]):
                    while t <= levels[r]:
                        held += cells[t]
                        t += 1
                    tallies.seats[rules[r], b, seats] += held
                    tallies.seats[rules[r], b, 0] -= held
    for cell in range(counts.seats.shape[0]):
        counts.seats[cell] = 0


@stage
def _any(cells):
    found = np.int32(0)
    for cell in cells:
        found |= cell
    return found != 0


@stage
def _add_rows(counts, standing, tallies, anew):
    """tallies (R, n) += running sums of counts (n, T + 1), which begin anew where that is wanted."""
    for n in range(counts.shape[0]):
        running, t = np.int64(0), 0
        for r in range(standing.rules.shape[0]):
            while t <= standing.levels[r]:
                running += counts[n, t]
                t += 1
            tallies[standing.rules[r], n] += running
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
    tell_apart,
    keep_along,
    any_stretch,
    count_void,
    add_up,
)
"""All that a sweep needs beside its methods."""
