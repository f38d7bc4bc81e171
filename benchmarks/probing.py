"""Stages called from Python, which by themselves they cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from forecast.compiling.machine_code import OPTIONS, compiler


def probe(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls with arguments of any type, as the core is compiled, but that may
    make arrays.
    """
    options: dict[str, Any] = {**OPTIONS, "_nrt": True}
    return njit(**options, pipeline_class=compiler(), nogil=True)(function)
