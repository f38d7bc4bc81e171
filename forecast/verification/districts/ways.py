"""The projections that are compared: the model, its rivals, and what they would be without districts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from forecast.geography.pattern import Pattern, drawn, pattern_of
from forecast.geography.projection_constants import Constants, History, with_history
from forecast.geography.swing import Floats
from forecast.verification.districts.pairs import Pair

Prepare = Callable[[Pair, Constants, float], Pattern]


@dataclass(frozen=True)
class Way:
    """One way to project a result: how its pattern is made for a pair."""

    name: str
    prepare: Prepare
    own_history: bool = False
    """Whether it knows how large the errors of the country were before."""

    def pattern(self, pair: Pair, law: Constants, history: History | None = None) -> Pattern:
        """Ready for draws at the true national shares."""
        known, scale = with_history(law, history)
        return self.prepare(pair, known, scale)

    def draws(self, pattern: Pattern, number: int, generator: np.random.Generator) -> Floats:
        """(N, D, U) shares at the central national shares, rows add up to 1."""
        shares = drawn(pattern, np.broadcast_to(pattern.central, (number, len(pattern.central))), generator)
        return shares / shares.sum(2, keepdims=True)


def _by(swing: str) -> Prepare:
    return lambda pair, law, scale: pattern_of(pair.base, pair.national, law, swing=swing, scale=scale)


def _independent(pair: Pair, law: Constants, scale: float) -> Pattern:
    return by_themselves(pattern_of(pair.base, pair.national, law, scale=scale))


def by_themselves(pattern: Pattern) -> Pattern:
    """The errors of a pattern with the same variances, but each cell by itself."""
    shared = (pattern.slope_sd * pattern.centred) ** 2 + pattern.region_sd**2
    for factor, sd in zip(pattern.factors, pattern.factor_sd, strict=True):
        shared = shared + (factor[:, None] * sd) ** 2
    own = np.sqrt(pattern.cell_sd**2 + pattern.common**2 * shared)
    return replace(pattern, cell_sd=own, common=np.zeros_like(pattern.common))


def _no_last_result(pair: Pair, law: Constants, scale: float) -> Pattern:
    base = replace(pair.base, last=np.zeros_like(pair.base.last), national=np.zeros_like(pair.base.national))
    return pattern_of(base, pair.national, law, scale=scale)


WAYS = {
    way.name: way
    for way in (
        Way("model", _by("model")),
        Way("own-history", _by("model"), own_history=True),
        Way("independent-cells", _independent),
        Way("proportional", _by("proportional")),
        Way("additive", _by("additive")),
        Way("logit", _by("logit")),
        Way("no-last-result", _no_last_result),
    )
}
