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
from forecast.kernels.compiling import element, glue, maker, stage
from forecast.kernels.plain import claim_largest, divide_plainly
from forecast.kernels.random import BLOCK
from forecast.kernels.tally import clear_absent, coalition_seats, holds, to_whole
from forecast.kernels.waiting import NOT_KEPT

_FEW_LEVELS = 256
_ROW = BLOCK + 16
"""Length of rows that are read draw by draw: powers of two would want the same places of the cache."""


class GridCounts(NamedTuple):
    """Differences along the rows of every grid, and the scratch of a block.

    A row holds the rules of a grid that differ in their level alone, in rising order. Rows of all grids are
    numbered through; T is the longest.
    """

    seats: Any  # (rows, K + C, S + 1, T + 1) int32; those of zero seats are not read, they are what is left
    passes: Any  # (rows, K, T + 1); this and void of leading rows alone
    void: Any  # (rows, T + 1)
    majorities: Any  # (rows, C, T + 1)
    events: Any  # (rows, E, T + 1)
    cells: Any  # (rows, (K + C) (S + 1) (T + 1)) the same memory as ``seats``
    by_size: Any  # (methods, K + 1, K + C, _ROW) int32 seats of the m largest, as the first of their cells
    won: Any  # (methods, K + 1, C + E, _ROW) uint8 majorities and events
    ranks: Any  # (K, BLOCK) int32 by votes, from 0
    order: Any  # (K, BLOCK) int16 the list of every rank
    first_out: Any  # (K + 1, _ROW) int32 per rank, the first threshold of the row that it fails
    used: Any  # (K + 1,) bool
    claims: Any  # (BLOCK,) votes of the lists of one rank
    passed: Any  # (BLOCK,) int64 how many lists reach a threshold
    present: Any  # (1,) int64 how many lists are among the largest in some draw
    leads: Any  # (1,) int64 leading rows of the grid


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
    bins = tallies.seats.shape[3]
    cells = np.zeros((rows, blocs * bins * (longest + 1)), np.int32)
    return GridCounts(
        cells.reshape((rows, blocs, bins, longest + 1)),
        np.zeros((rows, lists, longest + 1), np.int32),
        np.zeros((rows, longest + 1), np.int32),
        np.zeros((rows, coalitions, longest + 1), np.int32),
        np.zeros((rows, events, longest + 1), np.int32),
        cells,
        np.zeros((methods, sizes, blocs, _ROW), np.int32),
        np.zeros((methods, sizes, coalitions + events, _ROW), np.uint8),
        np.zeros((lists, BLOCK), np.int32),
        np.empty((lists, BLOCK), np.int16),
        np.zeros((lists + 1, _ROW), np.int32),
        np.zeros(lists + 1, np.bool_),
        np.zeros(BLOCK),
        np.zeros(BLOCK, np.int64),
        np.zeros(1, np.int64),
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
            _count_admitted(leading, rules, row, valid, left_out, counts)
        _count_row(leading, rules, row, valid, left_out, counts)
        if keep:
            _keep_row(leading, rules, row, valid, left_out, places, counts, kept_seats)


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


@element
def _admitted(rule, lists, passed):
    """How many lists take part when ``passed`` reach the threshold: minimum numbers, and nobody at all."""
    if passed == 0 and rule.nobody_decided:
        return _at_least(rule, lists, rule.nobody_admits) if rule.nobody_admits > 0 else 0
    return _at_least(rule, lists, passed)


@element
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


@stage
def _count_admitted(rule, rules, row, valid, left_out, counts):
    """Add the differences of who is admitted, which no method changes, as the thresholds of a row rise."""
    lists = counts.order.shape[0]
    length = rules.row_starts[row + 1] - rules.row_starts[row]
    passes, void = counts.passes[row], counts.void[row]
    for i in range(valid):
        if left_out[i]:
            continue
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
def _count_row(rule, rules, row, valid, left_out, counts):
    """Add the differences of one row: as the threshold rises, seats change where a list drops out."""
    lists = counts.order.shape[0]
    a = rules.row_methods[row]
    length = rules.row_starts[row + 1] - rules.row_starts[row]
    for i in range(valid):
        if left_out[i]:
            continue
        before = -1
        for passed in range(lists, -1, -1):
            begin = counts.first_out[passed, i]
            if begin >= (counts.first_out[passed - 1, i] if passed > 0 else length):
                continue
            m = _admitted(rule, lists, passed)
            if m != before:
                _change(counts, row, a, before, m, begin, i)
            before = m


@glue
def _change(counts, row, a, before, m, begin, i):
    """From threshold ``begin`` on draw i has the seats of its m largest lists, not of the ``before`` largest
    (-1: of nobody yet). Most of this changes nothing, but to find out takes longer than to do it.
    """
    cells, now = counts.cells[row], counts.by_size[a, m]
    majorities, events = counts.majorities[row], counts.events[row]
    won, coalitions = counts.won[a, m], majorities.shape[0]
    for b in range(now.shape[0]):
        cells[np.uint32(now[b, i] + begin)] += 1
    for c in range(coalitions):
        majorities[c, begin] += won[c, i]
    for e in range(events.shape[0]):
        events[e, begin] += won[coalitions + e, i]
    if before >= 0:
        had, lost = counts.by_size[a, before], counts.won[a, before]
        for b in range(had.shape[0]):
            cells[np.uint32(had[b, i] + begin)] -= 1
        for c in range(coalitions):
            majorities[c, begin] -= lost[c, i]
        for e in range(events.shape[0]):
            events[e, begin] -= lost[coalitions + e, i]


@stage
def _keep_row(rule, rules, row, valid, left_out, places, counts, kept_seats):
    """Write the seats of the draws that have a place under every rule of a row, rule by rule: each rule's are
    together in memory.
    """
    lists, passed = counts.order.shape[0], counts.passed
    a = rules.row_methods[row]
    first, last = rules.row_starts[row], rules.row_starts[row + 1]
    for i in range(valid):
        passed[i] = lists
    for t in range(first, last):
        for i in range(valid):
            if places[i] == NOT_KEPT or left_out[i]:
                continue
            while passed[i] > 0 and counts.first_out[passed[i] - 1, i] <= t - first:
                passed[i] -= 1
            m = _admitted(rule, lists, passed[i])
            for k in range(lists):
                cell = counts.by_size[a, m, k, i] // counts.seats.shape[3]
                kept_seats[rules.rows[t], places[i], k] = cell - k * counts.seats.shape[2]


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
