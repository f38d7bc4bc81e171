"""Whether an election can be forecast: how large it may be, and a day at whose end, none after the vote."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from forecast.election.texts import parse_day
from forecast.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from forecast.election.schema import Election


MOST_NUMBERS = 100_000
"""Parties and coalitions times seats: a forecast of so many takes 0.8 GB, most of it for the page's rules."""


def refuse_size(election: Election) -> None:
    """``ConfigurationError`` for more numbers of seats by party and coalition than a forecast holds."""
    subjects = len(election.parties) + len(election.coalitions)
    if subjects * election.rule.seats > MOST_NUMBERS:
        remedy = (
            f"times {subjects:,} parties and coalitions this is more than a forecast holds "
            f"({MOST_NUMBERS:,}); count small parties as other, or ask for fewer coalitions"
        )
        raise ConfigurationError(Fault(election.place, "rule.seats", election.rule.seats, remedy))


AS_OF = "as_of"
"""What Python calls the day; ``--as-of`` on the command line."""


def day_of_forecast(election: Election, as_of: object, place: str = AS_OF) -> datetime.date:
    """``as_of`` as a day on which the election can still be forecast (see ``days_of_forecasts``)."""
    return days_of_forecasts(election, [as_of], place)[0]


def days_of_forecasts(election: Election, days: Sequence[object], place: str = AS_OF) -> list[datetime.date]:
    """Days at whose end the election can still be forecast: none is later than election day.

    Days are dates, times of a day, or texts such as "2023-03-19". The error of a forecast grows with the days
    between its polls and ``as_of``, and after the vote there is nothing left for it to grow towards.
    ``ConfigurationError`` for what is no day, and for later days, with what to type instead.
    """
    found = [_as_day(day, place) for day in days]
    vote = election.election.date
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
