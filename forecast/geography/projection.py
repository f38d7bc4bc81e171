"""From an estimate to the pattern that its draws are projected with: what a run needs of the geography, with
regional swings, a list at another share in one part of the country at the same national shares, and with
polls of a region or a district, which move the projection of their districts, never the national shares.

Before the draws, errors on log shares are normal with the covariances of the pattern (``Pattern``), seen
through the raking that makes districts and nation agree. A poll is a noisy sight of the share of a list in
its place. Conditioning on all of them gives every cell a mean, which moves its central share, and a
variance, which narrows its errors. The scale of all errors is not known before: its quadrature points are
weighed by how well they explain the polls.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.election.geography import Geography as Settings
from forecast.election.geography import OwnHistory
from forecast.election.texts import normalised
from forecast.errors import ConfigurationError, Fault, PollDataError, suggest
from forecast.geography.pattern import (
    LAWS,
    Constants,
    Floats,
    History,
    Pattern,
    pattern_of,
    rake,
    shipped,
    shipped_histories,
    with_history,
)
from forecast.polls.table import PLACES

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.geography.known_districts import Geography, Places
    from forecast.polls import PollTable


_USUAL_SCALE = (0.5, 2.5)
"""Factors on the errors of districts that may be meant."""


@dataclass(frozen=True)
class Projection:
    """A pattern ready for draws, and what a reader must know of it."""

    pattern: Pattern
    local_polls: tuple[LocalPoll, ...]
    warnings: tuple[str, ...]


class Centre(Protocol):
    """What a projection takes of an estimate."""

    @property
    def units(self) -> tuple[str, ...]: ...
    @property
    def mean(self) -> Floats: ...
    @property
    def scale(self) -> Floats: ...
    @property
    def degrees_of_freedom(self) -> float: ...
    @property
    def of_places(self) -> PollTable | None: ...
    @property
    def as_of(self) -> datetime.date: ...


def projection_of(election: Election, geography: Geography, estimate: Centre) -> Projection:
    """The pattern around the centre of an estimate, after the regional swings of the election file and the
    polls of regions and districts.

    Raises ``ConfigurationError`` for swings that cannot be, ``PollDataError`` for polls of no such place.
    """
    settings = election.geography or Settings()
    law, scale = error_law(election)
    base = geography.base(estimate.units)
    mean = np.asarray(estimate.mean, float)
    pattern = pattern_of(base, mean / mean.sum(), law, swing=settings.swing, scale=scale)
    pattern = with_regional_swings(pattern, election, geography.places)
    found: tuple[LocalPoll, ...] = ()
    if estimate.of_places is not None:
        if not any(tier.votes is not None and tier.seats for tier in election.tiers):
            refuse_unknown_places(estimate.of_places, (geography.places,), estimate.as_of)
        found = local_polls_of(estimate.of_places, geography.places, estimate.units, estimate.as_of)
        pattern = with_local_polls(pattern, found, national_sd(estimate))
    said = (*geography.warnings, *_said_of(settings), *said_of_polls(found))
    return Projection(pattern, found, said)


def error_law(election: Election) -> tuple[Constants, float]:
    """The constants for this election, and the factor on all errors of districts."""
    settings = election.geography or Settings()
    law, scale = with_history(shipped(), history_of(election))
    return law, scale * float(settings.error_scale)


def history_of(election: Election) -> History | None:
    """What is known of the errors of earlier elections of the country."""
    history = (election.geography or Settings()).history
    if isinstance(history, OwnHistory):
        return History(history.pairs, float(history.scale))
    if history == "none":
        return None
    return shipped_histories().get(normalised(election.election.country))


def error_law_in_words(election: Election) -> Iterator[str]:
    """How districts follow the nation, and how large their errors are, for ``forecast check``."""
    settings = election.geography or Settings()
    way, history = LAWS[settings.swing], history_of(election)
    _, scale = error_law(election)
    because: list[str] = []
    if history is not None:
        of = f"{history.pairs} earlier pair{'s' if history.pairs > 1 else ''} of elections"
        because.append(f"{of} of this country, with errors x {history.scale:g}")
    if settings.error_scale != 1:
        because.append(f"geography.error_scale = {float(settings.error_scale):g}")
    if way.noise(shipped()) != 1.0:
        because.append(f"x {way.noise(shipped()):g} for this way of swinging")
    yield f"swing: {settings.swing} ({way.words})"
    if because:
        yield f"errors of districts x {scale * way.noise(shipped()):.2f}: {'; '.join(because)}"


def national_sd(estimate: Centre) -> Floats:
    """(U,) sd of the logs of national shares."""
    degrees = estimate.degrees_of_freedom
    heavier = degrees / (degrees - 2.0) if 2.0 < degrees < np.inf else 1.0
    return np.sqrt(np.diag(np.asarray(estimate.scale, float)) * heavier)


def _said_of(settings: Settings) -> Iterator[str]:
    scale = float(settings.error_scale)
    if not _USUAL_SCALE[0] <= scale <= _USUAL_SCALE[1]:
        yield (
            f"geography.error_scale = {scale:g} is a factor, 1 for an ordinary country and 2 for one whose "
            "lists change their labels: every district is as uncertain as that"
        )


def said_of_polls(polls: Sequence[LocalPoll]) -> Iterator[str]:
    """What a reader must know of polls of parts of the country."""
    if not polls:
        return
    places = ", ".join(dict.fromkeys(poll.place for poll in polls))
    moved = (
        "1 poll of a region or district moves"
        if len(polls) == 1
        else f"{len(polls)} polls of regions or districts move"
    )
    yield (
        f"{moved} the projection there, not the national shares: {places}; how far such polls miss is a "
        "prior, not fitted"
    )


# Regional swings.

_PASSES = 500
_EXACT = 1e-6


@dataclass(frozen=True)
class Target:
    """A unit's share in some districts."""

    unit: int
    districts: NDArray[np.int64]
    share: float


def with_regional_swings(pattern: Pattern, election: Election, places: Places) -> Pattern:
    """The pattern with the swings of the election file in its central shares.

    Raises ``ConfigurationError`` where a list would have less than nothing or more than all, does not stand
    there, or where no shares of the other districts keep it at its national one.
    """
    swings = election.geography.swings if election.geography is not None else ()
    if not swings:
        return pattern
    targets: list[Target] = []
    faults: list[Fault] = []
    for number, swing in enumerate(swings):
        path = f"geography.swings[{number}]"
        if swing.party not in pattern.base.units:
            remedy = "the polls do not tell this party apart, so that it has no share to move"
            faults.append(Fault(election.place, f"{path}.party", swing.party, remedy))
            continue
        unit = pattern.base.units.index(swing.party)
        inside = np.array(places.inside(swing.place, swing.kind), np.int64)
        now = share_in(pattern, inside)[unit]
        if swing.points is not None:
            share = now + float(swing.points)
        else:
            share = now * float(swing.factor) if swing.factor is not None else float(swing.share or 0)
        if not 0.0 <= share < 1.0 or (share > 0.0 and not pattern.base.stands[inside, unit].any()):
            remedy = f"its share in {swing.place} would be {share:.1%}; it is {now:.1%}"
            faults.append(Fault(election.place, path, swing.party, remedy))
        targets.append(Target(unit, inside, share))
    if faults:
        raise ConfigurationError(*faults)
    shares = raked_to(pattern, targets)
    faults = list(_missed(pattern, shares, targets, election))
    if faults:
        raise ConfigurationError(*faults)
    return replace(pattern, shares=shares)


def share_in(pattern: Pattern, districts: NDArray[np.int64], shares: Floats | None = None) -> Floats:
    """(U,) central shares in some districts together."""
    weights = pattern.base.weights[districts]
    return weights @ (pattern.shares if shares is None else shares)[districts] / weights.sum()


def raked_to(pattern: Pattern, targets: Sequence[Target]) -> Floats:
    """(D, U) shares nearest to the central ones that have these, and the national shares, as margins.

    Iterative proportional fitting; larger places first, so that a district inside a region has the last word.
    """
    weights, central = pattern.base.weights, pattern.central
    ordered = sorted(targets, key=lambda target: -len(target.districts))
    free = np.ones(pattern.shares.shape, bool)
    for target in ordered:
        free[target.districts, target.unit] = False
    shares = pattern.shares
    for _ in range(_PASSES):
        before = shares
        shares = shares.copy()
        for target in ordered:
            now = weights[target.districts] @ shares[target.districts, target.unit]
            wanted = target.share * weights[target.districts].sum()
            shares[target.districts, target.unit] *= wanted / now if now > 0.0 else 0.0
        held = weights @ np.where(free, 0.0, shares)
        loose = weights @ np.where(free, shares, 0.0)
        ratio = np.maximum(central - held, 0.0) / np.where(loose > 0.0, loose, 1.0)
        shares = np.where(free, shares * ratio, shares)
        shares = shares / shares.sum(1, keepdims=True)
        if np.abs(shares - before).max() < _EXACT * _EXACT:
            break
    return shares


def _missed(
    pattern: Pattern, shares: Floats, targets: Sequence[Target], election: Election
) -> Iterator[Fault]:
    """Swings that other shares of the nation or of other lists do not allow."""
    off = float(np.abs(pattern.base.weights @ shares - pattern.central).max())
    for number, target in enumerate(targets):
        found = share_in(pattern, target.districts, shares)[target.unit]
        if abs(found - target.share) > _EXACT or off > _EXACT:
            remedy = (
                f"with a share of {target.share:.1%} there no shares of the other districts keep the lists "
                "at their national ones"
            )
            yield Fault(
                election.place, f"geography.swings[{number}]", pattern.base.units[target.unit], remedy
            )


# Polls of parts of the country.

_NODES = 9
"""Points of the quadrature over the scale of errors."""
_CHUNK = 256
"""Cells whose variances are worked out at once."""
_USUAL_SIZE = 500.0
"""Respondents of a poll that does not say how many there were."""
_OTHER, _UNDECIDED = "other", "undecided"
_LEAST_SHARE = 1e-3
"""Shares in polls are floored at half a respondent, and at this."""


@dataclass(frozen=True)
class LocalPoll:
    """A poll of some districts together."""

    place: str
    districts: NDArray[np.int64]
    shares: Floats
    """(U,) of the decided; NaN for units that it does not report."""
    size: float
    """Respondents; NaN where not known."""
    age: float = 0.0
    """Days between its fieldwork and the day of the forecast."""


@dataclass(frozen=True)
class _Seen:
    """What the polls say: J log ratios of a share to the central one."""

    of: Floats
    """(J, D, U) weights of the errors of cells in each."""
    ratio: Floats
    """(J,)"""
    noise: Floats
    """(J, J) covariance of their errors."""
    unit: NDArray[np.int64]
    """(J,)"""


def local_polls_of(
    table: PollTable,
    places: Places,
    units: Sequence[str],
    as_of: datetime.date,
    kinds: Sequence[str] = PLACES,
) -> tuple[LocalPoll, ...]:
    """The polls of ``places`` that were known by the end of a day; of some ``kinds``, regions or districts.

    Parties that are no unit count as ``other``, where that is one. Polls of other places are passed over
    (``refuse_unknown_places``).
    """
    known = table.known_at(as_of)
    polls, said = known.polls, known.shares.to_numpy(float)
    sizes = polls["sample_size"].to_numpy(float)
    ended = polls["fieldwork_end"].fillna(polls["known"])
    ages = (pd.Timestamp(as_of) - ended).dt.days.to_numpy(float)
    found: list[LocalPoll] = []
    for number, kind, name in _of_places(known):
        inside = places.inside(name, kind) if kind in kinds else []
        if not inside:
            continue
        reported = {
            str(unit): share
            for unit, share in zip(known.shares.columns, said[number].tolist(), strict=True)
            if share == share
        }
        found.append(
            LocalPoll(
                name,
                np.array(inside, np.int64),
                _of_the_decided(reported, units),
                float(sizes[number]),
                max(0.0, float(ages[number])),
            )
        )
    return tuple(found)


def refuse_unknown_places(table: PollTable, every: Sequence[Places], as_of: datetime.date) -> None:
    """``PollDataError`` for polls of a place that is none of this election's, which would else be lost."""
    known = table.known_at(as_of)
    rows = known.polls["row"].tolist()
    faults: list[Fault] = []
    for number, kind, name in _of_places(known):
        if not any(places.inside(name, kind) for places in every):
            names = [name for places in every for name in (*places.regions, *places.names)]
            where = " or ".join(dict.fromkeys(places.place for places in every))
            remedy = f"no such {kind} in {where}; {suggest(name, names)}"
            faults.append(Fault(table.place, f"row {rows[number]}, {kind}", name, remedy))
    if faults:
        raise PollDataError(*faults)


def _of_places(known: PollTable) -> Iterator[tuple[int, str, str]]:
    """Number, kind and name of the place of each poll of a region or district."""
    for number, scope in enumerate(map(str, known.polls["scope"].tolist())):
        kind, _, name = (part.strip() for part in scope.partition(":"))
        if kind.casefold() in PLACES:
            yield number, kind.casefold(), name


def _of_the_decided(said: dict[str, float], units: Sequence[str]) -> Floats:
    """(U,) shares of those who named somebody; NaN for units that the poll does not report."""
    decided = {unit: share for unit, share in said.items() if unit != _UNDECIDED}
    total = sum(decided.values())
    whole = total if _OTHER in decided else max(total, 1.0 - said.get(_UNDECIDED, 0.0))
    shares = np.array([decided.get(unit, np.nan) for unit in units]) / whole
    if _OTHER in units:
        told = sum(share for unit, share in decided.items() if unit in units and unit != _OTHER)
        shares[list(units).index(_OTHER)] = max(whole - told, 0.0) / whole
    return shares


def with_local_polls(
    pattern: Pattern, polls: Sequence[LocalPoll], national_sd: Floats | None = None
) -> Pattern:
    """The pattern after what polls of its districts say.

    ``national_sd`` (U,) is how far national shares may be off, as an sd of their logs: a poll of a district
    that is ahead of the central national share may be so because the nation is.
    """
    found = sight_of(pattern, polls, national_sd)
    return pattern if found is None else found.into(pattern)


def sight_of(pattern: Pattern, polls: Sequence[LocalPoll], national_sd: Floats | None = None) -> Sight | None:
    """What polls of districts say about a pattern; ``None`` where they report nothing that stands there."""
    nothing = np.zeros(len(pattern.central))
    seen = _seen(pattern, polls, nothing if national_sd is None else national_sd)
    return None if seen is None else Sight(seen, _conditioned(pattern, seen))


def _seen(pattern: Pattern, polls: Sequence[LocalPoll], national_sd: Floats) -> _Seen | None:
    """The polls as log ratios; ``None`` where they report nothing that stands in their places."""
    law, weights = pattern.constants, pattern.base.weights
    of: list[Floats] = []
    ratio: list[float] = []
    variance: list[float] = []
    units: list[int] = []
    for poll in polls:
        size = poll.size if poll.size == poll.size else _USUAL_SIZE
        inside = weights[poll.districts] / weights[poll.districts].sum()
        cells = inside[:, None] * pattern.shares[poll.districts]
        expected = cells.sum(0)
        for unit in np.flatnonzero(~np.isnan(poll.shares) & (expected > 0.0)):
            share = max(float(poll.shares[unit]), 0.5 / size, _LEAST_SHARE)
            weight = np.zeros(pattern.shares.shape)
            weight[poll.districts, unit] = cells[:, unit] / expected[unit]
            typical = 0.5 * (share + float(expected[unit]))
            sampling = law.poll_effect * (1.0 - typical) / (typical * size)
            of.append(weight)
            ratio.append(float(np.log(share / expected[unit])))
            variance.append(sampling + law.poll_sd**2 + law.poll_drift**2 * poll.age)
            units.append(int(unit))
    if not of:
        return None
    same = np.array(units)[:, None] == np.array(units)
    noise = np.diag(variance) + same * national_sd[units] ** 2
    return _Seen(np.array(of), np.array(ratio), noise, np.array(units, np.int64))


@dataclass(frozen=True)
class _Errors:
    """The errors of cells as independent normals: their own, and those that cells share.

    Variances are those at scale 1.
    """

    pattern: Pattern
    shared: Floats
    """(Q, D, U) loadings: slope, two factors, and one for each region."""
    inside: Floats
    """(D, U) share of the national votes of a list that is cast in each district."""

    @classmethod
    def of(cls, pattern: Pattern) -> _Errors:
        loadings = [pattern.slope_sd * pattern.centred]
        loadings += [
            factor[:, None] * sd for factor, sd in zip(pattern.factors, pattern.factor_sd, strict=True)
        ]
        regions = pattern.base.regions
        if regions is not None:
            loadings += [
                (regions == number)[:, None] * pattern.region_sd for number in range(int(regions.max()) + 1)
            ]
        central = np.where(pattern.central > 0.0, pattern.central, 1.0)
        inside = pattern.base.weights[:, None] * pattern.shares / central
        return cls(pattern, pattern.common * np.array(loadings), inside)

    def before_raking(self, functionals: Floats) -> Floats:
        """(M, D, U) functionals of raked errors as functionals of the errors before: the adjoint of the
        raking to lists, to districts, and to lists again, to first order.
        """
        return self._lists(self._districts(self._lists(functionals)))

    def _lists(self, functionals: Floats) -> Floats:
        return functionals - self.inside * functionals.sum(1)[:, None, :]

    def _districts(self, functionals: Floats) -> Floats:
        return functionals - self.pattern.shares * functionals.sum(2)[:, :, None]

    def features(self, functionals: Floats) -> Floats:
        """(M, F) such that the covariance of two functionals is the product of theirs."""
        own = functionals * self.pattern.cell_sd
        shared = np.einsum("qdu,mdu->mqu", self.shared, functionals)
        return np.concatenate([own.reshape(len(own), -1), shared.reshape(len(own), -1)], axis=1)


@dataclass(frozen=True)
class _Posterior:
    """What is left to be uncertain: factors on prior variances, of cells and of what the polls saw."""

    mean: Floats
    """(D, U) expected errors on log shares, raked."""
    cells: Floats
    """(D, U)"""
    seen: Floats
    """(J,)"""
    weight: Floats
    """(I,) of the scales of errors, by how well they explain the polls."""
    solved: Floats
    """(I, J, J) inverse covariances of what was seen, by scale."""


@dataclass(frozen=True)
class Sight:
    """What polls of districts say about a pattern."""

    seen: _Seen
    left: _Posterior

    def into(self, pattern: Pattern) -> Pattern:
        """The pattern, or one around other national shares, after the polls."""
        shares = rake(pattern.shares * np.exp(self.left.mean), pattern.central, pattern.base.weights)
        common, own = _narrowed(_Errors.of(pattern), self.seen, self.left)
        return replace(pattern, shares=shares, common=pattern.common * common, cell_sd=own)

    def of_nation(self, sd: Floats) -> tuple[Floats, Floats]:
        """Means (U,) and sds (U,) of an error of the logs of national shares with these ``sd`` (U,), which is
        one part of those that polls of districts were taken to see.
        """
        cross = sd[:, None] ** 2 * (self.seen.unit == np.arange(len(sd))[:, None])
        means = np.einsum("uj,ijk,k->iu", cross, self.left.solved, self.seen.ratio)
        gained = np.einsum("uj,ijk,uk->iu", cross, self.left.solved, cross)
        mean = self.left.weight @ means
        variance = self.left.weight @ (sd**2 - gained + means**2) - mean**2
        return mean, np.sqrt(np.maximum(variance, 0.0))


def _conditioned(pattern: Pattern, seen: _Seen) -> _Posterior:
    """The errors given the polls."""
    space = _Errors.of(pattern)
    reported = space.features(space.before_raking(seen.of))
    between = reported @ reported.T
    spread = np.hypot(pattern.constants.scale_sd, pattern.constants.list_scale_sd)
    nodes, prior = np.polynomial.hermite_e.hermegauss(_NODES)
    prior = prior / prior.sum()
    squared = pattern.scale**2 * np.exp(2.0 * spread * nodes)
    seeing = squared[:, None, None] * between + seen.noise
    solved = np.linalg.inv(seeing)
    log_weight = np.log(prior) - 0.5 * (
        np.linalg.slogdet(seeing)[1] + np.einsum("j,ijk,k->i", seen.ratio, solved, seen.ratio)
    )
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    usual = float(prior @ squared)

    def given(cross: Floats, before: Floats) -> tuple[Floats, Floats]:
        """Mean (M,) and factor on the variance (M,) of functionals, by covariances with what was seen."""
        means = squared[:, None] * np.einsum("mj,ijk,k->im", cross, solved, seen.ratio)
        gained = squared[:, None] ** 2 * np.einsum("mj,ijk,mk->im", cross, solved, cross)
        mean = weight @ means
        variance = weight @ (squared[:, None] * before - gained + means**2) - mean**2
        return mean, np.where(before > 0.0, variance / np.where(before > 0.0, usual * before, 1.0), 1.0)

    cells = [given(cross, before) for cross, before in _of_cells(space, reported)]
    shape = pattern.shares.shape
    mean, left = (np.concatenate([part[number] for part in cells]).reshape(shape) for number in (0, 1))
    return _Posterior(mean, left, given(between, np.diag(between))[1], weight, solved)


def _of_cells(space: _Errors, reported: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Covariances of the raked errors of cells with what the polls saw, and their variances; in chunks."""
    districts, units = space.pattern.shares.shape
    cells = districts * units
    for first in range(0, cells, _CHUNK):
        number = np.arange(first, min(first + _CHUNK, cells))
        one = np.zeros((len(number), districts, units))
        one[np.arange(len(number)), number // units, number % units] = 1.0
        features = space.features(space.before_raking(one))
        yield features @ reported.T, (features**2).sum(1)


def _narrowed(space: _Errors, seen: _Seen, left: _Posterior) -> tuple[Floats, Floats]:
    """Factors (D, U) on the errors that cells share, and the sds of their own.

    The variance of every cell becomes what it is given the polls. Where a region was polled, its districts
    together became surer than each of them: then what they share shrinks more than what is their own.
    """
    own, shared = space.pattern.cell_sd**2, (space.shared**2).sum(0)
    wanted = left.cells * (own + shared)
    common = left.cells.copy()
    for of, ratio in zip(seen.of, left.seen, strict=True):
        weight = of.sum(1)
        unit = int(np.flatnonzero(of.any(0))[0])
        inside = np.flatnonzero(weight > 0.0)
        if len(inside) < 2:
            continue
        together = float((np.einsum("qd,d->q", space.shared[:, :, unit], weight) ** 2).sum())
        target = ratio * (together + float(weight**2 @ own[:, unit]))
        room = together - float(weight**2 @ shared[:, unit])
        if room <= 0.0:
            continue
        factor = (target - float(weight**2 @ wanted[:, unit])) / room
        most = float((wanted[inside, unit] / np.maximum(shared[inside, unit], 1e-12)).min())
        common[inside, unit] = np.clip(factor, 0.0, most)
    return np.sqrt(common), np.sqrt(np.maximum(wanted - common * shared, 0.0))
