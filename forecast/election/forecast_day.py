"""The day at whose end a forecast is made: a day, and none after the vote."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from forecast.election.values import parse_day
from forecast.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from forecast.election.schema import Election

OPTION = "--as-of"
AS_OF = "as_of"
"""What Python calls the day; ``--as-of`` on the command line."""


def day_of_forecast(election: Election, as_of: object, place: str = AS_OF) -> datetime.date:
    """``as_of`` as a day on which the election can still be forecast (see ``days_of_forecasts``)."""
    return days_of_forecasts(election, [as_of], place)[0]


def days_of_forecasts(election: Election, days: Sequence[object], place: str = AS_OF) -> list[datetime.date]:
    """Days at whose end the election can still be forecast: none is later than election day.

    Where the election has no date any day will do: a vote held then is forecast. Days are dates, times of a
    day, or texts such as "2023-03-19". The error of a forecast grows with the days between its polls and
    ``as_of``, and after the vote there is nothing left for it to grow towards. ``ConfigurationError`` for
    what is no day, and for later days, with what to type instead.
    """
    found = [_as_day(day, place) for day in days]
    vote = election.election.vote
    if vote is None:
        return found
    late = sorted({day for day in found if day > vote})
    if late:
        shown = str(late[0]) if len(late) == 1 else f"{late[0]} to {late[-1]}"
        eve = vote - datetime.timedelta(1)
        written = f"{place} {{}}" if place.startswith("-") else f"{place}={{}}"
        last = f"type {written.format(vote)}, or {written.format(eve)} for its eve"
        ranges = "" if len(late) == 1 else f"; a range ends on {vote} at the latest"
        remedy = f"after the election of {vote}, where a forecast of it stops; {last}{ranges}"
        raise ConfigurationError(Fault(place, "", shown, remedy))
    return found


def _as_day(value: object, place: str) -> datetime.date:
    if isinstance(value, datetime.datetime):  # and with it pandas' timestamps
        return value.date()
    try:
        return parse_day(value)
    except ValueError as error:
        raise ConfigurationError(Fault(place, "", value, str(error))) from None


MOST_DAYS = 1_000
"""Days that one series holds at most."""

_STEP = re.compile(r"([1-9][0-9]{0,3})([dw])")


def parse_days(texts: Sequence[str], place: str = OPTION) -> list[datetime.date]:
    """Days of all texts in rising order, each once.

    A text is a day (2023-03-15) or FROM:TO:STEP, with a step of days or weeks (7d, 2w; default 1d) counted
    from FROM; TO is the last day that can be reached. ``place`` names them in messages.
    ``ConfigurationError`` with every text that is neither.
    """
    faults: list[Fault] = []
    days: set[datetime.date] = set()
    for text in texts:
        found = _days_of(text, place)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            days.update(found)
    if faults:
        raise ConfigurationError(*faults)
    if len(days) > MOST_DAYS:
        remedy = f"that is {len(days):,} days; at most {MOST_DAYS:,} make a series: take a larger step"
        raise ConfigurationError(Fault(place, "", ", ".join(texts), remedy))
    return sorted(days)


def _days_of(text: str, place: str) -> list[datetime.date] | Fault:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > 3:
        return Fault(place, "", text, "a range is FROM:TO:STEP, such as 2023-01-01:2023-03-19:7d")
    ends: list[datetime.date] = []
    for part in parts[:2]:
        try:
            ends.append(datetime.date.fromisoformat(part))
        except ValueError:
            remedy = f"'{part}' is no day; write year-month-day, such as 2023-03-15"
            return Fault(place, "", text, f"{remedy}, or a range such as 2023-01-01:2023-03-19:7d")
    if len(ends) == 1:
        return ends
    step = _STEP.fullmatch(parts[2]) if len(parts) == 3 else _STEP.fullmatch("1d")
    if step is None:
        return Fault(place, "", text, f"'{parts[2]}' is no step; write days or weeks, such as 7d or 2w")
    if ends[1] < ends[0]:
        return Fault(place, "", text, f"the range ends before it begins; {parts[1]}:{parts[0]} is meant")
    width = int(step.group(1)) * (7 if step.group(2) == "w" else 1)
    return [ends[0] + datetime.timedelta(days) for days in range(0, (ends[1] - ends[0]).days + 1, width)]
