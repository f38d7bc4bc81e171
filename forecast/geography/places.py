"""The districts of the coming election: their names, regions, seats and voters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import ABSENT, PollDataError
from forecast.election.words import normalised
from forecast.geography.last_result import LastResult
from forecast.rules.tables import parse_votes, read_rows

if TYPE_CHECKING:
    from forecast.election import Election

_SIZES = {"seats": "seats", "population": "population", "registered": "registered", "electorate": "registered"}
_PASSED_OVER = (
    "party",
    "votes",
    "direct",
    "valid_votes",
    "invalid_votes",
    "levelling",
    "official_seats",
    "official_fixed",
    "official_levelling",
    "party_name",
    "note",
    "source",
)
"""Columns of the table that a count needs, and a projection does not."""


@dataclass(frozen=True)
class Place:
    """One district; sizes are ``None`` where not known."""

    name: str
    region: str = ""
    seats: int | None = None
    registered: int | None = None
    population: int | None = None


@dataclass(frozen=True)
class Places:
    """The districts of an election in the order of their table, and what a reader must know of them."""

    places: tuple[Place, ...]
    place: str
    """The table that they are from."""
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the districts."""
        return tuple(place.name for place in self.places)

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of regions, each once."""
        return tuple(dict.fromkeys(place.region for place in self.places if place.region))

    def inside(self, name: str) -> list[int]:
        """Numbers of the districts that a district or region of this name is or holds; empty for no such name."""
        key = normalised(name)
        own = [number for number, place in enumerate(self.places) if normalised(place.name) == key]
        return own or [number for number, place in enumerate(self.places) if normalised(place.region) == key]


@dataclass
class _Read:
    name: str
    sizes: dict[str, int] = field(default_factory=dict)
    region: str = ""


def places_of(election: Election, last: LastResult | None) -> Places:
    """Of the table that ``rule.districts`` names, else those of the last result, with its seats.

    ``PollDataError`` with every fault of the table; no districts where neither is given.
    """
    rule = election.rule.districts
    if rule is not None and rule.table is not None:
        return read_places(rule.table)
    if last is None:
        return Places((), election.place)
    regions = last.regions or ("",) * len(last.districts)
    places = tuple(
        Place(
            name,
            region,
            None if seats != seats else int(seats),
            None if voters != voters else int(voters),
        )
        for name, region, seats, voters in zip(
            last.districts, regions, last.seats.tolist(), last.electorate.tolist(), strict=True
        )
    )
    said = (
        f"{last.place}: districts and their seats are those of the last election; the law or the authority "
        "says whether they still are (rule.districts.table)",
    )
    return Places(places, last.place, said if rule is not None else ())


def read_places(path: str | Path) -> Places:
    """The districts of a table by district; whatever it says of lists is passed over."""
    place = str(path)
    rows = read_rows(
        Path(path), place, ("district",), ("district", "district_name", "region", *_SIZES, *_PASSED_OVER)
    )
    found: dict[str, _Read] = {}
    for row in rows:
        name = row.cells.get("district", "")
        if not name:
            row.fault("district", ABSENT, "the name of a district is expected")
            continue
        read = found.setdefault(normalised(name), _Read(name))
        for column, meaning in _SIZES.items():
            said = row.read(column, parse_votes, -1)
            if said >= 0 and read.sizes.setdefault(meaning, said) != said:
                row.fault(column, said, f"another row of the district says {read.sizes[meaning]}; keep one")
        region = row.cells.get("region", "")
        read.region = read.region or region
        if region and region != read.region:
            row.fault("region", region, f"another row of the district says '{read.region}'; keep one")
    lacking = [read for read in found.values() if not read.region]
    if 0 < len(lacking) < len(found):
        rows[0].fault("region", ABSENT, f"missing for {lacking[0].name}; name the region of every district, or of none")
    faults = [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*faults)
    return Places(_as_places(list(found.values())), place)


def _as_places(found: Sequence[_Read]) -> tuple[Place, ...]:
    return tuple(Place(read.name, read.region, **read.sizes) for read in found)
