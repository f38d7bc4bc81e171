"""Tables in whatever of the forms that people save, as cells of text, within bounds: text (CSV) with its
separators, byte-order marks, quoted cells and remarks, spreadsheets (Excel, OpenDocument), saved pages
(HTML).

Spreadsheets are read by calamine, which comes with ``forecast[excel]``. It is handed only what was unpacked
and counted here: a small file may stand for a disk full, and one cell at the far end of a sheet for all
cells before it. Cells of pages are as a reader sees them: spans filled, notes and hidden keys left out.
"""

from __future__ import annotations

import csv
import datetime
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

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


class Sheet(NamedTuple):
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


def table_of_bytes(
    data: bytes, place: str, refusal: Refusal, *, wanted: str, empty: str, names: Iterable[str] = ()
) -> Sheet:
    """The table in a text (CSV), packed where ``place`` ends in ``.gz``, or in a spreadsheet: of its sheets
    the first with a column ``wanted``, else the first that holds anything.

    ``names`` are such as the table should hold, by which its encoding is known. ``refusal`` where it is no
    table, and where it is ``empty``.
    """
    if place.endswith(".gz"):
        data = unpacked(data, place, refusal, most=MOST_OF_A_TABLE)
    said: tuple[str, ...] = ()
    if is_book(data):
        sheets = [lines for _, lines in book_sheets(data, place, refusal) if lines]
        having = [lines for lines in sheets if wanted in (cell.strip().casefold() for cell in lines[0].cells)]
        lines = iter(next(iter([*having, *sheets]), ()))
    else:
        text = written(data, place, refusal, names=names)
        said = (f"{place}: {text.doubt}",) if text.doubt else ()
        lines = lines_of_text(text, place, refusal)
    first = next(lines, None)
    if first is None:
        raise refusal(Fault(place, "", ABSENT, empty))
    opened = fitted(first, lines, place, refusal)
    found = tuple(opened.lines)
    return Sheet(opened.place, opened.heading, found, tuple(opened.faults), said)


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


# Spreadsheets.

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_ROWS = 200_000
_MOST_PARTS = 2_000
_MOST_REPEATED = 2_000
_AT = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_REPEATED = re.compile(rb'(number-(?:rows|columns)-repeated=")(\d+)(")')


def is_book(data: bytes) -> bool:
    """Whether a file is a spreadsheet, by how it begins."""
    return data.startswith(_OLE) or (
        data.startswith(_ZIP) and (b"xl/" in data or b"opendocument.spreadsheet" in data[:200])
    )


def book_sheets(data: bytes, place: str, refusal: Refusal) -> list[tuple[str, tuple[Line, ...]]]:
    """Every sheet by its name, as lines of text: days year-month-day, numbers with a point.

    ``refusal`` where the reader is not installed, where the file is damaged, or larger than tables are.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        remedy = "a spreadsheet is read where forecast[excel] is installed; install it, or save it as CSV"
        raise refusal(Fault(place, "", ABSENT, remedy)) from None
    checked = data if data.startswith(_OLE) else _repacked(data, place, refusal)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(checked))
        return [
            (name, tuple(_lines_of_rows(book.get_sheet_by_name(name).to_python(skip_empty_area=False))))
            for name in book.sheet_names
        ]
    except (CalamineError, ValueError, OSError) as error:
        said = " ".join(str(error).split())[:100]
        raise refusal(
            Fault(place, "", ABSENT, f"this spreadsheet cannot be read ({said}); save it as CSV")
        ) from None


def _repacked(data: bytes, place: str, refusal: Refusal) -> bytes:
    """The file with every part unpacked and counted; rows that are repeated to fill a sheet are not."""
    found = BytesIO()
    size = 0
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed, zipfile.ZipFile(found, "w") as plain:
            parts = packed.infolist()
            if len(parts) > _MOST_PARTS:
                raise refusal(Fault(place, "", ABSENT, f"over {_MOST_PARTS:,} parts, which no table has"))
            for part in parts:
                size += part.file_size
                if size > MOST_OF_A_TABLE:
                    remedy = f"larger than {MOST_OF_A_TABLE:,} bytes when unpacked, which none such file is"
                    raise refusal(Fault(place, "", ABSENT, remedy))
                plain.writestr(part.filename, _moderate(packed.read(part), part.filename, place, refusal))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        raise refusal(Fault(place, "", ABSENT, "this spreadsheet is damaged, or locked")) from None
    return found.getvalue()


def _moderate(part: bytes, name: str, place: str, refusal: Refusal) -> bytes:
    if name.endswith("content.xml"):
        return _REPEATED.sub(_seldom, part)
    if "worksheets/" in name:
        columns = {len(letters): letters for letters, _ in _AT.findall(part)}
        rows = max((int(row) for _, row in _AT.findall(part)), default=0)
        if rows > _MOST_ROWS or 3 in columns:
            remedy = f"cells beyond row {_MOST_ROWS:,} or column ZZ; save the table that is meant as CSV"
            raise refusal(Fault(place, "", ABSENT, remedy))
    return part


def _seldom(found: re.Match[bytes]) -> bytes:
    often = int(found.group(2)) if len(found.group(2)) < 9 else _MOST_REPEATED + 1
    return found.group(1) + (b"1" if often > _MOST_REPEATED else found.group(2)) + found.group(3)


def _lines_of_rows(rows: Sequence[Sequence[Any]]) -> Iterator[Line]:
    for number, row in enumerate(rows, start=1):
        cells = tuple(_cell_text(cell) for cell in row[:MOST_COLUMNS])
        if any(cells):
            yield Line(number, cells)


def _cell_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ")
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return "" if cell is None else str(cell).strip()


# Pages.

MOST_CELLS = 2_000_000
"""Of all tables of a page, spans filled."""
_MOST_ROWS_SPANNED = 500
_UNREAD = frozenset({"style", "script", "template", "noscript"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_EMPTY_TAGS = frozenset({"br", "img", "hr", "input", "wbr", "col", "link", "meta", "area", "base", "source"})
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HIDDEN_CLASSES = frozenset({"sortkey", "reference", "mw-editsection", "navbar", "metadata", "noprint"})
_START = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)?"
                    rb"<(?:!doctype\s+html|html|table|div|head|body)\b",
                    re.IGNORECASE | re.DOTALL)  # fmt: skip


@dataclass
class _Cell:
    heading: bool
    rows: int
    columns: int
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self.parts).split("\n"))
        return "\n".join(line for line in lines if line)


class PageTable(NamedTuple):
    """A table of a page: ``headings`` above it, its heading, and its rows by their number in the table."""

    about: tuple[str, ...]
    heading: tuple[str, ...]
    lines: tuple[Line, ...]


def is_page(data: bytes) -> bool:
    """Whether a file is a page, by how it begins."""
    return _START.match(data[:2_000]) is not None


def page_tables(text: str, place: str, refusal: Refusal) -> list[PageTable]:
    """Every table of a page that has a heading and two columns or more.

    What is small print to a reader is left out: notes (``<sup>``), keys to sort by, whatever is not
    displayed. A cell that spans rows or columns stands in each of them. Rows of headings are one heading.
    """
    reader = _PageReader(place, refusal)
    reader.feed(text)
    reader.close()
    found = [_table_of(about, rows) for about, rows in reader.tables]
    return [table for table in found if table is not None]


class _PageReader(HTMLParser):
    """Walks through a page and keeps its tables; a table within a cell is text of that cell."""

    def __init__(self, place: str, refusal: Refusal) -> None:
        super().__init__(convert_charrefs=True)
        self._place, self._refusal = place, refusal
        self.tables: list[tuple[tuple[str, ...], list[list[_Cell]]]] = []
        self._above: dict[int, str] = {}
        self._heading: tuple[int, list[str]] | None = None
        self._caption: list[str] | None = None
        self._about: list[str] = []
        self._rows: list[list[_Cell]] = []
        self._cell: _Cell | None = None
        self._depth = 0
        self._skipping: list[str] = []
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open what a tag opens."""
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.append(tag)
            return
        if tag not in _EMPTY_TAGS and _is_unread(tag, dict(attrs)):
            self._skipping.append(tag)
        elif tag == "table":
            self._open_table()
        elif self._depth == 1 and tag == "tr":
            self._cell = None
            self._rows.append([])
        elif self._depth == 1 and tag in ("td", "th"):
            self._open_cell(tag, dict(attrs))
        elif self._depth == 1 and tag == "caption":
            self._caption = []
        elif tag in ("br", "p", "div", "li", "hr"):
            self.handle_data("\n")
        elif not self._depth and tag in _HEADINGS:
            self._heading = (_HEADINGS[tag], [])

    def handle_endtag(self, tag: str) -> None:
        """Close what a tag closes."""
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.pop()
        elif tag == "table" and self._depth:
            self._depth -= 1
            if not self._depth:
                self.tables.append((tuple(self._about), self._rows))
                self._rows, self._cell = [], None
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._cell = None
        elif self._depth == 1 and tag == "caption" and self._caption is not None:
            self._about.append(" ".join("".join(self._caption).split()))
            self._caption = None
        elif self._heading is not None and tag in _HEADINGS:
            level, parts = self._heading
            self._above = {above: text for above, text in self._above.items() if above < level}
            self._above[level] = " ".join("".join(parts).split())
            self._heading = None

    def handle_data(self, data: str) -> None:
        """Text of a cell, a caption or a heading."""
        if self._skipping:
            return
        if self._cell is not None:
            self._cell.parts.append(data)
        elif self._caption is not None:
            self._caption.append(data)
        elif self._heading is not None:
            self._heading[1].append(data)

    def _open_table(self) -> None:
        self._depth += 1
        if self._depth == 1:
            self._about = [text for _, text in sorted(self._above.items()) if text]
            self._rows, self._cell, self._caption = [], None, None

    def _open_cell(self, tag: str, attrs: dict[str, str | None]) -> None:
        if not self._rows:
            self._rows.append([])
        rows = min(_number(attrs.get("rowspan")) or _MOST_ROWS_SPANNED, _MOST_ROWS_SPANNED)
        columns = max(1, _number(attrs.get("colspan")))
        self._cells += rows * columns
        if columns > MOST_COLUMNS or self._cells > MOST_CELLS:
            remedy = f"its tables have over {MOST_CELLS:,} cells, or a cell over {MOST_COLUMNS:,} columns"
            raise self._refusal(Fault(self._place, "", ABSENT, remedy))
        self._cell = _Cell(tag == "th", rows, columns)
        self._rows[-1].append(self._cell)


def _number(text: str | None) -> int:
    """A number of rows or columns; 1 where it is not given, 0 for all that follow."""
    return int(text) if text and text.strip().isascii() and text.strip().isdigit() and len(text) < 9 else 1


def _is_unread(tag: str, attrs: dict[str, str | None]) -> bool:
    classes = set((attrs.get("class") or "").split())
    hidden = _HIDDEN.search(attrs.get("style") or "") is not None
    return tag in _UNREAD or tag == "sup" or hidden or bool(classes & _HIDDEN_CLASSES)


def _table_of(about: tuple[str, ...], rows: Sequence[Sequence[_Cell]]) -> PageTable | None:
    grid = _filled(rows)
    above = 0
    while above < len(grid) and all(cell.heading for cell in grid[above] if cell is not None):
        above += 1
    above = above or 1
    if len(grid) <= above:
        return None
    width = max(len(row) for row in grid)
    heading = tuple(_joined([_page_text(row, at) for row in grid[:above]]) for at in range(width))
    lines = tuple(
        Line(number, tuple(_page_text(row, at) for at in range(width)))
        for number, row in enumerate(grid[above:], start=above + 1)
    )
    return PageTable(about, heading, lines) if width > 1 else None


def _page_text(row: Sequence[_Cell | None], at: int) -> str:
    cell = row[at] if at < len(row) else None
    return cell.text if cell is not None else ""


def _joined(texts: Sequence[str]) -> str:
    """One heading of several above each other: the lowest that says something, as that of the column."""
    return next((" ".join(text.split()) for text in reversed(texts) if text), "")


def _filled(rows: Sequence[Sequence[_Cell]]) -> list[list[_Cell | None]]:
    """The cells by row and column, each in all rows and columns that it spans."""
    grid: list[list[_Cell | None]] = []
    hanging: dict[int, tuple[_Cell, int]] = {}
    for row in rows:
        filled: list[_Cell | None] = []
        waiting = list(row)
        while waiting or any(at >= len(filled) for at in hanging):
            at = len(filled)
            if at in hanging:
                cell, left = hanging.pop(at)
                if left > 1:
                    hanging[at] = (cell, left - 1)
                filled.append(cell)
                continue
            if not waiting:
                filled.append(None)
                continue
            cell = waiting.pop(0)
            for _ in range(cell.columns):
                if cell.rows > 1:
                    hanging[len(filled)] = (cell, cell.rows - 1)
                filled.append(cell)
        grid.append(filled)
    return [row for row in grid if row]
