"""Tables of votes as people keep them: separators, byte order marks, thousands marks, wrong rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from forecast.errors import ABSENT, Fault, PollDataError, suggest

Value = TypeVar("Value")

_GROUPED = re.compile(r"\d{1,3}(?:[ .,'’_\u00a0\u2009\u202f]\d{3})+")
LONGEST_ROW = 100_000
"""Characters of a row that are looked at; no table of votes has more."""
_ENCODINGS = ("utf-8-sig", "utf-16", "cp1251")


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
    if text.isascii() and text.isdigit():
        return int(text)
    if _GROUPED.fullmatch(text):
        return int(re.sub(r"\D", "", text))
    msg = "a whole number of votes is expected, such as 331058 or 331 058"
    raise ValueError(msg)


def parse_seats(text: str) -> int:
    """A whole number of seats or members."""
    if text.isascii() and text.isdigit():
        return int(text)
    msg = "a whole number is expected, such as 3"
    raise ValueError(msg)


def read_rows(path: Path, place: str, needed: Sequence[str], known: Sequence[str]) -> list[Row]:
    """The rows of a table with the columns ``needed`` and perhaps others of ``known``.

    Raises ``PollDataError`` where there is no such file, no such column, or a row does not fit its heading.
    Blank lines and lines that begin with # are left out.
    """
    lines = [
        (number, line)
        for number, line in enumerate(_text(path, place).splitlines(), start=1)
        if line.strip(" \t;,") and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise PollDataError(
            Fault(place, "", ABSENT, f"the table is empty; it needs columns {', '.join(needed)}")
        )
    separator = _separator(lines[0][1])
    heading = [cell.lower() for cell in _cells(lines[0][1], separator)]
    faults = list(_heading_faults(place, heading, needed, known))
    rows: list[Row] = []
    for number, line in lines[1:]:
        cells = _cells(line, separator)
        if len(cells) > len(heading) and any(cells[len(heading) :]):
            remedy = f"{len(cells)} cells for {len(heading)} columns; quote numbers that hold a separator"
            faults.append(Fault(place, f"row {number}", ABSENT, remedy))
            continue
        rows.append(Row(place, number, dict(zip(heading, cells, strict=False))))
    if faults:
        raise PollDataError(*faults)
    return rows


def _text(path: Path, place: str) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise PollDataError(Fault(place, "", ABSENT, "no such file")) from None
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise PollDataError(Fault(place, "", ABSENT, f"cannot be read: {reason}")) from None
    for encoding in _ENCODINGS:
        if encoding == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PollDataError(Fault(place, "", ABSENT, "not a text table; save it as CSV in UTF-8"))


def _cells(line: str, separator: str) -> list[str]:
    """The cells of a line without the blanks around them."""
    reader = csv.reader([line[:LONGEST_ROW]], delimiter=separator, skipinitialspace=True)
    return [cell.strip() for cell in next(reader)]


def _separator(heading: str) -> str:
    return max((";", "\t", ","), key=heading.count)


def _heading_faults(
    place: str, heading: Sequence[str], needed: Sequence[str], known: Sequence[str]
) -> Iterator[Fault]:
    missing = [name for name in needed if name not in heading]
    for name in dict.fromkeys(heading):
        if heading.count(name) > 1:
            yield Fault(place, f"column {name}", ABSENT, "this column comes twice")
        elif name not in known:
            yield Fault(place, "row 1", name, f"no such column; {suggest(name, missing or known)}")
    for name in missing:
        yield Fault(place, f"column {name}", ABSENT, f"missing; the table needs columns {', '.join(needed)}")
