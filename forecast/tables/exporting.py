"""Tables to a file, a folder or as one text, in any format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.tables import binary, formats

if TYPE_CHECKING:
    from forecast.tables.model import Table

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
        return formats.as_csv(table, raw=raw).encode() if format_ == "csv" else binary.as_parquet(table)
    if format_ == "xlsx":
        return binary.as_excel(tables)
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
        contents = {"tables": binary.as_excel(tables)}
    with replacing_folder(target) as draft:
        for name, content in contents.items():
            (draft / f"{name}{suffix}").write_bytes(content)
    return [target / f"{name}{suffix}" for name in contents]
