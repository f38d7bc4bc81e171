"""The last election: votes by district, which party continues which list, and what each had nationally."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.election.exact_numbers import parse_share
from forecast.election.texts import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.rules.tables import Row, parse_votes, read_rows

if TYPE_CHECKING:
    from forecast.election import Election, Party

Floats = NDArray[np.float64]

_LIST = ("list", "party")
_SIZES = {
    "seats": "seats",
    "electorate": "electorate",
    "registered": "electorate",
    "valid_votes": "valid_votes",
}
"""Columns with a number for a whole district, and what each is called here."""
_REMARKS = (
    "district_name",
    "party_name",
    "candidate",
    "name",
    "official_seats",
    "official_fixed",
    "official_levelling",
    "population",
    "levelling",
    "invalid_votes",
    "note",
    "source",
)
"""Columns that tables of results have and a last result does not need."""
_ROUNDING = Fraction(1, 1000)


class LastResult(NamedTuple):
    """Votes of the last election by district; names are as the table has them."""

    place: str
    districts: tuple[str, ...]
    lists: tuple[str, ...]
    votes: Floats
    """(D, L)"""
    valid: Floats
    """(D,) valid votes: those listed, or more where the table says so."""
    electorate: Floats
    """(D,) NaN where not known."""
    seats: Floats
    """(D,) NaN where not known."""
    regions: tuple[str, ...]
    """Of each district; empty where the table has none."""


@dataclass
class _District:
    """A district while its rows are read."""

    name: str
    row: Row
    votes: dict[str, int] = field(default_factory=dict)
    behind: int = 0
    """Votes for candidates behind the first of their label."""
    sizes: dict[str, int] = field(default_factory=dict)
    region: str = ""


def read_last_result(path: str | Path, least: int = 2, *, by_candidate: bool = False) -> LastResult:
    """A table with a row for each list in each district: district, list, votes.

    What is said of a district as a whole (region, seats, electorate, valid_votes) stands once or on every row
    of it. ``by_candidate``: a row is a candidate's; of several of one label in a district (independents) the
    first by votes stands for it, and the others' votes are valid ones for nobody listed. Raises
    ``PollDataError`` with every fault, one of them that there are fewer than ``least`` districts.
    """
    place = str(path)
    rows = read_rows(
        Path(path), place, ("district", "votes"), ("district", *_LIST, "votes", "region", *_SIZES, *_REMARKS)
    )
    column = _column_of_lists(place, rows)
    found: dict[str, _District] = {}
    lists: dict[str, str] = {}
    for row in rows:
        _take(row, column, found, lists, by_candidate=by_candidate)
    for district in found.values():
        _check(district)
    _refuse_totals(column, list(found.values()), lists)
    faults = [fault for row in rows for fault in row.faults]
    if not faults and len(found) < least:
        remedy = "fewer than two districts: there is no pattern to carry over"
        faults.append(Fault(place, "column district", ABSENT, remedy))
    if faults:
        raise PollDataError(*faults)
    return _as_result(place, list(found.values()), lists)


def _column_of_lists(place: str, rows: Sequence[Row]) -> str:
    heading = rows[0].cells if rows else {}
    known = [name for name in _LIST if name in heading]
    if len(known) != 1:
        remedy = (
            "lists stand in both columns, list and party; keep one"
            if known
            else "missing; the table needs columns district, list, votes"
        )
        raise PollDataError(Fault(place, "column list", ABSENT, remedy))
    return known[0]


def _take(
    row: Row, column: str, found: dict[str, _District], lists: dict[str, str], *, by_candidate: bool
) -> None:
    """Add a row to its district."""
    name, party = row.cells.get("district", ""), row.cells.get(column, "")
    if not name:
        row.fault("district", ABSENT, "the name of a district is expected")
    if not party:
        row.fault(column, ABSENT, "the name of a list is expected")
    if not row.cells.get("votes"):
        row.fault("votes", ABSENT, "the number of votes is missing; leave the row out where it did not stand")
    if not name or not party:
        return
    district = found.setdefault(normalised(name), _District(name, row))
    key = normalised(party)
    lists.setdefault(key, party)
    votes = row.read("votes", parse_votes, 0)
    if key in district.votes and not by_candidate:
        row.fault(column, party, f"this list has a row in {district.name} already; keep one")
    elif key in district.votes:
        district.behind += min(votes, district.votes[key])
        votes = max(votes, district.votes[key])
    district.votes[key] = votes
    for size, meaning in _SIZES.items():
        said = row.read(size, parse_votes, -1)
        if said >= 0 and district.sizes.setdefault(meaning, said) != said:
            row.fault(size, said, f"another row of the district says {district.sizes[meaning]}; keep one")
    region = row.cells.get("region", "")
    if region:
        district.region = district.region or region
        if district.region != region:
            row.fault("region", region, f"another row of the district says '{district.region}'; keep one")


def _check(district: _District) -> None:
    """Note votes that cannot be."""
    row, listed = district.row, sum(district.votes.values()) + district.behind
    valid = district.sizes.get("valid_votes", listed)
    electorate = district.sizes.get("electorate")
    if listed == 0 and not row.faults:
        row.fault("votes", 0, f"nobody has a vote in {district.name}; leave it out, or correct its rows")
    if valid < listed:
        remedy = f"the votes listed for {district.name} add up to {listed:,}; correct one of the two"
        row.fault("valid_votes", valid, remedy)
    if electorate is not None and electorate < valid:
        remedy = f"{valid:,} valid votes were cast in {district.name}; correct one of the two"
        row.fault("electorate", electorate, remedy)


def _refuse_totals(column: str, districts: Sequence[_District], lists: Mapping[str, str]) -> None:
    """Note a list that is all the others together everywhere, and a district that is all the others."""
    if len(districts) < 2 or len(lists) < 3:
        return
    votes = np.array([[district.votes.get(key, 0) for key in lists] for district in districts], np.int64)
    for k, name in enumerate(lists.values()):
        if (2 * votes[:, k] == votes.sum(1)).all():
            remedy = "it has the votes of all other lists in every district: leave the rows of totals out"
            districts[0].row.fault(column, name, remedy)
    for d, district in enumerate(districts):
        if len(districts) > 2 and (2 * votes[d] == votes.sum(0)).all():
            remedy = "it has the votes of all other districts: leave the rows of the country out"
            district.row.fault("district", district.name, remedy)


def _as_result(place: str, districts: Sequence[_District], lists: dict[str, str]) -> LastResult:
    votes = np.array([[district.votes.get(key, 0) for key in lists] for district in districts], float)
    regions = tuple(district.region for district in districts)

    def sizes(meaning: str) -> Floats:
        return np.array([district.sizes.get(meaning, np.nan) for district in districts], float)

    valid, behind = sizes("valid_votes"), np.array([district.behind for district in districts], float)
    return LastResult(
        place,
        tuple(district.name for district in districts),
        tuple(lists.values()),
        votes,
        np.where(np.isnan(valid), votes.sum(1) + behind, valid),
        sizes("electorate"),
        sizes("seats"),
        regions if any(regions) else (),
    )


class Move(NamedTuple):
    """A share of the votes of an old district that was cast in a new one."""

    old: str
    new: str
    share: Fraction
    row: int


def read_borders(path: str | Path) -> tuple[Move, ...]:
    """A table of districts whose borders moved: from, to, share. ``PollDataError`` with every fault.

    The shares of an old district add up to 1: every vote was cast somewhere.
    """
    place = str(path)
    needed = ("from", "to", "share")
    rows = read_rows(Path(path), place, needed, (*needed, "note", "source"))
    moves: list[Move] = []
    seen: dict[tuple[str, str], int] = {}
    sums: dict[str, Fraction] = {}
    last: dict[str, Row] = {}
    for row in rows:
        for column in needed:
            if not row.cells.get(column):
                row.fault(column, ABSENT, "missing; a row says from, to and share")
        old, new = row.cells.get("from", ""), row.cells.get("to", "")
        share = row.read("share", parse_share, Fraction(0))
        before = seen.setdefault((normalised(old), normalised(new)), row.number)
        if before != row.number:
            row.fault("to", new, f"row {before} says so of these two already; keep one")
        moves.append(Move(old, new, share, row.number))
        sums[normalised(old)] = sums.get(normalised(old), Fraction(0)) + share
        last[normalised(old)] = row
    if not any(row.faults for row in rows):
        for key, total in sums.items():
            if abs(total - 1) > _ROUNDING:
                old = last[key].cells["from"]
                remedy = f"the shares of {old} add up to {float(total):.4g}; they are parts of 1"
                last[key].fault("share", last[key].cells["share"], remedy)
    faults = [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*faults)
    return tuple(moves)


class EarlierLists(Protocol):
    """Lists of an earlier election by name, and the table that they are from."""

    @property
    def place(self) -> str:
        """The table."""
        ...

    @property
    def lists(self) -> tuple[str, ...]:
        """Names."""
        ...


def heritage(election: Election, last: EarlierLists) -> tuple[Floats, list[Fault]]:
    """(L, P) which share of the votes of each earlier list each party inherits, and what matches nothing.

    ``continues`` of a party says so; where it says nothing, lists that have one of its names are meant. A
    party that withdraws hands on what it inherits like its voters.
    """
    number = {normalised(name): i for i, name in enumerate(last.lists)}
    shares = np.zeros((len(last.lists), len(election.parties)))
    faults: list[Fault] = []
    for p, party in enumerate(election.parties):
        if party.kind == "residual":
            continue
        if party.continues is None:
            own = [number[key] for key in names_of(party) if key in number]
            shares[own, p] = 1.0
            if not own and party.eligible:
                faults.append(_nobody(election, party, last))
            continue
        for name, share in party.continues.items():
            if normalised(name) in number:
                shares[number[normalised(name)], p] += float(share)
            else:
                remedy = f"no such list in {last.place}; {suggest(name, last.lists)}"
                faults.append(Fault(election.place, f"parties.{party.id}.continues", name, remedy))
    faults += _too_often(election, last, shares)
    return shares, faults


def names_of(party: Party) -> list[str]:
    """All that a party is called, as names are compared."""
    names = (party.id, party.name, party.short, *party.names.values(), *party.aliases, *party.merged_from)
    return list(dict.fromkeys(normalised(name) for name in names if name))


def _nobody(election: Election, party: Party, last: EarlierLists) -> Fault:
    remedy = (
        f"no list of {last.place} has one of its names; {suggest(party.name, last.lists)}; say what it "
        f'continues, such as continues = {{ "{last.lists[0]}" = 1.0 }}, or continues = {{}} for a new list'
    )
    return Fault(election.place, f"parties.{party.id}", ABSENT, remedy)


def _too_often(election: Election, last: EarlierLists, shares: Floats) -> Iterator[Fault]:
    """Lists that a party inherits by its name and another by what it says."""
    for row in np.flatnonzero(shares.sum(1) > 1.0 + 1e-9):
        heirs = [party.id for party, share in zip(election.parties, shares[row], strict=True) if share > 0.0]
        remedy = (
            f"its votes are inherited by {' and '.join(heirs)}, more than once in all; give each its part "
            f'(continues = {{ "{last.lists[row]}" = 0.5 }})'
        )
        yield Fault(election.place, f"parties.{heirs[-1]}.continues", last.lists[row], remedy)


SLIP = 0.01
"""A last result that a file gives twice may differ by so much."""


class LastShares(NamedTuple):
    """Shares of 1 by party id; ``new`` are the lists that continue none, ``unknown`` all others."""

    shares: dict[str, float]
    new: tuple[str, ...]
    unknown: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def last_shares(election: Election) -> LastShares:
    """The last result of every party that can win seats, as far as the election file knows it.

    Where ``[geography]`` names the last result by district, the sum of the districts. Else ``last_result``;
    of a party that merged or split, what it inherits (``continues``) of parties of this file that have one.
    Raises ``PollDataError`` for what is wrong with the table of districts, ``ConfigurationError`` for lists
    that match nothing there.
    """
    eligible = [party for party in election.parties if party.eligible]
    new = tuple(party.id for party in eligible if party.continues == {})
    said: tuple[str, ...] = ()
    if election.geography is not None and election.geography.last_result is not None:
        shares = _of_districts(election, str(election.geography.last_result))
        said = tuple(_slips(election, shares))
    else:
        shares = _of_the_file(election)
    unknown = tuple(party.id for party in eligible if party.id not in shares and party.id not in new)
    return LastShares(shares, new, unknown, said)


def _of_districts(election: Election, table: str) -> dict[str, float]:
    last = read_last_result(table)
    heirs, faults = heritage(election, last)
    if faults:
        raise ConfigurationError(*faults)
    national = last.votes.sum(0) / last.valid.sum() @ heirs
    return {
        party.id: float(share)
        for party, share in zip(election.parties, national, strict=True)
        if party.eligible and share > 0.0
    }


def _of_the_file(election: Election) -> dict[str, float]:
    own = {party.id: float(party.last_result) for party in election.parties if party.last_result is not None}
    known = {name: own[party.id] for party in election.parties if party.id in own for name in names_of(party)}
    found: dict[str, float] = {}
    for party in election.parties:
        share = _inherited(party, known)
        if share is None:
            share = own.get(party.id)
        if share is not None and party.eligible:
            found[party.id] = share
    return found


def _inherited(party: Party, known: dict[str, float]) -> float | None:
    """What a party inherits; ``None`` where it does not say so, or not of parties whose last result is
    known.
    """
    parts = {normalised(name): float(share) for name, share in (party.continues or {}).items()}
    if not parts or not all(name in known for name in parts):
        return None
    return sum(known[name] * share for name, share in parts.items())


def _slips(election: Election, shares: dict[str, float]) -> list[str]:
    """Last results that the file gives twice, differently."""
    return [
        f"the last_result of {party.name} is {float(party.last_result):.1%}, its last votes by district are "
        f"{shares.get(party.id, 0.0):.1%} of all: the districts are taken"
        for party in election.parties
        if party.last_result is not None
        and party.eligible
        and abs(float(party.last_result) - shares.get(party.id, 0.0)) > SLIP
    ]
