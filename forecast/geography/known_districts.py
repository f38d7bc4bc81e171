"""What is known of districts before the draws: the last result in this election's parties and districts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.election.geography import Geography as Settings
from forecast.election.texts import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.geography.matching import carried_over, handed_on, matched_lines, standing
from forecast.geography.pattern import Base, Flags, Floats
from forecast.geography.places import Places, places_of
from forecast.last_election.by_district import LastResult, Move, read_borders, read_last_result
from forecast.last_election.heirs import heritage

if TYPE_CHECKING:
    from forecast.election import Election

Given = TypeVar("Given")
Table = TypeVar("Table")

OTHER = "other"
"""The unit of all votes that no party on the ballot gets."""
LARGE_LOSS = 0.03
"""Share of the last vote from which on a list without an heir is said to every reader."""


@dataclass(frozen=True)
class Geography:
    """Districts of an election, and the last result in them as far as it is known.

    Arrays are over districts D, earlier lists L and the parties P of the election file.
    """

    places: Places
    parties: tuple[str, ...]
    weights: Floats
    """(D,) expected share of the valid votes; sum 1."""
    stands: Flags
    """(D, P) where each party stands."""
    last: Floats
    """(D, L) shares of the valid votes at the last election; (D, 0) without a last result."""
    national: Floats
    """(L,) national shares of the same."""
    heirs: Floats
    """(L, P) share of each earlier list that each party inherits."""
    gone: Floats
    """(L,) share of it that nobody inherits, ``other`` neither: of voters who stay at home."""
    lists: tuple[str, ...]
    regions: NDArray[np.int64] | None
    """(D,) where regions are a level between country and district."""
    warnings: tuple[str, ...]
    matched: tuple[str, ...]
    """What was found, in words, for ``forecast check``."""

    @property
    def has_last_result(self) -> bool:
        """Whether there is a pattern to carry over."""
        return bool(self.lists)

    def base(self, units: Sequence[str]) -> Base:
        """The base for the units of an estimate: ids of parties, and ``other`` for all the rest."""
        told = [self.parties.index(unit) if unit in self.parties else -1 for unit in units]
        districts = len(self.places.places)
        last, national = np.zeros((districts, len(units))), np.zeros(len(units))
        stands = np.ones((districts, len(units)), bool)
        if self.has_last_result:
            whole = 1.0 - self.last @ self.gone, 1.0 - self.national @ self.gone
            for column, number in enumerate(told):
                if number >= 0:
                    last[:, column] = self.last @ self.heirs[:, number]
                    national[column] = self.national @ self.heirs[:, number]
            if OTHER in units:
                rest = list(units).index(OTHER)
                last[:, rest] = np.maximum(whole[0] - last.sum(1) + last[:, rest], 0.0)
                national[rest] = max(whole[1] - national.sum() + national[rest], 0.0)
        for column, (unit, number) in enumerate(zip(units, told, strict=True)):
            if number >= 0 and unit != OTHER:
                stands[:, column] = self.stands[:, number]
        return Base(self.places.names, tuple(units), self.weights, last, national, stands, self.regions)


def regions_matter(regions: int, districts: int) -> bool:
    """Whether there are enough regions, and enough districts in them, to tell the two apart."""
    return 3 < regions < districts / 1.5


def read_geography(election: Election) -> Geography | None:
    """The geography of an election; ``None`` where its rule has no districts.

    Raises ``PollDataError`` for what is wrong with its tables, ``ConfigurationError`` where they do not fit
    the election file: a list, a district or a region that matches nothing. All faults at once.
    """
    if election.rule.districts is None or election.rule.only_places:
        return None
    settings = election.geography or Settings()
    faults: list[Fault] = []
    last = moves = None
    if settings.last_result is not None:
        last = _read(faults, read_last_result, settings.last_result)
    if settings.borders is not None:
        moves = _read(faults, read_borders, settings.borders)
    places = _read(faults, lambda result: places_of(election, result), last)
    if faults or places is None:
        raise PollDataError(*faults)
    if not places.places:
        remedy = (
            "districts with their seats are needed for a forecast: name their table here, or the last result "
            "with a column of seats (geography.last_result)"
        )
        raise ConfigurationError(Fault(election.place, "rule.districts.table", ABSENT, remedy))
    if last is None:
        return _without_last_result(election, places)
    return _with_last_result(election, places, last, moves or ())


def _read(faults: list[Fault], read: Callable[[Given], Table], given: Given) -> Table | None:
    """A table; ``None`` where it cannot be read, with the reasons among the faults."""
    try:
        return read(given)
    except PollDataError as error:
        faults += error.faults
        return None


def _with_last_result(
    election: Election, places: Places, last: LastResult, moves: Sequence[Move]
) -> Geography:
    settings = election.geography or Settings()
    if election.rule.districts is not None and election.rule.districts.voters:
        last = _of_voters(last, places)
    carried, faults = carried_over(last, places, moves, str(settings.borders))
    inherited, unknown = heritage(election, last)
    valid = carried.T @ last.valid
    shares = (carried.T @ last.votes) / np.where(valid > 0.0, valid, 1.0)[:, None]
    heirs = handed_on(election, inherited)
    stands, strangers = standing(election, places, shares @ heirs)
    faults += [*unknown, *strangers, *_unknown_swings(election, places)]
    if faults:
        raise ConfigurationError(*faults)
    voters = _voters(carried, last, places)
    found = Geography(
        places=places,
        parties=tuple(party.id for party in election.parties),
        weights=voters / voters.sum(),
        stands=stands,
        last=shares,
        national=last.votes.sum(0) / last.valid.sum(),
        heirs=heirs,
        gone=np.maximum(inherited.sum(1) - heirs.sum(1), 0.0),
        lists=last.lists,
        regions=_regions(places),
        warnings=(),
        matched=(),
    )
    return replace(
        found,
        warnings=(*places.warnings, *_lost(found, last.place)),
        matched=tuple(matched_lines(election, found, last, moves)),
    )


def _of_voters(last: LastResult, places: Places) -> LastResult:
    """The last result in voters, each of whom has as many votes as the district has seats: shares of polls
    are theirs, and every district weighs in the country by who votes there.

    Seats are those of the result, else of the district of this name now; ``PollDataError`` without them.
    """
    now = {normalised(place.name): place.seats for place in places.places}
    sizes = [
        own if own == own else now.get(normalised(name)) or 0
        for name, own in zip(last.districts, last.seats.tolist(), strict=True)
    ]
    if lacking := [name for name, size in zip(last.districts, sizes, strict=True) if not size]:
        remedy = "missing: a voter has as many votes as the district has seats (rule.districts.voters)"
        raise PollDataError(
            *(Fault(last.place, f"district {name}, seats", ABSENT, remedy) for name in lacking)
        )
    size = np.array(sizes, float)
    return replace(last, votes=last.votes / size[:, None], valid=last.valid / size)


def _without_last_result(election: Election, places: Places) -> Geography:
    """Districts without a pattern: lists have their national shares everywhere, with errors of that size."""
    stands, faults = standing(election, places, None)
    faults += _unknown_swings(election, places)
    voters, of = _sizes(places)
    if voters is None:
        remedy = "missing; without a last result (geography.last_result) the size of districts is needed"
        faults.append(Fault(places.place, "column registered", ABSENT, remedy))
    if faults or voters is None:
        raise ConfigurationError(*faults)
    said = (
        f"{election.place}: no last result by district (geography.last_result): every list is drawn around "
        f"its national share in every district where it stands, and districts weigh by their {of}"
    )
    nothing = np.zeros(0)
    return Geography(
        places=places,
        parties=tuple(party.id for party in election.parties),
        weights=voters / voters.sum(),
        stands=stands,
        last=np.zeros((len(places.places), 0)),
        national=nothing,
        heirs=np.zeros((0, len(election.parties))),
        gone=nothing,
        lists=(),
        regions=_regions(places),
        warnings=(*places.warnings, said),
        matched=(f"{len(places.places)} districts, no last result",),
    )


def _sizes(places: Places) -> tuple[Floats | None, str]:
    """(D,) the size of districts by the best measure that all of them have, and its name."""
    for measure, name in (
        ("registered", "registered voters"),
        ("population", "population"),
        ("seats", "seats"),
    ):
        found = [getattr(place, measure) for place in places.places]
        if all(number is not None for number in found) and sum(found) > 0:
            return np.array(found, float), name
    return None, ""


def _voters(carried: Floats, last: LastResult, places: Places) -> Floats:
    """(D,) valid votes to expect: the last ones, at the present electorate where both are known."""
    valid, electorate = carried.T @ last.valid, carried.T @ last.electorate
    registered = [place.registered for place in places.places]
    if np.isnan(electorate).any() or any(number is None for number in registered):
        return valid
    return valid / electorate * np.array(registered, float)


def _regions(places: Places) -> NDArray[np.int64] | None:
    """(D,) number of the region of each district, where regions are a level of their own."""
    names = places.regions
    if not regions_matter(len(names), len(places.places)):
        return None
    return np.array([names.index(place.region) for place in places.places])


def _lost(found: Geography, place: str) -> Iterator[str]:
    """Earlier lists that were large and have no heir on the ballot."""
    for number in np.flatnonzero((found.heirs.sum(1) + found.gone <= 0.0) & (found.national >= LARGE_LOSS)):
        yield (
            f"{place}: {found.lists[number]} had {found.national[number]:.1%} of the votes, and no party on "
            "the ballot continues it (parties.ID.continues)"
        )


def _unknown_swings(election: Election, places: Places) -> Iterator[Fault]:
    """Regional swings of places that there are not."""
    for number, swing in enumerate((election.geography or Settings()).swings):
        key = swing.kind
        if not places.inside(swing.place, key):
            known = places.regions if swing.region else places.names
            remedy = f"no such {key} in {places.place}; {suggest(swing.place, known)}"
            yield Fault(election.place, f"geography.swings[{number}].{key}", swing.place, remedy)
