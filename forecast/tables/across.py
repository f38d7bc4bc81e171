"""Tables of forecasts side by side: a row for every rule, day or scenario along the leading dimensions; and
what changed from one saved forecast to another, with the Monte Carlo error of the change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from forecast.election.values import DecidedBy
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.tables.definitions import (
    Column,
    Row,
    Shown,
    Table,
    Type,
    as_is,
    chance_shown,
    chosen_names,
    columns_of,
    label_columns,
    label_shown,
    largest_error_said,
    names_of,
    number,
    pair_of,
    provenance_of,
    shown_of,
    table,
    text_of,
    typed,
    unless_seatless,
    yes_or_no,
)
from forecast.tables.parties_and_polls import of_the_lists
from forecast.variables import ENDS, SEATLESS_KINDS, VARIABLES, Variable, error_of
from forecast.words import rounding

if TYPE_CHECKING:
    from forecast.result import Forecast


_ALWAYS_SHOWN = 3
"""Parties and coalitions that stay where a terminal is too narrow for all; the last go first."""
_MIXED = (
    "Mixture: one of the scenarios comes true, each with its weight; medians and intervals are those of the "
    "mixed distribution."
)
_INDICES = ("wasted", "unrepresented", "effective_votes", "effective_seats", "gallagher", "loosemore_hanby")
_OPEN = {
    "lot": "By lot: the lot is not ours to draw, and the seats stand in the order of registration until "
    "then.",
    "precincts": "By precincts: not known here, and the seats stand in the order of registration.",
}
_SAYS = (
    "Change: after less before, ± one Monte Carlo standard error (the root of the sum of both squares; with "
    "the same seed it is mostly smaller)."
)
_TOLD = (
    ("as_of", "day of the forecast"),
    ("polls_sha256", "digest of the polls"),
    ("configuration_sha256", "digest of the election file"),
    ("constants_sha256", "digest of the constants"),
    ("share_draws_sha256", "digest of the draws given"),
    ("settings", "keys changed with --set"),
    ("draws", "draws"),
    ("seed", "seed"),
    ("sampler", "sampler"),
    ("estimate_method", "method of estimation"),
    ("estimate_kind", "kind of polls"),
)
_MEASURES: dict[str, tuple[str, dict[str, str]]] = {
    "parties": ("party", {"share": "share_mean", "passes": "pass_probability", "seats": "seat_mean"}),
    "coalitions": ("coalition", {"majority": "majority_probability", "seats": "coalition_seat_mean"}),
    "events": ("event", {"probability": "event_probability"}),
}
"""By table: what it is about, and what is compared, by the name that it has there."""
_CHANGED = ("parties", "coalitions", "events", "origin")
"""Every table of a comparison by name, in the order in which they are printed."""


# Along the leading dimensions.


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


def ties(forecast: Forecast) -> Table:
    """Ties of an exact count: between whom, for how many seats, who won them and by what."""
    every = [json.loads(text) for text in forecast.array("tied_claims").ravel().tolist()]
    rows = [(place, tie) for place, found in enumerate(every) for tie in found]
    columns: dict[Column, Any] = label_columns(forecast, [place for place, _ in rows])
    about_ties: dict[str, tuple[Type, str]] = {
        "lists": ("text", "ids of the lists with the same claim, joined by +"),
        "seats": ("integer", "seats at stake"),
        "won": ("text", "ids of the lists that got them, joined by +"),
        "claim": ("text", "what is equal"),
        "place": ("text", "district or alliance; empty: the national division"),
        "decided_by": ("text", f"the step of rule.ties: {', '.join(get_args(DecidedBy))}"),
    }
    for name, (type_, meaning) in about_ties.items():
        values = [tie[name] for _, tie in rows]
        joined = ["+".join(value) if isinstance(value, list) else value for value in values]
        columns[Column(name, "seats" if name == "seats" else "", type_, meaning)] = joined
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


# From one saved forecast to another.


def difference_tables(before: Forecast, after: Forecast, names: Iterable[str] | None = None) -> list[Table]:
    """Tables of what changed; ``ConfigurationError`` for an unknown name or forecasts of two elections."""
    refuse_two_elections(before, after)
    return [
        _origin(before, after) if name == "origin" else _changes(before, after, name)
        for name in chosen_names(names, _CHANGED)
    ]


def difference_record(before: Forecast, after: Forecast) -> dict[str, Any]:
    """What changed as plain numbers: what ``forecast diff --json`` prints (docs/json.md)."""
    refuse_two_elections(before, after)
    record: dict[str, Any] = {"election": after.election}
    keys = ("before", "after", "change", "before_mc_error", "after_mc_error", "mc_error")
    for name, (over, measures) in _MEASURES.items():
        record[name] = [
            {"id": row[over]}
            | {
                measure: {key: row[f"{measure}_{key}"] for key in keys if f"{measure}_{key}" in row}
                for measure in measures
            }
            for row in _changes(before, after, name).rows
        ]
    origin = _origin(before, after).rows
    differs = [dict(row) for row in origin]
    return record | {"differs": differs, "warnings": list(warnings_of_both(before, after))}


def refuse_two_elections(before: Forecast, after: Forecast) -> None:
    """``ConfigurationError`` where two forecasts are not of one election, share no party, or are several
    each.
    """
    if before.leading or after.leading:
        remedy = "two forecasts of one rule and day are compared; these stand side by side with others"
        raise ConfigurationError(Fault("forecast diff", "", ABSENT, remedy))
    if before.election != after.election:
        remedy = (
            f"these are two elections, {before.election} and {after.election}: what differs is no change of "
            "a forecast; give both election files one election.id if they are one"
        )
        raise ConfigurationError(Fault("forecast diff", "", ABSENT, remedy))
    if not set(before.parties) & set(after.parties):
        raise ConfigurationError(Fault("forecast diff", "", ABSENT, "the two have no party in common"))


def _changes(before: Forecast, after: Forecast, name: str) -> Table:
    """Parties, coalitions or events: before, after and the change; blank where one does not know them."""
    over, measures = _MEASURES[name]
    ids = list(dict.fromkeys([*after.names(over), *before.names(over)]))
    names = _named(before, over, f"{over}_name") | _named(after, over, f"{over}_name")
    kinds = _named(before, over, "party_kind") | _named(after, over, "party_kind") if over == "party" else {}
    columns: dict[Column, Any] = {
        Column(over, "", "text", "id"): ids,
        Column("name", "", "text", "name"): [names[one] for one in ids],
        Column("kind", "", "text", "kind of a party; none-of-the-above and residual hold no seats"): [
            kinds.get(one, "") for one in ids
        ],
    }
    shown = [Shown(over.capitalize(), as_is("name"), numeric=False)]
    for measure, path in measures.items():
        columns |= _numbers(measure, VARIABLES[path], before, after, ids)
        shown += _shown(measure, VARIABLES[path])
    only = [
        f"Only {when}: {', '.join(names[one] for one in missing)}."
        for when, one, other in (("before", before, after), ("after", after, before))
        if (missing := [k for k in one.names(over) if k not in other.names(over)])
    ]
    return _table(before, after, name, f"{name.capitalize()}: what changed", columns, shown, (_SAYS, *only))


def _table(
    before: Forecast,
    after: Forecast,
    name: str,
    title: str,
    columns: Mapping[Column, Any],
    shown: Sequence[Shown],
    notes: Sequence[str],
) -> Table:
    held = {column.name: typed(values, column.type) for column, values in columns.items()}
    return Table(
        name,
        title,
        tuple(columns),
        held,
        tuple(shown),
        f"before: {provenance_of(before)} | after: {provenance_of(after)}",
        tuple(notes),
        warnings=warnings_of_both(before, after),
    )


def _numbers(
    name: str, variable: Variable, before: Forecast, after: Forecast, ids: list[str]
) -> dict[Column, list[float]]:
    """Columns of a number with their values: before, after and the change, then their errors."""

    def sides(path: str) -> tuple[list[float], list[float]]:
        known = (_named(one, variable.subject, path) for one in (before, after))
        first, second = ([float(side.get(one, np.nan)) for one in ids] for side in known)
        return first, second

    first, second = sides(variable.path)
    found = [
        (f"{name}_before", f"{variable.meaning}, before", first),
        (f"{name}_after", f"{variable.meaning}, after", second),
        (f"{name}_change", f"change of {name}", [b - a for a, b in zip(first, second, strict=True)]),
    ]
    if variable.estimated:
        said = f"Monte Carlo standard error of {name}_"
        first, second = sides(error_of(variable.path))
        found += [
            (f"{name}_before_mc_error", f"{said}before", first),
            (f"{name}_after_mc_error", f"{said}after", second),
            (f"{name}_mc_error", f"{said}change", np.hypot(first, second).tolist()),
        ]
    return {Column(column, variable.unit, "number", meaning): numbers for column, meaning, numbers in found}


def _shown(name: str, variable: Variable) -> list[Shown]:
    """After, and the change with its error: shares and probabilities in points."""
    seats = variable.unit == "seats"
    scale = 1.0 if seats else 100.0

    def unless_exact(text: Callable[[Row], str]) -> Callable[[Row], str]:
        """A dash for seats and chances of an option that holds no seats by its kind."""
        return text if variable.of_votes else unless_seatless(text)

    def side(when: str) -> Callable[[Row], str]:
        def text(row: Row) -> str:
            value = number(row[f"{name}_{when}"])
            error = number(row.get(f"{name}_{when}_mc_error"))
            if seats:
                return rounding.mean_seats(value, error)
            return rounding.probability(value, error) if variable.estimated else rounding.percent(value)

        return unless_exact(text)

    def change(row: Row) -> str:
        value, error = number(row[f"{name}_change"]), number(row.get(f"{name}_mc_error"))
        if value is None:
            return rounding.BLANK
        return rounding.signed_by_error(scale * value, max(0.1, scale * (error or 0.0)))

    error_text = text_of(f"{name}_mc_error", rounding.seats_error if seats else rounding.points)
    return [
        Shown(f"{name.capitalize()} before", side("before"), rank=2),
        Shown(f"{name.capitalize()} after", side("after"), rank=1),
        Shown(f"Change, {'seats' if seats else 'points'}", unless_exact(change)),
        *([Shown("±", unless_exact(error_text), rank=3)] if variable.estimated else []),
    ]


def _origin(before: Forecast, after: Forecast) -> Table:
    """What the two rest on, where that differs."""
    first, second = _facts(before), _facts(after)
    wrong = [key for key in dict.fromkeys([*first, *second]) if first.get(key, "") != second.get(key, "")]
    columns = {
        Column("what", "", "text", "what differs"): wrong,
        Column("before", "", "text", "in the first"): [first.get(key, "") for key in wrong],
        Column("after", "", "text", "in the second"): [second.get(key, "") for key in wrong],
    }
    titles = (("What differs", "what"), ("Before", "before"), ("After", "after"))
    shown = [Shown(title, _cell(name), numeric=False) for title, name in titles]
    notes = () if wrong else ("Configuration, polls, rule and draws are the same.",)
    return _table(before, after, "origin", "What the two rest on", columns, shown, notes)


def warnings_of_both(before: Forecast, after: Forecast) -> tuple[str, ...]:
    """What is said of both forecasts, and what of one of them."""
    from forecast.simulation.side_by_side import said_of_each

    return tuple(said_of_each(("before", "after"), [list(one.attrs["warnings"]) for one in (before, after)]))


def _facts(forecast: Forecast) -> dict[str, str]:
    attrs = forecast.attrs
    facts = {meaning: str(attrs.get(key, "")).replace("\n", ", ") for key, meaning in _TOLD}
    rule = _leaves(forecast.rule, "rule")
    versions = json.loads(attrs.get("versions", "{}"))
    facts |= {
        f"version of {name}": str(versions[name])
        for name in ("forecast", "numba", "numpy")
        if name in versions
    }
    return facts | rule


def _leaves(value: Any, path: str) -> dict[str, str]:
    """Every value of nested tables by its path, as text."""
    if isinstance(value, Mapping):
        return {k: v for key, inner in value.items() for k, v in _leaves(inner, f"{path}.{key}").items()}
    return {path: str(value)}


def _named(forecast: Forecast, over: str, path: str) -> dict[str, Any]:
    return dict(zip(forecast.names(over), forecast.array(path).tolist(), strict=True))


def _cell(name: str) -> Callable[[Row], str]:
    return lambda row: str(row[name])[:40]
