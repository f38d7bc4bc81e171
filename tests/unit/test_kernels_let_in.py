"""Lists that the votes of districts let in, and independents of one district, in the core against the exact
count of the same whole votes: ties and lists at exactly their level among them.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.election import Rule
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.reference import apply_rule
from tests.unit.test_kernels_double_proportion import Case, in_the_core

INVALID, TURNOUT = 0.2, 0.5
"""With as many valid votes as four go into, invalid ballots and registered voters are whole numbers."""

SHARES = ("10%", "20%", "25%", "1/3", "50%")
LEVELS = ("0%", "5%", "20%", "25%", "50%", "100%")
LETS_IN: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"min_lists": 3},
    {"min_joint_share": "60%"},
    {"nobody": {"admit": 2}},
    {"nobody": {"lower_to": "2%"}},
    {"nobody": "void"},
    {"alliances": {"level": "20%"}},
    {"alliances": {"level": "40%", "votes_from": "4%", "seats_from": "10%"}},
)
DIVISIONS: tuple[dict[str, Any], ...] = (
    {"districts": {"method": "dhondt"}},
    {"districts": {"method": "hare", "seatless": "shared"}},
    {"districts": {"method": "sainte-lague", "seats": "by-votes"}},
    {"districts": {"method": "hare-rounded-down", "leftover": "dhondt"}},
    {"districts": {"method": "imperiali-rounded", "leftover": "hare"}},
    {
        "districts": {
            "method": "hare-rounded-down",
            "threshold": False,
            "leftover": "hare",
            "last_seats_from": "25%",
        },
    },
    {"districts": {"method": "droop", "leftover": "droop", "last_seats_from": "1/3"}},
    {
        "allocation": {"method": "dhondt"},
        "levelling": {"mode": "start"},
        "districts": {
            "method": "hare",
            "remainder": "rounded",
            "remainder_from": "75%",
            "leftover": "levelled",
            "threshold": False,
        },
    },
    {
        "allocation": {"method": "sainte-lague"},
        "levelling": {"mode": "redistribute"},
        "districts": {"method": "sainte-lague-1.4", "threshold": False},
    },
    {"districts": {"method": "dhondt", "local_threshold": {"level": "10%", "waives_national": True}}},
    {
        "allocation": {"method": "dhondt"},
        "levelling": {"mode": "apart"},
        "districts": {"method": "dhondt", "local_threshold": {"level": "10%"}},
    },
)


SETTLED = [
    division
    for division in DIVISIONS
    if division["districts"]["method"] in ("dhondt", "sainte-lague-1.4", "sainte-lague")
    and "seats" not in division["districts"]
]
"""Where equal claims may go by the votes in all districts."""


def random_case(seed: int, number: int) -> Case:
    """Few votes, so that many are equal, or thousands; independents stand in one district each."""
    random = np.random.default_rng(seed)
    lists, places = int(random.integers(3, 7)), int(random.integers(2, 6))
    sizes = random.integers(1, 9, places)
    stands = random.random((places, lists + 1)) > random.choice([0.0, 0.25, 0.5])
    stands[:, 0] = stands[:, -1] = True
    allied = ["", "", "a", "a", "b", "b"]
    facts: list[dict[str, Any]] = [{"alliance": str(random.choice(allied))} for _ in range(lists)]
    for k in range(1, lists):
        if random.random() < 0.3:
            facts[k] = {"kind": "independent", "alliance": ""}
            facts[k] |= {"max_seats": int(random.integers(0, 3))} if random.random() < 0.3 else {}
            stands[:, k] = np.arange(places) == random.integers(0, places)
    most = random.choice([8, 20, 5000])
    votes = random.integers(0, most, (number, places, lists + 1)) * stands
    votes[:, :, 0] += 1  # no district without votes
    votes[:, 0, -1] += -votes.sum((1, 2)) % 4
    threshold = {
        "level": str(random.choice(LEVELS)),
        "or_district_share": str(random.choice(SHARES)),
        "share_in_districts": int(random.integers(1, places + 1)),
        "strict": bool(random.random() < 0.3),
        "base": str(random.choice(["valid", "lists", "cast", "registered"])),
        **LETS_IN[random.integers(0, len(LETS_IN))],
    }
    if "alliances" not in threshold and random.random() < 0.6:
        threshold["by_kind"] = {"independent": 0}
    if "lower_to" in str(threshold.get("nobody")):
        threshold["level"] = "20%"
    division = DIVISIONS[random.integers(0, len(DIVISIONS))]
    ties = [
        ["registration"],
        ["votes", "registration"],
        ["fewest-votes", "registration"],
        ["national-votes", "registration"],
        ["national-votes", "fewest-votes", "registration"],
    ][random.integers(0, 5 if division in SETTLED else 3)]
    if division["districts"].get("seats"):
        ties = ["votes", "registration"]  # as equal districts are told apart
    levelled = 5 if "levelling" in division and division["levelling"]["mode"] != "start" else 0
    if division["districts"].get("seatless"):
        sizes[0] = max(sizes[0], 3)  # as many as a law may ask for lists
        sizes[-1] = 0  # votes shared in proportion are no whole numbers, which tie by rounding alone
        votes = votes * 211 + random.integers(0, 200, votes.shape) * (votes > 0)
        votes[:, 0, -1] += -votes.sum((1, 2)) % 4
    rule = {"seats": int(sizes.sum()) + levelled, "ties": ties, "threshold": threshold, **division}
    return Case(Rule.model_validate(rule), sizes, votes, stands, tuple(facts), INVALID, TURNOUT)


def ballot_of(case: Case, votes: np.ndarray) -> Ballot:
    total = votes.sum(0)
    entries = [Entry(name, int(total[k]), **case.facts[k]) for k, name in enumerate(case.lists)]
    entries.append(Entry("nobody", int(total[-1]), "none-of-the-above"))
    names = [*case.lists, "nobody"]
    districts = [
        District(f"d{d}", dict(zip(names, row.tolist(), strict=True)), seats=int(case.sizes[d]))
        for d, row in enumerate(votes)
    ]
    valid = Fraction(int(total.sum()))
    invalid, registered = valid / 4, valid * 5 / 2
    return Ballot(
        tuple(entries), invalid_votes=int(invalid), registered=int(registered), districts=tuple(districts)
    )


def assert_as_exactly(case: Case) -> Counter[str]:
    """Every draw has the seats of the exact count, by district too; on what grounds lists took part."""
    won, placed = in_the_core(case)
    grounds = Counter[str]()
    for i, votes in enumerate(case.votes):
        outcome = apply_rule(case.rule, ballot_of(case, votes))
        assert won[i].tolist() == [outcome.seats[name] for name in case.lists], (i, case)
        if not outcome.void:
            by_district = [[place.of(name) for name in case.lists] for place in outcome.districts]
            assert placed[i].tolist() == by_district
        grounds.update(outcome.admissions[name].ground for name in case.lists)
        grounds["independent"] += any(
            won[i, k] > 0 for k, known in enumerate(case.facts) if known.get("kind") == "independent"
        )
        grounds["void"] += outcome.void
    return grounds


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_whole_votes_let_in_whom_the_exact_count_lets_in(seed: int) -> None:
    assert_as_exactly(random_case(seed, 12))


@pytest.mark.slow
def test_a_hundred_thousand_random_ballots_let_in_whom_the_exact_count_lets_in() -> None:
    grounds = Counter[str]()
    for seed in range(500):
        grounds += assert_as_exactly(random_case(seed, 200))
    for ground in ("district share", "alliance", "next-largest", "nobody passed", "independent", "void"):
        assert grounds[ground] > 200, grounds
