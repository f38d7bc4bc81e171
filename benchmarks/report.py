"""The tables of a run: on the terminal, and in the page of the documentation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import districts, polls, processes, scaling, speed, variance
from benchmarks.aims import aims
from benchmarks.cases import CASES
from benchmarks.measuring import Spread
from benchmarks.records import Results

if TYPE_CHECKING:
    from rich.console import Console

BEGIN = "<!-- written by `python -m benchmarks`; edits here are lost -->"
END = "<!-- end of what is written by `python -m benchmarks` -->"

_PIVOTED = (
    (speed.COMPARISON, "Rivals: their time over the core's (Gaussian tails, plain draws) on as many threads"),
    (speed.THREADS, "Two threads against one"),
    (variance.TABLE, "Quasi-random against plain draws, case A, 2^16 draws a run"),
    (scaling.RULES, "Many rules on the same draws"),
    (scaling.DRAWS, "Number of draws: case A with t tails, coalitions, Sobol"),
    (scaling.LISTS, "Number of lists: 300 seats, threshold 3.25 %, one thread"),
    (scaling.SEATS, "Number of seats: units of case A, one thread"),
    (polls.POLLS, "Reading polls"),
    (processes.MEMORY, "Memory of a process: case A with t tails, coalitions, Sobol"),
    (processes.COMMANDS, "Whole commands, warm"),
    (districts.DISTRICTS, "Districts in the draws"),
    (
        processes.IMPORTS,
        "Where the time of `forecast run` goes: imports (without what they import in turn), and the rest",
    ),
)


@dataclass(frozen=True)
class Table:
    """A table of words."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float) -> str:
    """Three figures, no exponent."""
    if math.isnan(value):
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{max(digits, 0)}f}"


def spread(value: Spread) -> str:
    """The median, and the quartiles where there was more than one round."""
    if value.low == value.high:
        return number(value.median)
    return f"{number(value.median)} ({number(value.low)}-{number(value.high)})"


def tables(results: Results) -> Iterator[Table]:
    """Everything that was measured, the aims first."""
    judged = aims(results) if results.sizes != "smoke" else []
    if judged:
        rows = tuple(
            (aim.about, aim.wanted, spread(aim.measured), "yes" if aim.met else "no") for aim in judged
        )
        yield Table("Aims", ("what", "wanted", "measured", "reached"), rows)
    for key, case in CASES.items():
        records = [record for record in results.records if record.case == key]
        if records:
            rows = tuple(
                (
                    record.subject,
                    str(record.threads),
                    spread(record.ns_per_draw),
                    *(
                        spread(record.ratios[name]) if name in record.ratios else ""
                        for name in speed.YARDSTICKS
                    ),
                )
                for record in records
            )
            columns = ("subject", "threads", "ns a draw", *(f"/ {name}" for name in speed.YARDSTICKS))
            yield Table(f"Case {key}: {case.title}, {case.seats} seats, {case.method}", columns, rows)
    for name, title in _PIVOTED:
        yield from _pivot(results, name, title)
    if results.checks:
        rows = tuple((check.case, check.subject, check.verdict) for check in results.checks)
        yield Table("Seats against the exact count", ("case", "subject", "verdict"), rows)


def _pivot(results: Results, name: str, title: str) -> Iterator[Table]:
    """The rows of one table, a column for each unit."""
    chosen = [row for row in results.rows if row.table == name]
    if not chosen:
        return
    units = list(dict.fromkeys(row.unit for row in chosen))
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in chosen:
        cells.setdefault((row.case, row.what), {})[row.unit] = spread(row.value)
    rows = tuple((case, what, *(by.get(unit, "") for unit in units)) for (case, what), by in cells.items())
    yield Table(title, ("case", "what", *units), rows)


def show(results: Results, console: Console) -> None:
    """Print every table."""
    from rich.table import Table as RichTable

    for table in tables(results):
        shown = RichTable(title=table.title, title_justify="left", header_style="bold")
        for place, column in enumerate(table.columns):
            shown.add_column(column, justify="left" if place < 2 else "right", overflow="fold")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
    for note in results.notes:
        console.print(note)


def markdown(results: Results) -> str:
    """Every table as Markdown, with what it was measured on."""
    parts = [_measured_on(results)]
    for table in tables(results):
        parts.append(f"### {table.title}\n\n" + _markdown_table(table.columns, table.rows))
    if results.notes:
        parts.append("### Left out\n\n" + "\n".join(f"- {note}" for note in results.notes))
    return "\n\n".join(parts)


def _measured_on(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return (
        f"Measured on {machine['date']}: {machine['cores']} cores of {machine['processor']}; "
        f"{machine['system']}; {versions}. Medians over rounds, in brackets the quartiles."
    )


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def write_page(results: Results, page: Path) -> None:
    """Put the tables between the markers of the page; ``ValueError`` where it has none."""
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        msg = f"{page}: the markers of the tables are not there once each"
        raise ValueError(msg)
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}", encoding="utf-8")
