"""A checked poll table."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

NATIONAL = "national"
EXIT = "exit"
PLACES = ("region", "district")
"""Scopes of polls that are of places: ``region:Bavaria``, ``district:Madrid``; also columns of their own."""
UNDECIDED = "undecided"
_SPLIT_DAYS = 20.0


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
    election_date: datetime.date | None
    doubts: tuple[Doubt, ...] = ()
    """What may be wrong with the table as it was read, of all its polls (``forecast.polls.doubts``)."""
    rounding: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    together: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    against: tuple[str, ...] = ()
    """Options against all, whose votes may stand beside the others."""
    understood: tuple[str, ...] = ()
    """How the table was read, in sentences: its encoding, what was passed over, where the undecided stand."""

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

    @cached_property
    def of_all_asked(self) -> pd.DataFrame:
        """Like ``shares``, of all who were asked: undecided, and votes against all, that stand beside the
        others are taken into the whole, and what options have together is split.

        Split as in the polls of this table that tell the options apart, the nearer in time the more
        (exp(-days / 20)); evenly where none does.
        """
        shares = self.shares.copy()
        self._split_together(shares)
        beside = pd.Series(0.0, index=shares.index)
        parts = [*((unit, "against_beside") for unit in self.against), (UNDECIDED, "undecided_beside")]
        for unit, flag in parts:
            if flag in self.polls.columns:
                beside += shares[unit].fillna(0.0).where(self.polls[flag].astype(bool), 0.0)
        if beside.any():
            apart = {
                unit for unit, flag in parts if flag in self.polls.columns and bool(self.polls[flag].any())
            }
            scaled = [unit for unit in shares.columns if unit not in apart]
            shares[scaled] = shares[scaled].mul(1.0 - beside, axis=0)
            for unit, flag in parts:
                if unit in apart:
                    inside = ~self.polls[flag].astype(bool)
                    shares[unit] = shares[unit].where(~inside, shares[unit] * (1.0 - beside))
        return shares

    def _split_together(self, shares: pd.DataFrame) -> None:
        if not len(self.together.columns):
            return
        ended = self.polls["fieldwork_end"].fillna(self.polls["published"]).to_numpy("datetime64[D]")
        for name in self.together.columns:
            ids = name.split("+")
            joint = self.together[name].to_numpy(np.float64)
            told = self.shares[ids].to_numpy(np.float64)
            apart = ~np.isnan(told).any(axis=1) & (np.nansum(told, axis=1) > 0)
            for at in np.flatnonzero(~np.isnan(joint)).tolist():
                ratio = np.full(len(ids), 1.0 / len(ids))
                if apart.any():
                    days = np.abs((ended[apart] - ended[at]).astype(np.int64)).astype(np.float64)
                    weighted = np.exp(-(days - days.min()) / _SPLIT_DAYS) @ told[apart]
                    ratio = weighted / weighted.sum()
                for k, unit in enumerate(ids):
                    shares.iloc[at, shares.columns.get_loc(unit)] = joint[at] * ratio[k]

    def known_after(self, day: datetime.date) -> PollTable:
        """Polls that nobody knew by the end of a day."""
        return self._where(self.polls["known"] > pd.Timestamp(day))

    def default_as_of(self) -> datetime.date:
        """Election day if there is a national exit poll, else the newest day on which a national poll
        became known.

        Never later than election day, and never the clock.
        """
        usable = self.national if len(self.national) else self
        newest: datetime.date = usable.polls["known"].max().date()
        if self.election_date is None:
            return newest
        return self.election_date if len(usable.exit_polls) else min(newest, self.election_date)

    def _where(self, chosen: object) -> PollTable:
        index = np.flatnonzero(np.asarray(chosen, bool))
        parts = {name: getattr(self, name) for name in ("polls", "shares", "rounding", "together")}
        return replace(self, **{name: part.iloc[index] for name, part in parts.items() if len(part)})


_FEW = 5


def _first_few(doubts: Sequence[Doubt]) -> list[str]:
    rest = doubts[_FEW:]
    if not rest:
        return [doubt.text for doubt in doubts]
    rows = ", ".join(_row_of(doubt) for doubt in rest[: 4 * _FEW])
    more = ", ..." if len(rest) > 4 * _FEW else ""
    return [*(doubt.text for doubt in doubts[:_FEW]), f"{len(rest)} more like this: rows {rows}{more}"]


def _row_of(doubt: Doubt) -> str:
    """The row that a doubt is of; that of a poll which is left out stands in its text alone."""
    named = re.search(r"row (\d+)", doubt.text)
    return str(doubt.rows[-1]) if doubt.rows else (named[1] if named else "?")
