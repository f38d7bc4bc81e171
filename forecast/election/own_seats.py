"""Seats that a party holds whatever its votes, against the house: more of them than there are is a slip.

Seats added at the very end (``extra_seats``) are another matter: they may be those of a larger chamber, of
which the rule hands out a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from forecast.election.rule import Rule

HELD_SEATS = ("direct_seats", "min_seats")
"""Keys of a party that give it seats of the house, as ``Holder`` has them."""


class Holder(NamedTuple):
    """Seats of its own that one party has in the house: constituencies, a minimum."""

    direct_seats: int
    min_seats: int


class Excess(NamedTuple):
    """More seats than the house has: the place of the party in its list (``None``: all together), the key."""

    holder: int | None
    key: str
    seats: int
    remedy: str


def excess_under(rule: Rule, holders: Sequence[object]) -> Iterator[Excess]:
    """What parties of an election file, or entries of a ballot, hold beyond the house of a rule."""
    held = [Holder(*(getattr(holder, key) for key in HELD_SEATS)) for holder in holders]
    start = (rule.levelling and rule.levelling.start_seats) or 0
    return beyond_the_house(held, rule.seats, start, levelled=rule.levelling_mode is not None)


def beyond_the_house(
    holders: Sequence[Holder], seats: int, start_seats: int = 0, *, levelled: bool = False
) -> Iterator[Excess]:
    """What parties hold beyond the ``seats`` that the rule hands out, one by one and together.

    Constituencies won are seats of that house only where the rule sets them against the share
    (``levelled``, from ``start_seats`` on where that is given); elsewhere they may merely admit a list.
    """
    for key in HELD_SEATS:
        if key == "direct_seats" and not levelled:
            continue
        house = max(seats, start_seats) if key == "direct_seats" else seats
        held = [getattr(holder, key) for holder in holders]
        alone = [(at, number) for at, number in enumerate(held) if number > house]
        for at, number in alone:
            remedy = f"more seats than the {house} that the rule hands out (rule.seats); is this a slip?"
            yield Excess(at, key, number, remedy)
        if not alone and sum(held) > house:
            remedy = f"{key} of all parties together are more than the {house} that the rule hands out"
            yield Excess(None, key, sum(held), f"{remedy} (rule.seats); is one a slip?")
