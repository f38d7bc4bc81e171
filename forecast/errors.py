"""What the program says when it cannot go on: where, what was found, and what would be right.

What was found comes from outside, as do names and notes that are shown elsewhere. Nothing in it moves a
cursor, hides a word or fills a screen: all of it reaches terminals, tables, pages, pictures and JSON through
the functions at the head of this file, whoever wrote it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

_UNSEEN = "\x7f-\x9f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
"""Beside the ASCII controls: those of ISO 6429, line separators, overrides of the direction of writing (marks
of direction are part of names), byte order marks, halves of characters, and what is no character."""
UNSEEN = re.compile(rf"[\x00-\x08\x0b-\x1f{_UNSEEN}]")
"""A character that nobody sees and that a terminal, a picture or a reader may obey. Tabs and line feeds are
not among them."""
_NOT_IN_A_LINE = re.compile(rf"[\x00-\x1f{_UNSEEN}]")

_ESCAPED = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[bf])")

LONGEST_SHOWN = 200
"""Letters of a name, a cell or a value that is shown among others."""


def code_of(letter: str) -> str:
    """``U+001B``: how people name a character that they do not see."""
    return f"U+{ord(letter):04X}"


def safe(text: str) -> str:
    """A text with what nobody sees written out: ``<U+001B>``. Tabs and line feeds stay."""
    return UNSEEN.sub(lambda found: f"<{code_of(found.group())}>", text) if UNSEEN.search(text) else text


def safe_saved(text: str) -> str:
    """A text of a saved result, as ``safe``; of JSON also the texts in it, which it holds escaped."""
    text = safe(text)
    if not _ESCAPED.search(text):
        return text
    try:
        return json.dumps(safe_tree(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text  # no JSON


def safe_tree(value: Any) -> Any:
    """Plain data with ``safe`` texts and keys."""
    if isinstance(value, dict):
        return {safe(str(key)): safe_tree(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [safe_tree(inner) for inner in value]
    return safe(value) if isinstance(value, str) else value


def visible(text: str, most: int = LONGEST_SHOWN) -> str:
    """A text on one line, of at most ``most`` letters: controls written out, the rest cut off."""
    if _NOT_IN_A_LINE.search(text):
        text = _NOT_IN_A_LINE.sub(_one_sign, text[: 2 * most])
    return text if len(text) <= most else text[: most - 3] + "..."


def _one_sign(found: re.Match[str]) -> str:
    return " " if found.group() in "\t\n\r" else f"<{code_of(found.group())}>"


def json_text(value: Any, indent: int | None = None, *, ascii_only: bool = False, tight: bool = False) -> str:
    """JSON in which everything that nobody sees is escaped, as JSON may do anywhere in a text.

    ``ValueError`` for a number that JSON does not have.
    """
    separators = (",", ":") if tight else None
    text = json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, indent=indent, separators=separators)
    return UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text) if UNSEEN.search(text) else text


def first_unseen(texts: Iterable[str]) -> str:
    """The first character of the texts that nobody sees, by its code; empty where there is none."""
    found = next((match for text in texts if (match := UNSEEN.search(text))), None)
    return code_of(found.group()) if found is not None else ""


MOST_OF_A_KIND = 3
"""Faults of one kind that are said one by one; of the others it is said how many there are."""
MOST_LINES = 100
"""Faults that are said at once, of whatever kinds."""
_LONGEST = {"place": 400, "path": 200, "found": 80, "remedy": 1_000}
"""Letters of each part of a fault that are shown."""
_NAMES_LISTED = 20


class _Absent:
    """Marks a fault where there is no value to show: a missing key, a missing file."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    ``place`` is the file as the user named it (or ``--set``), ``path`` the dotted key or the row and column
    (empty where the whole file is meant), ``found`` the offending value, ``remedy`` what would be right.
    """

    place: str
    path: str
    found: object
    remedy: str

    def __str__(self) -> str:
        where = visible(self.place, _LONGEST["place"])
        if self.path:
            where += f": {visible(self.path, _LONGEST['path'])}"
        if self.found is not ABSENT:
            where += f" = {visible(_written(self.found), _LONGEST['found'])}"
        return f"{where}: {visible(self.remedy, _LONGEST['remedy'])}"

    @property
    def kind(self) -> tuple[str, str, str]:
        """What faults of one kind have in common: all but the row, the value and the numbers."""
        return self.place, _ROW.sub(r"\1", self.path), _DETAIL.sub("", self.remedy)


_ROW = re.compile(r"\b(row|line|draw) [\d,]+")
_DETAIL = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d.,:-]*")


def lines_of(faults: Sequence[Fault]) -> Iterator[str]:
    """Faults as they are said: a line each, in their order; of one kind the first few, then how many more."""
    kinds = [fault.kind for fault in faults]
    often, seen = Counter(kinds), Counter[tuple[str, str, str]]()
    lines = 0
    for number, (fault, kind) in enumerate(zip(faults, kinds, strict=True)):
        seen[kind] += 1
        if seen[kind] > MOST_OF_A_KIND + 1:
            continue
        if lines == MOST_LINES:
            yield f"and {len(faults) - number:,} more faults"
            return
        lines += 1
        if seen[kind] <= MOST_OF_A_KIND:
            yield str(fault)
        else:
            more = often[kind] - MOST_OF_A_KIND
            yield f"{visible(fault.place, _LONGEST['place'])}: and {more:,} more like the last"


class ForecastError(Exception):
    """Base of every error that is the user's to mend; the command line prints it without a traceback."""

    exit_code: int = 1

    def __init__(self, *faults: Fault) -> None:
        self.faults: tuple[Fault, ...] = faults
        super().__init__("\n".join(lines_of(faults)))


class ConfigurationError(ForecastError):
    """The election file, an option or an argument is wrong."""

    exit_code = 2


class PollDataError(ForecastError):
    """A poll table, a result table or an archive is wrong."""

    exit_code = 3


class NoValidOutcome(ForecastError):
    """The rule gives no valid outcome: nobody is admitted and the rule says that this voids the election."""

    exit_code = 4


def suggest(name: str, known: Iterable[str]) -> str:
    """End of a remedy for a name that is not known: the nearest known one, else the list of all."""
    names, name = list(known), name[:LONGEST_SHOWN]
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if not close:
        by_lower = {known_name.lower(): known_name for known_name in names}
        close = [by_lower[found] for found in get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)]
    if close:
        return f"did you mean '{close[0]}'?"
    more = f" and {len(names) - _NAMES_LISTED} more" if len(names) > _NAMES_LISTED + 5 else ""
    listed = names[: _NAMES_LISTED if more else None]
    return "known: " + ", ".join(listed) + more if names else "none are known"


def _written(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_written(item) for item in value)}]"
    return str(value)
