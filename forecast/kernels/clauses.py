"""Clauses of some laws around the division of seats: seats won elsewhere that are levelled, a premium for the
largest, seats that every list gets first, a majority of seats for one of votes.

Draw by draw and exactly, around the steps of ``constrain``; in the order of the exact count
(``forecast.rules.reference``).
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import BLOCK, Claims, GivenVotes, Piece, Seats, Votes
from forecast.kernels.constrain import (
    AID,
    ALLY,
    ASIDE,
    BEHIND,
    CLAIM,
    FIRST,
    HELD,
    LIMIT,
    OF_WHOLE,
    PART_BEHIND,
    PART_CLAIM,
    PART_LIMIT,
    PART_WON,
    PRESENT,
    SUB,
    WON,
    ConstrainWorkspace,
    bonus_of,
    divide_between,
    divide_capped,
    divide_inside,
    finish,
    keep_won,
    lay_out,
    pool_of,
    put_all,
    take_held,
    votes_outside,
    whole_times,
)
from forecast.kernels.divide_divisor import ahead, divisor_seats, last_quotient
from forecast.kernels.laws import (
    BASE_VALID,
    FAMILY_DIVISOR,
    LEVELLING_APART,
    LEVELLING_GROW,
    LEVELLING_KEEP,
    LEVELLING_PART,
    LEVELLING_REDISTRIBUTE,
    LEVELLING_START,
    MAJORITY_ADDS,
    MAJORITY_OF_SEATS,
    MAJORITY_OF_VALID,
    NO_LIMIT,
    PARITY_ODD,
    Constraints,
    Law,
    Rule,
)
from forecast.kernels.one_draw import (
    ENTITLED,
    FLOORS,
    LATEST,
    LIMITS,
    SEATS,
    Way,
    earlier,
    lot_of,
    valid_votes,
    vote_size,
    votes_for_lists,
)
from forecast.kernels.remainders import quota_seats


def _apply(
    rules: Rule,
    law: Law,
    constraints: Constraints,
    piece: Piece,
    votes: Votes,
    claims: Claims,
    seats: Seats,
    workspace: ConstrainWorkspace,
) -> None:
    """Fill the rows of lists of ``seats``."""
    rule, here, rows, draw = rules[0], piece[0], workspace.rows, workspace.draw
    everyone, inner, beyond = workspace.everyone, constraints.inside[0], workspace.beyond
    for n in range(here.blocks):
        for i in range(BLOCK):
            if lay_out(rule, law, constraints, votes, claims, n, i, rows):
                lot, vote = lot_of(rule, here, n, i), vote_size(votes, n, i)
                outside = votes_outside(rule, law, votes, n, i, rows)
                way = Way(rule, law.divisors[rule.divisor_row], outside, vote, lot, everyone, draw)
                inside = Way(inner, law.divisors[inner.divisor_row], 0.0, vote, lot, everyone, draw)
                take_held(rule, constraints, seats, n, i, rows)
                pool = pool_of(rule, np.float64(constraints.houses[n]), rows)
                winner, bonus = bonus_of(way, votes, n, i, pool, rows)
                if rule.premium_apart:
                    _set_others_apart(_largest(way, _winner(rule, constraints), rows), rows)
                pool -= bonus + _guarantee(rule, law, votes, n, i, rows)
                valid = valid_votes(votes, n, i) * rule.vote
                grown = _divide(way, inside, constraints, valid, pool, rows)
                beyond[0] += 1 if grown and n * here.apart + i < here.valid else 0
                finish(rule, constraints, winner, bonus, claims, n, i, rows)
            elif rule.of_districts:
                keep_won(rule, constraints, claims, seats, n, i, rows)
            put_all(seats, n, i, rows[WON])


apply_drawn = kernel(_apply, votes=Votes)
apply_given = kernel(_apply, votes=GivenVotes)


@stage
def _divide(way, inside, constraints, valid, pool, rows):
    """Seats of a draw by the levelling of the rule, into ``WON``; whether its house would have grown beyond
    its bound.
    """
    rule = way.rule
    if rule.levelling == LEVELLING_START:
        _start_after(way, constraints, pool, rows)
        return False
    if rule.levelling == LEVELLING_PART:
        _give_part(way, pool, rows)
        return False
    house, grown, taken = pool, False, 0.0
    if rule.levelling == LEVELLING_GROW:
        needed = max(house, _house_that_covers(way, rows))
        needed += 1.0 if rule.parity > 0 and (needed % 2.0 == 1.0) != (rule.parity == PARITY_ODD) else 0.0
        grown = needed > rule.largest_house
        house = max(house, min(needed, np.float64(rule.largest_house)))
    rows[ASIDE, :] = 0.0
    while taken >= 0.0:
        house -= taken
        divide_between(way, max(house, 0.0), rows)
        if rule.premium > 0.0:
            _give_premium(way, _winner(rule, constraints), valid, max(house, 0.0), rows)
        divide_inside(rule, inside, constraints.floors, rows)
        taken = _set_aside(rows[HELD], rows) if rule.levelling == LEVELLING_REDISTRIBUTE else -1.0
    if rule.majority > 0:
        _give_majority(way, inside, constraints.extra, valid, rows)
    for k in range(rows.shape[1]):
        rows[WON, k] += rows[ASIDE, k] + rows[FIRST, k]
        held = rows[PRESENT, k] * rows[HELD, k]
        if rule.levelling == LEVELLING_GROW or rule.levelling == LEVELLING_KEEP:
            rows[WON, k] = max(rows[WON, k], held)
        if rule.levelling == LEVELLING_APART:
            rows[WON, k] += held
    return grown


@stage
def _guarantee(rule, law, votes, n, i, rows):
    """Seats that every list with its share of the votes gets first, into ``FIRST``; how many these are."""
    given = 0.0
    rows[FIRST, :] = 0.0
    if rule.guaranteed == 0.0:
        return given
    base = votes_for_lists(law.no_lists, votes, n, i)
    base = valid_votes(votes, n, i) if rule.base == BASE_VALID else base
    for k in range(rows.shape[1]):
        own = votes.exact[n, k, i] * rule.guaranteed_denominator
        if rows[PRESENT, k] > 0.0 and own > 0.0 and own >= rule.guaranteed_numerator * base:
            rows[FIRST, k] = rule.guaranteed
            rows[LIMIT, k] = max(rows[LIMIT, k] - rule.guaranteed, 0.0)
            given += rule.guaranteed
    return given


@stage
def _largest(way, winner, rows):
    """The list that stands for the alliance, or the list, with most votes, or for the winner of a second
    round (an alliance where ``winner`` is its number); -1 for none.
    """
    rule, best, most = way.rule, -1, 0.0
    for k in range(rows.shape[1]):
        a, votes, leads, wins = rows[ALLY, k], rows[CLAIM, k], True, rows[PRESENT, k]
        if a >= 0.0:
            votes = 0.0
            for j in range(rows.shape[1]):
                if rows[ALLY, j] == a and (rows[PRESENT, j] > 0.0 or rows[AID, j] > 0.0):
                    leads = leads and j >= k
                    votes += rows[CLAIM, j] + rows[AID, j]
                    wins = max(wins, rows[PRESENT, j])
        counts = rows[PRESENT, k] > 0.0 or rows[AID, k] > 0.0
        if not counts or not leads or wins == 0.0:
            continue
        if rule.premium_winner >= 0:
            best = k if (k == rule.premium_winner if winner < 0 else a == winner) else best
        elif votes > most or (votes == most and best >= 0 and earlier(way.lot, k, best)):
            best, most = k, votes
    return best


@stage
def _winner(rule, constraints):
    """Number of the alliance that won a second round; -1 for none."""
    return constraints.alliances[rule.premium_winner] if rule.premium_winner >= 0 else -1


@stage
def _set_others_apart(first, rows):
    """Alliances but that of list ``first`` are none."""
    for k in range(rows.shape[1]):
        if first < 0 or rows[ALLY, k] != rows[ALLY, first]:
            rows[ALLY, k], rows[SUB, k], rows[AID, k] = -1.0, -1.0, 0.0
            rows[BEHIND, k] *= rows[PRESENT, k]


@stage
def _give_premium(way, winner, valid, house, rows):
    """At least so many seats for the list or alliance with most votes; the others divide the rest anew."""
    rule, best, claims = way.rule, _largest(way, winner, rows), rows[PART_CLAIM]
    if best < 0 or (
        rule.premium_winner < 0 and claims[best] * rule.premium_denominator < rule.premium_numerator * valid
    ):
        return
    premium = min(rule.premium, house)
    if rows[PART_WON, best] >= premium:
        return
    rows[PART_CLAIM, best], rows[PART_BEHIND, best] = 0.0, 0.0
    divide_capped(way, house - premium, rows)
    rows[PART_WON, best] = premium


@stage
def _set_aside(held, rows):
    """Set lists aside that hold more than their share, with their seats; how many these are, or -1."""
    taken, changes = 0.0, 0
    for k in range(held.shape[0]):
        if held[k] > 0.0 and rows[PRESENT, k] > 0.0 and rows[WON, k] < held[k]:
            changes += 1
            rows[ASIDE, k] = held[k]
            taken += held[k]
            rows[PRESENT, k], rows[CLAIM, k], rows[BEHIND, k] = 0.0, 0.0, 0.0
    return taken if changes > 0 else -1.0


@stage
def _start_after(way, constraints, pool, rows):
    """Divisors that begin after the seats held."""
    draw, taken = way.draw, 0.0
    for k in range(rows.shape[1]):
        own = rows[PRESENT, k] * rows[HELD, k]
        taken += own
        draw[ENTITLED, k], draw[FLOORS, k] = rows[CLAIM, k], own
        draw[LIMITS, k] = max(constraints.limits[k], own)
    house = pool + taken if way.rule.held_beside else max(pool, taken)
    divisor_seats(way, house)
    for k in range(rows.shape[1]):
        rows[WON, k] = draw[SEATS, k]


@stage
def _give_part(way, pool, rows):
    """A part of what each list's share of the whole house is above its seats held: rounded, none below 1; in
    proportion to these numbers where they are too many, and what they leave by the votes.
    """
    rule, total, house, given = way.rule, 0.0, way.rule.whole_house, 0.0
    for k in range(rows.shape[1]):
        total += rows[CLAIM, k]
        house -= rows[HELD, k] * (1.0 - rows[PRESENT, k])
    unit = rule.part_denominator * total
    for k in range(rows.shape[1]):
        lacks = rule.part_numerator * (house * rows[CLAIM, k] - rows[HELD, k] * total) * rows[PRESENT, k]
        rows[ASIDE, k] = whole_times(2.0 * lacks + unit, 2.0 * unit) if lacks >= unit else 0.0
        given += rows[ASIDE, k]
    enough = given > pool
    for k in range(rows.shape[1]):
        rows[PART_CLAIM, k] = rows[ASIDE, k] if enough else rows[CLAIM, k]
        rows[PART_BEHIND, k] = rows[ASIDE, k] if enough else rows[BEHIND, k]
        rows[PART_LIMIT, k] = NO_LIMIT
        rows[ASIDE, k] = 0.0 if enough else rows[ASIDE, k]
    vote, outside = (1.0 / rule.vote, 0.0) if enough else (way.vote, way.outside)
    apart = Way(rule, way.divisors, outside, vote, way.lot, way.present, way.draw)
    divide_capped(apart, pool if enough else pool - given, rows)
    for k in range(rows.shape[1]):
        rows[WON, k] = rows[PART_WON, k] + rows[ASIDE, k]


@stage
def _house_that_covers(way, rows):
    """The smallest house in which every share covers the seats held; 0 where nobody holds any."""
    draw, claims, held, needed = way.draw, way.draw[ENTITLED], way.draw[SEATS], 0.0
    for k in range(rows.shape[1]):
        claims[k], draw[FLOORS, k] = rows[CLAIM, k], 0.0
        held[k] = rows[HELD, k] if rows[CLAIM, k] > 0.0 else 0.0
    weakest = last_quotient(way)
    for k in range(rows.shape[1] if weakest >= 0 else 0):
        if k != weakest and claims[k] > 0.0:
            needed += _seats_down_to(way, k, weakest, held[weakest] - 1.0)
    return needed + held[weakest] if weakest >= 0 else needed


@stage
def _seats_down_to(way, k, weakest, held):
    """How many quotients of list k come before that of the ``weakest`` list's last seat, by halving."""
    low, high = 0, way.divisors.shape[0]
    while low < high:
        middle = (low + high) // 2
        if ahead(way, k, np.float64(middle), weakest, held):
            low = middle + 1
        else:
            high = middle
    return np.float64(low)


@stage
def _give_majority(way, inside, extra, valid, rows):
    """A share of the seats, or more than half, for the list with a majority of votes or seats: one by one
    those that others won last, or more seats; then more for the others, where it has too large a share.
    """
    rule, draw, first, whole, total = way.rule, way.draw, -1, 0.0, 0.0
    of_seats, share = rule.majority_of == MAJORITY_OF_SEATS, rule.majority_denominator
    for k in range(rows.shape[1]):
        rows[OF_WHOLE, k] = rows[WON, k] + extra[k] if of_seats else rows[CLAIM, k]
        whole += rows[OF_WHOLE, k]
        total += rows[WON, k] + extra[k]
    whole = valid if rule.majority_of == MAJORITY_OF_VALID else whole
    for k in range(rows.shape[1]):
        first = k if rows[PRESENT, k] > 0.0 and 2.0 * rows[OF_WHOLE, k] > whole else first
    first = -1 if of_seats and rule.majority_numerator == 0.0 else first
    while first >= 0:
        own = rows[WON, first] + extra[first]
        enough = own * share >= rule.majority_numerator * total
        if 2.0 * own > total if rule.majority_numerator == 0.0 else enough:
            break
        if rule.majority == MAJORITY_ADDS:
            total += 1.0
        else:
            for k in range(rows.shape[1]):
                draw[SEATS, k], draw[FLOORS, k] = rows[WON, k], rows[WON, k] if k == first else 0.0
            loser = _last_served(way, first)
            if loser < 0:
                break
            rows[WON, loser] -= 1.0
        rows[WON, first] += 1.0
    if rule.most_numerator > 0.0:
        _add_for_others(way, inside, extra, total, rows)


@stage
def _add_for_others(way, inside, extra, total, rows):
    """Seats for the others ``inside`` in proportion to theirs, until no list has more than its share."""
    rule, draw, first, others = way.rule, way.draw, 0, 0.0
    for k in range(rows.shape[1]):
        rows[OF_WHOLE, k] = rows[WON, k] + extra[k] if rows[PRESENT, k] > 0.0 else 0.0
        first = k if rows[OF_WHOLE, k] > rows[OF_WHOLE, first] else first
    claim = rows[OF_WHOLE, first] * rule.most_denominator
    house = whole_times(claim, rule.most_numerator)
    house += 1.0 if house * rule.most_numerator < claim else 0.0
    for k in range(rows.shape[1]):
        draw[ENTITLED, k] = rows[OF_WHOLE, k] if k != first else 0.0
        draw[LIMITS, k] = NO_LIMIT
        others += draw[ENTITLED, k]
    if house <= total or others == 0.0:
        return
    quota_seats(inside, house - total, others)
    for k in range(rows.shape[1]):
        rows[WON, k] += draw[SEATS, k]


@stage
def _last_served(way, first):
    """The list but ``first`` that won the last seat; -1 if none."""
    if way.rule.family == FAMILY_DIVISOR:
        return last_quotient(way)
    latest, loser = way.draw[LATEST], -1
    for k in range(way.present.shape[0]):
        if k != first and latest[k] > 0.0 and (loser < 0 or latest[k] > latest[loser]):
            loser = k
    if loser >= 0:
        latest[loser] = 0.0
    return loser
