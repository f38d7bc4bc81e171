"""Spreadsheets (Excel, OpenDocument): their sheets as cells of text, within bounds; and a table in whatever
of the forms that people save.

Read by calamine, which comes with ``forecast[excel]``. It is handed only what was unpacked and counted here:
a small file may stand for a disk full, and one cell at the far end of a sheet for all cells before it.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from forecast.door.files import MOST_OF_A_TABLE, Refusal, unpacked, written
from forecast.door.sheets import MOST_COLUMNS, Line, Sheet, fitted, lines_of_text
from forecast.errors import ABSENT, Fault

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
        book = CalamineWorkbook.from_filelike(io.BytesIO(checked))
        return [
            (name, tuple(_lines(book.get_sheet_by_name(name).to_python(skip_empty_area=False))))
            for name in book.sheet_names
        ]
    except (CalamineError, ValueError, OSError) as error:
        said = " ".join(str(error).split())[:100]
        raise refusal(
            Fault(place, "", ABSENT, f"this spreadsheet cannot be read ({said}); save it as CSV")
        ) from None


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


def _repacked(data: bytes, place: str, refusal: Refusal) -> bytes:
    """The file with every part unpacked and counted; rows that are repeated to fill a sheet are not."""
    found = io.BytesIO()
    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(found, "w") as plain:
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


def _lines(rows: Sequence[Sequence[Any]]) -> Iterator[Line]:
    for number, row in enumerate(rows, start=1):
        cells = tuple(_text(cell) for cell in row[:MOST_COLUMNS])
        if any(cells):
            yield Line(number, cells)


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ")
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return "" if cell is None else str(cell).strip()
