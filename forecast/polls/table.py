"""A checked poll table."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

NATIONAL = "national"
EXIT = "exit"


@dataclass(frozen=True)
class Doubt:
    """What may be wrong with polls and cannot be known from their table.

    ``kind`` is what kind of doubt it is, ``rows`` are those of the polls that are meant.
    """

    kind: str
    rows: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class PollTable:
    """Polls of one election, in the order of their table.

    ``polls`` has one row a poll: ``row`` (line in the file), ``pollster``, ``fieldwork_start``,
    ``fieldwork_end``, ``published``, ``known`` (days as ``datetime64``, missing ones ``NaT``),
    ``sample_size`` (NaN where unknown), ``kind`` (pre-election | exit), ``scope``, ``source``, then the
    columns that the table has besides. ``shares`` has the same index and a column by option id, then
    ``other`` and ``undecided``: shares of 1 as published, not rescaled; NaN where the poll does not say.
    """

    place: str
    polls: pd.DataFrame
    shares: pd.DataFrame
    election_date: datetime.date
    doubts: tuple[Doubt, ...] = ()
    """What may be wrong with the table as it was read, of all its polls (``forecast.polls.doubts``)."""

    def __len__(self) -> int:
        return len(self.polls)

    @cached_property
    def national(self) -> PollTable:
        """Those of the whole country that name the whole ballot; others never enter a mean."""
        return self._where(self.polls["scope"] == NATIONAL)

    @cached_property
    def partial(self) -> PollTable:
        """Those of a part of the country, or of some parties only."""
        return self._where(self.polls["scope"] != NATIONAL)

    @cached_property
    def exit_polls(self) -> PollTable:
        """Exit polls only."""
        return self._where(self.polls["kind"] == EXIT)

    @cached_property
    def pre_election(self) -> PollTable:
        """Polls held before the vote."""
        return self._where(self.polls["kind"] != EXIT)

    def known_at(self, as_of: datetime.date) -> PollTable:
        """Polls known by the end of a day: from their publish date, else the last day of fieldwork.

        Exit polls are known from the close of voting on their day.
        """
        return self._where(self.polls["known"] <= pd.Timestamp(as_of))

    @property
    def doubted(self) -> list[str]:
        """What is doubted of these polls, in words: of each kind the first few, then how many more."""
        rows = set(self.polls["row"])
        by_kind: dict[str, list[Doubt]] = {}
        for doubt in self.doubts:
            if set(doubt.rows) <= rows:
                by_kind.setdefault(doubt.kind, []).append(doubt)
        return [text for doubts in by_kind.values() for text in _first_few(doubts)]

    def known_after(self, day: datetime.date) -> PollTable:
        """Polls that nobody knew by the end of a day."""
        return self._where(self.polls["known"] > pd.Timestamp(day))

    def default_as_of(self) -> datetime.date:
        """Election day if there is a national exit poll, else the newest day on which a national poll
        became known.

        Never later than election day, and never the clock.
        """
        usable = self.national if len(self.national) else self
        if len(usable.exit_polls):
            return self.election_date
        newest: datetime.date = usable.polls["known"].max().date()
        return min(newest, self.election_date)

    def _where(self, chosen: object) -> PollTable:
        index = np.flatnonzero(np.asarray(chosen, bool))
        return replace(self, polls=self.polls.iloc[index], shares=self.shares.iloc[index])


_FEW = 5


def _first_few(doubts: Sequence[Doubt]) -> list[str]:
    rest = doubts[_FEW:]
    if not rest:
        return [doubt.text for doubt in doubts]
    rows = ", ".join(str(doubt.rows[-1]) for doubt in rest[: 4 * _FEW])
    more = ", ..." if len(rest) > 4 * _FEW else ""
    return [*(doubt.text for doubt in doubts[:_FEW]), f"{len(rest)} more like this: rows {rows}{more}"]
