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
from forecast.simulation.inputs import NO_DIRECTIONS, NO_QUESTIONS, SAMPLER_DRAWN, Draws
from forecast.simulation.running import run_draws
from forecast.sweeps.comparison import Estimated, look, rules_at_once
from forecast.variables import error_of

if TYPE_CHECKING:
    from forecast.election import Party
    from forecast.simulation.numbers import Ballot
    from forecast.simulation.pieces import KeptDraws
    from forecast.sweeps.grid import Grid

Floats = NDArray[np.float64]

POLLS, UNDECIDED = "polls", "undecided"
_OTHER_POLLS = np.uint64(0x5EED_0F_0711)
_MOST_SEATS_HELD = 2**25
"""Numbers of seats of one set of ballots: variants x draws x lists (128 MB)."""
_MOST_DRAWS, _LEAST_DRAWS = 2**14, 2**9
_GROUPS = 16
_PART = 2**17
"""Numbers that are summed at once: they stay in the second-level cache."""


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
    houses = [held.outcomes.sum(0, np.int32) for held in seats]
    factors = (*grid.dims, POLLS, *([UNDECIDED] if splits else []))

    def of(answers: Sequence[NDArray[Any]]) -> SobolIndices:
        """Of an answer to every outcome of every set, (outcomes, N)."""

        def part(begin: int, end: int) -> list[Floats]:
            pairs = zip(seats, answers, strict=True)
            return [held.under_rules(answer, begin, end).reshape(*grid.shape, -1) for held, answer in pairs]

        return _indices(part, draws, len(grid) * len(sets))

    def of_list(k: int) -> SobolIndices:
        return of([held.outcomes[k] for held in seats])

    def of_coalition(members: Sequence[int]) -> SobolIndices:
        return of(
            [
                2 * held.outcomes[list(members)].sum(0, np.int32) > house
                for held, house in zip(seats, houses, strict=True)
            ]
        )

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
        look(source, [grid.base], parties, draws, threads).kept.shares for source in (decided_only, other)
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


class _Held(NamedTuple):
    """Seats of N draws under V variants."""

    outcomes: NDArray[np.int16]
    """(K, outcomes, N) seats that a draw has under some variant."""
    which: NDArray[np.uint16]
    """(V, N) under which it has which."""

    def under_rules(self, answers: NDArray[Any], begin: int, end: int) -> Floats:
        """(V, end - begin) what some draws answer under every variant; ``answers`` are those of outcomes,
        (outcomes, N).
        """
        some = np.ascontiguousarray(answers[:, begin:end], np.float64)
        places = self.which[:, begin:end].astype(np.intp)
        places *= end - begin
        places += np.arange(end - begin)
        return some.ravel().take(places)


def _seats(sets: Sequence[Draws], grid: Grid, parties: Sequence[Party], threads: int) -> list[_Held]:
    """Seats of every set of N draws under every variant."""
    number = len(sets[0].given)
    found: list[list[KeptDraws]] = [[] for _ in sets]
    every = compile_rules(grid.rules, parties, table=sets[0].table)
    step = rules_at_once(sets[0], every, number)
    for start in range(0, len(grid), step):
        some = grid.rules[start : start + step]
        rules = every if step >= len(grid) else compile_rules(some, parties, table=sets[0].table)
        for draws, parts in zip(sets, found, strict=True):
            _, kept = run_draws(draws, rules, NO_QUESTIONS, number, threads=threads, keep=number)
            parts.append(kept._replace(outcomes=kept.outcomes.astype(np.int16)))  # pyrefly: ignore[bad-argument-type]
    return [_Held(*_together(parts)) for parts in found]


def _together(parts: Sequence[KeptDraws]) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """The outcomes of several runs list by list, and which of them a draw has under the rules of all."""
    before = np.cumsum([0, *(len(part.outcomes) for part in parts)])
    outcomes = np.concatenate([part.outcomes for part in parts])
    which = np.concatenate([part.which + n for part, n in zip(parts, before.astype(np.uint16), strict=False)])
    return np.ascontiguousarray(np.moveaxis(outcomes, -1, 0), np.int16), which


def sobol_indices(a: Floats, polls_anew: Floats, undecided_anew: Floats | None = None) -> SobolIndices:
    """Indices of an outcome given as arrays (n1, n2, ..., N): axes of the rule, then draws.

    ``polls_anew`` shares all but the polls with ``a``, ``undecided_anew`` all but the undecided; without it
    the polls are all that varies from draw to draw. Errors by the jackknife over 16 groups of draws, which
    also takes off the bias of finite draws. NaN where nothing varies.
    """
    sets = [np.asarray(s, np.float64) for s in (a, polls_anew, undecided_anew) if s is not None]

    def part(begin: int, end: int) -> list[Floats]:
        return [s[..., begin:end] for s in sets]

    return _indices(part, a.shape[-1], sum(s[..., 0].size for s in sets))


def _indices(part: Callable[[int, int], list[Floats]], draws: int, numbers: int) -> SobolIndices:
    """As ``sobol_indices``, of arrays that ``part`` gives for some draws, with so many ``numbers`` a draw."""
    step = max(_PART // numbers, 1)
    sums = _Sums.together([_Sums.of(part(n, min(n + step, draws))) for n in range(0, draws, step)])
    axes, drawn = len(sums.levels), len(sums.totals) - 1
    moments = _moments(sums, _edges(draws))
    whole = _ratios(_pooled(moments))
    groups = len(moments)
    without = np.array([_ratios(_pooled(moments[:g] + moments[g + 1 :])) for g in range(groups)])

    def jackknife(of: Callable[[Floats], Floats]) -> Estimated:
        theta, left_out = of(whole), of(without)
        centre = left_out.mean(0)
        error = np.sqrt((groups - 1) / groups * ((left_out - centre) ** 2).sum(0))
        return Estimated(groups * theta - (groups - 1) * centre, error)

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


class _Sums(NamedTuple):
    """Sums over the rules, draw by draw, of S sets of ballots. Of whole numbers, such as seats, they are
    exact.
    """

    rules: int
    totals: Floats
    """(S, N)"""
    squares: Floats
    """(S, N)"""
    products: Floats
    """(S - 1, N) of the first set with each other."""
    levels: tuple[Floats, ...]
    """By axis (n, N), over the other axes, and all sets."""
    along: Floats
    """(axes, S, N) squares of sums along an axis."""

    @classmethod
    def of(cls, sets: Sequence[Floats]) -> _Sums:
        """Of arrays (n1, n2, ..., N)."""
        axes = sets[0].ndim - 1
        along = [[s.sum(axis) for s in sets] for axis in range(axes)]
        return cls(
            sets[0][..., 0].size,
            np.array([_summed(s, range(axes - 1)) for s in along[0]]),
            np.array([_dot(s, s) for s in sets]),
            np.array([_dot(sets[0], s) for s in sets[1:]]),
            tuple(_levels(axis, sets, along) for axis in range(axes)),
            np.array([[_dot(sums, sums) for sums in each] for each in along]),
        )

    @classmethod
    def together(cls, parts: Sequence[_Sums]) -> _Sums:
        """Of all draws, from those of parts."""
        by_axis = zip(*(part.levels for part in parts), strict=True)
        return cls(
            parts[0].rules,
            np.concatenate([part.totals for part in parts], -1),
            np.concatenate([part.squares for part in parts], -1),
            np.concatenate([part.products for part in parts], -1),
            tuple(np.concatenate(levels, -1) for levels in by_axis),
            np.concatenate([part.along for part in parts], -1),
        )


def _levels(axis: int, sets: Sequence[Floats], along: Sequence[Sequence[Floats]]) -> Floats:
    """(n, N) sums over all axes but one, and all sets."""
    others = [other for other in range(len(along)) if other != axis]
    if not others:
        return np.sum(sets, axis=0)
    gone = max(others, key=lambda other: sets[0].shape[other])  # what is left is small
    left = [other - (other > gone) for other in others if other != gone]
    return np.sum([_summed(s, left) for s in along[gone]], axis=0)


def _moments(sums: _Sums, edges: Sequence[int]) -> list[_Moments]:
    """The moments of every group of draws. Where nothing varies nothing is left."""
    rules, sets = sums.rules, len(sums.totals)
    centre = float(np.mean([s.sum() / (rules * s.size) for s in sums.totals]))
    # About the mean: products of means that are large against their spread would drown it in their noise.
    over_rules = [s / rules - centre for s in sums.totals]
    squares = sums.squares
    mean = np.sum(over_rules, axis=0)
    square = np.sum(squares, axis=0) / rules - 2.0 * centre * mean - sets * centre**2
    anew = [(squares[0] + squares[d] - 2.0 * sums.products[d - 1]) / rules for d in range(1, sets)]
    levels, within = [], []
    for each, along in zip(sums.levels, sums.along, strict=True):
        size = len(each)
        within.append(np.sum(size * squares - along, axis=0) / (rules * size))
        levels.append(each * (size / rules) - sets * centre)
    if sets == 2:
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
            (end - begin) * sets,
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
