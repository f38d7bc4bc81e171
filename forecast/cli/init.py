"""``forecast init``."""

from __future__ import annotations

import datetime
import json
import os
import re
import unicodedata
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.options import Quiet, argument, option
from forecast.cli.telling import tell
from forecast.errors import ABSENT, ConfigurationError, Fault, visible

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
    from forecast.polls.reading import read_with_layout
    from forecast.polls.showing import parties_text, settings_text, told_apart

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
    filled = {
        "@FILE@": visible(file),
        "@ID@": slug,
        "@NAME@": f"{shown}, next election",
        "@COUNTRY@": shown,
    }
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return text
