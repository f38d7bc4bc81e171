"""Seat forecasts for parliaments elected by proportional representation with a threshold.

From polls to a forecast, and what can be asked of it::

    import forecast

    election = forecast.load_election("configs/kazakhstan-2023.toml")
    polls = forecast.read_polls(election.election.polls, election)  # a CSV file, or a DataFrame
    estimate = forecast.estimate(election, polls)
    result = forecast.simulate(election, estimate, draws=100_000)
    result.passes("osdp"), result.majority("amanat-alone"), result["seat_mean"]

    forecast.sweep(election, estimate, threshold=[0.03, 0.05])  # other rules on the same draws
    forecast.draws(election, estimate, 10_000)  # shares and seats of single draws, an xarray Dataset
    forecast.count(election)  # real votes, exactly
    forecast.backtest("archive")  # past elections, scored
    forecast.save(result, "forecast.nc"), forecast.load("forecast.nc")

``help(forecast.simulate)`` and so on say more; so does docs/api.md. Whatever is wrong with a file or an
argument is a ``ForecastError`` that says what would be right. Classes: ``Election``, ``PollTable``,
``Estimate``, ``Forecast``; errors: ``ConfigurationError``, ``PollDataError``, ``NoValidOutcome``, each with
its ``Fault``s. Names are imported when they are first used: ``import forecast`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.election import Election as Election
    from forecast.election import load_election as load_election
    from forecast.election import parse_election as parse_election
    from forecast.errors import ConfigurationError as ConfigurationError
    from forecast.errors import Fault as Fault
    from forecast.errors import ForecastError as ForecastError
    from forecast.errors import NoValidOutcome as NoValidOutcome
    from forecast.errors import PollDataError as PollDataError
    from forecast.estimation import Estimate as Estimate
    from forecast.estimation import estimate as estimate
    from forecast.polls import PollTable as PollTable
    from forecast.polls import read_polls as read_polls
    from forecast.result import Forecast as Forecast
    from forecast.rules.counts import count as count
    from forecast.simulation.forecasting import draws as draws
    from forecast.simulation.forecasting import simulate as simulate
    from forecast.storage import load as load
    from forecast.storage import save as save
    from forecast.sweeps.sweeping import sweep as sweep
    from forecast.verification.summary import backtest as backtest

NAMES = {
    "load_election": "forecast.election",
    "parse_election": "forecast.election",
    "read_polls": "forecast.polls",
    "estimate": "forecast.estimation",
    "simulate": "forecast.simulation.forecasting",
    "draws": "forecast.simulation.forecasting",
    "sweep": "forecast.sweeps.sweeping",
    "count": "forecast.rules.counts",
    "backtest": "forecast.verification.summary",
    "save": "forecast.storage",
    "load": "forecast.storage",
    "Election": "forecast.election",
    "PollTable": "forecast.polls",
    "Estimate": "forecast.estimation",
    "Forecast": "forecast.result",
    "ForecastError": "forecast.errors",
    "ConfigurationError": "forecast.errors",
    "PollDataError": "forecast.errors",
    "NoValidOutcome": "forecast.errors",
    "Fault": "forecast.errors",
}
"""The public names, and the module that each comes from."""


def __getattr__(name: str) -> Any:
    if name in NAMES:
        value = getattr(import_module(NAMES[name]), name)
        globals()[name] = value
        return value
    msg = f"module 'forecast' has no attribute '{name}'"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted([*globals(), *NAMES])
