"""Tables of what a forecast rests on: polls and how their firms lean, the record of such forecasts,
the run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables.definitions import Column, Row, Shown, Table, as_is, by_column, pair_of, table, text_of
from forecast.variables import VARIABLES
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast

_POLL_COLUMNS = (
    *("row", "pollster", "start", "end", "published", "size", "kind", "age", "weight", "undecided", "source"),
)
_STATEMENTS = {
    "interval": "A result lies within its interval",
    "crossing": "A party enters",
    "majority": "A coalition holds a majority",
}
_HALF_A_BIN = 0.05


def polls(forecast: Forecast) -> Table:
    """The polls behind the estimate, with their weights."""
    known = "polls/share" in forecast
    columns: dict[Column, Any] = {}
    for name in _POLL_COLUMNS:
        variable = VARIABLES[f"polls/{name}"]
        column = Column(name, variable.unit, variable.kind, variable.meaning)  # pyright: ignore[reportArgumentType]
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


_KINDS = {"national": "National", "regional": "Of a region", "european": "European"}


def _kind_said(row: Row) -> str:
    return _KINDS[str(row["election_kind"])]


def _said(row: Row) -> str:
    return _STATEMENTS[str(row["statement"])]


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
