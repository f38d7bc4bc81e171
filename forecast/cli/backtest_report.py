"""What ``forecast backtest`` and ``forecast fit`` show: tables on the terminal, the chart of calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from forecast.charts.drawing import Chart
from forecast.errors import visible
from forecast.estimation.law import FIRST_TERMS, METHODS, LawConstants
from forecast.tables.exporting import console_for_results, print_line, shown_text
from forecast.verification.scores import LEVELS
from forecast.verification.summary import ALL, crossing_curve
from forecast.verification.winning import BY_SPLIT, FIRST, INDEPENDENT, MODEL, USUAL

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.estimation import Constants
    from forecast.estimation.records import Bin
    from forecast.verification.backtest import Backtest
    from forecast.verification.fitting_districts import Fitted
    from forecast.verification.projection_backtest import Chain, ChainRow, Evaluation, Score
    from forecast.verification.summary import Row
    from forecast.verification.winning import WinnerEvaluation, WinnerScore

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
    for number, name in enumerate(LawConstants._fields):
        methods = METHODS if number < len(FIRST_TERMS) else METHODS[:1]
        table.add_row(name.replace("_", " "), *(_constant(fitted, method, name) for method in methods))
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


_SIZE = 300
_SHADES = {"default": "#00627A", "pooled-dirichlet": "#C2571A"}


def calibration_chart(curves: Mapping[str, Sequence[Bin]], title: str, caption: str) -> Chart:
    """What was said against what happened: curves by method, one point a bin, its area the number of
    statements; the diagonal is the aim.
    """
    values = [
        {"method": method, "said": bin.said, "happened": bin.happened, "statements": bin.statements}
        for method, curve in curves.items()
        for bin in curve
    ]
    share = {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]}
    axes = {
        "x": {"field": "said", "type": "quantitative", "title": "chance given", "axis": share},
        "y": {"field": "happened", "type": "quantitative", "title": "share that came true", "axis": share},
    }
    scale = {"domain": list(curves), "range": [_SHADES.get(method, "#767676") for method in curves]}
    colour = {"field": "method", "type": "nominal", "title": "method", "scale": scale}
    diagonal = {
        "data": {"values": [{"said": 0, "happened": 0}, {"said": 1, "happened": 1}]},
        "mark": {"type": "line", "color": "#999999", "strokeDash": [4, 4]},
        "encoding": axes,
    }
    size = {"field": "statements", "type": "quantitative", "title": "statements"}
    specification = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": title, "subtitle": caption, "anchor": "start"},
        "width": _SIZE,
        "height": _SIZE,
        "data": {"values": values},
        "layer": [
            diagonal,
            {"mark": "line", "encoding": {**axes, "color": colour}},
            {
                "mark": {"type": "point", "filled": True, "opacity": 1},
                "encoding": {
                    **axes,
                    "color": colour,
                    "shape": {**colour, "scale": {"domain": list(curves)}},
                    "size": size,
                },
            },
        ],
    }
    return Chart(specification)


# Of archives of results by district.

_LEVELS = ("0.5", "0.8", "0.95")
_HELD = {
    "shares": "district shares",
    "regional_shares": "regional shares",
    "district_seats": "seats by district",
    "national_seats": "national seats",
    "blocs": "blocs of parties",
}
_SUMS = {
    "shares_crps_permille": "CRPS of district shares, permille, mean",
    "district_seats_crps": "CRPS of seats by district, sum",
    "national_seats_crps": "CRPS of national seats, sum",
    "misplaced": "misplaced seats of the central projection, sum",
}
_CHAIN = {
    "seats_rps": "seats, RPS a list",
    "seats_mae": "seats, mean absolute error a list",
    "seats_coverage_50": "50 % intervals of seats held",
    "seats_coverage_80": "80 % intervals of seats held",
    "seats_coverage_95": "95 % intervals of seats held",
}


def print_fit(fitted: Fitted) -> None:
    """The constants with their errors, and what they rest on."""
    console = console_for_results()
    table = results_table("Constants of the projection to districts", "constant", "value", "standard error")
    for field in fields(fitted.constants):
        error = fitted.errors.get(field.name)
        value = getattr(fitted.constants, field.name)
        table.add_row(field.name.replace("_", " "), f"{value:.3f}", "" if error is None else f"{error:.3f}")
    console.print(table)
    countries = results_table("Errors of countries against the constants", "country", "pairs", "scale")
    for name, history in fitted.histories.items():
        countries.add_row(name, str(history.pairs), f"{history.scale:.2f}")
    console.print(countries)
    said = f"{fitted.pairs} pairs; divergence of true from central shares {fitted.divergence:.2f} permille"
    print_line(console, said, "dim")


def print_evaluation(found: Evaluation, pairs: int) -> None:
    """Ways side by side: intervals held, scores, and misplaced seats pair by pair."""
    console = console_for_results()
    ways = list(dict.fromkeys(score.way for score in found.scores))
    values = {(score.way, score.metric): score for score in found.scores}
    title = f"{pairs} pairs of elections at the true national shares: intervals held, 50 / 80 / 95 %"
    console.print(_held(results_table(title, "of", *ways), ways, values))
    table = results_table("Scores (standard errors over countries)", "score", *ways)
    for metric, name in _SUMS.items():
        table.add_row(name, *(_with_error(values.get((way, metric))) for way in ways))
    console.print(table)
    if found.misplaced:
        console.print(_misplaced(found))


def _held(table: Table, ways: Sequence[str], values: Mapping[tuple[str, str], Score]) -> Table:
    for metric, name in _HELD.items():
        shown: list[str] = []
        number = 0
        for way in ways:
            held = [values.get((way, f"{metric}_{level}")) for level in _LEVELS]
            shown.append(" / ".join(f"{score.value * 100:.1f}" for score in held if score is not None))
            number = max([number, *(score.number for score in held if score is not None)])
        table.add_row(f"{name} ({number:,})", *shown)
    return table


def _misplaced(found: Evaluation) -> Table:
    ways = list(found.misplaced)
    table = results_table("Misplaced seats of the central projection", "pair", *ways)
    for pair in next(iter(found.misplaced.values())):
        table.add_row(pair, *(f"{found.misplaced[way].get(pair, 0.0):g}" for way in ways))
    return table


def _with_error(
    score: Score | ChainRow | WinnerScore | None, digits: int = 2, *, in_percent: bool = False
) -> str:
    """A value with its standard error, where that is known."""
    if score is None:
        return ""
    value, error = (100.0 * number if in_percent else number for number in (score.value, score.error))
    return f"{value:.{digits}f}" + (f" ({error:.{digits}f})" if error == error else "")


def print_chain(chain: Chain, rows: Sequence[ChainRow]) -> None:
    """Seats with districts and without, all horizons and each."""
    console = console_for_results()
    if not rows:
        console.print("No election was scored: the two archives have none in common that a law is known of.")
        return
    ways = list(dict.fromkeys(row.way for row in rows))
    horizons = list(dict.fromkeys(row.horizon for row in rows))
    elections = max(row.elections for row in rows)
    for horizon in horizons:
        when = "all horizons" if horizon is None else f"{horizon} days before"
        table = results_table(f"Seats of {elections} elections from their polls, {when}", "score", *ways)
        values = {(row.way, row.metric): row for row in rows if row.horizon == horizon}
        for metric, name in _CHAIN.items():
            held = "coverage" in metric
            table.add_row(name, *(_with_error(values.get((way, metric)), in_percent=held) for way in ways))
        console.print(table)
    print_line(console, f"elections: {', '.join(dict.fromkeys(one.election for one in chain.scores))}", "dim")


_TOTALS = {
    "totals_rms": "errors of totals by party over their sds, root mean square",
    "totals_coverage_0.8": "80 % intervals of a party's districts hold",
}


def print_winners(found: WinnerEvaluation) -> None:
    """Winners called right pair by pair, scores of all ways, totals, and the calibration."""
    console = console_for_results()
    known = {(one.way, one.given, one.of, one.metric): one for one in found.scores}
    ways = list(dict.fromkeys(one.way for one in found.scores))
    rivals = [way for way in ways if (way, FIRST, found.pairs[0].contested.name, "right") in known][1:]
    table = results_table(
        "Winners called right",
        *("pair", "given", "districts", "right", "expected", "in 95 % of draws"),
        *rivals,
    )
    for one in found.pairs:
        name, low, high = one.contested.name, *one.interval
        others = [known[way, FIRST, name, "right"].value for way in rivals] if one.given == FIRST else []
        table.add_row(
            *(name, one.given, str(len(one.contested.winners)), str(one.right)),
            *(f"{one.expected_right:.0f}", f"{low:.0f} to {high:.0f}"),
            *(f"{value:.0f}" for value in others),
            *[""] * (len(rivals) - len(others)),
        )
    console.print(table)
    groups = list(dict.fromkeys(one.of for one in found.scores if one.metric == "brier"))
    scores = results_table("Scores a district (standard errors over pairs)", "way", "given", "score", *groups)
    for way in ways:
        for given in (FIRST, BY_SPLIT):
            for metric in ("brier", "log"):
                values = [known.get((way, given, group, metric)) for group in groups]
                if any(values):
                    scores.add_row(way, given, metric, *(_with_error(one, 3) for one in values))
    for metric, name in _TOTALS.items():
        for way in (MODEL, INDEPENDENT):
            for given in (FIRST, BY_SPLIT):
                values = [known.get((way, given, group, metric)) for group in groups]
                scores.add_row(way, given, name, *(_with_error(one, 3) for one in values))
    console.print(scores)
    names = ("candidate_error", "errors that districts share, factor", "split_error")
    used = results_table("What chances rest on", "country", *names)
    for country, errors in found.errors.items():
        used.add_row(country, f"{errors.candidate:.3f}", f"{errors.shared:.2f}", f"{errors.split:.2f}")
    console.print(used)
    for given, bins in found.bins.items():
        title = f"Chances of winning, {given}, {USUAL} countries"
        curve = results_table(title, "bin", "statements", "said", "won", "standard error")
        for one in bins:
            curve.add_row(
                f"{one.bin.low:.0%} to {one.bin.high:.0%}",
                f"{one.bin.statements:,}",
                f"{one.bin.said:.1%}",
                f"{one.bin.happened:.1%}",
                f"{one.error:.1%}",
            )
        console.print(curve)
