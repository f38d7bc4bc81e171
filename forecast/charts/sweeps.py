"""Charts of a sweep: what a rule changes on the same draws, or on the same real votes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from forecast.charts.colours import ACCENT, INK, SOFT, on_white
from forecast.charts.facts import level_of
from forecast.charts.findings import level_text, names, of_hundred_short, whole_percent
from forecast.charts.look import PERCENT, WIDTH, Chart, finished, rows, shortened
from forecast.charts.naming import places
from forecast.tables.rounding import probability

if TYPE_CHECKING:
    import xarray as xr

    from forecast.sweeps.result import Sweep

_HEIGHT = 300
_NAME_LETTERS = 22
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


_INK = alt.Color("ink:N", scale=None)
_STROKE = alt.Stroke("ink:N", scale=None)


@dataclass(frozen=True)
class Variants:
    """A sweep as its charts read it."""

    sweep: Sweep

    @property
    def data(self) -> xr.Dataset:
        return self.sweep.dataset

    @cached_property
    def levels(self) -> list[float]:
        """Levels of the threshold in rising order; none where it does not vary."""
        if "threshold" not in self.sweep.dims or self.data.sizes["threshold"] < 2:
            return []
        try:
            return [float(level) for level in self.data["threshold"].values]
        except ValueError:  # a quota has no place among shares
            return []

    @cached_property
    def base(self) -> dict[str, int]:
        """Where the base rule stands on every axis; the first value where it is not among the variants."""
        at = np.argwhere(self.data["is_base_rule"].values)
        place = at[0].tolist() if len(at) else [0] * len(self.sweep.dims)
        return dict(zip(self.sweep.dims, place, strict=True))

    def along(self, name: str, *dims: str) -> xr.DataArray:
        """A variable along some axes, the others held at the base rule."""
        return self.data[name].isel({dim: at for dim, at in self.base.items() if dim not in dims})

    @cached_property
    def lists(self) -> list[dict[str, Any]]:
        """Parties that may hold seats: id, name, ink; those with the most seats first."""
        seats = self.data["seat_mean" if self.sweep.simulated else "seats_won"]
        most = seats.max([dim for dim in seats.dims if dim != "party"]).values
        found = [
            {
                "party": str(party),
                "name": shortened(str(name), _NAME_LETTERS),
                "colour": str(colour),
                "most": float(number),
            }
            for party, name, colour, number in zip(
                self.data["party"].values,
                self.data["party_name"].values,
                self.data["party_colour"].values,
                most,
                strict=True,
            )
        ]
        order = sorted((row for row in found if row["most"] > 0.05), key=lambda row: -row["most"])
        for number, row in enumerate(order):
            row["ink"] = on_white(row["colour"]) if row["colour"] else _PLAIN[number % len(_PLAIN)]
        return order

    @property
    def law(self) -> float | None:
        """Level of the base rule, where it is a share."""
        import json

        return level_of(json.loads(self.data.attrs["rule"]))

    def held(self, *shown: str) -> str:
        """What the axes are held at that a chart does not show."""
        told = [
            f"{dim} {self.data[dim].values[at]}"
            for dim, at in self.base.items()
            if dim not in ("threshold", *shown) and self.data.sizes[dim] > 1
        ]
        return f" Held: {', '.join(told)}." if told else ""

    @property
    def caption(self) -> str:
        """Where the numbers come from."""
        attrs = self.data.attrs
        if not self.sweep.simulated:
            return f"{attrs['election_name']}. Real votes, counted exactly under {self.number:,} rules."
        return (
            f"{attrs['election_name']}. Polls known by {attrs['as_of']}. {self.number:,} rules on the same "
            f"{int(attrs['draws']):,} simulated elections ({attrs['sampler']} draws, seed {attrs['seed']})."
        )

    @property
    def number(self) -> int:
        """How many rules there are."""
        return int(self.data.attrs["variants"])


def passing(variants: Variants) -> Chart | None:
    """Chance of every party to cross the threshold, by its height."""
    if not variants.levels or not variants.sweep.simulated:
        return None
    chances = variants.along("pass_probability", "threshold")
    errors = variants.along("pass_mc_error", "threshold")
    named, others = variants.lists[:_MOST_CURVES], variants.lists[_MOST_CURVES:]
    curves = {row["party"]: chances.sel(party=row["party"]).values for row in variants.lists}
    width, height = WIDTH - 100, _HEIGHT + 40
    low, high, law = variants.levels[0], variants.levels[-1], variants.law
    across = (np.array(variants.levels) - low) / (high - low)
    found = places(
        np.array([curves[row["party"]] for row in named]),
        [row["name"] for row in named],
        across,
        (width, height),
        [(law - low) / (high - low)] if law is not None and low <= law <= high else [],
    )
    labels = [
        {**row, "level": low + place.x / width * (high - low), "chance": 1.0 - place.y / height}
        for row, place in zip(named, found, strict=True)
    ]
    values = [
        {**row, "level": level, "chance": float(chance), "ink": row["ink"] if row in named else _GREY}
        for row in [*others, *named]
        for level, chance in zip(variants.levels, curves[row["party"]], strict=True)
    ]
    open_at_law: list[str] = []
    for row in variants.lists:
        chance = at_law(variants, curves[row["party"]])
        if chance is not None and 0.05 < chance < 0.95:
            error = at_law(variants, errors.sel(party=row["party"]).values)
            open_at_law.append(f"{row['name']} ({probability(chance, error)})")
    lines = (
        alt.Chart(rows(values))
        .mark_line(strokeWidth=2.2)
        .encode(x=levels_axis(low, high), y=_chance_axis(), color=_INK, detail="party:N")
    )
    beside = alt.Chart(rows(labels)).encode(x="level:Q", y="chance:Q", text="name:N")
    text = beside.mark_text(align="left", fontSize=12).encode(color=_INK)
    halo = beside.mark_text(align="left", fontSize=12, stroke="white", strokeWidth=4).encode(
        color=alt.value("white")
    )
    layers = [lines, *law_line(variants), halo, text]
    body = alt.layer(*layers).properties(width=width, height=height)
    if open_at_law:
        finding = f"Open at the threshold of {level_text(variants.law or 0)}: {names(open_at_law, 'parties')}"
    else:
        finding = "Who enters is settled at the threshold of the law, and not at every other"
    grey = f" In grey: {len(others)} parties with fewer seats." if others else ""
    explanation = (
        "Probability of crossing the threshold, by its height. The dashed line is the law's."
        f"{grey}{variants.held()}"
    )
    return finished(body, finding, explanation, variants.caption, indent=62)


def seats(variants: Variants) -> Chart | None:
    """Seats by the height of the threshold, stacked."""
    if not variants.levels:
        return None
    simulated = variants.sweep.simulated
    numbers = variants.along("seat_mean" if simulated else "seats_won", "threshold")
    house = float(variants.along("seats_to_hand_out", "threshold").max())
    order = variants.lists
    values, labels, foot = [], [], np.zeros(len(variants.levels))
    named: set[str] = set()
    steps = _ends(variants)
    for row in order:
        band = numbers.sel(party=row["party"]).values.astype(float)
        values += _bands(row, variants.levels, steps, foot, band)
        wide = band >= _LEAST_BAND * house
        if wide.any():
            first = int(wide.argmax())
            stretch = int(np.argmin(wide[first:])) or len(band) - first
            if variants.levels[min(first + stretch, len(band) - 1)] - variants.levels[first] > 0.012:
                labels.append(
                    {**row, "at": variants.levels[first], "middle": float(foot[first] + band[first] / 2)}
                )
                named.add(row["party"])
        foot = foot + band
    x = alt.X(
        "from:Q",
        title="Threshold",
        axis=alt.Axis(labelExpr=PERCENT, grid=False),
        scale=alt.Scale(nice=False, domain=[variants.levels[0], steps[-1]]),
    )
    y = alt.Y(
        "low:Q", title="Mean seats" if simulated else "Seats", scale=alt.Scale(domain=[0, house], nice=False)
    )
    bands = (
        alt.Chart(rows(values))
        .mark_rect(strokeWidth=0.7)
        .encode(x=x, x2="to:Q", y=y, y2="high:Q", color=_INK, stroke=_STROKE)
    )
    edges = (
        alt.Chart(rows(values))
        .mark_rule(stroke="white", strokeWidth=1.2)
        .encode(x="from:Q", x2="to:Q", y="high:Q")
    )
    text = (
        alt.Chart(rows(labels))
        .mark_text(align="left", dx=6, fontSize=12, fontWeight="bold")
        .encode(x="at:Q", y="middle:Q", text="name:N", color=alt.value("white"))
    )
    body = alt.layer(bands, edges, *law_line(variants, "white"), text).properties(
        width=WIDTH - 60, height=_HEIGHT + 40
    )
    first = order[0]
    held = numbers.sel(party=first["party"]).values
    ends = [f"{held[0]:.{int(simulated)}f}", f"{held[-1]:.{int(simulated)}f}"]
    finding = (
        f"{first['name']}: {ends[0]} seats at a threshold of {level_text(variants.levels[0])}, {ends[1]} at "
        f"{level_text(variants.levels[-1])}"
    )
    what = "Mean seats over the draws" if simulated else "Seats"
    narrow = [row["name"] for row in order if row["party"] not in named]
    few = len(narrow) <= _MOST_NARROW
    listed = f", from below: {', '.join(narrow)}" if few else f": {len(narrow)} parties"
    above = f" Bands too narrow for a name{listed}." if narrow else ""
    explanation = (
        f"{what} by the height of the threshold, stacked. The dashed line is the law's.{above}"
        f"{variants.held()}"
    )
    return finished(body, finding, explanation, variants.caption, indent=40)


def majority(variants: Variants) -> Chart | None:
    """A majority by threshold and method; mean seats where every rule gives the same answer."""
    data = variants.data
    if not variants.levels or "method" not in variants.sweep.dims or data.sizes["coalition"] == 0:
        return None
    if not variants.sweep.simulated:
        return None
    grid = variants.along("majority_probability", "threshold", "method")
    spread = [float(np.ptp(grid.isel(coalition=c).values)) for c in range(data.sizes["coalition"])]
    c = int(np.argmax(spread))
    settled = spread[c] < 0.005
    name = str(data["coalition_name"].values[0 if settled else c])
    if settled:
        c = 0
        grid = variants.along("coalition_seat_mean", "threshold", "method")
    cells = grid.isel(coalition=c).transpose("threshold", "method").values
    shown = _few(variants)
    low, high = float(cells.min()), float(cells.max())
    values = [
        {
            "level": level_text(variants.levels[k]),
            "method": _method(str(method)),
            "base": bool(data["is_base_rule"].values[_variant(variants, threshold=k, method=m)]),
            "value": float(cells[k, m]),
            "text": f"{cells[k, m]:.0f}" if settled else of_hundred_short(float(cells[k, m])),
            "dark": bool(cells[k, m] > low + 0.72 * (high - low)),
        }
        for k in shown
        for m, method in enumerate(data["method"].values)
    ]
    columns = [level_text(variants.levels[k]) for k in shown]
    base = alt.Chart(rows(values)).encode(
        x=alt.X("level:N", sort=columns, axis=alt.Axis(title="Threshold", labelAngle=0, ticks=False)),
        y=alt.Y(
            "method:N",
            sort=[_method(str(m)) for m in data["method"].values],
            axis=alt.Axis(title=None, ticks=False, minExtent=150, labelLimit=150),
        ),
    )
    shade = alt.Color(
        "value:Q",
        legend=None,
        scale=alt.Scale(domain=[low, high], range=["#ffffff", ACCENT], interpolate="rgb"),
    )
    texts = base.mark_text(fontSize=11).encode(
        text="text:N", color=alt.condition("datum.dark", alt.value("white"), alt.value(INK))
    )
    height = 28 * data.sizes["method"]
    framed = any(cell["base"] for cell in values)
    frame = base.transform_filter("datum.base").mark_rect(filled=False, stroke=INK, strokeWidth=2.2)
    body = alt.layer(base.mark_rect(stroke="#c9c9c9", strokeWidth=0.5).encode(color=shade), frame, texts)
    body = body.properties(width=WIDTH - 150, height=height)
    ends = (
        [f"{low:.0f} to {high:.0f} mean seats"]
        if settled
        else [f"a majority in {of_hundred_short(low)} to {of_hundred_short(high)} of 100 draws"]
    )
    finding = f"{name}: {ends[0]}, by the rule alone"
    what = (
        "Mean seats (every rule gives the same majorities)"
        if settled
        else "Probability of a majority in percent"
    )
    law = " Framed: the rule of the law." if framed else ""
    explanation = (
        f"{what}, by threshold and method of allocation, on the same draws.{law}{variants.held('method')}"
    )
    return finished(body, finding, explanation, variants.caption, indent=150)


def _ends(variants: Variants) -> list[float]:
    """Where the band of every level ends: at the next level, or at the exact flip between the two.

    Of many levels the last is the end of the axis; of few it has a band of its own.
    """
    levels, data = variants.levels, variants.data
    more = 0.0 if len(levels) > _MANY_LEVELS else levels[-1] - levels[-2]
    ends = [*levels[1:], levels[-1] + more]
    if variants.sweep.simulated:
        return ends
    here = np.ones(data.sizes["flip"], np.bool_)
    for dim, at in variants.base.items():
        if dim != "threshold":
            here &= data[f"flip_{dim}"].values == str(data[dim].values[at])
    flips = np.unique(data["flip_level"].values[here])
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
            found.append({**row, "from": level, "to": end, "low": low, "high": low + held})
    return found


def at_law(variants: Variants, curve: np.ndarray) -> float | None:
    """A curve at the law's level, where that is among the variants."""
    for level, value in zip(variants.levels, curve, strict=True):
        if variants.law is not None and abs(level - variants.law) < 1e-9:
            return float(value)
    return None


def law_line(variants: Variants, ink: str = SOFT) -> list[alt.Chart]:
    law = variants.law
    if law is None or not variants.levels[0] <= law <= variants.levels[-1]:
        return []
    mark = alt.Chart(rows([{"level": law}])).mark_rule(stroke=ink, strokeDash=[5, 3], strokeWidth=1.4)
    return [mark.encode(x="level:Q")]


def levels_axis(low: float, high: float) -> alt.X:
    return alt.X(
        "level:Q",
        title="Threshold",
        axis=alt.Axis(labelExpr=PERCENT, grid=False),
        scale=alt.Scale(nice=False, domain=[low, high]),
    )


def _chance_axis() -> alt.Y:
    return alt.Y("chance:Q", title="Passes", axis=alt.Axis(labelExpr=PERCENT), scale=alt.Scale(domain=[0, 1]))


def _method(name: str) -> str:
    """A method as people call it."""
    from forecast.election.methods import METHODS

    return shortened(METHODS[name].title.partition(":")[0], _NAME_LETTERS) if name in METHODS else name


def _variant(variants: Variants, **at: int) -> tuple[int, ...]:
    """The place of a variant that stands at the base rule on every other axis."""
    return tuple({**variants.base, **at}[dim] for dim in variants.sweep.dims)


def _few(variants: Variants) -> list[int]:
    """Levels for the columns of a map: all, or those at whole percents and the law's."""
    count = len(variants.levels)
    if count <= _MOST_CELLS:
        return list(range(count))
    whole = [
        k
        for k, level in enumerate(variants.levels)
        if whole_percent(level) or (variants.law is not None and abs(level - variants.law) < 1e-9)
    ]
    return whole if 2 <= len(whole) <= _MOST_CELLS else list(range(0, count, -(-count // _MOST_CELLS)))
