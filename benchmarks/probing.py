"""Stages called from Python, which by themselves they cannot be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

import forecast.kernels
from forecast.compiling.cache import cache_folder, digest_of
from forecast.compiling.machine_code import OPTIONS, compiler


def probe(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls with arguments of any type, as the core is compiled, but that may
    make arrays. Its code is kept until a source of the core changes, or its own; not that of a function
    inside another, as what it finds there has no name by which to keep it.
    """
    options: dict[str, Any] = {**OPTIONS, "_nrt": True}
    config: Any = numba.config
    before, config.CACHE_DIR = config.CACHE_DIR, _folder()
    try:
        return numba.njit(
            **options, pipeline_class=compiler(), nogil=True, cache=function.__closure__ is None
        )(function)
    finally:
        config.CACHE_DIR = before


@cache
def _folder() -> str:
    """Where probes are kept: numba looks at the source of a function, not at those of the stages it calls."""
    sources = sorted(Path(forecast.kernels.__file__).parent.glob("*.py"))
    digest = hashlib.sha256("".join(map(digest_of, sources)).encode()).hexdigest()[:16]
    return str(cache_folder() / f"probes-{digest}")
