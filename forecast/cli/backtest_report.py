"""What ``forecast backtest`` and ``forecast fit`` show on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from forecast.estimation.constants import FIRST_TERMS, METHODS
from forecast.estimation.law import LawConstants
from forecast.tables.terminal import console_for_results, print_line, shown_text
from forecast.verification.scores import LEVELS
from forecast.verification.summary import ALL, crossing_curve
from forecast.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.estimation import Constants
    from forecast.verification.backtest import Backtest
    from forecast.verification.summary import Row

_PERCENT = ("coverage", "reduction")
"""Metrics with such a word in their names are fractions that are shown in percent."""
_METRICS = {
    "crps": "CRPS, points",
    "energy": "energy score, points",
    "log_score": "log score",
    "rmse": "RMSE of means, points",
    "mae": "MAE of medians, points",
    "coverage_50": "50 % intervals held",
    "coverage_80": "80 % intervals held",
    "coverage_95": "95 % intervals held",
    "crossing_brier": "crossings, Brier",
    "crossing_calibration_error": "crossings, calibration error",
    "crossing_calibration_floor": "  the same of a perfect forecaster",
    "majority_brier": "majorities, Brier",
    "seats_rps": "seats, RPS against the official",
    "seats_rps_by_rule": "seats, RPS against the rule",
    "seats_mae": "seats, MAE of medians",
    "seats_coverage_80": "seats, 80 % intervals held",
}
_BY_HORIZON = (
    "crps",
    "mae",
    "coverage_50",
    "coverage_80",
    "coverage_95",
    "crossing_brier",
    "majority_brier",
    "seats_mae",
)
_COMPARED = {
    "crps_reduction": "CRPS",
    "energy_reduction": "energy score",
    "crossing_brier_reduction": "crossings, Brier",
    "majority_brier_reduction": "majorities, Brier",
}
_OF_SUBSETS = ("crps", "mae", "coverage_50", "coverage_80", "coverage_95", "crossing_brier", "majority_brier")


def print_backtest(found: Backtest, rows: Sequence[Row]) -> None:
    """Methods side by side, the first of them by horizon, its calibration, and the elections shown apart."""
    console = console_for_results()
    if not rows:
        console.print("No election was scored: the archive has no national polls known in time.")
        return
    methods = list(dict.fromkeys(row.method for row in rows))
    console.print(_pooled(rows, methods))
    console.print(_by_horizon(rows, methods[0]))
    for reference in dict.fromkeys(row.against for row in rows if row.against):
        if reference != methods[0]:
            console.print(_against(rows, methods[0], reference))
    if any(row.subset != ALL for row in rows):
        console.print(_subsets(rows, methods[0]))
    console.print(_calibration(found, methods[0]))
    _print_apart(console, found, methods[0])


def _pooled(rows: Sequence[Row], methods: Sequence[str]) -> Table:
    values = {
        (row.method, row.metric): row
        for row in rows
        if row.horizon is None and row.subset == ALL and not row.against
    }
    number = max(row.elections for row in values.values())
    table = results_table(
        f"{number} elections, all horizons (standard errors, clustered by election)", "score", *methods
    )
    for metric, title in _METRICS.items():
        found = [values.get((method, metric)) for method in methods]
        if any(found):
            table.add_row(title, *(_text(row) for row in found))
    return table


def _by_horizon(rows: Sequence[Row], method: str) -> Table:
    rows = [row for row in rows if row.subset == ALL and not row.against]
    horizons = sorted({row.horizon for row in rows if row.horizon is not None})
    table = results_table(f"{method}, by days before the election", "score", *map(str, horizons))
    values = {(row.metric, row.horizon): row for row in rows if row.method == method}
    for metric in _BY_HORIZON:
        found = [values.get((metric, horizon)) for horizon in horizons]
        if any(found):
            table.add_row(_METRICS[metric], *(_text(row) for row in found))
    return table


def _against(rows: Sequence[Row], method: str, reference: str) -> Table:
    """How far below another method, whether that is more than luck, and what could have been seen at all."""
    chosen = [row for row in rows if (row.method, row.against, row.subset) == (method, reference, ALL)]
    horizons = sorted({row.horizon for row in chosen if row.horizon is not None})
    table = results_table(
        f"{method} below {reference} by (* over two standard errors)",
        "score",
        "pooled",
        *map(str, horizons),
        "least gain seen",
    )
    for metric, title in _COMPARED.items():
        found = {row.horizon: row for row in chosen if row.metric == metric}
        if found:
            seen = found[None].could_be_seen if None in found else None
            cells = (_text(found.get(day)) for day in (None, *horizons))
            table.add_row(title, *cells, "" if seen is None else f"{seen * 100:.1f}%")
    return table


def _subsets(rows: Sequence[Row], method: str) -> Table:
    """Archives, kinds of elections, countries: pooled over horizons."""
    chosen = [row for row in rows if row.method == method and row.horizon is None and row.subset != ALL]
    titles = [_METRICS[metric].replace(" intervals held", "") for metric in _OF_SUBSETS]
    table = results_table(f"{method}, by kind of election and country", "elections", "number", *titles)
    for subset in dict.fromkeys(row.subset for row in chosen):
        found = {row.metric: row for row in chosen if row.subset == subset and not row.against}
        number = max(row.elections for row in found.values())
        table.add_row(subset, str(number), *(_text(found.get(metric), plain=True) for metric in _OF_SUBSETS))
    return table


def _calibration(found: Backtest, method: str) -> Table:
    table = results_table(
        f"{method}: parties near the threshold", "chance given", "mean given", "entered", "statements"
    )
    for bin in crossing_curve(found, method):
        span = f"{bin.low:.0%} to {bin.high:.0%}"
        table.add_row(span, f"{bin.said:.1%}", f"{bin.happened:.1%}", str(bin.statements))
    return table


def _print_apart(console: Console, found: Backtest, method: str) -> None:
    """Sparse elections: never fitted, in no total."""
    apart = [one for one in found.apart if one.method == method]
    if not apart:
        return
    table = results_table(
        f"{method}, shown apart and in no total",
        "election",
        "days",
        "CRPS, points",
        *(f"{level:.0%} held" for level in LEVELS),
    )
    for one in apart:
        held = (f"{one.values[f'coverage_{level * 100:.0f}']:.0%}" for level in LEVELS)
        table.add_row(shown_text(visible(one.election)), str(one.horizon), f"{one.values['crps']:.2f}", *held)
    console.print(table)


def print_constants(fitted: Constants) -> None:
    """The laws with their intervals, and what they rest on."""
    console = console_for_results()
    table = results_table(
        "Constants of the error laws (95 % intervals, bootstrap by country)", "constant", *METHODS
    )
    for number, field in enumerate(fields(LawConstants)):
        methods = METHODS if number < len(FIRST_TERMS) else METHODS[:1]
        table.add_row(
            field.name.replace("_", " "), *(_constant(fitted, method, field.name) for method in methods)
        )
    console.print(table)
    print_line(console, str(fitted.rests_on), "dim")
    if fitted.named_rest_on is not None:
        print_line(console, f"average and trend: {fitted.named_rest_on}", "dim")


def _constant(fitted: Constants, method: str, name: str) -> str:
    value = getattr(fitted.law(method), name)
    interval = fitted.intervals.get(method, {}).get(name)
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})" if interval else f"{value:.3f}"


def _text(row: Row | None, *, plain: bool = False) -> str:
    """A value with its standard error, unless ``plain``; a star marks differences over two of them."""
    if row is None:
        return ""
    error = None if plain else row.standard_error
    if any(word in row.metric for word in _PERCENT):
        star = "*" if error is not None and row.against and row.is_sure else ""
        return f"{row.value * 100:.1f}%" + ("" if error is None else f" ({error * 100:.1f}){star}")
    return f"{row.value:.3f}" + ("" if error is None else f" ({error:.3f})")


def results_table(title: str, *columns: str) -> Table:
    """An empty table of results, its first column to the left."""
    table = Table(
        title=Text(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for number, column in enumerate(columns):
        first = number == 0
        table.add_column(
            Text(column),
            justify="left" if first else "right",
            no_wrap=not first,
            overflow="fold",
            min_width=16 if first else None,
        )
    return table
