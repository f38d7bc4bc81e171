"""Languages of the page: a file of texts each, and the signs, days and lists of names as the language has
them (CLDR, through Babel).
"""

from __future__ import annotations

import datetime
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
    """What sentences that are made in English are in a language (``forecast.words.sentences``)."""
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
