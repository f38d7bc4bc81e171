"""Reading a poll table: every fault at once, with file, row, column, value and remedy; and what was
understood of it, column by column, with the ``[polls]`` that reads it.
"""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from forecast.door.arguments import made_by
from forecast.election import Election, parse_election
from forecast.election.schema import Party
from forecast.election.settings import PollSettings
from forecast.election.values import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError
from forecast.polls.columns import (
    KEY_OF,
    OTHER,
    RESERVED,
    SAMPLE_WORDS,
    UNDECIDED,
    Layout,
    Names,
    Target,
    facts_missing,
    heading_key,
    is_reported,
    layout_of,
    plain_key,
    without_notes,
)
from forecast.polls.doubts import doubted
from forecast.polls.figures import (
    Asked,
    Figures,
    Scale,
    against_beside,
    check_shares,
    read_figures,
    rounding_of,
    settle_seats,
    settle_together,
    undecided_beside,
)
from forecast.polls.poll_facts import Facts, read_facts
from forecast.polls.poll_table import NO_ROW, Doubt, PollTable, Rows, count_of, numbered, select
from forecast.polls.sources import PRESETS, Found, found_in

if TYPE_CHECKING:
    from forecast.election import Election

_TAKEN = ("row", "pollster", "fieldwork_start", "fieldwork_end", "published", "known", "sample_size", "kind",
          "scope",
          "source", "unit", "undecided_beside", "against_beside")  # fmt: skip
_UNLISTED_MATTERS = 3.0
"""Percent from which a party that is not listed is named."""
_RECENT_DAYS = 60
_FACTS_IN_WORDS = {
    "pollster": "pollster", "fieldwork": "days of fieldwork", "fieldwork_start": "first day of fieldwork",
    "fieldwork_end": "last day of fieldwork", "published": "day of publication", "date": "day",
    "sample_size": "number of respondents", "sample": "who was asked", "kind": "kind of poll",
    "scope": "scope", "region": "region of the poll", "district": "district of the poll",
    "source": "source", "unit": "unit", "poll_id": "which rows are one poll", "question_id": "which question",
}  # fmt: skip
_KEYS = {**KEY_OF, "fieldwork": "end"}
_LEAST_PARTY = 0.5


def polls_of(election: Election) -> PollTable:
    """The poll table that the election file names; ``ConfigurationError`` where it names none."""
    if election.election.polls is None:
        remedy = 'a forecast needs polls: name their table, such as polls = "polls.csv"'
        raise ConfigurationError(Fault(election.place, "election.polls", ABSENT, remedy))
    return read_polls(election.election.polls, election)


def read_polls(source: str | Path | pd.DataFrame, election: Election) -> PollTable:
    """The polls of a table, checked against the options and the day of ``election``.

    Parameters
    ----------
    source
        A file (CSV, a saved page, a spreadsheet, JSON of DAWUM, ROPF; docs/poll-table.md), or a
        ``DataFrame`` of the same shape.
    election
        As ``load_election`` gives it: its options are the columns, its ``polls`` (``[polls]`` in the file)
        say what the table does not.

    Returns
    -------
    PollTable
        In the order of the table; shares are of 1, as published. With it what is doubted, and how it was
        read.

    Raises
    ------
    PollDataError
        With every fault of the table.
    """
    made_by("load_election", election=election)
    return read_with_layout(found_in(source, election), election).table


class Read(NamedTuple):
    """A table of polls with the sheet that it was read from, and what its columns are."""

    table: PollTable
    found: Found
    layout: Layout


def layout_in(found: Found, election: Election) -> Layout:
    """What the columns of a table that was found are, also where it cannot be read."""
    lines = found.sheet.lines
    return layout_of(
        found.sheet.heading, lambda at: [line.cells[at] for line in lines], Names(election), found.settings
    )


def read_with_layout(found: Found, election: Election, *, dated: bool = True) -> Read:
    """The polls of a table that was found, with what its columns are.

    ``dated`` is whether the day of the election is known: without it no poll is old, or after the vote.
    """
    sheet, settings = found.sheet, found.settings
    names = Names(election)
    rows = Rows.of(sheet)
    rows.understood[:0] = found.said
    rows.doubts += [Doubt("encoding", (), text) for text in found.doubts]
    layout = layout_of(sheet.heading, lambda at: rows.columns[at], names, settings)
    faults = [*sheet.faults, *_heading_faults(sheet.place, layout, names, settings)]
    faults += select(rows, layout, settings)
    if not sheet.lines and not sheet.faults:
        faults.append(
            Fault(sheet.place, "", ABSENT, "the table has a heading only; one row a poll is expected")
        )
    elif not len(rows) and not faults:
        faults.append(Fault(sheet.place, "", ABSENT, "no row of this table is a poll"))
    day = election.election.date if dated else None  # not the day on which a vote is supposed
    facts = read_facts(rows, layout, settings, day) if len(rows) else None
    if facts is None:
        raise PollDataError(*faults)
    scale = _scale(election, settings)
    figures, first = read_figures(rows, layout, names, facts, scale)
    if "seats" in facts.unit:
        settle_seats(rows, facts, figures, first, scale.house)
    if layout.figures:
        against = [party.id for party in election.parties if party.kind == "none-of-the-above"]
        check_shares(rows, figures, first, against if settings.against_all != "inside" else ())
    _settle_faults(rows, faults, settings)
    polls = _Polls(rows, layout, facts, figures, first, election)
    return Read(polls.table(settings), found, layout)


def _scale(election: Election, settings: PollSettings) -> Scale:
    """How many seats there are to be polled in, and the share below which none is won."""
    threshold = election.rule.threshold
    level = threshold.level if threshold is not None else 0
    house = settings.house or election.rule.seats
    return Scale(house, 1.0 / house if isinstance(level, str) else float(level))


def _heading_faults(place: str, layout: Layout, names: Names, settings: PollSettings) -> Iterator[Fault]:
    for key, name in layout.missing:
        yield Fault(place, f"column {name}", ABSENT, f"{key} names it, and the table has no such column")
    for name in layout.twice:
        yield Fault(place, f"column {name}", ABSENT, "this column comes twice")
    for fact, said in facts_missing(layout, settings.constant):
        hint = _hint(place, fact)
        yield Fault(place, f"column {fact}", ABSENT, said + hint)
    for name in layout.unknown.values():
        remedy = (
            f"{names.remedy(name)} (a column that is no share: begin its name with x_, or name it in "
            f"polls.ignore; "
            'parties that are not listed: unlisted = "other" in [polls])'
        )
        yield Fault(place, f"column {name}", ABSENT, remedy)
    listed = [target for target in layout.options.values() if target.unit not in (OTHER, UNDECIDED)]
    if not layout.long and not layout.unknown and not listed and not layout.together:
        remedy = (
            "missing; either one column a party, or the columns party and share with one row a poll and party"
        )
        yield Fault(place, "columns of parties", ABSENT, remedy)


def _hint(place: str, fact: str) -> str:
    """What to write where a table has no column of a fact that is the same for all of it."""
    if fact != "pollster":
        return ""
    stem = Path(place.split(",")[0]).stem[:40]
    return f' (the same for all: constant = {{ pollster = "{stem}" }} in [polls])'


def _settle_faults(rows: Rows, faults: Sequence[Fault], settings: PollSettings) -> None:
    """Raise what is wrong; faults of single rows only name them, where the table is another's."""
    of_rows = [fault for row in sorted(rows.faults) for fault in rows.faults[row]]
    if faults or (of_rows and settings.faults != "pass-over") or (of_rows and len(rows.faults) >= len(rows)):
        raise PollDataError(*sorted(dict.fromkeys([*faults, *of_rows]), key=_row_of))


def _row_of(fault: Fault) -> int:
    number = fault.path.removeprefix("row ").split(",")[0]
    return int(number) if number.isdigit() else 0


class _Polls:
    """Polls that were read: facts and figures by poll, before they are a table."""

    def __init__(
        self,
        rows: Rows,
        layout: Layout,
        facts: Facts,
        figures: Figures,
        first: Sequence[int],
        election: Election,
    ) -> None:
        chosen = set(first)
        self.extras = {name: [rows.columns[at][i] for i in first] for at, name in layout.extras.items()}
        self.numbers = [rows.numbers[i] for i in first]
        if len(chosen) < len(rows):
            facts.keep([i in chosen for i in range(len(rows))])
            order = sorted(range(len(first)), key=lambda k: first[k])
            self._take(order, figures)
        self.rows, self.layout, self.facts, self.figures, self.election = (
            rows,
            layout,
            facts,
            figures,
            election,
        )
        self.names = {party.id: party.name for party in election.parties}

    def _take(self, order: Sequence[int], figures: Figures) -> None:
        figures.keep(np.array(order, np.int64))
        self.numbers = [self.numbers[k] for k in order]
        self.extras = {name: [values[k] for k in order] for name, values in self.extras.items()}

    def keep(self, chosen: Sequence[bool]) -> None:
        """Let the other polls go."""
        index = [k for k, kept in enumerate(chosen) if kept]
        if len(index) < len(chosen):
            self.facts.keep(chosen)
            self._take(index, self.figures)

    def label(self, k: int) -> str:
        """How a doubt names a poll."""
        day = self.facts.end[k] or self.facts.published[k]
        return f"row {self.numbers[k]} ({self.facts.pollster[k]}, {day})"

    def table(self, settings: PollSettings) -> PollTable:
        """The polls with their conventions settled and their doubts."""
        self._leave_out_faulty()
        self.keep(settle_repeats(self.facts, self.figures, self.label, self.numbers, self.rows))
        election = self.election
        closed = election.election.closed_ballot or OTHER in self.names
        asked = Asked(self.figures, closed, self.label, self.numbers, self.names)
        against = tuple(party.id for party in election.parties if party.kind == "none-of-the-above")
        beside_all = np.zeros(self.figures.size, bool)
        for unit in against:
            found, said = against_beside(asked, unit, settings.against_all)
            beside_all |= found
            self.rows.understood += said
        said, doubts = settle_together(asked)
        self.rows.understood += said
        self.rows.doubts += doubts
        beside, said, doubts = undecided_beside(asked, settings.undecided)
        self.rows.understood += said
        self.rows.doubts += doubts
        self._name_unlisted()
        frames = self._frames(beside, beside_all)
        table = PollTable(
            self.rows.place, *frames[:2], election.election.date, (), frames[2], frames[3], against,
            tuple(dict.fromkeys(self.rows.understood)),
        )  # fmt: skip
        return doubted(table, election, self.rows.doubts)

    def _leave_out_faulty(self) -> None:
        faulty = self.rows.faults
        for row in sorted(faulty):
            fault = faulty[row][0]
            more = f" (and {count_of(len(faulty[row]) - 1, 'more fault')})" if len(faulty[row]) > 1 else ""
            where = fault.path + (f" = {fault.found}" if fault.found is not ABSENT else "")
            self.rows.doubts.append(Doubt("left out", (), f"left out: {where}: {fault.remedy}{more}"))
        if faulty:
            self.keep([number not in faulty for number in self.numbers])

    def _name_unlisted(self) -> None:
        """Parties that are not listed, counted under other: those that matter are named."""
        unlisted = self.figures.unlisted
        shown = sorted(name for name, values in unlisted.items() if not np.isnan(values).all())
        if shown:
            self.rows.understood.append(f"not listed, counted under other: {', '.join(shown)}")
        ends = [
            d or p or datetime.date.min for d, p in zip(self.facts.end, self.facts.published, strict=True)
        ]
        since = max(ends, default=datetime.date.min).toordinal() - _RECENT_DAYS
        recent = np.array([end.toordinal() >= since for end in ends])
        for name in shown:
            values = unlisted[name][recent]
            mean = float(np.nanmean(values)) if not np.isnan(values).all() else 0.0
            if mean >= _UNLISTED_MATTERS:
                text = (
                    f"column {name}: {mean:.2g} % in the polls of the last two months, not listed and "
                    f"counted under other; list the party if it may win seats"
                )
                self.rows.doubts.append(Doubt("unlisted", (), text))

    def _frames(
        self, beside: np.ndarray, beside_all: np.ndarray
    ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Facts, shares, their rounding, and shares of several together."""
        facts = self.facts
        published, end = facts.published, facts.end
        known = [
            e if kind == "exit" else p or e for p, e, kind in zip(published, end, facts.kind, strict=True)
        ]
        columns: dict[str, object] = {
            "row": self.numbers,
            "pollster": facts.pollster,
            "fieldwork_start": _as_days(facts.start),
            "fieldwork_end": _as_days(end),
            "published": _as_days(published),
            "known": _as_days(known),
            "sample_size": np.array(facts.size, np.float64),
            "kind": facts.kind,
            "scope": facts.scope,
            "source": facts.source,
            "undecided_beside": beside,
            "against_beside": beside_all,
        }
        taken = {*columns, *_TAKEN}
        columns |= {f"{name}_2" if name in taken else name: values for name, values in self.extras.items()}
        frame = pd.DataFrame(columns)
        units = [party.id for party in self.election.parties]
        units += [unit for unit in (OTHER, UNDECIDED) if unit not in units]
        shares = _by_unit(self.figures.values, units, frame.index)
        rounding = _by_unit(rounding_of(self.figures), units, frame.index)
        together = pd.DataFrame(
            {"+".join(ids): values / 100 for ids, values in self.figures.together.items()}, index=frame.index
        )
        return frame, shares, rounding, together


def _as_days(days: Sequence[datetime.date | None]) -> pd.Series:
    return pd.Series(pd.to_datetime(pd.Series(list(days), dtype="object"), errors="raise"))


def _by_unit(parts: dict[Target, np.ndarray], units: Sequence[str], index: pd.Index) -> pd.DataFrame:
    """Shares of 1 by unit, those of its parts added up."""
    found: dict[str, np.ndarray] = {unit: np.full(len(index), np.nan) for unit in units}
    for target, values in parts.items():
        before = found[target.unit]
        found[target.unit] = np.where(np.isnan(before), values, before + np.nan_to_num(values))
    return pd.DataFrame({unit: found[unit] / 100 for unit in units}, index=index)


def settle_repeats(
    facts: Facts, figures: Figures, label: Callable[[int], str], numbers: Sequence[int], rows: Rows
) -> list[bool]:
    """Which polls are kept: of two samples of one poll the nearer to those who vote, of two equal ones the
    first, with what the second knows besides.
    """
    kept = _one_sample(facts, numbers, rows)
    first: dict[tuple[object, ...], list[int]] = {}
    stacked = (
        np.array([*figures.values.values(), *figures.together.values()])
        if figures.values
        else np.zeros((0, 0))
    )
    shares = np.rint(1e6 * np.nan_to_num(stacked, nan=-1.0)).astype(np.int64).T.copy()
    for k in range(len(numbers)):
        if not kept[k]:
            continue
        day = facts.end[k] or facts.published[k]
        key = (normalised(facts.pollster[k]), day, facts.kind[k], facts.scope[k], shares[k].tobytes())
        same = next((i for i in first.get(key, ()) if _agree(facts, i, k)), None)
        if same is None:
            first.setdefault(key, []).append(k)
            continue
        kept[k] = False
        _merge(facts, same, k)
        text = (
            f"{label(k)}: the figures are those of {label(same)}; it is the same poll twice, and counted once"
        )
        rows.doubts.append(Doubt("twice", (numbers[same],), text))
    return kept


def _agree(facts: Facts, i: int, k: int) -> bool:
    """Whether what two polls both say is the same."""
    days = (
        (facts.start[i], facts.start[k]),
        (facts.end[i], facts.end[k]),
        (facts.published[i], facts.published[k]),
    )
    sizes = (facts.size[i], facts.size[k])
    return all(None in pair or pair[0] == pair[1] for pair in days) and (
        any(np.isnan(size) for size in sizes) or sizes[0] == sizes[1]
    )


def _merge(facts: Facts, i: int, k: int) -> None:
    """What the second knows and the first does not."""
    for values in (facts.start, facts.end, facts.published):
        values[i] = values[i] or values[k]
    if np.isnan(facts.size[i]):
        facts.size[i] = facts.size[k]


def _one_sample(facts: Facts, numbers: Sequence[int], rows: Rows) -> list[bool]:
    """Of several samples of one poll (likely voters, registered voters, adults) the first of these."""
    kept = [True] * len(numbers)
    polls: dict[tuple[object, ...], list[int]] = {}
    for k, sample in enumerate(facts.sample):
        if sample >= 0:
            days = facts.start[k], facts.end[k], facts.published[k]
            polls.setdefault(
                (normalised(facts.pollster[k]), facts.kind[k], facts.scope[k], *days), []
            ).append(k)
    several = [group for group in polls.values() if len({facts.sample[k] for k in group}) > 1]
    for group in several:
        best = min(facts.sample[k] for k in group)
        for k in group:
            kept[k] = facts.sample[k] == best
    if several:
        gone = [k for group in several for k in group if not kept[k]]
        used = " and ".join(sorted({SAMPLE_WORDS[min(facts.sample[k] for k in group)] for group in several}))
        text = (
            f"{count_of(len(several), 'poll')} of two samples or more: that of {used} is used, "
            f"{numbered([numbers[k] for k in gone])} passed over"
        )
        rows.doubts.append(Doubt("samples", (), text))
    return kept


class Understood(NamedTuple):
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
