"""``forecast sweep``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import (
    AsOf,
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

if TYPE_CHECKING:
    import datetime

    from forecast.election import Election, Rule
    from forecast.result import Forecast
    from forecast.sweeps.grid import Grid

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
Scenarios = Annotated[
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
    scenarios: Scenarios = None,
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
        from forecast.election.forecast_day import day_of_forecast
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
    from forecast.sweeps.counted import sweep_votes

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
