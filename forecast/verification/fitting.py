"""Fitting the error laws: composite likelihood over horizons, weak priors, bootstrap by country.

Records of countries are measured in units of the law of the average of the same fit, and only on earlier
elections, so that no fit knows the errors of a country that is left out of it.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from forecast.errors import Fault, PollDataError
from forecast.estimation.average import Floats, Prepared
from forecast.estimation.law import FIRST_TERMS, Basis, Constants, LawConstants, PlainConstants
from forecast.estimation.records import country_record
from forecast.estimation.trend import TrendConstants, filtered, series_of, trend_mean
from forecast.verification import Do, Step, each_done, one_by_one
from forecast.verification.past_elections import HORIZONS, Case, PastElection, cases_of
from forecast.verification.predictive_laws import (
    Observations,
    corrected_observations,
    log_densities,
    log_likelihoods,
    observations_of,
    plain_mean,
    records_of,
    subset,
)

START = LawConstants(0.10, 0.24, 1 / 3, 0.03, 1.5, 8.0, 0.25, 0.5)
"""Where the search starts; the optimum does not depend on it."""

FEWEST_COUNTRIES = 3
INTERVAL = (0.025, 0.975)

COUNTRY_POWER = 0.5
"""Weight of a country: its number of elections to this power. With 0 all weigh the same."""
_PRIOR_OF_TERMS = 0.15
"""Standard deviation of the prior of those terms that only the default law has, about 0."""

_POSITIVE = ("drift", "firm_error", "other_factor")
_TAIL_SHIFT = 2.0
_NO_SAMPLING = 1e12
_SIMPLEX = np.vstack([np.zeros(4), np.diag([0.4, 0.4, 0.4, -0.2])])
TERMS = LawConstants._fields
"""The constants of the default law, in the order of its formula."""


def fit_law(
    seen: Observations,
    weights: Floats | None = None,
    start: LawConstants = START,
    terms: Sequence[str] = FIRST_TERMS,
) -> LawConstants:
    """The law that makes the results likeliest; ``weights`` (F,) count cases more than once or not at all.

    ``terms`` are the constants that are fitted; the others are 0.
    """
    weight = np.ones(len(seen.months)) if weights is None else weights
    chosen = np.flatnonzero(weight)
    seen, weight = subset(seen, chosen), weight[chosen]

    def loss(theta: Floats) -> float:
        law = _law(theta, terms)
        return -float(weight @ log_likelihoods(law, seen)) + _log_priors(law)

    found = minimize(loss, _theta(start, terms), method="L-BFGS-B", bounds=[_BOUNDS[name] for name in terms])
    return _law(found.x, terms)


def _theta(law: LawConstants, terms: Sequence[str]) -> Floats:
    return np.array([_coordinate(name, getattr(law, name)) for name in terms])


def _coordinate(name: str, value: float) -> float:
    if name in _POSITIVE:
        return float(np.log(value))
    return float(np.log(value - _TAIL_SHIFT)) if name == "degrees_of_freedom" else value


def _law(theta: Floats, terms: Sequence[str]) -> LawConstants:
    values = {
        name: float(np.exp(value))
        if name in _POSITIVE
        else float(np.exp(value)) + _TAIL_SHIFT
        if name == "degrees_of_freedom"
        else float(value)
        for name, value in zip(terms, theta, strict=True)
    }
    return LawConstants(**{**dict.fromkeys(FIRST_TERMS, 0.0), **values})


_BOUNDS = {
    "drift": (np.log(1e-3), np.log(2.0)),
    "drift_exponent": (0.0, 1.0),
    "share_exponent": (-0.2, 0.8),
    "firm_error": (np.log(1e-4), np.log(1.0)),
    "other_factor": (np.log(0.3), np.log(5.0)),
    "degrees_of_freedom": (np.log(0.5), np.log(200.0)),
    "movement_weight": (-1.0, 2.0),
    "disagreement_weight": (-1.0, 2.0),
    "last_result_weight": (-1.0, 1.0),
    "last_result_growth": (-1.0, 1.0),
    "size_growth": (-1.0, 1.0),
    "record_weight": (-1.0, 2.0),
    "newcomer_weight": (-1.0, 3.0),
    "european_weight": (-1.0, 2.0),
}


def _log_priors(law: LawConstants) -> float:
    """Minus the log of the weak priors.

    s ~ logN(ln .05, .5), nu - 2 ~ logN(ln 6, 1), terms that only the default has N(0, .15).
    """
    firm = (np.log(law.firm_error) - np.log(0.05)) / 0.5
    tail = np.log(law.degrees_of_freedom - _TAIL_SHIFT) - np.log(6.0)
    further = sum((getattr(law, name) / _PRIOR_OF_TERMS) ** 2 for name in TERMS[len(FIRST_TERMS) :])
    return 0.5 * float(firm**2 + tail**2 + further)


def fit_plain(
    seen: Observations, weights: Floats | None = None, start: PlainConstants | None = None
) -> PlainConstants:
    """One error for each horizon, an exponent, the factor of Other and the tails, for the plain average."""
    weight = np.ones(len(seen.months)) if weights is None else weights
    horizons = sorted({int(horizon) for horizon in seen.horizon})
    column = np.array([horizons.index(int(horizon)) for horizon in seen.horizon])
    sampled = replace(seen, n_eff=np.full(len(seen.months), _NO_SAMPLING))

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
    """What a fit reads: the cases of elections that are not sparse, seen from each of the four centres.

    ``default`` has no records of countries: these depend on the law of the average.
    """

    elections: tuple[PastElection, ...]
    cases: tuple[Case, ...]
    default: Observations
    average: Observations
    trend: Observations
    plain: Observations
    trend_model: TrendConstants
    power: float = COUNTRY_POWER

    @property
    def countries(self) -> tuple[str, ...]:
        """Sorted names."""
        return tuple(sorted(set(self.average.country)))

    def weights(self, counts: Mapping[str, int]) -> Floats:
        """(F,) weights of cases, summing to the number of cases used.

        A country weighs as the root of its number of elections, times its count. Half of an archive may come
        from a handful of countries whose parties are old and much polled, and a forecast is asked for any
        country; yet what is known of many elections is known better.
        """
        held = Counter(self.average.country)
        elections = Counter(election.country for election in self.elections)
        weight = np.array(
            [
                counts.get(country, 0) * elections[country] ** self.power / held[country]
                for country in self.average.country
            ]
        )
        return weight * (weight > 0).sum() / weight.sum()


def material_of(
    elections: Sequence[PastElection],
    trend_model: TrendConstants | None = None,
    horizons: Sequence[int] = HORIZONS,
    power: float = COUNTRY_POWER,
) -> Material:
    """Prepare a fit; the trend's own model of polls is fitted on the way unless it is given.

    That model reads polls only, no results. A country weighs its number of elections to the ``power``.
    ``PollDataError`` where there are too few countries to fit on.
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
    trends = [trend_mean(case.prepared, model) for case in cases]
    return Material(
        elections=used,
        cases=tuple(cases),
        default=corrected_observations(cases, trends),
        average=observations_of(cases, [case.centre.mean for case in cases]),
        trend=observations_of(cases, trends),
        plain=observations_of(cases, [plain_mean(case.prepared) for case in cases]),
        trend_model=model,
        power=power,
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
    material: Material,
    counts: Mapping[str, int] | None = None,
    start: Constants | None = None,
    kept: Constants | None = None,
) -> Constants:
    """All laws on the countries with a count above 0 (all of them once, if not given).

    Of ``kept`` the laws of average and trend stay as they are, with what they rest on.
    """
    counts = dict.fromkeys(material.countries, 1) if counts is None else counts
    weights = material.weights(counts)
    basis = basis_of(material, counts)
    default, average = fit_default(material, weights, start)
    return Constants(
        default=default,
        yardstick=average,
        average=kept.average if kept else average,
        trend=kept.trend if kept else fit_law(material.trend, weights, start.trend if start else START),
        trend_model=material.trend_model,
        plain_average=fit_plain(material.plain, weights, start.plain_average if start else None),
        rests_on=basis,
        named_rest_on=(kept.named_rest_on or kept.rests_on) if kept else None,
    )


def fit_default(
    material: Material, weights: Floats, start: Constants | None = None
) -> tuple[LawConstants, LawConstants]:
    """The law of the default method, and that of the average in whose units its records are."""
    average = fit_law(material.average, weights, start.measure if start else START)
    begin = start.default if start is not None and start.default is not None else START
    return fit_law(with_records(material, average), weights, begin, TERMS), average


def with_records(material: Material, average: LawConstants) -> Observations:
    """What the default law sees, with the records of countries in units of a law of the average."""
    known = records_of(material.cases, material.average, average)
    of_case = {
        election.id: country_record(known, election.country, election.date, election.id).value
        for election in material.elections
    }
    return replace(material.default, record=np.array([of_case[case.election.id] for case in material.cases]))


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


def fit_without(
    material: Material, start: Constants, step: Step | None = None, do: Do = one_by_one
) -> dict[str, Constants]:
    """Constants by country, each fitted without that country."""
    items = [(material, country, start) for country in material.countries]
    return dict(zip(material.countries, each_done(do, _fitted_without, items, step), strict=True))


def _fitted_without(item: tuple[Material, str, Constants]) -> Constants:
    material, country, start = item
    return fit_constants(material, {other: int(other != country) for other in material.countries}, start)


Intervals = dict[str, dict[str, tuple[float, float]]]


def bootstrap(
    material: Material,
    start: Constants,
    resamples: int,
    seed: int = 1,
    step: Step | None = None,
    *,
    with_named: bool = True,
) -> Intervals:
    """95 % intervals of the constants of the laws, from countries drawn with replacement.

    With ``with_named`` those of average and trend too.
    """
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[tuple[float, ...]]] = {"default": [], "average": [], "trend": []}
    for done in range(resamples):
        chosen = rng.choice(len(material.countries), len(material.countries))
        counts = {country: int((chosen == i).sum()) for i, country in enumerate(material.countries)}
        weights = material.weights(counts)
        default, average = fit_default(material, weights, start)
        drawn["default"].append(tuple(default))
        if with_named:
            drawn["average"].append(tuple(average))
            drawn["trend"].append(tuple(fit_law(material.trend, weights, start.trend)))
        if step is not None:
            step(done + 1, resamples)
    return {method: _intervals(method, np.array(values)) for method, values in drawn.items() if values}


def _intervals(method: str, values: Floats) -> dict[str, tuple[float, float]]:
    low, high = np.quantile(values, INTERVAL, axis=0)
    names = TERMS if method == "default" else FIRST_TERMS
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(names)}
