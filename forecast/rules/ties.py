"""Who comes first among equal claims: what the rule's ``ties`` say, step by step; and saying so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from forecast.election.values import DecidedBy, TieRule
from forecast.rules.outcome import Tie

Keys = tuple[Any, ...]
"""What decides between equal claims, the larger first."""


@dataclass(frozen=True)
class Unit:
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
