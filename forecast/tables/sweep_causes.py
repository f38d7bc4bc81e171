"""What explains a sweep, as tables: flips along the threshold, shares of the variance, the last seat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables import rounding
from forecast.tables.building import number, showing
from forecast.tables.model import Column, Row, Shown, Table
from forecast.tables.sweep_building import (
    MOST_ROWS_SHOWN,
    as_is,
    base_labels,
    names_of,
    pair_of,
    quantile_at,
    table_of_sweep,
    text_of,
    title_of,
)

if TYPE_CHECKING:
    from forecast.sensitivity.result import Sweep

_MOST_IN_WORDS = 3
"""Parties whose spread is told in words."""


def flips(sweep: Sweep) -> Table:
    """The levels at which a party's chance crosses one half, or a majority is lost or won."""
    data = sweep.dataset
    others = [dim for dim in sweep.dims if dim != "threshold"]
    texts = ("about", "subject", "change")
    numbers = ("level", "low", "high", "gone_from", "gone_to") if sweep.simulated else ("level",)
    names = names_of(sweep)
    values: dict[str, Any] = {name: data[f"flip_{name}"].values.tolist() for name in (*texts, *numbers)}
    values |= {dim: data[f"flip_{dim}"].values.tolist() for dim in others}
    columns = [
        *(Column(dim, "", "text", "label on this axis") for dim in others),
        *(Column(n, "", "text", data[f"flip_{n}"].attrs["long_name"]) for n in texts),
        *(Column(n, "1", "number", data[f"flip_{n}"].attrs["long_name"]) for n in numbers),
    ]
    shown = [
        *(Shown(title_of(sweep, dim), as_is(dim), numeric=False) for dim in others),
        Shown(
            "What",
            lambda row: f"{names.get(str(row['subject']), row['subject'])} {row['about']}",
            numeric=False,
        ),
        Shown("Change", as_is("change"), numeric=False),
        Shown("At a level of", text_of("level", lambda value: rounding.percent(value, 2))),
    ]
    notes: tuple[str, ...] = ("Above its share of the base a party drops out; that is exact.",)
    if sweep.simulated:
        shown += [
            Shown(
                "95 % interval",
                lambda row: rounding.percent_interval(number(row["low"]), number(row["high"]), 3),
            ),
            Shown(
                "In 80 of 100 draws",
                lambda row: rounding.percent_interval(number(row["gone_from"]), number(row["gone_to"])),
            ),
        ]
        notes = (
            "Where a chance crosses one half; the 95 % interval is the Monte Carlo error alone.",
            "Between the levels of the sweep its log odds are taken as straight: small steps find it best.",
            "In 80 of 100 draws: the levels between which the chance falls from 90 to 10 %.",
        )
    table = table_of_sweep(sweep, "flips", "Flip points along the threshold", columns, values, shown, notes)
    base = base_labels(sweep)
    if len(table.rows) <= MOST_ROWS_SHOWN or base is None:
        return table
    here = {dim: str(base[dim]) for dim in others}
    return showing(table, lambda row: all(str(row[dim]) == label for dim, label in here.items()))


def decomposition(sweep: Sweep) -> Table:
    """Shares of the variance of seats and majorities by factor."""
    data = sweep.dataset
    factors = [str(factor) for factor in data["factor"].values] if "factor" in data.dims else []
    rows: dict[str, list[Any]] = {
        name: []
        for name in ("about", "subject", "factor", "first", "first_mc_error", "total", "total_mc_error")
    }
    for about, over in (("seat", "party"), ("majority", "coalition")) if factors else ():
        for k, subject in enumerate(data[over].values):
            if not np.isfinite(data[f"{about}_first_order"].values[k]).all():
                continue
            for f, factor in enumerate([*factors, "interactions"]):
                alone = f == len(factors)
                first = data[f"{about}_interactions" if alone else f"{about}_first_order"].values[k]
                error = data[
                    f"{about}_interactions_mc_error" if alone else f"{about}_first_order_mc_error"
                ].values[k]
                cells = (
                    (first, error, np.nan, np.nan)
                    if alone
                    else (
                        *(first[f], error[f]),
                        *(data[f"{about}_total_order{end}"].values[k][f] for end in ("", "_mc_error")),
                    )
                )
                for name, value in zip(
                    rows,
                    ("seats" if about == "seat" else "majority", str(subject), factor, *cells),
                    strict=True,
                ):
                    rows[name].append(value)
    names = names_of(sweep)
    columns = [
        Column("about", "", "text", "seats of a party, or majority of a coalition"),
        Column("subject", "", "text", "id of the party or coalition"),
        Column(
            "factor",
            "",
            "text",
            "what varies: an axis of the rule, the polls, the undecided, or interactions",
        ),
        Column("first", "1", "number", "share of the variance that would go if the factor were known"),
        Column("first_mc_error", "1", "number", "Monte Carlo standard error of first"),
        Column("total", "1", "number", "share of the variance that would stay if all else were known"),
        Column("total_mc_error", "1", "number", "Monte Carlo standard error of total"),
    ]
    shown = [
        Shown(
            "Spread of",
            lambda row: f"{row['about']}: {names.get(str(row['subject']), row['subject'])}",
            numeric=False,
        ),
        Shown("Comes from", lambda row: _factor(sweep, str(row["factor"])), numeric=False),
        Shown("Alone", pair_of("first", "first_mc_error", _share_of_variance)),
        Shown("With interactions", pair_of("total", "total_mc_error", _share_of_variance)),
    ]
    notes = (
        *decomposition_in_words(sweep),
        "Every value of an axis is taken to be as likely as the next; polls and undecided are drawn.",
    )
    return table_of_sweep(sweep, "decomposition", "Where the spread comes from", columns, rows, shown, notes)


_IN_WORDS = {
    "threshold": "the threshold",
    "method": "the method",
    "base": "the base",
    "house": "the size of the house",
    "scenario": "the scenario",
    "polls": "the polls",
    "undecided": "the undecided",
}


def decomposition_in_words(sweep: Sweep) -> list[str]:
    """What the spread in seats comes from, in words; of the parties with the largest spread."""
    data = sweep.dataset
    if "seat_first_order" not in data:
        return []
    factors, names = [str(factor) for factor in data["factor"].values], names_of(sweep)
    shares: list[list[float]] = data["seat_first_order"].values.tolist()
    together: list[float] = data["seat_interactions"].values.tolist()
    spread = np.sqrt(data["seat_variance"].values)
    known = np.flatnonzero(np.isfinite(together))
    said: list[str] = []
    for k in known[np.argsort(-spread[known], kind="stable")][:_MOST_IN_WORDS].tolist():
        largest, *others = sorted(zip(shares[k], factors, strict=True), reverse=True)
        parts = [f"{_whole_percent(largest[0])} is {_in_words(sweep, largest[1])}"]
        parts += [f"{_whole_percent(share)} {_in_words(sweep, factor)}" for share, factor in others]
        party = names[str(data["party"].values[k])]
        owner = f"{party}'" if party.endswith("s") else f"{party}'s"
        rest = f"{_whole_percent(together[k])} is what they do together"
        said.append(f"Of the spread in {owner} seats (± {spread[k]:.1f}), {', '.join(parts)}; {rest}.")
    return said


def _factor(sweep: Sweep, factor: str) -> str:
    """A factor as people read it: axes of other keys by their key."""
    return factor if factor in _IN_WORDS or factor not in sweep.dims else title_of(sweep, factor)


def _whole_percent(share: float) -> str:
    return "<1 %" if share < 0.005 else rounding.percent(share, 0)


def _in_words(sweep: Sweep, factor: str) -> str:
    if factor in _IN_WORDS:
        return _IN_WORDS[factor]
    return f"the key {title_of(sweep, factor)}"


def last_seat(sweep: Sweep) -> Table:
    """Between whom the last seat stands under the base rule; of a real count, what every list needs."""
    data = sweep.dataset
    ids, names = [str(party) for party in data["party"].values], names_of(sweep)
    who = Shown("Would gain it", lambda row: names[str(row["party"])], numeric=False)
    if not sweep.simulated:
        columns = [
            Column("party", "", "text", "id of the list"),
            Column("votes", "votes", "integer", data["next_seat_votes"].attrs["long_name"]),
            Column("rival", "", "text", data["next_seat_from"].attrs["long_name"]),
        ]
        values: dict[str, Any] = {
            "party": ids,
            "votes": data["next_seat_votes"].values,
            "rival": data["next_seat_from"].values,
        }
        shown = [
            who,
            Shown("With so many votes more", text_of("votes", rounding.whole)),
            Shown("From", _losers(names), numeric=False),
        ]
        table = table_of_sweep(
            sweep, "last-seat", "The next seat of every list under the base rule", columns, values, shown
        )
        return showing(table, lambda row: row["votes"] is not None)
    chances = data["last_seat_probability"].values if "last_seat_probability" in data else np.zeros((0, 0))
    errors = data["last_seat_mc_error"].values if chances.size else chances
    order = [np.unravel_index(i, chances.shape) for i in np.argsort(-chances, axis=None, kind="stable")]
    order = [(int(a), int(b)) for a, b in order if chances[a, b] > 0]
    values = {
        "party": [ids[a] for a, _ in order],
        "rival": [ids[b] for _, b in order],
        "probability": [chances[at] for at in order],
        "mc_error": [errors[at] for at in order],
    }
    columns = [
        Column("party", "", "text", "id of the list that would gain the last seat"),
        Column("rival", "", "text", "id of the list that would lose it"),
        Column("probability", "1", "number", "probability that the last seat stands between these two"),
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"),
    ]
    shown = [
        who,
        Shown("From", lambda row: names[str(row["rival"])], numeric=False),
        Shown("Probability", pair_of("probability", "mc_error", rounding.probability)),
    ]
    table = table_of_sweep(
        sweep,
        "last-seat",
        "Between whom the last seat stands",
        columns,
        values,
        shown,
        _last_seat_notes(sweep),
    )
    return showing(table, lambda row: (number(row["probability"]) or 0.0) >= 0.05)


def last_seat_votes(sweep: Sweep) -> Table:
    """How many votes the last seat hangs on: quantiles over the draws."""
    data = sweep.dataset
    name = "last_seat_share_quantile"
    if name not in data:
        return table_of_sweep(sweep, "last-seat-votes", "What the last seat hangs on", [], {}, [])
    variables = {"share": name}
    if "last_seat_votes_quantile" in data:
        variables["votes"] = "last_seat_votes_quantile"
    values: dict[str, Any] = {"quantile": data["quantile"].values.tolist()}
    values |= {column: data[variable].values.tolist() for column, variable in variables.items()}
    columns = [
        Column("quantile", "1", "number", "share of the draws in which it hangs on fewer votes, or as many"),
        *(
            Column(column, data[variable].attrs["units"], "number", data[variable].attrs["long_name"])
            for column, variable in variables.items()
        ),
    ]
    shown = [
        Shown("In so many draws", text_of("quantile", rounding.percent)),
        Shown("Share of valid votes", text_of("share", lambda value: rounding.percent(value, 2))),
        *([Shown("Votes", text_of("votes", rounding.whole))] if "votes" in values else []),
    ]
    return table_of_sweep(sweep, "last-seat-votes", "What the last seat hangs on", columns, values, shown)


def _last_seat_notes(sweep: Sweep) -> tuple[str, ...]:
    data = sweep.dataset
    if "last_seat_share_quantile" not in data:
        return ()
    at = {name: quantile_at(sweep, q) for name, q in (("low", 0.1), ("median", 0.5), ("high", 0.9))}
    shares = data["last_seat_share_quantile"]
    parts = [
        f"It hangs on {rounding.percent(float(shares[at['median']]), 2)} of the valid votes in the median"
    ]
    between = rounding.percent_interval(float(shares[at["low"]]), float(shares[at["high"]]), 2)
    parts.append(f"({between} in 80 of 100 draws)")
    if "last_seat_votes_quantile" in data:
        votes = data["last_seat_votes_quantile"]
        parts.append(f"= {rounding.whole(float(votes[at['median']]))} votes")
        low, high = (rounding.whole(float(votes[at[end]])) for end in ("low", "high"))
        parts.append(f"({low}–{high})")
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
