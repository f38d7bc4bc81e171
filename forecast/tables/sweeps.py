"""The tables of a sweep, each defined once: what every variant makes of draws or of real votes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.sensitivity.placing import error_of
from forecast.tables import rounding
from forecast.tables.building import SEATLESS_KINDS, WIDE_ENDS, chosen_names, wholes
from forecast.tables.model import Column, Row, Shown, Table, Type
from forecast.tables.sweep_building import (
    MOST_ROWS_SHOWN,
    flat,
    of_variants,
    pair_of,
    quantile_at,
    text_of,
)
from forecast.tables.sweep_causes import decomposition, flips, last_seat, last_seat_votes
from forecast.tables.sweep_long import MOST_DISTRIBUTIONS, coalitions, parties, seat_distribution, ties

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


def variants(sweep: Sweep) -> Table:
    """What every variant does to the votes as a whole: seats that move, waste, disproportionality."""
    drawn = sweep.simulated
    mean = "_mean" if drawn else ""
    named = {
        **({} if drawn else {"moved_seats": "moved_seats"}),
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
    by_votes = data[f"effective_votes{mean}"]
    values["effective_votes"] = [float(by_votes.values)] * data.attrs["variants"]
    named["effective_votes"] = str(by_votes.name)
    if drawn:
        errors = {f"{name}_mc_error": error_of(variable) for name, variable in named.items()}
        named |= errors
        values |= {n: np.broadcast_to(data[v].values, sweep.shape).ravel() for n, v in errors.items()}
    columns = [
        Column(n, data[v].attrs["units"], "number", data[v].attrs["long_name"]) for n, v in named.items()
    ]
    shown = [
        *([] if drawn else [Shown("Seats moved", text_of("moved_seats", rounding.whole))]),
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
    moved = "" if drawn else "Seats moved: against the base rule. "
    notes = (
        f"{said}{moved}Wasted: votes for lists without a seat.",
        f"Parties: effective number by seats; by votes it is {float(by_votes.values):.2f}.",
    )
    return of_variants(sweep, "variants", "What the rule does to the votes", columns, values, shown, notes)


def changes(sweep: Sweep) -> Table:
    """Which draws have other seats than under the base rule, and how many seats move; a row a variant."""
    data = sweep.dataset
    variables = {"probability": "changed_probability", "mc_error": "changed_mc_error"}
    variables |= {"moved_mean": "moved_seats_mean", "moved_mean_mc_error": "moved_seats_mean_mc_error"}
    values: dict[str, Any] = {name: flat(sweep, variable) for name, variable in variables.items()}
    columns = [_column(sweep, name, variable) for name, variable in variables.items()]
    cumulated = np.cumsum(flat(sweep, "moved_seats_probability"), axis=1)
    for end, q in WIDE_ENDS:
        values[f"moved_{end}"] = (cumulated < q - 1e-12).sum(1)
        columns.append(Column(f"moved_{end}", "seats", "integer", f"{q:g} quantile of the seats that move"))
    shown = [
        Shown("Draws", _unless_base(pair_of("probability", "mc_error", rounding.probability))),
        Shown("Seats moved", _unless_base(pair_of("moved_mean", "moved_mean_mc_error", rounding.mean_seats))),
        Shown("80 %", _unless_base(lambda row: wholes(row, "moved")), rank=1),
    ]
    for k, (party, name) in enumerate(zip(data["party"].values, data["party_name"].values, strict=True)):
        share, error = f"share_{party}", f"share_{party}_mc_error"
        values |= {
            share: flat(sweep, "changed_share_mean", k),
            error: flat(sweep, "changed_share_mean_mc_error", k),
        }
        columns.append(_column(sweep, share, "changed_share_mean"))
        columns.append(_column(sweep, error, "changed_share_mean_mc_error"))
        everywhere = float(data["share_mean"].values[k])
        rank = max(0, k - _ALWAYS_SHOWN + 1)
        shown.append(Shown(str(name), pair_of(share, error, _apart_from(everywhere)), rank=rank))
    notes = (
        "Draws: those whose seats are not those of the base rule. Seats moved: mean and range of all draws.",
        "By party: its mean share of the votes in draws that change, less that in all draws, in points.",
    )
    return of_variants(sweep, "changes", "Which draws change", columns, values, shown, notes)


def _unless_base(text: Callable[[Row], str]) -> Callable[[Row], str]:
    """A dash for the base rule: that it does not differ from itself is exact."""
    return lambda row: rounding.DASH if row["is_base_rule"] else text(row)


def _apart_from(everywhere: float) -> Callable[[float | None, float | None], str]:
    def text(value: float | None, error: float | None) -> str:
        if value is None or error is None:
            return rounding.BLANK
        return rounding.signed_by_error(100.0 * (value - everywhere), max(100.0 * error, 0.01))

    return text


def _column(sweep: Sweep, name: str, variable: str) -> Column:
    """A column of numbers as its variable describes them."""
    attrs = sweep.dataset[variable].attrs
    return Column(name, attrs["units"], "number", attrs["long_name"])


_DRAWN: dict[str, Callable[[Sweep], Table]] = {
    "passes": passes,
    "seats": seats,
    "differences": differences,
    "majorities": majorities,
    "variants": variants,
    "changes": changes,
    "flips": flips,
    "decomposition": decomposition,
    "last-seat": last_seat,
    "last-seat-votes": last_seat_votes,
    "parties": parties,
    "coalitions": coalitions,
    "seat-distribution": seat_distribution,
}
_COUNTED: dict[str, Callable[[Sweep], Table]] = {
    "seats": seats,
    "differences": differences,
    "majorities": majorities,
    "variants": variants,
    "ties": ties,
    "flips": flips,
    "last-seat": last_seat,
    "parties": parties,
}
_NOT_SHOWN = ("last-seat-votes", "parties", "coalitions", "seat-distribution")
"""Tables that people are shown only where they ask for them: long, or said elsewhere."""


def sweep_tables(sweep: Sweep, wanted: Iterable[str] | None = None) -> list[Table]:
    """Tables by name.

    Default: every one that has something to say, but distributions of seats of ``MOST_DISTRIBUTIONS``
    variants at most. ``ConfigurationError`` for a name that tables of this sweep do not have.
    """
    known = dict(_DRAWN if sweep.simulated else _COUNTED)
    if not sweep.dataset.sizes["coalition"]:
        known = {name: made for name, made in known.items() if name not in ("majorities", "coalitions")}
    if wanted is not None:
        return [known[name](sweep) for name in chosen_names(wanted, known)]
    if sweep.dataset.attrs["variants"] > MOST_DISTRIBUTIONS:
        known.pop("seat-distribution", None)
    return [table for table in (made(sweep) for made in known.values()) if table.rows]


def tables_shown(sweep: Sweep) -> list[Table]:
    """The tables that people are shown: of a large grid not every variant."""
    few = sweep.dataset.attrs["variants"] <= MOST_ROWS_SHOWN
    one_by_one = ("passes", "seats", "differences", "majorities", "variants", "changes")
    return [
        table
        for table in sweep_tables(sweep)
        if table.name not in _NOT_SHOWN and (few or table.name not in one_by_one)
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
        if kind in SEATLESS_KINDS:
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


def _yes_or_no(value: float | None) -> str:
    return "yes" if value else "no"
