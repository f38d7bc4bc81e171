"""The regression of the night: how the finished units moved, and what that says of the others.

First the constants, and the nights that they rest on, as ``forecast night-fit`` writes them; then what is
known of the units before the night, as columns; then the fit.

Bayesian regression of several responses with one design (matrix normal, Wishart): West and Harrison, Bayesian
Forecasting and Dynamic Models, ch. 16; the robust pass weighs units down as Huber (1964) does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve
from scipy.sparse import csr_array, hstack

from forecast.door.trees import read_json
from forecast.errors import ABSENT, ConfigurationError, Fault, suggest
from forecast.night.units import POOL, Units
from forecast.writing import digest_of

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

# The constants.

SCHEMA = 2
METHOD = 2
"""Version of the method: constants that were fitted to another are none of this one."""
_SHIPPED = "night_constants.json"


@dataclass(frozen=True)
class NightConstants:
    """Constants of the method (docs/night.md). Variances of effects are in units of that of the residuals of
    a unit with many votes, so that one set serves all countries. The defaults are round numbers of
    the design.
    """

    intercept: float = 200.0
    """Variance of the effect that all units share."""
    shares: float = 0.2
    """Of each last share, as the other columns in standard deviations."""
    size: float = 0.03
    region_size: float = 0.05
    size_squared: float = 0.005
    remapped: float = 0.3
    """Of a unit whose last votes are not its own."""
    cosines: float = 1.0
    """Of the term for similar units."""
    kind: float = 0.3
    district: float = 0.2
    region: float = 0.05
    newcomer: float = 4.0
    """By so much the variances of all effects but the first are larger for a list without a past."""
    kappa: float = 0.4
    """Power of a list's relative strength in a unit by which it swings there."""
    nation_least: float = 0.07
    """Standard deviation, in those of the residuals, of what all missing units have in common."""
    nation_selection: float = 0.3
    """What it grows by for each standard deviation that missing units are from counted ones."""
    district_least: float = 0.15
    """The same of what the missing units of a district have in common."""
    district_selection: float = 0.5
    half_weight: float = 1000.0
    """Votes at which a unit's own noise has twice the variance of that of a large unit."""
    borders: float = 4.0
    """What a unit's own noise has more of where its last votes are no votes of its own."""
    pool: float = 0.25
    """Variance of the effect that all units of a pool share."""
    balance: float = 1.0
    """Variance of what the counted units of a pool are off, for which the others make up."""
    robust: float = 2.0
    """Standard deviations from which on a unit weighs less."""
    residual: float = 0.05
    """Standard deviation of a share of 50 % in large units, twice, before any is counted."""
    volume: float = 0.15
    """Standard deviation of the log of the votes of large units, before any is counted."""
    prior_degrees: float = 40.0
    """Units that those two count as."""
    revision: float = 0.0004
    """Standard deviation of the share of a list of 20 % between the count of the night and the final one."""
    degrees_of_freedom: float = 9.0
    """Of the tails of all draws."""


DESIGNED = NightConstants()
"""Where a fit begins."""


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


# What is known before the night.

COSINES = 160
"""Columns that make the term for similar units: random Fourier features (Rahimi and Recht 2007)."""
_FREQUENCY = 1.0 / 3.0
_SEED = 0x51417
_UNIT_WEIGHT, _REGION_WEIGHT, _DISTRICT_WEIGHT = 50.0, 100.0, 200.0
"""Votes of the area around with which the last shares of units, regions and districts are smoothed."""
NEW_LIST = 0.005
"""A list with less of the last vote where it stands has no pattern to swing by."""
_LEAST_SWING, _MOST_SWING = 0.1, 4.0
_CLIP_SHARES, _CLIP_SIZES = 4.0, 3.0
_GROWTH = (0.5, 2.0)
"""Bounds of the growth of a unit's electorate that is believed."""


@dataclass(frozen=True)
class Design:
    """U units, P lists, C dense columns, then one column for every kind, district and region."""

    district: Whole
    """(U,) number of the district; all 0 where there are none."""
    districts: int
    kind: Whole
    kinds: int
    base: Floats
    """(U, P) smoothed share at the last election."""
    swing: Floats
    """(U, P) by how much a list's swing is larger or smaller here: its relative strength to the ``kappa``."""
    stands: NDArray[np.bool_]
    """(U, P)"""
    size: Floats
    """(U,) votes that are expected where nothing changes."""
    electorate: Floats
    """(U,) infinite where not known."""
    remapped: NDArray[np.bool_]
    """(U,) whether the last votes are no votes of this very unit."""
    pool: Whole
    """(U,) number of the pool whose last votes the unit shares with others; -1 of none."""
    national: Floats
    """(P,) last share of every list over the districts where it stands."""
    dense: Floats
    """(U, C), the intercept first; the others have mean 0 and variance 1, weighed by size."""
    groups: Any
    """(U, G) a csr_array (scipy has no types): one in the columns of the unit's kind, district and region."""
    variances: Floats
    """(C + G,) of the effects before the night, in units of the residual variance."""
    apart: Floats
    """(U, C') columns by which missing units are compared with counted ones, each (share or size) with the
    root of its weight.
    """

    @property
    def units(self) -> int:
        """How many there are."""
        return len(self.size)

    @cached_property
    def by_district(self) -> list[Whole]:
        """The numbers of the units of every district."""
        order = np.argsort(self.district, kind="stable")
        ends = np.cumsum(np.bincount(self.district, minlength=self.districts))
        return np.split(order, ends[:-1])

    @property
    def new(self) -> NDArray[np.bool_]:
        """(P,) lists without a past by which they could swing."""
        return self.national < NEW_LIST

    def prior(self, constants: NightConstants) -> Floats:
        """(C + G, P + 1) variances of the effects on every response: a list without a past may be strong
        anywhere, so that all its effects but the common one are larger.
        """
        found = np.repeat(self.variances[:, None], len(self.national) + 1, axis=1)
        found[1:, :-1] *= np.where(self.new, constants.newcomer, 1.0)
        return found

    def times(self, effects: Floats) -> Floats:
        """(U, R) what effects (C + G, R) make of the units."""
        columns = self.dense.shape[1]
        return self.dense @ effects[:columns] + self.groups @ effects[columns:]

    def gram(self, weights: Floats) -> Floats:
        """X' diag(weights) X over all units, of which those that are not counted weigh nothing."""
        on = np.flatnonzero(weights)
        dense, groups, some = self.dense[on], self.groups[on], weights[on]
        columns, number = dense.shape[1], groups.shape[1]
        found = np.empty((columns + number, columns + number))
        weighed = dense * some[:, None]
        found[:columns, :columns] = dense.T @ weighed
        found[columns:, :columns] = groups.T @ weighed
        found[:columns, columns:] = found[columns:, :columns].T
        found[columns:, columns:] = (groups.T @ groups.multiply(some[:, None]).tocsr()).toarray()
        return found

    def against(self, responses: Floats) -> Floats:
        """X' of responses (U, R)."""
        on = np.flatnonzero(responses.any(axis=1))
        some = responses[on]
        return np.vstack([self.dense[on].T @ some, self.groups[on].T @ some])

    def summed(self, weights: Floats) -> Floats:
        """(Q, D, C + G) columns of the units of every district, added up with ``weights`` (U, Q)."""
        columns = self.dense.shape[1]
        found = np.zeros((weights.shape[1], self.districts, len(self.variances)))
        for d, here in enumerate(self.by_district):
            some = weights[here]
            found[:, d, :columns] = some.T @ self.dense[here]
            found[:, d, columns:] = (self.groups[here].T @ some).T
        return found


def design_of(units: Units, constants: NightConstants) -> Design:
    """The columns of all units; the same for every estimate of a night."""
    district = np.maximum(units.district, 0)
    districts = max(len(units.districts), 1)
    stands = np.asarray(units.stood)[district]
    last = np.where(stands, np.nan_to_num(units.last), 0.0)
    had = last.sum(axis=1)
    size = _sizes(units, had)
    base, national = _smoothed(last, district, units.region, units.kind, stands)
    swing = np.clip(base / np.maximum(national, 1e-12), _LEAST_SWING, _MOST_SWING) ** constants.kappa
    swing = np.where(national < NEW_LIST, 1.0, swing)
    remapped = (np.asarray(units.match) != 0) | (had <= 0.0)
    dense, variances, apart = _columns(units, base, size, remapped, constants)
    groups, further = _groups(units, district, districts, constants)
    electorate = np.where(np.nan_to_num(units.electorate) > 0.0, units.electorate, np.inf)
    return Design(
        district,
        districts,
        units.kind,
        len(units.kinds),
        base,
        swing,
        stands,
        size,
        electorate,
        remapped,
        _pools(units),
        national,
        dense,
        groups,
        np.concatenate([variances, further]),
        apart,
    )


def with_pools(design: Design, total: Floats, constants: NightConstants) -> Design:
    """The design with two columns for every pool: one for all of its units, and one by which those that have
    ``total`` (U,) votes so far differ from the rest as much as the rest makes up for, since the last votes of
    the pool are known together. Stations that report first are no sample of a town whose last votes
    are not known by station.
    """
    pooled = np.flatnonzero(design.pool >= 0)
    if not len(pooled):
        return design
    pool, number = design.pool[pooled], int(design.pool.max()) + 1
    counted = total[pooled] > 0.0
    size = np.where(counted, total[pooled], design.size[pooled])
    apart = counted - (np.bincount(pool, size * counted, number) / np.bincount(pool, size, number))[pool]
    columns = [
        csr_array((values, (pooled, pool)), shape=(design.units, number))
        for values in (np.ones(len(pooled)), apart)
    ]
    further = [np.full(number, constants.pool), np.full(number, constants.balance)]
    groups = hstack([design.groups, *columns], format="csr")
    return replace(design, groups=groups, variances=np.concatenate([design.variances, *further]))


def _pools(units: Units) -> Whole:
    """(U,) pools: the units of one kind and region (district, where there are no regions) whose last votes
    are parts of those of a larger area.
    """
    area = units.region if units.regions else units.district
    pooled = np.asarray(units.match) == POOL
    found = np.full(len(area), -1)
    keys = area * max(len(units.kinds), 1) + units.kind
    found[pooled] = np.unique(keys[pooled], return_inverse=True)[1]
    return found


def _sizes(units: Units, had: Floats) -> Floats:
    """Votes expected of every unit: those of last time, by the growth of its electorate where both are
    known; where there were none, by its electorate and the country's turnout, or the median.
    """
    electorate, before = np.nan_to_num(units.electorate), np.nan_to_num(units.last_electorate)
    both = (electorate > 0.0) & (before > 0.0)
    growth = np.clip(np.where(both, electorate / np.where(both, before, 1.0), 1.0), *_GROWTH)
    known = (electorate > 0.0) & (had > 0.0)
    turnout = had[known].sum() / electorate[known].sum() if known.any() else 0.0
    usual = float(np.median(had[had > 0.0])) if (had > 0.0).any() else 1.0
    unknown = np.where((electorate > 0.0) & (turnout > 0.0), electorate * turnout, usual)
    return np.maximum(np.where(had > 0.0, had * growth, unknown), 1.0)


def _smoothed(
    last: Floats, district: Whole, region: Whole, kind: Whole, stands: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """(U, P) last shares drawn to those of the kind in the region, the district and the country; and (P,)
    those of the country where each list stands.
    """
    had = last.sum(axis=1)
    reach = np.maximum((had[:, None] * stands).sum(axis=0), 1.0)
    national = last.sum(axis=0) / reach
    of_kind = _drawn_to(last, kind, np.where(stands, national, 0.0), _DISTRICT_WEIGHT)
    here = _drawn_to(last, _both(district, kind), of_kind, _DISTRICT_WEIGHT)
    around = _drawn_to(last, _both(region, kind), here, _REGION_WEIGHT) if (region >= 0).any() else here
    base = (last + _UNIT_WEIGHT * around) / (had + _UNIT_WEIGHT)[:, None]
    return base / np.maximum(base.sum(axis=1, keepdims=True), 1e-12), national


def _both(area: Whole, kind: Whole) -> Whole:
    """(U,) numbers of areas by kind; -1 of units without an area."""
    return np.where(area >= 0, area * (int(kind.max(initial=0)) + 1) + kind, -1)


def _drawn_to(last: Floats, area: Whole, around: Floats, weight: float) -> Floats:
    """(U, P) shares of the area of each unit, smoothed by those ``around`` it."""
    area = np.where(area >= 0, area, area.max(initial=-1) + 1)
    number = int(area.max()) + 1
    votes, prior, often = (
        np.zeros((number, last.shape[1])),
        np.zeros((number, last.shape[1])),
        np.zeros(number),
    )
    np.add.at(votes, area, last)
    np.add.at(prior, area, around)
    np.add.at(often, area, 1.0)
    prior /= np.maximum(often, 1.0)[:, None]
    return ((votes + weight * prior) / (votes.sum(axis=1) + weight)[:, None])[area]


def _columns(
    units: Units, base: Floats, size: Floats, remapped: NDArray[np.bool_], constants: NightConstants
) -> tuple[Floats, Floats, Floats]:
    weight = size / size.sum()

    def standard(column: Floats, most: float = np.inf) -> Floats:
        mean = weight @ column
        sd = np.sqrt(max(weight @ (column - mean) ** 2, 0.0))
        return np.clip((column - mean) / sd, -most, most) if sd > 1e-9 else np.zeros_like(column)

    told = (weight @ base) > NEW_LIST
    shares = np.stack([standard(base[:, p], _CLIP_SHARES) for p in np.flatnonzero(told)], axis=1)
    of_unit = standard(_within(np.log(size), units.kind, weight), _CLIP_SIZES)
    of_region = standard(np.log(_size_of_region(units.region, size)))
    sizes = np.stack([of_unit, of_region], axis=1)
    of_squares = standard(of_unit**2)
    random = np.random.Generator(np.random.PCG64(_SEED))
    looks = np.hstack([shares, sizes])
    frequencies = random.standard_normal((looks.shape[1], COSINES)) * _FREQUENCY
    waves = np.cos(looks @ frequencies + random.uniform(0.0, 2.0 * np.pi, COSINES)) * np.sqrt(2.0 / COSINES)
    waves -= weight @ waves
    dense = np.hstack(
        [
            np.ones((len(size), 1)),
            shares,
            sizes,
            of_squares[:, None],
            standard(remapped.astype(np.float64))[:, None],
            waves,
        ]
    )
    number = shares.shape[1]
    variances = np.concatenate(
        [
            [constants.intercept],
            np.full(number, constants.shares),
            [constants.size, constants.region_size, constants.size_squared, constants.remapped],
            np.full(COSINES, constants.cosines),
        ]
    )
    return dense, variances, np.hstack([shares / np.sqrt(number), sizes / np.sqrt(2.0)])


def _within(values: Floats, kind: Whole, weight: Floats) -> Floats:
    """(U,) values beside the mean of their kind: early votes of a town are no small place."""
    means = np.bincount(kind, weight * values) / np.maximum(np.bincount(kind, weight), 1e-300)
    return values - means[kind]


def _size_of_region(region: Whole, size: Floats) -> Floats:
    if (region < 0).all():
        return np.ones_like(size)
    total = np.bincount(np.maximum(region, 0), np.where(region >= 0, size, 0.0))
    return np.where(region >= 0, total[np.maximum(region, 0)], size)


def _groups(units: Units, district: Whole, districts: int, constants: NightConstants) -> tuple[Any, Floats]:
    """One column for every kind, district and region, of which there is more than one."""
    at = np.arange(len(district))
    rows, columns, variances = [], [], []
    start = 0
    for codes, number, variance in (
        (units.kind, len(units.kinds), constants.kind),
        (district, districts, constants.district),
        (units.region, len(units.regions), constants.region),
    ):
        if number < 2:
            continue
        known = codes >= 0
        rows.append(at[known])
        columns.append(start + codes[known])
        variances.append(np.full(number, variance))
        start += number
    where: Any = (
        (np.concatenate(rows), np.concatenate(columns)) if rows else (np.zeros(0, int), np.zeros(0, int))
    )
    groups = csr_array((np.ones(len(where[0])), where), shape=(len(district), start))
    return groups, np.concatenate([*variances, np.zeros(0)])


# The fit.

_LEAST_SHARE = 0.02
_VOLUME_BOUND = 2.0
_MOST_VARIED = 0.1
"""Variance of the log of a unit's votes up to which it is taken for that of a log-normal."""
_BOUND, _UNITS = 4.0, 40.0
"""Standard deviations of a unit up to which it counts in what is left over, and units of which it needs as
many again to be handed on by half.
"""


@dataclass(frozen=True)
class Regression:
    """Effects B with covariance (L L')^-1 x ``covariance``, of R = P + 1 responses, the last the volume."""

    effects: Floats
    """(C + G, R)"""
    factors: tuple[Floats, ...]
    """Of each response (C + G, C + G) L, lower triangular: of the precision of its effects. Lists that stand
    in the same districts have the same.
    """
    covariance: Floats
    """(R, R) of the residuals of a unit with many votes."""
    weights: Floats
    """(U,) of the units that were fitted, after the robust pass; 0 for others."""
    surprise: Floats
    """(U,) largest residual of a unit over its responses, in standard deviations; 0 where not fitted."""


def noise_of(design: Design, votes: Floats, constants: NightConstants) -> Floats:
    """(U,) variance of units of so many votes, in units of that of a unit with many."""
    return lasting_noise(design, constants) + constants.half_weight / np.maximum(votes, 1.0)


def lasting_noise(design: Design, constants: NightConstants) -> Floats:
    """(U,) the part of it that does not fall with the votes: more where borders have moved."""
    return np.where(design.remapped, 1.0 + constants.borders, 1.0)


def responses_of(design: Design, votes: Floats) -> Floats:
    """(U, P + 1) change of shares, relative to how strongly lists swing in a unit, and log of the growth."""
    total = votes.sum(axis=1)
    shares = votes / np.maximum(total, 1.0)[:, None]
    growth = np.log(np.maximum(total, 1.0) / design.size)
    change = (shares - design.base) / design.swing
    return np.column_stack([change, np.clip(growth, -_VOLUME_BOUND, _VOLUME_BOUND)])


def fit(design: Design, votes: Floats, final: NDArray[np.bool_], constants: NightConstants) -> Regression:
    """Fit the units that have ``votes`` (U, P), and once more without the force of those that do not fit.

    Of units that are not ``final`` (U,) the shares count, as those of a unit of so many votes, and how many
    vote there does not.
    """
    total = votes.sum(axis=1)
    fitted = total > 0.0
    noise = noise_of(design, total, constants)
    weights = np.where(fitted, 1.0 / noise, 0.0)
    counts = np.column_stack([design.stands & fitted[:, None], final & fitted])
    z = np.where(counts, responses_of(design, votes), 0.0)
    stood = counts.sum(axis=0)
    effects, _ = _solve(design, z, weights, counts, constants)
    squares = np.where(counts, z - design.times(effects), 0.0) ** 2 * weights[:, None]
    relative = squares / np.maximum(squares.sum(axis=0) / np.maximum(stood, 1), 1e-300)
    q = relative.sum(axis=1) / np.maximum(counts.sum(axis=1), 1)
    weights = weights / np.maximum(1.0, q / constants.robust**2)
    effects, factors = _solve(design, z, weights, counts, constants)
    off = np.where(counts, z - design.times(effects), 0.0)
    scaled = effects / np.sqrt(design.prior(constants))
    scatter = off.T @ (off * weights[:, None]) + scaled.T @ scaled
    covariance = _covariance(design, scatter, int(fitted.sum()), stood, constants)
    effects[0] += _left_over(off, q, np.where(fitted, total, 0.0), counts, among_votes(noise, covariance))
    surprise = np.abs(off / np.sqrt(np.diag(covariance) * noise[:, None])).max(axis=1)
    return Regression(effects, factors, covariance, weights, surprise)


def among_votes(noise: Floats, covariance: Floats) -> Floats:
    """(U, R) what responses are expected to be off among votes, not units: where more vote than expected,
    lists that do better there have more of the votes.
    """
    varied = np.minimum(noise, _MOST_VARIED / covariance[-1, -1])
    return varied[:, None] * covariance[-1]


def _left_over(off: Floats, q: Floats, total: Floats, counts: NDArray[np.bool_], expected: Floats) -> Floats:
    """(R,) what the shares of counted votes are off in the mean, beyond what is ``expected``: the fit gives
    units that are unlike others less force, and small ones more than their votes, but the result is a sum of
    votes (the bias calibration of Chambers 1986; bounded as Welsh and Ronchetti 1998 do).
    """
    bounded = off * np.minimum(1.0, _BOUND / np.sqrt(np.maximum(q, 1e-12)))[:, None]
    weights = total[:, None] * counts
    some = _UNITS * total.sum() / max(np.count_nonzero(total), 1)
    found = (weights * (bounded - expected)).sum(axis=0) / np.maximum(weights.sum(axis=0) + some, 1e-9)
    found[-1] = 0.0
    return found


def _solve(
    design: Design, z: Floats, weights: Floats, counts: NDArray[np.bool_], constants: NightConstants
) -> tuple[Floats, tuple[Floats, ...]]:
    """Effects of every response and the factor of their precision, from the units where it ``counts``."""
    new = np.append(design.new, False)
    variances = design.prior(constants)
    alike: dict[bytes, list[int]] = {}
    for response, column in enumerate(counts.T):
        alike.setdefault(column.tobytes() + bytes([int(new[response])]), []).append(response)
    against = design.against(z * counts * weights[:, None])
    effects = np.empty_like(against)
    factors: dict[int, Any] = {}
    for responses in alike.values():
        here = weights * counts[:, responses[0]]
        precision = design.gram(here)
        precision[np.diag_indices_from(precision)] += 1.0 / variances[:, responses[0]]
        factor = np.linalg.cholesky(precision)
        effects[:, responses] = cho_solve((factor, True), against[:, responses])
        factors |= dict.fromkeys(responses, factor)
    return effects, tuple(factors[response] for response in range(z.shape[1]))


def _covariance(
    design: Design, scatter: Floats, number: int, stood: NDArray[np.int64], constants: NightConstants
) -> Floats:
    """(R, R) the prior covariance and the scatter by their degrees of freedom; wider for lists that stand in
    few of the units that are counted.
    """
    prior = constants.prior_degrees
    shares = np.maximum(design.national, _LEAST_SHARE)
    shares = shares / max(shares.sum(), 1.0)
    before = np.zeros((len(shares) + 1, len(shares) + 1))
    before[:-1, :-1] = constants.residual**2 * (np.diag(shares) - np.outer(shares, shares))
    before[-1, -1] = constants.volume**2
    wider = np.sqrt((prior + number) / (prior + stood))
    found = (prior * before + scatter) / (prior + number)
    return found * np.outer(wider, wider)
