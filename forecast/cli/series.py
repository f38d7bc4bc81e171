"""``forecast run`` for several days: forecasts side by side."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.cli.working import (
    Asked,
    no_search_for_garbage,
    progress_bar,
    read_election_and_polls,
    refuse_place,
    say_if_cold,
)

if TYPE_CHECKING:
    import datetime

    from forecast.election import Election
    from forecast.simulation.series import Series


def run_over_time(asked: Asked, days: Sequence[datetime.date], clock: float, started: str) -> None:
    """A forecast for each of ``days``, written and printed as one series."""
    with no_search_for_garbage():
        election, polls = read_election_and_polls(asked.config, asked.settings)
        folder = asked.folder(election, "over-time")
        refuse_place(folder)
        say_if_cold(asked.quiet)
        from forecast.simulation.over_time import simulate_over_time
    draws = asked.draws if asked.draws is not None else election.simulation.draws
    with progress_bar(draws * len(days), asked.quiet) as progress:
        series = simulate_over_time(
            election,
            polls,
            days,
            draws=draws,
            seed=asked.seed,
            sampler=asked.sampler,
            threads=asked.cores,
            progress=progress,
        )
    finish_series(asked, election, series, folder, clock, started)


def finish_series(
    asked: Asked, election: Election, series: Series, folder: Path, clock: float, started: str
) -> None:
    """Write a series with its record and print it."""
    from forecast.provenance import with_sources
    from forecast.result import Forecast
    from forecast.simulation.series import Series

    series = Series(with_sources(Forecast(series.dataset), election, asked.config, asked.settings).dataset)
    attrs = series.dataset.attrs
    record = {
        "series_schema_version": int(attrs["series_schema_version"]),
        "election": series.election,
        series.dim: list(series.labels),
        "draws": int(attrs["draws"]),
        "seed": int(attrs["seed"]),
        "sampler": attrs["sampler"],
        "threads": asked.cores,
        "settings": list(asked.settings),
        "files": {
            name: {"path": attrs[name], "sha256": attrs[f"{name}_sha256"]}
            for name in ("configuration", "polls", "constants", "scenarios")
            if name in attrs
        },
        "command": ["forecast", *sys.argv[1:]],
        "started": started,
        "seconds": round(time.perf_counter() - clock, 3),
        "versions": json.loads(attrs["versions"]),
        "warnings": list(attrs["warnings"]),
    }
    _write(series, record, folder)
    for warning in attrs["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    _print(series, asked.as_json)
    if not asked.quiet:
        print(f"wrote {folder}; next: forecast tables {folder}", file=sys.stderr)


def _write(series: Series, record: object, folder: Path) -> None:
    """Everything that a series leaves, all of it or nothing."""
    from forecast.result import Forecast
    from forecast.storage import SERIES_FILE_NAME, replacing_folder, write_forecast
    from forecast.tables.formats import as_csv
    from forecast.tables.series import series_tables

    with replacing_folder(folder) as draft:
        write_forecast(Forecast(series.dataset), draft / SERIES_FILE_NAME)
        (draft / "tables").mkdir()
        for table in series_tables(series):
            (draft / "tables" / f"{table.name}.csv").write_text(as_csv(table), encoding="utf-8")
        text = json.dumps(record, ensure_ascii=False, indent=2)
        (draft / "run.json").write_text(text + "\n", encoding="utf-8")


def _print(series: Series, as_json: bool) -> None:
    if as_json:
        text = json.dumps(series.record(), ensure_ascii=False, allow_nan=False, indent=2)
        sys.stdout.write(text + "\n")
        return
    from forecast.tables.series import series_tables
    from forecast.tables.terminal import console_for_results, print_tables

    shown = [
        table for table in series_tables(series, ("passes", "majorities", "seats")) if len(table.shown) > 2
    ]
    print_tables(shown, console_for_results())
