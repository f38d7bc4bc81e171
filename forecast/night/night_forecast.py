"""The forecast of a night: draws of the final votes through the rule of the election, as all others go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.night.counted import NOTHING
from forecast.night.estimating import NightEstimate, PollDraws, estimate_night
from forecast.night.night_constants import NightBasis, shipped_night_constants
from forecast.result import Forecast, forecast_of
from forecast.simulation.forecasting import MOST_KEPT, How, simulate_and_keep
from forecast.simulation.given import VoteDraws, of_votes, simulate_votes
from forecast.sweeps.sweeping import sweep_draws, sweep_grid
from forecast.variables import QUANTILES

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.night.counted import Counted
    from forecast.night.units import Units
    from forecast.simulation.running import Progress
    from forecast.sweeps.grid import Grid

SAMPLER = "night"
"""What ``sampler`` says of a forecast whose draws are of a night."""
MOST_NUMBERS = 50_000_000
"""Votes that are held at once: draws x districts x lists (400 MB, of which there are several)."""


class BeforeNight(NamedTuple):
    """What was forecast before anything was counted: it stays the same all night."""

    forecast: Forecast
    draws: xr.Dataset


def before_night(
    election: Election, polled: Estimate, how: How, *, progress: Progress | None = None
) -> BeforeNight:
    """The forecast of the polls alone, with draws that meet those of the night; errors as ``simulate``."""
    return BeforeNight(*simulate_and_keep(election, polled, how, how.draws, progress=progress))


class NightForecast(NamedTuple):
    """A forecast of a night, the estimate behind it, and the draws that were asked for."""

    forecast: Forecast
    estimate: NightEstimate
    kept: xr.Dataset


def night_forecast(
    election: Election,
    units: Units,
    counted: Counted,
    polled: Estimate | None,
    how: How,
    *,
    keep: int = 0,
    constants: NightBasis | None = None,
    before: BeforeNight | None = None,
    progress: Progress | None = None,
) -> NightForecast:
    """Where the final vote will be, given what is counted and what polls said, and what the rule makes of it.

    Parameters
    ----------
    election, units, counted
        As ``load_election``, ``read_units`` and ``read_counted`` give them.
    polled
        The estimate from before the night; ``None``: the count alone.
    how
        Elections to draw (at most a million, and fewer where there are many districts), seed, threads.
    keep
        Draws to hand out one by one.
    constants
        Of the method, and what they rest on; default: those that come with the program.
    before
        What ``before_night`` gives for the same ``polled`` and ``how``, which a night of many estimates need
        not draw anew each time.

    Returns
    -------
    NightForecast
        Where nothing is counted, the forecast is that of ``simulate``; where all is, every draw is the count.

    Raises
    ------
    ConfigurationError
        For more draws than can be held, and where neither votes nor polls are known.
    PollDataError, NoValidOutcome
        As ``simulate``.
    """
    _refuse(units, counted, polled, how)
    if before is None and polled is not None:
        before = before_night(election, polled, how, progress=progress)
    estimate = _estimated(units, counted, before, how, constants)
    if before is not None and _is_before(counted):
        forecast, kept = before.forecast, before.draws.isel(draw=slice(keep))
    else:
        drawn = _votes(election, units, estimate, how.seed)
        attrs = _attrs(election, polled, counted, constants)
        forecast, kept = simulate_votes(
            election, drawn, attrs, keep=keep, threads=how.threads, progress=progress
        )
    with_night = _with_night(forecast, units, counted, estimate)
    return NightForecast(_with_average(with_night, before.forecast if before else None), estimate, kept)


def night_sweep(
    election: Election,
    units: Units,
    counted: Counted,
    polled: Estimate | None,
    grid: Grid,
    how: How,
    *,
    constants: NightBasis | None = None,
    progress: Progress | None = None,
) -> Forecast:
    """The draws of a night under many rules, as ``sweep_grid`` has those of an estimate.

    Parameters and errors are those of ``night_forecast``. Where nothing is counted the sweep is that of the
    estimate; what explains the outcome is not looked for.
    """
    if _is_before(counted) and polled is not None:
        return sweep_grid(election, polled, grid, how, explained=False, progress=progress)
    _refuse(units, counted, polled, how)
    before = before_night(election, polled, how) if polled is not None else None
    estimate = _estimated(units, counted, before, how, constants)
    drawn = of_votes(election, _votes(election, units, estimate, how.seed))
    attrs = {"seed": how.seed, **_attrs(election, polled, counted, constants)}
    return sweep_draws(election, drawn, grid, how, attrs, progress=progress)


def _is_before(counted: Counted) -> bool:
    """Whether nothing is counted yet."""
    return bool((counted.status == NOTHING).all()) and not counted.outside.any()


def _refuse(units: Units, counted: Counted, polled: Estimate | None, how: How) -> None:
    """Refuse more draws than can be held, and a night of which nothing is known."""
    most = min(MOST_NUMBERS // units.stood.size, MOST_KEPT)
    if how.draws > most:
        remedy = f"at most {most:,} draws of a night of so many districts and lists are held at once"
        raise ConfigurationError(Fault("--draws", "", how.draws, remedy))
    if polled is None and _is_before(counted):
        remedy = "nothing is counted, and there are no polls: nothing is known of this vote"
        raise ConfigurationError(Fault(counted.place, "", ABSENT, remedy))


def _estimated(
    units: Units, counted: Counted, before: BeforeNight | None, how: How, constants: NightBasis | None
) -> NightEstimate:
    polls = poll_draws(units, before.draws) if before is not None else None
    of_method = (constants or shipped_night_constants()).constants
    return estimate_night(units, counted, polls, of_method, draws=how.draws, seed=how.seed)


def poll_draws(units: Units, drawn: xr.Dataset) -> PollDraws:
    """Shares of draws (draw, party) in the order of the units' parties; NaN of those that polls do not tell
    apart.
    """
    known = {str(name): at for at, name in enumerate(drawn["party"].values)}
    shares = np.asarray(drawn["share"].values, np.float64)
    found = np.full((len(shares), len(units.parties)), np.nan)
    for p, party in enumerate(units.parties):
        if party in known:
            found[:, p] = shares[:, known[party]]
    return PollDraws(found)


def _votes(election: Election, units: Units, estimate: NightEstimate, seed: int) -> VoteDraws:
    """The draws of the final votes, without lists that have withdrawn and have no votes."""
    standing = {party.id for party in election.standing}
    listed = {party.id for party in election.parties}
    kept = [
        p
        for p, party in enumerate(units.parties)
        if party in standing or party not in listed or estimate.votes[:, :, p].any()
    ]
    return VoteDraws(
        tuple(units.parties[p] for p in kept),
        estimate.votes[:, :, kept],
        units.stood[:, kept],
        units.places,
        seed,
    )


def _attrs(
    election: Election, polled: Estimate | None, counted: Counted, constants: NightBasis | None
) -> dict[str, Any]:
    """Where the draws of a night are from."""
    vote = election.election.vote
    day = polled.as_of if polled is not None else vote
    rests = constants or shipped_night_constants()
    return {
        "sampler": SAMPLER,
        "as_of": day.isoformat() if day is not None else "",
        "night": counted.place,
        "night_constants": rests.place,
        "night_constants_sha256": rests.digest,
        "track_record": "What is counted, and what like units make expect of the rest (docs/night.md): "
        f"constants fitted on {len(rests.nights)} nights.",
        "warnings": list(polled.warnings) if polled is not None else [],
    }


def _with_average(forecast: Forecast, before: Forecast | None) -> Forecast:
    """The forecast with what the polls said by themselves."""
    if before is None or "estimate/average" not in before or "estimate/average" in forecast:
        return forecast
    average = before.groups["estimate"][["average"]]
    average = average.reindex(party=forecast.dataset["party"])
    return Forecast({**forecast.groups, "estimate": average})


def _with_night(forecast: Forecast, units: Units, counted: Counted, estimate: NightEstimate) -> Forecast:
    """The forecast with the group ``night``: what is counted, what is out, and shares by district."""
    order = [units.parties.index(party) if party in units.parties else -1 for party in forecast.parties]

    def of_parties(values: NDArray[Any], blank: float) -> NDArray[Any]:
        """Along the parties of the forecast, the last axis."""
        found = np.full((*values.shape[:-1], len(order)), blank, values.dtype)
        for k, p in enumerate(order):
            if p >= 0:
                found[..., k] = values[..., p]
        return found

    final = estimate.final_by_kind
    votes = estimate.counted
    shares = estimate.votes / np.maximum(estimate.votes.sum(axis=2, keepdims=True), 1.0)
    by_district = np.moveaxis(np.quantile(shares, QUANTILES, axis=0), 0, -2)
    out = estimate.votes.sum(axis=(1, 2)) - votes.sum()
    values: dict[str, Any] = {
        "counted_votes": of_parties(votes.sum(axis=0), 0),
        "counted_share": of_parties(_shares(votes.sum(axis=0)), np.nan),
        "forecast_share": of_parties(estimate.shares.mean(axis=0), np.nan),
        "units": estimate.units_by_kind,
        "units_final": final,
        "counted_by_kind": estimate.counted_by_kind,
        "left": estimate.left,
        "left_quantile": np.quantile(out, QUANTILES),
        "district_counted_votes": of_parties(votes, 0),
        "district_counted_share": of_parties(_shares(votes), np.nan),
        "district_share_quantile": np.moveaxis(of_parties(by_district, np.nan), -1, 1),
    }
    labels = {
        "party": forecast.array("party"),
        "quantile_level": np.array(QUANTILES),
        "night/kind": np.array(units.kinds),
        "night/district": np.array(units.districts or ("",)),
    }
    made = forecast_of({f"night/{name}": value for name, value in values.items()}, labels, {})
    return Forecast({**forecast.groups, "night": made.groups["night"]})


def _shares(votes: NDArray[np.int64]) -> NDArray[np.float64]:
    total = votes.sum(axis=-1, keepdims=True).astype(np.float64)
    return np.where(total > 0.0, votes / np.maximum(total, 1.0), np.nan)
