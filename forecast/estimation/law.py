"""The error law: how far shares of the vote fall from a poll average.

    x_k = ln m_k + e_k,   share = softmax(x),   e ~ multivariate t_nu(0, diag V), one chi2 a draw for all
    V_k = m_k**(-2 gamma) A2 o_k**2 + 1 / (N_eff m_k)
    A2  = [d**2 ((h + age) / 30)**(2 kappa) + s**2 / F] exp(2 (c_M M + c_phi phi)) context**2

V is the squared scale of the t, not its variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.estimation.preparation import FLOOR
from forecast.estimation.reports import Floats

EXIT_ERROR = 0.03
"""A of exit polls: from seven Kazakh exit polls that track the official count."""
REFERENCE_DAYS = 30.0


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


@dataclass(frozen=True)
class Situation:
    """What the law reads off the polls: days to the election, mean age, effective sizes, the two signals."""

    horizon: float
    age: float
    n_eff: float
    firms_eff: float
    movement: float
    disagreement: float
    exit_polls: bool = False


def squared_error(constants: LawConstants, situation: Situation, context: float = 1.0) -> float:
    """A2: the squared scale that all parties share. Exit polls have their own, which no context widens."""
    if situation.exit_polls:
        return EXIT_ERROR**2
    days = (situation.horizon + situation.age) / REFERENCE_DAYS
    drifted = constants.drift**2 * days ** (2.0 * constants.drift_exponent)
    of_firms = constants.firm_error**2 / situation.firms_eff
    told = (
        constants.movement_weight * situation.movement
        + constants.disagreement_weight * situation.disagreement
    )
    return (drifted + of_firms) * float(np.exp(2.0 * told)) * context**2


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
