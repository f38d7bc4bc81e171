"""After the vote: what happened, and how what forecasts of an archive said came out.

The result is told by a table of votes, or by the election file as it stands after the vote, which may name
the official seats of the tiers of the chamber (``tiers.ID.official``), or the votes for their candidates.

Every statement is one of a chance: a party enters (holds a seat), a coalition has a majority of the lists or
of the whole chamber, an event of the election file comes about, the likeliest wins a district. Whichever of
yes and no was the likelier was expected; by how likely it was it has a label. What the result does not tell
is not scored, and is named.
"""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.election import Election, Event, load_election
from forecast.election.values import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.published.archive_of_forecasts import Archive, Past
from forecast.result import Forecast
from forecast.rules.counts import outcome_of, read_count
from forecast.rules.tables import RowsOfParties, rows_of_parties
from forecast.simulation.inputs import constraints_of_events
from forecast.variables import ENDS, LEAST_CONDITION_DRAWS, SEATLESS_KINDS
from forecast.words import in_their_language
from forecast.words.facts import Facts

if TYPE_CHECKING:
    from forecast.rules.counts import Count


LISTS, CHAMBER = "lists", "chamber"
LABELS = (("safe", 0.95), ("likely", 0.8), ("leaning", 0.6), ("open", 0.5))
"""What readers call a statement, and the least chance that its likelier side must have."""
INTERVALS = ((0.5, "low50", "high50"), (0.8, "low80", "high80"), (0.95, "low95", "high95"))
KINDS = ("enters", "majority", "chamber-majority", "chamber-two-thirds", "event", "wins")
"""Of statements: the last are the likeliest winners of single-member districts."""
_MOST_NAMED = 5
"""Questions that are named one by one where they could not be scored."""


# What happened.


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


# How it came out.


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
        reads it, counted by the rule of the last forecast; or the election file as it stands after the vote
        (TOML), which names them and says who won the seats of other tiers.

    Raises
    ------
    PollDataError
        With what is wrong with the table.
    ConfigurationError
        Where the rule cannot be applied to it, or no forecast was made before the vote.
    """
    official = official_result(archive.past[-1], Path(votes))
    before = [one for one in archive.past if one.as_of <= official.day]
    if not before:
        remedy = f"every forecast was made after the vote of {official.day}: none foretold it"
        raise ConfigurationError(Fault(str(archive.folder), "", ABSENT, remedy))
    scored = [_Scored(past, official) for past in before]
    statements = tuple(one for past in scored for one in past.statements())
    intervals = tuple(one for past in scored for one in past.intervals())
    said = list(official.said)
    if len(before) < len(archive.past):
        said.append(f"{len(archive.past) - len(before)} forecasts made after the vote are not scored")
    late = sum(one.started[:10] > official.day.isoformat() for one in before)
    if late:  # of a day before the vote, but nobody could read them then
        said.append(
            f"{late} of {len(before)} forecasts were made after the vote, of what was known on their day"
        )
    said += _not_scored(scored)
    last = frozenset({(official.election, before[-1].file)})
    return Record((official,), statements, intervals, last, tuple(said))


@dataclass(frozen=True)
class _Scored:
    """One forecast against the result."""

    past: Past
    official: Official

    @property
    def forecast(self) -> Forecast:
        """What the forecast said."""
        return self.past.forecast

    @cached_property
    def facts(self) -> Facts:
        """The same with the names that readers use."""
        return Facts(self.forecast)

    def statements(self) -> Iterator[Statement]:
        """Every chance that it gave and of which the result tells what came of it."""
        seats = self.official.seats
        for row in self.facts.lists:
            if row["party"] in seats:
                chance = row["enters"], row["enters_mc_error"]
                yield self._said("enters", row["party"], row["name"], chance, seats[row["party"]] > 0)
        yield from self._majorities()
        for row, happened in self._events():
            chance = row["probability"], row["mc_error"]
            yield self._said("event", row["event"], self.facts.events[row["event"]], chance, happened)
        yield from self._contests()

    def _said(self, kind: str, of: str, name: str, chance: tuple[float, float], happened: bool) -> Statement:
        official, day = self.official, self.past.as_of
        about = official.election, self.past.file, day, (official.day - day).days
        return Statement(*about, kind, of, name, *chance, bool(happened))

    def _majorities(self) -> Iterator[Statement]:
        """Majorities of the lists; of the whole chamber, and two thirds of it, where it is told."""
        kinds = [("majority", LISTS, "majority", Fraction(1, 2))]
        if self.forecast.has_tiers and CHAMBER in self.official.assemblies:
            kinds += [
                ("chamber-majority", CHAMBER, "chamber_majority", Fraction(1, 2)),
                ("chamber-two-thirds", CHAMBER, "chamber_two_thirds", Fraction(2, 3)),
            ]
        for kind, where, stem, least in kinds:
            assembly = self.official.assemblies[where]
            for row in self.facts.coalitions:
                if row.get(f"{stem}_probability") is None:
                    continue
                chance = row[f"{stem}_probability"], row[f"{stem}_mc_error"]
                held = Fraction(assembly.held_by(row["parties"].split("\n")), assembly.size)
                happened = held > least if least == Fraction(1, 2) else held >= least
                yield self._said(kind, row["coalition"], row["name"], chance, happened)

    def _events(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """Events that are told and whose condition came about, and whether they did."""
        for row, event in self._asked():
            if event is None or self._why_not(row, event):
                continue
            given, both = self._came_about(event)
            if given:
                yield row, both

    def _asked(self) -> Iterator[tuple[dict[str, Any], Event | None]]:
        """Events with what they are; forecasts of 0.3.0 do not say."""
        definitions = json.loads(self.forecast.attrs.get("definition", "{}"))
        known = {}
        if "events" in definitions:
            known = {event.id: event for event in Election.model_validate(definitions).events}
        for row in self.forecast.rows("event"):
            yield row, known.get(row["event"])

    def _assembly_of(self, event: Event) -> str:
        """What an event is about: where all seats are those of the rule, the chamber is its lists."""
        return LISTS if event.of == CHAMBER and not self.forecast.has_tiers else event.of

    def _why_not(self, row: Mapping[str, Any], event: Event | None) -> str:
        """Why an event cannot be scored, beside its condition; empty where it can."""
        if event is None:
            return "the forecast does not hold what they ask"
        if row["probability"] is None:
            return f"fewer than {LEAST_CONDITION_DRAWS} draws met their condition"
        return self.official.untold.get(self._assembly_of(event), "")

    def _came_about(self, event: Event) -> tuple[bool, bool]:
        """Whether the condition of an event came about, and event and condition together."""
        official = self.official
        assembly = official.assemblies[self._assembly_of(event)]
        groups = [name for name in assembly.seats if name not in self.forecast.parties]
        holders = [*(name for name in self.forecast.parties if name in official.seats), *groups]
        admitted = [int(official.admitted.get(name, False)) for name in holders]
        held = [assembly.seats.get(name, 0) for name in holders]
        values = np.array([*held, *admitted, assembly.size])
        given, both = (
            all(sum(weight * values[term] for term, weight in terms.items()) >= least for terms, least in one)
            for one in constraints_of_events([event], holders)
        )
        return given, both

    def _contests(self) -> Iterator[Statement]:
        """Of every single-member district that is told apart, whether the likeliest won it."""
        if "chamber/win_probability" not in self.forecast:
            return
        chances, errors = (
            self.forecast.array(f"chamber/{name}") for name in ("win_probability", "win_mc_error")
        )
        holders, names = self.forecast.names("chamber/holder"), self._holders
        places = zip(
            self.forecast.names("chamber/contest_tier"), self.forecast.names("chamber/contest"), strict=True
        )
        winners = {(tier, normalised(name)): won for (tier, name), won in self.official.winners.items()}
        for d, (tier, contest) in enumerate(places):
            won = winners.get((tier, normalised(contest)))
            if won is not None:
                first = int(np.argmax(chances[d]))
                chance = float(chances[d, first]), float(errors[d, first])
                name = f"{names[holders[first]]}, {contest}"
                yield self._said("wins", f"{contest}/{holders[first]}", name, chance, won == holders[first])

    @property
    def _holders(self) -> dict[str, str]:
        """Names of parties and groups by id."""
        known = {row["holder"]: row["name"] for row in self.facts.holders}
        return known | {row["party"]: row["name"] for row in self.facts.parties}

    def not_scored(self) -> Iterator[tuple[str, str]]:
        """Why, and what: the questions whose answer the result does not tell."""
        of_chamber = self.forecast.has_tiers and self.official.untold.get(CHAMBER, "")
        if of_chamber and len(self.forecast.array("coalition")):
            yield of_chamber, in_their_language("majorities of the whole chamber")
        for row, event in self._asked():
            reason = self._why_not(row, event)
            if not reason and event is not None and not self._came_about(event)[0]:
                reason = "their condition did not come about"
            if reason:
                yield reason, self.facts.events[row["event"]]
        if "chamber/win_probability" in self.forecast:
            for tier in dict.fromkeys(self.forecast.names("chamber/contest_tier")):
                if not any(one == tier for one, _ in self.official.winners):
                    named = in_their_language("Single-member districts")
                    yield "the result has no votes for candidates", named

    def intervals(self) -> Iterator[Held]:
        """Every interval of a share, of list seats, and of seats of the whole chamber."""
        official, forecast = self.official, self.forecast
        for row in forecast.rows("party"):
            if row["kind"] in SEATLESS_KINDS or row["share_median"] is None:
                continue
            kinds = (("share", "share", official.shares), ("seats", "seat", official.seats))
            for quantity, stem, known in kinds:
                ends = {end: row[f"{stem}_{end}"] for end in ENDS}
                yield from self._held(quantity, row["party"], ends, known)
        if forecast.has_tiers and CHAMBER in official.assemblies and "chamber/seat_quantile" in forecast:
            seats = Counter(official.assemblies[CHAMBER].seats)
            quantiles = forecast.array("chamber/seat_quantile").tolist()
            for holder, values in zip(forecast.names("chamber/holder"), quantiles, strict=True):
                known = {holder: seats[holder]}
                yield from self._held("chamber", holder, dict(zip(ENDS, values, strict=True)), known)

    def _held(
        self, quantity: str, holder: str, ends: Mapping[str, float], known: Mapping[str, float]
    ) -> Iterator[Held]:
        if holder in known:
            for level, low, high in INTERVALS:
                held = ends[low] <= known[holder] <= ends[high]
                yield Held(self.official.election, self.past.file, quantity, holder, level, bool(held))


def _not_scored(scored: Iterable[_Scored]) -> Iterator[str]:
    """What could not be scored, a line a reason."""
    found: dict[str, dict[str, None]] = {}
    for one in scored:
        for reason, what in one.not_scored():
            found.setdefault(reason, {})[what] = None
    for reason, names in found.items():
        some, more = list(names)[:_MOST_NAMED], len(names) - _MOST_NAMED
        yield f"not scored, since {reason}: {', '.join(some)}{f' and {more} more' if more > 0 else ''}"


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
