"""Charts of parties: who enters, shares, seats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from forecast.charts import findings
from forecast.charts.colours import EMPTY, INK, SOFT, on_white
from forecast.charts.look import PERCENT, WIDTH, Chart, finished, rows, shortened
from forecast.tables.rounding import interval, percent, whole

if TYPE_CHECKING:
    from forecast.charts.facts import Facts

_ROW = 26
_NAME_LETTERS = 24
_NAME_WIDTH = 215
_PANELS = 3
_DRAWN_FROM = 0.01
"""Parties with a smaller chance of any seat are named in the text instead of drawn."""


def entering(facts: Facts) -> Chart:
    """Chance of every party to cross the threshold, as bars."""
    values = [
        {
            **named(row),
            "chance": 0.0 if row["seatless"] else row["pass_probability"],
            "text": row["chance"],
        }
        for row in facts.parties
        if row["told"]
    ]
    base = alt.Chart(rows(values)).encode(y=_by_party(values))
    bars = base.mark_bar(height=15).encode(
        x=alt.X(
            "chance:Q",
            scale=alt.Scale(domain=[0, 1]),
            title="Probability of crossing the threshold",
            axis=alt.Axis(labelExpr=PERCENT, values=[0, 0.25, 0.5, 0.75, 1]),
        ),
        color=alt.Color("colour:N", scale=None),
    )
    texts = base.mark_text(align="left", dx=6, fontSize=12).encode(
        x="chance:Q", text="text:N", color=alt.condition("datum.seatless", alt.value(EMPTY), alt.value(INK))
    )
    plot = alt.layer(bars, texts).properties(width=WIDTH - _NAME_WIDTH - 85, height=_ROW * len(values))
    body = alt.hconcat(names_column(values), plot, spacing=12)
    explanation = "Probability that a party crosses the threshold, by whatever way the rule gives it."
    return finished(body, findings.entering(facts), explanation + _untold(facts), facts.caption)


def shares(facts: Facts) -> Chart:
    """Shares of the vote with their 50, 80 and 95 % intervals, and the threshold."""
    values = [
        {
            **named(row),
            **{
                name: row[f"share_{name}"]
                for name in ("low95", "low80", "low50", "median", "high50", "high80", "high95")
            },
            "text": percent(row["share_median"]),
            "last": row["last_share"],
        }
        for row in facts.parties
        if row["told"]
    ]
    base = alt.Chart(rows(values)).encode(y=_by_party(values))
    x = alt.X(
        "low95:Q",
        title="Share of the valid votes",
        axis=alt.Axis(labelExpr=PERCENT),
        scale=alt.Scale(zero=True),
    )
    colour = alt.Color("colour:N", scale=None)
    layers: list[alt.Chart] = [
        base.mark_rule(strokeWidth=2).encode(x=x, x2="high95:Q", color=colour),
        base.mark_bar(height=7).encode(x="low80:Q", x2="high80:Q", color=colour),
        base.mark_bar(height=14).encode(x="low50:Q", x2="high50:Q", color=colour),
        base.mark_tick(thickness=2.5, size=18, color=INK, opacity=1).encode(x="median:Q"),
    ]
    if any(row["last"] is not None for row in values):
        last = base.transform_filter("isValid(datum.last)")
        layers.append(
            last.mark_point(shape="diamond", size=46, color=INK, fill="white", strokeWidth=1.3).encode(
                x="last:Q"
            )
        )
    if facts.level is not None:
        layers += _threshold(facts.level, len(values))
    plot = alt.layer(*layers).properties(width=WIDTH - _NAME_WIDTH - 40, height=_ROW * len(values))
    body = alt.hconcat(names_column(values, "text"), plot, spacing=16)
    explanation = (
        "Median (number, black tick), 50 % (thick), 80 % (medium) and 95 % (thin) intervals of the share."
    )
    if any(row["last"] is not None for row in values):
        explanation += " White diamond: last election."
    return finished(body, findings.shares(facts), explanation + _untold(facts), facts.caption)


def _threshold(level: float, number: int) -> list[alt.Chart]:
    data = rows([{"level": level, "text": f"threshold {findings.level_text(level)}"}])
    line = alt.Chart(data).mark_rule(strokeDash=[5, 4], color=INK, strokeWidth=1.2).encode(x="level:Q")
    text = alt.Chart(data).mark_text(align="left", baseline="bottom", dx=4, fontSize=11, color=SOFT)
    return [line, text.encode(x="level:Q", y=alt.value(-3), text="text:N")]


def seats(facts: Facts) -> Chart:
    """The whole distribution of seats of every party, a panel each."""
    drawn = [row for row in facts.lists if 1.0 - facts.seat_chances[row["party"]][0] >= _DRAWN_FROM]
    panels = [_panel(facts, row) for row in drawn]
    if not panels:
        panels = [
            alt.Chart(rows([{"text": "no party has a chance of a seat"}])).mark_text().encode(text="text:N")
        ]
    body = alt.concat(*panels, columns=_PANELS, spacing={"row": 22, "column": 26})
    left = [row["party_name"] for row in facts.lists if row not in drawn]
    explanation = (
        "Probability of every number of seats. Each panel has its own scales. "
        "Grey: no seat at all; mark below: median."
    )
    if left:
        explanation += f" Not drawn, with hardly a chance of a seat: {_some(left)}."
    seatless = [row["party_name"] for row in facts.parties if row["seatless"] and row["told"]]
    if seatless:
        explanation += f" Holds no seats: {', '.join(seatless)}."
    return finished(body, findings.seats(facts), explanation + _untold(facts), facts.caption)


def _panel(facts: Facts, row: dict[str, Any]) -> Chart:
    chances = facts.seat_chances[row["party"]]
    held = [n for n, chance in enumerate(chances) if chance > 2e-4]
    low, high = (0 if held[0] < 0.4 * held[-1] else held[0]), held[-1]
    low, high = max(0, low - 1) if low else 0, high + 1
    width = (WIDTH - 60) / _PANELS
    colour = on_white(row["colour"])
    values = [
        {"seats": n, "chance": float(chances[n]), "colour": colour if n else EMPTY}
        for n in range(low, min(high, len(chances) - 1) + 1)
    ]
    base = alt.Chart(rows(values))
    ticks = alt.Axis(title=None, grid=False, tickCount=5, format="d", tickMinStep=1, labelFontSize=11)
    bars = base.mark_bar(size=max(1.0, min(14.0, 0.8 * width / max(1, len(values))))).encode(
        x=alt.X("seats:Q", axis=ticks, scale=alt.Scale(domain=[low - 0.6, high + 0.6], nice=False)),
        y=alt.Y("chance:Q", axis=None),
        color=alt.Color("colour:N", scale=None),
    )
    mark = alt.Chart(rows([{"seats": row["seat_median"]}]))
    median = mark.mark_point(
        shape="triangle-up", size=40, filled=True, color=INK, opacity=1, yOffset=4
    ).encode(x="seats:Q", y=alt.value(72))
    none = facts.seat_chances[row["party"]][0]
    subtitle = f"median {whole(row['seat_median'])}, 80 %: {interval(row['seat_low80'], row['seat_high80'])}"
    if none >= 0.005:
        subtitle += f", none: {percent(float(none), 0) if none < 0.985 else '>98 %'}"
    title = alt.TitleParams(
        shortened(row["party_name"], 24),
        subtitle=subtitle,
        anchor="start",
        fontSize=12,
        subtitleFontSize=11,
        subtitleColor=SOFT,
        color=INK,
        offset=4,
    )
    return alt.layer(bars, median).properties(width=width, height=72, title=title)


def named(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "party": row["party"],
        "name": shortened(row["party_name"], _NAME_LETTERS),
        "colour": EMPTY if row["seatless"] else on_white(row["colour"]),
        "seatless": row["seatless"],
    }


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"


def names_column(values: list[dict[str, Any]], beside: str | None = None, row_height: int = _ROW) -> Chart:
    """The names in a column of their own, with a text of each row at its right end."""
    base = alt.Chart(rows(values)).encode(y=_by_party(values))
    layers = [base.mark_text(align="left").encode(x=alt.value(0), text="name:N")]
    if beside is not None:
        column = base.mark_text(align="right", fontWeight="bold")
        layers.append(column.encode(x=alt.value(_NAME_WIDTH), text=f"{beside}:N"))
    return alt.layer(*layers).properties(width=_NAME_WIDTH, height=row_height * len(values))


def _by_party(values: list[dict[str, Any]]) -> alt.Y:
    """Rows by id, so that two parties of one name stay two."""
    return alt.Y("party:N", sort=[row["party"] for row in values], axis=None)


def _untold(facts: Facts) -> str:
    untold = [row["party_name"] for row in facts.parties if not row["told"]]
    return f" Not told apart by the polls: {', '.join(untold)}." if untold else ""
