"""Counts over draws: only integers, so that the order in which blocks are counted cannot matter."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.compiling import maker, stage
from forecast.kernels.random import BLOCK
from forecast.kernels.rows import new_rows

_UNIT = np.uint32(1)

WAYS = 2
"""Histograms that are filled by turns, and are one together."""


class Counting(NamedTuple):
    """Scratch of counting a block. Seats are int32; uint16, half the work, where no house is too large."""

    whole: Any  # (K + C, BLOCK) seats of lists, then of coalitions
    house: Any  # (BLOCK,) seats handed out, of the type of ``whole``
    inside: Any  # (K, BLOCK) 1 where a list is admitted, likewise; filled where events ask for it
    met: Any  # (BLOCK,) int32
    terms: Any  # (BLOCK,) int32
    rows: Any  # (K + C,) int64 rows of ``whole`` that hold seats in some draw of the block
    empty: Any  # (K + C,) bool rows of ``whole`` that are zero throughout


@maker
def new_counting(lists, blocs):
    """Empty arrays for K = ``lists`` and K + C = ``blocs``."""
    return Counting(
        np.zeros((blocs, BLOCK), np.int32),
        np.zeros(BLOCK, np.int32),
        np.zeros((lists, BLOCK), np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(blocs, np.int64),
        np.ones(blocs, np.bool_),
    )


@maker
def new_narrow_counting(lists, blocs):
    """The same for houses of at most ``shapes.NARROW_HOUSE`` seats."""
    return Counting(
        new_rows(blocs, np.uint16),
        new_rows(1, np.uint16)[0],
        new_rows(lists, np.uint16),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(blocs, np.int64),
        np.ones(blocs, np.bool_),
    )


@stage
def to_whole(seats, present, counting):
    """Seats (K, BLOCK) of the lists ``present``, held as floats by the allocation, as integers; none for the
    others. ``counting`` then says how many are handed out.
    """
    house = counting.house
    for i in range(BLOCK):
        house[i] = 0
    clear_absent(present, counting)
    for k in present:
        row, out = seats[k], counting.whole[k]
        for i in range(BLOCK):
            out[i] = np.int32(row[i])
            house[i] = np.int32(house[i] + np.int32(row[i]))


@stage
def clear_absent(present, counting):
    """No seats for the lists that are not ``present`` (in order); ``counting`` then says which rows of seats
    are not zero.
    """
    lists, p = counting.inside.shape[0], 0
    for k in range(lists):
        if p < present.shape[0] and present[p] == k:
            counting.empty[k] = False
            p += 1
        elif not counting.empty[k]:
            out = counting.whole[k]
            for i in range(BLOCK):
                out[i] = 0
            counting.empty[k] = True


@stage
def find_rows(present, counting):
    """Write the rows of ``counting.whole`` that may hold seats, of the lists ``present`` and of coalitions,
    to ``counting.rows``; how many these are.
    """
    lists, number = counting.inside.shape[0], 0
    for k in present:
        counting.rows[number] = k
        number += 1
    for c in range(lists, counting.whole.shape[0]):
        counting.rows[number] = c
        number += 1
    return number


@stage
def count_seats(whole, rows, seen):
    """seen (N, WAYS, S + 1) uint32, all ways together, += the histogram of ``rows`` of whole (N, BLOCK).

    By turns into one and the other: neighbouring draws often fall into the same bin, and an add that waits
    for the one before it to be stored is the slowest thing in this loop.
    """
    for r in rows:
        _scatter(whole[r], seen[r])


@stage
def _scatter(row, seen):
    first, second = seen[0], seen[1]
    half = BLOCK // 2
    later = row[half:]
    for i in range(half):
        first[np.uint32(row[i])] += _UNIT
        second[np.uint32(later[i])] += _UNIT


_FEW_VALUES = 14
"""Up to so many different numbers of seats in a block are quicker counted one by one, in vector code."""

_FEW_DRAWS = BLOCK // 8
"""Up to so many draws with a seat at all are quicker looked for."""


@stage
def count_narrow_seats(whole, rows, seen):
    """As ``count_seats``, of seats in uint16. Lists that hold nearly the same in all draws, or nothing, are
    counted value by value; of lists with seats in few draws only these draws are counted.
    """
    for r in rows:
        row, bins = whole[r], seen[r]
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
                first[value] += np.uint32(how_often(row, np.uint16(value)))
            first[0] += none
        elif some <= _FEW_DRAWS:
            _count_few(row, first)
            first[0] += none
        else:
            _scatter(row, bins)


@stage
def _count_few(row, seen):
    """Count the draws of a row that are not zero."""
    fours = row.view(np.uint64)  # of four draws each
    for w in range(0, fours.shape[0], 4):
        if (fours[w] | fours[w + 1]) | (fours[w + 2] | fours[w + 3]) != 0:
            for i in range(4 * w, 4 * w + 16):
                if row[i] > 0:
                    seen[np.uint32(row[i])] += _UNIT


@stage
def how_often(row, value):
    """How often ``value`` stands in a row (BLOCK) uint16."""
    often = np.uint16(0)
    for i in range(BLOCK):
        often = np.uint16(often + np.uint16(row[i] == value))
    return often


@stage
def leave_out(whole, rows, valid, seen):
    """Take the draws from ``valid`` on out of the histograms (N, WAYS, S + 1) again."""
    for r in rows:
        row, first = whole[r], seen[r, 0]
        for i in range(valid, BLOCK):
            first[np.uint32(row[i])] -= _UNIT


@stage
def count_absent(empty, lists, valid, seen):
    """seen (N, WAYS, S + 1) += no seats for the lists that have none in the whole block."""
    for k in range(lists):
        if empty[k]:
            seen[k, 0, 0] += np.uint32(valid)


@stage
def count_void(entitled_total, valid, void):
    """void (1,) += draws in which nobody with votes is admitted."""
    often = np.int32(0)
    for i in range(valid):
        often = np.int32(often + np.int32(entitled_total[i] == 0.0))
    void[0] += often


@stage
def coalition_seats(counting, starts, members):
    """Rows of ``counting.whole`` behind the lists' = seats of each coalition; its members are
    members[starts[c]:starts[c + 1]].
    """
    coalitions = starts.shape[0] - 1
    lists = counting.inside.shape[0]
    for c in range(coalitions):
        out = counting.whole[lists + c]
        for i in range(BLOCK):
            out[i] = 0
        for m in range(starts[c], starts[c + 1]):
            if counting.empty[members[m]]:
                continue
            row = counting.whole[members[m]]
            for i in range(BLOCK):
                out[i] += row[i]


@stage
def count_majorities(sums, house, valid, majorities):
    """majorities (C,) += draws in which a coalition holds more than half of the seats handed out."""
    for c in range(sums.shape[0]):
        row = sums[c]
        total = np.int32(0)
        for i in range(valid):
            seats = np.int32(row[i])
            total = np.int32(total + np.int32(np.int32(seats + seats) > np.int32(house[i])))
        majorities[c] += total


@stage
def fill_inside(admitted, inside):
    """inside (K, BLOCK) = who is admitted (K, BLOCK; 1 or 0), as whole numbers."""
    for k in range(inside.shape[0]):
        row, out = admitted[k], inside[k]
        for i in range(BLOCK):
            out[i] = 1 if row[i] > 0.0 else 0


@stage
def holds(counting, questions, c, met):
    """met (BLOCK) &= whether constraint c holds in each draw.

    A constraint is sum(weight * term) >= bound over its terms. Term k < K is the seats of list k, K + k
    whether it is admitted (0 or 1), 2 K the seats handed out.
    """
    lists, total = counting.inside.shape[0], counting.terms
    for i in range(BLOCK):
        total[i] = 0
    for t in range(questions.term_starts[c], questions.term_starts[c + 1]):
        term, weight = questions.terms[t], questions.weights[t]
        if term < lists:
            row = counting.whole[term]
        elif term < 2 * lists:
            row = counting.inside[term - lists]
        else:
            row = counting.house
        for i in range(BLOCK):
            total[i] = np.int32(total[i] + np.int32(weight * np.int32(row[i])))
    bound = questions.bounds[c]
    for i in range(BLOCK):
        met[i] &= np.int32(total[i] >= bound)


@stage
def meet_event(counting, questions, e, left_out, met):
    """met (BLOCK) = 1 where every constraint of event e holds and ``left_out`` (BLOCK) is 0."""
    for i in range(BLOCK):
        met[i] = np.int32(left_out[i] == 0)
    for c in range(questions.event_starts[e], questions.event_starts[e + 1]):
        holds(counting, questions, c, met)


@stage
def count_events(counting, questions, left_out, valid, counts):
    """counts (E,) += draws in which every constraint of an event holds, of those whose ``left_out`` (BLOCK)
    is 0.
    """
    met = counting.met
    for e in range(counts.shape[0]):
        meet_event(counting, questions, e, left_out, met)
        often = np.int32(0)
        for i in range(valid):
            often = np.int32(often + met[i])
        counts[e] += often


@stage
def count_shares(votes, total, valid, bins, inverse, places, counts, sums):
    """counts (U, bins) += histogram of vote shares; sums (U,) += shares in units of 2**-32, rounded.

    ``inverse`` (BLOCK) and ``places`` (BLOCK, int32) are scratch: bins are found in vector code, and only
    counting in them is not.
    """
    for i in range(BLOCK):
        inverse[i] = 1.0 / np.float64(total[i]) if total[i] > 0.0 else 0.0
    for k in range(votes.shape[0]):
        row, out = votes[k], counts[k]
        added = np.int64(0)
        for i in range(valid):
            share = np.float64(row[i]) * inverse[i]
            places[i] = np.int32(share * bins)
            added += np.int64(share * 4294967296.0)
        sums[k] += added
        for i in range(valid):
            out[np.uint32(places[i])] += np.int64(1)
