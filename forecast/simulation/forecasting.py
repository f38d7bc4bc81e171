"""One election: estimate and rule in, Forecast out."""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.election.notes import warnings_on
from forecast.result import dataset_of
from forecast.rules.compiled import compile_rules
from forecast.simulation.alliances import lost_to_alliances
from forecast.simulation.inputs import Units, draws_of, needs
from forecast.simulation.labelling import label
from forecast.simulation.questions import compile_questions
from forecast.simulation.running import KEPT_DRAWS, KeptDraws, Progress, run_draws
from forecast.simulation.unpolled import refuse_without_the_largest

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election, Rule
    from forecast.estimation import Estimate
    from forecast.result import Forecast
    from forecast.simulation.inputs import Draws

_VERSIONED = ("forecast", "numpy", "numba", "llvmlite", "xarray", "scipy", "pandas", "pydantic")


def simulate_election(
    election: Election,
    estimate: Estimate,
    *,
    draws: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Forecast:
    """Draw elections around ``estimate``, apply the rule of ``election`` to each and count.

    ``draws``, ``seed`` and ``sampler`` default to the election file's. The numbers do not depend on
    ``threads``. ``ConfigurationError`` where the rule needs more than national shares.
    """
    return simulate_and_keep(
        election, estimate, 0, draws=draws, seed=seed, sampler=sampler, threads=threads, progress=progress
    )[0]


def simulate_and_keep(
    election: Election,
    estimate: Estimate,
    keep: int,
    *,
    draws: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
    histograms: bool = False,
) -> tuple[Forecast, xr.Dataset]:
    """As ``simulate_election``, and the first ``keep`` of its draws one by one (see ``kept_dataset``).

    The forecast does not depend on ``keep``; ``histograms``: as ``label``.
    """
    settings = election.simulation
    draws = settings.draws if draws is None else draws
    seed = settings.seed if seed is None else seed
    sampler = settings.sampler if sampler is None else sampler
    units = Units.of(election, estimate.units)
    refuse_without_the_largest(election, estimate)
    inputs = draws_of(election, estimate, units, seed, sampler)
    attrs = {
        "seed": seed,
        "sampler": sampler,
        "as_of": estimate.as_of.isoformat(),
        "warnings": list(estimate.warnings),
    }
    return count_draws(
        election,
        units,
        inputs,
        draws,
        attrs,
        keep,
        estimate=estimate,
        threads=threads,
        progress=progress,
        histograms=histograms,
    )


def count_draws(
    election: Election,
    units: Units,
    inputs: Draws,
    draws: int,
    attrs: dict[str, Any],
    keep: int,
    *,
    estimate: Estimate | None = None,
    threads: int = 1,
    progress: Progress | None = None,
    histograms: bool = False,
) -> tuple[Forecast, xr.Dataset]:
    """The forecast of draws from anywhere under the rule of ``election``, and the first ``keep`` of them."""
    if election.rule.threshold is not None:
        needs(election, election.rule.threshold.base, election.place)
    lists = [election.by_id[unit] for unit in units.ids[: units.lists]]
    rules = compile_rules([election.rule], lists, election.place)
    questions = compile_questions(election.coalitions, election.events, units)
    counts, kept = run_draws(
        inputs, rules, questions, draws, threads=threads, keep=max(keep, KEPT_DRAWS), progress=progress
    )
    attrs = {
        "election": election.election.id,
        "election_name": election.election.name,
        "election_date": election.election.date.isoformat(),
        "country": election.election.country,
        "note": election.election.note or "",
        "draws": draws,
        "replicates": counts.replicates,
        "rule": rule_as_data(election.rule),
        "versions": json.dumps(versions()),
        **attrs,
        "warnings": warnings_on(election, attrs["warnings"]),
    }
    looked_at = KeptDraws(kept.shares[:KEPT_DRAWS], kept.seats[:, :KEPT_DRAWS])
    forecast = label(election, units, counts, looked_at, attrs, estimate=estimate, histograms=histograms)
    forecast.dataset.attrs["warnings"] += lost_to_alliances(election, forecast)
    return forecast, kept_dataset(election, units, kept, keep, attrs)


def rule_as_data(rule: Rule) -> str:
    """A rule as JSON, for the attributes of a result."""
    return json.dumps(rule.model_dump(mode="json", exclude_none=True), ensure_ascii=False)


def kept_dataset(
    election: Election, units: Units, kept: KeptDraws, keep: int, attrs: dict[str, Any]
) -> xr.Dataset:
    """The first ``keep`` draws as they are: ``share`` and ``seats`` over (draw, party).

    Parties are the options that the polls tell apart, in the order of the election file, ``other`` last where
    the ballot is open; the shares of a draw add up to 1.
    """
    listed = [party.id for party in election.parties]
    places = {unit: k for k, unit in enumerate(units.ids)}
    order = [places[unit] for unit in [*listed, *(set(units.ids) - set(listed))] if unit in places]
    votes = kept.shares[:keep]
    seats = np.zeros(votes.shape, np.int64)
    seats[:, : units.lists] = kept.seats[0, :keep]
    shares = votes / votes.sum(axis=1, keepdims=True)
    over = ("draw", "party")
    variables = {
        "share": (over, shares[:, order], {"long_name": "share of the valid votes", "units": "1"}),
        "seats": (over, seats[:, order], {"long_name": "seats under the rule", "units": "seats"}),
    }
    coords = {
        "draw": ("draw", np.arange(len(votes)), {"long_name": "number of the draw, from 0"}),
        "party": ("party", [units.ids[k] for k in order], {"long_name": "id of the option on the ballot"}),
    }
    said = {name: value for name, value in attrs.items() if name != "warnings"}
    return dataset_of(variables, coords, said)


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the numbers rest on."""
    return {"python": platform.python_version(), **{name: _version_of(name) for name in _VERSIONED}}


def _version_of(name: str) -> str:
    """What a library that is loaded says itself; else what its metadata says, a file to read and parse."""
    return getattr(sys.modules.get(name), "__version__", None) or version(name)
