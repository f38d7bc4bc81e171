"""The district tier of a rule as the core reads it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.laws import Constraints

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class SeatTable:
    """What a rule has to know of D districts besides their votes."""

    names: tuple[str, ...]
    seats: Numbers
    """(D,) 0 where a district has none of its own (votes from abroad)."""
    regions: tuple[str, ...]
    """(D,) name of the region, "" where there is none."""
    levelling: Numbers
    """(D,) levelling seats that it takes, -1 where the table does not say."""


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
class PlacingStep:
    """One step of bringing levelling seats to places: P of them inside Q larger ones."""

    record: NDArray[np.void]
    """(1,) ``forecast.kernels.place_levelling.PLACING``."""
    place_of: Numbers
    """(D,) number of the place that a district is or is in."""
    parent_of: Numbers
    """(P,) number of the place of the step before; 0 where the nation is that."""
    room: Numbers
    """(P,) seats that it takes."""
    houses: Numbers
    """(P,) its fixed seats."""


@dataclass(frozen=True)
class Tier:
    """How seats are divided in D districts."""

    houses: Numbers
    """(D,) seats of each."""
    record: NDArray[np.void]
    """(1,) ``forecast.kernels.laws.RULE``, of which the allocation counts."""
    who: int
    """Who takes part in a district: ``forecast.kernels.count_places.EVERYONE`` and its kin."""
    constraints: Constraints | None = None
    """What stands around the division in every district."""
    local: LocalLevels | None = None
    levelled: bool = False
    """Whether the other seats are divided nationally, by the rule itself, around those of the districts."""
    returns: bool = False
    """Whether lists give seats back that they hold beyond their share."""
    placing: tuple[PlacingStep, ...] = ()
    by_votes: NDArray[np.void] | None = None
    """(1,) How the seats of districts are divided among these by the votes of the day, where they are."""
    total: int = 0
    """Seats of all districts."""
    leftover: NDArray[np.void] | None = None
    """(1,) How the seats that whole quotas leave are divided by the remainders of all districts, if they are.
    """
    shares_abroad: bool = False
    """Whether votes of districts without seats count in the others."""
    totals_first: bool = False
    """Whether the rule divides all seats nationally, and districts only place them."""
    waivers: tuple[int, int] = (0, 0)
    """Seats in districts, and regions at a quota, that let a list in below its level."""
    region_of: Numbers | None = None
    """(D,) number of the region, where the rule knows any."""

    @property
    def divides_nationally(self) -> bool:
        """Whether the rule itself divides seats, beside the districts or before them."""
        return self.levelled or self.totals_first

    @property
    def most_seats(self) -> int:
        """No list has more in a district."""
        if self.by_votes is not None or self.totals_first:
            return self.total
        return int(self.houses.max(initial=0)) + max(
            (int(step.room[step.place_of].max(initial=0)) for step in self.placing), default=0
        )
