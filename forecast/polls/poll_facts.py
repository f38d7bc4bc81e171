"""The facts of polls: who, when, how many, of what kind; read by column, days checked against each other."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from forecast.door import is_whole, ungrouped
from forecast.election.settings import PollSettings
from forecast.errors import ABSENT, suggest
from forecast.polls.columns import BRACKETS, KEY_OF, SAMPLES, Layout, is_reported, without_notes
from forecast.polls.poll_table import EXIT, NATIONAL, PLACES, Doubt, Rows, count_of, numbered
from forecast.polls.written_days import Days, Settled, languages_of, read_days

MOST_YEARS_BEFORE = 6
"""A poll older than this, seen from election day, is passed over."""
_DAYS_OF_VOTING = 3
_DATED = re.compile(r"\s*[-–—,(]?\s*\d{1,2}\s*[./]\s*\d{1,2}\s*[-./]\s*\d{2,4}\)?\s*$")
_PARTED = re.compile(r"\s+/\s+|\s*/\s+|\s+[|]\s+")
_MEDIA_BEHIND = 3
_DAYS = ("published", "date", "fieldwork", "fieldwork_end", "fieldwork_start")
KINDS = {"": "pre-election", "pre-election": "pre-election", "exit": "exit", "exit poll": "exit"}
SCOPES = ("national", "national-partial", "exit")
OTHER_ELECTION = "another election"
_SCOPE_CODES = {
    "": "national", "n": "national", "ne": "national", "en": "national", "nat": "national",
    "national": "national", "e": OTHER_ELECTION, "european": OTHER_ELECTION,
    "p1": OTHER_ELECTION, "presidential": OTHER_ELECTION,
}  # fmt: skip
"""Scopes as the collections of Europe's polls name them: N national, E European, P1 presidential."""
LEAST_SAMPLE, LARGEST_SAMPLE = 10, 10_000_000
_ABOUT = re.compile(r"^(?:~|≈|≃|c\.|ca\.?|circa|about|approx\.?|≥|>=|>|n\s*=|±)\s*", re.IGNORECASE)
_MODE = re.compile(r"^[^\W\d_]{1,6}\s*[•·:]\s*")
_PART_OF_COUNTRY = re.compile(r"[a-z-]+:\s*\S.*", re.IGNORECASE)
Day = datetime.date | None
Value = TypeVar("Value")


@dataclass
class Facts:
    """What is known of every row besides its shares; each list has one entry a row."""

    pollster: list[str]
    start: list[Day]
    end: list[Day]
    published: list[Day]
    size: list[float]
    kind: list[str]
    scope: list[str]
    unit: list[str]
    source: list[str]
    sample: list[int]
    """Whom the poll asked, as ``SAMPLES`` numbers them; -1 where it does not say."""

    def keep(self, chosen: Sequence[bool]) -> None:
        """Let the other rows go."""
        for name, values in vars(self).items():
            setattr(self, name, [value for value, kept in zip(values, chosen, strict=True) if kept])


def read_facts(rows: Rows, layout: Layout, settings: PollSettings, day: Day) -> Facts:
    """The facts of all rows; rows of long ago, and of another election, are let go and counted.

    ``day`` is that of the election; ``None`` where it is not known.
    """
    given = _Given(rows, layout, settings, day)
    start, end, published = _days(given)
    facts = Facts(
        _pollsters(given),
        start,
        end,
        published,
        given.read("sample_size", parse_sample_size, float("nan")),
        given.read("kind", parse_kind, "pre-election"),
        _scopes(given),
        given.read("unit", parse_unit, "percent") if settings.unit is None else [settings.unit] * len(rows),
        given.texts("source"),
        [SAMPLES.get(text.strip().casefold(), -1) for text in given.texts("sample")],
    )
    _let_go(
        rows, facts, [scope != OTHER_ELECTION for scope in facts.scope], "of another election by their scope"
    )
    if day is not None:
        _pass_over_old(rows, facts, day)
        _known_by_their_kind(facts, day)
    for i, row in enumerate(rows.numbers):
        _check_days(rows, facts, i, row, day)
    return facts


@dataclass(frozen=True)
class _Given:
    """What a table, and ``[polls]`` for all of it, say of every fact; ``day`` is that of the election."""

    rows: Rows
    layout: Layout
    settings: PollSettings
    day: Day

    def texts(self, fact: str) -> list[str]:
        """The text of a fact by row: of its column, of several columns together, or the constant."""
        at, rows = self.layout.facts.get(fact, ()), self.rows
        if not at:
            return [self.settings.constant.get(KEY_OF.get(fact, fact), "")] * len(rows)
        if len(at) == 1:
            return list(rows.columns[at[0]])
        return [_together(parts) for parts in zip(*(rows.columns[i] for i in at), strict=True)]

    def read(self, fact: str, parse: Callable[[str], Value], default: Value) -> list[Value]:
        """The values of a fact by row; what cannot be read is a fault of its row, or of the constant."""
        at, rows = self.layout.facts.get(fact, ()), self.rows
        if len(at) == 1:
            return rows.read(at[0], parse, default)
        try:
            return [parse(self.settings.constant.get(fact, ""))] * len(rows)
        except ValueError as error:
            for row in rows.numbers[:1]:
                rows.fault(row, f"polls.constant.{fact}", self.settings.constant[fact], str(error))
            return [default] * len(rows)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Of the months of all columns of days together, or as ``[polls]`` says."""
        if self.settings.language:
            return (self.settings.language,)
        at = [i for fact in _DAYS for i in self.layout.facts.get(fact, ())]
        distinct = dict.fromkeys(text for i in at for text in dict.fromkeys(self.rows.columns[i]))
        return languages_of(text for text in distinct if any(sign.isalpha() for sign in text))

    def days(self, fact: str, before: Sequence[Days | None] = ()) -> Settled | None:
        """The days of a column, or of a constant; ``None`` where neither gives them. Those without a year are
        before the days ``before``, or of the year that the table names.
        """
        if fact not in self.layout.facts and KEY_OF.get(fact, fact) not in self.settings.constant:
            return None
        nothing: Days | None = None
        rows, year = self.rows, self.settings.year or 0
        hints = [
            days[1] if days is not None else (known or year or None)
            for days, known in zip(before or [nothing] * len(rows), rows.years, strict=True)
        ]
        settled = read_days(
            self.texts(fact),
            order=self.settings.dates or "",
            languages=self.languages,
            years=hints,
            latest=self.day,
        )
        rows.understood += [said for said in settled.said if said not in rows.understood]
        return settled


def _together(parts: Sequence[str]) -> str:
    """Cells that make one value: a day of year, month and day, or words one after the other."""
    if any(not part for part in parts):
        return ""
    numbers = all(part.isdigit() for part in parts)
    return ("-" if numbers and len(parts[0]) == 4 else " ").join(parts)


def _let_go(rows: Rows, facts: Facts, kept: Sequence[bool], why: str) -> None:
    gone = [number for number, keep in zip(rows.numbers, kept, strict=True) if not keep]
    if gone:
        for number in gone:
            rows.faults.pop(number, None)
        rows.understood.append(f"{count_of(len(gone))} passed over: {why} ({numbered(gone)})")
        rows.keep(kept)
        facts.keep(kept)


def _scopes(given: _Given) -> list[str]:
    """Scopes, of their own column and of those of regions and districts; where ``polls.rows`` chose by one of
    them, it says no more.
    """
    rows, layout = given.rows, given.layout
    chosen = {name.casefold() for name in given.settings.rows}

    def is_told(fact: str) -> bool:
        at = layout.facts.get(fact, ())
        return not (at and rows.heading[at[0]].casefold() in chosen)

    scopes = [NATIONAL] * len(rows)
    if is_told("scope"):
        scopes = given.read("scope", parse_scope, NATIONAL)
    kinds = [kind for kind in PLACES if kind in layout.facts and is_told(kind)]
    if not kinds:
        return scopes
    columns = [(kind, rows.heading[layout.facts[kind][0]]) for kind in kinds]
    names = zip(*(given.texts(kind) for kind in kinds), strict=True)
    return [
        _scope_of(rows, number, scope, columns, said)
        for number, scope, said in zip(rows.numbers, scopes, names, strict=True)
    ]


def _scope_of(
    rows: Rows, number: int, scope: str, columns: Sequence[tuple[str, str]], names: Sequence[str]
) -> str:
    """The scope of a poll whose row also names the place it was held in; ``columns`` are kinds of places, and
    what their columns are called.
    """
    named = [
        (kind, column, name)
        for (kind, column), name in zip(columns, names, strict=True)
        if is_reported(name) and name.casefold() != NATIONAL
    ]
    if not named or scope == OTHER_ELECTION:
        return scope
    kind, column, name = named[0]
    found = f"{kind}:{name}"
    if len(named) > 1:
        other, _, where = named[1]
        said = f"{other} {where} is given too; a poll is of one of them: keep one"
        rows.fault(number, column, name, said)
    elif scope == EXIT:
        return f"{EXIT}-{found}"
    elif scope not in (NATIONAL, found):
        rows.fault(number, column, name, f"the scope of this poll is {scope}; keep one of them")
    return found


def _pollsters(given: _Given) -> list[str]:
    """Pollsters by name; what stands behind it (the medium, the day of the poll) is cut off."""
    rows, until = given.rows, given.settings.pollster_until
    names = [without_notes(" ".join(text.split())) for text in given.texts("pollster")]
    if until:
        names = [name.split(until)[0].strip() or name for name in names]
    else:
        names = _without_their_polls(rows, names)
    asked = "pollster" in given.layout.facts
    for row, name in zip(rows.numbers, names, strict=True):
        if not name and asked:
            rows.fault(row, "pollster", ABSENT, "missing; who held the poll?")
    return names


def _without_their_polls(rows: Rows, names: list[str]) -> list[str]:
    """Where most names end in the day of their poll ("Novus / SVT - 17/8-2026"), the pollster before it."""
    distinct = list(dict.fromkeys(names))
    dated = [name for name in distinct if _DATED.search(name)]
    if len(distinct) < _MEDIA_BEHIND or 2 * len(dated) < len(distinct):
        return names
    bare = {name: _PARTED.split(_DATED.sub("", name))[0].strip() or name for name in distinct}
    said = f"{len(set(bare.values()))} pollsters, each by what stands before its medium and day"
    rows.understood.append(f'{said} ("{dated[0]}": {bare[dated[0]]})')
    return [bare[name] for name in names]


def _days(given: _Given) -> tuple[list[Day], list[Day], list[Day]]:
    """First and last days of fieldwork and days of publication, by row.

    A column of ranges gives both ends. What is called a date alone is the day of publication where another
    column tells the fieldwork, else its last day.
    """
    rows, layout = given.rows, given.layout
    nothing = Settled([None] * len(rows), {})
    published = given.days("published") or nothing
    plain = given.days("date", published.days) or nothing
    hints = [one or two for one, two in zip(published.days, plain.days, strict=True)]
    fieldwork, ended, started = (
        given.days(name, hints) or nothing for name in ("fieldwork", "fieldwork_end", "fieldwork_start")
    )
    is_publication = ended is not nothing or fieldwork is not nothing
    found: tuple[list[Day], list[Day], list[Day]] = ([], [], [])
    for i in range(len(rows)):
        work = ended.days[i] or fieldwork.days[i]
        out, other = published.days[i], plain.days[i]
        if other is not None and work is None and (out is None or not is_publication):
            work = other if not (is_publication and published is nothing) else None
            out = out or (other if work is None else None)
        elif other is not None and out is None and is_publication:
            out = other
        first = started.days[i] or (work if work is not None and work[0] != work[1] else None)
        found[0].append(first[0] if first else None)
        found[1].append(work[1] if work else None)
        found[2].append(out[1] if out else None)
    for name, settled in (("published", published), ("fieldwork", fieldwork), ("fieldwork_end", ended),
                          ("fieldwork_start", started)):  # fmt: skip
        _note_faults(rows, layout, name, settled)
    undated = {i for i in range(len(rows)) if found[1][i] is None and found[2][i] is None}
    _note_faults(
        rows, layout, "date", Settled([], {i: said for i, said in plain.faults.items() if i in undated})
    )
    _months_alone(rows, found[1], (fieldwork, ended, plain), given.day)
    return found


def _note_faults(rows: Rows, layout: Layout, fact: str, settled: Settled) -> None:
    for i, said in settled.faults.items():
        at = layout.facts.get(fact, ())
        name = rows.heading[at[0]] if len(at) == 1 else fact
        text = rows.columns[at[0]][i] if len(at) == 1 else "-".join(rows.columns[k][i] for k in at)
        rows.fault(rows.numbers[i], name, text, said)


def _months_alone(rows: Rows, ends: list[Day], settled: Sequence[Settled], day: Day) -> None:
    """Days of which only the month is told: its last, or election day where that comes before."""
    alone = sorted({i for column in settled for i in column.months_only if ends[i] is not None})
    if not alone:
        return
    for i in alone:
        end = ends[i]
        if (
            day is not None
            and end is not None
            and end > day
            and (end.year, end.month) == (day.year, day.month)
        ):
            ends[i] = day
    told = numbered([rows.numbers[i] for i in alone])
    rows.understood.append(f"{count_of(len(alone))} with a month and no day: its last day is taken ({told})")


def _pass_over_old(rows: Rows, facts: Facts, day: datetime.date) -> None:
    """Polls of long ago; also those whose day cannot be read, and whose year can."""
    first = day.year - MOST_YEARS_BEFORE
    limit = day - datetime.timedelta(MOST_YEARS_BEFORE * 366)
    kept: list[bool] = []
    dated: list[bool] = []
    for i, row in enumerate(rows.numbers):
        newest = facts.end[i] or facts.published[i] or facts.start[i]
        dated.append(newest is not None)
        if newest is None:
            years = [int(year) for fault in rows.faults.get(row, ()) for year in _years_of(fault.found)]
            kept.append(not years or max(years) >= first)
        else:
            kept.append(newest >= limit)
    if not any(kept) and kept:
        newest = max((d for d in (*facts.end, *facts.published) if d is not None), default=None)
        remedy = (
            f"the newest poll is over {MOST_YEARS_BEFORE} years before the election of {day}; is its date "
            f"right?"
        )
        rows.fault(rows.numbers[0], "", newest or ABSENT, remedy)
        return
    _doubt_old_among_new(rows, facts, kept, dated)
    _let_go(rows, facts, kept, f"over {MOST_YEARS_BEFORE} years before the election")


def _years_of(found: object) -> list[str]:
    return re.findall(r"(?<!\d)(?:19|20)\d{2}(?!\d)", str(found))


def _doubt_old_among_new(rows: Rows, facts: Facts, kept: Sequence[bool], dated: Sequence[bool]) -> None:
    """A poll of long ago between two of the last years, in a table that is in order: a slip of the year."""
    fresh = [recent and known for recent, known in zip(kept, dated, strict=True)]
    if sum(kept) < 0.8 * len(kept):
        return
    for i in range(1, len(kept) - 1):
        if not kept[i] and fresh[i - 1] and fresh[i + 1]:
            day = facts.end[i] or facts.published[i]
            text = (
                f"row {rows.numbers[i]} ({facts.pollster[i]}, {day}): passed over as a poll of long ago, "
                f"though those above and below it are not; is the year right?"
            )
            rows.doubts.append(Doubt("year", (), text))


def _known_by_their_kind(facts: Facts, day: datetime.date) -> None:
    """Exit polls by their scope, and the day of those that do not tell theirs."""
    for i, scope in enumerate(facts.scope):
        if scope == EXIT:
            facts.kind[i], facts.scope[i] = EXIT, NATIONAL
        elif scope.startswith("exit-"):
            facts.kind[i], facts.scope[i] = EXIT, scope.removeprefix("exit-")
        if facts.kind[i] == EXIT and facts.end[i] is None:
            facts.end[i] = day


def _check_days(rows: Rows, facts: Facts, i: int, row: int, day: Day) -> None:
    """The days of a poll against each other and against election day."""
    start, end, published = facts.start[i], facts.end[i], facts.published[i]
    if end is None and published is None:
        if not any(
            "day" in fault.remedy or "year" in fault.remedy or "month" in fault.remedy
            for fault in rows.faults.get(row, ())
        ):
            rows.fault(row, "fieldwork_end", ABSENT, "missing; fieldwork_end or published is needed")
        return
    if day is not None and _against_election(rows, facts, i, row, day):
        return
    if start is not None and end is not None and start > end:
        said = f"fieldwork ends before it starts ({start}); are the days swapped?"
        rows.fault(row, "fieldwork_end", end, said)
    if published is not None and (end or start or published) > published:
        said = f"published before fieldwork is over ({end or start}); are the days swapped?"
        rows.fault(row, "published", published, said)


def _against_election(rows: Rows, facts: Facts, i: int, row: int, day: datetime.date) -> bool:
    """Days that an election leaves no room for; whether an exit poll is on another day, of which no more is
    said.
    """
    start, end, published = facts.start[i], facts.end[i], facts.published[i]
    if facts.kind[i] == EXIT and end is not None and not 0 <= (day - end).days <= _DAYS_OF_VOTING:
        said = f"an exit poll is held on election day, {day}; is the date right?"
        rows.fault(row, "fieldwork_end", end, said)
        return True
    late = f"this is after the election of {day}; is the date right?"
    for column, value in (("fieldwork_start", start), ("fieldwork_end", end)):
        if value is not None and value > day:
            rows.fault(row, column, value, late)
    if published is not None and (published - day).days > (366 if end is not None else 0):
        rows.fault(row, "published", published, late)
    return False


def parse_sample_size(text: str) -> float:
    """Number of respondents as people write it: 30 000, "1,000[a]", "TOM • 1.  000", "(874)", "~1000",
    "600-700"; NaN where it is not said.
    """
    text = without_notes(text.strip())
    if not is_reported(text):
        return float("nan")
    if not text.isdigit():
        text = _MODE.sub("", text)
        brackets = BRACKETS.fullmatch(text)
        text = _ABOUT.sub("", brackets[1] if brackets else text).rstrip("*+").strip()
        if not is_reported(text):
            return float("nan")
    between = re.fullmatch(r"([\d.,  ]+?)\s*[-–]\s*([\d.,  ]+)", text)
    if between:
        low, high = (_respondents(half) for half in between.groups())
        return (low + high) // 2
    return _respondents(text)


def _respondents(text: str) -> float:
    digits = text if text.isdigit() else ungrouped(re.sub(r"(?<=[.,])\s+", "", " ".join(text.split())))
    digits = digits or re.sub(r"[.,]0+$", "", text.strip())
    if not is_whole(digits):
        msg = "a number of respondents is expected, such as 1200; leave the cell empty where it is not known"
        raise ValueError(msg)
    if not LEAST_SAMPLE <= int(digits) <= LARGEST_SAMPLE:
        msg = f"{LEAST_SAMPLE} to {LARGEST_SAMPLE:,} respondents are expected; leave it empty where unknown"
        raise ValueError(msg)
    return float(digits)


def parse_kind(text: str) -> str:
    """``pre-election`` (also for an empty cell) or ``exit``."""
    kind = KINDS.get(text.strip().lower().replace("_", "-") if is_reported(text) else "")
    if kind is None:
        msg = f"a kind of poll is expected; {suggest(text, ['pre-election', 'exit'])}"
        raise ValueError(msg)
    return kind


def parse_scope(text: str) -> str:
    """``national`` (also for an empty cell), ``national-partial``, ``exit``, a part (city:Almaty), or
    ``OTHER_ELECTION`` for polls of another one.
    """
    scope = text.strip() if is_reported(text.strip()) else ""
    if scope.lower() in SCOPES:
        return scope.lower()
    if scope.lower() in _SCOPE_CODES:
        return _SCOPE_CODES[scope.lower()]
    if _PART_OF_COUNTRY.fullmatch(scope):
        return scope
    msg = f"national, national-partial, or a part such as city:Almaty is expected; {suggest(scope, SCOPES)}"
    raise ValueError(msg)


def parse_unit(text: str) -> str:
    """``percent`` (also for an empty cell), ``fraction`` of 1, or ``seats``."""
    unit = text.strip().lower()
    if unit in ("", "%", "percent", "per cent"):
        return "percent"
    if unit in ("fraction", "share", "1"):
        return "fraction"
    if unit in ("seats", "seat", "mandates"):
        return "seats"
    msg = "percent, fraction or seats is expected"
    raise ValueError(msg)
