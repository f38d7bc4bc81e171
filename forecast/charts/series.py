"""Charts of a forecast over time: what was said of the same election on several days."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from forecast.charts.colours import FAINT, SOFT, on_white
from forecast.charts.facts import SEATLESS_KINDS, said
from forecast.charts.look import PERCENT, WIDTH, Chart, finished, rows, shortened
from forecast.simulation.series import OVER_TIME
from forecast.tables.rounding import interval, whole

if TYPE_CHECKING:
    from forecast.simulation.series import Series

_PANELS = 3
_PANEL_HEIGHT = 96
_MOST_PARTIES = 24
_NAME_LETTERS = 24
_LEAST_CHANGE = 0.05
"""A chance that moved less is said not to have moved."""
_MANY_DAYS = 20
"""So many days are drawn without a mark each."""
_LONG = 120
"""Days from which an axis names months and years."""


@dataclass(frozen=True)
class Days:
    """A series over time as its charts read it."""

    series: Series

    @cached_property
    def days(self) -> list[datetime.date]:
        """Days of the forecasts; none where the series is along something else."""
        if self.series.dimension != OVER_TIME:
            return []
        return [datetime.date.fromisoformat(day) for day in self.series.labels]

    @cached_property
    def lists(self) -> list[dict[str, Any]]:
        """Parties that may hold seats and that the last day tells apart, those with the most seats first."""
        data = self.series.dataset
        columns = (data[name].values for name in ("party", "party_name", "party_colour", "party_kind"))
        found = [
            {
                "at": k,
                "party": str(party),
                "name": shortened(str(name), _NAME_LETTERS),
                "ink": on_white(str(ink)),
            }
            for k, (party, name, ink, kind) in enumerate(zip(*columns, strict=True))
            if kind not in SEATLESS_KINDS and not np.isnan(data["seat_mean"].values[-1, k])
        ]
        seats = data["seat_mean"].values[-1]
        return sorted(found, key=lambda row: -seats[row["at"]])[:_MOST_PARTIES]

    def quantile(self, wanted: float) -> np.ndarray:
        """A quantile of seats by day and party."""
        known = self.series.dataset["quantile"].values
        at = int(np.argmin(np.abs(known - wanted)))
        return np.asarray(self.series.dataset["seat_quantile"], float)[..., at]

    @property
    def caption(self) -> str:
        """Where the numbers come from."""
        attrs = self.series.dataset.attrs
        changed = str(attrs.get("settings", "")).replace("\n", ", ")
        return (
            f"{attrs['election_name']}. Forecasts as of {len(self.days)} days, each from the polls known by "
            f"its end; {int(attrs['draws']):,} simulated elections a day ({attrs['sampler']} draws, seed "
            f"{attrs['seed']}).{f' Changed for this run: {changed}.' if changed else ''}"
        )


def passing(days: Days) -> Chart | None:
    """Chance of every party to cross the threshold, by day; ``None`` for fewer than two days."""
    if len(days.days) < 2 or not days.lists:
        return None
    data = days.series.dataset
    chances, errors = (np.asarray(data[name], float) for name in ("pass_probability", "pass_mc_error"))
    panels = []
    for row in days.lists:
        k = row["at"]
        values = [
            {"day": day.isoformat(), "chance": float(chance)}
            for day, chance in zip(days.days, chances[:, k], strict=True)
            if not np.isnan(chance)
        ]
        y = alt.Y(
            "chance:Q",
            axis=alt.Axis(title=None, labelExpr=PERCENT, values=[0, 0.5, 1], gridColor=FAINT, domain=False),
            scale=alt.Scale(domain=[0, 1], nice=False),
        )
        line = alt.Chart(rows(values)).encode(x=_days_axis(days), y=y)
        panels.append(
            _panel(
                row["name"], said(float(chances[-1, k]), float(errors[-1, k])), _line(line, row["ink"], days)
            )
        )
    body = alt.concat(*panels, columns=_PANELS, spacing={"row": 20, "column": 22})
    explanation = (
        "Probability of crossing the threshold, by the day of the forecast; below each name: on the last "
        f"day, {_day(days.days[-1])}."
    )
    return finished(body, _passing_finding(days), explanation, days.caption, indent=46)


def seats(days: Days) -> Chart | None:
    """Seats of every party by day: median and 80 % interval; ``None`` for fewer than two days."""
    if len(days.days) < 2 or not days.lists:
        return None
    low, middle, high = (days.quantile(wanted) for wanted in (0.1, 0.5, 0.9))
    panels = []
    for row in days.lists:
        k = row["at"]
        values = [
            {
                "day": day.isoformat(),
                "low": float(low[d, k]),
                "seats": float(middle[d, k]),
                "high": float(high[d, k]),
            }
            for d, day in enumerate(days.days)
            if not np.isnan(middle[d, k])
        ]
        top = max(value["high"] for value in values)
        axis = alt.Axis(title=None, tickCount=3, tickMinStep=1, gridColor=FAINT, format="d", domain=False)
        scale = alt.Scale(domain=[0, max(top, 1.0)], nice=True)
        base = alt.Chart(rows(values)).encode(x=_days_axis(days))
        band = base.mark_area(color=row["ink"], opacity=0.28)
        band = band.encode(y=alt.Y("low:Q", axis=axis, scale=scale), y2="high:Q")
        line = _line(base.encode(y=alt.Y("seats:Q", axis=axis, scale=scale)), row["ink"], days)
        told = f"{whole(middle[-1, k])} ({interval(low[-1, k], high[-1, k])})"
        panels.append(_panel(row["name"], told, alt.LayerChart(layer=[band, line])))
    body = alt.concat(*panels, columns=_PANELS, spacing={"row": 20, "column": 22})
    explanation = (
        "Median seats (line) and 80 % interval (band), by the day of the forecast; below each name: on the "
        f"last day, {_day(days.days[-1])}. Each panel has its own scale."
    )
    return finished(body, _seats_finding(days, low, middle, high), explanation, days.caption, indent=36)


def _line(base: alt.Chart, ink: str, days: Days) -> alt.LayerChart:
    """A line through the days, with a mark on each where they are few."""
    marks = [base.mark_line(color=ink, strokeWidth=2.2)]
    if len(days.days) <= _MANY_DAYS:
        marks.append(base.mark_point(color=ink, fill="white", size=26, opacity=1, strokeWidth=1.6))
    return alt.LayerChart(layer=marks)


def _panel(name: str, told: str, body: alt.LayerChart) -> Chart:
    title = alt.TitleParams(
        name, subtitle=told, anchor="start", fontSize=12, subtitleFontSize=12, subtitleColor=SOFT, offset=6
    )
    return body.properties(width=(WIDTH - 60) / _PANELS - 30, height=_PANEL_HEIGHT, title=title)


def _days_axis(days: Days) -> alt.X:
    long = (days.days[-1] - days.days[0]).days > _LONG
    axis = alt.Axis(title=None, format="%b %y" if long else "%-d %b", tickCount=3, grid=False)
    return alt.X("day:T", axis=axis)


def _passing_finding(days: Days) -> str:
    """Whose chance moved most from the first day on which it was told to the last."""
    data = days.series.dataset
    chances, errors = (np.asarray(data[name], float) for name in ("pass_probability", "pass_mc_error"))
    moved = []
    for row in days.lists:
        known = np.flatnonzero(~np.isnan(chances[:, row["at"]]))
        first, last = int(known[0]), int(known[-1])
        moved.append((abs(chances[last, row["at"]] - chances[first, row["at"]]), row, first, last))
    change, row, first, last = max(moved, key=lambda one: one[0])
    if change < _LEAST_CHANGE:
        ends = f"{_day(days.days[-1])} as on {_day(days.days[0])}"
        return f"Chances to enter: the same on {ends}, to within 5 points"
    k = row["at"]
    before, after = (said(float(chances[at, k]), float(errors[at, k])) for at in (first, last))
    verb = "up" if chances[last, k] > chances[first, k] else "down"
    return f"{row['name']}: chance to enter {verb} from {before} on {_day(days.days[first])} to {after}"


def _seats_finding(days: Days, low: np.ndarray, middle: np.ndarray, high: np.ndarray) -> str:
    row = days.lists[0]
    k = row["at"]
    first = int(np.flatnonzero(~np.isnan(middle[:, k]))[0])
    width, before = (interval(low[at, k], high[at, k]) for at in (-1, first))
    text = f"{row['name']}: {width} seats in four of five simulations"
    if width == before:
        return f"{text}, as on {_day(days.days[first])}"
    return f"{text}, after {before} on {_day(days.days[first])}"


def _day(day: datetime.date) -> str:
    return f"{day.day} {day:%B %Y}"
