"""Who is admitted: levels, bases, waivers, and the cases in which too few pass."""

from __future__ import annotations

from fractions import Fraction

import pytest

from forecast.election.rule import level_of
from forecast.errors import ConfigurationError
from forecast.rules.reference import apply_rule
from tests.counts import ballot_of, count, rule_of, seats_of


def threshold(**keys):
    return rule_of(10, "sainte-lague", threshold=keys)


def admitted(rule, votes, more=None, **totals):
    return set(count(rule, votes, more, **totals).admitted)


def test_a_list_at_exactly_the_threshold_is_admitted():
    assert "b" in admitted(threshold(level="5%"), {"a": 95, "b": 5})


def test_a_list_one_vote_below_the_threshold_is_not_admitted():
    assert admitted(threshold(level="5%"), {"a": 9501, "b": 499}) == {"a"}


def test_a_strict_threshold_refuses_a_list_at_exactly_the_level():
    assert admitted(threshold(level="5%", strict=True), {"a": 95, "b": 5}) == {"a"}
    assert admitted(threshold(level="5%", strict=True), {"a": 9499, "b": 501}) == {"a", "b"}


@pytest.mark.parametrize(
    ("level", "votes", "total"),
    [("3.25%", 13, 400), ("0.07", 7, 100), ("1/3", 1, 3), ("2%", 10**12, 5 * 10**13)],
)
def test_levels_are_compared_exactly_whatever_their_decimals(level, votes, total):
    assert "b" in admitted(threshold(level=level), {"a": total - votes, "b": votes})
    assert "b" not in admitted(threshold(level=level), {"a": total - votes + 1, "b": votes})


def test_against_all_and_residual_votes_count_in_the_base_and_win_nothing():
    more = {"none": {"kind": "none-of-the-above"}, "other": {"kind": "residual"}}
    votes = {"a": 1000, "b": 60, "none": 120, "other": 30}
    outcome = count(threshold(level="5%"), votes, more)
    assert outcome.admitted == ("a",)
    assert outcome.seats == {"a": 10, "b": 0, "none": 0, "other": 0}


def test_the_base_of_lists_leaves_against_all_out_and_residual_votes_in():
    more = {"none": {"kind": "none-of-the-above"}, "other": {"kind": "residual"}}
    votes = {"a": 940, "b": 50, "none": 500, "other": 10}
    assert "b" in admitted(threshold(level="5%", base="lists"), votes, more)
    assert "b" not in admitted(threshold(level="5%", base="valid"), votes, more)
    assert "b" not in admitted(threshold(level="5%", base="lists"), votes | {"other": 11}, more)


def test_the_base_of_ballots_cast_counts_invalid_ones_too():
    votes = {"a": 950, "b": 50}
    assert "b" in admitted(threshold(level="5%", base="cast"), votes, invalid_votes=0)
    assert "b" not in admitted(threshold(level="5%", base="cast"), votes, invalid_votes=1)


def test_the_base_of_registered_voters_is_their_number():
    votes = {"a": 950, "b": 50}
    assert "b" in admitted(threshold(level="5%", base="registered"), votes, registered=1000)
    assert "b" not in admitted(threshold(level="5%", base="registered"), votes, registered=1001)


@pytest.mark.parametrize(("base", "total"), [("cast", "invalid_votes"), ("registered", "registered")])
def test_a_base_whose_total_is_unknown_is_refused_by_name(base, total):
    with pytest.raises(ConfigurationError, match=total):
        count(threshold(level="5%", base=base), {"a": 950, "b": 50})


def test_valid_votes_as_stated_are_the_base_even_where_lists_are_missing():
    assert "b" not in admitted(threshold(level="5%"), {"a": 900, "b": 50}, valid_votes=1001)


def test_a_quota_level_is_one_seats_worth():
    assert admitted(threshold(level="quota"), {"a": 90, "b": 10}) == {"a", "b"}
    assert admitted(threshold(level="quota"), {"a": 91, "b": 9}) == {"a"}


def test_coalitions_need_the_level_of_the_largest_number_of_members_that_they_reach():
    rule = threshold(level="5%", by_members={"2": "7%", "4": "10%"})
    assert rule.threshold is not None
    levels = [level_of(rule.threshold, kind="party", members=n, seats=10) for n in (1, 2, 3, 4, 9)]
    assert levels == [Fraction(n, 100) for n in (5, 7, 7, 10, 10)]


def test_a_coalition_of_two_with_697_of_10000_stays_below_its_seven_per_cent():
    rule = threshold(level="5%", by_members={"2": "7%"})
    votes = {"a": 9303, "b": 697}
    assert admitted(rule, votes) == {"a", "b"}
    assert admitted(rule, votes, {"b": {"kind": "coalition", "members": 2}}) == {"a"}


def test_the_kind_of_a_list_sets_its_level_and_zero_exempts_it():
    rule = threshold(level="5%", by_kind={"coalition": "8%", "minority": 0, "independent": "quota"})
    votes = {"a": 810, "c": 79, "m": 1, "i": 100, "j": 10}
    kinds = {"c": "coalition", "m": "minority", "i": "independent", "j": "independent"}
    outcome = count(rule, votes, {name: {"kind": kind} for name, kind in kinds.items()})
    assert set(outcome.admitted) == {"a", "m", "i"}
    assert outcome.admissions["m"].ground == "exempt"


def test_the_members_of_a_coalition_say_more_than_its_kind_but_less_than_an_exemption():
    rule = threshold(level="5%", by_members={"3": "11%"}, by_kind={"coalition": "8%", "minority": 0})
    assert rule.threshold is not None
    of = {
        (kind, members): level_of(rule.threshold, kind=kind, members=members, seats=10)
        for kind in ("coalition", "minority", "party")
        for members in (1, 3)
    }
    assert of["coalition", 1] == Fraction(8, 100)
    assert of["coalition", 3] == Fraction(11, 100)
    assert of["minority", 3] == 0
    assert of["party", 3] == Fraction(11, 100)


def test_direct_seats_admit_a_list_below_the_level():
    rule = threshold(level="5%", or_direct_seats=3)
    votes = {"a": 96, "b": 4}
    assert admitted(rule, votes, {"b": {"direct_seats": 3}}) == {"a", "b"}
    assert admitted(rule, votes, {"b": {"direct_seats": 2}}) == {"a"}
    assert admitted(rule, votes) == {"a"}


def test_a_share_in_one_region_admits_a_list_below_the_level():
    rule = threshold(level="5%", or_regional_share="12%")
    votes = {"a": 96, "b": 4}
    assert admitted(rule, votes, {"b": {"best_region_share": Fraction(12, 100)}}) == {"a", "b"}
    assert admitted(rule, votes, {"b": {"best_region_share": Fraction(1199, 10000)}}) == {"a"}


def test_a_minimum_of_lists_lets_the_next_largest_in():
    rule = threshold(level="7%", min_lists=2)
    outcome = count(rule, {"a": 90, "b": 4, "c": 6})
    assert outcome.admitted == ("a", "c")
    assert outcome.admissions["c"].ground == "next-largest"


def test_a_minimum_of_lists_that_passed_by_themselves_lets_nobody_in():
    assert admitted(threshold(level="7%", min_lists=2), {"a": 80, "b": 14, "c": 6}) == {"a", "b"}


def test_a_minimum_joint_share_lets_lists_in_until_it_is_met():
    rule = threshold(level="20%", min_joint_share="60%")
    assert admitted(rule, {"a": 30, "b": 19, "c": 18, "d": 17, "e": 16}) == {"a", "b", "c"}
    assert admitted(rule, {"a": 41, "b": 19, "c": 18, "d": 17, "e": 5}) == {"a", "b"}


def test_the_correction_of_the_runner_up_is_on_its_quotient():
    """Kazakhstan, art. 97-1 as of 2009: votes / first quota x 0.7, the quota that of both lists' votes."""
    plain = rule_of(98, threshold={"level": "7%", "min_lists": 2})
    corrected = rule_of(98, threshold={"level": "7%", "min_lists": 2, "runner_up_factor": "0.7"})
    votes = {"a": 5_247_720, "b": 269_310, "c": 183_346}
    assert seats_of(plain, votes) == {"a": 93, "b": 5, "c": 0}
    outcome = count(corrected, votes)
    quota = Fraction(votes["a"] + votes["b"], 98)
    assert outcome.steps[0].quota == quota
    assert outcome.steps[0].lines[1].whole == int(Fraction(7, 10) * votes["b"] / quota)
    assert outcome.seats == {"a": 94, "b": 4, "c": 0}


def test_the_correction_spares_lists_that_passed_by_themselves():
    rule = rule_of(10, threshold={"level": "7%", "min_lists": 2, "runner_up_factor": "0.7"})
    assert seats_of(rule, {"a": 80, "b": 20}) == {"a": 8, "b": 2}


def test_when_nobody_passes_the_election_is_void_unless_the_rule_says_otherwise():
    votes = {"a": 40, "b": 35, "c": 25}
    for rule in (threshold(level="50%"), threshold(level="50%", nobody="void")):
        outcome = count(rule, votes)
        assert outcome.void
        assert outcome.house == 0


def test_when_nobody_passes_the_largest_lists_may_be_admitted():
    assert admitted(threshold(level="50%", nobody={"admit": 2}), {"a": 40, "b": 35, "c": 25}) == {"a", "b"}


def test_when_nobody_passes_the_level_may_be_lowered():
    rule = threshold(level="50%", nobody={"lower_to": "35%"})
    assert admitted(rule, {"a": 40, "b": 35, "c": 25}) == {"a", "b"}
    assert count(rule, {"a": 34, "b": 33, "c": 33}).void


def test_a_rule_for_nobody_is_not_used_when_somebody_passes():
    assert admitted(threshold(level="40%", nobody={"admit": 2}), {"a": 40, "b": 35, "c": 25}) == {"a"}


def test_a_void_election_is_void_even_where_a_minimum_of_lists_is_asked_for():
    assert count(threshold(level="50%", min_lists=2, nobody="void"), {"a": 40, "b": 35, "c": 25}).void
    assert admitted(threshold(level="50%", min_lists=2), {"a": 40, "b": 35, "c": 25}) == {"a", "b"}


def test_a_list_without_votes_is_never_let_in_as_the_next_largest():
    assert admitted(threshold(level="7%", min_lists=2), {"a": 90, "b": 0}) == {"a"}


def test_two_equal_runners_up_are_a_tie_for_admission():
    outcome = count(threshold(level="7%", min_lists=2), {"a": 90, "b": 5, "c": 5})
    (tie,) = outcome.ties
    assert (tie.lists, tie.won, tie.claim, tie.decided_by) == (("b", "c"), ("b",), "admission", "lot")


def test_without_a_threshold_every_list_takes_part():
    outcome = apply_rule(rule_of(5), ballot_of({"a": 3, "b": 2}))
    assert outcome.admitted == ("a", "b")
    assert outcome.admissions["a"].ground == "no threshold"
