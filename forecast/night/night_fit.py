"""The constants of a night, fitted on whole nights of the past: ``forecast night-fit``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.night.archive_nights import PastNight, read_archive
from forecast.night.counted import Counted
from forecast.night.design_matrix import Design, design_of
from forecast.night.estimating import NightLaw, night_law
from forecast.night.night_constants import SHIPPED, NightBasis, NightConstants

Floats = NDArray[np.float64]

ORDERS = ("small", "region", "random", "true")
"""Orders of reporting that constants are fitted on, of those that a night has."""
STAGES = (0.01, 0.05, 0.25)
FITTED = (
    *("newcomer", "robust", "cosines", "intercept", "kappa", "prior_degrees", "size", "shares", "kind"),
    *("district", "region", "region_size", "size_squared", "remapped", "half_weight", "residual", "volume"),
)
"""What is fitted, in the order in which it is tried. The layers of country and district are not: they are
there for nights that are stranger than those of an archive, of which its mean score says little.
"""
_STEP = 2.0
_GAIN = 0.002
"""By so much a step must better the score, in nats a list: less is no more than noise of the orders."""
_MOST_ROUNDS = 1
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


@dataclass(frozen=True)
class NightFit:
    """Constants, what they rest on, and how they came about."""

    constants: NightConstants
    nights: tuple[str, ...]
    left_out: tuple[str, ...]
    """Countries."""
    before: float
    """Score of the constants that it began with: mean negative log density of final national shares."""
    score: float
    by_country: dict[str, float]
    without: dict[str, float] = field(default_factory=dict)
    """Scores of the countries that were left out, under these constants."""
    moves: tuple[Move, ...] = ()

    @property
    def basis(self) -> NightBasis:
        """As it is written to a file."""
        left_out = f" without {', '.join(self.left_out)}" if self.left_out else ""
        return NightBasis(self.constants, self.nights, f"forecast night-fit{left_out}")

    def record(self) -> dict[str, Any]:
        """As plain numbers and texts."""
        return {
            **self.basis.record(),
            "score": {"before": self.before, "after": self.score, "by_country": self.by_country},
            "left_out": self.without,
            "moves": [asdict(move) for move in self.moves],
        }

    def rows(self) -> list[tuple[str, float, float]]:
        """Every constant: its name, the one that comes with the program, and the fitted one."""
        return [(name, getattr(SHIPPED, name), getattr(self.constants, name)) for name in FITTED]


def fit_night(
    folder: str | Path,
    leave_out: Collection[str] = (),
    *,
    start: NightConstants = SHIPPED,
    names: Sequence[str] = FITTED,
    say: Callable[[str], None] = lambda text: None,
) -> NightFit:
    """Fit the constants by coordinate search on an archive of nights, every country counting the same.

    Parameters
    ----------
    folder
        A folder for each night, with ``units.csv``, ``counted.csv`` (or packed) and ``truth.csv``.
    leave_out
        Countries whose nights are not fitted, but scored: the letters at the beginning of their folders.
    start
        Constants to begin with.
    names
        Of the constants that are fitted.
    say
        Is told what is done.

    Raises
    ------
    PollDataError
        For what is wrong with the archive.
    ConfigurationError
        For a country that it has not, and where all are left out.
    """
    nights = read_archive(Path(folder))
    countries = sorted({night.country for night in nights})
    unknown = [name for name in leave_out if name not in countries]
    if unknown or set(countries) <= set(leave_out):
        remedy = suggest(unknown[0], countries) if unknown else "every country is left out; nothing is fitted"
        raise ConfigurationError(Fault("--leave-out", "", unknown[0] if unknown else ABSENT, remedy))
    cases = list(cases_of(night for night in nights if night.country not in leave_out))
    say(f"{len(cases):,} cases of {len({case.night.name for case in cases})} nights")
    moves: list[Move] = []
    constants, first = start, _mean(scores(cases, start))
    score = first
    for _ in range(_MOST_ROUNDS):
        before = score
        for name in names:
            constants, score, moved = _along(cases, constants, name, score)
            moves += moved
            for move in moved:
                say(f"{name}: {move.before:.4g} -> {move.after:.4g}, score {move.score:.4f}")
        if before - score < _GAIN:
            break
    apart = list(cases_of(night for night in nights if night.country in leave_out))
    return NightFit(
        constants,
        tuple(dict.fromkeys(case.night.name for case in cases)),
        tuple(leave_out),
        first,
        score,
        scores(cases, constants),
        scores(apart, constants),
        tuple(moves),
    )


def cases_of(nights: Iterator[PastNight]) -> Iterator[Case]:
    """Every night at every stage of every order that it has."""
    for night in nights:
        for name in ORDERS:
            if name in night.orders:
                order = night.order(name)
                for stage in STAGES:
                    yield Case(night, name, stage, night.at(order, stage))


def scores(cases: Sequence[Case], constants: NightConstants) -> dict[str, float]:
    """Mean negative log density of the final national shares, in points, by country."""
    found: dict[str, list[float]] = {}
    designs: dict[str, Design] = {}
    for case in cases:
        night = case.night
        if night.name not in designs:
            designs = {night.name: design_of(night.units, constants)}
        law = night_law(designs[night.name], case.counted, constants)
        found.setdefault(night.country, []).append(log_score(law, night.truth))
    return {country: float(np.mean(values)) for country, values in found.items()}


def log_score(law: NightLaw, truth: Floats) -> float:
    """Mean over lists of the negative log density of their final shares, in points, under t tails."""
    scale = 100.0 * np.sqrt(np.diag(law.scale)) + 1e-6
    z = 100.0 * (truth - law.mean) / scale
    nu = _DEGREES
    constant = gammaln(nu / 2.0) - gammaln((nu + 1.0) / 2.0) + 0.5 * np.log(nu * np.pi)
    return float(np.mean(constant + (nu + 1.0) / 2.0 * np.log1p(z**2 / nu) + np.log(scale)))


def _mean(by_country: dict[str, float]) -> float:
    return float(np.mean(list(by_country.values())))


def _along(
    cases: Sequence[Case], constants: NightConstants, name: str, score: float
) -> tuple[NightConstants, float, list[Move]]:
    """Move one constant up or else down as long as that betters the score."""
    moves: list[Move] = []
    for step in (_STEP, 1.0 / _STEP):
        while True:
            value = getattr(constants, name)
            tried = replace(constants, **{name: value * step})
            found = _mean(scores(cases, tried))
            if found > score - _GAIN:
                break
            constants, score = tried, found
            moves.append(Move(name, value, value * step, found))
        if moves:
            break
    return constants, score, moves
