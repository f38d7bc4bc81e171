"""A real count as a person has it: election file, table of votes, perhaps by district, read into a ballot;
the whole chamber, with other tiers by the votes for their candidates or as the election file gives them; and
such files, and files of cases, checked against official seats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.door.arguments import made_by, whole
from forecast.election import Election, load_election
from forecast.election.notes import warnings_on
from forecast.election.references import excess_under
from forecast.election.values import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, ForecastError, PollDataError, suggest
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.case_files import Verification, differences, read_cases, verify
from forecast.rules.outcome import Outcome, Winner
from forecast.rules.reference import apply_rule
from forecast.rules.remarks import (
    against_districts,
    has_official_seats,
    key_of,
    more_than_registered,
    not_counted,
    remarks_on,
    with_total,
)
from forecast.rules.tables import (
    DistrictTable,
    OfficialSeats,
    Row,
    RowsOfParties,
    entry_of,
    parse_votes,
    party_names,
    read_districts,
    read_rows,
    rows_of_parties,
)
from forecast.rules.thresholds import missing_totals

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
        entries = tuple(entry._replace(candidate_votes=left[entry.id]) for entry in ballot.entries)
        ballot = replace(ballot, entries=entries)
    inside = [won[tier.id] for tier in election.tiers if tier.in_the_rule and tier.id in won]
    direct = Counter[str]()
    for tier in inside:
        direct.update(tier.seats if tier.winners else {})
    if not direct:
        return ballot
    entries = tuple(entry._replace(direct_seats=direct[entry.id]) for entry in ballot.entries)
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


MOST_VOTES = 10**12
"""Of a list, from a Python program: there are fewer people."""


@dataclass(frozen=True)
class Count:
    """A ballot ready to be counted, and what a reader should know about how it was read.

    ``not_counted`` are keys that are given and count for nothing under this rule; ``official`` the seats that
    the table itself names, ``official_districts`` those of the table by district.
    """

    ballot: Ballot
    place: str
    warnings: tuple[str, ...] = ()
    not_counted: tuple[str, ...] = ()
    official: Mapping[str, int] = field(default_factory=dict)
    won: Mapping[str, Won] = field(default_factory=dict)
    """Seats of the tiers of the chamber beside the lists, by id."""
    official_districts: Mapping[tuple[str, str], OfficialSeats] = field(default_factory=dict)


def count(election: Election, votes: str | Path | Mapping[str, int] | None = None) -> Outcome:
    """Seats of a real count, by exact arithmetic.

    Parameters
    ----------
    election
        As ``load_election`` gives it.
    votes
        A table of votes (CSV), or votes by id of the party. Default: the result that the election file names.

    Returns
    -------
    Outcome
        ``seats`` by id, who was admitted and why, the working, the ties; what to mind in ``warnings``.

    Raises
    ------
    ConfigurationError
        Where the rule needs a total that is not known, and for votes that are none.
    PollDataError
        With every fault of the table.
    """
    made_by("load_election", election=election)
    ready = counted_from(election, votes) if isinstance(votes, Mapping) else read_count(election, votes)
    found = outcome_of(election, ready)
    said = warnings_on(election, ready.warnings, remarks_on(election, ready.ballot, found, ready.official))
    return replace(found, warnings=tuple(said))


def outcome_of(election: Election, ready: Count) -> Outcome:
    """The seats of a ballot: of its lists by the rule, and of the tiers of the chamber.

    Raises ``ConfigurationError`` where the rule needs what the ballot lacks.
    """
    outcome = apply_rule(rule_beside(election, ready.won), ready.ballot)
    return with_tiers(election, outcome, ready.won)


def counted_from(election: Election, votes: Mapping[str, int]) -> Count:
    """The ballot of votes by id of the party; ``ConfigurationError`` with every one that is none."""
    faults = [
        Fault("votes", "", name, f"no such party; {suggest(str(name), election.by_id)}")
        for name in votes
        if name not in election.by_id
    ]
    entries: dict[str, Entry] = {}
    for name, number in votes.items():
        try:
            entries[name] = entry_of(election.by_id[name], whole(f"votes of {name}", number, 0, MOST_VOTES))
        except KeyError:
            continue
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(*faults)
    return _ready(election, RowsOfParties(entries, {}), "votes", own=False, settings=())


def read_count(election: Election, votes: str | Path | None = None, settings: Sequence[str] = ()) -> Count:
    """The ballot of an election from its own result table, or from another table of ``votes``.

    Where the file names no result and a table by district, the votes of that are added up. The totals of the
    election file count with either; ``settings`` are those of ``--set`` that it was read with, of which each
    counts or is named. Raises ``PollDataError`` for what is wrong with a table, ``ConfigurationError`` where
    the election file names none, lacks a total that the rule's base needs, or names one that these votes
    cannot have.
    """
    facts = election.election
    path = Path(votes) if votes is not None else facts.result
    table = _table_of(election)
    if path is not None:
        rows = rows_of_parties(election, path)
    elif table is not None:
        path, rows = Path(table.place), _added_up(election, table)
    else:
        remedy = 'no table of votes: name one here (result = "x.csv") or with --votes'
        raise ConfigurationError(Fault(election.place, "election.result", ABSENT, remedy))
    own = votes is None or _same_file(path, facts.result)
    return _ready(election, rows, str(path), own=own, table=table, settings=settings)


def _ready(
    election: Election,
    rows: RowsOfParties,
    place: str,
    *,
    own: bool,
    settings: Sequence[str],
    table: DistrictTable | None = None,
) -> Count:
    """The ballot of the rows of a table, with the totals of the election file."""
    facts = election.election
    ballot = Ballot(
        tuple(rows.entries.get(party.id) or entry_of(party, 0) for party in election.parties),
        invalid_votes=facts.invalid_votes,
        registered=facts.registered,
        districts=table.districts if table is not None else (),
        alliance_votes=rows.alliances,
    )
    won = tiers_won(election, own=own, districts=ballot.districts)
    ballot = with_winners(election, ballot, won)
    _refuse_more_than_the_house(election, ballot)
    missing = [party.name for party in election.parties if party.id not in rows.entries]
    warnings = [*rows.said, *(f"{place}: no row for {name}: counted with 0 votes" for name in missing)]
    given = any(key_of(setting) == "election.valid_votes" for setting in settings)
    ballot, said = with_total(election, ballot, place, own=own, given=given, known=rows.valid)
    warnings += [*said, *against_districts(election, ballot, own=own), *more_than_registered(ballot)]
    _require_totals(election, ballot)
    typed, written = not_counted(election, settings, replaced=not own)
    warnings += [f"--set {setting}: this does not count here, {why}" for setting, why in typed]
    warnings += [line for tier in won.values() for line in tier.said]
    by_place = table.official if table is not None and own else {}
    return Count(ballot, place, tuple(warnings), written, rows.official, won, by_place)


def _table_of(election: Election) -> DistrictTable | None:
    rule = election.rule.districts
    return None if rule is None or rule.table is None else read_districts(election, rule.table)


def _same_file(path: Path, result: Path | None) -> bool:
    """Whether the votes are those of the result that the election file names, whatever way they are named."""
    return result is not None and path.resolve() == result.resolve()


def _added_up(election: Election, table: DistrictTable) -> RowsOfParties:
    """The votes of all districts together, and official seats where every district has them."""
    votes, alliances, seats = Counter[str](), Counter[str](), Counter[str]()
    for district in table.districts:
        votes.update(district.votes)
        alliances.update(district.alliance_votes)
    for (_, party), official in table.official.items():
        seats[party] += official.seats or 0
    said = {name for name, official in table.official.items() if official.seats is not None}
    whole = {place for place, _ in said} == {
        district.name for district in table.districts if district.seats != 0
    }
    entries = {party.id: entry_of(party, votes[party.id]) for party in election.parties if party.id in votes}
    return RowsOfParties(
        entries,
        {name: seats[name] for name in entries} if whole else {},
        alliances,
        sum(district.valid for district in table.districts),
    )


def _refuse_more_than_the_house(election: Election, ballot: Ballot) -> None:
    """The table may give a party seats of its own; those of the election file have been checked."""
    faults = [
        Fault(
            election.place,
            "parties"
            if excess.holder is None
            else f"parties.{ballot.entries[excess.holder].id}.{excess.key}",
            excess.seats,
            excess.remedy,
        )
        for excess in excess_under(election.rule, ballot.entries)
    ]
    if faults:
        raise PollDataError(*faults)


def _require_totals(election: Election, ballot: Ballot) -> None:
    faults = [
        Fault(election.place, f"election.{name}", ABSENT, f"rule.{remedy}")
        for name, remedy in missing_totals(election.rule, ballot)
    ]
    if election.rule.districts is not None and not ballot.districts:
        remedy = 'the rule divides seats by district: name a table of votes by district (table = "x.csv")'
        faults.append(Fault(election.place, "rule.districts.table", ABSENT, remedy))
    if faults:
        raise ConfigurationError(*faults)


_ELECTION = ".toml"


def verify_all(paths: Sequence[Path]) -> Verification:
    """Files of cases, election files and folders of these, one after the other.

    An election file is a case where its tables have official seats; one without them is named as not checked.
    Raises ``ConfigurationError`` where a file of cases is none, or where nothing at all can be checked.
    """
    found = Verification(0, (), ())
    for path in paths:
        for file in sorted(path.glob(f"*{_ELECTION}")) if path.is_dir() else [path]:
            found += _verify_election(file) if file.suffix.lower() == _ELECTION else verify(read_cases(file))
    if not found.cases:
        place = ", ".join(str(path) for path in paths)
        remedy = "nothing to check: no case, and no election file whose tables have official seats"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))
    return found


def _verify_election(path: Path) -> Verification:
    """One election file; what keeps it from being counted is its reason."""
    try:
        election = load_election(path)
        name = election.election.id
        facts = election.election
        table = election.rule.districts.table if election.rule.districts is not None else None
        if facts.result is None and table is None:
            return Verification(0, (), (), unchecked=(name,))
        count = read_count(election)
        if not has_official_seats(count):
            return Verification(0, (), (), unchecked=(name,))
        outcome = outcome_of(election, count)
        wrong = tuple(differences(name, count.official, count.official_districts, outcome))
    except ForecastError as error:
        reasons = "; ".join(str(fault) for fault in error.faults)
        return Verification(1, (), (), unsupported=((str(path), reasons),))
    notes = tuple((name, said) for said in count.warnings)
    return Verification(1, () if wrong else (name,), wrong, notes=notes)
