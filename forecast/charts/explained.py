"""Charts of what explains a sweep: shares of the variance, indices along the threshold, the last seat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    ACCENT,
    INK,
    SOFT,
    WIDTH,
    Chart,
    Spec,
    as_it_is,
    at,
    below,
    beside,
    finished,
    layered,
    mark,
    name,
    number,
    percent_labels,
    shares_axis,
    title,
)
from forecast.charts.rules import Variants
from forecast.words.headlines import level_text
from forecast.words.rounding import percent, points, probability, whole

if TYPE_CHECKING:
    from forecast.result import Forecast

_LIGHT = "#bdbdbd"
_MOST_PARTIES = 4
_BAR = 17
_TOGETHER = "together"
_VOTES = ("polls", "undecided")
_SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+.2~f')"
_LEAST_SPREAD = 0.05
"""Seats of a standard deviation that is worth a panel."""


def decomposition(forecast: Forecast) -> Chart | None:
    """What moves the seats of the parties with the largest spread: bars of one standard deviation each."""
    variants = Variants(forecast)
    if "decomposition/seat_first_order" not in forecast:
        return None
    spread = np.sqrt(forecast.array("decomposition/seat_variance"))
    widest = sorted(variants.lists, key=lambda row: -spread[row["at"]])
    chosen = [row for row in widest if spread[row["at"]] > _LEAST_SPREAD][:_MOST_PARTIES]
    if not chosen:
        return None
    parts = {row["party"]: _parts(forecast, row["at"], float(spread[row["at"]])) for row in chosen}
    reach = 1.1 * max(part["high"] for found in parts.values() for part in found)
    drawn = [
        _tornado(row["name"], float(spread[row["at"]]), parts[row["party"]], reach, last=row is chosen[-1])
        for row in chosen
    ]
    first = chosen[0]
    largest = [part for part in parts[first["party"]] if part["factor"] != _TOGETHER]
    shares = f"{largest[0]['percent']} is the {largest[0]['factor']}"
    if len(largest) > 1:
        shares += f" and {largest[1]['percent']} the {largest[1]['factor']}"
    owner = f"{first['name']}'" if first["name"].endswith("s") else f"{first['name']}'s"
    few = " of the parties with the largest spread" if len(widest) > len(chosen) else ""
    explanation = (
        f"Seats{few}, if one thing alone varied: one standard deviation to either side of the mean, and its "
        f"part of the variance (first-order Sobol index). Blue: the rule, every value of the sweep as likely "
        f"as the next. Grey: the votes, and what none does alone ({_TOGETHER})."
    )
    finding = f"Of the spread in {owner} seats, {shares}"
    return finished(below(*drawn, spacing=16), finding, explanation, variants.caption, indent=110)


def _parts(forecast: Forecast, k: int, spread: float) -> list[dict[str, Any]]:
    """Every factor with its share of the variance, the widest first."""
    first = forecast.array("decomposition/seat_first_order")[k].tolist()
    shares = dict(zip(forecast.names("decomposition/factor"), first, strict=True))
    shares[_TOGETHER] = float(forecast.array("decomposition/seat_interactions")[k])
    found: list[dict[str, Any]] = []
    for factor, signed in shares.items():
        share = max(signed, 0.0)
        rule = factor not in _VOTES and factor != _TOGETHER
        found.append(
            {
                "factor": factor.replace("_", " "),
                "share": share,
                "low": -spread * share**0.5,
                "high": spread * share**0.5,
                "percent": "<1 %" if share < 0.005 else f"{100 * share:.0f} %",
                "ink": ACCENT if rule else _LIGHT,
            }
        )
    return sorted(found, key=lambda part: -part["share"])


def _tornado(text: str, spread: float, parts: list[dict[str, Any]], reach: float, *, last: bool) -> Spec:
    """Bars of one party, the widest on top; the axis stands below the last panel."""
    y = {"y": name("factor", axis={"title": None, "ticks": False, "domain": False, "minExtent": 100})}
    axis = {
        "title": "seats from the mean" if last else None,
        "labels": last,
        "ticks": last,
        "labelExpr": _SIGNED,
    }
    x = number("low", axis=axis, scale={"domain": [-reach, reach], "nice": False})
    bars = {**y, "x": x, "x2": {"field": "high"}, "color": as_it_is("ink")}
    texts = {**y, "x": number("high"), "text": name("percent"), "color": at(INK)}
    return layered(
        mark("bar", None, bars, height=_BAR - 4),
        mark("rule", {"values": [{"at": 0}]}, {"x": number("at")}, color=SOFT, strokeWidth=1),
        mark("text", None, texts, align="left", dx=5, fontSize=11),
        data={"values": parts},
        width=WIDTH - 130,
        height=_BAR * len(parts),
        **title(f"{text}: ± {spread:.1f} seats in all", offset=6),
    )


_INDICES = {"wasted": "Wasted votes", "gallagher": "Gallagher index"}


def indices(forecast: Forecast) -> Chart | None:
    """Votes without a seat and disproportionality by the height of the threshold."""
    variants = Variants(forecast)
    if not variants.levels:
        return None
    curves = {key: variants.along(f"rules/{key}", "threshold") for key in _INDICES}
    drawn = [_index_curve(variants, text, curves[key]) for key, text in _INDICES.items()]
    wasted = curves["wasted"]
    low, high = variants.levels[0], variants.levels[-1]
    finding = f"Votes for lists without a seat: {percent(float(wasted[0]))} at {level_text(low)}"
    held = variants.at_law(wasted)
    if held is not None and variants.law not in (low, high):
        finding += f", {percent(held)} at {level_text(variants.law or 0)}"
    finding += f", {percent(float(wasted[-1]))} at {level_text(high)}"
    of = "Means over the simulated elections" if variants.drawn else "Of the real votes"
    explanation = (
        f"{of}, by the height of the threshold. Wasted votes: share of the valid votes for lists that win no "
        "seat. Gallagher's index: 0 where seats are as votes. Dashed: the threshold of the law."
    )
    return finished(beside(*drawn, spacing=36), finding, explanation, variants.caption, indent=44)


def _index_curve(variants: Variants, text: str, values: np.ndarray) -> Spec:
    held = [{"level": a, "value": float(b)} for a, b in zip(variants.levels, values, strict=True)]
    scale = {"domain": [0.0, max(0.01, float(np.max(values)))], "nice": 5}
    line = {
        "x": variants.levels_axis(),
        "y": number("value", scale=scale, **shares_axis(title=None, tickCount=5)),
    }
    how = "linear" if variants.drawn else "step-after"
    return layered(
        mark("line", {"values": held}, line, color=ACCENT, strokeWidth=2.4, interpolate=how),
        *variants.law_line(),
        width=(WIDTH - 130) / 2,
        height=200,
        **title(text, size=13, offset=6),
    )


_MOST_BARS = 8
_LEAST_CHANCE = 0.005
"""Pairs of lists between which the last seat stands more rarely are left out."""


def last_seat(forecast: Forecast) -> Chart | None:
    """Between whom the last seat stands, or by how many votes a list of a real count misses its next."""
    variants = Variants(forecast)
    if "last_seat/probability" in forecast:
        return _pairs(variants)
    return _counted(variants) if "last_seat/next_votes" in forecast else None


def _pairs(variants: Variants) -> Chart | None:
    forecast = variants.forecast
    chances, errors = (forecast.array(path) for path in ("last_seat/probability", "last_seat/mc_error"))
    pairs: list[tuple[float, float, str]] = sorted(
        (
            (
                float(chances[gains["at"], loses["at"]]),
                float(errors[gains["at"], loses["at"]]),
                f"{gains['name']} from {loses['name']}",
            )
            for gains in variants.lists
            for loses in variants.lists
            if gains is not loses
        ),
        reverse=True,
    )
    shown = [pair for pair in pairs if pair[0] >= _LEAST_CHANCE][:_MOST_BARS]
    if not shown:
        return None
    if "last_seat/votes_quantile" in forecast:
        margin = f"{whole(float(forecast.array('last_seat/votes_quantile')[3]))} votes"
    else:
        margin = f"{percent(float(forecast.array('last_seat/share_quantile')[3]))} of the votes"
    bars = [
        {"pair": pair, "value": chance, "text": probability(chance, error)} for chance, error, pair in shown
    ]
    explanation = (
        "Share of simulated elections in which these two lists are the closest to exchanging a seat: the "
        "fewest votes more for the first move one from the second, the other lists' votes unchanged. "
        f"± {points(max(error for _, error, _ in shown))} points at most (Monte Carlo standard error)."
    )
    finding = f"The last seat hangs on {margin} in the middle simulation"
    return _bars(variants, bars, percent_labels(), finding, explanation)


def _counted(variants: Variants) -> Chart | None:
    forecast = variants.forecast
    called_by = {row["party"]: row["name"] for row in variants.lists}
    wanted: list[dict[str, Any]] = []
    for row in variants.lists:
        votes = float(forecast.array("last_seat/next_votes")[row["at"]])
        losers = [one for one in forecast.names("last_seat/next_from")[row["at"]].split("+") if one]
        if np.isfinite(votes) and losers and set(losers) <= set(called_by):
            pair = f"{row['name']} from {' and '.join(called_by[one] for one in losers)}"
            wanted.append({"pair": pair, "value": votes, "text": whole(votes)})
    wanted.sort(key=lambda one: one["value"])
    if not wanted:
        return None
    finding = f"The closest seat: {wanted[0]['text']} votes more, for {wanted[0]['pair']}"
    explanation = (
        "Fewest votes more that win a list its next seat, and who would give it up; the votes of the other "
        "lists stay, and the base of the threshold grows."
    )
    return _bars(variants, wanted[:_MOST_BARS], "format(datum.value, ',')", finding, explanation)


def _bars(
    variants: Variants, bars: list[dict[str, Any]], labels: str, finding: str, explanation: str
) -> Chart:
    axis = {"labelLimit": 300, "ticks": False, "domain": False, "labelPadding": 8}
    y = {"y": name("pair", title=None, axis=axis)}
    scale = {"domain": [0.0, 1.12 * max(bar["value"] for bar in bars)], "nice": False}
    x = number("value", title=None, axis={"labelExpr": labels, "tickCount": 5}, scale=scale)
    text = {**y, "x": number("value"), "text": name("text")}
    body = layered(
        mark("bar", None, {**y, "x": x}, color=ACCENT, size=16),
        mark("text", None, text, align="left", dx=6, fontSize=12, color=INK),
        data={"values": bars},
        width=WIDTH - 320,
        height=28 * len(bars),
    )
    return finished(body, finding, explanation, variants.caption, indent=250)
