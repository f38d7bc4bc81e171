"""Compile what a forecast needs, so that the first run does not have to: ``python -m forecast.kernels``.

Rules with caps, alliances or levelling and draws from outside are compiled when they are first asked for.
"""

from __future__ import annotations

import sys
import time

from forecast.compiling import on_compilation, prepare, say_on_stderr
from forecast.kernels import admit, count, divide_divisor, divide_quota, draw, drive, sweep, whole_chamber

# What takes longest first.
KERNELS = (
    divide_quota.divide_quota_drawn,
    draw.draw_sobol,
    admit.admit_drawn,
    divide_divisor.divide_divisor_drawn,
    count.count_seats,
    *sweep.KERNELS,
    *whole_chamber.DRAWN,
    draw.begin_replicate,
    draw.take_drawn,
    drive.drive,
    count.count_shares_drawn,
    count.keep_shares_drawn,
    count.keep_seats,
)


def main() -> None:
    """Compile, and say so."""
    start = time.perf_counter()
    on_compilation(say_on_stderr)
    prepare(KERNELS)
    print(f"the compiled core is ready after {time.perf_counter() - start:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
