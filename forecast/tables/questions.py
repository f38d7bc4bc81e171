"""Tables of what the election file asks: coalitions and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast.tables import rounding
from forecast.tables.building import (
    chance,
    interval_columns,
    interval_values,
    number,
    table,
    values_of,
    wholes,
)
from forecast.tables.model import Column, Shown, Table

if TYPE_CHECKING:
    from forecast.result import Forecast


def coalitions(forecast: Forecast) -> Table:
    """The chance of a majority for the coalitions of the election file."""
    columns = (
        Column("coalition", "", "text", "id of the coalition"),
        Column("coalition_name", "", "text", "its name"),
        Column("parties", "", "text", "ids of its parties, joined by +"),
        Column(
            "majority_probability", "1", "number", "probability of more than half of the seats handed out"
        ),
        Column("majority_mc_error", "1", "number", "Monte Carlo standard error of majority_probability"),
        Column("seat_mean", "seats", "number", "mean seats"),
        Column("seat_mean_mc_error", "seats", "number", "Monte Carlo standard error of seat_mean"),
        *interval_columns("seat", "seats", "integer", "seats"),
        Column("majority_seats", "seats", "integer", "least seats of a majority"),
        Column("margin", "seats", "integer", "median seats less majority_seats"),
    )
    needed = majority_seats(forecast)
    values: dict[str, Any] = {
        "coalition": values_of(forecast, "coalition"),
        "coalition_name": values_of(forecast, "coalition_name"),
        "parties": [members.replace("\n", "+") for members in values_of(forecast, "coalition_parties")],
        "majority_probability": values_of(forecast, "majority_probability"),
        "majority_mc_error": values_of(forecast, "majority_mc_error"),
        "seat_mean": values_of(forecast, "coalition_seat_mean"),
        "seat_mean_mc_error": values_of(forecast, "coalition_seat_mean_mc_error"),
        **interval_values(forecast, "seat", "coalition_seat_quantile"),
    }
    values["majority_seats"] = [needed] * len(values["coalition"])
    values["margin"] = [median - needed for median in values["seat_median"]]
    shown = (
        Shown("Coalition", lambda row: str(row["coalition_name"]), numeric=False),
        Shown("Majority", lambda row: chance(row, "majority")),
        Shown("± points", lambda row: rounding.points(number(row["majority_mc_error"])), rank=2),
        Shown("Seats", lambda row: rounding.whole(number(row["seat_median"]))),
        Shown("80 % of seats", lambda row: wholes(row, "seat"), rank=1),
        Shown("Margin", lambda row: rounding.signed(number(row["margin"]))),
    )
    house = int(forecast.dataset.attrs["house"])
    note = (
        f"Majority: more than half of the {house} seats that the rule hands out, so {needed}; ± one Monte "
        f"Carlo standard error, in percentage points. Seats: median. Margin: median less {needed}."
    )
    return table(forecast, "coalitions", "Coalitions", columns, values, shown, (note,))


def events(forecast: Forecast) -> Table:
    """The events of the election file."""
    columns = (
        Column("event", "", "text", "id of the event"),
        Column("event_name", "", "text", "its name"),
        Column("probability", "1", "number", "probability of the event, given its condition if it has one"),
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"),
        Column("condition_draws", "draws", "integer", "draws in which the condition holds"),
        Column("definition", "", "text", "the event as the election file says it (JSON)"),
    )
    data = {
        "probability": "event_probability",
        "mc_error": "event_mc_error",
        "condition_draws": "event_condition_draws",
        "definition": "event_definition",
    }
    values = {"event": values_of(forecast, "event"), "event_name": values_of(forecast, "event_name")}
    values |= {name: values_of(forecast, variable) for name, variable in data.items()}
    shown = (
        Shown("Event", lambda row: str(row["event_name"]), numeric=False),
        Shown("Probability", lambda row: chance(row)),
        Shown("± points", lambda row: rounding.points(number(row["mc_error"])), rank=1),
        Shown("Draws of condition", lambda row: rounding.whole(number(row["condition_draws"])), rank=2),
    )
    note = (
        "±: one Monte Carlo standard error, in percentage points. An event with a condition is left blank "
        "under 100 draws of it."
    )
    return table(forecast, "events", "Events", columns, values, shown, (note,))


def majority_seats(forecast: Forecast) -> int:
    """Least seats of a majority of the house, as large as it is in the middle draw."""
    return int(forecast.dataset.attrs["house"]) // 2 + 1
