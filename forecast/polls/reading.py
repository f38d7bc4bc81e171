"""Reading a poll table: every fault at once, with file, row, column, value and remedy."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from forecast.door.arguments import made_by, path_of
from forecast.door.sheets import Line, Sheet, read_sheet
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError
from forecast.polls.cells import (
    parse_day,
    parse_kind,
    parse_sample_size,
    parse_scope,
    parse_share,
    parse_unit,
)
from forecast.polls.columns import OTHER, UNDECIDED, Layout, Names, Target, layout_of
from forecast.polls.doubts import doubted
from forecast.polls.frames import sheet_of
from forecast.polls.table import EXIT, NATIONAL, PollTable

if TYPE_CHECKING:
    from forecast.election import Election

Value = TypeVar("Value")

MOST_YEARS_BEFORE = 6
"""A poll older than this, seen from election day, is taken for a slip of the pen."""

_DAYS_OF_VOTING = 3
_ROUNDING_SLACK = 0.5
_FACTS = (
    "pollster",
    "fieldwork_start",
    "fieldwork_end",
    "published",
    "sample_size",
    "kind",
    "scope",
    "source",
    "unit",
)


@dataclass
class _Poll:
    """One poll while it is read: cells of its facts, shares in percent by target, and faults."""

    place: str
    row: int
    cells: dict[str, str]
    extras: dict[str, str]
    shares: dict[Target, tuple[float, int]] = field(default_factory=dict)
    rows: dict[Target, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)

    def read(self, column: str, parse: Callable[[str], Value], default: Value) -> Value:
        text = self.cells.get(column, "")
        try:
            return parse(text)
        except ValueError as error:
            self.fault(column, text, str(error))
            return default

    def fault(self, column: str, found: object, remedy: str, row: int | None = None) -> None:
        where = f"row {row or self.row}" + (f", column {column}" if column else "")
        self.faults.append(Fault(self.place, where, found, remedy))


def polls_of(election: Election) -> PollTable:
    """The poll table that the election file names; ``ConfigurationError`` where it names none."""
    if election.election.polls is None:
        remedy = 'a forecast needs polls: name their table, such as polls = "polls.csv"'
        raise ConfigurationError(Fault(election.place, "election.polls", ABSENT, remedy))
    return read_polls(election.election.polls, election)


def read_polls(source: str | Path | pd.DataFrame, election: Election) -> PollTable:
    """The polls of a table, checked against the options and the day of ``election``.

    Parameters
    ----------
    source
        A CSV file (docs/poll-table.md), or a DataFrame with the same columns.
    election
        As ``load_election`` gives it.

    Returns
    -------
    PollTable
        In the order of the table; shares are of 1, as published.

    Raises
    ------
    PollDataError
        With every fault of the table.
    """
    made_by("load_election", election=election)
    if isinstance(source, pd.DataFrame):
        sheet = sheet_of(source)
    else:
        path = path_of("source", source, "a path, or a pandas DataFrame")
        sheet = read_sheet(path, empty="the table is empty; a heading and one row a poll are expected")
    names = Names(election)
    columns = [[line.cells[i] for line in sheet.lines] for i in range(len(sheet.heading))]
    layout = layout_of(sheet.heading, columns, names)
    faults = [*sheet.faults, *_heading_faults(sheet, layout, names)]
    if any("column" in fault.path and "missing" in fault.remedy for fault in faults):
        raise PollDataError(*faults)
    if not sheet.lines and not sheet.faults:
        faults.append(
            Fault(sheet.place, "", ABSENT, "the table has a heading only; one row a poll is expected")
        )
    polls = _long_polls(sheet, layout, names) if layout.long else _wide_polls(sheet, layout)
    for poll in polls:
        _check_facts(poll, election.election.date)
        _check_shares(poll)
    faults += [fault for poll in polls for fault in poll.faults]
    if not faults:
        faults += _doublets(polls)
    if faults:
        raise PollDataError(*sorted(dict.fromkeys(faults), key=_row_of))
    return doubted(_table(sheet.place, polls, election), election)


def _row_of(fault: Fault) -> int:
    number = fault.path.removeprefix("row ").split(",")[0]
    return int(number) if number.isdigit() else 0


def _heading_faults(sheet: Sheet, layout: Layout, names: Names) -> Iterator[Fault]:
    place = sheet.place
    for name in layout.twice:
        yield Fault(place, f"column {name}", ABSENT, "this column comes twice")
    if "pollster" not in layout.facts:
        yield Fault(place, "column pollster", ABSENT, "missing; who held the poll?")
    if not {"fieldwork_end", "published"} & layout.facts.keys() and "kind" not in layout.facts:
        yield Fault(place, "column fieldwork_end", ABSENT, "missing; fieldwork_end or published is needed")
    for name in layout.unknown.values():
        remedy = f"{names.remedy(name)} (a column that is no share: begin its name with x_)"
        yield Fault(place, f"column {name}", ABSENT, remedy)
    if (
        not layout.long
        and not layout.unknown
        and not any(target.unit not in (OTHER, UNDECIDED) for target in layout.options.values())
    ):
        remedy = (
            "missing; either one column a party, or the columns party and share with one row a poll and party"
        )
        yield Fault(place, "columns of parties", ABSENT, remedy)


def _wide_polls(sheet: Sheet, layout: Layout) -> list[_Poll]:
    polls: list[_Poll] = []
    for line in sheet.lines:
        poll = _started(sheet.place, line, layout)
        for i, target in layout.options.items():
            _take_share(poll, target, line, i, sheet.heading[i])
        polls.append(poll)
    return polls


def _long_polls(sheet: Sheet, layout: Layout, names: Names) -> list[_Poll]:
    """One poll for each ``poll_id``, or where there is none for each set of equal facts."""
    polls: dict[tuple[str, ...], _Poll] = {}
    unknown: dict[str, int] = {}
    for line in sheet.lines:
        started = _started(sheet.place, line, layout)
        key = (started.cells.get("poll_id", ""),)
        if key == ("",):
            key = tuple(started.cells.get(fact, "") for fact in _FACTS)
        poll = polls.setdefault(key, started)
        name = line.cells[layout.party]
        target = names.find(name)
        if target is None:
            if unknown.setdefault(name, line.number) == line.number:
                poll.fault(sheet.heading[layout.party], name, names.remedy(name), line.number)
        elif target in poll.shares and target.unit != UNDECIDED:
            remedy = f"this poll reports it in row {poll.rows[target]} already; keep one"
            poll.fault(sheet.heading[layout.party], name, remedy, line.number)
        else:
            _take_share(poll, target, line, layout.share, sheet.heading[layout.share])
    return list(polls.values())


def _started(place: str, line: Line, layout: Layout) -> _Poll:
    cells = {fact: line.cells[i] for fact, i in layout.facts.items()}
    extras = {name: line.cells[i] for i, name in layout.extras.items()}
    return _Poll(place, line.number, cells, extras)


def _take_share(poll: _Poll, target: Target, line: Line, column: int, name: str) -> None:
    text = line.cells[column]
    try:
        in_fractions = parse_unit(poll.cells.get("unit", ""))
    except ValueError:
        in_fractions = False  # said once, with the facts of the poll
    try:
        share = parse_share(text, in_fractions)
    except ValueError as error:
        poll.fault(name, text, str(error), line.number)
        return
    if share is not None:
        before = poll.shares.get(target, (0.0, 0))
        poll.shares[target] = (before[0] + share[0], max(before[1], share[1]))
        poll.rows[target] = line.number


def _check_facts(poll: _Poll, day: datetime.date) -> None:
    """Read the facts of a poll and check its days against election day."""
    pollster = poll.cells.get("pollster", "")
    if not pollster:
        poll.fault("pollster", ABSENT, "missing; who held the poll?")
    start = poll.read("fieldwork_start", parse_day, None)
    end = poll.read("fieldwork_end", parse_day, None)
    published = poll.read("published", parse_day, None)
    scope = poll.read("scope", parse_scope, NATIONAL)
    kind = poll.read("kind", parse_kind, "pre-election")
    if scope == EXIT:
        kind, scope = EXIT, NATIONAL
    elif scope.startswith("exit-"):
        kind, scope = EXIT, scope.removeprefix("exit-")
    poll.read("unit", parse_unit, False)
    if kind == EXIT and end is None:
        end = day
    _check_days(poll, start, end, published, day, kind)
    known = end if kind == EXIT else published or end
    poll.facts = {
        "row": poll.row,
        "pollster": pollster,
        "fieldwork_start": start,
        "fieldwork_end": end,
        "published": published,
        "known": known,
        "sample_size": poll.read("sample_size", parse_sample_size, float("nan")),
        "kind": kind,
        "scope": scope,
        "source": poll.cells.get("source", ""),
    }


def _check_days(
    poll: _Poll,
    start: datetime.date | None,
    end: datetime.date | None,
    published: datetime.date | None,
    day: datetime.date,
    kind: str,
) -> None:
    if end is None and published is None:
        if not any(poll.cells.get(column) for column in ("fieldwork_end", "published")):
            poll.fault("fieldwork_end", ABSENT, "missing; fieldwork_end or published is needed")
        return
    if kind == EXIT and end is not None and not 0 <= (day - end).days <= _DAYS_OF_VOTING:
        poll.fault("fieldwork_end", end, f"an exit poll is held on election day, {day}; is the date right?")
        return
    for column, value in (("fieldwork_start", start), ("fieldwork_end", end)):
        if value is not None and value > day:
            poll.fault(column, value, f"this is after the election of {day}; is the date right?")
    if published is not None and (published - day).days > (366 if end is not None else 0):
        poll.fault("published", published, f"this is after the election of {day}; is the date right?")
    for column, value in (("fieldwork_start", start), ("fieldwork_end", end), ("published", published)):
        if value is not None and (day - value).days > MOST_YEARS_BEFORE * 366:
            remedy = f"over {MOST_YEARS_BEFORE} years before the election of {day}; is the year right?"
            poll.fault(column, value, remedy)
    if start is not None and end is not None and start > end:
        poll.fault("fieldwork_end", end, f"fieldwork ends before it starts ({start}); are the days swapped?")
    if published is not None and (end or start or published) > published:
        remedy = f"published before fieldwork is over ({end or start}); are the days swapped?"
        poll.fault("published", published, remedy)


def _check_shares(poll: _Poll) -> None:
    """Sums, parts of merged parties given twice, shares that look like fractions."""
    named = {target.unit for target in poll.shares} - {OTHER, UNDECIDED}
    if not named and not poll.faults:
        poll.fault("", ABSENT, "no share is given; fill in the shares or take the row out")
        return
    for unit in named:
        parts = [target.part for target in poll.shares if target.unit == unit and target.part]
        if parts and Target(unit) in poll.shares:
            poll.fault(
                "", parts[0], f"the poll reports both '{unit}' and this part of it; keep one of the two"
            )
    total = sum(share for share, _ in poll.shares.values())
    decimals = max((digits for _, digits in poll.shares.values()), default=0)
    most = 100 + _ROUNDING_SLACK + 0.5 * 10.0**-decimals * len(poll.shares)
    shown = f"{total:.6g}"
    if total > most:
        remedy = "shares add up to 100 percent at most; is a decimal point missing, or a party twice?"
        poll.fault("", f"shares of {shown}", remedy)
    elif total <= 1.05 and len(named) > 1 and all(share <= 1 for share, _ in poll.shares.values()):
        remedy = (
            "these look like fractions; write percent (53.46), or add a column unit with the word fraction"
        )
        poll.fault("", f"shares of {shown}", remedy)


def _doublets(polls: Sequence[_Poll]) -> Iterator[Fault]:
    """The same pollster, days, kind, scope and shares twice."""
    first: dict[tuple[object, ...], int] = {}
    for poll in polls:
        facts = tuple(str(value) for name, value in poll.facts.items() if name not in ("row", "source"))
        shares = sorted((target.unit, target.part, share) for target, (share, _) in poll.shares.items())
        before = first.setdefault((*facts, *shares), poll.row)
        if before != poll.row:
            remedy = f"this is the poll of row {before} again; keep one of them"
            yield Fault(poll.place, f"row {poll.row}", poll.facts["pollster"], remedy)


def _table(place: str, polls: Sequence[_Poll], election: Election) -> PollTable:
    days = ("fieldwork_start", "fieldwork_end", "published", "known")
    facts = pd.DataFrame([{**poll.facts, **_named_apart(poll.extras)} for poll in polls])
    for column in days:
        facts[column] = pd.to_datetime(pd.Series(facts[column].tolist(), dtype="object"), errors="raise")
    units = [party.id for party in election.parties]
    columns = [*units, *(unit for unit in (OTHER, UNDECIDED) if unit not in units)]
    sums: list[dict[str, float]] = []
    for poll in polls:
        row: dict[str, float] = {}
        for target, (share, _) in poll.shares.items():
            row[target.unit] = row.get(target.unit, 0.0) + share / 100
        sums.append(row)
    shares = pd.DataFrame(sums, index=facts.index).reindex(columns=columns).astype(float)
    return PollTable(place, facts, shares, election.election.date)


def _named_apart(extras: dict[str, str]) -> dict[str, str]:
    """Extras keep their names; one that has the name of a fact is numbered."""
    taken = {*_FACTS, "row", "known"}
    return {f"{name}_2" if name in taken else name: value for name, value in extras.items()}
