"""Districts in the draws: whole runs of two countries, and the core against NumPy doing the same."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import Spread, seconds_of
from benchmarks.processes import Say, forecast_command, run_command
from benchmarks.records import Results, Row
from benchmarks.vectorised import highest_averages
from forecast import estimate, load_election, read_polls
from forecast.election import Election
from forecast.geography.known_districts import read_geography
from forecast.geography.pattern import Pattern, drawn
from forecast.geography.projection import projection_of
from forecast.rules.compiled import compile_rules
from forecast.simulation.inputs import Units, compile_questions, draws_of
from forecast.simulation.local import local_of
from forecast.simulation.running import run_draws

DISTRICTS, SECONDS, NS, TIMES = "districts", "seconds", "ns a draw", "times"
COUNTRIES = {"Poland 2023": "poland-2023", "Spain, April 2019": "spain-2019-04"}
RUN = "forecast run, 1e6 draws, two threads, warm"
CORE, NUMPY, FASTER = "core, one thread", "vectorised NumPy, one thread", "core against NumPy"

_ROOT = Path(__file__).resolve().parent.parent
_CHUNK = 1_000


def districts(results: Results, *, rounds: int, draws: int, say: Say) -> None:
    """Whole runs of five times ``draws``, and the projection with its divisions of as many."""
    for name, config in COUNTRIES.items():
        say(f"districts: {name}")
        path = _ROOT / "configs" / f"{config}.toml"
        with tempfile.TemporaryDirectory() as folder:
            how = ("--draws", str(5 * draws), "--threads", "2", "--output", str(Path(folder, "run")))
            command = forecast_command("run", str(path), *how)
            if rounds > 1:
                run_command(command)
            seconds = []
            for _ in range(rounds):
                start = time.perf_counter()
                run_command(command)
                seconds.append(time.perf_counter() - start)
        results.rows.append(Row(DISTRICTS, name, RUN, SECONDS, Spread.of(seconds)))
        _against_numpy(results, name, path, rounds=rounds, draws=draws)


def _against_numpy(results: Results, name: str, path: Path, *, rounds: int, draws: int) -> None:
    election = load_election(path)
    polls = election.election.polls
    assert polls is not None
    estimated = estimate(election, read_polls(polls, election))
    units = Units.of(election, estimated.units)
    local = local_of(election, estimated, units, 1)
    geography = read_geography(election)
    assert local is not None
    assert geography is not None
    inputs = draws_of(election, estimated, units, 1, "random").in_districts(local)
    lists = [election.by_id[unit] for unit in units.ids[: units.lists]]
    rules = compile_rules([election.rule], lists, table=local.table)
    questions = compile_questions((), (), units)
    pattern = projection_of(election, geography, estimated).pattern
    order = [estimated.units.index(unit) for unit in units.ids]

    def core(number: int) -> None:
        run_draws(inputs, rules, questions, number, threads=1)

    def numpy(number: int) -> None:
        generator = np.random.default_rng(1)
        for _ in range(max(1, number // _CHUNK)):
            _seats(election, pattern, order[: units.lists], local.table.seats, generator)

    few = max(_CHUNK, draws // 50)
    core(_CHUNK)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(seconds_of(partial(core, draws)) / draws * 1e9)
        theirs.append(seconds_of(partial(numpy, few)) / few * 1e9)
    results.rows.append(Row(DISTRICTS, name, CORE, NS, Spread.of(ours)))
    results.rows.append(Row(DISTRICTS, name, NUMPY, NS, Spread.of(theirs)))
    ratios = [slow / fast for slow, fast in zip(theirs, ours, strict=True)]
    results.rows.append(Row(DISTRICTS, name, FASTER, TIMES, Spread.of(ratios)))


def _seats(
    election: Election,
    pattern: Pattern,
    lists: list[int],
    houses: NDArray[np.int64],
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """(D, N, K) seats of a chunk: national shares, the projection, the threshold, D'Hondt by district."""
    shares = np.exp(np.log(pattern.central) + 0.1 * generator.standard_normal((_CHUNK, len(pattern.central))))
    shares /= shares.sum(1, keepdims=True)
    votes = drawn(pattern, shares, generator)
    threshold = election.rule.threshold
    level = threshold.level if threshold is not None else 0
    assert not isinstance(level, str)
    admitted = shares[:, lists] >= float(level)
    found = np.empty((len(houses), _CHUNK, len(lists)))
    for d, house in enumerate(houses.tolist()):
        found[d] = highest_averages(votes[:, d][:, lists] * admitted, house, 1.0)
    return found
