"""What decides the last seat: the fewest votes more for one list that move a seat, and between whom.

The others' votes stay and the base grows, as in ``forecast.rules.margins``; found by doubling and halving
over whole votes, with all draws and lists at once through the compiled core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.rules.compiled import compile_rules
from forecast.simulation.inputs import given_draws
from forecast.simulation.running import run_draws
from forecast.sweeps.single_draws import NO_QUESTIONS, look
from forecast.variables import QUANTILES

if TYPE_CHECKING:
    from forecast.election import Election, Party, Rule
    from forecast.rules.grids import Rules
    from forecast.simulation.inputs import Draws, Units
    from forecast.simulation.numbers import Ballot

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

NOMINAL_VALID_VOTES = 10_000_000
"""Whole votes of a draw, where the election file does not say how many there may be."""
_MOST = 64
NOBODY = -1


@dataclass(frozen=True)
class LastSeats:
    """The last seat of every draw, (N,): votes that move it, which list would gain it, which would lose it.

    ``votes`` is 0 and both lists are ``NOBODY`` where no number of votes moves a seat. The loser alone is
    ``NOBODY`` where the seat that is won was nobody's: in a draw without a valid outcome.
    """

    valid_votes: int
    stated: bool
    """Whether the election file says how many valid votes there are (or turnout and registered voters)."""
    votes: Counts
    gains: Counts
    loses: Counts

    @property
    def shares(self) -> Floats:
        """Votes as shares of the valid votes."""
        return self.votes / self.valid_votes


def last_seats(
    election: Election,
    inputs: Draws,
    units: Units,
    parties: Sequence[Party],
    *,
    draws: int,
    threads: int = 1,
) -> LastSeats:
    """The last seats of ``draws`` drawn elections under the rule of ``election``.

    Where invalid ballots or turnout are ranges they are held in the middle.
    """
    rule = election.rule
    valid, stated = valid_votes(election)
    shares = look(inputs, [rule], parties, draws, threads).kept.shares
    ballots = np.round(shares * valid).astype(np.int64)
    votes, gains, loses = fewest_votes(election, rule, units, parties, ballots, threads=threads)
    return LastSeats(valid, stated, votes, gains, loses)


def valid_votes(election: Election) -> tuple[int, bool]:
    """Valid votes: as stated, or registered voters x turnout less invalid ballots; else a round number."""
    facts = election.election
    if facts.valid_votes:
        return facts.valid_votes, True
    if facts.registered and facts.turnout is not None:
        low, high = facts.invalid_share if facts.invalid_share is not None else (0, 0)
        cast = facts.registered * (facts.turnout[0] + facts.turnout[1]) / 2
        return round(cast * (1 - (low + high) / 2)), True
    return NOMINAL_VALID_VOTES, False


def fewest_votes(
    election: Election,
    rule: Rule,
    units: Units,
    parties: Sequence[Party],
    ballots: Counts,
    *,
    threads: int = 1,
) -> tuple[Counts, Counts, Counts]:
    """Of whole ballots (N, U): votes, the list that gains and the list that loses, (N,) each.

    Of lists that need as few votes the first stands. One vote fewer does not suffice.
    """
    count = _Count(election, compile_rules([rule], parties), units, threads)
    lists, draws = len(parties), len(ballots)
    before = count.seats(ballots)
    which = np.repeat(np.arange(lists), draws)
    ballots_of, before_of = np.tile(ballots, (lists, 1)), np.tile(before, (lists, 1))
    most = _MOST * (rule.seats + 1) * int(max(ballots.sum(1).max(), 1))

    def wins(extra: Counts, at: Counts) -> NDArray[np.bool_]:
        after = count.seats(_with_extra(ballots_of[at], which[at], extra))
        rows = np.arange(len(at))
        return after[rows, which[at]] > before_of[at][rows, which[at]]

    low, high = np.zeros(lists * draws, np.int64), np.ones(lists * draws, np.int64)
    open_ = np.arange(lists * draws)
    while len(open_):
        won = wins(high[open_], open_)
        open_ = open_[~won]
        low[open_] = high[open_]
        high[open_] *= 2
        open_ = open_[high[open_] <= most]
    never = high > most
    open_ = np.flatnonzero(~never & (high - low > 1))
    while len(open_):
        middle = (low[open_] + high[open_]) // 2
        won = wins(middle, open_)
        high[open_[won]] = middle[won]
        low[open_[~won]] = middle[~won]
        open_ = open_[high[open_] - low[open_] > 1]
    needed = np.where(never, np.iinfo(np.int64).max, high).reshape(lists, draws)
    gains = needed.argmin(0)
    votes = needed[gains, np.arange(draws)]
    moved = votes < np.iinfo(np.int64).max
    after = count.seats(_with_extra(ballots, gains, np.where(moved, votes, 0)))
    apart = before - after
    loses = np.where(apart.max(1) > 0, apart.argmax(1), NOBODY)
    return np.where(moved, votes, 0), np.where(moved, gains, NOBODY), np.where(moved, loses, NOBODY)


def _with_extra(ballots: Counts, which: Counts, extra: Counts) -> Counts:
    changed = ballots.copy()
    changed[np.arange(len(ballots)), which] += extra
    return changed


class _Count:
    """Seats of whole ballots by the compiled core."""

    def __init__(self, election: Election, rules: Rules, units: Units, threads: int) -> None:
        self._election, self._rules, self._units, self._threads = election, rules, units, threads

    def seats(self, ballots: Counts) -> Counts:
        """(N, K) seats of ballots (N, U)."""
        inputs = given_draws(self._election, ballots.astype(np.float64), self._units)
        inputs = inputs._replace(
            invalid=np.full(2, inputs.invalid.mean()), turnout=np.full(2, inputs.turnout.mean())
        )
        number = len(ballots)
        _, kept = run_draws(inputs, self._rules, NO_QUESTIONS, number, threads=self._threads, keep=number)
        return kept.seats_of(0)


def last_seat_values(last: LastSeats, ballot: Ballot) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values and labels by path: quantiles of votes, who would gain the last seat, who would lose it."""
    decided = last.gains != NOBODY
    nothing = np.full(len(QUANTILES), np.nan)
    shares = np.quantile(last.shares[decided], QUANTILES) if decided.any() else nothing
    values = {"last_seat/share_quantile": shares}
    if last.stated:
        values["last_seat/votes_quantile"] = shares * last.valid_votes
    places = [ballot.ids.index(unit) for unit in ballot.units.ids[: ballot.units.lists]]
    pairs = pair_chances(last, len(ballot.ids), places)
    values["last_seat/probability"] = pairs
    values["last_seat/mc_error"] = np.sqrt(pairs * (1.0 - pairs) / len(last.votes))
    return values, {"last_seat/rival": list(ballot.ids)}


def pair_chances(last: LastSeats, size: int, places: Sequence[int]) -> Floats:
    """(P, P) share of draws in which the last seat stands between two options; lists at ``places``."""
    pairs = np.zeros((size, size))
    known = (last.gains != NOBODY) & (last.loses != NOBODY)
    at = np.asarray(places)
    np.add.at(pairs, (at[last.gains[known]], at[last.loses[known]]), 1.0 / len(last.votes))
    return pairs
