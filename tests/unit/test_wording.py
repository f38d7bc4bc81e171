"""Rules in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from forecast.election import Rule
from forecast.election.methods import METHODS
from forecast.words.law_in_words import rule_in_words


def words(**tables: Any) -> str:
    return " ".join(
        rule_in_words(Rule.model_validate({"seats": 10, "allocation": {"method": "dhondt"}} | tables))
    )


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({}, "Every list takes part."),
        (
            {"ties": "registration"},
            "Equal claims go to the list that stands earlier in the file (order of registration).",
        ),
        ({"ties": "lot"}, "Equal claims go by a lot among all that are equal still."),
        (
            {"ties": ["fewest-votes", "precincts"]},
            "Equal claims go first to the list with fewer votes, then to the list that won more precincts",
        ),
        ({"threshold": {"level": "4%", "strict": True}}, "more than 4% of the valid votes"),
        ({"threshold": {"level": "quota"}}, "at least one seat's worth (1 / seats)"),
        ({"threshold": {"level": "5%", "base": "cast"}}, "5% of the ballots cast, invalid ones included"),
        ({"threshold": {"level": "5%", "by_members": {2: "8%"}}}, "coalition of 2 or more parties needs 8%"),
        ({"threshold": {"level": "5%", "by_kind": {"minority": 0}}}, "Minority lists are exempt"),
        ({"threshold": {"level": "5%", "or_direct_seats": 3}}, "3 constituencies won admit a list"),
        ({"threshold": {"level": "5%", "or_regional_share": "12%"}}, "12% in one region"),
        ({"threshold": {"level": "5%", "min_lists": 2}}, "At least 2 lists are admitted"),
        ({"threshold": {"level": "5%", "min_joint_share": "60%"}}, "until they hold 60%"),
        ({"threshold": {"level": "5%", "nobody": {"admit": 2}}}, "the 2 largest take part"),
        ({"threshold": {"level": "5%", "nobody": {"lower_to": "3%"}}}, "the level falls to 3%"),
        ({"allocation": {"method": "power-0.9"}}, "divisors n^0.9"),
        ({"allocation": {"method": "sequence", "divisors": [1, 3]}}, "divisors 1, 3, ..."),
        ({"allocation": {"method": "hare", "quota_of": "valid"}}, "of all valid votes"),
        ({"alliances": {"method": "dhondt"}}, "Lists of one alliance compete as one"),
        (
            {"alliances": {"method": "dhondt"}, "threshold": {"level": "3%"}},
            "A list below its own level takes no part, and its votes do not count for its alliance either.",
        ),
        ({"weights": {"minority": 1.35}}, "A vote counts 1.35 for minority lists"),
        ({"bonus": {"type": "fixed", "seats": 5}}, "gets 5 seats as a bonus"),
        ({"cap": {"seats": 6}}, "No list gets more than 6 seats"),
        ({"levelling": {"mode": "keep"}}, "the house grows"),
        ({"levelling": {"deduct_unadmitted": True}}, "taken off the pool"),
    ],
)
def test_every_part_of_a_rule_is_said(tables: dict[str, Any], said: str) -> None:
    assert said in words(**tables)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_has_words(method: str) -> None:
    given = {"power": {"power": "0.9"}, "sequence": {"divisors": [1, 3]}}.get(method, {})
    assert "Seats are divided nationally by " in words(allocation={"method": method, **given})
