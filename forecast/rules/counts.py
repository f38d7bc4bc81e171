"""A real count as a person has it: election file, table of votes, perhaps by district, read into a ballot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forecast.election import Election, Party
from forecast.election.numbers import parse_share
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.tables import Row, parse_seats, parse_votes, read_rows
from forecast.rules.thresholds import missing_totals

_NEEDED = ("party", "votes")
_SEATS = ("direct_seats", "min_seats", "max_seats", "extra_seats", "members")
_REMARKS = ("name", "share", "seats", "note", "source")
"""Columns that say something to a reader and nothing to the count."""
_COLUMNS = (*_NEEDED, *_SEATS, "best_region_share", "alliance", *_REMARKS)
_DISTRICT_COLUMNS = ("district", "party", "votes", "seats", "population", "direct")
UNLISTED = "other"


@dataclass(frozen=True)
class Count:
    """A ballot ready to be counted, and what a reader should know about how it was read."""

    ballot: Ballot
    warnings: tuple[str, ...] = ()


def read_count(election: Election, votes: str | Path | None = None) -> Count:
    """The ballot of an election from its own result table, or from another table of ``votes``.

    Raises ``PollDataError`` for what is wrong with a table, ``ConfigurationError`` where the election file
    names none or lacks a total that the rule's base needs.
    """
    path = Path(votes) if votes is not None else election.election.result
    if path is None:
        remedy = 'no table of votes: name one here (result = "x.csv") or with --votes'
        raise ConfigurationError(Fault(election.place, "election.result", ABSENT, remedy))
    place = str(path)
    entries, warnings = _entries(election, path, place)
    facts = election.election
    own = votes is None
    valid = facts.valid_votes if own else None
    ballot = Ballot(
        entries,
        valid_votes=valid,
        invalid_votes=facts.invalid_votes,
        registered=facts.registered,
        districts=_districts(election),
    )
    if valid is not None:
        ballot = _completed(election, ballot, valid, place)
    _require_totals(election, ballot)
    return Count(ballot, tuple(warnings))


def _entries(election: Election, path: Path, place: str) -> tuple[tuple[Entry, ...], list[str]]:
    """Entries in the order of the election file; a party without a row has no votes, which is said."""
    rows = read_rows(path, place, _NEEDED, _COLUMNS)
    found: dict[str, Entry] = {}
    faults: list[Fault] = []
    names = party_names(election)
    for row in rows:
        party = _party(election, names, row)
        if party is None:
            pass
        elif party.id in found:
            row.fault("party", row.cells["party"], f"'{party.id}' has a row already; keep one")
        else:
            found[party.id] = _entry(party, row)
        faults += row.faults
    if faults:
        raise PollDataError(*faults)
    missing = [party for party in election.parties if party.id not in found]
    warnings = [f"{place}: no row for '{party.id}': counted with 0 votes" for party in missing]
    return tuple(found.get(party.id) or _as_entry(party, 0) for party in election.parties), warnings


def party_names(election: Election) -> dict[str, str]:
    """Every name that a table may use for a party, without regard to capitals, and the id it means."""
    meant: dict[str, str] = {}
    for party in election.parties:
        for name in (party.id, party.name, party.short, *party.names.values(), *party.aliases):
            if name:
                meant.setdefault(name.casefold(), party.id)
    return meant


def _party(election: Election, names: Mapping[str, str], row: Row) -> Party | None:
    said = row.cells.get("party", "")
    if not said:
        row.fault("party", ABSENT, "the id of a party is expected")
        return None
    known = names.get(said.casefold())
    if known is None:
        row.fault("party", said, f"no such party in {election.place}; {suggest(said, election.by_id)}")
        return None
    return election.by_id[known]


def _entry(party: Party, row: Row) -> Entry:
    """A party with the votes of its row; what the row says of seats goes before the election file."""
    if not row.cells.get("votes"):
        row.fault("votes", ABSENT, "the number of votes is missing; write 0 where there were none")
    entry = _as_entry(party, row.read("votes", parse_votes, 0))
    said: dict[str, Any] = {name: row.read(name, parse_seats, getattr(entry, name)) for name in _SEATS}
    said["best_region_share"] = row.read("best_region_share", parse_share, entry.best_region_share)
    said["alliance"] = row.cells.get("alliance") or entry.alliance
    return replace(entry, **said)


def _as_entry(party: Party, votes: int) -> Entry:
    return Entry(
        party.id,
        votes,
        party.kind,
        members=party.members,
        alliance=party.alliance or None,
        direct_seats=party.direct_seats,
        min_seats=party.min_seats,
        max_seats=party.max_seats,
        extra_seats=party.extra_seats,
        best_region_share=party.best_region_share,
    )


def _completed(election: Election, ballot: Ballot, valid: int, place: str) -> Ballot:
    """The ballot with the votes for options not listed, where valid votes say that there were any."""
    total = sum(entry.votes for entry in ballot.entries)
    listed_all = election.election.closed_ballot or any(entry.kind == "residual" for entry in ballot.entries)
    if total > valid or (total < valid and listed_all):
        remedy = f"the votes of {place} add up to {total}; correct one of the two"
        raise PollDataError(Fault(election.place, "election.valid_votes", valid, remedy))
    if total == valid:
        return ballot
    return replace(ballot, entries=(*ballot.entries, Entry(UNLISTED, valid - total, "residual")))


def _require_totals(election: Election, ballot: Ballot) -> None:
    faults = [
        Fault(election.place, f"election.{name}", ABSENT, f"rule.{remedy}")
        for name, remedy in missing_totals(election.rule, ballot)
    ]
    if election.rule.districts is not None and not ballot.districts:
        remedy = 'the rule divides seats by district: name a table of votes by district (table = "x.csv")'
        faults.append(Fault(election.place, "rule.districts.table", ABSENT, remedy))
    if faults:
        raise ConfigurationError(*faults)


def _districts(election: Election) -> tuple[District, ...]:
    rule = election.rule.districts
    if rule is None or rule.table is None:
        return ()
    return read_districts(election, rule.table)


def read_districts(election: Election, path: str | Path) -> tuple[District, ...]:
    """A table with a row for each list in each district: district, party, votes.

    Where the rule needs them also seats and population (once or on every row of the district) and direct
    (seats won there directly). Raises ``PollDataError`` for what is wrong with it.
    """
    place = str(path)
    rows = read_rows(Path(path), place, ("district", "party", "votes"), _DISTRICT_COLUMNS)
    names = party_names(election)
    votes: dict[str, dict[str, int]] = {}
    direct: dict[str, dict[str, int]] = {}
    sizes: dict[str, dict[str, int]] = {}
    faults: list[Fault] = []
    for row in rows:
        district = row.cells.get("district", "")
        if not district:
            row.fault("district", ABSENT, "the name of a district is expected")
        party = _party(election, names, row)
        if district and party is not None:
            local = votes.setdefault(district, {})
            if party.id in local:
                row.fault(
                    "party", row.cells["party"], f"'{party.id}' has a row in {district} already; keep one"
                )
            local[party.id] = row.read("votes", parse_votes, 0)
            direct.setdefault(district, {})[party.id] = row.read("direct", parse_seats, 0)
            _note_sizes(row, sizes.setdefault(district, {}))
        faults += row.faults
    if faults:
        raise PollDataError(*faults)
    return tuple(
        District(name, local, sizes[name].get("seats"), sizes[name].get("population"), direct[name])
        for name, local in votes.items()
    )


def _note_sizes(row: Row, sizes: dict[str, int]) -> None:
    for column in ("seats", "population"):
        said = row.read(column, parse_votes, -1)
        if said < 0:
            continue
        if sizes.setdefault(column, said) != said:
            row.fault(column, said, f"another row of the district says {sizes[column]}; keep one")
