"""The districts of the coming election: their names, regions, seats and voters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forecast.election.texts import normalised
from forecast.errors import PollDataError
from forecast.last_election import LastResult
from forecast.rules.ballot import District, problems_of
from forecast.rules.tables import read_places

if TYPE_CHECKING:
    from forecast.election import Election


@dataclass(frozen=True)
class Places:
    """The districts of an election in the order of their table, and what a reader must know of them."""

    places: tuple[District, ...]
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

    def inside(self, name: str, kind: str = "district") -> list[int]:
        """Numbers of the districts that a district or region of this name is or holds; empty for none.

        Where a region and a district have the same name, the one of the ``kind`` is meant.
        """
        key = normalised(name)
        own = [
            number
            for number, place in enumerate(self.places)
            if key in (normalised(place.name), normalised(place.title))
        ]
        region = [number for number, place in enumerate(self.places) if normalised(place.region) == key]
        return (region or own) if kind == "region" else (own or region)


def places_of(election: Election, last: LastResult | None) -> Places:
    """Of the table that ``rule.districts`` names, else those of the last result, with its seats.

    Regions are those of the table, else of the last result. ``PollDataError`` with every fault of the table
    and with all that does not fit the rule, such as seats that do not add up to the house; no districts where
    neither table is given.
    """
    rule = election.rule.districts
    warnings: tuple[str, ...] = ()
    if rule is not None and rule.table is not None:
        place, districts = str(rule.table), read_places(rule.table)
        if last is not None and not any(district.region for district in districts):
            districts = _with_regions(districts, last)
    elif last is not None:
        place, districts = last.place, _as_last_time(last)
        said = (
            "districts and their seats are those of the last election; the law or the authority says whether"
        )
        warnings = (f"{place}: {said} they still are (rule.districts.table)",)
    else:
        return Places((), election.place)
    faults = [problem.fault(place) for problem in problems_of(election.rule, districts, counted=False)]
    if faults:
        raise PollDataError(*faults)
    return Places(districts, place, warnings)


def _with_regions(districts: tuple[District, ...], last: LastResult) -> tuple[District, ...]:
    """The districts in the regions of the last result, where it has one for each of them."""
    known = dict(zip(map(normalised, last.districts), last.regions, strict=True)) if last.regions else {}
    regions = [known.get(normalised(district.name), "") for district in districts]
    if not all(regions):
        return districts
    return tuple(
        replace(district, region=region) for district, region in zip(districts, regions, strict=True)
    )


def _as_last_time(last: LastResult) -> tuple[District, ...]:
    regions = last.regions or ("",) * len(last.districts)
    return tuple(
        District(
            name,
            {},
            seats=None if seats != seats else int(seats),
            region=region,
            registered=None if voters != voters else int(voters),
        )
        for name, region, seats, voters in zip(
            last.districts, regions, last.seats.tolist(), last.electorate.tolist(), strict=True
        )
    )
