"""What the page shows of forecasts that were published before: over time, what changed, how they came out."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.charts import over_time
from forecast.charts.drawing import ACCENT, ink_of, named, was_open
from forecast.published.archive_of_forecasts import a_week_before, kept_of
from forecast.published.changes import since
from forecast.published.tables_of_past import forecasts, moves, record_tables
from forecast.report.data import Figure, Panel
from forecast.simulation.side_by_side import stacked
from forecast.tables.definitions import provenance_of
from forecast.words.facts import Facts
from forecast.words.speaking import day_text, text

if TYPE_CHECKING:
    from forecast.charts.over_time import Measure
    from forecast.published.archive_of_forecasts import Archive, Past
    from forecast.published.scored import Record
    from forecast.tables.definitions import Table

_MOST_PANELS = 12
"""Parties that have a panel over time: the largest."""
_DECIDED = 0.01
"""Chances that were never farther from none or all are not drawn."""
_PANEL = 200
_LONG = 12
"""Tables with more rows are folded."""


@dataclass(frozen=True)
class History:
    """Forecasts that were published before the one that the page shows, the earliest first."""

    facts: Facts
    archive: Archive
    before: list[Past]

    @classmethod
    def of(cls, facts: Facts, archive: Archive) -> History:
        """Those of an archive."""
        return cls(facts, archive, archive.before(facts.forecast))

    @property
    def compared(self) -> list[Past]:
        """The last one, and the last that is a week older than the one shown."""
        week = a_week_before(self.before, self.facts.forecast)
        found = [*self.before[-1:], *([week] if week is not None else [])]
        return list({one.digest: one for one in found}.values())

    def news(self) -> list[str]:
        """What is new since the last forecast, and since a week ago."""
        found = [since(one.forecast, self.facts.forecast) for one in self.compared]
        said = [
            text("what_is_new", day=day_text(one.day.isoformat()), why="; ".join(one.why)) for one in found
        ]
        return said or [text("over_time_one")]

    def tables(self) -> list[Table]:
        """What changed, then the forecasts themselves; none where there are none before."""
        if not self.before:
            return []
        provenance = provenance_of(self.facts.forecast)
        earlier = {
            text("since", day=day_text(one.as_of.isoformat())): Facts(one.forecast) for one in self.compared
        }
        return [
            *moves(self.facts, earlier, provenance),
            forecasts(self.before, provenance, self.archive.frozen),
        ]

    def figures(self) -> list[Figure]:
        """Shares, seats and chances by day; none where all forecasts are of one day."""
        each = {one.as_of: one.forecast for one in self.before}
        now = kept_of(self.facts.forecast)
        each[datetime.date.fromisoformat(str(now.attrs["as_of"]))] = now
        if len(each) < 2:
            return []
        labels = {"as_of": np.array(list(each), "datetime64[ns]")}
        series = stacked(list(each.values()), "as_of", labels, self.facts.forecast.parties)
        days = over_time.Days(series)
        parties = [(row["party"], row["name"], ink_of(row)) for row in self.facts.lists[:_MOST_PANELS]]
        coalitions = [(row["coalition"], row["name"], ACCENT) for row in self.facts.coalitions]
        drawn = (
            ("over-shares", text("shares"), over_time.SHARES, "party", parties),
            ("over-seats", text("seats"), over_time.SEATS, "party", parties),
            ("over-passing", text("crossings"), over_time.PASSING, "party", parties),
            ("over-majorities", text("majority"), over_time.MAJORITIES, "coalition", coalitions),
        )
        found = (_figure(days, *one) for one in drawn)
        return [one for one in found if one.panels]


def _figure(
    days: over_time.Days,
    id_: str,
    title: str,
    measure: Measure,
    over: str,
    subjects: Sequence[tuple[str, str, str]],
) -> Figure:
    at = {subject: k for k, subject in enumerate(days.forecast.names(over))}
    panels = [
        Panel(
            name,
            over_time.said_last(days.forecast, measure, at[subject]),
            {"days": over_time.panel_rows(days, measure, at[subject], ink)},
        )
        for subject, name, ink in subjects
        if measure.path in days.forecast and _is_open(days, measure, at[subject])
    ]
    return Figure(id_, title, over_time.panel_body(named, days.days, measure, _PANEL), panels)


def _is_open(days: over_time.Days, measure: Measure, k: int) -> bool:
    """Whether there is something to see: of chances that they were not always decided."""
    return bool(measure.quantiles) or was_open(measure.of(days.forecast, k)[measure.field], _DECIDED)


def shown(history: History | None, record: Record | None, figures: Sequence[Figure]) -> dict[str, Any]:
    """What the template takes: the part about earlier forecasts, and the one about how they came out."""
    past = None
    if history is not None:
        tables = [shown_table(table) for table in history.tables()]
        past = {
            "news": history.news(),
            "moves": [table for table in tables if table["id"] != "forecasts"],
            "forecasts": next((table for table in tables if table["id"] == "forecasts"), None),
            "figures": [(figure.id, figure.title) for figure in figures],
            "largest_only": len(history.facts.lists) > _MOST_PANELS,
        }
    scored = [] if record is None else [shown_table(table) for table in record_tables(record, "")]
    return {"past": past, "scored": scored}


def shown_table(table: Table, prefix: str = "") -> dict[str, Any]:
    """What the template takes of a table."""
    return {
        "id": f"{prefix}{table.name}",
        "title": table.title,
        "titles": [(column.title, column.numeric) for column in table.shown],
        "rows": list(table.texts()),
        "notes": table.notes,
        "long": len(table.rows) > _LONG,
    }
