"""Charts of a forecast over time: what was said of the same election on several days."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    FAINT,
    WIDTH,
    Chart,
    Spec,
    called,
    day,
    finished,
    layered,
    mark,
    number,
    on_white,
    panels,
    shares_axis,
    title,
)
from forecast.charts.parties import PANELS
from forecast.variables import SEATLESS_KINDS, error_of
from forecast.words.facts import changed_for_this_run, said
from forecast.words.rounding import interval, whole

if TYPE_CHECKING:
    from forecast.result import Forecast

_MOST_PARTIES = 24
_LEAST_CHANGE = 0.05
"""A chance that moved less is said not to have moved."""
_MANY_DAYS = 20
"""So many days are drawn without a mark each."""
_LONG = 120
"""Days from which an axis names months and years."""


@dataclass(frozen=True)
class Days:
    """Forecasts of several days as their charts read them."""

    forecast: Forecast

    @cached_property
    def days(self) -> list[datetime.date]:
        """Days of the forecasts."""
        return [datetime.date.fromisoformat(one) for one in self.forecast.ticks["as_of"]]

    @cached_property
    def lists(self) -> list[dict[str, Any]]:
        """Parties that may hold seats and that the last day tells apart, those with the most seats first."""
        seats = self.forecast.array("seat_mean")[-1]
        names = ("party", "party_name", "party_short", "party_colour", "party_kind")
        columns = zip(*(self.forecast.names(one) for one in names), strict=True)
        found = [
            {
                "at": k,
                "party": party,
                "name": called({"name": title, "short": short}, 24),
                "ink": on_white(colour),
            }
            for k, (party, title, short, colour, kind) in enumerate(columns)
            if kind not in SEATLESS_KINDS and not np.isnan(seats[k])
        ]
        return sorted(found, key=lambda row: -seats[row["at"]])[:_MOST_PARTIES]

    @property
    def caption(self) -> str:
        """Where the numbers come from."""
        attrs = self.forecast.attrs
        return (
            f"{attrs['election_name']}. Forecasts as of {len(self.days)} days, each from the polls known by "
            f"its end; {self.forecast.draws:,} simulated elections a day ({attrs['sampler']} draws, seed "
            f"{attrs['seed']}).{changed_for_this_run(attrs)}"
        )


def passing(forecast: Forecast) -> Chart | None:
    """Chance of every party to cross the threshold, by day; ``None`` for fewer than two days."""
    days = Days(forecast)
    if len(days.days) < 2 or not days.lists:
        return None
    chances, errors = (forecast.array(path) for path in ("pass_probability", error_of("pass_probability")))
    scale = {"domain": [0, 1], "nice": False}
    y = number(
        "chance", scale=scale, **shares_axis(title=None, values=[0, 0.5, 1], gridColor=FAINT, domain=False)
    )
    parts = []
    for row in days.lists:
        k = row["at"]
        values = [
            {"day": one.isoformat(), "chance": float(chance)}
            for one, chance in zip(days.days, chances[:, k], strict=True)
            if not np.isnan(chance)
        ]
        text = said(float(chances[-1, k]), float(errors[-1, k]))
        parts.append(_panel(row, text, values, *_line(days, y, row["ink"])))
    meaning = forecast["pass_probability"].attrs["long_name"].capitalize()
    explanation = (
        f"{meaning}, by the day of the forecast; below each name: on the last day, {_said(days.days[-1])}."
    )
    return finished(
        panels(parts, PANELS), _passing_finding(days, chances, errors), explanation, days.caption, indent=46
    )


def seats(forecast: Forecast) -> Chart | None:
    """Seats of every party by day: median and 80 % interval; ``None`` for fewer than two days."""
    days = Days(forecast)
    if len(days.days) < 2 or not days.lists:
        return None
    low, middle, high = (forecast.array("seat_quantile")[..., k] for k in (1, 3, 5))
    parts = []
    for row in days.lists:
        k = row["at"]
        values = [
            {
                "day": one.isoformat(),
                "low": float(low[d, k]),
                "seats": float(middle[d, k]),
                "high": float(high[d, k]),
            }
            for d, one in enumerate(days.days)
            if not np.isnan(middle[d, k])
        ]
        axis = {
            "title": None,
            "tickCount": 3,
            "tickMinStep": 1,
            "gridColor": FAINT,
            "format": "d",
            "domain": False,
        }
        scale = {"domain": [0, max(1.0, *(value["high"] for value in values))], "nice": True}
        band = {"x": _days_axis(days), "y": number("low", axis=axis, scale=scale), "y2": {"field": "high"}}
        lines = _line(days, number("seats", axis=axis, scale=scale), row["ink"])
        text = f"{whole(middle[-1, k])} ({interval(low[-1, k], high[-1, k])})"
        parts.append(
            _panel(row, text, values, mark("area", None, band, color=row["ink"], opacity=0.28), *lines)
        )
    explanation = (
        "Median seats (line) and 80 % interval (band), by the day of the forecast; below each name: on the "
        f"last day, {_said(days.days[-1])}. Each panel has its own scale."
    )
    finding = _seats_finding(days, low, middle, high)
    return finished(panels(parts, PANELS), finding, explanation, days.caption, indent=36)


def _line(days: Days, y: Spec, ink: str) -> list[Spec]:
    """A line through the days, with a mark on each where they are few."""
    places = {"x": _days_axis(days), "y": y}
    layers = [mark("line", None, places, color=ink, strokeWidth=2.2)]
    if len(days.days) <= _MANY_DAYS:
        layers.append(
            mark("point", None, places, color=ink, fill="white", size=26, opacity=1, strokeWidth=1.6)
        )
    return layers


def _panel(row: dict[str, Any], text: str, values: list[dict[str, Any]], *layers: Spec) -> Spec:
    about = title(row["name"], text, offset=6)
    size = {"width": (WIDTH - 60) / PANELS - 30, "height": 96}
    return layered(*layers, data={"values": values}, **size, **about)


def _days_axis(days: Days) -> Spec:
    long = (days.days[-1] - days.days[0]).days > _LONG
    axis = {"title": None, "format": "%b %y" if long else "%-d %b", "tickCount": 3, "grid": False}
    return day("day", axis=axis)


def _passing_finding(days: Days, chances: np.ndarray, errors: np.ndarray) -> str:
    """Whose chance moved most from the first day on which it was told to the last."""
    moved = []
    for row in days.lists:
        known = np.flatnonzero(~np.isnan(chances[:, row["at"]]))
        first, last = int(known[0]), int(known[-1])
        moved.append((abs(chances[last, row["at"]] - chances[first, row["at"]]), row, first, last))
    change, row, first, last = max(moved, key=lambda one: one[0])
    if change < _LEAST_CHANGE:
        ends = f"{_said(days.days[-1])} as on {_said(days.days[0])}"
        return f"Chances to enter: the same on {ends}, to within 5 points"
    k = row["at"]
    before, after = (said(float(chances[d, k]), float(errors[d, k])) for d in (first, last))
    verb = "up" if chances[last, k] > chances[first, k] else "down"
    return f"{row['name']}: chance to enter {verb} from {before} on {_said(days.days[first])} to {after}"


def _seats_finding(days: Days, low: np.ndarray, middle: np.ndarray, high: np.ndarray) -> str:
    row = days.lists[0]
    k = row["at"]
    first = int(np.flatnonzero(~np.isnan(middle[:, k]))[0])
    width, before = (interval(low[d, k], high[d, k]) for d in (-1, first))
    text = f"{row['name']}: {width} seats in four of five simulations"
    if width == before:
        return f"{text}, as on {_said(days.days[first])}"
    return f"{text}, after {before} on {_said(days.days[first])}"


def _said(one: datetime.date) -> str:
    return f"{one.day} {one:%B %Y}"
