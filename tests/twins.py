"""Plain twins of the compiled core: the same numbers, said slowly."""

from __future__ import annotations

import math
from collections.abc import Iterator

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
