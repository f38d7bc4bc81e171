"""How often such statements were right: the summary of a backtest that travels with every forecast."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

SCHEMA = 1
_SHIPPED = "calibration.json"
_ENOUGH = 20


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

    def crossings_near(self, probability: float) -> Bin | None:
        """The bin of crossings that a probability falls in; ``None`` where nothing like it was said."""
        return next((bin for bin in self.crossings if _holds(bin, probability)), None)

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
    text = files("forecast.estimation").joinpath(_SHIPPED).read_text(encoding="utf-8")
    return parse_calibration(json.loads(text))


def _bins(records: Sequence[Mapping[str, Any]]) -> tuple[Bin, ...]:
    return tuple(Bin(**record) for record in records)


def _holds(bin: Bin, probability: float) -> bool:
    return bin.low <= probability < bin.high or (probability == 1.0 == bin.high)


def _log(days: float) -> float:
    from math import log

    return log(max(days, 1.0))
