"""``forecast sweep``."""

from __future__ import annotations

import time
from collections.abc import Sequence
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
from forecast.cli.telling import show_records, tell
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

if TYPE_CHECKING:
    import datetime

    from forecast.election import Election, Rule
    from forecast.sensitivity.grid import Grid
    from forecast.sensitivity.result import Sweep

Threshold = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="LEVELS",
        help="Levels of the threshold: a range first:last:step (0%:10%:0.1%), or a list (3%,5%,7%).",
        show_default=False,
    ),
]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="NAMES",
        help="Methods of allocation, such as hare,dhondt,sainte-lague (`forecast methods` lists them).",
        show_default=False,
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="NAMES",
        help="Bases of the threshold: valid, lists, cast, registered.",
        show_default=False,
    ),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="KEY=VALUES",
        help="Any key of the rule, such as rule.seats=69,98,145. Repeatable.",
        show_default=False,
    ),
]
Scenarios = Annotated[
    Path | None,
    typer.Option(
        "--scenarios",
        metavar="FILE",
        help="Named scenarios that change keys of the rule (TOML; docs/sensitivity.md).",
        show_default=False,
    ),
]
Votes = Annotated[
    Path | None,
    typer.Option(
        "--votes",
        metavar="FILE",
        help="Count these votes exactly under every variant (CSV with columns party, votes); draw nothing.",
        show_default=False,
    ),
]


def sweep(
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
    sampler: Sampler = None,
    as_of: AsOf = None,
    settings: Settings = None,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """How much is the rule: every variant of it on the same draws, or on the votes of a real count.

    Options that vary the rule combine: every value with every other. Writes sweep.nc, tables/ and run.json to
    a folder and prints the main tables (or JSON, one record a variant, with --json).
    """
    from forecast.election import load_election

    clock, started = time.perf_counter(), now()
    say = speaker(verbose and not quiet)
    asked = Asked(
        config, settings or (), draws, seed, sampler, threads, output, as_json, quiet, say, clock, started
    )
    election = load_election(config, asked.settings)
    grid = _grid(election.rule, threshold, method, base, vary or (), scenarios)
    folder = asked.folder(election, "sweep" if votes is None else "sweep-of-votes")
    refuse_place(folder)
    if votes is None:
        swept = _drawn(asked, election, grid, as_of)
    else:
        options = {"--draws": draws, "--sampler": sampler, "--as-of": as_of}
        refuse_beside("--votes", options, "with --votes nothing is drawn")
        swept = _counted(asked, election, votes, grid)
    _finish(asked, election, swept, folder, scenarios)


def _grid(
    rule: Rule,
    threshold: str | None,
    method: str | None,
    base: str | None,
    vary: Sequence[str],
    scenarios: Path | None,
) -> Grid:
    from forecast.sensitivity.axes import parse_axes
    from forecast.sensitivity.grid import Grid
    from forecast.sensitivity.scenarios import read_scenarios

    named = read_scenarios(scenarios) if scenarios is not None else None
    axes = parse_axes(threshold=threshold, method=method, base=base, vary=vary, scenarios=named)
    return Grid.of(rule, axes)


def _drawn(asked: Asked, election: Election, grid: Grid, as_of: datetime.date | None) -> Sweep:
    with no_search_for_garbage():
        from forecast.election.days import day_of_forecast
        from forecast.estimation import estimate
        from forecast.polls import polls_of

        as_of = None if as_of is None else day_of_forecast(election, as_of, "--as-of")
        estimated = estimate(election, polls_of(election), as_of)
        say_if_cold(asked.quiet)
        from forecast.sensitivity.sweeping import sweep_election
    number = asked.draws if asked.draws is not None else election.simulation.draws
    with progress_bar(number * len(grid), asked.quiet) as progress:
        return sweep_election(
            election,
            estimated,
            grid,
            draws=number,
            seed=asked.seed,
            sampler=asked.sampler,
            threads=asked.cores,
            progress=progress,
            say=asked.say,
        )


def _counted(asked: Asked, election: Election, votes: Path, grid: Grid) -> Sweep:
    from forecast.rules.counts import read_count
    from forecast.sensitivity.exact import sweep_votes

    ready = read_count(election, votes, asked.settings)
    return sweep_votes(
        election, ready.ballot, grid, str(votes), warnings=ready.warnings, official=ready.official
    )


def _finish(asked: Asked, election: Election, swept: Sweep, folder: Path, scenarios: Path | None) -> None:
    """Write a sweep with its record and print it."""
    from forecast.provenance import sweep_record, with_sources
    from forecast.sensitivity.result import Sweep
    from forecast.storage import SWEEP_FILE_NAME
    from forecast.tables.sweeps import sweep_tables

    found = Sweep(with_sources(swept.dataset, election, asked.config, asked.settings, scenarios))
    record = sweep_record(found, asked.making())
    write_outputs(folder, SWEEP_FILE_NAME, found.dataset, sweep_tables(found), record)
    say_warnings(found.dataset.attrs["warnings"], below_tables=not asked.as_json)
    _print(found, asked.as_json)
    if not asked.quiet:
        tell(f"wrote {folder}; next: forecast tables {folder}")


def _print(found: Sweep, as_json: bool) -> None:
    if as_json:
        show_records(found.records())
        return
    from forecast.tables.sweeps import tables_shown
    from forecast.tables.terminal import console_for_results, print_tables

    print_tables(tables_shown(found), console_for_results())
