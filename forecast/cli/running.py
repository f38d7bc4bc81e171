"""``forecast run``."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.days import parse_days
from forecast.cli.options import (
    ConfigFile,
    Draws,
    Json,
    OutputFolder,
    Quiet,
    Seed,
    Settings,
    Threads,
    Verbose,
    whole_number,
)
from forecast.cli.telling import show_json, tell
from forecast.cli.working import (
    Asked,
    Sampler,
    no_search_for_garbage,
    now,
    progress_bar,
    refuse_beside,
    refuse_place,
    say_if_cold,
    say_warnings,
    speaker,
    write_outputs,
)
from forecast.errors import ABSENT, ConfigurationError, Fault, NoValidOutcome

if TYPE_CHECKING:
    import datetime

    import xarray as xr

    from forecast.election import Election
    from forecast.result import Forecast
    from forecast.tables.model import Table

MOST_SAVED = 10**6
"""Draws that a run saves at most; text of that size is 200 MB."""

TargetError = Annotated[
    float | None,
    typer.Option(
        "--target-error",
        help="Draw until no published probability has a larger Monte Carlo error, such as 0.0005; "
        "--draws is then the most that is drawn (default: 1,000,000,000).",
        show_default=False,
    ),
]
Days = Annotated[
    list[str] | None,
    typer.Option(
        "--as-of",
        metavar="DAY|FROM:TO:STEP",
        help="Use only what was known by the end of this day. Repeatable, or a range such as "
        "2023-01-01:2023-03-19:7d: then a forecast for each day, side by side. Default: election day if "
        "there is an exit poll, else the day of the newest poll.",
        show_default=False,
    ),
]
ShareDrawsFile = Annotated[
    Path | None,
    typer.Option(
        "--share-draws",
        metavar="FILE",
        help="Instead of polls, vote shares drawn elsewhere: CSV with a column for every party id and a row "
        "for every draw, or netCDF with share (draw, party).",
        show_default=False,
    ),
]
Scenarios = Annotated[
    Path | None,
    typer.Option(
        "--scenarios",
        metavar="FILE",
        help="Named scenarios with weights (TOML; docs/around-a-run.md): a forecast for each and for their "
        "mixture, side by side.",
        show_default=False,
    ),
]
SaveDraws = Annotated[
    int | None,
    typer.Option(
        "--save-draws",
        metavar="N",
        parser=whole_number(1, MOST_SAVED),
        help="Write the first N draws, shares and seats, to draws.nc and draws.csv.",
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
    as_of: Days = None,
    share_draws: ShareDrawsFile = None,
    scenarios: Scenarios = None,
    save_draws: SaveDraws = None,
    settings: Settings = None,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Forecast one election: polls in, probabilities of seats out.

    Writes forecast.nc, tables/ and run.json to a folder, and prints the main tables (or JSON, with --json).
    Several days, and scenarios, leave series.nc in place of forecast.nc.
    """
    clock, started = time.perf_counter(), now()
    say = speaker(verbose and not quiet)
    days = parse_days(as_of or ())
    asked = Asked(
        config, settings or (), draws, seed, sampler, threads, output, as_json, quiet, say, clock, started
    )
    if share_draws is not None:
        refuse_beside(
            "--share-draws",
            {
                "--draws": draws,
                "--seed": seed,
                "--sampler": sampler,
                "--target-error": target_error,
                "--as-of": as_of,
                "--scenarios": scenarios,
            },
            "with --share-draws nothing is drawn",
        )
        finish(asked, *_of_given(asked, share_draws, save_draws))
    elif scenarios is not None:
        others = {"--target-error": target_error, "--save-draws": save_draws}
        refuse_beside("--scenarios", others, "scenarios share one number of draws and keep none")
        if len(days) > 1:
            refuse_beside("--scenarios", {"--as-of": as_of}, "scenarios are forecast as of one day")
        from forecast.cli.series import run_scenarios

        run_scenarios(asked, scenarios, days[0] if days else None)
    elif len(days) > 1:
        refuse_beside(
            "--as-of",
            {"--target-error": target_error, "--save-draws": save_draws},
            "several days share one number of draws and keep none",
        )
        from forecast.cli.series import run_over_time

        run_over_time(asked, days)
    else:
        day = days[0] if days else None
        finish(asked, *_of_polls(asked, day, target_error, save_draws))


def _of_polls(
    asked: Asked, day: datetime.date | None, target_error: float | None, save_draws: int | None
) -> tuple[Election, Forecast, xr.Dataset | None, Path]:
    """The forecast from the polls of an election, and draws that are to be kept."""
    with no_search_for_garbage():
        from forecast.election import load_election
        from forecast.election.days import day_of_forecast
        from forecast.estimation import estimate
        from forecast.polls import polls_of

        election = load_election(asked.config, asked.settings)
        day = None if day is None else day_of_forecast(election, day, "--as-of")
        estimated = estimate(election, polls_of(election), day)
        asked.say(f"estimate as of {estimated.as_of}: {len(estimated.polls)} polls")
        folder = asked.folder(election)
        refuse_place(folder)
        say_if_cold(asked.quiet)
        from forecast.simulation import simulate_to_error
        from forecast.simulation.explorer import explore
        from forecast.simulation.forecasting import simulate_and_keep
        from forecast.simulation.precision import MOST_DRAWS
    how = {"seed": asked.seed, "sampler": asked.sampler, "threads": asked.cores}
    kept = None
    if target_error is None:
        number = asked.draws if asked.draws is not None else election.simulation.draws
        _refuse_more_than_drawn(save_draws, number)
        with progress_bar(number, asked.quiet) as progress:
            drawn, kept = simulate_and_keep(
                election, estimated, save_draws or 0, draws=number, progress=progress, **how
            )
    else:
        refuse_beside(
            "--target-error", {"--save-draws": save_draws}, "the number of draws is not known beforehand"
        )
        most = asked.draws if asked.draws is not None else MOST_DRAWS
        drawn = simulate_to_error(election, estimated, target_error, most_draws=most, **how)
    asked.say(f"{drawn.draws:,} draws on {asked.cores} threads")
    _refuse_void(election, drawn)
    explored = explore(drawn, election, estimated, threads=asked.cores)
    return election, explored, kept if save_draws else None, folder


def _of_given(
    asked: Asked, file: Path, save_draws: int | None
) -> tuple[Election, Forecast, xr.Dataset | None, Path]:
    """The forecast of draws from elsewhere."""
    from forecast.election import load_election

    election = load_election(asked.config, asked.settings)
    folder = asked.folder(election)
    refuse_place(folder)
    say_if_cold(asked.quiet)
    from forecast.simulation.given import read_share_draws, simulate_given

    given = read_share_draws(file, election)
    _refuse_more_than_drawn(save_draws, len(given.shares))
    with progress_bar(len(given.shares), asked.quiet) as progress:
        drawn, kept = simulate_given(
            election, given, keep=save_draws or 0, threads=asked.cores, progress=progress
        )
    _refuse_void(election, drawn)
    return election, drawn, kept if save_draws else None, folder


def finish(
    asked: Asked, election: Election, forecast: Forecast, kept: xr.Dataset | None, folder: Path
) -> None:
    """Write a forecast with its record and print it."""
    from forecast.provenance import run_record, with_sources
    from forecast.result import Forecast
    from forecast.storage import FILE_NAME, write_draws
    from forecast.tables import tables_of

    forecast = Forecast(with_sources(forecast.dataset, election, asked.config, asked.settings))
    record = run_record(forecast, asked.making())
    draws = None if kept is None else partial(write_draws, kept)
    tables = tables_of(forecast)
    write_outputs(folder, FILE_NAME, forecast.dataset, tables, record, draws)
    say_warnings(forecast.dataset.attrs["warnings"], below_tables=not asked.as_json)
    _print(forecast, tables, asked.as_json)
    if not asked.quiet:
        tell(f"wrote {folder}{_left_over(folder, kept)}; next: forecast report {folder}")


def _print(forecast: Forecast, tables: Iterable[Table], as_json: bool) -> None:
    if as_json:
        show_json(forecast.record())
        return
    from forecast.tables.terminal import console_for_results, print_tables

    shown = [table for table in tables if table.name in _SHOWN and table.rows]
    print_tables(shown, console_for_results())


def _refuse_void(election: Election, forecast: Forecast) -> None:
    if float(forecast.dataset["void_probability"]) >= 1.0:
        remedy = "nobody is admitted in any draw, and the rule says that this voids the election"
        raise NoValidOutcome(Fault(election.place, "rule.threshold", ABSENT, remedy))


def _refuse_more_than_drawn(wanted: int | None, drawn: int) -> None:
    if wanted is not None and wanted > drawn:
        remedy = f"only {drawn:,} are drawn; ask for at most so many, or draw more"
        raise ConfigurationError(Fault("--save-draws", "", wanted, remedy))


def _left_over(folder: Path, kept: xr.Dataset | None) -> str:
    """What other commands or options made from an earlier run in this folder, and that now lags behind."""
    from forecast.storage import DRAWS_NAME

    names = ["charts", "report.html", *([] if kept is not None else [f"{DRAWS_NAME}.nc"])]
    old = [name for name in names if (folder / name).exists()]
    return f" (its {' and '.join(old)} show an earlier run)" if old else ""
