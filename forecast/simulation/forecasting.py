"""One election: estimate and rule in, Forecast out."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

from forecast.rules.compiled import compile_rules
from forecast.simulation.inputs import Units, draws_of, needs
from forecast.simulation.labelling import label
from forecast.simulation.questions import compile_questions
from forecast.simulation.running import Progress, run_draws

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.result import Forecast

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
    settings = election.simulation
    draws = settings.draws if draws is None else draws
    seed = settings.seed if seed is None else seed
    sampler = settings.sampler if sampler is None else sampler
    units = Units.of(election, estimate.units)
    if election.rule.threshold is not None:
        needs(election, election.rule.threshold.base, election.place)
    parties = {party.id: party for party in election.parties}
    rules = compile_rules(
        [election.rule], [parties[unit] for unit in units.ids[: units.lists]], election.place
    )
    questions = compile_questions(election.coalitions, election.events, units)
    inputs = draws_of(election, estimate, units, seed, sampler)
    counts, kept = run_draws(inputs, rules, questions, draws, threads=threads, progress=progress)
    attrs = {
        "election": election.election.id,
        "election_name": election.election.name,
        "election_date": election.election.date.isoformat(),
        "country": election.election.country,
        "note": election.election.note or "",
        "draws": draws,
        "seed": seed,
        "sampler": sampler,
        "replicates": counts.replicates,
        "as_of": estimate.as_of.isoformat(),
        "rule": json.dumps(election.rule.model_dump(mode="json", exclude_none=True), ensure_ascii=False),
        "warnings": list(estimate.warnings),
        "versions": json.dumps(versions()),
    }
    return label(election, units, counts, kept, attrs, estimate=estimate)


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the numbers rest on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _VERSIONED}}
