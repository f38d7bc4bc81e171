"""What decides the last seat of the country: the fewest votes more for one list that move a seat, and between
whom.

The others' votes stay and the base grows, as in ``forecast.rules.reference``; found by doubling and halving
over whole votes, with all draws and lists at once through the compiled core.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import prepare
from forecast.rules.compiled import compile_rules, one_by_one
from forecast.simulation.inputs import NO_QUESTIONS, SAMPLER_DRAWN, SAMPLER_GIVEN, given_draws
from forecast.simulation.pieces import Bench, Span
from forecast.simulation.run_counts import empty_tallies
from forecast.simulation.running import Work
from forecast.simulation.stages import Forms
from forecast.variables import QUANTILES

if TYPE_CHECKING:
    from forecast.election import Election, Party, Rule
    from forecast.simulation.inputs import Units
    from forecast.simulation.numbers import Ballot

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Truths = NDArray[np.bool_]

NOMINAL_VALID_VOTES = 10_000_000
"""Whole votes of a draw, where the election file does not say how many there may be."""
_WHOLE_IN_SINGLE = 2**23
"""Votes of a drawn ballot at most: these, and as many more for a list, are whole in single precision too."""
_MOST = 64
_FIRST_TRY = 1024
"""The part of all votes that is tried first: the last seat rarely hangs on more."""
_AT_ONCE = 4_096
"""Ballots that are counted together."""
NOBODY = -1


class LastSeats(NamedTuple):
    """The last seat of every draw, (N,): the share of the valid votes that moves it, which list would gain
    it, which would lose it.

    ``shares`` is 0 and both lists are ``NOBODY`` where no number of votes moves a seat. The loser alone is
    ``NOBODY`` where the seat that is won was nobody's: in a draw without a valid outcome.
    """

    valid_votes: int
    stated: bool
    """Whether the election file says how many valid votes there are (or turnout and registered voters)."""
    shares: Floats
    gains: Counts
    loses: Counts
    enters: Truths
    """Whether the list that would gain it has no other seat."""


def last_seats(
    election: Election,
    rule: Rule,
    shares: Floats,
    units: Units,
    parties: Sequence[Party],
    *,
    given: bool,
) -> LastSeats:
    """The last seats of drawn ``shares`` (N, U) under ``rule``, which divides its seats nationally.

    Where invalid ballots or turnout are ranges they are held in the middle. ``given``: the shares come from
    outside, and are counted as such.
    """
    valid, stated = valid_votes(election)
    votes_of_ballot = valid if given else min(valid, _WHOLE_IN_SINGLE)
    sums = shares.sum(axis=1, keepdims=True)
    ballots = np.round(shares / np.where(sums > 0.0, sums, 1.0) * votes_of_ballot).astype(np.int64)
    votes, gains, loses, enters = fewest_votes(election, rule, units, parties, ballots, given=given)
    return LastSeats(valid, stated, votes / votes_of_ballot, gains, loses, enters)


def rule_of_the_country(election: Election) -> tuple[Rule | None, str]:
    """The rule by which the seats of lists are divided nationally, by votes alone, and so have a last one.

    ``None`` and why, where they have none.
    """
    rule, districts = election.rule, election.rule.districts
    if any(tier.seats and tier.how != "apart" for tier in election.tiers):
        return None, "the seats of lists hang on who wins the districts"
    if rule.levelling is not None and rule.levelling.mode == "level":
        return None, "the house grows until shares cover the seats held, and no seat is the last"
    if districts is None:
        return rule, ""
    if rule.levelling is not None and rule.levelling.mode is not None:
        return None, "how many votes would move a seat hangs on the districts where they are cast"
    if districts.national_totals is None:
        return None, "seats are divided in districts, each of which has a last seat of its own"
    if districts.voters or districts.local_threshold is not None or districts.seatless == "shared":
        return None, "how many votes would move a seat hangs on the districts where they are cast"
    return rule.model_copy(update={"districts": None}), ""


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
    given: bool = True,
) -> tuple[Counts, Counts, Counts, Truths]:
    """Of whole ballots (N, U): votes, the list that gains, the one that loses, and whether the gainer has no
    seat before, (N,) each.

    Of lists that need as few votes the first stands; of those that lose seats the one that loses most. One
    vote fewer does not suffice.
    """
    search = _Search(_Count(election, rule, units, parties, given), ballots, rule.seats)
    search.above()
    search.between()
    moved, gains = search.near.any(axis=1), search.near.argmax(axis=1)
    votes = np.where(moved, search.high, 0)
    draws = np.arange(len(ballots))
    apart = search.before - search.after(gains, votes)
    loses = np.where(apart.max(axis=1) > 0, apart.argmax(axis=1), NOBODY)
    enters = moved & (search.before[draws, gains] == 0)
    return votes, np.where(moved, gains, NOBODY), np.where(moved, loses, NOBODY), enters


class _Search:
    """The fewest votes of every draw that win some list a seat more.

    A list that does not win with as many votes as suffice another needs more than that one: only those that
    do are tried further. ``low`` (N,) suffices nobody, ``high`` suffices the lists that are ``near`` (N, K).
    """

    def __init__(self, count: _Count, ballots: Counts, seats: int) -> None:
        self.count, self._ballots = count, ballots.astype(np.float64)
        self.before = count.seats(self._ballots)
        sums = ballots.sum(axis=1)
        self._most = _MOST * (seats + 1) * int(max(sums.max(initial=0), 1))
        self.low = np.zeros(len(ballots), np.int64)
        self.high = np.maximum(sums // _FIRST_TRY, 1)
        self.near = np.zeros(self.before.shape, np.bool_)

    def above(self) -> None:
        """Go up until some list wins, or none ever will."""
        open_ = np.arange(len(self._ballots))
        while len(open_):
            everyone = np.ones_like(self.near[open_])
            won = self._wins(open_, everyone, self.high[open_])
            self.near[open_] = won
            open_ = open_[~won.any(axis=1)]
            self.low[open_] = self.high[open_]
            self.high[open_] *= 2
            open_ = open_[self.high[open_] <= self._most]

    def between(self) -> None:
        """Halve what lies between too few votes and enough, until it is one vote."""
        open_ = np.flatnonzero(self.near.any(axis=1) & (self.high - self.low > 1))
        while len(open_):
            middle = (self.low[open_] + self.high[open_]) // 2
            won = self._wins(open_, self.near[open_], middle)
            some = won.any(axis=1)
            self.near[open_[some]], self.high[open_[some]] = won[some], middle[some]
            self.low[open_[~some]] = middle[~some]
            open_ = open_[self.high[open_] - self.low[open_] > 1]

    def after(self, gains: Counts, votes: Counts) -> Counts:
        """(N, K) seats where a list has so many more votes in each draw."""
        return self.count.seats(_with_extra(self._ballots.copy(), gains, votes))

    def _wins(self, at: Counts, asked: Truths, extra: Counts) -> Truths:
        """(len(at), K) whether lists that are ``asked`` win a seat more with ``extra`` votes of their own."""
        row, which = np.nonzero(asked)
        after = self.count.seats(_with_extra(self._ballots[at[row]], which, extra[row]))
        won = np.zeros(asked.shape, np.bool_)
        won[row, which] = after[np.arange(len(row)), which] > self.before[at[row], which]
        return won


def _with_extra(ballots: Floats, which: Counts, extra: Counts) -> Floats:
    ballots[np.arange(len(ballots)), which] += extra
    return ballots


class _Count:
    """Seats of whole ballots by the compiled core, in the form in which the run counts its own.

    On one bench: a search counts some twenty times, and to put together what counts takes longer than the
    counts.
    """

    def __init__(
        self, election: Election, rule: Rule, units: Units, parties: Sequence[Party], given: bool
    ) -> None:
        self._ballots = np.zeros((_AT_ONCE, len(units.ids)))
        inputs = given_draws(election, self._ballots, units)
        inputs = inputs._replace(
            sampler=SAMPLER_GIVEN if given else SAMPLER_DRAWN,
            invalid=np.full(2, inputs.invalid.mean()),
            turnout=np.full(2, inputs.turnout.mean()),
        )
        rules = one_by_one(compile_rules([rule], parties))
        prepare(Forms(inputs, rules).needed())
        work = Work(inputs, rules, NO_QUESTIONS, _AT_ONCE, _AT_ONCE)
        self._kept = work.kept(_AT_ONCE)
        self._bench = Bench(inputs, rules, work.course, NO_QUESTIONS, _AT_ONCE, self._kept)
        # Of equal claims the first stands: a lot would be another each time that the same ballot is counted.
        self._bench.ballots.piece["lots"] = 0
        _, *shape = work.shape
        self._tallies = empty_tallies(1, 0, *shape)

    def seats(self, ballots: Floats) -> Counts:
        """(N, K) seats of whole ballots (N, U)."""
        found = np.zeros((len(ballots), self._kept.outcomes.shape[2]), np.int64)
        for first in range(0, len(ballots), _AT_ONCE):
            part = ballots[first : first + _AT_ONCE]
            self._ballots[: len(part)] = part
            self._bench.run(Span(0, 0, len(part), 0), self._tallies, 0)
            found[first : first + len(part)] = self._kept.outcomes[0, : len(part)]
        return found


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
    draws = len(last.shares)
    for name, chance in (
        ("", pairs),
        ("holder_", pairs.sum(axis=0)),
        ("next_", pairs.sum(axis=1)),
        ("entry_", last.enters.mean()),
    ):
        values[f"last_seat/{name}probability"] = chance
        error = np.sqrt(np.maximum(chance * (1.0 - chance), 0.0) / draws)
        values[f"last_seat/{name}mc_error"] = np.maximum(error, 1.0 / draws)
    return values, {"last_seat/rival": list(ballot.ids)}


def pair_chances(last: LastSeats, size: int, places: Sequence[int]) -> Floats:
    """(P, P) share of draws in which the last seat stands between two options; lists at ``places``."""
    pairs = np.zeros((size, size))
    known = (last.gains != NOBODY) & (last.loses != NOBODY)
    at = np.asarray(places)
    np.add.at(pairs, (at[last.gains[known]], at[last.loses[known]]), 1.0 / len(last.shares))
    return pairs
