"""A table of jobs: elections x days x variants x seeds (TOML), or a row for each job (CSV)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.door.sheets import read_sheet
from forecast.door.trees import read_toml
from forecast.election.forecast_day import parse_days
from forecast.election.loading import load_election
from forecast.election.values import parse_whole
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.simulation.forecasting import MOST_DRAWS, MOST_SEED
from forecast.sweeps.scenarios import Written, as_settings, written_variants

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
            not isinstance(value, str | list)
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
