"""Charts of a sweep, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.charts import charts_of
from forecast.charts.explained import decomposition, indices, last_seat
from forecast.charts.rules import Variants, majority, passing, seats
from forecast.cli.main import main
from forecast.storage import load
from tests.swept import flat

CONFIGS = Path(__file__).parents[2] / "configs"


def values(chart: Any) -> list[dict[str, Any]]:
    """Rows of a chart's body."""
    body = chart.spec["vconcat"][0]
    return (body.get("data") or body["layer"][0]["data"])["values"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    config = str(CONFIGS / "kazakhstan-2023.toml")
    options = (
        "--threshold",
        "3%:8%:1%",
        "--method",
        "hare,dhondt",
        "--draws",
        "4000",
        "-q",
        "-o",
        str(folder),
    )
    assert main(["sweep", config, *options]) == 0
    return folder


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counted")
    config, votes = CONFIGS / "kazakhstan-2021.toml", CONFIGS / "kazakhstan-2021-result.csv"
    options = ("--threshold", "3%,5%,7%", "-q", "-o", str(folder))
    assert main(["sweep", str(config), "--votes", str(votes), *options]) == 0
    return folder


def test_every_chart_of_a_sweep_is_written(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["charts", str(drawn), "-f", "svg", "-f", "html"]) == 0
    files = [Path(line) for line in capsys.readouterr().out.split()]
    assert {file.stem for file in files} == set(charts_of(load(drawn)))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert file.suffix == ".html" or "http" not in text.replace("http://www.w3.org", "")
        assert len(text) > 4_000


def test_a_chart_that_a_sweep_cannot_show_is_named_and_left_out(
    counted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["charts", str(counted)]) == 0
    shown = capsys.readouterr()
    assert [Path(line).stem for line in shown.out.split()] == ["seats", "indices", "last-seat"]
    assert "no chart 'passing': the forecast does not hold what it shows" in shown.err


def test_a_chart_of_forecasts_alone_is_refused_by_name(
    counted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["charts", str(counted), "--chart", "hemicycle"]) == 2
    assert "no such chart" in capsys.readouterr().err


def test_stacked_seats_of_the_real_count_of_2021_are_the_published_counterfactuals(counted: Path) -> None:
    chart = seats(load(counted))
    assert chart is not None
    bands = values(chart)
    at = {
        level: [round(band["high"] - band["low"]) for band in bands if band["from"] <= level < band["to"]]
        for level in (0.03, 0.05, 0.07)
    }
    assert at == {0.03: [70, 11, 9, 5, 3], 0.05: [72, 11, 9, 6], 0.07: [76, 12, 10]}
    assert chart.spec["title"]["text"][0].startswith("Nur Otan: 70 seats at a threshold of 3")


def test_titles_state_what_the_numbers_bear_out(drawn: Path) -> None:
    variants = load(drawn)
    data = flat(variants)
    first = passing(variants)
    assert first is not None
    chance = float(data["pass_probability"].sel({"threshold": 0.05, "method": "hare", "party": "osdp"}))
    assert f"Social Democrats ({100 * chance:.0f}" in first.spec["title"]["text"][0]
    table = majority(variants)
    assert table is not None
    cells = values(table)
    assert len(cells) == 12
    means = data["coalition_seat_mean"].isel(coalition=0).values
    assert [cell["value"] for cell in cells] == pytest.approx(means.ravel().tolist())


def test_bars_of_the_tornado_are_standard_deviations_of_one_factor_alone(drawn: Path) -> None:
    variants = load(drawn)
    data = flat(variants)
    chart = decomposition(variants)
    assert chart is not None
    panels = chart.spec["vconcat"][0]["vconcat"]
    assert len(panels) == 4
    for panel in panels:
        bars = panel["data"]["values"]
        assert [bar["high"] for bar in bars] == sorted((bar["high"] for bar in bars), reverse=True)
        assert all(bar["low"] == -bar["high"] for bar in bars)
        # Squares of what each does alone, and together, sum to the variance.
        whole = sum(bar["high"] ** 2 for bar in bars)
        name = panel["title"]["text"].partition(":")[0]
        k = data["party_name"].values.tolist().index(name)
        assert whole == pytest.approx(float(data["decomposition/seat_variance"][k]), rel=0.06)
    (largest,) = [bar for bar in panels[0]["data"]["values"] if bar["factor"] == "threshold"]
    first = float(data["decomposition/seat_first_order"].sel(party="amanat", factor="threshold"))
    assert largest["share"] == pytest.approx(max(first, 0.0))
    title = " ".join(chart.spec["title"]["text"]).replace("\N{NO-BREAK SPACE}", " ")
    assert title.startswith("Of the spread in Amanat's seats, ")
    assert "is the " in title


def test_bands_of_real_votes_end_at_the_exact_flips(counted: Path) -> None:
    variants = load(counted)
    chart = seats(variants)
    assert chart is not None
    ends = {round(band["to"], 6) for band in values(chart) if band["party"] == "adal"}
    assert ends == {round(258_618 / 7_241_562, 6)}


def test_the_rule_of_the_law_is_framed_on_the_map(drawn: Path) -> None:
    chart = majority(load(drawn))
    assert chart is not None
    framed = [cell for cell in values(chart) if cell["base"]]
    assert [(cell["method"], cell["level"]) for cell in framed] == [("Hare quota", "5 %")]
    assert "Framed: the rule of the law." in " ".join(chart.spec["title"]["subtitle"])


def test_the_cost_of_a_threshold_is_that_of_the_sweep(drawn: Path, counted: Path) -> None:
    for folder in (drawn, counted):
        variants = load(folder)
        chart = indices(variants)
        assert chart is not None
        panels = chart.spec["vconcat"][0]["hconcat"]
        for panel, name in zip(panels, ("wasted", "gallagher"), strict=True):
            shown = [one["value"] for one in panel["layer"][0]["data"]["values"]]
            held = Variants(variants).along(f"rules/{name}", "threshold").tolist()
            assert shown == pytest.approx(held)


def test_pairs_between_which_the_last_seat_stands_are_those_of_the_sweep(drawn: Path) -> None:
    variants = load(drawn)
    chart = last_seat(variants)
    assert chart is not None
    shown = [bar["value"] for bar in values(chart)]
    held = np.sort(flat(variants)["last_seat/probability"].values.ravel())[::-1]
    held = held[np.isfinite(held)][: len(shown)]
    assert shown == pytest.approx(held.tolist())
    assert 2 <= len(shown) <= 8


def test_the_closest_seat_of_a_real_count_is_named_with_its_votes(counted: Path) -> None:
    variants = load(counted)
    chart = last_seat(variants)
    assert chart is not None
    bars = values(chart)
    votes = flat(variants)["last_seat/next_votes"].values
    assert [bar["value"] for bar in bars] == sorted(votes[np.isfinite(votes)].tolist())[: len(bars)]
    title = " ".join(chart.spec["title"]["text"]).replace("\N{NO-BREAK SPACE}", " ")
    assert title.startswith(f"The closest seat: {int(bars[0]['value']):,} votes more")
