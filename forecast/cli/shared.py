"""What commands share: options (the same name, the same meaning, the same help), and of those that draw what
was asked, who does the work, their folder, and what they leave there and say on the way.
"""

from __future__ import annotations

import datetime
import errno
import gc
import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from forecast.cli.telling import show_json, show_records, tell
from forecast.errors import ABSENT, ConfigurationError, Fault, json_text, suggest

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election
    from forecast.jobs.hands import Hands
    from forecast.result import Forecast
    from forecast.simulation.forecasting import How
    from forecast.simulation.running import Runner
    from forecast.storage import Making
    from forecast.tables.definitions import Table


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
        from forecast.election.values import parse_whole

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
Sampler = Annotated[
    Literal["sobol", "random"] | None,
    option("--sampler", help="Quasi-random (sobol) or plain random draws. Default: as in the election file."),
]


def now() -> str:
    """The time in UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Asked:
    """What a user asked of a command that draws, and when (``clock``: of ``perf_counter``)."""

    config: Path
    settings: Sequence[str]
    draws: int | None
    seed: int | None
    sampler: str | None
    threads: int | None
    output: Path | None
    as_json: bool
    quiet: bool
    verbose: bool = False
    runner: Callable[[], Runner | None] = lambda: None
    """Who counts the draws; they are started when they are needed."""
    clock: float = field(default_factory=time.perf_counter)
    started: str = field(default_factory=now)

    def say(self, text: str) -> None:
        """Say something on the way, to who wants to hear of it."""
        if self.verbose and not self.quiet:
            tell(text)

    def making(self) -> Making:
        """How the result was made, at its end."""
        from forecast.storage import Making

        seconds = time.perf_counter() - self.clock
        return Making(["forecast", *sys.argv[1:]], self.started, seconds, self.cores)

    @property
    def cores(self) -> int:
        """Threads to run on."""
        if self.threads is not None:
            return self.threads
        from forecast.compiling import processors

        return processors()

    def how(self, election: Election) -> How:
        """How many elections to draw, and how."""
        from forecast.simulation.forecasting import How

        how = How.of(election, self.draws, self.seed, self.sampler, self.cores)
        return how._replace(runner=self.runner())

    def folder(self, election: Election, *below: str) -> Path:
        """Where the results go."""
        return self.output if self.output is not None else Path("outputs", election.election.id, *below)


@contextmanager
def hands_of(workers: int | None, scheduler: str | None, threads: int | None = None) -> Generator[Hands]:
    """Those who do the work: processes of this machine, workers of a scheduler, or this process."""
    if workers is not None and scheduler is not None:
        remedy = "with --scheduler its own workers do the work: leave one of the two out"
        raise ConfigurationError(Fault("--workers", "", workers, remedy))
    if workers is None and scheduler is None:
        from forecast.compiling import processors
        from forecast.jobs.hands import Here

        yield Here(threads or processors())
        return
    from forecast.jobs.hands import local_workers, workers_of

    with local_workers(workers) if workers is not None else workers_of(str(scheduler)) as hands:
        yield hands


@contextmanager
def hands_soon(workers: int | None, scheduler: str | None) -> Generator[Callable[[], Hands]]:
    """As ``hands_of``, but they start beside what the block does until it asks for them."""
    from concurrent.futures import ThreadPoolExecutor

    with ExitStack() as held, ThreadPoolExecutor(1) as starter:
        yield starter.submit(held.enter_context, hands_of(workers, scheduler)).result


def runner_of(
    context: typer.Context, workers: int | None, scheduler: str | None
) -> Callable[[], Runner | None]:
    """What starts the workers of a command when it is about to draw, and counts by them; they end with the
    command. Gives ``None`` where none are asked for.
    """

    def start() -> Runner | None:
        if workers is None and scheduler is None:
            return None
        from forecast.jobs.hands import ByHands

        return ByHands(context.with_resource(hands_of(workers, scheduler)))

    return start


def refuse_beside(option: str, others: Mapping[str, object], reason: str) -> None:
    """``ConfigurationError`` for options that mean nothing beside another."""
    faults = [
        Fault(name, "", ABSENT, f"{reason}: leave this out, or {option}")
        for name, value in others.items()
        if value is not None
    ]
    if faults:
        raise ConfigurationError(*faults)


@contextmanager
def no_search_for_garbage() -> Generator[None]:
    """Imports leave no garbage, and to look for it among all that they load takes a fifth of their time.

    xarray, which labels whatever was drawn, is imported here too, in the end.
    """
    gc.disable()
    try:
        yield
        import_module("xarray")
    finally:
        gc.freeze()
        gc.enable()


def refuse_place(folder: Path) -> None:
    """Refuse a place that cannot be written before anything is drawn, not after."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        remedy = f"{there if there != folder.absolute() else 'this'} is a file; a folder is expected"
        raise ConfigurationError(Fault("--output", "", str(folder), remedy))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))


def finish(
    asked: Asked,
    election: Election,
    forecast: Forecast,
    folder: Path,
    *,
    scenarios: Path | None = None,
    kept: xr.Dataset | None = None,
) -> None:
    """Write a forecast with its tables and its record, and print it."""
    from forecast.storage import with_sources

    conclude(
        asked, with_sources(forecast, election, asked.config, asked.settings, scenarios), folder, kept=kept
    )


def conclude(
    asked: Asked,
    forecast: Forecast,
    folder: Path,
    *,
    kept: xr.Dataset | None = None,
    beside: Mapping[str, str] | None = None,
) -> None:
    """Write a forecast that has its sources, with texts ``beside`` it by name, and print it."""
    from forecast.record import draws_record
    from forecast.tables import tables_shown
    from forecast.tables.exporting import console_for_results, print_tables

    tables = write_results(asked, forecast, folder, kept=kept, beside=beside)
    say_warnings(forecast.attrs["warnings"], below_tables=not asked.as_json)
    if not asked.as_json:
        print_tables(tables_shown(forecast, tables), console_for_results())
    elif isinstance(found := forecast.record(), list):
        show_records(found)
    else:
        show_json(found | (draws_record(kept) if kept is not None else {}))
    if not asked.quiet:
        following = "tables" if forecast.leading else "report"
        tell(f"wrote {folder}{_left_over(folder, kept)}; next: forecast {following} {folder}")


def write_results(
    asked: Asked,
    forecast: Forecast,
    folder: Path,
    *,
    kept: xr.Dataset | None = None,
    beside: Mapping[str, str] | None = None,
) -> list[Table]:
    """What a command leaves: forecast.nc, tables/ and run.json, the draws that are kept, and texts
    ``beside``; all or nothing. The tables are handed out.
    """
    from forecast.storage import FILE_NAME, run_record, write_draws, write_forecast
    from forecast.tables import tables_of
    from forecast.tables.exporting import as_csv
    from forecast.writing import RECORD_NAME, digests_of, replacing_folder

    record, tables = run_record(forecast, asked.making()), tables_of(forecast)
    with replacing_folder(folder) as draft:
        write_forecast(forecast, draft / FILE_NAME)
        if kept is not None:
            write_draws(kept, draft)
        for name, text in (beside or {}).items():
            (draft / name).write_text(text, encoding="utf-8")
        (draft / "tables").mkdir()
        for table in tables:
            (draft / "tables" / f"{table.name}.csv").write_text(as_csv(table), encoding="utf-8")
        text = json_text({**record, "outputs": digests_of(draft)}, 2)
        (draft / RECORD_NAME).write_text(text + "\n", encoding="utf-8")
    return tables


def _left_over(folder: Path, kept: xr.Dataset | None) -> str:
    """What other commands or options made from an earlier run in this folder, and that now lags behind."""
    from forecast.storage import DRAWS_NAME

    names = ["charts", "report.html", *([] if kept is not None else [f"{DRAWS_NAME}.nc"])]
    old = [name for name in names if (folder / name).exists()]
    return f" (of an earlier run there: {', '.join(old)})" if old else ""


def say_warnings(warnings: Iterable[str], *, below_tables: bool) -> None:
    """The warnings of a result, on stderr; not where the same terminal shows them below the tables."""
    if below_tables and sys.stdout.isatty() and sys.stderr.isatty():
        return
    for warning in warnings:
        tell(f"warning: {warning}")


def say_if_cold(quiet: bool) -> None:
    """Say that the core is compiled first, where it is."""
    from forecast import compiling

    if not quiet:
        compiling.on_compilation(compiling.say_on_stderr)
