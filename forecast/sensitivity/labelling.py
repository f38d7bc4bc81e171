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
)

if TYPE_CHECKING:
    import xarray as xr

    from forecast.election import Election
    from forecast.sensitivity.decomposition import Decomposition
    from forecast.sensitivity.last_seat import LastSeats
    from forecast.simulation.inputs import Units

Floats = NDArray[np.float64]

_ERROR = "Monte Carlo standard error of"
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
    passes = to.of_lists(found["pass_probability"], 0.0)
    to.put("pass_probability", passes, "probability of crossing the threshold", "1", "party")
    to.put(
        "pass_mc_error", to.of_lists(found["pass_mc_error"], 0.0), f"{_ERROR} pass_probability", "1", "party"
    )
    none = np.zeros(found["seat_probability"].shape[-1])
    certain = none.copy()
    certain[0] = 1.0
    seats, errors = found["seat_probability"], found["seat_mc_error"]
    of = "probability of a number of seats"
    to.put("seat_probability", to.of_lists(seats[:, :k], certain), of, "1", "party", "seats")
    to.put(
        "seat_mc_error", to.of_lists(errors[:, :k], none), f"{_ERROR} seat_probability", "1", "party", "seats"
    )
    to.put("coalition_seat_probability", seats[:, k:], f"{of} of a coalition", "1", "coalition", "seats")
    _put_seats(to, "seat_mean", found["seat_mean"], k, "mean seats")
    _put_seats(to, "seat_mean_mc_error", found["seat_mean_mc_error"], k, f"{_ERROR} {{}}seat_mean")
    quantiles = found["seat_quantile"]
    to.put(
        "seat_quantile", to.of_lists(quantiles[:, :k], 0.0), "quantile of seats", "seats", "party", "quantile"
    )
    what = "quantile of seats of a coalition"
    to.put("coalition_seat_quantile", quantiles[:, k:], what, "seats", "coalition", "quantile")
    chosen = to.of_lists(found["representative_seats"], 0.0)
    to.put("representative_seats", chosen, "seats of the representative draw", "seats", "party")
    held = "probability of more than half of the seats handed out"
    to.put("majority_probability", found["majority_probability"], held, "1", "coalition")
    to.put(
        "majority_mc_error", found["majority_mc_error"], f"{_ERROR} majority_probability", "1", "coalition"
    )
    event = "probability of an event, given its condition"
    blank = f"blank under {LEAST_CONDITION_DRAWS} draws of the condition"
    to.put("event_probability", found["event_probability"], event, "1", "event", comment=blank)
    to.put("event_mc_error", found["event_mc_error"], f"{_ERROR} event_probability", "1", "event")
    drawn = found["event_condition_draws"].astype(np.int64)
    to.put("event_condition_draws", drawn, "draws in which the condition holds", "draws", "event")
    to.put("void_probability", found["void_probability"], "no list passes and nobody wins a seat", "1")
    to.put("void_mc_error", found["void_mc_error"], f"{_ERROR} void_probability", "1")


def _put_seats(to: Labeller, name: str, values: Floats, k: int, what: str) -> None:
    """Seats of lists (the first ``k``) and of coalitions; ``{}`` in ``what`` stands for ``coalition_``."""
    to.put(name, to.of_lists(values[:, :k], 0.0), what.format(""), "seats", "party")
    of = "" if "{}" in what else " of a coalition"
    to.put(f"coalition_{name}", values[:, k:], f"{what.format('coalition_')}{of}", "seats", "coalition")


def _add_differences(to: Labeller, answers: Answers, k: int) -> None:
    found = answers.arrays
    for error in ("", "_mc_error"):
        about = f"{_ERROR} " if error else ""
        passes = to.of_lists(found[f"pass_difference{error}"], 0.0)
        said = f"{about}pass_probability {_FROM_BASE}"
        to.put(f"pass_difference{error}", passes, said, "1", "party")
        _put_seats(
            to,
            f"seat_mean_difference{error}",
            found[f"seat_mean_difference{error}"],
            k,
            f"{about}{{}}seat_mean {_FROM_BASE}",
        )
        said = f"{about}majority_probability {_FROM_BASE}"
        to.put(f"majority_difference{error}", found[f"majority_difference{error}"], said, "1", "coalition")


def _add_indices(to: Labeller, answers: Answers, comment: str) -> None:
    found = answers.arrays

    def put(name: str, key: str, what: str, units: str) -> None:
        to.put(name, found[key], what, units, comment=comment)
        error = f"{name.removesuffix('_probability')}_mc_error"
        to.put(error, found[f"{key}_mc_error"], f"{_ERROR} {name}", units)

    for key, (what, units) in NAMES.items():
        put(f"{key}_probability" if key == "manufactured" else f"{key}_mean", key, what, units)
    what = "probability that the seats differ from those of the base rule"
    put("changed_probability", "changed", what, "1")
    what = "mean number of seats that others hold than under the base rule"
    put("moved_seats_mean", "moved", what, "seats")
    what = "probability of a number of seats that others hold than under the base rule"
    to.put("moved_seats_probability", found["moved_probability"], what, "1", "seats", comment=comment)
    what = "share of seats for one share of votes: 1 is proportional (means over draws)"
    to.put("seats_per_vote", to.of_lists(found["seats_per_vote"], 0.0), what, "1", "party", comment=comment)
    error = to.of_lists(found["seats_per_vote_mc_error"], 0.0)
    to.put("seats_per_vote_mc_error", error, f"{_ERROR} seats_per_vote", "1", "party")
    what = "mean share of valid votes in draws whose seats differ from those of the base rule"
    to.put("changed_share_mean", to.of_units(found["changed_share"]), what, "1", "party", comment=comment)
    error = to.of_units(found["changed_share_mc_error"])
    to.put("changed_share_mean_mc_error", error, f"{_ERROR} changed_share_mean", "1", "party")
    value, spread = found["effective_votes"]
    what = "effective number of parties by votes (Laakso and Taagepera)"
    to.put("effective_votes_mean", value, what, "parties", comment=comment, varies=False)
    to.put("effective_votes_mean_mc_error", spread, f"{_ERROR} effective_votes_mean", "parties", varies=False)


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
