"""Texts of election files: ids, names, colours, days, lists of them, and how a wrong one is answered."""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from forecast.door import MOST_DIGITS
from forecast.errors import first_unseen

ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_WHOLE = re.compile(rf"[+-]?[0-9](?:_?[0-9]){{0,{MOST_DIGITS - 1}}}(?:[eE]\+?[0-9]{{1,2}})?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]+)*")
LONGEST_ID, LONGEST_NAME, LONGEST_TEXT = 60, 200, 10_000
"""Letters; ids are names of folders too, names stand in tables and charts."""
MOST_ENTRIES = 2_000
"""Parties, coalitions or events of one election."""


def parse_text(value: Any) -> str:
    """A text without control characters, stripped of blanks around it."""
    if not isinstance(value, str):
        msg = (
            f'a text is expected; write it in quotes: "{value}"'
            if _is_scalar(value)
            else "a text is expected"
        )
        raise ValueError(msg)
    unseen = first_unseen([value])
    if unseen:
        msg = f"the text holds the character {unseen}, which nobody sees; take it out"
        raise ValueError(msg)
    _refuse_length(value, LONGEST_TEXT, "text")
    return value.strip()


def _refuse_length(text: str, most: int, what: str) -> None:
    if len(text) > most:
        msg = f"a {what} has at most {most:,} letters; this has {len(text):,}"
        raise ValueError(msg)


def parse_label(value: Any) -> str:
    """A text as tables and charts show it: on one line, not long; perhaps empty."""
    text = " ".join(parse_text(value).split())
    _refuse_length(text, LONGEST_NAME, "name")
    return text


def parse_filled(value: Any) -> str:
    """A text in which there is something to see."""
    text = parse_label(value)
    if not any(sign.isprintable() and not sign.isspace() for sign in text):
        msg = "the text is empty"
        raise ValueError(msg)
    return text


def parse_id(value: Any) -> str:
    """A short name of a-z, 0-9 and hyphens."""
    text = parse_text(value)
    _refuse_length(text, LONGEST_ID, "short name")
    if ID.fullmatch(text):
        return text
    better = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    hint = f'; did you mean "{better}"?' if ID.fullmatch(better) else ", such as osdp"
    msg = f"an id is made of a-z, 0-9 and hyphens{hint}"
    raise ValueError(msg)


def parse_texts(value: Any) -> tuple[str, ...]:
    """A list of texts, none of them twice."""
    if not isinstance(value, list | tuple):
        msg = 'a list of texts is expected, such as ["a", "b"]'
        raise ValueError(msg)
    texts = tuple(parse_filled(item) for item in value)
    twice = [text for text, often in Counter(texts).items() if often > 1]
    if twice:
        msg = f"'{twice[0]}' is listed twice"
        raise ValueError(msg)
    return texts


def parse_party_ids(value: Any) -> tuple[str, ...]:
    """Ids of one or more parties; a single one may stand without brackets."""
    ids = parse_texts([value] if isinstance(value, str) else value)
    if not ids:
        msg = "at least one party is needed"
        raise ValueError(msg)
    return ids


def parse_colour(value: Any) -> str:
    """A colour as ``#RRGGBB``; ``#RGB`` is widened."""
    text = parse_text(value)
    if not _COLOUR.fullmatch(text):
        hint = f'; did you mean "#{text}"?' if _COLOUR.fullmatch(f"#{text}") else ""
        msg = f'a colour is written "#RRGGBB", such as "#00AFCA"{hint}'
        raise ValueError(msg)
    digits = text[1:].upper()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def parse_day(value: Any) -> datetime.date:
    """A day: a TOML date, or a text such as "2023-03-19"."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    if isinstance(value, str):
        try:
            return datetime.date.fromisoformat(value.strip())
        except ValueError:
            pass
    msg = "a day is written year-month-day, such as 2023-03-19"
    raise ValueError(msg)


def parse_names(value: Any) -> dict[str, str]:
    """Names by language code."""
    if not isinstance(value, Mapping):
        msg = 'names by language are expected, such as {kk = "Ауыл", en = "Auyl"}'
        raise ValueError(msg)
    for code in value:
        if not _LANGUAGE.fullmatch(str(code)):
            msg = f"'{code}' is no language code such as kk, ru, en"
            raise ValueError(msg)
    return {str(code): parse_filled(name) for code, name in value.items()}


def parse_file_text(value: Any) -> str:
    """The name of a file, as a text."""
    text = parse_text(value)
    if not text:
        msg = "the name of a file is expected"
        raise ValueError(msg)
    return text


def parse_file(value: Any) -> Path:
    """The name of a file."""
    return value if isinstance(value, Path) else Path(parse_file_text(value))


def normalised(name: str) -> str:
    """Names are compared without case, and with blanks, hyphens and underscores alike."""
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def parse_whole(value: Any) -> int:
    """A whole number, also as 1e6, 1_000_000 or in digits within quotes.

    1.000 is refused: who writes it may mean a thousand.
    """
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = Decimal(value.strip().replace("_", ""))
    written_in_full = isinstance(value, Decimal) and "." in str(value) and "E" not in str(value)
    if (
        isinstance(value, Decimal | float)
        and not written_in_full
        and math.isfinite(value)
        and value == int(value)
    ):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    msg = "a whole number is expected, such as 1000000"
    raise ValueError(msg)


def whole_between(least: int, most: int) -> BeforeValidator:
    """Accepts whole numbers within bounds."""

    def check(value: Any) -> int:
        number = parse_whole(value)
        if number < least:
            msg = f"at least {least} is expected"
            raise ValueError(msg)
        if number > most:
            msg = f"at most {most} is expected"
            raise ValueError(msg)
        return number

    return BeforeValidator(check)


def _not_too_many(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) > MOST_ENTRIES:
        msg = f"{len(value):,} entries; at most {MOST_ENTRIES:,} are expected"
        raise ValueError(msg)
    return value


def _at_least_one(value: Any) -> Any:
    if isinstance(value, list | tuple) and not value:
        msg = "at least one is needed"
        raise ValueError(msg)
    return _not_too_many(value)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, int | float | Decimal | datetime.date | datetime.time)


Text = Annotated[str, BeforeValidator(parse_text)]
Name = Annotated[str, BeforeValidator(parse_filled)]
Id = Annotated[str, BeforeValidator(parse_id)]
Label = Annotated[str, BeforeValidator(parse_label)]
Texts = Annotated[tuple[str, ...], BeforeValidator(parse_texts)]
PartyIds = Annotated[tuple[str, ...], BeforeValidator(parse_party_ids)]
Colour = Annotated[str, BeforeValidator(parse_colour)]
Day = Annotated[datetime.date, BeforeValidator(parse_day)]
Names = Annotated[dict[str, str], BeforeValidator(parse_names)]
FileText = Annotated[str, BeforeValidator(parse_file_text)]
FileName = Annotated[Path, BeforeValidator(parse_file)]
at_least_one = BeforeValidator(_at_least_one)
not_too_many = BeforeValidator(_not_too_many)
