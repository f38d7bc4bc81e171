"""Tables read back by those who will: pandas, DuckDB, R; and by eye, in what is rounded for people."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.election import load_election
from forecast.tables import Table, tables_of
from forecast.tables.exporting import ONE_EACH, SUFFIXES, export, exported
from tests.forecasts import CONFIG, kazakhstan
from tests.made import made_forecast
from tests.swept import estimate_of, swept

Rows = list[list[Any]]


def _run_tables(folder: Path) -> list[Table]:
    """Of a forecast with pre-election polls, which has every table, and names that are hard to write."""
    return tables_of(made_forecast(folder, 7, odd=True, draws=4_096))


def _exit_poll_tables(folder: Path) -> list[Table]:
    """Of a forecast with missing values: parties that are new, a table of calibration without rows."""
    return tables_of(kazakhstan())


def _sweep_tables(folder: Path) -> list[Table]:
    election = load_election(CONFIG)
    axes = {"threshold": "3%:6%:1%", "method": "hare,dhondt"}
    return tables_of(swept(election, estimate_of(election), axes, draws=2_048))


MADE: dict[str, Callable[[Path], list[Table]]] = {
    "run": _run_tables,
    "run on exit polls": _exit_poll_tables,
    "sweep": _sweep_tables,
}


@pytest.fixture(scope="module", params=list(MADE))
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    return MADE[request.param](tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def folders(tables: list[Table], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of every format that holds one table a file."""
    made = {form: tmp_path_factory.mktemp(form) for form in ONE_EACH}
    for form, folder in made.items():
        export(tables, form, folder / "tables")
    return {form: folder / "tables" for form, folder in made.items()}


def _same(table: Table, names: list[str], rows: Rows, *, digits: int = 17) -> None:
    """``AssertionError`` where names, the number of rows or a cell are others than those of the table."""
    assert names == [column.name for column in table.columns], table.name
    assert len(rows) == len(table.rows), table.name
    for wanted, cells in zip(table.rows, rows, strict=True):
        for column, found in zip(table.columns, cells, strict=True):
            value = wanted[column.name]
            if value is None or value == "":
                assert pd.isna(found) or found == "", (table.name, column.name, found)
            elif column.type == "text":
                assert str(found) == str(value).replace("\r\n", "\n"), (table.name, column.name)
            elif column.type == "day":
                assert str(found)[:10] == value, (table.name, column.name)
            elif digits >= 17:
                assert float(found) == float(value), (table.name, column.name)
            else:  # as many digits as the format keeps
                assert float(found) == pytest.approx(float(value), rel=10.0**-digits, abs=0)


def _frame(table: Table, frame: pd.DataFrame, *, digits: int = 17) -> None:
    _same(table, list(frame.columns), frame.astype(object).to_numpy().tolist(), digits=digits)


def _text_columns(table: Table) -> dict[Hashable, type]:
    """Ids and labels such as ``3%`` or ``007`` are texts, whatever they look like."""
    return {column.name: str for column in table.columns if column.type in ("text", "day")}


def test_pandas_reads_csv(tables: list[Table], folders: dict[str, Path]) -> None:
    for table in tables:
        frame = pd.read_csv(folders["csv"] / f"{table.name}.csv", dtype=_text_columns(table))
        _frame(table, frame)
        for column in table.columns:
            kind = frame[column.name].dtype.kind
            full = all(row[column.name] is not None for row in table.rows)
            if table.rows and column.type == "integer":
                assert kind == ("i" if full else "f"), (table.name, column.name)
            if table.rows and column.type == "number":
                assert kind == "f", (table.name, column.name)


def test_pandas_reads_json(tables: list[Table]) -> None:
    told = json.loads(exported(tables, "json"))["tables"]
    assert list(told) == [table.name for table in tables]
    for table in tables:
        names = [column["name"] for column in told[table.name]["columns"]]
        _frame(table, pd.DataFrame(told[table.name]["rows"], columns=pd.Index(names), dtype=object))
        found = [tuple(column.values()) for column in told[table.name]["columns"]]
        assert found == [(c.name, c.unit, c.type, c.meaning) for c in table.columns]
        assert told[table.name]["notes"] == list(table.notes)


def test_pandas_reads_excel_with_units_and_meanings(tables: list[Table]) -> None:
    pytest.importorskip("openpyxl")
    sheets = pd.read_excel(
        engine="openpyxl", io=io.BytesIO(exported(tables, "xlsx")), sheet_name=None, dtype=object
    )
    assert list(sheets) == [*(table.name for table in tables), "about"]
    about = sheets["about"].fillna("").to_numpy().tolist()
    for table in tables:
        _frame(table, sheets[table.name], digits=14)  # a workbook holds 15 digits, as Excel does
        for column in table.columns:
            assert [table.name, column.name, column.unit, column.meaning] in about


def test_pandas_reads_parquet_with_types_units_and_meanings(
    tables: list[Table], folders: dict[str, Path]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    types = {"text": "string", "integer": "int64", "number": "double", "day": "date32[day]"}
    for table in tables:
        file = folders["parquet"] / f"{table.name}.parquet"
        _frame(table, pd.read_parquet(file))
        schema = parquet.read_schema(file)
        for column in table.columns:
            described = schema.field(column.name)
            assert str(described.type) == types[column.type]
            assert described.metadata[b"unit"].decode() == column.unit
            assert described.metadata[b"meaning"].decode() == column.meaning
        assert schema.metadata[b"provenance"].decode() == table.provenance


DUCKDB = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "day": "DATE"}


@pytest.mark.parametrize("form", ONE_EACH)
def test_duckdb_reads_csv_and_parquet_with_their_types(
    form: str, tables: list[Table], folders: dict[str, Path]
) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as base:
        for table in tables:
            file = folders[form] / f"{table.name}.{form}"
            found = base.execute(f"select * from read_{form}(?)", [str(file)])  # its own guess of the types
            names, kinds = [d[0] for d in found.description], [str(d[1]) for d in found.description]
            _same(table, names, [list(row) for row in found.fetchall()])
            for column, kind in zip(table.columns, kinds, strict=True):
                held = any(row[column.name] not in (None, "") for row in table.rows)
                if form == "parquet" or (held and column.type != "text"):
                    assert kind == DUCKDB[column.type], (table.name, column.name)


NO_READR = 3
READR = f"""
if (!requireNamespace("readr", quietly = TRUE)) quit(status = {NO_READR})
options(warn = 2)
folder <- commandArgs(TRUE)[1]
for (file in list.files(folder, pattern = "[.]csv$")) {{
  place <- file.path(folder, file)
  read <- readr::read_csv(place, show_col_types = FALSE, guess_max = Inf, na = "", trim_ws = FALSE)
  as_text <- function(column) {{
    if (!is.double(column) || inherits(column, "Date")) return(as.character(column))
    ifelse(is.na(column), NA, sprintf("%.17g", column))
  }}
  writeLines(vapply(read, function(column) class(column)[1], ""), sub("csv$", "kinds", place))
  again <- as.data.frame(lapply(read, as_text), check.names = FALSE)
  write.csv(again, sub("csv$", "again", place), row.names = FALSE, na = "", fileEncoding = "UTF-8")
}}
"""


def test_r_reads_csv_with_its_types(tables: list[Table], folders: dict[str, Path]) -> None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("no R here (Rscript is not found)")
    command = [rscript, "-e", READR, str(folders["csv"])]
    in_utf8 = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=in_utf8)
    if done.returncode == NO_READR:
        pytest.skip("R is here, but not its package readr")
    assert done.returncode == 0, done.stderr
    kinds = {"text": "character", "integer": "numeric", "number": "numeric", "day": "Date"}
    for table in tables:
        file = folders["csv"] / f"{table.name}.again"
        with file.open(newline="", encoding="utf-8") as opened:
            names, *rows = list(csv.reader(opened))
        _same(table, names, rows, digits=9)  # readr drops digits after the seventeenth decimal place
        found = file.with_suffix(".kinds").read_text().splitlines()
        for column, kind in zip(table.columns, found, strict=True):
            held = any(row[column.name] not in (None, "") for row in table.rows)
            if held and column.type != "text":
                assert kind == kinds[column.type], (table.name, column.name)


class _Tables(html.parser.HTMLParser):
    """Cells of the tables of a page by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Rows] = {}
        self._rows: Rows = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._rows = self.found.setdefault(str(dict(attrs)["id"]), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self._rows[-1].append("".join(self._cell))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


def _from_html(text: str, tables: list[Table]) -> dict[str, Rows]:
    reader = _Tables()
    reader.feed(text)
    return reader.found


def _from_markdown(text: str, tables: list[Table]) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for table, part in zip(tables, re.split(r"(?m)^### .*$", text)[1:], strict=True):
        lines = [line for line in part.splitlines() if line.startswith("|")]
        cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in (lines[0], *lines[2:])]
        rows = [[html.unescape(re.sub(r"\\(.)", r"\1", cell.strip())) for cell in row] for row in cells]
        found[table.name] = rows
    return found


_LATEX = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textquotedbl{}": '"',
    "$<$": "<",
    "$>$": ">",
    "$|$": "|",
    r"$\pm$": "±",
    "$-$": "\N{MINUS SIGN}",
    "--": "–",
    **{f"\\{sign}": sign for sign in "{}$&%#_"},
}


def _from_latex(text: str, tables: list[Table]) -> dict[str, Rows]:
    signs = re.compile("|".join(map(re.escape, _LATEX)))
    found: dict[str, Rows] = {}
    for table, part in zip(tables, text.split(r"\begin{table}")[1:], strict=True):
        lines = [line.removesuffix(r" \\") for line in part.splitlines() if line.endswith(r" \\")]
        cells = [re.split(r"(?<!\\)&", line) for line in lines]
        found[table.name] = [
            [signs.sub(lambda m: _LATEX[m[0]], cell.strip()) for cell in row] for row in cells
        ]
    return found


@pytest.mark.parametrize(
    ("form", "read"), [("html", _from_html), ("md", _from_markdown), ("latex", _from_latex)]
)
def test_what_people_are_shown_reads_back_as_it_was_rounded(
    form: str, read: Callable[[str, list[Table]], dict[str, Rows]], tables: list[Table]
) -> None:
    found = read(exported(tables, form).decode(), tables)
    assert list(found) == [table.name for table in tables]
    for table in tables:
        wanted = [[shown.title for shown in table.shown], *table.texts()]
        assert found[table.name] == [[_line(text) for text in row] for row in wanted], table.name


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x1f]+", " ", text).strip()


def test_every_format_is_read_back_here() -> None:
    assert set(SUFFIXES) == {"csv", "json", "xlsx", "parquet", "html", "md", "latex"}
