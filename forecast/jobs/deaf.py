"""What a worker process of this machine begins with: Ctrl-C is for the command that it works for.

A terminal sends it to every process of a command; workers end when the command does.
"""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by dask in a worker that starts, in the main thread of its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
