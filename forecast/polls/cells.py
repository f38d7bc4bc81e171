"""What stands in the cells of a poll table: shares, days, sample sizes, kinds and scopes."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from forecast.door.numbers import is_whole, ungrouped
from forecast.errors import suggest

NOT_REPORTED = frozenset({"", "-", "–", "—", "n/a", "na", "nan"})
KINDS = {"": "pre-election", "pre-election": "pre-election", "exit": "exit", "exit poll": "exit"}
SCOPES = ("national", "national-partial", "exit")
LEAST_SAMPLE, LARGEST_SAMPLE = 10, 10_000_000

_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:[.,]([0-9]+))?|[.,]([0-9]+)))\s*(%?)")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00)?)?")
_PART_OF_COUNTRY = re.compile(r"[a-z-]+:\s*\S.*", re.IGNORECASE)


@dataclass(frozen=True)
class Number:
    """A number as it stands in a cell: its value, how many decimals, whether a percent sign follows."""

    value: float
    decimals: int
    percent: bool


def parse_number(text: str) -> Number | None:
    """53.46, "53,46" or "53.46 %"; ``None`` where the cell says that nothing is reported."""
    if text.strip().lower() in NOT_REPORTED:
        return None
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        msg = "a share in percent is expected, such as 5.3; leave the cell empty where the poll does not say"
        raise ValueError(msg)
    decimals = match.group(2) or match.group(3) or ""
    return Number(float(match.group(1).replace(",", ".")), len(decimals), bool(match.group(4)))


def parse_share(text: str, in_fractions: bool = False) -> tuple[float, int] | None:
    """A share in percent and its decimals in percent; ``None`` where nothing is reported.

    ``in_fractions``: the table gives 0.53 for 53 percent; a percent sign always means percent.
    """
    number = parse_number(text)
    if number is None:
        return None
    value, decimals = number.value, number.decimals
    if in_fractions and not number.percent:
        if value > 1:
            msg = "the unit of this row is fraction: a share of 5.3 % is 0.053"
            raise ValueError(msg)
        value, decimals = value * 100, max(0, decimals - 2)
    if value < 0:
        msg = "a share cannot be below 0"
        raise ValueError(msg)
    if value > 100:
        msg = f"a share lies between 0 and 100 percent{_without_point(text)}"
        raise ValueError(msg)
    return value, decimals


def _without_point(text: str) -> str:
    digits = text.strip().rstrip("% ")
    if digits.isdigit() and len(digits) in (3, 4):
        return f"; is a decimal point missing ({digits[:-2]}.{digits[-2:]})?"
    return ""


def parse_day(text: str) -> datetime.date | None:
    """2023-03-19, 2023/3/19 or 19.3.2023; ``None`` for an empty cell."""
    if text.strip().lower() in NOT_REPORTED:
        return None
    year_first = _YEAR_FIRST.fullmatch(text.strip())
    day_first = _DAY_FIRST.fullmatch(text.strip())
    try:
        if year_first:
            return datetime.date(*(int(part) for part in year_first.groups()))
        if day_first:
            day, month, year = (int(part) for part in day_first.groups())
            return datetime.date(year, month, day)
    except ValueError:
        msg = "the calendar has no such day"
        raise ValueError(msg) from None
    msg = "a day is written year-month-day, such as 2023-03-19"
    raise ValueError(msg)


def parse_sample_size(text: str) -> float:
    """Number of respondents, also grouped (30 000); NaN for an empty cell."""
    if text.strip().lower() in NOT_REPORTED:
        return float("nan")
    digits = ungrouped(text.strip()) or re.sub(r"\.0+$", "", text.strip())
    if not is_whole(digits):
        msg = "a number of respondents is expected, such as 1200; leave the cell empty where it is not known"
        raise ValueError(msg)
    if not LEAST_SAMPLE <= int(digits) <= LARGEST_SAMPLE:
        msg = f"{LEAST_SAMPLE} to {LARGEST_SAMPLE:,} respondents are expected; leave it empty where unknown"
        raise ValueError(msg)
    return float(digits)


def parse_kind(text: str) -> str:
    """``pre-election`` (also for an empty cell) or ``exit``."""
    kind = KINDS.get(text.strip().lower().replace("_", "-"))
    if kind is None:
        msg = f"a kind of poll is expected; {suggest(text, ['pre-election', 'exit'])}"
        raise ValueError(msg)
    return kind


def parse_scope(text: str) -> str:
    """``national`` (also for an empty cell), ``national-partial``, ``exit``, or a part (city:Almaty)."""
    scope = text.strip()
    if scope == "":
        return "national"
    if scope.lower() in SCOPES:
        return scope.lower()
    if _PART_OF_COUNTRY.fullmatch(scope):
        return scope
    msg = f"national, national-partial, or a part such as city:Almaty is expected; {suggest(scope, SCOPES)}"
    raise ValueError(msg)


def parse_unit(text: str) -> bool:
    """Whether the shares of a row are fractions of 1 and not percentages."""
    unit = text.strip().lower()
    if unit in ("", "%", "percent", "per cent"):
        return False
    if unit in ("fraction", "share", "1"):
        return True
    msg = "percent or fraction is expected"
    raise ValueError(msg)
