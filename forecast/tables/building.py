"""What the definitions of tables share: columns of intervals, values by name, texts of cells."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from forecast.errors import ConfigurationError, Fault, suggest
from forecast.tables import rounding
from forecast.tables.model import Column, Row, Shown, Table, Type, Value

if TYPE_CHECKING:
    import numpy as np

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

WIDE_ENDS = tuple((end, at) for end, at, _ in _ENDS if not end.endswith("50"))
"""Ends of the 80 and 95 % intervals and the median, each with its probability."""


def interval_columns(prefix: str, unit: str, type_: Type, of: str) -> tuple[Column, ...]:
    """Columns of the ends of the 50, 80 and 95 % intervals and of the median."""
    return tuple(Column(f"{prefix}_{end}", unit, type_, f"{meaning} of {of}") for end, _, meaning in _ENDS)


def provenance_of(forecast: Forecast) -> str:
    """One line: election, what was known when, draws, seed, version."""
    attrs = forecast.dataset.attrs
    version = json.loads(attrs["versions"])["forecast"]
    settings = ", ".join(str(attrs.get("settings", "")).split("\n"))
    changed = f"; changed: {settings}" if settings else ""
    if "share_draws" in attrs:
        drawn = f"{forecast.draws:,} draws of shares from {attrs['share_draws']}"
    else:
        how = f"({attrs['sampler']}, seed {attrs['seed']})"
        drawn = f"polls known by {attrs['as_of']}; {forecast.draws:,} draws {how}"
    return f"{attrs['election_name']}; {drawn}{changed}; forecast {version}"


def table(
    forecast: Forecast,
    name: str,
    title: str,
    columns: tuple[Column, ...],
    values: dict[str, Any],
    shown: tuple[Shown, ...],
    notes: tuple[str, ...] = (),
) -> Table:
    """A table from columns of values."""
    return Table(
        name,
        title,
        columns,
        rows_of(columns, values),
        shown,
        provenance_of(forecast),
        notes,
        warnings=tuple(forecast.dataset.attrs["warnings"]),
    )


def rows_of(columns: Sequence[Column], values: Mapping[str, Iterable[Any]]) -> tuple[Row, ...]:
    """Rows from the values of every column, as ``typed`` has them."""
    cells = {column.name: typed(values[column.name], column.type) for column in columns}
    return tuple(dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True))


def chosen_names(names: Iterable[str] | None, known: Collection[str]) -> list[str]:
    """The tables asked for (default: all); ``ConfigurationError`` for a name that there is not."""
    chosen = list(known if names is None else names)
    for name in chosen:
        if name not in known:
            raise ConfigurationError(Fault("--table", "", name, f"no such table; {suggest(name, known)}"))
    return chosen


def showing(table: Table, worth: Callable[[Row], bool]) -> Table:
    """The table with only some of its rows shown to people."""
    return replace(table, worth_showing=worth)


def typed(values: Iterable[Any], type_: Type) -> list[Value]:
    """Values as their column has them; NaN and NaT are None, whole numbers are integers."""
    if type_ == "integer":
        return [None if value is None or value != value else round(value) for value in values]
    if type_ == "number":
        return [None if value is None or value != value else float(value) for value in values]
    return ["" if value is None else str(value) for value in values]


def array_of(forecast: Forecast, variable: str) -> np.ndarray:
    """Values of a variable or coordinate, without the labels that ``dataset[variable]`` first gathers."""
    return forecast.dataset.variables[variable].values


def values_of(forecast: Forecast, variable: str) -> list[Any]:
    """Values of a variable with one dimension, as plain Python values; days as ISO text."""
    return plain(array_of(forecast, variable))


def plain(values: Any) -> list[Any]:
    """An array as plain Python values; days as ISO text, blank where there is none."""
    if values.dtype.kind == "M":
        days = values.astype("datetime64[D]")
        return ["" if str(day) == "NaT" else str(day) for day in days]
    return values.tolist()


def scalar(forecast: Forecast, variable: str) -> float:
    """A variable without dimensions."""
    return float(array_of(forecast, variable))


def interval_values(forecast: Forecast, prefix: str, variable: str) -> dict[str, list[Any]]:
    """Columns of quantiles by the names of their ends."""
    array = array_of(forecast, variable)
    at = {round(float(q), 6): k for k, q in enumerate(array_of(forecast, "quantile"))}
    return {f"{prefix}_{end}": array[:, at[quantile]].tolist() for end, quantile, _ in _ENDS}


def number(value: Value) -> float | None:
    """A cell that holds a number, if it does."""
    return value if isinstance(value, float | int) else None


def unless_seatless(text: Callable[[Row], str]) -> Callable[[Row], str]:
    """A dash for an option that holds no seats by its kind: that is exact, not drawn."""
    return lambda row: rounding.DASH if row["kind"] in SEATLESS_KINDS else text(row)


def chance(row: Row, prefix: str = "") -> str:
    """The text of ``<prefix>_probability``, rounded by ``<prefix>_mc_error``."""
    start = f"{prefix}_" if prefix else ""
    return rounding.probability(number(row[f"{start}probability"]), number(row[f"{start}mc_error"]))


def percents(row: Row, prefix: str, width: str = "80") -> str:
    """The text of an interval of shares."""
    return rounding.percent_interval(
        number(row[f"{prefix}_low{width}"]), number(row[f"{prefix}_high{width}"])
    )


def wholes(row: Row, prefix: str, width: str = "80") -> str:
    """The text of an interval of seats."""
    return rounding.interval(number(row[f"{prefix}_low{width}"]), number(row[f"{prefix}_high{width}"]))


def mean_seats(row: Row) -> str:
    """The text of ``seat_mean``, rounded by its error."""
    return rounding.mean_seats(number(row["seat_mean"]), number(row["seat_mean_mc_error"]))
