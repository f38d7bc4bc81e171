"""What a good NumPy user would write for the same election: chunks of draws, no Python loop over draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import SEED, Case
from benchmarks.subjects import Whole, Work, side_by_side, subject

VECTORISED = "vectorised NumPy"
IN_CACHE = "vectorised NumPy, small chunks"

_SHIFTS = {"dhondt": 1.0, "sainte-lague": 0.5}
Floats = NDArray[np.float64]


def largest_remainders(votes: Floats, house: int) -> Floats:
    """Seats (N, K) by Hare's quota and the largest remainders; votes (N, K) are 0 for lists that are out."""
    total = votes.sum(1)
    quotas = votes * _over(house, total)[:, None]
    seats = np.floor(quotas)
    left = np.where(total > 0.0, house - seats.sum(1), 0.0)
    order = np.argsort(seats - quotas, axis=1)
    served = np.arange(votes.shape[1]) < left[:, None]
    more = np.empty_like(seats)
    np.put_along_axis(more, order, served.astype(np.float64), axis=1)
    return seats + more


def highest_averages(votes: Floats, house: int, shift: float) -> Floats:
    """Seats (N, K) by the divisors n - 1 + ``shift``: a multiplier that nearly fits, then single seats."""
    total, admitted = votes.sum(1), np.count_nonzero(votes, axis=1)
    multiplier = _over(house + admitted * (shift - 0.5), total)
    seats = np.floor(votes * multiplier[:, None] + (1.0 - shift))
    left = np.where(total > 0.0, house - seats.sum(1), 0.0)
    while (short := np.flatnonzero(left > 0.0)).size:
        best = (votes[short] / (seats[short] + shift)).argmax(1)
        seats[short, best] += 1.0
        left[short] -= 1.0
    while (over := np.flatnonzero(left < 0.0)).size:
        held = seats[over]
        price = np.where(held > 0.0, votes[over] / np.maximum(held - 1.0 + shift, shift), np.inf)
        seats[over, price.argmin(1)] -= 1.0
        left[over] += 1.0
    return seats


def _over(house: Floats | int, total: Floats) -> Floats:
    """house / total, 0 where nobody is in."""
    return np.divide(house, total, out=np.zeros_like(total), where=total > 0.0)


def draw(case: Case, generator: np.random.Generator, number: int) -> Floats:
    """Votes (N, U) up to a common factor, Gaussian on the log scale."""
    votes = generator.standard_normal((number, len(case.units)))
    votes *= case.spread
    votes += np.log(case.mean)
    return np.exp(votes, out=votes)


def allocate(case: Case, votes: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Who is admitted and the seats, both (N, K), for votes (N, U)."""
    for_lists = votes[:, : case.lists]
    admitted = for_lists >= float(case.threshold) * votes.sum(1, keepdims=True)
    entitled = for_lists * admitted
    if case.method == "hare":
        return admitted, largest_remainders(entitled, case.seats)
    return admitted, highest_averages(entitled, case.seats, _SHIFTS[case.method])


def count(case: Case, votes: Floats) -> tuple[Whole, Whole]:
    """How often each list passes (K,), and histograms of its seats (K, S + 1)."""
    admitted, seats = allocate(case, votes)
    bins = case.seats + 1
    cells = seats.astype(np.int64)
    cells += bins * np.arange(case.lists)
    histograms = np.bincount(cells.ravel(), minlength=case.lists * bins)
    return np.count_nonzero(admitted, axis=0), histograms.reshape(case.lists, bins)


def _work(case: Case, chunk: int) -> Work:
    def part(number: int, draws: int) -> None:
        generator = np.random.Generator(np.random.SFC64([SEED, number]))
        passes, histograms = np.zeros(case.lists, np.int64), np.zeros((case.lists, case.seats + 1), np.int64)
        for start in range(0, draws, chunk):
            more = count(case, draw(case, generator, min(chunk, draws - start)))
            passes += more[0]
            histograms += more[1]

    def seats(votes: Whole) -> Whole:
        return allocate(case, votes.astype(np.float64))[1].astype(np.int64)

    return Work(lambda draws, threads: side_by_side(part, draws, threads), seats)


@subject(
    VECTORISED, "the same draws (Gaussian), threshold, seats and histograms, 100,000 draws at a time", "rival"
)
def vectorised(case: Case) -> Work:
    return _work(case, 100_000)


@subject(IN_CACHE, "the same in chunks that fit the cache", "rival")
def in_cache(case: Case) -> Work:
    return _work(case, 65_536 // len(case.units))
