"""What comes out of an exact count: seats, who was admitted and why, the working, and the ties; and who comes
first among equal claims, as the rule's ``ties`` say step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from forecast.election.values import DecidedBy, TieRule

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


class Tie(NamedTuple):
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


class Admission(NamedTuple):
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


class Step(NamedTuple):
    """One division of seats: ``place`` is empty for the national one, else the district or the alliance."""

    place: str
    method: str
    seats: int
    lines: tuple[Line, ...]
    quota: Fraction | None = None


class Division(NamedTuple):
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


class Winner(NamedTuple):
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


Keys = tuple[Any, ...]
"""What decides between equal claims, the larger first."""


class Unit(NamedTuple):
    """One competitor for seats: a list or an alliance.

    ``votes`` as they count in the allocation, ``behind_quota`` those in the quota where they are others,
    ``order`` that of registration, ``held`` seats after which a divisor sequence begins, ``limit`` the
    seats it may have at most, ``floor`` those kept inside an alliance. ``wins`` is false for a list whose
    votes count for its alliance alone.
    """

    id: str
    votes: Fraction
    order: int
    held: int = 0
    limit: int | None = None
    floor: int = 0
    alliance: str | None = None
    sub_alliance: str | None = None
    behind_quota: Fraction | None = None
    wins: bool = True

    @property
    def electorate(self) -> Fraction:
        """The votes that this unit adds to the quota."""
        return self.votes if self.behind_quota is None else self.behind_quota


def precedence(ties: TieRule, votes: Fraction | int, seats: int, order: int) -> Keys:
    """What decides for a list with these votes, that holds ``seats`` so far, among equal claims.

    The last key is the order of registration, in which seats stand until a lot is drawn.
    """
    keys: list[Any] = []
    for step in ties:
        if step == "votes":
            keys.append(votes)
        elif step == "fewest-votes":
            keys.append(-votes)
        elif step == "no-seat":
            keys.append(seats == 0)
        else:
            break
    return (*keys, -order)


def decided_by(ties: TieRule, one: Keys, other: Keys) -> DecidedBy:
    """Which step of ``ties`` tells two equal claims apart."""
    return ties[next(i for i, keys in enumerate(zip(one, other, strict=True)) if keys[0] != keys[1])]


def first_among(
    units: Sequence[Unit],
    places: int,
    claim: Callable[[Unit], Any],
    *,
    what: str,
    place: str,
    decide: TieRule,
    smallest: bool = False,
    seats: Mapping[str, int] | None = None,
) -> tuple[list[Unit], list[Tie]]:
    """The ``places`` units with the largest claim, and the tie if there is one at the cut.

    Equal claims go by ``decide``; ``seats`` are those held so far. With ``smallest`` the order is turned
    round whole: seats are taken from the smallest claim, and of equal ones from the last.
    """
    known = seats or {}

    def keys(unit: Unit) -> Keys:
        return precedence(decide, unit.votes, known.get(unit.id, unit.held), unit.order)

    ranked = [(unit, claim(unit), keys(unit)) for unit in units]
    ranked.sort(key=lambda rank: (rank[1], rank[2]), reverse=not smallest)
    chosen, out = ranked[:places], ranked[places:]
    served = [unit for unit, *_ in chosen]
    if not chosen or not out:
        return served, []
    ahead, behind = (out[::-1], chosen[::-1]) if smallest else (chosen, out)
    tie = tie_at_the_cut(ahead, behind, what=what, place=place, decide=decide)
    return served, [tie] if tie else []


Ranked = tuple[Unit, Any, Keys]
"""A competitor, its claim, and what decides among equal ones."""


def tie_at_the_cut(
    chosen: Sequence[Ranked], out: Sequence[Ranked], *, what: str, place: str, decide: TieRule
) -> Tie | None:
    """The tie between the last that is served and the first that is not, both in falling order of claims."""
    (_, last_claim, last), (_, first_claim, first) = chosen[-1], out[0]
    if last_claim != first_claim:
        return None
    by = decided_by(decide, last, first)
    alike = last[: decide.index(by)]

    def tied(ranked: Sequence[Ranked]) -> list[Unit]:
        return [unit for unit, claim, keys in ranked if claim == last_claim and keys[: len(alike)] == alike]

    won, lost = tied(chosen), tied(out)
    return Tie(
        lists=tuple(unit.id for unit in sorted([*won, *lost], key=lambda unit: unit.order)),
        seats=len(won),
        won=tuple(unit.id for unit in sorted(won, key=lambda unit: unit.order)),
        decided_by=by,
        claim=what,
        place=place,
    )
