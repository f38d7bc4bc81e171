"""Predictive laws: those of the methods that a backtest compares, ours and three plain ones that any
forecaster could use; and the likelihood of official results under the error law, over many cases at once.

In log-ratio coordinates the law is a multivariate t of dimension U - 1 with scale diag(V) + V_ref 11'. With
r = ln result - ln mean its quadratic form is sum r**2/V - (sum r/V)**2 / sum(1/V) and the log determinant of
its scale is sum ln V + ln sum(1/V): both without a reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from forecast.estimation.average import FLOOR, Floats, Prepared
from forecast.estimation.law import (
    LEAST_DAYS,
    REFERENCE_DAYS,
    Constants,
    LawConstants,
    PlainConstants,
    Situation,
    polled_error,
    squared_scales,
)
from forecast.estimation.records import Record
from forecast.estimation.trend import trend_mean
from forecast.verification.past_elections import Case


class Law(Protocol):
    """A distribution of shares (U,) that sum to 1."""

    @property
    def centre(self) -> Floats:
        """(U,) the point that the law is about."""
        ...

    def draws(self, normals: Floats, chi2: np.random.Generator) -> Floats:
        """(N, U) draws; ``normals`` (N, U) are shared between methods: their differences are sharp."""
        ...

    def log_density(self, result: Floats) -> float:
        """Log density of a result in log-ratio coordinates, the same measure for every law."""
        ...


@dataclass(frozen=True)
class LogisticT:
    """softmax(ln centre + t), the t independent but for one chi2.

    ``scales`` (U,) are squared, ``nu`` are the degrees of freedom.
    """

    centre: Floats
    scales: Floats
    nu: float

    def draws(self, normals: Floats, chi2: np.random.Generator) -> Floats:
        tail = np.sqrt(self.nu / chi2.chisquare(self.nu, len(normals)))
        votes = np.exp(np.log(self.centre) + normals * np.sqrt(self.scales) * tail[:, None])
        return votes / votes.sum(1, keepdims=True)

    def log_density(self, result: Floats) -> float:
        floored = np.maximum(result, FLOOR)
        residual = np.log(floored / floored.sum()) - np.log(self.centre)
        precision = 1.0 / self.scales
        total = precision.sum()
        quadratic = float((residual**2 * precision).sum() - (residual * precision).sum() ** 2 / total)
        dims = len(residual) - 1
        log_det = float(np.log(self.scales).sum() + np.log(total))
        constant = gammaln((self.nu + dims) / 2) - gammaln(self.nu / 2) - 0.5 * dims * np.log(self.nu * np.pi)
        return float(constant - 0.5 * log_det - 0.5 * (self.nu + dims) * np.log1p(quadratic / self.nu))


@dataclass(frozen=True)
class Dirichlet:
    """Dirichlet(alpha); ``alpha`` (U,)."""

    alpha: Floats

    @property
    def centre(self) -> Floats:
        return self.alpha / self.alpha.sum()

    def draws(self, normals: Floats, chi2: np.random.Generator) -> Floats:
        votes = chi2.standard_gamma(self.alpha, size=normals.shape)
        return votes / votes.sum(1, keepdims=True)

    def log_density(self, result: Floats) -> float:
        floored = np.maximum(result, FLOOR)
        shares = floored / floored.sum()
        # The Jacobian of log-ratios is the product of all shares: alpha, not alpha - 1.
        return float(
            gammaln(self.alpha.sum()) - gammaln(self.alpha).sum() + (self.alpha * np.log(shares)).sum()
        )


METHODS = ("default", "average", "trend", "plain-average", "pooled-dirichlet", "last-poll-dirichlet")
"""Those of this program first, the default before the others."""

REFERENCE = "pooled-dirichlet"
"""What the others are compared with, and by whose means statements are chosen for scoring."""
PLAIN = "plain-average"
"""What any forecaster could do in an afternoon: the others are compared with it too."""

POOLED_DAYS, PLAIN_DAYS = 14, 21
_PSEUDO_COUNT = 0.5


def law_of(
    case: Case, constants: Constants, method: str, record: float = 0.0, trend: Floats | None = None
) -> Law:
    """The predictive distribution of a case by one of ``METHODS``; ``record`` is R of its country.

    ``trend`` (U,) are shares to take for those of the trend.
    """
    if method == "last-poll-dirichlet":
        return last_poll_dirichlet(case.prepared)
    if method == "pooled-dirichlet":
        return pooled_dirichlet(case.prepared)
    if method == "plain-average":
        return plain_average(case, constants.plain_average)
    if method == "average":
        return _our_law(case.centre.mean, case.centre.mean, constants.law(method), case.situation)
    trend = trend_mean(case.prepared, constants.trend_model) if trend is None else trend
    if method == "trend":
        return _our_law(trend, trend, constants.law(method), case.situation)
    seen = case.correction(trend)
    situation = case.situation._replace(record=record, newcomers=seen.newcomers)
    law = constants.law(method)
    return _our_law(seen.moved(law, situation), seen.centre, law, situation)


def _our_law(mean: Floats, centre: Floats, law: LawConstants, situation: Situation) -> Law:
    """The law about ``mean``; its scales are those of shares at ``centre``."""
    return LogisticT(mean, squared_scales(centre, law, situation), law.degrees_of_freedom)


def last_poll_dirichlet(prepared: Prepared) -> Dirichlet:
    """Dirichlet(n s + 1/2) of the newest poll; among equally old ones the first in the file."""
    newest = int(np.argmin(prepared.ages))
    return Dirichlet(prepared.sizes[newest] * prepared.shares[newest] + _PSEUDO_COUNT)


def pooled_dirichlet(prepared: Prepared) -> Dirichlet:
    """The newest poll of each pollster of 14 days, pooled with an effective sample size.

    As in the R package ``coalitions`` (Bauer, Bender and others 2020): variances of the largest named party,
    the polls correlated by one half.
    """
    chosen = _newest_of_each(prepared, POOLED_DAYS)
    sizes, shares = prepared.sizes[chosen], prepared.shares[chosen]
    pooled = sizes @ shares / sizes.sum()
    if len(chosen) == 1:
        return Dirichlet(sizes[0] * pooled + _PSEUDO_COUNT)
    largest = int(np.argmax(pooled[: prepared.named]))
    share = shares[:, largest]
    deviations = sizes * np.sqrt(share * (1.0 - share) / sizes)
    squares = (deviations**2).sum()
    variance = (squares + 0.5 * (deviations.sum() ** 2 - squares)) / sizes.sum() ** 2
    effective = pooled[largest] * (1.0 - pooled[largest]) / variance
    return Dirichlet(effective * pooled + _PSEUDO_COUNT)


def plain_mean(prepared: Prepared) -> Floats:
    """(U,) unweighted mean of the newest poll of each pollster aged at most 21 days, else the newest poll."""
    return prepared.shares[_newest_of_each(prepared, PLAIN_DAYS)].mean(0)


def plain_average(case: Case, constants: PlainConstants) -> Law:
    """The plain mean with an error that depends on the horizon only."""
    mean = plain_mean(case.prepared)
    factor = np.ones(len(mean))
    factor[-1] = constants.other_factor
    shaped = np.maximum(mean, FLOOR) ** (-2.0 * constants.share_exponent) * factor**2
    return LogisticT(mean, constants.error_at(case.horizon) ** 2 * shaped, constants.degrees_of_freedom)


def _newest_of_each(prepared: Prepared, days: int) -> np.ndarray:
    """Indices of the newest poll of each pollster within ``days``, else of the newest poll."""
    chosen = np.flatnonzero((prepared.ranks == 0) & (prepared.ages <= days))
    return chosen if len(chosen) else np.array([int(np.argmin(prepared.ages))])


# Many cases at once.


@dataclass(frozen=True)
class Observations:
    """F cases as arrays, padded to the same number of units; ``present`` (F, U) marks real ones.

    ``residual`` (F, U) ln result - ln mean, ``log_mean`` (F, U), ``other`` (F, U) marks Other, ``back`` and
    ``size`` (F, U) are z and g of the default law (0 for the others); the rest (F,).
    """

    residual: Floats
    log_mean: Floats
    present: Floats
    other: Floats
    months: Floats
    n_eff: Floats
    firms_eff: Floats
    movement: Floats
    disagreement: Floats
    horizon: Floats
    back: Floats
    size: Floats
    record: Floats
    newcomers: Floats
    european: Floats
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
        residual[f, :size] = log_result(case) - np.log(mean)
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
        months=column([case.situation.months for case in cases]),
        n_eff=column([case.situation.n_eff for case in cases]),
        firms_eff=column([case.situation.firms_eff for case in cases]),
        movement=column([case.situation.movement for case in cases]),
        disagreement=column([case.situation.disagreement for case in cases]),
        horizon=column([case.horizon for case in cases]),
        back=np.zeros(shape),
        size=np.zeros(shape),
        record=np.zeros(len(cases)),
        newcomers=np.zeros(len(cases)),
        european=np.zeros(len(cases)),
        country=tuple(case.election.country for case in cases),
    )


def corrected_observations(cases: Sequence[Case], trends: Sequence[Floats]) -> Observations:
    """Cases as the default law sees them, but for the records of their countries, which are 0 here.

    ``trends`` are the means by the trend.
    """
    corrections = [case.correction(trend) for case, trend in zip(cases, trends, strict=True)]
    seen = observations_of(cases, [one.centre for one in corrections])
    back, size = np.zeros(seen.residual.shape), np.zeros(seen.residual.shape)
    for f, one in enumerate(corrections):
        back[f, : len(one.back)] = one.back
        size[f, : len(one.size)] = one.size
    return replace(
        seen,
        back=back,
        size=size,
        newcomers=np.array([one.newcomers for one in corrections]),
        european=np.array([case.situation.european for case in cases]),
    )


def subset(seen: Observations, chosen: NDArray[np.int64]) -> Observations:
    """The cases with these numbers."""
    if len(chosen) == len(seen.months):
        return seen
    arrays = {name: value[chosen] for name, value in vars(seen).items() if isinstance(value, np.ndarray)}
    return replace(seen, **arrays, country=tuple(seen.country[i] for i in chosen))


def log_result(case: Case) -> Floats:
    """(U,) logarithms of the official shares, floored and closed like polls."""
    floored = np.maximum(case.result, FLOOR)
    return np.log(floored / floored.sum())


def moved(law: LawConstants, seen: Observations) -> Observations:
    """The observations with residuals from where the law moves its centre."""
    days = np.log(np.maximum(seen.months, LEAST_DAYS / REFERENCE_DAYS))[:, None]
    back = law.last_result(days) * seen.back
    return replace(seen, residual=seen.residual - back - law.size_growth * days * seen.size)


def log_likelihoods(law: LawConstants, seen: Observations) -> Floats:
    """(F,) log density of every result under a law."""
    return log_densities(
        moved(law, seen),
        polled_error(law, seen),
        law.share_exponent,
        law.other_factor,
        law.degrees_of_freedom,
    )


def squared_misses(law: LawConstants, seen: Observations) -> tuple[Floats, Floats]:
    """(F,) quadratic form of every miss in units of a law, and its dimensions.

    Where the law is right, the form is its dimensions on average but for the tails.
    """
    _, quadratic, _ = _forms(moved(law, seen), polled_error(law, seen), law.share_exponent, law.other_factor)
    return quadratic, seen.units - 1.0


def log_densities(seen: Observations, common: Floats, gamma: float, other_factor: float, nu: float) -> Floats:
    """(F,) log density of the results in log-ratio coordinates; ``common`` (F,) is A2."""
    log_det, quadratic, dims = _forms(seen, common, gamma, other_factor)
    return (
        gammaln((nu + dims) / 2.0)
        - gammaln(nu / 2.0)
        - 0.5 * dims * np.log(nu * np.pi)
        - 0.5 * log_det
        - 0.5 * (nu + dims) * np.log1p(quadratic / nu)
    )


def _forms(
    seen: Observations, common: Floats, gamma: float, other_factor: float
) -> tuple[Floats, Floats, Floats]:
    """(F,) log determinants, quadratic forms and dimensions."""
    factor = 1.0 + seen.other * (other_factor**2 - 1.0)
    shaped = np.exp(-2.0 * gamma * seen.log_mean) * factor
    scale = common[:, None] * shaped + np.exp(-seen.log_mean) / seen.n_eff[:, None]
    precision = seen.present / scale
    total = precision.sum(1)
    first = (seen.residual * precision).sum(1)
    quadratic = (seen.residual**2 * precision).sum(1) - first**2 / total
    log_det = (seen.present * np.log(scale)).sum(1) + np.log(total)
    return log_det, quadratic, seen.units - 1.0


def records_of(cases: Sequence[Case], average: Observations, law: LawConstants) -> tuple[Record, ...]:
    """One record an election: means over its cases, which ``average`` sees from the weighted average.

    ``law`` is the law of the average in whose units misses are.
    """
    misses, units = squared_misses(law, average)
    rows: dict[str, list[int]] = {}
    for f, case in enumerate(cases):
        rows.setdefault(case.election.id, []).append(f)
    found: list[Record] = []
    for held in rows.values():
        election = cases[held[0]].election
        means = float(np.mean(misses[held])), float(np.mean(units[held]))
        found.append(Record(election.country, election.id, election.date, *means))
    return tuple(found)
