"""Tables with a row for every party, coalition or event, at every place along the leading dimensions."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables.definitions import (
    Column,
    Shown,
    Table,
    as_is,
    chance_shown,
    columns_of,
    label_columns,
    label_shown,
    names_of,
    number,
    pair_of,
    shown_of,
    table,
    text_of,
    unless_seatless,
)
from forecast.variables import EVERY, SEATLESS_KINDS, Variable, error_of
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast

_ALWAYS = ("estimate/average", "last_election/share", "last_election/seats_won")
"""Columns that every forecast of one rule has, blank where it does not know them."""
_ABOUT_PARTIES = (
    "Last: the last election. Polls: centre of the estimate. Share, Seats: medians over the draws, beside "
    "them the interval that holds 80 % of them; seats if in: over the draws in which the party passes. "
    "Passes: {passes}, ± one Monte Carlo standard error. One draw: a representative draw, one possible "
    "outcome."
)
_EVENTS_NOTE = (
    "±: one Monte Carlo standard error, in percentage points. An event with a condition is left blank "
    "under 100 draws of it."
)


def parties(forecast: Forecast) -> Table:
    """Every option on the ballot: shares, chance to pass, seats."""
    notes = (
        ()
        if forecast.leading
        else (_ABOUT_PARTIES.format(passes=forecast["pass_probability"].attrs["long_name"]),)
    )
    columns, shown = _about(forecast, "party")
    return table(forecast, "parties", f"Parties{everywhere(forecast)}", columns, shown, notes)


def coalitions(forecast: Forecast) -> Table:
    """The chance of a majority for the coalitions of the election file."""
    columns, shown = _about(forecast, "coalition")
    notes = []
    if not forecast.leading:
        needed = forecast.majority_seats
        medians = forecast.array("coalition_seat_quantile")[:, 3]
        columns[Column("majority_seats", "seats", "integer", "least seats of a majority")] = [needed] * len(
            medians
        )
        columns[Column("margin", "seats", "integer", "median seats less majority_seats")] = medians - needed
        shown.append(Shown("Margin", text_of("margin", rounding.signed)))
        notes.append(
            f"Majority: more than half of the {forecast.house} seats that the rule hands out"
            f"{' (the median; each draw has its own)' if may_grow(forecast) else ''}, so {needed}; ± "
            f"one Monte Carlo standard error, in percentage points. Seats: median. Margin: median less "
            f"{needed}."
        )
    title = f"Coalitions{of_the_lists(forecast)}{everywhere(forecast)}"
    return table(forecast, "coalitions", title, columns, shown, notes)


def may_grow(forecast: Forecast) -> bool:
    """Whether the house is larger in some draws than in others."""
    return (forecast.rule.get("levelling") or {}).get("mode") in ("keep", "level")


def events(forecast: Forecast) -> Table:
    """The events of the election file."""
    columns, shown = _about(forecast, "event")
    return table(forecast, "events", f"Events{everywhere(forecast)}", columns, shown, (_EVENTS_NOTE,))


def thresholds(forecast: Forecast) -> Table:
    """The chance of every option to cross the threshold."""
    columns, _ = _about(forecast, "party")
    wanted = ("party", "party_name", "kind", "poll_average", "pass_probability", "pass_mc_error")
    columns = {
        column: values
        for column, values in columns.items()
        if column.name in wanted or column.name.startswith(("share_low", "share_median", "share_high"))
    }
    shown = (
        Shown("Party", as_is("party_name"), numeric=False),
        Shown("Polls", text_of("poll_average", rounding.percent), rank=2),
        Shown("95 % of shares", pair_of("share_low95", "share_high95", rounding.percent_interval), rank=1),
        *chance_shown("Passes", "pass_probability", unless=unless_seatless),
    )
    chance, error = (float(forecast.array(f"void_{name}")) for name in ("probability", "mc_error"))
    void = rounding.probability(chance, error)
    void += "" if void[:1] in "<>" else f" (± {rounding.points(error)} points)"
    doubly = (forecast.rule.get("districts") or {}).get("national_totals") == "biproportional"
    table_less = ", or no table of seats has the totals of lists and the seats of districts" if doubly else ""
    notes = (f"Nobody passes{table_less}, so that the election is void: {void}.",)
    return table(forecast, "thresholds", "Crossing the threshold", columns, shown, notes)


def distribution(forecast: Forecast) -> Table:
    """The probability of every number of seats, a row for each that some draw has; of one rule for all."""
    kept = np.flatnonzero(~np.isin(forecast.array("party_kind"), list(SEATLESS_KINDS)))
    chances, errors = (
        forecast.array(path).reshape(-1, *forecast.array(path).shape[-2:])[:, kept]
        for path in ("seat_probability", error_of("seat_probability"))
    )
    every = np.ones_like(chances, np.bool_) if not forecast.leading else np.nan_to_num(chances) > 0
    place, k, seats = np.nonzero(every)
    ids, names = forecast.array("party")[kept], names_of(forecast)
    called = [] if forecast.leading else [("party_name", "its name", [names[str(one)] for one in ids[k]])]
    columns: dict[Column, Any] = label_columns(forecast, place) if forecast.leading else {}
    columns |= {
        Column("party", "", "text", "id of the party"): ids[k],
        **{Column(name, "", "text", meaning): values for name, meaning, values in called},
        Column("seats", "seats", "integer", "number of seats"): seats,
        Column("probability", "1", "number", "probability of exactly so many seats"): chances[
            place, k, seats
        ],
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"): errors[
            place, k, seats
        ],
    }
    shown = [
        *label_shown(forecast),
        Shown("Party", lambda row: names[str(row["party"])], numeric=False),
        Shown("Seats", text_of("seats", rounding.whole)),
        *chance_shown("Probability", "probability"),
    ]
    name = "seat-distribution" if forecast.leading else "seats"
    title = f"Probability of every number of seats{everywhere(forecast)}"
    notes = ("Numbers of seats with a probability under 0.1 % are left out here.",)
    return table(
        forecast, name, title, columns, shown, notes, lambda row: (number(row["probability"]) or 0.0) >= 0.001
    )


def places(forecast: Forecast) -> Table:
    """The chance of every place by number of seats, a row a party and place."""
    kept = np.flatnonzero(~np.isin(forecast.array("party_kind"), list(SEATLESS_KINDS)))
    path = "places/probability"
    if path not in forecast:  # of a version that did not count places
        kept = kept[:0]
    none = np.zeros((len(forecast.parties), 0))
    chances, errors = (
        (forecast.array(one) if one in forecast else none)[kept] for one in (path, error_of(path))
    )
    k, at = (part.ravel() for part in np.indices(chances.shape))
    names = names_of(forecast)
    ids = forecast.array("party")[kept][k]
    columns: dict[Column, Any] = {
        Column("party", "", "text", "id of the party"): ids,
        Column("party_name", "", "text", "its name"): [names[str(one)] for one in ids],
        Column("place", "1", "integer", "place by number of seats, the largest first"): at + 1,
        Column("probability", "1", "number", "probability of this place"): chances.ravel(),
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"): errors.ravel(),
    }
    shown = (
        Shown("Party", as_is("party_name"), numeric=False),
        Shown("Place", text_of("place", rounding.whole)),
        *chance_shown("Probability", "probability"),
    )
    draws = forecast[path].attrs.get("draws", forecast.draws) if path in forecast else forecast.draws
    note = (
        f"Of {draws:,} draws; of parties with equal seats each has the better place, and without seats none. "
        "Places with a probability under 0.1 % are left out here."
    )
    return table(
        forecast,
        "places",
        "Places by number of seats",
        columns,
        shown,
        (note,),
        lambda row: (number(row["probability"]) or 0.0) >= 0.001,
    )


def of_the_lists(forecast: Forecast) -> str:
    """What a title adds where a majority of the lists is not one of the whole chamber."""
    return " in the list seats" if "chamber/size" in forecast and forecast.has_tiers else ""


def everywhere(forecast: Forecast) -> str:
    """What a title adds where a table holds several forecasts."""
    if "as_of" in forecast.leading:
        return " on every day"
    if "weight" in forecast:
        return " in every scenario"
    return " under every variant" if forecast.leading else ""


def _about(forecast: Forecast, over: str) -> tuple[dict[Column, Any], list[Shown]]:
    """Columns about every subject, and what people are shown of them: ids and names, then the registry's."""
    subjects, places = len(forecast.names(over)), int(np.prod(forecast.shape))
    repeated = np.repeat(np.arange(places), subjects)
    columns: dict[Column, Any] = label_columns(forecast, repeated) if forecast.leading else {}
    shown = [*label_shown(forecast), Shown(over.capitalize(), as_is(f"{over}_name"), numeric=False)]
    labels = {over: "", f"{over}_name": ""} | ({"party_kind": "kind"} if over == "party" else {})
    labels |= {"party_colour": "colour"} if over == "party" and not forecast.leading else {}
    labels |= {"coalition_parties": "parties"} if over == "coalition" and not forecast.leading else {}
    for path, called in labels.items():
        texts = [text.replace("\n", "+") for text in forecast.names(path)]
        about = forecast[path].attrs["long_name"]
        meaning = "ids of its parties, joined by +" if called == "parties" else about
        columns[Column(called or path, "", "text", meaning)] = texts * places
    for variable in EVERY:
        if variable.label or variable.subject != over or variable.dims[1:] not in ((), ("quantile_level",)):
            continue
        known = _known(forecast, variable)
        if known:
            values, error = (
                _values(forecast, path, len(variable.dims))
                for path in (variable.path, error_of(variable.path))
            )
            found = columns_of(variable, values, error)
            columns |= {c: None if v is None else np.ravel(v) for c, v in found.items()}
            shown += shown_of(variable) if variable.heading else []
    if over == "event" and not forecast.leading:
        meaning = "the event as the election file says it (JSON)"
        columns[Column("definition", "", "text", meaning)] = forecast.names("event_definition")
    return columns, shown


def _known(forecast: Forecast, variable: Variable) -> bool:
    """Whether a variable has columns: of forecasts side by side what differs between them, or all
    of a count.
    """
    if variable.path not in forecast:
        return variable.path in _ALWAYS and not forecast.leading
    if variable.group not in ("", "rules", "last_election", "estimate"):
        return False
    several = bool(forecast.leading) and forecast.draws > 0
    return not several or forecast.array(variable.path).ndim == len(variable.dims) + len(forecast.leading)


def _values(forecast: Forecast, path: str, dims: int) -> np.ndarray | None:
    """Values over every place, (places, subjects, ...); ``None`` where they are not known."""
    if path not in forecast:
        return None
    values = forecast.array(path)
    behind = values.shape[values.ndim - dims :]
    return np.broadcast_to(values, (*forecast.shape, *behind)).reshape(prod(forecast.shape), *behind)
