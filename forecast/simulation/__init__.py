"""Estimate x rule -> Forecast: draws, chunks, threads, counts."""

from __future__ import annotations

from forecast.simulation.forecasting import simulate_election
from forecast.simulation.precision import simulate_to_error
from forecast.simulation.running import Progress, run_draws

__all__ = ["Progress", "run_draws", "simulate_election", "simulate_to_error"]
