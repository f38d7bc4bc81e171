"""What goes into a count: the votes of every option on the ballot, totals, and districts where needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from forecast.election.vocabulary import ELIGIBLE_KINDS, Kind


@dataclass(frozen=True)
class Entry:
    """One option on the ballot: a list, or one of the two kinds that can win nothing.

    ``direct_seats`` are constituencies won, ``min_seats`` seats kept in any case, ``max_seats`` the length of
    the list, ``extra_seats`` what is added at the end, ``best_region_share`` the best share in one region.
    """

    id: str
    votes: int
    kind: Kind = "party"
    members: int = 1
    alliance: str | None = None
    direct_seats: int = 0
    min_seats: int = 0
    max_seats: int | None = None
    extra_seats: int = 0
    best_region_share: Fraction | None = None

    @property
    def eligible(self) -> bool:
        """Whether this option can win seats at all."""
        return self.kind in ELIGIBLE_KINDS

    @property
    def held(self) -> int:
        """Seats that the list has before the national seats are divided."""
        return max(self.direct_seats, self.min_seats)


@dataclass(frozen=True)
class District:
    """One constituency: its seats or its population, votes by list, and the seats won there directly."""

    name: str
    votes: Mapping[str, int]
    seats: int | None = None
    population: int | None = None
    direct: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ballot:
    """A whole count. Totals not stated are ``None``; the order of ``entries`` is that of registration."""

    entries: tuple[Entry, ...]
    valid_votes: int | None = None
    invalid_votes: int | None = None
    registered: int | None = None
    districts: tuple[District, ...] = ()

    @property
    def valid(self) -> int:
        """Votes for lists and against all: as stated, else the sum of the entries."""
        return (
            self.valid_votes if self.valid_votes is not None else sum(entry.votes for entry in self.entries)
        )

    @property
    def for_lists(self) -> int:
        """Votes for lists alone, of those that are not listed one by one too."""
        return sum(entry.votes for entry in self.entries if entry.kind != "none-of-the-above")
