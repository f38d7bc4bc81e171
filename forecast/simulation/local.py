"""The districts of a run: what rules have to know of them, how national votes are projected to them, and how
each rule divides their seats; and single-member districts that are drawn by votes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Step
from forecast.kernels import (
    admit,
    contests,
    count_places,
    double_proportion,
    houses,
    place_levelling,
    project,
    whole_chamber,
)
from forecast.kernels.arrays import BLOCK, Claims, GivenVotes, Seats, Votes, new_rows
from forecast.kernels.count import WAYS
from forecast.kernels.count_places import Districts
from forecast.kernels.given_districts import GivenDistricts, take_districts
from forecast.kernels.laws import Law
from forecast.kernels.laws import Rule as Record
from forecast.kernels.one_draw import DRAW_ROWS
from forecast.kernels.project import Pattern, ProjectWorkspace
from forecast.rules.ballot import Ballot
from forecast.rules.compiled_clauses import LocalLevels, SeatTable, Tier
from forecast.simulation.inputs import Draws
from forecast.simulation.stages import (
    Ballots,
    Forms,
    admits_by_shares,
    division,
    new_admission,
    new_claims,
    new_noise,
    new_piece,
    new_seats,
    new_votes,
)

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.election.rule import Rule
    from forecast.election.tiers_and_groups import ChamberTier
    from forecast.geography.candidates import TierPattern
    from forecast.geography.known_districts import Places
    from forecast.geography.projection import Centre
    from forecast.kernels.laws import Law
    from forecast.rules.compiled import Rules
    from forecast.simulation.inputs import Units
    from forecast.simulation.stages import Ballots


class Local(NamedTuple):
    """The districts of a run."""

    places: Places
    table: SeatTable
    pattern: Pattern | GivenDistricts
    """As the core reads it, in the order of its units; of votes from outside these themselves."""
    warnings: tuple[str, ...]
    """What a reader must know of the last result, the projection and its polls."""


def local_of(election: Election, centre: Centre, units: Units, seed: int) -> Local | None:
    """The districts of an election, and their pattern around the centre of an estimate; ``None`` where its
    rule has none.

    Raises ``PollDataError`` and ``ConfigurationError`` for what is wrong with the tables of districts, or
    does not fit the election file.
    """
    if election.rule.districts is None or election.rule.only_places:
        return None
    # Most rules have no districts: what reads and projects them is not imported in vain.
    from forecast.geography.known_districts import read_geography
    from forecast.geography.pattern import compiled
    from forecast.geography.projection import projection_of

    geography = read_geography(election)
    if geography is None:
        return None
    found = projection_of(election, geography, centre)
    order = [centre.units.index(unit) for unit in units.ids]
    return Local(
        geography.places,
        table_of(geography.places, election.rule),
        compiled(found.pattern, seed, order),
        found.warnings,
    )


def table_of(places: Places, rule: Rule) -> SeatTable:
    """Seats of districts and what else rules ask of them; seats by population are divided at once."""
    districts = places.places
    if rule.constituencies.seats == "by-population":
        from forecast.rules.districts import district_seats

        seats = district_seats(rule, Ballot((), districts=districts)).seats
        districts = tuple(replace(district, seats=seats[district.name]) for district in districts)
    by_votes = rule.constituencies.seats == "by-votes"
    return SeatTable(
        tuple(district.name for district in districts),
        np.array([_or(district.seats, 1 if by_votes else 0) for district in districts], np.int64),
        tuple(district.region for district in districts),
        np.array([_or(district.levelling, -1) for district in districts], np.int64),
    )


def _or(number: int | None, otherwise: int) -> int:
    return otherwise if number is None else number


class KeptDistricts(NamedTuple):
    """The first draws of a run by district: votes (places, D, U) and by rule seats (R, places, D, K)."""

    votes: NDArray[np.float32]
    seats: NDArray[np.uint16]


def number_of_districts(pattern: Pattern | GivenDistricts) -> int:
    """How many there are."""
    return len(pattern.weights) if isinstance(pattern, Pattern) else len(pattern.stands)


_LOTS = 0xD107
"""Lots of districts are others than those of the country."""


class LocalBench:
    """The districts of a bench."""

    def __init__(
        self, draws: Draws, rules: Rules, pattern: Pattern | GivenDistricts, kept: KeptDistricts
    ) -> None:
        self._draws, self._rules, self._pattern, self._kept = draws, rules, pattern, kept
        self._lists, number = rules.lists, number_of_districts(pattern)
        votes = self._votes_of(number)
        if isinstance(pattern, Pattern):
            votes.stands_for[:] = draws.valid_votes * pattern.weights
            piece, stands = new_piece(apart=0), pattern.base > -1e29
        else:
            # Votes from outside stand for themselves, and may tie.
            votes.stands_for[:] = 0.0
            piece, stands = new_piece(apart=0, lots=int(draws.seed) ^ _LOTS or 1), pattern.stands
        claims = new_claims(number, self._lists)
        self.ballots = Districts(piece, votes, claims, new_seats(number, self._lists))
        self._stands = np.ascontiguousarray(stands[:, : self._lists])
        marks = new_rows((3, self._lists, BLOCK), np.float32)
        self._marks = count_places.InsideWorkspace(*marks)
        self._unasked = np.zeros(rules.lists, np.int64)

    def _votes_of(self, places: int) -> Votes:
        """Votes in so many places, or districts."""
        votes = new_votes(places, self._draws)
        assert isinstance(votes, Votes)
        return votes

    def project(self, forms: Forms, national: Ballots) -> Step:
        """What fills the votes of the districts of a piece."""
        here = self.ballots
        if not isinstance(self._pattern, Pattern):
            return take_districts.step(self._pattern, national.piece, here.piece, here.votes)
        workspace = new_projection(self._pattern)
        return forms.project.step(
            self._pattern, national.piece, national.votes, workspace, here.piece, here.votes
        )

    def divide(
        self, rule: Record, tier: Tier, law: Law, national: Ballots, passes: NDArray[np.int64]
    ) -> Iterator[Step]:
        """What divides the seats of districts, and adds them up nationally; ``passes`` (K,) of the nation
        grow by lists that the districts let in.
        """
        here = self._with_votes_from_abroad(tier)
        if tier.waived_share is not None:
            yield self._admit_by_shares(rule, tier.waived_share, law, national, passes)
        abroad = self._stands[tier.houses == 0].any(axis=0)
        if tier.shares_abroad:
            yield houses.share_votes.step(tier.houses, self.ballots.votes, here.votes)
        places, place_of = here.claims, np.arange(len(tier.houses))
        if tier.local is not None:
            place_of = tier.local.place_of
            places, steps = self._admit_in_places(tier.local, law, here)
            yield from steps
        yield count_places.claim_in_districts.step(
            tier.who,
            law,
            count_places.Admitted(national.claims, places, place_of),
            self._stands | abroad if tier.shares_abroad else self._stands,
            here.votes,
            here.claims,
            self._marks,
        )
        pooled = new_seats(1, self._lists)
        yield from self._divide(tier, law, here, pooled)
        yield count_places.sum_seats.step(np.zeros_like(tier.houses), here.seats, national.seats)
        if tier.leftover is not None:
            yield houses.add_seats.step(pooled, national.seats)
        if any(tier.waivers):
            yield from self._admit_winners(tier, law, national, passes)

    def _admit_by_shares(
        self,
        rule: Record,
        share: NDArray[np.float64],
        law: Law,
        national: Ballots,
        passes: NDArray[np.int64],
    ) -> Step:
        """What lets lists in that are below the level, by their share of the votes of districts."""
        assert isinstance(self.ballots.votes, Votes)
        met = new_rows((self._lists, BLOCK), np.float32)
        return admits_by_shares(given=national.given).step(
            rule,
            law,
            double_proportion.DistrictShare(share, self.ballots.votes),
            national.piece,
            national.votes,
            national.claims,
            passes,
            double_proportion.SharesWorkspace(met, np.zeros(BLOCK), new_admission(self._lists)),
        )

    def voters(self, tier: Tier, law: Law, national: Ballots) -> tuple[Ballots, tuple[Step, Step]]:
        """The ballot of voters that divides the national seats, and what counts it and lays out its claims.

        Drawn votes are those of voters already: each district weighs in the country by who votes there (see
        ``forecast.geography.known_districts``).
        """
        drawn = isinstance(self._pattern, Pattern)
        per_voter = (tier.houses > 0).astype(np.float64) if drawn else tier.houses.astype(np.float64)
        votes = new_votes(1, self._draws, given=True)
        assert isinstance(votes, GivenVotes)
        counting = double_proportion.count_voters.step(per_voter, self.ballots.votes, votes)
        claiming = count_places.claim_again_given.step(law, votes, national.claims)
        return national._replace(votes=votes), (counting, claiming)

    def _with_votes_from_abroad(self, tier: Tier) -> Districts:
        if not tier.shares_abroad:
            return self.ballots
        votes = self._votes_of(len(tier.houses))
        if isinstance(self._pattern, Pattern):
            votes.stands_for[:] = self.ballots.votes.stands_for / np.sum(
                self._pattern.weights[tier.houses != 0], dtype=np.float64
            )
        else:
            votes.stands_for[:] = 0.0
        return self.ballots._replace(votes=votes)

    def _divide(self, tier: Tier, law: Law, here: Districts, pooled: Seats) -> Iterator[Step]:
        """The seats of districts among those who claim them."""
        lists, number = self._lists, len(tier.houses)
        about: Any = tier.houses if tier.constraints is None else tier.constraints
        if tier.by_votes is not None:
            about, rows = np.zeros((number, BLOCK), np.uint16), np.zeros((DRAW_ROWS, number))
            yield houses.size_districts.step(
                tier.by_votes, law, tier.total, tier.houses, here.votes, about, np.arange(number), rows
            )
        elif tier.leftover is not None:
            about = np.repeat(tier.houses.astype(np.uint16)[:, None], BLOCK, axis=1)
        if tier.leftover is None:
            yield division(tier.record, law, about, here, np.zeros(1, np.int64))
            return
        workspace = houses.LeftoverWorkspace(
            np.zeros((DRAW_ROWS, lists)),
            np.zeros((DRAW_ROWS, lists)),
            np.arange(lists),
            *tier.alone,
        )
        both = np.concatenate([tier.record, tier.leftover])
        yield houses.divide_with_leftover.step(both, law, here, about, pooled, workspace)

    def _admit_winners(
        self, tier: Tier, law: Law, national: Ballots, passes: NDArray[np.int64]
    ) -> Iterator[Step]:
        """What lets lists in that are below the level, by what they did in the districts."""
        seats, quotas = tier.waivers
        of = tier.region_of if tier.region_of is not None else np.zeros(len(tier.houses), np.int64)
        size = np.bincount(of, tier.houses).astype(np.int64)
        piece, votes = new_piece(apart=0), self._votes_of(len(size))
        yield count_places.sum_votes.step(self.ballots.piece, of, self.ballots.votes, piece, votes)
        waivers = count_places.Waivers(np.array([seats]), np.array([quotas]), size, votes)
        form = (
            count_places.admit_by_districts_given if national.given else count_places.admit_by_districts_drawn
        )
        yield form.step(
            law,
            waivers,
            national.piece,
            national.votes,
            national.seats,
            national.claims,
            passes,
            new_admission(self._lists),
        )

    def place(self, rule: Record, tier: Tier, law: Law, national: Ballots) -> Iterator[Step]:
        """What brings the seats that lists have beyond those of the districts to districts."""
        here = self.ballots
        number, lists = len(tier.houses), self._lists
        lots = place_levelling.Lots(rule, national.piece)
        if tier.doubly:
            yield self._place_doubly(tier, law, national)
        elif tier.totals_first:
            workspace = houses.TotalsWorkspace(
                np.zeros((2, number * lists)),
                np.zeros(number * lists, np.int64),
                np.zeros(lists),
                np.zeros((3, lists), np.int64),
                np.zeros((DRAW_ROWS, lists)),
            )
            yield houses.place_totals.step(tier.record, law, tier.houses, here, national.seats, workspace)
        if tier.returns:
            most, record = int(tier.houses.sum()), np.zeros(1, place_levelling.PLACING)
            record["divisor_row"] = tier.record["divisor_row"]
            each, room = np.arange(number), np.full(number, most)
            at_home = place_levelling.Places(record, each, room, tier.houses, here.votes, here.seats)
            yield place_levelling.give_back.step(
                lots, law, at_home, national.seats, np.zeros(most, np.int64), self._placing(number)
            )
        if not tier.placing:
            return
        due = new_seats(1, lists)
        yield place_levelling.seats_due.step(here.seats, national.seats, due)
        for step in tier.placing:
            places = len(step.parent_of)
            votes, seats, placed = here.votes, here.seats, new_seats(places, lists)
            if places < number:
                piece, votes, seats = new_piece(apart=0), self._votes_of(places), new_seats(places, lists)
                yield count_places.sum_votes.step(here.piece, step.place_of, here.votes, piece, votes)
                yield count_places.sum_seats.step(step.place_of, here.seats, seats)
            about = place_levelling.Places(step.record, step.parent_of, step.room, step.houses, votes, seats)
            yield place_levelling.place_seats.step(
                lots, law, about, national.votes.single[0], due, placed, self._placing(places)
            )
            due = placed

    def _placing(self, places: int) -> place_levelling.PlacingWorkspace:
        """What seats are placed with."""
        rows, shape = np.zeros((DRAW_ROWS, self._lists)), (places, self._lists)
        each, room = np.arange(self._lists), np.zeros(places, np.int64)
        held = new_rows((self._lists, BLOCK), np.uint16)
        return place_levelling.PlacingWorkspace(
            rows, each, held, np.zeros_like(each), room, np.zeros(shape), np.zeros(shape)
        )

    def _place_doubly(self, tier: Tier, law: Law, national: Ballots) -> Step:
        """What gives districts their seats with which lists have their totals."""
        here, shape = self.ballots, (len(tier.houses), self._lists)
        workspace = double_proportion.DoubleWorkspace(
            np.zeros(shape),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
            np.zeros(shape),
            np.zeros((double_proportion.LIST_ROWS, self._lists)),
            np.zeros(self._lists, np.int64),
        )
        return double_proportion.place_doubly.step(
            tier.record,
            tier.strongest,
            law,
            tier.houses,
            here,
            national.seats,
            workspace,
        )

    def _admit_in_places(self, local: LocalLevels, law: Law, here: Districts) -> tuple[Claims, list[Step]]:
        """What admits lists by their votes in each place."""
        steps: list[Step] = []
        votes, piece = here.votes, here.piece
        claims = new_claims(local.places, self._lists)
        if local.places < len(local.place_of):
            votes, piece = self._votes_of(local.places), new_piece(apart=0)
            steps.append(count_places.sum_votes.step(here.piece, local.place_of, here.votes, piece, votes))
        top, bottom = local.numerators, local.denominators
        level = law._replace(numerators=top, denominators=bottom, levels=(top / bottom).astype(np.float32))
        steps.append(
            admit.admit_drawn.step(
                local.record, level, piece, votes, claims, self._unasked, new_admission(self._lists)
            )
        )
        return claims, steps

    def count(self, r: int) -> LocalCounts:
        """What counts the seats of districts under rule ``r``."""
        return LocalCounts(self, self._rules, self._kept, r)


class LocalCounts:
    """Seats by district and list under one rule."""

    def __init__(self, local: LocalBench, rules: Rules, kept: KeptDistricts, r: int) -> None:
        tier = rules.tiers[r]
        assert tier is not None
        number, lists = len(tier.houses), rules.lists
        self._shape = (number, lists)
        most = tier.most_seats
        self._counts = np.zeros((number * lists, WAYS, most + 1), np.uint32)
        self.seats = np.zeros((number, lists, most + 1), np.int64)
        here = local.ballots
        self.steps = [
            count_places.count_districts.step(here.piece, here.seats, self._counts),
            count_places.keep_districts.step(here.piece, here.votes, here.seats, kept.votes, kept.seats[r]),
        ]

    def finish(self) -> None:
        """Add the counts of a span to those of the run.

        What a block lacks is taken off one of the ways alone, which may so be below nothing: they are added
        as they were counted, modulo 2**32.
        """
        self.seats += self._counts.sum(1, dtype=np.uint32).astype(np.int64).reshape(self.seats.shape)
        self._counts[...] = 0


def new_projection(pattern: Pattern) -> ProjectWorkspace:
    """Workspace of a projection."""
    units = len(pattern.last)
    rows = 1 + 4 * units + int(pattern.about["regions"][0]) * units

    def of_units() -> NDArray[np.float32]:
        return new_rows((units, BLOCK), np.float32)

    return ProjectWorkspace(
        new_noise(rows),
        of_units(),
        new_rows((2, BLOCK), np.float32),
        of_units(),
        of_units(),
        of_units(),
        of_units(),
        new_rows((2, BLOCK), np.float32),
    )


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
