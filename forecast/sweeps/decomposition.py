"""Where the spread of an outcome comes from: Sobol indices of the rule's keys, the polls, the undecided.

The keys of the grid are taken as independent, every value of an axis as likely as the next; the polls and the
split of the undecided are drawn as in a forecast. First order: the share of the variance that would go if a
factor were known. Total: the share that would be left if everything else were known. Sobol (1993),
Mathematical Modelling and Computational Experiments 1; Saltelli et al. (2010), Computer Physics
Communications 181. The keys are summed over exactly; polls and undecided by drawing one anew while the other
is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.project import Pattern
from forecast.rules.compiled import compile_rules
from forecast.simulation.inputs import SAMPLER_DRAWN, Draws
from forecast.simulation.questions import NO_QUESTIONS
from forecast.simulation.running import run_draws
from forecast.simulation.sobol_directions import NO_DIRECTIONS
from forecast.sweeps.differences import Estimated
from forecast.sweeps.single_draws import look, rules_at_once
from forecast.variables import error_of

if TYPE_CHECKING:
    from forecast.election import Party
    from forecast.simulation.numbers import Ballot
    from forecast.sweeps.grid import Grid

Floats = NDArray[np.float64]

POLLS, UNDECIDED = "polls", "undecided"
_OTHER_POLLS = np.uint64(0x5EED_0F_0711)
_MOST_SEATS_HELD = 2**25
"""Numbers of seats of one set of ballots: variants x draws x lists (128 MB)."""
_MOST_DRAWS, _LEAST_DRAWS = 2**14, 2**9
_GROUPS = 16


class SobolIndices(NamedTuple):
    """Of one outcome: first-order and total shares by factor, the share of interactions, and the variance."""

    first: Estimated
    """(F,)"""
    total: Estimated
    """(F,)"""
    interactions: Estimated
    """() what no factor explains alone"""
    variance: float


@dataclass(frozen=True)
class Decomposition:
    """Indices of the seats of every list and of the majority of every coalition."""

    factors: tuple[str, ...]
    """Dimensions of the grid, ``polls`` and, where they split otherwise than the decided, ``undecided``."""
    draws: int
    seats: tuple[SobolIndices, ...]
    majorities: tuple[SobolIndices, ...]


def decompose(
    inputs: Draws,
    grid: Grid,
    parties: Sequence[Party],
    coalitions: Sequence[Sequence[int]],
    *,
    threads: int = 1,
) -> Decomposition:
    """Decompose seats of ``parties`` (K) and majorities of ``coalitions`` (numbers of lists) over a grid.

    Where invalid ballots or turnout are ranges they are held in the middle.
    """
    held = _MOST_SEATS_HELD // (len(grid) * max(len(parties), 1))
    draws = max(_LEAST_DRAWS, min(_MOST_DRAWS, held))
    splits = float(inputs.undecided) > 0.0 and float(inputs.undecided_spread) > 0.0
    sets = _ballots(inputs, grid, parties, draws, splits, threads)
    sources = (inputs, _projected_anew(inputs), inputs)
    seats = _seats([_drawn(*pair) for pair in zip(sources, sets, strict=False)], grid, parties, threads)
    factors = (*grid.dims, POLLS, *([UNDECIDED] if splits else []))

    def of(outcome: Sequence[Floats]) -> SobolIndices:
        return sobol_indices(*(values.reshape(*grid.shape, draws) for values in outcome))

    def of_list(k: int) -> SobolIndices:
        return of([s[k].astype(np.float64) for s in seats])

    def of_coalition(members: Sequence[int]) -> SobolIndices:
        return of([2 * s[list(members)].sum(0) > s.sum(0) for s in seats])

    with ThreadPoolExecutor(threads) as pool:
        by_list = tuple(pool.map(of_list, range(len(parties))))
        by_coalition = tuple(pool.map(of_coalition, coalitions))
    return Decomposition(factors, draws, by_list, by_coalition)


def _projected_anew(inputs: Draws) -> Draws:
    """The same, with other errors of districts: these are drawn anew with the polls, and count as them."""
    if not isinstance(inputs.pattern, Pattern):
        return inputs
    about = inputs.pattern.about.copy()
    about["seed"] ^= _OTHER_POLLS
    return inputs._replace(pattern=inputs.pattern._replace(about=about))


def _ballots(
    inputs: Draws, grid: Grid, parties: Sequence[Party], draws: int, splits: bool, threads: int
) -> list[Floats]:
    """Votes (N, U) of two or three sets: A; A with the polls drawn anew; A with the undecided anew."""
    decided_only = inputs._replace(undecided=0.0, undecided_spread=0.0)
    other = decided_only._replace(seed=np.uint64(inputs.seed) ^ _OTHER_POLLS)
    polls, anew = (
        look(source, [grid.base], parties, draws, threads).shares for source in (decided_only, other)
    )
    generator = np.random.default_rng([int(inputs.seed), int(_OTHER_POLLS)])
    # Two scrambles of one quasi-random sequence are independent as sets, but not point by point.
    anew = np.concatenate([generator.permutation(part) for part in np.split(anew, _edges(draws)[1:-1])])
    if not splits:
        return [polls, anew]
    z, z_anew = generator.standard_normal((2, *polls.shape))
    share, spread = float(inputs.undecided), float(inputs.undecided_spread)
    return [
        with_undecided(polls, z, share, spread),
        with_undecided(anew, z, share, spread),
        with_undecided(polls, z_anew, share, spread),
    ]


def with_undecided(decided: Floats, z: Floats, share: float, spread: float) -> Floats:
    """Shares (N, U) when a ``share`` of the vote splits like the decided, times 2 ** (spread z)."""
    split = decided * np.exp2(spread * z)
    return (1.0 - share) * decided + share * split / split.sum(1, keepdims=True)


def _drawn(inputs: Draws, shares: Floats) -> Draws:
    """Shares (N, U) that were drawn before, in place of what would be drawn."""
    return inputs._replace(
        sampler=SAMPLER_DRAWN,
        given=np.ascontiguousarray(shares),
        invalid=np.full(2, inputs.invalid.mean()),
        turnout=np.full(2, inputs.turnout.mean()),
        directions=NO_DIRECTIONS,
    )


def _seats(
    sets: Sequence[Draws], grid: Grid, parties: Sequence[Party], threads: int
) -> list[NDArray[np.int32]]:
    """(K, V, N) seats of every set of N draws under every variant."""
    number, lists = len(sets[0].given), len(parties)
    found = [np.empty((lists, len(grid), number), np.int32) for _ in sets]
    step = rules_at_once(number, lists)
    for start in range(0, len(grid), step):
        compiled = compile_rules(grid.rules[start : start + step], parties, table=sets[0].table)
        for draws, seats in zip(sets, found, strict=True):
            _, kept = run_draws(draws, compiled, NO_QUESTIONS, number, threads=threads, keep=number)
            seats[:, start : start + step] = kept.seats.transpose(2, 0, 1)
    return found


def sobol_indices(a: Floats, polls_anew: Floats, undecided_anew: Floats | None = None) -> SobolIndices:
    """Indices of an outcome given as arrays (n1, n2, ..., N): axes of the rule, then draws.

    ``polls_anew`` shares all but the polls with ``a``, ``undecided_anew`` all but the undecided; without it
    the polls are all that varies from draw to draw. Errors by the jackknife over 16 groups of draws, which
    also takes off the bias of finite draws. NaN where nothing varies.
    """
    sets = [np.asarray(s, np.float64) for s in (a, polls_anew, undecided_anew) if s is not None]
    axes, draws = sets[0].ndim - 1, sets[0].shape[-1]
    edges = _edges(draws)
    groups = len(edges) - 1
    moments = _moments(sets, axes, edges)
    whole = _ratios(_pooled(moments))
    without = np.array([_ratios(_pooled(moments[:g] + moments[g + 1 :])) for g in range(groups)])

    def jackknife(of: Callable[[Floats], Floats]) -> Estimated:
        theta, left_out = of(whole), of(without)
        centre = left_out.mean(0)
        error = np.sqrt((groups - 1) / groups * ((left_out - centre) ** 2).sum(0))
        return Estimated(groups * theta - (groups - 1) * centre, error)

    drawn = len(sets) - 1
    first = _first_order_columns(jackknife(lambda ratios: ratios).mc_error, axes, drawn)
    total = slice(axes + 2 * drawn, None)
    return SobolIndices(
        jackknife(lambda ratios: ratios[..., first]),
        jackknife(lambda ratios: ratios[..., total]),
        jackknife(lambda ratios: 1.0 - ratios[..., first].sum(-1)),
        _pooled(moments).variance,
    )


def _edges(draws: int) -> list[int]:
    """Ends of the groups: draws of one replicate, which depend on each other, stay together."""
    return np.linspace(0, draws, min(_GROUPS, draws) + 1).astype(int).tolist()


def _first_order_columns(errors: Floats, axes: int, drawn: int) -> list[int]:
    """Columns of ``_ratios`` with first-order shares: of two estimators that with the smaller error."""
    choice = [
        axes + d if errors[axes + d] <= errors[axes + drawn + d] else axes + drawn + d for d in range(drawn)
    ]
    return [*range(axes), *choice]


class _Moments(NamedTuple):
    """Sums over the draws of a group that the indices are made of.

    ``levels``: by axis of the rule, sums of the mean at each of its values. ``within`` (axes,): sums of the
    variance along an axis. By factor that is drawn, (1,) or (2,): ``product``, sums of products of means over
    the rule that share this factor alone; ``contrast``, the same less products that share nothing, which is
    better for a small factor; ``anew``, sums of squared differences where this factor is drawn anew.
    """

    draws: int
    mean: float
    square: float
    levels: tuple[Floats, ...]
    within: Floats
    product: Floats
    contrast: Floats
    anew: Floats

    @property
    def variance(self) -> float:
        return self.square / self.draws - (self.mean / self.draws) ** 2


def _moments(sets: Sequence[Floats], axes: int, edges: Sequence[int]) -> list[_Moments]:
    """The moments of every group of draws. Sums of whole numbers, such as seats, are exact up to the division
    by their number: where nothing varies nothing is left.
    """
    rules = sets[0][..., 0].size
    centre = float(np.mean([s.mean() for s in sets]))
    # About the mean: products of means that are large against their spread would drown it in their noise.
    over_rules = [_summed(s, range(axes)) / rules - centre for s in sets]
    squares = [_dot(s, s) for s in sets]
    mean = np.sum(over_rules, axis=0)
    square = np.sum(squares, axis=0) / rules - 2.0 * centre * mean - len(sets) * centre**2
    anew = [(squares[0] + squares[d] - 2.0 * _dot(sets[0], sets[d])) / rules for d in range(1, len(sets))]
    levels, within = [], []
    for axis in range(axes):
        size = sets[0].shape[axis]
        others = [other for other in range(axes) if other != axis]
        along = [s.sum(axis) for s in sets]
        spread = [size * square - _dot(sums, sums) for square, sums in zip(squares, along, strict=True)]
        within.append(np.sum(spread, axis=0) / (rules * size))
        sums = np.sum([_summed(s, others) for s in sets], axis=0)
        levels.append(sums * (size / rules) - len(sets) * centre)
    if len(sets) == 2:
        product = contrast = [np.mean([m**2 for m in over_rules], axis=0)]
    else:
        kept, polls_anew, undecided_anew = over_rules
        pairs = ((undecided_anew, polls_anew), (polls_anew, undecided_anew))
        product = [kept * same for same, _ in pairs]
        contrast = [(kept - other) * same for same, other in pairs]

    def of_group(begin: int, end: int) -> _Moments:
        def totals(of_draws: Sequence[Floats]) -> Floats:
            return np.array([float(values[begin:end].sum()) for values in of_draws])

        return _Moments(
            (end - begin) * len(sets),
            float(mean[begin:end].sum()),
            float(square[begin:end].sum()),
            tuple(each[:, begin:end].sum(1) for each in levels),
            totals(within),
            totals(product),
            totals(contrast),
            totals(anew),
        )

    return [of_group(begin, end) for begin, end in pairwise(edges)]


def _summed(outcome: Floats, axes: Iterable[int]) -> Floats:
    """Sums over some axes of the rule, one after the other: less is left to read after each."""
    for axis in sorted(axes, reverse=True):
        outcome = outcome.sum(axis)
    return outcome


def _dot(one: Floats, other: Floats) -> Floats:
    """(N,) sums over the rules of products, draw by draw."""
    draws = one.shape[-1]
    return np.einsum("vn,vn->n", one.reshape(-1, draws), other.reshape(-1, draws))


def _pooled(moments: Sequence[_Moments]) -> _Moments:
    first = moments[0]
    return _Moments(
        sum(m.draws for m in moments),
        sum(m.mean for m in moments),
        sum(m.square for m in moments),
        tuple(np.sum([m.levels[axis] for m in moments], axis=0) for axis in range(len(first.levels))),
        np.sum([m.within for m in moments], axis=0),
        np.sum([m.product for m in moments], axis=0),
        np.sum([m.contrast for m in moments], axis=0),
        np.sum([m.anew for m in moments], axis=0),
    )


def _ratios(m: _Moments) -> Floats:
    """Shares of the variance: first-order of axes, of draw factors by two estimators, totals of all."""
    drawn = m.draws / (1 + len(m.anew))
    axes = len(m.levels)
    variance = m.variance
    if variance <= 1e-12:
        return np.full(2 * axes + 3 * len(m.anew), np.nan)
    between = np.array([np.var(levels / m.draws) for levels in m.levels], np.float64)
    square = (m.mean / m.draws) ** 2
    contrast = m.contrast / drawn - (square if len(m.anew) == 1 else 0.0)
    of_draws = [m.product / drawn - square, contrast]
    return np.concatenate([between, *of_draws, m.within / m.draws, m.anew / drawn / 2.0]) / variance


def decomposition_values(parts: Decomposition, ballot: Ballot) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values and labels by path: shares of the variance of seats and majorities by factor, with errors."""
    values: dict[str, Any] = {}

    def put(path: str, array: Floats) -> None:
        values[path] = ballot.spread(array, 0, np.nan) if "/seat_" in path else array

    for prefix, found in (("seat", parts.seats), ("majority", parts.majorities)):
        pairs = {
            "first_order": [one.first for one in found],
            "total_order": [one.total for one in found],
            "interactions": [one.interactions for one in found],
        }
        for name, estimated in pairs.items():
            path = f"decomposition/{prefix}_{name}"
            shape = (len(found), *([] if name == "interactions" else [len(parts.factors)]))
            put(path, np.array([one.value for one in estimated]).reshape(shape))
            put(error_of(path), np.array([one.mc_error for one in estimated]).reshape(shape))
        put(f"decomposition/{prefix}_variance", np.array([one.variance for one in found], np.float64))
    return values, {"decomposition/factor": list(parts.factors)}
