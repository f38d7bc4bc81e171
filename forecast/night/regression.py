"""The regression of the night: how the finished units moved, and what that says of the others.

Bayesian regression of several responses with one design (matrix normal, Wishart): West and Harrison, Bayesian
Forecasting and Dynamic Models, ch. 16; the robust pass weighs units down as Huber (1964) does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve

from forecast.night.design_matrix import Design

if TYPE_CHECKING:
    from forecast.night.night_constants import NightConstants

Floats = NDArray[np.float64]

_LEAST_SHARE = 0.02
_VOLUME_BOUND = 2.0
_MOST_VARIED = 0.1
"""Variance of the log of a unit's votes up to which it is taken for that of a log-normal."""
_BOUND, _UNITS = 4.0, 40.0
"""Standard deviations of a unit up to which it counts in what is left over, and units of which it needs as
many again to be handed on by half.
"""


@dataclass(frozen=True)
class Regression:
    """Effects B with covariance (L L')^-1 x ``covariance``, of R = P + 1 responses, the last the volume."""

    effects: Floats
    """(C + G, R)"""
    factors: tuple[Floats, ...]
    """Of each response (C + G, C + G) L, lower triangular: of the precision of its effects. Lists that stand
    in the same districts have the same.
    """
    covariance: Floats
    """(R, R) of the residuals of a unit with many votes."""
    weights: Floats
    """(U,) of the units that were fitted, after the robust pass; 0 for others."""
    surprise: Floats
    """(U,) largest residual of a unit over its responses, in standard deviations; 0 where not fitted."""


def noise_of(design: Design, votes: Floats, constants: NightConstants) -> Floats:
    """(U,) variance of units of so many votes, in units of that of a unit with many."""
    return lasting_noise(design, constants) + constants.half_weight / np.maximum(votes, 1.0)


def lasting_noise(design: Design, constants: NightConstants) -> Floats:
    """(U,) the part of it that does not fall with the votes: more where borders have moved."""
    return np.where(design.remapped, 1.0 + constants.borders, 1.0)


def responses_of(design: Design, votes: Floats) -> Floats:
    """(U, P + 1) change of shares, relative to how strongly lists swing in a unit, and log of the growth."""
    total = votes.sum(axis=1)
    shares = votes / np.maximum(total, 1.0)[:, None]
    growth = np.log(np.maximum(total, 1.0) / design.size)
    change = (shares - design.base) / design.swing
    return np.column_stack([change, np.clip(growth, -_VOLUME_BOUND, _VOLUME_BOUND)])


def fit(design: Design, votes: Floats, final: NDArray[np.bool_], constants: NightConstants) -> Regression:
    """Fit the units that have ``votes`` (U, P), and once more without the force of those that do not fit.

    Of units that are not ``final`` (U,) the shares count, as those of a unit of so many votes, and how many
    vote there does not.
    """
    total = votes.sum(axis=1)
    fitted = total > 0.0
    noise = noise_of(design, total, constants)
    weights = np.where(fitted, 1.0 / noise, 0.0)
    counts = np.column_stack([design.stands & fitted[:, None], final & fitted])
    z = np.where(counts, responses_of(design, votes), 0.0)
    stood = counts.sum(axis=0)
    effects, _ = _solve(design, z, weights, counts, constants)
    squares = np.where(counts, z - design.times(effects), 0.0) ** 2 * weights[:, None]
    relative = squares / np.maximum(squares.sum(axis=0) / np.maximum(stood, 1), 1e-300)
    q = relative.sum(axis=1) / np.maximum(counts.sum(axis=1), 1)
    weights = weights / np.maximum(1.0, q / constants.robust**2)
    effects, factors = _solve(design, z, weights, counts, constants)
    off = np.where(counts, z - design.times(effects), 0.0)
    scaled = effects / np.sqrt(design.prior(constants))
    scatter = off.T @ (off * weights[:, None]) + scaled.T @ scaled
    covariance = _covariance(design, scatter, int(fitted.sum()), stood, constants)
    effects[0] += _left_over(off, q, np.where(fitted, total, 0.0), counts, of_votes(noise, covariance))
    surprise = np.abs(off / np.sqrt(np.diag(covariance) * noise[:, None])).max(axis=1)
    return Regression(effects, factors, covariance, weights, surprise)


def of_votes(noise: Floats, covariance: Floats) -> Floats:
    """(U, R) what responses are expected to be off among votes, not units: where more vote than expected,
    lists that do better there have more of the votes.
    """
    varied = np.minimum(noise, _MOST_VARIED / covariance[-1, -1])
    return varied[:, None] * covariance[-1]


def _left_over(off: Floats, q: Floats, total: Floats, counts: NDArray[np.bool_], expected: Floats) -> Floats:
    """(R,) what the shares of counted votes are off in the mean, beyond what is ``expected``: the fit gives
    units that are unlike others less force, and small ones more than their votes, but the result is a sum of
    votes (the bias calibration of Chambers 1986; bounded as Welsh and Ronchetti 1998 do).
    """
    bounded = off * np.minimum(1.0, _BOUND / np.sqrt(np.maximum(q, 1e-12)))[:, None]
    weights = total[:, None] * counts
    some = _UNITS * total.sum() / max(np.count_nonzero(total), 1)
    found = (weights * (bounded - expected)).sum(axis=0) / np.maximum(weights.sum(axis=0) + some, 1e-9)
    found[-1] = 0.0
    return found


def _solve(
    design: Design, z: Floats, weights: Floats, counts: NDArray[np.bool_], constants: NightConstants
) -> tuple[Floats, tuple[Floats, ...]]:
    """Effects of every response and the factor of their precision, from the units where it ``counts``."""
    new = np.append(design.new, False)
    variances = design.prior(constants)
    alike: dict[bytes, list[int]] = {}
    for response, column in enumerate(counts.T):
        alike.setdefault(column.tobytes() + bytes([int(new[response])]), []).append(response)
    against = design.against(z * counts * weights[:, None])
    effects = np.empty_like(against)
    factors: dict[int, Any] = {}
    for responses in alike.values():
        here = weights * counts[:, responses[0]]
        precision = design.gram(here)
        precision[np.diag_indices_from(precision)] += 1.0 / variances[:, responses[0]]
        factor = np.linalg.cholesky(precision)
        effects[:, responses] = cho_solve((factor, True), against[:, responses])
        factors |= dict.fromkeys(responses, factor)
    return effects, tuple(factors[response] for response in range(z.shape[1]))


def _covariance(
    design: Design, scatter: Floats, number: int, stood: NDArray[np.int64], constants: NightConstants
) -> Floats:
    """(R, R) the prior covariance and the scatter by their degrees of freedom; wider for lists that stand in
    few of the units that are counted.
    """
    prior = constants.prior_degrees
    shares = np.maximum(design.national, _LEAST_SHARE)
    shares = shares / max(shares.sum(), 1.0)
    before = np.zeros((len(shares) + 1, len(shares) + 1))
    before[:-1, :-1] = constants.residual**2 * (np.diag(shares) - np.outer(shares, shares))
    before[-1, -1] = constants.volume**2
    wider = np.sqrt((prior + number) / (prior + stood))
    found = (prior * before + scatter) / (prior + number)
    return found * np.outer(wider, wider)
