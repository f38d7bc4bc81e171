"""Errors of candidates, of what districts share, and of the split, fitted to pairs of elections.

- The error of a candidate: that with the best logarithmic score of who won, at the true votes for candidates,
  over the countries of the same kind (``winning.APART`` or not).
- The factor on errors that districts share: that with which 80 % intervals of the number of districts in
  which a party is first hold 80 %. Besides pairs of votes for candidates those of votes for lists tell that,
  of which there are more; countries apart, and those whose districts err by much more than others', do not.
- The error of a split: the root mean square of the changes of its log, each over what a party of its size
  has.

Each country weighs the same in the first and the third, each party that may be first in the second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.errors import ABSENT, Fault, PollDataError
from forecast.geography.candidates import split_sd, with_candidates
from forecast.geography.pattern import Constants, Floats, Pattern, drawn, pattern_of
from forecast.verification.districts.candidate_pairs import Contested
from forecast.verification.districts.fitting_projection import histories_of
from forecast.verification.districts.pairs import Pair
from forecast.verification.districts.scoring import Ranks, held_at_80
from forecast.verification.districts.winning import (
    APART,
    CandidateErrors,
    ConstantsOf,
    chances_of,
    log_score_of,
    ranks_of_totals,
    totals_of,
)
from forecast.verification.sharing import Do, Step, each_done, one_by_one

LEAST_DISTRICTS = 15
"""With fewer, totals of who is first say little."""
MOST_SCALE = 1.5
"""Countries whose errors of districts are larger than this against those of the mean pair are left out."""
HELD = 0.8
"""What intervals of that level are made to hold."""
_LEAST_SHARE = 0.005
"""National share below which changes of a split are not looked at."""
_ERRORS = np.array([0.0, 0.03, 0.06, 0.09, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25])
_FACTORS = np.array([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1])
_DRAWS, _SEED, _LOTS = 500, 43, 10


@dataclass(frozen=True)
class Fittable:
    """Pairs in single-member districts, and pairs of votes for lists, of the same or other countries."""

    contested: Sequence[Contested]
    lists: Sequence[Pair]


def fit_candidates_without(
    found: Fittable, constants_of: ConstantsOf, step: Step | None = None, do: Do = one_by_one
) -> dict[str, CandidateErrors]:
    """Errors of candidates by country, from all others."""
    countries = list(dict.fromkeys(one.pair.country for one in found.contested))
    tasks = [(found, constants_of(country), country) for country in countries]
    return dict(zip(countries, each_done(do, _fit_without_one, tasks, step), strict=True))


def _fit_without_one(task: tuple[Fittable, Constants, str]) -> CandidateErrors:
    found, law, country = task
    return fit_candidates(found, law, country, apart=country in APART)


def fit_candidates(
    found: Fittable, law: Constants, without: str = "", *, apart: bool = False
) -> CandidateErrors:
    """Errors of candidates in countries that are ``apart`` or are not, from all countries but one. ``law``
    are constants of the projection that do not know that country either.

    ``PollDataError`` where there is no other country of its kind, or none that tells of splits.
    """
    contested = [one for one in found.contested if one.pair.country != without]
    _refuse_too_few(found, contested, without, apart=apart)
    lists = [pair for pair in found.lists if pair.country != without]
    usual = [one for one in contested if one.pair.country not in APART]
    shared, error = 1.0, 0.0
    for _ in range(2):  # either hangs little on the other
        error = _candidate_error(usual, law, shared)
        shared = _shared(_firsts(usual, lists, law, error))
    if apart:
        own = [one for one in contested if one.pair.country in APART]
        error = _candidate_error(own, law, shared)
    return CandidateErrors(error, shared, split_error_of(contested))


def _refuse_too_few(found: Fittable, others: Sequence[Contested], without: str, *, apart: bool) -> None:
    own = [one for one in found.contested if one.pair.country == without]
    kinds = {False, apart}
    missing = [kind for kind in kinds if not any((one.pair.country in APART) == kind for one in others)]
    splits = not any(one.split is not None for one in others) and any(one.split is not None for one in own)
    if missing or splits:
        what = "votes for lists and candidates" if splits else "pairs of elections by candidate"
        remedy = f"{what} of at least two countries of a kind are needed to fit errors without each of them"
        raise PollDataError(Fault("archive", "", without or ABSENT, remedy))


def _candidate_error(found: Sequence[Contested], law: Constants, shared: float) -> float:
    """That with the best logarithmic score; between values of a grid by the parabola through three."""
    by_country: dict[str, list[Floats]] = {}
    for number, one in enumerate(found):
        pattern = pattern_of(one.pair.base, one.pair.national, law)
        scores = []
        for error in _ERRORS:
            stream = np.random.default_rng([_SEED, number])
            chances, _ = chances_of(
                with_candidates(pattern, float(error), shared), one.pair.national, 0.0, stream, _DRAWS
            )
            scores.append(log_score_of(chances, one.winners).mean())
        by_country.setdefault(one.pair.country, []).append(np.array(scores))
    mean = np.mean([np.mean(scores, axis=0) for scores in by_country.values()], axis=0)
    best = int(np.clip(mean.argmin(), 1, len(_ERRORS) - 2))
    a, b, _ = np.polyfit(_ERRORS[best - 1 : best + 2], mean[best - 1 : best + 2], 2)
    least = -b / (2.0 * a) if a > 0.0 else _ERRORS[mean.argmin()]
    return float(np.clip(least, _ERRORS[best - 1], _ERRORS[best + 1]))


def _firsts(
    contested: Sequence[Contested], lists: Sequence[Pair], law: Constants, error: float
) -> list[tuple[Pair, Callable[[float], Pattern]]]:
    """Pairs in which it is counted who is first, with their patterns by the factor on shared errors."""
    scales = histories_of(lists, law) if lists else {}
    far = {country for country, history in scales.items() if history.scale > MOST_SCALE} | set(APART)
    found: list[tuple[Pair, Callable[[float], Pattern]]] = []
    for pair, own in [(pair, 0.0) for pair in lists] + [(one.pair, error) for one in contested]:
        if pair.country not in far and len(pair.base.weights) >= LEAST_DISTRICTS:
            pattern = pattern_of(pair.base, pair.national, law)
            found.append((pair, lambda factor, p=pattern, e=own: with_candidates(p, e, factor)))
    return found


def _shared(firsts: Sequence[tuple[Pair, Callable[[float], Pattern]]]) -> float:
    """The factor with which intervals hold what they say, by a straight line through all of a grid."""
    held = []
    for factor in _FACTORS:
        ranked = [
            _ranks_of_firsts(pair, pattern(float(factor)), number)
            for number, (pair, pattern) in enumerate(firsts)
        ]
        held.append(held_at_80(ranked, _SEED, _LOTS))
    slope, at_0 = np.polyfit(_FACTORS, held, 1)
    return float(np.clip((HELD - at_0) / slope, _FACTORS[0], _FACTORS[-1]))


def _ranks_of_firsts(pair: Pair, pattern: Pattern, number: int) -> Ranks:
    stream = np.random.default_rng([_SEED, number])
    national = np.broadcast_to(pair.national, (_DRAWS, len(pair.national)))
    winners = drawn(pattern, national, stream)[:, :, : pair.lists].argmax(2)
    true = pair.shares[:, : pair.lists].argmax(1)
    return ranks_of_totals(*totals_of(winners, true, pair.lists))[1]


def split_error_of(found: Sequence[Contested], power: float | None = None) -> float:
    """Root mean square of the changes of logs of splits over what parties of that size have; NaN where no
    pair knows any. ``power`` is that of the reach of candidates, if not as it is used.
    """
    by_country: dict[str, list[float]] = {}
    for one in found:
        if one.split is None:
            continue
        said = one.by_split if power is None else one.split.candidates(power)
        assert said is not None
        known = (one.pair.national > _LEAST_SHARE) & (one.pair.base.national > 0.0) & (said > 0.0)
        known[-1] = False
        change = np.log(one.pair.national[known] / said[known]) / split_sd(said[known], 1.0)
        by_country.setdefault(one.pair.country, []).append(float((change**2).mean()))
    if not by_country:
        return float("nan")
    return float(np.sqrt(np.mean([np.mean(own) for own in by_country.values()])))
