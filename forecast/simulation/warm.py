"""Compile the core once, so that no later run has to: ``python -m forecast.simulation.warm``."""

from __future__ import annotations

import sys
import time

import numpy as np

from forecast.kernels import compiling
from forecast.kernels.shapes import RULE, SAMPLER_RANDOM, Draws, Questions
from forecast.rules.grids import with_grids
from forecast.simulation.running import run_draws
from forecast.simulation.sobol_directions import NO_DIRECTIONS
from forecast.simulation.tails import tail_table


def warm() -> float:
    """Run a few draws of an election of two lists; the seconds that it took."""
    start = time.perf_counter()
    draws = Draws(
        seed=np.uint64(1),
        sampler=SAMPLER_RANDOM,
        location=np.zeros(2),
        spread=np.ones(2),
        factor=np.zeros((0, 0)),
        tail=tail_table(np.inf),
        undecided=0.0,
        undecided_spread=0.0,
        not_lists=np.zeros(2, np.bool_),
        invalid=np.zeros(2),
        turnout=np.ones(2),
        directions=NO_DIRECTIONS,
        given=np.zeros((0, 2)),
        valid_votes=1e6,
    )
    records = np.zeros(1, RULE)
    records["seats"] = 2
    one = np.ones((1, 2))
    rules = with_grids(records, one, one, one, one, np.ones((1, 4)))
    none = np.zeros(1, np.int64)
    empty = np.zeros(0, np.int64)
    small = np.zeros(0, np.int32)
    run_draws(draws, rules, Questions(none, empty, none, none, empty, small, small), 10)
    return time.perf_counter() - start


def main() -> None:
    """Compile, and say so."""
    compiling.on_compilation(lambda: print(compiling.COLD, file=sys.stderr))
    print(f"the compiled core is ready after {warm():.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
