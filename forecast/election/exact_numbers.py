"""Exact numbers as people write them: shares, ranges of shares, signed swings, factors.

TOML decimals are read as ``Decimal``; everything is kept as ``Fraction``, so that a list with exactly 5 % of
the votes meets a threshold of 5 %.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from forecast.door import MOST_DIGITS

_DIGITS = rf"[0-9]{{1,{MOST_DIGITS}}}"
_NUMBER = re.compile(rf"\s*([+-]?{_DIGITS}(?:[.,]{_DIGITS})?|[+-]?[.,]{_DIGITS})\s*(%?)\s*")
_RATIO = re.compile(rf"\s*{_DIGITS}\s*/\s*(?!0){_DIGITS}\s*")


def parse_exact(value: Any) -> Fraction:
    """``Fraction`` from 3, Decimal("0.05"), "0.05", "5 %", "2/3"; ``ValueError`` for anything else.

    A binary float is read by its shortest decimal (0.05 is five hundredths), since that is what was typed.
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool):
        msg = 'a number is expected, such as 0.05 or "5%"'
        raise ValueError(msg)
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, float | Decimal):
        value = str(value)
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        if match:
            number = Fraction(match.group(1).replace(",", "."))
            return number / 100 if match.group(2) else number
        if _RATIO.fullmatch(value):
            return Fraction("".join(value.split()))
    msg = 'a number is expected, such as 0.05 or "5%"'
    raise ValueError(msg)


def parse_share(value: Any) -> Fraction:
    """A share from 0 to 1; a number over 1 is refused with the percentage that was probably meant."""
    number = parse_exact(value)
    if 0 <= number <= 1:
        return number
    hint = ""
    if 1 < number <= 100 and not (isinstance(value, str) and "%" in value):
        hint = f'; did you mean "{plain(number)}%"?'
    msg = f"a share lies between 0 and 1{hint}"
    raise ValueError(msg)


def parse_swing(value: Any) -> Fraction:
    """A signed change of a share, from -1 to 1, such as "+1%"."""
    number = parse_exact(value)
    if abs(number) <= 1:
        return number
    msg = f'a swing lies between -1 and 1; did you mean "{plain(number)}%"?'
    raise ValueError(msg)


def parse_share_range(value: Any) -> tuple[Fraction, Fraction]:
    """One share, or a pair [low, high]."""
    if isinstance(value, list | tuple):
        if len(value) != 2:
            msg = 'a range has two ends, such as ["50%", "60%"]'
            raise ValueError(msg)
        low, high = parse_share(value[0]), parse_share(value[1])
        if low > high:
            msg = "the lower end of a range comes first"
            raise ValueError(msg)
        return low, high
    share = parse_share(value)
    return share, share


def plain(number: Fraction) -> str:
    """A fraction as the shortest exact decimal, or as p/q where there is none."""
    denominator = number.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return f"{number.numerator}/{number.denominator}"
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    return f"{Decimal((number * 10**places).numerator).scaleb(-places):f}"


def percent(share: Fraction) -> str:
    """A share as people write it: ``Fraction(1, 20)`` is ``5%``."""
    return f"{plain(share * 100)}%"


_as_text = PlainSerializer(plain, return_type=str)

Exact = Annotated[Fraction, BeforeValidator(parse_exact), _as_text]
Share = Annotated[Fraction, BeforeValidator(parse_share), _as_text]
Swing = Annotated[Fraction, BeforeValidator(parse_swing), _as_text]
ShareRange = Annotated[tuple[Fraction, Fraction], BeforeValidator(parse_share_range)]
