"""Many thresholds, bases and methods on the same draws at once.

Lists drop out in the order of their votes as the threshold rises, whatever it is a share of: the lists that
take part are always the m largest. So a block is allocated once for every m and every way to allocate, at
most (K + 1) times the number of methods, and a threshold only decides which m it stands for. Along a row of
rising thresholds m changes K times at most; counts are kept as differences (+1 where a number of seats
begins, -1 where it ends) and added up along the row when the chunk is done.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.admission import count_admitted, entitle_and_count, fill, find_present
from forecast.kernels.applying import allocate_by_rule, draw_lots, entitle_by_rule, fill_base
from forecast.kernels.compiling import maker, stage
from forecast.kernels.elementary import bits_float, float_bits
from forecast.kernels.quota import PADDING, rank_keys
from forecast.kernels.random import BLOCK
from forecast.kernels.tally import coalition_seats, fill_inside, holds, to_whole

_KEY = np.uint64(0xFFFFFFFFFFFFFF00)
_FEW_LEVELS = 256


class GridCounts(NamedTuple):
    """Differences along the rows of every grid, and the scratch of a block.

    A row holds the rules of a grid that differ in their level alone, in rising order. Rows of all grids are
    numbered through; T is the longest.
    """

    seats: Any  # (rows, K + C, S + 1, T + 1) int32; zero seats are not written, they are what is left
    passes: Any  # (rows, K, T + 1); this and void of leading rows alone
    void: Any  # (rows, T + 1)
    majorities: Any  # (rows, C, T + 1)
    events: Any  # (rows, E, T + 1)
    by_size: Any  # (methods, K + 1, K + C, BLOCK) int32 seats when the m largest take part
    won: Any  # (methods, K + 1, C + E, BLOCK) uint8 majorities and events
    keys: Any  # (padded K, BLOCK) votes, their last bits replaced by the list's place
    order: Any  # (K, BLOCK) int16 the list of every rank
    first_out: Any  # (K + 1, BLOCK) int32 per rank, the first threshold of the row that it fails
    used: Any  # (K + 1,) bool
    claims: Any  # (BLOCK,) votes of the lists of one rank
    present: Any  # (1,) int64 how many lists are among the largest in some draw


@maker
def new_grid_counts(rules, questions, tallies):
    """Counts of zero."""
    grids = rules.grid_starts.shape[0] - 1
    rows = rules.row_starts.shape[0] - 1
    lists, blocs = rules.numerators.shape[1], tallies.seats.shape[2]
    coalitions, events = tallies.majorities.shape[2], tallies.events.shape[2]
    longest, methods = 0, 0
    for row in range(rows):
        longest = max(longest, rules.row_starts[row + 1] - rules.row_starts[row])
    for g in range(grids):
        methods = max(methods, rules.method_starts[g + 1] - rules.method_starts[g])
    sizes = lists + 1 if grids > 0 else 0
    padded = (lists + PADDING - 1) // PADDING * PADDING
    return GridCounts(
        np.zeros((rows, blocs, tallies.seats.shape[3], longest + 1), np.int32),
        np.zeros((rows, lists, longest + 1), np.int32),
        np.zeros((rows, longest + 1), np.int32),
        np.zeros((rows, coalitions, longest + 1), np.int32),
        np.zeros((rows, events, longest + 1), np.int32),
        np.zeros((methods, sizes, blocs, BLOCK), np.int32),
        np.zeros((methods, sizes, coalitions + events, BLOCK), np.uint8),
        np.full((padded, BLOCK), -1.0),
        np.empty((lists, BLOCK), np.int16),
        np.zeros((lists + 1, BLOCK), np.int32),
        np.zeros(lists + 1, np.bool_),
        np.zeros(BLOCK),
        np.zeros(1, np.int64),
    )


@stage
def begin_grids(counts):
    """Counts of zero."""
    for row in range(counts.void.shape[0]):
        for t in range(counts.void.shape[1]):
            counts.void[row, t] = 0
        _clear(counts.passes[row])
        _clear(counts.majorities[row])
        _clear(counts.events[row])
        for b in range(counts.seats.shape[1]):
            _clear(counts.seats[row, b])


@stage
def _clear(counts):
    for n in range(counts.shape[0]):
        for t in range(counts.shape[1]):
            counts[n, t] = 0


@stage
def sweep_block(
    draws,
    rules,
    questions,
    g,
    replicate,
    number,
    place,
    valid,
    keep,
    block,
    outcome,
    counting,
    counts,
    kept_seats,
):
    """Count one block under every rule of grid ``g``."""
    _sort_lists(block.votes, counts.keys, outcome.work.ranks, counts.order)
    first_method, last_method = rules.method_starts[g], rules.method_starts[g + 1]
    leading = rules.records[rules.methods[first_method]]
    draw_lots(leading, draws, replicate, number, outcome.lots)
    counts.used[:] = False
    leads = 0
    for row in range(rules.grid_starts[g], rules.grid_starts[g + 1]):
        if rules.row_leads[row]:
            _thresholds_failed(rules, row, block, outcome.base, counts)
            _mark_used(leading, rules, row, valid, counts)
            leads += 1
    fill(outcome.admitted, 0.0)
    inside = 0
    for m in range(counts.used.shape[0]):
        if counts.used[m]:
            _admit_largest(inside, m, block, outcome, counts)
            inside = m
            for a in range(first_method, last_method):
                _allocate_largest(
                    draws,
                    rules,
                    questions,
                    rules.methods[a],
                    m,
                    block,
                    outcome,
                    counting,
                    counts,
                    a - first_method,
                )
    for row in range(rules.grid_starts[g], rules.grid_starts[g + 1]):
        if rules.row_leads[row]:
            if leads > 1:
                _thresholds_failed(rules, row, block, outcome.base, counts)
            _count_admitted(leading, rules, row, valid, counts)
        _count_row(leading, rules, row, valid, counts)
        if keep > 0:
            _keep_row(leading, rules, row, place, keep, counts, kept_seats)


@stage
def _sort_lists(votes, keys, ranks, order):
    """order (K, BLOCK): the list of every rank by votes; of equals the earlier one first."""
    lists = order.shape[0]
    for k in range(lists):
        row, key = votes[k], keys[k]
        place = np.uint64(255 - k)
        for i in range(BLOCK):
            key[i] = bits_float((float_bits(row[i]) & _KEY) | place)
    rank_keys(keys, lists, ranks)
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
def _admitted(rule, lists, passed):
    """How many lists take part when ``passed`` reach the threshold: minimum numbers, and nobody at all."""
    if passed == 0 and rule.nobody_decided:
        return _at_least(rule, lists, rule.nobody_admits) if rule.nobody_admits > 0 else 0
    return _at_least(rule, lists, passed)


@stage
def _at_least(rule, lists, number):
    return min(max(number, np.int64(rule.minimum_lists)), lists)


@stage
def _mark_used(rule, rules, row, valid, counts):
    """Mark the numbers of admitted lists that occur in some draw of a row."""
    lists = counts.order.shape[0]
    length = rules.row_starts[row + 1] - rules.row_starts[row]
    for passed in range(lists + 1):
        for i in range(valid):
            end = counts.first_out[passed - 1, i] if passed > 0 else length
            if counts.first_out[passed, i] < end:
                counts.used[_admitted(rule, lists, passed)] = True
                break


@stage
def _admit_largest(inside, m, block, outcome, counts):
    """Admit the ``m`` largest lists of every draw, of which ``inside`` are admitted already."""
    for rank in range(inside, m):
        for i in range(BLOCK):
            outcome.admitted[counts.order[rank, i], i] = 1.0
    count_admitted(outcome.admitted, BLOCK, outcome.often)
    counts.present[0] = find_present(outcome.often, outcome.present)
    present = outcome.present[: counts.present[0]]
    entitle_and_count(
        block.votes, outcome.admitted, present, outcome.entitled, outcome.entitled_total, outcome.how_many
    )


@stage
def _allocate_largest(draws, rules, questions, r, m, block, outcome, counting, counts, a):
    """Seats, majorities and events of a block when the ``m`` largest lists take part, by the method of rule
    ``r``.
    """
    rule = rules.records[r]
    lists = counts.order.shape[0]
    present = outcome.present[: counts.present[0]]
    if rule.corrected:
        fill(outcome.factors, rule.uncorrected)
        entitle_by_rule(rule, rules.weights[r], present, block, outcome)
    divisors = rules.divisors[rule.divisor_row]
    allocate_by_rule(rule, rules.weights[r], divisors, draws.sampler, present, block, outcome)
    whole, house, met = counting.whole, counting.house, counting.met
    to_whole(outcome.seats, present, counting)
    coalition_seats(counting, questions.coalition_starts, questions.coalition_members)
    for b in range(whole.shape[0]):
        row, out = whole[b], counts.by_size[a, m, b]
        for i in range(BLOCK):
            out[i] = row[i]
    coalitions = whole.shape[0] - lists
    for c in range(coalitions):
        row, out = whole[lists + c], counts.won[a, m, c]
        for i in range(BLOCK):
            out[i] = row[i] + row[i] > house[i]
    if questions.event_starts.shape[0] > 1:
        fill_inside(outcome.admitted, counting.inside)
    for e in range(questions.event_starts.shape[0] - 1):
        for i in range(BLOCK):
            met[i] = 1
        for c in range(questions.event_starts[e], questions.event_starts[e + 1]):
            holds(counting, questions, c, met)
        out = counts.won[a, m, coalitions + e]
        for i in range(BLOCK):
            out[i] = met[i]


@stage
def _count_admitted(rule, rules, row, valid, counts):
    """Add the differences of who is admitted, which no method changes, as the thresholds of a row rise."""
    lists = counts.order.shape[0]
    length = rules.row_starts[row + 1] - rules.row_starts[row]
    passes, void = counts.passes[row], counts.void[row]
    for i in range(valid):
        before = 0
        for passed in range(lists, -1, -1):
            begin = counts.first_out[passed, i]
            if begin >= (counts.first_out[passed - 1, i] if passed > 0 else length):
                continue
            m = _admitted(rule, lists, passed)
            for rank in range(before, m):
                passes[counts.order[rank, i], begin] += 1
            for rank in range(m, before):
                passes[counts.order[rank, i], begin] -= 1
            if m == 0:
                void[begin] += 1
            before = m


@stage
def _count_row(rule, rules, row, valid, counts):
    """Add the differences of one row: a stretch of thresholds for every number of lists that pass."""
    lists = counts.order.shape[0]
    a = rules.row_methods[row]
    length = rules.row_starts[row + 1] - rules.row_starts[row]
    seats = counts.seats[row]
    blocs, coalitions = seats.shape[0], counts.majorities.shape[1]
    events = counts.events.shape[1]
    for i in range(valid):
        for passed in range(lists + 1):
            begin = counts.first_out[passed, i]
            end = counts.first_out[passed - 1, i] if passed > 0 else length
            if begin >= end:
                continue
            m = _admitted(rule, lists, passed)
            for rank in range(m):
                k = counts.order[rank, i]
                held = counts.by_size[a, m, k, i]
                if held > 0:
                    seats[k, held, begin] += 1
                    seats[k, held, end] -= 1
            for b in range(lists, blocs):
                held = counts.by_size[a, m, b, i]
                if held > 0:
                    seats[b, held, begin] += 1
                    seats[b, held, end] -= 1
            for c in range(coalitions):
                if counts.won[a, m, c, i]:
                    counts.majorities[row, c, begin] += 1
                    counts.majorities[row, c, end] -= 1
            for e in range(events):
                if counts.won[a, m, coalitions + e, i]:
                    counts.events[row, e, begin] += 1
                    counts.events[row, e, end] -= 1


@stage
def _keep_row(rule, rules, row, place, keep, counts, kept_seats):
    """Write the seats of the first draws under every rule of a row."""
    lists = counts.order.shape[0]
    a = rules.row_methods[row]
    first, last = rules.row_starts[row], rules.row_starts[row + 1]
    for i in range(keep):
        passed = lists
        for t in range(first, last):
            while passed > 0 and counts.first_out[passed - 1, i] <= t - first:
                passed -= 1
            m = _admitted(rule, lists, passed)
            for k in range(lists):
                kept_seats[rules.rows[t], place + i, k] = counts.by_size[a, m, k, i]


@stage
def finish_grids(rules, counts, draws, tallies):
    """Add up the differences along every row and put them where the rules of the row are counted."""
    lead = 0
    for row in range(rules.row_starts.shape[0] - 1):
        which = rules.rows[rules.row_starts[row] : rules.row_starts[row + 1]]
        if rules.row_leads[row]:
            lead = row
            _accumulate(counts.passes[row], which.shape[0])
            for t in range(1, which.shape[0]):
                counts.void[row, t] += counts.void[row, t - 1]
        _accumulate(counts.majorities[row], which.shape[0])
        _accumulate(counts.events[row], which.shape[0])
        for b in range(counts.seats.shape[1]):
            _accumulate(counts.seats[row, b], which.shape[0])
        for t in range(which.shape[0]):
            r = which[t]
            _add_seats(counts.seats[row], t, draws, tallies.seats[r])
            _add_column(counts.passes[lead], t, tallies.passes[r])
            _add_column(counts.majorities[row], t, tallies.majorities[r])
            _add_column(counts.events[row], t, tallies.events[r])
            tallies.void[r] += counts.void[lead, t]


@stage
def _accumulate(counts, length):
    """Running sums of counts (N, T + 1) along the first ``length`` thresholds."""
    for n in range(counts.shape[0]):
        for t in range(1, length):
            counts[n, t] += counts[n, t - 1]


@stage
def _add_column(counts, t, tally):
    """tally (N,) += column t of counts (N, T + 1)."""
    for n in range(tally.shape[0]):
        tally[n] += counts[n, t]


@stage
def _add_seats(counts, t, draws, seats):
    """seats (K + C, S + 1) += column t of counts (K + C, S + 1, T + 1); none are held in the other draws."""
    for b in range(seats.shape[0]):
        seated = np.int64(0)
        for s in range(1, seats.shape[1]):
            number = np.int64(counts[b, s, t])
            seats[b, s] += number
            seated += number
        seats[b, 0] += draws - seated
