"""Districts on the page: seats of each as small multiples, and a map where the file names its outlines."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from forecast.charts.outcomes import leaders
from forecast.cli.main import main
from forecast.errors import ConfigurationError
from forecast.estimation import estimate
from forecast.geography.known_districts import read_outlines
from forecast.polls import read_polls
from forecast.report import page
from forecast.result import Forecast
from forecast.simulation.forecasting import simulate
from forecast.words.facts import Facts
from tests.geographies import DISTRICTS, GEOGRAPHY, HEAD, outlines, woods, write_polls
from tests.page_data import given, rows_of


def forecast_with_map(folder: Path, names: list[str]) -> Forecast:
    """The woods with a map of some of their districts."""
    (folder / "map.geojson").write_text(json.dumps(outlines(names)), encoding="utf-8")
    election = woods(
        folder, head=f'{HEAD}polls = "polls.csv"\n', geography=f'{GEOGRAPHY}map = "map.geojson"\n'
    )
    write_polls(folder / "polls.csv")
    polls = read_polls(folder / "polls.csv", election)
    return simulate(election, estimate(election, polls), draws=1_000)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (None, "features[0].geometry: the outline of a district is expected"),
        ("Polygon", 'features[0].geometry = "Polygon": the outline of a district is expected'),
        ({"type": "Point", "coordinates": [1, 2]}, 'features[0].geometry.type = "Point": a Polygon or'),
        ({"type": "Polygon", "coordinates": [[[1, 2]]]}, "rings of four or more points"),
        (
            {"type": "Polygon", "coordinates": [[[3e6, 5e6], [3e6, 6e6], [4e6, 6e6], [3e6, 5e6]]]},
            "degrees of longitude and latitude (WGS 84) are expected; a map in metres must be converted",
        ),
    ],
)
def test_what_is_no_outline_in_degrees_is_refused(tmp_path: Path, geometry: object, said: str) -> None:
    tree = outlines(["Alder", "Birch"])
    tree["features"][0]["geometry"] = geometry
    (tmp_path / "map.geojson").write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        read_outlines(tmp_path / "map.geojson", {"alder": "Alder", "birch": "Birch"})


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Forecast:
    return forecast_with_map(tmp_path_factory.mktemp("woods"), list(DISTRICTS))


def test_every_district_of_the_map_has_the_party_with_the_most_seats(mapped: Forecast) -> None:
    data = given(page(mapped))
    (panel,) = data["figures"]["district-map"]
    rows = rows_of(data, panel["data"]["shapes"])
    ahead = {title: row for _, title, row, _ in leaders(Facts(mapped))}
    assert {row["district"]: row["party"] for row in rows} == {
        name: row["name"] for name, row in ahead.items()
    }
    middle, means = (mapped.array(f"districts/{one}") for one in ("seat_quantile", "seat_mean"))
    for d, name in enumerate(mapped.names("districts/district_name")):
        k = mapped.names("party_name").index(ahead[name]["name"])
        assert middle[d, k, 3] == middle[d, :, 3].max()
        assert means[d, k] == means[d][middle[d, :, 3] == middle[d, k, 3]].max()
    for name in {row["name"] for row in ahead.values()}:
        number = sum(row["name"] == name for row in ahead.values())
        assert f"{name} {number}" in panel["said"]


def test_small_multiples_show_the_intervals_of_the_file(mapped: Forecast) -> None:
    data = given(page(mapped))
    panels = data["figures"]["district-panels"]
    quantiles = mapped.array("districts/seat_quantile")
    assert [panel["name"] for panel in panels] == list(DISTRICTS)
    for d, panel in enumerate(panels):
        rows = {row["party"]: row for row in rows_of(data, panel["data"]["bars"])}
        for k, party in enumerate(mapped.names("party_name")):
            low, median, high = quantiles[d, k, [1, 3, 5]]
            if high > 0:
                row = rows[party]
                assert (row["low"], row["seats"], row["high"]) == (low, median, high)
            else:
                assert party not in rows


def test_outlines_are_found_by_name_in_any_case_and_run_the_way_they_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "map.geojson"
    path.write_text(json.dumps(outlines(["Alder", "Birch", "Cedar"])), encoding="utf-8")
    found = read_outlines(path, {"a": "Alder", "b": "birch", "c": "CEDAR", "d": "Dogwood"})
    assert set(found.by_district) == {"a", "b", "c"}
    assert found.missing == ("Dogwood",)
    assert len(found.by_district["c"]) == 2
    for polygons in found.by_district.values():
        for ring, *_ in polygons:
            assert ring[0] == ring[-1]
            area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
            assert area == pytest.approx(-2.0)


def test_points_that_a_small_picture_cannot_show_are_left_out(tmp_path: Path) -> None:
    coast = [[10 + k / 20_000, 50.0] for k in range(20_001)]
    ring = [*coast, [11, 51], [10, 51], [10, 50]]
    feature = {
        "type": "Feature",
        "id": "a",
        "properties": None,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = tmp_path / "map.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    (polygon,) = read_outlines(path, {"a": "Alder"}).by_district["a"]
    assert 300 < len(polygon[0]) < 700


def test_a_district_without_an_outline_is_named_on_the_page(tmp_path: Path) -> None:
    data = given(page(forecast_with_map(tmp_path, list(DISTRICTS)[:5])))
    (panel,) = data["figures"]["district-map"]
    assert panel["said"].endswith("Not on the map: Fir.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ('{"type": "Topology"}', "a FeatureCollection is expected"),
        (json.dumps(outlines(["Nowhere"])), "no feature has the id or name of a district"),
        (
            '{"features": [{"id": "Alder", "geometry": {"type": "Point", "coordinates": [1, 2]}}]}',
            "a Polygon or a MultiPolygon is expected",
        ),
        (
            '{"features": [{"id": "Alder", "geometry": {"type": "Polygon", "coordinates": [["a"]]}}]}',
            "rings of four or more points",
        ),
        ('{"features": [{"id": "Alder", "geometry": {"type": "Polygon"}}]}', "rings of four or more points"),
    ],
)
def test_what_is_no_map_of_the_districts_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "map.geojson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        read_outlines(path, {"alder": "Alder"})


def test_a_map_that_is_gone_is_refused_when_the_page_is_made(mapped: Forecast, tmp_path: Path) -> None:
    definition = json.loads(mapped.attrs["definition"])
    definition["geography"]["map"] = str(tmp_path / "gone.geojson")
    with pytest.raises(ConfigurationError, match=r"no such file: geography\.map names it"):
        page(mapped.with_attrs(definition=json.dumps(definition)))


def test_check_reads_the_map_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forecast_with_map(tmp_path, list(DISTRICTS)[:5])
    assert main(["check", str(tmp_path / "woods.toml")]) == 0
    assert "outlines of 5 of 6 districts; without one: Fir" in capsys.readouterr().out
    (tmp_path / "map.geojson").write_text("{}", encoding="utf-8")
    assert main(["check", str(tmp_path / "woods.toml")]) == 2
    assert "a FeatureCollection is expected" in capsys.readouterr().err
