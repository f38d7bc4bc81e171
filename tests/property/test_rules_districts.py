"""What must hold of seats by district whatever the votes: random laws, districts, votes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forecast.election.rule import Rule
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.outcome import Outcome
from forecast.rules.reference import apply_rule

LISTS = ("a", "b", "c", "d")
PLACING = {"where": "district", "method": "sainte-lague"}
LEVELLINGS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"mode": "redistribute", "method": "sainte-lague", "placing": [PLACING]},
    {"mode": "redistribute", "method": "hare", "placing": [{**PLACING, "compare": "quotas"}]},
    {"mode": "return", "method": "sainte-lague-1.2", "placing": [PLACING]},
    {"mode": "start", "method": "dhondt", "placing": [{**PLACING, "compare": "share", "order": "national"}]},
    {"mode": "apart", "method": "hare"},
)


@st.composite
def elections(draw: st.DrawFn) -> tuple[Rule, Ballot]:
    """A law by district and votes for it: every list has votes in every district, so that no seat is void."""
    size = draw(st.integers(1, 5))
    votes = draw(
        st.lists(st.lists(st.integers(1, 400), min_size=4, max_size=4), min_size=size, max_size=size)
    )
    seats = draw(st.lists(st.integers(1, 6), min_size=size, max_size=size))
    levelling = draw(st.sampled_from(LEVELLINGS))
    extra = draw(st.integers(0, 6)) if levelling is not None else 0
    local = draw(st.sampled_from(({}, {"local_threshold": {"level": "20%", "waives_national": True}})))
    rule = {
        "seats": sum(seats) + extra,
        "threshold": {"level": draw(st.sampled_from(("0%", "10%", "20%")))},
        "districts": {
            "method": draw(st.sampled_from(("dhondt", "sainte-lague", "sainte-lague-1.4"))),
            **local,
        },
    }
    districts = tuple(
        District(f"d{number}", dict(zip(LISTS, there, strict=True)), seats=own)
        for number, (there, own) in enumerate(zip(votes, seats, strict=True))
    )
    entries = tuple(Entry(name, sum(district.votes[name] for district in districts)) for name in LISTS)
    law = rule if levelling is None else {**rule, "levelling": levelling}
    return Rule.model_validate(law), Ballot(entries, districts=districts)


def placed(outcome: Outcome) -> dict[str, int]:
    """Seats of each list over all districts, and those in none."""
    return {
        name: sum(place.of(name) for place in outcome.districts) + outcome.unplaced.get(name, 0)
        for name in outcome.seats
    }


@given(elections())
def test_seats_by_district_and_those_in_none_are_the_seats_of_each_list(election: tuple[Rule, Ballot]):
    outcome = apply_rule(*election)
    if not outcome.void:
        assert placed(outcome) == dict(outcome.seats)


@given(elections())
def test_the_house_has_its_seats_and_every_district_its_own(election: tuple[Rule, Ballot]):
    rule, ballot = election
    outcome = apply_rule(rule, ballot)
    if outcome.void:
        return
    mode = rule.levelling.mode if rule.levelling is not None else None
    assert sum(place.unfilled for place in outcome.districts) == 0 or mode == "return"
    if mode != "redistribute":
        assert outcome.house + outcome.unfilled == rule.seats
    assert outcome.house >= rule.seats - outcome.unfilled


@given(elections(), st.randoms(use_true_random=False))
def test_the_order_of_the_districts_changes_nothing_without_ties(election: tuple[Rule, Ballot], order: Any):
    rule, ballot = election
    outcome = apply_rule(rule, ballot)
    shuffled = list(ballot.districts)
    order.shuffle(shuffled)
    other = apply_rule(rule, replace(ballot, districts=tuple(shuffled)))
    if not outcome.ties:
        assert dict(other.seats) == dict(outcome.seats)
        for place in outcome.districts:
            (same,) = (there for there in other.districts if there.name == place.name)
            assert {n: same.of(n) for n in LISTS} == {n: place.of(n) for n in LISTS}


@given(elections())
def test_twice_the_votes_give_the_same_seats(election: tuple[Rule, Ballot]):
    rule, ballot = election
    doubled = Ballot(
        tuple(entry._replace(votes=2 * entry.votes) for entry in ballot.entries),
        districts=tuple(
            replace(place, votes={name: 2 * votes for name, votes in place.votes.items()})
            for place in ballot.districts
        ),
    )
    once, twice = apply_rule(rule, ballot), apply_rule(rule, doubled)
    assert dict(once.seats) == dict(twice.seats)
    assert [place.fixed for place in once.districts] == [place.fixed for place in twice.districts]


@given(elections(), st.integers(1, 300))
def test_votes_elsewhere_change_nothing_in_a_district_without_a_national_level(
    election: tuple[Rule, Ballot], more: int
):
    _, ballot = election
    law = Rule.model_validate(
        {"seats": sum(d.seats or 0 for d in ballot.districts), "districts": {"method": "dhondt"}}
    )
    first, *rest = ballot.districts
    grown = (first, *(replace(d, votes={**d.votes, "a": d.votes["a"] + more}) for d in rest))
    entries = tuple(e._replace(votes=sum(d.votes[e.id] for d in grown)) for e in ballot.entries)
    before = apply_rule(law, ballot).districts[0]
    after = apply_rule(law, replace(ballot, districts=grown, entries=entries)).districts[0]
    assert before.fixed == after.fixed
