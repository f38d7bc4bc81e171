"""The district tier of a rule as the core reads it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class LocalLevels:
    """Levels that lists must reach in a place: a district, or a region of several."""

    record: NDArray[np.void]
    """(1,) ``forecast.kernels.laws.RULE``, of which the threshold counts."""
    numerators: Floats
    """(K,)"""
    denominators: Floats
    place_of: Numbers
    """(D,) number of the place that a district is in."""

    @property
    def places(self) -> int:
        """How many these are."""
        return int(self.place_of.max()) + 1


@dataclass(frozen=True)
class Tier:
    """How seats are divided in D districts."""

    houses: Numbers
    """(D,) seats of each."""
    record: NDArray[np.void]
    """(1,) ``forecast.kernels.laws.RULE``, of which the allocation counts."""
    who: int
    """Who takes part in a district: ``forecast.kernels.districts.EVERYONE`` and its kin."""
    local: LocalLevels | None = None
    levelled: bool = False
    """Whether the other seats are divided nationally, by the rule itself, around those of the districts."""

    @property
    def most_seats(self) -> int:
        """No list has more in a district."""
        return int(self.houses.max(initial=0))
