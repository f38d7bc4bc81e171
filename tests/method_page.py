"""The figures in ``docs/method.md``: of the constants, of backtests, and of Kazakhstan.

``python -m tests.method_page`` writes the page from the figures that ``tests.method_measure`` keeps in
``docs/backtest``. A test says when the page is due. Forecasts of Kazakhstan are drawn, and written only.
"""

from __future__ import annotations

import csv
import datetime
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from forecast.election import load_election
from forecast.estimation import Estimate, estimate, shipped_constants
from forecast.estimation.average import FLOOR, OTHER
from forecast.estimation.law import EXIT_ERROR, LawConstants
from forecast.estimation.records import Bin, country_record, shipped_calibration, shipped_records
from forecast.polls import polls_of
from forecast.rules.counts import read_count
from forecast.simulation.forecasting import simulate
from forecast.verification.predictive_laws import PLAIN, REFERENCE, LogisticT
from forecast.verification.summary import SEEN_ERRORS
from tests.method_measure import FIGURES, KEYS, LEFT_OUT, MEASURED, SHIPPED, TERMS_TABLE

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "method.md"
DRAWS = 2**18
METHODS = ("default", "average", "trend", PLAIN, REFERENCE, "last-poll-dirichlet")
HORIZONS = ("", "1", "7", "30", "90", "180")

Figures = Mapping[tuple[str, ...], tuple[float, float | None]]
"""(constants, method, against, horizon, metric, subset) -> value and standard error."""

_PERCENT = ("coverage", "reduction")
_SCORES = {
    "crps": "CRPS of shares, points",
    "energy": "energy score, points",
    "log_score": "log score",
    "rmse": "RMSE of means, points",
    "mae": "MAE of medians, points",
    "coverage_50": "50 % intervals held",
    "coverage_80": "80 % intervals held",
    "coverage_95": "95 % intervals held",
    "crossing_brier": "crossings: Brier",
    "crossing_calibration_error": "crossings: calibration error",
    "crossing_calibration_floor": "the same of a perfect forecaster",
    "majority_brier": "majorities: Brier",
    "seats_rps": "seats: RPS",
    "seats_mae": "seats: MAE of medians",
    "seats_coverage_80": "seats: 80 % intervals held",
}
_COMPARED = {
    "crps_reduction": "CRPS of shares",
    "energy_reduction": "energy score",
    "crossing_brier_reduction": "crossings: Brier",
    "majority_brier_reduction": "majorities: Brier",
}
_SYMBOLS = ("d", "κ", "γ", "s", "o", "ν", "c_M", "c_φ", "b₀", "b₁", "b₂", "c_R", "c_N", "c_E")


def figures() -> Figures:
    """The figures that are kept."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        return {
            tuple(row[name] for name in KEYS): (
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
        "basis": basis_text,
        "records": records_table,
        "terms": terms_table,
        "methods": lambda: methods_table(known),
        "horizons": lambda: horizons_table(known),
        "against pooled-dirichlet": lambda: against_table(known, REFERENCE),
        "against plain-average": lambda: against_table(known, PLAIN),
        "subsets": lambda: subsets_table(known),
        "kinds": lambda: kinds_table(known),
        "mae": lambda: mae_table(known),
        "shipped": lambda: shipped_table(known),
        "crossings": lambda: curve_table(shipped_calibration().crossings),
        "majorities": lambda: curve_table(shipped_calibration().majorities),
        "apart": lambda: apart_table(measured["apart"]),
        "minutes": lambda: minutes_text(measured),
        "likeliest context": context_table,
        "exit polls": exit_table,
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


ARCHIVES = ("polling-archive", "polling-archive-more")
_MORE = f"archive={ARCHIVES[1]}"
SUBSETS = {
    "all": "all",
    f"archive={ARCHIVES[0]}": "first archive: national, 2002-2022",
    _MORE: "second archive",
    f"{_MORE} kind=national": "of it national",
    "kind=regional": "of it Laender and Madrid",
    "kind=european": "of it European Parliament 2019",
    "record=none": "countries without an earlier election",
}
KINDS = {"kind=national": "national", "kind=regional": "of a region", "kind=european": "European"}
EXIT_POLLED = ("kazakhstan-2012", "kazakhstan-2016", "kazakhstan-2021", "kazakhstan-2023")

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
    if any(word in key[KEYS.index("metric")] for word in _PERCENT):
        return f"{value:.1%}" + (f" ({error * 100:.1f})" if error is not None else "")
    return f"{value:.3f}" + (f" ({error:.3f})" if error is not None else "")


def constants_table() -> str:
    """The laws with their bootstrap intervals."""
    constants = shipped_constants()

    def cell(method: str, name: str) -> str:
        if name not in constants.intervals[method]:
            return ""
        low, high = constants.intervals[method][name]
        return f"{getattr(constants.law(method), name):.3f} ({low:.3f} to {high:.3f})"

    names = LawConstants._fields
    methods = ("default", "average", "trend")
    return _table(
        ("constant", *methods),
        (
            (f"{symbol} ({name.replace('_', ' ')})", *(cell(method, name) for method in methods))
            for symbol, name in zip(_SYMBOLS, names, strict=True)
        ),
    )


def basis_text() -> str:
    """What the constants rest on."""
    constants = shipped_constants()
    return (
        f"Those of the default rest on {constants.basis('default')}; those of `average` and `trend` are of "
        f"0.3.0\nand rest on {constants.basis('average')}.\n"
    )


def records_table() -> str:
    """R of every country after all of its elections in the records that ship, the least first."""
    by_country = Counter(one.country for one in shipped_records())
    after = datetime.date.max
    found = sorted((country_record(shipped_records(), name, after).value, name) for name in by_country)
    rows = (
        (name, str(by_country[name]), f"{value:+.2f}", f"{np.exp(value) - 1:+.0%}") for value, name in found
    )
    return _table(("country", "elections", "R", "polls missed by"), rows)


def terms_table() -> str:
    """What is lost without a term of the default law."""
    with TERMS_TABLE.open(encoding="utf-8", newline="") as file:
        known = {(row["term"], row["subset"], row["metric"]): row for row in csv.DictReader(file)}
    subsets = ("all", *(f"archive={name}" for name in ARCHIVES))

    def gain(term: str, subset: str, metric: str) -> str:
        row = known[term, subset, f"{metric}_reduction"]
        return f"{float(row['value']):.2%} ({float(row['standard_error']) * 100:.2f})"

    rows = (
        (
            term,
            *(gain(term, subset, "crps") for subset in subsets),
            gain(term, "all", "majority_brier"),
            gain(term, "all", "crossing_brier"),
            f"{float(known[term, 'all', 'log_score_gain']['value']):.3f}",
            f"{float(known[term, 'all', 'coverage_80']['value']):.1%}",
        )
        for term in dict.fromkeys(key[0] for key in known)
    )
    heading = ("without", "CRPS", "first archive", "second", "majorities", "crossings", "log score")
    return _table((*heading, "80 % held without it"), rows)


def methods_table(known: Figures) -> str:
    """All horizons pooled, methods side by side."""
    rows = (
        (title, *(_shown(known, (LEFT_OUT, method, "", "", metric, "all")) for method in METHODS))
        for metric, title in _SCORES.items()
    )
    return _table(("score", *METHODS), rows)


def horizons_table(known: Figures) -> str:
    """The default method by days before the election."""
    rows = (
        (title, *(_shown(known, (LEFT_OUT, "default", "", horizon, metric, "all")) for horizon in HORIZONS))
        for metric, title in _SCORES.items()
    )
    return _table(("score", "pooled", *(f"{horizon} d" for horizon in HORIZONS[1:])), rows)


def against_table(known: Figures, reference: str) -> str:
    """How far below another method the default scores, and which gain could have been seen."""
    rows = []
    for metric, title in _COMPARED.items():
        keys = [(LEFT_OUT, "default", reference, horizon, metric, "all") for horizon in HORIZONS]
        error = known[keys[0]][1]
        least = "" if error is None else f"{SEEN_ERRORS * error:.1%}"
        rows.append((title, *(_shown(known, key) for key in keys), least))
    heading = ("lower by", "pooled", *(f"{horizon} d" for horizon in HORIZONS[1:]), "could be seen")
    return _table(heading, rows)


def subsets_table(known: Figures) -> str:
    """By archive and kind of election: what is gained on a plain average, and how much intervals hold."""
    rows = (
        (
            title,
            *(
                _shown(known, (LEFT_OUT, "default", PLAIN, "", f"{metric}_reduction", subset))
                for metric in ("crps", "majority_brier", "crossing_brier")
            ),
            *(
                _shown(known, (LEFT_OUT, method, "", "", "coverage_80", subset))
                for method in ("default", "average")
            ),
        )
        for subset, title in SUBSETS.items()
    )
    heading = ("elections", "CRPS lower by", "majorities", "crossings", "80 % held", "by the average")
    return _table(heading, rows)


def kinds_table(known: Figures) -> str:
    """How much 80 % intervals hold by kind of election and horizon, and the error of the median."""
    rows = (
        (
            f"{title}: {what}",
            *(_shown(known, (LEFT_OUT, "default", "", day, metric, subset)) for day in HORIZONS),
        )
        for subset, title in KINDS.items()
        for metric, what in (("coverage_80", "80 % held"), ("mae", "MAE, points"))
    )
    return _table(("elections", "pooled", *(f"{horizon} d" for horizon in HORIZONS[1:])), rows)


def mae_table(known: Figures) -> str:
    """The mean error of medians by archive, beside the plain average."""
    rows = (
        (
            f"{name}: {method}",
            *(_shown(known, (LEFT_OUT, method, "", day, "mae", f"archive={name}")) for day in HORIZONS),
        )
        for name in ARCHIVES
        for method in ("default", PLAIN)
    )
    return _table(("MAE, points", "pooled", *(f"{horizon} d" for horizon in HORIZONS[1:])), rows)


def shipped_table(known: Figures) -> str:
    """What it is worth to know the elections that are scored."""
    rows = (
        (title, *(_shown(known, (kind, "default", "", "", metric, "all")) for kind in (LEFT_OUT, SHIPPED)))
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
    resample = measured["resample_seconds"] / 60
    return (
        "Processor time on one core, over both archives, in minutes: the fit "
        f"{measured['fit_minutes']:.1f}, every resample of\nthe bootstrap {resample:.2f}, a backtest of all "
        "methods with constants fitted without each country\n"
        f"{measured['left_out_minutes']:.1f}, one of the default with given constants "
        f"{measured['shipped_minutes']:.1f}.\n"
    )


def _made(config: str, as_of: datetime.date | None) -> tuple[Estimate, np.ndarray, np.ndarray]:
    """An estimate, the official result in its units, and its sampling variances."""
    election = load_election(ROOT / "configs" / f"{config}.toml")
    made = estimate(election, polls_of(election), as_of)
    votes = {entry.id: float(entry.votes) for entry in read_count(election).ballot.entries}
    result = np.array([votes.get(unit, 0.0) for unit in made.units]) / sum(votes.values())
    if made.units[-1] == OTHER:
        result[-1] = 1.0 - result[:-1].sum()
    return made, result, 1.0 / (made.n_eff * np.maximum(made.mean, FLOOR))


def _losses(config: str, as_of: datetime.date | None, factors: np.ndarray) -> np.ndarray:
    """Minus the log density of the result with the common scale times every factor."""
    made, result, sampling = _made(config, as_of)
    common = (np.diag(made.scale) - sampling) / made.context**2
    laws = (
        LogisticT(made.mean, common * factor**2 + sampling, made.degrees_of_freedom) for factor in factors
    )
    return np.array([-law.log_density(result) for law in laws])


def _likeliest(losses: np.ndarray, values: np.ndarray) -> tuple[str, str]:
    """The likeliest value and its interval of 95 % by the likelihood ratio."""
    inside = values[losses < losses.min() + 1.92]
    # The least value looked at stands for all below it.
    best, least = (
        f"under {one:.2g}" if one == values[0] else f"{one:.2g}"
        for one in (values[losses.argmin()], inside.min())
    )
    return best, f"{least} to {inside.max():.2g}"


def context_table() -> str:
    """How far the polls of managed elections missed, in units of the law of ordinary ones."""
    dates = {config: as_of for config, as_of in KAZAKHSTAN.values() if as_of is not None}
    factors = np.exp(np.linspace(-1.0, 2.0, 301))
    losses = {config: _losses(config, day, factors) for config, day in dates.items()}
    rows = [(config, str(dates[config]), *_likeliest(loss, factors)) for config, loss in losses.items()]
    both = np.sum(list(losses.values()), axis=0)
    return _table(
        ("election", "as of", "likeliest factor", "95 %"), [*rows, ("both", "", *_likeliest(both, factors))]
    )


def exit_table() -> str:
    """How far exit polls missed: the A that makes the official results likeliest."""
    values = np.exp(np.linspace(np.log(0.002), np.log(0.2), 301))
    losses = {config: _losses(config, None, values / EXIT_ERROR) for config in EXIT_POLLED}
    rows = [(config, *_likeliest(loss, values)) for config, loss in losses.items()]
    return _table(
        ("election", "likeliest A", "95 %"),
        [*rows, ("all", *_likeliest(np.sum(list(losses.values()), axis=0), values))],
    )


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


if __name__ == "__main__":
    PAGE.write_text(page_with_figures(PAGE.read_text(encoding="utf-8"), drawn=True), encoding="utf-8")
