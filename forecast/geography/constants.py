"""The constants of the projection to districts, with what they rest on (``constants.csv``)."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

from forecast.election.words import normalised

SHIPPED = Path(__file__).with_name("constants.csv")
COUNTRIES = Path(__file__).with_name("countries.csv")


@dataclass(frozen=True)
class Constants:
    """Logarithms are natural ones; sds of lists are those at a share of 10 %."""

    beta: float
    """Slope of the log of a list's relative strength where the list stands still."""
    beta_power: float
    """Exponent of last over present national share: rising lists even out."""
    beta_least: float
    beta_most: float
    cell_sd: float
    """Error of a cell by itself."""
    cell_power: float
    """Power of the cell's share by which that changes."""
    cell_least: float
    """Share below which it changes no more."""
    slope_sd: float
    """Error of a list's slope."""
    factor_1_sd: float
    """Loading of a list on the first factor of the base, and on the second."""
    factor_2_sd: float
    region_sd: float
    list_power: float
    """Power of the list's national share by which factors and regions change."""
    new_cell_sd: float
    """The same of lists without a last result."""
    new_factor_1_sd: float
    new_factor_2_sd: float
    new_region_sd: float
    anew_cell_sd: float
    """Error of a cell in which a list that continues stands for the first time."""
    scale_sd: float
    """Spread of the scale of all errors over elections, of which over countries and within them."""
    scale_between: float
    scale_within: float
    list_scale_sd: float
    """Spread of the scale over the lists of an election."""
    no_base_sd: float
    """Error of a cell where there is no last result at all, and the power of the national share in it."""
    no_base_power: float
    proportional_noise: float
    """Factors on all errors around the other ways in which districts follow the nation."""
    additive_noise: float
    logit_noise: float
    poll_effect: float
    """Factor on the sampling variance of polls of a region or district."""
    poll_sd: float
    """Log: what such polls miss by besides sampling; and what is added to it a day, as a random walk."""
    poll_drift: float


@cache
def shipped(path: Path = SHIPPED) -> Constants:
    """The constants of a file: name, value, and what else it says of each."""
    with path.open(encoding="utf-8", newline="") as file:
        values = {row["name"]: float(row["value"]) for row in csv.DictReader(file)}
    return Constants(**{field.name: values[field.name] for field in fields(Constants)})


@dataclass(frozen=True)
class History:
    """How large the errors of a country's earlier elections were against those of the constants."""

    pairs: int
    scale: float
    """Geometric mean over its pairs."""


@cache
def shipped_histories(path: Path = COUNTRIES) -> dict[str, History]:
    """Histories of the countries that the constants rest on, by normalised name."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            normalised(row["country"]): History(int(row["pairs"]), float(row["scale"]))
            for row in csv.DictReader(file)
        }


def with_history(law: Constants, history: History | None) -> tuple[Constants, float]:
    """The constants for an election of a country with a history, and the factor on all errors.

    The log of the scale of an election is the country's plus its own, both normal: the country's is known the
    better the more pairs there are (a normal mean with known variances), and what is not known of it stays in
    the spread.
    """
    if history is None:
        return law, 1.0
    between, within = law.scale_between**2, law.scale_within**2
    known = between / (between + within / history.pairs)
    spread = math.sqrt(within + between * (1.0 - known))
    return replace(law, scale_sd=spread), history.scale**known
