"""Constants of the projection, and errors of candidates, fitted to pairs of elections.

Of the projection are fitted the centre, its errors, and their calibration. The centre is that with the least
divergence of true from central shares. Its errors are fitted by maximum likelihood: of each list normal
around the centre, at a scale that varies. With e the log of true over central shares of a list in its
districts, before the raking e = s (b rt + F g + h + eps), s = m m_k. The raking takes from an error the mean
of its district: own errors are left at 1 - C, and those of other lists come in as C_j e_j, here taken for
independent between districts. Both scales are integrated out by Gauss-Hermite quadrature: m once for all
lists of an election, m_k list by list. A normal law fitted to data so mixed is too wide or too narrow in the
middle: two factors, on all errors and on those of regions, then make 80 % intervals of shares hold 80 %.

Of candidates:

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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from forecast.errors import ABSENT, Fault, PollDataError
from forecast.geography.candidates import split_sd, with_candidates
from forecast.geography.pattern import (
    LAWS,
    Constants,
    Flags,
    Floats,
    History,
    Pattern,
    drawn,
    pattern_of,
    sds_of,
    shipped,
)
from forecast.verification import Do, Step, each_done, one_by_one
from forecast.verification.election_pairs import Contested, Pair, by_country
from forecast.verification.scores import WAYS, PairScores, Ranks, held_at_80, score_pair
from forecast.verification.winning import (
    APART,
    CandidateErrors,
    ConstantsOf,
    chances_of,
    log_score_of,
    ranks_of_totals,
    totals_of,
)

LEAST_CENTRAL = 0.003
"""Cells with a smaller central share are left out: they are many, and votes of a few persons."""
_LEAST_DISTRICTS = 2
_NODES, _PRIOR = np.polynomial.hermite_e.hermegauss(15)
_PRIOR = _PRIOR / _PRIOR.sum()

NOISE = (
    "cell_sd",
    "cell_power",
    "slope_sd",
    "factor_1_sd",
    "factor_2_sd",
    "region_sd",
    "list_power",
    "new_cell_sd",
    "new_factor_1_sd",
    "new_factor_2_sd",
    "new_region_sd",
    "anew_cell_sd",
    "list_scale_sd",
)
"""Constants of the errors within an election; all but the powers are sds."""
POWERS = ("cell_power", "list_power")


@dataclass(frozen=True)
class _List:
    """One list of a pair, in the D districts in which it is looked at."""

    error: Floats
    """(D,) log of true over central share."""
    central: Floats
    """(D,)"""
    others: Floats
    """(D, U) central shares of the other lists; 0 for its own."""
    rows: NDArray[np.int64]
    unit: int


@dataclass(frozen=True)
class Observed:
    """What the likelihood needs of a pair, for one centre."""

    pair: Pair
    shares: Floats
    """(D, U) central"""
    centred: Floats
    factors: Floats
    anew: Flags
    membership: Floats | None
    """(D, R)"""
    lists: tuple[_List, ...]


def observed(pair: Pair, law: Constants) -> Observed:
    """The errors of a pair around the centre of ``law``."""
    pattern = pattern_of(pair.base, pair.national, law)
    central, base = pattern.shares, pair.base
    usable = base.stands & (central > LEAST_CENTRAL) & (pair.shares > 0.0)
    true = np.maximum(pair.shares, LEAST_CENTRAL / 3.0)
    error = np.log(np.where(usable, true, 1.0) / np.where(usable, central, 1.0))
    lists: list[_List] = []
    for unit in range(pair.lists):
        rows = np.flatnonzero(usable[:, unit])
        if len(rows) >= _LEAST_DISTRICTS:
            others = central[rows].copy()
            others[:, unit] = 0.0
            lists.append(_List(error[rows, unit], central[rows, unit], others, rows, unit))
    regions = base.regions
    return Observed(
        pair,
        central,
        pattern.centred,
        pattern.factors,
        pattern.anew,
        None if regions is None else (regions[:, None] == np.arange(regions.max() + 1)).astype(float),
        tuple(lists),
    )


def log_likelihood(found: Observed, law: Constants) -> float:
    """Of all lists of a pair, up to a constant."""
    by_scale = log_likelihood_by_scale(found, law, law.scale_sd * _NODES)
    most = float(by_scale.max())
    return most + float(np.log(np.exp(by_scale - most) @ _PRIOR))


def log_likelihood_by_scale(found: Observed, law: Constants, log_scale: Floats) -> Floats:
    """The same for given logs (S,) of the common scale."""
    sds = _Sds.of(found, law)
    own_scale = np.exp(law.list_scale_sd * _NODES)
    squared = (np.exp(log_scale)[:, None] * own_scale) ** 2
    total = np.zeros(len(log_scale))
    for one in found.lists:
        size, log_determinant, quadratic = _quadratic(found, sds, one)
        density = -0.5 * (size * np.log(squared) + log_determinant + quadratic / squared)
        most = density.max(1, keepdims=True)
        total += most[:, 0] + np.log(np.exp(density - most) @ _PRIOR)
    return total


@dataclass(frozen=True)
class _Sds:
    """Sds of the errors of a pair under some constants."""

    cell: Floats
    slope: Floats
    factors: Floats
    region: Floats
    total: Floats
    """(D, U) variance of a cell with the mean of its list's squared scale."""

    @classmethod
    def of(cls, found: Observed, law: Constants) -> _Sds:
        base, regional = found.pair.base, found.membership is not None
        cell, slope, factors, region = sds_of(
            base.new, found.anew, found.pair.national, found.shares, law, regional=regional
        )
        variance = cell**2 + (slope * found.centred) ** 2 + region**2
        for factor, sd in zip(found.factors, factors, strict=True):
            variance = variance + (factor[:, None] * sd) ** 2
        return cls(cell, slope, factors, region, variance * np.exp(2.0 * law.list_scale_sd**2))


def _quadratic(found: Observed, sds: _Sds, one: _List) -> tuple[int, float, float]:
    """Number of districts, log determinant and quadratic form of a list's errors at scale 1.

    The covariance is diagonal but for the few errors that districts share (Woodbury's identity).
    """
    left, unit, rows = 1.0 - one.central, one.unit, one.rows
    diagonal = (left * sds.cell[rows, unit]) ** 2 + (one.others**2 * sds.total[rows]).sum(1)
    shared = [found.centred[rows, unit] * sds.slope[unit]]
    shared += [factor[rows] * sd for factor, sd in zip(found.factors, sds.factors[:, unit], strict=True)]
    loadings = np.stack(shared, axis=1)
    if found.membership is not None:
        loadings = np.hstack([loadings, found.membership[rows] * sds.region[unit]])
    loadings *= left[:, None]
    scaled = loadings / diagonal[:, None]
    root = np.linalg.cholesky(np.eye(loadings.shape[1]) + loadings.T @ scaled)
    explained = np.linalg.solve(root, scaled.T @ one.error)
    quadratic = float((one.error**2 / diagonal).sum() - explained @ explained)
    determinant = float(np.log(diagonal).sum() + 2.0 * np.log(np.diag(root)).sum())
    return len(rows), determinant, quadratic


def packed(law: Constants) -> Floats:
    """The constants of the errors as numbers without bounds: logs of sds, powers as they are."""
    return np.array([getattr(law, name) if name in POWERS else np.log(getattr(law, name)) for name in NOISE])


def unpacked(values: Floats, law: Constants) -> Constants:
    """``law`` with the constants of the errors from such numbers."""
    found = {
        name: float(value) if name in POWERS else float(np.exp(value))
        for name, value in zip(NOISE, values, strict=True)
    }
    return replace(law, **found)


def scaled(law: Constants, errors: float, regions: float = 1.0) -> Constants:
    """The constants with all sds of errors times ``errors``, those of regions times ``regions`` besides."""
    sds = [
        field.name
        for field in fields(Constants)
        if field.name in NOISE and field.name not in (*POWERS, "list_scale_sd")
    ]
    return replace(
        law,
        **{name: getattr(law, name) * errors * (regions if "region" in name else 1.0) for name in sds},
    )


def mean_log_likelihood(found: Sequence[Observed], law: Constants) -> float:
    """Of pairs that each weigh as one district, so that Germany's 299 do not outvote all others."""
    return sum(log_likelihood(one, law) / len(one.shares) for one in found)


LEAST_COUNTRIES = 4
"""With fewer nothing can be said of how countries differ, and no country can be left out."""
CALIBRATED = 0.8
"""Level of the intervals that are made to hold."""
_DRAWS, _SEED, _ROUNDS = 200, 30, 3
_ITERATIONS, _ITERATIONS_NEAR = 40, 12
"""Of the search: from the shipped constants, and from those of all countries, which are near."""
_GRID = np.linspace(-1.5, 1.8, 67)
"""Logs of the scale of an election at which its likelihood is looked at."""
_LEAST_SHARE = 1e-6
_ONE_SD = (0.16, 0.84)
"""Quantiles of a normal law one sd below and above its mean."""


@dataclass(frozen=True)
class Fitted:
    """Constants with what they rest on."""

    constants: Constants
    errors: Mapping[str, float]
    """Standard errors by a jackknife over countries; none for what is not fitted."""
    without: Mapping[str, Constants]
    """Fitted without each country."""
    histories: Mapping[str, History]
    pairs: int
    divergence: float
    """Mean Kullback-Leibler divergence of true from central shares, times 1000."""

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "constants": asdict(self.constants),
            "standard_errors": dict(self.errors),
            "countries": {name: asdict(history) for name, history in self.histories.items()},
            "pairs": self.pairs,
            "divergence_permille": self.divergence,
        }


def fit_pairs(pairs: Sequence[Pair], step: Step | None = None, do: Do = one_by_one) -> Fitted:
    """Constants of all pairs, and of all but each country. ``PollDataError`` with too few countries."""
    countries = _countries(pairs)
    whole = _rivals(pairs, fit_once(pairs, shipped()))
    without = _left_out(pairs, countries, whole, step, do)
    return Fitted(
        whole,
        _jackknife(list(without.values())),
        without,
        histories_of(pairs, whole),
        len(pairs),
        1000.0 * divergence(pairs, whole),
    )


def _countries(pairs: Sequence[Pair]) -> list[str]:
    """Countries of the pairs; ``PollDataError`` where there are too few to leave one out."""
    countries = [country for country, _ in by_country(pairs)]
    if len(countries) < LEAST_COUNTRIES:
        found = ", ".join(countries) or "none"
        remedy = f"pairs of at least {LEAST_COUNTRIES} countries are needed; found {found}"
        raise PollDataError(Fault("archive", "transitions.csv", len(countries), remedy))
    return countries


def fit_without(
    pairs: Sequence[Pair], countries: Sequence[str], step: Step | None = None, do: Do = one_by_one
) -> tuple[Constants, dict[str, Constants]]:
    """Constants of all pairs, and of all but each of some countries, as ``fit_pairs`` finds them; likewise
    ``PollDataError``.
    """
    known = [country for country in _countries(pairs) if country in countries]
    whole = fit_once(pairs, shipped())
    return whole, _left_out(pairs, known, whole, step, do)


def _left_out(
    pairs: Sequence[Pair], countries: Sequence[str], whole: Constants, step: Step | None, do: Do
) -> dict[str, Constants]:
    """Constants of all pairs but those of each country; the search begins at those of all."""
    others = [([pair for pair in pairs if pair.country != country], whole) for country in countries]
    return dict(zip(countries, each_done(do, _fit_near, others, step), strict=True))


def _fit_near(item: tuple[Sequence[Pair], Constants]) -> Constants:
    pairs, start = item
    return fit_once(pairs, start, _ITERATIONS_NEAR)


def fit_once(pairs: Sequence[Pair], start: Constants, iterations: int = _ITERATIONS) -> Constants:
    """Constants of some pairs; ``start`` is where the search begins, and gives what is not fitted."""
    law = _centre(pairs, start)
    found = [observed(pair, law) for pair in pairs]
    law = _errors(found, law, iterations)
    law = replace(law, **_spread_of_scales(found, law))
    return _calibrated(pairs, law)


def divergence(pairs: Sequence[Pair], law: Constants) -> float:
    """Mean over pairs of the Kullback-Leibler divergence of true from central shares, districts by weight."""
    return float(
        np.mean([_divergence(pair, pattern_of(pair.base, pair.national, law).shares) for pair in pairs])
    )


def _divergence(pair: Pair, central: Floats) -> float:
    true = pair.shares
    ratio = np.log(np.maximum(true, _LEAST_SHARE) / np.maximum(central, _LEAST_SHARE))
    return float(pair.base.weights @ (true * ratio).sum(1))


def _centre(pairs: Sequence[Pair], start: Constants) -> Constants:
    """Slope and power of the least divergence."""

    def of(values: Floats) -> float:
        return divergence(pairs, replace(start, beta=float(values[0]), beta_power=float(values[1])))

    begin = np.array([start.beta, start.beta_power])
    found = minimize(of, begin, method="Nelder-Mead", options={"xatol": 2e-3, "fatol": 1e-6, "maxfev": 60})
    return replace(start, beta=float(found.x[0]), beta_power=float(found.x[1]))


def _errors(found: Sequence[Observed], start: Constants, iterations: int) -> Constants:
    """The constants of the errors of the largest likelihood."""
    begin = packed(start)

    def of(values: Floats) -> float:
        # A whisper of where the search began: an archive without regions says nothing of those.
        return 0.002 * float(((values - begin) ** 2).sum()) - mean_log_likelihood(
            found, unpacked(values, start)
        )

    best = minimize(of, begin, method="L-BFGS-B", options={"maxiter": iterations, "maxfun": 900})
    return unpacked(best.x, start)


def _log_scales(found: Sequence[Observed], law: Constants) -> Floats:
    """Log of the scale of each election that explains its errors best."""
    scales = np.array([log_likelihood_by_scale(one, law, _GRID) for one in found])
    return _GRID[scales.argmax(1)]


def _spread_of_scales(found: Sequence[Observed], law: Constants) -> dict[str, float]:
    """Spread of scales over elections, split into that between countries and that within them.

    That between countries is by quantiles: a few countries whose lists changed their labels, with errors
    three times as large, would else widen those of all others.
    """
    groups = list(_by_country(found, law).values())
    freedom = sum(len(group) - 1 for group in groups)
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / max(freedom, 1)
    low, high = np.quantile([group.mean() for group in groups], _ONE_SD)
    noise = float(np.mean([within / len(group) for group in groups]))
    between = max(((high - low) / 2.0) ** 2 - noise, 0.0)
    return {
        "scale_sd": float(np.sqrt(between + within)),
        "scale_between": float(np.sqrt(between)),
        "scale_within": float(np.sqrt(within)),
    }


def _by_country(found: Sequence[Observed], law: Constants) -> dict[str, Floats]:
    """Logs of the scales of the elections of each country."""
    logs = _log_scales(found, law)
    country = np.array([one.pair.country for one in found])
    return {name: logs[country == name] for name in dict.fromkeys(country.tolist())}


def histories_of(pairs: Sequence[Pair], law: Constants) -> dict[str, History]:
    """By country, how large its errors were against those of the mean pair, whose intervals hold what they
    say by the constants as they are.
    """
    logs = _by_country([observed(pair, law) for pair in pairs], law)
    middle = float(np.concatenate(list(logs.values())).mean())
    return {name: History(len(own), float(np.exp(own.mean() - middle))) for name, own in logs.items()}


def histories_before(
    pairs: Sequence[Pair], constants_of: Callable[[str], Constants]
) -> Callable[[Pair], History | None]:
    """What each pair's country was known for before: from its earlier pairs, in the order of the archive.

    The mean pair is that of all other countries.
    """
    laws = [constants_of(pair.country) for pair in pairs]
    logs = np.array(
        [_log_scales([observed(pair, law)], law)[0] for pair, law in zip(pairs, laws, strict=True)]
    )
    country = np.array([pair.country for pair in pairs])
    found: dict[str, History] = {}
    for number, pair in enumerate(pairs):
        earlier = logs[:number][country[:number] == pair.country]
        others = logs[country != pair.country]
        if len(earlier) and len(others):
            found[pair.name] = History(len(earlier), float(np.exp(earlier.mean() - others.mean())))
    return lambda pair: found.get(pair.name)


def _calibrated(pairs: Sequence[Pair], law: Constants) -> Constants:
    """The errors times two factors, so that intervals of shares and of regional shares hold what they say."""
    for _ in range(_ROUNDS):
        found = _scored(pairs, law, "model")
        errors = _factor([one.shares for one in found], pooled=False)
        regional = [one.regional for one in found if one.regional is not None]
        regions = _factor(regional, pooled=True) / errors if regional else 1.0
        law = scaled(law, errors, regions)
    return law


def _rivals(pairs: Sequence[Pair], law: Constants) -> Constants:
    """Factors on the errors around the other ways of swinging, and the error without any last result."""
    for _ in range(_ROUNDS):
        for name in LAWS:
            if name != "model":
                key = f"{name}_noise"
                factor = _factor([one.shares for one in _scored(pairs, law, name)], pooled=False)
                law = replace(law, **{key: getattr(law, key) * factor})
        factor = _factor([one.shares for one in _scored(pairs, law, "no-last-result")], pooled=False)
        law = replace(law, no_base_sd=law.no_base_sd * factor)
    return law


def _scored(pairs: Sequence[Pair], law: Constants, way: str) -> list[PairScores]:
    chosen = WAYS[way]
    found: list[PairScores] = []
    for number, pair in enumerate(pairs):
        generator = np.random.default_rng([_SEED, number])
        found.append(score_pair(pair, chosen.draws(chosen.pattern(pair, law), _DRAWS, generator)))
    return found


def _factor(ranks: Sequence[Ranks], *, pooled: bool) -> float:
    """By what errors are to be multiplied so that the interval holds what it says, were they normal."""
    share = np.clip(held_at_80(ranks, _SEED, 4, pooled=pooled), 0.05, 0.995)
    return float(ndtri(0.5 + CALIBRATED / 2.0) / ndtri(0.5 + share / 2.0))


def _jackknife(without: Sequence[Constants]) -> dict[str, float]:
    """Standard errors over countries of what was fitted."""
    number = len(without)
    found: dict[str, float] = {}
    for field in fields(Constants):
        name = field.name
        values = np.array([getattr(law, name) for law in without])
        if np.ptp(values) > 0.0:
            found[name] = float(np.sqrt((number - 1) / number * ((values - values.mean()) ** 2).sum()))
    return found


# Of candidates.

LEAST_DISTRICTS = 15
"""With fewer, totals of who is first say little."""
MOST_SCALE = 1.5
"""Countries whose errors of districts are larger than this against those of the mean pair are left out."""
_LEAST_SPLIT = 0.005
"""National share below which changes of a split are not looked at."""
_ERRORS = np.array([0.0, 0.03, 0.06, 0.09, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25])
_FACTORS = np.array([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1])
_FIRSTS_DRAWS, _FIRSTS_SEED, _LOTS = 500, 43, 10


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
            stream = np.random.default_rng([_FIRSTS_SEED, number])
            chances, _ = chances_of(
                with_candidates(pattern, float(error), shared), one.pair.national, 0.0, stream, _FIRSTS_DRAWS
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
        held.append(held_at_80(ranked, _FIRSTS_SEED, _LOTS))
    slope, at_0 = np.polyfit(_FACTORS, held, 1)
    return float(np.clip((CALIBRATED - at_0) / slope, _FACTORS[0], _FACTORS[-1]))


def _ranks_of_firsts(pair: Pair, pattern: Pattern, number: int) -> Ranks:
    stream = np.random.default_rng([_FIRSTS_SEED, number])
    national = np.broadcast_to(pair.national, (_FIRSTS_DRAWS, len(pair.national)))
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
        known = (one.pair.national > _LEAST_SPLIT) & (one.pair.base.national > 0.0) & (said > 0.0)
        known[-1] = False
        change = np.log(one.pair.national[known] / said[known]) / split_sd(said[known], 1.0)
        by_country.setdefault(one.pair.country, []).append(float((change**2).mean()))
    if not by_country:
        return float("nan")
    return float(np.sqrt(np.mean([np.mean(own) for own in by_country.values()])))
