"""As many draws as a wanted precision takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import ConfigurationError, Fault
from forecast.simulation.forecasting import simulate_election
from forecast.simulation.running import Progress

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.result import Forecast

FIRST_DRAWS = 2**17
MOST_DRAWS = 10**9
_PUBLISHED = ("pass", "majority", "event", "seat", "void")


def simulate_to_error(
    election: Election,
    estimate: Estimate,
    target: float,
    *,
    most_draws: int = MOST_DRAWS,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Forecast:
    """Draw until no published probability has a Monte Carlo error above ``target``, at most ``most_draws``.

    The result is that of a run with the number of draws that it reports, which doubles (or more, where the
    error says so) from ``FIRST_DRAWS``; all attempts together cost at most twice the last. Where
    ``most_draws`` do not suffice the forecast carries a warning. ``ConfigurationError`` for a target that no
    number allowed can reach.
    """
    if not 1.0 / most_draws <= target < 1.0:
        remedy = f"an error lies between 1 / {most_draws:,} (the most draws allowed) and 1, such as 0.0005"
        raise ConfigurationError(Fault("--target-error", "", target, remedy))
    number = min(FIRST_DRAWS, most_draws)
    while True:
        forecast = simulate_election(
            election, estimate, draws=number, seed=seed, sampler=sampler, threads=threads, progress=progress
        )
        reached = largest_error(forecast)
        if reached <= target:
            return forecast
        if number >= most_draws:
            short = f"the largest Monte Carlo error is {reached:.2g} after {number:,} draws"
            warnings = [*forecast.dataset.attrs["warnings"], f"{short}, above the {target:g} wanted"]
            forecast.dataset.attrs["warnings"] = warnings
            return forecast
        # Plain draws need (reached / target)**2 times as many, quasi-random ones fewer.
        wanted = number * 2 ** math.ceil(math.log2(reached / target))
        number = min(max(wanted, 2 * number), most_draws)


def largest_error(forecast: Forecast) -> float:
    """The largest Monte Carlo error of the probabilities that a forecast publishes."""
    data = forecast.dataset
    errors = [data[f"{name}_mc_error"].values.ravel() for name in _PUBLISHED]
    return float(np.nanmax(np.concatenate(errors)))
