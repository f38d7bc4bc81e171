"""What comes out of an exact count: seats, who was admitted and why, the working, and the ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from forecast.election.values import DecidedBy

Ground = Literal[
    "no threshold",
    "level",
    "exempt",
    "direct seats",
    "regional share",
    "district share",
    "district seats",
    "regions",
    "alliance",
    "next-largest",
    "nobody passed",
    "below the level",
    "counts for its alliance",
    "cannot win seats",
]


UNLISTED = "not listed"


@dataclass(frozen=True)
class Tie:
    """Equal claims to the last seats.

    ``lists`` have the same claim and ``seats`` of them could be served; ``won`` were. Where a lot decides, or
    the precincts that a list won, that is not ours to say: the seats stand provisionally in the order of
    registration.
    """

    lists: tuple[str, ...]
    seats: int
    won: tuple[str, ...]
    decided_by: DecidedBy
    claim: str
    place: str = ""

    @property
    def provisional(self) -> bool:
        """Whether a lot must still be drawn, or precincts counted."""
        return self.decided_by in ("lot", "precincts")


@dataclass(frozen=True)
class Admission:
    """Whether a list takes part, on what ground, and the votes its level asks for (``None``: no level).

    ``allied``: it does so with its alliance; a list whose alliance takes no part stands for itself.
    """

    admitted: bool
    ground: Ground
    level: Fraction | None = None
    needed: Fraction | None = None
    factor: Fraction = Fraction(1)
    """What the votes of the list count in the allocation (``threshold.runner_up_factor``)."""
    allied: bool = True


@dataclass(frozen=True)
class Line:
    """The working for one list: whole quotas and remainder, or the last quotient that won and the next one.

    Quotients are exact, except for divisors with roots, where they are rounded for display.
    """

    id: str
    votes: Fraction
    seats: int
    whole: int | None = None
    remainder: Fraction | None = None
    last_quotient: Fraction | float | None = None
    next_quotient: Fraction | float | None = None


@dataclass(frozen=True)
class Step:
    """One division of seats: ``place`` is empty for the national one, else the district or the alliance."""

    place: str
    method: str
    seats: int
    lines: tuple[Line, ...]
    quota: Fraction | None = None


@dataclass(frozen=True)
class Division:
    """Seats given to each list, with the working and the ties.

    ``order`` names the list of each seat, in the order in which a divisor method gave them, or a quota method
    those left over, and ``claims`` with what it won it.
    """

    seats: Mapping[str, int]
    steps: tuple[Step, ...] = ()
    ties: tuple[Tie, ...] = ()
    order: tuple[str, ...] = ()
    claims: tuple[object, ...] = ()


@dataclass(frozen=True)
class DistrictSeats:
    """What one district gave: ``seats`` are its own, ``fixed`` and ``levelling`` by list.

    ``direct`` are constituencies held besides.
    """

    name: str
    seats: int
    fixed: Mapping[str, int]
    levelling: Mapping[str, int] = field(default_factory=dict)
    direct: Mapping[str, int] = field(default_factory=dict)

    @property
    def unfilled(self) -> int:
        """Seats of the district that no list holds."""
        return max(self.seats - sum(self.fixed.values()), 0)

    def of(self, name: str) -> int:
        """All seats of a list there."""
        return sum(seats.get(name, 0) for seats in (self.fixed, self.levelling, self.direct))


@dataclass(frozen=True)
class Winner:
    """Who has most votes in a single-member district; ``region`` is where the seats of lists are placed."""

    district: str
    region: str
    holder: str
    """Id of the party or group."""
    votes: int
    valid: int

    @property
    def share(self) -> Fraction:
        """Share of the valid votes for candidates there."""
        return Fraction(self.votes, max(self.valid, 1))


@dataclass(frozen=True)
class Outcome:
    """The result of a count. ``seats`` has every entry of the ballot, in its order.

    ``void``: nobody with votes was admitted, no seat is given. ``unfilled`` seats found no list that may take
    them. ``bonus`` and ``held`` name the seats that did not come from the division. ``districts`` are seats
    by district and list; ``unplaced`` those of each list that are in no district, where the rule has them.
    """

    seats: Mapping[str, int]
    admissions: Mapping[str, Admission]
    steps: tuple[Step, ...] = ()
    ties: tuple[Tie, ...] = ()
    bonus: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    base: int | None = None
    unfilled: int = 0
    void: bool = False
    districts: tuple[DistrictSeats, ...] = ()
    unplaced: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)
    """Votes that count for nobody where seats are divided, by option of the ballot; ``UNLISTED`` for those of
    the total that no row has.
    """
    tiers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Seats of each tier of the chamber beside the lists, by party and group, as the election file gives
    them.
    """
    uncovered: tuple[Winner, ...] = ()
    """Winners of districts who have no seat, since the seats of their list in their region do not cover them.
    """
    warnings: tuple[str, ...] = ()
    """What a reader must know of how the votes were read and counted (``forecast.count``)."""

    @property
    def admitted(self) -> tuple[str, ...]:
        """Lists that took part, in the order of the ballot."""
        return tuple(name for name, admission in self.admissions.items() if admission.admitted)

    @property
    def house(self) -> int:
        """Seats given in all."""
        return sum(self.seats.values())

    @property
    def chamber(self) -> Mapping[str, int]:
        """Seats of the whole chamber by party and group: of the lists, and of the tiers beside them."""
        whole = dict(self.seats)
        for seats in self.tiers.values():
            for holder, number in seats.items():
                whole[holder] = whole.get(holder, 0) + number
        return whole
