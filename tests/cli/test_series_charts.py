"""Charts of a forecast over time, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.charts import charts_of
from forecast.charts.over_time import passing, seats
from forecast.cli.main import main
from forecast.result import Forecast
from forecast.storage import load

CONFIG = Path(__file__).parents[2] / "configs" / "kazakhstan-2023.toml"
Captured = pytest.CaptureFixture[str]


def panels(chart: Any) -> list[dict[str, Any]]:
    """Of every panel: its title, and the rows that it draws."""
    found = []
    for panel in chart.spec["vconcat"][0]["concat"]:
        data = [
            panel,
            *panel["layer"],
            *(inner for layer in panel["layer"] for inner in layer.get("layer", [])),
        ]
        values = next(one["data"]["values"] for one in data if "values" in one.get("data", {}))
        found.append({**panel["title"], "rows": values, "panel": panel})
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("days")
    days = ("--as-of", "2023-02-05:2023-03-19:21d", "--draws", "4096", "-q", "-o", str(made))
    assert main(["run", str(CONFIG), *days]) == 0
    return made


def test_every_chart_of_several_days_is_written(folder: Path, capsys: Captured) -> None:
    assert main(["charts", str(folder), "-f", "svg", "-f", "html"]) == 0
    files = [Path(line) for line in capsys.readouterr().out.split()]
    assert {file.stem for file in files} == set(charts_of(load(folder)))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert file.suffix == ".html" or "http" not in text.replace("http://www.w3.org", "")
        assert len(text) > 4_000
    assert main(["charts", str(folder), "--chart", "hemicycle"]) == 2
    assert "no such chart" in capsys.readouterr().err


def test_a_panel_shows_the_chances_of_its_party_between_lines_at_0_50_and_100(folder: Path) -> None:
    series = load(folder)
    chart = passing(series)
    assert chart is not None
    found = {panel["text"]: panel for panel in panels(chart)}
    assert next(iter(found)) == "Amanat"
    assert "Against all" not in found
    drawn = found["Social Democrats"]
    wanted = series.dataset["pass_probability"].sel(party="osdp").values
    assert [row["chance"] for row in drawn["rows"]] == wanted.tolist()
    assert [row["day"] for row in drawn["rows"]] == series.ticks["as_of"]
    assert '"values": [0, 0.5, 1]' in str(drawn["panel"]).replace("'", '"')


def test_the_band_of_seats_is_the_80_percent_interval_about_the_median(folder: Path) -> None:
    series = load(folder)
    chart = seats(series)
    assert chart is not None
    drawn = next(panel for panel in panels(chart) if panel["text"] == "Auyl")
    data = series.dataset["seat_quantile"].sel(party="auyl")
    for name, wanted in (("low", 0.1), ("seats", 0.5), ("high", 0.9)):
        assert [row[name] for row in drawn["rows"]] == data.sel(quantile_level=wanted).values.tolist()


def test_titles_state_what_changed(folder: Path) -> None:
    series = load(folder)
    chances = series.dataset["pass_probability"].values
    most = int(np.nanargmax(np.abs(chances[-1] - chances[0])))
    name = str(series.dataset["party_name"].values[most])
    chart = passing(series)
    assert chart is not None
    title = " ".join(chart.spec["title"]["text"])
    verb = "up" if chances[-1, most] > chances[0, most] else "down"
    assert title.startswith(f"{name}: chance to enter {verb} from ")
    assert "on 5 February 2023" in title
    still = series.dataset.assign(
        pass_probability=series.dataset["pass_probability"].copy(data=chances[:1].repeat(3, 0))
    )
    unmoved = passing(Forecast({**series.groups, "": still}))
    assert unmoved is not None
    assert "the same on 19 March 2023" in " ".join(unmoved.spec["title"]["text"])
    of_seats = seats(series)
    assert of_seats is not None
    low, high = (
        int(series.dataset["seat_quantile"].sel(party="amanat", quantile_level=q)[-1]) for q in (0.1, 0.9)
    )
    assert " ".join(of_seats.spec["title"]["text"]).startswith(f"Amanat: {low}–{high} seats in four of five")


def test_scenarios_have_no_course_of_time_and_a_single_day_shows_none(
    tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "one.toml"
    file.write_text('[[scenarios]]\nid = "a"\nweight = 1\n')
    run = ["run", str(CONFIG), "--draws", "512", "-q", "-o", str(tmp_path / "out")]
    assert main([*run, "--scenarios", str(file)]) == 0
    assert main(["charts", str(tmp_path / "out"), "--chart", "passing"]) == 2
    assert "no such chart" in capsys.readouterr().err
    assert main([*run, "--as-of", "2022-12-31", "--as-of", "2023-03-19"]) == 0
    capsys.readouterr()
    assert main(["charts", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "no chart 'passing': the forecast does not hold what it shows" in shown.err
