"""What docs/results.md and docs/json.md say is what there is."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pytest

from forecast.election import load_election
from forecast.polls import polls_of
from forecast.result import Forecast
from forecast.simulation.forecasting import How
from forecast.simulation.side_by_side import simulate_over_time, simulate_scenarios
from forecast.sweeps.scenarios import load_scenarios
from forecast.tables import DISTRICT_TABLES, NIGHT_TABLES, table_of
from forecast.tables.across import difference_record
from tests.forecasts import CONFIG, kazakhstan, tables_of_kazakhstan
from tests.nights import of_a_night
from tests.results_page import of_table, with_reference


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


@pytest.mark.parametrize("name", [*tables_of_kazakhstan(), *DISTRICT_TABLES, *NIGHT_TABLES])
def test_every_column_of_a_table_is_documented(name: str, page: str) -> None:
    columns = [
        c for c in table_of(of_table(name), name).columns if not (name == "polls" and c.name[:6] == "share_")
    ]
    assert section(page, f"### `{name}`") == [[c.name, c.type, c.unit, c.meaning] for c in columns]


def test_the_reference_of_variables_is_that_of_the_registry(page: str) -> None:
    assert with_reference(page) == page, "run `python -m tests.results_page`"


def test_every_variable_of_a_forecast_is_in_the_reference(page: str, forecast: Forecast) -> None:
    for group, data in (*forecast.groups.items(), *of_a_night().groups.items()):
        for name in data.data_vars:
            if not str(name).endswith("_mc_error") and name != "mc_error":
                assert f"| `{group}/{name}` |".replace("`/", "`") in page


def test_every_attribute_is_documented(page: str, forecast: Forecast) -> None:
    documented = {name.strip("` ") for row in section(page, "### Attributes") for name in row[0].split(",")}
    assert documented - {"leading"} == set(forecast.attrs)


def test_the_json_shown_has_the_keys_of_a_record(root: Path, forecast: Forecast) -> None:
    text = (root / "docs" / "json.md").read_text(encoding="utf-8")
    shown = json.loads(text.split("```json\n", 1)[1].split("```", 1)[0])
    record = forecast.record()
    assert list(shown) == list(record)
    osdp = next(party for party in record["parties"] if party["id"] == "osdp")
    told = [key for key in shown["parties"][0] if key != "..."]
    assert told == [key for key in osdp if key in told]
    assert list(shown["parties"][0]["seats"]) == list(osdp["seats"])
    assert list(shown["coalitions"][0]) == list(record["coalitions"][0])
    assert list(shown["events"][0]) == list(record["events"][0])
    assert list(shown["track_record"]) == list(record["track_record"])
    assert set(shown["parties"][0]["share"]["quantiles"]) - {"..."} <= set(osdp["share"]["quantiles"])


def test_the_json_shown_of_series_and_differences_has_their_keys(root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "json.md").read_text(encoding="utf-8")
    days, scenarios, differences = (
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.S)[1:4]
    )
    election = load_election(CONFIG)
    how = How.of(election, 512, None, None)
    both = [datetime.date(2023, 3, 5), datetime.date(2023, 3, 19)]
    over_time = simulate_over_time(election, polls_of(election), both, how).record()
    assert list(days) == list(over_time)
    assert list(days["as_of"][0]) == list(over_time["as_of"][0])
    file = tmp_path / "cases.toml"
    file.write_text('[[scenarios]]\nid = "a"\nweight = 1\n', encoding="utf-8")
    weighed = simulate_scenarios(election, load_scenarios(file, election, CONFIG, ()), how).record()
    assert list(scenarios) == list(weighed)
    assert list(scenarios["scenarios"][0]) == list(weighed["scenarios"][0])
    found = difference_record(kazakhstan(), kazakhstan(2_000, None, "estimate.shift.osdp=+1%"))
    assert list(differences) == list(found)
    osdp = next(party for party in found["parties"] if party["id"] == "osdp")
    assert {key: list(part) for key, part in osdp.items() if key != "id"} == {
        key: list(part) for key, part in differences["parties"][0].items() if key != "id"
    }
    for part in ("coalitions", "events", "differs"):
        assert list(differences[part][0]) == list(found[part][0])
