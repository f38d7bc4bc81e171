"""Kernels that a run needs, compiled side by side before it begins."""

from __future__ import annotations

import atexit
import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.compiling.kernel import Kernel

_progress: dict[str, Any] = {"say": None, "done": 0, "total": 0}
_helpers: list[subprocess.Popen[bytes]] = []


def on_compilation(say: Callable[[int, int], None]) -> None:
    """Call ``say`` with a number and how many there are whenever a kernel is compiled that is not in the
    cache.
    """
    _progress["say"] = say


def tell() -> None:
    """Say that one more is compiled."""
    _progress["done"] += 1
    _progress["total"] = max(_progress["total"], _progress["done"])
    if _progress["say"] is not None:
        _progress["say"](_progress["done"], _progress["total"])


def say_on_stderr(done: int, total: int) -> None:
    """Say how far compiling is."""
    print(f"compiling the core, once: {done} of {total} ...", file=sys.stderr, flush=True)


def prepare(kernels: Iterable[Kernel], later: Iterable[Kernel] = ()) -> None:
    """Load kernels, and compile those that are not in the cache, side by side where processors are idle.

    Every process takes the first kernel that no other is at, so that many processes that start at once
    compile each kernel once. What is wanted ``later`` is compiled by the others while this one goes on.
    """
    wanted = list(kernels)
    missing = [one for one in wanted if not one.at_hand]
    waiting = [one for one in later if one not in wanted and not one.at_hand]
    _helpers[:] = [helper for helper in _helpers if helper.poll() is None]
    if (missing or waiting) and not _helpers:
        _helpers.extend(_start_helpers([*missing, *waiting]))
    if missing:
        _progress["done"], _progress["total"] = 0, len(missing)
        for one in missing:
            one.compile_unless_others_do()
    for one in wanted:
        _ = one.address


@atexit.register
def _end_helpers() -> None:
    """Nothing goes on behind a program that ends; what they were at is compiled when it is next needed."""
    for helper in _helpers:
        helper.kill()
        helper.wait()


def _start_helpers(missing: Sequence[Kernel]) -> list[subprocess.Popen[bytes]]:
    """Processes that compile the same kernels; none where there is but one processor."""
    number = min(processors() - 1, len(missing))
    root = str(Path(__file__).parents[2])
    program = f"import sys; sys.path.insert(0, {root!r}); from {__name__} import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, *(one.importable for one in missing)]
    helpers = []
    for _ in range(number):
        try:
            quiet = subprocess.DEVNULL
            helpers.append(subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet))
        except OSError:  # it is compiled here then
            break
    return helpers


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main(addresses: Sequence[str]) -> None:
    """Compile kernels that are given as ``module:name`` into the cache."""
    for address in addresses:
        module, name = address.split(":")
        getattr(importlib.import_module(module), name).compile_unless_others_do()
