"""Constants of the night's regression: how large effects are, in units of what single units scatter by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NightConstants:
    """Constants of the method (docs/night.md). Prior variances are in units of the residual variance."""

    intercept: float = 50.0
    shares: float = 0.2
    size: float = 0.03
    region_size: float = 0.05
    size_squared: float = 0.005
    remapped: float = 0.3
    cosines: float = 0.5
    kind: float = 0.3
    district: float = 0.2
    region: float = 0.05
    newcomer: float = 15.0
    kappa: float = 0.4
    nation_least: float = 0.07
    nation_selection: float = 0.3
    district_least: float = 0.15
    district_selection: float = 0.5
    half_weight: float = 1000.0
    robust: float = 1.25
    residual: float = 0.05
    volume: float = 0.15
    prior_degrees: float = 40.0
    revision: float = 0.0004
    degrees_of_freedom: float = 9.0


SHIPPED = NightConstants()
"""Those that come with the program."""

WITHOUT: dict[str, NightConstants] = {}
"""Of each country the constants that were fitted on the others."""
