"""What is counted so far: the reports of a feed read against the units that were fixed before the night.

Every fault of a feed has one way: what no feed may say is refused, with all faults at once; a report that
cannot be is set aside; a final report that is taken back is held; all else is counted, and said.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.election.texts import normalised
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
from forecast.night.units import NONE, POOL, SAME, Units, by_name, first_of, in_chunks

if TYPE_CHECKING:
    from forecast.election import Election


Whole = NDArray[np.int64]
Floats = NDArray[np.float64]

KINDS = {
    "unknown": "votes of units that are not among those fixed before the night",
    "twice": "reported twice at one time",
    "fell": "votes fell",
    "held": "a final report was taken back; the earlier one is held",
    "sum": "sums that differ; the report is not used",
    "set-aside": "more votes than voters; neither fitted nor counted",
    "above": "more votes than voters, as may be; counted",
    "size": "over three times the last votes; counted",
    "empty": "final without a vote; counted",
    "merged": "seems to hold votes of another kind too; neither fitted nor counted until that is in",
    "same-votes": "exactly the votes of another unit; counted",
    "clock": "reported later with an earlier time; what has the later time stands",
    "unlike": "unlike what the others make expect; look at them (counted all the same)",
    "standing": "votes where the list does not stand; counted",
    "columns": "columns",
}
"""Kinds of remarks, and what is done."""


@dataclass(frozen=True)
class Remark:
    """What a reader of the night must know of one unit: ``kind`` of ``KINDS``, the row of the feed (0: none),
    and a text with the figures.
    """

    kind: str
    unit: str
    row: int
    text: str


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
    return first_of([f"{parties[k]} {one[k]:,} and {other[k]:,}" for k in apart], 3)


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


# Units held against each other, and against what was known of them.

MOST_OF_LAST, MOST_OF_POOL = 1.5, 3.0
"""A total above the electorate is set aside where it is also so many times the last one: resorts, students'
towns and old registers exceed the electorate as they did last time, a slip of the pen does not.
"""
_SIZE = 3
_FEW_VOTES = 50
_SAME_VOTES = 100
"""Votes from which on two units with the same votes of every list are no chance."""
_STRAY = 0.005
"""Share of a district's votes up to which those of a list that does not stand there are slips."""


@dataclass
class State:
    """Arrays of a night while its units are judged."""

    votes: Whole
    status: NDArray[np.int8]
    aside: NDArray[np.bool_]
    row: Whole
    outside: Whole
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, kind: str, unit: str, row: int, text: str) -> None:
        """Say something of a unit."""
        self.remarks.append(Remark(kind, unit, row, f"row {row}, {unit}: {text}"))


class Judge:
    """All units of a night together; what is wrong beyond remarks goes to ``faults``."""

    def __init__(self, place: str, units: Units, state: State, accepted: Collection[str]) -> None:
        self.place, self.units, self.state, self.accepted = place, units, state, accepted
        self.faults: list[Fault] = []

    def judge(self) -> None:
        """Set aside what cannot be, and say what is odd."""
        total = self.state.votes.sum(axis=1)
        last = self.units.last.sum(axis=1)
        self._electorates(total, last)
        self._pools(total, last)
        self._sizes(total, last)
        self._merged(total, last)
        self._same_votes(total)
        self._standing()

    def _electorates(self, total: Whole, last: Floats) -> None:
        """More votes than voters: set aside where the size of last time does not speak for them."""
        units = self.units
        ordinary, over = units.ordinary, np.nan_to_num(total / units.electorate) > 1.0
        bound = np.where(units.match == POOL, MOST_OF_POOL, MOST_OF_LAST) * last
        for u in np.flatnonzero(over).tolist():
            name, row = units.names[u], int(self.state.row[u])
            said = f"{total[u]:,} votes, {units.electorate[u]:,.0f} voters, {last[u]:,.0f} votes last time"
            cannot = ordinary[u] and (units.match[u] == NONE or total[u] > bound[u])
            if cannot and name not in self.accepted:
                self.state.aside[u] = True
                self.state.remark(
                    "set-aside", name, row, f"{said}; neither fitted nor counted (--accept {name})"
                )
            else:
                self.state.remark("above", name, row, f"{said}; counted")

    def _pools(self, total: Whole, last: Floats) -> None:
        """Votes that are cast away from where the voters live are held to the voters of their region: early
        and postal votes have no register of their own. Said where they are not as many as last time.
        """
        units = self.units
        ordinary, inside = units.ordinary, units.region >= 0
        unknown = inside & ordinary & np.isnan(units.electorate)
        regions = len(units.regions)
        voters = np.bincount(units.region[inside], np.nan_to_num(units.electorate[inside]), regions)
        voters[units.region[unknown]] = 0.0
        counts = inside & ~self.state.aside
        votes = np.bincount(units.region[counts], total[counts], regions)
        for r in np.flatnonzero((voters > 0.0) & (votes > voters)).tolist():
            others = np.flatnonzero(counts & ~ordinary & (units.region == r) & (total > MOST_OF_LAST * last))
            if len(others):
                u = int(others[total[others].argmax()])
                said = (
                    f"{votes[r]:,.0f} votes in {units.regions[r]} together, {voters[r]:,.0f} voters there; "
                )
                said += f"{total[u]:,} votes are of this unit, {last[u]:,.0f} last time; counted"
                self.state.remark("above", units.names[u], int(self.state.row[u]), said)

    def _sizes(self, total: Whole, last: Floats) -> None:
        """Sizes far from those of last time: warned of, and counted."""
        known = (last >= _FEW_VOTES) & ~self.state.aside
        for u in np.flatnonzero(known & (total > _SIZE * last)).tolist():
            said = f"{total[u]:,} votes, {last[u]:,.0f} last time; counted"
            self.state.remark("size", self.units.names[u], int(self.state.row[u]), said)
        final = self.state.status == FINAL
        for u in np.flatnonzero(final & (total == 0) & (last > _FEW_VOTES)).tolist():
            said = f"final without a vote, {last[u]:,.0f} last time; counted"
            self.state.remark("empty", self.units.names[u], int(self.state.row[u]), said)

    def _merged(self, total: Whole, last: Floats) -> None:
        """Votes of two kinds in one report, while units of the other kind are still awaited: they would be
        awaited twice.
        """
        state, units = self.state, self.units
        expected = expected_of(units, state, total, last)
        for merged in merged_kinds(units, state, total, expected):
            reported = [u for u in merged.reported if units.names[u] not in self.accepted]
            kinds = " and ".join(dict.fromkeys(units.kinds[units.kind[u]] for u in merged.awaited))
            until = first_of([units.names[u] for u in merged.awaited])
            one = "" if len(reported) < 2 else f" (with the other {len(reported) - 1:,} of its kind there)"
            for u in reported:
                state.aside[u] = True
                said = (
                    f"{total[u]:,} votes where some {expected.votes[u]:,.0f} are expected{one}: those of "
                    f"{kinds} (some {merged.votes:,.0f}) seem to be in it; neither fitted nor counted until "
                    f"{until} is reported"
                )
                state.remark("merged", units.names[u], int(state.row[u]), said)

    def _same_votes(self, total: Whole) -> None:
        """Two units with the same votes of every list: one of them has the other's."""
        seen: dict[bytes, int] = {}
        for u in np.flatnonzero((total >= _SAME_VOTES) & (self.state.status != NOTHING)).tolist():
            votes = self.state.votes[u]
            first = seen.setdefault(votes.tobytes(), u)
            if first != u and (votes > 0).sum() > 2:
                said = f"exactly the {total[u]:,} votes of {self.units.names[first]} (row "
                said += f"{self.state.row[first]}), list by list; is one of them the other's? Counted"
                self.state.remark("same-votes", self.units.names[u], int(self.state.row[u]), said)

    def _standing(self) -> None:
        """Votes of lists in districts where, by the election file, they do not stand."""
        units = self.units
        if not units.districts:
            return
        counts = (self.state.status != NOTHING) & ~self.state.aside
        shape = self.units.stood.shape
        votes = np.zeros(shape, np.int64)
        np.add.at(votes, units.district[counts], self.state.votes[counts])
        strange = np.where(units.stood, 0, votes)
        stray = strange <= _STRAY * votes.sum(axis=1, keepdims=True)
        for p in np.flatnonzero((strange * ~stray).any(axis=0)).tolist():
            where = np.flatnonzero(strange[:, p] * ~stray[:, p])
            some = first_of([units.districts[d] for d in where])
            list_ = units.parties[p]
            remedy = (
                f"{strange[where, p].sum():,} votes in {len(where):,} districts where it does not stand by "
                f"the election file or its last votes ({some}); does it? "
                f'parties.{list_}.stands_in = "everywhere"'
            )
            self.faults.append(Fault(self.place, f"column {list_}", ABSENT, remedy))
        for d, p in np.argwhere((strange > 0) & stray).tolist():
            here = np.flatnonzero(counts & (units.district == d))
            u = int(here[self.state.votes[here, p].argmax()])
            said = (
                f"{strange[d, p]:,} votes of {units.parties[p]} in {units.districts[d]}, where it does not "
            )
            said += "stand by the election file; counted"
            self.state.remark("standing", units.names[u], int(self.state.row[u]), said)


_LIKE, _MORE, _UNUSUAL = 0.25, 0.25, 4.0
"""How near what a report has beyond its own size is to what units of another kind are expected to have; how
much of its own size that is at least; and in standard deviations of what units of its kind grow by.
"""
_FEW_UNITS = 10


class Expected(NamedTuple):
    """Votes to expect of units by what their kind has more or less than last time, where it is seen."""

    votes: Floats
    """(U,)"""
    usual: Floats
    """(U,) standard deviation of the log of what units of the kind have beside it; robust."""


def expected_of(units: Units, state: State, total: Whole, last: Floats) -> Expected:
    """The last votes, times what units of the kind have more or less in the middle."""
    votes, usual = last.copy(), np.zeros(len(last))
    for k in range(len(units.kinds)):
        kind = units.kind == k
        seen = kind & (state.status == FINAL) & (last >= _FEW_VOTES) & (total > 0) & ~state.aside
        seen &= units.match == SAME
        if seen.sum() >= _FEW_UNITS:
            growth = np.log(total[seen] / last[seen])
            middle = np.median(growth)
            votes[kind] *= np.exp(middle)
            usual[kind] = 1.4826 * np.median(np.abs(growth - middle))
    return Expected(votes, usual)


class Merged(NamedTuple):
    """Units whose reports seem to hold the votes of others, which are awaited."""

    reported: list[int]
    awaited: list[int]
    votes: float
    """That are expected of these."""


def merged_kinds(units: Units, state: State, total: Whole, expected: Expected) -> Iterator[Merged]:
    """In each place: reports of one unit, or of all units of a kind together, that have as many votes beyond
    their own as are expected of one awaited unit of another kind, of all of that kind, or of all others.
    """
    for members in _places(units):
        for of_kind in _by_kind(units, members):
            waiting = [
                (some, votes)
                for some in _waiting(units, state, members, of_kind)
                if (votes := float(expected.votes[some].sum())) >= _FEW_VOTES
            ]
            seen: set[int] = set()
            for group in _groups(units, state, of_kind) if waiting else ():
                own = float(expected.votes[group].sum())
                beyond = float(total[group].sum()) - own
                spread = _UNUSUAL * expected.usual[group].max() / np.sqrt(len(group))
                if own < _FEW_VOTES or beyond < max(_MORE, np.expm1(spread)) * own or seen & set(group):
                    continue
                like = [found for found in waiting if abs(beyond - found[1]) < _LIKE * found[1]]
                if like:
                    seen |= set(group)
                    yield Merged(group, *min(like, key=lambda found: abs(beyond - found[1])))


def _groups(units: Units, state: State, members: Sequence[int]) -> Iterator[list[int]]:
    """Of one kind in a place: each finished unit whose last votes are its own, and all where all are."""
    known = [u for u in members if state.status[u] == FINAL and not state.aside[u]]
    yield from ([u] for u in known if units.match[u] == SAME)
    if len(members) > 1 and len(known) == len(members):
        yield known


def _waiting(
    units: Units, state: State, members: Sequence[int], of_kind: Sequence[int]
) -> Iterator[list[int]]:
    """Of other kinds in a place, units of which nothing is reported: all of a kind, each where there are no
    more than of this one (a station's own early votes, not one of many stations), and all together.
    """
    found: list[list[int]] = []
    for some in _by_kind(units, [u for u in members if units.kind[u] != units.kind[of_kind[0]]]):
        waiting = [u for u in some if state.status[u] == NOTHING]
        if len(waiting) == len(some):
            found.append(waiting)
        if len(some) <= len(of_kind):
            found += [[u] for u in waiting]
    together = [u for some in found if len(some) > 1 or len(found) > 1 for u in some]
    yield from map(list, dict.fromkeys(map(tuple, [*found, list(dict.fromkeys(together))])))


def _by_kind(units: Units, members: Sequence[int]) -> Iterator[list[int]]:
    kinds: dict[int, list[int]] = {}
    for u in members:
        kinds.setdefault(int(units.kind[u]), []).append(u)
    yield from kinds.values()


def _places(units: Units) -> Iterator[list[int]]:
    """Units that may be reported together: of a region, and of a district that has votes of no region."""
    if len(units.kinds) < 2:
        return
    regions: dict[int, list[int]] = {}
    for u in np.flatnonzero(units.region >= 0).tolist():
        regions.setdefault(int(units.region[u]), []).append(u)
    yield from regions.values()
    for district in np.unique(units.district[units.region < 0]).tolist():
        yield np.flatnonzero(units.district == district).tolist()
