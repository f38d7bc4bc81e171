"""Charts of parties: who enters, shares, seats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    DASHES,
    EMPTY,
    FAINT,
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
    mark,
    name,
    number,
    shares_axis,
)
from forecast.words import headlines, text
from forecast.words.facts import said
from forecast.words.rounding import interval, percent

if TYPE_CHECKING:
    from forecast.words.facts import Facts

ROW = 26
PANELS, MOST_PANELS = 3, 24
"""Panels side by side, and how many there are at most: of the largest."""
PANEL_WIDTH = (WIDTH - 60) / PANELS - 30
_DRAWN_FROM = 0.01
"""Parties with a smaller chance of any seat are named in the text instead of drawn."""
DOTS = 20
"""Outcomes that stand for the distribution of seats of a party."""
_RIM = {"stroke": "white", "strokeWidth": 0.6}
SEATS_ROW, _DOT = 46, 5.6
"""Height of a row of dots, and the width of a dot, in pixels."""


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
        title=meaning or None,
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
    return finished(body, headlines.crossing(facts), explanation + _untold(facts), facts.caption)


# Shares.

_ENDS = ("low95", "low80", "low50", "median", "high50", "high80", "high95")


def shares_rows(facts: Facts, width: float = WIDTH) -> dict[str, Rows]:
    """Ends of the intervals, the last result, and the threshold."""
    mark_of = [] if facts.level is None else [text("threshold_mark", level=headlines.level_text(facts.level))]
    return {
        "parties": [
            about
            | {end: row[f"share_{end}"] for end in _ENDS}
            | {"text": percent(row["share_median"]), "last": row.get("last_share")}
            for row, about in told(facts, width)
        ],
        # Where it applies: not to options that hold no seats, nor to lists that are exempt.
        "levels": [
            {"party": row["party"], "level": level}
            for row, _ in told(facts, width)
            if (level := facts.level_of(row)) is not None
        ],
        "level": [{"level": facts.level, "text": said_} for said_ in mark_of],
    }


def shares_body(data: Data, width: float = WIDTH) -> Spec:
    """Intervals over each other, the median, the last result, the threshold."""
    y, ink = name("party", axis=None), as_it_is("ink")
    x = number(
        "low95",
        title=text("share_axis") if width >= 500 else None,
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
        mark(
            "rule",
            data("levels"),
            {
                "x": number("level"),
                "y": y | {"bandPosition": 0},
                "y2": {"field": "party", "bandPosition": 1},
            },
            color=INK,
            strokeDash=DASHES,
        ),
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
    """Parties with a chance of a seat that is worth a row."""
    return [row for row in facts.lists if 1.0 - facts.seat_chances[row["party"]][0] >= _DRAWN_FROM]


def seats_rows(facts: Facts, width: float = WIDTH) -> dict[str, Rows]:
    """Seats of every party as ``DOTS`` dots, each as likely as the others, and what is said of them."""
    drawn = seats_drawn(facts)
    letters = int(name_width(width) / 8.6) - 1
    quantiles = {row["party"]: dotted(facts.seat_chances[row["party"]]) for row in drawn}
    top = _round_up(max((max(seats) for seats in quantiles.values()), default=1))
    dots = [
        {"party": party} | dot
        for row in drawn
        for party in (row["party"],)
        for dot in stacked(quantiles[party], top, plot_width(width), ink_of(row))
    ]
    about = [
        {"party": row["party"], "name": called(row, letters), "said": seats_said(facts, row)} for row in drawn
    ]
    line = [{"seats": facts.majority, "text": text("majority_mark", needed=facts.majority)}]
    return {
        "parties": about,
        "dots": dots,
        "median": [{"party": row["party"], "seats": row["seat_median"]} for row in drawn],
        "end": [{"seats": top}],
        "majority": line if facts.majority <= top else [],
    }


def dotted(chances: np.ndarray) -> list[int]:
    """Seats at the middles of ``DOTS`` equal parts of a distribution: its quantiles."""
    middles = (np.arange(DOTS) + 0.5) / DOTS
    return np.searchsorted(np.cumsum(np.nan_to_num(chances)) + 1e-12, middles).tolist()


def stacked(seats: list[int], top: int, width: float, ink: str) -> list[dict[str, Any]]:
    """Dots over their numbers of seats, over each other where they are as wide as they are apart; no seat at
    all stands for itself.
    """
    wide = max(1, round(_DOT * top / width))
    piles: dict[int, int] = {}
    found = []
    for held in seats:
        pile = 0 if held == 0 else (held - 1) // wide + 1
        level = piles[pile] = piles.get(pile, -1) + 1
        middle = 0.0 if pile == 0 else (pile - 0.5) * wide + 0.5
        found.append((middle, level, ink if held else EMPTY))
    step = min(_DOT, (SEATS_ROW - _DOT - 6) / max(1, *piles.values()))
    return [
        {"seats": seats, "up": SEATS_ROW / 2 - 4 - _DOT / 2 - step * level, "ink": ink}
        for seats, level, ink in found
    ]


def _round_up(most: int) -> int:
    """The end of an axis: a round number that is no less."""
    step = 10 ** max(0, len(str(most)) - 2)
    return max(5, -(-most // (5 * step)) * 5 * step)


def plot_width(width: float) -> float:
    """How much of the chart of seats the dots take."""
    return width - name_width(width) - 34


def seats_body(data: Data, width: float = WIDTH) -> Spec:
    """A row a party: dots by number of seats on one scale; below them a mark at the median."""
    y = name("party", axis=None)
    axis = {"title": None, "tickCount": width / 90, "format": "d", "tickMinStep": 1}
    x = number("seats", axis=axis, scale={"nice": False, "zero": True})
    names = layered(
        mark("text", None, {"y": y, "x": at(0), "text": name("name")}, align="left", dy=-8),
        mark(
            "text",
            None,
            {"y": y, "x": at(0), "text": name("said")},
            align="left",
            dy=8,
            fontSize=11,
            color=SOFT,
        ),
        data=data("parties"),
        width=name_width(width),
        height={"step": SEATS_ROW},
    )
    dots = {"x": x, "y": y, "color": as_it_is("ink")}
    row_end = {"y": y | {"bandPosition": 1}}
    up = {"expr": "datum.up"}
    plot = layered(
        mark("rule", data("parties"), row_end, color=FAINT),
        mark("point", data("end"), {"x": x}, opacity=0),
        mark("rule", data("majority"), {"x": number("seats")}, strokeDash=DASHES, color=INK),
        mark(
            "text",
            data("majority"),
            {"x": number("seats"), "y": at(-4), "text": name("text")},
            baseline="bottom",
            align="right",
            dx=22,
            fontSize=11,
            color=SOFT,
        ),
        mark(
            "circle", data("dots"), dots, size=_DOT**2, yOffset=up, opacity=1, stroke="white", strokeWidth=0.6
        ),
        mark(
            "point",
            data("median"),
            {"x": number("seats"), "y": y | {"bandPosition": 1}},
            shape="triangle-up",
            size=26,
            filled=True,
            color=INK,
            opacity=1,
        ),
        width=plot_width(width),
        height={"step": SEATS_ROW},
    )
    return beside(names, plot, spacing=14)


def seats_said(facts: Facts, row: dict[str, Any]) -> str:
    """The interval, and how likely no seat at all is."""
    held = interval(row["seat_low80"], row["seat_high80"])
    none = float(facts.seat_chances[row["party"]][0])
    if none < 0.005:
        return held
    error = max((none * (1 - none) / facts.forecast.draws) ** 0.5, 1 / facts.forecast.draws)
    return text("none_mark", text=held, chance=said(none, error))


def seats(facts: Facts) -> Chart:
    """Seats of every party as dots on one scale."""
    drawn = seats_drawn(facts)
    body = seats_body(inline(seats_rows(facts)))
    if not drawn:
        body = mark("text", {"values": [{"text": text("nobody")}]}, {"text": name("text")})
    left = [row["name"] for row in facts.lists if row not in drawn]
    explanation = (
        f"Each dot is one of {DOTS} outcomes that are as likely as each other, all on one scale; below the "
        "name the 80 % interval. Grey: no seat at all; mark: median."
    )
    if left:
        explanation += f" Not drawn, with hardly a chance of a seat: {_some(left)}."
    seatless = [row["name"] for row in facts.parties if row["seatless"] and row["told"]]
    if seatless:
        explanation += f" Holds no seats: {', '.join(seatless)}."
    return finished(body, headlines.seats(facts), explanation + _untold(facts), facts.caption)


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"


def _untold(facts: Facts) -> str:
    untold = [row["name"] for row in facts.parties if not row["told"]]
    return f" Not told apart by the polls: {', '.join(untold)}." if untold else ""
