"""Constants of the regression of a night, and the nights that they rest on, as ``forecast night-fit`` writes
them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from forecast.door.trees import read_json
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.writing import digest_of

SCHEMA = 2
METHOD = 2
"""Version of the method: constants that were fitted to another are none of this one."""
_SHIPPED = "night_constants.json"


@dataclass(frozen=True)
class NightConstants:
    """Constants of the method (docs/night.md). Variances of effects are in units of that of the residuals of
    a unit with many votes, so that one set serves all countries.
    """

    intercept: float
    """Variance of the effect that all units share."""
    shares: float
    """Of each last share, as the other columns in standard deviations."""
    size: float
    region_size: float
    size_squared: float
    remapped: float
    """Of a unit whose last votes are not its own."""
    cosines: float
    """Of the term for similar units."""
    kind: float
    district: float
    region: float
    newcomer: float
    """By so much the variances of all effects but the first are larger for a list without a past."""
    kappa: float
    """Power of a list's relative strength in a unit by which it swings there."""
    nation_least: float
    """Standard deviation, in those of the residuals, of what all missing units have in common."""
    nation_selection: float
    """What it grows by for each standard deviation that missing units are from counted ones."""
    district_least: float
    """The same of what the missing units of a district have in common."""
    district_selection: float
    half_weight: float
    """Votes at which a unit's own noise has twice the variance of that of a large unit."""
    borders: float
    """What a unit's own noise has more of where its last votes are no votes of its own."""
    pool: float
    """Variance of the effect that all units of a pool share."""
    balance: float
    """Variance of what the counted units of a pool are off, for which the others make up."""
    robust: float
    """Standard deviations from which on a unit weighs less."""
    residual: float
    """Standard deviation of a share of 50 % in large units, twice, before any is counted."""
    volume: float
    """Standard deviation of the log of the votes of large units, before any is counted."""
    prior_degrees: float
    """Units that those two count as."""
    revision: float
    """Standard deviation of the share of a list of 20 % between the count of the night and the final one."""
    degrees_of_freedom: float
    """Of the tails of all draws."""


DESIGNED = NightConstants(
    intercept=200.0,
    shares=0.2,
    size=0.03,
    region_size=0.05,
    size_squared=0.005,
    remapped=0.3,
    cosines=1.0,
    kind=0.3,
    district=0.2,
    region=0.05,
    newcomer=4.0,
    kappa=0.4,
    nation_least=0.07,
    nation_selection=0.3,
    district_least=0.15,
    district_selection=0.5,
    half_weight=1000.0,
    borders=4.0,
    pool=0.25,
    balance=1.0,
    robust=2.0,
    residual=0.05,
    volume=0.15,
    prior_degrees=40.0,
    revision=0.0004,
    degrees_of_freedom=9.0,
)
"""Where a fit begins: constants of the design, round numbers."""


@dataclass(frozen=True)
class NightBasis:
    """Constants and what they rest on."""

    constants: NightConstants
    nights: tuple[str, ...]
    """Folders of the archive."""
    note: str = ""
    """The command that fitted them."""
    without: Mapping[str, NightConstants] = field(default_factory=dict)
    """Of each country the constants that were fitted on the others."""
    nights_sha256: str = ""
    """Of the tables of these nights."""
    method: int = METHOD
    """Version of the method that they were fitted to."""
    place: str = ""
    """The file that they are from."""
    digest: str = ""
    """SHA-256 of it."""

    def record(self) -> dict[str, Any]:
        """As it is written to a file."""
        found: dict[str, Any] = {
            "schema": SCHEMA,
            "method": self.method,
            "made_by": self.note,
            "nights": list(self.nights),
            "nights_sha256": self.nights_sha256,
        }
        without = {country: asdict(constants) for country, constants in self.without.items()}
        return found | {"constants": asdict(self.constants)} | ({"without": without} if without else {})


@cache
def shipped_night_constants() -> NightBasis:
    """Those that come with the program."""
    text = files("forecast.night").joinpath(_SHIPPED).read_text("utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(_basis_of(json.loads(text), _SHIPPED), place=f"{_SHIPPED} of forecast", digest=digest)


def load_night_constants(path: str | Path) -> NightBasis:
    """Constants from a file that ``forecast night-fit`` wrote; ``ConfigurationError`` where it is none."""
    missing = "no such file; `forecast night-fit` writes one"
    data = read_json(Path(path), ConfigurationError, missing=missing, decimals=False)
    return replace(_basis_of(data, str(path)), place=str(path), digest=digest_of(Path(path)))


def _basis_of(data: Any, place: str) -> NightBasis:
    remedy = "constants of a night are expected, as `forecast night-fit` writes them"
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        found = data.get("schema", ABSENT) if isinstance(data, dict) else ABSENT
        raise ConfigurationError(Fault(place, "schema", found, remedy))
    if data.get("method") != METHOD:
        remedy = f"fitted to another version of the method than this one, {METHOD}; fit them anew"
        raise ConfigurationError(Fault(place, "method", data.get("method", ABSENT), remedy))
    without = data.get("without", {})
    nights = data.get("nights", [])
    if not isinstance(without, dict) or not isinstance(nights, list):
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))
    return NightBasis(
        _constants_of(data.get("constants"), place, "constants"),
        tuple(map(str, nights)),
        str(data.get("made_by", "")),
        {str(name): _constants_of(held, place, f"without.{name}") for name, held in without.items()},
        str(data.get("nights_sha256", "")),
    )


def _constants_of(held: Any, place: str, where: str) -> NightConstants:
    known = [one.name for one in fields(NightConstants)]
    if not isinstance(held, dict):
        raise ConfigurationError(Fault(place, where, ABSENT, "a table of constants is expected"))
    faults = [
        Fault(place, f"{where}.{name}", ABSENT, f"no such constant; {suggest(name, known)}")
        for name in held
        if name not in known
    ]
    for name in known:
        value = held.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1e6:
            found = ABSENT if value is None else str(value)
            faults.append(Fault(place, f"{where}.{name}", found, "a number from 0 up is expected"))
    if faults:
        raise ConfigurationError(*faults)
    return NightConstants(**{name: float(held[name]) for name in known})


SHIPPED = shipped_night_constants().constants
"""Those that come with the program."""
