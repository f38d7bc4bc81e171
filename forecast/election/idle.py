"""Keys of an election file that say something to a count and change nothing under its rule.

The schema takes them, since another rule of the same election (``--set``, a scenario, a sweep) may use them;
a reader is told, since a law that was meant is then not the one that is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from forecast.election.schema import Election, Party


class Idle(NamedTuple):
    """A key that is given and changes nothing, and why; ``graver``: seats or votes were meant by it."""

    path: str
    why: str
    graver: bool = False


def idle_keys(election: Election) -> list[Idle]:
    """Every such key of the parties and of the rule, in the order of the file."""
    shared = Counter(party.alliance for party in election.parties if party.alliance)
    of_parties = [idle for party in election.parties for idle in _of_party(election, party, shared)]
    return [*of_parties, *_of_rule(election, shared)]


def _of_party(election: Election, party: Party, shared: Counter[str]) -> Iterator[Idle]:
    rule = election.rule
    threshold, path = rule.threshold, f"parties.{party.id}"
    allied = rule.alliances is not None and shared[party.alliance] > 1
    if party.alliance and rule.alliances is None:
        yield Idle(f"{path}.alliance", "the rule has no [rule.alliances]: every list stands alone", True)
    elif party.alliance and not allied:
        yield Idle(f"{path}.alliance", "no other list has this alliance")
    if party.min_seats and rule.levelling is None and not allied:
        yield Idle(
            f"{path}.min_seats",
            "without [rule.levelling], and outside an alliance, no seats are kept for a list",
            True,
        )
    by_cap = rule.cap is not None and rule.cap.share_factor is not None
    by_waiver = threshold is not None and threshold.or_direct_seats is not None
    if party.direct_seats and rule.levelling is None and not by_cap and not by_waiver:
        yield Idle(
            f"{path}.direct_seats", "neither [rule.levelling] nor a waiver or cap of the rule reads it"
        )
    if party.best_region_share is not None and (threshold is None or threshold.or_regional_share is None):
        yield Idle(f"{path}.best_region_share", "the rule has no threshold.or_regional_share")
    if party.members > 1 and (threshold is None or not threshold.by_members):
        yield Idle(f"{path}.members", "the rule has no threshold.by_members")


def _of_rule(election: Election, shared: Counter[str]) -> Iterator[Idle]:
    rule, threshold = election.rule, election.rule.threshold
    kinds = {party.kind for party in election.parties}
    for kind in (kind for kind in rule.weights if kind not in kinds):
        yield Idle(f"rule.weights.{kind}", f"no party is of the kind {kind}")
    if rule.alliances is not None and max(shared.values(), default=0) < 2:
        yield Idle("rule.alliances", "no two parties have the same alliance")
    if threshold is None:
        return
    for kind in (kind for kind in threshold.by_kind if kind not in kinds):
        yield Idle(f"rule.threshold.by_kind.{kind}", f"no party is of the kind {kind}")
    most = max(party.members for party in election.parties)
    for members in (members for members in threshold.by_members if members > most):
        yield Idle(f"rule.threshold.by_members.{members}", f"no party has so many members (most: {most})")
    tabled = rule.districts is not None and rule.districts.direct is not None
    if (
        threshold.or_direct_seats is not None
        and not tabled
        and not election.levelled
        and not any(p.direct_seats for p in election.parties)
    ):
        yield Idle("rule.threshold.or_direct_seats", "no party has direct_seats, so that it admits nobody")
    if threshold.or_regional_share is not None and not any(p.best_region_share for p in election.parties):
        yield Idle("rule.threshold.or_regional_share", "no party has best_region_share: it admits nobody")
