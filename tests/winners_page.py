"""The figures of chances of winning in ``docs/chamber.md``, from an archive of results by district;
``python -m tests.winners_page ARCHIVE`` writes them, ``--fit`` the constants without each country first.
"""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import TypeVar

from forecast.geography.pattern import Constants
from forecast.verification.election_pairs import read_contested, read_pairs
from forecast.verification.fitting_districts import Fittable, fit_candidates, fit_without
from forecast.verification.winning import (
    APART,
    BY_SPLIT,
    FIRST,
    INDEPENDENT,
    LAST_WINNER,
    MODEL,
    PROPORTIONAL,
    USUAL,
    CandidateErrors,
    WinnerEvaluation,
    evaluate_winners,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "chamber.md"
CONSTANTS = Path(__file__).with_name("constants_without.csv")
"""Constants of the projection and of candidates, fitted without each country that has candidates; those of
all countries as ``all``, and as ``apart`` with the errors of candidates in those that are shown apart.
"""
_FIGURES = re.compile(r"(<!-- winners -->\n).*?(<!-- end -->)", re.DOTALL)
_NAMES = {
    "germany": "Germany",
    "lithuania": "Lithuania",
    "nepal": "Nepal",
    "newzealand": "New Zealand",
    "scotland": "Scotland",
}
Kind = TypeVar("Kind", Constants, CandidateErrors)
_OF = {USUAL: "six pairs", "lithuania": "Lithuania", "nepal": "Nepal"}


def write_constants(archive: Path) -> None:
    """Fit the constants without each country that has candidates; some minutes."""
    found = Fittable(read_contested(archive).pairs, read_pairs(archive).pairs)
    countries = sorted({one.pair.country for one in found.contested})
    whole, without = fit_without(found.lists, countries)
    columns = {
        "all": whole,
        "apart": whole,
        **{country: without.get(country, whole) for country in countries},
    }
    errors = {
        name: fit_candidates(
            found, law, name if name in countries else "", apart=name == "apart" or name in APART
        )
        for name, law in columns.items()
    }
    with CONSTANTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", *columns])
        for kind in (columns, errors):
            for name in asdict(kind["all"]):
                writer.writerow([name, *(f"{getattr(law, name):.6g}" for law in kind.values())])


def constants() -> dict[str, tuple[Constants, CandidateErrors]]:
    """By the country that they were fitted without; those of all countries as ``all`` and ``apart``."""
    with CONSTANTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def of(name: str, kind: type[Kind]) -> Kind:
        known = {field.name for field in fields(kind)}
        return kind(**{row["name"]: float(row[name]) for row in rows if row["name"] in known})

    return {name: (of(name, Constants), of(name, CandidateErrors)) for name in rows[0] if name != "name"}


def evaluated(archive: Path) -> WinnerEvaluation:
    """The evaluation behind the figures."""
    laws = constants()
    return evaluate_winners(
        read_contested(archive).pairs, lambda country: laws[country][0], lambda country: laws[country][1]
    )


def figures(found: WinnerEvaluation) -> str:
    """The tables of the page."""
    return "\n" + "\n\n".join([_errors(), _called(found), _scores(found), _bins(found)]) + "\n\n"


def with_figures(page: str, found: WinnerEvaluation) -> str:
    """The page with the figures as they are now."""
    return _FIGURES.sub(lambda match: match[1] + figures(found) + match[2], page)


def _errors() -> str:
    rows = [
        "| fitted without | `candidate_error` | errors that districts share | `split_error` |",
        "|---|---|---|---|",
    ]
    names = {**_NAMES, "all": "none: what is used", "apart": "none: Lithuania and Nepal"}
    for name, (_, errors) in sorted(constants().items(), key=lambda row: list(names).index(row[0])):
        cells = [f"{errors.candidate:.2g}", f"× {errors.shared:.2f}", f"{errors.split:.2f}"]
        rows.append(f"| {' | '.join([names[name], *cells])} |")
    return "\n".join(rows)


def _called(found: WinnerEvaluation) -> str:
    given = f"{FIRST} | expected, 95 % | {BY_SPLIT} | expected, 95 %"
    rows = [f"| winners called right | of | {given} | last winner | proportional swing |", f"|{'---|' * 8}"]
    pairs = {(one.contested.name, one.given): one for one in found.pairs}
    for (name, given), first in pairs.items():
        if given != FIRST:
            continue
        pair = first.contested.pair
        country = pair.country
        years = [
            part.removeprefix(f"{country}-")
            for part in (first.contested.pair.before, first.contested.pair.after)
        ]
        cells = [f"{_NAMES[country]} {years[0]} to {years[1]}", str(len(first.contested.winners))]
        for one in (first, pairs.get((name, BY_SPLIT))):
            cells.append("–" if one is None else str(one.right))
            said = (
                ""
                if one is None
                else f"{one.expected_right:.0f}, {one.interval[0]:.0f} to {one.interval[1]:.0f}"
            )
            cells.append(said)
        cells += [f"{found.value(way, FIRST, name, 'right'):.0f}" for way in (LAST_WINNER, PROPORTIONAL)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _scores(found: WinnerEvaluation) -> str:
    ways = (MODEL, INDEPENDENT, PROPORTIONAL, LAST_WINNER)
    known = {(one.way, one.given, one.of, one.metric): one.value for one in found.scores}
    rows = [f"| a district | {' | '.join(ways)} |", "|---|---|---|---|---|"]
    metrics = {
        "brier": "Brier score",
        "log": "logarithmic score",
        "totals_rms": "errors of parties' totals over their sds, rms",
        "totals_coverage_0.8": "80 % intervals of a party's districts hold",
    }
    for of, called in _OF.items():
        for metric, name in metrics.items():
            for given in (FIRST, BY_SPLIT):
                values = [known.get((way, given, of, metric)) for way in ways]
                if values[0] is not None:
                    shown = [_shown(metric, value) for value in values]
                    rows.append(f"| {called}: {name}, {given} | {' | '.join(shown)} |")
    return "\n".join(rows)


def _shown(metric: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.0f} %" if "coverage" in metric else f"{value:.2f}"


def _bins(found: WinnerEvaluation) -> str:
    rows = [
        f"| chance said | {FIRST}: said | won | of | {BY_SPLIT}: said | won | of |",
        "|---|---|---|---|---|---|---|",
    ]
    both = {given: {one.bin.low: one for one in found.bins[given]} for given in (FIRST, BY_SPLIT)}
    for low, first in both[FIRST].items():
        cells = [f"{100 * low:.0f} to {100 * first.bin.high:.0f} %"]
        for one in (first, both[BY_SPLIT].get(low)):
            if one is not None:
                cells += [
                    f"{100 * one.bin.said:.1f} %",
                    f"{100 * one.bin.happened:.1f} % ± {100 * one.error:.1f}",
                ]
                cells.append(f"{one.bin.statements:,}")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if "--fit" in sys.argv:
        write_constants(folder)
    PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), evaluated(folder)), encoding="utf-8")
