"""What is known of the units before the night, as the columns of a regression."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from forecast.night.units import POOL

if TYPE_CHECKING:
    from forecast.night.night_constants import NightConstants
    from forecast.night.units import Units

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

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
    groups: csr_array
    """(U, G) one in the columns of the unit's kind, district and region."""
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


def _groups(
    units: Units, district: Whole, districts: int, constants: NightConstants
) -> tuple[csr_array, Floats]:
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
