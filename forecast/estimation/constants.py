"""The fitted constants and what they rest on, as ``forecast fit`` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.estimation.law import LawConstants

SCHEMA = 1
_SHIPPED = "constants.json"
_METHODS = ("average", "trend")


@dataclass(frozen=True)
class Basis:
    """Which elections a set of constants was fitted on, and when."""

    elections: int
    countries: int
    years: tuple[int, ...]
    date: str
    note: str = ""
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.elections:
            return self.note
        return (
            f"{self.elections} elections in {self.countries} countries, {min(self.years)}-{max(self.years)}, "
            f"fitted on {self.date}"
        )


@dataclass(frozen=True)
class Constants:
    """One law for the weighted average, one for the trend, and the errors of the plain average by horizon."""

    average: LawConstants
    trend: LawConstants
    rests_on: Basis
    plain_average: Mapping[int, float] = field(default_factory=dict)
    intervals: Mapping[str, Any] = field(default_factory=dict)

    def law(self, method: str) -> LawConstants:
        """The law of ``average`` or ``trend``."""
        return self.trend if method == "trend" else self.average

    def record(self) -> dict[str, Any]:
        """As it is written to a file."""
        return {
            "schema": SCHEMA,
            "rests_on": {**asdict(self.rests_on)},
            "average": asdict(self.average),
            "trend": asdict(self.trend),
            "plain_average": {str(horizon): error for horizon, error in self.plain_average.items()},
            "intervals": dict(self.intervals),
        }


def shipped_constants() -> Constants:
    """The constants that come with the program."""
    text = files("forecast.estimation").joinpath(_SHIPPED).read_text(encoding="utf-8")
    return parse_constants(json.loads(text), _SHIPPED)


def load_constants(path: str | Path | None = None) -> Constants:
    """Constants from a file that ``forecast fit`` wrote; the shipped ones if no path is given.

    ``ConfigurationError`` where the file is not one of these.
    """
    if path is None:
        return shipped_constants()
    place = str(path)
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            Fault(place, "", ABSENT, "no such file; `forecast fit` writes one")
        ) from None
    except OSError as error:
        raise ConfigurationError(Fault(place, "", ABSENT, f"cannot be read: {error.strerror}")) from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise ConfigurationError(Fault(place, "", ABSENT, "not a file of constants (JSON)")) from None
    return parse_constants(data, place)


def parse_constants(data: Any, place: str) -> Constants:
    """Constants from a record; ``ConfigurationError`` with every fault."""
    if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
        found = data.get("schema", ABSENT) if isinstance(data, Mapping) else ABSENT
        remedy = f"a file of constants with schema {SCHEMA} is expected; write a new one with `forecast fit`"
        raise ConfigurationError(Fault(place, "schema", found, remedy))
    faults = [fault for method in _METHODS for fault in _law_faults(data.get(method), place, method)]
    if faults:
        raise ConfigurationError(*faults)
    basis = data.get("rests_on", {})
    return Constants(
        average=LawConstants(**{name: float(value) for name, value in data["average"].items()}),
        trend=LawConstants(**{name: float(value) for name, value in data["trend"].items()}),
        rests_on=Basis(
            int(basis.get("elections", 0)),
            int(basis.get("countries", 0)),
            tuple(int(year) for year in basis.get("years", ())),
            str(basis.get("date", "")),
            str(basis.get("note", "")),
            tuple(str(name) for name in basis.get("names", ())),
        ),
        plain_average={
            int(horizon): float(error) for horizon, error in data.get("plain_average", {}).items()
        },
        intervals=data.get("intervals", {}),
    )


def _law_faults(law: Any, place: str, method: str) -> list[Fault]:
    names = [field.name for field in fields(LawConstants)]
    if not isinstance(law, Mapping):
        return [Fault(place, method, ABSENT, f"a table with {', '.join(names)} is expected")]
    faults = [
        Fault(place, f"{method}.{name}", law.get(name, ABSENT), "a number is expected")
        for name in names
        if not isinstance(law.get(name), int | float) or isinstance(law.get(name), bool)
    ]
    unknown = [name for name in law if name not in names]
    return faults + [Fault(place, f"{method}.{name}", ABSENT, suggest(name, names)) for name in unknown]
