"""The tables of a forecast, each defined in one place: its columns, its rows, and what people are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from forecast.errors import ConfigurationError, Fault, suggest
from forecast.tables import rounding
from forecast.tables.model import Column, Row, Shown, Table, Type, Value

if TYPE_CHECKING:
    from forecast.result import Forecast

SEATLESS_KINDS = frozenset({"none-of-the-above", "residual"})
_ENDS = (
    ("low95", 0.025, "lower end of the 95 % interval"),
    ("low80", 0.1, "lower end of the 80 % interval"),
    ("low50", 0.25, "lower end of the 50 % interval"),
    ("median", 0.5, "median"),
    ("high50", 0.75, "upper end of the 50 % interval"),
    ("high80", 0.9, "upper end of the 80 % interval"),
    ("high95", 0.975, "upper end of the 95 % interval"),
)
_PARTY = (
    Column("party", "", "text", "id of the option on the ballot"),
    Column("party_name", "", "text", "its name"),
)
_PASSES = (
    Column("pass_probability", "1", "number", "probability of crossing the threshold"),
    Column("pass_mc_error", "1", "number", "Monte Carlo standard error of pass_probability"),
)


def _interval_columns(prefix: str, unit: str, type_: Type, of: str) -> tuple[Column, ...]:
    return tuple(Column(f"{prefix}_{end}", unit, type_, f"{meaning} of {of}") for end, _, meaning in _ENDS)


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
        *_interval_columns("share", "1", "number", "the share"),
        *_PASSES,
        Column("seat_mean", "seats", "number", "mean seats"),
        Column("seat_mean_mc_error", "seats", "number", "Monte Carlo standard error of seat_mean"),
        *_interval_columns("seat", "seats", "integer", "seats"),
        Column("representative_seats", "seats", "integer", "seats in the representative draw"),
    )
    names = {"party_kind": "kind", "party_colour": "colour"}
    direct = (
        "party_name",
        "party_kind",
        "party_colour",
        "last_share",
        "last_seats",
        "poll_average",
        "share_mean",
    )
    direct += ("pass_probability", "pass_mc_error", "seat_mean", "seat_mean_mc_error", "representative_seats")
    values = {
        "party": forecast.parties,
        **{names.get(name, name): _values(forecast, name) for name in direct},
    }
    values |= _interval_values(forecast, "share", "share_quantile") | _interval_values(
        forecast, "seat", "seat_quantile"
    )
    shown = (
        Shown("Party", lambda row: str(row["party_name"]), numeric=False),
        Shown("Last", lambda row: rounding.percent(_number(row["last_share"]))),
        Shown("Share", lambda row: rounding.percent(_number(row["share_median"]))),
        Shown("80 % interval", lambda row: _percents(row, "share")),
        Shown("Passes", _of_list(lambda row: _chance(row, "pass"))),
        Shown("± points", _of_list(lambda row: rounding.points(_number(row["pass_mc_error"])))),
        Shown("Seats", _of_list(lambda row: rounding.whole(_number(row["seat_median"])))),
        Shown("80 % interval", _of_list(lambda row: _wholes(row, "seat"))),
        Shown("Mean", _of_list(lambda row: _mean_seats(row))),
        Shown("One draw", _of_list(lambda row: rounding.whole(_number(row["representative_seats"])))),
    )
    notes = (
        "Share and seats: medians. Passes: probability of crossing the threshold.",
        "±: one Monte Carlo standard error. One draw: a representative draw, one possible outcome.",
    )
    return _table(forecast, "parties", "Parties", columns, values, shown, notes)


def thresholds(forecast: Forecast) -> Table:
    """The chance of every option to cross the threshold."""
    columns = (
        *_PARTY,
        Column("kind", "", "text", "kind of option; none-of-the-above and residual hold no seats"),
        Column("poll_average", "1", "number", "centre of the estimate"),
        *_interval_columns("share", "1", "number", "the share"),
        *_PASSES,
    )
    direct = ("party_name", "poll_average", "pass_probability", "pass_mc_error")
    values = {
        "party": forecast.parties,
        "kind": _values(forecast, "party_kind"),
        **{name: _values(forecast, name) for name in direct},
        **_interval_values(forecast, "share", "share_quantile"),
    }
    shown = (
        Shown("Party", lambda row: str(row["party_name"]), numeric=False),
        Shown("Polls", lambda row: rounding.percent(_number(row["poll_average"]))),
        Shown("95 % interval", lambda row: _percents(row, "share", "95")),
        Shown("Passes", _of_list(lambda row: _chance(row, "pass"))),
        Shown("± points", _of_list(lambda row: rounding.points(_number(row["pass_mc_error"])))),
    )
    void = rounding.probability(_scalar(forecast, "void_probability"), _scalar(forecast, "void_mc_error"))
    notes = (f"Nobody passes and the election is void: {void}.",)
    return _table(forecast, "thresholds", "Crossing the threshold", columns, values, shown, notes)


def seats(forecast: Forecast) -> Table:
    """The probability of every number of seats, one row a party and number."""
    columns = (
        *_PARTY,
        Column("seats", "seats", "integer", "number of seats"),
        Column("probability", "1", "number", "probability of exactly so many seats"),
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"),
    )
    house = len(forecast.dataset["seats"])
    names, kinds = _values(forecast, "party_name"), _values(forecast, "party_kind")
    chances, errors = forecast.dataset["seat_probability"].values, forecast.dataset["seat_mc_error"].values
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
        Shown("Seats", lambda row: rounding.whole(_number(row["seats"]))),
        Shown("Probability", lambda row: _chance(row)),
        Shown("± points", lambda row: rounding.points(_number(row["mc_error"]))),
    )
    notes = ("Numbers of seats with a probability under 0.1 % are left out here.",)
    table = _table(forecast, "seats", "Probability of every number of seats", columns, values, shown, notes)
    return _showing(table, lambda row: (_number(row["probability"]) or 0.0) >= 0.001)


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
        *_interval_columns("seat", "seats", "integer", "seats"),
        Column("majority_seats", "seats", "integer", "least seats of a majority"),
        Column("margin", "seats", "integer", "median seats less majority_seats"),
    )
    needed = majority_seats(forecast)
    values: dict[str, Any] = {
        "coalition": _values(forecast, "coalition"),
        "coalition_name": _values(forecast, "coalition_name"),
        "parties": [members.replace("\n", "+") for members in _values(forecast, "coalition_parties")],
        "majority_probability": _values(forecast, "majority_probability"),
        "majority_mc_error": _values(forecast, "majority_mc_error"),
        "seat_mean": _values(forecast, "coalition_seat_mean"),
        "seat_mean_mc_error": _values(forecast, "coalition_seat_mean_mc_error"),
        **_interval_values(forecast, "seat", "coalition_seat_quantile"),
    }
    values["majority_seats"] = [needed] * len(values["coalition"])
    values["margin"] = [median - needed for median in values["seat_median"]]
    shown = (
        Shown("Coalition", lambda row: str(row["coalition_name"]), numeric=False),
        Shown("Majority", lambda row: _chance(row, "majority")),
        Shown("± points", lambda row: rounding.points(_number(row["majority_mc_error"]))),
        Shown("Seats", lambda row: rounding.whole(_number(row["seat_median"]))),
        Shown("80 % interval", lambda row: _wholes(row, "seat")),
        Shown("Margin", lambda row: rounding.signed(_number(row["margin"]))),
    )
    notes = (
        f"Majority: more than half of the {forecast.dataset.attrs['house']} seats that the rule hands out.",
        f"Margin: median seats less the {needed} that this takes.",
    )
    return _table(forecast, "coalitions", "Coalitions", columns, values, shown, notes)


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
    values = {"event": _values(forecast, "event"), "event_name": _values(forecast, "event_name")}
    values |= {name: _values(forecast, variable) for name, variable in data.items()}
    shown = (
        Shown("Event", lambda row: str(row["event_name"]), numeric=False),
        Shown("Probability", lambda row: _chance(row)),
        Shown("± points", lambda row: rounding.points(_number(row["mc_error"]))),
        Shown("Draws of the condition", lambda row: rounding.whole(_number(row["condition_draws"]))),
    )
    notes = ("Blank: under 100 draws of the condition.",)
    return _table(forecast, "events", "Events", columns, values, shown, notes)


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
        column.name: _values(forecast, f"poll_{column.name}") if known else [] for column in columns[:11]
    }
    for k, column in enumerate(party_columns):
        values[column.name] = _plain(forecast.dataset["poll_share"].values[:, k]) if known else []
    names = _values(forecast, "party_name")
    shown = (
        Shown("Pollster", lambda row: str(row["pollster"]), numeric=False),
        Shown("Fieldwork ended", lambda row: str(row["end"] or row["published"] or ""), numeric=False),
        Shown("Kind", lambda row: str(row["kind"]), numeric=False),
        Shown("Size", lambda row: rounding.whole(_number(row["size"]))),
        Shown("Weight", lambda row: rounding.percent(_number(row["weight"]))),
        *(
            Shown(name, lambda row, key=column.name: rounding.percent(_number(row[key])))
            for name, column in zip(names, party_columns, strict=True)
        ),
    )
    return _table(forecast, "polls", "Polls and their weights", columns, values, shown)


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
    said |= {f"warning {number}": text for number, text in enumerate(attrs["warnings"], start=1)}
    said["probability that nobody passes and the election is void"] = _scalar(forecast, "void_probability")
    values = {"name": list(said), "value": [str(value) for value in said.values()]}
    shown = (
        Shown("", lambda row: str(row["name"]), numeric=False),
        Shown("", lambda row: str(row["value"]), numeric=False),
    )
    return _table(forecast, "run", "What the numbers rest on", columns, values, shown)


TABLES: dict[str, Callable[[Forecast], Table]] = {
    "parties": parties,
    "thresholds": thresholds,
    "seats": seats,
    "coalitions": coalitions,
    "events": events,
    "polls": polls,
    "run": run,
}
"""Every table by name, in the order in which they are printed."""


def table_of(forecast: Forecast, name: str) -> Table:
    """One table by name; ``ConfigurationError`` where there is none of this name."""
    if name not in TABLES:
        raise ConfigurationError(Fault("--table", "", name, f"no such table; {suggest(name, TABLES)}"))
    return TABLES[name](forecast)


def tables_of(forecast: Forecast, names: Iterable[str] | None = None) -> list[Table]:
    """Tables by name (default: all)."""
    return [table_of(forecast, name) for name in (names if names is not None else TABLES)]


def majority_seats(forecast: Forecast) -> int:
    """Least seats of a majority of the house that the rule hands out."""
    return int(forecast.dataset.attrs["house"]) // 2 + 1


def provenance_of(forecast: Forecast) -> str:
    """One line: election, what was known when, draws, seed, version."""
    attrs = forecast.dataset.attrs
    version = json.loads(attrs["versions"])["forecast"]
    changed = f"; changed: {attrs['settings']}" if attrs.get("settings") else ""
    return (
        f"{attrs['election_name']}; polls known by {attrs['as_of']}; {forecast.draws:,} draws "
        f"({attrs['sampler']}, seed {attrs['seed']}){changed}; forecast {version}"
    )


def _table(
    forecast: Forecast,
    name: str,
    title: str,
    columns: tuple[Column, ...],
    values: dict[str, Any],
    shown: tuple[Shown, ...],
    notes: tuple[str, ...] = (),
) -> Table:
    typed = {column.name: _typed(values[column.name], column.type) for column in columns}
    rows: tuple[Row, ...] = tuple(
        dict(zip(typed, row, strict=True)) for row in zip(*typed.values(), strict=True)
    )
    return Table(name, title, columns, rows, shown, provenance_of(forecast), notes)


def _showing(table: Table, worth: Callable[[Row], bool]) -> Table:
    from dataclasses import replace

    return replace(table, worth_showing=worth)


def _typed(values: Iterable[Any], type_: Type) -> list[Value]:
    """Values as their column has them; NaN and NaT are None, whole numbers are integers."""
    if type_ == "integer":
        return [None if value is None or value != value else round(value) for value in values]
    if type_ == "number":
        return [None if value is None or value != value else float(value) for value in values]
    return ["" if value is None else str(value) for value in values]


def _values(forecast: Forecast, variable: str) -> list[Any]:
    """Values of a variable with one dimension; blank ones where an older estimate did not keep it."""
    return _plain(forecast.dataset[variable].values)


def _plain(values: Any) -> list[Any]:
    if values.dtype.kind == "M":
        days = values.astype("datetime64[D]")
        return ["" if str(day) == "NaT" else str(day) for day in days]
    return values.tolist()


def _scalar(forecast: Forecast, variable: str) -> float:
    return float(forecast.dataset[variable].values)


def _interval_values(forecast: Forecast, prefix: str, variable: str) -> dict[str, list[Any]]:
    """Columns of quantiles by the names of their ends."""
    array = forecast.dataset[variable].values
    at = {round(float(q), 6): k for k, q in enumerate(forecast.dataset["quantile"].values)}
    return {f"{prefix}_{end}": array[:, at[quantile]].tolist() for end, quantile, _ in _ENDS}


def _number(value: Value) -> float | None:
    return value if isinstance(value, float | int) else None


def _of_list(text: Callable[[Row], str]) -> Callable[[Row], str]:
    """A dash for an option that holds no seats by its kind: that is exact, not drawn."""
    return lambda row: rounding.DASH if row["kind"] in SEATLESS_KINDS else text(row)


def _chance(row: Row, prefix: str = "") -> str:
    start = f"{prefix}_" if prefix else ""
    return rounding.probability(_number(row[f"{start}probability"]), _number(row[f"{start}mc_error"]))


def _percents(row: Row, prefix: str, width: str = "80") -> str:
    return rounding.percent_interval(
        _number(row[f"{prefix}_low{width}"]), _number(row[f"{prefix}_high{width}"])
    )


def _wholes(row: Row, prefix: str, width: str = "80") -> str:
    return rounding.interval(_number(row[f"{prefix}_low{width}"]), _number(row[f"{prefix}_high{width}"]))


def _mean_seats(row: Row) -> str:
    return rounding.mean_seats(_number(row["seat_mean"]), _number(row["seat_mean_mc_error"]))
