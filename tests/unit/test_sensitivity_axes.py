"""Grids of rules as people ask for them, and what is said of those that cannot be."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from forecast.election import Rule, load_election
from forecast.errors import ConfigurationError
from forecast.sweeps.grid import Grid, parse_axes, split_values, tables_of
from forecast.sweeps.scenarios import AS_CONFIGURED, read_scenarios

BASE = Rule.model_validate(
    {
        "seats": 69,
        "threshold": {"level": "5%", "min_lists": 2, "nobody": {"lower_to": "2%"}},
        "allocation": {"method": "hare", "quota_of": "valid"},
    }
)


def grid_of(**asked: Any) -> Grid:
    return Grid.of(BASE, parse_axes(**asked))


def said(**asked: Any) -> str:
    with pytest.raises(ConfigurationError) as raised:
        grid_of(**asked)
    return str(raised.value)


def test_a_range_of_levels_is_exact_and_holds_both_ends() -> None:
    (axis,) = parse_axes(threshold="0%:10%:0.1%")
    assert len(axis) == 101
    assert [change["rule.threshold.level"] for change in axis.changes[:2]] == [0, Fraction(1, 1000)]
    assert axis.changes[-1]["rule.threshold.level"] == Fraction(1, 10)
    assert axis.labels[51] == 0.051


def test_a_range_that_its_step_does_not_divide_ends_before_its_last_level() -> None:
    (axis,) = parse_axes(threshold="0%:5%:2%")
    assert axis.labels == (0.0, 0.02, 0.04)


def test_levels_stand_in_rising_order_each_once() -> None:
    (axis,) = parse_axes(threshold="7%,3%:5%:1%,5%")
    assert axis.labels == (0.03, 0.04, 0.05, 0.07)


def test_a_grid_is_the_product_of_its_axes_and_knows_the_base_rule() -> None:
    grid = grid_of(threshold="3%:7%:1%", method="hare,dhondt", base="valid,lists", vary=["rule.seats=69,98"])
    assert grid.dims == ("threshold", "method", "base", "house_size")
    assert grid.shape == (5, 2, 2, 2)
    assert len(grid) == len(grid.rules) == 40
    (base,) = grid.is_base.nonzero()[0]
    assert grid.labels(int(base)) == {"threshold": 0.05, "method": "hare", "base": "valid", "house_size": 69}
    assert grid.rules[base] == BASE


def test_neighbours_in_rows_differ_in_their_level_alone() -> None:
    grid = grid_of(threshold="3%,5%", method="hare,dhondt")
    assert [grid.labels(v)["method"] for v in grid.in_rows()] == ["hare", "hare", "dhondt", "dhondt"]
    assert [grid.labels(v)["threshold"] for v in grid.in_rows()] == [0.03, 0.05, 0.03, 0.05]


def test_a_divisor_method_drops_what_belongs_to_quotas_and_a_quota_method_keeps_it() -> None:
    hare, dhondt, droop = grid_of(method="hare,dhondt,droop").rules
    assert hare.allocation is not None
    assert dhondt.allocation is not None
    assert droop.allocation is not None
    assert dhondt.allocation.quota_of is None
    assert dhondt.allocation.remainder is None
    assert hare.allocation.quota_of == droop.allocation.quota_of == "valid"


def test_a_level_to_fall_back_on_goes_where_the_level_is_no_higher() -> None:
    low, equal, high = grid_of(threshold="1%,2%,3%").rules
    for rule, kept in ((low, False), (equal, False), (high, True)):
        assert rule.threshold is not None
        assert (rule.threshold.nobody is not None) == kept


def test_any_key_of_the_rule_varies_tables_and_absence_too() -> None:
    grid = grid_of(vary=["rule.threshold.nobody={admit = 2},void,", "rule.ties=registration,lot"])
    assert grid.axes[0].labels == ("{admit = 2}", "void", "none")
    assert grid.shape == (3, 2)
    assert grid.keys == ("rule.threshold.nobody", "rule.ties")
    assert [grid.values(grid.rules[v])["rule.threshold.nobody"] for v in (0, 2, 4)] == [
        {"admit": 2},
        "void",
        None,
    ]


def test_an_entry_of_a_table_of_the_rule_varies_by_itself() -> None:
    vary = ["rule.threshold.by_members.2=7%,8%,", "rule.weights.minority=1,1.35"]
    tables = tables_of(BASE)
    tables["threshold"] |= {"by_members": {2: "6%", 4: "10%"}}
    grid = Grid.of(Rule.model_validate(tables), parse_axes(vary=vary))
    assert grid.shape == (3, 2)
    seven, none = grid.rules[0].threshold, grid.rules[4].threshold
    assert seven is not None
    assert none is not None
    assert seven.by_members == {2: Fraction(7, 100), 4: Fraction(1, 10)}
    assert none.by_members == {4: Fraction(1, 10)}
    assert grid.values(grid.rules[1]) == {"rule.threshold.by_members.2": 0.07, "rule.weights.minority": 1.35}
    assert grid.values(grid.rules[4])["rule.threshold.by_members.2"] is None


def test_what_a_key_says_is_found_under_its_name_in_files() -> None:
    bonus = '{type = "graded", from = "30%", base = 3, step = "5%", max = 9}'
    grid = grid_of(vary=[f"rule.bonus={bonus},"])
    with_bonus, without = (grid.values(rule)["rule.bonus"] for rule in grid.rules)
    assert with_bonus == {
        "type": "graded",
        "from": 0.3,
        "base": 3,
        "step": 0.05,
        "max": 9,
        "others": "alliances",
    }
    assert without is None
    rule = grid.rules[0]
    (deeper,) = Grid.of(rule, parse_axes(vary=["rule.bonus.from=40%"])).rules
    assert deeper.bonus is not None
    assert deeper.bonus.from_ == Fraction(2, 5)
    assert Grid.of(rule, parse_axes(vary=["rule.bonus.from=40%"])).values(deeper) == {"rule.bonus.from": 0.4}


def test_commas_inside_brackets_do_not_separate_values() -> None:
    assert split_values('{a = [1, 2], b = "x,y"},3,"p,q"') == ['{a = [1, 2], b = "x,y"}', "3", '"p,q"']


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({}, "sweep: nothing varies; give --threshold"),
        ({"threshold": ""}, "--threshold: no values"),
        ({"threshold": "10%:0%:0.1%"}, "the range runs backwards; write 0%:10%:0.1%"),
        ({"threshold": "0%:10%:-0.1%"}, "the range runs backwards; write 0%:10%:0.1%"),
        ({"threshold": "0%:10%:0"}, "a step of 0 never arrives"),
        ({"threshold": "0%:10%"}, "a range is written first:last:step, such as 0%:10%:0.1%"),
        ({"threshold": "0:10:0.1"}, 'a share lies between 0 and 1; did you mean "10%"?'),
        ({"threshold": "quota:10%:1%"}, '"quota" cannot be the end of a range'),
        ({"threshold": "5"}, 'did you mean "5%"?'),
        ({"method": "hre"}, "--method = \"hre\": no such method; did you mean 'hare'?"),
        ({"base": "vald"}, "no such base; did you mean 'valid'?"),
        ({"vary": ["rule.seats"]}, '--vary = "rule.seats": write KEY=VALUES'),
        ({"vary": ["rule.treshold.level=3%"]}, "no such key; did you mean 'rule.threshold.level'?"),
        (
            {"vary": ["seats=3"]},
            "only keys of the rule can vary over the same draws; did you mean 'rule.seats'?",
        ),
        ({"vary": ["rule.seats.x=3"]}, "rule.seats is a single value and has no keys"),
        ({"vary": ["rule.seats=9:3:1"]}, "the range runs backwards; write 3:9:1"),
        ({"vary": ["rule.seats=-3"]}, "--vary: rule.seats = -3: a whole number is expected"),
        ({"vary": ["rule.seats=69:70:0.5"]}, "--vary: rule.seats = 69.5: a whole number is expected"),
        ({"vary": ["rule.seats=[1, 2]"]}, "--vary: rule.seats = [1, 2]: a whole number is expected"),
        ({"vary": ["rule.seats=inf"]}, '--vary: rule.seats = "inf": a number of moderate size'),
        ({"vary": ["rule.seats=1e999999999"]}, "a number of moderate size is expected"),
        ({"vary": ["rule.seats=1e9"]}, "rule.seats = 1000000000: a house of at most 100000 seats"),
        ({"threshold": "3%,,5%"}, '--threshold = "3%,,5%": a value is missing beside a comma'),
        ({"method": "power-x"}, "the power of a method is a number, such as power-0.9"),
        ({"vary": ["rule.weights.minorty=1"]}, "did you mean 'minority'?"),
        ({"vary": ["rule.weights.minority.x=1"]}, "rule.weights.minority is a single value and has no keys"),
        ({"vary": ["rule.threshold.by_members.x=7%"]}, '--vary: rule.threshold.by_members.x = "7%": a whole'),
        ({"threshold": "5%", "vary": ["rule.threshold.level=3%"]}, "this key varies twice"),
        (
            {"method": "dhondt", "vary": ["rule.allocation.remainder=largest"]},
            "remainder belongs to quota methods",
        ),
    ],
)
def test_what_cannot_be_is_said_with_the_way_out(asked: dict[str, Any], answer: str) -> None:
    assert answer in said(**asked)


def test_too_many_variants_are_counted_not_built() -> None:
    answer = said(threshold="0%:100%:0.001%", vary=["rule.seats=1:1000:1"])
    assert (
        "100,001,000 variants are asked for (100,001 by --threshold x 1,000 of rule.seats); at most 10,000"
        in answer
    )


def test_all_faults_are_said_at_once() -> None:
    answer = said(threshold="9%:1%:1%", method="hre", vary=["rule.sets=3"])
    assert answer.count("\n") == 2


def test_a_rule_survives_its_own_tables(root: Path) -> None:
    for path in sorted((root / "configs").glob("*.toml")):
        rule = load_election(path).rule
        assert Rule.model_validate(tables_of(rule)) == rule


def test_scenarios_change_the_keys_that_they_name(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.toml"
    file.write_text(
        '[[scenarios]]\nid = "old"\nname = "the old rule"\nrule.threshold.level = "7%"\nrule.seats = 98\n'
        '[[scenarios]]\nid = "gates"\n[scenarios.rule.threshold]\nby_members = { 2 = "7%", 4 = "10%" }\n'
        '[[scenarios]]\nid = "none"\nrule.threshold = ""\n',
        encoding="utf-8",
    )
    grid = Grid.of(BASE, parse_axes(scenarios=read_scenarios(file)))
    assert grid.axes[0].labels == (AS_CONFIGURED, "old", "gates", "none")
    assert grid.axes[0].names[1] == "the old rule"
    configured, old, gates, none = grid.rules
    assert configured == BASE
    assert (old.seats, old.threshold and old.threshold.level) == (98, Fraction(7, 100))
    assert gates.threshold is not None
    assert gates.threshold.by_members == {2: Fraction(7, 100), 4: Fraction(1, 10)}
    assert gates.threshold.min_lists == 2
    assert none.threshold is None
    assert grid.values(old)["rule.threshold.by_members"] == {}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "at least one table [[scenarios]] is expected"),
        ('[[scenario]]\nid = "a"\n', "did you mean 'scenarios'?"),
        ("[[scenarios]]\nrule.seats = 3\n", "every scenario needs an id"),
        ('[[scenarios]]\nid = "A b"\n', "a-z, 0-9 and hyphens"),
        ('[[scenarios]]\nid = "a"\n[[scenarios]]\nid = "a"\n', "this id is taken"),
        (f'[[scenarios]]\nid = "{AS_CONFIGURED}"\n', "as-configured is the base rule"),
        ('[[scenarios]]\nid = "a"\nseats = 3\n', "did you mean 'rule.seats'?"),
        ('[[scenarios]]\nid = "a"\nrule.seets = 3\n', "did you mean 'rule.seats'?"),
        ('[[scenarios]]\nid = "a"\nrule = 3\n', "keys of the rule are expected"),
    ],
)
def test_faulty_scenarios_are_named(text: str, answer: str, tmp_path: Path) -> None:
    file = tmp_path / "scenarios.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        read_scenarios(file)
    assert answer in str(raised.value)


def test_a_key_is_set_by_scenarios_or_varied_but_not_both(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.toml"
    file.write_text('[[scenarios]]\nid = "old"\nrule.threshold.level = "7%"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="some scenario sets this key too"):
        parse_axes(threshold="3%,5%", scenarios=read_scenarios(file))


def test_a_scenario_that_contradicts_itself_is_refused_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.toml"
    file.write_text('[[scenarios]]\nid = "odd"\nrule.threshold.level = 7\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r'rule.threshold.level = 7: .*did you mean "7%"'):
        Grid.of(BASE, parse_axes(scenarios=read_scenarios(file)))
