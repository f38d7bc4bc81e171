"""How close the last seats were."""

from __future__ import annotations

from forecast.election import load_election
from forecast.rules.counts import read_count
from forecast.rules.reference import apply_rule, next_seat, next_seats, with_extra_votes
from tests.counts import ROOT, ballot_of, rule_of


def kazakhstan_2023():
    election = load_election(ROOT / "configs" / "kazakhstan-2023.toml")
    return election.rule, read_count(election).ballot


def test_in_kazakhstan_2023_19156_votes_for_respublica_separate_the_last_seat():
    rule, ballot = kazakhstan_2023()
    closest = next(iter(next_seats(rule, ballot).values()))
    assert (closest.list, closest.votes, closest.gains, closest.losers) == (
        "respublica",
        19_156,
        1,
        {"amanat": 1},
    )


def test_one_vote_fewer_does_not_win_the_seat():
    rule, ballot = kazakhstan_2023()
    seats = apply_rule(rule, ballot).seats
    for name, found in next_seats(rule, ballot).items():
        before = apply_rule(rule, with_extra_votes(ballot, name, found.votes - 1)).seats
        after = apply_rule(rule, with_extra_votes(ballot, name, found.votes)).seats
        assert before[name] == seats[name] < after[name]


def test_the_base_grows_with_the_extra_votes():
    """100 of 1000 at 20 %: 125 more votes make 225 of 1125, exactly 20 %."""
    found = next_seat(rule_of(10, threshold={"level": "20%"}), ballot_of({"a": 900, "b": 100}), "b")
    assert found is not None
    assert found.votes == 125
    assert found.gains == 2


def test_a_list_with_every_seat_has_no_next_one():
    assert next_seat(rule_of(5), ballot_of({"a": 10}), "a") is None


def test_a_list_at_its_cap_has_no_next_seat():
    found = next_seat(rule_of(5, cap={"seats": 3}), ballot_of({"a": 60, "b": 40}), "a")
    assert found is None


def test_against_all_is_not_asked():
    assert "none" not in next_seats(
        rule_of(5), ballot_of({"a": 60, "none": 40}, {"none": {"kind": "none-of-the-above"}})
    )


def test_a_rule_by_district_has_no_national_margin():
    from forecast.election.rule import Rule

    rule = Rule.model_validate({"seats": 2, "districts": {"method": "dhondt"}})
    assert next_seats(rule, ballot_of({"a": 60, "b": 40})) == {}


def test_a_house_that_grows_has_no_last_seat():
    rule = rule_of(10, "sainte-lague", levelling={"mode": "level"})
    assert next_seats(rule, ballot_of({"a": 60, "b": 40}, {"b": {"direct_seats": 5}})) == {}
