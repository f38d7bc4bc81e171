"""One election under several scenarios, each with a weight, and their mixture."""

from __future__ import annotations

import datetime
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from forecast.election.days import day_of_forecast
from forecast.errors import ConfigurationError
from forecast.estimation import estimate
from forecast.polls import polls_of
from forecast.result import QUANTILES, Labelled, dataset_of
from forecast.simulation.forecasting import rule_as_data, simulate_and_keep
from forecast.simulation.mixing import mixed, with_the_absent
from forecast.simulation.running import Progress
from forecast.simulation.series import SCENARIOS, Along, Series, said_of_each, stacked

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election

MIXTURE = "mixture"
"""The last label of a series of scenarios: all of them, each with its weight."""


@dataclass(frozen=True)
class Scenario:
    """What may be the case, with its probability, and the election as it then is."""

    id: str
    name: str
    weight: Fraction
    election: Election
    settings: tuple[str, ...]
    """What differs from the election file, as after ``--set``."""
    place: str
    """Where it is written, for messages."""


@contextmanager
def blaming(place: str, scenario: str) -> Generator[None]:
    """What is wrong with the settings of a scenario is said where the scenario is written."""
    try:
        yield
    except ConfigurationError as error:
        path = f"scenarios.{scenario}"
        raise ConfigurationError(
            *(
                replace(
                    fault,
                    place=place,
                    path=f"{path}.{fault.path}" if fault.path else path,
                    remedy=fault.remedy.replace(" (with --set ", " (with "),
                )
                for fault in error.faults
            )
        ) from None


def simulate_scenarios(
    election: Election,
    scenarios: Sequence[Scenario],
    as_of: datetime.date | None = None,
    *,
    draws: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Series:
    """The forecast under each of ``scenarios``, then that of their mixture, over ``scenario``.

    Every scenario is drawn with the same random numbers, so that differences between them are those of the
    scenarios; each is what a run with its settings gives. ``election`` is the one without them. The weights
    add up to 1. Errors as those of ``estimate`` and ``simulate_election``.
    """
    as_of = None if as_of is None else day_of_forecast(election, as_of)
    forecasts = []
    for scenario in scenarios:
        with blaming(scenario.place, scenario.id):
            estimated = estimate(scenario.election, polls_of(scenario.election), as_of)
            found, _ = simulate_and_keep(
                scenario.election,
                estimated,
                0,
                draws=draws,
                seed=seed,
                sampler=sampler,
                threads=threads,
                progress=progress,
                histograms=True,
            )
        forecasts.append(found)
    weights = np.array([float(scenario.weight) for scenario in scenarios])
    along = Along(
        SCENARIOS,
        np.array([scenario.id for scenario in scenarios]),
        "id of the scenario; the last is the mixture of all",
        {
            "scenario_name": (np.array([one.name for one in scenarios]), {"long_name": "name"}),
            "weight": (weights, {"long_name": "probability of the scenario", "units": "1"}),
            "scenario_settings": (
                np.array(["\n".join(one.settings) for one in scenarios]),
                {"long_name": "keys of the election file that differ, a line each"},
            ),
        },
    )
    series = stacked(forecasts, along, [party.id for party in election.parties])
    absent = [frozenset(scenario.election.estimate.withdrawal) for scenario in scenarios]
    whole = _with_mixture(series.dataset, weights, absent)
    attrs = {"rule": rule_as_data(election.rule), "house": election.rule.seats, "warnings": _warnings(whole)}
    return Series(whole.assign_attrs(attrs))


def _with_mixture(data: xr.Dataset, weights: np.ndarray, absent: Sequence[frozenset[str]]) -> xr.Dataset:
    """The scenarios and, as the last label, their mixture; NaN or blank where it has no such number."""
    parties = [str(party) for party in data["party"].values]
    numbers = {str(name): one.values for name, one in data.data_vars.items() if one.dtype.kind in "if"}
    filled = with_the_absent(numbers, parties, absent)
    found = mixed(filled, weights, np.array(QUANTILES), int(data.attrs["draws"]))
    told = {"scenario_name": "Mixture", "scenario_settings": "", "warnings": ""}
    variables: dict[str, Labelled] = {}
    for name, variable in data.data_vars.items():
        if name == "share_histogram":
            continue
        values = variable.values
        if name in told:
            last = np.array([told[str(name)]])
        else:
            last = np.asarray(found.get(str(name), np.full(values.shape[1:], np.nan)))[None]
            whole = values.dtype.kind == "i" and name in found
            last = last.astype(values.dtype) if whole else last
        variables[str(name)] = (variable.dims, np.concatenate([values, last]), dict(variable.attrs))
    coords: dict[str, Labelled] = {
        str(name): (coordinate.dims[0], coordinate.values, dict(coordinate.attrs))
        for name, coordinate in data.coords.items()
    }
    dims, labels, about = coords[SCENARIOS]
    coords[SCENARIOS] = (dims, np.array([*labels.tolist(), MIXTURE]), about)
    return dataset_of(variables, coords, dict(data.attrs))


def _warnings(data: xr.Dataset) -> list[str]:
    """What is said of every scenario, once; then what is said of some, with their names."""
    names = [str(name) for name in data["scenario_name"].values[:-1]]
    return said_of_each(
        names, [str(lines).split("\n") if lines else [] for lines in data["warnings"].values[:-1]]
    )
