"""Numbers for people: digits as the Monte Carlo error allows, and never certainty from finite draws."""

from __future__ import annotations

import math

from forecast.words import decimal_sign, group_sign

DASH = "–"
"""Exactly none: what an option without seats cannot have."""
BLANK = ""
"""Not known."""
UNTOLD = "?"
"""Too few draws to say anything."""

DIGITS = 12
"""Of numbers that other programs read: far more than any of them is known to, and fewer than a computer's, so
that 0.074 is not 0.07400000000000001.
"""

_LIMITS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5)


def as_written(value: float) -> float:
    """A number as it stands in tables and JSON, to ``DIGITS`` digits."""
    return float(f"{value:.{DIGITS}g}")


def probability(value: float | None, mc_error: float | None, most_decimals: int = 1) -> str:
    """A probability in percent, with at most one decimal, none where its error is a whole percent or more.

    What rounds to none or to all is written as a bound: ``<0.1 %``. The bound lies above the value by two
    standard errors; where no draw (or every draw) has it, by 3 / draws, the 95 % bound for such a count.
    """
    if value is None or mc_error is None or math.isnan(value):
        return BLANK
    decimals = min(percent_decimals(mc_error), most_decimals)
    step = 10.0 ** (-2 - decimals)
    rare = min(value, 1.0 - value)
    if rare >= step / 2 and rare > 0.0:
        return percent(value, decimals)
    reach = 3.0 * mc_error if rare <= 0.0 else rare + 2.0 * mc_error
    limit = next((limit for limit in _LIMITS if limit >= max(reach, step)), None)
    if limit is None:
        return UNTOLD
    shown = 1.0 - limit if value > 0.5 else limit
    return f"{'>' if value > 0.5 else '<'}{percent(shown, 0 if limit >= 0.01 else 1)}"


def percent(value: float | None, decimals: int = 1) -> str:
    """A share in percent."""
    if value is None or math.isnan(value):
        return BLANK
    return f"{_plain(100.0 * value, decimals)} %"


def percent_decimals(error: float) -> int:
    """Decimals of a percentage with this standard error: to the first digit of the error, at most one."""
    if error <= 0.0 or math.isnan(error):
        return 1
    return min(1, max(0, -math.floor(math.log10(100.0 * error) + 1e-12)))


def points(error: float | None) -> str:
    """A standard error in percentage points, to its first digit (two where the first is a 1)."""
    if error is None or math.isnan(error):
        return BLANK
    return _error(100.0 * error, 0.01)


def seats_error(error: float | None) -> str:
    """A standard error in seats."""
    if error is None or math.isnan(error):
        return BLANK
    return _error(error, 0.001)


def mean_seats(value: float | None, mc_error: float | None) -> str:
    """Mean seats with at most one decimal, none where the error reaches a whole seat; never none at all."""
    if value is None or math.isnan(value):
        return BLANK
    if value < 0.05:
        return f"<{_plain(0.1, 1)}"
    decimals = 1 if mc_error is None or math.isnan(mc_error) or mc_error < 1.0 else 0
    return _plain(value, decimals)


def whole(value: float | None) -> str:
    """A count, with commas between thousands from 10,000 on."""
    if value is None or math.isnan(value):
        return BLANK
    text = f"{round(value):,}".replace("-", "\N{MINUS SIGN}")
    return text.replace(",", group_sign() if abs(value) >= 10_000 else "")


def interval(low: float | None, high: float | None) -> str:
    """A range of whole numbers."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return BLANK
    return f"{round(low)}–{round(high)}" if round(low) != round(high) else f"{round(low)}"


def percent_interval(low: float | None, high: float | None, decimals: int = 1) -> str:
    """A range of shares in percent."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return BLANK
    return f"{_plain(100.0 * low, decimals)}–{_plain(100.0 * high, decimals)} %"


def _error(value: float, least: float) -> str:
    if value < least:
        return "<" + f"{least:g}".replace(".", decimal_sign())
    first = math.floor(math.log10(value) + 1e-12)
    decimals = max(0, -first + (1 if value / 10.0**first < 2 else 0))
    return _plain(value, decimals)


def _plain(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", "\N{MINUS SIGN}").replace(".", decimal_sign())


def signed(value: float | None) -> str:
    """A whole number with its sign."""
    if value is None or math.isnan(value):
        return BLANK
    return f"+{round(value)}" if value > 0 else whole(value)


def signed_points(value: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    if value is None or math.isnan(value):
        return BLANK
    text = _plain(100.0 * value, 1)
    return f"+{text}" if value > 0 and text.strip(f"0{decimal_sign()}") else text


def signed_points_interval(low: float | None, high: float | None) -> str:
    """A range of differences of shares in percentage points."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return BLANK
    return f"{signed_points(low)} to {signed_points(high)}"


def signed_by_error(value: float | None, mc_error: float | None) -> str:
    """A difference with its sign, to the first digit of its error, at most three decimals."""
    if value is None or mc_error is None or math.isnan(value):
        return BLANK
    decimals = 0 if mc_error >= 1.0 else min(3, -math.floor(math.log10(max(mc_error, 1e-3)) + 1e-12))
    text = _plain(value, decimals)
    return f"+{text}" if value > 0 and text.strip(f"0{decimal_sign()}") else text
