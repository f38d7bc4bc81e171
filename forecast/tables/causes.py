"""What explains a forecast, as tables: the last seat; of a sweep flips along the threshold, and shares of the
variance.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables.definitions import (
    Column,
    Row,
    Shown,
    Table,
    as_is,
    by_column,
    chance_shown,
    columns_of,
    label_columns,
    label_shown,
    names_of,
    number,
    pair_of,
    table,
    text_of,
    title_of,
)
from forecast.tables.parties_and_polls import everywhere
from forecast.variables import QUANTILES, VARIABLES, error_of
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast

MOST_ROWS_SHOWN = 40
"""Places that people are shown one by one; of more they are shown flips and shares of the variance."""
_MOST_IN_WORDS = 3
"""Parties whose spread is told in words."""


def flips(forecast: Forecast) -> Table:
    """The levels at which a party's chance crosses one half, or a majority is lost or won."""
    others = [dim for dim in forecast.leading if dim != "threshold"]
    elsewhere = [json.loads(text) for text in forecast.names("flips/elsewhere")]
    drawn = forecast.draws > 0
    paths = [
        "about",
        "subject",
        "change",
        "level",
        *(["low", "high", "gone_from", "gone_to"] if drawn else []),
    ]
    columns: dict[Column, Any] = {
        Column(dim, "", "text", "label on this axis"): [str(where[dim]) for where in elsewhere]
        for dim in others
    }
    for name in paths:
        variable = VARIABLES[f"flips/{name}"]
        type_ = "text" if variable.kind == "text" else "number"
        columns[Column(name, variable.unit, type_, variable.meaning)] = forecast.array(variable.path)
    names = names_of(forecast)
    shown = [
        *(Shown(title_of(forecast, dim), as_is(dim), numeric=False) for dim in others),
        Shown(
            "What",
            lambda row: f"{names.get(str(row['subject']), row['subject'])} {row['about']}",
            numeric=False,
        ),
        Shown("Change", as_is("change"), numeric=False),
        Shown("At a level of", text_of("level", lambda value: rounding.percent(value, 2))),
    ]
    notes: tuple[str, ...] = ("Above its share of the base a party drops out; that is exact.",)
    if drawn:
        low_high = pair_of("low", "high", lambda low, high: rounding.percent_interval(low, high, 3))
        shown += [
            Shown("95 % interval", low_high),
            Shown("In 80 of 100 draws", pair_of("gone_from", "gone_to", rounding.percent_interval)),
        ]
        notes = (
            "Where a chance crosses one half; the 95 % interval is the Monte Carlo error alone.",
            "Between the levels of the sweep its log odds are taken as straight: small steps find it best.",
            "In 80 of 100 draws: the levels between which the chance falls from 90 to 10 %.",
        )
    found = np.argwhere(forecast.array("rules/is_base_rule"))
    here = (
        {dim: str(label) for dim, label in forecast.labels(found[0].tolist()).items()} if len(found) else {}
    )
    many = len(elsewhere) > MOST_ROWS_SHOWN and len(found) > 0

    def at_the_base(row: Row) -> bool:
        return not many or all(str(row[dim]) == here[dim] for dim in others)

    return table(forecast, "flips", "Flip points along the threshold", columns, shown, notes, at_the_base)


def decomposition(forecast: Forecast) -> Table:
    """Shares of the variance of seats and majorities by factor."""
    rows = list(_shares(forecast))
    names = names_of(forecast)
    first, total = (VARIABLES[f"decomposition/seat_{order}_order"].meaning for order in ("first", "total"))
    columns = (
        Column("about", "", "text", "seats of a party, or majority of a coalition"),
        Column("subject", "", "text", "id of the party or coalition"),
        Column(
            "factor",
            "",
            "text",
            "what varies: an axis of the rule, the polls, the undecided, or interactions",
        ),
        Column("first", "1", "number", first),
        Column("first_mc_error", "1", "number", "Monte Carlo standard error of first"),
        Column("total", "1", "number", total),
        Column("total_mc_error", "1", "number", "Monte Carlo standard error of total"),
    )
    values = by_column(columns, rows)
    shown = [
        Shown("Spread of", lambda row: f"{row['about']}: {names[str(row['subject'])]}", numeric=False),
        Shown("Comes from", lambda row: _factor(forecast, str(row["factor"])), numeric=False),
        Shown("Alone", pair_of("first", "first_mc_error", _share_of_variance)),
        Shown("With interactions", pair_of("total", "total_mc_error", _share_of_variance)),
    ]
    notes = (
        *decomposition_in_words(forecast),
        "Every value of an axis is taken to be as likely as the next; polls and undecided are drawn.",
    )
    return table(forecast, "decomposition", "Where the spread comes from", values, shown, notes)


def _shares(forecast: Forecast) -> list[tuple[Any, ...]]:
    """What it is about, of whom, the factor; its share alone and in all, with errors. NaN where nothing
    varies.
    """
    rows: list[tuple[Any, ...]] = []
    if "decomposition/factor" not in forecast:
        return rows
    factors = forecast.names("decomposition/factor")
    for about, over in (("seat", "party"), ("majority", "coalition")):
        alone, whole, together = (
            f"decomposition/{about}_{name}" for name in ("first_order", "total_order", "interactions")
        )
        first, first_error, total, total_error, rest, rest_error = (
            forecast.array(one) for path in (alone, whole, together) for one in (path, error_of(path))
        )
        for k, subject in enumerate(forecast.names(over)):
            if np.isfinite(first[k]).all():
                said = ("seats" if about == "seat" else "majority", subject)
                cells = zip(first[k], first_error[k], total[k], total_error[k], strict=True)
                rows += [(*said, factor, *four) for factor, four in zip(factors, cells, strict=True)]
                rows.append((*said, "interactions", rest[k], rest_error[k], np.nan, np.nan))
    return rows


_IN_WORDS = {
    "threshold": "the threshold",
    "method": "the method",
    "base": "the base",
    "house_size": "the size of the house",
    "scenario": "the scenario",
    "polls": "the polls",
    "undecided": "the undecided",
}


def decomposition_in_words(forecast: Forecast) -> list[str]:
    """What the spread in seats comes from, in words; of the parties with the largest spread."""
    if "decomposition/seat_first_order" not in forecast:
        return []
    factors, names = forecast.names("decomposition/factor"), names_of(forecast)
    shares = forecast.array("decomposition/seat_first_order").tolist()
    together = forecast.array("decomposition/seat_interactions").tolist()
    spread = np.sqrt(forecast.array("decomposition/seat_variance"))
    known = np.flatnonzero(np.isfinite(together))
    said: list[str] = []
    for k in known[np.argsort(-spread[known], kind="stable")][:_MOST_IN_WORDS].tolist():
        largest, *others = sorted(zip(shares[k], factors, strict=True), reverse=True)
        parts = [f"{_whole_percent(largest[0])} is {_in_words(forecast, largest[1])}"]
        parts += [f"{_whole_percent(share)} {_in_words(forecast, factor)}" for share, factor in others]
        party = names[forecast.parties[k]]
        owner = f"{party}'" if party.endswith("s") else f"{party}'s"
        rest = f"{_whole_percent(together[k])} is what they do together"
        said.append(f"Of the spread in {owner} seats (± {spread[k]:.1f}), {', '.join(parts)}; {rest}.")
    return said


def _factor(forecast: Forecast, factor: str) -> str:
    """A factor as people read it: axes of other keys by their key."""
    return factor if factor in _IN_WORDS or factor not in forecast.leading else title_of(forecast, factor)


def _whole_percent(share: float) -> str:
    return "<1 %" if share < 0.005 else rounding.percent(share, 0)


def _in_words(forecast: Forecast, factor: str) -> str:
    return _IN_WORDS.get(factor) or f"the key {title_of(forecast, factor)}"


def last_seat(forecast: Forecast) -> Table:
    """How likely every party is to hold the last seat, and to be next; no rows where there is none. Of rules
    side by side it is that of the base rule.
    """
    columns, shown = _along(forecast, _HOLDS, len(forecast.parties))
    of = {"party": "id of the party", "party_name": "its name"}
    rows = forecast.array(_HOLDS).size if _HOLDS in forecast else 0
    columns |= {
        Column(name, "", "text", said): np.resize(forecast.array(name), rows) for name, said in of.items()
    }
    for path in (_HOLDS, _IS_NEXT):
        values, error = (
            forecast.array(one).ravel() if rows else np.zeros(0) for one in (path, error_of(path))
        )
        columns |= columns_of(VARIABLES[path], values, error)
    shown += [
        Shown("Party", as_is("party_name"), numeric=False),
        *chance_shown("Holds the last seat", "holder_probability"),
        *chance_shown("Is next", "next_probability"),
    ]
    title = f"Who holds the last seat, and who is next{_where(forecast)}"
    notes = () if _is_along(forecast, _HOLDS) else last_seat_said(forecast)
    return table(forecast, "last-seat", title, columns, shown, notes, _close_to_it)


def _is_along(forecast: Forecast, path: str) -> bool:
    """Whether a variable lies along the leading dimensions, and is not of the base rule alone."""
    return path in forecast and forecast[path].ndim > len(VARIABLES[path].dims)


def _along(forecast: Forecast, path: str, each: int) -> tuple[dict[Column, Any], list[Shown]]:
    """Columns for the places of a variable along the leading dimensions, ``each`` rows a place, and what
    people are shown of these; none where it does not lie along them.
    """
    if not _is_along(forecast, path):
        return {}, []
    return label_columns(forecast, np.repeat(np.arange(prod(forecast.shape)), each)), label_shown(forecast)


def _where(forecast: Forecast) -> str:
    """What a title adds where there are several forecasts."""
    return ", under the base rule" if "rules/keys" in forecast else everywhere(forecast)


_HOLDS, _IS_NEXT, _ENTERS = (f"last_seat/{name}_probability" for name in ("holder", "next", "entry"))


_SMALL_SHARE = 0.0005
"""Of the votes; a smaller one has three decimals in percent."""


def _close_to_it(row: Row) -> bool:
    """Whether a party is near the last seat in more than a few draws of a thousand."""
    return max(number(row[f"{name}_probability"]) or 0.0 for name in ("holder", "next")) >= 0.005


def last_seat_said(forecast: Forecast) -> tuple[str, ...]:
    """Who most likely holds the last seat and who is next, how many votes lie between them, and what these
    are; or why there is no last seat.
    """
    if _HOLDS not in forecast:
        reason = str(forecast.attrs.get("last_seat", ""))
        return (f"No seat of the country is the last: {reason}.",) if reason else ()
    holds, next_ = forecast.array(_HOLDS), forecast.array(_IS_NEXT)
    if not holds.any():
        return ("In no draw would more votes for one list move a seat.",)
    first = int(np.argmax(holds))
    others = np.where(np.arange(len(next_)) == first, -1.0, next_)
    second = int(np.argmax(others))
    told = [
        rounding.probability(chances[k], forecast.array(error_of(path))[k])
        for path, chances, k in ((_HOLDS, holds, first), (_IS_NEXT, next_, second))
    ]
    holder, rival = (forecast.names("party_name")[k] for k in (first, second))
    entry = rounding.probability(float(forecast.array(_ENTERS)), float(forecast.array(error_of(_ENTERS))))
    draws = rounding.whole(int(forecast[_HOLDS].attrs["draws"]))
    most = max(float(forecast.array(error_of(path)).max()) for path in (_HOLDS, _IS_NEXT, _ENTERS))
    error = f"chances: ± {rounding.points(most)} points at most (Monte Carlo standard error)"
    of = "list seats" if forecast.has_tiers else "seats"
    who = f"Most likely to hold the last of the {forecast.house} {of}: {holder} ({told[0]})"
    fewest = "the fewest more for one list that move a seat under the law as it is"
    return (
        f"{who}; most likely to be next: {rival} ({told[1]}).",
        _votes_between(forecast),
        f"In {entry} of the draws the next has no seat yet, and would enter.",
        f"Votes: {fewest}, the others' unchanged, in {draws} draws; {error}.",
    )


def _votes_between(forecast: Forecast) -> str:
    """The votes between the holder of the last seat and the next, in the middle and in 80 of 100 draws."""
    at = [QUANTILES.index(quantile) for quantile in (0.1, 0.5, 0.9)]
    low, middle, high = forecast.array("last_seat/share_quantile")[at].tolist()
    decimals = 2 if middle >= _SMALL_SHARE else 3
    share, between = rounding.percent(middle, decimals), rounding.percent_interval(low, high, decimals)
    often = "in 80 of 100 draws"
    if "last_seat/votes_quantile" not in forecast:
        return f"Between the holder and the next lies {share} of the votes in the median, {between} {often}."
    low, middle, high = map(rounding.whole, forecast.array("last_seat/votes_quantile")[at].tolist())
    median = f"Between the holder and the next lie {middle} votes ({share} of all) in the median"
    return f"{median}, {low}–{high} votes ({between}) {often}."


def last_seat_pairs(forecast: Forecast) -> Table:
    """Between whom the last seat stands: a row for each pair of lists between which some draw has it, the
    likeliest first.
    """
    path, size = "last_seat/probability", len(forecast.parties)
    chances, errors = (
        forecast.array(one).reshape(-1, size, size) if one in forecast else np.zeros((0, size, size))
        for one in (path, error_of(path))
    )
    at = np.nonzero(np.nan_to_num(chances) > 0)
    at = tuple(one[np.lexsort((-chances[at], at[0]))] for one in at)
    names, ids = names_of(forecast), forecast.array("party")
    along = _is_along(forecast, path)
    columns: dict[Column, Any] = label_columns(forecast, at[0]) if along else {}
    columns |= {
        Column("party", "", "text", "id of the list that would gain the last seat"): ids[at[1]],
        Column("rival", "", "text", "id of the list that would lose it"): ids[at[2]],
    }
    columns |= columns_of(VARIABLES[path], chances[at], errors[at])
    shown = [
        *(label_shown(forecast) if along else []),
        Shown("Would gain it", lambda row: names[str(row["party"])], numeric=False),
        Shown("From", lambda row: names[str(row["rival"])], numeric=False),
        *chance_shown("Probability", "probability"),
    ]
    title = f"Between whom the last seat stands{_where(forecast)}"
    notes = ("Pairs under 5 % are left out here.",)
    return table(
        forecast,
        "last-seat-pairs",
        title,
        columns,
        shown,
        notes,
        lambda row: (number(row["probability"]) or 0.0) >= 0.05,
    )


def next_seats(forecast: Forecast) -> Table:
    """Of a real count the votes that win every list its next seat under the base rule, and from whom."""
    names = names_of(forecast)
    paths = {"votes": "last_seat/next_votes", "rival": "last_seat/next_from"}
    columns: dict[Column, Any] = {Column("party", "", "text", "id of the list"): forecast.names("party")}
    for name, path in paths.items():
        variable = VARIABLES[path]
        column = Column(name, variable.unit if name == "votes" else "", variable.kind, variable.meaning)  # pyrefly: ignore[bad-argument-type]
        columns[column] = forecast.array(path)
    shown = [
        Shown("Would gain it", lambda row: names[str(row["party"])], numeric=False),
        Shown("With so many votes more", text_of("votes", rounding.whole)),
        Shown("From", _losers(names), numeric=False),
    ]
    title = "The next seat of every list under the base rule"
    return table(forecast, "next-seats", title, columns, shown, (), lambda row: row["votes"] is not None)


def last_seat_votes(forecast: Forecast) -> Table:
    """How many votes the last seat hangs on: quantiles over the draws; no rows where there is none."""
    paths = {"share": "last_seat/share_quantile", "votes": "last_seat/votes_quantile"}
    some = paths["share"] in forecast
    rows = forecast.array(paths["share"]).size if some else 0
    columns, shown = _along(forecast, paths["share"], len(QUANTILES))
    said = "share of the draws in which it hangs on fewer votes, or as many"
    levels = np.resize(forecast.array("quantile_level"), rows)
    columns[Column("quantile", "1", "number", said)] = levels
    for column, path in paths.items():
        if path in forecast or not some:
            variable = VARIABLES[path]
            values = forecast.array(path).ravel() if some else []
            columns[Column(column, variable.unit, "number", variable.meaning)] = values
    shown += [
        Shown("In so many draws", text_of("quantile", rounding.percent)),
        Shown("Share of valid votes", text_of("share", lambda value: rounding.percent(value, 2))),
        *([Shown("Votes", text_of("votes", rounding.whole))] if paths["votes"] in forecast else []),
    ]
    title = f"What the last seat hangs on{_where(forecast)}"
    return table(forecast, "last-seat-votes", title, columns, shown)


def _share_of_variance(value: float | None, error: float | None) -> str:
    """A share of the variance; what its error alone puts outside 0 and 1 is set to them."""
    if value is None or error is None:
        return rounding.BLANK
    inside = min(max(value, 0.0), 1.0)
    shown = inside if abs(value - inside) < 3.0 * error else value
    return rounding.percent(shown, rounding.percent_decimals(error))


def _losers(names: dict[str, str]) -> Callable[[Row], str]:
    return lambda row: ", ".join(names.get(party, party) for party in str(row["rival"]).split("+"))
