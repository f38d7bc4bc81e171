"""The least that any simulation does: normals and exponentials, by NumPy and by the core's vector code."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import float64
from benchmarks.cases import SEED, Case
from benchmarks.probing import probe
from benchmarks.subjects import Work, side_by_side, subject
from forecast.kernels.arrays import BLOCK, LANES
from forecast.kernels.draw import AT_A_TIME
from forecast.kernels.normals import normal_pair_rows
from forecast.kernels.random_bits import fill_bits, mix, seed_lanes
from forecast.kernels.shares_of_normals import votes_of_normals

NUMPY = "numpy normals + exp"
SIMD = "SIMD normals + exp"
OWN = "core's normals + exp"

_BUFFER = 16_384  # values: 128 KiB, where NumPy is fastest


@subject(NUMPY, "Generator(SFC64).standard_normal(out=) and exp(out=), one value a unit", "yardstick")
def numpy_normals(case: Case) -> Work:
    units = len(case.units)

    def part(number: int, draws: int) -> None:
        generator = np.random.Generator(np.random.SFC64([SEED, number]))
        values = np.empty(_BUFFER)
        for start in range(0, draws * units, _BUFFER):
            out = values[: min(_BUFFER, draws * units - start)]
            generator.standard_normal(out=out)
            np.exp(out, out=out)

    return Work(lambda draws, threads: side_by_side(part, draws, threads))


@probe
def normals_in_float64(seed: Any, location: Any, spread: Any, blocks: Any) -> Any:
    """Random bits, normals and exponentials of ``blocks`` blocks; their sum, so that none of it is left out.

    seed uint64, location and spread (U,) in bits, as ``float64.votes_of_normals`` reads them.
    """
    units = location.shape[0]
    pairs = (units + 1) // 2
    state = np.empty((4, LANES), np.uint64)
    bits = np.empty((pairs, float64.BLOCK), np.uint64)
    z, votes = np.empty((2 * pairs, float64.BLOCK)), np.empty((units, float64.BLOCK))
    tail, total = np.ones(float64.BLOCK), np.empty(float64.BLOCK)
    seed_lanes(mix(seed, 0, 0), 0, state, bits[0])
    used = 0.0
    for _ in range(blocks):
        fill_bits(state, bits)
        for p in range(pairs):
            float64.normal_pair_rows(bits[p], z[p], z[pairs + p])
        float64.votes_of_normals(location, spread, tail, z, votes, total)
        used += total[0]
    return used


@probe
def normals_of_the_core(seed: Any, centre: Any, spread: Any, blocks: Any) -> Any:
    """The same by the core's own stages; centre and spread (U,) float32."""
    units = centre.shape[0]
    rows = (units + 1) // 2 * 2
    state = np.empty((4, LANES), np.uint64)
    bits = np.empty((rows, LANES), np.uint64)
    words = bits.view(np.uint32)
    votes = words.view(np.float32)
    tail, total = np.ones(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    seed_lanes(mix(seed, 0, 0), 0, state, bits[0])
    used = np.float64(0.0)
    for _ in range(blocks):
        total[:] = np.float32(0.0)
        for start in range(0, rows, AT_A_TIME):
            end = min(start + AT_A_TIME, rows)
            fill_bits(state, bits[start:end])
            for row in range(start, end, 2):
                normal_pair_rows(words[row], words[row + 1])
            end = min(end, units)
            own = votes[start:end]
            votes_of_normals(centre[start:end], spread[start:end], tail, own, own, total)
        used += total[0]
    return used


@subject(SIMD, "random bits, Box-Muller and 2**x in float64, in vector code on blocks", "yardstick")
def float64_normals(case: Case) -> Work:
    location = np.log2(case.mean)
    spread = case.spread / np.log(2.0)

    def part(number: int, draws: int) -> None:
        normals_in_float64(np.uint64(SEED + number), location, spread, -(-draws // float64.BLOCK))

    return Work(lambda draws, threads: side_by_side(part, draws, threads))


@subject(OWN, "the core's own, in float32, without the t tail", "yardstick")
def core_normals(case: Case) -> Work:
    centre = case.mean.astype(np.float32)
    spread = (case.spread / np.log(2.0)).astype(np.float32)

    def part(number: int, draws: int) -> None:
        normals_of_the_core(np.uint64(SEED + number), centre, spread, -(-draws // BLOCK))

    return Work(lambda draws, threads: side_by_side(part, draws, threads))
