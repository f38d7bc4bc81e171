"""Forecasts on disk: read back whole, by this program and by plain xarray; written whole or not at all."""

from __future__ import annotations

import io
import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from forecast import storage
from forecast.errors import ConfigurationError
from forecast.netcdf import groups_of_netcdf, netcdf_image
from forecast.result import Forecast, dataset_of
from forecast.variables import SCHEMA_VERSION, described
from forecast.writing import UNFINISHED, digests_of, replacing_folder
from tests.forecasts import kazakhstan


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    return kazakhstan()


@pytest.fixture
def saved(forecast: Forecast, tmp_path: Path) -> Path:
    storage.save(forecast, tmp_path / "forecast.nc")
    return tmp_path / "forecast.nc"


def test_a_forecast_reads_back_as_it_was(forecast: Forecast, saved: Path) -> None:
    again = storage.load(saved)
    assert set(again.groups) == set(forecast.groups)
    for name, data in forecast.groups.items():
        xr.testing.assert_identical(again.groups[name].drop_attrs(), data.drop_attrs())
    assert again.attrs == forecast.attrs
    assert again.record() == forecast.record()
    assert storage.load(saved.parent).record() == forecast.record()


def test_a_forecast_is_read_in_a_third_of_a_second_of_the_processor(saved: Path) -> None:
    """Without the imports of xarray and h5py, which are there by now; measured: 0.06 s."""

    def seconds() -> float:
        start = time.process_time()
        storage.load(saved)
        return time.process_time() - start

    assert min(seconds() for _ in range(3)) < 0.3


def test_plain_xarray_opens_the_file_with_labels_units_and_provenance(saved: Path) -> None:
    with xr.open_dataset(saved) as opened:
        data = opened.load()
    assert set(data.dims) == {"party", "seats", "quantile_level", "coalition", "event"}
    assert float(data["seat_probability"].sel(party="osdp").sum()) == pytest.approx(1.0)
    assert {"party_name", "party_kind", "coalition_name", "event_name"} <= set(data.coords)
    assert all(variable.attrs.get("long_name") for variable in data.variables.values())
    numbers = [v for v in data.variables.values() if v.dtype.kind in "if"]
    assert all("units" in variable.attrs for variable in numbers)
    assert data.attrs["election"] == "kazakhstan-2023"
    assert len(data.attrs["configuration_sha256"]) == len(data.attrs["polls_sha256"]) == 64


def test_the_file_is_the_one_that_xarray_would_write(forecast: Forecast, tmp_path: Path) -> None:
    saved = forecast.with_attrs(warnings="")
    saved.tree.to_netcdf(tmp_path / "theirs.nc", engine="h5netcdf")
    (tmp_path / "ours.nc").write_bytes(netcdf_image(saved.groups))
    with (
        xr.open_datatree(tmp_path / "theirs.nc", engine="h5netcdf") as theirs,
        xr.open_datatree(tmp_path / "ours.nc", engine="h5netcdf") as ours,
    ):
        assert {node.path for node in ours.subtree} == {node.path for node in theirs.subtree}
        for node in theirs.subtree:
            mine = ours[node.path].to_dataset().load()
            xr.testing.assert_identical(mine, node.to_dataset().load())


def test_the_same_forecast_is_the_same_bytes(forecast: Forecast) -> None:
    groups = forecast.with_attrs(warnings="").groups
    assert netcdf_image(groups) == netcdf_image(groups)


def test_days_that_are_not_known_and_large_arrays_survive(tmp_path: Path) -> None:
    days = np.array(["2023-03-19", "NaT"], "datetime64[s]")
    large = np.zeros((300, 300))
    variables = {"day": ("poll", days, {}), "large": (("a", "b"), large, {"units": "1"})}
    (tmp_path / "x.nc").write_bytes(netcdf_image(dataset_of(variables, {}, {})))
    with xr.open_dataset(tmp_path / "x.nc") as opened:
        assert str(opened["day"].values[0])[:10] == "2023-03-19"
        assert np.isnat(opened["day"].values[1])
        assert opened["large"].shape == (300, 300)
    assert (tmp_path / "x.nc").stat().st_size < 0.2 * large.nbytes


def test_what_is_written_is_read_back_in_every_kind_and_shape(tmp_path: Path) -> None:
    days = np.array(["2023-03-19", "NaT"], "datetime64[ns]")
    variables = {
        "one": ((), np.float64(0.5), {"long_name": "a number", "limits": np.array([0.0, 1.0])}),
        "day_one": ((), days[0], {}),
        "name_one": ((), np.array("Қазақстан", str), {}),
        "none": (("empty",), np.zeros(0), {}),
        "names_none": (("empty",), np.zeros(0, str), {}),
        "days": (("poll",), days, {"units_of": "days"}),
        "table": (("poll", "party"), np.arange(6, dtype=np.int32).reshape(2, 3), {"units": "seats"}),
        "texts": (("poll", "party"), np.array([["a", "", "ü"], ["b\nc", "d", "e"]]), {}),
        "small": (("party",), np.array([1.5, np.nan, -0.0], np.float32), {}),
    }
    coords = {
        "party": ("party", np.array(["x", "y", "z"]), {"long_name": "id"}),
        "party_name": ("party", np.array(["X", "Y", "Z"]), {}),
    }
    dataset = dataset_of(variables, coords, {"note": "", "draws": 3, "share": 0.1, "lines": "a\nb"})
    again = groups_of_netcdf(io.BytesIO(netcdf_image(dataset)))[""]
    xr.testing.assert_identical(again.drop_attrs(), dataset.drop_attrs())
    assert {name: variable.dtype.kind for name, variable in again.variables.items()} == {
        name: variable.dtype.kind for name, variable in dataset.variables.items()
    }
    assert again.attrs == dataset.attrs
    assert {name: set(variable.attrs) for name, variable in again.variables.items()} == {
        name: set(variable.attrs) for name, variable in dataset.variables.items()
    }


def test_a_variable_of_another_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="flag: a variable of type bool"):
        netcdf_image(dataset_of({"flag": ("a", np.array([True]), {})}, {}, {}))


def test_zarr_keeps_the_same(forecast: Forecast, tmp_path: Path) -> None:
    storage.save(forecast, tmp_path / "forecast.zarr")
    storage.save(forecast, tmp_path / "forecast.zarr")
    assert storage.load(tmp_path / "forecast.zarr").record() == forecast.record()
    assert [entry.name for entry in tmp_path.iterdir()] == ["forecast.zarr"]


def test_zarr_without_its_extra_is_said(
    forecast: Forecast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"forecast\[zarr\]"):
        storage.save(forecast, tmp_path / "forecast.zarr")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("version", "said"), [(SCHEMA_VERSION + 1, "update forecast"), (1, "make it again: forecast run")]
)
def test_a_file_of_another_version_is_refused_with_a_clear_word(
    version: int, said: str, saved: Path, forecast: Forecast
) -> None:
    saved.write_bytes(netcdf_image(forecast.with_attrs(schema_version=version, warnings="").groups))
    with pytest.raises(ConfigurationError, match=said):
        storage.load(saved)


@pytest.mark.parametrize("content", [b"", b"party,share\n", b"\x89HDF\r\n\x1a\n" + b"\x00" * 100])
def test_what_is_no_forecast_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(ConfigurationError, match="not a forecast"):
        storage.load(tmp_path / "x.nc")


def test_a_netcdf_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.nc").write_bytes(netcdf_image(dataset_of({"a": ("b", np.zeros(3), {})}, {}, {})))
    with pytest.raises(ConfigurationError, match="not a forecast"):
        storage.load(tmp_path / "x.nc")


def test_a_file_cut_short_is_refused(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
    with pytest.raises(ConfigurationError, match="not a forecast"):
        storage.load(saved)


def test_a_missing_file_and_a_folder_without_a_forecast_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        storage.load(tmp_path / "none.nc")
    with pytest.raises(ConfigurationError, match=r"no forecast\.nc in this folder"):
        storage.load(tmp_path)


def test_files_of_two_runs_in_one_folder_are_told_apart(forecast: Forecast, tmp_path: Path) -> None:
    with replacing_folder(tmp_path) as draft:
        storage.save(forecast, draft / "forecast.nc")
        (draft / "run.json").write_text(json.dumps({"outputs": digests_of(draft)}))
    assert storage.load(tmp_path).record() == forecast.record()
    other = forecast.with_attrs(seed=2)
    storage.save(other, tmp_path / "forecast.nc")
    with pytest.raises(
        ConfigurationError, match=r"forecast\.nc and its run\.json are not of one run; .*name the"
    ):
        storage.load(tmp_path)
    assert storage.load(tmp_path / "forecast.nc").attrs["seed"] == 2


def test_a_folder_in_which_a_run_was_stopped_half_way_is_refused(saved: Path) -> None:
    (saved.parent / UNFINISHED).write_text("...")
    with pytest.raises(ConfigurationError, match=r"was stopped .*make it again"):
        storage.load(saved.parent)


def test_a_set_that_is_being_placed_is_waited_for(forecast: Forecast, saved: Path) -> None:
    note = saved.parent / UNFINISHED
    note.write_text("...")
    placed = threading.Timer(0.2, note.unlink)
    placed.start()
    assert storage.load(saved.parent).record() == forecast.record()
    placed.join()


def test_the_root_holds_the_forecast_alone_and_every_variable_is_as_the_registry_says(
    forecast: Forecast,
) -> None:
    assert len(forecast.dataset.data_vars) <= 25
    for group, data in forecast.groups.items():
        for name, variable in data.data_vars.items():
            known = described(f"{group}/{name}".lstrip("/"))
            assert variable.dims == known.dims
            assert {key: variable.attrs[key] for key in known.attrs} == known.attrs


def test_what_rests_on_fewer_draws_says_so(forecast: Forecast) -> None:
    assert forecast["largest_probability"].attrs["draws"] == forecast["representative_seats"].attrs["draws"]
    assert "draws" not in forecast["pass_probability"].attrs


def test_the_record_is_json(forecast: Forecast) -> None:
    text = json.dumps(forecast.record(), allow_nan=False)
    assert json.loads(text)["parties"][0]["id"] == "amanat"
