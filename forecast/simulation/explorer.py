"""Other thresholds and methods on the same draws, and every coalition: what a page shows without computing.

A forecast of one rule gains the dimensions ``explorer_threshold`` (0 to 10 %, and the level of the law),
``explorer_method`` (the method of the law first) and ``explorer_subset`` (bit k set: the k-th of
``explorer_parties`` takes part). What is not the general level or the method of a rule stays as it is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.election.rule import Allocation
from forecast.election.threshold import AdmitLargest, Threshold
from forecast.result import QUANTILES, Forecast, dataset_of
from forecast.rules.compiled import compile_rules
from forecast.simulation.inputs import Units, draws_of
from forecast.simulation.labelling import representative_draw, seat_quantiles
from forecast.simulation.questions import compile_questions
from forecast.simulation.running import run_draws

if TYPE_CHECKING:
    from forecast.election import Election, Rule
    from forecast.estimation import Estimate
    from forecast.simulation.counts import RunCounts

MOST_DRAWS, LEAST_DRAWS = 65_536, 8_192
"""Draws for 8 parties or fewer, and for many: the work grows with their number, the time should not."""
METHODS = ("hare", "dhondt", "sainte-lague")
LEVELS = tuple(Fraction(k, 200) for k in range(21))
MOST_SUBSET_PARTIES = 12
"""Coalitions are counted among so many parties at most, those with the most seats on average."""

_KEPT = 8_192
_KEPT_BYTES = 64 * 2**20
_SUBSET_CELLS = 2**19
"""Draws times coalitions that one rule is worth; the rule of the law eight times that."""
_FOR_PICTURES = 512

Variables = dict[str, Any]


def explore(
    forecast: Forecast,
    election: Election,
    estimate: Estimate,
    *,
    draws: int | None = None,
    threads: int = 1,
) -> Forecast:
    """The forecast with its rule at other levels and by other methods, on draws of the same seed.

    ``draws``: default 65,536 for up to 8 parties, fewer for more.

    ``ConfigurationError`` for what the draws cannot answer, as in ``simulate_election``.
    """
    units = Units.of(election, estimate.units)
    parties = {party.id: party for party in election.parties}
    lists = [parties[unit] for unit in units.ids[: units.lists]]
    if draws is None:
        draws = min(MOST_DRAWS, max(LEAST_DRAWS, MOST_DRAWS * 8 // max(8, len(lists))))
        draws = min(draws, forecast.draws)
    levels, methods = _levels(election.rule), _methods(election.rule)
    variants = [_variant(election.rule, level, method) for level in levels for _, method in methods]
    attrs = forecast.dataset.attrs
    inputs = draws_of(election, estimate, units, int(attrs["seed"]), str(attrs["sampler"]))
    keep = max(1, min(_KEPT, draws, _KEPT_BYTES // (8 * len(variants) * max(1, len(lists)))))
    counts, kept = run_draws(
        inputs,
        compile_rules(variants, lists, election.place),
        compile_questions(election.coalitions, [], units),
        draws,
        threads=threads,
        keep=keep,
    )
    shape = (len(levels), len(methods))
    law = levels.index(_level(election.rule))
    ids = [str(party) for party in forecast.dataset["party"].values]
    at = [ids.index(unit) for unit in units.ids[: units.lists]]
    variables = _tallies(counts, shape, at, len(ids))
    seats = kept.seats.reshape(*shape, keep, len(lists))
    variables |= _pictures(seats, at, len(ids))
    largest = np.argsort(-counts.seat_means().value[law * shape[1], : len(lists)], kind="stable")
    chosen = sorted(largest[:MOST_SUBSET_PARTIES].tolist())
    variables |= _subsets(seats, chosen, law)
    coords = {
        "explorer_threshold": (
            "explorer_threshold",
            np.array([float(level) for level in levels]),
            {"long_name": "general level of the threshold", "units": "1"},
        ),
        "explorer_method": (
            "explorer_method",
            [name for name, _ in methods],
            {"long_name": "method of allocation"},
        ),
    }
    # Where a house may grow, another rule may hand out more seats to a party than any draw of the law did.
    held = np.flatnonzero(counts.totals.seats.any(axis=(0, 1)))
    ends = max(forecast.dataset.sizes["seats"], int(held.max(initial=0)) + 1)
    added = dataset_of(variables, coords, {}).isel(seats=slice(ends))
    dataset = forecast.dataset
    if ends > dataset.sizes["seats"]:
        about = dataset["seats"].attrs
        dataset = dataset.reindex(seats=np.arange(ends), fill_value=0)
        dataset["seats"].attrs.update(about)
    dataset = dataset.assign({name: added.variables[name] for name in (*added.coords, *added.data_vars)})
    return Forecast(
        dataset.assign_attrs(
            explorer_draws=draws,
            explorer_law_threshold=float(levels[law]),
            explorer_parties="\n".join(units.ids[k] for k in chosen),
        )
    )


def _level(rule: Rule) -> Fraction:
    level = rule.threshold.level if rule.threshold is not None else Fraction(0)
    return Fraction(1, rule.seats) if isinstance(level, str) else Fraction(level)


def _levels(rule: Rule) -> list[Fraction]:
    return sorted({*LEVELS, _level(rule)})


def _methods(rule: Rule) -> list[tuple[str, Allocation]]:
    """The allocation of the law first, as ``law`` where it is none of the national methods as they stand."""
    plain = {name: Allocation.model_validate({"method": name}) for name in METHODS}
    law = rule.allocation
    assert law is not None
    name = next((name for name, method in plain.items() if method == law), "law")
    return [(name, law), *((other, method) for other, method in plain.items() if other != name)]


def _variant(rule: Rule, level: Fraction, allocation: Allocation) -> Rule:
    threshold = rule.threshold if rule.threshold is not None else Threshold(nobody=AdmitLargest(admit=1))
    kept_level = threshold.level if level == _level(rule) else level
    return rule.model_copy(
        update={"threshold": threshold.model_copy(update={"level": kept_level}), "allocation": allocation}
    )


def _tallies(counts: RunCounts, shape: tuple[int, int], at: list[int], parties: int) -> Variables:
    tallies, draws, k = counts.totals, float(counts.draws), len(at)
    over = ("explorer_threshold", "explorer_method")

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        """Values (R, K, ...) by party of the ballot; options without seats hold none."""
        full = np.full((values.shape[0], parties, *values.shape[2:]), 0, values.dtype)
        full[:, at] = values
        return full.reshape(*shape, *full.shape[1:])

    seats = spread(tallies.seats[:, :k])
    without = np.setdiff1d(np.arange(parties), at)
    seats[:, :, without, 0] = counts.draws
    mean = spread(counts.seat_means().value[:, :k])
    majorities = (tallies.majorities / draws).reshape(*shape, -1)
    passes = spread(tallies.passes / draws)[:, 0]
    void = (tallies.void / draws).reshape(shape)[:, 0]
    return {
        "explorer_pass_probability": _of(
            ("explorer_threshold", "party"), passes, "probability of crossing it", "1"
        ),
        "explorer_void_probability": _of(("explorer_threshold",), void, "nobody wins a seat", "1"),
        "explorer_seat_count": _of(
            (*over, "party", "seats"), seats.astype(np.int32), "draws with a number of seats", "draws"
        ),
        "explorer_seat_mean": _of((*over, "party"), mean, "mean seats", "seats"),
        "explorer_seat_quantile": _of(
            (*over, "party", "quantile"),
            seat_quantiles(seats, np.array(QUANTILES)),
            "quantile of seats",
            "seats",
        ),
        "explorer_majority_probability": _of(
            (*over, "coalition"), majorities, "probability of a majority", "1"
        ),
        "explorer_coalition_seat_quantile": _of(
            (*over, "coalition", "quantile"),
            seat_quantiles(
                tallies.seats[:, k:].reshape(*shape, -1, tallies.seats.shape[-1]), np.array(QUANTILES)
            ),
            "quantile of seats of a coalition",
            "seats",
        ),
    }


def _pictures(seats: NDArray[np.int64], at: list[int], parties: int) -> Variables:
    shown = np.zeros((*seats.shape[:2], parties), np.int32)
    for t, m in np.ndindex(*seats.shape[:2]):
        some = seats[t, m, :_FOR_PICTURES]
        shown[t, m, at] = some[representative_draw(some)]
    over = ("explorer_threshold", "explorer_method", "party")
    return {"explorer_representative_seats": _of(over, shown, "seats of a representative draw", "seats")}


def _subsets(seats: NDArray[np.int64], chosen: list[int], law: int) -> Variables:
    """Share of draws in which a coalition of ``chosen`` lists holds more than half of the seats handed out.

    ``seats`` (levels, methods, draws, lists).
    """
    levels, methods, kept, _ = seats.shape
    parties = len(chosen)
    majority = np.zeros((levels, methods, 2**parties), np.float32)
    number = np.zeros((levels, methods), np.int32)
    for t, m in np.ndindex(levels, methods):
        by_list = np.ascontiguousarray(seats[t, m].T)  # long rows are added quickly, short ones are not
        held = by_list[chosen].astype(np.int16)
        seated = np.flatnonzero(held.any(1))
        cells = _SUBSET_CELLS * (8 if (t, m) == (law, 0) else 1)
        most = max(64, cells >> len(seated))
        half = (by_list[:, :most].sum(axis=0) // 2).astype(np.int16)
        counted = count_majorities(held[seated, :most], half)
        number[t, m] = min(kept, most)
        majority[t, m] = (counted / number[t, m])[_among(seated, parties)]
    over = ("explorer_threshold", "explorer_method")
    what = "probability that a coalition holds more than half of the seats"
    return {
        "explorer_subset_majority": _of((*over, "explorer_subset"), majority, what, "1"),
        "explorer_subset_draws": _of(over, number, "draws behind explorer_subset_majority", "draws"),
    }


def count_majorities(seats: NDArray[np.int16], half: NDArray[np.int16]) -> NDArray[np.int32]:
    """(2**P,) draws in which coalition s holds more than ``half`` (draws,) seats, from seats (P, draws)."""
    sums = np.zeros((2 ** len(seats), seats.shape[1]), np.int16)
    for k, row in enumerate(seats):
        np.add(sums[: 2**k], row, out=sums[2**k : 2 ** (k + 1)])
    return (sums > half).sum(axis=1, dtype=np.int32)  # twice as quick as np.count_nonzero along an axis


def _among(seated: NDArray[np.int64], parties: int) -> NDArray[np.int64]:
    """For every coalition of all parties the number of its coalition among those with seats."""
    every = np.arange(2**parties)
    number = np.zeros_like(every)
    for k, party in enumerate(seated.tolist()):
        number |= ((every >> party) & 1) << k
    return number


def _of(dims: tuple[str, ...], values: Any, long_name: str, units: str) -> tuple[Any, Any, dict[str, str]]:
    return dims, values, {"long_name": long_name, "units": units}
