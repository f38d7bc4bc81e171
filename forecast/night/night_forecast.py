"""The forecast of a night: from a partial count to draws of the final vote, and through the rule of the
election, as all others go.

The finished units say how lists moved and how many voted; the regression carries that to the units that are
missing. Around it stand four layers of error: of the effects, of single units, of districts and of the
country, the last two wider the less what is missing looks like what is counted. Draws from before the night
then enter by precision. docs/night.md has the formulas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import ndtr

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.night.counted import FINAL, NOTHING, Counted
from forecast.night.evening import with_night
from forecast.night.regression import (
    Design,
    NightBasis,
    NightConstants,
    Regression,
    among_votes,
    design_of,
    fit,
    lasting_noise,
    noise_of,
    shipped_night_constants,
    with_pools,
)
from forecast.result import Forecast
from forecast.simulation.forecasting import MOST_KEPT, How, simulate_and_keep
from forecast.simulation.given import VoteDraws, of_votes, simulate_votes
from forecast.sweeps.sweeping import sweep_draws, sweep_grid

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.night.units import Units
    from forecast.simulation.running import Progress
    from forecast.sweeps.grid import Grid


Floats = NDArray[np.float64]

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
    told = with_night(forecast, units, estimate)
    return NightForecast(_with_average(told, before.forecast if before else None), estimate, kept)


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


# What is counted, and what is still to come.

_AT_A_TIME = 1_024
_ON_ONE_THREAD, _LEAST_TOGETHER = 250_000, 16
"""Draws that are made together: so few that a product of matrices has no more than so many multiplications,
and is not shared among threads, whose number would then be seen in the last bits; but some at least.
"""
_LEAST_OF_LAST = 0.02
"""Of the last share of a list that is left to it at least, where the regression says less."""
_MOST_GROWTH = 1.5
_MOST_DRAWN_GROWTH = 2.5
_OF_REVISION = 0.16
"""p (1 - p) of the list whose revision the constant is: one of 20 %."""


@dataclass(frozen=True)
class PollDraws:
    """Draws of national shares from before the night."""

    shares: Floats
    """(N, P) in the order of the parties of the units; NaN of those that the polls do not tell apart."""

    @property
    def told(self) -> NDArray[np.int64]:
        """Numbers of the lists whose shares the polls give: without the last where they give all, since
        that follows, and without ``other`` where it holds lists that the units tell apart.
        """
        known = np.flatnonzero(~np.isnan(self.shares.sum(axis=0)))
        return known[known < self.shares.shape[1] - 1]


@dataclass(frozen=True)
class NightEstimate:
    """Draws of the final vote of a night, of which a part is counted.

    ``D`` are the districts of the units, or one, the country, where they have none.
    """

    votes: Floats
    """(T, D, P) final votes, whole numbers."""
    counted: NDArray[np.int64]
    """(D, P) votes that are counted: of units, in part too, and of those without a baseline."""
    left: Floats
    """(K, D) votes expected still to come, by kind and district."""
    units_by_kind: NDArray[np.int64]
    """(K,)"""
    final_by_kind: NDArray[np.int64]
    """(K,) finished units."""
    counted_by_kind: NDArray[np.int64]
    """(K,) their votes, and those of units in part."""
    surprise: Floats
    """(U,) largest residual of a counted unit over its responses, in standard deviations; else 0."""

    @property
    def units(self) -> int:
        """How many there are."""
        return int(self.units_by_kind.sum())

    @property
    def final_units(self) -> int:
        """How many are finished."""
        return int(self.final_by_kind.sum())

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(K,) whether a unit of the kind is finished; true of kinds without units."""
        return (self.final_by_kind > 0) | (self.units_by_kind == 0)

    @cached_property
    def shares(self) -> Floats:
        """(T, P) national shares."""
        national = self.votes.sum(axis=1)
        return national / np.maximum(national.sum(axis=1, keepdims=True), 1.0)

    @property
    def complete(self) -> bool:
        """Whether every unit is counted."""
        return self.final_units == self.units


class Outstanding(NamedTuple):
    """What is still to come, unit by unit."""

    votes: Floats
    """(U,) expected; 0 of finished units."""
    shares: Floats
    """(U, P) expected of these."""
    noise: Floats
    """(U,) variance of a unit's residuals, in units of that of one with many votes."""


class Spread(NamedTuple):
    """How the missing votes of D districts vary, in P shares and the log of their number (R = P + 1).

    ``own`` and ``mixed`` load on k common factors: a share on those of its own response and, where units with
    other shares grow more, on those of the volume.
    """

    votes: Floats
    """(D,) expected missing votes."""
    shares: Floats
    """(D, P) of these."""
    own: Floats
    """(R, D, k)"""
    mixed: Floats
    """(P, D, k)"""
    blocks: Floats
    """(D, R, R) covariance of what varies by district alone."""
    covariance: Floats
    """(R, R) of the factors of different responses."""
    stands: NDArray[np.bool_]
    """(D, P)"""


@dataclass(frozen=True)
class NightLaw:
    """The law of the final vote before draws from elsewhere enter: what is drawn from."""

    counted: Floats
    """(D, P)"""
    spread: Spread
    revision: float
    degrees_of_freedom: float
    most: Floats
    """(D,) votes that the electorate of the missing units allows."""
    outstanding: Outstanding
    regression: Regression

    @cached_property
    def mean(self) -> Floats:
        """(P,) national shares expected."""
        votes = (self.counted + self.spread.votes[:, None] * self.spread.shares).sum(axis=0)
        return votes / max(votes.sum(), 1.0)

    @cached_property
    def scale(self) -> Floats:
        """(P, P) squared scale of the t distribution of national shares: closed form of what is drawn."""
        s = self.spread
        total = self.counted.sum() + s.votes.sum()
        to_shares = (np.eye(len(self.mean)) - s.shares[:, :, None]) * s.stands[:, :, None]
        to = np.concatenate([to_shares, (s.shares - self.mean)[:, :, None]], axis=2)
        to *= (s.votes / max(total, 1.0))[:, None, None]
        found = np.matmul(np.matmul(to, s.blocks), to.transpose(0, 2, 1)).sum(axis=0)
        lists = len(self.mean)
        by_response = np.matmul(to.transpose(2, 1, 0), s.own)
        by_response[lists] += np.matmul(to[:, :, :lists].transpose(2, 1, 0), s.mixed).sum(axis=0)
        moved = np.tensordot(s.covariance, by_response, axes=1)
        found += np.tensordot(moved, by_response, axes=([0, 2], [0, 2]))
        return found + self.revision**2 * _multinomial(self.mean) / _OF_REVISION


def estimate_night(
    units: Units,
    counted: Counted,
    polls: PollDraws | None,
    constants: NightConstants,
    *,
    draws: int,
    seed: int,
) -> NightEstimate:
    """Draws of the final vote from what is counted so far.

    Parameters
    ----------
    units, counted
        As ``read_units`` and ``read_counted`` give them.
    polls
        Draws from before the night; ``None``: the count alone.
    constants
        Of the method.
    draws, seed
        How many elections are drawn, and the seed of their random numbers.

    Returns
    -------
    NightEstimate
        Its bits depend on the arguments alone.
    """
    design = design_of(units, constants)
    law = night_law(design, counted, constants)
    votes = np.concatenate(list(draw_votes(law, polls, draws, seed)))
    left = np.zeros((design.kinds, design.districts))
    np.add.at(left, (design.kind, design.district), law.outstanding.votes)
    by_kind = np.bincount(design.kind, _so_far(counted).sum(axis=1), design.kinds)
    return NightEstimate(
        votes,
        law.counted.astype(np.int64),
        left,
        np.bincount(design.kind, minlength=design.kinds),
        np.bincount(design.kind[_final(counted)], minlength=design.kinds),
        by_kind.astype(np.int64),
        law.regression.surprise,
    )


def _final(counted: Counted) -> NDArray[np.bool_]:
    return (counted.status == FINAL) & ~counted.set_aside


def _so_far(counted: Counted) -> Floats:
    """(U, P) votes of units that count."""
    told = (counted.status != NOTHING) & ~counted.set_aside
    return np.where(told[:, None], counted.votes, 0).astype(np.float64)


def night_law(design: Design, counted: Counted, constants: NightConstants) -> NightLaw:
    """The law of the final vote given what is counted."""
    final = _final(counted)
    votes = _so_far(counted)
    design = with_pools(design, votes.sum(axis=1), constants)
    found = fit(design, votes, final, constants)
    out = _outstanding(design, found, votes, final, constants)
    spread = _spread(design, found, out, np.where(final, design.size, votes.sum(axis=1)), constants)
    here = np.asarray(counted.outside, np.float64).copy()
    np.add.at(here, design.district, votes)
    most = np.where(final, 0.0, np.maximum(design.electorate - votes.sum(axis=1), 0.0))
    return NightLaw(
        here,
        spread,
        0.0 if final.all() else constants.revision,
        constants.degrees_of_freedom,
        _sums(design, most),
        out,
        found,
    )


def _outstanding(
    design: Design, found: Regression, votes: Floats, final: NDArray[np.bool_], constants: NightConstants
) -> Outstanding:
    """Votes and shares that are expected of missing units, and of what is missing of units in part."""
    predicted = design.times(found.effects)
    growth = np.clip(predicted[:, -1], -_MOST_GROWTH, _MOST_GROWTH)
    whole = np.minimum(design.size * np.exp(growth), design.electorate)
    noise = noise_of(design, whole, constants)
    further = among_votes(noise, found.covariance)
    moved = design.base + design.swing * (predicted + further)[:, :-1]
    shares = np.where(design.stands, np.maximum(moved, _LEAST_OF_LAST * design.base), 0.0)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    left = np.minimum(whole * np.exp(further[:, -1] / 2.0), design.electorate)
    out = Outstanding(np.where(final, 0.0, left), shares, noise)
    part = np.flatnonzero(~final & votes.any(axis=1))
    if not len(part):
        return out
    so_far = votes.sum(axis=1)[part]
    rest = rest_of_units(whole[part], so_far, np.sqrt(noise[part] * found.covariance[-1, -1]))
    out.votes[part] = np.minimum(rest, design.electorate[part])
    # What is counted of a unit says how the rest of it votes, as far as units differ for good.
    lasting = lasting_noise(design, constants)[part]
    told = lasting / (lasting + constants.half_weight / so_far)
    out.shares[part] += told[:, None] * (votes[part] / so_far[:, None] - out.shares[part])
    out.noise[part] = (1.0 - told) * lasting + constants.half_weight / np.maximum(out.votes[part], 1.0)
    return out


def rest_of_units(whole: Floats, so_far: Floats, sd: Floats) -> Floats:
    """Expected votes beyond those ``so_far`` of units whose final number is log-normal with median ``whole``.

    Never below 0, and above 0 where more is counted than was expected at all.
    """
    from_log = np.log(np.maximum(whole, 1e-9) / np.maximum(so_far, 1.0)) / sd
    mean = whole * np.exp(sd**2 / 2.0)
    return np.maximum(mean * ndtr(from_log + sd) - so_far * ndtr(from_log), 0.0)


def _spread(
    design: Design, found: Regression, out: Outstanding, so_far: Floats, constants: NightConstants
) -> Spread:
    """How the missing votes of districts vary together."""
    total = _sums(design, out.votes)
    weight = out.votes / np.maximum(total, 1e-9)[design.district]
    shares, swing = (
        np.stack([_sums(design, weight * one) for one in of.T], axis=1) for of in (out.shares, design.swing)
    )
    apart = out.shares - shares[design.district]
    lists, responses = apart.shape[1], apart.shape[1] + 1
    columns = design.summed(weight[:, None] * np.column_stack([design.swing, np.ones(design.units), apart]))
    loads = _loads(found, columns)
    scale = np.column_stack([swing, np.ones(design.districts)])
    nation, district = _distances(design, out, so_far)
    common = constants.nation_least**2 + constants.nation_selection**2 * nation
    own = np.concatenate([loads[:responses], np.sqrt(common) * scale.T[:, :, None]], axis=2)
    mixed = np.concatenate([loads[responses:], np.zeros((lists, design.districts, 1))], axis=2)
    alone = constants.district_least**2 + constants.district_selection**2 * district
    layer = alone[:, None, None] * found.covariance * scale[:, :, None] * scale[:, None, :]
    stands = np.zeros((design.districts, lists), np.bool_)
    stands[design.district] = design.stands
    blocks = layer + _of_units(design, found.covariance, weight**2 * out.noise, apart)
    return Spread(total, shares, own, mixed, blocks, found.covariance, stands)


def _sums(design: Design, values: Floats) -> Floats:
    """(D,) values (U,) added up by district."""
    return np.bincount(design.district, values, design.districts).astype(np.float64)


def _loads(found: Regression, columns: Floats) -> Floats:
    """(R + P, D, k) what sums of ``columns`` (R + P, D, C + G) load on independent effects: those of shares,
    of the volume, and of the volume where it moves shares.
    """
    of = [*found.factors, *[found.factors[-1]] * (len(columns) - len(found.factors))]
    effects = [
        solve_triangular(factor, column.T, lower=True) for factor, column in zip(of, columns, strict=True)
    ]
    return np.hstack(effects).T.reshape(*columns.shape[:2], -1)


def _of_units(design: Design, covariance: Floats, weights: Floats, apart: Floats) -> Floats:
    """(D, R, R) what the residuals of single units, independent of each other, do to their districts."""
    lists = apart.shape[1]
    found = np.zeros((design.districts, lists + 1, lists + 1))
    of_volume, volume = covariance[:lists, -1], covariance[-1, -1]
    for d, here in enumerate(design.by_district):
        k, g, x = weights[here], design.swing[here], apart[here]
        gg, gx, xx = (g.T * k) @ g, (g.T * k) @ x, (x.T * k) @ x
        across = of_volume[:, None] * gx
        found[d, :lists, :lists] = covariance[:lists, :lists] * gg + across + across.T + volume * xx
        found[d, :lists, -1] = found[d, -1, :lists] = of_volume * (k @ g) + volume * (k @ x)
        found[d, -1, -1] = volume * k.sum()
    return found


def _distances(design: Design, out: Outstanding, counted: Floats) -> tuple[float, Floats]:
    """How far what is missing is from what is ``counted`` (U,), in the country and in each district (D,):
    squared differences of shares and sizes, in standard deviations of the country.
    """

    def means(weight: Floats) -> tuple[Floats, Floats]:
        sums = np.stack([weight[here] @ design.apart[here] for here in design.by_district])
        return sums, np.array([weight[here].sum() for here in design.by_district])

    missing, of_missing = means(out.votes)
    known, of_known = means(counted)
    everywhere = known.sum(axis=0) / max(of_known.sum(), 1e-9)
    nation = float(np.sum((missing.sum(axis=0) / max(of_missing.sum(), 1e-9) - everywhere) ** 2))
    here = np.where(
        (of_known > 0.0)[:, None], known / np.maximum(of_known, 1e-9)[:, None], everywhere[None, :]
    )
    district = np.sum((missing / np.maximum(of_missing, 1e-9)[:, None] - here) ** 2, axis=1)
    return nation, np.where(of_missing > 0.0, district, 0.0)


# Draws.


def draw_votes(law: NightLaw, polls: PollDraws | None, draws: int, seed: int) -> Iterator[Floats]:
    """(n, D, P) final votes, some draws after the other."""
    spread = law.spread
    drawn = list(_deviations(law, draws, seed))
    moved = drawn if polls is None else _with_polls(law, drawn, polls)
    random = np.random.Generator(np.random.PCG64([seed, 2]))
    for part in moved:
        growth = np.minimum(_grown(spread, part), law.most)
        shares = np.where(spread.stands, np.maximum(spread.shares + part[..., :-1], 0.0), 0.0)
        shares /= np.maximum(shares.sum(axis=2, keepdims=True), 1e-12)
        votes = law.counted + growth[:, :, None] * shares
        if law.revision > 0.0:
            votes = np.maximum(votes + _revisions(law, len(part), random), law.counted)
        yield np.rint(votes)


def _deviations(law: NightLaw, draws: int, seed: int) -> Iterator[Floats]:
    """(n, D, R) what shares and the log of the number of missing votes are off in each district."""
    spread = law.spread
    responses, districts, factors = spread.own.shape
    root = np.linalg.cholesky(_safe(spread.covariance))
    roots = np.linalg.cholesky(_safe(spread.blocks))
    nu = law.degrees_of_freedom
    together = min(max(_ON_ONE_THREAD // (districts * factors), _LEAST_TOGETHER), _AT_A_TIME)
    for number, first in enumerate(range(0, draws, together)):
        size = min(together, draws - first)
        random = np.random.Generator(np.random.PCG64([seed, 1, number]))
        stretch = np.sqrt(nu / random.chisquare(nu, size)) if np.isfinite(nu) else np.ones(size)
        common = np.matmul(root, random.standard_normal((factors, responses, size)))
        found = np.matmul(roots, random.standard_normal((districts, responses, size)))
        for response in range(responses):
            found[:, response] += spread.own[response] @ common[:, response]
        for share, mixed in enumerate(spread.mixed):
            found[:, share] += mixed @ common[:, -1]
        found = found.transpose(2, 0, 1) * stretch[:, None, None]
        found[..., :-1] = np.where(spread.stands, found[..., :-1], 0.0)
        found[..., :-1] -= found[..., :-1].sum(axis=2, keepdims=True) * spread.shares
        yield found


def _safe(covariance: Floats) -> Floats:
    """A covariance with a little more on its diagonal, of which a root can be taken."""
    size = covariance.shape[-1]
    diagonal = np.diagonal(covariance, axis1=-2, axis2=-1)
    return covariance + (1e-9 * diagonal[..., None] + 1e-18) * np.eye(size)


def _grown(spread: Spread, part: Floats) -> Floats:
    """(n, D) missing votes of deviations."""
    return spread.votes * np.exp(np.clip(part[..., -1], -_MOST_DRAWN_GROWTH, _MOST_DRAWN_GROWTH))


def _national(law: NightLaw, part: Floats) -> Floats:
    """(n, P) national shares of deviations, before any floor."""
    moved = np.einsum("nd,ndp->np", _grown(law.spread, part), law.spread.shares + part[..., :-1])
    votes = law.counted.sum(axis=0) + moved
    return votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-9)


def _with_polls(law: NightLaw, drawn: list[Floats], polls: PollDraws) -> list[Floats]:
    """The deviations after each draw has met one of those from before the night.

    A draw with national shares T meets q: everything moves by its covariance with T times the inverse of that
    of q - T, so that draws after it have the distribution in which both sources count by precision (the
    perturbed observations of Burgers, van Leeuwen and Evensen 1998). Where nothing is counted every draw is
    its draw from before.
    """
    deviations = np.concatenate(drawn)
    told = polls.told
    shares = _national(law, deviations)[:, told]
    given = polls.shares[np.arange(len(shares)) % len(polls.shares)][:, told]
    flat = deviations.reshape(len(deviations), -1)
    centred = shares - shares.mean(axis=0)
    number = max(len(shares) - 1, 1)
    together = centred.T @ (flat - flat.mean(axis=0)) / number
    both = centred.T @ centred / number
    if law.counted.any():
        both += np.cov(given.T).reshape(both.shape)
    gain = np.linalg.solve(_safe(both), together)
    moved = (flat + (given - shares) @ gain).reshape(deviations.shape)
    return [moved[first : first + _AT_A_TIME] for first in range(0, len(moved), _AT_A_TIME)]


def _revisions(law: NightLaw, number: int, random: np.random.Generator) -> Floats:
    """(n, D, P) by how much the final result differs from the count of units that are finished."""
    counted = law.counted.sum(axis=0)
    mean = counted / max(counted.sum(), 1.0)
    root = np.linalg.cholesky(_safe(_multinomial(mean) * law.revision**2 / _OF_REVISION))
    off = random.standard_normal((number, len(mean))) @ root.T
    return off[:, None, :] * law.counted.sum(axis=1)[None, :, None] * law.spread.stands


def _multinomial(mean: Floats) -> Floats:
    return np.diag(mean) - np.outer(mean, mean)
