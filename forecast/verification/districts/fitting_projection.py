"""Constants of the projection, fitted to pairs of elections: the centre, its errors, and their calibration.

The centre is that with the least divergence of true from central shares. Its errors are fitted by maximum
likelihood (``likelihood``). A normal law fitted to data so mixed is too wide or too narrow in the middle: two
factors, on all errors and on those of regions, then make 80 % intervals of shares hold 80 %.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtri

from forecast.errors import Fault, PollDataError
from forecast.geography.pattern import LAWS, Floats, pattern_of
from forecast.geography.projection_constants import Constants, History, shipped
from forecast.verification.districts.district_likelihood import (
    Observed,
    log_likelihood_by_scale,
    mean_log_likelihood,
    observed,
    packed,
    scaled,
    unpacked,
)
from forecast.verification.districts.pairs import Pair, by_country
from forecast.verification.districts.scoring import WAYS, PairScores, Ranks, held_at_80, score_pair
from forecast.verification.sharing import Do, Step, each_done, one_by_one

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
        pattern = chosen.pattern(pair, law)
        generator = np.random.default_rng([_SEED, number])
        found.append(
            score_pair(
                pair,
                lambda _, size, stream, p=pattern: chosen.draws(p, size, stream),
                None,
                (_DRAWS, 0),
                generator,
            )
        )
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
