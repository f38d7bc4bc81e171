"""After the vote: what forecasts of an archive said, and what happened.

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
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from forecast.election import Election, Event
from forecast.election.texts import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.published.archive_of_forecasts import Archive, Past
from forecast.published.official_result import CHAMBER, LISTS, Official, official_result
from forecast.result import Forecast
from forecast.simulation.inputs import constraints_of_events
from forecast.variables import ENDS, LEAST_CONDITION_DRAWS, SEATLESS_KINDS
from forecast.words.facts import Facts
from forecast.words.sentences import in_their_language

LABELS = (("safe", 0.95), ("likely", 0.8), ("leaning", 0.6), ("open", 0.5))
"""What readers call a statement, and the least chance that its likelier side must have."""
INTERVALS = ((0.5, "low50", "high50"), (0.8, "low80", "high80"), (0.95, "low95", "high95"))

KINDS = ("enters", "majority", "chamber-majority", "chamber-two-thirds", "event", "wins")
"""Of statements: the last are the likeliest winners of single-member districts."""
_MOST_NAMED = 5
"""Questions that are named one by one where they could not be scored."""


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
