"""Days as they are written: 12-15 Mar 2024, 28 Feb - 3 Mar, 15/03/2024, 2024-03-15T10:30, 14.01.-20.01.

A cell is read by its form into one or two days whose parts may be open: no year, an order of day and month
that only the column settles, a month that two languages call by one word. ``read_days`` settles the column.
"""

from __future__ import annotations

import calendar
import datetime
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from forecast.polls.columns import without_notes

NOT_A_DAY = frozenset(
    {
        "", "-", "–", "—", "n/a", "na", "nan", "?", ".", "none", "null", "nat", "not available", "tba",
        "#n/a", "n.a.",
    }
)  # fmt: skip
DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
EXPECTED = "a day is written year-month-day, such as 2023-03-19"
NO_SUCH_DAY = "the calendar has no such day"
_SERIALS = (25_000, 60_000)
"""Days as spreadsheets count them (from 30 December 1899): those of 1968 to 2064."""
_EPOCH = datetime.date(1899, 12, 30)

_ISO = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_COMPACT = re.compile(r"(19|20)(\d{2})(\d{2})(\d{2})")
_YEAR_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})")
_NUMERIC = re.compile(
    r"(\d{1,2})([./-])\s?(\d{1,2})(?:\2\s?(\d{4}|\d{2})?)?(?:,?\s+\d{1,2}:\d{2}(?::\d{2})?)?"
)
_SPACED = re.compile(r"\s-\s")
_LAST_DAYS = re.compile(r"(\d{1,2})\.?\s*-\s*(\d{1,2})([./])\s?(\d{1,2})\3\s?(\d{4}|\d{2})?")
_DASHES = re.compile(
    r"[\u2010-\u2015\u2212\u2012]|(?<=\s)(?:to|bis|till|until|au|al|til|do|по|až)(?=\s)|/(?=\s)|(?<=\s)/"
)
_TOKEN = re.compile(r"\d+|[^\W\d_]+|-")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|º|ª|\.)(?=[\s,-]|$)|(?<=\d)\.(?=[^\W\d])")
_SMALL_WORDS = frozenset(
    {
        "de", "of", "del", "d", "g", "г", "gada", "m", "and", "og", "och", "und", "et", "y", "року", "год",
        "года", "р", "в", "the", "r", "am", "on", "с", "от", "from", "vom", "von", "od", "du", "den",
    }
)  # fmt: skip
_EITHER = "either"
_WEEKDAY = re.compile(
    r"\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*day\b|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Part:
    """A day as far as it is written: 0 is what is not. ``word`` is a month by its name; ``order`` is how the
    numbers show that day and month stand (``either``: they do not show it), empty where the form says it.
    """

    year: int = 0
    month: int = 0
    day: int = 0
    word: str = ""
    order: str = ""


class Written(NamedTuple):
    """A cell: its first and its last day, the same where it names one."""

    first: Part
    last: Part

    @property
    def parts(self) -> tuple[Part, Part]:
        """Both."""
        return self.first, self.last


Days = tuple[datetime.date, datetime.date]


@cache
def month_names() -> dict[str, dict[str, int]]:
    """Month by word for every language (``months.json``: Unicode CLDR)."""
    text = files("forecast.polls").joinpath("months.json").read_text(encoding="utf-8")
    return json.loads(text)


@cache
def months_called(word: str) -> dict[str, int]:
    """The month that a word is in each language that has it; where none has, the beginning of one."""
    found = {language: names[word] for language, names in month_names().items() if word in names}
    if found or len(word) < 3:
        return found
    for language, names in month_names().items():
        begun = {number for name, number in names.items() if _is_form_of(word, name)}
        if len(begun) == 1:
            found[language] = begun.pop()
    return found


def _is_form_of(word: str, name: str) -> bool:
    """Whether a word is the beginning of a name, or the name with an ending."""
    return name.startswith(word) or (
        len(name) >= 5 and word.startswith(name[:-1]) and len(word) - len(name) <= 3
    )


def parse_written(text: str) -> Written | None:
    """The days of a cell as far as it says them; ``None`` where it says nothing. ``ValueError`` for what is
    no day.
    """
    text = without_notes(text).strip()
    if text.casefold() in NOT_A_DAY:
        return None
    if text.isdigit() and text.isascii():
        return _of_digits(text)
    match = _ISO.fullmatch(text)
    if match:
        return _one(Part(int(match[1]), int(match[3]), int(match[4])))
    text = " ".join(_DASHES.sub("-", _WEEKDAY.sub(" ", text)).split()).strip(" ,")
    return _numeric(text) or _of_words(text)


def _one(part: Part) -> Written:
    return Written(part, part)


def _of_digits(text: str) -> Written:
    if _COMPACT.fullmatch(text):
        return _one(Part(int(text[:4]), int(text[4:6]), int(text[6:])))
    if len(text) == 5 and _SERIALS[0] <= int(text) <= _SERIALS[1]:
        day = _EPOCH + datetime.timedelta(int(text))
        return _one(Part(day.year, day.month, day.day))
    raise ValueError(EXPECTED)


def _numeric(text: str) -> Written | None:
    """Days in numbers, one or two of them; ``None`` where there are words."""
    match = _YEAR_MONTH.fullmatch(text)
    if match:
        return _one(Part(int(match[1]), int(match[2])))
    halves = [_ISO.fullmatch(half) for half in text.split("/")] if text.count("/") == 1 else []
    if len(halves) == 2 and halves[0] and halves[1]:
        first, last = (Part(int(half[1]), int(half[3]), int(half[4])) for half in halves if half)
        return Written(first, last)
    match = _LAST_DAYS.fullmatch(text)
    if match:
        last = _numbered(int(match[2]), int(match[4]), match[5], match[3])
        first = replace(_numbered(int(match[1]), int(match[4]), match[5], match[3]), order=last.order)
        return Written(first, last)
    whole = _numbered_in(text)
    if whole is not None:
        return _one(whole)
    for found in re.finditer("-", text):
        first, last = (_numbered_in(half.strip()) for half in (text[: found.start()], text[found.end() :]))
        if first is not None and last is not None:
            return Written(first, last)
    return None


def _numbered_in(text: str) -> Part | None:
    match = _ISO.fullmatch(text)
    if match:
        return Part(int(match[1]), int(match[3]), int(match[4]))
    match = _NUMERIC.fullmatch(text)
    if match and (match[2] != "-" or match[4]):
        return _numbered(int(match[1]), int(match[3]), match[4], match[2])
    return None


def _numbered(one: int, two: int, year: str | None, sign: str) -> Part:
    """A day in numbers; with points the day comes first, with other signs it may be the second."""
    full = (int(year) + (2000 if len(year) == 2 else 0)) if year else 0
    if two > 12 and sign != ".":
        return Part(full, one, two, order=MONTH_FIRST)
    if sign == "." or one == two:
        return Part(full, two, one)
    return Part(full, two, one, order=DAY_FIRST if one > 12 else _EITHER)


def _of_words(text: str) -> Written:
    """Days with a month by its name: numbers, words, and the dash between two days."""
    text = _ORDINAL.sub("", text.replace("'", " ").replace("\u2019", " "))
    halves = _SPACED.split(text)
    if len(halves) == 2:
        left, right = (_tokens(half.replace("-", " ")) for half in halves)
    else:
        left, right = _halves(_tokens(text))
    last = _part(right)
    if not left:
        return _one(last) if last.word else _no_day()
    first = _part(left)
    last = replace(last, word=last.word or first.word, year=last.year or first.year)
    first = replace(first, word=first.word or last.word, year=first.year or _year_before(first, last))
    if not last.word or (first.day and not last.day):
        return _no_day()
    return Written(first, last)


def _year_before(first: Part, last: Part) -> int:
    """The year of a first day that is written without one; 0 where the months must be known to tell."""
    return last.year if first.word in ("", last.word) else 0


def _no_day() -> Written:
    raise ValueError(EXPECTED)


def _tokens(text: str) -> list[str]:
    found = _TOKEN.findall(unicodedata.normalize("NFC", text.casefold()))
    return [token for token in found if token not in _SMALL_WORDS]


def _halves(tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before and behind the dash between two days; a dash within one day is none."""
    dashes = [at for at, token in enumerate(tokens) if token == "-"]
    rest = [token for token in tokens if token != "-"]
    form = "".join("N" if token.isdigit() else "W" for token in rest)
    if not dashes:
        short = form.startswith("NNW") and len(rest[0]) <= 2 and len(rest[1]) <= 2
        return (rest[:1], rest[1:]) if short else ([], rest)
    if form in ("NWN", "WNN", "NNW", "NW", "WN") and len(dashes) == len(rest) - 1:
        return [], rest  # 17-Aug-2026, 2026-aug
    if len(dashes) != 1:
        raise ValueError(EXPECTED)
    return list(tokens[: dashes[0]]), list(tokens[dashes[0] + 1 :])


def _part(tokens: Sequence[str]) -> Part:
    """One day of numbers and at most one word."""
    year = day = 0
    word = ""
    for token in tokens:
        if not token.isdigit():
            if word:
                raise ValueError(EXPECTED)
            word = token
        elif len(token) == 4 and not year:
            year = int(token)
        elif len(token) <= 2 and not day:
            day = int(token)
        elif len(token) == 2 and not year:
            year = 2000 + int(token)
        else:
            raise ValueError(EXPECTED)
    return Part(year, 0, day, word)


class Settled(NamedTuple):
    """The days of a column by row, ``None`` where a cell says none; what could not be settled by row.

    ``said`` is how the column was settled, in words; ``months_only`` are rows that name a month without a
    day.
    """

    days: list[Days | None]
    faults: dict[int, str]
    said: tuple[str, ...] = ()
    months_only: tuple[int, ...] = ()


def read_days(
    cells: Sequence[str],
    *,
    order: str = "",
    languages: Sequence[str] = (),
    years: Sequence[int | datetime.date | None] = (),
    latest: datetime.date | None = None,
) -> Settled:
    """The days of a column. ``order`` and ``languages`` (of which the words are) settle what they leave open.

    ``years`` are, by row, the year of days that are written without one, or a day that they come before.
    ``latest`` is a day after which no fieldwork ends: readings beyond it are not meant.
    """
    written: dict[str, Written | str | None] = {}
    for text in dict.fromkeys(cells):
        try:
            written[text] = parse_written(text)
        except ValueError as error:
            written[text] = str(error)
    known = [day for day in written.values() if isinstance(day, Written)]
    way = _Way(order or _order_of(known, latest), tuple(languages) or languages_of(cells))
    memory: dict[tuple[str, object], Days | str] = {}
    settled = Settled([], {}, way.said(known))
    months_only: list[int] = []
    for row, text in enumerate(cells):
        day = written[text]
        found: Days | str | None = None
        if isinstance(day, Written):
            hint = years[row] if years and not day.last.year else None
            if (text, hint) not in memory:
                memory[text, hint] = way.placed(day, hint)
            found = memory[text, hint]
            if not day.last.day:
                months_only.append(row)
        elif day is not None:
            found = day
        if isinstance(found, str):
            settled.faults[row] = found
        settled.days.append(None if isinstance(found, str) else found)
    return settled._replace(months_only=tuple(months_only))


def _order_of(known: Sequence[Written], latest: datetime.date | None) -> str:
    """In which order a column writes day and month; ``either`` where that stays open."""
    parts = [part for day in known for part in day.parts if part.order]
    shown = {part.order for part in parts} - {_EITHER}
    if len(shown) == 1:
        return shown.pop()
    if not shown and latest is not None:
        possible = [way for way in (DAY_FIRST, MONTH_FIRST) if _none_after(parts, way, latest)]
        if len(possible) == 1:
            return possible[0]
    return _EITHER


def _none_after(parts: Sequence[Part], order: str, latest: datetime.date) -> bool:
    turned = [part if order == DAY_FIRST else _exchanged(part) for part in parts]
    after = latest.year, latest.month, latest.day
    return not any(part.year and (part.year, part.month, part.day) > after for part in turned)


def _exchanged(part: Part) -> Part:
    return replace(part, month=part.day, day=part.month)


def languages_of(cells: Iterable[str]) -> tuple[str, ...]:
    """The languages that have every name of a month in these cells; all where none has."""
    words: dict[str, None] = {}
    for text in dict.fromkeys(cells):
        try:
            day = parse_written(text)
        except ValueError:
            continue
        words |= dict.fromkeys(part.word for part in day.parts if part.word) if day is not None else {}
    called = {word: months_called(word) for word in words}
    meant = [word for word in words if called[word]]
    having = [name for name in month_names() if all(name in called[word] for word in meant)] if meant else []
    return tuple(having or (month_names() if meant else ()))


class _Way(NamedTuple):
    """How a column is read: the order of its numbers and the languages of its words."""

    order: str
    languages: tuple[str, ...]

    def said(self, known: Sequence[Written]) -> tuple[str, ...]:
        """In words, where something had to be settled."""
        either = any(part.order == _EITHER for day in known for part in day.parts)
        if not either or self.order == _EITHER:
            return ()
        return ("3/4 is 3 April (day-first)" if self.order == DAY_FIRST else "3/4 is March 4 (month-first)",)

    def placed(self, day: Written, hint: object) -> Days | str:
        """First and last day of a cell in the calendar, or why there are none."""
        if self.order == _EITHER and any(part.order == _EITHER for part in day.parts):
            return 'day and month may be exchanged; write year-month-day, or dates = "day-first" in [polls]'
        found: list[Part] = []
        for part in day.parts:
            turned = _exchanged(part) if part.order == _EITHER and self.order == MONTH_FIRST else part
            month = self._month(part) if part.word else turned.month
            if isinstance(month, str):
                return month
            found.append(replace(turned, month=month))
        return _in_calendar(found[0], found[1], hint)

    def _month(self, part: Part) -> int | str:
        """The month of a word, or why it is none."""
        called = months_called(part.word)
        found = {called[name] for name in self.languages if name in called}
        if len(found) == 1:
            return found.pop()
        if not called:
            return EXPECTED
        examples = {number: name for name, number in called.items()}
        which = " or ".join(
            f"{calendar.month_name[number]} ({examples[number]})" for number in sorted(examples)
        )
        return f'the month is {which}; say which: language = "{next(iter(called))}" in [polls]'


def _in_calendar(first: Part, last: Part, hint: object) -> Days | str:
    """The days, with the years that are not written."""
    year = last.year or _year_of(last, hint)
    if not year:
        return "a year is missing; write it, or year = 2024 in [polls]"
    earlier = (first.month, first.day or 1) > (last.month, last.day or 31)
    try:
        end = datetime.date(year, last.month, last.day or calendar.monthrange(year, last.month)[1])
        return datetime.date(first.year or year - earlier, first.month, first.day or 1), end
    except ValueError:
        return NO_SUCH_DAY


def _year_of(part: Part, hint: object) -> int:
    """The year of a day that is written without one: that of the hint, or the last before a day."""
    if isinstance(hint, datetime.date):
        return hint.year - ((part.month, part.day or 1) > (hint.month, hint.day))
    return hint if isinstance(hint, int) else 0
