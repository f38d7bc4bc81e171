"""Forecasts of one election on several days, side by side in one Dataset."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.result import Forecast, dataset_of, outcome_record, plain_number

if TYPE_CHECKING:
    import xarray as xr

SERIES_SCHEMA_VERSION = 1
"""Of the Dataset of a series; raised whenever a name or a meaning changes."""

DIMENSION = "as_of"
_WITHIN = ("party", "seats", "quantile", "coalition", "event")


@dataclass(frozen=True)
class Series:
    """Forecasts side by side: every variable of a Forecast over (``as_of``, its own dimensions)."""

    dataset: xr.Dataset

    @property
    def election(self) -> str:
        """Id of the election."""
        return str(self.dataset.attrs["election"])

    @property
    def labels(self) -> tuple[str, ...]:
        """The days, ISO 8601."""
        return tuple(str(day) for day in self.dataset[DIMENSION].values.astype("datetime64[D]"))

    def values(self, at: int) -> dict[str, Any]:
        """Variables and coordinates of one of the forecasts, as arrays without the day."""
        return {
            str(name): variable.values[at] if DIMENSION in variable.dims else variable.values
            for name, variable in self.dataset.variables.items()
            if name != DIMENSION
        }

    def record(self) -> dict[str, Any]:
        """The series as plain numbers and strings: what ``--json`` prints (see docs/json.md)."""
        attrs = self.dataset.attrs
        return {
            "election": self.election,
            "draws": int(attrs["draws"]),
            "seed": int(attrs["seed"]),
            "sampler": attrs["sampler"],
            "house": int(attrs["house"]),
            DIMENSION: [self._record(k, label) for k, label in enumerate(self.labels)],
            "warnings": list(attrs["warnings"]),
        }

    def _record(self, at: int, label: str) -> dict[str, Any]:
        values = self.values(at)
        return {
            DIMENSION: label,
            "polls": plain_number(values["polls"]),
            **outcome_record(values),
            "warnings": [line for line in str(values["warnings"]).split("\n") if line],
        }


def stacked(forecasts: Sequence[Forecast], days: Sequence[datetime.date], polls: Sequence[int]) -> Series:
    """Forecasts of one election, one for each of ``days``, each with its number of ``polls``.

    Parties that only some of them know are NaN in the others; a house that is smaller than the largest has
    probability 0 of the seats beyond it. Attributes are those of the last.
    """
    data = [forecast.dataset for forecast in forecasts]
    widest = max(data, key=lambda one: one.sizes["party"])
    parties = [str(party) for party in widest["party"].values]
    seats = max(one.sizes["seats"] for one in data)
    variables: dict[str, Any] = {}
    for name, like in widest.data_vars.items():
        if set(like.dims) <= set(_WITHIN) and all(name in one for one in data):
            values = np.stack([_on(one[name], parties, seats) for one in data])
            variables[str(name)] = ((DIMENSION, *like.dims), values, dict(like.attrs))
    told = ["\n".join(one.attrs["warnings"]) for one in data]
    variables["warnings"] = ((DIMENSION,), np.array(told, dtype=str), {"long_name": "warnings, a line each"})
    counted = {"long_name": "polls with weight in the mean", "units": "1"}
    variables["polls"] = ((DIMENSION,), np.array(polls), counted)
    about = {"long_name": "day at whose end the forecast is made"}
    coords: dict[str, Any] = {
        DIMENSION: (DIMENSION, np.array(days, "datetime64[ns]"), about),
        "seats": ("seats", np.arange(seats), dict(widest["seats"].attrs)),
    }
    for name, coordinate in widest.coords.items():
        if set(coordinate.dims) <= set(_WITHIN) and name != "seats":
            coords[str(name)] = (coordinate.dims[0], coordinate.values, dict(coordinate.attrs))
    attrs = {name: value for name, value in data[-1].attrs.items() if isinstance(value, str | int | float)}
    attrs = {name: value for name, value in attrs.items() if name not in ("schema_version", "as_of")}
    attrs |= {"series_schema_version": SERIES_SCHEMA_VERSION, "series": DIMENSION, "warnings": []}
    return Series(dataset_of(variables, coords, attrs))


def _on(variable: xr.DataArray, parties: Sequence[str], seats: int) -> np.ndarray:
    """Values of a variable on the parties and the seats of all."""
    values = variable.values
    for axis, name in enumerate(variable.dims):
        short = (seats if name == "seats" else len(parties)) - values.shape[axis]
        if name not in ("seats", "party") or short == 0:
            continue
        shape = [*values.shape]
        shape[axis] = short
        filler = np.nan if name == "party" else 0
        values = np.concatenate([values, np.full(shape, filler)], axis=axis)
    return values
