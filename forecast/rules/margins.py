"""How close the last seats were: the fewest extra votes that win a list its next seat.

The votes of the others stay and the base grows, so a list that gains may push another below the level. Found
by doubling and halving over whole votes with the exact count at every step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from forecast.election.rule import Rule
from forecast.rules.ballot import Ballot
from forecast.rules.reference import apply_rule


@dataclass(frozen=True)
class NextSeat:
    """``votes`` more for ``list`` and it ``gains`` so many seats, which ``losers`` give up."""

    list: str
    votes: int
    gains: int
    losers: Mapping[str, int]


def next_seat(rule: Rule, ballot: Ballot, name: str) -> NextSeat | None:
    """The fewest extra votes that win the list another seat; ``None`` where no number of votes would.

    ``None`` too where the question has no such answer: in districts it matters where votes are cast, and a
    house that grows to cover constituencies has no last seat. One vote fewer has been tried and does not
    suffice.
    """
    if rule.districts is not None or (rule.levelling is not None and rule.levelling.mode == "level"):
        return None
    before = apply_rule(rule, ballot).seats

    def wins(extra: int) -> bool:
        return _seats_with(rule, ballot, name, extra)[name] > before[name]

    most = 64 * (rule.seats + 1) * max(ballot.valid, ballot.registered or 0, 1)
    high = 1
    while not wins(high):
        high *= 2
        if high > most:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wins(middle) else (middle, high)
    while high > 1 and wins(high - 1):
        high -= 1
    after = _seats_with(rule, ballot, name, high)
    losers = {other: before[other] - seats for other, seats in after.items() if seats < before[other]}
    return NextSeat(name, high, after[name] - before[name], losers)


def next_seats(rule: Rule, ballot: Ballot) -> dict[str, NextSeat]:
    """``next_seat`` of every list that can win one, fewest votes first: how close the last seat was."""
    found = [next_seat(rule, ballot, entry.id) for entry in ballot.entries if entry.eligible]
    return {seat.list: seat for seat in sorted(filter(None, found), key=lambda seat: seat.votes)}


def with_extra_votes(ballot: Ballot, name: str, extra: int) -> Ballot:
    """The ballot with more votes for one list, and a total of valid votes that has grown with them."""
    entries = tuple(
        replace(entry, votes=entry.votes + extra) if entry.id == name else entry for entry in ballot.entries
    )
    total = None if ballot.valid_votes is None else ballot.valid_votes + extra
    return replace(ballot, entries=entries, valid_votes=total)


def _seats_with(rule: Rule, ballot: Ballot, name: str, extra: int) -> Mapping[str, int]:
    return apply_rule(rule, with_extra_votes(ballot, name, extra)).seats
