"""Charts of forecasts under many rules: what a rule changes on the same draws, or on the same real votes; and
what other thresholds would do on the draws of one forecast.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts.drawing import (
    ACCENT,
    INK,
    SOFT,
    WIDTH,
    Chart,
    Data,
    Rows,
    Spec,
    as_it_is,
    at,
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
    on_white,
    panels,
    percent_labels,
    places,
    shares_axis,
    shortened,
    title,
    whole_axis,
)
from forecast.charts.parties import PANEL_WIDTH, PANELS, names_column, told
from forecast.election.methods import METHODS
from forecast.variables import error_of
from forecast.words.facts import level_of
from forecast.words.headlines import level_text, names, of_hundred_short, whole_percent
from forecast.words.rounding import probability

if TYPE_CHECKING:
    from forecast.result import Forecast
    from forecast.words.facts import Facts


_HEIGHT = 340
_LETTERS = 22
_LEAST_BAND = 0.036
"""Part of the house that a band of seats needs to hold a name."""
_MOST_CELLS = 21
_MOST_CURVES = 12
"""Parties whose curves have a colour and a name."""
_GREY = "#c9c9c9"
_MOST_NARROW = 6
_MANY_LEVELS = 30
_PLAIN = (ACCENT, "#6b6b6b", "#4d7ea8", "#8c8c8c")
"""Of parties without a colour of their own, so that neighbours differ in grey too."""
_MOST_STEPS = 12
_STEPS_HEIGHT = 66


@dataclass(frozen=True)
class Variants:
    """A sweep as its charts read it."""

    forecast: Forecast

    @property
    def drawn(self) -> bool:
        """Whether the votes were drawn; else they are those of a real count."""
        return self.forecast.draws > 0

    @cached_property
    def levels(self) -> list[float]:
        """Levels of the threshold in rising order; none where it does not vary, or has a quota among them."""
        levels = self.forecast.ticks.get("threshold", [])
        return levels if len(levels) > 1 and all(isinstance(level, float) for level in levels) else []

    @cached_property
    def base(self) -> dict[str, int]:
        """Where the base rule stands on every axis; the first value where it is not among the variants."""
        found = np.argwhere(self.forecast.array("rules/is_base_rule"))
        place = found[0].tolist() if len(found) else [0] * len(self.forecast.leading)
        return dict(zip(self.forecast.leading, place, strict=True))

    def along(self, path: str, *dims: str) -> np.ndarray:
        """A number along some axes, in their order, the others held at the base rule."""
        values, leading = self.forecast.array(path), list(self.forecast.leading)
        held = values[tuple(slice(None) if dim in dims else k for dim, k in self.base.items())]
        kept = [dim for dim in leading if dim in dims]
        return np.moveaxis(held, [kept.index(dim) for dim in dims], range(len(dims)))

    @cached_property
    def lists(self) -> list[dict[str, Any]]:
        """Parties that may hold seats, those with the most seats first."""
        seats = self.forecast.array("seat_mean" if self.drawn else "seats_won")
        most = np.nanmax(seats.reshape(-1, seats.shape[-1]), axis=0).tolist()
        columns = zip(
            *(self.forecast.names(f"party{end}") for end in ("", "_name", "_short", "_colour")), strict=True
        )
        found = [
            {
                "at": k,
                "party": party,
                "name": called({"name": text, "short": short}, _LETTERS),
                "colour": colour,
            }
            for k, (party, text, short, colour) in enumerate(columns)
            if most[k] > 0.05
        ]
        found.sort(key=lambda row: -most[row["at"]])
        for k, row in enumerate(found):
            row["ink"] = on_white(row["colour"]) if row["colour"] else _PLAIN[k % len(_PLAIN)]
        return found

    @property
    def law(self) -> float | None:
        """Level of the base rule, where it is a share."""
        return level_of(self.forecast.rule)

    def at_law(self, curve: np.ndarray) -> float | None:
        """A curve at the law's level, where that is among the variants."""
        for level, value in zip(self.levels, curve, strict=True):
            if self.law is not None and abs(level - self.law) < 1e-9:
                return float(value)
        return None

    def law_line(self, ink: str = SOFT) -> list[Spec]:
        """The line of the law's level, where it lies in the plot."""
        inside = self.law is not None and self.levels[0] <= self.law <= self.levels[-1]
        return [level_line({"values": [{"level": self.law}]}, ink=ink)] if inside else []

    def levels_axis(self) -> Spec:
        """The axis of levels."""
        scale = {"nice": False, "domain": [self.levels[0], self.levels[-1]]}
        return number("level", title="Threshold", scale=scale, **shares_axis(grid=False))

    def held(self, *shown: str) -> str:
        """What the axes are held at that a chart does not show."""
        said = [
            f"{dim} {self.forecast.ticks[dim][k]}"
            for dim, k in self.base.items()
            if dim not in ("threshold", *shown) and len(self.forecast.ticks[dim]) > 1
        ]
        return f" Held: {', '.join(said)}." if said else ""

    @property
    def caption(self) -> str:
        """Where the numbers come from."""
        attrs, rules = self.forecast.attrs, int(np.prod(self.forecast.shape))
        if not self.drawn:
            return f"{attrs['election_name']}. Real votes, counted exactly under {rules:,} rules."
        return (
            f"{attrs['election_name']}. Polls known by {attrs['as_of']}. {rules:,} rules on the same "
            f"{self.forecast.draws:,} simulated elections ({attrs['sampler']} draws, seed {attrs['seed']})."
        )


def method_name(method: str) -> str:
    """A method as people call it, without its divisors."""
    return METHODS[method].title.partition(":")[0] if method in METHODS else method


def passing(forecast: Forecast) -> Chart | None:
    """Chance of every party to cross the threshold, by its height."""
    variants = Variants(forecast)
    if not variants.levels or not variants.drawn:
        return None
    paths = ("pass_probability", error_of("pass_probability"))
    chances, errors = (variants.along(path, "threshold") for path in paths)
    named, others = variants.lists[:_MOST_CURVES], variants.lists[_MOST_CURVES:]
    width = WIDTH - 100
    values = [
        {
            "party": row["party"],
            "level": level,
            "chance": float(chance),
            "ink": row["ink"] if row in named else _GREY,
        }
        for row in [*others, *named]
        for level, chance in zip(variants.levels, chances[:, row["at"]], strict=True)
    ]
    lines = {
        "x": variants.levels_axis(),
        "y": number("chance", title="Passes", scale={"domain": [0, 1]}, **shares_axis()),
        "color": as_it_is("ink"),
        "detail": name("party"),
    }
    labels = {"values": _labels(variants, named, chances, width)}
    text = {"x": number("level"), "y": number("chance"), "text": name("name")}
    body = layered(
        mark("line", {"values": values}, lines, strokeWidth=2.2),
        *variants.law_line(),
        mark(
            "text",
            labels,
            text | {"color": at("white")},
            align="left",
            fontSize=12,
            stroke="white",
            strokeWidth=4,
        ),
        mark("text", labels, text | {"color": as_it_is("ink")}, align="left", fontSize=12),
        width=width,
        height=_HEIGHT,
    )
    finding = _open_at_law(variants, chances, errors)
    grey = f" In grey: {len(others)} parties with fewer seats." if others else ""
    meaning = forecast["pass_probability"].attrs["long_name"].capitalize()
    explanation = f"{meaning}, by its height. The dashed line is the law's.{grey}{variants.held()}"
    return finished(body, finding, explanation, variants.caption, indent=62)


def _labels(
    variants: Variants, listed: list[dict[str, Any]], chances: np.ndarray, width: float
) -> list[dict[str, Any]]:
    """The names of curves, each where it covers little."""
    low, high, law = variants.levels[0], variants.levels[-1], variants.law
    found = places(
        np.array([chances[:, row["at"]] for row in listed]),
        [row["name"] for row in listed],
        (np.array(variants.levels) - low) / (high - low),
        (width, _HEIGHT),
        [(law - low) / (high - low)] if law is not None and low <= law <= high else [],
    )
    return [
        {
            "name": row["name"],
            "ink": row["ink"],
            "level": low + place.x / width * (high - low),
            "chance": 1.0 - place.y / _HEIGHT,
        }
        for row, place in zip(listed, found, strict=True)
    ]


def _open_at_law(variants: Variants, chances: np.ndarray, errors: np.ndarray) -> str:
    open_: list[str] = []
    for row in variants.lists:
        chance, error = (variants.at_law(array[:, row["at"]]) for array in (chances, errors))
        if chance is not None and 0.05 < chance < 0.95:
            open_.append(f"{row['name']} ({probability(chance, error)})")
    if open_:
        return f"Open at the threshold of {level_text(variants.law or 0)}: {names(open_, 'parties')}"
    return "Who enters is settled at the threshold of the law, and not at every other"


def seats(forecast: Forecast) -> Chart | None:
    """Seats by the height of the threshold, stacked."""
    variants = Variants(forecast)
    if not variants.levels:
        return None
    drawn = variants.drawn
    numbers = variants.along("seat_mean" if drawn else "seats_won", "threshold")
    house = float(variants.along("rules/seats_to_hand_out", "threshold").max())
    steps = _ends(variants)
    bands, labels, named = _stacked(variants, numbers, steps, house)
    x = number(
        "from",
        title="Threshold",
        scale={"nice": False, "domain": [variants.levels[0], steps[-1]]},
        **shares_axis(grid=False),
    )
    y = number("low", title="Mean seats" if drawn else "Seats", scale={"domain": [0, house], "nice": False})
    ink = as_it_is("ink")
    places_of = {"x": x, "x2": {"field": "to"}}
    body = layered(
        mark(
            "rect",
            {"values": bands},
            {**places_of, "y": y, "y2": {"field": "high"}, "color": ink, "stroke": ink},
            strokeWidth=0.7,
        ),
        mark("rule", {"values": bands}, {**places_of, "y": number("high")}, stroke="white", strokeWidth=1.2),
        *variants.law_line("white"),
        mark(
            "text",
            {"values": labels},
            {"x": number("at"), "y": number("middle"), "text": name("name"), "color": at("white")},
            align="left",
            dx=6,
            fontSize=12,
            fontWeight="bold",
        ),
        width=WIDTH - 60,
        height=_HEIGHT,
    )
    first = variants.lists[0]
    ends = [f"{numbers[k, first['at']]:.{int(drawn)}f}" for k in (0, -1)]
    finding = (
        f"{first['name']}: {ends[0]} seats at a threshold of {level_text(variants.levels[0])}, {ends[1]} at "
        f"{level_text(variants.levels[-1])}"
    )
    narrow = [row["name"] for row in variants.lists if row["party"] not in named]
    listed = (
        f", from below: {', '.join(narrow)}" if len(narrow) <= _MOST_NARROW else f": {len(narrow)} parties"
    )
    above = f" Bands too narrow for a name{listed}." if narrow else ""
    what = "Mean seats over the draws" if drawn else "Seats"
    stacked = f"{what} by the height of the threshold, stacked. The dashed line is the law's."
    explanation = f"{stacked}{above}{variants.held()}"
    return finished(body, finding, explanation, variants.caption, indent=40)


def _stacked(
    variants: Variants, numbers: np.ndarray, steps: list[float], house: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], set[str]]:
    """Bands of all parties, names of those that are wide enough for one, and whose these are."""
    bands: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    foot = np.zeros(len(variants.levels))
    for row in variants.lists:
        band = numbers[:, row["at"]].astype(float)
        bands += _bands(row, variants.levels, steps, foot, band)
        wide = band >= _LEAST_BAND * house
        if wide.any():
            first = int(wide.argmax())
            stretch = int(np.argmin(wide[first:])) or len(band) - first
            if variants.levels[min(first + stretch, len(band) - 1)] - variants.levels[first] > 0.012:
                middle = float(foot[first] + band[first] / 2)
                labels.append(
                    {
                        "name": row["name"],
                        "party": row["party"],
                        "at": variants.levels[first],
                        "middle": middle,
                    }
                )
        foot = foot + band
    return bands, labels, {label["party"] for label in labels}


def _ends(variants: Variants) -> list[float]:
    """Where the band of every level ends: at the next level, or at the exact flip between the two.

    Of many levels the last is the end of the axis; of few it has a band of its own.
    """
    levels, forecast = variants.levels, variants.forecast
    more = 0.0 if len(levels) > _MANY_LEVELS else levels[-1] - levels[-2]
    ends = [*levels[1:], levels[-1] + more]
    if variants.drawn:
        return ends
    base = {dim: forecast.ticks[dim][k] for dim, k in variants.base.items() if dim != "threshold"}
    here = [json.loads(text) == base for text in forecast.names("flips/elsewhere")]
    flips = np.unique(forecast.array("flips/level")[np.array(here, np.bool_)])
    for k, (low, high) in enumerate(pairwise(levels)):
        between = flips[(flips >= low) & (flips < high)]
        if len(between) == 1:
            ends[k] = float(between[0])
    return ends


def _bands(
    row: dict[str, Any], levels: list[float], steps: list[float], foot: np.ndarray, band: np.ndarray
) -> list[dict[str, Any]]:
    """Stretches of levels along which a party's seats stand still: from, to, low, high."""
    found: list[dict[str, Any]] = []
    starts = [levels[0], *steps[:-1]]
    for level, end, low, held in zip(starts, steps, foot.tolist(), band.tolist(), strict=True):
        before = found[-1] if found else None
        if held <= 0:
            continue
        if before is not None and (before["to"], before["low"], before["high"]) == (level, low, low + held):
            before["to"] = end
        else:
            part = {"party": row["party"], "ink": row["ink"], "from": level, "to": end}
            found.append(part | {"low": low, "high": low + held})
    return found


def majority(forecast: Forecast) -> Chart | None:
    """A majority by threshold and method; mean seats where every rule gives the same answer."""
    variants = Variants(forecast)
    coalitions = forecast.names("coalition_name")
    if not variants.levels or "method" not in forecast.leading or not coalitions or not variants.drawn:
        return None
    grid = variants.along("majority_probability", "threshold", "method")
    spread = [float(np.ptp(grid[..., c])) for c in range(len(coalitions))]
    c = int(np.argmax(spread))
    settled = spread[c] < 0.005
    if settled:
        c, grid = 0, variants.along("coalition_seat_mean", "threshold", "method")
    cells = grid[..., c]
    errors = variants.along(error_of("majority_probability"), "threshold", "method")[..., c]
    said = np.vectorize(lambda mean, _: f"{mean:.0f}") if settled else np.vectorize(of_hundred_short)
    texts = said(cells, errors)
    low, high = float(cells.min()), float(cells.max())
    values = [
        {
            "level": level_text(variants.levels[k]),
            "method": shortened(method_name(method), _LETTERS),
            "base": _is_base(variants, threshold=k, method=m),
            "value": float(cells[k, m]),
            "text": str(texts[k, m]),
            "ink": "white" if cells[k, m] > low + 0.72 * (high - low) else INK,
        }
        for k in _few(variants)
        for m, method in enumerate(forecast.ticks["method"])
    ]
    where = {
        "x": name("level", axis={"title": "Threshold", "labelAngle": 0, "ticks": False}),
        "y": name("method", axis={"title": None, "ticks": False, "minExtent": 150, "labelLimit": 150}),
    }
    scale = {"domain": [low, high], "range": ["#ffffff", ACCENT], "interpolate": "rgb"}
    shade = number("value", legend=None, scale=scale)
    frame = mark("rect", None, where, filled=False, stroke=INK, strokeWidth=2.2)
    body = layered(
        mark("rect", None, {**where, "fill": shade}, stroke=_GREY, strokeWidth=0.5),
        frame | {"transform": [{"filter": "datum.base"}]},
        mark("text", None, {**where, "text": name("text"), "color": as_it_is("ink")}, fontSize=11),
        data={"values": values},
        width=WIDTH - 150,
        height=28 * len(forecast.ticks["method"]),
    )
    reach = f"{texts.flat[cells.argmin()]} to {texts.flat[cells.argmax()]}"
    reach = f"{reach} mean seats" if settled else f"a majority in {reach} of 100 draws"
    finding = f"{coalitions[c]}: {reach}, by the rule alone"
    what = (
        "Mean seats (every rule gives the same majorities)"
        if settled
        else "Probability of a majority in percent"
    )
    law = " Framed: the rule of the law." if any(cell["base"] for cell in values) else ""
    explanation = (
        f"{what}, by threshold and method of allocation, on the same draws.{law}{variants.held('method')}"
    )
    return finished(body, finding, explanation, variants.caption, indent=150)


def _is_base(variants: Variants, **here: int) -> bool:
    """Whether the rule at a place, at the base rule on every other axis, is the base rule."""
    place = tuple({**variants.base, **here}[dim] for dim in variants.forecast.leading)
    return bool(variants.forecast.array("rules/is_base_rule")[place])


def _few(variants: Variants) -> list[int]:
    """Levels for the columns of a map: all, or those at whole percents and the law's."""
    count, law = len(variants.levels), variants.law
    if count <= _MOST_CELLS:
        return list(range(count))
    some = [
        k
        for k, level in enumerate(variants.levels)
        if whole_percent(level) or (law is not None and abs(level - law) < 1e-9)
    ]
    return some if 2 <= len(some) <= _MOST_CELLS else list(range(0, count, -(-count // _MOST_CELLS)))


# Other thresholds of one forecast: chances on paper, and on the page steps of seats, through which its slider
# moves.


def thresholds(facts: Facts) -> Chart | None:
    """Seats and chances by threshold on the same draws; ``None`` where the forecast cannot be drawn again."""
    from forecast.sweeps.slider import may_slide, slide

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
