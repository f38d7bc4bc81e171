"""Words of poll tables, in the languages in which they are kept: columns, rows that are no polls, samples.

Names of columns are compared as ``heading_key`` makes them. The first name of every fact is its own.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path

from forecast.election.texts import normalised

OTHER, UNDECIDED = "other", "undecided"

_TABLES = tomllib.loads(Path(__file__).with_name("known_words.toml").read_text(encoding="utf-8"))

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
