"""The constants of a night, fitted on whole nights of the past: ``forecast night-fit``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.night.archive_nights import PastNight, country_of, folders_of, nights_digest, read_past_night
from forecast.night.counted import Counted
from forecast.night.design_matrix import design_of
from forecast.night.estimating import NightLaw, night_law
from forecast.night.night_constants import DESIGNED, METHOD, SHIPPED, NightBasis, NightConstants
from forecast.verification.sharing import Do, each_done, one_by_one

Floats = NDArray[np.float64]

ORDERS = ("small", "region", "random", "true")
"""Orders of reporting that constants are fitted on, of those that a night has."""
STAGES = (0.01, 0.05, 0.25)
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
            for stage in STAGES:
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
