"""Every number that a forecast leaves is that of its file, wherever it stands: page, tables, JSON, netCDF."""

from __future__ import annotations

import base64
import contextlib
import csv
import functools
import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from forecast.charts.parties import DOTS
from forecast.cli.main import main
from forecast.result import Forecast
from forecast.storage import load
from forecast.sweeps.slider import slide
from forecast.tables import known_tables, table_of
from tests import walked_numbers as walked
from tests.forecasts import CONFIG
from tests.page_data import given, rows_of
from tests.swept import flat
from tests.walked_numbers import ENDS, Number, Shows, Walk, by_label, key_of, numbers


@dataclass(frozen=True, eq=False)
class Left:
    """What the commands left: the file as plain xarray opens it, and every view of it."""

    folder: Path
    data: xr.Dataset
    record: dict[str, Any]
    page: str

    @property
    def tested(self) -> bool:
        """Whether a backtest speaks for this forecast."""
        return "record/horizon" in self.data and bool(np.isfinite(self.data["record/horizon"]))


CASES = {"exit polls": (), "polls before the vote": ("--as-of", "2023-03-15")}


@pytest.fixture(scope="module", params=CASES.values(), ids=list(CASES))
def left(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("walk") / "out"
    options = ["--draws", "4096", "--json", "-q", "-o", str(folder), *request.param]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["run", str(CONFIG), *options]) == 0
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["report", str(folder), "-q"]) == 0
    with xr.open_datatree(folder / "forecast.nc", engine="h5netcdf") as opened:
        groups = {node.path.strip("/"): node.to_dataset(inherit=False) for node in opened.load().subtree}
        data = flat(Forecast(groups))
    page = (folder / "report.html").read_text(encoding="utf-8")
    return Left(folder, data, json.loads(printed.getvalue()), page)


def _labels(data: xr.Dataset) -> dict[str, Any]:
    dims = {
        "p": "party",
        "c": "coalition",
        "e": "event",
        "f": "pollster",
        "q": "quantile_level",
        "l": "interval",
        "h": "holder",
        "t": "tier",
        "rank": "place",
        "rival": "rival",
    }
    dims |= {"o": "probability_bin", "w": "election_kind", "d": "days_before"}
    return {group: by_label(data, dim) for group, dim in dims.items()}


def _pair(left: Left) -> Callable[[str], dict[str, int]]:
    """Of a pair in JSON, by its number: the list that would gain the last seat, and the one that loses it."""
    ids = [party["id"] for party in left.record["parties"]]
    pairs = left.record["last_seat"]["pairs"]
    return lambda k: {"party": ids.index(pairs[int(k)]["gains"]), "rival": ids.index(pairs[int(k)]["loses"])}


@functools.cache
def _json(left: Left) -> Walk:
    names = ("horizon", "elections", "coverage", "coverage80_by_kind")
    blank = {f"track_record/{name}": Shows(walked.BLANK) for name in names}
    shows = walked.RECORD | (walked.TESTED if left.tested else blank)
    walk = Walk(left.data, shows, _labels(left.data) | {"pair": _pair(left)})
    for path, found in numbers(left.record):
        walk.compare(path, found)
    return walk


@functools.cache
def _tables(left: Left) -> Walk:
    walk = Walk(left.data, walked.TABLES | (walked.CALIBRATION if left.tested else {}), _labels(left.data))
    forecast = load(left.folder)
    for file in sorted((left.folder / "tables").glob("*.csv")):
        if file.stem == "run":
            continue
        types = {column.name: column.type for column in table_of(forecast, file.stem).columns}
        with file.open(newline="", encoding="utf-8") as opened:
            for place, row in enumerate(csv.DictReader(opened)):
                key = key_of(file.stem, place, row)
                for name, text in row.items():
                    if types[name] in ("number", "integer"):
                        found: Number = None if text == "" else float(text)
                        walk.compare(f"{file.stem}/{key}/{name}".replace("polls//", "polls/"), found)
    return walk


CHARTS = {
    ("crossings", "parties"): {"chance": ("pass_probability", None)},
    ("shares", "parties"): {end: ("share_quantile", q) for end, q in ENDS.items()}
    | {"last": ("last_election/share", None)},
    ("polls", "parties"): {"low": ("share_quantile", 0.1), "high": ("share_quantile", 0.9)},
}
"""Of charts of the page with a row a party: what stands in each field, and at which quantile."""


@functools.cache
def _given(left: Left) -> dict[str, Any]:
    return given(left.page)


def _compared(data: dict[str, Any], charts: dict[str, Any], forecast: Forecast) -> int:
    """How many numbers of charts with a row a party are those of a forecast, to six digits."""
    compared, quantiles = 0, forecast.array("quantile_level").tolist()
    for (chart, name), fields in CHARTS.items():
        for tables in charts.get(chart, {}).get("data", []):
            for row in rows_of(data, tables[name]):
                party = forecast.parties.index(row["party"])
                for field, (path, quantile) in fields.items():
                    values = forecast.array(path)[party]
                    wanted = float(values if quantile is None else values[quantiles.index(quantile)])
                    found = row.get(field)
                    assert found is None if wanted != wanted else found == pytest.approx(wanted, rel=1e-5)
                    compared += 1
    return compared


def _distributions(data: dict[str, Any], chart: dict[str, Any] | None, forecast: Forecast) -> int:
    """How many dots of the chart of seats are quantiles of a forecast; no dot is wider than a seat here."""
    if chart is None:
        return 0
    sets = {name: rows_of(data, rows) for name, rows in chart["data"][0].items()}
    compared, middles = 0, (np.arange(DOTS) + 0.5) / DOTS
    medians = {row["party"]: row["seats"] for row in sets["median"]}
    for party, median in medians.items():
        k = forecast.parties.index(party)
        assert median == forecast.array("seat_quantile")[k, 3]
        reached = np.cumsum(forecast.array("seat_probability")[k])
        wanted = [int(np.argmax(reached >= middle - 1e-9)) for middle in middles]
        assert sorted(row["seats"] for row in sets["dots"] if row["party"] == party) == wanted
        compared += DOTS + 1
    assert len(sets["dots"]) == DOTS * len(medians)
    return compared


def test_every_number_of_the_json_is_that_of_the_file(left: Left) -> None:
    walk = _json(left)
    walk.finish()
    assert walk.counted > 250
    chances = left.data["seat_probability"].values
    for k, party in enumerate(left.record["parties"]):
        told = {int(seats) for seats in party["seats"]["distribution"]}
        assert told == set(np.flatnonzero(chances[k]).tolist())


def test_every_number_of_the_tables_is_that_of_the_file(left: Left) -> None:
    walk = _tables(left)
    walk.finish()
    assert walk.counted > 1_800


def test_every_number_that_the_charts_of_the_page_show_is_that_of_the_file(left: Left) -> None:
    data, forecast = _given(left), load(left.folder)
    law = data["law"]
    # The law as the file has it; then every other rule, of which the page holds what differs.
    compared = _compared(data, law["charts"] | {"polls": law.get("polls", {})}, forecast)
    compared += _distributions(data, law["charts"]["distributions"], forecast)
    assert compared > 150
    slid, others = slide(forecast), 0
    assert (len(data["levels"]), len(data["methods"])) == slid.shape
    for place, shown in zip(slid.places(), data["places"], strict=True):
        here = slid.at(**dict(zip(slid.leading, place, strict=True)))
        others += _distributions(data, shown.get("charts", {}).get("distributions"), here)
        for row in rows_of(
            data,
            shown.get("charts", {}).get("crossings", {"data": [{"parties": {"n": 0}}]})["data"][0]["parties"],
        ):
            wanted = float(here.array("pass_probability")[here.parties.index(row["party"])])
            assert row["chance"] == pytest.approx(wanted, rel=1e-5)
            others += 1
    assert others > 2_000


def test_every_coalition_that_a_reader_can_build_has_its_count(left: Left) -> None:
    data, slid = _given(left), slide(load(left.folder))
    draws = slid.array("unsaved/coalition_draws")
    wanted = np.round(slid.array("unsaved/coalition_majority").astype(float) * draws[..., None])
    for place, shown in zip(slid.places(), data["places"], strict=True):
        counts = np.frombuffer(base64.b64decode(shown["subsets"]), "<u2")
        assert (counts == wanted[place]).all()
        assert shown["subset_draws"] == draws[place]


def test_every_variable_of_the_root_stands_in_some_view(left: Left) -> None:
    seen = _json(left).seen | _tables(left).seen
    held = {str(n) for n, v in left.data.variables.items() if v.dtype.kind in "if"}
    aside = ("estimate/", "trend/") if left.tested else ("estimate/", "trend/", "record/")
    labels = {
        "quantile_level",
        "day",
        *([] if left.tested else ["interval", "probability_bin", "days_before"]),
    }
    # The estimate stands in the table of the run, as texts; the trend in pictures.
    assert {name for name in held - seen - labels if not name.startswith(aside)} == set()


def test_the_table_of_the_run_is_the_file(left: Left) -> None:
    with (left.folder / "tables" / "run.csv").open(newline="", encoding="utf-8") as opened:
        said = {row["name"]: row["value"] for row in csv.DictReader(opened)}
    attrs = dict(left.data.attrs)
    rule = json.loads(attrs.pop("definition"))["rule"]
    warnings = [line for line in str(attrs.pop("warnings")).split("\n") if line]
    wanted = {f"version of {name}": number for name, number in json.loads(attrs.pop("versions")).items()}
    wanted |= {name: str(value) for name, value in attrs.items()}
    wanted["rule"] = json.dumps(rule, ensure_ascii=False)
    wanted |= {f"warning {number}": text for number, text in enumerate(warnings, start=1)}
    for name, variable in left.data.data_vars.items():
        if str(name).startswith("estimate/") and not variable.dims:
            wanted[variable.attrs["long_name"]] = f"{float(variable):.4g}"
    void = "probability that nobody passes and the election is void"
    wanted[void] = str(float(left.data["void_probability"]))
    wanted[f"Monte Carlo standard error of the {void}"] = str(float(left.data["void_mc_error"]))
    assert said == wanted


SHOWN = {
    "parties": {
        "passes": "Passes",
        "seats": "Seats",
        "seats80": "80 % of seats",
        "entering": "Seats if in",
        "entering80": "80 % of seats if in",
    },
    "coalitions": {"majority": "Majority", "seats": "Seats", "seats80": "80 % of seats", "margin": "Margin"},
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_reader_of_the_page_sees_is_the_text_of_the_table(name: str, left: Left) -> None:
    table = table_of(load(left.folder), name)
    titles = [shown.title for shown in table.shown]
    wanted = {texts[0]: dict(zip(titles, texts, strict=True)) for texts in table.texts()}
    found = re.search(rf'<table id="{name}">.*?<tbody>(.*?)</tbody>', left.page, re.DOTALL)
    assert found is not None
    rows = re.findall(r"<tr><th[^>]*>(.*?)(?: <small>.*?)?</th>(.*?)</tr>", found.group(1))
    assert len(rows) == len(wanted)
    for head, cells in rows:
        texts = dict(re.findall(r'data-cell="(\w+)">([^<]*)<', cells))
        said = wanted[html.unescape(head)]
        assert {cell: html.unescape(text) for cell, text in texts.items()} == {
            cell: said[title] for cell, title in SHOWN[name].items()
        }


def test_the_downloads_of_the_page_are_the_tables(left: Left) -> None:
    links = re.findall(
        r'download="kazakhstan-2023-([\w-]+)\.csv" href="data:[^,]*;base64,([^"]*)"', left.page
    )
    assert {name for name, _ in links} == set(known_tables(load(left.folder)))
    for name, packed in links:
        assert base64.b64decode(packed) == (left.folder / "tables" / f"{name}.csv").read_bytes()


def test_the_json_of_the_tables_is_their_csv(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", str(left.folder), "--format", "json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)["tables"]
    for name, table in told.items():
        with (left.folder / "tables" / f"{name}.csv").open(newline="", encoding="utf-8") as opened:
            rows = list(csv.DictReader(opened))
        texts = [
            {key: "" if value is None else str(value) for key, value in row.items()} for row in table["rows"]
        ]
        assert texts == rows
