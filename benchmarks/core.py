"""The core as the product runs it."""

from __future__ import annotations

import numpy as np

from benchmarks.cases import GAUSSIAN, T_TAILS, Case
from benchmarks.subjects import Whole, Work, subject
from forecast.election import Rule
from forecast.kernels.count import Questions
from forecast.rules.compiled import Rules
from forecast.simulation.inputs import Units, compile_questions
from forecast.simulation.running import run_draws

BARE = "core, Gaussian"
BARE_SOBOL = "core, Gaussian, Sobol"
DEFAULT = "core, t tails + coalitions"
DEFAULT_SOBOL = "core, t tails + coalitions, Sobol"
LAW = "core, as above + at least two lists"


def questions_of(case: Case, *, coalitions: bool) -> Questions:
    """The case's four coalitions, or no questions."""
    election = case.election(coalitions=coalitions)
    return compile_questions(election.coalitions, (), Units.of(election, case.units))


def core(
    case: Case, sampler: str, degrees_of_freedom: float, *, coalitions: bool, rules: Rules | None = None
) -> Work:
    """Draws, threshold, allocation, histograms of seats and shares: one call of ``run_draws``."""
    inputs = case.draws(sampler, degrees_of_freedom)
    compiled = case.compiled() if rules is None else rules
    questions = questions_of(case, coalitions=coalitions)

    def seats(votes: Whole) -> Whole:
        return seats_of(case, votes, compiled)

    return Work(lambda draws, threads: run_draws(inputs, compiled, questions, draws, threads=threads), seats)


def seats_of(case: Case, votes: Whole, rules: Rules) -> Whole:
    """Seats (N, K) that the core gives to whole votes (N, U) from outside."""
    given = case.given(votes.astype(np.float64))
    _, kept = run_draws(given, rules, questions_of(case, coalitions=False), len(votes), keep=len(votes))
    return kept.seats_of(0)


@subject(BARE, "plain random draws, histograms of seats and shares, no coalitions", "core")
def bare(case: Case) -> Work:
    return core(case, "random", GAUSSIAN, coalitions=False)


@subject(BARE_SOBOL, "the same from 16 scrambled Sobol sequences", "core")
def bare_sobol(case: Case) -> Work:
    return core(case, "sobol", GAUSSIAN, coalitions=False)


@subject(DEFAULT, "plain random draws with t tails, four coalitions, histograms", "core")
def default(case: Case) -> Work:
    return core(case, "random", T_TAILS, coalitions=True)


@subject(DEFAULT_SOBOL, "the same from 16 scrambled Sobol sequences: what `forecast run` does", "core")
def default_sobol(case: Case) -> Work:
    return core(case, "sobol", T_TAILS, coalitions=True)


@subject(
    LAW,
    "the same with Kazakhstan's rule that the runner-up enters if one list alone passes",
    "core",
    cases=("A",),
)
def law(case: Case) -> Work:
    rule: Rule = case.rule(min_lists=2, nobody="void")
    return core(case, "sobol", T_TAILS, coalitions=True, rules=case.compiled(rule))
