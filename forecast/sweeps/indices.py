"""What a distribution of seats makes of the votes: waste, numbers of parties, disproportionality.

Votes are shares of the valid votes of every option on the ballot, those that can win no seat included; seats
are shares of the seats handed out. Laakso and Taagepera (1979), Comparative Political Studies 12: effective
number 1 / sum(share**2). Gallagher (1991), Electoral Studies 10: sqrt(sum((v - s)**2) / 2). Loosemore and
Hanby (1971), British Journal of Political Science 1: sum(abs(v - s)) / 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Indices(NamedTuple):
    """One value a draw each, (N,); those that need seats are NaN where none was handed out."""

    wasted: Floats
    """Share of the valid votes that went to lists without a seat."""
    unrepresented: Floats
    """The same and the votes against all: everything that no seat stands for."""
    effective_seats: Floats
    """Effective number of parties by seats."""
    gallagher: Floats
    loosemore_hanby: Floats
    manufactured: Floats
    """1 where a list holds a majority of the seats on less than half of the valid votes."""


def effective_number(shares: Floats) -> Floats:
    """(N,) effective number of parties of shares (U, N); NaN where they are all 0."""
    squared = (shares**2).sum(0)
    return np.where(squared > 0.0, 1.0 / np.where(squared > 0.0, squared, 1.0), np.nan)


def indices_of(shares: Floats, seats: NDArray[np.int64], against_all: NDArray[np.bool_]) -> Indices:
    """Indices of draws: shares (U, N) of the valid votes, seats (K, N) of the first K options.

    ``against_all`` (U,) marks options that are no list and can win nothing; other options beyond K are lists
    that win nothing.
    """
    lists = len(seats)
    house = seats.sum(0)
    won = seat_shares(seats)
    of_lists, others = shares[:lists], shares[lists:]
    apart = of_lists - won
    beyond = others.sum(0)
    unrepresented = (of_lists * (seats == 0)).sum(0) + beyond
    filled = house > 0
    majority = (2 * seats > house) & (of_lists < 0.5)
    return Indices(
        unrepresented - others[against_all[lists:]].sum(0),
        unrepresented,
        effective_number(won),
        np.where(filled, np.sqrt(((apart**2).sum(0) + (others**2).sum(0)) / 2.0), np.nan),
        np.where(filled, (np.abs(apart).sum(0) + beyond) / 2.0, np.nan),
        majority.any(0).astype(np.float64),
    )


def seat_shares(seats: NDArray[np.int64]) -> Floats:
    """(K, N) shares of the seats handed out; 0 where there are none."""
    return seats / np.maximum(seats.sum(0), 1)


def seats_moved(seats: NDArray[np.int64], base: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) seats that change hands between outcomes (K, N): what some gain or others lose, the larger."""
    apart = seats - base
    gained, net = np.maximum(apart, 0).sum(0), apart.sum(0)
    return np.maximum(gained, gained - net)
