"""How good chances of winning a district are: past elections in single-member districts, at true national
votes.

Given are the later election's national votes, of candidates (``FIRST``) or of lists, from which those of
candidates follow by the last split (``BY_SPLIT``); and where its candidates stood. Rivals know the same. A
rival that names a winner and no chance is given the chance with which it was right elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.election.district_votes import CANDIDATE_ERROR, SPLIT_ERROR
from forecast.estimation.calibration import Bin
from forecast.geography.candidates import SHARED, split_sd, with_candidates
from forecast.geography.pattern import Constants, Floats, Pattern, drawn, pattern_of
from forecast.verification import Do, Step, each_done, one_by_one
from forecast.verification.election_pairs import Contested
from forecast.verification.scores import (
    BINS,
    Ranks,
    Told,
    bin_of,
    by_themselves,
    calibration_curve,
    clustered_error,
    coverage,
    ranks,
)

FIRST, BY_SPLIT = "true votes for candidates", "true votes for lists, last split"
MODEL, INDEPENDENT = "model", "independent districts"
LAST_WINNER, PROPORTIONAL = "last winner", "proportional swing"

APART = ("lithuania", "nepal")
"""Countries in which persons, pacts and independents decide. They are shown apart: what is said of the others
is not said of them.
"""

ERROR_OF_PERSONS = 0.76
"""The error of a candidate in such countries, fitted to them."""
USUAL = "usual"
"""All others, together."""

_DRAWS, _SEED = 1_000, 41
_LEAST_CHANCE = 1.0 / 2_000.0
"""Where nobody of the draws won: for the logarithmic score."""
_LEAST_SEATS = 0.5
"""Parties that are expected to win fewer districts are left out of what is said of totals, unless they won
one.
"""

ConstantsOf = Callable[[str], Constants]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class CandidateErrors:
    """What chances rest on besides the constants of the projection."""

    candidate: float
    """``tiers.votes.candidate_error``"""
    shared: float
    """Factor on the errors that districts share."""
    split: float
    """``tiers.votes.split_error``"""


def shipped_errors(country: str) -> CandidateErrors:
    """Those of the program for the kind of country."""
    error = ERROR_OF_PERSONS if country in APART else float(CANDIDATE_ERROR)
    return CandidateErrors(error, SHARED, float(SPLIT_ERROR))


ErrorsOf = Callable[[str], CandidateErrors]


@dataclass(frozen=True)
class PairWinners:
    """One pair by one way: chances, who was called, and totals by party."""

    contested: Contested
    way: str
    given: str
    chances: Floats
    """(D, U)"""
    right: int
    """Districts whose likeliest winner won."""
    expected_right: float
    interval: tuple[float, float]
    """That 95 % of the draws have right."""
    standardised: Floats
    """Errors of totals over their sds, of the parties that may win some."""
    totals: Ranks


@dataclass(frozen=True)
class WinnerScore(Told):
    """One number: of which way and pairs, given what; its standard error over pairs (NaN where not known)."""

    way: str
    given: str
    of: str
    metric: str
    value: float
    error: float
    number: int


@dataclass(frozen=True)
class BinScore:
    """What was said and what happened in a bin, with a standard error over pairs."""

    bin: Bin
    error: float


@dataclass(frozen=True)
class WinnerEvaluation:
    """All scores, those of single pairs, and the calibration of the model without the countries apart."""

    scores: tuple[WinnerScore, ...]
    pairs: tuple[PairWinners, ...]
    bins: Mapping[str, tuple[BinScore, ...]]
    """By what was given."""
    errors: Mapping[str, CandidateErrors]
    """By country, what its chances rest on."""

    def value(self, way: str, given: str, of: str, metric: str) -> float:
        """One of the scores."""
        known = {(one.way, one.given, one.of, one.metric): one.value for one in self.scores}
        return known[way, given, of, metric]

    def error_scores(self) -> list[WinnerScore]:
        """What chances rest on, as numbers."""
        return [
            WinnerScore(MODEL, "", country, f"{name}_error", value, np.nan, 0)
            for country, errors in self.errors.items()
            for name, value in asdict(errors).items()
        ]

    def bin_scores(self) -> list[WinnerScore]:
        """The calibration, as numbers."""
        return [
            WinnerScore(MODEL, given, USUAL, f"{what}_{one.bin.low:g}_{one.bin.high:g}", value, error, number)
            for given, bins in self.bins.items()
            for one in bins
            for number in (one.bin.statements,)
            for what, value, error in (
                ("said", one.bin.said, np.nan),
                ("happened", one.bin.happened, one.error),
            )
        ]


def evaluate_winners(
    found: Sequence[Contested],
    constants_of: ConstantsOf,
    errors_of: ErrorsOf = shipped_errors,
    step: Step | None = None,
    do: Do = one_by_one,
) -> WinnerEvaluation:
    """Scores of the model and its rivals on all pairs."""
    drawn_ways: list[PairWinners] = []
    called: dict[tuple[str, str], list[tuple[Contested, NDArray[np.int64]]]] = {}
    tasks = [
        (number, one, (constants_of(one.pair.country), errors_of(one.pair.country)))
        for number, one in enumerate(found)
    ]
    for one, (ways, winners) in zip(found, each_done(do, _of_pair, tasks, step), strict=True):
        drawn_ways += ways
        for given, swung in winners.items():
            called.setdefault((PROPORTIONAL, given), []).append((one, swung))
            called.setdefault((LAST_WINNER, given), []).append((one, one.last_winners))
    model = [one for one in drawn_ways if one.way == MODEL]
    scores = [
        *_of_draws(model),
        *_of_draws([one for one in drawn_ways if one.way == INDEPENDENT]),
        *(score for (way, given), calls in called.items() for score in _of_rival(way, given, calls)),
    ]
    usual = [one for one in model if one.contested.pair.country not in APART]
    bins = {given: tuple(_bins([one for one in usual if one.given == given])) for given in (FIRST, BY_SPLIT)}
    errors = {country: errors_of(country) for country in dict.fromkeys(one.pair.country for one in found)}
    return WinnerEvaluation(tuple(scores), tuple(model), bins, errors)


def _of_pair(
    task: tuple[int, Contested, tuple[Constants, CandidateErrors]],
) -> tuple[list[PairWinners], dict[str, NDArray[np.int64]]]:
    """A pair by the ways that draw, and the winners (D,) by a proportional swing."""
    number, one, (law, errors) = task
    stream = np.random.default_rng([_SEED, number])
    ways: list[PairWinners] = []
    winners: dict[str, NDArray[np.int64]] = {}
    for given, national in _given(one).items():
        ways += [_drawn(one, way, given, (law, errors), stream) for way in (MODEL, INDEPENDENT)]
        swung = pattern_of(one.pair.base, national, law, swing="proportional").shares
        winners[given] = swung[:, : one.pair.lists].argmax(1)
    return ways, winners


def _given(one: Contested) -> dict[str, Floats]:
    """National votes for candidates (U,) by how they are known."""
    known = {FIRST: one.pair.national}
    return known if one.by_split is None else known | {BY_SPLIT: one.by_split}


def chances_of(
    pattern: Pattern, national: Floats, split: float, stream: np.random.Generator, draws: int = _DRAWS
) -> tuple[Floats, Whole]:
    """(D, U) chances of winning, and (N, D) the winners of draws around national shares (U,), whose logs err
    by ``split`` at a quarter of the votes.
    """
    sd = split_sd(national, split)
    shares = national * np.exp(sd * stream.standard_normal((draws, len(national))))
    shares /= shares.sum(1, keepdims=True)
    winners = drawn(pattern, shares, stream)[:, :, :-1].argmax(2)
    chances = np.stack([(winners == unit).mean(0) for unit in range(len(national))], axis=1)
    return chances, winners


def totals_of(winners: Whole, true: Whole, parties: int) -> tuple[Whole, Whole]:
    """(N, P) districts of each party in draws of winners (N, D), and (P,) of the true ones (D,)."""
    totals = np.stack([(winners == unit).sum(1) for unit in range(parties)], axis=1)
    return totals, np.array([(true == unit).sum() for unit in range(parties)])


def ranks_of_totals(totals: Whole, true: Whole) -> tuple[Floats, Ranks]:
    """Errors of totals over their sds, and their ranks, of parties that may win some or did."""
    chosen = ((totals.mean(0) >= _LEAST_SEATS) | (true > 0)) & (totals.std(0) > 0.0)
    off = (true - totals.mean(0))[chosen] / totals.std(0)[chosen]
    return off, ranks(totals[:, chosen], true[chosen])


def _drawn(
    one: Contested,
    way: str,
    given: str,
    laws: tuple[Constants, CandidateErrors],
    stream: np.random.Generator,
) -> PairWinners:
    law, errors = laws
    national, split = _given(one)[given], errors.split if given == BY_SPLIT else 0.0
    pattern = with_candidates(pattern_of(one.pair.base, national, law), errors.candidate, errors.shared)
    chances, winners = chances_of(
        by_themselves(pattern) if way == INDEPENDENT else pattern, national, split, stream
    )
    likeliest = chances.argmax(1)
    hits = (winners == likeliest).sum(1)
    low, high = np.quantile(hits, (0.025, 0.975))
    standardised, ranked = ranks_of_totals(*totals_of(winners, one.winners, one.pair.lists))
    return PairWinners(
        one,
        way,
        given,
        chances,
        int((likeliest == one.winners).sum()),
        float(hits.mean()),
        (float(low), float(high)),
        standardised,
        ranked,
    )


def _said(calls: Sequence[tuple[Contested, NDArray[np.int64]]], at: int) -> Floats:
    """(D, U) chances by who is called: that with which calls were right in other countries (of the same
    group, those apart or not), the rest evenly to others who stand.
    """
    one, called = calls[at]
    apart = one.pair.country in APART
    hits = [
        (own == other.winners).mean()
        for other, own in calls
        if other.pair.country != one.pair.country and (other.pair.country in APART) == apart
    ]
    chance = float(np.mean(hits)) if hits else 0.5
    stands = one.pair.base.stands.copy()
    stands[:, -1] = False
    said = np.where(stands, (1.0 - chance) / np.maximum(stands.sum(1) - 1, 1)[:, None], 0.0)
    known, nobody = np.flatnonzero(called >= 0), np.flatnonzero(called < 0)
    said[known, called[known]] = chance
    said[nobody] = stands[nobody] / np.maximum(stands[nobody].sum(1, keepdims=True), 1)
    return said


def brier_of(chances: Floats, winners: NDArray[np.int64]) -> Floats:
    """(D,) sum of squared differences over candidates."""
    happened = winners[:, None] == np.arange(chances.shape[1])
    return ((chances - happened) ** 2).sum(1)


def log_score_of(chances: Floats, winners: NDArray[np.int64]) -> Floats:
    """(D,) minus the log of what was said of the winner."""
    said = np.where(winners >= 0, chances[np.arange(len(winners)), winners], 0.0)
    return -np.log(np.maximum(said, _LEAST_CHANCE))


def _groups(pairs: Sequence[Contested]) -> dict[str, list[int]]:
    """Numbers of the pairs of each group that is shown: usual countries together, others one by one."""
    found: dict[str, list[int]] = {}
    for number, one in enumerate(pairs):
        country = one.pair.country
        found.setdefault(country if country in APART else USUAL, []).append(number)
    return found


def _scores(way: str, given: str, pairs: Sequence[Contested], chances: Sequence[Floats]) -> list[WinnerScore]:
    """Brier and logarithmic scores a district, pairs alike."""
    scores: list[WinnerScore] = []
    for group, numbers in _groups(pairs).items():
        for metric, score in (("brier", brier_of), ("log", log_score_of)):
            each = np.array([score(chances[n], pairs[n].winners).mean() for n in numbers])
            error = clustered_error(each, np.arange(len(each)))
            districts = sum(len(pairs[n].winners) for n in numbers)
            scores.append(WinnerScore(way, given, group, metric, float(each.mean()), error, districts))
    return scores


def _of_draws(found: Sequence[PairWinners]) -> list[WinnerScore]:
    scores: list[WinnerScore] = []
    for given in (FIRST, BY_SPLIT):
        own = [one for one in found if one.given == given]
        if not own:
            continue
        way, pairs = own[0].way, [one.contested for one in own]
        scores += _scores(way, given, pairs, [one.chances for one in own])
        for one in own if way == MODEL else ():
            of = one.contested.name
            number = len(one.contested.winners)
            for metric, value in (
                ("right", float(one.right)),
                ("expected_right", one.expected_right),
                ("right_low95", one.interval[0]),
                ("right_high95", one.interval[1]),
            ):
                scores.append(WinnerScore(way, given, of, metric, value, float("nan"), number))
        for group, numbers in _groups(pairs).items():
            scores += _of_totals(way, given, group, [own[n] for n in numbers])
    return scores


def _of_totals(way: str, given: str, group: str, own: Sequence[PairWinners]) -> list[WinnerScore]:
    """Root mean square of standardised errors of totals by party, and how often intervals hold them."""
    squared = np.concatenate([one.standardised**2 for one in own])
    cluster = np.repeat(np.arange(len(own)), [len(one.standardised) for one in own])
    mean, error = float(squared.mean()), clustered_error(squared, cluster)
    rms = float(np.sqrt(mean))
    scores = [
        WinnerScore(way, given, group, "totals_rms", rms, error / (2.0 * rms), len(squared)),
    ]
    totals = [one.totals for one in own]
    number = sum(len(one.below) for one in totals)
    for level, value, error in coverage(totals, _SEED, np.arange(len(own))):
        scores.append(WinnerScore(way, given, group, f"totals_coverage_{level:g}", value, error, number))
    return scores


def _of_rival(
    way: str, given: str, calls: Sequence[tuple[Contested, NDArray[np.int64]]]
) -> list[WinnerScore]:
    pairs = [one for one, _ in calls]
    scores = _scores(way, given, pairs, [_said(calls, at) for at in range(len(calls))])
    for one, own in calls:
        right = float((own == one.winners).sum())
        scores.append(WinnerScore(way, given, one.name, "right", right, float("nan"), len(own)))
    return scores


def _bins(found: Sequence[PairWinners]) -> list[BinScore]:
    """The calibration of all chances of who stood, in ten bins; errors over pairs, or of independent
    districts where these are larger.
    """
    if not found:
        return []
    said, happened, pair = [], [], []
    for number, one in enumerate(found):
        stood = one.contested.pair.base.stands[:, :-1]
        chances = one.chances[:, :-1][stood]
        won = (one.contested.winners[:, None] == np.arange(stood.shape[1]))[stood]
        said.append(chances)
        happened.append(won)
        pair.append(np.full(len(chances), number))
    every, came, of = np.concatenate(said), np.concatenate(happened), np.concatenate(pair)
    number = bin_of(every)
    scores: list[BinScore] = []
    for one in calibration_curve(every, came):
        inside = number == round(one.low * BINS)
        miss = (came - every)[inside]
        alone = float(np.sqrt(max(one.said * (1.0 - one.said), 1e-9) / one.statements))
        together = clustered_error(miss, of[inside])
        scores.append(BinScore(one, max(alone, together) if together == together else alone))
    return scores
