"""Forecasts on disk: read back whole, by this program and by plain xarray; written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from forecast import storage
from forecast.errors import ConfigurationError
from forecast.netcdf import netcdf_image
from forecast.result import SCHEMA_VERSION, Forecast, dataset_of
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
    xr.testing.assert_identical(again.dataset.drop_attrs(), forecast.dataset.drop_attrs())
    assert again.dataset.attrs == forecast.dataset.attrs
    assert again.record() == forecast.record()
    assert storage.load(saved.parent).record() == forecast.record()


def test_plain_xarray_opens_the_file_with_labels_units_and_provenance(saved: Path) -> None:
    with xr.open_dataset(saved) as opened:
        data = opened.load()
    of_forecast = {"party", "seats", "quantile", "coalition", "event"}
    assert set(data.dims) == of_forecast | {"poll", "day", "pollster", "level", "chance"}
    assert float(data["seat_probability"].sel(party="osdp").sum()) == pytest.approx(1.0)
    assert {"party_name", "party_kind", "coalition_name", "event_name"} <= set(data.coords)
    assert data["poll_end"].dtype.kind == "M"
    assert all(variable.attrs.get("long_name") for variable in data.variables.values())
    numbers = [v for v in data.variables.values() if v.dtype.kind in "if"]
    assert all("units" in variable.attrs for variable in numbers)
    assert data.attrs["election"] == "kazakhstan-2023"
    assert len(data.attrs["configuration_sha256"]) == len(data.attrs["polls_sha256"]) == 64


def test_the_file_is_the_one_that_xarray_would_write(forecast: Forecast, tmp_path: Path) -> None:
    dataset = forecast.dataset.assign_attrs(warnings="")
    dataset.to_netcdf(tmp_path / "theirs.nc", engine="h5netcdf")
    (tmp_path / "ours.nc").write_bytes(netcdf_image(dataset))
    with xr.open_dataset(tmp_path / "theirs.nc") as theirs, xr.open_dataset(tmp_path / "ours.nc") as ours:
        xr.testing.assert_identical(ours.load(), theirs.load())


def test_the_same_forecast_is_the_same_bytes(forecast: Forecast) -> None:
    dataset = forecast.dataset.assign_attrs(warnings="")
    assert netcdf_image(dataset) == netcdf_image(dataset)


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
    ("version", "said"), [(SCHEMA_VERSION + 1, "update forecast"), (0, "run the forecast again")]
)
def test_a_file_of_another_version_is_refused_with_a_clear_word(version: int, said: str, saved: Path) -> None:
    with h5py.File(saved, "a") as file:
        file.attrs["schema_version"] = version
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


def _fill(folder: Path, number: int) -> None:
    with storage.replacing_folder(folder) as draft:
        (draft / "tables").mkdir()
        (draft / "forecast.nc").write_text(str(number))
        (draft / "tables" / "a.csv").write_text(str(number))
        (draft / "run.json").write_text(str(number))


def _numbers(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in ("forecast.nc", "tables/a.csv", "run.json")}


def test_outputs_are_replaced_and_what_else_lies_there_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _fill(out, 1)
    (out / "charts").mkdir()
    (out / "charts" / "seats.svg").write_text("a chart")
    (out / "notes.txt").write_text("mine")
    _fill(out, 2)
    assert _numbers(out) == {"2"}
    assert (out / "charts" / "seats.svg").read_text() == "a chart"
    assert (out / "notes.txt").read_text() == "mine"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_was_there_before_keeps_what_is_in_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "tables").mkdir(parents=True)
    (out / "tables" / "mine.csv").write_text("mine")
    _fill(out, 1)
    assert _numbers(out) == {"1"}


def test_the_current_folder_can_be_written_to_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        _fill(Path(), number)
        assert _numbers(Path()) == {str(number)}


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for number in (1, 2):
        _fill(tmp_path / "link", number)
    assert (tmp_path / "link").is_symlink()
    assert _numbers(tmp_path / "real") == {"2"}


@pytest.mark.parametrize("exchange", [True, False])
def test_without_exchanging_folders_the_outputs_are_replaced_too(
    exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchange:
        monkeypatch.setattr(storage, "_exchange", lambda first, second: False)
    for number in (1, 2):
        _fill(tmp_path / "out", number)
    assert _numbers(tmp_path / "out") == {"2"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_an_error_while_writing_leaves_what_was_there(error: BaseException, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _fill(out, 1)

    def fail(place: Path, *, folder: bool) -> None:
        with (storage.replacing_folder if folder else storage.replacing)(place) as draft:
            (draft / "forecast.nc" if folder else draft).write_text("2")
            raise error

    with pytest.raises(type(error)):
        fail(out, folder=True)
    with pytest.raises(type(error)):
        fail(out / "run.json", folder=False)
    assert _numbers(out) == {"1"}
    assert sorted(entry.name for entry in out.iterdir()) == ["forecast.nc", "run.json", "tables"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_names_the_place_that_the_user_knows(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as caught, storage.replacing(tmp_path / "x.nc"):
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere/.draft")
    assert caught.value.filename == str(tmp_path / "x.nc")


def test_files_are_readable_as_others_are(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    assert saved.stat().st_mode == (tmp_path / "other").stat().st_mode


WRITER = """
import sys
from pathlib import Path
from forecast.storage import replacing_folder
out = Path(sys.argv[1])
number = int(sys.argv[2])
while True:
    number += 1
    with replacing_folder(out) as draft:
        (draft / "tables").mkdir()
        for name in ("forecast.nc", "tables/a.csv", "run.json"):
            (draft / name).write_text(str(number))
    print(number, flush=True)
"""


def test_killed_at_any_moment_the_earlier_outputs_are_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _fill(out, 0)
    (out / "mine.txt").write_text("mine")
    chance = random.Random(1)
    for _ in range(6):
        before = next(iter(_numbers(out)))
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(out), before], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(chance.uniform(0, 0.03))
            writer.send_signal(signal.SIGKILL)
        numbers = _numbers(out)
        assert len(numbers) == 1
        assert int(next(iter(numbers))) > int(before)
        assert (out / "mine.txt").read_text() == "mine"
    _fill(out, 10**6)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"], "drafts of killed writers are swept"


def test_a_killed_writer_of_one_file_leaves_the_earlier_file(forecast: Forecast, saved: Path) -> None:
    before = saved.read_bytes()
    child = os.fork()
    if child == 0:
        with storage.replacing(saved) as draft:
            draft.write_bytes(before[:100])
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert saved.read_bytes() == before
    storage.save(forecast, saved)
    assert [entry.name for entry in saved.parent.iterdir()] == ["forecast.nc"]


def test_the_record_is_json(forecast: Forecast) -> None:
    text = json.dumps(forecast.record(), allow_nan=False)
    assert json.loads(text)["parties"][0]["id"] == "amanat"
