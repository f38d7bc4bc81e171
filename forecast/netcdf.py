"""Datasets as netCDF-4, a group each, in the form that xarray itself writes, in a tenth of the time, and
sealed.

``Dataset.to_netcdf`` and ``xarray.open_dataset`` import every array library that is installed, dask among
them, and walk the file anew for every variable. A forecast holds numbers, texts and days only; they are
written and read here straight through HDF5, by the conventions of netCDF-4 (dimensions are HDF5 dimension
scales) and CF (days, coordinates).

HDF5 has no checksums of its own here, and its library trusts what it reads: one changed byte makes it look
for ever, ask for all memory, or give another number. So a file ends with its seal, the SHA-256 of all bytes
before. Every reader of netCDF-4 passes over it, as it stands behind the end that HDF5 notes; what HDF5 says
of a file whose seal is whole can be trusted, and it is read here. One that has lost its seal is refused.
What others wrote is read by a second process, which hands over what it read as a sealed image. That process
gets so much time and memory as a file of this size can need; where the system knows no such limits (Windows),
the clock alone stops it.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import mmap
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from forecast.result import Labelled, dataset_of

if TYPE_CHECKING:
    import h5py
    import numpy as np
    import xarray as xr


_LARGE = 65_536
"""Arrays of so many bytes or more are compressed."""
_DAYS = "days since 1970-01-01"
_NO_DAY = np.int32(-(2**31))
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."
"""What netCDF-4 calls the scale of a dimension that has no variable of its name, with the size behind."""
_OURS = b"written by forecast, and sealed at its end"
"""HDF5's comment on such a file, among its first bytes; whoever writes it anew does not carry it over."""
_HIDDEN = frozenset({b"REFERENCE_LIST", b"_Netcdf4Dimid"})
"""Attributes of netCDF-4 that nobody needs who reads the others."""

_SEAL = b"\nsealed by forecast with SHA-256 "
_SEAL_SIZE = len(_SEAL) + 64 + 1


class Seal(Enum):
    """What the end of a file says of the bytes before."""

    WHOLE = "every byte is as it was written"
    BROKEN = "some byte is not as it was written"
    LOST = "written here, but the seal at its end is gone"
    NONE = "written elsewhere"


def netcdf_image(content: xr.Dataset | Mapping[str, xr.Dataset]) -> bytes:
    """The bytes of a sealed netCDF-4 file: a Dataset, or several by the name of their group (the root's is
    empty).

    What lies along a dimension of the root has that dimension in every group. ``TypeError`` for a variable
    that is no number, text or day.
    """
    import h5py
    import xarray as xr
    from h5py import h5o

    groups = {"": content} if isinstance(content, xr.Dataset) else content
    image = io.BytesIO()
    with h5py.File(image, "w", track_order=True) as file:
        h5o.set_comment(file.id, _OURS)
        _describe(file, groups[""].attrs)
        numbers = itertools.count()
        scales = _write_group(file, groups[""], {}, numbers)
        for name, dataset in groups.items():
            if name:
                _write_group(file.create_group(name, track_order=True), dataset, scales, numbers)
    written = image.getvalue()
    return written + _SEAL + hashlib.sha256(written).hexdigest().encode() + b"\n"


def _write_group(
    place: h5py.Group, dataset: xr.Dataset, inherited: Mapping[str, h5py.Dataset], numbers: Iterator[int]
) -> dict[str, h5py.Dataset]:
    """Write a Dataset to a group; scales of dimensions by name, those of the root among them."""
    # Scales first: variables are attached to them.
    variables = {str(name): variable for name, variable in dataset.variables.items()}
    scales = dict(inherited)
    for dim, size in dataset.sizes.items():
        scale = str(dim)
        if scale in inherited:
            variables.pop(scale, None)
            continue
        if scale in variables:
            written = _write(place, scale, variables[scale], "")
            written.make_scale(scale)
        else:
            written = place.create_dataset(scale, (size,), "f4")
            written.make_scale(f"{_NO_VARIABLE}{size:10d}")
        _describe(written, {"_Netcdf4Dimid": np.int32(next(numbers))})
        scales[scale] = written
    beside = {
        name: variables[name] for name in map(str, dataset.coords) if name in variables and name not in scales
    }
    for name, variable in variables.items():
        if name not in scales:
            coordinates = "" if name in beside else _auxiliary(variable, beside)
            written = _write(place, name, variable, coordinates)
            for axis, dim in enumerate(variable.dims):
                written.dims[axis].attach_scale(scales[str(dim)])
    return scales


def seal_of(path: Path) -> Seal:
    """Whether a file is one that ``netcdf_image`` made, and is unchanged. ``OSError`` where it cannot be."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        if size < _SEAL_SIZE:
            return Seal.NONE
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            end = content[size - _SEAL_SIZE :]
            if end.startswith(_SEAL):
                with memoryview(content) as whole, whole[: size - _SEAL_SIZE] as before:
                    digest = hashlib.sha256(before).hexdigest()
                return Seal.WHOLE if end[len(_SEAL) :] == f"{digest}\n".encode() else Seal.BROKEN
            return Seal.NONE if content.find(_OURS) < 0 else Seal.LOST


def groups_of_netcdf(
    source: Path | io.BytesIO, among: Collection[str] | None = None
) -> dict[str, xr.Dataset]:
    """The Datasets in a file, or an image, that ``netcdf_image`` made and whose seal is whole, by their
    group; with ``among``, beside the root these groups alone.

    Attributes are texts, Python's numbers and arrays; days are ``datetime64[ns]``, as xarray has them.
    """
    import h5py

    with h5py.File(source, "r") as file:
        scales: dict[int, str] = {}
        shared, root = _read_group(file, {}, scales, _attributes(file.id, file.attrs))
        wanted = [(str(name), file[name]) for name in file if among is None or name in among]
        groups = {name: item for name, item in wanted if isinstance(item, h5py.Group)}
        read = {name: _read_group(item, shared, scales, {})[1] for name, item in groups.items()}
        return {"": root} | read


def values_of_netcdf(source: Path, wanted: Collection[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Attributes of a file that ``netcdf_image`` made and whose seal is whole, and those of the ``wanted``
    variables (by path) that it has: plain arrays, in a twentieth of the time that Datasets take.
    """
    import h5py

    read: dict[str, np.ndarray] = {}
    with h5py.File(source, "r") as file:
        names = {group.encode() for path in wanted if (group := path.rpartition("/")[0])}
        groups = {b"": file.id} | {name: h5py.h5g.open(file.id, name) for name in names if name in file.id}
        for path in wanted:
            group, _, name = path.encode().rpartition(b"/")
            if group in groups and name in groups[group]:
                stored = h5py.h5d.open(groups[group], name)
                # Of whole numbers the unit says whether they are days.
                read[path] = _values(stored, _attributes(stored) if stored.dtype == np.int32 else {})[0]
        return _attributes(file.id, file.attrs), read


# Below, the lower hand of h5py is used, in a third of the time: the upper one asks HDF5 anew for all of an
# object with every question, and looks in the whole file for the name of one.


def _read_group(
    place: h5py.Group, shared: Mapping[str, Labelled], scales: dict[int, str], attrs: dict[str, Any]
) -> tuple[dict[str, Labelled], xr.Dataset]:
    """Labels of the dimensions of a group, and its Dataset; ``shared`` are those of the root.

    ``scales``: names of dimensions by the place of their scale in the file; those of this group come to it.
    """
    from h5py import h5d, h5o

    own: list[str] = []
    beside: set[str] = set()
    read: dict[str, Labelled] = {}
    for name in map(str, place):
        stored = h5o.open(place.id, name.encode())
        if not isinstance(stored, h5d.DatasetID):
            continue
        about = _attributes(stored)
        if about.pop("CLASS", None):
            scales[h5o.get_info(stored).addr] = name
            if about.pop("NAME").startswith(_NO_VARIABLE):
                continue
            own.append(name)
            dims = [name]
        else:
            dims = [_dimension(axis[0], stored, scales) for axis in about.pop("DIMENSION_LIST", ())]
        beside.update(about.pop("coordinates", "").split())
        read[name] = (dims, *_values(stored, about))
    used = {dim for dims, _, _ in read.values() for dim in dims}
    coords = {name: read.pop(name) for name in [*own, *(name for name in read if name in beside)]}
    labels = {name: (name, *coords[name][1:]) for name in own}
    along = {name: label for name, label in shared.items() if name in used}
    return labels, dataset_of(read, along | coords | labels, attrs)


def _dimension(axis: Any, stored: Any, scales: dict[int, str]) -> str:
    """Name of the dimension whose scale a variable refers to."""
    from h5py import h5i, h5o, h5r

    scale = h5r.dereference(axis, stored)
    at = h5o.get_info(scale).addr
    if at not in scales:
        scales[at] = h5i.get_name(scale).rpartition(b"/")[2].decode()
    return scales[at]


def _auxiliary(variable: xr.Variable, beside: Mapping[str, xr.Variable]) -> str:
    """Names of the coordinates ``beside`` the indexes that lie along the dimensions of a variable."""
    dims = set(variable.dims)
    return " ".join(name for name, coordinate in beside.items() if dims.issuperset(coordinate.dims))


def _write(place: h5py.Group, name: str, variable: xr.Variable, coordinates: str) -> h5py.Dataset:
    import h5py

    values, attrs = variable.values, dict(variable.attrs)
    if values.dtype.kind in "USTO":
        values, dtype = values.astype(object), h5py.string_dtype()
    elif values.dtype.kind == "M":
        days = values.astype("datetime64[D]")
        values = np.where(np.isnat(days), np.int64(_NO_DAY), days.astype(np.int64)).astype(np.int32)
        dtype = values.dtype
        attrs |= {"units": _DAYS, "calendar": "proleptic_gregorian", "_FillValue": _NO_DAY}
    elif values.dtype.kind in "iuf":
        dtype = values.dtype
        if dtype.kind == "f":
            attrs["_FillValue"] = dtype.type("nan")
    else:
        msg = f"{name}: a variable of type {values.dtype} has no place in a forecast file"
        raise TypeError(msg)
    compressed: dict[str, Any] = {}
    if values.nbytes >= _LARGE and dtype.kind != "O":
        compressed = {"compression": "gzip", "shuffle": True}
    written = place.create_dataset(name, data=values, dtype=dtype, **compressed)
    if coordinates:
        attrs["coordinates"] = coordinates
    _describe(written, attrs)
    return written


def _describe(place: h5py.Group | h5py.Dataset, attrs: Mapping[Any, Any]) -> None:
    """Attributes of a place that has none yet: the same bytes as by ``place.attrs``, which looks for an older
    one first and takes twice as long; a forecast has five hundred.
    """
    import h5py

    text = h5py.string_dtype()
    stored = h5py.h5t.py_create(text, logical=True)
    one = h5py.h5s.create(h5py.h5s.SCALAR)
    for name, value in attrs.items():
        if isinstance(value, str):
            h5py.h5a.create(place.id, str(name).encode(), stored, one).write(np.array(value, text))
        elif isinstance(value, np.number):
            number = h5py.h5t.py_create(value.dtype, logical=True)
            h5py.h5a.create(place.id, str(name).encode(), number, one).write(np.asarray(value))
        else:
            place.attrs[str(name)] = value


def _values(stored: Any, about: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The values of a variable, and its attributes without those that say how they are written."""
    from h5py import h5s

    about.pop("_FillValue", None)
    values: np.ndarray = np.zeros(stored.shape, stored.dtype)
    if values.size:
        stored.read(h5s.ALL, h5s.ALL, values)
    if values.dtype.kind == "O":
        texts = [text.decode() for text in values.ravel()]
        return np.array(texts, str).reshape(values.shape), about
    if about.get("units") == _DAYS:
        del about["units"], about["calendar"]
        days = values.astype("datetime64[D]")
        days[values == _NO_DAY] = np.datetime64("NaT")
        return days.astype("datetime64[ns]"), about
    return values, about


def _attributes(stored: Any, in_order: Iterable[str] | None = None) -> dict[str, Any]:
    """Attributes of an object of the file, by name, or ``in_order``: texts, Python's numbers, arrays."""
    from h5py import h5a

    names: list[bytes] = [] if in_order is None else [name.encode() for name in in_order]
    if in_order is None:
        h5a.iterate(stored, lambda name, *_: names.append(name))
    about: dict[str, Any] = {}
    for name in names:
        if name not in _HIDDEN:
            attribute = h5a.open(stored, name)
            values = np.zeros(attribute.shape, attribute.dtype)
            attribute.read(values)
            about[name.decode()] = _plain(values)
    return about


def _plain(values: np.ndarray) -> Any:
    """The value of an attribute: bytes are texts, and what stands alone is no array."""
    if values.dtype.kind in "OS":
        values = values.astype(object)
        flat = values.ravel()
        for k, value in enumerate(flat):
            if isinstance(value, bytes):
                flat[k] = value.decode()
    return values.item() if values.ndim == 0 else values


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
_READER = "from forecast.netcdf import answer; answer()"


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
