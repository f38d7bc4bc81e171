"""The whole chamber of a real count: the lists as counted; the other tiers by the votes for their candidates,
or as the election file gives them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from forecast.election.values import normalised
from forecast.errors import ABSENT, PollDataError, suggest
from forecast.rules.outcome import Winner
from forecast.rules.tables import Row, parse_votes, party_names, read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from forecast.election import Election
    from forecast.election.rule import Rule
    from forecast.election.tiers_and_groups import ChamberTier
    from forecast.rules.ballot import Ballot, District
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
    winners: tuple[Winner, ...] = ()
    """Of a tier whose votes are counted, district by district."""


def tiers_won(election: Election, *, own: bool = True, districts: Sequence[District] = ()) -> dict[str, Won]:
    """Seats of every tier that has any: by the votes for candidates where the file names a table of them,
    else the official result; ``own``: whether the votes for lists are those of the file too. ``districts``
    are those of the rule, in which lists have their seats.

    Raises ``PollDataError`` for what is wrong with a table.
    """
    found: dict[str, Won] = {}
    for tier in election.tiers:
        if not tier.seats:
            continue
        if tier.table is not None:
            found[tier.id] = _counted(election, tier, tier.table, districts)
            continue
        said = []
        if tier.official and not own:
            said.append(
                f"{tier.name}: the {tier.seats} seats are those of the official result (tiers.{tier.id}."
                "official), whatever these votes are"
            )
        elif not tier.official and tier.how == "apart":
            said.append(
                f"{tier.name}: {tier.seats} of the {election.chamber_seats} seats of the chamber are not "
                f"counted here; tiers.{tier.id}.official gives who won them"
            )
        elif tier.how == "covered":
            said.append(
                f"{tier.name}: which winners the seats of their lists cover is not counted here; "
                f"tiers.{tier.id}.table gives the votes for candidates"
            )
        found[tier.id] = Won(dict(tier.official), tuple(said))
    return found


def _counted(election: Election, tier: ChamberTier, table: Path, districts: Sequence[District]) -> Won:
    """A tier by the votes for its candidates."""
    candidates = _Candidates(election, table, districts if tier.in_the_rule else ())
    seats = Counter(winner.holder for winner in candidates.winners)
    seats.update(tier.held)
    said = candidates.said
    if seats.total() != tier.seats:
        said.append(f"{tier.name}: {table} has {seats.total()} of its {tier.seats} seats")
    if tier.official and +seats != +Counter(tier.official):
        said.append(f"{tier.name}: the official result (tiers.{tier.id}.official) is another")
    left: Mapping[str, int] = candidates.left if tier.how == "compensated" else {}
    if left:
        said.append(_counted_for_lists(election, tier.name, left))
    return Won(dict(seats), tuple(said), left, tuple(candidates.winners))


def rule_beside(election: Election, won: Mapping[str, Won]) -> Rule:
    """The rule without the seats that groups won in tiers that are part of its house: independents keep
    theirs, and lists divide the others (Germany, BWahlG § 4 (2); New Zealand, Electoral Act 1993 s 191 (4)).
    """
    kept = sum(sum(seats.values()) for seats in _of_groups(election, won).values())
    return election.rule.model_copy(update={"seats": election.rule.seats - kept}) if kept else election.rule


def _of_groups(election: Election, won: Mapping[str, Won]) -> dict[str, dict[str, int]]:
    """Seats of groups by tier, of tiers whose winners hold seats of the rule."""
    names = {group.id for group in election.groups}
    found = {
        tier.id: {name: seats for name, seats in won[tier.id].seats.items() if name in names and seats}
        for tier in election.tiers
        if tier.in_the_rule and tier.table is not None and tier.id in won
    }
    return {tier: seats for tier, seats in found.items() if seats}


def with_tiers(election: Election, outcome: Outcome, won: Mapping[str, Won]) -> Outcome:
    """The outcome with the seats of the tiers apart from the lists, as far as they are known, and with the
    winners whom the seats of their lists do not cover.
    """
    known = {tier.id: won[tier.id].seats for tier in election.apart if tier.id in won}
    known |= _of_groups(election, won)
    uncovered = [
        winner
        for tier in election.tiers
        if tier.how == "covered" and tier.id in won
        for winner in _uncovered(election, outcome, won[tier.id].winners)
    ]
    tiers = {id: dict(seats) for id, seats in known.items() if seats}
    return replace(outcome, tiers=tiers, uncovered=tuple(uncovered))


def _uncovered(election: Election, outcome: Outcome, winners: Sequence[Winner]) -> Iterator[Winner]:
    """The winners beyond the seats of their list in their region: those with the smallest shares of the
    votes for candidates in their districts (Germany, BWahlG § 6 (1) as amended on 8 June 2023).
    """
    places = {place.name: place for place in outcome.districts}
    by_list: dict[tuple[str, str], list[Winner]] = {}
    for winner in winners:
        if winner.holder in outcome.seats:
            by_list.setdefault((winner.region, winner.holder), []).append(winner)
    for (region, holder), theirs in by_list.items():
        seats = places[region].of(holder) if region in places else outcome.seats[holder]
        yield from sorted(theirs, key=lambda winner: -winner.share)[seats:]


def with_winners(election: Election, ballot: Ballot, won: Mapping[str, Won]) -> Ballot:
    """The ballot with what its lists won in tiers whose votes are counted and whose winners count for them,
    and with the votes for candidates of compensated tiers.
    """
    left = Counter[str]()
    for tier in won.values():
        left.update(tier.left)
    if left:
        entries = tuple(replace(entry, candidate_votes=left[entry.id]) for entry in ballot.entries)
        ballot = replace(ballot, entries=entries)
    inside = [won[tier.id] for tier in election.tiers if tier.in_the_rule and tier.id in won]
    direct = Counter[str]()
    for tier in inside:
        direct.update(tier.seats if tier.winners else {})
    if not direct:
        return ballot
    entries = tuple(replace(entry, direct_seats=direct[entry.id]) for entry in ballot.entries)
    there = {district.name: Counter[str]() for district in ballot.districts}
    for winner in (winner for tier in inside for winner in tier.winners):
        if winner.region in there:
            there[winner.region][winner.holder] += 1
    places = tuple(replace(district, direct=there[district.name]) for district in ballot.districts)
    return replace(ballot, entries=entries, districts=places)


def _counted_for_lists(election: Election, name: str, left: Mapping[str, int]) -> str:
    votes = ", ".join(f"{party.name} {left[party.id]:,}" for party in election.parties if left.get(party.id))
    said = (
        f"{name}: votes for losers, and for winners beyond what they needed, count for their lists: {votes}"
    )
    lost = sum(votes for holder, votes in left.items() if holder not in election.by_id)
    return f"{said}; {lost:,} for candidates of no list count for none" if lost else said


class _Candidates:
    """Who has most votes in each district of a table, what to say of them, and the votes by party that
    elected nobody: a winner needs one vote more than the second. Ties go to the candidate who stands first.
    """

    def __init__(self, election: Election, path: Path, districts: Sequence[District]) -> None:
        self._election = election
        self._names = party_names(election) | {
            normalised(name): group.id
            for group in election.groups
            for name in (group.id, group.name, group.short, *group.names.values(), *group.aliases)
            if name
        }
        self._regions = {normalised(text): d.name for d in districts for text in (d.name, d.title) if text}
        self.winners: list[Winner] = []
        self.said: list[str] = []
        self.left = Counter[str]()
        by_district: dict[str, list[tuple[int, Row]]] = {}
        rows = read_rows(path, str(path), _NEEDED, (*_NEEDED, *_REMARKS))
        for row in rows:
            for column in _NEEDED:
                if not row.cells[column]:
                    row.fault(column, row.cells[column], "every row needs one")
            votes = row.read("votes", parse_votes, 0)
            by_district.setdefault(row.cells["district"], []).append((votes, row))
        for district, candidates in by_district.items():
            self._count(district, candidates)
        faults = [fault for row in rows for fault in row.faults]
        if faults:
            raise PollDataError(*faults)

    def _count(self, district: str, candidates: Sequence[tuple[int, Row]]) -> None:
        most = max(votes for votes, _ in candidates)
        first = [row for votes, row in candidates if votes == most]
        second = max((votes for votes, row in candidates if row is not first[0]), default=0)
        for votes, row in candidates:
            unused = votes if row is not first[0] else max(votes - second - 1, 0)
            self.left[self._names.get(normalised(row.cells["party"]), "")] += unused
        holder = self._names.get(normalised(first[0].cells["party"]))
        if holder is None:
            known = (*self._election.by_id, *(group.id for group in self._election.groups))
            remedy = f"won {district}, and is no party or group; {suggest(first[0].cells['party'], known)}"
            first[0].fault("party", first[0].cells["party"], remedy)
            return
        region = self._region(district, first[0])
        self.winners.append(Winner(district, region, holder, most, sum(votes for votes, _ in candidates)))
        if len(first) > 1:
            self.said.append(_tie(district, most, first))

    def _region(self, district: str, row: Row) -> str:
        """The district of the rule in which the lists of a winner have their seats."""
        said = row.cells.get("region", "")
        if not self._regions:
            return said
        found = self._regions.get(normalised(said or district))
        if found is None:
            remedy = (
                "the district of the rule that this one lies in is expected (rule.districts.table); "
                f"{suggest(said or district, list(self._regions.values()))}"
            )
            row.fault("region", said or ABSENT, remedy)
        return found or ""


def _tie(district: str, votes: int, first: Sequence[Row]) -> str:
    tied = " and ".join(row.cells["party"] for row in first)
    return (
        f"{district}: {tied} have {votes:,} votes each; the seat stands with the first until a lot is drawn"
    )
