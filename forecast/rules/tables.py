"""Tables of votes as people keep them: columns by name, thousands marks, wrong cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from forecast.door.numbers import is_whole, ungrouped
from forecast.door.sheets import read_sheet
from forecast.errors import ABSENT, Fault, PollDataError, suggest

Value = TypeVar("Value")


@dataclass
class Row:
    """One row: its number in the file (the heading is row 1) and its cells by column."""

    place: str
    number: int
    cells: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def read(self, column: str, parse: Callable[[str], Value], default: Value) -> Value:
        """The parsed cell, ``default`` where it is empty; what is wrong with it goes to the faults."""
        text = self.cells.get(column, "")
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(Fault(self.place, f"row {self.number}, column {column}", text, str(error)))
            return default

    def fault(self, column: str, found: object, remedy: str) -> None:
        """Note what is wrong with a cell."""
        self.faults.append(Fault(self.place, f"row {self.number}, column {column}", found, remedy))


def parse_votes(text: str) -> int:
    """A whole number as people write it: 3431510, 3 431 510, 3,431,510, 3.431.510 or 3'431'510."""
    digits = ungrouped(text) or text
    if is_whole(digits):
        return int(digits)
    msg = "a whole number of votes is expected, such as 331058 or 331 058"
    raise ValueError(msg)


def parse_seats(text: str) -> int:
    """A whole number of seats or members."""
    if is_whole(text):
        return int(text)
    msg = "a whole number is expected, such as 3"
    raise ValueError(msg)


def read_rows(path: Path, place: str, needed: Sequence[str], known: Sequence[str]) -> list[Row]:
    """The rows of a table with the columns ``needed`` and perhaps others of ``known``.

    Raises ``PollDataError`` where there is no such file, no such column, or a row does not fit its heading.
    Blank lines and lines that begin with # are left out.
    """
    sheet = read_sheet(path, empty=f"the table is empty; it needs columns {', '.join(needed)}")
    heading = [name.lower() for name in sheet.heading]
    unnamed = [
        at for at, name in enumerate(heading) if not name and any(line.cells[at] for line in sheet.lines)
    ]
    faults = [
        *sheet.faults,
        *_heading_faults(place, heading, needed, known),
        *(Fault(place, f"column {at + 1}", ABSENT, "a column without a heading") for at in unnamed),
    ]
    if faults:
        raise PollDataError(*faults)
    return [Row(place, line.number, dict(zip(heading, line.cells, strict=True))) for line in sheet.lines]


def _heading_faults(
    place: str, heading: Sequence[str], needed: Sequence[str], known: Sequence[str]
) -> Iterator[Fault]:
    missing = [name for name in needed if name not in heading]
    for name in dict.fromkeys(heading):
        if name and name not in known:
            yield Fault(place, "row 1", name, f"no such column; {suggest(name, missing or known)}")
    for name in missing:
        yield Fault(place, f"column {name}", ABSENT, f"missing; the table needs columns {', '.join(needed)}")
