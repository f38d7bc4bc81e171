"""Arrays by variant under their labels: the axes of the grid, options of the ballot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.result import Labelled
from forecast.sensitivity.grid import Grid

if TYPE_CHECKING:
    from forecast.simulation.inputs import Units

Floats = NDArray[np.float64]

SWEEP_SCHEMA_VERSION = 1
"""Of the Dataset of a sweep; raised whenever a name or a meaning changes."""


def error_of(variable: str) -> str:
    """The variable that holds the Monte Carlo error of another."""
    return f"{variable.removesuffix('_probability')}_mc_error"


class Labeller:
    """Puts arrays (V, K, ...) of a grid's variants and the core's lists under their labels."""

    def __init__(self, units: Units, grid: Grid, ids: Sequence[str]) -> None:
        self.grid, self.ids, self._units = grid, list(ids), units
        self.variables: dict[str, Labelled] = {}

    def put(
        self,
        name: str,
        values: Any,
        long_name: str,
        units: str,
        *dims: str,
        comment: str = "",
        varies: bool = True,
    ) -> None:
        """A variable with the grid's axes before ``dims``, or without them."""
        attrs = {"long_name": long_name, "units": units} | ({"comment": comment} if comment else {})
        array = np.asarray(values)
        if array.dtype.kind == "b":
            array = array.astype(np.int8)  # netCDF knows no truth values
        if varies:
            array = array.reshape(*self.grid.shape, *array.shape[1:])
            self.variables[name] = ((*self.grid.dims, *dims), array, attrs)
        else:
            self.variables[name] = (dims, array, attrs)

    def put_estimated(
        self,
        name: str,
        values: Any,
        errors: Any,
        long_name: str,
        units: str,
        *dims: str,
        comment: str = "",
        varies: bool = True,
    ) -> None:
        """A variable that is estimated, and its Monte Carlo standard error beside it."""
        self.put(name, values, long_name, units, *dims, comment=comment, varies=varies)
        said = f"Monte Carlo standard error of {name}"
        self.put(error_of(name), errors, said, units, *dims, varies=varies)

    def of_lists(self, values: Floats, seatless: float | Floats) -> Floats:
        """(V, K, ...) -> (V, P, ...): every option; NaN for those that the polls do not tell apart."""
        out = np.full((len(values), len(self.ids), *values.shape[2:]), np.nan)
        for k, unit in enumerate(self._units.ids):
            out[:, self.ids.index(unit)] = values[:, k] if k < self._units.lists else seatless
        return out

    def of_units(self, values: Floats) -> Floats:
        """(V, U, ...) -> (V, P, ...)."""
        out = np.full((len(values), len(self.ids), *values.shape[2:]), np.nan)
        for k, unit in enumerate(self._units.ids):
            out[:, self.ids.index(unit)] = values[:, k]
        return out

    def places_of_lists(self) -> list[int]:
        """Where each of the core's lists stands among the options of the ballot."""
        return [self.ids.index(unit) for unit in self._units.ids[: self._units.lists]]


def add_variants(to: Labeller) -> None:
    grid = to.grid
    house = [rule.seats for rule in grid.rules]
    to.put("seats_to_hand_out", house, "seats that the rule hands out", "seats")
    to.put("is_base_rule", grid.is_base, "whether the variant is the base rule", "1")
    keys = [json.dumps(grid.values(rule), ensure_ascii=False) for rule in grid.rules]
    to.put("rule_keys", keys, "what the variant's rule says under the keys that vary (JSON)", "")


def axes_as_text(grid: Grid) -> str:
    """The axes and the rule keys behind them, a line each."""
    return "\n".join(f"{axis.dim}: {', '.join(axis.keys)}" for axis in grid.axes)


_TITLES = {
    "threshold": "level of the threshold",
    "method": "method of allocation",
    "base": "base of the threshold",
    "house": "seats that the rule hands out",
    "scenario": "id of the scenario",
}


def axes_as_coords(grid: Grid) -> dict[str, Labelled]:
    """Labels of every axis, and names for readers where an axis has them (``<dim>_name``)."""
    coords: dict[str, Labelled] = {}
    for axis in grid.axes:
        title = _TITLES.get(axis.dim, f"value of {', '.join(axis.keys)}")
        attrs = {"long_name": title, "keys": ", ".join(axis.keys)}
        coords[axis.dim] = (
            axis.dim,
            np.array(axis.labels),
            attrs | ({"units": "1"} if axis.dim == "threshold" else {}),
        )
        if axis.names:
            coords[f"{axis.dim}_name"] = (axis.dim, np.array(axis.names), {"long_name": "name"})
    return coords
