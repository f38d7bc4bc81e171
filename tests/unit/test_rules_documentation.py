"""The reference of rules: every key and every word in it, as the program has them, and examples that work."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from typing import Any

import pytest

from forecast.election.methods import METHODS, everything
from forecast.election.rule import Rule
from forecast.election.values import keys_of
from tests.rules_page import PAGE, TABLES, page_with_tables

TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = [
    tomllib.loads(block, parse_float=Decimal) for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
]


def test_the_tables_of_the_page_are_those_of_the_program():
    assert page_with_tables(TEXT) == TEXT, "run `python -m tests.rules_page`"


@pytest.mark.parametrize("name", TABLES)
def test_every_key_of_a_rule_is_on_the_page(name: str):
    assert not [key for key in keys_of(TABLES[name]) if f"`{key}`" not in TEXT]


def test_every_method_base_and_waiver_is_on_the_page_with_its_source():
    for words in everything().values():
        for known in words:
            assert f"`{known.name}`" in TEXT
            assert known.source in TEXT
    assert all(f"`{name}`" in TEXT for name in METHODS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_page_are_rules(example: dict[str, Any]):
    assert Rule.model_validate(example["rule"]).seats > 0
