"""The generator and the elementary functions of the core against their plain twins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import special, stats

from benchmarks.probing import probe
from forecast.kernels.arrays import BLOCK, LANES
from forecast.kernels.elementary import exp2, minus_log2, quarter_cosine, quarter_sine
from forecast.kernels.normals import normal_pair_rows, normal_row
from forecast.kernels.random_bits import block_bases, block_table, fill_bits, scramble, seed_lanes
from forecast.kernels.shares_of_normals import tail_scales
from forecast.simulation.inputs import direction_numbers, tail_table
from tests import twins


@probe
def words(seed, stream, out):
    state, scratch = np.empty((4, LANES), np.uint64), np.empty(LANES, np.uint64)
    seed_lanes(seed, stream, state, scratch)
    fill_bits(state, out)


@probe
def elementary(x, u, t, out):
    for i in range(x.shape[0]):
        out[0, i], out[1, i] = exp2(x[i]), minus_log2(u[i])
        out[2, i], out[3, i] = quarter_cosine(t[i]), quarter_sine(t[i])


@probe
def pairs(words):
    for r in range(0, words.shape[0], 2):
        normal_pair_rows(words[r], words[r + 1])


@probe
def inverted(words, flip, out):
    for r in range(words.shape[0]):
        normal_row(words[r], flip, out[r])


@probe
def tails(words, flip, table, out):
    tail_scales(words, flip, table, np.empty(BLOCK, np.uint32), out)


@probe
def points(directions, seed, replicate, blocks, out):
    dimensions = directions.shape[0]
    scrambled, shifts = np.empty((dimensions, 32), np.uint32), np.empty(dimensions, np.uint32)
    table = np.empty((dimensions, BLOCK), np.uint32)
    bases = np.empty(dimensions, np.uint32)
    scramble(directions, seed, replicate, scrambled, shifts, np.empty(32, np.uint32))
    block_table(scrambled, table)
    for block in range(blocks):
        block_bases(scrambled, shifts, block, bases)
        for d in range(dimensions):
            for i in range(BLOCK):
                out[block * BLOCK + i, d] = table[d, i] ^ bases[d]


@pytest.fixture(scope="module")
def random_words() -> np.ndarray:
    out = np.empty((800, LANES), np.uint64)
    words(np.uint64(7), 3, out)
    return out


@pytest.fixture(scope="module")
def halves(random_words: np.ndarray) -> np.ndarray:
    """(800, BLOCK) 32-bit words."""
    return random_words.view(np.uint32).reshape(-1, BLOCK)


@pytest.fixture(scope="module")
def normals(halves: np.ndarray) -> np.ndarray:
    words = halves.copy()
    pairs(words)
    return words.view(np.float32)


def test_every_lane_is_the_plain_sfc64_of_its_key(random_words: np.ndarray) -> None:
    for lane in (0, 1, 100, LANES - 1):
        plain = list(itertools.islice(twins.sfc64(7, 3, lane), 9))
        assert random_words[:9, lane].tolist() == plain


def test_lanes_share_no_words(random_words: np.ndarray) -> None:
    assert np.unique(random_words).size == random_words.size


def test_elementary_functions_agree_with_numpy_as_far_as_single_precision_tells() -> None:
    rng = np.random.default_rng(1)
    x, t = rng.uniform(-99, 99, 4000).astype(np.float32), rng.uniform(-0.5, 0.5, 4000).astype(np.float32)
    u = np.concatenate(
        [rng.uniform(0, 1, 2000), 2.0 ** -rng.uniform(0, 52, 1000), 1 - 2.0 ** -rng.uniform(1, 24, 1000)]
    ).astype(np.float32)
    out = np.empty((4, 4000), np.float32)
    elementary(x, u, t, out)
    wide = [values.astype(np.float64) for values in (x, u, t)]
    np.testing.assert_allclose(out[0], np.exp2(wide[0]), rtol=2.5e-7)
    np.testing.assert_allclose(out[1], -np.log2(wide[1]), rtol=5e-7, atol=0)
    np.testing.assert_allclose(out[2], np.cos(np.pi / 2 * wide[2]), atol=1.5e-7)
    np.testing.assert_allclose(out[3], np.sin(np.pi / 2 * wide[2]), atol=1.5e-7)


def test_exponentials_end_where_single_precision_might() -> None:
    x = np.array([-1e9, -100.0, 100.0, 1e9], np.float32)
    out = np.empty((4, 4), np.float32)
    elementary(x, np.full(4, 0.5, np.float32), np.zeros(4, np.float32), out)
    np.testing.assert_allclose(out[0], [2.0**-100, 2.0**-100, 2.0**100, 2.0**100], rtol=2e-7)


def test_normals_are_those_of_the_plain_box_muller(halves: np.ndarray, normals: np.ndarray) -> None:
    for lane in range(BLOCK):
        first, second = twins.normal_pair(int(halves[0, lane]), int(halves[1, lane]))
        assert normals[0, lane] == pytest.approx(first, abs=2e-6)
        assert normals[1, lane] == pytest.approx(second, abs=2e-6)


def test_normals_by_inversion_are_the_quantiles_of_their_words(halves: np.ndarray) -> None:
    """Also at both ends and on both sides of the middle, whatever bits are flipped."""
    words = halves[:40].copy()
    words[0, :8] = [0, 1, 2, 2**31 - 1, 2**31, 2**32 - 3, 2**32 - 2, 2**32 - 1]
    words[1] = 2.0 ** np.linspace(0, 31, BLOCK)
    for flip in (0, 0xFFFFFFFF, 0x9E3779B9):
        out = np.empty(words.shape, np.float32)
        inverted(words, np.uint32(flip), out)
        flipped = (words ^ np.uint32(flip)).astype(np.float64)
        lower = special.ndtri((flipped + 0.5) / 2.0**32)
        upper = -special.ndtri((2.0**32 - 0.5 - flipped) / 2.0**32)
        # Next to the middle the words of one float32 share a normal: 1e-7 of a standard deviation.
        np.testing.assert_allclose(out, np.where(flipped < 2.0**31, lower, upper), rtol=1e-6, atol=2e-7)


def test_normals_have_the_moments_and_the_distribution_of_normals(
    normals: np.ndarray, halves: np.ndarray
) -> None:
    """409,600 numbers, by pairs and by inversion; every bound is at least four standard errors: error
    probability under 1 in 2,000.
    """
    by_inversion = np.empty(halves.shape, np.float32)
    inverted(halves, np.uint32(0), by_inversion)
    for rows in (normals, by_inversion):
        z = rows.ravel().astype(np.float64)
        n = z.size
        assert abs(z.mean()) < 4 / np.sqrt(n)
        assert abs(z.var() - 1) < 4 * np.sqrt(2 / n)
        assert abs((z**4).mean() - 3) < 4 * np.sqrt(96 / n)
        assert stats.kstest(z, "norm").pvalue > 1e-4
        assert abs(np.corrcoef(rows[0::2].ravel(), rows[1::2].ravel())[0, 1]) < 4 / np.sqrt(n / 2)


@pytest.mark.parametrize("nu", [2.5, 4.0, 8.0, 30.0])
def test_the_tabulated_tail_is_the_inverse_of_chi_square_in_both_tails(nu: float) -> None:
    rng = np.random.default_rng(2)
    near_zero = (2.0 ** rng.uniform(0, 31, BLOCK // 2)).astype(np.uint32)
    words = np.concatenate([near_zero, ~near_zero])
    words[:4] = [0, 1, 2**31 - 1, 2**31]
    for flip in (0, 0xFFFFFFFF, 0x12345678):
        drawn = ((words ^ np.uint32(flip)).astype(np.float64) + 0.5) / 2.0**32
        out = np.empty(BLOCK, np.float32)
        tails(words, np.uint32(flip), tail_table(nu), out)
        lower = np.sqrt(nu / (2 * special.gammaincinv(nu / 2, drawn)))
        upper = np.sqrt(nu / (2 * special.gammainccinv(nu / 2, 1 - drawn)))
        np.testing.assert_allclose(out, np.where(drawn < 0.5, lower, upper), rtol=5e-7)


@pytest.mark.parametrize("nu", [8.0, 20.0])
def test_t_draws_have_the_moments_and_quantiles_of_the_t_distribution(
    halves: np.ndarray, normals: np.ndarray, nu: float
) -> None:
    """204,800 draws: mean and variance within five standard errors (error probability 6e-7 each),
    Kolmogorov-Smirnov at 1e-4, and thirteen quantiles within five standard errors.
    """
    scale = np.empty(BLOCK, np.float32)
    draws = []
    for r in range(400):
        tails(halves[400 + r], np.uint32(0), tail_table(nu), scale)
        draws.append(normals[r].astype(np.float64) * scale)
    t = np.concatenate(draws)
    n = t.size
    assert stats.kstest(t, "t", args=(nu,)).pvalue > 1e-4
    assert abs(t.mean()) < 5 * np.sqrt(nu / (nu - 2) / n)
    kurtosis, variance = 3 + 6 / (nu - 4), nu / (nu - 2)
    assert abs(t.var() - variance) < 5 * variance * np.sqrt((kurtosis - 1) / n)
    for p in (0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.999):
        quantile = stats.t.ppf(p, nu)
        error = np.sqrt(p * (1 - p) / n) / stats.t.pdf(quantile, nu)
        assert abs(np.quantile(t, p) - quantile) < 5 * error


def test_direction_numbers_are_those_of_scipy() -> None:
    ours = direction_numbers(40)
    plain = stats.qmc.Sobol(40, scramble=False, bits=32).random(256)
    for i in range(256):
        point = np.zeros(40, np.uint32)
        for bit in range(8):
            if (i ^ (i >> 1)) >> bit & 1:
                point ^= ours[:, bit]
        np.testing.assert_array_equal(point / 2.0**32, plain[i])


def test_scrambled_points_fill_every_elementary_interval_once() -> None:
    """The property of a Sobol sequence that scrambling keeps: 2**k points, one in every interval of 2**-k."""
    out = np.empty((1024, 10))
    points(direction_numbers(10), np.uint64(5), 2, out.shape[0] // BLOCK, out)
    assert out.min() >= 0
    assert out.max() < 2**32
    for d in range(10):
        assert sorted((out[:, d] // 2**22).astype(int)) == list(range(1024))
    # The first two dimensions form a (0, m, 2)-net: any dyadic box of area 2**-10 holds one point.
    for k in range(11):
        cells = (out[:, 0] // 2 ** (32 - k)) * 2 ** (10 - k) + out[:, 1] // 2 ** (22 + k)
        assert len(set(cells.astype(int))) == 1024


def test_replicates_are_scrambled_differently() -> None:
    first, second = np.empty((BLOCK, 4)), np.empty((BLOCK, 4))
    points(direction_numbers(4), np.uint64(5), 0, 1, first)
    points(direction_numbers(4), np.uint64(5), 1, 1, second)
    assert not np.any(first == second)
