"""``forecast fit`` and ``forecast backtest`` on an archive of results by district, and what they
show of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.cli.backtest_report import results_table
from forecast.cli.telling import progress, show_json, tell
from forecast.tables.terminal import console_for_results, print_line

if TYPE_CHECKING:
    from rich.table import Table

    from forecast.estimation import Constants as ErrorConstants
    from forecast.geography.projection_constants import Constants
    from forecast.verification.archive import PastElection
    from forecast.verification.districts.chain import Chain, ChainRow
    from forecast.verification.districts.evaluating import Evaluation, Score
    from forecast.verification.districts.fitting_projection import Fitted
    from forecast.verification.districts.pairs import Pair, PairArchive
    from forecast.verification.sharing import Do


OUTPUT = Path("outputs/districts")


def holds_districts(folder: Path) -> bool:
    """Whether an archive is one of results by district: it says which list continues which."""
    from forecast.verification.districts.pairs import TRANSITIONS

    return (folder / TRANSITIONS).exists()


def fit_districts(archive: Path, output: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Fit the constants of the projection to pairs of elections, and the errors of each country."""
    from forecast.geography.projection_constants import constants_table, histories_table
    from forecast.verification.districts.fitting_projection import fit_pairs
    from forecast.verification.districts.joining import country_names
    from forecast.writing import replacing_folder

    found = _pairs(archive)
    names = country_names(archive, found.pairs)
    with progress("fitting without each country", quiet) as step:
        fitted = fit_pairs(found.pairs, step)
    folder = output if output is not None else OUTPUT
    rests_on = _rests_on(fitted)
    with replacing_folder(folder) as draft:
        (draft / "constants.csv").write_text(
            constants_table(fitted.constants, fitted.errors, rests_on), encoding="utf-8"
        )
        histories = {names[country]: history for country, history in fitted.histories.items()}
        (draft / "countries.csv").write_text(histories_table(histories, rests_on), encoding="utf-8")
    if as_json:
        show_json(fitted.record(), 1)
    else:
        print_fit(fitted)
    _say(found.left_out, quiet)
    if not quiet:
        tell(f"wrote {folder}; next: forecast backtest {archive} --constants {folder / 'constants.csv'}")


def _rests_on(fitted: Fitted) -> str:
    return (
        f"Fitted on {fitted.pairs} pairs of consecutive elections of {len(fitted.histories)} countries; "
        "standard errors by a jackknife over countries"
    )


def backtest_districts(
    archive: Path,
    constants: Path | None,
    output: Path,
    do: Do,
    *,
    left_out: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """How good the projection is: districts and seats of past elections at their true national shares."""
    from forecast.verification.districts.evaluating import Plan, evaluate
    from forecast.verification.districts.exact_law import ExactLaw, past_laws
    from forecast.verification.districts.fitting_projection import histories_before

    found = _pairs(archive)
    constants_of = _projections(found.pairs, constants, do, left_out=left_out, quiet=quiet)
    history_of = histories_before(found.pairs, constants_of)
    laws = {name: law for name, law in past_laws(archive).items() if law.rule.districts is not None}
    exact = {pair.after: ExactLaw.of(laws[pair.after], pair) for pair in found.pairs if pair.after in laws}
    with progress("scoring", quiet) as step:
        plan = Plan(laws=exact, history_of=history_of, step=step, do=do)
        scored = evaluate(found.pairs, constants_of, plan)
    _save(output, "districts.csv", [score.record() for score in scored.scores])
    if as_json:
        show_json([score.record() for score in scored.scores], 1)
    else:
        print_evaluation(scored, len(found.pairs))
    _say(found.left_out, quiet)
    if not quiet:
        tell(f"wrote {output}")


def backtest_winners(
    archive: Path,
    constants: Path | None,
    output: Path,
    do: Do,
    *,
    left_out: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """How good chances of winning single-member districts are, at the true national votes."""
    from forecast.geography.projection_constants import SHIPPED, read_constants
    from forecast.verification.districts.candidate_pairs import read_contested
    from forecast.verification.districts.fitting_candidates import Fittable, fit_candidates_without
    from forecast.verification.districts.fitting_projection import fit_without
    from forecast.verification.districts.winning import evaluate_winners, shipped_errors

    found = read_contested(archive)
    law, without, errors_of = read_constants(constants or SHIPPED), {}, shipped_errors
    if left_out:
        lists = _pairs(archive).pairs
        countries = [one.pair.country for one in found.pairs]
        with progress("fitting without each country", quiet) as step:
            law, without = fit_without(lists, countries, step, do)
        with progress("fitting candidates without each country", quiet) as step:
            fitted = fit_candidates_without(
                Fittable(found.pairs, lists), lambda country: without.get(country, law), step, do
            )
        errors_of = fitted.__getitem__
    with progress("scoring", quiet) as step:
        scored = evaluate_winners(found.pairs, lambda country: without.get(country, law), errors_of, step, do)
    rows = [score.record() for score in (*scored.scores, *scored.bin_scores(), *scored.error_scores())]
    _save(output, "winners.csv", rows)
    if as_json:
        show_json(rows, 1)
    else:
        from forecast.cli.winners_report import print_winners

        print_winners(scored)
    _say(found.left_out, quiet)
    if not quiet:
        tell(f"wrote {output}")


def backtest_chain(
    elections: Sequence[PastElection],
    districts: Path,
    estimates: Callable[[str], ErrorConstants],
    output: Path,
    do: Do,
    *,
    left_out: bool,
    horizons: Sequence[int],
    as_json: bool,
    quiet: bool,
) -> None:
    """The whole chain, polls to seats, with districts and without."""
    from dataclasses import replace

    from forecast.estimation.records import shipped_records
    from forecast.verification.backtest import Records
    from forecast.verification.districts.chain import ChainPlan, chain_rows, run_chain
    from forecast.verification.districts.exact_law import past_laws
    from forecast.verification.districts.joining import joined, read_days

    found = _pairs(districts)
    both = joined(elections, found.pairs, read_days(districts))
    constants_of = _projections(found.pairs, None, do, left_out=left_out, quiet=quiet)
    told = Records(elections, estimates, () if left_out else shipped_records())
    plan = ChainPlan(
        estimates, constants_of, past_laws(districts), lambda election: told.of(election).value, horizons
    )
    with progress("scoring", quiet) as step:
        chain = run_chain(both, replace(plan, step=step, do=do))
    rows = chain_rows(chain)
    _save(output, "seats.csv", [row.record() for row in rows])
    if as_json:
        show_json([row.record() for row in rows], 1)
    else:
        print_chain(chain, rows)
    _say(chain.notes, quiet)
    if not quiet:
        tell(f"wrote {output}")


def _pairs(archive: Path) -> PairArchive:
    from forecast.verification.districts.pairs import read_pairs

    return read_pairs(archive)


def _projections(
    pairs: Sequence[Pair], constants: Path | None, do: Do, *, left_out: bool, quiet: bool
) -> Callable[[str], Constants]:
    """Constants by country: those of a file, or fitted without it."""
    from forecast.geography.projection_constants import SHIPPED, read_constants

    if not left_out:
        law = read_constants(constants or SHIPPED)
        return lambda country: law
    from forecast.verification.districts.fitting_projection import fit_pairs

    with progress("fitting without each country", quiet) as step:
        fitted = fit_pairs(pairs, step, do)
    return lambda country: fitted.without.get(country, fitted.constants)


def _save(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    import csv

    from forecast.writing import replacing_folder

    with (
        replacing_folder(folder) as draft,
        (draft / name).open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["metric"])
        writer.writeheader()
        writer.writerows(rows)


def _say(notes: Sequence[str], quiet: bool) -> None:
    for note in notes if not quiet else ():
        tell(f"note: {note}")


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
