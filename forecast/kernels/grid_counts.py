"""Counts along the rows of a grid: differences where something changes as the threshold rises.

They are added up in the end. See ``grid`` for how a block comes to be counted here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.compiling import element, maker, stage
from forecast.kernels.random import BLOCK
from forecast.kernels.waiting import NOT_KEPT

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
    changes: Any  # of the row that leads


class Changes(NamedTuple):
    """How many lists take part in the draws of a block, and where that changes as a threshold rises."""

    counted: Any  # (BLOCK,) int32 the draws that are counted
    first: Any  # (BLOCK,) int32 how many take part in them at the lowest threshold
    draw: Any  # (BLOCK K,) int32 draw of a change
    begin: Any  # (BLOCK K,) int32 its threshold
    before: Any  # (BLOCK K,) int32 how many take part below it
    after: Any  # (BLOCK K,) int32 and how many from there on
    numbers: Any  # (2,) int64 draws and changes


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
        Changes(
            np.zeros(BLOCK, np.int32),
            np.zeros(BLOCK, np.int32),
            np.zeros(BLOCK * sizes, np.int32),
            np.zeros(BLOCK * sizes, np.int32),
            np.zeros(BLOCK * sizes, np.int32),
            np.zeros(BLOCK * sizes, np.int32),
            np.zeros(2, np.int64),
        ),
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


@element
def how_many_take_part(rule, lists, passed):
    """How many lists take part when ``passed`` reach the threshold: minimum numbers, and nobody at all."""
    if passed == 0 and rule.nobody_decided:
        return _at_least(rule, lists, rule.nobody_admits) if rule.nobody_admits > 0 else 0
    return _at_least(rule, lists, passed)


@element
def _at_least(rule, lists, number):
    return min(max(number, np.int64(rule.minimum_lists)), lists)


@stage
def find_changes(rule, rules, row, valid, left_out, counts):
    """Write down where the lists that take part change as the thresholds of a row rise: alike for all rows
    of a grid that differ in their methods alone.
    """
    lists, changes = counts.order.shape[0], counts.changes
    length = rules.row_starts[row + 1] - rules.row_starts[row]
    draws, begins, befores, afters = changes.draw, changes.begin, changes.before, changes.after
    begun, number = 0, 0
    for i in range(valid):
        if left_out[i]:
            continue
        before = np.int64(-1)
        for passed in range(lists, -1, -1):
            begin = counts.first_out[passed, i]
            if begin >= (counts.first_out[passed - 1, i] if passed > 0 else length):
                continue
            m = how_many_take_part(rule, lists, passed)
            if before < 0:
                changes.counted[begun], changes.first[begun] = i, m
                begun += 1
            elif m != before:
                draws[number], begins[number], befores[number], afters[number] = i, begin, before, m
                number += 1
            before = m
    changes.numbers[0], changes.numbers[1] = begun, number


@stage
def count_who_passes(row, counts):
    """Add the differences of who is admitted, which no method changes, as the thresholds of a row rise."""
    passes, void, order, changes = counts.passes[row], counts.void[row], counts.order, counts.changes
    for n in range(changes.numbers[0]):
        i, m = changes.counted[n], changes.first[n]
        for rank in range(m):
            passes[order[rank, i], 0] += 1
        void[0] += m == 0
    for n in range(changes.numbers[1]):
        i, begin, before, m = changes.draw[n], changes.begin[n], changes.before[n], changes.after[n]
        for rank in range(before, m):
            passes[order[rank, i], begin] += 1
        for rank in range(m, before):
            passes[order[rank, i], begin] -= 1
        void[begin] += m == 0


@stage
def count_row(rules, row, counts):
    """Add the differences of one row: as the threshold rises, seats change where a list drops out.

    Most of this changes nothing, but to find out takes longer than to do it.
    """
    a, changes = rules.row_methods[row], counts.changes
    cells, by_size = counts.cells[row], counts.by_size[a]
    blocs = by_size.shape[1]
    for n in range(changes.numbers[0]):
        i, now = changes.counted[n], by_size[changes.first[n]]
        for b in range(blocs):
            cells[np.uint32(now[b, i])] += 1
    for n in range(changes.numbers[1]):
        i, begin = changes.draw[n], changes.begin[n]
        had, now = by_size[changes.before[n]], by_size[changes.after[n]]
        for b in range(blocs):
            cells[np.uint32(now[b, i] + begin)] += 1
            cells[np.uint32(had[b, i] + begin)] -= 1
    _count_won(counts.won[a], 0, changes, counts.majorities[row])
    _count_won(counts.won[a], counts.majorities.shape[1], changes, counts.events[row])


@stage
def _count_won(won, first, changes, counted):
    """counted (N, T + 1) += differences of ``won`` (K + 1, C + E, _ROW) from ``first`` on."""
    for c in range(counted.shape[0]):
        row = counted[c]
        for n in range(changes.numbers[0]):
            row[0] += won[changes.first[n], first + c, changes.counted[n]]
        for n in range(changes.numbers[1]):
            i = changes.draw[n]
            gained, lost = won[changes.after[n], first + c, i], won[changes.before[n], first + c, i]
            row[changes.begin[n]] += np.int32(gained) - np.int32(lost)


@stage
def keep_row(rule, rules, row, valid, left_out, places, counts, kept_seats):
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
            m = how_many_take_part(rule, lists, passed[i])
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
