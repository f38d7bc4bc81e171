"""Each method on counts that can be checked by hand, and on the textbook examples that tell methods apart."""

from __future__ import annotations

from fractions import Fraction

import pytest

from forecast.election.methods import METHODS, DivisorMethod, QuotaMethod, half_up, power_divisors
from tests.counts import count, rule_of, seats_of

BALINSKI_YOUNG = {"a": 9061, "b": 7179, "c": 5259, "d": 3319, "e": 1182}
"""The example of Balinski and Young, Fair Representation (1982): 26 seats, and every method differs."""


@pytest.mark.parametrize(
    ("method", "seats"),
    [
        ("adams", [9, 7, 5, 3, 2]),
        ("huntington-hill", [9, 7, 6, 3, 1]),
        ("sainte-lague", [9, 8, 5, 3, 1]),
        ("dhondt", [10, 7, 5, 3, 1]),
        ("hare", [9, 7, 5, 4, 1]),
    ],
)
def test_the_example_of_balinski_and_young_tells_the_methods_apart(method, seats):
    assert list(seats_of(rule_of(26, method), BALINSKI_YOUNG).values()) == seats


@pytest.mark.parametrize(
    ("method", "divisors"),
    [
        ("dhondt", [1, 2, 3, 4]),
        ("sainte-lague", [1, 3, 5, 7]),
        ("sainte-lague-1.4", [Fraction(7, 5), 3, 5, 7]),
        ("sainte-lague-1.2", [Fraction(6, 5), 3, 5, 7]),
        ("danish", [1, 4, 7, 10]),
        ("adams", [0, 1, 2, 3]),
        ("huntington-hill", [0, 2, 6, 12]),
        ("imperiali-divisors", [1, Fraction(3, 2), 2, Fraction(5, 2)]),
    ],
)
def test_the_divisors_are_those_of_the_method(method, divisors):
    entry = METHODS[method]
    assert isinstance(entry, DivisorMethod)
    assert [entry.divisor(n) for n in range(1, 5)] == divisors


@pytest.mark.parametrize(
    ("method", "quota"),
    [
        ("hare", Fraction(100, 7)),
        ("droop", 13),
        ("hagenbach-bischoff", Fraction(100, 8)),
        ("hagenbach-bischoff-rounded", 13),
        ("imperiali", Fraction(100, 9)),
    ],
)
def test_the_quota_of_100_votes_and_7_seats(method, quota):
    entry = METHODS[method]
    assert isinstance(entry, QuotaMethod)
    assert entry.quota(Fraction(100), 7) == quota


def test_a_rounded_quota_rounds_halves_up_and_is_at_least_one_vote():
    assert [half_up(Fraction(n, 4)) for n in (1, 5, 6, 7, 10)] == [1, 1, 2, 2, 3]


def test_every_method_names_its_law_or_paper():
    assert all(len(entry.source) > 8 and entry.title for entry in METHODS.values())


def test_powers_of_estonia_are_compared_exactly():
    """Divisors n^0.9: 2^10 / 2^9 = 2 = 2 x 1, an exact tie that floats cannot see."""
    method = power_divisors(Fraction(9, 10))
    assert Fraction(2) ** method.degree / method.divisor(2) == 2 * (
        Fraction(1) ** method.degree / method.divisor(1)
    )
    assert method.divisor(2) == 2**9


def test_a_power_of_one_is_dhondt():
    power = rule_of(13, allocation={"method": "power", "power": 1})
    assert seats_of(power, BALINSKI_YOUNG) == seats_of(rule_of(13, "dhondt"), BALINSKI_YOUNG)


def test_huntington_hill_compares_squares():
    """The claims to a first seat are infinite: every list gets one before any gets a second."""
    assert seats_of(rule_of(3, "huntington-hill"), {"a": 1000, "b": 1, "c": 1}) == {"a": 1, "b": 1, "c": 1}
    assert seats_of(rule_of(4, "huntington-hill"), {"a": 1000, "b": 1, "c": 1})["a"] == 2


def test_where_seats_do_not_reach_all_lists_infinite_quotients_go_by_votes():
    outcome = count(rule_of(2, "adams"), {"a": 10, "b": 30, "c": 20})
    assert outcome.seats == {"a": 0, "b": 1, "c": 1}
    assert outcome.ties == ()


def test_a_sequence_of_divisors_goes_on_by_its_last_step():
    sequence = rule_of(26, allocation={"method": "sequence", "divisors": [1, 3]})
    assert seats_of(sequence, BALINSKI_YOUNG) == seats_of(rule_of(26, "sainte-lague"), BALINSKI_YOUNG)
    modified = rule_of(5, allocation={"method": "sequence", "divisors": ["1.4", 3, 5]})
    assert seats_of(modified, {"a": 60, "b": 28, "c": 12}) == seats_of(
        rule_of(5, "sainte-lague-1.4"), {"a": 60, "b": 28, "c": 12}
    )


def test_the_first_divisor_of_1_4_makes_the_first_seat_dearer():
    votes = {"a": 53, "b": 24, "c": 23}
    assert seats_of(rule_of(4, "sainte-lague"), votes) == {"a": 2, "b": 1, "c": 1}
    assert seats_of(rule_of(3, "sainte-lague"), {"a": 64, "b": 22, "c": 14}) == {"a": 2, "b": 1, "c": 0}
    assert seats_of(rule_of(3, "sainte-lague-1.4"), {"a": 70, "b": 16, "c": 14}) == {"a": 3, "b": 0, "c": 0}


def test_hare_gives_whole_quotas_and_then_the_largest_remainders():
    outcome = count(rule_of(10), {"a": 47, "b": 16, "c": 15, "d": 22})
    assert outcome.seats == {"a": 5, "b": 2, "c": 1, "d": 2}
    (step,) = outcome.steps
    assert step.quota == 10
    assert [(line.whole, line.remainder) for line in step.lines] == [(4, 7), (1, 6), (1, 5), (2, 2)]


def test_largest_lists_gives_what_is_left_to_the_lists_with_most_votes():
    rule = rule_of(10, allocation={"method": "hare", "remainder": "largest-lists"})
    assert seats_of(rule, {"a": 41, "b": 29, "c": 19, "d": 11}) == {"a": 5, "b": 3, "c": 1, "d": 1}


def test_a_quota_of_all_valid_votes_leaves_more_seats_to_the_remainder_rule():
    """Moldova 2010: the votes of lists below the threshold stand behind the quota."""
    votes = {"a": 50, "b": 30, "c": 20}
    threshold = {"level": "25%"}
    own = rule_of(10, allocation={"method": "hare", "remainder": "largest-lists"}, threshold=threshold)
    valid = rule_of(
        10,
        allocation={"method": "hare", "remainder": "largest-lists", "quota_of": "valid"},
        threshold=threshold,
    )
    assert count(own, votes).steps[0].quota == 8
    assert count(valid, votes).steps[0].quota == 10
    assert seats_of(own, votes) == {"a": 7, "b": 3, "c": 0}
    assert seats_of(valid, votes) == {"a": 6, "b": 4, "c": 0}


def test_the_quota_of_valid_votes_leaves_against_all_out():
    rule = rule_of(10, allocation={"method": "hare", "quota_of": "valid"})
    outcome = count(rule, {"a": 60, "b": 40, "none": 100}, {"none": {"kind": "none-of-the-above"}})
    assert outcome.steps[0].quota == 10


def test_more_seats_than_lists_are_left_over_and_go_round_again():
    rule = rule_of(10, allocation={"method": "hare", "remainder": "largest-lists", "quota_of": "valid"})
    votes = {"a": 20, "b": 10, "rest": 70}
    assert seats_of(rule, votes, {"rest": {"kind": "residual"}}) == {"a": 6, "b": 4, "rest": 0}


def test_largest_then_average_gives_few_seats_by_remainder_and_the_rest_by_votes_per_seat():
    """South Africa: 5 seats at most by remainder, then one each to the highest votes per seat, none twice."""
    allocation = {"method": "droop", "remainder": "largest-then-average", "remainder_seats": 1}
    votes = {"a": 380, "b": 290, "c": 190, "d": 140}
    outcome = count(rule_of(9, allocation=allocation), votes)
    assert outcome.steps[0].quota == 101
    assert [line.whole for line in outcome.steps[0].lines] == [3, 2, 1, 1]
    assert outcome.seats == {"a": 3, "b": 3, "c": 2, "d": 1}


def test_a_list_that_holds_no_seat_comes_last_in_the_round_of_averages():
    allocation = {
        "method": "hare",
        "remainder": "largest-then-average",
        "remainder_seats": 0,
        "quota_of": "valid",
    }
    votes, more = {"c": 9, "a": 20, "b": 11, "rest": 60}, {"rest": {"kind": "residual"}}
    outcome = count(rule_of(10, allocation=allocation), votes, more)
    assert [line.whole for line in outcome.steps[0].lines] == [0, 2, 1]
    assert outcome.seats == {"c": 2, "a": 5, "b": 3, "rest": 0}
    votes = {"c": 9, "a": 41, "b": 30, "rest": 20}
    assert seats_of(rule_of(10, allocation=allocation), votes, more) == {"c": 1, "a": 5, "b": 4, "rest": 0}


def test_seats_awarded_beyond_the_house_are_taken_from_the_smallest_remainders():
    """Imperiali's quota can award too many: 100 / (3 + 2) = 20 gives 4 seats where 3 are to be had."""
    outcome = count(rule_of(3, "imperiali"), {"a": 45, "b": 41, "c": 14})
    assert [line.whole for line in outcome.steps[0].lines] == [2, 2, 0]
    assert outcome.seats == {"a": 2, "b": 1, "c": 0}


def test_a_rounded_quota_of_few_votes_gives_no_more_than_the_house():
    outcome = count(rule_of(6, "hagenbach-bischoff-rounded"), {"a": 6, "b": 5})
    assert outcome.house == 6
    assert outcome.seats == {"a": 3, "b": 3}


def test_fewer_votes_than_seats_still_fill_the_house():
    for method in METHODS:
        if method not in ("power", "sequence"):
            assert sum(seats_of(rule_of(9, method), {"a": 2, "b": 1}).values()) == 9, method


def test_a_list_without_votes_wins_nothing_by_any_method():
    for method in METHODS:
        if method not in ("power", "sequence"):
            assert seats_of(rule_of(5, method), {"a": 3, "b": 0})["b"] == 0, method


def test_one_list_takes_every_seat_by_any_method():
    for method in METHODS:
        if method not in ("power", "sequence"):
            assert seats_of(rule_of(7, method), {"a": 1}) == {"a": 7}, method


def test_a_count_without_any_vote_is_void():
    outcome = count(rule_of(5), {"a": 0, "b": 0})
    assert outcome.void
    assert outcome.house == 0


def test_the_last_quotient_won_is_not_below_the_next_of_any_other():
    outcome = count(rule_of(26, "dhondt"), BALINSKI_YOUNG)
    lines = outcome.steps[0].lines
    assert min(line.last_quotient or 0 for line in lines) >= max(line.next_quotient or 0 for line in lines)
