"""Predictive distributions of vote shares: the error law around a centre, and the Dirichlet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import gammaln

from forecast.estimation.preparation import FLOOR
from forecast.estimation.reports import Floats


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
