"""Tables of the options on the ballot: shares, the threshold, seats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.tables import rounding
from forecast.tables.building import (
    SEATLESS_KINDS,
    array_of,
    chance,
    interval_columns,
    interval_values,
    mean_seats,
    number,
    percents,
    scalar,
    showing,
    table,
    unless_seatless,
    values_of,
    wholes,
)
from forecast.tables.model import Column, Shown, Table

if TYPE_CHECKING:
    from forecast.result import Forecast

_PARTY = (
    Column("party", "", "text", "id of the option on the ballot"),
    Column("party_name", "", "text", "its name"),
)
_PASSES = (
    Column("pass_probability", "1", "number", "probability of crossing the threshold"),
    Column("pass_mc_error", "1", "number", "Monte Carlo standard error of pass_probability"),
)
_ABOUT_PARTIES = (
    "Last: the last election. Polls: centre of the estimate. Share, Seats: medians over the draws, beside "
    "them the interval that holds 80 % of them. Passes: probability of crossing the threshold, ± one Monte "
    "Carlo standard error. One draw: a representative draw, one possible outcome."
)


def parties(forecast: Forecast) -> Table:
    """Every option on the ballot: shares, chance to pass, seats."""
    columns = (
        *_PARTY,
        Column("kind", "", "text", "kind of option; none-of-the-above and residual hold no seats"),
        Column("colour", "", "text", "colour in charts, if any"),
        Column("last_share", "1", "number", "share at the last election"),
        Column("last_seats", "seats", "integer", "seats at the last election"),
        Column("poll_average", "1", "number", "centre of the estimate"),
        Column("share_mean", "1", "number", "mean share of valid votes"),
        *interval_columns("share", "1", "number", "the share"),
        *_PASSES,
        Column("seat_mean", "seats", "number", "mean seats"),
        Column("seat_mean_mc_error", "seats", "number", "Monte Carlo standard error of seat_mean"),
        *interval_columns("seat", "seats", "integer", "seats"),
        Column("representative_seats", "seats", "integer", "seats in the representative draw"),
        Column("largest_probability", "1", "number", "probability of more seats than any other party"),
        Column("largest_mc_error", "1", "number", "Monte Carlo standard error of largest_probability"),
    )
    renamed = {"kind": "party_kind", "colour": "party_colour"}
    intervals = {
        **interval_values(forecast, "share", "share_quantile"),
        **interval_values(forecast, "seat", "seat_quantile"),
    }
    values = intervals | {
        column.name: values_of(forecast, renamed.get(column.name, column.name))
        for column in columns
        if column.name not in intervals
    }
    shown = (
        Shown("Party", lambda row: str(row["party_name"]), numeric=False),
        Shown("Last", lambda row: rounding.percent(number(row["last_share"])), rank=5),
        Shown("Polls", lambda row: rounding.percent(number(row["poll_average"])), rank=6),
        Shown("Share", lambda row: rounding.percent(number(row["share_median"])), rank=1),
        Shown("80 % of shares", lambda row: percents(row, "share"), rank=3),
        Shown("Passes", unless_seatless(lambda row: chance(row, "pass"))),
        Shown("± points", unless_seatless(lambda row: rounding.points(number(row["pass_mc_error"]))), rank=2),
        Shown("Seats", unless_seatless(lambda row: rounding.whole(number(row["seat_median"])))),
        Shown("80 % of seats", unless_seatless(lambda row: wholes(row, "seat")), rank=1),
        Shown("Mean", unless_seatless(lambda row: mean_seats(row)), rank=4),
        Shown(
            "One draw",
            unless_seatless(lambda row: rounding.whole(number(row["representative_seats"]))),
            rank=4,
        ),
    )
    return table(forecast, "parties", "Parties", columns, values, shown, (_ABOUT_PARTIES,))


def thresholds(forecast: Forecast) -> Table:
    """The chance of every option to cross the threshold."""
    columns = (
        *_PARTY,
        Column("kind", "", "text", "kind of option; none-of-the-above and residual hold no seats"),
        Column("poll_average", "1", "number", "centre of the estimate"),
        *interval_columns("share", "1", "number", "the share"),
        *_PASSES,
    )
    intervals = interval_values(forecast, "share", "share_quantile")
    values = intervals | {
        column.name: values_of(forecast, "party_kind" if column.name == "kind" else column.name)
        for column in columns
        if column.name not in intervals
    }
    shown = (
        Shown("Party", lambda row: str(row["party_name"]), numeric=False),
        Shown("Polls", lambda row: rounding.percent(number(row["poll_average"])), rank=2),
        Shown("95 % of shares", lambda row: percents(row, "share", "95"), rank=1),
        Shown("Passes", unless_seatless(lambda row: chance(row, "pass"))),
        Shown("± points", unless_seatless(lambda row: rounding.points(number(row["pass_mc_error"])))),
    )
    void = rounding.probability(scalar(forecast, "void_probability"), scalar(forecast, "void_mc_error"))
    notes = (f"Nobody passes, so that the election is void: {void}.",)
    return table(forecast, "thresholds", "Crossing the threshold", columns, values, shown, notes)


def seats(forecast: Forecast) -> Table:
    """The probability of every number of seats, one row a party and number."""
    columns = (
        *_PARTY,
        Column("seats", "seats", "integer", "number of seats"),
        Column("probability", "1", "number", "probability of exactly so many seats"),
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"),
    )
    house = forecast.dataset.sizes["seats"]
    names, kinds = values_of(forecast, "party_name"), values_of(forecast, "party_kind")
    chances, errors = array_of(forecast, "seat_probability"), array_of(forecast, "seat_mc_error")
    kept = [k for k, kind in enumerate(kinds) if kind not in SEATLESS_KINDS]
    values = {
        "party": [party for k in kept for party in [forecast.parties[k]] * house],
        "party_name": [name for k in kept for name in [names[k]] * house],
        "seats": list(range(house)) * len(kept),
        "probability": chances[kept].ravel().tolist(),
        "mc_error": errors[kept].ravel().tolist(),
    }
    shown = (
        Shown("Party", lambda row: str(row["party_name"]), numeric=False),
        Shown("Seats", lambda row: rounding.whole(number(row["seats"]))),
        Shown("Probability", lambda row: chance(row)),
        Shown("± points", lambda row: rounding.points(number(row["mc_error"]))),
    )
    notes = ("Numbers of seats with a probability under 0.1 % are left out here.",)
    every = table(forecast, "seats", "Probability of every number of seats", columns, values, shown, notes)
    return showing(every, lambda row: (number(row["probability"]) or 0.0) >= 0.001)
