"""Sections of the page that not every forecast has: an election night, the whole chamber, districts, the last
seat, places; and forecasts that were published before: over time, what changed, how they came out.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts import outcomes, over_time
from forecast.charts.drawing import ACCENT, ink_of, named, was_open
from forecast.geography.known_districts import read_outlines
from forecast.night.evening import clock, standing_calls, too_early_said
from forecast.published.archive_of_forecasts import a_week_before, kept_of, since
from forecast.published.tables_of_past import forecasts, moves, record_tables
from forecast.report.data import Figure, Panel, chamber_coalition_cells, holder_cells, with_interval
from forecast.simulation.side_by_side import stacked
from forecast.tables import known_tables, table_of
from forecast.tables.causes import last_seat_said
from forecast.tables.chamber_and_districts import majorities_said, tiers_said
from forecast.tables.definitions import provenance_of
from forecast.variables import QUANTILES, error_of
from forecast.words import day_text, in_their_language, listed, rounding, text
from forecast.words.facts import Facts, said
from forecast.words.headlines import counted_so_far

if TYPE_CHECKING:
    from forecast.charts.over_time import Measure
    from forecast.published.archive_of_forecasts import Archive, Past
    from forecast.published.scored import Record
    from forecast.result import Forecast
    from forecast.tables.definitions import Table
    from forecast.words.facts import Facts


_LOW80, _MEDIAN, _HIGH80 = (QUANTILES.index(level) for level in (0.1, 0.5, 0.9))
_NARROW = 0.004
"""Intervals of shares narrower than this take a second decimal."""
_MOST_IN_DISTRICTS = 8
_MOST_DISTRICTS = 60
"""Of more none has a panel: the table has them all."""
_PANEL, _MAP = 200, 320
_MOST_PANELS = 12
"""Parties that have a panel over time: the largest."""
_DECIDED = 0.01
"""Chances that were never farther from none or all are not drawn."""
_LONG = 12
"""Tables with more rows are folded."""


# An election night: what is counted, what is out, how the evening went.


def is_night(forecast: Forecast) -> bool:
    """Whether a forecast is of an election night."""
    return "evening/moment" in forecast


def night_meta(forecast: Forecast) -> list[str]:
    """When the last report came, and when the estimate was made."""
    source, own = (forecast.attrs.get(f"night_{name}_time", "") for name in ("source", "estimate"))
    found = [text("night_source", time=_day_and_clock(source))] if source else []
    return [*found, text("night_estimate", time=_day_and_clock(own))]


def _day_and_clock(time: str) -> str:
    return f"{time[:10]} {clock(time)}"


def night_of(facts: Facts) -> dict[str, Any] | None:
    """What stands in the section of the night; ``None`` where there is no night."""
    forecast = facts.forecast
    if not is_night(forecast):
        return None
    return {
        "said": [*_counted_said(forecast), *_called_said(facts)],
        "trouble": forecast.attrs.get("night_trouble", ""),
        "rehearsal": forecast.attrs.get("night_rehearsal") == "1",
        "estimated": "" if _complete(forecast) else str(forecast.attrs["night_estimate_time"]),
        "parties": _parties(facts),
        "kinds": _kinds(forecast),
        "kind_shares": _kind_shares(facts),
        "districts": _by_district(facts),
        "feed": table_of(forecast, "feed") if "feed/said" in forecast else None,
        "evening": len(forecast.array("evening/moment")) > 1,
    }


def _complete(forecast: Forecast) -> bool:
    return bool((forecast.array("night/units") == forecast.array("night/units_final")).all())


def _counted_said(forecast: Forecast) -> list[str]:
    """How much is in and how much is out, in sentences."""
    low, middle, high = np.maximum(forecast.array("night/left_quantile")[[_LOW80, _MEDIAN, _HIGH80]], 0.0)
    left = {name: _about(value) for name, value in (("left", middle), ("low", low), ("high", high))}
    out = text("night_none_left") if _complete(forecast) else text("night_left", **left)
    early = [text("night_early")] if too_early_said(forecast) else []
    return [counted_so_far(forecast), out, *early]


def _percent_counted(share: float, complete: bool) -> str:
    """Never all before all is counted, and never nothing where something is."""
    if complete or share <= 0.0:
        return rounding.percent(share)
    return rounding.percent(min(max(share, 0.001), 0.999))


def _called_said(facts: Facts) -> list[str]:
    named = {row["coalition"]: row["name"] for row in facts.coalitions}
    called = [
        text("night_called_one", name=named[who], time=since)
        for what, who, since in standing_calls(facts.forecast)
        if what == "majority"
    ]
    return [text("night_called_majority", names=listed(called))] if called else []


def _parties(facts: Facts) -> dict[str, Any]:
    """A row for each party: counted, forecast, interval, chance, call."""
    forecast = facts.forecast
    called = {who: since for what, who, since in standing_calls(forecast) if what == "entry"}
    counted = dict(zip(forecast.parties, forecast.array("night/counted_share").tolist(), strict=True))
    rows = []
    for row in facts.parties:
        digits = 2 if _width(row) < _NARROW else 1
        chance = rounding.DASH if row["seatless"] else said(row["pass_probability"], row["pass_mc_error"])
        rows.append(
            [
                row["name"],
                rounding.percent(counted[row["party"]], digits),
                rounding.percent(row["share_median"], digits),
                chance,
                rounding.percent_interval(row["share_low80"], row["share_high80"], digits),
                text("night_since", time=called[row["party"]]) if row["party"] in called else "",
            ]
        )
    keys = ("party", "night_counted", "night_forecast", "passes", "interval80", "night_called")
    titles = [(text(key), key not in ("party", "night_called")) for key in keys]
    return {"id": "night-parties", "title": text("night_parties"), "titles": titles, "rows": rows}


def _width(row: dict[str, Any]) -> float:
    if row["share_low80"] is None or row["share_high80"] is None:
        return 1.0
    return row["share_high80"] - row["share_low80"]


def _kinds(forecast: Forecast) -> dict[str, Any]:
    left = np.maximum(forecast.array("night/left").sum(axis=1), 0.0)
    columns = [
        forecast.array(f"night/{name}").tolist() for name in ("units", "units_final", "counted_by_kind")
    ]
    rows = [
        [
            in_their_language(kind),
            *(rounding.whole(number) for number in (units, final, counted)),
            _left(units, final, rest),
        ]
        for kind, units, final, counted, rest in zip(
            forecast.names("night/kind"), *columns, left.tolist(), strict=True
        )
    ]
    keys = ("night_kind", "night_units_column", "night_finished", "night_votes", "night_votes_left")
    titles = [(text(key), key != "night_kind") for key in keys]
    return {"id": "night-kinds", "title": text("night_out"), "titles": titles, "rows": rows}


def _left(units: int, final: int, rest: float) -> str:
    """Votes left: a number that is none where all is in, and never none before."""
    return "0" if units == final else _about(max(rest, 1.0))


def _about(votes: float) -> str:
    """An estimated number of votes, to three digits."""
    return rounding.whole(float(f"{max(votes, 0.0):.3g}"))


def _kind_shares(facts: Facts) -> dict[str, Any] | None:
    """Shares of the votes counted by kind; none where they are of one kind."""
    forecast = facts.forecast
    votes = forecast.array("night/kind_votes")
    some = [k for k in range(len(votes)) if votes[k].sum() > 0]
    if len(some) < 2:
        return None
    kinds = [in_their_language(kind) for kind in forecast.names("night/kind")]
    at = {party: k for k, party in enumerate(forecast.parties)}
    rows = [
        [row["name"], *(rounding.percent(votes[k, at[row["party"]]] / votes[k].sum()) for k in some)]
        for row in facts.parties
    ]
    titles = [(text("party"), False), *((kinds[k], True) for k in some)]
    return {"id": "night-kind-shares", "title": text("night_kind_shares"), "titles": titles, "rows": rows}


def _by_district(facts: Facts) -> dict[str, Any] | None:
    """What is counted and out by district, and the forecast of the largest parties there."""
    forecast = facts.forecast
    places = forecast.names("night/district")
    if len(places) < 2:
        return None
    counted = forecast.array("night/district_counted_votes").sum(axis=1)
    left = np.maximum(forecast.array("night/left").sum(axis=0), 0.0)
    shares = forecast.array("night/district_share_quantile")[..., [_LOW80, _MEDIAN, _HIGH80]]
    parties = [row for row in facts.parties if row["told"]][:_MOST_IN_DISTRICTS]
    at = [forecast.parties.index(row["party"]) for row in parties]
    rows = []
    for d, place in enumerate(places):
        share = counted[d] / max(counted[d] + left[d], 1.0)
        cells = [_with_ends(*shares[d, k].tolist()) for k in at]
        out = "0" if left[d] <= 0.0 else _about(max(left[d], 1.0))
        rows.append([place, _percent_counted(share, bool(left[d] <= 0.0)), out, *cells])
    heads = [text(key) for key in ("district", "night_counted_share", "night_votes_left")]
    heads += [row["short"] or row["name"] for row in parties]
    titles = [(head, k > 0) for k, head in enumerate(heads)]
    return {"id": "night-districts", "title": text("night_districts"), "titles": titles, "rows": rows}


def _with_ends(low: float, middle: float, high: float) -> str:
    if np.isnan(middle):
        return rounding.DASH
    if f"{100 * low:.1f}" == f"{100 * high:.1f}":
        return rounding.percent(middle)
    ends = rounding.percent_interval(low, high).removesuffix(" %")
    return f"{rounding.percent(middle)} ({ends})"


# The whole chamber.


def whole_chamber(facts: Facts) -> dict[str, Any] | None:
    """The whole chamber: seats of every party and group by tier and in all, coalitions, districts; ``None``
    where it is its lists alone.
    """
    forecast = facts.forecast
    if "chamber/size" not in forecast:
        return None
    tiers = list(zip(forecast.names("chamber/tier_name"), forecast.array("chamber/tier_size"), strict=True))
    low, middle, high = np.moveaxis(forecast.array("chamber/tier_seat_quantile")[..., [1, 3, 5]], -1, 0)
    numbers = {holder: h for h, holder in enumerate(forecast.names("chamber/holder"))}
    rows = []
    for row in facts.holders:
        h = numbers[row["holder"]]
        if facts.of_chamber or high[:, h].any():
            cells = holder_cells(facts, row)
            rows.append(
                {
                    "name": row["name"],
                    "lists": cells[: len(cells) - 4],
                    "tiers": [
                        with_interval(low[t, h], middle[t, h], high[t, h]) for t in range(1, len(tiers))
                    ],
                    "all": cells[-4:],
                }
            )
    districts = table_of(forecast, "contests") if "contests" in known_tables(forecast) else None
    of_chamber = [(row["name"], chamber_coalition_cells(facts, row)) for row in facts.coalitions]
    return {
        "size": forecast.chamber_size,
        "coalitions_note": majorities_said(forecast),
        "lists": int(tiers[0][1]),
        "tiers": [(in_their_language(name[:1].upper() + name[1:]), int(size)) for name, size in tiers[1:]],
        "rows": rows,
        "coalitions": of_chamber if facts.of_chamber else [],
        "in_tiers": _coalitions_in_tiers(facts),
        "said": tiers_said(forecast),
        "districts": districts,
        "titles": [(column.title, column.numeric) for column in districts.shown] if districts else [],
    }


def _coalitions_in_tiers(facts: Facts) -> list[tuple[str, list[str]]]:
    """Of each coalition its seats in every tier beside the lists, and the chance of more than half of them;
    nothing of a forecast that was saved before it held them.
    """
    forecast, quantiles = facts.forecast, "chamber/tier_coalition_seat_quantile"
    if quantiles not in forecast:
        return []
    low, middle, high = np.moveaxis(forecast.array(quantiles)[..., [1, 3, 5]], -1, 0)
    path = "chamber/tier_majority_probability"
    chances, errors = forecast.array(path), forecast.array(error_of(path))
    number = {coalition: c for c, coalition in enumerate(forecast.names("coalition"))}
    return [
        (
            row["name"],
            [
                text
                for t in range(1, len(chances))
                for text in (
                    with_interval(low[t, c], middle[t, c], high[t, c]),
                    said(chances[t, c], errors[t, c]),
                )
            ],
        )
        for row in facts.coalitions
        for c in (number[row["coalition"]],)
    ]


# Districts: seats in each, as small multiples, and a map.


def districts_of(forecast: Forecast) -> dict[str, Any] | None:
    """Seats by district, of the parties that have any in some; ``None`` where the rule has no districts."""
    if "districts/house" not in forecast:
        return None
    by_district = table_of(forecast, "districts")
    shown = {column.title: k for k, column in enumerate(by_district.shown)}
    low, middle, high = np.moveaxis(forecast.array("districts/seat_quantile")[..., [1, 3, 5]], -1, 0)
    held = np.flatnonzero(np.nan_to_num(high).max(axis=0) > 0)
    rows = []
    for d, said_of in enumerate(by_district.texts()):
        cells = [
            rounding.whole(middle[d, k])
            + ("" if low[d, k] == high[d, k] else f" ({rounding.interval(low[d, k], high[d, k])})")
            for k in held
        ]
        known = "Last seat" in shown
        last = ""
        if known and said_of[shown["Last seat"]]:
            who, chance, error = (said_of[shown["Last seat"] + k] for k in range(3))
            last = f"{who} {chance} (± {error})"
        rows.append(
            {
                "name": said_of[0],
                "region": said_of[shown["Region"]] if "Region" in shown else "",
                "seats": said_of[shown["Seats"]],
                "cells": cells,
                "in_play": said_of[shown["In play"]],
                "last": last,
                "apart": said_of[shown["Apart"]] if known else "",
            }
        )
    names = zip(forecast.names("party_short"), forecast.names("party_name"), strict=True)
    called = [short or name for short, name in names]
    return {
        "parties": [called[k] for k in held],
        "rows": rows,
        "last": "districts/last_probability" in forecast,
        "notes": by_district.notes,
    }


def district_figures(facts: Facts) -> list[Figure]:
    """Seats by district, and the map where the election file names one.

    ``ConfigurationError`` where the file of the map is gone, or no map of these districts.
    """
    return [figure for figure in (_map(facts), _panels(facts)) if figure is not None]


def _panels(facts: Facts) -> Figure | None:
    if "districts/house" not in facts.forecast:
        return None
    names, houses = facts.forecast.names("districts/district_name"), facts.forecast.array("districts/house")
    if len(names) > _MOST_DISTRICTS:
        return None
    in_play = facts.forecast.array("districts/seats_in_play")
    panels = [
        Panel(
            title,
            text("district_said", seats=rounding.whole(float(house)), open=rounding.whole(float(play))),
            {"bars": outcomes.district_rows(facts, d)},
        )
        for d, (title, house, play) in enumerate(zip(names, houses, in_play, strict=True))
    ]
    most = float(np.nanmax(facts.forecast.array("districts/seat_quantile")[..., 5], initial=1.0))
    body = outcomes.district_body(named, most, _PANEL)
    return Figure("district-panels", text("district_panels"), body, panels)


def _map(facts: Facts) -> Figure | None:
    path = (facts.definition.get("geography") or {}).get("map")
    told = "districts/house" in facts.forecast or "chamber/win_probability" in facts.forecast
    if path is None or not told:
        return None
    ahead = outcomes.leaders(facts)
    outlines = read_outlines(Path(path), {id_: title for id_, title, _, _ in ahead})
    counted = Counter(row["name"] for _, _, row, _ in ahead)
    said = "; ".join(f"{name} {number}" for name, number in counted.most_common())
    if outlines.missing:
        said += f". {text('map_without', names=listed(outlines.missing))}"
    rows = {"shapes": outcomes.map_rows(facts, outlines)}
    high = min(max(outlines.height, 0.3), 1.6) * _MAP
    body = outcomes.map_body(facts, named, _MAP, high)
    return Figure("district-map", text("district_map"), body, [Panel(text("map_key"), said, rows)])


# The last seat, and places.


def last_seat_of(facts: Facts) -> dict[str, Any] | None:
    """Who holds the last seat, and who is next, in sentences and by party; the sentence alone where there is
    no last seat.
    """
    forecast = facts.forecast
    known = {row["party"]: row["name"] for row in facts.parties}
    told = last_seat_said(forecast)
    if facts.too_few or not told:
        return None
    by_party = table_of(forecast, "last-seat")
    order = {row["party"]: k for k, row in enumerate(facts.parties)}
    texts = zip(by_party.rows_shown(), by_party.texts(), strict=True)
    rows = [
        [known[str(row["party"])], *cells[1:]]
        for row, cells in sorted(texts, key=lambda one: order[str(one[0]["party"])])
    ]
    titles = [
        (text("party"), False),
        *((text(key), True) for key in ("last_seat_holds", "error", "last_seat_next", "error")),
    ]
    part = {"id": "last-seat", "title": text("last_seat_who"), "titles": titles, "rows": rows}
    return part | {"said": told}


def ranks_of(facts: Facts) -> dict[str, Any] | None:
    """Chances of each place by party, of those that the polls tell apart."""
    if facts.too_few or "places/probability" not in facts.forecast:
        return None
    chances, errors = (facts.forecast.array(path) for path in ("places/probability", "places/mc_error"))
    places = min(chances.shape[1], len(facts.lists))
    at = {party: k for k, party in enumerate(facts.forecast.parties)}
    rows = [
        [row["name"], *(said(*pair) for pair in zip(of[:places].tolist(), by[:places].tolist(), strict=True))]
        for row in facts.lists
        for of, by in ((chances[at[row["party"]]], errors[at[row["party"]]]),)
    ]
    titles = [(text("party"), False), *((text("rank", place=k + 1), True) for k in range(places))]
    return {"id": "ranks", "title": text("ranks"), "titles": titles, "rows": rows}


# Forecasts that were published before.


@dataclass(frozen=True)
class History:
    """Forecasts that were published before the one that the page shows, the earliest first."""

    facts: Facts
    archive: Archive
    before: list[Past]

    @classmethod
    def of(cls, facts: Facts, archive: Archive) -> History:
        """Those of an archive."""
        return cls(facts, archive, archive.before(facts.forecast))

    @property
    def compared(self) -> list[Past]:
        """The last one, and the last that is a week older than the one shown."""
        week = a_week_before(self.before, self.facts.forecast)
        found = [*self.before[-1:], *([week] if week is not None else [])]
        return list({one.digest: one for one in found}.values())

    def news(self) -> list[str]:
        """What is new since the last forecast, and since a week ago."""
        found = [since(one.forecast, self.facts.forecast) for one in self.compared]
        said = [
            text("what_is_new", day=day_text(one.day.isoformat()), why="; ".join(one.why)) for one in found
        ]
        return said or [text("over_time_one")]

    def tables(self) -> list[Table]:
        """What changed, then the forecasts themselves; none where there are none before."""
        if not self.before:
            return []
        provenance = provenance_of(self.facts.forecast)
        earlier = {
            text("since", day=day_text(one.as_of.isoformat())): Facts(one.forecast) for one in self.compared
        }
        return [
            *moves(self.facts, earlier, provenance),
            forecasts(self.before, provenance, self.archive.frozen),
        ]

    def figures(self) -> list[Figure]:
        """Shares, seats and chances by day; none where all forecasts are of one day."""
        each = {one.as_of: one.forecast for one in self.before}
        now = kept_of(self.facts.forecast)
        each[datetime.date.fromisoformat(str(now.attrs["as_of"]))] = now
        if len(each) < 2:
            return []
        labels = {"as_of": np.array(list(each), "datetime64[ns]")}
        series = stacked(list(each.values()), "as_of", labels, self.facts.forecast.parties)
        days = over_time.Days(series)
        parties = [(row["party"], row["name"], ink_of(row)) for row in self.facts.lists[:_MOST_PANELS]]
        coalitions = [(row["coalition"], row["name"], ACCENT) for row in self.facts.coalitions]
        drawn = (
            ("over-shares", text("shares"), over_time.SHARES, "party", parties),
            ("over-seats", text("seats"), over_time.SEATS, "party", parties),
            ("over-passing", text("crossings"), over_time.PASSING, "party", parties),
            ("over-majorities", text("majority"), over_time.MAJORITIES, "coalition", coalitions),
        )
        found = (_figure(days, *one) for one in drawn)
        return [one for one in found if one.panels]


def _figure(
    days: over_time.Days,
    id_: str,
    title: str,
    measure: Measure,
    over: str,
    subjects: Sequence[tuple[str, str, str]],
) -> Figure:
    at = {subject: k for k, subject in enumerate(days.forecast.names(over))}
    panels = [
        Panel(
            name,
            over_time.said_last(days.forecast, measure, at[subject]),
            {"days": over_time.panel_rows(days, measure, at[subject], ink)},
        )
        for subject, name, ink in subjects
        if measure.path in days.forecast and _is_open(days, measure, at[subject])
    ]
    return Figure(id_, title, over_time.panel_body(named, days.days, measure, _PANEL), panels)


def _is_open(days: over_time.Days, measure: Measure, k: int) -> bool:
    """Whether there is something to see: of chances that they were not always decided."""
    return bool(measure.quantiles) or was_open(measure.of(days.forecast, k)[measure.field], _DECIDED)


def past_shown(history: History | None, record: Record | None, figures: Sequence[Figure]) -> dict[str, Any]:
    """What the template takes: the part about earlier forecasts, and the one about how they came out."""
    past = None
    if history is not None:
        tables = [shown_table(table) for table in history.tables()]
        past = {
            "news": history.news(),
            "moves": [table for table in tables if table["id"] != "forecasts"],
            "forecasts": next((table for table in tables if table["id"] == "forecasts"), None),
            "figures": [(figure.id, figure.title) for figure in figures],
            "largest_only": len(history.facts.lists) > _MOST_PANELS,
        }
    scored = [] if record is None else [shown_table(table) for table in record_tables(record, "")]
    return {"past": past, "scored": scored}


def shown_table(table: Table, prefix: str = "") -> dict[str, Any]:
    """What the template takes of a table."""
    return {
        "id": f"{prefix}{table.name}",
        "title": table.title,
        "titles": [(column.title, column.numeric) for column in table.shown],
        "rows": list(table.texts()),
        "notes": table.notes,
        "long": len(table.rows) > _LONG,
    }
