"""Regional swings: a list at another share in one part of the country, at the same national shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ConfigurationError, Fault
from forecast.geography.pattern import Pattern
from forecast.geography.swing import Floats

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.geography.places import Places

_PASSES = 500
_EXACT = 1e-6


@dataclass(frozen=True)
class Target:
    """A unit's share in some districts."""

    unit: int
    districts: NDArray[np.int64]
    share: float


def with_regional_swings(pattern: Pattern, election: Election, places: Places) -> Pattern:
    """The pattern with the swings of the election file in its central shares.

    Raises ``ConfigurationError`` where a list would have less than nothing or more than all, does not stand
    there, or where no shares of the other districts keep it at its national one.
    """
    swings = election.geography.swings if election.geography is not None else ()
    if not swings:
        return pattern
    targets: list[Target] = []
    faults: list[Fault] = []
    for number, swing in enumerate(swings):
        path = f"geography.swings[{number}]"
        if swing.party not in pattern.base.units:
            remedy = "the polls do not tell this party apart, so that it has no share to move"
            faults.append(Fault(election.place, f"{path}.party", swing.party, remedy))
            continue
        unit = pattern.base.units.index(swing.party)
        inside = np.array(places.inside(swing.place, swing.kind), np.int64)
        now = share_in(pattern, inside)[unit]
        if swing.points is not None:
            share = now + float(swing.points)
        else:
            share = now * float(swing.factor) if swing.factor is not None else float(swing.share or 0)
        if not 0.0 <= share < 1.0 or (share > 0.0 and not pattern.base.stands[inside, unit].any()):
            remedy = f"its share in {swing.place} would be {share:.1%}; it is {now:.1%}"
            faults.append(Fault(election.place, path, swing.party, remedy))
        targets.append(Target(unit, inside, share))
    if faults:
        raise ConfigurationError(*faults)
    shares = raked_to(pattern, targets)
    faults = list(_missed(pattern, shares, targets, election))
    if faults:
        raise ConfigurationError(*faults)
    return replace(pattern, shares=shares)


def share_in(pattern: Pattern, districts: NDArray[np.int64], shares: Floats | None = None) -> Floats:
    """(U,) central shares in some districts together."""
    weights = pattern.base.weights[districts]
    return weights @ (pattern.shares if shares is None else shares)[districts] / weights.sum()


def raked_to(pattern: Pattern, targets: Sequence[Target]) -> Floats:
    """(D, U) shares nearest to the central ones that have these, and the national shares, as margins.

    Iterative proportional fitting; larger places first, so that a district inside a region has the last word.
    """
    weights, central = pattern.base.weights, pattern.central
    ordered = sorted(targets, key=lambda target: -len(target.districts))
    free = np.ones(pattern.shares.shape, bool)
    for target in ordered:
        free[target.districts, target.unit] = False
    shares = pattern.shares
    for _ in range(_PASSES):
        before = shares
        shares = shares.copy()
        for target in ordered:
            now = weights[target.districts] @ shares[target.districts, target.unit]
            wanted = target.share * weights[target.districts].sum()
            shares[target.districts, target.unit] *= wanted / now if now > 0.0 else 0.0
        held = weights @ np.where(free, 0.0, shares)
        loose = weights @ np.where(free, shares, 0.0)
        ratio = np.maximum(central - held, 0.0) / np.where(loose > 0.0, loose, 1.0)
        shares = np.where(free, shares * ratio, shares)
        shares = shares / shares.sum(1, keepdims=True)
        if np.abs(shares - before).max() < _EXACT * _EXACT:
            break
    return shares


def _missed(
    pattern: Pattern, shares: Floats, targets: Sequence[Target], election: Election
) -> Iterator[Fault]:
    """Swings that other shares of the nation or of other lists do not allow."""
    off = float(np.abs(pattern.base.weights @ shares - pattern.central).max())
    for number, target in enumerate(targets):
        found = share_in(pattern, target.districts, shares)[target.unit]
        if abs(found - target.share) > _EXACT or off > _EXACT:
            remedy = (
                f"with a share of {target.share:.1%} there no shares of the other districts keep the lists "
                "at their national ones"
            )
            yield Fault(
                election.place, f"geography.swings[{number}]", pattern.base.units[target.unit], remedy
            )
