"""Every table by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from forecast.tables.ballot import parties, seats, thresholds
from forecast.tables.building import chosen_names
from forecast.tables.model import Table
from forecast.tables.questions import coalitions, events
from forecast.tables.record import calibration, houses
from forecast.tables.sources import polls, run

if TYPE_CHECKING:
    from forecast.result import Forecast

TABLES: dict[str, Callable[[Forecast], Table]] = {
    "parties": parties,
    "thresholds": thresholds,
    "seats": seats,
    "coalitions": coalitions,
    "events": events,
    "polls": polls,
    "houses": houses,
    "calibration": calibration,
    "run": run,
}
"""Every table by name, in the order in which they are printed."""


def table_of(forecast: Forecast, name: str) -> Table:
    """One table by name; ``ConfigurationError`` where there is none of this name."""
    return tables_of(forecast, (name,))[0]


def tables_of(forecast: Forecast, names: Iterable[str] | None = None) -> list[Table]:
    """Tables by name (default: all)."""
    return [TABLES[name](forecast) for name in chosen_names(names, TABLES)]
