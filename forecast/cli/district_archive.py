"""``forecast fit`` and ``forecast backtest`` on an archive of results by district."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.cli.telling import progress, show_json, tell

if TYPE_CHECKING:
    from forecast.estimation import Constants as ErrorConstants
    from forecast.geography.pattern import Constants
    from forecast.verification import Do
    from forecast.verification.election_pairs import Pair, PairArchive
    from forecast.verification.past_elections import PastElection


OUTPUT = Path("outputs/districts")


def holds_districts(folder: Path) -> bool:
    """Whether an archive is one of results by district: it says which list continues which."""
    from forecast.verification.election_pairs import TRANSITIONS

    return (folder / TRANSITIONS).exists()


def fit_districts(archive: Path, output: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Fit the constants of the projection to pairs of elections, and the errors of each country."""
    from forecast.geography.pattern import constants_table, histories_table
    from forecast.verification.fitting_districts import fit_pairs
    from forecast.verification.projection_backtest import country_names
    from forecast.writing import replacing_folder

    found = _pairs(archive)
    names = country_names(archive, found.pairs)
    with progress("fitting without each country", quiet) as step:
        fitted = fit_pairs(found.pairs, step)
    folder = output if output is not None else OUTPUT
    rests_on = (
        f"Fitted on {fitted.pairs} pairs of consecutive elections of {len(fitted.histories)} countries; "
        "standard errors by a jackknife over countries"
    )
    with replacing_folder(folder) as draft:
        (draft / "constants.csv").write_text(
            constants_table(fitted.constants, fitted.errors, rests_on), encoding="utf-8"
        )
        histories = {names[country]: history for country, history in fitted.histories.items()}
        (draft / "countries.csv").write_text(histories_table(histories, rests_on), encoding="utf-8")
    if as_json:
        show_json(fitted.record(), 1)
    else:
        from forecast.cli.backtest_report import print_fit

        print_fit(fitted)
    _say(found.left_out, quiet)
    if not quiet:
        tell(f"wrote {folder}; next: forecast backtest {archive} --constants {folder / 'constants.csv'}")


@dataclass(frozen=True)
class Scoring:
    """How an archive is to be scored, and where the scores go."""

    output: Path
    do: Do
    left_out: bool
    as_json: bool
    quiet: bool

    def tell_of(
        self, name: str, rows: Sequence[dict[str, Any]], show: Callable[[], None], notes: Sequence[str]
    ) -> None:
        """Write the scores to a table, and print them."""
        import csv

        from forecast.writing import replacing_folder

        with (
            replacing_folder(self.output) as draft,
            (draft / name).open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, list(rows[0]) if rows else ["metric"])
            writer.writeheader()
            writer.writerows(rows)
        if self.as_json:
            show_json(rows, 1)
        else:
            show()
        _say(notes, self.quiet)
        if not self.quiet:
            tell(f"wrote {self.output}")


def backtest_districts(archive: Path, constants: Path | None, scoring: Scoring) -> None:
    """How good the projection is: districts and seats of past elections at their true national shares."""
    from forecast.cli.backtest_report import print_evaluation
    from forecast.verification.exact_law import ExactLaw, past_laws
    from forecast.verification.fitting_districts import histories_before
    from forecast.verification.projection_backtest import Plan, evaluate

    found = _pairs(archive)
    constants_of = _projections(found.pairs, constants, scoring)
    history_of = histories_before(found.pairs, constants_of)
    laws = {name: law for name, law in past_laws(archive).items() if law.rule.districts is not None}
    exact = {pair.after: ExactLaw.of(laws[pair.after], pair) for pair in found.pairs if pair.after in laws}
    with progress("scoring", scoring.quiet) as step:
        plan = Plan(laws=exact, history_of=history_of, step=step, do=scoring.do)
        scored = evaluate(found.pairs, constants_of, plan)
    rows = [score.record() for score in scored.scores]
    scoring.tell_of("districts.csv", rows, lambda: print_evaluation(scored, len(found.pairs)), found.left_out)


def backtest_winners(archive: Path, constants: Path | None, scoring: Scoring) -> None:
    """How good chances of winning single-member districts are, at the true national votes."""
    from forecast.cli.backtest_report import print_winners
    from forecast.geography.pattern import SHIPPED, read_constants
    from forecast.verification.election_pairs import read_contested
    from forecast.verification.fitting_districts import (
        Fittable,
        fit_candidates_without,
        fit_without,
    )
    from forecast.verification.winning import evaluate_winners, shipped_errors

    found, do = read_contested(archive), scoring.do
    law, without, errors_of = read_constants(constants or SHIPPED), {}, shipped_errors
    if scoring.left_out:
        lists = _pairs(archive).pairs
        countries = [one.pair.country for one in found.pairs]
        with progress("fitting without each country", scoring.quiet) as step:
            law, without = fit_without(lists, countries, step, do)
        with progress("fitting candidates without each country", scoring.quiet) as step:
            fitted = fit_candidates_without(
                Fittable(found.pairs, lists), lambda country: without.get(country, law), step, do
            )
        errors_of = fitted.__getitem__
    with progress("scoring", scoring.quiet) as step:
        scored = evaluate_winners(found.pairs, lambda country: without.get(country, law), errors_of, step, do)
    rows = [score.record() for score in (*scored.scores, *scored.bin_scores(), *scored.error_scores())]
    scoring.tell_of("winners.csv", rows, lambda: print_winners(scored), found.left_out)


def backtest_chain(
    elections: Sequence[PastElection],
    districts: Path,
    estimates: Callable[[str], ErrorConstants],
    horizons: Sequence[int],
    scoring: Scoring,
) -> None:
    """The whole chain, polls to seats, with districts and without."""
    from forecast.cli.backtest_report import print_chain
    from forecast.estimation.records import shipped_records
    from forecast.verification.backtest import Records
    from forecast.verification.exact_law import past_laws
    from forecast.verification.projection_backtest import ChainPlan, chain_rows, joined, read_days, run_chain

    found = _pairs(districts)
    both = joined(elections, found.pairs, read_days(districts))
    constants_of = _projections(found.pairs, None, scoring)
    told = Records(elections, estimates, () if scoring.left_out else shipped_records())
    plan = ChainPlan(
        estimates, constants_of, past_laws(districts), lambda election: told.of(election).value, horizons
    )
    with progress("scoring", scoring.quiet) as step:
        chain = run_chain(both, replace(plan, step=step, do=scoring.do))
    rows = chain_rows(chain)
    scoring.tell_of(
        "seats.csv", [row.record() for row in rows], lambda: print_chain(chain, rows), chain.notes
    )


def _pairs(archive: Path) -> PairArchive:
    from forecast.verification.election_pairs import read_pairs

    return read_pairs(archive)


def _projections(
    pairs: Sequence[Pair], constants: Path | None, scoring: Scoring
) -> Callable[[str], Constants]:
    """Constants by country: those of a file, or fitted without it."""
    from forecast.geography.pattern import SHIPPED, read_constants

    if not scoring.left_out:
        law = read_constants(constants or SHIPPED)
        return lambda country: law
    from forecast.verification.fitting_districts import fit_pairs

    with progress("fitting without each country", scoring.quiet) as step:
        fitted = fit_pairs(pairs, step, scoring.do)
    return lambda country: fitted.without.get(country, fitted.constants)


def _say(notes: Sequence[str], quiet: bool) -> None:
    for note in notes if not quiet else ():
        tell(f"note: {note}")
