"""Which program this is: what its numbers rest on, to be compared between machines."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

_MATTER = ("numpy", "numba", "llvmlite", "scipy", "xarray", "pandas")


@cache
def program() -> dict[str, str]:
    """Versions of the program (with a digest of its sources) and of the libraries that numbers rest on."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for source in sorted(root.rglob("*.py")):
        digest.update(source.relative_to(root).as_posix().encode())
        digest.update(source.read_bytes())
    own = f"{version('forecast')} (sources {digest.hexdigest()[:12]})"
    return {"forecast": own, **{name: version(name) for name in _MATTER}}
