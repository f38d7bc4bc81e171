"""Where an answer flips along the threshold: a party's chance falls through one half, a majority is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TWO_SIDED_95 = 1.959963984540054


@dataclass(frozen=True)
class Flip:
    """A level at which a chance crosses one half.

    ``low`` and ``high`` are the ends of the 95 % interval of the Monte Carlo error (NaN where they lie beyond
    the levels of the sweep); of a chance that only falls, ``gone_from`` and ``gone_to`` are the levels at
    which it crosses 90 and 10 %: in 80 of 100 draws the flip lies between them.
    """

    about: str
    """``passes`` or ``majority``."""
    subject: str
    """Id of the party or coalition."""
    change: str
    """``lost`` or ``won`` as the level rises."""
    level: float
    low: float
    high: float
    gone_from: float
    gone_to: float
    where: dict[str, Any]
    """Labels on the other axes."""


def flips_along(
    about: str, subject: str, levels: Floats, chance: Floats, error: Floats, where: dict[str, Any]
) -> Iterator[Flip]:
    """Flips of one chance (T,) with standard errors (T,) along rising levels (T,), linear in between."""
    only_falls = bool(np.all(np.diff(chance) <= 0.0))
    for t in crossings(chance, 0.5):
        level = _level_at(levels, chance, 0.5, t)
        lost = bool(chance[t] >= 0.5)
        ends = [_nearest(levels, chance + side * TWO_SIDED_95 * error, level) for side in (-1.0, 1.0)]
        known = [end for end in ends if np.isfinite(end)]
        low = min(ends) if len(known) == 2 else next((end for end in known if end <= level), np.nan)
        high = max(ends) if len(known) == 2 else next((end for end in known if end >= level), np.nan)
        gone = [_only(levels, chance, at) if only_falls else np.nan for at in (0.9, 0.1)]
        yield Flip(about, subject, "lost" if lost else "won", level, low, high, gone[0], gone[1], where)


def crossings(values: Floats, at: float) -> list[int]:
    """Numbers t for which ``values`` are on one side of ``at`` at t, on the other at t + 1."""
    above = values >= at
    return np.flatnonzero(above[:-1] != above[1:]).tolist()


def _level_at(levels: Floats, values: Floats, at: float, t: int) -> float:
    share = (values[t] - at) / (values[t] - values[t + 1])
    return float(levels[t] + share * (levels[t + 1] - levels[t]))


def _nearest(levels: Floats, values: Floats, level: float) -> float:
    """The crossing of one half by an edge of the error band that lies nearest to a flip."""
    found = [_level_at(levels, values, 0.5, t) for t in crossings(values, 0.5)]
    return min(found, key=lambda at: abs(at - level), default=float("nan"))


def _only(levels: Floats, values: Floats, at: float) -> float:
    found = crossings(values, at)
    return _level_at(levels, values, at, found[0]) if len(found) == 1 else float("nan")


def as_columns(flips: Sequence[Flip], dims: Sequence[str]) -> dict[str, list[Any]]:
    """Flips as columns by name; ``flip_<dim>`` are the labels on the other axes."""
    plain = ("about", "subject", "change", "level", "low", "high", "gone_from", "gone_to")
    columns: dict[str, list[Any]] = {
        f"flip_{name}": [getattr(flip, name) for flip in flips] for name in plain
    }
    for dim in dims:
        columns[f"flip_{dim}"] = [flip.where[dim] for flip in flips]
    return columns
