"""Single draws under every rule: who has which seats where, for indices and for the errors of plain draws."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.election import Rule
from forecast.rules.compiled import compile_rules
from forecast.simulation.inputs import Draws
from forecast.simulation.questions import NO_QUESTIONS
from forecast.simulation.running import Plan, run_draws
from forecast.sweeps.differences import Estimated, mean_over_draws
from forecast.sweeps.indices import effective_number, indices_of, seat_shares, seats_moved
from forecast.variables import error_of

if TYPE_CHECKING:
    from forecast.election import Party

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Arrays = dict[str, Floats]

MOST_LOOKED_AT = 65_536
"""Draws that are looked at one by one, under few rules."""
_LOOKS = 2**23
_LEAST_LOOKED_AT = 4_096
_MOST_BYTES = 2**27


class Looked(NamedTuple):
    """Some draws: replicate sizes (M,), shares (N, U), seats (R, N, K); rule 0 is the base rule."""

    sizes: Counts
    shares: Floats
    seats: Counts


def draws_looked_at(draws: int, variants: int) -> int:
    """How many draws are looked at one by one under so many variants: 65,536 of few, fewer of many."""
    wanted = max(_LEAST_LOOKED_AT, min(MOST_LOOKED_AT, _LOOKS // max(variants, 1)))
    return min(draws, wanted)


def rules_at_once(draws: int, lists: int) -> int:
    """Rules whose seats in so many draws fit into the bound on memory (128 MB)."""
    return max(1, _MOST_BYTES // (8 * draws * lists) - 1)


def look(inputs: Draws, rules: Sequence[Rule], parties: Sequence[Party], number: int, threads: int) -> Looked:
    """Draw ``number`` elections, the first of every replicate of a longer run, under every rule."""
    compiled = compile_rules(rules, parties, table=inputs.table)
    _, kept = run_draws(inputs, compiled, NO_QUESTIONS, number, threads=threads, keep=number)
    return Looked(Plan.of(number, int(inputs.sampler)).sizes, kept.shares, kept.seats)


def indices_by_variant(
    looked: Looked, against_all: NDArray[np.bool_], most_moved: int, threads: int = 1
) -> Arrays:
    """Indices of rules 1, 2, ... by path, with their errors, and how they differ from rule 0 draw by draw.

    ``against_all`` (U,) marks the options that are no list. ``most_moved`` is the largest house.
    """
    shares = np.ascontiguousarray(looked.shares.T)
    base = np.ascontiguousarray(looked.seats[0].T)

    def of_variant(seats: Counts) -> Arrays:
        return _of_variant(np.ascontiguousarray(seats.T), base, shares, looked.sizes, against_all, most_moved)

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(of_variant, looked.seats[1:]))
    return {f"rules/{name}": np.array([one[name] for one in found]) for name in found[0]}


def _of_variant(
    seats: Counts,
    base: Counts,
    shares: Floats,
    sizes: Counts,
    against_all: NDArray[np.bool_],
    most_moved: int,
) -> Arrays:
    """The indices of one rule: seats (K, N) against those of the base rule, shares (U, N)."""
    found: Arrays = {}

    def put(name: str, pair: Estimated) -> None:
        found[name], found[error_of(name)] = pair

    of_lists = shares[: len(base)]
    for name, values in indices_of(shares, seats, against_all)._asdict().items():
        finite = np.isfinite(values)
        put(name, mean_over_draws(values, sizes, None if finite.all() else finite.astype(np.float64)))
    with np.errstate(invalid="ignore", divide="ignore"):
        put("seats_per_vote", mean_over_draws(seat_shares(seats) / of_lists, sizes, of_lists))
    moved = seats_moved(seats, base)
    changed = (moved > 0).astype(np.float64)
    put("changed_probability", mean_over_draws(changed, sizes))
    put("moved_seats_mean", mean_over_draws(moved.astype(np.float64), sizes))
    found["moved_seats_probability"] = np.bincount(moved, minlength=most_moved + 1) / len(moved)
    put("changed_share_mean", mean_over_draws(shares, sizes, changed))
    return found


def votes_by_draw(looked: Looked) -> Estimated:
    """Effective number of parties by votes: mean over draws and its error."""
    return mean_over_draws(effective_number(looked.shares.T), looked.sizes)


def squared_differences(
    looked: Looked, admitted: NDArray[np.bool_], coalitions: Sequence[Sequence[int]]
) -> Arrays:
    """Mean squared differences from rule 0 in a draw, by variant: what errors of plain draws rest on.

    ``admitted`` (R, N, K) is who passes; ``coalitions`` are numbers of lists.
    """
    seats = looked.seats
    sums = (
        np.stack([seats[:, :, list(members)].sum(2) for members in coalitions], 2)
        if coalitions
        else seats[:, :, :0]
    )
    majority = 2 * sums > seats.sum(2)[:, :, None]
    blocs = np.concatenate([seats, sums], 2)
    return {
        "pass": (admitted[1:] != admitted[:1]).mean(1),
        "majority": (majority[1:] != majority[:1]).mean(1),
        "seat_mean": ((blocs[1:] - blocs[:1]) ** 2).mean(1),
    }


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
) -> NDArray[np.bool_]:
    """(R, N, K) who is admitted in single draws under every rule."""
    shadows = [shadow_of(rule, len(parties)) for rule in rules]
    unheld = {"min_seats": 0, "max_seats": None, "extra_seats": 0}
    parties = [party.model_copy(update=unheld) for party in parties]
    distinct = list({shadow.model_dump_json(): shadow for shadow in shadows}.values())
    seen = look(inputs, distinct, parties, number, threads).seats > 0
    at = {shadow.model_dump_json(): r for r, shadow in enumerate(distinct)}
    return seen[[at[shadow.model_dump_json()] for shadow in shadows]]
