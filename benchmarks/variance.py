"""How much less the answers of quasi-random draws vary than those of plain ones, at equal time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import GAUSSIAN, KAZAKHSTAN, T_TAILS
from benchmarks.core import questions_of
from benchmarks.measuring import Spread, seconds_of
from benchmarks.records import Results, Row
from forecast.simulation.inputs import Draws
from forecast.simulation.running import run_draws

TABLE = "variance"
EQUAL_DRAWS = "times smaller variance for as many draws"
SMALLER = "times smaller variance at equal time"
P_OSDP = "P(OSDP passes)"
SEATS_OSDP = "mean seats of OSDP"
SEATS_AMANAT = "mean seats of Amanat"
SEATS_ALL = "mean seats, sum over lists"
DRAWS = 1 << 16
TAILS = {"Gaussian": GAUSSIAN, "t tails": T_TAILS}

_RESAMPLES = 400
_SAMPLERS = ("random", "sobol")
Floats = NDArray[np.float64]


def quasi_against_plain(
    results: Results, *, seeds: int, threads: int = 1, draws: int = DRAWS, say: Callable[[str], None]
) -> None:
    """Case A, 2**16 draws a run, one run of either sampler for each seed, in turn."""
    lists = KAZAKHSTAN.lists
    for name, tails in TAILS.items():
        say(f"variance over {seeds} seeds, {name}")
        answers, seconds = _runs(tails, seeds, threads, draws)
        time = Spread.of((seconds["sobol"] / seconds["random"]).tolist())
        results.rows.append(Row(TABLE, "A", f"all of them, {name}", "time of quasi-random over plain", time))
        columns = {P_OSDP: [0], SEATS_OSDP: [1], SEATS_AMANAT: [2], SEATS_ALL: list(range(3, 3 + lists))}
        for answer, column in columns.items():
            plain, quasi = answers["random"][:, column], answers["sobol"][:, column]
            for unit, cost in ((EQUAL_DRAWS, 1.0), (SMALLER, 1.0 / time.median)):
                value = ratio_of_variances(plain, quasi, cost)
                results.rows.append(Row(TABLE, "A", f"{answer}, {name}", unit, value))


def ratio_of_variances(plain: Floats, quasi: Floats, cost: float) -> Spread:
    """Variance of ``plain`` over that of ``quasi`` times ``cost``; (seeds, answers), summed over answers.

    The quartiles are those of a bootstrap over seeds.
    """
    generator = np.random.default_rng(1)
    seeds = len(plain)

    def ratio(a: Floats, b: Floats) -> float:
        return float(a.var(0, ddof=1).sum() / b.var(0, ddof=1).sum()) * cost

    again = [
        ratio(plain[generator.integers(seeds, size=seeds)], quasi[generator.integers(seeds, size=seeds)])
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(again, (0.25, 0.75))
    return Spread(ratio(plain, quasi), float(low), float(high))


def _runs(tails: float, seeds: int, threads: int, draws: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """By sampler: answers (seeds, 3 + K), three named ones and mean seats of every list; seconds (seeds,)."""
    case = KAZAKHSTAN
    rules, questions = case.compiled(), questions_of(case, coalitions=False)
    osdp, amanat = case.units.index("osdp"), case.units.index("amanat")
    bins = np.arange(case.seats + 1)
    answers: dict[str, list[Floats]] = {sampler: [] for sampler in _SAMPLERS}
    seconds: dict[str, list[float]] = {sampler: [] for sampler in _SAMPLERS}

    def run(inputs: Draws) -> Floats:
        counts, _ = run_draws(inputs, rules, questions, draws, threads=threads)
        seats = counts.totals.seats[0, : case.lists] @ bins / draws
        passes = counts.totals.passes[0, osdp] / draws
        return np.concatenate([[passes, seats[osdp], seats[amanat]], seats])

    for sampler in _SAMPLERS:
        run(case.draws(sampler, tails, 0))
    for seed in range(1, seeds + 1):
        for sampler in _SAMPLERS:
            inputs = case.draws(sampler, tails, seed)
            seconds[sampler].append(seconds_of(lambda s=sampler, i=inputs: answers[s].append(run(i))))
    return (
        {sampler: np.array(answers[sampler]) for sampler in _SAMPLERS},
        {sampler: np.array(seconds[sampler]) for sampler in _SAMPLERS},
    )
