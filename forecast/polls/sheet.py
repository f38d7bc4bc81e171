"""Text tables as people save them: encodings, byte-order marks, separators, quoted cells."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from forecast.errors import ABSENT, Fault, PollDataError

_ENCODINGS = ("utf-8-sig", "cp1251")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SEPARATORS = (";", "\t", ",")


@dataclass(frozen=True)
class Line:
    """One line of cells; ``number`` is that of its first line in the file, the heading being 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A heading, the lines below it, and what is wrong with their number of cells."""

    place: str
    heading: tuple[str, ...]
    lines: tuple[Line, ...]
    faults: tuple[Fault, ...]


def read_sheet(path: str | Path) -> Sheet:
    """The cells of a table, separated by comma, semicolon or tab (whichever the heading has most of).

    Blank lines and lines that begin with # are passed over. ``PollDataError`` where there is no such file,
    where it is no text, or where it is empty.
    """
    place = str(path)
    text = _text(Path(path), place)
    lines = _lines(text, place)
    if not lines:
        raise PollDataError(
            Fault(place, "", ABSENT, "the table is empty; a heading and one row a poll are expected")
        )
    heading = tuple(cell.strip() for cell in lines[0].cells)
    faults = tuple(_length_fault(place, line, heading) for line in lines[1:] if _too_long(line, heading))
    filled = (
        Line(line.number, (*line.cells, *[""] * (len(heading) - len(line.cells))))
        for line in lines[1:]
        if not _too_long(line, heading)
    )
    return Sheet(place, heading, tuple(filled), faults)


def _text(path: Path, place: str) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise PollDataError(Fault(place, "", ABSENT, "no such file")) from None
    except IsADirectoryError:
        raise PollDataError(Fault(place, "", ABSENT, "this is a folder; a table (CSV) is expected")) from None
    except OSError as error:
        raise PollDataError(Fault(place, "", ABSENT, f"cannot be read: {error.strerror}")) from None
    encodings = ("utf-16",) if data[:2] in _BYTE_ORDER_MARKS else _ENCODINGS
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise PollDataError(Fault(place, "", ABSENT, "this is no text table; save it as CSV in UTF-8"))


def _lines(text: str, place: str) -> list[Line]:
    first = next((line for line in text.splitlines() if line.strip() and not _is_comment(line)), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    lines: list[Line] = []
    before = 0
    try:
        for cells in reader:
            number, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells) and not _is_comment(cells[0]):
                lines.append(Line(number, tuple(cell.strip() for cell in cells)))
    except csv.Error as error:
        raise PollDataError(Fault(place, f"row {before + 1}", ABSENT, f"not a table: {error}")) from None
    return lines


def _is_comment(text: str) -> bool:
    return text.lstrip("\ufeff \t").startswith("#")


def _too_long(line: Line, heading: tuple[str, ...]) -> bool:
    return any(line.cells[len(heading) :])


def _length_fault(place: str, line: Line, heading: tuple[str, ...]) -> Fault:
    remedy = (
        f"{len(line.cells)} cells under {len(heading)} headings; put cells that hold a separator in quotes"
    )
    return Fault(place, f"row {line.number}", ABSENT, remedy)
