"""The compiled stages that a run needs, with the arrays that they work on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Kernel, Step
from forecast.kernels import (
    admit,
    clauses,
    constrain,
    contests,
    count,
    count_places,
    divide_divisor,
    divide_exactly,
    divide_quota,
    double_proportion,
    draw,
    houses,
    place_levelling,
    project,
    sweep,
    whole_chamber,
)
from forecast.kernels.arrays import BLOCK, LANES, PIECE, Claims, GivenVotes, Seats, Votes, new_rows
from forecast.kernels.count_places import Districts
from forecast.kernels.drive import drive
from forecast.kernels.given_districts import GivenDistricts, take_districts
from forecast.kernels.laws import FAMILY_DIVISOR, Constraints, Law
from forecast.kernels.normals import Noise
from forecast.kernels.one_draw import DRAW_ROWS
from forecast.kernels.random_bits import BITS
from forecast.rules.compiled import Rules
from forecast.rules.compiled_clauses import Tier
from forecast.simulation.inputs import SAMPLER_DRAWN, SAMPLER_GIVEN, SAMPLER_RANDOM, SAMPLER_SOBOL, Draws

_DRAW = {
    SAMPLER_RANDOM: draw.draw_plain,
    SAMPLER_SOBOL: draw.draw_sobol,
    SAMPLER_GIVEN: draw.take_given,
    SAMPLER_DRAWN: draw.take_drawn,
}


class Forms:
    """Which form of every stage a run needs, and all of them for its compilation."""

    def __init__(self, draws: Draws, rules: Rules) -> None:
        given = draws.sampler == SAMPLER_GIVEN
        self.draw = _DRAW[int(draws.sampler)]
        self.admit = admit.admit_given if given else admit.admit_drawn
        self.keep_shares = count.keep_shares_given if given else count.keep_shares_drawn
        self.shares = count.count_shares_given if given else count.count_shares_drawn
        self.project = project.project_given if given else project.project_drawn
        given_there = isinstance(draws.pattern, GivenDistricts)
        self.local = take_districts if given_there else self.project
        self._given = given
        self._sobol = draws.sampler == SAMPLER_SOBOL
        self._rules = rules
        self._in_chamber = draws.chamber is not None
        tiers = (
            [one for one in draws.chamber.districts if one is not None] if draws.chamber is not None else []
        )
        self._by_votes, self._covers = bool(tiers), any(one.cover is not None for one in tiers)
        self._compensates = any(one.per_list > 0.0 for one in tiers)
        self._holds = any(one.where is not None for one in tiers)
        self._admits = draws.chamber is not None and draws.chamber.admits > 0

    def needed(self) -> list[Kernel]:
        """All that the run will call, what takes longest to compile first."""
        rules, grids = self._rules, self._rules.grids
        methods = [a for grid in grids for a in grid.methods]
        needed: list[Kernel] = []
        for r in (*rules.singles, *methods):
            tier = rules.tiers[r]
            if tier is not None:
                needed += [*_divisions_of(tier, given=self._given), *_OF_DISTRICTS, self.local]
                needed += [admit.admit_drawn] if tier.local is not None else []
                needed += [place_levelling.give_back] if tier.returns else []
                by_all = tier.national_ties and self.local is take_districts
                needed += [count_places.settle_by_all_votes] if by_all else []
                needed += _OF_PLACING if tier.placing else ()
            if tier is None or tier.divides_nationally:
                voters = tier is not None and tier.voters
                needed.append(divide(rules.records[r], given=self._given or voters))
        needed.append(self.draw)
        if self._sobol:
            needed.append(draw.begin_replicate)
        if rules.singles:
            needed += [self.admit, count.count_seats, count.keep_seats]
        if grids:
            needed += sweep.KERNELS
        if self._in_chamber:
            needed += whole_chamber.GIVEN if self._given else whole_chamber.DRAWN
        if self._by_votes:
            needed += [contests.split_given if self._given else contests.split_drawn, project.project_drawn]
            needed += [contests.cover_winners] if self._covers else []
            needed += [contests.hold_in_districts] if self._holds else []
            if self._compensates:
                needed += contests.COMPENSATING_GIVEN if self._given else contests.COMPENSATING_DRAWN
        if self._admits:
            needed.append(
                count_places.admit_by_districts_given
                if self._given
                else count_places.admit_by_districts_drawn
            )
        return list(dict.fromkeys([*needed, self.shares, self.keep_shares, drive]))


_OF_DISTRICTS = (
    count_places.claim_in_districts,
    count_places.sum_seats,
    count_places.sum_votes,
    count_places.count_districts,
    count_places.keep_districts,
)


def _divisions_of(tier: Tier, *, given: bool) -> list[Kernel]:
    """What divides the seats of districts."""
    kernels = [houses.share_votes] if tier.shares_abroad else []
    kernels += [houses.size_districts] if tier.by_votes is not None else []
    kernels += [houses.place_totals] if tier.totals_first and not tier.doubly else []
    kernels += [double_proportion.place_doubly] if tier.doubly else []
    kernels += [double_proportion.count_voters, count_places.claim_again_given] if tier.voters else []
    if tier.waived_share is not None:
        kernels.append(admits_by_shares(given=given))
    if any(tier.waivers):
        kernels.append(
            count_places.admit_by_districts_given if given else count_places.admit_by_districts_drawn
        )
    if tier.last_seats is not None:
        kernels.append(admit.admit_given if given else admit.admit_drawn)
    if tier.leftover is not None:
        return [*kernels, houses.divide_with_leftover, houses.add_seats]
    return [*kernels, divide(tier.record[0], given=False)]


def admits_by_shares(*, given: bool) -> Kernel:
    """What lets lists in by their share of a district, of given votes or of drawn ones."""
    forms = double_proportion.admit_by_shares_given, double_proportion.admit_by_shares_drawn
    return forms[0] if given else forms[1]


_OF_PLACING = (place_levelling.seats_due, place_levelling.place_seats)


_CLAUSES = ("levelling", "premium", "premium_apart", "guaranteed", "majority")
"""Of rules with one of these there is more around the division than ``constrain`` knows."""


def divide(record: np.void, *, given: bool) -> Kernel:
    """How a rule divides, of given votes or of drawn ones."""
    if any(record[clause] for clause in _CLAUSES):
        return clauses.apply_given if given else clauses.apply_drawn
    if record["constrained"]:
        return constrain.constrain_given if given else constrain.constrain_drawn
    if not record["single_precision"]:
        return divide_exactly.divide_exactly_given if given else divide_exactly.divide_exactly_drawn
    if record["family"] == FAMILY_DIVISOR:
        return divide_divisor.divide_divisor_given if given else divide_divisor.divide_divisor_drawn
    return divide_quota.divide_quota_given if given else divide_quota.divide_quota_drawn


class Ballots(NamedTuple):
    """What stages pass on: the votes of N ballots, the claims that follow from them, the seats of these."""

    piece: NDArray[np.void]
    votes: Votes | GivenVotes
    claims: Claims
    seats: Seats

    @property
    def given(self) -> bool:
        """Whether the votes came from outside."""
        return isinstance(self.votes, GivenVotes)


def new_noise(rows: int) -> Noise:
    """Workspace of a stream of its own, with so many ``rows`` of normals or one more."""
    bits, cell = new_rows((rows + rows % 2, LANES), np.uint64), new_rows((1, LANES), np.uint64)
    words = bits.view(np.uint32)
    state = new_rows((4, LANES), np.uint64)
    return Noise(state, bits, words, words.view(np.float32), cell, cell.view(np.uint32))


def new_piece(*, apart: int = BLOCK, lots: int = 0) -> NDArray[np.void]:
    """The place of a piece, before any."""
    piece = np.zeros(1, PIECE)
    piece["apart"], piece["lots"] = apart, lots
    return piece


def new_votes(number: int, draws: Draws, *, given: bool = False) -> Votes | GivenVotes:
    """Votes of so many ballots."""
    shape = (number, len(draws.location), BLOCK)
    single = new_rows(shape, np.float32)
    per_cast = np.full((number, BLOCK), 1.0 / (1.0 - draws.invalid[0]))
    per_registered = per_cast / draws.turnout[0]
    if given:
        total, exact = np.zeros((number, BLOCK)), np.zeros(shape)
        return GivenVotes(single, total, exact, per_cast, per_registered, np.zeros(number))
    total = new_rows((number, BLOCK), np.float32)
    return Votes(single, total, single, per_cast, per_registered, np.full(number, draws.valid_votes))


def votes_like(votes: Votes | GivenVotes) -> Votes | GivenVotes:
    """Votes of as many ballots that differ in what lists have, not in totals."""
    single = new_rows(votes.single.shape, np.float32)
    if isinstance(votes, GivenVotes):
        return votes._replace(single=single, exact=np.zeros(votes.single.shape))
    return votes._replace(single=single, exact=single)


def new_claims(number: int, lists: int, *, corrects: bool = False) -> Claims:
    """Claims on so many ballots; ``corrects`` where some law corrects quotients of runners-up."""
    return Claims(
        new_rows((number, lists + 1, BLOCK), np.float32),
        new_rows((number, BLOCK), np.float32),
        new_rows((number, BLOCK), np.float32),
        np.zeros((number, lists + 1), np.int64),
        np.zeros(number, np.int64),
        np.zeros((number * lists if corrects else 0, BLOCK), np.uint8),
    )


def new_seats(number: int, lists: int, coalitions: int = 0) -> Seats:
    """Seats on so many ballots."""
    return Seats(
        new_rows((number, lists + coalitions, BLOCK), np.uint16),
        new_rows((number, BLOCK), np.uint16),
        np.zeros((number, lists), np.bool_),
    )


def new_admission(lists: int) -> admit.AdmitWorkspace:
    """What a block is admitted with."""
    base, near = new_rows((2, BLOCK), np.float32)
    (ambiguous,) = new_rows((1, BLOCK), np.uint16)
    return admit.AdmitWorkspace(base, near, ambiguous, np.zeros(lists), np.zeros(lists, np.int64))


def division(
    record: NDArray[np.void],
    law: Law,
    about: NDArray[np.int64] | NDArray[np.uint16] | Constraints,
    ballots: Ballots | Districts,
    beyond: NDArray[np.int64],
) -> Step:
    """What divides the seats of ballots by the rule ``record`` (1,): ``about`` are the houses (N,) of these
    or, of rules that are divided exactly, of every draw (N, BLOCK); or what stands around the division;
    ``beyond`` (1,) counts houses that grow too large.
    """
    lists = law.levels.shape[0]
    draw_rows = np.zeros((DRAW_ROWS, lists))
    if record["constrained"][0]:
        others = np.zeros((constrain.CONSTRAIN_ROWS, lists))
        workspace: Any = constrain.ConstrainWorkspace(others, draw_rows, np.arange(lists), beyond)
    elif not record["single_precision"][0]:
        workspace = draw_rows
        if isinstance(about, np.ndarray) and about.ndim == 1:
            about = np.repeat(about.astype(np.uint16)[:, None], BLOCK, axis=1)
    elif record["family"][0] == FAMILY_DIVISOR:
        multiplier, left, ahead, behind = new_rows((4, BLOCK), np.float32)
        inverses = new_rows((lists, BLOCK), np.float32)
        workspace = divide_divisor.DivisorWorkspace(multiplier, left, ahead, behind, inverses, draw_rows)
    else:
        quotas, left = new_rows((2, BLOCK), np.float32)
        needed, rank, cut, gap, ambiguous = new_rows((5, BLOCK), np.uint16)
        keys, ordered = new_rows((lists, BLOCK), np.uint16), new_rows((lists, BLOCK), np.uint16)
        workspace = divide_quota.QuotaWorkspace(
            quotas, left, needed, rank, cut, gap, ambiguous, keys, ordered, draw_rows
        )
    kernel = divide(record[0], given=isinstance(ballots.votes, GivenVotes))
    return kernel.step(
        record, law, about, ballots.piece, ballots.votes, ballots.claims, ballots.seats, workspace
    )


def new_words(source: draw.Source, dimensions: int) -> draw.Words:
    """Workspace; ``dimensions``: those of Sobol points, 0 for plain draws."""
    about = source.about[0]
    rows = int(about["tails"] + about["bases"] + about["numbers"] + about["splits"])
    normals = new_rows((rows, BLOCK), np.float32)
    words = new_rows((dimensions, BLOCK), np.uint32) if dimensions else normals.view(np.uint32)
    bits = words.view(np.uint64)
    scale = new_rows((2, BLOCK), np.float32)
    scale[0] = 1.0
    return draw.Words(
        new_rows((4, LANES), np.uint64),
        bits,
        words,
        np.zeros(len(words), np.uint32),
        normals,
        scale,
        np.zeros(BLOCK, np.uint32),
        np.zeros((dimensions, BITS), np.uint32),
        np.zeros(dimensions, np.uint32),
    )
