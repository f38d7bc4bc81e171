"""The rows of a poll table while they are read: cells by column, faults and doubts by row, what is passed
over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from forecast.door.sheets import Sheet
from forecast.election.poll_settings import PollSettings
from forecast.errors import ABSENT, Fault
from forecast.polls.cells import is_reported, parse_figure
from forecast.polls.columns import Layout
from forecast.polls.known_words import NO_POLL, heading_key, without_notes
from forecast.polls.table import Doubt
from forecast.polls.written_days import Written, parse_written

Value = TypeVar("Value")

_YEAR = re.compile(r"(?:19|20)\d{2}")
_AVERAGE = re.compile(
    r"(?:the )?(?:polls? |weighted |overall )?(?:average|mean|poll of polls|durchschnitt|mittelwert|moyenne|"
    r"promedio|"
    r"media|gjennomsnitt|gennemsnit|genomsnitt|gemiddelde|średnia|průměr|priemer|átlag|povprečje|prosjek|medie|"
    r"среднее|средно|μέσος όρος|keskmine|vidurkis|vidējais|keskiarvo|ortalama)(?: of .*| \d.*)?",
    re.IGNORECASE,
)
_QUALIFIED = re.compile(
    r"\b(?:general|last|previous|parliamentary|legislative|national|federal|official|final|european|the|of|letzte|"
    r"vorige|amtlich|forrige|sista|senaste|vorige|laatste|ostatnie|poslední|parlament\w*|последн\w*|предыдущ\w*)\b",
    re.IGNORECASE,
)
_MOST_NAMED = 8
NO_ROW = 0
"""Number of a row that stands in no file: the year of a heading above a table."""


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


def is_figure(text: str) -> bool:
    """Whether a cell holds a figure."""
    try:
        return parse_figure(text) is not None
    except ValueError:
        return False


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
