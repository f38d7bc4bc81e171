"""What tests of sweeps share: an estimate made by hand, and sweeps of it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from forecast.election import Election
from forecast.estimation import Estimate
from forecast.result import Forecast
from forecast.simulation.forecasting import How
from forecast.sweeps.grid import Grid, parse_axes
from forecast.sweeps.sweeping import sweep_grid

EXIT_POLLS = (0.54, 0.105, 0.085, 0.083, 0.07, 0.051, 0.026, 0.04)
"""What exit polls said of Kazakhstan 2023, in the order of its election file."""


def estimate_of(election: Election, mean: Sequence[float] = EXIT_POLLS) -> Estimate:
    """An estimate with undecided voters, so that every source of spread is there; no polls behind it."""
    import pandas as pd

    shares = np.array(mean)
    texts, days = ("pollster", "kind", "source"), ("fieldwork_start", "fieldwork_end", "published")
    numbers = ("row", "sample_size", "age", "weight", "undecided")
    types = dict.fromkeys(texts, "str") | dict.fromkeys(days, "datetime64[ns]") | dict.fromkeys(numbers, "f8")
    return Estimate(
        units=tuple(party.id for party in election.parties),
        absorbed=(),
        mean=shares,
        scale=np.diag(0.0015 / shares**0.7),
        degrees_of_freedom=8.0,
        undecided=0.1,
        undecided_spread=0.5,
        as_of=datetime.date(2023, 3, 18),
        election_date=datetime.date(2023, 3, 19),
        n_eff=3000.0,
        pollsters_eff=3.0,
        mean_age=2.0,
        disagreement=0.0,
        movement=0.0,
        polls=pd.DataFrame({name: pd.Series([], dtype=type_) for name, type_ in types.items()}),
        warnings=(),
    )


def swept(
    election: Election,
    estimate: Estimate,
    axes: dict[str, Any],
    *,
    draws: int = 20_000,
    seed: int = 7,
    sampler: str | None = None,
    threads: int = 1,
    explained: bool = True,
) -> Forecast:
    """A sweep over axes as the command line has them."""
    grid = Grid.of(election.rule, parse_axes(**axes))
    how = How.of(election, draws, seed, sampler, threads)
    return sweep_grid(election, estimate, grid, how, explained=explained)


def flat(forecast: Forecast) -> xr.Dataset:
    """All groups of a forecast as one Dataset, each variable under its path (``rules/pass_difference``)."""
    variables, coords = {}, {}
    for group, data in forecast.groups.items():
        for name, variable in data.variables.items():
            if name in data.dims:
                coords.setdefault(name, variable)
            elif name in data.coords:
                coords.setdefault(name if name in forecast.dataset.coords else f"{group}/{name}", variable)
            else:
                variables[f"{group}/{name}".lstrip("/")] = variable
    return xr.Dataset(variables, coords, forecast.attrs)


def with_rule(election: Election, rule: Any) -> Election:
    """The election under another rule."""
    return election.model_copy(update={"rule": rule})
