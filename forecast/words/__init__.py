"""Words that readers see, by language: a file of texts each, the translations of sentences that are made in
English (rules, warnings, records, notes), and signs, days and lists of names as the language has them (CLDR,
through Babel).

A language file has a table ``[sentences]``: an English sentence, or a part of one, with what stands in braces
put in, and the same in that language. ``{n}`` and the like hold a number, ``{said}`` and the like hold words
that are translated too, ``{each}`` several of them with commas between, ``{polls}`` names among words; any
other holds what is left as it is: names, addresses, keys, ``{x}`` those of one clause. A sentence that no
entry knows stays English.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from forecast.errors import ConfigurationError, Fault, suggest

DEFAULT = "en"
_LOCALES = {"en": "en_GB"}
"""Where days and numbers are not those of the bare language."""
_SPOKEN: ContextVar[str] = ContextVar("language of readers", default=DEFAULT)

_PLACE = re.compile(r"\{(\w+)\}")
_OF_NUMBER = re.compile(r"n\d*")
_NUMBER = r"[<>]?[−+-]?\d[\d.,]*(?: ?%)?"
_ARTICLE = re.compile(r"^(.*?) (\([^()]*(?:\([^()]*\)[^()]*)*\))$", re.DOTALL)
_NARROW = "\N{NO-BREAK SPACE}"


@contextmanager
def speaking(language: str) -> Generator[None]:
    """Texts, numbers and days within are those of this language; ``ConfigurationError`` for an unknown
    one.
    """
    if language not in languages():
        remedy = f"no such language; {suggest(language, languages())}"
        raise ConfigurationError(Fault("--language", "", language, remedy))
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def language() -> str:
    """Code of the language that is spoken."""
    return _SPOKEN.get()


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages that have a file."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in _folder().iterdir()))


def _folder() -> Traversable:
    return files("forecast.words").joinpath("languages")


@cache
def _file_of(language: str) -> dict[str, Any]:
    return tomllib.loads(_folder().joinpath(f"{language}.toml").read_text(encoding="utf-8"))


@cache
def texts_of(language: str) -> dict[str, str]:
    """Every text of a language by its key."""
    return {key: text for key, text in _file_of(language).items() if isinstance(text, str)}


def sentences_of(language: str) -> dict[str, str]:
    """What sentences that are made in English are in a language (``translated``)."""
    return _file_of(language).get("sentences", {})


def texts() -> dict[str, str]:
    """Every text of the language that is spoken."""
    return texts_of(language())


def text(key: str, **parts: object) -> str:
    """A text of the language that is spoken, with what stands in its braces."""
    return texts()[key].format(**parts)


def decimal_sign() -> str:
    """Between whole numbers and tenths."""
    return "." if language() == DEFAULT else _signs(language())[0]


def group_sign() -> str:
    """Between thousands."""
    return "," if language() == DEFAULT else _signs(language())[1]


@cache
def _signs(language: str) -> tuple[str, str]:
    from babel.numbers import get_decimal_symbol, get_group_symbol

    return get_decimal_symbol(_locale(language)), get_group_symbol(_locale(language))


def day_text(day: datetime.date | str) -> str:
    """A day in running text: 19 March 2023."""
    from babel.dates import format_date

    date = datetime.date.fromisoformat(day[:10]) if isinstance(day, str) else day
    return format_date(date, "long", locale=_locale(language()))


def day_of_month(day: datetime.date) -> str:
    """A day on an axis: 19 Mar."""
    from babel.dates import format_skeleton

    return format_skeleton("MMMd", day, locale=_locale(language()))


def month_text(day: datetime.date) -> str:
    """The first of a month on an axis: Mar 23."""
    from babel.dates import format_skeleton

    month = format_skeleton("MMM", day, locale=_locale(language()))
    return f"{month} {day.year % 100:02d}"


def listed(names: Sequence[str]) -> str:
    """Names in a row: A, B and C."""
    from babel.lists import format_list

    return format_list(list(names), "standard", locale=_locale(language()))


def _locale(language: str) -> str:
    return _LOCALES.get(language, language)


# Sentences that are made in English.


def translated(text: str) -> str | None:
    """A sentence, or a part of one, in the language that is spoken; ``None`` where it stays English."""
    return text if language() == DEFAULT else _translated(text, language())


def in_their_language(text: str) -> str:
    """A sentence in the language that is spoken, in English where there is none."""
    return translated(text) or text


@cache
def _translated(text: str, spoken: str) -> str | None:
    if re.fullmatch(_NUMBER, text):
        return _number(text)
    found = _before_its_article(text, spoken) or _known(text, spoken)
    if found is None and text.endswith("."):
        found = _translated(text[:-1], spoken)
        found = None if found is None else f"{found}."
    if found is None and text[:1].isupper():
        found = _translated(text[:1].lower() + text[1:], spoken)
        found = None if found is None else found[:1].upper() + found[1:]
    return found if found is not None else _by_clauses(text, spoken)


def _before_its_article(text: str, spoken: str) -> str | None:
    """A sentence with the article of the law at its end, which is left as it is."""
    article = _ARTICLE.fullmatch(text)
    found = None if article is None else _translated(article[1], spoken)
    return None if article is None or found is None else f"{found} {article[2]}"


def _by_clauses(text: str, spoken: str) -> str | None:
    for sign in ("; ", ". "):
        clauses = text.split(sign)
        if len(clauses) > 1:
            each = [_translated(clause, spoken) for clause in clauses]
            return None if None in each else sign.join(filter(None, each))
    return None


def _known(text: str, spoken: str) -> str | None:
    """By the first entry whose words these are, and whose parts are known too."""
    for pattern, other in _patterns(spoken):
        match = pattern.fullmatch(text)
        if match is None:
            continue
        parts = {name: _put_in(name, part, spoken) for name, part in match.groupdict().items()}
        if None not in parts.values():
            return other.format(**parts)
    return None


def _put_in(name: str, part: str, spoken: str) -> str | None:
    """What stands in braces, as the language has it; ``None`` where it has no words for it."""
    if name.startswith("said"):
        return _translated(part, spoken)
    if name == "each":
        every = [_translated(one, spoken) for one in part.split(", ")]
        return None if None in every else ", ".join(filter(None, every))
    if name == "polls":  # pollsters and rows
        pieces = re.split("(; |, )", part)
        return "".join(_translated(one, spoken) or one for one in pieces)
    return _number(part) if _OF_NUMBER.fullmatch(name) else part


@cache
def _patterns(spoken: str) -> list[tuple[re.Pattern[str], str]]:
    """Entries with most words of their own first."""
    found = []
    for english, other in sentences_of(spoken).items():
        pieces = _PLACE.split(english)
        groups = [
            re.escape(piece) if k % 2 == 0 else rf"(?P<{piece}>{_held(piece)})"
            for k, piece in enumerate(pieces)
        ]
        words = sum(len(piece) for piece in pieces[::2])
        found.append((words, re.compile("".join(groups), re.DOTALL), other))
    return [(pattern, other) for _, pattern, other in sorted(found, key=lambda one: -one[0])]


def _held(place: str) -> str:
    """What may stand in braces of this name."""
    if _OF_NUMBER.fullmatch(place):
        return _NUMBER
    return "[^;]+?" if place == "x" else ".+?"


def _number(text: str) -> str:
    """A number as the language writes it: 5% is 5 %, with the sign between whole numbers and tenths."""
    plain = re.sub(r" ?%$", f"{_NARROW}%", text)
    pieces = [re.sub(r"(?<=\d),(?=\d{3})", group_sign(), piece) for piece in plain.split(".", 1)]
    return decimal_sign().join(pieces)
