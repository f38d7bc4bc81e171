"""Where an answer flips along the threshold: a party's chance falls through one half, a majority is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

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
    """``passes`` or ``majority``."""
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
