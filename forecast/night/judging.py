"""Counted units held against each other, and against what was known of them before the night.

What no feed may say is a fault; a report that cannot be is set aside; all else is counted, and said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ABSENT, Fault
from forecast.night.feed import FINAL, NOTHING
from forecast.night.units import NONE, POOL, SAME, Units

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

MOST_OF_LAST, MOST_OF_POOL = 1.5, 3.0
"""A total above the electorate is set aside where it is also so many times the last one: resorts, students'
towns and old registers exceed the electorate as they did last time, a slip of the pen does not.
"""
_SIZE = 3
_FEW_VOTES = 50
_SAME_VOTES = 100
"""Votes from which on two units with the same votes of every list are no chance."""
_NAMED = 5
_STRAY = 0.005
"""Share of a district's votes up to which those of a list that does not stand there are slips."""


@dataclass(frozen=True)
class Remark:
    """What a reader of the night must know of one unit: ``kind`` of ``KINDS``, the row of the feed (0: none),
    and a text with the figures.
    """

    kind: str
    unit: str
    row: int
    text: str


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
            names = [units.names[u] for u in merged.awaited]
            until = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
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
            some = ", ".join(units.districts[d] for d in where[:_NAMED]) + (
                ", ..." if len(where) > _NAMED else ""
            )
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
