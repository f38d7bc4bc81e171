"""One job: which forecast it is, the digest that tells it from every other, and how it is made."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.election.forecast_day import day_of_forecast
from forecast.election.loading import files_of, load_election
from forecast.errors import ABSENT, ConfigurationError, Fault, ForecastError, lines_of
from forecast.jobs.table import Row, Table, settings_of
from forecast.simulation.forecasting import How
from forecast.writing import digest_of

if TYPE_CHECKING:
    import datetime

    from forecast.election import Election
    from forecast.polls import PollTable
    from forecast.result import Forecast
    from forecast.simulation.running import Progress, Runner

_DIGITS = 32
"""Hexadecimal digits of a digest."""
UNREADABLE = "unreadable"
"""Begins the digest of an election file that cannot be read."""


@dataclass(frozen=True)
class Job:
    """A forecast that a table asks for; all that it takes to make it anywhere."""

    digest: str
    """Of all that its numbers follow from: definition and files, day, draws, seed, sampler, version."""
    inputs: str
    """Of the definition of the election and of its files."""
    election: str
    config: str
    variant: str
    settings: tuple[str, ...]
    day: str
    """As the table asks: a day, a number of days before the election, or nothing."""
    as_of: str
    """The day itself (ISO 8601); empty: that of the newest poll."""
    draws: int
    """0 where the election file cannot be read."""
    seed: int | None
    asked_seed: int | None
    sampler: str

    @classmethod
    def of(cls, record: dict[str, Any]) -> Job:
        """A job from its entry in ``jobs.json``."""
        return cls(**{**record, "settings": tuple(record["settings"])})

    def record(self) -> dict[str, Any]:
        """Its entry in ``jobs.json``."""
        return asdict(self)

    @property
    def label(self) -> str:
        """As people are told of it."""
        seed = "" if self.asked_seed is None else f"seed {self.asked_seed}"
        variant = "" if self.variant == "as-configured" else self.variant
        return ", ".join(part for part in (self.election, self.day, variant, seed) if part)


def jobs_of(table: Table) -> Iterator[Job]:
    """The jobs of a table with their digests; every election file is read once for each variant."""
    known: dict[tuple[Path, str, tuple[str, ...]], tuple[tuple[str, ...], Election | None, str]] = {}
    for row in table.rows:
        key = (row.config, row.variant, row.settings)
        if key not in known:
            known = {key: _read(row)}  # rows of one election and variant follow each other
        settings, election, inputs = known[key]
        yield _job(row, settings, election, inputs)


def _read(row: Row) -> tuple[tuple[str, ...], Election | None, str]:
    settings = row.settings
    try:
        settings = settings_of(row)
        election = load_election(row.config, settings)
        return settings, election, inputs_of(election)
    except (ForecastError, OSError):
        try:
            said = digest_of(row.config)
        except OSError:  # no file, or a name that none can have
            said = "absent"
        changes = row.changes.changes if row.changes is not None else {}
        return settings, None, f"{UNREADABLE}-{_digest([said, str(row.config), settings, dict(changes)])}"


def _job(row: Row, settings: tuple[str, ...], election: Election | None, inputs: str) -> Job:
    import datetime

    draws, seed, sampler, day = row.draws, row.seed, row.sampler, row.as_of
    if election is not None:
        asked = election.simulation
        draws, seed = draws or asked.draws, asked.seed if seed is None else seed
        sampler = sampler or asked.sampler
        if row.days_before is not None and election.election.vote is not None:
            day = election.election.vote - datetime.timedelta(row.days_before)
    as_of = "" if day is None else day.isoformat()
    asked_day = row.as_of if row.as_of is not None else row.days_before
    follows_from = [inputs, as_of or str(row.days_before), draws, seed, sampler, version("forecast")]
    return Job(
        _digest(follows_from),
        inputs,
        row.election,
        str(row.config),
        row.variant,
        settings,
        "" if asked_day is None else str(asked_day),
        as_of,
        draws if election is not None and draws is not None else 0,
        seed,
        row.seed,
        sampler or "",
    )


def inputs_of(election: Election) -> str:
    """Digest of the definition of an election and of its files; where they lie does not matter."""
    definition = json.loads(election.model_dump_json(exclude_none=True, by_alias=True))
    files = files_of(election)
    for key in files:
        *way, last = key.split(".")
        table: Any = definition
        for name in way:
            table = table[int(name)] if isinstance(table, list) else table[name]
        table.pop(last, None)
    digests = {key: digest_of(file) if file.is_file() else "absent" for key, file in files.items()}
    return _digest([definition, digests])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class Done:
    """A job that was done: its file, byte for byte, and what it cost."""

    image: bytes
    seconds: float
    """Of the process that did it; of a job in parts all parts together."""
    warnings: int


@dataclass(frozen=True)
class Failed:
    """A job that cannot be done: the exit code that a run would end with, and what it would say."""

    exit_code: int
    reasons: tuple[str, ...]


def do_job(job: Job) -> Done | Failed:
    """Make the forecast of a job on one thread."""
    began = time.perf_counter()
    try:
        forecast = forecast_of_job(job)
        return done(forecast, time.perf_counter() - began)
    except Exception as error:  # one of many: it is listed, and the others go on
        return failed(error)


def do_jobs(jobs: Sequence[Job]) -> list[Done | Failed]:
    """Several short jobs, one after the other."""
    return [do_job(job) for job in jobs]


def done(forecast: Forecast, seconds: float) -> Done:
    """A forecast as it is kept."""
    from forecast.netcdf import netcdf_image
    from forecast.storage import for_disk

    return Done(netcdf_image(for_disk(forecast)), seconds, len(forecast.attrs["warnings"]))


def failed(error: Exception) -> Failed:
    """What a run would say of an error."""
    if isinstance(error, ForecastError):
        return Failed(error.exit_code, tuple(lines_of(error.faults)))
    if isinstance(error, OSError):
        return Failed(1, (f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "),))
    return Failed(1, (f"unexpected error: {type(error).__name__}: {error}",))


def forecast_of_job(
    job: Job, *, threads: int = 1, runner: Runner | None = None, progress: Progress | None = None
) -> Forecast:
    """The forecast that ``forecast run`` gives with the file, settings, day, draws and seed of a job.

    Raises what a run does, and ``ConfigurationError`` where the files are not those that the job was made
    from.
    """
    from forecast.estimation import estimate
    from forecast.provenance import with_sources
    from forecast.simulation.forecasting import simulate_and_keep
    from forecast.simulation.grounds import refuse_void

    election, polls = _inputs(job.config, job.settings, job.inputs)
    if job.day and not job.as_of:
        remedy = "no date of the vote: days before it mean nothing; name days (as_of), or the date"
        raise ConfigurationError(Fault(job.config, "election.date", ABSENT, remedy))
    how = How.of(election, job.draws or None, job.seed, job.sampler or None, threads)
    day: datetime.date | None = day_of_forecast(election, job.as_of) if job.as_of else None
    estimated = estimate(election, polls, day)
    forecast, _ = simulate_and_keep(election, estimated, replace(how, runner=runner), 0, progress=progress)
    refuse_void(election, forecast)
    return with_sources(forecast, election, Path(job.config), job.settings)


@lru_cache(maxsize=16)
def _inputs(config: str, settings: tuple[str, ...], inputs: str) -> tuple[Election, PollTable]:
    """An election and its polls, read once by each process for many days and seeds."""
    from forecast.polls import polls_of

    election = load_election(config, settings)
    if inputs_of(election) != inputs and not inputs.startswith(UNREADABLE):
        remedy = (
            "this file, or one that it names, is not as it was when the jobs were listed: list them again"
        )
        raise ConfigurationError(Fault(config, "", ABSENT, remedy))
    return election, polls_of(election)
