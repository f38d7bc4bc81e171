"""Tables as people save them: separators, byte-order marks, quoted cells, remarks; and what is no table."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from forecast.door.files import MOST_OF_A_TABLE, Refusal, Remedy, Written, read_bytes, unpacked, written
from forecast.errors import ABSENT, UNSEEN, Fault, PollDataError, first_unseen

MOST_COLUMNS = 2_000
MOST_LETTERS = 20_000
"""Of one cell."""
MOST_FAULTS = 10_000
"""Of one table; what follows is not looked at."""
SEPARATORS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "bars"}
"""What stands between cells, as people call it."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Line(NamedTuple):
    """One line of cells; ``number`` is that of its first line in the file, the heading being 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A heading, the lines that have a cell for each of its columns, and what is wrong with the rest.

    ``said`` is how the file was understood: its encoding, its separator. ``about`` are the headings above the
    table where it stands on a page, the outermost first; ``number`` counts the tables of one file.
    """

    place: str
    heading: tuple[str, ...]
    lines: tuple[Line, ...]
    faults: tuple[Fault, ...]
    said: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    number: int = 1


@dataclass
class OpenSheet:
    """A heading, and the lines below it one by one; ``faults`` grow while they are read."""

    place: str
    heading: tuple[str, ...]
    lines: Iterator[Line]
    faults: list[Fault] = field(default_factory=list)


def read_sheet(
    path: str | Path,
    *,
    empty: str = "the table is empty; a heading and rows below it are expected",
    missing: Remedy = "no such file",
    folder: Remedy = "this is a folder; a table (CSV) is expected",
    refusal: Refusal = PollDataError,
) -> Sheet:
    """The cells of a table; as ``open_sheet``, whole."""
    opened = open_sheet(path, empty=empty, missing=missing, folder=folder, refusal=refusal)
    lines = tuple(opened.lines)
    return Sheet(opened.place, opened.heading, lines, tuple(opened.faults))


def open_sheet(
    path: str | Path,
    *,
    most: int = MOST_OF_A_TABLE,
    empty: str = "the table is empty; a heading and rows below it are expected",
    missing: Remedy = "no such file",
    folder: Remedy = "this is a folder; a table (CSV) is expected",
    refusal: Refusal = PollDataError,
) -> OpenSheet:
    """A table separated by comma, semicolon, tab or bar (whichever the heading has most of); packed where its
    name ends in ``.gz``.

    Blank lines and lines that begin with # are passed over. ``refusal`` where there is no such file, where it
    is no text, where it is empty (``empty``), and where a quoted cell does not end. A row with more or fewer
    cells than headings, a heading that comes twice and a character that nobody sees are faults: a row that
    lacks a separator gives every party its neighbour's number.
    """
    file, place = Path(path), str(path)
    data = read_bytes(file, refusal, most=most, missing=missing, folder=folder)
    if file.suffix == ".gz":
        data = unpacked(data, place, refusal, most=most)
    records = lines_of_text(written(data, place, refusal), place, refusal)
    first = next(records, None)
    if first is None:
        raise refusal(Fault(place, "", ABSENT, empty))
    return fitted(first, records, place, refusal)


def fitted(first: Line, below: Iterable[Line], place: str, refusal: Refusal) -> OpenSheet:
    """A heading, and of the lines below it those with a cell for each of its columns; others are faults."""
    heading = first.cells
    if len(heading) > MOST_COLUMNS:
        remedy = f"{len(heading):,} columns; at most {MOST_COLUMNS:,} are expected"
        raise refusal(Fault(place, f"row {first.number}", ABSENT, remedy))
    faults = [*_heading_faults(place, heading), *_cell_faults(place, first)]
    opened = OpenSheet(place, heading, iter(()), faults)
    opened.lines = _fitting(opened, below)
    return opened


def _fitting(opened: OpenSheet, records: Iterable[Line]) -> Iterator[Line]:
    """The lines with a cell for every heading."""
    place, width = opened.place, len(opened.heading)
    named = max((at for at, name in enumerate(opened.heading, start=1) if name), default=0)
    for line in records:
        found: list[Fault] = []
        if len(line.cells) == width and isinstance(line, SeenLine):
            yield line
            continue
        wrong = len(line.cells) < named or any(line.cells[width:])
        if wrong:
            remedy = f"{len(line.cells):,} cells under {named:,} headings; " + (
                "put cells that hold a separator in quotes, or name the column"
                if len(line.cells) > width
                else "write every separator, of empty cells too"
            )
            opened.faults.append(Fault(place, f"row {line.number}", ABSENT, remedy))
        found = list(_cell_faults(place, line, opened.heading))
        opened.faults += found
        if len(opened.faults) >= MOST_FAULTS:
            opened.faults.append(Fault(place, "", ABSENT, f"not read beyond row {line.number}"))
            return
        if not wrong and not found:
            yield Line(line.number, (*line.cells[:width], *[""] * (width - len(line.cells))))


class SeenLine(Line):
    """A line of which it is known that its cells hold nothing that nobody sees, and are not too long."""

    __slots__ = ()


def lines_of_text(text: Written, place: str, refusal: Refusal, separator: str = "") -> Iterator[Line]:
    """The lines of cells of a text, without remarks and blank lines; ``separator`` is found out where it is
    not given. ``refusal`` for a quoted cell that does not end.
    """
    lines = _PhysicalLines(text)
    separator = separator or separator_of(lines.first())
    reader = csv.reader(iter(lines), delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            remedy = (
                f"a quoted cell that does not end, has text behind it, or over {MOST_LETTERS:,} letters; "
                'a quote within quotes is written twice ("")'
            )
            raise refusal(Fault(place, f"row {lines.record}", ABSENT, remedy)) from None
        clean = [cell.strip() for cell in cells]
        if any(clean):
            if lines.seen and not lines.several:
                yield SeenLine(lines.record, tuple(clean))
            else:
                yield Line(
                    lines.record, tuple(cell.replace("\r\n", "\n").replace("\r", "\n") for cell in clean)
                )


def separator_of(heading: str) -> str:
    """What separates the cells of a heading: what it has most of."""
    return max(SEPARATORS, key=heading.count)


def first_line(text: Written) -> str:
    """The first line of a text that is neither blank nor a remark."""
    return _PhysicalLines(text).first()


class _PhysicalLines:
    """The lines of a text, decoded as they are asked for, without remarks and blank lines between records."""

    def __init__(self, text: Written) -> None:
        self._text = text
        self._plain = text.data.isascii() and not _CONTROLS.search(text.data)
        self._number = 0
        self._beginning = True
        self.record = 0
        """Number of the line on which the record began that is being read."""
        self.seen = True
        """Whether that record is known to hold nothing that nobody sees, and not to be long."""
        self.several = False
        """Whether it has more than one line."""

    def first(self) -> str:
        """The first line that is neither blank nor a remark."""
        return next((line for line in self._stream() if not _passed_over(line)), "")

    def _stream(self) -> TextIOWrapper:
        return TextIOWrapper(BytesIO(self._text.data), encoding=self._text.encoding, newline="")

    def begin(self) -> None:
        """Say that the next line begins a record."""
        self._beginning = True

    def __iter__(self) -> Iterator[str]:
        for line in self._stream():
            self._number += 1
            if self._beginning:
                if line[:1] in "# \t\r\n\ufeff\x0b\x0c" and _passed_over(line):
                    continue
                self._beginning, self.record, self.several = False, self._number, False
                self.seen = len(line) < MOST_LETTERS
            else:
                self.several = True
            if not self._plain and self.seen:
                self.seen = UNSEEN.search(line.rstrip("\r\n")) is None
            yield line


def _passed_over(line: str) -> bool:
    return not line.strip() or line.lstrip("\ufeff \t").startswith("#")


def _heading_faults(place: str, heading: Sequence[str]) -> Iterator[Fault]:
    often = Counter(" ".join(name.casefold().split()) for name in heading if name)
    for name in heading:
        if name and often.pop(" ".join(name.casefold().split()), 0) > 1:
            yield Fault(place, f"column {name}", ABSENT, "this column comes twice")


def _cell_faults(place: str, line: Line, heading: Sequence[str] = ()) -> Iterator[Fault]:
    """Cells with characters that nobody sees, and those that are longer than cells are."""
    if sum(map(len, line.cells)) < MOST_LETTERS and not first_unseen(["".join(line.cells)]):
        return
    for number, cell in enumerate(line.cells):
        name = heading[number] if number < len(heading) and heading[number] else str(number + 1)
        where = f"row {line.number}, column {name}"
        unseen = first_unseen([cell])
        if unseen:
            remedy = f"this cell holds the character {unseen}, which nobody sees; take it out"
            yield Fault(place, where, cell, remedy)
        elif len(cell) > MOST_LETTERS:
            remedy = f"a cell of {len(cell):,} letters; at most {MOST_LETTERS:,} are expected"
            yield Fault(place, where, cell, remedy)
