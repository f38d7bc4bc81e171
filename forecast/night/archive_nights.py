"""Nights of the past, whole: tables of units and of their final count, the orders in which they could have
come in, and how much of them was in at each stage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.door.files import MOST_OF_A_TABLE, read_bytes, unpacked
from forecast.door.sheets import Sheet, read_sheet
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.night.counted import FINAL, NOTHING, Counted
from forecast.night.units import MATCHES, Units, numbered

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

STAGES = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75)
"""Shares of the units that are in."""
_BESIDE = ("unit", "district", "region", "kind", "electorate", "match", "last_electorate")
_LAST = "last_"


@dataclass(frozen=True)
class PastNight:
    """A night of which everything is known."""

    name: str
    units: Units
    votes: Whole
    """(U, P) the complete count."""
    times: tuple[str, ...]
    """(U,) when each unit was reported; empty where that is not known."""
    truth: Floats
    """(P,) final national shares."""
    folder: Path
    """Where its tables are."""

    @property
    def country(self) -> str:
        """Its letters before the date."""
        return country_of(self.name)

    def order(self, name: str, seed: int = 0) -> Whole:
        """(U,) units in the order in which they come in: ``small`` or ``big`` (by what they had last time),
        ``region`` by region, ``random``, ``true``, or ``early`` (one kind after the other).
        """
        random = np.random.Generator(np.random.PCG64([seed, 3]))
        number, had = len(self.units.names), self.units.last.sum(axis=1)
        lots = random.permutation(number)
        if name == "small":
            return np.lexsort((lots, had))
        if name == "big":
            return np.lexsort((lots, -had))
        if name == "region":
            area = self.units.region if self.units.regions else self.units.district
            return np.lexsort((lots, random.permutation(int(area.max()) + 1)[area]))
        if name == "random":
            return lots
        if name == "early":
            return np.lexsort((lots, np.asarray([kind != "early" for kind in self.kinds])))
        return np.lexsort((lots, np.asarray(self.times)))

    @property
    def kinds(self) -> list[str]:
        """(U,) the kind of each unit."""
        return [self.units.kinds[kind] for kind in self.units.kind]

    @property
    def orders(self) -> tuple[str, ...]:
        """The orders that make sense for this night."""
        more = (("true", bool(self.times)), ("early", "early" in self.units.kinds))
        return ("small", "region", "random", "big", *(name for name, known in more if known))

    def at(self, order: Whole, share: float) -> Counted:
        """What is counted when a share of the units is in."""
        status = np.full(len(order), NOTHING, np.int8)
        status[order[: max(1, round(share * self.reporting))]] = FINAL
        return whole_units(self.units, self.votes, status)

    @property
    def reporting(self) -> int:
        """Units of which stages are a share: those of the evening, where later ones are told apart."""
        return sum(kind != "late" for kind in self.kinds)


def whole_units(units: Units, votes: Whole, status: NDArray[np.int8]) -> Counted:
    """A count of whole units by their ``status``."""
    districts = max(len(units.districts), 1)
    return Counted(
        units.place,
        np.where((status == NOTHING)[:, None], 0, votes),
        status,
        np.zeros(len(status), np.bool_),
        np.zeros((districts, votes.shape[1]), np.int64),
        None,
        (),
    )


def country_of(name: str) -> str:
    """The country of a night: the letters before its date."""
    return name.rstrip("0123456789")


def folders_of(archive: Path) -> list[Path]:
    """The folders of an archive's nights, each with ``units.csv``, ``counted.csv`` and ``truth.csv``, of
    which the first two may be packed (``.gz``). ``PollDataError`` where there is none.
    """
    found = [
        here
        for here in sorted(archive.iterdir() if archive.is_dir() else ())
        if here.is_dir() and (here / "truth.csv").is_file()
    ]
    if not found:
        remedy = "no night here: folders with units.csv, counted.csv and truth.csv are expected"
        raise PollDataError(Fault(str(archive), "", ABSENT, remedy))
    return found


def read_archive(archive: Path) -> list[PastNight]:
    """The nights of an archive; ``PollDataError`` where there is none, and for tables that cannot be read."""
    return [read_past_night(folder) for folder in folders_of(archive)]


def read_past_night(folder: Path) -> PastNight:
    """One night of an archive; ``PollDataError`` with what is wrong with its tables."""
    known = _Table.of(_path(folder, "units.csv"))
    parties = tuple(
        name.removeprefix(_LAST) for name in known.heading if name.startswith(_LAST) and name not in _BESIDE
    )
    names = known.texts("unit")
    number = {name: at for at, name in enumerate(names)}
    count = _Table.of(_path(folder, "counted.csv"))
    rows = [number.get(name, -1) for name in count.texts("unit")]
    if len(number) < len(names) or sorted(rows) != list(range(len(names))):
        remedy = "an archive names every unit once in units.csv and once in counted.csv"
        raise PollDataError(Fault(count.place, "unit", ABSENT, remedy))
    votes = np.zeros((len(names), len(parties)), np.int64)
    votes[rows] = np.stack([count.numbers(party) for party in parties], axis=1).astype(np.int64)
    said = count.texts("time") if "time" in count.heading else []
    times = [""] * len(names)
    for at, time in zip(rows, said, strict=False):
        times[at] = time
    final = _Table.of(folder / "truth.csv")
    shares = dict(zip(final.texts("party"), final.numbers("final_share"), strict=True))
    missing = [party for party in parties if party not in shares]
    if missing:
        raise PollDataError(Fault(final.place, "party", ABSENT, f"no final share of {', '.join(missing)}"))
    return PastNight(
        folder.name,
        _units_of(known, parties, votes),
        votes,
        tuple(times) if all(times) else (),
        np.array([shares[party] for party in parties]),
        folder,
    )


def nights_digest(folders: Iterable[Path]) -> str:
    """SHA-256 over the tables of nights, unpacked: the same nights have the same, wherever they are."""
    found = hashlib.sha256()
    for folder in folders:
        for name in ("units.csv", "counted.csv", "truth.csv"):
            path = _path(folder, name)
            data = read_bytes(path, PollDataError, most=MOST_OF_A_TABLE)
            if path.suffix == ".gz":
                data = unpacked(data, str(path), PollDataError, most=MOST_OF_A_TABLE)
            found.update(f"{folder.name}/{name} {len(data)}\n".encode() + data)
    return found.hexdigest()


def _units_of(table: _Table, parties: Sequence[str], votes: Whole) -> Units:
    district, districts = numbered(table.texts("district"))
    region, regions = numbered(table.texts("region"))
    kind, kinds = numbered(table.texts("kind"))
    last = np.stack([table.numbers(f"{_LAST}{party}") for party in parties], axis=1)
    # Where lists stand is public before the night; an archive has it from their votes.
    stood = np.zeros((max(len(districts), 1), len(parties)), np.bool_)
    np.logical_or.at(stood, np.maximum(district, 0), votes > 0)
    matches = table.texts("match")
    unknown = sorted(set(matches) - set(MATCHES))
    if unknown:
        remedy = "one of same, pool, none"
        raise PollDataError(Fault(table.place, "match", unknown[0], remedy))
    return Units(
        table.place,
        tuple(parties),
        tuple(table.texts("unit")),
        district,
        districts,
        region,
        regions,
        kind,
        kinds,
        _known(table.numbers("electorate")),
        _known(table.numbers("last_electorate")),
        np.array([MATCHES[match] for match in matches], np.int8),
        last,
        stood,
    )


def _known(numbers: Floats) -> Floats:
    return np.where(numbers > 0.0, numbers, np.nan)


def _path(folder: Path, name: str) -> Path:
    packed = folder / f"{name}.gz"
    return packed if packed.is_file() else folder / name


@dataclass(frozen=True)
class _Table:
    """A table by column."""

    place: str
    heading: Mapping[str, int]
    sheet: Sheet

    @classmethod
    def of(cls, path: Path) -> _Table:
        sheet = read_sheet(path)
        if sheet.faults:
            raise PollDataError(*sheet.faults)
        return cls(sheet.place, {name: at for at, name in enumerate(sheet.heading)}, sheet)

    def _cells(self, name: str) -> Iterator[tuple[int, str]]:
        if name not in self.heading:
            raise PollDataError(Fault(self.place, name, ABSENT, "an archive of nights has this column"))
        at = self.heading[name]
        return ((line.number, line.cells[at]) for line in self.sheet.lines)

    def texts(self, name: str) -> list[str]:
        return [cell for _, cell in self._cells(name)]

    def numbers(self, name: str) -> Floats:
        found: list[float] = []
        for row, cell in self._cells(name):
            try:
                found.append(float(cell or 0.0))
            except ValueError:
                remedy = "a number is expected"
                raise PollDataError(Fault(self.place, f"row {row}, column {name}", cell, remedy)) from None
        return np.array(found)
