"""A count against what the authorities made of it, what it leaves aside, and where the rule as written is not
obeyed to the letter: in words, with votes.

These sentences go beside the seats wherever they are shown; names are those that readers know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from forecast.election.exact_numbers import percent
from forecast.election.rule import divisors_of, goes_on
from forecast.rules.case_files import Mismatch

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.rules.ballot import Ballot
    from forecast.rules.counts import Count
    from forecast.rules.district_table import OfficialSeats
    from forecast.rules.outcome import Outcome


def differences(
    case: str,
    official_seats: Mapping[str, int],
    by_district: Mapping[tuple[str, str], OfficialSeats],
    outcome: Outcome,
) -> Iterator[Mismatch]:
    """Where official seats of the tables differ from the count: by list, then by district and list."""
    for name, official in official_seats.items():
        if outcome.seats.get(name, 0) != official:
            yield Mismatch(case, name, official, outcome.seats.get(name, 0))
    places = {place.name: place for place in outcome.districts}
    for (district, name), official in by_district.items():
        place = places[district]
        won = {
            "": (official.seats, place.of(name)),
            "fixed": (official.fixed, place.fixed.get(name, 0)),
            "levelling": (official.levelling, place.levelling.get(name, 0)),
        }
        for kind, (seats, ours) in won.items():
            if seats is not None and seats != ours:
                yield Mismatch(case, name, seats, ours, district, kind)


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
    apart = [(name, seats) for name, seats in official.items() if outcome.seats.get(name, 0) != seats]
    if apart:
        shown = ", ".join(
            f"{names.get(name, name)} {seats} there, {outcome.seats.get(name, 0)} here"
            for name, seats in apart[:_MOST_NAMED]
        )
        more = f", and {len(apart) - _MOST_NAMED} more" if len(apart) > _MOST_NAMED else ""
        yield f"the column of seats in the table of votes says otherwise: {shown}{more}"


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
        shown = "; ".join(in_words(wrong, names, places) for wrong in apart[:_MOST_NAMED])
        more = f"; and {len(apart) - _MOST_NAMED} more" if len(apart) > _MOST_NAMED else ""
        among = len({wrong.district for wrong in apart})
        yield f"official seats by district say otherwise in {among} of {len(places)}: {shown}{more}"


def _in_no_district(
    election: Election, ballot: Ballot, outcome: Outcome, names: Mapping[str, str]
) -> Iterator[str]:
    """Seats without a district where the rule places them all; and districts that are left a seat short."""
    steps = election.rule.levelling.placing if election.rule.levelling is not None else ()
    if steps and outcome.unplaced:
        shown = ", ".join(f"{names.get(name, name)} {seats}" for name, seats in outcome.unplaced.items())
        yield f"levelling seats for which no district is open to their list: {shown}"
    places = {district.name: district.label for district in ballot.districts}
    pooled = election.rule.districts is not None and election.rule.districts.leftover is not None
    short = [place for place in outcome.districts if place.unfilled and not pooled]
    if short:
        shown = ", ".join(f"{places[place.name]} {place.unfilled}" for place in short[:_MOST_NAMED])
        more = f" and {len(short) - _MOST_NAMED} more" if len(short) > _MOST_NAMED else ""
        yield f"seats of districts that no list took: {shown}{more}"
