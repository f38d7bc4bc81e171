"""Backtest of the projection to districts: how good it is over the pairs of an archive, at the true national
shares; and the whole chain on past elections, polls to seats, with the districts of a projection and without.

Of the chain polls are of one archive and districts of another, which calls lists by names of its own. A list
of the one is that of the other that has its name, or, in the same election, its share of the votes.
"""

from __future__ import annotations

import datetime
import itertools
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forecast.election.texts import normalised
from forecast.errors import Fault, PollDataError
from forecast.estimation.constants import Constants as ErrorConstants
from forecast.geography.pattern import Constants, Floats, History, drawn, pattern_of
from forecast.verification import Do, Step, each_done, one_by_one
from forecast.verification.election_pairs import Pair
from forecast.verification.exact_law import ExactLaw, PastLaw, as_one_district
from forecast.verification.past_elections import Case, PastElection, case_of, read_archive_rows
from forecast.verification.predictive_laws import law_of
from forecast.verification.scores import (
    LEVELS,
    PIT_SEEDS,
    WAYS,
    PairScores,
    Ranks,
    Seats,
    SeatScores,
    Told,
    Way,
    clustered_error,
    coverage,
    ranked_probability_score,
    ranks_of_likely,
    score_pair,
)

NATIONALLY = "nationally"
"""Seats of the whole house divided at once by the national shares: a forecast without districts."""
_SEED = 20

ConstantsOf = Callable[[str], Constants]
"""The constants by which a country is forecast."""
HistoryOf = Callable[[Pair], History | None]


@dataclass(frozen=True)
class Score(Told):
    """One number: of which way, what it is, and its standard error over countries (NaN where not known)."""

    way: str
    metric: str
    value: float
    error: float
    number: int
    """Of pairs, cells, lists or blocs that it is a mean or a sum over."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of every way, and those of single pairs by way."""

    scores: tuple[Score, ...]
    pairs: Mapping[str, tuple[PairScores, ...]]
    misplaced: Mapping[str, Mapping[str, float]]
    """By way and pair: seats of the central projection that the law on the true votes gives to others."""
    notes: tuple[str, ...] = ()

    def value(self, way: str, metric: str) -> float:
        """One of the scores."""
        return next(score.value for score in self.scores if (score.way, score.metric) == (way, metric))


@dataclass(frozen=True)
class Plan:
    """What is evaluated, and how."""

    ways: Sequence[str] = tuple(WAYS)
    with_seats: Sequence[str] = ("model", "independent-cells")
    """Ways of whose draws seats are counted, which takes most of the time; of others those of the centre."""
    draws: int = 400
    counted: int = 200
    """Draws of which the seats are counted: exactly, which takes some 20 milliseconds each."""
    laws: Mapping[str, ExactLaw] = field(default_factory=dict)
    """By the name of the later election; pairs without one are scored on shares only."""
    history_of: HistoryOf = lambda pair: None
    """Of the country before the later election of a pair, for the way that knows it."""
    step: Step | None = None
    do: Do = one_by_one
    """Who does the work, by pair and way."""


def evaluate(pairs: Sequence[Pair], constants_of: ConstantsOf, plan: Plan) -> Evaluation:
    """Scores of all ways on all pairs; every pair and way has a stream of draws of its own."""
    by_way: dict[str, tuple[PairScores, ...]] = {}
    misplaced: dict[str, dict[str, float]] = {}
    scores: list[Score] = []
    tasks = [
        _task(name, number, pair, constants_of(pair.country), plan)
        for name in plan.ways
        for number, pair in enumerate(pairs)
    ]
    results = iter(each_done(plan.do, _scored, tasks, plan.step))
    for name in plan.ways:
        found = [(pair, *next(results)) for pair in pairs]
        by_way[name] = tuple(one for _, one, _ in found)
        misplaced[name] = {pair.name: off for pair, _, off in found if off is not None}
        scores += _summed(name, by_way[name], misplaced[name])
    if plan.laws:
        alone = {
            pair.name: _nationally(pair, plan.laws[pair.after]) for pair in pairs if pair.after in plan.laws
        }
        misplaced[NATIONALLY] = {name: float(off.sum()) / 2.0 for name, off in alone.items()}
        crps = sum(float(off.sum()) for off in alone.values())
        scores.append(Score(NATIONALLY, "national_seats_crps", crps, float("nan"), len(alone)))
        scores.append(Score(NATIONALLY, "misplaced", crps / 2.0, float("nan"), len(alone)))
    return Evaluation(tuple(scores), by_way, misplaced)


class _Task(NamedTuple):
    """A pair by a way, with all that this takes."""

    way: str
    number: int
    pair: Pair
    constants: Constants
    history: History | None
    law: ExactLaw | None
    drawn_seats: bool
    """Whether seats of draws are counted by the law too."""
    draws: tuple[int, int]


def _task(name: str, number: int, pair: Pair, constants: Constants, plan: Plan) -> _Task:
    history = plan.history_of(pair) if WAYS[name].own_history else None
    law, drawn_seats = plan.laws.get(pair.after), name in plan.with_seats
    return _Task(name, number, pair, constants, history, law, drawn_seats, (plan.draws, plan.counted))


def _scored(task: _Task) -> tuple[PairScores, float | None]:
    """Scores, and misplaced seats where a law is known."""
    way, pair, law = WAYS[task.way], task.pair, task.law
    pattern = way.pattern(pair, task.constants, task.history)
    number, counted = task.draws
    draws = way.draws(pattern, number, np.random.default_rng([_SEED, task.number]))
    scores = score_pair(pair, draws, law if task.drawn_seats else None, counted)
    return scores, None if law is None else _misplaced(pair, law, way, task.constants)


def _misplaced(pair: Pair, law: ExactLaw, way: Way, constants: Constants) -> float:
    """Half the sum of errors of national seats, of the central projection."""
    centre = way.pattern(pair, constants).shares
    _, seats = law(np.stack([centre * pair.votes.sum(1)[:, None], pair.votes]))
    return float(np.abs(seats[0] - seats[1]).sum()) / 2.0


def _nationally(pair: Pair, law: ExactLaw) -> Floats:
    """(U,) errors of national seats of an allocation without districts."""
    _, actual = law(pair.votes[None])
    _, alone = as_one_district(law)(pair.votes[None])
    return np.abs(actual[0] - alone[0]).astype(float)


def _summed(way: str, found: Sequence[PairScores], misplaced: Mapping[str, float]) -> list[Score]:
    """The scores of one way."""
    country = np.unique([one.pair.country for one in found], return_inverse=True)[1]
    crps = 1000.0 * np.array([one.share_crps for one in found])
    scores = [
        *_coverage(way, "shares", [one.shares for one in found], country, pooled=False),
        Score(way, "shares_crps_permille", float(crps.mean()), clustered_error(crps, country), len(found)),
    ]
    regional = [
        (one.regional, at) for one, at in zip(found, country, strict=True) if one.regional is not None
    ]
    if regional:
        ranks, at = zip(*regional, strict=True)
        scores += _coverage(way, "regional_shares", list(ranks), np.array(at), pooled=True)
    if misplaced:
        pairs = {one.pair.name: at for one, at in zip(found, country, strict=True)}
        scores.append(_sum(way, "misplaced", list(misplaced.values()), [pairs[name] for name in misplaced]))
    seated = [(one.seats, at) for one, at in zip(found, country, strict=True) if one.seats is not None]
    if not seated:
        return scores
    seats, at = [one for one, _ in seated], np.array([one for _, one in seated])
    scores += _coverage(way, "national_seats", [one.national for one in seats], at, pooled=True)
    scores += _coverage(way, "district_seats", [one.district for one in seats], at, pooled=True)
    scores += _blocs(way, seats)
    scores.append(_sum(way, "national_seats_crps", [one.national_crps for one in seats], at))
    scores.append(_sum(way, "district_seats_crps", [one.district_crps for one in seats], at))
    return scores


def _sum(way: str, metric: str, values: Sequence[float], country: Sequence[int] | np.ndarray) -> Score:
    each = np.array(values)
    error = clustered_error(each, np.asarray(country)) * len(each)
    return Score(way, metric, float(each.sum()), error, len(each))


def _coverage(
    way: str, metric: str, ranks: Sequence[Ranks], country: np.ndarray, *, pooled: bool
) -> list[Score]:
    """Mean coverage of each level over randomised PITs: over pairs, or over all ranked (``pooled``)."""
    number = int(sum(len(one.below) for one in ranks))
    return [
        Score(way, f"{metric}_{level:g}", value, error, number)
        for level, value, error in coverage(ranks, _SEED, country, pooled=pooled)
    ]


def _blocs(way: str, seats: Sequence[SeatScores]) -> list[Score]:
    """Coverage of the seats of random halves of the lists of each election."""
    generators = [np.random.default_rng([_SEED, seed]) for seed in range(PIT_SEEDS)]
    hits = np.array(
        [[one.blocs(generator).covered(generator) for one in seats] for generator in generators]
    ).mean((0, 1))
    return [
        Score(way, f"blocs_{level:g}", float(hit), float("nan"), len(seats))
        for level, hit in zip(LEVELS, hits, strict=True)
    ]


# The whole chain.

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
_CHAIN_SEED = 20_161_127


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
    found = each_done(plan.do, _of_election, [_chain_task(one, plan) for one in usable], plan.step)
    return Chain(tuple(score for scores in found for score in scores), tuple(notes))


class _ChainTask(NamedTuple):
    """An election with all that its chain takes."""

    one: Joined
    estimate: ErrorConstants
    projection: Constants
    law: PastLaw
    record: float
    horizons: tuple[int, ...]
    draws: int


def _chain_task(one: Joined, plan: ChainPlan) -> _ChainTask:
    country = one.past.country
    return _ChainTask(
        one,
        plan.estimates(country),
        plan.projections(one.pair.country),
        plan.laws[one.pair.after],
        plan.records(one.past),
        tuple(plan.horizons),
        plan.draws,
    )


def _of_election(task: _ChainTask) -> list[ChainScores]:
    cases = [case_of(task.one.past, horizon) for horizon in task.horizons]
    return [_chain_scored(task.one, case, task) for case in cases if case is not None]


def _chain_scored(one: Joined, case: Case, task: _ChainTask) -> ChainScores:
    units = [unit for unit in case.units[: case.named] if unit in one.lists]
    pair = with_units(one.pair, [one.lists[unit] for unit in units])
    stream = np.random.default_rng([_CHAIN_SEED, zlib.crc32(one.past.id.encode()), case.horizon])
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
        {way: ranks_of_likely(found, actual) for way, found in seats.items()},
    )


def _seats(pair: Pair, national: Floats, task: _ChainTask, stream: np.random.Generator) -> dict[str, Seats]:
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
        for level, value, error in coverage(placed, _CHAIN_SEED, cluster):
            name = f"seats_coverage_{level:.0%}".rstrip("%")
            rows.append(ChainRow(way, horizon, name, value, error, elections))
    return rows
