"""The fused loop: a chunk of draws through every stage, block by block."""

from __future__ import annotations

from forecast.kernels.applying import (
    admit_by_rule,
    allocate_by_rule,
    draw_lots,
    fill_base,
    new_outcome,
)
from forecast.kernels.around import around_seats
from forecast.kernels.compiling import kernel, stage
from forecast.kernels.dividing import new_room
from forecast.kernels.drawing import draw_block, new_electorate, new_source
from forecast.kernels.grid import finish_grids, new_grid_counts, sweep_block
from forecast.kernels.random import BLOCK
from forecast.kernels.shapes import BASE_LISTS, SHARE_BINS
from forecast.kernels.tally import (
    coalition_seats,
    count_admitted,
    count_events,
    count_majorities,
    count_seats,
    count_shares,
    house_of,
    new_counting,
    to_whole,
)


@kernel
def simulate(draws, rules, questions, replicate, first, count, share_every, tallies, kept_votes, kept_seats):
    """Run ``count`` draws of ``replicate`` from number ``first`` on and add them to ``tallies``.

    ``first`` is a multiple of STREAM. Every ``share_every``-th block enters the histogram of shares. The
    first draws are also written to kept_votes (N, U) shares and kept_seats (R, N, K) until these are full.
    """
    lists = rules.numerators.shape[1]
    source, block = new_source(draws, replicate), new_electorate(draws)
    outcome, counting = new_outcome(lists), new_counting(tallies.seats.shape[1])
    grids = new_grid_counts(rules, questions, tallies)
    room = new_room(lists if _anything_around(rules) else 0)
    lists_count = _lists_count(rules)
    for start in range(0, count, BLOCK):
        valid, number = min(BLOCK, count - start), first + start
        draw_block(draws, source, replicate, number, valid, lists_count, block)
        if (number // BLOCK) % share_every == 0:
            count_shares(block.votes, block.total, valid, SHARE_BINS, tallies.shares, tallies.share_sums)
            tallies.share_draws[0] += valid
        keep = max(0, min(valid, kept_votes.shape[0] - start))
        _keep_votes(block, start, keep, kept_votes)
        for r in range(rules.singles.shape[0]):
            _run_rule(
                draws,
                rules,
                questions,
                rules.singles[r],
                replicate,
                number,
                valid,
                block,
                outcome,
                room,
                counting,
                tallies,
            )
            _keep_seats(counting.whole, start, keep, kept_seats[rules.singles[r]])
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
    finish_grids(rules, grids, count, tallies)


@stage
def _lists_count(rules):
    """Whether some rule asks for the votes for lists alone."""
    wanted = False
    for r in range(rules.records.shape[0]):
        rule = rules.records[r]
        wanted |= rule.base == BASE_LISTS or rule.quota_of_valid or rule.cap_numerator > 0.0
    return wanted


@stage
def _anything_around(rules):
    """Whether some rule has more than a division."""
    wanted = False
    for r in range(rules.records.shape[0]):
        wanted |= rules.records[r].around
    return wanted


@stage
def _run_rule(draws, rules, questions, r, replicate, number, valid, block, outcome, room, counting, tallies):
    """One rule on one block, counted."""
    rule = rules.records[r]
    fill_base(rule.base, block, outcome.base)
    draw_lots(rule, draws, replicate, number, outcome.lots)
    admit_by_rule(rule, rules.numerators[r], rules.denominators[r], rules.weights[r], block, outcome)
    if rule.around:
        tallies.beyond[r] += around_seats(rules, r, draws.sampler, block, outcome, room, valid)
    else:
        allocate_by_rule(
            rule,
            rules.weights[r],
            rules.divisors[rule.divisor_row],
            draws.sampler,
            block,
            outcome,
        )
    lists = outcome.seats.shape[0]
    whole, house = counting.whole, counting.house
    to_whole(outcome.seats, whole)
    house_of(whole, lists, house)
    coalition_seats(whole, questions.coalition_starts, questions.coalition_members, whole[lists:])
    count_seats(whole, valid, tallies.seats[r])
    count_admitted(
        outcome.admitted, outcome.entitled_total, valid, tallies.passes[r], tallies.void[r : r + 1]
    )
    count_majorities(whole[lists:], house, valid, tallies.majorities[r])
    count_events(
        whole, outcome.admitted, house, valid, questions, counting.terms, counting.met, tallies.events[r]
    )


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
