"""What the columns of a poll table mean, and whom the names in it mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from forecast.election.texts import normalised
from forecast.errors import suggest
from forecast.polls.cells import NOT_REPORTED, parse_number

if TYPE_CHECKING:
    from forecast.election import Election

OTHER, UNDECIDED = "other", "undecided"

FACTS = {
    "pollster": ("pollster", "firm", "institute", "polling firm"),
    "fieldwork_start": ("fieldwork start", "start", "date start", "from"),
    "fieldwork_end": ("fieldwork end", "end", "date end", "to"),
    "published": ("published", "publish date", "publication date", "date published"),
    "sample_size": ("sample size", "sample", "n", "respondents"),
    "kind": ("kind", "kind of poll"),
    "scope": ("scope",),
    "source": ("source",),
    "unit": ("unit", "units"),
    "poll_id": ("poll id", "poll"),
}
"""Columns with a meaning, by the names under which they are known."""

PARTY_COLUMN, SHARE_COLUMN = ("party",), ("share", "percent", "percentage")

_RESERVED = {
    OTHER: ("other", "others", "other parties"),
    UNDECIDED: (
        "undecided",
        "don't know",
        "dont know",
        "refused",
        "no answer",
        "undecided or refused",
        "would not vote",
        "will not vote",
    ),
}
_NUMBERS_THAT_ARE_NO_SHARES = frozenset(
    {"margin of error", "error", "margin", "response rate", "turnout", "weight", "share sum", "sum", "total"}
    | {"days before", "year", "month", "day", "wave", "stations", "id", "lead", "row", "number"}
)
_LOOKS_LIKE = 0.75


@dataclass(frozen=True)
class Target:
    """Whom a name in a table means: an option's id and, for a part of a merged party, the part."""

    unit: str
    part: str = ""


class Names:
    """The options of an election by every name under which a table may report them."""

    def __init__(self, election: Election) -> None:
        self._targets: dict[str, Target] = {}
        self._shown: list[str] = []
        for party in election.parties:
            self._add(party.id, Target(party.id))
            for alias in party.aliases:
                self._add(alias, Target(party.id))
            for part in party.merged_from:
                self._add(part, Target(party.id, part))
        # A name that readers see comes after those that the file gives on purpose: "DK" may be a party.
        for party in election.parties:
            for name in (party.name, party.short, *party.names.values()):
                self._add(name, Target(party.id))
        for unit, names in _RESERVED.items():
            for name in names:
                self._add(name, Target(unit))

    def _add(self, name: str, target: Target) -> None:
        key = normalised(name)
        if key and key not in self._targets:
            self._targets[key] = target
            self._shown.append(name)

    def find(self, name: str) -> Target | None:
        """Whom a name means; ``None`` where nobody has it."""
        return self._targets.get(normalised(name))

    def resembles(self, name: str) -> bool:
        """Whether a name is close enough to a known one to be a slip of the pen."""
        return bool(get_close_matches(normalised(name), list(self._targets), n=1, cutoff=_LOOKS_LIKE))

    def remedy(self, name: str) -> str:
        """What to write instead of an unknown name."""
        return f"no option of this election has this name; {suggest(name, self._shown)}"


@dataclass(frozen=True)
class Layout:
    """Column numbers by meaning. ``long``: one row a poll and party; else one row a poll."""

    long: bool
    facts: dict[str, int]
    options: dict[int, Target]
    unknown: dict[int, str]
    extras: dict[int, str]
    twice: tuple[str, ...]
    party: int = -1
    share: int = -1


def layout_of(heading: Sequence[str], columns: Sequence[Sequence[str]], names: Names) -> Layout:
    """What every column is; ``columns`` are the cells below each heading.

    In a wide table a column that has an unknown name is taken for a party where it holds numbers (except
    under names such as ``margin_of_error``, or any that begins with ``x_``) or nearly has the name of one;
    else it is kept as an extra.
    """
    keys = [normalised(name) for name in heading]
    party = _first(keys, PARTY_COLUMN)
    share = _first(keys, SHARE_COLUMN)
    long = party >= 0 and share >= 0
    facts: dict[str, int] = {}
    options: dict[int, Target] = {}
    unknown: dict[int, str] = {}
    extras: dict[int, str] = {}
    twice: list[str] = []
    known_facts = {alias: fact for fact, aliases in FACTS.items() for alias in aliases}
    for i, (key, name) in enumerate(zip(keys, heading, strict=True)):
        fact, target = known_facts.get(key), names.find(name)
        if long and i in (party, share):
            continue
        if fact is not None and (long or target is None or key == FACTS[fact][0]):
            if fact in facts:
                twice.append(name)
            facts[fact] = i
        elif not long and target is not None:
            if target in options.values() and target.unit != UNDECIDED:
                twice.append(name)
            options[i] = target
        elif not long and _may_be_a_party(key, columns[i], names):
            unknown[i] = name
        elif name or any(columns[i]):
            extras[i] = name or f"column {i + 1}"
    return Layout(long, facts, options, unknown, extras, tuple(twice), party, share)


def _first(keys: Sequence[str], names: Iterable[str]) -> int:
    return next((keys.index(name) for name in names if name in keys), -1)


def _may_be_a_party(key: str, cells: Sequence[str], names: Names) -> bool:
    if not key or key in _NUMBERS_THAT_ARE_NO_SHARES or key.startswith("x "):
        return False
    filled = [cell for cell in cells if cell.strip().lower() not in NOT_REPORTED]
    numbers = sum(_is_number(cell) for cell in filled)
    return (bool(filled) and 2 * numbers > len(filled)) or names.resembles(key)


def _is_number(cell: str) -> bool:
    try:
        number = parse_number(cell)
    except ValueError:
        return False
    return number is not None
