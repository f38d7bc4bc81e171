"""Charts of a sweep: what a rule changes on the same draws, or on the same real votes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from forecast.charts.colours import ACCENT, EMPTY, INK, SOFT, on_white
from forecast.charts.findings import level_text, names
from forecast.charts.look import PERCENT, WIDTH, Chart, finished, rows, shortened
from forecast.tables.rounding import probability

if TYPE_CHECKING:
    import xarray as xr

    from forecast.sensitivity.result import Sweep

_HEIGHT = 300
_NAME_LETTERS = 22
_LEAST_BAND = 0.036
"""Part of the house that a band of seats needs to hold a name."""
_MOST_CELLS = 21
_SHADES = {
    "threshold": ACCENT,
    "base": "#a9c4de",
    "method": "#6f9bc4",
    "polls": "#d9d9d9",
    "undecided": "#ededed",
}
_PLAIN = (ACCENT, "#6b6b6b", "#4d7ea8", "#8c8c8c")
"""Of parties without a colour of their own, so that neighbours differ in grey too."""
_OTHER_SHADES = ("#4c4c4c", "#8a8a8a", "#b5b5b5")


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
        from fractions import Fraction

        level = (json.loads(self.data.attrs["rule"]).get("threshold") or {}).get("level", 0)
        return None if level == "quota" else float(Fraction(str(level)))

    @property
    def held(self) -> str:
        """What the other axes are held at."""
        others = [dim for dim in self.sweep.dims if dim != "threshold"]
        told = [
            f"{dim}: {self.data[dim].values[self.base[dim]]}" for dim in others if self.data.sizes[dim] > 1
        ]
        return f" Held at {', '.join(told)}." if told else ""

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
    values, labels, open_at_law = [], [], []
    lowest = 1.06
    for number, row in enumerate(variants.lists):
        curve = chances.sel(party=row["party"]).values
        values += [
            {**row, "level": level, "chance": float(chance)}
            for level, chance in zip(variants.levels, curve, strict=True)
        ]
        at = int(np.abs(curve - 0.5).argmin())
        if abs(curve[at] - 0.5) < 0.3:
            labels.append({**row, "level": variants.levels[at], "chance": 0.36 + 0.14 * (number % 3)})
        else:
            lowest = min(float(curve[-1]), lowest - 0.055)  # names at the end stand below each other
            labels.append({**row, "level": variants.levels[-1], "chance": max(lowest, 0.0)})
        at_law = _at(variants, curve)
        if at_law is not None and 0.05 < at_law < 0.95:
            error = _at(variants, errors.sel(party=row["party"]).values)
            open_at_law.append(f"{row['name']} ({probability(at_law, error)})")
    lines = (
        alt.Chart(rows(values))
        .mark_line(strokeWidth=2.2)
        .encode(x=_levels_axis(), y=_chance_axis(), color=_INK, detail="party:N")
    )
    text = (
        alt.Chart(rows(labels))
        .mark_text(align="left", dx=6, fontSize=12)
        .encode(x="level:Q", y="chance:Q", text="name:N", color=_INK)
    )
    halo = (
        alt.Chart(rows(labels))
        .mark_text(align="left", dx=6, fontSize=12, stroke="white", strokeWidth=4)
        .encode(x="level:Q", y="chance:Q", text="name:N", color=alt.value("white"))
    )
    layers = [lines, *_law(variants), halo, text]
    body = alt.layer(*layers).properties(width=WIDTH - 90, height=_HEIGHT)
    if open_at_law:
        finding = f"Open at the threshold of {level_text(variants.law or 0)}: {names(open_at_law, 'parties')}"
    else:
        finding = "Who enters is settled at the threshold of the law, and not at every other"
    explanation = (
        "Probability of crossing the threshold, by its height. The dashed line is the law's." + variants.held
    )
    return finished(body, finding, explanation, variants.caption, indent=40)


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
    steps = [*variants.levels[1:], 2 * variants.levels[-1] - variants.levels[-2]]
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
    body = alt.layer(bands, edges, *_law(variants, "white"), text).properties(
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
    above = f" Bands too narrow for a name, from below: {', '.join(narrow)}." if narrow else ""
    explanation = (
        f"{what} by the height of the threshold, stacked. The dashed line is the law's.{above}{variants.held}"
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
            "method": str(method),
            "value": float(cells[k, m]),
            "text": f"{cells[k, m]:.0f}" if settled else _short(float(cells[k, m])),
            "dark": bool(cells[k, m] > low + 0.55 * (high - low)),
        }
        for k in shown
        for m, method in enumerate(data["method"].values)
    ]
    columns = [level_text(variants.levels[k]) for k in shown]
    base = alt.Chart(rows(values)).encode(
        x=alt.X("level:N", sort=columns, axis=alt.Axis(title="Threshold", labelAngle=0, ticks=False)),
        y=alt.Y(
            "method:N", sort=[str(m) for m in data["method"].values], axis=alt.Axis(title=None, ticks=False)
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
    body = alt.layer(base.mark_rect(stroke="#c9c9c9", strokeWidth=0.5).encode(color=shade), texts)
    body = body.properties(width=WIDTH - 110, height=height)
    ends = (
        [f"{low:.0f} to {high:.0f} mean seats"]
        if settled
        else [f"a majority in {_short(low)} to {_short(high)} of 100 draws"]
    )
    finding = f"{name}: {ends[0]}, by the rule alone"
    what = (
        "Mean seats (every rule gives the same majorities)"
        if settled
        else "Probability of a majority in percent"
    )
    explanation = f"{what}, by threshold and method of allocation, on the same draws."
    return finished(body, finding, explanation, variants.caption, indent=100)


def decomposition(variants: Variants) -> Chart | None:
    """How much of the spread in a party's seats is each factor's: a tornado of first-order Sobol indices."""
    data = variants.data
    if "seat_first_order" not in data:
        return None
    factors = [str(factor) for factor in data["factor"].values]
    shades = {**_SHADES, **dict(zip((f for f in factors if f not in _SHADES), _OTHER_SHADES, strict=False))}
    spread = data["seat_variance"] ** 0.5
    order = sorted(variants.lists, key=lambda row: -float(spread.sel(party=row["party"])))
    order = [row for row in order if float(spread.sel(party=row["party"])) > 0.05]
    if not order:
        return None
    values = []
    for row in order:
        width = float(spread.sel(party=row["party"]))
        parts = [(f, float(data["seat_first_order"].sel(party=row["party"], factor=f))) for f in factors]
        parts.append(("together", float(data["seat_interactions"].sel(party=row["party"]))))
        at = 0.0
        for factor, part in parts:
            part = max(part, 0.0)
            values.append(
                {
                    "party": row["name"],
                    "factor": factor,
                    "low": at,
                    "high": at + part,
                    "shade": shades.get(factor, EMPTY if factor == "together" else SOFT),
                    "text": f"{factor} {100 * part:.0f} %" if part >= 0.17 else "",
                    "middle": at + part / 2,
                    "light": factor in ("polls", "undecided", "base"),
                    "spread": f"± {width:.1f} seats",
                }
            )
            at += part
    sort = [row["name"] for row in order]
    y = alt.Y("party:N", sort=sort, axis=alt.Axis(title=None, ticks=False, domain=False))
    base = alt.Chart(rows(values)).encode(y=y)
    bars = base.mark_bar(height=18, stroke="white").encode(
        x=alt.X(
            "low:Q",
            title="Part of the variance",
            axis=alt.Axis(labelExpr=PERCENT),
            scale=alt.Scale(domain=[0, 1]),
        ),
        x2="high:Q",
        color=alt.Color("shade:N", scale=None),
    )
    texts = base.mark_text(fontSize=11).encode(
        x="middle:Q", text="text:N", color=alt.condition("datum.light", alt.value(INK), alt.value("white"))
    )
    ends = base.mark_text(fontSize=11, align="left").encode(x=alt.value(WIDTH - 200 + 8), text="spread:N")
    body = alt.layer(bars, texts, ends).properties(width=WIDTH - 200, height=28 * len(order))
    first = order[0]
    parts = {f: float(data["seat_first_order"].sel(party=first["party"], factor=f)) for f in factors}
    told = sorted(parts, key=lambda f: -parts[f])[:2]
    shares = [f"{100 * max(parts[f], 0):.0f} % is the {f}" for f in told]
    finding = f"Of the spread in {first['name']}'s seats, {' and '.join(shares)}"
    explanation = (
        "First-order Sobol indices of the number of seats: every value of an axis as likely as the next, "
        f"votes as drawn. From the left: {', '.join(factors)}, and what none does alone (together). Right: "
        "one standard deviation over rules and draws."
    )
    return finished(body, finding, explanation, variants.caption, indent=110)


def _bands(
    row: dict[str, Any], levels: list[float], steps: list[float], foot: np.ndarray, band: np.ndarray
) -> list[dict[str, Any]]:
    """Stretches of levels along which a party's seats stand still: from, to, low, high."""
    found: list[dict[str, Any]] = []
    for level, end, low, held in zip(levels, steps, foot.tolist(), band.tolist(), strict=True):
        before = found[-1] if found else None
        if held <= 0:
            continue
        if before is not None and (before["to"], before["low"], before["high"]) == (level, low, low + held):
            before["to"] = end
        else:
            found.append({**row, "from": level, "to": end, "low": low, "high": low + held})
    return found


def _at(variants: Variants, curve: np.ndarray) -> float | None:
    """A curve at the law's level, where that is among the variants."""
    for level, value in zip(variants.levels, curve, strict=True):
        if variants.law is not None and abs(level - variants.law) < 1e-9:
            return float(value)
    return None


def _law(variants: Variants, ink: str = SOFT) -> list[alt.Chart]:
    law = variants.law
    if law is None or not variants.levels[0] <= law <= variants.levels[-1]:
        return []
    mark = alt.Chart(rows([{"level": law}])).mark_rule(stroke=ink, strokeDash=[5, 3], strokeWidth=1.4)
    return [mark.encode(x="level:Q")]


def _levels_axis() -> alt.X:
    return alt.X(
        "level:Q",
        title="Threshold",
        axis=alt.Axis(labelExpr=PERCENT, grid=False),
        scale=alt.Scale(nice=False),
    )


def _chance_axis() -> alt.Y:
    return alt.Y("chance:Q", title="Passes", axis=alt.Axis(labelExpr=PERCENT), scale=alt.Scale(domain=[0, 1]))


def _few(variants: Variants) -> list[int]:
    """Levels for the columns of a map: all, or those at whole percents and the law's."""
    count = len(variants.levels)
    if count <= _MOST_CELLS:
        return list(range(count))
    whole = [
        k
        for k, level in enumerate(variants.levels)
        if abs(100 * level - round(100 * level)) < 1e-9
        or (variants.law is not None and abs(level - variants.law) < 1e-9)
    ]
    return whole if 2 <= len(whole) <= _MOST_CELLS else list(range(0, count, -(-count // _MOST_CELLS)))


def _short(chance: float) -> str:
    if 0.0 < chance < 0.005:
        return "<1"
    return ">99" if 0.995 <= chance < 1.0 else f"{100 * chance:.0f}"
