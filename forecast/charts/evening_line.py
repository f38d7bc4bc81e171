"""Charts of an evening: chances and seats from one estimate to the next, a panel each."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    ACCENT,
    FAINT,
    Chart,
    Data,
    Rows,
    Spec,
    as_it_is,
    called,
    finished,
    ink_of,
    inline,
    layered,
    mark,
    number,
    panels,
    shares_axis,
    title,
    was_open,
)
from forecast.charts.parties import MOST_PANELS, PANEL_WIDTH, PANELS
from forecast.night.evening import shown_times
from forecast.words.facts import said
from forecast.words.rounding import interval, whole

if TYPE_CHECKING:
    from forecast.words.facts import Facts

_HEIGHT = 90
_FEW = 20
"""So many estimates are drawn with a mark each."""
_OPEN = 0.005
"""Chances nearer to none or all are taken as settled."""
_SHORT, _LONG = 1.0, 60.0
"""Minutes between two estimates are drawn as at least the one, and at most the other: a night in which little
is counted after three would else be a line of nothing.
"""


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
    return {"width": width, "height": _HEIGHT}


def _x(evening: Evening, width: float) -> Spec:
    return number("at", axis=evening.axis(int(width / 60)), scale={"zero": False, "nice": False})


def _line(data: Data, evening: Evening, y: Spec, width: float, **look: str) -> list[Spec]:
    places = {"x": _x(evening, width), "y": y, "color": as_it_is("ink")}
    layers = [mark("line", data("line"), places, strokeWidth=2.2, **look)]
    if len(evening.at) <= _FEW:
        layers.append(mark("point", data("line"), places, fill="white", size=26, opacity=1, strokeWidth=1.6))
    return layers


def evening_chances(facts: Facts) -> Chart | None:
    """Chances of an evening by the time of the estimate; ``None`` without two of them."""
    return _chart(facts, "chances")


def evening_seats(facts: Facts) -> Chart | None:
    """Seats of an evening by the time of the estimate; ``None`` without two of them."""
    return _chart(facts, "seats")


def _chart(facts: Facts, what: str) -> Chart | None:
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
