"""Polls of a region or a district: they move the projection of their districts, never the national shares.

Before the draws, errors on log shares are normal with the covariances of the pattern (``Pattern``), seen
through the raking that makes districts and nation agree. A poll is a noisy sight of the share of a list in
its place. Conditioning on all of them gives every cell a mean, which moves its central share, and a variance,
which narrows its errors. The scale of all errors is not known before: its quadrature points are weighed by
how well they explain the polls.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import Fault, PollDataError, suggest
from forecast.geography.pattern import Floats, Pattern, rake
from forecast.polls.poll_table import PLACES

if TYPE_CHECKING:
    from forecast.geography.places import Places
    from forecast.polls import PollTable

_NODES = 9
"""Points of the quadrature over the scale of errors."""
_CHUNK = 256
"""Cells whose variances are worked out at once."""
_USUAL_SIZE = 500.0
"""Respondents of a poll that does not say how many there were."""
_OTHER, _UNDECIDED = "other", "undecided"
_LEAST_SHARE = 1e-3
"""Shares in polls are floored at half a respondent, and at this."""


@dataclass(frozen=True)
class LocalPoll:
    """A poll of some districts together."""

    place: str
    districts: NDArray[np.int64]
    shares: Floats
    """(U,) of the decided; NaN for units that it does not report."""
    size: float
    """Respondents; NaN where not known."""
    age: float = 0.0
    """Days between its fieldwork and the day of the forecast."""


@dataclass(frozen=True)
class _Seen:
    """What the polls say: J log ratios of a share to the central one."""

    of: Floats
    """(J, D, U) weights of the errors of cells in each."""
    ratio: Floats
    """(J,)"""
    noise: Floats
    """(J, J) covariance of their errors."""
    unit: NDArray[np.int64]
    """(J,)"""


def local_polls_of(
    table: PollTable,
    places: Places,
    units: Sequence[str],
    as_of: datetime.date,
    kinds: Sequence[str] = PLACES,
) -> tuple[LocalPoll, ...]:
    """The polls of ``places`` that were known by the end of a day; of some ``kinds``, regions or districts.

    Parties that are no unit count as ``other``, where that is one. Polls of other places are passed over
    (``refuse_unknown_places``).
    """
    known = table.known_at(as_of)
    polls, said = known.polls, known.shares.to_numpy(float)
    sizes = polls["sample_size"].to_numpy(float)
    ended = polls["fieldwork_end"].fillna(polls["known"])
    ages = (pd.Timestamp(as_of) - ended).dt.days.to_numpy(float)
    found: list[LocalPoll] = []
    for number, kind, name in _of_places(known):
        inside = places.inside(name, kind) if kind in kinds else []
        if not inside:
            continue
        reported = {
            str(unit): share
            for unit, share in zip(known.shares.columns, said[number].tolist(), strict=True)
            if share == share
        }
        found.append(
            LocalPoll(
                name,
                np.array(inside, np.int64),
                _of_the_decided(reported, units),
                float(sizes[number]),
                max(0.0, float(ages[number])),
            )
        )
    return tuple(found)


def refuse_unknown_places(table: PollTable, every: Sequence[Places], as_of: datetime.date) -> None:
    """``PollDataError`` for polls of a place that is none of this election's, which would else be lost."""
    known = table.known_at(as_of)
    rows = known.polls["row"].tolist()
    faults: list[Fault] = []
    for number, kind, name in _of_places(known):
        if not any(places.inside(name, kind) for places in every):
            names = [name for places in every for name in (*places.regions, *places.names)]
            where = " or ".join(dict.fromkeys(places.place for places in every))
            remedy = f"no such {kind} in {where}; {suggest(name, names)}"
            faults.append(Fault(table.place, f"row {rows[number]}, {kind}", name, remedy))
    if faults:
        raise PollDataError(*faults)


def _of_places(known: PollTable) -> Iterator[tuple[int, str, str]]:
    """Number, kind and name of the place of each poll of a region or district."""
    for number, scope in enumerate(map(str, known.polls["scope"].tolist())):
        kind, _, name = (part.strip() for part in scope.partition(":"))
        if kind.casefold() in PLACES:
            yield number, kind.casefold(), name


def _of_the_decided(said: dict[str, float], units: Sequence[str]) -> Floats:
    """(U,) shares of those who named somebody; NaN for units that the poll does not report."""
    decided = {unit: share for unit, share in said.items() if unit != _UNDECIDED}
    total = sum(decided.values())
    whole = total if _OTHER in decided else max(total, 1.0 - said.get(_UNDECIDED, 0.0))
    shares = np.array([decided.get(unit, np.nan) for unit in units]) / whole
    if _OTHER in units:
        told = sum(share for unit, share in decided.items() if unit in units and unit != _OTHER)
        shares[list(units).index(_OTHER)] = max(whole - told, 0.0) / whole
    return shares


def with_local_polls(
    pattern: Pattern, polls: Sequence[LocalPoll], national_sd: Floats | None = None
) -> Pattern:
    """The pattern after what polls of its districts say.

    ``national_sd`` (U,) is how far national shares may be off, as an sd of their logs: a poll of a district
    that is ahead of the central national share may be so because the nation is.
    """
    found = sight_of(pattern, polls, national_sd)
    return pattern if found is None else found.into(pattern)


def sight_of(pattern: Pattern, polls: Sequence[LocalPoll], national_sd: Floats | None = None) -> Sight | None:
    """What polls of districts say about a pattern; ``None`` where they report nothing that stands there."""
    nothing = np.zeros(len(pattern.central))
    seen = _seen(pattern, polls, nothing if national_sd is None else national_sd)
    return None if seen is None else Sight(seen, *_conditioned(pattern, seen))


def _seen(pattern: Pattern, polls: Sequence[LocalPoll], national_sd: Floats) -> _Seen | None:
    """The polls as log ratios; ``None`` where they report nothing that stands in their places."""
    law, weights = pattern.constants, pattern.base.weights
    of: list[Floats] = []
    ratio: list[float] = []
    variance: list[float] = []
    units: list[int] = []
    for poll in polls:
        size = poll.size if poll.size == poll.size else _USUAL_SIZE
        inside = weights[poll.districts] / weights[poll.districts].sum()
        cells = inside[:, None] * pattern.shares[poll.districts]
        expected = cells.sum(0)
        for unit in np.flatnonzero(~np.isnan(poll.shares) & (expected > 0.0)):
            share = max(float(poll.shares[unit]), 0.5 / size, _LEAST_SHARE)
            weight = np.zeros(pattern.shares.shape)
            weight[poll.districts, unit] = cells[:, unit] / expected[unit]
            typical = 0.5 * (share + float(expected[unit]))
            sampling = law.poll_effect * (1.0 - typical) / (typical * size)
            of.append(weight)
            ratio.append(float(np.log(share / expected[unit])))
            variance.append(sampling + law.poll_sd**2 + law.poll_drift**2 * poll.age)
            units.append(int(unit))
    if not of:
        return None
    same = np.array(units)[:, None] == np.array(units)
    noise = np.diag(variance) + same * national_sd[units] ** 2
    return _Seen(np.array(of), np.array(ratio), noise, np.array(units, np.int64))


@dataclass(frozen=True)
class _Errors:
    """The errors of cells as independent normals: their own, and those that cells share.

    Variances are those at scale 1.
    """

    pattern: Pattern
    shared: Floats
    """(Q, D, U) loadings: slope, two factors, and one for each region."""
    inside: Floats
    """(D, U) share of the national votes of a list that is cast in each district."""

    @classmethod
    def of(cls, pattern: Pattern) -> _Errors:
        loadings = [pattern.slope_sd * pattern.centred]
        loadings += [
            factor[:, None] * sd for factor, sd in zip(pattern.factors, pattern.factor_sd, strict=True)
        ]
        regions = pattern.base.regions
        if regions is not None:
            loadings += [
                (regions == number)[:, None] * pattern.region_sd for number in range(int(regions.max()) + 1)
            ]
        central = np.where(pattern.central > 0.0, pattern.central, 1.0)
        inside = pattern.base.weights[:, None] * pattern.shares / central
        return cls(pattern, pattern.common * np.array(loadings), inside)

    def before_raking(self, functionals: Floats) -> Floats:
        """(M, D, U) functionals of raked errors as functionals of the errors before: the adjoint of the
        raking to lists, to districts, and to lists again, to first order.
        """
        return self._lists(self._districts(self._lists(functionals)))

    def _lists(self, functionals: Floats) -> Floats:
        return functionals - self.inside * functionals.sum(1)[:, None, :]

    def _districts(self, functionals: Floats) -> Floats:
        return functionals - self.pattern.shares * functionals.sum(2)[:, :, None]

    def features(self, functionals: Floats) -> Floats:
        """(M, F) such that the covariance of two functionals is the product of theirs."""
        own = functionals * self.pattern.cell_sd
        shared = np.einsum("qdu,mdu->mqu", self.shared, functionals)
        return np.concatenate([own.reshape(len(own), -1), shared.reshape(len(own), -1)], axis=1)


@dataclass(frozen=True)
class _Posterior:
    """What is left to be uncertain: factors on prior variances, of cells and of what the polls saw."""

    mean: Floats
    """(D, U) expected errors on log shares, raked."""
    cells: Floats
    """(D, U)"""
    seen: Floats
    """(J,)"""
    weight: Floats
    """(I,) of the scales of errors, by how well they explain the polls."""
    solved: Floats
    """(I, J, J) inverse covariances of what was seen, by scale."""


@dataclass(frozen=True)
class Sight:
    """What polls of districts say about a pattern."""

    seen: _Seen
    left: _Posterior
    space: _Errors

    def into(self, pattern: Pattern) -> Pattern:
        """The pattern, or one around other national shares, after the polls."""
        shares = rake(pattern.shares * np.exp(self.left.mean), pattern.central, pattern.base.weights)
        common, own = _narrowed(_Errors.of(pattern), self.seen, self.left)
        return replace(pattern, shares=shares, common=pattern.common * common, cell_sd=own)

    def of_nation(self, sd: Floats) -> tuple[Floats, Floats]:
        """Means (U,) and sds (U,) of an error of the logs of national shares with these ``sd`` (U,), which is
        one part of those that polls of districts were taken to see.
        """
        cross = sd[:, None] ** 2 * (self.seen.unit == np.arange(len(sd))[:, None])
        means = np.einsum("uj,ijk,k->iu", cross, self.left.solved, self.seen.ratio)
        gained = np.einsum("uj,ijk,uk->iu", cross, self.left.solved, cross)
        mean = self.left.weight @ means
        variance = self.left.weight @ (sd**2 - gained + means**2) - mean**2
        return mean, np.sqrt(np.maximum(variance, 0.0))


def _conditioned(pattern: Pattern, seen: _Seen) -> tuple[_Posterior, _Errors]:
    """The errors given the polls."""
    space = _Errors.of(pattern)
    reported = space.features(space.before_raking(seen.of))
    between = reported @ reported.T
    spread = np.hypot(pattern.constants.scale_sd, pattern.constants.list_scale_sd)
    nodes, prior = np.polynomial.hermite_e.hermegauss(_NODES)
    prior = prior / prior.sum()
    squared = pattern.scale**2 * np.exp(2.0 * spread * nodes)
    seeing = squared[:, None, None] * between + seen.noise
    solved = np.linalg.inv(seeing)
    log_weight = np.log(prior) - 0.5 * (
        np.linalg.slogdet(seeing)[1] + np.einsum("j,ijk,k->i", seen.ratio, solved, seen.ratio)
    )
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    usual = float(prior @ squared)

    def given(cross: Floats, before: Floats) -> tuple[Floats, Floats]:
        """Mean (M,) and factor on the variance (M,) of functionals, by covariances with what was seen."""
        means = squared[:, None] * np.einsum("mj,ijk,k->im", cross, solved, seen.ratio)
        gained = squared[:, None] ** 2 * np.einsum("mj,ijk,mk->im", cross, solved, cross)
        mean = weight @ means
        variance = weight @ (squared[:, None] * before - gained + means**2) - mean**2
        return mean, np.where(before > 0.0, variance / np.where(before > 0.0, usual * before, 1.0), 1.0)

    cells = [given(cross, before) for cross, before in _of_cells(space, reported)]
    shape = pattern.shares.shape
    mean, left = (np.concatenate([part[number] for part in cells]).reshape(shape) for number in (0, 1))
    return _Posterior(mean, left, given(between, np.diag(between))[1], weight, solved), space


def _of_cells(space: _Errors, reported: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Covariances of the raked errors of cells with what the polls saw, and their variances; in chunks."""
    districts, units = space.pattern.shares.shape
    cells = districts * units
    for first in range(0, cells, _CHUNK):
        number = np.arange(first, min(first + _CHUNK, cells))
        one = np.zeros((len(number), districts, units))
        one[np.arange(len(number)), number // units, number % units] = 1.0
        features = space.features(space.before_raking(one))
        yield features @ reported.T, (features**2).sum(1)


def _narrowed(space: _Errors, seen: _Seen, left: _Posterior) -> tuple[Floats, Floats]:
    """Factors (D, U) on the errors that cells share, and the sds of their own.

    The variance of every cell becomes what it is given the polls. Where a region was polled, its districts
    together became surer than each of them: then what they share shrinks more than what is their own.
    """
    own, shared = space.pattern.cell_sd**2, (space.shared**2).sum(0)
    wanted = left.cells * (own + shared)
    common = left.cells.copy()
    for of, ratio in zip(seen.of, left.seen, strict=True):
        weight = of.sum(1)
        unit = int(np.flatnonzero(of.any(0))[0])
        inside = np.flatnonzero(weight > 0.0)
        if len(inside) < 2:
            continue
        together = float((np.einsum("qd,d->q", space.shared[:, :, unit], weight) ** 2).sum())
        target = ratio * (together + float(weight**2 @ own[:, unit]))
        room = together - float(weight**2 @ shared[:, unit])
        if room <= 0.0:
            continue
        factor = (target - float(weight**2 @ wanted[:, unit])) / room
        most = float((wanted[inside, unit] / np.maximum(shared[inside, unit], 1e-12)).min())
        common[inside, unit] = np.clip(factor, 0.0, most)
    return np.sqrt(common), np.sqrt(np.maximum(wanted - common * shared, 0.0))
