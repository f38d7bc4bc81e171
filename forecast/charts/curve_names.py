"""Names of curves: at their ends where those are apart, else beside the curve where little is covered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GLYPH, _LINE, _GAP = 6.6, 13.0, 6.0
"""Width of a letter, height of a line and distance from the curve, in pixels."""
_BETWEEN = (0.03, 0.97)
"""Heights, as parts of the plot, at which a name may stand beside its curve."""
_EACH_NEIGHBOUR = 8.0
"""Pixels of curve that a name may cover rather than stand at an end that others share."""


@dataclass(frozen=True)
class Place:
    """Where a name stands, in pixels from the upper left corner: ``x`` is its left edge, ``y`` its middle."""

    x: float
    y: float


@dataclass(frozen=True)
class _Box:
    place: Place
    width: float
    cost: float

    def meets(self, other: _Box) -> bool:
        apart = abs(self.place.y - other.place.y) >= _LINE
        beside = self.place.x >= other.place.x + other.width or other.place.x >= self.place.x + self.width
        return not (apart or beside)


def places(
    curves: Floats,
    names: Sequence[str],
    across: Floats,
    size: tuple[float, float],
    uprights: Sequence[float] = (),
) -> list[Place]:
    """A place for every name.

    ``curves`` (P, T) are heights from 0 (foot) to 1 at ``across`` (T,), rising from 0 (left) to 1 (right);
    ``size`` is that of the plot in pixels; ``uprights`` are upright lines, placed as ``across``. Names stand
    to the right of the plot, in the order of the ends of their curves and a line apart; where several curves
    end at the foot or the top, beside them.
    """
    wide, high = size
    x, walls = np.arange(wide + 1.0), [upright * wide for upright in uprights]
    y = np.array([(1.0 - np.interp(x, across * wide, curve)) * high for curve in curves])
    ends = y[:, -1]
    taken: dict[int, _Box] = {}
    for own, name in enumerate(names):
        settled = min(ends[own], high - ends[own]) < _LINE
        shared = int((np.abs(ends - ends[own]) < _LINE).sum()) - 1 if settled else 0
        free = [
            box
            for box in _beside(x, y, own, _GLYPH * len(name), high, walls)
            if not any(box.meets(other) for other in taken.values())
        ]
        best = min(free, key=lambda box: box.cost, default=None)
        if best is not None and best.cost < _EACH_NEIGHBOUR * shared:
            taken[own] = best
    last = [own for own in np.argsort(ends, kind="stable").tolist() if own not in taken]
    apart = dict(zip(last, _a_line_apart(ends[last]), strict=True))
    return [
        taken[own].place if own in taken else Place(wide + _GAP, float(apart[own]))
        for own in range(len(names))
    ]


def _beside(
    x: Floats, y: Floats, own: int, width: float, high: float, walls: Sequence[float]
) -> Iterator[_Box]:
    """Boxes to the right and to the left of a curve, and how much of all curves and walls each covers."""
    low, top = _BETWEEN
    inside = np.flatnonzero((y[own] >= (1.0 - top) * high) & (y[own] <= (1.0 - low) * high))
    for at in inside[::3].tolist():
        middle, here = float(y[own, at]), float(x[at])
        for left in (here + _GAP, here - _GAP - width):
            if left >= 0.0 and left + width <= x[-1]:
                covered = _covered(x, y, left, width, middle, high)
                covered += _LINE * sum(left <= wall <= left + width for wall in walls)
                yield _Box(Place(left, middle), width, covered)


def _covered(x: Floats, y: Floats, left: float, width: float, middle: float, high: float) -> float:
    """Pixels of curves under a name; one more where it stands at the foot or the top of the plot."""
    here = (x >= left - 2.0) & (x <= left + width + 2.0)
    steep = np.abs(np.diff(y[:, here], axis=1, prepend=y[:, here][:, :1]))
    touched = np.abs(y[:, here] - middle) <= _LINE / 2.0 + steep
    return float(touched.sum()) + 2.0 * abs(middle / high - 0.5)


def _a_line_apart(ends: Floats) -> Floats:
    """Rising heights moved as little as can be (least squares) until they are a line apart.

    Pooling of adjacent violators, on the heights less a line for each name before.
    """
    pools: list[list[float]] = []
    for number, end in enumerate(ends):
        pools.append([float(end) - number * _LINE])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            later = pools.pop()
            pools[-1] += later
    level = [float(np.mean(pool)) for pool in pools for _ in pool]
    return np.array([height + number * _LINE for number, height in enumerate(level)])
