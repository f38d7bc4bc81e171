"""Sweep: what a sensitivity analysis leaves, as one labelled Dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Sweep:
    """Answers by variant and their provenance; docs/sensitivity.md lists the variables of ``dataset``."""

    dataset: xr.Dataset

    @property
    def election(self) -> str:
        """Id of the election."""
        return str(self.dataset.attrs["election"])

    @property
    def dims(self) -> tuple[str, ...]:
        """The axes along which the rule varies."""
        return tuple(line.partition(":")[0] for line in str(self.dataset.attrs["axes"]).split("\n"))

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values every axis has."""
        return tuple(self.dataset.sizes[dim] for dim in self.dims)

    @property
    def simulated(self) -> bool:
        """Whether the votes were drawn; else they are those of a real count."""
        return "draws" in self.dataset.attrs

    def places(self) -> Iterator[tuple[int, ...]]:
        """Where every variant stands, the last axis running fastest."""
        yield from np.ndindex(*self.shape)

    def labels(self, at: tuple[int, ...]) -> dict[str, Any]:
        """Labels of a variant on every axis."""
        return {dim: labels[i] for (dim, labels), i in zip(self._axes.items(), at, strict=True)}

    @cached_property
    def _axes(self) -> dict[str, list[Any]]:
        return {dim: self.dataset[dim].values.tolist() for dim in self.dims}

    def values(self, at: tuple[int, ...]) -> dict[str, Any]:
        """All variables and coordinates at one variant, as arrays without the axes."""
        axes = set(self.dims)
        found: dict[str, Any] = {}
        for name, variable in self.dataset.variables.items():
            if name not in axes:
                found[str(name)] = variable.values[at] if set(variable.dims) >= axes else variable.values
        return found

    def keys(self, at: tuple[int, ...]) -> dict[str, Any]:
        """What the variant's rule says under the keys that vary."""
        return json.loads(str(self.dataset["rule_keys"].values[at]))

    def records(self) -> list[dict[str, Any]]:
        """One record a variant, rule keys first: what ``forecast sweep --json`` prints.

        The first record ends with ``sweep``: what belongs to no single variant.
        """
        from forecast.sensitivity.records import count_record, drawn_record, whole_record

        record = drawn_record if self.simulated else count_record
        found = [record(self, at) for at in self.places()]
        found[0]["sweep"] = whole_record(self)
        return found
