"""Tables of votes as people keep them and authorities publish them: columns by name, thousands marks, wrong
cells, rows of totals, shares only; which party a row means, by id, name, short name or alias; what it says of
every party; and by district, with a row for each list in each of them, on which what is said of a district as
a whole (seats, region, valid votes, ...) stands once or every time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from forecast.door import is_whole, ungrouped
from forecast.door.sheets import read_sheet
from forecast.election.values import normalised, parse_share
from forecast.errors import ABSENT, Fault, PollDataError, suggest
from forecast.polls.columns import OF_VOTES, TOTAL, heading_key, without_notes
from forecast.rules.ballot import District, Entry, problems_of

if TYPE_CHECKING:
    from forecast.election import Election, Party


Value = TypeVar("Value")


@dataclass
class Row:
    """One row: its number in the file (the heading is row 1) and its cells by column."""

    place: str
    number: int
    cells: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def read(self, column: str, parse: Callable[[str], Value], default: Value) -> Value:
        """The parsed cell, ``default`` where it is empty; what is wrong with it goes to the faults."""
        text = self.cells.get(column, "")
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(Fault(self.place, f"row {self.number}, column {column}", text, str(error)))
            return default

    def fault(self, column: str, found: object, remedy: str) -> None:
        """Note what is wrong with a cell."""
        self.faults.append(Fault(self.place, f"row {self.number}, column {column}", found, remedy))


def parse_votes(text: str) -> int:
    """A whole number as people write it: 3431510, 3 431 510, 3,431,510, 3.431.510, 3'431'510, 3431510.0 or
    3,431,510[a].
    """
    text = without_notes(text)
    digits = ungrouped(text) or re.sub(r"(?<=\d)[.,]0+$", "", text)
    digits = digits if is_whole(digits) else ungrouped(digits)
    if is_whole(digits):
        return int(digits)
    msg = "a whole number of votes is expected, such as 331058 or 331 058"
    raise ValueError(msg)


def parse_seats(text: str) -> int:
    """A whole number of seats or members."""
    if is_whole(text):
        return int(text)
    msg = "a whole number is expected, such as 3"
    raise ValueError(msg)


def read_rows(
    path: Path,
    place: str,
    needed: Sequence[str],
    known: Sequence[str],
    instead: Mapping[str, str] | None = None,
) -> list[Row]:
    """The rows of a table with the columns ``needed`` and perhaps others of ``known``; ``instead`` names
    columns that stand for one that is needed.

    Raises ``PollDataError`` where there is no such file, no such column, or a row does not fit its heading.
    Blank lines and lines that begin with # are left out.
    """
    sheet = read_sheet(path, empty=f"the table is empty; it needs columns {', '.join(needed)}")
    heading = _called([name.lower() for name in sheet.heading], known)
    unnamed = [
        at for at, name in enumerate(heading) if not name and any(line.cells[at] for line in sheet.lines)
    ]
    faults = [
        *sheet.faults,
        *_heading_faults(place, heading, needed, known, instead or {}),
        *(Fault(place, f"column {at + 1}", ABSENT, "a column without a heading") for at in unnamed),
    ]
    if faults:
        raise PollDataError(*faults)
    return [Row(place, line.number, dict(zip(heading, line.cells, strict=True))) for line in sheet.lines]


def _called(heading: Sequence[str], known: Sequence[str]) -> list[str]:
    """The heading with the own names of columns that go by another."""
    found = list(heading)
    for own, names in OF_VOTES.items():
        if own not in known or own in heading:
            continue
        at = next(
            (
                at
                for at, name in enumerate(found)
                if name not in known and {heading_key(name), name} & set(names)
            ),
            None,
        )
        if at is not None:
            found[at] = own
    return found


def is_total(row: Row, names: Container[str]) -> bool:
    """Whether a row holds the sum of the others; ``names`` are those of parties, as ``normalised``."""
    said = row.cells.get("party", "")
    return TOTAL.fullmatch(said.strip(" :.")) is not None and normalised(said) not in names


def parse_percent(text: str) -> Fraction:
    """A share of the votes in percent, exactly as written: 34.56, "34,56 %"."""
    match = re.fullmatch(r"([0-9]{1,3}(?:[.,][0-9]{1,12})?)\s*%?", without_notes(text))
    share = Fraction(match[1].replace(",", ".")) if match else Fraction(-1)
    if not 0 <= share <= 100:
        msg = "a share of the votes in percent is expected, such as 34.56"
        raise ValueError(msg)
    return share


def _heading_faults(
    place: str,
    heading: Sequence[str],
    needed: Sequence[str],
    known: Sequence[str],
    instead: Mapping[str, str],
) -> Iterator[Fault]:
    missing = [name for name in needed if name not in heading and instead.get(name) not in heading]
    for name in dict.fromkeys(heading):
        if name and name not in known:
            yield Fault(place, "row 1", name, f"no such column; {suggest(name, missing or known)}")
    for name in missing:
        yield Fault(place, f"column {name}", ABSENT, f"missing; the table needs columns {', '.join(needed)}")


OF_ALLIANCE = "@"
"""Before the name of an alliance: votes for it as such and for none of its lists."""


def party_names(election: Election) -> dict[str, str]:
    """Every name that a table may use for a party, in lower case and as ``normalised``, and the id it
    means.
    """
    meant: dict[str, str] = {}
    for party in election.parties:
        for name in (party.id, party.name, party.short, *party.names.values(), *party.aliases):
            for key in (name.casefold(), normalised(name)) if name else ():
                meant.setdefault(key, party.id)
    return meant


def party_of(election: Election, names: Mapping[str, str], row: Row) -> Party | None:
    """The party of a row; ``None`` with a fault where there is no such party."""
    said = row.cells.get("party", "")
    if not said:
        row.fault("party", ABSENT, "the id of a party is expected")
        return None
    known = names.get(normalised(said))
    if known is None:
        row.fault("party", said, f"no such party in {election.place}; {suggest(said, election.by_id)}")
        return None
    return election.by_id[known]


def alliance_of(election: Election, row: Row) -> str | None:
    """The alliance of a row ``@NAME``; ``None`` where the row is of a party, or with a fault of none."""
    said = row.cells.get("party", "")
    if not said.startswith(OF_ALLIANCE) or normalised(said) in party_names(election):
        return None
    name = said.removeprefix(OF_ALLIANCE).strip()
    alliances = {party.alliance.casefold(): party.alliance for party in election.parties if party.alliance}
    if name.casefold() not in alliances:
        row.fault(
            "party",
            said,
            f"no party has this alliance in {election.place}; {suggest(name, alliances.values())}",
        )
        return None
    return alliances[name.casefold()]


def votes_of(
    rows: list[Row], place: str, names: Mapping[str, str], valid: int | None
) -> tuple[list[Row], list[str]]:
    """The rows of lists, without that of their total, and what to mind; where only shares are published,
    votes are made of them.

    ``names`` are those of parties, one of which may be called as totals are (SPOLU of Czechia); ``valid`` the
    valid votes of the election file.
    """
    said: list[str] = []
    if any(row.cells.get("votes", "").endswith("%") for row in rows):
        rows = [replace(row, cells={**row.cells, "share": row.cells["votes"], "votes": ""}) for row in rows]
    if any(row.cells.get("share") for row in rows) and not any(row.cells.get("votes") for row in rows):
        rows, said = _from_shares(rows, place, valid)
    lists = [row for row in rows if not is_total(row, names)]
    for row in rows:
        if is_total(row, names) and row.cells.get("votes"):
            total = row.read("votes", parse_votes, 0)
            added = sum(
                Row(place, other.number, other.cells).read("votes", parse_votes, 0) for other in lists
            )
            if total != added:
                difference = f"{total:,}, the rows of lists add up to {added:,}"
                said.append(f"{place}: row {row.number}, {row.cells['party']}: {difference}")
    return lists, said


def _from_shares(rows: list[Row], place: str, valid: int | None) -> tuple[list[Row], list[str]]:
    """Rows whose votes are made of published shares: no exact count, and said to be none."""
    shares = [row.read("share", parse_percent, Fraction(0)) for row in rows]
    faults = [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*faults)
    decimals = max((share.denominator for share in shares), default=1)
    whole = valid if valid is not None else 100 * max(100, 10 ** len(str(decimals)))
    made = [
        replace(row, cells={**row.cells, "votes": str(round(share * whole / 100))})
        for row, share in zip(rows, shares, strict=True)
    ]
    of = f"{whole:,} valid votes" if valid is not None else f"{whole:,} votes that stand for all"
    said = (
        f"{place}: only shares are published: votes are made of them, of {of}; seats that hang on fewer "
        "votes than their rounding may be others"
    )
    return made, [said]


_NEEDED = ("party", "votes")
_SEATS = ("direct_seats", "min_seats", "max_seats", "extra_seats", "members")
_REMARKS = ("name", "share", "seats", "note", "source")
"""Columns that say something to a reader and nothing to the count; ``seats`` are compared with it."""
_COLUMNS = (*_NEEDED, *_SEATS, "best_region_share", "alliance", *_REMARKS)


@dataclass(frozen=True)
class RowsOfParties:
    """What a table says of each party: its entry, and its official seats where it has a column of them.

    ``valid`` are valid votes where the table has them, ``alliances`` votes for an alliance as such.
    """

    entries: dict[str, Entry]
    official: dict[str, int]
    alliances: dict[str, int] = field(default_factory=dict)
    valid: int | None = None
    said: tuple[str, ...] = ()


def rows_of_parties(election: Election, path: Path) -> RowsOfParties:
    """Entries by party. Raises ``PollDataError`` for what is wrong with the table."""
    rows = read_rows(path, str(path), _NEEDED, _COLUMNS, {"votes": "share"})
    names = party_names(election)
    rows, said = votes_of(rows, str(path), names, election.election.valid_votes)
    found: dict[str, Entry] = {}
    official: dict[str, int] = {}
    alliances: dict[str, int] = {}
    faults: list[Fault] = []
    for row in rows:
        alliance = alliance_of(election, row)
        if alliance is not None:
            alliances[alliance] = row.read("votes", parse_votes, 0)
            faults += row.faults
            continue
        party = party_of(election, names, row) if not row.faults else None
        if party is None:
            pass
        elif party.id in found:
            row.fault("party", row.cells["party"], f"'{party.id}' has a row already; keep one")
        else:
            found[party.id] = _entry(party, row)
            if row.cells.get("seats"):
                official[party.id] = row.read("seats", parse_seats, 0)
        faults += row.faults
    if faults:
        raise PollDataError(*faults)
    return RowsOfParties(found, official, alliances, said=tuple(said))


def _entry(party: Party, row: Row) -> Entry:
    """A party with the votes of its row; what the row says of seats goes before the election file."""
    if not row.cells.get("votes"):
        row.fault("votes", ABSENT, "the number of votes is missing; write 0 where there were none")
    entry = entry_of(party, row.read("votes", parse_votes, 0))
    said: dict[str, Any] = {name: row.read(name, parse_seats, getattr(entry, name)) for name in _SEATS}
    said["best_region_share"] = row.read("best_region_share", parse_share, entry.best_region_share)
    said["alliance"] = row.cells.get("alliance") or entry.alliance
    return entry._replace(**said)


def entry_of(party: Party, votes: int) -> Entry:
    """A party with its votes, and what the election file says of its seats."""
    return Entry(
        party.id,
        votes,
        party.kind,
        members=party.members,
        alliance=party.alliance or None,
        sub_alliance=party.sub_alliance or None,
        direct_seats=party.direct_seats,
        min_seats=party.min_seats,
        max_seats=party.max_seats,
        extra_seats=party.extra_seats,
        best_region_share=party.best_region_share,
        list_number=party.list_number or 0,
    )


_OF_DISTRICTS = ("district", "party", "votes")
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
_MORE_COLUMNS = ("party_name", "note", "source")
COLUMNS = (*_OF_DISTRICTS, *_SIZES, *_WORDS, "direct", *_OFFICIAL, *_MORE_COLUMNS)


class OfficialSeats(NamedTuple):
    """Seats of a list in a district as the authority has them; ``None`` where it does not say."""

    seats: int | None
    fixed: int | None
    levelling: int | None


class DistrictTable(NamedTuple):
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
    for row in read_rows(Path(path), place, _OF_DISTRICTS, COLUMNS):
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
