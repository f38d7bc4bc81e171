"""Tables of what a forecast rests on: polls, and the run itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from forecast.tables import rounding
from forecast.tables.building import (
    array_of,
    number,
    plain,
    scalar,
    table,
    values_of,
)
from forecast.tables.model import Column, Shown, Table

if TYPE_CHECKING:
    from forecast.result import Forecast


def polls(forecast: Forecast) -> Table:
    """The polls behind the estimate, with their weights."""
    party_columns = tuple(
        Column(f"share_{party}", "1", "number", f"share of {party} in the poll, undecided taken out")
        for party in forecast.parties
    )
    columns = (
        Column("row", "1", "integer", "line of the poll in its table"),
        Column("pollster", "", "text", "pollster"),
        Column("start", "", "day", "first day of fieldwork"),
        Column("end", "", "day", "last day of fieldwork"),
        Column("published", "", "day", "day of publication"),
        Column("size", "1", "integer", "respondents"),
        Column("kind", "", "text", "pre-election or exit"),
        Column("age", "days", "number", "days from the end of fieldwork to the forecast date"),
        Column("weight", "1", "number", "weight in the mean; weights sum to 1"),
        Column("undecided", "1", "number", "undecided and unreported, taken out before the mean"),
        Column("source", "", "text", "where the poll is published"),
        *party_columns,
    )
    known = "poll" in forecast.dataset.dims
    values: dict[str, Any] = {
        column.name: values_of(forecast, f"poll_{column.name}") if known else [] for column in columns[:11]
    }
    for k, column in enumerate(party_columns):
        values[column.name] = plain(array_of(forecast, "poll_share")[:, k]) if known else []
    names = values_of(forecast, "party_name")
    shown = (
        Shown("Pollster", lambda row: str(row["pollster"]), numeric=False),
        Shown(
            "Fieldwork ended", lambda row: str(row["end"] or row["published"] or ""), numeric=False, rank=1
        ),
        Shown("Kind", lambda row: str(row["kind"]), numeric=False, rank=2),
        Shown("Size", lambda row: rounding.whole(number(row["size"])), rank=2),
        Shown("Weight", lambda row: rounding.percent(number(row["weight"]))),
        *(
            Shown(name, lambda row, key=column.name: rounding.percent(number(row[key])), rank=3)
            for name, column in zip(names, party_columns, strict=True)
        ),
    )
    return table(forecast, "polls", "Polls and their weights", columns, values, shown)


def run(forecast: Forecast) -> Table:
    """What the numbers rest on."""
    columns = (
        Column("name", "", "text", "what is said"),
        Column("value", "", "text", "its value"),
    )
    attrs = forecast.dataset.attrs
    said: dict[str, object] = {
        name: attrs[name] for name in sorted(attrs) if name not in ("versions", "warnings")
    }
    said |= {f"version of {name}": number for name, number in json.loads(attrs["versions"]).items()}
    said |= {
        str(variable.attrs["long_name"]): f"{float(variable.values):.4g}"
        for name, variable in forecast.dataset.variables.items()
        if str(name).startswith("estimate_") and not variable.dims
    }
    said |= {f"warning {number}": text for number, text in enumerate(attrs["warnings"], start=1)}
    said["probability that nobody passes and the election is void"] = scalar(forecast, "void_probability")
    values = {"name": list(said), "value": [str(value) for value in said.values()]}
    shown = (
        Shown("Name", lambda row: str(row["name"]), numeric=False),
        Shown("Value", lambda row: str(row["value"]), numeric=False),
    )
    return table(forecast, "run", "What the numbers rest on", columns, values, shown)
