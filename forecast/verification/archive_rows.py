"""Tables of an archive: rows whose cells are read and checked one by one."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forecast.door.sheets import read_sheet
from forecast.errors import ABSENT, Fault, PollDataError, suggest

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")


@dataclass
class ArchiveRow:
    """One row of a table: empty cells are missing ones; what cannot be read goes to ``faults``."""

    place: str
    number: int
    cells: dict[str, str]
    faults: list[Fault] = field(default_factory=list)

    def text(self, column: str) -> str:
        """The text of a cell; empty where there is no such column."""
        return self.cells.get(column, "")

    def needed(self, column: str, what: str) -> str:
        """The text of a cell that may not be empty."""
        if not self.text(column):
            self.note(column, ABSENT, f"missing; {what}")
        return self.text(column)

    def number_in(self, column: str, least: float, most: float, what: str) -> float:
        """The number in a cell, from ``least`` to ``most``; NaN for an empty one."""
        text = self.text(column)
        if not text:
            return float("nan")
        number = float(text) if _NUMBER.fullmatch(text) else float("nan")
        if least <= number <= most:
            return number
        remedy = (
            f"{what} from {least:,g} to {most:,g} is expected" if number == number else "a number is expected"
        )
        self.note(column, text, remedy)
        return float("nan")

    def day_in(self, column: str) -> datetime.date | None:
        """The day in a cell; ``None`` for an empty one."""
        text = self.text(column)
        try:
            return datetime.date.fromisoformat(text) if text else None
        except ValueError:
            self.note(column, text, "a day such as 2021-09-26 is expected")
            return None

    def note(self, column: str, found: object, remedy: str) -> None:
        """Note what is wrong with a cell, or with the row where no column is named."""
        where = f"row {self.number}" + (f", column {column}" if column else "")
        self.faults.append(Fault(self.place, where, found, remedy))


def read_archive_rows(root: Path, name: str, needed: Sequence[str], faults: list[Fault]) -> list[ArchiveRow]:
    """The rows of a table of the archive, packed or not; what is wrong with single rows goes to ``faults``.

    ``PollDataError`` where there is no such table or it lacks a column.
    """
    path = root / name
    if not path.exists() and (root / f"{name}.gz").exists():
        path = root / f"{name}.gz"
    sheet = read_sheet(path, missing="no such file; an archive needs it")
    missing = [
        Fault(sheet.place, f"column {column}", ABSENT, f"missing; {suggest(column, sheet.heading)}")
        for column in needed
        if column not in sheet.heading
    ]
    if missing:
        raise PollDataError(*missing)
    faults += sheet.faults
    return [
        ArchiveRow(sheet.place, line.number, dict(zip(sheet.heading, line.cells, strict=True)))
        for line in sheet.lines
    ]


def refuse_twice(rows: Sequence[ArchiveRow], key_of: Callable[[ArchiveRow], object], column: str) -> None:
    """Note rows whose key an earlier row has."""
    first: dict[object, int] = {}
    for row in rows:
        before = first.setdefault(key_of(row), row.number)
        if before != row.number:
            row.note(column, row.text(column), f"row {before} has this already; keep one")
