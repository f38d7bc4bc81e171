"""The tables of a saved page (HTML): cells as a reader sees them, spans filled, notes and hidden keys left
out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from forecast.door.files import Refusal
from forecast.door.sheets import MOST_COLUMNS, Line
from forecast.errors import ABSENT, Fault

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


@dataclass(frozen=True)
class PageTable:
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
    reader = _Reader(place, refusal)
    reader.feed(text)
    reader.close()
    found = [_table_of(about, rows) for about, rows in reader.tables]
    return [table for table in found if table is not None]


class _Reader(HTMLParser):
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
    heading = tuple(_joined([_text(row, at) for row in grid[:above]]) for at in range(width))
    lines = tuple(
        Line(number, tuple(_text(row, at) for at in range(width)))
        for number, row in enumerate(grid[above:], start=above + 1)
    )
    return PageTable(about, heading, lines) if width > 1 else None


def _text(row: Sequence[_Cell | None], at: int) -> str:
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
