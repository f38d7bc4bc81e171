"""Charts: they say what the tables say, hold at 5 and at 25 parties, and can be read without colour."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from forecast.charts import Chart, chart_of, charts_of
from forecast.charts.drawing import on_white
from forecast.charts.outcomes import seats_of_hemicycle
from forecast.result import Forecast
from forecast.words import headlines
from forecast.words.facts import Facts
from tests.forecasts import kazakhstan
from tests.made import ODD_NAMES, made_forecast
from tests.swept import flat


@pytest.fixture(scope="module", params=[5, 25])
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return Facts(made_forecast(tmp_path_factory.mktemp("made"), request.param, odd=True))


@pytest.mark.parametrize(
    "name", ["entering", "shares", "seats", "coalitions", "parliament", "polls", "thresholds"]
)
def test_every_chart_is_a_whole_svg_with_title_caption_and_description(facts: Facts, name: str) -> None:
    svg = _drawn(name, facts).rendered("svg").decode()
    ElementTree.fromstring(svg)
    assert "seed" in svg
    assert "3)." in svg
    assert "aria-label" in svg
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", svg)


def test_the_record_of_past_elections_is_drawn_for_forecasts_like_those_alone(facts: Facts) -> None:
    assert chart_of(facts.forecast, "calibration").spec
    exit_polls = kazakhstan()  # no backtest holds any
    assert charts_of(exit_polls)["calibration"](exit_polls) is None


def test_bars_stand_at_the_probabilities_of_the_table(facts: Facts) -> None:
    chart = _drawn("entering", facts)
    shown = {row["party"]: row for row in _rows(chart.spec) if "chance" in row}
    for party, value in zip(
        facts.forecast.parties, facts.forecast.dataset["pass_probability"].values.tolist(), strict=True
    ):
        assert shown[party]["chance"] == value


def test_an_option_without_seats_is_shown_as_such(facts: Facts) -> None:
    svg = _drawn("entering", facts).rendered("svg").decode()
    assert "Against all" in svg
    assert "holds no seats" in svg


def test_every_party_is_named_in_the_charts_of_parties(facts: Facts) -> None:
    chart = _drawn("shares", facts)
    names = {row["name"] for row in _rows(chart.spec) if "name" in row}
    assert len(names) == len(facts.parties)
    assert ODD_NAMES[2] in names


def test_markup_in_names_is_text(facts: Facts) -> None:
    svg = _drawn("shares", facts).rendered("svg").decode()
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg


def test_what_xml_does_not_hold_is_written_out_and_ends_no_process(facts: Facts) -> None:
    chart = _drawn("entering", facts)
    picture = Chart({**chart.spec, "title": "a\x1b[2J\x00b"}).rendered("svg").decode()
    assert "a&lt;U+001B&gt;[2J&lt;U+0000&gt;b" in picture


def test_a_page_of_one_chart_asks_nothing_of_the_network(facts: Facts) -> None:
    html = _drawn("shares", facts).rendered("html").decode()
    assert not re.search(r"<script[^>]+src=|<link\b|@import", html)


@pytest.mark.parametrize("colour", ["#FFFFFF", "#F2E900", "#00AFCA", "#000000", "#8FC31F"])
def test_colours_are_darkened_to_a_contrast_of_three_with_white(colour: str) -> None:
    made = on_white(colour)
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(made[at : at + 2], 16) / 255 for at in (1, 3, 5))
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 2.95  # the digits of a colour round


@pytest.mark.parametrize("house", [1, 2, 7, 69, 120, 751])
def test_a_hemicycle_has_a_place_for_every_seat(house: int) -> None:
    places = seats_of_hemicycle(house)
    assert len(places) == house
    assert len({(round(x, 9), round(y, 9)) for x, y in places}) == house
    assert all(-1e-9 <= y <= 1.0 and -1.0 <= x <= 1.0 for x, y in places)


@pytest.mark.parametrize(
    ("chance", "error", "words"),
    [
        (0.64, 0.001, "64"),
        (0.9999, 0.0001, "more than 99"),
        (0.0001, 0.0001, "fewer than 1"),
        (1.0, 1e-6, "more than 99"),
    ],
)
def test_simulations_out_of_a_hundred_are_never_all_or_none(chance: float, error: float, words: str) -> None:
    assert headlines.of_hundred(chance, error) == words


def test_the_trend_is_drawn_as_it_is_stored_and_only_where_polls_are_apart(facts: Facts) -> None:
    data, drawn = flat(facts.forecast), _rows(_drawn("polls", facts).spec)
    band = [row for row in drawn if {"day", "low", "share", "high"} <= set(row)]
    days = data["day"].values.astype("datetime64[D]").astype(str).tolist()
    for party in [row["party"] for row in facts.parties if row["told"]][:24]:
        wanted = {
            (
                day,
                *(
                    float(data[f"trend/{part}"].sel(party=party)[k])
                    for part in ("share_low80", "share", "share_high80")
                ),
            )
            for k, day in enumerate(days)
        }
        shown = {(row["day"], row["low"], row["share"], row["high"]) for row in band} & wanted
        assert len(shown) >= 20
        assert days[-1] in {day for day, *_ in shown}
    assert "trend of the polls" in _drawn("polls", facts).rendered("svg").decode()
    one_day = Facts(kazakhstan())
    assert one_day.polls_together
    assert not one_day.trend_days
    assert not [row for row in _rows(_drawn("polls", one_day).spec) if "day" in row]


def test_without_polls_there_is_no_chart_of_polls(facts: Facts) -> None:
    bare = Forecast({name: data for name, data in facts.forecast.groups.items() if name != "polls"})
    assert charts_of(bare)["polls"](bare) is None
    assert chart_of(bare, "entering").spec


def _drawn(name: str, facts: Facts) -> Chart:
    return chart_of(facts.forecast, name)


def _rows(specification: dict[str, object]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []

    def walk(node: object) -> None:
        if isinstance(node, dict):
            values = node.get("values")
            if isinstance(values, list):
                found.extend(value for value in values if isinstance(value, dict))
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(json.loads(json.dumps(specification)))
    return found


def test_charts_of_the_command_line_are_files(tmp_path: Path) -> None:
    from forecast.cli.main import main
    from forecast.storage import save

    save(made_forecast(tmp_path / "made", 5), tmp_path / "forecast.nc")
    assert main(["charts", str(tmp_path), "--chart", "entering", "--format", "png", "--format", "svg"]) == 0
    assert (tmp_path / "charts" / "entering.png").read_bytes().startswith(b"\x89PNG")
    assert main(["charts", str(tmp_path), "--chart", "nothing"]) == 2
