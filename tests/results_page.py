"""The reference of variables in ``docs/results.md``, from the registry; ``python -m tests.results_page``
writes it.
"""

from __future__ import annotations

import re
from pathlib import Path

from forecast.result import Forecast
from forecast.tables import CHAMBER_TABLES, DISTRICT_TABLES, NIGHT_TABLES, TABLES, table_of
from forecast.variables import BASE_RULE, EVERY, UNSAVED
from tests.forecasts import in_districts, kazakhstan
from tests.nights import of_a_night

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results.md"
_TABLES = re.compile(r"(<!-- variables -->\n).*?(<!-- end -->)", re.DOTALL)
_GROUPS = {
    "": "The root: the forecast itself",
    "places": "`places`: the order of parties by seats",
    "last_election": "`last_election`",
    "estimate": "`estimate`: what was drawn from",
    "polls": "`polls`: those that were looked at",
    "trend": "`trend`: of the polls, and what pollsters add to a party",
    "record": "`record`: how such forecasts did in the backtest",
    "districts": "`districts`: of a rule that divides seats there",
    "rules": "`rules`: of a sweep, for every rule",
    "flips": "`flips`: of a sweep, where an answer changes along the threshold",
    "decomposition": "`decomposition`: of a sweep on draws, what explains the spread",
    "last_seat": "`last_seat`: who is close to the last seat",
    "chamber": "`chamber`: the whole of it, where it has tiers beside the lists",
    "night": "`night`: of an election night, what is counted and what is out",
    "evening": "`evening`: the estimates of an election night, one after the other",
    "feed": "`feed`: what to mind of the feed of an election night",
}
"""Headings of the groups of a file, in their order."""


def reference() -> str:
    """Every variable and label of a file: its path, dimensions, unit and meaning; a table a group."""
    assert {variable.group for variable in EVERY} == {*_GROUPS, UNSAVED}
    parts = []
    for group, heading in _GROUPS.items():
        rows = [f"### {heading}", "", "| variable | over | unit | what it is |", "| --- | --- | --- | --- |"]
        for variable in EVERY:
            if variable.group == group:
                marks = " (label)" if variable.label else " ±" if variable.estimated else ""
                over = ", ".join(variable.dims) or "–"
                said = f"{variable.meaning}; {variable.comment}" if variable.comment else variable.meaning
                said += f"; in JSON `{variable.key}`" if variable.key else ""
                rows.append(f"| `{variable.path}` |{marks or ''} {over} | {variable.unit} | {said} |")
        parts.append("\n".join(rows))
    base = f"`{BASE_RULE}/...` is the forecast under the base rule of a sweep: the variables of the root."
    return "\n" + "\n\n".join([*parts, base]) + "\n\n"


def with_reference(page: str) -> str:
    """The page with the reference as the registry has it now."""
    return _TABLES.sub(lambda found: found[1] + reference() + found[2], page)


def of_table(name: str) -> Forecast:
    """A forecast that has a table."""
    if name in NIGHT_TABLES:
        return of_a_night()
    return in_districts() if name in DISTRICT_TABLES else kazakhstan()


def with_columns(page: str) -> str:
    """The page with the columns of every table as the program has them now."""
    for name in (*TABLES, *CHAMBER_TABLES, *DISTRICT_TABLES, *NIGHT_TABLES):
        if name == "contests":  # of districts whose chances are given, which Kazakhstan has not
            continue
        forecast = of_table(name)
        rows = [
            f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning} |"
            for c in table_of(forecast, name).columns
            if not (name == "polls" and c.name.startswith("share_"))
        ]
        head, mark, below = page.partition(f"\n### `{name}`\n")
        found = re.compile(r"(\| column \|[^\n]*\n\| ---[^\n]*\n)(?:\|[^\n]*\n)*")
        page = head + mark + found.sub(lambda m, rows=rows: m[1] + "\n".join(rows) + "\n", below, count=1)
    return page


if __name__ == "__main__":
    text = with_columns(with_reference(PAGE.read_text(encoding="utf-8")))
    PAGE.write_text(text, encoding="utf-8")
