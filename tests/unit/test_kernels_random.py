"""The generator and the elementary functions of the core against their plain twins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import special, stats

from forecast.kernels.compiling import kernel
from forecast.kernels.elementary import exp2, minus_log, quarter_cosine, quarter_sine
from forecast.kernels.normals import normal_pair_rows
from forecast.kernels.random import BLOCK, fill_bits, seed_lanes
from forecast.kernels.sobol import block_bases, block_table, scramble, sobol_bits
from forecast.kernels.tail import tail_scales
from forecast.simulation.sobol_directions import direction_numbers
from forecast.simulation.tails import tail_table
from tests import twins


@kernel
def words(seed, stream, out):
    state, scratch = np.empty((4, BLOCK), np.uint64), np.empty(BLOCK, np.uint64)
    seed_lanes(seed, stream, state, scratch)
    fill_bits(state, out)


@kernel
def elementary(x, u, t, out):
    for i in range(x.shape[0]):
        out[0, i], out[1, i] = exp2(x[i]), minus_log(u[i])
        out[2, i], out[3, i] = quarter_cosine(t[i]), quarter_sine(t[i])


@kernel
def pairs(bits, out):
    for r in range(bits.shape[0]):
        normal_pair_rows(bits[r], out[2 * r], out[2 * r + 1])


@kernel
def tails(bits, table, out):
    tail_scales(bits, table, np.empty(BLOCK, np.uint32), out)


@kernel
def points(directions, seed, replicate, blocks, out):
    dimensions = directions.shape[0]
    scrambled, shifts = np.empty((32, dimensions), np.uint64), np.empty(dimensions, np.uint64)
    table, row = np.empty((dimensions, BLOCK), np.uint64), np.empty(BLOCK, np.uint64)
    bases = np.empty(dimensions, np.uint64)
    scramble(directions, seed, replicate, scrambled, shifts, np.empty(32, np.uint64))
    block_table(scrambled, table)
    for block in range(blocks):
        block_bases(scrambled, shifts, block, bases)
        for r in range(dimensions // 2):
            sobol_bits(bases, table, r, row)
            for i in range(BLOCK):
                out[block * BLOCK + i, 2 * r] = row[i] >> np.uint64(32)
                out[block * BLOCK + i, 2 * r + 1] = row[i] & np.uint64(0xFFFFFFFF)


@pytest.fixture(scope="module")
def random_words() -> np.ndarray:
    out = np.empty((400, BLOCK), np.uint64)
    words(np.uint64(7), 3, out)
    return out


@pytest.fixture(scope="module")
def normals(random_words: np.ndarray) -> np.ndarray:
    out = np.empty((800, BLOCK))
    pairs(random_words, out)
    return out


def test_every_lane_is_the_plain_sfc64_of_its_key(random_words: np.ndarray) -> None:
    for lane in (0, 1, 100, BLOCK - 1):
        plain = list(itertools.islice(twins.sfc64(7, 3, lane), 9))
        assert random_words[:9, lane].tolist() == plain


def test_lanes_share_no_words(random_words: np.ndarray) -> None:
    assert np.unique(random_words).size == random_words.size


def test_elementary_functions_agree_with_numpy_as_far_as_a_draw_needs() -> None:
    rng = np.random.default_rng(1)
    x, t = rng.uniform(-60, 60, 4000), rng.uniform(-0.5, 0.5, 4000)
    u = np.concatenate(
        [rng.uniform(0, 1, 2000), 2.0 ** -rng.uniform(0, 52, 1000), 1 - 2.0 ** -rng.uniform(1, 50, 1000)]
    )
    out = np.empty((4, 4000))
    elementary(x, u, t, out)
    np.testing.assert_allclose(out[0], np.exp2(x), rtol=8e-8)
    np.testing.assert_allclose(out[1], -np.log(u), rtol=2e-9)
    np.testing.assert_allclose(out[2], np.cos(np.pi / 2 * t), atol=3e-8)
    np.testing.assert_allclose(out[3], np.sin(np.pi / 2 * t), atol=2e-9)


def test_normals_are_those_of_the_plain_box_muller(random_words: np.ndarray, normals: np.ndarray) -> None:
    for lane in range(40):
        first, second = twins.normal_pair(int(random_words[0, lane]))
        assert normals[0, lane] == pytest.approx(first, abs=3e-7)
        assert normals[1, lane] == pytest.approx(second, abs=3e-7)


def test_normals_have_the_moments_and_the_distribution_of_normals(normals: np.ndarray) -> None:
    """204,800 numbers; every bound is at least four standard errors: error probability under 1 in 2,000."""
    z = normals.ravel()
    n = z.size
    assert abs(z.mean()) < 4 / np.sqrt(n)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((z**4).mean() - 3) < 4 * np.sqrt(96 / n)
    assert stats.kstest(z, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(normals[0::2].ravel(), normals[1::2].ravel())[0, 1]) < 4 / np.sqrt(n / 2)


@pytest.mark.parametrize("nu", [2.5, 4.0, 8.0, 30.0])
def test_the_tabulated_tail_is_the_inverse_of_chi_square_in_both_tails(nu: float) -> None:
    rng = np.random.default_rng(2)
    near_zero = 2.0 ** -rng.uniform(1, 40, BLOCK // 2)
    u = np.concatenate([near_zero, 1 - near_zero])
    bits = (u * 2.0**52).astype(np.uint64) << np.uint64(12)
    drawn = ((bits >> np.uint64(12)).astype(float) + 0.5) / 2.0**52
    out = np.empty(BLOCK)
    tails(bits, tail_table(nu), out)
    lower = np.sqrt(nu / (2 * special.gammaincinv(nu / 2, drawn)))
    upper = np.sqrt(nu / (2 * special.gammainccinv(nu / 2, 1 - drawn)))
    np.testing.assert_allclose(out, np.where(drawn < 0.5, lower, upper), rtol=1e-7)


def test_t_draws_have_the_quantiles_of_the_t_distribution(
    random_words: np.ndarray, normals: np.ndarray
) -> None:
    """102,400 draws of nu = 8, Kolmogorov-Smirnov at 1e-4."""
    scale = np.empty(BLOCK)
    draws = []
    for r in range(200):
        tails(random_words[200 + r], tail_table(8.0), scale)
        draws.append(normals[2 * r] * scale)
        draws.append(normals[2 * r + 1] * scale)
    assert stats.kstest(np.concatenate(draws), "t", args=(8,)).pvalue > 1e-4


def test_direction_numbers_are_those_of_scipy() -> None:
    ours = direction_numbers(40)
    plain = stats.qmc.Sobol(40, scramble=False, bits=32).random(256)
    for i in range(256):
        point = np.zeros(40, np.uint64)
        for bit in range(8):
            if (i ^ (i >> 1)) >> bit & 1:
                point ^= ours[:, bit]
        np.testing.assert_array_equal(point / 2.0**32, plain[i])


def test_scrambled_points_fill_every_elementary_interval_once() -> None:
    """The property of a Sobol sequence that scrambling keeps: 2**k points, one in every interval of 2**-k."""
    out = np.empty((1024, 10))
    points(direction_numbers(10), np.uint64(5), 2, 4, out)
    assert out.min() >= 0
    assert out.max() < 2**32
    for d in range(10):
        assert sorted((out[:, d] // 2**22).astype(int)) == list(range(1024))
    # The first two dimensions form a (0, m, 2)-net: any dyadic box of area 2**-10 holds one point.
    for k in range(11):
        cells = (out[:, 0] // 2 ** (32 - k)) * 2 ** (10 - k) + out[:, 1] // 2 ** (22 + k)
        assert len(set(cells.astype(int))) == 1024


def test_replicates_are_scrambled_differently() -> None:
    first, second = np.empty((256, 4)), np.empty((256, 4))
    points(direction_numbers(4), np.uint64(5), 0, 1, first)
    points(direction_numbers(4), np.uint64(5), 1, 1, second)
    assert not np.any(first == second)
