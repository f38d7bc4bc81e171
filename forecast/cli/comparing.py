"""``forecast diff``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.exporting import Format, Output, Raw, format_of, put
from forecast.cli.options import Json, Quiet
from forecast.cli.telling import show_json

_WHAT = "A folder that `forecast run` wrote, or its forecast.nc."
Before = Annotated[Path, typer.Argument(metavar="BEFORE", help=_WHAT, show_default=False)]
After = Annotated[Path, typer.Argument(metavar="AFTER", help="Another one.", show_default=False)]
Names = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        "-t",
        metavar="NAME",
        help="parties, coalitions, events or origin (what the two rest on). Repeatable. Default: all.",
        show_default=False,
    ),
]


def diff(
    before: Before,
    after: After,
    table: Names = None,
    format_: Format = None,
    output: Output = None,
    raw: Raw = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare two saved forecasts of one election: what changed, and what they rest on.

    Changes of shares, chances and seats stand beside their Monte Carlo errors.
    """
    from forecast.storage import load
    from forecast.tables.difference import difference_record, difference_tables

    first, second = load(before), load(after)
    if as_json:
        show_json(difference_record(first, second))
        return
    put(
        difference_tables(first, second, table),
        format_ or format_of(output),
        output,
        quiet=quiet,
        every=bool(table),
        raw=raw,
    )
