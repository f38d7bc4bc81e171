"""Tables by district: what each hands out, how near its last seat is, the seats of every party there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables.definitions import (
    Column,
    Shown,
    Table,
    as_is,
    chance_shown,
    columns_of,
    names_of,
    pair_of,
    table,
    text_of,
)
from forecast.variables import SEATLESS_KINDS, VARIABLES, error_of
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast

_GROUP = "districts"
_BY_PARTY = ("share_quantile", "seat_quantile", "seat_mean", "last_probability", "next_probability")
_IN_PLAY = "In play: seats that no party holds in nine draws of ten."
_LAST = (
    " Last seat, next: the party most likely to get the last seat of the district, and the other party most "
    "likely to have the claim behind it. Apart: the median of the votes between the two claims, as a share "
    "of the district's votes."
)
_NO_LAST = (
    " Which seat of a district is the last is not said: more than one division of its votes decides here."
)


def districts(forecast: Forecast) -> Table:
    """A row for each district: seats, how many are in play, who gets the last one, who is next, how far
    apart.
    """
    names = names_of(forecast)
    columns = _labels(forecast)
    for name in ("house", "seats_in_play"):
        variable = VARIABLES[f"{_GROUP}/{name}"]
        columns |= columns_of(variable, forecast.array(variable.path), None)
    last = _most_likely(forecast, "last")
    columns |= last | _most_likely(forecast, "next", but=next(iter(last.values())))
    margin = VARIABLES[f"{_GROUP}/margin_quantile"]
    columns |= columns_of(margin, forecast.array(margin.path) if margin.path in forecast else None, None)
    shown = [
        Shown("District", as_is("district_name"), numeric=False),
        Shown("Seats", text_of("house", rounding.whole)),
        Shown("In play", text_of("seats_in_play", rounding.whole)),
    ]
    if any(forecast.names(f"{_GROUP}/region")):
        shown.insert(1, Shown("Region", as_is("region"), numeric=False, rank=3))
    last_seat = [
        Shown("Last seat", lambda row: names.get(str(row["last"]), ""), numeric=False),
        *chance_shown("in", "last_probability"),
        Shown("Next", lambda row: names.get(str(row["next"]), ""), numeric=False, rank=1),
        Shown("Apart", text_of("margin_median", rounding.percent), rank=2),
    ]
    known = f"{_GROUP}/last_probability" in forecast
    shown += last_seat if known else []
    return table(forecast, "districts", "Districts", columns, shown, _notes(known=known))


def district_seats(forecast: Forecast) -> Table:
    """A row for each party in each district: its share, its seats, its chance of the last one and of the
    next.
    """
    kept = np.flatnonzero(~np.isin(forecast.array("party_kind"), list(SEATLESS_KINDS)))
    number = len(forecast.array(f"{_GROUP}/district"))
    place, party = np.repeat(np.arange(number), len(kept)), np.tile(kept, number)
    names = names_of(forecast)
    columns: dict[Column, Any] = {
        column: [values[d] for d in place] for column, values in _labels(forecast).items()
    }
    ids = forecast.array("party")[party]
    columns[Column("party", "", "text", "id of the party")] = ids
    columns[Column("party_name", "", "text", "its name")] = [names[str(one)] for one in ids]
    for name in _BY_PARTY:
        variable = VARIABLES[f"{_GROUP}/{name}"]
        values, error = (
            forecast.array(path)[place, party] if path in forecast else None
            for path in (variable.path, error_of(variable.path))
        )
        columns |= columns_of(variable, values, error)
    shown = [
        Shown("District", as_is("district_name"), numeric=False),
        Shown("Party", as_is("party_name"), numeric=False),
        Shown("Share", text_of("share_median", rounding.percent), rank=1),
        Shown("80 % of shares", pair_of("share_low80", "share_high80", rounding.percent_interval), rank=3),
        Shown("Seats", text_of("seat_median", rounding.whole)),
        Shown("80 % of seats", pair_of("seat_low80", "seat_high80", rounding.interval)),
        Shown("Mean", pair_of("seat_mean", "seat_mean_mc_error", rounding.mean_seats), rank=2),
    ]
    if f"{_GROUP}/last_probability" in forecast:
        shown += [
            *chance_shown("Last seat", "last_probability", rank=2),
            *chance_shown("Next", "next_probability", rank=4),
        ]
    return table(forecast, "district-seats", "Seats of every party in every district", columns, shown)


def district_distribution(forecast: Forecast) -> Table:
    """The probability of every number of seats in every district, a row for each that some draw has."""
    chances, errors = (
        np.nan_to_num(forecast.array(f"{_GROUP}/{path}"))
        for path in ("seat_probability", error_of("seat_probability"))
    )
    place, party, seats = np.nonzero(chances)
    columns: dict[Column, Any] = {
        Column("district", "", "text", "id of the district"): forecast.array(f"{_GROUP}/district")[place],
        Column("party", "", "text", "id of the party"): forecast.array("party")[party],
        Column("seats", "seats", "integer", "number of seats"): seats,
        Column("probability", "1", "number", "probability of exactly so many"): chances[place, party, seats],
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"): errors[
            place, party, seats
        ],
    }
    shown = (
        Shown("District", as_is("district"), numeric=False),
        Shown("Party", as_is("party"), numeric=False),
        Shown("Seats", text_of("seats", rounding.whole)),
        *chance_shown("Probability", "probability"),
    )
    title = "Probability of every number of seats in every district"
    return table(forecast, "district-distribution", title, columns, shown)


def _notes(*, known: bool) -> tuple[str, ...]:
    return (_IN_PLAY + (_LAST if known else _NO_LAST),)


def _labels(forecast: Forecast) -> dict[Column, Any]:
    return {
        Column(name, "", "text", VARIABLES[f"{_GROUP}/{name}"].meaning): forecast.names(f"{_GROUP}/{name}")
        for name in ("district", "district_name", "region")
    }


def _most_likely(forecast: Forecast, what: str, but: Sequence[Any] = ()) -> dict[Column, Any]:
    """The party most likely to have the last seat, or the claim to the next, other than those of ``but`` (a
    party for each district); blank where that is not known, and where nobody ever has it.
    """
    path = f"{_GROUP}/{what}_probability"
    meaning = f"id of the party with the highest {VARIABLES[path].meaning}"
    named = Column(what, "", "text", meaning)
    chance = Column(f"{what}_probability", "1", "number", VARIABLES[path].meaning)
    error = Column(f"{what}_mc_error", "1", "number", f"Monte Carlo standard error of {what}_probability")
    if path not in forecast:
        number = len(forecast.array(f"{_GROUP}/district"))
        return {named: [""] * number, chance: None, error: None}
    values, errors = np.nan_to_num(forecast.array(path)), forecast.array(error_of(path))
    ids = forecast.array("party")
    among = values if len(but) == 0 else np.where(ids[None, :] == np.asarray(but)[:, None], -1.0, values)
    most = among.argmax(axis=1)
    rows = np.arange(len(most))
    somebody = values[rows, most] > 0.0
    return {
        named: np.where(somebody, ids[most], ""),
        chance: np.where(somebody, values[rows, most], np.nan),
        error: np.where(somebody, errors[rows, most], np.nan),
    }
