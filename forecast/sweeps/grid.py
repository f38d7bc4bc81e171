"""Every combination of the axes as a rule, beside the base rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from forecast.election import Rule
from forecast.election.own_seats import excess_under
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.sweeps.axes import METHOD, Axis
from forecast.sweeps.keys import as_plain, tables_of, value_at, with_keys

_FAULTS_SHOWN = 8
_TEXTS = ("law", "source")


@dataclass(frozen=True)
class Grid:
    """Rules over the product of axes: ``rules[v]`` is variant v, the last axis running fastest."""

    base: Rule
    axes: tuple[Axis, ...]
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, base: Rule, axes: Sequence[Axis]) -> Grid:
        """Combine the axes; ``ConfigurationError`` where a combination contradicts itself."""
        axes = tuple(_where_seats_are_divided(axis, base) for axis in axes)
        tables = tables_of(base)
        rules: list[Rule] = []
        faults: dict[str, Fault] = {}
        for changes in _combinations(axes):
            try:
                rules.append(Rule.model_validate(with_keys(tables, changes)))
            except ValidationError as error:
                faults |= {str(fault): fault for fault in _faults(error, axes, changes)}
        if faults:
            shown = list(faults.values())[:_FAULTS_SHOWN]
            if len(faults) > len(shown):
                shown.append(Fault("sweep", "", ABSENT, f"and {len(faults) - len(shown)} more of this kind"))
            raise ConfigurationError(*shown)
        return cls(base, tuple(axes), tuple(rules))

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions."""
        return tuple(axis.dim for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values every axis has."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def keys(self) -> tuple[str, ...]:
        """Rule keys that vary."""
        return tuple(dict.fromkeys(key for axis in self.axes for key in axis.keys))

    def __len__(self) -> int:
        return prod(self.shape)

    @cached_property
    def is_base(self) -> NDArray[np.bool_]:
        """(V,) which variants are the base rule; what laws are called is no difference."""
        base = _bare(self.base)
        return np.array([_bare(rule) == base for rule in self.rules])

    def values(self, rule: Rule) -> dict[str, Any]:
        """What a rule says under the keys that vary, as plain values."""
        return {key: as_plain(value_at(rule, key)) for key in self.keys}

    def labels(self, variant: int) -> dict[str, Any]:
        """Where a variant stands: its label on every axis."""
        at = np.unravel_index(variant, self.shape)
        return {axis.dim: axis.labels[int(i)] for axis, i in zip(self.axes, at, strict=True)}

    def in_rows(self) -> NDArray[np.int64]:
        """(V,) variants in an order in which the level runs fastest: neighbours share most of their work."""
        numbers = np.arange(len(self)).reshape(self.shape)
        if "threshold" in self.dims:
            numbers = np.moveaxis(numbers, self.dims.index("threshold"), -1)
        return numbers.ravel()

    @property
    def length_of_rows(self) -> int:
        """How many neighbours in that order differ in their level alone."""
        return self.shape[self.dims.index("threshold")] if "threshold" in self.dims else 1


def _where_seats_are_divided(axis: Axis, base: Rule) -> Axis:
    """The methods of an axis are those of the districts where nothing is divided nationally."""
    if base.districts is None or base.allocation is not None or METHOD not in axis.keys:
        return axis
    key = "rule.districts.method"
    changes = tuple(
        {key if name == METHOD else name: value for name, value in change.items()} for change in axis.changes
    )
    return replace(axis, changes=changes)


def _combinations(axes: Sequence[Axis]) -> Iterator[dict[str, object]]:
    for changes in product(*(axis.changes for axis in axes)):
        yield {key: value for change in changes for key, value in change.items()}


def _bare(rule: Rule) -> Rule:
    return rule.model_copy(update=dict.fromkeys(_TEXTS, ""))


def _faults(error: ValidationError, axes: Sequence[Axis], changes: Mapping[str, object]) -> Iterator[Fault]:
    """What is wrong with one combination, said where its key was given."""
    varied = ", ".join(f"{key} = {_shown(value)}" for key, value in changes.items())
    for detail in error.errors():
        path = ".".join(("rule", *(str(part) for part in detail["loc"] if part != "[key]")))
        cause = detail.get("ctx", {}).get("error")
        remedy = str(cause) if cause is not None else detail["msg"][:1].lower() + detail["msg"][1:]
        given = next((key for key in changes if path == key or path.startswith(f"{key}.")), None)
        if given is not None:
            option = next(axis.option for axis in axes if given in axis.keys)
            yield Fault(option, path, as_plain(changes[given]), remedy)
        else:
            yield Fault("sweep", path, ABSENT, f"{remedy} (with {varied})")


def _shown(value: object) -> str:
    plain = as_plain(value)
    return f'"{plain}"' if isinstance(plain, str) else str(plain)


def refuse_small_houses(grid: Grid, holders: Sequence[object]) -> None:
    """``ConfigurationError`` where a rule hands out fewer seats than parties, or entries of a ballot,
    hold.
    """
    for rule in (grid.base, *grid.rules):
        for excess in excess_under(rule, holders):
            remedy = f"{excess.remedy.partition('; ')[0]}: take this house out of the sweep"
            where = f"rule.seats = {rule.seats}: {excess.key}"
            raise ConfigurationError(Fault("sweep", where, excess.seats, remedy))
