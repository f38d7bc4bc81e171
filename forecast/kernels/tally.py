"""Counts over draws: only integers, so that the order in which blocks are counted cannot matter."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.compiling import maker, stage
from forecast.kernels.random import BLOCK


class Counting(NamedTuple):
    """Scratch of counting a block."""

    whole: Any  # (K + C, BLOCK) int32 seats of lists, then of coalitions
    house: Any  # (BLOCK,) int32 seats handed out
    met: Any  # (BLOCK,) int32
    terms: Any  # (BLOCK,) int32
    rows: Any  # (K + C,) int64 rows of ``whole`` that hold seats in some draw of the block
    empty: Any  # (K + C,) bool rows of ``whole`` that are zero throughout


@maker
def new_counting(blocs):
    """Empty arrays for K + C = ``blocs``."""
    return Counting(
        np.zeros((blocs, BLOCK), np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(blocs, np.int64),
        np.ones(blocs, np.bool_),
    )


@stage
def to_whole(seats, present, counting):
    """Seats (K, BLOCK) of the lists ``present``, held as floats by the allocation, as integers; none for the
    others. ``counting`` then says how many are handed out and which rows are not zero; return how many these
    are.
    """
    lists, p = seats.shape[0], 0
    house = counting.house
    for i in range(BLOCK):
        house[i] = np.int32(0)
    for k in range(lists):
        out = counting.whole[k]
        if p < present.shape[0] and present[p] == k:
            row = seats[k]
            for i in range(BLOCK):
                out[i] = np.int32(row[i])
                house[i] += np.int32(row[i])
            counting.rows[p] = k
            counting.empty[k] = False
            p += 1
        elif not counting.empty[k]:
            for i in range(BLOCK):
                out[i] = np.int32(0)
            counting.empty[k] = True
    for c in range(lists, counting.whole.shape[0]):
        counting.rows[p] = c
        p += 1
    return p


@stage
def count_seats(whole, rows, valid, counts, more):
    """counts (N, S + 1) += the histogram of ``rows`` of whole (N, BLOCK) over the first ``valid`` draws.

    Two rows at a time, and the second half of a block into ``more`` (N, S + 1), which the caller adds to
    counts in the end: neighbouring draws often fall into the same bin, and an add that waits for the one
    before it to be stored is the slowest thing in this loop.
    """
    half = valid // 2
    r = 0
    while r + 2 <= rows.shape[0]:
        a, b = whole[rows[r]], whole[rows[r + 1]]
        later_a, later_b = a[half:], b[half:]
        in_a, in_b, more_a, more_b = counts[rows[r]], counts[rows[r + 1]], more[rows[r]], more[rows[r + 1]]
        for i in range(half):
            in_a[np.uint32(a[i])] += np.int64(1)
            more_a[np.uint32(later_a[i])] += np.int64(1)
            in_b[np.uint32(b[i])] += np.int64(1)
            more_b[np.uint32(later_b[i])] += np.int64(1)
        r += 2
    if r < rows.shape[0]:
        a, in_a, more_a = whole[rows[r]], counts[rows[r]], more[rows[r]]
        later_a = a[half:]
        for i in range(half):
            in_a[np.uint32(a[i])] += np.int64(1)
            more_a[np.uint32(later_a[i])] += np.int64(1)
    if valid % 2 == 1:
        for k in rows:
            counts[k, whole[k, valid - 1]] += np.int64(1)


@stage
def count_absent(empty, lists, valid, counts):
    """counts (N, S + 1) += no seats for the lists that have none in the whole block."""
    for k in range(lists):
        if empty[k]:
            counts[k, 0] += valid


@stage
def count_void(entitled_total, valid, void):
    """void (1,) += draws in which nobody with votes is admitted."""
    often = np.int32(0)
    for i in range(valid):
        often += np.int32(entitled_total[i] == 0.0)
    void[0] += often


@stage
def coalition_seats(counting, starts, members):
    """Rows of ``counting.whole`` behind the lists' = seats of each coalition; its members are
    members[starts[c]:starts[c + 1]].
    """
    coalitions = starts.shape[0] - 1
    lists = counting.whole.shape[0] - coalitions
    for c in range(coalitions):
        out = counting.whole[lists + c]
        for i in range(BLOCK):
            out[i] = np.int32(0)
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
            total += np.int32(row[i] + row[i] > house[i])
        majorities[c] += total


@stage
def holds(whole, admitted, house, questions, c, total, met):
    """met (BLOCK) &= whether constraint c holds in each draw; ``total`` (BLOCK) is scratch.

    A constraint is sum(weight * term) >= bound over its terms. Term k < K is the seats of list k, K + k
    whether it is admitted (0 or 1), 2 K the seats handed out.
    """
    lists = admitted.shape[0]
    for i in range(BLOCK):
        total[i] = np.int32(0)
    for t in range(questions.term_starts[c], questions.term_starts[c + 1]):
        term, weight = questions.terms[t], questions.weights[t]
        if term < lists:
            row = whole[term]
            for i in range(BLOCK):
                total[i] += weight * row[i]
        elif term < 2 * lists:
            mask = admitted[term - lists]
            for i in range(BLOCK):
                total[i] += weight * np.int32(mask[i])
        else:
            for i in range(BLOCK):
                total[i] += weight * house[i]
    bound = questions.bounds[c]
    for i in range(BLOCK):
        met[i] &= np.int32(total[i] >= bound)


@stage
def count_events(whole, admitted, house, valid, questions, total, met, counts):
    """counts (E,) += draws in which every constraint of an event holds; total and met (BLOCK) are scratch."""
    for e in range(counts.shape[0]):
        for i in range(BLOCK):
            met[i] = np.int32(1)
        for c in range(questions.event_starts[e], questions.event_starts[e + 1]):
            holds(whole, admitted, house, questions, c, total, met)
        often = np.int32(0)
        for i in range(valid):
            often += met[i]
        counts[e] += often


@stage
def count_shares(votes, total, valid, bins, inverse, places, counts, sums):
    """counts (U, bins) += histogram of vote shares; sums (U,) += shares in units of 2**-32, rounded.

    ``inverse`` (BLOCK) and ``places`` (BLOCK, int32) are scratch: bins are found in vector code, and only
    counting in them is not.
    """
    for i in range(BLOCK):
        inverse[i] = 1.0 / total[i] if total[i] > 0.0 else 0.0
    for k in range(votes.shape[0]):
        row, out = votes[k], counts[k]
        added = np.int64(0)
        for i in range(valid):
            share = row[i] * inverse[i]
            places[i] = np.int32(share * bins)
            added += np.int64(share * 4294967296.0)
        sums[k] += added
        for i in range(valid):
            out[np.uint32(places[i])] += np.int64(1)
