"""The districts of a run: what rules have to know of them, and how national votes are projected to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.rules.ballot import Ballot
from forecast.rules.tiers import SeatTable

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.election.rule import Rule
    from forecast.geography.places import Places
    from forecast.geography.projection import Centre
    from forecast.kernels.project import Pattern
    from forecast.simulation.inputs import Units


@dataclass(frozen=True)
class Local:
    """The districts of a run."""

    places: Places
    table: SeatTable
    pattern: Pattern
    """As the core reads it, in the order of its units."""
    warnings: tuple[str, ...]
    """What a reader must know of the last result, the projection and its polls."""


def local_of(election: Election, centre: Centre, units: Units, seed: int) -> Local | None:
    """The districts of an election, and their pattern around the centre of an estimate; ``None`` where its
    rule has none.

    Raises ``PollDataError`` and ``ConfigurationError`` for what is wrong with the tables of districts, or
    does not fit the election file.
    """
    if election.rule.districts is None:
        return None
    # Most rules have no districts: what reads and projects them is not imported in vain.
    from forecast.geography.compiled_pattern import compiled
    from forecast.geography.known_districts import read_geography
    from forecast.geography.projection import projection_of

    geography = read_geography(election)
    if geography is None:
        return None
    found = projection_of(election, geography, centre)
    order = [centre.units.index(unit) for unit in units.ids]
    return Local(
        geography.places,
        table_of(geography.places, election.rule),
        compiled(found.pattern, seed, order),
        found.warnings,
    )


def table_of(places: Places, rule: Rule) -> SeatTable:
    """Seats of districts and what else rules ask of them; seats by population are divided at once."""
    districts = places.places
    of_rule = rule.districts
    assert of_rule is not None
    if of_rule.seats == "by-population":
        from forecast.rules.districts import district_seats

        seats = district_seats(rule, of_rule, Ballot((), districts=districts)).seats
        districts = tuple(replace(district, seats=seats[district.name]) for district in districts)
    by_votes = of_rule.seats == "by-votes"
    return SeatTable(
        tuple(district.name for district in districts),
        np.array([_or(district.seats, 1 if by_votes else 0) for district in districts], np.int64),
        tuple(district.region for district in districts),
        np.array([_or(district.levelling, -1) for district in districts], np.int64),
    )


def _or(number: int | None, otherwise: int) -> int:
    return otherwise if number is None else number
