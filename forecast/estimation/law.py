"""The error law: how far shares of the vote fall from a centre that is made of polls.

    x_k = l_k + e_k,   share = softmax(x),   e ~ multivariate t_nu(0, diag V), one chi2 a draw for all
    l_k = c_k + max(0, b_0 + b_1 ln T) z_k + b_2 g_k ln T,   T = (h + age) / 30
    V_k = exp(c_k)**(-2 gamma) A2 o_k**2 + 1 / (N_eff exp(c_k))
    A2  = [d**2 T**(2 kappa) + s**2 / F] exp(2 (c_M M + c_phi phi + c_R R + c_N N + c_E E)) context**2

V is the squared scale of the t, not its variance. c is the logarithm of the centre, z and g are those of
``forecast.estimation.centre``. The laws of the weighted average and of the trend alone have no b, c_R,
c_N and c_E: these are 0 where a file of constants does not give them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.estimation.preparation import FLOOR, Floats

EXIT_ERROR = 0.02
"""A of exit polls: from seven Kazakh exit polls that track the official count.

Likeliest is .011, with an interval of 95 % that ends at .025; the cautious figure stands (docs/method.md).
"""
REFERENCE_DAYS = 30.0
LEAST_DAYS = 0.5
"""The logarithm of the days between polls and vote stops here."""


@dataclass(frozen=True)
class LawConstants:
    """The fitted numbers of the law, by the symbols of its formula."""

    drift: float
    """d"""
    drift_exponent: float
    """kappa"""
    share_exponent: float
    """gamma"""
    firm_error: float
    """s"""
    other_factor: float
    """o of Other; 1 for parties"""
    degrees_of_freedom: float
    """nu"""
    movement_weight: float
    """c_M"""
    disagreement_weight: float
    """c_phi"""
    last_result_weight: float = 0.0
    """b_0: how far the centre goes back to the last result 30 days ahead"""
    last_result_growth: float = 0.0
    """b_1: how much further when days are e times as many"""
    size_growth: float = 0.0
    """b_2: how much large parties gain when days are e times as many; below 0 they lose"""
    record_weight: float = 0.0
    """c_R"""
    newcomer_weight: float = 0.0
    """c_N"""
    european_weight: float = 0.0
    """c_E"""

    def last_result(self, log_months: Any) -> Any:
        """How far the centre goes back to the last result, by ln T (a number or an array); never away."""
        return np.maximum(0.0, self.last_result_weight + self.last_result_growth * log_months)


@dataclass(frozen=True)
class Situation:
    """What the law reads off the polls and the election.

    Days to the election, mean age, effective sizes, the two signals; the country's own record R, the polled
    share N of parties without a last result, and whether this is a European election (E: 1, else 0).
    """

    horizon: float
    age: float
    n_eff: float
    firms_eff: float
    movement: float
    disagreement: float
    exit_polls: bool = False
    record: float = 0.0
    newcomers: float = 0.0
    european: float = 0.0

    @property
    def months(self) -> float:
        """T: days from the polls to the election, in units of 30."""
        return (self.horizon + self.age) / REFERENCE_DAYS

    @property
    def log_months(self) -> float:
        """ln T, as if the polls were at least half a day old."""
        return float(np.log(max(self.months, LEAST_DAYS / REFERENCE_DAYS)))


def squared_error(constants: LawConstants, situation: Situation, context: float = 1.0) -> float:
    """A2: the squared scale that all parties share. Exit polls have their own, which no context widens."""
    if situation.exit_polls:
        return EXIT_ERROR**2
    return float(polled_error(constants, situation)) * context**2


def polled_error(constants: LawConstants, seen: Any) -> Any:
    """A2 of polls, without the context: of one ``Situation``, or of many whose numbers are arrays."""
    drifted = constants.drift**2 * seen.months ** (2.0 * constants.drift_exponent)
    of_firms = constants.firm_error**2 / seen.firms_eff
    told = (
        constants.movement_weight * seen.movement
        + constants.disagreement_weight * seen.disagreement
        + constants.record_weight * seen.record
        + constants.newcomer_weight * seen.newcomers
        + constants.european_weight * seen.european
    )
    return (drifted + of_firms) * np.exp(2.0 * told)


def squared_scales(
    mean: Floats,
    constants: LawConstants,
    situation: Situation,
    *,
    context: float = 1.0,
    other: bool = True,
) -> Floats:
    """(U,) V of every unit; ``other``: the last one is Other. Shares below the floor count as the floor."""
    shares = np.maximum(mean, FLOOR)
    factor = np.ones(len(mean))
    if other:
        factor[-1] = constants.other_factor
    common = squared_error(constants, situation, context)
    return shares ** (-2.0 * constants.share_exponent) * common * factor**2 + 1.0 / (situation.n_eff * shares)
