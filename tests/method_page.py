"""The figures in ``docs/method.md``: of the constants, of backtests, and of Kazakhstan.

``python -m tests.method_page ARCHIVE`` runs the backtests anew (minutes), keeps their figures and the chart
in ``docs/backtest`` and writes the page; without an archive it writes the page from the figures kept.
A test says when the page is due. Forecasts of Kazakhstan are drawn, and written only.
"""

from __future__ import annotations

import csv
import datetime
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from forecast.election import load_election
from forecast.estimation import estimate, shipped_constants
from forecast.estimation.calibration import Bin, shipped_calibration
from forecast.estimation.law import LawConstants
from forecast.polls import polls_of
from forecast.rules.counts import read_count
from forecast.simulation.forecasting import simulate
from forecast.verification.share_distributions import LogisticT

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "method.md"
FIGURES = ROOT / "docs" / "backtest" / "figures.csv"
MEASURED = ROOT / "docs" / "backtest" / "measured.json"
CHART = ROOT / "docs" / "backtest" / "calibration.svg"
COLUMNS = ("constants", "method", "against", "horizon", "elections", "metric", "value", "standard_error")
DRAWS = 2**18

LEFT_OUT, SHIPPED = "country left out", "shipped"
REFERENCE, PLAIN = "pooled-dirichlet", "plain-average"
METHODS = ("default", "trend", "last-poll-dirichlet", REFERENCE, PLAIN)
HORIZONS = ("", "1", "7", "30", "90", "180")

Figures = Mapping[tuple[str, ...], tuple[float, float | None]]
"""(constants, method, against, horizon, metric) -> value and standard error."""

_PERCENT = ("coverage", "reduction")
_SCORES = {
    "crps": "CRPS of shares, points",
    "energy": "energy score, points",
    "log_score": "log score",
    "rmse": "RMSE of shares, points",
    "coverage_50": "50 % intervals held",
    "coverage_80": "80 % intervals held",
    "coverage_95": "95 % intervals held",
    "crossing_brier": "crossings: Brier",
    "crossing_calibration_error": "crossings: calibration error",
    "majority_brier": "majorities: Brier",
    "seats_rps": "seats: RPS",
    "seats_coverage_80": "seats: 80 % intervals held",
}
_COMPARED = {
    "crps_reduction": "CRPS of shares",
    "energy_reduction": "energy score",
    "crossing_brier_reduction": "crossings: Brier",
    "majority_brier_reduction": "majorities: Brier",
}
_SYMBOLS = ("d", "κ", "γ", "s", "o", "ν", "c_M", "c_φ")


def figures() -> Figures:
    """The figures that are kept."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        return {
            tuple(row[name] for name in ("constants", "method", "against", "horizon", "metric")): (
                float(row["value"]),
                float(row["standard_error"]) if row["standard_error"] else None,
            )
            for row in csv.DictReader(file)
        }


def page_with_figures(page: str, *, drawn: bool) -> str:
    """The page with its tables as the kept figures have them; those of draws too, if asked for."""
    known = figures()
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    tables: dict[str, Callable[[], str]] = {
        "constants": constants_table,
        "basis": lambda: f"They rest on {shipped_constants().rests_on}.\n",
        "methods": lambda: methods_table(known),
        "horizons": lambda: horizons_table(known),
        "against pooled-dirichlet": lambda: against_table(known, REFERENCE),
        "against plain-average": lambda: against_table(known, PLAIN),
        "shipped": lambda: shipped_table(known),
        "crossings": lambda: curve_table(shipped_calibration().crossings),
        "majorities": lambda: curve_table(shipped_calibration().majorities),
        "apart": lambda: apart_table(measured["apart"]),
        "minutes": lambda: minutes_text(measured),
        "likeliest context": context_table,
    }
    for name, (config, as_of) in KAZAKHSTAN.items():
        if drawn:
            tables[name] = lambda config=config, as_of=as_of: beside_the_count(config, as_of)
    for name, table in tables.items():
        marked = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        text = table()
        page, found = marked.subn(lambda match, text=text: match[1] + text + match[2], page)
        if found != 1:
            msg = f"{PAGE.name} has {found} places for '{name}'"
            raise ValueError(msg)
    return page


KAZAKHSTAN: dict[str, tuple[str, datetime.date | None]] = {
    "kazakhstan 2023 before": ("kazakhstan-2023", datetime.date(2023, 3, 15)),
    "kazakhstan 2023 exit": ("kazakhstan-2023", None),
    "kazakhstan 2012": ("kazakhstan-2012", datetime.date(2012, 1, 14)),
}


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(heading)
    lines = ["| " + " | ".join(names) + " |", "| --- |" + " ---: |" * (len(names) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _shown(known: Figures, key: tuple[str, ...]) -> str:
    if key not in known:
        return ""
    value, error = known[key]
    if any(word in key[-1] for word in _PERCENT):
        return f"{value:.1%}" + (f" ({error * 100:.1f})" if error is not None else "")
    return f"{value:.3f}" + (f" ({error:.3f})" if error is not None else "")


def constants_table() -> str:
    """Both laws with their bootstrap intervals."""
    constants = shipped_constants()

    def cell(method: str, name: str) -> str:
        low, high = constants.intervals[method][name]
        return f"{getattr(constants.law(method), name):.3f} ({low:.3f} to {high:.3f})"

    names = [field.name for field in fields(LawConstants)]
    return _table(
        ("constant", "average", "trend"),
        (
            (f"{symbol} ({name.replace('_', ' ')})", cell("average", name), cell("trend", name))
            for symbol, name in zip(_SYMBOLS, names, strict=True)
        ),
    )


def methods_table(known: Figures) -> str:
    """All horizons pooled, methods side by side."""
    rows = (
        (title, *(_shown(known, (LEFT_OUT, method, "", "", metric)) for method in METHODS))
        for metric, title in _SCORES.items()
    )
    return _table(("score", *METHODS), rows)


def horizons_table(known: Figures) -> str:
    """The default method by days before the election."""
    rows = (
        (title, *(_shown(known, (LEFT_OUT, "default", "", horizon, metric)) for horizon in HORIZONS))
        for metric, title in _SCORES.items()
    )
    return _table(("score", "pooled", *(f"{horizon} d" for horizon in HORIZONS[1:])), rows)


def against_table(known: Figures, reference: str) -> str:
    """How far below another method the default scores."""
    rows = (
        (title, *(_shown(known, (LEFT_OUT, "default", reference, horizon, metric)) for horizon in HORIZONS))
        for metric, title in _COMPARED.items()
    )
    return _table(("lower by", "pooled", *(f"{horizon} d" for horizon in HORIZONS[1:])), rows)


def shipped_table(known: Figures) -> str:
    """What it is worth to know the elections that are scored."""
    rows = (
        (title, *(_shown(known, (kind, "default", "", "", metric)) for kind in (LEFT_OUT, SHIPPED)))
        for metric, title in _SCORES.items()
    )
    return _table(("score", LEFT_OUT, "shipped constants"), rows)


def curve_table(curve: Iterable[Bin]) -> str:
    """A calibration curve."""
    rows = (
        (f"{bin.low:.0%} to {bin.high:.0%}", f"{bin.said:.1%}", f"{bin.happened:.1%}", str(bin.statements))
        for bin in curve
    )
    return _table(("chance given", "mean given", "came true", "statements"), rows)


def apart_table(apart: Iterable[Mapping[str, float | str]]) -> str:
    """Elections that count in no total."""
    rows = (
        (
            str(one["election"]),
            str(one["horizon"]),
            f"{one['crps']:.2f}",
            *(f"{one[f'coverage_{level}']:.0%}" for level in (50, 80, 95)),
        )
        for one in apart
    )
    return _table(("election", "days before", "CRPS, points", "50 % held", "80 % held", "95 % held"), rows)


def minutes_text(measured: Mapping[str, float]) -> str:
    """How long it takes."""
    return (
        "Measured on two shared cores, over the whole archive, in minutes: the fit with a bootstrap of 200\n"
        f"resamples {measured['fit_minutes']:.1f}, a backtest of all methods with constants fitted without\n"
        f"each country {measured['left_out_minutes']:.1f}, one with given constants "
        f"{measured['shipped_minutes']:.1f}.\n"
    )


def likeliest_context(config: str, as_of: datetime.date) -> float:
    """The factor on A that makes the official result likeliest."""
    from scipy.optimize import minimize

    election = load_election(ROOT / "configs" / f"{config}.toml")
    made = estimate(election, polls_of(election), as_of)
    votes = {entry.id: float(entry.votes) for entry in read_count(election).ballot.entries}
    result = np.array([votes[unit] for unit in made.units]) / sum(votes.values())
    sampling = 1.0 / (made.n_eff * made.mean)
    common = (np.diag(made.scale) - sampling) / made.context**2

    def loss(log_factor: np.ndarray) -> float:
        scales = common * np.exp(2.0 * log_factor[0]) + sampling
        return -LogisticT(made.mean, scales, made.degrees_of_freedom).log_density(result)

    return float(np.exp(minimize(loss, np.zeros(1), method="L-BFGS-B").x[0]))


def context_table() -> str:
    """How far the polls of managed elections missed, in units of the law of ordinary ones."""
    dates = {config: as_of for config, as_of in KAZAKHSTAN.values() if as_of is not None}
    rows = ((config, str(day), f"{likeliest_context(config, day):.1f}") for config, day in dates.items())
    return _table(("election", "as of", "likeliest factor"), rows)


def beside_the_count(config: str, as_of: datetime.date | None) -> str:
    """A forecast beside what happened: shares with 80 % intervals, chances to pass, seats."""
    from forecast.rules.reference import apply_rule

    election = load_election(ROOT / "configs" / f"{config}.toml")
    made = estimate(election, polls_of(election), as_of)
    data = simulate(election, made, draws=DRAWS).dataset
    ballot = read_count(election).ballot
    official = apply_rule(election.rule, ballot)
    votes = {entry.id: int(entry.votes) for entry in ballot.entries}
    total = sum(votes.values())
    levels = data["quantile_level"].values.tolist()
    low, middle, high = (levels.index(level) for level in (0.1, 0.5, 0.9))
    rows = []
    for k, party in enumerate(data["party"].values):
        share, seats = data["share_quantile"].values[k], data["seat_quantile"].values[k]
        seatless = data["party_kind"].values[k] == "none-of-the-above"
        count = votes[str(party)] / total
        rows.append(
            (
                str(data["party_name"].values[k]),
                f"{share[middle]:.1%} ({share[low]:.1%} to {share[high]:.1%})",
                f"{count:.2%}{'' if share[low] <= count <= share[high] else ' *'}",
                "–" if seatless else _chance(float(data["pass_probability"].values[k])),
                "–" if seatless else f"{seats[middle]:.0f} ({seats[low]:.0f} to {seats[high]:.0f})",
                "–" if seatless else str(official.seats.get(str(party), 0)),
            )
        )
    return _table(
        ("party", "share (80 % interval)", "official", "passes", "seats (80 %)", "official seats"), rows
    )


def _chance(value: float) -> str:
    return "<0.1 %" if value < 0.001 else ">99.9 %" if value > 0.999 else f"{value * 100:.0f} %"


def measure(archive: str) -> None:
    """Run fit and backtests on an archive; keep the figures and the chart."""
    from forecast.verification.archive import read_archive
    from forecast.verification.backtest import run_backtest
    from forecast.verification.chart import as_svg, calibration_chart
    from forecast.verification.fitting import bootstrap, fit_constants, fit_without, material_of
    from forecast.verification.summary import Row, crossing_curve, reductions, rows_of

    known = shipped_constants()
    clock = time.perf_counter()
    elections = read_archive(archive)
    material = material_of(elections)
    bootstrap(material, fit_constants(material), 200)
    fitted = time.perf_counter()
    material = material_of(elections, known.trend_model)
    without = fit_without(material, fit_constants(material))
    left_out = run_backtest(elections, lambda country: without.get(country, known))
    unseen = time.perf_counter()
    given = run_backtest(elections, lambda _: known)
    ended = time.perf_counter()

    def lines(kind: str, against: str, rows: Iterable[Row]) -> list[tuple[object, ...]]:
        return [
            (
                *(kind, row.method, against, row.horizon or "", row.elections, row.metric),
                f"{row.value:.5g}",
                "" if row.standard_error is None else f"{row.standard_error:.3g}",
            )
            for row in rows
            if against or not row.metric.endswith("_reduction")
        ]

    FIGURES.parent.mkdir(exist_ok=True)
    with FIGURES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(lines(LEFT_OUT, "", rows_of(left_out)))
        for reference in (REFERENCE, PLAIN):
            writer.writerows(lines(LEFT_OUT, reference, reductions(left_out, "default", reference)))
        pooled = [row for row in rows_of(given) if row.method == "default" and row.horizon is None]
        writer.writerows(lines(SHIPPED, "", pooled))
    wanted = ("crps", "coverage_50", "coverage_80", "coverage_95")
    measured = {
        "fit_minutes": round((fitted - clock) / 60, 1),
        "left_out_minutes": round((unseen - fitted) / 60, 1),
        "shipped_minutes": round((ended - unseen) / 60, 1),
        "apart": [
            {
                "election": one.election,
                "horizon": one.horizon,
                **{name: round(one.values[name], 4) for name in wanted},
            }
            for one in left_out.apart
            if one.method == "default"
        ],
    }
    MEASURED.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    curves = {method: crossing_curve(left_out, method) for method in ("default", REFERENCE)}
    number = sum(bin.statements for bin in curves["default"])
    title = "Threshold crossings: what was said and what happened"
    caption = f"{number} statements on parties polled at 2 to 8 %, all horizons"
    CHART.write_text(as_svg(calibration_chart(curves, title, caption)), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    PAGE.write_text(page_with_figures(PAGE.read_text(encoding="utf-8"), drawn=True), encoding="utf-8")
