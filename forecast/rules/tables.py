"""Tables of votes as people keep them: columns by name, thousands marks, wrong cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from forecast.door.digits import is_whole, ungrouped
from forecast.door.sheets import read_sheet
from forecast.election.texts import normalised
from forecast.errors import ABSENT, Fault, PollDataError, suggest
from forecast.polls.known_words import PARTY_COLUMN, heading_key, without_notes

Value = TypeVar("Value")

NAMES = {
    "party": PARTY_COLUMN,
    "votes": (
        "votes", "valid votes", "stimmen", "zweitstimmen", "stemmer", "röster", "votos", "voix", "suffrages",
        "voti",
        "stemmen", "głosy", "hlasy", "počet hlasů", "szavazatok", "glasovi", "glasovi skupaj", "voturi",
        "голоса",
        "голосов", "гласове", "гласови", "ψήφοι", "hääled", "balsai", "balsis", "äänet", "atkvæði", "oylar",
        "קולות",
        "дауыс",
    ),
    "share": ("share", "percent", "percentage", "pct", "%", "prozent", "prosent", "procent", "porcentaje",
    "процент"),
    "seats": ("seats", "sitze", "mandater", "mandat", "mandate", "escaños", "sièges", "seggi", "zetels",
    "mandaty"),
}  # fmt: skip
"""What columns are called; the first is their own name."""
_TOTAL = re.compile(
    r"(?:grand )?totals?(?: votes| valid votes)?|sum|sum total|gesamt|insgesamt|summe|totalt|i alt|summa|"
    r"razem|ogółem|"
    r"celkem|spolu|összesen|ukupno|skupaj|total general|totale|totaal|всего|итого|общо|укупно|σύνολο|kokku|"
    r"iš viso|"
    r"kopā|yhteensä|samtals|toplam|барлығы|valid votes|all lists",
    re.IGNORECASE,
)


@dataclass
class Row:
    """One row: its number in the file (the heading is row 1) and its cells by column."""

    place: str
    number: int
    cells: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def read(self, column: str, parse: Callable[[str], Value], default: Value) -> Value:
        """The parsed cell, ``default`` where it is empty; what is wrong with it goes to the faults."""
        text = self.cells.get(column, "")
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(Fault(self.place, f"row {self.number}, column {column}", text, str(error)))
            return default

    def fault(self, column: str, found: object, remedy: str) -> None:
        """Note what is wrong with a cell."""
        self.faults.append(Fault(self.place, f"row {self.number}, column {column}", found, remedy))


def parse_votes(text: str) -> int:
    """A whole number as people write it: 3431510, 3 431 510, 3,431,510, 3.431.510, 3'431'510, 3431510.0 or
    3,431,510[a].
    """
    text = without_notes(text)
    digits = ungrouped(text) or re.sub(r"(?<=\d)[.,]0+$", "", text)
    digits = digits if is_whole(digits) else ungrouped(digits)
    if is_whole(digits):
        return int(digits)
    msg = "a whole number of votes is expected, such as 331058 or 331 058"
    raise ValueError(msg)


def parse_seats(text: str) -> int:
    """A whole number of seats or members."""
    if is_whole(text):
        return int(text)
    msg = "a whole number is expected, such as 3"
    raise ValueError(msg)


def read_rows(
    path: Path,
    place: str,
    needed: Sequence[str],
    known: Sequence[str],
    instead: Mapping[str, str] | None = None,
) -> list[Row]:
    """The rows of a table with the columns ``needed`` and perhaps others of ``known``; ``instead`` names
    columns that stand for one that is needed.

    Raises ``PollDataError`` where there is no such file, no such column, or a row does not fit its heading.
    Blank lines and lines that begin with # are left out.
    """
    sheet = read_sheet(path, empty=f"the table is empty; it needs columns {', '.join(needed)}")
    heading = _called([name.lower() for name in sheet.heading], known)
    unnamed = [
        at for at, name in enumerate(heading) if not name and any(line.cells[at] for line in sheet.lines)
    ]
    faults = [
        *sheet.faults,
        *_heading_faults(place, heading, needed, known, instead or {}),
        *(Fault(place, f"column {at + 1}", ABSENT, "a column without a heading") for at in unnamed),
    ]
    if faults:
        raise PollDataError(*faults)
    return [Row(place, line.number, dict(zip(heading, line.cells, strict=True))) for line in sheet.lines]


def _called(heading: Sequence[str], known: Sequence[str]) -> list[str]:
    """The heading with the own names of columns that go by another."""
    found = list(heading)
    for own, names in NAMES.items():
        if own not in known or own in heading:
            continue
        at = next(
            (
                at
                for at, name in enumerate(found)
                if name not in known and {heading_key(name), name} & set(names)
            ),
            None,
        )
        if at is not None:
            found[at] = own
    return found


def is_total(row: Row, names: Container[str]) -> bool:
    """Whether a row holds the sum of the others; ``names`` are those of parties, as ``normalised``."""
    said = row.cells.get("party", "")
    return _TOTAL.fullmatch(said.strip(" :.")) is not None and normalised(said) not in names


def parse_percent(text: str) -> Fraction:
    """A share of the votes in percent, exactly as written: 34.56, "34,56 %"."""
    match = re.fullmatch(r"([0-9]{1,3}(?:[.,][0-9]{1,12})?)\s*%?", without_notes(text))
    share = Fraction(match[1].replace(",", ".")) if match else Fraction(-1)
    if not 0 <= share <= 100:
        msg = "a share of the votes in percent is expected, such as 34.56"
        raise ValueError(msg)
    return share


def _heading_faults(
    place: str,
    heading: Sequence[str],
    needed: Sequence[str],
    known: Sequence[str],
    instead: Mapping[str, str],
) -> Iterator[Fault]:
    missing = [name for name in needed if name not in heading and instead.get(name) not in heading]
    for name in dict.fromkeys(heading):
        if name and name not in known:
            yield Fault(place, "row 1", name, f"no such column; {suggest(name, missing or known)}")
    for name in missing:
        yield Fault(place, f"column {name}", ABSENT, f"missing; the table needs columns {', '.join(needed)}")
