"""Charts of a forecast, of one rule or of many: each one specification for paper, screen and page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from forecast.charts.drawing import FORMATS, Chart
from forecast.errors import ConfigurationError, Fault, suggest

if TYPE_CHECKING:
    from forecast.result import Forecast

__all__ = ["FORMATS", "Chart", "chart_of", "charts_of"]

Drawn = Callable[["Forecast"], Chart | None]


def _of_one(module: str, function: str) -> Drawn:
    """A chart of a forecast of one rule and day, as ``Facts`` tells it."""

    def drawn(forecast: Forecast) -> Chart | None:
        from forecast.words.facts import Facts

        return getattr(import_module(f"forecast.charts.{module}"), function)(Facts(forecast))

    return drawn


def _of_several(module: str, function: str) -> Drawn:
    return lambda forecast: getattr(import_module(f"forecast.charts.{module}"), function)(forecast)


_ONE: dict[str, Drawn] = {
    **{name: _of_one("parties", name) for name in ("entering", "shares", "seats")},
    **{name: _of_one("outcomes", name) for name in ("coalitions", "parliament")},
    "polls": _of_one("trend_and_record", "polls"),
    "thresholds": _of_one("rules", "thresholds"),
    "calibration": _of_one("trend_and_record", "calibration"),
}
_NIGHT: dict[str, Drawn] = {
    f"evening-{name}": _of_one("over_time", f"evening_{name}") for name in ("chances", "seats")
}
_RULES: dict[str, Drawn] = {
    **{name: _of_several("rules", name) for name in ("passing", "seats", "majority")},
    **{name: _of_several("explained", name) for name in ("decomposition", "indices")},
    "last-seat": _of_several("explained", "last_seat"),
}
_DAYS: dict[str, Drawn] = {name: _of_several("over_time", name) for name in ("passing", "seats")}


def charts_of(forecast: Forecast) -> Mapping[str, Drawn]:
    """The charts that there are of a forecast, by the names of their files; each is ``None`` where the
    forecast does not hold what it shows.
    """
    if "rules/keys" in forecast:
        return _RULES
    if "as_of" in forecast.leading:
        return _DAYS
    if "evening/moment" in forecast:
        return _ONE | _NIGHT
    return {} if forecast.leading else _ONE


def chart_of(forecast: Forecast, name: str) -> Chart:
    """One chart by name; ``ConfigurationError`` where there is none of this name, or nothing to show."""
    known = charts_of(forecast)
    if name not in known:
        raise ConfigurationError(Fault("plot", "chart", name, f"no such chart; {suggest(str(name), known)}"))
    chart = known[name](forecast)
    if chart is None:
        raise ConfigurationError(Fault("plot", "chart", name, "the forecast does not hold what it shows"))
    return chart
