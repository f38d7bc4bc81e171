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


def unit_interval(word: int) -> float:
    return ((word >> 12) + 0.5) / 2**52


def normal_pair(word: int) -> tuple[float, float]:
    """Box-Muller: radius from the upper 52 bits, angle from the lower 32 (two of them signs)."""
    radius = math.sqrt(-2.0 * math.log(unit_interval(word)))
    quarter = ((word & 0x3FFFFFFF) + 0.5) / 2**30
    angle = quarter * math.pi / 2
    first = radius * math.cos(angle)
    second = radius * math.sin(angle)
    if word & 0x80000000:
        first = -first
    if word & 0x40000000:
        second = -second
    return first, second


def votes_of_words(words: list[int], mean: np.ndarray, scale: np.ndarray, nu: float) -> np.ndarray:
    """Shares of one draw: the first word is the tail (unless Gaussian), then one word for two units."""
    from scipy.stats import chi2

    units = len(mean)
    pairs = (units + 1) // 2
    tail = 1.0
    if math.isfinite(nu):
        tail = math.sqrt(nu / chi2.ppf(unit_interval(words[0]), nu))
        words = words[1:]
    z = np.empty(2 * pairs)
    for p in range(pairs):
        z[p], z[pairs + p] = normal_pair(words[p])
    x = np.log(mean) + tail * (np.linalg.cholesky(scale) @ z[:units])
    votes = np.exp(x)
    return votes / votes.sum()
