"""A checked poll table."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

NATIONAL = "national"
EXIT = "exit"


@dataclass(frozen=True)
class Doubt:
    """What may be wrong with polls and cannot be known from their table: the rows meant, and what is said."""

    rows: tuple[int, ...]
    text: str

    def about(self, polls: PollTable) -> bool:
        """Whether all polls that are meant are among these."""
        return set(self.rows) <= set(polls.polls["row"])


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
