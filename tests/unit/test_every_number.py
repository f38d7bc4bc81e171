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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from forecast.cli.main import main
from forecast.storage import load
from forecast.tables import TABLES, table_of
from tests import walked_numbers as walked
from tests.forecasts import CONFIG
from tests.walked_numbers import Number, Shows, Walk, by_label, by_order, key_of, numbers, page_data

UNSHOWN = {"explorer_void_probability", "explorer_subset_majority", "quantile"}
"""Variables that no view shows by themselves: subsets stand in the page packed, and are compared there."""


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
        return "tested_horizon" in self.data and bool(np.isfinite(self.data["tested_horizon"]))


CASES = {"exit polls": (), "polls before the vote": ("--as-of", "2023-03-15")}


@pytest.fixture(scope="module", params=CASES.values(), ids=list(CASES))
def left(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("walk") / "out"
    options = ["--draws", "4096", "--json", "-q", "-o", str(folder), *request.param]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["run", str(CONFIG), *options]) == 0
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["report", str(folder), "-q"]) == 0
    with xr.open_dataset(folder / "forecast.nc") as opened:
        data = opened.load()
    page = (folder / "report.html").read_text(encoding="utf-8")
    return Left(folder, data, json.loads(printed.getvalue()), page)


def _labels(data: xr.Dataset) -> dict[str, Any]:
    dims = {"p": "party", "c": "coalition", "e": "event", "f": "pollster", "q": "quantile", "l": "level"}
    return {group: by_label(data, dim) for group, dim in (dims | {"o": "chance"}).items()}


@functools.cache
def _json(left: Left) -> Walk:
    blank = {f"track_record/{name}": Shows(walked.BLANK) for name in ("horizon", "elections", "coverage")}
    shows = walked.RECORD | (walked.TESTED if left.tested else blank)
    walk = Walk(left.data, shows, _labels(left.data) | {"level": by_label(left.data, "level")})
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


@functools.cache
def _page(left: Left) -> tuple[Walk, dict[str, Any]]:
    data = left.data
    page = page_data(left.page, data)
    apart = {
        "level": page.pop("level"),
        "law": page["grid"].pop("law"),
        "subset_parties": page["grid"].pop("subset_parties"),
        "members": [coalition.pop("parties") for coalition in page["coalitions"]],
        "subsets": [[cell.pop("subsets") for cell in row] for row in page["grid"]["cells"]],
        "order": _order(page, data),
    }
    weighed = np.flatnonzero(data["poll_weight"].values > 0)
    places = {"party": by_order("party", apart["order"]), "poll": by_order("poll", weighed.tolist())}
    shows = walked.PAGE
    if page["trend"] is not None:
        shows = shows | walked.TREND
        days = data["day"].values.astype("datetime64[D]").astype(str).tolist()
        places["day"] = by_order("day", [days.index(day) for day in page["trend"]["days"]])
    walk = Walk(data, shows, places)
    for path, found in numbers({name: part for name, part in page.items() if part is not None}):
        walk.compare(path, found)
    return walk, apart


def _order(page: dict[str, Any], data: xr.Dataset) -> list[int]:
    """The parties of the page as places in the file; their names are all different here."""
    names = [str(name) for name in data["party_name"].values]
    return [names.index(party["name"]) for party in page["parties"]]


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


def test_every_number_that_the_page_gives_its_script_is_that_of_the_file(left: Left) -> None:
    walk, apart = _page(left)
    walk.finish()
    assert walk.counted > 40_000
    data, order = left.data, apart["order"]
    ids = [str(party) for party in data["party"].values]
    assert apart["level"] == data.attrs["explorer_law_threshold"] == data["explorer_threshold"][apart["law"]]
    explored = str(data.attrs["explorer_parties"]).split("\n")
    assert [ids[order[k]] for k in apart["subset_parties"]] == explored
    members = [str(text).split("\n") for text in data["coalition_parties"].values]
    assert [[ids[order[k]] for k in some] for some in apart["members"]] == members
    draws = data["explorer_subset_draws"].values[..., None]
    wanted = np.round(data["explorer_subset_majority"].values.astype(float) * draws)
    assert (np.array(apart["subsets"]) == wanted).all()


def test_every_variable_of_the_file_stands_in_some_view(left: Left) -> None:
    seen = _json(left).seen | _tables(left).seen | _page(left)[0].seen
    trend = page_data(left.page, left.data)["trend"] is not None
    held = {str(n) for n, v in left.data.variables.items() if v.dtype.kind in "if" and n not in UNSHOWN}
    texts = {name for name in held if name.startswith("estimate_")}  # in the table of the run, as texts
    if not left.tested:
        held = {name for name in held if not name.startswith("tested_") and name not in ("level", "chance")}
    if not trend:  # polls of one day show none, though there is one before them
        held = {name for name in held if not name.startswith("trend_")}
    assert held - seen - texts == set()


def test_the_table_of_the_run_is_the_file(left: Left) -> None:
    with (left.folder / "tables" / "run.csv").open(newline="", encoding="utf-8") as opened:
        said = {row["name"]: row["value"] for row in csv.DictReader(opened)}
    attrs = dict(left.data.attrs)
    warnings = [line for line in str(attrs.pop("warnings")).split("\n") if line]
    wanted = {f"version of {name}": number for name, number in json.loads(attrs.pop("versions")).items()}
    wanted |= {name: str(value) for name, value in attrs.items()}
    wanted |= {f"warning {number}": text for number, text in enumerate(warnings, start=1)}
    for name, variable in left.data.data_vars.items():
        if str(name).startswith("estimate_") and not variable.dims:
            wanted[variable.attrs["long_name"]] = f"{float(variable):.4g}"
    void = "probability that nobody passes and the election is void"
    assert said == wanted | {void: str(float(left.data["void_probability"]))}


SHOWN = {
    "parties": {
        "passes": "Passes",
        "error": "± points",
        "seats": "Seats",
        "seats80": "80 % of seats",
        "mean": "Mean",
        "drawn": "One draw",
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
    assert {name for name, _ in links} == set(TABLES)
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
