"""From an estimate to the pattern that its draws are projected with: what a run needs of the geography, with
regional swings, a list at another share in one part of the country at the same national shares.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.election.settings import Geography as Settings
from forecast.election.settings import OwnHistory
from forecast.election.values import normalised
from forecast.errors import ConfigurationError, Fault
from forecast.geography.local_polls import LocalPoll, local_polls_of, refuse_unknown_places, with_local_polls
from forecast.geography.pattern import LAWS, Floats, Pattern, pattern_of
from forecast.geography.projection_constants import (
    Constants,
    History,
    shipped,
    shipped_histories,
    with_history,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from forecast.election import Election
    from forecast.geography.known_districts import Geography
    from forecast.geography.places import Places
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
