"""Tables with a row for every place along the leading dimensions: a rule, a day or a scenario."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables.definitions import (
    Column,
    Row,
    Shown,
    Table,
    as_is,
    chance_shown,
    columns_of,
    label_columns,
    label_shown,
    largest_error_said,
    names_of,
    pair_of,
    shown_of,
    table,
    text_of,
    yes_or_no,
)
from forecast.tables.subjects import of_the_lists
from forecast.variables import ENDS, SEATLESS_KINDS, VARIABLES, error_of
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast

_ALWAYS_SHOWN = 3
"""Parties and coalitions that stay where a terminal is too narrow for all; the last go first."""
_MIXED = (
    "Mixture: one of the scenarios comes true, each with its weight; medians and intervals are those of the "
    "mixed distribution."
)


def passes(forecast: Forecast) -> Table:
    """The chance of every party to pass."""
    return _wide(forecast, "passes", "Chance to cross the threshold", ["pass_probability"])


def seats(forecast: Forecast) -> Table:
    """Median seats of every party, with intervals and means; of a real count the seats."""
    if not forecast.draws:
        return _wide(forecast, "seats", "Seats", ["seats_won"])
    return _wide(forecast, "seats", "Median seats", ["seat_quantile", "seat_mean"])


def shares(forecast: Forecast) -> Table:
    """Median and mean shares of the vote, with intervals."""
    return _wide(forecast, "shares", "Median share of the vote", ["share_quantile", "share_mean"])


def majorities(forecast: Forecast) -> Table:
    """The chance of every coalition to hold a majority, and its seats."""
    if not forecast.draws:
        return _wide(forecast, "majorities", "Majorities", ["majority"])
    paths = ["majority_probability", "coalition_seat_quantile"]
    return _wide(forecast, "majorities", f"Chance of a majority{of_the_lists(forecast)}", paths)


def of_chamber(forecast: Forecast) -> Table:
    """Median seats of the whole chamber of every party and group, with intervals and means; of a count its
    seats.
    """
    if not forecast.draws:
        title = f"Seats of the whole chamber{_of_size(forecast)}"
        return _wide(forecast, "seats-of-chamber", title, ["chamber/seats_won"], over="chamber/holder")
    paths = ["chamber/seat_quantile", "chamber/seat_mean"]
    title = f"Median seats of the whole chamber{_of_size(forecast)}"
    return _wide(forecast, "seats-of-chamber", title, paths, over="chamber/holder")


def majorities_of_chamber(forecast: Forecast) -> Table:
    """The chance of every coalition to hold a majority of the whole chamber, two thirds, and its seats; of a
    count whether it does.
    """
    if not forecast.draws:
        title = f"Majorities of the whole chamber{_of_size(forecast)}"
        paths = [f"chamber/{name}" for name in ("majority", "two_thirds", "coalition_seats_won")]
        return _wide(forecast, "majorities-of-chamber", title, paths)
    paths = [
        f"chamber/{name}"
        for name in ("majority_probability", "two_thirds_probability", "coalition_seat_quantile")
    ]
    title = f"Chance of a majority of the whole chamber{_of_size(forecast)}"
    return _wide(forecast, "majorities-of-chamber", title, paths)


def _of_size(forecast: Forecast) -> str:
    """How many seats the chamber has, where it is the same everywhere."""
    sizes = np.unique(forecast.array("chamber/size"))
    return f" of {rounding.whole(sizes[0])}" if len(sizes) == 1 else ""


def events(forecast: Forecast) -> Table:
    """The probability of every event, given its condition."""
    return _wide(forecast, "events", "Events", ["event_probability"])


def differences(forecast: Forecast) -> Table:
    """Seats of every party less those under the base rule, of draws with paired errors."""
    if not forecast.draws:
        return _wide(
            forecast, "differences", "Seats less those under the base rule", ["rules/seats_difference"]
        )
    said = "Differences on the same draws, to the first digit of their Monte Carlo error."
    title = "Mean seats less those under the base rule"
    return _wide(forecast, "differences", title, ["rules/seat_mean_difference"], (said,))


def _wide(
    forecast: Forecast,
    name: str,
    title: str,
    paths: Sequence[str],
    notes: Sequence[str] = (),
    *,
    over: str = "",
) -> Table:
    """Some numbers of every subject, each in a column ``<column>_<id>``; people are shown the first
    of them. ``over``: the label of the subjects, where these are no parties, coalitions or events.
    """
    first = VARIABLES[paths[0]]
    columns, shown, more = _first(forecast)
    over = over or first.subject
    kinds = forecast.names("party_kind") if over == "party" else [""] * len(forecast.names(over))
    drawn, ahead = 0, "event_" if over == "event" else ""
    for k, (subject, called) in enumerate(
        zip(forecast.names(over), forecast.names(f"{over}_name"), strict=True)
    ):
        for path in paths:
            variable = VARIABLES[path]
            values, error = (_of(forecast, one, k) for one in (path, error_of(path)))
            for column, found in columns_of(variable, values, error).items():
                placed = Column(
                    f"{ahead}{column.name}_{subject}", column.unit, column.type, f"{column.meaning}: {called}"
                )
                columns[placed] = found
        if first.of_votes or kinds[k] not in SEATLESS_KINDS:
            text = _of_subject(shown_of(first)[0].text, ahead, subject)
            shown.append(Shown(called, text, rank=max(0, drawn - _ALWAYS_SHOWN + 1)))
            drawn += 1
    error = error_of(first.path)
    if first.name.endswith("probability") and error in forecast:
        notes = (*notes, largest_error_said(forecast.array(error)))
    return table(forecast, name, title, columns, shown, (*more, *notes))


def _of_subject(text: Callable[[Row], str], ahead: str, subject: str) -> Callable[[Row], str]:
    """The text of a cell as the table of subjects has it, read from the columns of one subject."""

    class _Row(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            return "" if name == "kind" else self[f"{ahead}{name}_{subject}"]

    return lambda row: text(_Row(row))


def _of(forecast: Forecast, path: str, k: int) -> np.ndarray | None:
    """Values of one subject at every place, (places, ...)."""
    if path not in forecast:
        return None
    values = forecast.array(path)
    return values.reshape(-1, *values.shape[len(forecast.leading) :])[:, k]


def _first(forecast: Forecast) -> tuple[dict[Column, Any], list[Shown], tuple[str, ...]]:
    """What the rows are: columns, what people are shown of them, and notes. The base rule is marked."""
    columns: dict[Column, Any] = label_columns(forecast)
    shown = label_shown(forecast)
    if "weight" in forecast:
        return columns, shown, (_MIXED,)
    if "rules/is_base_rule" not in forecast:
        return columns, shown, ()
    is_base = forecast.array("rules/is_base_rule").ravel()
    columns[Column("is_base_rule", "1", "integer", "1 for the base rule, else 0")] = is_base
    if not is_base.any():
        return columns, shown, ()
    mark = Shown("", lambda row: "*" if row["is_base_rule"] else "", numeric=False)
    return columns, [*shown, mark], ("*: the base rule.",)


def _whole(forecast: Forecast, paths: Sequence[str]) -> dict[Column, Any]:
    """Columns of numbers of the whole at every place, with their errors."""
    found: dict[Column, Any] = {}
    for path in paths:
        variable = VARIABLES[path]
        values, error = (
            forecast.array(one).reshape(-1).astype(float) if one in forecast else None
            for one in (path, error_of(path))
        )
        if values is not None:
            found |= columns_of(variable, values, error)
    return found


_INDICES = ("wasted", "unrepresented", "effective_votes", "effective_seats", "gallagher", "loosemore_hanby")


def variants(forecast: Forecast) -> Table:
    """What every rule does to the votes as a whole: waste, disproportionality, seats that move."""
    columns, shown, notes = _first(forecast)
    drawn = forecast.draws > 0
    paths = [f"rules/{name}" for name in (*_INDICES, "manufactured", "moved_seats")]
    columns |= _whole(forecast, [*paths, "void_probability" if drawn else "void"])
    shown += [
        *([] if drawn else [Shown("Seats moved", text_of("moved_seats", rounding.whole))]),
        Shown("Wasted", text_of("wasted", rounding.percent)),
        Shown("Parties", text_of("effective_seats", lambda v: "" if v is None else f"{v:.2f}")),
        Shown("Gallagher", text_of("gallagher", rounding.percent)),
        Shown("Loosemore-Hanby", text_of("loosemore_hanby", rounding.percent)),
        *(
            chance_shown("Majority on a minority", "manufactured", rank=1)
            if drawn
            else [Shown("Majority on a minority", text_of("manufactured", yes_or_no), rank=1)]
        ),
    ]
    means = f"Means over {forecast['rules/wasted'].attrs['draws']:,} of the draws. " if drawn else ""
    moved = "" if drawn else "Seats moved: against the base rule. "
    by_votes = float(forecast.array("rules/effective_votes").flat[0])
    notes = (
        *notes,
        f"{means}{moved}Wasted: votes for lists without a seat.",
        f"Parties: effective number by seats; by votes it is {by_votes:.2f}.",
    )
    return table(forecast, "variants", "What the rule does to the votes", columns, shown, notes)


def changes(forecast: Forecast) -> Table:
    """Which draws have other seats than under the base rule, and how many seats move."""
    columns, shown, notes = _first(forecast)
    columns |= _whole(forecast, ["rules/changed_probability", "rules/moved_seats_mean"])
    moved = forecast.array("rules/moved_seats_probability")
    cumulated = np.cumsum(moved.reshape(-1, moved.shape[-1]), axis=1)
    for end, (quantile, what) in ENDS.items():
        column = Column(f"moved_{end}", "seats", "integer", f"{what} of the seats that move")
        columns[column] = (cumulated < quantile - 1e-12).sum(1)
    shown += [
        *chance_shown("Draws", "changed_probability", unless=_unless_base),
        Shown(
            "Seats moved",
            _unless_base(pair_of("moved_seats_mean", "moved_seats_mean_mc_error", rounding.mean_seats)),
        ),
        Shown("80 %", _unless_base(pair_of("moved_low80", "moved_high80", rounding.interval)), rank=1),
    ]
    path = "rules/changed_share_mean"
    for k, (party, name) in enumerate(names_of(forecast).items()):
        if k == len(forecast.parties):
            break
        values, error = (_of(forecast, one, k) for one in (path, error_of(path)))
        for column, found in columns_of(VARIABLES[path], values, error).items():
            columns[Column(f"{column.name}_{party}", "1", "number", f"{column.meaning}: {name}")] = found
        stem = VARIABLES[path].stem
        text = _apart_from(float(forecast.array("share_mean")[k]))
        cell = pair_of(f"{stem}_{party}", f"{error_of(stem)}_{party}", text)
        shown.append(Shown(name, cell, rank=max(0, k - _ALWAYS_SHOWN + 1)))
    notes = (
        *notes,
        "Draws: those whose seats are not those of the base rule. Seats moved: mean and range of all draws.",
        "By party: its mean share of the votes in draws that change, less that in all draws, in points.",
    )
    return table(forecast, "changes", "Which draws change", columns, shown, notes)


def _unless_base(text: Callable[[Row], str]) -> Callable[[Row], str]:
    """A dash for the base rule: that it does not differ from itself is exact."""
    return lambda row: rounding.DASH if row["is_base_rule"] else text(row)


def _apart_from(everywhere: float) -> Callable[[float | None, float | None], str]:
    def text(value: float | None, error: float | None) -> str:
        if value is None or error is None:
            return rounding.BLANK
        return rounding.signed_by_error(100.0 * (value - everywhere), max(100.0 * error, 0.01))

    return text


_OPEN = {
    "lot": "By lot: the lot is not ours to draw, and the seats stand in the order of registration until "
    "then.",
    "precincts": "By precincts: not known here, and the seats stand in the order of registration.",
}


def ties(forecast: Forecast) -> Table:
    """Ties of an exact count: between whom, for how many seats, who won them and by what."""
    every = [json.loads(text) for text in forecast.array("tied_claims").ravel().tolist()]
    rows = [(place, tie) for place, found in enumerate(every) for tie in found]
    columns: dict[Column, Any] = label_columns(forecast, [place for place, _ in rows])
    about_ties = {
        "lists": ("text", "ids of the lists with the same claim, joined by +"),
        "seats": ("integer", "seats at stake"),
        "won": ("text", "ids of the lists that got them, joined by +"),
        "claim": ("text", "what is equal"),
        "place": ("text", "district or alliance; empty: the national division"),
        "decided_by": (
            "text",
            "the step of rule.ties: votes, fewest-votes, no-seat, precincts, registration, list-number, lot",
        ),
    }
    for name, (type_, meaning) in about_ties.items():
        values = [tie[name] for _, tie in rows]
        joined = ["+".join(value) if isinstance(value, list) else value for value in values]
        columns[Column(name, "seats" if name == "seats" else "", type_, meaning)] = joined  # pyright: ignore[reportArgumentType]
    names = names_of(forecast)

    def named(column: str) -> Callable[[Row], str]:
        return lambda row: ", ".join(names.get(one, one) for one in str(row[column]).split("+"))

    shown = [
        *label_shown(forecast),
        Shown("Equal", named("lists"), numeric=False),
        Shown("In", as_is("claim"), numeric=False),
        Shown("Seats", text_of("seats", rounding.whole)),
        Shown("Won by", named("won"), numeric=False),
        Shown("Decided by", as_is("decided_by"), numeric=False),
    ]
    decided = {tie["decided_by"] for _, tie in rows}
    said = [text for step, text in _OPEN.items() if step in decided]
    return table(forecast, "ties", "Ties", columns, shown, tuple(said))
