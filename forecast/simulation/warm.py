"""Compile what a forecast needs, so that the first run does not have to: ``python -m forecast.simulation.warm``.

Rules with caps, alliances or levelling, sweeps and draws from outside are compiled when they are first asked for.
"""

from __future__ import annotations

import sys
import time

from forecast.kernels import admit, count, divide_divisor, divide_quota, draw
from forecast.kernels.compiling import on_compilation, prepare, say_on

KERNELS = (
    divide_quota.divide_quota_drawn,
    draw.draw_sobol,
    admit.admit_drawn,
    count.count_seats,
    divide_divisor.divide_divisor_drawn,
    draw.begin_replicate,
    count.count_shares_drawn,
)
"""What takes longest first."""


def main() -> None:
    """Compile, and say so."""
    start = time.perf_counter()
    on_compilation(say_on(sys.stderr))
    prepare(KERNELS)
    print(f"the compiled core is ready after {time.perf_counter() - start:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
