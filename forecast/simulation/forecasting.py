"""One election: estimate and rule in, Forecast out."""

from __future__ import annotations

import json
import math
import platform
import sys
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast.compiling import prepare
from forecast.door.arguments import made_by, one_of, whole
from forecast.election.notes import beliefs_of, warnings_on
from forecast.errors import ConfigurationError, Fault
from forecast.kernels.draw import take_drawn
from forecast.result import Labelled, dataset_of, forecast_of
from forecast.rules.compiled import compile_rules
from forecast.simulation.chamber import chamber_of
from forecast.simulation.grounds import (
    grounds_of,
    labels_of,
    last_election,
    lost_to_alliances,
    not_placed,
    refuse_without_the_largest,
    without_a_table,
)
from forecast.simulation.inputs import SAMPLER_GIVEN, Units, compile_questions, draws_of, needs
from forecast.simulation.last_seat import last_seat_values, last_seats, rule_of_the_country
from forecast.simulation.local import local_of
from forecast.simulation.numbers import Ballot, Run, numbers_of, of_rule, passes_by_seats
from forecast.simulation.numbers_of_places import chamber_values, district_values, events_of_chamber
from forecast.simulation.running import KEPT_DRAWS, KeptDraws, Progress, Runner, run_draws
from forecast.simulation.stages import Forms
from forecast.variables import MOST_PLACES, PASSES_BY_SEATS, QUANTILES, error_of

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.result import Forecast
    from forecast.rules.compiled import Rules
    from forecast.simulation.chamber import Chamber
    from forecast.simulation.inputs import Draws
    from forecast.simulation.last_seat import LastSeats
    from forecast.simulation.local import Local
    from forecast.simulation.run_counts import RunCounts

_VERSIONED = ("forecast", "numpy", "numba", "llvmlite", "xarray", "scipy", "pandas", "pydantic")
FIRST_DRAWS = 2**17
MOST_DRAWS = 10**11
MOST_DRAWS_TO_AN_ERROR = 10**9
MOST_SEED = 2**63 - 1
MOST_KEPT = 10**6
"""Draws that are handed out one by one at most."""
_PUBLISHED = ("pass_probability", "majority_probability", "event_probability", "seat_probability")


class How(NamedTuple):
    """How many elections are drawn, and how."""

    draws: int
    seed: int
    sampler: str
    threads: int
    runner: Runner | None = None
    """Who counts the draws; default: this process, on its threads. The numbers do not depend on it."""

    @classmethod
    def of(
        cls, election: Election, draws: int | None, seed: int | None, sampler: str | None, threads: int = 1
    ) -> How:
        """As asked, else as in the election file; ``ConfigurationError`` for what cannot be."""
        settings = election.simulation
        return cls(
            settings.draws if draws is None else whole("draws", draws, 1, MOST_DRAWS),
            settings.seed if seed is None else whole("seed", seed, 0, MOST_SEED),
            settings.sampler if sampler is None else one_of("sampler", sampler, ("sobol", "random")),
            whole("threads", threads, 1, 4096),
        )


def simulate(
    election: Election,
    estimate: Estimate,
    *,
    draws: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Forecast:
    """Draw elections around an estimate, apply the rule of the election to each and count.

    Parameters
    ----------
    election, estimate
        As ``load_election`` and ``estimate`` give them.
    draws
        Elections to draw, 1 to 100 billion. Default, as of ``seed`` and ``sampler``: the election file's.
    seed
        Of the random numbers, 0 to 2**63 - 1.
    sampler
        ``"sobol"`` (scrambled, quasi-random) or ``"random"``.
    threads
        On which to draw; the numbers do not depend on it.
    progress
        Called with the number of draws done since the last call.

    Returns
    -------
    Forecast

    Raises
    ------
    ConfigurationError
        For an argument that cannot be, and where the rule needs more than national shares.
    PollDataError
        Where the polls leave out a party that was or became the largest.
    NoValidOutcome
        Where a house would have to grow beyond reason.
    """
    made_by("load_election", election=election)
    made_by("estimate", estimate=estimate)
    how = How.of(election, draws, seed, sampler, threads)
    return simulate_and_keep(election, estimate, how, 0, progress=progress)[0]


def draws(
    election: Election,
    estimate: Estimate,
    number: int = 10_000,
    *,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int = 1,
) -> xr.Dataset:
    """Draws one by one: shares and seats of every party.

    Parameters
    ----------
    election, estimate
        As ``load_election`` and ``estimate`` give them.
    number
        Elections to draw, 1 to 1,000,000.
    seed, sampler, threads
        As in ``simulate``; with its seed these are draws of the same distribution.

    Returns
    -------
    xarray.Dataset
        ``share`` and ``seats`` over (draw, party); the shares of a draw add up to 1. Where the chamber has
        tiers beside the lists, ``chamber_seats`` over (draw, holder): lists and groups.

    Raises
    ------
    ConfigurationError, PollDataError, NoValidOutcome
        As ``simulate``.
    """
    made_by("load_election", election=election)
    made_by("estimate", estimate=estimate)
    number = whole("number", number, 1, MOST_KEPT)
    how = How.of(election, number, seed, sampler, threads)
    return simulate_and_keep(election, estimate, how, number)[1]


def simulate_and_keep(
    election: Election,
    estimate: Estimate,
    how: How,
    keep: int,
    *,
    progress: Progress | None = None,
    histograms: bool = False,
) -> tuple[Forecast, xr.Dataset]:
    """As ``simulate``, and the first ``keep`` of its draws one by one, on which the forecast does not depend.

    With ``histograms`` it holds those of the shares too, which a mixture is made from.
    """
    units = Units.of(election, estimate.units)
    refuse_without_the_largest(election, estimate)
    local = local_of(election, estimate, units, how.seed)
    inputs = draws_of(election, estimate, units, how.seed, how.sampler)
    attrs = {
        "seed": how.seed,
        "sampler": how.sampler,
        "as_of": estimate.as_of.isoformat(),
        **supposed_vote(election, estimate.election_date.isoformat()),
        "warnings": list(estimate.warnings),
    }
    return count_draws(
        election,
        units,
        inputs,
        how,
        attrs,
        keep,
        local=local,
        estimate=estimate,
        progress=progress,
        histograms=histograms,
    )


def simulate_to_error(
    election: Election,
    estimate: Estimate,
    target: float,
    how: How,
    *,
    most_draws: int = MOST_DRAWS_TO_AN_ERROR,
    progress: Progress | None = None,
) -> Forecast:
    """Draw until no published probability has a Monte Carlo error above ``target``, at most ``most_draws``.

    The result is that of a run with the number of draws that it reports, which doubles (or more, where the
    error says so) from ``FIRST_DRAWS``; all attempts together cost at most twice the last. Where
    ``most_draws`` do not suffice the forecast carries a warning. ``ConfigurationError`` for a target that no
    number allowed can reach.
    """
    if not 1.0 / most_draws <= target < 1.0:
        remedy = f"an error lies between 1 / {most_draws:,} (the most draws allowed) and 1, such as 0.0005"
        raise ConfigurationError(Fault("--target-error", "", target, remedy))
    number = min(FIRST_DRAWS, most_draws)
    while True:
        asked = how._replace(draws=number)
        forecast = simulate_and_keep(election, estimate, asked, 0, progress=progress)[0]
        reached = largest_error(forecast)
        if reached <= target:
            return forecast
        if number >= most_draws:
            short = f"the largest Monte Carlo error is {reached:.2g} after {number:,} draws"
            warnings = [*forecast.attrs["warnings"], f"{short}, above the {target:g} wanted"]
            return forecast.with_attrs(warnings=warnings)
        # Plain draws need (reached / target)**2 times as many, quasi-random ones fewer.
        wanted = number * 2 ** math.ceil(math.log2(reached / target))
        number = min(max(wanted, 2 * number), most_draws)


def largest_error(forecast: Forecast) -> float:
    """The largest Monte Carlo error of the probabilities that a forecast publishes."""
    names = (*_PUBLISHED, "void_probability")
    errors = [forecast.array(error_of(name)).ravel() for name in names]
    return float(np.nanmax(np.concatenate(errors)))


class Beside(NamedTuple):
    """What a run has beside national votes: districts of its rule, tiers of its chamber."""

    rules: Rules
    local: Local | None
    chamber: Chamber | None
    last: LastSeats | None = None
    """The last seats of the country, where it has any."""


def count_draws(
    election: Election,
    units: Units,
    inputs: Draws,
    how: How,
    attrs: dict[str, Any],
    keep: int,
    *,
    local: Local | None = None,
    estimate: Estimate | None = None,
    progress: Progress | None = None,
    histograms: bool = False,
) -> tuple[Forecast, xr.Dataset]:
    """The forecast of draws from anywhere under the rule of ``election``, in its districts where it has any,
    and the first ``keep`` of them.
    """
    inputs, rules = _ready(election, units, inputs, how, local, estimate)
    lists = [election.by_id[unit] for unit in units.ids[: units.lists]]
    questions = compile_questions(election.coalitions, election.events, units)
    nationally, none = rule_of_the_country(election)
    # What is called behind the counts is compiled while these are drawn.
    prepare(Forms(inputs, rules).needed(), [] if nationally is None else [take_drawn])
    counts, kept = run_draws(
        inputs,
        rules,
        questions,
        how.draws,
        threads=how.threads,
        keep=max(keep, KEPT_DRAWS),
        progress=progress,
        runner=how.runner,
    )
    of_chamber = inputs.chamber.warnings if inputs.chamber is not None else ()
    of_places = local.warnings if local is not None else ()
    said = [*attrs["warnings"], *of_places]
    attrs = {
        **identity_of(election),
        "draws": how.draws,
        "replicates": counts.replicates,
        **attrs,
        "last_seat": none,
        "warnings": warnings_on(election, said, beliefs_of(election), of_chamber, not_placed(election)),
    }
    looked_at = kept.first(KEPT_DRAWS)
    last = None
    if nationally is not None:
        given, votes = inputs.sampler == SAMPLER_GIVEN, kept.shares[:KEPT_DRAWS]
        last = last_seats(election, nationally, votes, units, lists, given=given)
    beside = Beside(rules, local, inputs.chamber, last)
    forecast = labelled(election, units, counts, looked_at, attrs, estimate, beside, histograms=histograms)
    forecast.attrs["warnings"] += [
        *lost_to_alliances(election, forecast),
        *without_a_table(election, forecast),
    ]
    return forecast, kept_dataset(election, units, kept, keep, attrs)


def _ready(
    election: Election,
    units: Units,
    inputs: Draws,
    how: How,
    local: Local | None,
    estimate: Estimate | None,
) -> tuple[Draws, Rules]:
    """What is drawn, with its districts and the tiers of its chamber, and the rule as the core reads it."""
    if election.rule.threshold is not None:
        needs(election, election.rule.threshold.base, election.place)
    lists = [election.by_id[unit] for unit in units.ids[: units.lists]]
    inputs = inputs.in_districts(local)
    held = sum(tier.seats for tier in election.levelled)
    rules = compile_rules([election.rule], lists, election.place, inputs.table, held)
    if not election.tiers:
        return inputs, rules
    centre = central_shares(inputs, rules, units)
    chamber = chamber_of(election, units, centre, how.seed, local=local, estimate=estimate)
    return inputs._replace(chamber=chamber), rules


def central_shares(inputs: Draws, rules: Rules, units: Units) -> np.ndarray:
    """(U,) medians of the shares that are drawn: where shares are far from certain these are not those of
    the estimate.
    """
    if inputs.sampler == SAMPLER_GIVEN:
        return np.median(inputs.given / inputs.given.sum(axis=1, keepdims=True), axis=0)
    alone = inputs._replace(pattern=None, table=None)
    records = rules.records.copy()
    records["held_drawn"] = False  # no district is drawn here
    rules = rules._replace(records=records)
    _, kept = run_draws(alone, rules, compile_questions((), (), units), KEPT_DRAWS, keep=KEPT_DRAWS)
    return np.median(kept.shares, axis=0)


def labelled(
    election: Election,
    units: Units,
    counts: RunCounts,
    kept: KeptDraws,
    attrs: dict[str, Any],
    estimate: Estimate | None,
    beside: Beside | None = None,
    *,
    histograms: bool = False,
) -> Forecast:
    """The Forecast of the first rule that was counted. Options of the ballot that the polls do not tell apart
    are left blank (NaN); parties that withdraw are not on it.
    """
    ballot = ballot_of(election, units)
    values, rests_on = numbers_of(Run(counts, kept, units.lists, rules=[election.rule]), ballot)
    values = of_rule(values, 0)
    labels = labels_of(election, ballot.ids) | {
        "quantile_level": np.array(QUANTILES),
        "places/place": np.arange(1, MOST_PLACES + 1),
    }
    values |= last_election(election, ballot.ids)
    if histograms:
        tallied = counts.totals.shares.astype(np.float64)
        values["unsaved/share_histogram"] = ballot.spread(tallied, 0, None)
    places, chamber = (beside.local, beside.chamber) if beside is not None else (None, None)
    if beside is not None and places is not None and kept.districts is not None:
        more, along, few = district_values(counts, kept.districts, beside.rules, places, ballot)
        values, labels, rests_on = values | more, labels | along, rests_on | few
    if chamber is not None:
        more, along, few = chamber_values(election, chamber, counts, kept)
        values, labels, rests_on = values | more, labels | along, rests_on | few
        values |= events_of_chamber(election, counts, kept, values)
    if beside is not None and beside.last is not None:
        more, along = last_seat_values(beside.last, ballot)
        values, labels = values | more, labels | along
        rests_on |= dict.fromkeys(more, len(beside.last.shares))
    if estimate is not None:
        more, along, told = grounds_of(estimate, ballot.ids)
        values, labels, attrs = values | more, labels | along, {**attrs, **told}
    # A house may grow, and then has a size for each draw.
    attrs = {
        **attrs,
        "house_size": max(election.rule.seats, int(np.median(kept.seats_of(0).sum(axis=1)))),
    }
    # A house that may grow is counted up to its bound; numbers of seats that no draw has are left out.
    held = np.flatnonzero(counts.totals.seats[0].any(axis=0))
    ends = max(election.rule.seats, int(held.max(initial=0))) + 1
    for name in ("seat_probability", error_of("seat_probability"), "coalition_seat_probability"):
        values[name] = values[name][..., :ends]
    found = forecast_of(values, {**labels, "seats": np.arange(ends)}, attrs, rests_on=rests_on)
    if passes_by_seats(election.rule):
        found.groups[""]["pass_probability"].attrs["long_name"] = PASSES_BY_SEATS
    return found


def ballot_of(election: Election, units: Units) -> Ballot:
    """The options that stand, in the order of the election file; ``other`` last where the ballot is open."""
    listed = [party.id for party in election.standing]
    return Ballot((*listed, *(unit for unit in units.ids if unit not in listed)), units)


def identity_of(election: Election) -> dict[str, Any]:
    """Attributes: the election, all that its file says, and the versions behind the result."""
    facts = election.election
    return {
        "election": facts.id,
        "election_name": facts.name,
        "election_date": facts.vote.isoformat() if facts.vote is not None else "",
        "country": facts.country,
        "note": facts.note or "",
        "definition": json.dumps(
            election.model_dump(mode="json", exclude_none=True, by_alias=True), ensure_ascii=False
        ),
        "versions": json.dumps(versions()),
    }


def supposed_vote(election: Election, day: str) -> dict[str, str]:
    """Attributes that name a vote as what it is, where it is held in thought only; ``day`` may be several."""
    if not election.election.supposed:
        return {}
    name = f"{election.election.name}, if it were held on {day}"
    return {"election_name": name, "election_date": day, "supposed_vote": day}


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
    seats[:, : units.lists] = kept.seats_of(0)[:keep]
    shares = votes / votes.sum(axis=1, keepdims=True)
    over = ("draw", "party")
    variables: dict[str, Labelled] = {
        "share": (over, shares[:, order], {"long_name": "share of the valid votes", "units": "1"}),
        "seats": (over, seats[:, order], {"long_name": "seats under the rule", "units": "seats"}),
    }
    coords: dict[str, Labelled] = {
        "draw": ("draw", np.arange(len(votes)), {"long_name": "number of the draw, from 0"}),
        "party": ("party", [units.ids[k] for k in order], {"long_name": "id of the option on the ballot"}),
    }
    if kept.chamber is not None:
        holders = [*units.ids[: units.lists], *(group.id for group in election.groups)]
        said_of = {"long_name": "seats of the whole chamber", "units": "seats"}
        variables["chamber_seats"] = (("draw", "holder"), kept.chamber[0, :keep], said_of)
        coords["holder"] = ("holder", holders, {"long_name": "id of a list or group"})
    said = {name: value for name, value in attrs.items() if name not in ("warnings", "definition")}
    return dataset_of(variables, coords, said)


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the numbers rest on."""
    return {"python": platform.python_version(), **{name: _version_of(name) for name in _VERSIONED}}


@cache
def _version_of(name: str) -> str:
    """What a library that is loaded says itself; else what its metadata says, a file to read and parse."""
    return getattr(sys.modules.get(name), "__version__", None) or version(name)
