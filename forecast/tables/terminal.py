"""Tables on the terminal, by rich."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.table import Table as RichTable

    from forecast.tables.model import Table

_WIDTH_OF_FILES = 160
_LEAST_TEXT = 16
_GAP = 3


def console_for_results() -> Console:
    """The terminal; where stdout is no terminal, wide enough that no number is cut."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_OF_FILES)


def print_tables(tables: Iterable[Table], console: Console) -> None:
    """Print tables one below the other, each with its notes; what to mind and the provenance once, at the
    end.
    """
    from rich.text import Text

    provenance, warnings = "", ()
    for table in tables:
        console.print(_drawn(table, console.width))
        for note in table.notes:
            console.print(Text(note, style="dim"))
        console.print()
        provenance, warnings = table.provenance, table.warnings
    for warning in warnings:
        console.print(Text(f"Mind: {warning}"))
    if warnings:
        console.print()
    if provenance:
        console.print(Text(provenance, style="dim"))


def _drawn(table: Table, width: int) -> RichTable:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    texts = table.texts()
    chosen = _columns_that_fit(table, texts, width)
    title = Text(table.title)
    drawn = RichTable(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for j in chosen:
        shown = table.shown[j]
        justify = "right" if shown.numeric else "left"
        drawn.add_column(Text(shown.title), justify=justify, no_wrap=shown.numeric, overflow="fold")
    for cells in texts:
        drawn.add_row(*(Text(cells[j]) for j in chosen))
    return drawn


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
