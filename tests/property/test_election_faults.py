"""Whatever is written into an election file, it is read or answered: never a traceback."""

from __future__ import annotations

import copy
import datetime
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forecast.election import parse_election
from forecast.errors import ConfigurationError, Fault

TABLES = tomllib.loads(
    (Path(__file__).parents[2] / "configs" / "kazakhstan-2023.toml").read_text(encoding="utf-8"),
    parse_float=Decimal,
)

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.decimals(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.text(max_size=8),
    st.sampled_from(
        ["5%", "amanat", "osdp", "valid", "hare", "quota", "void", "1/3", "#fff", "", "coalition"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(min_size=1, max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a tree of tables and lists."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*way, key)
        yield from places(value, (*way, key))


def holds(node: Any, key: str | int) -> bool:
    """Whether a tree still has this key, after earlier changes to it."""
    if isinstance(node, list):
        return isinstance(key, int) and key < len(node)
    return isinstance(node, dict) and key in node


PLACES = sorted(places(TABLES), key=str)


def answered(tables: dict[str, Any], overrides: tuple[str, ...] = ()) -> None:
    """Read, or refused with at least one fault; every fault is one line that shows its place."""
    faults: tuple[Fault, ...] | None = None
    try:
        parse_election(tables, "x.toml", overrides, Path("configs"))
    except ConfigurationError as error:
        faults = error.faults
    assert faults is None or faults
    for fault in faults or ():
        assert fault.place in ("x.toml", "--set")
        assert fault.remedy
        assert not isinstance(fault.found, dict)


@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_any_value_anywhere_is_read_or_answered(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    tables = copy.deepcopy(TABLES)
    for (*way, last), value in changes:
        node: Any = tables
        for key in way:
            node = node[key] if node is not None and holds(node, key) else None
        if node is not None and holds(node, last):
            node[last] = value
    answered(tables)


@given(st.sampled_from(PLACES))
def test_any_key_may_be_missing(place: tuple[Any, ...]) -> None:
    tables = copy.deepcopy(TABLES)
    *way, last = place
    node: Any = tables
    for key in way:
        node = node[key]
    del node[last]
    answered(tables)


@given(
    st.one_of(
        st.sampled_from([".".join(map(str, place)) for place in PLACES]),
        st.text(max_size=10),
        st.sampled_from(
            ["parties.osdp", "parties.osdp.colour", "estimate.shift.osdp", "rule.cap.seats", "a.b.c"]
        ),
    ),
    st.one_of(
        st.text(max_size=10), st.sampled_from(["5%", "1", "true", "[1]", "{a = 1}", "2023-01-01", '"x"'])
    ),
)
def test_any_override_is_taken_or_answered(path: str, value: str) -> None:
    answered(copy.deepcopy(TABLES), (f"{path}={value}",))


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)), st.integers(0, 1000))
def test_exact_shares_survive_the_file(day: datetime.date, per_mille: int) -> None:
    tables = copy.deepcopy(TABLES)
    tables["election"]["date"] = day
    tables["rule"]["threshold"]["level"] = Decimal(per_mille) / 1000
    election = parse_election(tables)
    assert election.election.date == day
    assert election.rule.threshold is not None
    assert election.rule.threshold.level * 1000 == per_mille
