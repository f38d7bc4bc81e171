"""Where compiled code is kept, and under which name.

A kernel's code lies in a file that is named after a digest of its source and of all sources of the core that
it imports, of the compiler and of the processor: an edit compiles anew what rests on it and nothing else.
What was cut short or changed is compiled again.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import tempfile
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

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
