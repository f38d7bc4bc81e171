"""Charts of what a forecast rests on: the polls with their trend, and how such forecasts did before."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    ACCENT,
    FAINT,
    INK,
    WIDTH,
    Chart,
    Data,
    Rows,
    Spec,
    as_it_is,
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
from forecast.charts.parties import MOST_PANELS, PANEL_WIDTH, PANELS, ROW, name_width, names_column, told
from forecast.words import day_of_month, headlines, month_text, text
from forecast.words.rounding import percent, percent_interval

if TYPE_CHECKING:
    from forecast.words.facts import Facts

_PANEL_HEIGHT = 84
_TREND_DAYS = 24
_FEW_DAYS = 5
"""Up to so many days an axis names each."""


def polls(facts: Facts) -> Chart | None:
    """Polls over time by party with the estimate at the end; in rows where all were taken within days."""
    if not facts.polls_used:
        return None
    if facts.polls_together:
        explanation = (
            "Marks: polls, undecided taken out; number: their weighted average; "
            "bar: 80 % interval of the forecast."
        )
        body = together_body(inline(together_rows(facts)))
        return finished(body, headlines.polls(facts), explanation, facts.caption)
    drawn = [row for row in facts.parties if row["told"]][:MOST_PANELS]
    parts = [
        trend_body(inline(trend_rows(facts, row)), facts) | title(called(row, 24), share_said(row))
        for row in drawn
    ]
    explanation = (
        "Dots: polls, undecided taken out, larger with more weight; diamonds: exit polls. "
        f"{'Line and band: trend of the polls with its 80 % band. ' if facts.trend_days else ''}"
        "Bar at the right: forecast with its 80 % interval. Each panel has its own scale."
    )
    if facts.level is not None:
        explanation += f" Dashed: threshold of {headlines.level_text(facts.level)}."
    return finished(panels(parts, PANELS), headlines.polls(facts), explanation, facts.caption, indent=36)


def share_said(row: dict[str, Any]) -> str:
    """Median and interval of a share."""
    return f"{percent(row['share_median'])} ({percent_interval(row['share_low80'], row['share_high80'])})"


def together_rows(facts: Facts, width: float = WIDTH) -> dict[str, Rows]:
    """Polls of a few days: the interval of the forecast, the average, and every poll."""
    return {
        "parties": [
            about
            | {
                "text": percent(row["poll_average"]),
                "low": row["share_low80"],
                "high": row["share_high80"],
            }
            for row, about in told(facts, width)
        ],
        "polls": [
            {"party": row["party"], "share": share, "pollster": poll["pollster"]}
            for poll in facts.polls_used
            for row in facts.parties
            if row["told"] and (share := poll["shares"][row["party"]]) is not None
        ],
    }


def together_body(data: Data, width: float = WIDTH) -> Spec:
    """A row a party: the interval as a bar, polls as marks."""
    y = name("party", axis=None)
    low = number(
        "low",
        title=text("share_axis") if width >= 500 else None,
        scale={"zero": True},
        **shares_axis(tickCount=width / 90),
    )
    bars = {"x": low, "x2": {"field": "high"}, "y": y, "color": as_it_is("ink")}
    points = {"x": number("share"), "y": y}
    plot = layered(
        mark("bar", data("parties"), bars, height=13, opacity=0.35),
        mark("point", data("polls"), points, size=46, color=INK, fill="white", opacity=1, strokeWidth=1.4),
        width=width - name_width(width) - 40,
        height={"step": ROW},
    )
    return beside(names_column(data("parties"), width, beside_it="text"), plot, spacing=16)


def trend_rows(facts: Facts, row: dict[str, Any]) -> dict[str, Rows]:
    """Polls of one party, its trend, the forecast, and the threshold where it lies among them.

    Of the days of the trend some are drawn, the last among them: more than a small panel can show only cost
    time.
    """
    used, party = facts.polls_used, row["party"]
    heaviest = max(poll["weight"] for poll in used)
    dots = [
        {
            "day": poll["day"].isoformat(),
            "at": poll["day"].toordinal(),
            "share": share,
            "size": 8 + 52 * poll["weight"] / heaviest,
            "kind": poll["kind"],
            "said": f"{poll['pollster']}, {poll['day']}: {percent(share)}",
        }
        for poll in used
        if (share := poll["shares"][party]) is not None
    ]
    ink = ink_of(row)
    every = facts.trend_of(party)
    trend = [
        one | {"ink": ink, "at": _at(one["day"])}
        for one in every[:: -max(1, -(-len(every) // _TREND_DAYS))][::-1]
    ]
    end = {
        "at": _at(facts.forecast.attrs["election_date"]),
        "share": row["share_median"],
        "low": row["share_low80"],
        "high": row["share_high80"],
        "ink": ink,
    }
    return {
        "polls": [dot | {"ink": ink} for dot in dots],
        "trend": trend,
        "end": [end],
        "level": level_near(facts.level, row, [dot["share"] for dot in dots]),
    }


def level_near(level: float | None, row: dict[str, Any], shares: list[float]) -> Rows:
    """The threshold, where it lies among the shares that a panel shows of a party that it may stop."""
    shown = [*shares, row["share_low80"], row["share_high80"]]
    near = level is not None and not row["seatless"] and 0.7 * min(shown) <= level <= 1.3 * max(shown)
    return [{"share": level}] if near else []


def trend_body(data: Data, facts: Facts, width: float = PANEL_WIDTH) -> Spec:
    """One panel: band and line of the trend, polls, the forecast at the day of the vote."""
    days = [poll["day"] for poll in facts.polls_used]
    election = datetime.date.fromisoformat(str(facts.forecast.attrs["election_date"]))
    first, last = min(days), max(*days, election)
    room = max(2, round(0.05 * (last - first).days))
    ends = [first.toordinal() - room, last.toordinal() + room]
    x = number("at", axis=days_axis(*ends, most=int(width / 56)), scale={"domain": ends, "nice": False})
    # Room of one width for all labels, and a scale that ends on a tick, keep the panels in line.
    y = number(
        "share",
        scale={"zero": False, "nice": 4},
        **shares_axis(title=None, tickCount=4, minExtent=42, maxExtent=42),
    )
    ink = as_it_is("ink")
    kinds = {"domain": ["pre-election", "exit"], "range": ["circle", "diamond"]}
    dots = {
        "x": x,
        "y": y,
        "size": {"field": "size", "type": "quantitative", "scale": None},
        "shape": {"field": "kind", "type": "nominal", "legend": None, "scale": kinds},
        "stroke": ink,
        "description": name("said"),
    }
    span = {"x": number("at"), "y": number("low"), "y2": {"field": "high"}, "color": ink}
    return layered(
        mark("area", data("trend"), {**span, "x": x, "y": {**y, "field": "low"}}, opacity=0.2),
        mark("line", data("trend"), {"x": number("at"), "y": number("share"), "color": ink}, strokeWidth=1.6),
        mark("point", data("polls"), dots, filled=False, strokeWidth=1.4, opacity=0.9),
        mark("bar", data("end"), span, width=6, opacity=1),
        mark(
            "tick",
            data("end"),
            {"x": number("at"), "y": number("share")},
            color=INK,
            opacity=1,
            thickness=2,
            width=10,
            orient="horizontal",
        ),
        level_line(data("level"), "share", "y"),
        width=width,
        height=_PANEL_HEIGHT,
    )


def _at(day: str) -> int:
    """The number of a day."""
    return datetime.date.fromisoformat(str(day)[:10]).toordinal()


def days_axis(first: int, last: int, most: int) -> Spec:
    """An axis of days with so many ticks at most, at round days: Mondays, or firsts of months."""
    days = [datetime.date.fromordinal(at) for at in range(first, last + 1)]
    months = [day for day in days if day.day == 1]
    kinds = [[day for day in days if day.weekday() == 0][::weeks] for weeks in (1, 2)]
    kinds += [[day for day in months if (day.month - 1) % step == 0] for step in (1, 2, 3, 6, 12)]
    if last - first < _FEW_DAYS:
        kinds.insert(0, days)
    fitting = [kind for kind in kinds if 0 < len(kind) <= most] or [days[:1]]
    labels = {day.toordinal(): month_text(day) if day.day == 1 else day_of_month(day) for day in fitting[0]}
    said = json.dumps({str(at): said for at, said in labels.items()}, ensure_ascii=False)
    return {
        "title": None,
        "values": list(labels),
        "labelExpr": f"({said})[datum.value]",
        "grid": False,
    }


def calibration(facts: Facts) -> Chart | None:
    """How often statements of a chance came true in past elections; ``None`` where no backtest speaks for
    such a forecast.
    """
    forecast = facts.forecast
    tested = "record/elections" in forecast and float(forecast.array("record/elections")) > 0
    if not tested:
        return None
    parts = [_reliability(facts, "A party enters", "pass"), _reliability(facts, "A majority", "majority")]
    kept = [part for part in parts if part is not None]
    if not kept:
        return None
    elections, held = int(forecast.array("record/elections")), float(forecast.array("record/coverage")[1])
    finding = f"In {elections} past elections, intervals of 80 % held {percent(held, 0)} of the results"
    explanation = (
        "Each dot: statements of about one chance; across: the chance given; up: how often it came true; "
        "larger dots: more statements. Dots on the line are right."
    )
    return finished(beside(*kept, spacing=40), finding, explanation, _backtest(facts), indent=56)


def _backtest(facts: Facts) -> str:
    """What the record of such forecasts rests on, in its first sentence."""
    said = str(facts.forecast.attrs.get("track_record", "")).split("\n")
    return said[0]


def _reliability(facts: Facts, text: str, kind: str) -> Spec | None:
    parts = ("forecast_probability", "observed_frequency", "statements")
    said, happened, often = (facts.forecast.array(f"record/{kind}_{part}") for part in parts)
    some = np.nan_to_num(often) > 0
    if not some.any():
        return None
    dots = [
        {"said": a, "happened": b, "size": 20 + 260 * n / float(often[some].max())}
        for a, b, n in zip(said[some].tolist(), happened[some].tolist(), often[some].tolist(), strict=True)
    ]
    axis = {"scale": {"domain": [0, 1], "nice": False, "clamp": True}, **shares_axis(tickCount=5)}
    line = {"values": [{"a": 0, "b": 0}, {"a": 1, "b": 1}]}
    points = {
        "x": number("said", title="chance given", **axis),
        "y": number("happened", title="came true", **axis),
        "size": {"field": "size", "type": "quantitative", "scale": None},
    }
    return layered(
        mark("line", line, {"x": number("a"), "y": number("b")}, color=FAINT, strokeWidth=2),
        mark("point", {"values": dots}, points, filled=True, color=ACCENT, opacity=0.85),
        width=240,
        height=240,
        **title(text, size=13),
    )
