"""Single draws under every rule: who has which seats where, for indices and for the errors of plain draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.election import Rule
from forecast.rules.compiled import compile_rules, course_of
from forecast.simulation.inputs import NO_QUESTIONS, Draws, multiples_of
from forecast.simulation.running import Plan, run_draws
from forecast.sweeps.differences import Estimated, Weights, mean_over_draws, weighted_mean
from forecast.sweeps.indices import effective_number, indices_of, seat_shares, seats_moved
from forecast.variables import error_of

if TYPE_CHECKING:
    from forecast.election import Party
    from forecast.rules.compiled import Rules
    from forecast.simulation.pieces import KeptDraws

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Arrays = dict[str, Floats]

MOST_LOOKED_AT = 65_536
"""Draws that are looked at one by one, under few rules."""
_LOOKS = 2**23
_LEAST_LOOKED_AT = 4_096
_MOST_BYTES = 2**27


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
