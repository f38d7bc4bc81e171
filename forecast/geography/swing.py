"""How districts follow the nation: the ways by name, each a centre around which the draws lie.

``centre`` carries the last result over to the central national shares, ``moved`` the centre to those of every
draw. Both are before the raking, which makes districts and nation agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.geography.projection_constants import Constants

if TYPE_CHECKING:
    from forecast.geography.pattern import Base, Pattern

Floats = NDArray[np.float64]

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


def _known(base: Base) -> NDArray[np.bool_]:
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


def _even(law: Constants) -> Constants:
    """Slopes of 1 whatever the swing."""
    return replace(law, beta=1.0, beta_power=0.0, beta_least=1.0, beta_most=1.0)


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
            _even,
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
