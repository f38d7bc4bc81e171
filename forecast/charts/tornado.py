"""How much of the spread in seats is the rule: a tornado of the decomposition of the variance."""

from __future__ import annotations

from typing import Any

import altair as alt

from forecast.charts.colours import ACCENT, INK, SOFT
from forecast.charts.look import WIDTH, Chart, finished, rows
from forecast.charts.sweeps import Variants

_MOST_PARTIES = 4
_BAR = 17
_TOGETHER = "together"
_VOTES = ("polls", "undecided")
_LIGHT = "#bdbdbd"
_SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+.2~f')"
_LEAST_SPREAD = 0.05
"""Seats of a standard deviation that is worth a panel."""


def decomposition(variants: Variants) -> Chart | None:
    """What moves the seats of the parties with the largest spread: bars of one standard deviation each."""
    data = variants.data
    if "seat_first_order" not in data:
        return None
    spread = {
        row["party"]: float(data["seat_variance"].sel(party=row["party"])) ** 0.5 for row in variants.lists
    }
    widest = sorted(variants.lists, key=lambda row: -spread[row["party"]])
    chosen = [row for row in widest if spread[row["party"]] > _LEAST_SPREAD][:_MOST_PARTIES]
    if not chosen:
        return None
    parts = {row["party"]: _parts(variants, row["party"], spread[row["party"]]) for row in chosen}
    reach = 1.1 * max(part["high"] for found in parts.values() for part in found)
    panels = [
        _panel(row["name"], spread[row["party"]], parts[row["party"]], reach, last=row is chosen[-1])
        for row in chosen
    ]
    body = alt.vconcat(*panels, spacing=16)
    first, *_ = chosen
    told = sorted(
        (part for part in parts[first["party"]] if part["factor"] != _TOGETHER),
        key=lambda part: -part["share"],
    )
    shares = f"{told[0]['percent']} is the {told[0]['factor']}"
    if len(told) > 1:
        shares += f" and {told[1]['percent']} the {told[1]['factor']}"
    owner = f"{first['name']}'" if first["name"].endswith("s") else f"{first['name']}'s"
    finding = f"Of the spread in {owner} seats, {shares}"
    few = " of the parties with the largest spread" if len(widest) > len(chosen) else ""
    explanation = (
        f"Seats{few}, if one thing alone varied: one standard deviation to either side of the mean, and its "
        f"part of the variance (first-order Sobol index). Blue: the rule, every value of the sweep as likely "
        f"as the next. Grey: the votes, and what none does alone ({_TOGETHER})."
    )
    return finished(body, finding, explanation, variants.caption, indent=110)


def _parts(variants: Variants, party: str, spread: float) -> list[dict[str, Any]]:
    """Every factor with its share of the variance, the widest first."""
    data = variants.data.sel(party=party)
    shares = {str(f): float(data["seat_first_order"].sel(factor=f)) for f in data["factor"].values}
    shares[_TOGETHER] = float(data["seat_interactions"])
    found: list[dict[str, Any]] = []
    for factor, share in shares.items():
        share = max(share, 0.0)
        rule = factor not in _VOTES and factor != _TOGETHER
        found.append(
            {
                "factor": factor,
                "share": share,
                "low": -spread * share**0.5,
                "high": spread * share**0.5,
                "percent": "<1 %" if share < 0.005 else f"{100 * share:.0f} %",
                "shade": ACCENT if rule else _LIGHT,
            }
        )
    return sorted(found, key=lambda part: -part["share"])


def _panel(name: str, spread: float, parts: list[dict[str, Any]], reach: float, *, last: bool) -> Chart:
    """Bars of one party, the widest on top; the axis stands below the last panel."""
    base = alt.Chart(rows(parts)).encode(
        y=alt.Y(
            "factor:N",
            sort=[part["factor"] for part in parts],
            axis=alt.Axis(title=None, ticks=False, domain=False, minExtent=100),
        )
    )
    axis = alt.Axis(title="seats from the mean" if last else None, labels=last, ticks=last, labelExpr=_SIGNED)
    bars = base.mark_bar(height=_BAR - 4).encode(
        x=alt.X("low:Q", axis=axis, scale=alt.Scale(domain=[-reach, reach], nice=False)),
        x2="high:Q",
        color=alt.Color("shade:N", scale=None),
    )
    text = base.mark_text(align="left", dx=5, fontSize=11).encode(
        x="high:Q", text="percent:N", color=alt.value(INK)
    )
    centre = alt.Chart(rows([{"at": 0}])).mark_rule(color=SOFT, strokeWidth=1).encode(x="at:Q")
    title = alt.TitleParams(
        f"{name}: ± {spread:.1f} seats in all", anchor="start", fontSize=12, color=INK, offset=6
    )
    return alt.layer(bars, centre, text).properties(width=WIDTH - 130, height=_BAR * len(parts), title=title)
