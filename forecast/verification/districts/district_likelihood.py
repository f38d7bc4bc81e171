"""The likelihood of the errors of districts: of each list normal around the centre, at a scale that varies.

With e the log of true over central shares of a list in its districts, before the raking
e = s (b rt + F g + h + eps), s = m m_k. The raking takes from an error the mean of its district: own errors
are left at 1 - C, and those of other lists come in as C_j e_j, here taken for independent between districts.
Both scales are integrated out by Gauss-Hermite quadrature: m once for all lists of an election, m_k list by
list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from forecast.geography.pattern import Flags, Floats, pattern_of, sds_of
from forecast.geography.projection_constants import Constants
from forecast.verification.districts.pairs import Pair

LEAST_CENTRAL = 0.003
"""Cells with a smaller central share are left out: they are many, and votes of a few persons."""
_LEAST_DISTRICTS = 2
_NODES, _PRIOR = np.polynomial.hermite_e.hermegauss(15)
_PRIOR = _PRIOR / _PRIOR.sum()

NOISE = (
    "cell_sd",
    "cell_power",
    "slope_sd",
    "factor_1_sd",
    "factor_2_sd",
    "region_sd",
    "list_power",
    "new_cell_sd",
    "new_factor_1_sd",
    "new_factor_2_sd",
    "new_region_sd",
    "anew_cell_sd",
    "list_scale_sd",
)
"""Constants of the errors within an election; all but the powers are sds."""
POWERS = ("cell_power", "list_power")


@dataclass(frozen=True)
class _List:
    """One list of a pair, in the D districts in which it is looked at."""

    error: Floats
    """(D,) log of true over central share."""
    central: Floats
    """(D,)"""
    others: Floats
    """(D, U) central shares of the other lists; 0 for its own."""
    rows: NDArray[np.int64]
    unit: int


@dataclass(frozen=True)
class Observed:
    """What the likelihood needs of a pair, for one centre."""

    pair: Pair
    shares: Floats
    """(D, U) central"""
    centred: Floats
    factors: Floats
    anew: Flags
    membership: Floats | None
    """(D, R)"""
    lists: tuple[_List, ...]


def observed(pair: Pair, law: Constants) -> Observed:
    """The errors of a pair around the centre of ``law``."""
    pattern = pattern_of(pair.base, pair.national, law)
    central, base = pattern.shares, pair.base
    usable = base.stands & (central > LEAST_CENTRAL) & (pair.shares > 0.0)
    true = np.maximum(pair.shares, LEAST_CENTRAL / 3.0)
    error = np.log(np.where(usable, true, 1.0) / np.where(usable, central, 1.0))
    lists: list[_List] = []
    for unit in range(pair.lists):
        rows = np.flatnonzero(usable[:, unit])
        if len(rows) >= _LEAST_DISTRICTS:
            others = central[rows].copy()
            others[:, unit] = 0.0
            lists.append(_List(error[rows, unit], central[rows, unit], others, rows, unit))
    regions = base.regions
    return Observed(
        pair,
        central,
        pattern.centred,
        pattern.factors,
        pattern.anew,
        None if regions is None else (regions[:, None] == np.arange(regions.max() + 1)).astype(float),
        tuple(lists),
    )


def log_likelihood(found: Observed, law: Constants) -> float:
    """Of all lists of a pair, up to a constant."""
    by_scale = log_likelihood_by_scale(found, law, law.scale_sd * _NODES)
    most = float(by_scale.max())
    return most + float(np.log(np.exp(by_scale - most) @ _PRIOR))


def log_likelihood_by_scale(found: Observed, law: Constants, log_scale: Floats) -> Floats:
    """The same for given logs (S,) of the common scale."""
    sds = _Sds.of(found, law)
    own_scale = np.exp(law.list_scale_sd * _NODES)
    squared = (np.exp(log_scale)[:, None] * own_scale) ** 2
    total = np.zeros(len(log_scale))
    for one in found.lists:
        size, log_determinant, quadratic = _quadratic(found, sds, one)
        density = -0.5 * (size * np.log(squared) + log_determinant + quadratic / squared)
        most = density.max(1, keepdims=True)
        total += most[:, 0] + np.log(np.exp(density - most) @ _PRIOR)
    return total


@dataclass(frozen=True)
class _Sds:
    """Sds of the errors of a pair under some constants."""

    cell: Floats
    slope: Floats
    factors: Floats
    region: Floats
    total: Floats
    """(D, U) variance of a cell with the mean of its list's squared scale."""

    @classmethod
    def of(cls, found: Observed, law: Constants) -> _Sds:
        base, regional = found.pair.base, found.membership is not None
        cell, slope, factors, region = sds_of(
            base.new, found.anew, found.pair.national, found.shares, law, regional=regional
        )
        variance = cell**2 + (slope * found.centred) ** 2 + region**2
        for factor, sd in zip(found.factors, factors, strict=True):
            variance = variance + (factor[:, None] * sd) ** 2
        return cls(cell, slope, factors, region, variance * np.exp(2.0 * law.list_scale_sd**2))


def _quadratic(found: Observed, sds: _Sds, one: _List) -> tuple[int, float, float]:
    """Number of districts, log determinant and quadratic form of a list's errors at scale 1.

    The covariance is diagonal but for the few errors that districts share (Woodbury's identity).
    """
    left, unit, rows = 1.0 - one.central, one.unit, one.rows
    diagonal = (left * sds.cell[rows, unit]) ** 2 + (one.others**2 * sds.total[rows]).sum(1)
    shared = [found.centred[rows, unit] * sds.slope[unit]]
    shared += [factor[rows] * sd for factor, sd in zip(found.factors, sds.factors[:, unit], strict=True)]
    loadings = np.stack(shared, axis=1)
    if found.membership is not None:
        loadings = np.hstack([loadings, found.membership[rows] * sds.region[unit]])
    loadings *= left[:, None]
    scaled = loadings / diagonal[:, None]
    root = np.linalg.cholesky(np.eye(loadings.shape[1]) + loadings.T @ scaled)
    explained = np.linalg.solve(root, scaled.T @ one.error)
    quadratic = float((one.error**2 / diagonal).sum() - explained @ explained)
    determinant = float(np.log(diagonal).sum() + 2.0 * np.log(np.diag(root)).sum())
    return len(rows), determinant, quadratic


def packed(law: Constants) -> Floats:
    """The constants of the errors as numbers without bounds: logs of sds, powers as they are."""
    return np.array([getattr(law, name) if name in POWERS else np.log(getattr(law, name)) for name in NOISE])


def unpacked(values: Floats, law: Constants) -> Constants:
    """``law`` with the constants of the errors from such numbers."""
    found = {
        name: float(value) if name in POWERS else float(np.exp(value))
        for name, value in zip(NOISE, values, strict=True)
    }
    return replace(law, **found)


def scaled(law: Constants, errors: float, regions: float = 1.0) -> Constants:
    """The constants with all sds of errors times ``errors``, those of regions times ``regions`` besides."""
    sds = [
        field.name
        for field in fields(Constants)
        if field.name in NOISE and field.name not in (*POWERS, "list_scale_sd")
    ]
    return replace(
        law,
        **{name: getattr(law, name) * errors * (regions if "region" in name else 1.0) for name in sds},
    )


def mean_log_likelihood(found: Sequence[Observed], law: Constants) -> float:
    """Of pairs that each weigh as one district, so that Germany's 299 do not outvote all others."""
    return sum(log_likelihood(one, law) / len(one.shares) for one in found)
