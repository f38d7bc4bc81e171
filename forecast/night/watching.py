"""A feed that grows, read again whenever it has changed; and a finished night played once more.

The file is looked at every few seconds: its size and times, and where these have moved its bytes. That works
for files that are put in place whole, for those that are written on, and on network drives, which report no
changes to those who wait for them.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from forecast.errors import ABSENT, Fault, ForecastError, PollDataError, lines_of
from forecast.night.counted import Counted
from forecast.night.feed import Delivery, Feed, Report, deliver, known_by, order_of, read_feed

if TYPE_CHECKING:
    from forecast.election import Election

STILL_AFTER = 20 * 60.0
"""Seconds without a change after which a feed is said to stand still."""
CUT_SHORT = "the file does not end with a line break: was it cut short? Then its last number may be too"
_FEW_GONE, _SHARE_GONE = 5, 0.02
"""So many units, or this share of them, may vanish from a feed; where more do, it was cut short."""
_SETTLED = 2.0
"""Seconds after which a file that was written is known to have been read as it is."""
_NAMED = 5


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
    some = ", ".join(gone[:_NAMED]) + (", ..." if len(gone) > _NAMED else "")
    remedy = f"{len(gone):,} of {len(before):,} units that were reported are gone ({some}): cut short?"
    raise PollDataError(Fault(feed.place, "", ABSENT, remedy))


def tells_nothing_new(counted: Counted, before: Counted | None) -> bool:
    """Whether what is counted is what was counted before."""
    return before is not None and all(
        (one == other).all()
        for one, other in (
            (counted.votes, before.votes),
            (counted.status, before.status),
            (counted.set_aside, before.set_aside),
            (counted.outside, before.outside),
        )
    )
