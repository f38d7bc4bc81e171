"""``forecast polls``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from forecast.cli.options import Json, Quiet, Settings, argument, option
from forecast.cli.telling import show, show_json, tell
from forecast.cli.working import say_warnings
from forecast.errors import ABSENT, ConfigurationError, Fault

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.polls import PollTable
    from forecast.polls.columns import Layout
    from forecast.polls.sources import Found

Table = Annotated[
    Path,
    argument(
        metavar="FILE",
        help="Table of polls (CSV, a saved page, a spreadsheet, JSON of DAWUM, ROPF), or an election file "
        "that names one.",
    ),
]
ElectionFile = Annotated[
    Path | None,
    option(
        "--election",
        metavar="CONFIG",
        help="Election file whose parties the columns are. Default: every column of figures is a party.",
    ),
]
Tidy = Annotated[Path | None, option("--output", "-o", metavar="FILE", help="Write the polls as a tidy CSV.")]
_WIDEST = 34


def polls(
    table: Table,
    election: ElectionFile = None,
    output: Tidy = None,
    settings: Settings = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what is understood of a table of polls, column by column, and the [polls] that reads it."""
    from forecast.polls.reading import read_with_layout
    from forecast.polls.showing import parties_text, settings_text, told_apart

    path, known = _election_of(table, election, tuple(settings or ()))
    found, layout, meant = told_apart(path, known, settings or ())
    if not as_json:
        _show_columns(found, layout, meant)
    read = read_with_layout(found, meant, dated=known is not None)
    text = settings_text(found, layout, read.table, meant if known is None else None)
    parties = parties_text(read.table, meant) if known is None else ""
    if as_json:
        show_json(_record(found, layout, meant, read.table, text))
    else:
        _show_reading(read.table, text, parties)
    say_warnings(read.table.doubted, below_tables=False)
    if output is not None:
        _write(output, read.table, meant)
    if not quiet:
        wrote = f"wrote {output}; " if output is not None else ""
        start = (
            f"forecast init --polls {shlex.quote(str(table))} --date DAY, or put [polls] into an election "
            f"file"
        )
        tell(f"{wrote}next: {start if known is None else f'forecast check {election or table}'}")


def _election_of(
    table: Path, election: Path | None, settings: tuple[str, ...]
) -> tuple[Path, Election | None]:
    """The table that is meant, and the election whose polls it holds; ``None`` where none is named."""
    from forecast.election import load_election

    if table.suffix == ".toml" and election is None:
        known = load_election(table, settings)
        if known.election.polls is None:
            remedy = (
                "this election file names no table of polls; name one (polls = ...), or give the table itself"
            )
            raise ConfigurationError(Fault(str(table), "election.polls", ABSENT, remedy))
        return known.election.polls, known
    return table, load_election(election, settings) if election is not None else None


def _show_columns(found: Found, layout: Layout, election: Election) -> None:
    from forecast.polls.showing import columns_in_words

    columns = columns_in_words(found, layout, election)
    wide = min(max((len(column.name) for column in columns), default=0), _WIDEST)
    widest = min(max((len(column.meaning) for column in columns), default=0), 2 * _WIDEST)
    for column in columns:
        name, example = (" ".join(text.split()) for text in (column.name, column.example))
        name = name if len(name) <= wide else name[: wide - 1] + "\u2026"
        shown = f"such as {example[:_WIDEST]}" if example else ""
        show(f"{name:<{wide}}  {column.meaning:<{widest}}  {shown}".rstrip())


def _show_reading(table: PollTable, text: str, parties: str) -> None:
    show("")
    polls = table.polls
    pollsters = len({str(name).casefold() for name in polls["pollster"]})
    show(f"{len(table)} polls by {pollsters} pollster{'' if pollsters == 1 else 's'}")
    for sentence in table.understood:
        show(sentence)
    show("")
    for line in [*text.split("\n"), *(["", *parties.split("\n")] if parties else [])]:
        show(line)


def _record(found: Found, layout: Layout, election: Election, table: PollTable, text: str) -> dict[str, Any]:
    """What ``--json`` prints."""
    from forecast.polls.showing import columns_in_words

    columns = columns_in_words(found, layout, election)
    return {
        "file": table.place,
        "format": found.format,
        "columns": [{"name": c.name, "meaning": c.meaning, "example": c.example} for c in columns],
        "polls": len(table),
        "understood": list(table.understood),
        "doubts": table.doubted,
        "settings": text,
    }


def _write(output: Path, table: PollTable, election: Election) -> None:
    from forecast.polls.showing import tidy_text
    from forecast.writing import replacing

    if output.is_dir():
        raise ConfigurationError(Fault(str(output), "", ABSENT, "this is a folder; name a file in it"))
    with replacing(output) as draft:
        draft.write_text(tidy_text(table, election), encoding="utf-8")
