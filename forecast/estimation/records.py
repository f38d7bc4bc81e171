"""What earlier elections tell: how far the polls of a country missed in them, of all kinds together, and how
often statements of such forecasts were right (the summary of a backtest, which travels with every forecast).

R = 1/2 ln[(sum of q + 8) / (sum of u + 8)]: q is the squared miss of an election in units of a law of the
average that knows no records, u its dimensions (units less one), both means over the days before the vote at
which it was forecast. 0 is the usual; below 0 polls missed by less.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

from forecast.election.values import normalised
from forecast.errors import PollDataError
from forecast.rules.tables import read_rows

COLUMNS = ("country", "election", "date", "q", "u")
PRIOR = 8.0
"""What is usual counts as much as so many dimensions: an election or two."""
_SHIPPED = "records.csv"
_NUMBER = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,12})?")
SCHEMA = 1
_SHIPPED_CALIBRATION = "calibration.json"
_ENOUGH = 20


class Record(NamedTuple):
    """One election: its squared miss and its dimensions."""

    country: str
    election: str
    date: datetime.date
    misses: float
    units: float


class CountryRecord(NamedTuple):
    """R of a country, and on how many earlier elections it rests."""

    value: float = 0.0
    elections: int = 0

    def sentence(self, country: str, wider: float) -> str:
        """What that says, in plain words; ``wider`` is the factor on the error by the law."""
        if not self.elections:
            return ""
        number = "one earlier election" if self.elections == 1 else f"{self.elections} earlier elections"
        factor = math.exp(self.value)
        if abs(factor - 1.0) < 0.05:
            missed = "have missed by about as much as elsewhere"
        else:
            missed = (
                f"have missed by {abs(factor - 1.0):.0%} {'more' if factor > 1.0 else 'less'} than elsewhere"
            )
        effect = f"errors are taken as {abs(wider - 1.0):.0%} {'wider' if wider > 1.0 else 'narrower'} for it"
        same = abs(wider - 1.0) < 0.005
        return f"Polls in {country} {missed} in {number}" + ("." if same else f": {effect}.")


def country_record(
    records: Iterable[Record], country: str, day: datetime.date, election: str = ""
) -> CountryRecord:
    """The record of a country from its elections before ``day``, but for ``election`` itself."""
    own = [
        one
        for one in records
        if normalised(one.country) == normalised(country) and one.date < day and one.election != election
    ]
    if not own or not country:
        return CountryRecord()
    misses, units = sum(one.misses for one in own), sum(one.units for one in own)
    return CountryRecord(0.5 * math.log((misses + PRIOR) / (units + PRIOR)), len(own))


def together(*parts: Sequence[Record]) -> tuple[Record, ...]:
    """Records of several sources; of an election that stands in several, that of the last."""
    found: dict[tuple[str, str], Record] = {}
    for part in parts:
        found |= {(normalised(one.country), one.election): one for one in part}
    return tuple(found.values())


@lru_cache(maxsize=1)
def shipped_records() -> tuple[Record, ...]:
    """The records that come with the program."""
    with as_file(files("forecast.estimation").joinpath(_SHIPPED)) as path:
        return read_records(path)


def read_records(path: str | Path) -> tuple[Record, ...]:
    """Records as ``forecast records`` writes them. ``PollDataError`` with every fault."""
    rows = read_rows(Path(path), str(path), COLUMNS, COLUMNS)
    found: list[Record] = []
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        country, election = row.cells["country"], row.cells["election"]
        for column in COLUMNS:
            if not row.cells[column]:
                row.fault(column, "", "missing; a row says country, election, date, q and u")
        before = seen.setdefault((normalised(country), election), row.number)
        if before != row.number:
            row.fault("election", election, f"row {before} is of this election already; keep one")
        day = row.read("date", _day, datetime.date.min)
        misses, units = (row.read(column, _number, 0.0) for column in ("q", "u"))
        found.append(Record(country, election, day, misses, units))
    faults = [fault for row in rows for fault in row.faults]
    if faults:
        raise PollDataError(*faults)
    return tuple(found)


def records_text(records: Sequence[Record], said: str) -> str:
    """The table as it is written; ``said`` stands above it."""
    text = io.StringIO()
    text.write(f"# {said}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(records, key=lambda one: (one.country, one.date, one.election)):
        writer.writerow((one.country, one.election, one.date, f"{one.misses:.4f}", f"{one.units:g}"))
    return text.getvalue()


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        msg = "a day such as 2021-09-26 is expected"
        raise ValueError(msg) from None


def _number(text: str) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    msg = "a number from 0 up is expected, such as 5.25"
    raise ValueError(msg)


@dataclass(frozen=True)
class Bin:
    """Statements of a chance from ``low`` to ``high``: the mean given, and how often it came true."""

    low: float
    high: float
    said: float
    happened: float
    statements: int


@dataclass(frozen=True)
class HorizonRecord:
    """Scores at ``horizon`` days before the election (``None``: all pooled); coverage as fractions."""

    horizon: int | None
    elections: int
    coverage_50: float
    coverage_80: float
    coverage_95: float
    crps: float
    crossing_brier: float | None
    majority_brier: float | None
    mae: float | None = None
    kind: str = ""
    """``national``, ``regional`` or ``european``; empty: all of them."""


@dataclass(frozen=True)
class Calibration:
    """What a backtest found: on how many elections, and how often statements were right.

    ``left_out`` says what the constants were fitted without: ``country`` where no election of the country
    that is forecast was used, empty where all were.
    """

    elections: int
    countries: int
    years: tuple[int, ...]
    date: str
    left_out: str
    horizons: tuple[HorizonRecord, ...]
    crossings: tuple[Bin, ...]
    majorities: tuple[Bin, ...]
    kinds: tuple[HorizonRecord, ...] = ()
    """By kind of election and horizon, where there is more than one kind."""

    def near(self, days: float) -> HorizonRecord:
        """The record of the horizon nearest to ``days`` (by ratio) before an election."""
        single = [record for record in self.horizons if record.horizon is not None]
        return min(single, key=lambda record: abs(_log(days) - _log(float(record.horizon or 0))))

    def sentences(self, days: float) -> tuple[str, ...]:
        """What a reader should know, in plain words, of a forecast ``days`` before the election."""
        near = self.near(days)
        basis = (
            f"{near.elections} elections in {self.countries} countries, {min(self.years)}-{max(self.years)}"
        )
        unseen = ", each forecast without its country's other elections" if self.left_out == "country" else ""
        day = "day" if near.horizon == 1 else "days"
        held = f"{near.coverage_50:.0%}, {near.coverage_80:.0%} and {near.coverage_95:.0%}"
        when = f"{near.horizon} {day} before the vote"
        said = [f"Tested on {basis}{unseen}, {when}: 50, 80 and 95 % intervals held {held} of the results."]
        told = [bin for bin in self.crossings if bin.statements >= _ENOUGH and 0.2 <= bin.low < 0.8]
        if told:
            low, high = told[0], told[-1]
            said.append(
                f"Of parties near the threshold that were given {low.low:.0%} to {low.high:.0%}, "
                f"{low.happened:.0%} entered; "
                f"of those given {high.low:.0%} to {high.high:.0%}, {high.happened:.0%}."
            )
        return tuple(said)

    def record(self) -> dict[str, Any]:
        """As it is written to a file."""
        return {"schema": SCHEMA, **asdict(self)}


def parse_calibration(data: Mapping[str, Any]) -> Calibration:
    """A calibration from its record."""
    return Calibration(
        elections=int(data["elections"]),
        countries=int(data["countries"]),
        years=tuple(data["years"]),
        date=str(data["date"]),
        left_out=str(data["left_out"]),
        horizons=tuple(HorizonRecord(**record) for record in data["horizons"]),
        crossings=_bins(data["crossings"]),
        majorities=_bins(data["majorities"]),
        kinds=tuple(HorizonRecord(**record) for record in data.get("kinds", ())),
    )


@lru_cache(maxsize=1)
def shipped_calibration() -> Calibration:
    """The calibration of the constants that come with the program."""
    text = files("forecast.estimation").joinpath(_SHIPPED_CALIBRATION).read_text(encoding="utf-8")
    return parse_calibration(json.loads(text))


def _bins(records: Sequence[Mapping[str, Any]]) -> tuple[Bin, ...]:
    return tuple(Bin(**record) for record in records)


def _log(days: float) -> float:
    return math.log(max(days, 1.0))
