"""The methods that a backtest compares: ours, and three plain ones that any forecaster could use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.special import gammaln

from forecast.estimation.average import FLOOR, Floats, Prepared
from forecast.estimation.law import Constants, LawConstants, PlainConstants, Situation, squared_scales
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
    situation = replace(case.situation, record=record, newcomers=seen.newcomers)
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
