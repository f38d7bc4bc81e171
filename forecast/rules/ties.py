"""Who comes first among equal claims: more votes, then the order of registration or a lot; and saying so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from forecast.rules.outcome import DecidedBy, Tie


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
    behind_quota: Fraction | None = None
    wins: bool = True

    @property
    def electorate(self) -> Fraction:
        """The votes that this unit adds to the quota."""
        return self.votes if self.behind_quota is None else self.behind_quota


def first_among(
    units: Sequence[Unit],
    places: int,
    claim: Callable[[Unit], Any],
    *,
    what: str,
    place: str,
    decide: DecidedBy,
    smallest: bool = False,
) -> tuple[list[Unit], list[Tie]]:
    """The ``places`` units with the largest claim, and the tie if there is one at the cut.

    Equal claims: more votes first, then the earlier registered. With ``smallest`` the order is turned round
    whole: seats are taken from the smallest claim, fewer votes first, the later registered first.
    """
    ordered = sorted(units, key=lambda unit: (claim(unit), unit.votes, -unit.order), reverse=not smallest)
    chosen, out = ordered[:places], ordered[places:]
    if not chosen or not out:
        return chosen, []
    ahead, behind = (out[::-1], chosen[::-1]) if smallest else (chosen, out)
    tie = tie_at_the_cut(
        [(unit, claim(unit)) for unit in ahead],
        [(unit, claim(unit)) for unit in behind],
        what=what,
        place=place,
        decide=decide,
    )
    return chosen, [tie] if tie else []


def tie_at_the_cut(
    chosen: Sequence[tuple[Unit, Any]],
    out: Sequence[tuple[Unit, Any]],
    *,
    what: str,
    place: str,
    decide: DecidedBy,
) -> Tie | None:
    """The tie between the last that is served and the first that is not, both in falling order of claims."""
    (last, last_claim), (first, first_claim) = chosen[-1], out[0]
    if last_claim != first_claim:
        return None
    by_votes = last.votes != first.votes

    def tied(pairs: Sequence[tuple[Unit, Any]]) -> list[Unit]:
        return [
            unit for unit, claim in pairs if claim == last_claim and (by_votes or unit.votes == last.votes)
        ]

    won, lost = tied(chosen), tied(out)
    return Tie(
        lists=tuple(unit.id for unit in sorted([*won, *lost], key=lambda unit: unit.order)),
        seats=len(won),
        won=tuple(unit.id for unit in sorted(won, key=lambda unit: unit.order)),
        decided_by="votes" if by_votes else decide,
        claim=what,
        place=place,
    )
