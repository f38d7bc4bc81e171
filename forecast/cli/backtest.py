"""``forecast backtest``, ``fit`` and ``records``: the method on archives of past elections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forecast.cli.options import Json, OutputFile, Quiet, Scheduler, Workers, argument, one_of, option
from forecast.cli.telling import progress, show_json, tell
from forecast.door import is_whole
from forecast.errors import ConfigurationError, Fault, json_text

if TYPE_CHECKING:
    from forecast.estimation import Constants
    from forecast.verification import Do
    from forecast.verification.backtest import Backtest
    from forecast.verification.past_elections import PastElection
    from forecast.verification.summary import Row

_METHODS = ("default", "average", "trend", "plain-average", "pooled-dirichlet", "last-poll-dirichlet")
_HORIZONS = "1,7,30,90,180"


def _horizons(text: str) -> tuple[int, ...]:
    days = [part.strip() for part in str(text).split(",")]
    if not all(is_whole(day) and int(day) <= 3650 for day in days):
        msg = f"'{text}' is no list of days before the election; write it as {_HORIZONS}"
        raise typer.BadParameter(msg)
    return tuple(sorted({int(day) for day in days}))


Archives = Annotated[
    list[Path],
    argument(
        metavar="ARCHIVE...",
        help="Folders with elections.csv, polls.csv (or .gz) and results.csv, and last_results.csv where "
        "known; or one of results by district, with transitions.csv.",
    ),
]
Keep = Annotated[
    Path | None,
    option(
        "--keep",
        metavar="FILE",
        help="Of these constants keep the laws of average and trend and the trend's own model of polls, so "
        "that a forecast which names one gives what it gave. Default: all are fitted anew.",
    ),
]
Horizons = Annotated[
    str, typer.Option("--horizons", metavar="DAYS", help="Days before the election, separated by commas.")
]
Methods = Annotated[
    list[str] | None,
    option(
        "--method",
        metavar="NAME",
        parser=one_of("method", _METHODS),
        help=f"Method to score: {', '.join(_METHODS)}. Repeatable. Default: all.",
    ),
]
LeaveOut = Annotated[
    Literal["country"] | None,
    option(
        "--leave-out",
        help="Forecast every election with constants fitted on these archives without its country. "
        "Default: with the constants that come with the program.",
    ),
]
ConstantsFile = Annotated[
    Path | None, option("--constants", metavar="FILE", help="Constants that `forecast fit` wrote.")
]
DistrictFolder = Annotated[
    Path | None,
    option(
        "--districts",
        metavar="FOLDER",
        help="Results by district of the same elections and of those before: score seats too, with "
        "districts and without.",
    ),
]
Winners = Annotated[
    bool,
    typer.Option(
        "--winners",
        help="Of an archive of results by district: score the chances of winning single-member districts, "
        "from its votes for candidates (tables NAME-smd.csv).",
    ),
]
BacktestFolder = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the table, the summary and the chart."),
]
Resamples = Annotated[
    int,
    typer.Option(
        "--bootstrap", metavar="N", min=0, max=10_000, help="Resamples of countries for the intervals."
    ),
]


def backtest(
    archives: Archives,
    horizons: Horizons = _HORIZONS,
    methods: Methods = None,
    leave_out: LeaveOut = None,
    constants: ConstantsFile = None,
    districts: DistrictFolder = None,
    winners: Winners = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    output: BacktestFolder = Path("outputs/backtest"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Forecast past elections from what was known before them, and score the forecasts.

    On an archive of results by district: how good districts and seats are at the true national shares.
    """
    from forecast.cli.district_archive import Scoring, backtest_chain, backtest_districts, backtest_winners
    from forecast.cli.working import hands_of, hands_soon
    from forecast.estimation import load_constants
    from forecast.estimation.records import shipped_records
    from forecast.verification.backtest import run_backtest
    from forecast.verification.past_elections import read_archives
    from forecast.verification.summary import rows_of

    days = _horizons(horizons)
    if output.exists() and not output.is_dir():
        raise ConfigurationError(Fault("--output", "", str(output), "this is a file; name a folder"))
    left_out = leave_out is not None
    by_district = _of_districts(archives, needed_by="--winners" if winners else "")
    if by_district is not None:
        score = backtest_winners if winners else backtest_districts
        with hands_of(workers, scheduler) as there:
            score(by_district, constants, Scoring(output, there.do, left_out, as_json, quiet))
        return
    known = load_constants(constants)
    wanted = tuple(methods or _METHODS)
    if "default" in wanted and not left_out:
        known.law("default")  # refused before anything is forecast, where the file has none
    with hands_soon(workers, scheduler) as hands:
        elections = read_archives(archives)
        constants_of = _constants_of(elections, known, hands().do, left_out=left_out, quiet=quiet)
        if districts is not None:
            scoring = Scoring(output, hands().do, left_out, as_json, quiet)
            backtest_chain(elections, districts, constants_of, days, scoring)
            return
        with progress("scoring", quiet) as step:
            records, do = () if left_out else shipped_records(), hands().do
            found = run_backtest(
                elections, constants_of, records=records, horizons=days, methods=wanted, step=step, do=do
            )
        rows = rows_of(found, hands().do)
    _save(found, rows, elections, leave_out or "", output)
    _show(found, rows, as_json=as_json)
    if not quiet:
        tell(f"wrote {output}")


def _show(found: Backtest, rows: Sequence[Row], *, as_json: bool) -> None:
    if as_json:
        show_json([row.record() for row in rows], 1)
    else:
        from forecast.cli.backtest_report import print_backtest

        print_backtest(found, rows)
    for note in found.notes:
        tell(f"note: {note}")


def fit(
    archives: Archives,
    output: OutputFile = None,
    resamples: Resamples = 200,
    keep: Keep = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit the constants of the error laws to archives, with intervals from a bootstrap by country.

    On an archive of results by district: those of the projection, with errors from a jackknife.
    """
    from dataclasses import replace

    from forecast.cli.district_archive import fit_districts
    from forecast.estimation import load_constants
    from forecast.verification.fitting import bootstrap, fit_constants, material_of
    from forecast.verification.past_elections import read_archives
    from forecast.writing import replacing

    by_district = _of_districts(archives)
    if by_district is not None:
        fit_districts(by_district, output, as_json=as_json, quiet=quiet)
        return
    kept = load_constants(keep) if keep is not None else None
    elections = read_archives(archives)
    if not quiet:
        tell("reading the polls ..." if kept else "reading the trend of the polls (under a minute) ...")
    material = material_of(elections, kept.trend_model if kept else None)
    fitted = fit_constants(material, kept=kept)
    with progress("bootstrap", quiet) as step:
        intervals = bootstrap(material, fitted, resamples, step=step, with_named=kept is None)
    if kept is not None:
        named = (name for name in ("average", "trend") if name in kept.intervals)
        intervals = {**{name: kept.intervals[name] for name in named}, **intervals}
    fitted = replace(fitted, intervals=intervals)
    target = output if output is not None else Path("outputs/constants.json")
    with replacing(target) as draft:
        draft.write_text(json_text(fitted.record(), 2) + "\n", encoding="utf-8")
    if as_json:
        show_json(fitted.record(), 1)
    else:
        from forecast.cli.backtest_report import print_constants

        print_constants(fitted)
    if not quiet:
        named = " ".join(map(str, archives))
        tell(f"wrote {target}; next: forecast backtest {named} --constants {target}")


def records(
    archives: Archives,
    constants: ConstantsFile = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """How far polls missed in past elections: two numbers an election, which an election file may name.

    Its key is estimate.record; the program has such a table of its own.
    """
    from forecast.estimation import load_constants
    from forecast.estimation.records import records_text
    from forecast.verification.past_elections import cases_of, read_archives
    from forecast.verification.predictive_laws import observations_of, records_of
    from forecast.writing import replacing

    if _of_districts(archives) is not None:
        remedy = "an archive of results by district holds no polls; name one with polls.csv"
        raise ConfigurationError(Fault("ARCHIVE", "", str(archives[0]), remedy))
    known = load_constants(constants)
    cases = cases_of(one for one in read_archives(archives) if not one.sparse)
    if not cases:
        remedy = "no election with national polls known in time: there is nothing to record"
        raise ConfigurationError(Fault("ARCHIVE", "", str(archives[0]), remedy))
    found = records_of(cases, observations_of(cases, [case.centre.mean for case in cases]), known.measure)
    countries = len({one.country for one in found})
    said = (
        f"How far polls missed in {len(found)} elections of {countries} countries, in units of a law of the "
        f"average (fitted {known.rests_on.date}): q squared miss, u dimensions"
    )
    target = output if output is not None else Path("outputs/records.csv")
    with replacing(target) as draft:
        draft.write_text(records_text(found, said), encoding="utf-8")
    if not quiet:
        tell(f'wrote {target}; next: estimate.record = "{target}" in an election file')


def _of_districts(archives: Sequence[Path], *, needed_by: str = "") -> Path | None:
    """The archive of results by district, where that is meant; it stands alone."""
    from forecast.cli.district_archive import holds_districts

    of_districts = [archive for archive in archives if holds_districts(archive)]
    if not of_districts and needed_by:
        remedy = "winners of districts are scored on an archive of results by district, with transitions.csv"
        raise ConfigurationError(Fault(needed_by, "", " ".join(map(str, archives)), remedy))
    if not of_districts:
        return None
    if len(archives) > 1:
        remedy = "an archive of results by district stands alone; leave the others out, or this one"
        raise ConfigurationError(Fault("ARCHIVE", "", str(of_districts[0]), remedy))
    return of_districts[0]


def _constants_of(
    elections: Sequence[PastElection], known: Constants, do: Do, *, left_out: bool, quiet: bool
) -> Callable[[str], Constants]:
    """Constants by country: those that are known, or fitted on all others; the trend's own model of polls
    stays as it is.
    """
    if not left_out:
        return lambda country: known
    from forecast.verification.fitting import fit_constants, fit_without, material_of

    material = material_of(elections, known.trend_model)
    with progress("fitting", quiet) as step:
        fitted = fit_without(material, fit_constants(material), step, do)
    return lambda country: fitted.get(country, known)


def _save(
    found: Backtest, rows: Sequence[Row], elections: Sequence[PastElection], left_out: str, folder: Path
) -> None:
    """The table, the summary and the chart, all of them or none."""
    import csv

    from forecast.cli.backtest_report import calibration_chart
    from forecast.verification.summary import METHOD, calibration_of, crossing_curve
    from forecast.writing import replacing_folder

    with replacing_folder(folder) as draft:
        with (draft / "backtest.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(
                file,
                [
                    *("method", "horizon", "elections", "metric", "value", "standard_error"),
                    *("subset", "against"),
                ],
            )
            writer.writeheader()
            writer.writerows(row.record() for row in rows)
        methods = dict.fromkeys(row.method for row in rows)
        drawn = [name for name in (METHOD, "pooled-dirichlet") if name in methods] or list(methods)[:1]
        curves = {name: crossing_curve(found, name) for name in drawn}
        if any(curves.values()):
            number = sum(bin.statements for bin in next(iter(curves.values())))
            title = "Threshold crossings: what was said and what happened"
            caption = f"{number} statements on parties polled at 2 to 8 %, all horizons"
            chart = calibration_chart(curves, title, caption)
            for form in ("svg", "png"):
                (draft / f"calibration.{form}").write_bytes(chart.rendered(form))
        if METHOD in methods:
            summary = calibration_of(found, rows, elections, left_out).record()
            (draft / "calibration.json").write_text(json_text(summary, 1) + "\n", encoding="utf-8")
