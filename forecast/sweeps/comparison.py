"""How rules compare: what a distribution of seats makes of the votes, differences from the base rule on the
same draws, and where an answer flips along the threshold.

Votes are shares of the valid votes of every option on the ballot, those that can win no seat included; seats
are shares of the seats handed out. Laakso and Taagepera (1979), Comparative Political Studies 12: effective
number 1 / sum(share**2). Gallagher (1991), Electoral Studies 10: sqrt(sum((v - s)**2) / 2). Loosemore and
Hanby (1971), British Journal of Political Science 1: sum(abs(v - s)) / 2.

What two rules count in the same draws is strongly correlated, so that the error of their difference is far
smaller than their own errors suggest. Quasi-random draws: from how much the difference itself varies between
replicates. Plain draws: from how much it varies from draw to draw, which single draws under every rule tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.election import Rule
from forecast.rules.compiled import compile_rules, course_of
from forecast.simulation.inputs import NO_QUESTIONS, Draws, multiples_of
from forecast.simulation.running import Plan, run_draws
from forecast.variables import error_of

if TYPE_CHECKING:
    from forecast.election import Party
    from forecast.rules.compiled import Rules
    from forecast.simulation.pieces import KeptDraws
    from forecast.simulation.run_counts import RunCounts
    from forecast.sweeps.grid import Grid

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Arrays = dict[str, Floats]
MOST_LOOKED_AT = 65_536
"""Draws that are looked at one by one, under few rules."""
_LOOKS = 2**23
_LEAST_LOOKED_AT = 4_096
_MOST_BYTES = 2**27


class Indices(NamedTuple):
    """One value a draw each, (N,); those that need seats are NaN where none was handed out."""

    wasted: Floats
    """Share of the valid votes that went to lists without a seat."""
    unrepresented: Floats
    """The same and the votes against all: everything that no seat stands for."""
    effective_seats: Floats
    """Effective number of parties by seats."""
    gallagher: Floats
    loosemore_hanby: Floats
    manufactured: Floats
    """1 where a list holds a majority of the seats on less than half of the valid votes."""


def effective_number(shares: Floats) -> Floats:
    """(N,) effective number of parties of shares (U, N); NaN where they are all 0."""
    squared = (shares**2).sum(0)
    return np.where(squared > 0.0, 1.0 / np.where(squared > 0.0, squared, 1.0), np.nan)


def indices_of(shares: Floats, seats: NDArray[np.int64], against_all: NDArray[np.bool_]) -> Indices:
    """Indices of draws: shares (U, N) of the valid votes, seats (K, N) of the first K options.

    ``against_all`` (U,) marks options that are no list and can win nothing; other options beyond K are lists
    that win nothing.
    """
    lists = len(seats)
    house = seats.sum(0)
    won = seat_shares(seats)
    of_lists, others = shares[:lists], shares[lists:]
    apart = of_lists - won
    beyond = others.sum(0)
    unrepresented = (of_lists * (seats == 0)).sum(0) + beyond
    filled = house > 0
    majority = (2 * seats > house) & (of_lists < 0.5)
    return Indices(
        unrepresented - others[against_all[lists:]].sum(0),
        unrepresented,
        effective_number(won),
        np.where(filled, np.sqrt(((apart**2).sum(0) + (others**2).sum(0)) / 2.0), np.nan),
        np.where(filled, (np.abs(apart).sum(0) + beyond) / 2.0, np.nan),
        majority.any(0).astype(np.float64),
    )


def seat_shares(seats: NDArray[np.int64]) -> Floats:
    """(K, N) shares of the seats handed out; 0 where there are none."""
    return seats / np.maximum(seats.sum(0), 1)


def seats_moved(seats: NDArray[np.int64], base: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) seats that change hands between outcomes (K, N): what some gain or others lose, the larger."""
    apart = seats - base
    gained, net = np.maximum(apart, 0).sum(0), apart.sum(0)
    return np.maximum(gained, gained - net)


class Estimated(NamedTuple):
    """Values and one standard error of each, of the same shape."""

    value: Floats
    mc_error: Floats


def differences(
    counts: RunCounts, same: NDArray[np.bool_], squares: dict[str, Floats] | None
) -> dict[str, Floats]:
    """Differences of rules 1, 2, ... from rule 0 by path, with paired errors.

    ``same`` (V,) marks copies of the base rule, which does not differ from itself, without error.
    ``squares``: of plain random draws, the mean squared difference of a draw (``squared_differences``).
    """
    tallies = {"pass": "passes", "majority": "majorities", "seat_mean": "seat_sums"}
    found: dict[str, Floats] = {}
    for name, tally in tallies.items():
        by_replicate = counts.by_replicate[tally]
        if squares is None:
            apart = difference_over_replicates(by_replicate[:, 1:], by_replicate[:, 0], counts.sizes)
        else:
            whole = by_replicate.sum(0)
            apart = difference_over_draws(whole[1:], whole[0], squares[name], counts.draws)
        path = f"rules/{name}_difference"
        found[path], found[error_of(path)] = apart.value, np.where(same[:, None], 0.0, apart.mc_error)
    return found


def difference_over_replicates(variants: Counts, base: Counts, sizes: Counts) -> Estimated:
    """Difference of shares (or means): counts by replicate (M, V, ...) less those of the base (M, ...).

    The error is never below 1 / draws, as that of a single share.
    """
    draws, m = int(sizes.sum()), len(sizes)
    apart = (variants - base[:, None]).astype(np.float64)
    value = apart.sum(0) / draws
    expected = value * sizes.reshape((-1,) + (1,) * value.ndim)
    error = np.sqrt(((apart - expected) ** 2).sum(0) * m / (m - 1)) / draws
    return Estimated(value, np.maximum(error, 1.0 / draws))


def difference_over_draws(variants: Counts, base: Counts, squares: Floats, draws: int) -> Estimated:
    """The same for plain random draws: counts (V, ...) over all ``draws``, those of the base (...).

    ``squares`` (V, ...) is the mean squared difference in a draw, read off some of the draws. Differences are
    whole numbers, so that it is never below the size of their mean: where no draw that was looked at differs,
    that holds.
    """
    value = (variants - base[None]).astype(np.float64) / draws
    variance = np.maximum(np.maximum(squares, np.abs(value)) - value**2, 0.0)
    return Estimated(value, np.maximum(np.sqrt(variance / draws), 1.0 / draws))


def mean_over_draws(values: Floats, sizes: Counts, weights: Floats | None = None) -> Estimated:
    """Mean over the last axis, (..., N) -> (...), of draws that stand replicate by replicate (``sizes``).

    ``weights`` (N,) or (..., N) leave draws out (0) or make it a ratio of means: sum(values * weights) /
    sum(weights). Values whose weight is 0 may be NaN. One replicate means plain draws, independent of each
    other.
    """
    if weights is None:
        return weighted_mean(values, Weights.of(np.ones(values.shape[-1]), sizes), sizes)
    counted = np.where(weights != 0.0, values, 0.0) * weights
    return weighted_mean(counted, Weights.of(weights, sizes), sizes)


class Weights(NamedTuple):
    """Weights of draws, (N,) or (..., N)."""

    each: Floats
    total: Floats
    by_replicate: Floats
    """(..., M)"""

    @classmethod
    def of(cls, each: Floats, sizes: Counts) -> Weights:
        """Of draws that stand replicate by replicate."""
        return cls(each, each.sum(-1), _by_replicate(each, sizes))


def weighted_mean(counted: Floats, weights: Weights, sizes: Counts) -> Estimated:
    """As ``mean_over_draws``, of values that are multiplied by their weights."""
    m = len(sizes)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = counted.sum(-1) / weights.total
        if m == 1:
            off = counted - value[..., None] * weights.each
            return Estimated(value, np.sqrt((off**2).sum(-1)) / weights.total)
        off = _by_replicate(counted, sizes) - value[..., None] * weights.by_replicate
        return Estimated(value, np.sqrt((off**2).sum(-1) * m / (m - 1)) / weights.total)


def _by_replicate(values: Floats, sizes: Counts) -> Floats:
    return np.add.reduceat(values, np.concatenate([[0], np.cumsum(sizes)[:-1]]), axis=-1)


class Looked(NamedTuple):
    """Some draws under R rules, of which rule 0 is the base rule."""

    sizes: Counts
    """(M,) draws of each replicate."""
    kept: KeptDraws


def draws_looked_at(draws: int, variants: int) -> int:
    """How many draws are looked at one by one under so many variants: 65,536 of few, fewer of many."""
    wanted = max(_LEAST_LOOKED_AT, min(MOST_LOOKED_AT, _LOOKS // max(variants, 1)))
    return min(draws, wanted)


def rules_at_once(inputs: Draws, rules: Rules, draws: int) -> int:
    """How many of some rules have outcomes in so many draws that fit into the bound on memory (128 MB)."""
    outcomes, number = course_of(rules, multiples_of(inputs)).outcomes, len(rules.records)
    held = draws * (8 * rules.lists * outcomes + 2 * number)
    return max(1, number * _MOST_BYTES // held)


def look(inputs: Draws, rules: Sequence[Rule], parties: Sequence[Party], number: int, threads: int) -> Looked:
    """Draw ``number`` elections, the first of every replicate of a longer run, under every rule."""
    return look_at(inputs, compile_rules(rules, parties, table=inputs.table), number, threads)


def look_at(inputs: Draws, rules: Rules, number: int, threads: int) -> Looked:
    """The same under rules that are compiled."""
    _, kept = run_draws(inputs, rules, NO_QUESTIONS, number, threads=threads, keep=number)
    return Looked(Plan.of(number, int(inputs.sampler)).sizes, kept)


def indices_by_variant(
    looked: Looked, against_all: NDArray[np.bool_], most_moved: int, threads: int = 1
) -> Arrays:
    """Indices of rules 1, 2, ... by path, with their errors, and how they differ from rule 0 draw by draw.

    ``against_all`` (U,) marks the options that are no list. ``most_moved`` is the largest house.
    """
    shares = np.ascontiguousarray(looked.kept.shares.T)
    base = np.ascontiguousarray(looked.kept.seats_of(0).T)

    def of_some(variants: NDArray[np.int64]) -> list[Arrays]:
        one = _Variant(base, shares, looked.sizes, against_all)
        return [one.indices(at, seats, most_moved) for at, seats in looked.kept.changes(variants)]

    variants = np.arange(1, len(looked.kept.which))
    with ThreadPoolExecutor(threads) as pool:
        parts = np.array_split(variants, min(threads, len(variants)))
        found = [one for part in pool.map(of_some, parts) for one in part]
    return {f"rules/{name}": np.array([one[name] for one in found]) for name in found[0]}


_CERTAIN = ("wasted", "unrepresented", "manufactured", "changed_probability", "moved_seats_mean")
_OF_SEATS = ("effective_seats", "gallagher", "loosemore_hanby")
"""Means of numbers that every draw has, and of those that a draw without seats has not."""


class _Variant:
    """The rule whose indices are taken next: what they are made of changes in the draws that have another
    outcome than under the rule before it, and is the same in all others.
    """

    def __init__(self, base: Counts, shares: Floats, sizes: Counts, against_all: NDArray[np.bool_]) -> None:
        """Seats of the base rule (K, N), shares (U, N), draws of each replicate."""
        self._base, self._shares, self._sizes, self._against_all = base, shares, sizes, against_all
        lists, draws = base.shape
        self._certain = np.empty((len(_CERTAIN), draws))
        self._of_seats = np.empty((len(_OF_SEATS), draws))
        self._won = np.empty((lists, draws))
        self._moved = np.empty(draws, np.int64)
        self._where_changed = np.empty(shares.shape)
        self._each = Weights.of(np.ones(draws), sizes)
        self._votes = Weights.of(shares[:lists], sizes)

    def indices(self, at: Counts, seats: Counts, most_moved: int) -> Arrays:
        """Means, with their errors, of the next rule: the draws ``at`` have other seats, (K, n)."""
        self._change(at, seats)
        sizes, changed = self._sizes, self._certain[_CERTAIN.index("changed_probability")]
        filled = np.isfinite(self._of_seats[0])
        of_seats = (
            weighted_mean(self._of_seats, self._each, sizes)
            if filled.all()
            else mean_over_draws(self._of_seats, sizes, filled.astype(np.float64))
        )
        moved = np.bincount(self._moved, minlength=most_moved + 1)
        found: Arrays = {"moved_seats_probability": moved / len(self._moved)}
        several = ((_CERTAIN, weighted_mean(self._certain, self._each, sizes)), (_OF_SEATS, of_seats))
        for names, (values, errors) in several:
            found |= dict(zip(names, values, strict=True))
            found |= dict(zip(map(error_of, names), errors, strict=True))
        one_by_one = {
            "seats_per_vote": weighted_mean(self._won, self._votes, sizes),
            "changed_share_mean": weighted_mean(self._where_changed, Weights.of(changed, sizes), sizes),
        }
        for name, (value, error) in one_by_one.items():
            found[name], found[error_of(name)] = value, error
        return found

    def _change(self, at: Counts, seats: Counts) -> None:
        """Take in the draws that have other seats."""
        if len(at) == 0:
            return
        if len(at) == 1:  # a single column is added up in another order than one among many
            at, seats = np.repeat(at, 2), np.repeat(seats, 2, axis=1)
        shares = self._shares[:, at]
        indices = indices_of(shares, seats, self._against_all)._asdict()
        moved = seats_moved(seats, self._base[:, at])
        changed = (moved > 0).astype(np.float64)
        indices |= {"changed_probability": changed, "moved_seats_mean": moved}
        for rows, names in ((self._certain, _CERTAIN), (self._of_seats, _OF_SEATS)):
            for row, name in zip(rows, names, strict=True):
                row[at] = indices[name]
        votes = shares[: len(seats)]
        with np.errstate(invalid="ignore", divide="ignore"):
            self._won[:, at] = np.where(votes != 0.0, seat_shares(seats) / votes, 0.0) * votes
        self._moved[at] = moved
        self._where_changed[:, at] = np.where(changed != 0.0, shares, 0.0) * changed


def votes_by_draw(looked: Looked) -> Estimated:
    """Effective number of parties by votes: mean over draws and its error."""
    return mean_over_draws(effective_number(looked.kept.shares.T), looked.sizes)


def squared_differences(
    looked: Looked, admitted: Iterable[NDArray[np.bool_]], coalitions: Sequence[Sequence[int]]
) -> Arrays:
    """Mean squared differences from rule 0 in a draw, by variant: what errors of plain draws rest on.

    ``admitted`` is who passes under every rule, (N, K); ``coalitions`` are numbers of lists.
    """

    def of_rule(rule: int) -> tuple[Counts, NDArray[np.bool_]]:
        seats = looked.kept.seats_of(rule)
        sums = [seats[:, list(members)].sum(1) for members in coalitions]
        blocs = np.column_stack([seats, *sums])
        return blocs, 2 * blocs[:, seats.shape[1] :] > seats.sum(1)[:, None]

    base, base_majority = of_rule(0)
    passing = iter(admitted)
    base_passes = next(passing)
    found: dict[str, list[Floats]] = {"pass": [], "majority": [], "seat_mean": []}
    for rule, passes in enumerate(passing, 1):
        blocs, majority = of_rule(rule)
        found["pass"].append((passes != base_passes).mean(0))
        found["majority"].append((majority != base_majority).mean(0))
        found["seat_mean"].append(((blocs - base) ** 2).mean(0))
    return {name: np.array(values) for name, values in found.items()}


def shadow_of(rule: Rule, lists: int) -> Rule:
    """A rule that admits the same lists and gives everyone who is admitted a seat.

    Adams divisors serve every list before any gets a second seat, so that seats tell who passed.
    """
    threshold = rule.threshold
    seats = max(lists, (threshold.min_lists or 1) if threshold is not None else 1)
    told = rule.model_dump(exclude_none=True, by_alias=True, include={"threshold", "ties"})
    if threshold is not None:
        told["threshold"] = _with_levels_spelt_out(told["threshold"], Fraction(1, max(rule.seats, 1)))
    return Rule.model_validate({**told, "seats": seats, "allocation": {"method": "adams"}})


def _with_levels_spelt_out(threshold: dict[str, object], one_seat: Fraction) -> dict[str, object]:
    """A threshold whose levels of one seat's worth are shares: the house of the shadow is another."""

    def spelt(value: object) -> object:
        if isinstance(value, dict):
            return {name: spelt(inner) for name, inner in value.items()}
        return one_seat if value == "quota" else value

    return {name: spelt(value) for name, value in threshold.items()}


def who_passes(
    inputs: Draws, rules: Sequence[Rule], parties: Sequence[Party], number: int, threads: int
) -> Iterator[NDArray[np.bool_]]:
    """(N, K) who is admitted in single draws, under one rule after the other."""
    shadows = [shadow_of(rule, len(parties)) for rule in rules]
    unheld = {"min_seats": 0, "max_seats": None, "extra_seats": 0}
    parties = [party.model_copy(update=unheld) for party in parties]
    distinct = list({shadow.model_dump_json(): shadow for shadow in shadows}.values())
    kept = look(inputs, distinct, parties, number, threads).kept
    at = {shadow.model_dump_json(): r for r, shadow in enumerate(distinct)}
    return (kept.seats_of(at[shadow.model_dump_json()]) > 0 for shadow in shadows)


OF_CHAMBER = "chamber/majority_probability"
TWO_SIDED_95 = 1.959963984540054


@dataclass(frozen=True)
class Flip:
    """A level at which a chance crosses one half; of an exact count, above which the answer is another.

    ``low`` and ``high`` are the ends of the 95 % interval of the Monte Carlo error (NaN where they lie beyond
    the levels of the sweep); of a chance that only falls, ``gone_from`` and ``gone_to`` are the levels at
    which it crosses 90 and 10 %: in 80 of 100 draws the flip lies between them. Levels are shares of the
    base.
    """

    about: str
    """``passes``, ``majority`` or ``majority of the chamber``."""
    subject: str
    """Id of the party or coalition."""
    change: str
    """``lost`` or ``won`` as the level rises."""
    level: float
    where: dict[str, Any]
    """Labels on the other axes."""
    low: float = float("nan")
    high: float = float("nan")
    gone_from: float = float("nan")
    gone_to: float = float("nan")


def flips_along(
    about: str, subject: str, levels: Floats, chance: Floats, error: Floats, where: dict[str, Any]
) -> Iterator[Flip]:
    """Flips of one chance (T,) with standard errors (T,) along rising levels (T,).

    Between two levels the log odds are taken as a straight line.
    """
    curve = _Curve(levels, chance, error)
    edges = [_Curve(levels, chance + side * TWO_SIDED_95 * error, error) for side in (-1.0, 1.0)]
    only_falls = bool(np.all(np.diff(chance) <= 0.0))
    for t in crossings(chance, 0.5):
        level = curve.level(0.5, t)
        ends = [edge.nearest(0.5, level) for edge in edges]
        known = [end for end in ends if np.isfinite(end)]
        low = min(ends) if len(known) == 2 else next((end for end in known if end <= level), np.nan)
        high = max(ends) if len(known) == 2 else next((end for end in known if end >= level), np.nan)
        gone = [curve.only(at) if only_falls else np.nan for at in (0.9, 0.1)]
        change = "lost" if chance[t] >= 0.5 else "won"
        yield Flip(about, subject, change, level, where, low, high, gone[0], gone[1])


def crossings(values: Floats, at: float) -> list[int]:
    """Numbers t for which ``values`` are on one side of ``at`` at t, on the other at t + 1."""
    above = values >= at
    return np.flatnonzero(above[:-1] != above[1:]).tolist()


class _Curve:
    """A chance along levels."""

    def __init__(self, levels: Floats, chance: Floats, error: Floats) -> None:
        # No draws are no proof: a chance lies at least its error off 0 and 1.
        least = np.clip(error, 1e-12, 0.25)
        self._levels, self._chance = levels, chance
        self._inside = np.clip(chance, least, 1.0 - least)

    def level(self, at: float, t: int) -> float:
        """Where the chance crosses ``at`` between levels t and t + 1."""
        low, high = _log_odds(self._inside[t]), _log_odds(self._inside[t + 1])
        share = min(max((low - _log_odds(at)) / (low - high), 0.0), 1.0) if low != high else 0.5
        return float(self._levels[t] + share * (self._levels[t + 1] - self._levels[t]))

    def nearest(self, at: float, level: float) -> float:
        """The crossing nearest to a level; NaN where there is none."""
        found = [self.level(at, t) for t in crossings(self._chance, at)]
        return min(found, key=lambda crossing: abs(crossing - level), default=float("nan"))

    def only(self, at: float) -> float:
        """The one crossing; NaN where there is none."""
        found = crossings(self._chance, at)
        return self.level(at, found[0]) if len(found) == 1 else float("nan")


def _log_odds(chance: float) -> float:
    return float(np.log(chance / (1.0 - chance)))


def flips_of(
    grid: Grid, values: Mapping[str, Floats], parties: Sequence[str], coalitions: Sequence[str]
) -> list[Flip]:
    """Flips along the threshold, for every combination of the other axes; ``values`` over the axes of the
    grid.

    None where the axis has one level, or levels that are no shares (``quota``).
    """
    threshold = next((axis for axis in grid.axes if axis.dim == "threshold"), None)
    if threshold is None or len(threshold) < 2 or any(isinstance(label, str) for label in threshold.labels):
        return []
    levels = np.array(threshold.labels, np.float64)
    others = [axis for axis in grid.axes if axis.dim != "threshold"]
    found: list[Flip] = []
    along = grid.dims.index("threshold")
    chances = [("passes", "pass_probability", parties), ("majority", "majority_probability", coalitions)]
    if OF_CHAMBER in values:
        chances.append(("majority of the chamber", OF_CHAMBER, coalitions))
    for about, path, subjects in chances:
        chance, error = (np.moveaxis(values[one], along, 0) for one in (path, error_of(path)))
        for at in product(*(range(len(axis)) for axis in others)):
            where = {axis.dim: axis.labels[i] for axis, i in zip(others, at, strict=True)}
            for s, subject in enumerate(subjects):
                here = (slice(None), *at, s)
                found += flips_along(about, subject, levels, chance[here], error[here], where)
    return found


def flips_values(flips: Sequence[Flip], *, exact: bool = False) -> dict[str, Any]:
    """Flips by path; exact ones have no intervals."""

    def texts(told: list[str]) -> NDArray[np.str_]:
        return np.array(told, dtype=str if told else "U1")

    names = ("level",) if exact else ("level", "low", "high", "gone_from", "gone_to")
    found = {
        f"flips/{name}": texts([getattr(flip, name) for flip in flips])
        for name in ("about", "subject", "change")
    }
    found["flips/elsewhere"] = texts([json.dumps(flip.where, ensure_ascii=False) for flip in flips])
    return found | {
        f"flips/{name}": np.array([getattr(flip, name) for flip in flips], float) for name in names
    }
