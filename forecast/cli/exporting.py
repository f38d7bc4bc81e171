"""``forecast tables``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forecast.cli.options import Quiet
from forecast.cli.telling import tell
from forecast.errors import ABSENT, ConfigurationError, Fault

if TYPE_CHECKING:
    from forecast.tables.model import Table

Saved = Annotated[
    Path,
    typer.Argument(
        metavar="FILE|FOLDER",
        help="What `run` or `sweep` wrote: its folder or .nc file.",
        show_default=False,
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        "-t",
        metavar="NAME",
        help="parties, thresholds, seats, coalitions, events, polls, houses, calibration or run (of a sweep "
        "or a series of days others, see docs/sensitivity.md, docs/around-a-run.md). Repeatable. "
        "Default: all.",
        show_default=False,
    ),
]
Format = Annotated[
    Literal["terminal", "csv", "json", "md", "latex", "html", "xlsx", "parquet"] | None,
    typer.Option(
        "--format",
        "-f",
        help="Default: as the name of the output file ends, else terminal (or csv for a folder).",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE|FOLDER",
        help="Where to write. Default: stdout.",
        show_default=False,
    ),
]
Raw = Annotated[
    bool,
    typer.Option(
        "--raw",
        help="CSV: leave texts as they are that a spreadsheet would run as formulas (=, @, +, -). "
        "Default: an apostrophe before them.",
        show_default=False,
    ),
]


def tables(
    saved: Saved,
    table: Names = None,
    format_: Format = None,
    output: Output = None,
    raw: Raw = False,
    quiet: Quiet = False,
) -> None:
    """Print or export the tables of a saved forecast, sweep or series.

    CSV, JSON, Excel and Parquet hold full precision; the others are rounded as the Monte Carlo error allows.
    """
    from forecast.storage import holds_series, holds_sweep, load, load_series, load_sweep
    from forecast.tables import tables_of

    if holds_sweep(saved):
        from forecast.tables.sweeps import sweep_tables

        chosen = sweep_tables(load_sweep(saved), table)
    elif holds_series(saved):
        from forecast.tables.series import series_tables

        chosen = series_tables(load_series(saved), table)
    else:
        chosen = tables_of(load(saved), table)
    put(chosen, format_ or format_of(output), output, quiet=quiet, every=bool(table), raw=raw)


def put(
    chosen: list[Table], wanted: str, output: Path | None, *, quiet: bool, every: bool, raw: bool
) -> None:
    """Print tables or write them; ``every``: on the terminal those without rows too; ``raw``: cells of CSV
    as they are.
    """
    from forecast.tables.exporting import export, exported

    if output is not None:
        if wanted == "terminal":
            remedy = "the terminal's form is for the terminal; choose another --format for a file"
            raise ConfigurationError(Fault("--output", "", str(output), remedy))
        written = export(chosen, wanted, output, raw=raw)
        if not quiet:
            what = str(written[0]) if len(written) == 1 else f"{len(written)} tables to {output}"
            tell(f"wrote {what}")
    elif wanted == "terminal":
        from forecast.tables.terminal import console_for_results, print_tables

        print_tables([one for one in chosen if one.rows or every], console_for_results())
    elif wanted in ("xlsx", "parquet") and sys.stdout.isatty():
        remedy = f"{wanted} is no text for a terminal; name a file with -o"
        raise ConfigurationError(Fault("--format", "", ABSENT, remedy))
    else:
        sys.stdout.buffer.write(exported(chosen, wanted, raw=raw))
        sys.stdout.buffer.flush()


def format_of(output: Path | None) -> str:
    from forecast.tables.exporting import SUFFIXES

    if output is None:
        return "terminal"
    by_suffix = {suffix: name for name, suffix in SUFFIXES.items()}
    return by_suffix.get(output.suffix.lower(), "csv")
