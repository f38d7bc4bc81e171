"""The constants of the projection to districts, with what they rest on (``constants.csv``)."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

from forecast.election.values import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.rules.tables import read_rows

SHIPPED = Path(__file__).with_name("constants.csv")
COUNTRIES = Path(__file__).with_name("countries.csv")

_COLUMNS = ("name", "value", "se", "meaning")
_MOST = 10.0


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
def shipped() -> Constants:
    """The constants that come with the program."""
    return read_constants(SHIPPED)


def read_constants(path: Path) -> Constants:
    """The constants of a file: name, value, and what else it says of each.

    Raises ``ConfigurationError`` with every fault: a name that is none, twice or missing, a value that is no
    number or out of bounds.
    """
    place = str(path)
    try:
        rows = read_rows(path, place, ("name", "value"), _COLUMNS)
    except PollDataError as error:
        raise ConfigurationError(*error.faults) from None
    known = [field.name for field in fields(Constants)]
    values: dict[str, float] = {}
    for row in rows:
        name = row.cells["name"]
        if name not in known:
            row.fault("name", name or ABSENT, f"no such constant; {suggest(name, known)}")
        elif name in values:
            row.fault("name", name, "this constant has a row already; keep one")
        values[name] = row.read("value", _parse_value, math.nan)
    faults = [fault for row in rows for fault in row.faults]
    faults += [
        Fault(place, f"constant {name}", ABSENT, "missing; `forecast fit` writes all of them")
        for name in known
        if name not in values
    ]
    if faults:
        raise ConfigurationError(*faults)
    return Constants(**{name: values[name] for name in known})


def _parse_value(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= _MOST:
        msg = f"a number from {-_MOST:g} to {_MOST:g} is expected"
        raise ValueError(msg)
    return value


def constants_table(law: Constants, errors: Mapping[str, float], rests_on: str) -> str:
    """The text of a file of constants: what they rest on, then name, value, standard error and meaning."""
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        meaning = {row["name"]: row["meaning"] for row in csv.DictReader(_without_remarks(file))}
    text = io.StringIO()
    text.write(f"# {rests_on}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "value", "se", "meaning"])
    for field in fields(Constants):
        error = errors.get(field.name)
        value = f"{getattr(law, field.name):.4g}"
        writer.writerow([field.name, value, "" if error is None else f"{error:.2g}", meaning[field.name]])
    return text.getvalue()


def histories_table(histories: Mapping[str, History], rests_on: str) -> str:
    """The text of a file of the errors of countries."""
    text = io.StringIO()
    text.write(f"# {rests_on}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["country", "pairs", "scale"])
    for name, history in histories.items():
        writer.writerow([name, history.pairs, f"{history.scale:.2f}"])
    return text.getvalue()


def rests_on(path: Path = SHIPPED) -> str:
    """What the constants of a file rest on, in its own words; empty where it does not say."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def _without_remarks(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if not line.startswith("#"))


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
            for row in csv.DictReader(_without_remarks(file))
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
