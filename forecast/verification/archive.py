"""An archive of past elections: a folder with their polls, results and rules.

``elections.csv``: election_id, country, date; threshold_pct, quality and rule where known. ``polls.csv`` (or
``polls.csv.gz``): one row a poll and party. ``results.csv``: one row an election and party.
``docs/poll-table.md`` describes the columns. Nothing of an archive is kept in the program.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from forecast.errors import ABSENT, Fault, PollDataError, suggest
from forecast.estimation.reports import OTHER, Floats, Reports

SPARSE = "X"
"""Quality of elections that are shown apart and never fitted."""
NATIONAL = "national"
UNDECIDED = "undecided"

_NEEDED = {
    "elections.csv": ("election_id", "country", "date"),
    "polls.csv": ("poll_id", "election_id", "pollster", "fieldwork_end", "party", "share"),
    "results.csv": ("election_id", "party", "share"),
}

_MOST_FAULTS = 50


@dataclass(frozen=True)
class PastElection:
    """One election: its national polls before the vote, and how it came out.

    ``polls`` (P polls, K options that some poll reports) has ages in days from the end of fieldwork to
    election day; ``known`` (P,) days before election day on which each was known. ``result`` (K,) official
    shares of valid votes, of 1; ``seats`` (K,) official seats that the rule hands out, NaN where not known.
    ``threshold`` of 1, 0 where there is none. ``unpolled`` are the shares of options that no poll reports.
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


def read_archive(folder: str | Path) -> list[PastElection]:
    """Elections that have a result, in the order of ``elections.csv``.

    Those without national polls have none. ``PollDataError`` for missing files and columns, and for days and
    numbers that cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        raise PollDataError(
            Fault(str(folder), "", ABSENT, "no such folder; an archive of elections is expected")
        )
    faults: list[Fault] = []
    elections, polls, results = (_read(root, name, faults) for name in _NEEDED)
    if faults:
        raise PollDataError(*faults)
    polls_of, results_of = _by_election(polls), _by_election(results)
    found = [
        _election(row, polls_of.get(row.text("election_id"), []), results_of[row.text("election_id")])
        for row in elections
        if row.text("election_id") in results_of
    ]
    faults = [fault for row in (*elections, *polls, *results) for fault in row.faults]
    if faults:
        raise PollDataError(*list(dict.fromkeys(faults))[:_MOST_FAULTS])
    return found


@dataclass
class _Row:
    """One row of a table: empty cells are missing ones; what cannot be read goes to ``faults``."""

    place: str
    number: int
    cells: dict[str, str]
    faults: list[Fault] = field(default_factory=list)

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def number_in(self, column: str) -> float:
        """The number in a cell; NaN for an empty one."""
        text = self.text(column)
        try:
            return float(text) if text else float("nan")
        except ValueError:
            self._note(column, text, "a number is expected")
            return float("nan")

    def day_in(self, column: str) -> datetime.date | None:
        """The day in a cell; ``None`` for an empty one."""
        text = self.text(column)
        try:
            return datetime.date.fromisoformat(text) if text else None
        except ValueError:
            self._note(column, text, "a day such as 2021-09-26 is expected")
            return None

    def _note(self, column: str, found: str, remedy: str) -> None:
        self.faults.append(Fault(self.place, f"row {self.number}, column {column}", found, remedy))


def _read(root: Path, name: str, faults: list[Fault]) -> list[_Row]:
    path = root / name
    if not path.exists() and (root / f"{name}.gz").exists():
        path = root / f"{name}.gz"
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except FileNotFoundError:
        faults.append(Fault(str(path), "", ABSENT, "no such file; an archive needs it"))
        return []
    except (OSError, EOFError, UnicodeDecodeError) as error:
        faults.append(Fault(str(path), "", ABSENT, f"cannot be read as a table: {error}"))
        return []
    reader = csv.DictReader(io.StringIO(text, newline=""))
    heading = [column.strip() for column in reader.fieldnames or ()]
    for column in _NEEDED[name]:
        if column not in heading:
            remedy = f"missing; {suggest(column, heading)}"
            faults.append(Fault(str(path), f"column {column}", ABSENT, remedy))
    return [
        _Row(str(path), number, {key.strip(): (cell or "").strip() for key, cell in row.items() if key})
        for number, row in enumerate(reader, start=2)
    ]


def _by_election(rows: Sequence[_Row]) -> dict[str, list[_Row]]:
    groups: dict[str, list[_Row]] = {}
    for row in rows:
        groups.setdefault(row.text("election_id"), []).append(row)
    return groups


def _election(row: _Row, polls: Sequence[_Row], results: Sequence[_Row]) -> PastElection:
    date = row.day_in("date") or datetime.date.min
    national = [poll for poll in polls if poll.text("scope") in ("", NATIONAL)]
    official: dict[str, float] = {}
    seats: dict[str, float] = {}
    for result in results:
        if result.text("party") != OTHER:
            _add(official, result.text("party"), result.number_in("share") / 100)
            # Seats of the lists where they are told apart from those of constituencies.
            of_lists = result.number_in("seats_list")
            _add(seats, result.text("party"), result.number_in("seats") if np.isnan(of_lists) else of_lists)
    polled = {poll.text("party") for poll in national}
    ids = tuple(party for party, share in official.items() if party in polled and not np.isnan(share))
    reports, known = _reports(national, ids, date)
    level = row.number_in("threshold_pct")
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
    )


def _add(sums: dict[str, float], party: str, value: float) -> None:
    """Add where something is known of both; NaN where nothing is known."""
    before = sums.get(party, float("nan"))
    sums[party] = value if np.isnan(before) else before + (0.0 if np.isnan(value) else value)


def _rule(row: _Row) -> Mapping[str, Any] | None:
    text = row.text("rule")
    if not text:
        return None
    try:
        rule = json.loads(text)
    except json.JSONDecodeError as error:
        row.faults.append(Fault(row.place, f"row {row.number}, column rule", text, f"not JSON: {error.msg}"))
        return None
    if not isinstance(rule, dict):
        row.faults.append(
            Fault(row.place, f"row {row.number}, column rule", text, "a JSON object is expected")
        )
        return None
    return rule


def _reports(national: Sequence[_Row], ids: tuple[str, ...], date: datetime.date) -> tuple[Reports, Floats]:
    """Polls in file order; shares of parties that have no official result count as other."""
    facts: dict[str, _Row] = {}
    for row in national:
        facts.setdefault(row.text("poll_id"), row)
    row_of = {poll: i for i, poll in enumerate(facts)}
    column_of = {party: k for k, party in enumerate(ids)}
    size = len(facts)
    shares = np.full((size, len(ids)), np.nan)
    other, undecided = np.full(size, np.nan), np.full(size, np.nan)
    strangers = np.zeros(size)
    for row in national:
        i, party, share = row_of[row.text("poll_id")], row.text("party"), row.number_in("share") / 100
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
        sizes=np.array([row.number_in("sample_size") for row in facts.values()]),
        firms=tuple(row.text("pollster").casefold() for row in facts.values()),
        labels=tuple(facts),
    )
    return reports.take(usable), days[usable, 1]


def _days_before(row: _Row, date: datetime.date) -> tuple[float, float]:
    """Days from the end of fieldwork, and from when a poll was known, to election day; NaN where undated."""
    published, end = row.day_in("publish_date"), row.day_in("fieldwork_end")
    if end is None and published is None:
        given = row.number_in("days_before")
        return given, given
    age = (date - (end or published or date)).days
    if published is None:
        return float(age), float(age)
    # Some archives date publication by month: a poll cannot be known before its fieldwork is over.
    return float(age), float(min((date - published).days, age))
