"""The fused loop: a chunk of draws through every stage, block by block."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from forecast.kernels.admission import find_present
from forecast.kernels.applying import (
    admit_by_rule,
    allocate_by_rule,
    draw_lots,
    entitle_by_rule,
    fill_base,
    new_outcome,
)
from forecast.kernels.around import around_seats
from forecast.kernels.compiling import glue, kernel, maker, stage
from forecast.kernels.dividing import new_room
from forecast.kernels.drawing import (
    begin_replicate,
    draw_block,
    given_block,
    new_drawn,
    new_electorate,
    new_source,
    widen,
)
from forecast.kernels.grid import count_sweep, sweep_block, sweep_late
from forecast.kernels.grid_counts import begin_grids, finish_grids, new_grid_counts
from forecast.kernels.plain import new_plain, plain_seats
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import BASE_LISTS, SAMPLER_GIVEN, SHARE_BINS, Tallies
from forecast.kernels.tally import (
    WAYS,
    coalition_seats,
    count_absent,
    count_events,
    count_majorities,
    count_narrow_seats,
    count_seats,
    count_shares,
    count_void,
    fill_inside,
    find_rows,
    leave_out,
    meet_event,
    new_counting,
    to_whole,
)
from forecast.kernels.waiting import NOT_KEPT, call_up, let_wait, new_waiting


class Scratch(NamedTuple):
    """What a call works with, and nobody sees afterwards."""

    source: Any
    drawn: Any  # the block in float32
    block: Any  # and in float64
    late: Any  # a block of draws that have waited
    outcome: Any
    room: Any
    counting: Any
    plain: Any
    waiting: Any  # a queue for each rule that is applied one by one, then for each grid
    seen: Any  # (singles, K + C, WAYS, S + 1) uint32 histograms of seats of a span
    grids: Any
    places: Any  # (BLOCK,) int64 where the seats of a draw are kept


@kernel
def simulate(draws, rules, questions, spans, share_every, tallies, kept_votes, kept_seats):
    """Run spans of draws, one after the other, and add them to ``tallies``.

    spans (T, 5) int64: replicate, number of the first draw in it (a multiple of STREAM), draws, which row of
    the tallies they are added to, and how many draws stand before it in the call. Every ``share_every``-th
    block enters the histogram of shares. The first draws of all are also written to kept_votes (N, U) shares
    and kept_seats (R, N, K) until these are full.
    """
    scratch = _new_scratch(draws, rules, questions, tallies)
    for span in spans:
        _run_span(draws, rules, questions, span, share_every, tallies, kept_votes, kept_seats, scratch)
    for s in range(rules.singles.shape[0]):
        if scratch.waiting.number[s] > 0:
            _count_late(draws, rules, questions, s, tallies, kept_seats, scratch)


@maker
def _new_scratch(draws, rules, questions, tallies):
    units, lists = draws.location.shape[0], rules.numerators.shape[1]
    blocs, bins, singles = tallies.seats.shape[2], tallies.seats.shape[3], rules.singles.shape[0]
    source = new_source(draws)
    return Scratch(
        source,
        new_drawn(draws, source),
        new_electorate(draws),
        new_electorate(draws),
        new_outcome(lists),
        _room_for(rules.around, lists),
        new_counting(lists, blocs),
        new_plain(rules, blocs),
        new_waiting(singles + rules.grid_starts.shape[0] - 1, units),
        np.zeros((singles, blocs, WAYS, bins), np.uint32),
        new_grid_counts(rules, questions, tallies),
        np.empty(BLOCK, np.int64),
    )


@maker
def _room_for(around, lists):
    """Scratch for what stands around the division."""
    if around is None:
        return None
    return new_room(lists)


@stage
def _run_span(draws, rules, questions, span, share_every, tallies, kept_votes, kept_seats, scratch):
    """Run one span and add it to its row of the tallies."""
    replicate, first, count, row, before = span[0], span[1], span[2], span[3], span[4]
    mine, seen = _row_of(tallies, row), scratch.seen
    drawn, block = scratch.drawn, scratch.block
    given, lists_count, in_full = draws.sampler == SAMPLER_GIVEN, _lists_count(rules), _asks_in_full(rules)
    begin_replicate(draws, replicate, scratch.source)
    begin_grids(scratch.grids)
    seen[:] = 0
    for start in range(0, count, BLOCK):
        valid, number, place = min(BLOCK, count - start), first + start, before + start
        keep = max(0, min(valid, kept_votes.shape[0] - place))
        shares_count = (number // BLOCK) % share_every == 0
        if given:
            given_block(draws, number, valid, lists_count, block)
            _look_at_shares(block, valid, shares_count, keep, place, kept_votes, tallies, scratch)
        else:
            draw_block(draws, scratch.source, replicate, number, drawn)
            _look_at_shares(drawn, valid, shares_count, keep, place, kept_votes, tallies, scratch)
            if in_full:
                widen(draws, drawn, block)
        for s in range(rules.singles.shape[0]):
            if rules.records[rules.singles[s]].plain and not given:
                unsure = _count_plainly(
                    draws, rules, questions, s, valid, keep, place, mine, kept_seats, scratch
                )
                if unsure > 0:
                    _set_aside(
                        draws, rules, questions, s, valid, row, keep, place, tallies, kept_seats, scratch
                    )
            else:
                _count_exactly(
                    draws,
                    rules,
                    questions,
                    s,
                    replicate,
                    number,
                    valid,
                    keep,
                    place,
                    mine,
                    kept_seats,
                    scratch,
                )
        for g in range(rules.grid_starts.shape[0] - 1):
            _sweep(
                draws,
                rules,
                questions,
                g,
                replicate,
                number,
                valid,
                keep,
                place,
                kept_seats,
                scratch,
            )
    for g in range(rules.grid_starts.shape[0] - 1):
        _sweep_late(draws, rules, questions, g, kept_seats, scratch)
    for s in range(rules.singles.shape[0]):
        _add_up(seen[s], mine.seats[rules.singles[s]])
    finish_grids(rules, scratch.grids, count, mine)


@stage
def _add_up(seen, seats):
    """seats += all ways; what was taken out of one may have been counted in another, so modulo 2**32."""
    for b in range(seats.shape[0]):
        first, second = seen[b, 0], seen[b, 1]
        for n in range(seats.shape[1]):
            seats[b, n] += np.int64(np.uint32(first[n] + second[n]))


@glue
def _row_of(tallies, row):
    """The tallies of one span."""
    return Tallies(
        tallies.passes[row],
        tallies.void[row],
        tallies.beyond[row],
        tallies.seats[row],
        tallies.majorities[row],
        tallies.events[row],
        tallies.shares,
        tallies.share_sums,
        tallies.share_draws,
    )


@stage
def _lists_count(rules):
    """Whether some rule asks for the votes for lists alone."""
    wanted = False
    for r in range(rules.records.shape[0]):
        rule = rules.records[r]
        wanted |= rule.base == BASE_LISTS or rule.quota_of_valid or rule.cap_numerator > 0.0
    return wanted


@stage
def _asks_in_full(rules):
    """Whether some rule is counted in float64 throughout."""
    wanted = rules.grid_starts.shape[0] > 1
    for r in rules.singles:
        wanted |= not rules.records[r].plain
    return wanted


@glue
def _look_at_shares(block, valid, shares_count, keep, place, kept_votes, tallies, scratch):
    """Shares of the vote, from a block in either precision: into their histogram, and kept."""
    if shares_count:
        base, terms = scratch.outcome.base, scratch.counting.terms
        shares, sums = tallies.shares, tallies.share_sums
        count_shares(block.votes, block.total, valid, SHARE_BINS, base, terms, shares, sums)
        tallies.share_draws[0] += valid
    for i in range(keep):
        total = np.float64(0.0)
        for k in range(kept_votes.shape[1]):
            total += block.votes[k, i]
        for k in range(kept_votes.shape[1]):
            kept_votes[place + i, k] = np.float64(block.votes[k, i]) / total if total > 0.0 else 0.0


@glue
def _count_plainly(draws, rules, questions, s, valid, keep, place, tallies, kept_seats, scratch):
    """A plain rule on one block, counted where it is sure; in how many draws, or lanes behind the last, it is
    not.
    """
    r, plain, counting = rules.singles[s], scratch.plain, scratch.plain.counting
    lists, seen = rules.numerators.shape[1], scratch.seen[s]
    number = plain_seats(draws, rules, r, scratch.drawn, valid, tallies.passes[r], plain)
    coalition_seats(counting, questions.coalition_starts, questions.coalition_members)
    rows = counting.rows[: find_rows(plain.present[:number], counting)]
    count_narrow_seats(counting.whole, rows, seen)
    count_absent(counting.empty, lists, BLOCK, seen)
    count_majorities(counting.whole[lists:], counting.house, BLOCK, tallies.majorities[r])
    if questions.event_starts.shape[0] > 1:
        for k in range(lists):
            row = counting.inside[k]
            for i in range(BLOCK):
                row[i] = 0
        for p in range(number):
            claims, inside = plain.claims[p], counting.inside[plain.present[p]]
            for i in range(BLOCK):
                inside[i] = 1 if claims[i] > 0.0 else 0
        count_events(counting, questions, plain.unsure, BLOCK, tallies.events[r])
    _keep_seats(counting.whole, keep, place, kept_seats[r])
    unsure = np.int32(0)
    for i in range(BLOCK):
        unsure = np.int32(unsure + np.int32(plain.unsure[i]))
    return unsure


@stage
def _set_aside(draws, rules, questions, s, valid, row, keep, place, tallies, kept_seats, scratch):
    """Take the unsure draws of a block out of what was counted, with no seats in it, and let them wait."""
    r, plain, waiting = rules.singles[s], scratch.plain, scratch.waiting
    seen, passes = scratch.seen[s], tallies.passes[row, r]
    for i in range(BLOCK):
        if plain.unsure[i] == 0:
            continue
        for b in range(seen.shape[0]):
            seen[b, 0, 0] -= np.uint32(1)
        p = 0
        while p < plain.present.shape[0] and p < plain.number[0]:
            if plain.claims[p, i] > 0.0:
                passes[plain.present[p]] -= 1
            p += 1
        if i < valid and let_wait(waiting, s, scratch.drawn, i, row, place + i if i < keep else NOT_KEPT):
            _count_late(draws, rules, questions, s, tallies, kept_seats, scratch)


@stage
def _count_late(draws, rules, questions, s, tallies, kept_seats, scratch):
    """Count the draws that wait for a rule, each where it belongs."""
    r, waiting, counting = rules.singles[s], scratch.waiting, scratch.counting
    number, late, outcome = waiting.number[s], scratch.late, scratch.outcome
    call_up(draws, waiting, s, late)
    _seats_of(draws, rules, r, np.int64(0), np.int64(0), number, late, scratch)
    coalition_seats(counting, questions.coalition_starts, questions.coalition_members)
    fill_inside(outcome.admitted, counting.inside)
    lists, whole, house = counting.inside.shape[0], counting.whole, counting.house
    for i in range(number):
        row, place = waiting.row[s, i], waiting.place[s, i]
        for k in range(lists):
            tallies.passes[row, r, k] += counting.inside[k, i]
        for b in range(whole.shape[0]):
            tallies.seats[row, r, b, whole[b, i]] += 1
        for c in range(whole.shape[0] - lists):
            tallies.majorities[row, r, c] += 1 if 2 * whole[lists + c, i] > house[i] else 0
        tallies.void[row, r] += 1 if outcome.entitled_total[i] == 0.0 else 0
        if place != NOT_KEPT:
            for k in range(lists):
                kept_seats[r, place, k] = whole[k, i]
    for e in range(questions.event_starts.shape[0] - 1):
        meet_event(counting, questions, e, waiting.none, counting.met)
        for i in range(number):
            tallies.events[waiting.row[s, i], r, e] += counting.met[i]
    waiting.number[s] = 0


@glue
def _count_exactly(
    draws, rules, questions, s, replicate, first, valid, keep, place, tallies, kept_seats, scratch
):
    """Any rule on one block in float64, counted."""
    r, counting, outcome = rules.singles[s], scratch.counting, scratch.outcome
    lists, seen = rules.numerators.shape[1], scratch.seen[s]
    present = _seats_of(draws, rules, r, replicate, first, valid, scratch.block, scratch)
    for k in range(lists):
        tallies.passes[r, k] += outcome.often[k]
    tallies.beyond[r] += outcome.beyond[0]
    coalition_seats(counting, questions.coalition_starts, questions.coalition_members)
    rows = counting.rows[: find_rows(outcome.present[:present], counting)]
    count_seats(counting.whole, rows, seen)
    leave_out(counting.whole, rows, valid, seen)
    count_absent(counting.empty, lists, valid, seen)
    count_void(outcome.entitled_total, valid, tallies.void[r : r + 1])
    count_majorities(counting.whole[lists:], counting.house, valid, tallies.majorities[r])
    if questions.event_starts.shape[0] > 1:
        fill_inside(outcome.admitted, counting.inside)
        count_events(counting, questions, scratch.waiting.none, valid, tallies.events[r])
    _keep_seats(counting.whole, keep, place, kept_seats[r])


@stage
def _seats_of(draws, rules, r, replicate, first, valid, block, scratch):
    """Seats of a block by any rule, in float64, into ``scratch.outcome`` and ``scratch.counting``; how many
    of ``outcome.present`` hold seats in some draw.
    """
    rule, outcome = rules.records[r], scratch.outcome
    fill_base(rule.base, block, outcome.base)
    draw_lots(rule, draws, replicate, first, outcome.lots)
    admit_by_rule(rule, rules.numerators[r], rules.denominators[r], block, valid, outcome)
    number = find_present(outcome.often, outcome.present)
    if rule.around:
        number = outcome.everyone.shape[0]
        for k in range(number):
            outcome.present[k] = k
    present = outcome.present[:number]
    entitle_by_rule(rule, rules.weights[r], present, block, outcome)
    outcome.beyond[0] = _divide(draws, rules, rules.around, r, present, valid, block, outcome, scratch.room)
    to_whole(outcome.seats, present, scratch.counting)
    return number


@stage
def _divide(draws, rules, around, r, present, valid, block, outcome, room):
    """Seats of a block; returns in how many draws a house would have grown beyond its bound.

    ``around`` is None where no rule has more than a division: what stands around it is then not even
    compiled, which takes as long as all the rest.
    """
    rule = rules.records[r]
    divisors = rules.divisors[rule.divisor_row]
    if around is None:
        allocate_by_rule(rule, rules.weights[r], divisors, draws.sampler, present, block, outcome)
        return 0
    if rule.around:
        return around_seats(rules, r, draws.sampler, block, outcome, room, valid)
    allocate_by_rule(rule, rules.weights[r], divisors, draws.sampler, present, block, outcome)
    return 0


@stage
def _sweep(draws, rules, questions, g, replicate, number, valid, keep, place, kept_seats, scratch):
    """One block under every rule of grid ``g``; the draws on which a method is unsure wait."""
    drawn, block, outcome, plain = scratch.drawn, scratch.block, scratch.outcome, scratch.plain
    sweep_block(
        draws, rules, questions, g, replicate, number, valid, drawn, block, outcome, plain, scratch.grids
    )
    places, queue = scratch.places, rules.singles.shape[0] + g
    for i in range(BLOCK):
        places[i] = place + i if i < keep else NOT_KEPT
    count_sweep(rules, g, valid, plain.unsure, places, block, outcome, scratch.grids, kept_seats)
    for i in range(valid):
        if plain.unsure[i] > 0 and let_wait(scratch.waiting, queue, drawn, i, np.int64(0), places[i]):
            _sweep_late(draws, rules, questions, g, kept_seats, scratch)


@stage
def _sweep_late(draws, rules, questions, g, kept_seats, scratch):
    """Count the draws that wait for grid ``g``: before its span ends, since its counts are those of one
    span.
    """
    waiting, late, outcome, counts = scratch.waiting, scratch.late, scratch.outcome, scratch.grids
    queue = rules.singles.shape[0] + g
    number = waiting.number[queue]
    if number == 0:
        return
    call_up(draws, waiting, queue, late)
    sweep_late(draws, rules, questions, g, number, late, outcome, scratch.counting, counts)
    places = waiting.place[queue]
    count_sweep(rules, g, number, waiting.none, places, late, outcome, counts, kept_seats)
    waiting.number[queue] = 0


@stage
def _keep_seats(whole, keep, place, kept_seats):
    for i in range(keep):
        for k in range(kept_seats.shape[1]):
            kept_seats[place + i, k] = whole[k, i]
