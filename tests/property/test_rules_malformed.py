"""Malformed rules: each is refused with a clear message, none is accepted in silence."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecast.election import parse_election
from forecast.election.loading import field_of, model_in
from forecast.election.rule import Rule
from forecast.election.values import keys_of
from forecast.errors import ConfigurationError

ELECTION: dict[str, Any] = {
    "election": {"id": "test", "name": "Test", "date": datetime.date(2024, 1, 7)},
    "parties": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}],
}
NATIONAL: dict[str, Any] = {
    "seats": 100,
    "law": "a law",
    "source": "a source",
    "ties": "lot",
    "threshold": {
        "level": "5%",
        "base": "valid",
        "strict": False,
        "by_members": {"2": "7%"},
        "by_kind": {"minority": 0},
        "or_direct_seats": 3,
        "or_regional_share": "5%",
        "min_lists": 2,
        "min_joint_share": "60%",
        "runner_up_factor": "0.7",
        "nobody": {"admit": 2},
    },
    "allocation": {
        "method": "hare",
        "remainder": "largest-then-average",
        "remainder_seats": 5,
        "quota_of": "valid",
    },
    "alliances": {"method": "hare", "remainder": "largest"},
    "weights": {"minority": "1.35"},
    "bonus": {"type": "graded", "from": "25%", "base": 20, "step": "0.5%", "max": 50},
    "cap": {"seats": 60, "share_factor": "1.25", "house": 120},
    "levelling": {"mode": "keep", "method": "dhondt", "deduct_unadmitted": True},
}
DISTRICTED: dict[str, Any] = {
    "seats": 100,
    "threshold": {"level": "5%"},
    "districts": {
        "method": "sequence",
        "divisors": ["1.4", 3, 5],
        "seats": "by-votes",
        "threshold": False,
        "direct": "plurality",
        "start_seats": 60,
        "table": "districts.csv",
    },
    "levelling": {"mode": "level", "method": "dhondt", "start_seats": 100},
}
JUNK: tuple[Any, ...] = (
    -1,
    Decimal("-0.5"),
    Decimal("1e400"),
    [],
    [[]],
    {"no": "key"},
    "nonsense",
    "",
    "²",
    float("nan"),
    float("inf"),
    datetime.date(2024, 1, 7),
)
"""Values that no key of a rule accepts but for texts, where a text is what it is."""
TEXTS = {"law", "source", "table"}


def leaves(tables: dict[str, Any], way: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every key of the tables, inner tables too."""
    found: list[tuple[str, ...]] = []
    for key, value in tables.items():
        found.append((*way, key))
        if isinstance(value, dict):
            found += leaves(value, (*way, key))
    return found


def changed(
    tables: dict[str, Any], way: tuple[str, ...], change: Callable[[dict[str, Any], str], None]
) -> dict[str, Any]:
    copied = copy.deepcopy(tables)
    table = copied
    for key in way[:-1]:
        table = table[key]
    change(table, way[-1])
    return copied


@st.composite
def malformed_rules(draw: st.DrawFn) -> dict[str, Any]:
    """A rule with every part, in which one key is unknown, misspelt, or has a value it cannot have."""
    base = draw(st.sampled_from((NATIONAL, DISTRICTED)))
    way = draw(st.sampled_from([way for way in leaves(base) if way[-1] not in TEXTS]))
    kind = draw(st.sampled_from(("junk", "unknown", "misspelt")))
    if kind == "junk":
        return changed(base, way, lambda table, key: table.update({key: draw(st.sampled_from(JUNK))}))
    if kind == "misspelt":
        return changed(base, way, lambda table, key: table.update({key + "_": table.pop(key)}))
    return changed(base, way, lambda table, key: table.update({draw(st.text("xyz-", min_size=3)): 1}))


def faults_of(rule: Any) -> list[Any]:
    try:
        parse_election(ELECTION | {"rule": rule}, "x.toml")
    except ConfigurationError as error:
        return list(error.faults)
    return []


def assert_clear(fault: Any) -> None:
    text = str(fault)
    assert fault.path.startswith("rule"), text
    assert len(fault.remedy) > 8, text
    for word in ("pydantic", "Traceback", "Input should", "type=", "value_error", "NoneType"):
        assert word not in text, text


def test_the_rules_that_are_spoilt_here_are_well_formed():
    assert faults_of(NATIONAL) == []
    assert faults_of(DISTRICTED) == []


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(malformed_rules())
def test_a_malformed_rule_is_refused_with_a_clear_message(rule: dict[str, Any]):
    faults = faults_of(rule)
    assert faults, f"accepted in silence: {rule}"
    for fault in faults:
        assert_clear(fault)


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 300),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(("5%", "quota", "hare", "dhondt", "void", "valid", "largest")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
RULE_KEYS = list(keys_of(Rule))


@st.composite
def arbitrary_rules(draw: st.DrawFn) -> dict[str, Any]:
    """Known keys with values of any kind, down into the parts of a rule."""
    rule: dict[str, Any] = {"seats": 10, "allocation": {"method": "dhondt"}}
    for key in draw(st.lists(st.sampled_from(RULE_KEYS), max_size=4, unique=True)):
        field = field_of(Rule, key)
        part = model_in(field.annotation) if field is not None else None
        inner = st.dictionaries(st.sampled_from(keys_of(part)), ANYTHING, max_size=3) if part else ANYTHING
        rule[key] = draw(st.one_of(ANYTHING, inner))
    return rule


@settings(max_examples=200, deadline=None, derandomize=True)
@given(arbitrary_rules())
@example({"seats": 10, "allocation": {"method": ["hare"]}})
@example({"seats": 10, "allocation": {"method": "power-"}})
@example({"seats": 10, "allocation": {"method": "power-1e9"}})
@example({"seats": 10, "allocation": {"method": "hare"}, "threshold": {"by_members": [1]}})
def test_whatever_is_written_is_either_a_rule_or_a_clear_fault(rule: dict[str, Any]):
    for fault in faults_of(rule):
        assert_clear(fault)
