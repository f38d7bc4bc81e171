"""Tables of what is forecast, with a row for every party, coalition or event, at every place along the
leading dimensions; and of what it rests on: polls and how their firms lean, the record of such forecasts,
the run.
"""

from __future__ import annotations

import json
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables.definitions import (
    Column,
    Row,
    Shown,
    Table,
    as_is,
    by_column,
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
from forecast.variables import EVERY, SEATLESS_KINDS, VARIABLES, Variable, error_of
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
_POLL_COLUMNS = (
    *("row", "pollster", "start", "end", "published", "size", "kind", "age", "weight", "undecided", "source"),
)
_STATEMENTS = {
    "interval": "A result lies within its interval",
    "crossing": "A party enters",
    "majority": "A coalition holds a majority",
}
_HALF_A_BIN = 0.05
_KINDS = {"national": "National", "regional": "Of a region", "european": "European"}


# Parties, coalitions, events.


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


# What they rest on.


def polls(forecast: Forecast) -> Table:
    """The polls behind the estimate, with their weights."""
    known = "polls/share" in forecast
    columns: dict[Column, Any] = {}
    for name in _POLL_COLUMNS:
        variable = VARIABLES[f"polls/{name}"]
        column = Column(name, variable.unit, variable.kind, variable.meaning)  # pyrefly: ignore[bad-argument-type]
        columns[column] = forecast.array(variable.path) if known else []
    shown = [
        Shown("Pollster", as_is("pollster"), numeric=False),
        Shown(
            "Fieldwork ended", lambda row: str(row["end"] or row["published"] or ""), numeric=False, rank=1
        ),
        Shown("Kind", as_is("kind"), numeric=False, rank=2),
        Shown("Size", text_of("size", rounding.whole), rank=2),
        Shown("Weight", text_of("weight", rounding.percent)),
    ]
    for k, (party, name) in enumerate(zip(forecast.parties, forecast.names("party_name"), strict=True)):
        column = Column(f"share_{party}", "1", "number", f"share of {party} in the poll, undecided taken out")
        columns[column] = forecast.array("polls/share")[:, k] if known else []
        shown.append(Shown(name, text_of(column.name, rounding.percent), rank=3))
    return table(forecast, "polls", "Polls and their weights", columns, shown)


def houses(forecast: Forecast) -> Table:
    """House effects: what each pollster adds to each party it reports, at the last day of the trend."""
    firm, k = np.zeros((2, 0), np.int64)
    effects = {name: np.zeros((0, 0)) for name in ("effect", "effect_low80", "effect_high80")}
    firms, number = np.zeros(0, str), np.zeros(0, np.int64)
    if "trend/effect" in forecast:
        effects = {name: forecast.array(f"trend/{name}") for name in effects}
        firms, number = forecast.array("trend/pollster"), forecast.array("trend/polls")
        firm, k = np.nonzero(~np.isnan(effects["effect"]))
    columns: dict[Column, Any] = {
        Column("pollster", "", "text", "pollster"): firms[firm],
        Column("polls", "1", "integer", VARIABLES["trend/polls"].meaning): number[firm],
        Column("party", "", "text", VARIABLES["party"].meaning): forecast.array("party")[k],
        Column("party_name", "", "text", VARIABLES["party_name"].meaning): forecast.array("party_name")[k],
    }
    for name, values in effects.items():
        columns[Column(name, "1", "number", VARIABLES[f"trend/{name}"].meaning)] = values[firm, k]
    shown = (
        Shown("Pollster", as_is("pollster"), numeric=False),
        Shown("Polls", text_of("polls", rounding.whole), rank=2),
        Shown("Party", as_is("party_name"), numeric=False),
        Shown("Effect, points", text_of("effect", rounding.signed_points)),
        Shown(
            "80 % interval", pair_of("effect_low80", "effect_high80", rounding.signed_points_interval), rank=1
        ),
    )
    note = (
        "A house effect says by how many percentage points of the vote a pollster lies above (+) or below "
        "(\N{MINUS SIGN}) the trend of all. Effects sum to zero over the pollsters (on the log scale), so a "
        "lean that all of them share is not seen here."
    )
    return table(forecast, "houses", "House effects", columns, shown, (note,))


def calibration(forecast: Forecast) -> Table:
    """How often statements of such forecasts came true in the backtest; no rows where none were tested."""
    rows = _statements(forecast)
    columns = (
        Column("statement", "", "text", "what was said: interval, crossing or majority"),
        Column("low", "1", "number", "least forecast probability of this row"),
        Column("high", "1", "number", "greatest forecast probability of this row"),
        Column("forecast_probability", "1", "number", "mean forecast probability"),
        Column("observed_frequency", "1", "number", "how often it came true"),
        Column("statements", "1", "integer", "number of statements; blank for intervals"),
        Column("elections", "1", "integer", "elections of the backtest; blank but for intervals"),
        Column("horizon", "days", "number", "days before the vote; blank where all horizons are pooled"),
    )
    return table(
        forecast,
        "calibration",
        "How often such forecasts were right",
        by_column(columns, rows),
        (
            Shown("Statement", _said, numeric=False),
            Shown(
                "Chance given",
                text_of("forecast_probability", lambda value: rounding.probability(value, 0.0, 0)),
            ),
            Shown("Came true", text_of("observed_frequency", lambda value: rounding.percent(value, 0))),
            Shown("Statements", text_of("statements", rounding.whole), rank=1),
            Shown("Elections", text_of("elections", rounding.whole), rank=2),
        ),
        [line for line in str(forecast.attrs.get("track_record", "")).split("\n") if line],
    )


def _statements(forecast: Forecast) -> list[tuple[Any, ...]]:
    if "record/horizon" not in forecast:  # draws from elsewhere have no record here
        return []
    horizon, elections = (float(forecast.array(f"record/{name}")) for name in ("horizon", "elections"))
    intervals = zip(
        forecast.array("record/interval").tolist(), forecast.array("record/coverage").tolist(), strict=True
    )
    rows: list[tuple[Any, ...]] = [
        ("interval", interval, interval, interval, held, None, elections, horizon)
        for interval, held in intervals
    ]
    parts = ("forecast_probability", "observed_frequency", "statements")
    for kind, name in (("crossing", "pass"), ("majority", "majority")):
        values = zip(*(forecast.array(f"record/{name}_{part}").tolist() for part in parts), strict=True)
        rows += [
            (kind, round(middle - _HALF_A_BIN, 9), round(middle + _HALF_A_BIN, 9), *three, None, None)
            for middle, three in zip(forecast.array("record/probability_bin").tolist(), values, strict=True)
        ]
    return [row for row in rows if row[4] == row[4]]


def _said(row: Row) -> str:
    return _STATEMENTS[str(row["statement"])]


def record_by_kind(forecast: Forecast) -> Table:
    """How many results the 80 % intervals held in the backtest, by kind of election and days before it."""
    rows: list[tuple[Any, ...]] = []
    if "record/coverage80_by_kind" in forecast:
        kinds = forecast.names("record/election_kind")
        days = forecast.array("record/days_before").tolist()
        held = forecast.array("record/coverage80_by_kind").tolist()
        number = forecast.array("record/elections_by_kind").tolist()
        rows = [
            (kind, days[j], held[i][j], number[i][j])
            for i, kind in enumerate(kinds)
            for j in range(len(days))
            if held[i][j] == held[i][j]
        ]
    columns = (
        Column("election_kind", "", "text", "national, regional or european"),
        Column("days_before", "days", "number", "days before the vote"),
        Column("coverage80", "1", "number", "how many results the 80 % intervals of the share held"),
        Column("elections", "1", "integer", "elections of the backtest"),
    )
    return table(
        forecast,
        "record-by-kind",
        "How often intervals of 80 % held the result, by kind of election",
        by_column(columns, rows),
        (
            Shown("Elections", _kind_said, numeric=False),
            Shown("Days before", text_of("days_before", rounding.whole)),
            Shown("Held", text_of("coverage80", lambda value: rounding.percent(value, 0))),
            Shown("Number", text_of("elections", rounding.whole), rank=1),
        ),
    )


def _kind_said(row: Row) -> str:
    return _KINDS[str(row["election_kind"])]


def run(forecast: Forecast) -> Table:
    """What the numbers rest on."""
    attrs = forecast.attrs
    apart = ("versions", "warnings", "definition")
    said: dict[str, object] = {name: attrs[name] for name in sorted(attrs) if name not in apart}
    said["rule"] = json.dumps(forecast.rule, ensure_ascii=False)
    said |= {f"version of {name}": number for name, number in json.loads(attrs["versions"]).items()}
    said |= {
        variable.meaning: f"{float(forecast.array(path)):.4g}"
        for path, variable in VARIABLES.items()
        if variable.group == "estimate" and not variable.dims and path in forecast
    }
    said |= {f"warning {number}": text for number, text in enumerate(attrs["warnings"], start=1)}
    void = "probability that nobody passes and the election is void"
    said |= {void: float(forecast.array("void_probability"))}
    said |= {f"Monte Carlo standard error of the {void}": float(forecast.array("void_mc_error"))}
    columns = {
        Column("name", "", "text", "what is said"): list(said),
        Column("value", "", "text", "its value"): [str(value) for value in said.values()],
    }
    shown = [Shown(title, as_is(title.lower()), numeric=False) for title in ("Name", "Value")]
    return table(forecast, "run", "What the numbers rest on", columns, shown)
