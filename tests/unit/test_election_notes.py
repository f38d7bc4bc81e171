"""What is refused of an election file that could be read, and what is said of one that is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forecast.election import Election, load_election, parse_election
from forecast.election.notes import idle_keys, notes_on
from forecast.errors import ConfigurationError
from forecast.rules.ballot import Ballot, Entry
from forecast.sweeps.grid import Grid, parse_axes
from forecast.sweeps.sweep_of_votes import sweep_votes

Party = dict[str, Any]


def an_election(*parties: Party, **tables: Any) -> Election:
    rule = {"seats": 10, "allocation": {"method": "hare"}} | tables.pop("rule", {})
    listed = [{"id": f"p{k}", "name": f"Party {k}"} | party for k, party in enumerate(parties or ({}, {}))]
    return parse_election(
        {
            "election": {"id": "x", "name": "X", "date": "2030-01-06"},
            "parties": listed,
            "rule": rule,
            **tables,
        }
    )


def refused(*parties: Party, **tables: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        an_election(*parties, **tables)
    return str(caught.value)


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "\u00ad"])
def test_a_party_whose_name_nobody_can_see_is_refused(name: str) -> None:
    assert "parties.p0.name" in refused({"name": name}, {})
    assert "the text is empty" in refused({"name": name}, {})


def test_elections_coalitions_and_events_have_names_that_can_be_seen_too() -> None:
    coalition = {"id": "c", "name": "", "parties": ["p0"]}
    event = {"id": "e", "name": " ", "all": [{"enters": "p0"}]}
    said = refused(coalitions=[coalition], events=[event])
    assert "coalitions.c.name" in said
    assert "events.e.name" in said
    with pytest.raises(ConfigurationError, match=r"election\.name"):
        parse_election({"election": {"id": "x", "name": "", "date": "2030-01-06"}, "parties": [], "rule": {}})


@pytest.mark.parametrize(
    "second",
    [
        {"name": "Party 0"},
        {"name": "party-0"},
        {"name": "p0"},
        {"short": "Party 0"},
        {"short": "P0"},
        {"names": {"en": "Party 0"}},
        {"aliases": ["PARTY 0"]},
        {"merged_from": ["Party_0"]},
    ],
    ids=str,
)
def test_a_name_means_one_party_under_whatever_key_it_stands(second: Party) -> None:
    """A column of polls, or a row of votes, with this name would go to one of the two without a word."""
    assert "this name already means 'p0'; keep it in one place" in refused({}, second)


def test_a_party_may_say_its_own_name_as_often_as_it_likes() -> None:
    an_election(
        {"short": "Party 0", "names": {"en": "Party 0", "ru": "Партия"}, "aliases": ["party 0", "P0"]}, {}
    )


@pytest.mark.parametrize("part", ["p0", "Party 0", "Old name"])
def test_a_party_is_none_of_its_own_parts(part: str) -> None:
    said = refused({"aliases": ["Old name"], "merged_from": ["Another", part]}, {})
    assert f'parties.p0.merged_from = "{part}": the party itself is none of its parts' in said


def test_two_coalitions_or_events_of_one_name_are_refused() -> None:
    coalitions = [{"id": name, "name": "Left", "parties": [name]} for name in ("p0", "p1")]
    assert "this is the name of coalitions[0]; choose another" in refused(coalitions=coalitions)
    events = [{"id": name, "name": "In", "all": [{"enters": name}]} for name in ("p0", "p1")]
    assert "this is the name of events[0]; choose another" in refused(events=events)


@pytest.mark.parametrize(
    ("parties", "rule", "said"),
    [
        (
            ({"min_seats": 11}, {}),
            {},
            "parties.p0.min_seats = 11: more seats than the 10 that the rule hands out",
        ),
        (({"min_seats": 6}, {"min_seats": 5}), {}, "min_seats of all parties together are more than the 10"),
        (
            ({"direct_seats": 11}, {}),
            {"levelling": {"mode": "keep"}},
            "parties.p0.direct_seats = 11: more seats",
        ),
        (
            ({"direct_seats": 6}, {"direct_seats": 5}),
            {"levelling": {"mode": "redistribute"}},
            "direct_seats of all parties together are more than the 10",
        ),
        (
            ({"extra_seats": 2147483648}, {}),
            {},
            "parties.p0.extra_seats = 2147483648: a house of at most 100000",
        ),
        (({"last_seats": 100001}, {}), {}, "parties.p0.last_seats = 100001: a house of at most 100000"),
        (({}, {}), {"cap": {"seats": 100001}}, "rule.cap.seats = 100001: a house of at most 100000"),
        (
            ({}, {}),
            {"levelling": {"mode": "keep", "start_seats": 2147483648}},
            "rule.levelling.start_seats = 2147483648: a house of at most 100000",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_more_seats_of_its_own_than_the_house_has_are_refused(
    parties: tuple[Party, ...], rule: dict[str, Any], said: str
) -> None:
    assert said in refused(*parties, rule=rule)


def test_a_sweep_over_houses_smaller_than_the_seats_held_is_refused() -> None:
    election = an_election({"min_seats": 6}, {"min_seats": 3}, rule={"levelling": {"mode": "keep"}})
    grid = Grid.of(election.rule, parse_axes(vary=["rule.seats=8,10"]))
    ballot = Ballot((Entry("p0", 50, min_seats=6), Entry("p1", 50, min_seats=3)))
    with pytest.raises(ConfigurationError, match="take this house out of the sweep") as caught:
        sweep_votes(election, ballot, grid)
    assert "rule.seats = 8: min_seats = 9" in str(caught.value)


def test_seats_of_its_own_within_the_house_are_taken() -> None:
    an_election({"min_seats": 10}, {}, rule={"alliances": {"method": "hare"}})
    an_election(
        {"direct_seats": 12}, {}, rule={"levelling": {"mode": "level", "start_seats": 12, "method": "dhondt"}}
    )
    # Constituencies of another tier, which only admit a list: any number of them.
    an_election({"direct_seats": 90}, {}, rule={"threshold": {"level": "3%", "or_direct_seats": 5}})


def test_seats_of_a_larger_chamber_are_taken_and_it_is_said_what_a_majority_is_of() -> None:
    (said,) = notes_on(an_election({"extra_seats": 38}, {}))
    assert said == (
        "Party 0 has 38 seats of its own (extra_seats), more than the 10 that the rule hands out; a "
        "majority is counted of all seats together"
    )
    assert notes_on(an_election({"extra_seats": 10}, {})) == []


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        ({"context": "5%"}, "are 20 times narrower than elsewhere"),
        ({"context": 25}, "are 25 times as wide as elsewhere"),
        ({"undecided_spread": 3}, "among the undecided a party may have many times its share"),
    ],
    ids=str,
)
def test_a_factor_that_is_hardly_meant_is_said_with_what_follows(estimate: dict[str, Any], said: str) -> None:
    (note,) = notes_on(an_election(estimate=estimate))
    assert said in note


def test_usual_factors_are_not_spoken_of() -> None:
    for context in ("0.5", 1, 2.5, 5):
        assert notes_on(an_election(estimate={"context": context, "undecided_spread": 0.5})) == []


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        ({"context": 9223372036854775808}, "estimate.context = 9223372036854775808: a factor on the error"),
        ({"undecided_spread": 50}, "estimate.undecided_spread = 50: a standard deviation on log shares"),
    ],
    ids=str,
)
def test_a_factor_with_which_nothing_can_be_drawn_is_refused(estimate: dict[str, Any], said: str) -> None:
    assert said in refused(estimate=estimate)


def test_last_results_of_more_than_all_votes_and_a_threshold_for_hardly_anyone_are_said() -> None:
    results = ({"last_result": "55%"}, {"last_result": "48%"})
    assert notes_on(an_election(*results)) == [
        "the last_result of all parties add up to 103.0%: one of them is a slip"
    ]
    assert notes_on(an_election({"last_result": "55%"}, {"last_result": "46%"})) == []
    (said,) = notes_on(an_election(rule={"threshold": {"level": "50%"}}))
    assert said == "rule.threshold.level = 50%: only lists with so many votes take part"


ALLIES = ({"alliance": "left"}, {"alliance": "left"}, {})


@pytest.mark.parametrize(
    ("parties", "rule", "key", "graver"),
    [
        (ALLIES, {}, "parties.p0.alliance", True),
        (({"alliance": "left"}, {}), {"alliances": {"method": "hare"}}, "parties.p0.alliance", False),
        (({}, {}), {"alliances": {"method": "hare"}}, "rule.alliances", False),
        (({"min_seats": 2}, {}), {}, "parties.p0.min_seats", True),
        (({"direct_seats": 2}, {}), {}, "parties.p0.direct_seats", False),
        (({"members": 3, "kind": "coalition"}, {}), {}, "parties.p0.members", False),
        (({"best_region_share": "9%"}, {}), {}, "parties.p0.best_region_share", False),
        (({}, {}), {"threshold": {"by_kind": {"minority": 0}}}, "rule.threshold.by_kind.minority", False),
        (({}, {}), {"threshold": {"by_members": {2: "7%"}}}, "rule.threshold.by_members.2", False),
        (({}, {}), {"threshold": {"or_direct_seats": 1}}, "rule.threshold.or_direct_seats", False),
        (({}, {}), {"threshold": {"or_regional_share": "9%"}}, "rule.threshold.or_regional_share", False),
        (({}, {}), {"weights": {"minority": 1.35}}, "rule.weights.minority", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_key_that_changes_nothing_is_named(
    parties: tuple[Party, ...], rule: dict[str, Any], key: str, graver: bool
) -> None:
    election = an_election(*parties, rule=rule)
    found = {idle.path: idle.graver for idle in idle_keys(election)}
    assert found[key] is graver
    assert any(note.startswith(f"{key} changes nothing") for note in notes_on(election)) is graver


@pytest.mark.parametrize(
    ("parties", "rule"),
    [
        (ALLIES, {"alliances": {"method": "hare"}}),
        (({"min_seats": 2}, {}), {"levelling": {"mode": "keep"}}),
        (({"min_seats": 2, "alliance": "a"}, {"alliance": "a"}), {"alliances": {"method": "hare"}}),
        (({"direct_seats": 2}, {}), {"cap": {"share_factor": 1.25, "house": 20}}),
        (({"direct_seats": 2}, {}), {"threshold": {"level": "5%", "or_direct_seats": 2}}),
        (({"members": 2}, {}), {"threshold": {"level": "5%", "by_members": {2: "7%"}}}),
        (({"kind": "minority"}, {}), {"threshold": {"level": "5%", "by_kind": {"minority": 0}}}),
    ],
)
def test_keys_that_count_are_not_named(parties: tuple[Party, ...], rule: dict[str, Any]) -> None:
    assert idle_keys(an_election(*parties, rule=rule)) == []


def test_the_election_files_of_the_project_say_nothing_that_is_not_meant(root: Path) -> None:
    for config in sorted((root / "configs").glob("*.toml")):
        assert notes_on(load_election(config)) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("name-empty", 'parties.auyl.name = "": the text is empty'),
        ("name-twice", "parties.auyl.name = \"Amanat\": this name already means 'amanat'"),
        ("merged-self", 'parties.auyl.merged_from = "auyl": the party itself is none of its parts'),
        ("context-huge", "estimate.context = 9223372036854775808: a factor"),
        ("extra-2e9", "parties.auyl.extra_seats = 2147483648: a house of at most 100000 seats"),
        ("min-1e6", "parties.auyl.min_seats = 1000000: a house of at most 100000 seats"),
        ("seats-1e6", "rule.seats = 1000000: a house of at most 100000 seats"),
    ],
)
def test_the_malformed_files_outside_the_project_are_refused(shared: Path, name: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_election(shared / "cases" / "malformed" / f"{name}.toml")
    assert said in str(caught.value)


def test_a_factor_written_as_a_percentage_outside_the_project_is_said(shared: Path) -> None:
    (said,) = notes_on(load_election(shared / "cases" / "malformed" / "context-5pct.toml"))
    assert "estimate.context = 0.05 is a factor" in said
    assert "20 times narrower" in said
