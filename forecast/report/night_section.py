"""What the page tells of an election night: what is counted, what is out, how the evening went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.night.evening import clock, standing_calls, too_early_said
from forecast.tables import table_of
from forecast.variables import QUANTILES
from forecast.words import in_their_language, listed, rounding, text
from forecast.words.facts import said
from forecast.words.headlines import counted_so_far

if TYPE_CHECKING:
    from forecast.result import Forecast
    from forecast.words.facts import Facts

_LOW80, _MEDIAN, _HIGH80 = (QUANTILES.index(level) for level in (0.1, 0.5, 0.9))
_NARROW = 0.004
"""Intervals of shares narrower than this take a second decimal."""
_MOST_IN_DISTRICTS = 8


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
