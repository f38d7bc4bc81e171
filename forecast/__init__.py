"""Seat forecasts for parliaments elected by proportional representation with a threshold.

The public names are imported when they are first used, so that ``import forecast`` costs next to nothing::

    import forecast

    election = forecast.load_election("configs/kazakhstan-2023.toml")
    estimate = forecast.estimate(election, forecast.read_polls(election.election.polls, election))
    result = forecast.simulate_election(election, estimate)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.election import Election, load_election, parse_election
    from forecast.errors import ConfigurationError, Fault, ForecastError, NoValidOutcome, PollDataError
    from forecast.estimation import Estimate, estimate
    from forecast.polls import PollTable, read_polls
    from forecast.result import Forecast
    from forecast.simulation import simulate_election
    from forecast.storage import load, save

_HOMES = {
    "Election": "forecast.election",
    "load_election": "forecast.election",
    "parse_election": "forecast.election",
    "ConfigurationError": "forecast.errors",
    "Fault": "forecast.errors",
    "ForecastError": "forecast.errors",
    "NoValidOutcome": "forecast.errors",
    "PollDataError": "forecast.errors",
    "PollTable": "forecast.polls",
    "read_polls": "forecast.polls",
    "Estimate": "forecast.estimation",
    "estimate": "forecast.estimation",
    "simulate_election": "forecast.simulation",
    "Forecast": "forecast.result",
    "load": "forecast.storage",
    "save": "forecast.storage",
}

__all__ = [
    "ConfigurationError",
    "Election",
    "Estimate",
    "Fault",
    "Forecast",
    "ForecastError",
    "NoValidOutcome",
    "PollDataError",
    "PollTable",
    "estimate",
    "load",
    "load_election",
    "parse_election",
    "read_polls",
    "save",
    "simulate_election",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    msg = f"module 'forecast' has no attribute '{name}'"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
