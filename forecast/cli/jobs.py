"""``forecast jobs``: tables of jobs, what has become of them, and all of them as one Dataset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from forecast.cli.options import Json, Quiet, Scheduler, Threads, Workers, argument, option
from forecast.cli.telling import progress, show, show_json, tell
from forecast.errors import ConfigurationError, Fault, suggest

if TYPE_CHECKING:
    from forecast.jobs.job_table import Failed, Job
    from forecast.jobs.store import Ended, Turn

DO = "do"
"""What a table as the first argument means."""
TABLES = (".toml", ".csv", ".tsv", ".gz")
"""What names of tables end in."""
_TURN = re.compile(r"([1-9]\d*)/([1-9]\d*)")
_HOUR = 3_600


class JobsGroup(TyperGroup):
    """``forecast jobs TABLE`` is ``forecast jobs do TABLE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in the command that is not said."""
        if args and args[0] not in (*self.commands, "--help", "-h"):
            _refuse_word(args, self.commands)
            args = [DO, *args]
        return super().parse_args(ctx, args)


def _refuse_word(args: Sequence[str], commands: Iterable[str]) -> None:
    """``ConfigurationError`` for a word that is neither a command nor a table that could be meant."""
    word = args[0]
    if word.startswith("-") or Path(word).suffix.lower() in TABLES or Path(word).exists():
        return
    tables = [one for one in args[1:] if Path(one).suffix.lower() in TABLES]
    names = sorted(file.name for file in Path().iterdir() if file.suffix.lower() in TABLES)
    meant = suggest(word, [*commands, *names])
    if not meant.startswith("did you mean"):
        meant = f"did you mean 'forecast jobs {tables[0]}'?" if tables else suggest(word, commands)
    remedy = f"neither a command nor a table of jobs; {meant}"
    raise ConfigurationError(Fault("TABLE", "", word, remedy))


jobs = typer.Typer(
    cls=JobsGroup,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Do many forecasts: a table of elections, days, variants and seeds; `forecast jobs TABLE -o STORE`.",
)


def _turn(text: str) -> Turn:
    from forecast.jobs.store import Turn

    match = _TURN.fullmatch(str(text).strip())
    if match is None or int(match[1]) > int(match[2]):
        msg = f"'{text}' is no turn; write the number of this command and of all, such as 2/16"
        raise typer.BadParameter(msg)
    return Turn(int(match[1]), int(match[2]))


StoreFolder = Annotated[Path, option("--output", "-o", metavar="STORE", help="Folder of the jobs.")]
Array = Annotated[
    Any,
    option(
        "--array",
        metavar="I/N",
        parser=_turn,
        help="Do the I-th of N shares of the table, as one of N tasks of a batch system.",
    ),
]


@jobs.command(DO)
def do(
    table: Annotated[Path, argument(metavar="TABLE", help="Jobs (TOML or CSV; docs/scale.md).")],
    store: StoreFolder,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many jobs, how long and how much disk; do none.")
    ] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    array: Array = None,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Do the jobs of a table that are not done yet. The same command goes on after any interruption.

    A job that fails is listed, and the rest goes on; the exit code is then that of the failure.
    """
    from forecast.jobs import Store, do_table, read_table

    found, place = read_table(table), Store(store)
    if dry_run:
        _say_outlook(found, place, workers or 1, as_json=as_json)
        return
    from forecast.cli.working import hands_of, refuse_place, say_if_cold

    refuse_place(store)
    say_if_cold(quiet)
    with hands_of(workers, scheduler, threads) as hands, progress("jobs", quiet) as step:
        ended = do_table(found, place, hands=hands, turn=array, step=step)
    _say_ended(ended, store, as_json=as_json, quiet=quiet)
    if ended.exit_code:
        raise typer.Exit(ended.exit_code)


def _say_outlook(table: Any, store: Any, workers: int, *, as_json: bool) -> None:
    from forecast.jobs.store import outlook, space_left

    found = outlook(table, store)
    seconds, free = found.seconds / workers, space_left(store.folder)
    if as_json:
        known = seconds if found.measured else None
        record = {
            "jobs": found.jobs,
            "done": found.done,
            "left": found.jobs - found.done,
            "measured": found.measured,
            "workers": workers,
            "seconds": known,
            "bytes": found.disk,
            "bytes_free": free,
        }
        show_json(record)
        return
    show(f"{found.jobs:,} jobs: {found.done:,} done, {found.jobs - found.done:,} left")
    if not found.measured:
        show("no job that is left could be measured: none is left, or those looked at fail")
        return
    about = f"measured on {found.measured} of them, a few draws each"
    show(f"about {_duration(seconds)} on {workers} processor{'s' * (workers > 1)} ({about})")
    show(f"about {_size(found.disk)} on disk; {_size(free)} are free")


def _say_ended(ended: Ended, store: Path, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        record = {
            "jobs": ended.jobs,
            "done": ended.done,
            "done_now": ended.done_now,
            "left": ended.left,
            "failed": [
                {"job": job.label, "exit_code": one.exit_code, "reasons": list(one.reasons)}
                for job, one in ended.failures
            ],
        }
        show_json(record)
    for line in _failures(ended.failures):
        tell(line)
    if not as_json:
        now = f" ({ended.done_now:,} now)" if ended.done_now != ended.done else ""
        rest = f"{len(ended.failures):,} failed, {ended.left:,} left"
        show(f"{ended.jobs:,} jobs: {ended.done:,} done{now}, {rest}")
    if not quiet and ended.done:
        tell(f"wrote {store}; next: forecast jobs collect {store}")


def _failures(failures: Iterable[tuple[Job, Failed]]) -> Iterator[str]:
    """Every reason once for each election, with the first job that it kept from being done."""
    met: dict[tuple[str, str], list[Job]] = {}
    for job, one in failures:
        for reason in one.reasons:
            met.setdefault((job.election, reason), []).append(job)
    for (_, reason), found in met.items():
        more = f" and {len(found) - 1:,} more of this election" if len(found) > 1 else ""
        yield f"failed: {found[0].label}{more}: {reason}"


@jobs.command()
def status(
    store: Annotated[Path, argument(metavar="STORE", help="Folder of jobs.")],
    as_json: Json = False,
) -> None:
    """What is done, running, failed (with the reason) and left, and what it cost so far."""
    from forecast.jobs import Store
    from forecast.jobs.store import status as status_of

    place = Store(store)
    found = list(status_of(place))
    numbers = {
        state: sum(one == state for _, one, _ in found) for state in ("done", "running", "failed", "left")
    }
    cost = place.costs(job.digest for job, state, _ in found if state == "done")
    if as_json:
        failures = [
            {"job": job.label, "exit_code": why.exit_code, "reasons": list(why.reasons)}
            for job, _, why in found
            if why is not None
        ]
        show_json({"jobs": len(found), **numbers, "seconds": round(cost, 3), "failures": failures})
        return
    show(f"{len(found):,} jobs: " + ", ".join(f"{number:,} {state}" for state, number in numbers.items()))
    show(f"cost so far: {_duration(cost)} of a processor")
    for line in _failures((job, why) for job, _, why in found if why is not None):
        show(line)


@jobs.command()
def collect(
    stores: Annotated[list[Path], argument(metavar="STORE...", help="Folders of jobs.")],
    output: Annotated[
        Path | None,
        option(
            "--output",
            "-o",
            metavar="FILE",
            help="netCDF (.nc), or zarr (.zarr), which is written election by election. Default: "
            "collected.nc in the first STORE.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Bring the forecasts that are done together: one Dataset over election, day, variant and seed."""
    from forecast.jobs import Store
    from forecast.jobs import collect as bring_together

    target = output if output is not None else stores[0] / "collected.nc"
    if target.suffix not in (".nc", ".zarr"):
        remedy = "a name that ends in .nc (netCDF) or .zarr is expected"
        raise ConfigurationError(Fault("--output", "", str(target), remedy))
    with progress("reading", quiet) as step:
        found = bring_together([Store(folder) for folder in stores], target, step=step)
    missing = found.jobs - found.done
    if missing:
        tell(f"warning: {missing:,} of {found.jobs:,} jobs are not done, and blank")
    show(f"{found.done:,} forecasts in {found.path}")


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:,.1f} h"


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"
