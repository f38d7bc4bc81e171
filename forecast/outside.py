"""netCDF files as they come: our own, unchanged, at once; all others in a process of their own, with limits.

What HDF5 makes of a damaged file is anybody's guess: it may look for ever, ask for all memory, print lines of
its own, or bring the process down. So only a file whose seal is whole (``forecast.netcdf``) is read here; one
that has lost its seal is refused; and what others wrote is read by a second process, which hands over what it
read as a sealed image. That process gets so much time and memory as a file of this size can need; where the
system knows no such limits (Windows), the clock alone stops it.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from forecast.netcdf import Seal, groups_of_netcdf, netcdf_image, seal_of, values_of_netcdf

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

_MIB = 2**20
_SECONDS, _BYTES_A_SECOND = 2, 4 * _MIB
"""Of the processor, for a file of no size; and how fast a large one is read at least."""
_PATIENCE = 15
"""So many times longer may pass on the clock: the machine may be busy."""
_MEMORY, _COPIES = 256 * _MIB, 32
"""Bytes for a file of no size, beyond what the libraries take; and times the size of a large one: it may be
compressed, and is copied on the way.
"""
_HDF5, _CLASSIC = b"\x89HDF\r\n\x1a\n", (b"CDF\x01", b"CDF\x02", b"CDF\x05")
"""How files of netCDF-4 and of netCDF-3 begin."""
_UNREADABLE = 3
"""Exit code of the second process that comes with a reason on its stdout."""
_READER = "from forecast.outside import answer; answer()"


class Unreadable(Exception):
    """Why a file cannot be read, as the end of a sentence about it."""


def read_netcdf(
    path: Path, only: Sequence[str] = (), among: Collection[str] | None = None
) -> dict[str, xr.Dataset]:
    """The Datasets in a netCDF-4 file by their group; with ``only``, at least these variables of the root,
    with ``among`` of a sealed file these groups alone.

    ``Unreadable`` where the file is damaged, none of netCDF-4, takes more time or memory than its size can
    explain, or lacks one of ``only``; ``OSError`` where the system does not give the file. ``sealed`` in the
    ``encoding`` of the root says whether every byte is known to be as it was written.
    """
    if not path.is_file():
        msg = "no file that can be read"
        raise Unreadable(msg)
    seal = seal_of(path)
    if seal is Seal.BROKEN:
        msg = "damaged: it is not as it was written, its checksum (SHA-256) is another"
        raise Unreadable(msg)
    if seal is Seal.LOST:
        msg = "cut short, damaged, or changed since it was written: the seal at its end is gone"
        raise Unreadable(msg)
    if seal is Seal.NONE:
        _refuse_other_formats(path)
    groups = groups_of_netcdf(path if seal is Seal.WHOLE else _from_elsewhere(path, only), among)
    groups[""].encoding["sealed"] = seal is Seal.WHOLE
    _require(groups[""], only)
    return groups


def read_values(path: Path, wanted: Collection[str]) -> tuple[dict[str, Any], dict[str, np.ndarray], bool]:
    """Attributes of a netCDF-4 file, those of the ``wanted`` variables (by path) that it has, and whether it
    is sealed. Raises as ``read_netcdf`` does.
    """
    if path.is_file() and seal_of(path) is Seal.WHOLE:
        return *values_of_netcdf(path, wanted), True
    groups = read_netcdf(path)
    every = {
        f"{group}/{name}".lstrip("/"): one
        for group, data in groups.items()
        for name, one in data.variables.items()
    }
    return groups[""].attrs, {name: every[name].values for name in wanted if name in every}, False


def _refuse_other_formats(path: Path) -> None:
    """Most of what is no netCDF-4 is told by its first bytes. HDF5 may begin at 0, 512, 1024, 2048, ..."""
    with path.open("rb") as file:
        start, size = file.read(8), path.stat().st_size
        if start.startswith(_CLASSIC):
            msg = "netCDF-3; netCDF-4 is expected (nccopy -k nc4 makes it)"
            raise Unreadable(msg)
        place = 512
        while start != _HDF5 and place < size:
            file.seek(place)
            start, place = file.read(8), 2 * place
    if start != _HDF5:
        msg = "no netCDF-4 file"
        raise Unreadable(msg)


def _from_elsewhere(path: Path, only: Sequence[str]) -> io.BytesIO:
    """An image of what a second process reads in the file."""
    seconds, memory = _limits(path)
    try:
        done = _second_process(path, seconds, memory, only)
    except subprocess.TimeoutExpired:
        raise Unreadable(_too_long(seconds * _PATIENCE)) from None
    if done.returncode == 0:
        return io.BytesIO(done.stdout)
    if done.returncode == _UNREADABLE:
        raise Unreadable(done.stdout.decode(errors="replace"))
    if done.returncode == -getattr(signal, "SIGXCPU", 0):
        raise Unreadable(_too_long(seconds))
    msg = f"damaged: the library that reads netCDF-4 broke down on it (code {done.returncode})"
    raise Unreadable(msg)


def _second_process(
    path: Path, seconds: int, memory: int, only: Sequence[str]
) -> subprocess.CompletedProcess[bytes]:
    """Let a second process ``answer``; ``TimeoutExpired`` where it takes much too long by the clock."""
    options = ["-P", "-W", "ignore", "-c", _READER]
    return subprocess.run(
        [sys.executable, *options, str(path.absolute()), str(seconds), str(memory), *only],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=seconds * _PATIENCE,
        check=False,
    )


def answer() -> None:
    """The second process: read the file that its arguments name, and write an image of it to stdout."""
    path, seconds, memory, *only = sys.argv[1:]
    out = os.dup(1)
    # Whatever the libraries print is not for the reader of stdout.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    get_ready()
    reply(path, int(seconds), int(memory), only, out)


def get_ready() -> None:
    """Import what reading takes, and let it set aside its GiB of addresses, which shall not be counted."""
    import xarray as xr

    image = netcdf_image(xr.Dataset({"share": ("draw", [1.0])}))
    xr.open_datatree(io.BytesIO(image), engine="h5netcdf").load()


def reply(path: str, seconds: int, memory: int, only: Sequence[str], out: int) -> NoReturn:
    """Read a file within limits, write an image of it, or why there is none, to ``out``, and end."""
    _limit(seconds, memory)
    try:
        code, said = 0, _image(path, only, memory)
    except Unreadable as error:
        code, said = _UNREADABLE, str(error).encode()
    except Exception as error:  # the libraries raise whatever comes of a damaged file
        reason = "no netCDF-4 file, or a damaged one"
        if isinstance(error, MemoryError) or "memory allocation" in str(error):
            reason = f"damaged, or too large: reading it takes more than {memory // _MIB:,} MiB of memory"
        code, said = _UNREADABLE, reason.encode()
    with os.fdopen(out, "wb") as stream:
        stream.write(said)
    os._exit(code)  # without what HDF5 does at the end, on a file that may be damaged


def _image(path: str, only: Sequence[str], memory: int) -> bytes:
    import xarray as xr

    if only:
        opened = xr.open_dataset(path, engine="h5netcdf")
        _require(opened, only)
        groups = {"": opened[list(only)].drop_attrs()}
    else:
        tree = xr.open_datatree(path, engine="h5netcdf")
        groups = {node.path.strip("/"): node.to_dataset(inherit=False) for node in tree.subtree}
    if sum(variable.nbytes for data in groups.values() for variable in data.variables.values()) > memory:
        raise MemoryError
    return netcdf_image({name: data.load() for name, data in groups.items()})


def _require(dataset: xr.Dataset, only: Sequence[str]) -> None:
    if not set(only) <= {str(name) for name in dataset.variables}:
        found = ", ".join(str(name) for name in dataset.data_vars) or "nothing"
        msg = f"without a variable '{' or '.join(only)}'; it holds {found}"
        raise Unreadable(msg)


def _limits(path: Path) -> tuple[int, int]:
    """Seconds of the processor and bytes of memory that reading a file may take."""
    size = path.stat().st_size
    return _SECONDS + size // _BYTES_A_SECOND, _MEMORY + _COPIES * size


def _limit(seconds: int, memory: int) -> None:
    """Let the system end this process at these limits, counted from now."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, spent + seconds + 1))
    with suppress(
        OSError, ValueError
    ):  # where /proc does not say what the libraries took, the declared sizes do
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _too_long(seconds: int) -> str:
    return f"damaged, or no netCDF-4 file: reading it takes more than {seconds} s"
