"""Votes drawn in float32 against the same draws in float64: rounding must not show in any probability."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from benchmarks.probing import probe
from forecast.kernels.arrays import BLOCK, LANES
from forecast.kernels.normals import normal_pair_rows, normal_row
from forecast.kernels.random_bits import fill_bits, seed_lanes
from forecast.kernels.shares_of_normals import votes_of_normals

# Kazakhstan 2023 by its exit polls; five lists at 5 % would be too easy, one is what hangs on a hair.
SHARES = np.array([0.53737, 0.10663, 0.08673, 0.08317, 0.0669, 0.05113, 0.02633, 0.04174])
SPREAD = np.sqrt((0.03 * SHARES ** (-1 / 3)) ** 2 + 1 / (18_000 * SHARES))
BLOCKS = 2_000


@probe
def words_of(seed, words):
    state, scratch = np.empty((4, LANES), np.uint64), np.empty(LANES, np.uint64)
    seed_lanes(seed, 0, state, scratch)
    fill_bits(state, words)


@probe
def votes_in_float32(words, inverted, centre, spread, out):
    units = centre.shape[0]
    drawn = np.empty((units, BLOCK), np.uint32)
    votes = drawn.view(np.float32)
    tail, total = np.ones(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for block in range(words.shape[0]):
        drawn[:] = words[block]
        for p in range(units // 2):
            if inverted:
                normal_row(words[block, 2 * p], np.uint32(0), votes[2 * p])
                normal_row(words[block, 2 * p + 1], np.uint32(0), votes[2 * p + 1])
            else:
                normal_pair_rows(drawn[2 * p], drawn[2 * p + 1])
        votes_of_normals(centre, spread, tail, votes, votes, total)
        out[block] = votes


def shares_in_float64(words: np.ndarray, *, inverted: bool) -> np.ndarray:
    """(blocks, units, BLOCK), by the formulas themselves."""
    if inverted:
        z = special.ndtri((words + 0.5) / 2.0**32)
    else:
        radii, angles = words[:, 0::2], words[:, 1::2]
        radius = np.sqrt(-2.0 * np.log(((radii >> np.uint32(1)) + 0.5) / 2.0**31))
        angle = (angles & np.uint32(0x3FFFFFFF)) / 2.0**30 * np.pi / 2
        z = np.empty(words.shape)
        z[:, 0::2] = np.where(angles >> np.uint32(31), -1, 1) * radius * np.cos(angle)
        z[:, 1::2] = np.where(angles >> np.uint32(30) & np.uint32(1), -1, 1) * radius * np.sin(angle)
    votes = SHARES[:, None] * np.exp(SPREAD[:, None] * z)
    return votes / votes.sum(1, keepdims=True)


@pytest.mark.parametrize("inverted", [False, True], ids=["box-muller", "inversion"])
def test_a_million_draws_in_float32_have_the_shares_and_the_passes_of_float64(inverted: bool) -> None:
    """A probability that hangs on who passes is off by the share of draws that change sides, at the most:
    under 5 in a million, a third of the Monte Carlo error of a billion draws of a chance of one half.
    """
    words = np.empty((BLOCKS * len(SHARES), LANES), np.uint64)
    words_of(np.uint64(3), words)
    halves = words.view(np.uint32).reshape(BLOCKS, len(SHARES), BLOCK)
    votes = np.empty(halves.shape, np.float32)
    spread = (SPREAD / np.log(2.0)).astype(np.float32)
    votes_in_float32(halves, inverted, SHARES.astype(np.float32), spread, votes)
    ours = votes.astype(np.float64)
    ours /= ours.sum(1, keepdims=True)
    exact = shares_in_float64(halves, inverted=inverted)
    difference = ours - exact
    assert np.abs(difference).max() < 5e-7
    assert np.abs(difference.mean((0, 2))).max() < 5e-8
    assert np.abs((difference / exact).mean((0, 2))).max() < 1.5e-7
    for level in (0.03, 0.05, 0.08):
        changed = (ours >= level) != (exact >= level)
        assert changed.any(1).sum() <= 5e-6 * BLOCKS * BLOCK
