"""Charts of outcomes: coalitions, one parliament beside a hundred, and districts: the seats of the parties in
each, and a map of who is ahead.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    ACCENT,
    DASHES,
    FAINT,
    FONT,
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
    look,
    mark,
    name,
    number,
    on_white,
    title,
    whole_axis,
    wrapped,
)
from forecast.words import headlines, text
from forecast.words.facts import Facts, said
from forecast.words.rounding import interval

if TYPE_CHECKING:
    from forecast.geography.known_districts import Outlines
    from forecast.words.facts import Facts


_ROW = 34
_HEMICYCLE, _PREVIEW = 440, 560
_ACROSS, _HEIGHTS = (-1.9, 1.9), (-0.3, 1.36)
_TWO_LINES = 0.18
"""What labels of two lines take besides, where a narrow picture has those."""
_LETTER = 7.0
"""Width of a letter of a label, in pixels, on the generous side."""
_ENDS = ("low95", "low80", "low50", "median", "high50", "high80", "high95")
_LINE = 13
"""Height of a line of a label, in pixels."""
_BAR_ROW = 17
_SHORT = 9
_PALEST = 0.35
"""Of a district that is as open as can be."""


# Coalitions.


def coalitions(facts: Facts) -> Chart | None:
    """Chance of a majority and interval of seats of every coalition; ``None`` where none is named."""
    if not facts.coalitions:
        return None
    values = [
        {
            "id": row["coalition"],
            "name": wrapped(row["name"], 190, 6.6)[:2],
            **{end: row[f"seat_{end}"] for end in _ENDS},
            "seats": f"{row['seat_median']:.0f} ({interval(row['seat_low80'], row['seat_high80'])})",
            "chance": said(row["majority_probability"], row["majority_mc_error"]),
        }
        for row in facts.coalitions
    ]
    data, size = {"values": values}, {"height": _ROW * len(values)}
    y = {"y": name("id", axis=None)}
    names = mark("text", data, {**y, "x": at(0), "text": name("name")}, align="left") | {"width": 190} | size
    column = _texts_column(data, size, y, "chance", "Majority", 70, "bold")
    held = _texts_column(data, size, y, "seats", "Seats (80 %)", 96, "normal")
    line = {"values": [{"seats": facts.majority, "text": f"majority {facts.majority}"}]}
    x = number(
        "low95", title="Seats", scale={"zero": False}, axis={"tickMinStep": 1, "tickCount": 4, "format": "d"}
    )
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
        mark(
            "text",
            line,
            {"x": number("seats"), "y": at(-14), "text": name("text")},
            baseline="bottom",
            fontSize=11,
            color=SOFT,
        ),
        width=WIDTH - 190 - 70 - 96 - 66,
        **size,
    )
    explanation = (
        f"{facts.forecast['majority_probability'].attrs['long_name'].capitalize()} ({facts.house}); "
        "median of seats (black tick) with 50, 80 and 95 % intervals."
    )
    body = beside(names, column, held, seats, spacing=22)
    return finished(body, headlines.first(facts), explanation, facts.caption)


def _texts_column(data: Spec, size: Spec, y: Spec, field: str, head: str, width: float, weight: str) -> Spec:
    """A column of texts with its heading, to the right."""
    above = {"x": at(width), "y": at(-14), "text": name("text")}
    return layered(
        mark("text", data, {**y, "x": at(width), "text": name(field)}, align="right", fontWeight=weight),
        mark(
            "text",
            {"values": [{"text": head}]},
            above,
            align="right",
            baseline="bottom",
            fontSize=11,
            color=SOFT,
        ),
        width=width,
        **size,
    )


# A parliament.


def parliament(facts: Facts) -> Chart:
    """The representative draw as a hemicycle, beside a hundred dots for the leading question."""
    body = parliament_body(inline(parliament_rows(facts)))
    question = facts.question
    if question is not None:
        about = title("", size=12)["title"] | {"text": wrapped(headlines.hundred(facts), 190, 6.6)}
        dots = hundred_body(inline(hundred_rows(facts))) | {"title": about | {"fontWeight": "normal"}}
        body = beside(body, dots, spacing=36)
    explanation = (
        "Left: one simulated parliament that stands for many, parties "
        f"{'from left to right' if facts.positions else 'by size'}, dashed: half of the seats; the real one "
        "will differ."
    )
    if small := small_parties(facts):
        explanation += f" Without a label: {small}."
    if question is not None:
        explanation += " Right: filled dots are simulations in which it happens."
    return finished(body, headlines.hundred(facts) or headlines.first(facts), explanation, facts.caption)


def preview(facts: Facts) -> Chart:
    """The parliament under the headline, about twice as wide as high: what links are shown with."""
    head = {
        "text": wrapped(headlines.first(facts), _PREVIEW, 12),
        "subtitle": str(facts.forecast.attrs["election_name"]),
        "anchor": "start",
        "frame": "bounds",
        "fontSize": 20,
        "subtitleFontSize": 13,
        "subtitleColor": SOFT,
        "color": INK,
        "subtitlePadding": 6,
    }
    body = parliament_body(inline(parliament_rows(facts, _PREVIEW)), _PREVIEW)
    return Chart({**body, "title": head, "background": "white", "padding": 20, "config": look(FONT)})


def seated(facts: Facts) -> list[tuple[dict[str, Any], int]]:
    """Parties, and groups of the whole chamber, with seats in the representative draw, the largest first."""
    rows = facts.holders if facts.of_chamber else facts.lists
    held = [(row, int(row["representative_seats"] or 0)) for row in rows]
    return sorted(((row, seats) for row, seats in held if seats), key=lambda pair: -pair[1])


def in_order(facts: Facts) -> list[tuple[dict[str, Any], int]]:
    """Parties with seats from left to right: by position where the election file gives it, else by size."""
    places = facts.positions
    return sorted(seated(facts), key=lambda pair: (places.get(pair[0]["party"], 0.0), -pair[1]))


def parliament_rows(facts: Facts, width: float = _HEMICYCLE) -> dict[str, Rows]:
    """Every seat of the representative draw, lines between parties and at one half, and the names of those
    that find room around them.
    """
    blocks, house = _blocks(facts)
    size = _dot_size(house, width)
    seats = [
        {"x": x, "y": y, "ink": on_white(row["colour"]), "size": size}
        for row, block in blocks
        for x, y in block
    ]
    ends = [(block[0], block[-1]) for _, block in blocks]
    between = [
        (math.atan2(last[1], last[0]) + math.atan2(first[1], first[0])) / 2
        for (_, last), (first, _) in itertools.pairwise(ends)
    ]
    # Where one party ends and the next begins can be seen without colour.
    lines = [
        {"x": near * math.cos(a), "y": near * math.sin(a), "x2": far * math.cos(a), "y2": far * math.sin(a)}
        for a in between
        for near, far in ((0.27, 0.34), (1.05, 1.12))
    ]
    of_lists = facts.forecast.has_tiers and not facts.of_chamber
    number_of = text("list_seats_mark" if of_lists else "seats_mark", number=house)
    needed = text("majority_mark", needed=house // 2 + 1)
    below = {"x": 0, "y": -0.2, "align": "center", "text": [f"{number_of}, {needed}"], "weight": "bold"}
    labels = [] if not house else [*(label for _, label in _labelled(facts, width)), below]
    half = [{"x": 0, "y": 0.3, "x2": 0, "y2": 1.07}] if house else []
    return {"seats": seats, "lines": lines, "half": half, "labels": labels}


def _blocks(facts: Facts) -> tuple[list[tuple[dict[str, Any], list[tuple[float, float]]]], int]:
    """Parties from left to right with the places of their seats, and the size of the house."""
    held = in_order(facts)
    house = sum(seats for _, seats in held)
    places = iter(seats_of_hemicycle(house))
    return [(row, list(itertools.islice(places, seats))) for row, seats in held], house


def _labelled(facts: Facts, width: float) -> list[tuple[str, dict[str, Any]]]:
    """Names around the seats by party, the largest first: of those that would run into another or out of the
    picture none.
    """
    scale = width / (_ACROSS[1] - _ACROSS[0])
    taken: list[tuple[float, float, float, float]] = []
    found = []
    for row, block in sorted(_blocks(facts)[0], key=lambda pair: -len(pair[1])):
        angle = sum(math.atan2(y, x) for x, y in block) / len(block)
        said = [called(row, 14 if width >= 400 else 12), str(len(block))]
        for radius in (1.14, 1.24, 1.34) if width >= 400 else (1.2, 1.27):
            label = _label([" ".join(said)] if _is_wide(width) else said, angle, radius, scale)
            box = _box(label, scale)
            inside = _ACROSS[0] * scale <= box[0] and box[1] <= _ACROSS[1] * scale
            inside = inside and -0.12 * scale <= box[2] and box[3] <= _heights(width)[1] * scale
            if inside and not any(_meet(box, other) for other in taken):
                taken.append(box)
                found.append((row["party"], label))
                break
    return found


def _is_wide(width: float) -> bool:
    """Whether a name and its number find room in one line."""
    return width >= 400


def _heights(width: float) -> tuple[float, float]:
    return _HEIGHTS if _is_wide(width) else (_HEIGHTS[0], _HEIGHTS[1] + _TWO_LINES)


def _label(lines: list[str], angle: float, radius: float, scale: float) -> dict[str, Any]:
    """A label that begins with its first line, and whose lines all lie outside the ring."""
    x, y = radius * math.cos(angle), radius * math.sin(angle)
    y += (1.0 + math.sin(angle)) * _LINE / 2 * (len(lines) - 1) / scale
    align = "center" if abs(x) < 0.12 else ("left" if x > 0 else "right")
    return {"x": x, "y": y, "align": align, "text": lines}


def _box(label: dict[str, Any], scale: float) -> tuple[float, float, float, float]:
    """Left, right, lower and upper end of a label in pixels, on the generous side."""
    x, y = label["x"] * scale, label["y"] * scale - _LINE / 2 * (len(label["text"]) - 1)
    long, high = _LETTER * max(map(len, label["text"])) + 4, 9 + 7 * (len(label["text"]) - 1)
    left = {"left": x, "right": x - long, "center": x - long / 2}[label["align"]]
    return left, left + long, y - high, y + high


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def small_parties(facts: Facts, width: float = _HEMICYCLE) -> str:
    """Those in the representative draw that found no room for a label, with their seats."""
    labelled = {party for party, _ in _labelled(facts, width)}
    return ", ".join(f"{row['name']} {seats}" for row, seats in seated(facts) if row["party"] not in labelled)


def parliament_body(data: Data, width: float = _HEMICYCLE) -> Spec:
    """Seats as dots in half rings, a dashed line where half of them end."""
    x = number("x", axis=None, scale={"domain": _ACROSS, "nice": False})
    y = number("y", axis=None, scale={"domain": _heights(width), "nice": False})
    dots = {"x": x, "y": y, "color": as_it_is("ink")}
    dots |= {"size": {"field": "size", "type": "quantitative", "scale": None}}
    ends = {"x": number("x"), "y": number("y"), "x2": {"field": "x2"}, "y2": {"field": "y2"}}
    words = {"x": number("x"), "y": number("y"), "text": name("text")}
    words_look = {
        "align": {"expr": "datum.align"},
        "fontWeight": {"expr": "datum.weight || 'normal'"},
        "fontSize": 11.5,
        "baseline": "middle",
        "lineHeight": _LINE,
    }
    return layered(
        mark("point", data("seats"), dots, opacity=1, filled=True),
        mark("rule", data("lines"), ends, color=SOFT, strokeWidth=1),
        mark("rule", data("half"), ends, color=INK, strokeWidth=1.5, strokeDash=DASHES),
        mark("text", data("labels"), words, **words_look),
        width=width,
        height=width / (_ACROSS[1] - _ACROSS[0]) * (_heights(width)[1] - _heights(width)[0]),
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


@functools.cache
def seats_of_hemicycle(house: int) -> tuple[tuple[float, float], ...]:
    """Places of seats in half rings of radius 0.4 to 1, from the left end to the right."""
    if house <= 0:
        return ()
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
    return tuple((radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in places)


def _rings(house: int) -> int:
    return max(1, min(14, round(math.sqrt(house / 4.5))))


def _dot_size(house: int, width: float) -> float:
    rings = _rings(house)
    across = width / 3.5 * min(0.6 / max(1, rings - 1), math.pi / max(2.0, house / rings) * 1.25)
    return max(6.0, min(150.0, 0.5 * across * across))


# Districts.


def district_rows(facts: Facts, d: int) -> Rows:
    """Parties that may hold a seat of a district: median, 80 % interval, colour; most seats first."""
    quantiles = facts.forecast.array("districts/seat_quantile")[d]
    at = {party: k for k, party in enumerate(facts.forecast.parties)}
    rows = [
        {
            "party": called({**row, "name": row["short"] or row["name"]}, _SHORT),
            "low": float(quantiles[k, 1]),
            "seats": float(quantiles[k, 3]),
            "high": float(quantiles[k, 5]),
            "ink": ink_of(row),
        }
        for row in facts.lists
        for k in (at[row["party"]],)
        if quantiles[k, 5] > 0
    ]
    return sorted(rows, key=lambda row: (-row["seats"], -row["high"]))


def district_body(data: Data, most: float, width: float) -> Spec:
    """Bars of median seats with their intervals, all districts on one scale."""
    y = name("party", axis={"title": None, "domain": False, "ticks": False, "minExtent": 70, "maxExtent": 70})
    axis = whole_axis(title=None, tickCount=3, gridColor=FAINT)
    x = number("seats", axis=axis, scale={"domain": [0, most], "nice": False, "zero": True})
    return layered(
        mark("bar", None, {"x": x, "y": y, "color": as_it_is("ink")}, height=9, opacity=0.85),
        mark("rule", None, {"x": number("low"), "x2": {"field": "high"}, "y": y}, color=INK, strokeWidth=1.4),
        data=data("bars"),
        width=width - 78,
        height={"step": _BAR_ROW},
    )


def leaders(facts: Facts) -> list[tuple[str, str, dict[str, Any], float]]:
    """Of every district its id, its name, who is ahead (most seats, else the likeliest winner) and how sure
    that is.
    """
    forecast = facts.forecast
    if "districts/house" in forecast:
        names = zip(
            *(forecast.names(f"districts/{one}") for one in ("district", "district_name")), strict=True
        )
        means, middle = (
            forecast.array("districts/seat_mean"),
            forecast.array("districts/seat_quantile")[..., 3],
        )
        score = np.nan_to_num(middle) + np.nan_to_num(means) / 1e3
        rows = {row["party"]: row for row in facts.parties}
        return [
            (id_, title, rows[forecast.parties[int(score[d].argmax())]], 1.0)
            for d, (id_, title) in enumerate(names)
        ]
    chances = forecast.array("chamber/win_probability")
    holders = {row["holder"]: row for row in facts.holders}
    ids = forecast.names("chamber/holder")
    return [
        (id_, id_, holders[ids[int(of.argmax())]], float(of.max()))
        for id_, of in zip(forecast.names("chamber/contest"), chances, strict=True)
    ]


def map_rows(facts: Facts, outlines: Outlines) -> Rows:
    """A feature of GeoJSON for each district that has an outline, with who is ahead there."""
    return [
        {
            "type": "Feature",
            "geometry": {"type": "MultiPolygon", "coordinates": outlines.by_district[id_]},
            "district": title,
            "party": row["short"] or row["name"],
            "sure": _PALEST + (1.0 - _PALEST) * sure,
        }
        for id_, title, row, sure in leaders(facts)
        if id_ in outlines.by_district
    ]


def map_body(facts: Facts, data: Data, width: float, height: float) -> Spec:
    """Districts in the colours of who is ahead, with a key of the colours."""
    ahead = {row["short"] or row["name"]: ink_of(row) for _, _, row, _ in leaders(facts)}
    scale = {"domain": list(ahead), "range": list(ahead.values())}
    key = {"title": None, "orient": "bottom", "columns": 3, "symbolType": "square", "labelLimit": width / 3}
    key |= {"labelFontSize": 12}
    colour = {"field": "party", "type": "nominal", "scale": scale, "legend": key}
    sure = {"field": "sure", "type": "quantitative", "scale": None}
    shapes = mark(
        "geoshape", data("shapes"), {"color": colour, "opacity": sure}, stroke="white", strokeWidth=0.7
    )
    return {**shapes, "projection": {"type": "mercator"}, "width": width, "height": height}
