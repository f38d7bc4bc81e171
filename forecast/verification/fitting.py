"""Fitting the error law: composite likelihood over horizons, weak priors, bootstrap by country."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
from scipy.optimize import minimize

from forecast.errors import Fault, PollDataError
from forecast.estimation.constants import Basis, Constants, PlainConstants
from forecast.estimation.kalman import filtered
from forecast.estimation.law import LawConstants
from forecast.estimation.preparation import Prepared
from forecast.estimation.reports import Floats
from forecast.estimation.trend import TrendConstants, series_of, trend_mean
from forecast.verification.archive import PastElection
from forecast.verification.compared_methods import plain_mean
from forecast.verification.likelihood import Observations, common_scale, log_densities, observations_of
from forecast.verification.past_elections import HORIZONS, Case, cases_of

START = LawConstants(0.10, 0.24, 1 / 3, 0.03, 1.5, 8.0, 0.25, 0.5)
"""Where the search starts; the optimum does not depend on it."""

FEWEST_COUNTRIES = 3
INTERVAL = (0.025, 0.975)
Step = Callable[[int, int], None]
"""Called with the number of refits done and the number in all."""

_POSITIVE = ("drift", "firm_error", "other_factor")
_TAIL_SHIFT = 2.0
_NO_SAMPLING = 1e12
_SIMPLEX = np.vstack([np.zeros(4), np.diag([0.4, 0.4, 0.4, -0.2])])
_NAMES = tuple(field.name for field in fields(LawConstants))


def fit_law(seen: Observations, weights: Floats | None = None, start: LawConstants = START) -> LawConstants:
    """The law that makes the results likeliest; ``weights`` (F,) count cases more than once or not at all."""
    weight = np.ones(len(seen.days)) if weights is None else weights

    def loss(theta: Floats) -> float:
        law = _law(theta)
        common = common_scale(law, seen)
        densities = log_densities(seen, common, law.share_exponent, law.other_factor, law.degrees_of_freedom)
        return -float(weight @ densities) + _log_priors(law)

    found = minimize(loss, _theta(start), method="L-BFGS-B", bounds=_bounds())
    return _law(found.x)


def _theta(law: LawConstants) -> Floats:
    values = [
        np.log(value)
        if name in _POSITIVE
        else np.log(value - _TAIL_SHIFT)
        if name == "degrees_of_freedom"
        else value
        for name, value in zip(_NAMES, astuple(law), strict=True)
    ]
    return np.array(values)


def _law(theta: Floats) -> LawConstants:
    values = {
        name: float(np.exp(value))
        if name in _POSITIVE
        else float(np.exp(value)) + _TAIL_SHIFT
        if name == "degrees_of_freedom"
        else float(value)
        for name, value in zip(_NAMES, theta, strict=True)
    }
    return LawConstants(**values)


def _bounds() -> list[tuple[float, float]]:
    limits = {
        "drift": (np.log(1e-3), np.log(2.0)),
        "drift_exponent": (0.0, 1.0),
        "share_exponent": (-0.2, 0.8),
        "firm_error": (np.log(1e-4), np.log(1.0)),
        "other_factor": (np.log(0.3), np.log(5.0)),
        "degrees_of_freedom": (np.log(0.5), np.log(200.0)),
        "movement_weight": (-1.0, 2.0),
        "disagreement_weight": (-1.0, 2.0),
    }
    return [limits[name] for name in _NAMES]


def _log_priors(law: LawConstants) -> float:
    """Minus the log of the weak priors: s ~ logN(ln .05, .5), nu - 2 ~ logN(ln 6, 1)."""
    firm = (np.log(law.firm_error) - np.log(0.05)) / 0.5
    tail = np.log(law.degrees_of_freedom - _TAIL_SHIFT) - np.log(6.0)
    return 0.5 * float(firm**2 + tail**2)


def fit_plain(
    seen: Observations, weights: Floats | None = None, start: PlainConstants | None = None
) -> PlainConstants:
    """One error for each horizon, an exponent, the factor of Other and the tails, for the plain average."""
    weight = np.ones(len(seen.days)) if weights is None else weights
    horizons = sorted({int(horizon) for horizon in seen.horizon})
    column = np.array([horizons.index(int(horizon)) for horizon in seen.horizon])
    sampled = replace(seen, n_eff=np.full(len(seen.days), _NO_SAMPLING))

    def loss(theta: Floats) -> float:
        nu = _TAIL_SHIFT + float(np.exp(theta[2]))
        common = np.exp(2.0 * theta[3:])[column]
        densities = log_densities(sampled, common, theta[0], float(np.exp(theta[1])), nu)
        return -float(weight @ densities) + 0.5 * float((theta[2] - np.log(6.0)) ** 2)

    begin = [1 / 3, np.log(1.5), np.log(6.0), *[np.log(0.12)] * len(horizons)]
    if start is not None:
        tail = np.log(start.degrees_of_freedom - _TAIL_SHIFT)
        begin = [start.share_exponent, np.log(start.other_factor), tail]
        begin += [np.log(start.error_at(horizon)) for horizon in horizons]
    bounds = [(-0.2, 0.8), (np.log(0.3), np.log(5.0)), (np.log(0.5), np.log(200.0))]
    bounds += [(np.log(1e-3), np.log(3.0))] * len(horizons)
    found = minimize(loss, np.array(begin), method="L-BFGS-B", bounds=bounds).x
    errors = {horizon: float(np.exp(value)) for horizon, value in zip(horizons, found[3:], strict=True)}
    return PlainConstants(
        errors, float(found[0]), float(np.exp(found[1])), _TAIL_SHIFT + float(np.exp(found[2]))
    )


@dataclass(frozen=True)
class Material:
    """What a fit reads: the cases of elections that are not sparse, seen from each of the three centres."""

    elections: tuple[PastElection, ...]
    cases: tuple[Case, ...]
    average: Observations
    trend: Observations
    plain: Observations
    trend_model: TrendConstants

    @property
    def countries(self) -> tuple[str, ...]:
        """Sorted names."""
        return tuple(sorted(set(self.average.country)))

    def weights(self, counts: Mapping[str, int]) -> Floats:
        """(F,) weights of cases, every country as much as it counts, summing to the number of cases used.

        Half of an archive may come from a handful of countries whose parties are old and much polled; a
        forecast is asked for any country, so each of them weighs the same.
        """
        held = Counter(self.average.country)
        weight = np.array([counts.get(country, 0) / held[country] for country in self.average.country])
        return weight * (weight > 0).sum() / weight.sum()


def material_of(
    elections: Sequence[PastElection],
    trend_model: TrendConstants | None = None,
    horizons: Sequence[int] = HORIZONS,
) -> Material:
    """Prepare a fit; the trend's own model of polls is fitted on the way unless it is given.

    That model reads polls only, no results. ``PollDataError`` where there are too few countries to fit on.
    """
    usable = [election for election in elections if not election.sparse]
    cases = cases_of(usable, horizons)
    used = tuple(election for election in usable if any(case.election is election for case in cases))
    countries = {election.country for election in used}
    if len(countries) < FEWEST_COUNTRIES:
        remedy = (
            f"elections with national polls in at least {FEWEST_COUNTRIES} countries are needed for a fit"
        )
        raise PollDataError(Fault("archive", "", f"{len(countries)} countries", remedy))
    model = trend_model or fit_trend_model([case.prepared for case in cases_of(used, (min(horizons),))])
    return Material(
        elections=used,
        cases=tuple(cases),
        average=observations_of(cases, [case.centre.mean for case in cases]),
        trend=observations_of(cases, [trend_mean(case.prepared, model) for case in cases]),
        plain=observations_of(cases, [plain_mean(case.prepared) for case in cases]),
        trend_model=model,
    )


def fit_trend_model(prepared: Sequence[Prepared]) -> TrendConstants:
    """Walk, house effects and noise that make the polls themselves likeliest, one after the other."""

    def loss(theta: Floats) -> float:
        model = _trend_model(theta)
        return -sum(filtered(series_of(polls, model)).log_likelihood for polls in prepared)

    start = np.array([np.log(0.005), np.log(0.02), np.log(0.01), 0.7])
    options = {"maxfev": 120, "xatol": 5e-3, "fatol": 0.5, "initial_simplex": start + _SIMPLEX}
    found = minimize(loss, start, method="Nelder-Mead", options=options).x
    return _trend_model(found)


def _trend_model(theta: Floats) -> TrendConstants:
    return TrendConstants(
        float(np.exp(theta[0])), float(np.exp(theta[1])), float(np.exp(theta[2])), float(theta[3])
    )


def fit_constants(
    material: Material, counts: Mapping[str, int] | None = None, start: Constants | None = None
) -> Constants:
    """All laws on the countries with a count above 0 (all of them once, if not given)."""
    counts = dict.fromkeys(material.countries, 1) if counts is None else counts
    weights = material.weights(counts)
    return Constants(
        average=fit_law(material.average, weights, start.average if start else START),
        trend=fit_law(material.trend, weights, start.trend if start else START),
        trend_model=material.trend_model,
        plain_average=fit_plain(material.plain, weights, start.plain_average if start else None),
        rests_on=basis_of(material, counts),
    )


def basis_of(material: Material, counts: Mapping[str, int]) -> Basis:
    """What a fit rests on."""
    used = [election for election in material.elections if counts.get(election.country, 0)]
    return Basis(
        elections=len(used),
        countries=len({election.country for election in used}),
        years=tuple(sorted({election.date.year for election in used})),
        date=datetime.date.today().isoformat(),
        names=tuple(election.id for election in used),
    )


def fit_without(material: Material, start: Constants, step: Step | None = None) -> dict[str, Constants]:
    """Constants by country, each fitted without that country."""
    found: dict[str, Constants] = {}
    for done, country in enumerate(material.countries, start=1):
        counts = {other: int(other != country) for other in material.countries}
        found[country] = fit_constants(material, counts, start)
        if step is not None:
            step(done, len(material.countries))
    return found


def bootstrap(
    material: Material, start: Constants, resamples: int, seed: int = 1, step: Step | None = None
) -> dict[str, dict[str, tuple[float, float]]]:
    """95 % intervals of the constants of both laws, from countries drawn with replacement."""
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[tuple[float, ...]]] = {"average": [], "trend": []}
    for done in range(resamples):
        chosen = rng.choice(len(material.countries), len(material.countries))
        counts = {country: int((chosen == i).sum()) for i, country in enumerate(material.countries)}
        weights = material.weights(counts)
        drawn["average"].append(astuple(fit_law(material.average, weights, start.average)))
        drawn["trend"].append(astuple(fit_law(material.trend, weights, start.trend)))
        if step is not None:
            step(done + 1, resamples)
    return {method: _intervals(np.array(values)) for method, values in drawn.items() if values}


def _intervals(values: Floats) -> dict[str, tuple[float, float]]:
    low, high = np.quantile(values, INTERVAL, axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(_NAMES)}
