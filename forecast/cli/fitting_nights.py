"""``forecast night-fit``: the constants of a night from whole nights of the past."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import Json, Quiet, Scheduler, Workers
from forecast.cli.telling import show_json, tell

if TYPE_CHECKING:
    from forecast.night.night_fit import NightFit

Archive = Annotated[
    Path,
    typer.Argument(
        metavar="ARCHIVE",
        help="A folder for each night, with units.csv, counted.csv (or packed, .gz) and truth.csv.",
        show_default=False,
    ),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(
        "--leave-out",
        metavar="COUNTRY",
        help="A country that is scored, not fitted: the letters its folders begin with. Repeatable.",
        show_default=False,
    ),
]
WithoutEach = Annotated[
    bool,
    typer.Option("--without-each", help="Fit anew without each country too, and keep that in the same file."),
]
Constants = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="Where the constants are written (JSON)."),
]
OUTPUT = Path("outputs/night-constants.json")


def night_fit(
    archive: Archive,
    leave_out: LeaveOut = None,
    without_each: WithoutEach = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    output: Constants = OUTPUT,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit the constants of a night to an archive of whole nights, by coordinate search (an hour or so).

    Every night is played in several orders of reporting; what counts is how dense the forecast was where the
    final shares came out. Writes a file that `forecast night --constants` reads.
    """
    import json

    from forecast.cli.working import hands_of
    from forecast.night.night_fit import fit_night
    from forecast.writing import replacing

    say = (lambda text: None) if quiet else tell
    with hands_of(workers, scheduler) as hands:
        fitted = fit_night(archive, leave_out or (), without_each=without_each, do=hands.do, say=say)
    with replacing(output) as draft:
        draft.write_text(json.dumps(fitted.basis.record(), indent=1) + "\n", encoding="utf-8")
    if as_json:
        show_json(fitted.record(), 1)
    else:
        _print(fitted)
    if not quiet:
        tell(f"wrote {output}; next: forecast night ELECTION.toml ... --constants {output}")


def _print(fitted: NightFit) -> None:
    from forecast.tables.terminal import console_for_results, grid, print_line

    console = console_for_results()
    rows = [
        (name.replace("_", " "), f"{shipped:.4g}", f"{found:.4g}") for name, shipped, found in fitted.rows()
    ]
    console.print(grid("Constants of a night", ("constant", "shipped", "fitted"), rows, numeric=(1, 2)))
    scores = [*fitted.by_country.items(), *((f"{name} (left out)", x) for name, x in fitted.without.items())]
    console.print(
        grid("Log score", ("country", "nats a list"), [(k, f"{x:.3f}") for k, x in scores], numeric=(1,))
    )
    print_line(console, f"{len(fitted.nights)} nights: {', '.join(fitted.nights)}", "dim")
    print_line(
        console,
        f"log score {fitted.search.before:.4f} before, {fitted.search.score:.4f} after; lower is better",
    )
