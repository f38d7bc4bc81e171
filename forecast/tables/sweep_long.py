"""Tables of a sweep with a row for every variant and party, coalition, number of seats or tie."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables import rounding
from forecast.tables.building import SEATLESS_KINDS, WIDE_ENDS, number, showing, wholes
from forecast.tables.model import Column, Row, Shown, Table
from forecast.tables.sweep_building import (
    as_is,
    axis_columns,
    axis_titles,
    names_of,
    pair_of,
    quantile_at,
    table_of_sweep,
    text_of,
)

if TYPE_CHECKING:
    from forecast.sensitivity.result import Sweep

MOST_DISTRIBUTIONS = 200
"""Variants whose distributions of seats stand among the tables without being asked for."""

_OF_PARTIES = (
    "pass_probability",
    "pass_mc_error",
    "pass_difference",
    "pass_difference_mc_error",
    "seat_mean",
    "seat_mean_mc_error",
    "seat_mean_difference",
    "seat_mean_difference_mc_error",
    "seats_per_vote",
    "seats_per_vote_mc_error",
    "changed_share_mean",
    "changed_share_mean_mc_error",
)
_OF_COALITIONS = (
    "majority_probability",
    "majority_mc_error",
    "majority_difference",
    "majority_difference_mc_error",
    "coalition_seat_mean",
    "coalition_seat_mean_mc_error",
    "coalition_seat_mean_difference",
    "coalition_seat_mean_difference_mc_error",
)
_OF_REAL_VOTES = ("votes", "share", "admitted", "seats_won", "seats_difference", "seats_per_vote")

_DIFFERENCE = pair_of("seat_mean_difference", "seat_mean_difference_mc_error", rounding.signed_by_error)
_SEATS = (
    Shown("Mean seats", pair_of("seat_mean", "seat_mean_mc_error", rounding.mean_seats)),
    Shown("80 %", lambda row: wholes(row, "seat"), rank=1),
    Shown("Difference", _DIFFERENCE),
)
_PASSES = Shown("Passes", pair_of("pass_probability", "pass_mc_error", rounding.probability))
_MAJORITY = Shown("Majority", pair_of("majority_probability", "majority_mc_error", rounding.probability))


def parties(sweep: Sweep) -> Table:
    """Every party under every variant, with what differs from the base rule."""
    title = "Parties under every variant"
    if not sweep.simulated:
        shown = [
            Shown("Votes", text_of("votes", rounding.whole)),
            Shown("Share", text_of("share", lambda value: rounding.percent(value, 2))),
            Shown("Seats", text_of("seats_won", rounding.whole)),
            Shown("Difference", text_of("seats_difference", rounding.signed)),
            Shown("Seats per vote", text_of("seats_per_vote", ratio)),
        ]
        return _long(sweep, "parties", title, "party", _OF_REAL_VOTES, shown)
    per_vote = Shown("Seats per vote", text_of("seats_per_vote", ratio))
    return _long(sweep, "parties", title, "party", _OF_PARTIES, [_PASSES, *_SEATS, per_vote], "seat_quantile")


def coalitions(sweep: Sweep) -> Table:
    """Every coalition under every variant, with what differs from the base rule."""
    title, shown = "Coalitions under every variant", [_MAJORITY, *_SEATS]
    quantiles = "coalition_seat_quantile"
    return _long(sweep, "coalitions", title, "coalition", _OF_COALITIONS, shown, quantiles)


def seat_distribution(sweep: Sweep) -> Table:
    """The probability of every number of seats that some draw has, by variant and party."""
    data = sweep.dataset
    kept = np.flatnonzero(~np.isin(data["party_kind"].values, list(SEATLESS_KINDS)))
    chances, errors = (
        data[name].values.reshape(-1, *data[name].shape[-2:])[:, kept]
        for name in ("seat_probability", "seat_mc_error")
    )
    v, k, seats = np.nonzero(np.nan_to_num(chances))
    ids = data["party"].values[kept]
    columns = [
        Column("party", "", "text", "id of the party"),
        Column("seats", "seats", "integer", "number of seats"),
        Column("probability", "1", "number", "probability of exactly so many seats; none is left out"),
        Column("mc_error", "1", "number", "Monte Carlo standard error of probability"),
    ]
    values = {
        "party": ids[k].tolist(),
        "seats": seats.tolist(),
        "probability": chances[v, k, seats].tolist(),
        "mc_error": errors[v, k, seats].tolist(),
    }
    names = names_of(sweep)
    shown = [
        Shown("Party", lambda row: names[str(row["party"])], numeric=False),
        Shown("Seats", text_of("seats", rounding.whole)),
        Shown("Probability", pair_of("probability", "mc_error", rounding.probability)),
    ]
    title, notes = "Seats by variant", ("Numbers of seats with a probability under 0.1 % are left out here.",)
    table = _by_variant(sweep, "seat-distribution", title, v.tolist(), columns, values, shown, notes)
    return showing(table, lambda row: (number(row["probability"]) or 0.0) >= 0.001)


def ties(sweep: Sweep) -> Table:
    """Ties of an exact count, by variant: between whom, for how many seats, who won them and by what."""
    every = [json.loads(text) for text in sweep.dataset["tied_claims"].values.ravel().tolist()]
    rows = [(v, tie) for v, found in enumerate(every) for tie in found]
    columns = [
        Column("lists", "", "text", "ids of the lists with the same claim, joined by +"),
        Column("seats", "seats", "integer", "seats at stake"),
        Column("won", "", "text", "ids of the lists that got them, joined by +"),
        Column("claim", "", "text", "what is equal"),
        Column("place", "", "text", "district or alliance; empty: the national division"),
        Column("decided_by", "", "text", "votes, registration (the order of [[parties]]) or lot"),
    ]
    several = ("lists", "won")
    values = {
        column.name: [
            "+".join(tie[column.name]) if column.name in several else tie[column.name] for _, tie in rows
        ]
        for column in columns
    }
    names = names_of(sweep)

    def named(row: Row, column: str) -> str:
        return ", ".join(names.get(party, party) for party in str(row[column]).split("+"))

    shown = [
        Shown("Equal", lambda row: named(row, "lists"), numeric=False),
        Shown("In", as_is("claim"), numeric=False),
        Shown("Seats", text_of("seats", rounding.whole)),
        Shown("Won by", lambda row: named(row, "won"), numeric=False),
        Shown("Decided by", as_is("decided_by"), numeric=False),
    ]
    drawn = any(tie["decided_by"] == "lot" for _, tie in rows)
    said = "By lot: the lot is not ours to draw, and the seats stand in the order of registration until then."
    title = "Ties"
    return _by_variant(
        sweep, "ties", title, [v for v, _ in rows], columns, values, shown, (said,) if drawn else ()
    )


def ratio(value: float | None) -> str:
    """Seats per vote, with two decimals."""
    return rounding.BLANK if value is None else f"{value:.2f}"


def _long(
    sweep: Sweep,
    name: str,
    title: str,
    over: str,
    variables: Sequence[str],
    shown: Sequence[Shown],
    quantiles: str = "",
) -> Table:
    """A row a variant and party (or coalition); columns are the variables, without ``coalition_``."""
    data = sweep.dataset
    subjects = [str(subject) for subject in data[over].values]
    number_of_variants = len(list(sweep.places()))
    values: dict[str, Any] = {over: subjects * number_of_variants}
    columns = [Column(over, "", "text", f"id of the {over}")]
    for variable in variables:
        column, attrs = variable.removeprefix("coalition_"), data[variable].attrs
        shape = (*sweep.shape, len(subjects))
        values[column] = np.broadcast_to(data[variable].values, shape).ravel()
        whole = data[variable].dtype.kind in "iu"
        columns.append(Column(column, attrs["units"], "integer" if whole else "number", attrs["long_name"]))
    if quantiles:
        by_quantile = data[quantiles].values.reshape(number_of_variants * len(subjects), -1)
        for end, q in WIDE_ENDS:
            values[f"seat_{end}"] = by_quantile[:, quantile_at(sweep, q)]
            columns.append(Column(f"seat_{end}", "seats", "integer", f"{q:g} quantile of seats"))
    names = names_of(sweep)
    who = Shown(over.capitalize(), lambda row: names[str(row[over])], numeric=False)
    v = [v for v in range(number_of_variants) for _ in subjects]
    return _by_variant(sweep, name, title, v, columns, values, [who, *shown])


def _by_variant(
    sweep: Sweep,
    name: str,
    title: str,
    v: Sequence[int],
    columns: Sequence[Column],
    values: dict[str, Any],
    shown: Sequence[Shown],
    notes: tuple[str, ...] = (),
) -> Table:
    """A table whose rows belong to variants number ``v``, their labels first."""
    labels, own = axis_columns(sweep, v)
    every = [*axis_titles(sweep), *shown]
    return table_of_sweep(sweep, name, title, [*own, *columns], labels | values, every, notes)
