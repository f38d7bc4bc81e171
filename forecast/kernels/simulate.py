"""The fused loop: a chunk of draws through every stage, block by block."""

from __future__ import annotations

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
from forecast.kernels.compiling import kernel, maker, stage
from forecast.kernels.dividing import new_room
from forecast.kernels.drawing import begin_replicate, draw_block, new_electorate, new_source
from forecast.kernels.grid import begin_grids, finish_grids, new_grid_counts, sweep_block
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import BASE_LISTS, SHARE_BINS, Tallies
from forecast.kernels.tally import (
    coalition_seats,
    count_absent,
    count_events,
    count_majorities,
    count_seats,
    count_shares,
    count_void,
    new_counting,
    to_whole,
)


@kernel
def simulate(draws, rules, questions, spans, share_every, tallies, kept_votes, kept_seats):
    """Run spans of draws, one after the other, and add them to ``tallies``.

    spans (T, 4) int64: replicate, number of the first draw in it (a multiple of STREAM), draws, and which row
    of the tallies they are added to. Every ``share_every``-th block enters the histogram of shares. The first
    draws of all are also written to kept_votes (N, U) shares and kept_seats (R, N, K) until these are full.
    """
    lists = rules.numerators.shape[1]
    block, outcome = new_electorate(draws), new_outcome(lists)
    counting, room = new_counting(tallies.seats.shape[2]), _room_for(rules.around, lists)
    source, grids = new_source(draws), new_grid_counts(rules, questions, tallies)
    more = np.zeros((rules.singles.shape[0], *tallies.seats.shape[2:]), np.int64)
    before = 0
    for span in spans:
        place = min(before, kept_votes.shape[0])
        _run_span(
            draws,
            rules,
            questions,
            span,
            share_every,
            _row_of(tallies, span[3]),
            kept_votes[place:],
            kept_seats[:, place:],
            source,
            block,
            outcome,
            room,
            counting,
            grids,
            more,
        )
        before += span[2]


@maker
def _run_span(
    draws,
    rules,
    questions,
    span,
    share_every,
    tallies,
    kept_votes,
    kept_seats,
    source,
    block,
    outcome,
    room,
    counting,
    grids,
    more,
):
    """Run one span; the tallies are those of its row, the rest is scratch."""
    replicate, first, count = span[0], span[1], span[2]
    begin_replicate(draws, replicate, source)
    begin_grids(grids)
    more[...] = 0
    lists_count = _lists_count(rules)
    for start in range(0, count, BLOCK):
        valid, number = min(BLOCK, count - start), first + start
        draw_block(draws, source, replicate, number, valid, lists_count, block)
        if (number // BLOCK) % share_every == 0:
            count_shares(
                block.votes,
                block.total,
                valid,
                SHARE_BINS,
                outcome.base,
                counting.terms,
                tallies.shares,
                tallies.share_sums,
            )
            tallies.share_draws[0] += valid
        keep = max(0, min(valid, kept_votes.shape[0] - start))
        _keep_votes(block, start, keep, kept_votes)
        for s in range(rules.singles.shape[0]):
            _run_rule(
                draws,
                rules,
                questions,
                rules.singles[s],
                replicate,
                number,
                valid,
                block,
                outcome,
                room,
                counting,
                more[s],
                tallies,
            )
            _keep_seats(counting.whole, start, keep, kept_seats[rules.singles[s]])
        for g in range(rules.grid_starts.shape[0] - 1):
            sweep_block(
                draws,
                rules,
                questions,
                g,
                replicate,
                number,
                start,
                valid,
                keep,
                block,
                outcome,
                counting,
                grids,
                kept_seats,
            )
    for s in range(rules.singles.shape[0]):
        tallies.seats[rules.singles[s]] += more[s]
    finish_grids(rules, grids, count, tallies)


@maker
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
def _run_rule(
    draws, rules, questions, r, replicate, first, valid, block, outcome, room, counting, more, tallies
):
    """One rule on one block, counted."""
    rule = rules.records[r]
    lists = outcome.seats.shape[0]
    fill_base(rule.base, block, outcome.base)
    draw_lots(rule, draws, replicate, first, outcome.lots)
    admit_by_rule(rule, rules.numerators[r], rules.denominators[r], block, valid, outcome)
    for k in range(lists):
        tallies.passes[r, k] += outcome.often[k]
    number = find_present(outcome.often, outcome.present)
    present = outcome.everyone if rule.around else outcome.present[:number]
    entitle_by_rule(rule, rules.weights[r], present, block, outcome)
    tallies.beyond[r] += _seats(draws, rules, rules.around, r, present, valid, block, outcome, room)
    whole, house = counting.whole, counting.house
    rows = counting.rows[: to_whole(outcome.seats, present, counting)]
    coalition_seats(counting, questions.coalition_starts, questions.coalition_members)
    count_seats(whole, rows, valid, tallies.seats[r], more)
    count_absent(counting.empty, lists, valid, tallies.seats[r])
    count_void(outcome.entitled_total, valid, tallies.void[r : r + 1])
    count_majorities(whole[lists:], house, valid, tallies.majorities[r])
    count_events(
        whole, outcome.admitted, house, valid, questions, counting.terms, counting.met, tallies.events[r]
    )


@stage
def _seats(draws, rules, around, r, present, valid, block, outcome, room):
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


@maker
def _room_for(around, lists):
    """Scratch for what stands around the division."""
    if around is None:
        return None
    return new_room(lists)


@stage
def _keep_votes(block, start, keep, kept_votes):
    for i in range(keep):
        for k in range(kept_votes.shape[1]):
            kept_votes[start + i, k] = block.votes[k, i] / block.total[i] if block.total[i] > 0.0 else 0.0


@stage
def _keep_seats(whole, start, keep, kept_seats):
    for i in range(keep):
        for k in range(kept_seats.shape[1]):
            kept_seats[start + i, k] = whole[k, i]
