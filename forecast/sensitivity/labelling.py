"""Answers by variant -> one labelled Dataset: the axes of the grid first, then party, seats, coalition."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.result import LEAST_CONDITION_DRAWS, Forecast, dataset_of
from forecast.sensitivity.counting import Answers
from forecast.sensitivity.flips import Flip, flips_along
from forecast.sensitivity.grid import Grid
from forecast.sensitivity.indices import NAMES
from forecast.sensitivity.labelling_causes import add_decomposition, add_flips, add_last_seat
from forecast.sensitivity.placing import (
    SWEEP_SCHEMA_VERSION,
    Labeller,
    add_variants,
    axes_as_coords,
    axes_as_text,
    error_of,
)

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election
    from forecast.sensitivity.decomposition import Decomposition
    from forecast.sensitivity.last_seat import LastSeats
    from forecast.simulation.inputs import Units

Floats = NDArray[np.float64]

_FROM_BASE = "less that of the base rule, on the same draws"
_CARRIED = ("share_mean", "share_quantile", "poll_average", "last_share", "last_seats")
"""Variables of the base rule's forecast that no rule changes."""
_OF_BASE = (
    *(
        "pass_probability",
        "pass_mc_error",
        "seat_probability",
        "seat_mean",
        "seat_mean_mc_error",
        "seat_quantile",
    ),
    *("majority_probability", "majority_mc_error", "coalition_seat_mean", "coalition_seat_mean_mc_error"),
    *("coalition_seat_quantile", "event_probability", "event_mc_error", "void_probability", "void_mc_error"),
)


def label_sweep(
    election: Election,
    units: Units,
    grid: Grid,
    answers: Answers,
    base: Forecast,
    looked_at: int,
    parts: Decomposition | None,
    last: LastSeats | None,
) -> xr.Dataset:
    """The Dataset of a sweep; docs/sensitivity.md lists its variables."""
    ids = list(base.parties)
    to = Labeller(units, grid, ids)
    _add_chances(to, answers, units.lists)
    _add_differences(to, answers, units.lists)
    _add_indices(to, answers, f"mean over {looked_at:,} of the draws")
    add_variants(to)
    for name in (*_CARRIED, *_OF_BASE):
        if name in base.dataset:
            variable = base.dataset[name]
            own = name if name in _CARRIED else f"base_rule_{name}"
            values = variable.values
            if name == "seat_probability":
                values = _padded(values, answers.arrays["seat_probability"].shape[-1])
            to.variables[own] = (variable.dims, values, dict(variable.attrs))
    coords = _coords(base, grid, answers.arrays["seat_probability"].shape[-1])
    add_flips(to, flips_of(to, ids, [coalition.id for coalition in election.coalitions]))
    if parts is not None:
        coords["factor"] = ("factor", list(parts.factors), {"long_name": "what varies"})
        add_decomposition(to, parts)
    if last is not None:
        coords["rival"] = ("rival", ids, {"long_name": "id of the list that loses the last seat"})
        add_last_seat(to, last)
    attrs = {
        **base.dataset.attrs,
        "sweep_schema_version": SWEEP_SCHEMA_VERSION,
        "variants": len(grid),
        "axes": axes_as_text(grid),
        "draws_looked_at": looked_at,
    }
    return dataset_of(to.variables, coords, attrs)


def _coords(base: Forecast, grid: Grid, house: int) -> dict[str, Any]:
    """The axes of the grid, then what the base rule's forecast has."""
    coords = axes_as_coords(grid)
    for name, variable in base.dataset.coords.items():
        coords[str(name)] = (variable.dims[0], variable.values, dict(variable.attrs))
    coords["seats"] = ("seats", np.arange(house), {"long_name": "seats", "units": "seats"})
    return coords


def _padded(values: Floats, length: int) -> Floats:
    out = np.zeros((*values.shape[:-1], length))
    out[..., : values.shape[-1]] = values[..., :length]
    return out


def _add_chances(to: Labeller, answers: Answers, k: int) -> None:
    found = answers.arrays

    def of_lists(name: str, seatless: float | Floats = 0.0) -> Floats:
        return to.of_lists(found[name][:, :k], seatless)

    what = "probability of crossing the threshold"
    to.put_estimated(
        "pass_probability", of_lists("pass_probability"), of_lists("pass_mc_error"), what, "1", "party"
    )
    none = np.eye(1, found["seat_probability"].shape[-1])[0]
    chances, errors = of_lists("seat_probability", none), of_lists("seat_mc_error")
    what = "probability of a number of seats"
    to.put_estimated("seat_probability", chances, errors, what, "1", "party", "seats")
    of_coalitions = found["seat_probability"][:, k:]
    to.put("coalition_seat_probability", of_coalitions, f"{what} of a coalition", "1", "coalition", "seats")
    _put_seats(to, answers, "seat_mean", k, "mean seats{}")
    what = "quantile of seats"
    to.put("seat_quantile", of_lists("seat_quantile"), what, "seats", "party", "quantile")
    of_coalitions = found["seat_quantile"][:, k:]
    to.put(
        "coalition_seat_quantile", of_coalitions, f"{what} of a coalition", "seats", "coalition", "quantile"
    )
    what = "seats of the representative draw"
    to.put("representative_seats", of_lists("representative_seats"), what, "seats", "party")

    def estimated(name: str, what: str, *dims: str, comment: str = "") -> None:
        to.put_estimated(name, found[name], found[error_of(name)], what, "1", *dims, comment=comment)

    estimated("majority_probability", "probability of more than half of the seats handed out", "coalition")
    blank = f"blank under {LEAST_CONDITION_DRAWS} draws of the condition"
    what = "probability of an event, given its condition"
    estimated("event_probability", what, "event", comment=blank)
    drawn = found["event_condition_draws"].astype(np.int64)
    to.put("event_condition_draws", drawn, "draws in which the condition holds", "draws", "event")
    estimated("void_probability", "no list passes and nobody wins a seat")


def _put_seats(to: Labeller, answers: Answers, name: str, k: int, what: str) -> None:
    """Seats of lists (the first ``k``) and of coalitions, for which ``{}`` in ``what`` stands."""
    values, errors = answers.arrays[name], answers.arrays[f"{name}_mc_error"]
    of_lists, their_errors = (to.of_lists(part[:, :k], 0.0) for part in (values, errors))
    to.put_estimated(name, of_lists, their_errors, what.format(""), "seats", "party")
    said = what.format(" of a coalition")
    to.put_estimated(f"coalition_{name}", values[:, k:], errors[:, k:], said, "seats", "coalition")


def _add_differences(to: Labeller, answers: Answers, k: int) -> None:
    found = answers.arrays
    passes, errors = (to.of_lists(found[f"pass_difference{end}"], 0.0) for end in ("", "_mc_error"))
    what = f"pass_probability {_FROM_BASE}"
    to.put_estimated("pass_difference", passes, errors, what, "1", "party")
    _put_seats(
        to,
        answers,
        "seat_mean_difference",
        k,
        "mean seats{} less those under the base rule, on the same draws",
    )
    values, errors = found["majority_difference"], found["majority_difference_mc_error"]
    what = f"majority_probability {_FROM_BASE}"
    to.put_estimated("majority_difference", values, errors, what, "1", "coalition")


def _add_indices(to: Labeller, answers: Answers, comment: str) -> None:
    found = answers.arrays

    def put(name: str, key: str, what: str, units: str) -> None:
        to.put_estimated(name, found[key], found[f"{key}_mc_error"], what, units, comment=comment)

    for key, (what, units) in NAMES.items():
        put(f"{key}_probability" if key == "manufactured" else f"{key}_mean", key, what, units)
    what = "probability that the seats differ from those of the base rule"
    put("changed_probability", "changed", what, "1")
    what = "mean number of seats that others hold than under the base rule"
    put("moved_seats_mean", "moved", what, "seats")
    what = "probability of a number of seats that others hold than under the base rule"
    to.put("moved_seats_probability", found["moved_probability"], what, "1", "seats", comment=comment)
    values, errors = (to.of_lists(found[f"seats_per_vote{end}"], 0.0) for end in ("", "_mc_error"))
    what = "share of seats for one share of votes: 1 is proportional (means over draws)"
    to.put_estimated("seats_per_vote", values, errors, what, "1", "party", comment=comment)
    values, errors = (to.of_units(found[f"changed_share{end}"]) for end in ("", "_mc_error"))
    what = "mean share of valid votes in draws whose seats differ from those of the base rule"
    to.put_estimated("changed_share_mean", values, errors, what, "1", "party", comment=comment)
    what = "effective number of parties by votes (Laakso and Taagepera)"
    to.put_estimated(
        "effective_votes_mean", *found["effective_votes"], what, "parties", comment=comment, varies=False
    )


def flips_of(to: Labeller, parties: Sequence[str], coalitions: Sequence[str]) -> list[Flip]:
    """Flips along the threshold, for every combination of the other axes.

    None where the axis has one level, or levels that are no shares (``quota``).
    """
    grid = to.grid
    threshold = next((axis for axis in grid.axes if axis.dim == "threshold"), None)
    if threshold is None or len(threshold) < 2 or any(isinstance(label, str) for label in threshold.labels):
        return []
    levels = np.array(threshold.labels, np.float64)
    others = [axis for axis in grid.axes if axis.dim != "threshold"]
    found: list[Flip] = []
    along = grid.dims.index("threshold")
    for about, name, subjects in (("passes", "pass", parties), ("majority", "majority", coalitions)):
        chance = np.moveaxis(to.variables[f"{name}_probability"][1], along, 0)
        error = np.moveaxis(to.variables[f"{name}_mc_error"][1], along, 0)
        for at in product(*(range(len(axis)) for axis in others)):
            where = {axis.dim: axis.labels[i] for axis, i in zip(others, at, strict=True)}
            for s, subject in enumerate(subjects):
                here = (slice(None), *at, s)
                found += flips_along(about, subject, levels, chance[here], error[here], where)
    return found
