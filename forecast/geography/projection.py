"""From an estimate to the pattern that its draws are projected with: what a run needs of the geography."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from forecast.election.geography import Geography as Settings
from forecast.election.geography import OwnHistory
from forecast.election.texts import normalised
from forecast.geography.local_polls import LocalPoll, local_polls_of, refuse_unknown_places, with_local_polls
from forecast.geography.pattern import Pattern, pattern_of
from forecast.geography.projection_constants import (
    Constants,
    History,
    shipped,
    shipped_histories,
    with_history,
)
from forecast.geography.regional_swings import with_regional_swings
from forecast.geography.swing import LAWS, Floats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from forecast.election import Election
    from forecast.geography.known_districts import Geography
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
