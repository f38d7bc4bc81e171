"""What a worker process of this machine begins with, and what it is forked from where processes can be.

Ctrl-C is for the command that workers work for: a terminal sends it to every process of a command, and
workers end when the command does.
"""

from __future__ import annotations

import gc
import signal
import sys
from importlib import import_module
from typing import Any

_FORKED_FROM = ("distributed.nanny", "forecast.jobs.store", "forecast.verification.backtest", "xarray")
"""What every worker imports sooner or later, a second of a processor; forked workers find it there."""


def dask_setup(worker: Any) -> None:
    """Called by dask in a worker that starts, in the main thread of its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _be_forked() -> None:
    """In the process that workers are forked from."""
    dask_setup(None)
    for name in _FORKED_FROM:
        import_module(name)
    gc.freeze()


if sys.argv[:1] == ["-c"]:  # as Python starts that process, which is told to import this module
    _be_forked()
