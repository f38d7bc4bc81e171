"""Tables and lines on the terminal, by rich; texts from outside are neither obeyed nor taken for markup."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from forecast.errors import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    from forecast.tables.definitions import Table

_WIDTH_OF_FILES = 160
_LONGEST_LINE = 4_000
_LEAST_TEXT = 16
_GAP = 3


def console_for_results() -> Console:
    """The terminal; where stdout is no terminal, wide enough that no number is cut."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_OF_FILES)


def shown_text(text: str, style: str = "") -> Text:
    """A text as a cell or a line: what nobody sees written out."""
    from rich.text import Text

    return Text(visible(text, _LONGEST_LINE), style=style)


def print_line(console: Console, text: str, style: str = "") -> None:
    """A line between tables."""
    console.print(shown_text(text, style))


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
