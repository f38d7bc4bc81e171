"""Scores of forecasts: arrays in, numbers out. Lower is better, apart from coverage.

Draws are (N, U): N draws of U quantities; outcomes (U,). Of projections to districts: the ways that are
compared, and their scores on one pair of elections, draws of district shares and of seats against what came.
Given are the later election's national shares and where its lists stand, so that what is scored is the
projection alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.estimation.calibration import Bin
from forecast.geography.pattern import Constants, History, Pattern, drawn, pattern_of, with_history
from forecast.verification.election_pairs import Pair, standing

Floats = NDArray[np.float64]
Seats = NDArray[np.int64]

LEVELS = (0.5, 0.8, 0.95)
"""Central intervals whose coverage is counted."""

BINS = 10
"""Equal bins of the calibration curve."""


def crps(draws: Floats, outcome: Floats) -> Floats:
    """(U,) continuous ranked probability score, in the unit of the draws.

    E|X - y| - E|X - X'|/2 over all pairs of different draws: unbiased in the number of draws (Gneiting and
    Raftery 2007, eq. 21; Ferro 2014 for the fair version).
    """
    number = len(draws)
    ordered = np.sort(draws, axis=0)
    rank = 2.0 * np.arange(1, number + 1) - number - 1.0
    spread = (rank @ ordered) / (number * (number - 1.0))
    return np.abs(draws - outcome).mean(0) - spread


def energy_score(draws: Floats, outcome: Floats) -> float:
    """E||X - y|| - E||X - X'||/2, pairs of draws taken half the number apart (Gneiting and Raftery 2007)."""
    far = np.linalg.norm(draws - outcome, axis=1).mean()
    apart = np.linalg.norm(draws - np.roll(draws, len(draws) // 2, axis=0), axis=1).mean()
    return float(far - 0.5 * apart)


def covered(draws: Floats, outcome: Floats, levels: tuple[float, ...] = LEVELS) -> NDArray[np.bool_]:
    """(levels, U) whether the central interval of each level holds the outcome."""
    tails = [(1.0 - level) / 2.0 for level in levels]
    low = np.quantile(draws, tails, axis=0)
    high = np.quantile(draws, [1.0 - tail for tail in tails], axis=0)
    return (low <= outcome) & (outcome <= high)


def brier(probability: Floats, happened: NDArray[np.bool_]) -> Floats:
    """Squared difference between what was said and what happened (1 or 0), for each statement."""
    return (probability - happened) ** 2


def ranked_probability_score(draws: NDArray[np.int64], outcome: NDArray[np.int64]) -> Floats:
    """(U,) sum over whole k of (P(X <= k) - [y <= k])**2: for counts, such as seats (Epstein 1969)."""
    most = int(max(draws.max(initial=0), outcome.max(initial=0)))
    scores = np.empty(draws.shape[1])
    values = np.arange(most + 1)
    for unit in range(draws.shape[1]):
        at_most = np.cumsum(np.bincount(draws[:, unit], minlength=most + 1)) / len(draws)
        scores[unit] = ((at_most - (outcome[unit] <= values)) ** 2).sum()
    return scores


def bin_of(probability: Floats, bins: int = BINS) -> NDArray[np.int64]:
    """Which of so many bins of equal width each probability is in, from 0."""
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


def calibration_curve(probability: Floats, happened: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """What was said and what happened, by bin of equal width; empty bins are left out."""
    number = bin_of(probability, bins)
    return [
        Bin(
            low=b / bins,
            high=(b + 1) / bins,
            said=float(probability[number == b].mean()),
            happened=float(happened[number == b].mean()),
            statements=int((number == b).sum()),
        )
        for b in range(bins)
        if (number == b).any()
    ]


def calibration_error(probability: Floats, happened: NDArray[np.bool_], bins: int = BINS) -> float:
    """Mean distance of the calibration curve from the diagonal, weighted by statements."""
    curve = calibration_curve(probability, happened, bins)
    total = sum(bin.statements for bin in curve)
    return sum(abs(bin.said - bin.happened) * bin.statements for bin in curve) / total


def calibration_resamples(
    probability: Floats, happened: NDArray[np.bool_], clusters: NDArray[np.int64], drawn: NDArray[np.int64]
) -> Floats:
    """(R,) calibration errors of R resamples of clusters; ``drawn`` (R, G) are their numbers from 0 to G - 1.

    A bin misses by what was said in it less what happened: sums over its statements, so also over clusters.
    """
    number = drawn.shape[1]
    place = clusters * BINS + bin_of(probability)
    apart = np.bincount(place, probability - happened, number * BINS).reshape(number, BINS)
    rows = np.arange(len(drawn))[:, None] * number
    times = np.bincount((rows + drawn).ravel(), minlength=drawn.size).reshape(drawn.shape)
    return np.abs(times @ apart).sum(1) / (times @ np.bincount(clusters, minlength=number))


def clustered_error(values: Floats, clusters: NDArray[np.int64], weights: Floats | None = None) -> float:
    """Standard error of a weighted mean whose terms are independent between clusters only.

    As in Liang and Zeger (1986); NaN for a single cluster.
    """
    weight = np.ones(len(values)) if weights is None else weights
    mean = float(weight @ values / weight.sum())
    sums = np.bincount(clusters, weights=weight * (values - mean))
    sums = sums[np.unique(clusters)]
    if len(sums) < 2:
        return float("nan")
    return float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / weight.sum())


# Where outcomes lie among draws.

LEAST_CHANCE = 0.05
"""Lists and cells that win a seat in fewer draws are left out of the coverage of seats, not of its scores."""


@dataclass(frozen=True)
class Ranks:
    """Where outcomes lie among draws: how many of ``draws`` are below each, and how many equal to it."""

    below: Floats
    equal: Floats
    draws: int

    def covered(self, generator: np.random.Generator) -> Floats:
        """(levels,) share of outcomes within the central interval of each level, by one randomised PIT.

        A lot is drawn among the equal: an outcome that is one more draw then has a uniform place, whatever
        the number of draws and whether they are discrete (Czado, Gneiting and Held 2009).
        """
        if not len(self.below):
            return np.full(len(LEVELS), np.nan)
        lot = generator.random(len(self.below))
        place = (self.below + lot * (self.equal + 1.0)) / (self.draws + 1.0)
        return np.array([(np.abs(place - 0.5) < level / 2.0).mean() for level in LEVELS])


def ranks(draws: Floats | Seats, outcome: Floats | Seats) -> Ranks:
    """Of outcomes (Q,) among draws (N, Q)."""
    return Ranks((draws < outcome).sum(0).astype(float), (draws == outcome).sum(0).astype(float), len(draws))


def ranks_of_likely(draws: Seats, outcome: Seats) -> Ranks:
    """The same of those that are not 0 in enough draws."""
    likely = (draws > 0).mean(0) >= LEAST_CHANCE
    return ranks(draws[:, likely], outcome[likely])


PIT_SEEDS = 20
"""Randomised PITs, whose mean is taken."""
AT_80 = LEVELS.index(0.8)


def held(found: Sequence[Ranks], seed: int) -> Floats:
    """(P, levels) share of the outcomes of each of ``found`` within the central interval of each level, by
    the mean of randomised PITs; 0 where there are none.
    """
    generators = [np.random.default_rng([seed, number]) for number in range(PIT_SEEDS)]
    means = [np.mean([one.covered(generator) for generator in generators], axis=0) for one in found]
    return np.nan_to_num(np.array(means))


def coverage(
    found: Sequence[Ranks], seed: int, clusters: NDArray[np.int64], *, pooled: bool = True
) -> Iterator[tuple[float, float, float]]:
    """Each level, the share of outcomes within its central intervals, over all of them (``pooled``) or in the
    mean of ``found``, and the standard error of that between ``clusters`` of ``found``.
    """
    sizes = np.array([len(one.below) if pooled else 1.0 for one in found], float)
    for level, hits in zip(LEVELS, held(found, seed).T, strict=True):
        yield level, float(sizes @ hits / sizes.sum()), clustered_error(hits, clusters, sizes)


def held_at_80(found: Sequence[Ranks], seed: int, lots: int, *, pooled: bool = True) -> float:
    """Share of outcomes within their central 80 % intervals, over all of them (``pooled``) or in the mean of
    ``found``, by so many randomised PITs.
    """
    generator = np.random.default_rng(seed)
    sizes = np.array([len(one.below) if pooled else 1.0 for one in found], float)
    share = [
        np.mean([one.covered(generator)[AT_80] for _ in range(lots)]) if len(one.below) else 0.0
        for one in found
    ]
    return float(sizes @ share / sizes.sum())


@dataclass(frozen=True)
class Told:
    """A number with its standard ``error``, NaN where that is not known, and what it is of."""

    def record(self) -> dict[str, object]:
        """For tables and JSON."""
        return {
            "standard_error" if name == "error" else name: None
            if name == "error" and np.isnan(value)
            else value
            for name, value in vars(self).items()
        }


# Of projections.

LEAST_SHARE = 0.005
"""Cells with a smaller share are not scored: they are many, and no seat hangs on them."""


class SeatLaw(Protocol):
    """Seats of a past election by its law."""

    def __call__(self, votes: Floats) -> tuple[Seats, Seats]:
        """Seats by district (N, D, U) and of the nation (N, U), for votes (N, D, U)."""
        ...


@dataclass(frozen=True)
class PairScores:
    """Scores of one pair under one projection; those of seats are ``None`` where it has no law."""

    pair: Pair
    shares: Ranks
    share_crps: float
    """Mean over cells."""
    regional: Ranks | None
    seats: SeatScores | None


@dataclass(frozen=True)
class SeatScores:
    """Scores of seats."""

    national: Ranks
    national_crps: float
    """Sum over lists."""
    district: Ranks
    district_crps: float
    """Sum over lists and districts."""
    draws: Seats
    """(N, U) national."""
    actual: Seats
    """(U,) the law on the votes that were cast."""

    def blocs(self, generator: np.random.Generator) -> Ranks:
        """Of the seats of a random half of the lists that may win some."""
        chosen = np.flatnonzero((self.draws > 0).mean(0) >= LEAST_CHANCE)
        half = generator.permutation(chosen)[: len(chosen) // 2]
        return ranks(self.draws[:, half].sum(1, keepdims=True), self.actual[half].sum(keepdims=True))


def score_pair(pair: Pair, draws: Floats, law: SeatLaw | None = None, counted: int = 0) -> PairScores:
    """Scores of draws (N, D, U) of the shares in every district at the pair's later election; seats are
    ``counted`` by the law in so many of them.
    """
    chosen = standing(pair) & (pair.shares > LEAST_SHARE)
    found, actual = draws[:, chosen], pair.shares[chosen]
    return PairScores(
        pair,
        ranks(found, actual),
        float(crps(found, actual).mean()),
        _regional(pair, draws),
        _seat_scores(pair, draws[:counted], law) if law is not None else None,
    )


def _regional(pair: Pair, draws: Floats) -> Ranks | None:
    """Of the shares of lists in regions."""
    regions, weights = pair.base.regions, pair.base.weights
    if regions is None:
        return None
    member = (regions == np.arange(regions.max() + 1)[:, None]) * weights
    member /= member.sum(1, keepdims=True)
    actual = member @ pair.shares
    chosen = actual > LEAST_SHARE
    chosen[:, -1] = False
    return ranks(np.einsum("rd,ndu->nru", member, draws)[:, chosen], actual[chosen])


def _seat_scores(pair: Pair, draws: Floats, law: SeatLaw) -> SeatScores:
    cast = pair.votes.sum(1)
    local, national = law(draws * cast[:, None])
    true_local, true_national = (found[0] for found in law(pair.votes[None]))
    return SeatScores(
        ranks_of_likely(national, true_national),
        float(crps(national.astype(float), true_national.astype(float)).sum()),
        ranks_of_likely(local, true_local),
        float(crps(local.reshape(len(local), -1).astype(float), true_local.ravel().astype(float)).sum()),
        national,
        true_national,
    )


Prepare = Callable[[Pair, Constants, float], Pattern]


@dataclass(frozen=True)
class Way:
    """One way to project a result: how its pattern is made for a pair."""

    name: str
    prepare: Prepare
    own_history: bool = False
    """Whether it knows how large the errors of the country were before."""

    def pattern(self, pair: Pair, law: Constants, history: History | None = None) -> Pattern:
        """Ready for draws at the true national shares."""
        known, scale = with_history(law, history)
        return self.prepare(pair, known, scale)

    def draws(self, pattern: Pattern, number: int, generator: np.random.Generator) -> Floats:
        """(N, D, U) shares at the central national shares, rows add up to 1."""
        shares = drawn(pattern, np.broadcast_to(pattern.central, (number, len(pattern.central))), generator)
        return shares / shares.sum(2, keepdims=True)


def _by(swing: str) -> Prepare:
    return lambda pair, law, scale: pattern_of(pair.base, pair.national, law, swing=swing, scale=scale)


def _independent(pair: Pair, law: Constants, scale: float) -> Pattern:
    return by_themselves(pattern_of(pair.base, pair.national, law, scale=scale))


def by_themselves(pattern: Pattern) -> Pattern:
    """The errors of a pattern with the same variances, but each cell by itself."""
    shared = (pattern.slope_sd * pattern.centred) ** 2 + pattern.region_sd**2
    for factor, sd in zip(pattern.factors, pattern.factor_sd, strict=True):
        shared = shared + (factor[:, None] * sd) ** 2
    own = np.sqrt(pattern.cell_sd**2 + pattern.common**2 * shared)
    return replace(pattern, cell_sd=own, common=np.zeros_like(pattern.common))


def _no_last_result(pair: Pair, law: Constants, scale: float) -> Pattern:
    base = replace(pair.base, last=np.zeros_like(pair.base.last), national=np.zeros_like(pair.base.national))
    return pattern_of(base, pair.national, law, scale=scale)


WAYS = {
    way.name: way
    for way in (
        Way("model", _by("model")),
        Way("own-history", _by("model"), own_history=True),
        Way("independent-cells", _independent),
        Way("proportional", _by("proportional")),
        Way("additive", _by("additive")),
        Way("logit", _by("logit")),
        Way("no-last-result", _no_last_result),
    )
}
