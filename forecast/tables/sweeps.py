"""The tables of a sweep, each defined once: what every variant makes of draws or of real votes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from forecast.tables import rounding
from forecast.tables.building import WIDE_ENDS, chosen_names
from forecast.tables.model import Column, Shown, Table, Type
from forecast.tables.sweep_building import (
    MOST_ROWS_SHOWN,
    as_is,
    flat,
    of_variants,
    pair_of,
    quantile_at,
    table_of_sweep,
    text_of,
    type_of,
)
from forecast.tables.sweep_causes import decomposition, flips, last_seat

if TYPE_CHECKING:
    from forecast.sensitivity.result import Sweep

_ALWAYS_SHOWN = 3
"""Parties and coalitions that stay where a terminal is too narrow for all; the last go first."""


def passes(sweep: Sweep) -> Table:
    """The chance of every party to pass, a row a variant."""
    return _by_party(
        sweep,
        "passes",
        "Chance to cross the threshold",
        "pass_probability",
        "pass_mc_error",
        rounding.probability,
    )


def seats(sweep: Sweep) -> Table:
    """Median seats of every party, a row a variant; of a real count the seats."""
    if not sweep.simulated:
        return _by_party(
            sweep, "seats", "Seats", "seats_won", None, lambda value, _: rounding.whole(value), "integer"
        )
    at = quantile_at(sweep, 0.5)
    return _by_party(
        sweep,
        "seats",
        "Median seats",
        "seat_quantile",
        None,
        lambda value, _: rounding.whole(value),
        "integer",
        at=at,
    )


def differences(sweep: Sweep) -> Table:
    """Mean seats of every party less those under the base rule, with paired errors; a row a variant."""
    name, title = "differences", "Mean seats less those under the base rule"
    if not sweep.simulated:
        title = "Seats less those under the base rule"
        return _by_party(
            sweep, name, title, "seats_difference", None, lambda value, _: rounding.signed(value), "integer"
        )
    table = _by_party(
        sweep, name, title, "seat_mean_difference", "seat_mean_difference_mc_error", rounding.signed_by_error
    )
    said = "Differences on the same draws, to the first digit of their Monte Carlo error."
    return replace(table, notes=(*table.notes, said))


def majorities(sweep: Sweep) -> Table:
    """The chance of every coalition to hold a majority, a row a variant."""
    data = sweep.dataset
    ids = [f"majority_{coalition}" for coalition in data["coalition"].values]
    names = [str(name) for name in data["coalition_name"].values]
    if not sweep.simulated:
        values = {name: flat(sweep, "majority", k).astype(int).tolist() for k, name in enumerate(ids)}
        columns = [
            Column(name, "1", "integer", "1 if it holds more than half of the seats, else 0") for name in ids
        ]
        shown = [Shown(title, text_of(name, _yes_or_no)) for name, title in zip(ids, names, strict=True)]
        return of_variants(sweep, "majorities", "Majorities", columns, values, shown)
    values, columns, shown = {}, [], []
    for k, (name, title) in enumerate(zip(ids, names, strict=True)):
        values |= {
            name: flat(sweep, "majority_probability", k),
            f"{name}_mc_error": flat(sweep, "majority_mc_error", k),
        }
        columns += [
            Column(name, "1", "number", "probability of more than half of the seats handed out"),
            Column(f"{name}_mc_error", "1", "number", f"Monte Carlo standard error of {name}"),
        ]
        rank = max(0, k - _ALWAYS_SHOWN + 1)
        shown.append(Shown(title, pair_of(name, f"{name}_mc_error", rounding.probability), rank=rank))
    return of_variants(sweep, "majorities", "Chance of a majority", columns, values, shown)


def parties(sweep: Sweep) -> Table:
    """Every party under every variant, with what differs from the base rule; for machines."""
    return _long(
        sweep,
        "parties",
        "party",
        {
            "pass_probability": ("pass_probability", "1"),
            "pass_mc_error": ("pass_mc_error", "1"),
            "pass_difference": ("pass_difference", "1"),
            "pass_difference_mc_error": ("pass_difference_mc_error", "1"),
            "seat_mean": ("seat_mean", "seats"),
            "seat_mean_mc_error": ("seat_mean_mc_error", "seats"),
            "seat_mean_difference": ("seat_mean_difference", "seats"),
            "seat_mean_difference_mc_error": ("seat_mean_difference_mc_error", "seats"),
            "seats_per_vote": ("seats_per_vote", "1"),
        },
        "seat_quantile",
    )


def coalitions(sweep: Sweep) -> Table:
    """Every coalition under every variant, with what differs from the base rule; for machines."""
    return _long(
        sweep,
        "coalitions",
        "coalition",
        {
            "majority_probability": ("majority_probability", "1"),
            "majority_mc_error": ("majority_mc_error", "1"),
            "majority_difference": ("majority_difference", "1"),
            "majority_difference_mc_error": ("majority_difference_mc_error", "1"),
            "seat_mean": ("coalition_seat_mean", "seats"),
            "seat_mean_mc_error": ("coalition_seat_mean_mc_error", "seats"),
            "seat_mean_difference": ("coalition_seat_mean_difference", "seats"),
            "seat_mean_difference_mc_error": ("coalition_seat_mean_difference_mc_error", "seats"),
        },
        "coalition_seat_quantile",
    )


def variants(sweep: Sweep) -> Table:
    """What every variant does to the votes as a whole: seats that move, waste, disproportionality."""
    drawn = sweep.simulated
    mean = "_mean" if drawn else ""
    named = {
        **({"changed_probability": "changed_probability"} if drawn else {}),
        "moved_seats": f"moved_seats{mean}",
        "wasted": f"wasted{mean}",
        "unrepresented": f"unrepresented{mean}",
        "effective_seats": f"effective_seats{mean}",
        "gallagher": f"gallagher{mean}",
        "loosemore_hanby": f"loosemore_hanby{mean}",
        "manufactured": "manufactured_probability" if drawn else "manufactured",
        "void": "void_probability" if drawn else "void",
    }
    data = sweep.dataset
    values: dict[str, Any] = {
        name: data[variable].values.ravel().astype(float) for name, variable in named.items()
    }
    columns = [
        Column(n, data[v].attrs["units"], "number", data[v].attrs["long_name"]) for n, v in named.items()
    ]
    shown = [
        *([Shown("Changes", text_of("changed_probability", rounding.percent))] if drawn else []),
        Shown(
            "Seats moved",
            text_of("moved_seats", lambda v: rounding.mean_seats(v, None) if drawn else rounding.whole(v)),
        ),
        Shown("Wasted", text_of("wasted", rounding.percent)),
        Shown("Parties", text_of("effective_seats", lambda v: "" if v is None else f"{v:.2f}")),
        Shown("Gallagher", text_of("gallagher", rounding.percent)),
        Shown("Loosemore-Hanby", text_of("loosemore_hanby", rounding.percent)),
        Shown(
            "Majority on a minority",
            text_of("manufactured", rounding.percent if drawn else _yes_or_no),
            rank=1,
        ),
    ]
    said = f"Means over {data.attrs['draws_looked_at']:,} of the draws. " if drawn else ""
    by_votes = float(data[f"effective_votes{mean}"].values)
    moved = "Changes, seats moved" if drawn else "Seats moved"
    notes = (
        f"{said}{moved}: against the base rule. Wasted: votes for lists without a seat.",
        f"Parties: effective number by seats; by votes it is {by_votes:.2f}.",
    )
    return of_variants(sweep, "variants", "What the rule does to the votes", columns, values, shown, notes)


_DRAWN: dict[str, Callable[[Sweep], Table]] = {
    "passes": passes,
    "seats": seats,
    "differences": differences,
    "majorities": majorities,
    "variants": variants,
    "flips": flips,
    "decomposition": decomposition,
    "last-seat": last_seat,
    "parties": parties,
    "coalitions": coalitions,
}
_COUNTED = ("seats", "differences", "majorities", "variants", "flips", "last-seat")
_FOR_MACHINES = ("parties", "coalitions")


def sweep_tables(sweep: Sweep, wanted: Iterable[str] | None = None) -> list[Table]:
    """Tables by name (default: every one that has something to say).

    ``ConfigurationError`` for a name that tables of this sweep do not have.
    """
    names = tuple(_DRAWN) if sweep.simulated else _COUNTED
    if not sweep.dataset.sizes["coalition"]:
        names = tuple(name for name in names if name not in ("majorities", "coalitions"))
    if wanted is None:
        return [table for table in (_DRAWN[name](sweep) for name in names) if table.rows]
    return [_DRAWN[name](sweep) for name in chosen_names(wanted, names)]


def tables_shown(sweep: Sweep) -> list[Table]:
    """The tables that people are shown: of a large grid not every variant."""
    few = len(list(sweep.places())) <= MOST_ROWS_SHOWN
    one_by_one = ("passes", "seats", "differences", "majorities", "variants")
    return [
        table
        for table in sweep_tables(sweep)
        if table.name not in _FOR_MACHINES and (few or table.name not in one_by_one)
    ]


def _by_party(
    sweep: Sweep,
    name: str,
    title: str,
    variable: str,
    error: str | None,
    text: Callable[[float | None, float | None], str],
    type_: Type = "number",
    at: int | None = None,
) -> Table:
    data = sweep.dataset
    attrs = data[variable].attrs
    values: dict[str, Any] = {}
    columns: list[Column] = []
    shown: list[Shown] = []
    for k, (party, label, kind) in enumerate(
        zip(data["party"].values, data["party_name"].values, data["party_kind"].values, strict=True)
    ):
        if kind in ("none-of-the-above", "residual"):
            continue
        party = f"{name}_{party}"
        values[party] = flat(sweep, variable, k) if at is None else flat(sweep, variable, k, at)
        columns.append(Column(party, attrs["units"], type_, f"{attrs['long_name']}: {label}"))
        if error is not None:
            values[f"{party}_mc_error"] = flat(sweep, error, k)
            columns.append(
                Column(
                    f"{party}_mc_error", attrs["units"], "number", f"Monte Carlo standard error of {party}"
                )
            )
        rank = max(0, len(shown) - _ALWAYS_SHOWN + 1)
        shown.append(
            Shown(str(label), pair_of(party, f"{party}_mc_error" if error else party, text), rank=rank)
        )
    return of_variants(sweep, name, title, columns, values, shown)


def _long(sweep: Sweep, name: str, over: str, named: dict[str, tuple[str, str]], quantiles: str) -> Table:
    data = sweep.dataset
    subjects = [str(subject) for subject in data[over].values]
    places = list(sweep.places())
    every = [sweep.labels(at) for at in places]
    labels = {dim: [label[dim] for label in every for _ in subjects] for dim in sweep.dims}
    values: dict[str, Any] = labels | {over: subjects * len(places)}
    columns = [Column(dim, "", type_of(labels[dim]), f"label on the axis {dim}") for dim in sweep.dims]
    columns.append(Column(over, "", "text", f"id of the {over}"))
    for column, (variable, units) in named.items():
        values[column] = data[variable].values.ravel()
        columns.append(Column(column, units, "number", data[variable].attrs["long_name"]))
    by_quantile = data[quantiles].values.reshape(len(places) * len(subjects), -1)
    for end, q in WIDE_ENDS:
        values[f"seat_{end}"] = by_quantile[:, quantile_at(sweep, q)]
        columns.append(Column(f"seat_{end}", "seats", "integer", f"{q:g} quantile of seats"))
    return table_of_sweep(
        sweep,
        name,
        name.capitalize(),
        columns,
        values,
        [Shown(over.capitalize(), as_is(over), numeric=False)],
    )


def _yes_or_no(value: float | None) -> str:
    return "yes" if value else "no"
