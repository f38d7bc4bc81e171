"""The days of ``--as-of``: one, several, or a range."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from forecast.errors import ConfigurationError, Fault

MOST_DAYS = 1_000
"""Days that one series holds at most."""

_STEP = re.compile(r"([1-9][0-9]{0,3})([dw])")


def parse_days(texts: Sequence[str]) -> list[datetime.date]:
    """Days of all texts in rising order, each once.

    A text is a day (2023-03-15) or FROM:TO:STEP, with a step of days or weeks (7d, 2w; default 1d) counted
    from FROM; TO is the last day that can be reached. ``ConfigurationError`` with every text that is neither.
    """
    faults: list[Fault] = []
    days: set[datetime.date] = set()
    for text in texts:
        found = _days_of(text)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            days.update(found)
    if faults:
        raise ConfigurationError(*faults)
    if len(days) > MOST_DAYS:
        remedy = f"that is {len(days):,} days; at most {MOST_DAYS:,} make a series: take a larger step"
        raise ConfigurationError(Fault("--as-of", "", ", ".join(texts), remedy))
    return sorted(days)


def _days_of(text: str) -> list[datetime.date] | Fault:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > 3:
        return Fault("--as-of", "", text, "a range is FROM:TO:STEP, such as 2023-01-01:2023-03-19:7d")
    ends: list[datetime.date] = []
    for part in parts[:2]:
        try:
            ends.append(datetime.date.fromisoformat(part))
        except ValueError:
            remedy = f"'{part}' is no day; write year-month-day, such as 2023-03-15"
            return Fault("--as-of", "", text, f"{remedy}, or a range such as 2023-01-01:2023-03-19:7d")
    if len(ends) == 1:
        return ends
    step = _STEP.fullmatch(parts[2]) if len(parts) == 3 else _STEP.fullmatch("1d")
    if step is None:
        return Fault("--as-of", "", text, f"'{parts[2]}' is no step; write days or weeks, such as 7d or 2w")
    if ends[1] < ends[0]:
        return Fault("--as-of", "", text, f"the range ends before it begins; {parts[1]}:{parts[0]} is meant")
    width = int(step.group(1)) * (7 if step.group(2) == "w" else 1)
    return [ends[0] + datetime.timedelta(days) for days in range(0, (ends[1] - ends[0]).days + 1, width)]
