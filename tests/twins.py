"""Plain twins of the compiled core: the same numbers, said slowly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

M64 = (1 << 64) - 1


def splitmix64(x: int) -> int:
    z = (x + 0x9E3779B97F4A7C15) & M64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def mix(seed: int, stream: int, lane: int) -> int:
    return splitmix64(splitmix64(splitmix64(seed) ^ stream) ^ lane)


def sfc64(seed: int, stream: int, lane: int) -> Iterator[int]:
    """The 64-bit words of one lane."""
    key = mix(seed, stream, lane)
    state = []
    for _ in range(3):
        key = splitmix64(key)
        state.append(key)
    a, b, c = state
    counter = 1
    step = 0
    while True:
        total = (a + b + counter) & M64
        counter += 1
        a = b ^ (b >> 11)
        b = (c + (c << 3)) & M64
        c = ((((c << 24) | (c >> 40)) & M64) + total) & M64
        step += 1
        if step > 12:
            yield total


def words_of_draw(lanes: list[list[int]], block: int, draw: int, rows: int) -> list[int]:
    """The 32-bit words of a draw within its block of two draws a lane: the 64-bit word that a lane gives for
    a row is one of either draw, the lower half first.
    """
    given = lanes[draw // 2][block * rows : (block + 1) * rows]
    return [word >> 32 * (draw % 2) & 0xFFFFFFFF for word in given]


def unit_interval(word: int) -> float:
    return (word + 0.5) / 2**32


def normal_pair(first_word: int, second_word: int) -> tuple[float, float]:
    """Box-Muller: radius from 31 bits of the one word, angle from 30 of the other, and its two highest for
    signs.
    """
    radius = math.sqrt(-2.0 * math.log(((first_word >> 1) + 0.5) / 2**31))
    angle = (second_word & 0x3FFFFFFF) / 2**30 * math.pi / 2
    first = radius * math.cos(angle)
    second = radius * math.sin(angle)
    if second_word & 0x80000000:
        first = -first
    if second_word & 0x40000000:
        second = -second
    return first, second


def votes_of_words(words: list[int], mean: np.ndarray, scale: np.ndarray, nu: float) -> np.ndarray:
    """Shares of one draw: the first word is the tail (unless Gaussian), then two words for two units."""
    from scipy.stats import chi2

    units = len(mean)
    pairs = (units + 1) // 2
    tail = 1.0
    if math.isfinite(nu):
        tail = math.sqrt(nu / chi2.ppf(unit_interval(words[0]), nu))
        words = words[1:]
    z = np.empty(2 * pairs)
    for p in range(pairs):
        z[2 * p], z[2 * p + 1] = normal_pair(words[2 * p], words[2 * p + 1])
    x = np.log(mean) + tail * (np.linalg.cholesky(scale) @ z[:units])
    votes = np.exp(x)
    return votes / votes.sum()


M32 = (1 << 32) - 1


def rough_normal(word: int) -> float:
    """The sum of both halves of a word, bent."""
    u = ((word & 0xFFFF) + (word >> 16) - 65535) / 65536
    return u * (2.2 + 0.52 * u * u) / 0.985


def lot_of(word: int, holder: int) -> int:
    """The lot that a holder draws with the word of a district."""
    return (word ^ (holder * 0x9E3779B9 & M32)) * 0x85EBCA6B & M32


def in_their_order(votes: Sequence[float], standing: Sequence[int], word: int) -> list[int]:
    """Those who stand in a district, by votes, the equal by lot."""
    return sorted(standing, key=lambda h: (votes[h], lot_of(word, h)), reverse=True)


def second_round(
    votes: Sequence[float], pair: tuple[int, int], said: Sequence[Sequence[float | None]], odds: float
) -> tuple[float, float]:
    """Votes of two who meet again: of the voters of every other unit, parts go to either by what is ``said``
    of transfers, half of what is left where nothing is, at odds that are so many times those.
    """
    a, b = pair
    first, second = votes[a], votes[b]
    for j, cast in enumerate(votes):
        if j not in pair:
            to_a, to_b = said[j][a], said[j][b]
            share_a = (1.0 - (to_b or 0.0)) / 2.0 if to_a is None else to_a
            share_b = (1.0 - (to_a or 0.0)) / 2.0 if to_b is None else to_b
            voting, weighed = min(share_a + share_b, 1.0), share_a * odds
            part = weighed / (weighed + share_b) if weighed + share_b else 0.0
            first, second = first + cast * voting * part, second + cast * voting * (1.0 - part)
    return first, second


def seats_by_region(seats: int, votes: Sequence[Fraction]) -> list[int]:
    """Sainte-Lague, seat by seat; equal quotients by the order of the regions."""
    won = [0] * len(votes)
    for _ in range(seats if any(votes) else 0):
        best = max(range(len(votes)), key=lambda r: (votes[r] / (2 * won[r] + 1), -r))
        won[best] += 1
    return won


def seatless(winners: Sequence[tuple[int, float]], seats: Sequence[int]) -> set[int]:
    """Numbers of the winners of a list, each with its region and its share of the votes, whom the seats of
    the list by region do not cover: those with the lowest shares.
    """
    left: set[int] = set()
    for region, number in enumerate(seats):
        inside = [(share, d) for d, (own, share) in enumerate(winners) if own == region]
        left.update(d for _, d in sorted(inside, key=lambda one: (-one[0], one[1]))[number:])
    return left
