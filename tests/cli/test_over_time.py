"""``forecast run --as-of`` for several days: forecasts side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from forecast.cli.main import main
from forecast.election.loading import parse_days
from forecast.errors import ConfigurationError
from forecast.storage import load

Captured = pytest.CaptureFixture[str]
OUT = Path("outputs/kazakhstan-2023/over-time")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(config: Path, *options: str) -> int:
    return main(["run", str(config), "--draws", "4096", "-q", *options])


def test_a_range_steps_from_its_first_day_and_never_passes_its_last() -> None:
    days = [day.isoformat() for day in parse_days(["2023-03-01:2023-03-16:7d"])]
    assert days == ["2023-03-01", "2023-03-08", "2023-03-15"]
    assert parse_days(["2023-03-01:2023-03-16:1w"]) == parse_days(["2023-03-01:2023-03-16:7d"])
    assert len(parse_days(["2023-03-01:2023-03-04"])) == 4
    assert [day.day for day in parse_days(["2023-03-09", "2023-03-01", "2023-03-09"])] == [1, 9]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("monday", "'monday' is no day"),
        ("2023-02-30", "'2023-02-30' is no day"),
        ("2023-03-01:", "'' is no day"),
        ("2023-03-01:2023-03-19:7", "'7' is no step; write days or weeks"),
        ("2023-03-01:2023-03-19:0d", "'0d' is no step"),
        ("2023-03-01:2023-03-19:7d:2", "a range is FROM:TO:STEP"),
        ("2023-03-19:2023-03-01:7d", "ends before it begins"),
        ("1900-01-01:2023-03-01:1d", "at most 1,000"),
    ],
)
def test_what_is_no_day_and_no_range_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        parse_days([text])


def test_every_day_of_a_series_is_the_run_as_of_that_day(kazakhstan: Path, capsys: Captured) -> None:
    assert run(kazakhstan, "--as-of", "2023-02-05:2023-03-19:21d", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert [one["as_of"] for one in record["as_of"]] == ["2023-02-05", "2023-02-26", "2023-03-19"]
    for one in record["as_of"]:
        assert run(kazakhstan, "--as-of", one["as_of"], "--json") == 0
        single = json.loads(capsys.readouterr().out)
        for key in ("parties", "coalitions", "events", "void", "warnings"):
            assert one[key] == single[key]
    series = load(OUT)
    assert series.ticks["as_of"] == ["2023-02-05", "2023-02-26", "2023-03-19"]
    assert record == series.record()
    with xr.open_dataset(OUT / "forecast.nc") as data:
        assert data["pass_probability"].dims == ("as_of", "party")
        assert data["as_of"].dtype.kind == "M"
        assert {"pass_mc_error", "majority_mc_error", "seat_mean_mc_error"} <= set(data.data_vars)
        assert len(data.attrs["polls_sha256"]) == 64
    assert json.loads((OUT / "run.json").read_text())["as_of"] == series.ticks["as_of"]


def test_tables_of_a_series_have_a_row_a_day(kazakhstan: Path, capsys: Captured) -> None:
    assert run(kazakhstan, "--as-of", "2023-02-05", "--as-of", "2023-03-19") == 0
    printed = capsys.readouterr().out
    assert "Chance to cross the threshold" in printed
    assert "as of 2 days from 2023-02-05 to 2023-03-19" in printed
    assert main(["tables", str(OUT), "-t", "passes", "-f", "csv"]) == 0
    assert capsys.readouterr().out == (OUT / "tables" / "passes.csv").read_text()
    table = pd.read_csv(OUT / "tables" / "passes.csv").set_index("as_of")
    values = load(OUT)["pass_probability"].sel(party="osdp").values
    assert table["pass_probability_osdp"].tolist() == values.tolist()
    assert table["polls"].tolist() == [1, 3]
    shares = pd.read_csv(OUT / "tables" / "shares.csv")
    assert "share_median_against-all" in shares
    assert main(["tables", str(OUT), "-t", "pases"]) == 2
    assert "did you mean 'passes'?" in capsys.readouterr().err


def test_days_before_the_first_poll_are_named_and_left_out(kazakhstan: Path, capsys: Captured) -> None:
    assert run(kazakhstan, "--as-of", "2023-01-01:2023-02-05:7d", "--as-of", "2023-03-15") == 0
    assert "left out, before the first poll was known (2023-01-30): 5 days from 2023-01-01" in (
        capsys.readouterr().err
    )
    assert load(OUT).ticks["as_of"] == ["2023-02-05", "2023-03-15"]
    assert run(kazakhstan, "--as-of", "2020-01-01:2020-03-01:7d", "-o", "none") == 3
    assert "no poll is known on any of the days asked for" in capsys.readouterr().err
    assert not Path("none").exists()


def test_threads_change_nothing_in_a_series(kazakhstan: Path) -> None:
    for threads in ("1", "2"):
        assert (
            run(kazakhstan, "--as-of", "2023-02-05:2023-03-19:40d", "--threads", threads, "-o", threads) == 0
        )
    assert Path("1/forecast.nc").read_bytes() == Path("2/forecast.nc").read_bytes()


def test_what_means_nothing_for_several_days_is_refused(kazakhstan: Path, capsys: Captured) -> None:
    days = ("--as-of", "2023-02-05:2023-03-19:21d")
    assert run(kazakhstan, *days, "--target-error", "0.01") == 2
    assert "--target-error: several days share one number of draws" in capsys.readouterr().err
    assert run(kazakhstan, *days, "--save-draws", "5") == 2
    assert run(kazakhstan, *days) == 0
    assert main(["report", str(OUT / "forecast.nc")]) == 2
    assert "this one has several, along as_of" in capsys.readouterr().err
