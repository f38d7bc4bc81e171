"""Many rules in one pass against the same rules one by one: the same counts, to the last draw."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from forecast.election import Party, Rule
from forecast.kernels.count import Questions
from forecast.rules.compiled import compile_rules
from forecast.rules.grids import one_by_one
from forecast.simulation.inputs import SAMPLER_RANDOM, SAMPLER_SOBOL, Draws, tail_table
from forecast.simulation.running import run_draws
from forecast.simulation.sobol_directions import direction_numbers

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


def variants(**threshold: Any) -> list[Rule]:
    return [
        Rule.model_validate(
            {
                "seats": seats,
                "ties": "registration",
                "threshold": {"level": Fraction(level, 100), "base": base, **threshold},
                "allocation": {"method": method},
                "weights": {"minority": "1.35"},
            }
        )
        for seats in (20, 33)
        for method in ("hare", "dhondt", "droop", "adams")
        for base in ("valid", "lists", "cast", "registered")
        for level in (0, 3, 5, 7, 12, 45)
    ]


@pytest.mark.parametrize("sampler", [SAMPLER_RANDOM, SAMPLER_SOBOL])
@pytest.mark.parametrize(
    "threshold",
    [{}, {"strict": True}, {"min_lists": 3}, {"min_lists": 2, "nobody": "void"}, {"nobody": {"admit": 2}}],
    ids=str,
)
def test_a_grid_counts_what_its_rules_count_one_by_one(sampler: int, threshold: dict[str, Any]) -> None:
    rules = compile_rules(variants(**threshold), LISTS)
    assert len(rules.singles) == 0
    together, kept = run_draws(draws(sampler), rules, QUESTIONS, 5_000, keep=700)
    alone, kept_alone = run_draws(draws(sampler), one_by_one(rules), QUESTIONS, 5_000, keep=700)
    for name, count in together.totals._asdict().items():
        np.testing.assert_array_equal(count, getattr(alone.totals, name), err_msg=name)
    np.testing.assert_array_equal(kept.seats, kept_alone.seats)


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
