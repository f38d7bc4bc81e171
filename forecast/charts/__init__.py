"""Charts of a forecast, of a sweep and of a series, each one specification for SVG, PNG and HTML."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from forecast.charts.facts import Facts
from forecast.charts.writing import Format, rendered

if TYPE_CHECKING:
    from forecast.charts.look import Chart
    from forecast.sweeps.result import Sweep
    from forecast.simulation.series import Series

__all__ = ["CHARTS", "SERIES_CHARTS", "SWEEP_CHARTS", "Facts", "Format", "rendered"]


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


def _of_sweep(module: str, function: str) -> Callable[[Sweep], Chart | None]:
    def drawn(sweep: Sweep) -> Chart | None:
        variants = import_module("forecast.charts.sweeps").Variants(sweep)
        return getattr(import_module(f"forecast.charts.{module}"), function)(variants)

    return drawn


SWEEP_CHARTS: dict[str, Callable[[Sweep], Chart | None]] = {
    **{name: _of_sweep("sweeps", name) for name in ("passing", "seats", "majority")},
    "decomposition": _of_sweep("tornado", "decomposition"),
    "indices": _of_sweep("answers", "indices"),
    "last-seat": _of_sweep("answers", "last_seat"),
}
"""Every chart of a sweep by the name of its file; ``None`` where the sweep does not hold what it shows."""


def _of_series(function: str) -> Callable[[Series], Chart | None]:
    def drawn(series: Series) -> Chart | None:
        module = import_module("forecast.charts.series")
        return getattr(module, function)(module.Days(series))

    return drawn


SERIES_CHARTS: dict[str, Callable[[Series], Chart | None]] = {
    name: _of_series(name) for name in ("passing", "seats")
}
"""Every chart of a series by the name of its file; ``None`` where the series is not one of several days."""
