"""Every draw by itself, exactly: for methods that single precision has no form of, in ten times the time.

Quotas of all valid votes, remainders by the size of the lists or by averages, divisors that do not rise
evenly.
"""

from __future__ import annotations

import numpy as np

from forecast.compiling import kernel
from forecast.kernels.arrays import BLOCK, Claims, F64x2, GivenVotes, Piece, Seats, U16x2, Votes
from forecast.kernels.laws import FAMILY_QUOTA, Law, Rule
from forecast.kernels.one_draw import SEATS, Way, begin_block, electorate, lot_of, put_seats, vote_size
from forecast.kernels.remainders import method_seats


def _divide_exactly(
    rules: Rule,
    law: Law,
    houses: U16x2,
    piece: Piece,
    votes: Votes,
    claims: Claims,
    seats: Seats,
    draw: F64x2,
) -> None:
    """Fill the rows of lists of ``seats``: draw i of block n hands out houses[n, i] seats. ``draw``
    (DRAW_ROWS, K) is workspace.
    """
    rule, here, divisors = rules[0], piece[0], law.divisors[rules[0].divisor_row]
    for n in range(here.blocks):
        number = begin_block(claims, seats, n, law.levels.shape[0], draw)
        present = claims.present[n, :number]
        for i in range(BLOCK):
            behind = electorate(rule, law, votes, claims, n, i, draw)
            vote = vote_size(votes, n, i) if rule.family == FAMILY_QUOTA else 1.0
            lot = lot_of(rule, here, n, i)
            way = Way(rule, divisors, 0.0, vote, lot, present, draw)
            method_seats(way, np.int64(houses[n, i]), behind)
            put_seats(claims, n, i, draw[SEATS], seats)


divide_exactly_drawn = kernel(_divide_exactly, votes=Votes)
divide_exactly_given = kernel(_divide_exactly, votes=GivenVotes)
