"""A Dataset as netCDF-4 in the form that xarray itself writes, in a tenth of the time.

``Dataset.to_netcdf`` imports every array library that is installed, dask among them, and walks the file anew
for every variable. A forecast holds numbers, texts and days only; they are written here straight through
HDF5, by the conventions of netCDF-4 (dimensions are HDF5 dimension scales) and CF (days, coordinates).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import h5py
    import xarray as xr

_LARGE = 65_536
"""Arrays of so many bytes or more are compressed."""
_DAYS = "days since 1970-01-01"
_NO_DAY = np.int32(-(2**31))
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."
"""What netCDF-4 calls the scale of a dimension that has no variable of its name, with the size behind."""


def netcdf_image(dataset: xr.Dataset) -> bytes:
    """The bytes of a netCDF-4 file. ``TypeError`` for a variable that is no number, text or day."""
    import h5py

    image = io.BytesIO()
    with h5py.File(image, "w", track_order=True) as file:
        for name, value in dataset.attrs.items():
            file.attrs[str(name)] = value
        # Scales first: variables are attached to them.
        variables = {str(name): variable for name, variable in dataset.variables.items()}
        scales: dict[str, h5py.Dataset] = {}
        for number, (name, size) in enumerate(dataset.sizes.items()):
            scale = str(name)
            if scale in variables:
                written = _write(file, scale, variables[scale], "")
                written.make_scale(scale)
            else:
                written = file.create_dataset(scale, (size,), "f4")
                written.make_scale(f"{_NO_VARIABLE}{size:10d}")
            written.attrs["_Netcdf4Dimid"] = np.int32(number)
            scales[scale] = written
        beside = {str(name): variables[str(name)] for name in dataset.coords if str(name) not in scales}
        for name, variable in variables.items():
            if name not in scales:
                coordinates = "" if name in beside else _auxiliary(variable, beside)
                written = _write(file, name, variable, coordinates)
                for axis, dim in enumerate(variable.dims):
                    written.dims[axis].attach_scale(scales[str(dim)])
    return image.getvalue()


def _auxiliary(variable: xr.Variable, beside: Mapping[str, xr.Variable]) -> str:
    """Names of the coordinates ``beside`` the indexes that lie along the dimensions of a variable."""
    dims = set(variable.dims)
    return " ".join(name for name, coordinate in beside.items() if dims.issuperset(coordinate.dims))


def _write(file: h5py.File, name: str, variable: xr.Variable, coordinates: str) -> h5py.Dataset:
    import h5py

    values, attrs = variable.values, dict(variable.attrs)
    if values.dtype.kind in "UTO":
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
    written = file.create_dataset(name, data=values, dtype=dtype, **compressed)
    if coordinates:
        attrs["coordinates"] = coordinates
    about = written.attrs
    for key, value in attrs.items():
        about[str(key)] = value
    return written
