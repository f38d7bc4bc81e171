"""A rule as it is written: what is accepted, and what a contradiction is answered with."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from forecast.election.rule import AdmitLargest, LowerTo, Rule
from tests.counts import rule_of


def refused(rule: dict[str, Any]) -> str:
    """The messages that a rule is refused with."""
    with pytest.raises(ValidationError) as caught:
        Rule.model_validate(rule)
    return "; ".join(str(detail["msg"]) for detail in caught.value.errors())


def with_parts(**parts: Any) -> dict[str, Any]:
    return {"seats": 10, "allocation": {"method": "dhondt"}} | parts


def test_decimals_and_percentages_are_exact():
    rule = rule_of(10, threshold={"level": Decimal("0.05"), "by_members": {"2": "7%", "3": "0.11"}})
    assert rule.threshold is not None
    assert rule.threshold.level == Fraction(1, 20)
    assert rule.threshold.by_members == {2: Fraction(7, 100), 3: Fraction(11, 100)}


def test_a_quota_method_takes_the_largest_remainders_of_the_admitted_by_default():
    rule = rule_of(10, "hare")
    assert rule.allocation is not None
    assert (rule.allocation.remainder, rule.allocation.quota_of) == ("largest", "admitted")


def test_a_power_may_be_written_in_the_name_of_the_method():
    rule = rule_of(10, "power-0.9")
    assert rule.allocation is not None
    assert (rule.allocation.method, rule.allocation.power) == ("power", Fraction(9, 10))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("void", "void"),
        ({"admit": 2}, AdmitLargest(admit=2)),
        ({"lower_to": "3%"}, LowerTo(lower_to=Fraction(3, 100))),
    ],
)
def test_what_happens_when_nobody_passes_is_one_of_three_things(written, read):
    rule = rule_of(10, threshold={"level": "5%", "nobody": written})
    assert rule.threshold is not None
    assert rule.threshold.nobody == read


def test_a_rule_written_out_reads_back_as_the_same_rule():
    rule = rule_of(
        300,
        threshold={"level": "3%", "by_kind": {"minority": 0, "independent": "quota"}, "nobody": {"admit": 1}},
        bonus={"type": "graded", "from": "25%", "base": 20, "step": "0.5%", "max": 50},
        weights={"minority": "1.35"},
    )
    assert Rule.model_validate_json(rule.model_dump_json(by_alias=True, exclude_none=True)) == rule


def test_a_rule_cannot_be_changed_in_place():
    rule = rule_of(10)
    with pytest.raises(ValidationError):
        rule.seats = 11  # pyrefly: ignore[read-only]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"seats": 10}, "the rule needs [rule.allocation] with a method"),
        ({"seats": 0, "allocation": {"method": "hare"}}, "at least 1 seat"),
        ({"seats": True, "allocation": {"method": "hare"}}, "a whole number is expected"),
        ({"seats": 10**9, "allocation": {"method": "hare"}}, "at most 100000 seats"),
        (with_parts(allocation={"method": "dhont"}), "did you mean 'dhondt'?"),
        (with_parts(allocation={"method": "Sainte-Lague"}), "did you mean 'sainte-lague'?"),
        (
            with_parts(allocation={"method": "dhondt", "remainder": "largest"}),
            "remainder belongs to quota methods",
        ),
        (
            with_parts(allocation={"method": "dhondt", "quota_of": "valid"}),
            "quota_of belongs to quota methods",
        ),
        (with_parts(allocation={"method": "hare", "remainder_seats": 5}), "remainder_seats go together"),
        (
            with_parts(allocation={"method": "hare", "remainder": "largest-then-average"}),
            "remainder_seats go together",
        ),
        (with_parts(allocation={"method": "sequence"}), 'method "sequence" needs divisors'),
        (with_parts(allocation={"method": "sequence", "divisors": [1, 1]}), "divisors must grow"),
        (with_parts(allocation={"method": "sequence", "divisors": [1]}), "at least two divisors"),
        (
            with_parts(allocation={"method": "hare", "divisors": [1, 3]}),
            'divisors belongs to method "sequence"',
        ),
        (with_parts(allocation={"method": "power"}), 'method "power" needs power'),
        (with_parts(allocation={"method": "power", "power": -1}), "a power lies above 0"),
        (with_parts(allocation={"method": "power-0.9", "power": "0.8"}), "the power is given twice"),
        (with_parts(allocation="dhondt"), "a table is expected with the keys method"),
        (with_parts(threshold={"level": 5}), 'did you mean "5%"?'),
        (with_parts(threshold={"level": "five"}), 'the word "quota"'),
        (with_parts(threshold={"base": "vald"}), "did you mean 'valid'?"),
        (with_parts(threshold={"by_members": {"1": "5%"}}), "at least 2 members"),
        (with_parts(threshold={"by_kind": {"residual": 0}}), "no such kind of list that can win seats"),
        (with_parts(threshold={"or_direct_seats": 0}), "at least 1"),
        (with_parts(threshold={"strict": "maybe"}), "true or false"),
        (with_parts(threshold={"runner_up_factor": "0.7"}), "needs min_lists or min_joint_share"),
        (with_parts(threshold={"min_lists": 2, "runner_up_factor": 7}), "between 0 and 1"),
        (with_parts(threshold={"nobody": "nothing"}), 'write "void"'),
        (with_parts(threshold={"nobody": {"admit": 0}}), "at least 1"),
        (
            with_parts(threshold={"level": "3%", "nobody": {"lower_to": "5%"}}),
            "must be below threshold.level",
        ),
        (with_parts(threshold={"min_lists": 11}), "larger than the number of seats"),
        (with_parts(bonus={"type": "fixed"}), "a fixed bonus needs seats"),
        (with_parts(bonus={"type": "fixed", "seats": 5, "from": "25%"}), "leave out from"),
        (with_parts(bonus={"type": "graded", "base": 1, "step": "1%", "max": 5}), "from missing"),
        (
            with_parts(bonus={"type": "graded", "from": "25%", "base": 1, "step": 0, "max": 5}),
            "a step above 0",
        ),
        (with_parts(bonus={"type": "fixed", "seats": 11}), "the bonus is larger than the number of seats"),
        (with_parts(cap={}), "a cap needs seats"),
        (with_parts(cap={"share_factor": "1.25"}), "share_factor or share_plus, and house go together"),
        (with_parts(cap={"share_factor": 0, "house": 10}), "share_factor must be above 0"),
        (with_parts(weights={"minority": 0}), "a weight must be above 0"),
        (with_parts(levelling={}), "levelling needs a mode"),
        (with_parts(levelling={"mode": "keep", "start_seats": 10}), 'start_seats belongs to mode = "level"'),
        (with_parts(levelling={"mode": "keep", "method": "power"}), "under rule.allocation"),
        (with_parts(allocation={"method": "hare"}, levelling={"mode": "start"}), "needs a divisor method"),
        (
            with_parts(levelling={"mode": "level"}, cap={"seats": 3}),
            "does not go with alliances, a bonus or a cap",
        ),
        (with_parts(districts={"method": "dhondt"}), "districts divide all seats"),
        (
            {"seats": 10, "districts": {"method": "dhondt", "leftover": "hagenbach-bischoff-rounded"}},
            "needs a quota method",
        ),
        (
            {"seats": 10, "districts": {"method": "dhondt"}, "cap": {"seats": 3}},
            "needs a national allocation",
        ),
        ({"seats": 10, "districts": {"method": "dhondt", "start_seats": 5}}, "given seats are in the table"),
        (
            {"seats": 10, "districts": {"method": "dhondt", "seats": "by-votes", "start_seats": 50}},
            "start_seats is larger than the number of seats",
        ),
        (with_parts(ties="coin"), "no such way to decide a tie"),
        (with_parts(bonus={"type": "fixed", "seats": 2, "winner": "a"}), "belong to the type"),
        (with_parts(bonus={"type": "at-least", "seats": 6, "others": "lists"}), "needs [rule.alliances]"),
        (with_parts(guaranteed={"seats": 1}), "Field required"),
        (with_parts(guaranteed={"from": "5%"}), "more than the 10 seats"),
        (
            with_parts(guaranteed={"from": "20%"}, threshold={"level": "5%", "base": "cast"}),
            'which is then "valid" or "lists"',
        ),
        (with_parts(guaranteed={"from": "20%"}, bonus={"type": "fixed", "seats": 1}), "stands beside"),
        (with_parts(majority={"seat": "added", "of": "seats"}), "needs to or at_most"),
        (with_parts(majority={"seat": "added", "to": "40%"}), "above 1/2"),
        (with_parts(majority={"seat": "moved", "at_most": "2/3"}), 'goes with seat = "added"'),
        (with_parts(cap={"seats": 3, "excess": "left-over"}), "needs a quota method"),
        (
            with_parts(allocation={"method": "hare", "remainder": "rounded", "remainder_from": "75%"}),
            "belongs to [rule.districts]",
        ),
        ({"seats": 10, "districts": {"method": "hare", "leftover": "power"}}, "takes no parameters"),
        ({"seats": 10, "districts": {"method": "hare", "leftover": "levelled"}}, "needs rule.levelling.mode"),
        (
            {"seats": 10, "districts": {"method": "hare", "leftover": "dhondt", "last_seats_from": "7%"}},
            "last_seats_from belongs to leftover by a quota method",
        ),
        ({"seats": 10, "districts": {"method": "hare", "quota_in": "region"}}, "quota_in"),
        ({"seats": 10, "districts": {"method": "hare", "voters": "halves"}}, '"fractions" (not rounded)'),
        (
            with_parts(ties=["national-votes", "lot"]),
            "national-votes are between lists in a district",
        ),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_the_way_out(rule, said):
    assert said in refused(rule)


def test_all_faults_of_a_rule_are_reported_at_once():
    said = refused(with_parts(threshold={"level": 5, "base": "vald"}, ties="coin", seats=-1))
    assert said.count(";") >= 3


def test_the_scrutinies_of_czechia_are_read_as_0_3_wrote_them():
    old = {"method": "imperiali", "leftover": "national-remainders", "seats": "by-votes"}
    new = {**old, "method": "imperiali-rounded", "leftover": "hagenbach-bischoff-rounded"}
    read, written = (Rule.model_validate({"seats": 200, "districts": part}) for part in (old, new))
    assert read == written
