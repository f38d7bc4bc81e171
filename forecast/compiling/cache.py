"""Where compiled code is kept, and under which name; and how what a run needs gets there before it begins,
kernels side by side.

A kernel's code lies in a file that is named after a digest of its source and of all sources of the core that
it imports, of the compiler and of the processor: an edit compiles anew what rests on it and nothing else.
What was cut short or changed is compiled again.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from forecast.compiling.kernel import Kernel


CORE = "forecast.kernels"
_IMPORTED = re.compile(rf"^from {re.escape(CORE)}\.(\w+) import", re.MULTILINE)
_COMPILER = tuple(sorted(Path(__file__).parent.glob("*.py")))
_BEGUN = time.time()
_KEPT = 4
"""Codes of earlier sources that are kept of each kernel: another checkout may be in use beside this one."""


def cache_root() -> Path:
    """Where compiled code is kept: ``$FORECAST_CACHE``, else the user's cache folder on this system."""
    named = os.environ.get("FORECAST_CACHE")
    return Path(named) if named else user_cache_path("forecast")


@cache
def cache_folder() -> Path:
    """The cache folder; a temporary one where the user's cannot be written."""
    for root in (cache_root(), Path(tempfile.gettempdir()) / f"forecast-{_user()}"):
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(root, os.W_OK):
            return root
    return Path(tempfile.mkdtemp(prefix="forecast-"))


def _user() -> str:
    """A name for the user's own temporary folder."""
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


@cache
def _machine() -> str:
    """What compiled code depends on beside its sources."""
    import llvmlite.binding

    features = llvmlite.binding.get_host_cpu_features().flatten()
    parts = (platform.python_version(), version("numba"), version("llvmlite"))
    return " ".join((*parts, llvmlite.binding.get_host_cpu_name(), features))


@cache
def sources_of(module: Path) -> tuple[Path, ...]:
    """The file of a module of this package and those that it imports, directly or not, in order."""
    found, waiting = {module}, [module]
    while waiting:
        for name in _IMPORTED.findall(waiting.pop().read_text(encoding="utf-8")):
            imported = module.parent / f"{name}.py"
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    return tuple(sorted(found))


@cache
def digest_of(module: Path) -> str:
    """Digest of all that the code of a module's kernels follows from."""
    digest = hashlib.sha256(_machine().encode())
    for source in (*sources_of(module), *_COMPILER):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def edited_meanwhile(module: Path) -> bool:
    """Whether a source was written after this process began: its code may be that of the source before, under
    the digest of the new one.
    """
    return any(source.stat().st_mtime > _BEGUN for source in (*sources_of(module), *_COMPILER))


def read(path: Path) -> tuple[bytes, str] | None:
    """Code and the name that it has in its file; None where it is not there as it was written."""
    try:
        digest, name, code = path.read_bytes().split(b"\n", 2)
    except (OSError, ValueError):
        return None
    whole = hashlib.sha256(name + code).hexdigest().encode() == digest
    return (code, name.decode()) if whole else None


def write(path: Path, code: bytes, name: str) -> None:
    digest = hashlib.sha256(name.encode() + code).hexdigest()
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(f"{digest}\n{name}\n".encode() + code)
    draft.replace(path)


def forget_old(path: Path, name: str) -> None:
    others = [other for other in path.parent.glob(f"{name}-????????????????.bin") if other != path]
    others.sort(key=lambda other: other.stat().st_mtime, reverse=True)
    for other in others[_KEPT - 1 :]:
        other.unlink(missing_ok=True)


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
