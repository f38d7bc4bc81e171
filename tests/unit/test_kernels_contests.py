"""Single-member districts by votes in the core against their plain twins, draw by draw."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.kernels import contests, count_places, whole_chamber
from forecast.kernels.arrays import BLOCK, Seats, Votes, new_rows
from forecast.kernels.laws import Law
from forecast.simulation.stages import new_claims, new_noise, new_piece, new_seats, votes_like
from tests import twins

LOOKED_AT = 48
"""Draws of a block that are compared."""
_STREAM_OF_CHAMBER = 0xC4A3B


class Drawn(NamedTuple):
    """A tier whose seats were filled: D districts, H holders, V units."""

    votes: np.ndarray
    stands: np.ndarray
    elected: whole_chamber.Elected
    words: list[list[int]]
    """By draw, one for each round of the stream."""
    normals: np.ndarray
    """(H, BLOCK)"""

    @property
    def tier(self) -> Seats:
        return self.elected.seats

    @property
    def won(self) -> np.ndarray:
        return self.elected.won

    @property
    def winners(self) -> whole_chamber.Winners:
        return self.elected.winners


def votes_of(single: np.ndarray) -> Votes:
    number = len(single)
    total = single.sum(1, dtype=np.float32)
    of_ballots = np.zeros((number, BLOCK))
    return Votes(single, total, single, of_ballots, of_ballots, np.zeros(number))


def fill(
    single: np.ndarray, stands: np.ndarray, *, valid: int = BLOCK, house: int = 10, **about: Any
) -> Drawn:
    """Fill a tier from votes (D, V, BLOCK) in the districts."""
    districts, holders = stands.shape
    record = np.zeros(1, whole_chamber.TIER)
    record["seed"], record["number"], record["way"], record["rounds"] = 5, 2, whole_chamber.BY_VOTES, 1
    said = about.pop("transfers", np.full((single.shape[1], holders), whole_chamber.UNNAMED, np.float32))
    for name, value in about.items():
        record[name] = value
    where, holder = np.nonzero(stands)
    of = whole_chamber.Contests(
        record,
        np.searchsorted(where, np.arange(districts + 1)).astype(np.int64),
        holder.astype(np.int64),
        np.zeros(len(holder), np.float32),
        np.zeros(holders, np.int64),
        np.zeros(holders, np.float32),
        np.zeros(holders, np.int64),
        said,
    )
    piece = new_piece()
    piece["blocks"], piece["valid"] = 1, valid
    lists = new_seats(1, holders)
    lists.house[0, :] = house
    noise = new_noise(holders)
    workspace = whole_chamber.ContestWorkspace(
        noise,
        *(new_rows((holders, BLOCK), np.float32), new_rows((3, BLOCK), np.float32)),
        *(new_rows((2, BLOCK), np.int32), new_rows((2, BLOCK), np.uint32)),
    )
    winners = whole_chamber.Winners(
        np.zeros((districts, BLOCK), np.uint16), np.zeros((districts, BLOCK), np.float32)
    )
    won = np.zeros((districts, holders), np.int64)
    elected = whole_chamber.Elected(new_seats(1, holders), won, winners)
    national = votes_of(np.ones((1, holders, BLOCK), np.float32))
    whole_chamber.fill_tier_drawn(of, piece, national, votes_of(single), lists, workspace, elected)
    key = twins.mix(5 ^ _STREAM_OF_CHAMBER, 0, 2)
    rounds = districts * int(record["rounds"][0]) + (len(noise.bits) if record["rounds"][0] > 1 else 0)
    lanes = [list(islice(twins.sfc64(key, 0, lane), rounds)) for lane in range(LOOKED_AT // 2)]
    words = [twins.words_of_draw(lanes, 0, i, rounds) for i in range(LOOKED_AT)]
    return Drawn(single, stands, elected, words, noise.normals)


@st.composite
def ballots(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Votes (D, V, BLOCK), few enough that many tie, and where the H holders stand (D, H)."""
    districts, holders, others = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(0, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    most = draw(st.sampled_from([1, 3, 12, 10_000]))
    single = rng.integers(0, most + 1, (districts, holders + others, BLOCK)).astype(np.float32)
    stands = rng.random((districts, holders)) < 0.8
    stands[np.arange(districts), rng.integers(0, holders, districts)] = True
    single[:, :holders][~stands] = 0.0
    return single, stands


@settings(max_examples=40, deadline=None)
@given(ballots())
def test_most_votes_win_and_ties_go_by_lot(ballot: tuple[np.ndarray, np.ndarray]) -> None:
    single, stands = ballot
    drawn = fill(single, stands)
    for i in range(LOOKED_AT):
        seats = np.zeros(stands.shape[1], int)
        for d in range(len(stands)):
            standing = np.flatnonzero(stands[d]).tolist()
            first = twins.in_their_order(single[d, :, i].tolist(), standing, drawn.words[i][d])[0]
            seats[first] += 1
            assert drawn.winners.who[d, i] == first
            total = single[d, :, i].sum(dtype=np.float32)
            assert drawn.winners.share[d, i] == pytest.approx(single[d, first, i] / total if total else 0.0)
        assert drawn.tier.whole[0, :, i].tolist() == seats.tolist()
    assert (drawn.won.sum(1) == BLOCK).all()
    assert (drawn.won.sum(0) == drawn.tier.whole[0].sum(1)).all()


def test_a_lot_is_as_likely_to_fall_to_either() -> None:
    """Of 51,200 lots between three, in standard deviations; beyond 4.5 with a probability below 0.0001."""
    drawn = fill(np.ones((100, 3, BLOCK), np.float32), np.ones((100, 3), bool))
    often, number = drawn.won.sum(0), 100 * BLOCK
    assert (np.abs(often - number / 3) < 4.5 * np.sqrt(number * 2 / 9)).all()


@settings(max_examples=40, deadline=None)
@given(ballots(), st.sampled_from([0.0, 0.3, 0.5]), st.sampled_from([0.0, 0.8]), st.integers(0, 2**32 - 1))
def test_the_first_two_meet_again_where_nobody_has_the_majority(
    ballot: tuple[np.ndarray, np.ndarray], majority: float, sd: float, seed: int
) -> None:
    single, stands = ballot
    rng = np.random.default_rng(seed)
    said = np.where(
        rng.random((single.shape[1], stands.shape[1])) < 0.5,
        rng.random((single.shape[1], stands.shape[1])) / 2,
        whole_chamber.UNNAMED,
    ).astype(np.float32)
    drawn = fill(single, stands, rounds=2, majority=majority, transfer_sd=sd, transfers=said)
    told = [[None if share < 0 else float(share) for share in row] for row in said]
    before = stands.shape[1] + stands.shape[1] % 2
    for i in range(LOOKED_AT):
        for d in range(len(stands)):
            votes, standing = single[d, :, i].tolist(), np.flatnonzero(stands[d]).tolist()
            lot, noise = drawn.words[i][before + 2 * d : before + 2 * d + 2]
            order = twins.in_their_order(votes, standing, lot)
            expected = order[0]
            if len(order) > 1 and votes[order[0]] <= majority * sum(votes):
                a, b = order[:2]
                common = 0.5 * (float(drawn.normals[a, i]) - float(drawn.normals[b, i]))
                odds = 2.0 ** (sd * (common + 0.5**0.5 * twins.rough_normal(noise)))
                first, second = twins.second_round(votes, (a, b), told, odds)
                if abs(first - second) <= 1e-4 * max(first, second, 1.0):
                    continue  # single precision cannot tell
                expected = a if first > second else b
            assert drawn.winners.who[d, i] == expected


def test_a_void_draw_and_draws_behind_the_last_give_nobody_a_seat() -> None:
    single, stands = np.ones((3, 2, BLOCK), np.float32), np.ones((3, 2), bool)
    assert fill(single, stands, house=0).tier.whole.sum() == 0
    drawn = fill(single, stands, valid=5)
    assert drawn.tier.whole.sum() == 15
    assert drawn.won.sum() == 15
    ahead = fill(single, stands, house=0, ahead=True)
    assert ahead.tier.whole.sum() == 3 * BLOCK


@st.composite
def houses(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whole votes (D, K, BLOCK) of districts, their regions (D,), and seats of the K lists (K, BLOCK)."""
    districts, lists, regions = draw(st.integers(1, 12)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    single = rng.integers(0, draw(st.sampled_from([2, 40, 3_000])) + 1, (districts, lists, BLOCK))
    return (
        single.astype(np.float32),
        np.sort(rng.integers(0, regions, districts))[rng.permutation(districts)],
        rng.integers(0, draw(st.sampled_from([1, 4, 30])) + 1, (lists, BLOCK)),
    )


@settings(max_examples=40, deadline=None)
@given(houses(), st.booleans())
def test_winners_sit_as_far_as_the_seats_of_their_list_in_the_region_cover_them(
    house: tuple[np.ndarray, np.ndarray, np.ndarray], void: bool
) -> None:
    single, region, seats = house
    districts, lists, _ = single.shape
    drawn = fill(single, np.ones((districts, lists), bool), ahead=True)
    before = drawn.winners.who.copy()
    regions = int(region.max()) + 1
    order = np.argsort(region, kind="stable").astype(np.int64)
    starts = np.searchsorted(region[order], np.arange(regions + 1)).astype(np.int64)
    ratio = np.ones((regions, lists), np.float32)
    ratio[0] = 2.0
    handed_out = new_seats(1, lists)
    handed_out.whole[0] = seats
    handed_out.house[0] = 0 if void else 1 + seats.sum(0)
    handed_out.filled[0] = True
    piece = new_piece()
    piece["blocks"], piece["valid"] = 1, LOOKED_AT
    counts = contests.CoverCounts(
        np.zeros((lists + 1, districts + 1), np.int64), np.zeros((districts, lists), np.int64)
    )
    workspace = contests.CoverWorkspace(
        np.zeros((regions, lists, BLOCK), np.float32),
        np.zeros((regions, lists, BLOCK), np.uint16),
        np.zeros((2, regions)),
    )
    of = contests.Cover(order, starts, ratio)
    contests.cover_winners(of, piece, votes_of(single), handed_out, drawn.elected, workspace, counts)
    number = np.zeros((lists + 1, districts + 1), np.int64)
    for i in range(LOOKED_AT):
        without = 0
        for k in range(lists):
            mine = np.flatnonzero(before[:, i] == k)
            cast = [Fraction(float((single[region == r, k, i] * ratio[r, k]).sum())) for r in range(regions)]
            own = twins.seats_by_region(int(seats[k, i]), cast)
            won = [(int(region[d]), float(drawn.winners.share[d, i])) for d in mine]
            out = {int(mine[w]) for w in twins.seatless(won, own)} if not void else set()
            assert out == {int(d) for d in mine if drawn.winners.who[d, i] == contests.SEATLESS}
            assert drawn.tier.whole[0, k, i] == (0 if void else len(mine) - len(out))
            number[k, len(out)] += 1
            without += len(out)
        number[lists, without] += 1
        assert drawn.tier.house[0, i] == (0 if void else districts - without)
    assert (counts.number == number).all()
    assert counts.seatless.sum() == (number[:lists] * np.arange(districts + 1)).sum()


def test_votes_for_candidates_follow_those_for_lists_by_the_split() -> None:
    """Ratios, shares of groups and errors: means of 16,384 draws, wrong by five standard errors with a
    probability below 0.00001.
    """
    about = np.zeros(1, contests.SPLIT)
    about["seed"], about["number"] = 9, 1
    ratio, own, sd = (
        np.array([1.2, 0.5, 0.0, 1.0]),
        np.array([0.0, 0.0, 0.05, 0.0]),
        np.array([0.2, 0.3, 0.4, 0.0]),
    )
    of = contests.Split(
        about,
        np.array([0, 1, 3, 3]),
        *(values.astype(np.float32) for values in (ratio, own, sd)),
    )
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    national = votes_of(np.repeat((1_000.0 * shares).astype(np.float32)[None, :, None], BLOCK, axis=2))
    workspace = contests.SplitWorkspace(new_noise(4), new_rows((1, BLOCK), np.float32))
    candidates, piece = votes_of(np.zeros((1, 4, BLOCK), np.float32)), new_piece()
    piece["blocks"], piece["valid"] = 1, BLOCK
    found = []
    for block in range(32):
        piece["first"] = block * BLOCK
        contests.split_drawn(of, piece, national, workspace, candidates)
        np.testing.assert_allclose(candidates.single[0].sum(0), 1_000.0, rtol=1e-5)
        np.testing.assert_allclose(candidates.total[0], 1_000.0, rtol=1e-6)
        found.append(candidates.single[0].copy())
    drawn = np.log2(np.concatenate(found, axis=1))
    against = drawn[:3] - drawn[3]
    wanted = np.log2(np.array([0.6, 0.15, 0.05]) / 0.2)
    error = 5.0 * sd[:3] / np.sqrt(against.shape[1])
    assert (np.abs(against.mean(1) - wanted) < error).all()
    assert (np.abs(against.std(1) / sd[:3] - 1.0) < 5.0 / np.sqrt(2.0 * against.shape[1])).all()


@settings(max_examples=40, deadline=None)
@given(ballots(), st.integers(0, 2**32 - 1), st.sampled_from([0.5, 1.0, 1.25]), st.booleans())
def test_votes_that_elect_nobody_are_added_to_those_of_the_lists(
    ballot: tuple[np.ndarray, np.ndarray], seed: int, per_list: float, whole: bool
) -> None:
    """All votes of losers, those of winners beyond one more than the second; void draws hold no seat. All
    numbers are small and whole, or halves and quarters of such, so that single precision is exact.
    """
    single, stands = ballot
    districts, holders = stands.shape
    rng = np.random.default_rng(seed)
    lists = int(rng.integers(1, holders + 1))
    drawn = fill(single, stands, ahead=True)
    national = rng.integers(0, 500, (1, lists + 2, BLOCK)).astype(np.float32)
    votes = votes_of(national)
    if not whole:  # a vote is worth a quarter of the unit of the draws
        votes = votes._replace(
            stands_for=np.full(1, 4.0 * 1024), total=np.full((1, BLOCK), 1024.0, np.float32)
        )
    one = 1.0 if whole else 0.25
    inside = rng.random((lists, BLOCK)) < 0.7
    claims = claims_of(national, inside)
    divided = votes_like(votes)
    before = drawn.tier.whole.copy()
    sums = new_rows((2, BLOCK), np.float32)
    of, law = contests_of(stands), law_of(lists)
    of.about["per_list"] = per_list
    contests.add_unused_drawn(of, law, votes, votes_of(single), drawn.winners, sums, divided)
    count_places.claim_again_drawn(law, divided, claims)
    contests.void_tier(one_block(), claims, drawn.elected)
    for i in range(LOOKED_AT):
        added = np.zeros(holders)
        for d in range(districts):
            cast = [per_list * float(single[d, h, i]) if stands[d, h] else 0.0 for h in range(holders)]
            first = int(drawn.winners.who[d, i])
            second = max((cast[h] for h in range(holders) if h != first and stands[d, h]), default=0.0)
            added += [c if h != first else max(c - second - one, 0.0) for h, c in enumerate(cast)]
        expected = national[0, :, i] + np.pad(added[:lists], (0, 2))
        assert divided.single[0, :, i].tolist() == expected.tolist()
        rows = {int(claims.present[0, p]): float(claims.votes[0, p, i]) for p in range(claims.number[0])}
        takes_part = inside[:, i] & (national[0, :lists, i] > 0)
        assert rows == {k: float(expected[k]) if takes_part[k] else 0.0 for k in rows}
        assert claims.total[0, i] == sum(rows.values())
        void = not takes_part.any()
        assert (
            drawn.tier.whole[0, :holders, i].tolist()
            == (0 * before if void else before)[0, :holders, i].tolist()
        )
    voids = int((claims.many[0] == 0).sum())
    assert (drawn.won.sum(1) == BLOCK - voids).all()


def claims_of(national: np.ndarray, inside: np.ndarray) -> Any:
    """Claims of lists that take part in some draws."""
    claims = new_claims(1, len(inside))
    number = 0
    for k, row in enumerate(inside):
        cast = np.where(row, national[0, k], np.float32(0.0))
        if cast.any():
            claims.votes[0, number], claims.present[0, number] = cast, k
            claims.many[0] += cast > 0
            number += 1
    claims.number[0] = number
    return claims


def law_of(lists: int) -> Law:
    ones = np.ones(lists)
    return Law(
        *(0 * ones, ones, (0 * ones).astype(np.float32), ones, ones.astype(np.float32)),
        np.zeros(lists + 2, np.int64),
        np.ones((1, 4)),
        np.full(lists, -1, np.int64),
    )


def one_block() -> Any:
    piece = new_piece()
    piece["blocks"], piece["valid"] = 1, BLOCK
    return piece


def contests_of(stands: np.ndarray) -> whole_chamber.Contests:
    where, holder = np.nonzero(stands)
    holders = stands.shape[1]
    return whole_chamber.Contests(
        np.zeros(1, whole_chamber.TIER),
        np.searchsorted(where, np.arange(len(stands) + 1)).astype(np.int64),
        holder.astype(np.int64),
        np.zeros(len(holder), np.float32),
        *(np.zeros(holders, np.int64), np.zeros(holders, np.float32), np.zeros(holders, np.int64)),
        np.zeros((holders, holders), np.float32),
    )
