"""``forecast run`` for several days or several scenarios: forecasts side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forecast.cli.telling import show_json, tell
from forecast.cli.working import (
    Asked,
    no_search_for_garbage,
    progress_bar,
    refuse_place,
    say_if_cold,
    say_warnings,
    write_outputs,
)

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from forecast.election import Election
    from forecast.simulation.series import Series


def run_over_time(asked: Asked, days: Sequence[datetime.date]) -> None:
    """A forecast for each of ``days``, written and printed as one series."""
    with no_search_for_garbage():
        from forecast.election import load_election
        from forecast.election.days import days_of_forecasts
        from forecast.polls import polls_of

        election = load_election(asked.config, asked.settings)
        days = days_of_forecasts(election, days, "--as-of")
        polls = polls_of(election)
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
    _finish(asked, election, series, folder)


def run_scenarios(asked: Asked, file: Path, day: datetime.date | None) -> None:
    """A forecast for each scenario of ``file`` and for their mixture, written and printed as one series."""
    with no_search_for_garbage():
        from forecast.election import load_election
        from forecast.election.days import day_of_forecast

        election = load_election(asked.config, asked.settings)
        day = None if day is None else day_of_forecast(election, day, "--as-of")
        from forecast.sensitivity.scenarios import load_scenarios

        scenarios = load_scenarios(file, election, asked.config, asked.settings)
        folder = asked.folder(election, "scenarios")
        refuse_place(folder)
        say_if_cold(asked.quiet)
        from forecast.simulation.scenarios import simulate_scenarios
    draws = asked.draws if asked.draws is not None else election.simulation.draws
    with progress_bar(draws * len(scenarios), asked.quiet) as progress:
        series = simulate_scenarios(
            election,
            scenarios,
            day,
            draws=draws,
            seed=asked.seed,
            sampler=asked.sampler,
            threads=asked.cores,
            progress=progress,
        )
    _finish(asked, election, series, folder, scenarios=file)


def _finish(
    asked: Asked, election: Election, series: Series, folder: Path, scenarios: Path | None = None
) -> None:
    """Write a series with its record and print it."""
    from forecast.provenance import series_record, with_sources
    from forecast.simulation.series import Series
    from forecast.storage import SERIES_FILE_NAME
    from forecast.tables.series import series_tables

    series = Series(with_sources(series.dataset, election, asked.config, asked.settings, scenarios))
    record = series_record(series, asked.making())
    write_outputs(folder, SERIES_FILE_NAME, series.dataset, series_tables(series), record)
    say_warnings(series.dataset.attrs["warnings"], below_tables=not asked.as_json)
    _print(series, asked.as_json)
    if not asked.quiet:
        tell(f"wrote {folder}; next: forecast tables {folder}")


def _print(series: Series, as_json: bool) -> None:
    if as_json:
        show_json(series.record())
        return
    from forecast.tables.series import series_tables
    from forecast.tables.terminal import console_for_results, print_tables

    shown = series_tables(series, ("passes", "majorities", "seats"))
    known = ("party", "coalition", "party")
    told = [table for table, over in zip(shown, known, strict=True) if series.dataset.sizes[over]]
    print_tables(told, console_for_results())
