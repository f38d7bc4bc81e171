"""The cache of compiled code: an edit anywhere in the core compiles anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import llvmlite.binding
import numpy as np

from forecast.kernels import compiling

KERNELS = Path(compiling.__file__).parent
SCRIPT = """
import numpy as np
from forecast.kernels.caller import raised
print(raised(3.0))
"""
CALLER = """
from forecast.kernels.callee import exponent
from forecast.kernels.compiling import kernel

@kernel
def raised(x):
    return x ** exponent()
"""
CALLEE = """
from forecast.kernels.compiling import stage

@stage
def exponent():
    return {exponent}
"""


def test_an_edit_of_a_function_that_compiled_code_calls_from_another_file_is_seen(tmp_path: Path) -> None:
    """The trap of numba's own cache: it looks at the file of the caller alone."""
    package = tmp_path / "forecast" / "kernels"
    package.mkdir(parents=True)
    (tmp_path / "forecast" / "__init__.py").touch()
    (package / "__init__.py").touch()
    shutil.copy(KERNELS / "compiling.py", package)
    (package / "caller.py").write_text(CALLER)
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "FORECAST_CACHE": str(tmp_path / "cache")}
    env["PYTHONDONTWRITEBYTECODE"] = "1"  # which misses an edit of the same length within a second
    answers = []
    for exponent in (2, 2, 3):
        (package / "callee.py").write_text(CALLEE.format(exponent=exponent))
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        answers.append(float(done.stdout))
    assert answers == [9.0, 9.0, 27.0]
    assert len(list((tmp_path / "cache").glob("kernels-*"))) == 2


def test_the_core_is_compiled_to_the_widest_vectors_of_the_processor() -> None:
    @compiling.stage
    def doubled(row):
        for i in range(512):
            row[i] += row[i]

    @compiling.kernel
    def doubled_twice(row):
        doubled(row)
        for i in range(512):
            row[i] += row[i]

    row = np.ones(512, np.float32)
    doubled_twice(row)
    assert (row == 4).all()
    (signature,) = doubled_twice.signatures
    assert doubled_twice.inspect_llvm(signature).count('"prefer-vector-width"="512"') >= 1
    if llvmlite.binding.get_host_cpu_features().get("avx512f"):
        assembly = doubled_twice.inspect_asm(signature)
        assert assembly.count("%zmm") > 2 * assembly.count("%ymm")


def test_the_digest_names_every_source(tmp_path: Path) -> None:
    for source in KERNELS.glob("*.py"):
        shutil.copy(source, tmp_path)
    before = compiling.sources_digest(tmp_path)
    assert before == compiling.sources_digest(KERNELS)
    for source in tmp_path.glob("*.py"):
        text = source.read_text()
        source.write_text(text + "# edited\n")
        assert compiling.sources_digest(tmp_path) != before
        source.write_text(text)
    assert compiling.sources_digest(tmp_path) == before
