"""Stages called from Python, which by themselves they cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from forecast.compiling.machine_code import OPTIONS, compiler
from numba import njit


def probe(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls with arguments of any type, as the core is compiled."""
    return njit(**OPTIONS, pipeline_class=compiler(), nogil=True)(function)
