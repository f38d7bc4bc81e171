"""What ``forecast backtest --winners`` shows: chances of winning districts against what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.cli.backtest_report import results_table
from forecast.tables.terminal import console_for_results
from forecast.verification.districts.winning import BY_SPLIT, FIRST, INDEPENDENT, MODEL, USUAL

if TYPE_CHECKING:
    from forecast.verification.districts.winning import WinnerEvaluation, WinnerScore

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
                    scores.add_row(way, given, metric, *map(_shown, values))
    for metric, name in _TOTALS.items():
        for way in (MODEL, INDEPENDENT):
            for given in (FIRST, BY_SPLIT):
                values = [known.get((way, given, group, metric)) for group in groups]
                scores.add_row(way, given, name, *map(_shown, values))
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


def _shown(score: WinnerScore | None) -> str:
    if score is None:
        return ""
    error = f" ({score.error:.3f})" if score.error == score.error else ""
    return f"{score.value:.3f}{error}"
