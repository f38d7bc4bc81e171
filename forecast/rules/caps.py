"""The most seats that a list may get: the length of its list, a number of seats, or a share of the vote."""

from __future__ import annotations

from math import floor

from forecast.election.rule import Rule
from forecast.rules.ballot import Ballot, Entry


def limit_of(rule: Rule, ballot: Ballot, entry: Entry) -> int | None:
    """The smallest of the caps that apply to this list; ``None`` where none does.

    The cap by share is Georgia's of 2020: no more than 1.25 times the share of the votes for lists, of all
    150 seats, constituencies included.
    """
    limits = [entry.max_seats] if entry.max_seats is not None else []
    cap = rule.cap
    if cap is not None and cap.seats is not None:
        limits.append(cap.seats)
    if cap is not None and cap.share_factor is not None and cap.house is not None and ballot.for_lists:
        allowed = floor(cap.share_factor * entry.votes * cap.house / ballot.for_lists)
        limits.append(max(allowed - entry.direct_seats, 0))
    return min(limits) if limits else None
