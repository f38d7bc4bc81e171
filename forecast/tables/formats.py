"""Tables as text: CSV, JSON, Markdown, LaTeX, HTML.

CSV and JSON hold every row with full precision under the machine names of the columns; Markdown, LaTeX and
HTML hold what people are shown.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from forecast.visible import json_text, safe, visible

if TYPE_CHECKING:
    from forecast.tables.model import Shown, Table

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


def as_csv(table: Table, *, raw: bool = False) -> str:
    """Comma-separated values with a header; blank where not known. Floats read back as they were.

    A text that a spreadsheet would run as a formula begins with an apostrophe, which spreadsheets take for
    "this is a text"; ``raw`` leaves it out.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    cell = safe if raw else _never_run
    writer.writerow([cell(column.name) for column in table.columns])
    columns = [
        [cell(value) for value in table.values[column.name]]  # pyright: ignore[reportArgumentType]
        if column.type in ("text", "day")
        else table.values[column.name]
        for column in table.columns
    ]
    writer.writerows(zip(*columns, strict=True))  # what is not known is written as nothing
    return text.getvalue()


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
