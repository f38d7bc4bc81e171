"""Forecasts on disk: netCDF (or zarr) with groups, labels and units, and where they came from: digests of
their files, versions, the command that made them.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast.door.arguments import path_of
from forecast.errors import ABSENT, ConfigurationError, Fault, safe_saved
from forecast.result import Forecast, plain
from forecast.variables import BASE_RULE, SCHEMA_VERSION, UNSAVED, described
from forecast.writing import digests_of, replacing, replacing_folder, why_changed, why_mixed

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray

    from forecast.election import Election
    from forecast.result import Forecast


FILE_NAME = "forecast.nc"
"""Of the forecast in a folder of outputs."""

DRAWS_NAME = "draws"
"""Of the draws that a run saved, without the end: .nc and .csv."""

_STORE_RECORD = "digests.json"
"""Of the SHA-256 of the files of a zarr store, in its folder; zarr passes over it."""

_UNSEALED = (
    "not sealed: written by another program; nothing tells whether its numbers are those that were written"
)

_MOMENT, _PAUSE = 1.0, 0.05
"""Seconds for which a folder may be mixed because a command is putting its files there just now."""

_OF_OLD = {
    "sweep_schema_version": "forecast sweep",
    "series_schema_version": "forecast run",
    "schema_version": "forecast run",
}
"""What files of schema 1 said their version under, and the command that wrote them."""
_OLD_FILES = ("sweep.nc", "series.nc")


def save(forecast: Forecast, path: str | Path) -> None:
    """Write a forecast to a file: netCDF, or zarr where the name ends in ``.zarr``.

    ``xarray.open_dataset`` reads the forecast itself, ``xarray.open_datatree`` all groups.

    Parameters
    ----------
    forecast
        Of one rule and day, or with leading dimensions.
    path
        Replaced whole or not at all; a ``.zarr`` folder that holds something else is refused.

    Raises
    ------
    ConfigurationError
        Where zarr is asked for and not installed.
    OSError
        Where the place cannot be written, with what was there before untouched.
    """
    if not isinstance(forecast, Forecast):
        remedy = "a Forecast is expected: forecast.save(result, path)"
        raise ConfigurationError(
            Fault("argument", "forecast", f"{type(forecast).__name__} {forecast!r}", remedy)
        )
    target = path_of("path", path)
    if target.suffix == ".zarr":
        require_zarr(str(path))
        import xarray as xr

        with replacing_folder(target, record=_STORE_RECORD, alone=True) as draft:
            tree = xr.DataTree.from_dict({f"/{name}": data for name, data in for_disk(forecast).items()})
            tree.to_zarr(draft, mode="w", zarr_format=2, consolidated=True)
            record = json.dumps({"outputs": digests_of(draft)}, indent=1)
            (draft / _STORE_RECORD).write_text(record + "\n", encoding="utf-8")
        return
    with replacing(target) as draft:
        write_forecast(forecast, draft)


def write_forecast(forecast: Forecast, path: Path) -> None:
    """Write a forecast as netCDF-4, in place: to a draft.

    The file is composed in memory: a full disk is then an ``OSError`` that says so, which HDF5 does not
    promise.
    """
    from forecast.netcdf import netcdf_image

    path.write_bytes(netcdf_image(for_disk(forecast)))


def write_draws(kept: xr.Dataset, folder: Path) -> None:
    """Write draws (``share`` and ``seats`` over draw and party) to a draft folder, as netCDF and as CSV.

    In CSV the column of a party id holds its share, ``seats_<id>`` its seats, ``chamber_<id>`` those of the
    whole chamber where it has other tiers; every number to the last digit.
    """
    import numpy as np
    import pandas as pd

    from forecast.netcdf import netcdf_image

    (folder / f"{DRAWS_NAME}.nc").write_bytes(netcdf_image(kept))
    parties = [str(party) for party in kept["party"].values]
    shares = pd.DataFrame(kept["share"].values, columns=parties)
    seats = pd.DataFrame(kept["seats"].values, columns=[f"seats_{party}" for party in parties])
    parts = [pd.DataFrame({"draw": np.arange(len(shares))}), shares, seats]
    if "chamber_seats" in kept:
        holders = [f"chamber_{holder}" for holder in kept["holder"].values]
        parts.append(pd.DataFrame(kept["chamber_seats"].values, columns=holders))
    table = pd.concat(parts, axis=1)
    table.to_csv(folder / f"{DRAWS_NAME}.csv", index=False, lineterminator="\n")


def load(path: str | Path) -> Forecast:
    """Read a forecast that ``save`` or a command wrote.

    Parameters
    ----------
    path
        The file, or the folder of outputs with its ``forecast.nc``.

    Returns
    -------
    Forecast
        With every attribute and number as they were written.

    Raises
    ------
    ConfigurationError
        Where there is none, one that is damaged, or one of another version; it says how to make it anew.
    """
    groups = _read(path_of("path", path))
    root = groups[""]
    refuse_others(root, str(path))
    forecast = Forecast(groups)
    if not root.encoding.get("sealed"):
        _refuse_incomplete(forecast, str(path))
    return forecast


def _read(path: str | Path) -> dict[str, xr.Dataset]:
    """The groups at a place, with their lists as lists; ``ConfigurationError`` where there are none."""
    from forecast.netcdf import Unreadable, read_netcdf

    file = Path(path)
    if file.is_dir() and file.suffix != ".zarr":
        file = _file_in(file)
    if not file.exists():
        remedy = "no such file; `forecast run` or `forecast sweep` writes one"
        raise ConfigurationError(Fault(str(path), "", ABSENT, remedy))
    try:
        groups = _read_store(file) if file.suffix == ".zarr" else read_netcdf(file)
    except Unreadable as error:
        remedy = f"not a forecast that can be read: {error}; one that `forecast run` wrote is expected"
        raise ConfigurationError(Fault(str(path), "", ABSENT, remedy)) from error
    sealed = groups[""].encoding.get("sealed")
    return _with_lists(groups, [] if sealed else [f"{path}: {_UNSEALED}"])


def _file_in(folder: Path) -> Path:
    """The forecast in a folder, of the run that the record beside it tells of."""
    file = folder / FILE_NAME
    if not file.exists():
        file = next((folder / old for old in _OLD_FILES if (folder / old).exists()), file)
    if not file.exists():
        remedy = f"no {FILE_NAME} in this folder; `forecast run` or `forecast sweep` writes one"
        raise ConfigurationError(Fault(str(folder), "", ABSENT, remedy))
    until = time.monotonic() + _MOMENT
    while (reason := why_mixed(folder, file.name)) and time.monotonic() < until:
        time.sleep(_PAUSE)
    if reason:
        remedy = f"{reason}; make it again, or name the file itself: {file}"
        raise ConfigurationError(Fault(str(folder), "", ABSENT, remedy))
    return file


def _read_store(store: Path) -> dict[str, xr.Dataset]:
    """The groups in a zarr store, whose files are those that its record names."""
    import xarray as xr

    from forecast.netcdf import Unreadable

    require_zarr(str(store))
    if reason := why_changed(store, _STORE_RECORD):
        raise Unreadable(reason)
    try:
        with xr.open_datatree(store, engine="zarr") as opened:
            tree = opened.load()
            groups = {node.path.strip("/"): node.to_dataset() for node in tree.subtree}
    except PermissionError:
        raise
    except Exception as error:  # the libraries raise whatever comes of a damaged store
        msg = "no zarr store, or a damaged one"
        raise Unreadable(msg) from error
    for data in groups.values():
        for variable in data.variables.values():
            if variable.dtype.kind in "TO":
                variable.values = variable.values.astype(str)
        data.attrs = {
            name: value.item() if hasattr(value, "item") else value for name, value in data.attrs.items()
        }
    groups[""].encoding = {"sealed": (store / _STORE_RECORD).exists()}
    return groups


def refuse_others(root: xr.Dataset, place: str) -> None:
    """Refuse what is no forecast, and one of another version, with the command that makes it anew."""
    said = next(((name, root.attrs[name]) for name in _OF_OLD if name in root.attrs), None)
    if said is None or "party" not in root.dims:
        remedy = "not a forecast: a file that `forecast run` or `forecast sweep` wrote is expected"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))
    name, version = said
    if name == "schema_version" and version == SCHEMA_VERSION:
        return
    newer = isinstance(version, int) and version > SCHEMA_VERSION
    way_out = "it was written by a newer program: update forecast"
    if not newer:
        way_out = f"make it again: {_command(_OF_OLD[name], root)}"
    remedy = f"this program reads version {SCHEMA_VERSION} of its files; {way_out}"
    raise ConfigurationError(Fault(place, name, version, remedy))


def _command(command: str, root: xr.Dataset) -> str:
    """The command that makes an old file anew, as far as its attributes and labels tell."""
    attrs = root.attrs
    words = [*command.split(), str(attrs.get("configuration", "CONFIG"))]
    if "share_draws" in attrs or "votes" in attrs:
        given = "share_draws" if "share_draws" in attrs else "votes"
        words += [f"--{given.replace('_', '-')}", str(attrs[given])]
    else:
        if "as_of" in attrs:
            words += ["--as-of", str(attrs["as_of"])]
        words += [f"--{name}={attrs[name]}" for name in ("draws", "seed", "sampler") if name in attrs]
    words += [part for day in _labels_of(root, "as_of") for part in ("--as-of", day)]
    words += _axes_of_old(root)
    if "scenarios" in attrs:
        words += ["--scenarios", str(attrs["scenarios"])]
    for setting in str(attrs.get("settings", "")).split("\n"):
        words += ["--set", setting] if setting else []
    return shlex.join(words)


def _axes_of_old(root: xr.Dataset) -> list[str]:
    """What varied in a sweep of schema 1: dimensions and their keys stood a line each in ``axes``."""
    words = []
    for line in str(root.attrs.get("axes", "")).split("\n"):
        dim, _, key = line.partition(": ")
        values = ",".join(_labels_of(root, dim))
        if values and dim in ("threshold", "method", "base"):
            words += [f"--{dim}", values]
        elif values and dim != "scenario":
            words += ["--vary", f"{key}={values}"]
    return words


def _labels_of(root: xr.Dataset, dim: str) -> list[str]:
    return [str(label) for label in plain(root[dim].values)] if dim in root.coords else []


def _refuse_incomplete(forecast: Forecast, place: str) -> None:
    """Refuse a file that another program wrote and that lacks what a view is made of, or holds it
    otherwise.
    """
    try:
        faults = [*_unlike_the_registry(forecast)]
        if not faults:
            forecast.record()
    except Exception as error:  # whatever comes of a name, a type or a size that is not as it should be
        faults = [f"{type(error).__name__}: {error}"]
    if faults:
        remedy = f"not sealed, and damaged or not complete ({faults[0]}); make it again"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))


def _unlike_the_registry(forecast: Forecast) -> list[str]:
    """What of a forecast is not as the registry says: dimensions and kinds of values."""
    kinds = {"number": "fiu", "integer": "fiu", "truth": "iu", "text": "USTO", "day": "M"}
    leading, found = tuple(forecast.leading), []
    for group, data in forecast.groups.items():
        for name, variable in data.data_vars.items():
            path = f"{group}/{name}".lstrip("/")
            try:
                known = described(path)
            except KeyError:
                continue  # what others have added is theirs
            dims = variable.dims
            if dims not in (known.dims, (*leading, *known.dims)) and group != BASE_RULE:
                found.append(f"{path} lies along {', '.join(map(str, dims)) or 'nothing'}")
            elif variable.dtype.kind not in kinds[known.kind]:
                found.append(f"{path} is of the type {variable.dtype}")
    return found


def for_disk(forecast: Forecast) -> dict[str, xr.Dataset]:
    """The groups with attributes that every netCDF reader takes."""
    warnings = "\n".join(forecast.attrs.get("warnings", ()))
    groups = {name: data for name, data in forecast.groups.items() if name != UNSAVED}
    return groups | {"": forecast.dataset.assign_attrs(warnings=warnings)}


def _with_lists(groups: dict[str, xr.Dataset], warnings: Sequence[str]) -> dict[str, xr.Dataset]:
    """The groups with a list where ``for_disk`` made a text of it, with more warnings, and with nothing in
    their texts that nobody sees.
    """
    found = {name: _seen(data) for name, data in groups.items()}
    root = found[""]
    lines = [line for line in str(root.attrs.get("warnings", "")).split("\n") if line]
    root.attrs["warnings"] = [*lines, *warnings]
    return found


def _seen(dataset: xr.Dataset) -> xr.Dataset:
    """A Dataset with what nobody sees in its texts written out: whoever wrote the file, views may
    show them.
    """
    labels = {}
    for name, variable in dataset.variables.items():
        if variable.dtype.kind in "TOU":
            texts = _safe_texts(variable.values.astype(str))
            if variable.dtype.kind == "U" and texts.tolist() == variable.values.tolist():
                continue  # to put values in their place makes xarray import every array library
            if name not in dataset.indexes:
                variable.values = texts
            else:
                labels[name] = (variable.dims, texts, variable.attrs)
    loaded = dataset.assign_coords(labels) if labels else dataset.copy()
    loaded.attrs = {
        name: safe_saved(value) if isinstance(value, str) else value for name, value in dataset.attrs.items()
    }
    return loaded


def _safe_texts(texts: NDArray[np.str_]) -> NDArray[np.str_]:
    import numpy as np

    written = [safe_saved(text) for text in texts.ravel().tolist()]
    return np.array(written, dtype=str).reshape(texts.shape) if written else texts


def require_zarr(place: str) -> None:
    from importlib.util import find_spec

    if find_spec("zarr") is None:
        remedy = "zarr is not installed; pip install 'forecast[zarr]', or write netCDF (.nc)"
        raise ConfigurationError(Fault(place, "", ABSENT, remedy))


SOURCES = (
    *("configuration", "polls", "constants", "record", "scenarios", "share_draws", "votes"),
    *("units", "counted", "night_constants"),
)
"""Attributes that name a file which a forecast was made from."""


def with_sources(
    forecast: Forecast,
    election: Election,
    config: Path,
    settings: Sequence[str] = (),
    scenarios: Path | None = None,
) -> Forecast:
    """A forecast with what a reader must be able to check among its attributes.

    Its files with their digests, the keys that were changed, the rule in words, the law, and the notes of the
    election file.
    """
    from forecast.words.law_in_words import rule_in_words
    from forecast.writing import digest_of

    facts, rule = election.election, election.rule
    attrs = {
        "chamber": facts.chamber,
        "note": facts.note,
        "source": facts.source,
        "rule_words": "\n".join(rule_in_words(rule)),
        "law": rule.law,
        "law_source": rule.source,
        "settings": "\n".join(settings),
        "configuration": str(config),
        "configuration_sha256": digest_of(config),
    }
    instead = {name: forecast.attrs[name] for name in ("share_draws", "votes") if name in forecast.attrs}
    polled = election.estimate
    files = instead or {"polls": facts.polls, "constants": polled.constants, "record": polled.own_record}
    files |= {"scenarios": scenarios}
    for name, file in files.items():
        if file is not None:
            attrs |= {name: str(file), f"{name}_sha256": digest_of(Path(file))}
    return forecast.with_attrs(**attrs)


class Making(NamedTuple):
    """How a forecast was made: the command, when (ISO 8601 with its offset), in what time, on what
    threads.
    """

    command: Sequence[str]
    started: str
    seconds: float
    threads: int


def run_record(forecast: Forecast, making: Making) -> dict[str, Any]:
    """What ``run.json`` says (docs/json.md)."""
    attrs = forecast.attrs
    found: dict[str, Any] = {"schema_version": int(attrs["schema_version"]), "election": forecast.election}
    if forecast.draws:
        found |= {
            "as_of": attrs.get("as_of", forecast.ticks.get("as_of")),
            "draws": forecast.draws,
            "seed": int(attrs["seed"]),
            "sampler": attrs["sampler"],
            "threads": making.threads,
        }
    if forecast.leading:
        found["leading"] = forecast.ticks
    return {
        **found,
        "settings": [line for line in attrs["settings"].split("\n") if line],
        "files": {
            name: {"path": attrs[name], "sha256": attrs[f"{name}_sha256"]}
            for name in SOURCES
            if f"{name}_sha256" in attrs
        },
        "command": list(making.command),
        "started": making.started,
        "seconds": round(making.seconds, 3),
        "versions": json.loads(attrs["versions"]),
        "warnings": list(attrs["warnings"]),
    }
