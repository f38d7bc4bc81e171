"""Seats by district, by hand: local levels, waivers, bonus, votes abroad, levelling seats and their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from forecast.election import Election, load_election
from forecast.election.rule import Rule
from forecast.election.values import Kind
from forecast.errors import ConfigurationError, PollDataError
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.counts import read_count
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule, last_seats

Votes = Mapping[str, Mapping[str, int]]


def counted(
    rule: Mapping[str, Any],
    votes: Votes,
    seats: Mapping[str, int] | None = None,
    allied: Mapping[str, str] | None = None,
    **more: Mapping[str, Any],
) -> Outcome:
    """The outcome of a rule on votes by district and list; ``more`` are other facts, by district."""
    names = list(dict.fromkeys(name for there in votes.values() for name in there))
    entries = tuple(
        Entry(name, sum(there.get(name, 0) for there in votes.values()), alliance=(allied or {}).get(name))
        for name in names
    )
    districts = tuple(
        District(
            place,
            there,
            seats=(seats or {}).get(place),
            **{fact: by_place[place] for fact, by_place in more.items() if place in by_place},
        )
        for place, there in votes.items()
    )
    valid = sum(district.valid for district in districts)
    return apply_rule(Rule.model_validate(rule), Ballot(entries, valid_votes=valid, districts=districts))


def by_district(outcome: Outcome) -> dict[str, dict[str, int]]:
    """Seats by district and list, those without any left out."""
    lists = list(outcome.seats)
    return {
        place.name: {name: place.of(name) for name in lists if place.of(name)} for place in outcome.districts
    }


DHONDT = {"method": "dhondt"}
TWO = {"north": 2, "south": 2}


@pytest.mark.parametrize(
    ("level", "valid", "won"),
    [("0%", 100, 1), ("10%", 100, 1), ("10%", 101, 0), ("12%", 100, 0)],
)
def test_a_local_level_stands_on_the_valid_votes_of_the_district(level: str, valid: int, won: int):
    rule = {"seats": 10, "districts": {**DHONDT, "local_threshold": {"level": level}}}
    outcome = counted(rule, {"north": {"a": 90, "b": 10}}, {"north": 10}, valid_votes={"north": valid})
    assert outcome.seats == {"a": 10 - won, "b": won}


def test_strict_means_more_than_the_level_in_a_district_too():
    rule = {"seats": 10, "districts": {**DHONDT, "local_threshold": {"level": "10%", "strict": True}}}
    assert counted(rule, {"north": {"a": 90, "b": 10}}, {"north": 10}).seats == {"a": 10, "b": 0}


@pytest.mark.parametrize(("waives", "north"), [(True, {"a": 2, "b": 1}), (False, {"a": 3})])
def test_a_local_level_may_waive_the_national_one(waives: bool, north: dict[str, int]):
    local = {"level": "12%", "waives_national": waives}
    rule = {
        "seats": 6,
        "threshold": {"level": "20%"},
        "districts": {**DHONDT, "local_threshold": local},
    }
    votes = {"north": {"a": 70, "b": 30}, "south": {"a": 100}}
    assert by_district(counted(rule, votes, {"north": 3, "south": 3})) == {"north": north, "south": {"a": 3}}


def test_a_level_of_the_region_is_one_on_the_votes_of_all_its_districts():
    votes = {"n1": {"a": 70, "b": 30}, "n2": {"a": 100}, "s1": {"a": 70, "b": 30}}
    regions = {"n1": "north", "n2": "north", "s1": "south"}
    local = {"level": "20%", "of": "region"}
    rule = {"seats": 9, "districts": {**DHONDT, "local_threshold": local}}
    outcome = counted(rule, votes, {"n1": 3, "n2": 3, "s1": 3}, region=regions)
    assert by_district(outcome) == {"n1": {"a": 3}, "n2": {"a": 3}, "s1": {"a": 2, "b": 1}}


def test_the_first_list_of_a_district_has_its_bonus_before_the_others_are_divided():
    rule = {"seats": 5, "districts": {**DHONDT, "bonus": {"type": "fixed", "seats": 1}}}
    assert counted(rule, {"north": {"a": 61, "b": 39}}, {"north": 5}).seats == {"a": 4, "b": 1}
    without = {"seats": 5, "districts": DHONDT}
    assert counted(without, {"north": {"a": 61, "b": 39}}, {"north": 5}).seats == {"a": 3, "b": 2}


def test_divisors_begin_after_the_constituencies_that_are_held_besides():
    rule = {"seats": 5, "districts": {**DHONDT, "direct": "start"}}
    votes = {"north": {"a": 66, "b": 40, "c": 21}}
    outcome = counted(rule, votes, {"north": 3}, direct={"north": {"a": 2}})
    (north,) = outcome.districts
    assert outcome.seats == {"a": 3, "b": 1, "c": 1}
    assert (north.direct["a"], north.fixed["a"]) == (2, 1)


ABROAD = {"north": {"a": 60, "b": 40}, "south": {"a": 40, "b": 60}, "abroad": {"b": 100}}


@pytest.mark.parametrize(
    ("seatless", "seats"), [("national", {"a": 2, "b": 2}), ("shared", {"a": 1, "b": 3})]
)
def test_votes_of_a_district_without_seats_are_shared_or_not(seatless: str, seats: dict[str, int]):
    rule = {"seats": 4, "districts": {**DHONDT, "seatless": seatless}}
    assert counted(rule, ABROAD, {**TWO, "abroad": 0}).seats == seats


def test_votes_abroad_count_for_the_national_level():
    rule = {"seats": 4, "threshold": {"level": "60%"}, "districts": DHONDT}
    assert counted(rule, ABROAD, {**TWO, "abroad": 0}).seats == {"a": 0, "b": 4}


@pytest.mark.parametrize(
    ("votes_from", "seats"),
    [("1%", {"a": 8, "b": 2, "c": 0, "d": 0}), ("4%", {"a": 9, "b": 1, "c": 0, "d": 0})],
)
def test_a_list_of_an_alliance_counts_from_one_share_and_wins_from_another(
    votes_from: str, seats: dict[str, int]
):
    """With d's 3 votes the alliance has 20 of 100 and two seats of ten; without them 17, and one."""
    levels = {"level": "10%", "votes_from": votes_from, "seats_from": "4%"}
    rule = {
        "seats": 10,
        "threshold": {"level": "20%", "alliances": levels},
        "allocation": DHONDT,
        "alliances": DHONDT,
    }
    allied = dict.fromkeys("bcd", "together")
    entries = tuple(
        Entry(name, votes, alliance=allied.get(name))
        for name, votes in zip("abcd", (80, 12, 5, 3), strict=True)
    )
    outcome = apply_rule(Rule.model_validate(rule), Ballot(entries))
    assert outcome.seats == seats
    assert outcome.admissions["d"].ground == (
        "counts for its alliance" if votes_from == "1%" else "below the level"
    )


def test_votes_for_an_alliance_as_such_are_shared_by_the_votes_of_its_lists_there():
    rule = {"seats": 3, "threshold": {"level": "1%", "alliances": {"level": "1%"}}, "districts": DHONDT}
    votes = {"north": {"a": 60, "b": 30, "c": 30}}
    allied = {"b": "bloc", "c": "bloc"}
    assert counted(rule, votes, {"north": 3}, allied).seats == {"a": 2, "b": 1, "c": 0}
    together = counted(rule, votes, {"north": 3}, allied, alliance_votes={"north": {"bloc": 4}})
    assert together.seats == {"a": 1, "b": 1, "c": 1}


def danish(waiver: Mapping[str, Any], placing: list[dict[str, Any]] | None = None, level: str = "40%") -> Any:
    return {
        "seats": 6,
        "threshold": {"level": level, **waiver},
        "districts": {**DHONDT, "threshold": False},
        "levelling": {"mode": "redistribute", "method": "hare", "placing": placing or []},
    }


WON_ONE = {"north": {"a": 61, "b": 60}, "south": {"a": 59}}


@pytest.mark.parametrize(
    ("waiver", "b"), [({}, 1), ({"or_district_seats": 1}, 2), ({"or_district_seats": 2}, 1)]
)
def test_a_seat_in_a_district_admits_to_the_levelling_seats(waiver: dict[str, int], b: int):
    assert counted(danish(waiver), WON_ONE, TWO).seats == {"a": 6 - b, "b": b}


@pytest.mark.parametrize(("regions", "b"), [(1, 3), (2, 3), (3, 2)])
def test_the_votes_of_an_average_seat_in_so_many_regions_admit(regions: int, b: int):
    """26 of 100 votes where 25 are a seat's, in two regions."""
    rule = danish({"or_regions_at_quota": regions}, level="50%") | {"seats": 10}
    votes = {"north": {"a": 74, "b": 26}, "south": {"a": 74, "b": 26}}
    outcome = counted(rule, votes, {"north": 4, "south": 4}, region={"north": "n", "south": "s"})
    assert outcome.seats == {"a": 10 - b, "b": b}


def test_levelling_seats_go_to_the_highest_quotient_and_those_without_a_place_are_said():
    step = {"where": "district", "method": "sainte-lague"}
    free = counted(danish({"or_district_seats": 1}, [step]), WON_ONE, TWO)
    assert by_district(free) == {"north": {"a": 2, "b": 2}, "south": {"a": 2}}
    assert free.unplaced == {}
    one_each = counted(danish({"or_district_seats": 1}, [{**step, "capacity": 1}]), WON_ONE, TWO)
    assert by_district(one_each) == {"north": {"a": 2, "b": 1}, "south": {"a": 2}}
    assert one_each.unplaced == {"b": 1}


def test_placing_compares_votes_shares_or_quotas():
    """a has 60 of 100 votes where there is one seat, 80 of 400 where there are five; it holds one in each."""
    votes = {"small": {"a": 60, "b": 40}, "large": {"a": 80, "b": 320}}
    size = {"small": 1, "large": 5}
    places: dict[str, dict[str, int]] = {}
    for compare in ("votes", "share", "quotas"):
        step = {"where": "district", "method": "dhondt", "compare": compare}
        rule = danish({}, [step], "1%") | {"seats": 9}
        outcome = counted(rule, votes, size)
        places[compare] = {p.name: p.levelling.get("a", 0) for p in outcome.districts}
    assert places["votes"] == {"small": 0, "large": 1}
    assert places["share"] == {"small": 1, "large": 0}
    assert places["quotas"] == {"small": 0, "large": 1}


def test_capacities_by_name_must_be_those_of_the_table():
    step = {"where": "district", "method": "dhondt", "capacity": {"north": 1, "soth": 1}}
    with pytest.raises(ConfigurationError) as caught:
        counted(danish({}, [step], "1%"), WON_ONE, TWO)
    assert "soth" in str(caught.value)
    assert "did you mean 'south'" in str(caught.value)
    assert "has no capacity" in str(caught.value)


def test_surplus_seats_go_back_at_the_lowest_quotient_to_the_next_in_turn_there():
    """a won four where three are its share: its quotient is lowest in the north (51/2), where c is next."""
    rule = {
        "seats": 7,
        "threshold": {"level": "1%"},
        "districts": DHONDT,
        "levelling": {
            "mode": "return",
            "method": "sainte-lague",
            "placing": [{"where": "district", "method": "sainte-lague"}],
        },
    }
    votes = {"north": {"a": 51, "b": 26, "c": 23}, "south": {"a": 52, "b": 25, "c": 23}}
    outcome = counted(rule, votes, {"north": 3, "south": 3})
    north, south = outcome.districts
    assert outcome.seats == {"a": 3, "b": 2, "c": 2}
    assert {name: north.fixed[name] for name in "abc"} == {"a": 1, "b": 1, "c": 1}
    assert by_district(outcome)["south"] == {"a": 2, "b": 1, "c": 1}
    assert south.levelling == {"c": 1}
    kept = counted(
        rule | {"levelling": {**rule["levelling"], "mode": "redistribute"}}, votes, {"north": 3, "south": 3}
    )
    assert kept.seats["a"] == 4


def test_equal_quotients_of_seats_given_back_are_a_tie_of_their_places():
    """a won both seats where one is its share, with the same votes in both districts."""
    there = {"a": 6, "b": 5, "c": 4}
    rule = {
        "seats": 2,
        "threshold": {"level": "1%"},
        "districts": DHONDT,
        "levelling": {"mode": "return", "method": "sainte-lague"},
    }
    outcome = counted(rule, {"north": there, "south": there}, {"north": 1, "south": 1})
    assert outcome.seats == {"a": 1, "b": 1, "c": 0}
    assert [(tie.place, tie.lists, tie.provisional) for tie in outcome.ties] == [
        ("north, south", ("a",), True)
    ]


def test_national_totals_take_seats_from_the_smallest_remainders():
    rule = {
        "seats": 4,
        "allocation": {"method": "hare"},
        "districts": {"method": "hare", "national_totals": "smallest-remainders"},
    }
    votes = {"north": {"a": 60, "b": 40}, "south": {"a": 59, "b": 41}, "abroad": {"a": 100}}
    outcome = counted(rule, votes, {**TWO, "abroad": 0})
    assert outcome.seats == {"a": 3, "b": 1}
    assert by_district(outcome) == {"north": {"a": 2}, "south": {"a": 1, "b": 1}, "abroad": {}}


def test_each_list_divides_its_national_seats_among_the_districts_by_its_own_votes():
    """a has 5 of 8 nationally: by 60, 59 and 100 votes 1, 1 and 3 by Sainte-Laguë."""
    rule = {
        "seats": 8,
        "allocation": {"method": "sainte-lague"},
        "districts": {"method": "sainte-lague", "national_totals": "own-votes"},
    }
    votes = {"north": {"a": 60, "b": 80}, "south": {"a": 59, "b": 41}, "west": {"a": 100}}
    outcome = counted(rule, votes, {})
    assert outcome.seats == {"a": 5, "b": 3}
    assert by_district(outcome) == {"north": {"a": 1, "b": 2}, "south": {"a": 1, "b": 1}, "west": {"a": 3}}


def test_seats_apart_are_divided_nationally_whatever_is_held():
    rule = {
        "seats": 3,
        "allocation": {"method": "hare-rounded-up"},
        "levelling": {"mode": "apart"},
        "districts": {"method": "hare"},
    }
    outcome = counted(rule, {"north": {"a": 60, "b": 40}}, {"north": 2})
    assert outcome.seats == {"a": 2, "b": 1}
    assert outcome.unplaced == {"a": 1}


def test_a_tie_in_a_district_is_named_with_it():
    outcome = counted({"seats": 1, "districts": DHONDT}, {"north": {"a": 50, "b": 50}}, {"north": 1})
    (tie,) = outcome.ties
    assert (tie.place, set(tie.lists), tie.seats) == ("north", {"a", "b"}, 1)


ROWS = ("north,2,n,red,60", "north,2,n,blue,40", "south,2,s,red,70", "south,2,s,blue,30")
TABLE = "".join(f"{row}\n" for row in ("district,seats,region,party,votes", *ROWS))


def election_with(folder: Path, table: str, rule: Mapping[str, Any]) -> Election:
    """An election of two lists whose rule has this table by district."""
    file = folder / "districts.csv"
    file.write_text(table, encoding="utf-8")
    parties = [{"id": "red", "name": "Red"}, {"id": "blue", "name": "Blue"}]
    law = {**rule, "districts": {**rule["districts"], "table": str(file)}}
    facts = {"id": "ruritania", "name": "Ruritania", "date": "2030-01-06"}
    return Election.model_validate({"election": facts, "parties": parties, "rule": law})


def test_votes_of_a_table_are_added_up_where_no_result_is_named(tmp_path: Path):
    ready = read_count(election_with(tmp_path, TABLE, {"seats": 4, "districts": DHONDT}))
    assert {entry.id: entry.votes for entry in ready.ballot.entries} == {"red": 130, "blue": 70}


@pytest.mark.parametrize(
    ("table", "rule", "said"),
    [
        (TABLE, {"seats": 5}, "they add up to 4, and rule.seats = 5; correct one of the two"),
        (TABLE.replace("2,n", ",n"), {"seats": 4}, "missing for north"),
        (
            TABLE.replace(",n,", ",,"),
            {"seats": 4, "districts": {**DHONDT, "local_threshold": {"level": "3%", "of": "region"}}},
            'local_threshold.of = "region"',
        ),
        (TABLE.replace("blue,40", "bleu,40"), {"seats": 4}, "did you mean 'blue'"),
        (
            TABLE.replace("north,2,n,blue", "north,3,n,blue"),
            {"seats": 4},
            "another row of the district says 2",
        ),
        (
            TABLE.replace("north,2,n,blue", "north,2,s,blue"),
            {"seats": 4},
            "another row of the district says 'n'",
        ),
        (TABLE + "south,2,s,blue,1\n", {"seats": 4}, "'blue' has a row in south already"),
        (
            TABLE.replace("70", "0").replace("30", "0"),
            {"seats": 4},
            "has 2 seats and nobody has a vote there",
        ),
        (TABLE.replace(",40", ","), {"seats": 4}, "leave the row out where it did not stand"),
        (
            TABLE,
            {"seats": 4, "districts": {**DHONDT, "local_threshold": {"level": "3%", "base": "registered"}}},
            "column registered",
        ),
    ],
)
def test_a_table_that_cannot_be_counted_is_refused_with_what_is_wrong(
    tmp_path: Path, table: str, rule: dict[str, Any], said: str
):
    with pytest.raises(PollDataError) as caught:
        read_count(election_with(tmp_path, table, {"districts": DHONDT, **rule}))
    assert said in str(caught.value)


def test_all_faults_of_a_table_are_said_at_once(tmp_path: Path):
    table = TABLE.replace("blue,40", "bleu,40").replace("red,70", "red,many")
    with pytest.raises(PollDataError) as caught:
        read_count(election_with(tmp_path, table, {"seats": 4, "districts": DHONDT}))
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("name", ["norway-2021", "spain-2019-04", "denmark-2015"])
def test_the_last_seat_of_a_district_changes_hands_with_so_many_votes_and_not_with_one_less(
    name: str, root: Path
):
    election = load_election(root / "configs" / f"{name}.toml")
    ballot = read_count(election).ballot
    outcome = apply_rule(election.rule, ballot)
    found = last_seats(election.rule, ballot, outcome)
    assert len(found) == len(ballot.districts)
    before = {place.name: place.fixed for place in outcome.districts}
    for place in list(found)[::3]:
        best = found[place]
        for extra, gained in ((best.votes, best.gains), (best.votes - 1, 0)):
            after = apply_rule(election.rule, _with(ballot, place, best.list, extra))
            fixed = next(there.fixed for there in after.districts if there.name == place)
            assert fixed.get(best.list, 0) - before[place].get(best.list, 0) == gained, place


def _with(ballot: Ballot, place: str, name: str, extra: int) -> Ballot:
    """The ballot with so many more votes for a list in one district."""

    def more(district: District) -> District:
        votes = {**district.votes, name: district.votes[name] + extra}
        return replace(district, votes=votes, valid_votes=district.valid + extra)

    districts = tuple(more(there) if there.name == place else there for there in ballot.districts)
    entries = tuple(
        entry._replace(votes=entry.votes + extra) if entry.id == name else entry for entry in ballot.entries
    )
    return replace(ballot, districts=districts, entries=entries, valid_votes=ballot.valid + extra)


def test_a_level_on_a_quota_is_one_seat_of_the_district():
    rule = {"seats": 10, "districts": {**DHONDT, "local_threshold": {"level": "quota"}}}
    assert Rule.model_validate(rule).districts is not None
    won = counted(rule, {"north": {"a": 90, "b": 10}}, {"north": 10}).seats["b"]
    lost = counted(rule, {"north": {"a": 91, "b": 9}}, {"north": 10}).seats["b"]
    assert (won, lost) == (1, 0)
    assert Fraction(1, 10) > Fraction(9, 100)


@pytest.mark.parametrize(("places", "b"), [(1, 1), (2, 1), (3, 0)])
def test_a_share_in_so_many_districts_admits_a_list(places: int, b: int):
    threshold = {"level": "40%", "or_district_share": "20%", "share_in_districts": places}
    votes = {"north": {"a": 80, "b": 20}, "south": {"a": 70, "b": 30}, "west": {"a": 90, "b": 10}}
    rule = {"seats": 15, "threshold": threshold, "districts": DHONDT}
    outcome = counted(rule, votes, dict.fromkeys(votes, 5))
    assert (outcome.admissions["b"].ground == "district share") == bool(b)
    assert (outcome.seats["b"] > 0) == bool(b)


def romanian(kinds: Mapping[str, Kind]) -> Outcome:
    """Ten seats in two districts by whole quotas of 100 votes, the rest by D'Hondt on what is left."""
    votes = {"north": {"a": 260, "b": 150, "c": 90}, "south": {"a": 380, "b": 50, "c": 70}}
    entries = tuple(
        Entry(name, sum(there[name] for there in votes.values()), kind=kinds.get(name, "party"))
        for name in ("a", "b", "c")
    )
    districts = tuple(District(name, there, seats=5) for name, there in votes.items())
    rule = {"seats": 10, "districts": {"method": "hare-rounded-down", "leftover": "dhondt"}}
    return apply_rule(Rule.model_validate(rule), Ballot(entries, districts=districts))


def test_independents_have_a_part_in_the_quota_of_a_district_and_none_in_what_is_left():
    assert romanian({}).seats == {"a": 6, "b": 2, "c": 2}  # left: 140, 100 and 160 votes for four seats
    assert romanian({"c": "independent"}).seats == {"a": 7, "b": 3, "c": 0}
