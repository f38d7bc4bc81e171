"""What holds for every count: the laws that allocation methods are known by.

The examples are those of hypothesis, the same in every run.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forecast.election.methods import METHODS, DivisorMethod, divisors_of
from forecast.rules.reference import apply_rule, next_seat, with_extra_votes
from tests.counts import ballot_of, count, rule_of, seats_of

DIVISORS = [name for name, entry in METHODS.items() if isinstance(entry, DivisorMethod)]
QUOTAS = ["hare", "droop", "hagenbach-bischoff", "hagenbach-bischoff-rounded", "imperiali"]
PARAMETERS = {"power": {"power": "0.9"}, "sequence": {"divisors": ["1.4", 3, 5]}}
EVERY = {method: {"method": method} | PARAMETERS.get(method, {}) for method in METHODS}

small = st.integers(0, 30)
large = st.integers(1, 10**7)


def counts(number: st.SearchStrategy[int], most: int = 7) -> st.SearchStrategy[dict[str, int]]:
    """Votes by list; small numbers make ties, thresholds met exactly and lists without votes common."""
    lists = st.lists(number, min_size=1, max_size=most)
    return lists.map(lambda votes: {chr(97 + i): count for i, count in enumerate(votes)})


votes_of_any_size = st.one_of(counts(small), counts(large))
houses = st.integers(1, 40)


@pytest.mark.parametrize("method", EVERY)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(votes_of_any_size, houses)
def test_the_seats_add_up_to_the_house(method: str, votes: dict[str, int], seats: int):
    outcome = count(rule_of(seats, allocation=EVERY[method]), votes)
    assert outcome.house == (0 if outcome.void else seats)
    assert outcome.void == (not any(votes.values()))
    assert all(number >= 0 for number in outcome.seats.values())


@pytest.mark.parametrize("method", EVERY)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(votes_of_any_size, houses)
def test_a_list_with_more_votes_never_has_fewer_seats(method: str, votes: dict[str, int], seats: int):
    given_seats = seats_of(rule_of(seats, allocation=EVERY[method]), votes)
    for one, more in votes.items():
        for other, fewer in votes.items():
            if more > fewer:
                assert given_seats[one] >= given_seats[other]


@pytest.mark.parametrize("method", [*DIVISORS, "power", "sequence"])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(votes_of_any_size, houses)
def test_divisor_methods_are_house_monotone(method: str, votes: dict[str, int], seats: int):
    before = seats_of(rule_of(seats, allocation=EVERY[method]), votes)
    after = seats_of(rule_of(seats + 1, allocation=EVERY[method]), votes)
    assert all(after[name] >= before[name] for name in votes)


@pytest.mark.parametrize("method", [*DIVISORS, "power", "sequence"])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(votes_of_any_size, houses)
def test_no_claim_that_was_served_is_behind_one_that_was_not(method: str, votes: dict[str, int], seats: int):
    """The definition of a divisor method, checked without the queue that the count uses."""
    rule = rule_of(seats, allocation=EVERY[method])
    assert rule.allocation is not None
    divisors = divisors_of(rule.allocation)
    outcome = count(rule, votes)
    for one, held in outcome.seats.items():
        for other, others in outcome.seats.items():
            if not held or not votes[other]:
                continue
            last, following = divisors.divisor(held), divisors.divisor(others + 1)
            served, waiting = (
                Fraction(votes[one]) ** divisors.degree,
                Fraction(votes[other]) ** divisors.degree,
            )
            assert last == 0 or served * following >= waiting * last


@settings(max_examples=100, deadline=None, derandomize=True)
@given(votes_of_any_size, houses)
def test_hare_stays_within_its_quota(votes: dict[str, int], seats: int):
    assume(any(votes.values()))
    given_seats = seats_of(rule_of(seats, "hare"), votes)
    total = sum(votes.values())
    for name, count_ in votes.items():
        share = Fraction(count_ * seats, total)
        assert floor(share) <= given_seats[name] <= ceil(share)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(votes_of_any_size, houses)
def test_dhondt_never_falls_below_the_lower_quota_and_adams_never_exceeds_the_upper(
    votes: dict[str, int], seats: int
):
    assume(any(votes.values()))
    total = sum(votes.values())
    dhondt, adams = (seats_of(rule_of(seats, method), votes) for method in ("dhondt", "adams"))
    for name, count_ in votes.items():
        assert dhondt[name] >= floor(Fraction(count_ * seats, total))
        assert adams[name] <= ceil(Fraction(count_ * seats, total))


@pytest.mark.parametrize("method", [*DIVISORS, "hare", "imperiali", "hagenbach-bischoff", "power"])
@settings(max_examples=20, deadline=None, derandomize=True)
@given(counts(st.integers(0, 2000)), houses, st.integers(2, 50))
def test_seats_depend_on_shares_alone(method: str, votes: dict[str, int], seats: int, factor: int):
    """Homogeneity; Droop's quota and the rounded one are whole numbers of votes and left out."""
    rule = rule_of(seats, allocation=EVERY[method])
    assert seats_of(rule, votes) == seats_of(rule, {name: count_ * factor for name, count_ in votes.items()})


@pytest.mark.parametrize("method", EVERY)
@settings(max_examples=20, deadline=None, derandomize=True)
@given(votes_of_any_size, houses, st.integers(0, 6))
def test_a_list_without_votes_changes_nothing(method: str, votes: dict[str, int], seats: int, place: int):
    rule = rule_of(seats, allocation=EVERY[method])
    names = list(votes)
    widened = {name: votes[name] for name in names[:place]} | {"nil": 0} | votes
    assert seats_of(rule, widened) == seats_of(rule, votes) | {"nil": 0}


@pytest.mark.parametrize("method", EVERY)
@settings(max_examples=20, deadline=None, derandomize=True)
@given(votes_of_any_size, houses)
def test_without_a_tie_the_order_of_registration_does_not_matter(
    method: str, votes: dict[str, int], seats: int
):
    rule = rule_of(seats, allocation=EVERY[method])
    outcome = count(rule, votes)
    if any(tie.decided_by != "votes" for tie in outcome.ties):
        return
    assert seats_of(rule, dict(reversed(votes.items()))) == outcome.seats


@pytest.mark.parametrize("method", EVERY)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(counts(st.integers(0, 4)), st.integers(1, 9))
def test_where_the_order_of_registration_matters_a_tie_is_named(
    method: str, votes: dict[str, int], seats: int
):
    rule = rule_of(seats, allocation=EVERY[method])
    outcome = count(rule, votes)
    turned = count(rule, dict(reversed(votes.items())))
    if dict(turned.seats) != dict(outcome.seats):
        assert any(tie.decided_by == "lot" for tie in outcome.ties)
        changed = {name for name in votes if outcome.seats[name] != turned.seats[name]}
        assert changed <= {name for tie in outcome.ties for name in tie.lists}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(votes_of_any_size, st.fractions(0, 1, max_denominator=200), st.booleans())
def test_who_is_admitted_reaches_the_level_and_who_is_not_does_not(
    votes: dict[str, int], level: Fraction, strict: bool
):
    outcome = count(rule_of(5, threshold={"level": level, "strict": strict}), votes)
    total = sum(votes.values())
    for name, count_ in votes.items():
        reaches = count_ > level * total if strict and level else count_ >= level * total
        assert (name in outcome.admitted) == reaches


@settings(max_examples=100, deadline=None, derandomize=True)
@given(votes_of_any_size, st.integers(1, 5), st.fractions(0, 1, max_denominator=20))
def test_minimum_lists_and_joint_share_are_met_where_there_are_lists_to_meet_them(
    votes: dict[str, int], lists: int, joint: Fraction
):
    threshold = {"level": "30%", "min_lists": lists, "min_joint_share": joint}
    outcome = count(rule_of(5, threshold=threshold), votes)
    inside = [name for name in outcome.admitted if votes[name]]
    assert len(inside) >= min(lists, sum(1 for count_ in votes.values() if count_))
    assert sum(votes[name] for name in inside) >= joint * sum(votes.values())
    out = [count_ for name, count_ in votes.items() if name not in outcome.admitted]
    assert not inside or max(out, default=0) <= min(votes[name] for name in inside)


@pytest.mark.parametrize("method", ["dhondt", "hare", "sainte-lague-1.4", "droop"])
@settings(max_examples=20, deadline=None, derandomize=True)
@given(counts(large, most=5), st.integers(1, 20), st.integers(1, 6))
def test_no_list_exceeds_its_cap_and_no_seat_is_lost_while_another_has_room(
    method: str, votes: dict[str, int], seats: int, cap: int
):
    outcome = count(rule_of(seats, method, cap={"seats": cap}), votes)
    assert max(outcome.seats.values()) <= cap
    assert outcome.house == min(seats, cap * len(votes))
    assert outcome.unfilled == seats - outcome.house


@pytest.mark.parametrize("mode", ["keep", "redistribute", "start", "level"])
@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    counts(st.integers(1, 5000), most=5),
    st.integers(5, 30),
    st.lists(st.integers(0, 6), min_size=5, max_size=5),
)
def test_no_levelling_takes_a_seat_that_is_held(
    mode: str, votes: dict[str, int], seats: int, direct: list[int]
):
    more = {name: {"direct_seats": won} for name, won in zip(votes, direct, strict=False)}
    outcome = count(rule_of(seats, "sainte-lague", levelling={"mode": mode}), votes, more)
    held = sum(entry["direct_seats"] for entry in more.values())
    assert all(outcome.seats[name] >= entry["direct_seats"] for name, entry in more.items())
    assert outcome.house >= seats if mode in ("keep", "level") else outcome.house == max(seats, held)


@pytest.mark.parametrize("method", ["hare", "dhondt", "sainte-lague"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(counts(st.integers(1, 40), most=4), st.integers(2, 8), st.sampled_from(["0", "10%", "1/3"]))
def test_the_votes_for_the_next_seat_are_the_fewest_that_win_it(
    method: str, votes: dict[str, int], seats: int, level: str
):
    rule = rule_of(seats, method, threshold={"level": level})
    ballot = ballot_of(votes)
    before = apply_rule(rule, ballot).seats
    for name in votes:
        found = next_seat(rule, ballot, name)
        tried = [
            extra
            for extra in range(1, 120)
            if apply_rule(rule, with_extra_votes(ballot, name, extra)).seats[name] > before[name]
        ]
        assert (found.votes if found and found.votes < 120 else None) == (tried[0] if tried else None)
