"""Every number of a sweep is that of a separate run: whatever varies, under both samplers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.election import Election, load_election, parse_election
from forecast.result import Forecast
from forecast.simulation.forecasting import How, simulate
from forecast.sweeps.grid import Axis, Grid, parse_axes
from forecast.sweeps.scenarios import read_scenarios
from forecast.sweeps.sweeping import sweep_grid
from tests.swept import estimate_of, swept, with_rule

DRAWS = 2**11
SAMPLERS = ("sobol", "random")

KEYS_AND_ENTRIES: dict[str, Any] = {
    "vary": [
        "rule.seats=69,98",
        "rule.threshold.by_members.2=7%,",
        "rule.threshold.by_kind.minority=0,2%",
        "rule.weights.minority=1,1.35",
    ]
}
AROUND: dict[str, Any] = {
    "method": "hare,sainte-lague",
    "vary": [
        'rule.bonus={type = "fixed", seats = 9},',
        "rule.cap.seats=36,69",
        "rule.threshold.min_lists=1,4",
        'rule.threshold.nobody=void,{lower_to = "3%"}',
    ],
}
MADE: dict[str, dict[str, Any]] = {
    "thresholds, methods, bases": {
        "threshold": "0%,5.1%,quota",
        "method": "hare,droop,dhondt,power-0.9",
        "base": "valid,lists,registered",
    },
    "keys and entries of tables": KEYS_AND_ENTRIES,
    "what stands around the allocation": AROUND,
}


@pytest.fixture(scope="module")
def kazakh(root: Path) -> Election:
    return load_election(root / "configs" / "kazakhstan-2023.toml")


@pytest.fixture(scope="module")
def made() -> Election:
    """A coalition, a minority, an alliance, a list without seats by its kind, ranges of turnout."""
    parties: list[dict[str, Any]] = [
        {"id": "big", "name": "Big"},
        {"id": "pact", "name": "Pact", "kind": "coalition", "members": 2},
        {"id": "left", "name": "Left", "alliance": "both"},
        {"id": "right", "name": "Right", "alliance": "both"},
        {"id": "sorb", "name": "Sorb", "kind": "minority"},
        {"id": "small", "name": "Small", "direct_seats": 3},
        {"id": "none", "name": "None", "kind": "none-of-the-above"},
    ]
    return parse_election(
        {
            "election": {
                "id": "made",
                "name": "Made",
                "date": "2030-01-06",
                "invalid_share": ["1%", "4%"],
                "turnout": ["50%", "70%"],
            },
            "parties": parties,
            "rule": {
                "seats": 69,
                "ties": "registration",
                "threshold": {"level": "5%", "or_direct_seats": 3},
                "allocation": {"method": "hare"},
                "alliances": {"method": "dhondt"},
            },
            "coalitions": [{"id": "two", "parties": ["pact", "left"]}],
            "events": [
                {"id": "in", "all": [{"enters": "sorb"}], "given": [{"majority": ["big"]}]},
                {"id": "out", "all": [{"stays_out": "small"}]},
            ],
        }
    )


Numbers = dict[str, tuple[tuple[str, ...], np.ndarray]]
"""Dimensions and values by path; xarray's own looking up takes longer than what is compared here."""


def at(sweep: Forecast, place: tuple[int, ...] = ()) -> Numbers:
    """What a sweep says of one variant, without its axes; of a run all that it says."""
    found: Numbers = {}
    axes = dict(zip(sweep.leading, place, strict=True))
    for group, data in sweep.groups.items():
        for name in data.data_vars:
            variable = data.variables[name]
            where = tuple(axes.get(str(dim), slice(None)) for dim in variable.dims)
            left = tuple(str(dim) for dim in variable.dims if dim not in axes)
            found[f"{group}/{name}".lstrip("/")] = (left, variable.values[where])
    return found


def assert_same_as_a_run(of_variant: Numbers, run: Forecast) -> set[str]:
    """Names of the variables that both hold, every one of them the same to the last bit."""
    alone = at(run)
    names = {name for name in of_variant if name in alone and "seats" not in name}
    for name in names:
        (dims, ours), theirs = of_variant[name], alone[name][1]
        if {"seats", "chamber_seats"} & set(dims):
            beyond = ours[..., theirs.shape[-1] :]
            # Of a number of seats that no draw has the chance is 0, and known to one in all draws.
            assert np.nan_to_num(beyond).max(initial=0.0) <= (1.0 / DRAWS if "mc_error" in name else 0.0), (
                name
            )
            ours = ours[..., : theirs.shape[-1]]
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    np.testing.assert_array_equal(of_variant["representative_seats"][1], alone["representative_seats"][1])
    assert int(of_variant["rules/seats_to_hand_out"][1]) == run.attrs["house_size"]
    return names


def compare_all(election: Election, axes: dict[str, Any], estimate: Any, sampler: str) -> None:
    """Every variant of a sweep against a run, and against a sweep, of this variant alone."""
    options = {"draws": DRAWS, "sampler": sampler, "explained": False}
    sweep = swept(election, estimate, axes, **options)
    grid = Grid.of(election.rule, parse_axes(**axes))
    base = simulate(election, estimate, draws=DRAWS, seed=7, sampler=sampler)
    for v, place in enumerate(sweep.places()):
        found = at(sweep, place)
        changed = with_rule(election, grid.rules[v])
        alone = simulate(changed, estimate, draws=DRAWS, seed=7, sampler=sampler)
        names = assert_same_as_a_run(found, alone)
        assert names >= {
            *(f"{name}_{end}" for name in ("pass", "seat", "void") for end in ("probability", "mc_error")),
            *("seat_mean", "seat_mean_mc_error", "seat_quantile", "share_mean", "share_quantile"),
        }
        for name, of in (
            ("rules/pass_difference", "pass_probability"),
            ("rules/seat_mean_difference", "seat_mean"),
        ):
            difference = alone.array(of) - base.array(of)
            np.testing.assert_allclose(found[name][1], difference, atol=1e-12, err_msg=name)
    # Indices, seats that move and errors of differences are in no run: a sweep of one variant has them.
    for v in range(0, len(grid), max(1, len(grid) // 8)):
        single = Grid(election.rule, tuple(one_value(axis, grid, v) for axis in grid.axes), (grid.rules[v],))
        alone = sweep_grid(election, estimate, single, How(DRAWS, 7, sampler, 1), explained=False)
        place = tuple(int(i) for i in np.unravel_index(v, grid.shape))
        assert_same_as_a_sweep(at(sweep, place), at(alone, (0,) * len(single.axes)))


def one_value(axis: Axis, grid: Grid, v: int) -> Axis:
    """An axis with the value of one variant alone."""
    i = axis.labels.index(grid.labels(v)[axis.dim])
    return replace(axis, labels=axis.labels[i : i + 1], changes=axis.changes[i : i + 1], names=())


def assert_same_as_a_sweep(ours: Numbers, theirs: Numbers) -> None:
    """All variables but flips and names of keys, which belong to the axes."""
    assert set(ours) == set(theirs)
    for name, (_, other) in theirs.items():
        dims, mine = ours[name]
        if {"seats", "chamber_seats"} & set(dims):
            mine = mine[..., : other.shape[-1]]
        if not name.startswith("flips/") and name != "rules/keys":
            np.testing.assert_array_equal(mine, other, err_msg=name)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("axes", MADE.values(), ids=MADE)
def test_every_variable_of_a_variant_is_that_of_a_separate_run(
    made: Election, axes: dict[str, Any], sampler: str
) -> None:
    estimate = estimate_of(made, (0.46, 0.15, 0.12, 0.1, 0.05, 0.055, 0.065))
    compare_all(made, axes, estimate, sampler)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_scenario_is_that_of_a_separate_run(root: Path, kazakh: Election, sampler: str) -> None:
    named = read_scenarios(root / "configs" / "scenarios" / "kazakhstan.toml")
    axes = {"scenarios": named, "vary": ["rule.ties=registration,lot"]}
    compare_all(kazakh, axes, estimate_of(kazakh), sampler)
