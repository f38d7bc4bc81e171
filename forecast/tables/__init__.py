"""Tables of a forecast: each defined once; text, CSV, JSON, Markdown, LaTeX, HTML, Excel or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING

from forecast.tables import (
    across,
    causes,
    chamber_and_districts,
    parties_and_polls,
)
from forecast.tables.definitions import Column, Shown, Table, chosen_names

if TYPE_CHECKING:
    from forecast.result import Forecast

__all__ = ["DISTRICT_TABLES", "TABLES", "Column", "Shown", "Table", "table_of", "tables_of", "tables_shown"]

MOST_DISTRIBUTIONS = 200
"""Places whose distributions of seats stand among the tables without being asked for."""

_ONE_BY_ONE = (
    *("passes", "seats", "shares", "differences", "majorities", "variants", "changes"),
    *("seats-of-chamber", "majorities-of-chamber"),
)
_MAIN = (
    "night",
    "night-out",
    "parties",
    "coalitions",
    "chamber",
    "chamber-coalitions",
    "tiers",
    "contests",
    "events",
    "districts",
    "last-seat",
)
_BY_DISTRICT = ("districts", "contests")
_MOST_DISTRICTS = 24
"""Of more, people are shown none unless they ask."""
_OF_SEVERAL = ("passes", "seats", "majorities", "seats-of-chamber", "majorities-of-chamber")


def _one(forecast: Forecast) -> bool:
    return not forecast.leading


def _in_districts(forecast: Forecast) -> bool:
    return _one(forecast) and "districts/house" in forecast


def _of_chamber(forecast: Forecast) -> bool:
    return "chamber/seat_quantile" in forecast


def _of_tiers(forecast: Forecast) -> bool:
    return "chamber/tier_seat_mean" in forecast


def _one_chamber(forecast: Forecast) -> bool:
    return _one(forecast) and _of_chamber(forecast)


def _with_contests(forecast: Forecast) -> bool:
    return _one(forecast) and "chamber/win_probability" in forecast


def _of_a_night(forecast: Forecast) -> bool:
    return _one(forecast) and "evening/moment" in forecast


def _remarked(forecast: Forecast) -> bool:
    return _of_a_night(forecast) and "feed/said" in forecast


def _several(forecast: Forecast) -> bool:
    return bool(forecast.leading)


def _several_chambers(forecast: Forecast) -> bool:
    return _several(forecast) and "chamber/size" in forecast


def _drawn(forecast: Forecast) -> bool:
    return _several(forecast) and forecast.draws > 0


def _not_of_rules(forecast: Forecast) -> bool:
    return _drawn(forecast) and "rules/keys" not in forecast


def _of_rules(forecast: Forecast) -> bool:
    return "rules/keys" in forecast


def _of_drawn_rules(forecast: Forecast) -> bool:
    return _of_rules(forecast) and forecast.draws > 0


def _of_counted_rules(forecast: Forecast) -> bool:
    return _of_rules(forecast) and not forecast.draws


def _asked(over: str, of: Callable[[Forecast], bool]) -> Callable[[Forecast], bool]:
    """Where the election file asks something, and so there are such rows or columns."""
    return lambda forecast: of(forecast) and len(forecast.array(over)) > 0


def _of_the_night(function: str) -> Callable[[Forecast], Table]:
    """Its room is opened where there was one: it brings all that a night is read and estimated with."""
    return lambda forecast: getattr(import_module("forecast.tables.night_tables"), function)(forecast)


_EVERY: tuple[tuple[str, Callable[[Forecast], Table], Callable[[Forecast], bool]], ...] = (
    ("night", _of_the_night("night"), _of_a_night),
    ("night-out", _of_the_night("outstanding"), _of_a_night),
    ("night-districts", _of_the_night("districts"), _of_a_night),
    ("evening", _of_the_night("evening"), _of_a_night),
    ("feed", _of_the_night("feed"), _remarked),
    ("parties", parties_and_polls.parties, _one),
    ("thresholds", parties_and_polls.thresholds, _one),
    ("seats", parties_and_polls.distribution, _one),
    ("places", parties_and_polls.places, _one),
    ("coalitions", parties_and_polls.coalitions, _one),
    ("chamber", chamber_and_districts.chamber, _of_chamber),
    ("chamber-coalitions", chamber_and_districts.coalitions, _asked("coalition", _of_chamber)),
    ("tiers", chamber_and_districts.tiers, _of_tiers),
    ("tiers-coalitions", chamber_and_districts.coalitions_of_tiers, _asked("coalition", _of_tiers)),
    ("chamber-seats", chamber_and_districts.distribution, _one_chamber),
    ("contests", chamber_and_districts.contests, _with_contests),
    ("events", parties_and_polls.events, _one),
    ("districts", chamber_and_districts.districts, _in_districts),
    ("district-seats", chamber_and_districts.district_seats, _in_districts),
    ("district-distribution", chamber_and_districts.district_distribution, _in_districts),
    ("last-seat", causes.last_seat, _one),
    ("last-seat-pairs", causes.last_seat_pairs, _one),
    ("last-seat-votes", causes.last_seat_votes, _one),
    ("polls", parties_and_polls.polls, _one),
    ("houses", parties_and_polls.houses, _one),
    ("calibration", parties_and_polls.calibration, _one),
    ("record-by-kind", parties_and_polls.record_by_kind, _one),
    ("run", parties_and_polls.run, _one),
    ("passes", across.passes, _drawn),
    ("seats", across.seats, _several),
    ("shares", across.shares, _not_of_rules),
    ("differences", across.differences, _of_rules),
    ("majorities", across.majorities, _asked("coalition", _several)),
    ("seats-of-chamber", across.of_chamber, _several_chambers),
    ("majorities-of-chamber", across.majorities_of_chamber, _asked("coalition", _several_chambers)),
    ("events", across.events, _asked("event", _drawn)),
    ("variants", across.variants, _of_rules),
    ("changes", across.changes, _of_drawn_rules),
    ("ties", across.ties, lambda forecast: not forecast.draws),
    ("flips", causes.flips, _of_rules),
    ("decomposition", causes.decomposition, _of_drawn_rules),
    ("next-seats", causes.next_seats, _of_counted_rules),
    ("last-seat", causes.last_seat, _drawn),
    ("last-seat-pairs", causes.last_seat_pairs, _drawn),
    ("last-seat-votes", causes.last_seat_votes, _drawn),
    ("parties", parties_and_polls.parties, _several),
    ("coalitions", parties_and_polls.coalitions, _asked("coalition", _drawn)),
    ("seat-distribution", parties_and_polls.distribution, _drawn),
)

TABLES = {name: function for name, function, of in _EVERY if of is _one}
"""The tables of a forecast of one rule and day by name, in the order in which they are printed."""
DISTRICT_TABLES = {name: function for name, function, of in _EVERY if of is _in_districts}
"""Those that it has besides where its rule has districts."""
CHAMBER_TABLES = {
    name: function for name, function, _ in _EVERY if name.startswith(("chamber", "tiers", "contests"))
}
"""Those that it has besides where its chamber has tiers beside the lists; contests of given chances."""

NIGHT_TABLES = {name: function for name, function, of in _EVERY if of in (_of_a_night, _remarked)}
"""Those that it has besides on an election night; the last where there is something to look at."""


def known_tables(forecast: Forecast) -> dict[str, Callable[[Forecast], Table]]:
    """The tables that a forecast has, by name, in the order in which they are printed."""
    return {name: function for name, function, of in _EVERY if of(forecast)}


def table_of(forecast: Forecast, name: str) -> Table:
    """One table by name; ``ConfigurationError`` where there is none of this name."""
    return tables_of(forecast, (name,))[0]


def tables_of(forecast: Forecast, names: Iterable[str] | None = None) -> list[Table]:
    """Tables by name; ``ConfigurationError`` for one that this forecast does not have.

    Default: all; of forecasts side by side every one that has something to say, but distributions of seats of
    ``MOST_DISTRIBUTIONS`` places at most.
    """
    known = known_tables(forecast)
    found = [
        known[name](forecast)
        for name in chosen_names(names, known)
        if names is not None or _not_too_long(forecast, name)
    ]
    return [table for table in found if names is not None or not forecast.leading or table.length]


def _not_too_long(forecast: Forecast, name: str) -> bool:
    return name != "seat-distribution" or prod(forecast.shape) <= MOST_DISTRIBUTIONS


def tables_shown(forecast: Forecast, tables: Iterable[Table]) -> list[Table]:
    """Those of a forecast's tables that people are shown: of many rules not every one."""
    if not forecast.leading:
        main = [table for table in tables if table.name in _MAIN and table.length]
        beside = ("chamber", "chamber-coalitions") if not forecast.has_tiers else ()
        long = [table.name for table in main if table.name in _BY_DISTRICT and table.length > _MOST_DISTRICTS]
        return [table for table in main if table.name not in (*beside, *long)]
    if not _of_rules(forecast):
        some = [table for table in tables if table.name in _OF_SEVERAL]
        return sorted(some, key=lambda table: _OF_SEVERAL.index(table.name))
    few = len(forecast.array("rules/is_base_rule").ravel()) <= causes.MOST_ROWS_SHOWN
    asked_for = (
        *("events", "last-seat-votes", "parties", "coalitions", "seat-distribution"),
        *("chamber", "chamber-coalitions"),
    )
    return [
        table for table in tables if table.name not in asked_for and (few or table.name not in _ONE_BY_ONE)
    ]
