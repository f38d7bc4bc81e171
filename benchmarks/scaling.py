"""How the time of a draw changes with what is asked: draws, threads, lists, seats, rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from benchmarks import yardsticks
from benchmarks.cases import CASES, GAUSSIAN, KAZAKHSTAN, T_TAILS, Case, many_lists, with_seats
from benchmarks.core import core, questions_of
from benchmarks.measuring import Spread, Timed, interleave
from benchmarks.records import Results, Row
from forecast.election import Rule
from forecast.rules.compiled import Rules
from forecast.simulation.running import run_draws

LIST_NUMBERS = (5, 10, 20, 30, 40, 50, 60)
SEAT_NUMBERS = (50, 100, 200, 300, 500, 700, 1000)
METHODS = ("hare", "sainte-lague", "dhondt")
SWEEP_METHODS = ("hare", "droop", "sainte-lague", "dhondt")
SWEEP_BASES = ("valid", "lists", "cast")
THREE_BASES = "1,212 rules, three bases"
DRAWS, LISTS, SEATS, RULES = "draws", "lists", "seats", "rules"
ONE_PASS = "times faster than a run for each"
Say = Callable[[str], None]


def by_draws(results: Results, numbers: Sequence[int], *, rounds: int, say: Say) -> None:
    """A forecast of case A (t tails, coalitions, Sobol) of each size, on one thread and on two."""
    work = core(KAZAKHSTAN, "sobol", T_TAILS, coalitions=True)
    for number in numbers:
        say(f"{number:,} draws")
        timed = {
            threads: Timed(lambda draws, threads=threads: work.run(draws, threads), number, number)
            for threads in (1, 2)
        }
        # The longest runs are timed fewer times: noise of a fraction of a second does not show in them.
        timings = interleave(timed, rounds=rounds if number < 10**8 else min(rounds, 3))
        for threads, timing in timings.items():
            what = f"{number:,} draws, {threads} thread{'s' * (threads > 1)}"
            results.rows.append(Row(DRAWS, "A", what, "ns a draw", timing.nanoseconds))
        what = f"{number:,} draws, 2 threads"
        results.rows.append(
            Row(DRAWS, "A", what, "times faster than one thread", timings[1].over(timings[2]))
        )


def by_lists(results: Results, numbers: Sequence[int], *, rounds: int, target: float, say: Say) -> None:
    """Lists of shares that fall by a tenth, 300 seats, threshold 3.25 %, plain draws, Gaussian."""
    for number in numbers:
        say(f"{number} lists")
        for method in ("hare", "dhondt"):
            case = many_lists(number, method=method)
            _against_numpy(results, LISTS, case, f"{number} lists, {method}", rounds, target)


def by_seats(results: Results, numbers: Sequence[int], *, rounds: int, target: float, say: Say) -> None:
    """The units of case A with a house of another size, plain draws, Gaussian."""
    for number in numbers:
        say(f"{number} seats")
        for method in METHODS:
            case = with_seats(KAZAKHSTAN, number, method)
            _against_numpy(results, SEATS, case, f"{number} seats, {method}", rounds, target)


def _against_numpy(results: Results, table: str, case: Case, what: str, rounds: int, target: float) -> None:
    ours, numpy = core(case, "random", GAUSSIAN, coalitions=False), yardsticks.numpy_normals(case)
    least = 1 << 14
    timings = interleave(
        {"core": Timed(lambda n: ours.run(n, 1), least), "numpy": Timed(lambda n: numpy.run(n, 1), least)},
        rounds=rounds,
        target=target,
    )
    results.rows.append(Row(table, case.key, what, "ns a draw", timings["core"].nanoseconds))
    ratio = timings["core"].over(timings["numpy"])
    results.rows.append(Row(table, case.key, what, f"against {yardsticks.NUMPY}", ratio))


def sweep(case: Case, rules: int) -> list[Rule]:
    """So many rules: four methods, each along thresholds from 0.2 % up in steps of 0.2 points."""
    methods = SWEEP_METHODS[: min(4, rules)]
    levels = -(-rules // len(methods))
    return [
        case.rule(method=method, level=Fraction(step, 500))
        for method in methods
        for step in range(1, levels + 1)
    ]


def check_one_pass(case: Case, once: Rules, each: Sequence[Rules], draws: int = 4096) -> None:
    """Many rules in one pass count the same as a run for each, or it is an error."""
    inputs, questions = case.draws("random", GAUSSIAN), questions_of(case, coalitions=False)
    together, _ = run_draws(inputs, once, questions, draws, keep=0)
    for number, rules in enumerate(each):
        alone, _ = run_draws(inputs, rules, questions, draws, keep=0)
        for tally in ("passes", "seats", "void"):
            if not np.array_equal(getattr(together.totals, tally)[number], getattr(alone.totals, tally)[0]):
                msg = f"case {case.key}: rule {number} counts other {tally} in one pass than alone"
                raise AssertionError(msg)


def by_rules(
    results: Results, key: str, numbers: Sequence[int], draws: int, *, rounds: int, say: Say
) -> None:
    """Many rules on the same draws in one pass, against a run for each; plain draws, Gaussian, one thread."""
    for number in numbers:
        _in_one_pass(results, CASES[key], f"{number} rules", sweep(CASES[key], number), draws, rounds, say)


def by_bases(results: Results, levels: int, draws: int, *, rounds: int, say: Say) -> None:
    """Case A under so many thresholds from 0 to 10 %, by four methods and three bases, in one pass."""
    rules = [
        KAZAKHSTAN.rule(method=method, base=base, level=Fraction(step, 10 * (levels - 1)))
        for method in SWEEP_METHODS
        for base in SWEEP_BASES
        for step in range(levels)
    ]
    _in_one_pass(results, KAZAKHSTAN, f"{len(rules):,} rules, three bases", rules, draws, rounds, say)


def _in_one_pass(
    results: Results, case: Case, what: str, rules: Sequence[Rule], draws: int, rounds: int, say: Say
) -> None:
    say(f"case {case.key}: {what} at once")
    inputs, questions = case.draws("random", GAUSSIAN), questions_of(case, coalitions=False)

    def runs(passes: Sequence[Rules], draws: int) -> None:
        for compiled in passes:
            run_draws(inputs, compiled, questions, draws, keep=0)

    once, each = [case.compiled(*rules)], [case.compiled(rule) for rule in rules]
    timings = interleave(
        {
            "once": Timed(partial(runs, once), draws, draws),
            "each": Timed(partial(runs, each), draws, draws),
        },
        rounds=rounds,
    )
    per_rule = Spread(*(value / len(rules) for value in timings["once"].nanoseconds))
    results.rows.append(Row(RULES, case.key, what, "ns a draw and rule", per_rule))
    results.rows.append(Row(RULES, case.key, what, ONE_PASS, timings["each"].over(timings["once"])))
