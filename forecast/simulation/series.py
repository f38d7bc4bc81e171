"""Forecasts of one election side by side in one Dataset: of several days, or of several scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.result import Forecast, Labelled, dataset_of, outcome_record, plain_number

if TYPE_CHECKING:
    import xarray as xr

SERIES_SCHEMA_VERSION = 1
"""Of the Dataset of a series; raised whenever a name or a meaning changes."""

OVER_TIME, SCENARIOS = "as_of", "scenario"
"""What the forecasts of a series can differ in: its dimension."""

_WITHIN = ("party", "seats", "quantile", "coalition", "event", "share_bin")


@dataclass(frozen=True)
class Along:
    """What the forecasts of a series differ in: the dimension, a label for each, and what is known of each.

    ``beside``: variables over that dimension alone, by name.
    """

    dimension: str
    labels: np.ndarray
    about: str
    beside: Mapping[str, tuple[np.ndarray, dict[str, str]]]


@dataclass(frozen=True)
class Series:
    """Forecasts side by side: every variable of a Forecast over (``dimension``, its own dimensions)."""

    dataset: xr.Dataset

    @property
    def election(self) -> str:
        """Id of the election."""
        return str(self.dataset.attrs["election"])

    @property
    def dimension(self) -> str:
        """``as_of`` or ``scenario``."""
        return str(self.dataset.attrs["series"])

    @property
    def labels(self) -> tuple[str, ...]:
        """Days, ISO 8601, or ids of scenarios."""
        labels = self.dataset[self.dimension].values
        return tuple(
            str(one) for one in (labels.astype("datetime64[D]") if labels.dtype.kind == "M" else labels)
        )

    def values(self, at: int) -> dict[str, Any]:
        """Variables and coordinates of one of the forecasts, as arrays without the dimension."""
        return {
            str(name): variable.values[at] if self.dimension in variable.dims else variable.values
            for name, variable in self.dataset.variables.items()
            if name != self.dimension
        }

    def record(self) -> dict[str, Any]:
        """The series as plain numbers and strings: what ``--json`` prints (see docs/json.md)."""
        attrs = self.dataset.attrs
        along_scenarios = self.dimension == SCENARIOS
        return {
            "election": self.election,
            "draws": int(attrs["draws"]),
            "seed": int(attrs["seed"]),
            "sampler": attrs["sampler"],
            "house": int(attrs["house"]),
            **({OVER_TIME: attrs[OVER_TIME]} if along_scenarios else {}),
            "scenarios" if along_scenarios else OVER_TIME: [
                self._record(k, label) for k, label in enumerate(self.labels)
            ],
            "warnings": list(attrs["warnings"]),
        }

    def _record(self, at: int, label: str) -> dict[str, Any]:
        values = self.values(at)
        if self.dimension == OVER_TIME:
            which: dict[str, Any] = {OVER_TIME: label, "polls": plain_number(values["polls"])}
        else:
            which = {
                "id": label,
                "name": str(values["scenario_name"]),
                "weight": plain_number(values["weight"]),
                "settings": _lines(values["scenario_settings"]),
            }
        return {**which, **outcome_record(values), "warnings": _lines(values["warnings"])}


def stacked(forecasts: Sequence[Forecast], along: Along, ballot: Sequence[str]) -> Series:
    """Forecasts of one election, one for each label; ``ballot``: ids of its parties in their order.

    Parties that only some of them know are NaN in the others; a house that is smaller than the largest has
    probability 0 of the seats beyond it. Attributes are those of the last.
    """
    data = [forecast.dataset for forecast in forecasts]
    known = list(dict.fromkeys(party for forecast in forecasts for party in forecast.parties))
    parties = sorted(known, key=lambda party: ballot.index(party) if party in ballot else len(ballot))
    seats = max(one.sizes["seats"] for one in data)
    variables: dict[str, Labelled] = {}
    for name, like in data[-1].data_vars.items():
        if set(like.dims) <= set(_WITHIN) and all(name in one for one in data):
            values = np.stack([_on(one[name], parties, seats) for one in data])
            variables[str(name)] = ((along.dimension, *like.dims), values, dict(like.attrs))
    told = ["\n".join(one.attrs["warnings"]) for one in data]
    variables["warnings"] = (
        (along.dimension,),
        np.array(told, dtype=str),
        {"long_name": "warnings, a line each"},
    )
    for name, (values, about) in along.beside.items():
        variables[name] = ((along.dimension,), values, about)
    coords: dict[str, Labelled] = {
        along.dimension: (along.dimension, along.labels, {"long_name": along.about}),
        "party": ("party", parties, dict(data[0]["party"].attrs)),
        "seats": ("seats", np.arange(seats), dict(data[0]["seats"].attrs)),
    }
    for name, coordinate in data[0].coords.items():
        if set(coordinate.dims) <= set(_WITHIN) and name not in coords:
            values = coordinate.values
            if coordinate.dims == ("party",):
                told_of = {
                    p: str(v)
                    for one in data
                    for p, v in zip(one["party"].values, one[name].values, strict=True)
                }
                values = np.array([told_of[party] for party in parties], dtype=str)
            coords[str(name)] = (coordinate.dims[0], values, dict(coordinate.attrs))
    attrs = {name: value for name, value in data[-1].attrs.items() if isinstance(value, str | int | float)}
    attrs = {name: value for name, value in attrs.items() if name not in ("schema_version", along.dimension)}
    attrs |= {"series_schema_version": SERIES_SCHEMA_VERSION, "series": along.dimension, "warnings": []}
    return Series(dataset_of(variables, coords, attrs))


def said_of_each(
    labels: Sequence[str],
    each: Sequence[Sequence[str]],
    together: Callable[[Sequence[str]], str] = ", ".join,
) -> list[str]:
    """What is said of all forecasts, once; then what is said of some of them, after their names.

    ``together`` names several.
    """
    lines = list(dict.fromkeys(line for said in each for line in said))
    of = {line: [label for label, said in zip(labels, each, strict=True) if line in said] for line in lines}
    common = [line for line in lines if len(of[line]) == len(labels)]
    return [*common, *(f"{together(of[line])}: {line}" for line in lines if len(of[line]) < len(labels))]


def _on(variable: xr.DataArray, parties: Sequence[str], seats: int) -> np.ndarray:
    """Values of a variable on the parties and the seats of all."""
    values = variable.values
    for axis, name in enumerate(variable.dims):
        if name == "seats" and seats > values.shape[axis]:
            more = [(0, seats - size if k == axis else 0) for k, size in enumerate(values.shape)]
            values = np.pad(values, more)
        elif name == "party":
            own = [str(party) for party in variable["party"].values]
            spread = np.full((*values.shape[:axis], len(parties), *values.shape[axis + 1 :]), np.nan)
            at = [parties.index(party) for party in own]
            spread[(slice(None),) * axis + (at,)] = values
            values = spread
    return values


def _lines(text: object) -> list[str]:
    return [line for line in str(text).split("\n") if line]
