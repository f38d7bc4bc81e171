"""The likelihood of official results under the error law, over many cases at once.

In log-ratio coordinates the law is a multivariate t of dimension U - 1 with scale diag(V) + V_ref 11'. With
r = ln result - ln mean its quadratic form is sum r**2/V - (sum r/V)**2 / sum(1/V) and the log determinant of
its scale is sum ln V + ln sum(1/V): both without a reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from forecast.estimation.law import REFERENCE_DAYS, LawConstants
from forecast.estimation.preparation import FLOOR
from forecast.estimation.reports import Floats
from forecast.verification.past_elections import Case


@dataclass(frozen=True)
class Observations:
    """F cases as arrays, padded to the same number of units; ``present`` (F, U) marks real ones.

    ``residual`` (F, U) ln result - ln mean, ``log_mean`` (F, U), ``other`` (F, U) marks Other; the rest (F,).
    """

    residual: Floats
    log_mean: Floats
    present: Floats
    other: Floats
    days: Floats
    n_eff: Floats
    firms_eff: Floats
    movement: Floats
    disagreement: Floats
    horizon: Floats
    country: tuple[str, ...]

    @property
    def units(self) -> Floats:
        return self.present.sum(1)


def observations_of(cases: Sequence[Case], means: Sequence[Floats]) -> Observations:
    """Cases with the centre that each is measured from; results are floored like polls are."""
    most = max(len(case.units) for case in cases)
    shape = (len(cases), most)
    residual, log_mean, present, other = (np.zeros(shape) for _ in range(4))
    for f, (case, mean) in enumerate(zip(cases, means, strict=True)):
        size = len(case.units)
        floored = np.maximum(case.result, FLOOR)
        residual[f, :size] = np.log(floored / floored.sum()) - np.log(mean)
        log_mean[f, :size] = np.log(np.maximum(mean, FLOOR))
        present[f, :size] = 1.0
        other[f, size - 1] = 1.0

    def column(values: list[float]) -> Floats:
        return np.array(values, np.float64)

    return Observations(
        residual=residual,
        log_mean=log_mean,
        present=present,
        other=other,
        days=column([case.situation.horizon + case.situation.age for case in cases]) / REFERENCE_DAYS,
        n_eff=column([case.situation.n_eff for case in cases]),
        firms_eff=column([case.situation.firms_eff for case in cases]),
        movement=column([case.situation.movement for case in cases]),
        disagreement=column([case.situation.disagreement for case in cases]),
        horizon=column([case.horizon for case in cases]),
        country=tuple(case.election.country for case in cases),
    )


def common_scale(law: LawConstants, seen: Observations) -> Floats:
    """(F,) A2 of the error law; ``forecast.estimation.law.squared_error`` for one case."""
    drifted = law.drift**2 * seen.days ** (2 * law.drift_exponent)
    told = law.movement_weight * seen.movement + law.disagreement_weight * seen.disagreement
    return (drifted + law.firm_error**2 / seen.firms_eff) * np.exp(2 * told)


def log_densities(seen: Observations, common: Floats, gamma: float, other_factor: float, nu: float) -> Floats:
    """(F,) log density of the results in log-ratio coordinates; ``common`` (F,) is A2."""
    factor = 1.0 + seen.other * (other_factor**2 - 1.0)
    shaped = np.exp(-2.0 * gamma * seen.log_mean) * factor
    scale = common[:, None] * shaped + np.exp(-seen.log_mean) / seen.n_eff[:, None]
    precision = seen.present / scale
    total = precision.sum(1)
    first = (seen.residual * precision).sum(1)
    quadratic = (seen.residual**2 * precision).sum(1) - first**2 / total
    log_det = (seen.present * np.log(scale)).sum(1) + np.log(total)
    dims = seen.units - 1.0
    return (
        gammaln((nu + dims) / 2.0)
        - gammaln(nu / 2.0)
        - 0.5 * dims * np.log(nu * np.pi)
        - 0.5 * log_det
        - 0.5 * (nu + dims) * np.log1p(quadratic / nu)
    )
