"""What is counted so far: the reports of a feed read against the units that were fixed before the night.

Every fault of a feed has one way: what no feed may say is refused, with all faults at once; a report that
cannot be is set aside; a final report that is taken back is held; all else is counted, and said.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.election.values import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.night.feed import (
    FINAL,
    NOTHING,
    PART,
    Feed,
    Report,
    by_unit,
    deliver,
    known_by,
    order_of,
    read_feed,
)
from forecast.night.judging import KINDS, Judge, Remark, State
from forecast.night.units import Units, by_name, in_chunks

if TYPE_CHECKING:
    from forecast.election import Election

__all__ = ["FINAL", "KINDS", "NOTHING", "PART", "Counted", "Remark", "counted_of", "read_counted"]


@dataclass(frozen=True)
class Counted:
    """Votes counted so far in U units, by P lists.

    D are the districts of the units, or one, the country, where they have none.
    """

    place: str
    votes: NDArray[np.int64]
    """(U, P) 0 where nothing is counted."""
    status: NDArray[np.int8]
    """(U,) ``NOTHING``, ``PART`` or ``FINAL``."""
    set_aside: NDArray[np.bool_]
    """(U,) reported, but neither fitted nor counted: the report cannot be, or holds another's votes."""
    outside: NDArray[np.int64]
    """(D, P) votes of units without a baseline (``--unknown add``), which count in full."""
    time: datetime.datetime | None
    """Of the last report; ``None`` where the feed has no times."""
    remarks: tuple[Remark, ...]
    units_outside: int = 0
    """Units without a baseline."""
    history: tuple[Report, ...] = ()
    """The reports that this rests on, as they came."""


def read_counted(
    path: str | Path,
    units: Units,
    election: Election,
    *,
    as_of: datetime.datetime | None = None,
    add_unknown: bool = False,
    accepted: Collection[str] = (),
) -> Counted:
    """What a feed says is counted; as ``counted_of``, of a file.

    ``as_of``: only what was there at this time, for which every report needs one.
    """
    feed = read_feed(deliver(path), election)
    if as_of is not None:
        feed = known_by(feed, as_of)
    return counted_of(feed, units, add_unknown=add_unknown, accepted=accepted)


def counted_of(
    feed: Feed,
    units: Units,
    *,
    earlier: Sequence[Report] = (),
    add_unknown: bool = False,
    accepted: Collection[str] = (),
) -> Counted:
    """What the reports of a feed say is counted.

    Parameters
    ----------
    feed
        As ``read_feed`` gives it; several reports of a unit are its history, of which the last counts.
    units
        Fixed before the night.
    earlier
        Reports of earlier readings of the same feed, which it may have overwritten since.
    add_unknown
        Count units that are not among ``units`` in the district that their reports name.
    accepted
        Units whose reports count although they would be set aside.

    Raises
    ------
    PollDataError
        For units that are unknown, and for reports of one unit and time that differ: all at once.
    ConfigurationError
        For ``accepted`` units that there are not.
    """
    reading = _Reading(feed, units, earlier, add_unknown=add_unknown, accepted=accepted)
    return reading.counted()


class _Reading:
    """A feed while it is read against the units, report by report."""

    def __init__(
        self,
        feed: Feed,
        units: Units,
        earlier: Sequence[Report],
        *,
        add_unknown: bool,
        accepted: Collection[str],
    ) -> None:
        self.feed, self.units, self.add_unknown = feed, units, add_unknown
        self.faults: list[Fault] = []
        shape = (len(units.names), len(units.parties))
        self.at = by_name(units)
        new = list(_new(feed.reports, earlier))
        self.history = (*earlier, *new)
        self.late = tuple(_late(new, earlier))
        self.state = State(
            np.zeros(shape, np.int64),
            np.full(len(units.names), NOTHING, np.int8),
            np.zeros(len(units.names), bool),
            np.zeros(len(units.names), np.int64),
            np.zeros((max(len(units.districts), 1), len(units.parties)), np.int64),
        )
        self.accepted = _known(accepted, self.at)

    def counted(self) -> Counted:
        """All that is counted; ``PollDataError`` with what is wrong."""
        self.state.remarks += [Remark("columns", "", 0, said) for said in self.feed.remarks]
        for report, when in self.late:
            said = f"reported as of {report.time}, after a report as of {when}; the later time stands"
            self.state.remark("clock", report.unit, report.row, said)
        self._same_time()
        of_units = by_unit(self.history)
        strangers = {name: some for name, some in of_units.items() if name not in self.at}
        if strangers and not self.add_unknown:
            self.faults += _unknown(self.feed.place, strangers, self.at)
        for name, reports in of_units.items():
            if name in self.at:
                self._take(self.at[name], reports)
            elif self.add_unknown:
                self._take_outside(name, reports)
        if self.faults:
            raise PollDataError(*self.faults)
        state = self.state
        judge = Judge(self.feed.place, self.units, state, self.accepted)
        judge.judge()
        if judge.faults:
            raise PollDataError(*judge.faults)
        reports = (*self.history, *self.feed.reports)
        times = [report.time for report in reports if report.time is not None]
        return Counted(
            self.feed.place,
            state.votes,
            state.status,
            state.aside,
            state.outside,
            max(times, key=order_of, default=None),
            tuple(state.remarks),
            len(strangers) if self.add_unknown else 0,
            self.history,
        )

    def _same_time(self) -> None:
        """Reports of one unit at one time, in one delivery: alike they are one, unlike they are a fault."""
        seen: dict[tuple[str, datetime.datetime | None], Report] = {}
        for report in self.feed.reports:
            first = seen.setdefault((report.unit, report.time), report)
            if first is report:
                continue
            when = f"at {report.time}" if report.time is not None else "without a time"
            if first.votes == report.votes:
                said = f"the same votes stand in row {first.row} ({when}); counted once"
                self.state.remark("twice", report.unit, report.row, said)
            else:
                differing = _differences(self.units.parties, first.votes, report.votes)
                remedy = (
                    f"rows {first.row} and {report.row} say different things of this unit {when} "
                    f"({differing}); keep one, or give the later one its time"
                )
                self.faults.append(Fault(self.feed.place, f"row {report.row}", report.unit, remedy))

    def _last_of(self, name: str, reports: Sequence[Report]) -> Report | None:
        """The report of a unit that counts; what fell, or was taken back, is said."""
        standing: Report | None = None
        for report in reports:
            wrong = _wrong_sum(report)
            if wrong:
                held = standing is not None
                done = "the earlier report is held" if held else "it counts as not counted"
                self.state.remark("sum", name, report.row, f"{wrong}; {done}")
                continue
            if standing is not None and standing.status == FINAL:
                if report.votes == standing.votes and report.status == PART:
                    continue  # sent again
                if report.status == PART or (report.total == 0 and standing.total > 0):
                    what = f"went from final with {standing.total:,} votes to {_called(report)}"
                    self.state.remark("held", name, report.row, f"{what}; the earlier one is held")
                    continue
            if standing is not None:
                fell = _falls(self.units.parties, standing.votes, report.votes)
                if fell:
                    self.state.remark(
                        "fell", name, report.row, f"votes fell: {fell}; counted as they are now"
                    )
            standing = report
        return standing

    def _take(self, u: int, reports: Sequence[Report]) -> None:
        last = self._last_of(self.units.names[u], reports)
        if last is not None:
            self.state.votes[u], self.state.status[u] = last.votes, last.status
            self.state.row[u] = last.row

    def _take_outside(self, name: str, reports: Sequence[Report]) -> None:
        """A unit without a baseline: its votes count in the district that it names."""
        known = {normalised(district): d for d, district in enumerate(self.units.districts)}
        last = self._last_of(name, reports)
        said = reports[-1].district
        district = known.get(normalised(said)) if known else 0
        if district is None:
            remedy = f"no such district; {suggest(said, self.units.districts)}"
            where = f"row {reports[-1].row}, column district"
            remedy = remedy if said else f"of {name}: missing; --unknown add counts a unit in its district"
            self.faults.append(Fault(self.feed.place, where, said or ABSENT, remedy))
        elif last is not None:
            self.state.outside[district] += last.votes
            where = f" in {self.units.districts[district]}" if known else ""
            said = f"no such unit before the night; {last.total:,} votes counted{where}"
            self.state.remark("unknown", name, last.row, said)


def _known(accepted: Collection[str], at: Mapping[str, int]) -> frozenset[str]:
    faults = [
        Fault("--accept", "", name, f"no such unit; {suggest(name, at)}")
        for name in accepted
        if name not in at
    ]
    if faults:
        raise ConfigurationError(*faults)
    return frozenset(accepted)


def _new(reports: Sequence[Report], earlier: Sequence[Report]) -> Iterator[Report]:
    """Reports that earlier readings do not have: a feed may stamp all its rows anew each time, and then says
    nothing new of those that are as they were.
    """
    said = {(report.unit, *report.said) for report in earlier}
    last = {report.unit: report.said[1:] for report in earlier}
    for report in reports:
        if (report.unit, *report.said) not in said and last.get(report.unit) != report.said[1:]:
            yield report


def _late(
    new: Sequence[Report], earlier: Sequence[Report]
) -> Iterator[tuple[Report, datetime.datetime | None]]:
    """Reports that came after others of their unit with a later time, and that time."""
    newest: dict[str, Report] = {}
    for report in earlier:
        if order_of(report.time) >= order_of(newest.get(report.unit, report).time):
            newest[report.unit] = report
    for report in new:
        known = newest.get(report.unit)
        if known is not None and order_of(report.time) < order_of(known.time):
            yield report, known.time


def _called(report: Report) -> str:
    return "no votes" if report.total == 0 else f"part with {report.total:,}"


def _wrong_sum(report: Report) -> str:
    """Why the sums of a report cannot be; empty where they can."""
    if report.valid is not None and report.valid != report.total:
        return f"its lists have {report.total:,} votes, valid says {report.valid:,}"
    most = report.total if report.valid is None else report.valid
    if report.ballots is not None and report.ballots < most:
        return f"{most:,} valid votes on {report.ballots:,} ballots"
    return ""


def _falls(parties: Sequence[str], old: Sequence[int], new: Sequence[int]) -> str:
    fell = [k for k in range(len(parties)) if new[k] < old[k]]
    return ", ".join(f"{parties[k]} {old[k]:,} -> {new[k]:,}" for k in fell)


def _differences(parties: Sequence[str], one: Sequence[int], other: Sequence[int]) -> str:
    apart = [k for k in range(len(parties)) if one[k] != other[k]]
    shown = ", ".join(f"{parties[k]} {one[k]:,} and {other[k]:,}" for k in apart[:3])
    return shown + (", ..." if len(apart) > 3 else "")


_SUGGESTED = 10


def _unknown(place: str, strangers: Mapping[str, Sequence[Report]], at: Mapping[str, int]) -> Iterator[Fault]:
    """Units that are not among those fixed before the night, all of them by name."""
    bare = {name.lstrip("0"): name for name in at}
    zeros = [name for name in strangers if name.lstrip("0") in bare]
    if zeros:
        row, name = strangers[zeros[0]][0].row, zeros[0]
        remedy = (
            f"units.csv has '{bare[name.lstrip('0')]}': zeros at the beginning of {len(zeros):,} keys were "
            "lost or added on the way; write both tables alike"
        )
        yield Fault(place, f"row {row}, column unit", name, remedy)
    others = [name for name in strangers if name not in zeros]
    for name in others[:_SUGGESTED]:
        near = suggest(name, at)
        if near.startswith("did you mean"):
            row = strangers[name][0].row
            yield Fault(place, f"row {row}, column unit", name, f"no such unit; {near}")
    for some in in_chunks(others):
        remedy = (
            f"no such units before the night ({len(others):,} in all): {some}; correct the keys, or count "
            "them without a baseline (--unknown add)"
        )
        yield Fault(place, "column unit", ABSENT, remedy)
