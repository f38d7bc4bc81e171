"""Tables to a file, a folder or as one text, in any format; Excel and Parquet need an extra."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.tables import formats

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from forecast.tables.model import Table, Value

_LARGEST_SHEET = 1_048_576
_NARROW, _WIDE = 10, 60


SUFFIXES = {
    "csv": ".csv",
    "json": ".json",
    "md": ".md",
    "latex": ".tex",
    "html": ".html",
    "xlsx": ".xlsx",
    "parquet": ".parquet",
}
"""Formats that are files, and how their names end."""

ONE_EACH = ("csv", "parquet")
"""Formats that hold one table a file."""

_TEXTS = {
    "json": formats.as_json,
    "md": formats.as_markdown,
    "latex": formats.as_latex,
    "html": formats.as_html,
}


def exported(tables: Sequence[Table], format_: str, *, raw: bool = False) -> bytes:
    """The bytes of a file that holds these tables; ``raw`` as for ``formats.as_csv``.

    ``ConfigurationError`` for several in a format of one.
    """
    if format_ in ONE_EACH:
        if len(tables) != 1:
            remedy = f"{format_} holds one table; choose it with --table, or name a folder with -o"
            raise ConfigurationError(Fault("--format", "", format_, remedy))
        table = tables[0]
        return formats.as_csv(table, raw=raw).encode() if format_ == "csv" else as_parquet(table)
    if format_ == "xlsx":
        return as_excel(tables)
    return _TEXTS[format_](tables).encode()


def export(tables: Sequence[Table], format_: str, target: Path, *, raw: bool = False) -> list[Path]:
    """Write tables to ``target``: one file if its name ends as the format's do, else a folder.

    In a folder each table has a file; an Excel workbook holds them all. Returns what was written; ``OSError``
    leaves what was there before.
    """
    from forecast.writing import replacing, replacing_folder

    suffix = SUFFIXES[format_]
    if target.suffix.lower() == suffix and not target.is_dir():
        content = exported(tables, format_, raw=raw)
        with replacing(target) as draft:
            draft.write_bytes(content)
        return [target]
    if target.is_file() or target.suffix.lower() in SUFFIXES.values():
        remedy = f"a folder, or a file whose name ends in {suffix}, is expected for {format_}"
        raise ConfigurationError(Fault("--output", "", str(target), remedy))
    if not tables:
        raise ConfigurationError(Fault("--table", "", ABSENT, "no table is asked for"))
    contents = {table.name: exported([table], format_, raw=raw) for table in tables if format_ != "xlsx"}
    if format_ == "xlsx":
        contents = {"tables": as_excel(tables)}
    with replacing_folder(target) as draft:
        for name, content in contents.items():
            (draft / f"{name}{suffix}").write_bytes(content)
    return [target / f"{name}{suffix}" for name in contents]


def as_excel(tables: Sequence[Table]) -> bytes:
    """A workbook: a sheet a table under machine names, then ``about`` with titles, units and provenance.

    ``ConfigurationError`` where openpyxl is not installed.
    """
    _require("openpyxl", "excel", "Excel")
    from openpyxl import Workbook

    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    for table in tables:
        sheet = book.create_sheet(table.name)
        _append(sheet, [column.name for column in table.columns])
        for row in table.rows[: _LARGEST_SHEET - 1]:
            _append(sheet, [row[column.name] for column in table.columns])
        sheet.freeze_panes = "B2"
        _format(sheet, table)
    about = book.create_sheet("about")
    _append(about, ["table", "column", "unit", "meaning"])
    for table in tables:
        _append(about, [table.name, "", "", " ".join([f"{table.title}.", *table.below])])
        for column in table.columns:
            _append(about, [table.name, column.name, column.unit, column.meaning])
    image = io.BytesIO()
    book.save(image)
    return image.getvalue()


def _append(sheet: Worksheet, values: Sequence[Value]) -> None:
    """A row of cells; a text that begins like a formula stays a text."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cells = []
    for value in values:
        text = isinstance(value, str)
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub(" ", value) if text else value)
        if text:
            cell.data_type = "s"
        cells.append(cell)
    sheet.append(cells)


def _format(sheet: Worksheet, table: Table) -> None:
    from openpyxl.utils import get_column_letter

    for j, column in enumerate(table.columns, start=1):
        letter = get_column_letter(j)
        longest = max((len(str(row[column.name])) for row in table.rows[:100]), default=0)
        wanted = longest if column.type == "text" else len(column.name)
        sheet.column_dimensions[letter].width = max(_NARROW, min(_WIDE, max(wanted, len(column.name)) + 2))
        if column.type == "number" and column.unit in ("1", "seats"):
            style = "0.0%" if column.unit == "1" else "0.0"
            style = "0.000%" if column.unit == "1" and "error" in column.name else style
            for cell in sheet[letter][1:]:
                cell.number_format = style


def as_parquet(table: Table) -> bytes:
    """One table with typed columns; units and meanings are metadata of the fields.

    ``ConfigurationError`` where pyarrow is not installed.
    """
    _require("pyarrow", "parquet", "Parquet")
    import datetime

    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "day": pa.date32()}
    fields, arrays = [], []
    for column in table.columns:
        values = [row[column.name] for row in table.rows]
        if column.type == "day":
            values = [datetime.date.fromisoformat(str(value)) if value else None for value in values]
        about = {"unit": column.unit, "meaning": column.meaning}
        fields.append(pa.field(column.name, types[column.type], metadata=about))
        arrays.append(pa.array(values, types[column.type]))
    about = {"title": table.title, "notes": json.dumps(table.notes), "provenance": table.provenance}
    about["warnings"] = json.dumps(table.warnings, ensure_ascii=False)
    image = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=about)), image)
    return image.getvalue()


def _require(module: str, extra: str, what: str) -> None:
    if find_spec(module) is None:
        remedy = f"{what} needs {module}, which is not installed; pip install 'forecast[{extra}]'"
        raise ConfigurationError(Fault("--format", "", ABSENT, remedy))
