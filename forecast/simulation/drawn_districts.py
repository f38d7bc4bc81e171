"""Single-member districts of a run that are drawn by votes, as the core reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Step
from forecast.kernels import contests, project, whole_chamber
from forecast.kernels.arrays import BLOCK, GivenVotes, Seats, Votes, new_rows
from forecast.simulation.local import new_projection
from forecast.simulation.stages import new_noise, new_piece

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.election.tiers_and_groups import ChamberTier
    from forecast.geography.candidates import TierPattern
    from forecast.geography.known_districts import Places
    from forecast.geography.projection import Centre
    from forecast.kernels.laws import Law
    from forecast.simulation.stages import Ballots

_BITS_PER_NAT = float(1.0 / np.log(2.0))
_SEED = 0x7E2D


class DrawnDistricts(NamedTuple):
    """The districts of a tier, D of them, with V units on their ballots, H of which may win."""

    places: Places
    split: contests.Split
    pattern: project.Pattern
    stands: NDArray[np.bool_]
    """(D, H)"""
    transfers: NDArray[np.float32]
    """(V, H) as ``kernels.whole_chamber.Contests`` has them."""
    cover: contests.Cover | None
    """Where the seats of lists must cover their winners."""
    per_list: float
    """Votes for candidates cast for each vote for a list, where those that elect nobody count for lists; else
    0.
    """
    warnings: tuple[str, ...]
    where: NDArray[np.int64] | None = None
    """(D,) in which district of the rule each lies, where winners hold seats of their lists there."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the districts."""
        return self.places.names


def drawn_districts(
    election: Election,
    tier: ChamberTier,
    number: int,
    holders: Sequence[str],
    national: Mapping[str, float],
    seed: int,
    estimate: Centre | None = None,
) -> DrawnDistricts:
    """The districts of a tier around central ``national`` shares of the polls' units, in the order of the
    core, after what the polls of an ``estimate`` say of them.

    ``PollDataError`` and ``ConfigurationError`` for what is wrong with its tables or does not fit the file.
    """
    # Most chambers have no such districts: what reads and projects them is not imported in vain.
    from forecast.geography.candidates import read_tier_votes, tier_pattern
    from forecast.geography.pattern import compiled

    found = tier_pattern(election, read_tier_votes(election, tier), holders, national, estimate)
    about = np.zeros(1, contests.SPLIT)
    about["seed"], about["number"] = seed, number
    pattern = compiled(found.pattern, seed ^ (_SEED + number), range(len(found.units)))
    lists = sum(name in election.by_id for name in holders)
    return DrawnDistricts(
        found.votes.places,
        contests.Split(
            about,
            found.unit_of,
            found.ratio.astype(np.float32),
            found.own.astype(np.float32),
            (found.sd * _BITS_PER_NAT).astype(np.float32),
        ),
        pattern,
        np.ascontiguousarray(pattern.base[:, : len(holders)] > project.ABSENT),
        _transfers(tier, found.units, holders),
        _cover(found, holders[:lists]) if tier.how == "covered" else None,
        found.votes.per_list if tier.how == "compensated" else 0.0,
        found.warnings,
    )


def _transfers(tier: ChamberTier, units: Sequence[str], holders: Sequence[str]) -> NDArray[np.float32]:
    assert tier.votes is not None
    said = np.full((len(units), len(holders)), whole_chamber.UNNAMED, np.float32)
    for v, unit in enumerate(units):
        for name, share in tier.votes.transfers.get(unit, {}).items():
            if name in holders:
                said[v, list(holders).index(name)] = float(share)
    return said


def _cover(found: TierPattern, lists: Sequence[str]) -> contests.Cover:
    votes = found.votes
    order = np.argsort(votes.region_of, kind="stable")
    ratio = np.ones((len(votes.regions), len(lists)), np.float32)
    for k, name in enumerate(lists):
        ratio[:, k] = votes.regional[:, votes.names.index(name)]
    starts = np.cumsum([0, *np.bincount(votes.region_of, minlength=len(votes.regions))])
    return contests.Cover(order.astype(np.int64), starts.astype(np.int64), ratio)


class DistrictBallots:
    """The votes of the districts of a tier on a bench, and who won them."""

    def __init__(self, of: DrawnDistricts, national: Ballots) -> None:
        number, units = of.pattern.base.shape
        self._of, self._piece = of, national.piece
        self.votes = _votes(number, units)
        asked = number if of.cover is not None or of.per_list or of.where is not None else 0
        self.winners = whole_chamber.Winners(
            new_rows((asked, BLOCK), np.uint16), new_rows((asked, BLOCK), np.float32)
        )
        holders = of.stands.shape[1]
        self.counts = contests.CoverCounts(
            np.zeros((holders + 1, number + 1), np.int64), np.zeros((number, holders), np.int64)
        )
        candidates, districts = _votes(1, units), new_piece(apart=0)
        split = contests.split_given if national.given else contests.split_drawn
        workspace = contests.SplitWorkspace(new_noise(units), new_rows((1, BLOCK), np.float32))
        self.steps: list[Step] = [
            split.step(of.split, national.piece, national.votes, workspace, candidates),
            project.project_drawn.step(
                of.pattern, national.piece, candidates, new_projection(of.pattern), districts, self.votes
            ),
        ]
        """What fills the votes of the districts in a piece of one block."""

    @property
    def covers(self) -> bool:
        """Whether winners may be left without a seat."""
        return self._of.cover is not None

    def add_unused(
        self,
        of: whole_chamber.Contests,
        national: Ballots,
        law: Law,
        elected: whole_chamber.Elected,
        divided: Votes | GivenVotes,
    ) -> tuple[Step, ...]:
        """What adds the votes for candidates that elected nobody to those of their lists, into ``divided``
        and into the claims.
        """
        add, claim, void = contests.COMPENSATING_GIVEN if national.given else contests.COMPENSATING_DRAWN
        sums = new_rows((2, BLOCK), np.float32)
        return (
            add.step(of, law, national.votes, self.votes, elected.winners, sums, divided),
            claim.step(law, divided, national.claims),
            void.step(national.piece, national.claims, elected),
        )

    @property
    def hold_in_districts(self) -> bool:
        """Whether winners hold seats of their lists in the districts of the rule."""
        return self._of.where is not None

    def hold_in(self, seats: Seats, beside: int) -> Step:
        """What lets winners hold ``seats`` of their lists in the districts of the rule; ``beside`` as in
        ``hold_tier``.
        """
        assert self._of.where is not None
        return contests.hold_in_districts.step(self._of.where, self._piece, self.winners, seats, beside)

    def cover(self, national: Ballots, elected: whole_chamber.Elected) -> Step:
        """What takes seats from winners whom those of their lists do not cover."""
        cover = self._of.cover
        assert cover is not None
        regions, lists = cover.ratio.shape
        workspace = contests.CoverWorkspace(
            new_rows((regions, lists, BLOCK), np.float32),
            new_rows((regions, lists, BLOCK), np.uint16),
            np.zeros((2, regions)),
        )
        return contests.cover_winners.step(
            cover, national.piece, self.votes, national.seats, elected, workspace, self.counts
        )


NOWHERE = whole_chamber.Winners(np.zeros((0, BLOCK), np.uint16), np.zeros((0, BLOCK), np.float32))
"""Of tiers without votes."""


def no_votes(units: int) -> Votes:
    """The votes of no district."""
    return _votes(0, units)


def _votes(number: int, units: int) -> Votes:
    single = new_rows((number, units, BLOCK), np.float32)
    of_ballots = np.zeros((number, BLOCK))
    total = new_rows((number, BLOCK), np.float32)
    return Votes(single, total, single, of_ballots, of_ballots, np.zeros(number))
