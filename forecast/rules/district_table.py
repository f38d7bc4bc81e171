"""Tables of votes by district, read into districts: a row for each list in each of them.

What is said of a district as a whole (seats, region, valid votes, ...) stands once or on every row of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast.door.sheets import read_sheet
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.rules.ballot import District, problems_of
from forecast.rules.tables import (
    Row,
    alliance_of,
    is_total,
    parse_seats,
    parse_votes,
    party_names,
    party_of,
    read_rows,
)

if TYPE_CHECKING:
    from forecast.election import Election

_NEEDED = ("district", "party", "votes")
_SIZES = {
    "seats": "seats",
    "population": "population",
    "levelling": "levelling",
    "valid_votes": "valid_votes",
    "invalid_votes": "invalid_votes",
    "registered": "registered",
    "electorate": "registered",
}
"""Columns with a number for a whole district, and what each is in ``District``."""
_WORDS = {"region": "region", "district_name": "title"}
_OFFICIAL = ("official_seats", "official_fixed", "official_levelling")
_REMARKS = ("party_name", "note", "source")
COLUMNS = (*_NEEDED, *_SIZES, *_WORDS, "direct", *_OFFICIAL, *_REMARKS)


class OfficialSeats(NamedTuple):
    """Seats of a list in a district as the authority has them; ``None`` where it does not say."""

    seats: int | None
    fixed: int | None
    levelling: int | None


@dataclass(frozen=True)
class DistrictTable:
    """The districts of a table, and official seats by district and list where it has columns of them."""

    place: str
    districts: tuple[District, ...]
    official: Mapping[tuple[str, str], OfficialSeats]


@dataclass
class _District:
    """One district while its rows are read."""

    votes: dict[str, int] = field(default_factory=dict)
    direct: dict[str, int] = field(default_factory=dict)
    alliances: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


def read_districts(election: Election, path: str | Path) -> DistrictTable:
    """The table of votes by district of an election.

    Raises ``PollDataError`` for all that is wrong with it and with what it says under the rule: wrong cells,
    columns that the rule needs and a district lacks, seats that do not add up to the house.
    """
    place = str(path)
    found: dict[str, _District] = {}
    official: dict[tuple[str, str], OfficialSeats] = {}
    faults: list[Fault] = []
    names = party_names(election)
    for row in read_rows(Path(path), place, _NEEDED, COLUMNS):
        if is_total(row, names):
            continue
        name = row.cells.get("district", "")
        if not name:
            row.fault("district", ABSENT, "the name of a district is expected")
        else:
            _read_row(election, names, row, found.setdefault(name, _District()), official)
        faults += row.faults
    districts = tuple(_as_district(name, read) for name, read in found.items())
    if not faults:
        winners = not any(tier.in_the_rule and tier.table is not None for tier in election.tiers)
        problems = problems_of(election.rule, districts, winners=winners)
        faults = [problem.fault(place) for problem in problems]
    if faults:
        raise PollDataError(*faults)
    return DistrictTable(place, districts, official)


def holds_votes(path: str | Path) -> bool:
    """Whether a table of districts is one of votes, and not of an election that is still to come."""
    heading = [name.lower() for name in read_sheet(Path(path)).heading]
    return "party" in heading or "votes" in heading


def read_places(path: str | Path) -> tuple[District, ...]:
    """The districts of a table without their votes: those of an election that is still to come.

    The table may be one of votes too; what it says of lists is passed over. Raises ``PollDataError`` for all
    that is wrong with the rest: wrong cells, rows that say different things of a district, regions of some
    only.
    """
    found: dict[str, _District] = {}
    rows = read_rows(Path(path), str(path), ("district",), COLUMNS)
    for row in rows:
        name = row.cells.get("district", "")
        if not name:
            row.fault("district", ABSENT, "the name of a district is expected")
        else:
            _note_whole(row, found.setdefault(name, _District()))
    without = [name for name, read in found.items() if "region" not in read.words]
    if 0 < len(without) < len(found):
        remedy = f"missing for {without[0]}; name the region of every district, or of none"
        rows[0].fault("region", ABSENT, remedy)
    faults = [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*faults)
    return tuple(_as_district(name, read) for name, read in found.items())


def _read_row(
    election: Election,
    names: Mapping[str, str],
    row: Row,
    district: _District,
    official: dict[tuple[str, str], OfficialSeats],
) -> None:
    _note_whole(row, district)
    alliance = alliance_of(election, row)
    if alliance is not None:
        _put(row, district.alliances, alliance)
        return
    party = party_of(election, names, row) if not row.faults else None
    if party is None:
        return
    _put(row, district.votes, party.id)
    district.direct[party.id] = row.read("direct", parse_seats, 0)
    said = [row.read(column, parse_seats, -1) for column in _OFFICIAL]
    if max(said) >= 0:
        known = (None if seats < 0 else seats for seats in said)
        official[row.cells["district"], party.id] = OfficialSeats(*known)


def _put(row: Row, votes: dict[str, int], name: str) -> None:
    if name in votes:
        row.fault(
            "party", row.cells["party"], f"'{name}' has a row in {row.cells['district']} already; keep one"
        )
    if not row.cells.get("votes"):
        row.fault("votes", ABSENT, "the number of votes is missing; leave the row out where it did not stand")
    votes[name] = row.read("votes", parse_votes, 0)


def _note_whole(row: Row, district: _District) -> None:
    """What the row says of its district; another row must not say otherwise."""
    for column, key in _SIZES.items():
        said = row.read(column, parse_votes, -1)
        if said >= 0 and district.sizes.setdefault(key, said) != said:
            row.fault(column, said, f"another row of the district says {district.sizes[key]}; keep one")
    for column, key in _WORDS.items():
        text = row.cells.get(column, "")
        if text and district.words.setdefault(key, text) != text:
            row.fault(column, text, f"another row of the district says '{district.words[key]}'; keep one")


def _as_district(name: str, read: _District) -> District:
    whole: dict[str, Any] = {**read.sizes, **read.words}
    return District(name, read.votes, direct=read.direct, alliance_votes=read.alliances, **whole)
