"""Pictures of districts: the seats of the parties in each, and a map of who is ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    FAINT,
    INK,
    Data,
    Rows,
    Spec,
    as_it_is,
    called,
    ink_of,
    layered,
    mark,
    name,
    number,
    whole_axis,
)
from forecast.words.facts import Facts

if TYPE_CHECKING:
    from forecast.geography.outlines import Outlines

_ROW = 17
_SHORT = 9
_PALEST = 0.35
"""Of a district that is as open as can be."""


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
        height={"step": _ROW},
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
