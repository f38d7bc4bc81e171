"""What the tables of sweeps share: rows by variant, labels of axes, texts of cells."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.tables.building import number, rows_of
from forecast.tables.model import Column, Row, Shown, Table, Type

if TYPE_CHECKING:
    from forecast.sensitivity.result import Sweep

MOST_ROWS_SHOWN = 40
"""Variants that people are shown one by one; of more they are shown flips and shares of the variance."""

_TITLES = {"threshold": "Level", "method": "Method", "base": "Base", "house": "House", "scenario": "Scenario"}


def title_of(sweep: Sweep, dim: str) -> str:
    """An axis as people read it: a word, or the key of the rule without ``rule.``."""
    keys = str(sweep.dataset[dim].attrs.get("keys", dim))
    return _TITLES.get(dim, keys.removeprefix("rule."))


def axis_columns(sweep: Sweep, variants: Sequence[int]) -> tuple[dict[str, list[Any]], list[Column]]:
    """Labels of variants by axis, a row each, and their columns."""
    every = [sweep.labels(at) for at in sweep.places()]
    labels = {dim: [every[v][dim] for v in variants] for dim in sweep.dims}
    types: dict[str, Type] = {dim: _type_of([label[dim] for label in every]) for dim in sweep.dims}
    return labels, [Column(dim, "", types[dim], f"label on the axis {dim}") for dim in sweep.dims]


def axis_titles(sweep: Sweep) -> list[Shown]:
    """The axes as people are shown them."""
    return [Shown(title_of(sweep, dim), _label(dim), numeric=False) for dim in sweep.dims]


def provenance_of_sweep(sweep: Sweep) -> str:
    """One line: election, votes or draws, how many variants, version."""
    attrs = sweep.dataset.attrs
    version = json.loads(attrs["versions"])["forecast"]
    many = f"{attrs['variants']:,} variants of the rule"
    if not sweep.simulated:
        votes = f"votes of {attrs['votes']}"
        return f"{attrs['election_name']}; {votes}; {many}, counted exactly; forecast {version}"
    drawn = f"{attrs['draws']:,} draws ({attrs['sampler']}, seed {attrs['seed']})"
    known = f"polls known by {attrs['as_of']}"
    return f"{attrs['election_name']}; {known}; {many} on the same {drawn}; forecast {version}"


def of_variants(
    sweep: Sweep,
    name: str,
    title: str,
    columns: Sequence[Column],
    values: dict[str, Any],
    shown: Sequence[Shown],
    notes: tuple[str, ...] = (),
) -> Table:
    """A table with a row a variant, its labels first; the base rule is marked."""
    labels, own = axis_columns(sweep, range(len(list(sweep.places()))))
    is_base = sweep.dataset["is_base_rule"].values.ravel().tolist()
    mark = Shown("", lambda row: "*" if row["is_base_rule"] else "", numeric=False)
    columns = [*own, Column("is_base_rule", "1", "integer", "1 for the base rule, else 0"), *columns]
    values = labels | {"is_base_rule": [int(b) for b in is_base]} | values
    starred = ("*: the base rule.",) if any(is_base) else ()
    return table_of_sweep(
        sweep,
        name,
        title,
        columns,
        values,
        [*axis_titles(sweep), *([mark] if any(is_base) else []), *shown],
        (*starred, *notes),
    )


def table_of_sweep(
    sweep: Sweep,
    name: str,
    title: str,
    columns: Sequence[Column],
    values: Mapping[str, Iterable[Any]],
    shown: Sequence[Shown],
    notes: tuple[str, ...] = (),
) -> Table:
    rows = rows_of(columns, values)
    warnings = tuple(sweep.dataset.attrs["warnings"])
    provenance = provenance_of_sweep(sweep)
    return Table(name, title, tuple(columns), rows, tuple(shown), provenance, notes, warnings=warnings)


def _type_of(labels: Sequence[Any]) -> Type:
    if all(isinstance(label, int) for label in labels):
        return "integer"
    return "number" if all(isinstance(label, float) for label in labels) else "text"


def flat(sweep: Sweep, variable: str, *at: int) -> Any:
    """(V,) values of a variable at one place of its dimensions behind the axes."""
    return sweep.dataset[variable].values.reshape(-1, *sweep.dataset[variable].shape[len(sweep.dims) :])[
        (slice(None), *at)
    ]


def quantile_at(sweep: Sweep, wanted: float) -> int:
    return int(np.argmin(np.abs(sweep.dataset["quantile"].values - wanted)))


def names_of(sweep: Sweep) -> dict[str, str]:
    data = sweep.dataset
    return {
        str(subject): str(name)
        for over in ("party", "coalition")
        for subject, name in zip(data[over].values, data[f"{over}_name"].values, strict=True)
    }


def base_labels(sweep: Sweep) -> dict[str, Any] | None:
    found = np.argwhere(sweep.dataset["is_base_rule"].values)
    return sweep.labels(tuple(int(i) for i in found[0])) if len(found) else None


def _label(dim: str) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        value = row[dim]
        return f"{100 * value:.6g} %" if dim == "threshold" and isinstance(value, float) else str(value)

    return text


def as_is(name: str) -> Callable[[Row], str]:
    return lambda row: str(row[name])


def text_of(name: str, text: Callable[[float | None], str]) -> Callable[[Row], str]:
    return lambda row: text(number(row[name]))


def pair_of(name: str, error: str, text: Callable[[float | None, float | None], str]) -> Callable[[Row], str]:
    return lambda row: text(number(row[name]), number(row[error]))
