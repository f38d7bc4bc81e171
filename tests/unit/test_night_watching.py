"""A feed that is watched: changes, breaks, stands still; a clock that jumps; and a night played once more."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from forecast.errors import PollDataError
from forecast.night.counted import counted_of, tells_nothing_new
from forecast.night.feed import (
    CUT_SHORT,
    Arrived,
    Broken,
    Event,
    Feed,
    Still,
    deliver,
    read_feed,
    refuse_cut_short,
    replayed,
    watched,
)
from forecast.night.units import read_units
from tests.nights import counted_rows, made_night, write_counted, write_election, write_units

START = datetime.datetime(2024, 6, 9, 20, 0, tzinfo=datetime.UTC)


class Over(Exception):
    """The script has ended."""


@dataclass
class Scripted:
    """A clock that does something at each wait, and ends with the script."""

    script: list[Callable[[], None]]
    at: float = 0.0
    jumped: float = 0.0
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime.datetime:
        return START + datetime.timedelta(seconds=self.at + self.jumped)

    def ticks(self) -> float:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += seconds
        self.waits.append(seconds)
        if not self.script:
            raise Over
        self.script.pop(0)()


class Made:
    """A night in a folder, of which more and more can be delivered."""

    def __init__(self, folder: Path) -> None:
        self.night = made_night(6)
        self.election = write_election(folder)
        self.units = read_units(write_units(folder / "units.csv", self.night), self.election)
        self.path = folder / "counted.csv"

    def put(self, share: float) -> Callable[[], None]:
        return lambda: self._put(self.whole(share))

    def text(self, text: str) -> Callable[[], None]:
        return lambda: self._put(text)

    def whole(self, share: float) -> str:
        other = self.path.with_name("made.csv")
        write_counted(other, counted_rows(self.night, self.night.first(share)))
        return other.read_text(encoding="utf-8")

    def _put(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")

    def gone(self) -> None:
        self.path.unlink()

    def seen(self, clock: Scripted, *, every: float = 5.0) -> list[Event]:
        return list(until_over(watched(self.path, self.election, clock, every=every)))


def until_over(events: Iterator[Event]) -> Iterator[Event]:
    try:
        yield from events
    except Over:
        return


def nothing() -> None:
    """Nothing happens."""


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def reports(event: Event) -> int:
    assert isinstance(event, Arrived)
    return len(event.feed.reports)


def test_each_change_is_seen_once(made: Made) -> None:
    made.put(0.2)()
    events = made.seen(Scripted([nothing, made.put(0.4), nothing, made.put(0.6), nothing]))
    assert kinds(events) == ["Arrived"] * 3
    assert [reports(event) for event in events] == [len(made.night.first(share)) for share in (0.2, 0.4, 0.6)]


def test_a_change_that_leaves_size_and_time_of_the_file_is_seen(made: Made) -> None:
    made.put(0.2)()
    stat = made.path.stat()
    text = made.path.read_text(encoding="utf-8")
    rows = text.splitlines(keepends=True)
    other = "".join([rows[0], *rows[:0:-1]])
    assert len(other) == len(text)

    def same_time() -> None:
        made.path.write_text(other, encoding="utf-8")
        os.utime(made.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert kinds(made.seen(Scripted([nothing, same_time, nothing]))) == ["Arrived", "Arrived"]


def test_a_broken_feed_is_said_once_and_then_read_again(made: Made) -> None:
    made.put(0.2)()
    broken = made.whole(0.4).replace("blue", "bluu", 1)
    events = made.seen(Scripted([made.text(broken), nothing, nothing, made.put(0.4), nothing]))
    assert kinds(events) == ["Arrived", "Broken", "Arrived"]
    assert isinstance(events[1], Broken)
    assert "column blue: missing" in events[1].reason
    assert reports(events[2]) == len(made.night.first(0.4))


def test_a_feed_that_is_missing_for_a_while_comes_back_though_unchanged(made: Made) -> None:
    made.put(0.2)()
    events = made.seen(Scripted([made.gone, nothing, made.put(0.2), nothing]))
    assert kinds(events) == ["Arrived", "Broken", "Arrived"]
    assert isinstance(events[1], Broken)
    assert "no such file" in events[1].reason or "No such file" in events[1].reason


def test_a_file_that_is_still_being_written_is_waited_for(made: Made) -> None:
    made.put(0.2)()
    text = made.whole(0.4)
    events = made.seen(Scripted([made.text(text[:-7]), made.text(text), nothing]))
    assert kinds(events) == ["Arrived", "Arrived"]
    assert reports(events[1]) == len(made.night.first(0.4))


def test_a_file_that_stays_without_its_last_line_break_is_taken_and_said(made: Made) -> None:
    made.text(made.whole(0.2).rstrip("\n"))()
    events = made.seen(Scripted([nothing, nothing]))
    assert kinds(events) == ["Arrived"]
    assert isinstance(events[0], Arrived)
    assert events[0].feed.remarks == (f"{made.path}: {CUT_SHORT}",)


def test_a_file_cut_within_a_row_is_broken(made: Made) -> None:
    text = made.whole(0.4)
    made.text(text[: text.rindex(",", 0, text.rindex(",") - 5)])()
    events = made.seen(Scripted([nothing, nothing]))
    assert kinds(events) == ["Broken"]


def test_a_feed_that_stands_still_is_said_after_twenty_minutes_once(made: Made) -> None:
    made.put(0.2)()
    clock = Scripted([nothing] * 25)
    events = made.seen(clock, every=60.0)
    assert kinds(events) == ["Arrived", "Still"]
    assert isinstance(events[1], Still)
    assert events[1].since == START
    assert events[1].time - events[1].since == datetime.timedelta(minutes=20)
    again = made.seen(Scripted([*[nothing] * 21, made.put(0.4), *[nothing] * 21]), every=60.0)
    assert kinds(again) == ["Arrived", "Still", "Arrived", "Still"]


def test_a_clock_that_jumps_neither_wakes_nor_stills_a_feed(made: Made) -> None:
    made.put(0.2)()
    clock = Scripted([nothing, nothing, nothing])

    def back() -> None:
        clock.jumped = -3_600.0

    def on() -> None:
        clock.jumped = 7_200.0

    clock.script = [back, made.put(0.4), on, nothing]
    events = made.seen(clock)
    assert kinds(events) == ["Arrived", "Arrived"]
    assert events[1].time < events[0].time


# What is held against a feed.


def test_a_feed_of_which_many_units_are_gone_was_cut_short(made: Made) -> None:
    made.put(0.9)()
    whole = read_feed(deliver(made.path), made.election)
    refuse_cut_short(whole, whole.reports)
    few = Feed(whole.place, whole.reports[3:])
    refuse_cut_short(few, whole.reports)
    with pytest.raises(PollDataError, match=r"units that were reported are gone .*: cut short"):
        refuse_cut_short(Feed(few.place, few.reports, ends=False), whole.reports)
    half = Feed(whole.place, whole.reports[: len(whole.reports) // 2])
    with pytest.raises(PollDataError, match="cut short"):
        refuse_cut_short(half, whole.reports)


def test_what_tells_nothing_new(made: Made) -> None:
    made.put(0.5)()
    feed = read_feed(deliver(made.path), made.election)
    counted = counted_of(feed, made.units)
    assert tells_nothing_new(counted_of(feed, made.units), counted)
    assert not tells_nothing_new(counted, None)
    fewer = counted_of(Feed(feed.place, feed.reports[:-1]), made.units)
    assert not tells_nothing_new(fewer, counted)


# A night played once more.


def test_a_finished_night_is_played_at_any_speed(made: Made) -> None:
    made.put(1.0)()
    feed = read_feed(deliver(made.path), made.election)
    clock = Scripted([nothing] * 200)
    events = list(replayed(feed, clock, every=1_800.0, speed=60.0))
    numbers = [len(event.feed.reports) for event in events]
    assert numbers == sorted(numbers)
    assert numbers[-1] == len(feed.reports)
    assert len(set(numbers)) == len(numbers), "a stretch without a report is passed over"
    assert set(clock.waits) == {30.0}
    steps = [later.time - event.time for event, later in pairwise(events[:-1])]
    assert all(step % datetime.timedelta(minutes=30) == datetime.timedelta() for step in steps)
    for event in events:
        assert all(report.time is not None and report.time <= event.time for report in event.feed.reports)
    until = datetime.datetime(2024, 6, 9, 21, 0)
    some = list(replayed(feed, Scripted([nothing] * 200), every=600.0, speed=1e9, until=until))
    assert some[-1].time == until


def test_a_night_without_times_is_not_played(made: Made) -> None:
    rows = counted_rows(made.night, made.night.first(0.3))
    write_counted(made.path, [{**row, "time": ""} for row in rows])
    feed = read_feed(deliver(made.path), made.election)
    with pytest.raises(PollDataError, match="played by the times of its reports"):
        list(replayed(feed, Scripted([]), every=60.0, speed=1.0))
