"""The door: whatever comes from outside, comes in here, and within bounds.

Files (``files``), trees of keys and values (``trees``: TOML and JSON) and tables (``sheets``: CSV,
spreadsheets, pages) are read for all other rooms, and arguments of Python programs looked at
(``arguments``). Behind the door a text holds nothing that nobody sees, a number no more digits than numbers
have, a tree is not deeper nor a table larger than any that a person writes; what is otherwise is refused by
name. Nobody else opens a file that a user names (saved forecasts excepted: ``forecast.storage``).
"""

from __future__ import annotations

import re
from decimal import Decimal

MOST_DIGITS = 40
"""More digits than any share, law or census has. Python itself takes an age over long numbers, and refuses to
read those of more than 4,300 digits.
"""
_MOST = 10**MOST_DIGITS


def is_whole(text: str) -> bool:
    """Whether a text is a whole number from 0 up, in ASCII digits, of a length that numbers have."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


_GROUPED = re.compile(r"[0-9]{1,3}([ .,'’_\u00a0\u2009\u202f])[0-9]{3}(?:\1[0-9]{3})*")


def ungrouped(text: str) -> str:
    """The digits of a whole number written with one mark between its thousands (3 431 510, 3.431.510); empty
    for anything else, such as 3.431,510, which may be another number.
    """
    return re.sub(r"[^0-9]", "", text) if _GROUPED.fullmatch(text) else ""


def is_moderate(number: int | Decimal | float) -> bool:
    """Whether a number is of a size and a precision that numbers have; NaN and infinities are."""
    if isinstance(number, Decimal) and number.is_finite():
        return len(number.as_tuple().digits) <= MOST_DIGITS and abs(number.adjusted()) <= MOST_DIGITS
    return not isinstance(number, int) or -_MOST < number < _MOST
