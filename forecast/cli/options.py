"""Options that several commands share: the same name, the same meaning, the same help."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from forecast.errors import ConfigurationError, Fault


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


ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Election file (TOML).", show_default=False)
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a key of the election file for this run, such as rule.threshold.level=3%. Repeatable; "
        "an empty value takes the key away.",
        show_default=False,
    ),
]
AsOf = Annotated[
    datetime.date | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        parser=_parse_day,
        help="Use only what was known by the end of this day. Default: election day if there is an exit "
        "poll, else the day of the newest poll.",
        show_default=False,
    ),
]
On = Annotated[
    datetime.date | None,
    typer.Option(
        "--on",
        metavar="DATE|today",
        parser=_parse_on,
        help="Forecast a vote held on this day, from what was known by its end: if it were today. "
        "Default: the vote on its date.",
        show_default=False,
    ),
]
Draws = Annotated[
    int | None,
    typer.Option(
        "--draws",
        "-n",
        metavar="N",
        parser=whole_number(1, 10**11),
        help="Elections to draw, such as 1e6. Default: as in the election file.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        envvar="FORECAST_SEED",
        parser=whole_number(0, 2**63 - 1),
        help="Seed of the random numbers. Default: as in the election file.",
        show_default=False,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", min=1, help="Threads. Default: all cores.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print results as JSON on stdout.", show_default=False)]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no closing line.", show_default=False)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on the way.", show_default=False)]
OutputFolder = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Folder to write to. Default: outputs/<election>.",
        show_default=False,
    ),
]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write to.", show_default=False)
]

MOST_DAYS = 1_000
"""Days that one series holds at most."""

_STEP = re.compile(r"([1-9][0-9]{0,3})([dw])")


def parse_days(texts: Sequence[str]) -> list[datetime.date]:
    """Days of all texts in rising order, each once.

    A text is a day (2023-03-15) or FROM:TO:STEP, with a step of days or weeks (7d, 2w; default 1d) counted
    from FROM; TO is the last day that can be reached. ``ConfigurationError`` with every text that is neither.
    """
    faults: list[Fault] = []
    days: set[datetime.date] = set()
    for text in texts:
        found = _days_of(text)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            days.update(found)
    if faults:
        raise ConfigurationError(*faults)
    if len(days) > MOST_DAYS:
        remedy = f"that is {len(days):,} days; at most {MOST_DAYS:,} make a series: take a larger step"
        raise ConfigurationError(Fault("--as-of", "", ", ".join(texts), remedy))
    return sorted(days)


def _days_of(text: str) -> list[datetime.date] | Fault:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > 3:
        return Fault("--as-of", "", text, "a range is FROM:TO:STEP, such as 2023-01-01:2023-03-19:7d")
    ends: list[datetime.date] = []
    for part in parts[:2]:
        try:
            ends.append(datetime.date.fromisoformat(part))
        except ValueError:
            remedy = f"'{part}' is no day; write year-month-day, such as 2023-03-15"
            return Fault("--as-of", "", text, f"{remedy}, or a range such as 2023-01-01:2023-03-19:7d")
    if len(ends) == 1:
        return ends
    step = _STEP.fullmatch(parts[2]) if len(parts) == 3 else _STEP.fullmatch("1d")
    if step is None:
        return Fault("--as-of", "", text, f"'{parts[2]}' is no step; write days or weeks, such as 7d or 2w")
    if ends[1] < ends[0]:
        return Fault("--as-of", "", text, f"the range ends before it begins; {parts[1]}:{parts[0]} is meant")
    width = int(step.group(1)) * (7 if step.group(2) == "w" else 1)
    return [ends[0] + datetime.timedelta(days) for days in range(0, (ends[1] - ends[0]).days + 1, width)]
