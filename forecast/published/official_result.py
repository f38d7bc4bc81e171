"""How an election came out: votes, seats of the lists, and of the rest of the chamber as far as it is told.

Told by a table of votes, or by the election file as it stands after the vote, which may name the official
seats of the tiers of the chamber (``tiers.ID.official``), or the votes for their candidates.
"""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.election import Election, load_election
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.rules.counts import outcome_of, read_count
from forecast.rules.tables import RowsOfParties, rows_of_parties

if TYPE_CHECKING:
    from forecast.published.archive_of_forecasts import Past
    from forecast.rules.counts import Count

LISTS, CHAMBER = "lists", "chamber"


@dataclass(frozen=True)
class Assembly:
    """Seats by party and group of the lists, of a tier, or of the whole chamber."""

    seats: Mapping[str, int]

    @property
    def size(self) -> int:
        """All seats."""
        return sum(self.seats.values())

    def held_by(self, parties: Iterable[str]) -> int:
        """Seats of some parties together."""
        return sum(self.seats.get(party, 0) for party in parties)


@dataclass(frozen=True)
class Official:
    """How an election came out: share of the valid votes and admission by party, and its assemblies."""

    election: str
    day: datetime.date
    shares: Mapping[str, float]
    admitted: Mapping[str, bool]
    assemblies: Mapping[str, Assembly]
    """``LISTS``, and the tiers by id and ``CHAMBER`` as far as they are told."""
    untold: Mapping[str, str] = field(default_factory=dict)
    """Of tiers by id, and of ``CHAMBER``: why who won them is not told."""
    winners: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Who won a single-member district, by tier and name, where votes for candidates are counted."""
    said: tuple[str, ...] = ()

    @property
    def seats(self) -> Mapping[str, int]:
        """Seats of the lists."""
        return self.assemblies[LISTS].seats

    @property
    def house(self) -> int:
        """All seats of the lists."""
        return self.assemblies[LISTS].size


def official_result(past: Past, result: Path) -> Official:
    """The result of the election that a forecast is of.

    A table of votes is counted by the rule that the forecast knew, an election file by its own. Raises
    ``PollDataError`` for what is wrong with a table, ``ConfigurationError`` where the rule cannot be applied,
    or the file is of another election.
    """
    if result.suffix.lower() == ".toml":
        election, day = _loaded(past, result)
        return _counted(election, day, read_count(election), str(result))
    election, day = _as_foretold(past)
    rows = rows_of_parties(election, result)
    if election.rule.districts is not None:
        seats = _by_the_table(result, rows)
        admitted = {name: number > 0 for name, number in seats.items()}
        shares = _shares(rows, _valid(election, rows))
        return _with_tiers(election, day, shares, admitted, seats, {})
    return _counted(election, day, read_count(election, result), str(result), rows)


def _loaded(past: Past, file: Path) -> tuple[Election, datetime.date]:
    """The election file after the vote, of the same election and with a day."""
    election = load_election(file)
    facts, wanted = election.election, str(past.attrs["election"])
    if facts.id != wanted:
        remedy = f"an election file of {wanted} is expected, of which the forecasts are"
        raise ConfigurationError(Fault(str(file), "election.id", facts.id, remedy))
    if facts.vote is None:
        raise ConfigurationError(Fault(str(file), "election.date", ABSENT, "the day of the vote is missing"))
    return election, facts.vote


def _as_foretold(past: Past) -> tuple[Election, datetime.date]:
    """The election file that a forecast holds, and its day; tables of candidates that it named are left out,
    since they may be gone, or of another vote.
    """
    try:
        election = Election.model_validate(json.loads(past.attrs["definition"]))
        day = datetime.date.fromisoformat(str(past.attrs["election_date"]))
    except ValueError as error:
        remedy = "it does not hold its election file, or no day of the vote: a forecast of this version does"
        raise ConfigurationError(Fault(past.file, "", ABSENT, remedy)) from error
    tiers = tuple(tier.model_copy(update={"table": None}) for tier in election.tiers)
    return election.model_copy(update={"tiers": tiers}), day


def _counted(
    election: Election, day: datetime.date, ready: Count, place: str, rows: RowsOfParties | None = None
) -> Official:
    """By a count; shares are those of the parties that the ``rows`` of a table have, else of all."""
    outcome = outcome_of(election, ready)
    if outcome.void:
        raise ConfigurationError(Fault(place, "", ABSENT, "by the rule nobody wins a seat"))
    seats, said = dict(outcome.seats), _of_votes(ready)
    if ready.official and {name: seats.get(name, 0) for name in ready.official} != ready.official:
        said.append(f"{place}: its seats are not those that the rule gives; they are taken as they are")
        seats |= ready.official
    entries = rows.entries.values() if rows is not None else ready.ballot.entries
    shares = {entry.id: entry.votes / ready.ballot.valid for entry in entries}
    admitted = {name: one.admitted for name, one in outcome.admissions.items()}
    tiers = {name: won.seats for name, won in ready.won.items()}
    winners = {
        (name, winner.district): winner.holder for name, won in ready.won.items() for winner in won.winners
    }
    found = _with_tiers(election, day, shares, admitted, seats, tiers)
    return replace(found, winners=winners, said=tuple(said))


def _of_votes(ready: Count) -> list[str]:
    """What is said of how the votes were read; of tiers that are not told another line says more."""
    of_tiers = {line for won in ready.won.values() for line in won.said}
    return [line for line in ready.warnings if line not in of_tiers]


def _with_tiers(
    election: Election,
    day: datetime.date,
    shares: Mapping[str, float],
    admitted: Mapping[str, bool],
    seats: Mapping[str, int],
    tiers: Mapping[str, Mapping[str, int]],
) -> Official:
    """The lists, the tiers whose seats are told to the last, and the chamber where all of them are."""
    assemblies, untold = {LISTS: Assembly(seats)}, dict[str, str]()
    chamber = Counter(seats)
    groups = {group.id for group in election.groups}
    for tier in election.tiers:
        if not tier.seats:
            continue
        won = {name: number for name, number in tiers.get(tier.id, tier.official).items() if number}
        if sum(won.values()) == tier.seats:
            assemblies[tier.id] = Assembly(won)
            # Winners of lists hold seats of the rule where tiers are part of it.
            chamber.update({name: n for name, n in won.items() if not tier.in_the_rule or name in groups})
        elif not won:
            untold[tier.id] = f"the result does not say who won {tier.name}"
        else:
            untold[tier.id] = (
                f"the result says who won {sum(won.values())} of the {tier.seats} seats of {tier.name}"
            )
    apart = [untold[tier.id] for tier in election.apart if tier.id in untold]
    if apart:
        untold[CHAMBER] = apart[0]
    else:
        assemblies[CHAMBER] = Assembly(dict(chamber))
    return Official(election.election.id, day, shares, admitted, assemblies, untold)


def _shares(rows: RowsOfParties, valid: int) -> dict[str, float]:
    return {name: entry.votes / valid for name, entry in rows.entries.items()}


def _by_the_table(votes: Path, rows: RowsOfParties) -> dict[str, int]:
    """Official seats, where votes of the whole country do not tell them."""
    if not rows.official:
        remedy = (
            "the rule divides seats by district: add a column with the official seats of every party, or "
            "give the election file with its table of votes by district"
        )
        raise ConfigurationError(Fault(str(votes), "seats", ABSENT, remedy))
    return dict(rows.official)


def _valid(election: Election, rows: RowsOfParties) -> int:
    listed = sum(entry.votes for entry in rows.entries.values()) + sum(rows.alliances.values())
    return max(listed, rows.valid or election.election.valid_votes or 0)
