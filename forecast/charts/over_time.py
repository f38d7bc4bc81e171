"""Charts of a forecast over time: what was said of the same election on several days, and of an evening
from one estimate to the next.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecast.charts.drawing import (
    ACCENT,
    FAINT,
    Chart,
    Data,
    Rows,
    Spec,
    as_it_is,
    at,
    called,
    finished,
    ink_of,
    inline,
    layered,
    mark,
    number,
    on_white,
    panels,
    shares_axis,
    title,
    was_open,
    whole_axis,
)
from forecast.charts.parties import MOST_PANELS, PANEL_WIDTH, PANELS
from forecast.charts.trend_and_record import days_axis
from forecast.variables import SEATLESS_KINDS, error_of
from forecast.words.facts import changed_for_this_run, said
from forecast.words.rounding import interval, percent, percent_interval, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.result import Forecast
    from forecast.words.facts import Facts


_MOST_PARTIES = 24
_LEAST_CHANGE = 0.05
"""A chance that moved less is said not to have moved."""
_MANY_DAYS = 20
"""So many days are drawn without a mark each."""
_HEIGHT = 96
_PANEL_HEIGHT = 90
_FEW = 20
"""So many estimates are drawn with a mark each."""
_OPEN = 0.005
"""Chances nearer to none or all are taken as settled."""
_SHORT, _LONG = 1.0, 60.0
"""Minutes between two estimates are drawn as at least the one, and at most the other: a night in which little
is counted after three would else be a line of nothing.
"""


# Days.


@dataclass(frozen=True)
class Measure:
    """A number of parties or coalitions that is told over time: its path, what its rows call it, its axis."""

    path: str
    field: str
    axis: Literal["chances", "shares", "seats"]

    @property
    def quantiles(self) -> bool:
        """Whether it has an interval beside its median."""
        return self.path.endswith("quantile")

    def of(self, forecast: Forecast, k: int) -> dict[str, np.ndarray]:
        """Values by day of the ``k``-th party or coalition, by what rows call them."""
        values = forecast.array(self.path)[:, k]
        if not self.quantiles:
            return {self.field: values}
        return {"low": values[:, 1], self.field: values[:, 3], "high": values[:, 5]}


PASSING = Measure("pass_probability", "chance", "chances")
SEATS = Measure("seat_quantile", "seats", "seats")
SHARES = Measure("share_quantile", "share", "shares")
MAJORITIES = Measure("majority_probability", "chance", "chances")


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
    parts = _panels(days, PASSING)
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
    explanation = (
        "Median seats (line) and 80 % interval (band), by the day of the forecast; below each name: on the "
        f"last day, {_said(days.days[-1])}. Each panel has its own scale."
    )
    finding = _seats_finding(days, low, middle, high)
    return finished(panels(_panels(days, SEATS), PANELS), finding, explanation, days.caption, indent=36)


def _panels(days: Days, measure: Measure) -> list[Spec]:
    """A panel a party, with its name and what was said last."""
    found = []
    for row in days.lists:
        rows = {"days": panel_rows(days, measure, row["at"], row["ink"])}
        about = title(row["name"], said_last(days.forecast, measure, row["at"]), offset=6)
        found.append(panel_body(inline(rows), days.days, measure) | about)
    return found


def panel_rows(days: Days, measure: Measure, k: int, ink: str) -> Rows:
    """The days on which a number is known, and what it is."""
    columns = {name: values.tolist() for name, values in measure.of(days.forecast, k).items()}
    return [
        {"day": day.isoformat(), "at": day.toordinal(), "ink": ink}
        | {name: one[d] for name, one in columns.items()}
        for d, day in enumerate(days.days)
        if columns[measure.field][d] == columns[measure.field][d]
    ]


def panel_body(
    data: Data, days: Sequence[datetime.date], measure: Measure, width: float = PANEL_WIDTH
) -> Spec:
    """One panel: a line through the days, with a mark on each where they are few, and the 80 % interval where
    there is one.
    """
    first, last = days[0].toordinal(), days[-1].toordinal()
    axis = days_axis(first, last, most=int(width / 56))
    x = number("at", axis=axis, scale={"domain": [first, last], "nice": False})
    y, ink = _y_axis(measure), as_it_is("ink")
    places = {"x": x, "y": {**y, "field": measure.field}, "color": ink}
    layers = [mark("line", None, places, strokeWidth=2.2)]
    if measure.quantiles:
        band = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": ink}
        layers.insert(0, mark("area", None, band, opacity=0.28))
    if len(days) <= _MANY_DAYS:
        ring = {**places, "color": at("white"), "stroke": ink}
        layers.append(mark("circle", None, ring, size=26, opacity=1, strokeWidth=1.6))
    return layered(*layers, data=data("days"), width=width, height=_HEIGHT)


def _y_axis(measure: Measure) -> Spec:
    """Chances from none to all; shares and seats from none, to a tick."""
    about = {"title": None, "gridColor": FAINT, "domain": False, "minExtent": 42, "maxExtent": 42}
    if measure.axis == "chances":
        return number(
            "chance", scale={"domain": [0, 1], "nice": False}, **shares_axis(values=[0, 0.5, 1], **about)
        )
    scale = {"zero": True, "nice": 3}
    if measure.axis == "shares":
        return number(measure.field, scale=scale, **shares_axis(tickCount=3, **about))
    return number(measure.field, scale=scale, axis=whole_axis(tickCount=3, **about))


def said_last(forecast: Forecast, measure: Measure, k: int) -> str:
    """What the last day says, in words."""
    last = {name: float(values[-1]) for name, values in measure.of(forecast, k).items()}
    if not measure.quantiles:
        return said(last[measure.field], float(forecast.array(error_of(measure.path))[-1, k]))
    if measure.axis == "seats":
        return f"{whole(last[measure.field])} ({interval(last['low'], last['high'])})"
    return f"{percent(last[measure.field])} ({percent_interval(last['low'], last['high'])})"


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


# An evening.


def evening_chances(facts: Facts) -> Chart | None:
    """Chances of an evening by the time of the estimate; ``None`` without two of them."""
    return _chart(facts, "chances")


def evening_seats(facts: Facts) -> Chart | None:
    """Seats of an evening by the time of the estimate; ``None`` without two of them."""
    return _chart(facts, "seats")


def _chart(facts: Facts, what: str) -> Chart | None:
    from forecast.night.evening import shown_times

    if "evening/moment" not in facts.forecast or len(facts.forecast.array("evening/moment")) < 2:
        return None
    evening = Evening(facts)
    of = evening.chances() if what == "chances" else evening.seats()
    rows, body = (evening.chance_rows, chances_body) if what == "chances" else (evening.seat_rows, seats_body)
    parts = [body(inline(rows(one)), evening) | title(one["name"], one["said"]) for one in of]
    if not parts:
        return None
    first, *_, last = shown_times(facts.forecast)
    told = {
        "chances": "Chance to enter, or of a majority, of those that were open at some time",
        "seats": "Median seats (line) and 80 % interval (band); each panel has its own scale",
    }[what]
    explanation = (
        f"{told}, from {first} to {last}; below each name: the last estimate. Long pauses are shortened."
    )
    finding = (
        f"{of[0]['name']}: {of[0]['said']} at {last}" + (" seats" if what == "seats" else "")
        if len(of) == 1
        else f"The evening from {first} to {last}"
    )
    return finished(panels(parts, PANELS), finding, explanation, facts.caption, indent=46)


@dataclass(frozen=True)
class Evening:
    """The evening of a forecast as its charts read it."""

    facts: Facts

    @cached_property
    def at(self) -> list[float]:
        """Where each estimate stands, in minutes; long pauses are shortened."""
        forecast = self.facts.forecast
        sources, own = (forecast.names(f"evening/{name}_time") for name in ("source", "estimate"))
        times = [_minutes(source or time) for source, time in zip(sources, own, strict=True)]
        steps = np.clip(np.diff(times), _SHORT, _LONG)
        return [0.0, *np.cumsum(steps).tolist()]

    def axis(self, most: int) -> Spec:
        """The axis of time: the clock at some of the estimates."""
        from forecast.night.evening import shown_times

        times, at = shown_times(self.facts.forecast), self.at
        wanted = np.linspace(0.0, at[-1], max(most, 2))
        chosen = sorted({int(np.argmin(np.abs(np.array(at) - one))) for one in wanted})
        labels = ", ".join(f"'{at[k]:g}': '{times[k]}'" for k in chosen)
        return {
            "title": None,
            "grid": False,
            "values": [round(at[k], 6) for k in chosen],
            "labelExpr": f"({{{labels}}})[format(datum.value, '~g')]",
            "labelOverlap": True,
        }

    def chances(self) -> list[dict[str, Any]]:
        """Whose chance was open at some time: entries of parties, majorities of coalitions; of all parties
        where nothing was.
        """
        forecast = self.facts.forecast
        entries = forecast.array("evening/pass_probability")
        majorities = forecast.array("evening/majority_probability")
        of = [
            {"name": called(row, 24), "ink": ink_of(row), "chances": entries[:, k],
             "said": said(row["pass_probability"], row["pass_mc_error"])}
            for row in self.facts.lists
            for k in (forecast.parties.index(row["party"]),)
        ]  # fmt: skip
        of += [
            {"name": row["name"], "ink": ACCENT, "chances": majorities[:, k],
             "said": said(row["majority_probability"], row["majority_mc_error"])}
            for k, row in enumerate(self.facts.coalitions)
        ]  # fmt: skip
        open_ = [one for one in of if was_open(one["chances"], _OPEN)]
        return (open_ or of)[:MOST_PANELS]

    def chance_rows(self, one: dict[str, Any]) -> dict[str, Rows]:
        """Rows of one panel of chances."""
        pairs = zip(self.at, one["chances"].tolist(), strict=True)
        return {
            "line": [{"at": at, "value": value, "ink": one["ink"]} for at, value in pairs if value == value]
        }

    def seats(self) -> list[dict[str, Any]]:
        """Parties that had seats in some estimate, the largest first."""
        forecast = self.facts.forecast
        quantiles = np.nan_to_num(forecast.array("evening/seat_quantile"))
        found = []
        for row in self.facts.lists:
            of = quantiles[:, forecast.parties.index(row["party"])][:, [1, 3, 5]]
            if of.max() > 0:
                low, middle, high = of[-1].tolist()
                text = whole(middle) + ("" if low == high else f" ({interval(low, high)})")
                found.append({"name": called(row, 24), "ink": ink_of(row), "seats": of, "said": text})
        return found[:MOST_PANELS]

    def seat_rows(self, one: dict[str, Any]) -> dict[str, Rows]:
        """Rows of one panel of seats."""
        rows = zip(self.at, one["seats"].tolist(), strict=True)
        return {
            "line": [
                {"at": at, "value": middle, "low": low, "high": high, "ink": one["ink"]}
                for at, (low, middle, high) in rows
            ]
        }


def _minutes(time: str) -> float:
    found = datetime.datetime.fromisoformat(time)
    zone = found.tzinfo or datetime.UTC
    return found.replace(tzinfo=zone).timestamp() / 60.0


def chances_body(data: Data, evening: Evening, width: float = PANEL_WIDTH) -> Spec:
    """One panel: a chance from estimate to estimate."""
    scale = {"domain": [0, 1], "nice": False}
    look = shares_axis(
        title=None, values=[0, 0.5, 1], gridColor=FAINT, domain=False, minExtent=42, maxExtent=42
    )
    return layered(*_line(data, evening, number("value", scale=scale, **look), width), **_size(width))


def seats_body(data: Data, evening: Evening, width: float = PANEL_WIDTH) -> Spec:
    """One panel: seats from estimate to estimate, with their 80 % interval."""
    axis = {"title": None, "tickCount": 3, "tickMinStep": 1, "gridColor": FAINT}
    axis |= {"labelExpr": "datum.value % 1 ? '' : format(datum.value, 'd')"}
    axis |= {"domain": False, "minExtent": 30, "maxExtent": 30}
    scale = {"zero": False, "nice": True}
    y = number("value", axis=axis, scale=scale)
    band = {
        "x": _x(evening, width),
        "y": number("low", axis=axis, scale=scale),
        "y2": {"field": "high"},
        "color": as_it_is("ink"),
    }
    area = mark("area", data("line"), band, opacity=0.28, interpolate="step-after")
    return layered(area, *_line(data, evening, y, width, interpolate="step-after"), **_size(width))


def _size(width: float) -> Spec:
    return {"width": width, "height": _PANEL_HEIGHT}


def _x(evening: Evening, width: float) -> Spec:
    return number("at", axis=evening.axis(int(width / 60)), scale={"zero": False, "nice": False})


def _line(data: Data, evening: Evening, y: Spec, width: float, **look: str) -> list[Spec]:
    places = {"x": _x(evening, width), "y": y, "color": as_it_is("ink")}
    layers = [mark("line", data("line"), places, strokeWidth=2.2, **look)]
    if len(evening.at) <= _FEW:
        layers.append(mark("point", data("line"), places, fill="white", size=26, opacity=1, strokeWidth=1.6))
    return layers
