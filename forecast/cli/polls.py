"""``forecast polls`` and ``init``: a table of polls as it is understood, an election file to start from."""

from __future__ import annotations

import datetime
import json
import os
import re
import shlex
import unicodedata
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli.shared import Json, Quiet, Settings, argument, option, say_warnings
from forecast.cli.telling import show, show_json, tell
from forecast.errors import ABSENT, ConfigurationError, Fault, visible

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
    from forecast.polls.reading import parties_text, read_with_layout, settings_text, told_apart

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
    from forecast.polls.reading import columns_in_words

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
    from forecast.polls.reading import columns_in_words

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
    from forecast.polls.poll_table import tidy_text
    from forecast.writing import replacing

    if output.is_dir():
        raise ConfigurationError(Fault(str(output), "", ABSENT, "this is a folder; name a file in it"))
    with replacing(output) as draft:
        draft.write_text(tidy_text(table, election), encoding="utf-8")


File = Annotated[Path | None, argument(metavar="FILE", help="File to write. Default: <country>.toml.")]
Country = Annotated[str, typer.Option("--country", metavar="NAME", help="Country of the election.")]
Polls = Annotated[
    Path | None,
    option(
        "--polls",
        metavar="TABLE",
        help="Table of polls (a saved page, CSV, a spreadsheet): its parties and [polls] are written down.",
    ),
]
Day = Annotated[str | None, option("--date", metavar="DAY", help="Day of the vote, year-month-day.")]
Force = Annotated[bool, option("--force", help="Replace the file if it exists.")]


def init(
    file: File = None,
    country: Country = "Ruritania",
    polls: Polls = None,
    date: Day = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a commented election file to start from. It passes `forecast check` as it stands."""
    from forecast.writing import replacing

    slug = _slug(country) or "election"
    path = file if file is not None else Path(f"{slug}.toml")
    if path.is_dir():
        raise ConfigurationError(Fault(str(path), "", ABSENT, "this is a folder; name a file in it"))
    if path.exists() and not force:
        remedy = "the file exists; choose another name, or replace it with --force"
        raise ConfigurationError(Fault(str(path), "", ABSENT, remedy))
    text = election_template(str(path), country.strip(), slug)
    if date is not None:
        text = text.replace("date = 2030-01-06 #", f"date = {_day(date)} #")
    if polls is not None:
        if date is None:
            remedy = "polls belong to an election: say the day of the vote, such as --date 2030-01-06"
            raise ConfigurationError(Fault("forecast init", "--date", ABSENT, remedy))
        text = _with_polls(text, polls, path)
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")
    if not quiet:
        tell(f"wrote {path}; next: edit it, then forecast check {path}")


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        remedy = "a day is expected, year-month-day, such as 2030-01-06"
        raise ConfigurationError(Fault("forecast init", "--date", text, remedy)) from None


def _with_polls(text: str, polls: Path, file: Path) -> str:
    """The template with the parties that a table of polls reports, the largest first, and with its
    ``[polls]``.
    """
    from forecast.polls.reading import parties_text, read_with_layout, settings_text, told_apart

    found, layout, meant = told_apart(polls, None)
    table = read_with_layout(found, meant, dated=False).table
    parties = parties_text(table, meant)
    named = os.path.relpath(polls.resolve(), file.resolve().parent).replace(os.sep, "/")
    text = text.replace('# polls = "polls.csv" #', f"polls = {json.dumps(named, ensure_ascii=False)} #")
    before, _, rest = text.partition("[[parties]]\n")
    rest = rest[rest.index("[rule]\n") :]
    rule, _, behind = rest.partition("[estimate]\n")
    settings = settings_text(found, layout, table, meant)
    behind = behind[: behind.index("# Coalitions whose")]
    ids = re.findall(r'^id = "(.*)"$', parties, re.MULTILINE)[:2]
    name = " and ".join(meant.by_id[party].name for party in ids)
    asked = (
        "# Coalitions whose majority is asked for; [[events]] are statements whose probability is.\n"
        f'[[coalitions]]\nid = "{"-".join(ids)}"\nname = {json.dumps(name, ensure_ascii=False)}\n'
        f"parties = {json.dumps(ids)}\n"
    )
    return f"{before}{parties}\n\n{rule}{settings}\n\n[estimate]\n{behind}{asked}"


def _slug(name: str) -> str:
    """A name as an id: accents dropped, everything else than a-z and 0-9 a hyphen."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def election_template(file: str, country: str, slug: str) -> str:
    """The commented election file, with the names that are known filled in."""
    text = files("forecast.election").joinpath("template.toml").read_text(encoding="utf-8")
    shown = "".join(letter for letter in country if letter.isprintable()).replace("\\", "").replace('"', "'")
    filled = {"@FILE@": visible(file), "@ID@": slug, "@NAME@": f"{shown}, next election", "@COUNTRY@": shown}
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return text
