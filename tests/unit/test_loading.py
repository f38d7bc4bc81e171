"""A warm core is loaded without the compiler, and the compiler is there when it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from forecast.kernels import compiling

PROGRAM = """
import sys
import numpy as np
from numba import njit
from forecast.kernels.compiling import kernel

@kernel
def doubled(values):
    result = np.empty(len(values))
    for i in range(len(values)):
        result[i] = 2.0 * values[i]
    return result

first = doubled(np.arange(4.0)).sum()
readied = "numba.np.linalg" in sys.modules
other = doubled(np.arange(4)).sum()  # another type: compiled now, or loaded
fresh = njit(lambda x: np.linalg.norm(x) + len([x for _ in range(3)]))(np.ones(4))
print(first, readied, other, fresh)
"""


@pytest.mark.skipif(
    not numba.__version__.startswith(compiling._LOADS_QUICKLY), reason="another numba loads as it does"
)
def test_a_cached_kernel_is_loaded_without_readying_the_compiler(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    environment = {**os.environ, "FORECAST_CACHE": str(tmp_path / "cache")}
    said = [
        subprocess.run(
            [sys.executable, "program.py"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert said[0] == ["12.0", "True", "12.0", "5.0"]
    assert said[1] == ["12.0", "False", "12.0", "5.0"]
