"""``forecast run``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import (
    ConfigFile,
    Draws,
    Json,
    On,
    OutputFolder,
    Quiet,
    Scheduler,
    Seed,
    Settings,
    Threads,
    Verbose,
    Workers,
    option,
    whole_number,
    with_vote_on,
)
from forecast.cli.telling import drawing
from forecast.cli.working import (
    Asked,
    Sampler,
    finish,
    no_search_for_garbage,
    refuse_beside,
    refuse_place,
    runner_of,
    say_if_cold,
)
from forecast.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    import datetime

    from forecast.election import Election

MOST_SAVED = 10**6
"""Draws that a run saves at most; text of that size is 200 MB."""

TargetError = Annotated[
    float | None,
    option(
        "--target-error",
        help="Draw until no published probability has a larger Monte Carlo error, such as 0.0005; "
        "--draws is then the most that is drawn (default: 1,000,000,000).",
    ),
]
Days = Annotated[
    list[str] | None,
    option(
        "--as-of",
        metavar="DAY|FROM:TO:STEP",
        help="Use only what was known by the end of this day. Repeatable, or a range such as "
        "2023-01-01:2023-03-19:7d: then a forecast for each day, side by side. Default: election day if "
        "there is an exit poll, else the day of the newest poll.",
    ),
]
ShareDrawsFile = Annotated[
    Path | None,
    option(
        "--share-draws",
        metavar="FILE",
        help="Instead of polls, vote shares drawn elsewhere: CSV with a column for every party id and a row "
        "for every draw, or netCDF with share (draw, party).",
    ),
]
Scenarios = Annotated[
    Path | None,
    option(
        "--scenarios",
        metavar="FILE",
        help="Named scenarios with weights (TOML; docs/around-a-run.md): a forecast for each and for their "
        "mixture, side by side.",
    ),
]
SaveDraws = Annotated[
    int | None,
    option(
        "--save-draws",
        metavar="N",
        parser=whole_number(1, MOST_SAVED),
        help="Write the first N draws, shares and seats, to draws.nc and draws.csv.",
    ),
]


def run(
    context: typer.Context,
    config: ConfigFile,
    draws: Draws = None,
    seed: Seed = None,
    threads: Threads = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    sampler: Sampler = None,
    target_error: TargetError = None,
    as_of: Days = None,
    on: On = None,
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
    Several days, and scenarios, stand side by side in forecast.nc.
    """
    from forecast.election.forecast_day import parse_days

    days = parse_days(as_of or ())
    changes = with_vote_on(settings, on)
    runner = runner_of(context, workers, scheduler)
    asked = Asked(config, changes, draws, seed, sampler, threads, output, as_json, quiet, verbose, runner)
    if share_draws is not None:
        drawn = {"--draws": draws, "--seed": seed, "--sampler": sampler, "--target-error": target_error}
        drawn |= {"--as-of": as_of, "--on": on, "--scenarios": scenarios}
        drawn |= {"--workers": workers, "--scheduler": scheduler}
        refuse_beside("--share-draws", drawn, "with --share-draws nothing is drawn")
        _of_given(asked, share_draws, save_draws)
    elif scenarios is not None:
        others = {"--target-error": target_error, "--save-draws": save_draws}
        refuse_beside("--scenarios", others, "scenarios share one number of draws and keep none")
        if len(days) > 1:
            refuse_beside("--scenarios", {"--as-of": as_of}, "scenarios are forecast as of one day")
        _of_scenarios(asked, scenarios, days[0] if days else None)
    elif len(days) > 1:
        others = {"--target-error": target_error, "--save-draws": save_draws}
        refuse_beside("--as-of", others, "several days share one number of draws and keep none")
        _over_time(asked, days)
    else:
        _of_polls(asked, days[0] if days else None, target_error, save_draws)


def _election(
    asked: Asked, days: Sequence[datetime.date], *below: str
) -> tuple[Election, Path, list[datetime.date]]:
    """The election, the folder to write to, which can be written, and the days, none of which is after it."""
    from forecast.election import load_election
    from forecast.election.forecast_day import days_of_forecasts

    election = load_election(asked.config, asked.settings)
    wanted = days_of_forecasts(election, days, "--as-of")
    folder = asked.folder(election, *below)
    refuse_place(folder)
    return election, folder, wanted


def _of_polls(
    asked: Asked, day: datetime.date | None, target_error: float | None, save_draws: int | None
) -> None:
    """The forecast from the polls of an election, and draws that are to be kept."""
    with no_search_for_garbage():
        from forecast.estimation import estimate
        from forecast.polls import polls_of

        election, folder, days = _election(asked, [day] if day is not None else [])
        estimated = estimate(election, polls_of(election), days[0] if days else None)
        asked.say(f"estimate as of {estimated.as_of}: {len(estimated.polls)} polls")
        say_if_cold(asked.quiet)
        from forecast.simulation.forecasting import (
            MOST_DRAWS_TO_AN_ERROR,
            simulate_and_keep,
            simulate_to_error,
        )
        from forecast.simulation.grounds import refuse_void
    how, kept = asked.how(election), None
    if target_error is None:
        _refuse_more_than_drawn(save_draws, how.draws)
        with drawing(how.draws, asked.quiet) as progress:
            drawn, kept = simulate_and_keep(election, estimated, how, save_draws or 0, progress=progress)
    else:
        refuse_beside(
            "--target-error", {"--save-draws": save_draws}, "the number of draws is not known beforehand"
        )
        most = asked.draws if asked.draws is not None else MOST_DRAWS_TO_AN_ERROR
        drawn = simulate_to_error(election, estimated, target_error, how, most_draws=most)
    asked.say(f"{drawn.draws:,} draws on {asked.cores} threads")
    refuse_void(election, drawn)
    finish(asked, election, drawn, folder, kept=kept if save_draws else None)


def _of_given(asked: Asked, file: Path, save_draws: int | None) -> None:
    """The forecast of draws from elsewhere."""
    election, folder, _ = _election(asked, ())
    say_if_cold(asked.quiet)
    from forecast.estimation.share_draws import read_share_draws
    from forecast.simulation.given import simulate_given
    from forecast.simulation.grounds import refuse_void

    given = read_share_draws(file, election)
    _refuse_more_than_drawn(save_draws, len(given.shares))
    with drawing(len(given.shares), asked.quiet) as progress:
        drawn, kept = simulate_given(
            election, given, keep=save_draws or 0, threads=asked.cores, progress=progress
        )
    refuse_void(election, drawn)
    finish(asked, election, drawn, folder, kept=kept if save_draws else None)


def _over_time(asked: Asked, days: Sequence[datetime.date]) -> None:
    """A forecast for each of several days, side by side."""
    with no_search_for_garbage():
        from forecast.polls import polls_of

        election, folder, wanted = _election(asked, days, "over-time")
        polls = polls_of(election)
        say_if_cold(asked.quiet)
        from forecast.simulation.side_by_side import simulate_over_time
    how = asked.how(election)
    with drawing(how.draws * len(wanted), asked.quiet) as progress:
        forecast = simulate_over_time(election, polls, wanted, how, progress=progress)
    finish(asked, election, forecast, folder)


def _of_scenarios(asked: Asked, file: Path, day: datetime.date | None) -> None:
    """A forecast for each scenario of a file and for their mixture, side by side."""
    with no_search_for_garbage():
        election, folder, days = _election(asked, [day] if day is not None else [], "scenarios")
        from forecast.sweeps.scenarios import load_scenarios

        scenarios = load_scenarios(file, election, asked.config, asked.settings)
        say_if_cold(asked.quiet)
        from forecast.simulation.side_by_side import simulate_scenarios
    how = asked.how(election)
    with drawing(how.draws * len(scenarios), asked.quiet) as progress:
        forecast = simulate_scenarios(election, scenarios, how, days[0] if days else None, progress=progress)
    finish(asked, election, forecast, folder, scenarios=file)


def _refuse_more_than_drawn(wanted: int | None, drawn: int) -> None:
    if wanted is not None and wanted > drawn:
        remedy = f"only {drawn:,} are drawn; ask for at most so many, or draw more"
        raise ConfigurationError(Fault("--save-draws", "", wanted, remedy))
