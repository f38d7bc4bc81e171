"""Charts of a forecast: eight of them, each one specification for SVG, PNG and HTML."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from forecast.charts import context, outcomes, parties
from forecast.charts.facts import Facts
from forecast.charts.writing import Format, rendered

if TYPE_CHECKING:
    from forecast.charts.look import Chart

__all__ = ["CHARTS", "Facts", "Format", "rendered"]

CHARTS: dict[str, Callable[[Facts], Chart | None]] = {
    "entering": parties.entering,
    "shares": parties.shares,
    "seats": parties.seats,
    "coalitions": outcomes.coalitions,
    "parliament": outcomes.hemicycle,
    "polls": context.polls,
    "thresholds": context.thresholds,
    "calibration": context.calibration,
}
"""Every chart by the name of its file; a chart is ``None`` where the forecast does not hold what it shows."""
