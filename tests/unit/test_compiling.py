"""Kernels and their cache: an edit compiles anew what rests on it, and so does code that is not whole."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding
import numpy as np
import pytest
from numba.core import codegen

from benchmarks.probing import probe
from forecast import compiling
from forecast.compiling import called, machine_code, stage
from forecast.compiling.cache import digest_of, sources_of
from forecast.kernels import count, draw, sweep

FORECAST = Path(compiling.__file__).parent.parent
KERNELS = FORECAST / "kernels"
SCRIPT = """
import sys
import numpy as np
from forecast.compiling import on_compilation
compiled = []
on_compilation(lambda done, total: compiled.append(done))
from forecast.kernels.caller import raised
from forecast.kernels.other import doubled
out = np.zeros(1, np.int64)
raised(np.array([3]), out)
doubled(out)
print(out[0], len(compiled), "numba" in sys.modules)
"""
CALLER = """
from __future__ import annotations

from forecast.compiling import kernel
from forecast.kernels.arrays import I64x1
from forecast.kernels.callee import exponent

@kernel
def raised(x: I64x1, out: I64x1) -> None:
    out[0] = x[0] ** exponent()
"""
OTHER = """
from __future__ import annotations

from forecast.compiling import kernel
from forecast.kernels.arrays import I64x1

@kernel
def doubled(x: I64x1) -> None:
    x[0] *= 2
"""
CALLEE = """
from forecast.compiling import called, machine_code, stage

@stage
def exponent():
    return {exponent}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small core of its own."""
    core = tmp_path / "forecast" / "kernels"
    core.mkdir(parents=True)
    (tmp_path / "forecast" / "__init__.py").touch()
    (core / "__init__.py").touch()
    shutil.copytree(
        FORECAST / "compiling", tmp_path / "forecast" / "compiling", ignore=shutil.ignore_patterns("*.pyc")
    )
    shutil.copy(KERNELS / "arrays.py", core)
    shutil.copy(FORECAST / "writing.py", tmp_path / "forecast")
    (core / "caller.py").write_text(CALLER)
    (core / "other.py").write_text(OTHER)
    (core / "callee.py").write_text(CALLEE.format(exponent=2))
    return tmp_path


def said(project: Path, **more: str) -> tuple[int, int, bool]:
    """What the script prints: the answer, how many kernels were compiled, whether the compiler was loaded."""
    env = {**os.environ, "PYTHONPATH": str(project), "FORECAST_CACHE": str(project / "cache"), **more}
    env["PYTHONDONTWRITEBYTECODE"] = "1"  # which misses an edit of the same length within a second
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, cwd=project, capture_output=True, text=True, check=True
    )
    answer, compiled, loaded = done.stdout.split()
    return int(answer), int(compiled), loaded == "True"


def test_an_edit_compiles_anew_what_rests_on_it_and_nothing_else(project: Path) -> None:
    """The trap of numba's own cache: it looks at the file of the caller alone."""
    assert said(project) == (18, 2, True)
    assert said(project) == (18, 0, False)
    (project / "forecast" / "kernels" / "callee.py").write_text(CALLEE.format(exponent=3))
    assert said(project) == (54, 1, True)
    assert said(project) == (54, 0, False)


def test_code_that_was_cut_short_or_changed_is_compiled_again(project: Path) -> None:
    said(project)
    for damage in (
        lambda code: code[:-10],
        lambda code: code[:-1] + b"?",
        lambda code: b"",
        lambda code: b"x",
    ):
        (kept,) = (project / "cache").glob("caller.*.bin")
        kept.write_bytes(damage(kept.read_bytes()))
        assert said(project) == (18, 1, True)


EDITED = SCRIPT.replace("out = np", "from pathlib import Path\nPath({path!r}).touch()\nout = np")


def test_code_of_a_source_that_is_edited_meanwhile_is_not_kept(project: Path) -> None:
    """It would stand under the digest of the edited source."""
    script = EDITED.format(path=str(project / "forecast" / "kernels" / "callee.py"))
    env = {**os.environ, "PYTHONPATH": str(project), "FORECAST_CACHE": str(project / "cache")}
    subprocess.run([sys.executable, "-c", script], env=env, cwd=project, capture_output=True, check=True)
    assert [path.name.split("-")[0] for path in (project / "cache").glob("*.bin")] == ["other.doubled"]


def test_processes_that_begin_at_once_compile_each_kernel_once(project: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(project), "FORECAST_CACHE": str(project / "cache")}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT], env=env, cwd=project, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    answers = [process.communicate()[0].split() for process in started]
    assert [answer[0] for answer in answers] == ["18"] * 4
    assert sum(int(answer[1]) for answer in answers) == 2


LATER = """
import numpy as np
from forecast.compiling import cache
from forecast.kernels.caller import raised
from forecast.kernels.other import doubled
cache.processors = lambda: 2
cache.prepare([raised], later=[doubled])
(helper,) = cache._helpers
cache.prepare([doubled])
out = np.zeros(1, np.int64)
raised(np.array([3]), out)
doubled(out)
print(out[0], helper.wait())
"""


def test_what_is_wanted_later_is_compiled_by_another_process_meanwhile(project: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(project), "FORECAST_CACHE": str(project / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", LATER], env=env, cwd=project, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["18", "0"]
    assert said(project) == (18, 0, False)


def test_a_folder_that_cannot_be_written_does_not_stop_a_run(project: Path) -> None:
    (project / "cache").write_text("a file where the folder would be")
    assert said(project, TMPDIR=str(project)) == (18, 2, True)
    assert said(project, TMPDIR=str(project)) == (18, 0, False)


def test_the_digest_of_a_module_follows_all_that_it_imports(tmp_path: Path) -> None:
    assert {path.name for path in sources_of(KERNELS / "draw.py")} >= {
        "draw.py",
        "random_bits.py",
        "elementary.py",
    }
    assert "draw.py" not in {path.name for path in sources_of(KERNELS / "count.py")}
    for source in KERNELS.glob("*.py"):
        shutil.copy(source, tmp_path)
    before = digest_of(tmp_path / "draw.py")
    assert before == digest_of(KERNELS / "draw.py")


def test_a_kernel_refuses_arrays_of_another_type() -> None:
    draws, begins, ends = np.zeros((3, 4), np.int32)
    stretches = sweep.Stretches(draws, begins, ends, np.zeros(1, np.int64))
    with pytest.raises(TypeError, match="void: int32 of 1 axes for int64"):
        sweep.count_void(stretches, np.zeros(4, np.int32))
    other: Any = np.zeros(4, np.int64)
    with pytest.raises(TypeError, match=r"stretches\.draw: int64 of 1 axes for int32"):
        sweep.count_void(stretches._replace(draw=other), np.zeros(4, np.int64))
    with pytest.raises(TypeError, match="not contiguous"):
        sweep.any_stretch(np.zeros(8, np.int64)[::2], 1)


def test_the_core_is_compiled_to_the_widest_vectors_of_the_processor() -> None:
    @stage
    def doubled(row):
        for i in range(512):
            row[i] += row[i]

    @probe
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


def test_kept_code_calls_nothing_of_python() -> None:
    """What a process loads without the compiler must not lack anything that the compiler provides."""
    for kernel in (draw.begin_replicate, sweep.count_along, count.keep_seats):
        assert kernel.address > 0
        code = kernel.path.read_bytes()
        assert b"Py" not in code.split(b"\n", 2)[2]
        assert b"numba_" not in code.split(b"\n", 2)[2]


def test_numba_makes_machine_code_of_no_function_of_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made once of a whole kernel: of each function in each of its callers it takes twice the time."""
    emitted: list[str] = []
    monkeypatch.setattr(codegen.JitEngine, "add_module", lambda self, module: emitted.append(module.name))

    @stage
    def raised(row):
        row[0] += 1

    @called
    def raised_apart(row):
        raised(row)

    def entry(table):
        raised(table)
        raised_apart(table)
        return table[0]

    code, name = machine_code.machine_code(entry)
    assert emitted == []
    entered = machine_code.PROTOTYPE(machine_code.load(code, name))
    result, error, table = ctypes.c_int64(), ctypes.c_void_p(), np.array([40])
    entered(ctypes.pointer(result), ctypes.pointer(error), table.ctypes.data)
    assert result.value == table[0] == 42


def test_every_file_of_the_core_serves_what_the_docs_say_and_the_list_vote_is_small() -> None:
    """The list vote takes less than 4,000 lines."""
    page = (FORECAST.parent / "docs" / "core.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ([a-z ]+) \| ((?:`\w+` ?)+)\|$", page.split("## Which file serves what")[1], re.MULTILINE
    )
    files = {what: re.findall(r"`(\w+)`", names) for what, names in rows}
    assert sorted(name for names in files.values() for name in names) == sorted(
        path.stem for path in KERNELS.glob("*.py")
    )
    sources = [(KERNELS / f"{name}.py").read_text(encoding="utf-8") for name in files["the list vote"]]
    assert sum(source.count("\n") for source in sources) < 4000
    for source in sources:
        apart = set(re.findall(r"from forecast\.kernels\.(\w+) import", source)) - {*files["the list vote"]}
        assert not apart
