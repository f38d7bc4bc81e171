"""The units of a night, fixed before it: where they are, of what kind, how they voted last time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.door.files import MOST_OF_A_TABLE, read_bytes
from forecast.door.sheets import Line, Sheet, table_of_bytes
from forecast.election.texts import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.geography.known_districts import LARGE_LOSS, OTHER, Places, places_of, standing
from forecast.last_election import heritage, read_last_result
from forecast.polls.columns import Names
from forecast.rules.ballot import District

if TYPE_CHECKING:
    from forecast.election import Election

SAME, POOL, NONE = 0, 1, 2
"""What the last votes of a unit are: its own, a part of what a larger area had, or not known."""
MATCHES = {"same": SAME, "pool": POOL, "none": NONE}
ORDINARY = "ordinary"
"""The kind of units that say none: votes of the day, cast where the voters live."""
EMPTY = "the table is empty; a heading and a row for each unit are expected"

_FACTS = ("unit", "district", "region", "kind", "electorate", "last electorate", "match")
_REMARKS = ("unit name", "name", "note", "source", "electorate of region")
"""Columns that are passed over."""
_LAST = "last "
_NAMES_AT_ONCE = 25
"""Names of units in one line of a message."""
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")
_AMOUNT = re.compile(r"\d{1,15}(?:[.,]\d{1,15})?")


@dataclass(frozen=True)
class Units:
    """U units of an election of P lists, in D districts (one, the country, where they have none)."""

    place: str
    parties: tuple[str, ...]
    """Ids of the lists in the order of the election file; ``other`` last where the ballot is open."""
    names: tuple[str, ...]
    district: NDArray[np.int64]
    """(U,) number in ``districts``; -1 where the election has none."""
    districts: tuple[str, ...]
    region: NDArray[np.int64]
    """(U,) number in ``regions``; -1 where none is given."""
    regions: tuple[str, ...]
    kind: NDArray[np.int64]
    """(U,) number in ``kinds``."""
    kinds: tuple[str, ...]
    electorate: NDArray[np.float64]
    """(U,) NaN where not known."""
    last_electorate: NDArray[np.float64]
    match: NDArray[np.int8]
    """(U,) ``SAME``, ``POOL`` or ``NONE``."""
    last: NDArray[np.float64]
    """(U, P) votes at the last election, in the hands of the lists of this one."""
    stood: NDArray[np.bool_]
    """(D, P) where each list stands at this election, by the election file."""
    remarks: tuple[str, ...] = ()
    """What a reader must know of the table."""
    digest: str = ""
    """SHA-256 of the file."""
    places: Places | None = None
    """The districts of the rule; ``None`` where it has none, and ``districts`` are what the table names."""

    @property
    def ordinary(self) -> NDArray[np.bool_]:
        """(U,) units whose voters vote where they live, on the day."""
        return self.kind == (self.kinds.index(ORDINARY) if ORDINARY in self.kinds else -1)


def read_units(path: str | Path, election: Election) -> Units:
    """The units of an election, from a table (CSV, packed CSV, or a spreadsheet) with a row for each.

    Columns ``unit``, ``district``, ``region``, ``kind``, ``electorate``, ``last_electorate``, ``match`` (of
    which ``unit`` is needed), and one for every list with its **last** votes, by any of its names, with or
    without ``last_`` before it; or columns of earlier lists, which ``continues`` in the election file hands
    on. Earlier lists (``last_...``) that nobody continues are votes for others.

    Raises
    ------
    PollDataError
        With every fault of the table, and where it does not fit the election: a list without a column, a
        district that there is not, or that has no unit.
    ConfigurationError
        Where names of the election file match nothing in the table.
    """
    import hashlib

    place = str(path)
    data = read_bytes(Path(path), PollDataError, most=MOST_OF_A_TABLE, folder="a table of units is expected")
    names = Names(election)
    sheet = table_of_bytes(data, place, PollDataError, wanted="unit", empty=EMPTY, names=names.spelt)
    reading = _Reading(election, sheet, names)
    units = reading.units(hashlib.sha256(data).hexdigest())
    if reading.faults:
        raise PollDataError(*reading.faults)
    return units


def unit_lists(election: Election) -> tuple[str, ...]:
    """Ids of the lists of a night: those of the election file, and ``other`` where the ballot is open."""
    listed = tuple(party.id for party in election.parties)
    closed = election.election.closed_ballot or OTHER in listed
    return listed if closed else (*listed, OTHER)


def first_of(names: Sequence[str], most: int = 5) -> str:
    """The first few names in one line, and dots where there are more."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def in_chunks(names: Sequence[str]) -> Iterator[str]:
    """Names in a few lines that are each short enough to be said whole."""
    for start in range(0, len(names), _NAMES_AT_ONCE):
        yield ", ".join(name[:30] for name in names[start : start + _NAMES_AT_ONCE])


@dataclass
class _Columns:
    """What the columns of a table of units mean."""

    facts: dict[str, int] = field(default_factory=dict)
    own: dict[str, list[int]] = field(default_factory=dict)
    """By list of this election: columns of its own last votes."""
    earlier: dict[str, int] = field(default_factory=dict)
    """By name: columns of lists of the last election that some list continues."""
    lost: dict[str, int] = field(default_factory=dict)
    """By name: those that nobody continues."""

    @property
    def votes(self) -> list[int]:
        """All columns of votes."""
        return [*(at for some in self.own.values() for at in some), *self.earlier.values(),
                *self.lost.values()]  # fmt: skip


class NightTable:
    """A table with rows for units, while it is read: what is wrong with it, what to mind of it."""

    def __init__(self, election: Election, sheet: Sheet) -> None:
        self.election, self.sheet, self.place = election, sheet, sheet.place
        self.faults: list[Fault] = list(sheet.faults)
        self.remarks: list[str] = list(sheet.said)
        self.lists = unit_lists(election)

    def fault(self, line: Line, column: str, found: object, remedy: str) -> None:
        """Note what is wrong with a cell."""
        self.faults.append(Fault(self.place, f"row {line.number}, column {column}", found, remedy))

    def refuse_unnamed(self, at: int) -> None:
        """Note a column that has cells and no heading."""
        if any(line.cells[at] for line in self.sheet.lines):
            self.faults.append(Fault(self.place, f"column {at + 1}", ABSENT, "a column without a heading"))


class _Reading(NightTable):
    """A table of units while it is read."""

    def __init__(self, election: Election, sheet: Sheet, names: Names) -> None:
        super().__init__(election, sheet)
        self.columns = self._columns(names)

    def units(self, digest: str) -> Units:
        """The units; what is wrong with them goes to the faults."""
        lines = self.sheet.lines
        if not lines and not self.faults:
            self.faults.append(Fault(self.place, "", ABSENT, EMPTY))
        if "unit" not in self.columns.facts or not lines:
            raise PollDataError(*self.faults)
        names = self._unit_names(lines)
        places = self._places()
        district, named = self._districts(lines, places)
        region, regions = numbered(self._cells(lines, "region"))
        kind, kinds = numbered([cell.casefold() or ORDINARY for cell in self._cells(lines, "kind")])
        last = self._last(lines)
        match = self._match(lines, last.sum(axis=1))
        stood = self._stood(named, district, last)
        return Units(
            self.place,
            self.lists,
            names,
            district,
            named.names if named is not None else (),
            region,
            regions,
            kind,
            kinds,
            self._electorate(lines, "electorate"),
            self._electorate(lines, "last electorate"),
            match,
            last,
            stood,
            tuple(self.remarks),
            digest,
            places,
        )

    # Columns.

    def _columns(self, names: Names) -> _Columns:
        found = _Columns()
        claimed = {normalised(name) for party in self.election.parties for name in party.continues or ()}
        for at, heading in enumerate(self.sheet.heading):
            key = normalised(heading)
            bare = key.removeprefix(_LAST)
            named = heading.strip()[len(_LAST) :] if bare != key else heading
            target = names.find(named)
            if key in _FACTS:
                found.facts[key] = at
            elif not key:
                self.refuse_unnamed(at)
            elif key in _REMARKS:
                continue
            elif bare in claimed:
                found.earlier[named] = at
            elif target is not None and target.unit in self.lists:
                found.own.setdefault(target.unit, []).append(at)
            elif bare != key or normalised(named) == OTHER:
                found.lost[named] = at
            else:
                known = [*(fact.replace(" ", "_") for fact in _FACTS), *self.lists]
                remedy = (
                    f"no such column; {suggest(heading, known)} A list of the last election that nobody "
                    f"continues is headed last_{heading}"
                )
                self.faults.append(Fault(self.place, "row 1", heading, remedy))
        self._refuse_missing(found)
        return found

    def _refuse_missing(self, found: _Columns) -> None:
        """Facts and lists that the table must have, lists that are there twice."""
        if "unit" not in found.facts:
            remedy = "missing; the key of each unit stands in a column headed unit"
            self.faults.append(Fault(self.place, "column unit", ABSENT, remedy))
        earlier = {normalised(name) for name in found.earlier}
        for party in self.election.parties:
            heirs = [name for name in party.continues or () if normalised(name) in earlier]
            if party.id in found.own and heirs:
                remedy = (
                    f"its last votes stand here twice, in a column of its own and as those of {heirs[0]}, "
                    "which it continues; keep one of the two"
                )
                self.faults.append(Fault(self.place, f"column {party.id}", ABSENT, remedy))
            elif party.id not in found.own and not heirs and party.continues != {} and party.id != OTHER:
                remedy = (
                    f"missing: the last votes of {party.name}; {suggest(party.id, list(found.lost))}; of a "
                    "list that did not stand the column is there and blank (or continues = {} in the "
                    "election file)"
                )
                self.faults.append(Fault(self.place, f"column last_{party.id}", ABSENT, remedy))

    # Facts.

    def _cells(self, lines: Sequence[Line], fact: str) -> list[str]:
        at = self.columns.facts.get(fact)
        return [""] * len(lines) if at is None else [line.cells[at] for line in lines]

    def _unit_names(self, lines: Sequence[Line]) -> tuple[str, ...]:
        names = self._cells(lines, "unit")
        seen: dict[str, int] = {}
        for line, name in zip(lines, names, strict=True):
            if not name:
                self.fault(line, "unit", ABSENT, "the key of a unit is expected")
            elif seen.setdefault(name, line.number) != line.number:
                self.fault(line, "unit", name, f"this unit has row {seen[name]} already; keep one")
        return tuple(names)

    def _places(self) -> Places | None:
        """The districts of the rule; ``None`` where it has none, and they are whatever the table names."""
        rule = self.election.rule.districts
        if rule is None or self.election.rule.only_places:
            return None
        geography = self.election.geography
        table = geography.last_result if geography is not None else None
        places = places_of(self.election, read_last_result(table) if table is not None else None)
        return places if places.places else None

    def _districts(
        self, lines: Sequence[Line], places: Places | None
    ) -> tuple[NDArray[np.int64], Places | None]:
        """(U,) numbers of districts, and the districts; faults for those that there are not."""
        cells = self._cells(lines, "district")
        if places is None:
            number, names = numbered(cells)
            if names and (number < 0).any():
                blank = lines[int(np.argmax(number < 0))]
                self.fault(blank, "district", ABSENT, "missing; name the district of every unit, or of none")
            return number, Places(tuple(District(name, {}) for name in names), self.place) if names else None
        known = {normalised(name): d for d, place in enumerate(places.places)
                 for name in (place.title, place.name) if name}  # fmt: skip
        found = [known.get(normalised(cell), -1) for cell in cells]
        for line, cell, number in zip(lines, cells, found, strict=True):
            if number < 0 and not cell:
                self.fault(line, "district", ABSENT, f"missing; the rule has districts ({places.place})")
            elif number < 0:
                remedy = f"no such district in {places.place}; {suggest(cell, places.names)}"
                self.fault(line, "district", cell, remedy)
        empty = [name for d, name in enumerate(places.names) if d not in set(found)]
        for some in in_chunks(empty):
            remedy = f"no unit in {some}: no vote is expected there; give every district its units"
            self.faults.append(Fault(self.place, "column district", ABSENT, remedy))
        return np.array(found, np.int64), places

    def _electorate(self, lines: Sequence[Line], fact: str) -> NDArray[np.float64]:
        """(U,) NaN where a cell is blank, or 0, as it is written of units that have no register."""
        found = self._amounts(lines, self.columns.facts.get(fact), fact.replace(" ", "_"))
        return np.where(found > 0.0, found, np.nan)

    def _match(self, lines: Sequence[Line], total: NDArray[np.float64]) -> NDArray[np.int8]:
        found = np.where(total > 0.0, SAME, NONE).astype(np.int8)
        idle = 0
        for u, (line, cell) in enumerate(zip(lines, self._cells(lines, "match"), strict=True)):
            if not cell:
                continue
            said = MATCHES.get(cell.casefold())
            if said is None:
                self.fault(line, "match", cell, f"no such match; {suggest(cell, MATCHES)}")
            elif total[u] > 0.0:
                found[u] = said
            else:
                idle += said != NONE
        if idle:
            self.remarks.append(
                f"{self.place}: {idle:,} units have no last votes, though match says that they have; they "
                "are taken as new"
            )
        return found

    # Votes.

    def _last(self, lines: Sequence[Line]) -> NDArray[np.float64]:
        """(U, P) last votes by list of this election."""
        self._refuse_ambiguous(lines)
        last = np.zeros((len(lines), len(self.lists)))
        for list_, columns in self.columns.own.items():
            for at in columns:
                last[:, self.lists.index(list_)] += self._votes(lines, at)
        if self.columns.earlier:
            last += self._inherited(lines)
        if self.columns.lost:
            self._give_to_others(lines, last)
        if not self.faults and not (last > 0.0).any():
            remedy = "no unit has a vote at the last election; without a baseline there is nothing to compare"
            self.faults.append(Fault(self.place, "", ABSENT, remedy))
        return last

    def _inherited(self, lines: Sequence[Line]) -> NDArray[np.float64]:
        """(U, P) votes of earlier lists in the hands of those that continue them; what is left is others'."""
        names = tuple(self.columns.earlier)
        shares, faults = heritage(self.election, _Earlier(self.place, names))
        own = set(self.columns.own)
        listed = [party.id for party in self.election.parties]
        self.faults += [f for f in faults if not any(f.path.startswith(f"parties.{party}") for party in own)]
        shares[:, [listed.index(party) for party in own if party in listed]] = 0.0
        votes = np.stack([self._votes(lines, at) for at in self.columns.earlier.values()], axis=1)
        found = np.zeros((len(lines), len(self.lists)))
        found[:, : len(listed)] = votes @ shares
        if OTHER in self.lists:
            found[:, self.lists.index(OTHER)] += votes @ np.maximum(1.0 - shares.sum(axis=1), 0.0)
        return found

    def _give_to_others(self, lines: Sequence[Line], last: NDArray[np.float64]) -> None:
        votes = {name: self._votes(lines, at) for name, at in self.columns.lost.items()}
        total = last.sum() + sum(one.sum() for one in votes.values())
        for name, one in votes.items():
            if OTHER in self.lists:
                last[:, self.lists.index(OTHER)] += one
            share = one.sum() / total if total else 0.0
            if normalised(name) != OTHER and share >= LARGE_LOSS:
                self.remarks.append(
                    f"{self.place}: {name} had {share:.1%} of the votes, and no party on the ballot "
                    "continues it (parties.ID.continues)"
                )

    def _votes(self, lines: Sequence[Line], at: int) -> NDArray[np.float64]:
        return np.nan_to_num(self._amounts(lines, at, self.sheet.heading[at]))

    def _amounts(self, lines: Sequence[Line], at: int | None, column: str) -> NDArray[np.float64]:
        """(U,) numbers from 0 up, fractions too; NaN where a cell is blank."""
        found = np.full(len(lines), np.nan)
        for u, line in enumerate(lines if at is not None else ()):
            text = line.cells[at or 0]
            if text.isdecimal() and text.isascii() and len(text) < 16:
                found[u] = float(text)
            elif text:
                number = parse_amount(text)
                if number is None:
                    remedy = "a number of votes or voters from 0 up is expected, such as 331 or 331.5"
                    self.fault(line, column, text, remedy)
                else:
                    found[u] = number
        return found

    def _refuse_ambiguous(self, lines: Sequence[Line]) -> None:
        """Refuse 1.234 where nothing in the table tells whether that is a thousand and some."""
        dotted = [
            (line, at, cell) for line in lines for at in self.columns.votes if "." in (cell := line.cells[at])
        ]
        if not dotted or any(
            _THOUSANDS.fullmatch(cell) is None or cell.startswith("0.") for _, _, cell in dotted
        ):
            return
        line, at, cell = dotted[0]
        remedy = (
            "this may be a thousand and some, or a part of a vote; write thousands without a mark, and "
            "parts with one decimal more or less"
        )
        self.fault(line, self.sheet.heading[at], cell, remedy)

    def _stood(
        self, places: Places | None, district: NDArray[np.int64], last: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """(D, P) where lists stand: as the election file says, else where they had votes last time."""
        listed = len(self.election.parties)
        stood = np.ones((len(places.places) if places is not None else 1, len(self.lists)), bool)
        if places is None:
            return stood
        by_district = np.zeros((len(places.places), listed))
        np.add.at(by_district, district[district >= 0], last[district >= 0, :listed])
        by_district[by_district.sum(axis=1) <= 0.0] = 1.0  # nothing is known there
        stood[:, :listed], faults = standing(self.election, places, by_district)
        if faults:
            raise ConfigurationError(*faults)
        for p, party in enumerate(self.election.parties):
            if party.stands_in is None and not stood[:, p].all():
                where = f"{stood[:, p].sum():,} of {len(stood):,} districts"
                self.remarks.append(
                    f"{self.place}: {party.id} had votes in {where} and is taken to stand there alone; "
                    'stands_in = "everywhere" says otherwise'
                )
        return stood


@dataclass(frozen=True)
class _Earlier:
    """Names of earlier lists, and where they stand: what a last result is to those who look for heirs."""

    place: str
    lists: tuple[str, ...]


def parse_amount(text: str) -> float | None:
    """A number from 0 up, perhaps with a decimal sign, perhaps with blanks between thousands."""
    bare = re.sub(r"(?<=\d)[ \u00a0\u2009\u202f'’_](?=\d{3}(?:\D|$))", "", text)
    return float(bare.replace(",", ".")) if _AMOUNT.fullmatch(bare) else None


def numbered(cells: Iterable[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Numbers of texts in the order in which they first come, -1 of blanks; and the texts."""
    known: dict[str, int] = {}
    found = [known.setdefault(cell, len(known)) if cell else -1 for cell in cells]
    return np.array(found, np.int64), tuple(known)


def by_name(units: Units) -> Mapping[str, int]:
    """Numbers of units by their keys."""
    return {name: u for u, name in enumerate(units.names)}
