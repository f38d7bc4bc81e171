"""Charts of outcomes: coalitions, and one parliament beside a hundred."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt

from forecast.charts import findings
from forecast.charts.colours import ACCENT, INK, SOFT, on_white
from forecast.charts.facts import said
from forecast.charts.look import WIDTH, Chart, finished, rows, shortened, wrapped

if TYPE_CHECKING:
    from forecast.charts.facts import Facts

_ROW = 34
_HEMICYCLE = 440
_HEIGHTS = [-0.08, 1.22]
_LABELLED_FROM = 0.035
"""Parties with a smaller share of the seats have their names below the hemicycle."""


def coalitions(facts: Facts) -> Chart | None:
    """Chance of a majority and interval of seats of every coalition; ``None`` where none is named."""
    if not facts.coalitions:
        return None
    values = [
        {
            "id": row["coalition"],
            "name": wrapped(row["coalition_name"], 190, 6.6)[:2],
            **{
                name: row[f"seat_{name}"]
                for name in ("low95", "low80", "low50", "median", "high50", "high80", "high95")
            },
            "seats": f"{row['seat_median']}",
            "chance": said(row["majority_probability"], row["majority_mc_error"]),
        }
        for row in facts.coalitions
    ]
    ids = [row["id"] for row in values]
    height = _ROW * len(values)
    base = alt.Chart(rows(values)).encode(y=alt.Y("id:N", sort=ids, axis=None))

    names = (
        base.mark_text(align="left")
        .encode(x=alt.value(0), text="name:N")
        .properties(width=190, height=height)
    )
    chances = base.mark_text(align="right", fontSize=13, fontWeight="bold").encode(
        x=alt.value(70), text="chance:N"
    )
    head = _head("P(majority)", 70)
    x = alt.X("low95:Q", title="Seats", scale=alt.Scale(domain=[0, facts.house], nice=False))
    layers = [
        base.mark_rule(strokeWidth=2, color=ACCENT).encode(x=x, x2="high95:Q"),
        base.mark_bar(height=7, color=ACCENT).encode(x="low80:Q", x2="high80:Q"),
        base.mark_bar(height=14, color=ACCENT).encode(x="low50:Q", x2="high50:Q"),
        base.mark_tick(thickness=3, size=20, color=INK, opacity=1).encode(x="median:Q"),
        base.mark_text(dy=-15, fontSize=11).encode(x="median:Q", text="seats:N"),
    ]
    line = alt.Chart(rows([{"seats": facts.majority, "text": f"majority {facts.majority}"}]))
    layers.append(line.mark_rule(strokeDash=[5, 4], color=INK).encode(x="seats:Q"))
    layers.append(
        line.mark_text(baseline="bottom", fontSize=11, color=SOFT).encode(
            x="seats:Q", y=alt.value(-14), text="text:N"
        )
    )
    seats = alt.layer(*layers).properties(width=WIDTH - 190 - 70 - 50, height=height)
    body = alt.hconcat(names, alt.layer(chances, head).properties(width=70, height=height), seats, spacing=22)
    explanation = (
        f"Probability of more than half of the {facts.house} seats that the rule hands out; "
        "median of seats (black tick) with 50, 80 and 95 % intervals."
    )
    return finished(body, findings.coalitions(facts), explanation, facts.caption)


def _head(text: str, at: float) -> alt.Chart:
    data = rows([{"text": text}])
    mark = alt.Chart(data).mark_text(align="right", baseline="bottom", fontSize=11, color=SOFT)
    return mark.encode(x=alt.value(at), y=alt.value(-14), text="text:N")


def hemicycle(facts: Facts) -> Chart:
    """The representative draw as a hemicycle, beside a hundred dots for the leading question."""
    held = [(row, int(row["representative_seats"] or 0)) for row in facts.lists]
    held = sorted(((row, number) for row, number in held if number), key=lambda pair: -pair[1])
    house = sum(number for _, number in held)
    chamber = _chamber(held, house)
    dots = _hundred(facts)
    body = alt.hconcat(chamber, dots, spacing=36) if dots is not None else chamber
    small = [f"{row['party_name']} {number}" for row, number in held if number < _LABELLED_FROM * house]
    explanation = (
        "Left: one simulated parliament that stands for many, parties by size; the real one will differ."
    )
    if small:
        explanation += f" Unlabelled at the right end: {', '.join(small)}."
    if dots is not None:
        explanation += " Right: filled dots are simulations in which it happens."
    return finished(body, findings.outcome(facts), explanation, facts.caption)


def _chamber(held: list[tuple[dict[str, Any], int]], house: int) -> Chart:
    places = seats_of_hemicycle(house)
    values, labels, at = [], [], 0
    for order, (row, number) in enumerate(held):
        block = places[at : at + number]
        at += number
        colour = on_white(row["colour"])
        # Discs and rings by turns, so that neighbours differ without colour.
        fill = "white" if order % 2 else colour
        values += [
            {"x": x, "y": y, "colour": colour, "fill": fill, "party": row["party_name"]} for x, y in block
        ]
        if number >= _LABELLED_FROM * house:
            angle = sum(math.atan2(y, x) for x, y in block) / number
            labels.append(_label(row["party_name"], number, angle))
    scale = {"domain": [-1.75, 1.75], "nice": False}
    size = _dot_size(house)
    seats = (
        alt.Chart(rows(values))
        .mark_point(size=size, opacity=1, filled=True, strokeWidth=max(1.0, size**0.5 / 4.5))
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(**scale)),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=_HEIGHTS, nice=False)),
            stroke=alt.Stroke("colour:N", scale=None),
            fill=alt.Fill("fill:N", scale=None),
        )
    )
    layers: list[alt.Chart] = [seats]
    for align in ("left", "center", "right"):
        some = [label for label in labels if label["align"] == align]
        if some:
            mark = alt.Chart(rows(some)).mark_text(align=align, fontSize=11.5, lineHeight=13)
            layers.append(mark.encode(x="x:Q", y="y:Q", text="text:N"))
    total = alt.Chart(rows([{"x": 0, "y": 0.05, "text": f"{house} seats"}])).mark_text(
        fontSize=13, fontWeight="bold"
    )
    layers.append(total.encode(x="x:Q", y="y:Q", text="text:N"))
    return alt.layer(*layers).properties(
        width=_HEMICYCLE, height=_HEMICYCLE / 3.5 * (_HEIGHTS[1] - _HEIGHTS[0])
    )


def _label(name: str, number: int, angle: float) -> dict[str, Any]:
    x, y = 1.1 * math.cos(angle), 1.1 * math.sin(angle)
    align = "center" if abs(x) < 0.25 else ("left" if x > 0 else "right")
    return {"x": x, "y": y, "align": align, "text": f"{shortened(name, 14)} {number}"}


def seats_of_hemicycle(house: int) -> list[tuple[float, float]]:
    """Places of seats in half rings of radius 0.4 to 1, from the left end to the right."""
    if house <= 0:
        return []
    rings = max(1, min(14, round(math.sqrt(house / 4.5))))
    radii = [1.0] if rings == 1 else [0.4 + 0.6 * ring / (rings - 1) for ring in range(rings)]
    numbers = [math.floor(house * radius / sum(radii)) for radius in radii]
    for ring in range(house - sum(numbers)):
        numbers[-1 - ring % rings] += 1
    places = [
        (radius, math.pi * (1 - (k / (number - 1) if number > 1 else 0.5)))
        for radius, number in zip(radii, numbers, strict=True)
        for k in range(number)
    ]
    places.sort(key=lambda place: (-place[1], place[0]))
    return [(radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in places]


def _dot_size(house: int) -> float:
    rings = max(1, min(14, round(math.sqrt(house / 4.5))))
    across = _HEMICYCLE / 3.5 * min(0.6 / max(1, rings - 1), math.pi * 1.0 / max(2.0, house / rings) * 1.25)
    return max(6.0, min(150.0, 0.5 * across * across))


def _hundred(facts: Facts) -> alt.Chart | None:
    question = facts.leading_question
    if question is None:
        return None
    text, chance, error = question
    filled = min(max(round(100 * chance), 0), 100)
    values = [
        {
            "x": k % 10,
            "y": -(k // 10),
            "fill": ACCENT if k < filled else "white",
            "line": ACCENT if k < filled else SOFT,
        }
        for k in range(100)
    ]
    title = alt.TitleParams(
        wrapped(f"{text} ({said(chance, error)})", 190, 6.6),
        anchor="start",
        fontSize=12,
        fontWeight="normal",
        color=INK,
    )
    return (
        alt.Chart(rows(values), title=title)
        .mark_point(size=120, filled=True, opacity=1, strokeWidth=1.2)
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, 9.5])),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-9.5, 0.5])),
            fill=alt.Fill("fill:N", scale=None),
            stroke=alt.Stroke("line:N", scale=None),
        )
        .properties(width=180, height=180)
    )
