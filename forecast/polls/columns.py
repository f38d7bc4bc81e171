"""What the columns of a poll table mean, and whom the names in it mean; by words and figures as people write
them.

Words are known in the languages in which tables are kept (``columns.toml``). Names of columns are compared as
``heading_key`` makes them; the first name of every fact is its own.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from forecast.election.settings import PollSettings
from forecast.election.values import normalised
from forecast.errors import suggest

if TYPE_CHECKING:
    from forecast.election import Election

OTHER, UNDECIDED = "other", "undecided"
_TABLES = tomllib.loads(Path(__file__).with_name("columns.toml").read_text(encoding="utf-8"))
FACTS: dict[str, tuple[str, ...]] = {fact: tuple(names) for fact, names in _TABLES["facts"].items()}
"""Columns with a meaning, by the names under which they are known."""
RESERVED: dict[str, tuple[str, ...]] = {unit: tuple(names) for unit, names in _TABLES["reserved"].items()}
"""Columns of those who are no party."""
PARTY_COLUMN: tuple[str, ...] = tuple(_TABLES["party_column"])
SHARE_COLUMN: tuple[str, ...] = tuple(_TABLES["share_column"])
OF_VOTES: dict[str, tuple[str, ...]] = {"party": PARTY_COLUMN}
OF_VOTES |= {column: tuple(names) for column, names in _TABLES["of_votes"].items()}
"""What the columns of a table of votes are called; the first is their own name."""
TOTAL = re.compile("|".join(_TABLES["totals"]), re.IGNORECASE)
"""A row with the sum of the others."""
NO_SHARES = frozenset[str](_TABLES["no_shares"])
"""Columns of numbers that are no shares of parties."""
NO_POLL = re.compile(rf"\b(?:{'|'.join(_TABLES['no_poll'])})\b", re.IGNORECASE)
"""Words of rows that hold an election, a result or an average, not a poll."""
WORDS = tuple(
    word
    for names in (*FACTS.values(), *RESERVED.values(), PARTY_COLUMN, SHARE_COLUMN, NO_SHARES)
    for word in names
    if not word.isascii()
)
"""Those with letters beyond ASCII, by which the encoding of a table is known."""
SAMPLE_WORDS: dict[int, str] = dict(enumerate(_TABLES["samples"]))
"""Whom a poll asked, the nearest to those who vote first."""
SAMPLES: dict[str, int] = {
    word: number for number, words in enumerate(_TABLES["samples"].values()) for word in words
}
NOT_REPORTED = frozenset[str](_TABLES["not_reported"])
"""What stands in a cell where the poll does not say."""
_NOTE = re.compile(r"\[[^\]]{0,12}\]|[\u00b9\u00b2\u00b3\u2070-\u2079†‡]+$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def without_notes(text: str) -> str:
    """A text without footnotes: ``[1]``, ``[a]``, signs that stand raised at its end."""
    return _NOTE.sub("", text).strip() if "[" in text or not text.isascii() else text


def heading_key(name: str) -> str:
    """The name of a column as names are compared: without footnotes, units, points and line breaks."""
    text = without_notes(" ".join(name.split()))
    text = re.sub(r"\((?:%|pct|percent|in %|n)\)|%$|^%", " ", text)
    return normalised(re.sub(r"[.:,;()/'’\"*]+", " ", text))


def split_words(name: str) -> str:
    """``collectPeriodFrom`` as collect period from."""
    return _CAMEL.sub(" ", name)


def plain_key(name: str) -> str:
    """A name of a party as far as letters and digits go: without accents, case and signs."""
    text = "".join(
        sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign)
    )
    text = text.translate(_PLAIN)
    return re.sub(r"[^\w+]+|_", " ", text).strip()


def spelt_key(name: str) -> str:
    """As ``plain_key``, with ae for ä, oe for ö and ø, ue for ü."""
    return plain_key(unicodedata.normalize("NFC", name.casefold()).translate(_SPELT))


_PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "å": "a", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})
_DIGITS = r"(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)"
_NUMBER = re.compile(rf"([+-]?{_DIGITS})\s*([½¼¾])?\s*(%?)")
_RANGE = re.compile(rf"({_DIGITS})\s*%?\s*[-–—‒]\s*({_DIGITS})\s*%?")
_UNDER = re.compile(
    rf"(?:<|‹|≤|＜|&lt;|under|below|less than|unter|mindre enn|under:)\s*({_DIGITS})\s*%?", re.IGNORECASE
)
BRACKETS = re.compile(r"[(\[]\s*([^()\[\]]+?)\s*[)\]]")
_WITH = re.compile(r"(?:w\.|w/|with|in|mit|con|avec|com|med|z|together with)\s+[^\d%]{1,60}", re.IGNORECASE)
_NAMED = re.compile(rf"\s*([^\W\d_][^%\d]*?)[\s:]+({_DIGITS})\s*%?\s*[,;/]?")
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75}
_A_SHARE = "a share in percent is expected, such as 5.3; leave the cell empty where the poll does not say"


class Figure(NamedTuple):
    """A number as it stands in a cell: its value, and how far from it the truth may lie by what is written
    (0 where that is its rounding alone); whether a percent sign follows, and whether it stands in brackets.
    """

    value: float
    half: float = 0.0
    percent: bool = False
    bracketed: bool = False


def is_reported(text: str) -> bool:
    """Whether a cell says something."""
    return text.casefold() not in NOT_REPORTED


def parse_figure(text: str) -> Figure | None:
    """53.46, "53,46", "53.46 %", "<1", "1-2", "(1.8)", "31.2" over a number of seats; ``None`` where nothing
    is reported. ``ValueError`` for what is none of these.
    """
    text = text.split("\n", 1)[0].strip()
    if not is_reported(text):
        return None
    plain = _NUMBER.fullmatch(text)
    if plain is None:
        text = without_notes(text).rstrip("*").strip()
        if not is_reported(text) or _WITH.fullmatch(text):
            return None
        brackets = BRACKETS.fullmatch(text)
        if brackets:
            inner = parse_figure(brackets[1])
            return None if inner is None else inner._replace(bracketed=True)
        bounds = _bounds(text)
        if bounds is not None:
            low, high = bounds
            return Figure((low + high) / 2, (high - low) / 2, "%" in text)
        plain = _NUMBER.fullmatch(re.sub(r"^[~≈]\s*", "", text.replace("\u2212", "-")))
    if plain is None:
        raise ValueError(_A_SHARE)
    value = float(plain[1].replace(",", ".")) + _FRACTIONS.get(plain[2] or "", 0.0)
    return Figure(value, 0.0, bool(plain[3]))


def _bounds(text: str) -> tuple[float, float] | None:
    """What ``<1`` and ``1-2`` lie between."""
    under = _UNDER.fullmatch(text)
    if under:
        return 0.0, float(under[1].replace(",", "."))
    between = _RANGE.fullmatch(text)
    if between:
        low, high = (float(number.replace(",", ".")) for number in between.groups())
        return (low, high) if low < high else None
    return None


def is_figure(text: str, *, several: bool = False) -> bool:
    """Whether a cell holds a figure, or ``several`` with their names."""
    try:
        return parse_figure(text) is not None
    except ValueError:
        return several and bool(named_figures(text))


def named_figures(text: str) -> list[tuple[str, Figure]]:
    """Several parties in one cell: "FW 1,5 % Sonst. 4,5 %"; empty where a cell is nothing of the kind."""
    found: list[tuple[str, Figure]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _NAMED.match(text, at)
        if match is None:
            return []
        found.append((match[1].strip(), Figure(float(match[2].replace(",", ".")))))
        at = match.end()
    return found


def share_fault(figure: Figure, text: str, unit: str) -> str:
    """Why a figure is no share; empty where it is one."""
    if figure.value < 0:
        return "a share cannot be below 0"
    if unit == "fraction" and not figure.percent and figure.value > 1:
        return "the unit of this row is fraction: a share of 5.3 % is 0.053"
    if unit != "seats" and figure.value > 100:
        return f"a share lies between 0 and 100 percent{_without_point(text)}"
    if unit == "seats" and not (figure.bracketed or figure.percent) and figure.value != int(figure.value):
        return "a number of seats is expected, such as 16; a share below the threshold stands in brackets"
    return ""


def _without_point(text: str) -> str:
    digits = text.strip().rstrip("% ")
    if digits.isdigit() and len(digits) in (3, 4):
        return f"; is a decimal point missing ({digits[:-2]}.{digits[-2:]})?"
    return ""


_LOOKS_LIKE = 0.75
_UNNAMED = re.compile(r"unnamed: ?\d+(?:_level_\d+)?|index|#|nr|no", re.IGNORECASE)
_TOGETHER = re.compile(r"\s*[+&/]\s*")
_LOOKED_AT = 400
"""So many cells of a column tell what it holds."""
_PREFIXED = 2
_COUNTS_ON = 0.8
SETTABLE = (
    "pollster", "start", "end", "published", "sample_size", "sample", "kind", "scope", "region", "district",
    "source", "poll_id",
)  # fmt: skip
"""Keys of ``[polls]`` that name the column of a fact."""
_FACT_OF = {"start": "fieldwork_start", "end": "fieldwork_end"}
KEY_OF = {fact: key for key, fact in _FACT_OF.items()}
"""Of ``[polls]``, where that is not the name of the fact."""
_IN_LONG = ("party", "share")
Meaning = Literal[
    "fact", "option", "together", "unlisted", "unknown", "extra", "passed over", "party", "share"
]


class Target(NamedTuple):
    """Whom a name in a table means: an option's id and, for a part of a merged party, the part."""

    unit: str
    part: str = ""


class Names:
    """The options of an election by every name under which a table may report them."""

    def __init__(self, election: Election) -> None:
        self._targets: dict[str, Target] = {}
        self._shown: list[str] = []
        self._looser: dict[str, Target | None] = {}
        self.spelt: list[str] = []
        """Names of parties as the election file writes them."""
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
        self._of_parties = frozenset(self._targets)
        for unit, names in RESERVED.items():
            for name in names:
                self._add(name, Target(unit), shown=name in (OTHER, UNDECIDED))

    def _add(self, name: str, target: Target, *, shown: bool = True) -> None:
        key = normalised(name)
        if not key or key in self._targets:
            return
        self._targets[key] = target
        if shown:
            self._shown.append(name)
            self.spelt.append(name)
        for looser in {plain_key(name), spelt_key(name)} - {""}:
            # Two options that only signs tell apart are told apart by their signs alone.
            self._looser[looser] = target if self._looser.get(looser, target) == target else None

    def find(self, name: str) -> Target | None:
        """Whom a name means, first as it is written, then without accents and signs; ``None`` where nobody
        has it.
        """
        exact = self._targets.get(normalised(name))
        if exact is not None:
            return exact
        name = without_notes(" ".join(name.split())).strip("%* ")
        exact = self._targets.get(normalised(name)) or self._targets.get(heading_key(name))
        return exact or self._looser.get(plain_key(name)) or self._looser.get(spelt_key(name))

    def find_party(self, name: str) -> Target | None:
        """As ``find``, of options that the election file lists."""
        found = self.find(name)
        listed = found is not None and (found.unit not in RESERVED or normalised(name) in self._of_parties)
        return found if listed else None

    def together(self, name: str) -> tuple[str, ...]:
        """The options that one column holds together (``B+C``); empty where a name is nothing of the kind."""
        parts = [part for part in _TOGETHER.split(without_notes(name)) if part.strip()]
        found = [self.find_party(part) for part in parts]
        units = tuple(sorted({target.unit for target in found if target is not None}))
        return units if len(parts) > 1 and None not in found and len(units) > 1 else ()

    def resembles(self, name: str) -> bool:
        """Whether a name is close enough to a known one to be a slip of the pen."""
        known = [normalised(shown) for shown in self._shown]
        return bool(get_close_matches(normalised(name), known, n=1, cutoff=_LOOKS_LIKE))

    def remedy(self, name: str) -> str:
        """What to write instead of an unknown name."""
        return f"no option of this election has this name; {suggest(name, self._shown)}"


class Column(NamedTuple):
    """A column: its number, its name, what it means, and of that which (a fact, ids of options, a reason)."""

    at: int
    name: str
    meaning: Meaning
    which: str = ""


@dataclass
class Layout:
    """Columns by meaning. ``long``: one row a poll and party; else one row a poll."""

    long: bool = False
    columns: list[Column] = field(default_factory=list)
    facts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    options: dict[int, Target] = field(default_factory=dict)
    together: dict[int, tuple[str, ...]] = field(default_factory=dict)
    unlisted: dict[int, str] = field(default_factory=dict)
    """Parties that are not listed, and counted under other."""
    unknown: dict[int, str] = field(default_factory=dict)
    extras: dict[int, str] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    fold: bool = False
    """Whether parties that are not listed are counted under other."""
    missing: list[tuple[str, str]] = field(default_factory=list)
    """Columns that ``[polls]`` names and the table lacks, by key."""
    party: int = -1
    share: int = -1

    @property
    def figures(self) -> list[int]:
        """Columns that hold figures of options."""
        return (
            [self.share]
            if self.long
            else sorted({*self.options, *self.together, *self.unlisted, *self.unknown})
        )

    def note(self, at: int, name: str, meaning: Meaning, which: str = "") -> None:
        """Remember what a column is."""
        self.columns.append(Column(at, name, meaning, which))


class _Table(NamedTuple):
    """What is looked at to tell what columns are: heading, some cells of each, names, settings."""

    heading: Sequence[str]
    cells: Callable[[int], Sequence[str]]
    names: Names
    settings: PollSettings

    def filled(self, at: int) -> list[str]:
        """Cells of a column that say something, some of them."""
        found: list[str] = []
        for cell in self.cells(at):
            if is_reported(cell):
                found.append(cell)
                if len(found) >= _LOOKED_AT:
                    break
        return found


def layout_of(
    heading: Sequence[str], cells: Callable[[int], Sequence[str]], names: Names, settings: PollSettings
) -> Layout:
    """What every column is; ``cells(at)`` are those below the heading ``at``.

    What ``[polls]`` says goes first, then names of parties, then names of facts. In a wide table a column of
    an unknown name is taken for a party where it holds numbers (except under names such as ``lead``, or
    any that begins with ``x_``) or nearly has the name of one; else it is kept as an extra. Columns without a
    cell that says something, and those that number the rows, are passed over.
    """
    table = _Table(heading, cells, names, settings)
    layout = Layout(fold=settings.unlisted == "other")
    taken = _as_set(table, layout)
    _long_or_wide(table, layout, taken)
    facts = _known_facts(table, layout, taken)
    prefix = _prefix(table, taken | facts.keys())
    for at, name in enumerate(heading):
        if at in taken or at in (layout.party, layout.share):
            continue
        if at in facts:
            _add_fact(layout, facts[at], at, name)
        else:
            _of_another(table, layout, at, name, prefix)
    layout.columns.sort(key=lambda column: column.at)
    return layout


def _as_set(table: _Table, layout: Layout) -> set[int]:
    """Columns that ``[polls]`` names."""
    settings, taken = table.settings, set[int]()
    by_key = {heading_key(name): at for at, name in reversed(list(enumerate(table.heading)))}

    def at_of(key: str, name: str) -> int | None:
        at = by_key.get(heading_key(name))
        if name in table.heading:
            at = list(table.heading).index(name)
        if at is None:
            layout.missing.append((key, name))
        else:
            taken.add(at)
        return at

    for key in SETTABLE:
        found = [at for name in getattr(settings, key) if (at := at_of(f"polls.{key}", name)) is not None]
        if found:
            layout.facts[_FACT_OF.get(key, key)] = tuple(found)
            for at in found:
                layout.note(at, table.heading[at], "fact", _FACT_OF.get(key, key))
    for key in _IN_LONG:
        for name in getattr(settings, key):
            at = at_of(f"polls.{key}", name)
            if at is not None:
                setattr(layout, key, at)
                layout.note(at, table.heading[at], key, key)
    for name, ids in settings.parties.items():
        units = list(ids)
        at = at_of("polls.parties", name) if not settings.party else None
        if at is not None and len(units) > 1:
            layout.together[at] = tuple(units)
            layout.note(at, table.heading[at], "together", "+".join(units))
        elif at is not None:
            layout.options[at] = Target(units[0])
            layout.note(at, table.heading[at], "option", units[0])
    for name in settings.ignore:
        at = at_of("polls.ignore", name)
        if at is not None:
            layout.note(at, table.heading[at], "passed over", "as [polls] says")
    return taken


def _long_or_wide(table: _Table, layout: Layout, taken: set[int]) -> None:
    """Whether each row is a poll, or a poll and party; of the latter the columns of party and share."""
    if layout.party >= 0 and layout.share >= 0:
        layout.long = True
        return
    keys = [heading_key(name) for name in table.heading]
    shares = [at for word in SHARE_COLUMN for at, key in enumerate(keys) if key == word and at not in taken]
    parties = [at for word in PARTY_COLUMN for at, key in enumerate(keys) if key == word and at not in taken]
    if not shares or not parties:
        return
    wide = sum(table.names.find_party(name) is not None for name in table.heading)
    known = {
        at: sum(table.names.find(cell) is not None for cell in dict.fromkeys(table.filled(at)))
        for at in parties
    }
    best = max(parties, key=lambda at: known[at])
    if wide <= 1 or known[best]:
        layout.long, layout.party, layout.share = True, best, shares[0]
        layout.note(best, table.heading[best], "party")
        layout.note(shares[0], table.heading[shares[0]], "share")


def _known_facts(table: _Table, layout: Layout, taken: set[int]) -> dict[int, str]:
    """Facts by column, of several columns with the same meaning the one with the most usual name."""
    ranked: dict[str, list[tuple[int, int]]] = {}
    for at, name in enumerate(table.heading):
        if at in taken or at in (layout.party, layout.share) or not name:
            continue
        found = _fact_called(name)
        if found is None or found[0] in layout.facts or found[0] in _constants(table.settings):
            continue
        fact, rank = found
        target = None if layout.long else table.names.find_party(name)
        if target is None or heading_key(name) == FACTS[fact][0]:
            ranked.setdefault(fact, []).append((rank, at))
    facts: dict[int, str] = {}
    for fact, columns in ranked.items():
        best = min(columns)
        facts[best[1]] = fact
        layout.twice += [table.heading[at] for rank, at in columns if rank == best[0] and at != best[1]]
    return facts


def _constants(settings: PollSettings) -> set[str]:
    return {_FACT_OF.get(name, name) for name in settings.constant}


def _fact_called(name: str) -> tuple[str, int] | None:
    """The fact that a column has the name of, and how usual the name is (0 the most)."""
    for key in (heading_key(name), heading_key(split_words(name))):
        for fact, names in FACTS.items():
            if key in names:
                return fact, names.index(key)
    return None


def _add_fact(layout: Layout, fact: str, at: int, name: str) -> None:
    layout.facts[fact] = (at,)
    layout.note(at, name, "fact", fact)


def _prefix(table: _Table, taken: Iterable[int]) -> str:
    """What stands before the names of all parties (``result_csu``); empty where nothing does."""
    rest = [name for at, name in enumerate(table.heading) if at not in set(taken)]
    heads = Counter(
        re.split(r"(?<=[_.: ])", name, maxsplit=1)[0] for name in rest if re.search(r"[_.: ]", name)
    )
    for head, often in heads.most_common(3):
        bare = [name[len(head) :] for name in rest if name.startswith(head)]
        found = sum(table.names.find_party(name) is not None for name in bare)
        whole = sum(table.names.find_party(head + name) is not None for name in bare)
        if often >= _PREFIXED and found >= _PREFIXED and found > whole:
            return head
    return ""


def _of_another(table: _Table, layout: Layout, at: int, name: str, prefix: str) -> None:
    """What a column is that is no fact."""
    filled = table.filled(at)
    bare = name.removeprefix(prefix) if prefix else name
    target = None if layout.long else (table.names.find(bare) if bare else None)
    together = () if layout.long or target is not None else table.names.together(bare)
    if not filled and target is None and not together:
        layout.note(at, name or f"column {at + 1}", "passed over", "empty")
    elif target is not None:
        if target in layout.options.values() and target.unit not in RESERVED:
            layout.twice.append(name)
        layout.options[at] = target
        layout.note(at, name, "option", target.unit)
    elif together:
        layout.together[at] = together
        layout.note(at, name, "together", "+".join(together))
    elif _numbers_the_rows(name, filled):
        layout.note(at, name or f"column {at + 1}", "passed over", "numbers the rows")
    elif not layout.long and _may_be_a_party(heading_key(bare), filled, table.names):
        _unlisted(layout, at, bare)
    else:
        layout.extras[at] = name or f"column {at + 1}"
        layout.note(at, layout.extras[at], "extra")


def _unlisted(layout: Layout, at: int, name: str) -> None:
    if layout.fold and name:
        layout.unlisted[at] = name
        layout.note(at, name, "unlisted", OTHER)
    else:
        layout.unknown[at] = name or f"column {at + 1}"
        layout.note(at, layout.unknown[at], "unknown")


def _numbers_the_rows(name: str, filled: Sequence[str]) -> bool:
    """A column without a name, or of a usual one, that counts on from row to row."""
    if name and not _UNNAMED.fullmatch(name.strip()):
        return False
    numbers = [int(cell) for cell in filled if cell.isascii() and cell.isdigit() and len(cell) < 9]
    figures = [cell for cell in filled if is_figure(cell, several=True) and not named_figures(cell)]
    if not numbers or len(figures) > len(numbers):
        return bool(name) and not figures
    if not name and 2 * len(numbers) <= len(filled):
        return False
    steps = [after - before for before, after in pairwise(numbers)]
    if len(numbers) <= 2:
        return numbers[0] in (0, 1) and all(step in (0, 1) for step in steps)
    return sum(step in (0, 1) for step in steps) >= _COUNTS_ON * len(steps)


def _may_be_a_party(key: str, filled: Sequence[str], names: Names) -> bool:
    if key in NO_SHARES or key.startswith("x "):
        return False
    numbers = sum(is_figure(cell, several=True) for cell in filled)
    return 2 * numbers > len(filled) or (bool(key) and names.resembles(key))


def facts_missing(layout: Layout, constants: Mapping[str, str]) -> list[tuple[str, str]]:
    """Facts without which no poll is one: by column, what is asked."""
    known = {*layout.facts, *(_FACT_OF.get(name, name) for name in constants)}
    found: list[tuple[str, str]] = []
    if "pollster" not in known:
        found.append(("pollster", "missing; who held the poll?"))
    if not {"fieldwork_end", "published", "fieldwork", "date"} & known and "kind" not in known:
        found.append(("fieldwork_end", "missing; fieldwork_end or published is needed"))
    return found
