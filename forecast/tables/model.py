"""What a table is: machine columns with units, plain values, and what people are shown of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

Value = str | int | float | None
Row = Mapping[str, Value]
Type = Literal["text", "integer", "number", "day"]


@dataclass(frozen=True)
class Column:
    """A column as machines read it: full precision, a name that stays.

    ``unit`` is that of the Dataset: ``1`` for shares and probabilities, ``seats``, ``days``; none for texts.
    """

    name: str
    unit: str
    type: Type
    meaning: str


@dataclass(frozen=True)
class Shown:
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
    """Values as their column has them; NaN and NaT are None, whole numbers are integers."""
    if type_ == "integer":
        return [None if value is None or value != value else round(value) for value in values]
    if type_ == "number":
        return [None if value is None or value != value else float(value) for value in values]
    return ["" if value is None else str(value) for value in values]
