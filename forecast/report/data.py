"""What the page shows: texts and chart data under the law, and under every rule that a reader may choose.

All of it is made here, by the functions that make tables and charts on paper: the script of the page puts it
in place, and rounds and decides nothing.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts import outcomes, over_time, parties, rules, trend_and_record
from forecast.charts.drawing import Rows, look, named
from forecast.charts.rules import method_name
from forecast.words import headlines, in_their_language, rounding, text
from forecast.words.facts import Facts, said
from forecast.words.headlines import level_text

if TYPE_CHECKING:
    from forecast.charts.drawing import Spec
    from forecast.result import Forecast
    from forecast.words.headlines import Earlier

_WIDE, _NARROW, _PANEL = 600, 330, 200
_FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"
_DIGITS = 6
"""Of numbers that only place marks: far less than a pixel."""
_PLAIN = frozenset({float, int, bool, str, type(None)})
"""Kinds of values of chart data, but for lists of lines and outlines of districts."""


@dataclass(frozen=True)
class Panel:
    """One of the panels of a figure: its name, what it shows in words, and its rows by their name."""

    name: str
    said: str
    tables: Mapping[str, Rows]


@dataclass(frozen=True)
class Figure:
    """Panels under one heading, all of one specification."""

    id: str
    title: str
    body: Spec
    panels: Sequence[Panel]


class Pool:
    """Columns of chart data, each kept once however often it is used."""

    def __init__(self) -> None:
        self.columns: list[Any] = []
        self._known: dict[str, int] = {}
        self._put: dict[tuple[Any, ...], int] = {}

    def put(self, rows: Rows) -> dict[str, Any]:
        """Rows as the numbers of their columns, and how many there are."""
        names = dict.fromkeys(itertools.chain.from_iterable(rows))
        return {"n": len(rows), **{name: self._column([row.get(name) for row in rows]) for name in names}}

    def _column(self, values: list[Any]) -> int:
        """The number of a column; one value that all rows share stands for itself."""
        kinds = [*map(type, values)]
        if not _PLAIN.issuperset(kinds):
            return self._number_of(values)
        # The seats of a house of 736 stand where they stood at every other place of the slider: to round and
        # write them anew takes longer than to know them again. 1 and 1.0 and True are told apart.
        known = (*values, *kinds)
        if known not in self._put:
            self._put[known] = self._number_of(values)
        return self._put[known]

    def _number_of(self, values: list[Any]) -> int:
        values = [_short(value) for value in values]
        kept = values[0] if len(values) > 1 and all(value == values[0] for value in values) else values
        text = json.dumps(kept)
        if text not in self._known:
            self._known[text] = len(self.columns)
            self.columns.append(kept)
        return self._known[text]


def _short(value: Any) -> Any:
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def payload(
    facts: Facts, slid: Forecast | None, before: Earlier | None = None, figures: Sequence[Figure] = ()
) -> dict[str, Any]:
    """Plain data for JSON. ``slid``: the forecast under other rules, where there is one; ``before``: what an
    earlier forecast said; ``figures``: panels of districts and over time.
    """
    pool = Pool()
    law = _place(facts, pool, headlines.change(facts, before)) | _still(facts, pool)
    bodies = {figure.id: [_compiled(figure.body)] for figure in figures}
    found: dict[str, Any] = {"law": law, "specs": _specs(facts) | bodies}
    found["figures"] = {
        figure.id: [_panel(pool, panel.name, panel.said, panel.tables) for panel in figure.panels]
        for figure in figures
    }
    if slid is not None:
        # What changed since an earlier forecast is told of the law alone.
        found |= _slider(facts, slid, law, pool, "" if before else headlines.change(facts, None))
    return found | {"columns": pool.columns}


def _place(facts: Facts, pool: Pool, changed: str) -> dict[str, Any]:
    """What depends on the rule: cells of the tables, headlines, charts."""
    hundred = (
        {}
        if facts.question is None or facts.too_few
        else {"hundred": _chart(pool, headlines.hundred(facts), outcomes.hundred_rows(facts))}
    )
    entering = parties.entering_rows(facts)["parties"]
    return {
        "headlines": page_headlines(facts, changed),
        "cells": {
            "parties": [party_cells(row) for row in facts.parties],
            "coalitions": [coalition_cells(row, facts.majority) for row in facts.coalitions],
            **_cells_of_chamber(facts),
        },
        "charts": {
            "crossings": _chart(
                pool,
                "; ".join(f"{row['name']}: {row['text']}" for row in entering),
                {"parties": entering},
                parties.entering_rows(facts, _NARROW),
            ),
            "shares": _chart(
                pool,
                _shares_said(facts),
                parties.shares_rows(facts),
                parties.shares_rows(facts, _NARROW),
            ),
            "parliament": _chart(
                pool,
                ", ".join(f"{row['name']} {seats}" for row, seats in outcomes.seated(facts)),
                outcomes.parliament_rows(facts, _WIDE),
                outcomes.parliament_rows(facts, _NARROW),
            ),
            "distributions": _chart(
                pool,
                "; ".join(
                    f"{row['name']}: {parties.seats_said(facts, row)}" for row in parties.seats_drawn(facts)
                ),
                parties.seats_rows(facts, _WIDE),
                parties.seats_rows(facts, _NARROW),
            ),
            **hundred,
        },
        "small": [_unlabelled(facts, width) for width in (_WIDE, _NARROW)],
    }


def _unlabelled(facts: Facts, width: float) -> str:
    names = outcomes.small_parties(facts, width)
    return text("unlabelled", names=names) if names else ""


def _still(facts: Facts, pool: Pool) -> dict[str, Any]:
    """What no rule changes: the evening of a night, and the polls."""
    evening = _evening(facts, pool)
    if not facts.polls_used:
        return evening
    if facts.polls_together:
        rows = (trend_and_record.together_rows(facts, width) for width in (_WIDE, _NARROW))
        return evening | {"polls": _chart(pool, _shares_said(facts), *rows)}
    drawn = [row for row in facts.parties if row["told"]][: parties.MOST_PANELS]
    return evening | {
        "trends": [
            _panel(
                pool, row["name"], trend_and_record.share_said(row), trend_and_record.trend_rows(facts, row)
            )
            for row in drawn
        ]
    }


def _evening(facts: Facts, pool: Pool) -> dict[str, Any]:
    """Chances and seats from one estimate of a night to the next, where there are several."""
    if not has_evening(facts):
        return {}
    evening = over_time.Evening(facts)
    return {
        "evening_chances": [
            _panel(pool, one["name"], one["said"], evening.chance_rows(one)) for one in evening.chances()
        ],
        "evening_seats": [
            _panel(pool, one["name"], one["said"], evening.seat_rows(one)) for one in evening.seats()
        ],
    }


def has_evening(facts: Facts) -> bool:
    """Whether a forecast is of a night with several estimates."""
    return "evening/moment" in facts.forecast and len(facts.forecast.array("evening/moment")) > 1


def _chart(
    pool: Pool, told: str, wide: Mapping[str, Rows], narrow: Mapping[str, Rows] | None = None
) -> dict[str, Any]:
    """A chart: what it shows in words, and its data on wide and on narrow screens."""
    sets = [{name: pool.put(rows) for name, rows in tables.items()} for tables in (wide, narrow or wide)]
    return {"said": told, "data": sets}


def _panel(pool: Pool, name: str, told: str, tables: Mapping[str, Rows]) -> dict[str, Any]:
    return {"name": name, "said": told, "data": {key: pool.put(rows) for key, rows in tables.items()}}


def _shares_said(facts: Facts) -> str:
    return "; ".join(
        f"{row['name']}: {trend_and_record.share_said(row)}" for row in facts.parties if row["told"]
    )


def _specs(facts: Facts) -> dict[str, list[Spec]]:
    """Specifications of charts, wide and narrow, and of panels, as Vega reads them."""
    bodies = {
        "crossings": [parties.entering_body(named, "", width) for width in (_WIDE, _NARROW)],
        "shares": [parties.shares_body(named, width) for width in (_WIDE, _NARROW)],
        "parliament": [outcomes.parliament_body(named, width) for width in (_WIDE, _NARROW)],
        "hundred": [outcomes.hundred_body(named)],
        "distributions": [parties.seats_body(named, width) for width in (_WIDE, _NARROW)],
        "thresholds": [rules.steps_body(named, _PANEL)],
    }
    if facts.polls_together:
        bodies["polls"] = [trend_and_record.together_body(named, width) for width in (_WIDE, _NARROW)]
    elif facts.polls_used:
        bodies["trends"] = [trend_and_record.trend_body(named, facts, _PANEL)]
    if has_evening(facts):
        evening = over_time.Evening(facts)
        bodies["evening_chances"] = [over_time.chances_body(named, evening, _PANEL)]
        bodies["evening_seats"] = [over_time.seats_body(named, evening, _PANEL)]
    return {name: [_compiled(body) for body in of_widths] for name, of_widths in bodies.items()}


def _compiled(body: Spec) -> Spec:
    whole = {**body, "config": look(_FONT), "padding": 2, "background": "transparent"}
    return _vega_of(json.dumps(whole))


@lru_cache(maxsize=64)
def _vega_of(written: str) -> Spec:
    """Compiled once for all pages of a process: they differ in their data."""
    import vl_convert

    return vl_convert.vegalite_to_vega(written)


# Cells of tables.


PARTY_CELLS = ("passes", "seats", "seats80", "entering", "entering80")
"""What the table of parties tells that hangs on the rule."""


def party_cells(row: dict[str, Any]) -> list[str]:
    """Chance to enter, seats with their interval, and those if it enters; dashes where there are none."""
    if row["seatless"] or not row["told"]:
        return [rounding.DASH] * len(PARTY_CELLS)
    found = [row["entry"]]
    for stem in ("seat", "entering_seat"):
        ends = (row.get(f"{stem}_low80"), row.get(f"{stem}_high80"))
        found += [rounding.whole(row.get(f"{stem}_median")), rounding.interval(*ends)]
    return found


def coalition_cells(row: dict[str, Any], needed: int) -> list[str]:
    """Chance of a majority, seats with their interval, and the margin."""
    return [
        said(row["majority_probability"], row["majority_mc_error"]),
        rounding.whole(row["seat_median"]),
        rounding.interval(row["seat_low80"], row["seat_high80"]),
        rounding.signed(row["seat_median"] - needed),
    ]


def _cells_of_chamber(facts: Facts) -> dict[str, list[list[str]]]:
    """Cells of the tables of the whole chamber that other rules change; none where it is its lists."""
    if not facts.of_chamber:
        return {}
    return {
        "holders": [holder_cells(facts, row) for row in facts.holders],
        "chamber_coalitions": [chamber_coalition_cells(facts, row) for row in facts.coalitions],
    }


def holder_cells(facts: Facts, row: dict[str, Any]) -> list[str]:
    """List seats with their interval; seats of the whole chamber, their interval and mean, one draw."""
    party = next((one for one in facts.lists if one["party"] == row["holder"]), None)
    lists = rounding.DASH
    if party is not None:
        lists = with_interval(*(party[f"seat_{end}"] for end in ("low80", "median", "high80")))
    own = [lists] if facts.of_chamber else []
    return [
        *own,
        rounding.whole(row["seat_median"]),
        rounding.interval(row["seat_low80"], row["seat_high80"]),
        rounding.mean_seats(row["seat_mean"], row["seat_mean_mc_error"]),
        rounding.whole(row["representative_seats"]),
    ]


def with_interval(low: float, middle: float, high: float) -> str:
    """A number of seats, and its interval where that is wider."""
    return rounding.whole(middle) + ("" if low == high else f" ({rounding.interval(low, high)})")


def chamber_coalition_cells(facts: Facts, row: dict[str, Any]) -> list[str]:
    """Chance of a majority and of two thirds of the whole chamber, seats with their interval, the margin."""
    return [
        said(row["chamber_majority_probability"], row["chamber_majority_mc_error"]),
        rounding.points(row["chamber_majority_mc_error"]),
        said(row["chamber_two_thirds_probability"], row["chamber_two_thirds_mc_error"]),
        rounding.points(row["chamber_two_thirds_mc_error"]),
        rounding.whole(row["chamber_seat_median"]),
        rounding.interval(row["chamber_seat_low80"], row["chamber_seat_high80"]),
        rounding.signed(row["chamber_seat_median"] - facts.forecast.chamber_majority),
    ]


def page_headlines(facts: Facts, changed: str) -> list[str]:
    """What is asked first, and the sentences of the story; ``changed``: the last of them."""
    lines = [headlines.first(facts), " ".join(headlines.sentences(facts, changed))]
    return [line.replace(" %", "\N{NO-BREAK SPACE}%") for line in lines]


# Other rules.


def _slider(facts: Facts, slid: Forecast, law: dict[str, Any], pool: Pool, changed: str) -> dict[str, Any]:
    """Every place of the slider, with what differs from the law, and every coalition."""
    levels, methods = slid.ticks["threshold"], slid.ticks["method"]
    at_law = np.argwhere(slid.array("rules/is_base_rule"))[0].tolist()
    counts, drawn = slid.array("unsaved/coalition_majority"), slid.array("unsaved/coalition_draws")
    places = []
    for t, m in slid.places():
        found: dict[str, Any] = {}
        if [t, m] != at_law:
            here = Facts(slid.at(threshold=t, method=m), facts.question)
            found = _unlike(_in_order(here, facts, pool, changed), law)
            # Of the whole only what it is under the law is known.
            if facts.of_chamber and not here.of_chamber:
                found = _without_chamber(found, law)
        subsets = np.round(counts[t, m] * drawn[t, m]).astype("<u2").tobytes()
        found |= {"subsets": base64.b64encode(subsets).decode(), "subset_draws": int(drawn[t, m])}
        places.append(found)
    names = [
        in_their_language(method_name(facts.rule_method if method == "law" else method)) for method in methods
    ]
    ids = members_of(facts)
    return {
        "places": places,
        "levels": [level_text(level) for level in levels],
        "level_keys": [f"{100 * level:.6g}" for level in levels],
        "method_keys": [str(method) for method in methods],
        "methods": names,
        "at_law": at_law,
        "draws": slid.draws,
        "points": rounding.points(Facts(slid).chances_error),
        "steps": [_steps(facts, slid, m, pool) for m in range(len(methods))],
        "law_lines": [pool.put([{"level": level}]) for level in levels],
        "members": [ids.index(party) for party in slid.names("unsaved/member")],
        "coalitions": [
            sorted(ids.index(party) for party in row["parties"].split("\n") if party in ids)
            for row in facts.coalitions
        ],
        "asked": "chamber_coalitions" if slid_of_chamber(slid) else "coalitions",
        "errors": {str(number): rounding.points(0.5 / number**0.5) for number in np.unique(drawn).tolist()}
        | {str(one.draws): rounding.points(Facts(one).chances_error) for one in (slid, facts.forecast)},
        "chances": {
            str(number): chance_texts(number) for number in np.unique([*drawn.ravel(), slid.draws]).tolist()
        },
    }


def members_of(facts: Facts) -> list[str]:
    """Ids of those of whom coalitions can be built: parties in their order, then groups of the chamber."""
    parties = [row["party"] for row in facts.parties]
    return [*parties, *(row["holder"] for row in facts.holders if row["holder"] not in parties)]


def slid_of_chamber(slid: Forecast) -> bool:
    """Whether other rules change the whole chamber too, and so coalitions are of it."""
    return "chamber/seat_mean" in slid


def _without_chamber(found: dict[str, Any], law: dict[str, Any]) -> dict[str, Any]:
    """What differs from the law but the answer to what is asked first."""
    if "headlines" in found:
        found["headlines"] = [law["headlines"][0], *found["headlines"][1:]]
    found.get("charts", {}).pop("hundred", None)
    return found


def _in_order(here: Facts, law: Facts, pool: Pool, changed: str) -> dict[str, Any]:
    """What a place shows, its parties in the order in which the page has them."""
    places = {row["holder"]: k for k, row in enumerate(law.holders)}
    here.holders.sort(key=lambda row: places[row["holder"]])
    order = {row["party"]: k for k, row in enumerate(law.parties)}
    here.parties.sort(key=lambda row: order[row["party"]])
    for row, of_law in zip(here.parties, law.parties, strict=True):
        row["last_share"] = of_law["last_share"]
    return _place(here, pool, changed)


def _unlike(place: dict[str, Any], law: dict[str, Any]) -> dict[str, Any]:
    """What of a place differs from the law, part by part."""
    found: dict[str, Any] = {}
    for name, part in place.items():
        if isinstance(part, dict):
            differs = {key: value for key, value in part.items() if value != law[name].get(key)}
            found |= {name: differs} if differs else {}
        elif part != law[name]:
            found[name] = part
    return found


def _steps(facts: Facts, slid: Forecast, method: int, pool: Pool) -> list[dict[str, Any]]:
    """Seats by threshold of the larger parties, and the medians in words for every level."""
    found: list[dict[str, Any]] = []
    for row in facts.lists:
        steps = rules.steps_rows(slid, row, method, None)["steps"]
        if len(found) < parties.MOST_PANELS and any(step["seats"] > 0 for step in steps):
            medians = [rounding.whole(step["seats"]) for step in steps]
            found.append({"name": row["name"], "medians": medians, "data": {"steps": pool.put(steps)}})
    return found


def chance_texts(draws: int) -> list[list[Any]]:
    """How a chance is said that so many of ``draws`` have: the least number for each text, and the text."""
    found: list[list[Any]] = []
    for count in range(draws + 1) if draws <= 2**13 else (*range(2**10), *range(2**10, draws + 1, 8), draws):
        chance = count / draws
        error = max((chance * (1 - chance) / draws) ** 0.5, 1 / draws)
        told = said(chance, error)
        if not found or found[-1][1] != told:
            found.append([count, told])
    return found
