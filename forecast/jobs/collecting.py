"""All forecasts of a store, or of several, as one labelled Dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.jobs.job_table import Job
from forecast.jobs.store import Store
from forecast.netcdf import Unreadable, read_netcdf
from forecast.result import Forecast, Labelled, dataset_of
from forecast.storage import require_zarr
from forecast.variables import VARIABLES, described
from forecast.verification import Step
from forecast.writing import replacing

if TYPE_CHECKING:
    import xarray as xr

MOST_BYTES = 2**32
"""Of a Dataset that is composed in memory: as netCDF; zarr is written election by election."""

_GROUPS = ("", "chamber")
_EMPTY_BEYOND = ("seats", "chamber_seats")
"""Along these a house that ends earlier has probability 0, not none."""


class Collected(NamedTuple):
    """What was brought together."""

    jobs: int
    done: int
    path: Path


@dataclass
class _Frame:
    """Labels of all forecasts along every dimension, and which variables there are."""

    axes: dict[str, list[Any]]
    """What tells jobs apart: election, then day, variant and seed where the table has several of them."""
    at: dict[tuple[int, ...], Job] = field(default_factory=dict)
    labels: dict[str, dict[Any, int]] = field(default_factory=dict)
    """Along dimensions of numbers: the place of every label that some forecast has."""
    dims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of every variable by path."""
    longest: dict[str, int] = field(default_factory=lambda: {"warnings": 1, "party_name": 1})

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the axes."""
        return tuple(len(labels) for labels in self.axes.values())

    def learn(self, forecast: Forecast) -> None:
        """Add what a forecast has."""
        for path, dims, _ in _numbers(forecast):
            self.dims.setdefault(path, dims)
            for dim, labels in zip(dims, _labels(forecast, path, dims), strict=True):
                known = self.labels.setdefault(dim, {})
                for label in labels:
                    known.setdefault(label, len(known))
        warnings = len(str(forecast.attrs["warnings"]))
        names = max(map(len, forecast.names("party_name")), default=1)
        for name, length in (("warnings", warnings), ("party_name", names)):
            self.longest[name] = max(self.longest[name], length)

    def in_order(self) -> None:
        """Numbers (seats, quantiles) rise; ids stay in the order in which they came."""
        for dim, known in self.labels.items():
            if all(isinstance(label, int | float) for label in known):
                self.labels[dim] = {label: at for at, label in enumerate(sorted(known))}


def collect(stores: Sequence[Store], target: str | Path, *, step: Step | None = None) -> Collected:
    """Write the forecasts of the jobs that are done as one Dataset.

    Parameters
    ----------
    stores
        Of one table, or of tables that have no job in common with other inputs.
    target
        netCDF, composed in memory and replaced whole or not at all; or zarr (``.zarr``), written election by
        election and readable meanwhile (``complete`` among its attributes says when it is whole).
    step
        Told of every file that was read.

    Returns
    -------
    Collected
        Its dimensions are ``election``, ``as_of`` or ``days_before``, ``variant`` and ``seed`` where the
        tables name any, and those of a forecast; ``state`` says which jobs are done. What a forecast does not
        have is blank: parties of other elections, jobs that are not done.

    Raises
    ------
    ConfigurationError
        Where no job is done, for stores that do not fit together, a file that was changed, a Dataset too
        large for netCDF.
    """
    target = Path(target)
    frame, found = _frame(stores)
    total, read = 2 * len(found), iter(range(1, 2 * len(found) + 1))

    def told(forecast: Forecast) -> Forecast:
        if step is not None:
            step(next(read), total)
        return forecast

    if not found:
        remedy = "no job is done yet; `forecast jobs TABLE -o FOLDER` does them"
        raise ConfigurationError(Fault(str(stores[0].folder), "", ABSENT, remedy))
    for file in found.values():
        frame.learn(told(_read(file)))
    frame.in_order()
    parts = (_of_election(frame, found, e, told) for e in range(frame.shape[0]))
    if target.suffix == ".zarr":
        _write_zarr(parts, target)
    else:
        _write_netcdf(frame, parts, target)
    return Collected(len(frame.at), sum(job.digest in found for job in frame.at.values()), target)


def _read(file: Path) -> Forecast:
    """A forecast as it was written here, as far as it is collected."""
    try:
        groups = read_netcdf(file, among=_GROUPS)
    except Unreadable as error:
        remedy = f"{error}; remove it, and the same command as before makes it again"
        raise ConfigurationError(Fault(str(file), "", ABSENT, remedy)) from None
    return Forecast(groups)


def _frame(stores: Sequence[Store]) -> tuple[_Frame, dict[str, Path]]:
    """Where every job stands, and the files of those that are done."""
    listed = [(store, store.read_jobs()) for store in stores]
    days = {one.day for _, one in listed}
    if len(days) > 1:
        remedy = "one names days, another days before the election: collect them apart"
        raise ConfigurationError(Fault(str(stores[-1].folder), "", ABSENT, remedy))
    day, jobs = days.pop(), [job for _, one in listed for job in one.jobs]
    found = {digest: store.file_of(digest) for store, _ in listed for digest in store.done()}
    axes: dict[str, list[Any]] = {"election": _each(job.election for job in jobs)}
    if day:
        each = {job.day for job in jobs}
        axes[day] = sorted(each, key=int) if day == "days_before" else sorted(each)
    axes["variant"] = _each(job.variant for job in jobs)
    if any(job.asked_seed is not None for job in jobs):
        axes["seed"] = _each(-1 if job.asked_seed is None else job.asked_seed for job in jobs)
    frame = _Frame(axes)
    places = {name: {label: at for at, label in enumerate(labels)} for name, labels in axes.items()}
    for job in jobs:
        seed = -1 if job.asked_seed is None else job.asked_seed
        label = {"election": job.election, day: job.day, "variant": job.variant, "seed": seed}
        place = tuple(known[label[name]] for name, known in places.items())
        if frame.at.setdefault(place, job).digest != job.digest:
            remedy = "two stores have this job, with other inputs or versions: collect them apart"
            raise ConfigurationError(Fault(str(stores[-1].folder), "", job.label, remedy))
    wanted = {job.digest for job in jobs}
    return frame, {digest: file for digest, file in found.items() if digest in wanted}


def _each(values: Iterator[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _numbers(forecast: Forecast) -> Iterator[tuple[str, tuple[str, ...], NDArray[Any]]]:
    """The numbers of a forecast by path, with their dimensions."""
    for group in _GROUPS:
        data = forecast.groups.get(group)
        for name, variable in data.data_vars.items() if data is not None else ():
            path = f"{group}/{name}".lstrip("/")
            if variable.dtype.kind in "fiu":
                yield path, described(path).dims, variable.values


def _labels(forecast: Forecast, path: str, dims: Sequence[str]) -> list[list[Any]]:
    """Labels of a variable along each of its dimensions."""
    group = path.rpartition("/")[0]
    data = forecast.groups[group]
    return [data[dim].values.tolist() if dim in data.coords else list(range(data.sizes[dim])) for dim in dims]


def _of_election(
    frame: _Frame, found: Mapping[str, Path], election: int, told: Callable[[Forecast], Forecast]
) -> xr.Dataset:
    """The forecasts of one election, over the axes with one label along ``election``."""
    ahead, shape = tuple(frame.axes), (1, *frame.shape[1:])
    values = {
        path: np.full((*shape, *(len(frame.labels[dim]) for dim in dims)), np.nan)
        for path, dims in frame.dims.items()
    }
    state = np.full(shape, "", "<U8")
    day = np.full(shape, "", "<U10")
    warnings = np.full(shape, "", f"<U{frame.longest['warnings']}")
    names = np.full((1, len(frame.labels["party"])), "", f"<U{frame.longest['party_name']}")
    draws = np.zeros(shape, np.int64)
    for place, job in frame.at.items():
        if place[0] != election:
            continue
        here = (0, *place[1:])
        state[here] = "done" if job.digest in found else "left"
        if job.digest not in found:
            continue
        forecast = told(_read(found[job.digest]))
        for path, dims, array in _numbers(forecast):
            _put(values[path][(*here, ...)], frame, forecast, path, dims, array)
        for party, name in zip(forecast.parties, forecast.names("party_name"), strict=True):
            names[0, frame.labels["party"][party]] = name
        draws[here], day[here] = forecast.draws, str(forecast.attrs["as_of"])
        warnings[here] = str(forecast.attrs["warnings"])
    variables: dict[str, Labelled] = {
        path.replace("/", "_"): ((*ahead, *frame.dims[path]), array, dict(described(path).attrs))
        for path, array in values.items()
    }
    of_job = {"long_name": "day at whose end the forecast is made"}
    variables["day"] = (ahead, day, of_job)
    variables["state"] = (ahead, state, {"long_name": "done, left, or empty where nothing was asked for"})
    variables["draws"] = (ahead, draws, {"long_name": "draws of the forecast", "units": "1"})
    variables["warnings"] = (ahead, warnings, {"long_name": "warnings of the forecast, a line each"})
    variables["party_name"] = (("election", "party"), names, {"long_name": "name of the party"})
    return dataset_of(variables, _coordinates(frame, election), {})


def _put(
    room: NDArray[np.float64],
    frame: _Frame,
    forecast: Forecast,
    path: str,
    dims: tuple[str, ...],
    array: NDArray[Any],
) -> None:
    """Put the numbers of a forecast where their labels stand."""
    places = [
        [frame.labels[dim][label] for label in labels]
        for dim, labels in zip(dims, _labels(forecast, path, dims), strict=True)
    ]
    if dims and dims[-1] in _EMPTY_BEYOND:
        whole = [*places[:-1], list(range(room.shape[-1]))]
        room[np.ix_(*whole)] = np.where(np.isnan(array).any(axis=-1, keepdims=True), np.nan, 0.0)
    room[np.ix_(*places) if dims else ...] = array


def _coordinates(frame: _Frame, election: int) -> dict[str, Labelled]:
    """Labels of all dimensions; of the elections one."""
    found: dict[str, Labelled] = {}
    for name, labels in frame.axes.items():
        array = np.array(labels)
        if name == "as_of":
            array = np.array(labels, "datetime64[ns]")
        elif name == "days_before":
            array = np.array([int(label) for label in labels])
        found[name] = (name, array[election : election + 1] if name == "election" else array, _ABOUT[name])
    for dim, labels in frame.labels.items():
        about = {"long_name": VARIABLES[dim].meaning} if dim in VARIABLES else {}
        found[dim] = (dim, np.array(list(labels)), about)
    return found


_ABOUT: dict[str, dict[str, str]] = {
    "election": {"long_name": "name of the election file"},
    "as_of": {"long_name": "day at whose end the forecast is made"},
    "days_before": {"long_name": "days before the election", "units": "days"},
    "variant": {"long_name": "id of the variant"},
    "seed": {"long_name": "seed of the random numbers; -1: that of the election file"},
}


def _write_netcdf(frame: _Frame, parts: Iterator[xr.Dataset], target: Path) -> None:
    import xarray as xr

    from forecast.netcdf import netcdf_image

    cells = sum(int(np.prod([len(frame.labels[dim]) for dim in dims])) for dims in frame.dims.values())
    size = 8 * cells * int(np.prod(frame.shape))
    if size > MOST_BYTES:
        remedy = (
            f"{size / 2**30:,.0f} GiB of numbers; write them election by election: a name that ends in .zarr"
        )
        raise ConfigurationError(Fault(str(target), "", ABSENT, remedy))
    whole = xr.concat(
        list(parts), "election", data_vars="minimal", coords="minimal", join="exact", compat="override"
    )
    image = netcdf_image(whole)
    with replacing(target) as draft:
        draft.write_bytes(image)


def _write_zarr(parts: Iterator[xr.Dataset], target: Path) -> None:
    """An election at a time; readers find those that are there."""
    require_zarr(str(target))
    first = True
    for part in parts:
        part.attrs["complete"] = 0
        if first:
            part.to_zarr(target, mode="w", zarr_format=2, consolidated=True)
        else:
            part.to_zarr(target, append_dim="election", zarr_format=2, consolidated=True)
        first = False
    import zarr

    group = zarr.open_group(target, mode="r+", zarr_format=2)
    group.attrs["complete"] = 1
    zarr.consolidate_metadata(target, zarr_format=2)
