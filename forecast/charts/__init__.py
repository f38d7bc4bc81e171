"""Charts of a forecast: eight of them, each one specification for SVG, PNG and HTML."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from forecast.charts.facts import Facts
from forecast.charts.writing import Format, rendered

if TYPE_CHECKING:
    from forecast.charts.look import Chart

__all__ = ["CHARTS", "Facts", "Format", "rendered"]


def _of(module: str, function: str) -> Callable[[Facts], Chart | None]:
    """A chart whose module, and altair with it, is imported when it is drawn."""
    return lambda facts: getattr(import_module(f"forecast.charts.{module}"), function)(facts)


CHARTS: dict[str, Callable[[Facts], Chart | None]] = {
    "entering": _of("parties", "entering"),
    "shares": _of("parties", "shares"),
    "seats": _of("parties", "seats"),
    "coalitions": _of("outcomes", "coalitions"),
    "parliament": _of("outcomes", "hemicycle"),
    "polls": _of("context", "polls"),
    "thresholds": _of("context", "thresholds"),
    "calibration": _of("context", "calibration"),
}
"""Every chart by the name of its file; a chart is ``None`` where the forecast does not hold what it shows."""
