"""The core's allocation against the exact count, on whole votes: thresholds, ties and empty ballots
included.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.election import Party, Rule
from forecast.kernels.count import Questions
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.compiled import compile_rules
from forecast.rules.reference import apply_rule
from forecast.simulation.inputs import SAMPLER_GIVEN, Draws, tail_table
from forecast.simulation.running import run_draws

METHODS: list[dict[str, Any]] = [
    {"method": "hare"},
    {"method": "droop"},
    {"method": "hagenbach-bischoff"},
    {"method": "hagenbach-bischoff-rounded"},
    {"method": "imperiali"},
    {"method": "hare", "quota_of": "valid"},
    {"method": "hare", "remainder": "largest-lists"},
    {"method": "droop", "remainder": "largest-then-average", "remainder_seats": 2, "quota_of": "valid"},
    {"method": "dhondt"},
    {"method": "sainte-lague"},
    {"method": "sainte-lague-1.4"},
    {"method": "sainte-lague-1.2"},
    {"method": "danish"},
    {"method": "adams"},
    {"method": "huntington-hill"},
    {"method": "imperiali-divisors"},
    {"method": "power", "power": "0.9"},
    {"method": "sequence", "divisors": ["1.5", "3", "5", "8"]},
]

THRESHOLDS: list[dict[str, Any] | None] = [
    None,
    {"level": "5%"},
    {"level": "5%", "strict": True},
    {"level": "10%", "base": "lists"},
    {"level": "quota"},
    {"level": "20%", "min_lists": 2, "runner_up_factor": "0.7"},
    {"level": "30%", "min_joint_share": "60%"},
    {"level": "40%", "nobody": "void"},
    {"level": "40%", "nobody": {"admit": 2}},
    {"level": "40%", "nobody": {"lower_to": "20%"}, "min_lists": 2},
]


def parties(lists: int, against_all: bool) -> list[Party]:
    kinds = ["party"] * lists + (["none-of-the-above"] if against_all else [])
    return [
        Party.model_validate({"id": f"p{k}", "name": f"P{k}", "kind": kind}) for k, kind in enumerate(kinds)
    ]


def core_seats(rule: Rule, votes: np.ndarray, against_all: bool) -> tuple[np.ndarray, int]:
    """Seats (N, K) of given votes (N, U) as the core counts them, and the void draws."""
    units = votes.shape[1]
    lists = units - against_all
    not_lists = np.zeros(units, np.bool_)
    not_lists[lists:] = True
    draws = Draws(
        seed=np.uint64(1),
        sampler=SAMPLER_GIVEN,
        location=np.zeros(units),
        spread=np.zeros(units),
        factor=np.zeros((0, 0)),
        tail=tail_table(np.inf),
        undecided=0.0,
        undecided_spread=0.0,
        not_lists=not_lists,
        invalid=np.zeros(2),
        turnout=np.ones(2),
        directions=np.zeros((0, 32), np.uint32),
        given=np.ascontiguousarray(votes, np.float64),
        valid_votes=1.0,
    )
    none, empty, small = np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32)
    questions = Questions(none, empty, none, none, empty, small, small)
    rules = compile_rules([rule], parties(lists, False))
    counts, kept = run_draws(draws, rules, questions, len(votes), keep=len(votes))
    return kept.seats[0], int(counts.totals.void[0])


def exact_seats(rule: Rule, votes: list[int], against_all: bool) -> tuple[list[int], bool]:
    options = parties(len(votes) - against_all, against_all)
    entries = tuple(Entry(party.id, count, party.kind) for party, count in zip(options, votes, strict=True))
    outcome = apply_rule(rule, Ballot(entries))
    return [outcome.seats[party.id] for party in options if party.eligible], outcome.void


def make_rule(method: dict[str, Any], threshold: dict[str, Any] | None, seats: int) -> Rule:
    data: dict[str, Any] = {"seats": seats, "ties": "registration", "allocation": method}
    if threshold is not None:
        data["threshold"] = threshold
    return Rule.model_validate(data)


def assert_same(rule: Rule, ballots: list[list[int]], against_all: bool) -> None:
    seats, void = core_seats(rule, np.array(ballots, np.float64), against_all)
    voids = 0
    for row, votes in zip(seats.tolist(), ballots, strict=True):
        exact, is_void = exact_seats(rule, votes, against_all)
        assert row == exact, f"{votes}: the core gives {row}, the exact count {exact}"
        voids += is_void
    assert void == voids


@pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join(map(str, method.values())))
@settings(max_examples=30)
@given(data=st.data())
def test_the_core_gives_the_seats_of_the_exact_count(method: dict[str, Any], data: st.DataObject) -> None:
    lists = data.draw(st.integers(1, 12), "lists")
    against_all = data.draw(st.booleans(), "against all")
    threshold = data.draw(st.sampled_from(THRESHOLDS), "threshold")
    seats = data.draw(st.integers(1, 40), "seats")
    if threshold is not None and threshold.get("min_lists", 0) > seats:
        seats = threshold["min_lists"]
    # Small numbers make ties and votes at exactly the threshold common; zeros are lists nobody chose.
    count = st.one_of(st.integers(0, 20), st.integers(0, 100).map(lambda n: 5 * n), st.integers(0, 10**7))
    ballot = st.lists(count, min_size=lists + against_all, max_size=lists + against_all)
    ballots = data.draw(st.lists(ballot, min_size=1, max_size=12), "ballots")
    assert_same(make_rule(method, threshold, seats), ballots, against_all)


def test_a_list_at_exactly_the_threshold_is_admitted_by_the_core() -> None:
    rule = make_rule({"method": "hare"}, {"level": "5%"}, 20)
    assert_same(rule, [[95, 5], [96, 4]], against_all=False)
    seats, _ = core_seats(rule, np.array([[95.0, 5.0], [96.0, 4.0]]), against_all=False)
    assert seats.tolist() == [[19, 1], [20, 0]]


def test_ties_by_lot_fall_either_way_and_come_from_the_seed() -> None:
    """4,096 lots between two equal lists for one seat; six standard errors, error probability 2e-9."""
    rule = Rule.model_validate({"seats": 1, "ties": "lot", "allocation": {"method": "hare"}})
    votes = np.full((4096, 2), 10.0)
    seats, _ = core_seats(rule, votes, against_all=False)
    again, _ = core_seats(rule, votes, against_all=False)
    assert abs(seats[:, 0].sum() - 2048) < 6 * 32
    np.testing.assert_array_equal(seats, again)
