"""Forecast: what a run leaves, one labelled tree; everything that a reader sees is a view of it.

Its groups, variables and dimensions are those of ``forecast.variables``. A sweep over rules, a range of days
and scenarios are forecasts with leading dimensions (``threshold``, ``method``, ``as_of``, ``scenario``, ...).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from forecast.errors import ConfigurationError, Fault, suggest
from forecast.variables import BASE_RULE, SCHEMA_VERSION, VARIABLES, about, described

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

Labelled = tuple[Any, Any, dict[str, Any]]
"""A variable: its dimensions (a name or several), its values, its attributes."""


def dataset_of(
    variables: Mapping[str, Labelled], coords: Mapping[str, Labelled], attrs: dict[str, Any]
) -> xr.Dataset:
    """A Dataset of plain numpy arrays, in memory.

    ``xr.Dataset`` itself looks at every value for what it might be, and imports every array library that is
    installed to ask it: more than half a second with dask. Here it is told.
    """
    import numpy as np
    import pandas as pd
    import xarray as xr

    def plain(values: Any) -> np.ndarray:
        array = np.asarray(values)
        no_names = array.size == 0 and not hasattr(values, "dtype")
        return array.astype(str) if no_names else array

    def variable(dims: Any, values: Any, about: dict[str, Any]) -> xr.Variable:
        return xr.Variable(dims, plain(values), about, fastpath=True)

    def index(dim: str, values: Any) -> xr.indexes.PandasIndex:
        labels = plain(values)
        of_objects = pd.Index(labels, dtype=object if labels.dtype.kind == "U" else labels.dtype)
        return xr.indexes.PandasIndex(of_objects, dim, coord_dtype=labels.dtype)

    indexes = {name: index(name, values) for name, (dim, values, _) in coords.items() if dim == name}
    along: dict[str, xr.Variable] = {}
    for name, made in indexes.items():
        along |= made.create_variables()
        along[name].attrs.update(coords[name][2])
    along |= {name: variable(*parts) for name, parts in coords.items() if name not in indexes}
    coordinates = xr.Coordinates(along, indexes=indexes)
    return xr.Dataset({name: variable(*parts) for name, parts in variables.items()}, coordinates, attrs)


def forecast_of(
    values: Mapping[str, Any],
    labels: Mapping[str, Any],
    attrs: Mapping[str, Any],
    *,
    leading: Mapping[str, str] | None = None,
    rests_on: Mapping[str, int] | None = None,
) -> Forecast:
    """A Forecast of arrays by path (``forecast.variables``), with dimensions, units and meanings put to them.

    ``labels``: coordinates by path. ``leading``: dimensions that stand before those of the registry, each
    with the keys of the rule behind it; what has as many dimensions as the registry says lies along none of
    them. ``rests_on``: numbers of draws, of what rests on fewer than the rest.
    """
    ahead = tuple(leading or {})
    coords: dict[str, dict[str, Labelled]] = {}
    for path, value in labels.items():
        group, name = _parts(path)
        known = VARIABLES.get(path)
        dims = known.dims if known is not None else (name,)
        keys = (leading or {}).get(name, "")
        about = dict(known.attrs) if known is not None else {"long_name": f"value of {keys}"}
        coords.setdefault(group, {})[name] = (dims[0], value, about | ({"keys": keys} if keys else {}))
    variables: dict[str, dict[str, Labelled]] = {"": {}}
    for path, value in values.items():
        group, name = _parts(path)
        variables.setdefault(group, {})[name] = _labelled(path, value, ahead, rests_on or {})
    told = {**attrs, "schema_version": SCHEMA_VERSION}
    if leading:
        told["leading"] = "\n".join(f"{dim}: {keys}" for dim, keys in leading.items())
    root = coords.get("", {})
    groups: dict[str, xr.Dataset] = {}
    for group, held in variables.items():
        used = {dim for dims, _, _ in held.values() for dim in dims}
        shared = root if not group else {name: root[name] for name in root if name in used}
        groups[group] = dataset_of(held, shared | (coords.get(group, {}) if group else {}), {})
    groups[""].attrs.update(told)
    return Forecast(groups)


def _parts(path: str) -> tuple[str, str]:
    """Group and name of a path."""
    group, _, name = path.rpartition("/")
    return group, name


def _labelled(path: str, value: Any, leading: tuple[str, ...], rests_on: Mapping[str, int]) -> Labelled:
    import numpy as np

    variable, array = described(path), np.asarray(value)
    if array.dtype.kind == "b":
        array = array.astype(np.int8)
    ahead = leading if array.ndim == len(leading) + len(variable.dims) else ()
    if array.ndim != len(ahead) + len(variable.dims):
        msg = f"{path} has {array.ndim} dimensions, not {variable.dims}, nor {(*leading, *variable.dims)}"
        raise ValueError(msg)
    about: dict[str, Any] = dict(variable.attrs)
    if path in rests_on:
        about["draws"] = rests_on[path]
    return (*ahead, *variable.dims), array, about


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """A forecast and its provenance: labelled groups of variables.

    Parameters
    ----------
    groups
        Datasets by the name of their group; the root, which is the forecast itself, has the empty name.

    Examples
    --------
    >>> result["seat_mean"].sel(party="osdp")  # a DataArray with labels, unit and meaning
    >>> result["polls/weight"]
    >>> result.sel(threshold=0.03).passes("osdp")  # of a sweep: a Forecast with fewer leading dimensions
    """

    groups: Mapping[str, xr.Dataset]

    @property
    def dataset(self) -> xr.Dataset:
        """The forecast itself: parties, coalitions, events; without the other groups."""
        return self.groups[""]

    @cached_property
    def tree(self) -> xr.DataTree:
        """All of it as one ``xarray.DataTree``."""
        import xarray as xr

        return xr.DataTree.from_dict({f"/{name}": group for name, group in self.groups.items()})

    @property
    def attrs(self) -> dict[str, Any]:
        """Where it comes from, and what to mind."""
        return self.dataset.attrs

    def with_attrs(self, **attrs: Any) -> Forecast:
        """The same numbers with other attributes."""
        return Forecast({**self.groups, "": self.dataset.assign_attrs(attrs)})

    def __contains__(self, path: str) -> bool:
        group, name = _parts(path)
        return group in self.groups and name in self.groups[group].variables

    def __getitem__(self, path: str) -> xr.DataArray:
        group, name = _parts(path)
        if path not in self:
            held = [f"{g}/{n}".lstrip("/") for g, data in self.groups.items() for n in data.variables]
            raise ConfigurationError(Fault("forecast", "", path, f"no such number; {suggest(path, held)}"))
        return self.groups[group][name]

    def array(self, path: str) -> np.ndarray:
        """Values without their labels, which takes xarray a while to gather."""
        group, name = _parts(path)
        return self.groups[group].variables[name].values

    def names(self, path: str) -> list[str]:
        """Texts of a label or variable, such as ``party_name``."""
        return [str(one) for one in self.array(path)]

    @property
    def election(self) -> str:
        """Id of the election."""
        return str(self.attrs["election"])

    @property
    def draws(self) -> int:
        """Number of elections drawn; 0 of an exact count."""
        return int(self.attrs.get("draws", 0))

    @property
    def parties(self) -> tuple[str, ...]:
        """Ids of every option on the ballot, in the order of the election file."""
        return tuple(self.names("party"))

    @property
    def house(self) -> int:
        """Seats that the rule hands out; the median over draws where the house may grow."""
        return int(self.attrs["house_size"])

    @property
    def majority_seats(self) -> int:
        """Least seats of a majority."""
        return self.house // 2 + 1

    @cached_property
    def has_tiers(self) -> bool:
        """Whether the chamber has seats beside those of the lists, by the election file."""
        tiers = json.loads(self.attrs.get("definition", "{}")).get("tiers") or ()
        return any(tier["seats"] for tier in tiers if tier["how"] not in ("levelled", "covered"))

    @property
    def chamber_size(self) -> int:
        """Seats of the whole chamber: of its tiers beside the lists too, where it has any."""
        return int(self.array("chamber/size")) if "chamber/size" in self else self.house

    @property
    def chamber_majority(self) -> int:
        """Least seats of a majority of the whole chamber."""
        return self.chamber_size // 2 + 1

    @cached_property
    def rule(self) -> dict[str, Any]:
        """The rule as the election file gives it; of a sweep its base rule."""
        return json.loads(self.attrs["definition"])["rule"]

    # Forecasts side by side.

    @cached_property
    def leading(self) -> dict[str, str]:
        """Dimensions along which forecasts stand side by side, each with the keys of the rule behind it."""
        parts = (line.partition(":") for line in str(self.attrs.get("leading", "")).split("\n") if line)
        return {dim: keys.strip() for dim, _, keys in parts}

    @property
    def shape(self) -> tuple[int, ...]:
        """How many places each leading dimension has."""
        return tuple(self.dataset.sizes[dim] for dim in self.leading)

    def places(self) -> Iterator[tuple[int, ...]]:
        """Every place along the leading dimensions, the last running fastest; one without dimensions."""
        import numpy as np

        yield from np.ndindex(*self.shape)

    @cached_property
    def ticks(self) -> dict[str, list[Any]]:
        """Labels of each leading dimension as plain values; days as ISO text."""
        return {dim: plain(self.array(dim)) for dim in self.leading}

    def labels(self, place: Sequence[int]) -> dict[str, Any]:
        """The labels of a place."""
        return {dim: ticks[k] for (dim, ticks), k in zip(self.ticks.items(), place, strict=True)}

    @property
    def labels_here(self) -> dict[str, Any]:
        """Labels of the leading dimensions that were chosen to come here, such as the level of a rule."""
        scalars = {name: label for name, label in self.dataset.coords.items() if label.ndim == 0}
        return {str(name): label.values[()] for name, label in scalars.items()}

    def at(self, **places: int | slice) -> Forecast:
        """The forecast at places of some leading dimensions, by number; the others remain."""
        groups = {
            name: _taken(data, places) if not name or places.keys() & data.sizes.keys() else data
            for name, data in self.groups.items()
        }
        left = "\n".join(f"{dim}: {keys}" for dim, keys in self.leading.items() if dim not in places)
        attrs = {name: value for name, value in self.attrs.items() if name != "leading"}
        attrs |= {"leading": left} if left else {}
        if not left and "rules" in groups:
            attrs["house_size"] = int(groups["rules"]["seats_to_hand_out"])
        groups[""].attrs = attrs
        return Forecast(groups)

    def sel(self, **labels: Any) -> Forecast:
        """The forecast at labels of some leading dimensions, such as ``threshold=0.03``; the others remain.

        Parameters
        ----------
        **labels
            A label by leading dimension: levels as numbers, days as dates or ISO text, else text.

        Returns
        -------
        Forecast
            With the leading dimensions that were not chosen.

        Raises
        ------
        ConfigurationError
            For a dimension or a label that there is not; it says which there are.
        """
        return self.at(**{dim: self._place_of(dim, label) for dim, label in labels.items()})

    def _place_of(self, dim: str, label: Any) -> int:
        if dim not in self.leading:
            remedy = f"no such leading dimension; {suggest(dim, list(self.leading))}"
            raise ConfigurationError(Fault("forecast", "", dim, remedy))
        ticks = self.ticks[dim]
        for k, tick in enumerate(ticks):
            close = isinstance(tick, float) and isinstance(label, int | float) and abs(tick - label) < 1e-9
            if close or str(tick) == str(label):
                return k
        remedy = f"no such label; {suggest(str(label), [str(tick) for tick in ticks])}"
        raise ConfigurationError(Fault("forecast", dim, label, remedy))

    @cached_property
    def base(self) -> Forecast | None:
        """Of a sweep the forecast under its base rule."""
        if BASE_RULE not in self.groups:
            return None
        data = self.groups[BASE_RULE]
        beside = {
            name: self.dataset[name].variable for name in self.dataset.coords if name not in self.leading
        }
        kept = {name: v for name, v in beside.items() if set(v.dims) <= set(data.dims) | {"party"}}
        attrs = {name: value for name, value in self.attrs.items() if name != "leading"}
        return Forecast({"": data.assign_coords(kept).assign_attrs(attrs)})

    # Single numbers.

    def passes(self, party: str) -> float:
        """Probability that a party crosses the threshold, by whatever way the rule gives it.

        Parameters
        ----------
        party
            Id of the party, as in the election file.

        Returns
        -------
        float
            Of forecasts side by side an array over the leading dimensions.

        Raises
        ------
        ConfigurationError
            For a party that there is not.
        """
        return self._of("pass_probability", "party", party)

    def majority(self, coalition: str) -> float:
        """Probability that a coalition holds more than half of the seats that the rule hands out.

        Parameters
        ----------
        coalition
            Id of the coalition, as in the election file.

        Returns
        -------
        float
            Of forecasts side by side an array over the leading dimensions.

        Raises
        ------
        ConfigurationError
            For a coalition that there is not.
        """
        return self._of("majority_probability", "coalition", coalition)

    def seats(self, party: str) -> np.ndarray:
        """Probability of 0, 1, 2, ... seats of a party.

        Parameters
        ----------
        party
            Id of the party, as in the election file.

        Returns
        -------
        numpy.ndarray
            (S + 1,), behind the leading dimensions if there are any.

        Raises
        ------
        ConfigurationError
            For a party that there is not.
        """
        return self._of("seat_probability", "party", party)

    def _of(self, path: str, dim: str, label: str) -> Any:
        """Values of a variable at one label of the first dimension behind the leading ones."""
        known = self.names(dim)
        if label not in known:
            raise ConfigurationError(
                Fault("forecast", dim, label, f"no such {dim}; {suggest(str(label), known)}")
            )
        found = self.array(path)[(slice(None),) * len(self.leading) + (known.index(label),)]
        return float(found) if found.ndim == 0 else found

    def rows(self, subject: str) -> list[dict[str, Any]]:
        """Of one rule and day: labels and numbers of every party, coalition or event, by the names of their
        columns; ``None`` where a number is not known.
        """
        labels = {
            str(name).removeprefix(f"{subject}_"): [str(one) for one in label.values]
            for name, label in self.dataset.coords.variables.items()
            if label.dims == (subject,)
        }
        columns: dict[str, list[Any]] = {**labels}
        for variable in about(subject):
            if variable.path in self and set(variable.dims) <= {subject, "quantile_level"}:
                values = self.array(variable.path)
                for name, (k, _) in variable.columns.items():
                    told = (values if k is None else values[..., k]).tolist()
                    columns[name] = [None if value != value else value for value in told]
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    # Views. They are made upstairs, so that a Forecast does not depend on them.

    def record(self) -> Any:
        """The forecast as plain numbers and strings: what ``--json`` prints (docs/json.md)."""
        return _view("forecast.record:record")(self)

    def plot(self, chart: str = "seats") -> Any:
        """A chart of the forecast; a notebook shows it, ``save`` writes it.

        Parameters
        ----------
        chart
            Its name: ``entering``, ``shares``, ``seats``, ``coalitions``, ``parliament``, ``polls``,
            ``thresholds``, ``calibration``; of forecasts side by side see docs/sensitivity.md.

        Returns
        -------
        forecast.charts.Chart
            With ``save(path)``, ``rendered(form)`` and the specification (Vega-Lite) as ``spec``.

        Raises
        ------
        ConfigurationError
            For a chart that there is not, or that shows what this forecast does not hold.
        """
        return _view("forecast.charts:chart_of")(self, chart)

    def __repr__(self) -> str:
        over = ", ".join(f"{dim}: {size}" for dim, size in zip(self.leading, self.shape, strict=True))
        drawn = f"{self.draws:,} draws" if self.draws else "an exact count"
        parts = [f"{len(self.parties)} parties", *([over] if over else []), drawn]
        return f"<forecast.Forecast of {self.election}: {', '.join(parts)}>"

    def _repr_html_(self) -> str:
        return _view("forecast.tables.exporting:forecast_html")(self)


def _taken(data: xr.Dataset, places: Mapping[str, int | slice]) -> xr.Dataset:
    """``data.isel(places)`` where the dimensions are there, without its looking at every value
    (``dataset_of``).
    """

    def taken(variable: xr.Variable) -> Labelled:
        at = [places.get(str(dim), slice(None)) for dim in variable.dims]
        left = tuple(str(dim) for dim, k in zip(variable.dims, at, strict=True) if isinstance(k, slice))
        return left, variable.values[tuple(at)], dict(variable.attrs)

    found = {str(name): taken(one) for name, one in data.variables.items()}
    coords = {str(name): found.pop(str(name)) for name in data.coords}
    coords = {
        name: (name if dims == (name,) else dims, values, about)
        for name, (dims, values, about) in coords.items()
    }
    return dataset_of(found, coords, data.attrs)


def _view(target: str) -> Any:
    module, _, function = target.partition(":")
    return getattr(import_module(module), function)


def plain(values: Any) -> list[Any]:
    """An array as plain Python values; days as ISO text, blank where there is none."""
    if values.dtype.kind == "M":
        days = values.astype("datetime64[D]")
        return ["" if str(day) == "NaT" else str(day) for day in days]
    return values.tolist()
