"""Polls -> Estimate: centre, scale and tails of vote shares on a log scale."""

from __future__ import annotations

from forecast.estimation.constants import Constants, load_constants, shipped_constants
from forecast.estimation.estimate import Estimate, estimate

__all__ = ["Constants", "Estimate", "estimate", "load_constants", "shipped_constants"]
