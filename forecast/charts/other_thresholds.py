"""What other thresholds would do on the draws of one forecast: chances on paper, and on the page steps of
seats, through which its slider moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    ACCENT,
    INK,
    WIDTH,
    Chart,
    Data,
    Rows,
    Spec,
    as_it_is,
    below,
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
    percent_labels,
    title,
    whole_axis,
)
from forecast.charts.parties import PANEL_WIDTH, PANELS, names_column, told
from forecast.charts.rules import method_name
from forecast.sweeps.slider import may_slide, slide
from forecast.variables import error_of
from forecast.words.headlines import level_text, of_hundred_short, whole_percent

if TYPE_CHECKING:
    from forecast.result import Forecast
    from forecast.words.facts import Facts

_MOST_STEPS = 12
_STEPS_HEIGHT = 66


def thresholds(facts: Facts) -> Chart | None:
    """Seats and chances by threshold on the same draws; ``None`` where the forecast cannot be drawn again."""
    if not may_slide(facts.forecast):
        return None
    slid = slide(facts.forecast)
    levels = slid.ticks["threshold"]
    chances, errors = (
        {row["party"]: slid.array(path)[:, 0, slid.parties.index(row["party"])] for row in facts.lists}
        for path in ("pass_probability", error_of("pass_probability"))
    )
    drawn = [row for row in facts.lists if _seats_of(slid, row, 0)[:, 1].max() > 0]
    # Those with a median of no seats at every level have no steps to show, and a chance worth a row all the
    # same.
    means = slid.array("seat_mean").max(axis=(0, 1))
    listed = [row for row in facts.lists if means[slid.parties.index(row["party"])] > 0.05]
    steps = [
        steps_body(inline(steps_rows(slid, row, 0, facts.level))) | title(called(row, 24))
        for row in drawn[:_MOST_STEPS]
    ]
    body = below(_chances(facts, listed, chances, errors, levels), panels(steps, PANELS, 18), spacing=26)
    meaning = facts.forecast["pass_probability"].attrs["long_name"]
    method = method_name(str(facts.rule_method))
    explanation = (
        f"Above: {meaning}, in percent, by its height. Below: median seats (line) with the "
        f"80 % interval (band). The same {slid.draws:,} draws throughout; allocation: {method}."
    )
    finding = _threshold_finding(facts, np.sum([chances[row["party"]] for row in listed], axis=0), levels)
    return finished(body, finding, explanation, facts.caption, indent=22)


def _threshold_finding(facts: Facts, entering: np.ndarray, levels: list[float]) -> str:
    level = facts.level or 0.0
    k = int(np.argmin(np.abs(np.array(levels) - level)))
    here = f"at a threshold of {level_text(levels[k])}" if levels[k] else "without a threshold"
    parts = [f"About {entering[k]:.0f} parties enter {here}"]
    for other in (0.03, 0.05, 0.07, 0.1):
        k = int(np.argmin(np.abs(np.array(levels) - other)))
        if abs(levels[k] - other) < 1e-9 and abs(other - level) > 0.015:
            parts.append(f"about {entering[k]:.0f} at {level_text(other)}")
    return ", ".join(parts[:3])


def _chances(
    facts: Facts,
    listed: list[dict[str, Any]],
    chances: dict[str, np.ndarray],
    errors: dict[str, np.ndarray],
    levels: list[float],
) -> Spec:
    """A map of chances: parties by levels."""
    shown = [k for k, level in enumerate(levels) if whole_percent(level) or level == facts.level]
    cells = [
        {
            "party": row["party"],
            "level": level_text(levels[k]),
            "chance": float(chances[row["party"]][k]),
            "text": of_hundred_short(float(chances[row["party"]][k]), float(errors[row["party"]][k])),
            "ink": "white" if chances[row["party"]][k] > 0.55 else INK,
        }
        for row in listed
        for k in shown
    ]
    ids = [row["party"] for row in listed]
    named = {"values": [about for row, about in told(facts, WIDTH) if row["party"] in ids]}
    axis = {"title": None, "orient": "top", "labelAngle": 0, "ticks": False, "domain": False}
    where = {"x": name("level", axis=axis), "y": name("party", axis=None)}
    shade = number("chance", legend=None, scale={"domain": [0, 1], "range": ["#ffffff", ACCENT]})
    plot = layered(
        mark("rect", None, {**where, "fill": shade}, stroke="white"),
        mark("text", None, {**where, "text": name("text"), "color": as_it_is("ink")}, fontSize=11),
        data={"values": cells},
        width=WIDTH - 215 - 40,
        height={"step": 21},
    )
    return beside(names_column(named, WIDTH, row=21), plot, spacing=12)


def _seats_of(slid: Forecast, row: dict[str, Any], method: int) -> np.ndarray:
    """(levels, 3) lower end, median and upper end of seats."""
    return slid.array("seat_quantile")[:, method, slid.parties.index(row["party"])][:, [1, 3, 5]]


def steps_rows(slid: Forecast, row: dict[str, Any], method: int, level: float | None) -> dict[str, Rows]:
    """Seats of a party at every level, and the level of the law."""
    ink, levels = ink_of(row), slid.ticks["threshold"]
    ends = _seats_of(slid, row, method).tolist()
    return {
        "steps": [
            {"level": where, "low": low, "seats": middle, "high": high, "ink": ink}
            for where, (low, middle, high) in zip(levels, ends, strict=True)
        ],
        "law": [] if level is None else [{"level": level}],
    }


def steps_body(data: Data, width: float = PANEL_WIDTH) -> Spec:
    """One panel: the band and the line of a party's seats by level."""
    x = number("level", axis={"title": None, "labelExpr": percent_labels(), "tickCount": 5, "grid": False})
    axis = whole_axis(title=None, tickCount=3, minExtent=30, maxExtent=30)
    y = {"axis": axis, "scale": {"nice": 3, "zero": True}}
    ink = as_it_is("ink")
    band = {"x": x, "y": number("low", **y), "y2": {"field": "high"}, "color": ink}
    line = {"x": x, "y": number("seats", **y), "color": ink}
    return layered(
        mark("area", data("steps"), band, interpolate="step-after", opacity=0.25),
        mark("line", data("steps"), line, interpolate="step-after", strokeWidth=2.2),
        level_line(data("law")),
        width=width,
        height=_STEPS_HEIGHT,
    )
