"""What a table is, and what the definitions of tables share: machine columns with units, taken from the
registry, plain values, and what people are shown of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from forecast.errors import ConfigurationError, Fault, suggest
from forecast.result import plain
from forecast.variables import SEATLESS_KINDS, Variable, error_of
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast


Value = str | int | float | None
Row = Mapping[str, Value]
Type = Literal["text", "integer", "number", "day"]
Unless = Callable[[Callable[[Row], str]], Callable[[Row], str]]


class Column(NamedTuple):
    """A column as machines read it: twelve digits, a name that stays.

    ``unit`` is that of the Dataset: ``1`` for shares and probabilities, ``seats``, ``days``; none for texts.
    """

    name: str
    unit: str
    type: Type
    meaning: str


class Shown(NamedTuple):
    """A column as people read it: a title, and the text of a row, rounded as its error allows."""

    title: str
    text: Callable[[Row], str]
    numeric: bool = True
    rank: int = 0
    """Where a terminal is too narrow, columns of the highest rank are left out first; those of 0 stay."""


@dataclass(frozen=True)
class Table:
    """One table of one forecast: the values of every column, and what people are shown of its rows."""

    name: str
    title: str
    columns: tuple[Column, ...]
    values: Mapping[str, Sequence[Value]]
    """By column, all of one length, as ``typed`` has them."""
    shown: tuple[Shown, ...]
    provenance: str
    notes: tuple[str, ...] = ()
    worth_showing: Callable[[Row], bool] = lambda row: True
    """Rows that people are shown; machines get all."""
    warnings: tuple[str, ...] = ()
    """What a reader must know of the numbers, in every view of them: what they leave out, what is doubted."""

    @property
    def length(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.values.values()), ()))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The values row by row."""
        return tuple(
            dict(zip(self.values, row, strict=True)) for row in zip(*self.values.values(), strict=True)
        )

    def rows_shown(self) -> list[Row]:
        """Rows that people are shown."""
        return [row for row in self.rows if self.worth_showing(row)]

    @property
    def mind(self) -> str:
        """The warnings as one paragraph; empty where there are none."""
        return f"Mind: {'; '.join(self.warnings)}." if self.warnings else ""

    @property
    def below(self) -> tuple[str, ...]:
        """What stands under the table: its notes, what to mind, and where the numbers come from."""
        return (*self.notes, *([self.mind] if self.mind else []), self.provenance)

    def texts(self) -> list[list[str]]:
        """Rows as people read them."""
        return [[shown.text(row) for shown in self.shown] for row in self.rows_shown()]


def typed(values: Iterable[Any], type_: Type) -> list[Value]:
    """Values as their column has them: NaN and NaT are None, whole numbers integers, others of twelve
    digits.
    """
    if type_ == "integer":
        return [None if value is None or value != value else round(value) for value in values]
    if type_ == "number":
        return [None if value is None or value != value else rounding.as_written(value) for value in values]
    return ["" if value is None else str(value) for value in values]


_TITLES = {
    "threshold": "Level",
    "method": "Method",
    "base": "Base",
    "house_size": "House",
    "scenario": "Scenario",
    "as_of": "As of",
}
_COLUMNS = {"polls_used": "polls", "scenario_settings": "settings"}
"""Columns of labels that are called otherwise than in the forecast."""
_TYPES: dict[str, Type] = {
    "number": "number",
    "integer": "integer",
    "truth": "integer",
    "text": "text",
    "day": "day",
}


# Columns of the registry.


def columns_of(variable: Variable, values: np.ndarray | None, error: np.ndarray | None) -> dict[Column, Any]:
    """Columns of a variable, each with its values, (..., subjects): the ends of intervals where it has
    quantiles, the Monte Carlo error beside it where it is estimated. None where it is not known.
    """
    stem, type_ = variable.stem, _TYPES[variable.kind]
    found = {
        Column(name, variable.unit, type_, meaning): None
        if values is None
        else values
        if k is None
        else values[..., k]
        for name, (k, meaning) in variable.columns.items()
    }
    if variable.estimated and error is not None:
        said = f"Monte Carlo standard error of {stem}"
        found[Column(error_of(stem), variable.unit, "number", said)] = error
    return found


def shown_of(variable: Variable) -> list[Shown]:
    """What people are shown of a variable: rounded by its error, with its interval where it has quantiles."""
    stem, title, rank = variable.stem, variable.heading, variable.rank
    error = error_of(stem)
    seats = variable.unit == "seats"
    if variable.dims[-1:] == ("quantile_level",):
        one, both = (
            (rounding.whole, rounding.interval) if seats else (rounding.percent, rounding.percent_interval)
        )
        middle, ends = f"{stem}_median", (f"{stem}_low80", f"{stem}_high80")
        said = f"80 % of {'shares' if title == 'Share' else title.lower() if seats else 'it'}"
        found = [
            Shown(title, text_of(middle, one), rank=rank),
            Shown(said, pair_of(*ends, both), rank=rank + (1 if rank == 0 else 2)),
        ]
    elif variable.name.endswith("_difference"):
        text = (
            pair_of(stem, error, rounding.signed_by_error)
            if variable.estimated
            else text_of(stem, rounding.signed)
        )
        found = [Shown(title, text, rank=rank)]
    elif variable.estimated and variable.name.endswith("probability"):
        found = chance_shown(title, stem, rank=rank)
    elif variable.estimated and seats:
        found = [Shown(title, pair_of(stem, error, rounding.mean_seats), rank=rank)]
    elif variable.kind == "truth":
        found = [Shown(title, text_of(stem, yes_or_no), rank=rank)]
    elif variable.kind == "integer":
        found = [Shown(title, text_of(stem, rounding.whole), rank=rank)]
    else:
        exact = 2 if variable.path == "share" else 1
        shown = ratio if variable.name == "seats_per_vote" else lambda value: rounding.percent(value, exact)
        found = [Shown(title, text_of(stem, shown), rank=rank)]
    if variable.subject == "party" and not variable.of_votes:
        return [Shown(one.title, unless_seatless(one.text), rank=one.rank) for one in found]
    return found


def chance_shown(title: str, name: str, rank: int = 0, unless: Unless = lambda text: text) -> list[Shown]:
    """A probability, rounded by its Monte Carlo error, and beside it that error in percentage points, which a
    narrow terminal leaves out first.

    ``unless`` replaces the text of rows in which nothing is drawn.
    """
    error = error_of(name)
    return [
        Shown(title, unless(pair_of(name, error, rounding.probability)), rank=rank),
        Shown("± points", unless(text_of(error, rounding.points)), rank=rank + 2),
    ]


def largest_error_said(errors: np.ndarray) -> str:
    """The largest of the Monte Carlo errors of a table of chances that has no room for each of them."""
    most = rounding.points(float(np.nanmax(errors)))
    return f"Chances: ± {most} points at most (one Monte Carlo standard error)."


# Places along leading dimensions.


def label_columns(
    forecast: Forecast, places: Sequence[int] | np.ndarray | None = None
) -> dict[Column, list[Any]]:
    """The labels of places (numbers; default: every place once), a row each, and what is known of each."""
    every = np.arange(int(np.prod(forecast.shape))) if places is None else np.asarray(places, np.int64)
    at = np.unravel_index(every, forecast.shape) if forecast.leading else ()
    found: dict[Column, list[Any]] = {}
    for (dim, ticks), k in zip(forecast.ticks.items(), at, strict=True):
        about = forecast.dataset[dim].attrs
        kind: Type = "text"
        if dim == "as_of":
            kind = "day"
        elif all(isinstance(tick, int) for tick in ticks):
            kind = "integer"
        elif all(isinstance(tick, float) for tick in ticks):
            kind = "number"
        found[Column(dim, about.get("units", ""), kind, about["long_name"])] = [ticks[i] for i in k.tolist()]
        for name, label in forecast.dataset.coords.items():
            if label.dims == (dim,) and name != dim:
                values = [
                    text.replace("\n", "; ") if isinstance(text, str) else text
                    for text in plain(label.values)
                ]
                column = Column(
                    _COLUMNS.get(str(name), str(name)),
                    label.attrs.get("units", ""),
                    _type_of(label.values),
                    label.attrs["long_name"],
                )
                found[column] = [values[i] for i in k.tolist()]
    return found


def _type_of(values: np.ndarray) -> Type:
    return {"f": "number", "i": "integer"}.get(values.dtype.kind, "text")  # pyrefly: ignore[bad-return]


def label_shown(forecast: Forecast) -> list[Shown]:
    """The places as people are shown them: by name where they have one."""
    found: list[Shown] = []
    for dim in forecast.leading:
        named = f"{dim}_name" if f"{dim}_name" in forecast else dim
        found.append(Shown(title_of(forecast, dim), _label(named), numeric=False))
    if "weight" in forecast:
        found.append(Shown("Weight", text_of("weight", rounding.percent)))
    if "polls_used" in forecast:
        found.append(Shown("Polls", text_of("polls", rounding.whole), rank=9))
    return found


def title_of(forecast: Forecast, dim: str) -> str:
    """A leading dimension as people read it: a word, or the key of the rule without ``rule.``."""
    return _TITLES.get(dim, (forecast.leading[dim] or dim).removeprefix("rule."))


def _label(name: str) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        value = row[name]
        return f"{100 * value:.6g} %" if name == "threshold" and isinstance(value, float) else str(value)

    return text


# Tables.


def table(
    forecast: Forecast,
    name: str,
    title: str,
    columns: Mapping[Column, Any],
    shown: Sequence[Shown],
    notes: Sequence[str] = (),
    worth: Callable[[Row], bool] = lambda row: True,
) -> Table:
    """A table of columns with their values; blank where they are not known (None)."""
    rows = next((len(values) for values in columns.values() if values is not None), 0)
    held = {
        column.name: typed([None] * rows if values is None else _listed(values), column.type)
        for column, values in columns.items()
    }
    warnings = tuple(forecast.attrs["warnings"])
    provenance = provenance_of(forecast)
    return Table(name, title, tuple(columns), held, tuple(shown), provenance, tuple(notes), worth, warnings)


def by_column(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> dict[Column, list[Any]]:
    """Rows of as many cells as there are columns, as ``table`` takes them."""
    return {column: [row[k] for row in rows] for k, column in enumerate(columns)}


def _listed(values: Any) -> Iterable[Any]:
    return plain(values) if isinstance(values, np.ndarray) else values


def provenance_of(forecast: Forecast) -> str:
    """One line: election, votes or what was known when, along what, draws, seed, changes, version."""
    attrs = forecast.attrs
    version = json.loads(attrs["versions"])["forecast"]
    variants = f"{int(np.prod(forecast.shape)):,} variants of the rule"
    if "votes" in attrs:
        votes = f"votes of {attrs['votes']}"
        return f"{attrs['election_name']}; {votes}; {variants}, counted exactly; forecast {version}"
    settings = ", ".join(str(attrs.get("settings", "")).split("\n"))
    changed = f"; changed: {settings}" if settings else ""
    how = f"({attrs['sampler']}, seed {attrs['seed']})"
    known = f"polls known by {attrs.get('as_of')}"
    drawn = f"{forecast.draws:,} draws"
    if "share_draws" in attrs:
        said = f"{drawn} of shares from {attrs['share_draws']}"
    elif "as_of" in forecast.leading:
        days = forecast.ticks["as_of"]
        said = f"as of {len(days)} days from {days[0]} to {days[-1]}; {drawn} each {how}"
    elif "weight" in forecast:
        said = f"{known}; scenarios of {attrs.get('scenarios', 'a program')}; {drawn} each {how}"
    elif forecast.leading:
        said = f"{known}; {variants} on the same {drawn} {how}"
    else:
        said = f"{known}; {drawn} {how}"
    return f"{attrs['election_name']}; {said}{changed}; forecast {version}"


def chosen_names(names: Iterable[str] | None, known: Collection[str]) -> list[str]:
    """The tables asked for (default: all); ``ConfigurationError`` for a name that there is not."""
    chosen = list(known if names is None else names)
    for name in chosen:
        if name not in known:
            raise ConfigurationError(Fault("--table", "", name, f"no such table; {suggest(name, known)}"))
    return chosen


def names_of(forecast: Forecast) -> dict[str, str]:
    """Names of parties and coalitions by id."""
    return {
        subject: name
        for over in ("party", "coalition")
        for subject, name in zip(forecast.names(over), forecast.names(f"{over}_name"), strict=True)
    }


# Cells.


def number(value: Value) -> float | None:
    """A cell that holds a number, if it does."""
    return value if isinstance(value, float | int) else None


def unless_seatless(text: Callable[[Row], str]) -> Callable[[Row], str]:
    """A dash for an option that holds no seats by its kind: that is exact, not drawn."""
    return lambda row: rounding.DASH if row["kind"] in SEATLESS_KINDS else text(row)


def as_is(name: str) -> Callable[[Row], str]:
    """The text of a cell."""
    return lambda row: str(row[name])


def text_of(name: str, text: Callable[[float | None], str]) -> Callable[[Row], str]:
    """A number as people read it."""
    return lambda row: text(number(row[name]))


def pair_of(name: str, other: str, text: Callable[[float | None, float | None], str]) -> Callable[[Row], str]:
    """Two numbers as people read them together: a value and its error, or the ends of an interval."""
    return lambda row: text(number(row[name]), number(row[other]))


def ratio(value: float | None) -> str:
    """A ratio, with two decimals."""
    return rounding.BLANK if value is None else f"{value:.2f}"


def yes_or_no(value: float | None) -> str:
    """A truth."""
    return "yes" if value else "no"
