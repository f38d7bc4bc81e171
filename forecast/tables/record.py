"""Tables that a reader judges a forecast by: how its pollsters lean, how often such forecasts were right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast.tables import rounding
from forecast.tables.building import number, table, values_of
from forecast.tables.model import Column, Row, Shown, Table

if TYPE_CHECKING:
    from forecast.result import Forecast

_CURVES = (("crossing", "A party enters"), ("majority", "A coalition holds a majority"))
_HALF_A_BIN = 0.05


def houses(forecast: Forecast) -> Table:
    """House effects: what each pollster adds to each party it reports, at the last day of the trend."""
    columns = (
        Column("pollster", "", "text", "pollster"),
        Column("polls", "1", "integer", "polls of the pollster in the trend"),
        Column("party", "", "text", "id of the option on the ballot"),
        Column("party_name", "", "text", "its name"),
        Column("effect", "1", "number", "share that the pollster adds to the party"),
        Column("effect_low80", "1", "number", "lower end of the 80 % interval of effect"),
        Column("effect_high80", "1", "number", "upper end of the 80 % interval of effect"),
    )
    rows: list[tuple[Any, ...]] = []
    if "pollster" in forecast.dataset.dims:
        middle, low, high = (
            values_of(forecast, name)
            for name in ("house_effect", "house_effect_low80", "house_effect_high80")
        )
        firms, counts = values_of(forecast, "pollster"), values_of(forecast, "pollster_polls")
        names = values_of(forecast, "party_name")
        rows = [
            (firm, counts[f], party, names[k], middle[f][k], low[f][k], high[f][k])
            for f, firm in enumerate(firms)
            for k, party in enumerate(forecast.parties)
            if middle[f][k] == middle[f][k]
        ]
    shown = (
        Shown("Pollster", lambda row: str(row["pollster"]), numeric=False),
        Shown("Polls", lambda row: rounding.whole(number(row["polls"])), rank=2),
        Shown("Party", lambda row: str(row["party_name"]), numeric=False),
        Shown("Effect, points", lambda row: rounding.signed_points(number(row["effect"]))),
        Shown(
            "80 % interval",
            lambda row: rounding.signed_points_interval(
                number(row["effect_low80"]), number(row["effect_high80"])
            ),
            rank=1,
        ),
    )
    note = (
        "A house effect says by how many percentage points of the vote a pollster lies above (+) or below "
        "(\N{MINUS SIGN}) the trend of all. Effects sum to zero over the pollsters (on the log scale), so a "
        "lean that all of them share is not seen here."
    )
    return table(forecast, "houses", "House effects", columns, _by_column(columns, rows), shown, (note,))


def calibration(forecast: Forecast) -> Table:
    """How often statements of such forecasts came true in the backtest; no rows where none were tested."""
    columns = (
        Column("statement", "", "text", "what was said: interval, crossing or majority"),
        Column("low", "1", "number", "least chance of this row"),
        Column("high", "1", "number", "greatest chance of this row"),
        Column("said", "1", "number", "mean chance given"),
        Column("happened", "1", "number", "how often it came true"),
        Column("statements", "1", "integer", "number of statements; blank for intervals"),
        Column("elections", "1", "integer", "elections of the backtest; blank but for intervals"),
        Column("horizon", "days", "number", "days before the vote; blank where all horizons are pooled"),
    )
    return table(
        forecast,
        "calibration",
        "How often such forecasts were right",
        columns,
        _by_column(columns, _statements(forecast)),
        (
            Shown("Statement", _what, numeric=False),
            Shown("Chance given", lambda row: rounding.percent(number(row["said"]), 0)),
            Shown("Came true", lambda row: rounding.percent(number(row["happened"]), 0)),
            Shown("Statements", lambda row: rounding.whole(number(row["statements"])), rank=1),
            Shown("Elections", lambda row: rounding.whole(number(row["elections"])), rank=2),
        ),
        tuple(line for line in str(forecast.dataset.attrs.get("track_record", "")).split("\n") if line),
    )


def _statements(forecast: Forecast) -> list[tuple[Any, ...]]:
    data = forecast.dataset
    if "tested_horizon" not in data:  # draws from elsewhere have no record here
        return []
    horizon, elections = float(data["tested_horizon"]), float(data["tested_elections"])
    rows: list[tuple[Any, ...]] = [
        ("interval", level, level, level, held, None, elections, horizon)
        for level, held in zip(
            values_of(forecast, "level"), values_of(forecast, "tested_coverage"), strict=True
        )
    ]
    middles = values_of(forecast, "chance")
    for kind, _ in _CURVES:
        said, happened, counts = (
            values_of(forecast, f"tested_{kind}_{part}") for part in ("said", "happened", "statements")
        )
        rows += [
            (kind, round(at - _HALF_A_BIN, 9), round(at + _HALF_A_BIN, 9), *values, None, None)
            for at, *values in zip(middles, said, happened, counts, strict=True)
        ]
    return [row for row in rows if row[4] == row[4]]


def _what(row: Row) -> str:
    return (
        "A result lies within its interval"
        if row["statement"] == "interval"
        else dict(_CURVES)[str(row["statement"])]
    )


def _by_column(columns: tuple[Column, ...], rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {column.name: [row[k] for row in rows] for k, column in enumerate(columns)}
