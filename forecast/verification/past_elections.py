"""Past elections: an archive of them, a folder with their polls, results and rules; and each seen from one
day before it, its polls prepared, and the result in the same units.

``elections.csv``: election_id, country, date; legislature, threshold_pct, quality and rule where known.
``polls.csv`` (or ``polls.csv.gz``): one row a poll and party. ``results.csv``: one row an election and
party. ``last_results.csv``, where there is one: shares of 1 at the last election of the same kind.
``docs/poll-table.md`` describes the columns. Nothing of an archive is kept in the program.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from forecast.door.sheets import read_sheet
from forecast.door.trees import json_of
from forecast.election.values import MOST_SEATS
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.estimation.average import OTHER, Average, Floats, Prepared, Reports, average, prepare
from forecast.estimation.centre import Correction, correction_of
from forecast.estimation.estimate import situation_of
from forecast.estimation.law import Situation
from forecast.polls.poll_facts import LARGEST_SAMPLE, LEAST_SAMPLE, MOST_YEARS_BEFORE

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")


@dataclass
class ArchiveRow:
    """One row of a table: empty cells are missing ones; what cannot be read goes to ``faults``."""

    place: str
    number: int
    cells: dict[str, str]
    faults: list[Fault] = field(default_factory=list)

    def text(self, column: str) -> str:
        """The text of a cell; empty where there is no such column."""
        return self.cells.get(column, "")

    def needed(self, column: str, what: str) -> str:
        """The text of a cell that may not be empty."""
        if not self.text(column):
            self.note(column, ABSENT, f"missing; {what}")
        return self.text(column)

    def number_in(self, column: str, least: float, most: float, what: str) -> float:
        """The number in a cell, from ``least`` to ``most``; NaN for an empty one."""
        text = self.text(column)
        if not text:
            return float("nan")
        number = float(text) if _NUMBER.fullmatch(text) else float("nan")
        if least <= number <= most:
            return number
        remedy = (
            f"{what} from {least:,g} to {most:,g} is expected" if number == number else "a number is expected"
        )
        self.note(column, text, remedy)
        return float("nan")

    def day_in(self, column: str) -> datetime.date | None:
        """The day in a cell; ``None`` for an empty one."""
        text = self.text(column)
        try:
            return datetime.date.fromisoformat(text) if text else None
        except ValueError:
            self.note(column, text, "a day such as 2021-09-26 is expected")
            return None

    def note(self, column: str, found: object, remedy: str) -> None:
        """Note what is wrong with a cell, or with the row where no column is named."""
        where = f"row {self.number}" + (f", column {column}" if column else "")
        self.faults.append(Fault(self.place, where, found, remedy))


def read_archive_rows(root: Path, name: str, needed: Sequence[str], faults: list[Fault]) -> list[ArchiveRow]:
    """The rows of a table of the archive, packed or not; what is wrong with single rows goes to ``faults``.

    ``PollDataError`` where there is no such table or it lacks a column.
    """
    path = root / name
    if not path.exists() and (root / f"{name}.gz").exists():
        path = root / f"{name}.gz"
    sheet = read_sheet(path, missing="no such file; an archive needs it")
    missing = [
        Fault(sheet.place, f"column {column}", ABSENT, f"missing; {suggest(column, sheet.heading)}")
        for column in needed
        if column not in sheet.heading
    ]
    if missing:
        raise PollDataError(*missing)
    faults += sheet.faults
    return [
        ArchiveRow(sheet.place, line.number, dict(zip(sheet.heading, line.cells, strict=True)))
        for line in sheet.lines
    ]


def refuse_twice(rows: Sequence[ArchiveRow], key_of: Callable[[ArchiveRow], object], column: str) -> None:
    """Note rows whose key an earlier row has."""
    first: dict[object, int] = {}
    for row in rows:
        before = first.setdefault(key_of(row), row.number)
        if before != row.number:
            row.note(column, row.text(column), f"row {before} has this already; keep one")


SPARSE = "X"
"""Quality of elections that are shown apart and never fitted."""
NATIONAL = "national"
UNDECIDED = "undecided"

_NEEDED = {
    "elections.csv": ("election_id", "country", "date"),
    "polls.csv": ("poll_id", "election_id", "pollster", "fieldwork_end", "party", "share"),
    "results.csv": ("election_id", "party", "share"),
}

LAST_RESULTS = "last_results.csv"
_OF_LAST_RESULTS = ("election_id", "party", "share")

KINDS = ("national", "regional", "european")
_EUROPEAN = re.compile(r"european parliament", re.IGNORECASE)
_REGIONAL = re.compile(r"\(.+\)$|^(asamblea|parlament) de ", re.IGNORECASE)
"""Parliaments that are not the country's: they are named with their place."""

_POLL_FACTS = (
    "election_id",
    "pollster",
    "fieldwork_start",
    "fieldwork_end",
    "publish_date",
    "sample_size",
    "scope",
    "days_before",
)
"""What all rows of one poll say alike."""
_SEATS = ("seats_list", "seats")
_SAMPLES = (LEAST_SAMPLE, LARGEST_SAMPLE, "a number of respondents")

MOST_OF_A_POLL, MOST_OF_A_RESULT = 106.0, 101.0
"""Percent that the shares add up to at most. Polls are kept as they were published: of ten thousand the worst
adds up to 105; results are rounded.
"""


@dataclass(frozen=True)
class PastElection:
    """One election: its national polls before the vote, and how it came out.

    ``polls`` (P polls, K options that some poll reports) has ages in days from the end of fieldwork to
    election day; ``known`` (P,) days before election day on which each was known. ``result`` (K,) official
    shares of valid votes, of 1; ``seats`` (K,) official seats that the rule hands out, NaN where not known.
    ``threshold`` of 1, 0 where there is none. ``unpolled`` are the shares of options that no poll reports.
    ``last`` (K,) shares of 1 at the last election of the same kind, NaN where not known. ``archive`` is the
    name of its folder, ``kind`` one of ``KINDS``.
    """

    id: str
    country: str
    date: datetime.date
    quality: str
    threshold: float
    polls: Reports
    known: Floats
    result: Floats
    seats: Floats
    rule: Mapping[str, Any] | None = None
    unpolled: Mapping[str, float] = field(default_factory=dict)
    last: Floats = field(default_factory=lambda: np.zeros(0))
    archive: str = ""
    kind: str = "national"

    @property
    def sparse(self) -> bool:
        """Whether the election is shown apart."""
        return self.quality.startswith(SPARSE)

    def reports_at(self, horizon: int) -> Reports | None:
        """Polls known ``horizon`` days before the election, aged at that day; ``None`` without any."""
        usable = self.known >= horizon
        if not usable.any():
            return None
        chosen = self.polls.take(usable)
        return Reports(
            ids=chosen.ids,
            shares=chosen.shares,
            other=chosen.other,
            undecided=chosen.undecided,
            ages=np.maximum(chosen.ages - horizon, 0.0),
            sizes=chosen.sizes,
            firms=chosen.firms,
            labels=chosen.labels,
        )


def read_archives(folders: Sequence[str | Path]) -> list[PastElection]:
    """The elections of several archives, one after the other.

    ``PollDataError`` with the faults of all of them, and for an election that stands in two.
    """
    found: list[PastElection] = []
    faults: list[Fault] = []
    before: dict[str, str] = {}
    for folder in dict.fromkeys(Path(folder) for folder in folders):
        try:
            elections = read_archive(folder)
        except PollDataError as error:
            faults += error.faults
            continue
        for election in elections:
            first = before.setdefault(election.id, str(folder))
            if first != str(folder):
                remedy = f"this election is in {Path(first).name} too; keep one"
                faults.append(Fault(str(folder), "election_id", election.id, remedy))
        found += elections
    if faults:
        raise PollDataError(*faults)
    return found


def read_archive(folder: str | Path) -> list[PastElection]:
    """Elections that have a result, in the order of ``elections.csv``.

    Those without national polls have none. ``PollDataError`` with every fault: missing files and columns,
    days and numbers that cannot be read or cannot be, elections, results and polls that stand there twice.
    """
    root = Path(folder)
    if not root.is_dir():
        raise PollDataError(
            Fault(str(folder), "", ABSENT, "no such folder; an archive of elections is expected")
        )
    faults: list[Fault] = []
    unread: list[Fault] = []
    tables: list[list[ArchiveRow]] = []
    needed_of = _NEEDED | ({LAST_RESULTS: _OF_LAST_RESULTS} if _has_last_results(root) else {})
    for name, needed in needed_of.items():
        try:
            tables.append(read_archive_rows(root, name, needed, faults))
        except PollDataError as error:
            unread += error.faults
    if unread:
        raise PollDataError(*unread, *faults)
    elections, polls, results, last = tables if len(tables) == len(_NEEDED) + 1 else (*tables, [])
    _check(elections, polls, results)
    last_of = _last_results(last, elections, results)
    polls_of, results_of = _by_election(polls), _by_election(results)
    found: list[PastElection] = []
    for row in elections:
        name = row.text("election_id")
        if name in results_of:
            election = _election(row, polls_of.get(name, []), results_of[name])
            known = last_of.get(name, {})
            shares = np.array([known.get(party, np.nan) for party in election.polls.ids])
            found.append(replace(election, last=shares, archive=root.resolve().name))
    faults += [fault for row in (*elections, *polls, *results, *last) for fault in row.faults]
    if faults:
        raise PollDataError(*dict.fromkeys(faults))
    return found


def _has_last_results(root: Path) -> bool:
    return (root / LAST_RESULTS).exists() or (root / f"{LAST_RESULTS}.gz").exists()


def _last_results(
    rows: Sequence[ArchiveRow], elections: Sequence[ArchiveRow], results: Sequence[ArchiveRow]
) -> dict[str, dict[str, float]]:
    """Shares of 1 at the last election by election and party; notes what cannot be."""
    known = {row.text("election_id") for row in elections}
    parties = {(row.text("election_id"), row.text("party")) for row in results}
    refuse_twice(rows, lambda row: (row.text("election_id"), row.text("party")), "party")
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        name = row.needed("election_id", "the id of an election is expected")
        party = row.needed("party", "the id of a party is expected")
        row.needed("share", "a share of 1 is expected")
        share = row.number_in("share", 0, 1, "a share of 1, not percent,")
        if name and name not in known:
            row.note("election_id", name, "no such election in elections.csv")
        elif party and party != OTHER and (name, party) not in parties:
            row.note("party", party, f"no such party in the results of {name}")
        if party != OTHER:
            found.setdefault(name, {})[party] = share
    for name, shares in found.items():
        total = sum(share for share in shares.values() if share == share)
        if total > MOST_OF_A_RESULT / 100:
            first = next(row for row in rows if row.text("election_id") == name)
            first.note("", ABSENT, f"the last results of '{name}' add up to {total:.4g}; all votes are 1")
    return found


def _check(
    elections: Sequence[ArchiveRow], polls: Sequence[ArchiveRow], results: Sequence[ArchiveRow]
) -> None:
    """Note what no archive may hold: constants that are fitted on it would be wrong for ever after."""
    known = {row.needed("election_id", "an id is expected") for row in elections}
    for row in elections:
        row.needed("country", "the country of the election is expected")
    refuse_twice(elections, lambda row: row.text("election_id"), "election_id")
    refuse_twice(results, lambda row: (row.text("election_id"), row.text("party")), "party")
    refuse_twice(polls, lambda row: (row.text("poll_id"), row.text("party")), "party")
    for row in (*polls, *results):
        name = row.needed("election_id", "the id of an election is expected")
        row.needed("party", "the id of a party is expected")
        if name and name not in known:
            row.note("election_id", name, "no such election in elections.csv")
    _check_sums(results, "election_id", MOST_OF_A_RESULT)
    _check_sums(polls, "poll_id", MOST_OF_A_POLL)
    _check_polls(polls)


def _check_sums(rows: Sequence[ArchiveRow], key: str, most: float) -> None:
    """Note shares of one poll or result that cannot be those of one electorate."""
    groups: dict[str, list[ArchiveRow]] = {}
    for row in rows:
        groups.setdefault(row.text(key), []).append(row)
    for name, group in groups.items():
        shares = [row.number_in("share", 0, 100, "a share in percent") for row in group]
        total = sum(share for share in shares if share == share)
        named = {row.text("party") for row in group}
        remedy = ""
        if total > most:
            remedy = f"the shares of '{name}' add up to {total:.6g} percent: is a decimal point missing?"
        elif 0 < total <= 1.05 and len(named) > 1:
            remedy = f"the shares of '{name}' add up to {total:.6g}: these look like fractions, not percent"
        elif key == "election_id" and OTHER in named and total < 200 - most:
            remedy = f"the shares of '{name}' add up to {total:.6g} percent; {OTHER} is the rest to 100"
        if remedy and not any(row.faults for row in group):
            group[0].note("", ABSENT, remedy)


def _check_polls(rows: Sequence[ArchiveRow]) -> None:
    """Note rows of one poll that contradict each other, and polls that stand there twice."""
    first: dict[str, ArchiveRow] = {}
    shares: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        name = row.needed("poll_id", "the id of a poll is expected")
        start = first.setdefault(name, row)
        row.cells["scope"] = row.text("scope") or NATIONAL
        shares.setdefault(name, set()).add((row.text("party"), row.text("share")))
        for column in _POLL_FACTS:
            if row.text(column) != start.text(column):
                remedy = f"row {start.number} of the same poll says '{start.text(column)}'; keep one"
                row.note(column, row.text(column) or ABSENT, remedy)
    before: dict[object, ArchiveRow] = {}
    for name, row in first.items():
        facts = tuple(row.text(column) for column in _POLL_FACTS)
        same = before.setdefault((facts, frozenset(shares[name])), row)
        if same is not row:
            row.note("poll_id", name, f"this is the poll of row {same.number} again; keep one of them")


def _by_election(rows: Sequence[ArchiveRow]) -> dict[str, list[ArchiveRow]]:
    groups: dict[str, list[ArchiveRow]] = {}
    for row in rows:
        groups.setdefault(row.text("election_id"), []).append(row)
    return groups


def _election(row: ArchiveRow, polls: Sequence[ArchiveRow], results: Sequence[ArchiveRow]) -> PastElection:
    row.needed("date", "the day of the election is expected")
    date = row.day_in("date") or datetime.date.min
    national = [poll for poll in polls if poll.text("scope") in ("", NATIONAL)]
    official: dict[str, float] = {}
    seats: dict[str, float] = {}
    for result in results:
        if result.text("party") != OTHER:
            official[result.text("party")] = result.number_in("share", 0, 100, "a share in percent") / 100
            # Seats of the lists where they are told apart from those of constituencies.
            of_lists, of_all = (
                result.number_in(column, 0, MOST_SEATS, "a number of seats") for column in _SEATS
            )
            seats[result.text("party")] = of_all if np.isnan(of_lists) else of_lists
    polled = {poll.text("party") for poll in national}
    ids = tuple(party for party, share in official.items() if party in polled and not np.isnan(share))
    reports, known = _reports(national, ids, date)
    level = row.number_in("threshold_pct", 0, 100, "a threshold in percent")
    return PastElection(
        id=row.text("election_id"),
        country=row.text("country"),
        date=date,
        quality=row.text("quality"),
        threshold=0.0 if np.isnan(level) else level / 100,
        polls=reports,
        known=known,
        result=np.array([official[party] for party in ids]),
        seats=np.array([seats[party] for party in ids]),
        rule=_rule(row),
        unpolled={party: share for party, share in official.items() if party not in ids and share > 0},
        kind=_kind(row.text("legislature")),
    )


def _kind(legislature: str) -> str:
    """Which of ``KINDS`` the parliament makes an election; national where the archive does not say."""
    if _EUROPEAN.search(legislature):
        return "european"
    return "regional" if _REGIONAL.search(legislature) else "national"


def _rule(row: ArchiveRow) -> Mapping[str, Any] | None:
    text = row.text("rule")
    if not text:
        return None
    where = f"row {row.number}, column rule"
    try:
        rule = json_of(text, row.place, PollDataError, where)
    except PollDataError as error:
        row.faults += error.faults
        return None
    if not isinstance(rule, dict):
        row.note("rule", text, "a JSON object is expected")
        return None
    return rule


def _reports(
    national: Sequence[ArchiveRow], ids: tuple[str, ...], date: datetime.date
) -> tuple[Reports, Floats]:
    """Polls in file order; shares of parties that have no official result count as other."""
    facts: dict[str, ArchiveRow] = {}
    for row in national:
        facts.setdefault(row.text("poll_id"), row)
    row_of = {poll: i for i, poll in enumerate(facts)}
    column_of = {party: k for k, party in enumerate(ids)}
    size = len(facts)
    shares = np.full((size, len(ids)), np.nan)
    other, undecided = np.full(size, np.nan), np.full(size, np.nan)
    strangers = np.zeros(size)
    for row in national:
        i, party, share = (
            row_of[row.text("poll_id")],
            row.text("party"),
            row.number_in("share", 0, 100, "a share in percent") / 100,
        )
        if party in column_of:
            shares[i, column_of[party]] = share
        elif party == OTHER:
            other[i] = share
        elif party == UNDECIDED:
            undecided[i] = share
        else:
            strangers[i] += 0.0 if np.isnan(share) else share
    days = np.array([_days_before(row, date) for row in facts.values()]).reshape(size, 2)
    usable = np.asarray(~np.isnan(days).any(1) & (~np.isnan(shares)).any(1))
    reports = Reports(
        ids=ids,
        shares=shares,
        other=other + strangers,  # where a poll gives no other, strangers are part of the remainder anyway
        undecided=undecided,
        ages=days[:, 0],
        sizes=np.array([row.number_in("sample_size", *_SAMPLES) for row in facts.values()]),
        firms=tuple(row.text("pollster").casefold() for row in facts.values()),
        labels=tuple(facts),
    )
    return reports.take(usable), days[usable, 1]


def _days_before(row: ArchiveRow, date: datetime.date) -> tuple[float, float]:
    """Days from the end of fieldwork, and from when a poll was known, to election day; NaN where undated."""
    published, end = row.day_in("publish_date"), row.day_in("fieldwork_end")
    for column, day in (("fieldwork_end", end), ("publish_date", published if end is None else None)):
        if day is not None and day > date > datetime.date.min:
            row.note(column, day, f"this is after the election of {date}; is the date right?")
    for column, day in (("fieldwork_end", end), ("publish_date", published)):
        if day is not None and (date - day).days > MOST_YEARS_BEFORE * 366:
            remedy = f"over {MOST_YEARS_BEFORE} years before the election of {date}; is the year right?"
            row.note(column, day, remedy)
    if end is None and published is None:
        given = row.number_in("days_before", 0, MOST_YEARS_BEFORE * 366, "a number of days")
        return given, given
    age = (date - (end or published or date)).days
    if published is None:
        return float(age), float(age)
    # Some archives date publication by month: a poll cannot be known before its fieldwork is over.
    return float(age), float(min((date - published).days, age))


# Seen from one day.

HORIZONS = (1, 7, 30, 90, 180)
"""Days before the election at which the method is fitted and scored."""


@dataclass(frozen=True)
class Case:
    """What was known ``horizon`` days before ``election``; U units, the last of them ``other``."""

    election: PastElection
    horizon: int
    prepared: Prepared
    centre: Average
    situation: Situation

    @property
    def units(self) -> tuple[str, ...]:
        return self.prepared.units

    @property
    def named(self) -> int:
        """Units besides other; they come first."""
        return self.prepared.named

    @cached_property
    def last(self) -> Floats:
        """(U,) shares of the units at the last election; NaN where not known, and for other."""
        known = dict(zip(self.election.polls.ids, self.election.last.tolist(), strict=False))
        return np.array([known.get(unit, np.nan) for unit in self.units])

    def correction(self, trend: Floats) -> Correction:
        """Average, trend (U,) and last results as the default law reads them."""
        named = np.array([unit != OTHER for unit in self.units])
        return correction_of(self.centre.mean, trend, self.last, named)

    @cached_property
    def result(self) -> Floats:
        """(U,) official shares of the units; other is the rest."""
        listed = dict(zip(self.election.polls.ids, self.election.result, strict=True))
        named = np.array([listed[unit] for unit in self.units if unit != OTHER])
        return np.append(named, max(0.0, 1.0 - named.sum()))


def case_of(election: PastElection, horizon: int) -> Case | None:
    """The case, or ``None`` where no national poll was known.

    ``ConfigurationError`` for a day after the vote.
    """
    if horizon < 0:
        remedy = "days before an election are 0 or more: a forecast stops at its day"
        raise ConfigurationError(Fault("horizons", "", horizon, remedy))
    reports = election.reports_at(horizon)
    if reports is None:
        return None
    prepared = prepare(reports)
    centre = average(prepared)
    situation = situation_of(prepared, centre, float(horizon))
    european = float(election.kind == "european")
    return Case(election, horizon, prepared, centre, situation._replace(european=european))


def cases_of(elections: Iterable[PastElection], horizons: Sequence[int] = HORIZONS) -> list[Case]:
    """All cases, election by election."""
    found = (case_of(election, horizon) for election in elections for horizon in horizons)
    return [case for case in found if case is not None]
