"""The pattern of the last result, and how it carries over to other national shares; with the constants that
were fitted to earlier elections (``constants.csv``).

Before the draws the last result is carried over to the central national shares once, by one of the ways in
which districts follow the nation (``LAWS``), and raked, so that districts and nation agree. In every draw
the pattern moves with the national shares and is disturbed (``forecast.kernels.project``; ``drawn`` here is
its twin).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.election.texts import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.rules.tables import read_rows

if TYPE_CHECKING:
    from forecast.kernels import project as kernels


Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# The constants, and what they rest on.

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
    known = [one.name for one in fields(Constants)]
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
    for one in fields(Constants):
        error = errors.get(one.name)
        value = f"{getattr(law, one.name):.4g}"
        writer.writerow([one.name, value, "" if error is None else f"{error:.2g}", meaning[one.name]])
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


# Ways in which districts follow the nation.

LEAST_SHARE = 0.0002
"""A smaller share in a district counts as not having stood there."""
LEAST_LEFT = 0.002
"""What an additive swing leaves a list of its national share where its last share would become less."""
_LEAST = 2.0**-60


@dataclass(frozen=True)
class SwingLaw:
    """One way to carry a result over."""

    name: str
    words: str
    noise: Callable[[Constants], float]
    """Factor on the errors that were found around the model."""
    constants: Callable[[Constants], Constants]
    """The constants as this way uses them."""
    centre: Callable[[Base, Floats, Constants], Floats]
    """(D, U) shares before the raking, for central national shares (U,)."""
    moved: Callable[[Pattern, Floats], Floats]
    """(N, D, U) shares before errors and raking, for national shares (N, U)."""


def slopes(last: Floats, now: Floats, law: Constants) -> Floats:
    """Slope of units whose national shares move from ``last`` to ``now``; the latter may have more axes."""
    moved = np.where(last > 0.0, last, 1.0) / np.maximum(now, _LEAST)
    return np.clip(law.beta * moved**law.beta_power, law.beta_least, law.beta_most)


def strength_of(base: Base) -> Floats:
    """(D, U) log of last share over last national share, where there is one and the unit stands; else 0."""
    known = _known(base)
    national = np.where(known, base.national, 1.0)
    return np.log(np.where(known, base.last, 1.0) / national)


def _known(base: Base) -> Flags:
    """(D, U) cells with a last share of a unit that stands."""
    return (base.last >= LEAST_SHARE) & base.stands & ~base.new


def reach_of(base: Base) -> Floats:
    """(U,) share of the voters who live where each unit stands."""
    return np.maximum(base.weights @ base.stands, _LEAST)


def _by_slope(base: Base, central: Floats, law: Constants) -> Floats:
    slope = np.where(base.new, 0.0, slopes(base.national, central, law))
    return np.where(base.stands, central * np.exp(slope * strength_of(base)), 0.0)


def _moved_by_slope(pattern: Pattern, national: Floats) -> Floats:
    base, law = pattern.base, pattern.constants
    swing = np.where(base.new, 0.0, slopes(base.national, national, law) - pattern.slope)
    ratio = national / np.where(pattern.central > 0.0, pattern.central, 1.0)
    return pattern.shares * ratio[:, None, :] * np.exp(swing[:, None, :] * pattern.strength)


def _by_points(base: Base, central: Floats, law: Constants) -> Floats:
    del law
    here = central / reach_of(base)
    carried = base.last + (central - base.national) / reach_of(base)
    return np.where(base.stands, np.where(_known(base), np.maximum(carried, LEAST_LEFT * here), here), 0.0)


def _moved_by_points(pattern: Pattern, national: Floats) -> Floats:
    reach = reach_of(pattern.base)
    gained = (national - pattern.central) / reach
    least = LEAST_LEFT * national / reach
    moved = np.maximum(pattern.shares + gained[:, None, :], least[:, None, :])
    return np.where(pattern.base.stands, moved, 0.0)


def _by_odds(base: Base, central: Floats, law: Constants) -> Floats:
    del law
    here, before = central / reach_of(base), base.national / reach_of(base)
    carried = _with_odds(base.last, _odds(here) / np.where(base.new, 1.0, _odds(before)))
    return np.where(base.stands, np.where(_known(base), carried, here), 0.0)


def _moved_by_odds(pattern: Pattern, national: Floats) -> Floats:
    reach = reach_of(pattern.base)
    ratio = _odds(national / reach) / _odds(pattern.central / reach)
    return _with_odds(pattern.shares, ratio[:, None, :])


def _odds(share: Floats) -> Floats:
    held = np.clip(share, _LEAST, 1.0 - 1e-9)
    return held / (1.0 - held)


def _with_odds(share: Floats, ratio: Floats) -> Floats:
    """The shares whose odds are so many times those of ``share``."""
    return share * ratio / (1.0 - share + share * ratio)


LAWS = {
    law.name: law
    for law in (
        SwingLaw(
            "model",
            "districts keep their pattern, which evens out for lists that rise",
            lambda law: 1.0,
            lambda law: law,
            _by_slope,
            _moved_by_slope,
        ),
        SwingLaw(
            "proportional",
            "every district changes by the nation's factor",
            lambda law: law.proportional_noise,
            # Slopes of 1, whatever the swing.
            lambda law: replace(law, beta=1.0, beta_power=0.0, beta_least=1.0, beta_most=1.0),
            _by_slope,
            _moved_by_slope,
        ),
        SwingLaw(
            "additive",
            "every district changes by the nation's points",
            lambda law: law.additive_noise,
            lambda law: law,
            _by_points,
            _moved_by_points,
        ),
        SwingLaw(
            "logit",
            "the odds of a list change by the nation's factor",
            lambda law: law.logit_noise,
            lambda law: law,
            _by_odds,
            _moved_by_odds,
        ),
    )
}
"""Of ``geography.swing``."""


# The pattern.

_LN2 = float(np.log(2.0))
_PASSES = 50
_LARGE = 0.01
"""National share from which on a list shapes the factors, if it stood in most districts."""
_FEW_ANEW = 0.2


@dataclass(frozen=True)
class Base:
    """What is known before the draws, of D districts and U units on the ballot."""

    districts: tuple[str, ...]
    units: tuple[str, ...]
    weights: Floats
    """(D,) share of the valid votes; sum 1."""
    last: Floats
    """(D, U) last shares of what each unit continues; rows need not add up to 1."""
    national: Floats
    """(U,) last national shares of the same; 0 for new lists."""
    stands: Flags
    """(D, U) where each unit stands this time."""
    regions: NDArray[np.int64] | None = None
    """(D,) number of the region, where that is a level between country and district."""

    @property
    def new(self) -> Flags:
        """(U,) units without a last result."""
        return self.national <= 0.0


@dataclass(frozen=True)
class Pattern:
    """A base made ready for draws around central national shares. Logarithms are natural."""

    base: Base
    central: Floats
    """(U,) national shares."""
    shares: Floats
    """(D, U) central shares of the districts: rows add up to 1, weighted columns to ``central``."""
    strength: Floats
    """(D, U) log of last share over last national share; 0 where there is no pattern."""
    centred: Floats
    """(D, U) the same less its weighted mean."""
    slope: Floats
    """(U,) slope at the central shares."""
    factors: Floats
    """(2, D) of weighted mean 0 and variance 1."""
    anew: Flags
    """(D, U) cells in which a list that continues stands for the first time."""
    cell_sd: Floats
    """(D, U)"""
    slope_sd: Floats
    """(U,)"""
    factor_sd: Floats
    """(2, U)"""
    region_sd: Floats
    """(U,)"""
    common: Floats
    """(D, U) factor on the errors that cells share (slope, factors, region); 1 where no poll of the district
    or its region says more.
    """
    swing: str = "model"
    """Name of the way districts follow the nation (``LAWS``)."""
    constants: Constants = field(default_factory=shipped)
    scale: float = 1.0
    """Factor on all errors: of the country, of the election file, and of the way of swinging."""


def pattern_of(
    base: Base,
    central: Floats,
    constants: Constants | None = None,
    *,
    swing: str = "model",
    scale: float = 1.0,
) -> Pattern:
    """Make a base ready for draws around the national shares ``central`` (U,), which add up to 1."""
    way, known = LAWS[swing], constants or shipped()
    law = way.constants(known)
    if not (base.national > 0.0).any():
        return _without_pattern(base, central, known, scale=scale)
    anew = (base.last < LEAST_SHARE) & base.stands & ~base.new
    strength = strength_of(base)
    centred = strength - base.weights @ strength
    shares = rake(way.centre(base, central, law), central, base.weights)
    cell, slope, factors, region = sds_of(
        base.new, anew, central, shares, law, regional=base.regions is not None
    )
    return Pattern(
        base,
        central,
        shares,
        strength,
        centred,
        np.where(base.new, 0.0, slopes(base.national, central, law)),
        _factors(base, centred, anew),
        anew,
        cell,
        slope,
        factors,
        region,
        np.ones_like(shares),
        swing,
        law,
        scale * way.noise(known),
    )


def sds_of(
    new: Flags, anew: Flags, central: Floats, shares: Floats, law: Constants, *, regional: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """Sds of the errors: (D, U) of cells, (U,) of slopes, (2, U) of loadings on factors, (U,) of regions."""
    large = (np.maximum(central, 1e-6) / 0.1) ** law.list_power
    cell = law.cell_sd * (np.maximum(shares, law.cell_least) / 0.1) ** law.cell_power
    cell = np.where(new, law.new_cell_sd, cell)
    factors = np.array([[law.factor_1_sd], [law.factor_2_sd]]) * large
    return (
        np.where(anew, np.maximum(cell, law.anew_cell_sd), cell),
        np.where(new, 0.0, law.slope_sd),
        np.where(new, [[law.new_factor_1_sd], [law.new_factor_2_sd]], factors),
        np.where(new, law.new_region_sd, law.region_sd * large) * regional,
    )


def _without_pattern(base: Base, central: Floats, law: Constants, *, scale: float) -> Pattern:
    """Every list at its national share wherever it stands, each cell with an error of its own."""
    shares = rake(np.where(base.stands, central, 0.0), central, base.weights)
    nothing, units = np.zeros_like(shares), np.zeros(len(central))
    sd = law.no_base_sd * (np.maximum(central, 1e-6) / 0.1) ** law.no_base_power
    return Pattern(
        base,
        central,
        shares,
        strength=nothing,
        centred=nothing,
        slope=units,
        factors=np.zeros((2, len(shares))),
        anew=np.zeros(shares.shape, bool),
        cell_sd=np.broadcast_to(sd, shares.shape).copy(),
        slope_sd=units,
        factor_sd=np.zeros((2, len(central))),
        region_sd=units,
        common=np.ones_like(shares),
        swing="proportional",
        constants=replace(LAWS["proportional"].constants(law), scale_sd=0.0, list_scale_sd=0.0),
        scale=scale,
    )


def rake(shares: Floats, national: Floats, weights: Floats, passes: int = _PASSES) -> Floats:
    """Shares (..., D, U) whose rows add up to 1 and whose weighted columns to ``national`` (..., U), or
    nearly so after some passes; the row comes last.
    """
    for _ in range(passes):
        shares = shares * _ratio(national, np.einsum("d,...du->...u", weights, shares))[..., None, :]
        shares = shares * _ratio(np.ones(()), shares.sum(-1))[..., None]
    return shares


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.where(below > 0.0, above / np.where(below > 0.0, below, 1.0), 0.0)


def _factors(base: Base, centred: Floats, anew: Flags) -> Floats:
    """The two directions in which the base varied most over districts: of lists neither small nor new."""
    stood = base.stands.sum(0)
    shapes = ~base.new & (base.national > _LARGE) & (anew.sum(0) < _FEW_ANEW * np.maximum(stood, 1))
    factors = np.zeros((2, len(base.weights)))
    root = np.sqrt(base.weights)
    matrix = root[:, None] * np.sqrt(base.national) * centred
    if not shapes.any() or len(root) < 3:
        return factors
    left, sizes, _ = np.linalg.svd(matrix[:, shapes], full_matrices=False)
    for number in range(min(2, int((sizes > 1e-9).sum()))):
        factor = left[:, number] / root
        factor = factor - base.weights @ factor
        spread = np.sqrt(base.weights @ factor**2)
        factors[number] = factor / spread if spread > 0.0 else 0.0
    return factors


def drawn(pattern: Pattern, national: Floats, generator: np.random.Generator) -> Floats:
    """Shares (N, D, U) of districts for national shares (N, U): the law in plain NumPy, the twin of the
    kernel.

    Rows add up to 1 but for the last raking, after which weighted columns are the national shares.
    """
    weights = pattern.base.weights
    moved = LAWS[pattern.swing].moved(pattern, national)
    shares = moved * np.exp(errors(pattern, len(national), generator))
    shares = rake(shares, national, weights, passes=1)
    return shares * _ratio(national, np.einsum("d,ndu->nu", weights, shares))[:, None, :]


def errors(pattern: Pattern, number: int, generator: np.random.Generator) -> Floats:
    """(N, D, U) errors on log shares, before the raking."""
    base, law = pattern.base, pattern.constants
    districts, units = pattern.shares.shape
    normal = generator.standard_normal
    common = pattern.scale * np.exp(law.scale_sd * normal((number, 1)))
    scale = common * np.exp(law.list_scale_sd * normal((number, units)))
    error = (pattern.slope_sd * normal((number, units)))[:, None, :] * pattern.centred
    for factor, sd in zip(pattern.factors, pattern.factor_sd, strict=True):
        error += factor[:, None] * (sd * normal((number, units)))[:, None, :]
    if base.regions is not None:
        of_region = normal((number, int(base.regions.max()) + 1, units))
        error += pattern.region_sd * of_region[:, base.regions]
    own = pattern.cell_sd * normal((number, districts, units))
    return scale[:, None, :] * (pattern.common * error + own)


def compiled(pattern: Pattern, seed: int, order: Sequence[int]) -> kernels.Pattern:
    """The pattern as the core reads it: its units in another ``order``, logarithms to base 2, single
    precision.
    """
    from forecast.kernels import project as kernels

    ways = {
        "model": kernels.BY_SLOPE,
        "proportional": kernels.BY_SLOPE,
        "additive": kernels.BY_POINTS,
        "logit": kernels.BY_ODDS,
    }
    base, law = pattern.base, pattern.constants
    number = len(base.weights)
    about = np.zeros(1, kernels.PROJECTION)
    regional = base.regions is not None
    about["seed"], about["way"] = seed, ways[pattern.swing]
    about["regions"] = int(base.regions.max()) + 1 if base.regions is not None else 0
    about["beta"], about["beta_power"] = law.beta, law.beta_power
    about["beta_least"], about["beta_most"] = law.beta_least, law.beta_most
    about["scale"] = pattern.scale
    about["scale_sd"], about["list_scale_sd"] = law.scale_sd / _LN2, law.list_scale_sd / _LN2
    central = np.where(pattern.central > 0.0, pattern.central, 1.0)
    share = np.where(pattern.shares > 0.0, pattern.shares, 1.0)
    relative = np.where(pattern.shares > 0.0, np.log2(share / central), kernels.ABSENT)
    last = np.where(base.new, -1.0, -np.log2(np.where(base.new, 1.0, base.national)))

    def single(values: Floats) -> NDArray[np.float32]:
        return np.ascontiguousarray(values[..., list(order)], np.float32)

    return kernels.Pattern(
        about,
        np.ascontiguousarray(base.weights, np.float32),
        np.zeros(number, np.int64) if base.regions is None else np.ascontiguousarray(base.regions, np.int64),
        single(relative),
        single(pattern.strength / _LN2),
        single(pattern.centred * pattern.slope_sd / _LN2),
        single(pattern.cell_sd / _LN2),
        np.ascontiguousarray(pattern.factors, np.float32),
        single(pattern.factor_sd / _LN2),
        single(pattern.region_sd / _LN2 if regional else np.zeros(len(central))),
        single(last),
        single(pattern.slope),
        single(pattern.common),
        single(pattern.shares),
        single(pattern.central),
        single(reach_of(base)),
    )
