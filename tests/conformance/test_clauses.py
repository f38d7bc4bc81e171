"""Clauses of laws against the official counts that they decide.

Files of ``shared/cases/counts`` say their law as far as older keys went; the clause itself is set here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.election import load_election
from forecast.election.rule import Rule
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.counts import count
from forecast.rules.reference import apply_rule
from tests.counts import ROOT

KOREA = 'rule.levelling={mode="part", part="1/2", house=300}'
OUTSIDERS = "parties.newfuture.direct_seats=2"
"""One seat of New Future, one of the Progressive Party: of parties that take no part."""
ITALY = 'rule.threshold.alliances={level="10%", votes_from="1%", seats_from="3%"}'


@pytest.mark.parametrize(
    ("name", "settings", "seats"),
    [
        ("italy-2022-list", [ITALY], [69, 23, 22, 0, 57, 11, 0, 0, 41, 21, 1, 0, 0]),
        ("geometric-divisors", [], [5, 4, 4, 4, 3, 3, 3, 2, 1, 1]),
        ("korea-2024-list", [KOREA, "parties.reform.direct_seats=1", OUTSIDERS], [18, 14, 12, 2, 0, 0, 0]),
        ("north-rhine-westphalia-2022", ['rule.levelling.parity="odd"'], [76, 56, 39, 12, 12]),
        ("majority-clause", ['rule.majority={seat="moved"}'], [8, 3, 2, 1, 1]),
        ("alliance-in-alliance", [f'parties.p1-{n}.sub_alliance="p1"' for n in (1, 2)], [2, 0, 1, 2]),
        ("alliance", [], [3, 1, 1]),
        ("no-alliance", [], [4, 1, 0]),
    ],
)
def test_a_clause_gives_the_seats_of_the_official_count(
    shared: Path, name: str, settings: list[str], seats: list[int]
) -> None:
    election = load_election(shared / "cases" / "counts" / name / "election.toml", settings)
    outcome = count(election)
    assert [outcome.seats[party.id] for party in election.parties] == seats
    assert not [tie for tie in outcome.ties if tie.provisional]


@pytest.mark.parametrize(
    ("name", "lists", "at_stake", "sure"),
    [
        ("lot-among-three", ("l1", "l2", "l3"), 1, {"l1": 2, "l2": 5, "l3": 1}),
        ("tie-lot", ("a", "b", "d", "e"), 2, {"a": 2, "b": 7, "c": 15, "d": 2, "e": 22}),
    ],
)
def test_a_lot_among_unequal_votes_is_left_open_with_its_lists(
    shared: Path, name: str, lists: tuple[str, ...], at_stake: int, sure: dict[str, int]
) -> None:
    outcome = count(load_election(shared / "cases" / "counts" / name / "election.toml"))
    (tie,) = outcome.ties
    assert (tie.lists, tie.seats, tie.decided_by, tie.provisional) == (lists, at_stake, "lot", True)
    assert {name: seats - (name in tie.won) for name, seats in outcome.seats.items()} == sure


def test_the_house_of_armenia_2018_grew_to_132_until_the_others_had_a_third() -> None:
    """Votes and seats recalled; kept because every list comes out, with all four seats of minorities for My
    Step (D'Hondt).
    """
    entries = (
        Entry("my-step", 884_864, "coalition", extra_seats=4),
        Entry("prosperous", 103_801),
        Entry("bright", 80_047),
        Entry("other", 187_856, "residual"),
    )
    election = load_election(ROOT / "configs" / "armenia-2021.toml")
    seats = apply_rule(election.rule, Ballot(entries)).seats
    assert list(seats.values()) == [88, 26, 18, 0]


def test_the_level_of_latvia_2022_is_of_envelopes_and_leaves_out_a_list_with_5_percent_of_the_ballots() -> (
    None
):
    """Centrālā vēlēšanu komisija, https://data.gov.lv/ and https://www.cvk.lv/: 903,639 valid ballots in
    914,022 valid envelopes; Attīstībai/Par! had no seat.
    """
    threshold = load_election(ROOT / "configs" / "latvia-2018.toml").rule.threshold
    assert threshold is not None
    ballot = Ballot((Entry("ap", 45_452), Entry("others", 858_187)), invalid_votes=10_383)
    for base, seats in (("cast", 0), ("valid", 5)):
        rule = Rule.model_validate(
            {
                "seats": 100,
                "threshold": threshold.model_copy(update={"base": base}),
                "allocation": {"method": "sainte-lague"},
            }
        )
        assert apply_rule(rule, ballot).seats["ap"] == seats


def test_the_first_district_of_north_macedonia_2020_has_its_seats() -> None:
    """State Election Commission, 25 July 2020, as told at https://mia.mk/: 20 seats by D'Hondt (Electoral
    Code, art. 127). No votes of the other five districts were found.
    """
    votes = {"sdsm": 54_000, "vmro": 50_564, "dui": 19_488, "aa-a": 14_337, "levica": 12_000}
    rule = Rule.model_validate({"seats": 20, "allocation": {"method": "dhondt"}})
    outcome = apply_rule(rule, Ballot(tuple(Entry(name, number) for name, number in votes.items())))
    assert list(outcome.seats.values()) == [8, 7, 2, 2, 1]


def test_the_largest_coalition_of_italy_2013_has_its_340_seats() -> None:
    """Shares of the Ministry, https://www.mainfatti.it/elezioni/ (Camera 2013); coalitions and lists with 10
    % and 4 %, 617 seats of the country without Aosta.
    """
    shares = {"csx": 2954, "cdx": 2918, "m5s": 2555, "monti": 1056}
    rule = Rule.model_validate(
        {
            "seats": 617,
            "bonus": {"type": "at-least", "seats": 340},
            "allocation": {"method": "hare"},
        }
    )
    outcome = apply_rule(rule, Ballot(tuple(Entry(name, votes) for name, votes in shares.items()), 10_000))
    assert list(outcome.seats.values()) == [340, 124, 108, 45]
