"""Charts of parties: who enters, shares, seats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    EMPTY,
    INK,
    SOFT,
    WIDTH,
    Chart,
    Data,
    Rows,
    Spec,
    as_it_is,
    at,
    beside,
    called,
    finished,
    ink_of,
    inline,
    layered,
    level_line,
    mark,
    name,
    number,
    panels,
    shares_axis,
    title,
)
from forecast.words import headlines
from forecast.words.rounding import interval, percent, whole

if TYPE_CHECKING:
    from forecast.words.facts import Facts

ROW = 26
PANELS = 3
PANEL_WIDTH = (WIDTH - 60) / PANELS
_PANEL_HEIGHT = 72
_DRAWN_FROM = 0.01
"""Parties with a smaller chance of any seat are named in the text instead of drawn."""
_SEEN_FROM = 2e-4
"""Numbers of seats with a smaller chance at the ends of a distribution are left out."""


def name_width(width: float) -> float:
    """How much of a chart the names of parties take."""
    return 215 if width >= 500 else 130


def names_column(data: Spec, width: float, *, beside_it: str = "", row: float = ROW) -> Spec:
    """The names in a column of their own, with a text of each row at its right end."""
    y = {"y": name("party", axis=None)}
    layers = [mark("text", None, {**y, "x": at(0), "text": name("name")}, align="left")]
    if beside_it:
        right = {**y, "x": at(name_width(width)), "text": name(beside_it)}
        layers.append(mark("text", None, right, align="right", fontWeight="bold"))
    return layered(*layers, data=data, width=name_width(width), height={"step": row})


def told(facts: Facts, width: float) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Options that the polls tell apart, and what every chart says of each."""
    letters = int(name_width(width) / 8.6) - 1
    return [
        (row, {"party": row["party"], "name": called(row, letters), "ink": ink_of(row)})
        for row in facts.parties
        if row["told"]
    ]


# Who enters.


def entering_rows(facts: Facts, width: float = WIDTH) -> dict[str, Rows]:
    """The chance of every option, and how it is said."""
    return {
        "parties": [
            about
            | {
                "chance": 0.0 if row["seatless"] else row["pass_probability"],
                "text": row["chance"],
                "soft": EMPTY if row["seatless"] else INK,
            }
            for row, about in told(facts, width)
        ]
    }


def entering_body(data: Data, meaning: str, width: float = WIDTH) -> Spec:
    """Bars with their texts, names to the left; ``meaning`` says what the chance is of."""
    y = name("party", axis=None)
    x = number(
        "chance",
        scale={"domain": [0, 1]},
        title=meaning if width >= 500 else None,
        **shares_axis(values=[0, 0.25, 0.5, 0.75, 1] if width >= 500 else [0, 0.5, 1]),
    )
    bars = mark("bar", None, {"x": x, "y": y, "color": as_it_is("ink")}, height=15)
    texts = {"x": number("chance"), "y": y, "text": name("text"), "color": as_it_is("soft")}
    room = 85 if width >= 500 else 70
    plot = layered(
        bars,
        mark("text", None, texts, align="left", dx=6, fontSize=12),
        data=data("parties"),
        width=width - name_width(width) - room,
        height={"step": ROW},
    )
    return beside(names_column(data("parties"), width), plot, spacing=12)


def entering_said(facts: Facts) -> str:
    """What the chance to pass means under the rule."""
    return str(facts.forecast["pass_probability"].attrs["long_name"]).capitalize()


def entering(facts: Facts) -> Chart:
    """Chance of every party to cross the threshold, as bars."""
    meaning = entering_said(facts)
    explanation = f"{meaning}, in whatever way the rule allows it."
    body = entering_body(inline(entering_rows(facts)), meaning)
    return finished(body, headlines.entering(facts), explanation + _untold(facts), facts.caption)


# Shares.

_ENDS = ("low95", "low80", "low50", "median", "high50", "high80", "high95")


def shares_rows(facts: Facts, width: float = WIDTH) -> dict[str, Rows]:
    """Ends of the intervals, the last result, and the threshold."""
    level = facts.level
    return {
        "parties": [
            about
            | {end: row[f"share_{end}"] for end in _ENDS}
            | {"text": percent(row["share_median"]), "last": row.get("last_share")}
            for row, about in told(facts, width)
        ],
        "level": []
        if level is None
        else [{"level": level, "text": f"threshold {headlines.level_text(level)}"}],
    }


def shares_body(data: Data, width: float = WIDTH) -> Spec:
    """Intervals over each other, the median, the last result, the threshold."""
    y, ink = name("party", axis=None), as_it_is("ink")
    x = number(
        "low95",
        title="Share of the valid votes" if width >= 500 else None,
        scale={"zero": True},
        **shares_axis(tickCount=width / 90),
    )
    layers = [
        mark("rule", None, {"x": x, "x2": {"field": "high95"}, "y": y, "color": ink}, strokeWidth=2),
        *(
            mark(
                "bar",
                None,
                {"x": number(f"low{part}"), "x2": {"field": f"high{part}"}, "y": y, "color": ink},
                height=height,
            )
            for part, height in ((80, 7), (50, 14))
        ),
        mark("tick", None, {"x": number("median"), "y": y}, thickness=2.5, size=18, color=INK, opacity=1),
        mark(
            "point",
            None,
            {"x": number("last"), "y": y},
            shape="diamond",
            size=46,
            color=INK,
            fill="white",
            strokeWidth=1.3,
            opacity=1,
        )
        | {"transform": [{"filter": "isValid(datum.last)"}]},
        level_line(data("level")),
        mark(
            "text",
            data("level"),
            {"x": number("level"), "y": at(-3), "text": name("text")},
            align="left",
            baseline="bottom",
            dx=4,
            fontSize=11,
            color=SOFT,
        ),
    ]
    plot = layered(*layers, data=data("parties"), width=width - name_width(width) - 40, height={"step": ROW})
    return beside(names_column(data("parties"), width, beside_it="text"), plot, spacing=16)


def shares(facts: Facts) -> Chart:
    """Shares of the vote with their 50, 80 and 95 % intervals, and the threshold."""
    tables = shares_rows(facts)
    explanation = (
        "Median (number, black tick), 50 % (thick), 80 % (medium) and 95 % (thin) intervals of the share."
    )
    if any(row["last"] is not None for row in tables["parties"]):
        explanation += " White diamond: last election."
    body = shares_body(inline(tables))
    return finished(body, headlines.shares(facts), explanation + _untold(facts), facts.caption)


# Seats.


def seats_drawn(facts: Facts) -> list[dict[str, Any]]:
    """Parties with a chance of a seat that is worth a panel."""
    return [row for row in facts.lists if 1.0 - facts.seat_chances[row["party"]][0] >= _DRAWN_FROM]


def seats_rows(facts: Facts, row: dict[str, Any]) -> dict[str, Rows]:
    """The distribution of seats of one party: a bar from and to a number, and the median."""
    chances = facts.seat_chances[row["party"]]
    held = np.flatnonzero(chances > _SEEN_FROM)
    low, high = (int(held[0]), int(held[-1])) if len(held) else (0, 0)
    low = 0 if low < 0.4 * high else low
    ink = ink_of(row)
    return {
        "bars": [
            {"from": n - 0.4, "to": n + 0.4, "chance": float(chances[n]), "ink": ink if n else EMPTY}
            for n in range(low, high + 1)
        ],
        "median": [{"seats": row["seat_median"]}],
    }


def seats_body(data: Data, width: float = PANEL_WIDTH) -> Spec:
    """Bars by number of seats; below them a mark at the median."""
    axis = {
        "title": None,
        "grid": False,
        "tickCount": 5,
        "format": "d",
        "tickMinStep": 1,
        "labelFontSize": 11,
    }
    x = number("from", axis=axis, scale={"nice": False, "zero": False, "padding": 4})
    bars = {"x": x, "x2": {"field": "to"}, "y": number("chance", axis=None), "color": as_it_is("ink")}
    point = {"x": number("seats"), "y": at(_PANEL_HEIGHT + 4)}
    return layered(
        mark("rect", data("bars"), bars | {"y2": {"datum": 0}}),
        mark("point", data("median"), point, shape="triangle-up", size=40, filled=True, color=INK, opacity=1),
        width=width,
        height=_PANEL_HEIGHT,
    )


def seats_said(facts: Facts, row: dict[str, Any]) -> str:
    """The median, the interval, and how likely no seat at all is."""
    none = float(facts.seat_chances[row["party"]][0])
    text = f"median {whole(row['seat_median'])}, 80 %: {interval(row['seat_low80'], row['seat_high80'])}"
    if none < 0.005:
        return text
    return f"{text}, none: {percent(none, 0) if none < 0.985 else '>98 %'}"


def seats(facts: Facts) -> Chart:
    """The whole distribution of seats of every party, a panel each."""
    drawn = seats_drawn(facts)
    parts = [
        seats_body(inline(seats_rows(facts, row))) | title(called(row, 24), seats_said(facts, row))
        for row in drawn
    ]
    if not parts:
        nobody = {"values": [{"text": "no party has a chance of a seat"}]}
        parts = [mark("text", nobody, {"text": name("text")})]
    left = [row["name"] for row in facts.lists if row not in drawn]
    explanation = (
        "Probability of every number of seats. Each panel has its own scales. "
        "Grey: no seat at all; mark below: median."
    )
    if left:
        explanation += f" Not drawn, with hardly a chance of a seat: {_some(left)}."
    seatless = [row["name"] for row in facts.parties if row["seatless"] and row["told"]]
    if seatless:
        explanation += f" Holds no seats: {', '.join(seatless)}."
    body = panels(parts, PANELS, 22, 26)
    return finished(body, headlines.seats(facts), explanation + _untold(facts), facts.caption)


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"


def _untold(facts: Facts) -> str:
    untold = [row["name"] for row in facts.parties if not row["told"]]
    return f" Not told apart by the polls: {', '.join(untold)}." if untold else ""
