"""The whole chain on past elections, polls to seats: with the districts of a projection, and without any."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from forecast.estimation.constants import Constants as ErrorConstants
from forecast.geography.pattern import Floats, drawn, pattern_of
from forecast.geography.projection_constants import Constants
from forecast.verification.archive import PastElection
from forecast.verification.compared_methods import law_of
from forecast.verification.districts.evaluating import NATIONALLY
from forecast.verification.districts.exact_law import ExactLaw, PastLaw, as_one_district
from forecast.verification.districts.joining import Joined
from forecast.verification.districts.pairs import Pair
from forecast.verification.districts.scoring import LEAST_CHANCE, Ranks, Seats, Told, held, ranks
from forecast.verification.past_elections import Case, case_of
from forecast.verification.scores import LEVELS, clustered_error, ranked_probability_score
from forecast.verification.sharing import Do, Step, each_done, one_by_one

DISTRICTS = "districts"
"""Seats by the projection to districts, beside ``NATIONALLY``."""
METHOD = "default"
HORIZONS = (1, 7, 30)
_SEED = 20_161_127


@dataclass(frozen=True)
class ChainScores:
    """One election at one horizon: of each list the RPS and the error of the mean, by way."""

    election: str
    country: str
    horizon: int
    lists: tuple[str, ...]
    actual: Seats
    rps: Mapping[str, Floats]
    miss: Mapping[str, Floats]
    """Absolute error of the mean of draws."""
    placed: Mapping[str, Ranks]
    """Lists that may win a seat."""


@dataclass(frozen=True)
class Chain:
    """All elections at all horizons."""

    scores: tuple[ChainScores, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ChainPlan:
    """How the chain is run."""

    estimates: Callable[[str], ErrorConstants]
    """Constants of the polls' errors by which a country is forecast."""
    projections: Callable[[str], Constants]
    """Constants of the projection by which a country is forecast."""
    laws: Mapping[str, PastLaw]
    """By the name of the later election."""
    records: Callable[[PastElection], float] = lambda election: 0.0
    """The record of a country before an election."""
    horizons: Sequence[int] = HORIZONS
    draws: int = 300
    step: Step | None = None
    do: Do = one_by_one
    """Who does the work, by election."""


def run_chain(elections: Sequence[Joined], plan: ChainPlan) -> Chain:
    """Forecast the seats of past elections from their polls and the last result by district."""
    usable = [one for one in elections if one.pair.after in plan.laws]
    notes = [
        f"{one.past.id}: no law of {one.pair.after} is known (laws.toml)"
        for one in elections
        if one.pair.after not in plan.laws
    ]
    notes += [
        f"{one.past.id}: no list by district for {', '.join(one.unknown)}" for one in usable if one.unknown
    ]
    found = each_done(plan.do, _of_election, [_task(one, plan) for one in usable], plan.step)
    return Chain(tuple(score for scores in found for score in scores), tuple(notes))


class _Task(NamedTuple):
    """An election with all that its chain takes."""

    one: Joined
    estimate: ErrorConstants
    projection: Constants
    law: PastLaw
    record: float
    horizons: tuple[int, ...]
    draws: int


def _task(one: Joined, plan: ChainPlan) -> _Task:
    country = one.past.country
    return _Task(
        one,
        plan.estimates(country),
        plan.projections(one.pair.country),
        plan.laws[one.pair.after],
        plan.records(one.past),
        tuple(plan.horizons),
        plan.draws,
    )


def _of_election(task: _Task) -> list[ChainScores]:
    cases = [case_of(task.one.past, horizon) for horizon in task.horizons]
    return [_scored(task.one, case, task) for case in cases if case is not None]


def _scored(one: Joined, case: Case, task: _Task) -> ChainScores:
    units = [unit for unit in case.units[: case.named] if unit in one.lists]
    pair = with_units(one.pair, [one.lists[unit] for unit in units])
    stream = np.random.default_rng([_SEED, zlib.crc32(one.past.id.encode()), case.horizon])
    law = law_of(case, task.estimate, METHOD, task.record)
    shares = law.draws(stream.standard_normal((task.draws, len(case.units))), stream)
    told = shares[:, [case.units.index(unit) for unit in units]]
    national = np.column_stack([told, 1.0 - told.sum(1)])
    seats = _seats(pair, national, task, stream)
    whole = ExactLaw.of(task.law, one.pair)
    official = whole(one.pair, one.pair.votes[None])[1][0]
    place = one.pair.base.units.index
    actual = np.array([official[[place(name) for name in one.lists[unit]]].sum() for unit in units])
    return ChainScores(
        one.past.id,
        one.past.country,
        case.horizon,
        tuple(units),
        actual,
        {way: ranked_probability_score(found, actual) for way, found in seats.items()},
        {way: np.abs(found.mean(0) - actual) for way, found in seats.items()},
        {way: _placed(found, actual) for way, found in seats.items()},
    )


def _seats(pair: Pair, national: Floats, task: _Task, stream: np.random.Generator) -> dict[str, Seats]:
    """(N, K) seats of the lists of a pair for draws (N, U) of its national shares, by way."""
    base = replace(pair.base, weights=pair.last_weights)
    base = replace(base, national=base.weights @ base.last)
    centre = national.mean(0)
    pattern = pattern_of(base, centre / centre.sum(), task.projection)
    shares = drawn(pattern, national, stream)
    votes = shares * (base.weights * pair.votes.sum())[:, None]
    law = ExactLaw.of(task.law, pair)
    found = {DISTRICTS: law(pair, votes)[1], NATIONALLY: as_one_district(law)(pair, votes)[1]}
    return {way: seats[:, :-1] for way, seats in found.items()}


def with_units(pair: Pair, parts: Sequence[Sequence[str]]) -> Pair:
    """The pair with some of its lists, or sums of them; all others are among ``other``."""
    base = pair.base
    told = np.zeros((len(base.units), len(parts) + 1))
    for column, names in enumerate(parts):
        told[[base.units.index(name) for name in names], column] = 1.0
    told[:, -1] = 1.0 - told.sum(1)
    return replace(
        pair,
        base=replace(
            base,
            units=(*(names[0] for names in parts), base.units[-1]),
            last=base.last @ told,
            national=base.national @ told,
            stands=pair.votes @ told > 0.0,
        ),
        votes=pair.votes @ told,
    )


def _placed(draws: Seats, actual: Seats) -> Ranks:
    likely = (draws > 0).mean(0) >= LEAST_CHANCE
    return ranks(draws[:, likely], actual[likely])


@dataclass(frozen=True)
class ChainRow(Told):
    """One number of the whole chain, with its standard error over elections."""

    way: str
    horizon: int | None
    metric: str
    value: float
    error: float
    elections: int


def chain_rows(chain: Chain) -> list[ChainRow]:
    """RPS and error of seats a list, coverage, and how much lower than without districts, by horizon."""
    each = list(dict.fromkeys(one.horizon for one in chain.scores))
    horizons = [None, *each] if len(each) > 1 else each
    return [
        row
        for horizon in horizons
        for row in _rows([one for one in chain.scores if horizon is None or one.horizon == horizon], horizon)
    ]


def _rows(scores: Sequence[ChainScores], horizon: int | None) -> list[ChainRow]:
    if not scores:
        return []
    cluster = np.unique([one.election for one in scores], return_inverse=True)[1]
    elections = len(set(cluster.tolist()))
    rows: list[ChainRow] = []
    for metric in ("rps", "miss"):
        by_way = {
            way: np.array([getattr(one, metric)[way].mean() for one in scores]) for way in scores[0].rps
        }
        less = by_way[NATIONALLY] - by_way[DISTRICTS]
        name = {"rps": "seats_rps", "miss": "seats_mae"}[metric]
        for way, values in (*by_way.items(), ("less", less)):
            error = clustered_error(values, cluster)
            rows.append(ChainRow(way, horizon, name, float(values.mean()), error, elections))
    for way in scores[0].placed:
        placed = [one.placed[way] for one in scores]
        sizes = np.array([len(one.below) for one in placed], float)
        for level, hits in zip(LEVELS, held(placed, _SEED).T, strict=True):
            error = clustered_error(hits, cluster, sizes)
            value = float(sizes @ hits / sizes.sum())
            rows.append(
                ChainRow(way, horizon, f"seats_coverage_{level:.0%}".rstrip("%"), value, error, elections)
            )
    return rows
