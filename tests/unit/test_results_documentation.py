"""What docs/results.md and docs/json.md say is what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from forecast.result import Forecast
from forecast.tables import TABLES, table_of
from tests.forecasts import kazakhstan


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    return kazakhstan()


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "results.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> list[list[str]]:
    """Cells of the first table under a heading, without its head."""
    below = page.split(f"\n{heading}\n", 1)[1]
    lines = re.split(r"\n#", below)[0].splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in rows[2:]]


@pytest.mark.parametrize("name", list(TABLES))
def test_every_column_of_a_table_is_documented(name: str, page: str, forecast: Forecast) -> None:
    columns = [
        c for c in table_of(forecast, name).columns if not (name == "polls" and c.name[:6] == "share_")
    ]
    assert section(page, f"### `{name}`") == [[c.name, c.type, c.unit, c.meaning] for c in columns]


@pytest.mark.parametrize("heading", ["### Labels", "### Variables"])
def test_every_variable_is_documented(heading: str, page: str, forecast: Forecast) -> None:
    data = forecast.dataset
    there = [
        [str(name), ", ".join(map(str, variable.dims)) or "–", variable.attrs.get("units", ""),
         variable.attrs["long_name"]]
        for name, variable in data.variables.items()
        if (name in data.coords) == (heading == "### Labels")
    ]  # fmt: skip
    assert section(page, heading) == there


def test_every_attribute_is_documented(page: str, forecast: Forecast) -> None:
    documented = {name.strip("` ") for row in section(page, "### Attributes") for name in row[0].split(",")}
    assert documented == set(forecast.dataset.attrs)


def test_the_json_shown_has_the_keys_of_a_record(root: Path, forecast: Forecast) -> None:
    text = (root / "docs" / "json.md").read_text(encoding="utf-8")
    shown = json.loads(text.split("```json\n", 1)[1].split("```", 1)[0])
    record = forecast.record()
    assert list(shown) == list(record)
    osdp = next(party for party in record["parties"] if party["id"] == "osdp")
    assert list(shown["parties"][0]) == list(osdp)
    assert list(shown["parties"][0]["seats"]) == list(osdp["seats"])
    assert list(shown["coalitions"][0]) == list(record["coalitions"][0])
    assert list(shown["events"][0]) == list(record["events"][0])
    assert list(shown["track_record"]) == list(record["track_record"])
    assert set(shown["parties"][0]["share"]["quantiles"]) - {"..."} <= set(osdp["share"]["quantiles"])
