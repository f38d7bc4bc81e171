"""The whole chamber of a real count: the lists as counted; the other tiers by the votes for their candidates,
or as the election file gives them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from forecast.election.texts import normalised
from forecast.errors import PollDataError, suggest
from forecast.rules.tables import Row, parse_votes, party_names, read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from forecast.election import Election
    from forecast.rules.ballot import Ballot
    from forecast.rules.outcome import Outcome

_NEEDED = ("district", "party", "votes")
_REMARKS = ("name", "region", "candidate", "note", "source")


@dataclass(frozen=True)
class Won:
    """Seats of a tier by party and group, and what a reader must know of how they came about."""

    seats: Mapping[str, int]
    said: tuple[str, ...] = ()
    left: Mapping[str, int] = field(default_factory=dict)
    """Votes by party that elected nobody: those for losers, and those for winners beyond what they needed."""


def tiers_won(election: Election, *, own: bool = True) -> dict[str, Won]:
    """Seats of every tier that has any: by the votes for candidates where the file names a table of them,
    else the official result; ``own``: whether the votes for lists are those of the file too.

    Raises ``PollDataError`` for what is wrong with a table.
    """
    found: dict[str, Won] = {}
    for tier in election.tiers:
        if not tier.seats:
            continue
        seats, said, left = dict(tier.official), [], Counter[str]()
        if tier.table is not None:
            seats, said, left = _by_plurality(election, tier.table)
            seats = {name: seats[name] + tier.held.get(name, 0) for name in {**seats, **tier.held}}
            if sum(seats.values()) != tier.seats:
                said.append(f"{tier.name}: {tier.table} has {sum(seats.values())} of its {tier.seats} seats")
            if tier.official and {name: n for name, n in seats.items() if n} != {
                name: n for name, n in tier.official.items() if n
            }:
                said.append(f"{tier.name}: the official result (tiers.{tier.id}.official) is another")
        elif tier.official and not own:
            said.append(
                f"{tier.name}: the {tier.seats} seats are those of the official result (tiers.{tier.id}."
                "official), whatever these votes are"
            )
        elif not tier.official and tier.how == "apart":
            said.append(
                f"{tier.name}: {tier.seats} of the {election.chamber_seats} seats of the chamber are not "
                f"counted here; tiers.{tier.id}.official gives who won them"
            )
        if tier.how == "compensated":
            said.append(_counted_for_lists(election, tier.name, left))
        found[tier.id] = Won(seats, tuple(said), left if tier.how == "compensated" else {})
    return found


def with_tiers(election: Election, outcome: Outcome, won: Mapping[str, Won]) -> Outcome:
    """The outcome with the seats of the tiers apart from the lists, as far as they are known."""
    known = {tier.id: won[tier.id].seats for tier in election.apart if tier.id in won}
    return replace(outcome, tiers={id: dict(seats) for id, seats in known.items() if seats})


def with_winners(election: Election, ballot: Ballot, won: Mapping[str, Won]) -> Ballot:
    """The ballot with what its lists won in levelled tiers whose votes are counted, and with the votes for
    candidates of compensated tiers.
    """
    left = Counter[str]()
    for tier in won.values():
        left.update(tier.left)
    if left:
        entries = tuple(replace(entry, candidate_votes=left[entry.id]) for entry in ballot.entries)
        ballot = replace(ballot, entries=entries)
    direct = Counter[str]()
    for tier in election.levelled:
        if tier.table is not None:
            direct.update(won[tier.id].seats)
    if not direct:
        return ballot
    entries = tuple(replace(entry, direct_seats=direct[entry.id]) for entry in ballot.entries)
    return replace(ballot, entries=entries)


def _counted_for_lists(election: Election, name: str, left: Mapping[str, int]) -> str:
    votes = ", ".join(f"{party.name} {left[party.id]:,}" for party in election.parties if left.get(party.id))
    return (
        f"{name}: votes for losers, and for winners beyond what they needed, count for their lists: {votes}"
    )


def _by_plurality(election: Election, path: Path) -> tuple[Counter[str], list[str], Counter[str]]:
    """Seats of those who have most votes in their districts, what to say of them, and the votes by party that
    elected nobody: a winner needs one vote more than the second. Ties go to the candidate who stands first.
    """
    names = party_names(election) | {
        normalised(name): group.id
        for group in election.groups
        for name in (group.id, group.name, group.short, *group.names.values(), *group.aliases)
        if name
    }
    by_district: dict[str, list[tuple[int, Row]]] = {}
    rows = read_rows(path, str(path), _NEEDED, (*_NEEDED, *_REMARKS))
    for row in rows:
        for column in _NEEDED:
            if not row.cells[column]:
                row.fault(column, row.cells[column], "every row needs one")
        votes = row.read("votes", parse_votes, 0)
        by_district.setdefault(row.cells["district"], []).append((votes, row))
    won, said, left = Counter[str](), [], Counter[str]()
    for district, candidates in by_district.items():
        most = max(votes for votes, _ in candidates)
        first = [row for votes, row in candidates if votes == most]
        second = max((votes for votes, row in candidates if row is not first[0]), default=0)
        for votes, row in candidates:
            unused = votes if row is not first[0] else max(votes - second - 1, 0)
            left[names.get(normalised(row.cells["party"]), "")] += unused
        holder = names.get(normalised(first[0].cells["party"]))
        if holder is None:
            known = (*election.by_id, *(group.id for group in election.groups))
            remedy = f"won {district}, and is no party or group; {suggest(first[0].cells['party'], known)}"
            first[0].fault("party", first[0].cells["party"], remedy)
            continue
        won[holder] += 1
        if len(first) > 1:
            said.append(_tie(district, most, first))
    faults = [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*faults)
    return won, said, left


def _tie(district: str, votes: int, first: Sequence[Row]) -> str:
    tied = " and ".join(row.cells["party"] for row in first)
    return (
        f"{district}: {tied} have {votes:,} votes each; the seat stands with the first until a lot is drawn"
    )
