"""Forecast: what a run leaves, as one labelled ``xarray.Dataset``.

Dimensions: ``party`` (every option on the ballot, seatless ones too), ``seats`` (0 to the size of the house),
``coalition``, ``event``, ``quantile``. Every variable carries ``long_name`` and ``units``; standard errors of
the Monte Carlo stand beside what they belong to, as ``<name>_mc_error``. Where the numbers come from is in
``attrs``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

SCHEMA_VERSION = 1
"""Of the Dataset; raised whenever a name or a meaning changes."""

QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Ends of the 95, 80 and 50 % intervals, and the median."""

LEAST_CONDITION_DRAWS = 100
"""A conditional probability is left blank under so many draws of its condition."""


Labelled = tuple[Any, Any, dict[str, str]]
"""A variable: its dimensions (a name or several), its values, its attributes."""


def dataset_of(
    variables: Mapping[str, Labelled], coords: Mapping[str, Labelled], attrs: dict[str, Any]
) -> xr.Dataset:
    """A Dataset of plain numpy arrays, in memory.

    ``xr.Dataset`` itself looks at every value for what it might be, and imports every array library that is
    installed to ask it: more than half a second with dask. Here it is told.
    """
    import numpy as np
    import pandas as pd
    import xarray as xr

    def plain(values: Any) -> np.ndarray:
        array = np.asarray(values)
        no_names = array.size == 0 and not hasattr(values, "dtype")
        return array.astype(str) if no_names else array

    def variable(dims: Any, values: Any, about: dict[str, str]) -> xr.Variable:
        return xr.Variable(dims, plain(values), about, fastpath=True)

    def index(dim: str, values: Any) -> xr.indexes.PandasIndex:
        labels = plain(values)
        of_objects = pd.Index(labels, dtype=object if labels.dtype.kind == "U" else labels.dtype)
        return xr.indexes.PandasIndex(of_objects, dim, coord_dtype=labels.dtype)

    indexes = {name: index(name, values) for name, (dim, values, _) in coords.items() if dim == name}
    along: dict[str, xr.Variable] = {}
    for name, made in indexes.items():
        along |= made.create_variables()
        along[name].attrs.update(coords[name][2])
    along |= {name: variable(*parts) for name, parts in coords.items() if name not in indexes}
    dataset = xr.Dataset({name: variable(*parts) for name, parts in variables.items()}, attrs=attrs)
    return dataset.assign_coords(xr.Coordinates(along, indexes=indexes))


@dataclass(frozen=True)
class Forecast:
    """A forecast and its provenance; everything a reader sees is a view of ``dataset``."""

    dataset: xr.Dataset

    @property
    def election(self) -> str:
        """Id of the election."""
        return str(self.dataset.attrs["election"])

    @property
    def draws(self) -> int:
        """Number of elections drawn."""
        return int(self.dataset.attrs["draws"])

    @property
    def parties(self) -> tuple[str, ...]:
        """Ids of every option on the ballot, in the order of the election file."""
        return tuple(str(party) for party in self.dataset.variables["party"].values)

    def passes(self, party: str) -> float:
        """Probability that a party crosses the threshold, by whatever way the rule gives it."""
        return float(self._of("pass_probability", "party", party))

    def majority(self, coalition: str) -> float:
        """Probability that a coalition holds more than half of the seats that the rule hands out."""
        return float(self._of("majority_probability", "coalition", coalition))

    def seats(self, party: str) -> np.ndarray:
        """Probability of 0, 1, 2, ... seats of a party."""
        return self._of("seat_probability", "party", party)

    def _of(self, variable: str, dim: str, label: str) -> Any:
        """Values of a variable at one label of its first dimension; ``KeyError`` where there is no such
        label.
        """
        labels = [str(known) for known in self.dataset[dim].values]
        if label not in labels:
            raise KeyError(label)
        return self.dataset[variable].values[labels.index(label)]

    def record(self) -> dict[str, Any]:
        """The forecast as plain numbers and strings: what ``forecast run --json`` prints (see
        docs/json.md)."""
        attrs = self.dataset.attrs
        values = {str(name): variable.values for name, variable in self.dataset.variables.items()}
        return {
            "election": self.election,
            "draws": self.draws,
            "seed": int(attrs["seed"]),
            "as_of": attrs["as_of"],
            "sampler": attrs["sampler"],
            "house": int(attrs["house"]),
            **outcome_record(values),
            "track_record": _track_record(values, str(attrs.get("track_record", ""))),
            "warnings": list(attrs["warnings"]),
        }


def outcome_record(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parties, coalitions, events and the void of one rule, from its variables and coordinates as arrays."""
    return {
        "parties": [_party_record(values, k) for k in range(len(values["party"]))],
        "coalitions": [
            {
                "id": str(coalition),
                "majority": _probability(values, "majority", k),
                "seats": _seats_record(values, "coalition_seat", k),
            }
            for k, coalition in enumerate(values["coalition"])
        ],
        "events": [
            {
                "id": str(event),
                **_probability(values, "event", k),
                "condition_draws": int(values["event_condition_draws"][k]),
            }
            for k, event in enumerate(values["event"])
        ],
        "void": _probability(values, "void", ()),
    }


def _track_record(values: Mapping[str, Any], said: str) -> dict[str, Any]:
    """How often such forecasts were right in the backtest; null where none speaks for this one."""
    tested = "tested_coverage" in values and not math.isnan(values["tested_elections"])
    return {
        "said": [line for line in said.split("\n") if line],
        "horizon": plain_number(values["tested_horizon"]) if tested else None,
        "elections": int(values["tested_elections"]) if tested else None,
        "coverage": _by_label(values["level"], values["tested_coverage"]) if tested else None,
    }


def _party_record(values: Mapping[str, Any], k: int) -> dict[str, Any]:
    quantiles = _by_label(values["quantile"], values["share_quantile"][k])
    return {
        "id": str(values["party"][k]),
        "share": {
            "mean": plain_number(values["share_mean"][k]),
            "median": quantiles["0.5"],
            "quantiles": quantiles,
        },
        "passes": _probability(values, "pass", k),
        "seats": _seats_record(values, "seat", k),
        "representative_seats": plain_number(values["representative_seats"][k]),
        **({"largest": _probability(values, "largest", k)} if "largest_probability" in values else {}),
    }


def _seats_record(values: Mapping[str, Any], prefix: str, k: int) -> dict[str, Any]:
    probabilities = values[f"{prefix}_probability"][k].tolist()
    known = not math.isnan(probabilities[0])
    quantiles = _by_label(values["quantile"], values[f"{prefix}_quantile"][k])
    return {
        "mean": plain_number(values[f"{prefix}_mean"][k]),
        "mean_mc_error": plain_number(values[f"{prefix}_mean_mc_error"][k]),
        "median": quantiles["0.5"],
        "quantiles": quantiles,
        "distribution": {str(n): p for n, p in enumerate(probabilities) if p > 0} if known else None,
    }


def _probability(values: Mapping[str, Any], prefix: str, k: int | tuple[()]) -> dict[str, float | int | None]:
    return {
        "probability": plain_number(values[f"{prefix}_probability"][k]),
        "mc_error": plain_number(values[f"{prefix}_mc_error"][k]),
    }


def plain_number(value: Any) -> float | int | None:
    """A number for JSON: whole numbers as integers, NaN as null."""
    number = float(value)
    if math.isnan(number):
        return None
    return int(number) if getattr(value, "dtype", None) is not None and value.dtype.kind in "iu" else number


def _by_label(labels: Iterable[float], values: Iterable[Any]) -> dict[str, float | int | None]:
    return {f"{float(label):g}": plain_number(value) for label, value in zip(labels, values, strict=True)}
