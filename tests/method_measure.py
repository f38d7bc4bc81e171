"""The measurements behind ``docs/method.md``, made on archives that do not come with the program.

``python -m tests.method_measure ARCHIVE...`` runs fits and backtests anew (minutes) and keeps what they give:
figures, the chart and the terms in ``docs/backtest``, and the calibration that ships. ``python -m
tests.method_page`` then writes the page.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from forecast.cli.backtest_report import calibration_chart
from forecast.estimation import Constants, shipped_constants
from forecast.estimation.law import LawConstants
from forecast.estimation.records import shipped_records
from forecast.verification.backtest import Backtest, Scored, run_backtest
from forecast.verification.fitting import (
    START,
    TERMS,
    Material,
    fit_constants,
    fit_law,
    fit_without,
    material_of,
    with_records,
)
from forecast.verification.past_elections import Case, PastElection, read_archives
from forecast.verification.predictive_laws import PLAIN, REFERENCE, Law, corrected_observations, law_of
from forecast.verification.summary import Row, calibration_of, crossing_curve, reductions, rows_of

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "backtest"
FIGURES, MEASURED = FOLDER / "figures.csv", FOLDER / "measured.json"
TERMS_TABLE, CHART = FOLDER / "terms.csv", FOLDER / "calibration.svg"
CALIBRATION = ROOT / "forecast" / "estimation" / "calibration.json"
KEYS = ("constants", "method", "against", "horizon", "metric", "subset")
COLUMNS = (*KEYS, "elections", "value", "standard_error")
LEFT_OUT, SHIPPED = "country left out", "shipped"
APART = ("crps", "coverage_50", "coverage_80", "coverage_95")

WITHOUT = {
    "the last result": ("last_result_weight", "last_result_growth"),
    "the size of parties": ("size_growth",),
    "the country's own record": ("record_weight",),
    "parties without a last result": ("newcomer_weight",),
    "European elections apart": ("european_weight",),
    "movement": ("movement_weight",),
    "disagreement": ("disagreement_weight",),
}
"""Terms of the default law that are left out one by one."""
NO_TREND = "half the trend"
GROUPS = 12
"""Of countries that are left out together, where terms are weighed."""
ALONE = "without"
COMPARED_METRICS = ("crps", "energy", "crossing_brier", "majority_brier")


def measure(archives: Sequence[str]) -> None:
    """Backtests with each country left out, and with the constants that ship."""
    known = shipped_constants()
    elections = read_archives(archives)
    clock = time.process_time()
    material = material_of(elections, known.trend_model)
    without = fit_without(material, fit_constants(material))
    left_out = run_backtest(elections, lambda country: without.get(country, known))
    unseen = time.process_time()
    given = run_backtest(
        elections, lambda _: known, records=shipped_records(), methods=("default", REFERENCE)
    )
    ended = time.process_time()
    rows = rows_of(left_out)
    pooled = [row for row in rows_of(given) if row.method == "default" and row.horizon is None]
    FOLDER.mkdir(exist_ok=True)
    with FIGURES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_lines(LEFT_OUT, rows))
        writer.writerows(_lines(SHIPPED, [row for row in pooled if row.subset == "all" and not row.against]))
    measured = _measured() | {
        "left_out_minutes": round((unseen - clock) / 60, 1),
        "shipped_minutes": round((ended - unseen) / 60, 1),
        "apart": [
            {
                "election": one.election,
                "horizon": one.horizon,
                **{name: round(one.values[name], 4) for name in APART},
            }
            for one in left_out.apart
            if one.method == "default"
        ],
    }
    _keep(measured)
    CALIBRATION.write_text(
        json.dumps(calibration_of(left_out, rows, elections, "country").record(), indent=1) + "\n",
        encoding="utf-8",
    )
    curves = {method: crossing_curve(left_out, method) for method in ("default", REFERENCE)}
    number = sum(bin.statements for bin in curves["default"])
    title = "Threshold crossings: what was said and what happened"
    caption = f"{number} statements on parties polled at 2 to 8 %, all horizons"
    CHART.write_bytes(calibration_chart(curves, title, caption).rendered("svg"))


def _measured() -> dict[str, object]:
    return json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}


def _keep(measured: dict[str, object]) -> None:
    MEASURED.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


def _lines(kind: str, rows: Iterable[Row]) -> Iterator[tuple[object, ...]]:
    """Rows of the file: of subsets those of three methods, of single countries three of the default."""
    for row in rows:
        if row.subset != "all" and row.method not in ("default", "average", PLAIN):
            continue
        of_country = row.method == "default" and row.metric in ("crps", "mae", "coverage_80")
        if row.subset.startswith("country=") and not of_country:
            continue
        yield (
            *(kind, row.method, row.against, row.horizon or "", row.metric, row.subset),
            *(row.elections, f"{row.value:.5g}"),
            "" if row.standard_error is None else f"{row.standard_error:.3g}",
        )


def measure_terms(archives: Sequence[str]) -> None:
    """What every term of the default law is worth: countries left out in groups, with it and without."""
    known = shipped_constants()
    elections = read_archives(archives)
    material = material_of(elections, known.trend_model)
    whole = _of_terms(elections, material, known, TERMS, law_of)
    found: list[tuple[str, list[Row]]] = []
    alone = replace(
        material,
        default=corrected_observations(material.cases, [case.centre.mean for case in material.cases]),
    )
    found.append((NO_TREND, _worth(whole, _of_terms(elections, alone, known, TERMS, _law_without_trend))))
    for title, terms in WITHOUT.items():
        kept = tuple(name for name in TERMS if name not in terms)
        found.append((title, _worth(whole, _of_terms(elections, material, known, kept, law_of))))
        _keep_terms(found)


def _keep_terms(found: Sequence[tuple[str, list[Row]]]) -> None:
    with TERMS_TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("term", "subset", "metric", "value", "standard_error"))
        for title, rows in found:
            for row in rows:
                error = "" if row.standard_error is None else f"{row.standard_error:.3g}"
                writer.writerow((title, row.subset, row.metric, f"{row.value:.4g}", error))


def _law_without_trend(case: Case, constants: Constants, method: str, record: float) -> Law:
    """The default law about the average alone."""
    return law_of(case, constants, method, record, trend=case.centre.mean)


def _of_terms(
    elections: Sequence[PastElection],
    material: Material,
    known: Constants,
    terms: Sequence[str],
    laws: Callable[[Case, Constants, str, float], Law],
) -> list[Scored]:
    """The default method with some of its terms, each group of countries forecast from the others."""
    without: dict[str, Constants] = {}
    for number in range(GROUPS):
        group = material.countries[number::GROUPS]
        weights = material.weights({country: int(country not in group) for country in material.countries})
        average = fit_law(material.average, weights, known.measure)
        start = known.law("default") if tuple(terms) == TERMS else START
        law: LawConstants = fit_law(with_records(material, average), weights, start, terms)
        without |= dict.fromkeys(group, replace(known, default=law, yardstick=average))
    found = run_backtest(
        elections, lambda country: without.get(country, known), methods=("default",), laws=laws
    )
    return list(found.scored)


def _worth(whole: list[Scored], part: list[Scored]) -> list[Row]:
    """How far the whole law scores below the law without a term, in all and by archive; and its coverage."""
    rows: list[Row] = []
    names = dict.fromkeys(one.archive for one in whole)
    for subset in ("all", *(f"archive={name}" for name in names)):
        held = [
            replace(one, method=method)
            for method, scored in (("default", whole), (ALONE, part))
            for one in scored
            if subset in ("all", f"archive={one.archive}")
        ]
        both = Backtest(tuple(held), ())
        ours, alone = ([one for one in both.scored if one.method == name] for name in ("default", ALONE))
        below = [row for row in reductions(ours, alone) if row.horizon is None]
        told = [
            row
            for row in rows_of(both)
            if (row.method, row.horizon, row.subset) == (ALONE, None, "all")
            and row.metric in ("coverage_80", "log_score", "seats_rps")
        ]
        whole_rows = [
            row
            for row in rows_of(both)
            if (row.method, row.horizon, row.subset, row.metric) == ("default", None, "all", "log_score")
        ]
        gain = told[[row.metric for row in told].index("log_score")].value - whole_rows[0].value
        log_gain = replace(whole_rows[0], metric="log_score_gain", value=gain, standard_error=None)
        rows += [replace(row, subset=subset) for row in (*below, *told, log_gain)]
    return rows


def measure_fit(archives: Sequence[str]) -> None:
    """Processor time of the fit, from the file of constants that it wrote (``forecast fit``)."""
    from forecast.verification.fitting import bootstrap

    clock = time.process_time()
    elections = read_archives(archives)
    material = material_of(elections)
    fitted = fit_constants(material)
    once = time.process_time()
    bootstrap(material, fitted, 4)
    each = (time.process_time() - once) / 4
    _keep(
        _measured()
        | {
            "fit_minutes": round((once - clock) / 60, 2),
            "resample_seconds": round(each, 1),
        }
    )


if __name__ == "__main__":
    steps = {"terms": measure_terms, "fit": measure_fit, "backtests": measure}
    chosen = [word for word in sys.argv[1:] if word in steps] or list(steps)
    for step in chosen:
        steps[step]([word for word in sys.argv[1:] if word not in steps])
