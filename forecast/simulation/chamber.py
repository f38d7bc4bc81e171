"""The chamber of a run: its tiers beside the lists as the core draws them, and what is counted of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Step
from forecast.errors import Fault, PollDataError
from forecast.kernels import chamber, count
from forecast.kernels.arrays import BLOCK, LANES, new_rows
from forecast.kernels.count import Questions
from forecast.simulation.counts import Tallies, empty_tallies
from forecast.simulation.questions import compile_chamber_questions
from forecast.simulation.stages import Ballots, new_seats

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.election.chamber import ChamberTier
    from forecast.kernels.chamber import Contests
    from forecast.simulation.inputs import Units

_BITS_PER_NAT = float(1.0 / np.log(2.0))
_LEAST, _MOST = 1e-9, 1.0 - 2.0**-23


@dataclass(frozen=True)
class Chamber:
    """The whole chamber of an election: H holders of seats, T tiers beside the lists."""

    holders: tuple[str, ...]
    """Ids of the K lists in the order of the core, then of groups."""
    tiers: tuple[ChamberTier, ...]
    contests: tuple[Contests, ...]
    """A tier each."""
    questions: Questions
    """About the chamber (``compile_chamber_questions``)."""

    @property
    def seats(self) -> int:
        """Seats of all tiers beside the lists."""
        return sum(tier.seats for tier in self.tiers)

    @property
    def assemblies(self) -> int:
        """What is counted: the chamber, then each tier."""
        return 1 + len(self.tiers)

    def empty(self, spans: int, lists_most: int) -> Tallies:
        """Tallies of zero over (spans, assemblies); the lists hand out ``lists_most`` seats at most."""
        coalitions, events = (
            len(starts) - 1 for starts in (self.questions.coalition_starts, self.questions.event_starts)
        )
        return empty_tallies(
            spans, 0, len(self.holders), self.assemblies, lists_most + self.seats, coalitions, events
        )


def chamber_of(election: Election, units: Units, shares: NDArray[np.float64], seed: int) -> Chamber | None:
    """The chamber of an election around central shares (U,); ``None`` where it is its lists alone.

    ``PollDataError`` where a party that a tier names is not told apart by the polls.
    """
    if not election.tiers:
        return None
    holders = (*units.ids[: units.lists], *(group.id for group in election.groups))
    _refuse_untold(election, holders)
    central = {unit: float(share) for unit, share in zip(units.ids, shares, strict=True)}
    contests = tuple(
        _contests(tier, number, holders, units.lists, central, seed)
        for number, tier in enumerate(election.tiers)
    )
    questions = compile_chamber_questions(election.coalitions, election.events, holders)
    return Chamber(holders, election.tiers, contests, questions)


def _refuse_untold(election: Election, holders: Sequence[str]) -> None:
    """Seats of a party must not vanish with it."""
    faults = [
        Fault(
            str(election.election.polls or "polls"),
            "",
            name,
            f"{tier.name} gives this party seats, but the polls do not tell it apart; add its share to the "
            "poll table",
        )
        for tier in election.tiers
        if tier.seats
        for name in sorted(tier.holders)
        if name not in holders and name not in election.estimate.withdrawal
    ]
    if faults:
        raise PollDataError(*faults)


def _contests(
    tier: ChamberTier,
    number: int,
    holders: Sequence[str],
    lists: int,
    central: dict[str, float],
    seed: int,
) -> Contests:
    """A tier as the core reads it."""
    about = np.zeros(1, chamber.TIER)
    about["seed"], about["number"] = seed, number
    belief = tier.belief if tier.seats else None
    chances = believed_chances(tier) if belief is not None else {}
    standing = [h for h, name in enumerate(holders) if chances.get(name)]
    districts = tier.open_seats if standing else 0
    at = dict(central)
    if belief is not None:
        about["slope"], about["spread"] = float(belief.slope), float(belief.spread) * _BITS_PER_NAT
        at |= {name: float(share) for name, share in belief.at.items()}
    share = np.clip([at.get(name, 0.5) for name in holders], _LEAST, _MOST)
    follows = _followed(tier, holders[:lists]) if standing else ()
    tied = np.array([h in standing and name in follows for h, name in enumerate(holders)])
    return chamber.Contests(
        about,
        np.arange(districts + 1) * len(standing),
        np.tile(np.array(standing, np.int64), districts),
        np.tile(np.array([float(chances[holders[h]]) for h in standing], np.float32), districts),
        tied.astype(np.int64),
        np.log2(share / (1.0 - share)).astype(np.float32),
        np.array([tier.held.get(name, 0) if tier.seats else 0 for name in holders], np.int64),
    )


def believed_chances(tier: ChamberTier) -> dict[str, Fraction]:
    """The chance of each holder in every district of a believed tier: half a seat more for each of two than
    believed, so that a certainty of all districts is none of each (Haldane's correction).
    """
    assert tier.belief is not None
    believed = {name: seats for name, seats in tier.belief.seats.items() if seats}
    if len(believed) == 1:
        return dict.fromkeys(believed, Fraction(1))
    each = Fraction(1, len(believed))
    return {name: (seats + each) / (tier.open_seats + 1) for name, seats in believed.items()}


def _followed(tier: ChamberTier, lists: Sequence[str]) -> tuple[str, ...]:
    """The parties whose seats move with their votes: those named, else the one believed to win most."""
    assert tier.belief is not None
    seats = tier.belief.seats
    believed = [name for name in lists if seats.get(name)]
    return tier.belief.follows or tuple(sorted(believed, key=lambda name: -seats[name])[:1])


class Assembly:
    """What seats the chamber of a bench and counts it, tier by tier and as a whole."""

    def __init__(self, of: Chamber, ballots: Ballots, kept: NDArray[np.int64], lists_most: int) -> None:
        blocks, lists = ballots.seats.house.shape[0], ballots.seats.filled.shape[1]
        holders = len(of.holders)
        coalitions = len(of.questions.coalition_starts) - 1
        events = len(of.questions.event_starts) - 1
        asked = of.questions
        unasked = asked._replace(event_starts=np.zeros(1, np.int64))
        self._counts = [
            count.Counts(
                np.zeros((holders + coalitions, count.WAYS, lists_most + of.seats + 1), np.uint32),
                np.zeros(coalitions, np.int64),
                np.zeros(events if assembly == 0 else 0, np.int64),
                np.zeros(1, np.int64),
            )
            for assembly in range(of.assemblies)
        ]
        workspace = count.CountWorkspace(
            new_rows((holders, BLOCK), np.uint16), np.zeros((2, BLOCK), np.int32)
        )
        self.won = [np.zeros((len(one.starts) - 1, holders), np.int64) for one in of.contests]
        """(D, H) by tier: draws in which each holder wins each district."""
        whole = new_seats(blocks, holders, coalitions)
        fill = chamber.fill_tier_given if ballots.given else chamber.fill_tier_drawn
        piece, claims = ballots.piece, ballots.claims
        self.steps: list[Step] = [chamber.seat_lists.step(piece, ballots.seats, whole)]
        for number, contests in enumerate(of.contests):
            tier = new_seats(blocks, holders, coalitions)
            self.steps += [
                fill.step(
                    contests,
                    piece,
                    ballots.votes,
                    ballots.seats,
                    _new_workspace(holders),
                    tier,
                    self.won[number],
                ),
                chamber.seat_tier.step(piece, tier, whole),
                count.count_seats.step(piece, claims, tier, unasked, self._counts[1 + number], workspace),
            ]
        self.steps += [
            count.count_seats.step(piece, claims, whole, asked, self._counts[0], workspace),
            count.keep_seats.step(piece, whole, kept),
        ]
        assert lists <= holders

    def begin(self) -> None:
        """Start a span with counts of zero."""
        for counts in self._counts:
            for part in counts:
                part[...] = 0

    def finish(self, tallies: Tallies, row: int) -> None:
        """Add the counts of a span to a row of the tallies of the chamber."""
        for assembly, counts in enumerate(self._counts):
            tallies.seats[row, assembly] += counts.seats.sum(1, dtype=np.uint32)
            tallies.majorities[row, assembly] += counts.majorities
            tallies.events[row, assembly, : len(counts.events)] += counts.events


def _new_workspace(holders: int) -> chamber.ContestWorkspace:
    bits, cell = new_rows((holders + holders % 2, LANES), np.uint64), new_rows((1, LANES), np.uint64)
    words = bits.view(np.uint32)
    return chamber.ContestWorkspace(
        new_rows((4, LANES), np.uint64),
        bits,
        words,
        words.view(np.float32),
        cell,
        cell.view(np.uint32),
        new_rows((holders, BLOCK), np.float32),
        new_rows((3, BLOCK), np.float32),
    )
