"""What a reader must know of a count: which totals beside the votes count, and whether they agree; what the
authorities made of it, what it leaves aside, and where the rule as written is not obeyed to the letter.

These sentences go beside the seats wherever they are shown; names are those that readers know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from forecast.election.methods import divisors_of, goes_on
from forecast.election.notes import idle_keys
from forecast.election.values import percent
from forecast.errors import Fault, PollDataError
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.case_files import Mismatch, differences
from forecast.rules.thresholds import NO_THRESHOLD, admit, base_votes, missing_totals
from forecast.words.law_in_words import BASE_WORDS

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.rules.counts import Count
    from forecast.rules.outcome import Outcome
    from forecast.rules.tables import OfficialSeats


def has_official_seats(count: Count) -> bool:
    """Whether there is anything to compare a count with."""
    return bool(count.official or count.official_districts)


def in_words(wrong: Mismatch, names: Mapping[str, str], districts: Mapping[str, str]) -> str:
    """A difference as a reader sees it."""
    where = f" in {districts.get(wrong.district, wrong.district)}" if wrong.district else ""
    kind = f" {wrong.kind}" if wrong.kind else ""
    return f"{names.get(wrong.party, wrong.party)}{where} {wrong.official}{kind} there, {wrong.ours} here"


def as_record(wrong: Mismatch) -> dict[str, Any]:
    """A difference as plain data (docs/json.md)."""
    return {
        "case": wrong.case,
        "district": wrong.district,
        "party": wrong.party,
        "kind": wrong.kind or "seats",
        "official": wrong.official,
        "ours": wrong.ours,
    }


_MOST_NAMED = 5


def _first_of(said: Iterable[str], joint: str = ", ") -> str:
    """Some of what is said, and how many more there are."""
    whole = list(said)
    more = [f"and {len(whole) - _MOST_NAMED} more"] if len(whole) > _MOST_NAMED else []
    return joint.join([*whole[:_MOST_NAMED], *more])


def remarks_on(
    election: Election,
    ballot: Ballot,
    outcome: Outcome,
    official: Mapping[str, int] | None = None,
    by_district: Mapping[tuple[str, str], OfficialSeats] | None = None,
) -> list[str]:
    """Everything that a reader of these seats must know; ``official`` are the seats of the table of votes,
    ``by_district`` those of the table by district.
    """
    names = {party.id: party.name for party in election.parties}
    return [
        *lost_to_alliances(election, ballot, outcome),
        *_beyond_the_divisors(election, outcome),
        *_unfilled(outcome),
        *_in_no_district(election, ballot, outcome, names),
        *_strongest_without_a_seat(election, ballot, outcome, names),
        *_otherwise_than_official(outcome, official or {}, names),
        *_otherwise_by_district(ballot, outcome, by_district or {}, names),
    ]


def lost_to_alliances(election: Election, ballot: Ballot, outcome: Outcome) -> Iterator[str]:
    """Lists below their own level, whose votes their alliance loses with them."""
    if election.rule.alliances is None:
        return
    threshold = election.rule.threshold
    levels = threshold.alliances if threshold is not None else None
    names = {party.id: party.name for party in election.parties}
    admitted = set(outcome.admitted)
    inside = {entry.alliance for entry in ballot.entries if entry.alliance and entry.id in admitted}
    for entry in ballot.entries:
        if entry.alliance not in inside or entry.id in admitted or not entry.votes or not entry.eligible:
            continue
        name = names.get(entry.id, entry.id)
        if levels is not None:
            if outcome.admissions[entry.id].ground == "below the level":
                level = percent(levels.votes_from)
                yield f"{name} is below {level}: its {entry.votes:,} votes do not count for its alliance "
                "either"
            continue
        yield (
            f"{name} is below its own level: its {entry.votes:,} votes do not count for its alliance "
            f"'{entry.alliance}' either; where the law counts them there, say so by rule.threshold.alliances"
        )


def _beyond_the_divisors(election: Election, outcome: Outcome) -> Iterator[str]:
    """Seats that were divided by divisors which the file does not give."""
    allocation = election.rule.allocation
    if allocation is None or allocation.divisors is None:
        return
    given = len(allocation.divisors)
    most = max(
        (line.seats for step in outcome.steps if step.method == "sequence" for line in step.lines), default=0
    )
    if most >= given:
        method = divisors_of(allocation)
        by = goes_on(allocation)
        following = ", ".join(f"{float(method.divisor(seat)):g}" for seat in (given + 1, given + 2))
        yield (
            f"rule.allocation.divisors gives {given} divisors; beyond them they went on by the last {by}: "
            f"{following}, ..."
        )


def _unfilled(outcome: Outcome) -> Iterator[str]:
    if outcome.unfilled:
        seats = "1 seat" if outcome.unfilled == 1 else f"{outcome.unfilled} seats"
        yield f"{seats} could not be filled: every list is at its limit"


def _otherwise_than_official(
    outcome: Outcome, official: Mapping[str, int], names: Mapping[str, str]
) -> Iterator[str]:
    """Where the table of votes has a column of seats, what it says otherwise."""
    apart = list(differences("", official, {}, outcome))
    if apart:
        shown = _first_of(in_words(wrong, names, {}) for wrong in apart)
        yield f"the column of seats in the table of votes says otherwise: {shown}"


def _otherwise_by_district(
    ballot: Ballot,
    outcome: Outcome,
    by_district: Mapping[tuple[str, str], OfficialSeats],
    names: Mapping[str, str],
) -> Iterator[str]:
    """Where the table by district has official seats, what it says otherwise."""
    apart = list(differences("", {}, by_district, outcome))
    if apart:
        places = {district.name: district.label for district in ballot.districts}
        shown = _first_of((in_words(wrong, names, places) for wrong in apart), "; ")
        among = len({wrong.district for wrong in apart})
        yield f"official seats by district say otherwise in {among} of {len(places)}: {shown}"


def _in_no_district(
    election: Election, ballot: Ballot, outcome: Outcome, names: Mapping[str, str]
) -> Iterator[str]:
    """Seats without a district where the rule places them all; and districts that are left a seat short."""
    if election.rule.placing and outcome.unplaced:
        shown = ", ".join(f"{names.get(name, name)} {seats}" for name, seats in outcome.unplaced.items())
        yield f"levelling seats for which no district is open to their list: {shown}"
    places = {district.name: district.label for district in ballot.districts}
    pooled = election.rule.districts is not None and election.rule.districts.leftover is not None
    short = [place for place in outcome.districts if place.unfilled and not pooled]
    if short:
        shown = _first_of(f"{places[place.name]} {place.unfilled}" for place in short)
        yield f"seats of districts that no list took: {shown}"


def _strongest_without_a_seat(
    election: Election, ballot: Ballot, outcome: Outcome, names: Mapping[str, str]
) -> Iterator[str]:
    """Districts whose strongest list should have a seat, and has too few in the country for all."""
    districts = election.rule.districts
    clause = districts.strongest_list if districts is not None else None
    cast = {place.name: place for place in ballot.districts}
    for won in outcome.districts if clause is not None else ():
        votes = {name: cast[won.name].votes.get(name, 0) for name in outcome.admitted}
        first = [name for name, own in votes.items() if own == max(votes.values())]
        if len(first) == 1 and won.seats and (clause == "all" or won.seats == 1) and not won.of(first[0]):
            name, seats = names.get(first[0], first[0]), outcome.seats[first[0]]
            yield (
                f"{name} has most votes in {cast[won.name].label} and no seat there: its {seats} of the "
                "whole do not suffice for all districts in which it is first"
            )


UNLISTED = "other"
"""Id of the votes for options that a table does not list."""

_RESULT, _VALID = "election.result", "election.valid_votes"
_NEEDED_BY = {"election.invalid_votes": "cast", "election.registered": "registered"}
"""Totals that count for one base of the threshold only."""
_NEAR = 0.1
"""A list is near its level where so many more votes, as a share of those listed, would take it below."""
_OF_FORECASTS = ("election.polls", "election.invalid_share", "election.turnout", "estimate.", "simulation.")


def key_of(setting: str) -> str:
    """The key that ``PATH=VALUE`` changes."""
    return setting.partition("=")[0].strip()


def with_total(
    election: Election, ballot: Ballot, place: str, *, own: bool, given: bool, known: int | None = None
) -> tuple[Ballot, list[str]]:
    """The ballot under the valid votes of the election file, with the votes for options not listed; and what
    is said of it.

    ``own``: the table is the result that the file names; ``given``: the total was typed with ``--set``;
    ``known``: the total of the table itself.
    Raises ``PollDataError`` where these votes cannot have this total.
    """
    valid = election.election.valid_votes if election.election.valid_votes is not None else known
    total = sum(entry.votes for entry in ballot.entries) + sum(ballot.alliance_votes.values())
    listed_all = election.election.closed_ballot or any(entry.kind == "residual" for entry in ballot.entries)
    if valid is None:
        return ballot, [] if listed_all else list(_near_the_level(election, ballot, total))
    if total == valid:
        return replace(ballot, valid_votes=valid), []
    if listed_all and not own and not given:
        said = (
            f"{_VALID} = {valid:,} of {election.place} does not count: every option is listed, and the votes"
        )
        return ballot, [f"{said} of {place} add up to {total:,}"]
    rest = valid - total
    if rest < 0 or listed_all or (not own and not given and 2 * rest > valid):
        remedy = f"the votes of {place} add up to {total}; correct one of the two"
        if not own:
            remedy += f": type the valid votes of that count, --set {_VALID}=N"
            remedy += f", or --set {_VALID}= to count the votes listed alone"
        raise PollDataError(Fault(election.place, _VALID, valid, remedy))
    entries = (*ballot.entries, Entry(UNLISTED, rest, "residual"))
    of_the_file = (
        f"the total is {_VALID} = {valid:,} of {election.place}: {rest:,} valid votes are for options that "
        f"{place} does not list; for votes of another count type theirs, --set {_VALID}=N"
    )
    said = [] if own or given else [of_the_file]
    return replace(ballot, entries=entries, valid_votes=valid), said


def _near_the_level(election: Election, ballot: Ballot, total: int) -> Iterator[str]:
    """Without a total the votes listed are the base; whose admission that may have decided."""
    rule = election.rule
    threshold = rule.threshold
    if threshold is None or threshold.base == "registered" or missing_totals(rule, ballot):
        return
    admissions, _ = admit(rule, ballot)
    base = base_votes(threshold, ballot)
    for entry in ballot.entries:
        level = admissions[entry.id].level
        if admissions[entry.id].ground != "level" or not level:
            continue
        unlisted = int(entry.votes / level) - base
        if unlisted <= _NEAR * total:
            name = election.by_id[entry.id].name
            yield (
                f"{_VALID} is not given, so that the votes listed, {total:,}, are taken for all: with more "
                f"than {unlisted:,} votes for others {name} would not reach {percent(level)}"
            )


def not_counted(
    election: Election, settings: Sequence[str], *, replaced: bool
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """What a count of this election does not read under its rule: settings that were typed, each with the
    reason, and keys of the file.

    ``replaced``: the votes are those of another table than the result that the file names.
    """
    base = (election.rule.threshold or NO_THRESHOLD).base
    idle = {
        key: f"the threshold is a share of {BASE_WORDS[base]}"
        for key, for_ in _NEEDED_BY.items()
        if base != for_
    }
    idle |= {idle_key.path: idle_key.why for idle_key in idle_keys(election)}
    facts = election.election
    written = [
        key
        for key in idle
        if key not in _NEEDED_BY or getattr(facts, key.removeprefix("election.")) is not None
    ]
    if replaced:
        idle[_RESULT] = "the votes are those of --votes"
    typed: list[tuple[str, str]] = []
    for setting in settings:
        key, why = key_of(setting), idle.get(key_of(setting), "")
        why = "it belongs to forecasts" if key.startswith(_OF_FORECASTS) else why
        if why and setting.partition("=")[2].strip():
            typed.append((setting, why))
    return typed, tuple(written)


def more_than_registered(ballot: Ballot) -> list[str]:
    """More ballots than voters: a slip, unless a voter has several votes (Luxembourg)."""
    cast = ballot.valid + (ballot.invalid_votes or 0)
    if ballot.registered is None or cast <= ballot.registered:
        return []
    said = f"{cast:,} valid and invalid votes are more than the {ballot.registered:,} registered voters"
    return [f"{said}: right only where a voter has several votes"]


def against_districts(election: Election, ballot: Ballot, *, own: bool) -> list[str]:
    """What a table by district says otherwise than the table of all votes.

    Raises ``PollDataError`` where other votes than the result are counted: the districts would still be those
    of the election file.
    """
    if not ballot.districts:
        return []
    summed = Counter[str]()
    for district in ballot.districts:
        summed.update(district.votes)
    apart = [entry for entry in ballot.entries if entry.eligible and entry.votes != summed[entry.id]]
    if not apart:
        return []
    table = election.rule.districts.table if election.rule.districts is not None else None
    names = {party.id: party.name for party in election.parties}
    shown = _first_of(f"{names[e.id]} {summed[e.id]:,} there, {e.votes:,} in all" for e in apart)
    if own:
        return [f"the votes by district of {table} add up to others than those in all: {shown}"]
    remedy = f"they are not the votes to be counted ({shown}); name theirs, --set rule.districts.table=FILE"
    raise PollDataError(Fault(election.place, "rule.districts.table", str(table), remedy))
