"""Charts of what else a sweep answers: the cost of a threshold, and what decides the last seat."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from forecast.charts.colours import ACCENT, INK
from forecast.charts.findings import level_text
from forecast.charts.look import PERCENT, WIDTH, Chart, finished, rows
from forecast.charts.sweeps import Variants, at_law, law_line, levels_axis
from forecast.tables.rounding import percent, whole

_INDICES = (("wasted", "Wasted votes"), ("gallagher", "Gallagher index"))
_MOST_BARS = 8
_LEAST_CHANCE = 0.005
"""Pairs of lists between which the last seat stands more rarely are left out."""


def indices(variants: Variants) -> Chart | None:
    """Votes without a seat and disproportionality by the height of the threshold."""
    if not variants.levels:
        return None
    ending = "_mean" if variants.sweep.simulated else ""
    curves = {name: variants.along(f"{name}{ending}", "threshold").values for name, _ in _INDICES}
    panels = [_curve(variants, title, curves[name]) for name, title in _INDICES]
    wasted = curves["wasted"]
    low, high = variants.levels[0], variants.levels[-1]
    finding = f"Votes for lists without a seat: {percent(wasted[0])} at {level_text(low)}"
    held = at_law(variants, wasted)
    if held is not None and variants.law not in (low, high):
        finding += f", {percent(held)} at {level_text(variants.law or 0)}"
    finding += f", {percent(wasted[-1])} at {level_text(high)}"
    of = "Means over the simulated elections" if variants.sweep.simulated else "Of the real votes"
    explanation = (
        f"{of}, by the height of the threshold. Wasted votes: share of the valid votes for lists that win no "
        "seat. Gallagher's index: 0 where seats are as votes. Dashed: the threshold of the law."
    )
    return finished(alt.hconcat(*panels, spacing=36), finding, explanation, variants.caption, indent=44)


def _curve(variants: Variants, title: str, values: np.ndarray) -> Chart:
    held = rows([{"level": a, "value": float(b)} for a, b in zip(variants.levels, values, strict=True)])
    scale = alt.Scale(domain=[0.0, max(0.01, float(np.max(values)))], nice=5)
    y = alt.Y("value:Q", title=None, axis=alt.Axis(labelExpr=PERCENT, tickCount=5), scale=scale)
    line = alt.Chart(held).mark_line(
        color=ACCENT,
        strokeWidth=2.4,
        interpolate="linear" if variants.sweep.simulated else "step-after",
    )
    drawn = line.encode(x=levels_axis(variants.levels[0], variants.levels[-1]), y=y)
    name = alt.TitleParams(title, anchor="start", fontSize=13, color=INK, offset=6)
    body = alt.layer(drawn, *law_line(variants))
    return body.properties(width=(WIDTH - 130) / 2, height=200, title=name)


def last_seat(variants: Variants) -> Chart | None:
    """Between whom the last seat stands, or by how many votes a list of a real count misses its next."""
    return _drawn(variants) if variants.sweep.simulated else _counted(variants)


def _drawn(variants: Variants) -> Chart | None:
    data = variants.data
    if "last_seat_probability" not in data:
        return None
    chances = data["last_seat_probability"]
    name = {str(one["party"]): one["name"] for one in variants.lists}
    pairs = sorted(
        (
            (float(chances.sel(party=gains, rival=loses)), f"{name[gains]} from {name[loses]}")
            for gains in name
            for loses in name
            if gains != loses
        ),
        reverse=True,
    )
    shown = [pair for pair in pairs if pair[0] >= _LEAST_CHANCE][:_MOST_BARS]
    if not shown:
        return None
    in_votes = "last_seat_votes_quantile" in data
    quantiles = data["last_seat_votes_quantile" if in_votes else "last_seat_share_quantile"]
    middle = float(quantiles.sel(quantile=0.5))
    margin = f"{whole(middle)} votes" if in_votes else f"{percent(middle)} of the votes"
    bars = [{"pair": pair, "value": chance, "text": percent(chance)} for chance, pair in shown]
    explanation = (
        "Share of simulated elections in which these two lists are the closest to exchanging a seat: the "
        "fewest votes more for the first move one from the second, the other lists' votes unchanged."
    )
    finding = f"The last seat hangs on {margin} in the middle simulation"
    return _bars(variants, bars, PERCENT, finding, explanation)


def _counted(variants: Variants) -> Chart | None:
    data = variants.data
    if "next_seat_votes" not in data:
        return None
    name = {str(one["party"]): one["name"] for one in variants.lists}
    wanted: list[dict[str, Any]] = []
    for party in name:
        votes = float(data["next_seat_votes"].sel(party=party))
        losers = [one for one in str(data["next_seat_from"].sel(party=party).values).split("+") if one]
        if np.isfinite(votes) and losers and set(losers) <= set(name):
            pair = f"{name[party]} from {' and '.join(name[one] for one in losers)}"
            wanted.append({"pair": pair, "value": votes, "text": whole(votes)})
    wanted.sort(key=lambda one: one["value"])
    if not wanted:
        return None
    first = wanted[0]
    finding = f"The closest seat: {first['text']} votes more, for {first['pair']}"
    explanation = (
        "Fewest votes more that win a list its next seat, and who would give it up; the votes of the other "
        "lists stay, and the base of the threshold grows."
    )
    return _bars(variants, wanted[:_MOST_BARS], "format(datum.value, ',')", finding, explanation)


def _bars(
    variants: Variants, bars: list[dict[str, Any]], labels: str, finding: str, explanation: str
) -> Chart:
    order = [bar["pair"] for bar in bars]
    y = alt.Y(
        "pair:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelLimit=300, ticks=False, domain=False, labelPadding=8),
    )
    most = max(bar["value"] for bar in bars)
    x = alt.X(
        "value:Q",
        title=None,
        axis=alt.Axis(labelExpr=labels, tickCount=5),
        scale=alt.Scale(domain=[0.0, 1.12 * most], nice=False),
    )
    base = alt.Chart(rows(bars)).encode(x=x, y=y)
    text = base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(text="text:N")
    body = alt.layer(base.mark_bar(color=ACCENT, size=16), text)
    body = body.properties(width=WIDTH - 320, height=28 * len(bars))
    return finished(body, finding, explanation, variants.caption, indent=250)
