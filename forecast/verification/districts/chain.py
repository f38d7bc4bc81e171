"""The whole chain on past elections, polls to seats: with the districts of a projection, and without any.

Polls are of one archive and districts of another, which calls lists by names of its own. A list of the one is
that of the other that has its name, or, in the same election, its share of the votes.
"""

from __future__ import annotations

import datetime
import itertools
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forecast.election.texts import normalised
from forecast.errors import Fault, PollDataError
from forecast.estimation.constants import Constants as ErrorConstants
from forecast.geography.pattern import Constants, Floats, drawn, pattern_of
from forecast.verification.archive import PastElection, read_archive_rows
from forecast.verification.compared_methods import law_of
from forecast.verification.districts.evaluating import NATIONALLY
from forecast.verification.districts.exact_law import ExactLaw, PastLaw, as_one_district
from forecast.verification.districts.pairs import Pair
from forecast.verification.districts.scoring import LEAST_CHANCE, Ranks, Seats, Told, held, ranks
from forecast.verification.past_elections import Case, case_of
from forecast.verification.scores import LEVELS, clustered_error, ranked_probability_score
from forecast.verification.sharing import Do, Step, each_done, one_by_one

INDEX = "index.csv"
"""Says of each table of results by district which election it is: file, country, date."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORD = re.compile(r"[\W_]+")
_RATIO, _LEAST = 0.035, 0.0005
"""Two shares of one list differ by rounding and by what counts as valid: by less than this part, or this."""
_SAME_NAME = 0.35
"""Two lists of one name whose shares differ by more are two, or one is a part of the other."""
_MOST_PARTS = 4
_LARGE = 0.03
"""Share from which on a party is looked for among several lists that stand in different districts."""
_AGREE = 0.1
"""Shares of most parties differ by less than this part, else it is another election of that day."""


@dataclass(frozen=True)
class Joined:
    """An election with polls, whose later result by district is that of a pair."""

    past: PastElection
    pair: Pair
    lists: Mapping[str, tuple[str, ...]]
    """Of the parties of the polls, which list of the pair each is, or which lists of different districts."""
    unknown: tuple[str, ...]
    """Parties of the polls that are no list there; they count among all others."""


def country_names(folder: str | Path, pairs: Sequence[Pair]) -> dict[str, str]:
    """By country of the pairs, its name as the index has it; its own where there is no index."""
    if not (Path(folder) / INDEX).exists():
        return {pair.country: pair.country for pair in pairs}
    days = read_days(folder)
    return {pair.country: days[pair.after][0] if pair.after in days else pair.country for pair in pairs}


def read_days(folder: str | Path) -> dict[str, tuple[str, datetime.date]]:
    """By table, country and day of its election. ``PollDataError`` with every fault of the index."""
    faults: list[Fault] = []
    rows = read_archive_rows(Path(folder), INDEX, ("file", "country", "date"), faults)
    found: dict[str, tuple[str, datetime.date]] = {}
    for row in rows:
        day = _DAY.match(row.text("date"))
        if day is None:
            row.note("date", row.text("date"), "a day such as 2021-09-26 is expected")
            continue
        name = row.text("file").removesuffix(".csv")
        found[name] = row.text("country"), datetime.date.fromisoformat(day.group())
    faults += [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*faults)
    return found


def joined(
    elections: Sequence[PastElection],
    pairs: Sequence[Pair],
    days: Mapping[str, tuple[str, datetime.date]],
) -> list[Joined]:
    """Elections that both archives have, in the order of the pairs."""
    known = {(normalised(past.country), past.date): past for past in elections}
    found: list[Joined] = []
    for pair in pairs:
        country, day = days.get(pair.after, ("", datetime.date.min))
        past = known.get((normalised(country), day))
        if past is None or not len(past.polls.labels):
            continue
        lists = same_lists(past, pair)
        if _agree(past, pair, lists):
            unknown = tuple(name for name in past.polls.ids if name not in lists)
            found.append(Joined(past, pair, lists, unknown))
    return found


def same_lists(past: PastElection, pair: Pair) -> dict[str, tuple[str, ...]]:
    """By party of the polls, the list of the pair that it is: by name, by share, or several that nowhere
    stand against each other and have its share together.
    """
    free = {name: float(share) for name, share in zip(pair.base.units[:-1], pair.national, strict=False)}
    left = dict(sorted(zip(past.polls.ids, past.result.tolist(), strict=True), key=lambda item: -item[1]))
    found: dict[str, tuple[str, ...]] = {}

    def take(party: str, *names: str) -> None:
        found[party] = names
        del left[party]
        for name in names:
            del free[name]

    for of in (_same_name, _same_word):
        for party, official in list(left.items()):
            named = [n for n, share in free.items() if of(party, n) and _about(share, official, _SAME_NAME)]
            if len(named) == 1:
                take(party, named[0])
    for party, official in list(left.items()):
        if free:
            nearest = min(free, key=lambda name: abs(free[name] - official))
            back = min(left, key=lambda other: abs(left[other] - free[nearest]))
            if back == party and _about(free[nearest], official, _RATIO):
                take(party, nearest)
    for party, official in list(left.items()):
        parts = _parts(pair, free, official) if official >= _LARGE else ()
        if parts:
            take(party, *parts)
    return found


def _same_name(party: str, name: str) -> bool:
    return normalised(party) == normalised(name)


def _same_word(party: str, name: str) -> bool:
    return normalised(party) in (normalised(word) for word in _WORD.split(name))


def _about(share: float, official: float, part: float) -> bool:
    return abs(share - official) <= max(part * official, _LEAST)


def _parts(pair: Pair, free: Mapping[str, float], official: float) -> tuple[str, ...]:
    """The lists that nowhere stand against each other and have this share together; the nearest such."""
    stands = {name: pair.base.stands[:, pair.base.units.index(name)] for name in free}
    names = sorted(free, key=lambda name: -free[name])
    best: tuple[float, tuple[str, ...]] = (1.0, ())
    for size in range(2, _MOST_PARTS + 1):
        for chosen in itertools.combinations(names, size):
            total = sum(free[name] for name in chosen)
            if not _about(total, official, _RATIO) or abs(total - official) >= best[0]:
                continue
            if np.sum([stands[name] for name in chosen], axis=0).max() == 1:
                best = abs(total - official), chosen
    return best[1]


def _agree(past: PastElection, pair: Pair, lists: Mapping[str, Sequence[str]]) -> bool:
    """Whether the two are one election: on one day there may be another, of a part of the country."""
    official = dict(zip(past.polls.ids, past.result.tolist(), strict=True))
    national = dict(zip(pair.base.units, pair.national.tolist(), strict=True))
    near = [
        _about(sum(national[name] for name in names), official[party], _AGREE)
        for party, names in lists.items()
    ]
    return bool(near) and sum(near) > len(near) / 2


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
    official = whole(one.pair.votes[None])[1][0]
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
    found = {DISTRICTS: law(votes)[1], NATIONALLY: as_one_district(law)(votes)[1]}
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
