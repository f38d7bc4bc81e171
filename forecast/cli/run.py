"""``forecast run`` and ``sweep``: one election drawn from its polls, under its rule and under others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.shared import (
    Asked,
    AsOf,
    ConfigFile,
    Draws,
    Json,
    On,
    OutputFolder,
    Quiet,
    Sampler,
    Scheduler,
    Seed,
    Settings,
    Threads,
    Verbose,
    Workers,
    finish,
    no_search_for_garbage,
    option,
    refuse_beside,
    refuse_place,
    runner_of,
    say_if_cold,
    whole_number,
    with_vote_on,
)
from forecast.cli.telling import drawing
from forecast.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    import datetime

    from forecast.election import Election, Rule
    from forecast.result import Forecast
    from forecast.sweeps.grid import Grid

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
    from forecast.election.loading import parse_days

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
    from forecast.election.loading import days_of_forecasts

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


Threshold = Annotated[
    str | None,
    option(
        "--threshold",
        metavar="LEVELS",
        help="Levels of the threshold: a range first:last:step (0%:10%:0.1%), or a list (3%,5%,7%).",
    ),
]
Method = Annotated[
    str | None,
    option(
        "--method",
        metavar="NAMES",
        help="Methods of allocation, such as hare,dhondt,sainte-lague (`forecast methods` lists them).",
    ),
]
Base = Annotated[
    str | None,
    option("--base", metavar="NAMES", help="Bases of the threshold: valid, lists, cast, registered."),
]
Vary = Annotated[
    list[str] | None,
    option(
        "--vary", metavar="KEY=VALUES", help="Any key of the rule, such as rule.seats=69,98,145. Repeatable."
    ),
]
RuleScenarios = Annotated[
    Path | None,
    option(
        "--scenarios",
        metavar="FILE",
        help="Named scenarios that change keys of the rule (TOML; docs/sensitivity.md).",
    ),
]
Votes = Annotated[
    Path | None,
    option(
        "--votes",
        metavar="FILE",
        help="Count these votes exactly under every variant (CSV with columns party, votes); draw nothing.",
    ),
]


def sweep(
    context: typer.Context,
    config: ConfigFile,
    threshold: Threshold = None,
    method: Method = None,
    base: Base = None,
    vary: Vary = None,
    scenarios: RuleScenarios = None,
    votes: Votes = None,
    draws: Draws = None,
    seed: Seed = None,
    threads: Threads = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    sampler: Sampler = None,
    as_of: AsOf = None,
    on: On = None,
    settings: Settings = None,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """How much is the rule: every variant of it on the same draws, or on the votes of a real count.

    Options that vary the rule combine: every value with every other. Writes forecast.nc, tables/ and run.json
    to a folder and prints the main tables (or JSON, one record a variant, with --json).
    """
    from forecast.election import load_election

    changes = with_vote_on(settings, on)
    runner = runner_of(context, workers, scheduler)
    asked = Asked(config, changes, draws, seed, sampler, threads, output, as_json, quiet, verbose, runner)
    election = load_election(config, asked.settings)
    grid = _grid(election.rule, threshold, method, base, vary or (), scenarios)
    folder = asked.folder(election, "sweep" if votes is None else "sweep-of-votes")
    refuse_place(folder)
    if votes is None:
        swept = _drawn(asked, election, grid, as_of)
    else:
        options = {"--draws": draws, "--sampler": sampler, "--as-of": as_of, "--on": on}
        options |= {"--workers": workers, "--scheduler": scheduler}
        refuse_beside("--votes", options, "with --votes nothing is drawn")
        swept = _counted(asked, election, votes, grid)
    finish(asked, election, swept, folder, scenarios=scenarios)


def _grid(
    rule: Rule,
    threshold: str | None,
    method: str | None,
    base: str | None,
    vary: Sequence[str],
    scenarios: Path | None,
) -> Grid:
    from forecast.sweeps.grid import Grid, parse_axes
    from forecast.sweeps.scenarios import read_scenarios

    named = read_scenarios(scenarios) if scenarios is not None else None
    axes = parse_axes(threshold=threshold, method=method, base=base, vary=vary, scenarios=named)
    return Grid.of(rule, axes)


def _drawn(asked: Asked, election: Election, grid: Grid, as_of: datetime.date | None) -> Forecast:
    with no_search_for_garbage():
        from forecast.election.loading import day_of_forecast
        from forecast.estimation import estimate
        from forecast.polls import polls_of

        as_of = None if as_of is None else day_of_forecast(election, as_of, "--as-of")
        estimated = estimate(election, polls_of(election), as_of)
        say_if_cold(asked.quiet)
        from forecast.sweeps.sweeping import sweep_grid
    how = asked.how(election)
    with drawing(how.draws * len(grid), asked.quiet) as progress:
        return sweep_grid(election, estimated, grid, how, progress=progress, say=asked.say)


def _counted(asked: Asked, election: Election, votes: Path, grid: Grid) -> Forecast:
    from forecast.rules.counts import read_count
    from forecast.sweeps.sweep_of_votes import sweep_votes

    ready = read_count(election, votes, asked.settings)
    return sweep_votes(
        election,
        ready.ballot,
        grid,
        str(votes),
        warnings=ready.warnings,
        official=ready.official,
        won={tier: won.seats for tier, won in ready.won.items()},
    )
