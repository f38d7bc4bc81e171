"""``forecast run``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import (
    AsOf,
    ConfigFile,
    Draws,
    Json,
    OutputFolder,
    Quiet,
    Seed,
    Settings,
    Threads,
    Verbose,
)
from forecast.cli.working import (
    Sampler,
    no_search_for_garbage,
    now,
    progress_bar,
    read_inputs,
    refuse_place,
    say_if_cold,
    speaker,
)
from forecast.errors import ABSENT, Fault, NoValidOutcome

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.result import Forecast

TargetError = Annotated[
    float | None,
    typer.Option(
        "--target-error",
        help="Draw until no published probability has a larger Monte Carlo error, such as 0.0005; "
        "--draws is then the most that is drawn (default: 1,000,000,000).",
        show_default=False,
    ),
]
_SHOWN = ("parties", "coalitions", "events")


def run(
    config: ConfigFile,
    draws: Draws = None,
    seed: Seed = None,
    threads: Threads = None,
    sampler: Sampler = None,
    target_error: TargetError = None,
    as_of: AsOf = None,
    settings: Settings = None,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Forecast one election: polls in, probabilities of seats out.

    Writes forecast.nc, tables/ and run.json to a folder, and prints the main tables (or JSON, with --json).
    """
    clock, started = time.perf_counter(), now()
    say = speaker(verbose and not quiet)
    with no_search_for_garbage():
        election, estimated = read_inputs(config, settings or (), as_of)
        say(f"estimate as of {estimated.as_of}: {len(estimated.polls)} polls")
        folder = output if output is not None else Path("outputs") / election.election.id
        refuse_place(folder)
        cores = threads if threads is not None else len(os.sched_getaffinity(0))
        say_if_cold(quiet)
        from forecast.simulation import simulate_election, simulate_to_error
        from forecast.simulation.explorer import explore
        from forecast.simulation.precision import MOST_DRAWS
    number = draws if draws is not None else election.simulation.draws
    if target_error is None:
        with progress_bar(number, quiet) as progress:
            drawn = simulate_election(
                election,
                estimated,
                draws=number,
                seed=seed,
                sampler=sampler,
                threads=cores,
                progress=progress,
            )
    else:
        drawn = simulate_to_error(
            election,
            estimated,
            target_error,
            most_draws=draws if draws is not None else MOST_DRAWS,
            seed=seed,
            sampler=sampler,
            threads=cores,
        )
    say(f"{drawn.draws:,} draws on {cores} threads")
    _refuse_void(election, drawn)
    explored = explore(drawn, election, estimated, threads=cores)
    from forecast.provenance import run_record, with_sources

    forecast = with_sources(explored, election, config, settings or ())
    record = run_record(
        forecast,
        command=["forecast", *sys.argv[1:]],
        started=started,
        seconds=time.perf_counter() - clock,
        threads=cores,
    )
    write_outputs(forecast, record, folder)
    for warning in forecast.dataset.attrs["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    _print(forecast, as_json)
    if not quiet:
        print(f"wrote {folder}{_left_over(folder)}; next: forecast report {folder}", file=sys.stderr)


def write_outputs(forecast: Forecast, record: object, folder: Path) -> None:
    """Everything that a run leaves, all of it or nothing."""
    import json

    from forecast.storage import FILE_NAME, replacing_folder, write_forecast
    from forecast.tables import tables_of
    from forecast.tables.formats import as_csv

    with replacing_folder(folder) as draft:
        write_forecast(forecast, draft / FILE_NAME)
        (draft / "tables").mkdir()
        for table in tables_of(forecast):
            (draft / "tables" / f"{table.name}.csv").write_text(as_csv(table), encoding="utf-8")
        text = json.dumps(record, ensure_ascii=False, indent=2)
        (draft / "run.json").write_text(text + "\n", encoding="utf-8")


def _print(forecast: Forecast, as_json: bool) -> None:
    if as_json:
        import json

        sys.stdout.write(json.dumps(forecast.record(), ensure_ascii=False, allow_nan=False, indent=2) + "\n")
        return
    from forecast.tables import tables_of
    from forecast.tables.terminal import console_for_results, print_tables

    shown = [table for table in tables_of(forecast, _SHOWN) if table.rows]
    print_tables(shown, console_for_results())


def _refuse_void(election: Election, forecast: Forecast) -> None:
    if float(forecast.dataset["void_probability"]) >= 1.0:
        remedy = "nobody is admitted in any draw, and the rule says that this voids the election"
        raise NoValidOutcome(Fault(election.place, "rule.threshold", ABSENT, remedy))


def _left_over(folder: Path) -> str:
    """What other commands made from an earlier run in this folder, and that now lags behind."""
    old = [name for name in ("charts", "report.html") if (folder / name).exists()]
    return f" (its {' and '.join(old)} show an earlier run)" if old else ""
