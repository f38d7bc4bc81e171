"""``forecast count``, ``verify`` and ``methods``: rules on real votes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import ConfigFile, Json, Settings, argument, option
from forecast.cli.telling import show_json, tell
from forecast.cli.working import say_warnings

if TYPE_CHECKING:
    from forecast.rules.case_files import Verification

VotesFile = Annotated[
    Path | None,
    option(
        "--votes",
        metavar="FILE",
        help="Table of votes (CSV with columns party, votes). Default: the result that the file names.",
    ),
]
CasesFiles = Annotated[
    list[Path],
    argument(
        metavar="FILE...",
        help="Files of real counts (JSON), election files with official seats (TOML), or folders of these.",
    ),
]


def count(
    config: ConfigFile, votes: VotesFile = None, as_json: Json = False, settings: Settings = None
) -> None:
    """Official votes in, seats out: apply the rule exactly and say what decided the last seats."""
    from forecast.cli.count_report import print_count, refuse_void, seats_as_json
    from forecast.election import load_election
    from forecast.election.notes import warnings_on
    from forecast.rules.counts import outcome_of, read_count
    from forecast.rules.remarks import remarks_on

    election = load_election(config, settings or ())
    ready = read_count(election, votes, settings or ())
    outcome = outcome_of(election, ready)
    refuse_void(election, outcome)
    remarks = remarks_on(election, ready.ballot, outcome, ready.official, ready.official_districts)
    warnings = warnings_on(election, ready.warnings, remarks)
    say_warnings(warnings, below_tables=not as_json)
    if as_json:
        show_json(seats_as_json(election, ready, outcome, warnings))
    else:
        from forecast.tables.exporting import console_for_results

        print_count(console_for_results(), election, ready, outcome, warnings)


def verify(cases: CasesFiles, as_json: Json = False) -> None:
    """Apply the rules of real counts to their votes and compare with the official seats, by district too.

    Exit code 0 only if every count is reproduced. Election files without official seats are named.
    """
    from forecast.rules.counts import verify_all
    from forecast.rules.remarks import as_record

    verification = verify_all(cases)
    if as_json:
        show_json(
            {
                "cases": verification.cases,
                "reproduced": len(verification.reproduced),
                "mismatches": [as_record(wrong) for wrong in verification.mismatches],
                "unsupported": [
                    {"case": case, "reason": reason} for case, reason in verification.unsupported
                ],
                "notes": [{"case": case, "note": note} for case, note in verification.notes],
                "unchecked": list(verification.unchecked),
            }
        )
    else:
        _print_verification(verification)
    for case, note in verification.notes:
        tell(f"note: {case}: {note}")
    if not verification.complete:
        raise typer.Exit(1)


def methods(as_json: Json = False) -> None:
    """List allocation methods, threshold bases and waivers, each with the law or paper behind it."""
    from forecast.election.methods import everything

    if as_json:
        show_json(
            {
                heading: [
                    {"name": known.name, "meaning": known.meaning, "source": known.source}
                    | ({"kind": known.kind} if known.kind else {})
                    for known in words
                ]
                for heading, words in everything().items()
            }
        )
        return
    from forecast.tables.exporting import console_for_results, grid

    console = console_for_results()
    for heading, words in everything().items():
        rows = [(known.name, known.meaning, known.source) for known in words]
        console.print(grid(heading, ("name", "meaning", "law or paper"), rows, unwrapped=(0,)))


def _print_verification(verification: Verification) -> None:
    from forecast.rules.remarks import as_record
    from forecast.tables.exporting import console_for_results, grid, print_line

    console = console_for_results()
    print_line(console, f"{len(verification.reproduced)} of {verification.cases} cases reproduced")
    if verification.mismatches:
        rows = [
            tuple(str(record[key]) for key in ("case", "district", "party", "kind", "official", "ours"))
            for record in map(as_record, verification.mismatches)
        ]
        columns = ("case", "district", "party", "of", "official", "ours")
        console.print(grid("mismatches", columns, rows, numeric=(4, 5)))
    for case, reason in verification.unsupported:
        print_line(console, f"unsupported: {case}: {reason}")
    for case, note in verification.notes:
        print_line(console, f"Mind: {case}: {note}")
    if verification.unchecked:
        print_line(console, f"no official seats, so not checked: {', '.join(verification.unchecked)}")
