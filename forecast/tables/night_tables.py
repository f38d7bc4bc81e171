"""Tables of an election night: what is counted, what is out, where it leads; the evening; what to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.night.counted import KINDS
from forecast.night.evening import errors_of_evening, shown_times, standing_calls, too_early_said
from forecast.tables.definitions import (
    Column,
    Row,
    Shown,
    Table,
    as_is,
    chance_shown,
    columns_of,
    names_of,
    number,
    pair_of,
    table,
    text_of,
    unless_seatless,
)
from forecast.variables import QUANTILES, VARIABLES, error_of
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast

_LOW80, _MEDIAN, _HIGH80 = (QUANTILES.index(level) for level in (0.1, 0.5, 0.9))
_OPEN = 0.005
"""Chances nearer to none or all are settled."""
_NARROW = 0.004
"""Intervals of shares narrower than this take a second decimal."""
_NOTE = (
    "Counted: of the votes counted so far. Forecast: median of the final share, beside it the interval that "
    "holds 80 % of the draws. Called: from a chance of 99.5 % on, once every kind of vote has been seen or "
    "what is out of the others cannot change it."
)


def night(forecast: Forecast) -> Table:
    """A row for each party: what it has of the votes counted, its final share, its chance, what is called."""
    names = names_of(forecast)
    ids = forecast.names("party")
    called = {who: since for what, who, since in standing_calls(forecast) if what == "entry"}
    columns: dict[Column, Any] = {
        Column("party", "", "text", "id of the option"): ids,
        Column("party_name", "", "text", "its name"): [names[one] for one in ids],
        Column("kind", "", "text", VARIABLES["party_kind"].meaning): forecast.names("party_kind"),
    }
    for path in ("night/counted_votes", "night/counted_share", "share_quantile", "pass_probability"):
        error = error_of(path)
        columns |= columns_of(
            VARIABLES[path], forecast.array(path), forecast.array(error) if error in forecast else None
        )
    called_column = Column(
        "called_since", "", "text", "since when its entry is called; blank where it is not"
    )
    columns[called_column] = [called.get(one, "") for one in ids]
    shown = (
        Shown("Party", as_is("party_name"), numeric=False),
        Shown("Votes", text_of("counted_votes", rounding.whole), rank=3),
        Shown("Counted", _share("counted_share")),
        Shown("Forecast", _share("share_median")),
        Shown("80 % of it", _interval("share_low80", "share_high80")),
        Shown("95 % of it", _interval("share_low95", "share_high95"), rank=2),
        *chance_shown("Passes", "pass_probability", unless=unless_seatless),
        Shown("Called", as_is("called_since"), numeric=False, rank=1),
    )
    notes = (_counted_said(forecast), *_majorities_called(forecast), _NOTE)
    return table(forecast, "night", "Election night", columns, shown, notes)


def _digits(row: Row) -> int:
    """Decimals of the percentages of a row: one more where the forecast is narrow."""
    low, high = number(row["share_low80"]), number(row["share_high80"])
    return 2 if low is not None and high is not None and high - low < _NARROW else 1


def _share(name: str) -> Callable[[Row], str]:
    return lambda row: rounding.percent(number(row[name]), _digits(row))


def _interval(low: str, high: str) -> Callable[[Row], str]:
    return lambda row: rounding.percent_interval(number(row[low]), number(row[high]), _digits(row))


def _counted_said(forecast: Forecast) -> str:
    """How much is in, how much is out, and what that is worth."""
    units, final = forecast.array("night/units").sum(), forecast.array("night/units_final").sum()
    share = forecast.array("evening/votes_share")[-1]
    counted = forecast.array("night/counted_votes").sum()
    left = np.maximum(forecast.array("night/left_quantile")[[_LOW80, _MEDIAN, _HIGH80]], 0.0)
    out = "0 left" if final == units else f"some {_about(left[1])} left ({_about(left[0])}–{_about(left[2])})"
    source = forecast.attrs.get("night_source_time", "")
    when = f"; last report {source.replace('T', ' ')}" if source else ""
    said = (
        f"{rounding.whole(final)} of {rounding.whole(units)} units finished; {rounding.whole(counted)} votes "
        f"counted, {rounding.percent(share)} of those expected; {out}{when}."
    )
    early = too_early_said(forecast)
    return f"{said} {early[:1].upper()}{early[1:]}." if early else said


def _about(votes: float) -> str:
    """An estimated number of votes, to three digits."""
    return rounding.whole(float(f"{votes:.3g}"))


def _left(row: Row) -> str:
    """Votes left, to three digits; none only where all is in."""
    if row["units"] == row["units_final"]:
        return "0"
    return _about(max(number(row["left"]) or 0.0, 1.0))


def _majorities_called(forecast: Forecast) -> list[str]:
    names = names_of(forecast)
    called = [f"{names[who]} (since {since})" for what, who, since in standing_calls(forecast)
              if what == "majority"]  # fmt: skip
    return [f"Called: a majority of {', '.join(called)}."] if called else []


def outstanding(forecast: Forecast) -> Table:
    """A row for each kind of vote, and one for each kind in each district: what is expected still to come."""
    kinds, districts = forecast.names("night/kind"), forecast.names("night/district")
    left = np.maximum(forecast.array("night/left"), 0.0)
    several = len(districts) > 1
    kind = [*kinds, *(name for name in kinds for _ in districts if several)]
    place = ["", *[""] * (len(kinds) - 1), *(name for _ in kinds for name in districts if several)]
    more = len(kind) - len(kinds)

    def of_kinds(path: str) -> list[Any]:
        return [*forecast.array(path).tolist(), *[None] * more]

    columns: dict[Column, Any] = {
        Column("kind", "", "text", VARIABLES["night/kind"].meaning): kind,
        Column("district", "", "text", "id of the district; blank for all of them"): place,
    }
    for path in ("night/units", "night/units_final", "night/counted_by_kind"):
        variable = VARIABLES[path]
        columns[Column(variable.stem, variable.unit, "integer", variable.meaning)] = of_kinds(path)
    meaning = VARIABLES["night/left"].meaning
    columns[Column("left", "votes", "number", meaning)] = [
        *left.sum(axis=1).tolist(),
        *(left.ravel().tolist() if several else ()),
    ]
    shown = (
        Shown("Kind of vote", as_is("kind"), numeric=False),
        Shown("Units", text_of("units", rounding.whole)),
        Shown("Finished", text_of("units_final", rounding.whole)),
        Shown("Votes counted", text_of("counted_by_kind", rounding.whole)),
        Shown("Votes left", _left),
    )
    title = "What is counted and what is out, by kind of vote"
    return table(forecast, "night-out", title, columns, shown, (), lambda row: not row["district"])


def districts(forecast: Forecast) -> Table:
    """A row for each party in each district: what it has of the votes counted, and its final share."""
    places, parties = forecast.names("night/district"), forecast.names("party")
    names = names_of(forecast)
    d, p = (index.ravel() for index in np.indices((len(places), len(parties))))
    left = np.maximum(forecast.array("night/left").sum(axis=0), 0.0)
    columns: dict[Column, Any] = {
        Column("district", "", "text", "id of the district"): [places[k] for k in d],
        Column("party", "", "text", "id of the option"): [parties[k] for k in p],
        Column("party_name", "", "text", "its name"): [names[parties[k]] for k in p],
    }
    for name in ("counted_votes", "counted_share", "share_quantile"):
        variable = VARIABLES[f"night/district_{name}"]
        columns |= columns_of(variable, forecast.array(variable.path)[d, p], None)
    columns[Column("left", "votes", "number", "votes of all lists expected still to come there")] = left[d]
    stem = VARIABLES["night/district_share_quantile"].stem
    shown = (
        Shown("District", as_is("district"), numeric=False),
        Shown("Party", as_is("party_name"), numeric=False),
        Shown("Counted", text_of("district_counted_share", rounding.percent)),
        Shown("Forecast", text_of(f"{stem}_median", rounding.percent)),
        Shown("80 % of it", pair_of(f"{stem}_low80", f"{stem}_high80", rounding.percent_interval)),
        Shown("Votes left", text_of("left", rounding.whole), rank=1),
    )
    return table(forecast, "night-districts", "The night by district", columns, shown)


def evening(forecast: Forecast) -> Table:
    """A row for each party at each estimate of the evening."""
    parties = forecast.names("party")
    moments = forecast.array("evening/moment")
    m, p = (index.ravel() for index in np.indices((len(moments), len(parties))))
    times = shown_times(forecast)
    columns: dict[Column, Any] = {
        Column("moment", "1", "integer", VARIABLES["evening/moment"].meaning): moments[m]
    }
    for name in ("source_time", "estimate_time", "units_share", "votes_share"):
        variable = VARIABLES[f"evening/{name}"]
        columns |= columns_of(variable, forecast.array(variable.path)[m], None)
    columns[Column("party", "", "text", "id of the option")] = [parties[k] for k in p]
    for name in ("share_quantile", "pass_probability", "seat_quantile", "called_entry"):
        variable = VARIABLES[f"evening/{name}"]
        error = errors_of_evening(forecast, variable.path)[m, p] if variable.estimated else None
        columns |= columns_of(variable, forecast.array(variable.path)[m, p], error)
    shown = (
        Shown("At", lambda row: times[int(row["moment"] or 1) - 1], numeric=False),
        Shown("Votes", text_of("votes_share", rounding.percent)),
        Shown("Party", as_is("party"), numeric=False),
        Shown("Share", text_of("share_median", rounding.percent)),
        Shown("80 % of it", pair_of("share_low80", "share_high80", rounding.percent_interval)),
        *chance_shown("Passes", "pass_probability"),
        Shown("Seats", text_of("seat_median", rounding.whole)),
    )
    return table(forecast, "evening", "The evening: one estimate after the other", columns, shown)


def feed(forecast: Forecast) -> Table:
    """A row for each remark about the feed: what it is about, where, and the figures."""
    columns: dict[Column, Any] = {}
    for name in ("kind", "unit", "row", "said"):
        variable = VARIABLES[f"feed/{name}"]
        columns |= columns_of(variable, forecast.array(variable.path), None)
    shown = (
        Shown("What", lambda row: KINDS.get(str(row["kind"]), str(row["kind"])), numeric=False),
        Shown("Remark", as_is("said"), numeric=False),
    )
    return table(forecast, "feed", "What to look at in the feed", columns, shown)


def line_of(forecast: Forecast) -> str:
    """An estimate in one line: when, how much is in, and every party that has, or may have, a seat; the
    majorities that are open; what is called.
    """
    units, votes = (forecast.array(f"evening/{name}_share")[-1] for name in ("units", "votes"))
    when = shown_times(forecast)[-1]
    called = standing_calls(forecast)
    parts = [f"{when}  {rounding.percent(units)} of units, {rounding.percent(votes)} of votes"]
    parts += _parties_in_short(forecast, {who for what, who, _ in called if what == "entry"})
    names = forecast.names("coalition_name")
    chances, errors = (forecast.array(f"majority_{name}").tolist() for name in ("probability", "mc_error"))
    open_ = [
        f"{name} {rounding.probability(chances[k], errors[k])}"
        for k, name in enumerate(names)
        if _OPEN < chances[k] < 1.0 - _OPEN
    ]
    parts += [f"majority: {', '.join(open_)}"] if open_ else []
    shorts = _shorts(forecast)
    entered = ", ".join(shorts[who] for what, who, _ in called if what == "entry")
    majorities = ", ".join(
        names[forecast.names("coalition").index(who)] for what, who, _ in called if what != "entry"
    )
    said = [f"{entered} in"] if entered else []
    said += [f"majority of {majorities}"] if majorities else []
    return " | ".join([*parts, *([f"called: {'; '.join(said)}"] if said else [])])


def _shorts(forecast: Forecast) -> dict[str, str]:
    """Short names of parties by id, else their names."""
    named = zip(*(forecast.names(f"party{name}") for name in ("", "_short", "_name")), strict=True)
    return {party: short or name for party, short, name in named}


def _parties_in_short(forecast: Forecast, called: set[str]) -> Iterator[str]:
    """Share, chance where its entry is not called, and seats of every party that may have some."""
    shares, seats = (forecast.array(f"{name}_quantile") for name in ("share", "seat"))
    chances, errors = (forecast.array(f"pass_{name}").tolist() for name in ("probability", "mc_error"))
    shorts = _shorts(forecast)
    for k in np.argsort(-np.nan_to_num(shares[:, _MEDIAN]), kind="stable").tolist():
        party = forecast.parties[k]
        if np.isnan(chances[k]) or not np.nan_to_num(seats[k]).max() > 0:
            continue
        low, middle, high = shares[k, [_LOW80, _MEDIAN, _HIGH80]].tolist()
        digits = 2 if high - low < _NARROW else 1
        ends = rounding.percent_interval(low, high, digits).removesuffix(" %")
        enters = "" if party in called else f"enters {rounding.probability(chances[k], errors[k])}, "
        held = rounding.interval(seats[k, _LOW80], seats[k, _HIGH80])
        yield f"{shorts[party]} {rounding.percent(middle, digits)} ({ends}), {enters}{held} seats"
