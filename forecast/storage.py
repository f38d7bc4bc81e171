"""Forecasts on disk: netCDF (or zarr) with labels, units and provenance; written whole or not at all.

``save`` and ``load`` keep a Forecast; ``replacing`` and ``replacing_folder`` write files and folders of
results so that a writer that is stopped at any moment leaves what was there before.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.result import SCHEMA_VERSION, Forecast
from forecast.visible import safe_saved

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray

    from forecast.sensitivity.result import Sweep
    from forecast.simulation.series import Series

FILE_NAME = "forecast.nc"
"""Of the forecast in a folder of outputs."""

SWEEP_FILE_NAME = "sweep.nc"
"""Of the sweep in a folder that ``forecast sweep`` wrote."""

SERIES_FILE_NAME = "series.nc"
"""Of the series of forecasts in a folder that ``forecast run`` wrote for several days."""

DRAWS_NAME = "draws"
"""Of the draws that a run saved, without the end: .nc and .csv."""

_MARKS = (FILE_NAME, "run.json")
_EXCHANGE = 2
_AT_CURRENT = -100
_TEXT_LISTS = ("warnings",)
"""Attributes that are lists of texts; a file holds them as one text, a line each."""


def save(forecast: Forecast, path: str | Path) -> None:
    """Write a forecast to ``path``: netCDF, or zarr where the name ends in ``.zarr``.

    Plain ``xarray.open_dataset`` reads it. ``ConfigurationError`` where zarr is asked for and not installed;
    ``OSError`` where the place cannot be written, with what was there before untouched.
    """
    target = Path(path)
    if target.suffix == ".zarr":
        _require_zarr(str(path))
        with replacing_folder(target, own=True) as draft:
            _for_disk(forecast.dataset).to_zarr(draft, mode="w", zarr_format=2, consolidated=True)
        return
    with replacing(target) as draft:
        write_dataset(forecast.dataset, draft)


def write_dataset(dataset: xr.Dataset, path: Path) -> None:
    """Write the Dataset of a result as netCDF-4, in place: to a draft.

    The file is composed in memory: a full disk is then an ``OSError`` that says so, which HDF5 does not
    promise.
    """
    from forecast.netcdf import netcdf_image

    path.write_bytes(netcdf_image(_for_disk(dataset)))


def write_draws(kept: xr.Dataset, folder: Path) -> None:
    """Write draws (``share`` and ``seats`` over draw and party) to a draft folder, as netCDF and as CSV.

    In CSV the column of a party id holds its share, ``seats_<id>`` its seats; every number to the last digit.
    """
    import numpy as np
    import pandas as pd

    from forecast.netcdf import netcdf_image

    (folder / f"{DRAWS_NAME}.nc").write_bytes(netcdf_image(kept))
    parties = [str(party) for party in kept["party"].values]
    shares = pd.DataFrame(kept["share"].values, columns=parties)
    seats = pd.DataFrame(kept["seats"].values, columns=[f"seats_{party}" for party in parties])
    table = pd.concat([pd.DataFrame({"draw": np.arange(len(shares))}), shares, seats], axis=1)
    table.to_csv(folder / f"{DRAWS_NAME}.csv", index=False, lineterminator="\n")


def load(path: str | Path) -> Forecast:
    """The forecast in a file, or in ``forecast.nc`` of a folder that ``run`` wrote.

    ``ConfigurationError`` where there is none, or one that this version does not read.
    """
    dataset = _read(path, FILE_NAME, "forecast", "run")
    _check_version(dataset, str(path))
    return Forecast(_from_disk(dataset))


def load_sweep(path: str | Path) -> Sweep:
    """The sweep in a file, or in ``sweep.nc`` of a folder that ``sweep`` wrote; errors as ``load``."""
    from forecast.sensitivity.placing import SWEEP_SCHEMA_VERSION
    from forecast.sensitivity.result import Sweep

    wrote = "`forecast sweep` wrote"
    return Sweep(_of_many(path, SWEEP_FILE_NAME, "sweep", "sweep", SWEEP_SCHEMA_VERSION, wrote))


def load_series(path: str | Path) -> Series:
    """The series in a file, or in ``series.nc`` of a folder that ``run`` wrote; errors as ``load``."""
    from forecast.simulation.series import SERIES_SCHEMA_VERSION, Series

    wrote = "`forecast run` wrote for several days"
    return Series(_of_many(path, SERIES_FILE_NAME, "series", "run", SERIES_SCHEMA_VERSION, wrote))


def _of_many(
    path: str | Path, file_name: str, what: str, command: str, version: int, wrote: str
) -> xr.Dataset:
    """The Dataset of several forecasts, whose version stands in ``<what>_schema_version``."""
    dataset = _read(path, file_name, what, command)
    if f"{what}_schema_version" not in dataset.attrs:
        remedy = f"not a {what}: a file that {wrote} is expected"
        raise ConfigurationError(Fault(str(path), "", ABSENT, remedy))
    _compare_versions(int(dataset.attrs[f"{what}_schema_version"]), version, what, str(path))
    return _from_disk(dataset)


def holds_sweep(path: str | Path) -> bool:
    """Whether a place is that of a sweep, not of a forecast."""
    return _holds(path, SWEEP_FILE_NAME)


def holds_series(path: str | Path) -> bool:
    """Whether a place is that of a series of forecasts, not of one."""
    return _holds(path, SERIES_FILE_NAME)


def _holds(path: str | Path, name: str) -> bool:
    file = Path(path)
    if file.is_dir():
        return (file / name).exists() and not (file / FILE_NAME).exists()
    return file.name == name


def _read(path: str | Path, file_name: str, what: str, command: str) -> xr.Dataset:
    import xarray as xr

    file = Path(path)
    if file.is_dir() and file.suffix != ".zarr":
        file = file / file_name
        if not file.exists():
            remedy = f"no {file_name} in this folder; `forecast {command}` writes one"
            raise ConfigurationError(Fault(str(path), "", ABSENT, remedy))
    if not file.exists():
        raise ConfigurationError(
            Fault(str(path), "", ABSENT, f"no such file; `forecast {command}` writes one")
        )
    if file.suffix == ".zarr":
        _require_zarr(str(path))
    try:
        with xr.open_dataset(file, engine="zarr" if file.suffix == ".zarr" else "h5netcdf") as opened:
            return opened.load()
    except PermissionError:
        raise
    except (OSError, ValueError, KeyError) as error:
        remedy = f"not a {what} (or cut short): a file that `forecast {command}` wrote is expected"
        raise ConfigurationError(Fault(str(path), "", ABSENT, remedy)) from error


def _check_version(dataset: xr.Dataset, place: str) -> None:
    version = dataset.attrs.get("schema_version")
    if "sweep_schema_version" in dataset.attrs:
        remedy = "this is a sweep over many rules; a forecast that `forecast run` wrote is expected"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))
    if "series_schema_version" in dataset.attrs:
        remedy = "this is a series of forecasts; one forecast that `forecast run` wrote is expected"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))
    if version is None or "party" not in dataset.dims:
        remedy = "not a forecast: a file that `forecast run` wrote is expected"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))
    _compare_versions(int(version), SCHEMA_VERSION, "forecast", place)


def _compare_versions(found: int, known: int, what: str, place: str) -> None:
    if found == known:
        return
    remedy = f"this program reads version {known} of {what} files; " + (
        "it was written by a newer program: update forecast"
        if found > known
        else f"{'sweep' if what == 'sweep' else 'run the forecast'} again"
    )
    raise ConfigurationError(Fault(place, "schema_version", found, remedy))


def _for_disk(dataset: xr.Dataset) -> xr.Dataset:
    """The Dataset with attributes that every netCDF reader takes."""
    texts = {name: "\n".join(dataset.attrs.get(name, ())) for name in _TEXT_LISTS}
    return dataset.assign_attrs(texts)


def _from_disk(dataset: xr.Dataset) -> xr.Dataset:
    attrs = {name: value.item() if hasattr(value, "item") else value for name, value in dataset.attrs.items()}
    attrs = {name: safe_saved(value) if isinstance(value, str) else value for name, value in attrs.items()}
    lists = {name: [line for line in str(attrs.get(name, "")).split("\n") if line] for name in _TEXT_LISTS}
    labels = {}
    for name, variable in dataset.variables.items():
        if variable.dtype.kind in "TOU":
            texts = _safe_texts(variable.values.astype(str))
            if name not in dataset.indexes:
                variable.values = texts
            elif texts.tolist() != variable.values.tolist():
                labels[name] = (variable.dims, texts, variable.attrs)
    loaded = dataset.assign_coords(labels) if labels else dataset.copy()
    loaded.attrs = {**attrs, **lists}
    return loaded


def _safe_texts(texts: NDArray[np.str_]) -> NDArray[np.str_]:
    """Texts with what nobody sees written out: whoever wrote the file, views may show them."""
    import numpy as np

    written = [safe_saved(text) for text in texts.ravel().tolist()]
    return np.array(written, dtype=str).reshape(texts.shape) if written else texts


def _require_zarr(place: str) -> None:
    from importlib.util import find_spec

    if find_spec("zarr") is None:
        remedy = "zarr is not installed; pip install 'forecast[zarr]', or write netCDF (.nc)"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))


# Writing that is whole or not at all.


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A draft beside ``path`` to write to; takes its place when the block ends well, else vanishes.

    ``OSError`` names ``path``, not the draft.
    """
    target = path.resolve() if path.is_symlink() else path
    with _naming(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        handle, name = tempfile.mkstemp(prefix=_draft_prefix(target), dir=target.parent)
        os.close(handle)
        draft = Path(name)
        try:
            yield draft
            draft.chmod(_plain_mode(0o666))
            _flush(draft)
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


@contextmanager
def replacing_folder(path: Path, *, own: bool = False) -> Generator[Path]:
    """A draft folder to fill; when the block ends well its entries take the place of those of ``path``.

    Other entries of ``path`` stay, unless the whole folder is ours (``own``). Where the system can exchange
    two folders in one step it is done so; else entry by entry, each whole.
    """
    target = path.resolve() if path.is_symlink() else path
    with _naming(path):
        if target.exists() and not target.is_dir():
            raise NotADirectoryError(20, "a file is in the way; name a folder", str(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        draft = Path(tempfile.mkdtemp(prefix=_draft_prefix(target), dir=target.parent))
        try:
            draft.chmod(_plain_mode(0o777))
            yield draft
            for file in sorted(draft.rglob("*")):
                _flush(file)
            _take_place(draft, target, own=own)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _take_place(draft: Path, target: Path, *, own: bool) -> None:
    if not target.exists():
        draft.rename(target)
        _flush(target.parent)
        return
    earlier = own or any((target / mark).exists() for mark in _MARKS)
    if earlier and not _in_use(target) and (own or _carry_over(target, draft)) and _exchange(draft, target):
        _flush(target.parent)
        return
    for entry in sorted(draft.iterdir(), key=lambda entry: entry.name in _MARKS):
        place = target / entry.name
        if entry.is_dir() and place.is_dir() and not _exchange(entry, place):
            for file in (file for file in entry.rglob("*") if file.is_file()):
                (place / file.relative_to(entry)).parent.mkdir(parents=True, exist_ok=True)
                file.replace(place / file.relative_to(entry))
        elif not (entry.is_dir() and place.is_dir()):
            entry.replace(place)
    _flush(target)


def _carry_over(target: Path, draft: Path) -> bool:
    """Link what else is in ``target`` into ``draft``; false where that cannot be done.

    A hard link leaves the file in both folders, so that no moment exists in which it is in neither.
    """
    with suppress(OSError):
        for entry in target.iterdir():
            if (draft / entry.name).exists():
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.copytree(entry, draft / entry.name, symlinks=True, copy_function=_link)
            else:
                _link(str(entry), str(draft / entry.name))
        return True
    return False


def _link(source: str, place: str) -> None:
    os.link(source, place, follow_symlinks=False)


def _in_use(target: Path) -> bool:
    """Whether the folder is the current one or above it, or a place of its own that cannot be renamed."""
    here = Path.cwd().resolve()
    folder = target.resolve()
    return folder == here or folder in here.parents or folder.is_mount()


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two entries of the file system in one step; false where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    done = renameat2(_AT_CURRENT, os.fsencode(first), _AT_CURRENT, os.fsencode(second), _EXCHANGE)
    return done == 0


def _draft_prefix(target: Path) -> str:
    return f".{target.name}.{_host()}-{os.getpid()}."


def _sweep(target: Path) -> None:
    """Remove drafts of the same target that writers of this machine left when they were killed."""
    pattern = re.compile(re.escape(f".{target.name}.{_host()}-") + r"(\d+)\.")
    with suppress(OSError):
        for entry in target.parent.iterdir():
            match = pattern.match(entry.name)
            if match is None or _alive(int(match.group(1))):
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9]", "", platform.node())[:20]


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _plain_mode(wanted: int) -> int:
    """The mode that a new file would have; drafts are made readable to their owner only."""
    mask = os.umask(0)
    os.umask(mask)
    return wanted & ~mask


def _flush(path: Path) -> None:
    """Bring a file or folder to the disk, where the file system knows how."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


@contextmanager
def _naming(path: Path) -> Generator[None]:
    """Errors of the system name the place that the user knows, not the draft beside it."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise
