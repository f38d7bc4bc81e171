"""From national votes to the votes of every district: the pattern of the last result, swung and disturbed.

The law (docs/districts.md): what a list had in a district relative to the country carries over, less so where
it rises; around that, errors are common to the whole country, to a list, to districts that looked alike and
to those of a region, and a cell's own. Raking twice makes districts and the national draw consistent: errors
move votes between districts, never the national shares.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import kernel, stage
from forecast.kernels.arrays import (
    BLOCK,
    F32x1,
    F32x2,
    GivenVotes,
    I64x1,
    Piece,
    Votes,
)
from forecast.kernels.elementary import exp2, larger, minus_log2, smaller
from forecast.kernels.normals import Noise, plain_normals, rough_normal
from forecast.kernels.random_bits import begin_stream, next_bits

ABSENT = np.float32(-1e30)
"""The base of a list that does not stand in a district."""

_NONE, _UNIT = np.float32(0.0), np.float32(1.0)
_LEAST = np.float32(2.0**-60)
_DISTRICTS = np.uint64(0x9_0000_0000)
"""Streams of districts are others than those of national draws."""

BY_SLOPE, BY_POINTS, BY_ODDS = 0, 1, 2
"""How districts follow the nation (``geography.swing`` of an election file)."""
LEAST_LEFT = np.float32(0.002)
"""What a swing by points leaves a list of its national share at least."""
_NEARLY_ONE = np.float32(1.0 - 2.0**-20)

PROJECTION = np.dtype(
    [
        ("seed", np.uint64),
        ("way", np.int64),
        ("regions", np.int64),
        ("beta", np.float32),
        ("beta_power", np.float32),
        ("beta_least", np.float32),
        ("beta_most", np.float32),
        ("scale", np.float32),
        ("scale_sd", np.float32),
        ("list_scale_sd", np.float32),
    ],
    align=True,
)
"""Numbers of the law: the slope of a list that stands still, the power by which it falls as the list rises,
its bounds; the scale of all errors, its spread over elections and over lists, both in bits.
"""


class Pattern(NamedTuple):
    """The pattern of the last result, for D districts and U units; logarithms are in bits (base 2)."""

    about: Annotated[NDArray[np.void], PROJECTION, 1]
    weights: F32x1
    """(D,) share of the valid votes; sum 1."""
    region: I64x1
    """(D,) number of its region."""
    base: F32x2
    """(D, U) log of the central share over the national one; ABSENT where the list does not stand."""
    strength: F32x2
    """(D, U) log of the list's last share over its last national one, r."""
    slope_sd: F32x2
    """(D, U) sd of the list's own slope times r, centred."""
    cell_sd: F32x2
    """(D, U)"""
    factors: F32x2
    """(2, D) the two factors of the base."""
    factor_sd: F32x2
    """(2, U)"""
    region_sd: F32x1
    """(U,)"""
    last: F32x1
    """(U,) -log2 of the last national share; -1 for new lists, which have no pattern."""
    slope: F32x1
    """(U,) the slope that the base holds already."""
    common: F32x2
    """(D, U) factor on the errors that cells share."""
    shares: F32x2
    """(D, U) central shares, of which swings by points and by odds start."""
    central: F32x1
    """(U,) central national shares."""
    reach: F32x1
    """(U,) share of the voters who live where each unit stands."""


class ProjectWorkspace(NamedTuple):
    """What a block is projected with."""

    noise: Noise
    """Of L rows, L = 4 U + regions U + 2 or one more."""
    swing: F32x2
    """(U, BLOCK) how far the slope of a draw is from that of the base; else the points that a list gains
    where it stands, or the factor on its odds.
    """
    ends: F32x2
    """(2, BLOCK) workspace of a list."""
    scale: F32x2
    """(U, BLOCK) scale of a list's errors."""
    summed: F32x2
    """(U, BLOCK) a list's votes over all districts."""
    ratio: F32x2
    """(U, BLOCK) national over summed votes."""
    shares: F32x2
    """(U, BLOCK) national shares."""
    sums: F32x2
    """(2, BLOCK)"""


def _project(
    pattern: Pattern,
    piece: Piece,
    national: Votes,
    workspace: ProjectWorkspace,
    districts: Piece,
    local: Votes,
) -> None:
    """Votes in every district of the block of draws in ``national``, into ``local`` (D, U, BLOCK), in the
    same unit: summed over districts they are the national ones. Pieces are one block, and come in order;
    ``districts`` becomes the piece of their districts.
    """
    about, here, there = pattern.about[0], piece[0], districts[0]
    there.replicate, there.first, there.place = here.replicate, here.first, here.place
    there.valid, there.blocks = here.valid, pattern.weights.shape[0]
    begin_stream(workspace.noise, about.seed ^ _DISTRICTS, here, here.first, 0)
    _national_shares(national, workspace.shares)
    _draw_common(workspace)
    units = pattern.last.shape[0]
    for k in range(units):
        _swing_list(pattern, k, workspace)
        _project_list(pattern, k, workspace, local)
    _rake_districts(pattern, workspace, local)
    _finish(pattern, national.total[0], workspace, local)


project_drawn = kernel(_project, national=Votes)
project_given = kernel(_project, national=GivenVotes)


@stage
def _national_shares(national, shares):
    total = national.total[0]
    for k in range(shares.shape[0]):
        row, out = national.single[0, k], shares[k]
        for i in range(BLOCK):
            out[i] = larger(row[i] / total[i], _LEAST)


@stage
def _draw_common(workspace):
    """Normals that districts share: row 0 the country's; then of every list its scale, slope, two factors;
    then the regions.
    """
    plain_normals(workspace.noise, 0, workspace.noise.words.shape[0])


@stage
def _swing_list(pattern, k, workspace):
    """The slope of list k in every draw, less that of the base; and the scale of its errors."""
    about, last = pattern.about[0], pattern.last[k]
    swing, scale, share = workspace.swing[k], workspace.scale[k], workspace.shares[k]
    country, own = workspace.noise.normals[0], workspace.noise.normals[1 + k]
    for i in range(BLOCK):
        scale[i] = about.scale * exp2(about.scale_sd * country[i] + about.list_scale_sd * own[i])
    if about.way == BY_POINTS:
        for i in range(BLOCK):
            swing[i] = (share[i] - pattern.central[k]) / pattern.reach[k]
    elif about.way == BY_ODDS:
        before = _odds(pattern.central[k] / pattern.reach[k])
        for i in range(BLOCK):
            swing[i] = _odds(share[i] / pattern.reach[k]) / before
    elif last < _NONE:
        for i in range(BLOCK):
            swing[i] = _NONE
    else:
        base = pattern.slope[k]
        for i in range(BLOCK):
            risen = minus_log2(share[i]) - last  # log2 of the last share over this one
            slope = about.beta * exp2(about.beta_power * risen)
            swing[i] = smaller(larger(slope, about.beta_least), about.beta_most) - base


@stage
def _odds(share):
    held = smaller(larger(share, _LEAST), _NEARLY_ONE)
    return held / (_UNIT - held)


@stage
def _project_list(pattern, k, workspace, local):
    """Votes of list k in every district before raking; the ratio that makes their sum the national share."""
    units, about = pattern.last.shape[0], pattern.about[0]
    swing, scale, share = workspace.swing[k], workspace.scale[k], workspace.shares[k]
    summed = workspace.ratio[k]
    slope, one = workspace.noise.normals[1 + units + k], workspace.noise.normals[1 + 2 * units + k]
    two = workspace.noise.normals[1 + 3 * units + k]
    words = workspace.noise.cell_words[0]
    for i in range(BLOCK):
        summed[i] = _NONE
    for d in range(pattern.weights.shape[0]):
        base, out = pattern.base[d, k], local.single[d, k]
        if base <= ABSENT:
            for i in range(BLOCK):
                out[i] = _NONE
            continue
        next_bits(workspace.noise.state, workspace.noise.cell[0])
        strength, own_slope, own = pattern.strength[d, k], pattern.slope_sd[d, k], pattern.cell_sd[d, k]
        weight = pattern.weights[d]
        common = pattern.common[d, k]
        first, second = (
            common * pattern.factors[0, d] * pattern.factor_sd[0, k],
            common * pattern.factors[1, d] * pattern.factor_sd[1, k],
        )
        region = (
            workspace.noise.normals[1 + 4 * units + pattern.region[d] * units + k]
            if about.regions > 0
            else one
        )
        region_sd = common * pattern.region_sd[k] if about.regions > 0 else _NONE
        own_slope *= common
        if about.way != BY_SLOPE:
            _start_from(pattern, d, k, share, swing, workspace.ends)
            start = workspace.ends[0]
            for i in range(BLOCK):
                error = own_slope * slope[i] + first * one[i] + second * two[i] + region_sd * region[i]
                error += own * rough_normal(words[i])
                votes = start[i] * exp2(scale[i] * error)
                out[i] = votes
                summed[i] += weight * votes
            continue
        for i in range(BLOCK):
            error = own_slope * slope[i] + first * one[i] + second * two[i] + region_sd * region[i]
            error += own * rough_normal(words[i])
            votes = share[i] * exp2(base + swing[i] * strength + scale[i] * error)
            out[i] = votes
            summed[i] += weight * votes
    for i in range(BLOCK):
        summed[i] = share[i] / larger(summed[i], _LEAST)


@stage
def _start_from(pattern, d, k, share, swing, ends):
    """Into ``ends[0]`` a list's share in a district after a swing by points or by odds, before errors."""
    start, central = ends[0], pattern.shares[d, k]
    if pattern.about[0].way == BY_POINTS:
        least = LEAST_LEFT / pattern.reach[k]
        for i in range(BLOCK):
            start[i] = larger(central + swing[i], least * share[i])
    else:
        for i in range(BLOCK):
            start[i] = central * swing[i] / (_UNIT - central + central * swing[i])


@stage
def _rake_districts(pattern, workspace, local):
    """Lists to their national shares, then districts to theirs; and the ratios of what lists then lack."""
    units = pattern.last.shape[0]
    ratio, total = workspace.ratio, workspace.sums[0]
    for k in range(units):
        summed = workspace.summed[k]
        for i in range(BLOCK):
            summed[i] = _NONE
    for d in range(pattern.weights.shape[0]):
        weight = pattern.weights[d]
        for i in range(BLOCK):
            total[i] = _NONE
        for k in range(units):
            if pattern.base[d, k] > ABSENT:
                row, factor = local.single[d, k], ratio[k]
                for i in range(BLOCK):
                    row[i] *= factor[i]
                    total[i] += row[i]
        for i in range(BLOCK):
            total[i] = weight / larger(total[i], _LEAST)
        for k in range(units):
            if pattern.base[d, k] > ABSENT:
                row, summed = local.single[d, k], workspace.summed[k]
                for i in range(BLOCK):
                    row[i] *= total[i]
                    summed[i] += row[i]


@stage
def _finish(pattern, national, workspace, local):
    """Lists to their national votes once more, in the unit of the national draw; totals of districts."""
    units = pattern.last.shape[0]
    for k in range(units):
        factor, summed, share = workspace.ratio[k], workspace.summed[k], workspace.shares[k]
        for i in range(BLOCK):
            factor[i] = share[i] * national[i] / larger(summed[i], _LEAST)
    for d in range(pattern.weights.shape[0]):
        total = local.total[d]
        for i in range(BLOCK):
            total[i] = _NONE
        for k in range(units):
            if pattern.base[d, k] > ABSENT:
                row, factor = local.single[d, k], workspace.ratio[k]
                for i in range(BLOCK):
                    row[i] *= factor[i]
                    total[i] += row[i]
