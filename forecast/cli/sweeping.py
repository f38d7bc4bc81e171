"""``forecast sweep``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from forecast.errors import ConfigurationError, Fault

if TYPE_CHECKING:
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
    election = load_election(config, settings or ())
    grid = _grid(election.rule, threshold, method, base, vary or (), scenarios)
    folder = output if output is not None else _folder(election, drawn=votes is None)
    refuse_place(folder)
    cores = threads if threads is not None else len(os.sched_getaffinity(0))
    if votes is not None:
        _refuse_with_votes({"--draws": draws, "--sampler": sampler, "--as-of": as_of})
        swept = _counted(election, votes, grid)
    else:
        with no_search_for_garbage():
            election, estimated = read_inputs(config, settings or (), as_of)
            say_if_cold(quiet)
            from forecast.sensitivity.sweeping import sweep_election
        number = draws if draws is not None else election.simulation.draws
        with progress_bar(number * len(grid), quiet) as progress:
            swept = sweep_election(
                election,
                estimated,
                grid,
                draws=number,
                seed=seed,
                sampler=sampler,
                threads=cores,
                progress=progress,
                say=say,
            )
    found = _with_sources(swept, election, config, settings or ())
    write_sweep(found, _record(found, started, time.perf_counter() - clock, cores), folder)
    for warning in found.dataset.attrs["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    _print(found, as_json)
    if not quiet:
        print(f"wrote {folder}; next: forecast tables {folder}", file=sys.stderr)


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


def _counted(election: Election, votes: Path, grid: Grid) -> Sweep:
    from forecast.rules.counts import read_count
    from forecast.sensitivity.exact import sweep_votes

    ready = read_count(election, votes)
    for warning in ready.warnings:
        print(warning, file=sys.stderr)
    return sweep_votes(election, ready.ballot, grid, str(votes))


def _refuse_with_votes(options: dict[str, object]) -> None:
    faults = [
        Fault(name, "", str(value), "with --votes nothing is drawn; leave this out")
        for name, value in options.items()
        if value is not None
    ]
    if faults:
        raise ConfigurationError(*faults)


def _folder(election: Election, *, drawn: bool) -> Path:
    return Path("outputs") / election.election.id / ("sweep" if drawn else "sweep-of-votes")


def _with_sources(swept: Sweep, election: Election, config: Path, settings: Sequence[str]) -> Sweep:
    from forecast.provenance import sha256_of, with_sources
    from forecast.result import Forecast
    from forecast.sensitivity.result import Sweep

    dataset = with_sources(Forecast(swept.dataset), election, config, settings).dataset
    if not swept.simulated:
        votes = dataset.attrs["votes_from"]
        dataset = dataset.assign_attrs(votes_sha256=sha256_of(Path(votes)))
    return Sweep(dataset)


def _record(found: Sweep, started: str, seconds: float, threads: int) -> dict[str, Any]:
    """What ``run.json`` says: as for a run, and what varied."""
    import json

    attrs = found.dataset.attrs
    drawn = {name: attrs[name] for name in ("as_of", "draws", "seed", "sampler") if name in attrs}
    files = {"configuration": "configuration", "votes_from": "votes"} | ({"polls": "polls"} if drawn else {})
    return {
        "schema_version": int(attrs["sweep_schema_version"]),
        "election": found.election,
        **drawn,
        **({"threads": threads} if drawn else {}),
        "variants": int(attrs["variants"]),
        "axes": {dim: [label.item() for label in found.dataset[dim].values] for dim in found.dims},
        "settings": [line for line in attrs["settings"].split("\n") if line],
        "files": {
            name: {"path": attrs[key], "sha256": attrs[f"{name}_sha256"]}
            for key, name in files.items()
            if key in attrs
        },
        "command": ["forecast", *sys.argv[1:]],
        "started": started,
        "seconds": round(seconds, 3),
        "versions": json.loads(attrs["versions"]),
        "warnings": list(attrs["warnings"]),
    }


def write_sweep(found: Sweep, record: object, folder: Path) -> None:
    """Everything that a sweep leaves, all of it or nothing."""
    import json

    from forecast.result import Forecast
    from forecast.storage import SWEEP_FILE_NAME, replacing_folder, write_forecast
    from forecast.tables.formats import as_csv
    from forecast.tables.sweeps import sweep_tables

    with replacing_folder(folder) as draft:
        write_forecast(Forecast(found.dataset), draft / SWEEP_FILE_NAME)
        (draft / "tables").mkdir()
        for table in sweep_tables(found):
            (draft / "tables" / f"{table.name}.csv").write_text(as_csv(table), encoding="utf-8")
        text = json.dumps(record, ensure_ascii=False, indent=2)
        (draft / "run.json").write_text(text + "\n", encoding="utf-8")


def _print(found: Sweep, as_json: bool) -> None:
    if as_json:
        import json

        records = (json.dumps(record, ensure_ascii=False, allow_nan=False) for record in found.records())
        sys.stdout.write("[\n" + ",\n".join(records) + "\n]\n")
        return
    from forecast.tables.sweeps import tables_shown
    from forecast.tables.terminal import console_for_results, print_tables

    print_tables(tables_shown(found), console_for_results())
