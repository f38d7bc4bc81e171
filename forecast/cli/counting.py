"""``forecast count``, ``verify`` and ``methods``: rules on real votes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import ConfigFile, Json, Settings
from forecast.cli.working import say_warnings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from forecast.rules.cases import Verification

VotesFile = Annotated[
    Path | None,
    typer.Option(
        "--votes",
        metavar="FILE",
        help="Table of votes (CSV with columns party, votes). Default: the result that the file names.",
        show_default=False,
    ),
]
CasesFile = Annotated[
    Path, typer.Argument(metavar="CASES", help="File of real counts (JSON).", show_default=False)
]


def count(
    config: ConfigFile, votes: VotesFile = None, as_json: Json = False, settings: Settings = None
) -> None:
    """Official votes in, seats out: apply the rule exactly and say what decided the last seats."""
    from forecast.cli.count_report import print_count, refuse_void, seats_as_json
    from forecast.election import load_election
    from forecast.election.notes import warnings_on
    from forecast.rules.counts import read_count
    from forecast.rules.reference import apply_rule
    from forecast.rules.remarks import remarks_on

    election = load_election(config, settings or ())
    ready = read_count(election, votes, settings or ())
    outcome = apply_rule(election.rule, ready.ballot)
    refuse_void(election, outcome)
    remarks = remarks_on(election, ready.ballot, outcome, ready.official)
    warnings = warnings_on(election, ready.warnings, remarks)
    say_warnings(warnings, below_tables=not as_json)
    if as_json:
        _print_json(seats_as_json(election, ready, outcome, warnings))
    else:
        print_count(_console(), election, ready, outcome, warnings)


def verify(cases: CasesFile, as_json: Json = False) -> None:
    """Apply the rules of real counts to their votes and compare with the official seats.

    Exit code 0 only if every case is reproduced.
    """
    from forecast.rules.cases import read_cases
    from forecast.rules.cases import verify as verify_cases

    verification = verify_cases(read_cases(cases))
    if as_json:
        _print_json(
            {
                "cases": verification.cases,
                "reproduced": len(verification.reproduced),
                "mismatches": [
                    {"case": wrong.case, "party": wrong.party, "official": wrong.official, "ours": wrong.ours}
                    for wrong in verification.mismatches
                ],
                "unsupported": [
                    {"case": case, "reason": reason} for case, reason in verification.unsupported
                ],
                "notes": [{"case": case, "note": note} for case, note in verification.notes],
            }
        )
    else:
        _print_verification(_console(), verification)
    for case, note in verification.notes:
        print(f"note: {case}: {note}", file=sys.stderr)
    if not verification.complete:
        raise typer.Exit(1)


def methods(as_json: Json = False) -> None:
    """List allocation methods, threshold bases and waivers, each with the law or paper behind it."""
    from forecast.rules.catalogue import everything

    if as_json:
        _print_json(
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
    console = _console()
    for heading, words in everything().items():
        table = _table(heading)
        for title in ("name", "meaning", "law or paper"):
            table.add_column(title, overflow="fold", no_wrap=title == "name")
        for known in words:
            table.add_row(known.name, known.meaning, known.source)
        console.print(table)


def _print_verification(console: Console, verification: Verification) -> None:
    done, cases = len(verification.reproduced), verification.cases
    console.print(f"{done} of {cases} cases reproduced", highlight=False)
    if verification.mismatches:
        table = _table("mismatches")
        for title in ("case", "party", "official", "ours"):
            table.add_column(title, justify="right" if title in ("official", "ours") else "left")
        for wrong in verification.mismatches:
            table.add_row(wrong.case, wrong.party, str(wrong.official), str(wrong.ours))
        console.print(table)
    for case, reason in verification.unsupported:
        console.print(f"unsupported: {case}: {reason}", highlight=False, markup=False)
    for case, note in verification.notes:
        console.print(f"Mind: {case}: {note}", highlight=False, markup=False)


def _table(title: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)


def _console() -> Console:
    """The terminal; where stdout is no terminal, wide enough that no number is cut."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=160)


def _print_json(data: object) -> None:
    import json

    print(json.dumps(data, ensure_ascii=False, indent=2))
