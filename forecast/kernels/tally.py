"""Counts over draws: only integers, so that the order in which blocks are counted cannot matter."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.compiling import stage
from forecast.kernels.random import BLOCK


class Counting(NamedTuple):
    """Scratch of counting a block, int32."""

    whole: Any  # (K + C, BLOCK) seats of lists, then of coalitions
    house: Any  # (BLOCK,)
    met: Any  # (BLOCK,)
    terms: Any  # (BLOCK,)


@stage
def new_counting(blocs):
    """Empty arrays for K + C = ``blocs``."""
    return Counting(
        np.empty((blocs, BLOCK), np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
    )


@stage
def to_whole(seats, whole):
    """whole (K or more, BLOCK): seats (K, BLOCK), held as floats by the allocation, as integers."""
    for k in range(seats.shape[0]):
        row, out = seats[k], whole[k]
        for i in range(BLOCK):
            out[i] = np.int32(row[i])


@stage
def count_seats(whole, valid, counts):
    """counts (N, S + 1) += the histogram of whole (N, BLOCK) over the first ``valid`` draws.

    Several rows at a time: neighbouring draws often fall into the same bin, and an add that waits for the one
    before it to be stored is the slowest thing in this loop.
    """
    rows = whole.shape[0]
    k = 0
    while k + 4 <= rows:
        a, b, c, d = whole[k], whole[k + 1], whole[k + 2], whole[k + 3]
        in_a, in_b, in_c, in_d = counts[k], counts[k + 1], counts[k + 2], counts[k + 3]
        for i in range(valid):
            in_a[a[i]] += np.int64(1)
            in_b[b[i]] += np.int64(1)
            in_c[c[i]] += np.int64(1)
            in_d[d[i]] += np.int64(1)
        k += 4
    while k + 2 <= rows:
        a, b = whole[k], whole[k + 1]
        in_a, in_b = counts[k], counts[k + 1]
        for i in range(valid):
            in_a[a[i]] += np.int64(1)
            in_b[b[i]] += np.int64(1)
        k += 2
    while k < rows:
        row, out = whole[k], counts[k]
        for i in range(valid):
            out[row[i]] += np.int64(1)
        k += 1


@stage
def count_admitted(admitted, entitled_total, valid, passes, void):
    """passes (K,) += draws in which a list is admitted; void (1,) += draws in which none with votes is."""
    for k in range(admitted.shape[0]):
        row = admitted[k]
        total = np.int64(0)
        for i in range(valid):
            total += np.int64(row[i])
        passes[k] += total
    empty = np.int64(0)
    for i in range(valid):
        empty += np.int64(entitled_total[i] == 0.0)
    void[0] += empty


@stage
def coalition_seats(whole, starts, members, sums):
    """sums (C, BLOCK) = seats of each coalition; its members are members[starts[c]:starts[c + 1]]."""
    for c in range(starts.shape[0] - 1):
        out = sums[c]
        for i in range(BLOCK):
            out[i] = np.int32(0)
        for m in range(starts[c], starts[c + 1]):
            row = whole[members[m]]
            for i in range(BLOCK):
                out[i] += row[i]


@stage
def house_of(whole, lists, house):
    """house (BLOCK) = seats handed out in each draw, the sum of the first ``lists`` rows."""
    for i in range(BLOCK):
        house[i] = np.int32(0)
    for k in range(lists):
        row = whole[k]
        for i in range(BLOCK):
            house[i] += row[i]


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
def count_shares(votes, total, valid, bins, counts, sums):
    """counts (U, bins) += histogram of vote shares; sums (U,) += shares in units of 2**-32, rounded."""
    for k in range(votes.shape[0]):
        row, out = votes[k], counts[k]
        added = np.int64(0)
        for i in range(valid):
            share = row[i] / total[i] if total[i] > 0.0 else 0.0
            out[np.int64(share * bins)] += np.int64(1)
            added += np.int64(share * 4294967296.0)
        sums[k] += added
