"""Tables in every form: to a file, a folder or as one text, in any format (Excel and Parquet need an extra);
on the terminal; in a notebook.

CSV and JSON hold every row to twelve digits under the machine names of the columns; Markdown, LaTeX and HTML
hold what people are shown.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import ABSENT, ConfigurationError, Fault, json_text, safe, visible
from forecast.tables import tables_of, tables_shown
from forecast.words.rounding import percent

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.result import Forecast
    from forecast.tables.definitions import Shown, Table, Value


_MARKDOWN = re.compile(r"([\\`*_{}\[\]>|#~$])")
_MARKDOWN_TAG = re.compile(r"<(?=[A-Za-z/!?])")
"""What could begin a tag. Not every Markdown knows a backslash before it, and ``<0.1 %`` needs none."""
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "–": "--",
    "\N{MINUS SIGN}": "$-$",
}
_LONGEST_TEXT = 20_000
_FORMULA = re.compile(r"[\t\r=@]|[+-](?![0-9.]+(?:[eE][+-]?[0-9]+)?$)")
"""How a text begins that a spreadsheet runs; signed numbers are none."""
_STYLE = """body { font: 16px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 1rem }
table { border-collapse: collapse; margin: 2rem 0 .5rem }
caption { text-align: left; font-weight: bold; padding-bottom: .5rem }
th, td { padding: .25rem .75rem; text-align: left; border-bottom: 1px solid #ccc; vertical-align: top }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
p { color: #555; font-size: .875rem; margin: .25rem 0 }"""
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
_LONGEST = 1_000
_WIDTH_OF_FILES = 160
_LONGEST_LINE = 4_000
_LEAST_TEXT = 16
_GAP = 3


# Files.


def as_csv(table: Table, *, raw: bool = False) -> str:
    """Comma-separated values with a header; blank where not known.

    A text that a spreadsheet would run as a formula begins with an apostrophe, which spreadsheets take for
    "this is a text"; ``raw`` leaves it out.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    cell = safe if raw else _never_run
    writer.writerow([cell(column.name) for column in table.columns])
    columns = [
        _each_once(cell, table.values[column.name])  # pyrefly: ignore[bad-argument-type]
        if column.type in ("text", "day")
        else table.values[column.name]
        for column in table.columns
    ]
    writer.writerows(zip(*columns, strict=True))  # what is not known is written as nothing
    return text.getvalue()


def _each_once(cell: Callable[[str], str], texts: Sequence[str]) -> list[str]:
    """Texts as cells; the same ones often stand in many rows."""
    cells = {text: cell(text) for text in dict.fromkeys(texts)}
    return [cells[text] for text in texts]


def _never_run(text: str) -> str:
    cell = safe(text)
    return f"'{cell}" if _FORMULA.match(cell) else cell


def as_json(tables: Sequence[Table]) -> str:
    """One object: ``tables`` by name, each with its columns (name, unit, type, meaning) and rows; and what
    to mind.
    """
    described = {table.name: _described(table) for table in tables}
    provenance = tables[0].provenance if tables else ""
    warnings = list(tables[0].warnings) if tables else []
    data = {"provenance": provenance, "warnings": warnings, "tables": described}
    return json_text(data, 1) + "\n"


def _described(table: Table) -> dict[str, Any]:
    columns = [
        {"name": column.name, "unit": column.unit, "type": column.type, "meaning": column.meaning}
        for column in table.columns
    ]
    rows = [dict(row) for row in table.rows]
    return {"title": table.title, "columns": columns, "rows": rows, "notes": list(table.notes)}


def as_markdown(tables: Sequence[Table]) -> str:
    """Tables of GitHub's Markdown, each under a heading, with notes, warnings and provenance below."""
    return "\n".join(_markdown_of(table) for table in tables)


def _markdown_of(table: Table) -> str:
    heads = [_markdown(shown.title) for shown in table.shown]
    rules = ["---:" if shown.numeric else "---" for shown in table.shown]
    rows = [[_markdown(text) for text in texts] for texts in table.texts()]
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows)]
    below = [_markdown(text) for text in table.below[:-1]]
    return "\n\n".join(
        [f"### {_markdown(table.title)}", "\n".join(lines), *below, f"*{_markdown(table.provenance)}*\n"]
    )


def _markdown(text: str) -> str:
    return _MARKDOWN_TAG.sub("&lt;", _MARKDOWN.sub(r"\\\1", _one_line(text)))


def as_latex(tables: Sequence[Table]) -> str:
    """``table`` environments that need no package; for names in any script use XeLaTeX or LuaLaTeX."""
    return "\n".join(_latex_of(table) for table in tables)


def _latex_of(table: Table) -> str:
    preamble = "".join("r" if shown.numeric else "l" for shown in table.shown)
    heads = " & ".join(_latex(shown.title) for shown in table.shown)
    rows = [" & ".join(_latex(text) for text in texts) + r" \\" for texts in table.texts()]
    below = [rf"\par\footnotesize {_latex(text)}" for text in table.below]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_latex(table.title)}}}",
            rf"\begin{{tabular}}{{{preamble}}}",
            r"\hline",
            rf"{heads} \\",
            r"\hline",
            *rows,
            r"\hline",
            r"\end{tabular}",
            *below,
            r"\end{table}",
            "",
        ]
    )


def _latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in _one_line(text))


def as_html(tables: Sequence[Table]) -> str:
    """One self-contained page of tables."""
    title = html.escape(_one_line(tables[0].provenance.split(";")[0])) if tables else "forecast"
    body = "\n".join(html_table(table) for table in tables)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def html_table(table: Table) -> str:
    """A table as a piece of a page: ``<table>`` with its caption, and notes below."""
    heads = "".join(f'<th scope="col"{_class(shown)}>{_html(shown.title)}</th>' for shown in table.shown)
    rows = "\n".join(f"<tr>{_html_cells(table, texts)}</tr>" for texts in table.texts())
    below = "\n".join(f"<p>{_html(text)}</p>" for text in table.below)
    return (
        f'<table id="{html.escape(table.name)}">\n<caption>{_html(table.title)}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n{below}"
    )


def _html_cells(table: Table, texts: Sequence[str]) -> str:
    """The first cell of a row is its heading."""
    cells = []
    for j, (shown, text) in enumerate(zip(table.shown, texts, strict=True)):
        start, end = ('th scope="row"', "th") if j == 0 else ("td", "td")
        cells.append(f"<{start}{_class(shown)}>{_html(text)}</{end}>")
    return "".join(cells)


def _class(shown: Shown) -> str:
    return ' class="number"' if shown.numeric else ""


def _html(text: str) -> str:
    return html.escape(_one_line(text))


def _one_line(text: str) -> str:
    """Without line breaks, which no cell can hold, and with what nobody sees written out."""
    return visible(text, _LONGEST_TEXT)


_TEXTS = {
    "json": as_json,
    "md": as_markdown,
    "latex": as_latex,
    "html": as_html,
}


def exported(tables: Sequence[Table], format_: str, *, raw: bool = False) -> bytes:
    """The bytes of a file that holds these tables; ``raw`` as for ``as_csv``.

    ``ConfigurationError`` for several in a format of one.
    """
    if format_ in ONE_EACH:
        if len(tables) != 1:
            remedy = f"{format_} holds one table; choose it with --table, or name a folder with -o"
            raise ConfigurationError(Fault("--format", "", format_, remedy))
        table = tables[0]
        return as_csv(table, raw=raw).encode() if format_ == "csv" else as_parquet(table)
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


# A terminal, by rich; texts from outside are neither obeyed nor taken for markup.


def console_for_results() -> Console:
    """The terminal; where stdout is no terminal, wide enough that no number is cut."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_OF_FILES)


def print_tables(tables: Iterable[Table], console: Console) -> None:
    """Print tables one below the other, each with its notes; what to mind and the provenance once, at the
    end.
    """
    provenance, warnings = "", ()
    for table in tables:
        console.print(_drawn(table, console.width))
        for note in table.notes:
            print_line(console, note, "dim")
        console.print()
        provenance, warnings = table.provenance, table.warnings
    for warning in warnings:
        print_line(console, f"Mind: {warning}")
    if warnings:
        console.print()
    if provenance:
        print_line(console, provenance, "dim")


def _drawn(table: Table, width: int) -> RichTable:
    texts = [[visible(cell) for cell in cells] for cells in table.texts()]
    chosen = _columns_that_fit(table, texts, width)
    numeric = [at for at, j in enumerate(chosen) if table.shown[j].numeric]
    titles = [table.shown[j].title for j in chosen]
    rows = ([cells[j] for j in chosen] for cells in texts)
    return grid(table.title, titles, rows, numeric=numeric, unwrapped=numeric)


def _columns_that_fit(table: Table, texts: list[list[str]], width: int) -> list[int]:
    """Columns of a table for a terminal; a number that would be cut is left out with its column."""
    from rich.cells import cell_len

    def needed(j: int) -> int:
        longest = max(cell_len(cell) for cell in (table.shown[j].title, *(cells[j] for cells in texts)))
        return _GAP + (longest if table.shown[j].numeric else min(longest, _LEAST_TEXT))

    chosen = [
        j for j in range(len(table.shown)) if table.shown[j].rank == 0 or any(cells[j] for cells in texts)
    ]
    while sum(needed(j) for j in chosen) > width:
        least_wanted = max(chosen, key=lambda j: (table.shown[j].rank, j))
        if table.shown[least_wanted].rank == 0:
            break
        chosen.remove(least_wanted)
    return chosen


def grid(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Collection[int] = (),
    unwrapped: Collection[int] = (),
) -> RichTable:
    """A table of texts; ``numeric`` columns stand to the right, ``unwrapped`` ones are never folded."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    drawn = RichTable(
        title=shown_text(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for j, column in enumerate(columns):
        justify = "right" if j in numeric else "left"
        drawn.add_column(shown_text(column), justify=justify, no_wrap=j in unwrapped, overflow="fold")
    for row in rows:
        drawn.add_row(*(shown_text(visible(cell)) for cell in row))
    return drawn


def shown_text(text: str, style: str = "") -> Text:
    """A text as a cell or a line: what nobody sees written out."""
    from rich.text import Text

    return Text(visible(text, _LONGEST_LINE), style=style)


def print_line(console: Console, text: str, style: str = "") -> None:
    """A line between tables."""
    console.print(shown_text(text, style))


# A notebook: pieces of HTML, rounded for people.


def forecast_html(forecast: Forecast) -> str:
    """The tables that people are shown, with what to mind under each."""
    shown = tables_shown(forecast, tables_of(forecast))
    title = _escaped(forecast.attrs["election_name"])
    return "\n".join([f"<h3>{title}</h3>", *(html_table(table) for table in shown)])


def estimate_html(estimate: Estimate) -> str:
    """Centre and standard deviation of the share of every option, and what the estimate rests on.

    The standard deviation is that of log shares, as a share of the share: what 5 % may be off.
    """
    import numpy as np

    tails = estimate.degrees_of_freedom
    widened = tails / (tails - 2.0) if tails > 2.0 else np.nan
    spread = np.sqrt(np.diag(estimate.scale) * widened)
    rows = [
        (unit, percent(float(mean)), percent(float(mean * part)))
        for unit, mean, part in zip(estimate.units, estimate.mean, spread, strict=True)
    ]
    facts = [
        f"As of {estimate.as_of}; the election is on {estimate.election_date}.",
        f"{len(estimate.polls)} {estimate.kind} polls, {estimate.n_eff:,.0f} effective respondents.",
    ]
    table = _table_of_texts(("", "Centre", "Standard deviation"), rows)
    return "\n".join(["<h3>Estimate</h3>", table, _paragraphs([*facts, *estimate.warnings])])


def election_html(election: Election) -> str:
    """Its name and day, who stands, and the rule in words."""
    from forecast.words.law_in_words import rule_in_words

    facts = election.election
    rows = [(party.id, party.name, party.kind) for party in election.parties]
    table = _table_of_texts(("id", "Name", "Kind"), rows)
    when = facts.vote or "day not known"
    title = f"<h3>{_escaped(facts.name)}, {when}</h3>"
    return "\n".join([title, table, _paragraphs(rule_in_words(election.rule))])


def _table_of_texts(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f'<th scope="col">{_escaped(text)}</th>' for text in head)
    body = "\n".join(f"<tr>{''.join(f'<td>{_escaped(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _paragraphs(texts: Iterable[str]) -> str:
    return "\n".join(f"<p>{_escaped(text)}</p>" for text in texts)


def _escaped(text: str) -> str:
    return html.escape(visible(text, _LONGEST))
