"""The tables of a run, on the terminal and in the page of the docs; and what the core is meant to reach."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import (
    core,
    districts,
    libraries,
    polls,
    processes,
    scaling,
    speed,
    variance,
    vectorised,
    yardsticks,
)
from benchmarks.cases import CASES
from benchmarks.measuring import Spread
from benchmarks.records import Results
from benchmarks.subjects import SUBJECTS

if TYPE_CHECKING:
    from rich.console import Console

BEGIN = "<!-- written by `python -m benchmarks`; edits here are lost -->"
END = "<!-- end of what is written by `python -m benchmarks` -->"

_PIVOTED = (
    (speed.COMPARISON, "Rivals: their time over the core's (Gaussian tails, plain draws) on as many threads"),
    (speed.THREADS, "Two threads against one"),
    (variance.TABLE, "Quasi-random against plain draws, case A, 2^16 draws a run"),
    (scaling.RULES, "Many rules on the same draws"),
    (scaling.DRAWS, "Number of draws: case A with t tails, coalitions, Sobol"),
    (scaling.LISTS, "Number of lists: 300 seats, threshold 3.25 %, one thread"),
    (scaling.SEATS, "Number of seats: units of case A, one thread"),
    (polls.POLLS, "Reading polls"),
    (processes.MEMORY, "Memory of a process: case A with t tails, coalitions, Sobol"),
    (processes.COMMANDS, "Whole commands, warm"),
    (districts.DISTRICTS, "Districts in the draws"),
    (
        processes.IMPORTS,
        "Where the time of `forecast run` goes: imports (without what they import in turn), and the rest",
    ),
)


@dataclass(frozen=True)
class Table:
    """A table of words."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float) -> str:
    """Three figures, no exponent."""
    if math.isnan(value):
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{max(digits, 0)}f}"


def spread(value: Spread) -> str:
    """The median, and the quartiles where there was more than one round."""
    if value.low == value.high:
        return number(value.median)
    return f"{number(value.median)} ({number(value.low)}-{number(value.high)})"


def tables(results: Results) -> Iterator[Table]:
    """Everything that was measured, the aims first."""
    judged = aims(results) if results.sizes != "smoke" else []
    if judged:
        rows = tuple(
            (aim.about, aim.wanted, spread(aim.measured), "yes" if aim.met else "no") for aim in judged
        )
        yield Table("Aims", ("what", "wanted", "measured", "reached"), rows)
    for key, case in CASES.items():
        records = [record for record in results.records if record.case == key]
        if records:
            rows = tuple(
                (
                    record.subject,
                    str(record.threads),
                    spread(record.ns_per_draw),
                    *(
                        spread(record.ratios[name]) if name in record.ratios else ""
                        for name in speed.YARDSTICKS
                    ),
                )
                for record in records
            )
            columns = ("subject", "threads", "ns a draw", *(f"/ {name}" for name in speed.YARDSTICKS))
            yield Table(f"Case {key}: {case.title}, {case.seats} seats, {case.method}", columns, rows)
    for name, title in _PIVOTED:
        yield from _pivot(results, name, title)
    if results.checks:
        rows = tuple((check.case, check.subject, check.verdict) for check in results.checks)
        yield Table("Seats against the exact count", ("case", "subject", "verdict"), rows)


def _pivot(results: Results, name: str, title: str) -> Iterator[Table]:
    """The rows of one table, a column for each unit."""
    chosen = [row for row in results.rows if row.table == name]
    if not chosen:
        return
    units = list(dict.fromkeys(row.unit for row in chosen))
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in chosen:
        cells.setdefault((row.case, row.what), {})[row.unit] = spread(row.value)
    rows = tuple((case, what, *(by.get(unit, "") for unit in units)) for (case, what), by in cells.items())
    yield Table(title, ("case", "what", *units), rows)


def show(results: Results, console: Console) -> None:
    """Print every table."""
    from rich.table import Table as RichTable

    for table in tables(results):
        shown = RichTable(title=table.title, title_justify="left", header_style="bold")
        for place, column in enumerate(table.columns):
            shown.add_column(column, justify="left" if place < 2 else "right", overflow="fold")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
    for note in results.notes:
        console.print(note)


def markdown(results: Results) -> str:
    """Every table as Markdown, with what it was measured on."""
    parts = [_measured_on(results)]
    for table in tables(results):
        parts.append(f"### {table.title}\n\n" + _markdown_table(table.columns, table.rows))
    if results.notes:
        parts.append("### Left out\n\n" + "\n".join(f"- {note}" for note in results.notes))
    return "\n\n".join(parts)


def _measured_on(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return (
        f"Measured on {machine['date']}: {machine['cores']} cores of {machine['processor']}; "
        f"{machine['system']}; {versions}. Medians over rounds, in brackets the quartiles."
    )


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def write_page(results: Results, page: Path) -> None:
    """Put the tables between the markers of the page; ``ValueError`` where it has none."""
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        msg = f"{page}: the markers of the tables are not there once each"
        raise ValueError(msg)
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}", encoding="utf-8")


@dataclass(frozen=True)
class Aim:
    """A bound on a median, and the median."""

    about: str
    bound: float
    at_most: bool
    measured: Spread

    @property
    def met(self) -> bool:
        return self.measured.median <= self.bound if self.at_most else self.measured.median >= self.bound

    @property
    def wanted(self) -> str:
        """The bound in words."""
        return f"at {'most' if self.at_most else 'least'} {self.bound:,g}"


def aims(results: Results) -> list[Aim]:
    """Every aim that this run can judge."""
    stated = [*_of_the_core(results), *_against_rivals(results), *_of_the_whole(results)]
    return [
        Aim(about, bound, at_most, measured)
        for about, bound, at_most, measured in stated
        if measured is not None
    ]


Stated = tuple[str, float, bool, Spread | None]


def _of_the_core(results: Results) -> Iterator[Stated]:
    for case in CASES:
        for subject, yardstick, bound in (
            (core.BARE, yardsticks.NUMPY, 0.40),
            (core.DEFAULT, yardsticks.NUMPY, 0.50),
            (core.DEFAULT_SOBOL, yardsticks.NUMPY, 0.50),
            (core.BARE, yardsticks.SIMD, 1.8),
        ):
            about = f"{case}: {subject}, against {yardstick}"
            yield about, bound, True, results.ratio(case, subject, yardstick)
        yield f"{case}: the fastest mode, against {yardsticks.NUMPY}", 0.25, True, _best(results, case)
        two = results.value(speed.THREADS, case, core.DEFAULT_SOBOL, speed.FASTER)
        yield f"{case}: two threads against one", 1.8, False, two


def _against_rivals(results: Results) -> Iterator[Stated]:
    for rival, bound in (
        (vectorised.VECTORISED, 15),
        (vectorised.IN_CACHE, 15),
        (libraries.APPORTIONMENT, 1100),
        (libraries.VOTELIB, 1600),
    ):
        measured = results.value(speed.COMPARISON, "A", f"{rival}, 1 thread", speed.SLOWER)
        yield f"A: {rival}, against {core.BARE}", bound, False, measured


def _of_the_whole(results: Results) -> Iterator[Stated]:
    for tails in variance.TAILS:
        for answer in (variance.P_OSDP, variance.SEATS_OSDP, variance.SEATS_AMANAT):
            what = f"{answer}, {tails}"
            measured = results.value(variance.TABLE, "A", what, variance.SMALLER)
            yield f"A: variance at equal time, plain against quasi-random: {what}", 10, False, measured
    for case, bound in (("A", 6), ("B", 8)):
        measured = results.value(scaling.RULES, case, "200 rules", scaling.ONE_PASS)
        yield f"{case}: 50 thresholds x 4 methods in one pass, against 200 runs", bound, False, measured
    measured = results.value(scaling.RULES, "A", scaling.THREE_BASES, scaling.ONE_PASS)
    yield "A: 101 thresholds x 4 methods x 3 bases in one pass, against 1,212 runs", 8, False, measured
    for what, against, bound in (
        (processes.HELP, processes.TYPER, 3),
        (processes.RUN, processes.LIBRARIES, 1.35),
    ):
        measured = results.value(processes.COMMANDS, "", what, processes.times(against))
        yield f"{what}, against {against}", bound, True, measured
    for country, most in zip(districts.COUNTRIES, (5, 8), strict=True):
        whole = results.value(districts.DISTRICTS, country, districts.RUN, districts.SECONDS)
        yield f"{country}: {districts.RUN}, seconds", most, True, whole
        times = results.value(districts.DISTRICTS, country, districts.FASTER, districts.TIMES)
        yield f"{country}: {districts.FASTER}, times", 15, False, times
    for what, bound in ((processes.FIRST_RUN, 30), (processes.FIRST_SWEEP, 15), (processes.FIRST_CAP, 15)):
        yield f"{what}, seconds", bound, True, results.value(processes.COLD, "", what, processes.SECONDS)


def _best(results: Results, case: str) -> Spread | None:
    """The smallest ratio to NumPy's normals of any core subject that registered for the case."""
    ratios = [
        record.ratios[yardsticks.NUMPY]
        for record in results.records
        if record.case == case and record.threads == 1 and SUBJECTS[record.subject].group == "core"
    ]
    return min(ratios, key=lambda ratio: ratio.median, default=None)
