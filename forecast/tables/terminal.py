"""Tables on the terminal, by rich."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from forecast.tables.model import Table

_WIDTH_OF_FILES = 160


def console_for_results() -> Console:
    """The terminal; where stdout is no terminal, wide enough that no number is cut."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_OF_FILES)


def print_tables(tables: Iterable[Table], console: Console) -> None:
    """Print tables one below the other, each with its notes; the provenance line once, at the end."""
    from rich.text import Text

    last = None
    for table in tables:
        console.print(_rich_table(table))
        for note in table.notes:
            console.print(Text(note, style="dim"))
        console.print()
        last = table
    if last is not None:
        console.print(Text(last.provenance, style="dim"))


def _rich_table(table: Table) -> object:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(
        title=Text(table.title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for shown in table.shown:
        drawn.add_column(
            Text(shown.title),
            justify="right" if shown.numeric else "left",
            no_wrap=shown.numeric,
            overflow="fold",
        )
    for texts in table.texts():
        drawn.add_row(*(Text(text) for text in texts))
    return drawn
