"""Charts of what surrounds a forecast: polls, other thresholds, how such forecasts did before."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import altair as alt

from forecast.charts import findings
from forecast.charts.colours import ACCENT, FAINT, INK, SOFT, on_white
from forecast.charts.facts import known_calibration, poll_day
from forecast.charts.look import PERCENT, WIDTH, Chart, finished, rows, shortened
from forecast.charts.parties import named, names_column
from forecast.tables.rounding import percent, percent_interval

if TYPE_CHECKING:
    from forecast.charts.facts import Facts
    from forecast.estimation.calibration import Bin, Calibration

_PANELS = 3
_PANEL_HEIGHT = 84
_TREND_SAID = "Line and band: trend of the polls with its 80 % band. "
_ROW = 26
_TREND_PARTIES = 24
_TREND_DAYS = 24
_STEP_PARTIES = 12


def polls(facts: Facts) -> Chart | None:
    """Polls over time by party with the estimate at the end; in rows where all were taken within days."""
    used = facts.polls_used
    if not used:
        return None
    if facts.polls_together:
        return _polls_side_by_side(facts, used)
    days = [poll_day(row) for row in used]
    panels = [_trend_panel(facts, row, used, days) for row in facts.parties if row["told"]][:_TREND_PARTIES]
    body = alt.concat(*panels, columns=_PANELS, spacing={"row": 20, "column": 22})
    explanation = (
        "Dots: polls, undecided taken out, larger with more weight; diamonds: exit polls. "
        f"{_TREND_SAID if facts.trend is not None else ''}"
        "Bar at the right: forecast with its 80 % interval. Each panel has its own scale."
    )
    if facts.level is not None:
        explanation += f" Dashed: threshold of {findings.level_text(facts.level)}."
    return finished(body, findings.polls(facts), explanation, facts.caption, indent=36)


def _polls_side_by_side(facts: Facts, used: list[dict[str, Any]]) -> Chart:
    values = [{**named(row), "text": percent(row["poll_average"])} for row in facts.parties if row["told"]]
    ids = [row["party"] for row in values]
    dots = [
        {"party": party, "share": row[f"share_{party}"], "pollster": row["pollster"]}
        for row in used
        for party in ids
        if row.get(f"share_{party}") is not None
    ]
    spans = [
        {
            "party": row["party"],
            "low": row["share_low80"],
            "high": row["share_high80"],
            "colour": on_white(row["colour"]),
        }
        for row in facts.parties
        if row["told"]
    ]
    y = alt.Y("party:N", sort=ids, axis=None)
    x = alt.X(
        "low:Q",
        title="Share of the valid votes",
        axis=alt.Axis(labelExpr=PERCENT),
        scale=alt.Scale(zero=True),
    )
    bars = (
        alt.Chart(rows(spans))
        .mark_bar(height=13, opacity=0.35)
        .encode(x=x, x2="high:Q", y=y, color=alt.Color("colour:N", scale=None))
    )
    marks = alt.Chart(rows(dots)).mark_point(size=46, color=INK, fill="white", opacity=1, strokeWidth=1.4)
    points = marks.encode(x="share:Q", y=y)
    plot = alt.layer(bars, points).properties(width=WIDTH - 215 - 40, height=_ROW * len(values))
    body = alt.hconcat(names_column(values, "text"), plot, spacing=16)
    explanation = (
        "Marks: polls, undecided taken out; number: their weighted average; "
        "bar: 80 % interval of the forecast."
    )
    return finished(body, findings.polls(facts), explanation, facts.caption)


def _trend_panel(
    facts: Facts, row: dict[str, Any], used: list[dict[str, Any]], days: list[datetime.date]
) -> Chart:
    key = f"share_{row['party']}"
    heaviest = max(poll["weight"] for poll in used)
    dots = [
        {
            "day": day.isoformat(),
            "share": poll[key],
            "size": 8 + 52 * poll["weight"] / heaviest,
            "kind": poll["kind"],
        }
        for poll, day in zip(used, days, strict=True)
        if poll.get(key) is not None
    ]
    election = str(facts.forecast.dataset.attrs["election_date"])
    colour = on_white(row["colour"])
    first, last = min(days), max(max(days), datetime.date.fromisoformat(election))
    room = datetime.timedelta(days=max(2, round(0.05 * (last - first).days)))
    x = alt.X(
        "day:T",
        axis=alt.Axis(
            title=None, format="%b %y" if (last - first).days > 120 else "%-d %b", tickCount=3, grid=False
        ),
        scale=alt.Scale(domain=[_moment(first - room), _moment(last + room)], nice=False),
    )
    y = alt.Y(
        "share:Q",
        # Room of one width for all labels, and a scale that ends on a tick, keep the panels in line.
        axis=alt.Axis(title=None, labelExpr=PERCENT, tickCount=4, minExtent=42, maxExtent=42),
        scale=alt.Scale(zero=False, nice=4),
    )
    marks = alt.Chart(rows(dots)).mark_point(filled=False, color=colour, strokeWidth=1.4, opacity=0.9)
    shape = alt.Shape(
        "kind:N", legend=None, scale=alt.Scale(domain=["pre-election", "exit"], range=["circle", "diamond"])
    )
    points = marks.encode(x=x, y=y, size=alt.Size("size:Q", scale=None), shape=shape)
    end = rows(
        [
            {
                "day": election,
                "share": row["share_median"],
                "low": row["share_low80"],
                "high": row["share_high80"],
            }
        ]
    )
    span = alt.Chart(end).mark_bar(width=6, color=colour, opacity=1).encode(x="day:T", y="low:Q", y2="high:Q")
    middle = alt.Chart(end).mark_tick(color=INK, opacity=1, thickness=2, width=10, orient="horizontal")
    layers: list[Any] = [
        *_trend_layers(facts, row["party"], colour),
        points,
        span,
        middle.encode(x="day:T", y="share:Q"),
    ]
    shown = [dot["share"] for dot in dots] + [row["share_low80"], row["share_high80"]]
    level = facts.level
    if level is not None and not row["seatless"] and 0.7 * min(shown) <= level <= 1.3 * max(shown):
        line = alt.Chart(rows([{"share": level}])).mark_rule(color=INK, strokeDash=[5, 4])
        layers.append(line.encode(y="share:Q"))
    ends = percent_interval(row["share_low80"], row["share_high80"])
    title = alt.TitleParams(
        shortened(row["party_name"], 24),
        subtitle=f"{percent(row['share_median'])} ({ends})",
        anchor="start",
        fontSize=12,
        subtitleFontSize=11,
        subtitleColor=SOFT,
        color=INK,
        offset=4,
    )
    return alt.layer(*layers).properties(width=(WIDTH - 60) / _PANELS - 30, height=_PANEL_HEIGHT, title=title)


def _trend_layers(facts: Facts, party: str, colour: str) -> list[Chart]:
    """Band and line of the trend of one party; none without a trend.

    Of many days some are drawn, the last among them: more than a small panel can show only cost time.
    """
    held = None if facts.trend is None else facts.trend.of(party)
    if facts.trend is None or held is None:
        return []
    every = list(zip(facts.trend.days, *held, strict=True))
    values = [
        {"day": day.isoformat(), "low": low, "share": share, "high": high}
        for day, low, share, high in reversed(every[:: -max(1, -(-len(every) // _TREND_DAYS))])
    ]
    band = alt.Chart().mark_area(color=colour, opacity=0.2).encode(x="day:T", y="low:Q", y2="high:Q")
    line = alt.Chart().mark_line(color=colour, strokeWidth=1.6).encode(x="day:T", y="share:Q")
    return [alt.layer(band, line, data=rows(values))]


def thresholds(facts: Facts) -> Chart | None:
    """Seats and chances by threshold on the same draws; ``None`` where the forecast does not hold them."""
    data = facts.forecast.dataset
    if "explorer_threshold" not in data.dims:
        return None
    levels = [float(level) for level in data["explorer_threshold"].values]
    order = [
        row for row in facts.lists if float(data["explorer_seat_mean"].sel(party=row["party"]).max()) > 0.05
    ]
    chances = _chances(facts, order, levels)
    from forecast.election.methods import METHODS

    method = METHODS[str(facts.rule["allocation"]["method"])].title.partition(":")[0]
    seated = [row for row in order if float(_median(facts, row).max()) > 0][:_STEP_PARTIES]
    panels = [_steps(facts, row, levels) for row in seated]
    steps = alt.concat(*panels, columns=_PANELS, spacing={"row": 18, "column": 22})
    body = alt.vconcat(chances, steps, spacing=26)
    draws = int(data.attrs["explorer_draws"])
    explanation = (
        "Above: probability of crossing the threshold, in percent, by its height. Below: median seats (line) "
        f"with the 80 % interval (band). The same {draws:,} draws throughout; allocation: {method}."
    )
    return finished(body, _threshold_finding(facts, order, levels), explanation, facts.caption, indent=22)


def _threshold_finding(facts: Facts, order: list[dict[str, Any]], levels: list[float]) -> str:
    grid = facts.forecast.dataset["explorer_pass_probability"]
    entering = grid.sel(party=[row["party"] for row in order]).values.sum(-1)
    level = facts.level or 0.0
    at = _nearest(levels, level)
    parts = [f"{entering[at]:.1f} parties on average enter {_with(levels[at])}"]
    for other in (0.03, 0.05, 0.07, 0.1):
        k = _nearest(levels, other)
        if abs(levels[k] - other) < 1e-9 and abs(other - level) > 0.015:
            parts.append(f"{entering[k]:.1f} at {findings.level_text(other)}")
    return ", ".join(parts[:3])


def _nearest(levels: list[float], level: float) -> int:
    return min(range(len(levels)), key=lambda k: abs(levels[k] - level))


def _with(level: float) -> str:
    return f"at a threshold of {findings.level_text(level)}" if level else "without a threshold"


def _chances(facts: Facts, order: list[dict[str, Any]], levels: list[float]) -> alt.HConcatChart:
    data = facts.forecast.dataset
    shown = [k for k, level in enumerate(levels) if findings.whole_percent(level) or level == facts.level]
    grid = data["explorer_pass_probability"]
    values = []
    for row in order:
        chances = grid.sel(party=row["party"]).values
        for k in shown:
            values.append(
                {
                    "party": row["party"],
                    "level": findings.level_text(levels[k]),
                    "chance": float(chances[k]),
                    "text": findings.of_hundred_short(float(chances[k])),
                }
            )
    listed = [named(row) for row in order]
    columns = [findings.level_text(levels[k]) for k in shown]
    base = alt.Chart(rows(values)).encode(
        x=alt.X(
            "level:N",
            sort=columns,
            axis=alt.Axis(title=None, orient="top", labelAngle=0, ticks=False, domain=False),
        ),
        y=alt.Y("party:N", sort=[row["party"] for row in listed], axis=None),
    )
    shade = alt.Color("chance:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=["#ffffff", ACCENT]))
    cells = base.mark_rect(stroke="white").encode(color=shade)
    ink = alt.condition("datum.chance > 0.55", alt.value("white"), alt.value(INK))
    texts = base.mark_text(fontSize=11).encode(text="text:N", color=ink)
    height = 21 * len(listed)
    plot = alt.layer(cells, texts).properties(width=WIDTH - 215 - 40, height=height)
    return alt.hconcat(names_column(listed, row_height=21), plot, spacing=12)


def _median(facts: Facts, row: dict[str, Any]) -> Any:
    quantiles = (
        facts.forecast.dataset["explorer_seat_quantile"].sel(party=row["party"]).isel(explorer_method=0)
    )
    return quantiles.sel(quantile=0.5).values


def _steps(facts: Facts, row: dict[str, Any], levels: list[float]) -> Chart:
    data = facts.forecast.dataset
    quantiles = data["explorer_seat_quantile"].sel(party=row["party"]).isel(explorer_method=0)
    low, middle, high = (quantiles.sel(quantile=q).values for q in (0.1, 0.5, 0.9))
    values = [
        {"level": level, "low": float(a), "seats": float(b), "high": float(c)}
        for level, a, b, c in zip(levels, low, middle, high, strict=True)
    ]
    base = alt.Chart(rows(values))
    x = alt.X("level:Q", axis=alt.Axis(title=None, labelExpr=PERCENT, tickCount=5, grid=False))
    most, least = int(high.max()), int(low.min())
    gap = max(1, -(-(most - least) // 3))
    axis = alt.Axis(title=None, values=list(range(least, most + 1, gap)), format="d", labelOverlap=False)
    scale = alt.Scale(domain=[least, most], nice=False, zero=False)
    y = alt.Y("seats:Q", axis=axis, scale=scale)
    colour = on_white(row["colour"])
    band = base.mark_area(interpolate="step-after", color=colour, opacity=0.25).encode(
        x=x, y=alt.Y("low:Q", axis=axis, scale=scale), y2="high:Q"
    )
    line = base.mark_line(interpolate="step-after", color=colour, strokeWidth=2.2).encode(x=x, y=y)
    layers: list[alt.Chart] = [band, line]
    if facts.level is not None:
        law = alt.Chart(rows([{"level": facts.level}])).mark_rule(color=INK, strokeDash=[5, 4])
        layers.append(law.encode(x="level:Q"))
    title = alt.TitleParams(
        shortened(row["party_name"], 24), anchor="start", fontSize=12, color=INK, offset=4
    )
    return alt.layer(*layers).properties(width=(WIDTH - 60) / _PANELS - 30, height=66, title=title)


def calibration(facts: Facts) -> Chart | None:
    """How often statements of a chance came true in past elections; ``None`` where no backtest is at hand, or
    none of such a forecast.
    """
    record = known_calibration()
    tested = facts.forecast.dataset.get("tested_elections")
    if record is None or tested is None or not float(tested) > 0:
        return None
    panels = [
        _reliability("A party enters", record.crossings),
        _reliability("A majority", record.majorities),
    ]
    kept = [panel for panel in panels if panel is not None]
    if not kept:
        return None
    days = (
        datetime.date.fromisoformat(str(facts.forecast.dataset.attrs["election_date"]))
        - datetime.date.fromisoformat(str(facts.forecast.dataset.attrs["as_of"]))
    ).days
    near = record.near(days)
    held = round(100 * near.coverage_80)
    finding = f"In {near.elections} past elections, intervals of 80 % held {held} % of the results"
    explanation = (
        "Each dot: statements of about one chance; across: the chance given; up: how often it came true; "
        "larger dots: more statements. Dots on the line are right."
    )
    body = alt.hconcat(*kept, spacing=40)
    return finished(body, finding, explanation, backtest_caption(record), indent=56)


def backtest_caption(record: Calibration) -> str:
    """What a record of past elections rests on."""
    unseen = (
        ", each forecast without the other elections of its country" if record.left_out == "country" else ""
    )
    return (
        f"Backtest of this method on {record.elections} elections in {record.countries} countries, "
        f"{min(record.years)}–{max(record.years)}{unseen}."
    )


def _reliability(title: str, bins: tuple[Bin, ...]) -> Chart | None:
    if not bins:
        return None
    most = max(bin.statements for bin in bins)
    values = [
        {
            "said": bin.said,
            "happened": bin.happened,
            "size": 20 + 260 * bin.statements / most,
            "n": f"{bin.statements}",
        }
        for bin in bins
        if bin.statements
    ]
    axis = {
        "axis": alt.Axis(labelExpr=PERCENT, tickCount=5),
        "scale": alt.Scale(domain=[0, 1], nice=False, clamp=True),
    }
    line = alt.Chart(rows([{"a": 0, "b": 0}, {"a": 1, "b": 1}])).mark_line(color=FAINT, strokeWidth=2)
    base = alt.Chart(rows(values))
    dots = base.mark_point(filled=True, color=ACCENT, opacity=0.85).encode(
        x=alt.X("said:Q", title="chance given", **axis),
        y=alt.Y("happened:Q", title="came true", **axis),
        size=alt.Size("size:Q", scale=None),
    )
    return alt.layer(line.encode(x="a:Q", y="b:Q"), dots).properties(
        width=240, height=240, title=alt.TitleParams(title, anchor="start", fontSize=13, color=INK)
    )


def _moment(day: datetime.date) -> alt.DateTime:
    return alt.DateTime(year=day.year, month=day.month, date=day.day)
