"""What stands around the division: alliances, weights, bonus, caps, levelling, districts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from forecast.election.methods import Bonus
from forecast.election.rule import Rule
from forecast.errors import ConfigurationError, NoValidOutcome
from forecast.rules.allocation import bonus_seats
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.reference import apply_rule
from tests.counts import count, rule_of, seats_of


def allied(*names):
    return {name: {"alliance": "together"} for name in names}


def test_allied_lists_compete_as_one_and_divide_their_seats_afterwards():
    rule = rule_of(4, "dhondt", alliances={"method": "dhondt"})
    votes = {"a": 50, "b": 30, "c": 26}
    assert seats_of(rule, votes) == {"a": 2, "b": 1, "c": 1}
    assert seats_of(rule, votes, allied("b", "c")) == {"a": 2, "b": 1, "c": 1}
    assert seats_of(rule_of(3, "dhondt", alliances={"method": "dhondt"}), votes, allied("b", "c")) == {
        "a": 1,
        "b": 1,
        "c": 1,
    }
    assert seats_of(rule_of(3, "dhondt"), votes, allied("b", "c")) == {"a": 1, "b": 1, "c": 1}


def test_an_alliance_may_win_a_seat_that_its_lists_alone_would_not():
    rule = rule_of(5, "dhondt", alliances={"method": "hare"})
    votes = {"a": 60, "b": 19, "c": 14}
    assert seats_of(rule, votes) == {"a": 4, "b": 1, "c": 0}
    assert seats_of(rule, votes, allied("b", "c")) == {"a": 3, "b": 1, "c": 1}


def test_only_admitted_members_bring_votes_to_their_alliance():
    rule = rule_of(5, "dhondt", alliances={"method": "dhondt"}, threshold={"level": "18.9%"})
    assert seats_of(rule, {"a": 60, "b": 19, "c": 18}, allied("b", "c")) == {"a": 4, "b": 1, "c": 0}


def test_a_list_keeps_its_guaranteed_seats_inside_its_alliance():
    """Italy, European Parliament: a minority list allied to a large one keeps one seat."""
    rule = rule_of(10, alliances={"method": "hare"})
    votes = {"a": 500, "large": 490, "small": 10}
    more = allied("large", "small")
    assert seats_of(rule, votes, more)["small"] == 0
    kept = {**more, "small": {"alliance": "together", "min_seats": 1}}
    assert seats_of(rule, votes, kept) == {"a": 5, "large": 4, "small": 1}


def test_an_alliance_may_bear_the_name_of_a_list():
    rule = rule_of(4, "dhondt", alliances={"method": "dhondt"})
    votes = {"a": 50, "b": 30, "c": 20}
    assert seats_of(rule, votes, {"b": {"alliance": "a"}, "c": {"alliance": "a"}}) == {"a": 2, "b": 1, "c": 1}


def test_weights_count_in_the_allocation_but_not_at_the_threshold():
    """Serbia 2020: votes for minority lists count 1.35 times."""
    rule = rule_of(10, "dhondt", weights={"minority": "1.35"}, threshold={"level": "23%"})
    votes = {"a": 70, "m": 22, "n": 8}
    assert seats_of(rule, votes, {"m": {"kind": "minority"}}) == {"a": 10, "m": 0, "n": 0}
    rule = rule_of(10, "dhondt", weights={"minority": "1.35"})
    assert seats_of(rule, votes)["m"] == 2
    assert seats_of(rule, votes, {"m": {"kind": "minority"}})["m"] == 3


def test_a_fixed_bonus_goes_to_the_largest_admitted_list_and_shrinks_the_pool():
    rule = rule_of(300, threshold={"level": "3%"}, bonus={"type": "fixed", "seats": 50})
    outcome = count(rule, {"a": 400, "b": 350, "c": 250})
    assert outcome.bonus == {"a": 50}
    assert outcome.steps[0].seats == 250
    assert outcome.seats == {"a": 150, "b": 88, "c": 62}


@pytest.mark.parametrize(
    ("share", "seats"),
    [("24.99%", 0), ("25%", 20), ("25.49%", 20), ("25.5%", 21), ("39.99%", 49), ("40%", 50), ("60%", 50)],
)
def test_a_graded_bonus_grows_by_whole_steps(share, seats):
    """Greece, law 4654/2020: 20 seats from 25 %, one more for each half point, 50 at most."""
    bonus = Bonus.model_validate({"type": "graded", "from": "25%", "base": 20, "step": "0.5%", "max": 50})
    assert bonus_seats(bonus, Fraction(share[:-1]) / 100) == seats


def test_a_tie_for_the_bonus_is_named():
    outcome = count(rule_of(10, bonus={"type": "fixed", "seats": 2}), {"a": 40, "b": 40, "c": 20})
    assert outcome.ties[0].claim == "largest list (bonus)"
    assert outcome.bonus == {"a": 2}


def test_a_cap_gives_what_exceeds_it_to_the_others():
    assert seats_of(rule_of(10, cap={"seats": 5}), {"a": 80, "b": 15, "c": 5}) == {"a": 5, "b": 4, "c": 1}


def test_a_list_wins_no_more_seats_than_it_has_candidates():
    for method in ("dhondt", "hare", "sainte-lague", "droop"):
        seats = seats_of(
            rule_of(10, method), {"a": 50, "i": 50}, {"i": {"kind": "independent", "max_seats": 1}}
        )
        assert seats == {"a": 9, "i": 1}


def test_seats_that_no_list_may_take_are_reported_as_unfilled():
    outcome = count(rule_of(10, cap={"seats": 3}), {"a": 50, "b": 50})
    assert outcome.seats == {"a": 3, "b": 3}
    assert outcome.unfilled == 4


def test_a_cap_by_share_counts_constituencies_too():
    """Georgia 2020: at most 1.25 times the share of 150 seats, constituencies included."""
    rule = rule_of(120, cap={"share_factor": "1.25", "house": 150})
    votes, more = {"a": 600, "b": 400}, {"a": {"direct_seats": 60}}
    assert seats_of(rule, votes) == {"a": 72, "b": 48}
    assert seats_of(rule, votes, more) == {"a": 52, "b": 68}


def test_an_alliance_is_limited_by_the_sum_of_its_lists():
    rule = rule_of(10, alliances={"method": "hare"})
    votes = {"a": 30, "b": 40, "c": 30}
    more = {name: {"alliance": "x", "max_seats": 2} for name in ("b", "c")}
    assert seats_of(rule, votes, more) == {"a": 6, "b": 2, "c": 2}


def test_keep_lets_the_house_grow_by_the_seats_above_the_share():
    """New Zealand: overhang."""
    rule = rule_of(10, "sainte-lague", levelling={"mode": "keep"})
    outcome = count(rule, {"a": 60, "b": 35, "m": 5}, {"m": {"direct_seats": 3}})
    assert outcome.seats == {"a": 6, "b": 4, "m": 3}
    assert outcome.house == 13


def test_redistribute_sets_lists_above_their_share_aside():
    """Sweden, Norway: those who hold more keep it, the others divide the rest."""
    rule = rule_of(10, "sainte-lague", levelling={"mode": "redistribute"})
    assert seats_of(rule, {"a": 50, "b": 30, "c": 20}, {"a": {"min_seats": 7}}) == {"a": 7, "b": 2, "c": 1}


def test_redistribute_goes_on_until_nobody_else_is_above_the_new_share():
    rule = rule_of(10, "sainte-lague", levelling={"mode": "redistribute"})
    more = {"a": {"min_seats": 7}, "b": {"min_seats": 3}}
    assert seats_of(rule, {"a": 50, "b": 28, "c": 22}, more) == {"a": 7, "b": 3, "c": 0}


def test_start_begins_the_divisors_after_the_seats_held():
    """Additional member system: 9 constituencies and 7 list seats."""
    rule = rule_of(16, "dhondt", levelling={"mode": "start"})
    votes = {"snp": 133917, "lab": 74088, "con": 37027, "grn": 36114}
    assert seats_of(rule, votes, {"snp": {"direct_seats": 9}}) == {"snp": 9, "lab": 4, "con": 2, "grn": 1}


def test_level_grows_the_house_until_every_share_covers_the_seats_held():
    rule = rule_of(10, "sainte-lague", levelling={"mode": "level", "start_seats": 10})
    outcome = count(rule, {"a": 50, "b": 30, "c": 20}, {"c": {"direct_seats": 4}})
    assert outcome.seats["c"] == 4
    smaller = rule_of(outcome.house - 1, "sainte-lague")
    assert seats_of(smaller, {"a": 50, "b": 30, "c": 20})["c"] == 3
    assert seats_of(rule_of(outcome.house, "sainte-lague"), {"a": 50, "b": 30, "c": 20}) == outcome.seats


def test_level_leaves_the_house_as_it_is_where_every_share_covers_the_seats():
    rule = rule_of(10, "sainte-lague", levelling={"mode": "level"})
    assert count(rule, {"a": 50, "b": 30, "c": 20}, {"a": {"direct_seats": 5}}).house == 10


def test_a_house_that_would_grow_beyond_reason_is_no_valid_outcome():
    rule = rule_of(10, "sainte-lague", levelling={"mode": "level"})
    with pytest.raises(NoValidOutcome, match="beyond reason"):
        count(rule, {"a": 10**9, "b": 1}, {"b": {"direct_seats": 3}})


def test_constituencies_of_lists_below_the_level_come_off_the_pool_if_the_rule_says_so():
    """Germany 2002: PDS kept its two constituencies and the others shared two seats fewer."""
    votes, more = {"a": 55, "b": 42, "pds": 3}, {"pds": {"direct_seats": 2}}
    threshold = {"level": "5%"}
    rule = rule_of(20, threshold=threshold, levelling={"deduct_unadmitted": True})
    assert count(rule, votes, more).steps[0].seats == 18
    assert seats_of(rule, votes, more)["pds"] == 2
    assert seats_of(rule_of(20, threshold=threshold), votes, more)["pds"] == 0


def test_extra_seats_are_added_at_the_very_end():
    assert seats_of(rule_of(10), {"a": 60, "b": 40}, {"a": {"extra_seats": 2}}) == {"a": 8, "b": 4}


NORTH = District("north", {"a": 60, "b": 40, "c": 3}, seats=3, population=300)
SOUTH = District("south", {"a": 20, "b": 90, "c": 1}, seats=4, population=500)
ENTRIES = (Entry("a", 80), Entry("b", 130), Entry("c", 4))


def by_district(districts, seats=7, table=(NORTH, SOUTH), entries=ENTRIES, **parts):
    rule = Rule.model_validate({"seats": seats, "districts": districts, **parts})
    return apply_rule(rule, Ballot(entries, districts=table))


def test_districts_divide_the_seats_that_the_table_gives():
    assert by_district({"method": "dhondt"}).seats == {"a": 2, "b": 5, "c": 0}


def test_districts_may_get_their_seats_by_the_votes_cast_in_each():
    outcome = by_district({"method": "dhondt", "seats": "by-votes"})
    assert [(line.id, line.seats) for line in outcome.steps[0].lines] == [("north", 3), ("south", 4)]


def test_districts_may_get_their_seats_by_population():
    outcome = by_district({"method": "dhondt", "seats": "by-population"}, seats=8)
    assert [(line.id, line.seats) for line in outcome.steps[0].lines] == [("north", 3), ("south", 5)]


def test_the_national_threshold_keeps_lists_out_of_the_districts_unless_told_otherwise():
    north = District("north", {"a": 10, "c": 90}, seats=2)
    entries = (Entry("a", 980), Entry("c", 20))
    parts = {"table": (north,), "entries": entries, "threshold": {"level": "5%"}}
    assert by_district({"method": "dhondt"}, seats=2, **parts).seats == {"a": 2, "c": 0}
    open_rule = {"method": "dhondt", "threshold": False}
    assert by_district(open_rule, seats=2, **parts).seats == {"a": 0, "c": 2}


def test_levelling_starts_after_the_district_seats():
    """Iceland: constituency seats, then adjustment seats on national votes."""
    outcome = by_district({"method": "dhondt"}, seats=9, levelling={"mode": "start", "method": "dhondt"})
    assert outcome.held == {"a": 2, "b": 5}
    assert outcome.house == 9
    assert outcome.seats == {"a": 3, "b": 6, "c": 0}


def test_seats_won_in_districts_by_lists_below_the_level_are_off_the_levelling_pool():
    north = District("north", {"a": 10, "c": 90}, seats=2)
    entries = (Entry("a", 900), Entry("b", 80), Entry("c", 20))
    outcome = by_district(
        {"method": "dhondt", "threshold": False},
        seats=6,
        table=(north,),
        entries=entries,
        threshold={"level": "5%"},
        levelling={"mode": "start", "method": "dhondt"},
    )
    assert outcome.seats == {"a": 4, "b": 0, "c": 2}


def test_a_list_holds_at_least_its_direct_seats_in_each_district():
    north = District("north", {"a": 60, "b": 40}, seats=3, direct={"b": 2})
    outcome = by_district({"method": "dhondt", "direct": "plurality"}, seats=3, table=(north,))
    assert outcome.seats == {"a": 2, "b": 2, "c": 0}


def test_a_list_holds_at_least_the_mean_of_its_direct_seats_and_its_share_rounded_up():
    """b: 2 direct seats, a share of 1, held 2; a: a share of 2, a mean of 1, in all no fewer than 2."""
    north = District("north", {"a": 60, "b": 40}, seats=3, direct={"b": 2})
    outcome = by_district({"method": "dhondt", "direct": "mean"}, seats=3, table=(north,))
    assert outcome.seats == {"a": 2, "b": 2, "c": 0}


def test_constituencies_beyond_a_share_may_stay_unbalanced():
    """b holds 3 with a share of 1 of 4: the house grows to 10, with one unbalanced to 6 and b's third on
    top, with two not at all; more than these it does not hold beyond its share.
    """
    north = District("north", {"a": 74, "b": 26}, seats=4, direct={"b": 3})
    entries = (Entry("a", 74), Entry("b", 26))
    districts = {"method": "sainte-lague", "direct": "plurality"}

    def house(unbalanced: int) -> dict[str, int]:
        levelling = {"mode": "level", "method": "sainte-lague", "unbalanced": unbalanced}
        found = by_district(districts, seats=4, table=(north,), entries=entries, levelling=levelling)
        return dict(found.seats)

    assert house(0) == {"a": 7, "b": 3}
    assert house(1) == {"a": 4, "b": 3}
    assert house(2) == {"a": 3, "b": 3}
    assert house(9) == house(2)


SCRUTINIES = {"method": "imperiali-rounded", "leftover": "hagenbach-bischoff-rounded"}


def test_seats_left_over_in_districts_go_by_the_summed_remainders():
    """Czechia 2021: rounded Imperiali quotas, then Hagenbach-Bischoff on the summed remainders."""
    north = District("north", {"a": 87, "b": 39, "c": 38, "d": 36}, seats=2)
    south = District("south", {"a": 149, "b": 26, "c": 25, "d": 0}, seats=2)
    entries = (Entry("a", 236), Entry("b", 65), Entry("c", 63), Entry("d", 36))
    outcome = by_district(
        SCRUTINIES,
        seats=4,
        table=(north, south),
        entries=entries,
    )
    first, second, last = outcome.steps
    assert (first.quota, second.quota, last.quota) == (50, 50, 125)
    assert [line.seats for line in first.lines] == [1, 0, 0, 0]
    assert [line.remainder for line in last.lines] == [86, 65, 63, 36]
    assert outcome.seats == {"a": 4, "b": 0, "c": 0, "d": 0}


def test_seats_awarded_beyond_a_district_are_taken_from_the_smallest_remainder_there():
    north = District("north", {"a": 100, "b": 55, "c": 45}, seats=2)
    outcome = by_district(
        SCRUTINIES,
        seats=2,
        table=(north,),
        entries=ENTRIES,
    )
    assert [(line.whole, line.seats) for line in outcome.steps[0].lines] == [(2, 1), (1, 1), (0, 0)]


def test_a_rule_by_district_without_a_table_is_refused():
    with pytest.raises(ConfigurationError, match="table is needed"):
        by_district({"method": "dhondt"}, table=())


@pytest.mark.parametrize(("seats", "column"), [("given", "seats"), ("by-population", "population")])
def test_a_table_that_lacks_a_column_is_refused_by_district(seats, column):
    with pytest.raises(ConfigurationError, match=f"districts.north.{column}"):
        by_district({"method": "dhondt", "seats": seats}, table=(District("north", {"a": 1}),))
