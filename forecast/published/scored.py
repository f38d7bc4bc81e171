"""After the vote: what forecasts of an archive said, and what happened.

Every statement is one of a chance: a party enters (holds a seat), a coalition has a majority, an event of the
election file comes about. Whichever of yes and no was the likelier was expected; by how likely it was it has
a label.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forecast.election import Election
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.published.archive_of_forecasts import Archive, Past
from forecast.result import Forecast
from forecast.rules.counts import outcome_of, read_count
from forecast.rules.tables import RowsOfParties, rows_of_parties
from forecast.simulation.questions import constraints_of_events
from forecast.variables import SEATLESS_KINDS
from forecast.words.facts import Facts

LABELS = (("safe", 0.95), ("likely", 0.8), ("leaning", 0.6), ("open", 0.5))
"""What readers call a statement, and the least chance that its likelier side must have."""
INTERVALS = ((0.5, "low50", "high50"), (0.8, "low80", "high80"), (0.95, "low95", "high95"))

KINDS = ("enters", "majority", "event")


@dataclass(frozen=True)
class Official:
    """How an election came out: share of the valid votes, seats and admission by party, the house."""

    election: str
    day: datetime.date
    shares: Mapping[str, float]
    seats: Mapping[str, int]
    admitted: Mapping[str, bool]
    house: int
    said: tuple[str, ...] = ()

    def majority(self, parties: Iterable[str]) -> bool:
        """Whether parties together hold more than half of the seats."""
        return 2 * sum(self.seats.get(party, 0) for party in parties) > self.house


@dataclass(frozen=True)
class Statement:
    """One chance that a forecast gave, and whether it came true; ``kind`` is one of ``KINDS``."""

    election: str
    file: str
    as_of: datetime.date
    days_before: int
    kind: str
    of: str
    name: str
    probability: float
    mc_error: float
    happened: bool

    @property
    def expected(self) -> float:
        """The chance of the likelier side."""
        return max(self.probability, 1.0 - self.probability)

    @property
    def right(self) -> bool:
        """Whether the likelier side came about."""
        return (self.probability >= 0.5) == self.happened

    @property
    def label(self) -> str:
        """What readers call it."""
        return next(label for label, least in LABELS if self.expected >= least)


@dataclass(frozen=True)
class Held:
    """One interval of a share or of seats, and whether the result lay in it."""

    election: str
    file: str
    quantity: str
    party: str
    level: float
    held: bool


@dataclass(frozen=True)
class Record:
    """What the forecasts of archives said before the vote, and how it came out; ``last`` are the files of the
    last forecast of every election.
    """

    official: tuple[Official, ...]
    statements: tuple[Statement, ...]
    intervals: tuple[Held, ...]
    last: frozenset[tuple[str, str]]
    said: tuple[str, ...] = ()

    def __add__(self, other: Record) -> Record:
        return Record(
            self.official + other.official,
            self.statements + other.statements,
            self.intervals + other.intervals,
            self.last | other.last,
            self.said + other.said,
        )


def record_of(archive: Archive, votes: str | Path) -> Record:
    """Score every forecast of an archive that was made before the vote or on its day.

    Parameters
    ----------
    archive
        As ``read_archive`` gives it.
    votes
        Table of the votes (CSV: ``party``, ``votes``, perhaps official ``seats``), as ``forecast count``
        reads it. They are counted by the rule of the last forecast.

    Raises
    ------
    PollDataError
        With what is wrong with the table.
    ConfigurationError
        Where the rule cannot be applied to it, or no forecast was made before the vote.
    """
    official = _official(archive.past[-1], Path(votes))
    before = [one for one in archive.past if one.as_of <= official.day]
    if not before:
        remedy = f"every forecast was made after the vote of {official.day}: none foretold it"
        raise ConfigurationError(Fault(str(archive.folder), "", ABSENT, remedy))
    statements = tuple(one for past in before for one in _statements(past, official))
    intervals = tuple(one for past in before for one in _intervals(past, official))
    said = list(official.said)
    if len(before) < len(archive.past):
        said.append(f"{len(archive.past) - len(before)} forecasts made after the vote are not scored")
    late = sum(one.started[:10] > official.day.isoformat() for one in before)
    if late:  # of a day before the vote, but nobody could read them then
        said.append(
            f"{late} of {len(before)} forecasts were made after the vote, of what was known on their day"
        )
    if any(one.forecast.has_tiers for one in before):
        said.append(
            "majorities are scored in the list seats, events are not: the other tiers are not in the table"
        )
    last = frozenset({(official.election, before[-1].file)})
    return Record((official,), statements, intervals, last, tuple(said))


def _official(past: Past, votes: Path) -> Official:
    """The result, by the rule that the last forecast knew."""
    try:
        election = Election.model_validate(json.loads(past.attrs["definition"]))
        day = datetime.date.fromisoformat(str(past.attrs["election_date"]))
    except ValueError as error:
        remedy = "it does not hold its election file, or no day of the vote: a forecast of this version does"
        raise ConfigurationError(Fault(past.file, "", ABSENT, remedy)) from error
    rows = rows_of_parties(election, votes)
    if election.rule.districts is None:
        ready = read_count(election, votes)
        outcome = outcome_of(election, ready)
        if outcome.void:
            raise ConfigurationError(Fault(str(votes), "", ABSENT, "by the rule nobody wins a seat"))
        seats, valid, said = dict(outcome.seats), ready.ballot.valid, list(ready.warnings)
        admitted = {name: one.admitted for name, one in outcome.admissions.items()}
    else:
        seats, valid, said = _by_the_table(votes, rows), _valid(election, rows), []
        admitted = {name: number > 0 for name, number in seats.items()}
    shares = {name: entry.votes / valid for name, entry in rows.entries.items()}
    if rows.official and {name: seats.get(name, 0) for name in rows.official} != rows.official:
        said.append(f"{votes}: its seats are not those that the rule gives; they are taken as they are")
        seats |= rows.official
    return Official(election.election.id, day, shares, seats, admitted, sum(seats.values()), tuple(said))


def _by_the_table(votes: Path, rows: RowsOfParties) -> dict[str, int]:
    """Official seats, where votes of the whole country do not tell them."""
    if not rows.official:
        remedy = "the rule divides seats by district: add a column with the official seats of every party"
        raise ConfigurationError(Fault(str(votes), "seats", ABSENT, remedy))
    return dict(rows.official)


def _valid(election: Election, rows: RowsOfParties) -> int:
    listed = sum(entry.votes for entry in rows.entries.values()) + sum(rows.alliances.values())
    return max(listed, rows.valid or election.election.valid_votes or 0)


def _statements(past: Past, official: Official) -> Iterator[Statement]:
    forecast = past.forecast
    about = official.election, past.file, past.as_of, (official.day - past.as_of).days
    for row in Facts(forecast).lists:
        if row["party"] in official.seats:
            happened = official.seats[row["party"]] > 0
            chance = row["enters"], row["enters_mc_error"]
            yield Statement(*about, "enters", row["party"], row["name"], *chance, happened)
    for row in forecast.rows("coalition"):
        happened = official.majority(row["parties"].split("\n"))
        chance = row["majority_probability"], row["majority_mc_error"]
        yield Statement(*about, "majority", row["coalition"], row["name"], *chance, happened)
    for row, happened in _events(forecast, official):
        chance = row["probability"], row["mc_error"]
        yield Statement(*about, "event", row["event"], row["name"], *chance, happened)


def _events(forecast: Forecast, official: Official) -> Iterator[tuple[dict[str, Any], bool]]:
    """Events whose condition came about, and whether they did; none of a chamber with other tiers."""
    rows = [] if forecast.has_tiers else forecast.rows("event")
    if not rows:
        return
    holders = [name for name in forecast.parties if name in official.seats]
    definitions = json.loads(forecast.attrs["definition"])
    if "events" not in definitions:  # of 0.3.0
        return
    events = {event.id: event for event in Election.model_validate(definitions).events}
    admitted = [int(official.admitted.get(name, False)) for name in holders]
    values = np.array([*(official.seats[name] for name in holders), *admitted, official.house])
    for row in rows:
        if row["event"] in events and row["probability"] is not None:
            given, both = (
                all(
                    sum(weight * values[term] for term, weight in terms.items()) >= least
                    for terms, least in one
                )
                for one in constraints_of_events([events[row["event"]]], holders)
            )
            if given:
                yield row, bool(both)


def _intervals(past: Past, official: Official) -> Iterator[Held]:
    for row in past.forecast.rows("party"):
        if row["kind"] in SEATLESS_KINDS or row["share_median"] is None:
            continue
        party = row["party"]
        for quantity, stem, known in (("share", "share", official.shares), ("seats", "seat", official.seats)):
            if party not in known:
                continue
            for level, low, high in INTERVALS:
                held = row[f"{stem}_{low}"] <= known[party] <= row[f"{stem}_{high}"]
                yield Held(official.election, past.file, quantity, party, level, bool(held))


@dataclass(frozen=True)
class ByLabel:
    """Statements of one label: how many, how many were right, how many should have been."""

    label: str
    statements: int
    right: int
    expected: float
    brier: float


def by_label(statements: Sequence[Statement]) -> list[ByLabel]:
    """The labels that some statement has, the surest first; then all together."""
    found = []
    for label in (*(name for name, _ in LABELS), "all"):
        some = [one for one in statements if label in (one.label, "all")]
        if some:
            squared = [(one.probability - one.happened) ** 2 for one in some]
            right = sum(one.right for one in some)
            expected = float(sum(one.expected for one in some))
            found.append(ByLabel(label, len(some), right, expected, float(np.mean(squared))))
    return found
