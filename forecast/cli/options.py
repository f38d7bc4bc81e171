"""Options that several commands share: the same name, the same meaning, the same help."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from forecast.errors import suggest


def option(*names: str, **about: Any) -> Any:
    """An option whose help says in words what holds where it is not given."""
    return typer.Option(*names, show_default=False, **about)


def argument(**about: Any) -> Any:
    """An argument, likewise."""
    return typer.Argument(show_default=False, **about)


def _parse_day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError:
        msg = f"'{text}' is no day; write year-month-day, such as 2023-03-15"
        raise typer.BadParameter(msg) from None


def _parse_on(text: str) -> datetime.date:
    return datetime.date.today() if str(text).strip().lower() == "today" else _parse_day(str(text))


def with_vote_on(settings: Sequence[str] | None, on: datetime.date | None) -> list[str]:
    """The changes of the election file that ``--set`` and ``--on`` ask for."""
    return [*(settings or ()), *([f"election.on={on}"] if on is not None else [])]


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Parser of an option: a whole number, also as 1e6 or 1_000_000, within bounds."""

    def parse(text: str) -> int:
        from forecast.election.texts import parse_whole

        try:
            number = parse_whole(str(text))
        except ValueError:
            msg = f"'{text}' is no whole number; write it as 1000000 or 1e6"
            raise typer.BadParameter(msg) from None
        if not least <= number <= most:
            msg = f"{text} is out of bounds; {least} to {most:,} is expected".replace(",", " ")
            raise typer.BadParameter(msg)
        return number

    return parse


def one_of(what: str, known: Sequence[str]) -> Callable[[str], str]:
    """Parser of an option: one of some names."""

    def parse(text: str) -> str:
        if text not in known:
            msg = f"no such {what} '{text}'; {suggest(text, known)}"
            raise typer.BadParameter(msg)
        return text

    return parse


ConfigFile = Annotated[Path, argument(metavar="CONFIG", help="Election file (TOML).")]
Settings = Annotated[
    list[str] | None,
    option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a key of the election file for this run, such as rule.threshold.level=3%. Repeatable; "
        "an empty value takes the key away.",
    ),
]
AsOf = Annotated[
    datetime.date | None,
    option(
        "--as-of",
        metavar="DATE",
        parser=_parse_day,
        help="Use only what was known by the end of this day. Default: election day if there is an exit "
        "poll, else the day of the newest poll.",
    ),
]
On = Annotated[
    datetime.date | None,
    option(
        "--on",
        metavar="DATE|today",
        parser=_parse_on,
        help="Forecast a vote held on this day, from what was known by its end: if it were today. "
        "Default: the vote on its date.",
    ),
]
Draws = Annotated[
    int | None,
    option(
        "--draws",
        "-n",
        metavar="N",
        parser=whole_number(1, 10**11),
        help="Elections to draw, such as 1e6. Default: as in the election file.",
    ),
]
Seed = Annotated[
    int | None,
    option(
        "--seed",
        metavar="N",
        envvar="FORECAST_SEED",
        parser=whole_number(0, 2**63 - 1),
        help="Seed of the random numbers. Default: as in the election file.",
    ),
]
Threads = Annotated[int | None, option("--threads", metavar="N", min=1, help="Threads. Default: all cores.")]
Workers = Annotated[
    int | None,
    option(
        "--workers",
        metavar="N",
        min=1,
        max=4096,
        help="Worker processes on this machine (needs the extra cluster). Default: none; the threads of this "
        "process.",
    ),
]
Scheduler = Annotated[
    str | None,
    option(
        "--scheduler",
        metavar="ADDRESS",
        help="Of a dask scheduler, or the file that it wrote: its workers do the work.",
    ),
]
Json = Annotated[bool, option("--json", help="Print results as JSON on stdout.")]
Quiet = Annotated[bool, option("--quiet", "-q", help="No progress and no closing line.")]
Verbose = Annotated[bool, option("--verbose", "-v", help="Say more on the way.")]
OutputFolder = Annotated[
    Path | None,
    option("--output", "-o", metavar="FOLDER", help="Folder to write to. Default: outputs/<election>."),
]
OutputFile = Annotated[Path | None, option("--output", "-o", metavar="FILE", help="File to write to.")]
