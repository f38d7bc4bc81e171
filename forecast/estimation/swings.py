"""What-if: swings and fixed shares on top of a mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecast.errors import ConfigurationError, Fault
from forecast.estimation.preparation import Prepared
from forecast.estimation.reports import Floats
from forecast.estimation.withdrawal import not_a_unit

LEAST = 1e-9
"""A share fixed at 0 stands here, as good as absent: the law lives on logarithms."""


@dataclass(frozen=True)
class Adjustment:
    """Changes of shares (of 1) and fixed shares, by unit."""

    shifts: Mapping[str, float]
    shares: Mapping[str, float]


def adjusted(mean: Floats, prepared: Prepared, wanted: Adjustment, place: str) -> Floats:
    """The mean with the wanted units exactly where they are wanted, the others scaled to the rest.

    Where all units are wanted somewhere, all are scaled to sum to 1. ``ConfigurationError`` for a unit that
    does not stand alone, or a share that would leave 0 to 1.
    """
    if not wanted.shifts and not wanted.shares:
        return mean
    position = {unit: i for i, unit in enumerate(prepared.units)}
    faults = [
        Fault(place, f"estimate.{key}.{unit}", value, not_a_unit(unit, prepared.units, prepared.absorbed))
        for key, values in (("shift", wanted.shifts), ("share", wanted.shares))
        for unit, value in values.items()
        if unit not in position
    ]
    if faults:
        raise ConfigurationError(*faults)
    result = mean.copy()
    for unit, share in wanted.shares.items():
        result[position[unit]] = share
    for unit, swing in wanted.shifts.items():
        result[position[unit]] += swing
        if not 0.0 <= result[position[unit]] <= 1.0:
            remedy = (
                f"the polls have this party at {mean[position[unit]]:.2%}: it would leave 0 to 100 percent"
            )
            faults.append(Fault(place, f"estimate.shift.{unit}", f"{swing:+.2%}", remedy))
    moved = np.isin(np.array(prepared.units), [*wanted.shares, *wanted.shifts])
    if result[moved].sum() > 1.0 + 1e-9 and not moved.all():
        remedy = f"the parties moved would hold {result[moved].sum():.1%} together"
        faults.append(Fault(place, "estimate", f"{result[moved].sum():.1%}", remedy))
    if faults:
        raise ConfigurationError(*faults)
    return _closed(result, mean, moved)


def _closed(result: Floats, mean: Floats, moved: np.ndarray) -> Floats:
    if not moved.all():
        result[~moved] = mean[~moved] * (1.0 - result[moved].sum()) / mean[~moved].sum()
    result = np.maximum(result, LEAST)
    return result / result.sum()
