"""What ``forecast fit`` and ``forecast backtest`` show of an archive of results by district."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from forecast.cli.backtest_report import results_table
from forecast.tables.terminal import console_for_results, print_line

if TYPE_CHECKING:
    from rich.table import Table

    from forecast.verification.districts.chain import Chain, ChainRow
    from forecast.verification.districts.evaluating import Evaluation, Score
    from forecast.verification.districts.fitting_projection import Fitted

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


def _with_error(score: Score | None) -> str:
    if score is None:
        return ""
    error = f" ({score.error:.2f})" if score.error == score.error else ""
    return f"{score.value:.2f}{error}"


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
            table.add_row(name, *(_of_chain(values.get((way, metric))) for way in ways))
        console.print(table)
    print_line(console, f"elections: {', '.join(dict.fromkeys(one.election for one in chain.scores))}", "dim")


def _of_chain(row: ChainRow | None) -> str:
    if row is None:
        return ""
    times = 100.0 if "coverage" in row.metric else 1.0
    error = f" ({row.error * times:.2f})" if row.error == row.error else ""
    return f"{row.value * times:.2f}{error}"
