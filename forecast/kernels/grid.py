"""Many thresholds, bases and methods on the same draws at once.

Lists drop out in the order of their votes as the threshold rises, whatever it is a share of: the lists that
take part are always the m largest. So a block is allocated once for every m and every way to allocate, at
most (K + 1) times the number of methods, and a threshold only decides which m it stands for. Along a row of
rising thresholds m changes K times at most; counts are kept as differences (+1 where a number of seats
begins, -1 where it ends) and added up along the row when the chunk is done. Plain methods allocate in
float32; a draw on which one of them is unsure is left out and waits, see ``plain``.
"""

from __future__ import annotations

import numpy as np

from forecast.kernels.admission import count_admitted, entitle_and_count, fill, find_present
from forecast.kernels.applying import allocate_by_rule, draw_lots, entitle_by_rule, fill_base
from forecast.kernels.compiling import stage
from forecast.kernels.grid_counts import (
    count_row,
    count_who_passes,
    find_changes,
    how_many_take_part,
    keep_row,
)
from forecast.kernels.plain import claim_largest, divide_plainly
from forecast.kernels.random import BLOCK
from forecast.kernels.tally import clear_absent, coalition_seats, holds, to_whole
from forecast.kernels.waiting import NOT_KEPT

_FEW_LEVELS = 256


@stage
def sweep_block(draws, rules, questions, g, replicate, number, valid, drawn, block, outcome, plain, counts):
    """Allocate one block in every way that grid ``g`` may ask for, in float32 where a method is plain; the
    draws on which one was unsure are marked in ``plain.unsure``.
    """
    _rank_lists(drawn.votes, counts.ranks, counts.order)
    _find_sizes(draws, rules, g, replicate, number, valid, block, outcome, counts)
    unsure = plain.unsure
    for i in range(BLOCK):
        unsure[i] = 0
    first, last = rules.method_starts[g], rules.method_starts[g + 1]
    inside = -1
    for m in range(counts.used.shape[0]):
        if not counts.used[m]:
            continue
        present = claim_largest(drawn.votes, counts.ranks, m, plain)
        for a in range(first, last):
            rule = rules.records[rules.methods[a]]
            if rule.plain:
                clear_absent(plain.present[:present], plain.counting)
                divide_plainly(rule, draws.valid_votes, drawn.total, m == 1, plain)
            else:
                if inside < m:
                    inside = _admit_largest(inside, m, block, outcome, counts)
                _allocate_exactly(draws, rules, rules.methods[a], block, outcome, plain.counting, counts)
            _keep_answers(questions, outcome, plain.counting, counts, a - first, m)


@stage
def sweep_late(draws, rules, questions, g, valid, block, outcome, counting, counts):
    """The same for a block of draws that have waited, in float64 throughout."""
    _rank_lists(block.votes, counts.ranks, counts.order)
    _find_sizes(draws, rules, g, np.int64(0), np.int64(0), valid, block, outcome, counts)
    first, last = rules.method_starts[g], rules.method_starts[g + 1]
    inside = -1
    for m in range(counts.used.shape[0]):
        if counts.used[m]:
            inside = _admit_largest(inside, m, block, outcome, counts)
            for a in range(first, last):
                _allocate_exactly(draws, rules, rules.methods[a], block, outcome, counting, counts)
                _keep_answers(questions, outcome, counting, counts, a - first, m)


@stage
def _find_sizes(draws, rules, g, replicate, number, valid, block, outcome, counts):
    """Mark how many lists take part in some draw under some rule of the grid."""
    leading = rules.records[rules.methods[rules.method_starts[g]]]
    draw_lots(leading, draws, replicate, number, outcome.lots)
    counts.leads[0] = 0
    for m in range(counts.used.shape[0]):
        counts.used[m] = False
    for row in range(rules.grid_starts[g], rules.grid_starts[g + 1]):
        if rules.row_leads[row]:
            _thresholds_failed(rules, row, block, outcome.base, counts)
            _mark_used(leading, rules, row, valid, counts)
            counts.leads[0] += 1


@stage
def count_sweep(rules, g, valid, left_out, places, block, outcome, counts, kept_seats):
    """Count a block under every rule of grid ``g``, but for the draws marked in ``left_out`` (BLOCK), and
    write the seats of those that have a place (BLOCK) among the kept.
    """
    leading = rules.records[rules.methods[rules.method_starts[g]]]
    keep = False
    for i in range(valid):
        keep |= places[i] != NOT_KEPT and left_out[i] == 0
    for row in range(rules.grid_starts[g], rules.grid_starts[g + 1]):
        if rules.row_leads[row]:
            if counts.leads[0] > 1:  # else they are at hand
                _thresholds_failed(rules, row, block, outcome.base, counts)
            find_changes(leading, rules, row, valid, left_out, counts)
            count_who_passes(row, counts)
        count_row(rules, row, counts)
        if keep:
            keep_row(leading, rules, row, valid, left_out, places, counts, kept_seats)


@stage
def _rank_lists(votes, ranks, order):
    """order (K, BLOCK): the list of every rank by votes; of equals the earlier one first. ``ranks`` the
    reverse.
    """
    lists = order.shape[0]
    for k in range(lists):
        rank = ranks[k]
        for i in range(BLOCK):
            rank[i] = 0
        for j in range(k):
            before, ahead, behind = ranks[j], votes[j], votes[k]
            for i in range(BLOCK):
                first = np.int32(ahead[i] >= behind[i])
                rank[i] = np.int32(rank[i] + first)
                before[i] = np.int32(before[i] + np.int32(np.int32(1) - first))
    for k in range(lists):
        rank = ranks[k]
        for i in range(BLOCK):
            order[np.int64(rank[i]), i] = k


@stage
def _thresholds_failed(rules, row, block, base, counts):
    """first_out (K, BLOCK): for the list of each rank the first threshold of a row, counted from 0, that it
    fails.

    Falls with the rank; first_out[K] is 0. Compared as products, as ``admit`` does. Hundreds of thresholds
    are quicker compared with every one, in vector code, than found by bisection.
    """
    first, last = rules.row_starts[row], rules.row_starts[row + 1]
    rule = rules.records[rules.rows[first]]
    fill_base(rule.base, block, base)
    lists, claims = counts.order.shape[0], counts.claims
    for m in range(lists):
        ranked, out = counts.order[m], counts.first_out[m]
        for i in range(BLOCK):
            claims[i] = block.votes[ranked[i], i]
        if last - first <= _FEW_LEVELS:
            _count_passed(rule, rules, first, last, claims, base, out)
        else:
            _bisect(rule, rules, first, last, claims, base, out)
    for i in range(BLOCK):
        counts.first_out[lists, i] = 0


@stage
def _count_passed(rule, rules, first, last, claims, base, out):
    """out (BLOCK) = how many thresholds of a row each claim (BLOCK) reaches."""
    for i in range(BLOCK):
        out[i] = 0
    for t in range(first, last):
        top, bottom = rules.numerators[rules.rows[t], 0], rules.denominators[rules.rows[t], 0]
        if rule.strict and top > 0.0:
            for i in range(BLOCK):
                out[i] += np.int32(claims[i] * bottom > top * base[i])
        else:
            for i in range(BLOCK):
                out[i] += np.int32(claims[i] * bottom >= top * base[i])


@stage
def _bisect(rule, rules, first, last, claims, base, out):
    """As ``_count_passed``, by bisection."""
    for i in range(BLOCK):
        low, high = first, last
        while low < high:
            middle = (low + high) // 2
            r = rules.rows[middle]
            needed, mine = rules.numerators[r, 0] * base[i], claims[i] * rules.denominators[r, 0]
            if mine > needed or (mine == needed and not (rule.strict and needed > 0.0)):
                low = middle + 1
            else:
                high = middle
        out[i] = low - first


@stage
def _mark_used(rule, rules, row, valid, counts):
    """Mark the numbers of admitted lists that occur in some draw of a row."""
    lists = counts.order.shape[0]
    length = rules.row_starts[row + 1] - rules.row_starts[row]
    for passed in range(lists + 1):
        for i in range(valid):
            end = counts.first_out[passed - 1, i] if passed > 0 else length
            if counts.first_out[passed, i] < end:
                counts.used[how_many_take_part(rule, lists, passed)] = True
                break


@stage
def _admit_largest(inside, m, block, outcome, counts):
    """Admit the ``m`` largest lists of every draw, of which ``inside`` are admitted already (-1: not even
    begun); m.
    """
    if inside < 0:
        fill(outcome.admitted, 0.0)
        inside = 0
    for rank in range(inside, m):
        for i in range(BLOCK):
            outcome.admitted[counts.order[rank, i], i] = 1.0
    count_admitted(outcome.admitted, BLOCK, outcome.often)
    counts.present[0] = find_present(outcome.often, outcome.present)
    present = outcome.present[: counts.present[0]]
    entitle_and_count(
        block.votes, outcome.admitted, present, outcome.entitled, outcome.entitled_total, outcome.how_many
    )
    return m


@stage
def _allocate_exactly(draws, rules, r, block, outcome, counting, counts):
    """Seats of a block by the method of rule ``r`` for those admitted in ``outcome``."""
    rule = rules.records[r]
    present = outcome.present[: counts.present[0]]
    if rule.corrected:
        fill(outcome.factors, rule.uncorrected)
        entitle_by_rule(rule, rules.weights[r], present, block, outcome)
    divisors = rules.divisors[rule.divisor_row]
    allocate_by_rule(rule, rules.weights[r], divisors, draws.sampler, present, block, outcome)
    to_whole(outcome.seats, present, counting)


@stage
def _keep_answers(questions, outcome, counting, counts, a, m):
    """Seats, majorities and events of a block when the ``m`` largest lists take part, by the grid's method
    a.
    """
    lists = counts.order.shape[0]
    whole, house, met = counting.whole, counting.house, counting.met
    width = np.int32(counts.seats.shape[3])
    coalition_seats(counting, questions.coalition_starts, questions.coalition_members)
    for b in range(whole.shape[0]):
        row, out = whole[b], counts.by_size[a, m, b]
        first = np.int32(b * counts.seats.shape[2] * width)
        for i in range(BLOCK):
            out[i] = np.int32(first + np.int32(np.int32(row[i]) * width))
    coalitions = whole.shape[0] - lists
    for c in range(coalitions):
        row, out = whole[lists + c], counts.won[a, m, c]
        for i in range(BLOCK):
            seats = np.int32(row[i])
            out[i] = np.int32(seats + seats) > np.int32(house[i])
    if questions.event_starts.shape[0] > 1:
        for k in range(lists):
            rank, inside = counts.ranks[k], counting.inside[k]
            for i in range(BLOCK):
                inside[i] = 1 if rank[i] < m else 0
    for e in range(questions.event_starts.shape[0] - 1):
        for i in range(BLOCK):
            met[i] = 1
        for c in range(questions.event_starts[e], questions.event_starts[e + 1]):
            holds(counting, questions, c, met)
        out = counts.won[a, m, coalitions + e]
        for i in range(BLOCK):
            out[i] = met[i]
