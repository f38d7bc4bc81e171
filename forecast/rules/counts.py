"""A real count as a person has it: election file, table of votes, perhaps by district, read into a ballot;
and such files, and files of cases, checked against official seats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from forecast.door.arguments import made_by, whole
from forecast.election import Election, load_election
from forecast.election.notes import warnings_on
from forecast.election.references import excess_under
from forecast.errors import ABSENT, ConfigurationError, Fault, ForecastError, PollDataError, suggest
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.case_files import Verification, read_cases, verify
from forecast.rules.counted_chamber import Won, rule_beside, tiers_won, with_tiers, with_winners
from forecast.rules.district_table import DistrictTable, OfficialSeats, read_districts
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule
from forecast.rules.remarks import (
    against_districts,
    differences,
    has_official_seats,
    key_of,
    more_than_registered,
    not_counted,
    remarks_on,
    with_total,
)
from forecast.rules.tables import RowsOfParties, entry_of, rows_of_parties
from forecast.rules.thresholds import missing_totals

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
