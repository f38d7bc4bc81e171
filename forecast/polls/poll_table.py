"""A poll table: checked, and its rows while they are read.

What may be wrong with a poll is a ``Doubt``, what cannot be read a fault; both name their row. Rows that are
no polls (headings that are repeated, events, elections, averages) are passed over, and that is said.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from forecast.door.sheets import Sheet
from forecast.election.settings import PollSettings
from forecast.errors import ABSENT, Fault
from forecast.polls.columns import (
    NO_POLL,
    UNDECIDED,
    Layout,
    heading_key,
    is_figure,
    is_reported,
    without_notes,
)
from forecast.polls.written_days import Written, parse_written

if TYPE_CHECKING:
    from forecast.election import Election

Value = TypeVar("Value")
NATIONAL = "national"
EXIT = "exit"
PLACES = ("region", "district")
"""Scopes of polls that are of places: ``region:Bavaria``, ``district:Madrid``; also columns of their own."""
_YEAR = re.compile(r"(?:19|20)\d{2}")
NO_ROW = 0
"""Number of a row that stands in no file: the year of a heading above a table."""
_AVERAGE = re.compile(
    r"(?:the )?(?:polls? |weighted |overall )?(?:average|mean|poll of polls|durchschnitt|mittelwert|moyenne|"
    r"promedio|media|gjennomsnitt|gennemsnit|genomsnitt|gemiddelde|średnia|průměr|priemer|átlag|povprečje|prosjek|medie|"
    r"среднее|средно|μέσος όρος|keskmine|vidurkis|vidējais|keskiarvo|ortalama)(?: of .*| \d.*)?",
    re.IGNORECASE,
)
_QUALIFIED = re.compile(
    r"\b(?:general|last|previous|parliamentary|legislative|national|federal|official|final|european|the|of|letzte|"
    r"vorige|amtlich|forrige|sista|senaste|vorige|laatste|ostatnie|poslední|parlament\w*|последн\w*|предыдущ\w*)\b",
    re.IGNORECASE,
)
_MOST_NAMED = 8
_FEW = 5
_SPLIT_DAYS = 20.0
_PERCENT_DIGITS = 8


class Doubt(NamedTuple):
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
                    shares.iloc[at, shares.columns.get_loc(unit)] = joint[at] * ratio[k]  # pyrefly: ignore[unsupported-operation]

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


def tidy_text(table: PollTable, election: Election) -> str:
    """A table of polls as the program itself would keep it: CSV, a row a poll, percent, days
    year-month-day.
    """
    names = {party.id: party.name for party in election.parties}
    units = [unit for unit in table.shares.columns if bool(table.shares[unit].notna().any())]
    facts = ["pollster", "fieldwork_start", "fieldwork_end", "published", "sample_size", "kind", "scope"]
    out = io.StringIO()
    for remark in _remarks(table):
        out.write(f"# {remark}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*facts, *(names.get(unit, unit) for unit in units), *table.together.columns, "source"])
    for i in range(len(table)):
        poll = table.polls.iloc[i]
        cells = [_fact(poll[name]) for name in facts]
        cells += [_share(table.shares[unit].iloc[i], table.rounding[unit].iloc[i]) for unit in units]
        cells += [_share(table.together[name].iloc[i], 0.0) for name in table.together.columns]
        writer.writerow([*cells, str(poll["source"])])
    return out.getvalue()


def _remarks(table: PollTable) -> Iterator[str]:
    undecided = table.shares[UNDECIDED].fillna(0.0) > 0
    if bool(undecided.any()):
        place = "beside" if bool(table.polls["undecided_beside"].any()) else "inside"
        yield f'undecided stand {place} the 100 percent: undecided = "{place}" in [polls]'
    if bool(table.polls["against_beside"].any()):
        yield 'votes against all stand beside the 100 percent: against_all = "beside" in [polls]'


def _fact(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.0f}"
    if hasattr(value, "date"):
        return str(value.date()) if value == value else ""
    return "" if value is None or value != value else str(value)


def _share(value: float, half: float) -> str:
    """A share in percent; what is known to lie between bounds as these."""
    if np.isnan(value):
        return ""
    percent, wide = (
        round(100 * value, _PERCENT_DIGITS),
        round(100 * float(np.nan_to_num(half)), _PERCENT_DIGITS),
    )
    if wide > 0 and abs(percent - wide) < 1e-9 and not _is_a_step(wide, percent):
        return f"<{2 * percent:.10g}"
    return f"{percent:.10g}"


def _is_a_step(half: float, percent: float) -> bool:
    """Whether a share is its own rounding: 0.5 in whole percent is never written, 0.05 in tenths neither."""
    steps = np.array([1.0, 0.5, 0.1, 0.01]) / 2
    return (
        bool((np.abs(steps - half) < 1e-12).any())
        and abs(percent / (2 * half) - round(percent / (2 * half))) < 1e-9
    )


@dataclass
class Rows:
    """Rows of a sheet by column; every list of cells has one entry a row, in the order of the file."""

    place: str
    heading: tuple[str, ...]
    numbers: list[int]
    columns: list[Sequence[str]]
    faults: dict[int, list[Fault]] = field(default_factory=dict)
    """By the number of the row."""
    doubts: list[Doubt] = field(default_factory=list)
    understood: list[str] = field(default_factory=list)
    """How the table was read, in sentences."""
    years: list[int] = field(default_factory=list)
    """By row the year of days that are written without one; 0 where it is not known."""

    @classmethod
    def of(cls, sheet: Sheet) -> Rows:
        """All rows of a sheet."""
        lines = sheet.lines
        columns: list[Sequence[str]] = list(zip(*(line.cells for line in lines), strict=True))
        rows = cls(
            sheet.place, sheet.heading, [line.number for line in lines], columns or [()] * len(sheet.heading)
        )
        rows.understood += sheet.said
        rows.years = [year_in(sheet.about)] * len(lines)
        return rows

    def __len__(self) -> int:
        return len(self.numbers)

    def keep(self, chosen: Sequence[bool]) -> None:
        """Let the other rows go."""
        if all(chosen):
            return
        index = [i for i, kept in enumerate(chosen) if kept]
        self.numbers = [self.numbers[i] for i in index]
        self.years = [self.years[i] for i in index]
        self.columns = [[column[i] for i in index] for column in self.columns]

    def fault(self, row: int, column: str, found: object, remedy: str) -> None:
        """Note what is wrong with the row of this number, or a cell of it."""
        where = f"row {row}" + (f", column {column}" if column else "")
        self.faults.setdefault(row, []).append(Fault(self.place, where, found, remedy))

    def read(self, at: int, parse: Callable[[str], Value], default: Value) -> list[Value]:
        """The cells of a column, each distinct text parsed once; what is wrong with one is a fault of its
        row.
        """
        cells = self.columns[at]
        parsed: dict[str, Value] = {}
        wrong: dict[str, str] = {}
        for text in dict.fromkeys(cells):
            try:
                parsed[text] = parse(text)
            except ValueError as error:
                parsed[text], wrong[text] = default, str(error)
        if wrong:
            for row, text in zip(self.numbers, cells, strict=True):
                if text in wrong:
                    self.fault(row, self.heading[at], text, wrong[text])
        return [parsed[text] for text in cells]


def numbered(rows: Sequence[int]) -> str:
    """Numbers of rows as they are named, the first of many."""
    shown = ", ".join(map(str, rows[:_MOST_NAMED])) + (", ..." if len(rows) > _MOST_NAMED else "")
    return f"row {shown}" if len(rows) == 1 else f"rows {shown}"


def count_of(number: int, what: str = "row") -> str:
    """``1 row``, ``7,105 rows``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def select(rows: Rows, layout: Layout, settings: PollSettings) -> list[Fault]:
    """Let go the rows that are not meant (``polls.rows``) and those that are no polls; faults of what is
    asked for and not there.
    """
    faults = list(_select_asked(rows, settings))
    if not faults and len(rows):
        _pass_over_no_polls(rows, layout)
    return faults


def _select_asked(rows: Rows, settings: PollSettings) -> Iterable[Fault]:
    by_key = {heading_key(name): at for at, name in reversed(list(enumerate(rows.heading)))}
    for column, values in settings.rows.items():
        at = by_key.get(heading_key(column))
        if at is None:
            known = ", ".join(name for name in rows.heading if name)[:300]
            yield Fault(rows.place, f"column {column}", ABSENT, f"polls.rows names it, the table has {known}")
            continue
        wanted = {value.casefold() for value in values}
        found = [cell.casefold() in wanted for cell in rows.columns[at]]
        if not any(found):
            held = ", ".join(list(dict.fromkeys(rows.columns[at]))[:20])
            remedy = f"no row has this value; the column holds {held}"
            yield Fault(rows.place, f"column {column}", " or ".join(values), remedy)
            return
        before = len(rows)
        rows.keep(found)
        rows.understood.append(f"{count_of(len(rows))} of {before:,} have {column} = {' or '.join(values)}")


def _pass_over_no_polls(rows: Rows, layout: Layout) -> None:
    """Headings that are repeated, events, years, elections, averages: counted and passed over."""
    heading = [heading_key(name) for name in rows.heading]
    named = [
        at
        for fact in ("pollster", "sample_size", "fieldwork", "fieldwork_end", "date", "published")
        for at in layout.facts.get(fact, ())
    ]
    suspects = _suspects(rows, layout, named)
    why: dict[int, str] = {}
    year = 0
    for i in range(len(rows)):
        if i in suspects:
            texts = [rows.columns[at][i] for at in range(len(rows.heading))]
            kind = _why_no_poll(texts, heading, named, layout)
            if kind:
                why[i] = kind
            said = next((text for text in texts if text), "")
            if kind and _YEAR.fullmatch(said):
                year = int(said)
        if year:
            rows.years[i] = year
    if not why:
        return
    for kind in dict.fromkeys(why.values()):
        at = [rows.numbers[i] for i, found in why.items() if found == kind and rows.numbers[i] != NO_ROW]
        if not at:
            continue
        rows.understood.append(f"{count_of(len(at))} passed over: {kind} ({numbered(at)})")
    rows.keep([i not in why for i in range(len(rows))])


def _suspects(rows: Rows, layout: Layout, named: Sequence[int]) -> set[int]:
    """Rows that may be no polls: by a word in a cell of facts, or by figures that are none."""
    found: set[int] = set()
    for at in named:
        strange = {
            text
            for text in dict.fromkeys(rows.columns[at])
            if NO_POLL.search(text) or _AVERAGE.fullmatch(text)
        }
        if strange:
            found |= {i for i, text in enumerate(rows.columns[at]) if text in strange}
    figures = layout.figures
    telling = {at: {text for text in dict.fromkeys(rows.columns[at]) if is_figure(text)} for at in figures}
    some = [False] * len(rows)
    for at in figures:
        known = telling[at]
        some = [had or text in known for had, text in zip(some, rows.columns[at], strict=True)]
    found |= {i for i, had in enumerate(some) if not had}
    return found


def _why_no_poll(texts: Sequence[str], heading: Sequence[str], named: Sequence[int], layout: Layout) -> str:
    """What a row is that is no poll; empty where it may be one."""
    said = [text for text in texts if text]
    keys = [heading_key(text) for text in said]
    if said and 2 * sum(key in heading for key in keys) > len(keys) and len(set(keys)) > 1:
        return "a heading that is repeated"
    if len(set(said)) == 1 and _YEAR.fullmatch(said[0]):
        return "a year"
    has_figures = any(is_figure(texts[at]) for at in layout.figures)
    if not has_figures and (len(set(said)) <= 1 or any(is_reported(texts[at]) for at in layout.figures)):
        return "an event" if said else "nothing"
    if not has_figures and not any(_is_day(texts[at]) for at in named):
        return "an event"
    pollster = layout.facts.get("pollster", ())
    for at in named:
        text = texts[at].strip()
        if _AVERAGE.fullmatch(text):
            return "an average"
        if NO_POLL.search(text) and (at not in pollster or _is_an_election(text)):
            return "an election"
    return ""


def _is_an_election(text: str) -> bool:
    """Whether the name of a pollster is that of an election: with a year, or of no other words.

    Forschungsgruppe Wahlen and Election Data are pollsters.
    """
    text = without_notes(text)
    rest = _QUALIFIED.sub(" ", NO_POLL.sub(" ", _YEAR.sub(" ", text)))
    others = re.findall(r"[^\W\d_]+", rest)
    return not others or (_YEAR.search(text) is not None and len(others) <= 3)


def _is_day(text: str) -> bool:
    try:
        return isinstance(parse_written(text), Written)
    except ValueError:
        return False


def year_in(about: Sequence[str]) -> int:
    """The year that the headings above a table name, where they name one."""
    for text in reversed(about):
        found = set(_YEAR.findall(text))
        if len(found) == 1:
            return int(found.pop())
    return 0
