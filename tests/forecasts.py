"""Small forecasts for tests of what shows and keeps them."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path

from forecast.election import Election, parse_election
from forecast.election.loading import read_tables
from forecast.estimation import estimate
from forecast.polls import read_polls
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate
from forecast.storage import with_sources
from forecast.tables import known_tables
from tests.geographies import HEAD, woods, write_polls

CONFIG = Path(__file__).parent.parent / "configs" / "kazakhstan-2023.toml"


def kazakhstan(draws: int = 2_000, names: Mapping[str, str] | None = None, *settings: str) -> Forecast:
    """Kazakhstan 2023 in few draws, with other names for some of its parties."""
    return _forecast(draws, tuple((names or {}).items()), settings)


@functools.lru_cache(maxsize=2)
def in_districts(draws: int = 2_000) -> Forecast:
    """A made-up country of six districts in few draws."""
    with tempfile.TemporaryDirectory() as folder:
        election = woods(Path(folder), head=f'{HEAD}polls = "polls.csv"\n')
        write_polls(Path(folder, "polls.csv"))
        polls = read_polls(Path(folder, "polls.csv"), election)
        return simulate(election, estimate(election, polls), draws=draws)


@functools.lru_cache(maxsize=16)
def _forecast(draws: int, names: tuple[tuple[str, str], ...], settings: tuple[str, ...]) -> Forecast:
    election = _election(dict(names), settings)
    polls = election.election.polls
    assert polls is not None
    drawn = simulate(election, estimate(election, read_polls(polls, election)), draws=draws)
    return with_sources(drawn, election, CONFIG, settings)


def _election(names: Mapping[str, str], settings: tuple[str, ...]) -> Election:
    tables = read_tables(CONFIG)
    for party in tables["parties"]:
        party["name"] = names.get(party["id"], party["name"])
    return parse_election(tables, str(CONFIG), settings, CONFIG.parent)


def tables_of_kazakhstan() -> list[str]:
    """Names of the tables that it has: a chamber with two tiers, no districts of lists."""
    return list(known_tables(kazakhstan()))
