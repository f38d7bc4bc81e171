"""``forecast run``."""

from __future__ import annotations

import errno
import gc
import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
from forecast.errors import ABSENT, ConfigurationError, Fault, NoValidOutcome

if TYPE_CHECKING:
    import datetime

    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.result import Forecast

Sampler = Annotated[
    Literal["sobol", "random"] | None,
    typer.Option(
        "--sampler",
        help="Quasi-random (sobol) or plain random draws. Default: as in the election file.",
        show_default=False,
    ),
]
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
    clock, started = time.perf_counter(), _now()
    say = _speaker(verbose and not quiet)
    with _no_search_for_garbage():
        election, estimated = _inputs(config, settings or (), as_of)
        say(f"estimate as of {estimated.as_of}: {len(estimated.polls)} polls")
        folder = output if output is not None else Path("outputs") / election.election.id
        _refuse_place(folder)
        cores = threads if threads is not None else len(os.sched_getaffinity(0))
        _say_if_cold(quiet)
        from forecast.simulation import simulate_election, simulate_to_error
        from forecast.simulation.explorer import explore
        from forecast.simulation.precision import MOST_DRAWS
    number = draws if draws is not None else election.simulation.draws
    if target_error is None:
        with _progress(number, quiet) as progress:
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


def _inputs(config: Path, settings: Sequence[str], as_of: datetime.date | None) -> tuple[Election, Estimate]:
    """The election and the estimate from its polls."""
    from forecast.election import load_election

    election = load_election(config, settings)
    table = election.election.polls
    if table is None:
        remedy = "a forecast needs polls; name their table"
        raise ConfigurationError(Fault(str(config), "election.polls", ABSENT, remedy))
    from forecast.estimation import estimate
    from forecast.polls import read_polls

    return election, estimate(election, read_polls(table, election), as_of)


@contextmanager
def _no_search_for_garbage() -> Generator[None]:
    """Imports leave no garbage, and to look for it among all that they load takes a fifth of their time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


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


def _refuse_place(folder: Path) -> None:
    """Refuse a place that cannot be written before anything is drawn, not after."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        remedy = f"{there if there != folder.absolute() else 'this'} is a file; a folder is expected"
        raise ConfigurationError(Fault("--output", "", str(folder), remedy))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))


def _refuse_void(election: Election, forecast: Forecast) -> None:
    if float(forecast.dataset["void_probability"]) >= 1.0:
        remedy = "nobody is admitted in any draw, and the rule says that this voids the election"
        raise NoValidOutcome(Fault(election.place, "rule.threshold", ABSENT, remedy))


def _left_over(folder: Path) -> str:
    """What other commands made from an earlier run in this folder, and that now lags behind."""
    old = [name for name in ("charts", "report.html") if (folder / name).exists()]
    return f" (its {' and '.join(old)} show an earlier run)" if old else ""


def _say_if_cold(quiet: bool) -> None:
    from forecast.kernels import compiling

    if not compiling.is_warm() and not quiet:
        print("compiling the core, once (a minute or two) ...", file=sys.stderr, flush=True)


@contextmanager
def _progress(draws: int, quiet: bool) -> Generator[Callable[[int], None] | None]:
    """A bar on stderr, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("drawing", total=draws)
        yield lambda done: bar.advance(task, done)


def _speaker(verbose: bool) -> Callable[[str], None]:
    def say(text: str) -> None:
        if verbose:
            print(text, file=sys.stderr, flush=True)

    return say


def _now() -> str:
    import datetime

    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
