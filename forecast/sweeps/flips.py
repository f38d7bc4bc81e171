"""Where an answer flips along the threshold: a party's chance falls through one half, a majority is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.variables import error_of

if TYPE_CHECKING:
    from forecast.sweeps.grid import Grid

Floats = NDArray[np.float64]

OF_CHAMBER = "chamber/majority_probability"
TWO_SIDED_95 = 1.959963984540054


@dataclass(frozen=True)
class Flip:
    """A level at which a chance crosses one half; of an exact count, above which the answer is another.

    ``low`` and ``high`` are the ends of the 95 % interval of the Monte Carlo error (NaN where they lie beyond
    the levels of the sweep); of a chance that only falls, ``gone_from`` and ``gone_to`` are the levels at
    which it crosses 90 and 10 %: in 80 of 100 draws the flip lies between them. Levels are shares of the
    base.
    """

    about: str
    """``passes``, ``majority`` or ``majority of the chamber``."""
    subject: str
    """Id of the party or coalition."""
    change: str
    """``lost`` or ``won`` as the level rises."""
    level: float
    where: dict[str, Any]
    """Labels on the other axes."""
    low: float = float("nan")
    high: float = float("nan")
    gone_from: float = float("nan")
    gone_to: float = float("nan")


def flips_along(
    about: str, subject: str, levels: Floats, chance: Floats, error: Floats, where: dict[str, Any]
) -> Iterator[Flip]:
    """Flips of one chance (T,) with standard errors (T,) along rising levels (T,).

    Between two levels the log odds are taken as a straight line.
    """
    curve = _Curve(levels, chance, error)
    edges = [_Curve(levels, chance + side * TWO_SIDED_95 * error, error) for side in (-1.0, 1.0)]
    only_falls = bool(np.all(np.diff(chance) <= 0.0))
    for t in crossings(chance, 0.5):
        level = curve.level(0.5, t)
        ends = [edge.nearest(0.5, level) for edge in edges]
        known = [end for end in ends if np.isfinite(end)]
        low = min(ends) if len(known) == 2 else next((end for end in known if end <= level), np.nan)
        high = max(ends) if len(known) == 2 else next((end for end in known if end >= level), np.nan)
        gone = [curve.only(at) if only_falls else np.nan for at in (0.9, 0.1)]
        change = "lost" if chance[t] >= 0.5 else "won"
        yield Flip(about, subject, change, level, where, low, high, gone[0], gone[1])


def crossings(values: Floats, at: float) -> list[int]:
    """Numbers t for which ``values`` are on one side of ``at`` at t, on the other at t + 1."""
    above = values >= at
    return np.flatnonzero(above[:-1] != above[1:]).tolist()


class _Curve:
    """A chance along levels."""

    def __init__(self, levels: Floats, chance: Floats, error: Floats) -> None:
        # No draws are no proof: a chance lies at least its error off 0 and 1.
        least = np.clip(error, 1e-12, 0.25)
        self._levels, self._chance = levels, chance
        self._inside = np.clip(chance, least, 1.0 - least)

    def level(self, at: float, t: int) -> float:
        """Where the chance crosses ``at`` between levels t and t + 1."""
        low, high = _log_odds(self._inside[t]), _log_odds(self._inside[t + 1])
        share = min(max((low - _log_odds(at)) / (low - high), 0.0), 1.0) if low != high else 0.5
        return float(self._levels[t] + share * (self._levels[t + 1] - self._levels[t]))

    def nearest(self, at: float, level: float) -> float:
        """The crossing nearest to a level; NaN where there is none."""
        found = [self.level(at, t) for t in crossings(self._chance, at)]
        return min(found, key=lambda crossing: abs(crossing - level), default=float("nan"))

    def only(self, at: float) -> float:
        """The one crossing; NaN where there is none."""
        found = crossings(self._chance, at)
        return self.level(at, found[0]) if len(found) == 1 else float("nan")


def _log_odds(chance: float) -> float:
    return float(np.log(chance / (1.0 - chance)))


def flips_of(
    grid: Grid, values: Mapping[str, Floats], parties: Sequence[str], coalitions: Sequence[str]
) -> list[Flip]:
    """Flips along the threshold, for every combination of the other axes; ``values`` over the axes of the
    grid.

    None where the axis has one level, or levels that are no shares (``quota``).
    """
    threshold = next((axis for axis in grid.axes if axis.dim == "threshold"), None)
    if threshold is None or len(threshold) < 2 or any(isinstance(label, str) for label in threshold.labels):
        return []
    levels = np.array(threshold.labels, np.float64)
    others = [axis for axis in grid.axes if axis.dim != "threshold"]
    found: list[Flip] = []
    along = grid.dims.index("threshold")
    chances = [("passes", "pass_probability", parties), ("majority", "majority_probability", coalitions)]
    if OF_CHAMBER in values:
        chances.append(("majority of the chamber", OF_CHAMBER, coalitions))
    for about, path, subjects in chances:
        chance, error = (np.moveaxis(values[one], along, 0) for one in (path, error_of(path)))
        for at in product(*(range(len(axis)) for axis in others)):
            where = {axis.dim: axis.labels[i] for axis, i in zip(others, at, strict=True)}
            for s, subject in enumerate(subjects):
                here = (slice(None), *at, s)
                found += flips_along(about, subject, levels, chance[here], error[here], where)
    return found


def flips_values(flips: Sequence[Flip], *, exact: bool = False) -> dict[str, Any]:
    """Flips by path; exact ones have no intervals."""

    def texts(told: list[str]) -> NDArray[np.str_]:
        return np.array(told, dtype=str if told else "U1")

    names = ("level",) if exact else ("level", "low", "high", "gone_from", "gone_to")
    found = {
        f"flips/{name}": texts([getattr(flip, name) for flip in flips])
        for name in ("about", "subject", "change")
    }
    found["flips/elsewhere"] = texts([json.dumps(flip.where, ensure_ascii=False) for flip in flips])
    return found | {
        f"flips/{name}": np.array([getattr(flip, name) for flip in flips], float) for name in names
    }
