"""The pattern as the compiled core reads it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.geography.pattern import Floats, Pattern
from forecast.geography.swing import reach_of
from forecast.kernels import project as kernels

_WAYS = {
    "model": kernels.BY_SLOPE,
    "proportional": kernels.BY_SLOPE,
    "additive": kernels.BY_POINTS,
    "logit": kernels.BY_ODDS,
}
_LN2 = float(np.log(2.0))


def compiled(pattern: Pattern, seed: int, order: Sequence[int]) -> kernels.Pattern:
    """The pattern as the core reads it: its units in another ``order``, logarithms to base 2, single
    precision.
    """
    base, law = pattern.base, pattern.constants
    number = len(base.weights)
    about = np.zeros(1, kernels.PROJECTION)
    regional = base.regions is not None
    about["seed"], about["way"] = seed, _WAYS[pattern.swing]
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
