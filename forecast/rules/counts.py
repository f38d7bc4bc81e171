"""A real count as a person has it: election file, table of votes, perhaps by district, read into a ballot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from forecast.election import Election, Party
from forecast.election.numbers import parse_share
from forecast.election.own_seats import excess_under
from forecast.election.words import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.tables import Row, is_total, parse_percent, parse_seats, parse_votes, read_rows
from forecast.rules.thresholds import missing_totals
from forecast.rules.totals import by_district, key_of, more_than_registered, not_counted, with_total

_NEEDED = ("party", "votes")
_SEATS = ("direct_seats", "min_seats", "max_seats", "extra_seats", "members")
_REMARKS = ("name", "share", "seats", "note", "source")
"""Columns that say something to a reader and nothing to the count; ``seats`` are compared with it."""
_COLUMNS = (*_NEEDED, *_SEATS, "best_region_share", "alliance", *_REMARKS)
_DISTRICT_COLUMNS = ("district", "party", "votes", "seats", "population", "direct")


@dataclass(frozen=True)
class Count:
    """A ballot ready to be counted, and what a reader should know about how it was read.

    ``not_counted`` are keys that are given and count for nothing under this rule; ``official`` the seats that
    the table itself names.
    """

    ballot: Ballot
    place: str
    warnings: tuple[str, ...] = ()
    not_counted: tuple[str, ...] = ()
    official: Mapping[str, int] = field(default_factory=dict)


def read_count(election: Election, votes: str | Path | None = None, settings: Sequence[str] = ()) -> Count:
    """The ballot of an election from its own result table, or from another table of ``votes``.

    The totals of the election file count with either; ``settings`` are those of ``--set`` that it was read
    with, of which each counts or is named. Raises ``PollDataError`` for what is wrong with a table,
    ``ConfigurationError`` where the election file names none, lacks a total that the rule's base needs, or
    names one that these votes cannot have.
    """
    path = Path(votes) if votes is not None else election.election.result
    if path is None:
        remedy = 'no table of votes: name one here (result = "x.csv") or with --votes'
        raise ConfigurationError(Fault(election.place, "election.result", ABSENT, remedy))
    rows = _rows_of_parties(election, path)
    facts = election.election
    own = _same_file(path, facts.result)
    ballot = Ballot(
        tuple(rows.entries.get(party.id) or _as_entry(party, 0) for party in election.parties),
        invalid_votes=facts.invalid_votes,
        registered=facts.registered,
        districts=_districts(election),
    )
    _refuse_more_than_the_house(election, ballot)
    missing = [party.name for party in election.parties if party.id not in rows.entries]
    warnings = [*rows.said, *(f"{path}: no row for {name}: counted with 0 votes" for name in missing)]
    given = any(key_of(setting) == "election.valid_votes" for setting in settings)
    ballot, said = with_total(election, ballot, str(path), own=own, given=given)
    warnings += [*said, *by_district(election, ballot, own=own), *more_than_registered(ballot)]
    _require_totals(election, ballot)
    idle = not_counted(election, settings, replaced=not own)
    warnings += [f"--set {setting}: this does not count here, {why}" for setting, why in idle.typed]
    return Count(ballot, str(path), tuple(warnings), idle.written, rows.official)


def _same_file(path: Path, result: Path | None) -> bool:
    """Whether the votes are those of the result that the election file names, whatever way they are named."""
    return result is not None and path.resolve() == result.resolve()


@dataclass(frozen=True)
class _Rows:
    """What a table says of each party: its entry, and its official seats where it has a column of them."""

    entries: dict[str, Entry]
    official: dict[str, int]
    said: tuple[str, ...] = ()


def _rows_of_parties(election: Election, path: Path) -> _Rows:
    """Entries by party. Raises ``PollDataError`` for what is wrong with the table."""
    rows = read_rows(path, str(path), _NEEDED, _COLUMNS, {"votes": "share"})
    rows, said = _votes_of(rows, path, election.election.valid_votes)
    found: dict[str, Entry] = {}
    official: dict[str, int] = {}
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
            if row.cells.get("seats"):
                official[party.id] = row.read("seats", parse_seats, 0)
        faults += row.faults
    if faults:
        raise PollDataError(*faults)
    return _Rows(found, official, tuple(said))


def _votes_of(rows: list[Row], path: Path, valid: int | None) -> tuple[list[Row], list[str]]:
    """The rows of lists, without that of their total; where only shares are published, votes made of them."""
    said: list[str] = []
    if any(row.cells.get("votes", "").endswith("%") for row in rows):
        rows = [replace(row, cells={**row.cells, "share": row.cells["votes"], "votes": ""}) for row in rows]
    if (
        rows
        and not any(row.cells.get("votes") for row in rows)
        and any(row.cells.get("share") for row in rows)
    ):
        rows, said = _from_shares(rows, path, valid)
    lists = [row for row in rows if not is_total(row)]
    for row in rows:
        if is_total(row) and row.cells.get("votes"):
            total = row.read("votes", parse_votes, 0)
            added = sum(
                Row(row.place, other.number, other.cells).read("votes", parse_votes, 0) for other in lists
            )
            if total != added:
                difference = f"{total:,}, the rows of lists add up to {added:,}"
                said.append(f"{path}: row {row.number}, {row.cells['party']}: {difference}")
    return lists, said


def _from_shares(rows: list[Row], path: Path, valid: int | None) -> tuple[list[Row], list[str]]:
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
        f"{path}: only shares are published: votes are made of them, of {of}; seats that hang on fewer "
        f"votes than "
        "their rounding may be others"
    )
    return made, [said]


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


def _party(election: Election, names: Mapping[str, str], row: Row) -> Party | None:
    said = row.cells.get("party", "")
    if not said:
        row.fault("party", ABSENT, "the id of a party is expected")
        return None
    known = names.get(normalised(said))
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


def _refuse_more_than_the_house(election: Election, ballot: Ballot) -> None:
    """The table may give a party seats of its own; those of the election file have been checked."""
    faults = [
        Fault(
            election.place,
            "parties"
            if excess.holder is None
            else f"parties.{ballot.entries[excess.holder].id}.{excess.key}",
            excess.seats,
            excess.remedy,
        )
        for excess in excess_under(election.rule, ballot.entries)
    ]
    if faults:
        raise PollDataError(*faults)


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
        if is_total(row):
            continue
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
