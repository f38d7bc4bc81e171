"""One election forecast as of many days: what the polls said, and when they said it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.election.days import days_of_forecasts
from forecast.errors import ABSENT, Fault, PollDataError
from forecast.estimation import estimate
from forecast.simulation.forecasting import simulate_election
from forecast.simulation.running import Progress
from forecast.simulation.series import OVER_TIME, Along, Series, said_of_each, stacked

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.polls import PollTable


def simulate_over_time(
    election: Election,
    polls: PollTable,
    days: Sequence[datetime.date],
    *,
    draws: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Series:
    """The forecast at the end of each of ``days``, each from what was known then.

    Every day is drawn with the same random numbers, so that the differences between days are those of the
    polls; each is what a run as of that day gives. Days before the first national poll are left out, which
    ``warnings`` among the attributes say. ``PollDataError`` where none remains, ``ConfigurationError`` for
    days after the election, and as ``estimate`` raises.
    """
    wanted = sorted(set(days_of_forecasts(election, days)))
    usable, warnings = _with_polls(polls, wanted)
    forecasts, used = [], []
    for day in usable:
        estimated = estimate(election, polls, day)
        used.append(int(np.count_nonzero(estimated.polls["weight"].to_numpy(np.float64) > 0.0)))
        forecasts.append(
            simulate_election(
                election,
                estimated,
                draws=draws,
                seed=seed,
                sampler=sampler,
                threads=threads,
                progress=progress,
            )
        )
    counted = {"long_name": "polls with weight in the mean", "units": "1"}
    along = Along(
        OVER_TIME,
        np.array(usable, "datetime64[ns]"),
        "day at whose end the forecast is made",
        {"polls": (np.array(used), counted)},
    )
    series = stacked(forecasts, along, [party.id for party in election.parties])
    each = [list(forecast.dataset.attrs["warnings"]) for forecast in forecasts]
    said = said_of_each([str(day) for day in usable], each, _these_days)
    return Series(series.dataset.assign_attrs(warnings=[*warnings, *said]))


def _these_days(days: Sequence[str]) -> str:
    return days[0] if len(days) == 1 else f"on {len(days)} days from {days[0]} to {days[-1]}"


def _with_polls(polls: PollTable, days: Sequence[datetime.date]) -> tuple[list[datetime.date], list[str]]:
    """The days on which some national poll is known, and what is said of the others."""
    if not len(polls.national):
        remedy = (
            "the table holds no national poll; those of one city or of some parties only make no estimate"
        )
        raise PollDataError(Fault(polls.place, "", ABSENT, remedy))
    first: datetime.date = polls.national.polls["known"].min().date()
    early = [day for day in days if day < first]
    usable = [day for day in days if day >= first]
    if not usable:
        remedy = f"no poll is known on any of the days asked for; the earliest is known from {first}"
        raise PollDataError(Fault(polls.place, "", ABSENT, remedy))
    if not early:
        return usable, []
    those = str(early[0]) if len(early) == 1 else f"{len(early)} days from {early[0]} to {early[-1]}"
    return usable, [f"left out, before the first poll was known ({first}): {those}"]
