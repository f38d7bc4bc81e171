"""A feed of votes by unit as it is delivered: its columns, its rows, its times; nothing is judged here but
what no table may hold.

One that grows is read again whenever it has changed, and a finished night can be played once more. The file
is looked at every few seconds: its size and times, and where these have moved its bytes. That works for files
that are put in place whole, for those that are written on, and on network drives, which report no changes to
those who wait for them.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from forecast.door.files import MOST_OF_A_TABLE, read_bytes, unpacked
from forecast.door.sheets import Line, Sheet, is_book, table_of_bytes
from forecast.election.texts import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, ForecastError, PollDataError, lines_of, suggest
from forecast.geography.known_districts import OTHER
from forecast.night.units import NightTable, first_of
from forecast.polls.columns import Names
from forecast.rules.tables import parse_votes

if TYPE_CHECKING:
    from forecast.election import Election


NOTHING, PART, FINAL = 0, 1, 2
"""What of a unit is counted."""
STATUS = {"part": PART, "final": FINAL}

_NEEDED = ("unit", "time", "status")
_TOTALS = ("valid", "ballots")
_FACTS = (*_NEEDED, *_TOTALS, "district")
_REMARKS = (
    *("unit name", "name", "note", "source", "region", "kind", "electorate", "registered"),
    *("invalid", "blank", "turnout", "reported"),
)
"""Columns that are no list and are passed over."""
_EMPTY = "the table is empty; a heading is expected, and a row for each unit that is counted"
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_NOON = datetime.time(12)


class Report(NamedTuple):
    """One row of a feed: what a unit had at a time."""

    unit: str
    row: int
    """Its line in the file."""
    time: datetime.datetime | None
    status: int
    votes: tuple[int, ...]
    """By list, in the order of the units."""
    valid: int | None = None
    ballots: int | None = None
    district: str = ""

    @property
    def total(self) -> int:
        """Votes of all lists."""
        return sum(self.votes)

    @property
    def said(self) -> tuple[object, ...]:
        """What it says, wherever it stands."""
        return (self.time, self.status, self.votes, self.valid, self.ballots)


@dataclass(frozen=True)
class Delivery:
    """The bytes of a feed as they were found, and what tells them from others."""

    place: str
    data: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def ends(self) -> bool:
        """Whether a text ends with a whole line; one that does not may be cut short within a number."""
        data = self.data
        if self.place.endswith(".gz"):
            data = unpacked(data, self.place, PollDataError, most=MOST_OF_A_TABLE)
        return is_book(data) or data.rstrip(b"\0 \t")[-1:] in (b"\n", b"\r", b"")


@dataclass(frozen=True)
class Feed:
    """The reports of a delivery in the order of its rows, and what to mind of its columns."""

    place: str
    reports: tuple[Report, ...]
    remarks: tuple[str, ...] = ()
    ends: bool = True


def deliver(path: str | Path) -> Delivery:
    """The bytes of a feed. ``PollDataError`` where there is no such file."""
    folder = "this is a folder; a table of counted votes is expected"
    return Delivery(str(path), read_bytes(Path(path), PollDataError, most=MOST_OF_A_TABLE, folder=folder))


def read_feed(delivery: Delivery, election: Election) -> Feed:
    """The reports of a feed: columns ``unit``, ``time``, ``status`` (``part`` or ``final``), one for each
    list, and perhaps ``valid``, ``ballots``, ``district``.

    Columns that are none of these are votes for others, and said to be. ``PollDataError`` with every fault:
    a list without a column (where columns are shifted, numbers are plausible nonsense), cells that are no
    votes.
    """
    names = Names(election)
    sheet = table_of_bytes(
        delivery.data, delivery.place, PollDataError, wanted="unit", empty=_EMPTY, names=names.spelt
    )
    reading = _Reading(election, sheet, names)
    reports = reading.reports()
    if reading.faults:
        raise PollDataError(*reading.faults)
    return Feed(delivery.place, reports, tuple(reading.remarks), delivery.ends)


@dataclass
class _Columns:
    facts: dict[str, int] = field(default_factory=dict)
    lists: dict[str, list[int]] = field(default_factory=dict)
    extra: dict[str, int] = field(default_factory=dict)


class _Reading(NightTable):
    """A feed while it is read."""

    def __init__(self, election: Election, sheet: Sheet, names: Names) -> None:
        super().__init__(election, sheet)
        self.columns = self._columns(names)
        self.clock: set[bool] = set()
        """Whether times say how far they are from UTC."""

    def reports(self) -> tuple[Report, ...]:
        """The reports; what is wrong with them goes to the faults."""
        if any(name not in self.columns.facts for name in _NEEDED):
            raise PollDataError(*self.faults)
        at = [self.columns.lists.get(one, []) for one in self.lists]
        found = tuple(self._report(line, at) for line in self.sheet.lines)
        if len(self.clock) > 1:
            remedy = "some times say how far they are from UTC and some do not; write all in one way"
            self.faults.append(Fault(self.place, "column time", ABSENT, remedy))
        self._refuse_totals()
        return found

    # Columns.

    def _columns(self, names: Names) -> _Columns:
        found = _Columns()
        for at, heading in enumerate(self.sheet.heading):
            key = normalised(heading)
            target = names.find(heading)
            if key in _FACTS:
                found.facts[key] = at
            elif key in _REMARKS:
                continue
            elif not key:
                self.refuse_unnamed(at)
            elif target is not None and target.unit in self.lists:
                found.lists.setdefault(target.unit, []).append(at)
            else:
                found.extra[heading] = at
        self._refuse_missing(found)
        self._give_to_others(found)
        return found

    def _refuse_missing(self, found: _Columns) -> None:
        for name in _NEEDED:
            if name not in found.facts:
                remedy = f"missing; the table needs columns {', '.join(_NEEDED)} and one for each list"
                self.faults.append(Fault(self.place, f"column {name}", ABSENT, remedy))
        for one in self.lists:
            if one not in found.lists and not (one == OTHER and found.extra):
                remedy = (
                    f"missing: the votes of {self._name(one)}; {suggest(one, list(found.extra))}; without it "
                    "every share would be wrong (0 in each row, where a list has no votes)"
                )
                self.faults.append(Fault(self.place, f"column {one}", ABSENT, remedy))

    def _name(self, one: str) -> str:
        return self.election.by_id[one].name if one in self.election.by_id else "all other lists"

    def _give_to_others(self, found: _Columns) -> None:
        """Extra columns are lists that the election file does not name."""
        if not found.extra:
            return
        if OTHER not in self.lists:
            for name in found.extra:
                remedy = f"no such list, and the ballot is closed; {suggest(name, [*_FACTS, *self.lists])}"
                self.faults.append(Fault(self.place, "row 1", name, remedy))
            return
        listed = ", ".join(found.extra)
        self.remarks.append(
            f"{self.place}: {listed}: no list of the election file; counted as votes for others"
        )
        found.lists.setdefault(OTHER, []).extend(found.extra.values())

    def _refuse_totals(self) -> None:
        """A column that is the sum of the lists is none of them."""
        at_lists = sorted({at for some in self.columns.lists.values() for at in some})
        for name, at in self.columns.extra.items():
            others = [one for one in at_lists if one != at]
            rows = [line for line in self.sheet.lines if _whole(line.cells[at]) > 0]
            sums = [sum(_whole(line.cells[one]) for one in others) for line in rows]
            if rows and all(_whole(line.cells[at]) == total for line, total in zip(rows, sums, strict=True)):
                remedy = "in every row this is the sum of the lists: head it valid, or leave it out"
                self.faults.append(Fault(self.place, f"column {name}", ABSENT, remedy))

    # Rows.

    def _report(self, line: Line, lists: Sequence[Sequence[int]]) -> Report:
        unit = line.cells[self.columns.facts["unit"]]
        if not unit:
            self.fault(line, "unit", ABSENT, "the key of a unit is expected")
        return Report(
            unit,
            line.number,
            self._time(line),
            self._status(line),
            tuple(sum(self._votes(line, at) for at in some) for some in lists),
            self._total(line, "valid"),
            self._total(line, "ballots"),
            self._fact(line, "district"),
        )

    def _fact(self, line: Line, name: str) -> str:
        at = self.columns.facts.get(name)
        return "" if at is None else line.cells[at]

    def _status(self, line: Line) -> int:
        said = self._fact(line, "status")
        found = STATUS.get(said.casefold())
        if found is None:
            self.fault(line, "status", said or ABSENT, "part or final is expected")
        return found or NOTHING

    def _time(self, line: Line) -> datetime.datetime | None:
        said = self._fact(line, "time")
        if not said:
            return None
        try:
            found = moment(said, self.election.election.vote)
        except ValueError as error:
            self.fault(line, "time", said, str(error))
            return None
        self.clock.add(found.tzinfo is not None)
        return found

    def _total(self, line: Line, name: str) -> int | None:
        at = self.columns.facts.get(name)
        return self._votes(line, at) if at is not None and line.cells[at] else None

    def _votes(self, line: Line, at: int) -> int:
        """A whole number of votes; a blank cell is none."""
        text = line.cells[at]
        if text.isdecimal() and text.isascii() and len(text) < 13:
            return int(text)
        if not text:
            return 0
        try:
            return parse_votes(text)
        except ValueError as error:
            self.fault(line, self.sheet.heading[at], text, str(error))
            return 0


def _whole(text: str) -> int:
    try:
        return parse_votes(text) if text else 0
    except ValueError:
        return 0


def moment(text: str, vote: datetime.date | None) -> datetime.datetime:
    """A time as ISO has it, or of the clock alone: from noon on that of the day of the vote, before noon that
    of the next day. ``ValueError`` where it is neither.
    """
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    try:
        if clock is None:
            found = datetime.datetime.fromisoformat(text)
            if len(text) <= 10:
                msg = "a time is expected, not a day alone, such as 2022-09-11T22:30"
                raise ValueError(msg)
            return found
        hour, minute, second = (int(part or 0) for part in clock.groups())
        time = datetime.time(hour, minute, second)
    except ValueError as error:
        said = str(error) if "expected" in str(error) else "a time is expected, such as 2022-09-11T22:30"
        raise ValueError(said) from None
    if vote is None:
        msg = "on which day? The election file has no date; write it whole, such as 2022-09-11T22:30"
        raise ValueError(msg)
    day = vote if time >= _NOON else vote + datetime.timedelta(days=1)
    return datetime.datetime.combine(day, time)


def as_of_moment(text: str, election: Election) -> datetime.datetime:
    """The time that ``--as-of`` names; ``ConfigurationError`` where it is none."""
    try:
        return moment(text, election.election.vote)
    except ValueError as error:
        raise ConfigurationError(Fault("--as-of", "", text, str(error))) from None


def known_by(feed: Feed, as_of: datetime.datetime) -> Feed:
    """The reports that were there at a time. ``PollDataError`` where the feed has no times."""
    untimed = [report.row for report in feed.reports if report.time is None]
    if untimed:
        remedy = f"--as-of needs the time of every report; {len(untimed):,} rows have none"
        raise PollDataError(Fault(feed.place, f"row {untimed[0]}, column time", ABSENT, remedy))
    kept = tuple(report for report in feed.reports if order_of(report.time) <= order_of(as_of, feed))
    return Feed(feed.place, kept, feed.remarks, feed.ends)


def order_of(time: datetime.datetime | None, beside: Feed | None = None) -> float:
    """What times are sorted by: seconds; a time without a zone is meant in that of the feed ``beside``."""
    if time is None:
        return float("-inf")
    if time.tzinfo is None and beside is not None:
        zone = next((report.time.tzinfo for report in beside.reports if report.time is not None), None)
        time = time.replace(tzinfo=zone)
    return time.timestamp() if time.tzinfo is not None else time.replace(tzinfo=datetime.UTC).timestamp()


def by_unit(reports: Iterable[Report]) -> Mapping[str, list[Report]]:
    """Reports of each unit, the earlier first; of one time in the order in which they came."""
    found: dict[str, list[Report]] = {}
    for report in reports:
        found.setdefault(report.unit, []).append(report)
    for some in found.values():
        some.sort(key=lambda report: order_of(report.time))
    return found


# The feed while it grows.

STILL_AFTER = 20 * 60.0
"""Seconds without a change after which a feed is said to stand still."""
CUT_SHORT = "the file does not end with a line break: was it cut short? Then its last number may be too"
_FEW_GONE, _SHARE_GONE = 5, 0.02
"""So many units, or this share of them, may vanish from a feed; where more do, it was cut short."""
_SETTLED = 2.0
"""Seconds after which a file that was written is known to have been read as it is."""


class Clock(Protocol):
    """What time it is, and how to wait."""

    def now(self) -> datetime.datetime:
        """The time of day, with its zone; it may jump."""
        ...

    def ticks(self) -> float:
        """Seconds that only grow."""
        ...

    def wait(self, seconds: float) -> None:
        """Come back after so many seconds."""
        ...


class SystemClock:
    """That of the machine."""

    def now(self) -> datetime.datetime:
        """The time of day, in the zone of the machine."""
        return datetime.datetime.now().astimezone()

    def ticks(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Arrived:
    """The feed has changed, and can be read."""

    feed: Feed
    digest: str
    time: datetime.datetime


@dataclass(frozen=True)
class Broken:
    """The feed has changed, and cannot be read: why."""

    reason: str
    time: datetime.datetime


@dataclass(frozen=True)
class Still:
    """The feed has not changed since a time."""

    since: datetime.datetime
    time: datetime.datetime


Event = Arrived | Broken | Still


def watched(
    path: Path, election: Election, clock: Clock, *, every: float, still_after: float = STILL_AFTER
) -> Iterator[Event]:
    """What becomes of a feed, without end: each change once, and each time that it stands still.

    A file that does not end with a whole line is looked at once more before it is taken.
    """
    looking = _Looking(path, election)
    changed, since, said = clock.ticks(), clock.now(), False
    while True:
        event = looking.look(clock)
        if event is not None:
            changed, since, said = clock.ticks(), clock.now(), False
            yield event
        elif not said and clock.ticks() - changed >= still_after:
            said = True
            yield Still(since, clock.now())
        clock.wait(every)


class _Looking:
    """What was last seen of a file."""

    def __init__(self, path: Path, election: Election) -> None:
        self.path, self.election = path, election
        self._stat: tuple[int, int, int] | None = None
        self._settled = False
        self._digest = ""
        self._unended = ""
        self._reason = ""

    def look(self, clock: Clock) -> Event | None:
        """What has changed since the last look, if anything has."""
        try:
            stat = self.path.stat()
            seen = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
            if seen == self._stat and self._settled and not self._unended:
                return None
            delivery = deliver(self.path)
            self._stat, self._settled = seen, time.time() - stat.st_mtime > _SETTLED
            return self._read(delivery, clock)
        except PollDataError as error:
            return self._broken(reason_of(error), clock)
        except OSError as error:
            self._stat = None
            return self._broken(f"{self.path}: {error.strerror or error}", clock)

    def _read(self, delivery: Delivery, clock: Clock) -> Event | None:
        digest = delivery.digest
        if digest == self._digest and not self._reason:
            return None
        if not delivery.ends and digest != self._unended:
            self._unended = digest
            return None
        cut, self._unended = digest == self._unended, ""
        self._digest = digest
        feed = read_feed(delivery, self.election)
        self._reason = ""
        if cut:
            feed = replace(feed, remarks=(*feed.remarks, f"{feed.place}: {CUT_SHORT}"))
        return Arrived(feed, digest, clock.now())

    def _broken(self, reason: str, clock: Clock) -> Event | None:
        """The reason once, until it is another."""
        if reason == self._reason:
            return None
        self._reason = reason
        return Broken(reason, clock.now())


def replayed(
    feed: Feed, clock: Clock, *, every: float, speed: float, until: datetime.datetime | None = None
) -> Iterator[Arrived]:
    """A finished night once more: what was there after each ``every`` seconds of it, at so many times the
    speed of the clock. Stretches without a report are passed over.

    Raises ``PollDataError`` where reports have no times.
    """
    last = max(
        (report.time for report in feed.reports if report.time is not None), key=order_of, default=None
    )
    if last is None:
        remedy = "a night is played by the times of its reports; there are none"
        raise PollDataError(Fault(feed.place, "column time", ABSENT, remedy))
    end = last if until is None else until
    known_by(feed, end)  # every report has its time, or it is said
    times = sorted({order_of(report.time) for report in feed.reports})
    at = min((report.time for report in feed.reports if report.time is not None), key=order_of)
    while True:
        shown = min(at, end, key=order_of)
        yield Arrived(known_by(feed, shown), "", shown)
        if order_of(shown) >= order_of(end):
            return
        clock.wait(every / speed)
        following = next((time for time in times if time > order_of(shown)), order_of(end))
        steps = max(-(-(following - order_of(shown)) // every), 1.0)
        at = shown + datetime.timedelta(seconds=every * steps)


def reason_of(error: Exception) -> str:
    """An error in one line: its faults, or what it is."""
    if isinstance(error, ForecastError):
        return "; ".join(lines_of(error.faults))
    return f"{type(error).__name__}: {error}"


def refuse_cut_short(feed: Feed, earlier: Sequence[Report]) -> None:
    """``PollDataError`` where so many units are gone from a feed that it must have been cut short."""
    before = {report.unit for report in earlier}
    gone = sorted(before - {report.unit for report in feed.reports})
    if len(gone) <= max(_FEW_GONE, _SHARE_GONE * len(before)) and (feed.ends or not gone):
        return
    some = first_of(gone)
    remedy = f"{len(gone):,} of {len(before):,} units that were reported are gone ({some}): cut short?"
    raise PollDataError(Fault(feed.place, "", ABSENT, remedy))
