"""Tables of published forecasts: which there are, what changed since, and how they came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.published.scored import INTERVALS, KINDS, Record, Statement, by_label
from forecast.tables.definitions import (
    Column,
    Row,
    Shown,
    Table,
    Type,
    as_is,
    number,
    pair_of,
    text_of,
    typed,
)
from forecast.words import day_text, in_their_language, rounding, text

if TYPE_CHECKING:
    from forecast.published.archive_of_forecasts import Past
    from forecast.words.facts import Facts

_SHORT = 12
"""Digits of a digest that people are shown."""


def forecasts(past: Sequence[Past], provenance: str, frozen: Mapping[str, str]) -> Table:
    """The forecasts of an archive, the latest first: day, polls, version, digest."""
    rows = list(reversed(past))
    columns = {
        Column("as_of", "", "day", "day at whose end the forecast is made"): [one.as_of for one in rows],
        Column("last_poll", "", "day", "last day of the newest poll that counts"): [
            _last_poll(one) for one in rows
        ],
        Column("polls", "1", "integer", "polls with weight in the mean"): [_polls(one) for one in rows],
        Column("draws", "1", "integer", "elections drawn"): [int(one.attrs.get("draws", 0)) for one in rows],
        Column("version", "", "text", "version of the program"): [one.version for one in rows],
        Column("file", "", "text", "file, from the folder of the archive"): [one.file for one in rows],
        Column("sha256", "", "text", "digest of the file (SHA-256)"): [one.digest for one in rows],
        Column("sealed", "1", "integer", "1 where the file proves to be as it was written"): [
            int(one.sealed) for one in rows
        ],
        Column("frozen", "1", "integer", "1 where the digest was written down before"): [
            int(one.file in frozen) for one in rows
        ],
    }
    shown = (
        Shown(text("past_day"), lambda row: day_text(str(row["as_of"])), numeric=False),
        Shown(
            text("past_last_poll"),
            lambda row: day_text(str(row["last_poll"])) if row["last_poll"] else "",
            numeric=False,
        ),
        Shown(text("polls"), text_of("polls", rounding.whole)),
        Shown(text("past_version"), as_is("version"), numeric=False),
        Shown(text("past_digest"), lambda row: str(row["sha256"])[:_SHORT], numeric=False),
        Shown(text("past_frozen"), lambda row: text("yes" if row["frozen"] else "no"), numeric=False),
    )
    return _table("forecasts", text("past_forecasts"), columns, shown, provenance, (text("past_note"),))


def _last_poll(past: Past) -> str:
    if "polls/end" not in past.values:
        return ""
    end, published = (past.values[f"polls/{name}"].astype("datetime64[D]") for name in ("end", "published"))
    days = np.where(np.isnat(end), published, end)[past.values["polls/weight"] > 0]
    return str(days.max()) if days.size else ""


def _polls(past: Past) -> int:
    return int((past.values["polls/weight"] > 0).sum()) if "polls/weight" in past.values else 0


# What changed.


def moves(now: Facts, before: Mapping[str, Facts], provenance: str) -> list[Table]:
    """Parties, and coalitions, with what they have now and what changed since each of some forecasts, which
    are named by the titles of their columns.
    """
    parties = _moves(
        "moves",
        text("parties"),
        {
            "share": ("share_median", "1", text("share"), rounding.percent, rounding.signed_points),
            "passes": ("pass_probability", "1", text("passes"), None, None),
            "seats": ("seat_median", "seats", text("seats"), rounding.whole, rounding.signed),
        },
        (now.lists, {name: one.lists for name, one in before.items()}, "party"),
        provenance,
    )
    stem = "chamber_" if now.of_chamber else ""
    known = {name: one for name, one in before.items() if one.of_chamber == now.of_chamber}
    coalitions = _moves(
        "moves-of-coalitions",
        text("coalitions"),
        {
            "majority": (f"{stem}majority_probability", "1", text("majority"), None, None),
            "seats": (f"{stem}seat_median", "seats", text("seats"), rounding.whole, rounding.signed),
        },
        (now.coalitions, {name: one.coalitions for name, one in known.items()}, "coalition"),
        provenance,
    )
    return [table for table in (parties, coalitions) if table.length]


_Text = Callable[[float | None], str]
_Measured = tuple[str, str, str, _Text | None, _Text | None]
"""The key in a row, the unit, the heading, and how it and its change are said; ``None`` for chances, which
are said by their Monte Carlo errors.
"""
_Subjects = tuple[list[dict[str, Any]], Mapping[str, list[dict[str, Any]]], str]


def _moves(name: str, title: str, measures: Mapping[str, _Measured], of: _Subjects, provenance: str) -> Table:
    """``of``: rows of now, rows of each forecast before, and under what they have their id."""
    rows, before, over = of
    earlier = {title_: {row[over]: row for row in found} for title_, found in before.items()}
    columns: dict[Column, Any] = {
        Column(over, "", "text", "id"): [row[over] for row in rows],
        Column("name", "", "text", "name"): [row["name"] for row in rows],
    }
    shown = [Shown(text(over), as_is("name"), numeric=False)]
    for measure, (key, unit, heading, said, signed) in measures.items():
        columns[Column(measure, unit, "number", heading)] = [row[key] for row in rows]
        if said is None:
            error = key.replace("probability", "mc_error")
            columns[Column(f"{measure}_mc_error", unit, "number", "Monte Carlo standard error")] = [
                row[error] for row in rows
            ]
            shown.append(Shown(heading, _chance(measure)))
        else:
            shown.append(Shown(heading, text_of(measure, said)))
        for k, (title_, known) in enumerate(earlier.items(), 1):
            column = f"{measure}_change_{k}"
            then = [known.get(row[over], {}) for row in rows]
            columns[Column(column, unit, "number", f"{heading}: {title_}")] = [
                _less(row[key], one.get(key)) for row, one in zip(rows, then, strict=True)
            ]
            if signed is None:
                error = key.replace("probability", "mc_error")
                columns[Column(f"{column}_mc_error", unit, "number", "Monte Carlo standard error")] = [
                    _both(row[error], one.get(error)) for row, one in zip(rows, then, strict=True)
                ]
            shown.append(Shown(title_, _moved(column) if signed is None else text_of(column, signed)))
    return _table(name, title, columns, shown, provenance)


def _less(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _both(now: float | None, before: float | None) -> float | None:
    """The Monte Carlo error of a difference of two numbers that are drawn apart."""
    return None if now is None or before is None else float(np.hypot(now, before))


def _moved(column: str) -> Callable[[Row], str]:
    """A change of a chance in points, rounded by its Monte Carlo error."""

    def said(row: Row) -> str:
        change, error = number(row[column]), number(row[f"{column}_mc_error"])
        points = None if change is None else 100.0 * change
        return rounding.signed_by_error(points, max(0.1, 100.0 * (error or 0.0)))

    return said


def _chance(measure: str) -> Callable[[Row], str]:
    return lambda row: rounding.probability(number(row[measure]), number(row[f"{measure}_mc_error"]))


# After the vote.


def record_tables(record: Record, provenance: str) -> list[Table]:
    """By label, how many statements were right; which intervals held; every statement."""
    return [_labels(record, provenance), _intervals(record, provenance), _statements(record, provenance)]


def _parts(record: Record) -> dict[str, list[Statement]]:
    """The statements of the last forecast of every election, and those of all."""
    last = [one for one in record.statements if (one.election, one.file) in record.last]
    return {"last": last} | ({"all": list(record.statements)} if len(last) < len(record.statements) else {})


def _labels(record: Record, provenance: str) -> Table:
    rows = [(part, row) for part, statements in _parts(record).items() for row in by_label(statements)]
    columns = {
        Column(
            "forecasts",
            "",
            "text",
            "last: of every election the last forecast before the vote; all: every one",
        ): [part for part, _ in rows],
        Column("label", "", "text", "by the chance of the likelier side: safe, likely, leaning, open; all"): [
            row.label for _, row in rows
        ],
        Column("statements", "1", "integer", "statements of a chance"): [row.statements for _, row in rows],
        Column("right", "1", "integer", "those whose likelier side came about"): [
            row.right for _, row in rows
        ],
        Column("expected", "1", "number", "how many should have been right, by the chances given"): [
            row.expected for _, row in rows
        ],
        Column("brier", "1", "number", "mean squared difference between the chance and what happened"): [
            row.brier for _, row in rows
        ],
    }
    shown = (
        Shown(text("scored_forecasts"), lambda row: text(f"scored_{row['forecasts']}"), numeric=False),
        Shown(text("scored_label"), lambda row: text(f"label_{row['label']}"), numeric=False),
        Shown(text("scored_statements"), text_of("statements", rounding.whole)),
        Shown(text("scored_right"), _out_of("right")),
        Shown(text("scored_expected"), _out_of("expected")),
    )
    several = ["all" in part for part, _ in rows]
    notes = (
        text("scored_note"),
        *([text("scored_not_independent")] if any(several) else ()),
        *map(in_their_language, record.said),
    )
    return _table("record", text("scored_labels"), columns, shown, provenance, notes)


def _out_of(name: str) -> Callable[[Row], str]:
    """A number of statements, and its share of them."""

    def said(row: Row) -> str:
        some, of = number(row[name]) or 0.0, number(row["statements"]) or 1.0
        whole = rounding.whole(some) if name == "right" else rounding.mean_seats(some, 0.0)
        return f"{whole} ({rounding.percent(some / of, 0)})"

    return said


_QUANTITIES = {"share": "share", "seats": "seats", "chamber": "all_seats"}


def _intervals(record: Record, provenance: str) -> Table:
    rows = [
        (part, quantity, level, sum(one.held for one in some), len(some))
        for part in _parts(record)
        for quantity in ("share", "seats", "chamber")
        for level, _, _ in INTERVALS
        if (
            some := [
                one
                for one in record.intervals
                if one.quantity == quantity
                and one.level == level
                and (part == "all" or (one.election, one.file) in record.last)
            ]
        )
    ]
    names = ("forecasts", "quantity", "level", "held", "of")
    types: tuple[Type, ...] = ("text", "text", "number", "integer", "integer")
    meanings = (
        "last or all forecasts",
        "share, seats (of the lists) or chamber (all seats)",
        "of the interval",
        "results in it",
        "results",
    )
    columns = {
        Column(name, "" if type_ == "text" else "1", type_, meaning): [row[k] for row in rows]
        for k, (name, type_, meaning) in enumerate(zip(names, types, meanings, strict=True))
    }
    shown = (
        Shown(text("scored_forecasts"), lambda row: text(f"scored_{row['forecasts']}"), numeric=False),
        Shown(
            text("scored_of"),
            lambda row: text(_QUANTITIES[str(row["quantity"])]),
            numeric=False,
        ),
        Shown(text("scored_interval"), text_of("level", lambda value: rounding.percent(value, 0))),
        Shown(text("scored_held"), lambda row: text("scored_held_of", held=row["held"], all=row["of"])),
    )
    return _table("record-intervals", text("scored_intervals"), columns, shown, provenance)


def _statements(record: Record, provenance: str) -> Table:
    rows = record.statements
    columns = {
        Column("election", "", "text", "id of the election"): [one.election for one in rows],
        Column("file", "", "text", "file of the forecast"): [one.file for one in rows],
        Column("as_of", "", "day", "day of the forecast"): [one.as_of for one in rows],
        Column("days_before", "days", "integer", "days before the vote"): [one.days_before for one in rows],
        Column("kind", "", "text", ", ".join(KINDS)): [one.kind for one in rows],
        Column("of", "", "text", "id of the party, coalition or event; of wins the district and it"): [
            one.of for one in rows
        ],
        Column("name", "", "text", "its name"): [one.name for one in rows],
        Column("probability", "1", "number", "chance that was given"): [one.probability for one in rows],
        Column("mc_error", "1", "number", "its Monte Carlo standard error"): [one.mc_error for one in rows],
        Column("label", "", "text", "what readers call it"): [one.label for one in rows],
        Column("happened", "1", "integer", "1 where it came about"): [int(one.happened) for one in rows],
        Column("right", "1", "integer", "1 where the likelier side came about"): [
            int(one.right) for one in rows
        ],
    }
    shown = (
        Shown(text("past_day"), lambda row: day_text(str(row["as_of"])), numeric=False),
        Shown(text("scored_statement"), _stated, numeric=False),
        Shown(text("probability"), pair_of("probability", "mc_error", rounding.probability)),
        Shown(text("error"), text_of("mc_error", rounding.points), rank=2),
        Shown(text("scored_label"), lambda row: text(f"label_{row['label']}"), numeric=False),
        Shown(text("scored_happened"), lambda row: text("yes" if row["happened"] else "no"), numeric=False),
    )
    return _table("record-statements", text("scored_list"), columns, shown, provenance)


def _stated(row: Row) -> str:
    name = str(row["name"])
    if row["kind"] == "event":
        return name
    return text(f"statement_{str(row['kind']).replace('-', '_')}", name=name)


def _table(
    name: str,
    title: str,
    columns: Mapping[Column, Sequence[Any]],
    shown: Sequence[Shown],
    provenance: str,
    notes: Sequence[str] = (),
) -> Table:
    held = {column.name: typed(values, column.type) for column, values in columns.items()}
    return Table(name, title, tuple(columns), held, tuple(shown), provenance, tuple(notes))
