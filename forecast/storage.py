"""Forecasts on disk: netCDF (or zarr) with labels, units and provenance.

``save`` and ``load`` keep a Forecast; ``load_sweep`` and ``load_series`` read what commands left of several.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.result import SCHEMA_VERSION, Forecast
from forecast.visible import safe_saved
from forecast.writing import digests_of, outputs_of, replacing, replacing_folder, why_changed, why_mixed

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

_STORE_RECORD = "digests.json"
"""Of the SHA-256 of the files of a zarr store, in its folder; zarr passes over it."""

_UNSEALED = (
    "not sealed: written by forecast 0.3.0 or older, or by another program; nothing tells whether its "
    "numbers are those that were written"
)

_MOMENT, _PAUSE = 1.0, 0.05
"""Seconds for which a folder may be mixed because a command is putting its files there just now."""

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
        with replacing_folder(target, record=_STORE_RECORD, alone=True) as draft:
            _for_disk(forecast.dataset).to_zarr(draft, mode="w", zarr_format=2, consolidated=True)
            record = json.dumps({"outputs": digests_of(draft)}, indent=1)
            (draft / _STORE_RECORD).write_text(record + "\n", encoding="utf-8")
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
    forecast = Forecast(dataset)
    _refuse_unusable(dataset, forecast.record, path)
    return forecast


def load_sweep(path: str | Path) -> Sweep:
    """The sweep in a file, or in ``sweep.nc`` of a folder that ``sweep`` wrote; errors as ``load``."""
    from forecast.sensitivity.placing import SWEEP_SCHEMA_VERSION
    from forecast.sensitivity.result import Sweep

    wrote = "`forecast sweep` wrote"
    sweep = Sweep(_of_many(path, SWEEP_FILE_NAME, "sweep", "sweep", SWEEP_SCHEMA_VERSION, wrote))
    _refuse_unusable(sweep.dataset, sweep.records, path)
    return sweep


def load_series(path: str | Path) -> Series:
    """The series in a file, or in ``series.nc`` of a folder that ``run`` wrote; errors as ``load``."""
    from forecast.simulation.series import SERIES_SCHEMA_VERSION, Series

    wrote = "`forecast run` wrote for several days"
    series = Series(_of_many(path, SERIES_FILE_NAME, "series", "run", SERIES_SCHEMA_VERSION, wrote))
    _refuse_unusable(series.dataset, series.record, path)
    return series


def _of_many(
    path: str | Path, file_name: str, what: str, command: str, version: int, wrote: str
) -> xr.Dataset:
    """The Dataset of several forecasts, whose version stands in ``<what>_schema_version``."""
    dataset = _read(path, file_name, what, command)
    if f"{what}_schema_version" not in dataset.attrs:
        remedy = f"not a {what}: a file that {wrote} is expected"
        raise ConfigurationError(Fault(str(path), "", ABSENT, remedy))
    _compare_versions(dataset.attrs[f"{what}_schema_version"], version, what, str(path))
    return dataset


def holds_sweep(path: str | Path) -> bool:
    """Whether a place is that of a sweep, not of a forecast."""
    return _holds(path, SWEEP_FILE_NAME)


def holds_series(path: str | Path) -> bool:
    """Whether a place is that of a series of forecasts, not of one."""
    return _holds(path, SERIES_FILE_NAME)


def _holds(path: str | Path, name: str) -> bool:
    place = Path(path)
    if not place.is_dir():
        return place.name == name
    # The record is of what was written last, where several lie in one folder.
    latest = [file for file in (FILE_NAME, SWEEP_FILE_NAME, SERIES_FILE_NAME) if file in outputs_of(place)]
    if latest:
        return name in latest
    return (place / name).exists() and not (place / FILE_NAME).exists()


def _read(path: str | Path, file_name: str, what: str, command: str) -> xr.Dataset:
    """The Dataset at a place, with its lists as lists; ``ConfigurationError`` where there is none."""
    from forecast.outside import Unreadable, read_netcdf

    file = Path(path)
    if file.is_dir() and file.suffix != ".zarr":
        file = file / file_name
        if not file.exists():
            remedy = f"no {file_name} in this folder; `forecast {command}` writes one"
            raise ConfigurationError(Fault(str(path), "", ABSENT, remedy))
        _refuse_mixed(Path(path), file_name, command)
    if not file.exists():
        remedy = f"no such file; `forecast {command}` writes one"
        raise ConfigurationError(Fault(str(path), "", ABSENT, remedy))
    try:
        dataset = _read_store(file) if file.suffix == ".zarr" else read_netcdf(file)
    except Unreadable as error:
        remedy = f"not a {what} that can be read: {error}; one that `forecast {command}` wrote is expected"
        raise ConfigurationError(Fault(str(path), "", ABSENT, remedy)) from error
    return _with_lists(dataset, [] if dataset.encoding.get("sealed") else [f"{path}: {_UNSEALED}"])


def _refuse_mixed(folder: Path, file_name: str, command: str) -> None:
    """Refuse a file that is not of the run that the record beside it tells of."""
    until = time.monotonic() + _MOMENT
    while (reason := why_mixed(folder, file_name)) and time.monotonic() < until:
        time.sleep(_PAUSE)
    if reason:
        remedy = f"{reason}; `forecast {command}` it again, or name the file itself: {folder / file_name}"
        raise ConfigurationError(Fault(str(folder), "", ABSENT, remedy))


def _read_store(store: Path) -> xr.Dataset:
    """The Dataset in a zarr store, whose files are those that its record names."""
    import xarray as xr

    from forecast.outside import Unreadable

    _require_zarr(str(store))
    if reason := why_changed(store, _STORE_RECORD):
        raise Unreadable(reason)
    try:
        with xr.open_dataset(store, engine="zarr") as opened:
            dataset = opened.load()
    except PermissionError:
        raise
    except Exception as error:  # the libraries raise whatever comes of a damaged store
        msg = "no zarr store, or a damaged one"
        raise Unreadable(msg) from error
    for variable in dataset.variables.values():
        if variable.dtype.kind in "TO":
            variable.values = variable.values.astype(str)
    attrs = {name: value.item() if hasattr(value, "item") else value for name, value in dataset.attrs.items()}
    plain = dataset.copy()
    plain.attrs, plain.encoding = attrs, {"sealed": (store / _STORE_RECORD).exists()}
    return plain


def _refuse_unusable(dataset: xr.Dataset, view: Callable[[], object], path: str | Path) -> None:
    """Refuse a file that somebody else wrote, or damaged, and that lacks what a view is made of."""
    if dataset.encoding.get("sealed"):
        return
    try:
        view()
    except Exception as error:  # whatever comes of a name, a type or a size that is not as it should be
        remedy = f"not sealed, and damaged or not complete ({type(error).__name__}: {error}); make it again"
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
    _compare_versions(version, SCHEMA_VERSION, "forecast", place)


def _compare_versions(found: object, known: int, what: str, place: str) -> None:
    if found == known:
        return
    remedy = f"this program reads version {known} of {what} files; " + (
        "it was written by a newer program: update forecast"
        if isinstance(found, int) and found > known
        else f"{'sweep' if what == 'sweep' else 'run the forecast'} again"
    )
    raise ConfigurationError(Fault(place, "schema_version", found, remedy))


def _for_disk(dataset: xr.Dataset) -> xr.Dataset:
    """The Dataset with attributes that every netCDF reader takes."""
    texts = {name: "\n".join(dataset.attrs.get(name, ())) for name in _TEXT_LISTS}
    return dataset.assign_attrs(texts)


def _with_lists(dataset: xr.Dataset, warnings: Sequence[str]) -> xr.Dataset:
    """The Dataset with lists where ``_for_disk`` made texts of them, with more warnings, and with nothing in
    its texts that nobody sees.
    """
    attrs = {
        name: safe_saved(value) if isinstance(value, str) else value for name, value in dataset.attrs.items()
    }
    lists = {name: [line for line in str(attrs.get(name, "")).split("\n") if line] for name in _TEXT_LISTS}
    lists["warnings"] += warnings
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
