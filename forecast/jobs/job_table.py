"""A table of jobs: elections x days x variants x seeds (TOML), or a row for each job (CSV); and each job:
which forecast it is, the digest that tells it from every other, and how it is made.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.door.sheets import read_sheet
from forecast.door.trees import read_toml
from forecast.election.loading import day_of_forecast, files_of, load_election, parse_days
from forecast.election.values import parse_whole
from forecast.errors import ABSENT, ConfigurationError, Fault, ForecastError, lines_of, suggest
from forecast.simulation.forecasting import MOST_DRAWS, MOST_SEED, How
from forecast.sweeps.scenarios import Written, as_settings, written_variants
from forecast.writing import digest_of

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.polls import PollTable
    from forecast.result import Forecast
    from forecast.simulation.running import Progress, Runner


AS_CONFIGURED = "as-configured"
"""The variant that is the election file itself, where a table names none."""

MOST_JOBS = 1_000_000
_SHEETS = (".csv", ".tsv", ".gz")
"""Ends of the names of tables with a row for each job."""
_FOLDER = "this is a folder; a table of jobs (TOML or CSV) is expected"
_MOST_DAYS_BEFORE = 3_650
_SAMPLERS = ("sobol", "random")
_KEYS = ("elections", "as_of", "days_before", "seeds", "draws", "sampler", "variants")
_COLUMNS = ("election", "as_of", "days_before", "variant", "set", "seed", "draws", "sampler")
_RANGE = re.compile(r"\s*(\d+)\s*:\s*(\d+)\s*(?::\s*([1-9]\d*)\s*)?")


@dataclass(frozen=True)
class Row:
    """One job as the table asks for it; ``None`` stands for what the election file says."""

    election: str
    """What the election is called here: the name of its file, with its folder where two have the same."""
    config: Path
    variant: str = AS_CONFIGURED
    settings: tuple[str, ...] = ()
    changes: Written | None = None
    """Of a variant: its keys, which become settings when the election file is known."""
    as_of: datetime.date | None = None
    days_before: int | None = None
    seed: int | None = None
    draws: int | None = None
    sampler: str | None = None

    @property
    def label(self) -> tuple[str, str, str, str]:
        """What tells it from the other jobs of its table."""
        day = self.as_of if self.as_of is not None else self.days_before
        seed = "" if self.seed is None else str(self.seed)
        return self.election, "" if day is None else str(day), self.variant, seed


@dataclass(frozen=True)
class Table:
    """All jobs of a table in their order."""

    place: str
    rows: tuple[Row, ...]
    day: str
    """What its days are: ``as_of``, ``days_before``, or empty where it names none."""


def read_table(path: str | Path) -> Table:
    """The jobs that a file asks for; file names in it are taken relative to it.

    Parameters
    ----------
    path
        TOML (``elections``, ``as_of`` or ``days_before``, ``seeds``, ``draws``, ``sampler``,
        ``[[variants]]``), or CSV with a row for each job (docs/scale.md).

    Raises
    ------
    ConfigurationError
        With every fault of the table. A faulty election file is none: its jobs fail, and are listed.
    """
    file = Path(path)
    rows, faults = _of_rows(file) if file.suffix.lower() in _SHEETS else _of_product(file)
    place = str(file)
    asked = {name for row in rows for name in ("as_of", "days_before") if getattr(row, name) is not None}
    if len(asked) == 2:
        faults.append(
            Fault(place, "as_of", ABSENT, "a table names days, or days before the election: not both")
        )
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        if row.label in seen:
            said = ", ".join(part for part in row.label if part)
            faults.append(
                Fault(place, "", said, "this job is asked for twice: same election, day, variant, seed")
            )
        seen.add(row.label)
    if not rows and not faults:
        faults.append(Fault(place, "", ABSENT, "no job; at least one election file is expected"))
    if len(rows) > MOST_JOBS:
        faults = [Fault(place, "", f"{len(rows):,} jobs", f"at most {MOST_JOBS:,} make a table")]
    if faults:
        raise ConfigurationError(*faults)
    return Table(place, tuple(rows), asked.pop() if asked else "")


def settings_of(row: Row) -> tuple[str, ...]:
    """What differs from the election file, as after ``--set``; errors as of ``load_election``."""
    if row.changes is None or not row.changes.changes:
        return row.settings
    return (*row.settings, *as_settings(row.changes, load_election(row.config)))


def _missing(file: Path) -> str:
    """What to do about a table that is not there."""
    siblings = [str(one) for one in sorted(file.parent.glob("*")) if one.suffix in (".toml", *_SHEETS)]
    found = suggest(str(file), siblings)
    return f"no such file; {found if found.startswith('did you mean') else 'a table of jobs is expected'}"


def _of_product(file: Path) -> tuple[list[Row], list[Fault]]:
    place = str(file)
    tables = read_toml(file, missing=lambda: _missing(file), folder=_FOLDER)
    faults = [
        Fault(place, str(key), ABSENT, f"no such key; {suggest(str(key), _KEYS)}")
        for key in tables
        if key not in _KEYS
    ]
    read = _Reader(place, faults)
    files = read.files(file.parent, tables.get("elections"))
    days: Sequence[datetime.date | None] = read.days(tables.get("as_of")) or [None]
    before: Sequence[int | None] = read.numbers(
        "days_before", tables.get("days_before"), _MOST_DAYS_BEFORE
    ) or [None]
    seeds: Sequence[int | None] = read.numbers("seeds", tables.get("seeds"), MOST_SEED) or [None]
    variants: Sequence[Written | None] = [None]
    if "variants" in tables:
        variants, wrong = written_variants(place, tables["variants"])
        faults += wrong
    draws, sampler = read.draws(tables.get("draws")), read.sampler(tables.get("sampler"))
    if len(files) * len(variants) * len(days) * len(before) * len(seeds) > MOST_JOBS:
        return [], [Fault(place, "", ABSENT, f"at most {MOST_JOBS:,} jobs make a table")]
    rows = [
        Row(name, config, one.id if one else AS_CONFIGURED, (), one, day, ahead, seed, draws, sampler)
        for name, config in _named(files).items()
        for one in variants
        for day in days
        for ahead in before
        for seed in seeds
    ]
    return rows, faults


def _of_rows(file: Path) -> tuple[list[Row], list[Fault]]:
    place = str(file)
    sheet = read_sheet(file, missing=lambda: _missing(file), folder=_FOLDER, refusal=ConfigurationError)
    faults = list(sheet.faults)
    faults += [
        Fault(place, "row 1", name, f"no such column; {suggest(name, _COLUMNS)}")
        for name in sheet.heading
        if name not in _COLUMNS
    ]
    if "election" not in sheet.heading:
        faults.append(Fault(place, "row 1", ABSENT, "a column election is expected, with election files"))
        return [], faults
    lines = [(line.number, dict(zip(sheet.heading, line.cells, strict=True))) for line in sheet.lines]
    names = {
        path: name
        for name, path in _named({file.parent / cells["election"].strip() for _, cells in lines}).items()
    }
    rows = []
    for number, cells in lines:
        read = _Reader(place, faults, f"row {number}, column ")
        config = file.parent / cells["election"].strip()
        if not cells["election"].strip():
            faults.append(Fault(place, f"row {number}, column election", "", "an election file is expected"))
        days = read.days(_filled(cells, "as_of"))
        before = read.numbers("days_before", _filled(cells, "days_before"), _MOST_DAYS_BEFORE)
        seeds = read.numbers("seed", _filled(cells, "seed"), MOST_SEED)
        for name, found in (("as_of", days), ("days_before", before), ("seed", seeds)):
            if len(found) > 1:
                faults.append(Fault(place, f"row {number}, column {name}", cells[name], "a row is one job"))
        rows.append(
            Row(
                names[config],
                config,
                _filled(cells, "variant") or AS_CONFIGURED,
                tuple(part.strip() for part in (_filled(cells, "set") or "").split(";") if part.strip()),
                None,
                days[0] if days else None,
                before[0] if before else None,
                seeds[0] if seeds else None,
                read.draws(_filled(cells, "draws")),
                read.sampler(_filled(cells, "sampler")),
            )
        )
    return rows, faults


def _filled(cells: Mapping[str, str], name: str) -> str | None:
    return cells.get(name, "").strip() or None


def _named(files: Iterable[Path]) -> dict[str, Path]:
    """Files by what they are called: their name without its end, or all of it where two have the same."""
    ordered = sorted(set(files))
    stems = [file.stem for file in ordered]
    return {
        file.stem if stems.count(file.stem) == 1 else file.with_suffix("").as_posix(): file
        for file in ordered
    }


class _Reader:
    """Reads values of a table; what is wrong joins the faults."""

    def __init__(self, place: str, faults: list[Fault], before: str = "") -> None:
        self._place, self._faults, self._before = place, faults, before

    def _wrong(self, name: str, value: object, remedy: str) -> None:
        self._faults.append(Fault(self._place, self._before + name, value, remedy))

    def files(self, folder: Path, value: Any) -> list[Path]:
        """Election files by name or by pattern."""
        if (
            not isinstance(value, (str, list))
            or not value
            or not all(isinstance(one, str) for one in _list(value))
        ):
            self._wrong(
                "elections",
                ABSENT if value is None else value,
                'files are expected, such as ["configs/*.toml"]',
            )
            return []
        found: list[Path] = []
        for one in _list(value):
            if not any(sign in one for sign in "*?["):
                found.append(folder / one)
                continue
            matching = sorted(folder.glob(one)) if not Path(one).is_absolute() else []
            if not matching:
                self._wrong("elections", one, "no file matches; patterns are relative to this table")
            found += [path for path in matching if path.is_file()]
        return found

    def days(self, value: Any) -> list[datetime.date]:
        """Days and ranges as ``--as-of`` takes them."""
        if value is None:
            return []
        try:
            return parse_days([str(one) for one in _list(value)], f"{self._place}: {self._before}as_of")
        except ConfigurationError as error:
            self._faults += error.faults
            return []

    def numbers(self, name: str, value: Any, most: int) -> list[int]:
        """Whole numbers and ranges FROM:TO or FROM:TO:STEP, the last with its end."""
        found: list[int] = []
        for one in [] if value is None else _list(value):
            try:
                found += _range(one)
            except ValueError:
                self._wrong(name, one, "whole numbers are expected, or a range such as 1:10 or 0:180:30")
        if found and not 0 <= min(found) <= max(found) <= most:
            self._wrong(name, value, f"0 to {most:,} is expected")
            return []
        return list(dict.fromkeys(found))

    def draws(self, value: Any) -> int | None:
        """How many elections to draw."""
        try:
            number = None if value is None else parse_whole(value)
        except ValueError as error:
            self._wrong("draws", value, str(error))
            return None
        if number is not None and not 1 <= number <= MOST_DRAWS:
            self._wrong("draws", value, f"1 to {MOST_DRAWS:,} is expected")
            return None
        return number

    def sampler(self, value: Any) -> str | None:
        """How they are drawn."""
        if value is None or value in _SAMPLERS:
            return value
        self._wrong("sampler", value, suggest(str(value), _SAMPLERS))
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _range(value: Any) -> Iterator[int]:
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return iter([parse_whole(value)])
    first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
    if last < first or (last - first) // step > MOST_JOBS:
        raise ValueError(value)
    return iter(range(first, last + 1, step))


# One job.

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
        known: dict[str, Any] = record | {"settings": tuple(record["settings"])}
        return cls(**known)

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
    from forecast.simulation.forecasting import simulate_and_keep
    from forecast.simulation.grounds import refuse_void
    from forecast.storage import with_sources

    election, polls = _inputs(job.config, job.settings, job.inputs)
    if job.day and not job.as_of:
        remedy = "no date of the vote: days before it mean nothing; name days (as_of), or the date"
        raise ConfigurationError(Fault(job.config, "election.date", ABSENT, remedy))
    how = How.of(election, job.draws or None, job.seed, job.sampler or None, threads)
    day: datetime.date | None = day_of_forecast(election, job.as_of) if job.as_of else None
    estimated = estimate(election, polls, day)
    forecast, _ = simulate_and_keep(election, estimated, how._replace(runner=runner), 0, progress=progress)
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
