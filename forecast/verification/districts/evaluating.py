"""How good the projection is, over the pairs of an archive, at the true national shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from forecast.geography.pattern import Constants, Floats, History
from forecast.verification.districts.exact_law import ExactLaw, as_one_district
from forecast.verification.districts.pairs import Pair
from forecast.verification.districts.scoring import (
    PIT_SEEDS,
    WAYS,
    PairScores,
    Ranks,
    SeatScores,
    Told,
    Way,
    held,
    score_pair,
)
from forecast.verification.scores import LEVELS, clustered_error
from forecast.verification.sharing import Do, Step, each_done, one_by_one

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
    sizes = np.array([len(one.below) if pooled else 1.0 for one in ranks], float)
    each = held(ranks, _SEED)
    number = int(sum(len(one.below) for one in ranks))
    return [
        Score(
            way,
            f"{metric}_{level:g}",
            float(sizes @ each[:, at] / sizes.sum()),
            clustered_error(each[:, at], country, sizes),
            number,
        )
        for at, level in enumerate(LEVELS)
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
