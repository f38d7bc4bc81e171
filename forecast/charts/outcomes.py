"""Charts of outcomes: coalitions, and one parliament beside a hundred."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from forecast.charts.drawing import (
    ACCENT,
    DASHES,
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
    inline,
    layered,
    mark,
    name,
    number,
    on_white,
    title,
    wrapped,
)
from forecast.words import headlines
from forecast.words.facts import said

if TYPE_CHECKING:
    from forecast.words.facts import Facts

_ROW = 34
_HEMICYCLE = 440
_ACROSS, _HEIGHTS = (-1.75, 1.75), (-0.08, 1.22)
_LABELLED_FROM = 0.035
"""Parties with a smaller share of the seats have their names below the hemicycle."""
_ENDS = ("low95", "low80", "low50", "median", "high50", "high80", "high95")


def coalitions(facts: Facts) -> Chart | None:
    """Chance of a majority and interval of seats of every coalition; ``None`` where none is named."""
    if not facts.coalitions:
        return None
    values = [
        {
            "id": row["coalition"],
            "name": wrapped(row["name"], 190, 6.6)[:2],
            **{end: row[f"seat_{end}"] for end in _ENDS},
            "seats": f"{row['seat_median']:.0f}",
            "chance": said(row["majority_probability"], row["majority_mc_error"]),
        }
        for row in facts.coalitions
    ]
    data, size = {"values": values}, {"height": _ROW * len(values)}
    y = {"y": name("id", axis=None)}
    names = mark("text", data, {**y, "x": at(0), "text": name("name")}, align="left") | {"width": 190} | size
    chances = {**y, "x": at(70), "text": name("chance")}
    head = {"values": [{"text": "P(majority)"}]}
    column = layered(
        mark("text", data, chances, align="right", fontSize=13, fontWeight="bold"),
        mark(
            "text",
            head,
            {"x": at(70), "y": at(-14), "text": name("text")},
            align="right",
            baseline="bottom",
            fontSize=11,
            color=SOFT,
        ),
        width=70,
        **size,
    )
    line = {"values": [{"seats": facts.majority, "text": f"majority {facts.majority}"}]}
    x = number("low95", title="Seats", scale={"domain": [0, facts.house], "nice": False})
    seats = layered(
        mark("rule", data, {**y, "x": x, "x2": {"field": "high95"}}, strokeWidth=2, color=ACCENT),
        *(
            mark(
                "bar",
                data,
                {**y, "x": number(f"low{part}"), "x2": {"field": f"high{part}"}},
                height=h,
                color=ACCENT,
            )
            for part, h in ((80, 7), (50, 14))
        ),
        mark("rule", line, {"x": number("seats")}, strokeDash=DASHES, color=INK),
        mark("tick", data, {**y, "x": number("median")}, thickness=3, size=20, color=INK, opacity=1),
        # White behind a number keeps it readable where the line of the majority runs through it.
        *(
            mark(
                "text",
                data,
                {**y, "x": number("median"), "text": name("seats")},
                dy=-15,
                fontSize=11,
                **behind,
            )
            for behind in ({"stroke": "white", "strokeWidth": 4}, {})
        ),
        mark(
            "text",
            line,
            {"x": number("seats"), "y": at(-14), "text": name("text")},
            baseline="bottom",
            fontSize=11,
            color=SOFT,
        ),
        width=WIDTH - 190 - 70 - 50,
        **size,
    )
    explanation = (
        f"{facts.forecast['majority_probability'].attrs['long_name'].capitalize()} ({facts.house}); "
        "median of seats (black tick) with 50, 80 and 95 % intervals."
    )
    body = beside(names, column, seats, spacing=22)
    return finished(body, headlines.first(facts), explanation, facts.caption)


# One parliament.


def seated(facts: Facts) -> list[tuple[dict[str, Any], int]]:
    """Parties with seats in the representative draw, the largest first."""
    held = [(row, int(row["representative_seats"] or 0)) for row in facts.lists]
    return sorted(((row, seats) for row, seats in held if seats), key=lambda pair: -pair[1])


def parliament_rows(facts: Facts, width: float = _HEMICYCLE) -> dict[str, Rows]:
    """Every seat of the representative draw, and the names of the larger parties around them."""
    held = seated(facts)
    house = sum(seats for _, seats in held)
    places = seats_of_hemicycle(house)
    size = _dot_size(house, width)
    seats: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    first = 0
    for order, (row, number_held) in enumerate(held):
        block = places[first : first + number_held]
        first += number_held
        ink = on_white(row["colour"])
        # Discs and rings by turns, so that neighbours differ without colour.
        fill = "white" if order % 2 else ink
        line = max(1.0, size**0.5 / 4.5)
        seats += [{"x": x, "y": y, "ink": ink, "fill": fill, "size": size, "line": line} for x, y in block]
        if number_held >= _LABELLED_FROM * house:
            angle = sum(math.atan2(y, x) for x, y in block) / number_held
            labels.append(_label(called(row, 14 if width >= 400 else 9), number_held, angle))
    labels.append(
        {"x": 0, "y": 0.05, "align": "center", "text": f"{house} {facts.seats_called}", "weight": "bold"}
    )
    return {"seats": seats, "labels": labels}


def parliament_body(data: Data, width: float = _HEMICYCLE) -> Spec:
    """Seats as dots in half rings."""
    x = number("x", axis=None, scale={"domain": _ACROSS, "nice": False})
    y = number("y", axis=None, scale={"domain": _HEIGHTS, "nice": False})
    dots = {"x": x, "y": y, "stroke": as_it_is("ink"), "fill": as_it_is("fill")}
    dots |= {
        channel: {"field": field, "type": "quantitative", "scale": None}
        for channel, field in (("size", "size"), ("strokeWidth", "line"))
    }
    text = {"x": number("x"), "y": number("y"), "text": name("text")}
    look = {
        "align": {"expr": "datum.align"},
        "fontWeight": {"expr": "datum.weight || 'normal'"},
        "fontSize": 11.5,
    }
    return layered(
        mark("point", data("seats"), dots, opacity=1, filled=True),
        mark("text", data("labels"), text, **look),
        width=width,
        height=width / (_ACROSS[1] - _ACROSS[0]) * (_HEIGHTS[1] - _HEIGHTS[0]),
    )


def hundred_rows(facts: Facts) -> dict[str, Rows]:
    """A hundred simulations, those in which the leading question comes true filled."""
    if facts.question is None:
        return {"dots": []}
    filled = min(max(round(100 * facts.answer(facts.question)[1]), 0), 100)
    return {
        "dots": [
            {
                "x": k % 10,
                "y": -(k // 10),
                "fill": ACCENT if k < filled else "white",
                "ink": ACCENT if k < filled else SOFT,
            }
            for k in range(100)
        ]
    }


def hundred_body(data: Data) -> Spec:
    """Ten rows of ten dots."""
    dots = {
        "x": number("x", axis=None, scale={"domain": [-0.5, 9.5]}),
        "y": number("y", axis=None, scale={"domain": [-9.5, 0.5]}),
        "fill": as_it_is("fill"),
        "stroke": as_it_is("ink"),
    }
    size = {"width": 180, "height": 180}
    return mark("point", data("dots"), dots, size=120, filled=True, opacity=1, strokeWidth=1.2) | size


def parliament(facts: Facts) -> Chart:
    """The representative draw as a hemicycle, beside a hundred dots for the leading question."""
    body = parliament_body(inline(parliament_rows(facts)))
    question = facts.question
    if question is not None:
        about = title("", size=12)["title"] | {"text": wrapped(headlines.hundred(facts), 190, 6.6)}
        dots = hundred_body(inline(hundred_rows(facts))) | {"title": about | {"fontWeight": "normal"}}
        body = beside(body, dots, spacing=36)
    explanation = (
        "Left: one simulated parliament that stands for many, parties by size; the real one will differ."
    )
    if small := small_parties(facts):
        explanation += f" Unlabelled at the right end: {small}."
    if question is not None:
        explanation += " Right: filled dots are simulations in which it happens."
    return finished(body, headlines.hundred(facts) or headlines.first(facts), explanation, facts.caption)


def small_parties(facts: Facts) -> str:
    """Those in the representative draw that are too small for a label, with their seats."""
    held = seated(facts)
    house = sum(seats for _, seats in held)
    return ", ".join(f"{row['name']} {seats}" for row, seats in held if seats < _LABELLED_FROM * house)


def _label(text: str, seats: int, angle: float) -> dict[str, Any]:
    x, y = 1.1 * math.cos(angle), 1.1 * math.sin(angle)
    align = "center" if abs(x) < 0.25 else ("left" if x > 0 else "right")
    return {"x": x, "y": y, "align": align, "text": f"{text} {seats}"}


def seats_of_hemicycle(house: int) -> list[tuple[float, float]]:
    """Places of seats in half rings of radius 0.4 to 1, from the left end to the right."""
    if house <= 0:
        return []
    rings = _rings(house)
    radii = [1.0] if rings == 1 else [0.4 + 0.6 * ring / (rings - 1) for ring in range(rings)]
    numbers = [math.floor(house * radius / sum(radii)) for radius in radii]
    for ring in range(house - sum(numbers)):
        numbers[-1 - ring % rings] += 1
    places = [
        (radius, math.pi * (1 - (k / (seats - 1) if seats > 1 else 0.5)))
        for radius, seats in zip(radii, numbers, strict=True)
        for k in range(seats)
    ]
    places.sort(key=lambda place: (-place[1], place[0]))
    return [(radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in places]


def _rings(house: int) -> int:
    return max(1, min(14, round(math.sqrt(house / 4.5))))


def _dot_size(house: int, width: float) -> float:
    rings = _rings(house)
    across = width / 3.5 * min(0.6 / max(1, rings - 1), math.pi / max(2.0, house / rings) * 1.25)
    return max(6.0, min(150.0, 0.5 * across * across))
