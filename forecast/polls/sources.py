"""Where polls come from: a text table, a page, a spreadsheet, a DataFrame, or a collection that is no table
(DAWUM's JSON, the rich opinion poll files); all become one sheet.

Collections that are known by name have their own ways; ``PRESETS`` says which.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from forecast.door.arguments import path_of
from forecast.door.files import MOST_OF_A_TABLE, Written, read_bytes, unpacked, written
from forecast.door.sheets import (
    SEPARATORS,
    Line,
    PageTable,
    Sheet,
    book_sheets,
    first_line,
    fitted,
    is_book,
    is_page,
    lines_of_text,
    page_tables,
    separator_of,
)
from forecast.door.trees import json_of
from forecast.election.settings import PollSettings
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.polls.columns import (
    FACTS,
    NO_SHARES,
    PARTY_COLUMN,
    SHARE_COLUMN,
    WORDS,
    Names,
    heading_key,
    is_figure,
    split_words,
)
from forecast.polls.poll_table import NO_ROW, year_in

if TYPE_CHECKING:
    from forecast.election import Election


class Found(NamedTuple):
    """A sheet with the settings that it is read with, how it was found, and which other tables there were."""

    sheet: Sheet
    settings: PollSettings
    said: tuple[str, ...] = ()
    format: str = "table"
    doubts: tuple[str, ...] = ()


EMPTY = "the table is empty; a heading and one row a poll are expected"
PRESETS: dict[str, dict[str, Any]] = {
    "table": {},
    "dawum": {"unlisted": "other", "faults": "pass-over"},
    "eopaod": {"unlisted": "other", "faults": "pass-over"},
    "ropf": {"unlisted": "other", "faults": "pass-over"},
    "swedish-polls": {"unlisted": "other", "undecided": "beside", "faults": "pass-over"},
    "wikipedia": {"unlisted": "other", "faults": "pass-over"},
}
"""What ``[polls]`` would say for each collection, where it says nothing."""
_HEADINGS = {
    "eopaod": {"polling firm", "commissioners", "fieldwork start", "fieldwork end", "scope", "participation"},
    "swedish-polls": {"publyearmonth", "company", "uncertain", "publdate", "collectperiodfrom"},
    "dawum": {"survey id", "institute name", "survey persons", "parliament id"},
}
"""Columns by which collections are known."""
_ABOVE = 12
"""Rows that may stand above a heading: titles, remarks."""
_MOST_TABLES = 60
_ALIKE, _LIKE_THE_BEST = 0.5, 0.6
_LOOKED_AT = 12
_KNOWN = frozenset({*(name for known in FACTS.values() for name in known), *PARTY_COLUMN, *SHARE_COLUMN})
_DAWUM = ("Surveys", "Parliaments", "Institutes", "Parties")
_DAWUM_FACTS = (
    "poll_id", "pollster", "commissioner", "start", "end", "published", "n", "parliament", "method",
)  # fmt: skip
_FIELD = re.compile(r"•\s*([A-Z]+)\s*:\s*([^•]*)")
_RESULT = re.compile(r"(?<!\S)([^\W_a-z][^\W_]*(?:\+[^\W_a-z][^\W_]*)*)\s*:\s*(<?\d+(?:[.,]\d+)?)(?!\S)")
_LIST = re.compile(r"([^\W_a-z][^\W_]*)\s*:\s*(?:[A-Z]{2}\d{3})?\s*•")
_ROPF_FACTS = {
    "PF": "pollster", "FS": "fieldwork_start", "FE": "fieldwork_end", "PD": "published", "SS": "sample_size",
    "SC": "scope", "A": "area", "C": "commissioner", "PFP": "partner", "EX": "excluded", "O": "other",
    "N": "undecided",
}  # fmt: skip
_NOT_INHERITED = ("O", "N")


def found_in(source: str | Path | pd.DataFrame, election: Election) -> Found:
    """The table of polls in a file or a DataFrame. ``PollDataError`` where there is none."""
    settings = election.polls
    names = Names(election)
    if isinstance(source, pd.DataFrame):
        return _with_preset(sheet_of(source), settings, ())
    path = path_of("source", source, "a path, or a pandas DataFrame")
    place = str(source)
    data = read_bytes(
        path, PollDataError, most=MOST_OF_A_TABLE, folder="this is a folder; a table (CSV) is expected"
    )
    if path.suffix == ".gz":
        data = unpacked(data, place, PollDataError, most=MOST_OF_A_TABLE)
    if is_book(data):
        sheets = [
            _sheet_of_lines(lines, f"{place}, sheet {name}", names, (f"sheet {name}",), number=number)
            for number, (name, lines) in enumerate(book_sheets(data, place, PollDataError), start=1)
            if lines
        ]
        return _with_preset(_chosen(sheets, settings, names, place), settings, ("a spreadsheet",))
    text = written(data, place, PollDataError, names=names.spelt, words=WORDS, asked=settings.encoding)
    said = (f"encoding {text.said}",) if text.said != "UTF-8" else ()
    if text.data.lstrip()[:1] in (b"{", b"["):
        return _with_preset(dawum_sheet(text.text, place, settings), settings, said, "dawum")
    if is_page(text.data):
        found = [
            _page_sheet(table, place, number)
            for number, table in enumerate(page_tables(text.text, place, PollDataError), 1)
        ]
        return _with_preset(_chosen(found, settings, names, place), settings, (*said, "a page"), "wikipedia")
    if settings.format == "ropf" or first_line(text).lstrip("\ufeff").startswith(("•", "‡")):
        return _with_preset(ropf_sheet(text.text, place), settings, said, "ropf")
    found = _text_table(text, place, settings, names, said)
    if not text.doubt:
        return found
    return found._replace(doubts=(f'{place}: {text.doubt} (encoding = "..." in [polls] settles it)',))


def _text_table(
    text: Written, place: str, settings: PollSettings, names: Names, said: tuple[str, ...]
) -> Found:
    separator = settings.separator or separator_of(first_line(text))
    lines = tuple(lines_of_text(text, place, PollDataError, separator))
    if not lines:
        raise PollDataError(Fault(place, "", ABSENT, EMPTY))
    if len(max(lines[:_ABOVE], key=lambda line: len(line.cells)).cells) < 2 and not settings.separator:
        separator = max(SEPARATORS, key=text.text[:20_000].count)
        lines = tuple(lines_of_text(text, place, PollDataError, separator))
    sheet = _sheet_of_lines(lines, place, names, ())
    if separator not in (",", ";"):
        said = (*said, f"separated by {SEPARATORS[separator]}")
    return _with_preset(sheet, settings, said)


def _sheet_of_lines(
    lines: Sequence[Line], place: str, names: Names, about: tuple[str, ...], number: int = 1
) -> Sheet:
    """A sheet of lines, the heading where columns are named; above it there may be titles."""
    at = max(
        range(min(_ABOVE, len(lines))), key=lambda i: (_heading_score(lines[i].cells, names), -i), default=0
    )
    at = at if _heading_score(lines[at].cells, names) > _heading_score(lines[0].cells, names) + 1 else 0
    opened = fitted(lines[at], lines[at + 1 :], place, PollDataError)
    found = tuple(opened.lines)
    return Sheet(
        place,
        opened.heading,
        found,
        tuple(opened.faults),
        (),
        (*about, *(lines[i].cells[0] for i in range(at))),
        number,
    )


def _heading_score(cells: Sequence[str], names: Names) -> float:
    """How many cells of a line are names of columns."""
    return float(sum(_is_known(cell, names) for cell in cells))


def _is_known(cell: str, names: Names) -> bool:
    if not cell or len(cell) > 80:
        return False
    keys = {heading_key(cell), heading_key(split_words(cell))}
    return bool(keys & _KNOWN) or names.find(cell) is not None


def _page_sheet(table: PageTable, place: str, number: int) -> Sheet:
    heading = _told_apart(table.heading)
    return Sheet(f"{place}, table {number}", heading, table.lines, (), (), table.about, number)


def _told_apart(heading: Sequence[str]) -> tuple[str, ...]:
    """Headings of a page; a column that has the name of its neighbour is one that the neighbour spans."""
    return tuple("" if i and name and name == heading[i - 1] else name for i, name in enumerate(heading))


def _chosen(sheets: Sequence[Sheet], settings: PollSettings, names: Names, place: str) -> Sheet:
    """The table that holds the polls, with those that go on with it; ``polls.table`` says which."""
    sheets = list(sheets)[:_MOST_TABLES]
    if settings.table:
        asked = {value.casefold() for value in settings.table}
        meant = [
            sheet
            for sheet in sheets
            if str(sheet.number) in asked
            or any(text.casefold().removeprefix("sheet ") in asked for text in sheet.about)
        ]
        if not meant:
            known = "; ".join(_described(sheet) for sheet in sheets) or "no table at all"
            raise PollDataError(
                Fault(place, "polls.table", list(settings.table), f"no such table; there are {known}")
            )
    else:
        meant = _like_polls(sheets, names)
        if not meant:
            known = "; ".join(_described(sheet) for sheet in sheets) or "none"
            remedy = f"no table in it looks like polls; tables: {known}"
            raise PollDataError(Fault(place, "", ABSENT, remedy))
    return _joined(meant, len(sheets))


def _described(sheet: Sheet) -> str:
    above = f" under {sheet.about[-1]}" if sheet.about else ""
    return f"{sheet.number}{above} ({len(sheet.lines)} rows)"


def _like_polls(sheets: Sequence[Sheet], names: Names) -> list[Sheet]:
    """The first table that has a pollster, a day and parties, and those of the same columns behind it."""
    found: list[Sheet] = []
    kinds = [_kinds(sheet, names) for sheet in sheets]
    if not any(parties for _, parties in kinds):  # nobody is known: whoever has figures is a party
        kinds = [(facts, _with_figures(sheet)) for sheet, (facts, _) in zip(sheets, kinds, strict=True)]
    scores = [len(parties) if facts >= 2 else 0 for facts, parties in kinds]
    if not any(scores):
        return []
    first = next(i for i, score in enumerate(scores) if score >= _LIKE_THE_BEST * max(scores))
    _, main = kinds[first]
    for sheet, (facts, parties) in list(zip(sheets, kinds, strict=True))[first:]:
        if facts >= 2 and parties and len(main & parties) >= _ALIKE * max(len(main), len(parties)):
            found.append(sheet)
    return found


def _kinds(sheet: Sheet, names: Names) -> tuple[int, frozenset[str]]:
    """How many of pollster, day and size a table has columns for, and the parties of its columns."""
    keys = {heading_key(name) for name in sheet.heading} | {
        heading_key(split_words(name)) for name in sheet.heading
    }
    days = (*FACTS["fieldwork"], *FACTS["fieldwork_end"], *FACTS["published"], *FACTS["date"])
    facts = sum(bool(keys & set(known)) for known in (FACTS["pollster"], days, FACTS["sample_size"]))
    parties = frozenset(
        target.unit for name in sheet.heading if (target := names.find_party(name)) is not None
    )
    return facts, parties


def _with_figures(sheet: Sheet) -> frozenset[str]:
    """Columns without a meaning of their own whose cells are figures."""
    lines = sheet.lines[:_LOOKED_AT]
    return frozenset(
        name
        for at, name in enumerate(sheet.heading)
        if name
        and not {heading_key(name), heading_key(split_words(name))} & (_KNOWN | NO_SHARES)
        and 2 * sum(is_figure(line.cells[at]) for line in lines) > len(lines)
    )


def _joined(sheets: Sequence[Sheet], of: int) -> Sheet:
    """Tables with the same columns, one below the other; rows are numbered within each table."""
    first, *others = sheets
    said = (
        f"table {first.number} of {of}"
        if not others
        else (f"tables {', '.join(str(sheet.number) for sheet in sheets)} of {of}, one below the other")
    )
    if of == 1:
        said = "one table"
    heading = list(first.heading)
    lines: list[Line] = [*_dated(first)]
    below = max((line.number for line in first.lines), default=0)
    for sheet in others:
        new = [name for name in sheet.heading if name and name not in heading]
        heading += new
        at = [sheet.heading.index(name) if name in sheet.heading else -1 for name in heading]
        for line in _dated(sheet):
            number = below + line.number if line.number != NO_ROW else NO_ROW
            lines.append(Line(number, tuple(line.cells[i] if i >= 0 else "" for i in at)))
        below = max((line.number for line in lines), default=below)
    width = len(heading)
    filled = tuple(Line(line.number, (*line.cells, *[""] * (width - len(line.cells)))) for line in lines)
    faults = tuple(fault for sheet in sheets for fault in sheet.faults)
    about = first.about if not others else ()
    return Sheet(first.place, tuple(heading), filled, faults, (said,), about, first.number)


def _dated(sheet: Sheet) -> list[Line]:
    """The lines of a table; where its title names a year, below a line of that year that no file holds."""
    year = year_in(sheet.about)
    head = [Line(NO_ROW, (str(year), *[""] * (len(sheet.heading) - 1)))] if year else []
    return [*head, *sheet.lines]


def _with_preset(sheet: Sheet, settings: PollSettings, said: tuple[str, ...], known: str = "") -> Found:
    """The settings of the user, and for what they leave open those of the collection that it is."""
    keys = {heading_key(name) for name in sheet.heading}
    found = known or next((name for name, needed in _HEADINGS.items() if needed <= keys), "table")
    name = settings.format or found
    open_keys = {key: value for key, value in PRESETS[name].items() if getattr(settings, key) is None}
    if name != "table":
        how = "as [polls] says" if settings.format else "known by its form"
        said = (*said, f"format {name}, {how}")
    return Found(sheet, settings.model_copy(update=open_keys), said, name)


def dawum_sheet(text: str, place: str, settings: PollSettings) -> Sheet:
    """DAWUM's JSON (api.dawum.de) as one row a poll, with the parliament by its short name.

    ``PollDataError`` where it is other JSON, and where there are polls of several parliaments and
    ``polls.rows`` does not say which.
    """
    tree = json_of(text, place, PollDataError, decimals=False, most_entries=1_000_000)
    if not isinstance(tree, dict) or not all(isinstance(tree.get(key), dict) for key in _DAWUM):
        remedy = f"JSON is read as DAWUM publishes it, with {', '.join(_DAWUM)}; save other polls as CSV"
        raise PollDataError(Fault(place, "", ABSENT, remedy))
    names = {
        key: _short_names(tree.get(key, {}))
        for key in ("Parliaments", "Institutes", "Parties", "Taskers", "Methods")
    }
    _require_parliament(tree, names["Parliaments"], place, settings)
    parties = list(dict.fromkeys(_party_names(tree, names["Parties"])))
    lines = tuple(
        Line(number, tuple(_dawum_cells(key, survey, names, parties)))
        for number, (key, survey) in enumerate(tree["Surveys"].items(), start=2)
        if isinstance(survey, dict)
    )
    return Sheet(place, (*_DAWUM_FACTS, *parties), lines, ())


def _short_names(table: Any) -> dict[str, str]:
    entries = table.items() if isinstance(table, dict) else ()
    return {
        str(key): str(entry.get("Shortcut") or entry.get("Name") or key)
        for key, entry in entries
        if isinstance(entry, dict)
    }


def _party_names(tree: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for survey in tree["Surveys"].values():
        results = survey.get("Results") if isinstance(survey, dict) else None
        yield from (names.get(str(key), str(key)) for key in (results if isinstance(results, dict) else ()))


def _require_parliament(
    tree: Mapping[str, Any], names: Mapping[str, str], place: str, settings: PollSettings
) -> None:
    held = {
        names.get(str(survey.get("Parliament_ID")), "")
        for survey in tree["Surveys"].values()
        if isinstance(survey, dict)
    }
    if len(held) > 1 and not settings.rows:
        known = ", ".join(sorted(held - {""}))
        remedy = (
            f'polls of several parliaments; say which: rows = {{ parliament = "..." }} in [polls], of {known}'
        )
        raise PollDataError(Fault(place, "polls.rows", ABSENT, remedy))


def _dawum_cells(
    key: str, survey: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], parties: list[str]
) -> Iterator[str]:
    period = survey.get("Survey_Period")
    period = period if isinstance(period, dict) else {}

    def named(table: str, field: str) -> str:
        return names[table].get(str(survey.get(field, "")), "")

    yield key
    yield named("Institutes", "Institute_ID")
    yield named("Taskers", "Tasker_ID")
    yield from (_text(period.get("Date_Start")), _text(period.get("Date_End")), _text(survey.get("Date")))
    size = _text(survey.get("Surveyed_Persons"))
    yield "" if size == "0" else size
    yield named("Parliaments", "Parliament_ID")
    yield named("Methods", "Method_ID")
    results = survey.get("Results")
    told = (
        {names["Parties"].get(str(party), str(party)): value for party, value in results.items()}
        if isinstance(results, dict)
        else {}
    )
    yield from (_text(told.get(party)) for party in parties)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def ropf_sheet(text: str, place: str) -> Sheet:
    """A rich opinion poll file by its published description (asapop, "Rich Opinion Poll File Format"): a line
    a poll, its scenarios on lines that begin with ``&``, then a line for each electoral list.

    Only the first scenario for each scope counts as a poll of it. Columns are the abbreviations of the lists
    (their field A), else their keys.
    """
    called = {
        match[1]: _abbreviation(line) or match[1]
        for line in text.splitlines()
        if (match := _LIST.match(line))
    }
    polls: list[tuple[int, dict[str, str], dict[str, str]]] = []
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip().lstrip("\ufeff")
        if not bare or bare.startswith("‡") or _LIST.match(bare):
            continue
        if not bare.startswith(("•", "&")) or (bare.startswith("&") and not polls):
            faults.append(
                Fault(
                    place, f"row {number}", bare[:60], "a line of a poll begins with •, of a scenario with &"
                )
            )
            continue
        fields, results = _of_line(bare)
        if bare.startswith("&"):
            before = {key: value for key, value in polls[-1][1].items() if key not in _NOT_INHERITED}
            fields = {**before, **fields}
            if any(_same_question(fields, told) for _, told, _ in polls[-8:]):
                continue
        polls.append((number, fields, results))
    lists = list(dict.fromkeys(key for _, _, results in polls for key in results))
    facts = [key for key in _ROPF_FACTS if any(key in fields for _, fields, _ in polls)]
    heading = (
        *(_ROPF_FACTS[key] for key in facts),
        *("+".join(called.get(part, part) for part in key.split("+")) for key in lists),
    )
    lines = tuple(
        Line(number, (*(fields.get(key, "") for key in facts), *(results.get(key, "") for key in lists)))
        for number, fields, results in polls
    )
    return Sheet(place, heading, lines, tuple(faults))


def _of_line(line: str) -> tuple[dict[str, str], dict[str, str]]:
    """Fields and results of a line; a commissioner may come several times."""
    results: dict[str, str] = {}
    fields: dict[str, str] = {}
    body = line.lstrip("&").strip()
    at = body.find("•") if not body.startswith("•") else 0
    results.update(_RESULT.findall(body[:at] if at > 0 else (body if at < 0 else "")))
    for key, value in _FIELD.findall(body):
        results.update(_RESULT.findall(value))
        value = _RESULT.sub(" ", value).strip()
        fields[key] = f"{fields[key]}, {value}" if key in fields and key == "C" else value
    return fields, results


def _same_question(fields: Mapping[str, str], told: Mapping[str, str]) -> bool:
    keys = ("PF", "FS", "FE", "PD", "SC", "A")
    return all(fields.get(key, "") == told.get(key, "") for key in keys)


def _abbreviation(line: str) -> str:
    return next((value.strip() for key, value in _FIELD.findall(line) if key == "A"), "")


PLACE = "polls"
"""What messages call the table."""
_MOST_WRITTEN_OUT = 1e15
"""Whole numbers below are exact as floats, and written without a point."""


def sheet_of(frame: pd.DataFrame) -> Sheet:
    """The cells of a DataFrame as a CSV file would hold them: days as ISO text, numbers to their last digit,
    nothing where there is no value. An index that has a name is a column. Rows are numbered as in a file: the
    heading is 1.
    """
    frame = frame.reset_index() if frame.index.name else frame
    heading = tuple(str(name).strip() for name in frame.columns)
    columns = [_cells(frame.iloc[:, at]) for at in range(len(heading))]
    lines = tuple(Line(number, cells) for number, cells in enumerate(zip(*columns, strict=True), start=2))
    opened = fitted(Line(1, heading), lines, PLACE, PollDataError)
    return Sheet(PLACE, opened.heading, tuple(opened.lines), tuple(opened.faults))


def _cells(column: pd.Series) -> list[str]:
    values, missing = column.tolist(), column.isna().tolist()
    return ["" if no else _cell(value) for value, no in zip(values, missing, strict=True)]


def _cell(value: Any) -> str:
    if isinstance(value, datetime.datetime):  # and with it pandas' timestamps
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < _MOST_WRITTEN_OUT:
        return str(int(value))
    return str(value).strip()
