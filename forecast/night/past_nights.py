"""Nights of the past, whole, and the constants that are fitted on them (``forecast night-fit``).

An archive has tables of units and of their final count; from these come the orders in which the units could
have come in, and how much of them was in at each stage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from forecast.door.files import MOST_OF_A_TABLE, read_bytes, unpacked
from forecast.door.sheets import Sheet, read_sheet
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.night.counted import FINAL, NOTHING, Counted
from forecast.night.night_forecast import NightLaw, night_law
from forecast.night.regression import DESIGNED, METHOD, SHIPPED, NightBasis, NightConstants, design_of
from forecast.night.units import MATCHES, Units, numbered
from forecast.verification import Do, each_done, one_by_one

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

# The archive.

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


# The constants that fit them.

ORDERS = ("small", "region", "random", "true")
"""Orders of reporting that constants are fitted on, of those that a night has."""
FITTED_STAGES = (0.01, 0.05, 0.25)
"""Stages at which constants are fitted, of those of a night."""
FITTED = ("robust", "newcomer", "borders", "balance", "pool")
"""What is fitted, in the order in which it is tried. The others stand as the method was designed: doubled or
halved they hardly move the score (design), and the layers of country and district are there for nights that
are stranger than those of an archive, of which its mean score says little.
"""
_STEP = 2.0
_GAIN = 0.002
"""By so much a step must better the score, in nats a list: less is no more than noise of the orders."""
_DEGREES = 8.0


class Case(NamedTuple):
    """A past night at one stage of one order."""

    night: PastNight
    order: str
    stage: float
    counted: Counted


@dataclass(frozen=True)
class Move:
    """A constant that was moved: from, to, and the score after it."""

    name: str
    before: float
    after: float
    score: float


class Search(NamedTuple):
    """Constants that a search came to."""

    constants: NightConstants
    before: float
    """Score of those that it began with: mean negative log density of final national shares."""
    score: float
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class NightFit:
    """Fitted constants, what they rest on, and how they came about."""

    search: Search
    nights: tuple[str, ...]
    left_out: tuple[str, ...]
    """Countries."""
    by_country: dict[str, float]
    scored: dict[str, float] = field(default_factory=dict)
    """Scores of the countries that were left out, under these constants."""
    without: dict[str, Search] = field(default_factory=dict)
    """Of each country the search on the others."""
    digest: str = ""
    """SHA-256 of the nights."""

    @property
    def basis(self) -> NightBasis:
        """As it is written to a file."""
        left_out = "".join(f" --leave-out {name}" for name in self.left_out)
        without = {name: search.constants for name, search in self.without.items()}
        note = f"forecast night-fit ARCHIVE{left_out}" + (" --without-each" if without else "")
        return NightBasis(
            self.search.constants, self.nights, note, without, nights_sha256=self.digest, method=METHOD
        )

    def record(self) -> dict[str, Any]:
        """As plain numbers and texts."""
        return {
            **self.basis.record(),
            "score": {
                "before": self.search.before,
                "after": self.search.score,
                "by_country": self.by_country,
            },
            "left_out": self.scored,
            "moves": [asdict(move) for move in self.search.moves],
        }

    def rows(self) -> list[tuple[str, float, float]]:
        """Every constant: its name, the one that comes with the program, and the fitted one."""
        return [(name, getattr(SHIPPED, name), getattr(self.search.constants, name)) for name in FITTED]


def fit_night(
    folder: str | Path,
    leave_out: Collection[str] = (),
    *,
    without_each: bool = False,
    start: NightConstants = DESIGNED,
    names: Sequence[str] = FITTED,
    do: Do = one_by_one,
    say: Callable[[str], None] = lambda text: None,
) -> NightFit:
    """Fit the constants by coordinate search on an archive of nights, every country counting the same.

    Parameters
    ----------
    folder
        A folder for each night, with ``units.csv``, ``counted.csv`` (or packed) and ``truth.csv``.
    leave_out
        Countries whose nights are not fitted, but scored: the letters at the beginning of their folders.
    without_each
        Fit anew without each of the countries that are fitted.
    start
        Constants to begin with; default: those of the design, so that the same archive and method give the
        same constants.
    names
        Of the constants that are fitted.
    do
        Who scores the nights.
    say
        Is told what is done.

    Raises
    ------
    PollDataError
        For what is wrong with the archive.
    ConfigurationError
        For a country that it has not, and where all are left out.
    """
    folders: dict[str, list[Path]] = {}
    for here in folders_of(Path(folder)):
        folders.setdefault(country_of(here.name), []).append(here)
    _refuse(leave_out, sorted(folders))
    known = [name for name in sorted(folders) if name not in leave_out]
    fitted = [here for name in known for here in folders[name]]
    scoring = _Scoring(folders, do)
    found = _search(scoring, known, start, names, say)
    without: dict[str, Search] = {}
    for country in known if without_each and len(known) > 1 else ():
        say(f"without {country}:")
        others = [name for name in known if name != country]
        without[country] = _search(scoring, others, start, names, say)
    return NightFit(
        found,
        tuple(here.name for here in fitted),
        tuple(leave_out),
        scoring.of(known, found.constants),
        scoring.of(leave_out, found.constants),
        without,
        nights_digest(fitted),
    )


def _refuse(leave_out: Collection[str], countries: Sequence[str]) -> None:
    unknown = [name for name in leave_out if name not in countries]
    if unknown or set(countries) <= set(leave_out):
        remedy = suggest(unknown[0], countries) if unknown else "every country is left out; nothing is fitted"
        raise ConfigurationError(Fault("--leave-out", "", unknown[0] if unknown else ABSENT, remedy))


class _Scoring:
    """Scores of constants by country, each night reckoned once: searches without a country try mostly the
    same.
    """

    def __init__(self, folders: Mapping[str, Sequence[Path]], do: Do) -> None:
        self.folders, self.do = folders, do
        self.known: dict[tuple[Path, NightConstants], float] = {}

    def of(self, countries: Collection[str], constants: NightConstants) -> dict[str, float]:
        """Of each country, every night of it counting the same."""
        wanted = [folder for name in countries for folder in self.folders[name]]
        new = [(folder, constants) for folder in wanted if (folder, constants) not in self.known]
        self.known |= zip(new, each_done(self.do, _score_of, new), strict=True)
        return {
            name: float(np.mean([self.known[folder, constants] for folder in self.folders[name]]))
            for name in countries
        }

    def mean(self, countries: Collection[str], constants: NightConstants) -> float:
        """Every country counting the same."""
        return float(np.mean(list(self.of(countries, constants).values())))


@cache
def _cases(folder: Path) -> tuple[Case, ...]:
    """Of a night, read once in each process."""
    return tuple(cases_of(read_past_night(folder)))


def _score_of(task: tuple[Path, NightConstants]) -> float:
    folder, constants = task
    return score_of(_cases(folder), constants)


def _search(
    scoring: _Scoring,
    countries: Sequence[str],
    start: NightConstants,
    names: Sequence[str],
    say: Callable[[str], None],
) -> Search:
    """Move one constant after the other, once."""
    constants, first = start, scoring.mean(countries, start)
    score, moves = first, []
    for name in names:
        constants, score, moved = _along(scoring, countries, constants, name, score)
        moves += moved
        for move in moved:
            say(f"{name}: {move.before:.4g} -> {move.after:.4g}, score {move.score:.4f}")
    return Search(constants, first, score, tuple(moves))


def cases_of(night: PastNight) -> Iterator[Case]:
    """A night at every stage of every order that it has."""
    for name in ORDERS:
        if name in night.orders:
            order = night.order(name)
            for stage in FITTED_STAGES:
                yield Case(night, name, stage, night.at(order, stage))


def score_of(cases: Sequence[Case], constants: NightConstants) -> float:
    """Mean negative log density of the final national shares of a night, in points."""
    night = cases[0].night
    design = design_of(night.units, constants)
    laws = (night_law(design, case.counted, constants) for case in cases)
    return float(np.mean([log_score(law, night.truth) for law in laws]))


def log_score(law: NightLaw, truth: Floats) -> float:
    """Mean over lists of the negative log density of their final shares, in points, under t tails."""
    scale = 100.0 * np.sqrt(np.diag(law.scale)) + 1e-6
    z = 100.0 * (truth - law.mean) / scale
    nu = _DEGREES
    constant = gammaln(nu / 2.0) - gammaln((nu + 1.0) / 2.0) + 0.5 * np.log(nu * np.pi)
    return float(np.mean(constant + (nu + 1.0) / 2.0 * np.log1p(z**2 / nu) + np.log(scale)))


def _along(
    scoring: _Scoring, countries: Sequence[str], constants: NightConstants, name: str, score: float
) -> tuple[NightConstants, float, list[Move]]:
    """Move one constant up or else down as long as that betters the score."""
    moves: list[Move] = []
    for step in (_STEP, 1.0 / _STEP):
        while True:
            value = getattr(constants, name)
            tried = replace(constants, **{name: value * step})
            found = scoring.mean(countries, tried)
            if found > score - _GAIN:
                break
            constants, score = tried, found
            moves.append(Move(name, value, value * step, found))
        if moves:
            break
    return constants, score, moves
