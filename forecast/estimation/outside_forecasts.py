"""Forecasts of others, and earlier ones of one's own, beside the polls: draws of shares with a weight.

They rest on much the same polls as this forecast, and how far the errors of the two go together is not known.
So nothing is added up: the distributions are pooled logarithmically, p proportional to p_1**(1 - w) p_2**w
(Genest and Zidek 1986), which of two equal ones gives the same again. On log ratios both are taken as normal,
where the pool has the weighted mean of their precisions, and of their means by these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.election.exact_numbers import percent
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.estimation.preparation import FLOOR
from forecast.estimation.reports import OTHER, Floats
from forecast.estimation.share_draws import read_share_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.election import Election
    from forecast.election.schema import OutsideForecast

_LEAST_DEGREES = 2.5
"""Tails so heavy have no variance to compare; they are taken as if they were these."""
_LEAST_VARIANCE = 1e-6
FEWEST_DRAWS = 100


def with_outside(
    election: Election, units: Sequence[str], mean: Floats, scale: Floats, degrees: float
) -> tuple[Floats, Floats, list[str]]:
    """Centre (U,) and squared scale (U, U) with the outside forecasts of the election file pooled in, and
    what to say of them.

    ``PollDataError`` for draws that cannot be read, are too few, or leave out a unit.
    """
    outside = election.estimate.outside
    if not outside:
        return mean, scale, []
    total = sum(float(one.weight) for one in outside)
    widening = max(degrees, _LEAST_DEGREES) / (max(degrees, _LEAST_DEGREES) - 2.0)
    contrasts = np.eye(len(units)) - 1.0 / len(units)
    precision = (1.0 - total) * _precision(widening * scale, contrasts)
    drawn_to = precision @ np.log(mean)
    for one in outside:
        logs = _logs(one, election, units)
        spread = np.cov(logs.T) + _LEAST_VARIANCE * np.eye(len(units))
        theirs = float(one.weight) * _precision(spread, contrasts)
        precision = precision + theirs
        drawn_to = drawn_to + theirs @ logs.mean(axis=0)
    covariance = np.linalg.pinv(precision, hermitian=True)
    centre = np.exp(covariance @ drawn_to)
    # What all log shares have in common changes no share, and lets the scale be inverted.
    whole = covariance / widening + np.diag(scale).mean() / len(units)
    said = [
        f"{one.name or one.draws} enters with a weight of {percent(one.weight)} (estimate.outside); "
        "no backtest speaks for that"
        for one in outside
    ]
    return centre / centre.sum(), whole, said


def _precision(covariance: Floats, contrasts: Floats) -> Floats:
    return np.asarray(np.linalg.pinv(contrasts @ covariance @ contrasts, hermitian=True), np.float64)


def _logs(one: OutsideForecast, election: Election, units: Sequence[str]) -> Floats:
    """(N, U) log shares of the units in the draws, floored like polls."""
    drawn = read_share_draws(one.draws, election)
    if len(drawn.shares) < FEWEST_DRAWS:
        remedy = f"{len(drawn.shares)} draws tell no distribution; at least {FEWEST_DRAWS} are expected"
        raise PollDataError(Fault(drawn.place, "", ABSENT, remedy))
    missing = [unit for unit in units if unit != OTHER and unit not in drawn.ids]
    if missing:
        raise PollDataError(
            *(
                Fault(drawn.place, f"column {unit}", ABSENT, "missing; the polls tell this party apart")
                for unit in missing
            )
        )
    named = [drawn.ids.index(unit) for unit in units if unit != OTHER]
    shares = drawn.shares[:, named]
    if OTHER in units:
        rest = np.maximum(1.0 - shares.sum(axis=1), 0.0)
        shares = np.insert(shares, list(units).index(OTHER), rest, axis=1)
    shares = np.maximum(shares, FLOOR)
    return np.log(shares / shares.sum(axis=1, keepdims=True))
