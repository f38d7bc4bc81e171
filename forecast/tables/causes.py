"""What explains a forecast, as tables: the last seat; of a sweep flips along the threshold, and shares of the
variance.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables.definitions import (
    Column,
    Row,
    Shown,
    Table,
    as_is,
    by_column,
    columns_of,
    names_of,
    number,
    pair_of,
    table,
    text_of,
    title_of,
)
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


def last_seat_of_the_country(forecast: Forecast) -> Table:
    """How likely every party is to hold the last seat, and to be next; no rows where there is none."""
    notes = last_seat_said(forecast, names_of(forecast))
    title = "Who holds the last seat, and who is next"
    there = _HOLDS in forecast
    columns: dict[Column, Any] = {
        Column("party", "", "text", "id of the party"): forecast.names("party") if there else [],
        Column("party_name", "", "text", "its name"): forecast.names("party_name") if there else [],
    }
    for path in (_HOLDS, _IS_NEXT):
        values, error = (forecast.array(one) if there else np.zeros(0) for one in (path, error_of(path)))
        columns |= columns_of(VARIABLES[path], values, error)
    shown = [
        Shown("Party", as_is("party_name"), numeric=False),
        Shown("Holds the last seat", pair_of("holder_probability", "holder_mc_error", rounding.probability)),
        Shown("Is next", pair_of("next_probability", "next_mc_error", rounding.probability)),
    ]
    return table(forecast, "last-seat", title, columns, shown, notes, _close_to_it)


_HOLDS, _IS_NEXT, _ENTERS = (f"last_seat/{name}_probability" for name in ("holder", "next", "entry"))


_SMALL_SHARE = 0.0005
"""Of the votes; a smaller one has three decimals in percent."""


def _close_to_it(row: Row) -> bool:
    """Whether a party is near the last seat in more than a few draws of a thousand."""
    return max(number(row[f"{name}_probability"]) or 0.0 for name in ("holder", "next")) >= 0.005


def last_seat_said(forecast: Forecast, names: Mapping[str, str]) -> tuple[str, ...]:
    """Who most likely holds the last seat and who is next, how many votes lie between them, and what these
    are; or why there is no last seat. ``names`` are those of parties.
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
    holder, rival = (names[forecast.parties[k]] for k in (first, second))
    entry = rounding.probability(*(float(forecast.array(path)) for path in (_ENTERS, error_of(_ENTERS))))
    draws = rounding.whole(int(forecast[_HOLDS].attrs["draws"]))
    of = "list seats" if forecast.has_tiers else "seats"
    who = f"Most likely to hold the last of the {forecast.house} {of}: {holder} ({told[0]})"
    fewest = "the fewest more for one list that move a seat under the law as it is"
    return (
        f"{who}; most likely to be next: {rival} ({told[1]}).",
        _votes_between(forecast),
        f"In {entry} of the draws the next has no seat yet, and would enter.",
        f"Votes: {fewest}, the others' unchanged, in {draws} draws.",
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


def last_seat(forecast: Forecast) -> Table:
    """Between whom the last seat stands under the base rule; of a real count, what every list needs."""
    names = names_of(forecast)
    ids = list(forecast.parties)
    who = Shown("Would gain it", lambda row: names[str(row["party"])], numeric=False)
    if not forecast.draws:
        columns: dict[Column, Any] = {
            Column("party", "", "text", "id of the list"): ids,
            Column("votes", "votes", "integer", VARIABLES["last_seat/next_votes"].meaning): forecast.array(
                "last_seat/next_votes"
            ),
            Column("rival", "", "text", VARIABLES["last_seat/next_from"].meaning): forecast.names(
                "last_seat/next_from"
            ),
        }
        shown = [
            who,
            Shown("With so many votes more", text_of("votes", rounding.whole)),
            Shown("From", _losers(names), numeric=False),
        ]
        title = "The next seat of every list under the base rule"
        return table(forecast, "last-seat", title, columns, shown, (), lambda row: row["votes"] is not None)
    known = "last_seat/probability" in forecast
    chances = forecast.array("last_seat/probability") if known else np.zeros((0, 0))
    errors = forecast.array("last_seat/mc_error") if known else chances
    gains, loses = np.unravel_index(np.argsort(-chances, axis=None, kind="stable"), chances.shape)
    some = chances[gains, loses] > 0
    gains, loses = gains[some], loses[some]
    columns = {
        Column("party", "", "text", "id of the list that would gain the last seat"): [ids[k] for k in gains],
        Column("rival", "", "text", "id of the list that would lose it"): [ids[k] for k in loses],
        Column(
            "probability", "1", "number", "probability that the last seat stands between these two"
        ): chances[gains, loses],
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"): errors[gains, loses],
    }
    shown = [
        who,
        Shown("From", lambda row: names[str(row["rival"])], numeric=False),
        Shown("Probability", pair_of("probability", "mc_error", rounding.probability)),
    ]
    title, notes = "Between whom the last seat stands", _last_seat_notes(forecast)
    return table(
        forecast,
        "last-seat",
        title,
        columns,
        shown,
        notes,
        lambda row: (number(row["probability"]) or 0.0) >= 0.05,
    )


def last_seat_votes(forecast: Forecast) -> Table:
    """How many votes the last seat hangs on: quantiles over the draws; no rows where there is none."""
    paths = {"share": "last_seat/share_quantile", "votes": "last_seat/votes_quantile"}
    some = paths["share"] in forecast
    said = "share of the draws in which it hangs on fewer votes, or as many"
    levels = forecast.array("quantile_level") if some else []
    columns: dict[Column, Any] = {Column("quantile", "1", "number", said): levels}
    for column, path in paths.items():
        if path in forecast or not some:
            variable = VARIABLES[path]
            values = forecast.array(path) if some else []
            columns[Column(column, variable.unit, "number", variable.meaning)] = values
    shown = [
        Shown("In so many draws", text_of("quantile", rounding.percent)),
        Shown("Share of valid votes", text_of("share", lambda value: rounding.percent(value, 2))),
        *([Shown("Votes", text_of("votes", rounding.whole))] if paths["votes"] in forecast else []),
    ]
    return table(forecast, "last-seat-votes", "What the last seat hangs on", columns, shown)


def _last_seat_notes(forecast: Forecast) -> tuple[str, ...]:
    if "last_seat/share_quantile" not in forecast:
        return ()
    at = [QUANTILES.index(quantile) for quantile in (0.1, 0.5, 0.9)]
    low, middle, high = forecast.array("last_seat/share_quantile")[at].tolist()
    between = rounding.percent_interval(low, high, 2)
    parts = [
        f"It hangs on {rounding.percent(middle, 2)} of the valid votes in the median",
        f"({between} in 80 of 100 draws)",
    ]
    if "last_seat/votes_quantile" in forecast:
        low, middle, high = map(rounding.whole, forecast.array("last_seat/votes_quantile")[at].tolist())
        parts += [f"= {middle} votes", f"({low}–{high})"]
    return (" ".join(parts) + ".", "Pairs under 5 % are left out here.")


def _share_of_variance(value: float | None, error: float | None) -> str:
    """A share of the variance; what its error alone puts outside 0 and 1 is set to them."""
    if value is None or error is None:
        return rounding.BLANK
    inside = min(max(value, 0.0), 1.0)
    shown = inside if abs(value - inside) < 3.0 * error else value
    return rounding.percent(shown, rounding.percent_decimals(error))


def _losers(names: dict[str, str]) -> Callable[[Row], str]:
    return lambda row: ", ".join(names.get(party, party) for party in str(row["rival"]).split("+"))
