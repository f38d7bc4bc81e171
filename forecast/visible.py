"""Text from outside as it may be shown: nothing in it moves a cursor, hides a word or fills a screen.

What comes from a file or an option reaches terminals, tables, pages, pictures and JSON through these
functions, whoever wrote it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

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
