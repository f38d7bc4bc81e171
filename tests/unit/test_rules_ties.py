"""Ties are values: who is tied, for how many seats, and what decides."""

from __future__ import annotations

import re

import pytest

from forecast.election import load_election
from forecast.election.methods import METHODS
from forecast.election.rule import Rule
from forecast.errors import ConfigurationError
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.compiled import cannot_draw
from forecast.rules.reference import apply_rule
from tests.counts import ROOT, count, rule_of

PLAIN_METHODS = [name for name in METHODS if name not in ("power", "sequence")]


def the_tie(outcome):
    (tie,) = outcome.ties
    return tie


@pytest.mark.parametrize("method", PLAIN_METHODS)
def test_equal_lists_tie_for_an_odd_seat(method):
    outcome = count(rule_of(3, method), {"a": 50, "b": 50})
    assert sorted(outcome.seats.values()) == [1, 2]
    tie = the_tie(outcome)
    assert tie.lists == ("a", "b")
    assert tie.seats == 1
    assert tie.decided_by == "lot"
    assert tie.provisional


@pytest.mark.parametrize("method", PLAIN_METHODS)
def test_equal_lists_do_not_tie_for_an_even_house(method):
    assert count(rule_of(4, method), {"a": 50, "b": 50}).ties == ()


def test_the_order_of_registration_decides_for_the_earlier_list():
    outcome = count(rule_of(3, ties="registration"), {"later": 30, "b": 50, "c": 50})
    assert outcome.ties == ()
    outcome = count(rule_of(2, ties="registration"), {"x": 20, "first": 40, "second": 40})
    assert outcome.ties == ()
    outcome = count(rule_of(1, ties="registration"), {"x": 20, "first": 40, "second": 40})
    tie = the_tie(outcome)
    assert (tie.won, tie.decided_by, tie.provisional) == (("first",), "registration", False)
    assert outcome.seats["first"] == 1


def test_a_lot_leaves_the_seat_provisionally_with_the_earlier_list():
    outcome = count(rule_of(1, ties="lot"), {"first": 40, "second": 40})
    assert the_tie(outcome).won == ("first",)
    assert the_tie(outcome).provisional


def test_three_lists_may_tie_for_two_seats():
    tie = the_tie(count(rule_of(2, "dhondt"), {"a": 30, "b": 30, "c": 30}))
    assert (tie.lists, tie.seats, tie.won) == (("a", "b", "c"), 2, ("a", "b"))


def test_equal_quotients_go_to_the_list_with_more_votes_and_it_is_said():
    outcome = count(rule_of(2, "dhondt"), {"small": 50, "large": 100})
    assert outcome.seats == {"small": 0, "large": 2}
    tie = the_tie(outcome)
    assert (tie.lists, tie.won, tie.decided_by) == (("small", "large"), ("large",), "votes")
    assert not tie.provisional


def test_equal_remainders_go_to_the_list_with_more_votes():
    outcome = count(rule_of(10), {"a": 15, "b": 25, "c": 60})
    assert outcome.seats == {"a": 1, "b": 3, "c": 6}
    assert the_tie(outcome).decided_by == "votes"


def test_a_surplus_seat_is_taken_from_the_list_with_fewer_votes_then_from_the_later_one():
    outcome = count(rule_of(3, "imperiali"), {"a": 40, "b": 40, "c": 20})
    assert outcome.seats == {"a": 2, "b": 1, "c": 0}
    lot = next(tie for tie in outcome.ties if tie.decided_by == "lot")
    assert (lot.lists, lot.won, lot.claim) == (("a", "b"), ("a",), "smallest remainder")


def test_roots_tie_exactly():
    """Huntington-Hill: 2 votes for a second seat and 2 for another's second seat, compared as squares."""
    tie = the_tie(count(rule_of(3, "huntington-hill"), {"a": 7, "b": 7}))
    assert tie.seats == 1


def test_powers_tie_exactly():
    """n^0.9 with n = 1024: 512 times the votes for the 1024th seat, 2^9216 on both sides."""
    rule = rule_of(1024, allocation={"method": "power", "power": "0.9"})
    outcome = count(rule, {"a": 512, "b": 1})
    assert outcome.seats == {"a": 1024, "b": 0}
    assert the_tie(outcome).decided_by == "votes"


def test_a_near_tie_of_large_counts_is_none():
    outcome = count(rule_of(1, "dhondt"), {"a": 10**18, "b": 10**18 + 1})
    assert outcome.seats == {"a": 0, "b": 1}
    assert outcome.ties == ()


def test_a_tie_inside_a_district_names_the_district():
    rule = Rule.model_validate({"seats": 2, "districts": {"method": "dhondt", "seats": "given"}})
    districts = (District("north", {"a": 5, "b": 5}, seats=1), District("south", {"a": 5, "b": 4}, seats=1))
    outcome = apply_rule(rule, Ballot((Entry("a", 10), Entry("b", 9)), districts=districts))
    assert the_tie(outcome).place == "north"


@pytest.mark.parametrize(
    ("ties", "won", "by"),
    [
        (["national-votes", "registration"], "b", "national-votes"),
        (["national-votes", "lot"], "b", "national-votes"),
        (["votes", "national-votes", "lot"], "a", "votes"),
        (["registration"], "a", "registration"),
    ],
)
def test_equal_quotients_in_a_district_go_to_the_list_with_more_votes_in_all(ties, won, by):
    """Latvia, Saeima Election Law art. 38 (2) 4)."""
    # In the north the second quotient of a and the first of b are 30; b has more in the south.
    votes = {"north": {"a": 90, "b": 30, "c": 50}, "south": {"a": 1, "b": 80, "c": 2}}
    entries = tuple(Entry(name, sum(there[name] for there in votes.values())) for name in ("a", "b", "c"))
    districts = (District("north", votes["north"], seats=3), District("south", votes["south"], seats=1))
    rule = Rule.model_validate({"seats": 4, "ties": ties, "districts": {"method": "sainte-lague"}})
    outcome = apply_rule(rule, Ballot(entries, districts=districts))
    tie = the_tie(outcome)
    assert (tie.lists, tie.won, tie.decided_by, tie.place) == (("a", "b"), (won,), by, "north")
    assert outcome.districts[0].of(won) == (2 if won == "a" else 1)


@pytest.mark.parametrize(
    ("ties", "districts", "drawn"),
    [
        (["national-votes", "lot"], {"method": "dhondt"}, True),
        (["no-seat", "national-votes"], {"method": "dhondt"}, False),
        (["national-votes", "lot"], {"method": "hare"}, False),
        (["national-votes", "lot"], {"method": "dhondt", "seatless": "shared"}, False),
    ],
)
def test_ties_by_votes_in_all_districts_that_draws_do_not_know_are_refused_with_the_way_out(
    ties, districts, drawn
):
    rule = Rule.model_validate({"seats": 4, "ties": ties, "districts": districts})
    faults = cannot_draw(rule)
    assert [fault.path for fault in faults] == ([] if drawn else ["rule.ties"])
    assert drawn or "write another step for a forecast" in str(faults[0])


def test_votes_in_all_districts_that_are_equal_too_leave_a_lot_to_draw():
    districts = (District("north", {"a": 5, "b": 5}, seats=1), District("south", {"a": 4, "b": 4}, seats=1))
    rule = Rule.model_validate(
        {"seats": 2, "ties": ["national-votes", "lot"], "districts": {"method": "dhondt"}}
    )
    outcome = apply_rule(rule, Ballot((Entry("a", 9), Entry("b", 9)), districts=districts))
    assert [(tie.decided_by, tie.provisional) for tie in outcome.ties] == [("lot", True)] * 2


def test_the_smaller_number_of_the_list_decides_and_each_list_must_have_one(tmp_path):
    entries = (Entry("first", 40, list_number=7), Entry("second", 40, list_number=3))
    outcome = apply_rule(rule_of(1, ties="list-number"), Ballot(entries))
    tie = the_tie(outcome)
    assert (tie.won, tie.decided_by, tie.provisional) == (("second",), "list-number", False)
    text = (ROOT / "configs" / "lithuania-2020.toml").read_text(encoding="utf-8")
    text = re.sub('ties = "lot".*', 'ties = "list-number"', text)
    file = tmp_path / "lithuania.toml"
    file.write_text(text.replace('id = "ts-lkd"', 'id = "ts-lkd"\nlist_number = 2'), encoding="utf-8")
    (tmp_path / "lithuania-2020-polls.csv").touch()
    with pytest.raises(ConfigurationError) as error:
        load_election(file)
    asked = {fault.path for fault in error.value.faults}
    assert len(asked) > 5
    assert all(path.endswith(".list_number") and "ts-lkd" not in path for path in asked)
