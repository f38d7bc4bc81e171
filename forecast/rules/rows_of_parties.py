"""A table of votes, row by row: what it says of every party."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.election.exact_numbers import parse_share
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.rules.ballot import Entry
from forecast.rules.tables import (
    Row,
    alliance_of,
    parse_seats,
    parse_votes,
    party_names,
    party_of,
    read_rows,
    votes_of,
)

if TYPE_CHECKING:
    from forecast.election import Election, Party

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
    return replace(entry, **said)


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
