"""Many rules in one pass against the same rules one by one: the same counts, to the last draw."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.election import Party, Rule
from forecast.kernels.count import Questions
from forecast.rules.compiled import Rules, compile_rules, course_of, one_by_one
from forecast.simulation.inputs import (
    SAMPLER_DRAWN,
    SAMPLER_RANDOM,
    SAMPLER_SOBOL,
    Draws,
    direction_numbers,
    multiples_of,
    tail_table,
)
from forecast.simulation.running import run_draws

SHARES = np.array([0.40, 0.22, 0.11, 0.09, 0.06, 0.05, 0.03, 0.04])
LISTS = [Party(id=f"p{k}", name=f"P{k}", kind="minority" if k == 6 else "party") for k in range(7)]


def draws(sampler: int) -> Draws:
    units = len(SHARES)
    return Draws(
        seed=np.uint64(3),
        sampler=sampler,
        location=np.log2(SHARES),
        spread=np.full(units, 0.3),
        factor=np.zeros((0, 0)),
        tail=tail_table(8.0),
        undecided=0.0,
        undecided_spread=0.0,
        not_lists=np.arange(units) == 7,
        invalid=np.array([0.01, 0.05]),
        turnout=np.array([0.5, 0.6]),
        directions=direction_numbers(12) if sampler == SAMPLER_SOBOL else np.zeros((0, 32), np.uint32),
        given=np.zeros((0, units)),
        valid_votes=1e6,
    )


QUESTIONS = Questions(
    coalition_starts=np.array([0, 1, 3]),
    coalition_members=np.array([0, 1, 2]),
    event_starts=np.array([0, 0, 1]),
    term_starts=np.array([0, 1]),
    terms=np.array([7 + 4]),
    weights=np.array([1], np.int32),
    bounds=np.array([1], np.int32),
)


def with_fixed_bases(sampler: int) -> Draws:
    """Ballots cast are 5/4 of the valid votes, the registered twice as many: 5 % of the valid votes are 4 %
    of those cast and 2 % of the registered.
    """
    return draws(sampler)._replace(invalid=np.full(2, 0.2), turnout=np.full(2, 0.5))


def variants(levels: tuple[str, ...] = ("0", "3", "5", "7", "12", "45"), **threshold: Any) -> list[Rule]:
    return [
        Rule.model_validate(
            {
                "seats": seats,
                "ties": "registration",
                "threshold": {"level": Fraction(level) / 100, "base": base, **threshold},
                "allocation": {"method": method},
                "weights": {"minority": "1.35"},
            }
        )
        for seats in (20, 33)
        for method in ("hare", "dhondt", "droop", "adams")
        for base in ("valid", "lists", "cast", "registered")
        for level in levels
    ]


def counted_alike(inputs: Draws, rules: Rules, number: int, keep: int) -> None:
    """Hold rules in one pass to the same rules one by one."""
    together, kept = run_draws(inputs, rules, QUESTIONS, number, keep=keep)
    alone, kept_alone = run_draws(inputs, one_by_one(rules), QUESTIONS, number, keep=keep)
    for name, count in together.totals._asdict().items():
        np.testing.assert_array_equal(count, getattr(alone.totals, name), err_msg=name)
    np.testing.assert_array_equal(kept.seats, kept_alone.seats)
    assert len(kept.outcomes) <= len(rules.records)


@pytest.mark.parametrize("sampler", [SAMPLER_RANDOM, SAMPLER_SOBOL])
@pytest.mark.parametrize(
    "threshold",
    [{}, {"strict": True}, {"min_lists": 3}, {"min_lists": 2, "nobody": "void"}, {"nobody": {"admit": 2}}],
    ids=str,
)
def test_a_grid_counts_what_its_rules_count_one_by_one(sampler: int, threshold: dict[str, Any]) -> None:
    rules = compile_rules(variants(**threshold), LISTS)
    assert len(rules.singles) == 0
    counted_alike(draws(sampler), rules, 5_000, 700)
    counted_alike(with_fixed_bases(sampler), rules, 5_000, 700)


def test_bases_that_are_fixed_multiples_of_the_valid_votes_stand_in_one_row() -> None:
    rules = compile_rules(variants(), LISTS)
    fixed = course_of(rules, multiples_of(with_fixed_bases(SAMPLER_SOBOL)))
    drawn = course_of(rules, multiples_of(draws(SAMPLER_SOBOL)))
    for leads, rows in fixed.grids:
        assert [sorted(set(lead.bases.tolist())) for lead in leads] == [[0, 2, 3], [1]]
        assert len(rows) == 8 * 2  # methods, houses among them, and leads
        assert np.all(np.diff(leads[0].heights) >= 0)
    for leads, rows in drawn.grids:
        assert [set(lead.bases.tolist()) for lead in leads] == [{0}, {1}, {2}, {3}]
        assert len(rows) == 8 * 4
    for course in (fixed, drawn):
        every = np.concatenate([row.rules for _, rows in course.grids for row in rows])
        assert sorted(every.tolist()) == list(range(len(rules.records)))


def test_levels_of_two_bases_that_say_the_same_stand_apart() -> None:
    """Rounding may turn their order: 4 % of the ballots cast and 2 % of the registered are 5 % of the valid
    votes.
    """
    rules = compile_rules(variants(("2", "4", "5", "6")), LISTS)
    for leads, _ in course_of(rules, multiples_of(with_fixed_bases(SAMPLER_SOBOL))).grids:
        levels = [
            [
                (int(base), float(level))
                for base, level in zip(lead.bases, lead.numerators / lead.denominators, strict=True)
            ]
            for lead in leads
        ]
        together = [(0, 0.02), (2, 0.02), (0, 0.04), (0, 0.05), (0, 0.06), (2, 0.05), (2, 0.06), (3, 0.04)]
        assert levels[0] == [*together, (3, 0.05), (3, 0.06)]
        assert sorted(levels[1:]) == [[(1, 0.02), (1, 0.04), (1, 0.05), (1, 0.06)], [(2, 0.04)], [(3, 0.02)]]


_PARTS = st.lists(st.integers(1, 24), min_size=8, max_size=8).map(
    lambda parts: [*parts[:7], 128 - sum(parts[:7])]
)


@cache
def exact_grids() -> tuple[Rules, ...]:
    """Rules at levels that are 128ths of the ballots or of the valid votes, and others."""
    levels = ("0", "2.5", "3.125", "5", "6.25", "10", "12.5")
    thresholds: tuple[dict[str, Any], ...] = ({}, {"strict": True}, {"nobody": {"admit": 2}})
    return tuple(compile_rules(variants(levels, **one)[: 4 * 4 * 7], LISTS) for one in thresholds)


@given(st.lists(_PARTS.filter(lambda parts: parts[7] > 0), min_size=1, max_size=40))
@settings(max_examples=25, deadline=None)
def test_lists_at_exactly_a_threshold_and_equal_lists_count_in_one_pass_as_alone(
    votes: list[list[int]],
) -> None:
    """Shares in 128ths: exact in every precision, often equal, and often 1/32, 1/16 or 1/8 of the valid
    votes, which are 1/40, 1/20 and 1/10 of the ballots cast.
    """
    shares = np.array(votes) / 128
    inputs = with_fixed_bases(SAMPLER_DRAWN)._replace(given=shares)
    for rules in exact_grids():
        counted_alike(inputs, rules, len(shares), len(shares))


def test_rules_of_a_grid_and_others_are_counted_in_one_run() -> None:
    """Those with an exempt list, and those of a method that has fewer than three, go one by one."""
    several = [*variants()[:72], *variants(by_kind={"minority": 0})[1:5], *variants()[72:74]]
    rules = compile_rules(several, LISTS)
    assert len(rules.singles) == 6
    assert len(rules.grids) == 1
    counted_alike(with_fixed_bases(SAMPLER_SOBOL), rules, 5_000, 700)


def test_rules_in_which_lists_do_not_drop_out_in_order_of_votes_stay_outside_the_grid() -> None:
    exempt = variants(by_kind={"minority": 0})
    joint = variants(min_joint_share="60%")
    corrected = variants(min_lists=2, runner_up_factor="0.7")
    for rules in (exempt, joint, corrected):
        assert len(compile_rules(rules[:12], LISTS).singles) >= 10


def test_the_number_of_threads_changes_no_count() -> None:
    rules = compile_rules(variants()[:24], LISTS)
    for sampler in (SAMPLER_RANDOM, SAMPLER_SOBOL):
        one, kept_one = run_draws(draws(sampler), rules, QUESTIONS, 100_000, threads=1)
        for threads in (2, 3, 7):
            more, kept = run_draws(draws(sampler), rules, QUESTIONS, 100_000, threads=threads)
            for name, count in one.totals._asdict().items():
                np.testing.assert_array_equal(count, getattr(more.totals, name), err_msg=name)
            np.testing.assert_array_equal(kept.seats, kept_one.seats)
            np.testing.assert_array_equal(more.proportion("seats").mc_error, one.proportion("seats").mc_error)


def test_nobody_has_a_seat_in_a_void_draw() -> None:
    rule = Rule.model_validate({"seats": 20, "threshold": {"level": "99%"}, "allocation": {"method": "hare"}})
    counts, kept = run_draws(draws(SAMPLER_RANDOM), compile_rules([rule], LISTS), QUESTIONS, 3_000)
    assert counts.totals.void[0] == 3_000
    assert not kept.seats.any()
    assert counts.totals.seats[0, :, 0].tolist() == [3_000] * 9
    assert not counts.totals.majorities.any()
