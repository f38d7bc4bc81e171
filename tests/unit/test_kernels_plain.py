"""Plain rules in float32 against the way of all other rules, in float64: equal on the same draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.probing import probe
from forecast.errors import ConfigurationError
from forecast.kernels.arrays import BLOCK, LARGEST_HOUSE, new_rows
from forecast.kernels.count import Questions
from forecast.kernels.divide_divisor import invert
from forecast.rules.compiled import Rules, compile_rules, one_by_one
from forecast.simulation.inputs import SAMPLER_RANDOM, SAMPLER_SOBOL, Draws, direction_numbers, tail_table
from forecast.simulation.running import run_draws
from tests.unit.test_kernels_against_exact import METHODS, THRESHOLDS, make_rule, parties

LISTS = 7
SHARES = np.array([0.40, 0.2, 0.12, 0.08, 0.05, 0.05, 0.05, 0.05])
QUESTIONS = Questions(
    coalition_starts=np.array([0, 1, 4]),
    coalition_members=np.array([0, 1, 2, 3]),
    event_starts=np.array([0, 1, 3]),
    term_starts=np.array([0, 1, 3, 4]),
    terms=np.array([LISTS + 5, 0, 2 * LISTS, LISTS + 4]),
    weights=np.array([1, 2, -1, 1], np.int32),
    bounds=np.array([1, 1, 1], np.int32),
)


def draws(sampler: int, *, varied: bool = False, valid_votes: float = 1e6, spread: float = 0.2) -> Draws:
    """Eight options, the last without seats; ``varied`` in all that a draw may vary in."""
    units = len(SHARES)
    return Draws(
        seed=np.uint64(4),
        sampler=sampler,
        location=np.log2(SHARES),
        spread=np.full(units, spread),
        factor=np.zeros((0, 0)),
        tail=tail_table(5.0),
        undecided=0.1 if varied else 0.0,
        undecided_spread=0.3 if varied else 0.0,
        not_lists=np.arange(units) == LISTS,
        invalid=np.array([0.01, 0.05]) if varied else np.zeros(2),
        turnout=np.array([0.4, 0.7]) if varied else np.ones(2),
        directions=direction_numbers(19 if varied else 9)
        if sampler == SAMPLER_SOBOL
        else np.zeros((0, 32), np.uint32),
        given=np.zeros((0, units)),
        valid_votes=valid_votes,
    )


@probe
def inverses(claims, out):
    invert(claims, out)


def in_full(rules: Rules) -> Rules:
    """The same rules, none of which is taken for plain."""
    records = rules.records.copy()
    records["single_precision"] = False
    return rules._replace(records=records)


def assert_same(inputs: Draws, rules: Rules, number: int = 20_000) -> None:
    quick, quick_kept = run_draws(inputs, rules, QUESTIONS, number)
    full, full_kept = run_draws(inputs, in_full(rules), QUESTIONS, number)
    for name in ("passes", "void", "seats", "majorities", "events"):
        np.testing.assert_array_equal(getattr(quick.totals, name), getattr(full.totals, name), err_msg=name)
    for name, counts in quick.by_replicate.items():
        np.testing.assert_array_equal(counts, full.by_replicate[name], err_msg=name)
    assert quick.totals.passes.sum() > 0
    np.testing.assert_array_equal(quick_kept.seats, full_kept.seats)
    np.testing.assert_array_equal(quick_kept.shares, full_kept.shares)


def rules_of(rule: dict[str, Any], threshold: dict[str, Any] | None, *houses: int) -> Rules:
    return one_by_one(
        compile_rules([make_rule(rule, threshold, seats) for seats in houses], parties(LISTS, False))
    )


@pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join(map(str, method.values())))
def test_every_method_counts_the_same_in_either_precision(method: dict[str, Any]) -> None:
    for sampler in (SAMPLER_RANDOM, SAMPLER_SOBOL):
        assert_same(draws(sampler), rules_of(method, {"level": "5%"}, 5, 69, 598))


@pytest.mark.parametrize(
    "threshold", THRESHOLDS, ids=lambda threshold: "-".join(map(str, (threshold or {"none": ""}).values()))
)
def test_every_threshold_counts_the_same_in_either_precision(threshold: dict[str, Any] | None) -> None:
    for method in ("hare", "sainte-lague"):
        assert_same(draws(SAMPLER_SOBOL), rules_of({"method": method}, threshold, 69))


@pytest.mark.parametrize("base", ["valid", "lists", "cast", "registered"])
@pytest.mark.parametrize("sampler", [SAMPLER_RANDOM, SAMPLER_SOBOL])
def test_every_base_counts_the_same_in_either_precision(base: str, sampler: int) -> None:
    threshold = {"level": "3%", "base": base}
    assert_same(draws(sampler, varied=True), rules_of({"method": "dhondt"}, threshold, 69))


@pytest.mark.parametrize("method", ["droop", "hagenbach-bischoff-rounded"])
@pytest.mark.parametrize("votes", [30.0, 4_000.0, 1e9])
def test_quotas_in_whole_votes_count_the_same_in_either_precision(method: str, votes: float) -> None:
    """Few votes make the rounding of the quota coarse, many make it finer than single precision."""
    inputs = draws(SAMPLER_RANDOM, valid_votes=votes)
    assert_same(inputs, rules_of({"method": method}, {"level": "5%"}, 69, 300))


def test_draws_that_hardly_differ_count_the_same_in_either_precision() -> None:
    """Shares within a hair of the threshold and of each other: many draws are beyond single precision."""
    for method in ("hare", "droop", "sainte-lague", "dhondt"):
        assert_same(draws(SAMPLER_RANDOM, spread=1e-6), rules_of({"method": method}, {"level": "5%"}, 69))


def test_the_largest_house_is_counted_and_a_larger_one_refused() -> None:
    rules = rules_of({"method": "sainte-lague"}, {"level": "5%"}, LARGEST_HOUSE)
    assert_same(draws(SAMPLER_RANDOM), rules, 600)
    with pytest.raises(ConfigurationError, match="houses of up to 32,767 seats"):
        rules_of({"method": "sainte-lague"}, {"level": "5%"}, LARGEST_HOUSE + 1)


def test_the_last_draws_of_a_run_are_counted_whatever_their_number() -> None:
    for number in (1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK - 1, 1_000):
        assert_same(draws(SAMPLER_RANDOM), rules_of({"method": "hare"}, {"level": "3%"}, 69), number)


@pytest.mark.parametrize("sampler", [SAMPLER_RANDOM, SAMPLER_SOBOL])
def test_grids_count_the_same_in_either_precision(sampler: int) -> None:
    levels = [f"{level / 2}%" for level in range(30)]
    rules = [
        make_rule({"method": method}, {"level": level, "base": base}, 69)
        for method in ("hare", "droop", "sainte-lague", "dhondt", "imperiali", "huntington-hill")
        for base in ("valid", "lists")
        for level in levels
    ]
    compiled = compile_rules(rules, parties(LISTS, False))
    assert len(compiled.singles) == 0
    assert_same(draws(sampler), compiled, 6_000)


def test_inverses_are_as_near_as_the_certificate_of_a_divisor_method_takes_them_to_be() -> None:
    rng = np.random.default_rng(5)
    claims = (2.0 ** rng.uniform(-90, 90, (400, BLOCK))).astype(np.float32)
    claims[0] = np.linspace(1, 2, BLOCK, dtype=np.float32)
    claims[1] = 0.0
    out = np.empty_like(claims)
    inverses(claims, out)
    errors = np.abs(np.delete(out.astype(np.float64) * claims, 1, axis=0) - 1)
    assert errors.max() < 2.0**-20.6
    assert out[1].min() > 2.0**99  # no claim: behind all others


def test_scratch_begins_at_pages_and_is_empty() -> None:
    for number in (1, 3, 8):
        for kind in (np.float32, np.uint16, np.float64):
            rows = new_rows((number, BLOCK), kind)
            assert rows.dtype == kind
            assert rows.shape == (number, BLOCK)
            assert rows.ctypes.data % 4096 == 0
            assert not rows.any()
