"""What was understood of a poll table, column by column; the ``[polls]`` that reads it; the table made
tidy.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forecast.election import Election, parse_election
from forecast.election.schema import Party
from forecast.polls.cells import (
    OTHER,
    RESERVED,
    UNDECIDED,
    heading_key,
    is_reported,
    plain_key,
    without_notes,
)
from forecast.polls.columns import Layout
from forecast.polls.poll_table import NO_ROW, PollTable
from forecast.polls.reading import layout_in
from forecast.polls.sources import PRESETS, Found, found_in

_FACTS_IN_WORDS = {
    "pollster": "pollster", "fieldwork": "days of fieldwork", "fieldwork_start": "first day of fieldwork",
    "fieldwork_end": "last day of fieldwork", "published": "day of publication", "date": "day",
    "sample_size": "number of respondents", "sample": "who was asked", "kind": "kind of poll",
    "scope": "scope", "region": "region of the poll", "district": "district of the poll",
    "source": "source", "unit": "unit", "poll_id": "which rows are one poll", "question_id": "which question",
}  # fmt: skip
_KEYS = {"fieldwork": "end", "fieldwork_end": "end", "fieldwork_start": "start"}
_LEAST_PARTY = 0.5
_PERCENT_DIGITS = 8


@dataclass(frozen=True)
class Understood:
    """A column: its name, what it means in words, and a cell of it."""

    name: str
    meaning: str
    example: str


def columns_in_words(found: Found, layout: Layout, election: Election) -> list[Understood]:
    """Every column of a table, in its order."""
    names = {party.id: party.name for party in election.parties} | {OTHER: "other", UNDECIDED: "undecided"}
    return [
        Understood(column.name, _in_words(column.meaning, column.which, names), _example(found, column.at))
        for column in layout.columns
    ]


def _in_words(meaning: str, which: str, names: dict[str, str]) -> str:
    units = " and ".join(names.get(unit, unit) for unit in which.split("+"))
    return {
        "fact": _FACTS_IN_WORDS.get(which, which),
        "option": units if which in (OTHER, UNDECIDED) else f"share of {units}",
        "together": f"share of {units} together",
        "unlisted": "share of a party that is not listed, counted under other",
        "unknown": "not known: a party that is not listed?",
        "extra": "kept beside the polls",
        "passed over": f"passed over: {which}",
        "party": "party (one row a poll and party)",
        "share": "share",
    }[meaning]


def _example(found: Found, at: int) -> str:
    told = (line.cells[at] for line in found.sheet.lines if line.number != NO_ROW)
    return next((cell for cell in told if is_reported(cell)), "")


def settings_text(found: Found, layout: Layout, table: PollTable, listed: Election | None = None) -> str:
    """The ``[polls]`` that reads a table as it was read, as lines of TOML.

    Where ``listed`` are the parties that the table reports, those too small for ``parties_text`` are of
    others.
    """
    settings, heading = found.settings, found.sheet.heading
    lines = ["[polls]"]
    if found.format != "table":
        lines.append(f'format = "{found.format}"')
    for fact, at in layout.facts.items():
        key = _key_of(fact, layout)
        if key and fact not in ("unit", "question_id") and found.format not in ("dawum", "ropf"):
            lines.append(f"{key} = {_toml([heading[i] for i in at])}")
    if layout.long:
        lines += [f"party = {_toml([heading[layout.party]])}", f"share = {_toml([heading[layout.share]])}"]
    preset = PRESETS[found.format]
    for key in (
        "separator",
        "encoding",
        "dates",
        "language",
        "year",
        "pollster_until",
        "unit",
        "house",
        "against_all",
    ):
        value = getattr(settings, key)
        if value:
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    for key in ("table", "ignore"):
        if getattr(settings, key):
            lines.append(f"{key} = {_toml(list(getattr(settings, key)), always=True)}")
    for key in ("constant", "rows"):
        value = getattr(settings, key)
        if value:
            inside = ", ".join(
                f"{_quoted(name)} = {_toml([text] if isinstance(text, str) else list(text))}"
                for name, text in value.items()
            )
            lines.append(f"{key} = {{ {inside} }}")
    told = settings.undecided or _told(table)
    folded = listed is not None and len(_named(table, listed)) < len(listed.parties)
    for key, value in (
        ("unlisted", "other" if folded else settings.unlisted),
        ("undecided", told),
        ("faults", settings.faults),
    ):
        if value and preset.get(key) != value:
            lines.append(f'{key} = "{value}"')
    return "\n".join(lines)


def _key_of(fact: str, layout: Layout) -> str:
    if fact == "date":
        return "published" if {"fieldwork", "fieldwork_end"} & layout.facts.keys() else "end"
    if fact == "fieldwork" and "fieldwork_end" in layout.facts:
        return ""
    return _KEYS.get(fact, fact)


def _told(table: PollTable) -> str | None:
    """Where the undecided stand, as the table itself tells."""
    undecided = table.shares[UNDECIDED].fillna(0.0) > 0
    if not bool(undecided.any()):
        return None
    return "beside" if bool(table.polls["undecided_beside"].any()) else "inside"


def _toml(texts: Sequence[str], *, always: bool = False) -> str:
    quoted = [json.dumps(text, ensure_ascii=False) for text in texts]
    return quoted[0] if len(quoted) == 1 and not always else f"[{', '.join(quoted)}]"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _named(table: PollTable, election: Election) -> list[Party]:
    """The parties of a table that are large enough to be listed, the largest first."""
    means = {party.id: float(np.nan_to_num(table.shares[party.id].mean())) for party in election.parties}
    ordered = sorted(election.parties, key=lambda party: -means[party.id])
    return [party for party in ordered if 100 * means[party.id] >= _LEAST_PARTY]


def parties_text(table: PollTable, election: Election) -> str:
    """``[[parties]]`` for the parties of a table, the largest first, as lines of TOML."""
    return "\n\n".join(
        f'[[parties]]\nid = "{party.id}"\nname = {json.dumps(party.name, ensure_ascii=False)}'
        for party in _named(table, election)
    )


def told_apart(
    source: Path, election: Election | None, settings: Sequence[str] = ()
) -> tuple[Found, Layout, Election]:
    """The table in a file, what its columns are, and the election that they are read for.

    Where no ``election`` is given, that of the parties which the table reports; ``settings`` are then those
    of ``[polls]``, as ``polls.unit=seats``.
    """
    if election is not None:
        found = found_in(source, election)
        return found, layout_in(found, election), election
    nobody = _nobody(settings)
    found = found_in(source, nobody)
    meant = stand_in(found, layout_in(found, nobody))
    return found, layout_in(found, meant), meant


def _nobody(settings: Sequence[str]) -> Election:
    """An election without a party that any column could mean."""
    return parse_election(
        {
            "election": {"id": "polls", "name": "polls", "date": "2200-01-01"},
            "parties": [{"id": "nobody-at-all", "name": "nobody at all"}],
            "rule": {"seats": 100, "allocation": {"method": "dhondt"}},
        },
        "--set",
        list(settings),
    )


def stand_in(found: Found, layout: Layout) -> Election:
    """An election whose parties are those that a table reports, to read it before there is an election
    file.
    """
    if layout.long:
        cells = dict.fromkeys(line.cells[layout.party] for line in found.sheet.lines)
        reserved = ("other", "undecided")
        known = {name for unit in reserved for name in RESERVED[unit]}
        names = [name for name in cells if is_reported(name) and heading_key(name) not in known]
    else:
        names = list(layout.unknown.values()) + list(layout.unlisted.values())
    parties: dict[str, str] = {}
    for name in names:
        for part in name.split("+"):
            parties.setdefault(slug(part), without_notes(" ".join(part.split())))
    listed = [{"id": key, "name": name} for key, name in parties.items()] or [
        {"id": "nobody", "name": "Nobody"}
    ]
    return parse_election(
        {
            "election": {"id": "polls", "name": "polls", "date": datetime.date(2200, 1, 1)},
            "parties": listed,
            "rule": {"seats": found.settings.house or 100, "allocation": {"method": "dhondt"}},
            "polls": {**found.settings.model_dump(exclude_defaults=True), "format": None},
        }
    )


def slug(name: str) -> str:
    """A name as an id of a party."""
    plain = unicodedata.normalize("NFKD", plain_key(without_notes(name))).encode("ascii", "ignore").decode()
    found = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40]
    found = found or "party-" + "-".join(f"{ord(sign):x}" for sign in name[:6])
    return f"{found}-party" if found in (OTHER, UNDECIDED) else found


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
        return str(value.date()) if value == value else ""  # pyright: ignore[reportAttributeAccessIssue]
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
