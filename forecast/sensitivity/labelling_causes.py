"""What explains an outcome, labelled: flips along the threshold, shares of the variance, the last seat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.result import QUANTILES
from forecast.sensitivity.flips import Flip
from forecast.sensitivity.last_seat import NOBODY

if TYPE_CHECKING:
    from forecast.sensitivity.decomposition import Decomposition
    from forecast.sensitivity.last_seat import LastSeats
    from forecast.sensitivity.placing import Labeller

Floats = NDArray[np.float64]

_OF_FLIPS = {
    "about": "what flips: passes or majority",
    "subject": "id of the party or coalition",
    "change": "lost or won as the level rises",
}
_LEVELS_OF_FLIPS = {
    "level": "level at which the chance crosses one half",
    "low": "lower end of the 95 % interval of the Monte Carlo error of flip_level",
    "high": "upper end of the 95 % interval of the Monte Carlo error of flip_level",
    "gone_from": "level at which the chance falls through 90 %",
    "gone_to": "level at which the chance falls through 10 %",
}
_EXACT_LEVEL = {"level": "share of the base above which a level changes the answer"}


def add_flips(to: Labeller, flips: Sequence[Flip], *, exact: bool = False) -> None:
    """Flips with their labels on the other axes (``flip_<dim>``); exact ones have no intervals."""
    others = [dim for dim in to.grid.dims if dim != "threshold"]
    texts = [(name, [getattr(flip, name) for flip in flips], what) for name, what in _OF_FLIPS.items()]
    texts += [(dim, [flip.where[dim] for flip in flips], "label on another axis") for dim in others]
    for name, values, what in texts:
        array = np.array([str(value) for value in values], dtype=str if values else "U1")
        to.put(f"flip_{name}", array, what, "", "flip", varies=False)
    for name, what in (_EXACT_LEVEL if exact else _LEVELS_OF_FLIPS).items():
        levels = np.array([getattr(flip, name) for flip in flips], float)
        to.put(f"flip_{name}", levels, what, "1", "flip", varies=False)


def add_decomposition(to: Labeller, parts: Decomposition) -> None:
    """Shares of the variance of seats (party, factor) and majorities (coalition, factor), with errors."""
    comment = f"over the values of the sweep, all as likely, and {parts.draws:,} draws"
    shares = "share of the variance that"
    for prefix, found, over in (("seat", parts.seats, "party"), ("majority", parts.majorities, "coalition")):
        first, total = (
            f"{shares} would go if a factor were known",
            f"{shares} would stay if all else were known",
        )
        _put_pairs(
            to, f"{prefix}_first_order", [i.first for i in found], first, (over, "factor"), parts, comment
        )
        _put_pairs(
            to, f"{prefix}_total_order", [i.total for i in found], total, (over, "factor"), parts, comment
        )
        alone = f"{shares} no factor explains alone"
        _put_pairs(
            to, f"{prefix}_interactions", [i.interactions for i in found], alone, (over,), parts, comment
        )
        variances = _over(to, np.array([indices.variance for indices in found]), over)
        units = "seats^2" if prefix == "seat" else "1"
        what = "variance of seats" if prefix == "seat" else "variance of a majority (1 or 0)"
        to.put(f"{prefix}_variance", variances, what, units, over, varies=False, comment=comment)


def _put_pairs(
    to: Labeller,
    name: str,
    pairs: Sequence[Any],
    what: str,
    dims: tuple[str, ...],
    parts: Decomposition,
    comment: str,
) -> None:
    shape = (len(pairs), len(parts.factors))[: len(dims)]
    values = _over(to, np.array([pair.value for pair in pairs]).reshape(shape), dims[0])
    errors = _over(to, np.array([pair.mc_error for pair in pairs]).reshape(shape), dims[0])
    to.put_estimated(name, values, errors, what, "1", *dims, varies=False, comment=comment)


def _over(to: Labeller, values: Floats, over: str) -> Floats:
    return to.of_lists(values[None], np.nan)[0] if over == "party" else values


def add_last_seat(to: Labeller, last: LastSeats) -> None:
    """What the last seat of the base rule hangs on: quantiles of votes, who would gain it, who lose it."""
    decided = last.gains != NOBODY
    shares = (
        np.quantile(last.shares[decided], QUANTILES) if decided.any() else np.full(len(QUANTILES), np.nan)
    )
    comment = f"over {len(last.votes):,} of the draws; the votes of the others stay and the base grows"
    what = "quantile of the fewest votes more for one list that move a seat, as a share of the valid votes"
    to.put("last_seat_share_quantile", shares, what, "1", "quantile", varies=False, comment=comment)
    if last.stated:
        votes = shares * last.valid_votes
        of = f"the same in votes, of {last.valid_votes:,} valid ones"
        to.put("last_seat_votes_quantile", votes, of, "votes", "quantile", varies=False, comment=comment)
    pairs = pair_chances(last, len(to.ids), to.places_of_lists())
    what = "probability that the last seat stands between two lists: party would gain it, rival would lose it"
    error = np.sqrt(pairs * (1.0 - pairs) / len(last.votes))
    over = ("party", "rival")
    to.put_estimated("last_seat_probability", pairs, error, what, "1", *over, varies=False, comment=comment)


def pair_chances(last: LastSeats, size: int, places: Sequence[int]) -> Floats:
    """(P, P) share of draws in which the last seat stands between two options; lists at ``places``."""
    pairs = np.zeros((size, size))
    known = (last.gains != NOBODY) & (last.loses != NOBODY)
    at = np.asarray(places)
    np.add.at(pairs, (at[last.gains[known]], at[last.loses[known]]), 1.0 / len(last.votes))
    return pairs
