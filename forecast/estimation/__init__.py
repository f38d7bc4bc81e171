"""Polls -> Estimate: centre, scale and tails of vote shares on a log scale."""

from __future__ import annotations

from forecast.estimation.estimate import Estimate, estimate
from forecast.estimation.law import Constants, load_constants, shipped_constants
from forecast.estimation.trend import Trend

__all__ = ["Constants", "Estimate", "Trend", "estimate", "load_constants", "shipped_constants"]
